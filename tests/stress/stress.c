/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * What the stress bodies share: the verdict of a run, which keeps the first failure; threads that
 * start at once; how long a run is; and which combinations of settings it takes, so that each pair is met.
 */
#include "stress.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- what came out ---- */

void stress_fail(struct verdict *v, const char *format, ...)
{
	va_list args;

	pthread_mutex_lock(&v->lock);
	if (!v->failed) {
		va_start(args, format);
		vsnprintf(v->text, sizeof(v->text), format, args);
		va_end(args);
		__atomic_store_n(&v->failed, 1, __ATOMIC_RELAXED);
		if (v->at_once)
			v->at_once(v);
	}
	pthread_mutex_unlock(&v->lock);
}

/* ---- how much ---- */

static uint64_t asked_percent(void)
{
	const char *given = getenv("MAAR_STRESS_SCALE");
	const uint64_t percent = given ? strtoull(given, NULL, 10) : 0;

	return percent ? percent : 100;
}

uint64_t stress_share(unsigned percent, uint64_t messages, uint64_t least)
{
	const uint64_t scaled = (uint64_t)((double)messages * (double)asked_percent() / 100.0 * percent / 100.0);

	return scaled > least ? scaled : least;
}

double stress_patience(void)
{
	const double factor = (double)asked_percent() / 100.0;

	return factor > 1.0 ? factor : 1.0;
}

/* ---- waiting, threads ---- */

void stress_pause(unsigned threads, uint64_t tries)
{
	if (threads <= 2 && tries % 64)
		__asm__ __volatile__("" ::: "memory");
	else
		pace_yield();
}

void stress_start(struct start_line *line)
{
	__atomic_fetch_add(&line->arrived, 1, __ATOMIC_RELAXED);
	while (__atomic_load_n(&line->arrived, __ATOMIC_RELAXED) < line->parties)
		pace_yield();
}

bool stress_thread(struct verdict *v, pthread_t *thread, void *(*run)(void *), void *arg)
{
	const int rc = pthread_create(thread, NULL, run, arg);

	if (rc)
		stress_fail(v, "pthread_create: %s", strerror(rc));
	return rc == 0;
}

/* ---- choosing cases ---- */

#define MOST_LEVELS 8
#define CELLS	    (PAIRWISE_FACTORS * MOST_LEVELS)

/* Completions tried for each case; more would save few cases. */
#define TRIES 30

struct cover {
	unsigned factors;
	const unsigned *levels;
	bool done[CELLS][CELLS]; /* [factor a, level][factor b, level] for a < b */
};

static unsigned cell(unsigned factor, unsigned level)
{
	return factor * MOST_LEVELS + level;
}

/* Pairs of a case that no earlier case had; marks them if asked. */
static unsigned gain(struct cover *c, const unsigned *level, bool mark)
{
	unsigned a, b, n = 0;

	for (a = 0; a < c->factors; a++) {
		for (b = a + 1; b < c->factors; b++) {
			bool *done = &c->done[cell(a, level[a])][cell(b, level[b])];

			n += !*done;
			if (mark)
				*done = true;
		}
	}
	return n;
}

/* The first pair not yet covered, into level[a], level[b]; false if there is none. */
static bool open_pair(const struct cover *c, unsigned *a, unsigned *b, unsigned *level)
{
	for (*a = 0; *a < c->factors; (*a)++)
		for (*b = *a + 1; *b < c->factors; (*b)++)
			for (level[*a] = 0; level[*a] < c->levels[*a]; level[*a]++)
				for (level[*b] = 0; level[*b] < c->levels[*b]; level[*b]++)
					if (!c->done[cell(*a, level[*a])][cell(*b, level[*b])])
						return true;
	return false;
}

unsigned pairwise(const unsigned *levels, unsigned factors, uint64_t seed, pairwise_fn *each, void *arg)
{
	struct cover *c = calloc(1, sizeof(*c));
	unsigned pair[PAIRWISE_FACTORS], best[PAIRWISE_FACTORS], a, b, cases = 0;

	if (!c)
		abort();
	c->levels = levels;
	c->factors = factors;
	while (open_pair(c, &a, &b, pair)) {
		unsigned try, most = 0;

		for (try = 0; try < TRIES; try++) {
			unsigned level[PAIRWISE_FACTORS], f, n;

			for (f = 0; f < factors; f++)
				level[f] = f == a || f == b ? pair[f] : (unsigned)stress_below(&seed, levels[f]);
			n = gain(c, level, false);
			if (n > most) {
				most = n;
				memcpy(best, level, sizeof(best));
			}
		}
		gain(c, best, true);
		each(best, arg);
		cases++;
	}
	free(c);
	return cases;
}
