/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The inline calls of <maar/arena.h> as exported functions.
 */
#define MAAR_INLINE __attribute__((visibility("default")))
#include <maar/arena.h>
