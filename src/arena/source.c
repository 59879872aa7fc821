/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Where an arena's memory comes from, and the counting of it. The default source is chosen here and nowhere else.
 */
#include "arena_priv.h"

#include <maar/alloc.h>

static void *from_alloc(size_t bytes, void *arg)
{
	(void)arg;
	if (!maar__fault(MAAR__FAULT_ALLOC))
		return maar_malloc(bytes);
	errno = ENOMEM;
	return NULL;
}

static void to_alloc(void *memory, size_t bytes, void *arg)
{
	(void)arg;
	maar_free_sized(memory, bytes);
}

static void *from_malloc(size_t bytes, void *arg)
{
	(void)arg;
	return maar__malloc(bytes);
}

static void to_malloc(void *memory, size_t bytes, void *arg)
{
	(void)bytes;
	(void)arg;
	maar__free(memory);
}

void maar__arena_choose(struct maar_arena_options *o)
{
	static const struct maar_arena_source of_malloc = { from_malloc, to_malloc, NULL };
	static const struct maar_arena_source of_alloc = { from_alloc, to_alloc, NULL };

	if (o->source.allocate)
		return;
	/* A leak checker looks for pointers in malloc's blocks, not in our mappings: it would miss what an arena points to. */
	o->source = o->flags & MAAR_ARENA_MALLOC || maar__tools() ? of_malloc : of_alloc;
}

static bool within_limits(const struct maar__arena *a, size_t bytes)
{
	for (; a; a = a->parent)
		if (a->held > a->o.limit_bytes || bytes > a->o.limit_bytes - a->held)
			return false;
	return true;
}

void *maar__arena_get(struct maar__arena *a, size_t bytes)
{
	void *piece = within_limits(a, bytes) ? a->o.source.allocate(bytes, a->o.source.arg) : NULL;

	if (!piece)
		return NULL;
	for (; a; a = a->parent) {
		a->held += bytes;
		a->most = a->held > a->most ? a->held : a->most;
	}
	return piece;
}

void maar__arena_give(struct maar__arena *a, void *piece, size_t bytes)
{
	const struct maar_arena_source source = a->o.source; /* the piece may be the arena itself */
	const unsigned tools = a->tools;
	struct maar__arena *of;

	for (of = a; of; of = of->parent)
		of->held -= bytes;
	maar__tools_show(tools, piece, bytes);
	source.release(piece, bytes, source.arg);
}

MAAR_COLD void *maar__arena_refuse(struct maar__arena *a)
{
	for (; a; a = a->parent)
		a->refused++;
	errno = ENOMEM;
	return NULL;
}
