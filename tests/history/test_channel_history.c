/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Channels under the history checker, as the rings in test_ring_history.c: that sends and receives of messages, tried and
 * not waited for, have an order in which a queue of that capacity would have given the same answers.
 */
#include "../unit/common.h"
#include "clock.h"
#include "run.h"

#include <maar/channel.h>

#include "../../src/channel/channel_priv.h"

#include <inttypes.h>

/* Operations of each mode, unless MAAR_HISTORY_OPS says how many; a sixth to a third where accesses are watched or delayed. */
#define OPERATIONS 300000
#define LEAST	   20000

/* More messages than are ever in hands and in the channel: so that none to be had is never the answer. */
#define MESSAGES 16384

static uint64_t skew;

static uint64_t asked(void)
{
	const char *given = getenv("MAAR_HISTORY_OPS");
	const uint64_t operations = given ? strtoull(given, NULL, 10) : 0;

	return stress_scaled(operations ? operations : OPERATIONS, LEAST);
}

static void *make(const struct history_queue *kind, size_t capacity, uint64_t start)
{
	const struct maar_channel_options options = { .flags = kind->flags, .messages = 2 * capacity + MESSAGES };
	struct maar_channel *c = maar_channel_create(capacity, sizeof(uint64_t), &options);

	if (c)
		maar__channel_start_at(c, start);
	return c;
}

static void end(void *channel)
{
	unit_eq(maar_channel_destroy(channel), 0); /* no message is out */
}

static uint64_t *number_of(struct maar_msg *msg)
{
	return maar_msg_data(msg);
}

static size_t put_one(struct maar_channel *c, uint64_t value)
{
	struct maar_msg *msg = NULL;

	unit_eq(maar_channel_reserve(c, &msg), 1);
	*number_of(msg) = value;
	if (maar_channel_try_send(c, msg) == 1)
		return 1;
	unit_eq(maar_channel_abort(c, msg), 0);
	return 0;
}

static size_t put(const struct history_queue *kind, void *queue, enum history_style style, unsigned way,
		  const uint64_t *values, size_t n)
{
	size_t i;

	(void)kind;
	(void)way;
	if (style == HISTORY_ONE)
		return put_one(queue, values[0]);
	for (i = 0; i < n && put_one(queue, values[i]); i++)
		;
	return i;
}

static size_t take(const struct history_queue *kind, void *queue, enum history_style style, unsigned way,
		   uint64_t *values, size_t n)
{
	struct maar_msg *many[64];
	ssize_t k = 0, i;

	(void)kind;
	if (style == HISTORY_ONE || n == 1)
		k = way % 2 ? maar_channel_try_recv(queue, many) : maar_channel_recv(queue, many, 0);
	else
		k = maar_channel_recv_many(queue, many, n < COUNT_OF(many) ? n : COUNT_OF(many), 0);
	for (i = 0; i < k; i++) {
		values[i] = *number_of(many[i]);
		unit_eq(maar_channel_release(queue, many[i]), 0);
	}
	return k > 0 ? (size_t)k : 0;
}

/* What a single receiver may not have told senders yet. */
static uint64_t untold(size_t capacity)
{
	return capacity > 16 ? capacity / 16 - 1 : 0;
}

#define HAS(mode, flag) (((mode) & (flag)) != 0)
#define CHANNEL(title, mode)                                                                                           \
	{                                                                                                              \
		.name = title, .flags = (mode), .one_producer = HAS(mode, MAAR_CHANNEL_SP),                            \
		.one_consumer = HAS(mode, MAAR_CHANNEL_SC), .hides = HAS(mode, MAAR_CHANNEL_TICKET),                   \
		.slack = HAS(mode, MAAR_CHANNEL_SC) ? untold : NULL, .make = make, .end = end, .put = put,             \
		.take = take, .single_takes = true                                                                     \
	}

static const struct history_queue channels[] = {
	CHANNEL("channel SPSC", MAAR_CHANNEL_SPSC),
	CHANNEL("channel SPMC", MAAR_CHANNEL_SPMC),
	CHANNEL("channel MPSC", MAAR_CHANNEL_MPSC),
	CHANNEL("channel MPMC", MAAR_CHANNEL_MPMC),
	CHANNEL("channel MPSC ticket", MAAR_CHANNEL_MPSC | MAAR_CHANNEL_TICKET),
	CHANNEL("channel MPMC ticket", MAAR_CHANNEL_TICKET),
};

START_TEST(has_an_order)
{
	const struct history_queue *queue = &channels[_i];
	struct verdict v = { .lock = PTHREAD_MUTEX_INITIALIZER };
	struct unit_rng rng = unit_rng((uint64_t)_i);
	struct history_sum sum = { 0 };

	history_run_all(queue, asked(), skew, unit_random(&rng), &v, &sum);
	ck_assert_msg(!v.failed, "%s", v.text);
	unit_must(sum.puts == sum.takes);
	unit_note("%s: %" PRIu64 " operations in %u histories (%" PRIu64 " full, %" PRIu64 " empty)", queue->name,
		  history_sum_operations(&sum), sum.cases, sum.fulls, sum.empties);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("channel histories");
	TCase *tcase = unit_tcase(suite, "channel histories");
	const double patience = (double)asked() / OPERATIONS;

	skew = history_clock_choose();
	tcase_set_timeout(tcase, UNIT_TIMEOUT * (patience > 1 ? patience : 1));
	tcase_add_loop_test(tcase, has_an_order, 0, (int)COUNT_OF(channels));
	return suite;
}
