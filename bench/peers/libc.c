/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * malloc and free of the C library, as a pool of objects: what a program without one uses.
 */
#include "peers.h"

static void *libc_open(const struct bench_contestant *me, const struct bench_case *c, unsigned which)
{
	struct bench_carrier *s = calloc(1, sizeof(*s));

	(void)me;
	(void)which;
	if (s && bench_carrier_open(s, c, MAAR_RING_SPSC))
		return s;
	free(s);
	return NULL;
}

static int libc_close(void *subject)
{
	struct bench_carrier *s = subject;

	maar_ring_destroy(s->ring);
	free(s);
	return 0; /* malloc does not say what is out */
}

BENCH_INLINE size_t libc_get_n(void *h, void **objects, size_t n, size_t bytes)
{
	size_t i;

	for (i = 0; i < n; i++)
		objects[i] = bench_malloc(h, bytes);
	return n;
}

BENCH_INLINE size_t libc_give_n(void *h, void **objects, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		bench_free(h, objects[i]);
	return n;
}

BENCH_POOL_LOOPS(libc, bench_malloc, bench_free, libc_get_n, libc_give_n, bench_bytes)
BENCH_EXCHANGE_LOOPS(libc, bench_malloc, bench_bytes, bench_free, bench_carrier_put, bench_carrier_take)

static const struct bench_contestant rows[] = {
	{ "malloc, free", "C library", NULL, BENCH_POOL | BENCH_CROSS, BENCH_FIFO, 0, 0, libc_open, libc_close, NULL,
	  NULL, BENCH_LOOPS_POOL(libc) },
};

const struct bench_peer bench_peer_libc = BENCH_ROWS(rows);
