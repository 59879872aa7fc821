/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The bytes around a block, and a freed block's own: painted with patterns, and looked at later.
 */
#include "guard.h"

#include <string.h>

/* As in src/mring/track.h: odd, large and negative as numbers, no addresses. */
#define FREED	0xdb
#define REDZONE 0xfd

/* Bytes before the block that are its redzone. */
static size_t front_of(const struct maar__guard_block *b)
{
	const unsigned char *from = b->raw + (b->paged ? maar__page() : 0);
	const size_t front = (size_t)(b->at - from);

	return front < MAAR__ZONE ? front : MAAR__ZONE;
}

/* Bytes behind it. */
static size_t tail_of(const struct maar__guard_block *b)
{
	const unsigned char *to = b->raw + b->raw_bytes - (b->paged ? maar__page() : 0);

	return (size_t)(to - (b->at + b->bytes));
}

void maar__zone_paint(const struct maar__guard_block *b)
{
	memset(b->at - front_of(b), REDZONE, front_of(b));
	memset(b->at + b->bytes, REDZONE, tail_of(b));
}

void maar__zone_fill(const struct maar__guard_block *b)
{
	memset(b->at, FREED, b->bytes);
}

/* The first byte of the stretch that is not `pattern`; n: none. */
static size_t first_other(const unsigned char *at, size_t n, unsigned char pattern)
{
	const uint64_t word = pattern * UINT64_C(0x0101010101010101);
	uint64_t found;
	size_t i = 0;

	while (i + sizeof(found) <= n) {
		memcpy(&found, at + i, sizeof(found));
		if (found != word)
			break;
		i += sizeof(found);
	}
	while (i < n && at[i] == pattern)
		i++;
	return i;
}

static void tell(struct maar__misuse *m, const struct maar__guard_block *b, const char *what, ptrdiff_t where)
{
	m->what = what;
	m->block = *b;
	m->address = b->at;
	m->where = where;
	m->written = true;
	m->byte = b->at[where];
	if (b->freed)
		maar__zone_fill(b);
	maar__zone_paint(b); /* once is enough */
}

bool maar__zone_check(struct maar__misuse *m, const struct maar__guard_block *b)
{
	const size_t front = front_of(b), tail = tail_of(b);
	size_t at;

	if (b->freed && b->paged)
		return false; /* there is nothing */
	at = b->freed ? first_other(b->at, b->bytes, FREED) : b->bytes;
	if (at < b->bytes) {
		tell(m, b, "use after free: a freed block was written to", (ptrdiff_t)at);
		return true;
	}
	at = first_other(b->at + b->bytes, tail, REDZONE);
	if (at < tail) {
		tell(m, b, "overflow: bytes behind the block were written to", (ptrdiff_t)(b->bytes + at));
		return true;
	}
	at = first_other(b->at - front, front, REDZONE);
	if (at < front)
		tell(m, b, "underflow: bytes before the block were written to", (ptrdiff_t)at - (ptrdiff_t)front);
	return at < front;
}
