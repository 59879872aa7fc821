/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The inbox of a lane: where what other threads put comes back. What it is made of, and why: inbox.h.
 */
#include "inbox.h"

size_t maar__inbox_bytes(void)
{
	return maar_batch_ring_bytes(MAAR__INBOX_BATCHES, MAAR__INBOX_BATCH, MAAR_BATCH_RING_TICKET);
}

void maar__inbox_init(struct maar__inbox *box, void *memory)
{
	box->ring = memory;
	maar__batch_ring_set_up(box->ring, MAAR__INBOX_BATCHES, MAAR__INBOX_BATCH, MAAR_BATCH_RING_TICKET);
}

void maar__inbox_spill(struct maar__inbox *box, void *first, void *last)
{
	unsigned char *before;

	do {
		before = maar_a_load(&box->spill, RELAXED);
		maar_n_store((void **)last, (void *)before);
	} while (!maar_a_cas(&box->spill, before, (unsigned char *)first, RELEASE)); /* R:inbox.spill */
}

void *maar__inbox_take_spill(struct maar__inbox *box)
{
	unsigned char *all;

	do {
		all = maar_a_load(&box->spill, RELAXED);
		if (!all)
			return NULL;
	} while (!maar_a_cas(&box->spill, all, NULL, ACQUIRE)); /* A:inbox.spill */
	return all;
}

void maar__inbox_inherit(struct maar__inbox *box)
{
	const uint64_t head = maar_a_load(&box->ring->head, RELAXED), tail = maar_a_load(&box->ring->tail, RELAXED);
	uint32_t handle;

	/* Somebody has claimed the oldest cell, and will not fill it: what is behind it is lost too. */
	if (head != tail && !maar__inbox_first(box, &handle))
		maar__batch_ring_start_at(box->ring, 0);
}
