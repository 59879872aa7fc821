/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Queues by name: what programs call.
 */
#include "ipc_priv.h"
#include "names_priv.h"

#include "../base/life.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <fcntl.h>
#include <unistd.h>

/* ---- one process's attachment ---- */

struct attached {
	struct maar__ipc_live live;
	struct maar__ipc_fifos fifos;
	bool *ended; /* told when it is; NULL: nobody asks */
};

static void end(void *arg)
{
	struct attached *a = arg;

	if (a->ended)
		*a->ended = true;
	maar__ipc_fifos_end(&a->fifos);
	maar__ipc_file_close(&a->live.file);
	pthread_mutex_destroy(&a->live.lock);
	maar__free(a);
}

/* One without a file; NULL: no memory. */
static struct attached *begin(void)
{
	struct attached *a = maar__alloc(sizeof(*a));

	if (!a || maar__lock_init(&a->live.lock)) {
		maar__free(a);
		return NULL;
	}
	if (maar__ipc_fifos_begin(&a->fifos, &a->live)) {
		pthread_mutex_destroy(&a->live.lock);
		maar__free(a);
		return NULL;
	}
	a->live.file.held.fd = -1;
	return a;
}

/* Attaches to its file; it belongs to the queue then, or is gone. NULL with errno. */
static struct maar_ipc *attach(struct attached *a, const struct maar_ipc_who *who)
{
	const struct maar_ipc_life life = { maar__ipc_live_take, maar__ipc_live_drop, maar__ipc_live_alive, end, a };
	struct maar_ipc *ipc;
	bool ended = false;

	a->ended = &ended;
	ipc = maar_ipc_attach(a->live.file.map, (size_t)a->live.file.records_at, who, &life);
	if (ipc) {
		a->ended = NULL;
		(void)maar__ipc_fifos_set(&a->fifos, ipc, ipc->uuid);
	} else if (!ended) { /* it did not come so far as to want to know who is alive */
		const int reason = errno;

		end(a);
		errno = reason;
	}
	return ipc;
}

/* ---- opening ---- */

/*
 * After an attach that found no number free: whether that was because somebody is removing the file, and has all of them, or
 * has just done so.
 */
static bool is_being_removed(int dir, const char *name, const struct stat *file)
{
	struct maar__ipc_held held;
	struct stat now;
	bool yes;

	yes = maar__ipc_held_open(&held, dir, name, O_RDONLY) != 0 || fstat(held.fd, &now) != 0 ||
	      now.st_ino != file->st_ino || now.st_dev != file->st_dev ||
	      maar__ipc_locked(held.fd, MAAR__IPC_REMOVER, 1) == 1;
	maar__ipc_held_close(&held);
	return yes;
}

/*
 * Attaches to the file that was just opened or made, unless `rc` says that this failed. 0 and *ipc, -EAGAIN: the name is not
 * the file's any more, or -errno.
 */
static int attach_named(int rc, struct attached *a, int dir, const char *name, const struct maar_ipc_who *who,
			struct maar_ipc **ipc)
{
	struct stat about, named;

	if (rc == 0 && fstat(a->live.file.held.fd, &about))
		rc = -errno;
	if (rc == 0)
		rc = maar__ipc_fifos_use(&a->fifos, dir);
	if (rc) {
		end(a);
		return rc;
	}
	*ipc = attach(a, who);
	if (!*ipc) {
		rc = -errno;
		return rc == -EUSERS && is_being_removed(dir, name, &about) ? -EAGAIN : rc;
	}
	/* A remover that looked before this one was alive may have removed it since: then nobody else would come. */
	if (fstatat(dir, name, &named, AT_SYMLINK_NOFOLLOW) == 0 && named.st_ino == about.st_ino &&
	    named.st_dev == about.st_dev)
		return 0;
	(void)maar_ipc_detach(*ipc);
	*ipc = NULL;
	return -EAGAIN;
}

static int open_once(int dir, const char *name, const struct maar_ipc_who *who, struct maar_ipc **ipc)
{
	struct attached *a = begin();

	if (!a)
		return -ENOMEM;
	return attach_named(maar__ipc_file_open(&a->live.file, dir, name, true), a, dir, name, who, ipc);
}

/* ---- creating ---- */

struct recipe {
	const char *name;
	const struct maar_ipc_options *options;
	const struct maar_ipc_who *who;
	unsigned flags;
};

static int init(void *mem, size_t bytes, const void *options)
{
	return maar_ipc_init(mem, bytes, options);
}

static int make_once(int dir, const struct recipe *r, struct maar_ipc **ipc)
{
	const uint64_t bytes = maar_ipc_bytes(r->options);
	const uint32_t asked = r->options ? r->options->participants : 0;
	struct attached *a;
	int rc;

	if (bytes == 0)
		return -EINVAL;
	a = begin();
	if (!a)
		return -ENOMEM;
	(void)maar__ipc_file_clean(dir);
	rc = maar__ipc_file_make(&a->live.file, dir, r->name, bytes, asked ? asked : MAAR_IPC_PARTICIPANTS, init,
				 r->options);
	return attach_named(rc, a, dir, r->name, r->who, ipc);
}

static int create_once(int dir, const struct recipe *r, struct maar_ipc **ipc)
{
	const bool exclusive = r->flags & MAAR_IPC_EXCLUSIVE;
	struct stat about;
	int rc = -ENOENT;

	if (!exclusive)
		rc = open_once(dir, r->name, r->who, ipc);
	else if (fstatat(dir, r->name, &about, AT_SYMLINK_NOFOLLOW) == 0)
		rc = -EEXIST;
	if (rc == -ENOENT)
		rc = make_once(dir, r, ipc);
	return rc == -EEXIST && !exclusive ? -EAGAIN : rc; /* another was faster: attach to that */
}

/* Again and again while others remove it; `once` says -EAGAIN then. */
static struct maar_ipc *patiently(int once(int dir, const struct recipe *r, struct maar_ipc **ipc),
				  const struct recipe *r, bool make)
{
	struct maar_ipc *ipc = NULL;
	unsigned tries = 0;
	int dir, rc = maar__ipc_check_who(r->who); /* before anything is made */

	if (maar__refused(rc))
		return NULL;
	dir = maar__ipc_name_ok(r->name) && !(r->flags & ~(unsigned)MAAR_IPC_EXCLUSIVE) ? maar__ipc_dir_open(make)
											: -EINVAL;
	if (maar__refused(dir < 0 ? dir : 0))
		return NULL;
	while ((rc = once(dir, r, &ipc)) == -EAGAIN && ++tries < MAAR__IPC_PATIENCE)
		maar__ipc_pause();
	close(dir);
	if (rc == -EAGAIN)
		rc = -EBUSY;
	return maar__refused(rc) ? NULL : ipc;
}

struct maar_ipc *maar_ipc_create(const char *name, const struct maar_ipc_options *options,
				 const struct maar_ipc_who *who, unsigned flags)
{
	const struct recipe r = { name, options, who, flags };

	return patiently(create_once, &r, true);
}

static int open_again(int dir, const struct recipe *r, struct maar_ipc **ipc)
{
	return open_once(dir, r->name, r->who, ipc);
}

struct maar_ipc *maar_ipc_open(const char *name, const struct maar_ipc_who *who)
{
	const struct recipe r = { name, NULL, who, 0 };

	return patiently(open_again, &r, false);
}

/* ---- names ---- */

int maar_ipc_unlink(const char *name, unsigned flags)
{
	int dir, rc;

	if (!maar__ipc_name_ok(name) || (flags & ~(unsigned)MAAR_IPC_UNUSED))
		return -EINVAL;
	dir = maar__ipc_dir_open(false);
	if (dir < 0)
		return dir;
	rc = maar__ipc_file_remove(dir, name, flags & MAAR_IPC_UNUSED);
	if (rc == 0)
		(void)maar__ipc_file_clean(dir); /* its dead consumers' FIFOs */
	close(dir);
	return rc;
}

ssize_t maar_ipc_list(maar_ipc_entry_fn *each, void *arg)
{
	const int dir = each ? maar__ipc_dir_open(false) : -EINVAL;
	ssize_t n;

	if (dir < 0)
		return dir == -ENOENT ? 0 : dir;
	n = maar__ipc_file_list(dir, each, arg);
	close(dir);
	return n;
}

ssize_t maar_ipc_clean(void)
{
	const int dir = maar__ipc_dir_open(false);
	ssize_t n;

	if (dir < 0)
		return dir == -ENOENT ? 0 : dir;
	n = maar__ipc_file_clean(dir);
	close(dir);
	return n;
}

int maar_ipc_directory(char *path, size_t room)
{
	return path ? maar__ipc_dir_path(path, room) : -EINVAL;
}

/* ---- observers ---- */

int maar_ipc_view(const char *name, const void **mem, size_t *bytes)
{
	struct maar__ipc_file file;
	int dir, rc;

	if (!maar__ipc_name_ok(name) || !mem || !bytes)
		return -EINVAL;
	dir = maar__ipc_dir_open(false);
	if (dir < 0)
		return dir;
	rc = maar__ipc_file_open(&file, dir, name, false);
	close(dir);
	if (rc)
		return rc;
	*mem = file.map;
	*bytes = (size_t)file.bytes;
	maar__ipc_held_close(&file.held); /* the mapping stays */
	return 0;
}

void maar_ipc_unview(const void *mem, size_t bytes)
{
	maar__unmap((void *)(uintptr_t)mem, bytes);
}
