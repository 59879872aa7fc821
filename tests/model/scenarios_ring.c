/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * maar's own rings, compiled on the explorer's atomics, in scenarios small enough to be explored and large enough to wrap.
 * An order that is too weak shows as a race, a value lost, repeated or out of order (world.h), or as an answer ("full",
 * "empty") that no instant justifies. A mode of the ring is one line of the table at the end.
 */
#include <maar/ring.h>

#include "../../src/ring/ring_priv.h"
#include "scenarios.h"
#include "world.h"

#include <stdlib.h>

static struct maar_ring *ring(const void *state)
{
	return ((const struct world *)state)->object;
}

/*
 * A scenario's flag: the consumer tells its position every second value, in twice the cells. Rings do so from a capacity
 * of 32 on (src/ring/shape.h), which is more than can be explored, so here a small one is made to.
 */
#define LAZY (1u << 31)

static void make_lazy(struct maar_ring *r, const struct world *w)
{
	r->capacity = w->capacity;
	r->limit = w->capacity + 1;
	r->mask = w->capacity * 2 - 1;
	r->shift = (uint32_t)__builtin_ctzll(w->capacity * 2);
	r->tell = ~UINT64_C(1);
}

static void set_up_ring(void *state)
{
	struct world *w = state;

	if (!w->object) {
		w->object = maar_ring_create(w->flags & LAZY ? w->capacity * 2 : w->capacity, w->flags & ~LAZY);
		if (!w->object)
			abort();
		if (w->flags & LAZY)
			make_lazy(w->object, w);
	}
	world_clear(w);
	maar__ring_start_at(w->object, w->start);
}

static void put_one(struct world *w, uint64_t value)
{
	world_putting(w, value);
	while (!maar_ring_enqueue(ring(w), value))
		model_yield();
}

static bool take_one(struct world *w, unsigned me)
{
	uint64_t value;

	if (!maar_ring_dequeue(ring(w), &value))
		return false;
	world_took(w, me, value);
	return true;
}

/* The caller knows that there is room: whatever is in now, its own past says that it is less than the capacity. */
static void must_put(struct world *w, uint64_t value)
{
	world_putting(w, value);
	model_assert(maar_ring_enqueue(ring(w), value), "full, though there was room at every instant");
}

static void take_burst(struct world *w, unsigned consumer, unsigned n)
{
	uint64_t values[2];

	while (n) {
		const size_t k = maar_ring_dequeue_burst(ring(w), values, n < 2 ? n : 2);

		for (size_t i = 0; i < k; i++)
			world_took(w, consumer, values[i]);
		n -= (unsigned)k;
		if (!k)
			model_yield();
	}
}

static void all_taken(void *state)
{
	world_all_taken(state);
	model_assert(maar_ring_empty(ring(state)) && maar_ring_count(ring(state)) == 0, "the ring should be empty");
	/* whose geometry no ring has */
	if (!(((const struct world *)state)->flags & LAZY))
		model_assert(maar_ring_check(ring(state)) == 0, "the ring is not in order");
}

#include "both_ends.h"

/* ---- stream, in bursts ---- */

static void produce_burst(void *s)
{
	struct world *w = s;
	uint64_t values[4];
	size_t done = 0;

	for (unsigned i = 0; i < 4; i++) {
		values[i] = world_value(w, 0, i);
		world_putting(w, values[i]);
	}
	while (done < 4) {
		const size_t k = maar_ring_enqueue_burst(ring(w), values + done, 4 - done < 2 ? 4 - done : 2);

		done += k;
		if (!k)
			model_yield();
	}
}

static void consume_4_burst(void *s)
{
	take_burst(s, 1, 4);
}

static void consume_2_too(void *s)
{
	take_burst(s, 2, 2);
}

/* ---- both roles ---- */

static void both_roles_3(void *s)
{
	put_then_take(s, 3);
}

/* The same the other way round: the ring is full, each takes first. With tickets "empty" may be said, so it waits. */
static void fill_up(void *state)
{
	struct world *w = state;

	set_up_ring(w);
	for (unsigned i = 0; i < w->capacity; i++)
		put_one(w, world_value(w, 0, i));
}

static void take_then_put(struct world *w, unsigned me)
{
	for (unsigned i = 0; i < 2; i++) {
		take_n(w, me, 1);
		must_put(w, world_value(w, me, i));
	}
}

static void take_first_1(void *s)
{
	take_then_put(s, 1);
}

static void take_first_2(void *s)
{
	take_then_put(s, 2);
}

static void drain_all(void *s)
{
	struct world *w = s;
	uint64_t value;

	while (maar_ring_dequeue(ring(w), &value))
		world_took(w, 0, value);
	all_taken(s);
}

/* ---- relied on: what free_count says is free, the only producer gets; what is not full takes a value ---- */

static void produce_what_is_free(void *s)
{
	struct world *w = s;
	unsigned done = 0;

	while (done < 4) {
		size_t room = maar_ring_free_count(ring(w));

		model_assert(room <= w->capacity, "more free than the capacity");
		if (!room && !maar_ring_full(ring(w)))
			room = 1;
		if (!room)
			model_yield();
		for (; room && done < 4; room--)
			must_put(w, world_value(w, 0, done++));
	}
}

/* ---- looking before taking, for a single consumer ---- */

static void peek_and_release(void *s)
{
	struct world *w = s;
	uint64_t values[2];
	size_t k, left = 4;

#ifndef MAAR_DEBUG /* which stops the program there */
	model_assert(maar_ring_release(ring(w), ring(w)->limit + 1) == 0, "released what cannot be there");
#endif
	while (left) {
		k = maar_ring_peek(ring(w), values, 2);
		for (size_t i = 0; i < k; i++)
			world_took(w, 1, values[i]);
		model_assert(maar_ring_release(ring(w), k) == k, "not released what was there");
		left -= k;
		if (!k)
			model_yield();
	}
}

/* ---- the side said in the call: many may, one does ---- */

static void produce_as_one(void *s)
{
	struct world *w = s;

	for (unsigned i = 0; i < 4; i++) {
		world_putting(w, world_value(w, 0, i));
		while (!maar_ring_enqueue_sp(ring(w), world_value(w, 0, i)))
			model_yield();
	}
}

static void consume_as_one(void *s)
{
	struct world *w = s;
	uint64_t value;

	for (unsigned left = 4; left;) {
		if (maar_ring_dequeue_sc(ring(w), &value)) {
			world_took(w, 1, value);
			left--;
		} else {
			model_yield();
		}
	}
}

/* ---- overwriting: what is evicted was taken by the producer; nothing is refused ---- */

struct eviction {
	struct world *world;
	unsigned producer, n;
};

static void evicted(uint64_t value, void *arg)
{
	struct eviction *e = arg;

	world_took(e->world, e->producer, value);
	e->n++;
}

static void overwrite(struct world *w, unsigned me, bool alone)
{
	for (unsigned i = 0; i < 4; i++) {
		struct eviction e = { w, me, 0 };

		world_putting(w, world_value(w, me, i));
		/* with tickets the oldest may be claimed by another, and not filled */
		while (!maar_ring_enqueue_overwrite(ring(w), world_value(w, me, i), evicted, &e)) {
			model_assert(!alone, "not put, though it may overwrite");
			model_yield();
		}
		model_assert(!alone || e.n <= 1, "more evicted than was in the way");
	}
}

static void overwrite_alone(void *s)
{
	overwrite(s, 1, true);
}

static void overwrite_1(void *s)
{
	overwrite(s, 1, false);
}

static void overwrite_2(void *s)
{
	overwrite(s, 2, false);
}

static void take_what_is_there(void *s)
{
	struct world *w = s;
	uint64_t value;

	for (unsigned i = 0; i < 3; i++)
		if (maar_ring_dequeue(ring(w), &value))
			world_took(w, 3, value);
}

/* ---- observers: what count and empty say, the only consumer can rely on ---- */

static void observe_and_take(void *s)
{
	struct world *w = s;
	unsigned left = 4;
	uint64_t value = 0;

	while (left) {
		const size_t count = maar_ring_count(ring(w));

		model_assert(count <= ring(w)->limit, "count beyond what may be in");
		if (count == 0 || (w->flags & MAAR_RING_TICKET)) {
			if (maar_ring_empty(ring(w))) {
				model_yield();
				continue;
			}
		}
		model_assert(maar_ring_dequeue(ring(w), &value), "counted, and nothing there");
		world_took(w, 1, value);
		left--;
	}
}

/* By a thread that says it is alone: observers must not see more than there is. */
static void put_and_take_as_one(void *s)
{
	struct world *w = s;
	uint64_t value = 0;

	for (unsigned i = 0; i < 3; i++) {
		world_putting(w, world_value(w, 1, i));
		model_assert(maar_ring_enqueue_sp(ring(w), world_value(w, 1, i)), "full, though it is empty");
		model_assert(maar_ring_dequeue(ring(w), &value), "empty, though a value is in");
		world_took(w, 1, value);
	}
}

static void look_only(void *s)
{
	struct world *w = s;

	for (unsigned i = 0; i < 3; i++) {
		model_assert(maar_ring_count(ring(w)) > 0, "count 0, though there was a value at every instant");
		/* with tickets "empty" may mean claimed and not filled */
		if (!(w->flags & MAAR_RING_TICKET))
			model_assert(!maar_ring_empty(ring(w)), "empty, though there was a value at every instant");
	}
}

/* At most one value is in: nobody may see two, or a ring of two full. */
static void look_for_two(void *s)
{
	struct world *w = s;

	for (unsigned i = 0; i < 3; i++) {
		model_assert(maar_ring_count(ring(w)) <= 1, "count 2, though there was one value at most");
		model_assert(!maar_ring_full(ring(w)), "full, though there was one value at most");
	}
}

/* ---- the table ---- */

#define RING(label, flags_, capacity_, start_, base_, setup, finish_, n, ...)                                          \
	{                                                                                                              \
		.name = label, .threads = n, .set_up = setup, .thread = { __VA_ARGS__ }, .finish = finish_,            \
		.state = &(struct world)                                                                               \
		{                                                                                                      \
			.flags = flags_, .capacity = capacity_, .start = start_, .base = base_                         \
		}                                                                                                      \
	}

/* For one producer and one consumer at least: every mode. */
#define PAIR(label, flags, base)                                                                                       \
	RING(label " stream", flags, 2, 0, base, set_up_ring, all_taken, 2, produce_1, consume_4),                     \
		RING(label " stream, one cell, wrap", flags, 1, WRAP64, base, set_up_ring, all_taken, 2, produce_1,    \
		     consume_4),                                                                                       \
		RING(label " bursts", flags, 2, WRAP64, base, set_up_ring, all_taken, 2, produce_burst,                \
		     consume_4_burst),                                                                                 \
		RING(label " as told", flags, 2, WRAP32, base, set_up_ring, all_taken, 2, put_as_told, take_as_told),  \
		RING(label " observed", flags, 2, 0, base, set_up_ring, all_taken, 2, produce_1, observe_and_take),    \
		RING(label " looked at", flags, 2, WRAP64, base, one_inside, drain_all, 2, put_and_take_other,         \
		     look_only),                                                                                       \
		RING(label " looked at for two", flags, 2, 0, base, set_up_ring, all_taken, 2, put_and_take_other,     \
		     look_for_two),                                                                                    \
		RING(label " as one, looked at for two", flags, 2, 0, base, set_up_ring, all_taken, 2,                 \
		     put_and_take_as_one, look_for_two),                                                               \
		RING(label " relied on", flags, 2, WRAP32, base, set_up_ring, all_taken, 2, produce_what_is_free,      \
		     consume_4),                                                                                       \
		RING(label " relied on, bursts", flags, 2, 0, base, set_up_ring, all_taken, 2, produce_what_is_free,   \
		     consume_4_burst)

#define ONE_CONSUMER(label, flags, base)                                                                               \
	RING(label " peeked", flags, 2, WRAP64, base, set_up_ring, all_taken, 2, produce_1, peek_and_release)

#define MANY_PRODUCERS(label, flags, base)                                                                             \
	RING(label " stream of two", flags, 2, WRAP64, base, set_up_ring, all_taken, 3, produce_1, produce_2,          \
	     consume_8),                                                                                               \
		RING(label " bursts of two", flags, 2, WRAP32, base, set_up_ring, all_taken, 3, produce_burst,         \
		     produce_2, consume_8)

#define MANY_CONSUMERS(label, flags, base)                                                                             \
	RING(label " stream to two", flags, 2, WRAP32, base, set_up_ring, all_taken, 3, produce_1, consume_2,          \
	     consume_2_too),                                                                                           \
		RING(label " bursts to two", flags, 2, 0, base, set_up_ring, all_taken, 3, produce_burst, consume_2,   \
		     consume_2_too)

#define MANY_OF_BOTH(label, flags, base)                                                                               \
	RING(label " stream, two to two", flags, 2, 0, base, set_up_ring, all_taken, 4, produce_1, produce_2,          \
	     consume_4, consume_4_too),                                                                                \
		RING(label " stream, two to two, one cell", flags, 1, WRAP64, base, set_up_ring, all_taken, 4,         \
		     produce_1, produce_2, consume_4, consume_4_too),                                                  \
		RING(label " take then put", flags, 2, WRAP64, base, fill_up, drain_all, 2, take_first_1,              \
		     take_first_2),                                                                                    \
		RING(label " one each, as promised", flags, 2, 0, base, set_up_ring, all_taken, 2, produce_as_one,     \
		     consume_as_one)

/* What a ticket ring does not promise: that a value put is found at once, though another producer has not finished. */
#define PUT_IS_FOUND(label, flags, base)                                                                               \
	RING(label " put then take", flags, 2, 0, base, set_up_ring, all_taken, 2, both_roles_1, both_roles_2),        \
		RING(label " put then take, three threads", flags, 4, 0, base, set_up_ring, all_taken, 3,              \
		     both_roles_1, both_roles_2, both_roles_3)

#define OVERWRITTEN(label, flags, base)                                                                                \
	RING(label " by one", flags, 2, WRAP64, base, set_up_ring, drain_all, 2, overwrite_alone, take_what_is_there)

#define OVERWRITTEN_BY_MANY(label, flags, base)                                                                        \
	RING(label " by two", flags, 1, 0, base, set_up_ring, drain_all, 3, overwrite_1, overwrite_2,                  \
	     take_what_is_there)

#define SPSC   MAAR_RING_SPSC
#define MPSC   MAAR_RING_MPSC
#define SPMC   MAAR_RING_SPMC
#define MPMC   MAAR_RING_MPMC
#define TICKET MAAR_RING_TICKET
#define HANDLE MAAR_RING_HANDLE
#define SPAN   MAAR_RING_SPAN
#define OVER   MAAR_RING_OVERWRITE
#define WORDS  WORLD_WORDS
#define SMALL  WORLD_HANDLES

/* What each mode is put through. */
#define ALL_SPSC(label, flags, base) PAIR(label, flags, base), ONE_CONSUMER(label, flags, base)
#define ALL_MPSC(label, flags, base) ALL_SPSC(label, flags, base), MANY_PRODUCERS(label, flags, base)
#define ALL_SPMC(label, flags, base) PAIR(label, flags, base), MANY_CONSUMERS(label, flags, base)
#define ALL_MPMC(label, flags, base)                                                                                   \
	ALL_SPMC(label, flags, base), MANY_PRODUCERS(label, flags, base), MANY_OF_BOTH(label, flags, base)

const struct model_scenario scenarios_ring[] = {
	ALL_SPSC("spsc", SPSC, WORDS),
	ALL_SPSC("spsc lazy", SPSC | LAZY, WORDS),
	ALL_SPSC("spsc handles", SPSC | HANDLE, SMALL),
	ALL_SPSC("spsc span", SPSC | SPAN, WORDS),
	ALL_SPSC("spsc span lazy", SPSC | SPAN | LAZY, WORDS),
	ALL_MPSC("mpsc", MPSC, WORDS),
	ALL_MPSC("mpsc lazy", MPSC | LAZY, WORDS),
	ALL_MPSC("mpsc handles lazy", MPSC | HANDLE | LAZY, SMALL),
	ALL_MPSC("mpsc ticket", MPSC | TICKET, WORDS),
	ALL_MPSC("mpsc ticket lazy", MPSC | TICKET | LAZY, WORDS),
	ALL_SPMC("spmc", SPMC, WORDS),
	ALL_SPMC("spmc handles", SPMC | HANDLE, SMALL),
	ALL_MPMC("mpmc", MPMC, WORDS),
	PUT_IS_FOUND("mpmc", MPMC, WORDS),
	ALL_MPMC("mpmc handles", MPMC | HANDLE, SMALL),
	PUT_IS_FOUND("mpmc handles", MPMC | HANDLE, SMALL),
	ALL_MPMC("mpmc ticket", MPMC | TICKET, WORDS),
	ALL_MPMC("mpmc ticket handles", MPMC | TICKET | HANDLE, SMALL),
	OVERWRITTEN("spmc overwritten", SPMC | OVER, WORDS),
	OVERWRITTEN("mpmc overwritten", MPMC | OVER, WORDS),
	OVERWRITTEN("mpmc ticket overwritten", MPMC | OVER | TICKET, WORDS),
	OVERWRITTEN_BY_MANY("mpmc overwritten", MPMC | OVER, WORDS),
	OVERWRITTEN_BY_MANY("mpmc ticket overwritten", MPMC | OVER | TICKET, WORDS),
};

const unsigned n_scenarios_ring = sizeof(scenarios_ring) / sizeof(scenarios_ring[0]);
