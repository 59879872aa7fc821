/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * What a ring of words and a ring of slots make of the capacity that was asked for.
 */
#ifndef MAAR_RING_SHAPE_H
#define MAAR_RING_SHAPE_H

#include "../base/base.h"

/* The fields of these names in struct maar_ring and struct maar_slot_ring. */
struct maar__ring_shape {
	uint64_t capacity, limit, mask, tell;
};

/*
 * lazy: a single consumer may tell its position now and then. A sixteenth: telling then moves a line 16 times a round
 * instead of once a value, and a producer misses little room. Up to a capacity of 16 that would be every value: nothing to
 * save, and no cells beyond the capacity are needed.
 */
static inline struct maar__ring_shape maar__ring_shape(size_t asked, bool lazy)
{
	const uint64_t capacity = maar__pow2_at_least(asked);
	const uint64_t period = lazy && capacity > 16 ? capacity / 16 : 1; /* values between two tellings */

	return (struct maar__ring_shape){ .capacity = capacity,
					  .limit = capacity + period - 1,
					  .mask = (period > 1 ? capacity * 2 : capacity) - 1,
					  .tell = ~(period - 1) };
}

static inline bool maar__is_shape(const struct maar__ring_shape *s, uint64_t capacity, uint64_t limit, uint64_t mask,
				  uint64_t tell)
{
	return capacity == s->capacity && limit == s->limit && mask == s->mask && tell == s->tell;
}

#endif
