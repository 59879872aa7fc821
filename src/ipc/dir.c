/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The directory that the queues of a user have their names in. /dev/shm is everybody's: somebody else may have made a
 * directory of this name before, so it is used only if it belongs to this user and nobody else may enter it.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* secure_getenv, O_DIRECTORY */
#endif
#include "names_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool maar__ipc_name_ok(const char *name)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
	size_t n;

	if (!name || name[0] == '.')
		return false;
	n = strnlen(name, MAAR_IPC_NAME_BYTES + 1);
	return n >= 1 && n <= MAAR_IPC_NAME_BYTES && strspn(name, letters) == n;
}

int maar__ipc_dir_path(char *path, size_t room)
{
	/* A program that runs with more rights than its caller does not let the caller say where. */
	const char *chosen = secure_getenv("MAAR_DIR");
	int n;

	if (chosen && *chosen) {
		if (*chosen != '/')
			return -EINVAL;
		n = snprintf(path, room, "%s", chosen);
	} else {
		n = snprintf(path, room, "/dev/shm/maar-%lu", (unsigned long)geteuid());
	}
	return n < 0 || (size_t)n >= room ? -ENAMETOOLONG : 0;
}

static int open_dir(const char *path)
{
	int fd;

	if (maar__fault(MAAR__FAULT_FD))
		return -ENOMEM;
	do
		fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	while (fd < 0 && errno == EINTR);
	if (fd >= 0)
		return fd;
	return errno == ELOOP ? -ENOTDIR : -errno; /* a link is none of this user's doing, wherever it leads */
}

int maar__ipc_dir_open(bool make)
{
	char path[4096];
	struct stat about;
	int fd, rc = maar__ipc_dir_path(path, sizeof(path));

	if (rc)
		return rc;
	fd = open_dir(path);
	if (fd == -ENOENT && make) {
		if (mkdir(path, 0700) && errno != EEXIST)
			return -errno;
		fd = open_dir(path);
	}
	if (fd < 0)
		return fd;
	if (fstat(fd, &about))
		rc = -errno;
	else if (about.st_uid != geteuid() || (about.st_mode & 0777) != 0700)
		rc = -EPERM;
	if (rc == 0)
		return fd;
	close(fd);
	return rc;
}
