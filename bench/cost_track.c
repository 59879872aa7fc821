/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * What leak tracking costs: nanoseconds of a get and a put, for each strength, best of several runs. The figures of
 * maar_track(3) come from here: bench/cost_track
 */
#include <maar/pool.h>
#include <maar/ring.h>

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define MESSAGES 4096
#define ROUNDS	 200000
#define RUNS	 9
#define BULK	 32

static const struct {
	const char *name;
	uint32_t track;
} strengths[] = {
	{ "counters", 0 },
	{ "checked", MAAR_TRACK_CHECKED },
	{ "site", MAAR_TRACK_SITE },
	{ "trace", MAAR_TRACK_TRACE },
	{ "debug", MAAR_TRACK_DEBUG },
};
#define STRENGTHS (sizeof(strengths) / sizeof(strengths[0]))

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* ---- what is measured: ns for each get and put ---- */

static struct maar_pool *pool;
static struct maar_ring *ring;

static double of_slots(void)
{
	struct maar_mring *mring = maar_pool_mring(pool);
	const double begin = now();
	int i;

	for (i = 0; i < ROUNDS; i++)
		if (maar_mring_put(mring, maar_mring_get(mring)))
			abort();
	return (now() - begin) / ROUNDS;
}

static double of_messages(void)
{
	const double begin = now();
	int i;

	for (i = 0; i < ROUNDS; i++)
		if (maar_pool_put(pool, maar_pool_get(pool)))
			abort();
	return (now() - begin) / ROUNDS;
}

static double in_bulk(void)
{
	struct maar_msg *msgs[BULK];
	const double begin = now();
	int i;

	for (i = 0; i < ROUNDS / BULK; i++)
		if (maar_pool_get_bulk(pool, msgs, BULK) != BULK || maar_pool_put_bulk(pool, msgs, BULK) != BULK)
			abort();
	return (now() - begin) / ROUNDS;
}

static void *putter(void *arg)
{
	int i = 0;

	(void)arg;
	while (i < ROUNDS) {
		struct maar_msg *m = maar_ring_dequeue_ptr(ring);

		if (!m) {
			sched_yield();
			continue;
		}
		if (maar_pool_put(pool, m))
			abort();
		i++;
	}
	return NULL;
}

static double from_one_to_another(void)
{
	const double begin = now();
	pthread_t thread;
	int i = 0;

	if (pthread_create(&thread, NULL, putter, NULL))
		abort();
	while (i < ROUNDS) {
		struct maar_msg *m = maar_pool_get(pool);

		if (!m) {
			sched_yield();
			continue;
		}
		while (!maar_ring_enqueue_ptr(ring, m))
			sched_yield();
		i++;
	}
	pthread_join(thread, NULL);
	return (now() - begin) / ROUNDS;
}

static const struct {
	const char *name;
	double (*run)(void);
	size_t bytes;
} cases[] = {
	{ "slot, 64 bytes", of_slots, 64 },
	{ "message, 64 bytes", of_messages, 64 },
	{ "message, 2048 bytes", of_messages, 2048 },
	{ "of a bulk of 32, 64 bytes", in_bulk, 64 },
	{ "got here, put there, 64 bytes", from_one_to_another, 64 },
};
#define CASES (sizeof(cases) / sizeof(cases[0]))

int main(void)
{
	double best[CASES][STRENGTHS];
	size_t c, s;
	int run;

	ring = maar_ring_create(1024, MAAR_RING_SPSC);
	for (run = 0; run < RUNS; run++) {
		for (c = 0; c < CASES; c++) {
			for (s = 0; s < STRENGTHS; s++) {
				const struct maar_pool_options o = { .track = strengths[s].track | MAAR_TRACK_NOTHING };
				double ns;

				pool = maar_pool_create(MESSAGES, cases[c].bytes, &o);
				if (!pool || !ring)
					return 1;
				ns = cases[c].run();
				if (run == 0 || ns < best[c][s])
					best[c][s] = ns;
				if (maar_pool_destroy(pool))
					return 1;
			}
		}
	}
	printf("%-32s", "ns for a get and a put");
	for (s = 0; s < STRENGTHS; s++)
		printf("%10s", strengths[s].name);
	for (c = 0; c < CASES; c++) {
		printf("\n%-32s", cases[c].name);
		for (s = 0; s < STRENGTHS; s++)
			printf("%10.1f", best[c][s]);
	}
	putchar('\n');
	maar_ring_destroy(ring);
	return 0;
}
