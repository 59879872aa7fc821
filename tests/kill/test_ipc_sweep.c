/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Queues between processes, killed by SIGKILL at each instruction (x86-64; elsewhere tests/unit/test_ipc_points.c kills
 * at each access to shared memory). make check takes one point of several, beginning elsewhere in each case, so that
 * cases together have all of them; MAAR_KILL_ALL=1 takes all of all.
 */
#include "ipc_victim.h"

#include "../unit/ipc_dirs.h"

#ifdef __x86_64__
static bool may(void)
{
	const char *why = ipc_victim_open();

	if (why)
		unit_note("%s, so kills at instructions are left out: test_ipc_points alone has to do", why);
	return !why;
}

static void tell(const char *what, const struct ipc_swept *s)
{
	unit_note("%s: %lu instructions, %lu kills, %lu of them after the others' cycle, %lu went on first, %lu copies",
		  what, s->instructions, s->kills, s->pairs, s->finished, s->copies);
	unit_must(s->instructions > 0 && s->kills > 0);
}

START_TEST(calls)
{
	struct ipc_swept swept = { 0 };

	if (!may())
		return;
	ipc_sweep_calls((unsigned)_i, &swept);
	tell(ipc_call_name((unsigned)_i), &swept);
}
END_TEST

START_TEST(pairs)
{
	struct ipc_swept swept = { 0 };

	if (!may())
		return;
	ipc_sweep_pair((unsigned)_i, &swept);
	tell(ipc_pair_name((unsigned)_i), &swept);
}
END_TEST

START_TEST(lives)
{
	struct ipc_swept swept = { 0 };

	if (!may())
		return;
	ipc_sweep_life((unsigned)_i, &swept);
	tell(ipc_life_name((unsigned)_i), &swept);
}
END_TEST

START_TEST(files)
{
	struct ipc_swept swept = { 0 };

	if (!may())
		return;
	ipc_sweep_file((unsigned)_i, &swept);
	tell(ipc_file_name((unsigned)_i), &swept);
}
END_TEST

START_TEST(controls)
{
	if (!may())
		return;
	ipc_sweep_controls();
	ipc_pair_controls();
	ipc_life_controls();
}
END_TEST
START_TEST(file_controls)
{
	ipc_file_controls();
}
END_TEST
#else
START_TEST(left_out)
{
	unit_note("kills at instructions are for x86-64: test_ipc_points alone has to do");
}
END_TEST
#endif

#ifdef __x86_64__
/* All of a call is ten thousand kills, of 1 to 4 ms each. */
#define ALL_TIMEOUT (10 * UNIT_TIMEOUT)

static TCase *long_tcase(Suite *suite, const char *name)
{
	TCase *tcase = unit_tcase(suite, name);

	if (ipc_kill_all())
		tcase_set_timeout(tcase, ALL_TIMEOUT);
	return tcase;
}
#endif

Suite *unit_suite(void)
{
	Suite *suite = suite_create("ipc, killed at each instruction");
	TCase *tcase;

#ifdef __x86_64__
	tcase = long_tcase(suite, "calls");
	tcase_add_loop_test(tcase, calls, 0, (int)ipc_calls());
	tcase = long_tcase(suite, "pairs");
	tcase_add_loop_test(tcase, pairs, 0, (int)ipc_pair_calls());
	tcase = long_tcase(suite, "lives");
	tcase_add_loop_test(tcase, lives, 0, (int)ipc_life_calls());
	tcase = unit_tcase(suite, "controls");
	tcase_add_test(tcase, controls);
	tcase = long_tcase(suite, "names");
	ipc_dir_each(tcase);
	tcase_add_loop_test(tcase, files, 0, (int)ipc_file_calls());
	tcase_add_test(tcase, file_controls);
#else
	tcase = unit_tcase(suite, "calls");
	tcase_add_test(tcase, left_out);
#endif
	return suite;
}
