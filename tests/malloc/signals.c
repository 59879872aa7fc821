/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * A signal handler that allocates and frees, at each instruction of malloc and free (x86-64). The victim is a process,
 * stepped by its parent, that hands it a signal at every step; the handler's own instructions run unstepped, up to its
 * end, which is a trap.
 *
 *     victim    ... mov | mov | call malloc | push | mov | ...        each bar: the signal, and the handler's whole run
 *     handler                 malloc, fill, look at what it had, free
 *
 * Blocks are full of patterns, both sides' all the time: two that overlap, or one given out twice, show at once. The C
 * library says that its malloc may not be called there, so that it is no matter to it: behave.sh runs this on it as the
 * control, where it must not come out right.
 */
#include "behave.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef __x86_64__

enum { HELD = 24 };

/* What both processes see. */
struct common {
	unsigned long handled; /* signals */
	unsigned long wrong;
	unsigned long no_memory; /* in the handler, which may be told so */
	int step;		 /* the parent is to step from here on */
	int over;
};
static struct common *common;

static struct block {
	void *at;
	size_t size;
	unsigned seed;
} held[HELD]; /* the handler's */
static unsigned handled;
static uint64_t handler_random = 99;

static void put_in(struct block *b, size_t size, unsigned seed)
{
	b->at = malloc(size);
	b->size = size;
	b->seed = seed;
	if (b->at)
		behave_fill(b->at, size, seed);
}

static void take_out(struct block *b)
{
	if (b->at && !behave_filled(b->at, b->size, b->seed))
		common->wrong++;
	free(b->at);
	b->at = NULL;
}

static void handler(int sig)
{
	const int before = errno;
	struct block *b = &held[behave_random(&handler_random) % HELD];

	(void)sig;
	take_out(b);
	put_in(b, 1 + behave_random(&handler_random) % (handled % 64 ? 200 : 70000), handled);
	common->no_memory += !b->at;
	handled++;
	common->handled++;
	errno = before;
	__asm__ volatile("int3" : : : "memory"); /* the parent steps from here */
}

/* What is interrupted: every way through malloc and free that a thread by itself has. */
static void work(unsigned rounds)
{
	static const size_t sizes[] = { 1, 16, 64, 100, 100, 100, 1000, 2048, 5000, 33000, 300000, 3000000 };
	struct block mine[sizeof(sizes) / sizeof(*sizes)] = { { 0 } };
	unsigned i, k, n = sizeof(sizes) / sizeof(*sizes);
	void *grown;

	for (k = 0; k < rounds; k++) {
		for (i = 0; i < n; i++) {
			mine[i].at = malloc(sizes[i]);
			mine[i].size =
				sizes[i] < 64 ? sizes[i] : 64; /* each instruction is stepped: few are spent here */
			mine[i].seed = i;
			if (!mine[i].at)
				common->wrong++;
			else
				behave_fill(mine[i].at, mine[i].size, i);
		}
		grown = realloc(mine[3].at, 400);
		if (!grown || !behave_filled(grown, mine[3].size, 3))
			common->wrong++;
		else
			mine[3].at = grown;
		free(calloc(3, 50));
		for (i = 0; i < n; i++)
			take_out(&mine[i]);
	}
}

static void victim(bool cold)
{
	struct sigaction act = { .sa_handler = handler };
	unsigned i;

	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) || sigaction(SIGUSR1, &act, NULL))
		_exit(77);
	if (!cold)
		for (i = 0; i < 3; i++)
			work(1);
	common->step = 1;
	__asm__ volatile("int3" : : : "memory");
	work(1);
	common->over = 1;
	__asm__ volatile("int3" : : : "memory");
	for (i = 0; i < HELD; i++)
		take_out(&held[i]);
	work(20); /* and all is well afterwards */
	_exit(common->wrong != 0);
}

/* Until it stops by a trap; false: it is gone, or hangs. */
static bool trapped(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return false;
	return WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP;
}

static bool go(int how, pid_t pid, int sig)
{
	return ptrace(how, pid, NULL, (void *)(long)sig) == 0 && trapped(pid);
}

/* From a handler's trap back to the instruction that it interrupted. */
static bool back(pid_t pid, unsigned long long rip, unsigned long long rsp)
{
	struct user_regs_struct regs;
	int i;

	for (i = 0; i < 1000; i++) {
		if (!go(PTRACE_SINGLESTEP, pid, 0) || ptrace(PTRACE_GETREGS, pid, NULL, &regs))
			return false;
		if (regs.rip == rip && regs.rsp == rsp)
			return true;
	}
	return false;
}

/*
 * One signal at each instruction, or at every `stride`-th from another one on each time, until the victim says that it is
 * over; false: the victim is lost.
 */
static bool step_through(pid_t pid, unsigned stride, unsigned long *steps)
{
	struct user_regs_struct regs;

	while (!common->over) {
		const bool hand = (*steps + (unsigned long)pid) % stride == 0;

		if (hand && ptrace(PTRACE_GETREGS, pid, NULL, &regs))
			return false;
		/* to the handler, through it to its trap, back, and one instruction on */
		if (hand && (!go(PTRACE_SINGLESTEP, pid, SIGUSR1) || !go(PTRACE_CONT, pid, 0) ||
			     !back(pid, regs.rip, regs.rsp)))
			return false;
		if (!go(PTRACE_SINGLESTEP, pid, 0))
			return false;
		++*steps;
	}
	return go(PTRACE_CONT, pid, 0); /* to its own trap */
}

static void ended(pid_t pid, bool whole)
{
	int status = 0;

	if (!whole)
		kill(pid, SIGKILL);
	else
		must(ptrace(PTRACE_CONT, pid, NULL, NULL) == 0);
	while (waitpid(pid, &status, 0) < 0)
		must(errno == EINTR);
	must(whole);
	must(WIFEXITED(status));
	must(WEXITSTATUS(status) == 0);
}

static void interrupt(bool cold)
{
	const unsigned stride = 100 / behave_count(100) < 7 ? 100 / behave_count(100) : 7;
	unsigned long steps = 0;
	bool whole;
	pid_t pid;

	common = mmap(NULL, sizeof(*common), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	must(common != MAP_FAILED);
	alarm(600);
	pid = fork();
	must(pid >= 0);
	if (pid == 0)
		victim(cold);
	must(trapped(pid) && common->step);
	ptrace(PTRACE_SETOPTIONS, pid, NULL, (void *)(long)PTRACE_O_EXITKILL);
	whole = step_through(pid, stride ? stride : 1, &steps);
	fprintf(stderr, "# %lu instructions, %lu signals, %lu without memory for the handler, %lu blocks wrong\n",
		steps, common->handled, common->no_memory, common->wrong);
	must(steps > 200);
	ended(pid, whole);
	must(common->handled >= steps / (stride ? stride : 1));
	must(common->no_memory == 0);
	must(common->wrong == 0);
}

static void interrupted(void)
{
	interrupt(false);
}

/* The very first calls of a process: the forked victim allocates nothing before. */
static void interrupted_first(void)
{
	interrupt(true);
}

const struct behaviour behave_signals[] = { { "interrupted", interrupted },
					    { "interrupted_first", interrupted_first },
					    { NULL, NULL } };
#else
const struct behaviour behave_signals[] = { { NULL, NULL } };
#endif
