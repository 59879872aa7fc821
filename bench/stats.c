/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Medians and spreads. Medians, because a stolen core makes outliers on one side only, which a mean would believe.
 */
#include "internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int by_value(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Sorts. */
static double median(double *values, size_t n)
{
	qsort(values, n, sizeof(*values), by_value);
	return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

struct bench_stats bench_stats(const double *values, size_t n)
{
	double *copy = malloc(n * sizeof(*copy));
	struct bench_stats s;
	size_t i;

	if (!copy)
		abort(); /* a few dozen bytes */
	memcpy(copy, values, n * sizeof(*copy));
	s.n = (unsigned)n;
	s.median = median(copy, n);
	s.min = copy[0];
	s.max = copy[n - 1];
	for (i = 0; i < n; i++)
		copy[i] = fabs(copy[i] - s.median);
	s.mad = median(copy, n);
	free(copy);
	return s;
}

double bench_ratio(enum bench_unit unit, double a, double b)
{
	if (!(a > 0) || !(b > 0))
		return 0;
	return unit == BENCH_MOPS ? a / b : b / a;
}

bool bench_counts(const struct bench_result *r, unsigned round)
{
	return !r->probes || r->probes[round].counts;
}

void bench_result_finish(struct bench_result *r, unsigned n)
{
	double *values = malloc((n + 1) * sizeof(*values));
	uint64_t done = 0, failed = 0;
	unsigned i, f, k;

	if (!values)
		abort();
	r->status = BENCH_OK;
	memset(r->bad, 0, sizeof(r->bad));
	memset(r->stats, 0, sizeof(r->stats));
	for (i = 0; i < n; i++) {
		const struct bench_outcome *o = &r->rounds[i];

		r->bad[o->status]++;
		if (o->status > r->status)
			r->status = o->status;
		if (o->status > BENCH_STALLED || !bench_counts(r, i))
			continue;
		done += o->done;
		failed += o->failed;
	}
	for (f = 0; f < BENCH_FIGURES; f++) {
		for (i = k = 0; i < n; i++)
			if (r->rounds[i].status <= BENCH_STALLED && bench_counts(r, i) && r->rounds[i].figure[f] >= 0)
				values[k++] = r->rounds[i].figure[f];
		if (k)
			r->stats[f] = bench_stats(values, k);
	}
	r->failed_each = done ? (double)failed / (double)done : 0;
	free(values);
}
