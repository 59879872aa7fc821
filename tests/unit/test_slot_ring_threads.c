/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Slot rings between threads: every element comes out once, whole, and in its producer's order, whatever the size; also
 * when threads hold several slots and give them up in another order.
 */
#include "slot_kinds.h"


#define MOST_THREADS 3
#define HELD	     3 /* slots that a thread has out at once, at most */

struct stream {
	const struct kind *kind;
	struct maar_slot_ring *ring;
	size_t bytes;
	uint64_t each; /* elements of one producer */
	unsigned producers, consumers;
	uint64_t taken; /* atomic: by all consumers */
	uint8_t *got;	/* [producer * each + number]: atomic, how often it came out */
};

struct role {
	struct stream *stream;
	unsigned number;
};

/* Element of 1 byte: only the producer; longer ones say which element, too. */
static uint64_t name_of(const struct stream *s, unsigned producer, uint64_t n)
{
	return s->bytes < 8 ? producer : (uint64_t)producer << 48 | n;
}

/* What order commits must keep: SPSC as reserved, the others any; so the last first, if `backwards`. */
static void commit_all(struct maar_slot_ring *ring, void **slots, unsigned n, bool backwards)
{
	unsigned i;

	for (i = 0; i < n; i++)
		unit_eq(maar_slot_ring_commit(ring, slots[backwards ? n - 1 - i : i]), 1);
}

static void *produce(void *arg)
{
	const struct role *role = arg;
	const struct stream *s = role->stream;
	/* Lock-free order is that of commits: backwards would not be in order. */
	const bool backwards = kind_is_ticket(s->kind);
	struct unit_rng rng = unit_rng(role->number);
	void *slots[HELD];
	uint64_t n = 0;

	while (n < s->each) {
		const unsigned want = 1 + (unsigned)unit_random_below(&rng, HELD);
		unsigned k = 0;

		if (unit_random_below(&rng, 4) == 0) {
			uint8_t element[MOST_BYTES];

			write_element(element, name_of(s, role->number, n), s->bytes);
			if (maar_slot_ring_enqueue(s->ring, element))
				n++;
			else
				pace_yield();
			continue;
		}
		while (k < want && n + k < s->each && (slots[k] = maar_slot_ring_reserve(s->ring)) != NULL) {
			write_element(slots[k], name_of(s, role->number, n + k), s->bytes);
			k++;
		}
		if (kind_is_lockfree(s->kind) && k && unit_random_below(&rng, 4) == 0) {
			/* The last one goes back: to where consumers release theirs at the same time. */
			k--;
			unit_eq(maar_slot_ring_abort(s->ring, slots[k]), 1);
		}
		commit_all(s->ring, slots, k, backwards);
		n += k;
		if (k == 0)
			pace_yield();
	}
	return NULL;
}

static void took(struct stream *s, const void *slot, uint64_t *next)
{
	uint64_t name = 0, n;
	unsigned producer;

	memcpy(&name, slot, s->bytes < 8 ? 1 : 8);
	producer = (unsigned)(s->bytes < 8 ? name : name >> 48);
	n = name & 0xffffffffffff;
	unit_must(producer < s->producers && is_element(slot, name, s->bytes));
	if (s->bytes >= 8) {
		unit_must(n < s->each && n >= next[producer]); /* in its producer's order */
		next[producer] = n + 1;
		unit_eq(__atomic_fetch_add(&s->got[producer * s->each + n], 1, __ATOMIC_RELAXED), 0);
	}
}

static void *consume(void *arg)
{
	const struct role *role = arg;
	struct stream *s = role->stream;
	const uint64_t all = s->each * s->producers;
	struct unit_rng rng = unit_rng(100 + role->number);
	uint64_t next[MOST_THREADS] = { 0 };
	void *slots[HELD];
	unsigned k, i;

	while (__atomic_load_n(&s->taken, __ATOMIC_RELAXED) < all) {
		const unsigned want = 1 + (unsigned)unit_random_below(&rng, HELD);

		if (unit_random_below(&rng, 4) == 0) {
			uint8_t element[MOST_BYTES];

			k = (unsigned)maar_slot_ring_dequeue(s->ring, element);
			if (k)
				took(s, element, next);
		} else {
			for (k = 0; k < want && (slots[k] = maar_slot_ring_peek(s->ring)) != NULL; k++)
				took(s, slots[k], next);
			for (i = 0; i < k; i++)
				unit_eq(maar_slot_ring_release(s->ring, slots[kind_is_spsc(s->kind) ? i : k - 1 - i]),
					1);
		}
		__atomic_fetch_add(&s->taken, k, __ATOMIC_RELAXED);
		if (k == 0)
			pace_yield();
	}
	return NULL;
}

static void stream(const struct kind *kind, size_t capacity, size_t bytes, uint64_t start, uint64_t each)
{
	struct stream s = { kind, kind_ring(kind, capacity, bytes), bytes, each, 1, 1, 0, NULL };
	pthread_t threads[2 * MOST_THREADS];
	struct role roles[2 * MOST_THREADS];
	unsigned i, n = 0;

	maar__slot_ring_start_at(s.ring, start);
	s.producers = kind->flags & MAAR_SLOT_RING_SP ? 1 : MOST_THREADS;
	s.consumers = kind->flags & MAAR_SLOT_RING_SC ? 1 : MOST_THREADS;
	s.got = calloc(s.producers, each);
	ck_assert_ptr_nonnull(s.got);
	for (i = 0; i < s.producers; i++, n++) {
		roles[n] = (struct role){ &s, i };
		threads[n] = unit_thread(produce, &roles[n]);
	}
	for (i = 0; i < s.consumers; i++, n++) {
		roles[n] = (struct role){ &s, i };
		threads[n] = unit_thread(consume, &roles[n]);
	}
	while (n)
		unit_join(threads[--n]);
	unit_eq(s.taken, each * s.producers);
	unit_must(maar_slot_ring_empty(s.ring));
	unit_eq(maar_slot_ring_count(s.ring), 0);
	unit_eq(maar_slot_ring_check(s.ring), 0);
	free(s.got);
	maar_slot_ring_destroy(s.ring);
}

START_TEST(every_size)
{
	size_t e;

	for (e = 0; e < COUNT_OF(elements); e++)
		stream(&kinds[_i], e % 2 ? 64 : 8, elements[e], UINT64_MAX - 500, 1500);
}
END_TEST

/* Few cells: everybody meets everybody. HELD slots of one thread must fit, or two threads could wait for each other. */
START_TEST(few_cells)
{
	stream(&kinds[_i], 1, 24, (UINT64_C(1) << 32) - 100, 600);
	stream(&kinds[_i], 2, 24, (UINT64_C(1) << 31) - 100, 1000);
	stream(&kinds[_i], 4, 100, 0, 1000);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("slot_ring_threads");
	TCase *tcase = unit_tcase(suite, "streams");

	tcase_add_loop_test(tcase, every_size, 0, KINDS);
	tcase_add_loop_test(tcase, few_cells, 0, KINDS);
	return suite;
}
