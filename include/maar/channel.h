/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * maar_channel: a pool of messages, a ring that carries them, waiting on both sides, and an end: what most programs should
 * use to let threads exchange messages. One to many senders, one to many receivers; each message goes to one receiver.
 * What happens when it is full is chosen at creation: senders wait, for ever or for a time; or the new message is dropped;
 * or the oldest. A channel can have levels of priority. <maar/select.h> waits for several channels and descriptors at once,
 * <maar/topic.h> gives each message to many channels.
 *
 *     pool (its own, or the caller's)                     a ring of handles, 8 bytes a message, for each level
 *     +-----+-----+-----+-----+        send     urgent    +---+---+---+---+        recv
 *     | msg | msg | msg | msg |  ------------>            | h | h |   |   |  ------------>  use
 *     +-----+-----+-----+-----+  by priority    ordinary  +---+---+---+---+  urgent first     |
 *        ^        |                                       | h | h | h | h |                   |
 *        |        +- reserve, fill, commit                +---+---+---+---+                   |
 *        +------------------------- release (the last holder) --------------------------------+
 *     not_empty: one event count, receivers sleep on it;  not_full: one for each level, senders sleep on it
 *
 *     struct maar_channel *c = maar_channel_create(1024, 256, NULL);      messages it holds, bytes of each
 *     maar_channel_send_bytes(c, "hello", 5);     ...     n = maar_channel_recv_bytes(c, buffer, 256, MAAR_FOREVER);
 *     maar_channel_close(c);                      ...     -EPIPE, when all is received
 *
 * Who may call what at the same time, by the mode chosen at creation (free = any number of threads, one = at most one):
 *                                               | MPMC | MPSC | SPMC | SPSC |
 *     send*, try_send, commit                   | free | free | one  | one  |
 *     recv*, try_recv, drain                    | free | one  | free | one  |
 *     reserve, abort, release, close, fd, arm,  | free | free | free | free |
 *     disarm, observers
 *     create, destroy                           | alone, in every mode
 * Signal handlers: close; and, as far as the mode allows it, try_send of a message that is in hand. After fork: as the pool
 * (<maar/mring.h>); the descriptor stays the parent's. No call is a cancellation point.
 *
 * Progress:
 *     try_send, try_recv          as the ring (<maar/ring.h>): one of a side wait-free, many lock-free, TICKET see there
 *     send, by the policy         BLOCK: blocking, for receivers; DROP and OVERWRITE: as try_send
 *     recv                        blocking, for senders
 *     reserve                     BLOCK: blocking, for messages to come back to the pool; else as the pool's get
 *     close, release, abort       lock-free; close waits for nobody
 * A thread stopped or killed between moving a message and telling of it may leave others asleep until the next call of its
 * side. Senders that sleep for room are woken when half of their level is free (a wake-up costs a hundred sends), and look
 * by themselves every 10 ms; MAAR_CHANNEL_PROMPT wakes them for every message taken.
 *
 * Order: messages of one level are received in the order in which they were sent, from one sender and (but for TICKET's
 * claims) from all; a higher level goes before a lower one at each look. What a thread did before it sent a message
 * happens before what another does after it received it. There is no order among waiters.
 *
 * Ownership: a message that was sent is its sender's no more, also if the policy dropped it. After an error it still is. A
 * received one is the receiver's: it sends it on, or releases it. (One reference goes with each; who keeps another must not
 * change the message.)
 *
 * Why it is right: doc/memory-model.md.
 */
#ifndef MAAR_CHANNEL_H
#define MAAR_CHANNEL_H
#define MAAR_BITS_OK 1

#include <sys/types.h>

#include <maar/event.h>
#include <maar/pool.h>
#include <maar/ring.h>

MAAR_BEGIN_DECLS

struct maar_channel;

/* How a channel is made: flags in the options, or-ed. 0 is MPMC, lock-free. */
enum maar_channel_flag {
	MAAR_CHANNEL_SP = MAAR_RING_SP,		/* a single sender at a time */
	MAAR_CHANNEL_SC = MAAR_RING_SC,		/* a single receiver at a time; it may hold capacity / 16 more */
	MAAR_CHANNEL_TICKET = MAAR_RING_TICKET, /* many senders take tickets: see <maar/ring.h>, Progress */
	MAAR_CHANNEL_NO_SPIN = MAAR_EVENT_NO_SPIN << 8, /* threads sleep at once: to spare a busy machine */
	MAAR_CHANNEL_PROMPT = 1u << 10,			/* senders are woken for each message taken, not at half */

	MAAR_CHANNEL_MPMC = 0,
	MAAR_CHANNEL_MPSC = MAAR_CHANNEL_SC,
	MAAR_CHANNEL_SPMC = MAAR_CHANNEL_SP,
	MAAR_CHANNEL_SPSC = MAAR_CHANNEL_SP | MAAR_CHANNEL_SC,
};

/* What send does when a level is full, and reserve when the pool has no message to give. */
enum maar_channel_full {
	MAAR_CHANNEL_BLOCK = 0,	    /* waits, as long as timeout_ns says */
	MAAR_CHANNEL_DROP = 1,	    /* gives the new message back to its pool, and counts it */
	MAAR_CHANNEL_OVERWRITE = 2, /* gives the oldest of that level back to its pool, and counts it; not with SC */
};

/* The most levels: a receiver looks at each ring that is empty before it comes to the one that is not. */
#define MAAR_CHANNEL_MAX_LEVELS 8u

/* How a channel is made; zero means the default. */
struct maar_channel_options {
	uint32_t flags;		/* enum maar_channel_flag */
	uint32_t full;		/* enum maar_channel_full */
	int64_t timeout_ns;	/* BLOCK: how long send and reserve wait; 0 (or negative): for ever */
	uint32_t levels;	/* of priority, each with a ring of `capacity`; 0: one */
	uint32_t weight;	/* of N + 1 receives, N take the most urgent message; 0: all (see recv) */
	struct maar_pool *pool; /* the caller's, which outlives the channel and may serve others; NULL: its own */
	size_t messages;	/* in a pool of its own; 0: twice what all levels hold, and 64 to be in hands */
	uint64_t reserved[6];	/* must be 0 */
};

/* Exact when no call is under way; otherwise what was so at moments during the call. Costs senders and receivers nothing. */
struct maar_channel_stats {
	uint64_t sent;		   /* messages put into the channel */
	uint64_t received;	   /* taken out by recv or drain */
	uint64_t dropped;	   /* given back unsent: by DROP, or by a topic that had no room here */
	uint64_t evicted;	   /* given back unreceived: by OVERWRITE */
	uint64_t blocked;	   /* times that a send found no room and waited */
	uint64_t starved;	   /* times that a reserve found no message and waited */
	uint64_t count;		   /* messages in the channel: sent - received - evicted */
	uint32_t senders_asleep;   /* about: waiting for room just now */
	uint32_t receivers_asleep; /* about: waiting for messages just now */
	uint64_t reserved[4];
};

/* Called with each message left in a channel. The message becomes its own: to be released, or kept. */
typedef void maar_channel_msg_fn(struct maar_msg *msg, void *arg);

/* ---- life cycle ---- */

/*
 * Makes an empty channel for `capacity` messages (rounded up to a power of two) on each level. `bytes`: the largest
 * message, of a pool of its own; 0 if the pool is the caller's. `options` may be NULL. Returns NULL with errno set:
 *   EINVAL     capacity is 0; an option is out of range or unknown; OVERWRITE with SC, TICKET with SP, weight without
 *              levels; bytes or messages beside a pool; reserved not 0
 *   EOVERFLOW  capacity, messages or bytes beyond what rings and pools have
 *   ENOMEM, EAGAIN  no memory, or no lock for a pool
 */
MAAR_API MAAR_NODISCARD struct maar_channel *maar_channel_create(size_t capacity, size_t bytes,
								 const struct maar_channel_options *options);

/*
 * Ends a channel; no other call may be running or follow. Messages left are released, or handed to `each` (NULL: released)
 * with `arg`, urgent ones first, oldest first. Returns 0 (also for NULL), or
 *   -EBUSY  it is in a select set or subscribed to a topic (nothing changed); or messages of its own pool are still out:
 *           then the channel is empty and closed, and to be destroyed again when they are back
 */
MAAR_API int maar_channel_destroy(struct maar_channel *channel);
MAAR_API int maar_channel_destroy_each(struct maar_channel *channel, maar_channel_msg_fn *each, void *arg);

/* ---- send: a message in hand, of the channel's pool ---- */

/*
 * By the channel's policy; send has priority 0, the least urgent. Return
 *   1           sent
 *   0           dropped by the policy DROP, and counted (OVERWRITE with TICKET: if the oldest place is claimed and not filled)
 *   -ETIMEDOUT  BLOCK: there was no room in timeout_ns    } the message is still the caller's
 *   -EPIPE      the channel is closed                     }
 *   -EINVAL     channel or msg is NULL, the message is of another pool, or there is no such priority
 * Cost where there is room: the ring's enqueue and one read-modify-write that shows whether anybody sleeps.
 */
MAAR_API int maar_channel_send(struct maar_channel *channel, struct maar_msg *msg);
MAAR_API int maar_channel_send_priority(struct maar_channel *channel, struct maar_msg *msg, unsigned priority);

/* Whatever the policy: waits for room as long as timeout_ns (0: not at all, MAAR_FOREVER). 1 or an error, as send. */
MAAR_API int maar_channel_send_within(struct maar_channel *channel, struct maar_msg *msg, unsigned priority,
				      int64_t timeout_ns);

/* send_within with priority 0 and no time: -ETIMEDOUT if it is full. */
MAAR_API int maar_channel_try_send(struct maar_channel *channel, struct maar_msg *msg);

/*
 * n messages of one priority, in order; others' may come between. Returns how many were sent, from the front of msgs[].
 * BLOCK: waits until all are in; when time is up or the channel gets closed, the rest is still the caller's; the error
 * itself if none was sent. DROP, OVERWRITE: what was not sent was dropped, also if it got closed behind the first 64.
 * -EINVAL, with none sent: as send, or n is 0.
 */
MAAR_API ssize_t maar_channel_send_many(struct maar_channel *channel, struct maar_msg *const *msgs, size_t n,
					unsigned priority);

/* ---- receive ---- */

/*
 * Takes a message into *msg, waiting for one as long as timeout_ns (0: not at all, MAAR_FOREVER). It is the most urgent
 * that is there, and of these the oldest. With a weight of N, each (N + 1)-th receive (counted as far as they do not
 * overlap) looks first at one level, another each time: a level with messages is served at least once in
 * (N + 1) * levels receives. Without a weight, a level waits as long as a higher one has messages. Returns
 *   1           received
 *   -ETIMEDOUT  the channel was empty at a look after that time
 *   -EPIPE      it is closed, and was empty at a look after that
 *   -EINVAL     channel or msg is NULL
 */
MAAR_API int maar_channel_recv(struct maar_channel *channel, struct maar_msg **msg, int64_t timeout_ns);

/* recv without time. */
MAAR_API int maar_channel_try_recv(struct maar_channel *channel, struct maar_msg **msg);

/* Waits for the first and takes as many as there are, up to n: 1 to n, or an error as recv (-EINVAL also for n = 0). */
MAAR_API ssize_t maar_channel_recv_many(struct maar_channel *channel, struct maar_msg **msgs, size_t n,
					int64_t timeout_ns);

/* maar_msg_release, and a look whether somebody waits in reserve; who calls maar_msg_release instead costs that one up to
 * 1 ms. Returns as maar_msg_release; -EINVAL if channel is NULL. */
MAAR_API int maar_channel_release(struct maar_channel *channel, struct maar_msg *msg);

/* A receiver's call: takes what is there, and hands it to `each` (NULL: releases it). Returns how many, 0 for NULL. */
MAAR_API size_t maar_channel_drain(struct maar_channel *channel, maar_channel_msg_fn *each, void *arg);

/* ---- without copying: reserve, fill, commit or abort ---- */

/*
 * Takes a fresh message from the pool into *msg: maar_msg_data(msg) is there to be filled, maar_pool_bytes of it. When the
 * pool has none: BLOCK waits, OVERWRITE takes the oldest of the least urgent messages, DROP gives up. Returns
 *   1           the message is the caller's: to be committed, sent, or aborted
 *   0           DROP: none to be had; counted as dropped. OVERWRITE: none in the channel either
 *   -ETIMEDOUT, -EPIPE, -EINVAL  as send
 */
MAAR_API int maar_channel_reserve(struct maar_channel *channel, struct maar_msg **msg);

/* Says how many bytes were filled, and sends it as send does. Also -EMSGSIZE: beyond the room; still the caller's. */
MAAR_API int maar_channel_commit(struct maar_channel *channel, struct maar_msg *msg, size_t bytes);

/* Gives a reserved message back unsent. As maar_channel_release. */
MAAR_API int maar_channel_abort(struct maar_channel *channel, struct maar_msg *msg);

/* ---- with copying ---- */

/* reserve, copy, commit, and abort if that fails. 1, 0 or an error as send (nothing is the caller's then); -EMSGSIZE if
 * `bytes` is more than a message holds. `from` may be NULL for 0 bytes. */
MAAR_API int maar_channel_send_bytes(struct maar_channel *channel, const void *from, size_t bytes);

/*
 * recv, copy, release. Returns the message's length in bytes (a chain's in all: <maar/chain.h>), of which at most `room`
 * were copied: more means that the rest is lost. Or an error as recv; -EINVAL also if `to` is NULL and room is not 0.
 */
MAAR_API ssize_t maar_channel_recv_bytes(struct maar_channel *channel, void *to, size_t room, int64_t timeout_ns);

/* ---- close ---- */

/*
 * No more messages. Wakes everyone. From its return on every send gives -EPIPE; receives go on until the channel is empty
 * and then give -EPIPE. Closing twice is closing once; NULL is ignored. What was sent before close was called is received
 * before any receiver gets -EPIPE (with TICKET, unless it lies behind a place that another sender has claimed and not
 * filled). A send that runs at the same time as close fails, or succeeds: then its message may be left in the channel, for
 * drain or destroy to find when the last sender has returned.
 */
MAAR_API void maar_channel_close(struct maar_channel *channel);

/* 1 if it is closed (or NULL). */
MAAR_API int maar_channel_closed(const struct maar_channel *channel);

/*
 * ---- a descriptor for poll and epoll ----
 *
 * The contract of <maar/wait.h>: after arm it is readable as long as the channel is not empty or is closed, until the next
 * disarm; it may be readable without reason. Unarmed it costs senders no system call, armed one of them one. One thread.
 *     for (;;) {
 *         while (maar_channel_try_recv(channel, &msg) > 0)
 *             ...
 *         if (!maar_channel_arm(channel))
 *             epoll_wait(...);
 *         maar_channel_disarm(channel);
 *     }
 */

/* The descriptor, made by the first call, the channel's to close; or -EINVAL, -EMFILE, -ENFILE, -ENOMEM as maar_event_fd. */
MAAR_API int maar_channel_fd(struct maar_channel *channel);

/* 0: armed, and it was empty; 1: not empty or closed, and the descriptor readable; -EINVAL: NULL, or no descriptor. */
MAAR_API int maar_channel_arm(struct maar_channel *channel);

/* Makes the descriptor unreadable until the next arm. */
MAAR_API void maar_channel_disarm(struct maar_channel *channel);

/* ---- observers: any thread ---- */

MAAR_API struct maar_pool *maar_channel_pool(const struct maar_channel *channel); /* its own or the caller's */
MAAR_API size_t maar_channel_capacity(const struct maar_channel *channel);	  /* of each level; at least as asked */
MAAR_API unsigned maar_channel_levels(const struct maar_channel *channel);	  /* priorities are below it */
MAAR_API unsigned maar_channel_flags(const struct maar_channel *channel);	  /* as given at creation */
MAAR_API size_t maar_channel_count(const struct maar_channel *channel);		  /* messages in it, on all levels */
MAAR_API int maar_channel_empty(const struct maar_channel *channel);		  /* 1 if a recv would find nothing */

/* Fills *stats; 0, or -EINVAL. Cost: a look at each level's lines. */
MAAR_API int maar_channel_stats(const struct maar_channel *channel, struct maar_channel_stats *stats);

/* Writes a description for people: kind, levels, statistics. 0, -EINVAL, or -EIO. */
MAAR_API int maar_channel_dump(const struct maar_channel *channel, FILE *to);

MAAR_END_DECLS

#endif
