/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * How slots move through a slot ring: laps, and the moves of both sides, by runs of positions where cells are in order
 * (SPSC, TICKET). Each is told the ring's kind by a view, so that constants fold. The lock-free kind's moves are calls
 * of src/ring/slot_ring.c. The pairs R:.../A:... are argued in doc/memory-model.md.
 */
#ifndef MAAR_BITS_SLOT_RING_MOVES_H
#define MAAR_BITS_SLOT_RING_MOVES_H
#ifndef MAAR_BITS_OK
#error "include a header of <maar/...>, not of <maar/bits/...>"
#endif

#define MAAR__SLOT_RING_MAGIC 0x6d736c72u /* "mslr" */

MAAR_STATIC_ASSERT(offsetof(struct maar_slot_ring, tail) == 128, "layout 2");
MAAR_STATIC_ASSERT(offsetof(struct maar_slot_ring, taken) == 256, "layout 2");
MAAR_STATIC_ASSERT(offsetof(struct maar_slot_ring, head) == 384, "layout 2");
MAAR_STATIC_ASSERT(sizeof(struct maar_slot_ring) == 512, "layout 2: the cells, or two rings, follow at once");

/* The lock-free kind, in src/ring/slot_ring.c: two rings of handles, too long to be inlined. For the calls only. */
MAAR_BEGIN_DECLS
MAAR_API void *maar__slot_ring_reserve(struct maar_slot_ring *ring);
MAAR_API void *maar__slot_ring_peek(struct maar_slot_ring *ring);
MAAR_API void maar__slot_ring_pass(struct maar_slot_ring *ring, uint64_t number, int filled);
MAAR_END_DECLS

/* What a cell is, the lowest two bits of its lap. Lock-free cells have only these. */
enum { MAAR__SLOT_FREE, MAAR__SLOT_RESERVED, MAAR__SLOT_FILLED, MAAR__SLOT_TAKEN, MAAR__SLOT_STATES };

MAAR_LOCAL int maar__slot_ring_is_null(const struct maar_slot_ring *r)
{
	MAAR_DEBUG_CHECK_AS("maar_slot_ring", r, "NULL ring");
	return maar_unlikely(!r) ? 1 : 0;
}

/* Bytes from one cell to the next; `element` is at most MAAR_SLOT_RING_MAX_ELEMENT. */
MAAR_LOCAL uint32_t maar__slot_ring_stride_of(size_t element, unsigned flags)
{
	const uint32_t bytes = ((uint32_t)element + 7) / 8 * 8 + 8;

	if (flags & MAAR_SLOT_RING_LINE)
		return (bytes + MAAR_CACHE_LINE - 1) / MAAR_CACHE_LINE * MAAR_CACHE_LINE;
	if (bytes > MAAR_CACHE_LINE)
		return bytes;
	return bytes <= 16 ? 16 : bytes <= 32 ? 32 : MAAR_CACHE_LINE;
}

/* ---- a ring as one call sees it: what never changes, read once ---- */

struct maar__slot_view {
	struct maar_slot_ring *ring;
	char *slots; /* the first element */
	uint64_t mask;
	unsigned flags;
	uint32_t stride;
};

MAAR_LOCAL struct maar__slot_view maar__slot_view(const struct maar_slot_ring *r)
{
	const struct maar__slot_view v = { (struct maar_slot_ring *)(uintptr_t)r, (char *)(uintptr_t)r + r->slots_at,
					   r->mask, r->flags, r->stride };

	return v;
}

MAAR_LOCAL int maar__slot_is_spsc(struct maar__slot_view v)
{
	return (v.flags & MAAR_SLOT_RING_SPSC) == MAAR_SLOT_RING_SPSC;
}

MAAR_LOCAL int maar__slot_is_lockfree(struct maar__slot_view v)
{
	return !(v.flags & MAAR_SLOT_RING_TICKET) && !maar__slot_is_spsc(v);
}

/* ---- cells ---- */

MAAR_LOCAL void *maar__slot_at(struct maar__slot_view v, uint64_t position)
{
	return v.slots + (size_t)((position & v.mask) * v.stride);
}

/* The lap of the cell of an element: its last word. */
MAAR_LOCAL uint64_t *maar__slot_lap_of(struct maar__slot_view v, void *slot)
{
	return (uint64_t *)__builtin_assume_aligned((char *)slot + v.stride - sizeof(uint64_t), 8);
}

MAAR_LOCAL uint64_t *maar__slot_lap(struct maar__slot_view v, uint64_t position)
{
	return maar__slot_lap_of(v, maar__slot_at(v, position));
}

/*
 * The lap of a position in a state: the position of its round's first cell, times four, and the state. Zeroed memory is
 * free for round 0. It wraps with the positions, and comes back after 2^62 of them.
 */
MAAR_LOCAL uint64_t maar__slot_lap_for(struct maar__slot_view v, uint64_t position, unsigned state)
{
	return (position & ~v.mask) * MAAR__SLOT_STATES + state;
}

/*
 * The number of the slot at an address, or something beyond the mask: the exact inverse of a multiplication by the
 * stride, modulo 2^64. Bits that the shift would lose come to the top, where they are beyond any mask.
 */
MAAR_LOCAL uint64_t maar__slot_number(struct maar__slot_view v, const void *slot)
{
	const struct maar_slot_ring *r = v.ring;
	const uint64_t product = ((uint64_t)(uintptr_t)slot - (uint64_t)(uintptr_t)v.slots) * r->inverse;

	return product >> r->shift | product << ((64 - r->shift) & 63);
}

MAAR_LOCAL void maar__slot_copy(void *to, const void *from, size_t bytes)
{
	maar_n_copy(to, from, bytes);
}

/* Lock-free: the rings of handles. */
MAAR_LOCAL struct maar_ring *maar__slot_free_ring(const struct maar_slot_ring *r)
{
	return (struct maar_ring *)(uintptr_t)(r + 1);
}

MAAR_LOCAL struct maar_ring *maar__slot_filled_ring(const struct maar_slot_ring *r)
{
	return (struct maar_ring *)__builtin_assume_aligned((char *)(uintptr_t)r + r->filled_at, MAAR_APART);
}

/* ---- SPSC ---- */

/* How many positions from `next` on, up to n, may be reserved; asks the consumer's line only if need be. */
MAAR_LOCAL size_t maar__slot_room_sp(struct maar__slot_view v, uint64_t next, size_t n)
{
	struct maar_slot_ring *const r = v.ring;
	uint64_t room = r->limit - (next - maar_a_load(&r->head_seen, RELAXED));

	if (maar_unlikely(room < n)) {
		const uint64_t head = maar_a_load(&r->head, ACQUIRE); /* A:slot.head */

		maar_a_store(&r->head_seen, head, RELAXED);
		room = r->limit - (next - head);
		n = room < n ? (size_t)room : n;
	}
	return n;
}

MAAR_LOCAL void maar__slot_set_tail(struct maar_slot_ring *r, uint64_t tail)
{
	maar_a_store(&r->tail, tail, RELEASE); /* R:slot.tail */
}

/* Commits a position that is reserved and the next to commit. */
MAAR_LOCAL void maar__slot_commit_sp(struct maar__slot_view v, uint64_t position)
{
	const uint64_t filled = maar__slot_lap_for(v, position, MAAR__SLOT_FILLED);

	maar_a_store(maar__slot_lap(v, position), filled, RELEASE); /* R:slot.lap */
	maar__slot_set_tail(v.ring, position + 1);
}

/* Lets the producer have the cells before `taken`, if it has not been told. As in rings of words, head itself is asked. */
MAAR_LOCAL void maar__slot_tell(struct maar_slot_ring *r, uint64_t taken)
{
	if (maar_a_load(&r->head, RELAXED) != taken)
		maar_a_store(&r->head, taken, RELEASE); /* R:slot.head */
}

/* How many positions from `next` on, up to n, are filled. Finding fewer, it tells the producer all it has released. */
MAAR_LOCAL size_t maar__slot_there_sc(struct maar__slot_view v, uint64_t next, size_t n)
{
	size_t k;

	for (k = 0; k < n; k++) {
		const uint64_t lap = maar_a_load(maar__slot_lap(v, next + k), ACQUIRE); /* A:slot.lap */

		if (lap != maar__slot_lap_for(v, next + k, MAAR__SLOT_FILLED))
			break;
	}
	if (maar_unlikely(k < n))
		maar__slot_tell(v.ring, maar_a_load(&v.ring->taken, RELAXED));
	return k;
}

MAAR_LOCAL void maar__slot_peeked_sc(struct maar_slot_ring *r, uint64_t peeked)
{
	maar_a_store(&r->peeked, peeked, RELEASE); /* R:slot.peeked */
}

/* Releases k positions, the next to release, from `position` on: for observers at once, for producers now and then. */
MAAR_LOCAL void maar__slot_release_sc(struct maar__slot_view v, uint64_t position, size_t k)
{
	struct maar_slot_ring *const r = v.ring;

	maar_a_store(&r->taken, position + k, RELEASE); /* R:slot.taken */
	if ((position ^ (position + k)) & r->tell)
		maar__slot_tell(r, position + k);
}

/* ---- TICKET ---- */

/* How many cells from `position` on, up to n, are free, or filled; *ahead: how far the lap of the next one is. */
MAAR_LOCAL size_t maar__slot_free_run(struct maar__slot_view v, uint64_t position, size_t n, int64_t *ahead)
{
	size_t k;

	*ahead = 0;
	for (k = 0; k < n; k++) {
		const uint64_t lap = maar_a_load(maar__slot_lap(v, position + k), ACQUIRE); /* A:slot.free */

		*ahead = (int64_t)(lap - maar__slot_lap_for(v, position + k, MAAR__SLOT_FREE));
		if (*ahead)
			break;
	}
	return k;
}

MAAR_LOCAL size_t maar__slot_filled_run(struct maar__slot_view v, uint64_t position, size_t n, int64_t *ahead)
{
	size_t k;

	*ahead = 0;
	for (k = 0; k < n; k++) {
		const uint64_t lap = maar_a_load(maar__slot_lap(v, position + k), ACQUIRE); /* A:slot.lap */

		*ahead = (int64_t)(lap - maar__slot_lap_for(v, position + k, MAAR__SLOT_FILLED));
		if (*ahead)
			break;
	}
	return k;
}

MAAR_LOCAL void maar__slot_mark(struct maar__slot_view v, uint64_t position, size_t n, unsigned state)
{
	size_t i;

	for (i = 0; i < n; i++)
		maar_a_store(maar__slot_lap(v, position + i), maar__slot_lap_for(v, position + i, state), RELAXED);
}

/*
 * Reserves `least` to n positions. The cells are looked at first; whoever moves the tail over them has them, since only
 * a move of the tail makes a free cell anything else. A tail that was stale shows by a cell that is ahead.
 */
MAAR_LOCAL size_t maar__slot_reserve_ticket(struct maar__slot_view v, uint64_t *first, size_t n, size_t least)
{
	struct maar_slot_ring *const r = v.ring;

	for (;;) {
		const uint64_t tail = maar_a_load(&r->tail, ACQUIRE); /* A:slot.tail */
		int64_t ahead;
		const size_t k = maar__slot_free_run(v, tail, n, &ahead);

		if (k < least) {
			if (ahead > 0)
				continue;
			return 0;
		}
		if (v.flags & MAAR_SLOT_RING_SP)
			maar_a_store(&r->tail, tail + k, RELEASE);	 /* R:slot.tail */
		else if (!maar_a_cas(&r->tail, tail, tail + k, RELEASE)) /* R:slot.tail */
			continue;
		maar__slot_mark(v, tail, k, MAAR__SLOT_RESERVED);
		*first = tail;
		return k;
	}
}

/* The same with head and filled cells. */
MAAR_LOCAL size_t maar__slot_peek_ticket(struct maar__slot_view v, uint64_t *first, size_t n, size_t least)
{
	struct maar_slot_ring *const r = v.ring;

	for (;;) {
		const uint64_t head = maar_a_load(&r->head, ACQUIRE); /* A:slot.head */
		int64_t ahead;
		const size_t k = maar__slot_filled_run(v, head, n, &ahead);

		if (k < least) {
			if (ahead > 0)
				continue;
			return 0;
		}
		if (v.flags & MAAR_SLOT_RING_SC)
			maar_a_store(&r->head, head + k, RELEASE);	 /* R:slot.head */
		else if (!maar_a_cas(&r->head, head, head + k, RELEASE)) /* R:slot.head */
			continue;
		maar__slot_mark(v, head, k, MAAR__SLOT_TAKEN);
		*first = head;
		return k;
	}
}

/* The cell of `lap`, which holds `old`, becomes filled, or free for the next round. */
MAAR_LOCAL void maar__slot_publish(uint64_t *lap, uint64_t old)
{
	maar_a_store(lap, old - MAAR__SLOT_RESERVED + MAAR__SLOT_FILLED, RELEASE); /* R:slot.lap */
}

MAAR_LOCAL void maar__slot_hand_back(struct maar__slot_view v, uint64_t *lap, uint64_t old)
{
	maar_a_store(lap, old - MAAR__SLOT_TAKEN + (v.mask + 1) * MAAR__SLOT_STATES, RELEASE); /* R:slot.free */
}

/* ---- by mode: runs of positions, where cells are in order ---- */

MAAR_LOCAL size_t maar__slot_reserve(struct maar__slot_view v, uint64_t *first, size_t n)
{
	if (!maar__slot_is_spsc(v))
		return maar__slot_reserve_ticket(v, first, n, 1);
	*first = maar_a_load(&v.ring->next, RELAXED);
	n = maar__slot_room_sp(v, *first, n);
	maar_a_store(&v.ring->next, *first + n, RELAXED);
	return n;
}

MAAR_LOCAL size_t maar__slot_peek(struct maar__slot_view v, uint64_t *first, size_t n)
{
	if (!maar__slot_is_spsc(v))
		return maar__slot_peek_ticket(v, first, n, 1);
	*first = maar_a_load(&v.ring->peeked, RELAXED);
	n = maar__slot_there_sc(v, *first, n);
	maar__slot_peeked_sc(v.ring, *first + n);
	return n;
}

/* The runs of k positions. */
MAAR_LOCAL void maar__slot_runs(struct maar__slot_view v, struct maar_slot_span runs[2], uint64_t first, size_t k)
{
	const uint64_t to_end = v.mask + 1 - (first & v.mask);

	runs[0].first = maar__slot_at(v, first);
	runs[0].n = k < to_end ? k : (size_t)to_end;
	runs[1].first = v.slots;
	runs[1].n = k - runs[0].n;
	runs[0].stride = runs[1].stride = v.stride;
}

#endif
