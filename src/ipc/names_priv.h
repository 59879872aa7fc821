/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Queues by name, inside: the directory, the files in it, the locks on their bytes.
 *
 *     a file:  segment, up to a multiple of PAGE | a maar__process for each participant, its number from 0 on | up to PAGE
 *
 * Locks are of the open file description (fcntl(2), F_OFD_SETLK): the system drops them when the last descriptor of it is
 * closed, thus when the process ends, however that happens, and not before. They lie on bytes of the file's number range,
 * and have nothing to do with what stands there:
 *
 *     MAKER           whoever makes the file: a file with a hidden name of which nobody holds this is a dead one's; and the
 *                     same of a FIFO, and its consumer
 *     REMOVER         whoever removes the name
 *     ALIVE + i       participant i is alive
 *     RECORDED + i    and who it is stands in the file
 */
#ifndef MAAR_NAMES_PRIV_H
#define MAAR_NAMES_PRIV_H

#include <maar/ipc_names.h>
#include <maar/ipc_watch.h>

#include "../base/base.h"
#include "../base/process.h"

#include <sys/types.h>

#define MAAR__IPC_PAGE	   4096 /* what parts of a file begin at, on every machine; the system's page may be larger */
#define MAAR__IPC_HIDDEN   ".make-" /* how names of files in the making begin: no queue's name begins with a dot */
#define MAAR__IPC_BELL	   ".bell-" /* the same, of FIFOs (fifos.c): segment, participant's number and generation follow */
#define MAAR__IPC_PATIENCE 1000	    /* times that somebody in the way is waited for, a millisecond each */

enum maar__ipc_byte {
	MAAR__IPC_MAKER = 0,
	MAAR__IPC_REMOVER = 1,
	MAAR__IPC_ALIVE = 4096,
	MAAR__IPC_RECORDED = 8192,
};

/* ---- names and their directory (dir.c) ---- */

bool maar__ipc_name_ok(const char *name);
/* Its path; 0, -EINVAL: MAAR_DIR is not an absolute path, -ENAMETOOLONG. */
int maar__ipc_dir_path(char *path, size_t room);
/* The directory, made if `make` says so and it is missing; a descriptor, or -errno as maar_ipc_create says. */
int maar__ipc_dir_open(bool make);

/* ---- descriptors by which this process is known to be alive (held.c) ---- */

/* One of them, which is not to be copied. A forked child, which would hold the locks too, closes its own. */
struct maar__ipc_held {
	int fd;
	struct maar__ipc_held *next, **link;
};

/* Opens a file: 0 or -errno. Never waits, whatever kind of file it is, follows no link, and leaves nothing to exec. */
int maar__ipc_held_open(struct maar__ipc_held *held, int dir, const char *name, int flags);
/* The same of a descriptor that is open already: 0; -ENOMEM: it is still the caller's. */
int maar__ipc_held_adopt(struct maar__ipc_held *held, int fd);
void maar__ipc_held_close(struct maar__ipc_held *held);

/* A lock on n bytes: 0, -EAGAIN: somebody else has one of them, or -errno. */
int maar__ipc_lock(int fd, int byte, int n);
void maar__ipc_unlock(int fd, int byte, int n);
/* Whether somebody else has one of them: 1, 0 or -errno. */
int maar__ipc_locked(int fd, int byte, int n);

/* ---- files (file.c) ---- */

struct maar__ipc_file {
	struct maar__ipc_held held;
	void *map; /* of the whole, shared */
	uint64_t bytes, records_at;
	uint32_t participants;
};

/*
 * Makes a file of a name that nobody has: 0 or -errno, with nothing left. `fill` gets its memory, zeroed, for the segment
 * of `bytes`; what it says but 0 is the answer.
 */
typedef int maar__ipc_fill(void *mem, size_t bytes, const void *arg);
int maar__ipc_file_make(struct maar__ipc_file *file, int dir, const char *name, uint64_t bytes, uint32_t participants,
			maar__ipc_fill *fill, const void *arg);
/* Opens one, checks it, and maps it, to be read only or written too. */
int maar__ipc_file_open(struct maar__ipc_file *file, int dir, const char *name, bool writable);
void maar__ipc_file_close(struct maar__ipc_file *file);
/* Whether the name is still that of the file. */
bool maar__ipc_file_named(const struct maar__ipc_held *held, int dir, const char *name);
/* Removes a name; with `unused`, not if somebody alive is participant. 0, -EBUSY, or -errno. */
int maar__ipc_file_remove(int dir, const char *name, bool unused);
/* Removes what dead makers and dead consumers have left: how many, or -errno. */
ssize_t maar__ipc_file_clean(int dir);
/* What the list says of a name. */
void maar__ipc_file_describe(struct maar_ipc_entry *entry, int dir, const char *name);
/* Waits a millisecond for somebody who is in the way. */
void maar__ipc_pause(void);
/* Calls `each` with every file that has a name, or is left by a dead maker. */
ssize_t maar__ipc_file_list(int dir, maar_ipc_entry_fn *each, void *arg);

/* ---- who is alive (live.c) ---- */

/* `arg` of these is a struct maar__ipc_live. */
struct maar__ipc_live {
	struct maar__ipc_file file;
	uint64_t mine[1024 / 64]; /* bits: numbers that this one has */
	pthread_mutex_t lock;	  /* of mine */
};
int maar__ipc_live_take(void *live, uint32_t i);
void maar__ipc_live_drop(void *live, uint32_t i);
int maar__ipc_live_alive(void *live, uint32_t i);
/* Which process i is, or was last: 0, or -EBADMSG: the file was cut short. */
int maar__ipc_live_who(const struct maar__ipc_live *live, uint32_t i, struct maar__process *who);
/* A descriptor that is readable when i's process has ended; -ESRCH: nobody is i; or as maar__process_fd. */
int maar__ipc_live_fd(void *live, uint32_t i);

/* ---- descriptors for consumers (fifos.c) ---- */

struct maar__ipc_fifo;
struct maar__ipc_fifos {
	struct maar__ipc_live *live;
	uint64_t segment[2];
	struct maar__ipc_held dir;
	uint32_t participants;
	uint32_t me;		     /* whose `own` is; 0: nobody's */
	struct maar__ipc_held own;   /* of this one: the FIFO, with its lock */
	struct maar__ipc_fifo *rung; /* by number; NULL: none yet */
	pthread_mutex_t lock;	     /* of what was rung: a system call or two */
};
/* In this order: the lock; the directory, when the file is open; after attach. The first two: 0 or -errno. */
int maar__ipc_fifos_begin(struct maar__ipc_fifos *b, struct maar__ipc_live *live);
int maar__ipc_fifos_use(struct maar__ipc_fifos *b, int dir);
int maar__ipc_fifos_set(struct maar__ipc_fifos *b, struct maar_ipc *ipc, const uint64_t segment[2]);
void maar__ipc_fifos_end(struct maar__ipc_fifos *b);

#endif
