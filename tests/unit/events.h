/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * What the tests of events and of waits share: who is announced, the epoch, and the system calls that the library under
 * test counts.
 */
#ifndef MAAR_TEST_UNIT_EVENTS_H
#define MAAR_TEST_UNIT_EVENTS_H

#include "common.h"

#ifndef MAAR_FAULTS
#error "compile with -DMAAR_FAULTS, as the library is, for maar__sleep_calls"
#endif
#include "../../src/base/sleep.h"

#include <maar/event.h>


#define MS INT64_C(1000000)

/* The parts of the word, as the picture in the header has them: waiters, and the epoch. */
static inline unsigned asleep_on(const struct maar_event *e)
{
	return (unsigned)(maar_a_load(&e->word, RELAXED) & 0x3fffffff);
}

static inline uint32_t epoch_of(const struct maar_event *e)
{
	return (uint32_t)(maar_a_load(&e->word, RELAXED) >> 32);
}

/* Until n are announced, and inside the system or about to enter it: so many calls later than `calls`. */
static inline void until_asleep(const struct maar_event *e, unsigned n, uint64_t calls)
{
	while (asleep_on(e) < n || maar__sleep_calls() < calls + n)
		pace_yield();
}

#endif
