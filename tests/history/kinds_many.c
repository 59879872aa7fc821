/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Queues, which lie in many slots, and broadcast rings, which have many readers, as history_queue has them.
 */
#include "kinds.h"

#include <maar/broadcast.h>
#include <maar/queue.h>

#include <stdlib.h>
#include <string.h>

#include "../../src/queue/queue_priv.h"
#include "../../src/ring/broadcast_priv.h"

/* ---- queues ---- */

/*
 * Cells of a chunk: the fewest, so that chunks come and go, where the capacity of a case is low. With a chunk's head of 16
 * bytes, 7 fill a slot of 128 bytes, 11 one of 192, 67 one of 1088; slots are multiples of 64.
 */
static size_t queue_cells(size_t capacity)
{
	return capacity < 8 ? 7 : capacity < 64 ? 11 : 67;
}

/*
 * Slots for all values that a history can have (run.c), and more than come and go: while one that is handed from thread to
 * thread is out of sight, there is another.
 */
#define QUEUE_VALUES	     400000
#define QUEUE_SPARE_SLOTS    4096
#define QUEUE_SLOT_OF(cells) (sizeof(struct maar_queue_chunk) + (cells) * sizeof(struct maar_queue_cell))

/* The kind with a limit has it as its capacity. */
static bool queue_is_limited(const struct history_queue *kind)
{
	return kind->slack != NULL;
}

void *history_queue_make(const struct history_queue *kind, size_t capacity, uint64_t start)
{
	const struct maar_mring_options bare = { .no_lanes = 1 };
	const size_t cells = queue_cells(capacity), values = queue_is_limited(kind) ? capacity : QUEUE_VALUES;
	struct maar_mring *mring =
		maar_mring_create(values / cells + QUEUE_SPARE_SLOTS, QUEUE_SLOT_OF(cells), start % 2 ? &bare : NULL);
	struct maar_queue *queue =
		mring ? maar_queue_create(mring, queue_is_limited(kind) ? capacity : 0, kind->flags) : NULL;

	if (queue)
		maar__queue_start_at(queue, start >> queue->shift, (start & queue->mask) % queue->cells);
	else if (mring)
		(void)maar_mring_destroy(mring);
	return queue;
}

void history_queue_end(void *queue)
{
	struct maar_mring *mring = maar_queue_mring(queue);

	maar_queue_destroy(queue);
	if (maar_mring_destroy(mring))
		abort(); /* a slot is lost */
}

uint64_t history_queue_unbounded(size_t capacity)
{
	(void)capacity;
	return HISTORY_UNBOUNDED;
}

/* Whole chunks: as many as `capacity` values may be spread over. */
uint64_t history_queue_slack(size_t capacity)
{
	const uint64_t cells = queue_cells(capacity);

	return ((capacity - 1 + cells - 1) / cells + 1) * cells - capacity;
}

size_t history_queue_put(const struct history_queue *kind, void *queue, enum history_style style, unsigned way,
			 const uint64_t *values, size_t n)
{
	(void)kind;
	if (way % 64 == 0)
		maar_queue_trim(queue);
	if (style == HISTORY_ONE)
		return maar_queue_enqueue(queue, values[0]);
	return maar_queue_enqueue_burst(queue, values, n);
}

size_t history_queue_take(const struct history_queue *kind, void *queue, enum history_style style, unsigned way,
			  uint64_t *values, size_t n)
{
	(void)kind;
	if (style == HISTORY_ONE)
		return maar_queue_dequeue(queue, values);
	if (way % 3 == 0)
		return maar_queue_release(queue, maar_queue_peek(queue, values, n));
	return maar_queue_dequeue_burst(queue, values, n);
}

/* ---- broadcast rings: each reader's own queue ---- */

void *history_broadcast_make(const struct history_queue *kind, size_t capacity, uint64_t start)
{
	struct maar_broadcast *ring =
		maar_broadcast_create(capacity, sizeof(struct element), kind->watches ? 0 : STRESS_SIDE, kind->flags);

	if (ring)
		maar__broadcast_start_at(ring, start);
	return ring;
}

void history_broadcast_end(void *queue)
{
	maar_broadcast_destroy(queue);
}

void *history_broadcast_side(void *queue)
{
	struct maar_broadcast_reader *reader = calloc(1, sizeof(*reader));
	const bool joins = maar_broadcast_consumers(queue) != 0;

	if (reader && (joins ? maar_broadcast_join(queue, reader, 0) : maar_broadcast_watch(queue, reader, 0)) == 0)
		return reader;
	free(reader);
	return NULL;
}

void history_broadcast_leave(void *side)
{
	(void)maar_broadcast_leave(side);
	free(side);
}

size_t history_broadcast_put(const struct history_queue *kind, void *queue, enum history_style style, unsigned way,
			     const uint64_t *values, size_t n)
{
	struct element elements[MOST];
	void *place;

	elements_of(elements, values, n);
	if (style == HISTORY_BULK)
		return maar_broadcast_publish_bulk(queue, elements, n);
	if (style == HISTORY_BURST)
		return maar_broadcast_publish_burst(queue, elements, n);
	if (!HAS(kind->flags, MAAR_BROADCAST_IN_PLACE) || way % 2)
		return maar_broadcast_publish(queue, elements);
	place = maar_broadcast_reserve(queue);
	if (!place)
		return 0;
	memcpy(place, elements, sizeof(elements[0]));
	return maar_broadcast_commit(queue);
}

size_t history_broadcast_take(const struct history_queue *kind, void *side, enum history_style style, unsigned way,
			      uint64_t *values, size_t n)
{
	struct element elements[MOST];
	uint64_t missed = 0;
	const void *place;
	size_t k;

	if (style == HISTORY_ONE && !kind->watches && way % 2) {
		place = maar_broadcast_peek(side);
		if (!place)
			return 0;
		memcpy(elements, place, sizeof(elements[0]));
		values_in(values, elements, 1);
		return maar_broadcast_release(side);
	}
	k = style == HISTORY_ONE ? maar_broadcast_read(side, elements, &missed)
				 : maar_broadcast_read_burst(side, elements, n, &missed);
	values_in(values, elements, k);
	history_missed(missed);
	if (kind->watches && (k || missed)) /* the next gap may have ended it, or it has run after too many */
		history_says_nothing();
	return k;
}
