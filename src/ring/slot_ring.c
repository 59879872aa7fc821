/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The life of a slot ring: size, init, create, drain, destroy, dump, check; and the moves of the lock-free kind. The
 * other moves are in <maar/bits/slot_ring_moves.h>.
 */
#include "slot_ring_priv.h"

#include "../base/life.h"
#include "ring_priv.h"
#include "shape.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

/* A dump shows so many elements, and so many bytes of each: a screenful. */
#define DUMP_ELEMENTS 16
#define DUMP_BYTES    16

/* What follows from a request. */
struct plan {
	struct maar__ring_shape shape;
	uint32_t element, stride;
	unsigned free_flags, filled_flags; /* lock-free: of the rings of handles */
	size_t filled_at, slots_at;
	size_t bytes; /* of the whole ring */
};

static bool is_spsc(unsigned flags)
{
	return (flags & MAAR_SLOT_RING_SPSC) == MAAR_SLOT_RING_SPSC;
}

static bool is_lockfree(unsigned flags)
{
	return !is_spsc(flags) && !(flags & MAAR_SLOT_RING_TICKET);
}

static bool flags_agree(unsigned flags)
{
	const unsigned known = MAAR_SLOT_RING_SPSC | MAAR_SLOT_RING_TICKET | MAAR_SLOT_RING_EXACT | MAAR_SLOT_RING_LINE;

	if (flags & ~known)
		return false;
	return is_spsc(flags) ? !(flags & MAAR_SLOT_RING_TICKET) : !(flags & MAAR_SLOT_RING_EXACT);
}

/*
 * The lock-free kind's two rings: filled slots go from producers to consumers, free ones from consumers, and from
 * producers that abort, to producers.
 */
static bool plan_rings(struct plan *plan, unsigned flags)
{
	const unsigned sp = flags & MAAR_SLOT_RING_SP, sc = flags & MAAR_SLOT_RING_SC;
	size_t free_bytes, filled_bytes;

	plan->free_flags = MAAR_RING_HANDLE | (sp ? MAAR_RING_SC : 0);
	plan->filled_flags = MAAR_RING_HANDLE | (sp ? MAAR_RING_SP : 0) | (sc ? MAAR_RING_SC : 0);
	free_bytes = maar_ring_bytes((size_t)plan->shape.capacity, plan->free_flags);
	filled_bytes = maar_ring_bytes((size_t)plan->shape.capacity, plan->filled_flags);
	return free_bytes && filled_bytes && maar__add(sizeof(struct maar_slot_ring), free_bytes, &plan->filled_at) &&
	       maar__round_up(plan->filled_at, MAAR_APART, &plan->filled_at) &&
	       maar__add(plan->filled_at, filled_bytes, &plan->slots_at) &&
	       maar__round_up(plan->slots_at, MAAR_APART, &plan->slots_at);
}

static int plan_for(struct plan *plan, size_t capacity, size_t element, unsigned flags)
{
	size_t cells;

	if (capacity == 0 || element == 0 || !flags_agree(flags))
		return -EINVAL;
	if (capacity > MAAR_SLOT_RING_MAX_CAPACITY || element > MAAR_SLOT_RING_MAX_ELEMENT)
		return -EOVERFLOW;
	plan->shape = maar__ring_shape(capacity, is_spsc(flags) && !(flags & MAAR_SLOT_RING_EXACT));
	plan->element = (uint32_t)element;
	plan->stride = maar__slot_ring_stride_of(element, flags);
	plan->free_flags = plan->filled_flags = 0;
	plan->filled_at = 0;
	plan->slots_at = sizeof(struct maar_slot_ring);
	if (plan->shape.mask >= SIZE_MAX || (is_lockfree(flags) && !plan_rings(plan, flags)) ||
	    !maar__mul((size_t)plan->shape.mask + 1, plan->stride, &cells) ||
	    !maar__add(plan->slots_at, cells, &plan->bytes))
		return -EOVERFLOW;
	return 0;
}

static int check_request(struct plan *plan, size_t capacity, size_t element, unsigned flags, unsigned layout)
{
	return layout == MAAR_SLOT_RING_LAYOUT ? plan_for(plan, capacity, element, flags) : -EPROTO;
}

size_t maar_slot_ring_bytes(size_t capacity, size_t element, unsigned flags)
{
	struct plan plan;

	return plan_for(&plan, capacity, element, flags) ? 0 : plan.bytes;
}

/* ---- the lock-free kind ---- */

/*
 * Slots never used first: so no memory is touched before it is needed, and once there are none left, "no free slot" is
 * what the ring of free ones says at one instant.
 */
static bool take_fresh(struct maar_slot_ring *ring, uint64_t *number)
{
	for (;;) {
		*number = maar_a_load(&ring->fresh, ACQUIRE); /* A:slot.fresh */
		if (maar_likely(*number == ring->capacity))
			return false;
		if (maar_a_cas(&ring->fresh, *number, *number + 1, RELEASE)) /* R:slot.fresh */
			return true;
	}
}

static void set_state(struct maar_slot_ring *ring, uint64_t number, unsigned state)
{
	maar_a_store(maar__slot_lap(maar__slot_view(ring), number), state, RELAXED);
}

void *maar__slot_ring_reserve(struct maar_slot_ring *ring)
{
	uint64_t number;

	if (!take_fresh(ring, &number) && !maar_ring_dequeue(maar__slot_free_ring(ring), &number))
		return NULL;
	set_state(ring, number, MAAR__SLOT_RESERVED);
	return maar__slot_at(maar__slot_view(ring), number);
}

void *maar__slot_ring_peek(struct maar_slot_ring *ring)
{
	uint64_t number;

	if (!maar_ring_dequeue(maar__slot_filled_ring(ring), &number))
		return NULL;
	set_state(ring, number, MAAR__SLOT_TAKEN);
	return maar__slot_at(maar__slot_view(ring), number);
}

/* Either ring has room for all slots, so the enqueue does not fail. */
void maar__slot_ring_pass(struct maar_slot_ring *ring, uint64_t number, int filled)
{
	set_state(ring, number, filled ? MAAR__SLOT_FILLED : MAAR__SLOT_FREE);
	(void)maar_ring_enqueue(filled ? maar__slot_filled_ring(ring) : maar__slot_free_ring(ring), number);
}

/* ---- life ---- */

void maar__slot_ring_start_at(struct maar_slot_ring *ring, uint64_t position)
{
	const struct maar__slot_view v = maar__slot_view(ring);
	uint64_t i;

	if (maar__slot_is_lockfree(v)) {
		maar__ring_start_at(maar__slot_free_ring(ring), position);
		maar__ring_start_at(maar__slot_filled_ring(ring), position);
		for (i = 0; i <= v.mask; i++)
			set_state(ring, i, MAAR__SLOT_FREE);
		maar_a_store(&ring->fresh, 0, RELAXED);
		return;
	}
	for (i = 0; i <= v.mask; i++)
		maar_a_store(maar__slot_lap(v, position + i), maar__slot_lap_for(v, position + i, MAAR__SLOT_FREE),
			     RELAXED);
	maar_a_store(&ring->tail, position, RELAXED);
	maar_a_store(&ring->head, position, RELAXED);
	if (maar__slot_is_spsc(v)) {
		maar_a_store(&ring->next, position, RELAXED);
		maar_a_store(&ring->head_seen, position, RELAXED);
		maar_a_store(&ring->taken, position, RELAXED);
		maar_a_store(&ring->peeked, position, RELAXED);
	}
}

/* The inverse of an odd number modulo 2^64, by Newton's iteration: each step doubles the right bits, 3 at first. */
static uint64_t inverse_of(uint64_t odd)
{
	uint64_t inverse = odd;
	int i;

	for (i = 0; i < 5; i++)
		inverse *= 2 - odd * inverse;
	return inverse;
}

/* In zeroed memory, which is an empty ring already but for its first lines. */
static void set_up(struct maar_slot_ring *ring, const struct plan *plan, unsigned flags)
{
	ring->layout = MAAR_SLOT_RING_LAYOUT;
	ring->flags = flags;
	ring->capacity = plan->shape.capacity;
	ring->limit = plan->shape.limit;
	ring->mask = plan->shape.mask;
	ring->tell = plan->shape.tell;
	ring->element = plan->element;
	ring->stride = plan->stride;
	ring->shift = (uint32_t)__builtin_ctz(plan->stride);
	ring->inverse = inverse_of(plan->stride >> ring->shift);
	ring->slots_at = plan->slots_at;
	ring->filled_at = plan->filled_at;
	if (is_lockfree(flags)) { /* both are as large as was planned, so neither is refused */
		if (maar_ring_init(maar__slot_free_ring(ring), plan->filled_at - sizeof(*ring),
				   (size_t)plan->shape.capacity, plan->free_flags) ||
		    maar_ring_init(maar__slot_filled_ring(ring), plan->slots_at - plan->filled_at,
				   (size_t)plan->shape.capacity, plan->filled_flags))
			return;
	}
	ring->magic = MAAR__SLOT_RING_MAGIC;
}

int maar_slot_ring_init_layout(void *mem, size_t bytes, size_t capacity, size_t element, unsigned flags,
			       unsigned layout)
{
	struct plan plan;
	int rc = check_request(&plan, capacity, element, flags, layout);

	if (!rc)
		rc = maar__unfit(mem, bytes, plan.bytes);
	if (rc)
		return rc;
	memset(mem, 0, plan.bytes);
	set_up(mem, &plan, flags);
	return 0;
}

struct maar_slot_ring *maar_slot_ring_create_layout(size_t capacity, size_t element, unsigned flags, unsigned layout)
{
	struct plan plan;
	const int rc = check_request(&plan, capacity, element, flags, layout);
	struct maar_slot_ring *ring = maar__refused(rc) ? NULL : maar__map(plan.bytes);

	if (!ring)
		return NULL;
	set_up(ring, &plan, flags);
	ring->owns = maar__owner(ring);
	return ring;
}

size_t maar_slot_ring_drain(struct maar_slot_ring *ring, maar_slot_ring_fn *each, void *arg)
{
	/* Producers may be running: one capacity beyond what is there now, so that a drain ends. */
	const uint64_t most = (uint64_t)maar_slot_ring_count(ring) + maar_slot_ring_capacity(ring);
	uint64_t n = 0, first;
	void *slot;

	if (maar__slot_ring_is_null(ring) ||
	    (maar__slot_is_spsc(maar__slot_view(ring)) &&
	     !maar__slot_in_order(&ring->taken, &ring->peeked, &first, "maar_slot_ring_drain")))
		return 0;
	while (n < most && (slot = maar_slot_ring_peek(ring)) != NULL) {
		if (each)
			each(slot, arg);
		maar_slot_ring_release(ring, slot);
		n++;
	}
	return (size_t)n;
}

void maar_slot_ring_destroy_each(struct maar_slot_ring *ring, maar_slot_ring_fn *each, void *arg)
{
	if (!ring)
		return;
	MAAR_DEBUG_CHECK(ring->magic == MAAR__SLOT_RING_MAGIC, "not a slot ring, or one destroyed before");
	if (ring->magic != MAAR__SLOT_RING_MAGIC)
		return;
	if (each) {
		if (is_spsc(ring->flags)) /* what its consumer looked at and did not release */
			maar__slot_peeked_sc(ring, maar_a_load(&ring->taken, RELAXED));
		maar_slot_ring_drain(ring, each, arg);
	}
	ring->magic = 0;
	if (ring->owns == maar__owner(ring))
		maar__unmap(ring, maar_slot_ring_bytes((size_t)ring->capacity, ring->element, ring->flags));
}

void maar_slot_ring_destroy(struct maar_slot_ring *ring)
{
	maar_slot_ring_destroy_each(ring, NULL, NULL);
}

/* Whether what never changes is what init wrote: then cells can be looked at. */
static bool geometry_is_whole(const struct maar_slot_ring *ring)
{
	struct plan plan;

	return ring->layout == MAAR_SLOT_RING_LAYOUT && ring->capacity <= MAAR_SLOT_RING_MAX_CAPACITY &&
	       plan_for(&plan, (size_t)ring->capacity, ring->element, ring->flags) == 0 &&
	       maar__is_shape(&plan.shape, ring->capacity, ring->limit, ring->mask, ring->tell) &&
	       ring->stride == plan.stride && ring->shift == (uint32_t)__builtin_ctz(plan.stride) &&
	       ring->inverse == inverse_of(plan.stride >> ring->shift) && ring->slots_at == plan.slots_at &&
	       ring->filled_at == plan.filled_at;
}

/* ---- for people ---- */

static void dump_element(const struct maar_slot_ring *ring, uint64_t position, FILE *to)
{
	const struct maar__slot_view v = maar__slot_view(ring);
	const unsigned state = maar_a_load(maar__slot_lap(v, position), RELAXED) % MAAR__SLOT_STATES;
	static const char *const states[] = { "free", "reserved", "filled", "taken" };
	const uint32_t n = ring->element < DUMP_BYTES ? ring->element : DUMP_BYTES;
	const unsigned char *byte = maar__slot_at(v, position);
	uint32_t i;

	fprintf(to, "  [%" PRIu64 "] %s", position, states[state]);
	for (i = 0; i < n; i++)
		fprintf(to, " %02x", byte[i]);
	fprintf(to, "%s\n", ring->element > n ? " ..." : "");
}

int maar_slot_ring_dump(const struct maar_slot_ring *ring, FILE *to)
{
	uint64_t first, n, i;
	int rc;

	if (!ring || !to || (uintptr_t)ring % MAAR_APART || ring->magic != MAAR__SLOT_RING_MAGIC)
		return -EINVAL;
	if (!geometry_is_whole(ring))
		return -EBADMSG;
	fprintf(to, "slot ring %p: %s, %s producer%s, %s consumer%s\n", (const void *)ring,
		is_spsc(ring->flags)	   ? "cells in order"
		: is_lockfree(ring->flags) ? "lock-free"
					   : "ticket",
		ring->flags & MAAR_SLOT_RING_SP ? "one" : "many", ring->flags & MAAR_SLOT_RING_SP ? "" : "s",
		ring->flags & MAAR_SLOT_RING_SC ? "one" : "many", ring->flags & MAAR_SLOT_RING_SC ? "" : "s");
	fprintf(to, "  capacity %" PRIu64 " (at most %" PRIu64 "), elements of %" PRIu32 " bytes, %" PRIu32 " apart\n",
		ring->capacity, ring->limit, ring->element, ring->stride);
	n = maar_slot_ring_count(ring);
	fprintf(to, "  count %" PRIu64 "\n", n);
	if (is_lockfree(ring->flags)) {
		fprintf(to, "  slots used so far %" PRIu64 "; free ones, then filled ones:\n",
			maar_a_load(&ring->fresh, RELAXED));
		rc = maar_ring_dump(maar__slot_free_ring(ring), to);
		return rc ? rc : maar_ring_dump(maar__slot_filled_ring(ring), to);
	}
	first = maar_a_load(is_spsc(ring->flags) ? &ring->taken : &ring->head, RELAXED);
	fprintf(to, "  next to take %" PRIu64 ", tail %" PRIu64 "\n", first, maar_a_load(&ring->tail, RELAXED));
	for (i = 0; i < n && i < DUMP_ELEMENTS; i++)
		dump_element(ring, first + i, to);
	if (n > i)
		fprintf(to, "  ... and %" PRIu64 " more\n", n - i);
	return ferror(to) ? -EIO : 0;
}

/* ---- validation ---- */

/* Of a position: how its lap differs from that of the position's free cell. */
static int64_t state_at(struct maar__slot_view v, uint64_t position)
{
	return (int64_t)(maar_a_load(maar__slot_lap(v, position), RELAXED) -
			 maar__slot_lap_for(v, position, MAAR__SLOT_FREE));
}

static int check_spsc(const struct maar_slot_ring *ring)
{
	const struct maar__slot_view v = maar__slot_view(ring);
	const uint64_t taken = maar_a_load(&ring->taken, RELAXED), committed = maar_a_load(&ring->tail, RELAXED);
	const uint64_t head = maar_a_load(&ring->head, RELAXED);
	const uint64_t out = maar_a_load(&ring->next, RELAXED) - committed;
	const uint64_t held = maar_a_load(&ring->peeked, RELAXED) - taken;
	/* A producer may have died inside commit, with the lap written. */
	const uint64_t tail = committed + (out && state_at(v, committed) == MAAR__SLOT_FILLED);
	uint64_t i;

	if (tail - taken > ring->limit || held > tail - taken || out > ring->limit - (committed - taken) ||
	    taken - head > ring->limit || committed + out - head > ring->limit || /* one that died may not have told */
	    head - maar_a_load(&ring->head_seen, RELAXED) > v.mask + 1)
		return -EBADMSG;
	for (i = 0; i <= v.mask; i++) {
		const int64_t state = state_at(v, taken + i);

		/* Beyond the tail: filled a round ago, or never. */
		if (i < tail - taken ? state != MAAR__SLOT_FILLED
				     : state != MAAR__SLOT_FREE &&
					       state != MAAR__SLOT_FILLED - (int64_t)(v.mask + 1) * MAAR__SLOT_STATES)
			return -EBADMSG;
	}
	return out || held ? -EOWNERDEAD : 0;
}

static int check_ticket(const struct maar_slot_ring *ring)
{
	const struct maar__slot_view v = maar__slot_view(ring);
	const uint64_t head = maar_a_load(&ring->head, RELAXED), tail = maar_a_load(&ring->tail, RELAXED);
	const int64_t round = (int64_t)(v.mask + 1) * MAAR__SLOT_STATES;
	bool out = false;
	uint64_t i;

	if (tail - head > ring->capacity)
		return -EBADMSG;
	for (i = 0; i <= v.mask; i++) {
		const int64_t state = state_at(v, head + i);

		if (i < tail - head) {
			/* A thread may have died before it said RESERVED, or TAKEN. */
			if (state != MAAR__SLOT_FILLED && state != MAAR__SLOT_RESERVED && state != MAAR__SLOT_FREE)
				return -EBADMSG;
			out |= state != MAAR__SLOT_FILLED;
		} else {
			if (state != MAAR__SLOT_FREE && state != MAAR__SLOT_TAKEN - round &&
			    state != MAAR__SLOT_FILLED - round)
				return -EBADMSG;
			out |= state != MAAR__SLOT_FREE;
		}
	}
	return out ? -EOWNERDEAD : 0;
}

/* All handles of a ring at rest are slots in use, and in that state. */
static bool handles_agree(const struct maar_slot_ring *ring, const struct maar_ring *handles, unsigned state)
{
	const struct maar__slot_view v = maar__slot_view(ring);
	const struct maar__ring_view h = maar__ring_view(handles);
	const uint64_t first = maar__ring_next(handles);
	const size_t n = maar_ring_count(handles);
	uint64_t number;
	size_t i;

	if (maar_ring_check(handles))
		return false;
	for (i = 0; i < n; i++)
		if (maar__ring_look(h, first + i, &number) || number >= maar_a_load(&ring->fresh, RELAXED) ||
		    maar_a_load(maar__slot_lap(v, number), RELAXED) != state)
			return false;
	return true;
}

static int check_lockfree(const struct maar_slot_ring *ring)
{
	const struct maar__slot_view v = maar__slot_view(ring);
	const uint64_t fresh = maar_a_load(&ring->fresh, RELAXED);
	const uint64_t in_free = maar_ring_count(maar__slot_free_ring(ring));
	const uint64_t in_filled = maar_ring_count(maar__slot_filled_ring(ring));
	uint64_t of_state[MAAR__SLOT_STATES] = { 0 }, i;

	if (fresh > ring->capacity || !handles_agree(ring, maar__slot_free_ring(ring), MAAR__SLOT_FREE) ||
	    !handles_agree(ring, maar__slot_filled_ring(ring), MAAR__SLOT_FILLED))
		return -EBADMSG;
	for (i = 0; i <= v.mask; i++) {
		const uint64_t state = maar_a_load(maar__slot_lap(v, i), RELAXED);

		if (state >= MAAR__SLOT_STATES || (i >= fresh && state != MAAR__SLOT_FREE))
			return -EBADMSG;
		of_state[state] += i < fresh;
	}
	/* More in a ring than slots in its state: one is in twice. Fewer: its thread died on the way. */
	if (in_free > of_state[MAAR__SLOT_FREE] || in_filled > of_state[MAAR__SLOT_FILLED])
		return -EBADMSG;
	return in_free + in_filled < fresh ? -EOWNERDEAD : 0;
}

int maar_slot_ring_check(const struct maar_slot_ring *ring)
{
	if (!ring || (uintptr_t)ring % MAAR_APART || ring->magic != MAAR__SLOT_RING_MAGIC)
		return -EINVAL;
	if (!geometry_is_whole(ring))
		return -EBADMSG;
	if (is_spsc(ring->flags))
		return check_spsc(ring);
	return is_lockfree(ring->flags) ? check_lockfree(ring) : check_ticket(ring);
}
