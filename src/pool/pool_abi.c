/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The inline calls of <maar/pool.h> as exported functions. The mring's, which it includes, stay static here: they are
 * exported by mring_abi.c.
 */
#include <maar/mring.h>
#include <maar/ring.h>
#undef MAAR_INLINE
#define MAAR_INLINE __attribute__((visibility("default")))
#include <maar/pool.h>
