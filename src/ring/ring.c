/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The life of a ring: size, init, create, drain, destroy, dump. The moves are in <maar/bits/ring_impl.h>.
 */
#include "ring_priv.h"

#include "../base/life.h"
#include "shape.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>

/* Entries that a dump shows: a screenful. */
#define DUMP_ENTRIES 16

/* What follows from a request. */
struct plan {
	struct maar__ring_shape shape;
	size_t bytes; /* of the whole ring */
};

static bool flags_agree(unsigned flags)
{
	const unsigned known = MAAR_RING_SPSC | MAAR_RING_TICKET | MAAR_RING_HANDLE | MAAR_RING_SPAN | MAAR_RING_EXACT |
			       MAAR_RING_OVERWRITE;

	if (flags & ~known)
		return false;
	if ((flags & MAAR_RING_TICKET) && (flags & MAAR_RING_SP))
		return false;
	if ((flags & MAAR_RING_SPAN) && ((flags & MAAR_RING_HANDLE) || (flags & MAAR_RING_SPSC) != MAAR_RING_SPSC))
		return false;
	return !(flags & MAAR_RING_OVERWRITE) || !(flags & MAAR_RING_SC);
}

/*
 * A single producer of many consumers is the faster side, so its ring is mostly full. With twice the cells, the one it
 * fills then is half a ring away from the one that consumers read, not in the same line.
 */
static bool is_mostly_full(uint64_t capacity, unsigned flags)
{
	return (flags & (MAAR_RING_SPSC | MAAR_RING_EXACT)) == MAAR_RING_SP && capacity > 16;
}

static int plan_for(struct plan *plan, size_t capacity, unsigned flags)
{
	const bool small = flags & (MAAR_RING_HANDLE | MAAR_RING_SPAN);
	uint64_t cells;

	if (capacity == 0 || !flags_agree(flags))
		return -EINVAL;
	if (capacity > MAAR_RING_MAX_CAPACITY)
		return -EOVERFLOW;
	plan->shape = maar__ring_shape(capacity, (flags & MAAR_RING_SC) && !(flags & MAAR_RING_EXACT));
	if (is_mostly_full(plan->shape.capacity, flags))
		plan->shape.mask = plan->shape.capacity * 2 - 1;
	cells = plan->shape.mask + 1;
	if (cells > SIZE_MAX ||
	    !maar__mul((size_t)cells, small ? sizeof(uint64_t) : sizeof(struct maar_ring_cell), &plan->bytes) ||
	    !maar__add(plan->bytes, sizeof(struct maar_ring), &plan->bytes))
		return -EOVERFLOW;
	return 0;
}

static int check_request(struct plan *plan, size_t capacity, unsigned flags, unsigned layout)
{
	int rc;

	if (layout != MAAR_RING_LAYOUT)
		return -EPROTO;
	rc = plan_for(plan, capacity, flags);
	if (rc)
		return rc;
	if (!MAAR_HAVE_CAS2 && !(flags & (MAAR_RING_SP | MAAR_RING_TICKET | MAAR_RING_HANDLE)))
		return -ENOTSUP;
	return 0;
}

size_t maar_ring_bytes(size_t capacity, unsigned flags)
{
	struct plan plan;

	return plan_for(&plan, capacity, flags) ? 0 : plan.bytes;
}

/* Empties the cell of a position. */
static void vacate(struct maar__ring_view v, uint64_t position)
{
	struct maar_ring_cell *cell;

	if (v.flags & MAAR_RING_SPAN) {
		*maar__ring_small_cell(v, position) = 0;
	} else if (v.flags & MAAR_RING_HANDLE) {
		maar_a_store(maar__ring_small_cell(v, position),
			     maar__ring_with_lap(v, position, 0) - (UINT64_C(1) << 32), RELAXED);
	} else {
		cell = maar__ring_cell(v, position);
		maar_a_store(&cell->word, 0, RELAXED);
		maar_a_store(&cell->lap, maar__ring_lap(v, position) - v.mask - 1, RELAXED);
	}
}

void maar__ring_start_at(struct maar_ring *ring, uint64_t position)
{
	uint64_t i;

	for (i = 0; i <= ring->mask; i++)
		vacate(maar__ring_view(ring), position + i);
	maar_a_store(&ring->tail, position, RELAXED);
	maar_a_store(&ring->head, position, RELAXED);
	maar_a_store(&ring->head_seen, position, RELAXED);
	maar_a_store(&ring->taken, position, RELAXED);
	maar_a_store(&ring->tail_seen, position, RELAXED);
}

/* In zeroed memory, which is an empty ring already but for its first lines. */
static void set_up(struct maar_ring *ring, const struct plan *plan, unsigned flags)
{
	ring->layout = MAAR_RING_LAYOUT;
	ring->flags = flags;
	ring->capacity = plan->shape.capacity;
	ring->limit = plan->shape.limit;
	ring->mask = plan->shape.mask;
	ring->tell = plan->shape.tell;
	ring->shift = (uint32_t)__builtin_ctzll(ring->mask + 1);
	ring->magic = MAAR__RING_MAGIC;
}

int maar_ring_init_layout(void *mem, size_t bytes, size_t capacity, unsigned flags, unsigned layout)
{
	struct plan plan;
	int rc = check_request(&plan, capacity, flags, layout);

	if (!rc)
		rc = maar__unfit(mem, bytes, plan.bytes);
	if (rc)
		return rc;
	memset(mem, 0, plan.bytes);
	set_up(mem, &plan, flags);
	return 0;
}

struct maar_ring *maar_ring_create_layout(size_t capacity, unsigned flags, unsigned layout)
{
	struct plan plan;
	const int rc = check_request(&plan, capacity, flags, layout);
	struct maar_ring *ring = maar__refused(rc) ? NULL : maar__map(plan.bytes);

	if (!ring)
		return NULL;
	set_up(ring, &plan, flags);
	ring->owns = maar__owner(ring);
	return ring;
}

size_t maar_ring_enqueue_overwrite(struct maar_ring *ring, uint64_t value, maar_ring_value_fn *evicted, void *arg)
{
	uint64_t oldest;

	if (maar__ring_is_null(ring) || !(ring->flags & MAAR_RING_OVERWRITE)) {
		MAAR_DEBUG_CHECK(!ring, "the ring was not made with MAAR_RING_OVERWRITE");
		return 0;
	}
	if ((ring->flags & MAAR_RING_HANDLE) && !maar__ring_are_handles(&value, 1))
		return 0;
	for (;;) {
		const uint64_t head = maar_a_load(&ring->head, RELAXED);

		if (maar_ring_enqueue(ring, value))
			return 1;
		if (maar_ring_dequeue(ring, &oldest)) {
			if (evicted)
				evicted(oldest, arg);
		} else if ((ring->flags & MAAR_RING_TICKET) && maar_a_load(&ring->head, RELAXED) == head) {
			/* Head stood still, so the cell not filled now was not filled when the ring was full. */
			return 0;
		}
	}
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
	if (ring->owns == maar__owner(ring))
		maar__unmap(ring, maar_ring_bytes((size_t)ring->capacity, ring->flags));
}

void maar_ring_destroy(struct maar_ring *ring)
{
	maar_ring_destroy_each(ring, NULL, NULL);
}

/* Whether what never changes is what init wrote: then cells can be looked at. */
bool maar__ring_is_whole(const struct maar_ring *ring)
{
	struct plan plan;

	return ring->layout == MAAR_RING_LAYOUT && ring->capacity <= MAAR_RING_MAX_CAPACITY &&
	       plan_for(&plan, (size_t)ring->capacity, ring->flags) == 0 &&
	       maar__is_shape(&plan.shape, ring->capacity, ring->limit, ring->mask, ring->tell) &&
	       ring->shift == (uint32_t)__builtin_ctzll(ring->mask + 1);
}

/* ---- for people ---- */

static void dump_kind(const struct maar_ring *ring, FILE *to)
{
	const unsigned flags = ring->flags;

	fprintf(to, "ring %p: %s producer%s, %s consumer%s, %s, %s%s\n", (const void *)ring,
		flags & MAAR_RING_SP ? "one" : "many", flags & MAAR_RING_SP ? "" : "s",
		flags & MAAR_RING_SC ? "one" : "many", flags & MAAR_RING_SC ? "" : "s",
		flags & MAAR_RING_TICKET ? "ticket"
		: flags & MAAR_RING_SP	 ? "wait-free producer"
					 : "lock-free",
		flags & MAAR_RING_HANDLE ? "handles"
		: flags & MAAR_RING_SPAN ? "words in a span"
					 : "words",
		flags & MAAR_RING_OVERWRITE ? ", may overwrite" : "");
}

/* The value at a position in *value; false if the cell is claimed and not filled. */
static bool value_at(const struct maar_ring *ring, uint64_t position, uint64_t *value)
{
	if (!(ring->flags & MAAR_RING_SPAN))
		return maar__ring_look(maar__ring_view(ring), position, value) == 0;
	*value = *maar__ring_small_cell(maar__ring_view(ring), position);
	return true;
}

int maar_ring_dump(const struct maar_ring *ring, FILE *to)
{
	uint64_t next, position, value;
	size_t count, shown;

	if (!ring || !to || (uintptr_t)ring % MAAR_APART || ring->magic != MAAR__RING_MAGIC)
		return -EINVAL;
	if (!maar__ring_is_whole(ring))
		return -EBADMSG;
	count = maar_ring_count(ring);
	next = maar__ring_next(ring);
	dump_kind(ring, to);
	fprintf(to, "  capacity %" PRIu64 " (at most %" PRIu64 "), count %zu, free %zu\n", ring->capacity, ring->limit,
		count, maar_ring_free_count(ring));
	fprintf(to, "  next to take %" PRIu64 ", to fill %" PRIu64 "; free before %" PRIu64 "\n", next,
		maar_a_load(&ring->tail, RELAXED), maar_a_load(&ring->head, RELAXED) + ring->limit);
	for (shown = 0, position = next; shown < count && shown < DUMP_ENTRIES; shown++, position++) {
		if (value_at(ring, position, &value))
			fprintf(to, "  [%" PRIu64 "] 0x%016" PRIx64 "\n", position, value);
		else
			fprintf(to, "  [%" PRIu64 "] (claimed, not filled)\n", position);
	}
	if (count > shown)
		fprintf(to, "  ... and %zu more\n", count - shown);
	return ferror(to) ? -EIO : 0;
}

/* ---- validation ---- */

/* The side fields, against the two positions that count. A consumer that died may have told less than it should. */
static bool positions_agree(const struct maar_ring *ring, uint64_t next, uint64_t tail)
{
	const uint64_t head = maar_a_load(&ring->head, RELAXED);
	const uint64_t seen = maar_a_load(&ring->head_seen, RELAXED);

	return tail - next <= ring->limit && tail - head <= ring->limit && next - head <= ring->limit &&
	       (int64_t)(head - seen) >= 0;
}

int maar_ring_check(const struct maar_ring *ring)
{
	struct maar__ring_view v;
	uint64_t next, tail, i, word;
	bool died = false;

	if (!ring || (uintptr_t)ring % MAAR_APART || ring->magic != MAAR__RING_MAGIC)
		return -EINVAL;
	if (!maar__ring_is_whole(ring))
		return -EBADMSG;
	v = maar__ring_view(ring);
	next = maar__ring_next(ring);
	tail = maar_a_load(&ring->tail, RELAXED);
	if (!(ring->flags & (MAAR_RING_SPAN | MAAR_RING_TICKET))) {
		/* Filled, and its producer died before it moved the tail: many producers take that in their stride. */
		tail = maar__ring_skip_filled(v, tail);
		died = (ring->flags & MAAR_RING_SP) && tail != maar_a_load(&ring->tail, RELAXED);
	}
	if (!positions_agree(ring, next, tail))
		return -EBADMSG;
	if (ring->flags & MAAR_RING_SPAN)
		return 0;
	/* From the next to take on: filled up to the tail, then vacant, each for its own position. */
	for (i = 0; i <= ring->mask; i++) {
		const int64_t ahead = maar__ring_look(v, next + i, &word);
		const bool filled = i < tail - next;

		if (ahead == (filled ? 0 : maar__ring_vacant(v)))
			continue;
		if (!filled || !(ring->flags & MAAR_RING_TICKET) || ahead != maar__ring_vacant(v))
			return -EBADMSG;
		died = true;
	}
	return died ? -EOWNERDEAD : 0;
}
