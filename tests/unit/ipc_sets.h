/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * For tests of consumers' descriptors: epoll sets that have one of them. No wait here has an end of its own: a wake-up that
 * is lost is a time-out of the test.
 */
#ifndef MAAR_TEST_UNIT_IPC_SETS_H
#define MAAR_TEST_UNIT_IPC_SETS_H

#include "common.h"

#include <maar/ipc_watch.h>

#include <sys/epoll.h>

static inline void ipc_watch(int set, int fd)
{
	struct epoll_event about = { .events = EPOLLIN, .data = { .fd = fd } };

	unit_must(fd >= 0);
	unit_eq(epoll_ctl(set, EPOLL_CTL_ADD, fd, &about), 0);
}

/* A set with the queue's descriptor in it. */
static inline int ipc_set_of(struct maar_ipc *q)
{
	const int set = epoll_create1(EPOLL_CLOEXEC);

	unit_must(set >= 0);
	ipc_watch(set, maar_ipc_fd(q));
	return set;
}

static inline int ipc_wait_ms(int set, int ms)
{
	struct epoll_event fired;
	int n;

	do
		n = epoll_wait(set, &fired, 1, ms);
	while (n < 0 && errno == EINTR);
	return n;
}

static inline bool ipc_readable(int set)
{
	return ipc_wait_ms(set, 0) == 1;
}

static inline void ipc_wait_readable(int set)
{
	unit_eq(ipc_wait_ms(set, -1), 1);
}

/* Arms until it is quiet: newcomers make it readable once. */
static inline void ipc_settle(struct maar_ipc *q, int set)
{
	unsigned tries = 0;

	do {
		unit_eq(maar_ipc_disarm(q), 0);
		unit_eq(maar_ipc_arm(q), 0);
		unit_must(tries++ < 100);
	} while (ipc_readable(set));
}

#endif
