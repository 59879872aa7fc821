/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * What the tests of the byte ring share: its forms, positions to begin at, and a stream of bytes that is known at every
 * place.
 */
#ifndef MAAR_TEST_UNIT_BYTE_RINGS_H
#define MAAR_TEST_UNIT_BYTE_RINGS_H

#include "common.h"

#include <maar/byte_ring.h>

#include "../../src/ring/byte_ring_priv.h"

/* ---- the stream: byte i of it, and any piece of up to STREAM_PIECE bytes ---- */

/* A prime: pieces that come a power of two too late or too early are not what they should be. */
#define STREAM_PERIOD ((size_t)65521)
#define STREAM_PIECE  ((size_t)1 << 16)

/* The bytes of the stream from i on. The first call, before there are threads, makes it. */
static inline const uint8_t *stream_at(uint64_t i)
{
	static uint8_t bytes[STREAM_PERIOD + STREAM_PIECE];
	static bool made;

	if (!made) {
		struct unit_rng rng = { 1 };
		size_t k;

		for (k = 0; k < sizeof(bytes); k++)
			bytes[k] = k < STREAM_PERIOD ? (uint8_t)unit_random(&rng) : bytes[k - STREAM_PERIOD];
		made = true;
	}
	return bytes + i % STREAM_PERIOD;
}

/* ---- rings ---- */

/* A capacity of 1 mirrored is one page. */
static const struct form {
	const char *name;
	size_t capacity;
	unsigned flags;
} forms[] = {
	{ "1 byte", 1, 0 },    { "2 bytes", 2, 0 },	  { "8 bytes", 8, 0 },
	{ "64 bytes", 64, 0 }, { "4096 bytes", 4096, 0 }, { "mirrored", 1, MAAR_BYTE_RING_MIRROR },
};
#define FORMS ((int)COUNT_OF(forms))

static inline struct maar_byte_ring *byte_ring_of(const struct form *form)
{
	struct maar_byte_ring *ring = maar_byte_ring_create(form->capacity, form->flags);

	ck_assert_msg(ring != NULL, "%s: %s", form->name, strerror(errno));
	return ring;
}

/* Where positions may begin: around the wraps of 31, 32, 63 and 64 bits, at several places of the data. */
#define STARTS 25

static inline uint64_t start_of(unsigned i, size_t capacity)
{
	static const uint64_t wraps[] = { 0, UINT64_C(1) << 31, UINT64_C(1) << 32, UINT64_C(1) << 63, 0 };
	const uint64_t before[] = { 0, 1, 3, capacity / 2, capacity - 1 };

	/* the first row begins behind 0, the others before a wrap, the last before that of 64 bits */
	return i / 5 == 0 ? before[i % 5] : wraps[i / 5] - before[i % 5];
}

/* The ring begins at `start` and holds the first `level` bytes of the stream. */
static inline void byte_ring_set(struct maar_byte_ring *ring, uint64_t start, size_t level)
{
	maar__byte_ring_start_at(ring, start);
	unit_eq(maar_byte_ring_put(ring, stream_at(0), level), level);
}

/* Every observer, on an idle ring that must hold `count` bytes. */
static inline void check_count(const struct maar_byte_ring *ring, size_t count)
{
	const size_t capacity = maar_byte_ring_capacity(ring);

	unit_eq(maar_byte_ring_count(ring), count);
	unit_eq(maar_byte_ring_free_count(ring), capacity - count);
	unit_eq(maar_byte_ring_empty(ring), count == 0);
	unit_eq(maar_byte_ring_full(ring), count == capacity);
	unit_eq(maar_byte_ring_check(ring), 0);
}

/* It must hold `count` bytes of the stream, from `from` on; then it is empty. */
static inline void check_drains(struct maar_byte_ring *ring, uint64_t from, size_t count)
{
	static uint8_t bytes[STREAM_PIECE];

	check_count(ring, count);
	unit_eq(maar_byte_ring_get(ring, bytes, sizeof(bytes)), count);
	unit_eq(memcmp(bytes, stream_at(from), count), 0);
	check_count(ring, 0);
}

#endif
