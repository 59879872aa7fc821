/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Handed-over queues, inside: what each side's memory looks like, and what a process keeps for itself.
 *
 *     a side's memory   side | cells: one for each of its slots | numbers of released slots of the other side | slots
 *
 * The side's process alone writes it. All that decides where this process reads or writes next is in struct maar_handed, its own.
 */
#ifndef MAAR_HANDED_PRIV_H
#define MAAR_HANDED_PRIV_H

#include <maar/ipc_handed.h>

#include "../base/base.h"
#include "names_priv.h"

#include <errno.h>

#define MAAR__HANDED_CLOSED (UINT64_C(1) << 63) /* of `tail`: there will be no more messages */

/* The start of a side's memory. Each word in lines of its own: the peer reads them at different times. */
struct maar__handed_side {
	uint64_t tail;						/* CLOSED | messages published */
	uint64_t released __attribute__((aligned(MAAR_APART))); /* slots of the other side given back */
	/* Its consumer, or producer, sleeps or is armed: another number each time; 0: it does not. */
	uint64_t wants_message __attribute__((aligned(MAAR_APART)));
	uint64_t wants_slot __attribute__((aligned(MAAR_APART)));
} __attribute__((aligned(MAAR_APART)));

struct maar__handed_cell {
	uint64_t length, sequence;
	uint32_t slot, type;
	uint64_t reserved;
};

/* Where all that lies: follows from three numbers. */
struct maar__handed_shape {
	uint64_t most;					 /* bytes of a message */
	uint32_t slots;					 /* of this side: a power of two */
	uint32_t peer_slots;				 /* the same */
	uint64_t stride;				 /* bytes of a slot */
	uint64_t cells_at, released_at, slots_at, bytes; /* from the memory's start */
};

/* One who waits for a word of the peer's to change. Its thread's own. */
struct maar__handed_waiter {
	uint64_t *wants;	    /* in this side's memory */
	const uint64_t *word;	    /* in the peer's */
	const uint64_t *wanted;	    /* in the peer's: whether the peer's waiter of the same direction sleeps */
	uint64_t number;	    /* of the last wait */
	uint64_t woken;		    /* number of the peer's wait that was woken last */
	uint64_t wakes;		    /* system calls for that */
	uint32_t idle;		    /* looks with time-out 0 in a row that found nothing */
	struct maar__ipc_held pair; /* of the direction: its bytes wake */
	struct maar_event spin;	    /* how long to spin: what it has learned */
};

enum maar__handed_state { MAAR__HANDED_FREE, MAAR__HANDED_LOANED, MAAR__HANDED_AWAY };

/* This side's messages: the producer's thread. */
struct maar__handed_out {
	struct maar__handed_waiter slot;
	struct maar__handed_cell *cells;
	unsigned char *slots;
	const uint32_t *returns; /* in the peer's memory */
	uint64_t tail;		 /* messages published */
	uint64_t returned;	 /* of `returns`, those that were read */
	uint32_t *free;		 /* a stack: n_free numbers of slots */
	uint32_t n_free, n_loaned;
	uint8_t *states; /* of each slot: enum maar__handed_state */
	bool closed;
};

/* The peer's messages: the consumer's thread. */
struct maar__handed_in {
	struct maar__handed_waiter message;
	const struct maar__handed_cell *cells;
	const unsigned char *slots;
	uint32_t *returns;
	uint64_t head;	   /* messages taken; also read by observers */
	uint64_t seen;	   /* of the peer's tail, the last word that was read */
	uint64_t released; /* slots given back */
	uint8_t *held;	   /* of each of the peer's slots: 1: this side has it */
};

struct maar_handed {
	struct maar__handed_side *mine;
	const struct maar__handed_side *theirs;
	struct maar__handed_shape shape, peer_shape;
	struct maar__ipc_held socket; /* its descriptor is below 0 in a child */
	struct maar__ipc_held epoll, event;
	struct maar_handed_peer peer;
	uint32_t event_flags;
	uint32_t broken, gone; /* said by either thread, read by both */
	struct maar__handed_out out __attribute__((aligned(MAAR_APART)));
	struct maar__handed_in in __attribute__((aligned(MAAR_APART)));
};

/* ---- sizes (handed.c) ---- */

/* False: they do not fit the process. */
bool maar__handed_lay_out(struct maar__handed_shape *shape, uint64_t most, uint32_t slots, uint32_t peer_slots);

/* ---- the socket (handed_wire.c) ---- */

/* What a join passes. In a stream the same in one piece; the second one brings two descriptors. */
struct maar__handed_hello {
	uint64_t magic;
	uint32_t layout, step; /* step: 1, 2 */
	uint64_t build;	       /* sum of what another compiler or machine would have otherwise */
	uint64_t most;
	uint32_t slots, peer_slots; /* peer_slots: as the peer has said, in step 2 */
	uint64_t bytes;		    /* of the memory, in step 2 */
	uint64_t reserved;
	uint32_t reserved1;
	uint32_t sum; /* CRC-32C of what is before */
};

/* The peer behind the socket: 0, or -errno as join says. */
int maar__handed_ask_peer(int socket, struct maar_handed_peer *peer);
void maar__handed_seal_hello(struct maar__handed_hello *hello);
/* 0 or -errno. receive: a hello of that step with exactly n descriptors (0 or 2), which are the caller's then. */
int maar__handed_tell(int socket, const struct maar__handed_hello *hello, const int *fds, unsigned n, int64_t deadline);
int maar__handed_hear(int socket, struct maar__handed_hello *hello, uint32_t step, int *fds, unsigned n,
		      int64_t deadline);
/* Whether a descriptor that the peer has sent is one to be woken by, and to wake with. */
bool maar__handed_is_pair(int fd);

/* ---- asleep (handed_sleep.c) ---- */

/* Wakes the peer's waiter of that direction. Never waits. */
void maar__handed_wake(struct maar__handed_waiter *waiter);
/* Until woken, or the deadline. 1: look; 0: the time is up; -ENOTCONN: the peer is gone. */
int maar__handed_sleep(struct maar_handed *handed, struct maar__handed_waiter *waiter, int64_t deadline);
/* Whether the peer is there: looks, and clears what had woken, if `waiter` is not NULL. False: it is gone. */
bool maar__handed_there(const struct maar_handed *handed, struct maar__handed_waiter *waiter);
/* Hangs up. */
void maar__handed_hang_up(const struct maar_handed *handed);

#endif
