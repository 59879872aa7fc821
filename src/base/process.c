/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Processes by number and start, as /proc and pidfd_open(2) tell.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* O_CLOEXEC, syscall */
#endif
#include "process.h"

#include "sleep.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define START_FIELD 22 /* of /proc/PID/stat, the first is 1 */

/* The beginning of a file, as a string; false with errno. */
static bool read_start(const char *path, char *text, size_t room)
{
	ssize_t n;
	int fd, reason;

	if (maar__fault(MAAR__FAULT_FD)) {
		errno = ENOMEM;
		return false;
	}
	do
		fd = open(path, O_RDONLY | O_CLOEXEC);
	while (fd < 0 && errno == EINTR);
	if (fd < 0)
		return false;
	do
		n = read(fd, text, room - 1);
	while (n < 0 && errno == EINTR);
	reason = errno;
	close(fd);
	errno = reason;
	text[n < 0 ? 0 : n] = 0;
	return n >= 0;
}

/*
 * Number and start of `who` (a name in /proc): 0, or -errno. The name of the program, in brackets, may hold anything, brackets
 * and blanks too, so fields are counted from the last bracket on.
 */
static int look(const char *who, uint64_t *pid, uint64_t *start)
{
	char path[64], text[1024], *at;
	unsigned field;

	(void)snprintf(path, sizeof(path), "/proc/%s/stat", who);
	if (!read_start(path, text, sizeof(text)))
		return -errno;
	*pid = strtoull(text, NULL, 10);
	at = strrchr(text, ')');
	for (field = 2; at && field < START_FIELD; field++)
		at = strchr(at + 1, ' ');
	if (!at || *pid == 0)
		return -ENOTSUP;
	*start = strtoull(at, NULL, 10);
	return 0;
}

/* 0 where there is none. */
static uint64_t inode(const char *path)
{
	struct stat about;

	return stat(path, &about) ? 0 : (uint64_t)about.st_ino;
}

/* Where the calling process is; all but its start, which takes the system longer than all else here. */
static int look_around(struct maar__process *me)
{
	char self[24];
	const ssize_t n = readlink("/proc/self", self, sizeof(self) - 1);

	if (n < 0) /* EINVAL: it is no link, so that is no /proc */
		return errno == ENOENT || errno == EACCES || errno == EINVAL ? -ENOTSUP : -errno;
	self[n] = 0;
	me->pid = strtoull(self, NULL, 10);
	me->pid_space = inode("/proc/self/ns/pid");
	me->time_space = inode("/proc/self/ns/time");
	/* In the /proc of another namespace this process has another number, or none. */
	return me->pid == (uint64_t)getpid() && me->pid_space ? 0 : -ENOTSUP;
}

int maar__process_self(struct maar__process *me)
{
	uint64_t pid;
	int rc = look_around(me);

	if (rc == 0)
		rc = look("self", &pid, &me->start);
	return rc == -ENOENT || rc == -EACCES ? -ENOTSUP : rc;
}

static int has_ended(int pidfd)
{
	struct pollfd about = { .fd = pidfd, .events = POLLIN };

	return maar__poll(&about, 1, 0) > 0;
}

/* A pidfd of whatever has the number now; -ESRCH: no process has it (EINVAL, ENOENT: one thread of some process has). */
static int open_number(uint64_t pid)
{
	int fd;

	if (maar__fault(MAAR__FAULT_FD))
		return -ENOMEM;
	fd = (int)syscall(SYS_pidfd_open, (int)pid, 0);
	if (fd >= 0)
		return fd;
	return errno == EINVAL || errno == ENOENT ? -ESRCH : -errno;
}

int maar__process_fd(const struct maar__process *process)
{
	uint64_t pid, start;
	struct maar__process me;
	char name[24];
	int fd, rc;

	if (process->pid == 0 || process->pid > INT_MAX)
		return -EINVAL;
	rc = look_around(&me);
	if (rc)
		return rc;
	if (me.pid_space != process->pid_space || me.time_space != process->time_space)
		return -EXDEV;
	fd = open_number(process->pid);
	if (fd < 0)
		return fd;
	/* Only now: if it is the right one that is looked at here, the descriptor is of that too. */
	(void)snprintf(name, sizeof(name), "%d", (int)process->pid);
	rc = look(name, &pid, &start);
	if ((rc == 0 && start != process->start) || has_ended(fd))
		rc = -ESRCH;
	if (rc == 0)
		return fd;
	close(fd);
	return rc == -ENOENT ? -ENOTSUP : rc; /* it lives, and is hidden */
}

int maar__process_alive(const struct maar__process *process)
{
	const int fd = maar__process_fd(process);

	if (fd < 0)
		return fd == -ESRCH ? 0 : fd;
	close(fd);
	return 1;
}
