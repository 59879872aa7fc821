/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The explorer's threads: fibers in one thread of the system, switched where fiber_point() says.
 */
#ifndef MAAR_TESTS_MODEL_FIBER_H
#define MAAR_TESTS_MODEL_FIBER_H

#include "explorer.h"

/* Runs the scenario's threads to their ends, in an interleaving drawn from model_random(). */
void fiber_run(const struct model_scenario *scenario);

/* 1 .. threads inside fiber_run, 0 outside. */
unsigned fiber_current(void);

/* Perhaps somebody else goes on from here. */
void fiber_point(void);

/* Ends the execution at once, from within a fiber; outside fiber_run it does nothing. */
void fiber_abandon(void);

#endif
