/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * <maar/ipc.h> where a participant is alive as long as the process of its pid and start time: what that makes of exec,
 * of children however they were made, of threads, of processes that nobody has waited for, and of pids that come again.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* clone_args */
#endif
#include "ipcs.h"

#include "../../src/ipc/ipc_priv.h"

#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define SLOTS  8
#define PAUSES "MAAR_TEST_IPC_PAUSES" /* in the environment of one that was exec'ed: where to say so */

static const struct maar_ipc_options options = { .classes = { { .bytes = 8, .slots = SLOTS } },
						 .n_classes = 1,
						 .participants = 6 };
static void *memory;
static size_t bytes;
static struct maar_ipc *watcher;
static int words[2]; /* a pipe, to the test */

static void set_up(void)
{
	bytes = (size_t)maar_ipc_bytes(&options);
	memory = ipc_memory(bytes);
	unit_eq(maar_ipc_init(memory, bytes, &options), 0);
	watcher = maar_ipc_attach(memory, bytes, NULL, NULL);
	unit_must(watcher != NULL);
	unit_eq(pipe(words), 0);
}

static void all_is_back(void)
{
	struct maar_ipc_stats s;

	unit_eq(maar_ipc_recover(watcher), 0);
	unit_eq(maar_ipc_stats(watcher, &s), 0);
	unit_eq(s.free, SLOTS);
	unit_eq(s.participants, 1);
	unit_eq(maar_ipc_check(watcher), 0);
}

static void tear_down(void)
{
	unit_eq(maar_ipc_detach(watcher), 0);
	munmap(memory, bytes);
	close(words[0]);
	close(words[1]);
}

static void tell(pid_t word)
{
	if (write(words[1], &word, sizeof(word)) != (ssize_t)sizeof(word))
		_exit(9);
}

static pid_t hear(void)
{
	pid_t word = 0;

	unit_eq(read(words[0], &word, sizeof(word)), sizeof(word));
	return word;
}

static void kill_child(pid_t pid)
{
	int status;

	unit_eq(kill(pid, SIGKILL), 0);
	unit_eq(waitpid(pid, &status, 0), pid);
}

static _Noreturn void rest(void)
{
	for (;;)
		(void)syscall(SYS_ppoll, NULL, 0, NULL, NULL, 0);
}

/* A child that has attached, with a slot on loan, and goes on with `then`. */
static pid_t child(void (*then)(struct maar_ipc *q))
{
	const pid_t pid = fork();
	struct maar_ipc *q;
	void *payload;

	unit_must(pid >= 0);
	if (pid)
		return pid;
	q = maar_ipc_attach(memory, bytes, NULL, NULL);
	if (!q || maar_ipc_loan(q, 8, &payload, 0) != 1)
		_exit(9);
	then(q);
	rest();
}

/* ---- exec ---- */

static void become_another(struct maar_ipc *q)
{
	char fd[16];

	(void)q;
	snprintf(fd, sizeof(fd), "%d", words[1]);
	setenv(PAUSES, fd, 1);
	execl("/proc/self/exe", "test_ipc_pids", (char *)NULL);
	_exit(9);
}

/* It has forgotten the queue, and is alive: what it had waits for its end. */
START_TEST(exec_stays_until_the_end)
{
	const pid_t pid = child(become_another);
	struct maar_ipc_stats s;

	unit_eq(hear(), pid);
	for (int i = 0; i < 10; i++)
		unit_eq(maar_ipc_recover(watcher), 0);
	unit_eq(maar_ipc_stats(watcher, &s), 0);
	unit_eq(s.loaned, 1);
	unit_eq(s.dead, 0);
	kill_child(pid);
	unit_eq(maar_ipc_recover(watcher), 1);
	all_is_back();
}
END_TEST

/* ---- children ---- */

static pid_t raw_fork(void)
{
	return (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
}

static struct maar_ipc_message m;

/* What the parent attached is not the child's, whoever made it. */
static void try_parents(struct maar_ipc *q)
{
	if (maar_ipc_send(q, "x", 1, NULL, 0) != -ECHILD || maar_ipc_take(q, &m, 0) != -ECHILD ||
	    maar_ipc_recover(q) != -ECHILD || maar_ipc_detach(q) != 0)
		_exit(8);
}

static void have_child(struct maar_ipc *q, pid_t (*birth)(void))
{
	const pid_t pid = birth();

	if (pid == 0) {
		try_parents(q);
		tell((pid_t)syscall(SYS_getpid));
		rest();
	}
}

static void forks(struct maar_ipc *q)
{
	have_child(q, fork);
}

static void clones(struct maar_ipc *q)
{
	have_child(q, raw_fork);
}

START_TEST(a_child_outlives_its_parent)
{
	const pid_t pid = child(_i ? clones : forks), grandchild = hear();

	unit_eq(maar_ipc_recover(watcher), 0);
	kill_child(pid);
	unit_eq(kill(grandchild, 0), 0);
	unit_eq(maar_ipc_recover(watcher), 1);
	all_is_back();
	unit_eq(kill(grandchild, SIGKILL), 0);
}
END_TEST

static void have_child_that_ends(struct maar_ipc *q)
{
	pid_t pid = raw_fork();
	int status;

	if (pid == 0) {
		try_parents(q);
		(void)syscall(SYS_exit_group, 0);
	}
	if (waitpid(pid, &status, 0) != pid || status)
		_exit(9);
	/* vfork: in the parent's memory, until it execs or exits. */
	pid = vfork();
	if (pid == 0)
		_exit(0);
	if (waitpid(pid, &status, 0) != pid || status || maar_ipc_send(q, "x", 1, NULL, 0) != 1)
		_exit(9);
	tell(getpid());
}

START_TEST(a_childs_end_is_not_its_parents)
{
	const pid_t pid = child(have_child_that_ends);

	unit_eq(hear(), pid);
	unit_eq(maar_ipc_recover(watcher), 0);
	unit_eq(maar_ipc_drain(watcher, NULL, NULL), 1);
	kill_child(pid);
	unit_eq(maar_ipc_recover(watcher), 1);
	all_is_back();
}
END_TEST

/* ---- the end ---- */

static void end(struct maar_ipc *q)
{
	(void)q;
	_exit(0);
}

START_TEST(dead_though_nobody_has_waited)
{
	const pid_t pid = child(end);
	siginfo_t about;

	unit_eq(waitid(P_PID, (id_t)pid, &about, WEXITED | WNOWAIT), 0);
	unit_eq(maar_ipc_recover(watcher), 1);
	all_is_back();
	unit_eq(waitpid(pid, NULL, 0), pid);
}
END_TEST

static void *say_and_rest(void *unused)
{
	(void)unused;
	tell(getpid());
	rest();
}

static void end_first_thread(struct maar_ipc *q)
{
	pthread_t thread;

	(void)q;
	if (pthread_create(&thread, NULL, say_and_rest, NULL))
		_exit(9);
	pthread_exit(NULL);
}

START_TEST(alive_without_its_first_thread)
{
	const pid_t pid = child(end_first_thread);

	unit_eq(hear(), pid);
	unit_eq(usleep(20000), 0);
	unit_eq(maar_ipc_recover(watcher), 0);
	kill_child(pid);
	unit_eq(maar_ipc_recover(watcher), 1);
	all_is_back();
}
END_TEST

/* ---- a pid that comes again ---- */

static void stay(struct maar_ipc *q)
{
	(void)q;
	tell(getpid());
}

/* By what is written: another process of the same number. */
START_TEST(another_start)
{
	const pid_t pid = child(stay);
	struct maar__ipc_participant *p = maar__ipc_entry(watcher, 2);

	unit_eq(hear(), pid);
	unit_eq(p->identity & ((1u << 22) - 1), pid);
	p->identity -= UINT64_C(1) << 22;
	unit_eq(maar_ipc_recover(watcher), 1);
	all_is_back();
	kill_child(pid);
}
END_TEST

/* In earnest, where a process may choose its child's number. */
START_TEST(a_pid_comes_again)
{
	pid_t number = child(stay), again;
	struct clone_args args = { .exit_signal = SIGCHLD, .set_tid = (uint64_t)(uintptr_t)&number, .set_tid_size = 1 };

	unit_eq(hear(), number);
	unit_eq(maar_ipc_recover(watcher), 0);
	kill_child(number);
	/* Starts are told apart by ticks of 10 ms; in so short a time no number comes again but by force. */
	unit_eq(usleep(30000), 0);
	again = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
	if (again == 0)
		rest();
	if (again < 0)
		unit_note("no process with a chosen number (%s): another_start has to do", strerror(errno));
	unit_eq(maar_ipc_recover(watcher), 1);
	all_is_back();
	if (again > 0)
		kill_child(again);
}
END_TEST

Suite *unit_suite(void)
{
	const char *pauses = getenv(PAUSES);
	Suite *suite;
	TCase *tcase;

	if (pauses) {
		words[1] = atoi(pauses);
		tell(getpid());
		rest();
	}
	suite = suite_create("ipc, by pids");
	tcase = unit_tcase(suite, "pids");
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, exec_stays_until_the_end);
	tcase_add_loop_test(tcase, a_child_outlives_its_parent, 0, 2);
	tcase_add_test(tcase, a_childs_end_is_not_its_parents);
	tcase_add_test(tcase, dead_though_nobody_has_waited);
	tcase_add_test(tcase, alive_without_its_first_thread);
	tcase_add_test(tcase, another_start);
	tcase_add_test(tcase, a_pid_comes_again);
	return suite;
}
