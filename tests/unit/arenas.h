/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * A source for arenas that keeps the books: what it gave out must come back, whole and once, and nothing may have been
 * written beyond a piece's end.
 */
#ifndef MAAR_TEST_UNIT_ARENAS_H
#define MAAR_TEST_UNIT_ARENAS_H

#include "common.h"

#include <maar/arena.h>

#define BOOK_GUARD 32 /* bytes before and behind a piece */
#define BOOK_BYTE  0xa7

struct book {
	size_t pieces, bytes; /* that are out */
	size_t calls;	      /* of allocate, that gave something */
	size_t most_bytes;    /* larger pieces are refused; 0: none is */
};

static inline void *book_allocate(size_t bytes, void *arg)
{
	struct book *b = arg;
	unsigned char *memory;

	if (b->most_bytes && bytes > b->most_bytes)
		return NULL;
	memory = malloc(bytes + 2 * BOOK_GUARD);
	ck_assert_ptr_nonnull(memory);
	memset(memory, BOOK_BYTE, bytes + 2 * BOOK_GUARD);
	memcpy(memory, &bytes, sizeof(bytes));
	b->pieces++;
	b->calls++;
	b->bytes += bytes;
	return memory + BOOK_GUARD;
}

static inline void book_release(void *piece, size_t bytes, void *arg)
{
	unsigned char *memory = (unsigned char *)piece - BOOK_GUARD;
	struct book *b = arg;
	size_t i, was;

	memcpy(&was, memory, sizeof(was));
	unit_eq(bytes, was);
	for (i = sizeof(was); i < BOOK_GUARD; i++)
		unit_eq(memory[i], BOOK_BYTE);
	for (i = 0; i < BOOK_GUARD; i++)
		unit_eq(memory[BOOK_GUARD + bytes + i], BOOK_BYTE);
	unit_must(b->pieces && b->bytes >= bytes);
	b->pieces--;
	b->bytes -= bytes;
	memset(memory, 0, bytes + 2 * BOOK_GUARD); /* whoever uses it still finds something else */
	free(memory);
}

static inline struct maar_arena *book_arena(struct book *b, struct maar_arena_options o)
{
	struct maar_arena *a;

	memset(b, 0, sizeof(*b));
	o.source = (struct maar_arena_source){ book_allocate, book_release, b };
	a = maar_arena_create(&o);
	ck_assert_ptr_nonnull(a);
	return a;
}

/* That everything has come back. */
static inline void book_closed(const struct book *b)
{
	unit_eq(b->pieces, 0);
	unit_eq(b->bytes, 0);
}

static inline struct maar_arena_stats arena_stats(const struct maar_arena *a)
{
	struct maar_arena_stats s;

	unit_eq(maar_arena_stats(a, &s), 0);
	unit_eq(maar_arena_check(a), 0);
	return s;
}

#endif
