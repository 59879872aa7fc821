/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The record ring on the explorer. The first word of each grain of a record is its payload, plain memory in the ring
 * itself: an order that is too weak shows as a race there, as a record lost, repeated or out of order, or as an answer
 * ("full", "empty", used bytes) that no instant justifies.
 */
#include <maar/record_ring.h>

#include "../../src/ring/record_ring_priv.h"
#include "scenarios.h"

#include <stdlib.h>
#include <string.h>

#define GRAIN	  MAAR_RECORD_GRAIN
#define PRODUCERS (MODEL_THREADS + 1)

/* Of the last record where not all come out: no other has this length. */
#define LAST_LENGTH 16

/* One scenario's ring, and what came out of it. */
struct world {
	unsigned flags;
	size_t capacity;
	uint64_t start; /* in grains */
	struct maar_record_ring *ring;
	unsigned put[PRODUCERS], taken[PRODUCERS]; /* how many of each producer's */
};

static void set_up(void *state)
{
	struct world *w = state;

	if (!w->ring)
		w->ring = maar_record_ring_create(w->capacity, w->flags);
	if (!w->ring)
		abort();
	memset(w->put, 0, sizeof(w->put));
	memset(w->taken, 0, sizeof(w->taken));
	maar__record_ring_start_at(w->ring, w->start);
}

/* ---- a record: {producer, number} in the first word of each of its grains ---- */

static void write_record(void *record, size_t length, uint64_t word)
{
	size_t at;

	for (at = 0; at < length; at += GRAIN)
		model_plain_write((uint64_t *)(void *)((char *)record + at), word);
}

static void after_take(struct world *w, const void *record, size_t length)
{
	uint64_t *const first = (uint64_t *)(uintptr_t)record;
	const uint64_t word = model_plain_read(first);
	const unsigned producer = (unsigned)(word >> 8) & 0xff;
	size_t at;

	for (at = GRAIN; at < length; at += GRAIN)
		model_assert(model_plain_read((uint64_t *)(uintptr_t)((const char *)record + at)) == word,
			     "a record in two parts");
	model_assert(word >> 16 == 0x5eed && producer < PRODUCERS, "not a record that anybody wrote: %llx",
		     (unsigned long long)word);
	model_assert((word & 0xff) == w->taken[producer], "producer %u: %u came out when %u was due", producer,
		     (unsigned)(word & 0xff), w->taken[producer]);
	w->taken[producer]++;
}

static uint64_t next_word(struct world *w, unsigned producer)
{
	return UINT64_C(0x5eed) << 16 | producer << 8 | w->put[producer]++;
}

static void put(struct world *w, unsigned producer, size_t length)
{
	void *record;

	while (!(record = maar_record_ring_reserve(w->ring, length)))
		model_yield();
	write_record(record, length, next_word(w, producer));
	model_assert(maar_record_ring_commit(w->ring, record), "commit refused");
}

/* Where there is room at every instant. */
static void put_at_once(struct world *w, unsigned producer, size_t length)
{
	void *record;

	model_assert(!maar_record_ring_full(w->ring, length), "full, though there was room at every instant");
	record = maar_record_ring_reserve(w->ring, length);
	model_assert(record != NULL, "no room, though there was room at every instant");
	write_record(record, length, next_word(w, producer));
	model_assert(maar_record_ring_commit(w->ring, record), "commit refused");
}

static void take(struct world *w, unsigned n)
{
	size_t length;

	while (n) {
		const void *record = maar_record_ring_peek(w->ring, &length);

		if (!record) {
			model_yield();
			continue;
		}
		after_take(w, record, length);
		model_assert(maar_record_ring_release(w->ring), "peeked, and not there");
		n--;
	}
}

static void all_taken(void *state)
{
	struct world *w = state;
	unsigned p;

	while (maar_record_ring_peek(w->ring, NULL))
		take(w, 1);
	for (p = 0; p < PRODUCERS; p++)
		model_assert(w->put[p] == w->taken[p], "producer %u put %u, and %u came out", p, w->put[p],
			     w->taken[p]);
	model_assert(maar_record_ring_empty(w->ring) && maar_record_ring_used_bytes(w->ring) == 0,
		     "the ring should be empty");
	model_assert(maar_record_ring_check(w->ring) == 0, "the ring should be in order");
}

/* What is left goes to the one who ends the ring; the next execution has a new one. */
static void after_end(const void *record, size_t length, void *state)
{
	after_take(state, record, length);
}

static void all_left(void *state)
{
	struct world *w = state;
	struct maar_record_ring *const ring = w->ring;
	unsigned p;

	model_assert(maar_record_ring_check(ring) == 0, "the ring should be in order");
	w->ring = NULL;
	maar_record_ring_destroy_each(ring, after_end, w);
	for (p = 0; p < PRODUCERS; p++)
		model_assert(w->put[p] == w->taken[p], "producer %u put %u, and %u were left", p, w->put[p],
			     w->taken[p]);
}

/* ---- stream: producers put 4 each; the ring goes round ---- */

static void produce_1(void *s)
{
	for (unsigned i = 0; i < 4; i++)
		put(s, 1, 8);
}

static void produce_2(void *s)
{
	for (unsigned i = 0; i < 4; i++)
		put(s, 2, 8);
}

/* One grain and two, by turns: some need padding. */
static void produce_mixed(void *s)
{
	for (unsigned i = 0; i < 4; i++)
		put(s, 1, i % 2 ? 8 : 40);
}

static void produce_long(void *s)
{
	for (unsigned i = 0; i < 4; i++)
		put(s, 2, 64);
}

static void consume_4(void *s)
{
	take(s, 4);
}

static void consume_8(void *s)
{
	take(s, 8);
}

static void consume_8_many(void *s)
{
	struct world *w = s;
	unsigned left = 8;

	while (left) {
		struct maar_record records[2];
		const size_t k = maar_record_ring_peek_many(w->ring, records, 2);

		for (size_t i = 0; i < k; i++)
			after_take(w, records[i].data, records[i].length);
		model_assert(maar_record_ring_release_many(w->ring, k) == k, "peeked, and not there");
		left -= (unsigned)k;
		if (!k)
			model_yield();
	}
}

static void consume_8_drain(void *s)
{
	struct world *w = s;
	size_t left = 8;

	while (left) {
		const size_t k = maar_record_ring_drain(w->ring, after_end, w);

		left -= k;
		if (!k)
			model_yield();
	}
}

/* The same by copy: one grain and two, the latter from two pieces. */
static void produce_copies(void *s)
{
	struct world *w = s;

	for (unsigned i = 0; i < 4; i++) {
		uint64_t words[5];

		words[0] = words[4] = next_word(w, 1);
		words[1] = words[2] = words[3] = 0;
		if (i % 2) {
			const struct iovec pieces[2] = { { words, 8 }, { words + 1, 32 } };

			while (!maar_record_ring_enqueue_v(w->ring, pieces, 2))
				model_yield();
		} else {
			while (!maar_record_ring_enqueue(w->ring, words, 8))
				model_yield();
		}
	}
}

static void consume_8_copies(void *s)
{
	struct world *w = s;
	unsigned left = 8;

	while (left) {
		uint64_t words[5];
		size_t length;

		if (maar_record_ring_dequeue(w->ring, words, sizeof(words), &length) == 1) {
			model_assert(length == 8 || words[4] == words[0], "a copy in two parts");
			after_take(w, words, length);
			left--;
		} else {
			model_yield();
		}
	}
}

/* Two reservations at once; the second is handed over first; every other time the first is discarded, having been used. */
static void produce_out_of_order(void *s)
{
	struct world *w = s;

	for (unsigned i = 0; i < 4; i++) {
		void *first, *second;
		uint64_t word;

		while (!(first = maar_record_ring_reserve(w->ring, 40)))
			model_yield();
		write_record(first, 40, 0xbad);
		word = i % 2 ? 0 : next_word(w, 1);
		if (word)
			write_record(first, 40, word);
		second = maar_record_ring_reserve(w->ring, 8);
		if (second) {
			write_record(second, 8, next_word(w, 1));
			model_assert(maar_record_ring_commit(w->ring, second), "commit refused");
		}
		model_assert(word ? maar_record_ring_commit_short(w->ring, first, 8)
				  : maar_record_ring_discard(w->ring, first),
			     "refused");
	}
	put(w, 1, LAST_LENGTH); /* so that the consumer knows the end */
}

static void consume_until_last(void *s)
{
	struct world *w = s;

	for (;;) {
		size_t length;
		const void *record = maar_record_ring_peek(w->ring, &length);

		if (!record) {
			model_yield();
			continue;
		}
		after_take(w, record, length);
		model_assert(maar_record_ring_release(w->ring), "peeked, and not there");
		if (length == LAST_LENGTH)
			return;
	}
}

/* ---- exactness: one record is in; the consumer takes one and puts one; another puts one; there is always room ---- */

static void one_inside(void *s)
{
	set_up(s);
	put(s, 0, 8);
}

static void take_then_put(void *s)
{
	for (unsigned i = 0; i < 3; i++) {
		take(s, 1);
		put_at_once(s, 1, 8);
	}
}

static void put_one_at_once(void *s)
{
	put_at_once(s, 2, 8);
}

/* ---- observers ---- */

/* One committed record is in at every instant, and two at most. */
static void put_then_take(void *s)
{
	for (unsigned i = 0; i < 3; i++) {
		put(s, 1, 8);
		take(s, 1);
	}
}

static void look_for_none(void *s)
{
	struct world *w = s;

	for (unsigned i = 0; i < 3; i++) {
		const size_t used = maar_record_ring_used_bytes(w->ring);

		model_assert(used >= GRAIN && used <= 2 * GRAIN, "%zu bytes used, though there were 32 or 64", used);
		model_assert(!maar_record_ring_empty(w->ring), "empty, though there was a record at every instant");
	}
}

static void look_for_two(void *s)
{
	struct world *w = s;

	for (unsigned i = 0; i < 3; i++) {
		model_assert(maar_record_ring_used_bytes(w->ring) <= GRAIN,
			     "two records, though there was one at most");
		model_assert(!maar_record_ring_full(w->ring, 8), "full, though there was one record at most");
	}
}

/* The consumer may pass the padding while the record behind it is being written. */
static void look_for_sense(void *s)
{
	struct world *w = s;

	for (unsigned i = 0; i < 4; i++) {
		const size_t used = maar_record_ring_used_bytes(w->ring);

		model_assert(used <= w->capacity, "%zu bytes used of %zu", used, w->capacity);
		model_assert(maar_record_ring_count(w->ring) <= w->capacity / GRAIN, "more records than grains");
		model_assert(maar_record_ring_padding_bytes(w->ring) % GRAIN == 0, "padding of no grains");
	}
}

/* ---- the table ---- */

#define RECORD_TO(label, finish_, flags_, capacity_, start_, setup, n, ...)                                            \
	{                                                                                                              \
		.name = "record: " label, .threads = n, .set_up = setup, .thread = { __VA_ARGS__ }, .finish = finish_, \
		.state = &(struct world)                                                                               \
		{                                                                                                      \
			.flags = flags_, .capacity = capacity_, .start = start_                                        \
		}                                                                                                      \
	}
#define RECORD(label, ...) RECORD_TO(label, all_taken, __VA_ARGS__)

#define WRAP64 (UINT64_MAX - 2)
#define SP     MAAR_RECORD_RING_SP

const struct model_scenario scenarios_record[] = {
	RECORD("sp stream", SP, 64, WRAP64, set_up, 2, produce_1, consume_4),
	RECORD("sp mixed lengths", SP, 128, 0, set_up, 2, produce_mixed, consume_4),
	RECORD("mp stream", 0, 64, 0, set_up, 3, produce_1, produce_2, consume_8),
	RECORD("mp stream, many at once", 0, 128, WRAP64, set_up, 3, produce_1, produce_2, consume_8_many),
	RECORD("mp stream, drained", 0, 128, 0, set_up, 3, produce_1, produce_2, consume_8_drain),
	RECORD("mp stream, copied", 0, 128, 0, set_up, 3, produce_copies, produce_2, consume_8_copies),
	RECORD("mp mixed lengths", 0, 128, WRAP64, set_up, 3, produce_mixed, produce_2, consume_8),
	RECORD("mp long records", 0, 128, 1, set_up, 3, produce_mixed, produce_long, consume_8_many),
	RECORD("out of order", 0, 128, 0, set_up, 2, produce_out_of_order, consume_until_last),
	RECORD("out of order, watched", 0, 256, WRAP64, set_up, 3, produce_out_of_order, consume_until_last,
	       look_for_sense),
	RECORD("full is exact", 0, 64, 0, one_inside, 2, take_then_put, put_one_at_once),
	RECORD("sp looked at", SP, 64, WRAP64, one_inside, 2, put_then_take, look_for_none),
	RECORD("mp looked at", 0, 64, 0, one_inside, 2, put_then_take, look_for_none),
	RECORD("sp looked at for two", SP, 64, 0, set_up, 2, put_then_take, look_for_two),
	RECORD("mp looked at for two", 0, 64, WRAP64, set_up, 2, put_then_take, look_for_two),
	RECORD_TO("left at the end", all_left, 0, 512, 3, set_up, 2, produce_mixed, produce_2),
	RECORD("padding looked at", 0, 128, 3, set_up, 3, produce_long, consume_4, look_for_sense),
	RECORD("sp padding looked at", SP, 128, WRAP64, set_up, 3, produce_long, consume_4, look_for_sense),
};

const unsigned n_scenarios_record = sizeof(scenarios_record) / sizeof(scenarios_record[0]);
