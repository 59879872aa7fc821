/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * What the explorer itself is tested by: litmus tests, and small rings with the faults that rings have had.
 */
#ifndef MAAR_TESTS_MODEL_CONTROLS_H
#define MAAR_TESTS_MODEL_CONTROLS_H

#include "explorer.h"

/* A scenario that fails when it meets a certain outcome, and whether it has to. */
struct litmus {
	struct model_scenario scenario;
	bool seen; /* C11 allows the outcome, and the explorer has to show it; or it forbids it */
};

extern const struct litmus litmus_tests[];
extern const unsigned n_litmus_tests;

/* A ring or an event count with a fault that has to be found, and without it. */
struct control {
	struct model_scenario faulty, right;
};

extern const struct control controls[];
extern const unsigned n_controls;

#endif
