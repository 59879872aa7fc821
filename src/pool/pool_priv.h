/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The inside of a message pool, and the files that share it.
 *     pool.c    the pool's life, get and put: the data's way
 *     message.c what ends with a message's last reference; buffers of others, clones
 *     chain.c   messages one behind another
 */
#ifndef MAAR_POOL_PRIV_H
#define MAAR_POOL_PRIV_H

#include <maar/chain.h>

#include "../mring/mring_priv.h"

struct maar_pool {
	struct maar_mring *mring;
	uint32_t headroom; /* of a fresh message */
	uint32_t room;	   /* bytes of a message's own buffer: headroom + what the user asked for */
	uint32_t user_bytes;
	uint16_t own; /* where the buffer begins: header and user area */
	maar_msg_constructor *construct;
	maar_msg_destructor *destructor;
	void *arg;
};

/*
 * pool.c. Drops a reference for the public call `call`. 1: it was the last, the message is the caller's to end; 0:
 * others hold it; -EALREADY: it is free.
 */
int maar__msg_drop(struct maar_msg *m, const char *call);

/* pool.c. Gives a slot back to its mring; false, with the message the caller's again, if there is no room. */
bool maar__msg_push(struct maar_msg *m);

/* message.c. Ends a message without references: destructor, then what it holds, then its slot, as maar__msg_push. */
bool maar__msg_end(struct maar_msg *m);

/* message.c. maar_msg_release for another public call; of one that the caller does hold. */
void maar__msg_let_go(struct maar_msg *m, const char *call);

/* message.c. Makes `clone`, which uses its own buffer and which nobody else holds, use that of `m`. */
void maar__msg_share(struct maar_msg *clone, struct maar_msg *m);

/* Whether a message without references holds something, or somebody wants to know of its end. */
static inline bool maar__msg_has_ties(const struct maar_msg *m)
{
	return m->next || m->attached || m->destructor;
}

/* Empty, with the pool's headroom, on its own buffer; what was attached is somebody else's business. */
static inline void maar__msg_to_own_buffer(struct maar_msg *m)
{
	m->length = 0;
	m->headroom = m->pool->headroom;
	m->room = m->pool->room;
	m->attached = NULL;
	m->flags &= MAAR__MSG_BUILT;
}

#endif
