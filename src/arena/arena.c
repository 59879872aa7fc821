/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Blocks: what the inline calls leave over. A chunk that is full is left for the next: one that is kept, if it has room
 * enough; one that the parent keeps; a new one. Whichever, it stands behind the current one from then on, so the order in
 * which chunks are filled is the order of the list, and no chunk is looked at twice.
 */
#include "arena_priv.h"

#include <string.h>

/* ---- out of the current chunk; NULL: no room ---- */

static void *place_up(struct maar__arena *a, size_t bytes, size_t align)
{
	unsigned char *at = maar__arena_up(a->front.at, a->tools && align < 8 ? 8 : align);
	unsigned char *top = maar__arena_top(a);
	const size_t span = maar__arena_span(a, bytes);

	/* Addresses, as `at` may be beyond the chunk. */
	if ((uintptr_t)at > (uintptr_t)top || (uintptr_t)at < (uintptr_t)a->front.at || span > (size_t)(top - at))
		return NULL;
	maar__tools_show(a->tools, at, bytes);
	maar__arena_bounds(a, at + span, top);
	return at;
}

static void *place_down(struct maar__arena *a, size_t bytes)
{
	const size_t behind = a->tools ? MAAR__ARENA_REDZONE : 0;
	unsigned char *top = maar__arena_top(a);
	const size_t room = (size_t)(top - a->front.at);

	bytes = bytes ? bytes : 1;
	if (room < behind || bytes > room - behind)
		return NULL;
	top -= bytes + behind;
	if (a->tools) {
		const size_t more = (uintptr_t)top & 7; /* AddressSanitizer knows only the end of a block to the byte */

		if (more > (size_t)(top - a->front.at))
			return NULL;
		top -= more;
		maar__tools_show(a->tools, top, bytes);
	}
	maar__arena_bounds(a, a->front.at, top);
	return top;
}

static void *place(struct maar__arena *a, size_t bytes, size_t align)
{
	return align ? place_up(a, bytes, align) : place_down(a, bytes);
}

/* ---- chunks ---- */

void maar__arena_enter(struct maar__arena *a, struct maar__chunk *c, unsigned char *at, unsigned char *top)
{
	a->current = c;
	maar__tools_hide(a->tools, at, (size_t)(top - at));
	maar__arena_bounds(a, at, top);
}

struct maar__chunk *maar__arena_kept(struct maar__arena *a, size_t bytes, size_t most)
{
	struct maar__chunk *c = a->current->next;

	if (!c || c->bytes < bytes || c->bytes > most)
		return NULL;
	a->current->next = c->next;
	return c;
}

static struct maar__chunk *from_parent(struct maar__arena *a, size_t bytes)
{
	struct maar__chunk *c = NULL;

	if (a->parent && a->held < a->o.limit_bytes)
		c = maar__arena_kept(a->parent, bytes, a->o.limit_bytes - a->held);
	if (c) { /* the ancestors have counted it */
		a->held += c->bytes;
		a->most = a->held > a->most ? a->held : a->most;
	}
	return c;
}

/* A chunk from outside, of at least so many bytes. */
static struct maar__chunk *new_chunk(struct maar__arena *a, size_t bytes)
{
	const size_t wanted = a->next_bytes > bytes ? a->next_bytes : bytes;
	struct maar__chunk *c = from_parent(a, bytes);

	if (c)
		return c;
	c = maar__arena_get(a, wanted);
	if (c) {
		c->bytes = wanted;
		a->next_bytes = wanted < a->o.chunk_bytes / 2 ? 2 * wanted : a->o.chunk_bytes;
	} else if (wanted > bytes) { /* the source may have little */
		c = maar__arena_get(a, bytes);
		if (c)
			c->bytes = bytes;
	}
	return c;
}

/* Goes on to a chunk with room for so many bytes; false: there is none to be had. */
static bool next_chunk(struct maar__arena *a, size_t room)
{
	const size_t align = a->front.mask < MAAR__ARENA_ALIGN ? 0 : a->front.mask;
	struct maar__chunk *left = a->current, *c = left->next;

	if (!c || (size_t)(maar__chunk_end(a, c) - maar__chunk_begin(a, c)) < room) {
		c = new_chunk(a, sizeof(*c) + align + room);
		if (!c)
			return false;
		c->next = left->next;
		left->next = c;
	}
	left->at = a->front.at;
	left->end = maar__arena_top(a);
	maar__arena_enter(a, c, maar__chunk_begin(a, c), maar__chunk_end(a, c));
	return true;
}

/* ---- large blocks ---- */

/* Of the arena and the address: no bytes that a program writes are it by chance, but one in 2^64. */
static uint64_t stamp_of(const struct maar__arena *a, const void *block)
{
	return ((uint64_t)(uintptr_t)block + UINT64_C(0x9e3779b97f4a7c15)) * UINT64_C(0xd6e8feb86659fd93) ^
	       (uint64_t)(uintptr_t)a;
}

static void *take_large(struct maar__arena *a, size_t bytes, size_t align)
{
	const size_t behind = a->tools ? MAAR__ARENA_REDZONE : 0;
	struct maar__large *l;
	unsigned char *piece, *block;
	size_t all;

	align = align < MAAR__ARENA_ALIGN ? MAAR__ARENA_ALIGN : align;
	if (!maar__add(bytes, sizeof(*l) + behind, &all) || !maar__add(all, align - MAAR__ARENA_ALIGN, &all) ||
	    all > PTRDIFF_MAX)
		return NULL;
	piece = maar__arena_get(a, all);
	if (!piece)
		return NULL;
	block = maar__arena_up(piece + sizeof(*l), align);
	l = (struct maar__large *)(void *)block - 1;
	l->piece = piece;
	l->piece_bytes = all;
	l->serial = ++a->serial;
	l->newer = NULL;
	l->older = a->large;
	if (l->older)
		l->older->newer = l;
	a->large = l;
	l->stamp = stamp_of(a, block);
	maar__tools_hide(a->tools, block + bytes, behind);
	return block;
}

void maar__arena_free_large(struct maar__arena *a, struct maar__large *l)
{
	if (l->newer)
		l->newer->older = l->older;
	else
		a->large = l->older;
	if (l->older)
		l->older->newer = l->newer;
	l->stamp = 0;
	maar__arena_give(a, l->piece, l->piece_bytes);
}

/* The header of a large block of this arena; NULL: it is none. */
static struct maar__large *large_of(struct maar__arena *a, void *block)
{
	struct maar__large *l;
	uint64_t stamp;

	if (a->tools) { /* what is before the block may be hidden */
		for (l = a->large; l && (void *)(l + 1) != block; l = l->older)
			;
		return l;
	}
	memcpy(&stamp, (unsigned char *)block - sizeof(stamp), sizeof(stamp)); /* something of the arena is there */
	return stamp == stamp_of(a, block) ? (struct maar__large *)block - 1 : NULL;
}

int maar_arena_free(struct maar_arena *arena, void *block)
{
	struct maar__large *l = arena && block ? large_of(maar__arena_of(arena), block) : NULL;

	if (!l)
		return -EINVAL;
	maar__arena_free_large(maar__arena_of(arena), l);
	return 0;
}

/* ---- blocks ---- */

void *maar__arena_take(struct maar__arena *a, size_t bytes, size_t align)
{
	const size_t usual = a->front.mask + 1;
	/* What a fresh chunk must have: its beginning is aligned as usual. */
	const size_t slack = (align > usual ? align : usual) + MAAR__ARENA_REDZONE + 8;
	void *block;

	if (bytes > PTRDIFF_MAX || align > PTRDIFF_MAX)
		return maar__arena_refuse(a);
	block = place(a, bytes, align);
	if (block)
		return block;
	if (bytes > a->o.large_bytes || align > MAAR_ARENA_MAX_ALIGN)
		block = take_large(a, bytes, align);
	else if (next_chunk(a, bytes + slack))
		block = place(a, bytes, align);
	return block ? block : maar__arena_refuse(a);
}

/* For a call without an arena. */
static void *no_arena(void)
{
	errno = EINVAL;
	return NULL;
}

void *maar__arena_alloc(struct maar_arena *arena, size_t bytes)
{
	return arena ? maar__arena_take(maar__arena_of(arena), bytes, arena->mask + 1) : no_arena();
}

void *maar__arena_nalloc(struct maar_arena *arena, size_t bytes)
{
	return arena ? maar__arena_take(maar__arena_of(arena), bytes, 0) : no_arena();
}

void *maar_arena_array(struct maar_arena *arena, size_t n, size_t bytes)
{
	size_t all;

	if (!maar__mul(n, bytes, &all))
		all = SIZE_MAX; /* which alloc refuses */
	return maar_arena_alloc(arena, all);
}

void *maar_arena_calloc(struct maar_arena *arena, size_t n, size_t bytes)
{
	void *block = maar_arena_array(arena, n, bytes);

	return block ? memset(block, 0, n * bytes) : NULL;
}

void *maar_arena_memalign(struct maar_arena *arena, size_t align, size_t bytes)
{
	if (!arena || !maar__is_pow2(align))
		return no_arena();
	return maar__arena_take(maar__arena_of(arena), bytes, align > arena->mask ? align : arena->mask + 1);
}

/* Makes the last block that went up smaller or larger; false: it is not the last, or there is no room. */
static bool resize_last(struct maar__arena *a, unsigned char *block, size_t old_bytes, size_t bytes)
{
	const size_t from = maar__arena_span(a, old_bytes), to = maar__arena_span(a, bytes);
	unsigned char *top = maar__arena_top(a);

	/* Another piece of the source may end where this chunk begins. */
	if ((uintptr_t)block < (uintptr_t)maar__chunk_begin(a, a->current) || block + from != a->front.at)
		return false;
	if (to > from && to - from > (size_t)(top - a->front.at))
		return false;
	maar__arena_bounds(a, block + to, top);
	return true;
}

void *maar_arena_realloc(struct maar_arena *arena, void *block, size_t old_bytes, size_t bytes)
{
	struct maar__arena *a = maar__arena_of(arena);
	struct maar__large *l;
	void *moved;

	if (!arena || !block)
		return maar_arena_alloc(arena, bytes);
	if (bytes > PTRDIFF_MAX || old_bytes > PTRDIFF_MAX)
		return maar__arena_refuse(a);
	if (resize_last(a, block, old_bytes, bytes) || bytes <= old_bytes) {
		if (bytes < old_bytes) /* from a whole group of 8 on, which is what can be hidden */
			maar__tools_hide(a->tools, (unsigned char *)block + bytes, old_bytes - bytes);
		else if (a->tools)
			maar__tools_show(a->tools, (unsigned char *)block + old_bytes, bytes - old_bytes);
		return block;
	}
	l = large_of(a, block);
	moved = maar_arena_alloc(arena, bytes);
	if (!moved)
		return NULL;
	memcpy(moved, block, old_bytes);
	if (l)
		maar__arena_free_large(a, l);
	else
		maar__tools_hide(a->tools, block, old_bytes);
	return moved;
}
