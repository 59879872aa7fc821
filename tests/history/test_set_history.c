/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Mrings and pools under the history checker, as sets: a slot is never in two hands, none is lost, and a get that says
 * "none" is right as the header says. With threads that come and go, rob each other's lanes, growth and shrinking; and
 * sets that lie now and then, which must be caught. Built twice, the second time with random delays at every atomic access.
 */
#include "../unit/common.h"
#include "clock.h"
#include "set.h"

#include <inttypes.h>
#include <unistd.h>

/* Operations of each kind, unless MAAR_HISTORY_OPS says how many; fewer where accesses are watched or delayed. */
#define OPERATIONS 60000
#define LEAST	   10000

static uint64_t skew;

static uint64_t asked(void)
{
	const char *given = getenv("MAAR_HISTORY_OPS");
	const uint64_t operations = given ? strtoull(given, NULL, 10) : 0;

	return stress_scaled(operations ? operations : OPERATIONS, LEAST);
}

static const struct history_set sets[] = {
	{ .name = "mring" },
	{ .name = "mring, lanes of 2", .lane_slots = 2 },
	{ .name = "mring without lanes", .no_lanes = 1 },
	{ .name = "mring that grows and shrinks", .shrinks = true },
	{ .name = "mring that grows and shrinks, lanes of 8", .shrinks = true, .lane_slots = 8 },
	{ .name = "mring, checked", .track = MAAR_TRACK_CHECKED },
	{ .name = "pool", .pool = true },
	{ .name = "pool, lanes of 2", .pool = true, .lane_slots = 2 },
};

START_TEST(is_a_set)
{
	struct verdict v = { .lock = PTHREAD_MUTEX_INITIALIZER };
	struct unit_rng rng = unit_rng((uint64_t)_i);
	struct history_sum sum = { 0 };
	uint64_t excused;

	history_set_run_all(&sets[_i], asked(), skew, unit_random(&rng), &v, &sum, &excused);
	ck_assert_msg(!v.failed, "%s", v.text);
	unit_must(sum.puts == sum.takes && sum.empties >= sum.cases);
	unit_note("%s: %" PRIu64 " operations in %u histories, %" PRIu64 " times none, %" PRIu64
		  " of them beside a call that may have hidden what was there; checked in %.2f s",
		  sets[_i].name, history_sum_operations(&sum), sum.cases, sum.empties, excused, sum.checking);
}
END_TEST

/* ---- liars ---- */

#define CALLS_BETWEEN 1000 /* of a thread, from a lie to its next */
#define RUNS_OF_LIARS 50   /* at most */

/* The caller of a run, who gets what is left, hears the truth: or else less would be left than there is. */
static bool turn(void)
{
	static __thread unsigned calls;

	return gettid() != getpid() && ++calls % CALLS_BETWEEN == 0;
}

/* A slot that some thread holds, or held a moment ago. */
static void *another;

static void *get_again(void *from)
{
	void *slot = turn() ? __atomic_load_n(&another, __ATOMIC_RELAXED) : NULL;

	if (!slot)
		slot = mring_calls.get(from);
	__atomic_store_n(&another, slot, __ATOMIC_RELAXED);
	return slot;
}

static void *get_none(void *from)
{
	return turn() ? NULL : mring_calls.get(from);
}

static size_t get_none_of_many(void *from, void **slots, size_t n)
{
	static __thread unsigned calls;

	return ++calls % (CALLS_BETWEEN / 10) == 0 ? 0 : mring_calls.get_bulk(from, slots, n);
}

static int put_nowhere(void *from, void *slot)
{
	return turn() ? 0 : mring_calls.put(from, slot);
}

static const struct liar {
	const char *name;
	enum history_fault fault, also;
	void *(*get)(void *from);
	size_t (*get_bulk)(void *from, void **slots, size_t n);
	int (*put)(void *from, void *slot);
} liars[] = {
	/* Twice; or, where its other holder is about to put it, before that. */
	{ "a slot handed out twice", .fault = HISTORY_REPEAT, .also = HISTORY_FRESH, .get = get_again },
	{ "\"none\" where there is one", .fault = HISTORY_FALSE_EMPTY, .get = get_none },
	{ "\"none\" where there are as many", .fault = HISTORY_FALSE_EMPTY, .get_bulk = get_none_of_many },
	{ "a slot that does not come back", .fault = HISTORY_LOST, .put = put_nowhere },
};

START_TEST(lie_is_caught)
{
	const struct liar *liar = &liars[_i];
	struct slot_calls calls = mring_calls;
	const struct history_set set = { .name = liar->name, .calls = &calls };
	struct verdict v = { .lock = PTHREAD_MUTEX_INITIALIZER };
	struct unit_rng rng = unit_rng(100 + (uint64_t)_i);
	struct history_sum sum = { 0 };
	struct history_report report;
	unsigned tries;
	/* Many more slots than are ever out: nobody waits for one, and what is lied about is there. */
	struct history_set_case c = { &set, 5000, 4, 2, stress_scaled(5000, 3000), unit_random(&rng) };

	calls.get = liar->get ? liar->get : calls.get;
	calls.get_bulk = liar->get_bulk ? liar->get_bulk : calls.get_bulk;
	calls.put = liar->put ? liar->put : calls.put;
	/* A run in which each lie of "none" was told beside a call that excuses it proves nothing: again. */
	for (tries = 0; tries < RUNS_OF_LIARS; tries++) {
		history_set_run(&c, skew, history_set_patience(), &v, &report, &sum);
		if (v.failed || report.fault != HISTORY_FINE)
			break;
		c.seed = unit_random(&rng);
	}
	/* What was put twice, or stays away, may be seen by the set before the history ends. */
	ck_assert_msg(!v.failed, "%s: %s", liar->name, v.text);
	ck_assert_msg(report.fault != HISTORY_FINE && (report.fault == liar->fault || report.fault == liar->also),
		      "%s: found \"%s\" instead of \"%s\": %s", liar->name, history_fault_name(report.fault),
		      history_fault_name(liar->fault), report.text);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("set histories");
	TCase *tcase = unit_tcase(suite, "sets");
	const double patience = (double)asked() / OPERATIONS;

	skew = history_clock_choose();
	tcase_set_timeout(tcase, UNIT_TIMEOUT * (patience > 1 ? patience : 1));
	tcase_add_loop_test(tcase, is_a_set, 0, (int)COUNT_OF(sets));
#ifndef MAAR_DEBUG /* which stops a liar */
	tcase_add_loop_test(unit_tcase(suite, "liars"), lie_is_caught, 0, (int)COUNT_OF(liars));
#endif
	return suite;
}
