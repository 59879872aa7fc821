/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * <maar/batch_ring.h>, lock-free and by tickets: every call, every refusal, batches of each size; then threads.
 */
#include "common.h"

#include "../../src/ring/batch_ring_priv.h"

#define TICKET ((unsigned)MAAR_BATCH_RING_TICKET)
#define MOST   MAAR_BATCH_RING_MAX_BATCH
#define GUARD  UINT32_C(0xeeeeeeee)

/* One alone, odd and even, what fills 512 bytes of a ticket cell, the largest; each in both forms. */
static const struct kind {
	unsigned flags;
	uint32_t batch;
} kinds[] = { { 0, 1 },	     { 0, 2 },	    { 0, 3 },	   { 0, 8 },	  { 0, 32 },	   { 0, 256 },
	      { TICKET, 1 }, { TICKET, 2 }, { TICKET, 3 }, { TICKET, 7 }, { TICKET, 124 }, { TICKET, 256 } };
#define KINDS ((int)COUNT_OF(kinds))

static struct maar_batch_ring *new_ring(size_t capacity, const struct kind *kind)
{
	struct maar_batch_ring *ring = maar_batch_ring_create(capacity, kind->batch, kind->flags);

	ck_assert_ptr_nonnull(ring);
	return ring;
}

/* Ends a ring that has to be in order. */
static void end(struct maar_batch_ring *ring)
{
	unit_eq(maar_batch_ring_check(ring), 0);
	maar_batch_ring_destroy(ring);
}

/* Handles count up, so that order shows. */
static uint32_t next_put, next_taken;

static size_t put(struct maar_batch_ring *ring, size_t n)
{
	uint32_t handles[MOST];
	size_t i;

	for (i = 0; i < n; i++)
		handles[i] = next_put + (uint32_t)i;
	if (!maar_batch_ring_enqueue(ring, handles, n))
		return 0;
	next_put += (uint32_t)n;
	return n;
}

static size_t take(struct maar_batch_ring *ring, size_t room, bool burst)
{
	static uint32_t handles[64 * MOST + 1];
	size_t n, i;

	memset(handles, 0xee, (room + 1) * sizeof(handles[0]));
	n = burst ? maar_batch_ring_dequeue_burst(ring, handles, room) : maar_batch_ring_dequeue(ring, handles, room);
	unit_must(n <= room);
	for (i = 0; i < n; i++)
		unit_eq(handles[i], next_taken + i);
	for (; i <= room; i++)
		unit_eq(handles[i], GUARD); /* nothing beyond */
	next_taken += (uint32_t)n;
	return n;
}

/* Fills to full, drains to empty, in batches of varying size; counts on the way. */
static void fill_and_drain(struct maar_batch_ring *ring, unsigned rounds)
{
	const size_t capacity = maar_batch_ring_capacity(ring), batch = maar_batch_ring_batch(ring);
	size_t sizes[64], i, in;

	next_put = next_taken = 0;
	while (rounds--) {
		unit_eq(maar_batch_ring_empty(ring), 1);
		unit_eq(take(ring, batch, false), 0);
		for (i = 0, in = 0; i < capacity; i++) {
			unit_eq(maar_batch_ring_full(ring), 0);
			sizes[i] = 1 + (i + rounds) % batch;
			unit_eq(put(ring, sizes[i]), sizes[i]);
			in += sizes[i];
			unit_eq(maar_batch_ring_count(ring), i + 1);
			unit_eq(maar_batch_ring_handles(ring), in);
		}
		unit_eq(maar_batch_ring_full(ring), 1);
		unit_eq(put(ring, 1), 0);
		unit_eq(maar_batch_ring_check(ring), 0);
		for (i = 0; i < capacity; i++) {
			if (sizes[i] > 1) { /* part of it: it stays, as a batch */
				unit_eq(take(ring, sizes[i] - 1, false), sizes[i] - 1);
				unit_eq(maar_batch_ring_count(ring), capacity - i);
				unit_eq(maar_batch_ring_handles(ring), in - sizes[i] + 1);
				if (i == 0)
					unit_eq(put(ring, 1), 0);
				unit_eq(take(ring, batch, false), 1);
			} else {
				unit_eq(take(ring, batch, false), 1);
			}
			in -= sizes[i];
			unit_eq(maar_batch_ring_count(ring), capacity - i - 1);
			unit_eq(maar_batch_ring_handles(ring), in);
		}
		unit_eq(maar_batch_ring_check(ring), 0);
	}
	unit_eq(maar_batch_ring_empty(ring), 1);
}

START_TEST(full_and_empty)
{
	static const size_t asked[] = { 1, 2, 3, 8, 33 }, capacity[] = { 1, 2, 4, 8, 64 };
	size_t k;

	for (k = 0; k < COUNT_OF(asked); k++) {
		struct maar_batch_ring *ring = new_ring(asked[k], &kinds[_i]);

		unit_eq(maar_batch_ring_capacity(ring), capacity[k]);
		unit_eq(maar_batch_ring_batch(ring), kinds[_i].batch);
		unit_eq(maar_batch_ring_flags(ring), kinds[_i].flags);
		fill_and_drain(ring, 3);
		end(ring);
	}
}
END_TEST

START_TEST(wraps)
{
	static const size_t capacities[] = { 1, 2, 8 };
	static const uint64_t ends[] = { UINT64_C(1) << 31, UINT64_C(1) << 32, UINT64_C(1) << 47, UINT64_C(1) << 48 };
	size_t k, w, before;

	for (k = 0; k < COUNT_OF(capacities); k++) {
		struct maar_batch_ring *ring = new_ring(capacities[k], &kinds[_i]);

		for (w = 0; w < COUNT_OF(ends); w++) {
			for (before = 0; before <= 2 * capacities[k]; before++) {
				maar__batch_ring_start_at(ring, ends[w] - before);
				unit_eq(maar_batch_ring_check(ring), 0);
				fill_and_drain(ring, 3);
			}
		}
		end(ring);
	}
}
END_TEST

/* Random calls against what a queue of numbers does. */
START_TEST(random_calls)
{
	struct maar_batch_ring *ring = new_ring(8, &kinds[_i]);
	const uint32_t batch = kinds[_i].batch;
	struct unit_rng rng = unit_rng((uint64_t)_i);
	unsigned i;

	next_put = next_taken = 0;
	for (i = 0; i < 20000; i++) {
		const uint32_t in = next_put - next_taken;
		const size_t n = unit_random_below(&rng, 3 * batch) + 1;
		size_t k;

		unit_eq(maar_batch_ring_handles(ring), in);
		unit_eq(maar_batch_ring_empty(ring), in == 0);
		switch (unit_random_below(&rng, 3)) {
		case 0:
			k = maar_batch_ring_full(ring) ? 0 : (n - 1) % batch + 1;
			unit_eq(put(ring, (n - 1) % batch + 1), k);
			break;
		case 1:
			k = take(ring, n, false);
			unit_must(k == 0 ? in == 0 : k <= batch && k <= n);
			break;
		default:
			unit_eq(take(ring, n, true), n < in ? n : in);
		}
	}
	end(ring);
}
END_TEST

START_TEST(bursts)
{
	const struct kind *kind = &kinds[_i];
	struct maar_batch_ring *ring = new_ring(4, kind);
	static uint32_t handles[5 * MOST];
	const size_t all = 4 * (size_t)kind->batch;
	size_t i;

	for (i = 0; i < COUNT_OF(handles); i++)
		handles[i] = (uint32_t)i;
	unit_eq(maar_batch_ring_enqueue_burst(ring, handles, 0), 0);
	unit_eq(maar_batch_ring_enqueue_burst(ring, handles, all + 1), all);
	unit_eq(maar_batch_ring_full(ring), 1);
	next_taken = 0;
	unit_eq(take(ring, all + 1, true), all);
	/* the last batch may be short */
	unit_eq(maar_batch_ring_enqueue_burst(ring, handles, kind->batch + 1), kind->batch + 1);
	unit_eq(maar_batch_ring_count(ring), 2);
	next_taken = 0;
	unit_eq(take(ring, kind->batch, false), kind->batch);
	unit_eq(take(ring, kind->batch, false), 1);
	end(ring);
}
END_TEST

static void sum_up(uint32_t handle, void *arg)
{
	unit_eq(handle, next_taken);
	next_taken++;
	++*(unsigned *)arg;
}

START_TEST(drain_and_destroy)
{
	struct maar_batch_ring *ring = new_ring(8, &kinds[_i]);
	unsigned n = 0;

	next_put = next_taken = 0;
	unit_eq(maar_batch_ring_drain(ring, sum_up, &n), 0);
	while (put(ring, kinds[_i].batch))
		;
	unit_eq(maar_batch_ring_drain(ring, sum_up, &n), 8 * kinds[_i].batch);
	unit_eq(n, 8 * kinds[_i].batch);
	put(ring, 1);
	unit_eq(maar_batch_ring_drain(ring, NULL, NULL), 1);
	next_taken = next_put;
	put(ring, 1);
	put(ring, 1);
	maar_batch_ring_destroy_each(ring, sum_up, &n);
	unit_eq(n, 8 * kinds[_i].batch + 2);
	maar_batch_ring_destroy(NULL);
}
END_TEST

/* ---- life ---- */

START_TEST(layout)
{
	const struct kind largest = { TICKET, 124 };
	struct maar_batch_ring *ring = new_ring(2, &largest);
	const struct maar__batch_view v = maar__batch_view(ring, true);

	/* 124 handles are what 512 bytes hold: a cell is eight lines, and no larger. */
	unit_eq(ring->stride, 512);
	unit_eq((uintptr_t)maar__batch_cell(v, 0) % MAAR_CACHE_LINE, 0);
	unit_eq((uintptr_t)maar__batch_cell(v, MAAR__BATCH_UNITS) - (uintptr_t)maar__batch_cell(v, 0), 512);
	ck_assert_ptr_eq(maar__batch_cell(v, 2 * MAAR__BATCH_UNITS), maar__batch_cell(v, 0));
	ck_assert_ptr_eq(maar__batch_words(v, 1), maar__batch_cell(v, MAAR__BATCH_UNITS) + 2);
	end(ring);
}
END_TEST

START_TEST(in_memory_of_the_callers)
{
	const struct kind *kind = &kinds[_i];
	const size_t bytes = maar_batch_ring_bytes(4, kind->batch, kind->flags);
	struct unit_place place = unit_place(bytes);
	unsigned char *mem = place.memory;
	struct maar_batch_ring *ring = (void *)mem;

	unit_eq(maar_batch_ring_init(NULL, bytes, 4, kind->batch, kind->flags), -EINVAL);
	unit_eq(maar_batch_ring_init(mem + 64, bytes, 4, kind->batch, kind->flags), -EINVAL);
	unit_eq(maar_batch_ring_init(mem, bytes, 0, kind->batch, kind->flags), -EINVAL);
	unit_eq(maar_batch_ring_init(mem, bytes, 4, 0, kind->flags), -EINVAL);
	unit_eq(maar_batch_ring_init(mem, bytes, 4, kind->batch, 2), -EINVAL);
	unit_eq(maar_batch_ring_init(mem, bytes, 4, MOST + 1, kind->flags), -EOVERFLOW);
	unit_eq(maar_batch_ring_init(mem, bytes - 1, 4, kind->batch, kind->flags), -ENOSPC);
	unit_eq(maar_batch_ring_init_layout(mem, bytes, 4, kind->batch, kind->flags, 0), -EPROTO);
	unit_place_untouched(&place);
	unit_eq(maar_batch_ring_init(mem, bytes, 4, kind->batch, kind->flags), 0);
	fill_and_drain(ring, 9);
	end(ring);
	unit_eq(maar_batch_ring_check(ring), -EINVAL);
	unit_place_end(&place);
}
END_TEST

START_TEST(absurd)
{
	unit_eq(maar_batch_ring_bytes(0, 1, 0), 0);
	unit_eq(maar_batch_ring_bytes(1, 0, 0), 0);
	unit_eq(maar_batch_ring_bytes(SIZE_MAX, 1, 0), 0);
	errno = 0;
	ck_assert_ptr_null(maar_batch_ring_create((size_t)1 << (sizeof(size_t) * 8 - 2), 124, TICKET));
	unit_eq(errno, EOVERFLOW);
	ck_assert_ptr_null(maar_batch_ring_create(1, MOST + 1, 0));
	unit_eq(errno, EOVERFLOW);
	ck_assert_ptr_null(maar_batch_ring_create(0, 1, 0));
	unit_eq(errno, EINVAL);
	ck_assert_ptr_null(maar_batch_ring_create(1, 1, 4));
	unit_eq(errno, EINVAL);
}
END_TEST

START_TEST(nothing_at_all)
{
	struct maar_batch_ring *ring = new_ring(2, &kinds[_i]);
	uint32_t handles[MOST + 1] = { 0 };

	unit_eq(maar_batch_ring_enqueue(ring, handles, 0), 0);
	unit_eq(maar_batch_ring_dequeue(ring, handles, 0), 0);
	unit_eq(maar_batch_ring_dequeue_burst(ring, handles, 0), 0);
	unit_eq(maar_batch_ring_enqueue(ring, handles, kinds[_i].batch), kinds[_i].batch);
	unit_eq(maar_batch_ring_dequeue(ring, handles, 0), 0);
	unit_eq(maar_batch_ring_count(ring), 1);
	end(ring);
}
END_TEST

#ifndef MAAR_DEBUG
START_TEST(refused)
{
	struct maar_batch_ring *ring = new_ring(2, &kinds[_i]);
	uint32_t handles[MOST + 1] = { 0 };

	unit_eq(maar_batch_ring_enqueue(ring, handles, kinds[_i].batch + 1), 0);
	unit_eq(maar_batch_ring_enqueue(ring, handles, SIZE_MAX), 0);
	unit_eq(maar_batch_ring_empty(ring), 1);
	unit_eq(maar_batch_ring_enqueue(NULL, handles, 1), 0);
	unit_eq(maar_batch_ring_enqueue_burst(NULL, handles, 1), 0);
	unit_eq(maar_batch_ring_dequeue(NULL, handles, 1), 0);
	unit_eq(maar_batch_ring_dequeue_burst(NULL, handles, 1), 0);
	unit_eq(maar_batch_ring_drain(NULL, NULL, NULL), 0);
	unit_eq(maar_batch_ring_capacity(NULL) + maar_batch_ring_batch(NULL) + maar_batch_ring_flags(NULL), 0);
	unit_eq(maar_batch_ring_count(NULL) + maar_batch_ring_handles(NULL), 0);
	unit_eq(maar_batch_ring_empty(NULL) + maar_batch_ring_full(NULL), 2);
	end(ring);
}
END_TEST
#endif

START_TEST(dump)
{
	struct maar_batch_ring *ring = new_ring(64, &kinds[_i]);
	struct unit_text text;
	FILE *full = unit_full_file();
	char *said;
	int i;

	for (i = 0; i < 20; i++)
		put(ring, 1);
	unit_text_open(&text);
	unit_eq(maar_batch_ring_dump(ring, text.to), 0);
	said = unit_text_close(&text);
	unit_assert_contains(said, kinds[_i].flags ? "ticket" : "lock-free");
	unit_assert_contains(said, "count 20, handles 20");
	unit_assert_contains(said, "... and 4 more");
	free(said);
	unit_eq(maar_batch_ring_dump(ring, full), -EIO);
	fclose(full);
	unit_eq(maar_batch_ring_dump(ring, NULL), -EINVAL);
	unit_eq(maar_batch_ring_dump(NULL, stdout), -EINVAL);
	end(ring);
}
END_TEST

/* What check finds: each field and each kind of cell, overwritten. */
START_TEST(overwritten)
{
	const struct kind *kind = &kinds[_i];
	struct maar_batch_ring *ring = new_ring(4, kind);
	const struct maar__batch_view v = maar__batch_view(ring, kind->flags);
	uint64_t *const words[] = { &ring->capacity, &ring->mask, &ring->stride,
				    &ring->blocks,   &ring->tail, maar__batch_cell(v, 0) };
	size_t k;

	put(ring, 1);
	for (k = 0; k < COUNT_OF(words); k++) {
		*words[k] ^= UINT64_C(1) << 40;
		unit_eq(maar_batch_ring_check(ring), -EBADMSG);
		*words[k] ^= UINT64_C(1) << 40;
	}
	ring->head++; /* all of a batch taken, and it is still there */
	unit_eq(maar_batch_ring_check(ring), -EBADMSG);
	ring->head--;
	*maar__batch_cell(v, MAAR__BATCH_UNITS) ^= 1 << MAAR__BATCH_SIZE_BITS; /* a block that another cell has */
	unit_eq(maar_batch_ring_check(ring), -EBADMSG);
	*maar__batch_cell(v, MAAR__BATCH_UNITS) ^= 1 << MAAR__BATCH_SIZE_BITS;
	if (!kind->flags) {
		maar__batch_spare(ring, 7)->word ^= 2;
		unit_eq(maar_batch_ring_check(ring), -EBADMSG);
		maar__batch_spare(ring, 7)->word ^= 2;
	}
	unit_eq(maar_batch_ring_check(NULL), -EINVAL);
	end(ring);
}
END_TEST

/* ---- threads that stop ---- */

/* TICKET: stopped between claim and publication, it hides what is behind it; when it goes on, all comes out in order. */
START_TEST(stopped_producer)
{
	const struct kind kind = { TICKET, 2 };
	struct maar_batch_ring *ring = new_ring(4, &kind);
	const struct maar__batch_view v = maar__batch_view(ring, true);
	uint32_t handles[2] = { 10, 11 }, hidden[2] = { 20, 21 }, got[8];
	uint64_t claimed;

	unit_eq(maar_batch_ring_enqueue(ring, handles, 2), 2);
	claimed = ring->tail; /* as the producer's compare-and-swap does */
	ring->tail += MAAR__BATCH_UNITS;
	handles[0] = 30;
	unit_eq(maar_batch_ring_enqueue(ring, handles, 1), 1);
	unit_eq(maar_batch_ring_dequeue_burst(ring, got, 8), 2);
	unit_eq(got[1], 11);
	unit_eq(maar__batch_take_full(ring, got), MAAR__BATCH_HIDDEN);
	unit_eq(maar_batch_ring_dequeue(ring, got, 8), 0);
	unit_eq(maar_batch_ring_count(ring), 2);
	unit_eq(maar_batch_ring_handles(ring), 1);
	unit_eq(maar_batch_ring_check(ring), -EOWNERDEAD);
	maar__batch_fill(maar__batch_words(v, maar__batch_index(v, claimed)), hidden, 2);
	*maar__batch_cell(v, claimed) = maar__batch_stamp(v, claimed, maar__batch_index(v, claimed), 2);
	unit_eq(maar_batch_ring_dequeue_burst(ring, got, 8), 3);
	unit_eq(got[0], 20);
	unit_eq(got[2], 30);
	unit_eq(maar__batch_take_full(ring, got), MAAR__BATCH_EMPTY);
	end(ring);
}
END_TEST

/* Lock-free: each producer stopped inside costs a spare; all but one may, and capacity is as before. Then "no". */
START_TEST(spares)
{
	const struct kind kind = { 0, 3 };
	struct maar_batch_ring *ring = new_ring(4, &kind);
	const struct maar__batch_view v = maar__batch_view(ring, false);
	struct maar__batch_hand hand[MAAR_BATCH_RING_SPARES];
	unsigned i;

	for (i = 0; i < MAAR_BATCH_RING_SPARES - 1; i++)
		unit_must(maar__batch_hand_take(v, 5, &hand[i]));
	unit_eq(maar_batch_ring_check(ring), -EOWNERDEAD);
	next_put = next_taken = 0;
	for (i = 0; i < 100; i++) {
		while (put(ring, 3))
			;
		unit_eq(maar_batch_ring_count(ring), 4);
		unit_eq(take(ring, 12, true), 12);
	}
	unit_must(maar__batch_hand_take(v, 5, &hand[MAAR_BATCH_RING_SPARES - 1]));
	unit_eq(put(ring, 1), 0);
	unit_eq(maar_batch_ring_full(ring), 0);
	for (i = 0; i < MAAR_BATCH_RING_SPARES; i++)
		maar__batch_hand_back(v, &hand[i]);
	unit_eq(put(ring, 3), 3);
	end(ring);
}
END_TEST

/* Lock-free: the tail is a hint. One that a late store has moved back, however far, is found out; counts are right. */
START_TEST(late_tail)
{
	const struct kind kind = { 0, 2 };
	struct maar_batch_ring *ring = new_ring(4, &kind);
	uint64_t back;

	for (back = 0; back < 12; back++) {
		unsigned i;

		maar__batch_ring_start_at(ring, UINT64_MAX - 20);
		next_put = next_taken = 0;
		for (i = 0; i < 17; i++) {
			unit_eq(put(ring, 2), 2);
			if (i >= 2)
				unit_eq(take(ring, 2, false), 2);
		}
		ring->tail -= back * MAAR__BATCH_UNITS;
		unit_eq(maar_batch_ring_count(ring), 2);
		unit_eq(maar_batch_ring_check(ring), 0);
		unit_eq(put(ring, 2), 2);
		ring->tail -= back * MAAR__BATCH_UNITS;
		unit_eq(put(ring, 2), 2);
		ring->tail -= back * MAAR__BATCH_UNITS;
		unit_eq(maar_batch_ring_full(ring), 1);
		unit_eq(put(ring, 2), 0);
		unit_eq(take(ring, 8, true), 8);
		unit_eq(maar_batch_ring_empty(ring), 1);
		unit_eq(maar_batch_ring_count(ring), 0);
	}
	end(ring);
}
END_TEST

/* ---- threads ---- */

#define THREADED 6000 /* batches of each producer */

struct side {
	struct maar_batch_ring *ring;
	uint32_t me, *payload; /* plain memory, one word for each handle */
	uint64_t handles, all, *taken;
	unsigned char *seen; /* one for each handle; a handle is one consumer's */
};

/* Handles: producer in the highest bit, then their number. */
static void *produce(void *arg)
{
	struct side *s = arg;
	struct unit_rng rng = unit_rng(s->me);
	const uint32_t batch = (uint32_t)maar_batch_ring_batch(s->ring);
	uint32_t handles[MOST], next = 0, i;

	while (next < s->handles) {
		uint32_t n = (uint32_t)unit_random_below(&rng, batch) + 1;

		n = n < s->handles - next ? n : (uint32_t)s->handles - next;
		for (i = 0; i < n; i++) {
			handles[i] = s->me << 31 | (next + i);
			s->payload[s->me * s->handles + next + i] = ~handles[i];
		}
		while (!maar_batch_ring_enqueue(s->ring, handles, n))
			pace_yield();
		next += n;
	}
	return NULL;
}

static void *consume(void *arg)
{
	struct side *s = arg;
	struct unit_rng rng = unit_rng(2 + s->me);
	const uint32_t batch = (uint32_t)maar_batch_ring_batch(s->ring);
	uint32_t handles[3 * MOST], last[2] = { 0, 0 };
	size_t n, i;

	while (__atomic_load_n(s->taken, __ATOMIC_RELAXED) < s->all) {
		const size_t room = unit_random_below(&rng, 3 * batch) + 1;

		n = room % 2 ? maar_batch_ring_dequeue(s->ring, handles, room)
			     : maar_batch_ring_dequeue_burst(s->ring, handles, room);
		if (n == 0)
			pace_yield();
		for (i = 0; i < n; i++) {
			const uint32_t who = handles[i] >> 31, number = handles[i] & INT32_MAX;
			const uint64_t at = who * s->handles + number;

			unit_must(number < s->handles);
			unit_must(number + 1 > last[who]); /* in its producer's order */
			last[who] = number + 1;
			unit_eq(s->payload[at], ~handles[i]);
			unit_eq(s->seen[at], 0); /* twice */
			s->seen[at] = 1;
		}
		__atomic_fetch_add(s->taken, n, __ATOMIC_RELAXED);
	}
	return NULL;
}

static void run_threads(const struct kind *kind, size_t capacity, unsigned pairs)
{
	const uint64_t handles = THREADED * ((uint64_t)kind->batch < 16 ? kind->batch : 16), all = pairs * handles;
	uint32_t *payload = calloc(all, sizeof(*payload));
	unsigned char *seen = calloc(all, 1);
	struct maar_batch_ring *ring = new_ring(capacity, kind);
	struct side side[2];
	uint64_t taken = 0;
	pthread_t thread[4];
	unsigned i;

	ck_assert(payload && seen);
	maar__batch_ring_start_at(ring, 0 - (uint64_t)THREADED / 4);
	for (i = 0; i < pairs; i++) {
		side[i] = (struct side){ ring, i, payload, handles, all, &taken, seen };
		thread[2 * i] = unit_thread(produce, &side[i]);
		thread[2 * i + 1] = unit_thread(consume, &side[i]);
	}
	for (i = 0; i < 2 * pairs; i++)
		unit_join(thread[i]);
	unit_eq(taken, all);
	unit_eq(maar_batch_ring_handles(ring), 0);
	end(ring);
	free(payload);
	free(seen);
}

START_TEST(two_threads)
{
	run_threads(&kinds[_i], 4, 1);
}
END_TEST

START_TEST(four_threads)
{
	run_threads(&kinds[_i], _i % 2 ? 1 : 2, 2);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("batch ring");
	TCase *moves = unit_tcase(suite, "moves"), *life = unit_tcase(suite, "life");
	TCase *threads = unit_tcase(suite, "threads");

	tcase_add_loop_test(moves, full_and_empty, 0, KINDS);
	tcase_add_loop_test(moves, wraps, 0, KINDS);
	tcase_add_loop_test(moves, random_calls, 0, KINDS);
	tcase_add_loop_test(moves, bursts, 0, KINDS);
	tcase_add_loop_test(moves, drain_and_destroy, 0, KINDS);
	tcase_add_loop_test(moves, nothing_at_all, 0, KINDS);
	tcase_add_test(life, layout);
	tcase_add_loop_test(life, in_memory_of_the_callers, 0, KINDS);
	tcase_add_test(life, absurd);
#ifndef MAAR_DEBUG
	tcase_add_loop_test(life, refused, 0, KINDS);
#endif
	tcase_add_loop_test(life, dump, 0, KINDS);
	tcase_add_loop_test(life, overwritten, 0, KINDS);
	tcase_add_test(threads, stopped_producer);
	tcase_add_test(threads, spares);
	tcase_add_test(threads, late_tail);
	tcase_add_loop_test(threads, two_threads, 0, KINDS);
	tcase_add_loop_test(threads, four_threads, 0, KINDS);
	return suite;
}
