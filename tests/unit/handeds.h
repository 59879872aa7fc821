/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * For tests of handed-over queues: both sides in one process, or a side whose words were written before.
 */
#ifndef MAAR_TEST_UNIT_HANDEDS_H
#define MAAR_TEST_UNIT_HANDEDS_H

#include "common.h"

#include "../../src/ipc/handed_priv.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#define HANDED_SLOTS 4
#define HANDED_BYTES 100
#define HANDED_SOON  INT64_C(2000000) /* ns: a time-out that is to pass */

/* Whoever has messages that the test did not expect to be left. */
static inline struct maar_handed_options handed_small(void)
{
	const struct maar_handed_options options = { .bytes = HANDED_BYTES, .slots = HANDED_SLOTS };

	return options;
}

static inline void handed_sockets(int type, int sockets[2])
{
	unit_eq(socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, sockets), 0);
}

/* ---- both sides ---- */

struct handed_joining {
	int socket;
	const struct maar_handed_options *options;
	struct maar_handed *handed;
};

static inline void *handed_join_in_thread(void *arg)
{
	struct handed_joining *j = arg;

	j->handed = maar_handed_join(j->socket, j->options, MAAR_FOREVER);
	return NULL;
}

struct handed_ends {
	struct maar_handed *a, *b;
};

static inline struct handed_ends handed_ends_of(int type, const struct maar_handed_options *a,
						const struct maar_handed_options *b)
{
	struct handed_joining other = { .options = b };
	struct handed_ends ends;
	int sockets[2];
	pthread_t thread;

	handed_sockets(type, sockets);
	other.socket = sockets[1];
	thread = unit_thread(handed_join_in_thread, &other);
	ends.a = maar_handed_join(sockets[0], a, MAAR_FOREVER);
	unit_join(thread);
	ends.b = other.handed;
	ck_assert_msg(ends.a && ends.b, "not joined: %s", strerror(errno));
	return ends;
}

static inline struct handed_ends handed_ends(void)
{
	const struct maar_handed_options small = handed_small();

	return handed_ends_of(SOCK_SEQPACKET, &small, &small);
}

static inline void handed_leave_both(struct handed_ends *ends)
{
	unit_eq(maar_handed_leave(ends->a), 0);
	unit_eq(maar_handed_leave(ends->b), 0);
}

/* ---- a side whose words were written before the other joins: it needs no thread ---- */

struct handed_script {
	struct maar__handed_hello hello[2];
	struct maar__handed_shape shape;
	void *memory;
	int fds[2]; /* of the memory; of the pair's end that goes over */
	int kept;   /* the pair's other end */
};

/* As a good peer of one that has small options would say it. */
static inline struct handed_script handed_script(void)
{
	struct handed_script s = {
		.hello = { { .step = 1, .most = HANDED_BYTES, .slots = HANDED_SLOTS },
			   { .step = 2, .most = HANDED_BYTES, .slots = HANDED_SLOTS, .peer_slots = HANDED_SLOTS } }
	};
	int pair[2];

	unit_must(maar__handed_lay_out(&s.shape, HANDED_BYTES, HANDED_SLOTS, HANDED_SLOTS));
	s.hello[1].bytes = s.shape.bytes;
	maar__handed_seal_hello(&s.hello[0]);
	maar__handed_seal_hello(&s.hello[1]);
	s.fds[0] = maar__sealed_make((size_t)s.shape.bytes, &s.memory);
	unit_must(s.fds[0] >= 0);
	handed_sockets(SOCK_STREAM, pair);
	s.fds[1] = pair[0];
	s.kept = pair[1];
	return s;
}

static inline void handed_script_end(struct handed_script *s)
{
	maar__unmap(s->memory, (size_t)s->shape.bytes);
	close(s->fds[0]);
	close(s->fds[1]);
	close(s->kept);
}

/* Sends so many bytes with so many descriptors. */
static inline void handed_say(int socket, const void *bytes, size_t n, const int *fds, unsigned n_fds)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(253 * sizeof(int))];
	} control;
	struct iovec piece = { (void *)(uintptr_t)bytes, n };
	struct msghdr message = { .msg_iov = &piece, .msg_iovlen = 1 };

	if (n_fds) {
		memset(&control, 0, sizeof(control));
		message.msg_control = &control;
		message.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
		control.head.cmsg_level = SOL_SOCKET;
		control.head.cmsg_type = SCM_RIGHTS;
		control.head.cmsg_len = CMSG_LEN(n_fds * sizeof(int));
		memcpy(CMSG_DATA(&control.head), fds, n_fds * sizeof(int));
	}
	unit_eq(sendmsg(socket, &message, MSG_NOSIGNAL), n);
}

static inline void handed_say_hello(const struct handed_script *s, int socket, unsigned step)
{
	handed_say(socket, &s->hello[step - 1], sizeof(s->hello[0]), s->fds, step == 2 ? 2 : 0);
}

static inline bool handed_readable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0) == 1 && (p.revents & POLLIN);
}

#endif
