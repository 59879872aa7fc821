/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The inline calls of <maar/arena.h>: a block out of the current chunk.
 */
#ifndef MAAR_BITS_ARENA_IMPL_H
#define MAAR_BITS_ARENA_IMPL_H
#ifndef MAAR_BITS_OK
#error "include a header of <maar/...>, not of <maar/bits/...>"
#endif

MAAR_BEGIN_DECLS

/*
 * What the inline calls see of an arena. Aligned blocks go up from `at`, which is always aligned, so that no address has
 * to be rounded on the way from one block to the next, only a size; blocks without alignment go down from `end`.
 * Under AddressSanitizer and valgrind end = at, and every block comes from out of line.
 */
struct maar_arena {
	unsigned char *at;  /* the first free byte of the current chunk */
	unsigned char *end; /* behind the last */
	size_t mask;	    /* the alignment less 1 */
};

/* What alloc and nalloc end in when the current chunk has no room (or 0 bytes are asked for): their answers are these'. */
MAAR_API void *maar__arena_alloc(struct maar_arena *arena, size_t bytes);
MAAR_API void *maar__arena_nalloc(struct maar_arena *arena, size_t bytes);

#ifdef MAAR__BODIES

MAAR_INLINE void *maar_arena_alloc(struct maar_arena *arena, size_t bytes)
{
	if (maar_likely(arena)) {
		unsigned char *at = arena->at;
		const size_t rounded = (bytes + arena->mask) & ~arena->mask;

		/* Less 1: 0 bytes, and those whose rounding wraps to 0, go the other way too. */
		if (maar_likely(rounded - 1 < (size_t)(arena->end - at))) {
			arena->at = at + rounded;
			return at;
		}
	}
	return maar__arena_alloc(arena, bytes);
}

MAAR_INLINE void *maar_arena_nalloc(struct maar_arena *arena, size_t bytes)
{
	if (maar_likely(arena && bytes - 1 < (size_t)(arena->end - arena->at)))
		return arena->end -= bytes;
	return maar__arena_nalloc(arena, bytes);
}

#endif

MAAR_END_DECLS

#endif
