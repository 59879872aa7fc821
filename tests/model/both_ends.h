/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Threads at the two ends of a ring, of words or of slots, made of calls that the file that includes this has defined:
 *     put_one(w, value)       waits until there is room
 *     must_put(w, value)      there is room, whatever is in now: the caller's own past says so
 *     take_one(w, me)         a value, checked; false if there is none
 *     set_up_ring(state)      an empty ring
 */
#ifndef MAAR_TESTS_MODEL_BOTH_ENDS_H
#define MAAR_TESTS_MODEL_BOTH_ENDS_H

#include <maar/ring.h>

#include "world.h"

static void take_n(struct world *w, unsigned me, unsigned n)
{
	while (n) {
		if (take_one(w, me))
			n--;
		else
			model_yield();
	}
}

/* The caller knows that there is a value. */
static void must_take(struct world *w, unsigned me)
{
	model_assert(take_one(w, me), "empty, though there was a value at every instant");
}

/* ---- stream: producers put 4 values each, consumers take all; the ring wraps ---- */

static void produce_1(void *s)
{
	for (unsigned i = 0; i < 4; i++)
		put_one(s, world_value(s, 0, i));
}

static void produce_2(void *s)
{
	for (unsigned i = 0; i < 4; i++)
		put_one(s, world_value(s, 1, i));
}

static void consume_2(void *s)
{
	take_n(s, 1, 2);
}

static void consume_4(void *s)
{
	take_n(s, 1, 4);
}

static void consume_4_too(void *s)
{
	take_n(s, 2, 4);
}

static void consume_8(void *s)
{
	take_n(s, 1, 8);
}

/*
 * ---- both roles: put, then take; with a place for each, no put finds it full and no take finds it empty (but with tickets,
 * where "empty" may be said of a value put by one who has not finished) ----
 */

static void put_then_take(struct world *w, unsigned me)
{
	for (unsigned i = 0; i < 2; i++) {
		must_put(w, world_value(w, me, i));
		if (w->flags & MAAR_RING_TICKET)
			take_n(w, me, 1);
		else
			must_take(w, me);
	}
}

static void both_roles_1(void *s)
{
	put_then_take(s, 1);
}

static void both_roles_2(void *s)
{
	put_then_take(s, 2);
}

/* ---- told: one knows from the other that there is room, or a value; so neither may be told otherwise ---- */

/* Fills the ring; is told of one value taken, and puts another. Twice, so that cells are used again. */
static void put_as_told(void *s)
{
	struct world *w = s;
	unsigned n = 0;

	for (; n < w->capacity; n++)
		must_put(w, world_value(w, 0, n));
	for (unsigned round = 1; round <= 2; round++) {
		world_signal(w, 0, n);
		world_await(w, 1, round);
		must_put(w, world_value(w, 0, n++));
	}
	world_signal(w, 0, n);
}

static void take_as_told(void *s)
{
	struct world *w = s;
	unsigned n = 0;

	for (unsigned round = 1; round <= 2; round++) {
		world_await(w, 0, w->capacity + round - 1);
		must_take(w, 1);
		n++;
		world_signal(w, 1, round);
	}
	world_await(w, 0, w->capacity + 2);
	for (; n < w->capacity + 2; n++)
		must_take(w, 1);
	model_assert(!take_one(w, 1), "a value in an empty ring");
}

/* ---- for observers ---- */

/* One value is always in: whoever looks must see at least one. */
static void one_inside(void *state)
{
	set_up_ring(state);
	put_one(state, world_value(state, 0, 0));
}

static void put_and_take_other(void *s)
{
	struct world *w = s;

	for (unsigned i = 0; i < 3; i++) {
		put_one(w, world_value(w, 1, i));
		take_n(w, 1, 1);
	}
}

/* ---- where positions begin ---- */

#define WRAP32 (UINT64_C(0x100000000) - 2)
#define WRAP64 (UINT64_MAX - 1)

#endif
