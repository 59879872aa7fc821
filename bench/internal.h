/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * What the harness's own files share: options, the outcome of one run, the results of one case, statistics, reports.
 */
#ifndef BENCH_INTERNAL_H
#define BENCH_INTERNAL_H

#include <jansson.h>
#include <stdbool.h>

#include "harness.h"

/* ---- options (options.c) ----------------------------------------------------------------------------------------- */

enum bench_pin {
	BENCH_PIN_AUTO, /* a processor each, when there are enough of them */
	BENCH_PIN_YES,
	BENCH_PIN_NO,
};

/* Processors of the machine that can be named; more are not used. */
#define BENCH_MAX_CPUS 1024

struct bench_options {
	unsigned rounds;
	uint64_t time_ms, warmup_ms, limit_ms;
	uint64_t count; /* messages of each producer in the measured phase; 0: as many as time_ms allows */
	enum bench_pin pin;
	int cpus[BENCH_MAX_CPUS];
	unsigned n_cpus;
	const char *cases, *contestants; /* patterns; NULL: all */
	const char *output;		 /* JSON; NULL: none */
	bool append;			 /* add to the output instead of replacing it */
	bool list, quiet;
};

/* Fills *o from the command line; may end the program (--help, usage errors). */
void bench_options_parse(const struct bench_program *program, int argc, char **argv, struct bench_options *o);

/* True if a name matches one of a comma-separated list of shell patterns; everything matches NULL. */
bool bench_matches(const char *patterns, const char *name);

/* ---- one run (run.c) --------------------------------------------------------------------------------------------- */

/* In order of badness: the worst of the rounds is the result's. */
enum bench_status {
	BENCH_OK,
	BENCH_STALLED, /* did not end within the limit; the figure is its rate up to then */
	BENCH_CANNOT,  /* could not be set up here; no figure */
	BENCH_CRASHED, /* died; no figure */
	BENCH_WRONG,   /* messages lost, duplicated, reordered or changed; the figure is worth nothing */
};

struct bench_outcome {
	enum bench_status status;
	uint64_t done;	 /* successes in the measured phase */
	uint64_t failed; /* calls without one */
	uint64_t ns;	 /* how long it took */
	double value;	 /* in the case's unit */
	char text[200];	 /* what was wrong */
};

struct bench_setting {
	bool pinned;
	unsigned pauses; /* retries that pause before one that yields */
};

struct bench_setting bench_setting(const struct bench_case *c, const struct bench_options *o);

/* Runs a contestant once, in a process of its own, which is ended if it does not end. */
void bench_run(const struct bench_contestant *contestant, const struct bench_case *c, const struct bench_options *o,
	       struct bench_outcome *outcome);

const char *bench_status_name(enum bench_status status);

/* ---- statistics (stats.c) ---------------------------------------------------------------------------------------- */

struct bench_stats {
	double median, min, max;
	double mad; /* median of the distances from the median */
};

/* Of n > 0 values, in any order. */
struct bench_stats bench_stats(const double *values, size_t n);

/* How many times better a is than b, for a unit: above 1, a is the faster. 0 if there is no telling. */
double bench_ratio(enum bench_unit unit, double a, double b);

/* ---- results and reports (report.c, machine.c) ------------------------------------------------------------------- */

struct bench_result {
	const struct bench_contestant *contestant;
	struct bench_outcome *rounds;
	struct bench_stats stats;      /* of the rounds that have a figure */
	unsigned figures;	       /* how many have one */
	unsigned bad[BENCH_WRONG + 1]; /* rounds of each status */
	enum bench_status status;
	double failed_each; /* failed calls for each success */
};

/* Computes what follows from r->rounds[0 .. n). */
void bench_result_finish(struct bench_result *r, unsigned n);

void bench_report_table(const struct bench_case *c, const struct bench_options *o, const struct bench_result *r,
			size_t n);
json_t *bench_report_json(const struct bench_case *c, const struct bench_options *o, const struct bench_result *r,
			  size_t n);

json_t *bench_machine_json(const struct bench_options *o);
json_t *bench_build_json(void);
void bench_machine_print(const struct bench_options *o);

/* Writes or extends the file of results; 0 or -1 with a word on stderr. Takes `program` over. */
int bench_json_save(const char *path, bool append, json_t *program);

#endif
