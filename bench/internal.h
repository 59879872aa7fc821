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

/* What a thread does between two tries of a call that found the ring full or empty. */
enum bench_retry {
	BENCH_RETRY_AUTO, /* PAUSE if each thread has a processor, else YIELD */
	BENCH_RETRY_SPIN, /* nothing */
	BENCH_RETRY_PAUSE,
	BENCH_RETRY_PAUSE8,
	BENCH_RETRY_YIELD, /* 8 times 8 pauses, then give the processor away */
	BENCH_RETRIES,
};

/* Which runs of a case with several threads count: see distance.c. */
enum bench_wish {
	BENCH_WISH_MOST, /* of the kind of which there are enough first */
	BENCH_WISH_ANY,	 /* all */
	BENCH_WISH_NEAR,
	BENCH_WISH_FAR,
	BENCH_WISHES,
};

/* Processors of the machine that can be named; more are not used. */
#define BENCH_MAX_CPUS 1024

struct bench_options {
	unsigned rounds;
	uint64_t time_ms, warmup_ms, limit_ms;
	uint64_t count; /* messages of each producer in the measured phase; 0: as many as time_ms allows */
	bool pin_said;	/* on the command line: then it holds for all cases */
	enum bench_pin pin;
	enum bench_retry retry;
	enum bench_wish distance;
	unsigned load; /* busy processes beside the threads that are measured */
	int cpus[BENCH_MAX_CPUS];
	unsigned n_cpus;
	const char *cases, *contestants; /* patterns; NULL: all */
	const char *only;		 /* a pattern that any part of a case's name may match; NULL: all */
	const char *output;		 /* JSON; NULL: none */
	char *words;			 /* the command line */
	bool append;			 /* add to the output instead of replacing it */
	bool list, quiet;
};

/* Fills *o from the command line; may end the program (--help, usage errors). */
void bench_options_parse(const struct bench_program *program, int argc, char **argv, struct bench_options *o);

/* True if a name matches one of a comma-separated list of shell patterns; everything matches NULL. */
bool bench_matches(const char *patterns, const char *name);

/* The same, where a pattern may match any part of the name. */
bool bench_matches_part(const char *patterns, const char *name);

/* For the report; as --retry takes it, but "auto" is never what is done. */
const char *bench_retry_name(enum bench_retry retry);

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
	double figure[BENCH_FIGURES];
	char text[200]; /* what was wrong */
};

struct bench_setting {
	bool pinned;
	enum bench_retry retry; /* never AUTO */
	unsigned relax, pauses; /* as in struct bench_worker */
	unsigned load;
};

struct bench_setting bench_setting(const struct bench_case *c, const struct bench_options *o);

/* Runs a contestant once, in a process of its own, which is ended if it does not end. */
void bench_run(const struct bench_contestant *contestant, const struct bench_case *c, const struct bench_options *o,
	       struct bench_outcome *outcome);

const char *bench_status_name(enum bench_status status);

/* ---- a program as a contestant (program.c) ------------------------------------------------------------------------ */

/*
 * Runs argv with a library preloaded (NULL: none), until it ends or its patience does; what it prints, on stdout and on
 * stderr, is in `text`, ended by a zero. Returns its wait status.
 */
int bench_program_run(const char *const *argv, const char *preload, uint64_t patience_ms, char *text, size_t bytes);

/*
 * Runs it, and reads of its last line an object: "ops" and "ns", or "value", and if they are there "peak_kb", and
 * "wrong", which says what was.
 */
void bench_program_outcome(const char *const *argv, const char *preload, const struct bench_case *c,
			   const struct bench_options *o, struct bench_outcome *outcome);

/* True if calls are timed in a case. */
bool bench_is_timed(const struct bench_case *c);

/* ---- a third load (load.c) --------------------------------------------------------------------------------------- */

#define BENCH_MAX_LOAD 64

/* Has `n` processes compute beside what is measured, from now on: adds to or ends those there are. */
void bench_load(unsigned n);

/* Stops them, or lets them go on. */
void bench_load_pause(bool pause);

/* ---- statistics (stats.c) ---------------------------------------------------------------------------------------- */

struct bench_stats {
	double median, min, max;
	double mad; /* median of the distances from the median */
	unsigned n; /* values; 0: all of this means nothing */
};

/* Of n > 0 values, in any order. */
struct bench_stats bench_stats(const double *values, size_t n);

/* How many times better a is than b, for a unit: above 1, a is the faster. 0 if there is no telling. */
double bench_ratio(enum bench_unit unit, double a, double b);

/* ---- durations (timing.c) ---------------------------------------------------------------------------------------- */

struct bench_timing;

/* Nanoseconds of a tick of bench_ticks. The first call takes 10 ms. */
double bench_tick_ns(void);

/* Ticks that `percent` of the calls in a histogram (struct bench_timing, steps) did not exceed; -1: there are none. */
double bench_percentile(const uint64_t *steps, double percent);

struct bench_stall {
	double percent;	      /* of the time from the first success of all consumers to their last */
	double longest_ticks; /* 0: no gap was long enough */
};

/*
 * The time in which no consumer took anything for gap_ticks or more. `until` is the end of the time if that is later
 * than the last success: a run that was abandoned stood still. Both figures -1: there is no telling.
 */
struct bench_stall bench_stall(const struct bench_timing *const *consumers, size_t n, uint64_t until);

/* ---- how far apart the processors are (distance.c) --------------------------------------------------------------- */

/*
 * A line that goes there and back between two processors in less than this stayed in a cache that they share. Where the
 * host moved the processors of a virtual machine about, it took 75 to 105 ns on one core and 320 to 770 between two;
 * this is about as many times the one as the other is of it.
 */
#define BENCH_NEAR_NS 200

/*
 * Nanoseconds that a cache line takes there and back between the first two processors used, lower quartile of short
 * runs; 0: there is one alone, or they were too busy. Takes 1 to 4 ms. The busy processes stand still meanwhile.
 */
double bench_probe(const struct bench_options *o);

/* True if it matters in a case: it has several threads. */
bool bench_has_distance(const struct bench_case *c);

enum bench_distance {
	BENCH_UNKNOWN,
	BENCH_NEAR,
	BENCH_FAR,
	BENCH_DISTANCES,
};

/* Of a run. */
struct bench_probe {
	double ns[2]; /* before it and after it; 0: could not be told */
	enum bench_distance distance;
	bool counts; /* its figures are in the medians */
};

/* Which of the runs of a case count. */
struct bench_choice {
	unsigned rounds, enough;
	unsigned runs[BENCH_DISTANCES];	 /* of each kind, all contestants together */
	unsigned least[BENCH_DISTANCES]; /* of the contestant that has the fewest of them */
	enum bench_distance distance;	 /* the kind that counts */
	unsigned counted;		 /* runs that count */
	bool all;			 /* all do, whatever they are */
	bool mixed;			 /* and they are of several kinds */
	bool done;			 /* no more rounds are needed, or there were as many as there may be */
};

struct bench_result;

/*
 * Says of the runs of `rounds` rounds of n contestants, by their ns, of which kind each is and whether it counts: those
 * of the kind of which all contestants have `enough` first. Twice as many rounds are made at most.
 */
struct bench_choice bench_choose(struct bench_result *r, size_t n, unsigned rounds, unsigned enough,
				 enum bench_wish wish);

/* The distance in the runs that count, if they are of one kind and it is known, else 0. */
double bench_choice_ns(const struct bench_choice *c, const struct bench_result *r, size_t n);

/* Says in a few words how far apart the processors were, and what was left out. */
void bench_choice_text(const struct bench_choice *c, const struct bench_result *r, size_t n, char *text, size_t bytes);

const char *bench_distance_name(enum bench_distance distance);
const char *bench_wish_name(enum bench_wish wish);

/* ---- results and reports (report.c, machine.c) ------------------------------------------------------------------- */

struct bench_result {
	const struct bench_contestant *contestant;
	struct bench_outcome *rounds;
	struct bench_probe *probes;		 /* of each round; NULL: all count */
	struct bench_stats stats[BENCH_FIGURES]; /* of the rounds that count and have a figure */
	unsigned bad[BENCH_WRONG + 1];		 /* rounds of each status, of all of them */
	enum bench_status status;		 /* the worst of all rounds: a wrong one is never left out */
	double failed_each;			 /* failed calls for each success, in rounds that count */
};

/* True if the figures of a round are in the medians. */
bool bench_counts(const struct bench_result *r, unsigned round);

/* Computes what follows from r->rounds[0 .. n), and from which of them count. */
void bench_result_finish(struct bench_result *r, unsigned n);

/* All results of a case. */
struct bench_table {
	const struct bench_program *program;
	const struct bench_case *c;
	const struct bench_options *o;
	const struct bench_result *r;
	size_t n;
	struct bench_choice choice;
};

void bench_report_table(const struct bench_table *t);
json_t *bench_report_json(const struct bench_table *t);

json_t *bench_machine_json(const struct bench_options *o);
json_t *bench_build_json(void);
void bench_machine_print(const struct bench_options *o);

/* ---- targets (target.c) ------------------------------------------------------------------------------------------ */

bool bench_is_ours(const struct bench_result *r);

/* True if a result has a figure that may stand in a ratio. */
bool bench_has_figure(const struct bench_result *r, enum bench_figure figure);

/*
 * The best, by a figure, of the contestants that match `against` (NULL: all but our own and the machine), and
 * are FIFO in this case; NULL if there is none.
 */
const struct bench_result *bench_best(const struct bench_table *t, const char *against, enum bench_figure figure);

/* What came of a target for one result. */
struct bench_verdict {
	const struct bench_target *target;
	const struct bench_result *against; /* NULL: an absolute figure, or nobody to be held against */
	double reached;			    /* ratio of medians, or the figure */
	double min, max;		    /* of the ratios of each round, or of the figure */
	bool known, met;
	enum bench_distance distance; /* of the processors; BENCH_UNKNOWN, too, if that changed or does not matter */
};

/* Judges result r by target k of the program. False: it is not meant. */
bool bench_judge(const struct bench_table *t, const struct bench_result *r, size_t k, struct bench_verdict *v);

/* Says a verdict in a few words, as ">= 2.50x ck_ring spsc: 2.71 (2.60-2.83) met, near". */
void bench_verdict_text(const struct bench_verdict *v, char *text, size_t bytes);
json_t *bench_verdict_json(const struct bench_verdict *v);

/* Writes or extends the file of results; 0 or -1 with a word on stderr. Takes `program` over. */
int bench_json_save(const char *path, bool append, json_t *program);

#endif
