/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Topics: a row of seats, in each a channel.
 */
#include "channel_priv.h"

#include <maar/topic.h>

#include "../base/base.h"
#include "../base/probe.h"

#include <errno.h>

/* A publisher writes each seat that it uses: two lines apart, as topics have few. */
struct place {
	struct maar__seat seat;
} __attribute__((aligned(MAAR_APART)));

struct maar_topic {
	struct maar_pool *pool;
	size_t most;
	uint64_t closed; /* 1: closed */
	struct place place[];
};

struct maar_topic *maar_topic_create(struct maar_pool *pool, size_t most)
{
	struct maar_topic *topic;

	if (!pool || most == 0 || most > MAAR_TOPIC_MAX) {
		errno = EINVAL;
		return NULL;
	}
	topic = maar__alloc(sizeof(*topic) + most * sizeof(topic->place[0]));
	if (!topic)
		return NULL;
	topic->pool = pool;
	topic->most = most;
	return topic;
}

/* From here on the channel may be destroyed. (The seat is not asked who sits there: the next may be sitting down.) */
static void let_go(struct place *place, struct maar_channel *channel)
{
	maar__seat_free(&place->seat);
	(void)maar_a_add(&channel->topics, (uint64_t)-1, RELAXED);
}

void maar_topic_destroy(struct maar_topic *topic)
{
	size_t i;

	if (!topic)
		return;
	for (i = 0; i < topic->most; i++)
		if (maar_a_load(&topic->place[i].seat.word, RELAXED) & MAAR__SEAT_TAKEN)
			let_go(&topic->place[i], maar_n_load(&topic->place[i].seat.what));
	maar__free(topic);
}

/* Where the channel sits, or NULL. */
static struct place *find(struct maar_topic *topic, const struct maar_channel *channel)
{
	size_t i;

	for (i = 0; i < topic->most; i++) {
		const struct maar_channel *sits = maar__seat_enter(&topic->place[i].seat);

		if (!sits)
			continue;
		maar__seat_leave(&topic->place[i].seat);
		if (sits == channel)
			return &topic->place[i];
	}
	return NULL;
}

int maar_topic_subscribe(struct maar_topic *topic, struct maar_channel *channel)
{
	size_t i;

	MAAR_DEBUG_CHECK(topic && channel && channel->pool == topic->pool, "NULL, or a channel of another pool");
	if (!topic || !channel || channel->pool != topic->pool)
		return -EINVAL;
	if (find(topic, channel))
		return -EEXIST;
	for (i = 0; i < topic->most; i++) {
		if (!maar__seat_take(&topic->place[i].seat, channel))
			continue;
		(void)maar_a_add(&channel->topics, 1, RELAXED);
		/* As a channel joins a set: close comes after this, and finds the seat; or before, and we see it. */
		if (!maar_a_add(&topic->closed, 0, ACQ_REL)) /* R:topic.closed A:topic.closed */
			return 0;
		let_go(&topic->place[i], channel);
		return -EPIPE;
	}
	return maar_topic_closed(topic) ? -EPIPE : -ENOSPC;
}

int maar_topic_unsubscribe(struct maar_topic *topic, struct maar_channel *channel)
{
	struct place *place;

	MAAR_DEBUG_CHECK(topic && channel, "NULL topic or channel");
	if (!topic || !channel)
		return -EINVAL;
	place = find(topic, channel);
	if (!place)
		return -ENOENT;
	let_go(place, channel);
	return 0;
}

ssize_t maar_topic_publish(struct maar_topic *topic, struct maar_msg *msg)
{
	ssize_t got = 0;
	size_t i;

	MAAR_DEBUG_CHECK(topic && msg && msg->pool == topic->pool, "NULL, or a message of another pool");
	if (!topic || !msg || msg->pool != topic->pool)
		return -EINVAL;
	if (maar_topic_closed(topic))
		return -EPIPE;
	for (i = 0; i < topic->most; i++) {
		struct maar_channel *channel = maar__seat_enter(&topic->place[i].seat);
		int rc;

		if (!channel)
			continue;
		rc = maar_channel_send(channel, maar_msg_retain(msg));
		if (rc < 0)
			(void)maar_msg_release(msg); /* the publisher's own is left */
		if (rc == -ETIMEDOUT) {
			MAAR__PROBE(channel_drop, channel, (uint64_t)msg->handle);
			(void)maar_a_add(&channel->dropped, 1, RELAXED);
		}
		got += rc > 0;
		maar__seat_leave(&topic->place[i].seat);
	}
	(void)maar_msg_release(msg);
	return got;
}

void maar_topic_close(struct maar_topic *topic)
{
	size_t i;

	if (!topic || !maar_a_cas(&topic->closed, 0, 1, ACQ_REL)) /* R:topic.closed A:topic.closed */
		return;
	for (i = 0; i < topic->most; i++) {
		struct maar_channel *channel = maar__seat_enter(&topic->place[i].seat);

		if (!channel)
			continue;
		maar_channel_close(channel);
		maar__seat_leave(&topic->place[i].seat);
	}
}

int maar_topic_closed(const struct maar_topic *topic)
{
	return !topic || maar_a_load(&topic->closed, ACQUIRE) != 0; /* A:topic.closed */
}

size_t maar_topic_subscribers(const struct maar_topic *topic)
{
	size_t i, n = 0;

	for (i = 0; topic && i < topic->most; i++)
		n += (maar_a_load(&topic->place[i].seat.word, RELAXED) & MAAR__SEAT_TAKEN) != 0;
	return n;
}
