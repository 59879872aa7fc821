/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * A look at a queue by somebody who is no participant: mapped to be read only, nothing changed, anything survived that may
 * stand there. But a file that is cut short while it is looked at ends the program, which says so.
 */
#ifndef MAAR_LOOK_H
#define MAAR_LOOK_H

#include "../../src/ipc/names_priv.h"
#include "../../src/ipc/peek.h"

struct look {
	struct maar__ipc_live live;
	struct maar_ipc seen; /* the geometry: good for the calls of peek.h alone */

	/* as of the last look_take */
	struct maar_ipc_stats stats; /* `dead` is known here */
	struct maar__ipc_hands hands[MAAR_IPC_MAX_PARTICIPANTS + 1];
	uint32_t alive;
	uint32_t consumers_asleep, producers_asleep;
};

/* 0 or -errno, as maar_ipc_open. */
int look_open(struct look *look, const char *name);
void look_close(struct look *look);
void look_take(struct look *look);

/* 1: alive; 0: dead; below 0: alive for all one can tell. */
int look_alive(struct look *look, uint32_t number);

/* Messages and payload bytes in the queues, of all priorities; for people and for programs the same numbers. */
uint64_t look_queued(const struct look *look);
uint64_t look_published(const struct look *look);
uint64_t look_taken(const struct look *look);
uint64_t look_dropped(const struct look *look);

/* Of a broadcast, what the slowest lossless reader has yet to read; 0 where there is none. */
uint64_t look_lag(const struct look *look);

/* "closed", "BROKEN", "" */
const char *look_state(const struct look *look);

#endif
