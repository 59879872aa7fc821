/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Who is the best peer, and what came of the targets. A ratio is one of medians; its range is that of the ratios of
 * each round that counts for both, in which they ran one after the other.
 */
#include "internal.h"

#include <stdio.h>
#include <string.h>

bool bench_is_ours(const struct bench_result *r)
{
	return !strcmp(r->contestant->peer, "maar");
}

bool bench_has_figure(const struct bench_result *r, enum bench_figure figure)
{
	return r->stats[figure].n && r->status <= BENCH_STALLED;
}

/* More is better for rates alone. */
static bool more_is_better(const struct bench_table *t, enum bench_figure figure)
{
	return figure == BENCH_VALUE && t->c->unit == BENCH_MOPS;
}

static bool is_against(const struct bench_table *t, const struct bench_result *r, const char *against)
{
	if (against)
		return bench_matches(against, r->contestant->name);
	if (bench_is_ours(r) || !strcmp(r->contestant->peer, BENCH_MACHINE))
		return false;
	/* from one producer, FIFO per producer is FIFO */
	return r->contestant->order == BENCH_FIFO || t->c->firsts == 1;
}

const struct bench_result *bench_best(const struct bench_table *t, const char *against, enum bench_figure figure)
{
	const bool more = more_is_better(t, figure);
	const struct bench_result *best = NULL;
	size_t i;

	for (i = 0; i < t->n; i++) {
		const struct bench_result *r = &t->r[i];

		if (!is_against(t, r, against) || !bench_has_figure(r, figure))
			continue;
		if (!best || (more ? r->stats[figure].median > best->stats[figure].median
				   : r->stats[figure].median < best->stats[figure].median))
			best = r;
	}
	return best;
}

static void range_of_ratios(const struct bench_table *t, const struct bench_result *a, const struct bench_result *b,
			    enum bench_figure figure, struct bench_verdict *v)
{
	unsigned i;

	v->min = v->max = v->reached;
	for (i = 0; i < t->choice.rounds; i++) {
		const struct bench_outcome *x = &a->rounds[i], *y = &b->rounds[i];
		double ratio;

		if (!bench_counts(a, i) || !bench_counts(b, i) || x->status > BENCH_STALLED ||
		    y->status > BENCH_STALLED || !(x->figure[figure] >= 0) || !(y->figure[figure] > 0))
			continue;
		ratio = x->figure[figure] / y->figure[figure];
		v->min = ratio < v->min ? ratio : v->min;
		v->max = ratio > v->max ? ratio : v->max;
	}
}

bool bench_judge(const struct bench_table *t, const struct bench_result *r, size_t k, struct bench_verdict *v)
{
	const struct bench_target *target = &t->program->targets[k];
	const enum bench_figure f = target->figure;

	if (!bench_is_ours(r) || !bench_matches(target->cases, t->c->name) ||
	    !bench_matches(target->ours, r->contestant->name) || (target->quiet && bench_setting(t->c, t->o).load))
		return false;
	memset(v, 0, sizeof(*v));
	v->target = target;
	if (bench_has_distance(t->c) && !t->choice.mixed)
		v->distance = t->choice.distance;
	if (!bench_has_figure(r, f))
		return true;
	if (target->aim == BENCH_AT_MOST) {
		v->known = true;
		v->reached = r->stats[f].median;
		v->min = r->stats[f].min;
		v->max = r->stats[f].max;
		v->met = v->reached <= target->bound;
		return true;
	}
	v->against = bench_best(t, target->against, f);
	if (!v->against || !(v->against->stats[f].median > 0))
		return true;
	v->known = true;
	v->reached = r->stats[f].median / v->against->stats[f].median;
	range_of_ratios(t, r, v->against, f, v);
	v->met = target->aim == BENCH_AT_LEAST_TIMES ? v->reached >= target->bound : v->reached <= target->bound;
	return true;
}

static const char *figure_name(enum bench_figure figure)
{
	static const char *const name[BENCH_FIGURES] = { "",
							 "enqueue p50 ",
							 "enqueue p99 ",
							 "enqueue p99.9 ",
							 "dequeue p50 ",
							 "dequeue p99 ",
							 "dequeue p99.9 ",
							 "stalled % ",
							 "longest gap ",
							 "peak MB ",
							 "calls a million " };

	return name[figure];
}

void bench_verdict_text(const struct bench_verdict *v, char *text, size_t bytes)
{
	const struct bench_target *g = v->target;
	const char *sign = g->aim == BENCH_AT_LEAST_TIMES ? ">=" : "<=";
	char against[64] = "";

	if (g->aim != BENCH_AT_MOST)
		snprintf(against, sizeof(against), "x %s",
			 v->against   ? v->against->contestant->name
			 : g->against ? g->against
				      : "any peer");
	if (v->known)
		snprintf(text, bytes, "%s%s %.4g%s: %.2f (%.2f-%.2f) %s%s%s", figure_name(g->figure), sign, g->bound,
			 against, v->reached, v->min, v->max, v->met ? "met" : "MISSED", v->distance ? ", " : "",
			 v->distance ? bench_distance_name(v->distance) : "");
	else
		snprintf(text, bytes, "%s%s %.4g%s: not known", figure_name(g->figure), sign, g->bound, against);
}

json_t *bench_verdict_json(const struct bench_verdict *v)
{
	char text[200];
	json_t *j;

	bench_verdict_text(v, text, sizeof(text));
	j = json_pack("{s:s, s:f, s:s}", "aim",
		      v->target->aim == BENCH_AT_LEAST_TIMES  ? "at least times"
		      : v->target->aim == BENCH_AT_MOST_TIMES ? "at most times"
							      : "at most",
		      "bound", v->target->bound, "text", text);
	if (v->against)
		json_object_set_new(j, "against", json_string(v->against->contestant->name));
	if (v->distance)
		json_object_set_new(j, "distance", json_string(bench_distance_name(v->distance)));
	if (v->known) {
		json_object_set_new(j, "reached", json_real(v->reached));
		json_object_set_new(j, "min", json_real(v->min));
		json_object_set_new(j, "max", json_real(v->max));
		json_object_set_new(j, "met", json_boolean(v->met));
	}
	return j;
}
