/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Create and destroy, children, reset and rollback, and what is kept.
 */
#include "arena_priv.h"

#include <string.h>

/* Room that a first chunk has besides the arena itself, however small it was asked to be. */
#define LEAST_ROOM 256

#define FIRST_BYTES 4096  /* a page: a small request needs no more */
#define CHUNK_BYTES 65536 /* far more than the 16 KiB that may be left over at its end; less than glibc takes to mmap */
#define BLOCK_ALIGN 16

/* ---- options ---- */

/* Fills in what is 0; -EINVAL. */
static int complete(struct maar_arena_options *o)
{
	size_t least;

	o->first_bytes = o->first_bytes ? o->first_bytes : FIRST_BYTES;
	o->chunk_bytes = o->chunk_bytes ? o->chunk_bytes : CHUNK_BYTES;
	o->large_bytes = o->large_bytes ? o->large_bytes : o->chunk_bytes / 4;
	o->limit_bytes = o->limit_bytes ? o->limit_bytes : SIZE_MAX;
	o->keep_bytes = o->keep_bytes ? o->keep_bytes : SIZE_MAX;
	o->align = o->align ? o->align : BLOCK_ALIGN;
	if (!maar__is_pow2(o->align) || o->align > MAAR_ARENA_MAX_ALIGN || (o->flags & ~(unsigned)MAAR_ARENA_MALLOC))
		return -EINVAL;
	if (!o->source.allocate != !o->source.release || (o->source.allocate && o->flags))
		return -EINVAL;
	if (o->first_bytes > PTRDIFF_MAX || o->chunk_bytes > PTRDIFF_MAX || o->reserved[0] || o->reserved[1])
		return -EINVAL;
	least = sizeof(struct maar__arena) + o->align + LEAST_ROOM;
	o->first_bytes = o->first_bytes < least ? least : o->first_bytes;
	o->chunk_bytes = o->chunk_bytes < o->first_bytes ? o->first_bytes : o->chunk_bytes;
	return 0;
}

/* ---- create ---- */

static size_t second_bytes(const struct maar_arena_options *o)
{
	return o->first_bytes < o->chunk_bytes / 2 ? 2 * o->first_bytes : o->chunk_bytes;
}

/* An arena in the front of a piece that the parent, if there is one, has counted. */
static struct maar_arena *begin(void *piece, size_t bytes, const struct maar_arena_options *o,
				struct maar__arena *parent)
{
	struct maar__arena *a = piece;

	memset(a, 0, sizeof(*a));
	a->front.mask = o->align - 1;
	a->tools = parent ? parent->tools : maar__tools();
	a->held = a->most = bytes;
	a->next_bytes = second_bytes(o);
	a->parent = parent;
	a->o = *o;
	a->first.bytes = bytes;
	if (parent)
		maar__arena_link(parent, &a->end_of_child, maar__arena_end_child, a);
	maar__arena_enter(a, &a->first, maar__chunk_begin(a, &a->first), maar__chunk_end(a, &a->first));
	return &a->front;
}

struct maar_arena *maar_arena_create(const struct maar_arena_options *options)
{
	struct maar_arena_options o = { 0 };
	void *piece = NULL;
	int rc;

	if (options)
		o = *options;
	rc = complete(&o);
	if (rc == 0) {
		maar__arena_choose(&o);
		if (o.first_bytes <= o.limit_bytes)
			piece = o.source.allocate(o.first_bytes, o.source.arg);
		rc = piece ? 0 : -ENOMEM;
	}
	if (rc == 0)
		return begin(piece, o.first_bytes, &o, NULL);
	errno = -rc;
	return NULL;
}

struct maar_arena *maar_arena_create_child(struct maar_arena *parent, const struct maar_arena_options *options)
{
	struct maar__arena *p = maar__arena_of(parent);
	struct maar_arena_options o;
	struct maar__chunk *c;
	size_t bytes;

	if (!parent || (options && (options->source.allocate || options->source.release || options->flags))) {
		errno = EINVAL;
		return NULL;
	}
	o = options ? *options : p->o;
	if (!options)
		o.limit_bytes = 0;
	o.source = p->o.source;
	o.flags = 0;
	if (complete(&o)) {
		errno = EINVAL;
		return NULL;
	}
	c = maar__arena_kept(p, o.first_bytes, o.limit_bytes);
	if (!c && o.first_bytes <= o.limit_bytes) {
		c = maar__arena_get(p, o.first_bytes);
		if (c)
			c->bytes = o.first_bytes;
	}
	if (!c)
		return maar__arena_refuse(p);
	bytes = c->bytes;
	maar__tools_show(p->tools, c, sizeof(struct maar__arena));
	return begin(c, bytes, &o, p);
}

/* ---- what is kept ---- */

size_t maar_arena_trim(struct maar_arena *arena, size_t keep)
{
	struct maar__arena *a = maar__arena_of(arena);
	size_t before;

	if (!arena)
		return 0;
	before = a->held;
	while (a->held > keep && a->current->next) {
		struct maar__chunk *c = a->current->next;

		a->current->next = c->next;
		maar__arena_give(a, c, c->bytes);
	}
	if (a->current == &a->first && !a->first.next)
		a->next_bytes = second_bytes(&a->o); /* as at the beginning */
	return before - a->held;
}

/* Hides the blocks of chunks behind c, as far as they were filled: a reset and a rollback make them nobody's. */
static void hide_behind(const struct maar__arena *a, struct maar__chunk *c)
{
	if (!a->tools)
		return;
	for (c = c->next; c; c = c->next) {
		unsigned char *from = maar__chunk_begin(a, c);

		maar__tools_hide(a->tools, from, (size_t)(maar__chunk_end(a, c) - from));
	}
}

static void free_large_since(struct maar__arena *a, uint64_t since)
{
	while (a->large && a->large->serial > since)
		maar__arena_free_large(a, a->large);
}

/* ---- the end ---- */

/* A child's chunks become chunks that the parent keeps, in their order, the one that holds the child among them. */
static void hand_over(struct maar__arena *a)
{
	struct maar__arena *p = a->parent;
	struct maar__chunk *last = &a->first, *first = (struct maar__chunk *)(void *)a, head;

	while (last->next)
		last = last->next;
	head = a->first;
	if (last == &a->first)
		last = first;
	*first = head;
	last->next = p->current->next;
	p->current->next = first;
	hide_behind(p, p->current);
	maar_arena_trim(&p->front, p->o.keep_bytes);
}

void maar__arena_end_child(void *child)
{
	struct maar__arena *a = child;

	maar__arena_care(a, 0);
	free_large_since(a, 0);
	hand_over(a);
}

int maar_arena_destroy(struct maar_arena *arena)
{
	struct maar__arena *a = maar__arena_of(arena);

	if (!arena)
		return 0;
	if (a->busy)
		return -EBUSY;
	if (a->parent) {
		maar__arena_unlink(a->parent, &a->end_of_child);
		maar__arena_end_child(a);
		return 0;
	}
	maar__arena_care(a, 0);
	free_large_since(a, 0);
	while (a->first.next) {
		struct maar__chunk *c = a->first.next;

		a->first.next = c->next;
		maar__arena_give(a, c, c->bytes);
	}
	maar__arena_give(a, a, a->first.bytes);
	return 0;
}

/* ---- reset and rollback ---- */

int maar_arena_reset(struct maar_arena *arena)
{
	struct maar__arena *a = maar__arena_of(arena);

	if (!arena)
		return -EINVAL;
	if (a->busy)
		return -EBUSY;
	maar__arena_care(a, 0);
	free_large_since(a, 0);
	a->marks = NULL;
	hide_behind(a, &a->first);
	maar__arena_enter(a, &a->first, maar__chunk_begin(a, &a->first), maar__chunk_end(a, &a->first));
	maar_arena_trim(arena, a->o.keep_bytes);
	return 0;
}

int maar_arena_save(struct maar_arena *arena, struct maar_arena_mark *mark)
{
	struct maar__arena *a = maar__arena_of(arena);
	struct maar__arena_mark *m;

	if (!arena || !mark)
		return -EINVAL;
	m = maar_arena_memalign(arena, MAAR__ARENA_ALIGN, sizeof(*m));
	if (!m)
		return -ENOMEM;
	*m = (struct maar__arena_mark){ a->marks, ++a->serial, a->current, a->front.at, maar__arena_top(a) };
	a->marks = m;
	*mark = (struct maar_arena_mark){ arena, m->serial };
	return 0;
}

int maar_arena_rollback(struct maar_arena *arena, struct maar_arena_mark mark)
{
	struct maar__arena *a = maar__arena_of(arena);
	struct maar__arena_mark *m;

	if (!arena || mark.arena != arena)
		return -EINVAL;
	if (a->busy)
		return -EBUSY;
	for (m = a->marks; m && m->serial > mark.serial; m = m->older)
		;
	if (!m || m->serial != mark.serial)
		return -EINVAL;
	maar__arena_care(a, m->serial);
	free_large_since(a, m->serial);
	a->marks = m;
	hide_behind(a, m->chunk);
	maar__arena_enter(a, m->chunk, m->at, m->end);
	maar_arena_trim(arena, a->o.keep_bytes);
	return 0;
}
