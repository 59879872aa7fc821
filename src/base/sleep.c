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
#include <limits.h>
#include <linux/futex.h>
#include <poll.h>
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
