/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * xenium::vyukov_bounded_queue: Vyukov's bounded queue. Its weak calls, the faster ones, answer full or empty when the
 * next cell is in somebody's hands.
 */
#include <xenium/vyukov_bounded_queue.hpp>

#include "peers.h"

namespace
{

typedef xenium::vyukov_bounded_queue<uint64_t> queue;

void *subject_open(const struct bench_contestant *, const struct bench_case *c, unsigned)
{
	return new queue(c->capacity);
}

int subject_close(void *subject)
{
	delete static_cast<queue *>(subject);
	return 0;
}

BENCH_INLINE size_t weak_put(void *q, uint64_t value)
{
	return static_cast<queue *>(q)->try_push_weak(value);
}

BENCH_INLINE size_t weak_take(void *q, uint64_t *value)
{
	return static_cast<queue *>(q)->try_pop_weak(*value);
}

BENCH_INLINE size_t strong_put(void *q, uint64_t value)
{
	return static_cast<queue *>(q)->try_push_strong(value);
}

BENCH_INLINE size_t strong_take(void *q, uint64_t *value)
{
	return static_cast<queue *>(q)->try_pop_strong(*value);
}

BENCH_QUEUE(weak, weak_put, weak_take)
BENCH_QUEUE(strong, strong_put, strong_take)

#define ROW(name, id)                                                                                                  \
	{                                                                                                              \
		name, "xenium", NULL, BENCH_ANY_TO_ANY, BENCH_FIFO, 0, 0, subject_open, subject_close, NULL, NULL,     \
			BENCH_LOOPS_QUEUE(id)                                                                          \
	}

const struct bench_contestant rows[] = {
	ROW("xenium vyukov_bounded weak", weak),
	ROW("xenium vyukov_bounded strong", strong),
};

} /* namespace */

const struct bench_peer bench_peer_xenium = BENCH_ROWS(rows);
