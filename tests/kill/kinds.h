/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The other kinds as queues of the ledger's values: one value in, one value out, by copy and in place, for the victim's
 * calls (calls.c) and for the others' (kinds.c).
 */
#ifndef MAAR_TEST_KILL_KINDS_H
#define MAAR_TEST_KILL_KINDS_H

#include <maar/batch_ring.h>
#include <maar/broadcast.h>
#include <maar/record_ring.h>
#include <maar/slot_ring.h>

#include "kill.h"

/* A value as an element of three words: one that was read too early, or torn, becomes a value that nobody sent. */
struct kill_element {
	uint64_t value, inverse, twice;
};

static inline struct kill_element kill_element_of(uint64_t value)
{
	const struct kill_element e = { value, ~value, 2 * value };

	return e;
}

static inline uint64_t kill_value_in(const struct kill_element *e)
{
	return e->inverse == ~e->value && e->twice == 2 * e->value ? e->value : UINT64_MAX;
}

static inline void kill_elements_of(struct kill_element *elements, const uint64_t *values, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		elements[i] = kill_element_of(values[i]);
}

static inline size_t kill_values_in(uint64_t *values, const struct kill_element *elements, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		values[i] = kill_value_in(&elements[i]);
	return n;
}

/* ---- slot rings ---- */

static inline size_t kill_slots_put(void *queue, const uint64_t *values, size_t n)
{
	struct kill_element e[KILL_MOST_VALUES];

	kill_elements_of(e, values, n);
	return n == 1 ? maar_slot_ring_enqueue(queue, e) : maar_slot_ring_enqueue_burst(queue, e, n);
}

static inline size_t kill_slots_take(void *queue, uint64_t *values, size_t n)
{
	struct kill_element e[KILL_MOST_VALUES];

	return kill_values_in(values, e,
			      n == 1 ? maar_slot_ring_dequeue(queue, e) : maar_slot_ring_dequeue_burst(queue, e, n));
}

static inline size_t kill_slots_put_bulk(void *queue, const uint64_t *values, size_t n)
{
	struct kill_element e[KILL_MOST_VALUES];

	kill_elements_of(e, values, n);
	return maar_slot_ring_enqueue_bulk(queue, e, n);
}

static inline size_t kill_slots_take_bulk(void *queue, uint64_t *values, size_t n)
{
	struct kill_element e[KILL_MOST_VALUES];

	return kill_values_in(values, e, maar_slot_ring_dequeue_bulk(queue, e, n));
}

static inline size_t kill_slots_reserve_commit(void *queue, uint64_t value)
{
	struct kill_element *slot = maar_slot_ring_reserve(queue);

	if (!slot)
		return 0;
	*slot = kill_element_of(value);
	return maar_slot_ring_commit(queue, slot);
}

static inline size_t kill_slots_peek_release(void *queue, uint64_t *value)
{
	struct kill_element *slot = maar_slot_ring_peek(queue);

	if (!slot)
		return 0;
	*value = kill_value_in(slot);
	return maar_slot_ring_release(queue, slot);
}

static inline size_t kill_slots_reserve_commit_many(void *queue, const uint64_t *values, size_t n)
{
	struct maar_slot_span runs[2];
	const size_t k = maar_slot_ring_reserve_many(queue, runs, n);
	size_t i;

	for (i = 0; i < k; i++)
		*(struct kill_element *)maar_slot_span_at(runs, i) = kill_element_of(values[i]);
	return maar_slot_ring_commit_many(queue, runs, k);
}

static inline size_t kill_slots_peek_release_many(void *queue, uint64_t *values, size_t n)
{
	struct maar_slot_span runs[2];
	const size_t k = maar_slot_ring_peek_many(queue, runs, n);
	size_t i;

	for (i = 0; i < k; i++)
		values[i] = kill_value_in(maar_slot_span_at(runs, i));
	return maar_slot_ring_release_many(queue, runs, k);
}

/* ---- batch rings: batches of up to 4; the others' are of one, so that batches and values are the same number ---- */

#define KILL_BATCH 4

static inline size_t kill_batches_put(void *queue, const uint64_t *values, size_t n, size_t burst)
{
	uint32_t handles[KILL_MOST_VALUES];
	size_t i;

	for (i = 0; i < n; i++)
		handles[i] = (uint32_t)values[i];
	return burst ? maar_batch_ring_enqueue_burst(queue, handles, n) : maar_batch_ring_enqueue(queue, handles, n);
}

static inline size_t kill_batches_take(void *queue, uint64_t *values, size_t room, size_t burst)
{
	uint32_t handles[KILL_MOST_VALUES];
	const size_t n = burst ? maar_batch_ring_dequeue_burst(queue, handles, room)
			       : maar_batch_ring_dequeue(queue, handles, room);
	size_t i;

	for (i = 0; i < n; i++)
		values[i] = handles[i];
	return n;
}

/* ---- record rings: records of one grain, so that grains and values are the same number ---- */

static inline size_t kill_records_put(void *queue, uint64_t value)
{
	const struct kill_element e = kill_element_of(value);

	return (size_t)maar_record_ring_enqueue(queue, &e, sizeof(e));
}

static inline size_t kill_records_reserve_commit(void *queue, uint64_t value)
{
	struct kill_element *record = maar_record_ring_reserve(queue, sizeof(*record) + 1);

	if (!record)
		return 0;
	*record = kill_element_of(value);
	return (size_t)maar_record_ring_commit_short(queue, record, sizeof(*record));
}

static inline size_t kill_records_take(void *queue, uint64_t *value)
{
	struct kill_element e;
	size_t length;

	if (maar_record_ring_dequeue(queue, &e, sizeof(e), &length) != 1)
		return 0;
	*value = length == sizeof(e) ? kill_value_in(&e) : UINT64_MAX;
	return 1;
}

static inline size_t kill_records_peek_release(void *queue, uint64_t *values, size_t n)
{
	struct maar_record records[KILL_MOST_VALUES];
	const size_t k = maar_record_ring_peek_many(queue, records, n);
	size_t i;

	for (i = 0; i < k; i++)
		values[i] = kill_value_in(records[i].data);
	return maar_record_ring_release_many(queue, k);
}

/* ---- broadcast rings with one reader that has joined: it lies at the end of the queue's memory ---- */

/* A copy of the stage has a copy of the reader, which must read the copy of the ring. */
static inline struct maar_broadcast_reader *kill_reader(void *queue)
{
	struct maar_broadcast_reader *reader =
		(void *)((char *)queue + KILL_QUEUE_BYTES - sizeof(struct maar_broadcast_reader));

	reader->ring = queue;
	return reader;
}

static inline size_t kill_broadcast_put(void *queue, const uint64_t *values, size_t n)
{
	struct kill_element e[KILL_MOST_VALUES];

	kill_elements_of(e, values, n);
	return n == 1 ? maar_broadcast_publish(queue, e) : maar_broadcast_publish_burst(queue, e, n);
}

static inline size_t kill_broadcast_put_bulk(void *queue, const uint64_t *values, size_t n)
{
	struct kill_element e[KILL_MOST_VALUES];

	kill_elements_of(e, values, n);
	return maar_broadcast_publish_bulk(queue, e, n);
}

static inline size_t kill_broadcast_reserve_commit(void *queue, uint64_t value)
{
	struct kill_element *place = maar_broadcast_reserve(queue);

	if (!place)
		return 0;
	*place = kill_element_of(value);
	return maar_broadcast_commit(queue);
}

static inline size_t kill_broadcast_take(void *queue, uint64_t *values, size_t n)
{
	struct maar_broadcast_reader *reader = kill_reader(queue);
	struct kill_element e[KILL_MOST_VALUES];

	return kill_values_in(values, e,
			      n == 1 ? maar_broadcast_read(reader, e, NULL)
				     : maar_broadcast_read_burst(reader, e, n, NULL));
}

static inline size_t kill_broadcast_peek_release(void *queue, uint64_t *value)
{
	const struct kill_element *place = maar_broadcast_peek(kill_reader(queue));

	if (!place)
		return 0;
	*value = kill_value_in(place);
	return maar_broadcast_release(kill_reader(queue));
}

#endif
