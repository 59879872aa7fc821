/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The moves of the batch ring, for its own files and, inline, for the mring; and what tests need of it.
 *
 * Positions, head and tail count in 1/65536 of a batch ("units"), so that everything wraps at 2^64 by itself:
 *
 *     head   position of the oldest batch, 48 bits                                    | handles taken of it, 16
 *     cell   the lap: position of the batch, rounded up to whole rounds | block, 8 + log2(cells) | handles - 1, 8
 *     spare  version, 30 bits                                           | block, 33              | in somebody's hand, 1
 *
 * The lap of a cell is a multiple of cells * 65536, so the bits below it are free for the rest. Blocks stand in cells and
 * spares as what they differ in (exclusive or) from the block that the cell or spare has at first, so that zeroed
 * memory is an empty ring in which each block is somewhere once.
 */
#ifndef MAAR_BATCH_RING_PRIV_H
#define MAAR_BATCH_RING_PRIV_H

#include <maar/batch_ring.h>

#include "../base/base.h"

#include <errno.h>
#include <string.h>

#define MAAR__BATCH_MAGIC 0x6d626174u /* "mbat" */

#define MAAR__BATCH_SHIFT     16
#define MAAR__BATCH_UNITS     (UINT64_C(1) << MAAR__BATCH_SHIFT) /* of one batch */
#define MAAR__BATCH_SIZE_BITS 8

/*
 * A lock-free cell stands on a line of its own. Eight to a line, the producer's compare-and-swap on one would meet
 * consumers that wait for the one before it, and those that look at the next.
 */

/* Of a TICKET cell, before its handles: 8 bytes for the lap, 8 unused; 124 handles then fill 512 bytes. */
#define MAAR__BATCH_CELL_HEAD 16

/* A spare stands on a line of its own: it is mostly one thread's. */
struct maar__batch_spare {
	uint64_t word;
} __attribute__((aligned(MAAR_CACHE_LINE)));
#define MAAR__BATCH_IN_HAND	UINT64_C(1)
#define MAAR__BATCH_VERSION	(UINT64_C(1) << 34)
#define MAAR__BATCH_SPARE_BYTES ((size_t)MAAR_BATCH_RING_SPARES * sizeof(struct maar__batch_spare))

MAAR_STATIC_ASSERT(offsetof(struct maar_batch_ring, tail) == 128, "layout 1");
MAAR_STATIC_ASSERT(offsetof(struct maar_batch_ring, head) == 256, "layout 1");
MAAR_STATIC_ASSERT(sizeof(struct maar_batch_ring) == 384, "layout 1: spares or cells follow at once");
MAAR_STATIC_ASSERT(MAAR_BATCH_RING_MAX_BATCH == 1 << MAAR__BATCH_SIZE_BITS, "a size, less 1, has 8 bits");
MAAR_STATIC_ASSERT(MAAR_BATCH_RING_SPARES < 255, "a ring of one cell has 8 bits for a block's number");

enum maar__batch_answer {
	MAAR__BATCH_EMPTY,
	MAAR__BATCH_TAKEN,
	MAAR__BATCH_HIDDEN, /* not empty, but the next cell's producer has not finished */
};

/*
 * A ring as one call sees it: what never changes, read once; `ticket` is a constant where the caller knows the kind.
 * words of a batch: blocks + number * stride, the number being the cell's (ticket) or the one in the cell.
 */
struct maar__batch_view {
	struct maar_batch_ring *ring;
	uint64_t mask, stride, blocks;
	bool ticket;
};

static inline struct maar__batch_view maar__batch_view(const struct maar_batch_ring *r, bool ticket)
{
	const struct maar__batch_view v = { (struct maar_batch_ring *)(uintptr_t)r, r->mask, r->stride, r->blocks,
					    ticket };

	return v;
}

/* ---- cells, blocks ---- */

static inline struct maar__batch_spare *maar__batch_spare(const struct maar_batch_ring *r, uint64_t i)
{
	return (struct maar__batch_spare *)(uintptr_t)(r + 1) + i;
}

static inline uint64_t maar__batch_index(struct maar__batch_view v, uint64_t position)
{
	return (position & v.mask) >> MAAR__BATCH_SHIFT;
}

static inline uint64_t *maar__batch_cell(struct maar__batch_view v, uint64_t position)
{
	const uint64_t index = maar__batch_index(v, position);

	if (v.ticket)
		return (uint64_t *)((uintptr_t)(v.ring + 1) + (uintptr_t)(index * v.stride));
	return (uint64_t *)((uintptr_t)(v.ring + 1) + MAAR__BATCH_SPARE_BYTES + (uintptr_t)(index * MAAR_CACHE_LINE));
}

/* The words of a block, or of a cell (ticket): handles in pairs. */
static inline uint64_t *maar__batch_words(struct maar__batch_view v, uint64_t number)
{
	return (uint64_t *)((uintptr_t)v.ring + (uintptr_t)(v.blocks + number * v.stride));
}

/* The lap of a filled cell, and how many units a stamp's lap is ahead of it: 0 filled, below 0 not yet. */
static inline uint64_t maar__batch_lap(struct maar__batch_view v, uint64_t position)
{
	return (position | v.mask) + 1;
}

static inline int64_t maar__batch_ahead(struct maar__batch_view v, uint64_t position, uint64_t stamp)
{
	return (int64_t)((stamp & ~v.mask) - maar__batch_lap(v, position));
}

/* What maar__batch_ahead says of a cell that is empty for its position. */
static inline int64_t maar__batch_vacant(struct maar__batch_view v)
{
	return -(int64_t)v.mask - 1;
}

static inline uint32_t maar__batch_size(uint64_t stamp)
{
	return (uint32_t)(stamp & (MAAR_BATCH_RING_MAX_BATCH - 1)) + 1;
}

/* The block in the stamp of a cell; the cell's own number if ticket, whose stamps have 0 there. */
static inline uint64_t maar__batch_block(struct maar__batch_view v, uint64_t position, uint64_t stamp)
{
	return ((stamp & v.mask) >> MAAR__BATCH_SIZE_BITS) ^ maar__batch_index(v, position);
}

static inline uint64_t maar__batch_stamp(struct maar__batch_view v, uint64_t position, uint64_t block, size_t n)
{
	return maar__batch_lap(v, position) | (block ^ maar__batch_index(v, position)) << MAAR__BATCH_SIZE_BITS |
	       (uint64_t)(n - 1);
}

/* ---- copies: handles in pairs, as 64-bit words, each by a relaxed atomic ---- */

static inline void maar__batch_fill(uint64_t *words, const uint32_t *handles, size_t n)
{
	uint32_t last[2] = { 0, 0 };
	uint64_t pair;
	size_t i;

	for (i = 0; i + 1 < n; i += 2) {
		memcpy(&pair, handles + i, sizeof(pair));
		maar_a_store(&words[i / 2], pair, RELAXED);
	}
	if (i < n) {
		last[0] = handles[i];
		memcpy(&pair, last, sizeof(pair));
		maar_a_store(&words[i / 2], pair, RELAXED);
	}
}

/* n handles from the `from`-th on. */
static inline void maar__batch_copy(uint32_t *handles, const uint64_t *words, size_t from, size_t n)
{
	const size_t end = from + n;
	uint32_t two[2];
	uint64_t pair;
	size_t i = from;

	if (i % 2) {
		pair = maar_a_load(&words[i / 2], RELAXED);
		memcpy(two, &pair, sizeof(pair));
		*handles++ = two[1];
		i++;
	}
	for (; i + 1 < end; i += 2, handles += 2) {
		pair = maar_a_load(&words[i / 2], RELAXED);
		memcpy(handles, &pair, sizeof(pair));
	}
	if (i < end) {
		pair = maar_a_load(&words[i / 2], RELAXED);
		memcpy(two, &pair, sizeof(pair));
		*handles = two[0];
	}
}

/* ---- take ---- */

/*
 * Takes up to `room` handles (1 at least) of the oldest batch, or (`across`) of those behind it too. Copies first, then
 * moves head; if that fails, somebody else was first, and the copy is thrown away: it may be torn, since a block that
 * head has passed is filled again.
 */
static inline size_t maar__batch_take(struct maar__batch_view v, uint32_t *handles, size_t room, bool across,
				      enum maar__batch_answer *answer)
{
	for (;;) {
		const uint64_t head = maar_a_load(&v.ring->head, ACQUIRE); /* A:batch.head */
		uint64_t next = head;
		int64_t ahead = 0;
		size_t got = 0;

		do {
			const uint64_t position = next & ~(MAAR__BATCH_UNITS - 1);
			const size_t taken = (size_t)(next - position);
			const uint64_t stamp = maar_a_load(maar__batch_cell(v, position), ACQUIRE); /* A:batch.cell */
			size_t left;

			ahead = maar__batch_ahead(v, position, stamp);
			if (ahead)
				break;
			left = maar__batch_size(stamp) - taken;
			if (left > room - got) {
				left = room - got;
				next += left;
			} else {
				next = position + MAAR__BATCH_UNITS;
			}
			maar__batch_copy(handles + got, maar__batch_words(v, maar__batch_block(v, position, stamp)),
					 taken, left);
			got += left;
		} while (across && got < room);
		if (ahead > 0)
			continue; /* head was stale */
		if (got == 0) {
			/* relaxed: whoever knows of a claim has seen the tail move */
			*answer = v.ticket && maar_a_load(&v.ring->tail, RELAXED) != (head & ~(MAAR__BATCH_UNITS - 1))
					  ? MAAR__BATCH_HIDDEN
					  : MAAR__BATCH_EMPTY;
			return 0;
		}
		if (maar_a_cas(&v.ring->head, head, next, RELEASE)) { /* R:batch.head */
			*answer = MAAR__BATCH_TAKEN;
			return got;
		}
	}
}

/* A hint: the first handle of the oldest batch; false: none is there, or it is not full yet. */
static inline bool maar__batch_first(struct maar__batch_view v, uint32_t *handle)
{
	const uint64_t head = maar_a_load(&v.ring->head, RELAXED);
	const uint64_t position = head & ~(MAAR__BATCH_UNITS - 1);
	const uint64_t stamp = maar_a_load(maar__batch_cell(v, position), RELAXED);

	if (maar__batch_ahead(v, position, stamp))
		return false;
	maar__batch_copy(handle, maar__batch_words(v, maar__batch_block(v, position, stamp)), 0, 1);
	return true;
}

/* ---- put ---- */

/* The position of head as it is now, for this producer and the next ones. */
static inline uint64_t maar__batch_head(struct maar__batch_view v)
{
	const uint64_t head = maar_a_load(&v.ring->head, ACQUIRE); /* A:batch.head */

	maar_a_store(&v.ring->head_seen, head, RELEASE); /* R:batch.head_seen */
	return head & ~(MAAR__BATCH_UNITS - 1);
}

/*
 * Units free when the next position is `tail`; asks the consumers' line only if the remembered head leaves none.
 * Negative when `tail` is stale and consumers are past it.
 */
static inline int64_t maar__batch_room(struct maar__batch_view v, uint64_t tail)
{
	const uint64_t seen = maar_a_load(&v.ring->head_seen, ACQUIRE); /* A:batch.head_seen */
	int64_t used = (int64_t)(tail - (seen & ~(MAAR__BATCH_UNITS - 1)));

	if (used < 0 || (uint64_t)used > v.mask)
		used = (int64_t)(tail - maar__batch_head(v));
	return used < 0 ? used : (int64_t)v.mask + 1 - used;
}

/* TICKET: a compare-and-swap claims the cell, plain stores fill it. False if the ring is full. */
static inline bool maar__batch_put_ticket(struct maar__batch_view v, const uint32_t *handles, size_t n)
{
	uint64_t tail;

	for (;;) {
		int64_t room;

		tail = maar_a_load(&v.ring->tail, ACQUIRE); /* A:batch.tail */
		room = maar__batch_room(v, tail);
		if (room == 0)
			return false;
		if (room > 0 && maar_a_cas(&v.ring->tail, tail, tail + MAAR__BATCH_UNITS, RELEASE)) /* R:batch.tail */
			break;
	}
	maar__batch_fill(maar__batch_words(v, maar__batch_index(v, tail)), handles, n);
	maar_a_store(maar__batch_cell(v, tail), maar__batch_stamp(v, tail, maar__batch_index(v, tail), n),
		     RELEASE); /* R:batch.cell */
	return true;
}

/* ---- a TICKET ring of full batches, as the mring has it ---- */

/* Copies one full batch in. False if the ring is full. */
static inline bool maar__batch_put_full(struct maar_batch_ring *r, const uint32_t *handles)
{
	return maar__batch_put_ticket(maar__batch_view(r, true), handles, r->batch);
}

/* Copies the oldest batch out. */
static inline enum maar__batch_answer maar__batch_take_full(struct maar_batch_ring *r, uint32_t *handles)
{
	enum maar__batch_answer answer;

	(void)maar__batch_take(maar__batch_view(r, true), handles, r->batch, false, &answer);
	return answer;
}

/* Batches in the ring, those being copied in included: exact at rest, otherwise an estimate within 0 .. capacity. */
static inline uint64_t maar__batch_estimate(const struct maar_batch_ring *r)
{
	const uint64_t head = maar_a_load(&r->head, RELAXED) >> MAAR__BATCH_SHIFT;
	const uint64_t tail = maar_a_load(&r->tail, RELAXED) >> MAAR__BATCH_SHIFT;
	const int64_t used = (int64_t)((tail - head) << MAAR__BATCH_SHIFT) >> MAAR__BATCH_SHIFT;

	if (used < 0)
		return 0;
	return (uint64_t)used > r->capacity ? r->capacity : (uint64_t)used;
}

/* A spare block taken for the time of an enqueue (batch_ring.c). */
struct maar__batch_hand {
	uint64_t spare; /* where it came from, and where another one goes */
	uint64_t word;	/* what is there meanwhile */
	uint64_t block;
};

/* Takes a spare, trying those from `home` on. False if all are in hand, at one instant. */
bool maar__batch_hand_take(struct maar__batch_view v, uint64_t home, struct maar__batch_hand *hand);
/* Puts hand->block where the spare came from: the same one, or the one that it was swapped for. */
void maar__batch_hand_back(struct maar__batch_view v, const struct maar__batch_hand *hand);

/* Alone with a lock-free ring: no producer has left in the middle of an enqueue, with a spare in its hand. */
static inline bool maar__batch_ring_in_order(const struct maar_batch_ring *r)
{
	uint64_t i;

	for (i = 0; i < MAAR_BATCH_RING_SPARES; i++)
		if (maar_a_load(&maar__batch_spare(r, i)->word, RELAXED) & MAAR__BATCH_IN_HAND)
			return false;
	return true;
}

/* An empty ring in zeroed memory of maar_batch_ring_bytes(), none of which but the first line is touched. */
void maar__batch_ring_set_up(struct maar_batch_ring *ring, size_t capacity, size_t batch, unsigned flags);

/* Makes an idle ring begin at any position (in batches; 48 bits count), for tests of the wraps. Empties it. */
void maar__batch_ring_start_at(struct maar_batch_ring *ring, uint64_t position);

#endif
