/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The event count of <maar/event.h>: every call and answer, what enters the system and what does not, waiters in
 * numbers, closing, the descriptor. Waits in general go through a ring: test_wait.c.
 */
#include "common.h"

#ifndef MAAR_FAULTS
#error "compile with -DMAAR_FAULTS, as the library is, for maar__sleep_calls"
#endif
#include "../../src/base/sleep.h"

#include <maar/event.h>

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define MS INT64_C(1000000)

/* The parts of the word, as the picture in the header has them. */
#define WAITERS(e) ((unsigned)(maar_a_load(&(e)->word, RELAXED) & 0x3fffffff))
#define EPOCH(e)   ((uint32_t)(maar_a_load(&(e)->word, RELAXED) >> 32))

static uint32_t load(uint32_t *p)
{
	return maar_a_load(p, RELAXED);
}

static void until_asleep(struct maar_event *e, unsigned n, uint64_t calls)
{
	/* Announced, and inside the system or about to enter it. */
	while (WAITERS(e) < n || maar__sleep_calls() < calls + n)
		sched_yield();
}

/* ---- life ---- */

START_TEST(init)
{
	static struct maar_event e;
	char *inside = (char *)&e;

	unit_eq(maar_event_init(NULL, 0), -EINVAL);
	unit_eq(maar_event_init((struct maar_event *)(void *)(inside + 64), 0), -EINVAL);
	unit_eq(maar_event_init(&e, 4), -EINVAL);
	unit_eq(maar_event_init_layout(&e, 0, MAAR_EVENT_LAYOUT + 1), -EPROTO);
	memset(&e, 0xa5, sizeof(e));
	unit_eq(maar_event_init(&e, MAAR_EVENT_SHARED | MAAR_EVENT_NO_SPIN), 0);
	unit_eq(e.word, 0);
	unit_eq(maar_event_closed(&e), 0);
	maar_event_destroy(&e);
	maar_event_destroy(NULL);
}
END_TEST

/* ---- the steps ---- */

START_TEST(steps)
{
	static struct maar_event e; /* zero bytes are an event */
	uint64_t key;

	key = maar_event_prepare(&e);
	unit_eq(WAITERS(&e), 1);
	maar_event_cancel(&e, key);
	unit_eq(WAITERS(&e), 0);

	/* A notify in between: wait returns at once. */
	key = maar_event_prepare(&e);
	maar_event_notify_one(&e);
	unit_eq(maar_event_wait(&e, key, MAAR_FOREVER), 0);
	unit_eq(WAITERS(&e), 0);

	/* None: time runs out, also when it was out before. */
	key = maar_event_prepare(&e);
	unit_eq(maar_event_wait(&e, key, maar_event_deadline(MS)), -ETIMEDOUT);
	key = maar_event_prepare(&e);
	unit_eq(maar_event_wait(&e, key, 0), -ETIMEDOUT);
	unit_eq(WAITERS(&e), 0);

	/* Closed before, closed in between. */
	key = maar_event_prepare(&e);
	maar_event_close(&e);
	maar_event_close(&e);
	unit_eq(maar_event_closed(&e), 1);
	unit_eq(maar_event_wait(&e, key, MAAR_FOREVER), 0);
	key = maar_event_prepare(&e);
	unit_eq(maar_event_wait(&e, key, MAAR_FOREVER), -EPIPE);
	unit_eq(WAITERS(&e), 0);
}
END_TEST

START_TEST(deadlines)
{
	const int64_t now = maar__now();

	unit_eq(maar_event_deadline(-1), MAAR_FOREVER);
	unit_eq(maar_event_deadline(INT64_MIN), MAAR_FOREVER);
	unit_eq(maar_event_deadline(INT64_MAX), INT64_MAX);
	unit_must(maar_event_deadline(0) >= now);
	unit_must(maar_event_deadline(MS) >= now + MS);
}
END_TEST

/* A NULL event: nothing to wait for, nothing to do. (A debug build stops the program.) */
START_TEST(null)
{
	struct maar_waiting waiting;

	maar_event_notify_one(NULL);
	maar_event_notify_many(NULL, 2);
	maar_event_notify_all(NULL);
	maar_event_close(NULL);
	maar_event_fire(NULL);
	maar_event_disarm(NULL);
	maar_event_cancel(NULL, 0);
	unit_eq(maar_event_closed(NULL), 1);
	unit_eq(maar_event_prepare(NULL), 0);
	unit_eq(maar_event_wait(NULL, 0, MAAR_FOREVER), -EINVAL);
	unit_eq(maar_event_fd(NULL), -EINVAL);
	unit_eq(maar_event_arm(NULL), -EINVAL);
	unit_eq(maar_event_until(NULL, MAAR_FOREVER, 0), -EINVAL);
	unit_eq(maar_waiting_begin(&waiting, NULL, 0), -EINVAL);
	maar_waiting_end(&waiting);
}
END_TEST

/* ---- what enters the system ---- */

START_TEST(no_call_for_nobody)
{
	static struct maar_event e;
	const uint64_t calls = maar__sleep_calls();
	unsigned i;

	for (i = 0; i < 1000; i++) {
		maar_event_notify_one(&e);
		maar_event_notify_many(&e, 5);
		maar_event_notify_many(&e, 0);
		maar_event_notify_all(&e);
		maar_event_cancel(&e, maar_event_prepare(&e));
		unit_eq(maar_event_until(&e, MAAR_FOREVER, i < 2000), 0);
		unit_eq(maar_event_until(&e, 0, i > 2000), -ETIMEDOUT);
	}
	maar_event_close(&e);
	unit_eq(maar__sleep_calls(), calls);
	unit_eq(EPOCH(&e), 1); /* of close */
}
END_TEST

/* Waiters that leave after a notify has taken another's count: each leaves one behind, and a single call clears them. */
START_TEST(counts_left_behind)
{
	static struct maar_event e;
	uint64_t keys[64], calls;
	unsigned i, round;

	for (round = 0; round < 1000; round++) {
		for (i = 0; i < COUNT_OF(keys); i++)
			keys[i] = maar_event_prepare(&e);
		calls = maar__sleep_calls();
		maar_event_notify_one(&e);
		unit_eq(maar__sleep_calls(), calls + 1);
		for (i = 0; i < COUNT_OF(keys); i++)
			maar_event_cancel(&e, keys[i]);
		for (i = 0; i < 100; i++)
			maar_event_notify_one(&e);
		unit_must(maar__sleep_calls() <= calls + 2);
		unit_eq(WAITERS(&e), 0);
	}
}
END_TEST

/* The number of waiters at the edge of its field, and the epoch at the edge of its. */
START_TEST(wraps)
{
	static struct maar_event e;
	unsigned i;

	e.word = 0x3fffff00;
	maar_event_notify_one(&e); /* so many that all are taken */
	unit_eq(WAITERS(&e), 0);
	e.word = UINT64_MAX << 32;
	for (i = 0; i < 3; i++) {
		const uint64_t key = maar_event_prepare(&e);

		maar_event_notify_one(&e);
		unit_eq(EPOCH(&e), i);
		unit_eq(maar_event_wait(&e, key, MAAR_FOREVER), 0);
	}
}
END_TEST

/* ---- waiters ---- */

#define MANY 8

struct crowd {
	struct maar_event event;
	uint32_t tickets; /* each is what one waiter waits for */
	uint32_t served;
	pthread_t threads[MANY];
};

static bool take_ticket(struct crowd *c)
{
	uint32_t n = load(&c->tickets);

	while (n) {
		if (maar_a_cas(&c->tickets, n, n - 1, RELAXED))
			return true;
		n = load(&c->tickets);
	}
	return false;
}

static void *one_of_crowd(void *arg)
{
	struct crowd *c = arg;

	unit_eq(maar_event_until(&c->event, MAAR_FOREVER, take_ticket(c)), 0);
	maar_a_add(&c->served, 1, RELAXED);
	return NULL;
}

static struct crowd *crowd_asleep(struct crowd *c)
{
	const uint64_t calls = maar__sleep_calls();
	unsigned i;

	memset(c, 0, sizeof(*c));
	for (i = 0; i < MANY; i++)
		c->threads[i] = unit_thread(one_of_crowd, c);
	until_asleep(&c->event, MANY, calls);
	return c;
}

static void serve(struct crowd *c, uint32_t n, uint32_t served)
{
	maar_a_add(&c->tickets, n, RELAXED);
	if (n == 1)
		maar_event_notify_one(&c->event);
	else
		maar_event_notify_many(&c->event, n);
	while (load(&c->served) < served)
		sched_yield();
}

START_TEST(crowd)
{
	static struct crowd c;
	unsigned i, round;

	for (round = 0; round < 50; round++) {
		crowd_asleep(&c);
		switch (round % 3) {
		case 0:
			for (i = 1; i <= MANY; i++)
				serve(&c, 1, i);
			break;
		case 1:
			serve(&c, 3, 3);
			serve(&c, MANY, MANY);
			break;
		default:
			maar_a_store(&c.tickets, MANY, RELAXED);
			maar_event_notify_all(&c.event);
		}
		for (i = 0; i < MANY; i++)
			unit_join(c.threads[i]);
		unit_eq(c.served, MANY);
	}
}
END_TEST

/* Waits that end by time take nobody's wake-up: one thread waits in earnest, others keep giving up. */
struct impatient {
	struct maar_event event;
	uint32_t go, done;
};

static bool take_go(struct impatient *im)
{
	return maar_a_cas(&im->go, 1, 0, ACQUIRE);
}

static void *gives_up(void *arg)
{
	struct impatient *im = arg;
	struct unit_rng rng = unit_rng(7);

	int rc;

	do
		rc = maar_event_until(&im->event, 1 + (int64_t)unit_random_below(&rng, 60000), false);
	while (rc == -ETIMEDOUT);
	unit_eq(rc, -EPIPE);
	return NULL;
}

static void *in_earnest(void *arg)
{
	struct impatient *im = arg;

	for (;;) {
		const int rc = maar_event_until(&im->event, MAAR_FOREVER, take_go(im));

		if (rc == -EPIPE)
			return NULL;
		unit_eq(rc, 0);
		maar_a_add(&im->done, 1, RELAXED);
	}
}

START_TEST(giving_up)
{
	static struct impatient im;
	const unsigned rounds = UNIT_SANITIZED ? 500 : 3000;
	pthread_t threads[3];
	unsigned i;

	unit_eq(maar_event_init(&im.event, MAAR_EVENT_NO_SPIN), 0);
	for (i = 0; i < COUNT_OF(threads); i++)
		threads[i] = unit_thread(i ? gives_up : in_earnest, &im);
	for (i = 0; i < rounds; i++) {
		maar_a_store(&im.go, 1, RELEASE);
		/* All: which of them a single wake-up meets is chance, and those who do not want it would waste it. */
		maar_event_notify_all(&im.event);
		while (load(&im.done) <= i)
			sched_yield();
	}
	maar_event_close(&im.event);
	for (i = 0; i < COUNT_OF(threads); i++)
		unit_join(threads[i]);
}
END_TEST

/* ---- time ---- */

START_TEST(timeouts)
{
	static const int64_t times[] = { 1, 99, 100, 5000, 50000, MS, 20 * MS };
	static struct maar_event spins, sleeps;
	unsigned i, looks;

	unit_eq(maar_event_init(&sleeps, MAAR_EVENT_NO_SPIN), 0);
	for (i = 0; i < COUNT_OF(times) * 2; i++) {
		struct maar_event *e = i % 2 ? &sleeps : &spins;
		const int64_t begin = maar__now();

		looks = 0;
		unit_eq(maar_event_until(e, times[i / 2], (looks++, false)), -ETIMEDOUT);
		unit_must(maar__now() - begin >= times[i / 2]);
		unit_must(looks >= 2); /* before and after */
		unit_eq(WAITERS(e), 0);
	}
	looks = 0;
	unit_eq(maar_event_until(&spins, 0, (looks++, false)), -ETIMEDOUT);
	unit_eq(looks, 1);
}
END_TEST

/* The loop of maar_event_until, written out. */
START_TEST(own_loop)
{
	static struct maar_event e;
	struct maar_waiting waiting;
	unsigned looks;
	int rc;

	unit_eq(maar_waiting_begin(&waiting, &e, MAAR_FOREVER), 0);
	unit_eq(maar_waiting_again(&waiting), 0); /* a pause, or announced: it has not slept yet */
	maar_waiting_end(&waiting);
	unit_eq(WAITERS(&e), 0);

	unit_eq(maar_waiting_begin(&waiting, &e, MS), 0);
	for (looks = 0; (rc = maar_waiting_again(&waiting)) == 0; looks++)
		;
	unit_eq(rc, -ETIMEDOUT);
	unit_must(looks >= 1);
	maar_waiting_end(&waiting);

	maar_event_close(&e);
	unit_eq(maar_waiting_begin(&waiting, &e, MAAR_FOREVER), 0);
	unit_eq(maar_waiting_again(&waiting), 0); /* one more look */
	unit_eq(maar_waiting_again(&waiting), -EPIPE);
	maar_waiting_end(&waiting);
	unit_eq(WAITERS(&e), 0);
}
END_TEST

static uint32_t signals;

static void on_signal(int number)
{
	(void)number;
	maar_a_add(&signals, 1, RELAXED);
}

static uint32_t all_sent;

static void *waits_in_slices(void *arg)
{
	errno = 12345;
	do {
		const int64_t begin = maar__now();

		unit_eq(maar_event_until((struct maar_event *)arg, 100 * MS, false), -ETIMEDOUT);
		unit_must(maar__now() - begin >= 100 * MS);
	} while (!load(&all_sent));
	unit_eq(errno, 12345);
	return NULL;
}

/* Signals without SA_RESTART, into a sleep: it goes on. */
START_TEST(interrupted)
{
	const struct sigaction action = { .sa_handler = on_signal };
	static struct maar_event e;
	uint64_t calls = maar__sleep_calls();
	unsigned i;
	pthread_t thread;

	unit_eq(sigaction(SIGUSR1, &action, NULL), 0);
	thread = unit_thread(waits_in_slices, &e);
	until_asleep(&e, 1, calls);
	for (i = 0; i < 20; i++) {
		unit_eq(pthread_kill(thread, SIGUSR1), 0);
		while (load(&signals) == i)
			sched_yield();
	}
	maar_a_store(&all_sent, 1, RELAXED);
	unit_join(thread);
	calls = maar__sleep_calls() - calls;
	unit_note("%u signals, %u sleeps", i, (unsigned)calls);
	unit_must(calls >= 5); /* or hardly a signal met a sleep */
}
END_TEST

/* ---- close ---- */

static void *waits_for_nothing(void *arg)
{
	struct crowd *c = arg;

	unit_eq(maar_event_until(&c->event, MAAR_FOREVER, load(&c->tickets) == 1000), -EPIPE);
	return NULL;
}

static void *waits_for_the_last(void *arg)
{
	struct crowd *c = arg;

	unit_eq(maar_event_until(&c->event, MAAR_FOREVER, load(&c->tickets) == 1), 0);
	return NULL;
}

START_TEST(closing)
{
	static struct crowd c;
	unsigned round, i;

	for (round = 0; round < 300; round++) {
		memset(&c, 0, sizeof(c));
		for (i = 0; i < MANY; i++)
			c.threads[i] = unit_thread(i % 2 ? waits_for_nothing : waits_for_the_last, &c);
		if (round % 2)
			until_asleep(&c.event, MANY, 0);
		/* What was true before is seen by the last look, even without a notify of its own. */
		maar_a_store(&c.tickets, 1, RELAXED);
		maar_event_close(&c.event);
		for (i = 0; i < MANY; i++)
			unit_join(c.threads[i]);
		unit_eq(maar_event_until(&c.event, 0, false), -EPIPE);
		unit_eq(maar_event_until(&c.event, MAAR_FOREVER, false), -EPIPE);
		unit_eq(maar_event_until(&c.event, MAAR_FOREVER, true), 0);
		unit_eq(WAITERS(&c.event), 0);
	}
}
END_TEST

/* ---- the descriptor ---- */

static bool readable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	unit_must(poll(&p, 1, 0) >= 0);
	return (p.revents & POLLIN) != 0;
}

START_TEST(descriptor)
{
	static struct maar_event e, shared;
	uint64_t calls;
	int fd, i;

	unit_eq(maar_event_init(&shared, MAAR_EVENT_SHARED), 0);
	unit_eq(maar_event_fd(&shared), -ENOTSUP);
	unit_eq(maar_event_arm(&shared), -EINVAL);
	unit_eq(maar_event_arm(&e), -EINVAL); /* no descriptor yet */
	maar_event_disarm(&e);
	maar_event_fire(&e);

	fd = maar_event_fd(&e);
	unit_must(fd >= 0);
	unit_eq(maar_event_fd(&e), fd);
	unit_must(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	unit_must(!readable(fd));

	/* Not armed: notify does not enter the system. */
	calls = maar__sleep_calls();
	maar_event_notify_all(&e);
	unit_eq(maar__sleep_calls(), calls);
	unit_must(!readable(fd));

	/* Armed: the first notify does, the others do not. Readable until disarm. */
	unit_eq(maar_event_arm(&e), 0);
	unit_eq(maar_event_arm(&e), 0);
	unit_must(!readable(fd));
	for (i = 0; i < 10; i++)
		maar_event_notify_one(&e);
	unit_eq(maar__sleep_calls(), calls + 1);
	unit_must(readable(fd));
	unit_must(readable(fd));
	maar_event_disarm(&e);
	unit_must(!readable(fd));

	/* Disarm takes arm back; fire is a notify for the descriptor alone. */
	unit_eq(maar_event_arm(&e), 0);
	maar_event_disarm(&e);
	maar_event_notify_one(&e);
	unit_must(!readable(fd));
	unit_eq(maar_event_arm(&e), 0);
	maar_event_fire(&e);
	unit_must(readable(fd));
	calls = maar__sleep_calls();
	maar_event_notify_one(&e); /* fire has taken arm back */
	unit_eq(maar__sleep_calls(), calls);
	maar_event_disarm(&e);

	/* Closed: readable for good measure, whenever armed. */
	unit_eq(maar_event_arm(&e), 0);
	maar_event_close(&e);
	unit_must(readable(fd));
	maar_event_disarm(&e);
	unit_must(!readable(fd));
	unit_eq(maar_event_arm(&e), -EPIPE);
	unit_must(readable(fd));

	maar_event_destroy(&e);
	unit_eq(fcntl(fd, F_GETFD), -1);
}
END_TEST

START_TEST(no_descriptor_left)
{
	static struct maar_event e;
	struct rlimit limit;

	unit_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = 0;
	unit_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	errno = 12345;
	unit_eq(maar_event_fd(&e), -EMFILE);
	unit_eq(errno, 12345);
	limit.rlim_cur = limit.rlim_max;
	unit_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	unit_must(maar_event_fd(&e) >= 0);
	maar_event_destroy(&e);
}
END_TEST

static struct maar_event wanted;

static void *asks_for_fd(void *arg)
{
	*(int *)arg = maar_event_fd(&wanted);
	return NULL;
}

START_TEST(one_descriptor_for_all)
{
	struct unit_size before = { 0 };
	unsigned round, i;

	for (round = 0; round < 200; round++) {
		pthread_t threads[4];
		int fds[4];

		unit_eq(maar_event_init(&wanted, 0), 0);
		for (i = 0; i < COUNT_OF(threads); i++)
			threads[i] = unit_thread(asks_for_fd, &fds[i]);
		for (i = 0; i < COUNT_OF(threads); i++)
			unit_join(threads[i]);
		for (i = 0; i < COUNT_OF(threads); i++)
			unit_eq(fds[i], fds[0]);
		maar_event_destroy(&wanted);
		if (round == 10)
			before = unit_size();
	}
	unit_eq(unit_size().fds, before.fds);
}
END_TEST

/* ---- between processes ---- */

START_TEST(processes)
{
	struct both {
		struct maar_event event[2];
		uint32_t turn;
	} *b = mmap(NULL, sizeof(*b), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	const unsigned rounds = 2000;
	unsigned i;
	int status;
	pid_t pid;

	unit_must(b != MAP_FAILED);
	unit_eq(maar_event_init(&b->event[0], MAAR_EVENT_SHARED), 0);
	unit_eq(maar_event_init(&b->event[1], MAAR_EVENT_SHARED), 0);
	pid = fork();
	unit_must(pid >= 0);
	for (i = 0; i < rounds; i++) {
		const uint32_t me = pid == 0;

		if (maar_event_until(&b->event[me], MAAR_FOREVER, maar_a_load(&b->turn, ACQUIRE) % 2 == me) != 0)
			_exit(1);
		maar_a_add(&b->turn, 1, RELEASE);
		maar_event_notify_one(&b->event[!me]);
	}
	if (pid == 0)
		_exit(0);
	while (waitpid(pid, &status, 0) < 0)
		unit_eq(errno, EINTR);
	unit_eq(status, 0);
	unit_eq(b->turn, 2 * rounds);
	munmap(b, sizeof(*b));
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("event");
	TCase *tcase = unit_tcase(suite, "event");

	tcase_add_test(tcase, init);
	tcase_add_test(tcase, steps);
	tcase_add_test(tcase, deadlines);
	tcase_add_test(tcase, null);
	tcase_add_test(tcase, no_call_for_nobody);
	tcase_add_test(tcase, counts_left_behind);
	tcase_add_test(tcase, wraps);
	tcase_add_test(tcase, crowd);
	tcase_add_test(tcase, giving_up);
	tcase_add_test(tcase, timeouts);
	tcase_add_test(tcase, own_loop);
	tcase_add_test(tcase, interrupted);
	tcase_add_test(tcase, closing);
	tcase_add_test(tcase, descriptor);
	tcase_add_test(tcase, no_descriptor_left);
	tcase_add_test(tcase, one_descriptor_for_all);
	tcase_add_test(tcase, processes);
	return suite;
}
