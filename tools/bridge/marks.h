/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * What a bridge knows that has to outlive it: a file for each queue and direction, mapped, in the directory of the queues,
 * under a hidden name; so it lives as long as the queue's own memory does, neither shorter nor longer. It is written
 * by stores in an order such that a kill between any two leaves what a successor can go on with, and no write is waited
 * for. One process has it at a time, by a lock that the system drops when it ends. The counters in it are what
 * `maar-bridge status` shows.
 *
 *     export:  a place in the stream after which all lies that may have been published and not been released
 *     import:  for each ring of each segment that messages have come from, the identities that came, of the last
 *              4,194,304 positions: bits, so that marking one is one store; and all before, where all from the first on came;
 *              and the intent: which message is being published into the queue, under which mark of its journal
 */
#ifndef MAAR_BRIDGE_MARKS_H
#define MAAR_BRIDGE_MARKS_H

#include "engine.h"

#define MARKS_WHY 256

enum marks_count {
	MARKS_LINKS,	/* links made */
	MARKS_MESSAGES, /* released, being in the stream; or put into the queue */
	MARKS_BYTES,	/* of these */
	MARKS_TWICE,	/* of which the server, or a look back, or the marks knew that they had come before */
	MARKS_AGAIN, /* export: published once more. Import: too old to know whether it came before, and let through */
	MARKS_REFUSED, /* answers that were not 0; messages that do not fit the queue's slots */
	MARKS_LOOKS,   /* back into the stream */
	MARKS_FOUND,   /* by these */
	MARKS_HANDS,   /* messages in hand now */
	MARKS_COUNTS
};

struct marks;

/*
 * Opens or makes the marks of a queue, and is the one who has them. directory NULL: the queues'. 0 and *marks, or
 * -EBUSY: a living process has them; -EBADMSG: it is no such file; or -errno.
 */
int marks_open(struct marks **marks, const char *directory, const char *queue, bool exports);
void marks_close(struct marks *marks);

void marks_count(struct marks *marks, enum marks_count which, int64_t n);
void marks_say(struct marks *marks, const char *state);						/* one of a few words */
void marks_tell(struct marks *marks, const char *subject, const char *server, const char *why); /* NULL: as it was */

/* Export: from where to look back. Only grows. */
struct engine_place marks_floor(const struct marks *marks);
void marks_set_floor(struct marks *marks, struct engine_place floor);

/* Import: 1: it came before; 0: it did not; -1: it is too old to know. */
int marks_seen(struct marks *marks, const struct engine_id *id);
/* It came: never back. */
void marks_see(struct marks *marks, const struct engine_id *id);
/* It is about to be published: the mark for its journal. */
uint64_t marks_intend(struct marks *marks, const struct engine_id *id);
/* What the journal says of the last one that had these marks: 1: the intent was carried out, which is seen now; 0. */
int marks_resolve(struct marks *marks, uint64_t mark, bool delivered);

/* For observers. */
struct marks_report {
	char queue[72], state[16], subject[160], server[160], why[MARKS_WHY];
	bool exports, alive;
	int64_t pid;
	uint64_t counts[MARKS_COUNTS];
	struct engine_place floor;
};
typedef void marks_report_fn(const struct marks_report *report, void *arg);

/* Calls `each` with all in the directory (NULL: the queues'), by name: how many, or -errno. */
ssize_t marks_list(const char *directory, marks_report_fn *each, void *arg);

#endif
