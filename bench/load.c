/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * A third load: processes that compute and share nothing with what is measured but the processors, so that threads are
 * preempted in the middle of calls. Processes, not threads, since each run is a fork of a process that must have one.
 */
#include "internal.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t busy[BENCH_MAX_LOAD];
static unsigned n_busy;

static void compute(pid_t parent)
{
	volatile unsigned long n = 0;

	/* ends with its parent, however that ends */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != parent)
		_exit(0);
	for (;;)
		n = n * 2862933555777941757UL + 3037000493UL;
}

void bench_load_pause(bool pause)
{
	unsigned i;

	for (i = 0; i < n_busy; i++)
		kill(busy[i], pause ? SIGSTOP : SIGCONT);
}

void bench_load(unsigned n)
{
	const pid_t self = getpid();

	while (n_busy > n) {
		const pid_t pid = busy[--n_busy];

		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	fflush(NULL);
	while (n_busy < n && n_busy < BENCH_MAX_LOAD) {
		const pid_t pid = fork();

		if (pid == 0)
			compute(self);
		if (pid < 0) {
			perror("a busy process");
			exit(1);
		}
		busy[n_busy++] = pid;
	}
}
