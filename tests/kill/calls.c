/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The calls that a victim makes, compiled as a user of the library would compile them. Bursts and bulks are of 2 or 3:
 * one more than a ring of capacity 1 or 2 has room for.
 */
#include "queues.h"

#include "kill.h"
#include "kinds.h"

#include <maar/ring.h>

#ifndef KILL_CALLS
#define KILL_CALLS kill_calls_plain
#endif

/* Out of line, so that a call's instructions do not depend on where it is called from. */
#define CALL(name, body)                                                                                               \
	static __attribute__((noinline)) size_t name(void *queue, uint64_t *values)                                    \
	{                                                                                                              \
		return body;                                                                                           \
	}

static __attribute__((noinline)) size_t nothing(void *queue, uint64_t *values)
{
	__asm__ volatile("" : : "r"(queue), "r"(values) : "memory");
	return 0;
}

CALL(enqueue, maar_ring_enqueue(queue, values[0]))
CALL(enqueue_sp, maar_ring_enqueue_sp(queue, values[0]))
CALL(enqueue_mp, maar_ring_enqueue_mp(queue, values[0]))
CALL(enqueue_bulk, maar_ring_enqueue_bulk(queue, values, 2))
CALL(enqueue_bulk_sp, maar_ring_enqueue_bulk_sp(queue, values, 2))
CALL(enqueue_bulk_mp, maar_ring_enqueue_bulk_mp(queue, values, 2))
CALL(enqueue_burst, maar_ring_enqueue_burst(queue, values, 3))
CALL(enqueue_burst_sp, maar_ring_enqueue_burst_sp(queue, values, 3))
CALL(enqueue_burst_mp, maar_ring_enqueue_burst_mp(queue, values, 3))
CALL(dequeue, maar_ring_dequeue(queue, values))
CALL(dequeue_sc, maar_ring_dequeue_sc(queue, values))
CALL(dequeue_mc, maar_ring_dequeue_mc(queue, values))
CALL(dequeue_bulk, maar_ring_dequeue_bulk(queue, values, 2))
CALL(dequeue_bulk_sc, maar_ring_dequeue_bulk_sc(queue, values, 2))
CALL(dequeue_bulk_mc, maar_ring_dequeue_bulk_mc(queue, values, 2))
CALL(dequeue_burst, maar_ring_dequeue_burst(queue, values, 3))
CALL(dequeue_burst_sc, maar_ring_dequeue_burst_sc(queue, values, 3))
CALL(dequeue_burst_mc, maar_ring_dequeue_burst_mc(queue, values, 3))
CALL(peek_release, maar_ring_release(queue, maar_ring_peek(queue, values, 2)))

#if UINTPTR_MAX > UINT32_MAX
#define KILL_POINTERS /* words and pointers are the same size: the ledger's values can be either */
CALL(enqueue_ptr, maar_ring_enqueue_ptr(queue, (void *)(uintptr_t)values[0]))
CALL(enqueue_burst_ptr, maar_ring_enqueue_burst_ptr(queue, (void **)(void *)values, 2))
CALL(dequeue_burst_ptr, maar_ring_dequeue_burst_ptr(queue, (void **)(void *)values, 2))
static __attribute__((noinline)) size_t dequeue_ptr(void *queue, uint64_t *values)
{
	values[0] = (uintptr_t)maar_ring_dequeue_ptr(queue);
	return values[0] != 0;
}
#endif

/* This one is not inline; the library has hooks only where it was built with them (cross.c). */
#if !defined(MAAR_TEST_KILL_POINT_H) || defined(KILL_LIBRARY_HAS_POINTS)
#define KILL_OVERWRITE
static void evicted(uint64_t value, void *arg)
{
	uint64_t *values = arg;

	if (values[KILL_EVICTED] < KILL_MOST_VALUES - KILL_EVICTED - 1)
		values[KILL_EVICTED + ++values[KILL_EVICTED]] = value;
}
CALL(enqueue_overwrite, maar_ring_enqueue_overwrite(queue, values[0], evicted, values))
#endif

#define PUT  .side = KILL_PUT
#define TAKE .side = KILL_TAKE

static const struct kill_call ring_calls[] = {
	{ "nothing", .run = nothing },
	{ "enqueue", PUT, .n = 1, .run = enqueue },
	{ "enqueue_sp", PUT, .n = 1, .alone = true, .run = enqueue_sp },
	{ "enqueue_mp", PUT, .n = 1, .many = true, .run = enqueue_mp },
	{ "enqueue_bulk", PUT, .n = 2, .bulk = true, .run = enqueue_bulk },
	{ "enqueue_bulk_sp", PUT, .n = 2, .bulk = true, .alone = true, .run = enqueue_bulk_sp },
	{ "enqueue_bulk_mp", PUT, .n = 2, .bulk = true, .many = true, .run = enqueue_bulk_mp },
	{ "enqueue_burst", PUT, .n = 3, .run = enqueue_burst },
	{ "enqueue_burst_sp", PUT, .n = 3, .alone = true, .run = enqueue_burst_sp },
	{ "enqueue_burst_mp", PUT, .n = 3, .many = true, .run = enqueue_burst_mp },
#ifdef KILL_POINTERS
	{ "enqueue_ptr", PUT, .n = 1, .pointers = true, .run = enqueue_ptr },
	{ "enqueue_burst_ptr", PUT, .n = 2, .pointers = true, .run = enqueue_burst_ptr },
#endif
	{ "dequeue", TAKE, .n = 1, .run = dequeue },
	{ "dequeue_sc", TAKE, .n = 1, .alone = true, .run = dequeue_sc },
	{ "dequeue_mc", TAKE, .n = 1, .many = true, .run = dequeue_mc },
	{ "dequeue_bulk", TAKE, .n = 2, .bulk = true, .run = dequeue_bulk },
	{ "dequeue_bulk_sc", TAKE, .n = 2, .bulk = true, .alone = true, .run = dequeue_bulk_sc },
	{ "dequeue_bulk_mc", TAKE, .n = 2, .bulk = true, .many = true, .run = dequeue_bulk_mc },
	{ "dequeue_burst", TAKE, .n = 3, .run = dequeue_burst },
	{ "dequeue_burst_sc", TAKE, .n = 3, .alone = true, .run = dequeue_burst_sc },
	{ "dequeue_burst_mc", TAKE, .n = 3, .many = true, .run = dequeue_burst_mc },
#ifdef KILL_POINTERS
	{ "dequeue_ptr", TAKE, .n = 1, .pointers = true, .run = dequeue_ptr },
	{ "dequeue_burst_ptr", TAKE, .n = 2, .pointers = true, .run = dequeue_burst_ptr },
#endif
	{ "peek, release", TAKE, .n = 2, .single = true, .run = peek_release },
#ifdef KILL_OVERWRITE
	{ "enqueue_overwrite", PUT, .n = 1, .evicts = true, .run = enqueue_overwrite },
#endif
	{ 0 },
};

CALL(vyukov_put, kill_vyukov_put(queue, values[0]))
CALL(vyukov_take, kill_vyukov_take(queue, values))
CALL(spinlock_put, kill_spinlock_put(queue, values[0]))
CALL(spinlock_take, kill_spinlock_take(queue, values))
CALL(careless_put, kill_careless_put(queue, values[0]))
CALL(careless_take, kill_careless_take(queue, values))

#define CONTROL(name)                                                                                                  \
	static const struct kill_call name##_calls[] = {                                                               \
		{ #name " put", PUT, .n = 1, .run = name##_put },                                                      \
		{ #name " take", TAKE, .n = 1, .run = name##_take },                                                   \
		{ 0 },                                                                                                 \
	}
CONTROL(vyukov);
CONTROL(spinlock);
CONTROL(careless);

/* ---- the other kinds ---- */

CALL(slots_put, kill_slots_put(queue, values, 1))
CALL(slots_put_bulk, kill_slots_put_bulk(queue, values, 2))
CALL(slots_put_burst, kill_slots_put(queue, values, 3))
CALL(slots_reserve, kill_slots_reserve_commit(queue, values[0]))
CALL(slots_reserve_many, kill_slots_reserve_commit_many(queue, values, 2))
CALL(slots_take, kill_slots_take(queue, values, 1))
CALL(slots_take_bulk, kill_slots_take_bulk(queue, values, 2))
CALL(slots_take_burst, kill_slots_take(queue, values, 3))
CALL(slots_peek, kill_slots_peek_release(queue, values))
CALL(slots_peek_many, kill_slots_peek_release_many(queue, values, 2))

static const struct kill_call slot_calls[] = {
	{ "nothing", .run = nothing },
	{ "enqueue", PUT, .n = 1, .run = slots_put },
	{ "enqueue_bulk", PUT, .n = 2, .bulk = true, .run = slots_put_bulk },
	{ "enqueue_burst", PUT, .n = 3, .run = slots_put_burst },
	{ "reserve, commit", PUT, .n = 1, .run = slots_reserve },
	{ "reserve_many, commit_many", PUT, .n = 2, .run = slots_reserve_many },
	{ "dequeue", TAKE, .n = 1, .run = slots_take },
	{ "dequeue_bulk", TAKE, .n = 2, .bulk = true, .run = slots_take_bulk },
	{ "dequeue_burst", TAKE, .n = 3, .run = slots_take_burst },
	{ "peek, release", TAKE, .n = 1, .run = slots_peek },
	{ "peek_many, release_many", TAKE, .n = 2, .run = slots_peek_many },
	{ 0 },
};

/* The room of a dequeue is more than the one handle that each of the others' batches has. */
CALL(batches_put, kill_batches_put(queue, values, 1, 0))
CALL(batches_put_batch, kill_batches_put(queue, values, 3, 0))
CALL(batches_take, kill_batches_take(queue, values, 3, 0))
CALL(batches_take_burst, kill_batches_take(queue, values, 3, 1))

static const struct kill_call batch_calls[] = {
	{ "nothing", .run = nothing },
	{ "enqueue of one", PUT, .n = 1, .run = batches_put },
	{ "enqueue", PUT, .n = 3, .bulk = true, .batch = true, .run = batches_put_batch },
	{ "dequeue", TAKE, .n = 1, .run = batches_take },
	{ "dequeue_burst", TAKE, .n = 3, .run = batches_take_burst },
	{ 0 },
};

CALL(records_put, kill_records_put(queue, values[0]))
CALL(records_reserve, kill_records_reserve_commit(queue, values[0]))
CALL(records_take, kill_records_take(queue, values))
CALL(records_peek, kill_records_peek_release(queue, values, 2))

static const struct kill_call record_calls[] = {
	{ "nothing", .run = nothing },
	{ "enqueue", PUT, .n = 1, .run = records_put },
	{ "reserve, commit_short", PUT, .n = 1, .run = records_reserve },
	{ "dequeue", TAKE, .n = 1, .run = records_take },
	{ "peek_many, release_many", TAKE, .n = 2, .run = records_peek },
	{ 0 },
};

CALL(broadcast_put, kill_broadcast_put(queue, values, 1))
CALL(broadcast_put_bulk, kill_broadcast_put_bulk(queue, values, 2))
CALL(broadcast_put_burst, kill_broadcast_put(queue, values, 3))
CALL(broadcast_reserve, kill_broadcast_reserve_commit(queue, values[0]))
CALL(broadcast_take, kill_broadcast_take(queue, values, 1))
CALL(broadcast_take_burst, kill_broadcast_take(queue, values, 3))
CALL(broadcast_peek, kill_broadcast_peek_release(queue, values))

static const struct kill_call broadcast_calls[] = {
	{ "nothing", .run = nothing },
	{ "publish", PUT, .n = 1, .run = broadcast_put },
	{ "publish_bulk", PUT, .n = 2, .bulk = true, .run = broadcast_put_bulk },
	{ "publish_burst", PUT, .n = 3, .run = broadcast_put_burst },
	{ "reserve, commit", PUT, .n = 1, .in_place = true, .run = broadcast_reserve },
	{ "read", TAKE, .n = 1, .run = broadcast_take },
	{ "read_burst", TAKE, .n = 3, .run = broadcast_take_burst },
	{ "peek, release", TAKE, .n = 1, .run = broadcast_peek },
	{ 0 },
};

#if !defined(MAAR_TEST_KILL_POINT_H) || defined(KILL_LIBRARY_HAS_POINTS)
#define IN_LIBRARY true
#else
#define IN_LIBRARY false
#endif

const struct kill_calls KILL_CALLS = {
	IN_LIBRARY,
	{
		[KILL_RING_CALLS] = ring_calls,
		[KILL_SLOT_CALLS] = slot_calls,
		[KILL_BATCH_CALLS] = batch_calls,
		[KILL_RECORD_CALLS] = record_calls,
		[KILL_BROADCAST_CALLS] = broadcast_calls,
		[KILL_VYUKOV_CALLS] = vyukov_calls,
		[KILL_SPINLOCK_CALLS] = spinlock_calls,
		[KILL_CARELESS_CALLS] = careless_calls,
	},
};
