/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Handed-over queues, asleep: each direction has a pair of sockets, whose bytes wake. Not an eventfd: both processes would have the
 * same description of it, so that a hostile peer could take O_NONBLOCK off, fill its count, and so stop for ever whoever
 * writes to it; or read what should have woken. A socket's end is one process's, and MSG_DONTWAIT is the call's, not the description's.
 *
 * By the system calls themselves: those of the C library are cancellation points. None of these touches errno.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* POLLRDHUP, syscall */
#endif
#include "handed_priv.h"

#include "../base/probe.h"
#include "../base/sleep.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define OVER (POLLHUP | POLLRDHUP | POLLERR | POLLNVAL)

/* Bytes cleared at once. There is one for each sleep, so more are a hostile peer's, and wake once more. */
#define CLEARED 256

/* If there is no room for the byte, there are others that wake. If the peer is gone, its memory tells who looks next. */
void maar__handed_wake(struct maar__handed_waiter *waiter)
{
	const int saved = errno;
	const char byte = 0;

	MAAR__PROBE(handed_wake, waiter);
	(void)syscall(SYS_sendto, waiter->pair.fd, &byte, (size_t)1, MSG_DONTWAIT | MSG_NOSIGNAL, NULL, (size_t)0);
	errno = saved;
}

/* False: there is nobody any more who could wake. Descriptors that came along are dropped, as nobody asks for them. */
static bool clear(struct maar__handed_waiter *waiter)
{
	const int saved = errno;
	char bytes[CLEARED];
	long n;

	n = syscall(SYS_recvfrom, waiter->pair.fd, bytes, sizeof(bytes), MSG_DONTWAIT, NULL, NULL);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		n = 1;
	errno = saved;
	return n > 0;
}

int maar__handed_sleep(struct maar_handed *handed, struct maar__handed_waiter *waiter, int64_t deadline)
{
	struct pollfd fds[2] = {
		{ .fd = waiter->pair.fd, .events = POLLIN | POLLRDHUP },
		{ .fd = handed->socket.fd, .events = POLLRDHUP },
	};
	int n;

	MAAR__PROBE(handed_block, waiter, deadline);
	n = maar__poll(fds, 2, deadline);
	MAAR__PROBE(handed_unblock, waiter, n);
	if (n == 0)
		return 0;
	/* Below 0: no memory in the kernel; the caller looks, and comes again. */
	if (n > 0 && ((fds[1].revents | fds[0].revents) & OVER))
		return -ENOTCONN;
	if (n > 0 && (fds[0].revents & POLLIN) && !clear(waiter))
		return -ENOTCONN;
	return 1;
}

bool maar__handed_there(const struct maar_handed *handed, struct maar__handed_waiter *waiter)
{
	struct pollfd socket = { .fd = handed->socket.fd, .events = POLLRDHUP };

	if (waiter && !clear(waiter))
		return false;
	return maar__poll(&socket, 1, 0) <= 0;
}

void maar__handed_hang_up(const struct maar_handed *handed)
{
	const int saved = errno;

	(void)shutdown(handed->socket.fd, SHUT_RDWR);
	errno = saved;
}
