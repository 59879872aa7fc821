/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Handed-over queues, on the socket: what two processes tell each other when they join, and the descriptors that go with it. The
 * other end may send anything, any number of descriptors of any kind, a byte a second, or nothing: none is kept that was not asked for.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* struct ucred */
#endif
#include "handed_priv.h"

#include "../base/sleep.h"

#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define MAGIC  UINT64_C(0x31646e6168616d00) /* "\0mahand1" */
#define LAYOUT 1u

#define MOST_FDS 253 /* SCM_MAX_FD: what the kernel lets one message have */

#ifndef SCM_PIDFD
#define SCM_PIDFD 0x04 /* comes with each message if the caller has set SO_PASSPIDFD */
#endif

MAAR_STATIC_ASSERT(sizeof(struct maar__handed_hello) == 64, "layout 1");

/* CRC-32C (Castagnoli), a bit at a time: 60 bytes, twice. */
static uint32_t crc_of(const void *bytes, size_t n)
{
	const unsigned char *byte = bytes;
	uint32_t crc = UINT32_MAX;
	size_t i;
	int bit;

	for (i = 0; i < n; i++) {
		crc ^= byte[i];
		for (bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? UINT32_C(0x82f63b78) : 0);
	}
	return ~crc;
}

static uint64_t build_sum(void)
{
	const uint32_t build[] = {
		UINT32_C(0x01020304),
		MAAR_APART,
		sizeof(void *), /* how much of it one process can map */
		sizeof(struct maar__handed_side),
		offsetof(struct maar__handed_side, released),
		offsetof(struct maar__handed_side, wants_message),
		offsetof(struct maar__handed_side, wants_slot),
		sizeof(struct maar__handed_cell),
		offsetof(struct maar__handed_cell, sequence),
		offsetof(struct maar__handed_cell, slot),
		offsetof(struct maar__handed_cell, type),
	};

	return crc_of(build, sizeof(build));
}

void maar__handed_seal_hello(struct maar__handed_hello *hello)
{
	hello->magic = MAGIC;
	hello->layout = LAYOUT;
	hello->build = build_sum();
	hello->sum = crc_of(hello, offsetof(struct maar__handed_hello, sum));
}

/* ---- who is there ---- */

static int option(int socket, int name, void *value, socklen_t bytes)
{
	if (getsockopt(socket, SOL_SOCKET, name, value, &bytes))
		return -errno;
	return 0;
}

/* AF_UNIX, and of a type that brings bytes in order. */
static int check_kind(int socket)
{
	int domain = 0, type = 0, rc;

	rc = option(socket, SO_DOMAIN, &domain, sizeof(domain));
	if (rc == 0)
		rc = option(socket, SO_TYPE, &type, sizeof(type));
	if (rc)
		return rc;
	return domain == AF_UNIX && (type == SOCK_STREAM || type == SOCK_SEQPACKET) ? 0 : -EINVAL;
}

int maar__handed_ask_peer(int socket, struct maar_handed_peer *peer)
{
	struct sockaddr_un name;
	socklen_t bytes = sizeof(name);
	struct ucred who;
	int rc = check_kind(socket);

	if (rc)
		return rc;
	if (getpeername(socket, (struct sockaddr *)&name, &bytes))
		return -errno;
	rc = option(socket, SO_PEERCRED, &who, sizeof(who));
	if (rc)
		return rc;
	*peer = (struct maar_handed_peer){ .pid = who.pid, .uid = who.uid, .gid = who.gid };
	return 0;
}

/*
 * A connected socket of the family whose other end has no name, as those of a pair have none: so that what this process sends does not
 * go to a service that would take it for something that this process, which may have other rights than the peer, asks for.
 */
bool maar__handed_is_pair(int fd)
{
	struct sockaddr_un name;
	socklen_t bytes = sizeof(name);
	int type = 0;

	return check_kind(fd) == 0 && option(fd, SO_TYPE, &type, sizeof(type)) == 0 && type == SOCK_STREAM &&
	       getpeername(fd, (struct sockaddr *)&name, &bytes) == 0 && bytes <= sizeof(sa_family_t);
}

/* ---- telling and hearing ---- */

/* Waits for the socket to be ready: 0, -ETIMEDOUT or -errno. */
static int ready(int socket, short events, int64_t deadline)
{
	struct pollfd fd = { .fd = socket, .events = events };
	const int n = maar__poll(&fd, 1, deadline);

	return n > 0 ? 0 : n == 0 ? -ETIMEDOUT : n;
}

/* What a failed call of a socket says: 0, try again. */
static int why(int socket, short events, int64_t deadline)
{
	switch (errno) {
	case EINTR:
		return 0;
	case EAGAIN:
		return ready(socket, events, deadline);
	case EPIPE:
		return -ECONNRESET;
	case ETOOMANYREFS: /* of descriptors that are on their way somewhere */
		return -EMFILE;
	default:
		return -errno;
	}
}

int maar__handed_tell(int socket, const struct maar__handed_hello *hello, const int *fds, unsigned n, int64_t deadline)
{
	const char *at = (const char *)hello;
	size_t left = sizeof(*hello);

	if (maar__fault(MAAR__FAULT_FD))
		return -ENOMEM;
	while (left) {
		union {
			struct cmsghdr head;
			char room[CMSG_SPACE(2 * sizeof(int))];
		} control;
		struct iovec piece = { (void *)(uintptr_t)at, left };
		struct msghdr message = { .msg_iov = &piece, .msg_iovlen = 1 };
		ssize_t sent;
		int rc;

		if (n) {
			memset(&control, 0, sizeof(control));
			message.msg_control = &control;
			message.msg_controllen = CMSG_SPACE(n * sizeof(int));
			control.head.cmsg_level = SOL_SOCKET;
			control.head.cmsg_type = SCM_RIGHTS;
			control.head.cmsg_len = CMSG_LEN(n * sizeof(int));
			memcpy(CMSG_DATA(&control.head), fds, n * sizeof(int));
		}
		sent = sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (sent > 0) {
			at += sent;
			left -= (size_t)sent;
			n = 0; /* they went with the first byte */
			continue;
		}
		rc = why(socket, POLLOUT, deadline);
		if (rc)
			return rc;
	}
	return 0;
}

/* Descriptors that came: the first two are kept. */
struct came {
	int fds[2];
	unsigned n;
	bool cut; /* there were more than this process may have */
};

static void keep(struct came *came, const unsigned char *data, size_t bytes, bool wanted)
{
	int fd;

	for (; bytes >= sizeof(fd); bytes -= sizeof(fd), data += sizeof(fd)) {
		memcpy(&fd, data, sizeof(fd));
		if (wanted && came->n < 2)
			came->fds[came->n] = fd;
		else
			(void)close(fd);
		came->n += wanted;
	}
}

/* All that the kernel has made descriptors of. */
static void note(struct came *came, struct msghdr *message)
{
	struct cmsghdr *head;

	for (head = CMSG_FIRSTHDR(message); head; head = CMSG_NXTHDR(message, head))
		if (head->cmsg_level == SOL_SOCKET && (head->cmsg_type == SCM_RIGHTS || head->cmsg_type == SCM_PIDFD))
			keep(came, CMSG_DATA(head), head->cmsg_len - CMSG_LEN(0), head->cmsg_type == SCM_RIGHTS);
	came->cut |= (message->msg_flags & MSG_CTRUNC) != 0;
}

static int hear_all(int socket, char *at, size_t left, struct came *came, int64_t deadline)
{
	int type = 0, rc = option(socket, SO_TYPE, &type, sizeof(type));

	if (rc)
		return rc;
	while (left) {
		union {
			struct cmsghdr head;
			/* And what the caller may have asked for: credentials, a label, a pidfd. */
			char room[CMSG_SPACE(MOST_FDS * sizeof(int)) + 1024];
		} control;
		struct iovec piece = { at, left };
		struct msghdr message = {
			.msg_iov = &piece, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)
		};
		const ssize_t got = recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

		if (got > 0) {
			note(came, &message);
			if (message.msg_flags & MSG_TRUNC)
				return -EBADMSG; /* a packet that is too long */
			at += got;
			left -= (size_t)got;
			if (left && type == SOCK_SEQPACKET)
				return -EBADMSG; /* one that is too short */
			continue;
		}
		rc = got < 0 ? why(socket, POLLIN, deadline) : -ECONNRESET;
		if (rc)
			return rc;
	}
	return 0;
}

static int check(const struct maar__handed_hello *hello, uint32_t step)
{
	if (hello->magic != MAGIC || hello->sum != crc_of(hello, offsetof(struct maar__handed_hello, sum)))
		return -EBADMSG;
	if (hello->layout != LAYOUT || hello->build != build_sum())
		return -EPROTO;
	if (hello->step != step || hello->reserved || hello->reserved1)
		return -EBADMSG;
	return 0;
}

int maar__handed_hear(int socket, struct maar__handed_hello *hello, uint32_t step, int *fds, unsigned n,
		      int64_t deadline)
{
	struct came came = { .n = 0 };
	unsigned i;
	int rc;

	if (maar__fault(MAAR__FAULT_FD))
		return -ENOMEM;
	rc = hear_all(socket, (char *)hello, sizeof(*hello), &came, deadline);
	if (rc == 0)
		rc = check(hello, step);
	if (rc == 0 && came.cut)
		rc = -EMFILE;
	if (rc == 0 && came.n != n)
		rc = -EBADMSG;
	for (i = 0; i < 2 && i < came.n; i++) {
		if (rc == 0)
			fds[i] = came.fds[i];
		else
			(void)close(came.fds[i]);
	}
	return rc;
}
