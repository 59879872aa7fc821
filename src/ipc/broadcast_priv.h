/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Broadcast between processes: a queue from which nobody takes. Ring 0 is the log; who publishes takes the oldest
 * message out when it needs the slot or the place, but only below the floor.
 *
 *     floor  in the header, | changes 32 | position 32 |: no joined reader is below it
 *     gate   in each entry, | generation 14 | kind 2 | position 48 |: what the reader of that number reads next
 *     pin    in each entry: 0, or 1 + the slot that a lossy reader looks at
 *
 * A joined reader: what lies at or above its gate stays where it is. A lossy one: the slot that it has pinned, and whose
 * word it has found to say "in the log at this position" after that, is lent to nobody. Both by read-modify-writes of one
 * word by both sides: joining and raising meet in the floor, pinning and lending in the slot's owner word.
 */
#ifndef MAAR_IPC_CAST_PRIV_H
#define MAAR_IPC_CAST_PRIV_H

#include <stdbool.h>
#include <stdint.h>

struct maar_ipc;
struct maar_ipc_message;
struct maar_ipc_reader;

enum maar__ipc_gate {
	MAAR__IPC_NO_GATE = 0,
	MAAR__IPC_JOINING = 1, /* the floor is not raised meanwhile */
	MAAR__IPC_JOINED = 2,
	MAAR__IPC_LOSSY_AT = 3, /* holds nothing: for who looks */
};

#define MAAR__IPC_GATE_BITS  48
#define MAAR__IPC_GATE_LIVES 14 /* bits of the generation */

static inline unsigned maar__ipc_gate_kind(uint64_t gate)
{
	return (unsigned)(gate >> MAAR__IPC_GATE_BITS & 3);
}

static inline uint64_t maar__ipc_gate_word(uint64_t generation, unsigned kind, uint64_t position)
{
	return generation << (64 - MAAR__IPC_GATE_LIVES) | (uint64_t)kind << MAAR__IPC_GATE_BITS |
	       (position & ((UINT64_C(1) << MAAR__IPC_GATE_BITS) - 1));
}

/* What a reader knows of itself, in its process. */
struct maar__ipc_reading {
	uint64_t place;	 /* of the next message, or of the one that is out */
	uint64_t gate;	 /* what its entry has; 0: it is no reader */
	uint64_t missed; /* by now, all in all */
	uint64_t gap;	 /* of these, not told with a message yet */
	uint64_t looked; /* when a producer that found it full last looked for the dead */
	uint32_t slot;	 /* that is out */
	bool out, lossy;
};

/* broadcast.c: loan and publish, as maar__ipc_try_loan and maar__ipc_try_publish. */
int maar__ipc_cast_loan(struct maar_ipc *ipc, uint64_t bytes, uint32_t *handle);
int maar__ipc_cast_publish(struct maar_ipc *ipc, uint32_t handle, uint64_t word);
/* A gate has gone, or a pin. */
void maar__ipc_cast_tell_room(struct maar_ipc *ipc);

/* broadcast_reader.c: whether it may attach so (0, -EINVAL, -EPERM); then, when it has a number, does. */
int maar__ipc_cast_may(const struct maar_ipc *ipc, uint32_t reading);
void maar__ipc_cast_join(struct maar_ipc *ipc, uint32_t reading);
void maar__ipc_cast_leave(struct maar_ipc *ipc);
/* What the dead `number` held. Is done again to the same end. */
void maar__ipc_cast_end(struct maar_ipc *ipc, uint32_t number);
int maar__ipc_cast_take(struct maar_ipc *ipc, struct maar_ipc_message *m);
int maar__ipc_cast_release(struct maar_ipc *ipc, const struct maar_ipc_message *m);
/* 1: there is something for this reader, or it was evicted; 0; -EBADMSG */
int maar__ipc_cast_any(const struct maar_ipc *ipc, uint32_t number);
/* Of a segment that is only looked at, too: false: this number is no reader. */
bool maar__ipc_cast_peek(const struct maar_ipc *ipc, uint32_t number, struct maar_ipc_reader *reader);
/* While nobody else works on it, and the dead are recovered. */
bool maar__ipc_cast_is_right(const struct maar_ipc *ipc);

#endif
