/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Fuzz target: every call of a byte ring, in one thread, plain and mirrored, against two counters: byte i of the stream
 * is byte_of(i), and the ring holds those from `out` to `in`.
 */
#include "fuzz.h"

#include <maar/byte_ring.h>

#include "../../src/ring/byte_ring_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* What a pipe takes without a reader, and so the most that one call moves through it here. */
#define PIPE_PIECE 4096

/* The largest capacity here: a mirrored ring of one page, of 64 KiB on some machines, and a byte for what must stay. */
#define ROOM (65536 + 1)

struct model {
	struct maar_byte_ring *ring;
	size_t capacity;
	uint64_t in, out;
	size_t offered;
};

static uint8_t buffer[ROOM];
static int ends[2] = { -1, -1 }; /* a pipe, non-blocking */

static uint8_t byte_of(uint64_t i)
{
	return (uint8_t)(i * UINT64_C(0x9e3779b97f4a7c15) >> 56);
}

static void fill(void *to, uint64_t from, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		((uint8_t *)to)[i] = byte_of(from + i);
}

static void compare(const void *with, uint64_t from, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		fuzz_must(((const uint8_t *)with)[i] == byte_of(from + i));
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static size_t used(const struct model *m)
{
	return (size_t)(m->in - m->out);
}

/* A number of bytes for a call: around the capacity, or absurd. */
static size_t number(struct fuzz_input *in, const struct model *m)
{
	const size_t n = fuzz_below(in, m->capacity + 4);

	return n == m->capacity + 3 ? SIZE_MAX : n;
}

/* ---- the producer ---- */

static void put(struct model *m, size_t n, int all)
{
	const size_t room = m->capacity - used(m), fits = n <= room ? n : all ? 0 : room;

	fill(buffer, m->in, least(n, m->capacity));
	fuzz_must((all ? maar_byte_ring_put_all : maar_byte_ring_put)(m->ring, buffer, n) == fits);
	m->in += fits;
	if (fits)
		m->offered = 0;
}

static void offer(struct model *m, size_t n)
{
	struct iovec spans[2];

	m->offered = least(n, m->capacity - used(m));
	fuzz_must(maar_byte_ring_write_spans(m->ring, spans, n) == m->offered);
	fuzz_must(spans[0].iov_len + spans[1].iov_len == m->offered);
	fuzz_must(spans[1].iov_len == 0 || !(maar_byte_ring_flags(m->ring) & MAAR_BYTE_RING_MIRROR));
	fill(spans[0].iov_base, m->in, spans[0].iov_len);
	fill(spans[1].iov_base, m->in + spans[0].iov_len, spans[1].iov_len);
}

static void commit(struct model *m, size_t n)
{
	size_t done;

#ifdef MAAR_DEBUG /* which stops a program that commits more than it was offered */
	n = least(n, m->offered);
#endif
	done = n <= m->offered ? n : 0;
	fuzz_must(maar_byte_ring_commit(m->ring, n) == done);
	m->offered -= done;
	m->in += done;
}

static void empty_pipe(void)
{
	while (read(ends[0], buffer, sizeof(buffer)) > 0)
		;
}

static void from_pipe(struct model *m, size_t sent, size_t most)
{
	const size_t room = m->capacity - used(m), moved = least(least(sent, most), room);
	const ssize_t got = (fill(buffer, m->in, sent), write(ends[1], buffer, sent));

	fuzz_must(got == (ssize_t)sent);
	fuzz_must(maar_byte_ring_read_from(m->ring, ends[0], most) == (most == 0   ? -EINVAL
								       : room == 0 ? -ENOBUFS
								       : sent == 0 ? -EAGAIN
										   : (ssize_t)moved));
	if (most && room)
		m->offered = 0;
	m->in += moved;
	empty_pipe();
}

/* ---- the consumer ---- */

static void get(struct model *m, size_t n, int all)
{
	const size_t there = n <= used(m) ? n : all ? 0 : used(m);

	buffer[there] = 0x5a;
	fuzz_must((all ? maar_byte_ring_get_all : maar_byte_ring_get)(m->ring, buffer, n) == there);
	compare(buffer, m->out, there);
	fuzz_must(buffer[there] == 0x5a);
	m->out += there;
}

static void peek(struct model *m, size_t offset, size_t n)
{
	const size_t there = offset < used(m) ? least(n, used(m) - offset) : 0;

	buffer[there] = 0x5a;
	fuzz_must(maar_byte_ring_peek(m->ring, offset, buffer, n) == there);
	compare(buffer, m->out + offset, there);
	fuzz_must(buffer[there] == 0x5a);
}

static void look(struct model *m, size_t n)
{
	struct iovec spans[2];

	fuzz_must(maar_byte_ring_read_spans(m->ring, spans, n) == least(n, used(m)));
	fuzz_must(spans[0].iov_len + spans[1].iov_len == least(n, used(m)));
	fuzz_must(spans[1].iov_len == 0 || !(maar_byte_ring_flags(m->ring) & MAAR_BYTE_RING_MIRROR));
	compare(spans[0].iov_base, m->out, spans[0].iov_len);
	compare(spans[1].iov_base, m->out + spans[0].iov_len, spans[1].iov_len);
}

static void skip(struct model *m, size_t n)
{
	const size_t there = least(n, used(m));

	fuzz_must(maar_byte_ring_skip(m->ring, n) == there);
	m->out += there;
}

static void to_pipe(struct model *m, size_t most)
{
	const size_t moved = least(most, used(m));

	fuzz_must(maar_byte_ring_write_to(m->ring, ends[1], most) == (ssize_t)moved);
	fuzz_must(read(ends[0], buffer, ROOM) == (moved ? (ssize_t)moved : -1));
	compare(buffer, m->out, moved);
	m->out += moved;
}

/* ---- all of it ---- */

static void check(const struct model *m)
{
	fuzz_must(maar_byte_ring_count(m->ring) == used(m));
	fuzz_must(maar_byte_ring_free_count(m->ring) == m->capacity - used(m));
	fuzz_must(maar_byte_ring_empty(m->ring) == (used(m) == 0));
	fuzz_must(maar_byte_ring_full(m->ring) == (used(m) == m->capacity));
	fuzz_must(maar_byte_ring_check(m->ring) == 0);
}

static void step(struct model *m, struct fuzz_input *in)
{
	const unsigned op = fuzz_byte(in) % 16;
	const size_t n = number(in, m);

	switch (op) {
	case 0:
	case 1:
	case 2:
		put(m, n, op == 2);
		break;
	case 3:
	case 4:
	case 5:
		get(m, n, op == 5);
		break;
	case 6:
		peek(m, n, number(in, m));
		break;
	case 7:
		look(m, n);
		break;
	case 8:
		skip(m, n);
		break;
	case 9:
	case 10:
		offer(m, n);
		break;
	case 11:
	case 12:
		commit(m, n);
		break;
	case 13:
		from_pipe(m, fuzz_below(in, least(m->capacity + 2, PIPE_PIECE)), n);
		break;
	case 14:
		to_pipe(m, least(n, PIPE_PIECE));
		break;
	case 15: /* rarely: it begins anew */
		if (fuzz_byte(in) % 8 == 0) {
			fuzz_must(maar_byte_ring_drain(m->ring) == used(m));
			maar_byte_ring_reset(m->ring);
			m->out = m->in;
			m->offered = 0;
		}
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	const unsigned form = fuzz_byte(&in);
	const unsigned flags = form % 4 == 0 ? MAAR_BYTE_RING_MIRROR : 0;
	struct model m = { .ring = maar_byte_ring_create((size_t)1 << (form >> 2) % 9, flags) };

	if (ends[0] < 0)
		fuzz_must(pipe2(ends, O_NONBLOCK | O_CLOEXEC) == 0);
	fuzz_must(m.ring != NULL);
	m.capacity = maar_byte_ring_capacity(m.ring);
	fuzz_must(m.capacity < ROOM);
	/* up to 255 bytes before the wrap of 8 * k bits */
	maar__byte_ring_start_at(m.ring, (UINT64_C(1) << 8 * (form % 8)) - fuzz_byte(&in));
	while (fuzz_more(&in)) {
		step(&m, &in);
		check(&m);
	}
	skip(&m, SIZE_MAX);
	check(&m);
	maar_byte_ring_destroy(m.ring);
	return 0;
}
