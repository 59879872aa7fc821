/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * A thread stopped at every atomic access of a call on an mring, a pool, a channel or a queue stalls nobody who does not need what it
 * has, and nothing is lost by it. With MAAR_STALL_MS it also measures: 8 threads, one of them stopped for so long at each
 * point of get and put, and what the others do in that time to what they do with it asleep outside; at least
 * MAAR_STALL_PERCENT (0: only told) of it in each case.
 */
#include "../unit/common.h"
#include "stall.h"

#include <sched.h>

/* In make check; MAAR_KILL_ALL=1: of more others, more operations, and every point of every call. */
#define OTHERS	   2
#define OPERATIONS 30
#define DENSE	   40

static bool all(void)
{
	const char *given = getenv("MAAR_KILL_ALL");

	return given && *given == '1';
}

static void sweep(const struct stall_case *c)
{
	struct stall_found found;

	if (all())
		stall_sweep(c, 3, 1000, 0, 100000, &found);
	else
		stall_sweep(c, OTHERS, OPERATIONS, 0, DENSE, &found);
	unit_note("%s: stopped at %u of %u points, and the others went on", c->name, found.stops, found.points);
}

START_TEST(slots)
{
	sweep(&stall_slot_cases[_i]);
}
END_TEST

START_TEST(channels)
{
	sweep(&stall_channel_cases[_i]);
}
END_TEST

START_TEST(queues)
{
	sweep(&stall_queue_cases[_i]);
}
END_TEST

/* ---- the measure ---- */

static long number(const char *name)
{
	const char *given = getenv(name);

	return given ? strtol(given, NULL, 0) : 0;
}

START_TEST(measured)
{
	const struct stall_case *c = &stall_slot_cases[_i];
	struct stall_found found;

	stall_sweep(c, STALL_MOST_OTHERS, 0, number("MAAR_STALL_MS") * 1000000, 8, &found);
	unit_note(
		"%s: with one thread of 8 stopped, the others do %.0f %% on the mean over %u of %u points, %.0f %% at "
		"point %u",
		c->name, 100 * found.ratio, found.stops, found.points, 100 * found.least, found.worst);
	ck_assert_msg(100 * found.ratio >= (double)number("MAAR_STALL_PERCENT"), "%s: the others do %.0f %%", c->name,
		      100 * found.ratio);
}
END_TEST

/* ---- a control: a lock that a get goes through ---- */

/* Whose it is: one of the others may lose its processor with the lock in hand, which stops the rest just as long. */
enum { LOCK_FREE, LOCK_OF_OTHER, LOCK_OF_VICTIM };

static unsigned lock, stopped_in_lock;

static void *lock_make(const struct stall_case *c, unsigned others)
{
	(void)c;
	(void)others;
	lock = LOCK_FREE;
	stopped_in_lock = 0;
	return &lock;
}

static void lock_nothing(void *world, unsigned id)
{
	(void)world;
	(void)id;
}

/* What a get would do that takes a lock; the victim's is seen, and the work goes on for the test to end. */
static bool lock_work(void *world, unsigned id)
{
	unsigned *l = world, holder = LOCK_FREE;

	(void)id;
	for (; !__atomic_compare_exchange_n(l, &holder, LOCK_OF_OTHER, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
	     holder = LOCK_FREE) {
		if (holder == LOCK_OF_VICTIM) {
			__atomic_store_n(&stopped_in_lock, 1, __ATOMIC_RELAXED);
			return true;
		}
		sched_yield();
	}
	__atomic_store_n(l, LOCK_FREE, __ATOMIC_RELEASE);
	return true;
}

static void lock_ready(void *world)
{
	(void)world;
}

static void lock_call(void *world)
{
	maar__fuzz_point();
	__atomic_store_n((unsigned *)world, LOCK_OF_VICTIM, __ATOMIC_RELEASE); /* the others wait: nobody has it */
	maar__fuzz_point();
	__atomic_store_n((unsigned *)world, LOCK_FREE, __ATOMIC_RELEASE);
}

static unsigned locked_points;

static void lock_end(void *world)
{
	(void)world;
	locked_points += stopped_in_lock;
}

START_TEST(a_lock_is_noticed)
{
	const struct stall_case c = { .name = "a lock",
				      .make = lock_make,
				      .settle = lock_nothing,
				      .work = lock_work,
				      .leave = lock_nothing,
				      .ready = lock_ready,
				      .call = lock_call,
				      .after = lock_ready,
				      .end = lock_end };
	struct stall_found found;

	stall_sweep(&c, OTHERS, 2, 0, DENSE, &found);
	unit_eq(found.points, 2);
	unit_eq(found.stops, 2);
	unit_eq(locked_points, 1); /* the second of them */
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("stall");
	TCase *tcase = unit_tcase(suite, "stall");

	if (getenv("MAAR_STALL_MS")) {
		tcase_set_timeout(tcase, 10 * UNIT_TIMEOUT);
		tcase_add_loop_test(tcase, measured, 0, (int)stall_slot_count);
		return suite;
	}
	tcase_add_test(tcase, a_lock_is_noticed);
	tcase_add_loop_test(tcase, slots, 0, (int)stall_slot_count);
	tcase = unit_tcase(suite, "channels");
	tcase_add_loop_test(tcase, channels, 0, (int)stall_channel_count);
	tcase = unit_tcase(suite, "queues");
	tcase_add_loop_test(tcase, queues, 0, (int)stall_queue_count);
	return suite;
}
