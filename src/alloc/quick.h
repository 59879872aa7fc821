/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * malloc and free, as far as a thread has all it needs: a pop from the list of its class's slab, a push on the list of the
 * block's slab, no locked instruction. Inline, as it stands behind two names: maar_malloc (alloc.c) and the drop-in malloc
 * (src/malloc). The thread says busy meanwhile, so that whoever wants to be alone with the lane waits (src/mring/lanes.c), and so
 * that a signal handler that allocates knows that it has interrupted us. All else is alloc.c's: one jump away.
 */
#ifndef MAAR_ALLOC_QUICK_H
#define MAAR_ALLOC_QUICK_H

#include "alloc_priv.h"

/* The order of parameters is that of the calls, so that nothing has to be moved. Not in the lane: this call, or the one that it has interrupted, is nothing for the short way. */
void *maar__malloc_slow(size_t bytes);
void *maar__malloc_outside(size_t bytes, struct maar__alloc_lane *lane, uint32_t was);
void maar__free_outside(void *block, struct maar__alloc_lane *lane, uint32_t was);
/* In the lane, which they leave: the list is empty; the block is another lane's; a slab is empty now, or was full. */
void *maar__malloc_further(size_t bytes, struct maar__alloc_lane *lane);
void maar__free_foreign(void *block, struct maar__alloc_lane *lane, uint32_t entry);
void maar__free_further(struct maar__slab *slab, struct maar__alloc_lane *lane);

static inline __attribute__((always_inline)) void *maar__malloc_quick(size_t bytes)
{
	struct maar__alloc_lane *lane = maar__alloc_mine;
	struct maar__slab *slab;
	uint32_t was;
	void *block;
	size_t bin;

	if (maar_likely(bytes <= MAAR__CLASS_QUICK))
		bin = (bytes + 15) / 16;
	else if (bytes <= MAAR__CLASS_MOST)
		bin = maar__bin_by_bits(bytes);
	else
		return maar__malloc_slow(bytes);
	if (maar_unlikely(!maar__alloc_enter(lane, &was)))
		return maar__malloc_outside(bytes, lane, was);
	slab = lane->bin[bin];
	block = slab->free;
	if (maar_unlikely(!block))
		return maar__malloc_further(bytes, lane);
	slab->free = *(void **)block; /* which is not counted: see struct maar__slab */
	maar__alloc_back(lane, 0);
	return block;
}

static inline __attribute__((always_inline)) void maar__free_quick(void *block)
{
	struct maar__alloc_lane *lane = maar__alloc_mine;
	const uint64_t unit = ((uint64_t)(uintptr_t)block - (uint64_t)(uintptr_t)lane->base) >> MAAR__UNIT_SHIFT;
	struct maar__slab *slab;
	uint32_t entry, was;

	if (maar_unlikely(unit >= lane->units)) {
		if (block)
			maar__alloc_free_slow(block);
		return;
	}
	entry = maar_a_load(&lane->unit[unit], RELAXED) ^ lane->owner;
	if (maar_unlikely(!maar__alloc_enter(lane, &was))) {
		maar__free_outside(block, lane, was);
		return;
	}
	if (maar_unlikely(entry >= UINT32_C(1) << MAAR__OWNER_SHIFT)) { /* not this lane's */
		maar__free_foreign(block, lane, entry ^ lane->owner);
		return;
	}
	slab = &lane->slab[unit - MAAR__UNIT_BACK(entry)];
	*(void **)block = slab->free;
	slab->free = block;
	if (maar_unlikely(--slab->until < 0)) {
		maar__free_further(slab, lane);
		return;
	}
	maar__alloc_back(lane, 0);
}

#endif
