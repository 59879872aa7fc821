/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * What the two files of kinds share: elements, and the calls of queues and broadcast rings (kinds_many.c).
 */
#ifndef MAAR_TEST_HISTORY_KINDS_H
#define MAAR_TEST_HISTORY_KINDS_H

#include "run.h"

#define HAS(flags, flag) (((flags) & (flag)) != 0)

/* Most values in one call, as in run.c. */
#define MOST 32

/* ---- values in elements of three words: one that is torn, or read too early, is no value of anybody's ---- */

struct element {
	uint64_t value, inverse, mixed;
};

static inline struct element element_of(uint64_t value)
{
	return (struct element){ value, ~value, stress_mix(value) };
}

static inline uint64_t value_in(const struct element *e)
{
	return e->inverse == ~e->value && e->mixed == stress_mix(e->value) ? e->value : ~e->value;
}

static inline void elements_of(struct element *elements, const uint64_t *values, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		elements[i] = element_of(values[i]);
}

static inline void values_in(uint64_t *values, const struct element *elements, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		values[i] = value_in(&elements[i]);
}

/* ---- queues; broadcast rings, each reader of which has a queue of its own ---- */

void *history_queue_make(const struct history_queue *kind, size_t capacity, uint64_t start);
void history_queue_end(void *queue);
uint64_t history_queue_unbounded(size_t capacity);
uint64_t history_queue_slack(size_t capacity);
size_t history_queue_put(const struct history_queue *kind, void *queue, enum history_style style, unsigned way,
			 const uint64_t *values, size_t n);
size_t history_queue_take(const struct history_queue *kind, void *queue, enum history_style style, unsigned way,
			  uint64_t *values, size_t n);
void *history_broadcast_make(const struct history_queue *kind, size_t capacity, uint64_t start);
void history_broadcast_end(void *queue);
void *history_broadcast_side(void *queue);
void history_broadcast_leave(void *side);
size_t history_broadcast_put(const struct history_queue *kind, void *queue, enum history_style style, unsigned way,
			     const uint64_t *values, size_t n);
size_t history_broadcast_take(const struct history_queue *kind, void *side, enum history_style style, unsigned way,
			      uint64_t *values, size_t n);

#endif
