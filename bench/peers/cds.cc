/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * cds::container::VyukovMPMCCycleQueue of libcds: Vyukov's bounded queue. Needs none of the library's garbage
 * collectors, so nothing is initialized.
 */
#include <cds/container/vyukov_mpmc_cycle_queue.h>

#include "peers.h"

namespace
{

typedef cds::container::VyukovMPMCCycleQueue<uint64_t> queue;

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
	return static_cast<queue *>(q)->enqueue(value);
}

BENCH_INLINE size_t queue_take(void *q, uint64_t *value)
{
	return static_cast<queue *>(q)->dequeue(*value);
}

BENCH_QUEUE(queue, queue_put, queue_take)

const struct bench_contestant rows[] = {
	{ "libcds VyukovMPMCCycleQueue", "libcds", NULL, BENCH_ANY_TO_ANY, BENCH_FIFO, 0, 0, subject_open,
	  subject_close, NULL, NULL, BENCH_LOOPS_QUEUE(queue) },
};

} /* namespace */

const struct bench_peer bench_peer_cds = BENCH_ROWS(rows);
