/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Bells of queues by name: a FIFO for each consumer that wants a descriptor, under a hidden name that says whose it
 * is.
 *
 * Its consumer has the lock on MAKER of it, as the maker of a file: a FIFO whose lock is free is a dead one's, also
 * when the queue is gone, and may be removed by anybody. All open it to be read and written: so nobody ever writes to
 * a FIFO that nobody reads, which would be a SIGPIPE, and it may be opened before, and after, its consumer does. None
 * waits: all is O_NONBLOCK, and a FIFO that is full is one that is readable.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* O_DIRECTORY */
#endif
#include "names_priv.h"

#include "../base/sleep.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_BYTES (sizeof(MAAR__IPC_BELL) + 32 + 1 + 4 + 1 + 8)

/* One that this process has rung. */
struct maar__ipc_fifo {
	struct maar__ipc_held held;
	uint32_t life;
};

static void bell_name(char *name, const struct maar__ipc_fifos *b, uint32_t i, uint32_t life)
{
	(void)snprintf(name, NAME_BYTES, MAAR__IPC_BELL "%016" PRIx64 "%016" PRIx64 "-%" PRIx32 "-%" PRIx32,
		       b->segment[0], b->segment[1], i & 0xffff, life);
}

/* Opened, and a FIFO: 0 or -errno. */
static int open_bell(struct maar__ipc_held *held, const struct maar__ipc_fifos *b, const char *name, struct stat *about)
{
	int rc = maar__ipc_held_open(held, b->dir.fd, name, O_RDWR);

	if (rc == 0 && fstat(held->fd, about))
		rc = -errno;
	if (rc == 0 && !S_ISFIFO(about->st_mode))
		rc = -EEXIST;
	if (rc)
		maar__ipc_held_close(held);
	return rc;
}

/* ---- this one's own ---- */

/* One try: 0; -EAGAIN: somebody took it for a dead one's; or -errno. */
static int make_bell(struct maar__ipc_fifos *b, const char *name)
{
	struct stat about;
	int rc;

	if (maar__fault(MAAR__FAULT_FD))
		return -ENOMEM;
	if (mkfifoat(b->dir.fd, name, 0600) && errno != EEXIST)
		return -errno;
	(void)fchmodat(b->dir.fd, name, 0600, 0); /* whatever umask has taken away */
	rc = open_bell(&b->own, b, name, &about);
	if (rc)
		return rc == -ENOENT ? -EAGAIN : rc;
	rc = maar__ipc_lock(b->own.fd, MAAR__IPC_MAKER, 1);
	if (rc == 0 && fstat(b->own.fd, &about))
		rc = -errno;
	if (rc == 0 && about.st_nlink == 0)
		rc = -EAGAIN;
	if (rc)
		maar__ipc_held_close(&b->own);
	return rc;
}

static int open_own(void *arg, uint32_t i, uint32_t life)
{
	struct maar__ipc_fifos *b = arg;
	char name[NAME_BYTES];
	unsigned tries = 0;
	int rc;

	bell_name(name, b, i, life);
	while ((rc = make_bell(b, name)) == -EAGAIN && ++tries < MAAR__IPC_PATIENCE)
		maar__ipc_pause();
	if (rc)
		return rc == -EAGAIN ? -EBUSY : rc;
	b->me = i;
	return b->own.fd;
}

static void close_bell(void *arg, uint32_t i, uint32_t life)
{
	struct maar__ipc_fifos *b = arg;
	char name[NAME_BYTES];

	bell_name(name, b, i, life);
	(void)unlinkat(b->dir.fd, name, 0);
	pthread_mutex_lock(&b->lock);
	if (i == b->me) {
		maar__ipc_held_close(&b->own);
		b->me = 0;
	} else if (b->rung && b->rung[i].life == life) {
		maar__ipc_held_close(&b->rung[i].held);
	}
	pthread_mutex_unlock(&b->lock);
}

/* ---- the others' ---- */

/* A descriptor of it, or -errno; under the lock. */
static int find(struct maar__ipc_fifos *b, uint32_t i, uint32_t life)
{
	struct maar__ipc_fifo *bell;
	char name[NAME_BYTES];
	struct stat about;
	uint32_t k;
	int rc;

	if (!b->rung) {
		b->rung = maar__alloc((b->participants + (size_t)1) * sizeof(*b->rung));
		for (k = 0; b->rung && k <= b->participants; k++)
			b->rung[k].held.fd = -1;
	}
	if (!b->rung)
		return -ENOMEM;
	bell = &b->rung[i];
	if (bell->held.fd >= 0 && bell->life == life)
		return bell->held.fd;
	maar__ipc_held_close(&bell->held);
	bell_name(name, b, i, life);
	rc = open_bell(&bell->held, b, name, &about);
	bell->life = life;
	return rc ? rc : bell->held.fd;
}

static int ring_bell(void *arg, uint32_t i, uint32_t life)
{
	struct maar__ipc_fifos *b = arg;
	int fd, rc;

	if (i > b->participants)
		return 0;
	pthread_mutex_lock(&b->lock);
	fd = i == b->me ? b->own.fd : find(b, i, life);
	rc = fd < 0 ? fd : maar__fifo_set(fd);
	pthread_mutex_unlock(&b->lock);
	/* Any other reason is that it is gone. */
	return rc == -EMFILE || rc == -ENFILE || rc == -ENOMEM ? rc : 0;
}

static int death(void *arg, uint32_t i)
{
	return maar__ipc_live_fd(((struct maar__ipc_fifos *)arg)->live, i);
}

/* ---- all of them ---- */

int maar__ipc_fifos_begin(struct maar__ipc_fifos *b, struct maar__ipc_live *live)
{
	b->live = live;
	b->dir.fd = b->own.fd = -1;
	return maar__lock_init(&b->lock);
}

int maar__ipc_fifos_use(struct maar__ipc_fifos *b, int dir)
{
	b->participants = b->live->file.participants;
	return maar__ipc_held_open(&b->dir, dir, ".", O_RDONLY | O_DIRECTORY);
}

int maar__ipc_fifos_set(struct maar__ipc_fifos *b, struct maar_ipc *ipc, const uint64_t segment[2])
{
	const struct maar_ipc_bells bells = { open_own, ring_bell, close_bell, death, b };

	b->segment[0] = segment[0];
	b->segment[1] = segment[1];
	return maar_ipc_set_bells(ipc, &bells);
}

void maar__ipc_fifos_end(struct maar__ipc_fifos *b)
{
	uint32_t i;

	for (i = 1; b->rung && i <= b->participants; i++)
		maar__ipc_held_close(&b->rung[i].held);
	maar__free(b->rung);
	maar__ipc_held_close(&b->own);
	maar__ipc_held_close(&b->dir);
	pthread_mutex_destroy(&b->lock);
}
