/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Runs every scenario on the explorer; then weakens every memory order that the scenarios reached, one at a time, and demands
 * that some scenario notices. MAAR_SEED chooses the first seed, MAAR_MODEL_EXECUTIONS how many executions a scenario gets.
 * With MAAR_MODEL_SHOW, a scenario's name, it shows one execution of that (MAAR_SEED), access by access, and ends.
 * MAAR_MODEL_ONLY restricts all to scenarios whose names begin so: "mring, ".
 * With MAAR_MODEL_PLACES it only lists the accesses that the scenarios reach, for orders.sh.
 */
#include "scenarios.h"

#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Executions of one scenario in make check: a weakened order is found within hundreds, so a real fault nearly always. */
#define EXECUTIONS 5000

/* To find which weakened order which scenario notices: a quick look at all first, then ever longer ones. */
static const uint64_t looks[] = { 100, 2000, 20000, 100000 };

/* Generous: the longest test takes some 20 s on a quiet machine. */
#define TIMEOUT_S 600

/* One line for each scenarios_*.c. */
static const struct {
	const struct model_scenario *scenarios;
	const unsigned *n;
} tables[] = {
	/* clang-format off */
	{ scenarios_alloc, &n_scenarios_alloc },
	{ scenarios_batch, &n_scenarios_batch },
	{ scenarios_broadcast, &n_scenarios_broadcast },
	{ scenarios_event, &n_scenarios_event },
	{ scenarios_mring, &n_scenarios_mring },
	{ scenarios_ring, &n_scenarios_ring },
	{ scenarios_wait, &n_scenarios_wait },
	{ scenarios_ipc, &n_scenarios_ipc },
	{ scenarios_ipc_cast, &n_scenarios_ipc_cast },
	{ scenarios_handed, &n_scenarios_handed },
	{ scenarios_shared, &n_scenarios_shared },
	{ scenarios_slot, &n_scenarios_slot },
	{ scenarios_record, &n_scenarios_record },
	{ scenarios_byte, &n_scenarios_byte },
	{ scenarios_queue, &n_scenarios_queue },
	{ scenarios_pool, &n_scenarios_pool },
	{ scenarios_channel, &n_scenarios_channel },
	/* clang-format on */
};

static uint64_t seed;
static uint64_t executions = EXECUTIONS;
static const char *only = ""; /* scenarios whose names begin so */

/* The i-th scenario of all tables; NULL: there are no more. */
static const struct model_scenario *scenario(unsigned i)
{
	for (size_t t = 0; t < sizeof(tables) / sizeof(tables[0]); t++)
		for (unsigned k = 0; k < *tables[t].n; k++)
			if (strncmp(tables[t].scenarios[k].name, only, strlen(only)) == 0 && i-- == 0)
				return &tables[t].scenarios[k];
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

	ck_assert_msg(!r.failure, "%s: %s (threads went %s; MAAR_SEED=%" PRIu64 " MAAR_MODEL_SHOW='%s' shows it)",
		      s->name, r.failure, r.schedule, r.seed, s->name);
	ck_assert_uint_eq(r.executions, executions);
}
END_TEST

/* Controls: thieves, and a pair's sleepers, that do not call membarrier are found out. */
START_TEST(test_without_membarrier)
{
	bool thief = false, sleeper = false, armed = false;

	scenarios_without_membarrier = true;
	for (unsigned i = 0; i < n_scenarios_mring && !thief; i++)
		thief = strstr(scenarios_mring[i].name, "steal") && !strstr(scenarios_mring[i].name, "SEQ_CST") &&
			model_run(&scenarios_mring[i], seed, looks[3]).failure != NULL;
	for (unsigned i = 0; i < n_scenarios_ipc; i++) {
		if (strcmp(scenarios_ipc[i].name, "ipc, a pair, asleep") == 0)
			sleeper = model_run(&scenarios_ipc[i], seed, looks[3]).failure != NULL;
		if (strcmp(scenarios_ipc[i].name, "ipc, a pair, armed") == 0)
			armed = model_run(&scenarios_ipc[i], seed, looks[3]).failure != NULL;
	}
	scenarios_without_membarrier = false;
	ck_assert_msg(thief, "thieves without membarrier go unnoticed");
	ck_assert_msg(sleeper, "a pair's consumer that sleeps without membarrier goes unnoticed");
	ck_assert_msg(armed, "a pair's consumer that arms without membarrier goes unnoticed");
}
END_TEST

/* ---- places ---- */

/* Runs all scenarios, so that their places are known, and marks each place with the scenarios that reach it. */
static bool reach_places(uint64_t each)
{
	struct model_place *p;

	for (unsigned i = 0; scenario(i); i++) {
		if (i >= 64 * sizeof(p->marks) / sizeof(p->marks[0]))
			abort(); /* make it longer */
		for (p = model_places(); p; p = p->next)
			p->hits = 0;
		if (model_run(scenario(i), seed, each).failure)
			return false;
		for (p = model_places(); p; p = p->next)
			p->marks[i / 64] |= (uint64_t)(p->hits != 0) << i % 64;
	}
	return true;
}

static const char *name_of(enum model_order order)
{
	static const char *const names[] = { "RELAXED", "ACQUIRE", "RELEASE", "ACQ_REL", "SEQ_CST" };

	return names[order];
}

/* The orders one step weaker: how many. */
static unsigned weaker(const struct model_place *place, enum model_order to[2])
{
	switch (place->order) {
	case MODEL_SEQ_CST:
		to[0] = place->op == MODEL_LOAD	   ? MODEL_ACQUIRE
			: place->op == MODEL_STORE ? MODEL_RELEASE
						   : MODEL_ACQ_REL;
		return 1;
	case MODEL_ACQ_REL:
		to[0] = MODEL_ACQUIRE;
		to[1] = MODEL_RELEASE;
		return 2;
	case MODEL_ACQUIRE:
	case MODEL_RELEASE:
		to[0] = MODEL_RELAXED;
		return 1;
	default:
		return 0;
	}
}

static bool noticed(const struct model_place *place, enum model_order order)
{
	bool found = false;

	model_weaken(place, order);
	for (size_t look = 0; look < sizeof(looks) / sizeof(looks[0]) && !found; look++)
		for (unsigned i = 0; scenario(i) && !found; i++)
			if (place->marks[i / 64] >> i % 64 & 1)
				found = model_run(scenario(i), seed, looks[look]).failure != NULL;
	model_weaken(NULL, MODEL_RELAXED);
	return found;
}

START_TEST(test_every_order_is_needed)
{
	unsigned killed = 0, survived = 0;

	ck_assert_msg(reach_places(looks[1]), "fails before anything is weakened");
	for (const struct model_place *place = model_places(); place; place = place->next) {
		enum model_order to[2];
		const unsigned ways = strstr(place->file, "tests/") ? 0 : weaker(place, to);

		for (unsigned k = 0; k < ways; k++) {
			if (noticed(place, to[k])) {
				killed++;
				continue;
			}
			survived++;
			printf("# survived: %s:%d %s %s -> %s\n", place->file, place->line, place->text,
			       name_of(place->order), name_of(to[k]));
		}
	}
	printf("# orders weakened: %u, noticed: %u\n", killed + survived, killed);
	fflush(stdout);
	ck_assert_msg(survived == 0, "%u orders can be weakened and nothing fails: see above", survived);
	ck_assert_msg(killed >= 20, "only %u orders were reached: the scenarios do not run the rings", killed);
}
END_TEST

/* For orders.sh: all places reached, one a line, in columns with a tab between. */
static int list_places(void)
{
	static const char *const ops[] = { "load", "store", "cas", "add", "cas2" };

	if (!reach_places(looks[1]))
		return 1;
	for (const struct model_place *p = model_places(); p; p = p->next)
		printf("%s\t%d\t%s\t%s\t%s\n", p->file, p->line, ops[p->op], name_of(p->order), p->text);
	return 0;
}

/* One execution of the scenario named, access by access. */
static int show(const char *name)
{
	for (unsigned i = 0; scenario(i); i++) {
		if (strcmp(scenario(i)->name, name) != 0)
			continue;
		model_run(scenario(i), seed + 1, 1); /* its places become known */
		model_trace(true);
		const struct model_result r = model_run(scenario(i), seed, 1);

		printf("# %s: %s\n", name, r.failure ? r.failure : "nothing fails");
		return r.failure != NULL;
	}
	printf("# no scenario is called '%s'\n", name);
	return 2;
}

/* ---- speed ---- */

/*
 * A note, not a test: machines differ. Goal: 100,000 executions a second with two or three threads, in the slowest scenario
 * too. CK_RUN_CASE=speed runs this alone.
 */
START_TEST(test_speed)
{
	const char *slowest = "";
	double total_s = 0, least = 0;
	uint64_t total = 0;

	for (unsigned i = 0; scenario(i); i++) {
		const clock_t began = clock();
		double s;

		if (scenario(i)->threads > 3)
			continue;
		ck_assert(!model_run(scenario(i), seed, looks[1]).failure);
		s = (double)(clock() - began) / CLOCKS_PER_SEC + 1e-9;
		total_s += s;
		total += looks[1];
		if (!least || (double)looks[1] / s < least) {
			least = (double)looks[1] / s;
			slowest = scenario(i)->name;
		}
	}
	printf("# %.0f executions/s with two or three threads; %.0f in the slowest, %s\n", (double)total / total_s,
	       least, slowest);
	fflush(stdout);
}
END_TEST

int main(void)
{
	const char *text = getenv("MAAR_SEED");
	Suite *suite = suite_create("model");
	TCase *tcase = tcase_create("explorer"), *speed = tcase_create("speed");
	SRunner *runner;
	int failed;

	seed = text ? strtoull(text, NULL, 0) : (uint64_t)time(NULL) * 1000003;
	text = getenv("MAAR_MODEL_EXECUTIONS");
	if (text)
		executions = strtoull(text, NULL, 0);
	if (getenv("MAAR_MODEL_ONLY"))
		only = getenv("MAAR_MODEL_ONLY");
	if (getenv("MAAR_MODEL_PLACES"))
		return list_places();
	if (getenv("MAAR_MODEL_SHOW"))
		return show(getenv("MAAR_MODEL_SHOW"));
	printf("# seed %" PRIu64 ", %" PRIu64 " executions a scenario\n", seed, executions);
	fflush(stdout);
	tcase_set_timeout(tcase, TIMEOUT_S);
	tcase_add_loop_test(tcase, test_scenario, 0, (int)n_scenarios());
	tcase_add_test(tcase, test_without_membarrier);
	tcase_add_test(tcase, test_every_order_is_needed);
	tcase_set_timeout(speed, TIMEOUT_S);
	tcase_add_test(speed, test_speed);
	suite_add_tcase(suite, tcase);
	suite_add_tcase(suite, speed);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
