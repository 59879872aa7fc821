/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Stops at instructions (x86-64): the victim is a process that lives on a stack in memory shared with this one, waits
 * at int3 for its next call, and is stepped through it. A stop is kept as an image (registers, stack, stage), so that
 * the next stop begins where this one was, whatever happened in between: one step a point instead of k.
 */
#ifdef __x86_64__

#include "kill.h"

#include <elf.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#define STACK_BYTES 65536
#define RED_ZONE    128	  /* of the x86-64 ABI: bytes below the stack pointer that are in use */
#define XSTATE_MOST 16384 /* bytes of the largest register file so far */

struct shared {
	struct kill_stage stage;
	unsigned char stack[STACK_BYTES] __attribute__((aligned(16)));
};

struct image {
	struct user_regs_struct regs;
	unsigned char xstate[XSTATE_MOST] __attribute__((aligned(64)));
	size_t xstate_bytes;
	struct kill_stage stage;
	unsigned char stack[STACK_BYTES];
};

static struct shared *shared;
static struct image first, last; /* before the call; at the last point */
static pid_t victim;
static enum { DEAD, READY, STANDS, RETURNED } state;

/* ---- the victim's side ---- */

static int life(void *arg)
{
	struct kill_stage *stage = arg;

	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL))
		return 1;
	for (;;) {
		stage->ended = 0;
		__asm__ volatile("int3" : : : "memory");
		stage->result = stage->call->run(stage->queue, stage->values);
		__atomic_store_n(&stage->ended, 1, __ATOMIC_RELEASE);
		__asm__ volatile("int3" : : : "memory");
	}
}

/* ---- the tester's ---- */

/* Until it stops; true if by a trap. Otherwise it is dead, or as good as. */
static bool stopped(void)
{
	int status;

	while (waitpid(victim, &status, 0) < 0)
		if (errno != EINTR)
			return false;
	if (WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP)
		return true;
	if (WIFSTOPPED(status)) {
		kill(victim, SIGKILL);
		waitpid(victim, &status, 0);
	}
	state = DEAD;
	return false;
}

static bool go(int how)
{
	return ptrace(how, victim, NULL, NULL) == 0 && stopped();
}

static bool spawn(void)
{
	victim = clone(life, shared->stack + STACK_BYTES, SIGCHLD, &shared->stage);
	if (victim < 0 || !stopped())
		return false;
	state = READY;
	return ptrace(PTRACE_SETOPTIONS, victim, NULL, (void *)(long)PTRACE_O_EXITKILL) == 0;
}

static size_t stack_from(const struct image *image)
{
	return (size_t)(image->regs.rsp - RED_ZONE - (uintptr_t)shared->stack);
}

static bool keep(struct image *image)
{
	struct iovec xstate = { image->xstate, sizeof(image->xstate) };
	size_t from;

	if (ptrace(PTRACE_GETREGS, victim, NULL, &image->regs) ||
	    ptrace(PTRACE_GETREGSET, victim, (void *)(long)NT_X86_XSTATE, &xstate))
		return false;
	image->regs.orig_rax = (unsigned long long)-1; /* no system call to start over */
	image->xstate_bytes = xstate.iov_len;
	image->stage = shared->stage;
	from = stack_from(image);
	memcpy(image->stack + from, shared->stack + from, STACK_BYTES - from);
	return true;
}

static bool restore(struct image *image)
{
	struct iovec xstate = { image->xstate, image->xstate_bytes };
	const size_t from = stack_from(image);

	memcpy(shared->stack + from, image->stack + from, STACK_BYTES - from);
	shared->stage = image->stage;
	return ptrace(PTRACE_SETREGS, victim, NULL, &image->regs) == 0 &&
	       ptrace(PTRACE_SETREGSET, victim, (void *)(long)NT_X86_XSTATE, &xstate) == 0;
}

static void ptrace_kill(struct kill_stage *stage)
{
	int status;

	(void)stage;
	if (state == DEAD)
		return;
	kill(victim, SIGKILL);
	while (waitpid(victim, &status, 0) < 0 && errno == EINTR)
		;
	state = DEAD;
}

static void ptrace_close(struct kill_stage *stage)
{
	ptrace_kill(stage);
	munmap(shared, sizeof(*shared));
}

static struct kill_stage *ptrace_open(const char **why)
{
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED) {
		*why = "no shared memory";
		return NULL;
	}
	if (spawn() && keep(&first) && restore(&first))
		return &shared->stage;
	*why = "ptrace is not permitted here";
	ptrace_close(&shared->stage);
	return NULL;
}

/* To the marker before a call, with the stage as it was prepared. */
static bool make_ready(const struct kill_stage *prepared)
{
	if (state == STANDS && go(PTRACE_CONT))
		state = RETURNED;
	if (state == RETURNED && go(PTRACE_CONT))
		state = READY;
	if (state != READY && !spawn())
		return false;
	shared->stage = *prepared;
	shared->stage.ended = 0;
	return true;
}

static void ptrace_begin(struct kill_stage *stage)
{
	static struct kill_stage prepared;

	prepared = *stage;
	if (make_ready(&prepared))
		keep(&first);
}

static bool step(void)
{
	state = STANDS;
	return go(PTRACE_SINGLESTEP) && !shared->stage.ended;
}

static bool ptrace_at(struct kill_stage *stage, unsigned k)
{
	unsigned i;

	(void)stage;
	if (state == DEAD) { /* another victim does it all from the start, in earnest */
		if (!make_ready(&first.stage))
			return false;
		for (i = 0; i < k; i++)
			if (!step())
				return false;
		return keep(&last);
	}
	if (k == 0)
		return restore(&first) && keep(&last);
	return restore(&last) && step() && keep(&last);
}

static bool ptrace_finish(struct kill_stage *stage)
{
	state = STANDS;
	if (!go(PTRACE_CONT))
		return false;
	state = RETURNED;
	return stage->ended == 1;
}

const struct kill_stepper kill_by_ptrace = { "by ptrace", "instructions", false,     &kill_calls_plain,
					     ptrace_open, ptrace_begin,	  ptrace_at, ptrace_finish,
					     ptrace_kill, ptrace_close };

#else

/* A file of nothing is no C. */
typedef int kill_without_ptrace;

#endif
