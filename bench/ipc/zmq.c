/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * ZeroMQ's PUSH and PULL over its ipc transport, at a name that is no file.
 */
#include <errno.h>
#include <unistd.h>
#include <zmq.h>

#include "ipc.h"

/* So long at most does a call wait: threads of the library carry the messages, and must have had their turns meanwhile. */
#define LOOK_MS 200

struct name {
	char text[64];
	size_t message;
};

struct handle {
	void *context, *socket;
	size_t message;
	uint64_t copy[BENCH_IPC_MOST / sizeof(uint64_t)];
};

static void *name_open(const struct bench_contestant *me, const struct bench_case *c, unsigned which)
{
	struct name *name = calloc(1, sizeof(*name));

	(void)me;
	if (name) {
		snprintf(name->text, sizeof(name->text), "ipc://@maar-bench-%ld-%u", (long)getpid(), which);
		name->message = c->bytes;
	}
	return name;
}

static int name_close(void *subject)
{
	free(subject);
	return 0;
}

static void *name_enter(void *subject, int puts, int takes)
{
	const struct name *name = subject;
	const int look = LOOK_MS;
	struct handle *h = calloc(1, sizeof(*h));
	int rc = -1;

	(void)puts;
	if (!h)
		return NULL;
	h->message = name->message;
	h->context = zmq_ctx_new();
	h->socket = h->context ? zmq_socket(h->context, takes ? ZMQ_PULL : ZMQ_PUSH) : NULL;
	if (h->socket) {
		zmq_setsockopt(h->socket, ZMQ_RCVTIMEO, &look, sizeof(look));
		zmq_setsockopt(h->socket, ZMQ_SNDTIMEO, &look, sizeof(look));
		rc = takes ? zmq_bind(h->socket, name->text) : zmq_connect(h->socket, name->text);
	}
	if (rc == 0)
		return h;
	fprintf(stderr, "zmq: %s\n", zmq_strerror(zmq_errno()));
	return NULL;
}

static void name_leave(void *handle)
{
	struct handle *h = handle;

	zmq_close(h->socket);
	zmq_ctx_term(h->context);
	free(h);
}

BENCH_INLINE size_t socket_put(void *handle, uint64_t value)
{
	struct handle *h = handle;

	bench_message_write(h->copy, h->message, value);
	return zmq_send(h->socket, h->copy, h->message, 0) >= 0;
}

BENCH_INLINE size_t socket_take(void *handle, uint64_t *value)
{
	struct handle *h = handle;

	if (zmq_recv(h->socket, h->copy, sizeof(h->copy), 0) < 0)
		return 0;
	*value = bench_message_read(h->copy, h->message);
	return 1;
}

BENCH_IPC(socket, socket_put, socket_take)

static const struct bench_contestant rows[] = {
	{ "ZeroMQ ipc", "ZeroMQ", "PUSH, PULL", BENCH_IPC_STREAMS | BENCH_IPC_SLEEPS, BENCH_FIFO, 0, 0, name_open,
	  name_close, name_enter, name_leave, BENCH_LOOPS_IPC(socket) },
};

const struct bench_peer bench_peer_ipc_zmq = BENCH_ROWS(rows);
