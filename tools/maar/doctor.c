/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * maar doctor: what is wrong with this system, directory and queues, and how to mend it. Changes nothing.
 */
#include "tool.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define LITTLE_ROOM (UINT64_C(16) << 20) /* bytes: a few queues of the default size */
#define DOCKER_SHM  (UINT64_C(64) << 20) /* what a container has in /dev/shm unless told otherwise */
#define FEW_FILES   64			 /* descriptors: each attached queue takes one */

enum level {
	LEVEL_OK,
	LEVEL_NOTE,  /* may become a trouble */
	LEVEL_WRONG, /* is one */
};

struct doctor {
	json_t *findings; /* NULL: text */
	bool wrong;
	char dir[4096];
};

/* One finding, and what mends it (NULL: nothing to do). */
__attribute__((format(printf, 4, 5))) static void find(struct doctor *d, enum level level, const char *mend,
						       const char *what, ...)
{
	static const char *const names[] = { "ok", "note", "wrong" };
	char text[5000];
	va_list args;

	va_start(args, what);
	(void)vsnprintf(text, sizeof(text), what, args);
	va_end(args);
	d->wrong |= level == LEVEL_WRONG;
	if (d->findings) {
		(void)json_array_append_new(
			d->findings, json_pack("{s:s, s:s, s:s?}", "level", names[level], "what", text, "mend", mend));
		return;
	}
	printf("%-6s %s\n", names[level], text);
	if (mend)
		printf("       mend: %s\n", mend);
}

/* ---- the directory ---- */

static bool check_directory(struct doctor *d)
{
	struct stat about;
	char mend[4200];

	if (maar_ipc_directory(d->dir, sizeof(d->dir))) {
		find(d, LEVEL_WRONG, "set MAAR_DIR to the absolute path of a directory",
		     "MAAR_DIR is no absolute path");
		return false;
	}
	if (lstat(d->dir, &about)) {
		if (errno == ENOENT)
			find(d, LEVEL_OK, NULL, "%s is not there yet: the first queue makes it", d->dir);
		else
			find(d, LEVEL_WRONG, "let this user into the directories above it", "%s: %s", d->dir,
			     strerror(errno));
		return false;
	}
	if (!S_ISDIR(about.st_mode)) {
		find(d, LEVEL_WRONG, "find out who made it, and remove it", "%s is no directory", d->dir);
		return false;
	}
	if (about.st_uid != geteuid()) {
		find(d, LEVEL_WRONG, "find out why; until then, choose another directory by MAAR_DIR",
		     "%s belongs to user %lu, not to user %lu", d->dir, (unsigned long)about.st_uid,
		     (unsigned long)geteuid());
		return false;
	}
	if ((about.st_mode & 0777) != 0700) {
		(void)snprintf(mend, sizeof(mend), "chmod 0700 %s", d->dir);
		find(d, LEVEL_WRONG, mend, "%s has mode %04o: others could put queues of theirs there", d->dir,
		     (unsigned)about.st_mode & 07777);
		return false;
	}
	find(d, LEVEL_OK, NULL, "%s belongs to this user alone", d->dir);
	return true;
}

/* Of the directory, or of where it will be. */
static void check_room(struct doctor *d)
{
	struct statfs fs;
	uint64_t free_bytes, bytes;
	char path[4096], *slash;

	(void)snprintf(path, sizeof(path), "%s", d->dir);
	while (statfs(path, &fs)) {
		slash = strrchr(path, '/');
		if (errno != ENOENT || !slash || slash == path) {
			find(d, LEVEL_WRONG, "mount a tmpfs there, or choose another directory by MAAR_DIR", "%s: %s",
			     path, strerror(errno));
			return;
		}
		*slash = 0;
	}
	free_bytes = (uint64_t)fs.f_bavail * (uint64_t)fs.f_bsize;
	bytes = (uint64_t)fs.f_blocks * (uint64_t)fs.f_bsize;
	if (fs.f_type == NFS_SUPER_MAGIC || fs.f_type == SMB_SUPER_MAGIC)
		find(d, LEVEL_WRONG, "choose a directory of this machine by MAAR_DIR",
		     "%s is on another machine: memory and locks would not be shared", path);
	else if (fs.f_type != TMPFS_MAGIC)
		find(d, LEVEL_NOTE, "unset MAAR_DIR, or have it name a directory of a tmpfs",
		     "%s is no tmpfs: what is written to queues is written to a disk as well", path);
	if (bytes && free_bytes < LITTLE_ROOM)
		find(d, LEVEL_WRONG,
		     bytes == DOCKER_SHM
			     ? "start the container with --shm-size=1g"
			     : "maar rm queues that are not used; or as root: mount -o remount,size=50% /dev/shm",
		     "%s has room for %s more, of %s", path, bytes_text(free_bytes), bytes_text(bytes));
	else if (bytes == DOCKER_SHM)
		find(d, LEVEL_NOTE, "start the container with --shm-size=1g if that is not enough",
		     "%s has %s, of which %s are free: as in a container", path, bytes_text(bytes),
		     bytes_text(free_bytes));
	else
		find(d, LEVEL_OK, NULL, "%s has room for %s more", path, bytes_text(free_bytes));
}

/* ---- the system ---- */

static void check_limits(struct doctor *d)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
		find(d, limit.rlim_cur < LITTLE_ROOM ? LEVEL_WRONG : LEVEL_NOTE, "ulimit -f unlimited",
		     "files may have %s here, and so may new queues", bytes_text(limit.rlim_cur));
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < FEW_FILES)
		find(d, LEVEL_NOTE, "ulimit -n 1024",
		     "a process may have %" PRIu64 " descriptors; each queue takes one", (uint64_t)limit.rlim_cur);
	if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
		find(d, LEVEL_NOTE, "ulimit -v unlimited", "a process may map %s, queues included",
		     bytes_text(limit.rlim_cur));
	if (access("/proc/self/stat", R_OK))
		find(d, LEVEL_NOTE, "mount -t proc proc /proc",
		     "there is no /proc: a dead process that left a child of a raw clone seems to live");
}

/* systemd-logind removes files of a user who has logged out (not those of system users, below 1000). */
static void check_logout(struct doctor *d)
{
	if (geteuid() >= 1000 && strncmp(d->dir, "/dev/shm/", 9) == 0 && access("/run/systemd/seats", F_OK) == 0)
		find(d, LEVEL_NOTE, "RemoveIPC=no in /etc/systemd/logind.conf, or loginctl enable-linger",
		     "queues vanish when this user logs out for the last time, unless systemd is told otherwise");
}

/* ---- queues ---- */

static void check_queue(struct doctor *d, const struct entry *e)
{
	char mend[400];

	(void)snprintf(mend, sizeof(mend), "maar rm --force %s", shown(e->name));
	if (e->about.flags & MAAR_IPC_LEFTOVER)
		find(d, LEVEL_NOTE, "maar rm --leftovers", "%s is left by a process that is dead: %s", shown(e->name),
		     bytes_text(e->about.bytes));
	else if (e->about.error == -EUSERS)
		find(d, LEVEL_NOTE, NULL, "%s: %s", shown(e->name), meaning(e->about.error));
	else if (e->about.error)
		find(d, LEVEL_WRONG, mend, "%s cannot be opened: %s", shown(e->name), meaning(e->about.error));
	else if (e->about.reserved_for < e->about.bytes)
		find(d, LEVEL_WRONG, mend,
		     "%s was cut short and made longer again: messages are lost, and its users may have been killed",
		     shown(e->name));
	else if (e->about.alive == e->about.participants)
		find(d, LEVEL_NOTE, "make it with more participants",
		     "%s has as many participants as it may have: %" PRIu32, shown(e->name), e->about.alive);
}

static void check_queues(struct doctor *d)
{
	struct entries all;
	uint64_t unused = 0;
	unsigned n = 0;
	size_t i;
	int rc = entries_read(&all);

	if (rc)
		find(d, LEVEL_WRONG, NULL, "the queues cannot be listed: %s", meaning(rc));
	for (i = 0; i < all.n; i++) {
		check_queue(d, &all.entry[i]);
		if (all.entry[i].about.error == 0 && all.entry[i].about.alive == 0) {
			n++;
			unused += all.entry[i].about.bytes;
		}
	}
	if (n)
		find(d, LEVEL_NOTE, "maar rm those that nobody will use again", "nobody uses %u of %zu queues: %s", n,
		     all.n, bytes_text(unused));
	else
		find(d, LEVEL_OK, NULL, "no queue is unused");
	entries_end(&all);
}

int run_doctor(const struct tool *tool, int argc, char **argv)
{
	static const struct argp argp = {
		NULL, NULL, NULL, "Finds what is wrong, and says how to mend it. Changes nothing.", NULL, NULL, NULL
	};
	struct doctor d = { .findings = NULL };
	int rc = STATUS_OK;

	argp_parse(&argp, argc, argv, 0, NULL, NULL);
	if (tool->json)
		d.findings = json_array();
	if (check_directory(&d))
		check_queues(&d);
	if (*d.dir)
		check_room(&d);
	check_limits(&d);
	check_logout(&d);
	if (tool->json)
		rc = print_json(d.findings);
	return d.wrong ? STATUS_WRONG : rc;
}
