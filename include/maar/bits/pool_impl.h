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

#ifdef MAAR__BODIES

MAAR_INLINE struct maar_msg *maar_msg_retain(struct maar_msg *msg)
{
	/* Relaxed: the caller holds a reference, so the message cannot go away, and nothing is published. */
	const uint32_t refs = maar_a_add(&msg->refs, 1, RELAXED);

	(void)refs;
	MAAR_DEBUG_CHECK(refs > 0, "retain of a free message");
	return msg;
}

MAAR_INLINE void *maar_msg_data(const struct maar_msg *msg)
{
	return (char *)(uintptr_t)(msg + 1) + msg->headroom;
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

MAAR_INLINE int maar_msg_set_length(struct maar_msg *msg, size_t bytes)
{
	if (maar_unlikely(bytes > msg->room - msg->headroom))
		return -EMSGSIZE;
	msg->length = (uint32_t)bytes;
	return 0;
}

MAAR_INLINE int maar_msg_set_headroom(struct maar_msg *msg, size_t bytes)
{
	if (maar_unlikely(msg->length))
		return -EBUSY;
	if (maar_unlikely(bytes > msg->room))
		return -EMSGSIZE;
	msg->headroom = (uint32_t)bytes;
	return 0;
}

MAAR_INLINE int maar_msg_append(struct maar_msg *msg, const void *from, size_t bytes)
{
	if (maar_unlikely(bytes > maar_msg_tailroom(msg)))
		return -EMSGSIZE;
	if (bytes)
		memcpy((char *)maar_msg_data(msg) + msg->length, from, bytes);
	msg->length += (uint32_t)bytes;
	return 0;
}

#endif
#endif
