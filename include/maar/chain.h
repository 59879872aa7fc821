/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Messages in several pieces, and several messages on the same bytes.
 * A chain is a message and those behind it, of whatever pools; its bytes are theirs, one after another. Each message
 * holds a reference to the next, so whoever holds the first holds all, and its last release lets go of all:
 *
 *     m --next--> m2 --next--> m3        maar_msg_retain(m), maar_msg_release(m): the whole chain
 *     |header|    |page 1|     |page 2|  maar_msg_iovec(m, iov, n): for writev
 *
 * A clone is a message of its own, with its own length, headroom and next, on the buffer of another, of which it
 * holds a reference. Nothing is copied; the bytes are read-only while maar_msg_is_shared() says so:
 *
 *     clone --attached--> m (pinned; nobody else may hold it)       clone --attached--> m --attached--> your memory
 *     |........data...........|
 *
 * Who may call what at the same time: a message and those behind it are changed by the holder of the only reference
 * to the first; reading calls (total, segments, copy_out, view, iovec, clone, copy) any holder, also together. A
 * message that others hold may stand in a chain; what would have to change it answers -EBUSY.
 * Progress: wait-free in the number of pieces, but for the gets and puts inside, which are as in <maar/mring.h>, and
 * for the destructors and free callbacks that a last release runs. Nothing recurses: chains may be of any length.
 * Order: as <maar/pool.h>; a clone's release is one of the message that it is attached to.
 */
#ifndef MAAR_CHAIN_H
#define MAAR_CHAIN_H
#define MAAR_BITS_OK 1

#include <maar/pool.h>

MAAR_BEGIN_DECLS

struct iovec; /* <sys/uio.h> */

/* ---- building ---- */

/*
 * Puts a chain behind the last message of another. The caller's reference to `tail` becomes the chain's. Returns 0, or,
 * with nothing changed,
 *   -EINVAL  one is NULL, or both end in the same message (also: are the same)
 *   -EBUSY   msg, or one behind it, has other holders
 * Cost: a walk over both. To append many, keep the last message and pass that.
 */
MAAR_API int maar_msg_chain(struct maar_msg *msg, struct maar_msg *tail);

/*
 * Takes off what is behind a message, which ends its chain there; returns it, the caller's now. NULL, with nothing
 * changed, if there is nothing behind, if msg is NULL, or if it has other holders.
 */
MAAR_API struct maar_msg *maar_msg_unchain(struct maar_msg *msg);

/* ---- looking: any holder; msg must not be NULL ---- */

/* The message behind, or NULL. Borrowed: it lives as long as the chain. */
MAAR_INLINE struct maar_msg *maar_msg_next(const struct maar_msg *msg);

/* for (each message `segment` of the chain `msg`) */
#define maar_msg_for_each(segment, msg) for ((segment) = (msg); (segment) != NULL; (segment) = maar_msg_next(segment))

MAAR_API struct maar_msg *maar_msg_last(const struct maar_msg *msg); /* the last of the chain; borrowed. Cost: a walk */
MAAR_API size_t maar_msg_segments(const struct maar_msg *msg);	     /* messages in the chain. Cost: a walk */
MAAR_API size_t maar_msg_total(const struct maar_msg *msg);	     /* bytes of data in the chain. Cost: a walk */

/*
 * Fills up to n entries with the pieces of the chain that are not empty, in order, for writev and sendmsg. Returns
 * how many there are; more than n: the rest was not filled in (pass NULL and 0 to ask).
 */
MAAR_API size_t maar_msg_iovec(const struct maar_msg *msg, struct iovec *iov, size_t n);

/* Copies up to n bytes from `offset` on out of the chain; returns how many there were. */
MAAR_API size_t maar_msg_copy_out(const struct maar_msg *msg, size_t offset, void *to, size_t n);

/*
 * n bytes from `offset` on in one piece: where they are if they are in one piece, else copied to `buffer` (n bytes, any
 * alignment), which is returned. NULL if the chain does not have them. For reading only.
 */
MAAR_API const void *maar_msg_view(const struct maar_msg *msg, size_t offset, size_t n, void *buffer);

/* ---- changing ---- */

/*
 * Overwrites n bytes from `offset` on. 0, -EMSGSIZE if the chain does not have them, or -EBUSY if some of them are shared
 * or a message up to them has other holders: nothing written.
 */
MAAR_API int maar_msg_copy_in(struct maar_msg *msg, size_t offset, const void *from, size_t n);

/*
 * Take n bytes away from the front, or from the back, of a chain. Messages behind the first that become empty are taken
 * out and released; the first stays, empty perhaps. 0, -EMSGSIZE if there are fewer, or -EBUSY if a message that
 * would have to change has other holders: nothing changed.
 */
MAAR_API int maar_msg_cut_front(struct maar_msg *msg, size_t n);
MAAR_API int maar_msg_cut_back(struct maar_msg *msg, size_t n);

/*
 * Splits a chain: msg keeps the first `offset` bytes, *rest becomes the chain of the others (NULL if there are none),
 * the caller's. When `offset` falls inside a message, its second part becomes a clone taken from `pool`, with its
 * bytes shared; `pool` is not asked else and may be NULL then. Returns 0, or, with nothing changed and *rest NULL,
 *   -EINVAL   msg or rest is NULL, or there are fewer than `offset` bytes
 *   -EBUSY    a message that would have to change has other holders
 *   -ENOBUFS  no message is to be had from `pool`
 */
MAAR_API int maar_msg_split(struct maar_msg *msg, size_t offset, struct maar_pool *pool, struct maar_msg **rest);

/*
 * Sees to it that the first n bytes are in one piece, in the first message, by copying from those behind, which are
 * released when empty. Headroom is used if the tailroom is not enough. Returns the first byte; NULL, with nothing
 * changed, if the chain has not so many bytes, the first message has not the room, its bytes are shared, or a message
 * that would have to change has other holders.
 */
MAAR_API void *maar_msg_pullup(struct maar_msg *msg, size_t n);

/* pullup of all: the chain becomes one message. 0, -EINVAL for NULL, -EMSGSIZE (not the room), -EBUSY (shared, or other
 * holders): nothing changed. */
MAAR_API int maar_msg_linearize(struct maar_msg *msg);

/* ---- the same bytes in several messages ---- */

/*
 * A chain of messages of `pool`, one for each of msg's, on the same bytes. Their user areas are not copied. The
 * originals get a reference each: they may not be changed while the clones live, but may be released. A clone of a
 * clone is attached to what that is attached to. Returns NULL, with nothing changed, if `pool` is NULL or has not as
 * many messages, or msg is NULL.
 */
MAAR_API struct maar_msg *maar_msg_clone(struct maar_pool *pool, struct maar_msg *msg);

/*
 * A chain of messages of `pool` with a copy of all bytes: the caller's alone. As many as its rooms (without the default
 * headroom) need, at least one. Returns NULL, with nothing changed, as clone does, and if the messages of `pool` have
 * no room.
 */
MAAR_API struct maar_msg *maar_msg_copy(struct maar_pool *pool, const struct maar_msg *msg);

/*
 * Makes msg a clone of `to`, of which alone it then holds a reference: its length, headroom and room become those of
 * `to`; its next stays. 0, -EINVAL (one is NULL, or they are the same), or -EBUSY (msg has other holders or clones,
 * or is attached already): nothing changed.
 */
MAAR_API int maar_msg_attach(struct maar_msg *msg, struct maar_msg *to);

/*
 * Makes `memory` msg's buffer: headroom 0, `length` bytes of data, the rest of it tailroom. memory->free_cb is called,
 * in the thread whose release or detach was the last, when neither msg nor a clone of it uses the bytes any more. 0,
 * -EINVAL (msg, memory or its data is NULL, or a reserved word is not 0), -EMSGSIZE (length beyond its bytes, or
 * these beyond UINT32_MAX), or -EBUSY as attach: nothing changed, and memory->free_cb is not called.
 */
MAAR_API int maar_msg_attach_memory(struct maar_msg *msg, struct maar_msg_memory *memory, size_t length);

/*
 * Gives back the buffer that msg is attached to: msg is empty then, on its own buffer, with its pool's headroom; its
 * next stays. 0, -EINVAL (NULL, or not attached), or -EBUSY (msg has other holders or clones): nothing changed.
 */
MAAR_API int maar_msg_detach(struct maar_msg *msg);

MAAR_END_DECLS

#include <maar/bits/chain_impl.h>

#endif
