/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The inside of a queue between processes, and the files that share it.
 *     layout.c    where everything lies, init, and the check of a header
 *     attach.c    participants: attach, detach, keys, who is alive
 *     ipc.c       loan, publish, discard; take, release: by the owner words
 *     pair.c      the same of a MAAR_IPC_PAIR, by its counts
 *     flow.c      the same with policies, time-outs, copies; close and drain
 *     recover.c   what the dead have left
 *     report.c    statistics, dump, check
 *     watch.c     descriptors for consumers
 *     broadcast.c, broadcast_reader.c   where all consumers get each message
 *     ../ring/owned_ring.h   how a slot comes into a ring and out of it
 *
 * What a participant leaves that is killed is what it has stored up to some point of its program, in that order. So
 * where one store must not be found without an earlier one there is a compiler barrier between them, and no more:
 * whoever acts on the death has learned of it from the kernel, after all of them.
 */
#ifndef MAAR_IPC_PRIV_H
#define MAAR_IPC_PRIV_H

#include <maar/ipc_broadcast.h>
#include <maar/ipc_watch.h>

#include "../base/base.h"
#include "../ring/owned_ring.h"

#include <errno.h>
#include <string.h>

#define MAAR__IPC_HEADER_BYTES 1024 /* of a segment's beginning: enough for maar__ipc_check */

/*
 * States of an owner word. READ is any queue's and the dead letters'; QUEUED + r is "in ring r": a priority, or the
 * dead letters. 0 is none, so that zeroed memory is no segment.
 */
enum maar__ipc_state {
	MAAR__IPC_FREE =
		1, /* in its class's ring at this position; or its putter was killed before it was. Who put it */
	MAAR__IPC_OUT = 2,    /* this participant's loan */
	MAAR__IPC_READ = 3,   /* this participant has taken it */
	MAAR__IPC_QUEUED = 4, /* in ring 0 at this position; or as FREE. Who published it, or put it there again */
};
#define MAAR__IPC_DEAD_RING MAAR_IPC_PRIORITIES /* number of the dead letters' ring */
#define MAAR__IPC_RINGS	    (MAAR_IPC_PRIORITIES + 1)
MAAR_STATIC_ASSERT(MAAR__IPC_QUEUED + MAAR__IPC_DEAD_RING < 16, "four bits");
MAAR_STATIC_ASSERT(MAAR_IPC_MAX_PARTICIPANTS <= MAAR__OWN_PARTICIPANT, "a word has room");

enum maar__ipc_feature {
	/*
	 * Of a pair: its producer looks for sleepers by a plain load, and its consumer calls membarrier between saying that it
	 * is about to sleep and its last look. So each who attaches as consumer has to have that.
	 */
	MAAR__IPC_LIGHT = 1u << 0,
};

/* Written by init; all but `created`, `uuid`, `required` and the spaces follows from the options, and the sum is of all. */
struct maar__ipc_header {
	uint64_t magic;
	uint32_t layout;
	uint32_t participants;
	uint64_t build;	   /* sum of sizes, places and byte order: what another compiler might have done otherwise */
	uint64_t required; /* enum maar__ipc_feature: without which it cannot be used */
	uint64_t optional;
	uint64_t bytes; /* of the whole */
	unsigned char uuid[16];
	uint64_t created;		/* ns of CLOCK_REALTIME */
	uint64_t pid_space, time_space; /* of its maker: where pids and starts mean something; 0: not known */
	uint32_t n_classes, priorities, align, when_full, when_dead, most_deliveries, event_flags, kind;
	struct maar_ipc_class classes[MAAR_IPC_CLASSES];
	uint32_t depth[MAAR_IPC_PRIORITIES];
	uint64_t participants_at, events_at, owners_at;
	uint64_t free_at[MAAR_IPC_CLASSES], rings_at[MAAR__IPC_RINGS];
	uint64_t payloads_at[MAAR_IPC_CLASSES], strides[MAAR_IPC_CLASSES];
	uint64_t pair_at; /* of a MAAR_IPC_PAIR, which has no rings and no owner words */
	uint64_t reserved[3];
	uint64_t sum;

	uint64_t ready __attribute__((aligned(MAAR_APART))); /* MAAR__IPC_READY when all else is written */
	uint64_t broken;				     /* not 0: somebody found what cannot be */
	uint64_t closed;				     /* not 0 */

	uint64_t recoverer __attribute__((aligned(MAAR_APART))); /* who is at it: see recover.c */
	uint64_t recovered, redelivered, dropped_dead;		 /* counters of whoever is */
	uint64_t floor;						 /* of a broadcast: see broadcast_priv.h */
	uint64_t gates_to, pins_to;				 /* highest numbers that ever had a gate, a pin */
	uint64_t pad[9];
} __attribute__((aligned(MAAR_APART)));

#define MAAR__IPC_MAGIC	 UINT64_C(0x312e6370692d6d61) /* "am-ipc.1", little endian */
#define MAAR__IPC_READY	 UINT64_C(0x7964616572206370)
#define MAAR__IPC_MAKING UINT64_C(0x676e696b616d2063)
#define MAAR__IPC_LAYOUT 2u

struct maar__ipc_events {
	struct maar_event not_empty, not_full;
};

/* ---- participants ---- */

enum maar__ipc_phase {
	MAAR__IPC_NOBODY = 0, /* the number is free, its slots are others' */
	MAAR__IPC_LIVE = 1,   /* somebody's, who lives, or died and nobody has looked yet */
	MAAR__IPC_WAKE = 2,   /* dead, its journal resolved; its slots are being put right */
};

/* `state`: | generation 32 | roles 16 | phase 16 |. The generation grows when somebody becomes this number. */
static inline uint64_t maar__ipc_state(uint64_t generation, uint32_t roles, enum maar__ipc_phase phase)
{
	return generation << 32 | (uint64_t)(roles & 0xffff) << 16 | (unsigned)phase;
}

static inline unsigned maar__ipc_phase(uint64_t state)
{
	return (unsigned)(state & 0xffff);
}

static inline uint64_t maar__ipc_generation(uint64_t state)
{
	return state >> 32;
}

enum maar__ipc_outcome { MAAR__IPC_NONE = 0, MAAR__IPC_LOST = 1, MAAR__IPC_DELIVERED = 2 };

/* One of two, written in turn; `mark` is 0 while it is. */
struct maar__ipc_journal {
	uint64_t mark; /* | turn 32 | handle 32 |; turns are from 1 on */
	uint64_t sequence;
	uint64_t loan; /* the slot's word before it was published */
};

struct maar__ipc_participant {
	uint64_t state;
	uint64_t identity; /* | start, clock ticks, 42 | pid 22 |, or 0; where no caller knows better */
	uint64_t key;
	struct maar__ipc_journal journal[2];
	uint64_t outcome; /* of the last journaled publish, when its process is gone: enum maar__ipc_outcome */
	uint64_t sequence;
	uint64_t dropped_newest, dropped_oldest;
	uint64_t watch;	    /* | generation 32 | turn 31 | armed |; 0: it has had no descriptor. See watch.c */
	uint64_t gate, pin; /* of a broadcast's reader: see broadcast_priv.h */
} __attribute__((aligned(MAAR_APART)));
MAAR_STATIC_ASSERT(sizeof(struct maar__ipc_participant) == 128, "a line and its neighbour");

/* ---- slots ---- */

/* The 64 bytes before a payload, written by whoever has the slot. */
struct maar__ipc_slot {
	uint64_t length;
	uint64_t sequence;
	uint64_t loan;	/* its word before it was published */
	uint64_t first; /* if REDELIVERED: the position at which it was published */
	uint32_t type, flags, priority;
	uint32_t deliveries;
	uint32_t handle; /* written by init */
	uint32_t reserved[3];
};
MAAR_STATIC_ASSERT(sizeof(struct maar__ipc_slot) == 64, "layout 1");

#include "broadcast_priv.h"
/* ---- of a pair: slot i has the positions i, i + slots, ... ---- */

#define MAAR__PAIR_PRODUCER 1u /* their numbers; others only look and recover */
#define MAAR__PAIR_CONSUMER 2u

/*
 * From the oldest: released <= taken <= tail <= released + slots. From `released` up to `taken` the consumer has the
 * slots, up to `tail` there are messages, and beyond, the producer has them. Each word is written by its one process, and by who
 * recovers that.
 */
struct maar__ipc_pair {
	uint64_t tail __attribute__((aligned(MAAR_APART))); /* messages published */
	uint64_t released __attribute__((aligned(MAAR_APART)));
	uint64_t taken;
	uint64_t loans __attribute__((aligned(MAAR_APART))); /* 0 or 1: for observers */
};

/* What goes with the message of a slot. */
struct maar__pair_cell {
	uint64_t length, sequence;
	uint64_t released; /* p + 1: the message at position p is released, and an older one is not */
	uint32_t type;
	uint32_t deliveries; /* before this one; not 0: REDELIVERED */
};
MAAR_STATIC_ASSERT(sizeof(struct maar__pair_cell) == 32, "two a line");

/* ---- private to the process, in memory that a forked child finds zeroed: `me` is 0 there ---- */

struct maar__ipc_slots {
	unsigned char *payloads;
	uint64_t stride, bytes;
	uint32_t first, n;
};

/* A pair's side of this process: its own words, and the other's as last seen. */
struct maar__pair_side {
	uint64_t tail, released, taken;
	uint64_t told;	   /* consumer: of `released`, when it asked last whether the producer sleeps */
	uint32_t n_beyond; /* consumer: slots that are released while an older one is not */
	bool loaned;	   /* producer */
	bool light;	   /* producer: registered for the consumer's barriers; consumer: that is to call them */
	bool streams;	   /* the other side is found to have gone on by more than one while this one waits */
	uint32_t waits;
};

struct maar_ipc {
	uint32_t me; /* number, from 1 */
	uint32_t roles;
	uint32_t broadcast; /* not 0: it is one */
	bool light;	    /* MAAR__IPC_LIGHT */
	uint32_t n_classes, priorities, slots, max_participants;
	uint32_t when_full, when_dead, most_deliveries;
	uint32_t depth_below_all; /* not 0: some queue may be full while there are slots */
	struct maar__ipc_header *at;
	struct maar__ipc_events *events;
	struct maar__ipc_participant *participants;
	uint64_t *own;
	struct maar__ipc_slots classes[MAAR_IPC_CLASSES];
	struct maar__owned free[MAAR_IPC_CLASSES];
	struct maar__owned rings[MAAR__IPC_RINGS];
	uint64_t depth[MAAR_IPC_PRIORITIES];
	struct maar__ipc_pair *pair; /* NULL: it is none; `own`, `free` and `rings` are for others */
	struct maar__pair_cell *cells;
	struct maar__pair_side side;
	uint64_t uuid[2];
	uint64_t pid_space, time_space; /* the segment's */
	uint64_t state;			/* what stands in this one's entry while it is attached */
	uint64_t key;
	uint32_t turn; /* of its journal */
	int64_t slice;
	struct maar_ipc_past past;
	int has_past;
	struct maar_ipc_life life;   /* take NULL: pid and start */
	struct maar_ipc_bells bells; /* ring NULL: none */
	struct maar__ipc_watch *watch;
	uint32_t turns; /* of this one's arms */
	struct maar__ipc_reading reading;
};

/* layout.c: checks a copy of a segment's first bytes, of which there are `bytes` in all. As attach says. */
int maar__ipc_check(const void *copy, size_t copied, uint64_t bytes, struct maar__ipc_header *h);
/* layout.c: the geometry as this process sees it, from a header that is right. */
void maar__ipc_look(struct maar_ipc *ipc, void *mem, const struct maar__ipc_header *h);

/* Marks the segment as broken, for all, and tells who is armed. -EBADMSG */
int maar__ipc_broken(const struct maar_ipc *ipc);

/* What a call that works with slots is refused for. */
static inline int maar__ipc_refused(const struct maar_ipc *ipc, uint32_t role)
{
	if (maar_unlikely(!ipc))
		return -EINVAL;
	if (maar_unlikely(!ipc->me))
		return -ECHILD;
	if (maar_unlikely((ipc->roles & role) != role))
		return -EPERM;
	return maar_unlikely(maar_a_load(&ipc->at->broken, RELAXED) != 0) ? -EBADMSG : 0;
}

static inline bool maar__ipc_is_closed(const struct maar_ipc *ipc)
{
	return maar_a_load(&ipc->at->closed, ACQUIRE) != 0; /* A:ipc.closed */
}

static inline struct maar__ipc_participant *maar__ipc_entry(const struct maar_ipc *ipc, uint32_t number)
{
	return &ipc->participants[number - 1];
}

/* The class of a handle, which is below ipc->slots. */
static inline uint32_t maar__ipc_class_of(const struct maar_ipc *ipc, uint32_t handle)
{
	uint32_t c = 0;

	while (c + 1 < ipc->n_classes && handle >= ipc->classes[c + 1].first)
		c++;
	return c;
}

static inline unsigned char *maar__ipc_payload(const struct maar_ipc *ipc, uint32_t handle)
{
	const struct maar__ipc_slots *s = &ipc->classes[maar__ipc_class_of(ipc, handle)];

	return s->payloads + (handle - s->first) * s->stride;
}

static inline struct maar__ipc_slot *maar__ipc_slot(void *payload)
{
	return (struct maar__ipc_slot *)payload - 1;
}

/* A word's position in full: the one nearest to the ring's tail that ends in these 48 bits. */
static inline uint64_t maar__ipc_position(const struct maar__owned *o, uint64_t word)
{
	const uint64_t tail = maar_a_load(&o->ring.ring->tail, RELAXED);
	const unsigned above = 64 - MAAR__OWN_POSITION_BITS;

	return tail + (uint64_t)((int64_t)((word - tail) << above) >> above);
}

/* Whether the slot of a word that says that it is in a ring is: its cell says so too. */
static inline bool maar__ipc_in_ring(const struct maar__owned *o, uint32_t handle, uint64_t word)
{
	uint64_t in_cell;

	return maar__ring_look(o->ring, maar__ipc_position(o, word), &in_cell) == 0 && in_cell == handle;
}

/* ipc.c: the moves, without waiting and without looking at roles. 1, 0 or -errno; broken segments are marked. */
int maar__ipc_try_loan(struct maar_ipc *ipc, size_t bytes, uint32_t *handle);
int maar__ipc_try_take(struct maar_ipc *ipc, struct maar_ipc_message *m);
int maar__ipc_try_publish(struct maar_ipc *ipc, uint32_t handle, uint64_t word, uint32_t priority);
/* Takes the oldest message of the lowest priority out and makes its slot free, counted. 1, 0: there is none, -errno. */
int maar__ipc_overwrite(struct maar_ipc *ipc, uint32_t priority, bool any);
/* What the header says of a slot that ring r has, or had, at the position of `word`: 1, or -EBADMSG. */
int maar__ipc_describe(struct maar_ipc *ipc, uint32_t r, uint32_t handle, uint64_t word, struct maar_ipc_message *m);
/* To its class's ring. 0, -EALREADY, -EBADMSG */
int maar__ipc_put_free(struct maar_ipc *ipc, uint32_t handle, uint64_t word);
/* The loan (state OUT) of a pointer of the caller's: handle and word; 0, -EINVAL or -EALREADY */
int maar__ipc_find(const struct maar_ipc *ipc, const void *payload, uint32_t *handle, uint64_t *word);
/* After slots have become free, or messages were taken from a queue that may be full; after n were published. */
void maar__ipc_tell_room(struct maar_ipc *ipc, uint32_t class);
void maar__ipc_tell_messages(struct maar_ipc *ipc, size_t n);
/* After a recovery: everybody, whoever was to be told by a dead one too. */
void maar__ipc_tell_all(struct maar_ipc *ipc);
uint64_t maar__ipc_count(const struct maar__owned *o);

/* pair.c: whether one with these roles may attach: 0, -EINVAL, or -ENOTSUP. The moves, as above. begin: of who has just become the producer or the consumer; 0 or -EBADMSG. */
int maar__pair_may(const struct maar_ipc *ipc);
int maar__pair_begin(struct maar_ipc *ipc);
int maar__pair_try_loan(struct maar_ipc *ipc, size_t bytes, uint32_t *handle);
void maar__pair_describe(struct maar_ipc *ipc, size_t bytes, const struct maar_ipc_tags *tags);
int maar__pair_publish(struct maar_ipc *ipc);
int maar__pair_find(const struct maar_ipc *ipc, const void *payload, uint32_t *handle, uint64_t *word);
int maar__pair_discard(struct maar_ipc *ipc);
int maar__pair_try_take(struct maar_ipc *ipc, struct maar_ipc_message *m);
int maar__pair_release(struct maar_ipc *ipc, const struct maar_ipc_message *m);
/*
 * Between announcing that this one is about to sleep, or is armed, and the look that decides. False: the system refuses, so that
 * look may have missed a message.
 */
bool maar__pair_barrier(const struct maar_ipc *ipc);
/* The first pause of a wait, before the other's word is looked at again. */
void maar__pair_pause(struct maar_ipc *ipc, struct maar_event *event);
void maar__pair_paused(struct maar_ipc *ipc);
/* Whether this one has something out. */
bool maar__pair_has_slots(const struct maar_ipc *ipc);
/* What a dead one of this number has left. 0 or -EBADMSG */
int maar__pair_mend(struct maar_ipc *ipc, uint32_t number);
/* Whether the message that was published at this position is out of its producer's hands. */
bool maar__pair_is_published(const struct maar_ipc *ipc, uint64_t position);
/* 1: there is a message; 0; -EBADMSG */
int maar__pair_any(const struct maar_ipc *ipc);
/* For report.c. check: 0 or -EBADMSG. peek: as maar__ipc_peek_message. */
void maar__pair_count(const struct maar_ipc *ipc, struct maar_ipc_stats *s);
int maar__pair_check(const struct maar_ipc *ipc);
int maar__pair_peek(const struct maar_ipc *seen, uint64_t position, struct maar_ipc_message *m);

/*
 * recover.c. seize: 1; 0: a living one has it; or -EBADMSG. `heir`: the caller is just becoming `number`, so what that
 * has is its predecessor's.
 */
int maar__ipc_seize(struct maar_ipc *ipc, uint32_t number, uint64_t generation, bool heir, uint64_t *held);
void maar__ipc_give_back(struct maar_ipc *ipc, uint64_t held);
/* With the lock: all that the dead `number` left is put right, as by `me`. 0 or -EBADMSG */
int maar__ipc_mend(struct maar_ipc *ipc, uint32_t number, uint32_t me);
/* The last journaled publish of `number`, which is dead or is ending. */
int maar__ipc_resolve(struct maar_ipc *ipc, uint32_t number);
void maar__ipc_clear_journal(struct maar__ipc_participant *p);

/* watch.c: tells all who are armed. */
void maar__ipc_ring_armed(const struct maar_ipc *ipc);
/* The same, if there is something. */
void maar__ipc_ring_forgotten(const struct maar_ipc *ipc);
/* `number` is dead or ends: it is not armed any more, and its bell is removed. Is done again to the same end. */
void maar__ipc_unwatch(struct maar_ipc *ipc, uint32_t number);
/* What this process has for its descriptor, given back. */
void maar__ipc_unwatch_own(struct maar_ipc *ipc);

/* attach.c: a descriptor that is readable when who is `number` has died, where pid and start tell; or -errno */
int maar__ipc_death(struct maar_ipc *ipc, uint32_t number);
/* attach.c: 0 or -EINVAL */
int maar__ipc_check_who(const struct maar_ipc_who *who);
/* attach.c: 1 alive, 0 dead, below 0: nobody can tell */
int maar__ipc_alive(struct maar_ipc *ipc, uint32_t number);

#endif
