/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The byte ring on the explorer's atomics. Its bytes are plain memory, which the explorer sees through maar_n_copy, and
 * here, where spans are filled and read in place, through maar_n_store and maar_n_load: bytes that nothing orders are a
 * race, and each byte tells of its position.
 */
#include <maar/byte_ring.h>

#include "../../src/ring/byte_ring_priv.h"
#include "scenarios.h"

#include <stdlib.h>

#define BYTES 5 /* that pass through: the data goes round */

struct bytes_world;

/* Moves up to `most` bytes at a position, 4 at most; returns how many. */
typedef size_t mover(const struct bytes_world *w, uint64_t position, size_t most);

struct bytes_world {
	size_t capacity;
	uint64_t start;
	size_t inside; /* bytes that are in it from the beginning to the end */
	mover *put, *take;
	size_t in_at_once, out_at_once;
	struct maar_byte_ring *ring;
};

static uint8_t mark(uint64_t position)
{
	return (uint8_t)(position * 7 + 1);
}

/* ---- ways in ---- */

static size_t put_copy(const struct bytes_world *w, uint64_t position, size_t most)
{
	uint8_t bytes[4];

	for (size_t i = 0; i < most; i++)
		bytes[i] = mark(position + i);
	return maar_byte_ring_put(w->ring, bytes, most);
}

static size_t put_whole(const struct bytes_world *w, uint64_t position, size_t most)
{
	uint8_t bytes[4];

	for (size_t i = 0; i < most; i++)
		bytes[i] = mark(position + i);
	return maar_byte_ring_put_all(w->ring, bytes, most);
}

/* The i-th byte of two spans. */
static uint8_t *byte_at(const struct iovec spans[2], size_t i)
{
	return i < spans[0].iov_len ? (uint8_t *)spans[0].iov_base + i
				    : (uint8_t *)spans[1].iov_base + (i - spans[0].iov_len);
}

static size_t put_in_place(const struct bytes_world *w, uint64_t position, size_t most)
{
	struct iovec spans[2];
	const size_t n = maar_byte_ring_write_spans(w->ring, spans, most);

	for (size_t i = 0; i < n; i++)
		maar_n_store(byte_at(spans, i), mark(position + i));
	return maar_byte_ring_commit(w->ring, n);
}

/* ---- ways out ---- */

static size_t check(const uint8_t *bytes, uint64_t position, size_t n)
{
	for (size_t i = 0; i < n; i++)
		model_assert(bytes[i] == mark(position + i), "a byte of another position");
	return n;
}

static size_t take_copy(const struct bytes_world *w, uint64_t position, size_t most)
{
	uint8_t bytes[4];

	return check(bytes, position, maar_byte_ring_get(w->ring, bytes, most));
}

static size_t take_whole(const struct bytes_world *w, uint64_t position, size_t most)
{
	uint8_t bytes[4];

	return check(bytes, position, maar_byte_ring_get_all(w->ring, bytes, most));
}

static size_t take_peek(const struct bytes_world *w, uint64_t position, size_t most)
{
	uint8_t bytes[4];

	return maar_byte_ring_skip(w->ring, check(bytes, position, maar_byte_ring_peek(w->ring, 0, bytes, most)));
}

static size_t take_in_place(const struct bytes_world *w, uint64_t position, size_t most)
{
	struct iovec spans[2];
	const size_t n = maar_byte_ring_read_spans(w->ring, spans, most);

	for (size_t i = 0; i < n; i++)
		model_assert(maar_n_load(byte_at(spans, i)) == mark(position + i), "a byte of another position");
	return maar_byte_ring_skip(w->ring, n);
}

/* ---- the threads ---- */

static void set_up(void *state)
{
	struct bytes_world *w = state;

	if (!w->ring)
		w->ring = maar_byte_ring_create(w->capacity, 0);
	if (!w->ring)
		abort();
	maar__byte_ring_start_at(w->ring, w->start);
	model_assert(put_copy(w, w->start, w->inside) == w->inside, "no room in an empty ring");
}

static void finish(void *s)
{
	struct bytes_world *w = s;

	model_assert(maar_byte_ring_count(w->ring) == w->inside, "bytes are lost, or too many");
	model_assert(maar_byte_ring_check(w->ring) == 0, "the ring is not sound");
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static void produce(void *s)
{
	const struct bytes_world *w = s;
	size_t at = 0, k;

	for (; at < BYTES; at += k) {
		k = w->put(w, w->start + w->inside + at, least(BYTES - at, w->in_at_once));
		if (!k)
			model_yield();
	}
}

static void consume(void *s)
{
	const struct bytes_world *w = s;
	size_t at = 0, k;

	for (; at < BYTES; at += k) {
		k = w->take(w, w->start + at, least(BYTES - at, w->out_at_once));
		if (!k)
			model_yield();
	}
}

/* What a side is told, it can rely on. The consumer leaves inside what is to be there always. */
static void produce_by_count(void *s)
{
	const struct bytes_world *w = s;
	size_t at = 0, n;

	for (; at < BYTES; at += n) {
		n = least(BYTES - at, maar_byte_ring_free_count(w->ring));
		if (!n)
			model_yield();
		else
			model_assert(w->put(w, w->start + w->inside + at, n) == n, "counted as free, and no room");
	}
}

static void consume_by_count(void *s)
{
	const struct bytes_world *w = s;
	size_t at = 0, n;

	for (; at < BYTES; at += n) {
		n = least(BYTES - at, maar_byte_ring_count(w->ring) - w->inside);
		if (!n)
			model_yield();
		else
			model_assert(w->take(w, w->start + at, n) == n, "counted, and not there");
	}
}

/* Whoever looks sees no more bytes than there is room for, and no fewer than none, which would be a very large number. */
static void look(void *s)
{
	const struct bytes_world *w = s;

	for (unsigned i = 0; i < 3; i++)
		model_assert(maar_byte_ring_count(w->ring) <= w->capacity, "a count beyond the capacity");
}

/* One byte at least is in at every instant. */
static void never_none(void *s)
{
	const struct bytes_world *w = s;

	for (unsigned i = 0; i < 3; i++)
		model_assert(!maar_byte_ring_empty(w->ring), "empty, though there was a byte at every instant");
}

/* ---- the scenarios ---- */

#define WRAP32 (UINT64_C(1) << 32)
#define WRAP64 UINT64_C(0)

static struct bytes_world worlds[] = {
	{ 1, 0, 0, put_copy, take_copy, 1, 1, NULL },
	{ 2, WRAP32 - 3, 0, put_in_place, take_in_place, 2, 4, NULL },
	{ 4, WRAP64 - 2, 0, put_whole, take_peek, 3, 4, NULL },
	{ 2, WRAP64 - 3, 0, put_copy, take_whole, 2, 1, NULL },
	{ 1, WRAP64 - 2, 0, put_copy, take_copy, 1, 1, NULL },
	{ 2, WRAP64 - 3, 0, put_whole, take_whole, 2, 2, NULL },
	{ 4, WRAP64 - 3, 1, put_in_place, take_in_place, 2, 1, NULL },
};

const struct model_scenario scenarios_byte[] = {
	{ "byte ring of 1", 2, set_up, { produce, consume }, finish, &worlds[0] },
	{ "byte ring in place", 2, set_up, { produce, consume }, finish, &worlds[1] },
	{ "byte ring, all and peek", 2, set_up, { produce, consume }, finish, &worlds[2] },
	{ "byte ring, some and all", 2, set_up, { produce, consume }, finish, &worlds[3] },
	{ "byte ring, watched", 3, set_up, { produce, consume, look }, finish, &worlds[4] },
	{ "byte ring, by counts", 2, set_up, { produce_by_count, consume_by_count }, finish, &worlds[5] },
	{ "byte ring, never empty", 3, set_up, { produce, consume_by_count, never_none }, finish, &worlds[6] },
};
const unsigned n_scenarios_byte = sizeof(scenarios_byte) / sizeof(scenarios_byte[0]);
