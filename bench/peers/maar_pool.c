/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * maar_mring and maar_pool, alone and in exchange with maar_ring.
 */
#include <maar/pool.h>

#include "peers.h"

struct subject {
	struct bench_carrier carrier;
	struct maar_mring *mring; /* one of the two */
	struct maar_pool *pool;
};

static void *subject_open(const struct bench_case *c, unsigned flags)
{
	struct subject *s = calloc(1, sizeof(*s));

	if (!s || !bench_carrier_open(&s->carrier, c, flags)) {
		free(s);
		return NULL;
	}
	return s;
}

static void *mring_open(const struct bench_contestant *me, const struct bench_case *c, unsigned which)
{
	struct subject *s = subject_open(c, me->param);

	(void)which;
	if (s)
		s->mring = maar_mring_create(BENCH_POOL_SLOTS, c->bytes, NULL);
	if (s && !s->mring)
		perror("maar_mring_create");
	return s && s->mring ? s : NULL;
}

static void *pool_open(const struct bench_contestant *me, const struct bench_case *c, unsigned which)
{
	struct subject *s = subject_open(c, me->param);

	(void)which;
	if (s)
		s->pool = maar_pool_create(BENCH_POOL_SLOTS, c->bytes, NULL);
	if (s && !s->pool)
		perror("maar_pool_create");
	return s && s->pool ? s : NULL;
}

/* Both refuse to be destroyed while something is out. */
static int subject_close(void *subject)
{
	struct subject *s = subject;
	struct maar_mring_stats stats = { 0 };
	struct maar_mring *mring = s->mring ? s->mring : maar_pool_mring(s->pool);
	int rc;

	(void)maar_mring_stats(mring, &stats);
	rc = s->mring ? maar_mring_destroy(s->mring) : maar_pool_destroy(s->pool);
	maar_ring_destroy(s->carrier.ring);
	free(s);
	return rc ? (int)stats.in_use + (stats.in_use == 0) : 0;
}

/* ---- the calls --------------------------------------------------------------------------------------------------- */

BENCH_INLINE void *mring_get(void *h, size_t bytes)
{
	(void)bytes;
	return maar_mring_get(((struct subject *)h)->mring);
}

BENCH_INLINE int mring_give(void *h, void *object)
{
	return maar_mring_put(((struct subject *)h)->mring, object);
}

BENCH_INLINE size_t mring_get_n(void *h, void **objects, size_t n, size_t bytes)
{
	(void)bytes;
	return maar_mring_get_bulk(((struct subject *)h)->mring, objects, n);
}

BENCH_INLINE size_t mring_give_n(void *h, void **objects, size_t n)
{
	return maar_mring_put_bulk(((struct subject *)h)->mring, objects, n);
}

BENCH_INLINE void *pool_get(void *h, size_t bytes)
{
	(void)bytes;
	return maar_pool_get(((struct subject *)h)->pool);
}

BENCH_INLINE int pool_give(void *h, void *object)
{
	return maar_pool_put(((struct subject *)h)->pool, (struct maar_msg *)object);
}

BENCH_INLINE size_t pool_get_n(void *h, void **objects, size_t n, size_t bytes)
{
	(void)bytes;
	return maar_pool_get_bulk(((struct subject *)h)->pool, (struct maar_msg **)objects, n);
}

BENCH_INLINE size_t pool_give_n(void *h, void **objects, size_t n)
{
	return maar_pool_put_bulk(((struct subject *)h)->pool, (struct maar_msg **)objects, n);
}

BENCH_INLINE void *pool_data(void *object)
{
	return maar_msg_data((struct maar_msg *)object);
}

BENCH_INLINE size_t any_put(void *h, uint64_t value)
{
	return maar_ring_enqueue(((struct subject *)h)->carrier.ring, value);
}

BENCH_INLINE size_t any_take(void *h, uint64_t *value)
{
	return maar_ring_dequeue(((struct subject *)h)->carrier.ring, value);
}

BENCH_POOL_LOOPS(mring, mring_get, mring_give, mring_get_n, mring_give_n, bench_bytes)
BENCH_EXCHANGE_LOOPS(mring, mring_get, bench_bytes, mring_give, bench_carrier_put, bench_carrier_take)
BENCH_POOL_LOOPS(pool, pool_get, pool_give, pool_get_n, pool_give_n, pool_data)
BENCH_EXCHANGE_LOOPS(pool, pool_get, pool_data, pool_give, bench_carrier_put, bench_carrier_take)
BENCH_EXCHANGE_LOOPS(both, pool_get, pool_data, pool_give, any_put, any_take)

#define ROW(name, set, mode, open, loops)                                                                              \
	{                                                                                                              \
		name, "maar", NULL, set, BENCH_FIFO, 0, mode, open, subject_close, NULL, NULL, loops                   \
	}
#define BOTH(name, set, mode) ROW(name, set, mode, pool_open, BENCH_LOOPS_EXCHANGE(both))

static const struct bench_contestant rows[] = {
	ROW("maar_mring", BENCH_POOL | BENCH_CROSS, MAAR_RING_SPSC, mring_open, BENCH_LOOPS_POOL(mring)),
	ROW("maar_pool", BENCH_POOL | BENCH_CROSS, MAAR_RING_SPSC, pool_open, BENCH_LOOPS_POOL(pool)),
	BOTH("maar_pool + maar_ring spsc", BENCH_EXCHANGE1 | BENCH_SLOTS, MAAR_RING_SPSC),
	BOTH("maar_pool + maar_ring mpmc", BENCH_EXCHANGE1 | BENCH_EXCHANGE, MAAR_RING_MPMC),
	BOTH("maar_pool + maar_ring mpmc ticket", BENCH_EXCHANGE1 | BENCH_EXCHANGE, MAAR_RING_MPMC | MAAR_RING_TICKET),
};

const struct bench_peer bench_peer_maar_pool = BENCH_ROWS(rows);
