/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The inline calls of <maar/mring.h> as exported functions.
 */
#define MAAR_INLINE __attribute__((visibility("default")))
#include <maar/mring.h>
