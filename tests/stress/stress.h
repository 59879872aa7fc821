/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * What the stress bodies share. They know nothing of the test library, so that they also run where it is missing
 * (another processor under an emulator, tests/stress/plain.c): a body fills in a verdict, and its caller says so to the
 * world.
 */
#ifndef MAAR_TEST_STRESS_H
#define MAAR_TEST_STRESS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../pace.h"

#ifndef COUNT_OF
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#endif

/* Most threads on one side of a ring. */
#define STRESS_SIDE 8

/* ---- what came out ---- */

/* Begins as { .lock = PTHREAD_MUTEX_INITIALIZER }. Any thread may fail a run; the first word counts. */
struct verdict {
	pthread_mutex_t lock;
	int failed; /* read by running threads, relaxed: a check must not order what is being checked */
	char text[256];
	/* Controls: called with the first word, for a faulty ring may keep its threads for ever. NULL: nothing. */
	void (*at_once)(const struct verdict *v);
};

void stress_fail(struct verdict *v, const char *format, ...) __attribute__((format(printf, 2, 3)));

static inline bool stress_failed(const struct verdict *v)
{
	return __atomic_load_n(&v->failed, __ATOMIC_RELAXED);
}

/* ---- how much ---- */

/*
 * Percent of the work that a program does whose accesses are watched (ThreadSanitizer, AddressSanitizer: 10 to 20 times
 * slower) or delayed (the schedule-fuzz build): what keeps each suite below a minute. Cases are as many as ever, each of them
 * is shorter. make check-proof has ten times the delayed ones.
 */
#if defined(__SANITIZE_THREAD__)
#define STRESS_PERCENT 15
#elif defined(__SANITIZE_ADDRESS__)
#define STRESS_PERCENT 20
#elif defined(STRESS_FUZZ)
#define STRESS_PERCENT 8
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define STRESS_PERCENT 15
#elif __has_feature(address_sanitizer)
#define STRESS_PERCENT 20
#endif
#endif
#ifndef STRESS_PERCENT
#define STRESS_PERCENT 100
#endif

/*
 * `messages`, times MAAR_STRESS_SCALE percent (default 100), times STRESS_PERCENT of the program that asks, and never less
 * than `least`.
 */
#define stress_scaled(messages, least) stress_share(STRESS_PERCENT, messages, least)
uint64_t stress_share(unsigned percent, uint64_t messages, uint64_t least);

/* MAAR_STRESS_SCALE as a factor of at least 1, for time-outs. */
double stress_patience(void);

/* ---- random numbers: splitmix64 ---- */

static inline uint64_t stress_mix(uint64_t z)
{
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static inline uint64_t stress_random(uint64_t *state)
{
	return stress_mix(*state += UINT64_C(0x9e3779b97f4a7c15));
}

static inline uint64_t stress_below(uint64_t *state, uint64_t below)
{
	return stress_random(state) % below;
}

/* ---- waiting ---- */

/*
 * One turn of a wait loop, the tries-th of this wait. Spins a little if each thread may have a processor to itself, and
 * otherwise gives the processor away at once: somebody else has to run before anything changes.
 */
void stress_pause(unsigned threads, uint64_t tries);

/* ---- threads ---- */

/* Threads that begin together: each waits in stress_start until all `parties` are there. No order comes of it. */
struct start_line {
	unsigned parties;
	unsigned arrived;
};

void stress_start(struct start_line *line);

/* pthread_create that tells the verdict instead of failing silently; false: not created. */
bool stress_thread(struct verdict *v, pthread_t *thread, void *(*run)(void *), void *arg);

/* ---- choosing cases ---- */

#define PAIRWISE_FACTORS 8

/* Calls `each` with choices of factor levels, few, but with every pair of levels of any two factors. */
typedef void pairwise_fn(const unsigned *level, void *arg);
unsigned pairwise(const unsigned *levels, unsigned factors, uint64_t seed, pairwise_fn *each, void *arg);

#endif
