/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Slot rings on the explorer. An element is a word of plain memory in the ring, written and read there, so an order
 * that is too weak shows as a race on it, or as a value lost, repeated or out of order (world.h), or as an answer that
 * no instant justifies. A mode of the ring is one line of the table at the end.
 */
#include <maar/slot_ring.h>

#include "../../src/ring/slot_ring_priv.h"
#include "scenarios.h"
#include "world.h"

#include <stdlib.h>

static struct maar_slot_ring *ring(const void *state)
{
	return ((const struct world *)state)->object;
}

static void set_up_ring(void *state)
{
	struct world *w = state;

	if (!w->object)
		w->object = maar_slot_ring_create(w->capacity, sizeof(uint64_t), w->flags);
	if (!w->object)
		abort();
	world_clear(w);
	maar__slot_ring_start_at(w->object, w->start);
}

/* ---- one element ---- */

static void commit(struct world *w, void *slot, uint64_t value)
{
	world_putting(w, value);
	model_plain_write(slot, value);
	model_assert(maar_slot_ring_commit(ring(w), slot), "commit refused");
}

static void put_one(struct world *w, uint64_t value)
{
	void *slot;

	while (!(slot = maar_slot_ring_reserve(ring(w))))
		model_yield();
	commit(w, slot, value);
}

/* The caller knows that there is room. */
static void must_put(struct world *w, uint64_t value)
{
	void *slot = maar_slot_ring_reserve(ring(w));

	model_assert(slot != NULL, "full, though there was room at every instant");
	commit(w, slot, value);
}

/* The next user of the cell must not be ordered by what this one reads there only: it writes, too. */
static void release(struct world *w, unsigned me, void *slot)
{
	world_took(w, me, model_plain_read(slot));
	model_plain_write(slot, 0);
	model_assert(maar_slot_ring_release(ring(w), slot), "release refused");
}

static bool take_one(struct world *w, unsigned me)
{
	void *slot = maar_slot_ring_peek(ring(w));

	if (slot)
		release(w, me, slot);
	return slot != NULL;
}

static void all_taken(void *state)
{
	world_all_taken(state);
	model_assert(maar_slot_ring_empty(ring(state)) && maar_slot_ring_count(ring(state)) == 0 &&
			     maar_slot_ring_check(ring(state)) == 0,
		     "the ring should be empty, and in order");
}

#include "both_ends.h"

/* ---- streams ---- */

/* Two values do where each is two of the lock-free kind's rings, so that the execution is not twice as long. */
static void produce_2_few(void *s)
{
	for (unsigned i = 0; i < 2; i++)
		put_one(s, world_value(s, 1, i));
}

static void consume_2_too(void *s)
{
	take_n(s, 2, 2);
}

static void consume_6(void *s)
{
	take_n(s, 1, 6);
}

/* The same with two at a time, by copies. */
static void produce_copies(void *s)
{
	struct world *w = s;
	uint64_t values[4];
	size_t done = 0;

	for (unsigned i = 0; i < 4; i++) {
		values[i] = world_value(w, 0, i);
		world_putting(w, values[i]);
	}
	while (done < 4) {
		const size_t k = maar_slot_ring_enqueue_burst(ring(w), values + done, 4 - done < 2 ? 4 - done : 2);

		done += k;
		if (!k)
			model_yield();
	}
}

static void take_copies(struct world *w, unsigned me, unsigned n)
{
	uint64_t values[2];

	while (n) {
		const size_t k = maar_slot_ring_dequeue_burst(ring(w), values, n < 2 ? n : 2);

		for (size_t i = 0; i < k; i++)
			world_took(w, me, values[i]);
		n -= (unsigned)k;
		if (!k)
			model_yield();
	}
}

static void copy_4(void *s)
{
	take_copies(s, 1, 4);
}

static void copy_2_too(void *s)
{
	take_copies(s, 2, 2);
}

/* Two slots out at a time; not SPSC: given up in the other order. */
static void produce_pairs(void *s)
{
	struct world *w = s;

	for (unsigned i = 0; i < 4; i += 2) {
		void *one, *two;

		while (!(one = maar_slot_ring_reserve(ring(w))))
			model_yield();
		while (!(two = maar_slot_ring_reserve(ring(w))))
			model_yield();
		if (w->flags & MAAR_SLOT_RING_TICKET) {
			commit(w, two, world_value(w, 0, i + 1));
			commit(w, one, world_value(w, 0, i));
		} else {
			commit(w, one, world_value(w, 0, i));
			commit(w, two, world_value(w, 0, i + 1));
		}
	}
}

static void consume_pairs(void *s)
{
	struct world *w = s;

	for (unsigned i = 0; i < 4; i += 2) {
		void *one, *two;

		while (!(one = maar_slot_ring_peek(ring(w))))
			model_yield();
		while (!(two = maar_slot_ring_peek(ring(w))))
			model_yield();
		release(w, 1, one);
		release(w, 1, two);
	}
}

/* A reservation given back, and an element looked at twice. */
static void put_with_aborts(struct world *w, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		void *slot;

		while (!(slot = maar_slot_ring_reserve(ring(w))))
			model_yield();
		model_plain_write(slot, 0);
		model_assert(maar_slot_ring_abort(ring(w), slot), "abort refused");
		put_one(w, world_value(w, 0, i));
	}
}

static void produce_with_aborts(void *s)
{
	put_with_aborts(s, 4);
}

static void produce_few_with_aborts(void *s)
{
	put_with_aborts(s, 2);
}

static void consume_with_unpeeks(void *s)
{
	struct world *w = s;

	for (unsigned i = 0; i < 4; i++) {
		void *slot;

		while (!(slot = maar_slot_ring_peek(ring(w))))
			model_yield();
		(void)model_plain_read(slot);
		model_assert(maar_slot_ring_unpeek(ring(w), slot), "unpeek refused");
		must_take(w, 1);
	}
}

/* ---- observers ---- */

/* One value is in, and one more is put: whoever takes one, once, finds it; */
static void put_and_take_one(void *s)
{
	put_one(s, world_value(s, 1, 0));
	must_take(s, 1);
}

static void take_one_there(void *s)
{
	must_take(s, 2);
}

/* and if one is taken before one is put, a ring of two has room for one more. */
static void take_and_put_one(void *s)
{
	must_take(s, 1);
	must_put(s, world_value(s, 1, 0));
}

static void put_one_more(void *s)
{
	must_put(s, world_value(s, 2, 0));
}

static void look_only(void *s)
{
	struct world *w = s;

	for (unsigned i = 0; i < 3; i++) {
		model_assert(maar_slot_ring_count(ring(w)) > 0, "count 0, though there was a value at every instant");
		model_assert(!maar_slot_ring_empty(ring(w)), "empty, though there was a value at every instant");
	}
}

/* At most one value is in: nobody may see two, or a ring of two full. */
static void look_for_two(void *s)
{
	struct world *w = s;

	for (unsigned i = 0; i < 3; i++) {
		model_assert(maar_slot_ring_count(ring(w)) <= 1, "count 2, though there was one value at most");
		model_assert(!maar_slot_ring_full(ring(w)), "full, though there was one value at most");
	}
}

static void drain_all(void *s)
{
	while (take_one(s, 0))
		;
	all_taken(s);
}

/* ---- the table ---- */

#define SLOT(label, flags_, capacity_, start_, setup, finish_, n, ...)                                                 \
	{                                                                                                              \
		.name = label, .threads = n, .set_up = setup, .thread = { __VA_ARGS__ }, .finish = finish_,            \
		.state = &(struct world)                                                                               \
		{                                                                                                      \
			.flags = flags_, .capacity = capacity_, .start = start_, .base = WORLD_WORDS                   \
		}                                                                                                      \
	}

/* For one producer and one consumer at least: every mode. */
#define PAIR(label, flags)                                                                                             \
	SLOT(label " stream", flags, 2, 0, set_up_ring, all_taken, 2, produce_1, consume_4),                           \
		SLOT(label " stream, one cell, wrap", flags, 1, WRAP64, set_up_ring, all_taken, 2, produce_1,          \
		     consume_4),                                                                                       \
		SLOT(label " copies", flags, 2, WRAP64, set_up_ring, all_taken, 2, produce_copies, copy_4),            \
		SLOT(label " pairs", flags, 2, WRAP32, set_up_ring, all_taken, 2, produce_pairs, consume_pairs),       \
		SLOT(label " as told", flags, 2, WRAP32, set_up_ring, all_taken, 2, put_as_told, take_as_told),        \
		SLOT(label " looked at", flags, 2, WRAP64, one_inside, drain_all, 2, put_and_take_other, look_only),   \
		SLOT(label " looked at for two", flags, 2, 0, set_up_ring, all_taken, 2, put_and_take_other,           \
		     look_for_two)

#define MANY_PRODUCERS(label, flags)                                                                                   \
	SLOT(label " room for one more", flags, 2, 0, one_inside, drain_all, 2, take_and_put_one, put_one_more),       \
		SLOT(label " stream of two", flags, 2, WRAP64, set_up_ring, all_taken, 3, produce_1, produce_2,        \
		     consume_8),                                                                                       \
		SLOT(label " copies of two", flags, 2, WRAP32, set_up_ring, all_taken, 3, produce_copies, produce_2,   \
		     consume_8)

#define MANY_CONSUMERS(label, flags)                                                                                   \
	SLOT(label " one more there", flags, 2, WRAP64, one_inside, drain_all, 2, put_and_take_one, take_one_there),   \
		SLOT(label " stream to two", flags, 2, WRAP32, set_up_ring, all_taken, 3, produce_1, consume_2,        \
		     consume_2_too),                                                                                   \
		SLOT(label " copies to two", flags, 2, 0, set_up_ring, all_taken, 3, produce_copies, consume_2,        \
		     copy_2_too)

#define MANY_OF_BOTH(label, flags)                                                                                     \
	SLOT(label " stream, two to two", flags, 2, 0, set_up_ring, all_taken, 4, produce_1, produce_2, consume_4,     \
	     consume_4_too),                                                                                           \
		SLOT(label " put then take", flags, (flags)&TICKET ? 4 : 2, 0, set_up_ring, all_taken, 2,              \
		     both_roles_1, both_roles_2)

#define SPSC   MAAR_SLOT_RING_SPSC
#define MPSC   MAAR_SLOT_RING_MPSC
#define SPMC   MAAR_SLOT_RING_SPMC
#define MPMC   MAAR_SLOT_RING_MPMC
#define TICKET MAAR_SLOT_RING_TICKET

/* clang-format off */
const struct model_scenario scenarios_slot[] = {
	PAIR("slots spsc", SPSC),
	SLOT("slots spsc given back", SPSC, 2, 0, set_up_ring, all_taken, 2, produce_with_aborts, consume_with_unpeeks),
	PAIR("slots mpmc ticket", MPMC | TICKET), MANY_PRODUCERS("slots mpmc ticket", MPMC | TICKET),
	MANY_CONSUMERS("slots mpmc ticket", MPMC | TICKET), MANY_OF_BOTH("slots mpmc ticket", MPMC | TICKET),
	PAIR("slots mpsc ticket", MPSC | TICKET), MANY_PRODUCERS("slots mpsc ticket", MPSC | TICKET),
	PAIR("slots spmc ticket", SPMC | TICKET), MANY_CONSUMERS("slots spmc ticket", SPMC | TICKET),
	SLOT("slots mpmc stream", MPMC, 2, 0, set_up_ring, all_taken, 2, produce_1, consume_4),
	SLOT("slots mpmc as told", MPMC, 2, WRAP32, set_up_ring, all_taken, 2, put_as_told, take_as_told),
	SLOT("slots mpmc pairs", MPMC, 2, WRAP32, set_up_ring, all_taken, 2, produce_pairs, consume_pairs),
	SLOT("slots mpmc looked at for two", MPMC, 2, 0, set_up_ring, all_taken, 2, put_and_take_other, look_for_two),
	MANY_OF_BOTH("slots mpmc", MPMC),
	SLOT("slots mpsc stream of two", MPSC, 2, WRAP64, set_up_ring, all_taken, 3, produce_1, produce_2_few, consume_6),
	SLOT("slots spmc stream to two", SPMC, 2, WRAP32, set_up_ring, all_taken, 3, produce_1, consume_2,
	     consume_2_too),
	SLOT("slots mpmc given back", MPMC, 2, 0, set_up_ring, all_taken, 2, produce_with_aborts, consume_4),
	SLOT("slots mpsc given back", MPSC, 2, 0, set_up_ring, all_taken, 3, produce_few_with_aborts, produce_2_few,
	     consume_4),
	SLOT("slots spmc given back", SPMC, 2, 0, set_up_ring, all_taken, 3, produce_with_aborts, consume_2,
	     consume_2_too),
};
/* clang-format on */

const unsigned n_scenarios_slot = sizeof(scenarios_slot) / sizeof(scenarios_slot[0]);
