/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * An event's descriptor: armed, fired, disarmed; made once; none to be had.
 */
#include "events.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>

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

/* ---- no cancellation point: a thread that is to be cancelled comes to the end of all these ---- */

static void *cancelled(void *arg)
{
	unsigned *step = arg;
	struct maar_event e;
	int fd;

	unit_eq(pthread_cancel(pthread_self()), 0);
	unit_eq(maar_event_init(&e, 0), 0);
	fd = maar_event_fd(&e);
	unit_must(fd >= 0);
	for (*step = 1; *step < 3; ++*step) {
		unit_eq(maar_event_arm(&e), 0);
		if (*step == 1)
			maar_event_notify_one(&e);
		else
			maar_event_fire(&e);
		maar_event_disarm(&e);
	}
	unit_eq(maar_event_until(&e, 1000, false), -ETIMEDOUT);
	unit_eq(maar_event_arm(&e), 0);
	maar_event_close(&e);
	maar_event_destroy(&e);
	*step = 4;
	pthread_testcancel();
	*step = 5;
	return NULL;
}

START_TEST(no_cancellation_point)
{
	unsigned step = 0;

	unit_in_thread(cancelled, &step);
	unit_eq(step, 4);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("event descriptor");
	TCase *tcase = unit_tcase(suite, "event descriptor");

	tcase_add_test(tcase, descriptor);
	tcase_add_test(tcase, no_descriptor_left);
	tcase_add_test(tcase, one_descriptor_for_all);
	tcase_add_test(tcase, no_cancellation_point);
	return suite;
}
