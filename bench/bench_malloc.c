/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * bench_malloc: libmaar-malloc.so beside the mallocs that Debian packages, each preloaded into the same program
 * (bench/shapes), a process for each run. Of several programs that are no rings but whole mallocs, a summary: geometric
 * means of time and of peak memory, over the shapes.
 */
#include "internal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mallocs.h"

/* Pairs of an instruction count: two counts, so that what surrounds them falls out. */
#define FEW  2000
#define MANY 12000

/* A case is named SHAPE/..., after the shape that malloc_shapes knows. */
#define SHAPE(name_, title_, unit_, threads, batch_, bytes_)                                                           \
	{                                                                                                              \
		.name = name_, .title = title_, .set = BENCH_MALLOC, .unit = unit_, .first = BENCH_NOBODY,             \
		.second = BENCH_NOBODY, .firsts = threads, .batch = batch_, .bytes = bytes_                            \
	}

static const struct bench_case cases[] = {
	SHAPE("pair/64", "malloc and free in turn, 64 bytes", BENCH_NS, 1, 1, 64),
	SHAPE("pair/256", "malloc and free in turn, 256 bytes", BENCH_NS, 1, 1, 256),
	SHAPE("pair/2048", "malloc and free in turn, 2048 bytes", BENCH_NS, 1, 1, 2048),
	SHAPE("pair/16384", "malloc and free in turn, 16384 bytes", BENCH_NS, 1, 1, 16384),
	SHAPE("batch/64", "32 malloc, 32 free, 64 bytes", BENCH_NS, 1, 32, 64),
	SHAPE("batch/2048", "32 malloc, 32 free, 2048 bytes", BENCH_NS, 1, 32, 2048),
	SHAPE("remote/64", "A mallocs, B frees, 64 bytes", BENCH_NS, 2, 1, 64),
	SHAPE("remote/256", "A mallocs, B frees, 256 bytes", BENCH_NS, 2, 1, 256),
	SHAPE("remote/2048", "A mallocs, B frees, 2048 bytes", BENCH_NS, 2, 1, 2048),
	SHAPE("xmalloc/1", "1 thread mallocs batches of 4096, 1 frees them, 64 bytes", BENCH_NS, 1, 1, 64),
	SHAPE("xmalloc/2", "2 threads malloc, 2 free", BENCH_NS, 2, 1, 64),
	SHAPE("xmalloc/4", "4 threads malloc, 4 free", BENCH_NS, 4, 1, 64),
	SHAPE("xmalloc/8", "8 threads malloc, 8 free", BENCH_NS, 8, 1, 64),
	SHAPE("larson/1", "blocks of 8 to 1000 bytes replaced, left to a new thread, 1 thread", BENCH_NS, 1, 1, 1000),
	SHAPE("larson/2", "the same, 2 threads", BENCH_NS, 2, 1, 1000),
	SHAPE("larson/4", "the same, 4 threads", BENCH_NS, 4, 1, 1000),
	SHAPE("larson/8", "the same, 8 threads", BENCH_NS, 8, 1, 1000),
	SHAPE("mstress/1", "threads born each round, blocks exchanged, 1 thread", BENCH_NS, 1, 1, 65536),
	SHAPE("mstress/2", "the same, 2 threads", BENCH_NS, 2, 1, 65536),
	SHAPE("mstress/4", "the same, 4 threads", BENCH_NS, 4, 1, 65536),
	SHAPE("replace/1", "of 10000 blocks of 16 to 4096 bytes any is replaced, 1 thread", BENCH_NS, 1, 1, 4096),
	SHAPE("replace/2", "the same, 2 threads", BENCH_NS, 2, 1, 4096),
	SHAPE("replace/4", "the same, 4 threads", BENCH_NS, 4, 1, 4096),
	SHAPE("churn/1", "5000 blocks of 16 to 1024 bytes allocated, then freed, 1 thread", BENCH_NS, 1, 1, 1024),
	SHAPE("churn/2", "the same, 2 threads", BENCH_NS, 2, 1, 1024),
	SHAPE("churn/4", "the same, 4 threads", BENCH_NS, 4, 1, 1024),
	SHAPE("eight/1", "8 threads malloc, 1 frees late: 18 MB are out", BENCH_NS, 8, 1, 4096),
	SHAPE("start/true", "starts of /bin/true", BENCH_NS, 1, 1, 64),
	SHAPE("small/rss", "most memory of a program that hardly allocates", BENCH_MB, 1, 1, 64),
	SHAPE("idle/rss", "memory 2 s after 200 MB in 512-byte blocks were freed, all but one", BENCH_MB, 1, 1, 512),
	SHAPE("loss/average", "lost of log-uniform sizes, 16 bytes to 32 KiB, slab tails included", BENCH_PERCENT, 1, 1,
	      64),
	SHAPE("loss_worst/128", "lost of the worst size above 128 bytes, slab tails included", BENCH_PERCENT, 1, 1, 64),
	SHAPE("instructions/64", "instructions of malloc, free and 9 around them, 64 bytes", BENCH_INSTRUCTIONS, 1, 1,
	      64),
	SHAPE("instructions/2048", "the same, 2048 bytes", BENCH_INSTRUCTIONS, 1, 1, 2048),
};

#define AT_MOST(cases_, bound_)                                                                                        \
	{                                                                                                              \
		.cases = cases_, .ours = "maar", .against = "mimalloc", .figure = BENCH_VALUE,                         \
		.aim = BENCH_AT_MOST_TIMES, .bound = bound_                                                            \
	}
#define PEAK(cases_, bound_)                                                                                           \
	{                                                                                                              \
		.cases = cases_, .ours = "maar", .against = "mimalloc", .figure = BENCH_PEAK_MB,                       \
		.aim = BENCH_AT_MOST_TIMES, .bound = bound_                                                            \
	}
#define ABSOLUTE(cases_, figure_, bound_)                                                                              \
	{                                                                                                              \
		.cases = cases_, .ours = "maar", .figure = figure_, .aim = BENCH_AT_MOST, .bound = bound_              \
	}

/* A rate of 2.5 times is a time of 0.4. */
static const struct bench_target targets[] = {
	AT_MOST("pair/64", 0.7),
	AT_MOST("batch/64", 0.85),
	AT_MOST("pair/2048", 0.35),
	AT_MOST("remote/64,remote/256", 0.4),
	AT_MOST("remote/2048", 1.0 / 3),
	AT_MOST("xmalloc/*", 0.75),
	AT_MOST("larson/*", 0.9),
	AT_MOST("churn/*,replace/*,mstress/*", 1.0),
	PEAK("larson/*", 0.8),
	AT_MOST("small/rss", 1.0),
	ABSOLUTE("eight/1", BENCH_PEAK_MB, 28),
	ABSOLUTE("idle/rss", BENCH_VALUE, 20),
	ABSOLUTE("loss/average", BENCH_VALUE, 5),
	ABSOLUTE("loss_worst/128", BENCH_VALUE, 13),
	ABSOLUTE("instructions/64", BENCH_VALUE, 50 + 9),
	{ .cases = "start/true", .ours = "maar", .against = "glibc", .aim = BENCH_AT_MOST_TIMES, .bound = 1.0 },
};

/* ---- instructions -------------------------------------------------------------------------------------------------- */

/* Of a program under callgrind; 0: it did not say. */
static double instructions_of(const struct bench_contestant *me, const struct bench_case *c, unsigned count)
{
	char bytes[32], counted[32], text[8192];
	const char *argv[] = { "valgrind",
			       "--tool=callgrind",
			       "--callgrind-out-file=/dev/null",
			       mallocs_program(),
			       "pair",
			       bytes,
			       counted,
			       NULL };
	const char *at;

	snprintf(bytes, sizeof(bytes), "bytes=%zu", c->bytes);
	snprintf(counted, sizeof(counted), "count=%u", count);
	if (bench_program_run(argv, mallocs[me->param].preload, 120000, text, sizeof(text)))
		return 0;
	at = strstr(text, "Collected : ");
	return at ? strtod(at + strlen("Collected : "), NULL) : 0;
}

static void count_instructions(const struct bench_contestant *me, const struct bench_case *c,
			       struct bench_outcome *outcome)
{
	const double few = instructions_of(me, c, FEW), many = few > 0 ? instructions_of(me, c, MANY) : 0;
	int f;

	memset(outcome, 0, sizeof(*outcome));
	for (f = 0; f < BENCH_FIGURES; f++)
		outcome->figure[f] = -1;
	outcome->done = MANY - FEW;
	if (many > few) {
		outcome->figure[BENCH_VALUE] = (many - few) / (MANY - FEW);
		return;
	}
	outcome->status = BENCH_CANNOT;
	snprintf(outcome->text, sizeof(outcome->text),
		 "no count by valgrind --tool=callgrind (Debian package valgrind)");
}

static void run(const struct bench_contestant *me, const struct bench_case *c, const struct bench_options *o,
		struct bench_outcome *outcome)
{
	if (!strncmp(c->name, "instructions/", 13))
		count_instructions(me, c, outcome);
	else
		mallocs_run(mallocs_program(), me, c, o, outcome);
}

/* ---- over all shapes ----------------------------------------------------------------------------------------------- */

/* A figure of a contestant in a case; 0: it has none. */
static double figure_in(const json_t *one, const char *name, bool peak)
{
	const json_t *result;
	size_t i;

	json_array_foreach(json_object_get(one, "results"), i, result)
	{
		if (strcmp(json_string_value(json_object_get(result, "name")), name) != 0)
			continue;
		if (peak)
			result = json_object_get(json_object_get(result, "figures"), "peak_mb");
		return json_number_value(json_object_get(result, "median"));
	}
	return 0;
}

/* The geometric mean of a contestant's ratios to mimalloc, over the shapes that both have; *n is how many. */
static double mean_of(const json_t *all, const char *name, bool peak, unsigned *n)
{
	const json_t *one;
	double sum = 0;
	size_t i;

	*n = 0;
	json_array_foreach(all, i, one)
	{
		const char *unit = json_string_value(json_object_get(one, "unit"));
		const double ours = figure_in(one, name, peak), theirs = figure_in(one, "mimalloc", peak);

		if (strcmp(unit, "ns") != 0 || !strncmp(json_string_value(json_object_get(one, "name")), "start/", 6) ||
		    !(ours > 0) || !(theirs > 0))
			continue;
		sum += log(ours / theirs);
		++*n;
	}
	return *n ? exp(sum / *n) : 0;
}

static void summary(json_t *program, const char *output)
{
	static const double time_bound = 0.80, peak_bound = 0.85;
	json_t *means = json_object();
	unsigned i, n_time, n_peak;

	(void)output;
	printf("\ngeometric means over the shapes, ratios to mimalloc\n    %-12s %8s %8s\n", "", "time", "peak MB");
	for (i = 0; i < mallocs_n; i++) {
		const char *name = mallocs[i].name;
		const json_t *all = json_object_get(program, "cases");
		const double time = mean_of(all, name, false, &n_time), peak = mean_of(all, name, true, &n_peak);

		if (!n_time)
			continue;
		printf("    %-12s %8.3f %8.3f  of %u shapes", name, time, peak, n_time);
		if (!strcmp(name, "maar"))
			printf("  [time <= %.2f: %s] [peak MB <= %.2f: %s]", time_bound,
			       time <= time_bound ? "met" : "MISSED", peak_bound,
			       peak <= peak_bound ? "met" : "MISSED");
		printf("\n");
		json_object_set_new(means, name,
				    json_pack("{s:f, s:f, s:i}", "time", time, "peak_mb", peak, "shapes", (int)n_time));
	}
	json_object_set_new(program, "geometric_means", means);
}

int main(int argc, char **argv)
{
	static struct bench_contestant rows[MALLOCS_MOST];
	static struct bench_missing missing[MALLOCS_MOST + 1];
	static struct bench_peer peer;
	static const struct bench_peer *const peers[] = { &peer, NULL };
	const struct bench_program program = {
		.name = "bench_malloc",
		.doc = "Measures libmaar-malloc.so beside the mallocs of other projects, each preloaded into one program.",
		.cases = cases,
		.n_cases = sizeof(cases) / sizeof(*cases),
		.peers = peers,
		.missing = missing,
		.targets = targets,
		.n_targets = sizeof(targets) / sizeof(*targets),
		.run = run,
		.summary = summary,
	};

	peer.n = mallocs_find(rows, missing, BENCH_MALLOC);
	peer.contestant = rows;
	return bench_main(&program, argc, argv);
}
