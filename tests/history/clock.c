/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Which clock all cores agree on: the cycle counter where it is invariant and agrees from core to core, else the system's.
 * A history is worth nothing when its time stamps are not in order.
 */
#include "clock.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

/* Messages each way between two cores; the most cores that are compared with the first. */
#define ROUNDS	   200
#define MOST_CORES 64

bool history_clock_cycles;

/* Does the counter run at one speed, in every state of sleep? Elsewhere than on x86 the architecture says so. */
static bool is_steady(void)
{
#if defined(__x86_64__)
	unsigned a, b, c, d;

	/* Leaf 8000_0007h: invariant TSC (Linux: constant_tsc and nonstop_tsc); 8000_0001h: rdtscp. */
	return __get_cpuid(0x80000007, &a, &b, &c, &d) && (d & 1u << 8) && __get_cpuid(0x80000001, &a, &b, &c, &d) &&
	       (d & 1u << 27);
#else
	return HISTORY_HAVE_CYCLES;
#endif
}

/* ---- two cores send messages both ways ---- */

struct exchange {
	uint64_t turn; /* odd: the echo's */
	uint64_t echoed;
	int core;
};

static void pin(int core)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(core, &set);
	(void)sched_setaffinity(0, sizeof(set), &set); /* refused: two cores are compared that may be one */
}

static void wait_turn(const struct exchange *x, uint64_t turn)
{
	unsigned tries = 0;

	while (__atomic_load_n(&x->turn, __ATOMIC_ACQUIRE) != turn)
		if (++tries % 256 == 0)
			sched_yield();
}

static void *echo(void *arg)
{
	struct exchange *x = arg;
	uint64_t round;

	pin(x->core);
	for (round = 0; round < ROUNDS; round++) {
		wait_turn(x, 2 * round + 1);
		x->echoed = history_end();
		__atomic_store_n(&x->turn, 2 * round + 2, __ATOMIC_RELEASE);
	}
	return NULL;
}

static uint64_t backwards(uint64_t earlier, uint64_t later)
{
	return earlier > later ? earlier - later : 0;
}

/* The calling thread's core against another. */
static uint64_t compare(int core)
{
	struct exchange x = { 0, 0, core };
	uint64_t worst = 0, round;
	pthread_t thread;

	if (pthread_create(&thread, NULL, echo, &x))
		abort();
	for (round = 0; round < ROUNDS; round++) {
		const uint64_t sent = history_end();
		uint64_t there, back;

		__atomic_store_n(&x.turn, 2 * round + 1, __ATOMIC_RELEASE);
		wait_turn(&x, 2 * round + 2);
		back = history_end();
		there = backwards(sent, x.echoed) + backwards(x.echoed, back);
		worst = there > worst ? there : worst;
	}
	pthread_join(thread, NULL);
	return worst;
}

/* On a thread of its own, so that the caller is not pinned for good. */
static void *compare_all(void *arg)
{
	uint64_t *worst = arg, one;
	int core, first = -1, compared = 0;
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set))
		return NULL;
	for (core = 0; core < CPU_SETSIZE && compared < MOST_CORES; core++) {
		if (!CPU_ISSET(core, &set))
			continue;
		if (first < 0) {
			first = core;
			pin(core);
			continue;
		}
		one = compare(core);
		*worst = one > *worst ? one : *worst;
		compared++;
	}
	return NULL;
}

static uint64_t worst_skew(void)
{
	uint64_t worst = 0;
	pthread_t thread;

	if (pthread_create(&thread, NULL, compare_all, &worst))
		abort();
	pthread_join(thread, NULL);
	/* Two cores may each differ from the first by that much. */
	return 2 * worst;
}

uint64_t history_clock_choose(void)
{
	history_clock_cycles = is_steady();
	if (history_clock_cycles && worst_skew() == 0)
		return 0;
	history_clock_cycles = false;
	return worst_skew();
}

const char *history_clock_name(void)
{
	return history_clock_cycles ? "the processor's counter" : "CLOCK_MONOTONIC";
}
