/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The history checker: threads write down when each call on a queue began, when it ended and what it answered; afterwards
 * the checker says whether some order of those calls, each at one instant between its two stamps, explains all answers.
 *
 *     thread 0's log   |-put 7-|   |--put 8--|            |-put 9: full-|
 *     thread 1's log        |-take: 7-|   |-take: empty-|        |-take: 8-|
 *                      ----------------------- time ----------------------->
 *
 * Every value goes in once, so a history is wrong if, and for an unbounded queue only if, one of a few patterns is in it
 * (Henzinger, Sezgin, Vafeiadis; see doc/lineage.md). Each is found by one sweep over all stamps in order of time. What
 * is said of bounded queues (false full, over capacity) and of calls that move many values is sound: a history that is
 * called wrong is wrong; a few wrong ones pass. test_checker holds that against an exhaustive search.
 *
 * It knows nothing of rings: any first-in first-out queue of unique 64-bit values can be judged.
 */
#ifndef MAAR_TEST_HISTORY_H
#define MAAR_TEST_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- what was done ---- */

enum history_op { HISTORY_PUT, HISTORY_TAKE };

/*
 * One value moved, or one "full" or "empty". A call that moves k values has k events with the same stamps, numbered by
 * `at`; if it moved fewer than asked because the queue was full or empty, one more for that answer. A put that overwrites
 * has a "full" that wanted 0 (its own value came in only afterwards, which makes one more than the capacity with those it
 * dropped), a take of each value it dropped, and its put. 32 bytes: two in a cache line, so that writing the log
 * disturbs little.
 */
struct history_event {
	uint64_t start, end; /* stamps around the call; end >= start */
	uint64_t value;	     /* ok: the value; else how many were wanted, all or nothing (1: one more at least) */
	uint32_t at;	     /* 0 for the first event of a call, 1 for the next, ... */
	uint16_t op;	     /* enum history_op */
	uint16_t ok;	     /* 1: moved; 0: "full" of a put, "empty" of a take */
};

/* One thread's events in the order of its calls. */
struct history_log {
	struct history_event *events;
	size_t count;
	size_t room;
};

/* ---- what the queue promises ---- */

#define HISTORY_UNBOUNDED UINT64_MAX

struct history_spec {
	uint64_t capacity; /* "full" is right only when this many are in, less those wanted, plus one */
	uint64_t slack;	   /* it may hold so many more (a head that is published late) */
	/*
	 * "Empty" may also mean that the oldest entry is claimed by a put that is not done: what lies behind a put in
	 * progress may be out of sight (MAAR_RING_TICKET).
	 */
	bool hides;
	/* hides: so may a put that is refused in the end, since it had begun to add room that others have used up meanwhile. */
	bool refused_hides;
	/*
	 * "Full" may also mean that an entry is being taken and not given back: while it is out, what was taken behind it
	 * is in use too, whoever is done with it (MAAR_SLOT_RING_TICKET).
	 */
	bool holds;
	/*
	 * It is a set of as many places as `capacity`: what was put comes out in any order, and "empty" only says that of
	 * the values that were in all the while, put before the call and taken after it, there were fewer than wanted: each
	 * of the others was out at some instant of the call, not all at the same one. Nor does it say more where another
	 * thread's call went on beside it for `stalled` stamps or more, in which it may have been stopped with what it
	 * had hidden, or was refused many at once, which it may have had for a while.
	 */
	bool set;
	uint64_t stalled;
	bool drained;  /* the log goes on until the queue was empty: whatever is not taken is lost */
	bool may_lose; /* what is never taken may have been dropped at any time (a ring that overwrites) */
	uint64_t skew; /* clocks of two threads differ by this at most: every call is taken to be that much longer */
};

/* ---- what came out ---- */

enum history_fault {
	HISTORY_FINE,
	HISTORY_BAD_LOG,       /* not a history: stamps that run backwards, a value put twice */
	HISTORY_FRESH,	       /* taken, and never put, or put only afterwards */
	HISTORY_REPEAT,	       /* taken twice */
	HISTORY_LOST,	       /* put, and not taken by the end of a drained queue */
	HISTORY_ORDER,	       /* x put before y, and y taken before x */
	HISTORY_FALSE_EMPTY,   /* "empty", and all the while there was something */
	HISTORY_FALSE_FULL,    /* "full", and all the while there was room */
	HISTORY_OVER_CAPACITY, /* more inside at one instant than capacity and slack */
	HISTORY_FAULTS
};

const char *history_fault_name(enum history_fault fault);

struct history_report {
	enum history_fault fault; /* the first found */
	uint64_t puts, takes;	  /* values */
	uint64_t fulls, empties;  /* answers */
	uint64_t excused;	  /* set: of the empties, those that were wrong but for a call beside them */
	char text[1600];	  /* the operations that prove the fault: thread, event, stamps from the first one on */
};

/* Judges the logs of `threads` threads. Aborts if memory runs out: some 60 bytes a value besides the logs. */
enum history_fault history_check(const struct history_log *logs, unsigned threads, const struct history_spec *spec,
				 struct history_report *report);

static inline uint64_t history_operations(const struct history_report *r)
{
	return r->puts + r->takes + r->fulls + r->empties;
}

#endif
