/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * A span as a slab of blocks of one class. Of a class a lane has one slab that malloc takes from, those with free blocks in
 * a list, and full ones that nothing points to until one of their blocks comes back. An empty one, unless it is the current,
 * is a span again at once. All with the lane entered.
 */
#include "alloc_priv.h"

#include "../base/probe.h"

/*
 * Untouched blocks are linked a page at a time: one way for all blocks afterwards. A block of more than half of it is handed
 * out untouched, and calloc need not clear it.
 */
#define LINK_BYTES 4096

void *maar__slab_take(struct maar__slab *slab, bool *zero)
{
	unsigned char *block;
	void **at;
	uint32_t n;

	*zero = false;
	at = slab->free;
	if (at) {
		slab->free = *at;
		return at;
	}
	if (slab->bump == slab->end)
		return NULL;
	block = slab->base + slab->bump;
	*zero = slab->zero;
	n = LINK_BYTES / slab->bytes;
	if (n > (slab->end - slab->bump) / slab->bytes)
		n = (slab->end - slab->bump) / slab->bytes;
	slab->bump += (n ? n : 1) * slab->bytes;
	if (n > 1) {
		slab->free = (void *)(block + slab->bytes);
		for (at = slab->free; n > 2; n--, at = *at)
			*at = (unsigned char *)at + slab->bytes;
		*at = NULL;
	}
	return block;
}

uint32_t maar__slab_used(const struct maar__slab *slab)
{
	uint32_t used = slab->bump / slab->bytes;
	void *const *at;

	if (slab->state == MAAR__SLAB_LISTED)
		return (uint32_t)slab->until + 1;
	for (at = slab->free; at; at = *at) /* one that is full has none */
		used--;
	return used;
}

static bool has_blocks(const struct maar__slab *slab)
{
	return slab->free || slab->bump != slab->end;
}

static void enlist(struct maar__alloc_lane *lane, struct maar__slab *slab)
{
	struct maar__slab **list = &lane->partial[slab->class];

	slab->until = (int32_t)maar__slab_used(slab) - 1;
	slab->state = MAAR__SLAB_LISTED;
	slab->prev = NULL;
	slab->next = *list;
	if (slab->next)
		slab->next->prev = slab;
	*list = slab;
}

static void delist(struct maar__alloc_lane *lane, struct maar__slab *slab)
{
	if (slab->prev)
		slab->prev->next = slab->next;
	else
		lane->partial[slab->class] = slab->next;
	if (slab->next)
		slab->next->prev = slab->prev;
}

static struct maar__slab no_slab; /* has no blocks, and is written by nobody */

static void set_bins(struct maar__alloc_lane *lane, unsigned class, struct maar__slab *slab)
{
	const size_t last = maar__bin_of(class);
	size_t bin;

	for (bin = maar__bin_first(class); bin <= last; bin++)
		lane->bin[bin] = slab;
}

static void make_current(struct maar__alloc_lane *lane, unsigned class, struct maar__slab *slab)
{
	struct maar__slab *old = maar__slab_current(lane, class);

	if (old != &no_slab) {
		old->state = MAAR__SLAB_FULL;
		old->until = MAAR__UNTIL_ONCE;
		if (has_blocks(old))
			enlist(lane, old);
	}
	set_bins(lane, class, slab);
	slab->state = MAAR__SLAB_CURRENT;
	slab->until = MAAR__UNTIL_NEVER;
}

void maar__slab_none(struct maar__alloc_lane *lane)
{
	size_t bin;

	for (bin = 0; bin < MAAR__BINS; bin++)
		lane->bin[bin] = &no_slab;
}

bool maar__slab_next(struct maar__alloc_lane *lane, unsigned class)
{
	struct maar__slab *slab = lane->partial[class];

	if (!slab)
		return false;
	delist(lane, slab);
	make_current(lane, class, slab);
	return true;
}

bool maar__slab_new(struct maar__alloc_lane *lane, unsigned class)
{
	struct maar__slab *slab = maar__span_get(lane, class);

	if (!slab)
		return false;
	MAAR__PROBE(alloc_grow, lane->id, class, slab->end);
	make_current(lane, class, slab);
	return true;
}

void maar__slab_freed(struct maar__alloc_lane *lane, struct maar__slab *slab)
{
	if (slab->state == MAAR__SLAB_CURRENT) {
		slab->until = MAAR__UNTIL_NEVER;
		return;
	}
	if (slab->state == MAAR__SLAB_FULL)
		enlist(lane, slab);
	if (slab->until < 0) {
		delist(lane, slab);
		maar__span_put(slab);
	}
}

void maar__slab_sweep(struct maar__alloc_lane *lane)
{
	unsigned class;

	for (class = 0; class < MAAR__CLASSES; class ++) {
		struct maar__slab *slab = maar__slab_current(lane, class);

		if (slab == &no_slab || maar__slab_used(slab))
			continue;
		set_bins(lane, class, &no_slab);
		maar__span_put(slab);
	}
}
