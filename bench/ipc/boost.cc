/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * boost::interprocess::message_queue: a mutex, two conditions, an index by priority.
 */
#include <boost/date_time/posix_time/posix_time_types.hpp>
#include <boost/interprocess/ipc/message_queue.hpp>

#include <new>
#include <string>
#include <unistd.h>

#include "ipc.h"

namespace
{

using boost::interprocess::message_queue;

struct queue {
	message_queue *mq;
	size_t message;
};

struct handle {
	message_queue *mq;
	size_t message;
	uint64_t copy[BENCH_IPC_MOST / sizeof(uint64_t)];
};

/* Its name is removed at once: the processes inherit the mapping. */
void *queue_open(const struct bench_contestant *, const struct bench_case *c, unsigned which)
{
	const std::string name = "maar-bench-" + std::to_string(getpid()) + "-" + std::to_string(which);

	try {
		queue *q = new queue;
		q->message = c->bytes;
		q->mq = new message_queue(boost::interprocess::create_only, name.c_str(), c->capacity, c->bytes,
					  boost::interprocess::permissions(0600));
		message_queue::remove(name.c_str());
		return q;
	} catch (const std::exception &e) {
		fprintf(stderr, "boost message_queue: %s\n", e.what());
		return nullptr;
	}
}

int queue_close(void *subject)
{
	queue *q = static_cast<queue *>(subject);

	delete q->mq;
	delete q;
	return 0;
}

void *queue_enter(void *subject, int, int)
{
	const queue *q = static_cast<queue *>(subject);
	handle *h = new (std::nothrow) handle();

	if (h) {
		h->mq = q->mq;
		h->message = q->message;
	}
	return h;
}

void queue_leave(void *h)
{
	delete static_cast<handle *>(h);
}

BENCH_INLINE size_t wait_put(void *to, uint64_t value)
{
	handle *h = static_cast<handle *>(to);

	bench_message_write(h->copy, h->message, value);
	h->mq->send(h->copy, h->message, 0);
	return 1;
}

/* The time is only asked for when there is nothing. */
BENCH_INLINE size_t wait_take(void *from, uint64_t *value)
{
	handle *h = static_cast<handle *>(from);
	message_queue::size_type got = 0;
	unsigned priority;

	if (!h->mq->try_receive(h->copy, sizeof(h->copy), got, priority) &&
	    !h->mq->timed_receive(h->copy, sizeof(h->copy), got, priority,
				  boost::posix_time::microsec_clock::universal_time() +
					  boost::posix_time::microseconds(BENCH_LOOK_NS / 1000)))
		return 0;
	*value = bench_message_read(h->copy, got);
	return 1;
}

BENCH_INLINE size_t poll_put(void *to, uint64_t value)
{
	handle *h = static_cast<handle *>(to);

	bench_message_write(h->copy, h->message, value);
	return h->mq->try_send(h->copy, h->message, 0);
}

BENCH_INLINE size_t poll_take(void *from, uint64_t *value)
{
	handle *h = static_cast<handle *>(from);
	message_queue::size_type got = 0;
	unsigned priority;

	if (!h->mq->try_receive(h->copy, sizeof(h->copy), got, priority))
		return 0;
	*value = bench_message_read(h->copy, got);
	return 1;
}

BENCH_IPC(wait, wait_put, wait_take)
BENCH_IPC(poll, poll_put, poll_take)

#define ROW(name, note, set, id)                                                                                       \
	{                                                                                                              \
		name, "boost.interprocess", note, set, BENCH_FIFO, 0, 0, queue_open, queue_close, queue_enter,         \
			queue_leave, BENCH_LOOPS_IPC(id)                                                               \
	}

const struct bench_contestant rows[] = {
	ROW("boost message_queue", nullptr, BENCH_IPC_STREAMS | BENCH_IPC_MANY | BENCH_IPC_SLEEPS, wait),
	ROW("boost message_queue, polled", "try_send, try_receive", BENCH_IPC_STREAM | BENCH_IPC_BUSY, poll),
};

} /* namespace */

const struct bench_peer bench_peer_ipc_boost = BENCH_ROWS(rows);
