/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Which process it was, and whether it still lives. A number comes again with another process, so the time of the start goes
 * with it; and both mean something only where they were read: in a pid namespace (whose /proc must be mounted), in a time
 * namespace, since boot. Two that start with the same number within 10 ms are taken for one: the system does not give so many
 * numbers in so short a time.
 */
#ifndef MAAR_PROCESS_H
#define MAAR_PROCESS_H

#include "base.h"

/* Fit for memory that processes share. */
struct maar__process {
	uint64_t pid;
	uint64_t start;	     /* clock ticks after boot */
	uint64_t pid_space;  /* inode of the namespace */
	uint64_t time_space; /* the same; 0: the kernel has none */
};

/*
 * The calling process. 0; -ENOTSUP: there is no /proc, or it is not that of this pid namespace; or what open says, as of
 * descriptors that are all in use.
 */
int maar__process_self(struct maar__process *me);

/*
 * Whether it lives: 1, also if it is stopped, or its first thread has ended and another has not; 0 if it has ended, whether
 * or not its parent knows; -EXDEV: it is of another namespace; -EINVAL: it is no process at all; or as above. Below 0 means that nobody
 * can tell. Some 10 system calls.
 */
int maar__process_alive(const struct maar__process *process);

/* A descriptor of a living one that is readable when it has ended (pidfd); -ESRCH: it has; else as above. */
int maar__process_fd(const struct maar__process *process);

#endif
