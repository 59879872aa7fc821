/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * A ring whose entries are batches of 32-bit handles, by value: many producers, many consumers, ticket progress.
 *
 *     cell  | lap, 8 bytes | unused, 8 | handle 0 | handle 1 | ... | handle batch-1 |     512 bytes at batch = 124
 *
 * Positions, laps and moves are those of the word ring (<maar/bits/ring_impl.h>), with MAAR_RING_TICKET's progress: a
 * producer stopped while it copies a batch in hides that batch and those behind it; a stopped consumer stalls nobody.
 * Handles are read and written in pairs, as 64-bit words, each by a relaxed atomic: a consumer that lost the race for
 * a cell may read it while it is written again, and throws the copy away when its compare-and-swap on head fails.
 * Copying values instead of linking the freed slots themselves keeps the slots' cache lines untouched.
 */
#ifndef MAAR_BATCH_RING_H
#define MAAR_BATCH_RING_H

#include "../base/base.h"

#include <string.h>

struct maar__batch_ring {
	uint64_t capacity; /* cells, a power of two */
	uint64_t mask;
	uint64_t stride; /* bytes of a cell, a multiple of the cache line */
	uint32_t words;	 /* 64-bit words of a batch: handles in pairs */
	uint32_t batch;	 /* handles */
	size_t bytes;	 /* of the mapping that this ring is */

	uint64_t tail __attribute__((aligned(MAAR_APART)));
	uint64_t head __attribute__((aligned(MAAR_APART)));
} __attribute__((aligned(MAAR_APART)));

struct maar__batch_cell {
	uint64_t lap; /* as in struct maar_ring_cell */
	uint64_t unused;
	uint64_t pairs[];
};

enum maar__batch_answer {
	MAAR__BATCH_EMPTY = 0,
	MAAR__BATCH_TAKEN = 1,
	MAAR__BATCH_HIDDEN = -1, /* not empty, but the next cell's producer has not finished */
};

/* A ring for `cells` batches of `batch` handles (1 to 124); NULL with errno. */
struct maar__batch_ring *maar__batch_ring_create(size_t cells, uint32_t batch);
void maar__batch_ring_destroy(struct maar__batch_ring *ring);

static inline struct maar__batch_cell *maar__batch_cell(const struct maar__batch_ring *r, uint64_t position)
{
	return (struct maar__batch_cell *)((uintptr_t)(r + 1) + (position & r->mask) * r->stride);
}

/* Batches in the ring, those being copied in included: exact at rest, otherwise an estimate within 0 .. capacity. */
static inline uint64_t maar__batch_ring_count(const struct maar__batch_ring *r)
{
	const uint64_t head = maar_a_load(&r->head, RELAXED);
	const int64_t used = (int64_t)(maar_a_load(&r->tail, RELAXED) - head);

	if (used < 0)
		return 0;
	return (uint64_t)used > r->capacity ? r->capacity : (uint64_t)used;
}

/* Copies one batch in. False if the ring is full. `handles` is 8-byte aligned, its last word may be padding. */
static inline bool maar__batch_put(struct maar__batch_ring *r, const uint32_t *handles)
{
	struct maar__batch_cell *cell;
	uint64_t tail, pair;
	uint32_t i;

	for (;;) {
		int64_t used;

		tail = maar_a_load(&r->tail, ACQUIRE);			 /* A:batch.tail */
		used = (int64_t)(tail - maar_a_load(&r->head, ACQUIRE)); /* A:batch.head */
		if (used >= (int64_t)r->capacity)
			return false;
		/* a negative count means that the tail was stale: the compare-and-swap fails */
		if (maar_a_cas(&r->tail, tail, tail + 1, RELEASE)) /* R:batch.tail */
			break;
	}
	cell = maar__batch_cell(r, tail);
	for (i = 0; i < r->words; i++) {
		memcpy(&pair, handles + (size_t)2 * i, sizeof(pair));
		maar_a_store(&cell->pairs[i], pair, RELAXED);
	}
	maar_a_store(&cell->lap, (tail | r->mask) + 1, RELEASE); /* R:batch.cell */
	return true;
}

/* Copies the oldest batch out. `handles` is 8-byte aligned and has room for whole pairs. */
static inline enum maar__batch_answer maar__batch_take(struct maar__batch_ring *r, uint32_t *handles)
{
	for (;;) {
		const uint64_t head = maar_a_load(&r->head, ACQUIRE); /* A:batch.head */
		struct maar__batch_cell *cell = maar__batch_cell(r, head);
		const int64_t ahead =
			(int64_t)(maar_a_load(&cell->lap, ACQUIRE) - ((head | r->mask) + 1)); /* A:batch.cell */
		uint32_t i;

		if (ahead > 0)
			continue; /* head was stale */
		if (ahead < 0)	  /* relaxed: whoever knows of a claim has seen the tail move */
			return maar_a_load(&r->tail, RELAXED) == head ? MAAR__BATCH_EMPTY : MAAR__BATCH_HIDDEN;
		for (i = 0; i < r->words; i++) {
			const uint64_t pair = maar_a_load(&cell->pairs[i], RELAXED);

			memcpy(handles + (size_t)2 * i, &pair, sizeof(pair));
		}
		if (maar_a_cas(&r->head, head, head + 1, RELEASE)) /* R:batch.head */
			return MAAR__BATCH_TAKEN;
	}
}

#endif
