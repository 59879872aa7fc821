/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The smallest exchange: one thread sends a pooled message through a ring, another receives it and gives it back.
 */
#include <maar.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

static void *receive(void *ring)
{
	struct maar_msg *m;

	while (!(m = maar_ring_dequeue_ptr(ring))) /* NULL while the ring is empty */
		sched_yield();
	printf("received: %.*s\n", (int)maar_msg_length(m), (char *)maar_msg_data(m));
	maar_msg_release(m);
	return NULL;
}

int main(void)
{
	struct maar_pool *pool = maar_pool_create(1000, 256, NULL); /* messages, bytes each */
	struct maar_ring *ring = maar_ring_create(1024, MAAR_RING_SPSC);
	struct maar_msg *m = maar_pool_get(pool); /* NULL if all are out */
	pthread_t receiver;

	if (!ring || !m || pthread_create(&receiver, NULL, receive, ring)) {
		perror("hello");
		return 1;
	}
	if (maar_msg_append(m, "hello from maar", 15) ||
	    !maar_ring_enqueue_ptr(ring, m)) /* no room in either: not here */
		abort();
	pthread_join(receiver, NULL);
	maar_ring_destroy(ring);
	return maar_pool_destroy(pool) != 0; /* -EBUSY if a message were still out */
}
