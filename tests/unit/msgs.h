/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * What the tests of messages and chains share: pools that must come and go whole, chains of known bytes.
 */
#ifndef MAAR_TEST_UNIT_MSGS_H
#define MAAR_TEST_UNIT_MSGS_H

#include "common.h"

#include <maar/chain.h>

static inline struct maar_pool *msgs_pool(size_t messages, size_t bytes, uint32_t headroom)
{
	const struct maar_pool_options options = { .headroom = headroom };
	struct maar_pool *pool = maar_pool_create(messages, bytes, &options);

	ck_assert_ptr_nonnull(pool);
	return pool;
}

static inline uint32_t msgs_out(struct maar_pool *pool)
{
	struct maar_mring_stats stats;

	unit_eq(maar_pool_stats(pool, &stats), 0);
	return stats.in_use;
}

/* Every message is back, and none is there twice: as many as the pool has are to be had, each with one reference. */
static inline void msgs_finish(struct maar_pool *pool)
{
	const size_t all = maar_pool_messages(pool);
	struct maar_msg **msgs = calloc(all, sizeof(struct maar_msg *));
	size_t i;

	ck_assert_ptr_nonnull(msgs);
	unit_eq(msgs_out(pool), 0);
	unit_eq(maar_pool_get_bulk(pool, msgs, all), all);
	for (i = 0; i < all; i++) {
		unit_must(msgs[i]->refs == 1 && !msgs[i]->next && !msgs[i]->attached && msgs[i]->length == 0);
		msgs[i]->refs = 2; /* handed out twice, it would be 1 again */
	}
	for (i = 0; i < all; i++) {
		unit_eq(msgs[i]->refs, 2);
		msgs[i]->refs = 1;
	}
	unit_eq(maar_pool_put_bulk(pool, msgs, all), all);
	unit_eq(maar_pool_destroy(pool), 0);
	free(msgs);
}

/* The byte at a place of all test data. */
static inline unsigned char msgs_byte(size_t at)
{
	return (unsigned char)(at * 7 + at / 251);
}

/* A message of `bytes` bytes, those from place `from` on. */
static inline struct maar_msg *msgs_filled(struct maar_pool *pool, size_t from, size_t bytes)
{
	struct maar_msg *m = maar_pool_get(pool);
	unsigned char *data;
	size_t i;

	ck_assert_ptr_nonnull(m);
	data = maar_msg_put(m, bytes);
	ck_assert_ptr_nonnull(data);
	for (i = 0; i < bytes; i++)
		data[i] = msgs_byte(from + i);
	return m;
}

/* A chain of n messages of these lengths, the bytes from place 0 on. */
static inline struct maar_msg *msgs_chain(struct maar_pool *pool, const size_t *lengths, size_t n)
{
	struct maar_msg *first = msgs_filled(pool, 0, lengths[0]);
	size_t at = lengths[0], i;

	for (i = 1; i < n; i++) {
		unit_eq(maar_msg_chain(first, msgs_filled(pool, at, lengths[i])), 0);
		at += lengths[i];
	}
	return first;
}

/* That a chain's bytes are those from place `from` on, `bytes` of them, by each way of looking. */
static inline void msgs_check(const struct maar_msg *msg, size_t from, size_t bytes)
{
	const struct maar_msg *m;
	size_t at = from, i;

	unit_eq(maar_msg_total(msg), bytes);
	maar_msg_for_each(m, msg)
	{
		const unsigned char *data = maar_msg_data(m);

		unit_must(maar_msg_headroom(m) + maar_msg_length(m) + maar_msg_tailroom(m) == maar_msg_room(m));
		for (i = 0; i < maar_msg_length(m); i++, at++)
			unit_eq(data[i], msgs_byte(at));
	}
	unit_eq(at, from + bytes);
}

#endif
