/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The calls of the batch ring that move handles. What both kinds share, and the ticket form, are in batch_ring_priv.h;
 * here are the lock-free put and its spare blocks. Not inline: a call moves a batch.
 */
#include "batch_ring_priv.h"

/* One test that predicts perfectly; a NULL ring answers as one that is full and empty. */
static bool is_null(const struct maar_batch_ring *ring, const char *call)
{
	MAAR_DEBUG_CHECK_AS(call, ring, "NULL ring");
	return maar_unlikely(!ring);
}

static struct maar__batch_view view(const struct maar_batch_ring *ring)
{
	return maar__batch_view(ring, ring->flags & MAAR_BATCH_RING_TICKET);
}

/* ---- spares ---- */

/*
 * Where a thread looks for a spare first: mostly it finds there what it left, in its own cache. The address of errno is
 * one for each thread; the multiplication (2^64 / golden ratio) spreads addresses that differ by the size of a stack.
 */
static uint64_t home(void)
{
	return ((uintptr_t)&errno * UINT64_C(0x9e3779b97f4a7c15)) >> 58;
}
MAAR_STATIC_ASSERT(MAAR_BATCH_RING_SPARES == 64, "home has 6 bits");

/* The block that a spare has at first: zero stands for it. */
static uint64_t first_block(struct maar__batch_view v, uint64_t spare)
{
	return ((v.mask + 1) >> MAAR__BATCH_SHIFT) + spare;
}

/* Tries each spare until it is in a hand, be it this one. *versions: their sum, which grows whenever one is put back. */
static bool hand_try(struct maar__batch_view v, uint64_t from, struct maar__batch_hand *hand, uint64_t *versions)
{
	uint64_t i, word;

	*versions = 0;
	for (i = 0; i < MAAR_BATCH_RING_SPARES; i++) {
		const uint64_t spare = (from + i) % MAAR_BATCH_RING_SPARES;
		uint64_t *at = &maar__batch_spare(v.ring, spare)->word;

		while (!((word = maar_a_load(at, ACQUIRE)) & MAAR__BATCH_IN_HAND)) { /* A:batch.spare */
			if (maar_unlikely(
				    !maar_a_cas(at, word, word | MAAR__BATCH_IN_HAND, RELEASE))) /* R:batch.spare */
				continue;
			hand->spare = spare;
			hand->word = word;
			hand->block = ((word % MAAR__BATCH_VERSION) >> 1) ^ first_block(v, spare);
			return true;
		}
		*versions += word / MAAR__BATCH_VERSION;
	}
	return false;
}

/*
 * Those that look at the spares one after another may find each in hand though there never was an instant without one.
 * So they look twice: if none was put back in between, none was there between the two.
 */
bool maar__batch_hand_take(struct maar__batch_view v, uint64_t from, struct maar__batch_hand *hand)
{
	uint64_t before, after;

	if (maar_likely(hand_try(v, from, hand, &after)))
		return true;
	do {
		before = after;
		if (hand_try(v, from, hand, &after))
			return true;
	} while (before != after);
	return false;
}

void maar__batch_hand_back(struct maar__batch_view v, const struct maar__batch_hand *hand)
{
	const uint64_t version = hand->word / MAAR__BATCH_VERSION + 1;

	maar_a_store(&maar__batch_spare(v.ring, hand->spare)->word,
		     version * MAAR__BATCH_VERSION | (hand->block ^ first_block(v, hand->spare)) << 1,
		     RELEASE); /* R:batch.spare */
}

/* ---- put ---- */

/*
 * Lock-free: swaps a full block for the one of the next empty cell, by one compare-and-swap that claims and publishes.
 * The tail is a hint, moved by a store: a late one may move it back. So the way to the first empty cell goes from cell to
 * cell, each found filled; where consumers have been meanwhile, from head on. False if the ring is full; the block is
 * as before then.
 */
static bool swap_in(struct maar__batch_view v, uint64_t tail, size_t n, uint64_t *block)
{
	for (;;) {
		uint64_t *cell = maar__batch_cell(v, tail);
		const uint64_t stamp = maar_a_load(cell, ACQUIRE); /* A:batch.cell */
		const int64_t ahead = maar__batch_ahead(v, tail, stamp);
		const int64_t room = ahead < 0 ? maar__batch_room(v, tail) : 1;

		if (room == 0)
			return false;
		if (ahead < 0 && room > 0) {
			if (!maar_a_cas(cell, stamp, maar__batch_stamp(v, tail, *block, n), RELEASE)) /* R:batch.cell */
				continue;
			maar_a_store(&v.ring->tail, tail + MAAR__BATCH_UNITS, RELEASE); /* R:batch.tail */
			*block = maar__batch_block(v, tail, stamp);
			return true;
		}
		if (ahead == 0)
			tail += MAAR__BATCH_UNITS;
		else
			tail = maar__batch_head(v);
	}
}

/*
 * The block that the swap for this cell will bring is read by nobody any more, but its lines are in the cache of the
 * consumer that read it. Asked for one batch ahead, they are here when they are to be filled.
 */
static void prefetch_next(struct maar__batch_view v, uint64_t tail)
{
	const uint64_t stamp = maar_a_load(maar__batch_cell(v, tail), RELAXED);
	const char *block = (const char *)maar__batch_words(v, maar__batch_block(v, tail, stamp));
	uint64_t at;

	for (at = 0; at < v.stride; at += MAAR_CACHE_LINE)
		maar__prefetch_write(block + at);
}

static bool put_lockfree(struct maar__batch_view v, const uint32_t *handles, size_t n)
{
	const uint64_t tail = maar_a_load(&v.ring->tail, ACQUIRE); /* A:batch.tail */
	struct maar__batch_hand hand;
	bool done;

	/* Full, as far as the tail says: no need to copy. */
	if (maar_unlikely(maar__batch_room(v, tail) == 0))
		return false;
	prefetch_next(v, tail);
	if (maar_unlikely(!maar__batch_hand_take(v, home(), &hand)))
		return false;
	maar__batch_fill(maar__batch_words(v, hand.block), handles, n);
	done = swap_in(v, tail, n, &hand.block);
	maar__batch_hand_back(v, &hand);
	return done;
}

/* A batch of 1 to ring->batch handles. */
static bool put(struct maar__batch_view v, const uint32_t *handles, size_t n)
{
	return v.ticket ? maar__batch_put_ticket(v, handles, n) : put_lockfree(v, handles, n);
}

size_t maar_batch_ring_enqueue(struct maar_batch_ring *ring, const uint32_t *handles, size_t n)
{
	if (is_null(ring, __func__))
		return 0;
	MAAR_DEBUG_CHECK(n <= ring->batch, "more handles than a batch");
	if (maar_unlikely(n - 1 >= ring->batch)) /* 0, too */
		return 0;
	return put(view(ring), handles, n) ? n : 0;
}

size_t maar_batch_ring_enqueue_burst(struct maar_batch_ring *ring, const uint32_t *handles, size_t n)
{
	size_t done = 0;

	if (is_null(ring, __func__))
		return 0;
	while (done < n) {
		const size_t batch = n - done < ring->batch ? n - done : ring->batch;

		if (!put(view(ring), handles + done, batch))
			break;
		done += batch;
	}
	return done;
}

/* ---- take ---- */

static size_t take(struct maar_batch_ring *ring, uint32_t *handles, size_t room, bool across)
{
	enum maar__batch_answer answer;

	if (maar_unlikely(room == 0))
		return 0;
	return maar__batch_take(view(ring), handles, room, across, &answer);
}

size_t maar_batch_ring_dequeue(struct maar_batch_ring *ring, uint32_t *handles, size_t room)
{
	return is_null(ring, __func__) ? 0 : take(ring, handles, room, false);
}

size_t maar_batch_ring_dequeue_burst(struct maar_batch_ring *ring, uint32_t *handles, size_t room)
{
	return is_null(ring, __func__) ? 0 : take(ring, handles, room, true);
}

size_t maar_batch_ring_drain(struct maar_batch_ring *ring, maar_batch_ring_handle_fn *each, void *arg)
{
	uint32_t handles[MAAR_BATCH_RING_MAX_BATCH];
	uint64_t most, n = 0;
	size_t got, i;

	if (is_null(ring, __func__))
		return 0;
	/* Producers may be running: one full ring beyond what is there now, so that a drain ends. */
	most = maar_batch_ring_handles(ring) + ring->capacity * ring->batch;
	while (n < most &&
	       (got = take(ring, handles,
			   most - n < MAAR_BATCH_RING_MAX_BATCH ? (size_t)(most - n) : MAAR_BATCH_RING_MAX_BATCH,
			   false)) != 0) {
		for (i = 0; each && i < got; i++)
			each(handles[i], arg);
		n += got;
	}
	return (size_t)n;
}

/* ---- observers ---- */

size_t maar_batch_ring_capacity(const struct maar_batch_ring *ring)
{
	return is_null(ring, __func__) ? 0 : (size_t)ring->capacity;
}

size_t maar_batch_ring_batch(const struct maar_batch_ring *ring)
{
	return is_null(ring, __func__) ? 0 : ring->batch;
}

unsigned maar_batch_ring_flags(const struct maar_batch_ring *ring)
{
	return is_null(ring, __func__) ? 0 : ring->flags;
}

size_t maar_batch_ring_count(const struct maar_batch_ring *ring)
{
	struct maar__batch_view v;
	uint64_t head, tail, stamp;
	int64_t used;

	if (is_null(ring, __func__))
		return 0;
	v = view(ring);
	do { /* until consumers stood still meanwhile: then all belongs to one instant */
		head = maar_a_load(&ring->head, ACQUIRE); /* A:batch.head */
		tail = maar_a_load(&ring->tail, ACQUIRE); /* A:batch.tail */
		used = (int64_t)(tail - (head & ~(MAAR__BATCH_UNITS - 1)));
		if (v.ticket)
			continue;
		/* The tail may lag: from there on, what is filled. */
		for (used = used < 0 ? 0 : used; (uint64_t)used <= v.mask; used += MAAR__BATCH_UNITS) {
			tail = (head & ~(MAAR__BATCH_UNITS - 1)) + (uint64_t)used;
			stamp = maar_a_load(maar__batch_cell(v, tail), ACQUIRE); /* A:batch.cell */
			if (maar__batch_ahead(v, tail, stamp) != 0)
				break;
		}
	} while (maar_unlikely(maar_a_load(&ring->head, RELAXED) != head));
	if (used < 0)
		return 0;
	return (uint64_t)used > v.mask ? (size_t)ring->capacity : (size_t)used >> MAAR__BATCH_SHIFT;
}

size_t maar_batch_ring_handles(const struct maar_batch_ring *ring)
{
	const size_t count = maar_batch_ring_count(ring);
	struct maar__batch_view v;
	uint64_t head, sum = 0;
	size_t i;

	if (maar_unlikely(!ring))
		return 0;
	v = view(ring);
	head = maar_a_load(&ring->head, RELAXED);
	for (i = 0; i < count; i++) {
		const uint64_t position = (head & ~(MAAR__BATCH_UNITS - 1)) + i * MAAR__BATCH_UNITS;
		const uint64_t stamp = maar_a_load(maar__batch_cell(v, position), RELAXED);

		if (maar__batch_ahead(v, position, stamp) == 0)
			sum += maar__batch_size(stamp) - (i ? 0 : head & (MAAR__BATCH_UNITS - 1));
	}
	return (size_t)sum;
}

int maar_batch_ring_empty(const struct maar_batch_ring *ring)
{
	uint64_t head;

	if (is_null(ring, __func__))
		return 1;
	head = maar_a_load(&ring->head, ACQUIRE); /* A:batch.head */
	/* A later lap: the cell was filled again during the call, and at that instant the ring was not empty. */
	return maar__batch_ahead(view(ring), head, maar_a_load(maar__batch_cell(view(ring), head), RELAXED)) < 0;
}

int maar_batch_ring_full(const struct maar_batch_ring *ring)
{
	return maar_batch_ring_count(ring) >= maar_batch_ring_capacity(ring);
}
