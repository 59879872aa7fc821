/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The event count of <maar/event.h>, as one thread sees it: every call and answer, what enters the system and what does
 * not, time. Waiters in numbers: test_event_waiters.c; the descriptor: test_event_fd.c; through a ring: test_wait.c.
 */
#include "events.h"

#include "../../src/wait/wait_priv.h"

#include <limits.h>

/* ---- life ---- */

START_TEST(init)
{
	static struct maar_event e;
	char *inside = (char *)&e;

	unit_eq(maar_event_init(NULL, 0), -EINVAL);
	unit_eq(maar_event_init((struct maar_event *)(void *)(inside + 64), 0), -EINVAL);
	unit_eq(maar_event_init(&e, 4), -EINVAL);
	unit_eq(maar_event_init_layout(&e, 0, MAAR_EVENT_LAYOUT + 1), -EPROTO);
	memset(&e, 0xa5, sizeof(e));
	unit_eq(maar_event_init(&e, MAAR_EVENT_SHARED | MAAR_EVENT_NO_SPIN), 0);
	unit_eq(e.word, 0);
	unit_eq(maar_event_closed(&e), 0);
	maar_event_destroy(&e);
	maar_event_destroy(NULL);
}
END_TEST

/* ---- the steps ---- */

START_TEST(steps)
{
	static struct maar_event e; /* zero bytes are an event */
	uint64_t key;

	key = maar_event_prepare(&e);
	unit_eq(asleep_on(&e), 1);
	maar_event_cancel(&e, key);
	unit_eq(asleep_on(&e), 0);

	/* A notify in between: wait returns at once. */
	key = maar_event_prepare(&e);
	maar_event_notify_one(&e);
	unit_eq(maar_event_wait(&e, key, MAAR_FOREVER), 0);
	unit_eq(asleep_on(&e), 0);

	/* None: time runs out, also when it was out before. */
	key = maar_event_prepare(&e);
	unit_eq(maar_event_wait(&e, key, maar_event_deadline(MS)), -ETIMEDOUT);
	key = maar_event_prepare(&e);
	unit_eq(maar_event_wait(&e, key, 0), -ETIMEDOUT);
	unit_eq(asleep_on(&e), 0);

	/* Closed before, closed in between. */
	key = maar_event_prepare(&e);
	maar_event_close(&e);
	maar_event_close(&e);
	unit_eq(maar_event_closed(&e), 1);
	unit_eq(maar_event_wait(&e, key, MAAR_FOREVER), 0);
	key = maar_event_prepare(&e);
	unit_eq(maar_event_wait(&e, key, MAAR_FOREVER), -EPIPE);
	unit_eq(asleep_on(&e), 0);
}
END_TEST

START_TEST(deadlines)
{
	const int64_t now = maar__now();

	unit_eq(maar_event_deadline(-1), MAAR_FOREVER);
	unit_eq(maar_event_deadline(INT64_MIN), MAAR_FOREVER);
	unit_eq(maar_event_deadline(INT64_MAX), INT64_MAX);
	unit_must(maar_event_deadline(0) >= now);
	unit_must(maar_event_deadline(MS) >= now + MS);
}
END_TEST

/* A NULL event: nothing to wait for, nothing to do. (A debug build stops the program.) */
START_TEST(null)
{
	struct maar_waiting waiting;

	maar_event_notify_one(NULL);
	maar_event_notify_many(NULL, 2);
	maar_event_notify_all(NULL);
	maar_event_close(NULL);
	maar_event_fire(NULL);
	maar_event_disarm(NULL);
	maar_event_cancel(NULL, 0);
	unit_eq(maar_event_closed(NULL), 1);
	unit_eq(maar_event_prepare(NULL), 0);
	unit_eq(maar_event_wait(NULL, 0, MAAR_FOREVER), -EINVAL);
	unit_eq(maar_event_fd(NULL), -EINVAL);
	unit_eq(maar_event_arm(NULL), -EINVAL);
	unit_eq(maar_event_until(NULL, MAAR_FOREVER, 0), -EINVAL);
	unit_eq(maar_waiting_begin(&waiting, NULL, 0), -EINVAL);
	maar_waiting_end(&waiting);
}
END_TEST

/* ---- what enters the system ---- */

START_TEST(no_call_for_nobody)
{
	static struct maar_event e;
	const uint64_t calls = maar__sleep_calls();
	unsigned i;

	for (i = 0; i < 1000; i++) {
		maar_event_notify_one(&e);
		maar_event_notify_many(&e, 5);
		maar_event_notify_many(&e, 0);
		maar_event_notify_all(&e);
		maar_event_cancel(&e, maar_event_prepare(&e));
		unit_eq(maar_event_until(&e, MAAR_FOREVER, i < 2000), 0);
		unit_eq(maar_event_until(&e, 0, i > 2000), -ETIMEDOUT);
	}
	maar_event_close(&e);
	unit_eq(maar__sleep_calls(), calls);
	unit_eq(epoch_of(&e), 1); /* of close */
}
END_TEST

/* Waiters that leave after a notify has taken another's count: each leaves one behind, and a single call clears them. */
START_TEST(counts_left_behind)
{
	static struct maar_event e;
	uint64_t keys[64], calls;
	unsigned i, round;

	for (round = 0; round < 1000; round++) {
		for (i = 0; i < COUNT_OF(keys); i++)
			keys[i] = maar_event_prepare(&e);
		calls = maar__sleep_calls();
		maar_event_notify_one(&e);
		unit_eq(maar__sleep_calls(), calls + 1);
		for (i = 0; i < COUNT_OF(keys); i++)
			maar_event_cancel(&e, keys[i]);
		for (i = 0; i < 100; i++)
			maar_event_notify_one(&e);
		unit_must(maar__sleep_calls() <= calls + 2);
		unit_eq(asleep_on(&e), 0);
	}
}
END_TEST

/* The number of waiters at the edge of its field, and the epoch at the edge of its. */
START_TEST(wraps)
{
	static struct maar_event e;
	unsigned i;

	e.word = 0x3fffff00;
	maar_event_notify_one(&e); /* so many that all are taken */
	unit_eq(asleep_on(&e), 0);
	e.word = UINT64_MAX << 32;
	for (i = 0; i < 3; i++) {
		const uint64_t key = maar_event_prepare(&e);

		maar_event_notify_one(&e);
		unit_eq(epoch_of(&e), i);
		unit_eq(maar_event_wait(&e, key, MAAR_FOREVER), 0);
	}
}
END_TEST

/* ---- time ---- */

START_TEST(timeouts)
{
	static const int64_t times[] = { 1, 99, 100, 5000, 50000, MS, 20 * MS };
	static struct maar_event spins, sleeps;
	unsigned i, looks;

	unit_eq(maar_event_init(&sleeps, MAAR_EVENT_NO_SPIN), 0);
	for (i = 0; i < COUNT_OF(times) * 2; i++) {
		struct maar_event *e = i % 2 ? &sleeps : &spins;
		const int64_t begin = maar__now();

		looks = 0;
		unit_eq(maar_event_until(e, times[i / 2], (looks++, false)), -ETIMEDOUT);
		unit_must(maar__now() - begin >= times[i / 2]);
		unit_must(looks >= 2); /* before and after */
		unit_eq(asleep_on(e), 0);
	}
	looks = 0;
	unit_eq(maar_event_until(&spins, 0, (looks++, false)), -ETIMEDOUT);
	unit_eq(looks, 1);
}
END_TEST

/* The loop of maar_event_until, written out. */
START_TEST(own_loop)
{
	static struct maar_event e;
	struct maar_waiting waiting;
	unsigned looks;
	int rc;

	unit_eq(maar_waiting_begin(&waiting, &e, MAAR_FOREVER), 0);
	unit_eq(maar_waiting_again(&waiting), 0); /* a pause, or announced: it has not slept yet */
	maar_waiting_end(&waiting);
	unit_eq(asleep_on(&e), 0);

	unit_eq(maar_waiting_begin(&waiting, &e, MS), 0);
	for (looks = 0; (rc = maar_waiting_again(&waiting)) == 0; looks++)
		;
	unit_eq(rc, -ETIMEDOUT);
	unit_must(looks >= 1);
	maar_waiting_end(&waiting);

	maar_event_close(&e);
	unit_eq(maar_waiting_begin(&waiting, &e, MAAR_FOREVER), 0);
	unit_eq(maar_waiting_again(&waiting), 0); /* one more look */
	unit_eq(maar_waiting_again(&waiting), -EPIPE);
	maar_waiting_end(&waiting);
	unit_eq(asleep_on(&e), 0);
}
END_TEST

/* A wait that ends at its n-th look, or by itself; whether it entered the system. */
static bool sleeps_at(struct maar_event *e, unsigned n)
{
	const uint64_t calls = maar__sleep_calls();
	unsigned looks = 0;
	const int rc = maar_event_until(e, MS, ++looks >= n);

	unit_must(rc == 0 || rc == -ETIMEDOUT);
	unit_eq(rc == 0, looks >= n);
	return maar__sleep_calls() != calls;
}

/*
 * Both sides busy: nearly all waits are short, and now and then one is not. That one must not sleep: its other side would
 * have to wake it. Where no wait ends in time, spinning is given up, and found out again.
 */
START_TEST(spinning_learns)
{
	static struct maar_event e;
	unsigned i, slept = 0;

	if (maar__processors() == 1)
		return; /* where nobody spins */
	for (i = 0; i < 10000; i++)
		slept += sleeps_at(&e, i % 1000 == 999 ? MAAR__LOOKS_MOST : 3);
	unit_eq(slept, 0);
	for (i = 0; i < 3 * MAAR__PROBE_EVERY; i++) /* times out after a millisecond */
		unit_must(sleeps_at(&e, UINT_MAX));
	for (i = slept = 0; i < MAAR__PROBE_EVERY; i++)
		slept += sleeps_at(&e, MAAR__LOOKS_MOST / 4);
	unit_must(slept > 0 && slept < MAAR__PROBE_EVERY);
	for (i = 0; i < 10 * MAAR__PROBE_EVERY; i++)
		(void)sleeps_at(&e, 3);
	unit_must(!sleeps_at(&e, MAAR__LOOKS_MOST));
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("event");
	TCase *tcase = unit_tcase(suite, "event");

	tcase_add_test(tcase, init);
	tcase_add_test(tcase, steps);
	tcase_add_test(tcase, deadlines);
	tcase_add_test(tcase, null);
	tcase_add_test(tcase, no_call_for_nobody);
	tcase_add_test(tcase, counts_left_behind);
	tcase_add_test(tcase, wraps);
	tcase_add_test(tcase, timeouts);
	tcase_add_test(tcase, own_loop);
	tcase_add_test(tcase, spinning_learns);
	return suite;
}
