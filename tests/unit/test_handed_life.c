/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Handed-over queues between two processes: many messages both ways, and what one finds of the other that was killed at random, at each
 * access of each of its calls, or stopped. src/ipc/handed_flow.c is part of this program, and each access of it is a point.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#include "handeds.h"

#include <signal.h>
#include <sys/un.h>
#include <sys/wait.h>

/* ---- points ---- */

static unsigned long points_left; /* 0: none is waited for */

void shared_point(void)
{
	if (points_left && --points_left == 0)
		kill(getpid(), SIGKILL);
}

/* ---- children ---- */

struct other {
	pid_t pid;
	struct maar_handed *h; /* the parent's side */
};

/* A child that joins and runs that; both are joined when it returns. */
static struct other other_of(void (*run)(struct maar_handed *h, uint64_t arg), uint64_t arg,
			     const struct maar_handed_options *options)
{
	struct other o;
	int sockets[2];

	handed_sockets(SOCK_SEQPACKET, sockets);
	o.pid = fork();
	unit_must(o.pid >= 0);
	if (o.pid == 0) {
		struct maar_handed *h;

		close(sockets[0]);
		h = maar_handed_join(sockets[1], options, MAAR_FOREVER);
		if (!h)
			_exit(2);
		run(h, arg);
		_exit(0);
	}
	close(sockets[1]);
	o.h = maar_handed_join(sockets[0], options, MAAR_FOREVER);
	ck_assert_msg(o.h != NULL, "not joined: %s", strerror(errno));
	return o;
}

static int ends_as(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		unit_eq(errno, EINTR);
	return WIFSIGNALED(status) ? WTERMSIG(status) : -WEXITSTATUS(status);
}

/* ---- many, both ways ---- */

#define MANY UINT64_C(200000)

/* Numbers out and in, as they can go; whoever can do neither sleeps. */
static bool exchange(struct maar_handed *h, uint64_t many)
{
	unsigned char data[HANDED_BYTES] = { 0 };
	uint64_t out = 0, in = 0, got;
	struct maar_ipc_message m;

	while (out < many || in < many) {
		bool moved = false;
		int rc;

		if (out < many) {
			const struct maar_ipc_tags tags = { .sequence = out };

			memcpy(data, &out, sizeof(out));
			rc = maar_handed_send(h, data, 8 + (size_t)out % (HANDED_BYTES - 7), &tags, 0);
			if (rc < 0)
				return false;
			out += (uint64_t)rc;
			moved = rc > 0;
		}
		/* With nothing to send it waits; with something, only if there was no room for it. */
		if (in >= many && !moved) {
			void *payload;

			rc = maar_handed_loan(h, 1, &payload, MAAR_FOREVER);
			if (rc < 0 || maar_handed_discard(h, payload))
				return false;
		}
		if (in >= many)
			continue;
		rc = maar_handed_take(h, &m, moved ? 0 : MAAR_FOREVER);
		if (rc < 0)
			return false;
		if (rc == 0)
			continue;
		memcpy(&got, m.payload, sizeof(got));
		if (got != in || m.sequence != in || m.bytes != 8 + in % (HANDED_BYTES - 7) ||
		    maar_handed_release(h, &m))
			return false;
		in++;
	}
	return true;
}

static void exchanges(struct maar_handed *h, uint64_t many)
{
	_exit(exchange(h, many) && maar_handed_leave(h) == 0 ? 0 : 1);
}

START_TEST(many_both_ways)
{
	const struct maar_handed_options o = { .bytes = HANDED_BYTES, .slots = 1024 };
	struct other other = other_of(exchanges, MANY, &o);
	struct maar_handed_stats stats;

	unit_must(exchange(other.h, MANY));
	unit_eq(maar_handed_stats(other.h, &stats), 0);
	unit_eq(stats.published, MANY);
	unit_eq(stats.taken, MANY);
	unit_note("%u system calls to wake for %u messages", (unsigned)stats.wakes, (unsigned)(2 * MANY));
	unit_eq(ends_as(other.pid), 0);
	unit_eq(maar_handed_take(other.h, &(struct maar_ipc_message){ .slot = 0 }, MAAR_FOREVER), -EPIPE);
	unit_eq(maar_handed_leave(other.h), 0);
}
END_TEST

/* As programs do it: one listens, the other connects, and each finds who the other is. */
START_TEST(listen_and_connect)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	const socklen_t bytes = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 20);
	const int door = socket(AF_UNIX, (_i ? SOCK_STREAM : SOCK_SEQPACKET) | SOCK_CLOEXEC, 0);
	struct maar_handed_peer peer;
	char data[MAAR_HANDED_BYTES];
	struct maar_handed *h;
	int visitor;
	pid_t pid;

	(void)snprintf(name.sun_path + 1, 20, "maar-test-%08d", (int)getpid());
	unit_eq(bind(door, (struct sockaddr *)&name, bytes), 0);
	unit_eq(listen(door, 1), 0);
	pid = fork();
	unit_must(pid >= 0);
	if (pid == 0) {
		const int fd = socket(AF_UNIX, (_i ? SOCK_STREAM : SOCK_SEQPACKET) | SOCK_CLOEXEC, 0);

		if (connect(fd, (struct sockaddr *)&name, bytes))
			_exit(3);
		h = maar_handed_join(fd, NULL, MAAR_FOREVER);
		_exit(!h || maar_handed_peer(h, &peer) || peer.pid != getppid() ||
		      maar_handed_receive(h, data, sizeof(data), NULL, MAAR_FOREVER) != 1 ||
		      strcmp(data, "hello") != 0 || maar_handed_send(h, "good bye", 9, NULL, MAAR_FOREVER) != 1 ||
		      maar_handed_leave(h));
	}
	visitor = accept(door, NULL, NULL);
	h = maar_handed_join(visitor, NULL, MAAR_FOREVER);
	unit_must(h);
	unit_eq(maar_handed_peer(h, &peer), 0);
	unit_must(peer.pid == pid && peer.uid == geteuid());
	unit_eq(maar_handed_send(h, "hello", 6, NULL, 0), 1);
	unit_eq(ends_as(pid), 0); /* it has left; what it sent is here */
	unit_eq(maar_handed_receive(h, data, sizeof(data), NULL, MAAR_FOREVER), 1);
	ck_assert_str_eq(data, "good bye");
	unit_eq(maar_handed_receive(h, data, sizeof(data), NULL, MAAR_FOREVER), -EPIPE);
	unit_eq(maar_handed_leave(h), 0);
	close(door);
}
END_TEST

/* ---- killed at random ---- */

#define KILLS (UNIT_SANITIZED ? 40 : 100)

static void sends_and_takes(struct maar_handed *h, uint64_t none)
{
	struct maar_ipc_message m;
	uint64_t n;

	(void)none;
	for (n = 0;; n++) {
		if (maar_handed_send(h, &n, sizeof(n), NULL, MAAR_FOREVER) != 1)
			_exit(1);
		if (maar_handed_take(h, &m, 0) == 1)
			maar_handed_release(h, &m);
	}
}

/* All that it has published is there, in order, and nothing else; then the end, at once. */
static uint64_t rest_of(struct maar_handed *h, uint64_t n)
{
	struct maar_ipc_message m;
	struct maar_handed_stats stats;
	int got;

	while ((got = maar_handed_take(h, &m, MAAR_FOREVER)) == 1) {
		unit_must(m.bytes == sizeof(n) && memcmp(m.payload, &n, sizeof(n)) == 0);
		unit_eq(maar_handed_release(h, &m), 0);
		n++;
	}
	unit_eq(got, -ECONNRESET);
	unit_eq(maar_handed_stats(h, &stats), 0);
	unit_must(stats.arrived == n && stats.taken == n && stats.gone && !stats.broken);
	/* Also for a producer, whether or not there are slots. */
	unit_eq(maar_handed_send(h, "x", 1, NULL, MAAR_FOREVER), -ECONNRESET);
	unit_eq(maar_handed_alive(h), 0);
	return n;
}

START_TEST(killed_at_random)
{
	const struct maar_handed_options o = { .bytes = 8, .slots = 16 };
	struct unit_rng rng = unit_rng(77);
	const struct unit_size before = unit_size();
	uint64_t all = 0;
	int kills;

	for (kills = 0; kills < KILLS; kills++) {
		struct other other = other_of(sends_and_takes, 0, &o);
		const uint64_t until = unit_random_below(&rng, 400);
		struct maar_ipc_message m;
		uint64_t n;

		for (n = 0; n < until; n++) {
			unit_eq(maar_handed_take(other.h, &m, MAAR_FOREVER), 1);
			unit_must(memcmp(m.payload, &n, sizeof(n)) == 0);
			unit_eq(maar_handed_release(other.h, &m), 0);
			unit_must(maar_handed_send(other.h, &n, sizeof(n), NULL, 0) >= 0);
		}
		unit_eq(kill(other.pid, SIGKILL), 0);
		if (kills % 2)
			unit_eq(ends_as(other.pid), SIGKILL);
		all += rest_of(other.h, n);
		if (kills % 2 == 0)
			unit_eq(ends_as(other.pid), SIGKILL);
		unit_eq(maar_handed_leave(other.h), 0);
	}
	unit_eq(unit_size().fds, before.fds);
	unit_note("%d kills, %u messages", KILLS, (unsigned)all);
}
END_TEST

/* ---- killed at each point ---- */

enum call { SENDS, LOANS, TAKES, RECEIVES, RELEASES, ARMS, CLOSES, LEAVES, CALLS };
static const char *const names[] = { "send", "loan", "take", "receive", "release", "arm", "close", "leave" };

#define MOST_POINTS 200

/* Before its last call it has sent two, and has one in hand. */
static void dies_in(struct maar_handed *h, uint64_t arg)
{
	const enum call call = (enum call)(arg / MOST_POINTS);
	unsigned char data[HANDED_BYTES];
	struct maar_ipc_message m, second;
	void *payload;
	uint64_t n;

	for (n = 0; n < 2; n++)
		(void)maar_handed_send(h, &n, sizeof(n), NULL, 0);
	(void)maar_handed_take(h, &m, MAAR_FOREVER);
	(void)maar_handed_fd(h);
	points_left = arg % MOST_POINTS;
	switch (call) {
	case SENDS:
		(void)maar_handed_send(h, &n, sizeof(n), NULL, MAAR_FOREVER);
		break;
	case LOANS:
		(void)maar_handed_loan(h, 1, &payload, MAAR_FOREVER);
		break;
	case TAKES:
		(void)maar_handed_take(h, &second, 0);
		break;
	case RECEIVES:
		(void)maar_handed_receive(h, data, sizeof(data), NULL, 0);
		break;
	case RELEASES:
		(void)maar_handed_release(h, &m);
		break;
	case ARMS:
		(void)maar_handed_arm(h);
		(void)maar_handed_disarm(h);
		break;
	case CLOSES:
		(void)maar_handed_close(h);
		break;
	default:
		(void)maar_handed_release(h, &m);
		(void)maar_handed_leave(h);
		break;
	}
	points_left = 0;
	_exit(0); /* it has no so many points; h, if it was not left, ends with it */
}

/* What the one who is left finds: two or three messages, and the end. True: it was killed at a point of the call. */
static bool outlives(enum call call, unsigned point)
{
	const struct maar_handed_options small = handed_small();
	struct other other = other_of(dies_in, (uint64_t)call * MOST_POINTS + point, &small);
	uint64_t n = 0, got;
	struct maar_ipc_message m;
	int rc, how;

	/* One for it to have, and one to come. */
	unit_eq(maar_handed_send(other.h, "one", 4, NULL, 0), 1);
	unit_eq(maar_handed_send(other.h, "two", 4, NULL, 0), 1);
	while ((rc = maar_handed_take(other.h, &m, MAAR_FOREVER)) == 1) {
		memcpy(&got, m.payload, sizeof(got));
		unit_must(m.bytes == sizeof(n) && got == n);
		unit_eq(maar_handed_release(other.h, &m), 0);
		n++;
	}
	how = ends_as(other.pid);
	unit_must(how == SIGKILL || how == 0);
	unit_must(n == 2 || (n == 3 && call == SENDS));
	unit_must(rc == -ECONNRESET || (rc == -EPIPE && (call == CLOSES || call == LEAVES)));
	unit_must(how == SIGKILL || call != SENDS || n == 3);
	/* With what it had not given back, this side's slots run out: it does not wait for them. */
	for (n = 0; n <= HANDED_SLOTS; n++)
		rc = maar_handed_send(other.h, "x", 1, NULL, MAAR_FOREVER);
	unit_must(rc == -ECONNRESET || rc == -EPIPE);
	unit_eq(maar_handed_leave(other.h), 0);
	return how == SIGKILL;
}

START_TEST(killed_at_each_point)
{
	unsigned point = 1;

	while (outlives((enum call)_i, point))
		unit_must(++point < MOST_POINTS);
	unit_note("%s: %u points", names[_i], point - 1);
	unit_must(point > 1);
}
END_TEST

/* ---- found by sleepers, and not found of the stopped ---- */

static void only_waits(struct maar_handed *h, uint64_t none)
{
	(void)none;
	unit_eq(maar_handed_send(h, "x", 1, NULL, 0), 1);
	for (;;)
		pause();
}

struct sleeper {
	struct maar_handed *h;
	int taken, sent;
};

static void *waits_for_slots(void *arg)
{
	struct sleeper *s = arg;

	do
		s->sent = maar_handed_send(s->h, "x", 1, NULL, MAAR_FOREVER);
	while (s->sent == 1);
	return NULL;
}

/* Both of its threads, one for messages, one for slots. */
START_TEST(sleepers_find_death)
{
	struct maar_handed_options o = handed_small();
	struct other other;
	struct sleeper s;
	pthread_t thread;
	char data[HANDED_BYTES];
	int i;

	for (i = 0; i < 10; i++) {
		o.event_flags = i % 2 ? MAAR_EVENT_NO_SPIN : 0;
		other = other_of(only_waits, 0, &o);
		s.h = other.h;
		thread = unit_thread(waits_for_slots, &s);
		unit_eq(maar_handed_receive(other.h, data, sizeof(data), NULL, MAAR_FOREVER), 1);
		if (i / 2 % 2) /* half of the times it is asleep by then */
			unit_eq(maar_handed_receive(other.h, data, sizeof(data), NULL, HANDED_SOON), 0);
		unit_eq(kill(other.pid, SIGKILL), 0);
		unit_eq(maar_handed_receive(other.h, data, sizeof(data), NULL, MAAR_FOREVER), -ECONNRESET);
		unit_join(thread);
		unit_eq(s.sent, -ECONNRESET);
		unit_eq(ends_as(other.pid), SIGKILL);
		unit_eq(maar_handed_leave(other.h), 0);
	}
}
END_TEST

static void echoes(struct maar_handed *h, uint64_t none)
{
	char data[HANDED_BYTES];
	struct maar_ipc_message m;

	(void)none;
	while (maar_handed_receive(h, data, sizeof(data), &m, MAAR_FOREVER) == 1)
		if (maar_handed_send(h, data, (size_t)m.bytes, NULL, MAAR_FOREVER) != 1)
			_exit(1);
	_exit(maar_handed_leave(h));
}

START_TEST(stopped)
{
	const struct maar_handed_options small = handed_small();
	struct other other = other_of(echoes, 0, &small);
	char data[HANDED_BYTES];
	int status, i, n;

	for (i = 0; i < 20; i++) {
		if (i % 2)
			unit_eq(maar_handed_send(other.h, "x", 1, NULL, MAAR_FOREVER), 1);
		unit_eq(kill(other.pid, SIGSTOP), 0);
		unit_eq(waitpid(other.pid, &status, WUNTRACED), other.pid);
		unit_must(WIFSTOPPED(status));
		for (n = i % 2; maar_handed_send(other.h, "x", 1, NULL, n == HANDED_SLOTS ? HANDED_SOON : 0) == 1; n++)
			;
		while (n && maar_handed_receive(other.h, data, sizeof(data), NULL, HANDED_SOON) == 1)
			n--; /* before it was stopped */
		unit_eq(maar_handed_alive(other.h), 1);
		unit_eq(maar_handed_receive(other.h, data, sizeof(data), NULL, HANDED_SOON), 0);
		unit_eq(kill(other.pid, SIGCONT), 0);
		for (; n; n--)
			unit_eq(maar_handed_receive(other.h, data, sizeof(data), NULL, MAAR_FOREVER), 1);
	}
	unit_eq(maar_handed_close(other.h), 0);
	unit_eq(ends_as(other.pid), 0);
	unit_eq(maar_handed_receive(other.h, data, sizeof(data), NULL, MAAR_FOREVER), -EPIPE);
	unit_eq(maar_handed_leave(other.h), 0);
}
END_TEST

/* Its own child does not keep it alive; nor does the program that a child runs. */
static void has_a_child(struct maar_handed *h, uint64_t none)
{
	const pid_t pid = fork();

	(void)none;
	if (pid == 0) {
		for (;;)
			pause();
	}
	(void)maar_handed_send(h, &pid, sizeof(pid), NULL, MAAR_FOREVER);
	for (;;)
		pause();
}

START_TEST(child_of_the_dead)
{
	const struct maar_handed_options small = handed_small();
	struct other other = other_of(has_a_child, 0, &small);
	char data[HANDED_BYTES];
	pid_t child;

	unit_eq(maar_handed_receive(other.h, data, sizeof(data), NULL, MAAR_FOREVER), 1);
	memcpy(&child, data, sizeof(child));
	unit_eq(kill(other.pid, SIGKILL), 0);
	unit_eq(maar_handed_receive(other.h, data, sizeof(data), NULL, MAAR_FOREVER), -ECONNRESET);
	unit_eq(ends_as(other.pid), SIGKILL);
	unit_eq(kill(child, SIGKILL), 0);
	unit_eq(maar_handed_leave(other.h), 0);
}
END_TEST

/* ---- signals ---- */

static void on_signal(int number)
{
	(void)number;
}

static void *interrupts(void *arg)
{
	const pthread_t *whom = arg;

	for (int i = 0; i < 200; i++) {
		pthread_kill(*whom, SIGUSR1);
		pace_yield();
	}
	return NULL;
}

/* EINTR is no answer. */
START_TEST(interrupted)
{
	const struct maar_handed_options o = { .bytes = HANDED_BYTES, .slots = 2, .event_flags = MAAR_EVENT_NO_SPIN };
	struct sigaction action = { .sa_handler = on_signal };
	struct other other = other_of(echoes, 0, &o);
	pthread_t me = pthread_self(), thread;
	char data[HANDED_BYTES];
	int i;

	unit_eq(sigaction(SIGUSR1, &action, NULL), 0);
	thread = unit_thread(interrupts, &me);
	for (i = 0; i < 200; i++) {
		unit_eq(maar_handed_receive(other.h, data, sizeof(data), NULL, i % 10 ? 0 : HANDED_SOON), 0);
		unit_eq(maar_handed_send(other.h, "x", 1, NULL, MAAR_FOREVER), 1);
		unit_eq(maar_handed_receive(other.h, data, sizeof(data), NULL, MAAR_FOREVER), 1);
	}
	unit_join(thread);
	unit_eq(maar_handed_close(other.h), 0);
	unit_eq(ends_as(other.pid), 0);
	unit_eq(maar_handed_leave(other.h), 0);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("handed, two processes");
	TCase *tcase = unit_tcase(suite, "messages");

	tcase_add_test(tcase, many_both_ways);
	tcase_add_loop_test(tcase, listen_and_connect, 0, 2);
	tcase_add_test(tcase, interrupted);
	tcase = unit_tcase(suite, "death");
	tcase_add_test(tcase, killed_at_random);
	tcase_add_loop_test(tcase, killed_at_each_point, 0, CALLS);
	tcase_add_test(tcase, sleepers_find_death);
	tcase_add_test(tcase, stopped);
	tcase_add_test(tcase, child_of_the_dead);
	return suite;
}
