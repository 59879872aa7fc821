/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The ring of batches by value (src/ring/batch_ring.h), which carries free slots between lanes.
 */
#include "common.h"

#include "../../src/ring/batch_ring.h"

#include <sched.h>

/* Handles in a batch: one alone, odd and even, and the largest, which fills 512 bytes. */
static const uint32_t batches[] = { 1, 2, 3, 7, 8, 123, 124 };
#define BATCHES	     ((int)COUNT_OF(batches))
#define MOST_HANDLES 124

/* As lanes have them: 8-byte aligned, with room for a whole pair at the end, and a guard behind it. */
struct handles {
	uint32_t h[MOST_HANDLES + 2] __attribute__((aligned(8)));
};

static void make(struct handles *b, uint32_t batch, uint32_t number)
{
	uint32_t i;

	memset(b, 0xee, sizeof(*b));
	for (i = 0; i < batch; i++)
		b->h[i] = number * 1000 + i;
}

static void check_is(const struct handles *b, uint32_t batch, uint32_t number)
{
	uint32_t i;

	for (i = 0; i < batch; i++)
		unit_eq(b->h[i], number * 1000 + i);
	/* at most one handle of padding was written */
	for (i = (batch + 1) / 2 * 2; i < COUNT_OF(b->h); i++)
		unit_eq(b->h[i], 0xeeeeeeee);
}

static struct maar__batch_ring *new_ring(size_t cells, uint32_t batch)
{
	struct maar__batch_ring *ring = maar__batch_ring_create(cells, batch);

	ck_assert_ptr_nonnull(ring);
	return ring;
}

/* Moves an idle ring's positions, with the laps that its cells would have there. */
static void start_at(struct maar__batch_ring *ring, uint64_t position)
{
	uint64_t i;

	for (i = 0; i < ring->capacity; i++)
		maar__batch_cell(ring, position + i)->lap = ((position + i) | ring->mask) + 1 - ring->capacity;
	ring->tail = ring->head = position;
}

/* Fills to full, drains to empty, `rounds` times; order, exact capacity, count. */
static void fill_and_drain(struct maar__batch_ring *ring, uint32_t rounds)
{
	uint32_t round, i;
	struct handles b;

	for (round = 0; round < rounds; round++) {
		unit_eq(maar__batch_take(ring, b.h), MAAR__BATCH_EMPTY);
		for (i = 0; i < ring->capacity; i++) {
			unit_eq(maar__batch_ring_count(ring), i);
			make(&b, ring->batch, i);
			unit_eq(maar__batch_put(ring, b.h), true);
		}
		unit_eq(maar__batch_ring_count(ring), ring->capacity);
		unit_eq(maar__batch_put(ring, b.h), false);
		for (i = 0; i < ring->capacity; i++) {
			make(&b, 0, 0);
			unit_eq(maar__batch_take(ring, b.h), MAAR__BATCH_TAKEN);
			check_is(&b, ring->batch, i);
			unit_eq(maar__batch_ring_count(ring), ring->capacity - i - 1);
		}
		unit_eq(maar__batch_take(ring, b.h), MAAR__BATCH_EMPTY);
	}
}

START_TEST(full_and_empty)
{
	static const size_t cells[] = { 1, 2, 3, 8, 33 }, capacity[] = { 1, 2, 4, 8, 64 };
	size_t k;

	for (k = 0; k < COUNT_OF(cells); k++) {
		struct maar__batch_ring *ring = new_ring(cells[k], batches[_i]);

		unit_eq(ring->capacity, capacity[k]);
		fill_and_drain(ring, 3);
		maar__batch_ring_destroy(ring);
	}
}
END_TEST

START_TEST(wraps)
{
	static const size_t cells[] = { 1, 2, 8 };
	size_t k, before;

	for (k = 0; k < COUNT_OF(cells); k++) {
		struct maar__batch_ring *ring = new_ring(cells[k], batches[_i]);

		for (before = 0; before <= 2 * cells[k]; before++) {
			start_at(ring, (UINT64_C(1) << 32) - before);
			fill_and_drain(ring, 3);
			start_at(ring, 0 - (uint64_t)before);
			fill_and_drain(ring, 3);
		}
		maar__batch_ring_destroy(ring);
	}
}
END_TEST

/* One in, one out, many laps: never full, never lost. */
START_TEST(one_by_one)
{
	struct maar__batch_ring *ring = new_ring(4, batches[_i]);
	struct handles b;
	uint32_t i;

	for (i = 0; i < 1000; i++) {
		make(&b, ring->batch, i);
		unit_eq(maar__batch_put(ring, b.h), true);
		make(&b, 0, 0);
		unit_eq(maar__batch_take(ring, b.h), MAAR__BATCH_TAKEN);
		check_is(&b, ring->batch, i);
	}
	maar__batch_ring_destroy(ring);
}
END_TEST

/* 124 handles are what 512 bytes hold: a cell is eight lines, and no larger. */
START_TEST(cell_size)
{
	struct maar__batch_ring *ring = new_ring(2, MOST_HANDLES);

	unit_eq(ring->stride, 512);
	unit_eq((uintptr_t)maar__batch_cell(ring, 0) % MAAR_CACHE_LINE, 0);
	unit_eq((uintptr_t)maar__batch_cell(ring, 1) - (uintptr_t)maar__batch_cell(ring, 0), 512);
	ck_assert_ptr_eq(maar__batch_cell(ring, 2), maar__batch_cell(ring, 0));
	maar__batch_ring_destroy(ring);
	maar__batch_ring_destroy(NULL);
}
END_TEST

START_TEST(absurd_size)
{
	errno = 0;
	ck_assert_ptr_null(maar__batch_ring_create((size_t)1 << (sizeof(size_t) * 8 - 2), MOST_HANDLES));
	unit_eq(errno, EOVERFLOW);
}
END_TEST

/* A producer stopped between claim and publication hides what is behind it; when it goes on, all comes out in order. */
START_TEST(stopped_producer)
{
	struct maar__batch_ring *ring = new_ring(4, 2);
	struct handles b;
	uint64_t claimed;

	make(&b, 2, 1);
	unit_eq(maar__batch_put(ring, b.h), true);
	claimed = ring->tail++; /* as the producer's compare-and-swap does */
	make(&b, 2, 3);
	unit_eq(maar__batch_put(ring, b.h), true);
	unit_eq(maar__batch_take(ring, b.h), MAAR__BATCH_TAKEN);
	unit_eq(b.h[0], 1000);
	unit_eq(maar__batch_take(ring, b.h), MAAR__BATCH_HIDDEN);
	unit_eq(maar__batch_ring_count(ring), 2);
	make(&b, 2, 2);
	memcpy(&maar__batch_cell(ring, claimed)->pairs[0], b.h, sizeof(uint64_t));
	maar__batch_cell(ring, claimed)->lap = (claimed | ring->mask) + 1;
	unit_eq(maar__batch_take(ring, b.h), MAAR__BATCH_TAKEN);
	unit_eq(b.h[0], 2000);
	unit_eq(maar__batch_take(ring, b.h), MAAR__BATCH_TAKEN);
	unit_eq(b.h[0], 3000);
	unit_eq(maar__batch_take(ring, b.h), MAAR__BATCH_EMPTY);
	maar__batch_ring_destroy(ring);
}
END_TEST

/* ---- threads ---- */

#define THREADED 20000 /* batches of each producer */

struct side {
	struct maar__batch_ring *ring;
	uint32_t first;	     /* number of the first batch */
	uint32_t *payload;   /* plain memory, one word for each batch */
	unsigned char *seen; /* one for each batch; a batch is one consumer's */
	uint32_t *taken, all;
};

static void *produce(void *arg)
{
	const struct side *s = arg;
	struct handles b;
	uint32_t i, k;

	for (i = s->first; i < s->first + THREADED; i++) {
		for (k = 0; k < s->ring->batch; k++)
			b.h[k] = i;
		s->payload[i] = ~i;
		while (!maar__batch_put(s->ring, b.h))
			sched_yield();
	}
	return NULL;
}

static void *consume(void *arg)
{
	const struct side *s = arg;
	struct handles b;
	uint32_t k;

	while (__atomic_load_n(s->taken, __ATOMIC_RELAXED) < s->all) {
		if (maar__batch_take(s->ring, b.h) != MAAR__BATCH_TAKEN) {
			sched_yield();
			continue;
		}
		for (k = 1; k < s->ring->batch; k++)
			unit_eq(b.h[k], b.h[0]); /* a torn batch */
		unit_must(b.h[0] < s->all);
		unit_eq(s->payload[b.h[0]], ~b.h[0]);
		unit_eq(s->seen[b.h[0]], 0); /* twice */
		s->seen[b.h[0]] = 1;
		__atomic_fetch_add(s->taken, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

static void run_threads(uint32_t batch, size_t cells, unsigned pairs)
{
	const uint32_t all = pairs * THREADED;
	uint32_t *payload = calloc(all, sizeof(*payload)), taken = 0;
	unsigned char *seen = calloc(all, 1);
	struct maar__batch_ring *ring = new_ring(cells, batch);
	struct side side[2];
	pthread_t thread[4];
	unsigned i;

	ck_assert(payload && seen);
	for (i = 0; i < pairs; i++) {
		side[i] = (struct side){ ring, i * THREADED, payload, seen, &taken, all };
		thread[2 * i] = unit_thread(produce, &side[i]);
		thread[2 * i + 1] = unit_thread(consume, &side[i]);
	}
	for (i = 0; i < 2 * pairs; i++)
		unit_join(thread[i]);
	unit_eq(taken, all);
	unit_eq(maar__batch_ring_count(ring), 0);
	maar__batch_ring_destroy(ring);
	free(payload);
	free(seen);
}

START_TEST(two_threads)
{
	run_threads(batches[_i], 4, 1);
}
END_TEST

START_TEST(four_threads)
{
	run_threads(batches[_i], 2, 2);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("batch ring");
	TCase *moves = unit_tcase(suite, "moves"), *threads = unit_tcase(suite, "threads");

	tcase_add_loop_test(moves, full_and_empty, 0, BATCHES);
	tcase_add_loop_test(moves, wraps, 0, BATCHES);
	tcase_add_loop_test(moves, one_by_one, 0, BATCHES);
	tcase_add_test(moves, cell_size);
	tcase_add_test(moves, absurd_size);
	tcase_add_test(moves, stopped_producer);
	tcase_add_loop_test(threads, two_threads, 0, BATCHES);
	tcase_add_loop_test(threads, four_threads, 0, BATCHES);
	return suite;
}
