/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * What the files of the waiting layer share, and what the tests need of it and users must not have.
 */
#ifndef MAAR_WAIT_PRIV_H
#define MAAR_WAIT_PRIV_H

#include <maar/event.h>
#include <maar/wait.h>

#include <stdbool.h>

/*
 * Looks that a waiter may spend before it sleeps: one each 100 ns, so that it does not take the line away from a producer
 * that is about to write it, for as long as a sleep costs both sides: 15 to 27 us on different days until the sleeper runs
 * (half the round trip of a raw futex ping-pong between two processors of a virtual machine), and 12 to 16 us of the other
 * side's, inside the call that wakes it. Whoever spins that long at most pays at most twice what the better choice would
 * have cost. Between two busy processes, of a million messages 600 waits took longer than 20 us, and 15 longer than 40.
 */
#define MAAR__LOOK_NS	 100
#define MAAR__LOOKS_MOST 400u
/* Where spinning has never helped: half a microsecond, a few percent of that. */
#define MAAR__LOOKS_LEAST 5u
/* One wait in so many spins to the full, to learn whether waits have become shorter: 0.6 us for each wait. */
#define MAAR__PROBE_EVERY 64u

/* Looks that this wait of the event may spend; 0 on one processor. */
uint32_t maar__spin_most(struct maar_event *event, int64_t timeout_ns);

/* The pause before the n-th look (from 0 on): shorter for the first ones, then MAAR__LOOK_NS. */
void maar__spin_pause(uint32_t n);

/* What a wait taught: it ended while it spun, or it had to sleep. */
void maar__spin_hit(struct maar_event *event);
void maar__spin_miss(struct maar_event *event);

/*
 * As maar__event_wake and maar_event_close, of an event that the caller knows to be shared between processes, whatever its
 * fields say by now: nothing that another has written there makes this process write to a descriptor. wake: true if somebody
 * had armed it, whom the caller has to tell then; close leaves it to the caller too.
 */
bool maar__event_wake_shared(struct maar_event *event, size_t n);
void maar__event_close_shared(struct maar_event *event);

/* Whether the next look is the one that decides: the caller is announced, and sleeps if it finds nothing. */
bool maar__waiting_is_announced(const struct maar_waiting *waiting);

/* As maar_event_arm, of an event without a descriptor. False: it is closed. */
bool maar__event_arm_shared(struct maar_event *event);

#endif
