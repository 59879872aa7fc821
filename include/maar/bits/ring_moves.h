/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * How values move through a ring: the cells, and the moves put_sp, put_ticket, put_lockfree, take_sc and take. Each is
 * told the ring's kind by a view, so that constants fold. The pairs R:.../A:... are argued in doc/memory-model.md.
 */
#ifndef MAAR_BITS_RING_MOVES_H
#define MAAR_BITS_RING_MOVES_H
#ifndef MAAR_BITS_OK
#error "include a header of <maar/...>, not of <maar/bits/...>"
#endif

#include <string.h>

#define MAAR__RING_MAGIC 0x6d726e67u /* "mrng" */

MAAR_STATIC_ASSERT(sizeof(struct maar_ring_cell) == 16, "cells are changed by a 16-byte compare-and-swap");
MAAR_STATIC_ASSERT(offsetof(struct maar_ring, tail) == 128, "layout 3");
MAAR_STATIC_ASSERT(offsetof(struct maar_ring, taken) == 256, "layout 3");
MAAR_STATIC_ASSERT(offsetof(struct maar_ring, head) == 384, "layout 3");
MAAR_STATIC_ASSERT(sizeof(struct maar_ring) == 512, "layout 3: the cells follow at once");

/* How an enqueue or dequeue counts: all or nothing, or as many as fit. */
enum maar__ring_how { MAAR__BULK, MAAR__BURST };

/* One test that predicts perfectly; a NULL ring answers as one that is full and empty. */
MAAR_LOCAL int maar__ring_is_null(const struct maar_ring *r)
{
	MAAR_DEBUG_CHECK_AS("maar_ring", r, "NULL ring");
	return maar_unlikely(!r) ? 1 : 0;
}

/*
 * A ring as one call sees it: what never changes, read once. (After each atomic access the compiler would have to read
 * the ring's own fields again.)
 */
struct maar__ring_view {
	struct maar_ring *ring;
	uint64_t mask;
	unsigned flags, shift;
};

MAAR_LOCAL struct maar__ring_view maar__ring_view(const struct maar_ring *r)
{
	const struct maar__ring_view v = { (struct maar_ring *)(uintptr_t)r, r->mask, r->flags, r->shift };

	return v;
}

/* ---- cells ---- */

MAAR_LOCAL struct maar_ring_cell *maar__ring_cell(struct maar__ring_view v, uint64_t position)
{
	return (struct maar_ring_cell *)(v.ring + 1) + (position & v.mask);
}

/* A HANDLE or SPAN ring's cell. */
MAAR_LOCAL uint64_t *maar__ring_small_cell(struct maar__ring_view v, uint64_t position)
{
	return (uint64_t *)(v.ring + 1) + (position & v.mask);
}

/*
 * The lap of a filled cell. Zeroed memory is lap 0. Words: counted in positions, which wraps with them and needs no
 * shift; it grows by the number of cells from round to round. Handles: counted in rounds, to last in 32 bits.
 */
MAAR_LOCAL uint64_t maar__ring_lap(struct maar__ring_view v, uint64_t position)
{
	return (position | v.mask) + 1;
}

MAAR_LOCAL uint32_t maar__ring_lap32(struct maar__ring_view v, uint64_t position)
{
	return (uint32_t)(position >> v.shift) + 1;
}

/* A filled HANDLE cell. */
MAAR_LOCAL uint64_t maar__ring_with_lap(struct maar__ring_view v, uint64_t position, uint64_t handle)
{
	return (uint64_t)maar__ring_lap32(v, position) << 32 | handle;
}

/*
 * What the cell of a position holds: its value into *word, and how many laps it is ahead (in the lap's own units):
 * 0 filled for this position, below 0 not yet, above 0 the position was stale.
 */
MAAR_LOCAL int64_t maar__ring_look(struct maar__ring_view v, uint64_t position, uint64_t *word)
{
	uint64_t lap;

	if (v.flags & MAAR_RING_HANDLE) {
		const uint64_t cell = maar_a_load(maar__ring_small_cell(v, position), ACQUIRE); /* A:ring.cell */

		*word = (uint32_t)cell;
		return (int32_t)((uint32_t)(cell >> 32) - maar__ring_lap32(v, position));
	}
	lap = maar_a_load(&maar__ring_cell(v, position)->lap, ACQUIRE); /* A:ring.cell */
	*word = maar_a_load(&maar__ring_cell(v, position)->word, RELAXED);
	return (int64_t)(lap - maar__ring_lap(v, position));
}

/* Fills the cell of a position that this thread alone may fill. */
MAAR_LOCAL void maar__ring_fill(struct maar__ring_view v, uint64_t position, uint64_t word)
{
	struct maar_ring_cell *cell;

	if (v.flags & MAAR_RING_HANDLE) {
		maar_a_store(maar__ring_small_cell(v, position), maar__ring_with_lap(v, position, word),
			     RELEASE); /* R:ring.cell */
		return;
	}
	cell = maar__ring_cell(v, position);
	maar_a_store(&cell->word, word, RELAXED);
	maar_a_store(&cell->lap, maar__ring_lap(v, position), RELEASE); /* R:ring.cell */
}

/* What look finds in a cell that is empty for its position. */
MAAR_LOCAL int64_t maar__ring_vacant(struct maar__ring_view v)
{
	return v.flags & MAAR_RING_HANDLE ? -1 : -(int64_t)v.mask - 1;
}

/* Fills a vacant cell that holds `old`, unless somebody else did: claim and publication at once. */
MAAR_LOCAL int maar__ring_claim(struct maar__ring_view v, uint64_t position, uint64_t old, uint64_t word)
{
	struct maar_ring_cell *cell;
	uint64_t lap;

	if (v.flags & MAAR_RING_HANDLE) {
		uint64_t *small = maar__ring_small_cell(v, position);

		lap = maar__ring_with_lap(v, position, 0);
		return maar_a_cas(small, (lap - (UINT64_C(1) << 32)) | old, lap | word, RELEASE); /* R:ring.cell */
	}
	cell = maar__ring_cell(v, position);
	lap = maar__ring_lap(v, position);
	return maar_a_cas2(cell, lap - v.mask - 1, old, lap, word, RELEASE); /* R:ring.cell */
}

/*
 * A lock-free producer asks for the line it is about to look at as one it writes. A consumer that polls has it, and on some processors
 * alone, for it changed hands when it was last filled: a mere look would bring it as shared, and the compare-and-swap
 * then once more. Half of a round trip between two cores: doc/design.md.
 */
MAAR_LOCAL void maar__ring_fetch(struct maar__ring_view v, uint64_t position)
{
	if (v.flags & MAAR_RING_HANDLE)
		maar__prefetch_write(maar__ring_small_cell(v, position));
	else
		maar__prefetch_write(maar__ring_cell(v, position));
}

/*
 * A producer of many asks early for the line of a cell that it, or its like, fills soon. Their next compare-and-swap waits
 * until the last fill is in the cache, so the way of a line from another core costs them time unless it is under way
 * already; one producer's fills wait in the store buffer, and asking early makes it slower. Two lines ahead; but half a
 * line in TICKET rings of small cells: their consumers come so close that a line asked for too early is taken away
 * before it is used. Measured: doc/design.md.
 */
MAAR_LOCAL void maar__ring_fetch_ahead(struct maar__ring_view v, uint64_t position)
{
	if (v.flags & MAAR_RING_HANDLE)
		maar__prefetch_write(maar__ring_small_cell(v, position + (v.flags & MAAR_RING_TICKET ? 4 : 16)));
	else
		maar__prefetch_write(maar__ring_cell(v, position + 8));
}

/* ---- the caller's arrays: uint64_t or pointers; read as bytes, so neither breaks the aliasing rules ---- */

MAAR_LOCAL uint64_t maar__ring_word(const void *array, size_t i)
{
	uint64_t word;

	memcpy(&word, (const char *)array + i * sizeof(word), sizeof(word));
	return word;
}

MAAR_LOCAL void maar__ring_set_word(void *array, size_t i, uint64_t word)
{
	memcpy((char *)array + i * sizeof(word), &word, sizeof(word));
}

/* All below 2^32, as a HANDLE ring needs them. */
MAAR_LOCAL int maar__ring_are_handles(const void *words, size_t n)
{
	uint64_t all = 0;
	size_t i;

	for (i = 0; i < n; i++)
		all |= maar__ring_word(words, i);
	MAAR_DEBUG_CHECK_AS("maar_ring_enqueue*", all >> 32 == 0, "a value beyond 32 bits on a ring of handles");
	return all >> 32 == 0;
}

/*
 * Copies n words. Pieces of a size known to the compiler become vector moves; memcpy of a few hundred bytes, whose size it
 * does not know, becomes a string instruction that takes longer to start than to copy them.
 */
MAAR_LOCAL void maar__ring_copy(void *to, const void *from, size_t n)
{
	char *dst = (char *)to;
	const char *src = (const char *)from;

	for (; n >= 4; n -= 4, dst += 32, src += 32)
		maar_n_copy(dst, src, 32);
	for (; n; n--, dst += 8, src += 8)
		maar_n_copy(dst, src, 8);
}

/* SPAN: n words between an array and the cells from a position on, in at most two pieces. */
MAAR_LOCAL void maar__ring_copy_in(struct maar__ring_view v, uint64_t position, const void *words, size_t n)
{
	const size_t to_end = (size_t)(v.mask + 1 - (position & v.mask));
	const size_t first = n < to_end ? n : to_end;

	if (__builtin_constant_p(n) && n == 1) {
		maar_n_store(maar__ring_small_cell(v, position), maar__ring_word(words, 0));
		return;
	}
	maar__ring_copy(maar__ring_small_cell(v, position), words, first);
	if (maar_unlikely(first < n))
		maar__ring_copy(v.ring + 1, (const char *)words + first * sizeof(uint64_t), n - first);
}

MAAR_LOCAL void maar__ring_copy_out(struct maar__ring_view v, uint64_t position, void *words, size_t n)
{
	const size_t to_end = (size_t)(v.mask + 1 - (position & v.mask));
	const size_t first = n < to_end ? n : to_end;

	if (__builtin_constant_p(n) && n == 1) {
		maar__ring_set_word(words, 0, maar_n_load(maar__ring_small_cell(v, position)));
		return;
	}
	maar__ring_copy(words, maar__ring_small_cell(v, position), first);
	if (maar_unlikely(first < n))
		maar__ring_copy((char *)words + first * sizeof(uint64_t), v.ring + 1, n - first);
}

/* ---- enqueue ---- */

/*
 * Entries free when the next position is `tail`, or `want` (at most the limit) if there are more: then one comparison has
 * told, and the consumers' line was not asked. Negative when `tail` is stale and consumers are past it: the caller's
 * compare-and-swap is going to fail.
 */
MAAR_LOCAL int64_t maar__ring_room_of(struct maar__ring_view v, uint64_t tail, uint64_t want, uint64_t limit)
{
	struct maar_ring *const r = v.ring;
	uint64_t head;
	int64_t used;

	/* One producer's own: an acquire would wait for its last releases to be seen by all (aarch64's ldar after stlr). */
	if (v.flags & MAAR_RING_SP)
		head = maar_a_load(&r->head_seen, RELAXED);
	else
		head = maar_a_load(&r->head_seen, ACQUIRE); /* A:ring.head_seen */
	if (maar_likely(tail - head <= limit - want))	    /* neither too many nor below 0 */
		return (int64_t)want;
	head = maar_a_load(&r->head, ACQUIRE);	    /* A:ring.head */
	maar_a_store(&r->head_seen, head, RELEASE); /* R:ring.head_seen */
	used = (int64_t)(tail - head);
	return used < 0 ? used : (uint64_t)used > limit ? 0 : (int64_t)(limit - (uint64_t)used);
}

MAAR_LOCAL int64_t maar__ring_room(struct maar__ring_view v, uint64_t tail, uint64_t want)
{
	return maar__ring_room_of(v, tail, want, v.ring->limit);
}

/* The first position from `tail` on whose cell is not filled: `tail`, but for producers that died inside a call. */
MAAR_LOCAL uint64_t maar__ring_skip_filled(struct maar__ring_view v, uint64_t tail)
{
	uint64_t word;

	while (maar__ring_look(v, tail, &word) == 0)
		tail++;
	return tail;
}

/* The same for a producer that finds itself behind head, out of the way of those that do not. */
MAAR_COLD __attribute__((unused)) static uint64_t maar__ring_skip_taken(const struct maar_ring *r, uint64_t tail)
{
	return maar__ring_skip_filled(maar__ring_view(r), tail);
}

/*
 * One producer: the tail is its own. Consumers of lap cells never look at it; it is stored for observers.
 *
 * What a producer of this ring leaves that dies here: values filled, the tail not moved. Consumers may take them and pass
 * the tail, so the next producer looks for its place when it finds itself behind head; what it cannot see it fills over.
 * On a ring of many producers (_sp), where a death must cost nothing, the tail may lag anyway, so that one looks first.
 * With TICKET the others expect what is before the tail to be claimed at least, and nothing behind it filled.
 */
MAAR_LOCAL size_t maar__ring_put_sp(struct maar__ring_view v, const void *words, size_t n, enum maar__ring_how how)
{
	struct maar_ring *const r = v.ring;
	uint64_t tail;
	int64_t room;
	size_t i;

	tail = maar_a_load(&r->tail, RELAXED);
	if (!(v.flags & (MAAR_RING_SP | MAAR_RING_TICKET)))
		tail = maar__ring_skip_filled(v, tail);
	room = maar__ring_room(v, tail, n);
	if (maar_unlikely(room < 0) && !(v.flags & MAAR_RING_SPAN)) {
		tail = maar__ring_skip_taken(r, tail);
		room = maar__ring_room(v, tail, n);
	}
	if (maar_unlikely(room < (int64_t)n)) {
		if (how == MAAR__BULK || room <= 0)
			return 0;
		n = (size_t)room;
	}
	if (v.flags & MAAR_RING_TICKET)
		maar_a_store(&r->tail, tail + n, RELEASE); /* R:ring.tail */
	if (v.flags & MAAR_RING_SPAN)
		maar__ring_copy_in(v, tail, words, n);
	else
		for (i = 0; i < n; i++)
			maar__ring_fill(v, tail + i, maar__ring_word(words, i));
	if (!(v.flags & MAAR_RING_TICKET))
		maar_a_store(&r->tail, tail + n, RELEASE); /* R:ring.tail */
	return n;
}

/* Many producers, TICKET: one compare-and-swap claims n positions, plain stores fill them. */
MAAR_LOCAL size_t maar__ring_put_ticket(struct maar__ring_view v, const void *words, size_t n, enum maar__ring_how how)
{
	struct maar_ring *const r = v.ring;
	uint64_t tail;
	size_t i, k;

	for (;;) {
		int64_t room;

		tail = maar_a_load(&r->tail, ACQUIRE); /* A:ring.tail */
		room = maar__ring_room(v, tail, n);
		if (maar_unlikely(room < 0))
			continue; /* the tail was stale */
		if (room == 0 || (how == MAAR__BULK && room < (int64_t)n))
			return 0;
		k = room < (int64_t)n ? (size_t)room : n;
		maar__ring_fetch_ahead(v, tail + k - 1);
		if (maar_a_cas(&r->tail, tail, tail + k, RELEASE)) /* R:ring.tail */
			break;
	}
	for (i = 0; i < k; i++)
		maar__ring_fill(v, tail + i, maar__ring_word(words, i));
	return k;
}

/*
 * Many producers, lock-free: claim and publication are one compare-and-swap on the cell. The tail is a hint that
 * anyone who finds its cell filled moves on by one, so it is never more than one behind (unless one that said it was
 * alone died), and no stopped thread is waited for. Filling in order of position is what makes "full" and "empty" exact.
 */
MAAR_LOCAL size_t maar__ring_put_lockfree(struct maar__ring_view v, uint64_t word)
{
	struct maar_ring *const r = v.ring;

	for (;;) {
		const uint64_t tail = maar_a_load(&r->tail, ACQUIRE); /* A:ring.tail */
		uint64_t old;
		int64_t ahead;

		if (maar_likely(tail - maar_a_load(&r->head_seen, RELAXED) < r->limit))
			maar__ring_fetch(v, tail);
		ahead = maar__ring_look(v, tail, &old);
		if (ahead == maar__ring_vacant(v)) {
			const int64_t room = maar__ring_room(v, tail, 1);

			if (room == 0)
				return 0;
			maar__ring_fetch_ahead(v, tail);
			if (room > 0 && maar__ring_claim(v, tail, old, word)) {
				(void)maar_a_cas(&r->tail, tail, tail + 1, RELEASE); /* R:ring.tail */
				return 1;
			}
		} else if (ahead == 0) { /* its producer has not moved the tail yet: help */
			(void)maar_a_cas(&r->tail, tail, tail + 1, RELEASE); /* R:ring.tail */
		}
		/* any other lap: the tail was stale, read it again */
	}
}

MAAR_LOCAL size_t maar__ring_put_mp(struct maar__ring_view v, const void *words, size_t n, enum maar__ring_how how)
{
	size_t k;

	if (maar_unlikely(v.flags & MAAR_RING_SP)) {
		MAAR_DEBUG_CHECK_AS("maar_ring_enqueue*_mp", 0, "many-producer enqueue on a single-producer ring");
		return 0;
	}
	if (v.flags & MAAR_RING_TICKET)
		return maar__ring_put_ticket(v, words, n, how);
	if (how == MAAR__BULK && maar_unlikely(n > 1)) {
		MAAR_DEBUG_CHECK_AS("maar_ring_enqueue_bulk*", 0,
				    "bulk enqueue on a lock-free many-producer ring: use MAAR_RING_TICKET or burst");
		return 0;
	}
	for (k = 0; k < n; k++)
		if (!maar__ring_put_lockfree(v, maar__ring_word(words, k)))
			break;
	return k;
}

/* ---- dequeue ---- */

/*
 * A single consumer that finds too little lets producers have the cells before `taken`, if it has not done so. It asks
 * head itself: a note of what was told could be ahead of head, if the consumer died between the two, for ever.
 */
MAAR_LOCAL void maar__ring_tell(struct maar_ring *r, uint64_t taken)
{
	if (maar_a_load(&r->head, RELAXED) != taken)
		maar_a_store(&r->head, taken, RELEASE); /* R:ring.head */
}

/* A single consumer has taken k values: for observers at once, for producers now and then. */
MAAR_LOCAL void maar__ring_took(struct maar_ring *r, uint64_t taken, size_t k)
{
	maar_a_store(&r->taken, taken + k, RELEASE); /* R:ring.taken */
	if ((taken ^ (taken + k)) & r->tell)
		maar_a_store(&r->head, taken + k, RELEASE); /* R:ring.head */
}

/* Copies the values of up to n filled cells from `position` on. *ahead: what look said of the cell that ended it. */
MAAR_LOCAL size_t maar__ring_read(struct maar__ring_view v, uint64_t position, void *words, size_t n, int64_t *ahead)
{
	uint64_t word;
	size_t k;

	for (k = 0; k < n; k++) {
		*ahead = maar__ring_look(v, position + k, &word);
		if (*ahead != 0)
			break;
		maar__ring_set_word(words, k, word);
	}
	return k;
}

/* SPAN: how many words are in, up to n; asks the producer's line only if the remembered tail does not show as many. */
MAAR_LOCAL size_t maar__ring_there(struct maar_ring *r, uint64_t taken, size_t n)
{
	uint64_t there = maar_a_load(&r->tail_seen, RELAXED) - taken;

	if (there < n) {
		const uint64_t tail = maar_a_load(&r->tail, ACQUIRE); /* A:ring.tail */

		maar_a_store(&r->tail_seen, tail, RELAXED);
		there = tail - taken;
	}
	return there < n ? (size_t)there : n;
}

/* The oldest values for a single consumer, not taken yet. */
MAAR_LOCAL size_t maar__ring_peek_sc(struct maar__ring_view v, uint64_t taken, void *words, size_t n)
{
	int64_t ahead;
	size_t k;

	if (v.flags & MAAR_RING_SPAN) {
		k = maar__ring_there(v.ring, taken, n);
		if (k == n) /* n may be a constant */
			maar__ring_copy_out(v, taken, words, n);
		else
			maar__ring_copy_out(v, taken, words, k);
	} else {
		k = maar__ring_read(v, taken, words, n, &ahead);
	}
	return k;
}

/* Dequeue for the consumer of a single-consumer ring. */
MAAR_LOCAL size_t maar__ring_take_sc(struct maar__ring_view v, void *words, size_t n, enum maar__ring_how how)
{
	struct maar_ring *const r = v.ring;
	const uint64_t taken = maar_a_load(&r->taken, RELAXED);
	const size_t k = maar__ring_peek_sc(v, taken, words, n);

	if (k < n && (k == 0 || how == MAAR__BULK)) {
		maar__ring_tell(r, taken);
		return 0;
	}
	maar__ring_took(r, taken, k);
	return k;
}

/*
 * Dequeue on a ring of many consumers: read the values of up to n filled cells, then move head past them. Among many
 * (`many`), a failed compare-and-swap throws the copies away; cells are rewritten only after head has passed them, so
 * copies that turn out torn are always thrown away.
 */
MAAR_LOCAL size_t maar__ring_take(struct maar__ring_view v, void *words, size_t n, enum maar__ring_how how, int many)
{
	struct maar_ring *const r = v.ring;

	for (;;) {
		const uint64_t head = maar_a_load(&r->head, ACQUIRE); /* A:ring.head */
		int64_t ahead = 0;
		const size_t k = maar__ring_read(v, head, words, n, &ahead);

		if (k < n) {
			if (many && ahead > 0)
				continue; /* head was stale */
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

/* ---- by mode; `side` is what the call's name says: SP or SC, 0 for many, or -1 for whatever the ring is ---- */

MAAR_LOCAL size_t maar__ring_put(struct maar_ring *r, int side, const void *words, size_t n, enum maar__ring_how how)
{
	struct maar__ring_view v;

	if (maar__ring_is_null(r) || maar_unlikely(n == 0))
		return 0;
	v = maar__ring_view(r);
	/* No ring has a capacity of 0, so one value needs no look at it. */
	if (!(__builtin_constant_p(n) && n == 1) && maar_unlikely(n > r->capacity)) {
		if (how == MAAR__BULK)
			return 0;
		n = n < r->limit ? n : (size_t)r->limit;
	}
	if ((v.flags & MAAR_RING_HANDLE) && maar_unlikely(!maar__ring_are_handles(words, n)))
		return 0;
	if (side == MAAR_RING_SP || (side < 0 && (v.flags & MAAR_RING_SP)))
		return maar__ring_put_sp(v, words, n, how);
	return maar__ring_put_mp(v, words, n, how);
}

MAAR_LOCAL size_t maar__ring_get(struct maar_ring *r, int side, void *words, size_t n, enum maar__ring_how how)
{
	struct maar__ring_view v;

	if (maar__ring_is_null(r) || maar_unlikely(n == 0))
		return 0;
	v = maar__ring_view(r);
	if (side != 0 && (v.flags & MAAR_RING_SC))
		return maar__ring_take_sc(v, words, n, how);
	if (side == 0 && maar_unlikely(v.flags & MAAR_RING_SC)) {
		MAAR_DEBUG_CHECK_AS("maar_ring_dequeue*_mc", 0, "many-consumer dequeue on a single-consumer ring");
		return 0;
	}
	return maar__ring_take(v, words, n, how, side != MAAR_RING_SC);
}

#endif
