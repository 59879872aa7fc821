/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The harness itself: its statistics on known data, its results as JSON against its own --list, and whether contestants
 * that do wrong are found out. bench/smoke.sh runs every contestant in every case; here the programs are run for a few.
 */
#include <check.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/internal.h"

/* Messages of each producer; no multiple of 8 or 32, so that batches round it up. */
#define COUNT 1001

/* ---- running the programs ---------------------------------------------------------------------------------------- */

/* Runs a program of bench/ with arguments; what it prints goes to a file, or nowhere. Returns its exit status. */
static __attribute__((sentinel)) int run(const char *program, const char *print_to, ...)
{
	const char *dir = getenv("builddir") ? getenv("builddir") : ".";
	char *argv[32], path[4096];
	int status, n = 0;
	va_list ap;
	pid_t pid;

	snprintf(path, sizeof(path), "%s/bench/%s", dir, program);
	argv[n++] = path;
	va_start(ap, print_to);
	while ((argv[n] = va_arg(ap, char *)) != NULL && n < 31)
		n++;
	va_end(ap);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		const int out = open(print_to ? print_to : "/dev/null", O_WRONLY | O_CREAT | O_TRUNC, 0600);
		const int err = open("/dev/null", O_WRONLY);

		if (out < 0 || dup2(out, STDOUT_FILENO) < 0 || err < 0 || dup2(err, STDERR_FILENO) < 0)
			_exit(126);
		execv(path, argv);
		_exit(127);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* A file of this process's own. */
static char *temporary(void)
{
	const char *dir = getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp";
	char *path = malloc(strlen(dir) + 32);
	int fd;

	ck_assert_ptr_nonnull(path);
	sprintf(path, "%s/maar-bench-XXXXXX", dir);
	fd = mkstemp(path);
	ck_assert_int_ge(fd, 0);
	close(fd);
	return path;
}

/* Loads a file of results with one program in it, removes it. */
static json_t *load(char *path, size_t programs)
{
	json_error_t error;
	json_t *all = json_load_file(path, 0, &error);

	ck_assert_msg(all != NULL, "%s:%d: %s", path, error.line, error.text);
	ck_assert_int_eq(json_integer_value(json_object_get(all, "maar_bench")), 1);
	ck_assert_uint_eq(json_array_size(json_object_get(all, "programs")), programs);
	unlink(path);
	free(path);
	return all;
}

static json_t *member(json_t *object, const char *key, json_type type)
{
	json_t *value = json_object_get(object, key);

	ck_assert_msg(value != NULL, "no member \"%s\"", key);
	ck_assert_msg(json_typeof(value) == type, "\"%s\" is of another type", key);
	return value;
}

static json_t *named(json_t *array, const char *name)
{
	json_t *object;
	size_t i;

	json_array_foreach(array, i,
			   object) if (!strcmp(json_string_value(json_object_get(object, "name")), name)) return object;
	ck_abort_msg("\"%s\" is not in the results", name);
	return NULL;
}

/* ---- arithmetic -------------------------------------------------------------------------------------------------- */

START_TEST(stats_odd)
{
	const double v[] = { 5, 1, 100, 3, 2 };
	const struct bench_stats s = bench_stats(v, 5);

	ck_assert_double_eq(s.median, 3);
	ck_assert_double_eq(s.min, 1);
	ck_assert_double_eq(s.max, 100);
	ck_assert_double_eq(s.mad, 2); /* distances 2 2 97 0 1 */
	ck_assert_double_eq(v[0], 5);  /* the input stays */
}
END_TEST

START_TEST(stats_even_and_one)
{
	const double even[] = { 4, 1, 3, 2 }, one[] = { 7 };
	struct bench_stats s = bench_stats(even, 4);

	ck_assert_double_eq(s.median, 2.5);
	ck_assert_double_eq(s.mad, 1); /* distances 1.5 1.5 .5 .5 */
	s = bench_stats(one, 1);
	ck_assert_double_eq(s.median, 7);
	ck_assert_double_eq(s.min, 7);
	ck_assert_double_eq(s.max, 7);
	ck_assert_double_eq(s.mad, 0);
}
END_TEST

START_TEST(ratios)
{
	ck_assert_double_eq(bench_ratio(BENCH_MOPS, 30, 10), 3);
	ck_assert_double_eq(bench_ratio(BENCH_NS, 30, 10), 1.0 / 3);
	ck_assert_double_eq(bench_ratio(BENCH_NS, 10, 0), 0);
	ck_assert_double_eq(bench_ratio(BENCH_MOPS, 0, 10), 0);
}
END_TEST

START_TEST(result_of_mixed_rounds)
{
	struct bench_outcome rounds[] = {
		{ .status = BENCH_OK, .value = 10, .done = 100, .failed = 50 },
		{ .status = BENCH_STALLED, .value = 1, .done = 100, .failed = 150 },
		{ .status = BENCH_WRONG, .value = 1e9, .done = 1, .failed = 1000 },
		{ .status = BENCH_OK, .value = 20, .done = 200, .failed = 0 },
	};
	struct bench_result r = { .rounds = rounds };

	bench_result_finish(&r, 4);
	ck_assert_int_eq(r.status, BENCH_WRONG);
	ck_assert_uint_eq(r.figures, 3); /* a wrong result is no figure */
	ck_assert_double_eq(r.stats.median, 10);
	ck_assert_double_eq(r.stats.max, 20);
	ck_assert_double_eq(r.failed_each, 0.5);
	ck_assert_uint_eq(r.bad[BENCH_STALLED], 1);
	ck_assert_uint_eq(r.bad[BENCH_WRONG], 1);
	bench_result_finish(&r, 2);
	ck_assert_int_eq(r.status, BENCH_STALLED);
	ck_assert_double_eq(r.stats.median, 5.5);
}
END_TEST

START_TEST(patterns)
{
	ck_assert(bench_matches(NULL, "anything"));
	ck_assert(bench_matches("mpmc/*,self/spsc", "mpmc/4p4c/1024"));
	ck_assert(bench_matches("mpmc/*,self/spsc", "self/spsc"));
	ck_assert(!bench_matches("mpmc/*,self/spsc", "self/mpmc"));
	ck_assert(!bench_matches("", "self/mpmc"));
}
END_TEST

/* ---- contestants that do wrong ----------------------------------------------------------------------------------- */

#ifdef __SANITIZE_THREAD__
#define RACES true
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define RACES true
#endif
#endif
#ifndef RACES
#define RACES false
#endif

static const struct {
	const char *name, *status;
	const char *text; /* part of what is said of it */
	int exit;
	bool races; /* in a build that ends a program for a data race, it may be ended */
} sinner[] = {
	{ "right", "ok", NULL, 0, false },
	{ "loses", "WRONG", "went in", 1, false },
	{ "duplicates", "WRONG", "twice", 1, false },
	{ "reorders", "WRONG", "out of order", 1, false },
	{ "alters", "WRONG", "out of order", 1, false },
	{ "swaps", "WRONG", "twice", 1, false },
	{ "hangs", "stalled", "within", 0, false },
	{ "stops", "stalled", "within", 0, false },
	{ "dies", "crashed", "signal 9", 1, false },
	{ "unopened", "cannot", "opened", 1, false },
	{ "pool right", "ok", NULL, 0, false },
	{ "pool twice", "WRONG", "", 1, RACES }, /* which of its effects comes first depends on who runs when */
	{ "pool leaks", "WRONG", "missing", 1, false },
	{ "pool scribbles", "WRONG", "bytes", 1, false },
};

START_TEST(wrong_results_are_found)
{
	const bool ends = strcmp(sinner[_i].status, "stalled") != 0;
	char *path = temporary(), output[4096], count[32];
	json_t *all, *program, *result, *round;
	const char *status;

	snprintf(output, sizeof(output), "--output=%s", path);
	snprintf(count, sizeof(count), "--count=%d", 10 * COUNT);
	/* one second for those that never end; minutes for those that do, on a machine that may stall */
	ck_assert_int_eq(
		run("bench_control", NULL, "-n2", "-k", sinner[_i].name, count, output, ends ? "-l300" : "-l1", NULL),
		sinner[_i].exit);
	all = load(path, 1);
	program = json_array_get(json_object_get(all, "programs"), 0);
	result = named(member(json_array_get(member(program, "cases", JSON_ARRAY), 0), "results", JSON_ARRAY),
		       sinner[_i].name);
	status = json_string_value(member(result, "status", JSON_STRING));
	if (sinner[_i].races && !strcmp(status, "crashed")) { /* ThreadSanitizer was the first to see it */
		json_decref(all);
		return;
	}
	ck_assert_str_eq(status, sinner[_i].status);
	round = json_array_get(member(result, "rounds", JSON_ARRAY), 1);
	if (sinner[_i].text)
		ck_assert_ptr_nonnull(strstr(json_string_value(member(round, "text", JSON_STRING)), sinner[_i].text));
	if (!strcmp(sinner[_i].status, "ok") || !ends)
		ck_assert(json_is_number(json_object_get(result, "median")));
	else
		ck_assert_ptr_null(json_object_get(result, "median"));
	ck_assert_str_eq(
		json_string_value(json_object_get(json_array_get(json_object_get(program, "missing"), 0), "package")),
		"libnotthere-dev");
	json_decref(all);
}
END_TEST

/* ---- results ----------------------------------------------------------------------------------------------------- */

/* One result of a case in which all was well. */
static void look_at_result(json_t *one_case, json_t *result)
{
	const json_int_t producers = json_integer_value(member(one_case, "producers", JSON_INTEGER));
	const json_int_t batch = json_integer_value(member(one_case, "batch", JSON_INTEGER));
	const double median = json_real_value(member(result, "median", JSON_REAL));
	json_t *rounds = member(result, "rounds", JSON_ARRAY);
	const json_int_t each = (COUNT + batch - 1) / batch * batch;
	size_t i;

	ck_assert_str_eq(json_string_value(member(result, "status", JSON_STRING)), "ok");
	ck_assert_double_gt(median, 0);
	ck_assert_double_le(json_real_value(member(result, "min", JSON_REAL)), median);
	ck_assert_double_ge(json_real_value(member(result, "max", JSON_REAL)), median);
	ck_assert_double_ge(json_real_value(member(result, "mad", JSON_REAL)), 0);
	member(result, "peer", JSON_STRING);
	member(result, "order", JSON_STRING);
	member(result, "faster", JSON_OBJECT);
	ck_assert_uint_eq(json_array_size(rounds), 3);
	for (i = 0; i < 3; i++)
		ck_assert_int_eq(json_integer_value(json_object_get(json_array_get(rounds, i), "operations")),
				 each * (producers ? producers : 1));
}

/* The results hold exactly the cases and contestants that --list says; both were asked for the same. */
static size_t compare_with_list(const char *path, json_t *cases)
{
	json_t *one_case = NULL;
	size_t n_cases = 0, n_results = 0, n = 0;
	char line[512];
	FILE *f = fopen(path, "r");

	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		if (!strncmp(line, "missing", 7))
			continue;
		if (line[0] != ' ') {
			if (one_case)
				ck_assert_uint_eq(json_array_size(json_object_get(one_case, "results")), n);
			*strchr(line, ':') = '\0';
			one_case = named(cases, line);
			n_cases++;
			n = 0;
		} else {
			look_at_result(one_case, named(member(one_case, "results", JSON_ARRAY), line + 4));
			n_results++;
			n++;
		}
	}
	fclose(f);
	ck_assert_uint_eq(json_array_size(cases), n_cases);
	return n_results;
}

static const struct {
	const char *program, *cases;
	size_t least; /* results there are with no peer at all */
} whole[] = {
	{ "bench_ring", "--cases=spsc/1p1c/1024,spsc/bulk8/65536,mpmc/2p2c/1024,self/*,rtt/spsc,mpsc/4p1c/1024", 15 },
	{ "bench_pool", "--cases=pair/64,bulk32/2048,cross/256,exchange/1p1c", 12 },
};

START_TEST(json_is_whole)
{
	static const char *const machine[] = { "cpu", "kernel", "governor", "architecture", "time" };
	static const char *const build[] = { "maar", "commit", "compiler", "cflags", "cxxflags" };
	char *path = temporary(), *list = temporary(), output[4096], count[32];
	json_t *all, *program;
	size_t i;

	snprintf(output, sizeof(output), "--output=%s", path);
	snprintf(count, sizeof(count), "--count=%d", COUNT);
	ck_assert_int_eq(run(whole[_i].program, list, whole[_i].cases, "--list", NULL), 0);
	ck_assert_int_eq(run(whole[_i].program, NULL, whole[_i].cases, "-n3", "-l300", count, output, NULL), 0);
	all = load(path, 1);
	program = json_array_get(json_object_get(all, "programs"), 0);
	ck_assert_str_eq(json_string_value(member(program, "program", JSON_STRING)), whole[_i].program);
	ck_assert_int_eq(json_integer_value(json_object_get(member(program, "settings", JSON_OBJECT), "rounds")), 3);
	for (i = 0; i < sizeof(machine) / sizeof(*machine); i++)
		ck_assert_int_gt(
			json_string_length(member(member(program, "machine", JSON_OBJECT), machine[i], JSON_STRING)),
			0);
	for (i = 0; i < sizeof(build) / sizeof(*build); i++)
		ck_assert_int_gt(
			json_string_length(member(member(program, "build", JSON_OBJECT), build[i], JSON_STRING)), 0);
	ck_assert_uint_ge(compare_with_list(list, member(program, "cases", JSON_ARRAY)), whole[_i].least);
	unlink(list);
	free(list);
	json_decref(all);
}
END_TEST

START_TEST(append_keeps_what_is_there)
{
	char *path = temporary(), output[4096];

	snprintf(output, sizeof(output), "--output=%s", path);
	ck_assert_int_eq(run("bench_control", NULL, "-n1", "-c50", "-l300", "-k", "right", output, NULL), 0);
	ck_assert_int_eq(run("bench_control", NULL, "-n1", "-c50", "-l300", "-k", "right", output, "--append", NULL),
			 0);
	json_decref(load(path, 2));
}
END_TEST

START_TEST(bad_command_lines)
{
	static const char *const bad[] = { "--rounds=0",
					   "--rounds=x",
					   "--time=-1",
					   "--pin=maybe",
					   "--append",
					   "--nonsense",
					   "--count=99999999999999999999",
					   "--cpus=0,,1",
					   "--time=5000" };
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ck_assert_msg(run("bench_control", NULL, bad[i], NULL) == 64, "%s was taken", bad[i]);
	ck_assert_int_eq(run("bench_control", NULL, "--cases=no/such", NULL), 3);
	ck_assert_int_eq(
		run("bench_control", NULL, "-n1", "-c50", "-l300", "-k", "right", "-o/no/such/directory/x", NULL), 2);
	ck_assert_int_eq(run("bench_control", NULL, "--help", NULL), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("bench");
	TCase *tc = tcase_create("harness");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 900); /* for a machine that stalls */
	tcase_add_test(tc, stats_odd);
	tcase_add_test(tc, stats_even_and_one);
	tcase_add_test(tc, ratios);
	tcase_add_test(tc, result_of_mixed_rounds);
	tcase_add_test(tc, patterns);
	tcase_add_loop_test(tc, wrong_results_are_found, 0, sizeof(sinner) / sizeof(*sinner));
	tcase_add_loop_test(tc, json_is_whole, 0, sizeof(whole) / sizeof(*whole));
	tcase_add_test(tc, append_keeps_what_is_there);
	tcase_add_test(tc, bad_command_lines);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
