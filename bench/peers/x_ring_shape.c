/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The usual shape of a ring whose entries are whole messages, written for comparison: each side has a head, how far it
 * has reserved, and a tail, how far it is done; a message is copied in and copied out. One producer, one consumer.
 *
 *     producer: fills a message of its own -> memcpy -> | entry | entry | ... -> memcpy -> consumer: reads its own
 */
#include "peers.h"

struct side {
	uint64_t head;
	uint64_t tail;
} __attribute__((aligned(BENCH_APART)));

struct ring {
	struct side producer, consumer;
	size_t bytes; /* of an entry */
	uint64_t capacity, mask;
	char *entries;
};

/* A thread's own copy of a message, in lines of its own. */
struct thread_handle {
	struct ring *ring;
	char *message;
};

static void *new_lines(size_t bytes)
{
	void *lines = aligned_alloc(BENCH_APART, (bytes + BENCH_APART - 1) / BENCH_APART * BENCH_APART);

	if (!lines) {
		perror("x_ring shape");
		exit(1); /* of this run's process */
	}
	return lines;
}

static void *subject_open(const struct bench_contestant *me, const struct bench_case *c, unsigned which)
{
	struct ring *r = new_lines(sizeof(*r));

	(void)me;
	(void)which;
	memset(r, 0, sizeof(*r));
	r->bytes = c->bytes;
	r->capacity = c->capacity;
	r->mask = c->capacity - 1;
	r->entries = new_lines(c->bytes * c->capacity);
	memset(r->entries, 0, c->bytes * c->capacity);
	return r;
}

static int subject_close(void *subject)
{
	struct ring *r = subject;

	free(r->entries);
	free(r);
	return 0;
}

static void *thread_enter(void *subject, int puts, int takes)
{
	struct thread_handle *t = new_lines(sizeof(*t));

	(void)puts;
	(void)takes;
	t->ring = subject;
	t->message = new_lines(t->ring->bytes);
	return t;
}

static void thread_leave(void *handle)
{
	struct thread_handle *t = handle;

	free(t->message);
	free(t);
}

BENCH_INLINE void *own_get(void *h, size_t bytes)
{
	(void)bytes;
	return ((struct thread_handle *)h)->message;
}

BENCH_INLINE int own_give(void *h, void *message)
{
	(void)h;
	(void)message;
	return 0;
}

BENCH_INLINE size_t copy_put(void *h, uint64_t message)
{
	struct ring *r = ((struct thread_handle *)h)->ring;
	const uint64_t at = r->producer.head;

	if (at - __atomic_load_n(&r->consumer.tail, __ATOMIC_ACQUIRE) == r->capacity)
		return 0;
	__atomic_store_n(&r->producer.head, at + 1, __ATOMIC_RELAXED);
	memcpy(r->entries + (at & r->mask) * r->bytes, (const void *)(uintptr_t)message, r->bytes);
	__atomic_store_n(&r->producer.tail, at + 1, __ATOMIC_RELEASE);
	return 1;
}

BENCH_INLINE size_t copy_take(void *h, uint64_t *message)
{
	struct thread_handle *t = h;
	struct ring *r = t->ring;
	const uint64_t at = r->consumer.head;

	if (at == __atomic_load_n(&r->producer.tail, __ATOMIC_ACQUIRE))
		return 0;
	__atomic_store_n(&r->consumer.head, at + 1, __ATOMIC_RELAXED);
	memcpy(t->message, r->entries + (at & r->mask) * r->bytes, r->bytes);
	__atomic_store_n(&r->consumer.tail, at + 1, __ATOMIC_RELEASE);
	*message = (uintptr_t)t->message;
	return 1;
}

BENCH_EXCHANGE_LOOPS(copy, own_get, bench_bytes, own_give, copy_put, copy_take)

static const struct bench_contestant rows[] = {
	{ "x_ring shape: copy in and copy out", "own code", NULL, BENCH_SLOTS, BENCH_FIFO, 0, 0, subject_open,
	  subject_close, thread_enter, thread_leave, BENCH_LOOPS_EXCHANGE(copy) },
};

const struct bench_peer bench_peer_x_ring_shape = BENCH_ROWS(rows);
