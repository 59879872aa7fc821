/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * maar_topic: each message to all. Channels subscribe; publish sends each of them one message without copying it: every
 * subscriber holds a reference, and the last one that releases it gives it back to its pool, once. A subscriber's channel
 * has its own policy for when it is full: it gates publishers (BLOCK, with its time-out), misses the new message (DROP) or
 * the oldest (OVERWRITE), and counts what it missed; one that is closed is passed over. Who subscribes late begins with
 * the next message. Receiving, waiting, select, descriptors: the channel's calls.
 *
 *     publish(msg)  ->  | seat 0 | seat 1 | seat 2 | ...      a seat: a channel, and who is using it just now
 *                           |                 |
 *                       channel A         channel C           each its ring; all one pool
 *
 * Who may call what at the same time: publish, subscribe, close, observers: any thread, freely; but a channel with
 * MAAR_CHANNEL_SP has room for one publisher only, who is then its only sender. unsubscribe: any thread, for one channel at a
 * time. create, destroy: alone. Not from signal handlers. After fork the child must leave topics alone.
 * Progress: publish is as the send of each subscriber in turn: one that gates holds back publishers, and those seated
 * behind it. subscribe, close: lock-free. unsubscribe waits for publishers that are sending to that very channel: close the
 * channel first, if they may be waiting for room in it.
 * Order: each subscriber receives one publisher's messages in the order of publish. Two publishers' messages may reach two
 * subscribers in different orders. What a publisher did before happens before what each receiver does after.
 * A message that has several holders must not be changed by any.
 */
#ifndef MAAR_TOPIC_H
#define MAAR_TOPIC_H
#define MAAR_BITS_OK 1

#include <maar/channel.h>

MAAR_BEGIN_DECLS

struct maar_topic;

/* The most subscribers: publish looks at each seat. */
#define MAAR_TOPIC_MAX 4096u

/* A topic for messages of `pool`, which outlives it, with up to `most` subscribers at a time. NULL with errno: EINVAL (pool is
 * NULL, most is 0 or beyond MAAR_TOPIC_MAX), ENOMEM. */
MAAR_API MAAR_NODISCARD struct maar_topic *maar_topic_create(struct maar_pool *pool, size_t most);

/* Ends a topic: unsubscribes all; the channels live on. No other call may be running. NULL is ignored. */
MAAR_API void maar_topic_destroy(struct maar_topic *topic);

/*
 * From now on the channel gets what is published: all messages whose publish begins after this returns. It may have
 * subscribed to other topics of the same pool. Returns 0, or
 *   -EINVAL  topic or channel is NULL, or the channel's pool is another one
 *   -EEXIST  it is subscribed already
 *   -ENOSPC  every seat is taken
 *   -EPIPE   the topic is closed
 */
MAAR_API int maar_topic_subscribe(struct maar_topic *topic, struct maar_channel *channel);

/* After it returns nobody publishes to the channel; what is in it stays. 0, -EINVAL (NULL), or -ENOENT. */
MAAR_API int maar_topic_unsubscribe(struct maar_topic *topic, struct maar_channel *channel);

/*
 * Sends the message to every subscriber, by each one's policy, priority 0. Returns how many got it, 0 or more: in any case it
 * is no more the caller's. What a subscriber did not get (DROP, or BLOCK's time-out) its channel counts as dropped.
 *   -EPIPE   the topic is closed                                   } the message is still the caller's
 *   -EINVAL  topic or msg is NULL, or the message of another pool  }
 * Cost: for each subscriber a send and three read-modify-writes; a look at each free seat.
 */
MAAR_API ssize_t maar_topic_publish(struct maar_topic *topic, struct maar_msg *msg);

/* No more messages: publish and subscribe give -EPIPE, and every subscriber's channel is closed. NULL is ignored. */
MAAR_API void maar_topic_close(struct maar_topic *topic);

MAAR_API int maar_topic_closed(const struct maar_topic *topic);		/* 1 if it is closed (or NULL) */
MAAR_API size_t maar_topic_subscribers(const struct maar_topic *topic); /* seats that are taken */

MAAR_END_DECLS

#endif
