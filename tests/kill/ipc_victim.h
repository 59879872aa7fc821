/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The kill sweep of queues between processes (x86-64, by ptrace): the victim is a process of its own that attached for
 * itself, and is killed by SIGKILL where it stands. It is stepped through its call once, an instruction at a time, which
 * says what there is to stop at; the next ones get there by a breakpoint, which is the same place in a fiftieth of the
 * time. So what it leaves is what a process leaves that the kernel ends between two instructions.
 *
 *     ipc_victim.c       a process that is stepped, stopped, and killed
 *     ipc_calls.c        send, loan and publish, receive, take and release: killed at each instruction
 *     ipc_pair.c         the same of a pair
 *     ipc_account.h      what the survivors had
 *     ipc_lives.c        attach, detach, recover, in the user's mapping: what is left after each change, on a copy too
 *     ipc_files.c        the same by name: create, open, detach, recover, unlink
 *     test_ipc_sweep.c   all of it as tests
 */
#ifndef MAAR_TEST_KILL_IPC_VICTIM_H
#define MAAR_TEST_KILL_IPC_VICTIM_H

#include "../unit/ipcs.h"

/* ---- what the victim tells, in memory shared with the tester ---- */

#define IPC_NOTHING UINT64_MAX /* no message */

struct ipc_board {
	uint32_t ended;	  /* 1 from the call's return on */
	int32_t result;	  /* of the call */
	uint64_t had;	  /* number of the message that take gave it */
	uint64_t data[8]; /* what receive copies to */
};
extern struct ipc_board *ipc_board;

/* ---- the victim ---- */

enum ipc_memory_of {
	IPC_SHARES_ALL, /* the tester's memory, as a thread has, which is made and ended in a fortieth of fork's time */
	IPC_OWN_MEMORY, /* as forked: for calls that lock what is the process's, and would leave it locked */
};

/* NULL, or why no process can be stepped here. Once in each test, before all else. */
const char *ipc_victim_open(void);
/* A new one: it does `prepare`, which answers false if it cannot, and stands before `call`. arg is for both. */
void ipc_victim_start(enum ipc_memory_of memory, bool (*prepare)(int arg), void (*call)(int arg), int arg);
/* One instruction. False: the call has returned. */
bool ipc_victim_step(void);
/* Through the whole call, with `each` (or NULL) after each instruction; how many there are. Kept, for `go`. */
unsigned ipc_victim_record(void (*each)(unsigned k));
/* From the beginning to where it stood after k instructions of those that were kept. False: the call has returned. */
bool ipc_victim_go(unsigned k);
/* Its next instruction enters the system. */
bool ipc_victim_at_system_call(void);
/* Goes on until the call has returned. */
void ipc_victim_finish(void);
/* By SIGKILL, where it stands. */
void ipc_victim_kill(void);
pid_t ipc_victim_pid(void);

/* ---- how much: all of it with MAAR_KILL_ALL=1, else one point of so many ---- */

bool ipc_kill_all(void);

/* What a sweep of one call from one state did. */
struct ipc_swept {
	unsigned long instructions, kills, pairs, finished, copies;
};

/* ---- the sweeps; each aborts the test at what is wrong ---- */

/* How many there are, of calls and kinds of queue; the name of one; and all of it, from each number of messages. */
unsigned ipc_calls(void);
const char *ipc_call_name(unsigned which);
void ipc_sweep_calls(unsigned which, struct ipc_swept *swept);
/* Wrong recoveries, and wrong accounts, each of which must be found. */
void ipc_sweep_controls(void);

/* The same of a pair. */
unsigned ipc_pair_calls(void);
const char *ipc_pair_name(unsigned which);
void ipc_sweep_pair(unsigned which, struct ipc_swept *swept);
void ipc_pair_controls(void);

unsigned ipc_life_calls(void);
const char *ipc_life_name(unsigned call);
void ipc_sweep_life(unsigned call, struct ipc_swept *swept);

void ipc_life_controls(void);

/* In a directory of the test's own (ipc_dirs.h), by one test in a process. */
unsigned ipc_file_calls(void);
const char *ipc_file_name(unsigned call);
void ipc_sweep_file(unsigned call, struct ipc_swept *swept);
void ipc_file_controls(void);

#endif
