/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Threads that use a queue and write their histories down. The queue comes in as a table of calls, so that the same
 * runs judge rings, whatever is built on rings, and the faulty ones that must be caught.
 */
#ifndef MAAR_TEST_HISTORY_RUN_H
#define MAAR_TEST_HISTORY_RUN_H

#include "../stress/stress.h"
#include "history.h"

/* One value; n values, all or nothing; as many of n as fit or are there. */
enum history_style { HISTORY_ONE, HISTORY_BULK, HISTORY_BURST, HISTORY_MIXED };
#define HISTORY_STYLES 4

/* Which side is slow, so that the queue is often empty, or often full. */
enum history_lean { LEAN_NONE, LEAN_EMPTY, LEAN_FULL };
#define HISTORY_LEANS 3

struct history_queue {
	const char *name;
	bool one_producer, one_consumer;
	bool bulk_puts;			       /* put knows HISTORY_BULK */
	bool single_takes;		       /* take does not */
	bool one_refuses;		       /* a bulk put is refused only where a single value would be, too */
	bool small_values;		       /* only values below 2^32 */
	bool hides, refused_hides, holds;      /* see history_spec */
	bool broadcasts;		       /* each consumer gets every value, in its own right: see side */
	bool watches;			       /* ... unless it comes too late, and nobody waits for it */
	unsigned bulk_most;		       /* most values in a bulk put; 0: the capacity */
	const void *calls;		       /* for put and take */
	unsigned flags;			       /* for make */
	uint64_t (*capacity)(size_t capacity); /* that it is judged by; NULL: as asked */
	uint64_t (*slack)(size_t capacity);    /* NULL: none */
	/* NULL: no memory. `start`: the position at which it begins, if it has such a thing. */
	void *(*make)(const struct history_queue *kind, size_t capacity, uint64_t start);
	void (*end)(void *queue);
	/* broadcasts: what take gets instead of the queue, made before any put; NULL: no memory. And its end. */
	void *(*side)(void *queue);
	void (*leave)(void *side);
	/* Like maar_ring_enqueue and so on. `way`: any number, to choose among calls that should be the same. */
	size_t (*put)(const struct history_queue *kind, void *queue, enum history_style style, unsigned way,
		      const uint64_t *values, size_t n);
	size_t (*take)(const struct history_queue *kind, void *queue, enum history_style style, unsigned way,
		       uint64_t *values, size_t n);
};

/* For put, of a queue that overwrites: it was full, and this is what had to go. */
void history_dropped(uint64_t value);
/* For put and take: if fewer were moved than asked for, it does not mean "full" or "empty". */
void history_says_nothing(void);
/* For take, if the kind watches: so many went by unread. */
void history_missed(uint64_t values);

struct history_case {
	const struct history_queue *queue;
	unsigned producers, consumers;
	size_t capacity;  /* of which the queue is made */
	uint64_t claimed; /* the capacity that it is judged by; 0: the same */
	uint64_t start;
	enum history_style style;
	enum history_lean lean;
	uint64_t messages; /* of each producer */
	uint64_t seed;
};

/* What many cases came to. */
struct history_sum {
	unsigned cases;
	uint64_t puts, takes, fulls, empties;
	uint64_t unlogged; /* answers beyond what the logs have room for: a thread that waits long says little new */
	double checking;   /* seconds of the checker */
};

static inline uint64_t history_sum_operations(const struct history_sum *s)
{
	return s->puts + s->takes + s->fulls + s->empties;
}

/* Runs one case and checks it. The report has the fault, if any; the verdict what stopped the run before that. */
void history_run(const struct history_case *c, uint64_t skew, struct verdict *verdict, struct history_report *report,
		 struct history_sum *sum);

/*
 * Cases of a queue until `operations` are checked: threads, capacities, starts, styles and leans in every pair, again and
 * again. Every case is a history of its own, of at most 1.6 * 10^6 operations, so that memory stays
 * below 200 MB. Ends at the first failure, which is described in the verdict.
 */
void history_run_all(const struct history_queue *queue, uint64_t operations, uint64_t skew, uint64_t seed,
		     struct verdict *verdict, struct history_sum *sum);

/* ---- rings ---- */

/* Every mode of a ring. */
extern const struct history_queue history_rings[];
extern const unsigned history_ring_count;

/* What else is a first-in first-out queue of unique values: slot, batch, record, byte and broadcast rings; queues. */
extern const struct history_queue history_kinds[];
extern const unsigned history_kind_count;

#endif
