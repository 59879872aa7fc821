/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Lock-freedom as a test: whatever instruction of whatever call a thread is stopped or killed at, what the header says
 * under "Progress" holds, and no value is lost, doubled or out of order. By ptrace where it can be had, and by hooks.
 */
#include "../unit/common.h"
#include "kill.h"

#define OPERATIONS 10000

static unsigned operations(void)
{
	const char *given = getenv("MAAR_KILL_OPERATIONS");
	const unsigned long n = given ? strtoul(given, NULL, 0) : OPERATIONS;

	return n < 10 ? 10 : n > OPERATIONS ? OPERATIONS : (unsigned)n;
}

/* Runs one mode, or (mode < 0) the controls; a way of stopping that is not to be had is left out with a word. */
static void run(const struct kill_stepper *stepper, bool kills, int mode)
{
	struct kill_run run = { .stepper = stepper, .operations = operations(), .kills = kills, .note = unit_note };
	const char *all = getenv("MAAR_KILL_ALL");

	const char *why;

	run.all = all && *all == '1';
	run.stage = stepper->open(&why);
	if (!run.stage) {
		if (mode <= 0)
			unit_note("%s, so stops %s are left out: hooks alone have to do", why, stepper->name);
		return;
	}
	if (mode < 0)
		kill_run_controls(&run);
	else
		kill_run_mode(&run, &kill_modes[mode]);
	stepper->close(run.stage);
	if (run.error[0])
		ck_abort_msg("%s", run.error);
}

START_TEST(hooks_stopped)
{
	run(&kill_by_hooks, false, _i);
}
END_TEST

START_TEST(hooks_killed)
{
	run(&kill_by_hooks, true, _i);
}
END_TEST

#ifdef __x86_64__
START_TEST(ptrace_stopped)
{
	run(&kill_by_ptrace, false, _i);
}
END_TEST

START_TEST(ptrace_killed)
{
	run(&kill_by_ptrace, true, _i);
}
END_TEST
#endif

Suite *unit_suite(void)
{
	Suite *suite = suite_create("kill");
	TCase *tcase;

	tcase = unit_tcase(suite, "hooks");
	tcase_add_loop_test(tcase, hooks_stopped, -1, kill_modes_count);
	tcase_add_loop_test(tcase, hooks_killed, -1, kill_modes_count);
#ifdef __x86_64__
	tcase = unit_tcase(suite, "ptrace");
	tcase_add_loop_test(tcase, ptrace_stopped, -1, kill_modes_count);
	tcase_add_loop_test(tcase, ptrace_killed, -1, kill_modes_count);
#endif
	return suite;
}
