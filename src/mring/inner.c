/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * An mring inside another object: its slots, of whole pages each, lie at addresses that the other reserved, its free slots
 * on one stack, under the other's lock. It grows slot by slot, and gives back those that lay longest at the bottom. The
 * allocator's spans are slots of such mrings; nothing here may come from malloc, for the allocator may be malloc.
 */
#include "mring_priv.h"

#include <errno.h>

static size_t stack_bytes(const struct maar__mring *m)
{
	return sizeof(struct maar__lane) + (size_t)m->front.slots * sizeof(void *);
}

int maar__mring_init_inner(struct maar__mring *m, void *at, size_t slots, size_t slot_bytes)
{
	m->front.stride = slot_bytes;
	m->front.slab = at;
	maar__mring_measures(&m->front, slot_bytes, (uint32_t)slots);
	m->single = m->inner = true;
	m->page = maar__page();
	m->batch = MAAR_MRING_BATCH;
	m->lane_slots = m->front.slots;
	m->slab_slots = 1;
	m->slabs = m->front.slots;
	m->soft = UINT32_MAX;
	m->present = maar__map_sparse(m->slabs);
	m->common = m->present ? maar__map_sparse(stack_bytes(m)) : NULL;
	if (!m->common) {
		maar__mring_end_inner(m);
		return -ENOMEM;
	}
	m->common->limit = m->lane_slots;
	m->front.magic = MAAR__MRING_MAGIC;
	return 0;
}

void maar__mring_end_inner(struct maar__mring *m)
{
	maar__unmap(m->present, m->slabs);
	maar__unmap(m->common, stack_bytes(m));
	memset(m, 0, sizeof(*m));
}

void *maar__mring_get_inner(struct maar__mring *m, bool *fresh)
{
	void *slot;

	*fresh = m->common->n == 0;
	if (*fresh && !maar__mring_grow(m))
		return NULL;
	return maar__mring_take(m, m->common, &slot, 1) ? slot : NULL;
}

void maar__mring_put_inner(struct maar__mring *m, void *slot)
{
	maar__lane_slots(m->common)[m->common->n++] = slot;
}

uint32_t maar__mring_shrink_inner(struct maar__mring *m, uint32_t n)
{
	void **slots = maar__lane_slots(m->common);
	uint32_t have = m->common->n, i, gone;

	if (n > have)
		n = have;
	for (gone = 0; gone < n; gone++) {
		const uint32_t slab = maar_mring_handle(&m->front, slots[gone]);

		if (!maar__slab_return(m, slab))
			break;
		if (slab < m->absent)
			m->absent = slab;
	}
	for (i = gone; i < have; i++)
		slots[i - gone] = slots[i];
	m->common->n = have - gone;
	maar_a_store(&m->slots_now, m->slots_now - gone, RELAXED);
	m->shrunk += gone;
	return gone;
}
