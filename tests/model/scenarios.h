/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The scenarios, for the test that runs them and the test that weakens orders under them.
 */
#ifndef MAAR_TESTS_MODEL_SCENARIOS_H
#define MAAR_TESTS_MODEL_SCENARIOS_H

#include "explorer.h"

extern const struct model_scenario scenarios[];
extern const unsigned n_scenarios;

#endif
