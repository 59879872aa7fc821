/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * What the scenarios of rings have in common: unique values that carry a plain payload, so that an order that is too weak
 * shows as a race, or as a value lost, repeated or out of order.
 */
#ifndef MAAR_TESTS_MODEL_WORLD_H
#define MAAR_TESTS_MODEL_WORLD_H

#include "explorer.h"

#define WORLD_VALUES  64 /* of one execution; value base + v has its payload in payload[v] */
#define WORLD_STRETCH 8	 /* values of one producer */

/* Values begin here, so that no position or lap is mistaken for one. */
#define WORLD_WORDS   UINT64_C(0x5eed000000000000)
#define WORLD_HANDLES UINT64_C(0x5eed0000)

/* One scenario's object and what its threads have seen. */
struct world {
	unsigned flags;
	size_t capacity;
	uint64_t start; /* position at which the object begins */
	uint64_t base;	/* WORLD_WORDS, or WORLD_HANDLES if values have 32 bits */
	void *object;	/* made by the first set-up */
	uint64_t payload[WORLD_VALUES];
	uint8_t put[WORLD_VALUES], taken[WORLD_VALUES];
	uint64_t last[MODEL_THREADS + 1][WORLD_VALUES / WORLD_STRETCH]; /* [consumer][producer]: the last value seen */
	uint64_t signals[2]; /* atomic: what the threads tell each other beside the object */
};

void world_clear(struct world *w);

/* The i-th value of a producer (0 .. 7), i < 8. */
uint64_t world_value(const struct world *w, unsigned producer, unsigned i);

/* v of value base + v; fails if it is none. */
uint64_t world_number(const struct world *w, uint64_t value);

/* Writes the payload: before the value is put. */
void world_putting(struct world *w, uint64_t value);

/* Checks a value that `consumer` (0 .. 4) has taken: put before, not taken before, in its producer's order, payload. */
void world_took(struct world *w, unsigned consumer, uint64_t value);

/* At the end: whatever was put was taken. */
void world_all_taken(const struct world *w);

/* From thread to thread beside the object: all that the one did happens before what the other does next. */
void world_signal(struct world *w, unsigned which, uint64_t value);
void world_await(struct world *w, unsigned which, uint64_t value);

#endif
