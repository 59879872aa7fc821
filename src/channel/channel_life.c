/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * How channels are made, ended, counted and described.
 */
#include "channel_priv.h"

#include "../base/base.h"
#include "../ring/ring_priv.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define RING_FLAGS  (MAAR_RING_SP | MAAR_RING_SC | MAAR_RING_TICKET)
#define KNOWN_FLAGS (RING_FLAGS | MAAR_CHANNEL_NO_SPIN | MAAR_CHANNEL_PROMPT)

/* Messages of a pool of its own beyond those that the levels hold: to be in hands. */
#define IN_HANDS 64

/* ---- create ---- */

static int check_request(size_t capacity, size_t bytes, const struct maar_channel_options *o)
{
	size_t i;

	if (capacity == 0 || (o->flags & ~(unsigned)KNOWN_FLAGS) || o->full > MAAR_CHANNEL_OVERWRITE ||
	    o->levels > MAAR_CHANNEL_MAX_LEVELS || (o->weight && o->levels < 2) || o->weight == UINT32_MAX)
		return -EINVAL;
	if (o->full == MAAR_CHANNEL_OVERWRITE && (o->flags & MAAR_CHANNEL_SC))
		return -EINVAL;
	if (o->pool && (bytes || o->messages))
		return -EINVAL;
	for (i = 0; i < sizeof(o->reserved) / sizeof(o->reserved[0]); i++)
		if (o->reserved[i])
			return -EINVAL;
	return 0;
}

static unsigned ring_flags(const struct maar_channel_options *o)
{
	return (o->flags & RING_FLAGS) | MAAR_RING_HANDLE |
	       (o->full == MAAR_CHANNEL_OVERWRITE ? MAAR_RING_OVERWRITE : 0);
}

static bool make_levels(struct maar_channel *c, size_t capacity, const struct maar_channel_options *o)
{
	uint32_t i;

	for (i = 0; i < c->levels; i++) {
		struct maar__channel_level *l = &c->level[i];

		l->ring = maar_ring_create(capacity, ring_flags(o));
		if (!l->ring)
			return false;
		l->low = c->flags & MAAR_CHANNEL_PROMPT ? l->ring->capacity - 1 : l->ring->capacity / 2;
	}
	return true;
}

static bool make_pool(struct maar_channel *c, size_t bytes, const struct maar_channel_options *o)
{
	size_t messages = o->messages;

	if (o->pool) {
		c->pool = o->pool;
	} else {
		/* Capacity is at most 2^31, levels 8: this fits; what a pool refuses, it refuses. */
		if (!messages && (!maar__mul(2 * c->levels, (size_t)c->level[0].ring->limit, &messages) ||
				  !maar__add(messages, IN_HANDS, &messages))) {
			errno = EOVERFLOW;
			return false;
		}
		c->pool = maar_pool_create(messages, bytes, NULL);
		c->owns_pool = c->pool != NULL;
	}
	c->mring = maar_pool_mring(c->pool);
	return c->pool != NULL;
}

static void unmake(struct maar_channel *c)
{
	uint32_t i;

	for (i = 0; i < c->levels; i++) {
		maar_event_destroy(&c->level[i].not_full);
		maar_ring_destroy(c->level[i].ring);
	}
	maar_event_destroy(&c->not_empty);
	maar_event_destroy(&c->messages);
	c->magic = 0;
	maar__free(c);
}

static void make_events(struct maar_channel *c)
{
	const unsigned flags = c->flags & MAAR_CHANNEL_NO_SPIN ? MAAR_EVENT_NO_SPIN : 0;
	uint32_t i;

	c->not_empty.flags = c->messages.flags = flags; /* zeroed memory is an event */
	for (i = 0; i < c->levels; i++)
		c->level[i].not_full.flags = flags;
}

struct maar_channel *maar_channel_create(size_t capacity, size_t bytes, const struct maar_channel_options *options)
{
	static const struct maar_channel_options defaults;
	const struct maar_channel_options *o = options ? options : &defaults;
	const uint32_t levels = o->levels ? o->levels : 1;
	const int rc = check_request(capacity, bytes, o);
	struct maar_channel *c;

	if (rc) {
		errno = -rc;
		return NULL;
	}
	c = maar__alloc(sizeof(*c) + levels * sizeof(c->level[0]));
	if (!c)
		return NULL;
	c->flags = o->flags;
	c->full = o->full;
	c->levels = levels;
	c->weight = o->weight;
	c->timeout_ns = o->timeout_ns > 0 ? o->timeout_ns : MAAR_FOREVER;
	make_events(c);
	if (!make_levels(c, capacity, o) || !make_pool(c, bytes, o)) {
		const int error = errno;

		unmake(c);
		errno = error;
		return NULL;
	}
	c->magic = MAAR__CHANNEL_MAGIC;
	return c;
}

/* ---- destroy ---- */

int maar_channel_destroy_each(struct maar_channel *channel, maar_channel_msg_fn *each, void *arg)
{
	if (!channel)
		return 0;
	MAAR_DEBUG_CHECK(channel->magic == MAAR__CHANNEL_MAGIC, "not a channel, or one destroyed before");
	if ((maar_a_load(&channel->set.word, RELAXED) & MAAR__SEAT_CLAIMED) || maar_a_load(&channel->topics, RELAXED))
		return -EBUSY;
	maar_channel_close(channel);
	while (maar_channel_drain(channel, each, arg))
		;
	if (channel->owns_pool && maar_pool_destroy(channel->pool))
		return -EBUSY;
	unmake(channel);
	return 0;
}

int maar_channel_destroy(struct maar_channel *channel)
{
	return maar_channel_destroy_each(channel, NULL, NULL);
}

void maar__channel_start_at(struct maar_channel *c, uint64_t position)
{
	uint32_t i;

	for (i = 0; i < c->levels; i++)
		maar__ring_start_at(c->level[i].ring, position);
}

/* ---- observers ---- */

struct maar_pool *maar_channel_pool(const struct maar_channel *channel)
{
	return channel ? channel->pool : NULL;
}

size_t maar_channel_capacity(const struct maar_channel *channel)
{
	return channel ? maar_ring_capacity(channel->level[0].ring) : 0;
}

unsigned maar_channel_levels(const struct maar_channel *channel)
{
	return channel ? channel->levels : 0;
}

unsigned maar_channel_flags(const struct maar_channel *channel)
{
	return channel ? channel->flags : 0;
}

size_t maar_channel_count(const struct maar_channel *channel)
{
	size_t count = 0;
	uint32_t i;

	for (i = 0; channel && i < channel->levels; i++)
		count += maar_ring_count(channel->level[i].ring);
	return count;
}

int maar_channel_empty(const struct maar_channel *channel)
{
	return !channel || maar__channel_is_empty(channel);
}

static uint32_t asleep_on(const struct maar_event *e)
{
	return (uint32_t)(maar_a_load(&e->word, RELAXED) & MAAR__EVENT_WAITERS);
}

/* The rings count for us: a position is how many messages went by. What was evicted first, so that it never exceeds. */
int maar_channel_stats(const struct maar_channel *channel, struct maar_channel_stats *stats)
{
	uint32_t i;

	if (!channel || !stats)
		return -EINVAL;
	*stats = (struct maar_channel_stats){
		.evicted = maar_a_load(&channel->evicted, RELAXED),
		.dropped = maar_a_load(&channel->dropped, RELAXED),
		.blocked = maar_a_load(&channel->blocked, RELAXED),
		.starved = maar_a_load(&channel->starved, RELAXED),
		.receivers_asleep = asleep_on(&channel->not_empty),
	};
	for (i = 0; i < channel->levels; i++) {
		const struct maar__channel_level *l = &channel->level[i];

		stats->received += maar__ring_next(l->ring);
		stats->count += maar_ring_count(l->ring);
		stats->senders_asleep += asleep_on(&l->not_full);
	}
	stats->sent = stats->received + stats->count;
	stats->received -= stats->evicted;
	return 0;
}

static const char *mode_of(const struct maar_channel *c)
{
	static const char *const modes[] = { "MPMC", "SPMC", "MPSC", "SPSC" };

	return modes[c->flags & MAAR_CHANNEL_SPSC];
}

int maar_channel_dump(const struct maar_channel *channel, FILE *to)
{
	static const char *const full[] = { "block", "drop", "overwrite" };
	struct maar_channel_stats s;
	uint32_t i;

	if (!to || maar_channel_stats(channel, &s))
		return -EINVAL;
	fprintf(to, "channel %p: %s%s, when full: %s, %" PRIu32 " level%s of %zu messages, %s\n", (const void *)channel,
		mode_of(channel), channel->flags & MAAR_CHANNEL_TICKET ? " ticket" : "", full[channel->full],
		channel->levels, channel->levels > 1 ? "s" : "", maar_channel_capacity(channel),
		maar_channel_closed(channel) ? "closed" : "open");
	fprintf(to, "  sent %" PRIu64 ", received %" PRIu64 ", dropped %" PRIu64 ", evicted %" PRIu64 "\n", s.sent,
		s.received, s.dropped, s.evicted);
	fprintf(to,
		"  waited: for room %" PRIu64 " times, for messages of the pool %" PRIu64 " times; asleep: %" PRIu32
		" senders, %" PRIu32 " receivers\n",
		s.blocked, s.starved, s.senders_asleep, s.receivers_asleep);
	for (i = channel->levels; i--;)
		fprintf(to, "  priority %" PRIu32 ": %zu messages\n", i, maar_ring_count(channel->level[i].ring));
	return ferror(to) ? -EIO : 0;
}
