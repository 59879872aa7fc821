/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The other kinds, one line each at the end: how values go in and come out, and what the header promises. The ways of a
 * call are those in which many threads may use a kind at once: by copy, in place, several at a time, given up and tried
 * again.
 */
#include "kinds.h"

#include "../pace.h"

#include <maar/batch_ring.h>
#include <maar/broadcast.h>
#include <maar/byte_ring.h>
#include <maar/queue.h>
#include <maar/record_ring.h>
#include <maar/slot_ring.h>

#include <string.h>

#include "../../src/ring/batch_ring_priv.h"
#include "../../src/ring/byte_ring_priv.h"
#include "../../src/ring/record_ring_priv.h"
#include "../../src/ring/slot_ring_priv.h"

/* What a single consumer may not have told producers yet. */
static uint64_t untold(size_t capacity)
{
	return capacity > 16 ? capacity / 16 - 1 : 0;
}

/* ---- slot rings ---- */

static void *slot_make(const struct history_queue *kind, size_t capacity, uint64_t start)
{
	struct maar_slot_ring *ring = maar_slot_ring_create(capacity, sizeof(struct element), kind->flags);

	if (ring)
		maar__slot_ring_start_at(ring, start);
	return ring;
}

static void slot_end(void *queue)
{
	maar_slot_ring_destroy(queue);
}

/*
 * In place. Where it can be, one reservation in seven is given up: another one must follow then, since others may have
 * been refused for it, and would have been wrongly if this call put nothing.
 */
static size_t slot_put_in_place(struct maar_slot_ring *ring, unsigned way, uint64_t value)
{
	const struct element e = element_of(value);
	void *slot = maar_slot_ring_reserve(ring);

	if (slot && way % 7 == 0 && !HAS(maar_slot_ring_flags(ring), MAAR_SLOT_RING_TICKET)) {
		maar_slot_ring_abort(ring, slot);
		while (!(slot = maar_slot_ring_reserve(ring)))
			pace_yield();
	}
	if (!slot)
		return 0;
	memcpy(slot, &e, sizeof(e));
	return maar_slot_ring_commit(ring, slot);
}

/* Lock-free rings give two at most: fewer than wanted says nothing then. */
static size_t most_in_runs(const struct maar_slot_ring *ring, size_t n)
{
	return maar_slot_ring_has_bulk(ring) || n < 2 ? n : 2;
}

static size_t slot_put_runs(struct maar_slot_ring *ring, const uint64_t *values, size_t n)
{
	struct maar_slot_span runs[2];
	const size_t most = most_in_runs(ring, n), k = maar_slot_ring_reserve_many(ring, runs, most);
	size_t i;

	for (i = 0; i < k; i++) {
		const struct element e = element_of(values[i]);

		memcpy(maar_slot_span_at(runs, i), &e, sizeof(e));
	}
	if (k == most)
		history_says_nothing();
	return maar_slot_ring_commit_many(ring, runs, k);
}

static size_t slot_put(const struct history_queue *kind, void *queue, enum history_style style, unsigned way,
		       const uint64_t *values, size_t n)
{
	struct element elements[MOST];

	(void)kind;
	if (style == HISTORY_ONE && way % 2)
		return slot_put_in_place(queue, way, values[0]);
	if (style == HISTORY_BURST && way % 2)
		return slot_put_runs(queue, values, n);
	elements_of(elements, values, n);
	if (style == HISTORY_ONE)
		return maar_slot_ring_enqueue(queue, elements);
	if (style == HISTORY_BULK)
		return maar_slot_ring_enqueue_bulk(queue, elements, n);
	return maar_slot_ring_enqueue_burst(queue, elements, n);
}

static size_t slot_take_in_place(struct maar_slot_ring *ring, unsigned way, uint64_t *value)
{
	void *slot = maar_slot_ring_peek(ring);
	struct element e;

	if (slot && way % 7 == 0 && !maar_slot_ring_unpeek(ring, slot))
		return 0;
	if (slot && way % 7 == 0)
		slot = maar_slot_ring_peek(ring);
	if (!slot)
		return 0;
	memcpy(&e, slot, sizeof(e));
	*value = value_in(&e);
	return maar_slot_ring_release(ring, slot);
}

static size_t slot_take_runs(struct maar_slot_ring *ring, uint64_t *values, size_t n)
{
	struct maar_slot_span runs[2];
	const size_t most = most_in_runs(ring, n), k = maar_slot_ring_peek_many(ring, runs, most);
	size_t i;

	for (i = 0; i < k; i++) {
		struct element e;

		memcpy(&e, maar_slot_span_at(runs, i), sizeof(e));
		values[i] = value_in(&e);
	}
	if (k == most)
		history_says_nothing();
	return maar_slot_ring_release_many(ring, runs, k);
}

static size_t slot_take(const struct history_queue *kind, void *queue, enum history_style style, unsigned way,
			uint64_t *values, size_t n)
{
	struct element elements[MOST];
	size_t k;

	/* Unpeek is for SPSC alone. */
	if (style == HISTORY_ONE && way % 2)
		return slot_take_in_place(queue, kind->one_producer && kind->one_consumer ? way : 1, values);
	if (style == HISTORY_BURST && way % 2)
		return slot_take_runs(queue, values, n);
	if (style == HISTORY_ONE)
		k = maar_slot_ring_dequeue(queue, elements);
	else if (style == HISTORY_BULK)
		k = maar_slot_ring_dequeue_bulk(queue, elements, n);
	else
		k = maar_slot_ring_dequeue_burst(queue, elements, n);
	values_in(values, elements, k);
	return k;
}

/* ---- batch rings: handle by handle ---- */

/* Batches of 8 in the one sort; in the other of one, whose counts of batches and of handles are the same. */
static size_t batch_of(const struct history_queue *kind)
{
	return kind->bulk_most;
}

/* `capacity` batches are between so many handles, which may be left of them, and 8 times as many. */
static uint64_t batch_slack(size_t capacity)
{
	return 7 * (uint64_t)capacity;
}

static void *batch_make(const struct history_queue *kind, size_t capacity, uint64_t start)
{
	struct maar_batch_ring *ring = maar_batch_ring_create(capacity, batch_of(kind), kind->flags);

	if (ring)
		maar__batch_ring_start_at(ring, start);
	return ring;
}

static void batch_end(void *queue)
{
	maar_batch_ring_destroy(queue);
}

static size_t batch_put(const struct history_queue *kind, void *queue, enum history_style style, unsigned way,
			const uint64_t *values, size_t n)
{
	uint32_t handles[MOST];
	size_t i;

	(void)kind;
	(void)way;
	for (i = 0; i < n; i++)
		handles[i] = (uint32_t)values[i];
	if (style == HISTORY_BURST)
		return maar_batch_ring_enqueue_burst(queue, handles, n);
	return maar_batch_ring_enqueue(queue, handles, n);
}

static size_t batch_take(const struct history_queue *kind, void *queue, enum history_style style, unsigned way,
			 uint64_t *values, size_t n)
{
	uint32_t handles[MOST];
	size_t i, k;

	(void)kind;
	if (style == HISTORY_ONE || way % 2) {
		k = maar_batch_ring_dequeue(queue, handles, n);
		if (k) /* what is left of one batch */
			history_says_nothing();
	} else {
		k = maar_batch_ring_dequeue_burst(queue, handles, n);
	}
	for (i = 0; i < k; i++)
		values[i] = handles[i];
	return k;
}

/* ---- record rings ---- */

#define RECORD_SHORT MAAR_RECORD_GRAIN	     /* most bytes where each record is one grain: then no padding is needed */
#define RECORD_LONG  (2 * MAAR_RECORD_GRAIN) /* most bytes of one or two grains, which needs some now and then */

static size_t record_most(const struct history_queue *kind)
{
	return (size_t)(uintptr_t)kind->calls;
}

static uint64_t record_capacity(size_t capacity)
{
	return capacity < 2 ? 2 : capacity; /* 64 bytes are the least */
}

/*
 * Grains so that `capacity` records of one or two always fit. A claim of pad + 2 <= 3 is refused beside at most two grains
 * a record, one of padding at the end of the data, and one that a record committed short has left: so, if 2 * records
 * + 5 > grains. The number is even.
 */
static uint64_t record_grains(size_t capacity)
{
	uint64_t grains = 8;

	while (grains < 2 * (uint64_t)capacity + 4)
		grains *= 2;
	return grains;
}

static uint64_t record_long_capacity(size_t capacity)
{
	return record_grains(capacity) / 2 - 2;
}

static uint64_t record_long_slack(size_t capacity)
{
	return record_grains(capacity) - record_long_capacity(capacity);
}

static void *record_make(const struct history_queue *kind, size_t capacity, uint64_t start)
{
	const uint64_t grains = record_most(kind) == RECORD_SHORT ? capacity : record_grains(capacity);
	struct maar_record_ring *ring = maar_record_ring_create((size_t)grains * MAAR_RECORD_GRAIN, kind->flags);

	if (ring)
		maar__record_ring_start_at(ring, start);
	return ring;
}

static void record_end(void *queue)
{
	maar_record_ring_destroy(queue);
}

/* 8 bytes at least; all but the first 8 are as the value says, and so is their number. */
static size_t record_length(const struct history_queue *kind, uint64_t value)
{
	return sizeof(value) + (size_t)(stress_mix(value) % (record_most(kind) - sizeof(value) + 1));
}

static size_t record_write(const struct history_queue *kind, unsigned char *bytes, uint64_t value)
{
	const size_t length = record_length(kind, value);

	memcpy(bytes, &value, sizeof(value));
	memset(bytes + sizeof(value), (int)(stress_mix(~value) & 0xff), length - sizeof(value));
	return length;
}

static uint64_t record_read(const struct history_queue *kind, const void *record, size_t length)
{
	unsigned char bytes[RECORD_LONG];
	uint64_t value = 0;

	if (length < sizeof(value))
		return UINT64_MAX;
	memcpy(&value, record, sizeof(value));
	return length == record_write(kind, bytes, value) && memcmp(bytes, record, length) == 0 ? value : ~value;
}

struct record_job {
	const struct history_queue *kind;
	uint64_t value;
};

static size_t record_copy(void *record, size_t length, void *arg)
{
	const struct record_job *job = arg;

	(void)length;
	return record_write(job->kind, record, job->value);
}

static size_t record_put_one(const struct history_queue *kind, struct maar_record_ring *ring, unsigned way,
			     uint64_t value)
{
	struct record_job job = { kind, value };
	unsigned char bytes[RECORD_LONG];
	size_t length;
	void *record;

	switch (way % 3) {
	case 0: /* as long as any, and given back what is not used */
		record = maar_record_ring_reserve(ring, record_most(kind));
		if (!record)
			return 0;
		length = record_write(kind, record, value);
		return (size_t)maar_record_ring_commit_short(ring, record, length);
	case 1:
		return (size_t)maar_record_ring_enqueue_with(ring, record_length(kind, value), record_copy, &job);
	default:
		length = record_write(kind, bytes, value);
		return (size_t)maar_record_ring_enqueue(ring, bytes, length);
	}
}

static size_t record_put(const struct history_queue *kind, void *queue, enum history_style style, unsigned way,
			 const uint64_t *values, size_t n)
{
	size_t k;

	for (k = 0; k < (style == HISTORY_ONE ? 1 : n) && record_put_one(kind, queue, way + (unsigned)k, values[k]);
	     k++)
		;
	return k;
}

static size_t record_take(const struct history_queue *kind, void *queue, enum history_style style, unsigned way,
			  uint64_t *values, size_t n)
{
	struct maar_record records[MOST];
	unsigned char bytes[RECORD_LONG];
	size_t k, i, length;

	if (style == HISTORY_ONE && way % 2) {
		if (maar_record_ring_dequeue(queue, bytes, sizeof(bytes), &length) != 1)
			return 0;
		values[0] = record_read(kind, bytes, length);
		return 1;
	}
	k = maar_record_ring_peek_many(queue, records, n);
	for (i = 0; i < k; i++)
		values[i] = record_read(kind, records[i].data, records[i].length);
	return maar_record_ring_release_many(queue, k);
}

/* ---- byte rings: a stream of words ---- */

static void *byte_make(const struct history_queue *kind, size_t capacity, uint64_t start)
{
	struct maar_byte_ring *ring = maar_byte_ring_create(capacity * sizeof(uint64_t), kind->flags);

	if (ring)
		maar__byte_ring_start_at(ring, start); /* mostly no multiple of 8: words cross the end of the data */
	return ring;
}

static void byte_end(void *queue)
{
	maar_byte_ring_destroy(queue);
}

/* Copies between an array and two spans, of `bytes` bytes in all. */
static void byte_move(const struct iovec spans[2], void *array, size_t bytes, bool in)
{
	const size_t first = bytes < spans[0].iov_len ? bytes : spans[0].iov_len;
	char *rest = (char *)array + first;

	memcpy(in ? spans[0].iov_base : array, in ? array : spans[0].iov_base, first);
	if (bytes > first)
		memcpy(in ? spans[1].iov_base : rest, in ? rest : spans[1].iov_base, bytes - first);
}

static size_t byte_put(const struct history_queue *kind, void *queue, enum history_style style, unsigned way,
		       const uint64_t *values, size_t n)
{
	const size_t bytes = (style == HISTORY_ONE ? 1 : n) * sizeof(*values);
	uint64_t copy[MOST];
	struct iovec spans[2];
	size_t k;

	(void)kind;
	if (style != HISTORY_BURST)
		return maar_byte_ring_put_all(queue, values, bytes) / sizeof(*values);
	if (way % 2)
		return maar_byte_ring_put(queue, values, bytes) / sizeof(*values);
	memcpy(copy, values, bytes);
	k = maar_byte_ring_write_spans(queue, spans, bytes);
	byte_move(spans, copy, k, true);
	return maar_byte_ring_commit(queue, k) / sizeof(*values);
}

static size_t byte_take(const struct history_queue *kind, void *queue, enum history_style style, unsigned way,
			uint64_t *values, size_t n)
{
	const size_t bytes = (style == HISTORY_ONE ? 1 : n) * sizeof(*values);
	struct iovec spans[2];
	size_t k;

	(void)kind;
	if (style != HISTORY_BURST)
		return maar_byte_ring_get_all(queue, values, bytes) / sizeof(*values);
	switch (way % 3) {
	case 0:
		return maar_byte_ring_get(queue, values, bytes) / sizeof(*values);
	case 1:
		k = maar_byte_ring_peek(queue, 0, values, bytes);
		break;
	default:
		k = maar_byte_ring_read_spans(queue, spans, bytes);
		byte_move(spans, values, k, false);
		break;
	}
	return maar_byte_ring_skip(queue, k) / sizeof(*values);
}

/* ---- the table ---- */

/* "Full" by TICKET may mean that the next cell is still looked at, "empty" that it is reserved. */
#define SLOT(title, mode)                                                                                              \
	.name = title, .flags = (mode), .one_producer = HAS(mode, MAAR_SLOT_RING_SP),                                  \
	.one_consumer = HAS(mode, MAAR_SLOT_RING_SC), .hides = HAS(mode, MAAR_SLOT_RING_TICKET),                       \
	.holds = HAS(mode, MAAR_SLOT_RING_TICKET), .make = slot_make, .end = slot_end, .put = slot_put,                \
	.take = slot_take
#define SLOT_IN_ORDER(title, mode)  SLOT(title, mode), .bulk_puts = true
#define SLOT_LOCK_FREE(title, mode) SLOT(title, mode), .single_takes = true

#define BATCH(title, mode, size, more)                                                                                 \
	.name = title, .flags = (mode), .bulk_puts = true, .bulk_most = (size), .one_refuses = true,                   \
	.single_takes = true, .small_values = true, .slack = (more), .hides = HAS(mode, MAAR_BATCH_RING_TICKET),       \
	.make = batch_make, .end = batch_end, .put = batch_put, .take = batch_take

#define RECORD(title, mode, most, room, more)                                                                          \
	.name = title, .flags = (mode), .one_producer = HAS(mode, MAAR_RECORD_RING_SP), .one_consumer = true,          \
	.single_takes = true, .hides = true, .calls = (const void *)(uintptr_t)(most), .capacity = (room),             \
	.slack = (more), .make = record_make, .end = record_end, .put = record_put, .take = record_take

#define QUEUE(title, mode, room, more)                                                                                 \
	.name = title, .flags = (mode), .one_producer = HAS(mode, MAAR_QUEUE_SP), .one_consumer = true,                \
	.single_takes = true, .hides = !HAS(mode, MAAR_QUEUE_SP), .capacity = (room), .slack = (more),                 \
	.make = history_queue_make, .end = history_queue_end, .put = history_queue_put, .take = history_queue_take

#define BROADCAST(title, mode, lossy)                                                                                  \
	.name = title, .flags = (mode), .one_producer = !HAS(mode, MAAR_BROADCAST_MP), .bulk_puts = true,              \
	.single_takes = true, .broadcasts = true, .watches = (lossy), .hides = HAS(mode, MAAR_BROADCAST_MP),           \
	.make = history_broadcast_make, .end = history_broadcast_end, .side = history_broadcast_side,                  \
	.leave = history_broadcast_leave, .put = history_broadcast_put, .take = history_broadcast_take

const struct history_queue history_kinds[] = {
	{ SLOT_IN_ORDER("slots SPSC", MAAR_SLOT_RING_SPSC), .slack = untold },
	{ SLOT_IN_ORDER("slots SPSC exact", MAAR_SLOT_RING_SPSC | MAAR_SLOT_RING_EXACT) },
	{ SLOT_IN_ORDER("slots MPMC ticket", MAAR_SLOT_RING_MPMC | MAAR_SLOT_RING_TICKET) },
	{ SLOT_IN_ORDER("slots MPSC ticket", MAAR_SLOT_RING_MPSC | MAAR_SLOT_RING_TICKET) },
	{ SLOT_LOCK_FREE("slots MPMC", MAAR_SLOT_RING_MPMC) },
	{ SLOT_LOCK_FREE("slots SPMC", MAAR_SLOT_RING_SPMC) },
	{ BATCH("batches of 8", 0, 8, batch_slack) },
	{ BATCH("batches of 1", 0, 1, NULL) },
	{ BATCH("batches of 8, ticket", MAAR_BATCH_RING_TICKET, 8, batch_slack) },
	{ BATCH("batches of 1, ticket", MAAR_BATCH_RING_TICKET, 1, NULL) },
	{ RECORD("records of 1 grain", 0, RECORD_SHORT, record_capacity, NULL) },
	{ RECORD("records", 0, RECORD_LONG, record_long_capacity, record_long_slack) },
	{ RECORD("records SP", MAAR_RECORD_RING_SP, RECORD_LONG, record_long_capacity, record_long_slack) },
	{ QUEUE("queue SP", MAAR_QUEUE_SPSC, history_queue_unbounded, NULL) },
	{ QUEUE("queue MP", MAAR_QUEUE_MPSC, history_queue_unbounded, NULL) },
	{ QUEUE("queue MP with a limit", MAAR_QUEUE_MPSC, NULL, history_queue_slack), .refused_hides = true },
	{ BROADCAST("broadcast, joined", MAAR_BROADCAST_IN_PLACE, false) },
	{ BROADCAST("broadcast MP, joined", MAAR_BROADCAST_MP, false) },
	{ BROADCAST("broadcast, watched", 0, true) },
	{ BROADCAST("broadcast MP, watched", MAAR_BROADCAST_MP, true) },
	{ .name = "bytes",
	  .one_producer = true,
	  .one_consumer = true,
	  .bulk_puts = true,
	  .make = byte_make,
	  .end = byte_end,
	  .put = byte_put,
	  .take = byte_take },
};
const unsigned history_kind_count = COUNT_OF(history_kinds);
