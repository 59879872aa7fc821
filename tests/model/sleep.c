/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * src/base/sleep.c on the explorer: its futexes; descriptors, of which the last one made is readable or not. A sleep that
 * has a deadline sometimes finds it passed.
 */
#include "../../src/base/sleep.h"

#include "scenarios.h"

#include <errno.h>

/* As numbers are given out: each stands for an object of the kernel's, which whoever uses it must know to have been made. */
#define FIRST	    3
#define DESCRIPTORS 4
static uint64_t objects[DESCRIPTORS];
static unsigned made;

/* The kernel's, under a lock: SEQ_CST and more. */
static uint32_t readable;

int64_t maar__now(void)
{
	return 0;
}

int maar__futex_wait(uint32_t *word, uint32_t expected, int64_t deadline, bool shared)
{
	(void)shared;
	if (deadline >= 0 && model_random(2))
		return -ETIMEDOUT;
	(void)model_futex_wait(word, expected);
	return 0;
}

uint32_t maar__futex_wake(uint32_t *word, uint32_t n, bool shared)
{
	(void)shared;
	return model_futex_wake(word, n);
}

int maar__eventfd(void)
{
	const unsigned n = made++ % DESCRIPTORS;

	model_plain_write(&objects[n], 1);
	return FIRST + (int)n;
}

void use_descriptor(int fd)
{
	model_assert(fd >= FIRST && fd < FIRST + DESCRIPTORS, "descriptor %d: there is none", fd);
	(void)model_plain_read(&objects[fd - FIRST]);
}

void maar__eventfd_set(int fd)
{
	use_descriptor(fd);
	maar_a_store(&readable, 1, SEQ_CST);
	(void)model_futex_wake(&readable, UINT32_MAX);
}

void maar__eventfd_clear(int fd)
{
	use_descriptor(fd);
	maar_a_store(&readable, 0, SEQ_CST);
}

void maar__close(int fd)
{
	use_descriptor(fd);
}

/* No scenario comes here. */
int maar__poll(struct pollfd *fds, size_t n, int64_t deadline)
{
	(void)fds, (void)n, (void)deadline;
	return 0;
}

unsigned maar__processors(void)
{
	return 2;
}

void sleep_until_readable(void)
{
	while (!maar_a_load(&readable, SEQ_CST))
		(void)model_futex_wait(&readable, 0);
}
