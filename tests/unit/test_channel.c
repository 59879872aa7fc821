/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Channels by one thread: every call, every answer, every policy; levels and weights; positions at their wraps.
 */
#include "channels.h"

#include <maar/chain.h>

#include <limits.h>

static const unsigned modes[] = {
	MAAR_CHANNEL_MPMC, MAAR_CHANNEL_MPSC,	MAAR_CHANNEL_SPMC,
	MAAR_CHANNEL_SPSC, MAAR_CHANNEL_TICKET, MAAR_CHANNEL_MPSC | MAAR_CHANNEL_TICKET,
};

/* ---- life ---- */

static void refused(size_t capacity, size_t bytes, struct maar_channel_options options, int why)
{
	errno = 0;
	ck_assert_ptr_null(maar_channel_create(capacity, bytes, &options));
	unit_eq(errno, why);
}

START_TEST(life)
{
	struct maar_pool *pool = maar_pool_create(10, 8, NULL);
	struct maar_channel *c = maar_channel_create(5, 100, NULL);

	unit_eq(maar_channel_capacity(c), 8);
	unit_eq(maar_channel_levels(c), 1);
	unit_eq(maar_channel_flags(c), 0);
	unit_eq(maar_pool_bytes(maar_channel_pool(c)), 100);
	unit_eq(maar_pool_messages(maar_channel_pool(c)), 2 * 8 + 64);
	unit_eq(maar_channel_destroy(c), 0);
	unit_eq(maar_channel_destroy(NULL), 0);

	c = channel_of(4, 0, (struct maar_channel_options){ .pool = pool, .levels = 3, .flags = MAAR_CHANNEL_SPSC });
	unit_must(maar_channel_pool(c) == pool);
	unit_eq(maar_channel_levels(c), 3);
	unit_eq(maar_channel_flags(c), MAAR_CHANNEL_SPSC);
	unit_eq(maar_channel_destroy(c), 0);

	c = channel_of(4, 8, (struct maar_channel_options){ .messages = 3 });
	unit_eq(maar_pool_messages(maar_channel_pool(c)), 3);
	unit_eq(maar_channel_destroy(c), 0);

	refused(0, 8, (struct maar_channel_options){ 0 }, EINVAL);
	refused(4, 8, (struct maar_channel_options){ .flags = 1u << 4 }, EINVAL);
	refused(4, 8, (struct maar_channel_options){ .flags = 1u << 31 }, EINVAL);
	refused(4, 8, (struct maar_channel_options){ .full = 3 }, EINVAL);
	refused(4, 8, (struct maar_channel_options){ .levels = MAAR_CHANNEL_MAX_LEVELS + 1 }, EINVAL);
	refused(4, 8, (struct maar_channel_options){ .weight = 1 }, EINVAL);
	refused(4, 8, (struct maar_channel_options){ .weight = UINT32_MAX, .levels = 2 }, EINVAL);
	refused(4, 8, (struct maar_channel_options){ .full = MAAR_CHANNEL_OVERWRITE, .flags = MAAR_CHANNEL_SC },
		EINVAL);
	refused(4, 8, (struct maar_channel_options){ .flags = MAAR_CHANNEL_TICKET | MAAR_CHANNEL_SP }, EINVAL);
	refused(4, 8, (struct maar_channel_options){ .pool = pool }, EINVAL);
	refused(4, 0, (struct maar_channel_options){ .pool = pool, .messages = 1 }, EINVAL);
	refused(4, 8, (struct maar_channel_options){ .reserved = { 0, 0, 0, 0, 0, 1 } }, EINVAL);
	refused(SIZE_MAX, 8, (struct maar_channel_options){ 0 }, EOVERFLOW);
	refused(4, SIZE_MAX, (struct maar_channel_options){ 0 }, EOVERFLOW);
	refused(4, 8, (struct maar_channel_options){ .messages = SIZE_MAX }, EOVERFLOW);
	unit_eq(maar_pool_destroy(pool), 0);
}
END_TEST

static void keep(struct maar_msg *msg, void *sum)
{
	*(uint64_t *)sum = *(uint64_t *)sum * 10 + *number_of(msg);
	maar_msg_release(msg);
}

/* Messages left go to the callback, urgent ones first; messages that are out hold an own pool. */
START_TEST(destroy)
{
	struct maar_channel *c = channel_of(4, 8, (struct maar_channel_options){ .levels = 2 });
	struct maar_msg *out = numbered(c, 9);
	uint64_t sum = 0;

	send_number(c, 1, 0);
	send_number(c, 2, 1);
	send_number(c, 3, 0);
	unit_eq(maar_channel_destroy_each(c, keep, &sum), -EBUSY);
	unit_eq(sum, 213);
	unit_eq(maar_channel_count(c), 0);
	unit_eq(maar_channel_closed(c), 1);
	unit_eq(maar_channel_send(c, out), -EPIPE);
	unit_eq(maar_channel_abort(c, out), 0);
	unit_eq(maar_channel_destroy(c), 0);

	c = maar_channel_create(4, 8, NULL);
	send_number(c, 1, 0);
	unit_eq(maar_channel_destroy(c), 0); /* released by itself */
	unit_eq(maar_channel_destroy_each(NULL, keep, &sum), 0);
}
END_TEST

START_TEST(null)
{
	struct maar_channel *c = maar_channel_create(4, 8, NULL);
	struct maar_pool *other = maar_pool_create(2, 8, NULL);
	struct maar_msg *m = maar_pool_get(other), *mine = numbered(c, 0), *both[2] = { mine, m };
	struct maar_channel_stats s;

	unit_eq(maar_channel_send(NULL, mine), -EINVAL);
	unit_eq(maar_channel_send(c, NULL), -EINVAL);
	unit_eq(maar_channel_send(c, m), -EINVAL); /* of another pool */
	unit_eq(maar_channel_send_priority(c, mine, 1), -EINVAL);
	unit_eq(maar_channel_send_within(c, m, 0, 0), -EINVAL);
	unit_eq(maar_channel_try_send(NULL, mine), -EINVAL);
	unit_eq(maar_channel_send_many(c, both, 2, 0), -EINVAL);
	unit_eq(maar_channel_send_many(c, both, 0, 0), -EINVAL);
	unit_eq(maar_channel_send_many(c, NULL, 1, 0), -EINVAL);
	unit_eq(maar_channel_count(c), 0);
	unit_eq(maar_channel_recv(NULL, &m, 0), -EINVAL);
	unit_eq(maar_channel_recv(c, NULL, 0), -EINVAL);
	unit_eq(maar_channel_try_recv(NULL, &m), -EINVAL);
	unit_eq(maar_channel_recv_many(c, both, 0, 0), -EINVAL);
	unit_eq(maar_channel_recv_many(NULL, both, 1, 0), -EINVAL);
	unit_eq(maar_channel_reserve(NULL, &m), -EINVAL);
	unit_eq(maar_channel_reserve(c, NULL), -EINVAL);
	unit_eq(maar_channel_commit(c, m, 0), -EINVAL);
	unit_eq(maar_channel_commit(c, mine, 9), -EMSGSIZE);
	unit_eq(maar_channel_abort(c, NULL), -EINVAL);
	unit_eq(maar_channel_release(NULL, mine), -EINVAL);
	unit_eq(maar_channel_send_bytes(NULL, "", 0), -EINVAL);
	unit_eq(maar_channel_send_bytes(c, NULL, 1), -EINVAL);
	unit_eq(maar_channel_send_bytes(c, "123456789", 9), -EMSGSIZE);
	unit_eq(maar_channel_recv_bytes(NULL, &s, 1, 0), -EINVAL);
	unit_eq(maar_channel_recv_bytes(c, NULL, 1, 0), -EINVAL);
	unit_eq(maar_channel_drain(NULL, NULL, NULL), 0);
	unit_eq(maar_channel_closed(NULL), 1);
	unit_eq(maar_channel_fd(NULL), -EINVAL);
	unit_eq(maar_channel_arm(NULL), -EINVAL);
	maar_channel_disarm(NULL);
	maar_channel_close(NULL);
	unit_must(maar_channel_pool(NULL) == NULL);
	unit_eq(maar_channel_capacity(NULL) + maar_channel_levels(NULL) + maar_channel_flags(NULL), 0);
	unit_eq(maar_channel_count(NULL), 0);
	unit_eq(maar_channel_empty(NULL), 1);
	unit_eq(maar_channel_stats(NULL, &s), -EINVAL);
	unit_eq(maar_channel_stats(c, NULL), -EINVAL);
	unit_eq(maar_channel_dump(NULL, stderr), -EINVAL);
	unit_eq(maar_channel_dump(c, NULL), -EINVAL);
	unit_eq(maar_channel_abort(c, mine), 0);
	unit_eq(maar_channel_release(c, mine), -EALREADY);
	unit_eq(maar_channel_destroy(c), 0);
	unit_eq(maar_msg_release(m), 0);
	unit_eq(maar_pool_destroy(other), 0);
}
END_TEST

/* ---- full and empty, in every mode, at every wrap ---- */

static void fill_and_empty(struct maar_channel *c, size_t capacity)
{
	struct maar_msg *m = numbered(c, 0), *many[130];
	const struct maar_channel_stats before = stats_of(c);
	size_t i, limit = 0;

	unit_eq(maar_channel_try_recv(c, &many[0]), -ETIMEDOUT);
	unit_eq(maar_channel_recv(c, &many[0], 1000), -ETIMEDOUT);
	unit_eq(maar_channel_empty(c), 1);
	while (maar_channel_try_send(c, m) == 1) {
		m = numbered(c, ++limit);
		unit_must(limit <= capacity + capacity / 16);
	}
	unit_must(limit >= capacity);
	unit_eq(maar_channel_empty(c), 0);
	unit_eq(maar_channel_count(c), limit);
	unit_eq(maar_channel_send_within(c, m, 0, 1000), -ETIMEDOUT);
	unit_eq(maar_channel_recv_many(c, many, 130, MAAR_FOREVER), limit);
	for (i = 0; i < limit; i++)
		unit_eq(*number_of(many[i]), i);
	/* Back in by many: as many as are promised to fit. */
	unit_eq(maar_channel_send_many(c, many, capacity, 0), capacity);
	unit_eq(stats_of(c).sent - before.sent, limit + capacity);
	for (i = capacity; i < limit; i++)
		unit_eq(maar_channel_abort(c, many[i]), 0);
	for (i = 0; i < capacity; i++)
		unit_eq(recv_number(c), i);
	unit_eq(stats_of(c).received - before.received, limit + capacity);
	unit_eq(maar_channel_abort(c, m), 0);
	unit_eq(maar_channel_try_recv(c, &many[0]), -ETIMEDOUT);
}

START_TEST(every_mode)
{
	static const size_t capacities[] = { 1, 2, 8, 64 };
	static const uint64_t starts[] = { 0, (UINT64_C(1) << 31) - 3, (UINT64_C(1) << 32) - 3, UINT64_MAX - 2 };
	unsigned i, k, s;

	for (i = 0; i < COUNT_OF(modes); i++)
		for (k = 0; k < COUNT_OF(capacities); k++)
			for (s = 0; s < COUNT_OF(starts); s++) {
				struct maar_channel *c = channel_of(
					capacities[k], 8,
					(struct maar_channel_options){ .flags = modes[i], .timeout_ns = 1000 });

				maar__channel_start_at(c, starts[s]);
				fill_and_empty(c, capacities[k]);
				fill_and_empty(c, capacities[k]);
				unit_eq(maar_channel_destroy(c), 0);
			}
}
END_TEST

/* ---- policies ---- */

START_TEST(block)
{
	struct maar_channel *c = channel_of(2, 8, (struct maar_channel_options){ .timeout_ns = MS, .messages = 5 });
	struct maar_msg *m, *many[3] = { numbered(c, 1), numbered(c, 2), numbered(c, 3) };
	struct maar_channel_stats s;

	unit_eq(maar_channel_send_many(c, many, 3, 0), 2); /* the third is still ours */
	unit_eq(maar_channel_send_many(c, many + 2, 1, 0), -ETIMEDOUT);
	unit_eq(maar_channel_send(c, many[2]), -ETIMEDOUT);
	unit_eq(maar_channel_send_within(c, many[2], 0, 0), -ETIMEDOUT); /* did not wait */
	s = stats_of(c);
	unit_eq(s.sent, 2);
	unit_eq(s.count, 2);
	unit_eq(s.blocked, 3);
	unit_eq(s.dropped + s.evicted + s.received, 0);
	/* The pool's last two; then none. */
	many[0] = numbered(c, 4);
	many[1] = numbered(c, 5);
	unit_eq(maar_channel_reserve(c, &m), -ETIMEDOUT);
	unit_eq(maar_channel_send_bytes(c, "x", 1), -ETIMEDOUT);
	unit_eq(stats_of(c).starved, 2);
	unit_eq(maar_channel_abort(c, many[0]), 0);
	unit_eq(maar_channel_abort(c, many[1]), 0);
	unit_eq(maar_channel_send_bytes(c, "x", 1), -ETIMEDOUT);
	unit_eq(in_use(maar_channel_pool(c)), 3); /* it left none behind */
	maar_channel_close(c);
	unit_eq(maar_channel_reserve(c, &m), -EPIPE);
	unit_eq(maar_channel_send_bytes(c, "x", 1), -EPIPE);
	unit_eq(maar_channel_abort(c, many[2]), 0);
	unit_eq(maar_channel_destroy(c), 0);
}
END_TEST

START_TEST(drop)
{
	struct maar_channel *c =
		channel_of(2, 8, (struct maar_channel_options){ .full = MAAR_CHANNEL_DROP, .messages = 4 });
	struct maar_msg *m, *many[3] = { numbered(c, 1), numbered(c, 2), numbered(c, 3) };
	struct maar_channel_stats s;

	unit_eq(maar_channel_send_many(c, many, 3, 0), 2);
	unit_eq(in_use(maar_channel_pool(c)), 2);
	unit_eq(maar_channel_send(c, numbered(c, 4)), 0);
	unit_eq(maar_channel_send_bytes(c, "y", 1), 0);
	m = numbered(c, 5);
	unit_eq(maar_channel_try_send(c, m), -ETIMEDOUT); /* whatever the policy: it is ours */
	many[0] = numbered(c, 6);
	unit_eq(maar_channel_reserve(c, &many[1]), 0); /* the pool has none */
	unit_eq(maar_channel_abort(c, m), 0);
	unit_eq(maar_channel_abort(c, many[0]), 0);
	unit_eq(recv_number(c), 1);
	unit_eq(recv_number(c), 2);
	s = stats_of(c);
	unit_eq(s.sent, 2);
	unit_eq(s.received, 2);
	unit_eq(s.dropped, 4);
	unit_eq(s.blocked + s.starved + s.evicted, 0);
	unit_eq(in_use(maar_channel_pool(c)), 0);
	maar_channel_close(c);
	many[0] = maar_pool_get(maar_channel_pool(c));
	unit_eq(maar_channel_send(c, many[0]), -EPIPE);
	unit_eq(maar_channel_send_many(c, many, 1, 0), -EPIPE);
	unit_eq(maar_channel_abort(c, many[0]), 0);
	unit_eq(maar_channel_destroy(c), 0);
}
END_TEST

START_TEST(overwrite)
{
	unsigned i, ticket;

	for (ticket = 0; ticket < 2; ticket++) {
		struct maar_channel *c = channel_of(4, 8,
						    (struct maar_channel_options){
							    .full = MAAR_CHANNEL_OVERWRITE,
							    .flags = ticket ? MAAR_CHANNEL_TICKET : 0,
							    .messages = 6,
							    .levels = 2,
						    });
		struct maar_msg *many[6], *m;
		struct maar_channel_stats s;

		for (i = 0; i < 6; i++)
			many[i] = numbered(c, i);
		unit_eq(maar_channel_send_many(c, many, 6, 0), 6); /* 0 and 1 had to go */
		unit_eq(in_use(maar_channel_pool(c)), 4);
		send_number(c, 6, 0);
		s = stats_of(c);
		unit_eq(s.evicted, 3);
		unit_eq(s.sent, 7);
		unit_eq(s.received, 0);
		unit_eq(s.count, 4);
		/* A pool without messages takes the oldest of the least urgent. */
		send_number(c, 7, 1);
		many[0] = numbered(c, 8);
		many[1] = numbered(c, 9);
		unit_eq(stats_of(c).evicted, 4);
		unit_eq(maar_channel_abort(c, many[0]), 0);
		unit_eq(maar_channel_abort(c, many[1]), 0);
		unit_eq(recv_number(c), 7);
		for (i = 4; i < 7; i++)
			unit_eq(recv_number(c), i);
		/* Nothing to evict. */
		for (i = 0; i < 6; i++)
			many[i] = numbered(c, i);
		unit_eq(maar_channel_reserve(c, &m), 0);
		unit_eq(stats_of(c).dropped, 1);
		for (i = 0; i < 6; i++)
			unit_eq(maar_channel_abort(c, many[i]), 0);
		unit_eq(maar_channel_destroy(c), 0);
	}
}
END_TEST

/* ---- more at once than move in one step; and closed meanwhile ---- */

static void close_it(struct maar_msg *msg, void *channel)
{
	(void)msg;
	maar_channel_close(channel);
}

START_TEST(many_at_once)
{
	struct maar_channel *c = channel_of(256, 8, (struct maar_channel_options){ .full = MAAR_CHANNEL_DROP });
	struct maar_msg *msgs[400];
	size_t i;

	for (i = 0; i < 400; i++)
		msgs[i] = numbered(c, i);
	unit_eq(maar_channel_send_many(c, msgs, 400, 0), 256);
	unit_eq(stats_of(c).dropped, 144);
	unit_eq(maar_channel_recv_many(c, msgs, 400, 0), 256);
	for (i = 0; i < 256; i++)
		unit_eq(*number_of(msgs[i]), i);
	unit_eq(maar_channel_send_many(c, msgs, 200, 0), 200);
	unit_eq(maar_channel_drain(c, close_it, c), 200); /* they are ours again */
	unit_eq(maar_channel_send_many(c, msgs, 256, 0), -EPIPE);
	for (i = 0; i < 256; i++)
		unit_eq(maar_channel_abort(c, msgs[i]), 0);
	unit_eq(maar_channel_destroy(c), 0);

	/* A time-out is one for all of them. */
	c = channel_of(128, 8, (struct maar_channel_options){ .timeout_ns = MS });
	for (i = 0; i < 300; i++)
		msgs[i] = numbered(c, i);
	unit_eq(maar_channel_send_many(c, msgs, 300, 0), 128);
	unit_eq(stats_of(c).blocked, 1);
	for (i = 128; i < 300; i++)
		unit_eq(maar_channel_abort(c, msgs[i]), 0);
	unit_eq(maar_channel_destroy(c), 0);
}
END_TEST

/* ---- levels ---- */

START_TEST(priorities)
{
	struct maar_channel *c = channel_of(8, 8, (struct maar_channel_options){ .levels = 3 });
	struct maar_msg *many[9];
	unsigned i;

	for (i = 0; i < 9; i++)
		send_number(c, i, i % 3);
	unit_eq(maar_channel_count(c), 9);
	/* Urgent first, and within a level in order. */
	for (i = 0; i < 9; i++)
		unit_eq(recv_number(c), 2 - i / 3 + 3 * (i % 3));
	for (i = 0; i < 9; i++)
		send_number(c, i, i % 3);
	unit_eq(maar_channel_recv_many(c, many, 9, 0), 9);
	for (i = 0; i < 9; i++) {
		unit_eq(*number_of(many[i]), 2 - i / 3 + 3 * (i % 3));
		unit_eq(maar_channel_release(c, many[i]), 0);
	}
	/* A full level does not fill the others. */
	for (i = 0; i < 8; i++)
		send_number(c, i, 1);
	many[0] = numbered(c, 8);
	unit_eq(maar_channel_send_within(c, many[0], 1, 0), -ETIMEDOUT);
	unit_eq(maar_channel_send_within(c, many[0], 0, 0), 1);
	unit_eq(maar_channel_send_priority(c, many[0], 3), -EINVAL);
	unit_eq(maar_channel_drain(c, NULL, NULL), 9);
	unit_eq(maar_channel_destroy(c), 0);
}
END_TEST

/* With a weight of N, a level that has messages is served once in (N + 1) * levels receives; without, never. */
START_TEST(weights)
{
	uint32_t weight;

	for (weight = 0; weight < 5; weight++) {
		struct maar_channel *c =
			channel_of(64, 8, (struct maar_channel_options){ .levels = 3, .weight = weight });
		const unsigned period = (weight + 1) * 3;
		unsigned served[3] = { 0 }, i;

		for (i = 0; i < 64; i++) {
			send_number(c, 0, 0);
			send_number(c, 1, 1);
			send_number(c, 2, 2);
		}
		for (i = 0; i < 4 * period; i++) {
			const uint64_t p = recv_number(c);

			served[p]++;
			send_number(c, p, (unsigned)p);
		}
		unit_eq(served[0], weight ? 4 : 0);
		unit_eq(served[1], weight ? 4 : 0);
		unit_eq(served[2], weight ? 4 * period - 8 : 12);
		unit_eq(maar_channel_destroy(c), 0);
	}
}
END_TEST

/* ---- bytes ---- */

START_TEST(bytes)
{
	struct maar_channel *c = maar_channel_create(4, 8, NULL);
	struct maar_msg *m, *tail;
	char buffer[8] = { 0 };

	unit_eq(maar_channel_send_bytes(c, "12345678", 8), 1);
	unit_eq(maar_channel_send_bytes(c, NULL, 0), 1);
	unit_eq(maar_channel_send_bytes(c, "abc", 3), 1);
	unit_eq(maar_channel_recv_bytes(c, buffer, sizeof(buffer), MAAR_FOREVER), 8);
	unit_must(!memcmp(buffer, "12345678", 8));
	unit_eq(maar_channel_recv_bytes(c, NULL, 0, 0), 0);
	unit_eq(maar_channel_recv_bytes(c, buffer, 2, 0), 3); /* the rest is lost */
	unit_must(!memcmp(buffer, "ab345678", 8));
	unit_eq(maar_channel_recv_bytes(c, buffer, 8, 0), -ETIMEDOUT);
	/* In place. */
	m = numbered(c, 1);
	memcpy(maar_msg_data(m), "in place", 8);
	unit_eq(maar_channel_commit(c, m, 8), 1);
	unit_eq(maar_channel_recv(c, &m, 0), 1);
	unit_eq(maar_msg_length(m), 8);
	unit_must(!memcmp(maar_msg_data(m), "in place", 8));
	unit_eq(maar_channel_release(c, m), 0);
	unit_eq(in_use(maar_channel_pool(c)), 0);
	/* A chain travels by its first. */
	m = numbered(c, 1);
	unit_eq(maar_msg_append(m, "one ", 4), 0);
	unit_eq(maar_channel_reserve(c, &tail), 1);
	unit_eq(maar_msg_append(tail, "two", 3), 0);
	unit_eq(maar_msg_chain(m, tail), 0);
	unit_eq(maar_channel_send(c, m), 1);
	unit_eq(maar_channel_recv_bytes(c, buffer, 8, 0), 7);
	unit_must(!memcmp(buffer, "one two", 7));
	unit_eq(in_use(maar_channel_pool(c)), 0);
	unit_eq(maar_channel_destroy(c), 0);
}
END_TEST

/* ---- close, the descriptor, the dump ---- */

START_TEST(closing)
{
	struct maar_channel *c = channel_of(4, 8, (struct maar_channel_options){ .levels = 2 });
	struct maar_msg *m = numbered(c, 3);
	char buffer[8];

	send_number(c, 1, 0);
	send_number(c, 2, 1);
	unit_eq(maar_channel_closed(c), 0);
	maar_channel_close(c);
	maar_channel_close(c);
	unit_eq(maar_channel_closed(c), 1);
	unit_eq(maar_channel_send(c, m), -EPIPE);
	unit_eq(maar_channel_try_send(c, m), -EPIPE);
	unit_eq(maar_channel_send_within(c, m, 1, MAAR_FOREVER), -EPIPE);
	unit_eq(recv_number(c), 2);
	unit_eq(recv_number(c), 1);
	unit_eq(maar_channel_recv(c, &m, MAAR_FOREVER), -EPIPE);
	unit_eq(maar_channel_recv_many(c, &m, 1, MAAR_FOREVER), -EPIPE);
	unit_eq(maar_channel_recv_bytes(c, buffer, 8, 0), -EPIPE);
	unit_eq(maar_channel_abort(c, m), 0);
	unit_eq(maar_channel_destroy(c), 0);
}
END_TEST

START_TEST(descriptor)
{
	struct maar_channel *c = maar_channel_create(4, 8, NULL);

	unit_eq(maar_channel_arm(c), -EINVAL);
	unit_must(maar_channel_fd(c) >= 0);
	unit_eq(maar_channel_fd(c), maar_channel_fd(c));
	unit_eq(maar_channel_arm(c), 0);
	maar_channel_disarm(c);
	send_number(c, 1, 0);
	unit_eq(maar_channel_arm(c), 1);
	maar_channel_disarm(c);
	unit_eq(recv_number(c), 1);
	unit_eq(maar_channel_arm(c), 0);
	maar_channel_disarm(c);
	maar_channel_close(c);
	unit_eq(maar_channel_arm(c), 1);
	unit_eq(maar_channel_destroy(c), 0);
}
END_TEST

START_TEST(dump)
{
	struct maar_channel *c =
		channel_of(4, 8, (struct maar_channel_options){ .levels = 2, .flags = MAAR_CHANNEL_SC });
	struct unit_text text;
	FILE *full = unit_full_file();
	char *said;

	send_number(c, 1, 1);
	unit_text_open(&text);
	unit_eq(maar_channel_dump(c, text.to), 0);
	said = unit_text_close(&text);
	unit_assert_contains(said, "MPSC, when full: block, 2 levels of 4 messages, open");
	unit_assert_contains(said, "sent 1, received 0, dropped 0, evicted 0");
	unit_assert_contains(said, "priority 1: 1 messages");
	free(said);
	setvbuf(full, NULL, _IONBF, 0);
	unit_eq(maar_channel_dump(c, full), -EIO);
	fclose(full);
	unit_eq(maar_channel_destroy(c), 0);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("channel");
	TCase *tcase = unit_tcase(suite, "channel");

	tcase_add_test(tcase, life);
	tcase_add_test(tcase, destroy);
	tcase_add_test(tcase, null);
	tcase_add_test(tcase, every_mode);
	tcase_add_test(tcase, block);
	tcase_add_test(tcase, drop);
	tcase_add_test(tcase, overwrite);
	tcase_add_test(tcase, many_at_once);
	tcase_add_test(tcase, priorities);
	tcase_add_test(tcase, weights);
	tcase_add_test(tcase, bytes);
	tcase_add_test(tcase, closing);
	tcase_add_test(tcase, descriptor);
	tcase_add_test(tcase, dump);
	return suite;
}
