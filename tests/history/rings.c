/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The modes of a ring, one line each: its flags, and what the header promises of them.
 */
#include "run.h"

#include <maar/ring.h>

#include "../../src/ring/ring_priv.h"

struct ring_calls {
	size_t (*put_one)(struct maar_ring *ring, uint64_t value);
	size_t (*put_bulk)(struct maar_ring *ring, const uint64_t *values, size_t n);
	size_t (*put_burst)(struct maar_ring *ring, const uint64_t *values, size_t n);
	size_t (*take_one)(struct maar_ring *ring, uint64_t *value);
	size_t (*take_bulk)(struct maar_ring *ring, uint64_t *values, size_t n);
	size_t (*take_burst)(struct maar_ring *ring, uint64_t *values, size_t n);
};

/* The calls that look the mode up, and those that say it: p is sp or mp, c is sc or mc. */
#define SIDED(p, c)                                                                                                    \
	(const struct ring_calls[])                                                                                    \
	{                                                                                                              \
		{ maar_ring_enqueue, maar_ring_enqueue_bulk, maar_ring_enqueue_burst,                                  \
		  maar_ring_dequeue, maar_ring_dequeue_bulk, maar_ring_dequeue_burst },                                \
		{                                                                                                      \
			maar_ring_enqueue_##p, maar_ring_enqueue_bulk_##p, maar_ring_enqueue_burst_##p,                \
				maar_ring_dequeue_##c, maar_ring_dequeue_bulk_##c, maar_ring_dequeue_burst_##c         \
		}                                                                                                      \
	}

static void *make(const struct history_queue *kind, size_t capacity, uint64_t start)
{
	struct maar_ring *ring = maar_ring_create(capacity, kind->flags);

	if (ring)
		maar__ring_start_at(ring, start);
	return ring;
}

static void end(void *queue)
{
	maar_ring_destroy(queue);
}

static size_t put(const struct history_queue *kind, void *queue, enum history_style style, unsigned way,
		  const uint64_t *values, size_t n)
{
	const struct ring_calls *calls = (const struct ring_calls *)kind->calls + way % 2;

	switch (style) {
	case HISTORY_ONE:
		return calls->put_one(queue, values[0]);
	case HISTORY_BULK:
		return calls->put_bulk(queue, values, n);
	default:
		return calls->put_burst(queue, values, n);
	}
}

static size_t take(const struct history_queue *kind, void *queue, enum history_style style, unsigned way,
		   uint64_t *values, size_t n)
{
	const struct ring_calls *calls = (const struct ring_calls *)kind->calls + way % 2;

	switch (style) {
	case HISTORY_ONE:
		return calls->take_one(queue, values);
	case HISTORY_BULK:
		return calls->take_bulk(queue, values, n);
	default:
		return calls->take_burst(queue, values, n);
	}
}

/*
 * What follows from the flags. TICKET: "empty" may mean that the next cell is claimed and not filled. Every other "full"
 * and "empty" is exact, a burst that ends early says one or the other, and the capacity is never exceeded.
 */
#define RING(title, mode, ...)                                                                                         \
	.name = title, .flags = (mode), .one_producer = ((mode)&MAAR_RING_SP) != 0,                                    \
	.one_consumer = ((mode)&MAAR_RING_SC) != 0, .bulk_puts = ((mode) & (MAAR_RING_SP | MAAR_RING_TICKET)) != 0,    \
	.hides = ((mode)&MAAR_RING_TICKET) != 0, .calls = __VA_ARGS__, .make = make, .end = end, .put = put,           \
	.take = take

const struct history_queue history_rings[] = {
	{ RING("SPSC", MAAR_RING_SPSC, SIDED(sp, sc)) },
	{ RING("SPMC", MAAR_RING_SPMC, SIDED(sp, mc)) },
	{ RING("MPSC ticket", MAAR_RING_MPSC | MAAR_RING_TICKET, SIDED(mp, sc)) },
	{ RING("MPMC ticket", MAAR_RING_MPMC | MAAR_RING_TICKET, SIDED(mp, mc)) },
#if MAAR_HAVE_CAS2
	{ RING("MPSC lock-free", MAAR_RING_MPSC, SIDED(mp, sc)) },
	{ RING("MPMC lock-free", MAAR_RING_MPMC, SIDED(mp, mc)) },
#endif
};
const unsigned history_ring_count = COUNT_OF(history_rings);
