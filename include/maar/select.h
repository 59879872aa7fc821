/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * maar_select: waiting for several channels and file descriptors at once. Channels join a set and then tell its event
 * count, too, of each message; a thread that waits for the set sleeps on that one. Descriptors are waited for by poll, where
 * the event's own descriptor stands beside them. A set without descriptors enters the system only to sleep and to wake.
 *
 *     channel A --+
 *     channel B --+--> event count of the set  <-- sleep --  maar_select_wait  -- poll -->  descriptors
 *     channel C --+        (its eventfd)  ----------------------------------------------->
 *
 * Who may call what at the same time: wait: any number of threads, as long as there are no descriptors in the set; one with
 * descriptors. add*, remove*: one thread, while nobody waits. create, destroy: alone. Channels in a set may go on sending,
 * and be received from directly, meanwhile. A channel is in one set at a time.
 * Not from signal handlers. After fork the child must leave sets alone.
 * Progress: wait is blocking; add is lock-free; remove and destroy wait until senders that are telling the set at this
 * moment have done so. No call is a cancellation point.
 * Order: what a sender did before it sent happens before what a thread does after a wait that reports the message, as with
 * maar_channel_recv.
 */
#ifndef MAAR_SELECT_H
#define MAAR_SELECT_H
#define MAAR_BITS_OK 1

#include <maar/channel.h>

MAAR_BEGIN_DECLS

struct maar_select;

/* How a set is made: flags of create, or-ed. */
enum maar_select_flag {
	MAAR_SELECT_NO_SPIN = MAAR_EVENT_NO_SPIN, /* threads sleep at once: to spare a busy machine */
};

/* What is ready: a channel, or a descriptor. */
struct maar_selected {
	struct maar_channel *channel; /* NULL: a descriptor */
	void *tag;		      /* as given when it was added */
	int fd;			      /* -1: a channel */
	int events;		      /* of a descriptor: what poll says (POLLIN ..., POLLNVAL); of a channel: 0 */
};

/* ---- life cycle ---- */

/* The most channels and descriptors of a set: each is looked at in each wait. */
#define MAAR_SELECT_MAX 4096u

/* A set for up to `most` channels and descriptors together. NULL with errno: EINVAL (most is 0 or beyond MAAR_SELECT_MAX, or
 * unknown flags), ENOMEM. */
MAAR_API MAAR_NODISCARD struct maar_select *maar_select_create(size_t most, unsigned flags);

/* Ends a set; what is in it leaves it. NULL is ignored. */
MAAR_API void maar_select_destroy(struct maar_select *set);

/* ---- what is in it ---- */

/* 0, or -EINVAL (set or channel is NULL), -EBUSY (the channel is in a set, perhaps in this one), -ENOSPC (it is full). */
MAAR_API int maar_select_add(struct maar_select *set, struct maar_channel *channel, void *tag);

/* `events` as for poll(2). The descriptor stays the caller's. 0, -EINVAL (set is NULL, fd negative), -EEXIST, -ENOSPC, or
 * -EMFILE, -ENFILE, -ENOMEM as maar_event_fd. */
MAAR_API int maar_select_add_fd(struct maar_select *set, int fd, short events, void *tag);

/* 0, or -EINVAL (set is NULL), -ENOENT (it is not in the set). */
MAAR_API int maar_select_remove(struct maar_select *set, struct maar_channel *channel);
MAAR_API int maar_select_remove_fd(struct maar_select *set, int fd);

/* ---- wait ---- */

/*
 * Waits until a channel is not empty or is closed, or poll finds something on a descriptor; at most timeout_ns (0: looks
 * only, MAAR_FOREVER). Fills in up to n entries of ready[], beginning with another one each time, so that none that is
 * always ready hides the others. Another receiver may be faster: take by maar_channel_try_recv. Returns how many, or
 *   -ETIMEDOUT  nothing was ready at a look after that time
 *   -EINVAL     set or ready is NULL, n is 0, or the set is empty
 * A signal does not end a wait. Cost: a look at each channel; with descriptors, a poll, and before it sleeps two more calls.
 */
MAAR_API ssize_t maar_select_wait(struct maar_select *set, struct maar_selected *ready, size_t n, int64_t timeout_ns);

MAAR_END_DECLS

#endif
