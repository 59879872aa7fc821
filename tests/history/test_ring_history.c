/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Rings and the other kinds under the history checker: that there is an order of all calls in which a queue of that
 * capacity would have given the same answers, "full" and "empty" among them. Built twice, the second time with random
 * delays at every atomic access.
 */
#include "../unit/common.h"
#include "clock.h"
#include "run.h"

#include <inttypes.h>

/* Operations of each mode, unless MAAR_HISTORY_OPS says how many; a sixth to a third where accesses are watched or delayed. */
#define OPERATIONS 500000
#define LEAST	   20000
/* The other kinds are many: fewer in make check; and a fifth with delays, if somebody says how many. */
#define OPERATIONS_OF_KINDS 100000
#ifdef STRESS_FUZZ
#define KINDS_SHARE 5
#else
#define KINDS_SHARE 1
#endif

static uint64_t skew;

static uint64_t asked(uint64_t unless, unsigned share)
{
	const char *given = getenv("MAAR_HISTORY_OPS");
	const uint64_t operations = given ? strtoull(given, NULL, 10) / share : 0;

	return stress_scaled(operations ? operations : unless, LEAST);
}

static void judge(const struct history_queue *queue, int number, uint64_t operations)
{
	struct verdict v = { .lock = PTHREAD_MUTEX_INITIALIZER };
	struct unit_rng rng = unit_rng((uint64_t)number);
	struct history_sum sum = { 0 };

	history_run_all(queue, operations, skew, unit_random(&rng), &v, &sum);
	ck_assert_msg(!v.failed, "%s", v.text);
	unit_must(sum.puts == sum.takes || queue->watches);
	unit_note("%s: %" PRIu64 " operations in %u histories (%" PRIu64 " full, %" PRIu64 " empty, %" PRIu64
		  " more not logged), checked at %.1f million/s",
		  queue->name, history_sum_operations(&sum), sum.cases, sum.fulls, sum.empties, sum.unlogged,
		  (double)history_sum_operations(&sum) / sum.checking * 1e-6);
}

START_TEST(has_an_order)
{
	judge(&history_rings[_i], _i, asked(OPERATIONS, 1));
}
END_TEST

START_TEST(kind_has_an_order)
{
	judge(&history_kinds[_i], 100 + _i, asked(OPERATIONS_OF_KINDS, KINDS_SHARE));
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("ring histories");
	TCase *tcase = unit_tcase(suite, "ring histories");
	const double patience = (double)asked(OPERATIONS, 1) / OPERATIONS;

	skew = history_clock_choose();
	unit_note("stamps: %s; cores differ by %" PRIu64, history_clock_name(), skew);
	tcase_set_timeout(tcase, UNIT_TIMEOUT * (patience > 1 ? patience : 1));
	tcase_add_loop_test(tcase, has_an_order, 0, (int)history_ring_count);
	tcase = unit_tcase(suite, "kinds");
	tcase_set_timeout(tcase, UNIT_TIMEOUT * (patience > 1 ? patience : 1));
	tcase_add_loop_test(tcase, kind_has_an_order, 0, (int)history_kind_count);
	return suite;
}
