/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Percentiles of call durations, and the time in which nobody took anything.
 */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

#include "timing.h"

/* How long the time stamp counter is held against the clock: 1 us of error in the two readings is then 0.01 %. */
#define CALIBRATION_NS 10000000

double bench_tick_ns(void)
{
	static double ns;

	if (!(ns > 0)) {
		const uint64_t from_ns = bench_now(), from = bench_ticks();
		uint64_t to_ns, to;

		do {
			to_ns = bench_now();
			to = bench_ticks();
		} while (to_ns - from_ns < CALIBRATION_NS);
		ns = (double)(to_ns - from_ns) / (double)(to - from);
	}
	return ns;
}

/* The middle of a step. */
static double step_ticks(size_t step)
{
	const size_t octave = step >> BENCH_STEP_BITS;
	uint64_t low;

	if (octave < 2) /* one tick wide */
		return (double)step;
	low = (uint64_t)(step - ((octave - 1) << BENCH_STEP_BITS)) << (octave - 1);
	return (double)low + ((double)(UINT64_C(1) << (octave - 1)) - 1) / 2;
}

double bench_percentile(const uint64_t *steps, double percent)
{
	uint64_t n = 0, below = 0;
	double rank;
	size_t i;

	for (i = 0; i < BENCH_STEPS; i++)
		n += steps[i];
	if (!n)
		return -1;
	rank = percent / 100 * (double)n * (1 - 1e-12); /* 98.9 % of 1000 is 989 in spite of binary fractions */
	for (i = 0; i < BENCH_STEPS; i++) {
		below += steps[i];
		if (steps[i] && (double)below >= rank)
			break;
	}
	return step_ticks(i < BENCH_STEPS ? i : BENCH_STEPS - 1);
}

/* What two lists have in common; both sorted, without overlaps in themselves. Returns how many; `out` has room for the
 * sum of both. */
static size_t intersect(const struct bench_gap *a, size_t na, const struct bench_gap *b, size_t nb,
			struct bench_gap *out)
{
	size_t i = 0, k = 0, n = 0;

	while (i < na && k < nb) {
		const uint64_t from = a[i].from > b[k].from ? a[i].from : b[k].from;
		const uint64_t to = a[i].to < b[k].to ? a[i].to : b[k].to;

		if (from < to)
			out[n++] = (struct bench_gap){ from, to };
		if (a[i].to < b[k].to)
			i++;
		else
			k++;
	}
	return n;
}

/* The gaps of one consumer, with those before its first success and after its last. */
static size_t whole_gaps(const struct bench_timing *t, uint64_t from, uint64_t to, struct bench_gap *out)
{
	size_t n = 0;

	if (!t->first) {
		out[0] = (struct bench_gap){ from, to };
		return 1;
	}
	if (t->first > from)
		out[n++] = (struct bench_gap){ from, t->first };
	memcpy(out + n, t->gaps, t->n_gaps * sizeof(*out));
	n += t->n_gaps;
	if (to > t->last)
		out[n++] = (struct bench_gap){ t->last, to };
	return n;
}

struct bench_stall bench_stall(const struct bench_timing *const *consumers, size_t n, uint64_t until)
{
	struct bench_stall s = { -1, -1 };
	struct bench_gap *all, *own, *both;
	uint64_t from = UINT64_MAX, to = 0, stalled = 0, longest = 0;
	size_t room = 2, n_all = 1, i, n_own;

	for (i = 0; i < n; i++) {
		if (consumers[i]->gaps_lost)
			return s;
		room += consumers[i]->n_gaps + 2;
		if (consumers[i]->first && consumers[i]->first < from)
			from = consumers[i]->first;
		to = consumers[i]->last > to ? consumers[i]->last : to;
	}
	to = until > to ? until : to;
	if (from >= to)
		return s;
	all = calloc(3 * room, sizeof(*all));
	if (!all)
		abort(); /* a few dozen kilobytes */
	own = all + room;
	both = own + room;
	all[0] = (struct bench_gap){ from, to };
	for (i = 0; i < n; i++) {
		n_own = whole_gaps(consumers[i], from, to, own);
		n_all = intersect(all, n_all, own, n_own, both);
		memcpy(all, both, n_all * sizeof(*all));
	}
	for (i = 0; i < n_all; i++) {
		const uint64_t ticks = all[i].to - all[i].from;

		if (ticks < consumers[0]->gap_ticks)
			continue;
		stalled += ticks;
		longest = ticks > longest ? ticks : longest;
	}
	s.percent = 100.0 * (double)stalled / (double)(to - from);
	s.longest_ticks = (double)longest;
	free(all);
	return s;
}
