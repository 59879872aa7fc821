/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The kinds of rings, one line each: flags, and what the header promises of them.
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

static void evicted(uint64_t value, void *arg)
{
	(void)arg;
	history_dropped(value);
}

/* One value in three makes room for itself. */
static size_t put_over(const struct history_queue *kind, void *queue, enum history_style style, unsigned way,
		       const uint64_t *values, size_t n)
{
	if (style == HISTORY_ONE && way % 3 == 0)
		return maar_ring_enqueue_overwrite(queue, values[0], evicted, NULL);
	return put(kind, queue, style, way, values, n);
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
		/* A single consumer may look first: together the same as a burst. */
		if (kind->one_consumer && way % 3 == 0)
			return maar_ring_release(queue, maar_ring_peek(queue, values, n));
		return calls->take_burst(queue, values, n);
	}
}

/* What a single consumer may not have told producers yet. */
static uint64_t untold(size_t capacity)
{
	return capacity > 16 ? capacity / 16 - 1 : 0;
}

/*
 * What follows from the flags, and it is all that the header excepts. TICKET: "empty" may mean that the next cell is
 * claimed and not filled. A single consumer, unless EXACT: more than the capacity may be in, and still none is refused
 * before. For the rest "full" and "empty" are exact, and a burst that ends early says one or the other.
 */
#define HAS(mode, flag) (((mode) & (flag)) != 0)
#define RING(title, mode, ...)                                                                                         \
	.name = title, .flags = (mode), .one_producer = HAS(mode, MAAR_RING_SP),                                       \
	.one_consumer = HAS(mode, MAAR_RING_SC), .bulk_puts = HAS(mode, MAAR_RING_SP | MAAR_RING_TICKET),              \
	.small_values = HAS(mode, MAAR_RING_HANDLE), .hides = HAS(mode, MAAR_RING_TICKET),                             \
	.slack = HAS(mode, MAAR_RING_SC) && !HAS(mode, MAAR_RING_EXACT) ? untold : NULL, .calls = __VA_ARGS__,         \
	.make = make, .end = end, .put = HAS(mode, MAAR_RING_OVERWRITE) ? put_over : put, .take = take

const struct history_queue history_rings[] = {
	{ RING("SPSC", MAAR_RING_SPSC, SIDED(sp, sc)) },
	{ RING("SPSC exact", MAAR_RING_SPSC | MAAR_RING_EXACT, SIDED(sp, sc)) },
	{ RING("SPSC handles", MAAR_RING_SPSC | MAAR_RING_HANDLE, SIDED(sp, sc)) },
	{ RING("SPSC span", MAAR_RING_SPSC | MAAR_RING_SPAN, SIDED(sp, sc)) },
	{ RING("SPSC span exact", MAAR_RING_SPSC | MAAR_RING_SPAN | MAAR_RING_EXACT, SIDED(sp, sc)) },
	{ RING("SPMC", MAAR_RING_SPMC, SIDED(sp, mc)) },
	{ RING("SPMC overwrite", MAAR_RING_SPMC | MAAR_RING_OVERWRITE, SIDED(sp, mc)) },
	{ RING("SPMC handles", MAAR_RING_SPMC | MAAR_RING_HANDLE, SIDED(sp, mc)) },
	{ RING("MPSC ticket", MAAR_RING_MPSC | MAAR_RING_TICKET, SIDED(mp, sc)) },
	{ RING("MPSC ticket exact", MAAR_RING_MPSC | MAAR_RING_TICKET | MAAR_RING_EXACT, SIDED(mp, sc)) },
	{ RING("MPSC ticket handles", MAAR_RING_MPSC | MAAR_RING_TICKET | MAAR_RING_HANDLE, SIDED(mp, sc)) },
	{ RING("MPSC handles", MAAR_RING_MPSC | MAAR_RING_HANDLE, SIDED(mp, sc)) },
	{ RING("MPMC ticket", MAAR_RING_MPMC | MAAR_RING_TICKET, SIDED(mp, mc)) },
	{ RING("MPMC ticket handles overwrite", MAAR_RING_TICKET | MAAR_RING_HANDLE | MAAR_RING_OVERWRITE,
	       SIDED(mp, mc)) },
	{ RING("MPMC handles", MAAR_RING_MPMC | MAAR_RING_HANDLE, SIDED(mp, mc)) },
#if MAAR_HAVE_CAS2
	{ RING("MPSC", MAAR_RING_MPSC, SIDED(mp, sc)) },
	{ RING("MPSC exact", MAAR_RING_MPSC | MAAR_RING_EXACT, SIDED(mp, sc)) },
	{ RING("MPMC overwrite", MAAR_RING_MPMC | MAAR_RING_OVERWRITE, SIDED(mp, mc)) },
	{ RING("MPMC", MAAR_RING_MPMC, SIDED(mp, mc)) },
#endif
};
const unsigned history_ring_count = COUNT_OF(history_rings);
