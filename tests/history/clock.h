/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Stamps for histories: the processor's own counter where all cores agree on it, else CLOCK_MONOTONIC. Never a counter
 * in shared memory: its traffic would order the threads and so hide what is looked for.
 *
 * A stamp at the end of a call is taken when the call's stores can be seen by others, one at the beginning before any of
 * its loads: what a processor still holds in its store buffer is a call still going on.
 */
#ifndef MAAR_TEST_HISTORY_CLOCK_H
#define MAAR_TEST_HISTORY_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/*
 * Chooses the clock; once, before the threads begin. Cores are compared by messages sent both ways: a message must
 * not arrive before it was sent. A difference too small for that to show is too small to mislead the checker, since calls
 * also learn of each other by messages between cores. Returns the largest contradiction seen, in stamps: 0, or the
 * skew to be allowed for.
 */
uint64_t history_clock_choose(void);
const char *history_clock_name(void);

/* Whether the processor's counter is used. */
extern bool history_clock_cycles;

static inline uint64_t history_clock_monotonic(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

#if defined(__x86_64__)

#define HISTORY_HAVE_CYCLES 1
#define history_barrier()   __asm__ __volatile__("mfence" ::: "memory")

static inline uint64_t history_cycles(void)
{
	uint32_t low, high;

	/* rdtscp waits for what came before, lfence lets nothing behind begin. */
	__asm__ __volatile__("rdtscp\n\tlfence" : "=a"(low), "=d"(high) : : "rcx", "memory");
	return (uint64_t)high << 32 | low;
}

#elif defined(__aarch64__)

#define HISTORY_HAVE_CYCLES 1
#define history_barrier()   __asm__ __volatile__("dsb ish" ::: "memory")

static inline uint64_t history_cycles(void)
{
	uint64_t now;

	__asm__ __volatile__("isb\n\tmrs %0, cntvct_el0\n\tisb" : "=r"(now) : : "memory");
	return now;
}

#else

#define HISTORY_HAVE_CYCLES 0
#define history_barrier()   __sync_synchronize()

static inline uint64_t history_cycles(void)
{
	return 0;
}

#endif

static inline uint64_t history_begin(void)
{
	return history_clock_cycles ? history_cycles() : history_clock_monotonic();
}

static inline uint64_t history_end(void)
{
	history_barrier();
	return history_begin();
}

#endif
