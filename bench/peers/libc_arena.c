/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * malloc, and free for each object at the end.
 */

#include "peers.h"

struct subject {
	size_t objects, n;
	void *object[];
};

static void *malloc_open(const struct bench_contestant *me, const struct bench_case *c, unsigned which)
{
	struct subject *s = (struct subject *)calloc(1, sizeof(*s) + c->capacity * sizeof(void *));

	(void)me;
	(void)which;
	if (s)
		s->objects = c->capacity;
	return s;
}

static int malloc_close(void *subject)
{
	free(subject);
	return 0;
}

BENCH_INLINE size_t objects_of(void *h)
{
	return ((struct subject *)h)->objects;
}

BENCH_INLINE void *malloc_alloc(void *h, size_t bytes)
{
	struct subject *s = (struct subject *)h;

	return s->object[s->n++] = bench_malloc(h, bytes);
}

BENCH_INLINE void malloc_end(void *h)
{
	struct subject *s = (struct subject *)h;

	while (s->n)
		free(s->object[--s->n]);
}

BENCH_FILL_LOOP(malloc, objects_of, malloc_alloc, malloc_end)

static const struct bench_contestant rows[] = {
	{ "malloc, free each", "C library", NULL, BENCH_ARENA, BENCH_FIFO, 0, 0, malloc_open, malloc_close, NULL, NULL,
	  BENCH_LOOPS_FILL(malloc) },
};

const struct bench_peer bench_peer_libc_arena = BENCH_ROWS(rows);
