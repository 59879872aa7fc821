/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * What the machine allows between two processes, in the same rounds: lines that one processor writes and the other reads,
 * one way and there and back, and the raw futex.
 */
#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ipc.h"

enum { MOST_MESSAGES = 4096 };

/* One direction. No safety, no owner, nothing checked: a place, a word that says how many were written, one how many read. */
struct lines {
	uint64_t written __attribute__((aligned(BENCH_APART)));
	uint64_t read __attribute__((aligned(BENCH_APART)));
	uint32_t turn __attribute__((aligned(BENCH_APART))); /* what sleepers sleep on */
	size_t message, capacity, bytes;
	unsigned char messages[] __attribute__((aligned(BENCH_APART)));
};

struct handle {
	struct lines *lines;
	uint64_t at, other; /* this side's position; the other's, as last seen */
	uint32_t turn;
};

static void *lines_open(const struct bench_contestant *me, const struct bench_case *c, unsigned which)
{
	const size_t bytes = sizeof(struct lines) + c->capacity * c->bytes;
	struct lines *l = c->capacity <= MOST_MESSAGES ? bench_ipc_map(bytes) : NULL;

	(void)me;
	(void)which;
	if (l) {
		l->message = c->bytes;
		l->capacity = c->capacity;
		l->bytes = bytes;
	}
	return l;
}

static int lines_close(void *subject)
{
	struct lines *l = subject;

	munmap(l, l->bytes);
	return 0;
}

static void *lines_enter(void *subject, int puts, int takes)
{
	struct handle *h = aligned_alloc(BENCH_APART, BENCH_APART);

	(void)puts;
	(void)takes;
	if (h)
		*h = (struct handle){ .lines = subject };
	return h;
}

BENCH_INLINE size_t lines_put(void *handle, uint64_t value)
{
	struct handle *h = handle;
	struct lines *l = h->lines;

	if (h->at - h->other == l->capacity) {
		h->other = __atomic_load_n(&l->read, __ATOMIC_ACQUIRE);
		if (h->at - h->other == l->capacity)
			return 0;
	}
	bench_message_write(l->messages + h->at % l->capacity * l->message, l->message, value);
	__atomic_store_n(&l->written, ++h->at, __ATOMIC_RELEASE);
	return 1;
}

BENCH_INLINE size_t lines_take(void *handle, uint64_t *value)
{
	struct handle *h = handle;
	struct lines *l = h->lines;

	if (h->at == h->other) {
		h->other = __atomic_load_n(&l->written, __ATOMIC_ACQUIRE);
		if (h->at == h->other)
			return 0;
	}
	*value = bench_message_read(l->messages + h->at % l->capacity * l->message, l->message);
	__atomic_store_n(&l->read, ++h->at, __ATOMIC_RELEASE);
	return 1;
}

/* The message lies beside the word on which the other one sleeps, at once: the wake-up is what is measured. */
BENCH_INLINE size_t futex_put(void *handle, uint64_t value)
{
	struct handle *h = handle;
	struct lines *l = h->lines;

	bench_message_write(l->messages, l->message, value);
	__atomic_store_n(&l->turn, __atomic_load_n(&l->turn, __ATOMIC_RELAXED) + 1, __ATOMIC_RELEASE);
	syscall(SYS_futex, &l->turn, FUTEX_WAKE, 1, NULL, NULL, 0);
	return 1;
}

BENCH_INLINE size_t futex_take(void *handle, uint64_t *value)
{
	static const struct timespec look = { 0, BENCH_LOOK_NS };
	struct handle *h = handle;
	struct lines *l = h->lines;
	uint32_t turn = __atomic_load_n(&l->turn, __ATOMIC_ACQUIRE);

	if (turn == h->turn) {
		syscall(SYS_futex, &l->turn, FUTEX_WAIT, h->turn, &look, NULL, 0);
		turn = __atomic_load_n(&l->turn, __ATOMIC_ACQUIRE);
	}
	if (turn == h->turn)
		return 0;
	h->turn = turn;
	*value = bench_message_read(l->messages, l->message);
	return 1;
}

BENCH_IPC(lines, lines_put, lines_take)
BENCH_ROUND_TRIP(futex, futex_put, futex_take)

/* There and back of a word alone, in a line of its own: nothing can be faster. */
BENCH_INLINE size_t word_put(void *handle, uint64_t value)
{
	__atomic_store_n(&((struct handle *)handle)->lines->written, value, __ATOMIC_RELEASE);
	return 1;
}

BENCH_INLINE size_t word_take(void *handle, uint64_t *value)
{
	struct handle *h = handle;

	*value = __atomic_load_n(&h->lines->written, __ATOMIC_ACQUIRE);
	if (*value == h->other)
		return 0;
	h->other = *value;
	return 1;
}

BENCH_ROUND_TRIP(word, word_put, word_take)

#define ROW(name, note, set, loops)                                                                                    \
	{                                                                                                              \
		name, BENCH_MACHINE, note, set, BENCH_FIFO, 0, 0, lines_open, lines_close, lines_enter, free, loops    \
	}

static const struct bench_contestant rows[] = {
	ROW("cache line handed over", "a word", BENCH_IPC_BUSY, BENCH_LOOPS_ROUND_TRIP(word)),
	ROW("bare lines", "two counters, nothing else", BENCH_IPC_STREAMS | BENCH_IPC_BUSIES, BENCH_LOOPS_IPC(lines)),
	ROW("raw futex", NULL, BENCH_IPC_SLEEPS, BENCH_LOOPS_ROUND_TRIP(futex)),
};

const struct bench_peer bench_peer_ipc_limits = BENCH_ROWS(rows);
