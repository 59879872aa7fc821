/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * rte_ring of DPDK in shared memory: one ring of free slots, one of messages, pointers in both, which are good as all
 * processes have the memory at the same address. It cannot wait.
 */
#include <rte_ring.h>

#include "ipc.h"

enum { SP_SC = RING_F_SP_ENQ | RING_F_SC_DEQ, MP_MC = 0 };

struct world {
	struct rte_ring *free, *full;
	size_t message, bytes;
};

/* A ring of a size has one entry less than that: so many more slots would not fit. */
static struct rte_ring *ring_in(unsigned char **at, unsigned entries, unsigned mode)
{
	struct rte_ring *ring = (struct rte_ring *)(void *)*at;

	*at += ((size_t)rte_ring_get_memsize(entries) + BENCH_APART - 1) / BENCH_APART * BENCH_APART;
	return rte_ring_init(ring, "bench", entries, mode) ? NULL : ring;
}

static void *world_open(const struct bench_contestant *me, const struct bench_case *c, unsigned which)
{
	const unsigned entries = (unsigned)c->capacity;
	const size_t ring = ((size_t)rte_ring_get_memsize(entries) + BENCH_APART - 1) / BENCH_APART * BENCH_APART;
	const size_t bytes = BENCH_APART + 2 * ring + c->capacity * c->bytes;
	struct world *world = bench_ipc_map(bytes);
	unsigned char *at;
	unsigned i;

	(void)which;
	if (!world)
		return NULL;
	at = (unsigned char *)world + BENCH_APART;
	world->message = c->bytes;
	world->bytes = bytes;
	world->free = ring_in(&at, entries, me->param);
	world->full = ring_in(&at, entries, me->param);
	for (i = 0; world->free && world->full && i + 1 < entries; i++)
		if (rte_ring_enqueue(world->free, at + i * c->bytes))
			break;
	if (i + 1 == entries)
		return world;
	fprintf(stderr, "rte_ring of %u entries: cannot be made\n", entries);
	return NULL;
}

static int world_close(void *subject)
{
	struct world *world = subject;

	munmap(world, world->bytes);
	return 0;
}

#define CALLS(id, put, take)                                                                                           \
	BENCH_INLINE size_t id##_put(void *handle, uint64_t value)                                                     \
	{                                                                                                              \
		struct world *world = handle;                                                                          \
		void *slot;                                                                                            \
                                                                                                                       \
		if (rte_ring_##take##_dequeue(world->free, &slot))                                                     \
			return 0;                                                                                      \
		bench_message_write(slot, world->message, value);                                                      \
		return rte_ring_##put##_enqueue(world->full, slot) == 0; /* has as many places as there are slots */   \
	}                                                                                                              \
	BENCH_INLINE size_t id##_take(void *handle, uint64_t *value)                                                   \
	{                                                                                                              \
		struct world *world = handle;                                                                          \
		void *slot;                                                                                            \
                                                                                                                       \
		if (rte_ring_##take##_dequeue(world->full, &slot))                                                     \
			return 0;                                                                                      \
		*value = bench_message_read(slot, world->message);                                                     \
		return rte_ring_##put##_enqueue(world->free, slot) == 0;                                               \
	}                                                                                                              \
	BENCH_IPC(id, id##_put, id##_take)

CALLS(single, sp, sc)
CALLS(multi, mp, mc)

#define ROW(name, set, mode, id)                                                                                       \
	{                                                                                                              \
		name, "DPDK", NULL, set, BENCH_FIFO, 0, mode, world_open, world_close, NULL, NULL, BENCH_LOOPS_IPC(id) \
	}

static const struct bench_contestant rows[] = {
	ROW("rte_ring sp/sc", BENCH_IPC_STREAMS | BENCH_IPC_BUSIES, SP_SC, single),
	ROW("rte_ring mp/mc", BENCH_IPC_STREAMS | BENCH_IPC_BUSIES | BENCH_IPC_MANY, MP_MC, multi),
};

const struct bench_peer bench_peer_ipc_rte = BENCH_ROWS(rows);
