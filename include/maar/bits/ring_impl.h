/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The bodies of <maar/ring.h>. Four moves carry everything: put_sp, put_ticket, put_lockfree, take; the public calls
 * below choose one, with constants that the compiler folds. The pairs R:.../A:... are argued in doc/memory-model.md.
 */
#ifndef MAAR_BITS_RING_IMPL_H
#define MAAR_BITS_RING_IMPL_H
#ifndef MAAR_BITS_OK
#error "include a header of <maar/...>, not of <maar/bits/...>"
#endif

#include <string.h>

#define MAAR__RING_MAGIC 0x6d726e67u /* "mrng" */

MAAR_STATIC_ASSERT(sizeof(struct maar_ring_cell) == 16, "cells are changed by a 16-byte compare-and-swap");
MAAR_STATIC_ASSERT(offsetof(struct maar_ring, tail) == 128, "layout 1");
MAAR_STATIC_ASSERT(offsetof(struct maar_ring, head) == 256, "layout 1");
MAAR_STATIC_ASSERT(sizeof(struct maar_ring) == 384, "layout 1: the cells follow at once");

/* How an enqueue or dequeue counts: all or nothing, or as many as fit. */
enum maar__ring_how { MAAR__BULK, MAAR__BURST };

MAAR_LOCAL struct maar_ring_cell *maar__ring_cell(const struct maar_ring *r, uint64_t position)
{
	return (struct maar_ring_cell *)(uintptr_t)(r + 1) + (position & r->mask);
}

/* The lap of a filled cell, counted in positions: wraps with them, and needs no shift. Zeroed memory is lap 0. */
MAAR_LOCAL uint64_t maar__ring_lap(const struct maar_ring *r, uint64_t position)
{
	return (position | r->mask) + 1;
}

/* One test that predicts perfectly; a NULL ring answers as one that is full and empty. */
MAAR_LOCAL int maar__ring_is_null(const struct maar_ring *r)
{
	MAAR_DEBUG_CHECK_AS("maar_ring", r, "NULL ring");
	return maar_unlikely(!r) ? 1 : 0;
}

/* Arrays may hold uint64_t or pointers; both are read as bytes, so neither breaks the aliasing rules. */
MAAR_LOCAL uint64_t maar__ring_word(const void *array, size_t i)
{
	uint64_t word;

	memcpy(&word, (const char *)array + i * sizeof(word), sizeof(word));
	return word;
}

/* Fills the cell of a position that this thread alone may fill. */
MAAR_LOCAL void maar__ring_fill(struct maar_ring *r, uint64_t position, uint64_t word)
{
	struct maar_ring_cell *cell = maar__ring_cell(r, position);

	maar_a_store(&cell->word, word, RELAXED);
	maar_a_store(&cell->lap, maar__ring_lap(r, position), RELEASE); /* R:ring.cell */
}

/*
 * Entries free when the next position is `tail`; asks the consumers' line only if the remembered head does not leave
 * `want`. Negative when `tail` is stale and consumers are past it: the caller's compare-and-swap is going to fail.
 */
MAAR_LOCAL int64_t maar__ring_room(struct maar_ring *r, uint64_t tail, uint64_t want)
{
	uint64_t head = maar_a_load(&r->head_seen, ACQUIRE); /* A:ring.head_seen */
	int64_t used = (int64_t)(tail - head);

	if (used < 0 || (uint64_t)used + want > r->capacity) {
		head = maar_a_load(&r->head, ACQUIRE);	    /* A:ring.head */
		maar_a_store(&r->head_seen, head, RELEASE); /* R:ring.head_seen */
		used = (int64_t)(tail - head);
	}
	return used < 0 ? used : (int64_t)r->capacity - used;
}

/* One producer: the tail is its own. Consumers look at laps, never at the tail; it is stored for observers. */
MAAR_LOCAL size_t maar__ring_put_sp(struct maar_ring *r, const void *words, size_t n, enum maar__ring_how how)
{
	uint64_t tail;
	int64_t room;
	size_t i;

	if (maar__ring_is_null(r))
		return 0;
	tail = maar_a_load(&r->tail, RELAXED);
	if (maar_unlikely(n > r->capacity)) {
		if (how == MAAR__BULK)
			return 0;
		n = (size_t)r->capacity;
	}
	room = maar__ring_room(r, tail, n);
	if (maar_unlikely(room < (int64_t)n)) {
		if (how == MAAR__BULK || room <= 0)
			return 0;
		n = (size_t)room;
	}
	for (i = 0; i < n; i++)
		maar__ring_fill(r, tail + i, maar__ring_word(words, i));
	maar_a_store(&r->tail, tail + n, RELEASE); /* R:ring.tail */
	return n;
}

/* Many producers, TICKET: one compare-and-swap claims n positions, plain stores fill them. */
MAAR_LOCAL size_t maar__ring_put_ticket(struct maar_ring *r, const void *words, size_t n, enum maar__ring_how how)
{
	uint64_t tail;
	size_t i, k;

	if (maar_unlikely(n > r->capacity)) {
		if (how == MAAR__BULK)
			return 0;
		n = (size_t)r->capacity;
	}
	for (;;) {
		int64_t room;

		tail = maar_a_load(&r->tail, ACQUIRE); /* A:ring.tail */
		room = maar__ring_room(r, tail, n);
		if (maar_unlikely(room < 0))
			continue; /* the tail was stale */
		if (room == 0 || (how == MAAR__BULK && room < (int64_t)n))
			return 0;
		k = room < (int64_t)n ? (size_t)room : n;
		if (maar_a_cas(&r->tail, tail, tail + k, RELEASE)) /* R:ring.tail */
			break;
	}
	for (i = 0; i < k; i++)
		maar__ring_fill(r, tail + i, maar__ring_word(words, i));
	return k;
}

/*
 * Many producers, lock-free: claim and publication are one compare-and-swap on the cell. The tail is a hint that
 * anyone who finds its cell filled moves on by one, so it is never more than one behind, and no stopped thread is
 * waited for. Filling in order of position is what makes "full" and "empty" exact.
 */
MAAR_LOCAL size_t maar__ring_put_lockfree(struct maar_ring *r, uint64_t word)
{
	for (;;) {
		const uint64_t tail = maar_a_load(&r->tail, ACQUIRE); /* A:ring.tail */
		struct maar_ring_cell *cell = maar__ring_cell(r, tail);
		const uint64_t filled = maar__ring_lap(r, tail);
		const uint64_t lap = maar_a_load(&cell->lap, ACQUIRE); /* A:ring.cell */

		if (lap == filled - r->capacity) { /* empty for this position */
			const int64_t room = maar__ring_room(r, tail, 1);
			uint64_t old;

			if (room == 0)
				return 0;
			old = maar_a_load(&cell->word, RELAXED);
			if (room > 0 && maar_a_cas2(cell, lap, old, filled, word, RELEASE)) { /* R:ring.cell */
				(void)maar_a_cas(&r->tail, tail, tail + 1, RELEASE);	      /* R:ring.tail */
				return 1;
			}
		} else if (lap == filled) { /* its producer has not moved the tail yet: help */
			(void)maar_a_cas(&r->tail, tail, tail + 1, RELEASE); /* R:ring.tail */
		}
		/* any other lap: the tail was stale, read it again */
	}
}

/*
 * Dequeue, for one or many consumers: read the values of up to n filled cells, then move head past them. Among many
 * consumers a failed compare-and-swap throws the copies away; cells are rewritten only after head has passed them, so
 * copies that turn out torn are always thrown away.
 */
MAAR_LOCAL size_t maar__ring_take(struct maar_ring *r, void *words, size_t n, enum maar__ring_how how, int many)
{
	if (maar__ring_is_null(r) || maar_unlikely(n == 0))
		return 0;
	for (;;) {
		const uint64_t head = maar_a_load(&r->head, ACQUIRE); /* A:ring.head */
		uint64_t lap = 0;
		size_t k;

		for (k = 0; k < n; k++) {
			struct maar_ring_cell *cell = maar__ring_cell(r, head + k);
			uint64_t word;

			lap = maar_a_load(&cell->lap, ACQUIRE); /* A:ring.cell */
			if (lap != maar__ring_lap(r, head + k))
				break;
			word = maar_a_load(&cell->word, RELAXED);
			memcpy((char *)words + k * sizeof(word), &word, sizeof(word));
		}
		if (k < n) {
			/* A cell of a later lap means that head was stale; an older one, that there is no more. */
			if (many && (int64_t)(lap - maar__ring_lap(r, head + k)) > 0)
				continue;
			if (k == 0 || how == MAAR__BULK)
				return 0;
		}
		if (!many) {
			maar_a_store(&r->head, head + k, RELEASE); /* R:ring.head */
			return k;
		}
		if (maar_a_cas(&r->head, head, head + k, RELEASE)) /* R:ring.head */
			return k;
	}
}

MAAR_LOCAL size_t maar__ring_put_mp(struct maar_ring *r, const void *words, size_t n, enum maar__ring_how how)
{
	size_t k;

	if (maar__ring_is_null(r) || maar_unlikely(n == 0))
		return 0;
	if (r->flags & MAAR_RING_TICKET)
		return maar__ring_put_ticket(r, words, n, how);
	if (maar_unlikely(r->flags & MAAR_RING_SP)) {
		MAAR_DEBUG_CHECK_AS("maar_ring_enqueue*_mp", 0, "many-producer enqueue on a single-producer ring");
		return 0;
	}
	if (how == MAAR__BULK && maar_unlikely(n > 1)) {
		MAAR_DEBUG_CHECK_AS("maar_ring_enqueue_bulk*", 0,
				    "bulk enqueue on a lock-free many-producer ring: use MAAR_RING_TICKET or burst");
		return 0;
	}
	for (k = 0; k < n; k++)
		if (!maar__ring_put_lockfree(r, maar__ring_word(words, k)))
			break;
	return k;
}

MAAR_LOCAL size_t maar__ring_put(struct maar_ring *r, const void *words, size_t n, enum maar__ring_how how)
{
	if (!maar__ring_is_null(r) && (r->flags & MAAR_RING_SP))
		return maar__ring_put_sp(r, words, n, how);
	return maar__ring_put_mp(r, words, n, how);
}

MAAR_LOCAL size_t maar__ring_take_mc(struct maar_ring *r, void *words, size_t n, enum maar__ring_how how)
{
	if (!maar__ring_is_null(r) && maar_unlikely(r->flags & MAAR_RING_SC)) {
		MAAR_DEBUG_CHECK_AS("maar_ring_dequeue*_mc", 0, "many-consumer dequeue on a single-consumer ring");
		return 0;
	}
	return maar__ring_take(r, words, n, how, 1);
}

MAAR_LOCAL size_t maar__ring_take_any(struct maar_ring *r, void *words, size_t n, enum maar__ring_how how)
{
	if (!maar__ring_is_null(r) && (r->flags & MAAR_RING_SC))
		return maar__ring_take(r, words, n, how, 0);
	return maar__ring_take(r, words, n, how, 1);
}

#ifdef MAAR__BODIES

/* ---- one value ---- */

MAAR_INLINE size_t maar_ring_enqueue(struct maar_ring *ring, uint64_t value)
{
	return maar__ring_put(ring, &value, 1, MAAR__BULK);
}

MAAR_INLINE size_t maar_ring_enqueue_sp(struct maar_ring *ring, uint64_t value)
{
	return maar__ring_put_sp(ring, &value, 1, MAAR__BULK);
}

MAAR_INLINE size_t maar_ring_enqueue_mp(struct maar_ring *ring, uint64_t value)
{
	return maar__ring_put_mp(ring, &value, 1, MAAR__BULK);
}

MAAR_INLINE size_t maar_ring_dequeue(struct maar_ring *ring, uint64_t *value)
{
	return maar__ring_take_any(ring, value, 1, MAAR__BULK);
}

MAAR_INLINE size_t maar_ring_dequeue_sc(struct maar_ring *ring, uint64_t *value)
{
	return maar__ring_take(ring, value, 1, MAAR__BULK, 0);
}

MAAR_INLINE size_t maar_ring_dequeue_mc(struct maar_ring *ring, uint64_t *value)
{
	return maar__ring_take_mc(ring, value, 1, MAAR__BULK);
}

MAAR_INLINE size_t maar_ring_enqueue_ptr(struct maar_ring *ring, const void *pointer)
{
	const uint64_t word = (uint64_t)(uintptr_t)pointer;

	MAAR_DEBUG_CHECK(pointer, "NULL enqueued as a pointer");
	return maar_likely(pointer != NULL) ? maar__ring_put(ring, &word, 1, MAAR__BULK) : 0;
}

MAAR_INLINE void *maar_ring_dequeue_ptr(struct maar_ring *ring)
{
	uint64_t word;

	return maar__ring_take_any(ring, &word, 1, MAAR__BULK) ? (void *)(uintptr_t)word : NULL;
}

/* ---- many values ---- */

#define MAAR__RING_PUTS(name, move, how)                                                                               \
	MAAR_INLINE size_t name(struct maar_ring *ring, const uint64_t *values, size_t n)                              \
	{                                                                                                              \
		return move(ring, values, n, how);                                                                     \
	}
#define MAAR__RING_TAKES(name, move, ...)                                                                              \
	MAAR_INLINE size_t name(struct maar_ring *ring, uint64_t *values, size_t n)                                    \
	{                                                                                                              \
		return move(ring, values, n, __VA_ARGS__);                                                             \
	}

MAAR__RING_PUTS(maar_ring_enqueue_bulk, maar__ring_put, MAAR__BULK)
MAAR__RING_PUTS(maar_ring_enqueue_burst, maar__ring_put, MAAR__BURST)
MAAR__RING_PUTS(maar_ring_enqueue_bulk_sp, maar__ring_put_sp, MAAR__BULK)
MAAR__RING_PUTS(maar_ring_enqueue_burst_sp, maar__ring_put_sp, MAAR__BURST)
MAAR__RING_PUTS(maar_ring_enqueue_bulk_mp, maar__ring_put_mp, MAAR__BULK)
MAAR__RING_PUTS(maar_ring_enqueue_burst_mp, maar__ring_put_mp, MAAR__BURST)
MAAR__RING_TAKES(maar_ring_dequeue_bulk, maar__ring_take_any, MAAR__BULK)
MAAR__RING_TAKES(maar_ring_dequeue_burst, maar__ring_take_any, MAAR__BURST)
MAAR__RING_TAKES(maar_ring_dequeue_bulk_sc, maar__ring_take, MAAR__BULK, 0)
MAAR__RING_TAKES(maar_ring_dequeue_burst_sc, maar__ring_take, MAAR__BURST, 0)
MAAR__RING_TAKES(maar_ring_dequeue_bulk_mc, maar__ring_take_mc, MAAR__BULK)
MAAR__RING_TAKES(maar_ring_dequeue_burst_mc, maar__ring_take_mc, MAAR__BURST)

#undef MAAR__RING_PUTS
#undef MAAR__RING_TAKES

MAAR_INLINE size_t maar_ring_enqueue_burst_ptr(struct maar_ring *ring, void *const *pointers, size_t n)
{
	size_t whole = 0, k;

	while (whole < n && pointers[whole])
		whole++;
	MAAR_DEBUG_CHECK(whole == n, "NULL enqueued as a pointer");
	if (sizeof(void *) == sizeof(uint64_t))
		return maar__ring_put(ring, pointers, whole, MAAR__BURST);
	for (k = 0; k < whole && maar_ring_enqueue_ptr(ring, pointers[k]); k++)
		;
	return k;
}

MAAR_INLINE size_t maar_ring_dequeue_burst_ptr(struct maar_ring *ring, void **pointers, size_t n)
{
	size_t k;

	if (sizeof(void *) == sizeof(uint64_t))
		return maar__ring_take_any(ring, pointers, n, MAAR__BURST);
	for (k = 0; k < n && (pointers[k] = maar_ring_dequeue_ptr(ring)) != NULL; k++)
		;
	return k;
}

MAAR_INLINE int maar_ring_has_enqueue_bulk(const struct maar_ring *ring)
{
	return !maar__ring_is_null(ring) && (ring->flags & (MAAR_RING_SP | MAAR_RING_TICKET)) != 0;
}

/* ---- observers ---- */

MAAR_INLINE size_t maar_ring_capacity(const struct maar_ring *ring)
{
	return maar__ring_is_null(ring) ? 0 : (size_t)ring->capacity;
}

MAAR_INLINE unsigned maar_ring_flags(const struct maar_ring *ring)
{
	return maar__ring_is_null(ring) ? 0 : ring->flags;
}

MAAR_INLINE size_t maar_ring_count(const struct maar_ring *ring)
{
	uint64_t head, tail;
	int64_t used;

	if (maar__ring_is_null(ring))
		return 0;
	do { /* until head stood still meanwhile: then all belongs to one instant */
		head = maar_a_load(&ring->head, ACQUIRE); /* A:ring.head */
		tail = maar_a_load(&ring->tail, ACQUIRE); /* A:ring.tail */
		/* Lock-free: filled, and its producer has not moved the tail yet. */
		if (!(ring->flags & (MAAR_RING_SP | MAAR_RING_TICKET)) &&
		    maar_a_load(&maar__ring_cell(ring, tail)->lap, ACQUIRE) ==
			    maar__ring_lap(ring, tail)) /* A:ring.cell */
			tail++;
	} while (maar_unlikely(maar_a_load(&ring->head, RELAXED) != head));
	used = (int64_t)(tail - head);
	if (used < 0) /* taken before its producer has moved the tail */
		return 0;
	return (uint64_t)used > ring->capacity ? (size_t)ring->capacity : (size_t)used;
}

MAAR_INLINE size_t maar_ring_free_count(const struct maar_ring *ring)
{
	return maar_ring_capacity(ring) - maar_ring_count(ring);
}

MAAR_INLINE int maar_ring_empty(const struct maar_ring *ring)
{
	uint64_t head, lap;

	if (maar__ring_is_null(ring))
		return 1;
	head = maar_a_load(&ring->head, ACQUIRE);		       /* A:ring.head */
	lap = maar_a_load(&maar__ring_cell(ring, head)->lap, RELAXED); /* as in count */
	/* A later lap: the cell was filled again during the call, and at that instant the ring was not empty. */
	return (int64_t)(lap - maar__ring_lap(ring, head)) < 0;
}

MAAR_INLINE int maar_ring_full(const struct maar_ring *ring)
{
	return maar_ring_count(ring) == maar_ring_capacity(ring);
}

#endif
#endif
