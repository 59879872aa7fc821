/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The bodies of <maar/ring.h>: each call chooses a move of ring_moves.h, with constants that the compiler folds.
 */
#ifndef MAAR_BITS_RING_IMPL_H
#define MAAR_BITS_RING_IMPL_H
#ifndef MAAR_BITS_OK
#error "include a header of <maar/...>, not of <maar/bits/...>"
#endif

#include <maar/bits/ring_moves.h>

/* The side of a call that does not name one. */
#define MAAR__ANY (-1)

#ifdef MAAR__BODIES

MAAR_INLINE struct maar_ring *maar_ring_assume(struct maar_ring *ring, unsigned flags)
{
	MAAR_DEBUG_CHECK(ring && ring->flags == flags, "not the flags that the ring was made with");
	if (!ring || ring->flags != flags)
		__builtin_unreachable();
	return ring;
}

/* ---- one value ---- */

MAAR_INLINE size_t maar_ring_enqueue(struct maar_ring *ring, uint64_t value)
{
	return maar__ring_put(ring, MAAR__ANY, &value, 1, MAAR__BULK);
}

MAAR_INLINE size_t maar_ring_enqueue_sp(struct maar_ring *ring, uint64_t value)
{
	return maar__ring_put(ring, MAAR_RING_SP, &value, 1, MAAR__BULK);
}

MAAR_INLINE size_t maar_ring_enqueue_mp(struct maar_ring *ring, uint64_t value)
{
	return maar__ring_put(ring, 0, &value, 1, MAAR__BULK);
}

MAAR_INLINE size_t maar_ring_dequeue(struct maar_ring *ring, uint64_t *value)
{
	return maar__ring_get(ring, MAAR__ANY, value, 1, MAAR__BULK);
}

MAAR_INLINE size_t maar_ring_dequeue_sc(struct maar_ring *ring, uint64_t *value)
{
	return maar__ring_get(ring, MAAR_RING_SC, value, 1, MAAR__BULK);
}

MAAR_INLINE size_t maar_ring_dequeue_mc(struct maar_ring *ring, uint64_t *value)
{
	return maar__ring_get(ring, 0, value, 1, MAAR__BULK);
}

MAAR_INLINE size_t maar_ring_enqueue_ptr(struct maar_ring *ring, const void *pointer)
{
	const uint64_t word = (uint64_t)(uintptr_t)pointer;

	MAAR_DEBUG_CHECK(pointer, "NULL enqueued as a pointer");
	return maar_likely(pointer != NULL) ? maar__ring_put(ring, MAAR__ANY, &word, 1, MAAR__BULK) : 0;
}

MAAR_INLINE void *maar_ring_dequeue_ptr(struct maar_ring *ring)
{
	uint64_t word;

	return maar__ring_get(ring, MAAR__ANY, &word, 1, MAAR__BULK) ? (void *)(uintptr_t)word : NULL;
}

/* ---- many values ---- */

#define MAAR__RING_PUTS(name, side, how)                                                                               \
	MAAR_INLINE size_t name(struct maar_ring *ring, const uint64_t *values, size_t n)                              \
	{                                                                                                              \
		return maar__ring_put(ring, side, values, n, how);                                                     \
	}
#define MAAR__RING_GETS(name, side, how)                                                                               \
	MAAR_INLINE size_t name(struct maar_ring *ring, uint64_t *values, size_t n)                                    \
	{                                                                                                              \
		return maar__ring_get(ring, side, values, n, how);                                                     \
	}

MAAR__RING_PUTS(maar_ring_enqueue_bulk, MAAR__ANY, MAAR__BULK)
MAAR__RING_PUTS(maar_ring_enqueue_burst, MAAR__ANY, MAAR__BURST)
MAAR__RING_PUTS(maar_ring_enqueue_bulk_sp, MAAR_RING_SP, MAAR__BULK)
MAAR__RING_PUTS(maar_ring_enqueue_burst_sp, MAAR_RING_SP, MAAR__BURST)
MAAR__RING_PUTS(maar_ring_enqueue_bulk_mp, 0, MAAR__BULK)
MAAR__RING_PUTS(maar_ring_enqueue_burst_mp, 0, MAAR__BURST)
MAAR__RING_GETS(maar_ring_dequeue_bulk, MAAR__ANY, MAAR__BULK)
MAAR__RING_GETS(maar_ring_dequeue_burst, MAAR__ANY, MAAR__BURST)
MAAR__RING_GETS(maar_ring_dequeue_bulk_sc, MAAR_RING_SC, MAAR__BULK)
MAAR__RING_GETS(maar_ring_dequeue_burst_sc, MAAR_RING_SC, MAAR__BURST)
MAAR__RING_GETS(maar_ring_dequeue_bulk_mc, 0, MAAR__BULK)
MAAR__RING_GETS(maar_ring_dequeue_burst_mc, 0, MAAR__BURST)

#undef MAAR__RING_PUTS
#undef MAAR__RING_GETS

MAAR_INLINE size_t maar_ring_enqueue_burst_ptr(struct maar_ring *ring, void *const *pointers, size_t n)
{
	size_t whole = 0, k;

	while (whole < n && pointers[whole])
		whole++;
	MAAR_DEBUG_CHECK(whole == n, "NULL enqueued as a pointer");
	if (sizeof(void *) == sizeof(uint64_t))
		return maar__ring_put(ring, MAAR__ANY, pointers, whole, MAAR__BURST);
	for (k = 0; k < whole && maar_ring_enqueue_ptr(ring, pointers[k]); k++)
		;
	return k;
}

MAAR_INLINE size_t maar_ring_dequeue_burst_ptr(struct maar_ring *ring, void **pointers, size_t n)
{
	size_t k;

	if (sizeof(void *) == sizeof(uint64_t))
		return maar__ring_get(ring, MAAR__ANY, pointers, n, MAAR__BURST);
	for (k = 0; k < n && (pointers[k] = maar_ring_dequeue_ptr(ring)) != NULL; k++)
		;
	return k;
}

MAAR_INLINE int maar_ring_has_enqueue_bulk(const struct maar_ring *ring)
{
	return !maar__ring_is_null(ring) && (ring->flags & (MAAR_RING_SP | MAAR_RING_TICKET)) != 0;
}

/* ---- in place ---- */

/* A single consumer's ring, or NULL. */
MAAR_LOCAL struct maar_ring *maar__ring_with_sc(struct maar_ring *r, const char *call)
{
	if (maar__ring_is_null(r) || maar_likely(r->flags & MAAR_RING_SC))
		return r;
	MAAR_DEBUG_CHECK_AS(call, 0, "many consumers: another may take what this one looks at");
	return NULL;
}

MAAR_INLINE size_t maar_ring_peek(struct maar_ring *ring, uint64_t *values, size_t n)
{
	uint64_t taken;
	size_t k;

	ring = maar__ring_with_sc(ring, __func__);
	if (!ring || n == 0)
		return 0;
	taken = maar_a_load(&ring->taken, RELAXED);
	k = maar__ring_peek_sc(maar__ring_view(ring), taken, values, n);
	if (k < n)
		maar__ring_tell(ring, taken);
	return k;
}

MAAR_INLINE size_t maar_ring_release(struct maar_ring *ring, size_t n)
{
	uint64_t taken, word;
	size_t k;

	ring = maar__ring_with_sc(ring, __func__);
	if (!ring || n == 0)
		return 0;
	taken = maar_a_load(&ring->taken, RELAXED);
	if (ring->flags & MAAR_RING_SPAN)
		k = maar__ring_there(ring, taken, n);
	else
		for (k = 0; k < n && maar__ring_look(maar__ring_view(ring), taken + k, &word) == 0; k++)
			;
	MAAR_DEBUG_CHECK(k == n, "released more values than there are");
	if (k < n)
		return 0;
	maar__ring_took(ring, taken, n);
	return n;
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

/* The next position to take. */
MAAR_LOCAL uint64_t maar__ring_next(const struct maar_ring *r)
{
	if (r->flags & MAAR_RING_SC)
		return maar_a_load(&r->taken, ACQUIRE); /* A:ring.taken */
	return maar_a_load(&r->head, ACQUIRE);		/* A:ring.head */
}

MAAR_INLINE size_t maar_ring_count(const struct maar_ring *ring)
{
	uint64_t next, tail;
	int64_t used;

	if (maar__ring_is_null(ring))
		return 0;
	do { /* until consumers stood still meanwhile: then all belongs to one instant */
		next = maar__ring_next(ring);
		tail = maar_a_load(&ring->tail, ACQUIRE); /* A:ring.tail */
		/* Lock-free: filled, and its producer has not moved the tail yet. */
		if (!(ring->flags & (MAAR_RING_SP | MAAR_RING_TICKET)))
			tail = maar__ring_skip_filled(maar__ring_view(ring), tail);
	} while (maar_unlikely(maar_a_load(ring->flags & MAAR_RING_SC ? &ring->taken : &ring->head, RELAXED) != next));
	used = (int64_t)(tail - next);
	if (used < 0) /* taken before its producer has moved the tail */
		return 0;
	return (uint64_t)used > ring->limit ? (size_t)ring->limit : (size_t)used;
}

MAAR_INLINE size_t maar_ring_free_count(const struct maar_ring *ring)
{
	const size_t capacity = maar_ring_capacity(ring), count = maar_ring_count(ring);
	size_t room = count < capacity ? capacity - count : 0;

	if (room && (ring->flags & MAAR_RING_SC)) {
		/* What the consumer's call in progress has taken, and producers may not have yet. */
		const uint64_t tail = maar_a_load(&ring->tail, ACQUIRE); /* A:ring.tail */
		const int64_t held = (int64_t)(tail - maar_a_load(&ring->head, RELAXED));

		if (held > (int64_t)(ring->limit - room))
			room = held < (int64_t)ring->limit ? (size_t)((int64_t)ring->limit - held) : 0;
	}
	return room;
}

MAAR_INLINE int maar_ring_empty(const struct maar_ring *ring)
{
	uint64_t next, word;

	if (maar__ring_is_null(ring))
		return 1;
	next = maar__ring_next(ring);
	if (ring->flags & MAAR_RING_SPAN)
		return maar_a_load(&ring->tail, RELAXED) == next; /* it hands nothing out */
	/* A later lap: the cell was filled again during the call, and at that instant the ring was not empty. */
	return maar__ring_look(maar__ring_view(ring), next, &word) < 0;
}

MAAR_INLINE int maar_ring_full(const struct maar_ring *ring)
{
	return maar_ring_free_count(ring) == 0;
}

#endif
#endif
