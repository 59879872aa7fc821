/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Tiny histories: made at random, and judged by trying every order (Wing and Gong). The checker is held against it.
 */
#ifndef MAAR_TEST_HISTORY_SEARCH_H
#define MAAR_TEST_HISTORY_SEARCH_H

#include "history.h"

#define SEARCH_THREADS 4
#define SEARCH_EVENTS  8

struct search_history {
	struct history_event events[SEARCH_THREADS][SEARCH_EVENTS];
	struct history_log logs[SEARCH_THREADS];
};

/* What a random history may have in it. */
struct search_kind {
	const char *name;
	bool bounded; /* "full", and capacities of 1 to 3 */
	bool many;    /* calls that move several values, all or nothing */
	bool hides;
	bool holds;
	bool slack;
};

/* A history of 2 to 8 events, of which about half are what some queue did and the others are that with one lie. */
void search_make(struct search_history *h, struct history_spec *spec, const struct search_kind *kind, uint64_t *random);

/* True if some order of the operations explains all answers. */
bool search_explains(const struct search_history *h, const struct history_spec *spec);

#endif
