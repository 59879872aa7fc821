/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * bench_ladder: why there are pools. The same thousand blocks from the system itself, from the mallocs, and from maar's
 * malloc, pool, mring and arena, as a table and, with -o, as a picture beside the JSON.
 */
#include "internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mallocs.h"

/* A contestant's param where it is no place in `mallocs`. */
#define NO_MALLOC MALLOCS_MOST

#define RUNG(name_, title_, bytes_)                                                                                    \
	{                                                                                                              \
		.name = name_, .title = title_, .set = BENCH_LADDER, .unit = BENCH_NS, .first = BENCH_NOBODY,          \
		.second = BENCH_NOBODY, .firsts = 1, .batch = 1, .bytes = bytes_                                       \
	}

static const struct bench_case cases[] = {
	RUNG("stack/64", "1000 blocks of 64 bytes taken, written, and given back", 64),
	RUNG("stack/1024", "1000 blocks of 1024 bytes taken, written, and given back", 1024),
};

/* A malloc is preloaded; what is none is a shape of another program, which has the contestant's name. */
static void run(const struct bench_contestant *me, const struct bench_case *c, const struct bench_options *o,
		struct bench_outcome *outcome)
{
	struct bench_case mine = *c;

	if (me->param != NO_MALLOC) {
		mallocs_run(mallocs_program(), me, c, o, outcome);
		return;
	}
	mine.name = me->name;
	mallocs_run(BENCH_BUILD "/bench/malloc_rungs", me, &mine, o, outcome);
}

/* ---- the picture --------------------------------------------------------------------------------------------------- */

static void plot_case(FILE *to, const json_t *one)
{
	const json_t *result;
	size_t i;

	json_array_foreach(json_object_get(one, "results"), i,
			   result) if (json_number_value(json_object_get(result, "median")) > 0)
		fprintf(to, "\"%s\" %g %g %g\n", json_string_value(json_object_get(result, "name")),
			json_number_value(json_object_get(result, "median")),
			json_number_value(json_object_get(result, "min")),
			json_number_value(json_object_get(result, "max")));
	fprintf(to, "e\n");
}

static void plot(FILE *to, const json_t *all, const char *terminal, const char *file)
{
	const json_t *one;
	size_t i;

	fprintf(to,
		"set terminal %s\nset output '%s'\nset logscale y\nset grid y\nset style fill solid 0.6\nset boxwidth 0.7\n"
		"set ylabel 'ns for a block, taken and given back (log)'\nset xtics rotate by -30\nset key off\n"
		"set multiplot layout 1,%zu\n",
		terminal, file, json_array_size(all));
	json_array_foreach(all, i, one)
	{
		fprintf(to,
			"set title \"%s\"\nplot '-' using 0:2:xtic(1) with boxes lc rgb '#3b6ea5', '-' using "
			"0:2:3:4 with yerrorbars lc rgb '#202020' pt 0, '-' using 0:2:(sprintf('%%.1f', $2)) with labels "
			"offset 0,0.7\n",
			json_string_value(json_object_get(one, "title")));
		plot_case(to, one);
		plot_case(to, one);
		plot_case(to, one);
	}
	fprintf(to, "unset multiplot\nunset output\n");
}

static void picture(json_t *program, const char *output)
{
	const json_t *all = json_object_get(program, "cases");
	char svg[4096], png[4096];
	const char *dot = output ? strrchr(output, '.') : NULL;
	const int stem = dot && !strchr(dot, '/') ? (int)(dot - output) : output ? (int)strlen(output) : 0;
	FILE *gnuplot;

	if (!output)
		return;
	if (system("command -v gnuplot >/dev/null 2>&1")) {
		printf("\npicture   none: gnuplot is missing (Debian package gnuplot-nox)\n");
		return;
	}
	snprintf(svg, sizeof(svg), "%.*s.svg", stem, output);
	snprintf(png, sizeof(png), "%.*s.png", stem, output);
	gnuplot = popen("gnuplot", "w");
	if (!gnuplot) {
		printf("\npicture   none: gnuplot cannot be started: %s\n", strerror(errno));
		return;
	}
	plot(gnuplot, all, "svg size 1200,500 background 'white'", svg);
	plot(gnuplot, all, "pngcairo size 1200,500", png);
	if (pclose(gnuplot))
		printf("\npicture   gnuplot failed\n");
	else
		printf("\npicture   %s, %s\n", svg, png);
}

int main(int argc, char **argv)
{
	static const struct bench_contestant brk = {
		.name = "brk", .peer = BENCH_MACHINE, .set = BENCH_LADDER, .param = NO_MALLOC
	};
	static const struct bench_contestant own[] = {
		{ .name = "pool", .peer = "maar", .set = BENCH_LADDER, .param = NO_MALLOC },
		{ .name = "mring", .peer = "maar", .set = BENCH_LADDER, .param = NO_MALLOC },
		{ .name = "arena", .peer = "maar", .set = BENCH_LADDER, .param = NO_MALLOC },
	};
	static struct bench_contestant rows[MALLOCS_MOST];
	static struct bench_missing missing[MALLOCS_MOST + 1];
	static struct bench_peer system_calls, mallocs_here, pools;
	static const struct bench_peer *const peers[] = { &system_calls, &mallocs_here, &pools, NULL };
	const struct bench_program program = {
		.name = "bench_ladder",
		.doc = "The ladder: blocks from the system, from mallocs, and from maar's pool, mring and arena.",
		.cases = cases,
		.n_cases = sizeof(cases) / sizeof(*cases),
		.peers = peers,
		.missing = missing,
		.run = run,
		.summary = picture,
	};
	size_t i, n = mallocs_find(rows, missing, BENCH_LADDER);

	/* from the bottom up: mallocs lists maar's first, and the system's last */
	for (i = 0; i < n / 2; i++) {
		const struct bench_contestant x = rows[i];

		rows[i] = rows[n - 1 - i];
		rows[n - 1 - i] = x;
	}
	system_calls = (struct bench_peer){ &brk, 1 };
	mallocs_here = (struct bench_peer){ rows, n };
	pools = (struct bench_peer){ own, sizeof(own) / sizeof(*own) };
	return bench_main(&program, argc, argv);
}
