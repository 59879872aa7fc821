/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The calls once more, with a hook at every atomic access.
 */
#include "point.h"

#define KILL_CALLS kill_calls_hooked
#include "calls.c"
