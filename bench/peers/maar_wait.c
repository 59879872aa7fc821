/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * There and back over two rings of words, by the calls of maar/wait.h, each thread asleep while it waits: the wake-up
 * and what the ring, the event and the library put on top of it.
 */
#include <maar/wait.h>

#include "peers.h"

/* So long at most does a thread sleep before it looks whether its run was abandoned, as the raw futex does. */
#define LOOK_NS INT64_C(100000000)

/* Without spinning: else two threads on two processors would hardly ever sleep. */
static void *wait_open(const struct bench_contestant *me, const struct bench_case *c, unsigned which)
{
	struct maar_ring *ring = maar_ring_create(c->capacity, me->param);
	struct maar_wait *wait = ring ? maar_wait_create(ring, MAAR_WAIT_NO_SPIN) : NULL;

	(void)which;
	if (!wait) {
		perror("maar_wait_create");
		maar_ring_destroy(ring);
	}
	return wait;
}

static int wait_close(void *subject)
{
	struct maar_ring *ring = maar_wait_ring(subject);

	maar_wait_destroy(subject);
	maar_ring_destroy(ring);
	return 0;
}

/* There is one value under way at a time, so there is always room. */
BENCH_INLINE size_t wait_put(void *wait, uint64_t value)
{
	return maar_wait_enqueue(wait, value, 0) == 1;
}

BENCH_INLINE size_t wait_take(void *wait, uint64_t *value)
{
	return maar_wait_dequeue(wait, value, LOOK_NS) == 1;
}

BENCH_ROUND_TRIP(wait, wait_put, wait_take)

static const struct bench_contestant rows[] = {
	{ "maar_wait spsc", "maar", NULL, BENCH_ASLEEP, BENCH_FIFO, 0, MAAR_RING_SPSC, wait_open, wait_close, NULL,
	  NULL, BENCH_LOOPS_ROUND_TRIP(wait) },
};

const struct bench_peer bench_peer_maar_wait = BENCH_ROWS(rows);
