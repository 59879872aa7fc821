/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * maar_batch_ring: batches of the case's size, whole from put to take. It is made for as many entries as the other
 * queues have: a ring for 1024 has room for 32 batches of 32. Its handles are words of 32 bits; the copy to the
 * harness's values of 64 is in the figures.
 */
#include <maar/batch_ring.h>

#include "peers.h"

static void *batch_ring_open(const struct bench_contestant *me, const struct bench_case *c, unsigned which)
{
	struct maar_batch_ring *ring = maar_batch_ring_create(c->capacity / c->batch, c->batch, me->param);

	(void)which;
	if (!ring)
		perror("maar_batch_ring_create");
	return ring;
}

static int batch_ring_close(void *subject)
{
	maar_batch_ring_destroy(subject);
	return 0;
}

BENCH_INLINE size_t batch_ring_put_n(void *q, const uint64_t *values, size_t n)
{
	uint32_t handles[BENCH_MAX_BATCH];
	size_t i;

	for (i = 0; i < n; i++)
		handles[i] = (uint32_t)values[i];
	return maar_batch_ring_enqueue(q, handles, n);
}

BENCH_INLINE size_t batch_ring_take_n(void *q, uint64_t *values, size_t n)
{
	uint32_t handles[BENCH_MAX_BATCH];
	const size_t taken = maar_batch_ring_dequeue(q, handles, n);
	size_t i;

	for (i = 0; i < taken; i++)
		values[i] = handles[i];
	return taken;
}

BENCH_QUEUE_BULK(batch_ring, batch_ring_put_n, batch_ring_take_n)

#define ROW(name, flags)                                                                                               \
	{                                                                                                              \
		name, "maar", NULL, BENCH_MPMC | BENCH_HANDLES, BENCH_FIFO, 0, flags, batch_ring_open,                 \
			batch_ring_close, NULL, NULL, BENCH_LOOPS_BURST(batch_ring)                                    \
	}

static const struct bench_contestant rows[] = {
	ROW("maar_batch_ring lock-free", 0),
	ROW("maar_batch_ring ticket", MAAR_BATCH_RING_TICKET),
};

const struct bench_peer bench_peer_maar_batch_ring = BENCH_ROWS(rows);
