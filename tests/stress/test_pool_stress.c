/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Mrings and pools under stress: threads that come and go take, share, pass on and give back; at the end every slot is
 * there, once. Then all at once on mrings: growth, shrinking, births, deaths and robbery, so many of each. Built twice, the second time with random delays at every atomic access.
 */
#include "../unit/common.h"
#include "slots_run.h"

#include <inttypes.h>

/* Moves (a get and its fate, or a receive) of mrings and of pools each, in a native build. */
#define MOVES 3000000
#define LEAST 100000

/* Gets and puts, and births (each with a death), of the test in which all goes on at once; ten times as many in check-proof. */
#define TOGETHER 5000000
#define BIRTHS	 1000

static const struct slots_case together[] = {
	{ .slots = 130, .lane_slots = 16 },
	{ .slots = 1000, .lane_slots = 2 },
	{ .slots = 1000 },
	{ .slots = 5000, .lane_slots = 40 },
};

START_TEST(all_at_once)
{
	const uint64_t moves = stress_scaled(TOGETHER, LEAST), births = stress_scaled(BIRTHS, 10 * STRESS_SIDE);
	struct verdict v = { .lock = PTHREAD_MUTEX_INITIALIZER };
	struct unit_rng rng = unit_rng(2);
	uint64_t got = 0, born = 0;
	unsigned i;

	for (i = 0; (2 * got < moves || born < births || i < COUNT_OF(together)) && !v.failed; i++) {
		struct slots_case c = together[i % COUNT_OF(together)];

		c.calls = &mring_calls;
		c.shrinks = true;
		c.threads = STRESS_SIDE;
		c.generations = (unsigned)(births / STRESS_SIDE / COUNT_OF(together)) + 1;
		c.moves = moves / 2 / COUNT_OF(together) / (c.generations * STRESS_SIDE) + 1;
		c.seed = unit_random(&rng);
		got += slots_run_mring(&c, &v);
		born += (uint64_t)c.generations * STRESS_SIDE;
	}
	ck_assert_msg(!v.failed, "%s", v.text);
	unit_note("%" PRIu64 " gets, as many puts, %" PRIu64 " births and deaths, %" PRIu64 " slabs grown, %" PRIu64
		  " given back, %" PRIu64 " slots robbed at least: every slot is back",
		  got, born, slots_seen.grown, slots_seen.shrunk, slots_seen.robbed);
	unit_must(slots_seen.grown && slots_seen.shrunk);
}
END_TEST

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
	tcase = unit_tcase(suite, "all at once");
	tcase_set_timeout(tcase, UNIT_TIMEOUT * stress_patience());
	tcase_add_test(tcase, all_at_once);
	return suite;
}
