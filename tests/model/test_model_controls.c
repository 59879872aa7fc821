/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The explorer itself: it shows what C11 allows, nothing that C11 forbids, and finds each fault of controls.c soon.
 * MAAR_SEED chooses the first seed, MAAR_MODEL_EXECUTIONS how many executions must pass where there is nothing to find.
 */
#include "controls.h"

#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define EXECUTIONS 20000

/* What there is to find must be found in so many: a few seconds. The hardest takes some hundreds. */
#define FOUND_WITHIN 300000

#define TIMEOUT_S 600

static uint64_t seed;
static uint64_t executions = EXECUTIONS;

START_TEST(test_litmus)
{
	const struct litmus *l = &litmus_tests[_i];
	const struct model_result r = model_run(&l->scenario, seed, l->seen ? FOUND_WITHIN : executions);

	if (l->seen)
		ck_assert_msg(r.failure, "%s: allowed, but never seen", l->scenario.name);
	else
		ck_assert_msg(!r.failure, "%s: %s (MAAR_SEED=%" PRIu64 " MAAR_MODEL_EXECUTIONS=1; threads went %s)",
			      l->scenario.name, r.failure, r.seed, r.schedule);
}
END_TEST

START_TEST(test_control)
{
	const struct control *c = &controls[_i];
	const clock_t began = clock();
	struct model_result r = model_run(&c->faulty, seed, FOUND_WITHIN), again;
	char first[256];

	ck_assert_msg(r.failure, "%s: not found in %d executions", c->faulty.name, FOUND_WITHIN);
	printf("# %s: found after %" PRIu64 " executions, %ld ms: %s (threads went %s)\n", c->faulty.name, r.executions,
	       (long)((clock() - began) * 1000 / CLOCKS_PER_SEC), r.failure, r.schedule);
	fflush(stdout);

	/* The seed of the failing execution shows it again. */
	snprintf(first, sizeof(first), "%s", r.failure);
	again = model_run(&c->faulty, r.seed, 1);
	ck_assert_msg(again.failure, "the failing seed did not fail again");
	ck_assert_str_eq(again.failure, first);

	r = model_run(&c->right, seed, executions);
	ck_assert_msg(!r.failure, "%s, mended: %s (MAAR_SEED=%" PRIu64 " MAAR_MODEL_EXECUTIONS=1; threads went %s)",
		      c->right.name, r.failure, r.seed, r.schedule);
}
END_TEST

/* Each way to schedule finds each fault by itself: seeds take turns, so every second one belongs to either. */
START_TEST(test_both_schedules)
{
	const struct control *c = &controls[_i];
	unsigned found = 0;

	for (unsigned way = 0; way < 2; way++)
		for (uint64_t i = way; i < FOUND_WITHIN / 4 && !(found >> way & 1); i += 2)
			found |= (model_run(&c->faulty, seed + i, 1).failure != NULL) << way;
	ck_assert_msg(found == 3, "%s: not found by seeds %s", c->faulty.name, found & 1 ? "1, 3, ..." : "0, 2, ...");
}
END_TEST

/* What SEQ_CST has beyond ACQ_REL, the event count needs at each place that it is reached in, and the explorer knows. */
START_TEST(test_seq_cst_is_needed)
{
	unsigned weakened = 0;

	for (unsigned i = 0; i < n_controls; i++)
		ck_assert(!model_run(&controls[i].right, seed, 100).failure);
	for (const struct model_place *p = model_places(); p; p = p->next) {
		bool found = false;

		if (p->order != MODEL_SEQ_CST)
			continue;
		weakened++;
		model_weaken(p, p->op == MODEL_LOAD    ? MODEL_ACQUIRE
				: p->op == MODEL_STORE ? MODEL_RELEASE
						       : MODEL_ACQ_REL);
		for (unsigned i = 0; i < n_controls && !found; i++)
			found = model_run(&controls[i].right, seed, executions).failure != NULL;
		model_weaken(NULL, MODEL_RELAXED);
		ck_assert_msg(found, "%s:%d: nothing fails without SEQ_CST", p->file, p->line);
	}
	ck_assert_uint_ge(weakened, 5);
}
END_TEST

int main(void)
{
	const char *text = getenv("MAAR_SEED");
	Suite *suite = suite_create("model controls");
	TCase *tcase = tcase_create("explorer");
	SRunner *runner;
	int failed;

	seed = text ? strtoull(text, NULL, 0) : (uint64_t)time(NULL) * 1000003;
	text = getenv("MAAR_MODEL_EXECUTIONS");
	if (text)
		executions = strtoull(text, NULL, 0);
	printf("# seed %" PRIu64 "\n", seed);
	fflush(stdout);
	tcase_set_timeout(tcase, TIMEOUT_S);
	tcase_add_loop_test(tcase, test_litmus, 0, (int)n_litmus_tests);
	tcase_add_loop_test(tcase, test_control, 0, (int)n_controls);
	tcase_add_loop_test(tcase, test_both_schedules, 0, (int)n_controls);
	tcase_add_test(tcase, test_seq_cst_is_needed);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
