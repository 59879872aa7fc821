/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * tbb::concurrent_bounded_queue, by its calls that do not wait.
 */
#include <tbb/concurrent_queue.h>

#include "peers.h"

namespace
{

typedef tbb::concurrent_bounded_queue<uint64_t> queue;

void *subject_open(const struct bench_contestant *, const struct bench_case *c, unsigned)
{
	queue *q = new queue;

	q->set_capacity((std::ptrdiff_t)c->capacity);
	return q;
}

int subject_close(void *subject)
{
	delete static_cast<queue *>(subject);
	return 0;
}

BENCH_INLINE size_t queue_put(void *q, uint64_t value)
{
	return static_cast<queue *>(q)->try_push(value);
}

BENCH_INLINE size_t queue_take(void *q, uint64_t *value)
{
	return static_cast<queue *>(q)->try_pop(*value);
}

BENCH_QUEUE(queue, queue_put, queue_take)

const struct bench_contestant rows[] = {
	{ "tbb concurrent_bounded_queue", "oneTBB", NULL, BENCH_ANY_TO_ANY, BENCH_FIFO, 0, 0, subject_open,
	  subject_close, NULL, NULL, BENCH_LOOPS_QUEUE(queue) },
};

} /* namespace */

const struct bench_peer bench_peer_tbb = BENCH_ROWS(rows);
