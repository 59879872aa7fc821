/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The inline calls of <maar/queue.h> as exported functions. The mring's, which it includes, stay static here: they are
 * exported by mring_abi.c.
 */
#include <maar/mring.h>
#undef MAAR_INLINE
#define MAAR_INLINE __attribute__((visibility("default")))
#include <maar/queue.h>
