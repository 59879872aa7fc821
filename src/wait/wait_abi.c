/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The inline calls of <maar/event.h> and <maar/wait.h> as exported functions. The ring's stay as they are.
 */
#include <maar/ring.h>
#undef MAAR_INLINE
#define MAAR_INLINE __attribute__((visibility("default")))
#include <maar/wait.h>
