/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Results for people and for programs.
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

static bool ours(const struct bench_result *r)
{
	return !strcmp(r->contestant->peer, "maar");
}

static const char *unit_name(enum bench_unit unit)
{
	return unit == BENCH_MOPS ? "M/s" : "ns";
}

/* True if a figure may stand in a ratio. */
static bool has_figure(const struct bench_result *r)
{
	return r->figures && r->status <= BENCH_STALLED;
}

/* ---- for people -------------------------------------------------------------------------------------------------- */

static void print_status(const struct bench_result *r, unsigned rounds)
{
	unsigned i;

	for (i = BENCH_STALLED; i <= BENCH_WRONG; i++)
		if (r->bad[i])
			printf("  %s %u of %u", bench_status_name((enum bench_status)i), r->bad[i], rounds);
	for (i = 0; i < rounds; i++)
		if (r->rounds[i].status == r->status && r->status > BENCH_STALLED) {
			printf(": %s", r->rounds[i].text);
			break;
		}
	if (r->contestant->note)
		printf("  (%s)", r->contestant->note);
}

static void print_row(const struct bench_case *c, const struct bench_options *o, const struct bench_result *r, size_t n,
		      size_t row)
{
	const struct bench_result *x = &r[row];
	const int digits = c->unit == BENCH_MOPS ? 2 : 1;
	unsigned mark = 0;
	size_t i;

	for (i = 0; i <= row && ours(x); i++)
		mark += ours(&r[i]);
	if (mark)
		printf("  [%u] ", mark);
	else
		printf("      ");
	printf("%-*s", NAME_WIDTH, x->contestant->name);
	if (has_figure(x))
		printf(" %9.*f %9.*f %9.*f %9.2f", digits, x->stats.median, digits, x->stats.min, digits, x->stats.max,
		       x->failed_each);
	else
		printf(" %9s %9s %9s %9s", "-", "-", "-", "-");
	for (i = 0; i < n; i++) {
		const double ratio = has_figure(x) && has_figure(&r[i])
					     ? bench_ratio(c->unit, r[i].stats.median, x->stats.median)
					     : 0;

		if (!ours(&r[i]))
			continue;
		if (ratio > 0)
			printf(" %7.*f", ratio < 100 ? 2 : 0, ratio);
		else
			printf(" %7s", "-");
	}
	print_status(x, o->rounds);
	printf("\n");
}

void bench_report_table(const struct bench_case *c, const struct bench_options *o, const struct bench_result *r,
			size_t n)
{
	const struct bench_setting s = bench_setting(c, o);
	unsigned mark = 0;
	size_t i;

	printf("\n%s: %s; %s\n", c->name, c->title, s.pinned ? "pinned" : "not pinned");
	printf("      %-*s %9s %9s %9s %9s", NAME_WIDTH,
	       c->unit == BENCH_MOPS ? "M/s, more is better" : "ns, less is better", "median", "min", "max",
	       "failed/ok");
	for (i = 0; i < n; i++)
		if (ours(&r[i]))
			printf("    x[%u]", ++mark);
	printf("\n");
	for (i = 0; i < n; i++)
		print_row(c, o, r, n, i);
	fflush(stdout);
}

/* ---- for programs ------------------------------------------------------------------------------------------------ */

static json_t *round_json(const struct bench_outcome *out)
{
	json_t *j = json_pack("{s:s, s:I, s:I, s:I}", "status", bench_status_name(out->status), "operations",
			      (json_int_t)out->done, "failed", (json_int_t)out->failed, "ns", (json_int_t)out->ns);

	if (out->status <= BENCH_STALLED)
		json_object_set_new(j, "value", json_real(out->value));
	if (out->text[0])
		json_object_set_new(j, "text", json_string(out->text));
	return j;
}

static json_t *result_json(const struct bench_case *c, const struct bench_options *o, const struct bench_result *r,
			   size_t n, size_t row)
{
	const struct bench_result *x = &r[row];
	json_t *rounds = json_array(), *ratios = json_object(), *j;
	size_t i;

	for (i = 0; i < o->rounds; i++)
		json_array_append_new(rounds, round_json(&x->rounds[i]));
	for (i = 0; i < n; i++)
		if (ours(&r[i]) && i != row && has_figure(x) && has_figure(&r[i]))
			json_object_set_new(ratios, r[i].contestant->name,
					    json_real(bench_ratio(c->unit, r[i].stats.median, x->stats.median)));
	j = json_pack("{s:s, s:s, s:s, s:s, s:f, s:o, s:o}", "name", x->contestant->name, "peer", x->contestant->peer,
		      "order", x->contestant->order == BENCH_FIFO ? "fifo" : "fifo per producer", "status",
		      bench_status_name(x->status), "failed_per_success", x->failed_each, "faster", ratios, "rounds",
		      rounds);
	if (x->figures) {
		json_object_set_new(j, "median", json_real(x->stats.median));
		json_object_set_new(j, "min", json_real(x->stats.min));
		json_object_set_new(j, "max", json_real(x->stats.max));
		json_object_set_new(j, "mad", json_real(x->stats.mad));
	}
	if (x->contestant->note)
		json_object_set_new(j, "note", json_string(x->contestant->note));
	return j;
}

json_t *bench_report_json(const struct bench_case *c, const struct bench_options *o, const struct bench_result *r,
			  size_t n)
{
	const struct bench_setting s = bench_setting(c, o);
	const bool pair = c->second != BENCH_NOBODY && c->second != BENCH_PONG;
	json_t *results = json_array();
	size_t i;

	for (i = 0; i < n; i++)
		json_array_append_new(results, result_json(c, o, r, n, i));
	return json_pack("{s:s, s:s, s:s, s:s, s:i, s:i, s:i, s:i, s:I, s:I, s:b, s:i, s:o}", "name", c->name, "title",
			 c->title, "unit", unit_name(c->unit), "better", c->unit == BENCH_MOPS ? "more" : "less",
			 "threads", (int)(c->firsts + c->seconds), "producers", pair ? (int)c->firsts : 0, "consumers",
			 pair ? (int)c->seconds : 0, "batch", (int)c->batch, "capacity", (json_int_t)c->capacity,
			 "bytes", (json_int_t)c->bytes, "pinned", (int)s.pinned, "pauses_before_yield", (int)s.pauses,
			 "results", results);
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
