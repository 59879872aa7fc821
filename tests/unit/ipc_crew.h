/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Processes at work on one segment, who may be killed, stopped and started anew at any time, and what is kept of each
 * message, so that at the end all are accounted for.
 */
#ifndef MAAR_TEST_UNIT_IPC_CREW_H
#define MAAR_TEST_UNIT_IPC_CREW_H

#include "ipcs.h"

#define CREW_SLOTS   48
#define CREW_MOST    8			 /* workers */
#define CREW_NUMBERS (UINT32_C(1) << 23) /* of messages, at most */
#define CREW_QUOTA   800		 /* more of them for each kill and each stop */
#define CREW_SLICE   1000000		 /* ns: a survivor finds the dead that soon */

/* Producers are the first of its workers. */
struct crew_kind {
	uint32_t kind; /* enum maar_ipc_kind */
	unsigned producers, consumers;
};

#define CREW_DISCARDED 2

/* Shared by all. */
struct crew_board {
	uint64_t stop;	  /* 1: producers leave; 2: consumers too, of a broadcast when they have read all */
	uint64_t next;	  /* number of a message */
	uint64_t quota;	  /* numbers that may be used so far, so that there are some for each kill */
	uint64_t taken;	  /* so far, by all; of a broadcast by its recorder */
	uint64_t records; /* 1: a broadcast's recorder is there */
	uint64_t faults;
	uint64_t fault;			  /* the first, for the log: line and answer */
	unsigned char sent[CREW_NUMBERS]; /* 1: publish said so; or CREW_DISCARDED */
	unsigned char plain[CREW_NUMBERS], flagged[CREW_NUMBERS];
};

struct crew {
	struct crew_kind kind;
	struct crew_board *board;
	struct maar_ipc *ipc; /* of the process that has started them: looks, and recovers */
	void *memory;
	size_t bytes;
	unsigned workers;
	pid_t pids[CREW_MOST];
};

void crew_begin(struct crew *c, struct crew_kind kind, unsigned events); /* events: kills, or stops, that are to come */
/* All leave, and the rest is read. NULL, or what is wrong. */
const char *crew_end(struct crew *c, struct maar_ipc_stats *stats);
void crew_free(struct crew *c);

void crew_start(struct crew *c, unsigned which);
void crew_kill(struct crew *c, unsigned which); /* dead, and not started again */
void crew_stop(struct crew *c, unsigned which); /* SIGSTOP, and it stands */
void crew_continue(struct crew *c, unsigned which);

/* The others take `more` messages, however long that takes on this machine. */
void crew_must_go_on(struct crew *c, uint64_t more);

/*
 * Of a broadcast, one consumer, the first, is there from beginning to end and records all messages. It is not to be killed
 * nor stopped. Of the others each second one is lossy.
 */
bool crew_is_recorder(const struct crew *c, unsigned which);
bool crew_is_lossless(const struct crew *c, unsigned which); /* a broadcast's reader that holds producers */

/* Whether messages still move while this one is stopped. */
bool crew_goes_on_without(const struct crew *c, unsigned which);

#endif
