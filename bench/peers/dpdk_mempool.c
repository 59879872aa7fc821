/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * rte_mempool of DPDK, alone and in exchange with rte_ring. It needs the EAL, which here runs without huge pages,
 * devices and files; every thread is registered with it, or rte_mempool would not give it a cache.
 */
#include <pthread.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_mempool.h>

#include "peers.h"

/* Objects in each thread's cache: the most there may be, and what the peer's own examples use. param of the rows. */
#define CACHE	 RTE_MEMPOOL_CACHE_MAX_SIZE
#define NO_CACHE 0

struct subject {
	struct bench_carrier carrier;
	struct rte_mempool *pool;
	struct rte_ring *ring;
};

/* True if the EAL runs. It binds the calling thread to a processor, which is not wanted here. */
static int start_eal(void)
{
	static char name[] = "bench", no_huge[] = "--no-huge", no_shconf[] = "--no-shconf", va[] = "--iova-mode=va",
		    no_pci[] = "--no-pci", no_telemetry[] = "--no-telemetry", log_level[] = "--log-level=error",
		    one[] = "--lcores=0@0";
	char *argv[] = { name, no_huge, no_shconf, va, no_pci, no_telemetry, log_level, one, NULL };
	char core[32];
	cpu_set_t before;
	int cpu, rc;

	if (sched_getaffinity(0, sizeof(before), &before))
		return 0;
	for (cpu = 0; cpu < CPU_SETSIZE - 1 && !CPU_ISSET(cpu, &before); cpu++)
		;
	snprintf(core, sizeof(core), "--lcores=0@%d", cpu);
	argv[7] = core;
	rc = rte_eal_init(8, argv);
	pthread_setaffinity_np(pthread_self(), sizeof(before), &before);
	if (rc < 0)
		fprintf(stderr, "rte_eal_init: %s\n", rte_strerror(rte_errno));
	return rc >= 0;
}

static void *pool_open(const struct bench_case *c, unsigned cache)
{
	struct subject *s = calloc(1, sizeof(*s));

	if (!s || !start_eal())
		return NULL; /* the process ends */
	s->pool = rte_mempool_create("bench", BENCH_POOL_SLOTS, (unsigned)c->bytes, cache, 0, NULL, NULL, NULL, NULL,
				     SOCKET_ID_ANY, 0);
	if (!s->pool)
		fprintf(stderr, "rte_mempool_create: %s\n", rte_strerror(rte_errno));
	return s->pool ? s : NULL;
}

static void *cross_open(const struct bench_contestant *me, const struct bench_case *c, unsigned which)
{
	struct subject *s = pool_open(c, me->param);

	(void)which;
	return s && bench_carrier_open(&s->carrier, c, MAAR_RING_SPSC) ? s : NULL;
}

/* param is the ring's mode here. */
static void *exchange_open(const struct bench_contestant *me, const struct bench_case *c, unsigned which)
{
	struct subject *s = pool_open(c, CACHE);

	(void)which;
	if (!s)
		return NULL;
	s->ring = rte_ring_create("bench", (unsigned)c->capacity, SOCKET_ID_ANY, me->param);
	if (!s->ring)
		fprintf(stderr, "rte_ring_create: %s\n", rte_strerror(rte_errno));
	return s->ring ? s : NULL;
}

static int subject_close(void *subject)
{
	struct subject *s = subject;

	return (int)rte_mempool_in_use_count(s->pool); /* free ones in caches are not in use */
}

static void *subject_enter(void *subject, int puts, int takes)
{
	(void)puts;
	(void)takes;
	if (rte_thread_register() == 0)
		return subject;
	fprintf(stderr, "rte_thread_register: %s\n", rte_strerror(rte_errno));
	return NULL;
}

static void subject_leave(void *handle)
{
	(void)handle;
	rte_thread_unregister();
}

/* ---- the calls --------------------------------------------------------------------------------------------------- */

BENCH_INLINE void *pool_get(void *h, size_t bytes)
{
	void *object;

	(void)bytes;
	return rte_mempool_get(((struct subject *)h)->pool, &object) ? NULL : object;
}

BENCH_INLINE int pool_give(void *h, void *object)
{
	rte_mempool_put(((struct subject *)h)->pool, object);
	return 0;
}

BENCH_INLINE size_t pool_get_n(void *h, void **objects, size_t n, size_t bytes)
{
	(void)bytes;
	return rte_mempool_get_bulk(((struct subject *)h)->pool, objects, (unsigned)n) ? 0 : n;
}

BENCH_INLINE size_t pool_give_n(void *h, void **objects, size_t n)
{
	rte_mempool_put_bulk(((struct subject *)h)->pool, objects, (unsigned)n);
	return n;
}

/* CALLS(id, infix of the producers' calls, infix of the consumers') */
#define CALLS(id, put, take)                                                                                           \
	BENCH_INLINE size_t id##_put(void *h, uint64_t value)                                                          \
	{                                                                                                              \
		void *object = (void *)(uintptr_t)value;                                                               \
                                                                                                                       \
		return rte_ring_##put##_enqueue_burst(((struct subject *)h)->ring, &object, 1, NULL);                  \
	}                                                                                                              \
	BENCH_INLINE size_t id##_take(void *h, uint64_t *value)                                                        \
	{                                                                                                              \
		return rte_ring_##take##_dequeue_burst(((struct subject *)h)->ring, (void **)value, 1, NULL);          \
	}                                                                                                              \
	BENCH_EXCHANGE_LOOPS(id, pool_get, bench_bytes, pool_give, id##_put, id##_take)

CALLS(spsc, sp, sc)
CALLS(mpmc, mp, mc)
CALLS(hts, mp_hts, mc_hts)
BENCH_POOL_LOOPS(pool, pool_get, pool_give, pool_get_n, pool_give_n, bench_bytes)
BENCH_EXCHANGE_LOOPS(pool, pool_get, bench_bytes, pool_give, bench_carrier_put, bench_carrier_take)

#define ROW(name, note, set, param, open, loops)                                                                       \
	{                                                                                                              \
		name, "DPDK", note, set, BENCH_FIFO, 0, param, open, subject_close, subject_enter, subject_leave,      \
			loops                                                                                          \
	}
#define BOTH(name, set, param, id) ROW(name, NULL, set, param, exchange_open, BENCH_LOOPS_EXCHANGE(id))

static const struct bench_contestant rows[] = {
	ROW("rte_mempool, cache of 512", "threads registered", BENCH_POOL | BENCH_CROSS, CACHE, cross_open,
	    BENCH_LOOPS_POOL(pool)),
	ROW("rte_mempool, no cache", "as for unregistered threads", BENCH_POOL | BENCH_CROSS, NO_CACHE, cross_open,
	    BENCH_LOOPS_POOL(pool)),
	BOTH("rte_mempool + rte_ring sp/sc", BENCH_EXCHANGE1, RING_F_SP_ENQ | RING_F_SC_DEQ, spsc),
	BOTH("rte_mempool + rte_ring mp/mc", BENCH_EXCHANGE1 | BENCH_EXCHANGE, 0, mpmc),
	BOTH("rte_mempool + rte_ring hts", BENCH_EXCHANGE1 | BENCH_EXCHANGE, RING_F_MP_HTS_ENQ | RING_F_MC_HTS_DEQ,
	     hts),
};

const struct bench_peer bench_peer_dpdk_mempool = BENCH_ROWS(rows);
