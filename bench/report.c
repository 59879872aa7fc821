/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Results for people, the table of a case; and for programs, JSON with all rounds, which bench/report/ makes a page of.
 */
#include "internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Of the file's form; a reader refuses what it does not know. */
#define FORMAT 1

/* Width of the longest contestant's name and a little. */
#define NAME_WIDTH 36

/* Their JSON names, but for the first, which is the result's own median. */
static const char *const figure_key[BENCH_FIGURES] = { "value",		"enqueue_p50",	   "enqueue_p99",
						       "enqueue_p99_9", "dequeue_p50",	   "dequeue_p99",
						       "dequeue_p99_9", "stalled_percent", "longest_gap_us",
						       "peak_mb",	"calls_a_million" };

static const char *unit_name(enum bench_unit unit)
{
	static const char *const name[BENCH_UNITS] = { "M/s", "ns", "MB", "%", "instructions" };

	return name[unit];
}

static bool is_machine(const struct bench_result *r)
{
	return !strcmp(r->contestant->peer, BENCH_MACHINE);
}

/* ---- for people -------------------------------------------------------------------------------------------------- */

static void print_status(const struct bench_table *t, const struct bench_result *r)
{
	unsigned i;

	for (i = BENCH_STALLED; i <= BENCH_WRONG; i++)
		if (r->bad[i])
			printf("  %s %u of %u", bench_status_name((enum bench_status)i), r->bad[i], t->choice.rounds);
	for (i = 0; i < t->choice.rounds; i++)
		if (r->rounds[i].status == r->status && r->status > BENCH_STALLED) {
			printf(": %s", r->rounds[i].text);
			break;
		}
	if (r->contestant->note)
		printf("  (%s)", r->contestant->note);
}

static void print_verdicts(const struct bench_table *t, const struct bench_result *r)
{
	struct bench_verdict v;
	char text[200];
	size_t k;

	for (k = 0; k < t->program->n_targets; k++) {
		if (!bench_judge(t, r, k, &v))
			continue;
		bench_verdict_text(&v, text, sizeof(text));
		printf("  [%s]", text);
	}
}

/* A median, and its range over the rounds. */
static void print_figure(const struct bench_result *r, enum bench_figure figure, int digits)
{
	const struct bench_stats *s = &r->stats[figure];

	if (bench_has_figure(r, figure))
		printf(" %9.*f %9.*f %9.*f", digits, s->median, digits, s->min, digits, s->max);
	else
		printf(" %9s %9s %9s", "-", "-", "-");
}

static void print_row(const struct bench_table *t, const struct bench_result *r, const struct bench_result *best)
{
	const double ratio =
		best && bench_has_figure(r, BENCH_VALUE)
			? bench_ratio(t->c->unit, r->stats[BENCH_VALUE].median, best->stats[BENCH_VALUE].median)
			: 0;

	printf("  %c %-*s", r == best ? '*' : bench_is_ours(r) ? '+' : ' ', NAME_WIDTH, r->contestant->name);
	print_figure(r, BENCH_VALUE, t->c->unit == BENCH_MOPS ? 2 : 1);
	if (bench_has_figure(r, BENCH_VALUE))
		printf(" %9.2f", r->failed_each);
	else
		printf(" %9s", "-");
	printf(" %6s", bench_retry_name(bench_setting(t->c, t->o).retry));
	if (ratio > 0 && !is_machine(r))
		printf(" %6.*f", ratio < 100 ? 2 : 0, ratio);
	else
		printf(" %6s", "-");
	if (bench_has_figure(r, BENCH_PEAK_MB))
		printf("  peak %.1f MB", r->stats[BENCH_PEAK_MB].median);
	if (bench_has_figure(r, BENCH_CALLS))
		printf("  %.0f system calls a million", r->stats[BENCH_CALLS].median);
	print_status(t, r);
	print_verdicts(t, r);
	printf("\n");
}

/* Two lines: producers' calls and, with what the queue did as a whole, the consumers'. */
static void print_timed_row(const struct bench_table *t, const struct bench_result *r)
{
	printf("  %c %-*s enq", bench_is_ours(r) ? '+' : ' ', NAME_WIDTH, r->contestant->name);
	print_figure(r, BENCH_PUT_P50, 0);
	print_figure(r, BENCH_PUT_P99, 0);
	print_figure(r, BENCH_PUT_P999, 0);
	printf(" |");
	print_figure(r, BENCH_STALLED_PERCENT, 2);
	printf(" %6s", bench_retry_name(bench_setting(t->c, t->o).retry));
	print_status(t, r);
	print_verdicts(t, r);
	printf("\n    %-*s deq", NAME_WIDTH, "");
	print_figure(r, BENCH_TAKE_P50, 0);
	print_figure(r, BENCH_TAKE_P99, 0);
	print_figure(r, BENCH_TAKE_P999, 0);
	printf(" |");
	print_figure(r, BENCH_LONGEST_GAP, 0);
	printf("\n");
}

void bench_report_table(const struct bench_table *t)
{
	static const char spread[] = "    median       min       max";
	const struct bench_setting s = bench_setting(t->c, t->o);
	const struct bench_result *best = bench_best(t, NULL, BENCH_VALUE);
	char text[300];
	size_t i;

	printf("\n%s: %s; %s", t->c->name, t->c->title, s.pinned ? "pinned" : "not pinned");
	if (s.load)
		printf("; beside %u busy processes", s.load);
	if (bench_has_distance(t->c)) {
		bench_choice_text(&t->choice, t->r, t->n, text, sizeof(text));
		printf("; %s", text);
	}
	if (bench_is_timed(t->c)) {
		printf("\n    %-*s     %30s%30s%30s | enq: stalled %%, deq: longest gap, us\n", NAME_WIDTH, "ns a call",
		       "p50", "p99", "p99.9");
		printf("    %-*s    %s%s%s |%s  retry\n", NAME_WIDTH, "", spread, spread, spread, spread);
	} else {
		printf("\n    %s, %-*s%s failed/ok  retry x best\n", unit_name(t->c->unit),
		       NAME_WIDTH - 2 - (int)strlen(unit_name(t->c->unit)),
		       t->c->unit == BENCH_MOPS ? "more is better" : "less is better", spread);
	}
	for (i = 0; i < t->n; i++)
		if (bench_is_timed(t->c))
			print_timed_row(t, &t->r[i]);
		else
			print_row(t, &t->r[i], best);
	fflush(stdout);
}

/* ---- for programs ------------------------------------------------------------------------------------------------ */

/* How far apart the processors were before and after a round, of what kind that makes it, and whether it counts. */
static void set_probe(json_t *j, const struct bench_probe *p)
{
	json_object_set_new(j, "distance", json_string(bench_distance_name(p->distance)));
	if (p->ns[0] > 0)
		json_object_set_new(j, "distance_ns", json_real(p->ns[0]));
	if (p->ns[1] > 0)
		json_object_set_new(j, "distance_ns_after", json_real(p->ns[1]));
	json_object_set_new(j, "counts", json_boolean(p->counts));
}

static json_t *round_json(const struct bench_table *t, const struct bench_outcome *out, const struct bench_probe *p)
{
	json_t *j = json_pack("{s:s, s:I, s:I, s:I}", "status", bench_status_name(out->status), "operations",
			      (json_int_t)out->done, "failed", (json_int_t)out->failed, "ns", (json_int_t)out->ns);
	unsigned f;

	for (f = 0; f < BENCH_FIGURES && out->status <= BENCH_STALLED; f++)
		if (out->figure[f] >= 0)
			json_object_set_new(j, figure_key[f], json_real(out->figure[f]));
	if (out->text[0])
		json_object_set_new(j, "text", json_string(out->text));
	if (bench_has_distance(t->c))
		set_probe(j, p);
	return j;
}

static void set_stats(json_t *j, const struct bench_stats *s)
{
	json_object_set_new(j, "median", json_real(s->median));
	json_object_set_new(j, "min", json_real(s->min));
	json_object_set_new(j, "max", json_real(s->max));
	json_object_set_new(j, "mad", json_real(s->mad));
}

/* The figures of the rounds of one kind, whether or not they count; NULL: there are none. */
static json_t *kind_json(const struct bench_table *t, const struct bench_result *x, enum bench_distance distance)
{
	const unsigned n = t->choice.rounds;
	struct bench_probe *probes = calloc(n + 1, sizeof(*probes));
	struct bench_result r = { .contestant = x->contestant, .rounds = x->rounds, .probes = probes };
	json_t *j = NULL;
	unsigned i;

	if (!probes)
		abort(); /* a few dozen bytes */
	for (i = 0; i < n; i++)
		probes[i].counts = x->probes[i].distance == distance;
	bench_result_finish(&r, n);
	if (bench_has_figure(&r, BENCH_VALUE)) {
		j = json_object();
		set_stats(j, &r.stats[BENCH_VALUE]);
		json_object_set_new(j, "rounds", json_integer(r.stats[BENCH_VALUE].n));
	}
	free(probes);
	return j;
}

/* What kinds of runs there were, and which count. */
static json_t *distance_json(const struct bench_table *t)
{
	const struct bench_choice *c = &t->choice;
	const double ns = bench_choice_ns(c, t->r, t->n);
	json_t *j, *runs = json_object();
	char text[300];
	unsigned i;

	for (i = 0; i < BENCH_DISTANCES; i++)
		json_object_set_new(runs, bench_distance_name((enum bench_distance)i), json_integer(c->runs[i]));
	bench_choice_text(c, t->r, t->n, text, sizeof(text));
	j = json_pack("{s:s, s:s, s:i, s:i, s:o}", "counts", c->mixed ? "any" : bench_distance_name(c->distance),
		      "text", text, "rounds", (int)c->rounds, "runs_counted", (int)c->counted, "runs", runs);
	if (ns > 0)
		json_object_set_new(j, "ns", json_real(ns));
	return j;
}

/* What further members a result has: spreads, figures of timed calls, targets. */
static void add_figures(const struct bench_table *t, const struct bench_result *r, json_t *j)
{
	json_t *figures = json_object(), *targets = json_array(), *kinds = json_object(), *one;
	struct bench_verdict v;
	unsigned f;
	size_t k;

	if (r->stats[BENCH_VALUE].n)
		set_stats(j, &r->stats[BENCH_VALUE]);
	for (f = BENCH_VALUE + 1; f < BENCH_FIGURES; f++) {
		if (!r->stats[f].n)
			continue;
		one = json_object();
		set_stats(one, &r->stats[f]);
		json_object_set_new(figures, figure_key[f], one);
	}
	for (k = 0; k < t->program->n_targets; k++)
		if (bench_judge(t, r, k, &v))
			json_array_append_new(targets, bench_verdict_json(&v));
	json_object_set_new(j, "figures", figures);
	json_object_set_new(j, "targets", targets);
	if (r->contestant->note)
		json_object_set_new(j, "note", json_string(r->contestant->note));
	for (k = 0; k < BENCH_DISTANCES && bench_has_distance(t->c); k++) {
		one = kind_json(t, r, (enum bench_distance)k);
		if (one)
			json_object_set_new(kinds, bench_distance_name((enum bench_distance)k), one);
	}
	json_object_set_new(j, "by_distance", kinds);
}

static json_t *result_json(const struct bench_table *t, const struct bench_result *x)
{
	const struct bench_result *best = bench_best(t, NULL, BENCH_VALUE);
	json_t *rounds = json_array(), *ratios = json_object(), *j;
	size_t i;

	for (i = 0; i < t->choice.rounds; i++)
		json_array_append_new(rounds, round_json(t, &x->rounds[i], &x->probes[i]));
	for (i = 0; i < t->n; i++)
		if (bench_is_ours(&t->r[i]) && &t->r[i] != x && bench_has_figure(x, BENCH_VALUE) &&
		    bench_has_figure(&t->r[i], BENCH_VALUE))
			json_object_set_new(ratios, t->r[i].contestant->name,
					    json_real(bench_ratio(t->c->unit, t->r[i].stats[BENCH_VALUE].median,
								  x->stats[BENCH_VALUE].median)));
	j = json_pack("{s:s, s:s, s:s, s:s, s:s, s:i, s:f, s:o, s:o}", "name", x->contestant->name, "peer",
		      x->contestant->peer, "order", x->contestant->order == BENCH_FIFO ? "fifo" : "fifo per producer",
		      "status", bench_status_name(x->status), "retry",
		      bench_retry_name(bench_setting(t->c, t->o).retry), "value_bits",
		      x->contestant->set & BENCH_HANDLES ? 32 : 64, "failed_per_success", x->failed_each, "faster",
		      ratios, "rounds", rounds);
	if (best && bench_has_figure(x, BENCH_VALUE))
		json_object_set_new(j, "over_best_peer",
				    json_real(bench_ratio(t->c->unit, x->stats[BENCH_VALUE].median,
							  best->stats[BENCH_VALUE].median)));
	add_figures(t, x, j);
	return j;
}

json_t *bench_report_json(const struct bench_table *t)
{
	const struct bench_case *c = t->c;
	const struct bench_setting s = bench_setting(c, t->o);
	const struct bench_result *best = bench_best(t, NULL, BENCH_VALUE);
	const bool pair = c->second != BENCH_NOBODY && c->second != BENCH_PONG;
	json_t *results = json_array(), *j;
	size_t i;

	for (i = 0; i < t->n; i++)
		json_array_append_new(results, result_json(t, &t->r[i]));
	j = json_pack("{s:s, s:s, s:s, s:s, s:i, s:i, s:i, s:i, s:I, s:I, s:b, s:s, s:i, s:i, s:i, s:s?, s:o}", "name",
		      c->name, "title", c->title, "unit", unit_name(c->unit), "better",
		      c->unit == BENCH_MOPS ? "more" : "less", "threads", (int)(c->firsts + c->seconds), "producers",
		      pair ? (int)c->firsts : 0, "consumers", pair ? (int)c->seconds : 0, "batch", (int)c->batch,
		      "capacity", (json_int_t)c->capacity, "bytes", (json_int_t)c->bytes, "pinned", (int)s.pinned,
		      "retry", bench_retry_name(s.retry), "pauses_a_retry", (int)s.relax, "retries_before_yield",
		      (int)s.pauses, "load", (int)s.load, "best_peer", best ? best->contestant->name : NULL, "results",
		      results);
	if (bench_has_distance(c))
		json_object_set_new(j, "distance", distance_json(t));
	return j;
}

/* The programs of an existing file, or none. */
static json_t *existing(const char *path)
{
	json_error_t error;
	json_t *all, *programs;

	if (access(path, F_OK))
		return json_array();
	all = json_load_file(path, 0, &error);
	programs = json_object_get(all, "programs");
	if (!json_is_array(programs) || json_integer_value(json_object_get(all, "maar_bench")) != FORMAT) {
		fprintf(stderr, "%s: not a file of results of format %d: %s\n", path, FORMAT,
			all ? "other members" : error.text);
		json_decref(all);
		return NULL;
	}
	json_incref(programs);
	json_decref(all);
	return programs;
}

int bench_json_save(const char *path, bool append, json_t *program)
{
	json_t *programs = append ? existing(path) : json_array(), *all;
	char *part = NULL;
	int rc = -1;

	if (!programs) {
		json_decref(program);
		return -1;
	}
	json_array_append_new(programs, program);
	all = json_pack("{s:i, s:o}", "maar_bench", FORMAT, "programs", programs);
	/* under another name first: a reader never sees half a file, and a full disk does not cost the old one */
	if (asprintf(&part, "%s.part", path) < 0)
		part = NULL;
	if (part && !json_dump_file(all, part, JSON_INDENT(1) | JSON_REAL_PRECISION(6)) && !rename(part, path))
		rc = 0;
	if (rc)
		perror(path);
	if (rc && part)
		unlink(part);
	free(part);
	json_decref(all);
	return rc;
}
