/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * maar_pool: messages of a fixed largest size, taken by one thread, passed to others, given back by the last.
 * A message is a 64-byte header and its bytes, in one slot of the pool's mring:
 *
 *     struct maar_msg        buffer, maar_msg_room() bytes
 *     +----------------+----------------+--------------------+----------------+
 *     | refs, length.. |    headroom    |  data, `length`    |    tailroom    |
 *     +----------------+----------------+--------------------+----------------+
 *
 *     struct maar_msg *m = maar_pool_get(pool);               fill  maar_msg_data(m), maar_msg_set_length(m, n)
 *     maar_ring_enqueue_ptr(ring, m);           ...           m = maar_ring_dequeue_ptr(ring);  use it
 *     maar_msg_release(m);                                    the last reference gives it back
 *
 * Who may call what at the same time: get, put, bulk, retain, release, observers: any thread, freely. A message with
 * one reference belongs to its holder, who alone may change it; while it has several, nobody may change it.
 * create: alone. destroy: alone, when every message is back. Signal handlers and fork: as <maar/mring.h>.
 * Progress: get and put as an mring's (wait-free in the thread's lane, see there); retain and release wait-free.
 * Order: what a holder did before releasing its reference happens before what the next holder of the slot does, and
 * before what the thread whose release was the last does.
 */
#ifndef MAAR_POOL_H
#define MAAR_POOL_H
#define MAAR_BITS_OK 1

#include <maar/bits/atomic.h>
#include <maar/bits/cc.h>
#include <maar/mring.h>

MAAR_BEGIN_DECLS

struct maar_pool;

struct maar_msg {
	uint32_t refs;	 /* holders; 0 in a free slot, which is how a double put is seen. Only by retain and release */
	uint32_t handle; /* the slot's number in maar_pool_mring(pool): 32 bits for a ring or another process */
	uint32_t length; /* bytes of data */
	uint32_t headroom; /* bytes of buffer before the data, room for headers to come */
	uint32_t room;	   /* bytes of buffer in all; constant */
	uint32_t reserved0;
	struct maar_pool *pool; /* where it came from and goes back to; constant */
	uint64_t user[2];	/* the application's, 0 after get */
	uint64_t reserved[2];
} __attribute__((aligned(MAAR_CACHE_LINE)));

/* How a pool is made; zero means the default. */
struct maar_pool_options {
	uint32_t headroom;   /* bytes, of a message fresh from get; added to the size asked for. Default 0 */
	uint32_t lane_slots; /* as in struct maar_mring_options */
	uint32_t no_lanes;   /* as in struct maar_mring_options */
	uint32_t reserved0;
	uint64_t reserved[6]; /* must be 0 */
};

/* ---- life cycle ---- */

/*
 * Makes a pool of `messages` messages of up to `bytes` bytes each (plus the headroom). `options` may be NULL.
 * Returns NULL with errno set: EINVAL (messages is 0, an option out of range), EOVERFLOW (absurd sizes), ENOMEM,
 * EAGAIN. bytes = 0 is allowed: messages that are header only.
 */
MAAR_API MAAR_NODISCARD struct maar_pool *maar_pool_create(size_t messages, size_t bytes,
							   const struct maar_pool_options *options);

/* Ends a pool. Returns 0 (also for NULL), or -EBUSY, with nothing changed, while messages are out. */
MAAR_API int maar_pool_destroy(struct maar_pool *pool);

/* ---- one message ---- */

/*
 * Takes a message: one reference, length 0, the pool's headroom, user area 0, bytes of any content. Returns NULL if
 * none is to be had, or if pool is NULL. Cost: an mring's get, and one cache line written.
 */
MAAR_API struct maar_msg *maar_pool_get(struct maar_pool *pool);

/*
 * Drops one reference to a message of this pool; the last one gives it back. Returns 0, or, with nothing changed,
 *   -EINVAL    pool or msg is NULL, or msg is not the start of a message of this pool (also: of another pool)
 *   -EALREADY  the message is free already: a double put (seen until somebody gets the same slot again; not when two
 *              threads put the last reference at the same instant)
 * A debug build of the library stops instead, and names the two putters.
 */
MAAR_API int maar_pool_put(struct maar_pool *pool, struct maar_msg *msg);

/* ---- many ---- */

/* Takes n messages, or none: returns n or 0 (msgs[] is unspecified then). */
MAAR_API size_t maar_pool_get_bulk(struct maar_pool *pool, struct maar_msg **msgs, size_t n);

/* put for each of n. Returns how many were taken; refused ones are moved to the front of msgs[]: nothing is lost. */
MAAR_API size_t maar_pool_put_bulk(struct maar_pool *pool, struct maar_msg **msgs, size_t n);

/* ---- references: a holder's calls ---- */

/* One more reference to a message that the caller holds; returns it. Cost: one locked add. Undefined on a free message
 * (MAAR_DEBUG stops the program). */
MAAR_INLINE struct maar_msg *maar_msg_retain(struct maar_msg *msg);

/*
 * maar_pool_put to the pool it came from. Returns as put does; -EINVAL for NULL. A pointer that is no message is not
 * noticed: the pool is read from the message. The holder's pointer is dead after.
 */
MAAR_API int maar_msg_release(struct maar_msg *msg);

/* ---- the bytes: the sole holder's calls, but for reading; the buffer is aligned to 64 bytes ---- */

MAAR_INLINE void *maar_msg_data(const struct maar_msg *msg);	  /* first byte of data */
MAAR_INLINE size_t maar_msg_length(const struct maar_msg *msg);	  /* bytes of data */
MAAR_INLINE size_t maar_msg_headroom(const struct maar_msg *msg); /* bytes before the data */
MAAR_INLINE size_t maar_msg_tailroom(const struct maar_msg *msg); /* bytes behind the data */
MAAR_INLINE size_t maar_msg_room(const struct maar_msg *msg);	  /* headroom + length + tailroom */

/* Says how many bytes of data there are, from maar_msg_data() on. 0, or -EMSGSIZE beyond the room: unchanged. */
MAAR_INLINE int maar_msg_set_length(struct maar_msg *msg, size_t bytes);

/* Moves the start of an empty message's data. 0, -EBUSY if it has data, or -EMSGSIZE beyond its room: unchanged. */
MAAR_INLINE int maar_msg_set_headroom(struct maar_msg *msg, size_t bytes);

/* Copies bytes behind the data. 0, or -EMSGSIZE if they are more than the tailroom: nothing copied. No overlap. */
MAAR_INLINE int maar_msg_append(struct maar_msg *msg, const void *from, size_t bytes);

/* ---- observers: any thread ---- */

MAAR_API size_t maar_pool_messages(const struct maar_pool *pool); /* in all */
MAAR_API size_t maar_pool_bytes(const struct maar_pool *pool);	  /* largest data with the default headroom, as asked */

/* The mring behind the pool: its statistics, lanes, dump and flush are the pool's. Never put or get there directly. */
MAAR_API struct maar_mring *maar_pool_mring(struct maar_pool *pool);

/* In use, high water, free: see struct maar_mring_stats, a slot being a message. 0, or -EINVAL. */
MAAR_API int maar_pool_stats(const struct maar_pool *pool, struct maar_mring_stats *stats);

/* Writes a description for people. 0, -EINVAL, or -EIO. */
MAAR_API int maar_pool_dump(const struct maar_pool *pool, FILE *to);

MAAR_END_DECLS

#include <maar/bits/pool_impl.h>

#endif
