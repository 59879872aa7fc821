/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * A child that does something, and what it said on stderr.
 */
#ifndef MAAR_TEST_UNIT_CHILD_H
#define MAAR_TEST_UNIT_CHILD_H

#include "common.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

struct child {
	int status; /* as waitpid gives it */
	char text[1 << 16];
};

/* Runs `run` in a child, which then ends by `end`: exit or _exit. */
static inline void child_run_to(void (*run)(void), void (*end)(int status), struct child *said)
{
	const struct rlimit no_core = { 0, 0 };
	size_t n = 0;
	int pipes[2];
	ssize_t got;
	pid_t pid;

	unit_eq(pipe(pipes), 0);
	fflush(NULL);
	pid = fork();
	unit_must(pid >= 0);
	if (pid == 0) {
		setrlimit(RLIMIT_CORE, &no_core);
		signal(SIGABRT, SIG_DFL);
		dup2(pipes[1], STDERR_FILENO);
		close(pipes[0]);
		close(pipes[1]);
		run();
		end(0);
	}
	close(pipes[1]);
	while (n < sizeof(said->text) - 1 && (got = read(pipes[0], said->text + n, sizeof(said->text) - 1 - n)) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		unit_must(got > 0);
		n += (size_t)got;
	}
	said->text[n] = 0;
	close(pipes[0]);
	while (waitpid(pid, &said->status, 0) < 0)
		unit_eq(errno, EINTR);
}

/* ... as a program does, its exit handlers included. */
static inline void child_run(void (*run)(void), struct child *said)
{
	child_run_to(run, exit, said);
}

/* The same, and it ended well. */
static inline void child_must_end(void (*run)(void), struct child *said)
{
	child_run(run, said);
	ck_assert_msg(WIFEXITED(said->status) && WEXITSTATUS(said->status) == 0, "status %#x, stderr:\n%s",
		      (unsigned)said->status, said->text);
}

/* How often `part` stands in it. */
static inline unsigned child_count(const struct child *said, const char *part)
{
	const char *at = said->text;
	unsigned n = 0;

	while ((at = strstr(at, part)) != NULL) {
		at += strlen(part);
		n++;
	}
	return n;
}

#endif
