/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * <maar/ipc_watch.h>: a consumer's descriptor beside a socket; what it says of messages, closes, deaths and
 * newcomers, and what it costs whom; consumers that are killed while armed, producers between publishing and telling;
 * FIFOs that are full, stale, in the way, or not to be opened.
 */
#include "faults.h"
#include "ipc_dirs.h"
#include "ipc_sets.h"
#include "ipcs.h"

#include "../../src/base/sleep.h"
#include "../../src/ipc/ipc_priv.h"

#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>

static struct maar_ipc *create(const char *name)
{
	const struct maar_ipc_options options = ipc_small(8);
	struct maar_ipc *q = maar_ipc_create(name, &options, NULL, 0);

	ck_assert_msg(q != NULL, "create %s: %s", name, strerror(errno));
	return q;
}

static void send_one(struct maar_ipc *q, char byte)
{
	unit_eq(maar_ipc_send(q, &byte, 1, NULL, 0), 1);
}

/* 0: nothing there */
static char receive(struct maar_ipc *q)
{
	char got[64];

	return maar_ipc_receive(q, got, sizeof(got), NULL, 0) == 1 ? got[0] : 0;
}

/* ---- the contract ---- */

START_TEST(readable_as_long_as_there_is_something)
{
	struct maar_ipc *producer = create("q"), *consumer = maar_ipc_open("q", NULL);
	const int set = ipc_set_of(consumer);

	unit_eq(maar_ipc_fd(consumer), maar_ipc_fd(consumer));
	unit_must(!ipc_readable(set));
	send_one(producer, 'a'); /* not armed */
	unit_must(!ipc_readable(set));
	unit_eq(maar_ipc_arm(consumer), 1);
	unit_must(ipc_readable(set) && ipc_readable(set));
	unit_eq(maar_ipc_disarm(consumer), 0);
	unit_must(!ipc_readable(set));
	unit_eq(maar_ipc_arm(consumer), 1); /* not taken yet */
	unit_must(ipc_readable(set));
	unit_eq(maar_ipc_disarm(consumer), 0);
	unit_eq(receive(consumer), 'a');
	unit_eq(maar_ipc_arm(consumer), 0);
	unit_must(!ipc_readable(set));
	send_one(producer, 'b');
	send_one(producer, 'c');
	unit_must(ipc_readable(set));
	unit_eq(receive(consumer), 'b'); /* one is left */
	unit_must(ipc_readable(set));
	unit_eq(maar_ipc_disarm(consumer), 0);
	unit_must(!ipc_readable(set));
	unit_eq(receive(consumer), 'c');
	unit_eq(receive(consumer), 0);
	unit_eq(maar_ipc_arm(consumer), 0);
	unit_eq(maar_ipc_disarm(consumer), 0); /* never told */
	send_one(producer, 'd');
	unit_must(!ipc_readable(set));
	unit_eq(receive(consumer), 'd');
	unit_eq(maar_ipc_arm(consumer), 0);
	unit_eq(maar_ipc_close(producer), 0);
	unit_must(ipc_readable(set));
	unit_eq(maar_ipc_disarm(consumer), 0);
	unit_eq(maar_ipc_arm(consumer), 1);
	unit_must(ipc_readable(set));
	close(set);
	unit_eq(maar_ipc_detach(producer), 0);
	unit_eq(maar_ipc_detach(consumer), 0);
	unit_eq(ipc_dir_files(), 1);
}
END_TEST

/* Every priority, and what was released to the queue by somebody's death, which is not at its head's place. */
START_TEST(all_priorities)
{
	const struct maar_ipc_options options = { .priorities = 3, .participants = 8 };
	struct maar_ipc *q = maar_ipc_create("q", &options, NULL, 0);
	const int set = ipc_set_of(q);
	uint32_t p;

	for (p = 0; p < 3; p++) {
		const struct maar_ipc_tags tags = { .priority = p };

		unit_eq(maar_ipc_arm(q), 0);
		unit_eq(maar_ipc_send(q, "x", 2, &tags, 0), 1);
		unit_must(ipc_readable(set));
		unit_eq(maar_ipc_disarm(q), 0);
		unit_eq(maar_ipc_arm(q), 1);
		unit_eq(maar_ipc_disarm(q), 0);
		unit_eq(maar_ipc_drain(q, NULL, NULL), 1);
	}
	close(set);
	unit_eq(maar_ipc_detach(q), 0);
}
END_TEST

START_TEST(all_that_are_armed_are_told)
{
	struct maar_ipc *producer = create("q"), *consumers[4];
	int sets[4], i;

	for (i = 0; i < 4; i++) {
		consumers[i] = maar_ipc_open("q", NULL);
		sets[i] = ipc_set_of(consumers[i]);
	}
	for (i = 0; i < 3; i++)
		ipc_settle(consumers[i], sets[i]);
	send_one(producer, 'a');
	for (i = 0; i < 3; i++)
		unit_must(ipc_readable(sets[i]));
	unit_must(!ipc_readable(sets[3]));
	unit_eq(receive(consumers[3]), 'a'); /* that one was faster */
	for (i = 0; i < 4; i++) {
		if (i < 3)
			unit_eq(maar_ipc_disarm(consumers[i]), 0);
		unit_must(!ipc_readable(sets[i]));
		close(sets[i]);
		unit_eq(maar_ipc_detach(consumers[i]), 0);
	}
	unit_eq(maar_ipc_detach(producer), 0);
}
END_TEST

START_TEST(errors)
{
	const struct maar_ipc_who produces = { .roles = MAAR_IPC_PRODUCER };
	struct maar_ipc *q = create("q"), *producer = maar_ipc_open("q", &produces);
	const struct maar_ipc_bells none = { .open = NULL };
	const size_t bytes = (size_t)maar_ipc_bytes(NULL);
	void *memory = ipc_memory(bytes);
	struct maar_ipc *plain;
	pid_t pid;

	unit_eq(maar_ipc_init(memory, bytes, NULL), 0);
	plain = maar_ipc_attach(memory, bytes, NULL, NULL);
	unit_must(q && producer && plain);
	unit_eq(maar_ipc_fd(NULL), -EINVAL);
	unit_eq(maar_ipc_arm(NULL), -EINVAL);
	unit_eq(maar_ipc_disarm(NULL), -EINVAL);
	unit_eq(maar_ipc_arm(q), -EINVAL);
	unit_eq(maar_ipc_disarm(q), -EINVAL);
	unit_eq(maar_ipc_fd(producer), -EPERM);
	unit_eq(maar_ipc_arm(producer), -EPERM);
	unit_eq(maar_ipc_disarm(producer), -EPERM);
	unit_eq(maar_ipc_fd(plain), -ENOTSUP);
	unit_eq(maar_ipc_set_bells(NULL, &none), -EINVAL);
	unit_eq(maar_ipc_set_bells(plain, NULL), -EINVAL);
	unit_eq(maar_ipc_set_bells(plain, &none), -EINVAL);
	unit_eq(maar_ipc_set_bells(q, &q->bells), -EBUSY);
	unit_must(maar_ipc_fd(q) >= 0);
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		const bool closed = fcntl(maar_ipc_fd(q), F_GETFD) < 0;

		_exit(closed && maar_ipc_fd(q) == -ECHILD && maar_ipc_arm(q) == -ECHILD &&
				      maar_ipc_disarm(q) == -ECHILD && maar_ipc_set_bells(plain, &q->bells) == -EINVAL
			      ? 0
			      : 1);
	}
	unit_eq(ipc_wait(pid), 0);
	maar_a_store(&q->at->broken, 1, RELAXED);
	unit_eq(maar_ipc_fd(q), -EBADMSG);
	unit_eq(maar_ipc_arm(q), -EBADMSG);
	unit_eq(maar_ipc_disarm(q), -EBADMSG);
	unit_eq(maar_ipc_detach(plain), 0);
	unit_eq(maar_ipc_detach(producer), 0);
	unit_eq(maar_ipc_detach(q), 0);
	munmap(memory, bytes);
}
END_TEST

/* Who finds that the queue is broken tells those who would wait for ever. */
START_TEST(broken_is_told)
{
	struct maar_ipc *producer = create("q"), *consumer = maar_ipc_open("q", NULL);
	const int set = ipc_set_of(consumer);

	ipc_settle(consumer, set);
	maar__ring_fill(producer->free[0].ring, maar_a_load(&producer->free[0].ring.ring->head, RELAXED), 99);
	unit_eq(maar_ipc_send(producer, "x", 1, NULL, 0), -EBADMSG);
	unit_must(ipc_readable(set));
	unit_eq(maar_ipc_disarm(consumer), -EBADMSG);
	close(set);
	unit_eq(maar_ipc_detach(producer), 0);
	unit_eq(maar_ipc_detach(consumer), 0);
}
END_TEST

/* ---- what it costs ---- */

#define MESSAGES 10000u

START_TEST(unarmed_costs_no_call)
{
	struct maar_ipc *producer = create("q"), *consumer = maar_ipc_open("q", NULL);
	const int set = ipc_set_of(consumer);
	uint64_t before;
	unsigned i;

	ipc_settle(consumer, set);
	unit_eq(maar_ipc_disarm(consumer), 0);
	before = maar__sleep_calls();
	for (i = 0; i < MESSAGES; i++) {
		send_one(producer, 'a');
		unit_eq(receive(consumer), 'a');
	}
	unit_eq(maar__sleep_calls() - before, 0);
	/* One for each time that it is armed, however many messages. */
	for (i = 0; i < 100; i++) {
		unit_eq(maar_ipc_arm(consumer), 0);
		before = maar__sleep_calls();
		send_one(producer, 'b');
		unit_eq(maar__sleep_calls() - before, 1);
		send_one(producer, 'c');
		unit_eq(maar__sleep_calls() - before, 1);
		unit_must(ipc_readable(set));
		unit_eq(maar_ipc_disarm(consumer), 0);
		unit_eq(maar_ipc_drain(consumer, NULL, NULL), 2);
	}
	close(set);
	unit_eq(maar_ipc_detach(consumer), 0);
	unit_eq(maar_ipc_detach(producer), 0);
}
END_TEST

/* What nobody reads goes on being told: the producer neither waits nor fails. */
START_TEST(full_fifo)
{
	struct maar_ipc *producer = create("q"), *consumer = maar_ipc_open("q", NULL);
	const int set = ipc_set_of(consumer);
	DIR *dir = opendir(ipc_dir);
	struct dirent *entry;
	unsigned i, fifos = 0;
	int fd = -1;

	while ((entry = readdir(dir)) != NULL)
		if (strncmp(entry->d_name, ".bell-", 6) == 0) {
			fd = open(ipc_path(entry->d_name), O_RDWR | O_NONBLOCK);
			fifos++;
		}
	closedir(dir);
	unit_eq(fifos, 1);
	unit_must(fcntl(fd, F_SETPIPE_SZ, 4096) > 0);
	for (i = 0; i < 5000; i++) {
		unit_eq(maar_ipc_arm(consumer), 0);
		send_one(producer, 'a');
		unit_eq(receive(consumer), 'a');
	}
	unit_must(write(fd, "x", 1) < 0 && errno == EAGAIN);
	unit_must(ipc_readable(set));
	unit_eq(maar_ipc_disarm(consumer), 0);
	unit_must(!ipc_readable(set));
	ipc_settle(consumer, set);
	send_one(producer, 'b');
	unit_must(ipc_readable(set));
	close(fd);
	close(set);
	unit_eq(maar_ipc_detach(consumer), 0);
	unit_eq(maar_ipc_detach(producer), 0);
}
END_TEST

/* ---- beside a socket ---- */

static int say_and_send(void *arg)
{
	const int *ends = arg;
	struct maar_ipc *q = maar_ipc_open("q", NULL);
	unsigned i;

	if (!q)
		return 1;
	for (i = 0; i < 1000; i++) {
		if (maar_ipc_send(q, &i, sizeof(i), NULL, MAAR_FOREVER) != 1)
			return 2;
		if (i % 10 == 0 && write(ends[1], "s", 1) != 1)
			return 3;
		if (i % 100 == 0)
			pace_yield();
	}
	return maar_ipc_detach(q) ? 4 : 0;
}

START_TEST(beside_a_socket)
{
	struct maar_ipc *q = create("q");
	const int set = ipc_set_of(q);
	unsigned said = 0, got = 0, i;
	int ends[2];
	pid_t pid;

	unit_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
	ipc_watch(set, ends[0]);
	pid = ipc_child(say_and_send, ends);
	while (got < 1000 || said < 100) {
		char bytes[64];
		ssize_t n;

		unit_must(maar_ipc_arm(q) >= 0);
		ipc_wait_readable(set);
		unit_eq(maar_ipc_disarm(q), 0);
		n = read(ends[0], bytes, sizeof(bytes));
		said += n > 0 ? (unsigned)n : 0;
		while (maar_ipc_receive(q, &bytes, sizeof(bytes), NULL, 0) == 1) {
			memcpy(&i, bytes, sizeof(i));
			unit_eq(i, got++);
		}
	}
	unit_eq(ipc_wait(pid), 0);
	unit_eq(said, 100);
	close(ends[0]);
	close(ends[1]);
	close(set);
	unit_eq(maar_ipc_detach(q), 0);
}
END_TEST

/* ---- many at once ---- */

#define THREADS 2
#define EACH	3000

static void *send_many(void *arg)
{
	struct maar_ipc *q = maar_ipc_open("q", NULL);
	unsigned i;

	(void)arg;
	unit_must(q);
	for (i = 0; i < EACH; i++)
		unit_eq(maar_ipc_send(q, "x", 1, NULL, MAAR_FOREVER), 1);
	unit_eq(maar_ipc_detach(q), 0);
	return NULL;
}

static uint64_t had;

static void *take_many(void *arg)
{
	struct maar_ipc *q = maar_ipc_open("q", NULL);
	int set;

	(void)arg;
	unit_must(q);
	set = ipc_set_of(q);
	for (;;) {
		struct maar_ipc_message m;
		int got;

		unit_must(maar_ipc_arm(q) >= 0);
		ipc_wait_readable(set);
		unit_eq(maar_ipc_disarm(q), 0);
		while ((got = maar_ipc_take(q, &m, 0)) == 1) {
			unit_eq(maar_ipc_release(q, &m), 0);
			(void)maar_a_add(&had, 1, RELAXED);
		}
		if (got == -EPIPE)
			break;
	}
	close(set);
	unit_eq(maar_ipc_detach(q), 0);
	return NULL;
}

START_TEST(many_at_once)
{
	struct maar_ipc *q = create("q");
	pthread_t producers[THREADS], consumers[THREADS];
	unsigned i;

	maar_a_store(&had, 0, RELAXED);
	for (i = 0; i < THREADS; i++)
		consumers[i] = unit_thread(take_many, NULL);
	for (i = 0; i < THREADS; i++)
		producers[i] = unit_thread(send_many, NULL);
	for (i = 0; i < THREADS; i++)
		unit_join(producers[i]);
	unit_eq(maar_ipc_close(q), 0);
	for (i = 0; i < THREADS; i++)
		unit_join(consumers[i]);
	unit_eq(maar_a_load(&had, RELAXED), THREADS * EACH);
	unit_eq(maar_ipc_check(q), 0);
	unit_eq(maar_ipc_detach(q), 0);
	unit_eq(ipc_dir_files(), 1);
}
END_TEST

/* ---- kill -9 ---- */

static int arm_and_wait(void *arg)
{
	const int *ends = arg;
	struct maar_ipc *q = maar_ipc_open("q", NULL);

	if (!q || maar_ipc_fd(q) < 0 || maar_ipc_arm(q) != 0)
		return 1;
	ipc_tell(ends[1], '!');
	for (;;)
		pause();
}

START_TEST(killed_while_armed)
{
	struct maar_ipc *producer = create("q");
	uint64_t before;
	int ends[2], i;
	pid_t pid;

	unit_eq(pipe2(ends, O_CLOEXEC), 0);
	for (i = 0; i < 3; i++) {
		pid = ipc_child(arm_and_wait, ends);
		unit_eq(ipc_hear(ends[0]), '!');
		unit_eq(ipc_dir_files(), 2);
		ipc_kill(pid);
		/* SIGPIPE would end this process. */
		before = maar__sleep_calls();
		send_one(producer, 'a');
		unit_eq(maar__sleep_calls() - before, 1);
		send_one(producer, 'b');
		unit_eq(receive(producer), 'a');
		unit_eq(receive(producer), 'b');
		unit_eq(maar__sleep_calls() - before, 1);
		if (i == 0) {
			unit_eq(maar_ipc_recover(producer), 1);
		} else if (i == 1) {
			struct maar_ipc *heir = maar_ipc_open("q", NULL); /* not of its number: that is not free yet */

			unit_must(heir);
			unit_eq(maar_ipc_recover(heir), 1);
			unit_eq(maar_ipc_detach(heir), 0);
		} else {
			unit_eq(maar_ipc_unlink("q", 0), 0);
			unit_eq(ipc_dir_files(), 0);
			unit_eq(maar_ipc_recover(producer), 1);
		}
		unit_eq(ipc_dir_files(), i < 2);
	}
	unit_eq(maar_ipc_detach(producer), 0);
}
END_TEST

/* Nobody is left; whoever makes or removes any queue finds it. Until then it is listed as what it is. */
static void see(const struct maar_ipc_entry *entry, void *arg)
{
	*(unsigned *)arg += (entry->flags & MAAR_IPC_LEFTOVER) != 0;
}

START_TEST(killed_and_nobody_left)
{
	unsigned left = 0;
	int ends[2];
	pid_t pid;

	unit_eq(pipe2(ends, O_CLOEXEC), 0);
	unit_eq(maar_ipc_detach(create("q")), 0);
	pid = ipc_child(arm_and_wait, ends);
	unit_eq(ipc_hear(ends[0]), '!');
	unit_eq(maar_ipc_clean(), 0); /* not of a living one */
	unit_eq(maar_ipc_list(see, &left), 1);
	unit_eq(left, 0);
	ipc_kill(pid);
	unit_eq(maar_ipc_list(see, &left), 2);
	unit_eq(left, 1);
	unit_eq(maar_ipc_clean(), 1);
	unit_eq(ipc_dir_files(), 1);
}
END_TEST

/* A number's next holder has a FIFO of its own, and a producer that still has the last one's does not ring that. */
START_TEST(the_next_of_a_number)
{
	const struct maar_ipc_who who = { .roles = MAAR_IPC_CONSUMER, .key = 7 };
	struct maar_ipc *producer = create("q");
	unsigned i;

	for (i = 0; i < 3; i++) {
		struct maar_ipc *consumer = maar_ipc_open("q", &who);
		const int set = ipc_set_of(consumer);

		unit_eq(maar_ipc_participant(consumer), 2);
		ipc_settle(consumer, set);
		send_one(producer, 'a');
		unit_must(ipc_readable(set));
		unit_eq(receive(consumer), 'a');
		unit_eq(ipc_dir_files(), 2);
		close(set);
		unit_eq(maar_ipc_detach(consumer), 0);
		unit_eq(ipc_dir_files(), 1);
	}
	unit_eq(maar_ipc_detach(producer), 0);
}
END_TEST

static int take_and_wait(void *arg)
{
	const int *ends = arg;
	struct maar_ipc *q = maar_ipc_open("q", NULL);
	struct maar_ipc_message m;

	if (!q || maar_ipc_take(q, &m, MAAR_FOREVER) != 1)
		return 1;
	ipc_tell(ends[1], '!');
	for (;;)
		pause();
}

/* A death makes it readable, disarm recovers, and what the dead one had is there again. */
START_TEST(deaths_of_others)
{
	struct maar_ipc *consumer = create("q");
	const int set = ipc_set_of(consumer);
	struct maar_ipc_message m;
	int ends[2], i;

	unit_eq(pipe2(ends, O_CLOEXEC), 0);
	for (i = 0; i < 3; i++) {
		int64_t before;
		pid_t pid;

		if (i == 0) /* it is armed before the other comes: whose coming it is told */
			ipc_settle(consumer, set);
		send_one(consumer, 'a');
		pid = ipc_child(take_and_wait, ends);
		unit_eq(ipc_hear(ends[0]), '!');
		ipc_settle(consumer, set);
		before = maar__now();
		unit_eq(kill(pid, SIGKILL), 0);
		ipc_wait_readable(set);
		unit_eq(maar_ipc_disarm(consumer), 0);
		unit_note("from kill to recovered: %d us", (int)((maar__now() - before) / 1000));
		(void)ipc_wait(pid);
		unit_eq(maar_ipc_take(consumer, &m, 0), 1);
		unit_eq(m.flags, MAAR_IPC_REDELIVERED);
		unit_eq(maar_ipc_release(consumer, &m), 0);
	}
	ipc_settle(consumer, set);
	close(set);
	unit_eq(maar_ipc_detach(consumer), 0);
}
END_TEST

/* Producers killed at any time, one after another: the consumer's loop has no time-out, and gets what was sent. */
#define ROUNDS 60

static uint64_t *sent; /* shared: messages of which send has returned */

static int send_until_killed(void *arg)
{
	struct maar_ipc *q = maar_ipc_open("q", NULL);
	struct unit_rng rng = unit_rng((uint64_t)(uintptr_t)arg);

	while (q && maar_ipc_send(q, "x", 1, NULL, MAAR_FOREVER) == 1) {
		(void)maar_a_add(sent, 1, RELEASE);
		if (unit_random_below(&rng, 4) == 0) /* so that the consumer is asleep now and then */
			pace_yield();
	}
	return 1;
}

START_TEST(killed_at_random)
{
	struct maar_ipc *consumer = create("q");
	const int set = ipc_set_of(consumer);
	struct unit_rng rng = unit_rng(99);
	uint64_t got = 0, i;

	sent = ipc_memory(sizeof(*sent));
	for (i = 0; i < ROUNDS; i++) {
		/* One may be left of the last producer's; one shows that this one has attached: its death is told then. */
		const uint64_t most = got + 2 + unit_random_below(&rng, 30);
		const pid_t pid = ipc_child(send_until_killed, (void *)(uintptr_t)i);
		bool killed = false, ended = false;

		while (!ended || got < maar_a_load(sent, ACQUIRE)) {
			ssize_t n;

			unit_must(maar_ipc_arm(consumer) >= 0);
			ended = ended || waitpid(pid, NULL, WNOHANG) == pid; /* arm may have found, and recovered it */
			if (!ended)
				ipc_wait_readable(set);
			unit_eq(maar_ipc_disarm(consumer), 0);
			n = maar_ipc_drain(consumer, NULL, NULL);
			unit_must(n >= 0);
			got += (uint64_t)n;
			if (!killed && got >= most) {
				unit_eq(kill(pid, SIGKILL), 0);
				killed = true;
			}
		}
	}
	unit_must(got >= maar_a_load(sent, ACQUIRE) && got <= maar_a_load(sent, ACQUIRE) + ROUNDS);
	unit_must(maar_ipc_recover(consumer) >= 0);
	unit_eq(maar_ipc_check(consumer), 0);
	unit_note("%llu messages of %d producers", (unsigned long long)got, ROUNDS);
	close(set);
	unit_eq(maar_ipc_detach(consumer), 0);
	munmap(sent, sizeof(*sent));
}
END_TEST

/* ---- bells of the caller's: descriptors that were there before the processes ---- */

#define BELLS 8

static struct {
	int fds[BELLS + 1];
	bool kills;	  /* whoever rings is killed before it has */
	uint32_t refuses; /* rings that fail */
	uint32_t rings, closes;
} bells;

static int open_bell(void *arg, uint32_t i, uint32_t life)
{
	(void)arg, (void)life;
	return i <= BELLS ? bells.fds[i] : -ENOSPC;
}

static int ring_bell(void *arg, uint32_t i, uint32_t life)
{
	(void)arg, (void)life;
	if (bells.kills)
		raise(SIGKILL);
	if (bells.refuses) {
		bells.refuses--;
		return -EMFILE;
	}
	bells.rings++;
	return i <= BELLS && eventfd_write(bells.fds[i], 1) ? -errno : 0;
}

static void close_bell(void *arg, uint32_t i, uint32_t life)
{
	(void)arg, (void)i, (void)life;
	bells.closes++;
}

static const struct maar_ipc_bells by_hand = { .open = open_bell, .ring = ring_bell, .close = close_bell };

static void *segment;
static size_t segment_bytes;

static struct maar_ipc *attach_with_bells(void)
{
	struct maar_ipc *q = maar_ipc_attach(segment, segment_bytes, NULL, NULL);

	if (!q || maar_ipc_set_bells(q, &by_hand))
		abort();
	return q;
}

static void make_segment(int flags)
{
	const struct maar_ipc_options options = ipc_small(BELLS);
	unsigned i;

	memset(&bells, 0, sizeof(bells));
	for (i = 1; i <= BELLS; i++)
		bells.fds[i] = eventfd(0, flags | EFD_CLOEXEC);
	segment_bytes = (size_t)maar_ipc_bytes(&options);
	segment = ipc_memory(segment_bytes);
	unit_eq(maar_ipc_init(segment, segment_bytes, &options), 0);
}

START_TEST(bells_of_the_callers)
{
	struct maar_ipc *consumer, *producer;
	pid_t pid;
	int set;

	make_segment(EFD_NONBLOCK);
	consumer = attach_with_bells();
	producer = attach_with_bells();
	set = ipc_set_of(consumer);
	ipc_settle(consumer, set);
	send_one(producer, 'a');
	unit_must(ipc_readable(set));
	unit_eq(maar_ipc_disarm(consumer), 0);
	unit_must(!ipc_readable(set));
	unit_eq(receive(consumer), 'a');
	/* One that could not be rung is rung with the next message, and not with each after that. */
	ipc_settle(consumer, set);
	bells.refuses = 2;
	bells.rings = 0;
	send_one(producer, 'b');
	send_one(producer, 'c');
	unit_must(!ipc_readable(set));
	send_one(producer, 'd');
	unit_must(ipc_readable(set));
	send_one(producer, 'e');
	unit_eq(bells.rings, 1);
	/* The same of itself. */
	unit_eq(maar_ipc_disarm(consumer), 0);
	bells.refuses = 1;
	unit_eq(maar_ipc_arm(consumer), -EMFILE);
	unit_eq(maar_ipc_arm(consumer), 1);
	close(set);
	/* A forked child has not the set, though nothing else of a queue without a name is to be closed there. */
	set = maar_ipc_fd(consumer);
	pid = fork();
	if (pid == 0)
		_exit(fcntl(set, F_GETFD) >= 0);
	unit_eq(ipc_wait(pid), 0);
	unit_eq(bells.closes, 0);
	unit_eq(maar_ipc_detach(consumer), 0);
	unit_eq(bells.closes, 1);
	unit_eq(maar_ipc_detach(producer), 0);
	unit_eq(bells.closes, 1);
}
END_TEST

START_TEST(bells_that_are_wrong)
{
	struct maar_ipc *q;

	make_segment(0); /* reading them would wait */
	q = attach_with_bells();
	unit_eq(maar_ipc_fd(q), -EINVAL);
	unit_eq(bells.closes, 1);
	unit_eq(maar_ipc_arm(q), -EINVAL);
	bells.fds[maar_ipc_participant(q)] = -EDOM;
	unit_eq(maar_ipc_fd(q), -EDOM);
	unit_eq(maar_ipc_detach(q), 0);
}
END_TEST

/* Who has no bells leaves it to those who have. */
START_TEST(a_producer_without_bells)
{
	struct maar_ipc *consumer, *producer, *deaf;
	int set;

	make_segment(EFD_NONBLOCK);
	consumer = attach_with_bells();
	producer = attach_with_bells();
	deaf = maar_ipc_attach(segment, segment_bytes, NULL, NULL);
	set = ipc_set_of(consumer);
	ipc_settle(consumer, set);
	send_one(deaf, 'a');
	send_one(deaf, 'b');
	unit_must(!ipc_readable(set));
	send_one(producer, 'c');
	unit_must(ipc_readable(set));
	close(set);
	unit_eq(maar_ipc_detach(deaf), 0);
	unit_eq(maar_ipc_detach(producer), 0);
	unit_eq(maar_ipc_detach(consumer), 0);
}
END_TEST

static int send_and_be_killed(void *arg)
{
	const int *ends = arg;
	struct maar_ipc *q = attach_with_bells();

	ipc_tell(ends[1], '!');
	(void)ipc_hear(ends[2]);
	bells.kills = true;
	(void)maar_ipc_send(q, "x", 1, NULL, 0);
	return 1;
}

/* The consumer itself finds its death, and the message. */
START_TEST(killed_between_publish_and_ring)
{
	struct maar_ipc *consumer;
	int set, i, ends[4];

	unit_eq(pipe2(ends, O_CLOEXEC), 0);
	unit_eq(pipe2(ends + 2, O_CLOEXEC), 0);
	make_segment(EFD_NONBLOCK);
	consumer = attach_with_bells();
	set = ipc_set_of(consumer);
	for (i = 0; i < 20; i++) {
		const pid_t pid = ipc_child(send_and_be_killed, ends);
		int status;

		unit_eq(ipc_hear(ends[0]), '!');
		ipc_settle(consumer, set);
		ipc_tell(ends[3], '!');
		ipc_wait_readable(set);
		unit_eq(maar_ipc_disarm(consumer), 0);
		unit_eq(receive(consumer), 'x');
		status = ipc_wait(pid);
		unit_must(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
		unit_eq(maar_ipc_recover(consumer), 0); /* it was */
	}
	for (i = 0; i < 4; i++)
		close(ends[i]);
	close(set);
	unit_eq(maar_ipc_check(consumer), 0);
	unit_eq(maar_ipc_detach(consumer), 0);
}
END_TEST

/* Where no end is told (the lives are the caller's, and death is NULL), whoever recovers tells. */
START_TEST(recovery_tells)
{
	const struct maar_ipc_options options = ipc_small(BELLS);
	struct maar_ipc *consumer, *producer, *third;
	struct ipc_lives lives = { .ends = 0 };
	const struct maar_ipc_life life = ipc_life(&lives);
	int set;

	make_segment(EFD_NONBLOCK);
	unit_eq(maar_ipc_init(segment, segment_bytes, &options), 0);
	consumer = maar_ipc_attach(segment, segment_bytes, NULL, &life);
	producer = maar_ipc_attach(segment, segment_bytes, NULL, &life);
	third = maar_ipc_attach(segment, segment_bytes, NULL, &life);
	unit_eq(maar_ipc_set_bells(consumer, &by_hand), 0);
	unit_eq(maar_ipc_set_bells(producer, &by_hand), 0);
	unit_eq(maar_ipc_set_bells(third, &by_hand), 0);
	set = ipc_set_of(consumer);
	ipc_settle(consumer, set);
	bells.refuses = 1; /* it publishes, and dies before it has rung */
	send_one(producer, 'a');
	unit_must(!ipc_readable(set));
	lives.alive[maar_ipc_participant(producer)] = false;
	unit_eq(maar_ipc_recover(third), 1);
	unit_must(ipc_readable(set));
	unit_eq(maar_ipc_disarm(consumer), 0);
	unit_eq(receive(consumer), 'a');
	/* The same by whoever becomes its number. */
	producer = maar_ipc_attach(segment, segment_bytes, NULL, &life);
	ipc_settle(consumer, set);
	bells.refuses = 1;
	send_one(producer, 'b');
	lives.alive[maar_ipc_participant(producer)] = false;
	unit_must(!ipc_readable(set));
	unit_eq(maar_ipc_detach(third), 0);
	third = maar_ipc_attach(segment, segment_bytes, NULL, &life);
	unit_eq(maar_ipc_set_bells(third, &by_hand), 0);
	unit_must(ipc_readable(set));
	close(set);
}
END_TEST

/* ---- what may fail ---- */

static int use(void *arg)
{
	struct maar_ipc *producer = arg, *consumer = maar_ipc_open("q", NULL);
	int rc = consumer ? 0 : -errno;

	if (rc == 0) {
		const int fd = maar_ipc_fd(consumer);

		rc = fd < 0 ? fd : maar_ipc_arm(consumer);
	}
	if (rc >= 0) {
		send_one(producer, 'x');
		rc = maar_ipc_disarm(consumer);
		(void)maar_ipc_drain(consumer, NULL, NULL);
	}
	unit_eq(maar_ipc_detach(consumer), 0);
	return rc;
}

START_TEST(faults)
{
	struct maar_ipc *producer = create("q");

	FAULTS_RUN(use, producer, FAULTS_REFUSES | FAULTS_WORKS);
	unit_eq(maar_ipc_detach(producer), 0);
	unit_eq(maar_ipc_unlink("q", 0), 0);
	unit_eq(ipc_dir_files(), 0);
}
END_TEST

/* A producer that has no descriptor left tells as soon as it has one. */
START_TEST(no_descriptor_to_ring_with)
{
	struct maar_ipc *producer = create("q"), *consumer = maar_ipc_open("q", NULL);
	const int set = ipc_set_of(consumer);
	struct rlimit files, fewer;

	ipc_settle(consumer, set);
	unit_eq(getrlimit(RLIMIT_NOFILE, &files), 0);
	fewer = files;
	fewer.rlim_cur = 0;
	unit_eq(setrlimit(RLIMIT_NOFILE, &fewer), 0);
	send_one(producer, 'a');
	send_one(producer, 'b');
	unit_eq(setrlimit(RLIMIT_NOFILE, &files), 0);
	unit_must(!ipc_readable(set));
	send_one(producer, 'c');
	unit_must(ipc_readable(set));
	close(set);
	unit_eq(maar_ipc_detach(consumer), 0);
	unit_eq(maar_ipc_detach(producer), 0);
}
END_TEST

/* Somebody of this user has removed the FIFO, or put something else there: nobody waits, nobody asks for ever. */
START_TEST(fifo_removed_by_hand)
{
	struct maar_ipc *producer = create("q"), *consumer = maar_ipc_open("q", NULL);
	const int set = ipc_set_of(consumer);
	DIR *dir = opendir(ipc_dir);
	struct dirent *entry;
	uint64_t before;

	ipc_settle(consumer, set);
	while ((entry = readdir(dir)) != NULL)
		if (strncmp(entry->d_name, ".bell-", 6) == 0) {
			unit_eq(unlink(ipc_path(entry->d_name)), 0);
			close(open(ipc_path(entry->d_name), O_CREAT | O_WRONLY, 0600));
		}
	closedir(dir);
	before = maar__sleep_calls();
	send_one(producer, 'a');
	send_one(producer, 'b');
	unit_eq(maar__sleep_calls(), before);
	unit_must(!ipc_readable(set));
	close(set);
	unit_eq(maar_ipc_detach(consumer), 0);
	unit_eq(maar_ipc_detach(producer), 0);
	unit_eq(ipc_dir_files(), 1);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("ipc_watch");
	TCase *contract = unit_tcase(suite, "contract"), *cost = unit_tcase(suite, "cost");
	TCase *kill_9 = unit_tcase(suite, "kill -9"), *hooks = unit_tcase(suite, "bells of the caller's");
	TCase *failures = unit_tcase(suite, "failures");

	tcase_add_checked_fixture(contract, ipc_dir_make, ipc_dir_end);
	tcase_add_checked_fixture(cost, ipc_dir_make, ipc_dir_end);
	tcase_add_checked_fixture(kill_9, ipc_dir_make, ipc_dir_end);
	tcase_add_checked_fixture(failures, ipc_dir_make, ipc_dir_end);
	tcase_add_test(contract, readable_as_long_as_there_is_something);
	tcase_add_test(contract, all_priorities);
	tcase_add_test(contract, all_that_are_armed_are_told);
	tcase_add_test(contract, errors);
	tcase_add_test(contract, broken_is_told);
	tcase_add_test(contract, beside_a_socket);
	tcase_add_test(contract, many_at_once);
	tcase_add_test(cost, unarmed_costs_no_call);
	tcase_add_test(cost, full_fifo);
	tcase_add_test(kill_9, killed_while_armed);
	tcase_add_test(kill_9, killed_and_nobody_left);
	tcase_add_test(kill_9, the_next_of_a_number);
	tcase_add_test(kill_9, deaths_of_others);
	tcase_add_test(kill_9, killed_at_random);
	tcase_add_test(hooks, bells_of_the_callers);
	tcase_add_test(hooks, bells_that_are_wrong);
	tcase_add_test(hooks, a_producer_without_bells);
	tcase_add_test(hooks, killed_between_publish_and_ring);
	tcase_add_test(hooks, recovery_tells);
	tcase_add_test(failures, faults);
	tcase_add_test(failures, no_descriptor_to_ring_with);
	tcase_add_test(failures, fifo_removed_by_hand);
	return suite;
}
