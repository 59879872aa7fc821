/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * An arena from inside. Everything that has an age (large blocks, after-care, marks) has a serial number, and stands in a
 * list whose newest comes first: undoing all since a moment is taking from the fronts what is younger.
 */
#ifndef MAAR_ARENA_PRIV_H
#define MAAR_ARENA_PRIV_H

#include "../base/base.h"
#include "../base/tools.h"

#include <maar/arena.h>

#include <errno.h>

/* What sources give is aligned so, as malloc's is. */
#define MAAR__ARENA_ALIGN 16

/* Hidden bytes behind each block while a tool watches. */
#define MAAR__ARENA_REDZONE 16

/* A piece of the source that blocks are cut from; this stands at its front. */
struct maar__chunk {
	struct maar__chunk *next;
	size_t bytes;		 /* the whole piece */
	unsigned char *at, *end; /* how far it was filled from both ends when it was left for the next */
};

/* Stands right in front of a large block, its stamp last, so that 8 bytes before any block tell what it is. */
struct maar__large {
	struct maar__large *newer, *older;
	uint64_t serial;
	void *piece; /* of the source */
	size_t piece_bytes;
	size_t reserved0;
	size_t reserved1;
	uint64_t stamp; /* maar__arena_stamp, while the block lives */
};
MAAR_STATIC_ASSERT(sizeof(struct maar__large) % MAAR__ARENA_ALIGN == 0, "the block behind it is aligned");

/* After-care: a handler, in a block of the arena; or the end of a child, in the child. */
struct maar_arena_cleanup {
	struct maar_arena_cleanup *newer, *older;
	struct maar__arena *owner;
	uint64_t serial;
	maar_arena_cleanup_fn *fn; /* NULL: it has run, or was taken out */
	void *arg;
};

/* A savepoint, in a block of the arena, and how far the arena was filled, this block included. */
struct maar__arena_mark {
	struct maar__arena_mark *older;
	uint64_t serial;
	struct maar__chunk *chunk;
	unsigned char *at, *end;
};

struct maar__arena {
	struct maar_arena front;
	unsigned char *top; /* what front.end would be without a tool that watches; valid only if there is one */
	unsigned tools;	    /* enum maar__tools */
	uint32_t busy;	    /* handlers of this arena, and of descendants, that are running */
	struct maar__chunk *current;
	struct maar__large *large;	  /* newest first, as the next two */
	struct maar_arena_cleanup *after; /* handlers and children */
	struct maar__arena_mark *marks;
	uint64_t serial;   /* the last one given out */
	size_t held, most; /* bytes of the source, descendants' included */
	size_t next_bytes; /* of the next chunk from the source */
	uint64_t refused;
	struct maar__arena *parent;
	struct maar_arena_cleanup end_of_child; /* of a child: its place among the parent's after-care */
	struct maar_arena_options o;		/* every default filled in */
	struct maar__chunk first;		/* of the piece that this struct is the front of */
};

static inline struct maar__arena *maar__arena_of(const struct maar_arena *arena)
{
	return (struct maar__arena *)(uintptr_t)arena;
}

/* Behind the last free byte of the current chunk. */
static inline unsigned char *maar__arena_top(const struct maar__arena *a)
{
	return a->tools ? a->top : a->front.end;
}

static inline void maar__arena_bounds(struct maar__arena *a, unsigned char *at, unsigned char *top)
{
	a->front.at = at;
	a->front.end = a->tools ? at : top; /* inline calls must find no room */
	a->top = top;
}

static inline unsigned char *maar__arena_up(unsigned char *at, size_t align)
{
	return at + (-(uintptr_t)at & (align - 1));
}

/* From where to where blocks of a chunk lie. The first chunk's begin behind the arena. */
static inline unsigned char *maar__chunk_begin(const struct maar__arena *a, const struct maar__chunk *c)
{
	const size_t align = a->front.mask + 1;

	return maar__arena_up(c == &a->first ? (unsigned char *)(uintptr_t)(a + 1)
					     : (unsigned char *)(uintptr_t)(c + 1),
			      align < MAAR__ARENA_ALIGN ? MAAR__ARENA_ALIGN : align);
}

static inline unsigned char *maar__chunk_end(const struct maar__arena *a, const struct maar__chunk *c)
{
	return (unsigned char *)(uintptr_t)(c == &a->first ? (const void *)a : c) + c->bytes;
}

/* What a block of so many bytes takes of a chunk. bytes <= PTRDIFF_MAX. */
static inline size_t maar__arena_span(const struct maar__arena *a, size_t bytes)
{
	const size_t mask = a->tools ? a->front.mask | 7 : a->front.mask;

	return ((bytes ? bytes : 1) + (a->tools ? MAAR__ARENA_REDZONE : 0) + mask) & ~mask;
}

/* ---- source.c ---- */

/* For a create: which functions the options mean. */
void maar__arena_choose(struct maar_arena_options *o);
/* A piece of the source, counted here and in the ancestors; NULL: none, or a limit is reached (not counted as refused). */
void *maar__arena_get(struct maar__arena *a, size_t bytes);
void maar__arena_give(struct maar__arena *a, void *piece, size_t bytes);
/* NULL, with errno; counts it. */
void *maar__arena_refuse(struct maar__arena *a);

/* ---- arena.c ---- */

/* A block, aligned to a power of two; 0: from the other end, not aligned. NULL with errno = ENOMEM. */
void *maar__arena_take(struct maar__arena *a, size_t bytes, size_t align);
/* Unlinks the first of the chunks that are kept, if it has at least so many bytes, and at most so many; or NULL. */
struct maar__chunk *maar__arena_kept(struct maar__arena *a, size_t bytes, size_t most);
void maar__arena_free_large(struct maar__arena *a, struct maar__large *l);
/* Fills chunk c from its beginning, or on from somewhere. */
void maar__arena_enter(struct maar__arena *a, struct maar__chunk *c, unsigned char *at, unsigned char *top);

/* ---- arena_life.c ---- */

/* The fn of a child's end: by this a child among the after-care is known. */
void maar__arena_end_child(void *child);

/* ---- after.c ---- */

/* Adds to the list; takes out. */
void maar__arena_link(struct maar__arena *a, struct maar_arena_cleanup *c, maar_arena_cleanup_fn *fn, void *arg);
void maar__arena_unlink(struct maar__arena *a, struct maar_arena_cleanup *c);
/* Runs all that is younger than the serial, also what is added meanwhile. */
void maar__arena_care(struct maar__arena *a, uint64_t since);

#endif
