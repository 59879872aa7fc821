/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * <maar/ipc_names.h> and the life of processes: programs that were exec'ed, that fork, exec, clone, stop, and are killed: as
 * makers at every system call. Who is dead is found dead, who lives is not.
 */
#include "ipc_dirs.h"

#include "../../src/ipc/names_priv.h"

#include <linux/sched.h>
#include <sched.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>

static struct maar_ipc *create(const char *name)
{
	const struct maar_ipc_options options = ipc_small(8);
	struct maar_ipc *q = maar_ipc_create(name, &options, NULL, 0);

	ck_assert_msg(q != NULL, "create %s: %s", name, strerror(errno));
	return q;
}

static void see(const struct maar_ipc_entry *entry, void *arg)
{
	unsigned *seen = arg; /* sound, left, alive, not sound */

	seen[0] += entry->error == 0;
	seen[1] += entry->flags & MAAR_IPC_LEFTOVER;
	seen[2] += entry->alive;
	seen[3] += entry->error && !(entry->flags & MAAR_IPC_LEFTOVER);
}

static unsigned alive_in_list(void)
{
	unsigned seen[4] = { 0 };

	unit_must(maar_ipc_list(see, seen) >= 0);
	return seen[2];
}

/* ---- programs of their own: this one, with a word in the environment ---- */

#define PROGRAM "MAAR_TEST_IPC_PROGRAM" /* the name of a queue, or PAUSE */
#define PAUSE	"..."

/* Its ends of the pipes: its stdout has the harness's words. */
#define COMMANDS 100
#define ANSWERS	 101

struct program {
	pid_t pid;
	int to, from;
};

/* Does what COMMANDS say, a letter each: s and a byte, send it; r, receive; R, recover; l, lend a slot. Answers with a byte. */
static int serve(const char *name)
{
	struct maar_ipc *q = maar_ipc_open(name, NULL);
	char what, byte;
	void *payload;

	if (!q)
		return 1;
	ipc_tell(ANSWERS, '!');
	while (read(COMMANDS, &what, 1) == 1) {
		byte = 0;
		if (what == 's') {
			byte = ipc_hear(COMMANDS);
			byte = (char)maar_ipc_send(q, &byte, 1, NULL, MAAR_FOREVER);
		} else if (what == 'r') {
			char got[64];

			byte = maar_ipc_receive(q, got, sizeof(got), NULL, 0) == 1 ? got[0] : 0;
		} else if (what == 'R') {
			byte = (char)maar_ipc_recover(q);
		} else if (what == 'l') {
			byte = (char)maar_ipc_loan(q, 1, &payload, 0);
		}
		ipc_tell(ANSWERS, byte);
	}
	return maar_ipc_detach(q) != 0;
}

/* In the program that was exec'ed: does not return. */
static void be_program(void)
{
	const char *what = getenv(PROGRAM);

	if (!what)
		return;
	if (strcmp(what, PAUSE) == 0) {
		ipc_tell(ANSWERS, '!');
		for (;;)
			pause();
	}
	_exit(serve(what));
}

static _Noreturn void become(const char *what)
{
	char *argv[] = { (char *)(uintptr_t) "ipc", NULL };

	setenv(PROGRAM, what, 1);
	execv("/proc/self/exe", argv);
	_exit(2);
}

static struct program start(const char *what)
{
	struct program p;
	int to[2], from[2];

	unit_eq(pipe2(to, O_CLOEXEC), 0);
	unit_eq(pipe2(from, O_CLOEXEC), 0);
	p.pid = fork();
	unit_must(p.pid >= 0);
	if (p.pid == 0) {
		dup2(to[0], COMMANDS);
		dup2(from[1], ANSWERS);
		become(what);
	}
	close(to[0]);
	close(from[1]);
	p.to = to[1];
	p.from = from[0];
	unit_eq(ipc_hear(p.from), '!');
	return p;
}

static int ask(const struct program *p, char what)
{
	ipc_tell(p->to, what);
	return ipc_hear(p->from);
}

static int ask_to_send(const struct program *p, char byte)
{
	ipc_tell(p->to, 's');
	ipc_tell(p->to, byte);
	return ipc_hear(p->from);
}

static void forget(struct program *p)
{
	close(p->to);
	close(p->from);
}

static void kill_program(struct program *p)
{
	ipc_kill(p->pid);
	forget(p);
}

static void end_program(struct program *p)
{
	close(p->to);
	unit_eq(ipc_wait(p->pid), 0);
	close(p->from);
}

START_TEST(programs)
{
	struct program producer, consumer;
	int i;

	unit_eq(maar_ipc_detach(create("jobs")), 0);
	producer = start("jobs");
	consumer = start("jobs");
	unit_eq(alive_in_list(), 2);
	unit_eq(ask(&consumer, 'r'), 0);
	unit_eq(ask_to_send(&producer, 'a'), 1);
	unit_eq(ask_to_send(&producer, 'b'), 1);
	unit_eq(ask(&consumer, 'r'), 'a');
	/* Each is killed in turn, with a slot in its hands; the other one finds that, and goes on with a new one. */
	for (i = 0; i < 4; i++) {
		unit_eq(ask(&consumer, 'R'), 0);
		unit_eq(ask(&producer, 'l'), 1);
		kill_program(&producer);
		unit_eq(ask(&consumer, 'R'), 1);
		unit_eq(ask(&consumer, 'R'), 0);
		producer = start("jobs");
		unit_eq(ask_to_send(&producer, (char)('c' + i)), 1);
		unit_eq(ask(&consumer, 'r'), 'b' + i);
		kill_program(&consumer);
		unit_eq(ask(&producer, 'R'), 1);
		consumer = start("jobs");
	}
	unit_eq(ask(&consumer, 'r'), 'f');
	end_program(&producer);
	unit_eq(alive_in_list(), 1);
	end_program(&consumer);
	unit_eq(alive_in_list(), 0);
	unit_eq(maar_ipc_unlink("jobs", MAAR_IPC_UNUSED), 0);
}
END_TEST

START_TEST(stopped_is_alive)
{
	struct maar_ipc *q = create("x");
	struct program p = start("x");
	int i;

	unit_eq(kill(p.pid, SIGSTOP), 0);
	unit_eq(waitpid(p.pid, NULL, WUNTRACED), p.pid);
	for (i = 0; i < 100; i++)
		unit_eq(maar_ipc_recover(q), 0);
	unit_eq(alive_in_list(), 2);
	unit_eq(maar_ipc_unlink("x", MAAR_IPC_UNUSED), -EBUSY);
	unit_eq(kill(p.pid, SIGCONT), 0);
	unit_eq(ask_to_send(&p, 'z'), 1);
	/* And a stopped one that is killed is dead. */
	unit_eq(kill(p.pid, SIGSTOP), 0);
	kill_program(&p);
	unit_eq(maar_ipc_recover(q), 1);
	unit_eq(alive_in_list(), 1);
	unit_eq(maar_ipc_detach(q), 0);
}
END_TEST

/* ---- the same process: threads ---- */

static void *attach_and_leave(void *arg)
{
	*(struct maar_ipc **)arg = create("x");
	return NULL;
}

START_TEST(a_thread_is_no_participant)
{
	struct maar_ipc *q = create("x"), *other = NULL;

	unit_in_thread(attach_and_leave, &other);
	unit_eq(maar_ipc_recover(q), 0);
	unit_eq(alive_in_list(), 2);
	unit_eq(maar_ipc_send(other, "x", 1, NULL, 0), 1);
	unit_eq(maar_ipc_detach(other), 0);
	unit_eq(maar_ipc_detach(q), 0);
}
END_TEST

static void *say_and_sleep(void *arg)
{
	ipc_tell(*(const int *)arg, '!');
	for (;;)
		pause();
	return NULL;
}

static int leave_threads(void *arg)
{
	(void)create("x");
	(void)unit_thread(say_and_sleep, arg);
	pthread_exit(NULL);
}

/* The first thread of a process ends, which looks like its death in /proc; the others go on. */
START_TEST(without_its_first_thread)
{
	struct maar_ipc *q = create("x");
	int pipes[2];
	pid_t pid;

	unit_eq(pipe(pipes), 0);
	pid = ipc_child(leave_threads, &pipes[1]);
	unit_eq(ipc_hear(pipes[0]), '!');
	unit_eq(maar_ipc_recover(q), 0);
	ipc_kill(pid);
	unit_eq(maar_ipc_recover(q), 1);
	unit_eq(maar_ipc_detach(q), 0);
}
END_TEST

/* ---- fork, exec, clone ---- */

static int try_parents(void *arg)
{
	struct maar_ipc *q = arg;

	return maar_ipc_send(q, "x", 1, NULL, 0) != -ECHILD || maar_ipc_recover(q) != -ECHILD ||
	       maar_ipc_detach(q) != 0;
}

static int attach_for_itself(void *arg)
{
	struct maar_ipc *q;

	(void)arg;
	q = create("x");
	return maar_ipc_recover(q) != 0 || alive_in_list() != 3 || maar_ipc_send(q, "x", 1, NULL, 0) != 1 ||
	       maar_ipc_drain(q, NULL, NULL) != 1 || maar_ipc_detach(q) != 0;
}

START_TEST(a_child_is_not_its_parent)
{
	struct maar_ipc *q = create("x"), *watcher = create("x");
	int i;

	for (i = 0; i < 10; i++) {
		unit_eq(ipc_wait(ipc_child(try_parents, q)), 0);
		unit_eq(ipc_wait(ipc_child(attach_for_itself, NULL)), 0);
	}
	unit_eq(maar_ipc_recover(watcher), 0); /* the children's end is not the parent's */
	unit_eq(alive_in_list(), 2);
	unit_eq(maar_ipc_detach(q), 0);
	unit_eq(maar_ipc_detach(watcher), 0);
}
END_TEST

struct family {
	int said;	      /* a pipe's end */
	pid_t (*birth)(void); /* of the child */
};

/* Calls of the kernel that no library knows of. */
static _Noreturn void raw_sleep(void)
{
	for (;;)
		(void)syscall(SYS_ppoll, NULL, 0, NULL, NULL, 0);
}

static pid_t raw_fork(void)
{
	return (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
}

/* A parent that attaches and has a child, of which it tells the number. */
static int be_parent(void *arg)
{
	const struct family *f = arg;
	pid_t child;

	(void)create("x");
	child = f->birth();
	if (child == 0)
		raw_sleep();
	unit_eq(write(f->said, &child, sizeof(child)), sizeof(child));
	for (;;)
		pause();
}

/* The parent is killed, the child lives. */
static void outlive(pid_t (*birth)(void))
{
	struct maar_ipc *q = create("x");
	struct family f = { .birth = birth };
	int pipes[2];
	pid_t parent, child = 0;

	unit_eq(pipe(pipes), 0);
	f.said = pipes[1];
	parent = ipc_child(be_parent, &f);
	unit_eq(read(pipes[0], &child, sizeof(child)), sizeof(child));
	unit_eq(maar_ipc_recover(q), 0);
	ipc_kill(parent);
	unit_eq(kill(child, 0), 0);
	unit_eq(maar_ipc_recover(q), 1);
	unit_eq(maar_ipc_recover(q), 0);
	unit_eq(kill(child, SIGKILL), 0);
	unit_eq(maar_ipc_detach(q), 0);
}

START_TEST(a_child_outlives_its_parent)
{
	outlive(fork);
}
END_TEST

START_TEST(a_raw_child_outlives_its_parent)
{
	outlive(raw_fork);
}
END_TEST

/* The other way round: such a child's end is not its parent's, though it closes what they share. */
START_TEST(a_raw_child_ends)
{
	struct maar_ipc *q = create("x"), *watcher = create("x");
	pid_t pid = raw_fork();

	if (pid == 0)
		(void)syscall(SYS_exit_group, 0);
	unit_eq(ipc_wait(pid), 0);
	unit_eq(maar_ipc_recover(watcher), 0);
	unit_eq(alive_in_list(), 2);
	/* vfork: the child runs in the parent's memory until it execs or exits. */
	pid = vfork();
	if (pid == 0)
		_exit(0);
	unit_eq(ipc_wait(pid), 0);
	unit_eq(maar_ipc_recover(watcher), 0);
	unit_eq(maar_ipc_send(q, "x", 1, NULL, 0), 1);
	unit_eq(maar_ipc_detach(q), 0);
	unit_eq(maar_ipc_detach(watcher), 0);
}
END_TEST

static int attach_and_exec(void *arg)
{
	(void)create("x");
	dup2(*(const int *)arg, ANSWERS);
	become(PAUSE);
}

START_TEST(exec_ends_a_participant)
{
	struct maar_ipc *q = create("x");
	int pipes[2];
	pid_t pid;

	unit_eq(pipe(pipes), 0);
	pid = ipc_child(attach_and_exec, &pipes[1]);
	unit_eq(ipc_hear(pipes[0]), '!');
	unit_eq(maar_ipc_recover(q), 1);
	ipc_kill(pid);
	unit_eq(maar_ipc_recover(q), 0);
	unit_eq(maar_ipc_detach(q), 0);
}
END_TEST

#define FORKS 30

static void *open_and_close(void *arg)
{
	while (!maar_a_load((uint32_t *)arg, RELAXED))
		unit_eq(maar_ipc_detach(create("x")), 0);
	return NULL;
}

static int sleep_on(void *arg)
{
	(void)arg;
	pause();
	return 0;
}

/* A fork in the middle of another thread's open: the child, though it lives on, has no lock of it. */
START_TEST(forks_meanwhile)
{
	uint32_t stop = 0;
	pthread_t threads[2];
	pid_t children[FORKS];
	int i;

	threads[0] = unit_thread(open_and_close, &stop);
	threads[1] = unit_thread(open_and_close, &stop);
	for (i = 0; i < FORKS; i++)
		children[i] = ipc_child(sleep_on, NULL);
	maar_a_store(&stop, 1, RELAXED);
	unit_join(threads[0]);
	unit_join(threads[1]);
	unit_eq(alive_in_list(), 0);
	unit_eq(maar_ipc_unlink("x", MAAR_IPC_UNUSED), 0);
	for (i = 0; i < FORKS; i++)
		ipc_kill(children[i]);
}
END_TEST

/* ---- numbers of processes that come again ---- */

static void live_open(struct maar__ipc_live *l, const char *name)
{
	const int dir = maar__ipc_dir_open(false);

	memset(l, 0, sizeof(*l));
	unit_eq(maar__lock_init(&l->lock), 0);
	unit_eq(maar__ipc_file_open(&l->file, dir, name, true), 0);
	close(dir);
}

static void live_close(struct maar__ipc_live *l)
{
	maar__ipc_file_close(&l->file);
	pthread_mutex_destroy(&l->lock);
}

static struct maar__process *record(const struct maar__ipc_live *l, uint32_t i)
{
	return (struct maar__process *)(void *)((char *)l->file.map + l->file.records_at) + i;
}

START_TEST(locks)
{
	struct maar__ipc_live a, b;
	int fd;

	unit_eq(maar_ipc_detach(create("x")), 0);
	live_open(&a, "x");
	live_open(&b, "x");
	unit_eq(maar__ipc_live_take(&a, 9), -EINVAL);
	unit_eq(maar__ipc_live_alive(&a, 9), -EINVAL);
	unit_eq(maar__ipc_live_alive(&a, 8), 0);
	unit_eq(maar__ipc_live_fd(&a, 8), -ESRCH);
	unit_eq(maar__ipc_live_take(&a, 8), 0);
	unit_eq(maar__ipc_live_take(&a, 8), -EBUSY);
	unit_eq(maar__ipc_live_take(&b, 8), -EBUSY);
	unit_eq(maar__ipc_live_alive(&a, 8), 1);
	unit_eq(maar__ipc_live_alive(&b, 8), 1);
	fd = maar__ipc_live_fd(&b, 8);
	unit_must(fd >= 0);
	close(fd);
	maar__ipc_live_drop(&b, 8); /* not its own */
	unit_eq(maar__ipc_live_alive(&b, 8), 1);
	unit_eq(maar__ipc_live_take(&b, 7), 0);
	unit_eq(maar__ipc_live_alive(&a, 7), 1);
	maar__ipc_live_drop(&a, 8);
	unit_eq(maar__ipc_live_alive(&a, 8), 0);
	unit_eq(maar__ipc_live_alive(&b, 8), 0);
	unit_eq(maar__ipc_live_take(&b, 8), 0);
	live_close(&b); /* all of its locks */
	unit_eq(maar__ipc_live_alive(&a, 8), 0);
	unit_eq(maar__ipc_live_alive(&a, 7), 0);
	live_close(&a);
}
END_TEST

/* What a record can say, beside the truth: only another process with the number, or none, is dead. */
START_TEST(records)
{
	struct maar__ipc_live a, b;
	struct maar__process me;

	unit_eq(maar_ipc_detach(create("x")), 0);
	live_open(&a, "x");
	live_open(&b, "x");
	unit_eq(maar__process_self(&me), 0);
	unit_eq(maar__ipc_live_take(&a, 1), 0);
	unit_eq(memcmp(record(&b, 1), &me, sizeof(me)), 0);
	unit_eq(maar__ipc_live_alive(&b, 1), 1);
	record(&b, 1)->start++; /* the number has come again */
	unit_eq(maar__ipc_live_alive(&b, 1), 0);
	unit_eq(maar__ipc_live_fd(&b, 1), -ESRCH);
	unit_eq(maar__ipc_live_alive(&a, 1), 1); /* itself it knows better */
	record(&b, 1)->pid_space++;		 /* nobody can tell */
	unit_eq(maar__ipc_live_alive(&b, 1), 1);
	unit_eq(maar__ipc_live_fd(&b, 1), -EXDEV);
	*record(&b, 1) = me;
	record(&b, 1)->time_space++;
	unit_eq(maar__ipc_live_alive(&b, 1), 1);
	*record(&b, 1) = me;
	record(&b, 1)->pid = 0;
	unit_eq(maar__ipc_live_alive(&b, 1), 1);
	record(&b, 1)->pid = UINT64_MAX;
	unit_eq(maar__ipc_live_alive(&b, 1), 1);
	*record(&b, 1) = me;
	record(&b, 1)->start++;
	maar__ipc_unlock(a.file.held.fd, MAAR__IPC_RECORDED + 1, 1); /* not said yet: the record is an older one's */
	unit_eq(maar__ipc_live_alive(&b, 1), 1);
	live_close(&a);
	live_close(&b);
}
END_TEST

/* A process with a chosen number, if the system lets: else -1. */
static pid_t child_of_number(pid_t number)
{
	struct clone_args args;

	memset(&args, 0, sizeof(args));
	args.exit_signal = SIGCHLD;
	args.set_tid = (uint64_t)(uintptr_t)&number;
	args.set_tid_size = 1;
	return (pid_t)syscall(SYS_clone3, &args, sizeof(args));
}

/* In earnest: the parent's number is another process's, and its lock is still there, for its raw child lives. */
START_TEST(a_number_comes_again)
{
	struct maar_ipc *q = create("x");
	struct family f = { .birth = raw_fork };
	int pipes[2];
	pid_t parent, child = 0, again;

	unit_eq(pipe(pipes), 0);
	f.said = pipes[1];
	parent = ipc_child(be_parent, &f);
	unit_eq(read(pipes[0], &child, sizeof(child)), sizeof(child));
	ipc_kill(parent);
	/* Starts are told apart by ticks of 10 ms; in so short a time no number comes again but by force. */
	unit_eq(usleep(30000), 0);
	again = child_of_number(parent);
	if (again == 0)
		raw_sleep();
	if (again < 0)
		unit_note("no process with a chosen number (%s): what records can say is tested by them alone",
			  strerror(errno));
	unit_eq(maar_ipc_recover(q), 1);
	unit_eq(maar_ipc_recover(q), 0);
	if (again > 0)
		ipc_kill(again);
	unit_eq(kill(child, SIGKILL), 0);
	unit_eq(maar_ipc_detach(q), 0);
}
END_TEST

/* ---- makers ---- */

#define MAKERS 6
#define ROUNDS 12

/* Makes and looks; then waits until all have. */
static int race(void *arg)
{
	const int *pipes = arg;
	struct stat about;
	struct maar_ipc *q;
	char go;

	if (read(pipes[0], &go, 1) != 1)
		return 1;
	q = maar_ipc_create("x", NULL, NULL, 0);
	if (!q || stat(ipc_path("x"), &about))
		return 2;
	if (write(pipes[3], &about.st_ino, sizeof(about.st_ino)) != sizeof(about.st_ino))
		return 3;
	return read(pipes[4], &go, 1) != 1 || maar_ipc_detach(q) != 0 ? 4 : 0;
}

/* Whatever it sees is whole. */
static int watch(void *arg)
{
	const void *mem;
	size_t bytes;
	int rc;

	for (;;) {
		unsigned seen[4] = { 0 };

		rc = maar_ipc_view("x", &mem, &bytes);
		if (rc == 0)
			maar_ipc_unview(mem, bytes);
		else if (rc != -ENOENT)
			return 1;
		if (maar_ipc_list(see, seen) < 0 || seen[3])
			return 2;
		if (access(*(char **)arg, F_OK) == 0)
			return 0;
	}
}

START_TEST(makers_race)
{
	char done[IPC_PATH + 8], *path = done;
	int round, i;
	pid_t watcher;

	(void)snprintf(done, sizeof(done), "%s/.done", ipc_dir);
	watcher = ipc_child(watch, &path);
	for (round = 0; round < ROUNDS; round++) {
		int pipes[6];
		pid_t pids[MAKERS];
		ino_t inode, first = 0;

		for (i = 0; i < 6; i += 2)
			unit_eq(pipe(pipes + i), 0);
		for (i = 0; i < MAKERS; i++)
			pids[i] = ipc_child(race, pipes);
		unit_eq(write(pipes[1], "gogogo", MAKERS), MAKERS);
		for (i = 0; i < MAKERS; i++) {
			unit_eq(read(pipes[2], &inode, sizeof(inode)), sizeof(inode));
			if (i == 0)
				first = inode;
			unit_eq(inode, first);
		}
		unit_eq(alive_in_list(), MAKERS); /* all in the same */
		unit_eq(write(pipes[5], "gogogo", MAKERS), MAKERS);
		for (i = 0; i < MAKERS; i++)
			unit_eq(ipc_wait(pids[i]), 0);
		unit_eq(ipc_dir_files(), 1);
		unit_eq(maar_ipc_unlink("x", MAAR_IPC_UNUSED), 0);
		for (i = 0; i < 6; i++)
			close(pipes[i]);
	}
	unit_eq(close(open(done, O_CREAT | O_RDWR, 0600)), 0);
	unit_eq(ipc_wait(watcher), 0);
}
END_TEST

#define TURNS 150

/* As long as it is attached, the name is its queue's: removers take unused ones only. */
static int come_and_go(void *arg)
{
	struct stat before, after;
	struct maar_ipc *q;
	int i;

	(void)arg;
	for (i = 0; i < TURNS; i++) {
		const struct maar_ipc_options options = ipc_small(8);

		q = maar_ipc_create("x", &options, NULL, 0);
		if (!q) {
			fprintf(stderr, "create: %s\n", strerror(errno));
			return 1;
		}
		if (stat(ipc_path("x"), &before))
			return 2;
		sched_yield();
		if (stat(ipc_path("x"), &after) || before.st_ino != after.st_ino)
			return 3;
		if (maar_ipc_detach(q))
			return 4;
	}
	return 0;
}

static int remove_unused(void *arg)
{
	int i, rc;

	(void)arg;
	for (i = 0; i < TURNS; i++) {
		rc = maar_ipc_unlink("x", MAAR_IPC_UNUSED);
		if (rc && rc != -EBUSY && rc != -ENOENT)
			return 1;
		if (maar_ipc_clean() < 0)
			return 2;
		sched_yield();
	}
	return 0;
}

START_TEST(makers_and_removers)
{
	pid_t pids[6];
	unsigned i;

	for (i = 0; i < COUNT_OF(pids); i++)
		pids[i] = ipc_child(i < 4 ? come_and_go : remove_unused, NULL);
	for (i = 0; i < COUNT_OF(pids); i++)
		unit_eq(ipc_wait(pids[i]), 0);
	(void)maar_ipc_unlink("x", 0);
	unit_eq(ipc_dir_files(), 0);
}
END_TEST

/* A maker that its parent traces: it stops itself, makes, and uses a queue. */
static int make_traced(void *arg)
{
	const struct maar_ipc_options options = ipc_small(8);
	struct maar_ipc *q;

	(void)arg;
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL))
		return 1;
	(void)raise(SIGSTOP);
	q = maar_ipc_create("x", &options, NULL, 0);
	return !q || maar_ipc_detach(q) || maar_ipc_unlink("x", MAAR_IPC_UNUSED);
}

/* Lets a maker pass `stops` beginnings and ends of system calls, and kills it there. False: it ended before. */
static bool kill_maker_at(unsigned stops)
{
	const pid_t pid = ipc_child(make_traced, NULL);
	int status;

	unit_eq(waitpid(pid, &status, 0), pid);
	unit_must(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
	unit_eq(ptrace(PTRACE_SETOPTIONS, pid, NULL, (void *)PTRACE_O_EXITKILL), 0);
	while (stops-- > 0) {
		unit_eq(ptrace(PTRACE_SYSCALL, pid, NULL, NULL), 0);
		unit_eq(waitpid(pid, &status, 0), pid);
		if (WIFEXITED(status)) {
			unit_eq(WEXITSTATUS(status), 0);
			return false;
		}
		unit_must(WIFSTOPPED(status));
	}
	ipc_kill(pid);
	return true;
}

START_TEST(makers_killed_at_every_call)
{
	unsigned stops, left = 0, named = 0;
	struct maar_ipc *q;

	unit_eq(maar_ipc_detach(create("other")), 0);
	for (stops = 0; kill_maker_at(stops); stops++) {
		unsigned seen[4] = { 0 };

		unit_must(maar_ipc_list(see, seen) >= 0);
		unit_eq(seen[3], 0);	 /* none is half made */
		unit_must(seen[1] <= 1); /* of this one, not of those before */
		unit_must(seen[0] - seen[1] <= 2);
		unit_eq(seen[2], 0); /* nobody is alive */
		left += seen[1];
		named += access(ipc_path("x"), F_OK) == 0;
		/* The next one, whatever is there, makes or finds a whole one, and cleans. */
		q = create("x");
		unit_eq(maar_ipc_send(q, "x", 1, NULL, 0), 1);
		unit_eq(maar_ipc_detach(q), 0);
		unit_eq(maar_ipc_unlink("x", MAAR_IPC_UNUSED), 0);
		unit_must(maar_ipc_clean() <= 1); /* create found a queue, and made none */
		unit_eq(ipc_dir_files(), 1);
	}
	unit_note("%u places, %u with a file left, %u with a queue", stops, left, named);
	unit_must(left > 10 && named > 10);
}
END_TEST

/* ---- tests that die ---- */

static int make_and_abort(void *unused)
{
	(void)unused;
	ipc_dir_make();
	(void)create("x");
	(void)kill(getpid(), SIGKILL);
	return 0;
}

/* What is left in /dev/shm by a test that was killed, its runner removes; another runner's stays. */
START_TEST(directories_of_killed_tests)
{
	const long runner = ipc_runner;
	char left[IPC_PATH];
	pid_t pid;

	pid = ipc_child(make_and_abort, NULL);
	(void)snprintf(left, sizeof(left), "/dev/shm/" IPC_DIR_BEGINS "%ld-%ld", runner, (long)pid);
	(void)ipc_wait(pid);
	unit_eq(access(left, F_OK), 0);
	ipc_dirs_begin(); /* as another one, which this process is none of */
	ipc_dirs_end();
	unit_eq(access(left, F_OK), 0);
	ipc_runner = runner;
	ipc_dirs_end();
	unit_eq(access(left, F_OK), -1);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite;
	TCase *tcase;

	be_program();
	suite = suite_create("ipc_life");
	tcase = unit_tcase(suite, "ipc_life");
	ipc_dir_each(tcase);
	tcase_add_test(tcase, programs);
	tcase_add_test(tcase, stopped_is_alive);
	tcase_add_test(tcase, a_thread_is_no_participant);
	tcase_add_test(tcase, without_its_first_thread);
	tcase_add_test(tcase, a_child_is_not_its_parent);
	tcase_add_test(tcase, a_child_outlives_its_parent);
	tcase_add_test(tcase, a_raw_child_outlives_its_parent);
	tcase_add_test(tcase, a_raw_child_ends);
	tcase_add_test(tcase, exec_ends_a_participant);
	tcase_add_test(tcase, forks_meanwhile);
	tcase_add_test(tcase, locks);
	tcase_add_test(tcase, records);
	tcase_add_test(tcase, a_number_comes_again);
	tcase_add_test(tcase, makers_race);
	tcase_add_test(tcase, makers_and_removers);
	tcase_add_test(tcase, makers_killed_at_every_call);
	tcase_add_test(tcase, directories_of_killed_tests);
	return suite;
}
