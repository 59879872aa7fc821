/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The moves of messages through a channel, waiting, and the end. Life cycle and observers are in channel_life.c.
 */
#include "channel_priv.h"

#include <maar/chain.h>

#include "../base/probe.h"
#include "../base/sleep.h"

#include <errno.h>
#include <string.h>

/* Handles that are moved at once, on the stack. */
#define CHUNK 64

/*
 * A sender that waits for room looks by itself after so long, in case the receivers have stopped above half for good; and
 * one that waits for a message to come back to the pool after so long, as releases elsewhere tell nobody.
 */
#define LOOK_FOR_ROOM_NS     INT64_C(10000000)
#define LOOK_FOR_MESSAGES_NS INT64_C(1000000)

static bool is_closed(const struct maar_channel *c)
{
	return (maar_a_load(&c->not_empty.word, ACQUIRE) & MAAR__EVENT_CLOSED) != 0; /* A:event.closed */
}

static void count_up(uint64_t *counter, size_t n)
{
	(void)maar_a_add(counter, n, RELAXED);
}

/* ---- telling the other side ---- */

static MAAR_COLD void tell_set(struct maar_channel *c, size_t n)
{
	struct maar_event *set = maar__seat_enter(&c->set);

	if (!set)
		return;
	maar__event_notify(set, n);
	maar__seat_leave(&c->set);
}

/*
 * n messages are there. The read-modify-write shows whoever sleeps here; and, as a channel that joins a set makes one too,
 * the set, or else the set sees the messages.
 */
static void tell_receivers(struct maar_channel *c, size_t n)
{
	const uint64_t word = maar_a_add(&c->not_empty.word, 0, ACQ_REL); /* R:event.word A:channel.joined */

	if (maar_unlikely(word & (MAAR__EVENT_WAITERS | MAAR__EVENT_ARMED)))
		maar__event_wake(&c->not_empty, n);
	if (maar_unlikely(maar_a_load(&c->set.word, RELAXED) & MAAR__SEAT_TAKEN))
		tell_set(c, n);
}

static MAAR_COLD void wake_senders(struct maar__channel_level *l)
{
	const size_t count = maar_ring_count(l->ring);

	if (count <= l->low)
		maar__event_wake(&l->not_full, maar_ring_capacity(l->ring) - count);
}

/* ---- the rings ---- */

static size_t put(struct maar__channel_level *l, const uint64_t *handles, size_t n)
{
	return n == 1 ? maar_ring_enqueue(l->ring, handles[0]) : maar_ring_enqueue_burst(l->ring, handles, n);
}

static size_t take_from(struct maar__channel_level *l, uint64_t *handles, size_t n)
{
	const size_t k = n == 1 ? maar_ring_dequeue(l->ring, handles) : maar_ring_dequeue_burst(l->ring, handles, n);

	if (k && maar_unlikely(maar_a_add(&l->not_full.word, 0, RELEASE) & MAAR__EVENT_WAITERS)) /* R:event.word */
		wake_senders(l);
	return k;
}

/* From the level whose turn it is, then from the most urgent downwards. */
static size_t take_by_priority(struct maar_channel *c, uint64_t *handles, size_t n)
{
	const uint64_t turn = c->weight ? maar_a_load(&c->turn, RELAXED) : 0;
	size_t k = 0;
	uint32_t i;

	if (c->weight && turn % (c->weight + 1) == c->weight)
		k = take_from(&c->level[turn / (c->weight + 1) % c->levels], handles, n);
	for (i = c->levels; i-- && k < n;)
		k += take_from(&c->level[i], handles + k, n - k);
	if (k && c->weight)
		count_up(&c->turn, 1);
	return k;
}

size_t maar__channel_take(struct maar_channel *c, uint64_t *handles, size_t n)
{
	return maar_likely(c->levels == 1) ? take_from(&c->level[0], handles, n) : take_by_priority(c, handles, n);
}

bool maar__channel_is_empty(const struct maar_channel *c)
{
	uint32_t i;

	for (i = 0; i < c->levels; i++)
		if (!maar_ring_empty(c->level[i].ring))
			return false;
	return true;
}

/* ---- send ---- */

/* What is left of a time-out: `end` is its end, MAAR_FOREVER for none. */
static int64_t time_left(int64_t end)
{
	const int64_t now = end < 0 ? 0 : maar__now();

	return end < 0 ? MAAR_FOREVER : end > now ? end - now : 0;
}

static int64_t slice_of(int64_t left, int64_t most)
{
	return left < 0 || left > most ? most : left;
}

/* Waits until the first of n is in; with it go as many as there is room for. How many, or an error. */
static ssize_t put_waiting(struct maar_channel *c, struct maar__channel_level *l, const uint64_t *handles, size_t n,
			   int64_t end)
{
	size_t k = 0;

	MAAR__PROBE(channel_full, c, n);
	count_up(&c->blocked, 1);
	for (;;) {
		const int64_t left = time_left(end);
		const int64_t slice = c->flags & MAAR_CHANNEL_PROMPT ? left : slice_of(left, LOOK_FOR_ROOM_NS);
		struct maar_waiting waiting;
		int rc = maar_waiting_begin(&waiting, &l->not_full, slice);

		while (!rc && !k) {
			rc = is_closed(c) ? -EPIPE : 0; /* closed meanwhile: not even a try */
			k = rc ? 0 : put(l, handles, n);
			if (!rc && !k)
				rc = maar_waiting_again(&waiting);
		}
		maar_waiting_end(&waiting);
		if (k)
			return (ssize_t)k;
		if (rc != -ETIMEDOUT || slice == left)
			return rc;
	}
}

/* Puts all of n, waiting for room; fewer when time is up or the channel is closed. *end: 0 until it first waits. */
static ssize_t put_all(struct maar_channel *c, struct maar__channel_level *l, const uint64_t *handles, size_t n,
		       int64_t timeout_ns, int64_t *end)
{
	size_t done = 0;

	while (done < n) {
		ssize_t k = is_closed(c) ? -EPIPE : (ssize_t)put(l, handles + done, n - done);

		if (maar_unlikely(k == 0)) {
			if (timeout_ns == 0)
				return done ? (ssize_t)done : -ETIMEDOUT;
			if (*end == 0)
				*end = maar_event_deadline(timeout_ns);
			k = put_waiting(c, l, handles + done, n - done, *end);
		}
		if (k < 0)
			return done ? (ssize_t)done : k;
		tell_receivers(c, (size_t)k);
		done += (size_t)k;
	}
	return (ssize_t)done;
}

static void give_back(struct maar_channel *c, struct maar_msg *msg)
{
	(void)maar_channel_release(c, msg);
}

static void evict(uint64_t handle, void *channel)
{
	struct maar_channel *c = channel;

	MAAR__PROBE(channel_evict, c, handle);
	count_up(&c->evicted, 1);
	give_back(c, maar__channel_msg(c, handle));
}

static void drop(struct maar_channel *c, uint64_t handle)
{
	MAAR__PROBE(channel_drop, c, handle);
	count_up(&c->dropped, 1);
	give_back(c, maar__channel_msg(c, handle));
}

/* Puts what there is room for, and has the policy deal with the rest. How many were put. */
static ssize_t put_or_lose(struct maar_channel *c, struct maar__channel_level *l, const uint64_t *handles, size_t n)
{
	size_t k, i;

	if (is_closed(c))
		return -EPIPE;
	k = put(l, handles, n);
	for (i = k; i < n && c->full == MAAR_CHANNEL_OVERWRITE; i++)
		if (maar_ring_enqueue_overwrite(l->ring, handles[i], evict, c))
			k++;
		else
			drop(c, handles[i]);
	for (; i < n; i++)
		drop(c, handles[i]);
	if (k)
		tell_receivers(c, k);
	return (ssize_t)k;
}

static ssize_t put_by_policy(struct maar_channel *c, struct maar__channel_level *l, const uint64_t *handles, size_t n,
			     int64_t *end)
{
	if (c->full == MAAR_CHANNEL_BLOCK)
		return put_all(c, l, handles, n, c->timeout_ns, end);
	return put_or_lose(c, l, handles, n);
}

static bool may_send(const struct maar_channel *c, const struct maar_msg *msg, unsigned priority)
{
	MAAR_DEBUG_CHECK_AS("maar_channel_send*", c && msg && msg->pool == c->pool && priority < c->levels,
			    "NULL, a message of another pool, or no such priority");
	return maar_likely(c && msg && msg->pool == c->pool && priority < c->levels);
}

int maar_channel_send_priority(struct maar_channel *channel, struct maar_msg *msg, unsigned priority)
{
	uint64_t handle;
	int64_t end = 0;

	if (!may_send(channel, msg, priority))
		return -EINVAL;
	handle = msg->handle;
	return (int)put_by_policy(channel, &channel->level[priority], &handle, 1, &end);
}

int maar_channel_send(struct maar_channel *channel, struct maar_msg *msg)
{
	return maar_channel_send_priority(channel, msg, 0);
}

int maar_channel_send_within(struct maar_channel *channel, struct maar_msg *msg, unsigned priority, int64_t timeout_ns)
{
	uint64_t handle;
	int64_t end = 0;

	if (!may_send(channel, msg, priority))
		return -EINVAL;
	handle = msg->handle;
	return (int)put_all(channel, &channel->level[priority], &handle, 1, timeout_ns, &end);
}

int maar_channel_try_send(struct maar_channel *channel, struct maar_msg *msg)
{
	return maar_channel_send_within(channel, msg, 0, 0);
}

ssize_t maar_channel_send_many(struct maar_channel *channel, struct maar_msg *const *msgs, size_t n, unsigned priority)
{
	uint64_t handles[CHUNK];
	size_t i, j, done, sent = 0;
	int64_t end = 0;

	MAAR_DEBUG_CHECK(channel && msgs && n, "NULL, or no messages");
	if (!channel || !msgs || !n)
		return -EINVAL;
	for (i = 0; i < n; i++)
		if (!may_send(channel, msgs[i], priority))
			return -EINVAL;
	for (done = 0; done < n; done += i) {
		ssize_t k;

		for (i = 0; i < CHUNK && done + i < n; i++)
			handles[i] = msgs[done + i]->handle;
		k = put_by_policy(channel, &channel->level[priority], handles, i, &end);
		if (k < 0 && done == 0)
			return k;
		sent += k > 0 ? (size_t)k : 0;
		if (channel->full == MAAR_CHANNEL_BLOCK && k < (ssize_t)i)
			break; /* time is up, or it was closed: the rest is the caller's */
		/* Closed meanwhile: some are gone already, and the caller cannot tell which. */
		for (j = 0; k < 0 && j < i; j++)
			drop(channel, handles[j]);
	}
	return (ssize_t)sent;
}

/* ---- receive ---- */

/*
 * A TICKET sender may have told of messages behind a place that another had not filled yet: in vain. Whoever has waited and
 * finds more therefore tells of it once more.
 */
static void pass_on(struct maar_channel *c)
{
	if (!(c->flags & MAAR_CHANNEL_TICKET))
		return;
	/* First the word, then the rings: who told of a message before, in vain, has filled its place for us to see. */
	(void)maar_a_add(&c->not_empty.word, 0, ACQUIRE); /* A:event.word */
	if (!maar__channel_is_empty(c))
		tell_receivers(c, 1);
}

static MAAR_COLD ssize_t take_waiting(struct maar_channel *c, uint64_t *handles, size_t n, int64_t timeout_ns)
{
	struct maar_waiting waiting;
	size_t k = 0;
	int rc;

	(void)maar_waiting_begin(&waiting, &c->not_empty, timeout_ns);
	do {
		rc = maar_waiting_again(&waiting);
		if (!rc)
			k = maar__channel_take(c, handles, n);
	} while (!rc && !k);
	maar_waiting_end(&waiting);
	if (!k)
		return rc;
	pass_on(c);
	return (ssize_t)k;
}

int maar_channel_recv(struct maar_channel *channel, struct maar_msg **msg, int64_t timeout_ns)
{
	uint64_t handle;

	MAAR_DEBUG_CHECK(channel && msg, "NULL channel, or no place for a message");
	if (maar_unlikely(!channel || !msg))
		return -EINVAL;
	if (maar_unlikely(!maar__channel_take(channel, &handle, 1))) {
		const ssize_t rc = take_waiting(channel, &handle, 1, timeout_ns);

		if (rc < 0)
			return (int)rc;
	}
	*msg = maar__channel_msg(channel, handle);
	return 1;
}

int maar_channel_try_recv(struct maar_channel *channel, struct maar_msg **msg)
{
	return maar_channel_recv(channel, msg, 0);
}

ssize_t maar_channel_recv_many(struct maar_channel *channel, struct maar_msg **msgs, size_t n, int64_t timeout_ns)
{
	uint64_t handles[CHUNK];
	size_t done = 0, i;

	MAAR_DEBUG_CHECK(channel && msgs && n, "NULL channel, or no place for messages");
	if (maar_unlikely(!channel || !msgs || !n))
		return -EINVAL;
	do {
		const size_t ask = n - done < CHUNK ? n - done : CHUNK;
		size_t k = maar__channel_take(channel, handles, ask);

		if (!k && !done) {
			const ssize_t rc = take_waiting(channel, handles, ask, timeout_ns);

			if (rc < 0)
				return rc;
			k = (size_t)rc;
		}
		for (i = 0; i < k; i++)
			msgs[done + i] = maar__channel_msg(channel, handles[i]);
		done += k;
		if (k < ask)
			break;
	} while (done < n);
	return (ssize_t)done;
}

int maar_channel_release(struct maar_channel *channel, struct maar_msg *msg)
{
	int rc;

	MAAR_DEBUG_CHECK(channel && msg, "NULL channel or message");
	if (maar_unlikely(!channel))
		return -EINVAL;
	rc = maar_msg_release(msg);
	/* A look, not a read-modify-write: who prepares to sleep just now, looks again in a millisecond. */
	if (maar_unlikely(maar_a_load(&channel->messages.word, RELAXED) & MAAR__EVENT_WAITERS))
		maar__event_notify(&channel->messages, 1);
	return rc;
}

size_t maar_channel_drain(struct maar_channel *channel, maar_channel_msg_fn *each, void *arg)
{
	uint64_t handle;
	size_t most, n = 0;

	if (!channel)
		return 0;
	/* What there is now and as much again: senders may go on. */
	most = 2 * channel->levels * maar_ring_capacity(channel->level[0].ring);
	while (n < most && maar__channel_take(channel, &handle, 1)) {
		if (each)
			each(maar__channel_msg(channel, handle), arg);
		else
			give_back(channel, maar__channel_msg(channel, handle));
		n++;
	}
	return n;
}

/* ---- reserve, commit, abort; copying ---- */

/* Makes room in the pool by the least urgent, oldest message. False: there is none. */
static bool evict_one(struct maar_channel *c)
{
	uint64_t handle;
	uint32_t i;

	for (i = 0; i < c->levels; i++)
		if (take_from(&c->level[i], &handle, 1)) {
			evict(handle, c);
			return true;
		}
	return false;
}

static MAAR_COLD int reserve_waiting(struct maar_channel *c, struct maar_msg **msg)
{
	const int64_t end = maar_event_deadline(c->timeout_ns);

	MAAR__PROBE(channel_starved, c);
	count_up(&c->starved, 1);
	for (;;) {
		const int64_t left = time_left(end), slice = slice_of(left, LOOK_FOR_MESSAGES_NS);
		const int rc = maar_event_until(&c->messages, slice, (*msg = maar_pool_get(c->pool)) != NULL);

		if (rc == 0)
			return 1;
		if (rc != -ETIMEDOUT || slice == left)
			return rc;
	}
}

int maar_channel_reserve(struct maar_channel *channel, struct maar_msg **msg)
{
	MAAR_DEBUG_CHECK(channel && msg, "NULL channel, or no place for a message");
	if (maar_unlikely(!channel || !msg))
		return -EINVAL;
	if (maar_unlikely(is_closed(channel)))
		return -EPIPE;
	for (;;) {
		*msg = maar_pool_get(channel->pool);
		if (maar_likely(*msg != NULL))
			return 1;
		if (channel->full == MAAR_CHANNEL_BLOCK)
			return reserve_waiting(channel, msg);
		if (channel->full == MAAR_CHANNEL_DROP || !evict_one(channel))
			break;
	}
	MAAR__PROBE(channel_drop, channel, (uint64_t)MAAR_NO_HANDLE);
	count_up(&channel->dropped, 1);
	return 0;
}

int maar_channel_commit(struct maar_channel *channel, struct maar_msg *msg, size_t bytes)
{
	if (!may_send(channel, msg, 0))
		return -EINVAL;
	if (maar_msg_set_length(msg, bytes))
		return -EMSGSIZE;
	return maar_channel_send_priority(channel, msg, 0);
}

int maar_channel_abort(struct maar_channel *channel, struct maar_msg *msg)
{
	return maar_channel_release(channel, msg);
}

int maar_channel_send_bytes(struct maar_channel *channel, const void *from, size_t bytes)
{
	struct maar_msg *msg;
	int rc;

	MAAR_DEBUG_CHECK(channel && (from || !bytes), "NULL channel or bytes");
	if (maar_unlikely(!channel || (!from && bytes)))
		return -EINVAL;
	if (maar_unlikely(bytes > maar_pool_bytes(channel->pool)))
		return -EMSGSIZE;
	rc = maar_channel_reserve(channel, &msg);
	if (rc <= 0)
		return rc;
	if (bytes)
		memcpy(maar_msg_data(msg), from, bytes);
	rc = maar_channel_commit(channel, msg, bytes);
	if (rc < 0)
		give_back(channel, msg);
	return rc;
}

ssize_t maar_channel_recv_bytes(struct maar_channel *channel, void *to, size_t room, int64_t timeout_ns)
{
	struct maar_msg *msg;
	size_t length;
	int rc;

	MAAR_DEBUG_CHECK(channel && (to || !room), "NULL channel or buffer");
	if (maar_unlikely(!channel || (!to && room)))
		return -EINVAL;
	rc = maar_channel_recv(channel, &msg, timeout_ns);
	if (rc < 0)
		return rc;
	length = maar_msg_total(msg);
	if (room)
		(void)maar_msg_copy_out(msg, 0, to, length < room ? length : room);
	give_back(channel, msg);
	return (ssize_t)length;
}

/* ---- close ---- */

void maar_channel_close(struct maar_channel *channel)
{
	uint32_t i;

	if (!channel)
		return;
	/* Receivers' side first: it is what senders look at, so that nobody starts to wait for room that may not come. */
	maar_event_close(&channel->not_empty);
	for (i = 0; i < channel->levels; i++)
		maar_event_close(&channel->level[i].not_full);
	maar_event_close(&channel->messages);
	tell_set(channel, SIZE_MAX);
}

int maar_channel_closed(const struct maar_channel *channel)
{
	return !channel || is_closed(channel);
}

/* ---- the descriptor ---- */

int maar_channel_fd(struct maar_channel *channel)
{
	return maar_event_fd(channel ? &channel->not_empty : NULL);
}

int maar_channel_arm(struct maar_channel *channel)
{
	const int rc = maar_event_arm(channel ? &channel->not_empty : NULL);

	if (rc == -EPIPE)
		return 1;
	if (rc || maar__channel_is_empty(channel))
		return rc;
	maar_event_fire(&channel->not_empty);
	return 1;
}

void maar_channel_disarm(struct maar_channel *channel)
{
	maar_event_disarm(channel ? &channel->not_empty : NULL);
}
