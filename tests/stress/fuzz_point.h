/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Schedule fuzz: included ahead of everything else (-include), it puts a random delay at one in 128 of the library's
 * atomic accesses, so that threads are stopped where they would hardly ever be. Of all ways tried to find logic errors
 * in rings by running them it found the most (after folly's and crossbeam's deterministic schedulers, but
 * free-running).
 */
#ifndef MAAR_TEST_FUZZ_POINT_H
#define MAAR_TEST_FUZZ_POINT_H

#define STRESS_FUZZ	    1
#define MAAR_POINT(address) maar__fuzz_point()

void maar__fuzz_delay(void);

/* Per thread; any value will do to begin with. */
extern __thread unsigned long long maar__fuzz_state;

/* A thread that sets it is never delayed: so that it changes things while another, delayed, is in mid-look. */
extern __thread int maar__fuzz_calm;

/*
 * For one thread that is to be stopped (tests/kill/stall.c): its so-manieth access from here on calls maar__fuzz_stop; 0: none
 * does.
 */
extern __thread unsigned long maar__fuzz_left;
extern void (*maar__fuzz_stop)(void);

static inline void maar__fuzz_point(void)
{
	if (maar__fuzz_left && --maar__fuzz_left == 0)
		maar__fuzz_stop();
	/* Knuth's MMIX generator: one multiplication, and its upper bits are good enough for this. */
	maar__fuzz_state = maar__fuzz_state * 6364136223846793005ULL + 1442695040888963407ULL;
	if (maar__fuzz_state >> 57 == 0)
		maar__fuzz_delay();
}

#endif
