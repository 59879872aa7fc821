/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The inline calls of <maar/pool.h> and <maar/chain.h> as exported functions. The mring's, which they include, stay
 * static here: they are exported by mring_abi.c.
 */
#include <maar/mring.h>
#include <maar/ring.h>
#undef MAAR_INLINE
#define MAAR_INLINE __attribute__((visibility("default")))
#include <maar/chain.h>
