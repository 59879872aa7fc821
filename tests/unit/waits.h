/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * What the tests of waiting share: a ring and its wait, the system calls that the library under test counts.
 */
#ifndef MAAR_TEST_UNIT_WAITS_H
#define MAAR_TEST_UNIT_WAITS_H

#include "common.h"

#ifndef MAAR_FAULTS
#error "compile with -DMAAR_FAULTS, as the library is, for maar__sleep_calls"
#endif
#include "../../src/base/sleep.h"

#include <maar/wait.h>

/* Waiters of an event, from the picture in its header. */
static inline uint64_t asleep_on(struct maar_event *e)
{
	return maar_a_load(&e->word, RELAXED) & 0x3fffffff;
}

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
