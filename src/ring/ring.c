/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The life of a ring: size, init, create, drain, destroy, dump. The moves are in <maar/bits/ring_impl.h>.
 */
#include "ring_priv.h"

#include "../base/base.h"

#include <errno.h>
#include <inttypes.h>

#define KNOWN_FLAGS (MAAR_RING_SP | MAAR_RING_SC | MAAR_RING_TICKET)

/* Entries that a dump shows: a screenful. */
#define DUMP_ENTRIES 16

size_t maar_ring_bytes(size_t capacity)
{
	size_t bytes;

	if (capacity == 0 || capacity > MAAR_RING_MAX_CAPACITY ||
	    !maar__mul((size_t)maar__pow2_at_least(capacity), sizeof(struct maar_ring_cell), &bytes) ||
	    !maar__add(bytes, sizeof(struct maar_ring), &bytes))
		return 0;
	return bytes;
}

static int check_request(size_t capacity, unsigned flags, unsigned layout)
{
	if (layout != MAAR_RING_LAYOUT)
		return -EPROTO;
	if (capacity == 0 || (flags & ~KNOWN_FLAGS) || ((flags & MAAR_RING_SP) && (flags & MAAR_RING_TICKET)))
		return -EINVAL;
	if (maar_ring_bytes(capacity) == 0)
		return -EOVERFLOW;
	if (!MAAR_HAVE_CAS2 && !(flags & (MAAR_RING_SP | MAAR_RING_TICKET)))
		return -ENOTSUP;
	return 0;
}

void maar__ring_start_at(struct maar_ring *ring, uint64_t position)
{
	uint64_t i;

	for (i = 0; i < ring->capacity; i++) {
		struct maar_ring_cell *cell = maar__ring_cell(ring, position + i);

		maar_a_store(&cell->word, 0, RELAXED);
		maar_a_store(&cell->lap, maar__ring_lap(ring, position + i) - ring->capacity, RELAXED);
	}
	maar_a_store(&ring->tail, position, RELAXED);
	maar_a_store(&ring->head, position, RELAXED);
	maar_a_store(&ring->head_seen, position, RELAXED);
}

/* In zeroed memory, which is an empty ring already but for its first lines. */
static void set_up(struct maar_ring *ring, size_t capacity, unsigned flags)
{
	ring->layout = MAAR_RING_LAYOUT;
	ring->flags = flags;
	ring->capacity = maar__pow2_at_least(capacity);
	ring->mask = ring->capacity - 1;
	ring->magic = MAAR__RING_MAGIC;
}

int maar_ring_init_layout(void *mem, size_t bytes, size_t capacity, unsigned flags, unsigned layout)
{
	const int rc = check_request(capacity, flags, layout);

	if (rc)
		return rc;
	if (!mem || (uintptr_t)mem % MAAR_APART)
		return -EINVAL;
	if (bytes < maar_ring_bytes(capacity))
		return -ENOSPC;
	memset(mem, 0, maar_ring_bytes(capacity));
	set_up(mem, capacity, flags);
	return 0;
}

struct maar_ring *maar_ring_create(size_t capacity, unsigned flags)
{
	const int rc = check_request(capacity, flags, MAAR_RING_LAYOUT);
	struct maar_ring *ring;

	if (rc) {
		errno = -rc;
		return NULL;
	}
	ring = maar__map(maar_ring_bytes(capacity));
	if (!ring)
		return NULL;
	set_up(ring, capacity, flags);
	ring->owns = 1;
	return ring;
}

size_t maar_ring_drain(struct maar_ring *ring, maar_ring_value_fn *each, void *arg)
{
	/* Producers may be running: one capacity beyond what is there now, so that a drain ends. */
	const uint64_t most = (uint64_t)maar_ring_count(ring) + maar_ring_capacity(ring);
	uint64_t value, n = 0;

	while (n < most && maar_ring_dequeue(ring, &value)) {
		if (each)
			each(value, arg);
		n++;
	}
	return (size_t)n;
}

void maar_ring_destroy_each(struct maar_ring *ring, maar_ring_value_fn *each, void *arg)
{
	if (!ring)
		return;
	MAAR_DEBUG_CHECK(ring->magic == MAAR__RING_MAGIC, "not a ring, or a ring destroyed before");
	if (ring->magic != MAAR__RING_MAGIC)
		return;
	if (each)
		maar_ring_drain(ring, each, arg);
	ring->magic = 0;
	if (ring->owns)
		maar__unmap(ring, maar_ring_bytes((size_t)ring->capacity));
}

void maar_ring_destroy(struct maar_ring *ring)
{
	maar_ring_destroy_each(ring, NULL, NULL);
}

int maar_ring_dump(const struct maar_ring *ring, FILE *to)
{
	uint64_t head, position;
	size_t count, shown;

	if (!ring || !to || ring->magic != MAAR__RING_MAGIC)
		return -EINVAL;
	count = maar_ring_count(ring);
	head = maar_a_load(&ring->head, RELAXED); /* a dump relies on nothing it reads */
	fprintf(to, "ring %p: %s producer%s, %s consumer%s, %s\n", (const void *)ring,
		ring->flags & MAAR_RING_SP ? "one" : "many", ring->flags & MAAR_RING_SP ? "" : "s",
		ring->flags & MAAR_RING_SC ? "one" : "many", ring->flags & MAAR_RING_SC ? "" : "s",
		ring->flags & MAAR_RING_TICKET ? "ticket"
		: ring->flags & MAAR_RING_SP   ? "wait-free producer"
					       : "lock-free");
	fprintf(to, "  capacity %" PRIu64 ", count %zu, free %" PRIu64 "\n", ring->capacity, count,
		ring->capacity - count);
	fprintf(to, "  head %" PRIu64 ", tail %" PRIu64 "\n", head, maar_a_load(&ring->tail, RELAXED));
	for (shown = 0, position = head; shown < count && shown < DUMP_ENTRIES; shown++, position++) {
		const struct maar_ring_cell *cell = maar__ring_cell(ring, position);

		if (maar_a_load(&cell->lap, RELAXED) == maar__ring_lap(ring, position))
			fprintf(to, "  [%" PRIu64 "] 0x%016" PRIx64 "\n", position, maar_a_load(&cell->word, RELAXED));
		else
			fprintf(to, "  [%" PRIu64 "] (claimed, not filled)\n", position);
	}
	if (count > shown)
		fprintf(to, "  ... and %zu more\n", count - shown);
	return ferror(to) ? -EIO : 0;
}
