/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Who is alive, of those who share a file: participant i is whoever has the lock on byte ALIVE + i. The system drops that when
 * the process has ended, and at no other time, and it is the same in every pid namespace.
 *
 * One thing keeps it too long: a child that was made without fork's handlers (clone(2), by hand) has the description open
 * for as long as it lives. So whoever takes a number also writes down who it is, and says so by the lock on RECORDED + i;
 * then it is dead as well when that process is. As a record is read, its writer may die and another may take the number:
 * hence it counts only if the lock is there before and after, and the record is the same. If the two locks are of
 * different owners, the later one has written a record of its own in between, which is another one, unless it is the same
 * process; and a dead one takes no locks.
 */
#include "names_priv.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static uint64_t *word_of(struct maar__ipc_live *l, uint32_t i)
{
	return &l->mine[i / 64];
}

static uint64_t bit_of(uint32_t i)
{
	return UINT64_C(1) << i % 64;
}

static bool is_mine(struct maar__ipc_live *l, uint32_t i)
{
	bool mine;

	pthread_mutex_lock(&l->lock);
	mine = *word_of(l, i) & bit_of(i);
	pthread_mutex_unlock(&l->lock);
	return mine;
}

/* What it was before. */
static bool set_mine(struct maar__ipc_live *l, uint32_t i, bool mine)
{
	bool was;

	pthread_mutex_lock(&l->lock);
	was = *word_of(l, i) & bit_of(i);
	*word_of(l, i) = (*word_of(l, i) & ~bit_of(i)) | (mine ? bit_of(i) : 0);
	pthread_mutex_unlock(&l->lock);
	return was;
}

static uint64_t record_at(const struct maar__ipc_live *l, uint32_t i)
{
	return l->file.records_at + i * sizeof(struct maar__process);
}

/* Through the descriptor: what is in the mapping, without a look into memory that another thread may be writing. */
static bool read_record(const struct maar__ipc_live *l, uint32_t i, struct maar__process *p)
{
	ssize_t n;

	do
		n = pread(l->file.held.fd, p, sizeof(*p), (off_t)record_at(l, i));
	while (n < 0 && errno == EINTR);
	return n == (ssize_t)sizeof(*p);
}

int maar__ipc_live_take(void *live, uint32_t i)
{
	struct maar__ipc_live *l = live;
	struct maar__process me;
	int rc;

	if (i > l->file.participants)
		return -EINVAL;
	/*
	 * Before, for its own locks are not shown to it: another thread must not find that nobody is i. At once, for they are not
	 * refused to it either: of two threads that forget the same key one is i.
	 */
	if (set_mine(l, i, true))
		return -EBUSY;
	rc = maar__ipc_lock(l->file.held.fd, MAAR__IPC_ALIVE + (int)i, 1);
	if (rc) {
		(void)set_mine(l, i, false);
		return rc == -EAGAIN ? -EBUSY : rc;
	}
	/* Without a record it is alive as long as the lock is there. */
	if (maar__process_self(&me) == 0) {
		memcpy((char *)l->file.map + record_at(l, i), &me, sizeof(me));
		(void)maar__ipc_lock(l->file.held.fd, MAAR__IPC_RECORDED + (int)i, 1);
	}
	return 0;
}

void maar__ipc_live_drop(void *live, uint32_t i)
{
	struct maar__ipc_live *l = live;

	if (i > l->file.participants || !is_mine(l, i))
		return;
	maar__ipc_unlock(l->file.held.fd, MAAR__IPC_RECORDED + (int)i, 1);
	maar__ipc_unlock(l->file.held.fd, MAAR__IPC_ALIVE + (int)i, 1);
	(void)set_mine(l, i, false);
}

/* Whether the process that i is by its record has ended, though its lock is there. Not to know is to say no. */
static bool outlived_by_lock(const struct maar__ipc_live *l, uint32_t i)
{
	struct maar__process before, after;

	return maar__ipc_locked(l->file.held.fd, MAAR__IPC_RECORDED + (int)i, 1) == 1 && read_record(l, i, &before) &&
	       maar__process_alive(&before) == 0 &&
	       maar__ipc_locked(l->file.held.fd, MAAR__IPC_RECORDED + (int)i, 1) == 1 && read_record(l, i, &after) &&
	       memcmp(&before, &after, sizeof(before)) == 0;
}

int maar__ipc_live_alive(void *live, uint32_t i)
{
	struct maar__ipc_live *l = live;
	int rc;

	if (i > l->file.participants)
		return -EINVAL;
	if (is_mine(l, i))
		return 1;
	rc = maar__ipc_locked(l->file.held.fd, MAAR__IPC_ALIVE + (int)i, 1);
	return rc == 1 ? !outlived_by_lock(l, i) : rc;
}

int maar__ipc_live_who(const struct maar__ipc_live *live, uint32_t i, struct maar__process *who)
{
	return read_record(live, i, who) ? 0 : -EBADMSG;
}

int maar__ipc_live_fd(void *live, uint32_t i)
{
	struct maar__ipc_live *l = live;
	struct maar__process p;
	int rc = maar__ipc_live_alive(l, i);

	if (rc <= 0)
		return rc ? rc : -ESRCH;
	return read_record(l, i, &p) ? maar__process_fd(&p) : -EBADMSG;
}
