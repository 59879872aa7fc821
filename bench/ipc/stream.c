/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * What the system carries through descriptors: a pipe, sockets of AF_UNIX. A call that waits is interrupted every
 * BENCH_LOOK_NS by a timer, so that the loop may look around.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* pipe2, F_SETPIPE_SZ */
#endif
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "ipc.h"

enum { PIPE, BIG_PIPE, STREAM, SEQPACKET };

#define BIG (1 << 20) /* bytes: what a user may have a pipe hold */

struct channel {
	int fd[2]; /* to read, to write */
	size_t message;
};

struct handle {
	int from, to;
	size_t message, have; /* bytes of a message that came in part */
	uint64_t copy[BENCH_IPC_MOST / sizeof(uint64_t)];
};

static void *channel_open(const struct bench_contestant *me, const struct bench_case *c, unsigned which)
{
	struct channel *ch = calloc(1, sizeof(*ch));
	int rc = -1;

	(void)which;
	if (!ch)
		return NULL;
	ch->message = c->bytes;
	if (me->param == STREAM || me->param == SEQPACKET)
		rc = socketpair(AF_UNIX, (me->param == STREAM ? SOCK_STREAM : SOCK_SEQPACKET) | SOCK_CLOEXEC, 0,
				ch->fd);
	else
		rc = pipe2(ch->fd, O_CLOEXEC);
	if (rc == 0 && me->param == BIG_PIPE)
		rc = fcntl(ch->fd[1], F_SETPIPE_SZ, BIG) < 0;
	if (rc == 0)
		return ch;
	perror(me->name);
	return NULL;
}

static int channel_close(void *subject)
{
	struct channel *ch = subject;

	close(ch->fd[0]);
	close(ch->fd[1]);
	free(ch);
	return 0;
}

static void nothing(int number)
{
	(void)number;
}

/* Not restarting: what waits returns EINTR. */
static void look_around(void)
{
	const struct sigaction action = { .sa_handler = nothing };
	const struct timeval look = { 0, BENCH_LOOK_NS / 1000 };
	const struct itimerval timer = { look, look };

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
}

static void *channel_enter(void *subject, int puts, int takes)
{
	const struct channel *ch = subject;
	struct handle *h = calloc(1, sizeof(*h));

	(void)puts;
	if (!h)
		return NULL;
	h->from = ch->fd[0];
	h->to = ch->fd[1];
	h->message = ch->message;
	if (takes)
		look_around();
	return h;
}

BENCH_INLINE size_t channel_put(void *handle, uint64_t value)
{
	struct handle *h = handle;
	const char *const bytes = (const char *)h->copy;
	size_t sent = 0;

	bench_message_write(h->copy, h->message, value);
	while (sent < h->message) {
		const ssize_t n = write(h->to, bytes + sent, h->message - sent);

		if (n < 0 && errno == EINTR && sent == 0)
			return 0;
		if (n < 0 && errno != EINTR)
			_exit(1);
		sent += n > 0 ? (size_t)n : 0;
	}
	return 1;
}

BENCH_INLINE size_t channel_take(void *handle, uint64_t *value)
{
	struct handle *h = handle;

	while (h->have < h->message) {
		const ssize_t n = read(h->from, (char *)h->copy + h->have, h->message - h->have);

		if (n < 0 && errno == EINTR)
			return 0;
		if (n <= 0)
			_exit(1);
		h->have += (size_t)n;
	}
	h->have = 0;
	*value = bench_message_read(h->copy, h->message);
	return 1;
}

BENCH_IPC(channel, channel_put, channel_take)

#define ROW(name, how)                                                                                                 \
	{                                                                                                              \
		name, "Linux", NULL, BENCH_IPC_STREAMS | BENCH_IPC_SLEEPS, BENCH_FIFO, 0, how, channel_open,           \
			channel_close, channel_enter, free, BENCH_LOOPS_IPC(channel)                                   \
	}

static const struct bench_contestant rows[] = {
	ROW("pipe", PIPE),
	ROW("pipe of 1 MiB", BIG_PIPE),
	ROW("AF_UNIX stream", STREAM),
	ROW("AF_UNIX seqpacket", SEQPACKET),
};

const struct bench_peer bench_peer_ipc_stream = BENCH_ROWS(rows);
