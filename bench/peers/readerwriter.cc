/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * moodycamel::ReaderWriterQueue: one producer, one consumer. What is asked for as capacity is made of blocks, so it
 * holds somewhat more.
 */
#include <readerwriterqueue/readerwriterqueue.h>

#include "peers.h"

namespace
{

typedef moodycamel::ReaderWriterQueue<uint64_t> queue;

void *subject_open(const struct bench_contestant *, const struct bench_case *c, unsigned)
{
	return new queue(c->capacity);
}

int subject_close(void *subject)
{
	delete static_cast<queue *>(subject);
	return 0;
}

BENCH_INLINE size_t queue_put(void *q, uint64_t value)
{
	return static_cast<queue *>(q)->try_enqueue(value);
}

BENCH_INLINE size_t queue_take(void *q, uint64_t *value)
{
	return static_cast<queue *>(q)->try_dequeue(*value);
}

BENCH_QUEUE(queue, queue_put, queue_take)

const struct bench_contestant rows[] = {
	{ "moodycamel ReaderWriterQueue", "moodycamel", NULL, BENCH_SPSC, BENCH_FIFO, 0, 0, subject_open, subject_close,
	  NULL, NULL, BENCH_LOOPS_QUEUE(queue) },
};

} /* namespace */

const struct bench_peer bench_peer_readerwriter = BENCH_ROWS(rows);
