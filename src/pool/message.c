/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * What ends with a message's last reference; buffers of others, and clones.
 */
#include "pool_priv.h"

#include <errno.h>

/* ---- the end ---- */

static struct maar_msg_memory *memory_of(const struct maar_msg *m)
{
	return m->flags & MAAR__MSG_MEMORY ? m->attached : NULL;
}

static void free_memory(struct maar_msg_memory *memory)
{
	if (memory->free_cb)
		memory->free_cb(memory);
}

/*
 * A message that ends lets go up to two others, its next and the one whose buffer it uses, each of which may end in
 * turn. No recursion, for chains may be long: a message whose lender is still to be let go waits in a list, by its
 * own next.
 */
bool maar__msg_end(struct maar_msg *const first)
{
	struct maar_msg *m = first, *waiting = NULL, *next;
	const void *caller = maar__pool_caller;
	bool ok = true;

	for (;;) {
		if (m->destructor)
			m->destructor(m, m->pool->arg);
		maar__pool_caller = caller; /* the destructor may have made calls of its own */
		next = m->next;
		m->next = NULL;
		if (m->attached && !memory_of(m)) {
			m->next = waiting;
			waiting = m;
		} else {
			if (m->attached)
				free_memory(m->attached);
			m->attached = NULL;
			if (!maar__msg_push(m) && m == first)
				ok = false;
		}
		/* The next one to end: of those behind, then of the lenders. */
		while (!next || maar__msg_drop(next, "maar_msg_release") <= 0) {
			if (!waiting)
				return ok;
			m = waiting;
			waiting = m->next;
			next = m->attached;
			m->next = NULL;
			m->attached = NULL;
			if (!maar__msg_push(m) && m == first)
				ok = false;
		}
		m = next;
	}
}

void maar__msg_let_go(struct maar_msg *m, const char *call)
{
	if (maar__msg_drop(m, call) > 0)
		maar__msg_end(m);
}

/* What `attached` and the flags of a message said, after it has gone back to its own buffer. */
static void let_go_buffer(void *attached, bool memory, const char *call)
{
	if (memory)
		free_memory(attached);
	else if (attached)
		maar__msg_let_go(attached, call);
}

int maar_msg_reset(struct maar_msg *msg)
{
	struct maar_msg *next;
	void *attached;
	bool memory;

	MAAR__POOL_ENTER();
	MAAR_DEBUG_CHECK(msg, "NULL message");
	if (!msg)
		return -EINVAL;
	if (!maar__msg_alone(msg))
		return -EBUSY;
	next = msg->next;
	attached = msg->attached;
	memory = memory_of(msg) != NULL;
	msg->next = NULL;
	msg->destructor = msg->pool->fresh.destructor;
	maar__msg_to_own_buffer(msg);
	if (next)
		maar__msg_let_go(next, __func__);
	let_go_buffer(attached, memory, __func__);
	return 0;
}

/* ---- buffers of others ---- */

void maar__msg_share(struct maar_msg *clone, struct maar_msg *m)
{
	clone->attached = maar_msg_retain(maar__msg_lender(m));
	clone->length = m->length;
	clone->headroom = m->headroom;
	clone->room = m->room;
}

int maar_msg_attach(struct maar_msg *msg, struct maar_msg *to)
{
	MAAR__POOL_ENTER();
	MAAR_DEBUG_CHECK(msg && to, "NULL message");
	if (!msg || !to || msg == to)
		return -EINVAL;
	if (!maar__msg_alone(msg) || msg->attached)
		return -EBUSY;
	maar__msg_share(msg, to);
	return 0;
}

int maar_msg_attach_memory(struct maar_msg *msg, struct maar_msg_memory *memory, size_t length)
{
	MAAR__POOL_ENTER();
	MAAR_DEBUG_CHECK(msg && memory, "NULL message or memory");
	if (!msg || !memory || !memory->data || memory->reserved[0])
		return -EINVAL;
	if (length > memory->bytes || memory->bytes > UINT32_MAX)
		return -EMSGSIZE;
	if (!maar__msg_alone(msg) || msg->attached)
		return -EBUSY;
	msg->attached = memory;
	msg->flags |= MAAR__MSG_MEMORY;
	msg->length = (uint32_t)length;
	msg->headroom = 0;
	msg->room = (uint32_t)memory->bytes;
	return 0;
}

int maar_msg_detach(struct maar_msg *msg)
{
	void *attached;
	bool memory;

	MAAR__POOL_ENTER();
	MAAR_DEBUG_CHECK(msg, "NULL message");
	if (!msg || !msg->attached)
		return -EINVAL;
	if (!maar__msg_alone(msg))
		return -EBUSY;
	attached = msg->attached;
	memory = memory_of(msg) != NULL;
	maar__msg_to_own_buffer(msg);
	let_go_buffer(attached, memory, __func__);
	return 0;
}

/* ---- clones ---- */

struct maar_msg *maar_msg_clone(struct maar_pool *pool, struct maar_msg *msg)
{
	struct maar_msg *first = NULL, **end = &first;

	MAAR__POOL_ENTER();
	MAAR_DEBUG_CHECK(pool && msg, "NULL pool or message");
	if (!pool)
		return NULL;
	for (; msg; msg = msg->next) {
		struct maar_msg *clone = maar__pool_get_for(pool, maar__pool_caller);

		if (!clone) {
			if (first)
				maar__msg_let_go(first, __func__);
			return NULL;
		}
		maar__msg_share(clone, msg);
		*end = clone;
		end = &clone->next;
	}
	return first;
}
