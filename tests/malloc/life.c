/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Blocks before main, of threads that come and go, across fork, in libraries that are loaded and unloaded, and after main.
 */
#include "behave.h"

#include <dlfcn.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- before any constructor of any library ---- */

static void *early[20];

static void before_all(void)
{
	size_t i;

	for (i = 0; i < 20; i++) {
		early[i] = malloc((size_t)10 << i);
		if (early[i])
			behave_fill(early[i], 10, (unsigned)i);
	}
	free(malloc(1000));
}
__attribute__((section(".preinit_array"), used)) static void (*const preinit)(void) = before_all;

static void earliest(void)
{
	size_t i;

	for (i = 0; i < 20; i++) {
		must(early[i] && behave_filled(early[i], 10, (unsigned)i));
		early[i] = realloc(early[i], ((size_t)10 << i) + 100);
		must(early[i] && behave_filled(early[i], 10, (unsigned)i));
		free(early[i]);
	}
}

/* ---- births and deaths ---- */

enum { FLIGHT = 64 };
static void *flight[FLIGHT]; /* blocks that a thread leaves to whoever comes */

static void *short_life(void *arg)
{
	const unsigned number = (unsigned)(uintptr_t)arg;
	uint64_t random = number;
	unsigned i;

	for (i = 0; i < 20; i++) {
		const size_t size = 16 + behave_random(&random) % 3000;
		size_t *block = malloc(size), *other;

		must(block);
		behave_fill(block, size, (unsigned)size);
		*block = size;
		other = __atomic_exchange_n(&flight[behave_random(&random) % FLIGHT], (void *)block, __ATOMIC_ACQ_REL);
		if (!other)
			continue;
		must(*other >= 16 && *other < 3016);
		must(((unsigned char *)other)[15] == (unsigned char)(*other * 31 + 15 * 7));
		free(other);
	}
	return NULL;
}

/* Threads, four at a time, each of which leaves blocks behind that later ones free. */
static void births(void)
{
	const unsigned n = behave_count(10000) / 4 * 4 + 4;
	pthread_t thread[4];
	unsigned i, k;

	for (i = 0; i < n; i += 4) {
		for (k = 0; k < 4; k++)
			must(!pthread_create(&thread[k], NULL, short_life, (void *)(uintptr_t)(i + k + 1)));
		for (k = 0; k < 4; k++)
			must(!pthread_join(thread[k], NULL));
	}
	for (i = 0; i < FLIGHT; i++)
		free(flight[i]);
}

/* ---- destructors of threads, which come after the allocator's own, or before ---- */

static pthread_key_t keys[3];
static unsigned late_frees;

static void late(void *value)
{
	static const int again = 2;
	int *left = value, *next;

	if (*left > 0) { /* once more, with another block */
		next = malloc(sizeof(*next) + 100);
		must(next);
		*next = *left - 1;
		must(!pthread_setspecific(keys[1], next));
	}
	free(value);
	free(malloc((size_t)again * 1000));
	__atomic_fetch_add(&late_frees, 1, __ATOMIC_RELAXED);
}

static void *thread_with_keys(void *arg)
{
	int i;

	for (i = 0; i < 3; i++) {
		int *value = malloc(100);

		must(value);
		*value = i;
		must(!pthread_setspecific(keys[i], value));
	}
	return arg;
}

static void destructors(void)
{
	pthread_t thread;
	unsigned i;

	for (i = 0; i < 3; i++)
		must(!pthread_key_create(&keys[i], late));
	for (i = 0; i < behave_count(300); i++) {
		must(!pthread_create(&thread, NULL, thread_with_keys, NULL));
		must(!pthread_join(thread, NULL));
	}
	must(late_frees >= 3 * i);
}

/* ---- the end of the program, with threads at work ---- */

static void *at_work(void *arg)
{
	uint64_t random = (uintptr_t)arg;
	void *held[16] = { NULL };

	unsigned n;

	for (n = 1;; n++) {
		const unsigned at = behave_random(&random) % 16;

		if (n % 64 == 0) /* others want the processor, too */
			sched_yield();

		free(held[at]);
		held[at] = malloc(behave_random(&random) % 20000);
	}
	return NULL;
}

static void *last_words;

static void at_exit(void)
{
	free(last_words);
	free(malloc(5000));
}

static void exits(void)
{
	pthread_t thread;
	uintptr_t i;

	last_words = malloc(300);
	must(!atexit(at_exit));
	for (i = 0; i < 4; i++)
		must(!pthread_create(&thread, NULL, at_work, (void *)(i + 1)));
	usleep(20000);
}

/* ---- fork, while others allocate ---- */

static void in_child(void *const *parents, unsigned n)
{
	void *held[100];
	uint64_t random = 7;
	unsigned i;

	for (i = 0; i < n; i++) {
		must(behave_filled(parents[i], 64, i));
		free(parents[i]);
	}
	for (i = 0; i < 100; i++) {
		const size_t size = behave_random(&random) % (i % 10 ? 2000 : 300000) + 64;

		held[i] = malloc(size);
		must(held[i]);
		behave_fill(held[i], 64, i);
	}
	for (i = 0; i < 100; i++) {
		must(behave_filled(held[i], 64, i));
		free(held[i]);
	}
	_exit(0);
}

static void forks(void)
{
	const unsigned n = behave_count(1000);
	void *held[50];
	pthread_t thread;
	uintptr_t k;
	unsigned i;

	for (k = 0; k < 4; k++)
		must(!pthread_create(&thread, NULL, at_work, (void *)(k + 1)));
	for (i = 0; i < 50; i++) {
		held[i] = malloc(64 + i * 100);
		must(held[i]);
		behave_fill(held[i], 64, i);
	}
	for (i = 0; i < n; i++) {
		const pid_t pid = fork();

		must(pid >= 0);
		if (pid == 0)
			in_child(held, 50);
		behave_child_ended(pid);
	}
	for (i = 0; i < 50; i++)
		must(behave_filled(held[i], 64, i));
	_exit(0); /* the threads are still at work */
}

/* A child that starts threads of its own, and forks again. */
static void generations(void)
{
	pthread_t thread;
	pid_t pid;
	int depth;

	for (depth = 0; depth < 5; depth++) {
		must(!pthread_create(&thread, NULL, short_life, (void *)(uintptr_t)(depth + 1)));
		must(!pthread_join(thread, NULL));
		pid = fork();
		must(pid >= 0);
		if (pid == 0)
			continue;
		behave_child_ended(pid);
		if (depth)
			_exit(0);
		return;
	}
	_exit(0);
}

/* ---- libraries that come and go ---- */

static void libraries(void)
{
	const char *path = getenv("MAAR_TEST_MODULE");
	unsigned i, n = behave_count(200);
	void *kept[8] = { NULL };

	must(path);
	for (i = 0; i < n; i++) {
		void *(*give)(size_t), *module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
		void (*take)(void *);

		must(module);
		*(void **)&give = dlsym(module, "module_give");
		*(void **)&take = dlsym(module, "module_take");
		must(give && take);
		take(kept[i % 8]); /* of an earlier loading */
		kept[i % 8] = give(i * 10 + 1);
		must(kept[i % 8]);
		must(dlclose(module) == 0);
	}
	for (i = 0; i < 8; i++)
		free(kept[i]);
}

/* ---- threads with tiny stacks ---- */

static void *on_little(void *arg)
{
	size_t size;

	for (size = 8; size < 8u << 20; size *= 2)
		free(behave_hide(malloc(size)));
	return arg;
}

static void stacks(void)
{
	pthread_attr_t attr;
	pthread_t thread;
	unsigned i;

	must(!pthread_attr_init(&attr));
	must(!pthread_attr_setstacksize(&attr, 16384)); /* PTHREAD_STACK_MIN */
	for (i = 0; i < 20; i++) {
		must(!pthread_create(&thread, &attr, on_little, NULL));
		must(!pthread_join(thread, NULL));
	}
}

const struct behaviour behave_life[] = {
	{ "earliest", earliest },   { "births", births }, { "destructors", destructors },
	{ "exits", exits },	    { "forks", forks },	  { "generations", generations },
	{ "libraries", libraries }, { "stacks", stacks }, { NULL, NULL }
};
