/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The classic shapes of allocating programs, as one program (malloc_shapes) that calls malloc and free and nothing of
 * maar's: which malloc that is, LD_PRELOAD says. bench_malloc starts it with each contestant.
 *
 *     malloc_shapes SHAPE [threads=N] [bytes=N] [batch=N] [time=MS] [warm=MS] [count=N] [pin=LIST]
 *
 * It prints one line, a JSON object: "ops", "ns", "peak_kb" (most memory that was resident), "value" where the shape has
 * a figure of its own, "wrong" if a block did not hold what was written into it, and "malloc", the file that has it.
 *
 * What counts is the difference of two looks, at the end of the warm-up and of the time, at what the threads have done:
 *
 *     threads   |--- step --- step --- step --- step --- step --- step ---|       a step adds to the thread's ops
 *     main      start ....... warm: look ........................ time: look, stop
 *
 * With one thread, main is it, and looks at the clock after each step: a program without threads is measured as one.
 */
#ifndef BENCH_SHAPES_H
#define BENCH_SHAPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#define SHAPE_THREADS 16
#define SHAPE_CPUS    64

struct shape_run {
	unsigned threads; /* as the shape understands it */
	size_t bytes;	  /* of a block, or of the largest */
	unsigned batch;
	uint64_t warm_ns, time_ns;
	uint64_t count; /* operations of each thread, instead of a time; 0: none */
	int cpus[SHAPE_CPUS];
	unsigned n_cpus; /* 0: threads are not bound */

	/* what came of it */
	uint64_t ops, ns;
	double value; /* of shapes with a figure of their own; else below 0 */
	uint64_t wrong __attribute__((aligned(128)));
	uint32_t stop __attribute__((aligned(128)));
};

struct shape_worker {
	struct shape_run *run;
	unsigned index;
	uint64_t ops, random;
	uint64_t warm_end, end, ops_warm, warm_at; /* of a worker that is alone */
	bool alone, warmed;
	void (*body)(struct shape_worker *w);
	void *state;
} __attribute__((aligned(128)));

struct shape {
	const char *name;
	void (*run)(struct shape_run *run);
};

/* Ended by a row without a name. */
extern const struct shape shapes_same[], shapes_between[], shapes_memory[];

/* ---- running (run.c) ---------------------------------------------------------------------------------------------- */

/* Reads the words of a command line, runs the shape they name of one of the tables, and prints its line. */
int shape_main(int argc, char **argv, const struct shape *const *tables, size_t n_tables);

/* Has `n` workers go through body, in main if it is one, and measures what they say to shape_go_on. */
void shape_work(struct shape_run *run, unsigned n, void (*body)(struct shape_worker *w), void *state);

/* Has done `ops` more; false: that is enough. */
bool shape_go_on(struct shape_worker *w, uint64_t ops);

/* A thread is to run on the processor of number i. */
void shape_pin(const struct shape_run *run, unsigned i);

/* Bytes of memory that are resident now: exact, unlike /proc/self/statm, and without malloc. */
size_t shape_resident(void);

/* Of them, those of no file: after a fork, pages of files come back only as they are touched. */
size_t shape_anonymous(void);

/* A field of /proc/self/status in KiB, as "VmHWM:". */
size_t shape_status_kb(const char *field);

/* One more block that is not as it was left. */
void shape_wrong(struct shape_run *run);

/* The program cannot go on: there is no memory, or no thread. */
void shape_die(const char *what) __attribute__((noreturn));

static inline uint64_t shape_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* xorshift64*: a few cycles, and the same for everybody. */
static inline uint32_t shape_random(uint64_t *state)
{
	uint64_t x = *state;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	*state = x;
	return (uint32_t)((x * UINT64_C(0x2545f4914f6cdd1d)) >> 32);
}

static inline uint32_t shape_below(uint64_t *state, uint32_t n)
{
	return (uint32_t)(((uint64_t)shape_random(state) * n) >> 32);
}

/* 16 bytes to `most`: as many blocks of each doubling, as programs have them, small ones above all. */
static inline size_t shape_size(uint64_t *state, size_t most)
{
	const uint32_t octaves = 63 - (uint32_t)__builtin_clzll(most) - 4; /* above 16 */
	const size_t from = (size_t)16 << shape_below(state, octaves ? octaves : 1);
	const size_t size = from + shape_below(state, (uint32_t)from) + 1;

	return size < most ? size : most;
}

/* What is written into a block's first word, and must be there when it is freed: its own address, and its size. */
static inline void shape_mark(void *block, size_t size)
{
	*(volatile uint64_t *)block = (uint64_t)(uintptr_t)block * 31 + size;
}

static inline void shape_check(struct shape_run *run, const void *block, size_t size)
{
	if (__builtin_expect(*(const volatile uint64_t *)block != (uint64_t)(uintptr_t)block * 31 + size, 0))
		shape_wrong(run);
}

#endif
