/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Pools of APR: cleared after each filling.
 */
#include <apr_general.h>
#include <apr_pools.h>

#include "peers.h"

struct subject {
	size_t objects;
	apr_pool_t *pool;
};

static void *apr_open(const struct bench_contestant *me, const struct bench_case *c, unsigned which)
{
	struct subject *s = (struct subject *)calloc(1, sizeof(*s));

	(void)me;
	(void)which;
	if (!s || apr_initialize() || apr_pool_create(&s->pool, NULL)) {
		fputs("APR: no pool\n", stderr);
		return NULL;
	}
	s->objects = c->capacity;
	return s;
}

static int apr_close(void *subject)
{
	struct subject *s = (struct subject *)subject;

	apr_pool_destroy(s->pool);
	apr_terminate();
	free(s);
	return 0;
}

BENCH_INLINE size_t objects_of(void *h)
{
	return ((struct subject *)h)->objects;
}

BENCH_INLINE void *pool_alloc(void *h, size_t bytes)
{
	return apr_palloc(((struct subject *)h)->pool, bytes);
}

BENCH_INLINE void pool_end(void *h)
{
	apr_pool_clear(((struct subject *)h)->pool);
}

BENCH_FILL_LOOP(apr, objects_of, pool_alloc, pool_end)

static const struct bench_contestant rows[] = {
	{ "apr_pool", "APR", NULL, BENCH_ARENA, BENCH_FIFO, 0, 0, apr_open, apr_close, NULL, NULL,
	  BENCH_LOOPS_FILL(apr) },
};

const struct bench_peer bench_peer_apr = BENCH_ROWS(rows);
