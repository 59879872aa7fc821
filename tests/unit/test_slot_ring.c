/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Slot rings, one thread: life, in place, many, copies, what is refused, observers, check. With MAAR_NO_INLINE the same
 * against the exported functions. Threads: test_slot_ring_threads.c.
 */
#include "slot_kinds.h"

static const size_t capacities[] = { 1, 2, 8, 64 };
static const uint64_t starts[] = { 0, (UINT64_C(1) << 31) - 3, (UINT64_C(1) << 32) - 3, (UINT64_C(1) << 62) - 3,
				   UINT64_MAX - 2 };

/* Runs `body` with every kind, size, capacity and start. */
#define EACH(body)                                                                                                     \
	do {                                                                                                           \
		size_t e_, c_, s_;                                                                                     \
		for (e_ = 0; e_ < COUNT_OF(elements); e_++)                                                            \
			for (c_ = 0; c_ < COUNT_OF(capacities); c_++)                                                  \
				for (s_ = 0; s_ < COUNT_OF(starts); s_++) {                                            \
					struct maar_slot_ring *ring_ =                                                 \
						kind_ring(&kinds[_i], capacities[c_], elements[e_]);                   \
					maar__slot_ring_start_at(ring_, starts[s_]);                                   \
					body(&kinds[_i], ring_, capacities[c_], elements[e_]);                         \
					unit_eq(maar_slot_ring_check(ring_), 0);                                       \
					maar_slot_ring_destroy(ring_);                                                 \
				}                                                                                      \
	} while (0)

/* ---- life ---- */

START_TEST(sizes)
{
	const struct kind *kind = &kinds[_i];
	size_t e, c;

	for (e = 0; e < COUNT_OF(elements); e++)
		for (c = 0; c < COUNT_OF(capacities); c++) {
			const size_t bytes = maar_slot_ring_bytes(capacities[c], elements[e], kind->flags);
			struct unit_place place = unit_place(bytes);
			struct maar_slot_ring *ring = (void *)place.memory;

			unit_must(bytes > capacities[c] * (elements[e] + 8));
			unit_eq(maar_slot_ring_init(ring, bytes - 1, capacities[c], elements[e], kind->flags), -ENOSPC);
			unit_place_untouched(&place);
			unit_eq(maar_slot_ring_init(ring, bytes, capacities[c], elements[e], kind->flags), 0);
			unit_eq(maar_slot_ring_capacity(ring), capacities[c]);
			unit_eq(maar_slot_ring_element(ring), elements[e]);
			unit_eq(maar_slot_ring_flags(ring), kind->flags);
			unit_eq(maar_slot_ring_has_bulk(ring), !kind_is_lockfree(kind));
			unit_must(maar_slot_ring_stride(ring) >= elements[e] + 8);
			unit_eq(maar_slot_ring_check(ring), 0);
			maar_slot_ring_destroy(ring);
			unit_place_end(&place);
		}
}
END_TEST

START_TEST(strides)
{
	static const size_t plain[][2] = { { 1, 16 },  { 8, 16 },  { 9, 32 },	 { 24, 32 },  { 25, 64 },
					   { 56, 64 }, { 57, 72 }, { 100, 112 }, { 512, 520 } };
	static const size_t line[][2] = { { 1, 64 }, { 56, 64 }, { 57, 128 }, { 64, 128 }, { 120, 128 }, { 512, 576 } };
	struct maar_slot_ring *ring;
	size_t i;

	for (i = 0; i < COUNT_OF(plain); i++) {
		ring = maar_slot_ring_create(3, plain[i][0], MAAR_SLOT_RING_SPSC);
		ck_assert_ptr_nonnull(ring);
		unit_eq(maar_slot_ring_capacity(ring), 4);
		unit_eq(maar_slot_ring_stride(ring), plain[i][1]);
		unit_eq((uintptr_t)maar_slot_ring_reserve(ring) % (plain[i][1] <= 64 ? plain[i][1] : 8), 0);
		unit_eq((uintptr_t)maar_slot_ring_reserve(ring) % (plain[i][1] <= 64 ? plain[i][1] : 8), 0);
		maar_slot_ring_destroy(ring);
	}
	for (i = 0; i < COUNT_OF(line); i++) {
		ring = maar_slot_ring_create(3, line[i][0], MAAR_SLOT_RING_TICKET | MAAR_SLOT_RING_LINE);
		ck_assert_ptr_nonnull(ring);
		unit_eq(maar_slot_ring_stride(ring), line[i][1]);
		unit_eq((uintptr_t)maar_slot_ring_reserve(ring) % MAAR_CACHE_LINE, 0);
		maar_slot_ring_destroy(ring);
	}
}
END_TEST

static const struct {
	size_t capacity, element;
	unsigned flags;
	int rc;
} refusals[] = {
	{ 0, 8, 0, -EINVAL },
	{ 8, 0, 0, -EINVAL },
	{ 8, 8, 1u << 3, -EINVAL },
	{ 8, 8, 1u << 31, -EINVAL },
	{ 8, 8, MAAR_SLOT_RING_SPSC | MAAR_SLOT_RING_TICKET, -EINVAL },
	{ 8, 8, MAAR_SLOT_RING_EXACT, -EINVAL },
	{ 8, 8, MAAR_SLOT_RING_SC | MAAR_SLOT_RING_EXACT, -EINVAL },
	{ 8, MAAR_SLOT_RING_MAX_ELEMENT + 1, MAAR_SLOT_RING_SPSC, -EOVERFLOW },
	{ MAAR_SLOT_RING_MAX_CAPACITY + 1, 8, MAAR_SLOT_RING_SPSC, -EOVERFLOW },
	{ SIZE_MAX, 8, MAAR_SLOT_RING_TICKET, -EOVERFLOW },
	{ SIZE_MAX, SIZE_MAX, 0, -EOVERFLOW },
};

START_TEST(refused)
{
	static uint8_t mem[4096] __attribute__((aligned(MAAR_APART)));
	size_t i;

	for (i = 0; i < COUNT_OF(refusals); i++) {
		unit_eq(maar_slot_ring_bytes(refusals[i].capacity, refusals[i].element, refusals[i].flags), 0);
		unit_eq(maar_slot_ring_init(mem, sizeof(mem), refusals[i].capacity, refusals[i].element,
					    refusals[i].flags),
			refusals[i].rc);
		errno = 0;
		unit_must(!maar_slot_ring_create(refusals[i].capacity, refusals[i].element, refusals[i].flags));
		unit_eq(errno, -refusals[i].rc);
	}
	unit_eq(maar_slot_ring_init(NULL, sizeof(mem), 8, 8, 0), -EINVAL);
	unit_eq(maar_slot_ring_init(mem + 64, sizeof(mem) - 64, 8, 8, 0), -EINVAL);
	unit_eq(maar_slot_ring_init_layout(mem, sizeof(mem), 8, 8, 0, MAAR_SLOT_RING_LAYOUT + 1), -EPROTO);
	errno = 0;
	unit_must(!maar_slot_ring_create_layout(8, 8, 0, MAAR_SLOT_RING_LAYOUT + 1));
	unit_eq(errno, EPROTO);
	/* The largest, if the machine has so much address space to give: 2^31 cells of 16 bytes, untouched. */
	unit_must(sizeof(size_t) < 8 ||
		  maar_slot_ring_bytes(MAAR_SLOT_RING_MAX_CAPACITY, MAAR_SLOT_RING_MAX_ELEMENT, MAAR_SLOT_RING_TICKET) >
			  SIZE_MAX >> 15);
}
END_TEST

START_TEST(null_rings)
{
	struct maar_slot_span runs[2];
	char element[8];

	unit_must(!maar_slot_ring_reserve(NULL) && !maar_slot_ring_peek(NULL));
	unit_eq(maar_slot_ring_commit(NULL, element) + maar_slot_ring_release(NULL, element), 0);
	unit_eq(maar_slot_ring_abort(NULL, element) + maar_slot_ring_unpeek(NULL, element), 0);
	unit_eq(maar_slot_ring_reserve_many(NULL, runs, 2) + maar_slot_ring_peek_many(NULL, runs, 2), 0);
	unit_eq(runs[0].n + runs[1].n, 0);
	unit_must(!maar_slot_span_at(runs, 0));
	unit_eq(maar_slot_ring_commit_many(NULL, runs, 2) + maar_slot_ring_release_many(NULL, runs, 2), 0);
	unit_eq(maar_slot_ring_enqueue(NULL, element) + maar_slot_ring_dequeue(NULL, element), 0);
	unit_eq(maar_slot_ring_enqueue_bulk(NULL, element, 1) + maar_slot_ring_dequeue_bulk(NULL, element, 1), 0);
	unit_eq(maar_slot_ring_enqueue_burst(NULL, element, 1) + maar_slot_ring_dequeue_burst(NULL, element, 1), 0);
	unit_eq(maar_slot_ring_capacity(NULL) + maar_slot_ring_element(NULL) + maar_slot_ring_stride(NULL), 0);
	unit_eq(maar_slot_ring_flags(NULL), 0);
	unit_eq(maar_slot_ring_count(NULL), 0);
	unit_eq(maar_slot_ring_empty(NULL) + maar_slot_ring_full(NULL), 2);
	unit_eq(maar_slot_ring_has_bulk(NULL), 0);
	unit_eq(maar_slot_ring_drain(NULL, NULL, NULL), 0);
	unit_eq(maar_slot_ring_dump(NULL, stdout), -EINVAL);
	unit_eq(maar_slot_ring_check(NULL), -EINVAL);
	maar_slot_ring_destroy(NULL);
	maar_slot_ring_destroy_each(NULL, NULL, NULL);
}
END_TEST

/* ---- in place ---- */

/* Three rounds of filling up and emptying, in order, with every other state between. */
static void fill_and_empty(const struct kind *kind, struct maar_slot_ring *ring, size_t capacity, size_t bytes)
{
	uint64_t in = 0, out = 0;
	unsigned round;
	void *slot;

	for (round = 0; round < 3; round++) {
		unit_must(maar_slot_ring_empty(ring) && !maar_slot_ring_full(ring));
		unit_must(!maar_slot_ring_peek(ring));
		for (; in - out < kind_limit(kind, capacity); in++) {
			slot = maar_slot_ring_reserve(ring);
			unit_must(slot != NULL && (uintptr_t)slot % 8 == 0);
			write_element(slot, in, bytes);
			unit_eq(maar_slot_ring_commit(ring, slot), 1);
			unit_eq(maar_slot_ring_count(ring), in - out + 1);
		}
		unit_must(maar_slot_ring_full(ring) && !maar_slot_ring_empty(ring));
		unit_must(!maar_slot_ring_reserve(ring));
		for (; out < in; out++) {
			slot = maar_slot_ring_peek(ring);
			unit_must(slot != NULL && is_element(slot, out, bytes));
			memset(slot, 0xee, bytes);
			unit_eq(maar_slot_ring_release(ring, slot), 1);
			unit_eq(maar_slot_ring_count(ring), in - out - 1);
		}
	}
}

START_TEST(in_place)
{
	EACH(fill_and_empty);
}
END_TEST

/* A few in, a few out, so that every cell is met with every fill. */
static void ragged(const struct kind *kind, struct maar_slot_ring *ring, size_t capacity, size_t bytes)
{
	struct unit_rng rng = unit_rng(capacity * 1000 + bytes);
	uint64_t in = 0, out = 0;
	void *slot;

	(void)kind;
	while (out < 3 * capacity + 20) {
		size_t n = (size_t)unit_random_below(&rng, capacity + 1);

		for (; n && in - out < capacity; n--, in++) {
			slot = maar_slot_ring_reserve(ring);
			unit_must(slot != NULL);
			write_element(slot, in, bytes);
			unit_eq(maar_slot_ring_commit(ring, slot), 1);
		}
		for (n = (size_t)unit_random_below(&rng, capacity + 1); n && out < in; n--, out++) {
			slot = maar_slot_ring_peek(ring);
			unit_must(slot != NULL && is_element(slot, out, bytes));
			unit_eq(maar_slot_ring_release(ring, slot), 1);
		}
	}
}

START_TEST(in_place_ragged)
{
	EACH(ragged);
}
END_TEST

/* ---- many ---- */

static void many(const struct kind *kind, struct maar_slot_ring *ring, size_t capacity, size_t bytes)
{
	struct unit_rng rng = unit_rng(capacity * 3000 + bytes);
	uint64_t in = 0, out = 0;
	struct maar_slot_span runs[2];
	size_t n, k, i;

	unit_eq(maar_slot_ring_reserve_many(ring, runs, 0), 0);
	unit_eq(maar_slot_ring_peek_many(ring, runs, 5), 0);
	unit_must(!maar_slot_span_at(runs, 0));
	while (out < 3 * capacity + 20) {
		n = (size_t)unit_random_below(&rng, 2 * capacity) + 1;
		k = maar_slot_ring_reserve_many(ring, runs, n);
		if (kind_is_lockfree(kind))
			unit_must(k == 2 || k == n || k == capacity - (in - out));
		else
			unit_must(k == n || (k < n && k + (in - out) >= capacity));
		for (i = 0; i < k; i++)
			write_element(maar_slot_span_at(runs, i), in + i, bytes);
		unit_must(!maar_slot_span_at(runs, k));
		n = (size_t)unit_random_below(&rng, k + 1); /* in two goes, unless nothing can be left out */
		if (n < k && kind_is_spsc(kind)) {
			unit_eq(maar_slot_ring_commit_many(ring, runs, n), n);
			unit_eq(maar_slot_ring_abort(ring, maar_slot_span_at(runs, n)), 1);
			in += n;
		} else {
			unit_eq(maar_slot_ring_commit_many(ring, runs, k + 1), k);
			in += k;
		}
		n = (size_t)unit_random_below(&rng, 2 * capacity) + 1;
		k = maar_slot_ring_peek_many(ring, runs, n);
		unit_must(k == (n < in - out ? n : in - out) || (kind_is_lockfree(kind) && k == 2));
		for (i = 0; i < k; i++)
			unit_must(is_element(maar_slot_span_at(runs, i), out + i, bytes));
		n = (size_t)unit_random_below(&rng, k + 1);
		if (n < k && kind_is_spsc(kind)) {
			unit_eq(maar_slot_ring_release_many(ring, runs, n), n);
			unit_eq(maar_slot_ring_unpeek(ring, maar_slot_span_at(runs, n)), 1);
			out += n;
		} else {
			unit_eq(maar_slot_ring_release_many(ring, runs, k + 1), k);
			out += k;
		}
	}
}

START_TEST(in_place_many)
{
	EACH(many);
}
END_TEST

/* ---- copies ---- */

static void copies(const struct kind *kind, struct maar_slot_ring *ring, size_t capacity, size_t bytes)
{
	static uint8_t buffer[130 * MOST_BYTES];
	struct unit_rng rng = unit_rng(capacity * 5000 + bytes);
	uint64_t in = 0, out = 0;
	size_t n, k, i;

	memset(buffer, 0, sizeof(buffer));
	unit_eq(maar_slot_ring_enqueue_bulk(ring, buffer, 0) + maar_slot_ring_enqueue_burst(ring, buffer, 0), 0);
	unit_eq(maar_slot_ring_dequeue_bulk(ring, buffer, 0) + maar_slot_ring_dequeue_burst(ring, buffer, 0), 0);
	unit_eq(maar_slot_ring_dequeue(ring, buffer), 0);
	while (out < 3 * capacity + 20) {
		const unsigned way = (unsigned)unit_random_below(&rng, 3);

		n = way ? (size_t)unit_random_below(&rng, 2 * capacity) + 1 : 1;
		for (i = 0; i < n; i++)
			write_element(buffer + i * bytes, in + i, bytes);
		k = way == 0   ? maar_slot_ring_enqueue(ring, buffer)
		    : way == 1 ? maar_slot_ring_enqueue_bulk(ring, buffer, n)
			       : maar_slot_ring_enqueue_burst(ring, buffer, n);
		if (way < 2 && k == 0) /* all or nothing */
			unit_must(n + (in - out) > capacity || (kind_is_lockfree(kind) && n > 1));
		else if (way < 2)
			unit_eq(k, n);
		else
			unit_must(k == n || (k < n && k + (in - out) >= capacity));
		in += k;
		memset(buffer, 0, sizeof(buffer));
		n = way ? (size_t)unit_random_below(&rng, 2 * capacity) + 1 : 1;
		k = way == 0   ? maar_slot_ring_dequeue(ring, buffer)
		    : way == 1 ? maar_slot_ring_dequeue_bulk(ring, buffer, n)
			       : maar_slot_ring_dequeue_burst(ring, buffer, n);
		if (way == 1 && k == 0)
			unit_must(n > in - out || (kind_is_lockfree(kind) && n > 1));
		else
			unit_eq(k, n < in - out ? n : in - out);
		for (i = 0; i < k; i++)
			unit_must(is_element(buffer + i * bytes, out + i, bytes));
		unit_eq(buffer[k * bytes], 0); /* nothing beyond what came */
		out += k;
	}
}

START_TEST(copied)
{
	EACH(copies);
}
END_TEST

START_TEST(assumed)
{
	struct maar_slot_ring *ring = kind_ring(&kinds[_i], 8, 24);
	uint64_t element[3] = { 1, 2, 3 }, got[3];

#ifndef MAAR_NO_INLINE
	unit_eq(maar_slot_ring_enqueue(maar_slot_ring_assume(ring, 24, kinds[_i].flags), element), 1);
#else
	unit_must(maar_slot_ring_assume(ring, 24, kinds[_i].flags) == ring);
	unit_eq(maar_slot_ring_enqueue(ring, element), 1);
#endif
	unit_eq(maar_slot_ring_dequeue(ring, got), 1);
	unit_eq(memcmp(element, got, sizeof(got)), 0);
	maar_slot_ring_destroy(ring);
}
END_TEST

/* ---- out of order, and what is refused ---- */

/* The last reservation first. In ticket mode the first holds it back; lock-free the order is that of commits. */
START_TEST(commits_out_of_order)
{
	const struct kind *kind = &kinds[_i];
	struct maar_slot_ring *ring = kind_ring(kind, 4, 24);
	void *a, *b, *first, *second;

	a = maar_slot_ring_reserve(ring);
	b = maar_slot_ring_reserve(ring);
	unit_must(a && b && a != b);
	write_element(a, 1, 24);
	write_element(b, 2, 24);
	unit_eq(maar_slot_ring_check(ring), -EOWNERDEAD);
	unit_eq(maar_slot_ring_commit(ring, b), !kind_is_spsc(kind));
	first = maar_slot_ring_peek(ring);
	unit_eq(first != NULL, kind_is_lockfree(kind));
	unit_eq(maar_slot_ring_commit(ring, a), 1);
	if (kind_is_spsc(kind))
		unit_eq(maar_slot_ring_commit(ring, b), 1);
	if (!first)
		first = maar_slot_ring_peek(ring);
	second = maar_slot_ring_peek(ring);
	unit_must(first && second && !maar_slot_ring_peek(ring));
	unit_must(is_element(first, kind_is_lockfree(kind) ? 2 : 1, 24));
	unit_must(is_element(second, kind_is_lockfree(kind) ? 1 : 2, 24));
	/* Release the second first: in ticket mode the first still holds producers back a round later. */
	unit_eq(maar_slot_ring_release(ring, second), !kind_is_spsc(kind));
	unit_must(maar_slot_ring_reserve(ring) && maar_slot_ring_reserve(ring));
	unit_eq(maar_slot_ring_reserve(ring) != NULL, kind_is_lockfree(kind));
	unit_eq(maar_slot_ring_check(ring), -EOWNERDEAD);
	unit_eq(maar_slot_ring_release(ring, first), 1);
	unit_must(maar_slot_ring_reserve(ring) != NULL);
	maar_slot_ring_destroy(ring);
}
END_TEST

static void refuse_all(struct maar_slot_ring *ring, void *slot)
{
	unit_eq(maar_slot_ring_commit(ring, slot) + maar_slot_ring_release(ring, slot) +
			maar_slot_ring_abort(ring, slot) + maar_slot_ring_unpeek(ring, slot),
		0);
}

START_TEST(bad_slots)
{
	const struct kind *kind = &kinds[_i];
	size_t e;

	for (e = 0; e < COUNT_OF(elements); e++) {
		struct maar_slot_ring *ring = kind_ring(kind, 4, elements[e]), *other = kind_ring(kind, 4, elements[e]);
		char *slot = maar_slot_ring_reserve(ring), *last;
		void *theirs = maar_slot_ring_reserve(other);
		ptrdiff_t off;

		unit_must(slot && theirs);
		unit_eq(maar_slot_ring_commit(ring, NULL) + maar_slot_ring_release(ring, NULL), 0);
		refuse_all(ring, theirs);
		refuse_all(ring, ring);
		refuse_all(ring, &ring);
		for (off = -(ptrdiff_t)maar_slot_ring_stride(ring); off <= (ptrdiff_t)maar_slot_ring_stride(ring);
		     off++)
			if (off)
				refuse_all(ring, slot + off);
		refuse_all(ring, slot + 1000 * maar_slot_ring_stride(ring));
		unit_eq(maar_slot_ring_release(ring, slot), 0);
		unit_eq(maar_slot_ring_commit(ring, slot), 1);
		refuse_all(ring, slot);
		last = maar_slot_ring_peek(ring);
		unit_must(last == slot);
		unit_eq(maar_slot_ring_commit(ring, slot) + maar_slot_ring_abort(ring, slot), 0);
		unit_eq(maar_slot_ring_release(ring, slot), 1);
		refuse_all(ring, slot);
		unit_eq(maar_slot_ring_check(ring), 0);
		maar_slot_ring_destroy(ring);
		maar_slot_ring_destroy(other);
	}
}
END_TEST

START_TEST(aborts)
{
	const struct kind *kind = &kinds[_i];
	struct maar_slot_ring *ring = kind_ring(kind, 4, 24);
	void *slot[4], *seen;
	unsigned i;

	for (i = 0; i < 4; i++)
		slot[i] = maar_slot_ring_reserve(ring);
	unit_must(slot[3] && !maar_slot_ring_reserve(ring));
	if (kind_is_ticket(kind)) {
		unit_eq(maar_slot_ring_abort(ring, slot[3]), 0);
		for (i = 0; i < 4; i++)
			unit_eq(maar_slot_ring_commit(ring, slot[i]), 1);
		seen = maar_slot_ring_peek(ring);
		unit_eq(maar_slot_ring_unpeek(ring, seen), 0);
	} else {
		unit_eq(maar_slot_ring_commit(ring, slot[0]), 1);
		unit_eq(maar_slot_ring_abort(ring, slot[0]), 0);
		unit_eq(maar_slot_ring_abort(ring, slot[1]), 1);
		unit_eq(maar_slot_ring_abort(ring, slot[1]), 0);
		/* SPSC: all after it have gone with it. */
		unit_eq(maar_slot_ring_abort(ring, slot[2]), kind_is_lockfree(kind));
		unit_eq(maar_slot_ring_abort(ring, slot[3]), kind_is_lockfree(kind));
		unit_eq(maar_slot_ring_check(ring), 0);
		for (i = 0; i < 3; i++)
			unit_must((slot[i] = maar_slot_ring_reserve(ring)) != NULL);
		unit_must(!maar_slot_ring_reserve(ring));
		for (i = 0; i < 3; i++)
			unit_eq(maar_slot_ring_commit(ring, slot[i]), 1);
		seen = maar_slot_ring_peek(ring);
		unit_must(seen && maar_slot_ring_peek(ring));
		unit_eq(maar_slot_ring_unpeek(ring, seen), kind_is_spsc(kind));
		unit_eq(maar_slot_ring_unpeek(ring, seen), 0);
		if (kind_is_spsc(kind))
			unit_must(maar_slot_ring_peek(ring) == seen);
	}
	maar_slot_ring_destroy(ring);
}
END_TEST

/* The next thread of a side, after one has died with slots out, or between the two stores of a commit. */
START_TEST(takes_over)
{
	const struct kind *kind = &kinds[_i];
	struct maar_slot_ring *ring = kind_ring(kind, 4, 24);
	uint8_t element[24] = { 7 };

	unit_eq(maar_slot_ring_abort(ring, NULL), kind_is_spsc(kind));
	unit_eq(maar_slot_ring_unpeek(ring, NULL), kind_is_spsc(kind));
	if (kind_is_spsc(kind)) {
		void *slot = maar_slot_ring_reserve(ring);

		write_element(slot, 1, 24);
		unit_must(maar_slot_ring_reserve(ring) != NULL);
		unit_eq(maar_slot_ring_commit(ring, slot), 1);
		ring->tail--; /* as if it had not come to that */
		unit_eq(maar_slot_ring_check(ring), -EOWNERDEAD);
		unit_must(maar_slot_ring_peek(ring) == slot);
		unit_eq(maar_slot_ring_check(ring), -EOWNERDEAD);
		unit_eq(maar_slot_ring_abort(ring, NULL), 1);
		unit_eq(maar_slot_ring_unpeek(ring, NULL), 1);
		unit_eq(maar_slot_ring_check(ring), 0);
		unit_eq(maar_slot_ring_enqueue(ring, element), 1);
		unit_eq(maar_slot_ring_count(ring), 2);
		unit_must(maar_slot_ring_peek(ring) == slot && is_element(slot, 1, 24));
	}
	maar_slot_ring_destroy(ring);
}
END_TEST

/* Copies stay in order, so SPSC refuses them while slots are out. */
START_TEST(copies_while_out)
{
	const struct kind *kind = &kinds[_i];
	struct maar_slot_ring *ring = kind_ring(kind, 4, 24);
	char element[24] = "x";
	void *slot = maar_slot_ring_reserve(ring);

	unit_eq(maar_slot_ring_enqueue(ring, element), !kind_is_spsc(kind));
	unit_eq(maar_slot_ring_commit(ring, slot), 1);
	unit_eq(maar_slot_ring_enqueue(ring, element), 1);
	unit_must(maar_slot_ring_peek(ring) != NULL);
	unit_eq(maar_slot_ring_dequeue(ring, element), !kind_is_spsc(kind));
	unit_eq(maar_slot_ring_drain(ring, NULL, NULL), !kind_is_spsc(kind));
	maar_slot_ring_destroy(ring);
}
END_TEST

/* ---- the lazy consumer ---- */

START_TEST(lazy)
{
	const struct kind *kind = &kinds[_i];
	const size_t capacity = 64, period = kind_limit(kind, capacity) > capacity ? capacity / 16 : 1;
	size_t taken;

	for (taken = 0; taken <= 3 * period; taken++) {
		struct maar_slot_ring *ring = kind_ring(kind, capacity, 8);
		uint64_t element = 0;
		size_t i, n = 0;

		while (maar_slot_ring_enqueue(ring, &element))
			n++;
		unit_eq(n, kind_limit(kind, capacity));
		for (i = 0; i < taken; i++)
			unit_eq(maar_slot_ring_dequeue(ring, &element), 1);
		n -= taken;
		while (maar_slot_ring_enqueue(ring, &element))
			n++;
		unit_eq(n, kind_limit(kind, capacity) - taken % period);
		unit_eq(maar_slot_ring_check(ring), 0);
		/* Found empty, it tells all. */
		while (maar_slot_ring_dequeue(ring, &element))
			;
		for (n = 0; maar_slot_ring_enqueue(ring, &element);)
			n++;
		unit_eq(n, kind_limit(kind, capacity));
		maar_slot_ring_destroy(ring);
	}
}
END_TEST

/* ---- drain, destroy ---- */

struct seen {
	uint64_t next;
	size_t bytes;
};

static void expect_next(void *slot, void *arg)
{
	struct seen *seen = arg;

	unit_must(is_element(slot, seen->next, seen->bytes));
	seen->next++;
}

START_TEST(drains)
{
	const struct kind *kind = &kinds[_i];
	struct maar_slot_ring *ring = kind_ring(kind, 8, 100);
	struct seen seen = { 0, 100 };
	uint64_t n, i;
	void *slot;

	for (n = 0; n < 8; n++) {
		uint8_t element[100];

		write_element(element, n, 100);
		unit_eq(maar_slot_ring_enqueue(ring, element), 1);
	}
	unit_eq(maar_slot_ring_drain(ring, expect_next, &seen), 8);
	unit_eq(seen.next, 8);
	unit_eq(maar_slot_ring_drain(ring, expect_next, &seen), 0);
	for (i = 0; i < 5; i++, n++) {
		slot = maar_slot_ring_reserve(ring);
		write_element(slot, n, 100);
		maar_slot_ring_commit(ring, slot);
	}
	slot = maar_slot_ring_peek(ring); /* SPSC: still in; else its consumer has it */
	unit_must(slot && is_element(slot, 8, 100));
	if (!kind_is_spsc(kind))
		seen.next++;
	unit_must(maar_slot_ring_reserve(ring) != NULL); /* never committed */
	maar_slot_ring_destroy_each(ring, expect_next, &seen);
	unit_eq(seen.next, n);
}
END_TEST

/* ---- dump and check ---- */

START_TEST(dumps)
{
	const struct kind *kind = &kinds[_i];
	struct maar_slot_ring *ring = kind_ring(kind, 32, 24);
	struct unit_text text;
	uint64_t n;
	char *said;
	FILE *full;

	for (n = 0; n < 20; n++) {
		uint8_t element[24];

		write_element(element, n + 0x41, 24);
		unit_eq(maar_slot_ring_enqueue(ring, element), 1);
	}
	unit_text_open(&text);
	unit_eq(maar_slot_ring_dump(ring, text.to), 0);
	said = unit_text_close(&text);
	unit_assert_contains(said, "slot ring");
	unit_assert_contains(said, "capacity 32");
	unit_assert_contains(said, "elements of 24 bytes");
	unit_assert_contains(said, "count 20");
	unit_assert_contains(said, kind_is_lockfree(kind) ? "slots used so far 20" : "filled 41 00");
	if (!kind_is_lockfree(kind))
		unit_assert_contains(said, "and 4 more");
	free(said);
	unit_eq(maar_slot_ring_dump(ring, NULL), -EINVAL);
	full = unit_full_file();
	unit_eq(maar_slot_ring_dump(ring, full), -EIO);
	fclose(full);
	maar_slot_ring_destroy(ring);
}
END_TEST

#define SPOIL(field)                                                                                                   \
	do {                                                                                                           \
		ring->field++;                                                                                         \
		ck_assert_msg(maar_slot_ring_check(ring) == -EBADMSG, "%s: " #field " is wrong, and nobody says so",   \
			      kind->name);                                                                             \
		ring->field--;                                                                                         \
		unit_eq(maar_slot_ring_check(ring), 0);                                                                \
	} while (0)

/*
 * A consumer that died after it released and before it told (the stores of taken and of head are two): the ring is in order,
 * and whoever follows tells when it finds too little, so that no room is lost.
 */
START_TEST(consumer_dies_before_telling)
{
	const struct kind *kind = &kinds[_i];
	struct maar_slot_ring *ring = kind_ring(kind, 1, 24);
	uint8_t element[24] = { 1 };

	if (kind_is_spsc(kind)) {
		unit_eq(maar_slot_ring_enqueue(ring, element), 1);
		unit_eq(maar_slot_ring_dequeue(ring, element), 1);
		unit_eq(ring->head, ring->taken);
		ring->head--;
		unit_eq(maar_slot_ring_check(ring), 0);
		unit_eq(maar_slot_ring_enqueue(ring, element), 0);
		ck_assert_ptr_null(maar_slot_ring_peek(ring));
		unit_eq(maar_slot_ring_enqueue(ring, element), 1);
		unit_eq(maar_slot_ring_check(ring), 0);
	}
	maar_slot_ring_destroy(ring);
}
END_TEST

START_TEST(checks)
{
	const struct kind *kind = &kinds[_i];
	struct maar_slot_ring *ring = kind_ring(kind, 8, 24);
	const struct maar__slot_view v = maar__slot_view(ring);
	uint8_t element[24] = { 1 };
	uint64_t i;

	for (i = 0; i < 11; i++) {
		unit_eq(maar_slot_ring_enqueue(ring, element), 1);
		if (i >= 3)
			unit_eq(maar_slot_ring_dequeue(ring, element), 1);
	}
	unit_eq(maar_slot_ring_check(ring), 0);
	SPOIL(layout);
	SPOIL(capacity);
	SPOIL(limit);
	SPOIL(mask);
	SPOIL(tell);
	SPOIL(stride);
	SPOIL(shift);
	SPOIL(inverse);
	SPOIL(slots_at);
	SPOIL(filled_at);
	ring->flags ^= MAAR_SLOT_RING_LINE;
	unit_eq(maar_slot_ring_check(ring), -EBADMSG);
	ring->flags ^= MAAR_SLOT_RING_LINE;
	if (kind_is_spsc(kind)) {
		SPOIL(taken);
		SPOIL(head);
		SPOIL(tail);
		ring->next += 6;
		unit_eq(maar_slot_ring_check(ring), -EBADMSG);
		ring->next -= 6;
		ring->peeked--;
		unit_eq(maar_slot_ring_check(ring), -EBADMSG);
		ring->peeked++;
		ring->head_seen++;
		ring->head_seen += ring->head;
		unit_eq(maar_slot_ring_check(ring), -EBADMSG);
		ring->head_seen = ring->head;
	} else if (kind_is_ticket(kind)) {
		ring->tail += 6;
		unit_eq(maar_slot_ring_check(ring), -EBADMSG);
		ring->tail -= 6;
		ring->head--;
		unit_eq(maar_slot_ring_check(ring), -EBADMSG);
		ring->head++;
	} else {
		const uint64_t fresh = ring->fresh;

		ring->fresh = 2;
		unit_eq(maar_slot_ring_check(ring), -EBADMSG);
		ring->fresh = 9;
		unit_eq(maar_slot_ring_check(ring), -EBADMSG);
		ring->fresh = fresh;
	}
	/* Any lap, set to what it may not be. */
	for (i = 0; i <= ring->mask; i++) {
		uint64_t *lap = maar__slot_lap(v, i);
		const uint64_t good = *lap;

		*lap = good + 64;
		unit_eq(maar_slot_ring_check(ring), -EBADMSG);
		*lap = good;
	}
	unit_eq(maar_slot_ring_check(ring), 0);
	unit_eq(maar_slot_ring_check((void *)((char *)ring + 8)), -EINVAL);
	unit_eq(maar_slot_ring_dump((void *)((char *)ring + 8), stderr), -EINVAL);
	ring->mask = UINT64_MAX;
	unit_eq(maar_slot_ring_dump(ring, stderr), -EBADMSG); /* and looks at no cell */
	ring->mask = v.mask;
	ring->magic++;
	unit_eq(maar_slot_ring_check(ring), -EINVAL);
	unit_eq(maar_slot_ring_dump(ring, stderr), -EINVAL);
	ring->magic--;
	maar_slot_ring_destroy(ring);
}
END_TEST

/* Lock-free: a slot that is in a ring twice. */
START_TEST(checks_twice)
{
	struct maar_slot_ring *ring = maar_slot_ring_create(8, 24, MAAR_SLOT_RING_MPMC);
	uint8_t element[24] = { 1 };

	ck_assert_ptr_nonnull(ring);
	unit_eq(maar_slot_ring_enqueue(ring, element), 1);
	unit_eq(maar_slot_ring_enqueue(ring, element), 1);
	unit_eq(maar_ring_enqueue(maar__slot_filled_ring(ring), 1), 1);
	unit_eq(maar_slot_ring_check(ring), -EBADMSG);
	maar_slot_ring_destroy(ring);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("slot_ring");
	TCase *life = unit_tcase(suite, "life"), *each = unit_tcase(suite, "each kind");

	tcase_add_test(life, strides);
	tcase_add_test(life, refused);
	tcase_add_test(life, null_rings);
	tcase_add_test(life, checks_twice);
	tcase_add_loop_test(life, sizes, 0, KINDS);
	tcase_add_loop_test(each, in_place, 0, KINDS);
	tcase_add_loop_test(each, in_place_ragged, 0, KINDS);
	tcase_add_loop_test(each, in_place_many, 0, KINDS);
	tcase_add_loop_test(each, copied, 0, KINDS);
	tcase_add_loop_test(each, assumed, 0, KINDS);
	tcase_add_loop_test(each, commits_out_of_order, 0, KINDS);
	tcase_add_loop_test(each, bad_slots, 0, KINDS);
	tcase_add_loop_test(each, aborts, 0, KINDS);
	tcase_add_loop_test(each, takes_over, 0, KINDS);
	tcase_add_loop_test(each, copies_while_out, 0, KINDS);
	tcase_add_loop_test(each, lazy, 0, KINDS);
	tcase_add_loop_test(each, drains, 0, KINDS);
	tcase_add_loop_test(each, dumps, 0, KINDS);
	tcase_add_loop_test(each, checks, 0, KINDS);
	tcase_add_loop_test(each, consumer_dies_before_telling, 0, KINDS);
	return suite;
}
