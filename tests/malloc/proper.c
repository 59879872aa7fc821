/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The right programs, some of them close to the edge of what is: none may be accused.
 */
#include "misuse.h"

#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

/* Every byte, of every size. */
static void whole(void)
{
	size_t bytes;

	for (bytes = 0; bytes < 600000; bytes = bytes < 300 ? bytes + 1 : bytes * 5 / 4) {
		unsigned char *p = hide(malloc(bytes)), *q = hide(calloc(1, bytes));
		size_t i;

		must(p && q && malloc_usable_size(p) >= bytes);
		memset(p, 0x5a, malloc_usable_size(p));
		for (i = 0; i < bytes; i++)
			must(q[i] == 0);
		free(p);
		free(q);
	}
	free(NULL);
}

static void aligned(void)
{
	size_t align, bytes;

	for (align = 8; align <= 65536; align *= 2)
		for (bytes = 1; bytes < 20000; bytes = bytes * 3 + 1) {
			void *p = NULL;
			unsigned char *q = hide(aligned_alloc(align, (bytes + align - 1) / align * align));

			must(posix_memalign(&p, align, bytes) == 0 && (uintptr_t)p % align == 0 &&
			     (uintptr_t)q % align == 0);
			memset(p, 1, bytes);
			memset(q, 2, bytes);
			free(p);
			free(q);
		}
	free(hide(memalign(48, 100)));
	free(hide(valloc(10)));
	free(hide(pvalloc(10)));
}

/* Grown and shrunk, with its content. */
static void resized(void)
{
	unsigned char *p = NULL;
	size_t had = 0, round, i;

	for (round = 0; round < 200; round++) {
		const size_t bytes = 1 + round * round * 7919 % 50000;

		p = hide(realloc(p, bytes));
		must(p);
		for (i = 0; i < had && i < bytes; i++)
			must(p[i] == (unsigned char)(i * 7));
		for (i = 0; i < bytes; i++)
			p[i] = (unsigned char)(i * 7);
		had = bytes;
	}
	must(!realloc(p, 0));
	free(hide(reallocarray(NULL, 10, 10)));
}

#define CROWD 2000

static void *free_all(void *arg)
{
	unsigned char **blocks = arg;
	size_t i;

	for (i = 0; i < CROWD; i++) {
		must(blocks[i][0] == (unsigned char)i);
		free(blocks[i]);
	}
	return NULL;
}

/* What some threads allocate others free. */
static void *pass(void *arg)
{
	unsigned char **blocks = hide(malloc(CROWD * sizeof(*blocks)));
	pthread_t other;
	size_t i;

	for (i = 0; i < CROWD; i++) {
		blocks[i] = hide(malloc(1 + i % 700));
		must(blocks[i]);
		memset(blocks[i], (int)i, 1 + i % 700);
	}
	must(pthread_create(&other, NULL, free_all, blocks) == 0 && pthread_join(other, NULL) == 0);
	free(blocks);
	return arg;
}

static void threads(void)
{
	pthread_t thread[4];
	unsigned i;

	for (i = 0; i < 4; i++)
		must(pthread_create(&thread[i], NULL, pass, NULL) == 0);
	for (i = 0; i < 4; i++)
		must(pthread_join(thread[i], NULL) == 0);
}

static volatile sig_atomic_t stop;

static void *churn(void *arg)
{
	size_t i;

	for (i = 0; !stop; i++)
		free(hide(malloc(i % 500)));
	return arg;
}

/* The child, and the parent, go on with what the parent had, while another thread allocates. */
static void forks(void)
{
	unsigned char *p = hide(malloc(100));
	pthread_t thread;
	int i, status;

	must(pthread_create(&thread, NULL, churn, NULL) == 0);
	for (i = 0; i < 20; i++) {
		const pid_t child = fork();

		if (child == 0) {
			free(hide(realloc(p, 200)));
			free(hide(malloc(1000)));
			_exit(0);
		}
		must(child > 0 && waitpid(child, &status, 0) == child && status == 0);
	}
	stop = 1;
	must(pthread_join(thread, NULL) == 0);
	free(p);
}

static volatile unsigned long ticks;
static unsigned char *volatile of_handler;

static void on_tick(int number)
{
	unsigned char *p = malloc(200);

	(void)number;
	must(p);
	memset(p, 1, 200);
	free(of_handler);
	of_handler = p;
	ticks++;
}

/* A handler that allocates, wherever it comes. */
static void handler(void)
{
	const struct itimerval every = { { 0, 200 }, { 0, 200 } }, never = { { 0, 0 }, { 0, 0 } };
	size_t i;

	must(signal(SIGALRM, on_tick) != SIG_ERR && setitimer(ITIMER_REAL, &every, NULL) == 0);
	for (i = 0; ticks < 50; i++)
		free(hide(malloc(i % 1000)));
	must(setitimer(ITIMER_REAL, &never, NULL) == 0);
	free(of_handler);
}

/* A handler of the program's own for what it does wrong on purpose. */
static char *page;

static void on_fault(int number)
{
	(void)number;
	_exit(0);
}

static void own_fault(void)
{
	must(signal(SIGSEGV, on_fault) != SIG_ERR);
	page = hide((void *)16);
	*(volatile char *)page = 1;
	_exit(1);
}

/* Kept to the end: by a static, by one that points into it, by a chain, by a thread's own. */
static void *volatile keeps[3];
static __thread void *volatile of_thread;

static void kept(void)
{
	void **link = hide(malloc(sizeof(*link)));
	unsigned i;

	keeps[0] = hide(malloc(100));
	keeps[1] = (char *)hide(malloc(300000)) + 1000;
	keeps[2] = link;
	for (i = 0; i < 1000; i++) {
		*link = hide(malloc(sizeof(*link)));
		link = *link;
	}
	*link = NULL;
	of_thread = hide(malloc(100));
}

static int number;

static int by_number(const void *a, const void *b)
{
	const int x = **(int *const *)a, y = **(int *const *)b;

	return (x > y) - (x < y);
}

/* qsort's own blocks, stdio's, strings'. */
static void of_libc(void)
{
	int *sorted[500];
	char *text = NULL, *line = NULL;
	size_t bytes = 0, room = 0;
	FILE *to = open_memstream(&text, &bytes);
	int i;

	for (i = 0; i < 500; i++) {
		sorted[i] = hide(malloc(sizeof(int)));
		*sorted[i] = i * 7919 % 500;
	}
	qsort(sorted, 500, sizeof(sorted[0]), by_number);
	for (i = 0; i < 500; i++) {
		must(*sorted[i] == i && fprintf(to, "line %d of many\n", number++) > 0);
		free(sorted[i]);
	}
	must(fclose(to) == 0);
	to = fmemopen(text, bytes, "r");
	for (i = 0; getline(&line, &room, to) > 0; i++)
		;
	must(i == 500 && fclose(to) == 0);
	free(line);
	free(text);
	free(strdup("text"));
}

/* Each operator with its own. */
static void operators(void)
{
	void *(*get)(size_t), *(*get_aligned)(size_t, size_t);
	void (*put)(void *), (*put_sized)(void *, size_t), (*put_aligned)(void *, size_t, size_t);
	size_t bytes;

	for (bytes = 0; bytes < 10000; bytes = bytes * 2 + 1) {
		*(void **)&get = by_name("_Znwm");
		*(void **)&put = by_name("_ZdlPv");
		*(void **)&put_sized = by_name("_ZdlPvm");
		put(get(bytes));
		put_sized(get(bytes), bytes);
		*(void **)&get = by_name("_Znam");
		*(void **)&put = by_name("_ZdaPv");
		put(get(bytes));
		*(void **)&get_aligned = by_name("_ZnwmSt11align_val_t");
		*(void **)&put_aligned = by_name("_ZdlPvmSt11align_val_t");
		put_aligned(get_aligned(bytes, 64), bytes, 64);
		*(void **)&put_sized = by_name("free_sized");
		put_sized(malloc(bytes), bytes);
		*(void **)&put_aligned = by_name("free_aligned_sized");
	}
}

static void refused(void)
{
	volatile size_t huge = PTRDIFF_MAX;
	void *p = malloc(100);

	must(!malloc(huge) && !calloc(huge, 16) && !realloc(p, huge) && !reallocarray(p, huge, 16));
	must(malloc_usable_size(p) >= 100);
	free(p);
}

/* More blocks with pages than there may be. */
static void many(void)
{
	enum { N = 9000 };
	static void *blocks[N];
	size_t i;

	for (i = 0; i < N; i++) {
		blocks[i] = hide(malloc(40));
		must(blocks[i]);
		memset(blocks[i], 1, 40);
	}
	for (i = 0; i < N; i++)
		free(blocks[i]);
}

/* Large ones, again and again: their addresses do not run out. */
static void large(void)
{
	size_t i;

	for (i = 0; i < 500; i++) {
		unsigned char *p = hide(malloc(16 << 20));

		must(p);
		p[0] = p[(16 << 20) - 1] = 1;
		free(p);
	}
}

const struct program proper[] = {
	{ "whole", whole, "leaks=all", NULL },
	{ "whole-paged", whole, "leaks=all,guard=1", NULL },
	{ "whole-unpaged", whole, "leaks=all,guard=0", NULL },
	{ "aligned", aligned, "", NULL },
	{ "aligned-paged", aligned, "guard=1", NULL },
	{ "resized", resized, "", NULL },
	{ "resized-paged", resized, "guard=1", NULL },
	{ "threads", threads, "", NULL },
	{ "threads-short-quarantine", threads, "quarantine=0,guard=10,trace=1", NULL },
	{ "forks", forks, "", NULL },
	{ "handler", handler, "", NULL },
	{ "own-fault", own_fault, "", NULL },
	{ "kept", kept, "leaks=fail", NULL },
	{ "kept-paged", kept, "leaks=fail,guard=1", NULL },
	{ "of-libc", of_libc, "leaks=fail", NULL },
	{ "of-libc-paged", of_libc, "leaks=fail,guard=1", NULL },
	{ "operators", operators, "leaks=fail", NULL },
	{ "refused", refused, "leaks=fail", NULL },
	{ "many", many, "leaks=fail,guard=1,trace=1", NULL },
	{ "large", large, "leaks=fail", NULL },
	{ NULL, NULL, NULL, NULL },
};
