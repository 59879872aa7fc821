/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The course of a benchmark: for each case, rounds in which the contestants take turns; then its table.
 */
#include "internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "loop.h"

/* Exit statuses; argp's own is 64. */
enum { ALL_WELL = 0, SOMETHING_WRONG = 1, NOT_WRITTEN = 2, NOTHING_MATCHES = 3 };

/* What the progress line needs to know. */
struct progress {
	bool shown;
	size_t runs, total;
	uint64_t started_ns;
};

static bool takes_part(const struct bench_program *p, const struct bench_contestant *k, const struct bench_case *c,
		       const struct bench_options *o)
{
	if (!(k->set & c->set) || !bench_matches(o->contestants, k->name))
		return false;
	if (p->run)
		return true;
	if (!k->loop[c->first])
		return false;
	if (c->second != BENCH_NOBODY && !k->loop[c->second])
		return false;
	return !k->max_capacity || c->capacity <= k->max_capacity;
}

/* Collects who takes part in a case; returns how many. who may be NULL. */
static size_t gather(const struct bench_program *p, const struct bench_case *c, const struct bench_options *o,
		     const struct bench_contestant **who)
{
	const struct bench_peer *const *peer;
	size_t k, n = 0;

	if (!bench_matches(o->cases, c->name) || !bench_matches_part(o->only, c->name))
		return 0;
	for (peer = p->peers; *peer; peer++)
		for (k = 0; k < (*peer)->n; k++) {
			const struct bench_contestant *x = &(*peer)->contestant[k];

			if (!takes_part(p, x, c, o))
				continue;
			if (who)
				who[n] = x;
			n++;
		}
	return n;
}

static void progress_show(struct progress *g, const struct bench_case *c, const struct bench_contestant *k,
			  unsigned round, unsigned rounds)
{
	const double spent = (double)(bench_now() - g->started_ns) / 1e9;
	const double left = g->runs ? spent / (double)g->runs * (double)(g->total - g->runs) : 0;

	g->runs++;
	if (g->shown)
		fprintf(stderr, "\r\033[K[%zu/%zu] %s: %s, round %u of %u, %.0f s left", g->runs, g->total, c->name,
			k->name, round + 1, rounds, left);
}

static void progress_clear(const struct progress *g)
{
	if (g->shown)
		fprintf(stderr, "\r\033[K");
}

/* Targets judged, for the last lines, by how far apart the processors were. */
struct tally {
	unsigned met[BENCH_DISTANCES], missed[BENCH_DISTANCES], unknown;
};

static void count_verdicts(const struct bench_table *t, struct tally *tally)
{
	struct bench_verdict v;
	size_t i, k;

	for (i = 0; i < t->n; i++)
		for (k = 0; k < t->program->n_targets; k++) {
			if (!bench_judge(t, &t->r[i], k, &v))
				continue;
			if (!v.known)
				tally->unknown++;
			else if (v.met)
				tally->met[v.distance]++;
			else
				tally->missed[v.distance]++;
		}
}

static void print_tally(const struct tally *tally)
{
	static const char *const of[BENCH_DISTANCES] = { "one thread, or not known", "near", "far" };
	unsigned met = 0, missed = 0, d;

	for (d = 0; d < BENCH_DISTANCES; d++) {
		met += tally->met[d];
		missed += tally->missed[d];
	}
	if (!(met + missed + tally->unknown))
		return;
	printf("\ntargets   %u met, %u missed, %u without anybody to be held against\n", met, missed, tally->unknown);
	for (d = 0; d < BENCH_DISTANCES; d++)
		if (tally->met[d] + tally->missed[d])
			printf("          %s: %u met, %u missed\n", of[d], tally->met[d], tally->missed[d]);
}

/* Measures rounds until those that count are enough; r[i].rounds and r[i].probes have room for all there may be. */
static struct bench_choice run_rounds(const struct bench_program *p, const struct bench_case *c,
				      const struct bench_options *o, struct bench_result *r, size_t n,
				      struct progress *g)
{
	const bool apart = bench_has_distance(c);
	const enum bench_wish wish = apart ? o->distance : BENCH_WISH_ANY;
	struct bench_choice choice = { 0 };
	double ns = apart ? bench_probe(o) : 0;
	unsigned round;
	size_t i;

	for (round = 0; !choice.done; round++) {
		if (round >= o->rounds)
			g->total += n;
		for (i = 0; i < n; i++) {
			const size_t k = (i + round) % n; /* nobody always follows the same one */

			progress_show(g, c, r[k].contestant, round, round < o->rounds ? o->rounds : 2 * o->rounds);
			r[k].probes[round].ns[0] = ns;
			if (p->run)
				p->run(r[k].contestant, c, o, &r[k].rounds[round]);
			else
				bench_run(r[k].contestant, c, o, &r[k].rounds[round]);
			ns = apart ? bench_probe(o) : 0;
			r[k].probes[round].ns[1] = ns;
		}
		choice = bench_choose(r, n, round + 1, o->rounds, wish);
	}
	return choice;
}

/* True if all results were right. */
static bool run_case(const struct bench_program *p, const struct bench_case *c, const struct bench_options *o,
		     const struct bench_contestant **who, size_t n, struct progress *g, json_t *cases,
		     struct tally *tally)
{
	struct bench_result *r = calloc(n, sizeof(*r));
	struct bench_table t = { p, c, o, r, n, { 0 } };
	bool right = true;
	size_t i;

	for (i = 0; i < n; i++) {
		r[i].contestant = who[i];
		r[i].rounds = calloc(2 * (size_t)o->rounds, sizeof(*r[i].rounds));
		r[i].probes = calloc(2 * (size_t)o->rounds, sizeof(*r[i].probes));
	}
	bench_load(bench_setting(c, o).load);
	t.choice = run_rounds(p, c, o, r, n, g);
	progress_clear(g);
	for (i = 0; i < n; i++) {
		bench_result_finish(&r[i], t.choice.rounds);
		right = right && r[i].status < BENCH_CANNOT;
	}
	bench_report_table(&t);
	json_array_append_new(cases, bench_report_json(&t));
	count_verdicts(&t, tally);
	for (i = 0; i < n; i++) {
		free(r[i].rounds);
		free(r[i].probes);
	}
	free(r);
	return right;
}

static json_t *missing_json(const struct bench_program *p)
{
	json_t *list = json_array();
	const struct bench_missing *m;

	for (m = p->missing; m->name; m++)
		json_array_append_new(list, json_pack("{s:s, s:s?}", "name", m->name, "package", m->package));
	return list;
}

static void print_missing(const struct bench_program *p)
{
	const struct bench_missing *m;

	for (m = p->missing; m->name; m++)
		printf("missing   %s (%s%s)\n", m->name,
		       m->package ? "Debian package " : "left out of sanitizer builds", m->package ? m->package : "");
}

/* Each target, and how many of all rows in all cases it is meant for: none is a slip in a pattern. */
static void list_targets(const struct bench_program *p, const struct bench_contestant **who)
{
	static const struct bench_options all;
	size_t i, k, n, g, rows;

	for (g = 0; g < p->n_targets; g++) {
		const struct bench_target *x = &p->targets[g];

		for (i = rows = 0; i < p->n_cases; i++) {
			n = gather(p, &p->cases[i], &all, who);
			for (k = 0; k < n && bench_matches(x->cases, p->cases[i].name); k++)
				rows += !strcmp(who[k]->peer, "maar") && bench_matches(x->ours, who[k]->name);
		}
		printf("target    %s in %s: %zu rows\n", x->ours, x->cases, rows);
	}
}

static void list(const struct bench_program *p, const struct bench_options *o, const struct bench_contestant **who)
{
	size_t i, k, n;

	for (i = 0; i < p->n_cases; i++) {
		n = gather(p, &p->cases[i], o, who);
		if (n)
			printf("%s: %s\n", p->cases[i].name, p->cases[i].title);
		for (k = 0; k < n; k++)
			printf("    %s\n", who[k]->name);
	}
	list_targets(p, who);
	print_missing(p);
}

static json_t *settings_json(const struct bench_options *o)
{
	static const char *const pin[] = { "auto", "yes", "no" };

	return json_pack("{s:i, s:I, s:I, s:I, s:I, s:s, s:s, s:s, s:i, s:s}", "rounds", (int)o->rounds, "time_ms",
			 (json_int_t)o->time_ms, "warmup_ms", (json_int_t)o->warmup_ms, "limit_ms",
			 (json_int_t)o->limit_ms, "count", (json_int_t)o->count, "pin",
			 o->pin_said ? pin[o->pin] : "as the case says", "retry", bench_retry_name(o->retry),
			 "distance", bench_wish_name(o->distance), "load", (int)o->load, "options",
			 o->words ? o->words : "");
}

static int run_all(const struct bench_program *p, const struct bench_options *o, const struct bench_contestant **who,
		   struct progress *g)
{
	json_t *cases = json_array(), *all;
	struct tally tally = { 0 };
	bool right = true;
	size_t i, n;

	all = json_pack("{s:s, s:o, s:o, s:o, s:o, s:O}", "program", p->name, "machine", bench_machine_json(o), "build",
			bench_build_json(), "settings", settings_json(o), "missing", missing_json(p), "cases", cases);
	bench_machine_print(o);
	printf("rounds    %u of ", o->rounds);
	if (o->count)
		printf("%llu messages from each producer\n", (unsigned long long)o->count);
	else
		printf("%llu ms after %llu ms of warm-up\n", (unsigned long long)o->time_ms,
		       (unsigned long long)o->warmup_ms);
	if (o->load)
		printf("load      %u busy processes beside it\n", o->load);
	if (o->rounds < 5)
		printf("note      fewer than 5 rounds: the spread says little\n");
	print_missing(p);
	for (i = 0; i < p->n_cases; i++) {
		n = gather(p, &p->cases[i], o, who);
		if (n && !run_case(p, &p->cases[i], o, who, n, g, cases, &tally))
			right = false;
	}
	bench_load(0);
	print_tally(&tally);
	json_decref(cases);
	if (p->summary)
		p->summary(all, o->output);
	if (!right)
		fprintf(stderr, "%s: some results were wrong or could not be had: see the tables\n", p->name);
	if (!o->output)
		json_decref(all);
	else if (bench_json_save(o->output, o->append, all))
		return NOT_WRITTEN;
	return right ? ALL_WELL : SOMETHING_WRONG;
}

int bench_main(const struct bench_program *program, int argc, char **argv)
{
	struct progress g = { 0 };
	struct bench_options o;
	const struct bench_peer *const *peer;
	const struct bench_contestant **who;
	size_t i, n = 0;
	int status = ALL_WELL;

	bench_options_parse(program, argc, argv, &o);
	for (peer = program->peers; *peer; peer++)
		n += (*peer)->n;
	who = calloc(n + 1, sizeof(*who));
	for (i = 0; i < program->n_cases; i++)
		g.total += gather(program, &program->cases[i], &o, NULL) * o.rounds;
	g.shown = !o.quiet && isatty(STDERR_FILENO);
	g.started_ns = bench_now();
	if (!g.total) {
		fprintf(stderr, "%s: no case and contestant match; --list shows what there is\n", program->name);
		status = NOTHING_MATCHES;
	} else if (o.list) {
		list(program, &o, who);
	} else {
		status = run_all(program, &o, who, &g);
	}
	free(who);
	free(o.words);
	return status;
}
