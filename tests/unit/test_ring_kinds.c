/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * What only some kinds of rings have: the slack of a lazy consumer, values that a ring of handles refuses, peek and
 * release, overwriting, assumed flags; and maar_ring_check, which must notice every field that is wrong.
 */
#include "ring_modes.h"


static struct maar_ring *new_ring(size_t capacity, unsigned flags)
{
	struct maar_ring *ring = maar_ring_create(capacity, flags);

	ck_assert_ptr_nonnull(ring);
	return ring;
}

/* Passes n values through an empty ring, so that its consumer stands anywhere. */
static void pass(struct maar_ring *ring, uint64_t n)
{
	uint64_t value;

	while (n--) {
		unit_eq(maar_ring_enqueue(ring, n), 1);
		unit_eq(maar_ring_dequeue(ring, &value), 1);
		unit_eq(value, n);
	}
}

/* Puts values first, first + 1, ... until the ring refuses; returns how many. */
static size_t fill(struct maar_ring *ring, uint64_t first)
{
	size_t n = 0;

	while (maar_ring_enqueue(ring, first + n))
		n++;
	return n;
}

/* ---- lazy heads ---- */

#define LAZY   64
#define PERIOD (LAZY / 16)

/*
 * Wherever the consumer stands, at least the capacity fits; what it has taken since it last told is what may be in
 * beyond that, up to a period less one.
 */
START_TEST(holds_capacity_and_slack)
{
	const struct mode *mode = &modes[_i];
	const bool lazy = mode_limit(mode, LAZY) > LAZY;
	size_t taken, longest = 0;

	for (taken = 0; taken <= 3 * PERIOD; taken++) {
		struct maar_ring *ring = new_ring(LAZY, mode->flags);
		uint64_t value;
		size_t i, n;

		/* All but the last dequeue leave a value behind, so that the consumer never finds the ring empty. */
		unit_eq(fill(ring, 0), mode_limit(mode, LAZY));
		for (i = 0; i < taken; i++)
			unit_eq(maar_ring_dequeue(ring, &value), 1);
		n = mode_limit(mode, LAZY) - taken;
		n += fill(ring, 1000);
		if (lazy)
			unit_eq(n, mode_limit(mode, LAZY) - taken % PERIOD);
		else
			unit_eq(n, LAZY);
		unit_eq(maar_ring_count(ring), n);
		unit_eq(maar_ring_check(ring), 0);
		longest = n > longest ? n : longest;
		maar_ring_destroy(ring);
	}
	unit_eq(longest, mode_limit(mode, LAZY));
}
END_TEST

/* Finding it empty, the consumer tells all: single calls, bursts, bulks and peeks. */
START_TEST(empty_tells)
{
	const struct mode *mode = &modes[_i];
	uint64_t values[8];
	unsigned way;

	for (way = 0; way < 4; way++) {
		struct maar_ring *ring = new_ring(LAZY, mode->flags);

		pass(ring, 3);
		if (way == 0)
			unit_eq(maar_ring_dequeue(ring, values), 0);
		else if (way == 1)
			unit_eq(maar_ring_dequeue_burst(ring, values, 8), 0);
		else if (way == 2)
			unit_eq(maar_ring_dequeue_bulk(ring, values, 8), 0);
		else if (mode->flags & MAAR_RING_SC)
			unit_eq(maar_ring_peek(ring, values, 8), 0);
		unit_eq(ring->head, 3);
		unit_eq(fill(ring, 0), mode_limit(mode, LAZY));
		maar_ring_destroy(ring);
	}
}
END_TEST

/* A single consumer that dequeues less often than a producer refuses never starves it. */
START_TEST(lazy_streams)
{
	const struct mode *mode = &modes[_i];
	struct maar_ring *ring = new_ring(LAZY, mode->flags);
	uint64_t in = 0, out = 0, value;
	struct unit_rng rng = unit_rng(2);

	while (out < 20000) {
		size_t n = (size_t)unit_random_below(&rng, LAZY);

		while (n-- && in - out < LAZY)
			unit_eq(maar_ring_enqueue(ring, in++), 1);
		for (n = (size_t)unit_random_below(&rng, LAZY); n && out < in; n--) {
			unit_eq(maar_ring_dequeue(ring, &value), 1);
			unit_eq(value, out++);
		}
	}
	unit_eq(maar_ring_count(ring), in - out);
	unit_eq(maar_ring_check(ring), 0);
	maar_ring_destroy(ring);
}
END_TEST

/* ---- handles ---- */

START_TEST(beyond_32_bits)
{
	const struct mode *mode = &modes[_i];
	struct maar_ring *ring = new_ring(16, mode->flags);
	uint64_t values[3] = { UINT32_MAX, 0, UINT64_C(1) << 32 }, value;
	const size_t fits = mode->flags & MAAR_RING_HANDLE ? 0 : 1;

	unit_eq(maar_ring_enqueue(ring, UINT32_MAX), 1);
	unit_eq(maar_ring_enqueue(ring, UINT64_C(1) << 32), fits);
	unit_eq(maar_ring_enqueue_burst(ring, values, 3), 3 * fits);
	if (maar_ring_has_enqueue_bulk(ring))
		unit_eq(maar_ring_enqueue_bulk(ring, values, 3), 3 * fits);
	unit_eq(maar_ring_enqueue_sp(ring, UINT64_MAX), fits);
	unit_eq(maar_ring_dequeue(ring, &value), 1);
	unit_eq(value, UINT32_MAX);
	unit_eq(maar_ring_empty(ring), !fits);
	maar_ring_destroy(ring);
}
END_TEST

/* ---- peek and release ---- */

START_TEST(peek_and_release)
{
	const struct mode *mode = &modes[_i];
	struct maar_ring *ring = new_ring(LAZY, mode->flags);
	uint64_t values[LAZY], in = 0, out = 0, round;
	size_t n, i, k;

	if (!(mode->flags & MAAR_RING_SC)) { /* another could take what this one looks at */
		unit_eq(maar_ring_enqueue(ring, 1), 1);
		unit_eq(maar_ring_peek(ring, values, 1), 0);
		unit_eq(maar_ring_release(ring, 1), 0);
		unit_eq(maar_ring_count(ring), 1);
		maar_ring_destroy(ring);
		return;
	}
	maar__ring_start_at(ring, 0 - UINT64_C(100));
	for (round = 0; round < 200; round++) {
		for (n = round % 7; n && in - out < LAZY; n--)
			unit_eq(maar_ring_enqueue(ring, in++), 1);
		n = round % 5;
		k = n < in - out ? n : (size_t)(in - out);
		unit_eq(maar_ring_peek(ring, values, n), k);
		for (i = 0; i < k; i++)
			unit_eq(values[i], out + i);
		unit_eq(maar_ring_count(ring), in - out); /* nothing taken */
		unit_eq(maar_ring_peek(ring, NULL, 0), 0);
		unit_eq(maar_ring_release(ring, 0), 0);
		unit_eq(maar_ring_release(ring, (size_t)(in - out) + 1), 0);
		unit_eq(maar_ring_count(ring), in - out);
		unit_eq(maar_ring_release(ring, k), k);
		out += k;
		unit_eq(maar_ring_count(ring), in - out);
		unit_eq(maar_ring_check(ring), 0);
	}
	maar_ring_destroy(ring);
}
END_TEST

/* ---- overwriting ---- */

struct evicted {
	uint64_t values[8];
	size_t n;
};

static void note_evicted(uint64_t value, void *arg)
{
	struct evicted *evicted = arg;

	unit_must(evicted->n < COUNT_OF(evicted->values));
	evicted->values[evicted->n++] = value;
}

START_TEST(overwrite)
{
	const struct mode *mode = &modes[_i];
	struct maar_ring *ring = new_ring(4, mode->flags);
	struct evicted evicted = { .n = 0 };
	uint64_t value, i;

	if (!(mode->flags & MAAR_RING_OVERWRITE)) {
		unit_eq(maar_ring_enqueue_overwrite(ring, 1, note_evicted, &evicted), 0);
		unit_eq(maar_ring_count(ring) + evicted.n, 0);
		maar_ring_destroy(ring);
		return;
	}
	for (i = 0; i < 4; i++)
		unit_eq(maar_ring_enqueue_overwrite(ring, i, note_evicted, &evicted), 1);
	unit_eq(evicted.n, 0);
	for (; i < 10; i++)
		unit_eq(maar_ring_enqueue_overwrite(ring, i, note_evicted, &evicted), 1);
	unit_eq(maar_ring_enqueue_overwrite(ring, 10, NULL, NULL), 1);
	unit_eq(evicted.n, 6);
	for (i = 0; i < 6; i++)
		unit_eq(evicted.values[i], i);
	if (mode->flags & MAAR_RING_HANDLE)
		unit_eq(maar_ring_enqueue_overwrite(ring, UINT64_MAX, note_evicted, &evicted), 0);
	for (i = 7; i <= 10; i++) {
		unit_eq(maar_ring_dequeue(ring, &value), 1);
		unit_eq(value, i);
	}
	unit_eq(maar_ring_empty(ring), 1);
	if (mode->flags & MAAR_RING_TICKET) { /* as a producer leaves it that died between claim and fill */
		ring->tail++;
		for (i = 0; i < 3; i++)
			unit_eq(maar_ring_enqueue_overwrite(ring, i, note_evicted, &evicted), 1);
		unit_eq(maar_ring_enqueue_overwrite(ring, 3, note_evicted, &evicted), 0);
		unit_eq(evicted.n, 6);
	}
	maar_ring_destroy(ring);
}
END_TEST

/* Two overwriting producers, two consumers: each value goes to a consumer or is handed back, once. */

#define OVERWRITES 20000

struct overwriter {
	struct maar_ring *ring;
	unsigned char *seen; /* by value */
	uint64_t first, done;
};

static struct overwriter overwriters[4];
static uint64_t producers_left;

static void seen_once(uint64_t value, void *arg)
{
	struct overwriter *o = arg;

	unit_eq(__atomic_fetch_add(&o->seen[value], 1, __ATOMIC_RELAXED), 0);
	o->done++;
}

static void *overwriting(void *arg)
{
	struct overwriter *o = arg;
	uint64_t i;

	for (i = 0; i < OVERWRITES; i++)
		while (!maar_ring_enqueue_overwrite(o->ring, o->first + i, seen_once, o))
			pace_yield(); /* TICKET: the other stands between claim and fill */
	__atomic_fetch_sub(&producers_left, 1, __ATOMIC_RELEASE);
	return NULL;
}

static void *taking(void *arg)
{
	struct overwriter *o = arg;
	uint64_t value;
	bool last;

	do {
		last = __atomic_load_n(&producers_left, __ATOMIC_ACQUIRE) == 0;
		while (maar_ring_dequeue(o->ring, &value))
			seen_once(value, o);
		pace_yield();
	} while (!last);
	return NULL;
}

START_TEST(overwrite_threads)
{
	static unsigned char seen[2 * OVERWRITES];
	struct maar_ring *ring = new_ring(8, modes[_i].flags);
	pthread_t threads[4];
	uint64_t sum = 0, i;

	if (modes[_i].flags & MAAR_RING_OVERWRITE) {
		producers_left = 2;
		for (i = 0; i < 4; i++) {
			overwriters[i] = (struct overwriter){ ring, seen, i * OVERWRITES, 0 };
			threads[i] = unit_thread(i < 2 ? overwriting : taking, &overwriters[i]);
		}
		for (i = 0; i < 4; i++) {
			unit_join(threads[i]);
			sum += overwriters[i].done;
		}
		unit_eq(sum, 2 * OVERWRITES);
		unit_eq(maar_ring_check(ring), 0);
	}
	maar_ring_destroy(ring);
}
END_TEST

/* ---- assumed flags ---- */

START_TEST(assumed)
{
	const unsigned flags = modes[_i].flags;
	struct maar_ring *ring = new_ring(4, flags);
	uint64_t value;

	ck_assert_ptr_eq(maar_ring_assume(ring, flags), ring);
	unit_eq(maar_ring_enqueue(maar_ring_assume(ring, flags), 7), 1);
	unit_eq(maar_ring_dequeue(maar_ring_assume(ring, flags), &value), 1);
	unit_eq(value, 7);
	maar_ring_destroy(ring);
}
END_TEST

/* ---- check ---- */

/* Sound at every level, and wherever the positions wrap. */
START_TEST(check_sound)
{
	static const uint64_t starts[] = { 0, UINT64_C(1) << 31, UINT64_C(1) << 32, UINT64_C(1) << 38, 0 };
	size_t capacity, s, level;

	for (capacity = 1; capacity <= 64; capacity *= 4) {
		for (s = 0; s < COUNT_OF(starts); s++) {
			struct maar_ring *ring = new_ring(capacity, modes[_i].flags);

			if (s)
				maar__ring_start_at(ring, starts[s] - capacity / 2 - 1);
			for (level = 0; level <= capacity; level++) {
				unit_eq(maar_ring_check(ring), 0);
				unit_eq(maar_ring_enqueue(ring, level), level < ring->limit);
			}
			unit_eq(maar_ring_drain(ring, NULL, NULL), capacity + (capacity < ring->limit));
			unit_eq(maar_ring_check(ring), 0);
			maar_ring_destroy(ring);
		}
	}
}
END_TEST

/* Flips each bit of each field that a living ring relies on, and of each lap: all are noticed. */
START_TEST(check_corrupt)
{
	struct maar_ring *ring = new_ring(4, modes[_i].flags);
	const unsigned flags = modes[_i].flags;
	struct {
		uint64_t *field;
		unsigned bits;
	} fields[] = { { &ring->capacity, 64 }, { &ring->limit, 64 }, { &ring->mask, 64 }, { &ring->tell, 64 },
		       { &ring->tail, 64 },	{ &ring->head, 64 },  { &ring->taken, 64 } };
	uint64_t *cells = (uint64_t *)(ring + 1);
	size_t f, i;
	unsigned bit;

	pass(ring, 5);
	for (i = 0; i < 3; i++)
		unit_eq(maar_ring_enqueue(ring, i), 1);
	unit_eq(maar_ring_check(ring), 0);
	for (f = 0; f < COUNT_OF(fields); f++) {
		if (fields[f].field == &ring->taken && !(flags & MAAR_RING_SC))
			continue; /* of no use to this ring */
		for (bit = 0; bit < fields[f].bits; bit++) {
			/* A value more or fewer, or told later, is a ring in order, where no lap says otherwise. */
			if (bit < 2 && (fields[f].field == &ring->head || fields[f].field == &ring->taken ||
					fields[f].field == &ring->tail))
				continue;
			*fields[f].field ^= UINT64_C(1) << bit;
			unit_must(maar_ring_check(ring) == -EBADMSG ||
				  (flags & MAAR_RING_TICKET && maar_ring_check(ring) == -EOWNERDEAD));
			*fields[f].field ^= UINT64_C(1) << bit;
		}
	}
	for (bit = 0; bit < 32; bit++) {
		ring->layout ^= 1u << bit;
		unit_eq(maar_ring_check(ring), -EBADMSG);
		ring->layout ^= 1u << bit;
		ring->shift ^= 1u << bit;
		unit_eq(maar_ring_check(ring), -EBADMSG);
		ring->shift ^= 1u << bit;
		ring->magic ^= 1u << bit;
		unit_eq(maar_ring_check(ring), -EINVAL);
		ring->magic ^= 1u << bit;
	}
	for (i = 0; i < 4 && !(flags & MAAR_RING_SPAN); i++) {
		uint64_t *lap = flags & MAAR_RING_HANDLE ? &cells[i] : &cells[2 * i];

		for (bit = flags & MAAR_RING_HANDLE ? 32 : 0; bit < 64; bit++) {
			*lap ^= UINT64_C(1) << bit;
			/* One flip fills the next cell: as if its producer had died before it moved the tail. */
			unit_must(maar_ring_check(ring) == -EBADMSG || maar_ring_count(ring) == 4 ||
				  (flags & MAAR_RING_SP && maar_ring_check(ring) == -EOWNERDEAD));
			*lap ^= UINT64_C(1) << bit;
		}
	}
	unit_eq(maar_ring_check(ring), 0);
	maar_ring_destroy(ring);
}
END_TEST

START_TEST(check_claimed)
{
	struct maar_ring *ring = new_ring(4, MAAR_RING_TICKET);

	unit_eq(maar_ring_enqueue(ring, 1), 1);
	ring->tail++; /* as a producer leaves it that died between claim and fill */
	unit_eq(maar_ring_enqueue(ring, 2), 1);
	unit_eq(maar_ring_check(ring), -EOWNERDEAD);
	maar_ring_destroy(ring);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("ring kinds");
	TCase *kinds = unit_tcase(suite, "kinds"), *check = unit_tcase(suite, "check");

	tcase_add_loop_test(kinds, holds_capacity_and_slack, 0, MODES);
	tcase_add_loop_test(kinds, empty_tells, 0, MODES);
	tcase_add_loop_test(kinds, lazy_streams, 0, MODES);
	tcase_add_loop_test(kinds, beyond_32_bits, 0, MODES);
	tcase_add_loop_test(kinds, peek_and_release, 0, MODES);
	tcase_add_loop_test(kinds, overwrite, 0, MODES);
	tcase_add_loop_test(kinds, overwrite_threads, 0, MODES);
	tcase_add_loop_test(kinds, assumed, 0, MODES);
	tcase_add_loop_test(check, check_sound, 0, MODES);
	tcase_add_loop_test(check, check_corrupt, 0, MODES);
	tcase_add_test(check, check_claimed);
	return suite;
}
