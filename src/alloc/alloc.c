/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * malloc and free, as far as a thread has all it needs: a pop from the list of its class's slab, a push on the list of the
 * block's slab, no locked instruction. Where the list is empty, refill.c goes on; where the block is another lane's,
 * remote.c. The thread says busy meanwhile, so that whoever wants to be alone with the lane waits (src/mring/lanes.c), and so
 * that a signal handler that allocates knows that it has interrupted us.
 */
#include "alloc_priv.h"

#include <errno.h>

/* Not in the lane: this call, or the one that it has interrupted, is nothing for the short way. */
static MAAR_COLD void *malloc_slow(size_t bytes)
{
	return maar__alloc_any(bytes, 1, false);
}

static MAAR_COLD void *malloc_outside(struct maar__alloc_lane *lane, uint32_t was, size_t bytes)
{
	maar__alloc_back(lane, was);
	return malloc_slow(bytes);
}

static __attribute__((noinline)) void *malloc_further(struct maar__alloc_lane *lane, unsigned class, size_t bytes)
{
	struct maar__magazine *m = &lane->magazine[class];
	void *block;
	bool zero;

	if (maar_likely(m->n)) {
		block = maar__magazine_pop(m);
		maar__alloc_back(lane, 0);
		return block;
	}
	block = maar__alloc_refill(lane, class, &zero);
	maar__alloc_back(lane, 0);
	maar__alloc_after();
	return maar_likely(block) ? block : malloc_slow(bytes); /* which says why not, or finds some elsewhere */
}

void *maar_malloc(size_t bytes)
{
	struct maar__alloc_lane *lane = maar__alloc_mine;
	struct maar__slab *slab;
	unsigned class;
	uint32_t was;
	void *block;

	if (maar_likely(bytes <= MAAR__CLASS_QUICK))
		class = maar_a_load(&maar__space.quick[(bytes + 15) / 16], RELAXED);
	else if (bytes <= MAAR__CLASS_MOST)
		class = maar__class_by_bits(bytes);
	else
		return malloc_slow(bytes);
	if (maar_unlikely(!maar__alloc_enter(lane, &was)))
		return malloc_outside(lane, was, bytes);
	slab = lane->current[class];
	block = slab->free;
	if (maar_unlikely(!block))
		return malloc_further(lane, class, bytes);
	slab->free = *(void **)block;
	slab->used++;
	maar__alloc_back(lane, 0);
	return block;
}

/* ---- free ---- */

static MAAR_COLD void free_outside(struct maar__alloc_lane *lane, uint32_t was, void *block)
{
	maar__alloc_back(lane, was);
	maar__alloc_free_slow(block);
}

static __attribute__((noinline)) void free_further(struct maar__alloc_lane *lane, struct maar__slab *slab)
{
	maar__slab_freed(lane, slab);
	maar__alloc_back(lane, 0);
	maar__alloc_after();
}

static __attribute__((noinline)) void free_foreign(struct maar__alloc_lane *lane, void *block, uint32_t entry)
{
	maar__alloc_send(lane, block, entry);
	maar__alloc_back(lane, 0);
	maar__alloc_after();
}

void maar_free(void *block)
{
	struct maar__alloc_lane *lane = maar__alloc_mine;
	const uint64_t unit = maar__unit_of(block);
	struct maar__slab *slab;
	uint32_t entry, was;

	if (maar_unlikely(!maar__in_range(unit))) {
		if (block)
			maar__alloc_free_slow(block);
		return;
	}
	entry = maar__unit_entry(unit);
	if (maar_unlikely(!maar__alloc_enter(lane, &was))) {
		free_outside(lane, was, block);
		return;
	}
	if (maar_unlikely(MAAR__UNIT_OWNER(entry) != lane->id)) {
		free_foreign(lane, block, entry);
		return;
	}
	slab = maar__slab_of(unit, entry);
	*(void **)block = slab->free;
	slab->free = block;
	if (maar_unlikely(--slab->used <= slab->slow_at)) {
		free_further(lane, slab);
		return;
	}
	maar__alloc_back(lane, 0);
}

void maar_free_sized(void *block, size_t bytes)
{
	(void)bytes; /* the table of units knows, for the price of one load that is needed anyway */
	maar_free(block);
}
