/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * What the checker (check.c) knows of a history, and how it tells a person (tell.c).
 */
#ifndef MAAR_TEST_HISTORY_CHECK_PRIV_H
#define MAAR_TEST_HISTORY_CHECK_PRIV_H

#include "history.h"

/* A time after every stamp: of what never happened. */
#define NEVER UINT64_MAX

/* Where an event is logged. */
struct place {
	uint32_t thread, index;
};

/* A value and its two operations; stamps are widened by the skew. */
struct element {
	uint64_t put_start, put_end;
	uint64_t take_start, take_end; /* NEVER: not taken */
	uint64_t shown; /* from when on it must be found by a take, once the sweep has been there; before: NEVER */
	struct place put, take;
};

/* A "full" or "empty" whose interval the sweep is in. */
struct answer {
	struct place place;
	uint64_t
		extreme; /* full: the most that may have been inside so far; empty: the fewest that were surely there */
};

struct checker {
	const struct history_log *logs;
	unsigned threads;
	const struct history_spec *spec;
	struct history_report *report;
	struct element *elements; /* in the order of the logs */
	size_t count;
	uint32_t **which; /* [thread][event]: its element, for events that are ok */
};

static inline const struct history_event *event_at(const struct checker *c, struct place p)
{
	return &c->logs[p.thread].events[p.index];
}

static inline uint64_t widened_start(const struct checker *c, const struct history_event *e)
{
	return e->start > c->spec->skew ? e->start - c->spec->skew : 0;
}

static inline uint64_t widened_end(const struct checker *c, const struct history_event *e)
{
	return e->end < NEVER - 1 - c->spec->skew ? e->end + c->spec->skew : NEVER - 1;
}

/* Each notes a fault and its proof, unless one is noted already. */
void tell_event(struct checker *c, enum history_fault fault, struct place at, const char *what);
void tell_element(struct checker *c, enum history_fault fault, const struct element *x, const char *what);
void tell_twice(struct checker *c, const struct element *x, struct place again, const char *what);
void tell_order(struct checker *c, const struct element *x, const struct element *y);
void tell_empty(struct checker *c, const struct answer *a);
void tell_full(struct checker *c, const struct answer *a);
void tell_over(struct checker *c, const struct element *x, uint64_t inside);

#endif
