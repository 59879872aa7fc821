/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Programs, wrong and right, in places where a guard may trip itself: little stacks, threads that are to be cancelled, a fork at
 * that moment, no descriptors, a sandbox, an unwinder that is busy.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#include "misuse.h"

#include <dlfcn.h>
#include <execinfo.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define BYTES 100

static unsigned char *block;

APART void lose_one(void);

/* Of 100 bytes, to which no pointer stays on the stack. */
void lose_one(void)
{
	memset(taker(BYTES), 1, BYTES);
}

static APART void lose(void)
{
	volatile unsigned char sweep[4096];

	lose_one();
	memset((void *)(uintptr_t)sweep, 0, sizeof(sweep));
	sink = sweep[7];
}

/* ---- little stacks ---- */

static void *free_twice(void *arg)
{
	unsigned char *p = taker(BYTES);

	putter(p);
	putter(p);
	return arg;
}

static void *read_after_free(void *arg)
{
	unsigned char *p = taker(BYTES);

	putter(p);
	reader(p + 17);
	return arg;
}

static void on_little_stack(void *(*body)(void *))
{
	pthread_attr_t attr;
	pthread_t thread;

	must(!pthread_attr_init(&attr) && !pthread_attr_setstacksize(&attr, 16384)); /* PTHREAD_STACK_MIN */
	must(!pthread_create(&thread, &attr, body, NULL) && !pthread_join(thread, NULL));
}

static void double_free_on_little_stack(void)
{
	on_little_stack(free_twice);
}

static void read_after_free_on_little_stack(void)
{
	on_little_stack(read_after_free);
}

/* As large as SIGSTKSZ was for decades; whoever goes beyond it is stopped. */
static void read_after_free_with_signal_stack(void)
{
	enum { LITTLE = 8192 };
	unsigned char *all = mmap(NULL, 2 * LITTLE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	const stack_t stack = { .ss_sp = all + LITTLE, .ss_size = LITTLE };

	must(all != MAP_FAILED && !mprotect(all + LITTLE, LITTLE, PROT_READ | PROT_WRITE));
	must(!sigaltstack(&stack, NULL));
	(void)read_after_free(NULL);
}

/* ---- the same place by another way: a back trace that is remembered is not this one's ---- */

APART void one_way(size_t room, int wrong);
APART void other_way(size_t room, int wrong);

static void free_with_room(size_t room, int wrong)
{
	volatile unsigned char *p = __builtin_alloca(room);
	unsigned char *q;

	p[0] = 1;
	q = taker(BYTES);
	putter(q);
	if (wrong)
		putter(q);
	sink = p[0];
}

/* Both have frames of the same size. */
void one_way(size_t room, int wrong)
{
	free_with_room(room, wrong);
	sink++;
}

void other_way(size_t room, int wrong)
{
	free_with_room(room, wrong);
	sink++;
}

static void double_free_by_other_way(void)
{
	size_t room;

	for (room = 16; room < 1000; room += 16)
		one_way(room, 0);
	for (room = 16; room < 1000; room += 16)
		other_way(room, room == 512);
}

/* ---- threads that are to be cancelled ---- */

static void *free_twice_cancelled(void *arg)
{
	must(!pthread_cancel(pthread_self()));
	return free_twice(arg);
}

static void double_free_when_cancelled(void)
{
	pthread_t thread;

	must(!pthread_create(&thread, NULL, free_twice_cancelled, NULL) && !pthread_join(thread, NULL));
}

static void *exit_cancelled(void *arg)
{
	lose(); /* here: of the stack of the thread that exits, dead calls are not looked at */
	must(!pthread_cancel(pthread_self()));
	exit(0);
	return arg;
}

static void leak_when_cancelled(void)
{
	pthread_t thread;

	must(!pthread_create(&thread, NULL, exit_cancelled, NULL) && !pthread_join(thread, NULL));
}

/* ---- while somebody forks: the locks are all his ---- */

static int forking;

/* Registered before anybody's, so that it is called after everybody's, with what they have locked. */
static void before_fork(void)
{
	if (!__atomic_load_n(&block, __ATOMIC_RELAXED))
		return;
	__atomic_store_n(&forking, 1, __ATOMIC_RELEASE);
	usleep(300000); /* the reader's time: if it is later still the program is easier, not wrong */
}

static void register_first(void)
{
	(void)pthread_atfork(before_fork, NULL, NULL);
}
__attribute__((section(".preinit_array"), used)) static void (*const preinit)(void) = register_first;

static void *read_while_forking(void *arg)
{
	while (!__atomic_load_n(&forking, __ATOMIC_ACQUIRE))
		usleep(1000);
	reader(block + 17);
	return arg;
}

static void read_after_free_while_forking(void)
{
	pthread_t thread;
	int status;
	pid_t child;

	block = taker(BYTES);
	putter(block);
	must(!pthread_create(&thread, NULL, read_while_forking, NULL));
	child = fork();
	if (child == 0)
		_exit(0);
	must(child > 0 && waitpid(child, &status, 0) == child && !pthread_join(thread, NULL));
}

/* ---- a leak, while another thread has a stream ---- */

static void *read_for_ever(void *arg)
{
	FILE *from = arg;

	(void)fgetc(from);
	return arg;
}

static void leak_while_reading(void)
{
	int ends[2];
	pthread_t thread;
	FILE *from;

	must(!pipe(ends) && (from = fdopen(ends[0], "r")) != NULL);
	must(!pthread_create(&thread, NULL, read_for_ever, from));
	usleep(20000); /* if it has not come there yet the program is easier, not wrong */
	lose();
	printf("written\n"); /* to a file: when it is flushed */
}

/* ---- kept, where it is not easy to see ---- */

static void kept_without_descriptors(void)
{
	const struct rlimit none = { 0, 0 };

	block = taker(BYTES);
	must(!setrlimit(RLIMIT_NOFILE, &none));
}

/* Pages that the program has closed when it had written them. */
static void kept_in_read_only(void)
{
	void **page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	must(page != MAP_FAILED);
	page[7] = taker(BYTES);
	must(!mprotect(page, 4096, PROT_READ));
}

/* A block with a page in it that nobody may read. */
static void kept_behind_closed(void)
{
	enum { PAGE = 4096 };
	void *p = NULL;

	must(!posix_memalign(&p, PAGE, 3 * PAGE));
	block = hide(p);
	memset(block, 0, 3 * PAGE);
	*(void **)(void *)(block + 2 * PAGE) = taker(BYTES);
	must(!mprotect(block + PAGE, PAGE, PROT_NONE));
}

/* As containers forbid it. */
static void kept_in_sandbox(void)
{
	struct sock_filter rules[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_process_vm_readv, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 1 /* EPERM */),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = { sizeof(rules) / sizeof(rules[0]), rules };

	block = taker(BYTES);
	must(!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) && !prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program));
}

/* ---- the unwinder allocates under a lock of its own, the first time after somebody brought tables ---- */

static struct {
	uint32_t cie_bytes, cie_id;
	uint8_t version, augmentation, code, data, address, nops[3];
	uint32_t fde_bytes, fde_cie;
	uint64_t from __attribute__((packed)), bytes __attribute__((packed));
	uint32_t end;
} __attribute__((packed)) frames = { .cie_bytes = 12,
				     .version = 1,
				     .code = 1,
				     .data = 0x78,
				     .address = 16,
				     .fde_bytes = 20,
				     .fde_cie = 20,
				     .bytes = 16 };

static void unwinder_allocates(void)
{
	void *libgcc = dlopen("libgcc_s.so.1", RTLD_NOW), *addresses[8];
	void (*bring)(void *), (*take)(void *);

	must(libgcc);
	*(void **)&bring = dlsym(libgcc, "__register_frame");
	*(void **)&take = dlsym(libgcc, "__deregister_frame");
	must(bring && take);
	frames.from = (uintptr_t)&frames;
	bring(&frames);
	must(backtrace(addresses, 8) > 0);
	free(taker(BYTES));
	take(&frames);
}

#define FREED_TWICE "free: double free: *a block of 100 bytes*malloc at taker+*freed by*putter+*now *putter+"
#define READ_LATE   "memory access: use after free: *byte 17 *at taker+*at putter+*now *reader+"

#define LOST "leaks: *nothing points to 100 bytes in 1 blocks*malloc at taker+*from lose_one+"

const struct program wrong_edges[] = {
	{ "double-free-on-little-stack", double_free_on_little_stack, "", FREED_TWICE },
	{ "double-free-by-other-way", double_free_by_other_way, "",
	  "free: double free: *malloc at taker+*from other_way+*freed by*putter+*from other_way+*now *putter+" },
	{ "double-free-when-cancelled", double_free_when_cancelled, "", FREED_TWICE },
	{ "read-after-free-on-little-stack", read_after_free_on_little_stack, "guard=1", READ_LATE },
	{ "read-after-free-with-signal-stack", read_after_free_with_signal_stack, "guard=1", READ_LATE },
	{ "read-after-free-while-forking", read_after_free_while_forking, "guard=1", READ_LATE },
	{ "leak-while-reading", leak_while_reading, "leaks=fail", LOST },
	{ "leak-when-cancelled", leak_when_cancelled, "leaks=fail", LOST },
	{ NULL, NULL, NULL, NULL },
};

/* Right, but not silent. */
const struct program told_edges[] = {
	{ "kept-without-descriptors", kept_without_descriptors, "leaks=fail", NULL },
	{ NULL, NULL, NULL, NULL },
};

const struct program proper_edges[] = {
	{ "kept-in-read-only", kept_in_read_only, "leaks=fail", NULL },
	{ "kept-behind-closed", kept_behind_closed, "leaks=fail,guard=0", NULL },
	{ "kept-in-sandbox", kept_in_sandbox, "leaks=fail", NULL },
	{ "unwinder-allocates", unwinder_allocates, "", NULL },
	{ NULL, NULL, NULL, NULL },
};
