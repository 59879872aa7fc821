/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The wrong programs, for misuse.sh, which runs each under libmaar-malloc-debug.so. Without an argument: their list, as
 * name|options|what has to be said; with "proper": that of the right ones, name|options.
 */
#include "misuse.h"

#include <dlfcn.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define BYTES 100

void *by_name(const char *name)
{
	void *found = dlsym(RTLD_DEFAULT, name);

	must(found);
	return found;
}

/* ---- those who are to be named ---- */

APART unsigned char *taker(size_t bytes);
APART void putter(void *block);
APART unsigned char *resizer(void *block, size_t bytes);
APART void writer(unsigned char *at, unsigned char value);
APART void reader(const unsigned char *at);
APART void *new_taker(const char *name, size_t bytes);
APART void new_putter(const char *name, void *block);

APART void lose(void);
APART void lose_ring(void);
APART void overflow_of_calloc(void);
APART void overflow_of_aligned(void);
APART void overflow_of_memalign(void);
APART void overflow_of_strdup(void);

static volatile unsigned char sink;

unsigned char *taker(size_t bytes)
{
	unsigned char *block = hide(malloc(bytes));

	sink++;
	return block;
}

void putter(void *block)
{
	free(hide(block));
	sink++;
}

unsigned char *resizer(void *block, size_t bytes)
{
	unsigned char *moved = hide(realloc(hide(block), bytes));

	sink++;
	return moved;
}

void writer(unsigned char *at, unsigned char value)
{
	*(volatile unsigned char *)hide(at) = value;
	sink++;
}

void reader(const unsigned char *at)
{
	sink = *(const volatile unsigned char *)at;
}

void *new_taker(const char *name, size_t bytes)
{
	void *(*call)(size_t);
	void *block;

	*(void **)&call = by_name(name);
	block = hide(call(bytes));
	sink++;
	return block;
}

void new_putter(const char *name, void *block)
{
	void (*call)(void *);

	*(void **)&call = by_name(name);
	call(block);
	sink++;
}

/* ---- freed twice ---- */

static void double_free(void)
{
	unsigned char *p = taker(BYTES);

	putter(p);
	putter(p);
}

static void double_free_later(void)
{
	unsigned char *p = taker(BYTES);
	int i;

	putter(p);
	for (i = 0; i < 3000; i++)
		free(hide(malloc((size_t)(i % 300))));
	putter(p);
}

static void *free_it(void *block)
{
	putter(block);
	return NULL;
}

static void double_free_by_threads(void)
{
	unsigned char *p = taker(BYTES);
	pthread_t thread;

	must(pthread_create(&thread, NULL, free_it, p) == 0 && pthread_join(thread, NULL) == 0);
	putter(p);
}

static void double_free_of_large(void)
{
	unsigned char *p = taker(3 << 20);

	putter(p);
	putter(p);
}

static void free_after_realloc(void)
{
	unsigned char *p = taker(BYTES);

	must(resizer(p, 2 * BYTES));
	putter(p);
}

static void free_after_realloc_to_nothing(void)
{
	unsigned char *p = taker(BYTES);

	must(!resizer(p, 0));
	putter(p);
}

static void realloc_after_free(void)
{
	unsigned char *p = taker(BYTES);

	putter(p);
	(void)resizer(p, 2 * BYTES);
}

static void usable_after_free(void)
{
	unsigned char *p = taker(BYTES);

	putter(p);
	(void)malloc_usable_size(hide(p));
}

static unsigned char *of_handler;

static void on_signal(int number)
{
	(void)number;
	putter(of_handler);
}

static void double_free_in_handler(void)
{
	of_handler = taker(BYTES);
	putter(of_handler);
	must(signal(SIGUSR1, on_signal) != SIG_ERR && raise(SIGUSR1) == 0);
}

static void double_free_in_child(void)
{
	unsigned char *p = taker(BYTES);
	int status;
	pid_t child;

	putter(p);
	child = fork();
	if (child == 0) {
		putter(p);
		_exit(0);
	}
	must(child > 0 && waitpid(child, &status, 0) == child);
	if (WIFSIGNALED(status))
		abort();
}

/* ---- what never was a block ---- */

static void free_of_stack(void)
{
	unsigned char here[BYTES];

	putter(here + 16);
}

static unsigned char a_static[BYTES];

static void free_of_static(void)
{
	putter(a_static + 16);
}

static void free_of_middle(void)
{
	putter(taker(BYTES) + 8);
}

static void free_of_before(void)
{
	putter(taker(BYTES) - 16);
}

static void free_of_wild(void)
{
	putter((void *)(uintptr_t)0x123456789ab0);
}

static void free_of_mapping(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	must(p != MAP_FAILED);
	putter(p);
}

static void realloc_of_middle(void)
{
	(void)resizer(taker(BYTES) + 4, BYTES);
}

/* So much freed that what was freed before is out of a small quarantine. */
static void free_others(void)
{
	static void *block[1000];
	size_t i;

	for (i = 0; i < 1000; i++)
		block[i] = malloc(3000);
	for (i = 0; i < 1000; i++)
		free(block[i]);
}

static void free_long_ago(void)
{
	unsigned char *p = taker(BYTES);

	putter(p);
	free_others();
	putter(p);
}

/* ---- too far ---- */

static void overflow(void)
{
	unsigned char *p = taker(BYTES);

	writer(p + BYTES, 'x');
	putter(p);
}

static void overflow_by_a_jump(void)
{
	unsigned char *p = taker(BYTES);

	writer(p + BYTES + 24, 'x');
	putter(p);
}

static void overflow_of_text(void)
{
	char *p = (char *)taker(5);

	memcpy(hide(p), "maars", 6);
	putter(p);
}

void overflow_of_calloc(void)
{
	unsigned char *p = hide(calloc(10, 10));

	writer(p + BYTES, 'x');
	putter(p);
}

static void overflow_of_nothing(void)
{
	unsigned char *p = taker(0);

	writer(p, 'x');
	putter(p);
}

void overflow_of_aligned(void)
{
	unsigned char *p = hide(aligned_alloc(256, 512));

	writer(p + 512, 'x');
	putter(p);
}

void overflow_of_memalign(void)
{
	void *p;

	must(posix_memalign(&p, 4096, BYTES) == 0);
	writer((unsigned char *)hide(p) + BYTES, 'x');
	putter(p);
}

void overflow_of_strdup(void)
{
	char *p = hide(strdup("text"));

	writer((unsigned char *)p + 5, 'x');
	putter(p);
}

static void overflow_then_realloc(void)
{
	unsigned char *p = taker(BYTES);

	writer(p + BYTES, 'x');
	putter(resizer(p, BYTES + 1));
}

static unsigned char *kept;

static void overflow_of_what_stays(void)
{
	kept = taker(BYTES);
	writer(kept + BYTES, 'x');
}

static void underflow(void)
{
	unsigned char *p = taker(BYTES);

	writer(p - 1, 'x');
	putter(p);
}

static void overflow_of_usable(void)
{
	unsigned char *p = taker(BYTES);

	writer(p + malloc_usable_size(p), 'x');
	putter(p);
}

static void no_core(void)
{
	const struct rlimit none = { 0, 0 };

	must(setrlimit(RLIMIT_CORE, &none) == 0);
}

static void read_beyond(void)
{
	reader(taker(64) + 64);
}

static void write_beyond_large(void)
{
	writer(taker(1 << 20) + (1 << 20), 'x');
}

static void read_before(void)
{
	reader(taker(64) - 4096);
}

/* ---- too late ---- */

static void write_after_free(void)
{
	unsigned char *p = taker(BYTES);

	putter(p);
	writer(p + 17, 'x');
}

static void write_after_free_later(void)
{
	unsigned char *p = taker(BYTES);

	putter(p);
	writer(p + 17, 'x');
	free_others();
	_exit(0);
}

static void write_after_realloc(void)
{
	unsigned char *p = taker(BYTES);

	kept = resizer(p, BYTES - 1);
	writer(p, 'x');
}

static void write_beyond_after_free(void)
{
	unsigned char *p = taker(BYTES);

	putter(p);
	writer(p + BYTES + 3, 'x');
}

static void read_after_free(void)
{
	unsigned char *p = taker(BYTES);

	putter(p);
	reader(p + 17);
}

static void write_after_free_of_large(void)
{
	unsigned char *p = taker(1 << 20);

	putter(p);
	writer(p + 500000, 'x');
}

/* ---- by another call than it came from ---- */

static void delete_of_malloc(void)
{
	new_putter("_ZdlPv", taker(BYTES));
}

static void free_of_new(void)
{
	putter(new_taker("_Znwm", BYTES));
}

static void delete_of_array(void)
{
	new_putter("_ZdlPv", new_taker("_Znam", BYTES));
}

static void delete_of_other_size(void)
{
	void (*call)(void *, size_t);

	*(void **)&call = by_name("_ZdlPvm");
	call(new_taker("_Znwm", BYTES), BYTES / 2);
}

static void free_of_other_size(void)
{
	void (*call)(void *, size_t);

	*(void **)&call = by_name("free_sized");
	call(taker(BYTES), BYTES + 1);
}

static void delete_of_other_alignment(void)
{
	void (*call)(void *, size_t);

	*(void **)&call = by_name("_ZdlPvSt11align_val_t");
	call(new_taker("_Znwm", BYTES), 64);
}

static void double_delete(void)
{
	void *p = new_taker("_Znwm", BYTES);

	new_putter("_ZdlPv", p);
	new_putter("_ZdlPv", p);
}

/* ---- never ---- */

/* Calls that leave no pointer of theirs on the stack. */
static APART void sweep(void)
{
	volatile unsigned char stack[4096];

	memset((void *)(uintptr_t)stack, 0, sizeof(stack));
	sink = stack[7];
}

void lose(void)
{
	int i;

	for (i = 0; i < 3; i++)
		memset(taker(BYTES), i, BYTES);
}

static void leak(void)
{
	lose();
	sweep();
}

void lose_ring(void)
{
	void **a = (void **)(void *)taker(sizeof(void *)), **b = (void **)(void *)taker(sizeof(void *));

	*a = b;
	*b = a;
}

static void leak_of_ring(void)
{
	lose_ring();
	sweep();
}

static APART void lose_large(void)
{
	memset(taker(1 << 20), 1, 1 << 20);
}

static void leak_of_large(void)
{
	lose_large();
	sweep();
}

#define FREED_TWICE                                                                                                    \
	"free: double free: *a block of 100 bytes*allocated by *malloc at taker+*freed by*putter+*now *putter+*main+"
#define FOREIGN "free: foreign free: a pointer that is no block: *"
#define BEHIND                                                                                                         \
	": overflow: bytes behind the block were written to: *byte 0 behind its end was written: 0x78*allocated by *"
#define LATE                                                                                                           \
	"use after free: a freed block was written to: *byte 17 of it was written: 0x78*at taker+*freed by *at putter+"
#define TOUCHED "memory access: "

static const struct program wrong[] = {
	{ "double-free", double_free, "", FREED_TWICE },
	{ "double-free-paged", double_free, "guard=1", FREED_TWICE },
	{ "double-free-later", double_free_later, "", FREED_TWICE },
	{ "double-free-by-threads", double_free_by_threads, "", FREED_TWICE },
	{ "double-free-of-large", double_free_of_large, "",
	  "free: double free: *a block of 3145728 bytes*at taker+*at putter+" },
	{ "double-free-caller-alone", double_free, "trace=1",
	  "free: double free: *malloc at taker+*freed by*putter+*now *" },
	{ "double-free-in-handler", double_free_in_handler, "", FREED_TWICE },
	{ "double-free-in-child", double_free_in_child, "", FREED_TWICE },
	{ "free-after-realloc", free_after_realloc, "", "free: double free: *at taker+*freed by*realloc at resizer+" },
	{ "free-after-realloc-to-nothing", free_after_realloc_to_nothing, "",
	  "free: double free: *taker+*realloc at resizer+" },
	{ "realloc-after-free", realloc_after_free, "",
	  "realloc: use after free: *at taker+*freed by*at putter+*now *resizer+" },
	{ "usable-after-free", usable_after_free, "", "malloc_usable_size: use after free: *at taker+*at putter+" },
	{ "free-of-stack", free_of_stack, "", FOREIGN "points into this thread's stack*now *putter+" },
	{ "free-of-static", free_of_static, "", FOREIGN "points into *misuse*now *putter+" },
	{ "free-of-middle", free_of_middle, "", FOREIGN "byte 8 of the block *of 100 bytes*at taker+" },
	{ "free-of-before", free_of_before, "", FOREIGN "byte -16 of the block *of 100 bytes*at taker+" },
	{ "free-of-wild", free_of_wild, "", FOREIGN "nothing is known of it*now *putter+" },
	{ "free-of-mapping", free_of_mapping, "", FOREIGN "nothing is known of it*now *putter+" },
	{ "realloc-of-middle", realloc_of_middle, "",
	  "realloc: a pointer that is no block*byte 4 of the block*at taker+" },
	{ "free-long-ago", free_long_ago, "quarantine=100000,guard=0", FOREIGN "now *putter+" },
	{ "overflow", overflow, "", "free" BEHIND "malloc at taker+*now *putter+" },
	{ "overflow-paged", overflow, "guard=1", "free" BEHIND "malloc at taker+" },
	{ "overflow-by-a-jump", overflow_by_a_jump, "guard=0", "overflow: *byte 24 behind its end*at taker+" },
	{ "overflow-of-text", overflow_of_text, "", "overflow: *byte 0 behind its end was written: 0*at taker+" },
	{ "overflow-of-calloc", overflow_of_calloc, "", "free" BEHIND "calloc at overflow_of_calloc+" },
	{ "overflow-of-nothing", overflow_of_nothing, "", "free" BEHIND "malloc at taker+" },
	{ "overflow-of-aligned", overflow_of_aligned, "", "free" BEHIND "aligned_alloc at overflow_of_aligned+" },
	{ "overflow-of-memalign", overflow_of_memalign, "", "free" BEHIND "posix_memalign at overflow_of_memalign+" },
	{ "overflow-of-strdup", overflow_of_strdup, "", "free" BEHIND "malloc at *strdup+*from overflow_of_strdup+" },
	{ "overflow-then-realloc", overflow_then_realloc, "", "realloc" BEHIND "malloc at taker+*now *resizer+" },
	{ "overflow-of-what-stays", overflow_of_what_stays, "", "found late" BEHIND "malloc at taker+" },
	{ "overflow-of-usable", overflow_of_usable, "", "free" BEHIND "malloc at taker+" },
	{ "underflow", underflow, "guard=0", "underflow: *byte 1 before it was written: 0x78*at taker+" },
	{ "read-beyond", read_beyond, "guard=1", TOUCHED "overflow: *byte 64 *at taker+*now *reader+" },
	{ "read-before", read_before, "guard=1", TOUCHED "underflow: *byte 4096 before it*at taker+*now *reader+" },
	{ "write-beyond-large", write_beyond_large, "", TOUCHED "overflow: *byte 1048576 *at taker+*now *writer+" },
	{ "write-after-free", write_after_free, "guard=0", LATE },
	{ "write-after-free-later", write_after_free_later, "guard=0,quarantine=100000", LATE },
	{ "write-after-realloc", write_after_realloc, "guard=0",
	  "use after free: *byte 0 of it*at taker+*realloc at resizer+" },
	{ "write-beyond-after-free", write_beyond_after_free, "guard=0",
	  "overflow: *byte 3 behind*at taker+*at putter+" },
	{ "read-after-free", read_after_free, "guard=1",
	  TOUCHED "use after free: *byte 17 *at taker+*at putter+*now *reader+" },
	{ "write-after-free-of-large", write_after_free_of_large, "",
	  TOUCHED "use after free: *byte 500000 *at taker+*writer+" },
	{ "delete-of-malloc", delete_of_malloc, "",
	  "operator delete: mismatched free: *family*malloc at taker+*now *new_putter+" },
	{ "free-of-new", free_of_new, "", "free: mismatched free: *family*operator new at new_taker+*now *putter+" },
	{ "delete-of-array", delete_of_array, "",
	  "operator delete: mismatched free: *operator new\\[\\] at new_taker+" },
	{ "delete-of-other-size", delete_of_other_size, "",
	  "operator delete: mismatched free: *another size*at new_taker+" },
	{ "free-of-other-size", free_of_other_size, "", "free_sized: mismatched free: *another size*at taker+" },
	{ "delete-of-other-alignment", delete_of_other_alignment, "",
	  "mismatched free: *another alignment*at new_taker+" },
	{ "double-delete", double_delete, "",
	  "operator delete: double free: *operator new at new_taker+*at new_putter+" },
	{ "leak", leak, "leaks=fail",
	  "leaks: *nothing points to 300 bytes in 3 blocks*  300 bytes in 3 blocks *at taker+*lose+" },
	{ "leak-paged", leak, "leaks=fail,guard=1",
	  "leaks: *nothing points to 300 bytes in 3 blocks*300 bytes in 3 *at taker+" },
	{ "leak-of-ring", leak_of_ring, "leaks=fail",
	  "leaks: *nothing points to 16 bytes in 2 blocks*at taker+*lose_ring+" },
	{ "leak-of-large", leak_of_large, "leaks=fail",
	  "leaks: *nothing points to 1048576 bytes in 1 blocks*at taker+" },
	{ NULL, NULL, NULL, NULL },
};

static int list(const struct program *p, int with_expected)
{
	for (; p->name; p++)
		if (with_expected)
			printf("%s|%s|%s\n", p->name, p->options, p->expected);
		else
			printf("%s|%s\n", p->name, p->options);
	return 0;
}

int main(int argc, char **argv)
{
	const struct program *p;

	if (argc < 2)
		return list(wrong, 1);
	if (!strcmp(argv[1], "proper"))
		return list(proper, 0);
	no_core();
	for (p = wrong; p->name; p++)
		if (!strcmp(argv[1], p->name)) {
			p->run();
			return 0;
		}
	for (p = proper; p->name; p++)
		if (!strcmp(argv[1], p->name)) {
			p->run();
			return 0;
		}
	fprintf(stderr, "%s: no such program\n", argv[1]);
	return 64;
}
