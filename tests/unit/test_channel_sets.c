/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Sets of channels and descriptors, and topics, by one thread: every call and every answer. And each allocation, mapping,
 * lock and descriptor of these and of channels fails once.
 */
#include "channels.h"
#include "faults.h"

#include <maar/select.h>
#include <maar/topic.h>

#include <poll.h>
#include <unistd.h>

/* ---- sets ---- */

START_TEST(set_life)
{
	struct maar_select *set, *other = maar_select_create(1, 0);
	struct maar_channel *a = maar_channel_create(4, 8, NULL), *b = maar_channel_create(4, 8, NULL);
	struct maar_selected ready[4];
	int tag;

	errno = 0;
	ck_assert_ptr_null(maar_select_create(0, 0));
	unit_eq(errno, EINVAL);
	ck_assert_ptr_null(maar_select_create(1, 1));
	ck_assert_ptr_null(maar_select_create(MAAR_SELECT_MAX + 1, 0));
	maar_select_destroy(NULL);
	set = maar_select_create(2, 0);
	ck_assert_ptr_nonnull(set);
	unit_eq(maar_select_wait(set, ready, 4, 0), -EINVAL); /* it is empty */
	unit_eq(maar_select_add(NULL, a, NULL), -EINVAL);
	unit_eq(maar_select_add(set, NULL, NULL), -EINVAL);
	unit_eq(maar_select_add(set, a, &tag), 0);
	unit_eq(maar_select_add(set, a, &tag), -EBUSY);
	unit_eq(maar_select_add(other, a, &tag), -EBUSY);
	unit_eq(maar_channel_destroy(a), -EBUSY);
	unit_eq(maar_channel_closed(a), 0); /* nothing changed */
	unit_eq(maar_select_remove(set, b), -ENOENT);
	unit_eq(maar_select_remove(NULL, b), -EINVAL);
	unit_eq(maar_select_add(set, b, NULL), 0);
	unit_eq(maar_select_add_fd(set, 0, POLLIN, NULL), -ENOSPC);
	unit_eq(maar_select_add_fd(set, -1, POLLIN, NULL), -EINVAL);
	unit_eq(maar_select_add_fd(NULL, 0, POLLIN, NULL), -EINVAL);
	unit_eq(maar_select_wait(NULL, ready, 4, 0), -EINVAL);
	unit_eq(maar_select_wait(set, NULL, 4, 0), -EINVAL);
	unit_eq(maar_select_wait(set, ready, 0, 0), -EINVAL);
	unit_eq(maar_select_wait(set, ready, 4, 0), -ETIMEDOUT);
	unit_eq(maar_select_wait(set, ready, 4, MS), -ETIMEDOUT);
	unit_eq(maar_select_remove(set, a), 0);
	unit_eq(maar_select_add(other, a, &tag), 0);
	unit_eq(maar_select_add(other, a, &tag), -ENOSPC);
	maar_select_destroy(other);
	unit_eq(maar_channel_destroy(a), 0);
	maar_select_destroy(set);
	unit_eq(maar_channel_destroy(b), 0);
}
END_TEST

START_TEST(set_channels)
{
	struct maar_select *set = maar_select_create(8, 0);
	struct maar_channel *c[3];
	struct maar_selected ready[4];
	unsigned i, seen[3] = { 0 };

	for (i = 0; i < 3; i++) {
		c[i] = maar_channel_create(4, 8, NULL);
		unit_eq(maar_select_add(set, c[i], &c[i]), 0);
	}
	send_number(c[1], 7, 0);
	unit_eq(maar_select_wait(set, ready, 4, MAAR_FOREVER), 1);
	unit_must(ready[0].channel == c[1] && ready[0].tag == &c[1]);
	unit_eq(ready[0].fd, -1);
	unit_eq(ready[0].events, 0);
	unit_eq(recv_number(c[1]), 7);
	unit_eq(maar_select_wait(set, ready, 4, 0), -ETIMEDOUT);
	/* Closed is ready; and so are several, each in its turn. */
	send_number(c[0], 1, 0);
	send_number(c[1], 2, 0);
	maar_channel_close(c[2]);
	unit_eq(maar_select_wait(set, ready, 4, 0), 3);
	for (i = 0; i < 30; i++) {
		unit_eq(maar_select_wait(set, ready, 1, 0), 1);
		seen[(struct maar_channel **)ready[0].tag - c]++;
	}
	for (i = 0; i < 3; i++)
		unit_eq(seen[i], 10);
	maar_select_destroy(set);
	for (i = 0; i < 3; i++)
		unit_eq(maar_channel_destroy(c[i]), 0);
}
END_TEST

START_TEST(set_descriptors)
{
	struct maar_select *set = maar_select_create(8, 0);
	struct maar_channel *c = maar_channel_create(4, 8, NULL);
	struct maar_selected ready[4];
	int one[2], two[2];
	char byte;

	unit_eq(pipe(one), 0);
	unit_eq(pipe(two), 0);
	unit_eq(maar_select_add_fd(set, one[0], POLLIN, &one), 0);
	unit_eq(maar_select_wait(set, ready, 4, 0), -ETIMEDOUT); /* descriptors only */
	unit_eq(maar_select_wait(set, ready, 4, MS), -ETIMEDOUT);
	unit_eq(maar_select_add_fd(set, one[0], POLLIN, &one), -EEXIST);
	unit_eq(maar_select_add_fd(set, two[0], POLLIN, &two), 0);
	unit_eq(maar_select_add(set, c, &c), 0);
	unit_eq(maar_select_wait(set, ready, 4, MS), -ETIMEDOUT);
	unit_eq(write(two[1], "x", 1), 1);
	unit_eq(maar_select_wait(set, ready, 4, MAAR_FOREVER), 1);
	unit_must(ready[0].channel == NULL && ready[0].tag == &two && ready[0].fd == two[0]);
	unit_eq(ready[0].events, POLLIN);
	send_number(c, 1, 0);
	unit_eq(maar_select_wait(set, ready, 4, MAAR_FOREVER), 2);
	unit_eq(read(two[0], &byte, 1), 1);
	unit_eq(maar_select_wait(set, ready, 4, MAAR_FOREVER), 1);
	unit_must(ready[0].channel == c);
	unit_eq(recv_number(c), 1);
	unit_eq(maar_select_wait(set, ready, 4, 0), -ETIMEDOUT);
	/* A descriptor that is none is reported, not slept on. */
	close(two[1]);
	close(two[0]);
	unit_eq(maar_select_wait(set, ready, 4, MAAR_FOREVER), 1);
	unit_eq(ready[0].events, POLLNVAL);
	unit_eq(maar_select_remove_fd(set, two[0]), 0);
	unit_eq(maar_select_remove_fd(set, two[0]), -ENOENT);
	unit_eq(maar_select_remove_fd(NULL, two[0]), -EINVAL);
	unit_eq(maar_select_wait(set, ready, 4, MS), -ETIMEDOUT);
	unit_eq(write(one[1], "x", 1), 1);
	unit_eq(maar_select_wait(set, ready, 4, 0), 1);
	unit_must(ready[0].tag == &one);
	close(one[0]);
	close(one[1]);
	maar_select_destroy(set);
	unit_eq(maar_channel_destroy(c), 0);
}
END_TEST

/* ---- topics ---- */

static struct maar_msg *from(struct maar_pool *pool, uint64_t number)
{
	struct maar_msg *m = maar_pool_get(pool);

	ck_assert_ptr_nonnull(m);
	*number_of(m) = number;
	return m;
}

START_TEST(topic_life)
{
	struct maar_pool *pool = maar_pool_create(8, 8, NULL), *other = maar_pool_create(8, 8, NULL);
	struct maar_channel *a = channel_of(2, 0, (struct maar_channel_options){ .pool = pool });
	struct maar_channel *b = channel_of(2, 0, (struct maar_channel_options){ .pool = pool });
	struct maar_channel *wrong = channel_of(2, 0, (struct maar_channel_options){ .pool = other });
	struct maar_topic *topic;
	struct maar_msg *m = maar_pool_get(other), *mine;

	ck_assert_ptr_null(maar_topic_create(NULL, 1));
	ck_assert_ptr_null(maar_topic_create(pool, 0));
	ck_assert_ptr_null(maar_topic_create(pool, MAAR_TOPIC_MAX + 1));
	unit_eq(errno, EINVAL);
	maar_topic_destroy(NULL);
	maar_topic_close(NULL);
	topic = maar_topic_create(pool, 1);
	unit_eq(maar_topic_subscribers(topic), 0);
	unit_eq(maar_topic_subscribers(NULL), 0);
	unit_eq(maar_topic_closed(NULL), 1);
	unit_eq(maar_topic_subscribe(NULL, a), -EINVAL);
	unit_eq(maar_topic_subscribe(topic, NULL), -EINVAL);
	unit_eq(maar_topic_subscribe(topic, wrong), -EINVAL);
	unit_eq(maar_topic_publish(topic, NULL), -EINVAL);
	unit_eq(maar_topic_publish(NULL, m), -EINVAL);
	unit_eq(maar_topic_publish(topic, m), -EINVAL);
	unit_eq(maar_topic_unsubscribe(topic, a), -ENOENT);
	unit_eq(maar_topic_unsubscribe(topic, NULL), -EINVAL);
	unit_eq(maar_topic_publish(topic, from(pool, 1)), 0); /* nobody is there */
	unit_eq(in_use(pool), 0);
	unit_eq(maar_topic_subscribe(topic, a), 0);
	unit_eq(maar_topic_subscribe(topic, a), -EEXIST);
	unit_eq(maar_topic_subscribe(topic, b), -ENOSPC);
	unit_eq(maar_topic_subscribers(topic), 1);
	unit_eq(maar_channel_destroy(a), -EBUSY);
	unit_eq(maar_topic_publish(topic, from(pool, 2)), 1);
	unit_eq(maar_topic_unsubscribe(topic, a), 0);
	unit_eq(maar_topic_publish(topic, from(pool, 3)), 0);
	unit_eq(recv_number(a), 2); /* what is in it stays */
	unit_eq(maar_channel_empty(a), 1);
	unit_eq(maar_topic_subscribe(topic, b), 0);
	maar_topic_close(topic);
	maar_topic_close(topic);
	unit_eq(maar_topic_closed(topic), 1);
	unit_eq(maar_channel_closed(b), 1);
	unit_eq(maar_channel_closed(a), 0);
	mine = from(pool, 4);
	unit_eq(maar_topic_publish(topic, mine), -EPIPE);
	unit_eq(maar_msg_release(mine), 0);
	unit_eq(maar_topic_subscribe(topic, a), -EPIPE);
	maar_topic_destroy(topic);
	unit_eq(maar_channel_destroy(a), 0);
	unit_eq(maar_channel_destroy(b), 0);
	unit_eq(maar_channel_destroy(wrong), 0);
	topic = maar_topic_create(pool, 1);
	maar_topic_close(topic);
	a = channel_of(2, 0, (struct maar_channel_options){ .pool = pool });
	unit_eq(maar_topic_subscribe(topic, a), -EPIPE);
	unit_eq(maar_channel_destroy(a), 0);
	maar_topic_destroy(topic);
	unit_eq(maar_msg_release(m), 0);
	unit_eq(maar_pool_destroy(pool), 0);
	unit_eq(maar_pool_destroy(other), 0);
}
END_TEST

/* One message, three subscribers: each by its own policy when it is full, and every reference comes back once. */
START_TEST(topic_policies)
{
	struct maar_pool *pool = maar_pool_create(16, 8, NULL);
	struct maar_channel *gate = channel_of(2, 0, (struct maar_channel_options){ .pool = pool, .timeout_ns = 1000 });
	struct maar_channel *newest =
		channel_of(2, 0, (struct maar_channel_options){ .pool = pool, .full = MAAR_CHANNEL_OVERWRITE });
	struct maar_channel *oldest =
		channel_of(2, 0, (struct maar_channel_options){ .pool = pool, .full = MAAR_CHANNEL_DROP });
	struct maar_channel *ended = channel_of(2, 0, (struct maar_channel_options){ .pool = pool });
	struct maar_topic *topic = maar_topic_create(pool, 5);
	struct maar_msg *m;
	uint64_t i;

	unit_eq(maar_topic_subscribe(topic, gate), 0);
	unit_eq(maar_topic_publish(topic, from(pool, 0)), 1);
	unit_eq(recv_number(gate), 0);
	unit_eq(maar_topic_subscribe(topic, newest), 0); /* late: begins with the next */
	unit_eq(maar_topic_subscribe(topic, oldest), 0);
	unit_eq(maar_topic_subscribe(topic, ended), 0);
	maar_channel_close(ended);
	for (i = 1; i <= 4; i++)
		unit_eq(maar_topic_publish(topic, from(pool, i)), i <= 2 ? 3 : 1);
	unit_eq(stats_of(gate).dropped, 2);
	unit_eq(stats_of(oldest).dropped, 2);
	unit_eq(stats_of(newest).evicted, 2);
	unit_eq(stats_of(ended).dropped, 0);
	unit_eq(in_use(pool), 4);
	unit_eq(maar_channel_try_recv(gate, &m), 1);
	unit_eq(*number_of(m), 1);
	unit_eq(recv_number(oldest), 1);
	unit_eq(recv_number(newest), 3);
	unit_eq(in_use(pool), 3); /* 1 is held by us, 2 by gate and oldest, 4 by newest */
	unit_eq(maar_msg_release(m), 0);
	unit_eq(recv_number(gate), 2);
	unit_eq(in_use(pool), 2);
	maar_topic_destroy(topic);
	unit_eq(maar_channel_destroy(gate), 0);
	unit_eq(maar_channel_destroy(newest), 0);
	unit_eq(maar_channel_destroy(oldest), 0);
	unit_eq(maar_channel_destroy(ended), 0);
	unit_eq(in_use(pool), 0);
	unit_eq(maar_pool_destroy(pool), 0);
}
END_TEST

/* ---- what they are made of fails, one after the other ---- */

static int channel_life(void *arg)
{
	const struct maar_channel_options options = { .levels = 3 };
	struct maar_channel *c = maar_channel_create(8, 8, &options);
	int rc;

	(void)arg;
	if (!c)
		return -errno;
	rc = maar_channel_fd(c);
	if (rc >= 0) {
		send_number(c, 1, 2);
		unit_eq(recv_number(c), 1);
	}
	unit_eq(maar_channel_destroy(c), 0);
	return rc < 0 ? rc : 0;
}

static int set_life_faulty(void *channel)
{
	struct maar_select *set = maar_select_create(2, 0);
	struct maar_selected ready;
	int silent[2], rc;

	if (!set)
		return -errno;
	unit_eq(pipe(silent), 0);
	unit_eq(maar_select_add(set, channel, NULL), 0);
	rc = maar_select_add_fd(set, silent[0], 0, NULL);
	unit_eq(maar_select_wait(set, &ready, 1, 0), -ETIMEDOUT);
	maar_select_destroy(set);
	close(silent[0]);
	close(silent[1]);
	return rc;
}

static int topic_life_faulty(void *channel)
{
	struct maar_topic *topic = maar_topic_create(maar_channel_pool(channel), 3);

	if (!topic)
		return -errno;
	unit_eq(maar_topic_subscribe(topic, channel), 0);
	maar_topic_destroy(topic);
	return 0;
}

START_TEST(faults)
{
	struct maar_channel *c = maar_channel_create(2, 8, NULL);

	/* A lane that cannot be had is done without. */
	FAULTS_RUN(channel_life, NULL, FAULTS_REFUSES | FAULTS_WORKS);
	FAULTS_RUN(set_life_faulty, c, FAULTS_REFUSES);
	FAULTS_RUN(topic_life_faulty, c, FAULTS_REFUSES);
	unit_eq(maar_channel_destroy(c), 0);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("channel sets");
	TCase *tcase = unit_tcase(suite, "channel sets");

	tcase_add_test(tcase, set_life);
	tcase_add_test(tcase, set_channels);
	tcase_add_test(tcase, set_descriptors);
	tcase_add_test(tcase, topic_life);
	tcase_add_test(tcase, topic_policies);
	tcase_add_test(tcase, faults);
	return suite;
}
