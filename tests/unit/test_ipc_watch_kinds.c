/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Broadcasts and pairs by name, and the descriptors of their consumers: a broadcast's reader is told of what lies ahead of
 * its own place, and of its own eviction; both of a producer that dies, and a pair's next consumer of what the last had.
 */
#include "ipc_dirs.h"
#include "ipc_sets.h"

#include <maar/ipc_broadcast.h>

static struct maar_ipc *create(uint32_t kind, const struct maar_ipc_who *who)
{
	struct maar_ipc_options options = ipc_small(7);
	struct maar_ipc *q;

	options.kind = kind;
	q = maar_ipc_create("q", &options, who, 0);
	ck_assert_msg(q != NULL, "create: %s", strerror(errno));
	return q;
}

static struct maar_ipc *open_as(uint32_t roles, uint32_t reading)
{
	const struct maar_ipc_who who = { .roles = roles, .reading = reading };
	struct maar_ipc *q = maar_ipc_open("q", &who);

	ck_assert_msg(q != NULL, "open: %s", strerror(errno));
	return q;
}

static const struct maar_ipc_who produces = { .roles = MAAR_IPC_PRODUCER };

static void send_one(struct maar_ipc *q, char byte)
{
	unit_eq(maar_ipc_send(q, &byte, 1, NULL, 0), 1);
}

/* What it gets, and releases; 0: nothing there. */
static char receive(struct maar_ipc *q)
{
	char got[64];

	return maar_ipc_receive(q, got, sizeof(got), NULL, 0) == 1 ? got[0] : 0;
}

/* ---- broadcast ---- */

START_TEST(each_of_its_own_place)
{
	struct maar_ipc *producer = create(MAAR_IPC_BROADCAST, &produces);
	static const uint32_t reading[3] = { 0, MAAR_IPC_LOSSY, MAAR_IPC_HISTORY };
	struct maar_ipc *readers[3];
	int sets[3], i;

	for (i = 0; i < 3; i++) {
		readers[i] = open_as(MAAR_IPC_CONSUMER, reading[i]);
		sets[i] = ipc_set_of(readers[i]);
	}
	for (i = 0; i < 3; i++)
		ipc_settle(readers[i], sets[i]);
	send_one(producer, 'a');
	for (i = 0; i < 3; i++)
		unit_must(ipc_readable(sets[i]));
	for (i = 0; i < 3; i++) { /* what one has read is there for the others */
		unit_eq(maar_ipc_disarm(readers[i]), 0);
		unit_eq(maar_ipc_arm(readers[i]), 1);
		unit_eq(maar_ipc_disarm(readers[i]), 0);
		unit_eq(receive(readers[i]), 'a');
		unit_eq(maar_ipc_arm(readers[i]), 0);
		unit_must(!ipc_readable(sets[i]));
	}
	send_one(producer, 'b');
	unit_eq(receive(readers[0]), 'b');
	unit_eq(maar_ipc_disarm(readers[0]), 0);
	unit_eq(maar_ipc_arm(readers[0]), 0);
	unit_must(!ipc_readable(sets[0]) && ipc_readable(sets[1]) && ipc_readable(sets[2]));
	unit_eq(maar_ipc_close(producer), 0);
	for (i = 0; i < 3; i++) {
		unit_must(ipc_readable(sets[i]));
		close(sets[i]);
		unit_eq(maar_ipc_detach(readers[i]), 0);
	}
	unit_eq(maar_ipc_detach(producer), 0);
	unit_eq(ipc_dir_files(), 1);
}
END_TEST

/* Who attaches with history has something at once, and who attaches without has not. */
START_TEST(history_is_something)
{
	struct maar_ipc *producer = create(MAAR_IPC_BROADCAST, &produces), *late, *next;
	int set;

	send_one(producer, 'a');
	late = open_as(MAAR_IPC_CONSUMER, MAAR_IPC_LOSSY | MAAR_IPC_HISTORY);
	next = open_as(MAAR_IPC_CONSUMER, MAAR_IPC_LOSSY);
	unit_must(maar_ipc_fd(late) >= 0);
	unit_eq(maar_ipc_arm(late), 1);
	set = ipc_set_of(next);
	ipc_settle(next, set);
	close(set);
	unit_eq(maar_ipc_disarm(late), 0);
	unit_eq(receive(late), 'a');
	unit_eq(maar_ipc_detach(late), 0);
	unit_eq(maar_ipc_detach(next), 0);
	unit_eq(maar_ipc_detach(producer), 0);
}
END_TEST

/* One that was overtaken while it was armed has something: what is left, and a count of what is not. */
START_TEST(overtaken)
{
	struct maar_ipc *producer = create(MAAR_IPC_BROADCAST, &produces);
	struct maar_ipc *reader = open_as(MAAR_IPC_CONSUMER, MAAR_IPC_LOSSY);
	struct maar_ipc_message m;
	const int set = ipc_set_of(reader);
	uint64_t seen = 0;
	int i;

	ipc_settle(reader, set);
	for (i = 0; i < 30; i++)
		send_one(producer, (char)i);
	ipc_wait_readable(set);
	unit_eq(maar_ipc_disarm(reader), 0);
	unit_eq(maar_ipc_arm(reader), 1);
	unit_eq(maar_ipc_disarm(reader), 0);
	while (maar_ipc_take(reader, &m, 0) == 1) {
		seen += 1 + m.missed;
		unit_eq(maar_ipc_release(reader, &m), 0);
	}
	unit_eq(seen, 30);
	unit_eq(maar_ipc_arm(reader), 0);
	close(set);
	unit_eq(maar_ipc_detach(reader), 0);
	unit_eq(maar_ipc_detach(producer), 0);
}
END_TEST

START_TEST(eviction_is_told)
{
	struct maar_ipc *producer = create(MAAR_IPC_BROADCAST, &produces);
	struct maar_ipc *reader = open_as(MAAR_IPC_CONSUMER, 0);
	const int set = ipc_set_of(reader);
	struct maar_ipc_reader about;
	struct maar_ipc_message m;

	ipc_settle(reader, set);
	unit_eq(maar_ipc_readers(producer, &about, 1), 1);
	unit_eq(maar_ipc_evict(producer, about.id), 0);
	unit_must(ipc_readable(set));
	unit_eq(maar_ipc_disarm(reader), 0);
	unit_eq(maar_ipc_arm(reader), 1);
	unit_eq(maar_ipc_disarm(reader), 0);
	unit_eq(maar_ipc_take(reader, &m, 0), -ECANCELED);
	close(set);
	unit_eq(maar_ipc_detach(reader), 0);
	unit_eq(maar_ipc_detach(producer), 0);
}
END_TEST

/* ---- kill -9 ---- */

static int ends[2];

/* As a producer: sends one, and waits for its end. */
static int produce(void *arg)
{
	struct maar_ipc *q = maar_ipc_open("q", &produces);

	(void)arg;
	if (!q || maar_ipc_send(q, "p", 1, NULL, 0) != 1)
		return 1;
	ipc_tell(ends[1], '!');
	for (;;)
		pause();
}

/* As a consumer: has a message out, and its descriptor armed. */
static int consume(void *arg)
{
	const struct maar_ipc_who who = { .roles = MAAR_IPC_CONSUMER };
	struct maar_ipc *q = maar_ipc_open("q", &who);
	struct maar_ipc_message m;

	(void)arg;
	if (!q || maar_ipc_fd(q) < 0)
		return 1;
	ipc_tell(ends[1], 'r');
	if (maar_ipc_take(q, &m, MAAR_FOREVER) != 1 || maar_ipc_arm(q) < 0)
		return 2;
	ipc_tell(ends[1], '!');
	for (;;)
		pause();
}

/* Its death makes the descriptor readable, without another call by anybody; disarm recovers it. */
static void producer_dies(uint32_t kind)
{
	const struct maar_ipc_who who = { .roles = MAAR_IPC_CONSUMER };
	struct maar_ipc *reader = create(kind, &who);
	const int set = ipc_set_of(reader);
	struct maar_ipc_stats stats;
	pid_t pid;

	unit_eq(pipe2(ends, O_CLOEXEC), 0);
	pid = ipc_child(produce, NULL);
	unit_eq(ipc_hear(ends[0]), '!');
	unit_eq(receive(reader), 'p');
	ipc_settle(reader, set);
	ipc_kill(pid);
	ipc_wait_readable(set);
	unit_eq(maar_ipc_disarm(reader), 0);
	unit_eq(maar_ipc_stats(reader, &stats), 0);
	unit_eq(stats.recovered, 1);
	ipc_settle(reader, set);
	close(set);
	unit_eq(maar_ipc_detach(reader), 0);
	unit_eq(ipc_dir_files(), 1);
}

START_TEST(producer_of_either)
{
	producer_dies(_i ? MAAR_IPC_PAIR : MAAR_IPC_BROADCAST);
}
END_TEST

/* A lossless reader's FIFO goes, and its gate: there is room again. */
START_TEST(reader_of_a_broadcast)
{
	struct maar_ipc *producer = create(MAAR_IPC_BROADCAST, &produces);
	int i;
	pid_t pid;

	unit_eq(pipe2(ends, O_CLOEXEC), 0);
	pid = ipc_child(consume, NULL);
	unit_eq(ipc_hear(ends[0]), 'r');
	unit_eq(ipc_dir_files(), 2);
	send_one(producer, 'a');
	unit_eq(ipc_hear(ends[0]), '!');
	for (i = 1; i < 8; i++)
		send_one(producer, 'a');
	unit_eq(maar_ipc_send(producer, "b", 1, NULL, 0), 0);
	ipc_kill(pid);
	unit_eq(maar_ipc_recover(producer), 1);
	unit_eq(ipc_dir_files(), 1);
	send_one(producer, 'b');
	unit_eq(maar_ipc_detach(producer), 0);
}
END_TEST

/* The next consumer is told of what the last one had, which comes first and is flagged. */
START_TEST(consumer_of_a_pair)
{
	struct maar_ipc *producer = create(MAAR_IPC_PAIR, &produces), *heir;
	struct maar_ipc_message m;
	pid_t pid;

	unit_eq(pipe2(ends, O_CLOEXEC), 0);
	pid = ipc_child(consume, NULL);
	unit_eq(ipc_hear(ends[0]), 'r');
	errno = 0;
	unit_must(!maar_ipc_open("q", &(struct maar_ipc_who){ .roles = MAAR_IPC_CONSUMER }) && errno == EUSERS);
	send_one(producer, 'a');
	unit_eq(ipc_hear(ends[0]), '!');
	send_one(producer, 'b');
	ipc_kill(pid);
	heir = open_as(MAAR_IPC_CONSUMER, 0);
	unit_must(maar_ipc_fd(heir) >= 0);
	unit_eq(maar_ipc_arm(heir), 1);
	unit_eq(maar_ipc_disarm(heir), 0);
	unit_eq(maar_ipc_take(heir, &m, 0), 1);
	unit_must(m.flags & MAAR_IPC_REDELIVERED && *(char *)m.payload == 'a');
	unit_eq(maar_ipc_release(heir, &m), 0);
	unit_eq(receive(heir), 'b');
	unit_eq(maar_ipc_arm(heir), 0);
	unit_eq(maar_ipc_detach(heir), 0);
	unit_eq(maar_ipc_detach(producer), 0);
	unit_eq(ipc_dir_files(), 1);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("ipc_watch of the other kinds");
	TCase *broadcast = unit_tcase(suite, "broadcast"), *kill_9 = unit_tcase(suite, "kill -9");

	ipc_dir_each(broadcast);
	ipc_dir_each(kill_9);
	tcase_add_test(broadcast, each_of_its_own_place);
	tcase_add_test(broadcast, history_is_something);
	tcase_add_test(broadcast, overtaken);
	tcase_add_test(broadcast, eviction_is_told);
	tcase_add_loop_test(kill_9, producer_of_either, 0, 2);
	tcase_add_test(kill_9, reader_of_a_broadcast);
	tcase_add_test(kill_9, consumer_of_a_pair);
	return suite;
}
