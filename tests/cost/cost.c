/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Operations whose instructions are counted: each function named cost_* does one kind TIMES times, with all at hand that a fast
 * one needs. callgrind counts in these functions alone; cost_nothing is what the loop takes.
 */
#include <maar.h>

#include <stdlib.h>

#define COST  __attribute__((noinline)) void
#define TIMES 1000

#define LOOP for (unsigned i = 0; i < TIMES; i++)
/* The compiler must neither drop what comes out of a call, nor put two calls together. */
#define KEEP(value) __asm__ volatile("" : : "r"(value) : "memory")

COST cost_nothing(void);
COST cost_ring_enqueue_spsc(struct maar_ring *ring);
COST cost_ring_dequeue_spsc(struct maar_ring *ring);
COST cost_ring_enqueue_spsc_handle(struct maar_ring *ring);
COST cost_ring_dequeue_spsc_handle(struct maar_ring *ring);
COST cost_ring_enqueue_mpmc(struct maar_ring *ring);
COST cost_ring_dequeue_mpmc(struct maar_ring *ring);
COST cost_ring_enqueue_ticket(struct maar_ring *ring);
COST cost_ring_dequeue_ticket(struct maar_ring *ring);
COST cost_mring_get_put(struct maar_mring *mring);
COST cost_pool_get_put(struct maar_pool *pool);
COST cost_malloc_free(void);
COST cost_arena_alloc(struct maar_arena *arena);

void cost_nothing(void)
{
	LOOP KEEP(i);
}

/* Of rings of this kind, which the compiler is told. */
#define RING_COST(name, flags)                                                                                         \
	void cost_ring_enqueue_##name(struct maar_ring *ring)                                                          \
	{                                                                                                              \
		LOOP KEEP(maar_ring_enqueue(maar_ring_assume(ring, flags), i));                                        \
	}                                                                                                              \
	void cost_ring_dequeue_##name(struct maar_ring *ring)                                                          \
	{                                                                                                              \
		uint64_t value = 0;                                                                                    \
                                                                                                                       \
		LOOP                                                                                                   \
		{                                                                                                      \
			KEEP(maar_ring_dequeue(maar_ring_assume(ring, flags), &value));                                \
			KEEP(value);                                                                                   \
		}                                                                                                      \
	}

RING_COST(spsc, MAAR_RING_SPSC)
RING_COST(spsc_handle, MAAR_RING_SPSC | MAAR_RING_HANDLE)
RING_COST(mpmc, MAAR_RING_MPMC)
RING_COST(ticket, MAAR_RING_TICKET)

void cost_mring_get_put(struct maar_mring *mring)
{
	LOOP
	{
		void *slot = maar_mring_get(mring);

		KEEP(slot);
		KEEP(maar_mring_put(mring, slot));
	}
}

void cost_pool_get_put(struct maar_pool *pool)
{
	LOOP
	{
		struct maar_msg *msg = maar_pool_get(pool);

		KEEP(msg);
		KEEP(maar_pool_put(pool, msg));
	}
}

void cost_malloc_free(void)
{
	LOOP
	{
		void *block = maar_malloc(64);

		KEEP(block);
		maar_free(block);
	}
}

void cost_arena_alloc(struct maar_arena *arena)
{
	LOOP KEEP(maar_arena_alloc(arena, 32));
}

#define BOTH(name, flags)                                                                                              \
	do {                                                                                                           \
		struct maar_ring *ring = maar_ring_create(TIMES, flags);                                               \
                                                                                                                       \
		if (!ring)                                                                                             \
			return 1;                                                                                      \
		cost_ring_enqueue_##name(ring);                                                                        \
		if (maar_ring_count(ring) != TIMES)                                                                    \
			return 1;                                                                                      \
		cost_ring_dequeue_##name(ring);                                                                        \
		if (!maar_ring_empty(ring))                                                                            \
			return 1;                                                                                      \
		maar_ring_destroy(ring);                                                                               \
	} while (0)

int main(void)
{
	const struct maar_arena_options large = { .first_bytes = 1 << 20, .chunk_bytes = 1 << 20 };
	struct maar_mring *mring = maar_mring_create(1000, 64, NULL);
	struct maar_pool *pool = maar_pool_create(1000, 64, NULL);
	struct maar_arena *arena = maar_arena_create(&large);

	if (!mring || !pool || !arena)
		return 1;
	/* What a first time takes is not what is asked. */
	maar_mring_put(mring, maar_mring_get(mring));
	maar_pool_put(pool, maar_pool_get(pool));
	maar_free(maar_malloc(64));
	(void)!maar_arena_alloc(arena, 32);

	cost_nothing();
	BOTH(spsc, MAAR_RING_SPSC);
	BOTH(spsc_handle, MAAR_RING_SPSC | MAAR_RING_HANDLE);
	BOTH(mpmc, MAAR_RING_MPMC);
	BOTH(ticket, MAAR_RING_TICKET);
	cost_mring_get_put(mring);
	cost_pool_get_put(pool);
	cost_malloc_free();
	cost_arena_alloc(arena);
	maar_arena_destroy(arena);
	return maar_mring_destroy(mring) || maar_pool_destroy(pool);
}
