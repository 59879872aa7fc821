/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Rings on another processor: no test library, no liburcu, so that a cross compiler alone can build it (check-proof
 * runs it under an emulator). It shows that the processor's own instructions (the 16-byte compare-and-swap above all),
 * sizes and alignments are right; emulation cannot show memory orders.
 */
#include <maar/ring.h>

#include "../../src/ring/ring_priv.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#define VALUES 20000 /* of one producer: seconds under emulation */
#define BOTH   2     /* producers, and consumers, on a side that is free */

struct side {
	struct maar_ring *ring;
	unsigned number, threads;
	uint64_t left; /* consumers: values to take */
	uint64_t sum;
	uint64_t last[BOTH];
	int wrong;
};

static void *produce(void *arg)
{
	struct side *s = arg;

	for (uint64_t i = 1; i <= VALUES; i++)
		while (!maar_ring_enqueue(s->ring, (uint64_t)s->number << 32 | i))
			sched_yield();
	return NULL;
}

static uint64_t taken; /* by all consumers */

static void *consume(void *arg)
{
	struct side *s = arg;
	uint64_t values[4];

	while (__atomic_load_n(&taken, __ATOMIC_RELAXED) < s->left) {
		const size_t n = maar_ring_dequeue_burst(s->ring, values, 4);

		for (size_t i = 0; i < n; i++) {
			const uint64_t producer = values[i] >> 32, sequence = values[i] & UINT32_MAX;

			if (producer >= BOTH || sequence <= s->last[producer])
				s->wrong = 1;
			else
				s->last[producer] = sequence;
			s->sum += sequence;
		}
		__atomic_fetch_add(&taken, n, __ATOMIC_RELAXED);
		if (n == 0)
			sched_yield();
	}
	return NULL;
}

static int run(unsigned flags, size_t capacity, uint64_t start)
{
	const unsigned producers = flags & MAAR_RING_SP ? 1 : BOTH, consumers = flags & MAAR_RING_SC ? 1 : BOTH;
	struct maar_ring *ring = maar_ring_create(capacity, flags);
	struct side sides[2 * BOTH] = { { 0 } };
	pthread_t threads[2 * BOTH];
	uint64_t sum = 0;
	int wrong = 0;

	if (!ring) {
		if (!MAAR_HAVE_CAS2 && !(flags & (MAAR_RING_SP | MAAR_RING_TICKET)))
			return 0; /* as documented */
		perror("maar_ring_create");
		return 1;
	}
	maar__ring_start_at(ring, start);
	taken = 0;
	for (unsigned i = 0; i < producers + consumers; i++) {
		sides[i].ring = ring;
		sides[i].number = i;
		sides[i].left = (uint64_t)producers * VALUES;
		if (pthread_create(&threads[i], NULL, i < producers ? produce : consume, &sides[i]))
			abort();
	}
	for (unsigned i = 0; i < producers + consumers; i++) {
		pthread_join(threads[i], NULL);
		sum += sides[i].sum;
		wrong |= sides[i].wrong;
	}
	wrong |= sum != (uint64_t)producers * VALUES * (VALUES + 1) / 2 || !maar_ring_empty(ring) ||
		 maar_ring_count(ring);
	printf("flags %u, capacity %zu, start %#llx: %s\n", flags, capacity, (unsigned long long)start,
	       wrong ? "WRONG" : "ok");
	maar_ring_destroy(ring);
	return wrong;
}

int main(void)
{
	static const unsigned modes[] = { MAAR_RING_SPSC,
					  MAAR_RING_SPMC,
					  MAAR_RING_MPSC,
					  MAAR_RING_MPMC,
					  MAAR_RING_MPSC | MAAR_RING_TICKET,
					  MAAR_RING_MPMC | MAAR_RING_TICKET };
	static const size_t capacities[] = { 1, 2, 64 };
	static const uint64_t starts[] = { 0, UINT64_C(0x100000000) - 7, UINT64_MAX - 6 };
	int wrong = 0;

	for (size_t m = 0; m < sizeof(modes) / sizeof(modes[0]); m++)
		for (size_t c = 0; c < 3; c++)
			wrong |= run(modes[m], capacities[c], starts[c]);
	return wrong;
}
