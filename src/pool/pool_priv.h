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
	/* The header of a fresh message, which get copies: headroom, room, own, pool, destructor; the rest is 0. */
	struct maar_msg fresh;
	struct maar_mring *mring;
	maar_msg_constructor *construct;
	void *arg;
	uint32_t user_bytes;
	uint32_t given; /* 1: the caller's memory */
};

/* pool.c. maar_pool_get for another public call; `caller` is whom that returns to. */
struct maar_msg *maar__pool_get_for(struct maar_pool *pool, const void *caller);

/*
 * Whom the public call returns to, for leak tracking of what it releases beside its message: set by the calls that may
 * release something, and by put and release of a message with ties.
 */
extern __thread const void *maar__pool_caller __attribute__((tls_model("initial-exec")));
#define MAAR__POOL_ENTER()                                                                                             \
	do {                                                                                                           \
		MAAR__DEBUG_ENTER();                                                                                   \
		maar__pool_caller = __builtin_return_address(0);                                                       \
	} while (0)

/*
 * pool.c. Drops a reference for the public call `call`. 1: it was the last, the message is the caller's to end; 0:
 * others hold it; -EALREADY: it is free.
 */
int maar__msg_drop(struct maar_msg *m, const char *call);

/* pool.c. The same, without marks, when others seem to hold the message. */
__attribute__((noinline)) int maar__msg_drop_one_of_several(struct maar_msg *m);

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
	return ((uintptr_t)m->next | (uintptr_t)m->attached | (uintptr_t)m->destructor) != 0;
}

/* Empty, with the pool's headroom, on its own buffer; what was attached is somebody else's business. */
static inline void maar__msg_to_own_buffer(struct maar_msg *m)
{
	m->length = 0;
	m->headroom = m->pool->fresh.headroom;
	m->room = m->pool->fresh.room;
	m->attached = NULL;
	m->flags &= MAAR__MSG_BUILT;
}

#endif
