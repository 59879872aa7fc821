/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * <maar/ipc_handed.h>: each call and each of its answers, both sides in one process; and a system that has no descriptors, no
 * memory, no room.
 */
#include "faults.h"
#include "handeds.h"

#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/wait.h>

static void send_number(struct maar_handed *h, uint64_t n)
{
	const struct maar_ipc_tags tags = { .sequence = n, .type = 7 };

	unit_eq(maar_handed_send(h, &n, sizeof(n), &tags, 0), 1);
}

static void takes_number(struct maar_handed *h, uint64_t n)
{
	unsigned char data[HANDED_BYTES];
	struct maar_ipc_message m;
	uint64_t got;

	unit_eq(maar_handed_receive(h, data, sizeof(data), &m, 0), 1);
	memcpy(&got, data, sizeof(got));
	unit_must(got == n && m.sequence == n && m.type == 7 && m.bytes == sizeof(n) && !m.payload && !m.flags);
}

/* ---- what it is for ---- */

START_TEST(messages_both_ways)
{
	const struct maar_handed_options small = handed_small();
	struct handed_ends e = handed_ends_of(_i ? SOCK_STREAM : SOCK_SEQPACKET, &small, NULL);
	struct maar_handed_stats stats;
	struct maar_handed_peer peer;
	uint64_t n;

	unit_eq(maar_handed_most_bytes(e.a), HANDED_BYTES);
	unit_eq(maar_handed_peer_bytes(e.a), MAAR_HANDED_BYTES);
	unit_eq(maar_handed_most_bytes(NULL), 0);
	unit_eq(maar_handed_peer_bytes(NULL), 0);
	unit_eq(maar_handed_peer(e.a, &peer), 0);
	unit_must(peer.pid == getpid() && peer.uid == geteuid() && peer.gid == getegid());
	for (n = 0; n < 50; n++) {
		send_number(e.a, n);
		unit_eq(maar_handed_send(e.b, &n, sizeof(n), NULL, 0), 1);
		takes_number(e.b, n);
	}
	unit_eq(maar_handed_stats(e.a, &stats), 0);
	unit_must(stats.published == 50 && stats.arrived == 50 && stats.taken == 0 && stats.returned == 50);
	unit_must(stats.slots == HANDED_SLOTS && stats.peer_slots == MAAR_HANDED_SLOTS && !stats.closed);
	unit_eq(maar_handed_drain(e.a, NULL, NULL), 50);
	unit_eq(maar_handed_stats(e.a, &stats), 0);
	unit_must(stats.taken == 50 && stats.released == 50);
	/* Nobody slept: nobody was woken. */
	unit_eq(stats.wakes, 0);
	handed_leave_both(&e);
}
END_TEST

START_TEST(in_place_and_in_any_order)
{
	struct handed_ends e = handed_ends();
	struct maar_ipc_message m[HANDED_SLOTS], none;
	void *payload[HANDED_SLOTS + 1];
	int i, round;

	for (round = 0; round < 5; round++) {
		for (i = 0; i < HANDED_SLOTS; i++) {
			unit_eq(maar_handed_loan(e.a, HANDED_BYTES, &payload[i], 0), 1);
			unit_eq((uintptr_t)payload[i] % 64, 0);
			memset(payload[i], i, HANDED_BYTES);
		}
		unit_eq(maar_handed_loan(e.a, 1, &payload[i], 0), 0);
		unit_eq(maar_handed_take(e.b, &none, 0), 0);
		for (i = HANDED_SLOTS - 1; i >= 0; i--)
			unit_eq(maar_handed_publish(e.a, payload[i], (size_t)(10 * i), NULL), 1);
		for (i = 0; i < HANDED_SLOTS; i++) {
			const int was = HANDED_SLOTS - 1 - i;

			unit_eq(maar_handed_take(e.b, &m[i], 0), 1);
			unit_must(m[i].bytes == (uint64_t)(10 * was) && m[i].id.position == (uint64_t)(4 * round + i));
			unit_must(!was || ((unsigned char *)m[i].payload)[m[i].bytes - 1] == was);
		}
		unit_eq(maar_handed_leave(e.b), -EBUSY);
		/* One comes back, and is lent, and no other. */
		unit_eq(maar_handed_release(e.b, &m[(round + 2) % HANDED_SLOTS]), 0);
		unit_eq(maar_handed_loan(e.a, 1, &payload[0], 0), 1);
		unit_eq(maar_handed_loan(e.a, 1, &payload[1], 0), 0);
		unit_eq(maar_handed_leave(e.a), -EBUSY);
		unit_eq(maar_handed_discard(e.a, payload[0]), 0);
		for (i = 0; i < HANDED_SLOTS; i++)
			unit_eq(maar_handed_release(e.b, &m[i]), i == (round + 2) % HANDED_SLOTS ? -EALREADY : 0);
	}
	handed_leave_both(&e);
}
END_TEST

START_TEST(sizes)
{
	struct maar_handed_options odd = { .bytes = 1, .slots = 3 };
	struct handed_ends e = handed_ends_of(SOCK_STREAM, &odd, NULL);
	struct maar_handed_stats stats;
	struct maar_ipc_message m;
	char byte = 'x', small[1], room[MAAR_HANDED_BYTES];
	void *payload;

	unit_eq(maar_handed_stats(e.a, &stats), 0);
	unit_eq(stats.slots, 4);
	unit_eq(maar_handed_send(e.a, &byte, 1, NULL, 0), 1);
	unit_eq(maar_handed_send(e.a, NULL, 0, NULL, 0), 1);
	unit_eq(maar_handed_send(e.a, &byte, 2, NULL, 0), -EMSGSIZE);
	unit_eq(maar_handed_loan(e.a, 2, &payload, 0), -EMSGSIZE);
	unit_eq(maar_handed_loan(e.a, 1, &payload, 0), 1);
	unit_eq(maar_handed_publish(e.a, payload, 2, NULL), -EMSGSIZE);
	unit_eq(maar_handed_discard(e.a, payload), 0);
	unit_eq(maar_handed_receive(e.b, small, 0, NULL, 0), -EMSGSIZE);
	unit_eq(maar_handed_receive(e.b, small, 1, &m, 0), 1);
	unit_must(small[0] == 'x' && m.bytes == 1);
	unit_eq(maar_handed_receive(e.b, small, 1, &m, 0), 1);
	unit_eq(m.bytes, 0);
	unit_eq(maar_handed_send(e.b, room, sizeof(room), NULL, 0), 1);
	unit_eq(maar_handed_receive(e.a, room, sizeof(room) - 1, NULL, 0), -EMSGSIZE);
	unit_eq(maar_handed_receive(e.a, room, sizeof(room), &m, 0), 1);
	unit_eq(m.bytes, sizeof(room));
	handed_leave_both(&e);
}
END_TEST

START_TEST(wrong_arguments)
{
	struct handed_ends e = handed_ends();
	const struct maar_ipc_tags tags[] = {
		{ .priority = 1 }, { .journal = 1 }, { .reserved0 = 1 }, { .reserved = { 1 } }, { .mark = 1 }
	};
	struct maar_ipc_message m = { .slot = 0 };
	struct maar_handed_peer peer;
	struct maar_handed_stats stats;
	char room[HANDED_BYTES];
	void *payload, *second;
	unsigned i;

	unit_eq(maar_handed_loan(NULL, 1, &payload, 0), -EINVAL);
	unit_eq(maar_handed_loan(e.a, 1, NULL, 0), -EINVAL);
	unit_eq(maar_handed_publish(NULL, room, 1, NULL), -EINVAL);
	unit_eq(maar_handed_discard(NULL, room), -EINVAL);
	unit_eq(maar_handed_send(NULL, room, 1, NULL, 0), -EINVAL);
	unit_eq(maar_handed_send(e.a, NULL, 1, NULL, 0), -EINVAL);
	unit_eq(maar_handed_close(NULL), -EINVAL);
	unit_eq(maar_handed_take(NULL, &m, 0), -EINVAL);
	unit_eq(maar_handed_take(e.a, NULL, 0), -EINVAL);
	unit_eq(maar_handed_release(NULL, &m), -EINVAL);
	unit_eq(maar_handed_release(e.a, NULL), -EINVAL);
	unit_eq(maar_handed_receive(NULL, room, sizeof(room), NULL, 0), -EINVAL);
	unit_eq(maar_handed_receive(e.a, NULL, sizeof(room), NULL, 0), -EINVAL);
	unit_eq(maar_handed_drain(NULL, NULL, NULL), -EINVAL);
	unit_eq(maar_handed_fd(NULL), -EINVAL);
	unit_eq(maar_handed_arm(NULL), -EINVAL);
	unit_eq(maar_handed_disarm(NULL), -EINVAL);
	unit_eq(maar_handed_arm(e.a), -EINVAL); /* no descriptor yet */
	unit_eq(maar_handed_disarm(e.a), -EINVAL);
	unit_eq(maar_handed_alive(NULL), -EINVAL);
	unit_eq(maar_handed_peer(NULL, &peer), -EINVAL);
	unit_eq(maar_handed_peer(e.a, NULL), -EINVAL);
	unit_eq(maar_handed_stats(NULL, &stats), -EINVAL);
	unit_eq(maar_handed_stats(e.a, NULL), -EINVAL);
	unit_eq(maar_handed_leave(NULL), 0);
	unit_eq(maar_handed_loan(e.a, 1, &payload, 0), 1);
	for (i = 0; i < COUNT_OF(tags); i++) {
		unit_eq(maar_handed_publish(e.a, payload, 1, &tags[i]), -EINVAL);
		unit_eq(maar_handed_send(e.a, room, 1, &tags[i], 0), -EINVAL);
	}
	/* What is no loan: others' memory, the middle, one not lent, one published, one given back. */
	unit_eq(maar_handed_publish(e.a, room, 1, NULL), -EALREADY);
	unit_eq(maar_handed_publish(e.a, NULL, 1, NULL), -EALREADY);
	unit_eq(maar_handed_publish(e.a, (char *)payload + 1, 1, NULL), -EALREADY);
	unit_eq(maar_handed_publish(e.a, (char *)payload - 128, 1, NULL), -EALREADY);
	unit_eq(maar_handed_publish(e.a, (char *)payload + 128, 1, NULL), -EALREADY);
	unit_eq(maar_handed_publish(e.a, (char *)payload + (1 << 20), 1, NULL), -EALREADY);
	unit_eq(maar_handed_loan(e.a, 1, &second, 0), 1);
	unit_eq(maar_handed_publish(e.b, second, 1, NULL), -EALREADY);
	unit_eq(maar_handed_discard(e.a, second), 0);
	unit_eq(maar_handed_discard(e.a, second), -EALREADY);
	unit_eq(maar_handed_publish(e.a, payload, 1, NULL), 1);
	unit_eq(maar_handed_publish(e.a, payload, 1, NULL), -EALREADY);
	unit_eq(maar_handed_release(e.b, &m), -EALREADY);
	unit_eq(maar_handed_take(e.b, &m, 0), 1);
	unit_eq(maar_handed_release(e.b, &m), 0);
	unit_eq(maar_handed_release(e.b, &m), -EALREADY);
	m.slot = UINT32_MAX;
	unit_eq(maar_handed_release(e.b, &m), -EALREADY);
	handed_leave_both(&e);
}
END_TEST

/* ---- waiting, and the end ---- */

START_TEST(time_outs)
{
	struct handed_ends e = handed_ends();
	struct maar_ipc_message m;
	void *payload[HANDED_SLOTS], *more;
	int64_t before = pace_now();
	int i;

	unit_eq(maar_handed_take(e.b, &m, HANDED_SOON), 0);
	unit_must(pace_now() - before >= HANDED_SOON);
	for (i = 0; i < HANDED_SLOTS; i++)
		unit_eq(maar_handed_loan(e.a, 1, &payload[i], HANDED_SOON), 1);
	before = pace_now();
	unit_eq(maar_handed_loan(e.a, 1, &more, HANDED_SOON), 0);
	unit_eq(maar_handed_send(e.a, "", 1, NULL, HANDED_SOON), 0);
	unit_must(pace_now() - before >= 2 * HANDED_SOON);
	unit_eq(maar_handed_take(e.b, &m, 1), 0);
	for (i = 0; i < HANDED_SLOTS; i++)
		unit_eq(maar_handed_discard(e.a, payload[i]), 0);
	handed_leave_both(&e);
}
END_TEST

#define STREAM 4000

static void *sends_stream(void *arg)
{
	for (uint64_t n = 0; n < STREAM; n++) {
		const struct maar_ipc_tags tags = { .sequence = n, .type = 7 };

		unit_eq(maar_handed_send(arg, &n, sizeof(n), &tags, MAAR_FOREVER), 1);
	}
	unit_eq(maar_handed_close(arg), 0);
	return NULL;
}

/* Few slots: both sleep, and wake each other, all the time. */
START_TEST(sleepers_wake_each_other)
{
	struct maar_handed_options options = handed_small();
	struct maar_handed_stats stats;
	struct handed_ends e;
	unsigned char data[HANDED_BYTES];
	struct maar_ipc_message m;
	pthread_t other;
	uint64_t n;

	options.event_flags = _i % 2 ? MAAR_EVENT_NO_SPIN : 0;
	options.slots = _i / 2 ? 1 : 8;
	e = handed_ends_of(SOCK_STREAM, &options, &options);
	other = unit_thread(sends_stream, e.a);
	for (n = 0; n < STREAM; n++) {
		unit_eq(maar_handed_receive(e.b, data, sizeof(data), &m, MAAR_FOREVER), 1);
		unit_must(m.sequence == n && memcmp(data, &n, sizeof(n)) == 0);
	}
	unit_eq(maar_handed_take(e.b, &m, MAAR_FOREVER), -EPIPE);
	unit_join(other);
	unit_eq(maar_handed_stats(e.b, &stats), 0);
	unit_must(stats.taken == STREAM && stats.peer_closed && !stats.gone);
	handed_leave_both(&e);
}
END_TEST

START_TEST(close_and_leave)
{
	struct handed_ends e = handed_ends();
	struct maar_ipc_message m;
	void *payload, *late;

	send_number(e.a, 1);
	send_number(e.a, 2);
	unit_eq(maar_handed_loan(e.a, 1, &late, 0), 1);
	unit_eq(maar_handed_close(e.a), 0);
	unit_eq(maar_handed_close(e.a), 0);
	unit_eq(maar_handed_loan(e.a, 1, &payload, 0), -EPIPE);
	unit_eq(maar_handed_send(e.a, "", 1, NULL, 0), -EPIPE);
	unit_eq(maar_handed_publish(e.a, late, 1, NULL), -EPIPE);
	unit_eq(maar_handed_discard(e.a, late), 0);
	takes_number(e.b, 1);
	unit_eq(maar_handed_drain(e.b, NULL, NULL), 1);
	unit_eq(maar_handed_drain(e.b, NULL, NULL), 0);
	unit_eq(maar_handed_take(e.b, &m, MAAR_FOREVER), -EPIPE);
	/* The other way is open. */
	send_number(e.b, 3);
	takes_number(e.a, 3);
	send_number(e.b, 4);
	unit_eq(maar_handed_alive(e.a), 1);
	unit_eq(maar_handed_leave(e.b), 0);
	unit_eq(maar_handed_alive(e.a), 0);
	takes_number(e.a, 4);
	unit_eq(maar_handed_take(e.a, &m, MAAR_FOREVER), -EPIPE);
	unit_eq(maar_handed_leave(e.a), 0);
}
END_TEST

/* Whoever sends finds it when it would have to wait; from then on at once. */
START_TEST(peer_gone)
{
	struct handed_ends e = handed_ends();
	struct maar_handed_stats stats;
	int i;

	unit_eq(maar_handed_leave(e.b), 0);
	for (i = 0; i < HANDED_SLOTS; i++)
		send_number(e.a, 1);
	unit_eq(maar_handed_send(e.a, "", 1, NULL, MAAR_FOREVER), -EPIPE);
	unit_eq(maar_handed_send(e.a, "", 1, NULL, 0), -EPIPE);
	unit_eq(maar_handed_stats(e.a, &stats), 0);
	unit_must(stats.gone && stats.peer_closed && !stats.broken);
	unit_eq(maar_handed_leave(e.a), 0);
}
END_TEST

/* One who never waits finds it too. */
START_TEST(poller_finds_death)
{
	struct handed_ends e = handed_ends();
	struct maar_ipc_message m;
	unsigned looks = 0;
	int got;

	send_number(e.b, 5);
	maar__handed_hang_up(e.b);
	takes_number(e.a, 5);
	while ((got = maar_handed_take(e.a, &m, 0)) == 0)
		unit_must(++looks < 1000);
	unit_eq(got, -ECONNRESET);
	unit_eq(maar_handed_drain(e.a, NULL, NULL), -ECONNRESET);
	unit_eq(maar_handed_send(e.a, "", 1, NULL, 0), -ECONNRESET);
	handed_leave_both(&e);
}
END_TEST

/* ---- the descriptor ---- */

START_TEST(descriptor)
{
	struct handed_ends e = handed_ends();
	struct maar_handed_stats stats;
	const int fd = maar_handed_fd(e.b);

	unit_must(fd >= 0);
	unit_eq(maar_handed_fd(e.b), fd);
	send_number(e.a, 1);
	unit_must(!handed_readable(fd));
	unit_eq(maar_handed_arm(e.b), 1);
	unit_must(handed_readable(fd));
	unit_eq(maar_handed_disarm(e.b), 0);
	unit_must(!handed_readable(fd));
	takes_number(e.b, 1);
	unit_eq(maar_handed_stats(e.a, &stats), 0);
	unit_eq(stats.wakes, 0); /* it was never armed when one was sent */
	unit_eq(maar_handed_arm(e.b), 0);
	unit_must(!handed_readable(fd));
	send_number(e.a, 2);
	unit_must(handed_readable(fd));
	send_number(e.a, 3);
	takes_number(e.b, 2);
	unit_must(handed_readable(fd));
	unit_eq(maar_handed_stats(e.a, &stats), 0);
	unit_eq(stats.wakes, 1); /* one for both */
	unit_eq(maar_handed_disarm(e.b), 0);
	unit_must(!handed_readable(fd));
	unit_eq(maar_handed_arm(e.b), 1);
	unit_must(handed_readable(fd));
	unit_eq(maar_handed_disarm(e.b), 0);
	takes_number(e.b, 3);
	unit_eq(maar_handed_arm(e.b), 0);
	if (_i == 0)
		unit_eq(maar_handed_close(e.a), 0);
	else
		maar__handed_hang_up(e.a);
	unit_must(handed_readable(fd));
	unit_eq(maar_handed_disarm(e.b), 0);
	unit_eq(maar_handed_take(e.b, &(struct maar_ipc_message){ .slot = 0 }, 0), _i ? -ECONNRESET : -EPIPE);
	unit_eq(maar_handed_arm(e.b), 1);
	handed_leave_both(&e);
}
END_TEST

static void *sends_stream_for_poll(void *arg)
{
	for (uint64_t n = 0; n < STREAM; n++)
		unit_eq(maar_handed_send(arg, &n, sizeof(n), NULL, MAAR_FOREVER), 1);
	unit_eq(maar_handed_close(arg), 0);
	return NULL;
}

START_TEST(polled)
{
	struct handed_ends e = handed_ends();
	const pthread_t other = unit_thread(sends_stream_for_poll, e.a);
	struct pollfd p = { .fd = maar_handed_fd(e.b), .events = POLLIN };
	struct maar_ipc_message m;
	uint64_t n = 0;
	int got;

	for (;;) {
		while ((got = maar_handed_take(e.b, &m, 0)) > 0) {
			unit_must(memcmp(m.payload, &n, sizeof(n)) == 0);
			unit_eq(maar_handed_release(e.b, &m), 0);
			n++;
		}
		if (got < 0)
			break;
		if (!maar_handed_arm(e.b))
			unit_eq(poll(&p, 1, -1), 1);
		unit_eq(maar_handed_disarm(e.b), 0);
	}
	unit_eq(got, -EPIPE);
	unit_eq(n, STREAM);
	unit_join(other);
	handed_leave_both(&e);
}
END_TEST

/* ---- fork ---- */

START_TEST(child_has_nothing)
{
	struct handed_ends e = handed_ends();
	struct maar_ipc_message m, had;
	struct maar_handed_stats stats;
	struct maar_handed_peer peer;
	char room[HANDED_BYTES];
	void *payload, *mine;
	int status;
	pid_t pid;

	send_number(e.a, 1);
	unit_must(maar_handed_fd(e.a) >= 0);
	unit_eq(maar_handed_loan(e.a, 1, &payload, 0), 1);
	unit_eq(maar_handed_take(e.b, &had, 0), 1);
	pid = fork();
	unit_must(pid >= 0);
	if (pid == 0) {
		const bool right =
			maar_handed_loan(e.a, 1, &mine, 0) == -ECHILD && maar_handed_take(e.a, &m, 0) == -ECHILD &&
			maar_handed_publish(e.a, payload, 1, NULL) == -ECHILD &&
			maar_handed_discard(e.a, payload) == -ECHILD && maar_handed_release(e.b, &had) == -ECHILD &&
			maar_handed_send(e.a, room, 1, NULL, 0) == -ECHILD && maar_handed_close(e.a) == -ECHILD &&
			maar_handed_receive(e.a, room, sizeof(room), NULL, 0) == -ECHILD &&
			maar_handed_drain(e.a, NULL, NULL) == -ECHILD && maar_handed_fd(e.a) == -ECHILD &&
			maar_handed_arm(e.a) == -ECHILD && maar_handed_disarm(e.a) == -ECHILD &&
			maar_handed_alive(e.a) == -ECHILD && maar_handed_stats(e.a, &stats) == -ECHILD &&
			maar_handed_peer(e.a, &peer) == 0 && maar_handed_leave(e.a) == 0 && maar_handed_leave(e.b) == 0;

		_exit(right ? 0 : 1);
	}
	unit_eq(waitpid(pid, &status, 0), pid);
	unit_must(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	unit_eq(maar_handed_alive(e.a), 1);
	unit_eq(maar_handed_publish(e.a, payload, 1, NULL), 1);
	unit_eq(maar_handed_release(e.b, &had), 0);
	unit_eq(maar_handed_drain(e.b, NULL, NULL), 1);
	handed_leave_both(&e);
}
END_TEST

/* ---- joins that fail ---- */

static int join_error(int socket, const struct maar_handed_options *options, int64_t timeout_ns)
{
	errno = 0;
	unit_must(!maar_handed_join(socket, options, timeout_ns));
	return errno;
}

START_TEST(wrong_options)
{
	const struct maar_handed_options wrong[] = { { .bytes = MAAR_IPC_MAX_BYTES + 1 },
						     { .slots = MAAR_HANDED_MAX_SLOTS + 1 },
						     { .event_flags = MAAR_EVENT_SHARED },
						     { .who = MAAR_HANDED_ANYBODY + 1 },
						     { .reserved = { 1 } },
						     { .reserved = { 0, 0, 0, 1 } } };
	int sockets[2], pipes[2], inet, alone;
	unsigned i;

	handed_sockets(SOCK_STREAM, sockets);
	for (i = 0; i < COUNT_OF(wrong); i++)
		unit_eq(join_error(sockets[0], &wrong[i], 0), EINVAL);
	unit_eq(join_error(-1, NULL, 0), EBADF);
	unit_eq(pipe(pipes), 0);
	unit_eq(join_error(pipes[0], NULL, 0), ENOTSOCK);
	inet = socket(AF_INET, SOCK_STREAM, 0);
	if (inet >= 0)
		unit_eq(join_error(inet, NULL, 0), EINVAL);
	close(inet);
	alone = socket(AF_UNIX, SOCK_SEQPACKET, 0);
	unit_eq(join_error(alone, NULL, 0), ENOTCONN);
	unit_eq(join_error(sockets[0], NULL, 0), ETIMEDOUT);
	close(alone);
	close(pipes[0]);
	close(pipes[1]);
	close(sockets[0]);
	close(sockets[1]);
	handed_sockets(SOCK_DGRAM, sockets);
	unit_eq(join_error(sockets[0], NULL, 0), EINVAL);
	close(sockets[0]);
	close(sockets[1]);
}
END_TEST

static int asked;

static int says(void *arg, const struct maar_handed_peer *peer)
{
	unit_must(peer->pid == getpid() && peer->uid == geteuid());
	asked++;
	return *(int *)arg;
}

START_TEST(whom_it_accepts)
{
	int answer = -ECANCELED, sockets[2];
	struct maar_handed_options o = { .who = MAAR_HANDED_ONE_USER, .uid = geteuid() + 1 }, other = { .bytes = 1 };
	struct handed_ends e;

	handed_sockets(SOCK_STREAM, sockets);
	o.accept = says;
	o.arg = &answer;
	unit_eq(join_error(sockets[0], &o, 0), EACCES);
	unit_eq(asked, 0);
	o.uid = geteuid();
	unit_eq(join_error(sockets[0], &o, 0), ECANCELED);
	o.who = MAAR_HANDED_SAME_USER;
	unit_eq(join_error(sockets[0], &o, 0), ECANCELED);
	o.who = MAAR_HANDED_ANYBODY;
	unit_eq(join_error(sockets[0], &o, 0), ECANCELED);
	unit_eq(asked, 3);
	close(sockets[0]);
	close(sockets[1]);
	answer = 0;
	e = handed_ends_of(SOCK_STREAM, &o, &other);
	unit_eq(asked, 4);
	handed_leave_both(&e);
}
END_TEST

/* With a peer that has said all it has to say, and reads nothing. */
static int join_scripted(const struct handed_script *s, const struct maar_handed_options *options)
{
	struct maar_handed *h;
	int sockets[2], rc = 0;

	handed_sockets(SOCK_SEQPACKET, sockets);
	handed_say_hello(s, sockets[1], 1);
	handed_say_hello(s, sockets[1], 2);
	h = maar_handed_join(sockets[0], options, MAAR_FOREVER);
	rc = h ? 0 : -errno;
	if (h) {
		rc = maar_handed_fd(h);
		rc = rc < 0 ? rc : 0;
	}
	unit_eq(maar_handed_leave(h), 0);
	if (!h)
		close(sockets[0]);
	close(sockets[1]);
	return rc;
}

START_TEST(limits)
{
	struct maar_handed_options o = handed_small();
	struct rlimit before, now;
	struct handed_script s = handed_script();
	int sockets[2], i, last;

	o.most_mapped = s.shape.bytes - 1;
	unit_eq(join_scripted(&s, &o), -EFBIG);
	o.most_mapped = s.shape.bytes;
	unit_eq(join_scripted(&s, &o), 0);
	/* A file so long is not allowed, and nobody is killed for it. */
	unit_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
	handed_sockets(SOCK_STREAM, sockets);
	handed_say_hello(&s, sockets[1], 1);
	now = before;
	now.rlim_cur = 4096;
	unit_eq(setrlimit(RLIMIT_FSIZE, &now), 0);
	unit_eq(join_error(sockets[0], &o, 0), EFBIG);
	unit_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
	close(sockets[0]);
	close(sockets[1]);
	/* With ever more descriptors to be had, until it joins. Memory, two of a pair, and two that come. */
	unit_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
	for (i = 0; i < 10; i++) {
		struct maar_handed *h;
		struct unit_size size;

		handed_sockets(SOCK_STREAM, sockets);
		handed_say_hello(&s, sockets[1], 1);
		handed_say_hello(&s, sockets[1], 2);
		last = dup(sockets[1]);
		close(last);
		size = unit_size();
		now = before;
		now.rlim_cur = (rlim_t)(last + i);
		unit_eq(setrlimit(RLIMIT_NOFILE, &now), 0);
		h = maar_handed_join(sockets[0], &o, 0);
		last = errno;
		unit_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
		if (!h) {
			unit_eq(last, EMFILE);
			unit_eq(unit_size().fds, size.fds);
			close(sockets[0]);
		}
		unit_eq(maar_handed_leave(h), 0);
		close(sockets[1]);
		if (h)
			break;
	}
	unit_must(i >= 3 && i < 10);
	handed_script_end(&s);
}
END_TEST

static int scenario(void *arg)
{
	const struct maar_handed_options o = handed_small();

	return join_scripted(arg, &o);
}

START_TEST(each_fault)
{
	struct handed_script s = handed_script();

	unit_must(FAULTS_RUN(scenario, &s, FAULTS_REFUSES) >= 12);
	handed_script_end(&s);
}
END_TEST

/* The caller may have asked for more than descriptors. */
START_TEST(socket_with_options)
{
	struct maar_handed_options o = handed_small();
	struct handed_script s = handed_script();
	const struct unit_size before = unit_size();
	struct maar_handed *h;
	int sockets[2], on = 1;

	handed_sockets(SOCK_STREAM, sockets);
	unit_eq(setsockopt(sockets[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)), 0);
	(void)setsockopt(sockets[0], SOL_SOCKET, 76 /* SO_PASSPIDFD, Linux 6.5 */, &on, sizeof(on));
	handed_say_hello(&s, sockets[1], 1);
	handed_say_hello(&s, sockets[1], 2);
	h = maar_handed_join(sockets[0], &o, 0);
	ck_assert_msg(h != NULL, "%s", strerror(errno));
	unit_eq(maar_handed_leave(h), 0);
	close(sockets[1]);
	unit_eq(unit_size().fds, before.fds);
	handed_script_end(&s);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("handed");
	TCase *tcase = unit_tcase(suite, "calls");

	tcase_add_loop_test(tcase, messages_both_ways, 0, 2);
	tcase_add_test(tcase, in_place_and_in_any_order);
	tcase_add_test(tcase, sizes);
	tcase_add_test(tcase, wrong_arguments);
	tcase_add_test(tcase, time_outs);
	tcase_add_loop_test(tcase, sleepers_wake_each_other, 0, 4);
	tcase_add_test(tcase, close_and_leave);
	tcase_add_test(tcase, peer_gone);
	tcase_add_test(tcase, poller_finds_death);
	tcase_add_loop_test(tcase, descriptor, 0, 2);
	tcase_add_test(tcase, polled);
	tcase_add_test(tcase, child_has_nothing);
	tcase = unit_tcase(suite, "joins that fail");
	tcase_add_test(tcase, wrong_options);
	tcase_add_test(tcase, whom_it_accepts);
	tcase_add_test(tcase, limits);
	tcase_add_test(tcase, each_fault);
	tcase_add_test(tcase, socket_with_options);
	return suite;
}
