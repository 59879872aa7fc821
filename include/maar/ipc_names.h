/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Queues between processes by name: files that maar_ipc attaches to, for processes of one user, which trust each other.
 *
 *     a process:  maar_ipc_create("jobs", NULL, NULL, 0)  -> send ...      another:  maar_ipc_open("jobs", NULL) -> receive ...
 *
 * A name is 1 to 64 of A-Z a-z 0-9 . _ - and does not begin with a dot. The files are in /dev/shm/maar-UID (UID: the effective
 * user), or in the directory that the environment's MAAR_DIR names by its absolute path (not heeded in a set-user-ID program), which
 * is made if it is missing, and refused unless it belongs to the user and nobody else may enter it.
 *
 * No half-made queue is ever to be seen: it is made under another name, its memory reserved (a full /dev/shm is an error, and
 * no SIGBUS later), and gets its own when it is complete. What a maker leaves that was killed meanwhile, the next one removes. A
 * queue stays, with what is in it, until its name is removed and the last process has detached; no process has to be there.
 *
 * Who is alive, the system says: each participant has a lock, which is dropped when its process ends, also by kill -9, at once,
 * and not before: a stopped process is alive, and so is one in another pid namespace. A child after fork has neither the
 * parent's memory nor its locks, and opens the queue for itself; exec ends a participant as kill does (one that is not to be found
 * dead detaches before), and so does closefrom, which closes the queue's descriptor. A process is the participant, not a thread. After vfork call nothing of it but exec and _exit.
 *
 * Trust: whoever may write the files is trusted; the header is checked on each open, but a process of the same user that cuts
 * a file short kills those who use it (SIGBUS).
 *
 * All calls: any thread, not in a signal handler, blocking as system calls are that make, open and lock files; only where
 * somebody is just removing the same name do they wait, for a second at most. EINTR is no answer. Cost: 15 to 30 system
 * calls; create also writes the whole segment. Where the ideas come from: doc/lineage.md.
 */
#ifndef MAAR_IPC_NAMES_H
#define MAAR_IPC_NAMES_H

#include <maar/ipc.h>

MAAR_BEGIN_DECLS

#define MAAR_IPC_NAME_BYTES 64 /* of a name, at most */

enum maar_ipc_name_flag {
	MAAR_IPC_EXCLUSIVE = 1u << 0, /* create: not if there is one already */
	MAAR_IPC_UNUSED = 1u << 1,    /* unlink: not while a living process is participant */
};

/*
 * Attaches to the queue of that name, and makes it if there is none; options (NULL: defaults) say how, and are not compared with
 * those of one that is there. Of many that create it at the same time one makes it, and all attach to that. who: as in attach. flags:
 * MAAR_IPC_EXCLUSIVE or 0. Returns NULL with errno:
 *   EINVAL     the name, flags, options or who is wrong, or MAAR_DIR is no absolute path
 *   EEXIST     with MAAR_IPC_EXCLUSIVE: there is one
 *   ENOSPC     no room for it in the directory's file system (as of /dev/shm), or EDQUOT
 *   EFBIG      it is larger than files of this process may be (RLIMIT_FSIZE; there is no SIGXFSZ), or of the file system may
 *   EPERM      the directory belongs to another user, or others may enter it; or the file that has the name does, or
 *              others may read or write it, or it is no file
 *   ENOTDIR    what should be the directory is a file or a link
 *   ELOOP      what has the name is a link
 *   EACCES     the system lets this process not enter the directory, or not make it
 *   ENOENT     the directory in which MAAR_DIR should be is missing
 *   EMFILE, ENFILE, ENOMEM
 *              no descriptor, no memory (an attached queue has two descriptors)
 *   EBUSY      somebody is removing the name, and has not done so for a second; or a living one has the key
 *   EAGAIN     makers' files were removed 100 times, each time while it was being made
 *   EBADMSG, EPROTO, ENOTSUP, EUSERS
 *              as maar_ipc_attach says of the queue that is there; EBADMSG also: it is cut short
 * or what else open(2), mkdir(2), link(2), mmap(2) say of the directory's file system.
 */
MAAR_API MAAR_NODISCARD struct maar_ipc *maar_ipc_create(const char *name, const struct maar_ipc_options *options,
							 const struct maar_ipc_who *who, unsigned flags);

/* The same, of a queue that is there: ENOENT if there is none. maar_ipc_detach ends both, and leaves the name. */
MAAR_API MAAR_NODISCARD struct maar_ipc *maar_ipc_open(const char *name, const struct maar_ipc_who *who);

/*
 * Removes a name, whatever it is of but a directory; who is attached goes on. flags: MAAR_IPC_UNUSED or 0. Returns 0, or
 *   -EINVAL  the name, flags or MAAR_DIR is wrong
 *   -ENOENT  there is none
 *   -EBUSY   with MAAR_IPC_UNUSED: a living process uses it; or another is removing it, and has not done so for a second
 *   -EISDIR  it is a directory
 *   -EPERM, -EACCES, -ENOTDIR, -EMFILE, -ENFILE, -ENOMEM
 *            as above, of the directory; with MAAR_IPC_UNUSED also -EPERM, -ELOOP of what has the name
 */
MAAR_API int maar_ipc_unlink(const char *name, unsigned flags);

enum maar_ipc_entry_flag {
	MAAR_IPC_LEFTOVER =
		1u << 0, /* no queue: what a maker, or a consumer, has left that is dead (name: the file's) */
};

/* What has a name. */
struct maar_ipc_entry {
	const char *name;
	uint64_t bytes;	       /* of the file */
	uint64_t reserved_for; /* of these have memory; fewer: it was cut short, and made longer again */
	int32_t error;	       /* 0, or -errno: what open would say before it attaches */
	uint32_t flags;	       /* enum maar_ipc_entry_flag */
	uint32_t participants; /* at most at the same time; 0 if error */
	uint32_t alive;	       /* at the moment; 0: nobody uses it */
	uint64_t reserved[4];
};
typedef void maar_ipc_entry_fn(const struct maar_ipc_entry *entry, void *arg);

/*
 * Calls `each` with every queue that has a name, in no order, and changes nothing. A name that comes or goes meanwhile may be
 * among them or not. How many, or -errno as above, of the directory (none, if it is missing).
 */
MAAR_API ssize_t maar_ipc_list(maar_ipc_entry_fn *each, void *arg);

/* Removes what dead makers have left, and dead consumers, as each maker does first. How many, or -errno as list. */
MAAR_API ssize_t maar_ipc_clean(void);

/* The directory's path, whether it is there or not. 0, -EINVAL (MAAR_DIR), or -ENAMETOOLONG: not within `room` bytes. */
MAAR_API int maar_ipc_directory(char *path, size_t room);

/*
 * For observers: maps the segment of a queue to be read only, without being participant. Returns 0, *mem and *bytes, or
 * -errno as open. What stands there changes all the time, and may be anything. unview ends it.
 */
MAAR_API int maar_ipc_view(const char *name, const void **mem, size_t *bytes);
MAAR_API void maar_ipc_unview(const void *mem, size_t bytes);

MAAR_END_DECLS

#endif
