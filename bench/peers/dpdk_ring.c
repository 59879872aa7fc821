/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * rte_ring of DPDK in its synchronization modes. A ring in memory of one's own needs no EAL. Of a size it holds one
 * entry less (the flag for an exact size doubles the memory).
 */
#include <rte_ring.h>

#include "peers.h"

/* What rte_ring calls a mode; param of the rows. */
enum {
	SP_SC = RING_F_SP_ENQ | RING_F_SC_DEQ,
	HTS = RING_F_MP_HTS_ENQ | RING_F_MC_HTS_DEQ,
	RTS = RING_F_MP_RTS_ENQ | RING_F_MC_RTS_DEQ
};

static void *subject_open(const struct bench_contestant *me, const struct bench_case *c, unsigned which)
{
	const ssize_t bytes = rte_ring_get_memsize((unsigned)c->capacity);
	struct rte_ring *ring = bytes > 0 ? aligned_alloc(RTE_CACHE_LINE_SIZE, (size_t)bytes) : NULL;

	(void)which;
	if (ring && rte_ring_init(ring, "bench", (unsigned)c->capacity, me->param) == 0)
		return ring;
	fprintf(stderr, "rte_ring of %zu entries: cannot be made\n", c->capacity);
	free(ring);
	return NULL;
}

static int subject_close(void *subject)
{
	free(subject);
	return 0;
}

/* CALLS(id, infix of the producers' calls, infix of the consumers') */
#define CALLS(id, put, take)                                                                                           \
	BENCH_INLINE size_t id##_put_n(void *q, const uint64_t *values, size_t n)                                      \
	{                                                                                                              \
		return rte_ring_##put##_enqueue_burst((struct rte_ring *)q, (void *const *)(uintptr_t)values,          \
						      (unsigned)n, NULL);                                              \
	}                                                                                                              \
	BENCH_INLINE size_t id##_take_n(void *q, uint64_t *values, size_t n)                                           \
	{                                                                                                              \
		return rte_ring_##take##_dequeue_burst((struct rte_ring *)q, (void **)values, (unsigned)n, NULL);      \
	}                                                                                                              \
	BENCH_INLINE size_t id##_put(void *q, uint64_t value)                                                          \
	{                                                                                                              \
		return id##_put_n(q, &value, 1);                                                                       \
	}                                                                                                              \
	BENCH_INLINE size_t id##_take(void *q, uint64_t *value)                                                        \
	{                                                                                                              \
		return id##_take_n(q, value, 1);                                                                       \
	}                                                                                                              \
	BENCH_INLINE size_t id##_put_all(void *q, const uint64_t *values, size_t n)                                    \
	{                                                                                                              \
		return rte_ring_##put##_enqueue_bulk((struct rte_ring *)q, (void *const *)(uintptr_t)values,           \
						     (unsigned)n, NULL);                                               \
	}                                                                                                              \
	BENCH_INLINE size_t id##_take_all(void *q, uint64_t *values, size_t n)                                         \
	{                                                                                                              \
		return rte_ring_##take##_dequeue_bulk((struct rte_ring *)q, (void **)values, (unsigned)n, NULL);       \
	}                                                                                                              \
	BENCH_QUEUE(id, id##_put, id##_take)                                                                           \
	BENCH_QUEUE_BULK(id, id##_put_n, id##_take_n)                                                                  \
	BENCH_QUEUE_BULK(id##_all, id##_put_all, id##_take_all)

CALLS(spsc, sp, sc)
CALLS(mpmc, mp, mc)
CALLS(mpsc, mp, sc)
CALLS(spmc, sp, mc)
CALLS(hts, mp_hts, mc_hts)
CALLS(rts, mp_rts, mc_rts)

#define ROW(name, set, mode, id)                                                                                       \
	{                                                                                                              \
		name, "DPDK", NULL, set, BENCH_FIFO, 0, mode, subject_open, subject_close, NULL, NULL,                 \
			BENCH_LOOPS_QUEUE_ALL(id)                                                                      \
	}

/* clang-format off */
static const struct bench_contestant rows[] = {
	ROW("rte_ring sp/sc", BENCH_SPSC, SP_SC, spsc),
	ROW("rte_ring mp/sc", BENCH_MPSC, RING_F_SC_DEQ, mpsc),
	ROW("rte_ring sp/mc", BENCH_SPMC, RING_F_SP_ENQ, spmc),
	ROW("rte_ring mp/mc", BENCH_MPMC, 0, mpmc),
	ROW("rte_ring hts", BENCH_ANY_TO_ANY, HTS, hts),
	ROW("rte_ring rts", BENCH_ANY_TO_ANY, RTS, rts),
};
/* clang-format on */

const struct bench_peer bench_peer_dpdk_ring = BENCH_ROWS(rows);
