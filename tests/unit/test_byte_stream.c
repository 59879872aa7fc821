/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * A stream from one thread to another through a byte ring, in random pieces, by every way in and every way out, from
 * positions before every wrap; every byte is compared. The bytes are plain memory: ThreadSanitizer must find nothing.
 */
#include "byte_rings.h"

#include <fcntl.h>
#include <unistd.h>

/* Bytes of one stream. 4 streams for each pair of ways in each of two forms: 16 MiB; a sanitizer takes ten times as long. */
#define STREAM_BYTES ((uint64_t)(UNIT_SANITIZED ? 1 << 18 : 1 << 21))

/* What a pipe takes in one write without waiting for a reader. */
#define PIPE_PIECE ((size_t)4096)

struct side {
	struct maar_byte_ring *ring;
	struct unit_rng rng;
	int pipe[2]; /* this side's own: nothing but the ring orders the two threads */
	size_t way;
	uint64_t moved;
};

/* A piece: mostly small, at times beyond the capacity; never beyond what is left. */
static size_t piece(struct side *s)
{
	const uint64_t left = STREAM_BYTES - s->moved;
	const uint64_t n = 1 + unit_random_below(&s->rng, (uint64_t)1 << unit_random_below(&s->rng, 14));

	return (size_t)(n < left ? n : left);
}

/* ---- ways in: move up to n bytes of the stream, return how many ---- */

static size_t in_put(struct side *s, size_t n)
{
	return maar_byte_ring_put(s->ring, stream_at(s->moved), n);
}

static size_t in_put_all(struct side *s, size_t n)
{
	const size_t most = maar_byte_ring_capacity(s->ring); /* more would never fit */

	return maar_byte_ring_put_all(s->ring, stream_at(s->moved), n < most ? n : most);
}

static size_t in_spans(struct side *s, size_t n)
{
	struct iovec spans[2];

	n = maar_byte_ring_write_spans(s->ring, spans, n);
	memcpy(spans[0].iov_base, stream_at(s->moved), spans[0].iov_len);
	memcpy(spans[1].iov_base, stream_at(s->moved + spans[0].iov_len), spans[1].iov_len);
	return maar_byte_ring_commit(s->ring, n);
}

static size_t in_read_from(struct side *s, size_t n)
{
	size_t moved = 0;

	n = n < PIPE_PIECE ? n : PIPE_PIECE;
	unit_eq(write(s->pipe[1], stream_at(s->moved), n), n);
	while (moved < n) {
		const ssize_t k = maar_byte_ring_read_from(s->ring, s->pipe[0], SIZE_MAX);

		if (k == -ENOBUFS)
			pace_yield();
		else
			unit_must(k > 0);
		moved += k > 0 ? (size_t)k : 0;
	}
	return moved;
}

/* ---- ways out: take up to n bytes, compare them, return how many ---- */

static size_t compared(const struct side *s, const uint8_t *bytes, size_t n)
{
	unit_eq(memcmp(bytes, stream_at(s->moved), n), 0);
	return n;
}

static size_t out_get(struct side *s, size_t n)
{
	static uint8_t bytes[STREAM_PIECE];

	return compared(s, bytes, maar_byte_ring_get(s->ring, bytes, n));
}

static size_t out_spans(struct side *s, size_t n)
{
	struct iovec spans[2];

	n = maar_byte_ring_read_spans(s->ring, spans, n);
	compared(s, spans[0].iov_base, spans[0].iov_len);
	unit_eq(memcmp(spans[1].iov_base, stream_at(s->moved + spans[0].iov_len), spans[1].iov_len), 0);
	return maar_byte_ring_skip(s->ring, n);
}

static size_t out_write_to(struct side *s, size_t n)
{
	static uint8_t bytes[PIPE_PIECE];
	const ssize_t k = maar_byte_ring_write_to(s->ring, s->pipe[1], n < PIPE_PIECE ? n : PIPE_PIECE);

	unit_must(k >= 0);
	unit_eq(k ? read(s->pipe[0], bytes, (size_t)k) : 0, k);
	return compared(s, bytes, (size_t)k);
}

static size_t out_peek(struct side *s, size_t n)
{
	static uint8_t bytes[STREAM_PIECE];
	const size_t offset = n / 3, behind = maar_byte_ring_peek(s->ring, offset, bytes + offset, n - offset);
	const size_t there = maar_byte_ring_peek(s->ring, 0, bytes, offset);

	n = behind ? offset + behind : there;
	compared(s, bytes, n);
	unit_eq(maar_byte_ring_skip(s->ring, n), n);
	return n;
}

typedef size_t way(struct side *s, size_t n);

static way *const ways_in[] = { in_put, in_put_all, in_spans, in_read_from };
static way *const ways_out[] = { out_get, out_spans, out_write_to, out_peek };

/* ---- the two threads ---- */

static void *run(struct side *s, way *move)
{
	while (s->moved < STREAM_BYTES) {
		const size_t k = move(s, piece(s));

		if (k == 0)
			pace_yield();
		s->moved += k;
	}
	return NULL;
}

static void *produce(void *arg)
{
	struct side *s = arg;

	return run(s, ways_in[s->way]);
}

static void *consume(void *arg)
{
	struct side *s = arg;

	return run(s, ways_out[s->way]);
}

static void stream(struct maar_byte_ring *ring, size_t in, size_t out, uint64_t start)
{
	struct side sides[2] = { { .ring = ring, .way = in, .rng = unit_rng(in) },
				 { .ring = ring, .way = out, .rng = unit_rng(100 + out) } };
	pthread_t threads[2];
	size_t i;

	maar__byte_ring_start_at(ring, start);
	for (i = 0; i < 2; i++)
		unit_eq(pipe(sides[i].pipe), 0);
	threads[0] = unit_thread(produce, &sides[0]);
	threads[1] = unit_thread(consume, &sides[1]);
	for (i = 0; i < 2; i++) {
		unit_join(threads[i]);
		unit_eq(sides[i].moved, STREAM_BYTES);
	}
	for (i = 0; i < 2; i++) {
		close(sides[i].pipe[0]);
		close(sides[i].pipe[1]);
	}
	check_count(ring, 0);
}

#define PAIRS ((int)(COUNT_OF(ways_in) * COUNT_OF(ways_out)))

static void each_start(int pair, const struct form *form)
{
	const uint64_t middle = STREAM_BYTES / 2; /* the wrap comes in the middle of a stream */
	const uint64_t starts[] = { 0, (UINT64_C(1) << 31) - middle, (UINT64_C(1) << 32) - middle, 0 - middle };
	const size_t in = (size_t)pair / COUNT_OF(ways_out), out = (size_t)pair % COUNT_OF(ways_out);
	struct maar_byte_ring *ring = byte_ring_of(form);
	size_t i;

	stream_at(0);
	for (i = 0; i < COUNT_OF(starts); i++)
		stream(ring, in, out, starts[i] + (uint64_t)pair * 37);
	maar_byte_ring_destroy(ring);
}

START_TEST(plain)
{
	each_start(_i, &(struct form){ "4096 bytes", 4096, 0 });
}
END_TEST

START_TEST(mirrored)
{
	each_start(_i, &(struct form){ "mirrored", 8192, MAAR_BYTE_RING_MIRROR });
}
END_TEST

/* Observers from a third thread: every answer within bounds, and never one that no instant justifies. */
struct watched {
	struct maar_byte_ring *ring;
	int done; /* relaxed */
};

static void *watch(void *arg)
{
	struct watched *w = arg;
	const size_t capacity = maar_byte_ring_capacity(w->ring);

	while (!__atomic_load_n(&w->done, __ATOMIC_RELAXED)) {
		unit_must(maar_byte_ring_count(w->ring) <= capacity);
		unit_must(maar_byte_ring_free_count(w->ring) <= capacity);
		unit_must(!maar_byte_ring_empty(w->ring)); /* one byte at least is in */
		unit_must(!maar_byte_ring_full(w->ring));  /* one place at least is free */
		pace_yield();
	}
	return NULL;
}

#define WATCHED_MOVES 200000

START_TEST(watched_by_a_third)
{
	struct watched w = { .ring = maar_byte_ring_create(4, 0) };
	uint8_t bytes[2] = { 1, 2 };
	pthread_t thread;
	int i;

	ck_assert_ptr_nonnull(w.ring);
	maar__byte_ring_start_at(w.ring, UINT64_MAX - WATCHED_MOVES);
	unit_eq(maar_byte_ring_put(w.ring, bytes, 1), 1);
	thread = unit_thread(watch, &w);
	for (i = 0; i < WATCHED_MOVES; i++) {
		unit_eq(maar_byte_ring_put(w.ring, bytes, 2), 2);
		unit_eq(maar_byte_ring_get(w.ring, bytes, 2), 2);
	}
	__atomic_store_n(&w.done, 1, __ATOMIC_RELAXED);
	unit_join(thread);
	check_count(w.ring, 1);
	maar_byte_ring_destroy(w.ring);
}
END_TEST

/* The smallest rings, whose every byte is a hand-over. */
START_TEST(small)
{
	struct maar_byte_ring *ring = byte_ring_of(&forms[_i]);
	struct side sides[2] = { { .ring = ring, .way = 0, .rng = unit_rng(1), .moved = STREAM_BYTES - 5000 },
				 { .ring = ring, .way = 0, .rng = unit_rng(2), .moved = STREAM_BYTES - 5000 } };
	pthread_t threads[2];

	stream_at(0);
	maar__byte_ring_start_at(ring, 0 - UINT64_C(1000));
	threads[0] = unit_thread(produce, &sides[0]);
	threads[1] = unit_thread(consume, &sides[1]);
	unit_join(threads[0]);
	unit_join(threads[1]);
	check_count(ring, 0);
	maar_byte_ring_destroy(ring);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("byte stream");
	TCase *streams = unit_tcase(suite, "streams"), *others = unit_tcase(suite, "others");

	tcase_add_loop_test(streams, plain, 0, PAIRS);
	tcase_add_loop_test(streams, mirrored, 0, PAIRS);
	tcase_add_test(others, watched_by_a_third);
	tcase_add_loop_test(others, small, 0, 4);
	return suite;
}
