/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * A process that is stepped, an instruction at a time.
 */
#ifdef __x86_64__

#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* clone */
#endif
#include "ipc_victim.h"

#include <sched.h>
#include <signal.h>
#include <sys/auxv.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#define SYSCALL_BYTES 0x050f /* the instruction's, little endian */

#define INT3	    0xcc
#define STACK_BYTES 65536
#define VDSO_BYTES  16384 /* two pages so far, and no code of others behind them */
#define MOST_POINTS (1u << 20)

struct ipc_board *ipc_board;
static pid_t victim;
static uint64_t *trace; /* where it stands after k instructions of its call */
static unsigned traced;
static unsigned char stack[STACK_BYTES] __attribute__((aligned(16)));
static struct {
	bool (*prepare)(int arg);
	void (*call)(int arg);
	int arg;
} orders;

pid_t ipc_victim_pid(void)
{
	return victim;
}

bool ipc_kill_all(void)
{
	const char *all = getenv("MAAR_KILL_ALL");

	return all && *all == '1';
}

static int live(void *unused)
{
	(void)unused;
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) || (orders.prepare && !orders.prepare(orders.arg)))
		_exit(3);
	__asm__ volatile("int3" : : : "memory");
	if (orders.call)
		orders.call(orders.arg);
	__atomic_store_n(&ipc_board->ended, 1, __ATOMIC_RELEASE);
	__asm__ volatile("int3" : : : "memory");
	_exit(4);
}

/* Until it stops; true if by a trap. */
static bool stopped(void)
{
	int status;

	while (waitpid(victim, &status, 0) < 0)
		if (errno != EINTR)
			return false;
	return WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP;
}

static bool spawn(enum ipc_memory_of memory)
{
	memset(ipc_board, 0, sizeof(*ipc_board));
	ipc_board->had = ipc_board->data[0] = IPC_NOTHING;
	fflush(NULL);
	if (memory == IPC_SHARES_ALL) {
		victim = clone(live, stack + STACK_BYTES, CLONE_VM | SIGCHLD, NULL);
	} else {
		victim = fork();
		if (victim == 0)
			live(NULL);
	}
	return victim > 0 && stopped();
}

const char *ipc_victim_open(void)
{
	ipc_board = ipc_memory(sizeof(*ipc_board));
	trace = ipc_memory(MOST_POINTS * sizeof(*trace));
	memset(&orders, 0, sizeof(orders));
	if (!spawn(IPC_OWN_MEMORY))
		return "ptrace is not permitted here";
	ipc_victim_kill();
	return NULL;
}

void ipc_victim_start(enum ipc_memory_of memory, bool (*prepare)(int arg), void (*call)(int arg), int arg)
{
	orders.prepare = prepare;
	orders.call = call;
	orders.arg = arg;
	if (!spawn(memory))
		ck_abort_msg("the victim does not come to its call");
	unit_eq(ptrace(PTRACE_SETOPTIONS, victim, NULL, (void *)(long)PTRACE_O_EXITKILL), 0);
}

static bool has_returned(void)
{
	return __atomic_load_n(&ipc_board->ended, __ATOMIC_ACQUIRE);
}

static uint64_t stands_at(void)
{
	struct user_regs_struct regs;

	unit_eq(ptrace(PTRACE_GETREGS, victim, NULL, &regs), 0);
	return regs.rip;
}

/* To the breakpoint, and off it, so that the instruction there is the next one. */
static bool run_to(uint64_t address, long word)
{
	struct user_regs_struct regs;
	bool there;

	unit_eq(ptrace(PTRACE_POKETEXT, victim, (void *)(uintptr_t)address, (void *)((word & ~0xffL) | INT3)), 0);
	unit_eq(ptrace(PTRACE_CONT, victim, NULL, NULL), 0);
	unit_must(stopped());
	unit_eq(ptrace(PTRACE_POKETEXT, victim, (void *)(uintptr_t)address, (void *)word), 0);
	unit_eq(ptrace(PTRACE_GETREGS, victim, NULL, &regs), 0);
	there = regs.rip == address + 1;
	if (there) {
		regs.rip = address;
		unit_eq(ptrace(PTRACE_SETREGS, victim, NULL, &regs), 0);
	}
	return there;
}

/*
 * The kernel's code that tells the time begins again when the clock has ticked meanwhile: stepped, it would never come to
 * an end on a slow machine. It changes nothing, so it is one step.
 */
static void leave_vdso(void)
{
	const uintptr_t vdso = (uintptr_t)getauxval(AT_SYSINFO_EHDR);
	struct user_regs_struct regs;
	uint64_t caller;

	unit_eq(ptrace(PTRACE_GETREGS, victim, NULL, &regs), 0);
	if (!vdso || regs.rip - vdso >= VDSO_BYTES)
		return;
	caller = (uint64_t)ptrace(PTRACE_PEEKDATA, victim, (void *)(uintptr_t)regs.rsp, NULL);
	unit_must(run_to(caller, ptrace(PTRACE_PEEKTEXT, victim, (void *)(uintptr_t)caller, NULL)));
}

bool ipc_victim_step(void)
{
	unit_eq(ptrace(PTRACE_SINGLESTEP, victim, NULL, NULL), 0);
	unit_must(stopped());
	if (has_returned())
		return false;
	leave_vdso();
	return true;
}

unsigned ipc_victim_record(void (*each)(unsigned k))
{
	traced = 0;
	do {
		unit_must(traced < MOST_POINTS);
		trace[traced] = stands_at();
		if (each)
			each(traced);
		traced++;
	} while (ipc_victim_step());
	return traced;
}

bool ipc_victim_go(unsigned k)
{
	unsigned from = k, turns = 0;
	uint64_t address;
	long word;

	if (k >= traced) {
		ipc_victim_finish();
		return false;
	}
	/* One that repeats itself (rep) is met once, and then stepped. */
	while (from && trace[from - 1] == trace[k])
		from--;
	address = trace[k];
	for (unsigned i = 1; i <= from; i++)
		turns += trace[i] == address && trace[i - 1] != address;
	word = ptrace(PTRACE_PEEKTEXT, victim, (void *)(uintptr_t)address, NULL);
	if (turns && stands_at() == address && !ipc_victim_step())
		return false;
	while (turns--) {
		if (!run_to(address, word))
			return false;
		if (turns && !ipc_victim_step())
			return false;
	}
	while (from++ < k)
		if (!ipc_victim_step())
			return false;
	return true;
}

bool ipc_victim_at_system_call(void)
{
	return (ptrace(PTRACE_PEEKTEXT, victim, (void *)(uintptr_t)stands_at(), NULL) & 0xffff) == SYSCALL_BYTES;
}

void ipc_victim_finish(void)
{
	while (!has_returned()) {
		unit_eq(ptrace(PTRACE_CONT, victim, NULL, NULL), 0);
		unit_must(stopped());
	}
}

void ipc_victim_kill(void)
{
	int status;

	unit_eq(kill(victim, SIGKILL), 0);
	while (waitpid(victim, &status, 0) < 0 || !WIFSIGNALED(status))
		unit_must(errno == EINTR || WIFSTOPPED(status));
}

#else

/* A file of nothing is no C. */
typedef int ipc_without_ptrace;

#endif
