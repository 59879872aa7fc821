/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Runs every scenario on the explorer; then weakens every memory order that the scenarios reached, one at a time, and demands
 * that some scenario notices. MAAR_SEED chooses the first seed, MAAR_MODEL_EXECUTIONS how many executions a scenario gets.
 */
#include "scenarios.h"

#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Executions of one scenario in make check: a weakened order is found within hundreds, so a real fault nearly always. */
#define EXECUTIONS 20000

/* To find which weakened order which scenario notices: a quick look at all first, then ever longer ones. */
static const uint64_t looks[] = { 100, 2000, 20000, 100000 };

/* Generous: the longest test takes some 20 s on a quiet machine. */
#define TIMEOUT_S 600

/* One line for each scenarios_*.c. */
static const struct {
	const struct model_scenario *scenarios;
	const unsigned *n;
} tables[] = {
	{ scenarios_batch, &n_scenarios_batch },
	{ scenarios_ring, &n_scenarios_ring },
};

static uint64_t seed;
static uint64_t executions = EXECUTIONS;

/* The i-th scenario of all tables; NULL: there are no more. */
static const struct model_scenario *scenario(unsigned i)
{
	for (size_t t = 0; t < sizeof(tables) / sizeof(tables[0]); t++) {
		if (i < *tables[t].n)
			return &tables[t].scenarios[i];
		i -= *tables[t].n;
	}
	return NULL;
}

static unsigned n_scenarios(void)
{
	unsigned n = 0;

	while (scenario(n))
		n++;
	return n;
}

START_TEST(test_scenario)
{
	const struct model_scenario *s = scenario((unsigned)_i);
	const struct model_result r = model_run(s, seed, executions);

	ck_assert_msg(!r.failure, "%s: %s (MAAR_SEED=%" PRIu64 " MAAR_MODEL_EXECUTIONS=1 shows it; threads went %s)",
		      s->name, r.failure, r.seed, r.schedule);
	ck_assert_uint_eq(r.executions, executions);
}
END_TEST

/* The same seed runs the same execution: what a failure report promises. */
START_TEST(test_replay)
{
	struct model_place *site;
	struct model_result first = { 0, 0, NULL, NULL }, again;
	char text[256];

	model_run(scenario(0), seed, 10);
	for (site = model_places(); site && !first.failure; site = site->next) {
		if (site->order != MODEL_RELEASE)
			continue;
		model_weaken(site, MODEL_RELAXED);
		first = model_run(scenario(0), seed, 1000);
		if (first.failure) {
			snprintf(text, sizeof(text), "%s", first.failure);
			again = model_run(scenario(0), first.seed, 1);
			ck_assert_msg(again.failure, "the failing seed did not fail again");
			ck_assert_str_eq(again.failure, text);
		}
	}
	ck_assert_msg(first.executions > 0 && first.seed >= seed,
		      "no release store could be weakened: nothing was replayed");
	model_weaken(NULL, MODEL_RELAXED);
}
END_TEST

static bool noticed(const struct model_place *site, enum model_order order)
{
	bool found = false;

	model_weaken(site, order);
	for (size_t look = 0; look < sizeof(looks) / sizeof(looks[0]) && !found; look++)
		for (unsigned i = 0; scenario(i) && !found; i++)
			found = model_run(scenario(i), seed, looks[look]).failure != NULL;
	model_weaken(NULL, MODEL_RELAXED);
	return found;
}

static const char *name_of(enum model_order order)
{
	static const char *const names[] = { "RELAXED", "ACQUIRE", "RELEASE", "ACQ_REL" };

	return names[order];
}

START_TEST(test_every_order_is_needed)
{
	static const enum model_order weaker[][2] = { [MODEL_ACQUIRE] = { MODEL_RELAXED, MODEL_RELAXED },
						      [MODEL_RELEASE] = { MODEL_RELAXED, MODEL_RELAXED },
						      [MODEL_ACQ_REL] = { MODEL_ACQUIRE, MODEL_RELEASE } };
	unsigned killed = 0, survived = 0;

	for (unsigned i = 0; scenario(i); i++)
		ck_assert_msg(!model_run(scenario(i), seed, looks[0]).failure, "fails before anything is weakened");
	for (const struct model_place *site = model_places(); site; site = site->next) {
		const unsigned ways = site->order == MODEL_RELAXED ? 0 : site->order == MODEL_ACQ_REL ? 2 : 1;

		for (unsigned k = 0; k < ways; k++) {
			if (noticed(site, weaker[site->order][k])) {
				killed++;
				continue;
			}
			survived++;
			printf("# survived: %s:%d %s -> %s\n", site->file, site->line, name_of(site->order),
			       name_of(weaker[site->order][k]));
		}
	}
	printf("# orders weakened: %u, noticed: %u\n", killed + survived, killed);
	fflush(stdout);
	ck_assert_msg(survived == 0, "%u orders can be weakened and nothing fails: see above", survived);
	ck_assert_msg(killed >= 20, "only %u orders were reached: the scenarios do not run the rings", killed);
}
END_TEST

int main(void)
{
	const char *text = getenv("MAAR_SEED");
	Suite *suite = suite_create("model");
	TCase *tcase = tcase_create("explorer");
	SRunner *runner;
	int failed;

	seed = text ? strtoull(text, NULL, 0) : (uint64_t)time(NULL) * 1000003;
	text = getenv("MAAR_MODEL_EXECUTIONS");
	if (text)
		executions = strtoull(text, NULL, 0);
	printf("# seed %" PRIu64 ", %" PRIu64 " executions a scenario\n", seed, executions);
	fflush(stdout);
	tcase_set_timeout(tcase, TIMEOUT_S);
	tcase_add_loop_test(tcase, test_scenario, 0, (int)n_scenarios());
	tcase_add_test(tcase, test_replay);
	tcase_add_test(tcase, test_every_order_is_needed);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
