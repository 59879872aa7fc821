/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The bodies of <maar/slot_ring.h>: each call chooses a move of slot_ring_moves.h.
 */
#ifndef MAAR_BITS_SLOT_RING_IMPL_H
#define MAAR_BITS_SLOT_RING_IMPL_H
#ifndef MAAR_BITS_OK
#error "include a header of <maar/...>, not of <maar/bits/...>"
#endif

#include <maar/bits/slot_ring_moves.h>

#ifdef MAAR__BODIES

MAAR_INLINE struct maar_slot_ring *maar_slot_ring_assume(struct maar_slot_ring *ring, size_t element, unsigned flags)
{
	MAAR_DEBUG_CHECK(ring && ring->flags == flags && ring->element == element,
			 "not the flags or the element size that the ring was made with");
	if (!ring || ring->flags != flags || ring->element != element ||
	    ring->stride != maar__slot_ring_stride_of(element, flags))
		__builtin_unreachable();
	return ring;
}

/* ---- one element, in place ---- */

MAAR_INLINE void *maar_slot_ring_reserve(struct maar_slot_ring *ring)
{
	struct maar__slot_view v;
	uint64_t position;

	if (maar__slot_ring_is_null(ring))
		return NULL;
	v = maar__slot_view(ring);
	if (maar__slot_is_lockfree(v))
		return maar__slot_ring_reserve(ring);
	return maar__slot_reserve(v, &position, 1) ? maar__slot_at(v, position) : NULL;
}

MAAR_INLINE void *maar_slot_ring_peek(struct maar_slot_ring *ring)
{
	struct maar__slot_view v;
	uint64_t position;

	if (maar__slot_ring_is_null(ring))
		return NULL;
	v = maar__slot_view(ring);
	if (maar__slot_is_lockfree(v))
		return maar__slot_ring_peek(ring);
	return maar__slot_peek(v, &position, 1) ? maar__slot_at(v, position) : NULL;
}

/*
 * The lap of a slot that is out, or NULL: an address that is none, or a slot in another state. *lap is what it holds.
 * (Two threads that commit one slot at the same moment may both pass: the states are there to find mistakes.)
 */
MAAR_LOCAL uint64_t *maar__slot_out(struct maar__slot_view v, void *slot, unsigned state, uint64_t *number,
				    uint64_t *lap)
{
	uint64_t *at;

	*number = maar__slot_number(v, slot);
	if (maar_unlikely(*number > v.mask))
		return NULL;
	at = maar__slot_lap_of(v, slot);
	*lap = maar_a_load(at, RELAXED);
	return maar_likely(*lap % MAAR__SLOT_STATES == state) ? at : NULL;
}

MAAR_INLINE size_t maar_slot_ring_commit(struct maar_slot_ring *ring, void *slot)
{
	struct maar__slot_view v;
	uint64_t *at, number, lap;

	if (maar__slot_ring_is_null(ring))
		return 0;
	v = maar__slot_view(ring);
	if (maar__slot_is_spsc(v)) {
		const uint64_t tail = maar_a_load(&ring->tail, RELAXED);
		const int good = slot == maar__slot_at(v, tail) && tail != maar_a_load(&ring->next, RELAXED);

		MAAR_DEBUG_CHECK(good, "not the slot to commit next");
		if (maar_unlikely(!good))
			return 0;
		maar__slot_commit_sp(v, tail);
		return 1;
	}
	at = maar__slot_out(v, slot, MAAR__SLOT_RESERVED, &number, &lap);
	MAAR_DEBUG_CHECK(at, "not a slot of this ring's that is reserved");
	if (maar_unlikely(!at))
		return 0;
	if (v.flags & MAAR_SLOT_RING_TICKET)
		maar__slot_publish(at, lap);
	else
		maar__slot_ring_pass(ring, number, 1);
	return 1;
}

MAAR_INLINE size_t maar_slot_ring_release(struct maar_slot_ring *ring, void *slot)
{
	struct maar__slot_view v;
	uint64_t *at, number, lap;

	if (maar__slot_ring_is_null(ring))
		return 0;
	v = maar__slot_view(ring);
	if (maar__slot_is_spsc(v)) {
		const uint64_t taken = maar_a_load(&ring->taken, RELAXED);
		const int good = slot == maar__slot_at(v, taken) && taken != maar_a_load(&ring->peeked, RELAXED);

		MAAR_DEBUG_CHECK(good, "not the slot to release next");
		if (maar_unlikely(!good))
			return 0;
		maar__slot_release_sc(v, taken, 1);
		return 1;
	}
	at = maar__slot_out(v, slot, MAAR__SLOT_TAKEN, &number, &lap);
	MAAR_DEBUG_CHECK(at, "not a slot of this ring's that was peeked at");
	if (maar_unlikely(!at))
		return 0;
	if (v.flags & MAAR_SLOT_RING_TICKET)
		maar__slot_hand_back(v, at, lap);
	else
		maar__slot_ring_pass(ring, number, 0);
	return 1;
}

/* SPSC: the position of `slot` (NULL: the first) among those out, which are `from` to `end`. */
MAAR_LOCAL size_t maar__slot_retreat(struct maar__slot_view v, uint64_t from, uint64_t end, const void *slot,
				     uint64_t *position)
{
	const uint64_t number = maar__slot_number(v, slot);

	*position = from;
	if (!slot)
		return 1;
	*position = from + ((number - from) & v.mask);
	return number <= v.mask && *position - from < end - from;
}

MAAR_INLINE size_t maar_slot_ring_abort(struct maar_slot_ring *ring, void *slot)
{
	struct maar__slot_view v;
	uint64_t *at, number, lap, position;
	size_t good;

	if (maar__slot_ring_is_null(ring))
		return 0;
	v = maar__slot_view(ring);
	if (maar__slot_is_spsc(v)) {
		uint64_t tail = maar_a_load(&ring->tail, RELAXED);
		const uint64_t next = maar_a_load(&ring->next, RELAXED);

		/* A producer that died inside commit: consumers may have the element already. */
		if (tail != next &&
		    maar_a_load(maar__slot_lap(v, tail), RELAXED) == maar__slot_lap_for(v, tail, MAAR__SLOT_FILLED))
			maar__slot_set_tail(ring, ++tail);
		good = maar__slot_retreat(v, tail, next, slot, &position);
		MAAR_DEBUG_CHECK(good, "not a slot of this ring's that is reserved");
		if (good)
			maar_a_store(&ring->next, position, RELAXED);
		return good;
	}
	at = v.flags & MAAR_SLOT_RING_TICKET ? NULL : maar__slot_out(v, slot, MAAR__SLOT_RESERVED, &number, &lap);
	MAAR_DEBUG_CHECK(at, "not a slot of this ring's that is reserved, or a ring of tickets");
	if (!at)
		return 0;
	maar__slot_ring_pass(ring, number, 0);
	return 1;
}

MAAR_INLINE size_t maar_slot_ring_unpeek(struct maar_slot_ring *ring, void *slot)
{
	struct maar__slot_view v;
	uint64_t position;
	size_t good;

	if (maar__slot_ring_is_null(ring))
		return 0;
	v = maar__slot_view(ring);
	good = maar__slot_is_spsc(v) && maar__slot_retreat(v, maar_a_load(&ring->taken, RELAXED),
							   maar_a_load(&ring->peeked, RELAXED), slot, &position);
	MAAR_DEBUG_CHECK(good, "not a slot that an SPSC ring's consumer has out");
	if (good)
		maar__slot_peeked_sc(ring, position);
	return good;
}

/* ---- many, in place ---- */

/* Lock-free: runs of one. */
MAAR_LOCAL size_t maar__slot_singles(struct maar__slot_view v, struct maar_slot_span runs[2], size_t n,
				     void *(*next)(struct maar_slot_ring *))
{
	size_t i;

	for (i = 0; i < 2; i++) {
		runs[i].first = i < n ? next(v.ring) : NULL;
		runs[i].stride = v.stride;
		runs[i].n = runs[i].first != NULL;
		if (!runs[i].first)
			n = 0;
	}
	return runs[0].n + runs[1].n;
}

MAAR_LOCAL size_t maar__slot_no_runs(struct maar_slot_span runs[2])
{
	runs[0].first = runs[1].first = NULL;
	runs[0].stride = runs[1].stride = 0;
	runs[0].n = runs[1].n = 0;
	return 0;
}

MAAR_INLINE size_t maar_slot_ring_reserve_many(struct maar_slot_ring *ring, struct maar_slot_span runs[2], size_t n)
{
	struct maar__slot_view v;
	uint64_t first = 0;
	size_t k;

	if (maar__slot_ring_is_null(ring) || maar_unlikely(n == 0))
		return maar__slot_no_runs(runs);
	v = maar__slot_view(ring);
	if (maar__slot_is_lockfree(v))
		return maar__slot_singles(v, runs, n, maar__slot_ring_reserve);
	k = maar__slot_reserve(v, &first, n);
	maar__slot_runs(v, runs, first, k);
	return k;
}

MAAR_INLINE size_t maar_slot_ring_peek_many(struct maar_slot_ring *ring, struct maar_slot_span runs[2], size_t n)
{
	struct maar__slot_view v;
	uint64_t first = 0;
	size_t k;

	if (maar__slot_ring_is_null(ring) || maar_unlikely(n == 0))
		return maar__slot_no_runs(runs);
	v = maar__slot_view(ring);
	if (maar__slot_is_lockfree(v))
		return maar__slot_singles(v, runs, n, maar__slot_ring_peek);
	k = maar__slot_peek(v, &first, n);
	maar__slot_runs(v, runs, first, k);
	return k;
}

MAAR_INLINE void *maar_slot_span_at(const struct maar_slot_span runs[2], size_t i)
{
	if (i < runs[0].n)
		return (char *)runs[0].first + i * runs[0].stride;
	i -= runs[0].n;
	return i < runs[1].n ? (char *)runs[1].first + i * runs[1].stride : NULL;
}

MAAR_INLINE size_t maar_slot_ring_commit_many(struct maar_slot_ring *ring, const struct maar_slot_span runs[2],
					      size_t n)
{
	size_t k;

	for (k = 0; k < n && k < runs[0].n + runs[1].n; k++)
		if (!maar_slot_ring_commit(ring, maar_slot_span_at(runs, k)))
			break;
	return k;
}

MAAR_INLINE size_t maar_slot_ring_release_many(struct maar_slot_ring *ring, const struct maar_slot_span runs[2],
					       size_t n)
{
	size_t k;

	for (k = 0; k < n && k < runs[0].n + runs[1].n; k++)
		if (!maar_slot_ring_release(ring, maar_slot_span_at(runs, k)))
			break;
	return k;
}

/* ---- copying ---- */

/* SPSC: nothing of this side is out, so that what is moved next is in order. */
MAAR_LOCAL int maar__slot_in_order(const uint64_t *done, const uint64_t *next, uint64_t *first, const char *call)
{
	int good;

	*first = maar_a_load(done, RELAXED);
	good = *first == maar_a_load(next, RELAXED);
	MAAR_DEBUG_CHECK_AS(call, good, "slots of this side are out");
	return good;
}

MAAR_LOCAL size_t maar__slot_put(struct maar_slot_ring *r, const void *elements, size_t n, enum maar__ring_how how)
{
	struct maar__slot_view v;
	const char *from = (const char *)elements;
	uint64_t first = 0;
	size_t i, k;

	if (maar__slot_ring_is_null(r) || maar_unlikely(n == 0))
		return 0;
	v = maar__slot_view(r);
	if (maar__slot_is_spsc(v)) {
		if (!maar__slot_in_order(&r->tail, &r->next, &first, "maar_slot_ring_enqueue*"))
			return 0;
		k = maar__slot_room_sp(v, first, n);
		if (k < n && how == MAAR__BULK)
			return 0;
		maar_a_store(&r->next, first + k, RELAXED);
		for (i = 0; i < k; i++) {
			maar__slot_copy(maar__slot_at(v, first + i), from + i * r->element, r->element);
			maar__slot_commit_sp(v, first + i);
		}
		return k;
	}
	if (v.flags & MAAR_SLOT_RING_TICKET) {
		k = maar__slot_reserve_ticket(v, &first, n, how == MAAR__BULK ? n : 1);
		for (i = 0; i < k; i++) {
			maar__slot_copy(maar__slot_at(v, first + i), from + i * r->element, r->element);
			maar__slot_publish(maar__slot_lap(v, first + i),
					   maar__slot_lap_for(v, first + i, MAAR__SLOT_RESERVED));
		}
		return k;
	}
	MAAR_DEBUG_CHECK_AS("maar_slot_ring_enqueue_bulk", how == MAAR__BURST || n == 1, "bulk on a lock-free ring");
	if (how == MAAR__BULK && n > 1)
		return 0;
	for (k = 0; k < n; k++) {
		void *slot = maar__slot_ring_reserve(r);

		if (!slot)
			break;
		maar__slot_copy(slot, from + k * r->element, r->element);
		maar__slot_ring_pass(r, maar__slot_number(v, slot), 1);
	}
	return k;
}

MAAR_LOCAL size_t maar__slot_get(struct maar_slot_ring *r, void *elements, size_t n, enum maar__ring_how how)
{
	struct maar__slot_view v;
	char *to = (char *)elements;
	uint64_t first = 0;
	size_t i, k;

	if (maar__slot_ring_is_null(r) || maar_unlikely(n == 0))
		return 0;
	v = maar__slot_view(r);
	if (maar__slot_is_spsc(v)) {
		if (!maar__slot_in_order(&r->taken, &r->peeked, &first, "maar_slot_ring_dequeue*"))
			return 0;
		k = maar__slot_there_sc(v, first, n);
		if (k == 0 || (k < n && how == MAAR__BULK))
			return 0;
		for (i = 0; i < k; i++)
			maar__slot_copy(to + i * r->element, maar__slot_at(v, first + i), r->element);
		maar__slot_peeked_sc(r, first + k);
		maar__slot_release_sc(v, first, k);
		return k;
	}
	if (v.flags & MAAR_SLOT_RING_TICKET) {
		k = maar__slot_peek_ticket(v, &first, n, how == MAAR__BULK ? n : 1);
		for (i = 0; i < k; i++) {
			maar__slot_copy(to + i * r->element, maar__slot_at(v, first + i), r->element);
			maar__slot_hand_back(v, maar__slot_lap(v, first + i),
					     maar__slot_lap_for(v, first + i, MAAR__SLOT_TAKEN));
		}
		return k;
	}
	MAAR_DEBUG_CHECK_AS("maar_slot_ring_dequeue_bulk", how == MAAR__BURST || n == 1, "bulk on a lock-free ring");
	if (how == MAAR__BULK && n > 1)
		return 0;
	for (k = 0; k < n; k++) {
		void *slot = maar__slot_ring_peek(r);

		if (!slot)
			break;
		maar__slot_copy(to + k * r->element, slot, r->element);
		maar__slot_ring_pass(r, maar__slot_number(v, slot), 0);
	}
	return k;
}

MAAR_INLINE size_t maar_slot_ring_enqueue(struct maar_slot_ring *ring, const void *element)
{
	return maar__slot_put(ring, element, 1, MAAR__BULK);
}

MAAR_INLINE size_t maar_slot_ring_dequeue(struct maar_slot_ring *ring, void *element)
{
	return maar__slot_get(ring, element, 1, MAAR__BULK);
}

MAAR_INLINE size_t maar_slot_ring_enqueue_bulk(struct maar_slot_ring *ring, const void *elements, size_t n)
{
	return maar__slot_put(ring, elements, n, MAAR__BULK);
}

MAAR_INLINE size_t maar_slot_ring_enqueue_burst(struct maar_slot_ring *ring, const void *elements, size_t n)
{
	return maar__slot_put(ring, elements, n, MAAR__BURST);
}

MAAR_INLINE size_t maar_slot_ring_dequeue_bulk(struct maar_slot_ring *ring, void *elements, size_t n)
{
	return maar__slot_get(ring, elements, n, MAAR__BULK);
}

MAAR_INLINE size_t maar_slot_ring_dequeue_burst(struct maar_slot_ring *ring, void *elements, size_t n)
{
	return maar__slot_get(ring, elements, n, MAAR__BURST);
}

MAAR_INLINE int maar_slot_ring_has_bulk(const struct maar_slot_ring *ring)
{
	return !maar__slot_ring_is_null(ring) && !maar__slot_is_lockfree(maar__slot_view(ring));
}

/* ---- observers ---- */

MAAR_INLINE size_t maar_slot_ring_capacity(const struct maar_slot_ring *ring)
{
	return maar__slot_ring_is_null(ring) ? 0 : (size_t)ring->capacity;
}

MAAR_INLINE size_t maar_slot_ring_element(const struct maar_slot_ring *ring)
{
	return maar__slot_ring_is_null(ring) ? 0 : ring->element;
}

MAAR_INLINE size_t maar_slot_ring_stride(const struct maar_slot_ring *ring)
{
	return maar__slot_ring_is_null(ring) ? 0 : ring->stride;
}

MAAR_INLINE unsigned maar_slot_ring_flags(const struct maar_slot_ring *ring)
{
	return maar__slot_ring_is_null(ring) ? 0 : ring->flags;
}

MAAR_INLINE size_t maar_slot_ring_count(const struct maar_slot_ring *ring)
{
	uint64_t from, tail;

	if (maar__slot_ring_is_null(ring))
		return 0;
	if (maar__slot_is_lockfree(maar__slot_view(ring)))
		return maar_ring_count(maar__slot_filled_ring(ring));
	do { /* until consumers stood still meanwhile: then all belongs to one instant */
		from = ring->flags & MAAR_SLOT_RING_TICKET ? maar_a_load(&ring->head, ACQUIRE) : /* A:slot.head */
			       maar_a_load(&ring->taken, ACQUIRE);				 /* A:slot.taken */
		tail = maar_a_load(&ring->tail, ACQUIRE);					 /* A:slot.tail */
	} while (maar_unlikely(maar_a_load(ring->flags & MAAR_SLOT_RING_TICKET ? &ring->head : &ring->taken, RELAXED) !=
			       from));
	if (maar_unlikely((int64_t)(tail - from) < 0)) /* SPSC: released before its producer has moved the tail */
		return 0;
	return (size_t)(tail - from);
}

MAAR_INLINE int maar_slot_ring_empty(const struct maar_slot_ring *ring)
{
	struct maar__slot_view v;
	uint64_t next;

	if (maar__slot_ring_is_null(ring))
		return 1;
	v = maar__slot_view(ring);
	if (maar__slot_is_lockfree(v))
		return maar_ring_empty(maar__slot_filled_ring(ring));
	next = v.flags & MAAR_SLOT_RING_TICKET ? maar_a_load(&ring->head, ACQUIRE) : /* A:slot.head */
		       maar_a_load(&ring->peeked, ACQUIRE);			     /* A:slot.peeked */
	/* A later lap: somebody has peeked at it during the call, and at that instant the ring was not empty. */
	return (int64_t)(maar_a_load(maar__slot_lap(v, next), RELAXED) -
			 maar__slot_lap_for(v, next, MAAR__SLOT_FILLED)) < 0;
}

MAAR_INLINE int maar_slot_ring_full(const struct maar_slot_ring *ring)
{
	struct maar__slot_view v;
	uint64_t tail;

	if (maar__slot_ring_is_null(ring))
		return 1;
	v = maar__slot_view(ring);
	if (maar__slot_is_spsc(v))
		return maar_slot_ring_count(ring) >= ring->capacity;
	if (maar__slot_is_lockfree(v))
		return maar_a_load(&ring->fresh, ACQUIRE) == ring->capacity && /* A:slot.fresh */
		       maar_ring_empty(maar__slot_free_ring(ring));
	tail = maar_a_load(&ring->tail, ACQUIRE); /* A:slot.tail */
	return (int64_t)(maar_a_load(maar__slot_lap(v, tail), RELAXED) - maar__slot_lap_for(v, tail, MAAR__SLOT_FREE)) <
	       0;
}

#endif
#endif
