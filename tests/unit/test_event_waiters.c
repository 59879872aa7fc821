/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * An event and those that wait on it: many at a time, giving up, interrupted, closed upon, in another process.
 */
#include "events.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static uint32_t load(uint32_t *p)
{
	return maar_a_load(p, RELAXED);
}

/* ---- many ---- */

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
		pace_yield();
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
			pace_yield();
	}
	maar_event_close(&im.event);
	for (i = 0; i < COUNT_OF(threads); i++)
		unit_join(threads[i]);
}
END_TEST

/* ---- interrupted ---- */

static uint32_t signals; /* handled */
static uint32_t slices;	 /* begun: each sleeps once, and once more for each signal that meets it asleep */
static uint32_t all_sent;

static void on_signal(int number)
{
	(void)number;
	maar_a_add(&signals, 1, RELAXED);
}

static void *waits_in_slices(void *arg)
{
	errno = 12345;
	do {
		const int64_t begin = maar__now();

		maar_a_add(&slices, 1, RELAXED);
		unit_eq(maar_event_until((struct maar_event *)arg, 100 * MS, false), -ETIMEDOUT);
		unit_must(maar__now() - begin >= 100 * MS);
	} while (!load(&all_sent));
	unit_eq(errno, 12345);
	return NULL;
}

/* Signals without SA_RESTART, as many as it takes until five have met a sleep: it goes on. */
START_TEST(interrupted)
{
	const struct sigaction action = { .sa_handler = on_signal };
	static struct maar_event e;
	const uint64_t calls = maar__sleep_calls();
	unsigned sent = 0;
	pthread_t thread;

	unit_eq(sigaction(SIGUSR1, &action, NULL), 0);
	thread = unit_thread(waits_in_slices, &e);
	until_asleep(&e, 1, calls);
	while ((int64_t)(maar__sleep_calls() - calls) - load(&slices) < 5) {
		unit_eq(pthread_kill(thread, SIGUSR1), 0);
		sent++;
		while (load(&signals) < sent)
			pace_yield();
	}
	maar_a_store(&all_sent, 1, RELAXED);
	unit_join(thread);
	unit_note("%u signals in %u slices", sent, load(&slices));
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
		unit_eq(asleep_on(&c.event), 0);
	}
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
	Suite *suite = suite_create("event waiters");
	TCase *tcase = unit_tcase(suite, "event waiters");

	tcase_add_test(tcase, crowd);
	tcase_add_test(tcase, giving_up);
	tcase_add_test(tcase, interrupted);
	tcase_add_test(tcase, closing);
	tcase_add_test(tcase, processes);
	return suite;
}
