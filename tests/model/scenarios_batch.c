/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Batches of handles (src/ring/batch_ring.h) on the explorer.
 */
#include "../../src/ring/batch_ring.h"

#include "scenarios.h"
#include "world.h"

#include <stdlib.h>
#include <string.h>

#define SLOTS 32 /* a slot that goes round is put under another name each time, this much further on */

static struct maar__batch_ring *batches(const void *state)
{
	return ((const struct world *)state)->object;
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

static void set_up_batches(void *state)
{
	struct world *w = state;
	uint64_t i;

	if (!w->object)
		w->object = maar__batch_ring_create(w->capacity, 2);
	if (!w->object)
		abort();
	world_clear(w);
	for (i = 0; i < batches(w)->capacity; i++) {
		struct maar__batch_cell *cell = maar__batch_cell(batches(w), w->start + i);

		maar_a_store(&cell->lap, ((w->start + i) | batches(w)->mask) + 1 - batches(w)->capacity, RELAXED);
		maar_a_store(&cell->pairs[0], 0, RELAXED);
	}
	maar_a_store(&batches(w)->tail, w->start, RELAXED);
	maar_a_store(&batches(w)->head, w->start, RELAXED);
}

/* A batch is one pair: the value, and 0 above it, so that the word in the cell is the value itself. */
static bool put_batch(struct world *w, uint64_t value)
{
	uint32_t pair[2] __attribute__((aligned(8)));

	memcpy(pair, &value, sizeof(value));
	return maar__batch_put(batches(w), pair);
}

static enum maar__batch_answer take_batch(struct world *w, uint64_t *value)
{
	uint32_t pair[2] __attribute__((aligned(8))) = { 0, 0 };
	const enum maar__batch_answer answer = maar__batch_take(batches(w), pair);

	memcpy(value, pair, sizeof(*value));
	return answer;
}

/* What a thread took it puts again: slots go round as they do in an mring. */
static void batch_round(struct world *w, unsigned me)
{
	for (unsigned i = 0; i < 3; i++) {
		uint64_t value;

		while (take_batch(w, &value) != MAAR__BATCH_TAKEN)
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

	model_assert(maar__batch_ring_count(batches(w)) == 2, "two batches should be left");
	while (take_batch(w, &value) == MAAR__BATCH_TAKEN)
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
		if (take_batch(w, &value) == MAAR__BATCH_TAKEN) {
			world_took(w, 1, value);
			left--;
		} else {
			model_yield();
		}
	}
}

/* Exactly one batch, two threads that put and take: whoever has put finds one, or is told that another is at work. */
static void batch_put_take(struct world *w, unsigned me)
{
	for (unsigned i = 0; i < 2; i++) {
		uint64_t value = world_value(w, me, i);
		enum maar__batch_answer answer;

		world_putting(w, value);
		model_assert(put_batch(w, value), "full, though there was room at every instant");
		while ((answer = take_batch(w, &value)) == MAAR__BATCH_HIDDEN)
			model_yield();
		model_assert(answer == MAAR__BATCH_TAKEN, "empty, though there was a batch at every instant");
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

/* ---- the table ---- */

#define BATCHES(label, capacity_, start_, setup, finish_, n, ...)                                                      \
	{                                                                                                              \
		.name = label, .threads = n, .set_up = setup, .thread = { __VA_ARGS__ }, .finish = finish_,            \
		.state = &(struct world)                                                                               \
		{                                                                                                      \
			.capacity = capacity_, .start = start_, .base = WORLD_WORDS                                    \
		}                                                                                                      \
	}

const struct model_scenario scenarios_batch[] = {
	BATCHES("batches stream", 2, UINT32_MAX - UINT64_C(1), set_up_batches, NULL, 2, put_batches, take_batches),
	BATCHES("batches go round", 2, 0, two_batches, two_batches_left, 2, batch_round_1, batch_round_2),
	BATCHES("batches go round, three threads", 2, UINT64_MAX - 1, two_batches, two_batches_left, 3, batch_round_1,
		batch_round_2, batch_round_3),
	BATCHES("batches put then take", 2, 0, set_up_batches, NULL, 2, batch_both_1, batch_both_2),
};

const unsigned n_scenarios_batch = sizeof(scenarios_batch) / sizeof(scenarios_batch[0]);
