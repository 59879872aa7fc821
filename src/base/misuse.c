/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Where a debug build stops a program that misuses the library, naming the call and the reason.
 */
#include "base.h"

#include <stdio.h>
#include <stdlib.h>

void maar__debug_fail(const char *call, const char *what)
{
	fprintf(stderr, "maar: misuse: %s: %s\n", call, what);
	abort();
}
