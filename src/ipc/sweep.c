/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The names of queues: listed, removed, and what dead makers have left.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* O_CLOEXEC */
#endif
#include "names_priv.h"

#include "../base/sleep.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- removing ---- */

/*
 * One try. Whoever removes a name has the lock on REMOVER of its file, and looks again whether the name is that file's: so
 * it cannot become another's before it is removed. That nobody is alive is made sure of by having all their locks: whoever
 * opens the queue meanwhile gets none, sees the remover's, and begins again.
 */
static int remove_file(const struct maar__ipc_held *held, int dir, const char *name, bool unused)
{
	int rc = maar__ipc_lock(held->fd, MAAR__IPC_REMOVER, 1);

	if (rc)
		return rc;
	if (unused)
		rc = maar__ipc_lock(held->fd, MAAR__IPC_ALIVE, MAAR__IPC_RECORDED - MAAR__IPC_ALIVE);
	if (rc)
		return rc == -EAGAIN ? -EBUSY : rc;
	if (!maar__ipc_file_named(held, dir, name))
		return -EAGAIN;
	return unlinkat(dir, name, 0) ? -errno : 0;
}

static int try_to_remove(int dir, const char *name, bool unused)
{
	struct maar__ipc_held held;
	struct stat about;
	int rc;

	if (fstatat(dir, name, &about, AT_SYMLINK_NOFOLLOW))
		return -errno;
	if (S_ISDIR(about.st_mode))
		return -EISDIR;
	if (!S_ISREG(about.st_mode) || about.st_uid != geteuid()) {
		if (unused)
			return S_ISLNK(about.st_mode) ? -ELOOP : -EPERM;
		return unlinkat(dir, name, 0) ? -errno : 0;
	}
	rc = maar__ipc_held_open(&held, dir, name, O_RDWR);
	if (rc == 0)
		rc = remove_file(&held, dir, name, unused);
	else if (rc == -EACCES && !unused) /* of a mode that none of ours has */
		rc = unlinkat(dir, name, 0) ? -errno : 0;
	maar__ipc_held_close(&held);
	return rc;
}

int maar__ipc_file_remove(int dir, const char *name, bool unused)
{
	unsigned tries;
	int rc;

	for (tries = 0; tries < MAAR__IPC_PATIENCE; tries++) {
		rc = try_to_remove(dir, name, unused);
		if (rc != -EAGAIN)
			return rc;
		maar__ipc_pause();
	}
	return -EBUSY;
}

/* ---- all names ---- */

static bool is_hidden(const char *name)
{
	return strncmp(name, MAAR__IPC_HIDDEN, strlen(MAAR__IPC_HIDDEN)) == 0 ||
	       strncmp(name, MAAR__IPC_BELL, strlen(MAAR__IPC_BELL)) == 0;
}

/* Whether the maker of a hidden file, or the consumer of a FIFO, is dead, then with its lock; closed by the caller in any case. */
static bool is_left(struct maar__ipc_held *held, int dir, const char *name)
{
	return maar__ipc_held_open(held, dir, name, O_RDWR) == 0 && maar__ipc_lock(held->fd, MAAR__IPC_MAKER, 1) == 0;
}

typedef int name_fn(int dir, const char *name, void *arg);

/* Calls `each` with all names in the directory: the sum of what it says, or -errno. */
static ssize_t each_name(int dir, name_fn *each, void *arg)
{
	struct dirent *entry;
	ssize_t sum = 0;
	DIR *names;
	int fd;

	if (maar__fault(MAAR__FAULT_FD))
		return -ENOMEM;
	fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC); /* with a position of its own */
	if (fd < 0)
		return -errno;
	names = fdopendir(fd);
	if (!names) {
		close(fd);
		return -ENOMEM;
	}
	errno = 0;
	while ((entry = readdir(names)) != NULL) {
		sum += each(dir, entry->d_name, arg);
		errno = 0;
	}
	if (errno)
		sum = -errno;
	closedir(names);
	return sum;
}

static int clean_one(int dir, const char *name, void *arg)
{
	struct maar__ipc_held held;
	int n = 0;

	(void)arg;
	if (!is_hidden(name))
		return 0;
	if (is_left(&held, dir, name))
		n = unlinkat(dir, name, 0) == 0;
	maar__ipc_held_close(&held);
	return n;
}

ssize_t maar__ipc_file_clean(int dir)
{
	return each_name(dir, clean_one, NULL);
}

struct listing {
	maar_ipc_entry_fn *each;
	void *arg;
};

/* To look whether the lock of a maker is there takes no lock, which a maker that begins would run into. */
static bool seems_left(int dir, const char *name)
{
	struct maar__ipc_held held;
	bool left;

	left = maar__ipc_held_open(&held, dir, name, O_RDONLY) == 0 &&
	       maar__ipc_locked(held.fd, MAAR__IPC_MAKER, 1) == 0;
	maar__ipc_held_close(&held);
	return left;
}

static int list_one(int dir, const char *name, void *arg)
{
	const struct listing *l = arg;
	struct maar_ipc_entry entry;
	const bool left = is_hidden(name) && seems_left(dir, name);

	if (!left && !maar__ipc_name_ok(name))
		return 0;
	maar__ipc_file_describe(&entry, dir, name);
	if (entry.error == -ENOENT)
		return 0; /* gone meanwhile */
	if (left)
		entry.flags |= MAAR_IPC_LEFTOVER;
	l->each(&entry, l->arg);
	return 1;
}

ssize_t maar__ipc_file_list(int dir, maar_ipc_entry_fn *each, void *arg)
{
	struct listing l = { each, arg };

	return each_name(dir, list_one, &l);
}

/* A millisecond. */
void maar__ipc_pause(void)
{
	(void)maar__poll(NULL, 0, maar__now() + 1000000);
}
