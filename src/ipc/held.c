/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Descriptors that hold locks, or a connection. After fork the child's copies are of the same description: as long as they were
 * open, the parent would seem to be alive. So the child closes them before it does anything else; no fork comes between a descriptor's
 * making and its entry in the list.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* F_OFD_SETLK */
#endif
#include "names_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct maar__ipc_held *first; /* under the lock */
static bool watched;		     /* the same */

static void before_fork(void)
{
	pthread_mutex_lock(&lock);
}

static void in_parent(void)
{
	pthread_mutex_unlock(&lock);
}

/* The list's elements are copies of what threads have that the child has not: they are read once more, and never again. */
static void in_child(void)
{
	struct maar__ipc_held *held;

	for (held = first; held; held = held->next) {
		close(held->fd);
		held->fd = -1;
	}
	first = NULL;
	pthread_mutex_unlock(&lock);
}

static int watch(void)
{
	if (!watched && maar__at_fork(before_fork, in_parent, in_child))
		return -ENOMEM;
	watched = true;
	return 0;
}

static void list(struct maar__ipc_held *held)
{
	held->next = first;
	held->link = &first;
	if (first)
		first->link = &held->next;
	first = held;
}

static int open_listed(struct maar__ipc_held *held, int dir, const char *name, int flags)
{
	if (watch() || maar__fault(MAAR__FAULT_FD))
		return -ENOMEM;
	/* O_NONBLOCK: a FIFO or a device of that name must not make anybody wait. */
	do
		held->fd = openat(dir, name, flags | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0600);
	while (held->fd < 0 && errno == EINTR);
	if (held->fd < 0)
		return -errno;
	list(held);
	return 0;
}

int maar__ipc_held_open(struct maar__ipc_held *held, int dir, const char *name, int flags)
{
	int rc;

	pthread_mutex_lock(&lock);
	rc = open_listed(held, dir, name, flags);
	pthread_mutex_unlock(&lock);
	if (rc)
		held->fd = -1;
	return rc;
}

int maar__ipc_held_adopt(struct maar__ipc_held *held, int fd)
{
	int rc;

	pthread_mutex_lock(&lock);
	rc = watch();
	held->fd = rc ? -1 : fd;
	if (rc == 0)
		list(held);
	pthread_mutex_unlock(&lock);
	return rc;
}

void maar__ipc_held_close(struct maar__ipc_held *held)
{
	pthread_mutex_lock(&lock);
	if (held->fd >= 0) {
		*held->link = held->next;
		if (held->next)
			held->next->link = held->link;
		close(held->fd);
		held->fd = -1;
	}
	pthread_mutex_unlock(&lock);
}

/* ---- locks ---- */

static int control(int fd, int what, int type, int byte, int n)
{
	struct flock range = { .l_type = (short)type, .l_whence = SEEK_SET, .l_start = byte, .l_len = n };
	int rc;

	if (type != F_UNLCK && maar__fault(MAAR__FAULT_FD))
		return -ENOMEM;
	do
		rc = fcntl(fd, what, &range);
	while (rc < 0 && errno == EINTR);
	if (rc < 0)
		return errno == EACCES ? -EAGAIN : -errno;
	return what == F_OFD_GETLK && range.l_type != F_UNLCK;
}

int maar__ipc_lock(int fd, int byte, int n)
{
	return control(fd, F_OFD_SETLK, F_WRLCK, byte, n);
}

void maar__ipc_unlock(int fd, int byte, int n)
{
	(void)control(fd, F_OFD_SETLK, F_UNLCK, byte, n);
}

int maar__ipc_locked(int fd, int byte, int n)
{
	return control(fd, F_OFD_GETLK, F_WRLCK, byte, n);
}
