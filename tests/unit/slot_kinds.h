/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Every kind of slot ring, and elements of every size that meets an edge of a cell, as tables to loop over; and a
 * pattern that fills an element and tells who wrote it.
 */
#ifndef MAAR_TEST_UNIT_SLOT_KINDS_H
#define MAAR_TEST_UNIT_SLOT_KINDS_H

#include "common.h"

#include <maar/slot_ring.h>

#include "../../src/ring/slot_ring_priv.h"

struct kind {
	const char *name;
	unsigned flags;
};

static const struct kind kinds[] = {
	{ "SPSC", MAAR_SLOT_RING_SPSC },
	{ "SPSC exact", MAAR_SLOT_RING_SPSC | MAAR_SLOT_RING_EXACT },
	{ "SPSC line", MAAR_SLOT_RING_SPSC | MAAR_SLOT_RING_LINE },
	{ "MPMC ticket", MAAR_SLOT_RING_TICKET },
	{ "MPMC ticket line", MAAR_SLOT_RING_TICKET | MAAR_SLOT_RING_LINE },
	{ "MPSC ticket", MAAR_SLOT_RING_TICKET | MAAR_SLOT_RING_MPSC },
	{ "SPMC ticket", MAAR_SLOT_RING_TICKET | MAAR_SLOT_RING_SPMC },
	{ "MPMC lock-free", MAAR_SLOT_RING_MPMC },
	{ "MPMC lock-free line", MAAR_SLOT_RING_MPMC | MAAR_SLOT_RING_LINE },
	{ "MPSC lock-free", MAAR_SLOT_RING_MPSC },
	{ "SPMC lock-free", MAAR_SLOT_RING_SPMC },
};
#define KINDS ((int)COUNT_OF(kinds))

static const size_t elements[] = { 1, 8, 24, 56, 64, 100, 512 };
#define MOST_BYTES 512

static inline bool kind_is_spsc(const struct kind *kind)
{
	return (kind->flags & MAAR_SLOT_RING_SPSC) == MAAR_SLOT_RING_SPSC;
}

static inline bool kind_is_ticket(const struct kind *kind)
{
	return (kind->flags & MAAR_SLOT_RING_TICKET) != 0;
}

static inline bool kind_is_lockfree(const struct kind *kind)
{
	return !kind_is_spsc(kind) && !kind_is_ticket(kind);
}

/* The most that a ring of this kind and capacity may hold while its consumer has told nothing. */
static inline size_t kind_limit(const struct kind *kind, size_t capacity)
{
	const bool lazy = kind_is_spsc(kind) && !(kind->flags & MAAR_SLOT_RING_EXACT) && capacity > 16;

	return lazy ? capacity + capacity / 16 - 1 : capacity;
}

static inline struct maar_slot_ring *kind_ring(const struct kind *kind, size_t capacity, size_t bytes)
{
	struct maar_slot_ring *ring = maar_slot_ring_create(capacity, bytes, kind->flags);

	ck_assert_ptr_nonnull(ring);
	return ring;
}

/* ---- element n: as many of its bytes as there are, and a sequence that depends on all of n ---- */

static inline uint8_t pattern(uint64_t n, size_t i)
{
	return i < 8 ? (uint8_t)(n >> 8 * i) : (uint8_t)(n * 0x9e3779b97f4a7c15u >> 8 * (i & 7)) ^ (uint8_t)i;
}

static inline void write_element(void *slot, uint64_t n, size_t bytes)
{
	uint8_t *byte = slot;
	size_t i;

	for (i = 0; i < bytes; i++)
		byte[i] = pattern(n, i);
}

static inline bool is_element(const void *slot, uint64_t n, size_t bytes)
{
	const uint8_t *byte = slot;
	size_t i;

	for (i = 0; i < bytes; i++)
		if (byte[i] != pattern(n, i))
			return false;
	return true;
}

#endif
