/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * maar_ring in every mode: through the calls that look at the mode, and through those that name it.
 */
#include "peers.h"

static void *ring_open(const struct bench_contestant *me, const struct bench_case *c, unsigned which)
{
	struct maar_ring *ring = maar_ring_create(c->capacity, me->param);

	(void)which;
	if (!ring)
		perror("maar_ring_create");
	return ring;
}

static int ring_close(void *subject)
{
	maar_ring_destroy(subject);
	return 0;
}

/* The loops of one set of calls: CALLS(id, suffix of the producers' calls, suffix of the consumers'). */
#define CALLS(id, put, take)                                                                                           \
	BENCH_INLINE size_t id##_put(void *q, uint64_t value)                                                          \
	{                                                                                                              \
		return maar_ring_enqueue##put((struct maar_ring *)q, value);                                           \
	}                                                                                                              \
	BENCH_INLINE size_t id##_take(void *q, uint64_t *value)                                                        \
	{                                                                                                              \
		return maar_ring_dequeue##take((struct maar_ring *)q, value);                                          \
	}                                                                                                              \
	BENCH_INLINE size_t id##_put_n(void *q, const uint64_t *values, size_t n)                                      \
	{                                                                                                              \
		return maar_ring_enqueue_burst##put((struct maar_ring *)q, values, n);                                 \
	}                                                                                                              \
	BENCH_INLINE size_t id##_take_n(void *q, uint64_t *values, size_t n)                                           \
	{                                                                                                              \
		return maar_ring_dequeue_burst##take((struct maar_ring *)q, values, n);                                \
	}                                                                                                              \
	BENCH_QUEUE(id, id##_put, id##_take)                                                                           \
	BENCH_QUEUE_BULK(id, id##_put_n, id##_take_n)

CALLS(any, , )
CALLS(spsc, _sp, _sc)
CALLS(mpmc, _mp, _mc)

#define ROW(name, set, mode, id)                                                                                       \
	{                                                                                                              \
		name, "maar", NULL, set, BENCH_FIFO, 0, mode, ring_open, ring_close, NULL, NULL,                       \
			BENCH_LOOPS_QUEUE_BULK(id)                                                                     \
	}

static const struct bench_contestant rows[] = {
	ROW("maar_ring spsc", BENCH_SPSC, MAAR_RING_SPSC, any),
	ROW("maar_ring spsc, sp/sc calls", BENCH_SPSC, MAAR_RING_SPSC, spsc),
	ROW("maar_ring mpsc", BENCH_MPSC, MAAR_RING_MPSC, any),
	ROW("maar_ring mpsc ticket", BENCH_MPSC, MAAR_RING_MPSC | MAAR_RING_TICKET, any),
	ROW("maar_ring spmc", BENCH_SPMC, MAAR_RING_SPMC, any),
	ROW("maar_ring mpmc", BENCH_MPMC, MAAR_RING_MPMC, any),
	ROW("maar_ring mpmc, mp/mc calls", BENCH_MPMC, MAAR_RING_MPMC, mpmc),
	ROW("maar_ring mpmc ticket", BENCH_MPMC, MAAR_RING_MPMC | MAAR_RING_TICKET, any),
};

const struct bench_peer bench_peer_maar_ring = BENCH_ROWS(rows);
