/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * maar_channel: there and back over two channels, each thread asleep while it waits; and in exchange, pool and channel in
 * one.
 */
#include <maar/channel.h>

#include "peers.h"

/* So long at most does a thread sleep before it looks whether its run was abandoned, as the raw futex does. */
#define LOOK_NS INT64_C(100000000)

static void *open_with(const struct bench_case *c, unsigned flags, size_t messages)
{
	const struct maar_channel_options options = { .flags = flags, .messages = messages };
	const size_t bytes = c->bytes > sizeof(uint64_t) ? c->bytes : sizeof(uint64_t);
	struct maar_channel *channel = maar_channel_create(c->capacity, bytes, &options);

	if (!channel)
		perror("maar_channel_create");
	return channel;
}

/* Without spinning: else two threads on two processors would hardly ever sleep. */
static void *asleep_open(const struct bench_contestant *me, const struct bench_case *c, unsigned which)
{
	(void)which;
	return open_with(c, me->param | MAAR_CHANNEL_NO_SPIN, 0);
}

/* As many slots as the other pools of the exchange have. */
static void *exchange_open(const struct bench_contestant *me, const struct bench_case *c, unsigned which)
{
	(void)which;
	return open_with(c, me->param, BENCH_POOL_SLOTS);
}

/* Refuses while messages are out, after having emptied itself. */
static int channel_close(void *subject)
{
	return maar_channel_destroy(subject) != 0;
}

/* ---- there and back: a message each way, from the pool and back to it ---- */

BENCH_INLINE uint64_t *number_of(struct maar_msg *msg)
{
	return (uint64_t *)maar_msg_data(msg);
}

BENCH_INLINE size_t asleep_put(void *channel, uint64_t value)
{
	struct maar_msg *msg;

	if (maar_channel_reserve(channel, &msg) != 1)
		return 0;
	*number_of(msg) = value;
	return maar_channel_send(channel, msg) == 1;
}

BENCH_INLINE size_t asleep_take(void *channel, uint64_t *value)
{
	struct maar_msg *msg;

	if (maar_channel_recv(channel, &msg, LOOK_NS) != 1)
		return 0;
	*value = *number_of(msg);
	return maar_channel_release(channel, msg) == 0;
}

/* ---- exchange ---- */

BENCH_INLINE void *exchange_get(void *channel, size_t bytes)
{
	(void)bytes;
	return maar_pool_get(maar_channel_pool(channel));
}

BENCH_INLINE int exchange_give(void *channel, void *object)
{
	return maar_channel_release(channel, (struct maar_msg *)object);
}

BENCH_INLINE void *exchange_data(void *object)
{
	return maar_msg_data((struct maar_msg *)object);
}

BENCH_INLINE size_t exchange_put(void *channel, uint64_t value)
{
	return maar_channel_try_send(channel, (struct maar_msg *)(uintptr_t)value) == 1;
}

BENCH_INLINE size_t exchange_take(void *channel, uint64_t *value)
{
	struct maar_msg *msg;

	if (maar_channel_try_recv(channel, &msg) != 1)
		return 0;
	*value = (uint64_t)(uintptr_t)msg;
	return 1;
}

BENCH_ROUND_TRIP(asleep, asleep_put, asleep_take)
BENCH_EXCHANGE_LOOPS(exchange, exchange_get, exchange_data, exchange_give, exchange_put, exchange_take)

#define BOTH(name, set, mode)                                                                                          \
	{                                                                                                              \
		name, "maar", NULL, set, BENCH_FIFO, 0, mode, exchange_open, channel_close, NULL, NULL,                \
			BENCH_LOOPS_EXCHANGE(exchange)                                                                 \
	}

static const struct bench_contestant rows[] = {
	{ "maar_channel spsc", "maar", NULL, BENCH_ASLEEP, BENCH_FIFO, 0, MAAR_CHANNEL_SPSC, asleep_open, channel_close,
	  NULL, NULL, BENCH_LOOPS_ROUND_TRIP(asleep) },
	BOTH("maar_channel spsc", BENCH_EXCHANGE1, MAAR_CHANNEL_SPSC),
	BOTH("maar_channel mpmc", BENCH_EXCHANGE1 | BENCH_EXCHANGE, MAAR_CHANNEL_MPMC),
	BOTH("maar_channel mpmc ticket", BENCH_EXCHANGE1 | BENCH_EXCHANGE, MAAR_CHANNEL_TICKET),
};

const struct bench_peer bench_peer_maar_channel = BENCH_ROWS(rows);
