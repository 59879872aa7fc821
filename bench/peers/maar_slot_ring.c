/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * maar_slot_ring: messages written and read where they lie in the ring. A thread that gets a message reserves a slot,
 * and enqueueing commits it; one that dequeues peeks, and gives back by a release.
 */
#include <maar/slot_ring.h>

#include "peers.h"

static void *slot_ring_open(const struct bench_contestant *me, const struct bench_case *c, unsigned which)
{
	struct maar_slot_ring *ring = maar_slot_ring_create(c->capacity, c->bytes, me->param);

	(void)which;
	if (!ring)
		perror("maar_slot_ring_create");
	return ring;
}

static int slot_ring_close(void *subject)
{
	maar_slot_ring_destroy(subject);
	return 0;
}

BENCH_INLINE void *slot_ring_get(void *ring, size_t bytes)
{
	(void)bytes;
	return maar_slot_ring_reserve(ring);
}

BENCH_INLINE int slot_ring_unget(void *ring, void *slot)
{
	return !maar_slot_ring_abort(ring, slot);
}

BENCH_INLINE size_t slot_ring_put(void *ring, uint64_t slot)
{
	return maar_slot_ring_commit(ring, (void *)(uintptr_t)slot);
}

BENCH_INLINE size_t slot_ring_take(void *ring, uint64_t *slot)
{
	void *const oldest = maar_slot_ring_peek(ring);

	*slot = (uintptr_t)oldest;
	return oldest != NULL;
}

BENCH_INLINE int slot_ring_give(void *ring, void *slot)
{
	return !maar_slot_ring_release(ring, slot);
}

/* Not BENCH_EXCHANGE_LOOPS: a sender's slot goes back by another call than a receiver's. */
static void slot_ring_send(struct bench_worker *w)
{
	bench_send(w, slot_ring_get, bench_bytes, slot_ring_unget, slot_ring_put);
}

static void slot_ring_receive(struct bench_worker *w)
{
	bench_receive(w, slot_ring_take, bench_bytes, slot_ring_give);
}

static const struct bench_contestant rows[] = {
	{ "maar_slot_ring spsc", "maar", NULL, BENCH_SLOTS, BENCH_FIFO, 0, MAAR_SLOT_RING_SPSC, slot_ring_open,
	  slot_ring_close, NULL, NULL, BENCH_LOOPS_EXCHANGE(slot_ring) },
};

const struct bench_peer bench_peer_maar_slot_ring = BENCH_ROWS(rows);
