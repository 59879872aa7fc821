/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The queue on the explorer, with two cells in a chunk, above a stand-in of the mring: an array of slots and a word
 * with a bit for each free one, which hands a slot over as the real one does, from the thread that put it to the one
 * that gets it, and spoils its memory in between. So whoever is late in a slot that is no longer the queue's races.
 */
#include <maar/queue.h>

#include "../../src/mring/mring_priv.h"
#include "../../src/queue/queue_priv.h"
#include "scenarios.h"
#include "world.h"

#include <stdlib.h>
#include <string.h>

#define CELLS	   2
#define SLOTS	   8 /* at most */
#define SLOT_BYTES 48
#define CONSUMER   0

/* ---- the stand-in ---- */

static struct {
	struct maar_mring front;
	uint64_t free; /* bit h: slot h is free */
	unsigned char slab[SLOTS * SLOT_BYTES] __attribute__((aligned(64)));
} stand_in;

static uint64_t free_slots(void)
{
	return maar_a_load(&stand_in.free, RELAXED);
}

static void reset_slots(unsigned slots)
{
	stand_in.front.slab = stand_in.slab;
	maar__mring_measures(&stand_in.front, SLOT_BYTES, slots);
	stand_in.front.key = maar__key(2, 0); /* which no thread has a lane for, so that all calls go the slow way */
	stand_in.front.magic = MAAR__MRING_MAGIC;
	maar_a_store(&stand_in.free, (UINT64_C(1) << slots) - 1, RELAXED);
}

/* The linker sends here (--wrap) what inline get and put pass on; what is not for the stand-in goes its way. */
void *__real_maar__mring_get_slow(struct maar_mring *mring);
int __real_maar__mring_put_slow(struct maar_mring *mring, void *slot);
void *__wrap_maar__mring_get_slow(struct maar_mring *mring);
int __wrap_maar__mring_put_slow(struct maar_mring *mring, void *slot);

void *__wrap_maar__mring_get_slow(struct maar_mring *mring)
{
	if (mring != &stand_in.front)
		return __real_maar__mring_get_slow(mring);
	for (;;) {
		const uint64_t now = maar_a_load(&stand_in.free, ACQUIRE);

		if (!now)
			return NULL;
		if (maar_a_cas(&stand_in.free, now, now & (now - 1), ACQ_REL))
			return maar_mring_slot(mring, (uint32_t)__builtin_ctzll(now));
	}
}

int __wrap_maar__mring_put_slow(struct maar_mring *mring, void *slot)
{
	const uint32_t handle = maar_mring_handle(mring, slot);
	uint64_t now;

	if (mring != &stand_in.front)
		return __real_maar__mring_put_slow(mring, slot);
	model_assert(handle != MAAR_NO_HANDLE, "no slot of this mring");
	model_writes(slot, SLOT_BYTES);
	memset(slot, 0x5e, SLOT_BYTES);
	do {
		now = maar_a_load(&stand_in.free, ACQUIRE);
		model_assert(!(now >> handle & 1), "slot %u was put twice", (unsigned)handle);
	} while (!maar_a_cas(&stand_in.free, now, now | UINT64_C(1) << handle, ACQ_REL));
	return 0;
}

/* ---- the queue ---- */

struct queue_world {
	struct world values;
	unsigned flags, slots;
	size_t limit;
	uint64_t chunk, place;	/* where it begins */
	unsigned before, spent; /* values put and taken again before the threads begin; without a spare, or with */
	unsigned each;		/* values of each producer */
	size_t at_once;
	struct maar_queue queue;
};

static void take_one(struct queue_world *w, uint64_t value)
{
	world_took(&w->values, CONSUMER, value);
}

/* Producer 7 is the one that sets up. */
static void set_up(void *state)
{
	struct queue_world *w = state;
	uint64_t value;

	w->values.base = WORLD_WORDS;
	world_clear(&w->values);
	reset_slots(w->slots);
	if (maar__queue_init_cells(&w->queue, &stand_in.front, w->limit, w->flags, CELLS))
		abort();
	maar__queue_start_at(&w->queue, w->chunk, w->place);
	for (unsigned i = 0; i < w->before; i++) {
		value = world_value(&w->values, 7, i);
		world_putting(&w->values, value);
		model_assert(maar_queue_enqueue(&w->queue, value), "no room in an empty queue");
	}
	if (w->spent)
		model_assert(maar_queue_trim(&w->queue) == 1, "no spare");
}

static void hand(uint64_t value, void *state)
{
	take_one(state, value);
}

/* Nothing lost, every slot back. */
static void finish(void *state)
{
	struct queue_world *w = state;

	model_assert(maar_queue_check(&w->queue) == 0, "the queue is not sound");
	model_assert(maar_queue_chunks(&w->queue) + (size_t)__builtin_popcountll(free_slots()) == w->slots,
		     "a slot is missing");
	maar_queue_destroy_each(&w->queue, hand, w);
	world_all_taken(&w->values);
	model_assert(free_slots() == (UINT64_C(1) << w->slots) - 1, "a slot has not come back");
}

/* ---- threads ---- */

/* In bursts of at_once; what is refused is offered again. */
static void produce(struct queue_world *w, unsigned producer)
{
	uint64_t words[4];
	size_t i = 0, k, n;

	while (i < w->each) {
		n = w->each - i < w->at_once ? w->each - i : w->at_once;
		for (k = 0; k < n; k++) {
			words[k] = world_value(&w->values, producer, (unsigned)(i + k));
			world_putting(&w->values, words[k]);
		}
		for (k = 0; k < n;) {
			const size_t went = maar_queue_enqueue_burst(&w->queue, words + k, n - k);

			if (!went)
				model_yield();
			k += went;
		}
		i += n;
	}
}

static void first(void *state)
{
	produce(state, 0);
}

static void second(void *state)
{
	produce(state, 1);
}

static void take(struct queue_world *w, unsigned n)
{
	uint64_t value;

	while (n) {
		if (!maar_queue_dequeue(&w->queue, &value)) {
			model_yield();
			continue;
		}
		take_one(w, value);
		n--;
	}
}

static void consume_one_producer(void *state)
{
	struct queue_world *w = state;

	take(w, w->before + w->each);
}

static void consume_two_producers(void *state)
{
	struct queue_world *w = state;

	take(w, w->before + 2 * w->each);
}

/* Looks before it takes; what it was shown is there. */
static void consume_by_peek(void *state)
{
	struct queue_world *w = state;
	uint64_t shown[4];
	unsigned left = w->before + w->each;
	size_t n, i;

	while (left) {
		n = maar_queue_peek(&w->queue, shown, 4);
		if (!n)
			model_yield();
		for (i = 0; i < n; i++)
			take_one(w, shown[i]);
		model_assert(maar_queue_release(&w->queue, n) == n, "shown, and not there");
		left -= (unsigned)n;
	}
}

/* A count that is neither negative nor beyond what there is room for. */
static void look(void *state)
{
	const struct queue_world *w = state;
	const size_t most = maar_queue_limit_chunks(&w->queue) * CELLS;

	for (unsigned i = 0; i < 3; i++) {
		model_assert(maar_queue_count(&w->queue) <= most, "a count beyond the room");
		model_assert(maar_queue_chunks(&w->queue) >= 1, "a queue without a chunk");
	}
}

static void give_spare_back(void *state)
{
	struct queue_world *w = state;

	for (unsigned i = 0; i < 2; i++)
		maar_queue_trim(&w->queue);
}

/* ---- full is exact ---- */

/*
 * Limit: two chunks. The first is full, the second has one place left. `frees` takes what is in the first and tells
 * `fills`, which then claims a place. So whenever `never_full` comes, there is room: the place in the second chunk, or
 * the next chunk.
 */
static void frees(void *state)
{
	struct queue_world *w = state;

	take(w, CELLS);
	world_signal(&w->values, 0, 1);
}

static void fills(void *state)
{
	struct queue_world *w = state;
	const uint64_t value = world_value(&w->values, 0, 0);

	world_await(&w->values, 0, 1);
	world_putting(&w->values, value);
	model_assert(maar_queue_enqueue(&w->queue, value) == 1, "full, though there was room at every instant");
}

static void never_full(void *state)
{
	struct queue_world *w = state;
	const uint64_t value = world_value(&w->values, 1, 0);

	world_putting(&w->values, value);
	model_assert(maar_queue_enqueue(&w->queue, value) == 1, "full, though there was room at every instant");
}

/* ---- the scenarios ---- */

#define LAST (UINT64_MAX >> 3) /* the number of the last chunk before the positions wrap, with 5 to 8 slots */

static struct queue_world worlds[] = {
	{ .slots = 5, .each = 5, .at_once = 1, .flags = MAAR_QUEUE_SP, .chunk = LAST },
	{ .slots = 8, .each = 5, .at_once = 3, .flags = MAAR_QUEUE_SP, .chunk = LAST - 1, .before = 1 },
	{ .slots = 8, .each = 3, .at_once = 1, .chunk = LAST, .place = 1 },
	{ .slots = 8, .each = 2, .at_once = 1, .chunk = LAST, .place = 1, .spent = 1 },
	{ .slots = 8, .each = 3, .at_once = 3, .chunk = LAST },
	{ .slots = 8, .each = 3, .at_once = 1, .limit = 1 },
	{ .slots = 5, .each = 3, .at_once = 1, .before = 2, .chunk = 1 },
	{ .slots = 8, .each = 4, .at_once = 1, .limit = 1, .flags = MAAR_QUEUE_SP },
	{ .slots = 8, .each = 3, .at_once = 1, .limit = 1 },
	{ .slots = 8, .limit = 3, .before = 3 },
	{ .slots = 8, .each = 4, .at_once = 1, .before = 1 },
};

const struct model_scenario scenarios_queue[] = {
	{ "queue, one producer", 2, set_up, { first, consume_one_producer }, finish, &worlds[0] },
	{ "queue, peek and bursts", 2, set_up, { first, consume_by_peek }, finish, &worlds[1] },
	{ "queue, two producers", 3, set_up, { first, second, consume_two_producers }, finish, &worlds[2] },
	{ "queue, no spare", 3, set_up, { first, second, consume_two_producers }, finish, &worlds[3] },
	{ "queue, two in bursts", 3, set_up, { first, second, consume_two_producers }, finish, &worlds[4] },
	{ "queue, limit", 3, set_up, { first, second, consume_two_producers }, finish, &worlds[5] },
	{ "queue, few slots", 3, set_up, { first, second, consume_two_producers }, finish, &worlds[6] },
	{ "queue, one producer watched", 3, set_up, { first, consume_one_producer, look }, finish, &worlds[7] },
	{ "queue, watched", 4, set_up, { first, second, consume_two_producers, look }, finish, &worlds[8] },
	{ "queue, never full", 3, set_up, { frees, fills, never_full }, finish, &worlds[9] },
	{ "queue, trimmed", 3, set_up, { first, consume_one_producer, give_spare_back }, finish, &worlds[10] },
};
const unsigned n_scenarios_queue = sizeof(scenarios_queue) / sizeof(scenarios_queue[0]);
