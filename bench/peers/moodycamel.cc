/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * moodycamel::ConcurrentQueue with tokens, its fastest use. Each producer has a queue of its own inside, so values of
 * different producers overtake each other: it does less than a FIFO, and its figures are to be read so. Its bound is
 * the memory it made at the start, in blocks, a little over what is asked.
 */
#include <concurrentqueue/concurrentqueue.h>

#include "peers.h"

namespace
{

typedef moodycamel::ConcurrentQueue<uint64_t> queue;

/* A thread's way in: its tokens. */
struct thread_handle {
	queue *q;
	moodycamel::ProducerToken *producer;
	moodycamel::ConsumerToken *consumer;
};

void *subject_open(const struct bench_contestant *, const struct bench_case *c, unsigned)
{
	try {
		return new queue(c->capacity, c->firsts, 0);
	} catch (const std::exception &e) {
		fprintf(stderr, "moodycamel: %s\n", e.what());
		return NULL;
	}
}

int subject_close(void *subject)
{
	delete static_cast<queue *>(subject);
	return 0;
}

void *thread_enter(void *subject, int puts, int takes)
{
	queue *q = static_cast<queue *>(subject);

	return new thread_handle{ q, puts ? new moodycamel::ProducerToken(*q) : NULL,
				  takes ? new moodycamel::ConsumerToken(*q) : NULL };
}

void thread_leave(void *handle)
{
	thread_handle *t = static_cast<thread_handle *>(handle);

	delete t->producer;
	delete t->consumer;
	delete t;
}

BENCH_INLINE size_t token_put(void *h, uint64_t value)
{
	thread_handle *t = static_cast<thread_handle *>(h);

	return t->q->try_enqueue(*t->producer, value);
}

BENCH_INLINE size_t token_take(void *h, uint64_t *value)
{
	thread_handle *t = static_cast<thread_handle *>(h);

	return t->q->try_dequeue(*t->consumer, *value);
}

/* All or nothing: there is no burst. */
BENCH_INLINE size_t token_put_n(void *h, const uint64_t *values, size_t n)
{
	thread_handle *t = static_cast<thread_handle *>(h);

	return t->q->try_enqueue_bulk(*t->producer, values, n) ? n : 0;
}

BENCH_INLINE size_t token_take_n(void *h, uint64_t *values, size_t n)
{
	thread_handle *t = static_cast<thread_handle *>(h);

	return t->q->try_dequeue_bulk(*t->consumer, values, n);
}

BENCH_QUEUE(token, token_put, token_take)
BENCH_QUEUE_BULK(token, token_put_n, token_take_n)
BENCH_EXCHANGE_LOOPS(token, bench_malloc, bench_bytes, bench_free, token_put, token_take)

#define ROW(name, set, loops)                                                                                          \
	{                                                                                                              \
		name, "moodycamel", "no FIFO across producers", set, BENCH_FIFO_PER_PRODUCER, 0, 0, subject_open,      \
			subject_close, thread_enter, thread_leave, loops                                               \
	}

const struct bench_contestant rows[] = {
	ROW("moodycamel ConcurrentQueue, tokens", BENCH_SPSC | BENCH_ANY_TO_ANY, BENCH_LOOPS_QUEUE_BURST(token)),
	ROW("malloc + moodycamel", BENCH_EXCHANGE1 | BENCH_EXCHANGE, BENCH_LOOPS_EXCHANGE(token)),
};

} /* namespace */

const struct bench_peer bench_peer_moodycamel = BENCH_ROWS(rows);
