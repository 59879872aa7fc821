/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * For tests of queues with names: a directory of each test's own, what is in it, and children.
 */
#ifndef MAAR_TEST_UNIT_IPC_DIRS_H
#define MAAR_TEST_UNIT_IPC_DIRS_H

#include "common.h"

#include <maar/ipc_names.h>

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define IPC_PATH 128

static char ipc_dir[IPC_PATH]; /* what MAAR_DIR says */

/* The path of a file in the directory. */
static inline const char *ipc_path(const char *name)
{
	static char path[IPC_PATH + 256];

	(void)snprintf(path, sizeof(path), "%s/%s", ipc_dir, name);
	return path;
}

#define IPC_DIR_BEGINS "maar-test-"

static long ipc_runner; /* the process that runs the tests, each in a child; 0: not told */

/* A directory in the fastest file system, which is also the one that queues have by default. */
static inline void ipc_dir_make(void)
{
	(void)snprintf(ipc_dir, sizeof(ipc_dir), "/dev/shm/" IPC_DIR_BEGINS "%ld-%ld", ipc_runner, (long)getpid());
	unit_eq(mkdir(ipc_dir, 0700), 0);
	unit_eq(setenv("MAAR_DIR", ipc_dir, 1), 0);
}

/* Files in it, hidden ones included. */
static inline unsigned ipc_dir_files(void)
{
	DIR *dir = opendir(ipc_dir);
	struct dirent *entry;
	unsigned n = 0;

	unit_must(dir);
	while ((entry = readdir(dir)) != NULL)
		n += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
	closedir(dir);
	return n;
}

static inline void ipc_dir_end(void)
{
	DIR *dir = opendir(ipc_dir);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
		    unlink(ipc_path(entry->d_name)))
			(void)rmdir(ipc_path(entry->d_name));
	if (dir)
		closedir(dir);
	(void)rmdir(ipc_dir);
}

/* In the process that runs the tests, before and after all: what tests have left that were killed or aborted goes too. */
static inline void ipc_dirs_begin(void)
{
	ipc_runner = (long)getpid();
}

static inline void ipc_dirs_end(void)
{
	char begins[64];
	struct dirent *entry;
	DIR *all = opendir("/dev/shm");

	(void)snprintf(begins, sizeof(begins), IPC_DIR_BEGINS "%ld-", ipc_runner);
	while (all && (entry = readdir(all)) != NULL) {
		if (strncmp(entry->d_name, begins, strlen(begins)) != 0)
			continue;
		(void)snprintf(ipc_dir, sizeof(ipc_dir), "/dev/shm/%.64s", entry->d_name);
		ipc_dir_end();
	}
	if (all)
		closedir(all);
}

/* A directory of its own for each test. */
static inline void ipc_dir_each(TCase *tcase)
{
	tcase_add_unchecked_fixture(tcase, ipc_dirs_begin, ipc_dirs_end);
	tcase_add_checked_fixture(tcase, ipc_dir_make, ipc_dir_end);
}

/* A small queue: 8 slots of 64 bytes, and so many participants. */
static inline struct maar_ipc_options ipc_small(uint32_t participants)
{
	struct maar_ipc_options options;

	memset(&options, 0, sizeof(options));
	options.n_classes = 1;
	options.classes[0].bytes = 64;
	options.classes[0].slots = 8;
	options.participants = participants;
	return options;
}

/* ---- children ---- */

/* `run` in a forked child; its exit status is 0 unless run says otherwise. */
static inline pid_t ipc_child(int (*run)(void *arg), void *arg)
{
	const pid_t pid = fork();

	unit_must(pid >= 0);
	if (pid == 0)
		_exit(run(arg));
	return pid;
}

static inline int ipc_wait(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		unit_eq(errno, EINTR);
	return status;
}

static inline void ipc_kill(pid_t pid)
{
	unit_eq(kill(pid, SIGKILL), 0);
	(void)ipc_wait(pid);
}

/* A word from one process to another, and the wait for it. */
static inline void ipc_tell(int fd, char word)
{
	unit_eq(write(fd, &word, 1), 1);
}

static inline char ipc_hear(int fd)
{
	char word = 0;
	ssize_t n;

	do
		n = read(fd, &word, 1);
	while (n < 0 && errno == EINTR);
	unit_eq(n, 1);
	return word;
}

#endif
