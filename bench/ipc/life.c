/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * What it takes to attach, to put right what a killed process has left, and from a kill until that is done. What is timed
 * stands between two looks at the clock; making the victims does not count.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* mkdtemp, pidfd_open */
#endif
#include <maar/ipc_names.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ipc.h"

/* Victims of a phase, at most: each takes a millisecond to make, and a sleeper finds it after its slice only. */
#define VICTIMS 32
#define SLEEPS	2

enum what { NAMED, MAPPED, NOTHING, LOANS, MESSAGES, BY_PIDFD, BY_SLICE };

struct scene {
	enum what what;
	struct maar_ipc_options options;
	void *memory; /* of a segment that has no name */
	size_t bytes;
	char dir[64];
};

static void *scene_open(const struct bench_contestant *me, const struct bench_case *c, unsigned which)
{
	struct scene *s = calloc(1, sizeof(*s));
	struct maar_ipc *ipc;
	int rc = -ENOMEM;

	(void)which;
	if (!s)
		return NULL;
	s->what = (enum what)me->param;
	s->options = (struct maar_ipc_options){
		.classes = { { .bytes = c->bytes, .slots = (uint32_t)c->capacity } },
		.n_classes = 1,
	};
	s->bytes = (size_t)maar_ipc_bytes(&s->options);
	if (s->what >= MAPPED && s->what <= MESSAGES) {
		s->memory = bench_ipc_map(s->bytes);
		rc = s->memory ? maar_ipc_init(s->memory, s->bytes, &s->options) : -ENOMEM;
	} else {
		snprintf(s->dir, sizeof(s->dir), "/dev/shm/maar-bench-XXXXXX");
		rc = !mkdtemp(s->dir) || setenv("MAAR_DIR", s->dir, 1) ? -errno : 0;
		ipc = rc ? NULL : maar_ipc_create("bench", &s->options, NULL, 0);
		if (rc == 0 && !ipc)
			rc = -errno;
		(void)maar_ipc_detach(ipc);
	}
	if (rc == 0)
		return s;
	fprintf(stderr, "%s: %s\n", me->name, strerror(-rc));
	return NULL;
}

static int scene_close(void *subject)
{
	struct scene *s = subject;

	if (s->memory) {
		munmap(s->memory, s->bytes);
	} else {
		(void)maar_ipc_unlink("bench", 0);
		rmdir(s->dir);
	}
	free(s);
	return 0;
}

static struct maar_ipc *join(const struct scene *s)
{
	return s->memory ? maar_ipc_attach(s->memory, s->bytes, NULL, NULL) : maar_ipc_open("bench", NULL);
}

/* ---- victims ---- */

/* Takes what the scene says into its hands, says so, and waits for its end. */
static void be_victim(const struct scene *s, int said)
{
	struct maar_ipc *ipc = join(s);
	struct maar_ipc_message m;
	void *payload;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (!ipc)
		_exit(1);
	if (s->what == LOANS)
		while (maar_ipc_loan(ipc, 1, &payload, 0) == 1)
			;
	if (s->what == MESSAGES)
		while (maar_ipc_send(ipc, "", 1, NULL, 0) == 1)
			;
	if (s->what == BY_PIDFD || s->what == BY_SLICE)
		if (maar_ipc_send(ipc, "", 1, NULL, 0) != 1)
			_exit(1);
	if (s->what >= MESSAGES)
		while (maar_ipc_take(ipc, &m, 0) == 1)
			;
	if (write(said, "", 1) != 1)
		_exit(1);
	for (;;)
		pause();
}

static pid_t victim(const struct scene *s)
{
	int pipes[2];
	pid_t pid;
	char said;

	if (pipe(pipes))
		return -1;
	pid = fork();
	if (pid == 0)
		be_victim(s, pipes[1]);
	close(pipes[1]);
	if (pid > 0 && read(pipes[0], &said, 1) != 1) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		pid = -1;
	}
	close(pipes[0]);
	return pid;
}

/* All slots back where they were, for the next victim; how many were not found is the contestant's failure. */
static void tidy(struct bench_worker *w, const struct scene *s, struct maar_ipc *ipc)
{
	struct maar_ipc_stats stats;

	(void)maar_ipc_drain(ipc, NULL, NULL);
	if (maar_ipc_stats(ipc, &stats) || stats.free != s->options.classes[0].slots || maar_ipc_check(ipc))
		w->corrupt++;
}

/* ---- what is timed ---- */

static uint64_t time_attach(const struct scene *s)
{
	const uint64_t begin = bench_now();
	struct maar_ipc *ipc = join(s);
	const uint64_t took = bench_now() - begin;

	if (!ipc)
		return 0;
	(void)maar_ipc_detach(ipc);
	return took ? took : 1;
}

static uint64_t time_recover(struct maar_ipc *ipc, pid_t pid)
{
	uint64_t begin, took;
	int n;

	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	begin = bench_now();
	n = maar_ipc_recover(ipc);
	took = bench_now() - begin;
	return n == 1 ? took : 0;
}

/* By somebody who has other descriptors to wait for, and a pidfd among them. */
static uint64_t time_by_pidfd(struct maar_ipc *ipc, pid_t pid)
{
	struct pollfd end = { .fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN };
	const uint64_t begin = bench_now();
	uint64_t took;
	int n = 0;

	kill(pid, SIGKILL);
	if (end.fd >= 0 && poll(&end, 1, -1) == 1)
		n = maar_ipc_recover(ipc);
	took = bench_now() - begin;
	close(end.fd);
	waitpid(pid, NULL, 0);
	return n == 1 ? took : 0;
}

/* By one who sleeps on the queue, and gets what the dead had. */
static uint64_t time_by_slice(struct maar_ipc *ipc, pid_t pid)
{
	const uint64_t begin = bench_now();
	struct maar_ipc_message m;
	uint64_t took;
	int got;

	kill(pid, SIGKILL);
	got = maar_ipc_take(ipc, &m, MAAR_FOREVER);
	took = bench_now() - begin;
	waitpid(pid, NULL, 0);
	return got == 1 && m.flags == MAAR_IPC_REDELIVERED && maar_ipc_release(ipc, &m) == 0 ? took : 0;
}

static uint64_t time_one(struct bench_worker *w, const struct scene *s, struct maar_ipc *ipc)
{
	uint64_t took = 0;
	pid_t pid;

	if (s->what <= MAPPED)
		return time_attach(s);
	pid = victim(s);
	if (pid > 0)
		took = s->what == BY_PIDFD   ? time_by_pidfd(ipc, pid)
		       : s->what == BY_SLICE ? time_by_slice(ipc, pid)
					     : time_recover(ipc, pid);
	tidy(w, s, ipc);
	return took;
}

static void life_self(struct bench_worker *w)
{
	const struct scene *s = w->handle[0];
	const uint64_t begin = bench_now();
	const uint64_t most = s->what <= MAPPED ? UINT64_MAX : s->what == BY_SLICE ? SLEEPS : VICTIMS;
	struct maar_ipc *ipc = s->what <= MAPPED ? NULL : join(s);
	uint64_t n = 0, took = 0, one;

	while (n != w->limit && n < most && !(n && bench_flag(&w->run->stop))) {
		one = time_one(w, s, ipc);
		if (!one) {
			w->corrupt++;
			break;
		}
		took += one;
		bench_report(w, ++n);
	}
	(void)maar_ipc_detach(ipc);
	w->done = n;
	w->end_ns = begin + took; /* the harness takes the time from the start until then */
}

#define ROW(name, set, what)                                                                                           \
	{                                                                                                              \
		name, "maar", NULL, set, BENCH_FIFO, 0, what, scene_open, scene_close, NULL, NULL,                     \
			BENCH_LOOPS_SELF(life_self)                                                                    \
	}

static const struct bench_contestant rows[] = {
	ROW("maar_ipc_open", BENCH_IPC_ATTACH, NAMED),
	ROW("maar_ipc_attach", BENCH_IPC_ATTACH, MAPPED),
	ROW("maar_ipc_recover, nothing in hand", BENCH_IPC_RECOVER, NOTHING),
	ROW("maar_ipc_recover, all lent", BENCH_IPC_RECOVER, LOANS),
	ROW("maar_ipc_recover, all taken", BENCH_IPC_RECOVER, MESSAGES),
	ROW("maar_ipc, poll of a pidfd", BENCH_IPC_DEATH, BY_PIDFD),
	ROW("maar_ipc, asleep for 100 ms at most", BENCH_IPC_DEATH, BY_SLICE),
};

const struct bench_peer bench_peer_ipc_life = BENCH_ROWS(rows);
