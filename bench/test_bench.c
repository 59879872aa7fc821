/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The harness itself: its results as JSON against its own --list, and whether contestants that do wrong are found out.
 * bench/smoke.sh runs every contestant in every case; here the programs are run for a few. test_figures.c has the
 * arithmetic.
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
	{ "handles", "ok", NULL, 0, false },
	{ "unopened", "cannot", "opened", 1, false },
	{ "pool right", "ok", NULL, 0, false },
	{ "pool twice", "WRONG", "", 1, RACES }, /* which of its effects comes first depends on who runs when */
	{ "pool leaks", "WRONG", "missing", 1, false },
	{ "pool scribbles", "WRONG", "bytes", 1, false },
	{ "processes right", "ok", NULL, 0, false },
	{ "processes lose", "WRONG", "went in", 1, false },
	{ "processes reorder", "WRONG", "out of order", 1, false },
	{ "processes hang", "stalled", "within", 0, false },
	{ "processes die", "crashed", "signal 9", 1, false },
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
	ck_assert_int_eq(run("bench_control", NULL, "-n2", "-f", "control/1p1c,control/exchange,control/processes",
			     "-k", sinner[_i].name, count, output, ends ? "-l300" : "-l1", NULL),
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
	/* more of them, if the processors moved */
	ck_assert_uint_ge(json_array_size(rounds), 3);
	ck_assert_uint_le(json_array_size(rounds), 6);
	for (i = 0; i < json_array_size(rounds); i++)
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
		if (!strncmp(line, "missing", 7) || !strncmp(line, "target", 6))
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

/* Cases of every form; with MAAR_PROOF (make check-proof) for all contestants, else for some. */
static const struct {
	const char *program, *cases, *some;
	size_t least, least_of_some; /* results there are with no peer at all */
} whole[] = {
	{ "bench_ring", "--cases=limit/*,spsc/1p1c/1024,spsc/b*8/1024,mpmc/2p2c/1024,self/*,rtt/spsc,mpsc/4p1c/1024",
	  "--contestants=atomic add,*64 lines,* lap8 assume,ck_ring *", 60, 20 },
	{ "bench_ring", "--cases=mpmc/burst32/2p2c,rtt/asleep",
	  "--contestants=maar_batch*,maar_wait*,raw futex,rte_ring rts", 10, 4 },
	{ "bench_slot", "--cases=slot/64/64,slot/512/1024", "--contestants=*", 6, 6 },
	{ "bench_pool", "--cases=pair/64,bulk32/2048,cross/256,exchange/1p1c",
	  "--contestants=maar_pool*,maar_channel*,malloc*", 12, 12 },
};

START_TEST(json_is_whole)
{
	static const char *const machine[] = { "cpu", "kernel", "governor", "architecture", "time" };
	static const char *const build[] = { "maar", "commit", "compiler", "cflags", "cxxflags" };
	const bool proof = getenv("MAAR_PROOF") != NULL;
	const char *some = proof ? "--contestants=*" : whole[_i].some;
	char *path = temporary(), *list = temporary(), output[4096], count[32];
	json_t *all, *program;
	size_t i;

	snprintf(output, sizeof(output), "--output=%s", path);
	snprintf(count, sizeof(count), "--count=%d", COUNT);
	ck_assert_int_eq(run(whole[_i].program, list, whole[_i].cases, some, "--list", NULL), 0);
	ck_assert_int_eq(run(whole[_i].program, NULL, whole[_i].cases, some, "-n3", "-l300", count, output, NULL), 0);
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
	ck_assert_uint_ge(compare_with_list(list, member(program, "cases", JSON_ARRAY)),
			  proof ? whole[_i].least : whole[_i].least_of_some);
	unlink(list);
	free(list);
	json_decref(all);
}
END_TEST

/* Calls without success are counted apart, and neither timed nor taken for operations. */
START_TEST(refusals_are_counted_apart)
{
	static const char *const name[] = { "control/1p1c", "control/timed" };
	char *path = temporary(), output[4096], count[32];
	json_t *all, *program, *result, *round, *figures;

	snprintf(output, sizeof(output), "--output=%s", path);
	snprintf(count, sizeof(count), "--count=%d", COUNT);
	ck_assert_int_eq(
		run("bench_control", NULL, "-n1", "-k", "refuses", "-f", name[_i], count, output, "-l300", NULL), 0);
	all = load(path, 1);
	program = json_array_get(json_object_get(all, "programs"), 0);
	result = named(member(json_array_get(member(program, "cases", JSON_ARRAY), 0), "results", JSON_ARRAY),
		       "refuses");
	round = json_array_get(member(result, "rounds", JSON_ARRAY), 0);
	ck_assert_int_eq(json_integer_value(member(round, "operations", JSON_INTEGER)), COUNT);
	/* every second enqueue, in the warm-up as well as in what is measured */
	ck_assert_int_ge(json_integer_value(member(round, "failed", JSON_INTEGER)), COUNT - 1);
	figures = member(result, "figures", JSON_OBJECT);
	ck_assert_uint_eq(json_object_size(figures), _i ? BENCH_PEAK_MB - 1 : 0);
	/* its refusals take 100 us each and more, and what it takes does not */
	if (_i)
		ck_assert_double_lt(json_real_value(json_object_get(json_object_get(figures, "enqueue_p50"), "median")),
				    1e5);
	json_decref(all);
}
END_TEST

/* A queue that stands still until its run is abandoned has stalled all that time. */
START_TEST(standing_still_is_a_stall)
{
	char *path = temporary(), output[4096], count[32];
	json_t *all, *program, *result, *figures;

	snprintf(output, sizeof(output), "--output=%s", path);
	/* the warm-up, a tenth, ends before its 997th value */
	snprintf(count, sizeof(count), "--count=%d", 2 * COUNT);
	ck_assert_int_eq(
		run("bench_control", NULL, "-n1", "-k", "stops", "-f", "control/timed", count, output, "-l1", NULL), 0);
	all = load(path, 1);
	program = json_array_get(json_object_get(all, "programs"), 0);
	result = named(member(json_array_get(member(program, "cases", JSON_ARRAY), 0), "results", JSON_ARRAY), "stops");
	ck_assert_str_eq(json_string_value(member(result, "status", JSON_STRING)), "stalled");
	figures = member(result, "figures", JSON_OBJECT);
	ck_assert_double_gt(json_real_value(json_object_get(member(figures, "stalled_percent", JSON_OBJECT), "median")),
			    50);
	ck_assert_double_gt(json_real_value(json_object_get(member(figures, "longest_gap_us", JSON_OBJECT), "median")),
			    1e5);
	json_decref(all);
}
END_TEST

START_TEST(a_case_of_timed_calls)
{
	static const char *const key[] = { "enqueue_p50", "enqueue_p99",   "enqueue_p99_9",   "dequeue_p50",
					   "dequeue_p99", "dequeue_p99_9", "stalled_percent", "longest_gap_us" };
	char *path = temporary(), output[4096];
	json_t *all, *program, *results, *result, *figure;
	size_t i, k;

	snprintf(output, sizeof(output), "--output=%s", path);
	ck_assert_int_eq(run("bench_ring", NULL, "-f", "lat/mpmc/2p2c", "-k",
			     getenv("MAAR_PROOF") ? "*" : "*lap16*,rte*", "-n2", "-c4000", "-l300", output, NULL),
			 0);
	all = load(path, 1);
	program = json_array_get(json_object_get(all, "programs"), 0);
	results = member(json_array_get(member(program, "cases", JSON_ARRAY), 0), "results", JSON_ARRAY);
	ck_assert_uint_gt(json_array_size(results), 0);
	json_array_foreach(results, i, result)
	{
		double last = 0;

		for (k = 0; k < sizeof(key) / sizeof(*key); k++) {
			figure = member(member(result, "figures", JSON_OBJECT), key[k], JSON_OBJECT);
			if (k % 3 == 0)
				last = 0;
			/* percentiles rise */
			ck_assert_double_ge(json_real_value(json_object_get(figure, "median")), k < 6 ? last : 0);
			last = json_real_value(json_object_get(figure, "median"));
		}
	}
	json_decref(all);
}
END_TEST

/* A busy process beside it ends with the program, and is in the record. */
START_TEST(load_is_recorded)
{
	char *path = temporary(), output[4096];
	json_t *all, *program;

	snprintf(output, sizeof(output), "--output=%s", path);
	ck_assert_int_eq(run("bench_control", NULL, "-n1", "-c50", "-l300", "-k", "right", "--load=1", output, NULL),
			 0);
	all = load(path, 1);
	program = json_array_get(json_object_get(all, "programs"), 0);
	ck_assert_int_eq(json_integer_value(json_object_get(member(program, "settings", JSON_OBJECT), "load")), 1);
	ck_assert_int_eq(
		json_integer_value(json_object_get(json_array_get(member(program, "cases", JSON_ARRAY), 0), "load")),
		1);
	json_decref(all);
}
END_TEST

/* No target's patterns miss everything. */
START_TEST(targets_have_rows)
{
	static const char *const program[] = { "bench_ring", "bench_slot", "bench_ipc" };
	char *list = temporary(), line[512];
	unsigned n = 0;
	FILE *f;

	ck_assert_int_eq(run(program[_i], list, "--list", NULL), 0);
	f = fopen(list, "r");
	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof(line), f)) {
		if (strncmp(line, "target", 6))
			continue;
		ck_assert_msg(!strstr(line, ": 0 rows"), "%s", line);
		n++;
	}
	ck_assert_uint_gt(n, 0);
	fclose(f);
	unlink(list);
	free(list);
}
END_TEST

/* Each run between threads says how far apart the processors were; one thread has no distance. */
START_TEST(distance_is_recorded)
{
	static const char *const wish[] = { "most", "any", "near", "far" };
	char *path = temporary(), output[4096], distance[64];
	json_t *all, *cases, *one_case, *runs, *result, *round;
	size_t i, k;

	snprintf(output, sizeof(output), "--output=%s", path);
	snprintf(distance, sizeof(distance), "--distance=%s", wish[_i]);
	ck_assert_int_eq(run("bench_ring", NULL, "-n2", "-c50", "-l300", "-k", "maar_ring spsc lap8*", "-f",
			     "spsc/1p1c/1024,self/spsc", distance, output, NULL),
			 0);
	all = load(path, 1);
	cases = member(json_array_get(json_object_get(all, "programs"), 0), "cases", JSON_ARRAY);
	ck_assert_ptr_null(json_object_get(named(cases, "self/spsc"), "distance"));
	one_case = named(cases, "spsc/1p1c/1024");
	runs = member(member(one_case, "distance", JSON_OBJECT), "runs", JSON_OBJECT);
	json_array_foreach(member(one_case, "results", JSON_ARRAY), i, result)
	{
		member(result, "by_distance", JSON_OBJECT);
		json_array_foreach(member(result, "rounds", JSON_ARRAY), k, round)
		{
			json_t *one = member(round, "distance", JSON_STRING), *n;

			n = member(runs, json_string_value(one), JSON_INTEGER);
			json_integer_set(n, json_integer_value(n) - 1);
			if (strcmp(json_string_value(one), "unknown") != 0) {
				member(round, "distance_ns", JSON_REAL);
				member(round, "distance_ns_after", JSON_REAL);
			}
			ck_assert(json_is_boolean(json_object_get(round, "counts")));
			if (_i == 1)
				ck_assert(json_is_true(json_object_get(round, "counts")));
		}
		ck_assert_uint_le(k, _i == 1 ? 2 : 4);
	}
	ck_assert_int_eq(json_integer_value(member(runs, "near", JSON_INTEGER)), 0);
	ck_assert_int_eq(json_integer_value(member(runs, "far", JSON_INTEGER)), 0);
	ck_assert_int_eq(json_integer_value(member(runs, "unknown", JSON_INTEGER)), 0);
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
					   "--retry=never",
					   "--distance=here",
					   "--load=-1",
					   "--quick=1",
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

/* Whole programs as contestants: what they print arrives, in the units of the cases. */
START_TEST(programs_are_contestants)
{
	char *path = temporary(), output[4096];
	json_t *all, *cases, *pair, *small, *result;

	snprintf(output, sizeof(output), "--output=%s", path);
	ck_assert_int_eq(run("bench_malloc", NULL, "-k", "glibc", "-f", "pair/64,small/rss", "--rounds=2",
			     "--count=3000", "--limit=300", output, NULL),
			 0);
	all = load(path, 1);
	cases = member(json_array_get(json_object_get(all, "programs"), 0), "cases", JSON_ARRAY);
	pair = named(cases, "pair/64");
	ck_assert_str_eq(json_string_value(member(pair, "unit", JSON_STRING)), "ns");
	result = json_array_get(member(pair, "results", JSON_ARRAY), 0);
	ck_assert_str_eq(json_string_value(member(result, "status", JSON_STRING)), "ok");
	ck_assert(json_number_value(member(result, "median", JSON_REAL)) > 0);
	ck_assert_int_eq(json_integer_value(member(json_array_get(member(result, "rounds", JSON_ARRAY), 0),
						   "operations", JSON_INTEGER)),
			 3000);
	result = member(member(result, "figures", JSON_OBJECT), "peak_mb", JSON_OBJECT);
	ck_assert(json_number_value(member(result, "median", JSON_REAL)) > 0.5);
	small = named(cases, "small/rss");
	ck_assert_str_eq(json_string_value(member(small, "unit", JSON_STRING)), "MB");
	result = json_array_get(member(small, "results", JSON_ARRAY), 0);
	ck_assert(json_number_value(member(result, "median", JSON_REAL)) > 0.5);
	json_decref(all);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("bench");
	TCase *tc = tcase_create("harness");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 900); /* for a machine that stalls */
	tcase_add_loop_test(tc, wrong_results_are_found, 0, sizeof(sinner) / sizeof(*sinner));
	tcase_add_loop_test(tc, json_is_whole, 0, sizeof(whole) / sizeof(*whole));
	tcase_add_loop_test(tc, refusals_are_counted_apart, 0, 2);
	tcase_add_test(tc, standing_still_is_a_stall);
	tcase_add_test(tc, a_case_of_timed_calls);
	tcase_add_test(tc, load_is_recorded);
	tcase_add_loop_test(tc, targets_have_rows, 0, 3);
	tcase_add_loop_test(tc, distance_is_recorded, 0, 4);
	tcase_add_test(tc, append_keeps_what_is_there);
	tcase_add_test(tc, programs_are_contestants);
	tcase_add_test(tc, bad_command_lines);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
