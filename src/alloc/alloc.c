/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * malloc and free: the short way of each is quick.h's, and here are the corners where it goes on. Where a list is empty, refill.c
 * does; where the block is another lane's, remote.c.
 */
#include "quick.h"

#include <errno.h>

MAAR_COLD void *maar__malloc_slow(size_t bytes)
{
	return maar__alloc_any(bytes, 1, false);
}

MAAR_COLD void *maar__malloc_outside(size_t bytes, struct maar__alloc_lane *lane, uint32_t was)
{
	maar__alloc_back(lane, was);
	return maar__malloc_slow(bytes);
}

__attribute__((noinline)) void *maar__malloc_further(size_t bytes, struct maar__alloc_lane *lane)
{
	const unsigned class = maar__class_of(bytes);
	struct maar__magazine *m = &lane->magazine[class];
	void *block;
	bool zero;

	block = maar_likely(m->n) ? maar__magazine_pop(m) : maar__alloc_reuse(lane, class);
	if (maar_likely(block)) {
		maar__alloc_back(lane, 0);
		return block;
	}
	block = maar__alloc_refill(lane, class, &zero);
	maar__alloc_back(lane, 0);
	maar__alloc_after();
	return maar_likely(block) ? block : maar__malloc_slow(bytes); /* which says why not, or finds some elsewhere */
}

void *maar_malloc(size_t bytes)
{
	return maar__malloc_quick(bytes);
}

/* ---- free ---- */

MAAR_COLD void maar__free_outside(void *block, struct maar__alloc_lane *lane, uint32_t was)
{
	maar__alloc_back(lane, was);
	maar__alloc_free_slow(block);
}

__attribute__((noinline)) void maar__free_further(struct maar__slab *slab, struct maar__alloc_lane *lane)
{
	maar__slab_freed(lane, slab);
	maar__alloc_back(lane, 0);
	maar__alloc_after();
}

__attribute__((noinline)) void maar__free_foreign(void *block, struct maar__alloc_lane *lane, uint32_t entry)
{
	maar__alloc_send(lane, block, entry);
	maar__alloc_back(lane, 0);
	maar__alloc_after();
}

void maar_free(void *block)
{
	maar__free_quick(block);
}

void maar_free_sized(void *block, size_t bytes)
{
	(void)bytes; /* the table of units knows, for the price of one load that is needed anyway */
	maar_free(block);
}
