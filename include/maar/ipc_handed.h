/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * maar_handed: messages both ways between two processes that do not trust each other, joined by a socket of the AF_UNIX family.
 *
 *     process A                                  process B
 *     writes A's memory: messages for B,    -->  maps it to be read only
 *                        slots of B's that A has read
 *     maps it to be read only               <--  writes B's memory: the same, the other way
 *     tail | released | wants | wants | cells {slot, length, type, sequence} | released slots | slots
 *
 * Each memory is an anonymous file that one process writes, sealed before the other gets its descriptor (SCM_RIGHTS): nobody
 * can make it shorter, and the other can only read it, whatever it tries. What a process knows of its slots and of its place
 * in the queues is in memory of its own; each word of the other's is loaded once and checked against that. Nonsense is an
 * error (-EBADMSG), and the end of this connection: no crash, no access elsewhere, no endless loop.
 *
 * Each direction has one producer and one consumer. A producer borrows a slot of its own memory (loan), writes the message into
 * it and publishes it; the other side's consumer takes it, reads it where it lies, and releases the slot. So nothing is copied,
 * and a message in the consumer's hand is in memory that its producer can still write: a hostile one changes it while it is
 * read. Who cannot bear that copies first and looks then, as receive does; length, type and sequence are copied and checked by take.
 *
 * Who may call what at the same time: loan, publish, discard, send and close by one thread of the process at a time; take,
 * release, receive, drain, fd, arm and disarm by one, which may be another; stats, peer and alive by any; leave: alone. Not from a
 * signal handler. After fork the child has nothing of it: its calls say -ECHILD, and leave gives back what there is of it in
 * the child; after vfork or a raw clone, call nothing but exec and _exit. (A child that was forked before join, or is made without
 * the handlers of fork, has a copy of the socket: as long as it lives, so does its process for the peer.)
 *
 * Progress: with time-out 0 wait-free, but for the walk over what the other side has given back; a peer that is stopped or slow
 * holds up only who waits for it: for messages, or for slots that it has. One that floods this side with wake-ups costs
 * processor time of whoever waits, and no more. As long as messages and slots are there, and nobody sleeps, no call enters
 * the system.
 * Order: first in, first out; slots come back in any order. What a producer did before publish happens before what the
 * consumer does after take; what a consumer did before release, before what is done by who is lent the slot next.
 *
 * Death: a process is dead to its peer when its end of the socket is closed, which the system does when it ends, however that
 * happens. A sleeper finds it at once, as does every call that would have to wait; of calls with time-out 0 that find nothing one in 256
 * asks. What was published before can still be taken. A process that is only stopped is never taken for dead.
 *
 * Times are in nanoseconds of CLOCK_MONOTONIC; EINTR is no answer. Where the ideas come from: doc/lineage.md; why it is right:
 * doc/memory-model.md, "Handed-over queues".
 */
#ifndef MAAR_IPC_HANDED_H
#define MAAR_IPC_HANDED_H

#include <maar/ipc.h>

MAAR_BEGIN_DECLS

#define MAAR_HANDED_BYTES     1024  /* of a message, by default; at most MAAR_IPC_MAX_BYTES */
#define MAAR_HANDED_SLOTS     256   /* by default */
#define MAAR_HANDED_MAX_SLOTS 65536 /* of a side: the other keeps four bytes for each */
#define MAAR_HANDED_MOST_MAPPED                                                                                        \
	(UINT64_C(1) << 30) /* of the peer's memory, by default: addresses, not memory of this side */

/* One side of a connection. */
struct maar_handed;

/* Who made the other end of the socket, as the system says (SO_PEERCRED): of a socketpair, who made the pair. */
struct maar_handed_peer {
	pid_t pid;
	uid_t uid;
	gid_t gid;
};

/* Whom join accepts, by the peer's user. */
enum maar_handed_who {
	MAAR_HANDED_SAME_USER = 0, /* the effective user of this process */
	MAAR_HANDED_ONE_USER,	   /* options->uid */
	MAAR_HANDED_ANYBODY,	   /* or as options->accept says */
};

/* What this side brings; zero means the default. The peer's may be others. */
struct maar_handed_options {
	uint64_t bytes; /* of a message that this side sends, at most */
	uint32_t slots; /* messages of this side that are loaned or not released yet, at most; up to a power of two */
	uint32_t event_flags; /* MAAR_EVENT_NO_SPIN or 0 */
	uint64_t most_mapped; /* a peer with more memory than that is refused: bytes */
	uint32_t who;	      /* enum maar_handed_who */
	uid_t uid;
	/* Asked when the user is right; NULL: nobody. 0, or -errno, which is what join says then. */
	int (*accept)(void *arg, const struct maar_handed_peer *peer);
	void *arg;
	uint64_t reserved[4]; /* must be 0 */
};

/* ---- life cycle ---- */

/*
 * Joins the process at the other end of `socket`, which must be connected, AF_UNIX, of type SOCK_STREAM or SOCK_SEQPACKET, and
 * used by nobody else; the other process calls join too. Both pass 64 bytes, their sizes; then their memory. options NULL:
 * defaults. From then on the socket is the library's, which closes it in leave, and nobody else reads, writes or polls it. If join
 * fails it is still the caller's, to be closed: the peer waits until then, or for its time-out. Returns NULL with errno:
 *   EINVAL     options are wrong; or the socket is of another family or type
 *   EBADF, ENOTSOCK, ENOTCONN
 *              no descriptor, no socket, not connected
 *   EACCES     the peer is of another user than is wanted; or what options->accept said
 *   EBADMSG    what came is no greeting, or changed, or is too short; there were too many descriptors with it, or none; the
 *              peer's memory is of another size than it said, or is not all there
 *   EPERM      the peer's memory is not sealed, or the descriptor is none of such memory
 *   EPROTO     the peer has a library of another layout, or is another kind of program (32 bits)
 *   EFBIG      the peer's memory is more than options->most_mapped; or this side's is more than RLIMIT_FSIZE (there is no SIGXFSZ)
 *   ECONNRESET the peer has hung up
 *   ETIMEDOUT  it has not sent what it should in that time
 *   EMFILE, ENFILE, ENOMEM, ENOSPC
 *              no descriptors (a connection has three, with fd five), no memory; nothing stays behind
 *   ENOTSUP    a kernel before 5.1, which has no such seals
 * Cost: some 30 system calls, and all pages of this side's memory.
 */
MAAR_API MAAR_NODISCARD struct maar_handed *maar_handed_join(int socket, const struct maar_handed_options *options,
							     int64_t timeout_ns);

/*
 * Ends this side: closes its direction, hangs up, gives all back; messages of it that the peer has not taken are lost. Returns 0
 * (also for NULL), or -EBUSY, with nothing changed, while it has loans or messages out. In a forked child: 0.
 */
MAAR_API int maar_handed_leave(struct maar_handed *handed);

/* ---- the calls below return, beside what they say ----
 *   -EINVAL   an argument is wrong; nothing is changed
 *   -ECHILD   it was the parent that joined
 *   -EBADMSG  the peer has written nonsense; the connection is over, and the peer is told by hanging up
 */

/* ---- this side's messages ---- */

/*
 * Lends a free slot of this side, for a message of up to `bytes` bytes. Returns 1 and *payload (aligned to 64), or
 *   0            no slot by the time-out
 *   -EMSGSIZE    no slot has so many bytes (maar_handed_most_bytes)
 *   -EPIPE       this side has closed; or the peer has closed its direction, and is gone
 *   -ECONNRESET  the peer is gone, and had not closed
 * Waiting, it is woken when the peer has released half of what it had, or has nothing left to take. Cost: a line of this
 * process's own; when there is no slot, one load of the peer's and one for each slot that has come back.
 */
MAAR_API int maar_handed_loan(struct maar_handed *handed, size_t bytes, void **payload, int64_t timeout_ns);

/*
 * Publishes a loan, of which `bytes` are the message; tags (may be NULL): type and sequence; priority and journal must be 0. There is always
 * room, so it does not wait. Returns 1, or
 *   -EALREADY    payload is no loan of this side
 *   -EMSGSIZE, -EPIPE, -ECONNRESET
 *                as above; the loan stays the caller's
 * Cost: one line of the cells, one exchange of `tail`, one load of the peer's; a system call if the peer sleeps or is armed.
 */
MAAR_API int maar_handed_publish(struct maar_handed *handed, void *payload, size_t bytes,
				 const struct maar_ipc_tags *tags);

/* Gives a loan back. 0, or -EALREADY as above. */
MAAR_API int maar_handed_discard(struct maar_handed *handed, void *payload);

/* loan, copy and publish: 1, 0 (no slot), or what these say. data: NULL if bytes is 0. */
MAAR_API int maar_handed_send(struct maar_handed *handed, const void *data, size_t bytes,
			      const struct maar_ipc_tags *tags, int64_t timeout_ns);

/* No more messages of this side, for good; the peer gets what there is, and then -EPIPE. 0. */
MAAR_API int maar_handed_close(struct maar_handed *handed);

/* ---- the peer's messages ---- */

/*
 * Takes the oldest. Returns 1 and *message: payload, in the peer's memory, which may change at any time (it cannot be written
 * here); bytes, within the slot, type and sequence, which stay; id.position counts the peer's messages from 0. Or
 *   0            none, by the time-out
 *   -EPIPE       none, and the peer has closed
 *   -ECONNRESET  none, and the peer is gone, and had not closed
 * Cost: two lines of the peer's memory.
 */
MAAR_API int maar_handed_take(struct maar_handed *handed, struct maar_ipc_message *message, int64_t timeout_ns);

/*
 * Gives the slot of a message back. 0, or -EALREADY: it is not one that this side has. Cost: as publish, and no system call unless
 * the peer sleeps for want of slots.
 */
MAAR_API int maar_handed_release(struct maar_handed *handed, const struct maar_ipc_message *message);

/*
 * Takes a message, copies it, and releases it: what is in `data` then does not change any more. `room` must be as much as the peer's
 * slots hold (maar_handed_peer_bytes), or the answer is -EMSGSIZE and nothing is taken. message may be NULL; its payload is NULL.
 * Otherwise as take.
 */
MAAR_API int maar_handed_receive(struct maar_handed *handed, void *data, size_t room, struct maar_ipc_message *message,
				 int64_t timeout_ns);

/*
 * Takes and releases all there is, at most as many as the peer has slots, and calls `each` (may be NULL) with it. How many, or what take
 * says if that is none, but 0 instead of -EPIPE.
 */
MAAR_API ssize_t maar_handed_drain(struct maar_handed *handed, maar_ipc_message_fn *each, void *arg);

/*
 * ---- a descriptor for poll and epoll: of the consumer ----
 *
 * After arm it is readable as long as there is something to take, or the peer has closed or is gone, until the next disarm (and then,
 * if it is gone, still). It may be readable without reason. So:
 *     for (;;) {
 *         while (maar_handed_take(handed, &message, 0) > 0)
 *             ...                                      below 0: the end
 *         if (!maar_handed_arm(handed))
 *             epoll_wait(...);
 *         maar_handed_disarm(handed);
 *     }
 * Unless armed, it costs the producer no system call; armed, one. take and receive with another time-out than 0 disarm it if they sleep.
 */

/* The descriptor (of an epoll), made by the first call; it stays the library's to close. Or -EMFILE, -ENFILE, -ENOMEM, ... */
MAAR_API int maar_handed_fd(struct maar_handed *handed);

/* 0: armed, and there was nothing; 1: there is something, and the descriptor is readable; -EINVAL: there is no descriptor. */
MAAR_API int maar_handed_arm(struct maar_handed *handed);

/* Makes the descriptor unreadable until the next arm, and notes if the peer is gone. 0, or as above. */
MAAR_API int maar_handed_disarm(struct maar_handed *handed);

/* ---- observers: any thread ---- */

/* 1: the peer is there, or stopped; 0: it is gone. A system call. */
MAAR_API int maar_handed_alive(const struct maar_handed *handed);

/* Who it is, as join saw it. 0. Also in a child. */
MAAR_API int maar_handed_peer(const struct maar_handed *handed, struct maar_handed_peer *peer);

MAAR_API uint64_t maar_handed_most_bytes(const struct maar_handed *handed); /* of a message of this side; 0 for NULL */
MAAR_API uint64_t maar_handed_peer_bytes(const struct maar_handed *handed); /* of a message of the peer's; 0 for NULL */

/* Counted one after another: exact when no other call runs. What the peer says of itself may be anything. */
struct maar_handed_stats {
	uint64_t published, returned; /* of this side: messages; slots of them that the peer has released (it says) */
	uint64_t arrived;	      /* messages of the peer's (it says) */
	uint64_t taken, released;     /* of these: by this side */
	uint64_t wakes;		      /* system calls made to wake the peer */
	uint32_t slots, peer_slots;
	uint32_t closed, peer_closed, gone, broken; /* 1: it is; gone: as far as it was noticed */
	uint64_t reserved[4];
};
MAAR_API int maar_handed_stats(const struct maar_handed *handed, struct maar_handed_stats *stats);

MAAR_END_DECLS

#endif
