/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The explorer's threads: fibers in one thread of the system, switched where fiber_point() says.
 */
#ifndef MAAR_TESTS_MODEL_FIBER_H
#define MAAR_TESTS_MODEL_FIBER_H

#include "explorer.h"

/* Runs the scenario's threads to their ends, in an interleaving drawn from model_random(). */
void fiber_run(const struct model_scenario *scenario, bool by_priority);

/* 1 .. threads inside fiber_run, 0 outside. */
extern unsigned fiber_running;
static inline unsigned fiber_current(void)
{
	return fiber_running;
}

/* Perhaps somebody else goes on from here. */
void fiber_point(void);

/* Sleeps on `what` until fiber_wake; fails the execution if nobody is left to wake it. */
void fiber_sleep(const void *what);

/* Wakes up to n that sleep on `what`, chosen at random; how many. */
unsigned fiber_wake(const void *what, unsigned n);

/* Ends the execution at once, from within a fiber; outside fiber_run it does nothing. */
void fiber_abandon(void);

/* How the last run was scheduled, for people. */
const char *fiber_schedule(void);

#endif
