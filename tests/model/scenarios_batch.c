/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Batches of handles (src/ring/batch_ring*) on the explorer, in both forms. Every word of a batch is a pair {handle, 0}:
 * a value of its own, so that the explorer can tell whether a taken one was read before it was written again; the odd
 * handle of a pair is what a partial dequeue begins with.
 */
#include "../../src/ring/batch_ring_priv.h"

#include "scenarios.h"
#include "world.h"

#include <stdlib.h>
#include <string.h>

#define SLOTS  32 /* a slot that goes round is put under another name each time, this much further on */
#define TICKET ((unsigned)MAAR_BATCH_RING_TICKET)

static struct maar_batch_ring *batches(const void *state)
{
	return ((const struct world *)state)->object;
}

static struct maar__batch_view view(const struct world *w)
{
	return maar__batch_view(batches(w), w->flags & TICKET);
}

/* A value that goes round is put again under another name: each word is stored once. */
static uint64_t renamed(uint64_t value)
{
	return value + SLOTS;
}

static unsigned slot(const struct world *w, uint64_t value)
{
	model_assert(value > w->base && value - w->base < 64 * SLOTS, "a value that nobody put: %llx",
		     (unsigned long long)value);
	return (unsigned)((value - w->base) % SLOTS);
}

/* One value: a batch of one pair. */
static bool put_batch(struct world *w, uint64_t value)
{
	uint32_t pair[2];

	memcpy(pair, &value, sizeof(value));
	return maar_batch_ring_enqueue(batches(w), pair, 2) == 2;
}

static bool take_batch(struct world *w, uint64_t *value)
{
	uint32_t pair[4] = { 0, 0, 0, 0 };
	const size_t n = maar_batch_ring_dequeue(batches(w), pair, 4);

	memcpy(value, pair, sizeof(*value));
	model_assert(n == 0 || n == 2, "a batch of another size");
	return n == 2;
}

/*
 * Where threads look for a spare first: by the address of errno, which these fibers share, and which is another one in each
 * process. Found out by a put, whose spare comes back with another word.
 */
static uint64_t home_of(struct world *w)
{
	uint64_t value, spare = 0;

	if (!put_batch(w, world_value(w, 0, 0)) || !take_batch(w, &value))
		abort();
	while (!maar_a_load(&maar__batch_spare(batches(w), spare)->word, RELAXED))
		spare++;
	return spare;
}

/*
 * Leaves `spares` spares from `first` on (all in hand but those), so that blocks come round soon. Those are the ones that
 * are tried first: else most of an execution would be looks at others, as many as the address of errno wants.
 */
static void set_up_with(struct world *w, uint64_t first, unsigned spares)
{
	maar__batch_ring_start_at(batches(w), w->start);
	world_clear(w);
	for (uint64_t i = 0; i < batches(w)->capacity + MAAR_BATCH_RING_SPARES; i++)
		if (!(w->flags & TICKET) || i < batches(w)->capacity)
			for (unsigned k = 0; k < 2; k++)
				maar_a_store(&maar__batch_words(view(w), i)[k], 0, RELAXED);
	for (uint64_t i = spares; !(w->flags & TICKET) && i < MAAR_BATCH_RING_SPARES; i++)
		maar_a_store(&maar__batch_spare(batches(w), (first + i) % MAAR_BATCH_RING_SPARES)->word,
			     MAAR__BATCH_IN_HAND, RELAXED);
}

/* True if it was made now. */
static bool make(struct world *w)
{
	if (w->object)
		return false;
	w->object = maar_batch_ring_create(w->capacity, 4, w->flags);
	if (!w->object)
		abort();
	return true;
}

static void set_up_batches(void *state)
{
	static uint64_t home;
	struct world *w = state;

	if (make(w) && !(w->flags & TICKET))
		home = home_of(w);
	set_up_with(w, home, 3);
}

static void set_up_two_spares(void *state)
{
	(void)make(state);
	set_up_with(state, 0, 2);
}

/* What a thread took it puts again: slots go round as they do in an mring. */
static void batch_round(struct world *w, unsigned me)
{
	for (unsigned i = 0; i < 3; i++) {
		uint64_t value;

		while (!take_batch(w, &value))
			model_yield();
		model_took(value, UINT64_MAX);
		model_assert(model_plain_read(&w->payload[slot(w, value)]) > 0, "payload of another time");
		model_plain_write(&w->payload[slot(w, value)], value * 10 + me);
		model_assert(put_batch(w, renamed(value)), "full, though there was room at every instant");
	}
}

static void two_batches(void *s)
{
	struct world *w = s;

	set_up_batches(w);
	for (unsigned i = 0; i < 2; i++) {
		world_putting(w, world_value(w, 0, i));
		model_assert(put_batch(w, world_value(w, 0, i)), "full at the beginning");
	}
}

static void batch_round_1(void *s)
{
	batch_round(s, 1);
}

static void batch_round_2(void *s)
{
	batch_round(s, 2);
}

static void batch_round_3(void *s)
{
	batch_round(s, 3);
}

static void two_batches_left(void *s)
{
	struct world *w = s;
	unsigned seen = 0;
	uint64_t value;

	model_assert(maar_batch_ring_count(batches(w)) == 2, "two batches should be left");
	model_assert(!(w->flags & TICKET) || maar__batch_estimate(batches(w)) == 2, "two batches should be counted");
	model_assert(maar_batch_ring_handles(batches(w)) == 4, "four handles should be left");
	while (take_batch(w, &value))
		seen |= 1u << slot(w, value);
	model_assert(seen == 6, "a batch is lost or doubled");
}

static void put_batches(void *s)
{
	struct world *w = s;

	for (unsigned i = 0; i < 4; i++) {
		world_putting(w, world_value(w, 0, i));
		while (!put_batch(w, world_value(w, 0, i)))
			model_yield();
	}
}

static void take_batches(void *s)
{
	struct world *w = s;
	uint64_t value;

	for (unsigned left = 4; left;) {
		if (take_batch(w, &value)) {
			world_took(w, 1, value);
			left--;
		} else {
			model_yield();
		}
	}
}

/* ---- batches of two values, taken in part ---- */

static void put_double(struct world *w, unsigned me, unsigned i)
{
	const uint64_t values[2] = { world_value(w, me, i), world_value(w, me, i + 1) };
	uint32_t pairs[4];

	world_putting(w, values[0]);
	world_putting(w, values[1]);
	memcpy(pairs, values, sizeof(values));
	while (maar_batch_ring_enqueue(batches(w), pairs, 4) != 4)
		model_yield();
}

static void put_doubles(void *s)
{
	for (unsigned i = 0; i < 6; i += 2)
		put_double(s, 0, i);
}

static void put_doubles_too(void *s)
{
	for (unsigned i = 0; i < 4; i += 2)
		put_double(s, 1, i);
}

/* One value a time, or as many as there are, until `n` were taken by all together (signals[0] counts). */
static void take_pairs(struct world *w, unsigned me, uint64_t n)
{
	uint32_t pairs[8];
	uint64_t value;

	while (maar_a_load(&w->signals[0], RELAXED) < n) {
		const size_t got = model_random(2) ? maar_batch_ring_dequeue(batches(w), pairs, 2)
						   : maar_batch_ring_dequeue_burst(batches(w), pairs, 6);

		model_assert(got % 2 == 0, "half a value");
		for (size_t i = 0; i < got; i += 2) {
			memcpy(&value, pairs + i, sizeof(value));
			world_took(w, me, value);
			maar_a_add(&w->signals[0], 1, RELAXED);
		}
		if (!got)
			model_yield();
	}
}

static void take_pairs_1(void *s)
{
	take_pairs(s, 1, 6);
}

static void take_pairs_2(void *s)
{
	take_pairs(s, 2, 6);
}

static void take_ten(void *s)
{
	take_pairs(s, 1, 10);
}

/* An odd batch, taken from an odd handle on; and what check says of the ring, some spares of which are away. */
static void odd_and_check(const struct world *w)
{
	const uint32_t three[3] = { 1, 2, 3 };
	uint32_t got[3] = { 0, 0, 0 };

	model_assert(maar_batch_ring_enqueue(batches(w), three, 3) == 3, "full, though empty");
	model_assert(maar_batch_ring_dequeue(batches(w), got, 1) == 1, "empty, though there were three");
	model_assert(maar_batch_ring_check(batches(w)) == (w->flags & TICKET ? 0 : -EOWNERDEAD), "not in order");
	model_assert(maar_batch_ring_dequeue(batches(w), got + 1, 3) == 2, "empty, though there were two");
	model_assert(!memcmp(got, three, sizeof(got)), "other handles");
}

static void all_taken(void *s)
{
	world_all_taken(s);
	odd_and_check(s);
	model_assert(maar_batch_ring_empty(batches(s)) && maar_batch_ring_count(batches(s)) == 0, "should be empty");
}

/* ---- who knows that there is one, or room, is not told otherwise; TICKET: or is told that another is at work ---- */

static void batch_put_take(struct world *w, unsigned me)
{
	for (unsigned i = 0; i < 2; i++) {
		uint64_t value = world_value(w, me, i);
		enum maar__batch_answer answer;
		uint32_t pair[4];

		world_putting(w, value);
		model_assert(put_batch(w, value), "full, though there was room at every instant");
		while (maar__batch_take(view(w), pair, 4, false, &answer) == 0 && answer == MAAR__BATCH_HIDDEN)
			model_yield();
		model_assert(answer == MAAR__BATCH_TAKEN, "empty, though there was a batch at every instant");
		memcpy(&value, pair, sizeof(value));
		world_took(w, me, value);
	}
}

static void batch_both_1(void *s)
{
	batch_put_take(s, 1);
}

static void batch_both_2(void *s)
{
	batch_put_take(s, 2);
}

static void batch_both_3(void *s)
{
	batch_put_take(s, 3);
}

/* Told of one taken, puts one: two threads, beside whose counts a third looks. */
static void put_as_told(void *s)
{
	struct world *w = s;
	unsigned n = 0;

	for (unsigned round = 0; round <= 2; round++) {
		world_await(w, 1, round);
		for (; n < w->capacity + round; n++) {
			world_putting(w, world_value(w, 0, n));
			model_assert(put_batch(w, world_value(w, 0, n)), "full, though there was room");
		}
		world_signal(w, 0, n);
	}
}

static void take_as_told(void *s)
{
	struct world *w = s;
	uint64_t value;

	for (unsigned round = 1; round <= 2; round++) {
		world_await(w, 0, w->capacity + round - 1);
		model_assert(take_batch(w, &value), "empty, though there was a batch");
		world_took(w, 1, value);
		world_signal(w, 1, round);
	}
}

static void look(void *s)
{
	struct world *w = s;

	for (unsigned i = 0; i < 3; i++) {
		const uint64_t put = maar_a_load(&w->signals[0], ACQUIRE);
		const size_t count = maar_batch_ring_count(batches(w));

		model_assert(count <= w->capacity, "more than fit");
		/* after each signal but one batch is taken at a time */
		model_assert(put < w->capacity || count + 1 >= w->capacity, "a count that never was");
		model_assert(put < w->capacity || !maar_batch_ring_empty(batches(w)), "empty, though it never was");
		model_assert(maar_batch_ring_handles(batches(w)) <= 4 * w->capacity, "more handles than fit");
	}
}

/* Never more than one in the ring, whatever order its counts are read in. */
static void put_one_by_one(void *s)
{
	struct world *w = s;

	for (unsigned n = 0; n < 4; n++) {
		world_await(w, 1, n);
		world_putting(w, world_value(w, 0, n));
		model_assert(put_batch(w, world_value(w, 0, n)), "full, though it was empty");
		world_signal(w, 0, n + 1);
	}
}

static void take_one_by_one(void *s)
{
	struct world *w = s;
	uint64_t value;

	for (unsigned n = 0; n < 4; n++) {
		world_await(w, 0, n + 1);
		model_assert(take_batch(w, &value), "empty, though there was a batch");
		world_took(w, 1, value);
		world_signal(w, 1, n + 1);
	}
}

static void count_one(void *s)
{
	struct world *w = s;

	for (unsigned i = 0; i < 3; i++)
		model_assert(maar_batch_ring_count(batches(w)) <= 1, "a count that never was");
}

/* ---- spares: with one more than threads that have one, nobody finds none ---- */

static void hold(struct world *w, uint64_t from, unsigned times)
{
	struct maar__batch_hand hand;

	for (unsigned i = 0; i < times; i++) {
		model_assert(maar__batch_hand_take(view(w), from ^ (i & 1), &hand), "no spare, though one was free");
		(void)maar_a_load(&maar__batch_words(view(w), hand.block)[0], RELAXED);
		model_plain_write(&w->payload[hand.block % WORLD_VALUES], from);
		maar__batch_hand_back(view(w), &hand);
	}
}

static void hold_1(void *s)
{
	hold(s, 0, 2);
}

static void hold_2(void *s)
{
	hold(s, 0, 1);
}

/* ---- the table ---- */

#define BATCHES(label, flags_, capacity_, start_, setup, finish_, n, ...)                                              \
	{                                                                                                              \
		.name = label, .threads = n, .set_up = setup, .thread = { __VA_ARGS__ }, .finish = finish_,            \
		.state = &(struct world)                                                                               \
		{                                                                                                      \
			.flags = flags_, .capacity = capacity_, .start = start_, .base = WORLD_WORDS                   \
		}                                                                                                      \
	}
/* 48 bits of position count. */
#define WRAP (UINT64_C(1) << 48)

#define BOTH(kind, flags)                                                                                              \
	BATCHES(kind " batches stream", flags, 2, UINT32_MAX - UINT64_C(1), set_up_batches, NULL, 2, put_batches,      \
		take_batches),                                                                                         \
		BATCHES(kind " batches go round", flags, 2, 0, two_batches, two_batches_left, 2, batch_round_1,        \
			batch_round_2),                                                                                \
		BATCHES(kind " batches go round, three threads", flags, 2, WRAP - 1, two_batches, two_batches_left, 3, \
			batch_round_1, batch_round_2, batch_round_3),                                                  \
		BATCHES(kind " batches put then take", flags, 2, 0, set_up_batches, NULL, 2, batch_both_1,             \
			batch_both_2),                                                                                 \
		BATCHES(kind " batches put then take, three threads", flags, 4, 0, set_up_batches, NULL, 3,            \
			batch_both_1, batch_both_2, batch_both_3),                                                     \
		BATCHES(kind " batches in part", flags, 1, WRAP - 2, set_up_batches, all_taken, 3, put_doubles,        \
			take_pairs_1, take_pairs_2),                                                                   \
		BATCHES(kind " batches in part, two producers", flags, 2, 0, set_up_batches, all_taken, 3,             \
			put_doubles, put_doubles_too, take_ten),                                                       \
		BATCHES(kind " batches as told, and counted", flags, 2, WRAP - 1, set_up_batches, NULL, 3,             \
			put_as_told, take_as_told, look),                                                              \
		BATCHES(kind " batches one by one, and counted", flags, 4, 0, set_up_batches, all_taken, 3,            \
			put_one_by_one, take_one_by_one, count_one)

const struct model_scenario scenarios_batch[] = {
	BOTH("ticket", TICKET),
	BOTH("lock-free", 0),
	BATCHES("spares", 0, 1, 0, set_up_two_spares, NULL, 2, hold_1, hold_2),
};

const unsigned n_scenarios_batch = sizeof(scenarios_batch) / sizeof(scenarios_batch[0]);
