/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * What the timed roles write down of their calls: how long each successful one took, in a histogram, and when nothing
 * came out of the queue. In ticks of the processor's time stamp counter, which costs less to read than the clock.
 *
 *     one consumer   ..|...|......................|.|..|.......     a bar: it took something
 *     another        .|..|..|.|........................|.|.|...
 *     nobody                   <------------------>                 gaps of all: what no consumer shortened
 *
 * Each consumer keeps its own gaps of 100 us and more: a gap of all lies inside one of each, so nothing is lost, and
 * there are few of them. The stamps of different processors are compared, at a scale at which they agree.
 *
 * C and C++.
 */
#ifndef BENCH_TIMING_H
#define BENCH_TIMING_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

#define BENCH_INLINE static inline __attribute__((always_inline, unused))

/* A gap from here on counts as a stall: far more than a slow call, less than a time slice of the scheduler. */
#define BENCH_STALL_NS 100000

/*
 * A histogram of durations, 32 steps to the octave, so a step is at most 3.2 % wide: wide enough for 16 KiB to do, fine
 * beside the spread of the rounds. Durations below 32 ticks have a step each.
 */
#define BENCH_STEP_BITS 5
#define BENCH_STEPS	((64 - BENCH_STEP_BITS + 1) << BENCH_STEP_BITS)

/* From the end of one success to the end of the next, in ticks. */
struct bench_gap {
	uint64_t from, to;
};

struct bench_timing {
	uint64_t steps[BENCH_STEPS]; /* successful calls */
	uint64_t first, last;	     /* stamps of the first and the last success; 0: none */
	uint64_t gap_ticks;	     /* a gap is written down if it is this long */
	size_t n_gaps, max_gaps;
	uint64_t gaps_lost; /* for want of room */
	struct bench_gap *gaps;
};

BENCH_INLINE uint64_t bench_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Read when all before it is done, as far as this processor is concerned. */
BENCH_INLINE uint64_t bench_ticks(void)
{
#if defined(__x86_64__)
	uint32_t low, high;

	__asm__ __volatile__("lfence\n\trdtsc" : "=a"(low), "=d"(high) : : "memory");
	return (uint64_t)high << 32 | low;
#elif defined(__aarch64__)
	uint64_t ticks;

	__asm__ __volatile__("isb\n\tmrs %0, cntvct_el0" : "=r"(ticks) : : "memory");
	return ticks;
#else
	return bench_now();
#endif
}

BENCH_INLINE size_t bench_step(uint64_t ticks)
{
	unsigned octave;

	if (ticks >> BENCH_STEP_BITS == 0)
		return (size_t)ticks;
	octave = 63 - (unsigned)__builtin_clzll(ticks) - BENCH_STEP_BITS;
	return ((size_t)octave << BENCH_STEP_BITS) + (size_t)(ticks >> octave);
}

/* A success between two stamps. Stamps of two processors may disagree: a thread that moved in between took no time. */
BENCH_INLINE void bench_time(struct bench_timing *t, uint64_t before, uint64_t after)
{
	t->steps[bench_step((int64_t)(after - before) < 0 ? 0 : after - before)]++;
}

/* A success of a consumer's. */
BENCH_INLINE void bench_time_take(struct bench_timing *t, uint64_t before, uint64_t after)
{
	bench_time(t, before, after);
	if (!t->first) {
		t->first = after;
	} else if (__builtin_expect((int64_t)(after - t->last) >= (int64_t)t->gap_ticks, 0)) {
		if (t->n_gaps < t->max_gaps)
			t->gaps[t->n_gaps++] = (struct bench_gap){ t->last, after };
		else
			t->gaps_lost++;
	}
	t->last = after;
}

#endif
