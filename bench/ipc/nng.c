/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * nng's pipeline over its ipc transport: its own buffers, no copy beside the transport's.
 */
#include <nng/nng.h>
#include <nng/protocol/pipeline0/pull.h>
#include <nng/protocol/pipeline0/push.h>
#include <unistd.h>

#include "ipc.h"

/* So long at most does a call wait: threads of the library carry the messages, and must have had their turns meanwhile. */
#define LOOK_MS 200

#define PATIENCE_MS 10000 /* for the other side to listen: a stalled machine takes its time */

struct name {
	char text[64];
	size_t message;
};

struct handle {
	nng_socket socket;
	size_t message;
};

static void *name_open(const struct bench_contestant *me, const struct bench_case *c, unsigned which)
{
	struct name *name = calloc(1, sizeof(*name));

	(void)me;
	if (name) {
		snprintf(name->text, sizeof(name->text), "abstract://maar-bench-%ld-%u", (long)getpid(), which);
		name->message = c->bytes;
	}
	return name;
}

static int name_close(void *subject)
{
	free(subject);
	return 0;
}

static int join(struct handle *h, const struct name *name, int takes)
{
	int rc = takes ? nng_pull0_open(&h->socket) : nng_push0_open(&h->socket), i;

	if (rc)
		return rc;
	nng_socket_set_ms(h->socket, NNG_OPT_RECVTIMEO, LOOK_MS);
	nng_socket_set_ms(h->socket, NNG_OPT_SENDTIMEO, LOOK_MS);
	nng_socket_set_size(h->socket, NNG_OPT_RECVMAXSZ, 0);
	if (takes)
		return nng_listen(h->socket, name->text, NULL, 0);
	for (i = 0; i < PATIENCE_MS; i++) {
		rc = nng_dial(h->socket, name->text, NULL, 0);
		if (rc != NNG_ECONNREFUSED)
			break;
		usleep(1000);
	}
	return rc;
}

static void *name_enter(void *subject, int puts, int takes)
{
	const struct name *name = subject;
	struct handle *h = calloc(1, sizeof(*h));
	int rc;

	(void)puts;
	if (!h)
		return NULL;
	h->message = name->message;
	rc = join(h, name, takes);
	if (rc == 0)
		return h;
	fprintf(stderr, "nng: %s\n", nng_strerror(rc));
	return NULL;
}

static void name_leave(void *handle)
{
	struct handle *h = handle;

	nng_close(h->socket);
	free(h);
}

BENCH_INLINE size_t socket_put(void *handle, uint64_t value)
{
	struct handle *h = handle;
	nng_msg *message;

	if (nng_msg_alloc(&message, h->message))
		return 0;
	bench_message_write(nng_msg_body(message), h->message, value);
	if (nng_sendmsg(h->socket, message, 0) == 0)
		return 1;
	nng_msg_free(message);
	return 0;
}

BENCH_INLINE size_t socket_take(void *handle, uint64_t *value)
{
	struct handle *h = handle;
	nng_msg *message;

	if (nng_recvmsg(h->socket, &message, 0))
		return 0;
	*value = bench_message_read(nng_msg_body(message), nng_msg_len(message));
	nng_msg_free(message);
	return 1;
}

BENCH_IPC(socket, socket_put, socket_take)

static const struct bench_contestant rows[] = {
	{ "nng ipc", "nng", "push, pull", BENCH_IPC_STREAMS | BENCH_IPC_SLEEPS, BENCH_FIFO, 0, 0, name_open, name_close,
	  name_enter, name_leave, BENCH_LOOPS_IPC(socket) },
};

const struct bench_peer bench_peer_ipc_nng = BENCH_ROWS(rows);
