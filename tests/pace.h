/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * How a test thread waits in a loop for what another thread does: it yields, as long as a yield costs what it should. Where
 * another process computes on the same processor, the scheduler gives that a whole slice for each yield (3 ms: a test of
 * 3 s takes a minute), while a sleeper is let back in as soon as its time is up. So a thread whose yield took long sleeps
 * for the next few, and then looks again. It is a pace and no more: no result depends on it.
 */
#ifndef MAAR_TEST_PACE_H
#define MAAR_TEST_PACE_H

#include <sched.h>
#include <stdint.h>
#include <time.h>

#define PACE_LONG   200000 /* ns: 100 times a yield to a thread of the same test */
#define PACE_SLEEP  20000  /* ns, and the timer's slack of 50,000 */
#define PACE_SLEEPS 64

static inline int64_t pace_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static inline void pace_yield(void)
{
	static __thread unsigned sleeps;
	const struct timespec nap = { 0, PACE_SLEEP };
	int64_t before;

	if (sleeps) {
		sleeps--;
		nanosleep(&nap, NULL);
		return;
	}
	before = pace_now();
	sched_yield();
	if (pace_now() - before > PACE_LONG)
		sleeps = PACE_SLEEPS;
}

#endif
