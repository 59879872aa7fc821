/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Blocks too large for spans: a mapping each, found by its address in a hash table under a lock, so that nothing stands in
 * front of it and a pointer that is none is recognised. The table is a mapping too.
 */
#include "alloc_priv.h"

#include "../base/probe.h"

#include <errno.h>

pthread_mutex_t maar__big_lock = PTHREAD_MUTEX_INITIALIZER;

struct entry {
	unsigned char *at; /* NULL: free */
	size_t bytes;
	struct maar_heap *heap;
};

#define FIRST_ENTRIES 128 /* a page, nearly */

static struct entry *table;
static size_t entries, used; /* a power of two, at most half of them used */

/* Where the search for an address begins. Addresses are pages; 2^64 / golden ratio spreads them. */
static size_t home(const void *at)
{
	return (size_t)((uint64_t)(uintptr_t)at * UINT64_C(0x9e3779b97f4a7c15) >> 32) & (entries - 1);
}

/* Blocks of counted heaps begin a few bytes behind their mapping. */
static struct entry *find(const void *block)
{
	const unsigned char *at = (const unsigned char *)((uintptr_t)block & ~(uintptr_t)(maar__page() - 1));
	size_t i;

	if (!entries)
		return NULL;
	for (i = home(at); table[i].at; i = (i + 1) & (entries - 1))
		if (table[i].at == at)
			return at + maar__heap_head(table[i].heap) == block ? &table[i] : NULL;
	return NULL;
}

static void put_in(struct entry e)
{
	size_t i = home(e.at);

	while (table[i].at)
		i = (i + 1) & (entries - 1);
	table[i] = e;
}

/* Room for one more. */
static bool make_room(void)
{
	struct entry *old = table, *larger;
	const size_t n = entries;
	size_t i;

	if (used < entries / 2)
		return true;
	larger = maar__map((n ? 2 * n : FIRST_ENTRIES) * sizeof(*larger));
	if (!larger)
		return false;
	table = larger;
	entries = n ? 2 * n : FIRST_ENTRIES;
	for (i = 0; i < n; i++)
		if (old[i].at)
			put_in(old[i]);
	maar__unmap(old, n * sizeof(*old));
	return true;
}

/* Those behind it that would not be found any more move up. */
static void take_out(struct entry *e)
{
	size_t hole = (size_t)(e - table), i = hole;

	for (;;) {
		i = (i + 1) & (entries - 1);
		if (!table[i].at)
			break;
		if (((i - home(table[i].at)) & (entries - 1)) >= ((i - hole) & (entries - 1))) {
			table[hole] = table[i];
			hole = i;
		}
	}
	table[hole].at = NULL;
	used--;
}

/* Whole pages at a multiple of align. */
static unsigned char *map_aligned(size_t bytes, size_t align)
{
	unsigned char *memory, *at;
	size_t all;

	if (align <= maar__page())
		return maar__map(bytes);
	if (!maar__add(bytes, align, &all))
		return NULL;
	memory = maar__map(all);
	if (!memory)
		return NULL;
	at = memory + (align - (uintptr_t)memory % align) % align;
	if (at != memory)
		maar__unmap(memory, (size_t)(at - memory));
	maar__unmap(at + bytes, (size_t)(memory + all - (at + bytes)));
	return at;
}

void *maar__big_get(size_t bytes, size_t align, struct maar_heap *heap)
{
	struct entry e = { NULL, 0, heap };

	if (!maar__round_up(bytes ? bytes : 1, maar__page(), &e.bytes) || e.bytes > PTRDIFF_MAX ||
	    !maar__space_charge(e.bytes))
		return NULL;
	e.at = map_aligned(e.bytes, align);
	if (!e.at) {
		maar__space_discharge(e.bytes);
		return NULL;
	}
	maar__alloc_lock(&maar__big_lock);
	if (make_room()) {
		put_in(e);
		used++;
		maar__alloc_unlock(&maar__big_lock);
		MAAR__PROBE(alloc_map, e.at, e.bytes);
		return e.at;
	}
	maar__alloc_unlock(&maar__big_lock);
	maar__unmap(e.at, e.bytes);
	maar__space_discharge(e.bytes);
	return NULL;
}

bool maar__big_put(void *block)
{
	struct entry *e, was = { NULL, 0, NULL };

	maar__alloc_lock(&maar__big_lock);
	e = find(block);
	if (e) {
		was = *e;
		take_out(e);
	}
	maar__alloc_unlock(&maar__big_lock);
	if (!was.at)
		return false;
	MAAR__PROBE(alloc_unmap, was.at, was.bytes);
	maar__unmap(was.at, was.bytes);
	maar__space_discharge(was.bytes);
	return true;
}

size_t maar__big_usable(const void *block)
{
	const struct entry *e;
	size_t bytes;

	maar__alloc_lock(&maar__big_lock);
	e = find(block);
	bytes = e ? e->bytes : 0;
	maar__alloc_unlock(&maar__big_lock);
	return bytes;
}

void *maar__big_resize(void *block, size_t bytes)
{
	struct entry *e, was;
	void *moved = NULL;
	size_t to;

	if (!maar__round_up(bytes, maar__page(), &to) || to > PTRDIFF_MAX)
		return NULL;
	maar__alloc_lock(&maar__big_lock);
	e = find(block);
	if (e && (to <= e->bytes || maar__space_charge(to - e->bytes))) {
		was = *e;
		moved = maar__remap(block, was.bytes, to);
		if (moved) {
			MAAR__PROBE(alloc_unmap, block, was.bytes);
			MAAR__PROBE(alloc_map, moved, to);
			take_out(e);
			used++;
			put_in((struct entry){ moved, to, was.heap });
		}
		if (moved ? to < was.bytes : to > was.bytes)
			maar__space_discharge(moved ? was.bytes - to : to - was.bytes);
	}
	maar__alloc_unlock(&maar__big_lock);
	return moved;
}

size_t maar__big_each(bool (*visit)(void *at, size_t bytes, struct maar_heap *heap, void *arg), void *arg)
{
	size_t i, n = 0;

	maar__alloc_lock(&maar__big_lock);
	for (i = 0; i < entries; i++)
		if (table[i].at && ++n && visit && !visit(table[i].at, table[i].bytes, table[i].heap, arg))
			break;
	maar__alloc_unlock(&maar__big_lock);
	return n;
}

/* All mappings of a heap go, one search from the beginning for each: a heap has few. */
void maar__big_drop(const struct maar_heap *heap)
{
	size_t i = 0;

	maar__alloc_lock(&maar__big_lock);
	while (i < entries) {
		const struct entry was = table[i];

		if (!was.at || was.heap != heap) {
			i++;
			continue;
		}
		take_out(&table[i]); /* another one may be here now */
		MAAR__PROBE(alloc_unmap, was.at, was.bytes);
		maar__unmap(was.at, was.bytes);
		maar__space_discharge(was.bytes);
	}
	maar__alloc_unlock(&maar__big_lock);
}

struct maar_heap *maar__big_heap(const void *block)
{
	const struct entry *e;
	struct maar_heap *heap;

	maar__alloc_lock(&maar__big_lock);
	e = find(block);
	heap = e ? e->heap : NULL;
	maar__alloc_unlock(&maar__big_lock);
	return heap;
}
