/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Futexes, event descriptors, the clock: see sleep.h.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1 /* syscall */
#endif
#include "sleep.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S 1000000000

/* As the kernel reads a time: two longs, but on 32-bit machines that have the 64-bit call only. */
#ifdef SYS_futex
#define FUTEX_CALL SYS_futex
#define POLL_CALL  SYS_ppoll
struct kernel_time {
	long s, ns;
};
#else
#define FUTEX_CALL SYS_futex_time64
#define POLL_CALL  SYS_ppoll_time64
struct kernel_time {
	int64_t s, ns;
};
#endif

#ifdef MAAR_FAULTS
static uint64_t calls;

uint64_t maar__sleep_calls(void)
{
	return maar_a_load(&calls, RELAXED);
}
#define COUNT_CALL() ((void)maar_a_add(&calls, 1, RELAXED))
#else
#define COUNT_CALL() ((void)0)
#endif

int64_t maar__now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

static struct kernel_time kernel_time_of(int64_t ns)
{
	const int64_t s = ns / NS_PER_S;
	struct kernel_time t;

	/* A 32-bit long holds 68 years since the machine was started. */
	t.s = s > LONG_MAX ? LONG_MAX : (__typeof__(t.s))s;
	t.ns = (__typeof__(t.ns))(ns % NS_PER_S);
	return t;
}

int64_t maar__now_coarse(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

int maar__futex_wait(uint32_t *word, uint32_t expected, int64_t deadline, bool shared)
{
	const int op = FUTEX_WAIT_BITSET | (shared ? 0 : FUTEX_PRIVATE_FLAG); /* BITSET: an absolute time */
	const int saved = errno;
	struct kernel_time until;
	int rc;

	if (deadline >= 0)
		until = kernel_time_of(deadline);
	do {
		COUNT_CALL();
		rc = (int)syscall(FUTEX_CALL, word, op, expected, deadline >= 0 ? &until : NULL, NULL,
				  FUTEX_BITSET_MATCH_ANY);
	} while (rc < 0 && errno == EINTR);
	if (rc < 0)
		rc = errno == ETIMEDOUT ? -ETIMEDOUT : 0; /* EAGAIN: the word was another one */
	errno = saved;
	return rc;
}

uint32_t maar__futex_wake(uint32_t *word, uint32_t n, bool shared)
{
	const int saved = errno;
	long woken;

	COUNT_CALL();
	woken = syscall(FUTEX_CALL, word, FUTEX_WAKE | (shared ? 0 : FUTEX_PRIVATE_FLAG),
			n > INT_MAX ? INT_MAX : (int)n, NULL, NULL, 0);
	errno = saved;
	return woken > 0 ? (uint32_t)woken : 0;
}

int maar__eventfd(void)
{
	const int saved = errno;
	int fd;

	if (maar__fault(MAAR__FAULT_FD))
		return -ENOMEM;
	fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (fd < 0)
		fd = -errno;
	errno = saved;
	return fd;
}

/*
 * Neither can fail in a way that matters: a full counter is readable already, an empty one is cleared already. By
 * syscall, as write, read and close of the C library are cancellation points, and no call of an event is one.
 */
void maar__eventfd_set(int fd)
{
	const uint64_t one = 1;
	const int saved = errno;

	COUNT_CALL();
	(void)syscall(SYS_write, fd, &one, sizeof(one));
	errno = saved;
}

void maar__eventfd_clear(int fd)
{
	const int saved = errno;
	uint64_t count;

	(void)syscall(SYS_read, fd, &count, sizeof(count));
	errno = saved;
}

/* ---- sets of descriptors ---- */

#define MOST_FIRED 16 /* told at once */

int maar__fd_set(void)
{
	const int saved = errno;
	int fd;

	if (maar__fault(MAAR__FAULT_FD))
		return -ENOMEM;
	fd = epoll_create1(EPOLL_CLOEXEC);
	if (fd < 0)
		fd = -errno;
	errno = saved;
	return fd;
}

int maar__fd_set_add(int set, int fd, uint32_t key)
{
	const int saved = errno;
	struct epoll_event about = { .events = EPOLLIN, .data = { .u32 = key } };
	int rc;

	if (maar__fault(MAAR__FAULT_FD))
		return -ENOMEM;
	rc = epoll_ctl(set, EPOLL_CTL_ADD, fd, &about) ? -errno : 0;
	errno = saved;
	return rc;
}

void maar__fd_set_drop(int set, int fd)
{
	const int saved = errno;
	struct epoll_event about = { .events = 0 }; /* a kernel before 2.6.9 wants one */

	(void)epoll_ctl(set, EPOLL_CTL_DEL, fd, &about);
	errno = saved;
}

size_t maar__fd_set_fired(int set, uint32_t *keys, size_t n)
{
	struct epoll_event fired[MOST_FIRED];
	const int saved = errno;
	long i, got;

	/* By the system call itself: epoll_wait would be a cancellation point. */
	do
		got = syscall(SYS_epoll_pwait, set, fired, n < MOST_FIRED ? (int)n : MOST_FIRED, 0, NULL, (size_t)8);
	while (got < 0 && errno == EINTR);
	errno = saved;
	for (i = 0; i < got; i++)
		keys[i] = fired[i].data.u32;
	return got > 0 ? (size_t)got : 0;
}

/* ---- FIFOs ---- */

int maar__fifo_set(int fd)
{
	const int saved = errno;
	const char byte = 0;
	long n;

	COUNT_CALL();
	do
		n = syscall(SYS_write, fd, &byte, (size_t)1);
	while (n < 0 && errno == EINTR);
	n = n < 0 && errno != EAGAIN ? -errno : 0;
	errno = saved;
	return (int)n;
}

void maar__fifo_clear(int fd)
{
	const int saved = errno;
	char bytes[4096];
	unsigned tries = 0;
	long n;

	/* A FIFO holds 64 KiB; one that is filled as fast as it is read stays readable, which is right. */
	do
		n = syscall(SYS_read, fd, bytes, sizeof(bytes));
	while ((n == (long)sizeof(bytes) || (n < 0 && errno == EINTR)) && ++tries < 32);
	errno = saved;
}

bool maar__is_nonblocking(int fd)
{
	const int saved = errno;
	const int flags = fcntl(fd, F_GETFL);

	errno = saved;
	return flags >= 0 && (flags & O_NONBLOCK);
}

void maar__close(int fd)
{
	const int saved = errno;

	(void)syscall(SYS_close, fd);
	errno = saved;
}

/* By the system call itself: poll would be a cancellation point. */
int maar__poll(struct pollfd *fds, size_t n, int64_t deadline)
{
	const int saved = errno;
	struct kernel_time left;
	int rc;

	do {
		if (deadline >= 0) {
			const int64_t ns = deadline - maar__now();

			left = kernel_time_of(ns > 0 ? ns : 0);
		}
		rc = (int)syscall(POLL_CALL, fds, n, deadline >= 0 ? &left : NULL, NULL, (size_t)0);
	} while (rc < 0 && errno == EINTR);
	if (rc < 0)
		rc = -errno;
	errno = saved;
	return rc;
}

unsigned maar__processors(void)
{
	const int saved = errno;
	const long n = sysconf(_SC_NPROCESSORS_ONLN);

	errno = saved;
	return n > 0 ? (unsigned)n : 2; /* not known: more than one, as nearly everywhere */
}
