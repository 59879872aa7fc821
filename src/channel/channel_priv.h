/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * What the files of the channel layer share, and what the tests need of it and users must not have: the channel itself,
 * and the seat, by which a channel knows its set and a topic its subscribers.
 */
#ifndef MAAR_CHANNEL_PRIV_H
#define MAAR_CHANNEL_PRIV_H

#include <maar/channel.h>

#include <stdbool.h>

#define MAAR__CHANNEL_MAGIC 0x6d636861u /* "mcha" */

/* ---- seats: a pointer that many use, and that its owner may take away (seat.c) ---- */

struct maar__seat {
	uint64_t word; /* who is using it, 32 bits; TAKEN: `what` is there to be used; CLAIMED: somebody has the seat */
	void *what;    /* written by whoever has claimed the seat, while nobody uses it */
};
#define MAAR__SEAT_USERS   ((UINT64_C(1) << 32) - 1)
#define MAAR__SEAT_TAKEN   (UINT64_C(1) << 62)
#define MAAR__SEAT_CLAIMED (UINT64_C(1) << 63)

/* Takes a free seat for `what`; false if it is claimed. */
bool maar__seat_take(struct maar__seat *seat, void *what);

/* Frees a seat that the caller has taken; waits until nobody uses it. */
void maar__seat_free(struct maar__seat *seat);

void *maar__seat_enter_taken(struct maar__seat *seat);

/* What sits here, to be used until maar__seat_leave; NULL: nothing, and no leave. */
static inline void *maar__seat_enter(struct maar__seat *seat)
{
	if (maar_likely(!(maar_a_load(&seat->word, RELAXED) & MAAR__SEAT_TAKEN)))
		return NULL;
	return maar__seat_enter_taken(seat);
}

static inline void maar__seat_leave(struct maar__seat *seat)
{
	(void)maar_a_add(&seat->word, (uint64_t)-1, RELEASE); /* R:seat.users */
}

/* ---- the channel ---- */

struct maar__channel_level {
	struct maar_ring *ring;	    /* of handles */
	uint64_t low;		    /* senders asleep are woken when no more messages than this are left */
	struct maar_event not_full; /* senders wait, receivers notify */
} __attribute__((aligned(MAAR_APART)));

struct maar_channel {
	/* Written by create, read by all. */
	uint32_t magic;	 /* MAAR__CHANNEL_MAGIC while it lives */
	uint32_t flags;	 /* enum maar_channel_flag */
	uint32_t full;	 /* enum maar_channel_full */
	uint32_t levels; /* of level[], level[p] for priority p */
	uint32_t weight;
	uint32_t owns_pool;
	int64_t timeout_ns; /* MAAR_FOREVER, or more than 0 */
	struct maar_pool *pool;
	struct maar_mring *mring; /* the pool's: handle to message */

	/* Read by senders after each message; written when it joins or leaves a set, and by senders while it is in one. */
	struct maar__seat set __attribute__((aligned(MAAR_APART))); /* the set's struct maar_event */

	/* Written seldom. */
	uint64_t dropped __attribute__((aligned(MAAR_APART)));
	uint64_t evicted;
	uint64_t blocked;
	uint64_t starved;
	uint64_t topics; /* that it is subscribed to */

	/* Written by receivers. */
	uint64_t turn __attribute__((aligned(MAAR_APART))); /* receives so far, for the weight */

	struct maar_event not_empty; /* receivers wait, senders notify; its "closed" is the channel's */
	struct maar_event messages;  /* who reserves waits, release notifies */
	struct maar__channel_level level[];
};

/* A message's handle as the rings carry it; and back. */
static inline struct maar_msg *maar__channel_msg(const struct maar_channel *c, uint64_t handle)
{
	return (struct maar_msg *)maar_mring_slot(c->mring, (uint32_t)handle);
}

/* Nothing to receive on any level. */
bool maar__channel_is_empty(const struct maar_channel *c);

/* Takes up to n messages' handles, urgent ones first, without waiting; returns how many. A receiver's call. */
size_t maar__channel_take(struct maar_channel *c, uint64_t *handles, size_t n);

/* Makes an idle channel's rings begin at any position, so that a test reaches the wrap of the counters at once. */
void maar__channel_start_at(struct maar_channel *c, uint64_t position);

#endif
