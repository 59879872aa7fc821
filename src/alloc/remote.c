/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Another lane's block, freed: it is not touched, but its handle goes into a batch for that lane and class, which goes into
 * the lane's inbox by value when it is full. If the inbox is full, the blocks are linked and spilt, with one
 * compare-and-swap: a free waits for nobody. Until then the thread may use the block itself.
 */
#include "alloc_priv.h"

#include "../base/probe.h"

/* Bytes that a batch holds back at most. */
#define BATCH_BYTES ((size_t)48 << 10)

/* Smaller blocks, several to a line, are not used by who freed them: two threads would write to one line. */
#define LEAST_REUSED 64

/* Handles of a batch, beside its key. */
#define MOST_HANDLES (MAAR__INBOX_BATCH - 1)

static void *block_of(const struct maar__batch *b, unsigned i)
{
	return maar__window(MAAR__UNIT_BACK(b->handles[0])) + ((uint64_t)b->handles[i] << MAAR__HANDLE_SHIFT);
}

static void spill(struct maar__inbox *box, const struct maar__batch *b)
{
	unsigned i;

	for (i = 1; i + 1 < b->n; i++)
		*(void **)block_of(b, i) = block_of(b, i + 1);
	maar__inbox_spill(box, block_of(b, 1), block_of(b, b->n - 1));
}

void maar__batch_flush(struct maar__alloc_lane *lane, unsigned i)
{
	struct maar__alloc_lane *owner = maar__alloc_lane(MAAR__UNIT_OWNER(lane->key[i]));
	struct maar__batch *b = &lane->open[i];

	lane->opened--;
	b->handles[0] = lane->key[i];
	lane->key[i] = 0;
	if (b->n == 1)
		return; /* all of it has been reused */
	lane->sent++;
	maar__alloc_count_slow(lane);
	if (!maar__inbox_give(&owner->inbox, b->handles, b->n)) {
		spill(&owner->inbox, b);
		maar__alloc_want(MAAR__WANT_THREAD);
	}
}

void maar__batch_flush_all(struct maar__alloc_lane *lane)
{
	unsigned i;

	for (i = 0; i < MAAR__OPEN && lane->opened; i++)
		if (lane->key[i])
			maar__batch_flush(lane, i);
}

static MAAR_COLD void open_batch(struct maar__alloc_lane *lane, unsigned i, uint32_t key)
{
	size_t most = BATCH_BYTES / maar__class_bytes(MAAR__UNIT_CLASS(key));

	if (lane->key[i])
		maar__batch_flush(lane, i);
	if (most > MOST_HANDLES)
		most = MOST_HANDLES;
	if (most < 2)
		most = 2;
	lane->key[i] = key;
	lane->opened_last[MAAR__UNIT_CLASS(key)] = (uint8_t)i;
	lane->opened++;
	lane->open[i].n = 1;
	lane->open[i].most = (uint32_t)most + 1;
}

void *maar__alloc_reuse(struct maar__alloc_lane *lane, unsigned class)
{
	const unsigned i = lane->opened_last[class];
	struct maar__batch *b = &lane->open[i];

	if (!lane->key[i] || MAAR__UNIT_CLASS(lane->key[i]) != class || b->n == 1 ||
	    maar__class_bytes(class) < LEAST_REUSED)
		return NULL;
	maar__alloc_count_slow(lane);
	MAAR__PROBE(alloc_refill, lane->id, class, MAAR__FROM_OWN_BATCHES);
	return maar__window(MAAR__UNIT_BACK(lane->key[i])) + ((uint64_t)b->handles[--b->n] << MAAR__HANDLE_SHIFT);
}

/* Of the side region, of a heap, or of nobody. */
static MAAR_COLD bool send_elsewhere(void *block, uint32_t entry)
{
	const struct maar__alloc_lane *owner = maar__alloc_lane(MAAR__UNIT_OWNER(entry));

	if (MAAR__UNIT_CLASS(entry) == MAAR__CLASS_SIDE)
		maar__side_put(block);
	else if (owner)
		return false;
	return true;
}

void maar__alloc_send(struct maar__alloc_lane *lane, void *block, uint32_t entry)
{
	const uint64_t handle =
		((uint64_t)(uintptr_t)block - (uint64_t)(uintptr_t)maar__space.base) >> MAAR__HANDLE_SHIFT;
	const uint32_t key = (entry & 0xffff00ff) | (uint32_t)(handle >> 32) << 8;
	const unsigned i = key * UINT32_C(0x9e3779b1) >> 26;
	struct maar__batch *b = &lane->open[i];

	if (maar_unlikely(lane->key[i] != key)) {
		if (send_elsewhere(block, entry) || maar__heap_free(block, entry))
			return;
		open_batch(lane, i, key);
	}
	b->handles[b->n++] = (uint32_t)handle;
	if (maar_unlikely(b->n == b->most))
		maar__batch_flush(lane, i);
}
MAAR_STATIC_ASSERT(MAAR__OPEN == 1 << (32 - 26), "the hash has 6 bits");

void maar__alloc_give(struct maar__alloc_lane *lane, void *block)
{
	const uint64_t unit = maar__unit_of(block);
	uint32_t entry;

	if (!maar__in_range(unit)) {
		(void)maar__big_put(block);
		return;
	}
	entry = maar__unit_entry(unit);
	if (MAAR__UNIT_OWNER(entry) == lane->id)
		maar__slab_push(lane, maar__slab_of(unit, entry), block);
	else
		maar__alloc_send(lane, block, entry);
}
