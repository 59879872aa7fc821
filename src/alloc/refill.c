/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * What malloc does when the list of its slab is empty. In this order: blocks that came by value, in the class's magazine;
 * what this thread has freed of others' and not sent yet; what other threads have sent back; its own slabs, touched memory
 * first; batches that wait for others; a new slab. All with the lane entered.
 */
#include "alloc_priv.h"

#include "../base/probe.h"

/* How many others' inboxes a thread looks into before it takes a new span. */
#define STEAL_LOOKS 4

/* How many batches it takes out of its own at a time: what is not wanted now costs a line a block. */
#define TAKE_BATCHES 4

/* Blocks of a batch, whose key is the first handle: into the magazine of their class if that has room, else one by one. */
static void stow(struct maar__alloc_lane *lane, const uint32_t *handles, size_t n)
{
	const uint32_t key = handles[0];
	struct maar__magazine *m = &lane->magazine[MAAR__UNIT_CLASS(key)];
	unsigned char *window = maar__window(MAAR__UNIT_BACK(key));
	size_t i;

	if (m->n == 0) {
		m->window = window;
		memcpy(m->handles, handles + 1, (n - 1) * sizeof(handles[0]));
		m->n = (uint32_t)n - 1;
		return;
	}
	for (i = 1; i < n; i++)
		maar__alloc_give(lane, window + ((uint64_t)handles[i] << MAAR__HANDLE_SHIFT));
}

static bool from_inbox(struct maar__alloc_lane *lane, unsigned class)
{
	uint32_t handles[MAAR__INBOX_BATCH + 2] __attribute__((aligned(8)));
	unsigned taken;
	size_t n;

	for (taken = 0; taken < TAKE_BATCHES; taken++) {
		n = maar__inbox_take(&lane->inbox, handles);
		if (!n)
			break;
		stow(lane, handles, n);
		if (lane->magazine[class].n)
			return true;
	}
	return false;
}

/* From those that wait in the inbox of a lane that does not come for them. */
static bool from_others(struct maar__alloc_lane *lane, unsigned class)
{
	uint32_t handles[MAAR__INBOX_BATCH + 2] __attribute__((aligned(8)));
	const uint32_t lanes = maar__alloc_lanes();
	unsigned looks;
	uint32_t key;
	size_t n;

	for (looks = 0; looks < STEAL_LOOKS && looks < lanes; looks++) {
		struct maar__alloc_lane *other = maar__alloc_lane(lane->steal_at % lanes + 1);

		if (other && other != lane && other->kind != MAAR__LANE_HEAP &&
		    maar__inbox_first(&other->inbox, &key) && MAAR__UNIT_CLASS(key) == class) {
			n = maar__inbox_take(&other->inbox, handles);
			if (n) {
				lane->stolen++;
				MAAR__PROBE(alloc_steal, lane->id, class, other->id, n - 1);
				stow(lane, handles, n);
			}
			if (lane->magazine[class].n)
				return true;
		}
		lane->steal_at++;
	}
	return false;
}

void *maar__alloc_refill(struct maar__alloc_lane *lane, unsigned class, bool *zero)
{
	struct maar__magazine *m = &lane->magazine[class];
	void *block;

	maar__alloc_count_slow(lane);
	maar__alloc_drain_spill(lane);
	if (lane->kind != MAAR__LANE_HEAP && from_inbox(lane, class)) {
		MAAR__PROBE(alloc_refill, lane->id, class, MAAR__FROM_OWN_INBOX);
		return maar__magazine_pop(m);
	}
	for (;;) {
		block = maar__slab_take(maar__slab_current(lane, class), zero);
		if (block) {
			MAAR__PROBE(alloc_refill, lane->id, class, MAAR__FROM_OWN_SLABS);
			return block;
		}
		if (maar__slab_next(lane, class))
			continue;
		if (lane->kind != MAAR__LANE_HEAP && from_others(lane, class)) {
			MAAR__PROBE(alloc_refill, lane->id, class, MAAR__FROM_OTHERS);
			return maar__magazine_pop(m);
		}
		if (!maar__slab_new(lane, class)) {
			MAAR__PROBE(alloc_none, lane->id, class);
			return NULL;
		}
	}
}

void *maar__alloc_take(struct maar__alloc_lane *lane, unsigned class, bool *zero)
{
	struct maar__slab *slab = maar__slab_current(lane, class);
	void *block = slab->free;

	*zero = false;
	if (block) {
		slab->free = *(void **)block;
		return block;
	}
	if (maar_likely(lane->magazine[class].n))
		return maar__magazine_pop(&lane->magazine[class]);
	block = maar__alloc_reuse(lane, class);
	return block ? block : maar__alloc_refill(lane, class, zero);
}

/* ---- the other way: all that came goes to the slabs ---- */

void maar__alloc_drain_spill(struct maar__alloc_lane *lane)
{
	void *block = maar_a_load(&lane->inbox.spill, RELAXED) ? maar__inbox_take_spill(&lane->inbox) : NULL;

	while (block) {
		void *next = *(void **)block;

		maar__alloc_give(lane, block);
		block = next;
	}
}

void maar__alloc_drain(struct maar__alloc_lane *lane)
{
	uint32_t handles[MAAR__INBOX_BATCH + 2] __attribute__((aligned(8)));
	unsigned class;
	size_t n, i;

	maar__alloc_drain_spill(lane);
	if (lane->kind == MAAR__LANE_HEAP)
		return;
	while ((n = maar__inbox_take(&lane->inbox, handles)) != 0)
		for (i = 1; i < n; i++)
			maar__alloc_give(lane, maar__window(MAAR__UNIT_BACK(handles[0])) +
						       ((uint64_t)handles[i] << MAAR__HANDLE_SHIFT));
	for (class = 0; class < MAAR__CLASSES; class ++)
		while (lane->magazine[class].n)
			maar__alloc_give(lane, maar__magazine_pop(&lane->magazine[class]));
	maar__batch_flush_all(lane);
}
