/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * maar_pool: messages of a fixed largest size, taken by one thread, passed to others, given back by the last.
 * A message is a 64-byte header, a user area if the pool was made with one, and its bytes, in one slot of the mring:
 *
 *     struct maar_msg        user area           buffer, maar_msg_room() bytes
 *     +--------------------+------------------+----------------+--------------------+----------------+
 *     | refs, length..     | user_bytes       |    headroom    |  data, `length`    |    tailroom    |
 *     +--------------------+------------------+----------------+--------------------+----------------+
 *                                               <- push   pull ->               <- trim   put ->
 *
 *     struct maar_msg *m = maar_pool_get(pool);               fill  maar_msg_put(m, n), maar_msg_append(m, p, n)
 *     maar_ring_enqueue_ptr(ring, m);           ...           m = maar_ring_dequeue_ptr(ring);  use it
 *     maar_msg_release(m);                                    the last reference gives it back
 *
 * Messages of several pieces, and several messages on the same bytes: <maar/chain.h>. One C type: <maar/typed_pool.h>.
 *
 * Who may call what at the same time
 *     get, put, bulk, retain, release, observers    any thread, freely
 *     a message's own calls, reading                any holder of a reference to it
 *     a message's own calls, changing               its holder while it has one reference; nobody while it has several
 *     create; destroy                               alone; alone, when every message is back
 *     Signal handlers and fork: as <maar/mring.h>.
 * Progress: get and put as an mring's (wait-free in the thread's lane, see there); retain and release wait-free, but
 * that the last release runs the destructor and lets go what the message holds. The calls on bytes: wait-free.
 * Order: what a holder did before releasing its reference happens before what the next holder of the slot does, before
 * what the thread whose release was the last does (so also before the destructor), and before what a holder does who is
 * told by maar_msg_is_shared that it is alone.
 */
#ifndef MAAR_POOL_H
#define MAAR_POOL_H
#define MAAR_BITS_OK 1

#include <stdbool.h>

#include <maar/bits/atomic.h>
#include <maar/bits/cc.h>
#include <maar/mring.h>

MAAR_BEGIN_DECLS

struct maar_pool;
struct maar_msg;

/*
 * Called in the thread whose release was the last, before the message lets go what it holds and its slot goes back: the
 * data and the user area are as the last holder left them. It may call anything, on other pools and messages too, but
 * for this message only what reads: it must not retain or release it. `arg` is the pool's.
 */
typedef void maar_msg_destructor(struct maar_msg *msg, void *arg);

/*
 * Called in the thread that gets a slot which nobody got before: fills in the user area, which is zero, and which get
 * and put leave alone from then on. It has no counterpart, since slots go back to the system unasked: it must take
 * nothing that would have to be given back. `arg` is the pool's.
 */
typedef void maar_msg_constructor(struct maar_msg *msg, void *arg);

/*
 * The header: one cache line, so that get, put and the calls on bytes touch no other. To be read, but changed by
 * calls only.
 */
struct maar_msg {
	uint32_t refs;	 /* holders; 0 in a free slot, which is how a double put is seen. Only by retain and release */
	uint32_t handle; /* the slot's number in maar_pool_mring(pool): 32 bits for a ring or another process */
	uint32_t length; /* bytes of data, in this message alone */
	uint32_t headroom;	/* bytes of buffer before the data, room for headers to come */
	uint32_t room;		/* bytes of buffer in all; the pool's but for an attached buffer */
	uint16_t own;		/* bytes from the message to its own buffer: header and user area */
	uint16_t flags;		/* the library's: enum maar__msg_flags */
	struct maar_pool *pool; /* where it came from and goes back to; constant */
	struct maar_msg *next;	/* the next piece of the chain, of which this message holds a reference; or NULL */
	void *attached;		/* whose buffer it uses instead of its own (<maar/chain.h>), or NULL */
	maar_msg_destructor *destructor; /* at the last release, or NULL */
	uint64_t track; /* the ownership word, {state, sequence}, of leak tracking; survives put and get */
} __attribute__((aligned(MAAR_CACHE_LINE)));

/*
 * Memory that is no slot, for a message to use as its buffer: maar_msg_attach_memory of <maar/chain.h>. The caller's,
 * as a part of a structure of his, so that `free_cb` finds the rest; it must stay until then.
 */
struct maar_msg_memory {
	void *data;					 /* the first byte */
	size_t bytes;					 /* how many there are, at most UINT32_MAX */
	void (*free_cb)(struct maar_msg_memory *memory); /* when the last message lets go; NULL: nothing is called */
	uint64_t reserved[1];				 /* must be 0 */
};

/* The most bytes of user area, so that `own` has 16 bits. */
#define MAAR_MSG_MAX_USER 32768

/* How a pool is made; zero means the default. */
struct maar_pool_options {
	uint32_t headroom;   /* bytes, of a message fresh from get; added to the size asked for. Default 0 */
	uint32_t lane_slots; /* as in struct maar_mring_options */
	uint32_t no_lanes;   /* as in struct maar_mring_options */
	uint32_t user_bytes; /* of the user area, at most MAAR_MSG_MAX_USER. Default 0: there is none */
	maar_msg_constructor *construct; /* once for each slot. Default: none, the user area begins as zeros */
	maar_msg_destructor *destructor; /* of messages fresh from get. Default: none */
	void *arg;			 /* for both, and for destructors given per message */
	uint32_t track;			 /* as in struct maar_mring_options */
	uint32_t huge_pages;		 /* as in struct maar_mring_options */
	uint32_t numa_node;		 /* as in struct maar_mring_options */
	uint32_t reserved0;		 /* must be 0 */
	uint64_t reserved[1];		 /* must be 0 */
};

/* ---- life cycle ---- */

/*
 * Makes a pool of `messages` messages of up to `bytes` bytes each (plus the headroom). `options` may be NULL.
 * Returns NULL with errno set: EINVAL (messages is 0, an option out of range), EOVERFLOW (absurd sizes), ENOMEM,
 * EAGAIN; as maar_mring_create of numa_node. bytes = 0 is allowed: messages that are header and user area only, as clones want them.
 */
MAAR_API MAAR_NODISCARD struct maar_pool *maar_pool_create(size_t messages, size_t bytes,
							   const struct maar_pool_options *options);

/*
 * The same in memory of the caller's, of this process alone, aligned to MAAR_APART (128 bytes): as maar_mring_bytes and
 * maar_mring_init, whose errors it has. Lanes come from the system. destroy leaves mem to the caller.
 */
MAAR_API size_t maar_pool_init_bytes(size_t messages, size_t bytes, const struct maar_pool_options *options);
MAAR_API MAAR_NODISCARD int maar_pool_init(struct maar_pool **pool, void *mem, size_t mem_bytes, size_t messages,
					   size_t bytes, const struct maar_pool_options *options);

/* Ends a pool. Returns 0 (also for NULL), or -EBUSY, with nothing changed, while messages are out. */
MAAR_API int maar_pool_destroy(struct maar_pool *pool);

/* ---- one message ---- */

/*
 * Takes a message: one reference, length 0, the pool's headroom and destructor, no next, its own buffer, bytes of any
 * content; the user area as the slot's last holder left it. Returns NULL if none is to be had, or if pool is NULL.
 * Cost: an mring's get, and one cache line written.
 */
MAAR_API struct maar_msg *maar_pool_get(struct maar_pool *pool);

/*
 * Drops one reference to a message of this pool. The last one runs its destructor, releases the message behind it in
 * the chain and the buffer it is attached to, of whatever pools, and gives it back. Returns 0, or, with nothing
 * changed,
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

/* One more reference to a message that the caller holds; returns it. Of a chain: to all of it, since each message holds
 * the next. Cost: one locked add. Undefined on a free message (MAAR_DEBUG stops the program). */
MAAR_INLINE struct maar_msg *maar_msg_retain(struct maar_msg *msg);

/*
 * maar_pool_put to the pool it came from. Returns as put does; -EINVAL for NULL. A pointer that is no message is not
 * noticed: the pool is read from the message. The holder's pointer is dead after.
 */
MAAR_API int maar_msg_release(struct maar_msg *msg);

/* retain for each of n; all must be messages that the caller holds. */
MAAR_API void maar_msg_retain_bulk(struct maar_msg *const *msgs, size_t n);

/* release for each of n, of any pools; slots go back in runs of one pool. Returns as maar_pool_put_bulk does. */
MAAR_API size_t maar_msg_release_bulk(struct maar_msg **msgs, size_t n);

/*
 * Whether somebody else may be reading the bytes: the message has other holders or clones, or it is a clone of a
 * message that has. When false, they are the caller's to change, and all that the others did happened before. For
 * this message alone, not for those behind it. Cost: a load; for an attached message another.
 */
MAAR_INLINE bool maar_msg_is_shared(const struct maar_msg *msg);

/*
 * Sets what runs at the last release, instead of the pool's; NULL: nothing. Returns the former one, which fn may
 * call.
 */
MAAR_INLINE maar_msg_destructor *maar_msg_set_destructor(struct maar_msg *msg, maar_msg_destructor *fn);

/* The user area: aligned to 64 bytes, maar_pool_user_bytes(msg->pool) long; NULL if there is none. */
MAAR_INLINE void *maar_msg_user(const struct maar_msg *msg);

/*
 * ---- the bytes: the sole holder's calls, but for reading ----
 *
 * The message's own buffer is aligned to 64 bytes; behind a user area that is no multiple of 64, to 16.
 * push and put hand out room to be written, hence none while the bytes are shared. Undefined when the header is changed
 * while the message has several references (MAAR_DEBUG stops the program).
 */

MAAR_INLINE void *maar_msg_data(const struct maar_msg *msg);	  /* first byte of data */
MAAR_INLINE size_t maar_msg_length(const struct maar_msg *msg);	  /* bytes of data */
MAAR_INLINE size_t maar_msg_headroom(const struct maar_msg *msg); /* bytes before the data */
MAAR_INLINE size_t maar_msg_tailroom(const struct maar_msg *msg); /* bytes behind the data */
MAAR_INLINE size_t maar_msg_room(const struct maar_msg *msg);	  /* headroom + length + tailroom */

/*
 * Puts n bytes before the data (a header). Returns them, the new first; NULL beyond the headroom, or shared:
 * unchanged.
 */
MAAR_INLINE void *maar_msg_push(struct maar_msg *msg, size_t n);

/* Takes n bytes away from the front. Returns the new first byte; NULL beyond the length: unchanged. */
MAAR_INLINE void *maar_msg_pull(struct maar_msg *msg, size_t n);

/* Puts n bytes behind the data. Returns the first of them; NULL beyond the tailroom, or shared: unchanged. */
MAAR_INLINE void *maar_msg_put(struct maar_msg *msg, size_t n);

/* Takes n bytes away from the back. 0, or -EMSGSIZE beyond the length: unchanged. */
MAAR_INLINE int maar_msg_trim(struct maar_msg *msg, size_t n);

/*
 * Copies bytes behind the data. 0, -EMSGSIZE beyond the tailroom, or -EBUSY while shared: nothing copied. No overlap.
 */
MAAR_INLINE int maar_msg_append(struct maar_msg *msg, const void *from, size_t bytes);

/* Makes n bytes more of an empty message's room headroom. 0, -EBUSY if it has data, or -EMSGSIZE: unchanged. */
MAAR_INLINE int maar_msg_reserve(struct maar_msg *msg, size_t n);

/* Says how large an empty message's headroom is. 0, -EBUSY if it has data, or -EMSGSIZE beyond its room: unchanged. */
MAAR_INLINE int maar_msg_set_headroom(struct maar_msg *msg, size_t bytes);

/* Says how many bytes of data there are, from maar_msg_data() on. 0, or -EMSGSIZE beyond the room: unchanged. */
MAAR_INLINE int maar_msg_set_length(struct maar_msg *msg, size_t bytes);

/* Makes the message what get gave out: releases what is chained and attached to it, length 0, the pool's headroom and
 * destructor. 0, -EINVAL for NULL, or -EBUSY while it has several references: unchanged. */
MAAR_API int maar_msg_reset(struct maar_msg *msg);

/* ---- observers: any thread ---- */

MAAR_API size_t maar_pool_messages(const struct maar_pool *pool); /* in all */
MAAR_API size_t maar_pool_bytes(const struct maar_pool *pool);	  /* largest data with the default headroom, as asked */
MAAR_API size_t maar_pool_user_bytes(const struct maar_pool *pool); /* of each message's user area, as asked */

/* The mring behind the pool: its statistics, lanes, dump and flush are the pool's. Never put or get there directly. */
MAAR_API struct maar_mring *maar_pool_mring(struct maar_pool *pool);

/* In use, high water, free: see struct maar_mring_stats, a slot being a message. 0, or -EINVAL. */
MAAR_API int maar_pool_stats(const struct maar_pool *pool, struct maar_mring_stats *stats);

/* Writes a description for people. 0, -EINVAL, or -EIO. */
MAAR_API int maar_pool_dump(const struct maar_pool *pool, FILE *to);

MAAR_END_DECLS

#include <maar/bits/pool_impl.h>

#endif
