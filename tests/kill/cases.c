/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * What the headers promise of each mode under "Progress", and the states to hold them to. A new mode is one line here.
 */
#include "kill.h"

#include <maar/batch_ring.h>
#include <maar/broadcast.h>
#include <maar/record_ring.h>
#include <maar/ring.h>
#include <maar/slot_ring.h>

#define FREE  KILL_STALLS_NOBODY
#define HIDES KILL_HIDES
#define HOLDS KILL_HOLDS
#define LENDS KILL_LENDS

#define RING(title, mode, put, take, variant)                                                                          \
	{                                                                                                              \
		title, &kill_ring, mode, put, take, variant, KILL_RING_CALLS, .like = (mode)                           \
	}
#define SLOTS(title, mode, put, take, variant, ...)                                                                    \
	{                                                                                                              \
		title, &kill_slots, mode, put, take, variant, KILL_SLOT_CALLS, __VA_ARGS__                             \
	}
#define BATCHES(title, mode, put, take, variant, ...)                                                                  \
	{                                                                                                              \
		title, &kill_batches, mode, put, take, variant, KILL_BATCH_CALLS, __VA_ARGS__                          \
	}
#define RECORDS(title, mode, put, take, variant, ...)                                                                  \
	{                                                                                                              \
		title, &kill_records, mode, put, take, variant, KILL_RECORD_CALLS, .least = 2, __VA_ARGS__             \
	}
#define BROADCAST(title, mode, put, take, variant, ...)                                                                \
	{                                                                                                              \
		title, &kill_broadcast, mode, put, take, variant, KILL_BROADCAST_CALLS, __VA_ARGS__                    \
	}

const struct kill_mode kill_modes[] = {
	/* name, flags, what a stopped producer and a stopped consumer may do to others, variant */
	RING("SPSC", MAAR_RING_SPSC, FREE, FREE, false),
	RING("SPSC exact", MAAR_RING_SPSC | MAAR_RING_EXACT, FREE, FREE, true),
	RING("SPSC handles", MAAR_RING_SPSC | MAAR_RING_HANDLE, FREE, FREE, false),
	RING("SPSC span", MAAR_RING_SPSC | MAAR_RING_SPAN, FREE, FREE, false),
	RING("SPMC", MAAR_RING_SPMC, FREE, FREE, true),
	RING("SPMC handles overwrite", MAAR_RING_SPMC | MAAR_RING_HANDLE | MAAR_RING_OVERWRITE, FREE, FREE, true),
	RING("MPSC ticket", MAAR_RING_MPSC | MAAR_RING_TICKET, HIDES, FREE, true),
	RING("MPSC ticket handles", MAAR_RING_MPSC | MAAR_RING_TICKET | MAAR_RING_HANDLE, HIDES, FREE, true),
	RING("MPMC ticket", MAAR_RING_MPMC | MAAR_RING_TICKET, HIDES, FREE, false),
	RING("MPMC ticket handles overwrite", MAAR_RING_TICKET | MAAR_RING_HANDLE | MAAR_RING_OVERWRITE, HIDES, FREE,
	     true),
	RING("MPSC lock-free handles", MAAR_RING_MPSC | MAAR_RING_HANDLE, FREE, FREE, true),
	RING("MPMC lock-free handles", MAAR_RING_MPMC | MAAR_RING_HANDLE, FREE, FREE, false),
#if MAAR_HAVE_CAS2
	RING("MPSC lock-free", MAAR_RING_MPSC, FREE, FREE, true),
	RING("MPMC lock-free", MAAR_RING_MPMC, FREE, FREE, false),
	RING("MPMC lock-free overwrite", MAAR_RING_MPMC | MAAR_RING_OVERWRITE, FREE, FREE, true),
#endif
	SLOTS("slots SPSC", MAAR_SLOT_RING_SPSC, FREE, FREE, true, .like = MAAR_RING_SPSC, .heirs = true),
	SLOTS("slots MPMC ticket", MAAR_SLOT_RING_TICKET, HIDES, HOLDS, true, .like = MAAR_RING_TICKET),
	SLOTS("slots MPSC ticket", MAAR_SLOT_RING_MPSC | MAAR_SLOT_RING_TICKET, HIDES, HOLDS, true,
	      .like = MAAR_RING_MPSC | MAAR_RING_EXACT | MAAR_RING_TICKET),
	BROADCAST("broadcast", 0, FREE, FREE, true, .like = MAAR_RING_SPSC | MAAR_RING_EXACT, .heirs = true),
	BROADCAST("broadcast in place", MAAR_BROADCAST_IN_PLACE, FREE, FREE, true,
		  .like = MAAR_RING_SPSC | MAAR_RING_EXACT, .in_place = true, .heirs = true),
	BROADCAST("broadcast MP", MAAR_BROADCAST_MP, HIDES, FREE, true,
		  .like = MAAR_RING_MPSC | MAAR_RING_EXACT | MAAR_RING_TICKET),
	SLOTS("slots MPMC lock-free", MAAR_SLOT_RING_MPMC, LENDS, LENDS, true, .in_library = true,
	      .like = MAAR_RING_MPMC),
	SLOTS("slots MPSC lock-free", MAAR_SLOT_RING_MPSC, LENDS, LENDS, true, .in_library = true,
	      .like = MAAR_RING_MPSC | MAAR_RING_EXACT),
	BATCHES("batches lock-free", 0, FREE, FREE, true, .in_library = true, .like = MAAR_RING_TICKET),
	BATCHES("batches ticket", MAAR_BATCH_RING_TICKET, HIDES, FREE, true, .in_library = true,
		.like = MAAR_RING_TICKET),
	RECORDS("records", 0, HIDES, FREE, true, .in_library = true, .like = MAAR_RING_MPSC | MAAR_RING_EXACT),
	RECORDS("records SP", MAAR_RECORD_RING_SP, HIDES, FREE, true, .in_library = true,
		.like = MAAR_RING_SPSC | MAAR_RING_EXACT),
};
const int kill_modes_count = (int)KILL_COUNT_OF(kill_modes);

const struct kill_mode kill_controls[] = {
	{ "vyukov", &kill_vyukov, 0, KILL_BLOCKS, KILL_BLOCKS, false, KILL_VYUKOV_CALLS, .like = 0 },
	{ "spinlock", &kill_spinlock, 0, KILL_LOCKS, KILL_LOCKS, false, KILL_SPINLOCK_CALLS, .like = 0 },
	{ "careless", &kill_careless, 0, FREE, FREE, false, KILL_CARELESS_CALLS, .like = 0 },
};

bool kill_is_for(const struct kill_call *call, const struct kill_mode *mode)
{
	const unsigned alone = call->side == KILL_PUT ? MAAR_RING_SP : MAAR_RING_SC;
	/* Lock-free slots go one at a time, either way. */
	const bool takes_bulk = mode->take != KILL_LENDS;
	const bool in_bulk = call->alone || (mode->like & (MAAR_RING_SP | MAAR_RING_TICKET));

	if (!call->n || (call->many && (mode->like & alone)) || (call->single && !(mode->like & alone)))
		return false;
	if (call->in_place && !mode->in_place)
		return false;
	if (call->evicts && !(mode->like & MAAR_RING_OVERWRITE))
		return false;
	return !call->bulk || (call->side == KILL_TAKE ? takes_bulk : in_bulk);
}

size_t kill_undisturbed(const struct kill_case *c)
{
	const size_t can = c->call->evicts ? 1 : c->call->side == KILL_PUT ? c->most - c->filled : c->filled;

	if (c->call->n <= can || (c->call->batch && can))
		return c->call->n;
	return c->call->bulk ? 0 : can;
}

/* A single consumer tells producers late in rings beyond 16: see "Capacity" in the header. */
static size_t most(const struct kill_mode *mode, size_t capacity)
{
	const bool late = (mode->like & MAAR_RING_SC) && !(mode->like & MAAR_RING_EXACT) && capacity > 16;

	return late ? capacity + capacity / 16 - 1 : capacity;
}

/* Positions wrap in 64 bits, laps of handles in 32; the call's own positions are to lie on both sides. */
static uint64_t start(const struct kill_case *c, unsigned number)
{
	static const uint64_t wraps[] = { 0, UINT64_C(1) << 32, UINT64_C(1) << 63 };

	return wraps[number % KILL_COUNT_OF(wraps)] - 1 - (c->call->side == KILL_PUT ? c->filled : 0);
}

/* Whether a state is one of KILL_MOST's: answers in capacity 1, then room or values for one, and for all. */
static bool tells(const struct kill_case *c)
{
	return c->capacity < 2 || (c->filled > 0 && c->filled < c->capacity);
}

static void visit_level(struct kill_case *c, enum kill_extent extent, unsigned number, kill_visit_fn *visit, void *arg)
{
	if (extent == KILL_MOST && !tells(c))
		return;
	c->start = start(c, number);
	visit(c, arg);
}

void kill_each_state(const struct kill_mode *mode, const struct kill_call *call, enum kill_extent extent,
		     unsigned operations, kill_visit_fn *visit, void *arg)
{
	static const size_t all[] = { 1, 2, 8, 64 }, one[] = { 4 };
	const size_t *const capacities = extent <= KILL_MOST ? all : one;
	const size_t count = extent <= KILL_MOST ? KILL_COUNT_OF(all) : KILL_COUNT_OF(one);
	const size_t can = call->evicts ? 4 : call->side == KILL_PUT ? 1 : 3, cannot = call->side == KILL_PUT ? 4 : 0;
	struct kill_case c = { .mode = mode, .call = call, .operations = operations };
	unsigned number = 0;
	size_t i, j;

	if (extent == KILL_NONE || !kill_is_for(call, mode))
		return;
	for (i = 0; i < count; i++) {
		const size_t capacity = c.capacity = capacities[i];
		const size_t least = mode->least ? mode->least : 1;
		const size_t levels[] = { 0, 1, capacity - 1, capacity };

		if (capacity < least)
			continue;
		c.most = most(mode, capacity);
		if (capacity > 8 && c.most == capacity)
			continue; /* nothing that a smaller one does not show */
		for (j = 0; j < KILL_COUNT_OF(levels); j++) {
			c.filled = levels[j];
			if (j > 0 && levels[j] <= levels[j - 1])
				continue;
			if (extent >= KILL_FEW && c.filled != can && (c.filled != cannot || extent == KILL_ONE))
				continue;
			visit_level(&c, extent, number++, visit, arg);
		}
	}
}
