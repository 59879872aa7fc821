/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The ring stress: what one case is, and how it is run and judged. The calls come in as a table, so the same checker
 * judges the library's rings and the broken ones that it must catch (broken.h).
 */
#ifndef MAAR_TEST_RING_RUN_H
#define MAAR_TEST_RING_RUN_H

#include "stress.h"

#include <maar/ring.h>

#include "../../src/ring/ring_priv.h"

struct ring_calls {
	const char *name;
	size_t (*put_one)(struct maar_ring *ring, uint64_t value);
	size_t (*put_bulk)(struct maar_ring *ring, const uint64_t *values, size_t n);
	size_t (*put_burst)(struct maar_ring *ring, const uint64_t *values, size_t n);
	size_t (*take_one)(struct maar_ring *ring, uint64_t *value);
	size_t (*take_bulk)(struct maar_ring *ring, uint64_t *values, size_t n);
	size_t (*take_burst)(struct maar_ring *ring, uint64_t *values, size_t n);
};

struct ring_mode {
	const char *name;
	unsigned flags;
	struct ring_calls sided; /* the calls that name their sides */
};

/* Every legal mode of a ring. */
#define RING_MODES 13
extern const struct ring_mode ring_modes[RING_MODES];

/* The calls that look the mode up. */
extern const struct ring_calls ring_calls_any;

/* False where the library answers -ENOTSUP: lock-free producers on a processor that cannot. */
bool ring_mode_exists(const struct ring_mode *mode);

/* Which calls the threads use. */
enum ring_style { STYLE_SINGLE, STYLE_BULK, STYLE_BURST, STYLE_MIXED };
#define RING_STYLES 4

struct ring_case {
	const struct ring_mode *mode;
	const struct ring_calls *calls;
	unsigned producers, consumers; /* 1 to STRESS_SIDE */
	size_t capacity;
	uint64_t start;	       /* position at which the ring begins */
	enum ring_style style; /* of both sides */
	bool watched;	       /* one more thread that only observes */
	uint64_t messages;     /* of each producer */
	uint64_t seed;
	uint64_t
		stuck; /* controls only: this many fruitless tries in a row are a failure; 0: the time-out's business */
};

/* Passes all messages through a ring. The verdict says what is wrong: lost, doubled, changed, out of order, ... */
void ring_run(const struct ring_case *c, struct verdict *verdict);

/*
 * All cases of a mode: threads, capacities, starts, styles and calls in every pair. Returns the messages passed, at
 * least `messages`; sets *cases. Ends at the first failure, with the case in the verdict.
 */
uint64_t ring_run_mode(const struct ring_mode *mode, uint64_t messages, uint64_t seed, struct verdict *verdict,
		       unsigned *cases);

/*
 * k threads on a ring of k entries, each always enqueueing one value and then dequeueing one: none may ever find the
 * ring full, nor, if the mode's "empty" is exact, empty. `extra` values are in the ring already: 0, or 1 in the
 * control.
 */
void ring_run_push_pop(const struct ring_mode *mode, unsigned threads, uint64_t rounds, uint64_t start, uint64_t extra,
		       struct verdict *verdict);

/*
 * Observers on a ring of two entries that holds one value at most: nobody may see it full. And on one that holds one at
 * least: nobody may see it empty. `extra` values are in the first ring already: 0, or 1 in the control.
 */
void ring_run_observers(const struct ring_mode *mode, uint64_t rounds, uint64_t start, uint64_t extra,
			struct verdict *verdict);

#endif
