/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * maar's own rings, compiled on the explorer's atomics, in scenarios small enough to be explored and large enough to wrap.
 * Values are unique and carry a plain payload, so an order that is too weak shows as a race, a value lost, repeated or out of
 * order, or an answer ("full", "empty") that no instant justifies.
 */
#include <maar/ring.h>

#include "../../src/ring/batch_ring.h"
#include "../../src/ring/ring_priv.h"
#include "scenarios.h"

#include <stdlib.h>
#include <string.h>

#define VALUES 32			    /* of one execution; value BASE + v has its payload in payload[v] */
#define BASE   UINT64_C(0x5eed000000000000) /* so that no position or lap is mistaken for a value */

/* One scenario's ring and what its threads have seen. */
struct world {
	unsigned flags;
	size_t capacity;
	uint64_t start;
	struct maar_ring *ring;
	struct maar__batch_ring *batches;
	uint64_t payload[VALUES];
	uint8_t put[VALUES], taken[VALUES];
	uint64_t last[MODEL_THREADS + 1][MODEL_THREADS + 1]; /* [consumer][producer]: the last value seen */
};

static void clear(struct world *w)
{
	memset(w->put, 0, sizeof(w->put));
	memset(w->taken, 0, sizeof(w->taken));
	memset(w->last, 0, sizeof(w->last));
}

static void set_up_ring(void *state)
{
	struct world *w = state;

	if (!w->ring)
		w->ring = maar_ring_create(w->capacity, MAAR_RING_SPSC);
	if (!w->ring)
		abort();
	w->ring->flags =
		w->flags; /* creation would refuse lock-free where the processor, not the explorer, has no CAS2 */
	clear(w);
	maar__ring_start_at(w->ring, w->start);
}

/* Values of producer p are BASE + p * 8 + 1, 2, ... */
static uint64_t value_of(unsigned producer, unsigned i)
{
	return BASE + producer * 8 + i + 1;
}

/* A value that goes round is put again under another name: each word is stored once. */
static uint64_t renamed(uint64_t value)
{
	return value + VALUES;
}

static uint64_t number(uint64_t value)
{
	model_assert(value > BASE && value - BASE < 64 * VALUES, "a value that nobody put: %llx",
		     (unsigned long long)value);
	return (value - BASE) % VALUES;
}

static void before_put(struct world *w, uint64_t value)
{
	model_plain_write(&w->payload[number(value)], value * 3);
	w->put[number(value)] = 1;
}

static void after_take(struct world *w, unsigned consumer, uint64_t value)
{
	const uint64_t n = number(value);
	uint64_t *last = &w->last[consumer][(n - 1) / 8];

	model_took(value);
	model_assert(w->put[n], "value %llu came out before it went in", (unsigned long long)n);
	model_assert(!w->taken[n], "value %llu came out twice", (unsigned long long)n);
	w->taken[n] = 1;
	model_assert(*last < n, "values of one producer out of order");
	*last = n;
	model_assert(model_plain_read(&w->payload[n]) == value * 3, "payload of another time");
}

static void put_one(struct world *w, uint64_t value)
{
	before_put(w, value);
	while (!maar_ring_enqueue(w->ring, value))
		model_yield();
}

static void take_n(struct world *w, unsigned consumer, unsigned n)
{
	uint64_t value;

	while (n) {
		if (maar_ring_dequeue(w->ring, &value)) {
			after_take(w, consumer, value);
			n--;
		} else {
			model_yield();
		}
	}
}

static void take_burst(struct world *w, unsigned consumer, unsigned n)
{
	uint64_t values[2];

	while (n) {
		const size_t k = maar_ring_dequeue_burst(w->ring, values, n < 2 ? n : 2);

		for (size_t i = 0; i < k; i++)
			after_take(w, consumer, values[i]);
		n -= (unsigned)k;
		if (!k)
			model_yield();
	}
}

static void all_taken(void *state)
{
	struct world *w = state;

	for (unsigned n = 0; n < VALUES; n++)
		model_assert(w->put[n] == w->taken[n], "value %u is lost", n);
	model_assert(maar_ring_empty(w->ring) && maar_ring_count(w->ring) == 0, "the ring should be empty");
}

/* ---- stream: producers put 4 values each, consumers take all; the ring wraps ---- */

static void produce_1(void *s)
{
	for (unsigned i = 0; i < 4; i++)
		put_one(s, value_of(0, i));
}

static void produce_2(void *s)
{
	for (unsigned i = 0; i < 4; i++)
		put_one(s, value_of(1, i));
}

static void produce_burst(void *s)
{
	struct world *w = s;
	uint64_t values[4];
	size_t done = 0;

	for (unsigned i = 0; i < 4; i++) {
		values[i] = value_of(0, i);
		before_put(w, values[i]);
	}
	while (done < 4) {
		const size_t k = maar_ring_enqueue_burst(w->ring, values + done, 4 - done < 2 ? 4 - done : 2);

		done += k;
		if (!k)
			model_yield();
	}
}

static void consume_4(void *s)
{
	take_n(s, 1, 4);
}

static void consume_4_too(void *s)
{
	take_n(s, 2, 4);
}

static void consume_4_burst(void *s)
{
	take_burst(s, 1, 4);
}

static void consume_8(void *s)
{
	take_n(s, 1, 8);
}

static void consume_2(void *s)
{
	take_n(s, 1, 2);
}

static void consume_2_too(void *s)
{
	take_burst(s, 2, 2);
}

/* ---- both roles: put, then take; with a place for each, no put finds it full and no take finds it empty ---- */

static void put_then_take(struct world *w, unsigned me)
{
	for (unsigned i = 0; i < 2; i++) {
		uint64_t value = value_of(me, i);

		before_put(w, value);
		model_assert(maar_ring_enqueue(w->ring, value), "full, though there was room at every instant");
		model_assert(maar_ring_dequeue(w->ring, &value), "empty, though there was a value at every instant");
		after_take(w, me, value);
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
		put_one(w, value_of(0, i));
}

static void take_then_put(struct world *w, unsigned me)
{
	for (unsigned i = 0; i < 2; i++) {
		const uint64_t value = value_of(me, i);

		take_n(w, me, 1);
		before_put(w, value);
		model_assert(maar_ring_enqueue(w->ring, value), "full, though there was room at every instant");
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

	while (maar_ring_dequeue(w->ring, &value))
		after_take(w, 0, value);
	all_taken(s);
}

/* ---- observers: what count and empty say, the only consumer can rely on ---- */

static void observe_and_take(void *s)
{
	struct world *w = s;
	unsigned left = 4;
	uint64_t value = 0;

	while (left) {
		const size_t count = maar_ring_count(w->ring);

		model_assert(count <= maar_ring_capacity(w->ring), "count beyond capacity");
		if (count == 0 || (w->flags & MAAR_RING_TICKET)) {
			if (maar_ring_empty(w->ring)) {
				model_yield();
				continue;
			}
		}
		model_assert(maar_ring_dequeue(w->ring, &value), "counted, and nothing there");
		after_take(w, 1, value);
		left--;
	}
}

/* One value is always in: whoever looks must see at least one. */
static void one_inside(void *state)
{
	set_up_ring(state);
	put_one(state, value_of(0, 0));
}

static void put_and_take_other(void *s)
{
	struct world *w = s;

	for (unsigned i = 0; i < 3; i++) {
		put_one(w, value_of(1, i));
		take_n(w, 1, 1);
	}
}

static void look_only(void *s)
{
	struct world *w = s;

	for (unsigned i = 0; i < 3; i++) {
		model_assert(maar_ring_count(w->ring) > 0, "count 0, though there was a value at every instant");
		/* with tickets "empty" may mean claimed and not filled */
		if (!(w->flags & MAAR_RING_TICKET))
			model_assert(!maar_ring_empty(w->ring), "empty, though there was a value at every instant");
	}
}

/* At most one value is in: nobody may see two, or a ring of two full. */
static void look_for_two(void *s)
{
	struct world *w = s;

	for (unsigned i = 0; i < 3; i++) {
		model_assert(maar_ring_count(w->ring) <= 1, "count 2, though there was one value at most");
		model_assert(!maar_ring_full(w->ring), "full, though there was one value at most");
	}
}

/* ---- batches of handles ---- */

static void set_up_batches(void *state)
{
	struct world *w = state;
	uint64_t i;

	if (!w->batches)
		w->batches = maar__batch_ring_create(w->capacity, 2);
	if (!w->batches)
		abort();
	clear(w);
	for (i = 0; i < w->batches->capacity; i++) {
		struct maar__batch_cell *cell = maar__batch_cell(w->batches, w->start + i);

		maar_a_store(&cell->lap, ((w->start + i) | w->batches->mask) + 1 - w->batches->capacity, RELAXED);
		maar_a_store(&cell->pairs[0], 0, RELAXED);
	}
	maar_a_store(&w->batches->tail, w->start, RELAXED);
	maar_a_store(&w->batches->head, w->start, RELAXED);
}

/* A batch is one pair: the value, and 0 above it, so that the word in the cell is the value itself. */
static bool put_batch(struct world *w, uint64_t value)
{
	uint32_t pair[2] __attribute__((aligned(8)));

	memcpy(pair, &value, sizeof(value));
	return maar__batch_put(w->batches, pair);
}

static enum maar__batch_answer take_batch(struct world *w, uint64_t *value)
{
	uint32_t pair[2] __attribute__((aligned(8))) = { 0, 0 };
	const enum maar__batch_answer answer = maar__batch_take(w->batches, pair);

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
		model_took(value);
		model_assert(model_plain_read(&w->payload[number(value)]) > 0, "payload of another time");
		model_plain_write(&w->payload[number(value)], value * 10 + me);
		model_assert(put_batch(w, renamed(value)), "full, though there was room at every instant");
	}
}

static void two_batches(void *s)
{
	struct world *w = s;

	set_up_batches(w);
	for (unsigned i = 0; i < 2; i++) {
		before_put(w, value_of(0, i));
		model_assert(put_batch(w, value_of(0, i)), "full at the beginning");
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

	model_assert(maar__batch_ring_count(w->batches) == 2, "two batches should be left");
	while (take_batch(w, &value) == MAAR__BATCH_TAKEN)
		seen |= 1u << number(value);
	model_assert(seen == 6, "a batch is lost or doubled");
}

static void put_batches(void *s)
{
	struct world *w = s;

	for (unsigned i = 0; i < 4; i++) {
		before_put(w, value_of(0, i));
		while (!put_batch(w, value_of(0, i)))
			model_yield();
	}
}

static void take_batches(void *s)
{
	struct world *w = s;
	uint64_t value;

	for (unsigned left = 4; left;) {
		if (take_batch(w, &value) == MAAR__BATCH_TAKEN) {
			after_take(w, 1, value);
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
		uint64_t value = value_of(me, i);
		enum maar__batch_answer answer;

		before_put(w, value);
		model_assert(put_batch(w, value), "full, though there was room at every instant");
		while ((answer = take_batch(w, &value)) == MAAR__BATCH_HIDDEN)
			model_yield();
		model_assert(answer == MAAR__BATCH_TAKEN, "empty, though there was a batch at every instant");
		after_take(w, me, value);
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

#define RING(label, flags_, capacity_, start_, setup, finish_, n, ...)                                                 \
	{                                                                                                              \
		.name = label, .threads = n, .set_up = setup, .thread = { __VA_ARGS__ }, .finish = finish_,            \
		.state = &(struct world)                                                                               \
		{                                                                                                      \
			.flags = flags_, .capacity = capacity_, .start = start_                                        \
		}                                                                                                      \
	}

#define WRAP32 (UINT64_C(0x100000000) - 2)
#define WRAP64 (UINT64_MAX - 1)
#define SPSC   MAAR_RING_SPSC
#define MPSC   MAAR_RING_MPSC
#define SPMC   MAAR_RING_SPMC
#define MPMC   MAAR_RING_MPMC
#define TICKET MAAR_RING_TICKET

const struct model_scenario scenarios_ring[] = {
	RING("spsc stream", SPSC, 2, 0, set_up_ring, all_taken, 2, produce_1, consume_4),
	RING("spsc stream, one cell, wrap", SPSC, 1, WRAP64, set_up_ring, all_taken, 2, produce_1, consume_4),
	RING("spsc bursts", SPSC, 2, WRAP64, set_up_ring, all_taken, 2, produce_burst, consume_4_burst),
	RING("spsc observed", SPSC, 2, 0, set_up_ring, all_taken, 2, produce_1, observe_and_take),
	RING("spmc stream", SPMC, 2, WRAP32, set_up_ring, all_taken, 3, produce_1, consume_2, consume_2_too),
	RING("spmc bursts", SPMC, 2, 0, set_up_ring, all_taken, 3, produce_burst, consume_2, consume_2_too),
	RING("mpsc stream", MPSC, 2, WRAP64, set_up_ring, all_taken, 3, produce_1, produce_2, consume_8),
	RING("mpsc observed", MPSC, 2, 0, set_up_ring, all_taken, 2, produce_1, observe_and_take),
	RING("mpsc ticket stream", MPSC | TICKET, 2, 0, set_up_ring, all_taken, 3, produce_1, produce_2, consume_8),
	RING("mpsc ticket bursts", MPSC | TICKET, 2, WRAP64, set_up_ring, all_taken, 3, produce_burst, produce_2,
	     consume_8),
	RING("mpsc ticket observed", MPSC | TICKET, 2, 0, set_up_ring, all_taken, 2, produce_1, observe_and_take),
	RING("mpmc stream", MPMC, 2, 0, set_up_ring, all_taken, 4, produce_1, produce_2, consume_4, consume_4_too),
	RING("mpmc stream, one cell", MPMC, 1, WRAP64, set_up_ring, all_taken, 4, produce_1, produce_2, consume_4,
	     consume_4_too),
	RING("mpmc ticket stream", MPMC | TICKET, 2, WRAP64, set_up_ring, all_taken, 4, produce_1, produce_2, consume_4,
	     consume_4_too),
	RING("mpmc put then take", MPMC, 2, 0, set_up_ring, all_taken, 2, both_roles_1, both_roles_2),
	RING("mpmc put then take, three threads", MPMC, 4, 0, set_up_ring, all_taken, 3, both_roles_1, both_roles_2,
	     both_roles_3),
	RING("spsc looked at", SPSC, 2, WRAP64, one_inside, drain_all, 2, put_and_take_other, look_only),
	RING("mpmc looked at", MPMC, 2, 0, one_inside, drain_all, 2, put_and_take_other, look_only),
	RING("spsc looked at for two", SPSC, 2, 0, set_up_ring, all_taken, 2, put_and_take_other, look_for_two),
	RING("mpmc looked at for two", MPMC, 2, WRAP64, set_up_ring, all_taken, 2, put_and_take_other, look_for_two),
	RING("mpmc take then put", MPMC, 2, WRAP64, fill_up, drain_all, 2, take_first_1, take_first_2),
	RING("mpmc ticket take then put", MPMC | TICKET, 2, 0, fill_up, drain_all, 2, take_first_1, take_first_2),
	RING("batches stream", 0, 2, WRAP32, set_up_batches, NULL, 2, put_batches, take_batches),
	RING("batches go round", 0, 2, 0, two_batches, two_batches_left, 2, batch_round_1, batch_round_2),
	RING("batches go round, three threads", 0, 2, WRAP64, two_batches, two_batches_left, 3, batch_round_1,
	     batch_round_2, batch_round_3),
	RING("batches put then take", 0, 2, 0, set_up_batches, NULL, 2, batch_both_1, batch_both_2),
};

const unsigned n_scenarios_ring = sizeof(scenarios_ring) / sizeof(scenarios_ring[0]);
