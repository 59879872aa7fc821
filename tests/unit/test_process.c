/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * src/base/process.h: who is alive, who is dead, and of whom nobody can tell.
 */
#include "common.h"

#include "../../src/base/process.h"

#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static struct maar__process self(void)
{
	struct maar__process me;

	unit_eq(maar__process_self(&me), 0);
	return me;
}

/* A child that says who it is, and then does `then`. */
static struct maar__process child(void (*then)(void), pid_t *pid)
{
	struct maar__process it;
	int pipes[2];

	unit_eq(pipe(pipes), 0);
	*pid = fork();
	unit_must(*pid >= 0);
	if (*pid == 0) {
		it = self();
		if (write(pipes[1], &it, sizeof(it)) != (ssize_t)sizeof(it))
			_exit(1);
		then();
		_exit(0);
	}
	unit_eq(read(pipes[0], &it, sizeof(it)), sizeof(it));
	close(pipes[0]);
	close(pipes[1]);
	return it;
}

static void sleep_on(void)
{
	for (;;)
		pause();
}

START_TEST(itself)
{
	struct maar__process me = self();
	struct pollfd ended = { .events = POLLIN };

	unit_eq(me.pid, getpid());
	unit_must(me.start > 0 && me.pid_space > 0);
	unit_eq(maar__process_alive(&me), 1);
	ended.fd = maar__process_fd(&me);
	unit_must(ended.fd >= 0);
	unit_eq(poll(&ended, 1, 0), 0);
	close(ended.fd);
	/* Whatever the program is called. */
	unit_eq(prctl(PR_SET_NAME, ") 1 (2) 3"), 0);
	unit_eq(self().start, me.start);
	unit_eq(maar__process_alive(&me), 1);
}
END_TEST

START_TEST(others)
{
	struct maar__process p = self();

	p.start++;
	unit_eq(maar__process_alive(&p), 0);
	unit_eq(maar__process_fd(&p), -ESRCH);
	p = self();
	p.pid_space++;
	unit_eq(maar__process_alive(&p), -EXDEV);
	p = self();
	p.time_space++;
	unit_eq(maar__process_alive(&p), -EXDEV);
	p = self();
	p.pid = 0;
	unit_eq(maar__process_alive(&p), -EINVAL);
	p.pid = UINT64_C(1) << 31;
	unit_eq(maar__process_alive(&p), -EINVAL);
	p.pid = (UINT64_C(1) << 32) + (uint64_t)getpid();
	unit_eq(maar__process_alive(&p), -EINVAL);
	p.pid = (UINT64_C(1) << 22) + 1; /* above what the kernel gives (PID_MAX_LIMIT) */
	unit_eq(maar__process_alive(&p), 0);
}
END_TEST

START_TEST(life_and_death)
{
	struct pollfd ended = { .events = POLLIN };
	struct maar__process p;
	siginfo_t how;
	pid_t pid;

	p = child(sleep_on, &pid);
	unit_eq(maar__process_alive(&p), 1);
	ended.fd = maar__process_fd(&p);
	unit_must(ended.fd >= 0);
	unit_eq(kill(pid, SIGSTOP), 0);
	unit_eq(waitpid(pid, NULL, WUNTRACED), pid);
	unit_eq(maar__process_alive(&p), 1);
	unit_eq(poll(&ended, 1, 0), 0);
	unit_eq(kill(pid, SIGKILL), 0);
	unit_eq(poll(&ended, 1, -1), 1);
	unit_eq(waitid(P_PID, (id_t)pid, &how, WEXITED | WNOWAIT), 0);
	unit_eq(maar__process_alive(&p), 0); /* whose parent has not asked yet */
	unit_eq(waitpid(pid, NULL, 0), pid);
	unit_eq(maar__process_alive(&p), 0);
	close(ended.fd);
}
END_TEST

static void *thread_sleeps(void *arg)
{
	(void)arg;
	sleep_on();
	return NULL;
}

static void leave_a_thread(void)
{
	(void)unit_thread(thread_sleeps, NULL);
	pthread_exit(NULL);
}

/* Its first thread is a zombie, another is not. */
START_TEST(first_thread_ends)
{
	struct maar__process p;
	char path[64], text[512], *state;
	pid_t pid;
	FILE *f;

	p = child(leave_a_thread, &pid);
	(void)snprintf(path, sizeof(path), "/proc/%ld/stat", (long)pid);
	do {
		f = fopen(path, "r");
		unit_must(f && fgets(text, sizeof(text), f));
		fclose(f);
		state = strrchr(text, ')');
		unit_must(state);
		sched_yield();
	} while (state[2] != 'Z');
	unit_eq(maar__process_alive(&p), 1);
	unit_eq(kill(pid, SIGKILL), 0);
	unit_eq(waitpid(pid, NULL, 0), pid);
	unit_eq(maar__process_alive(&p), 0);
}
END_TEST

static void *look_at_itself(void *arg)
{
	struct maar__process *p = arg;

	p->pid = (uint64_t)gettid();
	unit_eq(maar__process_alive(p), 0);
	return NULL;
}

/* The number is a thread's now, not a process's. */
START_TEST(number_of_a_thread)
{
	struct maar__process p = self();

	unit_in_thread(look_at_itself, &p);
}
END_TEST

START_TEST(no_descriptors)
{
	struct maar__process me = self();
	struct rlimit limit, none;

	unit_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = limit;
	none.rlim_cur = 0;
	unit_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	unit_eq(maar__process_alive(&me), -EMFILE);
	unit_eq(maar__process_self(&me), -EMFILE);
	unit_eq(setrlimit(RLIMIT_NOFILE, &limit), 0); /* a leak checker wants one at the end */
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("process");
	TCase *tcase = unit_tcase(suite, "process");

	tcase_add_test(tcase, itself);
	tcase_add_test(tcase, others);
	tcase_add_test(tcase, life_and_death);
	tcase_add_test(tcase, first_thread_ends);
	tcase_add_test(tcase, number_of_a_thread);
	tcase_add_test(tcase, no_descriptors);
	return suite;
}
