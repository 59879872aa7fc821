/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The delay of the schedule-fuzz build: half of them a spin, a third a yield, the rest a short sleep.
 */
#include "fuzz_point.h"

#include "../pace.h"

#include <stdint.h>
#include <time.h>

/* Nanoseconds: about what a wake-up costs anyway. */
#define LONGEST_SLEEP 50000
#define LONGEST_SPIN  1024

__thread unsigned long long maar__fuzz_state;
__thread int maar__fuzz_calm;
__thread unsigned long maar__fuzz_left;
void (*maar__fuzz_stop)(void);

void maar__fuzz_delay(void)
{
	unsigned long long dice;
	volatile unsigned spin;

	if (maar__fuzz_calm)
		return;
	/* No two threads alike: a thread's first delay mixes the address of its own variable in. */
	maar__fuzz_state ^= (uintptr_t)&maar__fuzz_state >> 4;
	dice = (maar__fuzz_state ^ maar__fuzz_state >> 29) * 0xbf58476d1ce4e5b9ULL >> 20;
	switch (dice % 8) {
	case 0:
	case 1:
	case 2:
		pace_yield();
		break;
	case 3: {
		const struct timespec time = { 0, (long)(dice / 8 % LONGEST_SLEEP) };

		nanosleep(&time, NULL);
		break;
	}
	default:
		for (spin = (unsigned)(dice / 8 % LONGEST_SPIN); spin; spin--)
			;
		break;
	}
}
