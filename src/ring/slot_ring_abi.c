/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The inline calls of <maar/slot_ring.h> as exported functions: the same text, compiled once with MAAR_INLINE emptied.
 */
#include <maar/ring.h>
#undef MAAR_INLINE
#define MAAR_INLINE __attribute__((visibility("default")))
#include <maar/slot_ring.h>
