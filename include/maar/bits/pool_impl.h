/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The inline calls of <maar/pool.h>: a message's references and bytes.
 */
#ifndef MAAR_BITS_POOL_IMPL_H
#define MAAR_BITS_POOL_IMPL_H
#ifndef MAAR_BITS_OK
#error "include a header of <maar/...>, not of <maar/bits/...>"
#endif

#include <errno.h>
#include <string.h>

MAAR_STATIC_ASSERT(sizeof(struct maar_msg) == 64, "the header is one cache line");

/* Of maar_msg.flags. */
enum maar__msg_flags {
	MAAR__MSG_MEMORY = 1, /* `attached` is a struct maar_msg_memory, not a message */
	MAAR__MSG_BUILT = 2,  /* the constructor has been here; the one flag that survives put and get */
};

#ifdef MAAR__BODIES

/* For debug builds: stops who changes the header of a message that others hold. */
#define MAAR__MSG_CHANGES(msg)                                                                                         \
	MAAR_DEBUG_CHECK(maar_a_load(&(msg)->refs, RELAXED) == 1, "change of a message with several holders, or none")

MAAR_INLINE struct maar_msg *maar_msg_retain(struct maar_msg *msg)
{
	/* Relaxed: the caller holds a reference, so the message cannot go away, and nothing is published. */
	const uint32_t refs = maar_a_add(&msg->refs, 1, RELAXED);

	(void)refs;
	MAAR_DEBUG_CHECK(refs > 0, "retain of a free message");
	return msg;
}

/* Whether the caller's reference is the only one; if so, what former holders did happened before. */
MAAR_LOCAL bool maar__msg_alone(const struct maar_msg *msg)
{
	return maar_a_load(&msg->refs, ACQUIRE) == 1; /* A:msg.refs */
}

/* The message whose buffer this one uses: itself, or the one it is attached to, which is attached to none. */
MAAR_LOCAL struct maar_msg *maar__msg_lender(const struct maar_msg *msg)
{
	if (maar_likely(!msg->attached || (msg->flags & MAAR__MSG_MEMORY)))
		return (struct maar_msg *)(uintptr_t)msg;
	return (struct maar_msg *)msg->attached;
}

MAAR_INLINE bool maar_msg_is_shared(const struct maar_msg *msg)
{
	const struct maar_msg *lender = maar__msg_lender(msg);

	return !maar__msg_alone(msg) || (lender != msg && !maar__msg_alone(lender));
}

MAAR_INLINE maar_msg_destructor *maar_msg_set_destructor(struct maar_msg *msg, maar_msg_destructor *fn)
{
	maar_msg_destructor *former = msg->destructor;

	MAAR__MSG_CHANGES(msg);
	msg->destructor = fn;
	return former;
}

MAAR_INLINE void *maar_msg_user(const struct maar_msg *msg)
{
	return msg->own > sizeof(*msg) ? (void *)(uintptr_t)(msg + 1) : NULL;
}

/* The first byte of the buffer. */
MAAR_LOCAL char *maar__msg_buffer(const struct maar_msg *msg)
{
	const struct maar_msg *lender = msg;

	if (maar_unlikely(msg->attached)) {
		lender = maar__msg_lender(msg);
		if (lender->attached)
			return (char *)((const struct maar_msg_memory *)lender->attached)->data;
	}
	return (char *)(uintptr_t)lender + lender->own;
}

/* The same for who wants to write; NULL if the bytes are shared. */
MAAR_LOCAL char *maar__msg_own_buffer(struct maar_msg *msg)
{
	if (maar_unlikely(msg->attached))
		return maar_msg_is_shared(msg) ? NULL : maar__msg_buffer(msg);
	return maar_likely(maar__msg_alone(msg)) ? (char *)msg + msg->own : NULL;
}

MAAR_INLINE void *maar_msg_data(const struct maar_msg *msg)
{
	return maar__msg_buffer(msg) + msg->headroom;
}

MAAR_INLINE size_t maar_msg_length(const struct maar_msg *msg)
{
	return msg->length;
}

MAAR_INLINE size_t maar_msg_headroom(const struct maar_msg *msg)
{
	return msg->headroom;
}

MAAR_INLINE size_t maar_msg_room(const struct maar_msg *msg)
{
	return msg->room;
}

MAAR_INLINE size_t maar_msg_tailroom(const struct maar_msg *msg)
{
	return msg->room - msg->headroom - msg->length;
}

MAAR_INLINE void *maar_msg_push(struct maar_msg *msg, size_t n)
{
	char *const buffer = maar__msg_own_buffer(msg);

	if (maar_unlikely(n > msg->headroom || !buffer))
		return NULL;
	msg->headroom -= (uint32_t)n;
	msg->length += (uint32_t)n;
	return buffer + msg->headroom;
}

MAAR_INLINE void *maar_msg_pull(struct maar_msg *msg, size_t n)
{
	MAAR__MSG_CHANGES(msg);
	if (maar_unlikely(n > msg->length))
		return NULL;
	msg->headroom += (uint32_t)n;
	msg->length -= (uint32_t)n;
	return maar_msg_data(msg);
}

MAAR_INLINE void *maar_msg_put(struct maar_msg *msg, size_t n)
{
	char *const buffer = maar__msg_own_buffer(msg);
	const uint32_t end = msg->headroom + msg->length;

	if (maar_unlikely(n > msg->room - end || !buffer))
		return NULL;
	msg->length += (uint32_t)n;
	return buffer + end;
}

MAAR_INLINE int maar_msg_trim(struct maar_msg *msg, size_t n)
{
	MAAR__MSG_CHANGES(msg);
	if (maar_unlikely(n > msg->length))
		return -EMSGSIZE;
	msg->length -= (uint32_t)n;
	return 0;
}

MAAR_INLINE int maar_msg_append(struct maar_msg *msg, const void *from, size_t bytes)
{
	char *const buffer = maar__msg_own_buffer(msg);
	const uint32_t end = msg->headroom + msg->length;

	if (maar_unlikely(bytes > msg->room - end))
		return -EMSGSIZE;
	if (maar_unlikely(!buffer))
		return -EBUSY;
	if (bytes)
		memcpy(buffer + end, from, bytes);
	msg->length += (uint32_t)bytes;
	return 0;
}

MAAR_INLINE int maar_msg_set_headroom(struct maar_msg *msg, size_t bytes)
{
	MAAR__MSG_CHANGES(msg);
	if (maar_unlikely(msg->length))
		return -EBUSY;
	if (maar_unlikely(bytes > msg->room))
		return -EMSGSIZE;
	msg->headroom = (uint32_t)bytes;
	return 0;
}

MAAR_INLINE int maar_msg_reserve(struct maar_msg *msg, size_t n)
{
	MAAR__MSG_CHANGES(msg);
	if (maar_unlikely(msg->length))
		return -EBUSY;
	if (maar_unlikely(n > maar_msg_tailroom(msg)))
		return -EMSGSIZE;
	msg->headroom += (uint32_t)n;
	return 0;
}

MAAR_INLINE int maar_msg_set_length(struct maar_msg *msg, size_t bytes)
{
	MAAR__MSG_CHANGES(msg);
	if (maar_unlikely(bytes > msg->room - msg->headroom))
		return -EMSGSIZE;
	msg->length = (uint32_t)bytes;
	return 0;
}

#endif
#endif
