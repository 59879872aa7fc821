/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * maar_arena: reset after each filling, or a child for each.
 */
#include <maar/arena.h>

#include "peers.h"

struct subject {
	size_t objects;
	struct maar_arena *arena, *child;
};

static void *arena_open(const struct bench_contestant *me, const struct bench_case *c, unsigned which)
{
	struct subject *s = (struct subject *)calloc(1, sizeof(*s));

	(void)which;
	if (!s)
		return NULL;
	s->objects = c->capacity;
	s->arena = maar_arena_create(NULL);
	if (s->arena && me->param)
		s->child = maar_arena_create_child(s->arena, NULL);
	if (!s->arena || (me->param && !s->child)) {
		perror("maar_arena_create");
		return NULL;
	}
	return s;
}

static int arena_close(void *subject)
{
	struct subject *s = (struct subject *)subject;
	const int rc = maar_arena_check(s->arena);

	maar_arena_destroy(s->arena);
	free(s);
	return rc != 0;
}

BENCH_INLINE size_t objects_of(void *h)
{
	return ((struct subject *)h)->objects;
}

BENCH_INLINE void *arena_alloc(void *h, size_t bytes)
{
	return maar_arena_alloc(((struct subject *)h)->arena, bytes);
}

BENCH_INLINE void arena_end(void *h)
{
	maar_arena_reset(((struct subject *)h)->arena);
}

BENCH_INLINE void *child_alloc(void *h, size_t bytes)
{
	return maar_arena_alloc(((struct subject *)h)->child, bytes);
}

BENCH_INLINE void child_end(void *h)
{
	struct subject *s = (struct subject *)h;

	maar_arena_destroy(s->child);
	s->child = maar_arena_create_child(s->arena, NULL);
}

BENCH_FILL_LOOP(arena, objects_of, arena_alloc, arena_end)
BENCH_FILL_LOOP(child, objects_of, child_alloc, child_end)

static const struct bench_contestant rows[] = {
	{ "maar_arena", "maar", NULL, BENCH_ARENA, BENCH_FIFO, 0, 0, arena_open, arena_close, NULL, NULL,
	  BENCH_LOOPS_FILL(arena) },
	{ "maar_arena, a child each", "maar", NULL, BENCH_ARENA, BENCH_FIFO, 0, 1, arena_open, arena_close, NULL, NULL,
	  BENCH_LOOPS_FILL(child) },
};

const struct bench_peer bench_peer_maar_arena = BENCH_ROWS(rows);
