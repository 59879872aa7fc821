/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * What the tests of waiting share: a ring and its wait.
 */
#ifndef MAAR_TEST_UNIT_WAITS_H
#define MAAR_TEST_UNIT_WAITS_H

#include "events.h"

#include <maar/wait.h>

struct both {
	struct maar_ring *ring;
	struct maar_wait *wait;
};

static inline struct both make(size_t capacity, unsigned mode, unsigned flags)
{
	struct both b = { .ring = maar_ring_create(capacity, mode) };

	ck_assert_ptr_nonnull(b.ring);
	b.wait = maar_wait_create(b.ring, flags);
	ck_assert_ptr_nonnull(b.wait);
	return b;
}

static inline void unmake(struct both *b)
{
	maar_wait_destroy(b->wait);
	maar_ring_destroy(b->ring);
}

/* A maar_ring_value_fn. */
static inline void add(uint64_t value, void *sum)
{
	*(uint64_t *)sum += value;
}

#endif
