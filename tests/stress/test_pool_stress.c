/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Mrings and pools under stress: threads that come and go take, share, pass on and give back; at the end every slot is
 * there, once. Built twice, the second time with random delays at every atomic access.
 */
#include "../unit/common.h"
#include "slots_run.h"

#include <inttypes.h>

/* Moves (a get and its fate, or a receive) of mrings and of pools each, in a native build. */
#define MOVES 12000000
#define LEAST 100000

START_TEST(nothing_is_lost)
{
	const bool pool = _i == 1;
	struct verdict v = { .lock = PTHREAD_MUTEX_INITIALIZER };
	struct unit_rng rng = unit_rng((uint64_t)_i);
	unsigned cases;
	const uint64_t got = slots_run_all(pool, stress_scaled(MOVES, LEAST), unit_random(&rng), &v, &cases);

	ck_assert_msg(!v.failed, "%s", v.text);
	unit_note("%s: %" PRIu64 " slots got in %u cases, and every one is back", pool ? "pools" : "mrings", got,
		  cases);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("pool stress");
	TCase *tcase = unit_tcase(suite, "pool stress");

	tcase_set_timeout(tcase, UNIT_TIMEOUT * stress_patience());
	tcase_add_loop_test(tcase, nothing_is_lost, 0, 2);
	return suite;
}
