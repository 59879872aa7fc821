/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Shapes that ask for memory instead of time: what a start takes, what is left when all is freed, what is lost in blocks.
 */
#include "shapes.h"

#include <errno.h>
#include <malloc.h>
#include <math.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* ---- starts ------------------------------------------------------------------------------------------------------- */

static void start_body(struct shape_worker *w)
{
	char *const argv[] = { (char *)(uintptr_t) "true", NULL };
	int status;
	pid_t pid;

	do {
		if (posix_spawn(&pid, "/bin/true", NULL, NULL, argv, environ))
			shape_die("/bin/true cannot be started");
		while (waitpid(pid, &status, 0) < 0)
			if (errno != EINTR)
				shape_die("/bin/true is lost");
		if (status)
			shape_wrong(w->run);
	} while (shape_go_on(w, w->run->count ? w->run->count : 1)); /* by count: for a look, one is enough */
}

/* Each operation is a program that starts and ends. */
static void start(struct shape_run *run)
{
	shape_work(run, 1, start_body, NULL);
}

/* The most that a program had which hardly allocates. */
static void small(struct shape_run *run)
{
	void *block = malloc(100);

	if (!block)
		shape_die("no memory");
	shape_mark(block, 100);
	shape_check(run, block, 100);
	free(block);
	run->value = (double)shape_status_kb("VmHWM:") * 1.024e-3;
}

/* ---- idle --------------------------------------------------------------------------------------------------------- */

/* 200 MB in blocks are freed; what is there 2 s later, when nothing has been called in between? */
static void idle(struct shape_run *run)
{
	const size_t n = (size_t)(run->count ? 4000000 : 200000000) / run->bytes;
	void **block = mmap(NULL, n * sizeof(*block), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t i;

	if (block == MAP_FAILED)
		shape_die("no memory");
	for (i = 0; i < n; i++) {
		block[i] = malloc(run->bytes);
		if (!block[i])
			shape_die("no memory");
		shape_mark(block[i], i);
	}
	for (i = 0; i < n - 1; i++) { /* one stays, as in a program there is always one */
		shape_check(run, block[i], i);
		free(block[i]);
	}
	munmap(block, n * sizeof(*block));
	if (!run->count)
		sleep(2);
	run->value = (double)shape_resident() * 1e-6;
}

/* ---- what is lost ------------------------------------------------------------------------------------------------- */

/*
 * So much is allocated of each size: the slab that was begun last is then a small part of it. Less for a look.
 */
#define LOSS_BYTES	 8000000
#define LOSS_BYTES_QUICK 1000000

/* Writes all of a block, as whoever asked for it does. */
static void fill(char *block, size_t size)
{
	size_t i;

	for (i = 0; i < size; i += 64)
		((volatile char *)block)[i] = 1;
	((volatile char *)block)[size - 1] = 1;
}

/* Of blocks of one size, in a process of its own, so that nothing is left of the size before: bytes resident for each that
 * was asked for, less one. */
static double loss_of(size_t size, size_t total)
{
	const size_t n = total / size;
	void *volatile first;
	double *loss = mmap(NULL, sizeof(*loss), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0), result;
	size_t before, i;
	int status;
	pid_t pid;

	if (loss == MAP_FAILED)
		shape_die("no memory");
	first = malloc(1); /* what the first call costs is another shape's */
	free(first);
	pid = fork();
	if (pid < 0)
		shape_die("no process");
	if (pid == 0) {
		before = shape_anonymous();
		for (i = 0; i < n; i++) {
			char *block = malloc(size);

			if (!block)
				_exit(1);
			fill(block, size);
		}
		*loss = ((double)shape_anonymous() - (double)before) / ((double)n * (double)size) - 1;
		_exit(0);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			shape_die("a process is lost");
	if (status)
		shape_die("no memory for blocks");
	result = *loss;
	munmap(loss, sizeof(*loss));
	return result;
}

/*
 * What as many blocks of each size lose together, log-uniform sizes from 16 bytes to 32 KiB: 8 sizes of each doubling, not
 * those where classes like to end. In percent of what was asked for.
 */
static void loss(struct shape_run *run)
{
	const size_t total = run->count ? LOSS_BYTES_QUICK : LOSS_BYTES;
	const unsigned steps = run->count ? 11 : 88;
	double lost = 0, all = 0;
	unsigned i;

	for (i = 0; i < steps; i++) {
		const size_t size = (size_t)(16 * exp2((i + 0.5) * 11 / steps));

		lost += (double)size * loss_of(size, total);
		all += (double)size;
	}
	run->value = 100 * lost / all;
}

/* The worst above 128 bytes: where a class ends, one byte more is the worst of the next. In percent. */
static void loss_worst(struct shape_run *run)
{
	const size_t total = run->count ? LOSS_BYTES_QUICK : LOSS_BYTES;
	double worst = 0, one;
	size_t size = 129, usable;
	unsigned i;

	for (i = 0; size <= 32768 && i < 400; i++) {
		void *block = malloc(size);

		if (!block)
			shape_die("no memory");
		usable = malloc_usable_size(block);
		free(block);
		one = loss_of(size, total);
		worst = one > worst ? one : worst;
		/* to the next class; where classes are 16 bytes apart, as glibc's are, only a sample of them */
		size = usable + 1 > size + size / 32 ? usable + 1 : size + size / 32;
		if (run->count)
			size += size / 2;
	}
	run->value = 100 * worst;
}

const struct shape shapes_memory[] = { { "start", start }, { "small", small },		 { "idle", idle },
				       { "loss", loss },   { "loss_worst", loss_worst }, { NULL, NULL } };
