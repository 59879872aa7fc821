/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * A byte ring and real descriptors: pipes, socket pairs, files; short moves, non-blocking ends, end of file, a reader
 * that is gone, signals. What is refused changes nothing, and errno is left alone.
 */
#include "byte_rings.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#define KEPT 77 /* an errno that no call sets */

static ssize_t read_from(struct maar_byte_ring *ring, int fd, size_t most)
{
	ssize_t moved;

	errno = KEPT;
	moved = maar_byte_ring_read_from(ring, fd, most);
	unit_eq(errno, KEPT);
	return moved;
}

static ssize_t write_to(struct maar_byte_ring *ring, int fd, size_t most)
{
	ssize_t moved;

	errno = KEPT;
	moved = maar_byte_ring_write_to(ring, fd, most);
	unit_eq(errno, KEPT);
	return moved;
}

static void make_pipe(int ends[2], int flags)
{
	unit_eq(pipe2(ends, flags), 0);
}

static void close_both(const int ends[2])
{
	close(ends[0]);
	close(ends[1]);
}

/* Into and out of a pipe, `n` bytes of the stream from `from` on. */
static void feed(int fd, uint64_t from, size_t n)
{
	unit_eq(write(fd, stream_at(from), n), n);
}

static void expect(int fd, uint64_t from, size_t n)
{
	static uint8_t bytes[STREAM_PIECE];

	unit_eq(read(fd, bytes, n), n);
	unit_eq(memcmp(bytes, stream_at(from), n), 0);
}

/* Descriptors that carry a stream from [1] to [0]. */
static const struct {
	const char *name;
	bool socket;
} kinds[] = { { "pipe", false }, { "socket pair", true } };

static void open_kind(int kind, int ends[2], int flags)
{
	if (kinds[kind].socket)
		unit_eq(socketpair(AF_UNIX, SOCK_STREAM | (flags & O_NONBLOCK ? SOCK_NONBLOCK : 0), 0, ends), 0);
	else
		make_pipe(ends, flags);
}

/* ---- short moves, limits, the end ---- */

/* Each call moves everything that is there, or fits, or was asked for, whichever is least; and 0 is the end. */
static void moves_in(struct maar_byte_ring *ring, int kind, uint64_t start, size_t sent)
{
	const size_t capacity = maar_byte_ring_capacity(ring), most = sent > 1 ? sent / 2 : 1;
	const size_t first = most < capacity ? most : capacity, room = capacity - first;
	uint64_t out = 0;
	size_t in = first;
	int ends[2];

	open_kind(kind, ends, 0);
	maar__byte_ring_start_at(ring, start);
	feed(ends[1], 0, sent);
	unit_eq(read_from(ring, ends[0], most), first);
	check_count(ring, first);
	if (room == 0) {
		unit_eq(read_from(ring, ends[0], SIZE_MAX), -ENOBUFS);
	} else if (sent > first) {
		in += room < sent - first ? room : sent - first;
		unit_eq(read_from(ring, ends[0], SIZE_MAX), in - first);
	}
	close(ends[1]);
	for (;;) { /* now with an end */
		check_drains(ring, out, in - (size_t)out);
		out = in;
		if (in == sent)
			break;
		in += sent - in < capacity ? sent - in : capacity;
		unit_eq(read_from(ring, ends[0], SIZE_MAX), in - (size_t)out);
	}
	unit_eq(read_from(ring, ends[0], 1), 0);
	unit_eq(read_from(ring, ends[0], 0), -EINVAL); /* not the end */
	check_count(ring, 0);
	close(ends[0]);
}

static void moves_out(struct maar_byte_ring *ring, int kind, uint64_t start, size_t level)
{
	const size_t first = (level + 1) / 2;
	int ends[2];

	open_kind(kind, ends, 0);
	byte_ring_set(ring, start, level);
	unit_eq(write_to(ring, ends[1], 0), 0);
	check_count(ring, level);
	unit_eq(write_to(ring, ends[1], first), first);
	expect(ends[0], 0, first);
	check_count(ring, level - first);
	unit_eq(write_to(ring, ends[1], SIZE_MAX), level - first);
	expect(ends[0], first, level - first);
	unit_eq(write_to(ring, ends[1], SIZE_MAX), 0);
	check_count(ring, 0);
	close_both(ends);
}

static void moves(int form, int kind)
{
	struct maar_byte_ring *ring = byte_ring_of(&forms[form]);
	const size_t capacity = maar_byte_ring_capacity(ring);
	const size_t some[] = { 1, capacity / 2 + 1, capacity, capacity + 3 };
	unsigned start, i;

	for (start = 0; start < STARTS; start++) {
		for (i = 0; i < COUNT_OF(some); i++) {
			moves_in(ring, kind, start_of(start, capacity), some[i]);
			if (some[i] <= capacity)
				moves_out(ring, kind, start_of(start, capacity), some[i]);
		}
	}
	maar_byte_ring_destroy(ring);
}

START_TEST(through_pipe)
{
	moves(_i, 0);
}
END_TEST

START_TEST(through_socket_pair)
{
	moves(_i, 1);
}
END_TEST

/* ---- files ---- */

#define FILE_BYTES 150001

/* From a file into another through a ring that it does not fit into, until its end. */
START_TEST(through_files)
{
	struct maar_byte_ring *ring = byte_ring_of(&forms[_i]);
	FILE *from = tmpfile(), *to = tmpfile();
	const size_t bytes = maar_byte_ring_capacity(ring) < 64 ? 1001 : FILE_BYTES; /* a byte at a time takes long */
	uint64_t at;
	ssize_t in;

	ck_assert_ptr_nonnull(from);
	ck_assert_ptr_nonnull(to);
	for (at = 0; at < bytes; at += 1000)
		unit_eq(fwrite(stream_at(at), 1, bytes - at < 1000 ? (size_t)(bytes - at) : 1000, from),
			bytes - at < 1000 ? bytes - at : 1000);
	rewind(from);
	maar__byte_ring_start_at(ring, UINT64_MAX - 100);
	while ((in = read_from(ring, fileno(from), SIZE_MAX)) != 0) {
		unit_must(in > 0);
		/* what is left at times wraps */
		unit_must(write_to(ring, fileno(to), ((size_t)in + 1) / 2) > 0);
		if (maar_byte_ring_full(ring))
			unit_must(write_to(ring, fileno(to), SIZE_MAX) > 0);
	}
	while (!maar_byte_ring_empty(ring))
		unit_must(write_to(ring, fileno(to), SIZE_MAX) > 0);
	unit_eq(lseek(fileno(to), 0, SEEK_SET), 0);
	for (at = 0; at < bytes; at += 1000)
		expect(fileno(to), at, bytes - at < 1000 ? (size_t)(bytes - at) : 1000);
	unit_eq(read(fileno(to), &in, 1), 0);
	fclose(from);
	fclose(to);
	maar_byte_ring_destroy(ring);
}
END_TEST

/* ---- refusals: the ring is as it was ---- */

/* A ring of 64 with 10 bytes that wrap. */
static struct maar_byte_ring *ten(void)
{
	struct maar_byte_ring *ring = maar_byte_ring_create(64, 0);

	ck_assert_ptr_nonnull(ring);
	byte_ring_set(ring, 60, 10);
	return ring;
}

START_TEST(nothing_there_yet)
{
	struct maar_byte_ring *ring = ten();
	int ends[2];

	open_kind(_i, ends, O_NONBLOCK);
	unit_eq(read_from(ring, ends[0], SIZE_MAX), -EAGAIN);
	check_count(ring, 10);
	feed(ends[1], 10, 3);
	unit_eq(read_from(ring, ends[0], SIZE_MAX), 3);
	unit_eq(read_from(ring, ends[0], SIZE_MAX), -EAGAIN);
	close(ends[1]);
	unit_eq(read_from(ring, ends[0], SIZE_MAX), 0);
	check_drains(ring, 0, 13);
	close(ends[0]);
	maar_byte_ring_destroy(ring);
}
END_TEST

/* A descriptor that takes some, then none, then again. */
START_TEST(no_room_there)
{
	const size_t capacity = (size_t)1 << 20, piece = 65536;
	struct maar_byte_ring *ring = maar_byte_ring_create(capacity, 0);
	uint64_t in = 0, out = 0, seen;
	ssize_t moved;
	int ends[2];

	ck_assert_ptr_nonnull(ring);
	open_kind(_i, ends, O_NONBLOCK);
	maar__byte_ring_start_at(ring, capacity - 1000);
	while (in < capacity)
		in += maar_byte_ring_put(ring, stream_at(in), piece);
	while ((moved = write_to(ring, ends[1], SIZE_MAX)) > 0)
		out += (uint64_t)moved;
	unit_eq(moved, -EAGAIN);
	unit_must(out > 0 && out < in);
	check_count(ring, (size_t)(in - out));
	for (seen = 0; seen < in;) {
		static uint8_t bytes[10000];
		const ssize_t got = read(ends[0], bytes, sizeof(bytes));

		unit_must(got > 0);
		unit_eq(memcmp(bytes, stream_at(seen), (size_t)got), 0);
		seen += (uint64_t)got;
		moved = write_to(ring, ends[1], SIZE_MAX);
		unit_must(moved >= 0 || moved == -EAGAIN);
	}
	unit_eq(read(ends[0], &moved, 1), -1);
	check_count(ring, 0);
	close_both(ends);
	maar_byte_ring_destroy(ring);
}
END_TEST

START_TEST(nobody_reads)
{
	struct maar_byte_ring *ring = ten();
	int ends[2];

	signal(SIGPIPE, SIG_IGN);
	open_kind(_i, ends, 0);
	close(ends[0]);
	unit_eq(write_to(ring, ends[1], SIZE_MAX), -EPIPE);
	check_drains(ring, 0, 10);
	unit_eq(write_to(ring, ends[1], SIZE_MAX), 0); /* nothing to be written, so nobody is asked */
	close(ends[1]);
	maar_byte_ring_destroy(ring);
}
END_TEST

START_TEST(no_descriptor)
{
	struct maar_byte_ring *ring = ten();
	int ends[2];

	unit_eq(read_from(ring, -1, 1), -EBADF);
	unit_eq(write_to(ring, -1, 1), -EBADF);
	make_pipe(ends, 0);
	unit_eq(read_from(ring, ends[1], 1), -EBADF); /* the wrong end */
	unit_eq(write_to(ring, ends[0], 1), -EBADF);
	close_both(ends);
	check_count(ring, 10);
	unit_eq(maar_byte_ring_put(ring, stream_at(10), 54), 54);
	unit_eq(read_from(ring, -1, 1), -ENOBUFS); /* full: nobody is asked */
	check_drains(ring, 0, 64);
	maar_byte_ring_destroy(ring);
}
END_TEST

/* read_from uses what write_spans offered, whatever comes of it. */
START_TEST(ends_an_offer)
{
	struct maar_byte_ring *ring = ten();
	struct iovec spans[2];
	int ends[2];

	make_pipe(ends, O_NONBLOCK);
	unit_eq(maar_byte_ring_write_spans(ring, spans, 20), 20);
	unit_eq(read_from(ring, ends[0], SIZE_MAX), -EAGAIN);
	unit_eq(maar_byte_ring_commit(ring, 1), 0);
	unit_eq(maar_byte_ring_write_spans(ring, spans, 20), 20);
	feed(ends[1], 10, 5);
	unit_eq(read_from(ring, ends[0], SIZE_MAX), 5);
	unit_eq(maar_byte_ring_commit(ring, 1), 0);
	check_drains(ring, 0, 15);
	close_both(ends);
	maar_byte_ring_destroy(ring);
}
END_TEST

/* ---- signals ---- */

static int caught; /* relaxed */

static void catch (int number)
{
	(void)number;
	__atomic_fetch_add(&caught, 1, __ATOMIC_RELAXED);
}

struct waiter {
	struct maar_byte_ring *ring;
	int fd;
	bool writes;
	ssize_t answer;
	int done; /* relaxed */
};

static void *wait_in_call(void *arg)
{
	struct waiter *w = arg;

	w->answer = w->writes ? write_to(w->ring, w->fd, SIZE_MAX) : read_from(w->ring, w->fd, SIZE_MAX);
	__atomic_store_n(&w->done, 1, __ATOMIC_RELAXED);
	return NULL;
}

/* A call that waits is interrupted by a signal whose handler does not restart it: -EINTR, and nothing has moved. */
START_TEST(interrupted)
{
	struct sigaction action = { .sa_handler = catch };
	static uint8_t zeros[65536];
	struct waiter w = { .ring = ten(), .writes = _i };
	pthread_t thread;
	int ends[2];

	unit_eq(sigaction(SIGUSR1, &action, NULL), 0);
	make_pipe(ends, 0);
	if (w.writes) { /* fill it up */
		unit_eq(fcntl(ends[1], F_SETFL, O_NONBLOCK), 0);
		while (write(ends[1], zeros, sizeof(zeros)) > 0 || write(ends[1], zeros, 1) > 0)
			;
		unit_eq(fcntl(ends[1], F_SETFL, 0), 0);
	}
	w.fd = ends[w.writes];
	thread = unit_thread(wait_in_call, &w);
	while (!__atomic_load_n(&w.done, __ATOMIC_RELAXED)) { /* one of them comes while it waits */
		unit_eq(pthread_kill(thread, SIGUSR1), 0);
		pace_yield();
	}
	unit_join(thread);
	unit_eq(w.answer, -EINTR);
	unit_must(__atomic_load_n(&caught, __ATOMIC_RELAXED) > 0);
	check_drains(w.ring, 0, 10);
	close_both(ends);
	maar_byte_ring_destroy(w.ring);
}
END_TEST

/* ---- the suite ---- */

Suite *unit_suite(void)
{
	Suite *suite = suite_create("byte ring io");
	TCase *moves = unit_tcase(suite, "moves"), *refusals = unit_tcase(suite, "refusals");

	tcase_add_loop_test(moves, through_pipe, 0, FORMS);
	tcase_add_loop_test(moves, through_socket_pair, 0, FORMS);
	tcase_add_loop_test(moves, through_files, 0, FORMS);
	tcase_add_loop_test(refusals, nothing_there_yet, 0, (int)COUNT_OF(kinds));
	tcase_add_loop_test(refusals, no_room_there, 0, (int)COUNT_OF(kinds));
	tcase_add_loop_test(refusals, nobody_reads, 0, (int)COUNT_OF(kinds));
	tcase_add_test(refusals, no_descriptor);
	tcase_add_test(refusals, ends_an_offer);
	tcase_add_loop_test(refusals, interrupted, 0, 2);
	return suite;
}
