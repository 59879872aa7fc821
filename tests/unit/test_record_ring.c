/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The record ring: its life, every call and refusal, padding, order, out-of-order commits, wraps; then threads. Random
 * sequences against a model are in tests/fuzz/fuzz_record_ring.c.
 */
#include "common.h"

#include <maar/record_ring.h>

#include "../../src/ring/record_ring_priv.h"


#define GRAIN  MAAR_RECORD_GRAIN
#define BEYOND ((size_t)MAAR_RECORD_RING_MAX_CAPACITY + 1)

static const unsigned modes[] = { 0, MAAR_RECORD_RING_SP };
#define MODES ((int)COUNT_OF(modes))

static struct maar_record_ring *new_ring(size_t capacity, unsigned flags)
{
	struct maar_record_ring *ring = maar_record_ring_create(capacity, flags);

	ck_assert_ptr_nonnull(ring);
	return ring;
}

/* Fills a record with bytes that tell its number and length. */
static void fill(void *record, size_t length, uint64_t number)
{
	unsigned char *to = record;
	size_t i;

	for (i = 0; i < length; i++)
		to[i] = (unsigned char)(number * 31 + length + i * 7);
}

static void check_content(const void *record, size_t length, uint64_t number)
{
	const unsigned char *from = record;
	size_t i;

	for (i = 0; i < length; i++)
		unit_eq(from[i], (unsigned char)(number * 31 + length + i * 7));
}

static void *reserve(struct maar_record_ring *ring, size_t length, uint64_t number)
{
	void *record = maar_record_ring_reserve(ring, length);

	unit_must(record != NULL);
	unit_eq((uintptr_t)record % GRAIN, 0);
	fill(record, length, number);
	return record;
}

static void put(struct maar_record_ring *ring, size_t length, uint64_t number)
{
	unit_eq(maar_record_ring_commit(ring, reserve(ring, length, number)), 1);
}

static void take(struct maar_record_ring *ring, size_t length, uint64_t number)
{
	size_t found = SIZE_MAX;
	const void *record = maar_record_ring_peek(ring, &found);

	unit_must(record != NULL);
	unit_eq(found, length);
	check_content(record, length, number);
	unit_must(maar_record_ring_peek(ring, NULL) == record); /* peeking takes nothing */
	unit_eq(maar_record_ring_release(ring), 1);
}

/* An idle ring with nothing in it. */
static void check_empty(struct maar_record_ring *ring)
{
	size_t length = 5;

	unit_eq(maar_record_ring_empty(ring), 1);
	unit_must(maar_record_ring_peek(ring, NULL) == NULL);
	unit_eq(maar_record_ring_release(ring), 0);
	unit_eq(maar_record_ring_dequeue(ring, NULL, 0, &length), 0);
	unit_eq(length, 0);
	unit_eq(maar_record_ring_used_bytes(ring), 0);
	unit_eq(maar_record_ring_free_bytes(ring), maar_record_ring_capacity(ring));
	unit_eq(maar_record_ring_count(ring), 0);
	unit_eq(maar_record_ring_full(ring, maar_record_ring_max(ring)), 0);
	unit_eq(maar_record_ring_full(ring, 0), 0);
	unit_eq(maar_record_ring_check(ring), 0);
}

static size_t rounded(size_t length)
{
	return length ? (length + GRAIN - 1) / GRAIN * GRAIN : GRAIN;
}

/* ---- life cycle ---- */

START_TEST(bytes_needed)
{
	const size_t header = sizeof(struct maar_record_ring);

	unit_eq(maar_record_ring_bytes(1), header + 128 + 64);
	unit_eq(maar_record_ring_bytes(64), header + 128 + 64);
	unit_eq(maar_record_ring_bytes(65), header + 128 + 128);
	unit_eq(maar_record_ring_bytes(4096), header + 4096 / 4 + 4096);
	unit_eq(maar_record_ring_bytes(5000), header + 8192 / 4 + 8192);
#if SIZE_MAX > UINT32_MAX
	unit_eq(maar_record_ring_bytes(MAAR_RECORD_RING_MAX_CAPACITY),
		header + MAAR_RECORD_RING_MAX_CAPACITY / 4 + MAAR_RECORD_RING_MAX_CAPACITY);
#endif
	unit_eq(maar_record_ring_bytes(0), 0);
	unit_eq(maar_record_ring_bytes(SIZE_MAX), 0);
#if SIZE_MAX > UINT32_MAX
	unit_eq(maar_record_ring_bytes(BEYOND), 0);
#endif
}
END_TEST

/* Fills a ring from empty to full with one length, looks at every level, and drains it; three times around. */
static void use(struct maar_record_ring *ring, size_t length)
{
	const size_t capacity = maar_record_ring_capacity(ring), most = capacity / rounded(length);
	size_t round;

	for (round = 0; round < 3; round++) {
		uint64_t in = 0, out = 0;

		check_empty(ring);
		while (!maar_record_ring_full(ring, length)) {
			put(ring, length, in++);
			unit_eq(maar_record_ring_count(ring), in);
			unit_eq(maar_record_ring_empty(ring), 0);
			unit_must(maar_record_ring_used_bytes(ring) >= in * rounded(length));
			unit_eq(maar_record_ring_free_bytes(ring), capacity - maar_record_ring_used_bytes(ring));
			unit_eq(maar_record_ring_check(ring), 0);
		}
		unit_must(in <= most && in >= 1);
		if (capacity % rounded(length) == 0 && round == 0)
			unit_eq(in, most); /* a fresh ring is full to the last byte */
		unit_must(maar_record_ring_reserve(ring, length) == NULL);
		unit_eq(maar_record_ring_enqueue(ring, NULL, 0), capacity - maar_record_ring_used_bytes(ring) >= GRAIN);
		while (out < in)
			take(ring, length, out++);
		(void)maar_record_ring_drain(ring, NULL, NULL);
	}
}

START_TEST(init_in_place)
{
	static const size_t asked[] = { 1, 64, 65, 200, 1000, 4096 };
	static const size_t given[] = { 64, 64, 128, 256, 1024, 4096 };
	size_t k;

	for (k = 0; k < COUNT_OF(asked); k++) {
		struct unit_place place = unit_place(maar_record_ring_bytes(asked[k]));
		struct maar_record_ring *ring = (void *)place.memory;

		unit_eq(maar_record_ring_init(ring, maar_record_ring_bytes(asked[k]), asked[k], modes[_i]), 0);
		unit_eq(maar_record_ring_flags(ring), modes[_i]);
		unit_eq(maar_record_ring_capacity(ring), given[k]);
		unit_eq(maar_record_ring_max(ring), given[k] / 2);
		use(ring, given[k] / 2);
		use(ring, 1);
		put(ring, 3, 1);
		unit_eq(maar_record_ring_init(ring, maar_record_ring_bytes(asked[k]), asked[k], modes[_i]), 0);
		check_empty(ring);
		maar_record_ring_destroy(ring);
		unit_place_end(&place);
	}
}
END_TEST

START_TEST(refused)
{
	const struct {
		size_t capacity;
		unsigned flags;
		int error;
	} refusals[] = {
		{ 0, 0, EINVAL },
		{ 64, 2, EINVAL },
		{ 64, 1u << 31, EINVAL },
		{ SIZE_MAX, 0, EOVERFLOW },
#if SIZE_MAX > UINT32_MAX
		{ BEYOND, 0, EOVERFLOW },
#endif
	};
	struct unit_place place = unit_place(maar_record_ring_bytes(64));
	const size_t bytes = maar_record_ring_bytes(64);
	size_t i;

	for (i = 0; i < COUNT_OF(refusals); i++) {
		errno = 0;
		unit_eq(maar_record_ring_init(place.memory, bytes, refusals[i].capacity, refusals[i].flags),
			-refusals[i].error);
		unit_must(maar_record_ring_create(refusals[i].capacity, refusals[i].flags) == NULL);
		unit_eq(errno, refusals[i].error);
	}
	unit_eq(maar_record_ring_init(NULL, bytes, 64, 0), -EINVAL);
	for (i = 1; i < MAAR_APART; i++)
		unit_eq(maar_record_ring_init(place.memory + i, bytes, 64, 0), -EINVAL);
	unit_eq(maar_record_ring_init(place.memory, bytes - 1, 64, 0), -ENOSPC);
	unit_eq(maar_record_ring_init(place.memory, bytes, 65, 0), -ENOSPC);
	unit_eq(maar_record_ring_init_layout(place.memory, bytes, 64, 0, MAAR_RECORD_RING_LAYOUT + 1), -EPROTO);
	unit_eq(maar_record_ring_init_layout(place.memory, bytes, 64, 0, 0), -EPROTO);
	unit_place_untouched(&place);
	unit_place_end(&place);
}
END_TEST

/* No pointers inside: a byte copy, with records in it and half way around, is a ring of its own. */
START_TEST(moves_to_another_address)
{
	struct unit_place here = unit_place(maar_record_ring_bytes(256));
	struct unit_place there = unit_place(maar_record_ring_bytes(256));
	struct maar_record_ring *ring = (void *)here.memory, *copy = (void *)there.memory;
	char *record;

	unit_eq(maar_record_ring_init(ring, maar_record_ring_bytes(256), 256, modes[_i]), 0);
	put(ring, 100, 1);
	put(ring, 20, 2);
	take(ring, 100, 1);
	put(ring, 90, 3);
	record = reserve(ring, 70, 4);
	memcpy(copy, ring, maar_record_ring_bytes(256));
	memset(ring, 0xff, maar_record_ring_bytes(256));
	unit_eq(maar_record_ring_check(copy), 0);
	unit_eq(maar_record_ring_commit(copy, record - (char *)ring + (char *)copy), 1);
	take(copy, 20, 2);
	take(copy, 90, 3);
	take(copy, 70, 4);
	check_empty(copy);
	maar_record_ring_destroy(copy);
	unit_place_end(&here);
	unit_place_end(&there);
}
END_TEST

/* ---- one record ---- */

/* Every length from 0 to beyond the largest, at every position, in an empty ring: fits up to the largest. */
START_TEST(any_length_anywhere)
{
	static const size_t capacities[] = { 64, 128, 256, 512 };
	size_t k, at, length;

	for (k = 0; k < COUNT_OF(capacities); k++) {
		struct maar_record_ring *ring = new_ring(capacities[k], modes[_i]);
		const size_t most = maar_record_ring_max(ring);

		for (at = 0; at < capacities[k] / GRAIN; at++) {
			for (length = 0; length <= most; length++) {
				const size_t to_end = capacities[k] - at * GRAIN;
				const size_t pad = rounded(length) > to_end ? to_end : 0;
				const uint64_t before = maar_record_ring_padding_bytes(ring);

				maar__record_ring_start_at(ring, at);
				unit_eq(maar_record_ring_full(ring, length), 0);
				put(ring, length, at);
				unit_eq(maar_record_ring_used_bytes(ring), rounded(length) + pad);
				unit_eq(maar_record_ring_check(ring), 0);
				take(ring, length, at);
				unit_eq(maar_record_ring_padding_bytes(ring), before + pad);
				unit_eq(maar_record_ring_used_bytes(ring), 0);
			}
			maar__record_ring_start_at(ring, at);
			unit_eq(maar_record_ring_full(ring, most + 1), 1);
			unit_must(maar_record_ring_reserve(ring, most + 1) == NULL);
			unit_must(maar_record_ring_reserve(ring, SIZE_MAX) == NULL);
			unit_must(maar_record_ring_reserve(ring, SIZE_MAX - 31) == NULL);
			check_empty(ring);
		}
		maar_record_ring_destroy(ring);
	}
}
END_TEST

START_TEST(enqueue_dequeue)
{
	struct maar_record_ring *ring = new_ring(256, modes[_i]);
	char from[128], to[128];
	size_t length;

	fill(from, sizeof(from), 9);
	unit_eq(maar_record_ring_enqueue(ring, from, 128), 1);
	unit_eq(maar_record_ring_enqueue(ring, from, 0), 1);
	unit_eq(maar_record_ring_enqueue(ring, NULL, 0), 1);
	unit_eq(maar_record_ring_enqueue(ring, from, 129), 0);
	unit_eq(maar_record_ring_enqueue(ring, NULL, 1), 0);
	unit_eq(maar_record_ring_enqueue(ring, from, 65), 0); /* 64 are left */
	unit_eq(maar_record_ring_enqueue(ring, from, 64), 1);
	unit_eq(maar_record_ring_enqueue(ring, NULL, 0), 0);
	unit_eq(maar_record_ring_count(ring), 4);

	/* too small a buffer: the record stays, and says how long it is; nothing is written */
	memset(to, 1, sizeof(to));
	unit_eq(maar_record_ring_dequeue(ring, to, 127, &length), -EMSGSIZE);
	unit_eq(length, 128);
	unit_eq(to[0], 1);
	unit_eq(maar_record_ring_dequeue(ring, NULL, 0, NULL), -EMSGSIZE);
	unit_eq(maar_record_ring_dequeue(ring, NULL, 128, NULL), -EMSGSIZE);
	unit_eq(maar_record_ring_count(ring), 4);
	unit_eq(maar_record_ring_dequeue(ring, to, 128, &length), 1);
	unit_eq(length, 128);
	unit_eq(memcmp(from, to, 128), 0);
	unit_eq(maar_record_ring_dequeue(ring, NULL, 0, &length), 1);
	unit_eq(length, 0);
	unit_eq(maar_record_ring_dequeue(ring, to, 128, NULL), 1);
	unit_eq(maar_record_ring_dequeue(ring, to, 64, &length), 1);
	unit_eq(length, 64);
	unit_eq(memcmp(from, to, 64), 0);
	check_empty(ring);
	maar_record_ring_destroy(ring);
}
END_TEST

START_TEST(enqueue_v)
{
	struct maar_record_ring *ring = new_ring(256, modes[_i]);
	char text[] = "one two three";
	struct iovec pieces[3] = { { text, 3 }, { NULL, 0 }, { text + 4, 9 } };
	char to[128];
	size_t length;

	unit_eq(maar_record_ring_enqueue_v(ring, pieces, 3), 1);
	unit_eq(maar_record_ring_enqueue_v(ring, pieces, 0), 1);
	unit_eq(maar_record_ring_enqueue_v(ring, NULL, 0), 1);
	unit_eq(maar_record_ring_dequeue(ring, to, 128, &length), 1);
	unit_eq(length, 12);
	unit_eq(memcmp(to, "onetwo three", 12), 0);
	unit_eq(maar_record_ring_drain(ring, NULL, NULL), 2);
	/* refusals */
	unit_eq(maar_record_ring_enqueue_v(ring, NULL, 1), 0);
	pieces[1].iov_len = 1;
	unit_eq(maar_record_ring_enqueue_v(ring, pieces, 3), 0);
	pieces[1] = (struct iovec){ text, SIZE_MAX - 3 };
	unit_eq(maar_record_ring_enqueue_v(ring, pieces, 2), 0); /* SIZE_MAX: too long */
	pieces[1].iov_len = SIZE_MAX - 2;
	unit_eq(maar_record_ring_enqueue_v(ring, pieces, 2), 0); /* the sum overflows to 0 */
	check_empty(ring);
	maar_record_ring_destroy(ring);
}
END_TEST

/* Fills as many bytes as arg says. */
static size_t copy_some(void *record, size_t length, void *arg)
{
	const size_t n = *(size_t *)arg;

	fill(record, n <= length ? n : 0, 5);
	return n;
}

START_TEST(enqueue_with)
{
	struct maar_record_ring *ring = new_ring(256, modes[_i]);
	size_t n = 100;

	unit_eq(maar_record_ring_enqueue_with(ring, 100, copy_some, &n), 1);
	unit_eq(maar_record_ring_used_bytes(ring), 128);
	take(ring, 100, 5);
	n = 10; /* fewer than reserved: the rest is padding */
	unit_eq(maar_record_ring_enqueue_with(ring, 128, copy_some, &n), 1);
	unit_eq(maar_record_ring_used_bytes(ring), 128);
	unit_eq(maar_record_ring_check(ring), 0);
	take(ring, 10, 5);
	check_empty(ring);
	unit_eq(maar_record_ring_padding_bytes(ring), 96);
	n = MAAR_RECORD_DISCARD;
	unit_eq(maar_record_ring_enqueue_with(ring, 128, copy_some, &n), 0);
	n = 129;
	unit_eq(maar_record_ring_enqueue_with(ring, 128, copy_some, &n), 0);
	unit_eq(maar_record_ring_used_bytes(ring), 256);
	unit_eq(maar_record_ring_enqueue_with(ring, 0, copy_some, &n), 0); /* full */
	check_empty(ring);
	unit_eq(maar_record_ring_enqueue_with(ring, 129, copy_some, &n), 0); /* too long: the hook is not called */
	unit_eq(maar_record_ring_enqueue_with(ring, 1, NULL, NULL), 0);
	check_empty(ring);
	maar_record_ring_destroy(ring);
}
END_TEST

/* ---- reserve, commit, discard ---- */

START_TEST(out_of_order)
{
	struct maar_record_ring *ring = new_ring(1024, modes[_i]);
	void *records[8];
	uint64_t i;

	for (i = 0; i < 8; i++)
		records[i] = reserve(ring, 40 + i, i);
	unit_eq(maar_record_ring_count(ring), 0);
	/* committed backwards, 2 and 5 discarded: nothing is there until the first is */
	for (i = 7; i > 0; i--) {
		unit_eq(i == 2 || i == 5 ? maar_record_ring_discard(ring, records[i])
					 : maar_record_ring_commit(ring, records[i]),
			1);
		unit_eq(maar_record_ring_empty(ring), 1);
		unit_must(maar_record_ring_peek(ring, NULL) == NULL);
		unit_eq(maar_record_ring_check(ring), 0);
	}
	unit_eq(maar_record_ring_count(ring), 5);
	unit_eq(maar_record_ring_commit(ring, records[0]), 1);
	unit_eq(maar_record_ring_count(ring), 6);
	for (i = 0; i < 8; i++)
		if (i != 2 && i != 5)
			take(ring, 40 + i, i);
	check_empty(ring);
	unit_eq(maar_record_ring_padding_bytes(ring), 0); /* discarded ones are no padding */
	maar_record_ring_destroy(ring);
}
END_TEST

/* All of it discarded: peek gives the room back though there is nothing to release. */
START_TEST(all_discarded)
{
	struct maar_record_ring *ring = new_ring(128, modes[_i]);
	size_t round, i;

	for (round = 0; round < 5; round++) {
		void *records[4];

		for (i = 0; i < 4; i++)
			records[i] = reserve(ring, 1, i);
		unit_must(maar_record_ring_reserve(ring, 0) == NULL);
		for (i = 0; i < 4; i++)
			unit_eq(maar_record_ring_discard(ring, records[i]), 1);
		unit_eq(maar_record_ring_full(ring, 0), 1);
		unit_eq(maar_record_ring_empty(ring), 1);
		unit_eq(maar_record_ring_count(ring), 0);
		if (round % 2)
			unit_must(maar_record_ring_peek(ring, NULL) == NULL);
		else
			unit_eq(maar_record_ring_release(ring), 0);
		check_empty(ring);
	}
	maar_record_ring_destroy(ring);
}
END_TEST

START_TEST(commit_short)
{
	size_t reserved, length;

	for (reserved = 0; reserved <= 128; reserved++) {
		struct maar_record_ring *ring = new_ring(256, modes[_i]);

		for (length = 0; length <= reserved; length++) {
			void *record = reserve(ring, reserved, 1);
			const uint64_t before = maar_record_ring_padding_bytes(ring);

			fill(record, length, 1);
			unit_eq(maar_record_ring_commit_short(ring, record, reserved + 1), 0);
			unit_eq(maar_record_ring_commit_short(ring, record, SIZE_MAX), 0);
			unit_eq(maar_record_ring_commit_short(ring, record, length), 1);
			put(ring, 3, 2); /* behind the padding */
			unit_eq(maar_record_ring_check(ring), 0);
			take(ring, length, 1);
			take(ring, 3, 2);
			/* more if there was some before the record, at the end of the data */
			unit_must(maar_record_ring_padding_bytes(ring) >= before + rounded(reserved) - rounded(length));
		}
		check_empty(ring);
		maar_record_ring_destroy(ring);
	}
}
END_TEST

/* Pointers that are no reserved record: refused, and nothing changes. */
START_TEST(foreign_pointers)
{
	struct maar_record_ring *ring = new_ring(1024, modes[_i]), *other = new_ring(1024, modes[_i]);
	unsigned char copy[1024 + 256 + 384];
	char *record = reserve(ring, 100, 1), *foreign = reserve(other, 100, 1), *data = maar__record_data_at(ring, 0);
	const size_t bytes = maar_record_ring_bytes(1024);
	size_t i;

	unit_eq(bytes, sizeof(copy));
	memcpy(copy, ring, bytes);
	unit_eq(maar_record_ring_commit(ring, NULL), 0);
	unit_eq(maar_record_ring_commit(ring, foreign), 0);
	unit_eq(maar_record_ring_discard(ring, foreign), 0);
	unit_eq(maar_record_ring_commit(ring, data - GRAIN), 0);
	unit_eq(maar_record_ring_commit(ring, data + 1024), 0);
	unit_eq(maar_record_ring_commit(ring, (void *)UINTPTR_MAX), 0);
	for (i = 1; i < 1024; i++) {
		unit_eq(maar_record_ring_commit(ring, data + i), 0);
		unit_eq(maar_record_ring_commit_short(ring, data + i, 0), 0);
		unit_eq(maar_record_ring_discard(ring, data + i), 0);
	}
	unit_eq(memcmp(copy, ring, bytes), 0);
	unit_eq(maar_record_ring_commit(ring, record), 1);
	memcpy(copy, ring, bytes);
	unit_eq(maar_record_ring_commit(ring, record), 0);
	unit_eq(maar_record_ring_commit_short(ring, record, 0), 0);
	unit_eq(maar_record_ring_discard(ring, record), 0);
	unit_eq(memcmp(copy, ring, bytes), 0);
	take(ring, 100, 1);
	unit_eq(maar_record_ring_commit(ring, record), 0); /* released, not reserved again */
	check_empty(ring);
	maar_record_ring_destroy(ring);
	maar_record_ring_destroy(other);
}
END_TEST

/* Whatever was in a record is never taken for a word: contents that look like every possible one. */
START_TEST(hostile_contents)
{
	struct maar_record_ring *ring = new_ring(256, modes[_i]);
	uint64_t lap, round, words[16];
	size_t i;

	for (round = 0; round < 200; round++) {
		const size_t length = 8 * (round * 5 % 17);

		lap = maar_a_load(&ring->tail, RELAXED) + 256 / GRAIN;
		for (i = 0; i < 16; i++)
			words[i] = maar__record_word(ring, lap, i % 4 * 32, MAAR__RECORD_COMMITTED);
		unit_eq(maar_record_ring_enqueue(ring, words, length), 1);
		unit_eq(maar_record_ring_count(ring), 1);
		unit_eq(maar_record_ring_release(ring), 1);
		check_empty(ring);
		/* and reserved, not written: what an earlier lap left must not show */
		unit_eq(maar_record_ring_discard(ring, maar_record_ring_reserve(ring, 100)), 1);
		check_empty(ring);
	}
	maar_record_ring_destroy(ring);
}
END_TEST

/* ---- many ---- */

START_TEST(peek_many)
{
	struct maar_record_ring *ring = new_ring(1024, modes[_i]);
	struct maar_record records[16];
	uint64_t round;
	size_t i, n;

	unit_eq(maar_record_ring_peek_many(ring, records, 16), 0);
	unit_eq(maar_record_ring_release_many(ring, 16), 0);
	for (round = 0; round < 50; round++) {
		/* seven records with discarded ones between, in front and behind */
		for (i = 0; i < 7; i++) {
			unit_eq(maar_record_ring_discard(ring, reserve(ring, i, 0)), 1);
			put(ring, i * 10, i);
		}
		unit_eq(maar_record_ring_discard(ring, reserve(ring, 1, 0)), 1);
		unit_eq(maar_record_ring_peek_many(ring, records, 0), 0);
		unit_eq(maar_record_ring_release_many(ring, 0), 0);
		n = maar_record_ring_peek_many(ring, records, 3);
		unit_eq(n, 3);
		n = maar_record_ring_peek_many(ring, records, 16);
		unit_eq(n, 7);
		for (i = 0; i < 7; i++) {
			unit_eq(records[i].length, i * 10);
			check_content(records[i].data, records[i].length, i);
		}
		unit_eq(maar_record_ring_release_many(ring, 4), 4);
		unit_eq(maar_record_ring_count(ring), 3);
		unit_eq(maar_record_ring_peek_many(ring, records, 1), 1);
		unit_eq(records[0].length, 40);
		unit_eq(maar_record_ring_release_many(ring, SIZE_MAX), 3);
		check_empty(ring);
	}
	/* up to what is not committed */
	put(ring, 1, 1);
	{
		void *held = reserve(ring, 2, 2);

		put(ring, 3, 3);
		unit_eq(maar_record_ring_peek_many(ring, records, 16), 1);
		unit_eq(maar_record_ring_release_many(ring, 16), 1);
		unit_eq(maar_record_ring_peek_many(ring, records, 16), 0);
		unit_eq(maar_record_ring_commit(ring, held), 1);
		unit_eq(maar_record_ring_peek_many(ring, records, 16), 2);
	}
	maar_record_ring_destroy(ring);
}
END_TEST

struct seen {
	size_t lengths[16];
	size_t n;
};

static void note_record(const void *record, size_t length, void *arg)
{
	struct seen *seen = arg;

	ck_assert_uint_lt(seen->n, COUNT_OF(seen->lengths));
	check_content(record, length, length);
	seen->lengths[seen->n++] = length;
}

/* Puts each record in again, as a producer would that is never done. */
static void feed(const void *record, size_t length, void *ring)
{
	(void)maar_record_ring_enqueue(ring, record, length);
}

START_TEST(drain)
{
	struct maar_record_ring *ring = new_ring(1024, modes[_i]);
	struct seen seen = { .n = 0 };
	size_t i;
	void *held;

	for (i = 0; i < 5; i++)
		put(ring, i, i);
	unit_eq(maar_record_ring_dequeue_with(ring, note_record, &seen), 1);
	unit_eq(maar_record_ring_dequeue_with(ring, NULL, NULL), 1);
	unit_eq(maar_record_ring_drain(ring, feed, ring), 3); /* ends, though there is more */
	unit_eq(maar_record_ring_count(ring), 3);
	held = reserve(ring, 50, 50);
	put(ring, 60, 60);
	unit_eq(maar_record_ring_drain(ring, note_record, &seen), 3);
	unit_eq(maar_record_ring_drain(ring, note_record, &seen), 0);
	unit_eq(maar_record_ring_commit(ring, held), 1);
	unit_eq(maar_record_ring_drain(ring, note_record, &seen), 2);
	unit_eq(seen.n, 6);
	unit_eq(seen.lengths[0], 0);
	unit_eq(seen.lengths[1], 2);
	unit_eq(seen.lengths[5], 60);
	unit_eq(maar_record_ring_dequeue_with(ring, note_record, &seen), 0);
	check_empty(ring);
	maar_record_ring_destroy(ring);
}
END_TEST

/* destroy_each hands over all that was committed, past reservations and past room claimed by who died at once. */
START_TEST(destroy_each)
{
	struct unit_place place = unit_place(maar_record_ring_bytes(1024));
	struct maar_record_ring *ring = (void *)place.memory;
	struct seen seen = { .n = 0 };
	static const size_t before[] = { 400, 384, 200, 384, 256 };
	size_t i;

	unit_eq(maar_record_ring_init(ring, maar_record_ring_bytes(1024), 1024, modes[_i]), 0);
	/* Once round and on to grain 20, so that old words are all over, one of seven grains at 25. */
	for (i = 0; i < COUNT_OF(before); i++) {
		put(ring, before[i], i);
		take(ring, before[i], i);
	}
	(void)reserve(ring, 100, 1); /* 20 to 23 */
	put(ring, 10, 10);
	maar_a_add(&ring->tail, 3, RELAXED); /* 25 to 27: claimed, and the thread was gone */
	unit_eq(maar_record_ring_check(ring), -EBADMSG);
	put(ring, 11, 11);
	put(ring, 200, 200); /* with padding before it */
	unit_eq(maar_record_ring_discard(ring, reserve(ring, 7, 7)), 1);
	maar_record_ring_destroy_each(ring, note_record, &seen);
	unit_eq(seen.n, 3);
	unit_eq(seen.lengths[0], 10);
	unit_eq(seen.lengths[1], 11);
	unit_eq(seen.lengths[2], 200);
	maar_record_ring_destroy_each(ring, note_record, &seen); /* a ring no more: nothing happens */
	maar_record_ring_destroy(ring);
	maar_record_ring_destroy(NULL);
	maar_record_ring_destroy_each(NULL, note_record, &seen);
	unit_eq(seen.n, 3);
	unit_place_end(&place);
	ring = new_ring(64, modes[_i]);
	put(ring, 1, 1);
	maar_record_ring_destroy_each(ring, NULL, NULL);
}
END_TEST

/* ---- wraps of the positions ---- */

static void pass_over(size_t capacity, unsigned flags, uint64_t start)
{
	struct maar_record_ring *ring = new_ring(capacity, flags);
	struct unit_rng rng = unit_rng(start);
	size_t lengths[64];
	uint64_t in = 0, out = 0;

	maar__record_ring_start_at(ring, start);
	check_empty(ring);
	while (in < 200) {
		const size_t length = (size_t)unit_random_below(&rng, capacity / 2 + 1);
		const bool fits = !maar_record_ring_full(ring, length);
		void *record = maar_record_ring_reserve(ring, length);

		unit_eq(record != NULL, fits);
		if (record) {
			fill(record, length, in);
			lengths[in++ % 64] = length;
			unit_eq(maar_record_ring_commit(ring, record), 1);
		} else {
			take(ring, lengths[out % 64], out);
			out++;
		}
		unit_eq(maar_record_ring_count(ring), in - out);
		unit_eq(maar_record_ring_empty(ring), in == out);
		unit_eq(maar_record_ring_check(ring), 0);
	}
	for (; out < in; out++)
		take(ring, lengths[out % 64], out);
	check_empty(ring);
	maar_record_ring_destroy(ring);
}

START_TEST(wraps)
{
	static const size_t capacities[] = { 64, 128, 256, 1024 };
	static const uint64_t bounds[] = { 0, UINT64_C(1) << 31, UINT64_C(1) << 32, UINT64_C(1) << 56,
					   UINT64_C(1) << 63 };
	size_t k, b, before;

	for (k = 0; k < COUNT_OF(capacities); k++)
		for (b = 0; b < COUNT_OF(bounds); b++)
			for (before = 0; before <= 12; before++)
				pass_over(capacities[k], modes[_i], bounds[b] - before);
}
END_TEST

/* ---- looking at it ---- */

START_TEST(dump)
{
	struct maar_record_ring *ring = new_ring(256, modes[_i]);
	struct unit_text text;
	char *said;
	FILE *full = unit_full_file();

	put(ring, 64, 1);
	put(ring, 100, 1);
	take(ring, 64, 1);
	take(ring, 100, 1);
	unit_eq(maar_record_ring_discard(ring, reserve(ring, 5, 1)), 1);
	put(ring, 70, 1);
	(void)reserve(ring, 0, 1);
	unit_text_open(&text);
	unit_eq(maar_record_ring_dump(ring, text.to), 0);
	said = unit_text_close(&text);
	unit_assert_contains(said, modes[_i] ? ": one producer, one consumer" : ": many producers, one consumer");
	unit_assert_contains(said, "capacity 256 bytes, used 192, free 64, longest record 128\n");
	unit_assert_contains(said, "head 6, tail 12 (in grains of 32 bytes)\n");
	unit_assert_contains(said, "records waiting 1, taken 2, discarded 0; padding 0 bytes\n");
	unit_assert_contains(said, "[6] discarded, 5 bytes\n  [7] padding, 32 bytes\n  [8] committed, 70 bytes\n"
				   "  [11] reserved, 0 bytes\n");
	free(said);
	maar_a_add(&ring->tail, 1, RELAXED); /* a producer at work */
	unit_text_open(&text);
	unit_eq(maar_record_ring_dump(ring, text.to), 0);
	said = unit_text_close(&text);
	unit_assert_contains(said, "[12] claimed\n");
	free(said);
	unit_eq(maar_record_ring_dump(ring, full), -EIO);
	fclose(full);
	unit_eq(maar_record_ring_dump(NULL, stderr), -EINVAL);
	unit_eq(maar_record_ring_dump(ring, NULL), -EINVAL);
	ring->magic++;
	unit_eq(maar_record_ring_dump(ring, stderr), -EINVAL);
	ring->magic--;
	maar_record_ring_destroy(ring);
	ring = new_ring(1024, modes[_i]);
	while (maar_record_ring_enqueue(ring, NULL, 0))
		;
	unit_text_open(&text);
	unit_eq(maar_record_ring_dump(ring, text.to), 0);
	said = unit_text_close(&text);
	unit_assert_contains(said, "[15] committed, 0 bytes\n  ... and more, up to the tail\n");
	free(said);
	maar_record_ring_destroy(ring);
}
END_TEST

/* check finds each kind of damage. */
START_TEST(check_finds_damage)
{
	struct maar_record_ring *ring = new_ring(256, modes[_i]);
	uint64_t *first, *inside, *behind, was;

	unit_eq(maar_record_ring_check(NULL), -EINVAL);
	maar__record_ring_start_at(ring, 3);
	put(ring, 100, 1);	    /* four grains: 3 to 6 */
	(void)reserve(ring, 64, 2); /* two, after one of padding: 8 and 9; 10 is free; 12 has the place of 4 */
	unit_eq(maar_record_ring_check(ring), 0);
	first = maar__record_word_at(ring, 3);
	inside = maar__record_word_at(ring, 4);
	behind = maar__record_word_at(ring, 10);
#define DAMAGE(place, value)                                                                                           \
	do {                                                                                                           \
		was = (uint64_t)(place);                                                                               \
		(place) = (value);                                                                                     \
		unit_eq(maar_record_ring_check(ring), -EBADMSG);                                                       \
		(place) = was;                                                                                         \
		unit_eq(maar_record_ring_check(ring), 0);                                                              \
	} while (0)
	DAMAGE(*first, 0);
	DAMAGE(*first, maar__record_word(ring, 3, 100, MAAR__RECORD_PADDING + 1));
	DAMAGE(*first, maar__record_word(ring, 3, 129, MAAR__RECORD_COMMITTED));
	DAMAGE(*first, maar__record_word(ring, 3, 64, MAAR__RECORD_COMMITTED));
	DAMAGE(*first, maar__record_word(ring, 3, 100, MAAR__RECORD_PADDING));
	DAMAGE(*first, maar__record_word(ring, 11, 100, MAAR__RECORD_COMMITTED)); /* of the next lap */
	DAMAGE(*inside, maar__record_word(ring, 4, 0, MAAR__RECORD_COMMITTED));
	DAMAGE(*inside, maar__record_word(ring, 12, 0, MAAR__RECORD_COMMITTED));
	DAMAGE(*behind, maar__record_word(ring, 10, 0, MAAR__RECORD_BUSY));
	DAMAGE(ring->tail, ring->tail + 1);
	DAMAGE(ring->tail, ring->tail - 1);
	DAMAGE(ring->tail, ring->tail + 256 / GRAIN);
	DAMAGE(ring->head, ring->head + 1);
	DAMAGE(ring->head, ring->head - 9);
	DAMAGE(ring->mask, 3);
	DAMAGE(ring->capacity, 128);
	DAMAGE(ring->capacity, 0);
	DAMAGE(ring->capacity, UINT64_MAX);
	DAMAGE(ring->data_at, 0);
	DAMAGE(ring->flags, 2);
	DAMAGE(ring->layout, 0);
#undef DAMAGE
	ring->magic++;
	unit_eq(maar_record_ring_check(ring), -EINVAL);
	ring->magic--;
	maar_record_ring_destroy(ring);
}
END_TEST

START_TEST(null_ring)
{
	struct maar_record record;
	char byte = 1;
	size_t length = 7, n = 0;

	unit_must(maar_record_ring_reserve(NULL, 1) == NULL);
	unit_eq(maar_record_ring_commit(NULL, &byte), 0);
	unit_eq(maar_record_ring_commit_short(NULL, &byte, 0), 0);
	unit_eq(maar_record_ring_discard(NULL, &byte), 0);
	unit_eq(maar_record_ring_enqueue(NULL, &byte, 1), 0);
	unit_eq(maar_record_ring_enqueue_v(NULL, NULL, 0), 0);
	unit_eq(maar_record_ring_enqueue_with(NULL, 1, copy_some, &n), 0);
	unit_must(maar_record_ring_peek(NULL, &length) == NULL);
	unit_eq(maar_record_ring_release(NULL), 0);
	unit_eq(maar_record_ring_peek_many(NULL, &record, 1), 0);
	unit_eq(maar_record_ring_release_many(NULL, 1), 0);
	unit_eq(maar_record_ring_dequeue(NULL, &byte, 1, &length), 0);
	unit_eq(length, 0);
	unit_eq(maar_record_ring_dequeue_with(NULL, note_record, NULL), 0);
	unit_eq(maar_record_ring_drain(NULL, NULL, NULL), 0);
	unit_eq(maar_record_ring_capacity(NULL), 0);
	unit_eq(maar_record_ring_max(NULL), 0);
	unit_eq(maar_record_ring_flags(NULL), 0);
	unit_eq(maar_record_ring_used_bytes(NULL), 0);
	unit_eq(maar_record_ring_free_bytes(NULL), 0);
	unit_eq(maar_record_ring_count(NULL), 0);
	unit_eq(maar_record_ring_padding_bytes(NULL), 0);
	unit_eq(maar_record_ring_empty(NULL), 1);
	unit_eq(maar_record_ring_full(NULL, 0), 1);
}
END_TEST

/* ---- threads ---- */

#define MOST_PRODUCERS 8
#define THREADED       24000 /* records of all producers together */

/* What a threaded record holds before its filling. */
struct head {
	uint64_t producer, number;
};

struct team {
	struct maar_record_ring *ring;
	unsigned producers;
	uint64_t each; /* records of one producer */
	uint64_t stream;
};

struct member {
	struct team *team;
	unsigned id;
};

/* Reserves one record or two, fills them, and commits, shortens or discards them in either order. */
static void *produce(void *arg)
{
	const struct member *me = arg;
	struct team *t = me->team;
	struct unit_rng rng = unit_rng(t->stream + me->id);
	const size_t longest = maar_record_ring_max(t->ring),
		     most = (longest < 2048 ? longest : 2048) - sizeof(struct head);
	uint64_t number = 0;

	while (number < t->each) {
		const bool two = t->each - number > 1 && unit_random_below(&rng, 4) == 0;
		/* Two at once must not fill the ring alone. */
		const size_t below = (two ? most / 4 : most) + 1;
		const size_t bytes = sizeof(struct head) + (size_t)unit_random_below(&rng, below);
		struct head *record = maar_record_ring_reserve(t->ring, bytes), *second;

		if (!record) {
			pace_yield();
			continue;
		}
		if (unit_random_below(&rng, 8) == 0) {
			memset(record, 0xee, bytes);
			unit_eq(maar_record_ring_discard(t->ring, record), 1);
			continue;
		}
		*record = (struct head){ me->id, number };
		fill(record + 1, bytes - sizeof(*record), number);
		second = two ? maar_record_ring_reserve(t->ring, sizeof(*second) + 20) : NULL;
		if (second) {
			*second = (struct head){ me->id, number + 1 };
			fill(second + 1, 10, number + 1);
			unit_eq(maar_record_ring_commit_short(t->ring, second, sizeof(*second) + 10), 1);
		}
		unit_eq(maar_record_ring_commit(t->ring, record), 1);
		number += second ? 2 : 1;
	}
	return NULL;
}

static void check_threaded(const void *data, size_t length, const struct team *t, uint64_t *next)
{
	const struct head *record = data;

	unit_must(length >= sizeof(*record));
	unit_must(record->producer < t->producers);
	unit_eq(record->number, next[record->producer]);
	next[record->producer]++;
	check_content(record + 1, length - sizeof(*record), record->number);
}

static void *consume(void *arg)
{
	const struct team *t = arg;
	struct unit_rng rng = unit_rng(t->stream + MOST_PRODUCERS);
	uint64_t next[MOST_PRODUCERS] = { 0 }, got = 0;
	const uint64_t all = t->each * t->producers;

	while (got < all) {
		struct maar_record records[8];
		const size_t n = (size_t)unit_random_below(&rng, 8) + 1;
		const size_t k = maar_record_ring_peek_many(t->ring, records, n);
		size_t i;

		unit_must(maar_record_ring_used_bytes(t->ring) <= maar_record_ring_capacity(t->ring));
		if (k == 0)
			pace_yield();
		for (i = 0; i < k; i++)
			check_threaded(records[i].data, records[i].length, t, next);
		unit_eq(maar_record_ring_release_many(t->ring, k), k);
		got += k;
	}
	return NULL;
}

/* Looks on; whatever moves, no observer may go wild. */
static void *observe(void *arg)
{
	const struct team *t = arg;
	const size_t capacity = maar_record_ring_capacity(t->ring);
	unsigned i;

	for (i = 0; i < 3000; i++) {
		unit_must(maar_record_ring_used_bytes(t->ring) <= capacity);
		unit_must(maar_record_ring_free_bytes(t->ring) <= capacity);
		unit_must(maar_record_ring_count(t->ring) <= capacity / GRAIN);
		(void)maar_record_ring_empty(t->ring);
		(void)maar_record_ring_full(t->ring, i % 64);
		(void)maar_record_ring_padding_bytes(t->ring);
		if (i % 64 == 0)
			pace_yield();
	}
	return NULL;
}

static void run_team(size_t capacity, unsigned flags, unsigned producers, uint64_t start)
{
	struct team t = { new_ring(capacity, flags), producers, THREADED / producers, start };
	struct member members[MOST_PRODUCERS];
	pthread_t threads[MOST_PRODUCERS], consumer, observer;
	unsigned i;

	maar__record_ring_start_at(t.ring, start);
	consumer = unit_thread(consume, &t);
	observer = unit_thread(observe, &t);
	for (i = 0; i < producers; i++) {
		members[i] = (struct member){ &t, i };
		threads[i] = unit_thread(produce, &members[i]);
	}
	for (i = 0; i < producers; i++)
		unit_join(threads[i]);
	unit_join(consumer);
	unit_join(observer);
	unit_must(maar_record_ring_peek(t.ring, NULL) == NULL);
	check_empty(t.ring);
	maar_record_ring_destroy(t.ring);
}

START_TEST(threads)
{
	static const struct {
		size_t capacity;
		unsigned flags, producers;
	} teams[] = { { 1024, MAAR_RECORD_RING_SP, 1 },
		      { 1024, 0, 1 },
		      { 256, 0, 2 },
		      { 512, 0, 3 },
		      { 4096, 0, 4 },
		      { 512, 0, 8 },
		      { 65536, 0, 8 } };
	size_t i;

	for (i = 0; i < COUNT_OF(teams); i++)
		run_team(teams[i].capacity, teams[i].flags, teams[i].producers, i % 2 ? (uint64_t)0 - 700 : 0);
}
END_TEST

/* Enqueues until it is full, as another producer than the one that is stopped. */
static void *enqueue_until_full(void *arg)
{
	struct maar_record_ring *ring = arg;
	uint64_t n = 0;

	while (maar_record_ring_enqueue(ring, &n, sizeof(n)))
		n++;
	return (void *)(uintptr_t)n;
}

/* A stopped producer's record holds back the consumer, and others go on until the ring is full; its end frees all. */
START_TEST(stopped_producer)
{
	struct maar_record_ring *ring = new_ring(1024, 0);
	void *held, *others;
	uint64_t i, n = 0;
	size_t length;

	put(ring, 3, 0);
	held = maar_record_ring_reserve(ring, 100);
	unit_eq(pthread_join(unit_thread(enqueue_until_full, ring), &others), 0);
	n = (uintptr_t)others;
	unit_eq(n, 1024 / GRAIN - 5);
	take(ring, 3, 0);
	unit_must(maar_record_ring_peek(ring, NULL) == NULL);
	unit_eq(maar_record_ring_empty(ring), 1);
	unit_eq(maar_record_ring_enqueue(ring, NULL, 0), 1); /* what was before it is free again */
	unit_eq(maar_record_ring_enqueue(ring, NULL, 0), 0);
	unit_eq(maar_record_ring_discard(ring, held), 1); /* in its stead */
	for (i = 0; i < n; i++) {
		uint64_t number;

		unit_eq(maar_record_ring_dequeue(ring, &number, sizeof(number), NULL), 1);
		unit_eq(number, i);
	}
	unit_eq(maar_record_ring_dequeue(ring, NULL, 0, &length), 1);
	check_empty(ring);
	maar_record_ring_destroy(ring);
}
END_TEST

/* ---- the suite ---- */

Suite *unit_suite(void)
{
	Suite *suite = suite_create("record ring");
	TCase *life = unit_tcase(suite, "life"), *one = unit_tcase(suite, "one record");
	TCase *many = unit_tcase(suite, "many"), *wrap = unit_tcase(suite, "wrap"),
	      *side = unit_tcase(suite, "threads");

	tcase_add_test(life, bytes_needed);
	tcase_add_loop_test(life, init_in_place, 0, MODES);
	tcase_add_test(life, refused);
	tcase_add_loop_test(life, moves_to_another_address, 0, MODES);
	tcase_add_loop_test(life, destroy_each, 0, MODES);
	tcase_add_loop_test(life, dump, 0, MODES);
	tcase_add_loop_test(life, check_finds_damage, 0, MODES);
	tcase_add_test(life, null_ring);
	tcase_add_loop_test(one, any_length_anywhere, 0, MODES);
	tcase_add_loop_test(one, enqueue_dequeue, 0, MODES);
	tcase_add_loop_test(one, enqueue_v, 0, MODES);
	tcase_add_loop_test(one, enqueue_with, 0, MODES);
	tcase_add_loop_test(one, out_of_order, 0, MODES);
	tcase_add_loop_test(one, all_discarded, 0, MODES);
	tcase_add_loop_test(one, commit_short, 0, MODES);
	tcase_add_loop_test(one, foreign_pointers, 0, MODES);
	tcase_add_loop_test(one, hostile_contents, 0, MODES);
	tcase_add_loop_test(many, peek_many, 0, MODES);
	tcase_add_loop_test(many, drain, 0, MODES);
	tcase_add_loop_test(wrap, wraps, 0, MODES);
	tcase_add_test(side, threads);
	tcase_add_test(side, stopped_producer);
	return suite;
}
