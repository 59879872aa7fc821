/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The life of a batch ring; its moves are inline in batch_ring.h.
 */
#include "batch_ring.h"

#include <errno.h>

struct maar__batch_ring *maar__batch_ring_create(size_t cells, uint32_t batch)
{
	const uint32_t words = (batch + 1) / 2;
	struct maar__batch_ring *r;
	size_t stride, bytes;

	cells = (size_t)maar__pow2_at_least(cells);
	if (!maar__round_up(sizeof(struct maar__batch_cell) + words * sizeof(uint64_t), MAAR_CACHE_LINE, &stride) ||
	    !maar__mul(cells, stride, &bytes) || !maar__add(bytes, sizeof(*r), &bytes)) {
		errno = EOVERFLOW;
		return NULL;
	}
	r = maar__map(bytes);
	if (!r)
		return NULL;
	r->capacity = cells;
	r->mask = cells - 1;
	r->stride = stride;
	r->words = words;
	r->batch = batch;
	r->bytes = bytes;
	return r;
}

void maar__batch_ring_destroy(struct maar__batch_ring *ring)
{
	if (ring)
		maar__unmap(ring, ring->bytes);
}
