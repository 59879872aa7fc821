/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Fault points: only in the library that the tests link (MAAR_FAULTS); tests/unit/faults.h runs a scenario with the
 * k-th of them failing, for k = 1, 2, ... until none is left to fail.
 */
#include "base.h"

#ifdef MAAR_FAULTS

static uint64_t fail_at;
static uint64_t passed;

bool maar__fault(enum maar__fault kind)
{
	(void)kind;
	return maar_a_add(&passed, 1, RELAXED) + 1 == maar_a_load(&fail_at, RELAXED);
}

void maar__fault_arm(uint64_t k)
{
	maar_a_store(&passed, 0, RELAXED);
	maar_a_store(&fail_at, k, RELAXED);
}

uint64_t maar__fault_passed(void)
{
	return maar_a_load(&passed, RELAXED);
}

#else

typedef int maar__fault_has_nothing_here; /* ISO C forbids an empty file */

#endif
