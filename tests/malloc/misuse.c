/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The wrong programs that free what they may not, and the program as a whole, for misuse.sh, which runs each under libmaar-malloc-debug.so. Without an argument: their list, as
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

volatile unsigned char sink;

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

/* So much freed that what was freed before is out of a small quarantine. */
void free_others(void)
{
	static void *block[1000];
	size_t i;

	for (i = 0; i < 1000; i++)
		block[i] = malloc(3000);
	for (i = 0; i < 1000; i++)
		free(block[i]);
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

static void free_long_ago(void)
{
	unsigned char *p = taker(BYTES);

	putter(p);
	free_others();
	putter(p);
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

#define FREED_TWICE                                                                                                    \
	"free: double free: *a block of 100 bytes*allocated by *malloc at taker+*freed by*putter+*now *putter+*main+"
#define FOREIGN "free: foreign free: a pointer that is no block: *"

static const struct program wrong_frees[] = {
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
	{ NULL, NULL, NULL, NULL },
};

static void no_core(void)
{
	const struct rlimit none = { 0, 0 };

	must(setrlimit(RLIMIT_CORE, &none) == 0);
}

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
	static const struct program *const tables[] = { wrong_frees, wrong_uses, wrong_edges,
							told_edges,  proper,	 proper_edges };
	const struct program *p;
	size_t i;

	if (argc < 2)
		return list(wrong_frees, 1) || list(wrong_uses, 1) || list(wrong_edges, 1);
	if (!strcmp(argv[1], "proper"))
		return list(proper, 0) || list(proper_edges, 0);
	no_core();
	for (i = 0; i < sizeof(tables) / sizeof(*tables); i++)
		for (p = tables[i]; p->name; p++)
			if (!strcmp(argv[1], p->name)) {
				p->run();
				return 0;
			}
	fprintf(stderr, "%s: no such program\n", argv[1]);
	return 64;
}
