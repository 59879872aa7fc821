/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * When there is no memory: NULL and ENOMEM, nothing lost, and it goes on when there is memory again.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1 /* environ */
#endif
#include "behave.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- a limit on addresses: from the start of a program on, as whoever reserves them early does not see a later one ---- */

#define LIMIT ((size_t)160 << 20)

/* All that there is, in blocks of one size. */
static size_t fill_up(size_t size, void **list)
{
	size_t n = 0;
	void **block;

	for (;;) {
		errno = 0;
		block = malloc(size);
		if (!block)
			break;
		*block = *list;
		*list = block;
		n++;
		must(n * size <= LIMIT);
	}
	must(errno == ENOMEM);
	return n;
}

static void give_back(void **list)
{
	while (*list) {
		void **block = *list;

		*list = *block;
		free(block);
	}
}

/* Freed, and again: about as much as before, whatever the size. */
static void fill_and_empty(void)
{
	static const size_t sizes[] = { 100000, 40000, 3000000, 200000 };
	void *list = NULL, *kept = malloc(1000);
	size_t i, n, again;

	must(kept);
	behave_fill(kept, 1000, 5);
	for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		n = fill_up(sizes[i], &list);
		must(n * sizes[i] >= LIMIT / 32);
		must(behave_filled(kept, 1000, 5));
		must(realloc(behave_hide(kept), LIMIT) == NULL);
		give_back(&list);
		again = fill_up(sizes[i], &list);
		must(again >= n / 2);
		give_back(&list);
	}
	must(behave_filled(kept, 1000, 5));
	free(kept);
}

static void sizes_small(void)
{
	size_t size;
	int round;

	for (round = 0; round < 3; round++)
		for (size = 1; size < 1u << 20; size = size * 3 / 2 + 1) {
			void *block = malloc(size);

			must(block);
			behave_fill(block, size, 1);
			must(behave_filled(block, size, 1));
			free(block);
		}
}

static void with_limit(const char *behaviour, size_t bytes)
{
	const struct rlimit limit = { bytes, bytes };
	const pid_t pid = fork();

	must(pid >= 0);
	if (pid == 0) {
		setrlimit(RLIMIT_AS, &limit);
		execl("/proc/self/exe", "behave", behaviour, (char *)NULL);
		_exit(126);
	}
	behave_child_ended(pid);
}

static void limited(void)
{
	with_limit(".fill_and_empty", LIMIT);
}

/* As little as whoever sets limits for a machine's sake gives. */
static void limited_little(void)
{
	with_limit(".sizes_small", (size_t)48 << 20);
}

/* ---- every k-th mapping fails: of an allocator that asks the C library for them, which this program stands before ---- */

static unsigned long maps, fail_each; /* 0: none */

/* And of all calls about memory, once there is an environment, a single one: MAAR_TEST_FAIL_AT says the how-manieth. */
static unsigned long calls, fail_at = -1ul;

static bool fails(bool is_map)
{
	const char *text;

	if (!environ)
		return false;
	if (fail_at == -1ul) {
		text = getenv("MAAR_TEST_FAIL_AT");
		fail_at = text ? strtoul(text, NULL, 10) : 0;
	}
	if ((is_map && fail_each && ++maps % fail_each == 0) || ++calls == fail_at) {
		errno = ENOMEM;
		return true;
	}
	return false;
}

void *mmap(void *at, size_t bytes, int protection, int flags, int fd, off_t offset)
{
	return fails(true) ? MAP_FAILED : (void *)syscall(SYS_mmap, at, bytes, protection, flags, fd, offset);
}

void *mremap(void *at, size_t bytes, size_t new_bytes, int flags, ...)
{
	return fails(true) ? MAP_FAILED : (void *)syscall(SYS_mremap, at, bytes, new_bytes, flags, 0);
}

int munmap(void *at, size_t bytes)
{
	return fails(false) ? -1 : (int)syscall(SYS_munmap, at, bytes);
}

int mprotect(void *at, size_t bytes, int protection)
{
	return fails(false) ? -1 : (int)syscall(SYS_mprotect, at, bytes, protection);
}

int madvise(void *at, size_t bytes, int advice)
{
	return fails(false) ? -1 : (int)syscall(SYS_madvise, at, bytes, advice);
}

static void some(unsigned k)
{
	enum { SLOTS = 100 };
	static void *block[SLOTS];
	static size_t size[SLOTS];
	uint64_t random = k;
	unsigned i, got = 0, at;

	for (i = 0; i < 3000; i++) {
		const size_t want = behave_random(&random) % (i % 16 ? 5000 : 6000000) + 1;
		void *now;

		at = behave_random(&random) % SLOTS;
		errno = 0;
		now = i % 3 ? realloc(block[at], want) : (free(block[at]), malloc(want));
		if (!now) {
			must(errno == ENOMEM);
			if (i % 3) {
				must(!block[at] || behave_filled(block[at], size[at] < 100 ? size[at] : 100, at));
				continue;
			}
			block[at] = NULL;
			continue;
		}
		got++;
		block[at] = now;
		size[at] = want;
		behave_fill(now, want < 100 ? want : 100, at);
	}
	must(got > 500);
	for (at = 0; at < SLOTS; at++) {
		must(!block[at] || behave_filled(block[at], size[at] < 100 ? size[at] : 100, at));
		free(block[at]);
		block[at] = NULL;
	}
}

static void failing_maps(void)
{
	unsigned k;

	for (k = 2; k < 12; k++) {
		maps = 0;
		fail_each = k;
		some(k);
		fail_each = 0;
	}
	must(!behave_is_maar() || maps > 0); /* the C library's own malloc does not go through here */
}

enum { REACHED = 0, NOT_REACHED = 42 };

/* Enough for tables to grow; one call of it may fail, for there is a second try. */
static void few(void)
{
	enum { BLOCKS = 3000 };
	static void *block[BLOCKS];
	unsigned i, missing = 0;

	for (i = 0; i < BLOCKS; i++) {
		const size_t size = i % 500 == 7 ? 300000 : 16 + i % 90;

		block[i] = malloc(size);
		missing += !block[i];
		if (!block[i])
			block[i] = malloc(size);
		must(block[i]);
		behave_fill(block[i], 16, i);
		if (i % 5 == 0) {
			void *moved = realloc(block[i], size * 2);

			missing += !moved;
			block[i] = moved ? moved : block[i];
		}
	}
	for (i = 0; i < BLOCKS; i++) {
		must(behave_filled(block[i], 16, i));
		free(block[i]);
	}
	must(missing <= 2); /* an operation, and what its failure cost another */
	_exit(calls >= fail_at ? REACHED : NOT_REACHED);
}

/* Each alone, with a process of its own for each; in small counts not all of the later ones. */
static void each_map(void)
{
	unsigned long k;
	int status = 0;

	for (k = 1; WEXITSTATUS(status) != NOT_REACHED; k += k < 40 || behave_count(100) >= 20 ? 1 : k / 6) {
		const pid_t pid = fork();
		char text[32];

		must(pid >= 0);
		if (pid == 0) {
			snprintf(text, sizeof(text), "%lu", k);
			setenv("MAAR_TEST_FAIL_AT", text, 1);
			execl("/proc/self/exe", "behave", ".few", (char *)NULL);
			_exit(126);
		}
		must(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
		if (WEXITSTATUS(status) != REACHED && WEXITSTATUS(status) != NOT_REACHED)
			behave_fail(__FILE__, (int)k, "the call that has this number fails");
	}
	must(!behave_is_maar() || k > 1); /* the C library's own malloc does not go through here */
}

/* None at all, from the first call of a new process on: NULL, and later it works. */
static void no_maps(void)
{
	const pid_t pid = fork();
	void *block;

	must(pid >= 0);
	if (pid) {
		behave_child_ended(pid);
		return;
	}
	fail_each = 1;
	block = behave_hide(malloc(5000000));
	must(!behave_is_maar() || (!block && errno == ENOMEM));
	free(block);
	fail_each = 0;
	block = behave_hide(malloc(5000000));
	must(block);
	free(block);
	_exit(0);
}

const struct behaviour behave_limits[] = { { "limited", limited },
					   { "limited_little", limited_little },
					   { ".fill_and_empty", fill_and_empty },
					   { ".sizes_small", sizes_small },
					   { "failing_maps", failing_maps },
					   { "each_map", each_map },
					   { ".few", few },
					   { "no_maps", no_maps },
					   { NULL, NULL } };
