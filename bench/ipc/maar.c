/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * maar_ipc, as a queue, as a pair, and as a broadcast to one reader: written where it lies and read where it lies, or copied in
 * and out; waiting as it does by itself (spins, then sleeps), never, or always asleep.
 */
#include <errno.h>
#include <maar/ipc.h>

#include "ipc.h"

/* How a row waits and carries; and of which kind its queue is. */
enum { WAITS, POLLS, SLEEPS, COPIES, PAIR = 16, CAST = 32 };

static uint32_t kind_of(unsigned how)
{
	return how & PAIR ? MAAR_IPC_PAIR : how & CAST ? MAAR_IPC_BROADCAST : MAAR_IPC_QUEUE;
}

struct queue {
	size_t bytes; /* of the mapping */
	size_t message;
	unsigned how;
	void *memory;
};

struct handle {
	struct maar_ipc *ipc;
	size_t message;
	uint64_t calls; /* of this process */
	uint64_t copy[BENCH_IPC_MOST / sizeof(uint64_t)];
};

static void *queue_open(const struct bench_contestant *me, const struct bench_case *c, unsigned which)
{
	const struct maar_ipc_options options = {
		.classes = { { .bytes = c->bytes, .slots = (uint32_t)c->capacity } },
		.n_classes = 1,
		.event_flags = me->param == SLEEPS ? MAAR_EVENT_NO_SPIN : 0,
		.kind = kind_of(me->param),
	};
	struct queue *q = calloc(1, sizeof(*q));
	int rc = -ENOMEM;

	(void)which;
	if (q) {
		q->bytes = (size_t)maar_ipc_bytes(&options);
		q->message = c->bytes;
		q->how = me->param;
		q->memory = bench_ipc_map(q->bytes);
		rc = q->memory ? maar_ipc_init(q->memory, q->bytes, &options) : -ENOMEM;
	}
	if (rc == 0)
		return q;
	fprintf(stderr, "maar_ipc: %s\n", strerror(-rc));
	return NULL;
}

static int queue_close(void *subject)
{
	struct queue *q = subject;

	munmap(q->memory, q->bytes);
	free(q);
	return 0;
}

static void *queue_enter(void *subject, int puts, int takes)
{
	const struct queue *q = subject;
	const struct maar_ipc_who who = { .roles = (puts ? MAAR_IPC_PRODUCER : 0u) | (takes ? MAAR_IPC_CONSUMER : 0u) };
	struct handle *h = aligned_alloc(BENCH_APART, (sizeof(*h) + BENCH_APART - 1) / BENCH_APART * BENCH_APART);

	if (!h)
		return NULL;
	memset(h, 0, sizeof(*h));
	h->message = q->message;
	h->ipc = maar_ipc_attach(q->memory, q->bytes, &who, NULL);
	if (h->ipc)
		return h;
	perror("maar_ipc_attach");
	free(h);
	return NULL;
}

static void queue_leave(void *handle)
{
	struct handle *h = handle;

	(void)maar_ipc_detach(h->ipc);
	free(h);
}

BENCH_INLINE size_t put_in_place(struct handle *h, uint64_t value, int64_t timeout_ns)
{
	void *payload;

	if (maar_ipc_loan(h->ipc, h->message, &payload, timeout_ns) != 1)
		return 0;
	bench_message_write(payload, h->message, value);
	if (maar_ipc_publish(h->ipc, payload, h->message, NULL, timeout_ns) == 1)
		return 1;
	(void)maar_ipc_discard(h->ipc, payload);
	return 0;
}

BENCH_INLINE size_t take_in_place(struct handle *h, uint64_t *value, int64_t timeout_ns)
{
	struct maar_ipc_message m;

	if (maar_ipc_take(h->ipc, &m, timeout_ns) != 1)
		return 0;
	*value = bench_message_read(m.payload, m.bytes);
	return maar_ipc_release(h->ipc, &m) == 0;
}

BENCH_INLINE size_t wait_put(void *handle, uint64_t value)
{
	return put_in_place(handle, value, BENCH_LOOK_NS);
}

BENCH_INLINE size_t wait_take(void *handle, uint64_t *value)
{
	return take_in_place(handle, value, BENCH_LOOK_NS);
}

BENCH_INLINE size_t poll_put(void *handle, uint64_t value)
{
	return put_in_place(handle, value, 0);
}

BENCH_INLINE size_t poll_take(void *handle, uint64_t *value)
{
	return take_in_place(handle, value, 0);
}

BENCH_INLINE size_t copy_put(void *handle, uint64_t value)
{
	struct handle *h = handle;

	bench_message_write(h->copy, h->message, value);
	return maar_ipc_send(h->ipc, h->copy, h->message, NULL, BENCH_LOOK_NS) == 1;
}

BENCH_INLINE size_t copy_take(void *handle, uint64_t *value)
{
	struct handle *h = handle;
	struct maar_ipc_message m;

	if (maar_ipc_receive(h->ipc, h->copy, sizeof(h->copy), &m, BENCH_LOOK_NS) != 1)
		return 0;
	*value = bench_message_read(h->copy, m.bytes);
	return 1;
}

/* One way with the system calls of this process counted, where they can be. */
BENCH_INLINE void counted(struct bench_worker *w, bench_loop_fn *loop)
{
	struct handle *h = w->handle[0];

	h->calls = 0;
	bench_ipc_calls = &h->calls;
	loop(w);
	bench_ipc_calls = NULL;
#if defined(__x86_64__) || defined(__aarch64__)
	w->calls = h->calls + 1;
#endif
}

BENCH_IPC(wait_plain, wait_put, wait_take)
BENCH_IPC(poll, poll_put, poll_take)
BENCH_IPC(copy_plain, copy_put, copy_take)

#define COUNTED(id)                                                                                                    \
	static void id##_produce(struct bench_worker *w)                                                               \
	{                                                                                                              \
		counted(w, id##_plain_produce);                                                                        \
	}                                                                                                              \
	static void id##_consume(struct bench_worker *w)                                                               \
	{                                                                                                              \
		counted(w, id##_plain_consume);                                                                        \
	}

COUNTED(wait)
COUNTED(copy)
#define wait_ping wait_plain_ping
#define wait_pong wait_plain_pong
#define copy_ping copy_plain_ping
#define copy_pong copy_plain_pong

#define ROW(name, note, set, how, id)                                                                                  \
	{                                                                                                              \
		name, "maar", note, set, BENCH_FIFO, 0, how, queue_open, queue_close, queue_enter, queue_leave,        \
			BENCH_LOOPS_IPC(id)                                                                            \
	}

static const struct bench_contestant rows[] = {
	ROW("maar_ipc", NULL, BENCH_IPC_STREAMS | BENCH_IPC_MANY | BENCH_IPC_BUSIES, WAITS, wait),
	ROW("maar_ipc, polled", "never sleeps", BENCH_IPC_STREAMS | BENCH_IPC_MANY | BENCH_IPC_BUSIES, POLLS, poll),
	ROW("maar_ipc, copied", "send, receive", BENCH_IPC_STREAMS, COPIES, copy),
	ROW("maar_ipc, pair", "one producer, one consumer", BENCH_IPC_STREAMS | BENCH_IPC_BUSIES, PAIR | WAITS, wait),
	ROW("maar_ipc, pair, polled", "never sleeps", BENCH_IPC_STREAMS | BENCH_IPC_BUSIES, PAIR | POLLS, poll),
	ROW("maar_ipc, pair, copied", "send, receive", BENCH_IPC_STREAMS, PAIR | COPIES, copy),
	ROW("maar_ipc, broadcast", "a lossless reader", BENCH_IPC_STREAMS | BENCH_IPC_BUSIES, CAST | WAITS, wait),
	ROW("maar_ipc, asleep", "MAAR_EVENT_NO_SPIN", BENCH_IPC_STREAMS | BENCH_IPC_SLEEPS, SLEEPS, wait),
};

const struct bench_peer bench_peer_ipc_maar = BENCH_ROWS(rows);
