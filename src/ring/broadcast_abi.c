/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The inline calls of <maar/broadcast.h> as exported functions: the same text, compiled once with MAAR_INLINE emptied.
 */
#define MAAR_INLINE __attribute__((visibility("default")))
#include <maar/broadcast.h>
