/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The files of queues: made, opened, mapped.
 *
 * A maker locks its file as soon as it has made it; whoever gets that lock of a hidden file knows that its maker is dead, or
 * has not come to its lock yet. The latter finds that the lock is another's, or that the file has no name any more, and
 * begins again.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* O_CLOEXEC */
#endif
#include "ipc_priv.h"
#include "names_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAKER_TRIES 100 /* files of one maker that others remove before it gets to its lock: each a rare accident */

/* ---- what it is made of ---- */

/* Where the records lie, and the bytes of all; false: not to be had. */
static bool measure(struct maar__ipc_file *file, uint64_t bytes, uint32_t participants)
{
	size_t records;

	if (bytes > INT64_MAX / 2 || !maar__round_up((size_t)bytes, MAAR__IPC_PAGE, &records))
		return false;
	file->participants = participants;
	file->records_at = records;
	return maar__round_up(records + (participants + (size_t)1) * sizeof(struct maar__process), MAAR__IPC_PAGE,
			      (size_t *)&file->bytes);
}

static int map(struct maar__ipc_file *file, bool writable)
{
	file->map = maar__map_shared(file->held.fd, (size_t)file->bytes, writable);
	return file->map ? 0 : -errno;
}

void maar__ipc_file_close(struct maar__ipc_file *file)
{
	maar__unmap(file->map, (size_t)file->bytes);
	file->map = NULL;
	maar__ipc_held_close(&file->held);
}

/* ---- making ---- */

static int hidden_name(char *name, size_t room)
{
	uint64_t number;

	if (maar__fault(MAAR__FAULT_FD))
		return -ENOMEM;
	while (getrandom(&number, sizeof(number), 0) != (ssize_t)sizeof(number))
		if (errno != EINTR)
			return -errno;
	(void)snprintf(name, room, MAAR__IPC_HIDDEN "%016" PRIx64, number);
	return 0;
}

/* One try: an empty file that is this maker's; 0, -EAGAIN: somebody took it for a dead one's, or -errno. */
static int begin(struct maar__ipc_held *held, int dir, char *hidden, size_t room)
{
	struct stat about;
	int rc = hidden_name(hidden, room);

	if (rc)
		return rc;
	rc = maar__ipc_held_open(held, dir, hidden, O_RDWR | O_CREAT | O_EXCL);
	if (rc)
		return rc == -EEXIST ? -EAGAIN : rc;
	rc = maar__ipc_lock(held->fd, MAAR__IPC_MAKER, 1);
	if (rc == 0 && fstat(held->fd, &about))
		rc = -errno;
	if (rc == 0 && about.st_nlink == 0)
		rc = -EAGAIN;
	if (rc == 0 && fchmod(held->fd, 0600)) /* whatever umask has taken away */
		rc = -errno;
	if (rc == 0)
		return 0;
	if (rc != -EAGAIN)
		(void)unlinkat(dir, hidden, 0);
	maar__ipc_held_close(held);
	return rc;
}

static int fill_and_name(struct maar__ipc_file *file, int dir, const char *hidden, const char *name,
			 maar__ipc_fill *fill, const void *arg)
{
	int rc = maar__file_reserve(file->held.fd, file->bytes);

	if (rc == 0)
		rc = map(file, true);
	if (rc == 0)
		rc = fill(file->map, (size_t)file->records_at, arg);
	if (rc == 0 && maar__fault(MAAR__FAULT_FD))
		rc = -ENOMEM;
	if (rc == 0 && linkat(dir, hidden, dir, name, 0))
		rc = -errno;
	return rc;
}

int maar__ipc_file_make(struct maar__ipc_file *file, int dir, const char *name, uint64_t bytes, uint32_t participants,
			maar__ipc_fill *fill, const void *arg)
{
	char hidden[sizeof(MAAR__IPC_HIDDEN) + 16];
	unsigned tries = 0;
	int rc;

	memset(file, 0, sizeof(*file));
	file->held.fd = -1;
	if (!measure(file, bytes, participants))
		return -EFBIG;
	do
		rc = begin(&file->held, dir, hidden, sizeof(hidden));
	while (rc == -EAGAIN && ++tries < MAKER_TRIES);
	if (rc)
		return rc;
	rc = fill_and_name(file, dir, hidden, name, fill, arg);
	(void)unlinkat(dir, hidden, 0);
	maar__ipc_unlock(file->held.fd, MAAR__IPC_MAKER, 1);
	if (rc)
		maar__ipc_file_close(file);
	return rc;
}

/* ---- opening ---- */

/* That it is a file of this user's alone. */
static int own_file(int fd, struct stat *about)
{
	if (fstat(fd, about))
		return -errno;
	return S_ISREG(about->st_mode) && about->st_uid == geteuid() && !(about->st_mode & 077) ? 0 : -EPERM;
}

/* Checks the header, which is read, not mapped: of a file that is too short, a mapping would kill. */
static int check(struct maar__ipc_file *file, const struct stat *about)
{
	unsigned char start[MAAR__IPC_HEADER_BYTES];
	struct maar__ipc_header h;
	ssize_t n;
	int rc;

	do
		n = pread(file->held.fd, start, sizeof(start), 0);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	if (n < (ssize_t)sizeof(start))
		return -EBADMSG;
	rc = maar__ipc_check(start, sizeof(start), (uint64_t)about->st_size, &h);
	if (rc == -ENOSPC)
		return -EBADMSG; /* it was cut short */
	if (rc)
		return rc;
	return measure(file, h.bytes, h.participants) && file->bytes == (uint64_t)about->st_size ? 0 : -EBADMSG;
}

static uint64_t memory_of(const struct stat *about)
{
	return (uint64_t)about->st_blocks * 512; /* bytes, as stat(2) has it */
}

static int open_checked(struct maar__ipc_file *file, int dir, const char *name, bool writable, struct stat *about)
{
	int rc;

	memset(file, 0, sizeof(*file));
	rc = maar__ipc_held_open(&file->held, dir, name, writable ? O_RDWR : O_RDONLY);
	if (rc)
		return rc == -ENXIO || rc == -EISDIR ? -EPERM : rc; /* a socket, a directory */
	rc = own_file(file->held.fd, about);
	if (rc == 0)
		rc = check(file, about);
	return rc;
}

int maar__ipc_file_open(struct maar__ipc_file *file, int dir, const char *name, bool writable)
{
	struct stat about;
	int rc = open_checked(file, dir, name, writable, &about);

	/* A part without memory would be a SIGBUS if the file system were full. Who only reads has zeros there. */
	if (rc == 0 && writable && memory_of(&about) < file->bytes)
		rc = maar__file_reserve(file->held.fd, file->bytes);
	if (rc == 0)
		rc = map(file, writable);
	if (rc)
		maar__ipc_file_close(file);
	return rc;
}

bool maar__ipc_file_named(const struct maar__ipc_held *held, int dir, const char *name)
{
	struct stat file, named;

	return fstat(held->fd, &file) == 0 && fstatat(dir, name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	       file.st_dev == named.st_dev && file.st_ino == named.st_ino;
}

/* ---- one entry of the list ---- */

void maar__ipc_file_describe(struct maar_ipc_entry *entry, int dir, const char *name)
{
	struct maar__ipc_file file;
	struct stat about = { .st_size = 0 };
	uint32_t i;

	memset(entry, 0, sizeof(*entry));
	entry->name = name;
	entry->error = open_checked(&file, dir, name, false, &about);
	entry->bytes = (uint64_t)about.st_size;
	entry->reserved_for = memory_of(&about);
	if (entry->error == 0)
		entry->participants = file.participants;
	for (i = 1; i <= entry->participants; i++)
		entry->alive += maar__ipc_locked(file.held.fd, MAAR__IPC_ALIVE + (int)i, 1) == 1;
	maar__ipc_file_close(&file);
}
