/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The other kinds as the others use them, and what a sweep must know of their state.
 */
#include "point.h"

#include "kinds.h"

#include "../../src/ring/batch_ring_priv.h"
#include "../../src/ring/broadcast_priv.h"
#include "../../src/ring/record_ring_priv.h"
#include "../../src/ring/slot_ring_priv.h"

#include <string.h>

/* ---- slot rings ---- */

static void slots_init(void *queue, size_t capacity, unsigned flags, uint64_t start)
{
	if (maar_slot_ring_init(queue, KILL_QUEUE_BYTES, capacity, sizeof(struct kill_element), flags) == 0)
		maar__slot_ring_start_at(queue, start);
	else
		memset(queue, 0, sizeof(struct maar_slot_ring)); /* capacity 0 */
}

static size_t slots_count(const void *queue)
{
	return maar_slot_ring_count(queue);
}

/* TICKET: positions from the oldest cell that a consumer has out up to head. */
static size_t held_in_line(const struct maar_slot_ring *ring)
{
	const struct maar__slot_view v = maar__slot_view(ring);
	size_t back, held = 0;

	for (back = 1; back <= ring->capacity; back++) {
		const uint64_t position = ring->head - back;
		const uint64_t lap = *maar__slot_lap(v, position);

		/* Never used in this life, or free for the next round, or further. */
		if (lap == maar__slot_lap_for(v, position, MAAR__SLOT_FILLED) ||
		    lap == maar__slot_lap_for(v, position, MAAR__SLOT_TAKEN))
			held = back;
	}
	return held;
}

/* Lock-free: slots in neither of the rings of handles, nor still fresh. */
static size_t held_in_hands(const struct maar_slot_ring *ring)
{
	return (size_t)ring->fresh - maar_ring_count(maar__slot_free_ring(ring)) -
	       maar_ring_count(maar__slot_filled_ring(ring));
}

static size_t slots_held(const void *queue)
{
	const struct maar_slot_ring *ring = queue;
	const struct maar__slot_view v = maar__slot_view(ring);

	if (maar__slot_is_spsc(v))
		return 0;
	return maar__slot_is_lockfree(v) ? held_in_hands(ring) : held_in_line(ring);
}

/* As the header asks of whoever takes over from a thread that was alone. */
static void slots_succeed(void *queue, enum kill_side side)
{
	if ((maar_slot_ring_flags(queue) & MAAR_SLOT_RING_SPSC) != MAAR_SLOT_RING_SPSC)
		return;
	if (side == KILL_PUT)
		(void)maar_slot_ring_abort(queue, NULL);
	else
		(void)maar_slot_ring_unpeek(queue, NULL);
}

const struct kill_queue kill_slots = {
	.init = slots_init,
	.put = kill_slots_put,
	.take = kill_slots_take,
	.count = slots_count,
	.held = slots_held,
	.succeed = slots_succeed,
};

/* ---- batch rings ---- */

static void batches_init(void *queue, size_t capacity, unsigned flags, uint64_t start)
{
	if (maar_batch_ring_init(queue, KILL_QUEUE_BYTES, capacity, KILL_BATCH, flags) == 0)
		maar__batch_ring_start_at(queue, start);
	else
		memset(queue, 0, sizeof(struct maar_batch_ring));
}

static size_t batches_put(void *queue, const uint64_t *values, size_t n)
{
	size_t k;

	for (k = 0; k < n && kill_batches_put(queue, values + k, 1, 0); k++)
		;
	return k;
}

static size_t batches_take(void *queue, uint64_t *values, size_t n)
{
	return kill_batches_take(queue, values, n, n > 1);
}

static size_t batches_count(const void *queue)
{
	return maar_batch_ring_count(queue);
}

const struct kill_queue kill_batches = {
	.init = batches_init, .put = batches_put, .take = batches_take, .count = batches_count
};

/* ---- record rings ---- */

static void records_init(void *queue, size_t capacity, unsigned flags, uint64_t start)
{
	if (maar_record_ring_init(queue, KILL_QUEUE_BYTES, capacity * MAAR_RECORD_GRAIN, flags) == 0)
		maar__record_ring_start_at(queue, start);
	else
		memset(queue, 0, sizeof(struct maar_record_ring));
}

static size_t records_put(void *queue, const uint64_t *values, size_t n)
{
	size_t k;

	for (k = 0; k < n && kill_records_put(queue, values[k]); k++)
		;
	return k;
}

static size_t records_take(void *queue, uint64_t *values, size_t n)
{
	return n == 1 ? kill_records_take(queue, values) : kill_records_peek_release(queue, values, n);
}

static size_t records_count(const void *queue)
{
	return maar_record_ring_used_bytes(queue) / MAAR_RECORD_GRAIN;
}

const struct kill_queue kill_records = {
	.init = records_init, .put = records_put, .take = records_take, .count = records_count
};

/* ---- broadcast rings ---- */

static void broadcast_init(void *queue, size_t capacity, unsigned flags, uint64_t start)
{
	if (maar_broadcast_init(queue, KILL_QUEUE_BYTES, capacity, sizeof(struct kill_element), 1, flags) == 0) {
		maar__broadcast_start_at(queue, start);
		if (maar_broadcast_join(queue, kill_reader(queue), 0) == 0)
			return;
	}
	memset(queue, 0, sizeof(struct maar_broadcast));
}

/* Claimed and not read. A single producer's reader may be ahead of the tail. */
static size_t broadcast_count(const void *queue)
{
	const struct maar_broadcast *ring = queue;
	const struct maar_broadcast_reader *reader =
		(const void *)((const char *)queue + KILL_QUEUE_BYTES - sizeof(struct maar_broadcast_reader));
	const int64_t count = (int64_t)(ring->tail - reader->position);

	return count < 0 ? 0 : (size_t)count;
}

/* A dead reader is evicted, and another one joins: at what nobody has been allowed to write over. */
static void broadcast_succeed(void *queue, enum kill_side side)
{
	if (side == KILL_TAKE && maar_broadcast_evict(queue, maar_broadcast_slowest(queue, NULL)) == 0 &&
	    maar_broadcast_join(queue, kill_reader(queue), MAAR_BROADCAST_OLDEST))
		memset(queue, 0, sizeof(struct maar_broadcast));
}

const struct kill_queue kill_broadcast = {
	.init = broadcast_init,
	.put = kill_broadcast_put,
	.take = kill_broadcast_take,
	.count = broadcast_count,
	.succeed = broadcast_succeed,
};
