/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Seats: a pointer that many use for a moment, and that its owner may take away. One word holds who uses it and whether it
 * is there, so that a user who has counted itself in knows that it stays.
 */
#include "channel_priv.h"

#include <sched.h>

bool maar__seat_take(struct maar__seat *seat, void *what)
{
	uint64_t word;

	do {
		word = maar_a_load(&seat->word, RELAXED);
		if (word & MAAR__SEAT_CLAIMED)
			return false;
	} while (!maar_a_cas(&seat->word, word, word | MAAR__SEAT_CLAIMED, ACQUIRE)); /* A:seat.users */
	maar_n_store(&seat->what, what);
	(void)maar_a_add(&seat->word, MAAR__SEAT_TAKEN, RELEASE); /* R:seat.taken */
	return true;
}

void maar__seat_free(struct maar__seat *seat)
{
	(void)maar_a_add(&seat->word, -MAAR__SEAT_TAKEN, RELAXED);
	while (maar_a_load(&seat->word, ACQUIRE) & MAAR__SEAT_USERS) { /* A:seat.users */
		maar_cpu_relax();
		sched_yield();
	}
	(void)maar_a_add(&seat->word, -MAAR__SEAT_CLAIMED, RELAXED);
}

void *maar__seat_enter_taken(struct maar__seat *seat)
{
	if (maar_likely(maar_a_add(&seat->word, 1, ACQUIRE) & MAAR__SEAT_TAKEN)) /* A:seat.taken */
		return maar_n_load(&seat->what);
	(void)maar_a_add(&seat->word, (uint64_t)-1, RELAXED); /* it went meanwhile: nothing was used */
	return NULL;
}
