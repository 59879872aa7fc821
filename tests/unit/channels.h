/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * What the tests of channels, sets and topics share.
 */
#ifndef MAAR_TEST_UNIT_CHANNELS_H
#define MAAR_TEST_UNIT_CHANNELS_H

#include "common.h"

#include <maar/channel.h>

#include "../../src/channel/channel_priv.h"

#define MS INT64_C(1000000)

static inline struct maar_channel *channel_of(size_t capacity, size_t bytes, struct maar_channel_options options)
{
	struct maar_channel *c = maar_channel_create(capacity, bytes, &options);

	ck_assert_ptr_nonnull(c);
	return c;
}

/* The first bytes of a message. */
static inline uint64_t *number_of(struct maar_msg *m)
{
	return maar_msg_data(m);
}

/* A message in hand, with a number. */
static inline struct maar_msg *numbered(struct maar_channel *c, uint64_t number)
{
	struct maar_msg *m = NULL;

	unit_eq(maar_channel_reserve(c, &m), 1);
	*number_of(m) = number;
	return m;
}

static inline void send_number(struct maar_channel *c, uint64_t number, unsigned priority)
{
	unit_eq(maar_channel_send_priority(c, numbered(c, number), priority), 1);
}

/* Receives one, and gives it back. */
static inline uint64_t recv_number(struct maar_channel *c)
{
	struct maar_msg *m = NULL;
	uint64_t number;

	unit_eq(maar_channel_try_recv(c, &m), 1);
	number = *number_of(m);
	unit_eq(maar_channel_release(c, m), 0);
	return number;
}

static inline struct maar_channel_stats stats_of(const struct maar_channel *c)
{
	struct maar_channel_stats s;

	unit_eq(maar_channel_stats(c, &s), 0);
	return s;
}

static inline uint32_t in_use(struct maar_pool *pool)
{
	struct maar_mring_stats s;

	unit_eq(maar_pool_stats(pool, &s), 0);
	return s.in_use;
}

#endif
