/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Broadcast between processes: a segment of <maar/ipc.h> that was made with kind = MAAR_IPC_BROADCAST, in which each
 * consumer sees each message. The calls are the same; here stands what differs. In named queues, in any mapping, with
 * descriptors.
 *
 *     log    | ... | m | m | m | m | m | m |          one ring of all messages; it is history until its slot is needed
 *              ^ oldest  ^ gate of    ^ place of
 *                          a reader     another           each reader has a place of its own
 *
 * publish appends to the log. Messages stay: the last `depth` of them (default: all slots but those on loan), until a
 * producer needs the oldest one's slot. So who attaches late may begin with history. Nobody's message is anybody's: take
 * shows the one at the reader's place, where it lies, and release moves the reader on.
 *
 * A consumer reads in one of two ways, and both may read one segment:
 *     lossless (reading 0)   producers wait for it. It gets each message from its place on, once, in order. The slowest
 *                            holds all producers back: by when_full, BLOCK waits, DROP_NEWEST refuses and counts
 *     MAAR_IPC_LOSSY         nobody waits for it. When it is too slow, `missed` of the next message says how many went by;
 *                            what it gets and what it is told it missed are all. A message that it has out stays whole
 *                            until release, however long
 *
 * Deaths: a publish that was killed is done or undone as in a queue. A lossless reader that is dead holds producers no
 * longer than until somebody finds it: a sleeping producer after its slice; one that does not wait, when it finds no room
 * and has not looked for a slice; or recover. A lossy one keeps one slot from use until then. Readers that are only
 * stopped are not dead: a lossless one goes on holding (evict ends that), a lossy one never holds anybody.
 *
 * What differs, call by call:
 *     init      priorities 1; when_dead and most_deliveries 0, since nothing is ever redelivered; participants fewer than
 *               the slots of each class, as each may keep one from use (default: 64, or as many as that allows); or
 *               -EINVAL. when_full OVERWRITE: no consumer may hold producers, see attach. Default depth: all slots
 *     attach    who.reading. EINVAL also: it is not 0 for another kind, or without the role CONSUMER; EPERM: a lossless
 *               consumer where when_full is OVERWRITE. A lossless one joins: if it is stopped within that, producers wait
 *     loan      0 (full) also: what is not on loan is held by lossless readers. Cost: one compare-and-swap (of the oldest
 *               message's slot), and a look at the pins of lossy readers; every sixteenth of a depth a look at all gates
 *     publish   wakes all who wait. Cost: three compare-and-swaps; where depth is below the slots, three more
 *     take      -EBUSY: this reader has a message out, of which there is one at a time. -ECANCELED: it was evicted. 0 also
 *               if a lossy one was overtaken 64 times on end. take and release of one participant: one thread at a time.
 *               Cost: lossless: no store at all; lossy: two stores and one read-modify-write of the slot's word
 *     release   lossless: one compare-and-swap of the own line, and one read-modify-write of the producers' event.
 *               -EALREADY: also if it was evicted while it had the message, which may have changed meanwhile
 *     receive   -ECANCELED, also if it was evicted while it copied
 *     detach    ends the reader: from then on nobody waits for it. -EBUSY while it has a message out
 *     drain     the reader's own: to the end of the log
 *     take_dead 0 always
 *     stats     taken: messages that have left the log. dropped_oldest: missed by lossy readers, all of them together
 */
#ifndef MAAR_IPC_BROADCAST_H
#define MAAR_IPC_BROADCAST_H

#include <maar/ipc.h>

MAAR_BEGIN_DECLS

/* How a consumer reads: who.reading, or-ed. 0: lossless, from the next message on. */
enum maar_ipc_reading {
	MAAR_IPC_LOSSY = 1u << 0,   /* holds nobody back */
	MAAR_IPC_HISTORY = 1u << 1, /* begins with the oldest message kept; lossless: but for a 16th of depth at most */
};

/* A consumer of a broadcast, as others see it. */
struct maar_ipc_reader {
	uint64_t id; /* for evict; another reader's is never the same, but for 2^14 that had the same number since */
	uint64_t position; /* of what it reads next */
	uint64_t lag;	   /* messages from there to the last */
	uint32_t number;   /* participant */
	uint32_t reading;  /* MAAR_IPC_LOSSY, or 0 */
	uint32_t pins;	   /* 1: lossy, and has a message out */
	uint32_t reserved0;
	uint64_t reserved[2];
};

/*
 * The readers there are, dead ones among them until they are recovered; up to n are filled in. Returns how many there are,
 * 0 if it is no broadcast, -EINVAL, or -ECHILD. Any thread. Cost: a look at each participant's line.
 */
MAAR_API ssize_t maar_ipc_readers(const struct maar_ipc *ipc, struct maar_ipc_reader *readers, size_t n);

/*
 * Ends a lossless reader for good, which goes on living and shall not hold producers any more: its next take says
 * -ECANCELED, a release of what it had out -EALREADY. Whoever has attached may call it. Returns 0, or
 *   -EINVAL   it is no broadcast, or id is none
 *   -ENOENT   that reader is gone, was evicted, is just joining, or is lossy
 *   -EBUSY    it moves on so fast that there is no need to
 *   -ECHILD, -EBADMSG as the other calls
 */
MAAR_API int maar_ipc_evict(struct maar_ipc *ipc, uint64_t id);

/* What this lossy reader has missed since it attached, also what no message has told yet; 0 for others. Its thread. */
MAAR_API uint64_t maar_ipc_missed(const struct maar_ipc *ipc);

MAAR_END_DECLS

#endif
