/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * boost::lockfree: spsc_queue, and queue with a bound, in its two forms: nodes in an array, named by 16-bit numbers,
 * and nodes from a free list, named by pointers.
 */
#include <boost/lockfree/queue.hpp>
#include <boost/lockfree/spsc_queue.hpp>

#include "peers.h"

namespace
{

typedef boost::lockfree::spsc_queue<uint64_t> spsc_queue;
typedef boost::lockfree::queue<uint64_t, boost::lockfree::fixed_sized<true>> array_queue;
typedef boost::lockfree::queue<uint64_t, boost::lockfree::fixed_sized<false>> node_queue;

/* What 16-bit numbers can name, less the queue's dummy node and the two ends of the range. */
const size_t ARRAY_MAX = 65533;

template <class Queue> void *subject_open(const struct bench_contestant *, const struct bench_case *c, unsigned)
{
	try {
		return new Queue(c->capacity);
	} catch (const std::exception &e) {
		fprintf(stderr, "boost: %s\n", e.what());
		return NULL;
	}
}

template <class Queue> int subject_close(void *subject)
{
	delete static_cast<Queue *>(subject);
	return 0;
}

BENCH_INLINE size_t spsc_put(void *q, uint64_t value)
{
	return static_cast<spsc_queue *>(q)->push(value);
}

BENCH_INLINE size_t spsc_take(void *q, uint64_t *value)
{
	return static_cast<spsc_queue *>(q)->pop(*value);
}

BENCH_INLINE size_t spsc_put_n(void *q, const uint64_t *values, size_t n)
{
	return static_cast<spsc_queue *>(q)->push(values, n);
}

BENCH_INLINE size_t spsc_take_n(void *q, uint64_t *values, size_t n)
{
	return static_cast<spsc_queue *>(q)->pop(values, n);
}

BENCH_INLINE size_t array_put(void *q, uint64_t value)
{
	return static_cast<array_queue *>(q)->bounded_push(value);
}

BENCH_INLINE size_t array_take(void *q, uint64_t *value)
{
	return static_cast<array_queue *>(q)->pop(*value);
}

BENCH_INLINE size_t node_put(void *q, uint64_t value)
{
	return static_cast<node_queue *>(q)->bounded_push(value);
}

BENCH_INLINE size_t node_take(void *q, uint64_t *value)
{
	return static_cast<node_queue *>(q)->pop(*value);
}

BENCH_QUEUE(spsc, spsc_put, spsc_take)
BENCH_QUEUE_BULK(spsc, spsc_put_n, spsc_take_n)
BENCH_QUEUE(array, array_put, array_take)
BENCH_QUEUE(node, node_put, node_take)
BENCH_EXCHANGE_LOOPS(spsc, bench_malloc, bench_bytes, bench_free, spsc_put, spsc_take)
BENCH_EXCHANGE_LOOPS(array, bench_malloc, bench_bytes, bench_free, array_put, array_take)

#define ROW(name, set, max, queue, loops)                                                                              \
	{                                                                                                              \
		name, "boost.lockfree", NULL, set, BENCH_FIFO, max, 0, subject_open<queue>, subject_close<queue>,      \
			NULL, NULL, loops                                                                              \
	}

const struct bench_contestant rows[] = {
	ROW("boost spsc_queue", BENCH_SPSC, 0, spsc_queue, BENCH_LOOPS_QUEUE_BURST(spsc)),
	ROW("boost queue, array", BENCH_ANY_TO_ANY, ARRAY_MAX, array_queue, BENCH_LOOPS_QUEUE(array)),
	ROW("boost queue, nodes", BENCH_ANY_TO_ANY, 0, node_queue, BENCH_LOOPS_QUEUE(node)),
	ROW("malloc + boost spsc_queue", BENCH_EXCHANGE1, 0, spsc_queue, BENCH_LOOPS_EXCHANGE(spsc)),
	ROW("malloc + boost queue", BENCH_EXCHANGE1 | BENCH_EXCHANGE, ARRAY_MAX, array_queue,
	    BENCH_LOOPS_EXCHANGE(array)),
};

} /* namespace */

const struct bench_peer bench_peer_boost = BENCH_ROWS(rows);
