/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * A program that is watched: it passes every probe, a number of times that is known where a test counts. Who waits, takes and
 * steals has a function of its own, which gdb's stacks show, and a thread's name: stacks of bpftrace end in a library that has
 * no frame pointers.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* gettid */
#endif
#include <maar.h>

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define APART __attribute__((noinline, noclone))
#define NAP   20000 /* us: how long somebody sleeps at least */

#define CHECK(what)                                                                                                    \
	do {                                                                                                           \
		if (!(what)) {                                                                                         \
			fprintf(stderr, "scene: line %d: %s\n", __LINE__, #what);                                      \
			exit(1);                                                                                       \
		}                                                                                                      \
	} while (0)

/* Until a thread sleeps, which its way leads to. Then it does for a while. */
static void until_asleep(pid_t process, pid_t thread)
{
	char path[64], text[256], state = 0;
	FILE *stat;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", (int)process, (int)thread);
	while (state != 'S') {
		usleep(1000);
		stat = fopen(path, "r");
		CHECK(stat && fgets(text, sizeof(text), stat) && strrchr(text, ')'));
		state = strrchr(text, ')')[2];
		fclose(stat);
	}
	usleep(NAP);
}

/* What bpftrace calls a thread. */
static void name(const char *of_thread)
{
	CHECK(pthread_setname_np(pthread_self(), of_thread) == 0);
}

static volatile int sink; /* what comes after a call, so that it is no tail call, and its caller is in the stack */

/* ---- mrings: refill, spill, grow, shrink, steal, empty ---- */

#define SLOTS 64 /* at most; 16 a slab, lanes of 8, batches of 4 */
static struct maar_mring *mring;
static pthread_barrier_t twice;
static void *taken[SLOTS];

APART void taker_of_slots(unsigned n)
{
	static unsigned have;

	name("taker");
	while (n--) {
		taken[have] = maar_mring_get(mring);
		CHECK(taken[have++]);
	}
	name("scene");
	sink++;
}

/* Leaves a batch in its lane, alive or not. */
static void *leaver_of_slots(void *alive)
{
	void *slot = maar_mring_get(mring);

	CHECK(slot && maar_mring_put(mring, slot) == 0);
	if (alive) {
		pthread_barrier_wait(&twice);
		pthread_barrier_wait(&twice);
	}
	return NULL;
}

static void mrings(void)
{
	const struct maar_mring_options options = { .max_slots = SLOTS, .slab_bytes = 65536, .lane_slots = 8 };
	pthread_t thread, other;
	unsigned i;

	mring = maar_mring_create(16, 4096, &options);
	CHECK(mring);
	taker_of_slots(32); /* grows once */
	CHECK(pthread_create(&thread, NULL, leaver_of_slots, mring) == 0);
	pthread_barrier_wait(&twice);
	CHECK(pthread_create(&other, NULL, leaver_of_slots, NULL) == 0 && pthread_join(other, NULL) == 0);
	taker_of_slots(SLOTS - 32); /* the last are in the lanes of these two */
	CHECK(!maar_mring_get(mring));
	pthread_barrier_wait(&twice);
	CHECK(pthread_join(thread, NULL) == 0);
	for (i = 0; i < SLOTS; i++)
		CHECK(maar_mring_put(mring, taken[i]) == 0);
	CHECK(maar_mring_shrink(mring) > 0);
	CHECK(maar_mring_destroy(mring) == 0);
}

/* ---- blocks: refill, steal, grow, shrink, map, none ---- */

#define BLOCKS 512
#define BYTES  1000
static void *blocks[BLOCKS];

static void *maker_of_blocks(void *arg)
{
	unsigned i;

	(void)arg;
	for (i = 0; i < BLOCKS; i++)
		CHECK((blocks[i] = maar_malloc(BYTES)) != NULL);
	pthread_barrier_wait(&twice); /* they are freed by another, */
	pthread_barrier_wait(&twice); /* and come back to nobody */
	return NULL;
}

APART void *thief_of_blocks(void *arg)
{
	void *mine[BLOCKS / 4];
	unsigned i;

	(void)arg;
	name("thief");
	for (i = 0; i < BLOCKS / 4; i++)
		CHECK((mine[i] = maar_malloc(BYTES)) != NULL);
	for (i = 0; i < BLOCKS / 4; i++)
		maar_free(mine[i]);
	return NULL;
}

static void allocator(void)
{
	pthread_t maker, thief;
	void *large;
	unsigned i;

	CHECK(pthread_create(&maker, NULL, maker_of_blocks, NULL) == 0);
	pthread_barrier_wait(&twice);
	for (i = 0; i < BLOCKS; i++)
		maar_free(blocks[i]);
	CHECK(pthread_create(&thief, NULL, thief_of_blocks, NULL) == 0 && pthread_join(thief, NULL) == 0);
	pthread_barrier_wait(&twice);
	CHECK(pthread_join(maker, NULL) == 0);
	large = maar_malloc(16 << 20);
	CHECK(large);
	maar_free(large);
	CHECK(maar_alloc_trim() > 0);
	CHECK(maar_alloc_limit(1, 0, NULL, NULL) == 0);
	CHECK(!maar_malloc(300000)); /* of a class that nobody has used */
	CHECK(maar_alloc_limit(0, 0, NULL, NULL) == 0);
}

/* ---- channels: block, wake, full, starved, drop, evict, close ---- */

static struct maar_channel *channel;
static pid_t waiter; /* its thread; 0: not yet */

APART void consumer_waits(void)
{
	struct maar_msg *msg;

	CHECK(maar_channel_recv(channel, &msg, MAAR_FOREVER) == 1);
	CHECK(maar_channel_release(channel, msg) == 0);
	sink++;
}

APART void producer_waits(void)
{
	uint64_t i;

	for (i = 0; i < 5; i++) /* the fifth has no room */
		CHECK(maar_channel_send_bytes(channel, &i, sizeof(i)) == 1);
	sink++;
}

static void *consumer(void *arg)
{
	name("consumer");
	__atomic_store_n(&waiter, gettid(), __ATOMIC_RELEASE);
	consumer_waits();
	return arg;
}

static void *producer(void *arg)
{
	name("producer");
	__atomic_store_n(&waiter, gettid(), __ATOMIC_RELEASE);
	producer_waits();
	return arg;
}

/* A thread that begins, and comes to wait in the channel. */
static pthread_t one_that_waits(void *(*body)(void *))
{
	struct maar_channel_stats stats;
	pthread_t thread;

	waiter = 0;
	CHECK(pthread_create(&thread, NULL, body, NULL) == 0);
	do {
		usleep(1000);
		CHECK(maar_channel_stats(channel, &stats) == 0);
	} while (!__atomic_load_n(&waiter, __ATOMIC_ACQUIRE) || !(stats.senders_asleep + stats.receivers_asleep));
	until_asleep(getpid(), waiter);
	return thread;
}

/* For DROP and OVERWRITE: ten are sent where four have room. */
static void lose(unsigned full)
{
	const struct maar_channel_options options = { .full = full };
	struct maar_channel *c = maar_channel_create(4, 8, &options);
	uint64_t i;

	CHECK(c);
	for (i = 0; i < 10; i++)
		CHECK(maar_channel_send_bytes(c, &i, sizeof(i)) >= 0);
	maar_channel_close(c);
	maar_channel_drain(c, NULL, NULL);
	CHECK(maar_channel_destroy(c) == 0);
}

static void channels(void)
{
	const struct maar_channel_options options = { .flags = MAAR_CHANNEL_NO_SPIN | MAAR_CHANNEL_PROMPT };
	const struct maar_channel_options starving = { .messages = 1, .timeout_ns = 1000000 };
	struct maar_msg *msg;
	uint64_t i = 0;
	pthread_t thread;

	channel = maar_channel_create(4, 8, &options);
	CHECK(channel);
	thread = one_that_waits(consumer);
	CHECK(maar_channel_send_bytes(channel, &i, sizeof(i)) == 1);
	CHECK(pthread_join(thread, NULL) == 0);
	thread = one_that_waits(producer);
	consumer_waits();
	CHECK(pthread_join(thread, NULL) == 0);
	maar_channel_close(channel);
	maar_channel_drain(channel, NULL, NULL);
	CHECK(maar_channel_destroy(channel) == 0);

	channel = maar_channel_create(4, 8, &starving);
	CHECK(channel && maar_channel_reserve(channel, &msg) == 1);
	while (maar_channel_reserve(channel, &msg) == 1) /* a pool may have more than it was asked for */
		sink++;
	maar_channel_close(channel);
	lose(MAAR_CHANNEL_DROP);
	lose(MAAR_CHANNEL_OVERWRITE);
}

/* ---- between processes: drop, recover, broken; block and wake of a queue that was handed over ---- */

#define SEGMENT (1 << 20)

static struct maar_ipc *segment(uint32_t when_full, void **memory)
{
	const struct maar_ipc_options options = { .classes = { { .bytes = 8, .slots = 4 } },
						  .n_classes = 1,
						  .when_full = when_full };

	*memory = mmap(NULL, SEGMENT, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(*memory != MAP_FAILED && maar_ipc_init(*memory, SEGMENT, &options) == 0);
	return maar_ipc_attach(*memory, SEGMENT, NULL, NULL);
}

static void one_dies(struct maar_ipc *ipc, void *memory)
{
	const pid_t pid = fork();
	int status;

	if (pid == 0) {
		struct maar_ipc *mine = maar_ipc_attach(memory, SEGMENT, NULL, NULL);
		void *payload;

		_exit(!mine || maar_ipc_loan(mine, 8, &payload, 0) != 1); /* and keeps it */
	}
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	CHECK(maar_ipc_recover(ipc) == 1);
}

static void between_processes(void)
{
	struct maar_ipc_message message;
	void *memory, *payload;
	struct maar_ipc *ipc;
	uint64_t i;

	ipc = segment(MAAR_IPC_DROP_NEWEST, &memory);
	for (i = 0; i < 10; i++)
		CHECK(maar_ipc_send(ipc, &i, sizeof(i), NULL, 0) == (i < 4));
	CHECK(maar_ipc_drain(ipc, NULL, NULL) == 4);
	one_dies(ipc, memory);
	CHECK(maar_ipc_detach(ipc) == 0);

	ipc = segment(MAAR_IPC_OVERWRITE, &memory);
	for (i = 0; i < 10; i++)
		CHECK(maar_ipc_send(ipc, &i, sizeof(i), NULL, 0) == 1);
	CHECK(maar_ipc_drain(ipc, NULL, NULL) == 4);
	CHECK(maar_ipc_loan(ipc, 8, &payload, 0) == 1 && maar_ipc_publish(ipc, payload, 8, NULL, 0) == 1);
	memset((unsigned char *)payload - MAAR_CACHE_LINE, 0xff,
	       MAAR_CACHE_LINE); /* somebody writes over what is not his */
	CHECK(maar_ipc_take(ipc, &message, 0) == -EBADMSG);
}

static void handed_over(void)
{
	const struct maar_handed_options options = { .bytes = 8, .slots = 4 };
	struct maar_ipc_message message;
	struct maar_handed *handed;
	int ends[2], status;
	uint64_t i = 0;
	pid_t pid;

	CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0);
	pid = fork();
	if (pid == 0) {
		close(ends[0]);
		handed = maar_handed_join(ends[1], &options, MAAR_FOREVER);
		if (!handed || maar_handed_send(handed, &i, sizeof(i), NULL, MAAR_FOREVER) != 1 ||
		    maar_handed_receive(handed, &i, sizeof(i), &message, MAAR_FOREVER) != 1)
			_exit(1);
		until_asleep(getppid(), getppid());
		_exit(maar_handed_send(handed, &i, sizeof(i), NULL, MAAR_FOREVER) != 1);
	}
	close(ends[1]);
	handed = maar_handed_join(ends[0], &options, MAAR_FOREVER);
	CHECK(handed && maar_handed_receive(handed, &i, sizeof(i), &message, MAAR_FOREVER) == 1);
	until_asleep(pid, pid);
	CHECK(maar_handed_send(handed, &i, sizeof(i), NULL, MAAR_FOREVER) == 1);
	CHECK(maar_handed_receive(handed, &i, sizeof(i), &message, MAAR_FOREVER) == 1);
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	maar_handed_leave(handed);
}

/* With an argument: waits for a line, to be watched from then on, and at the end for the end of its input. */
int main(int argc, char **argv)
{
	char line[8];

	(void)argv;
	if (argc > 1)
		CHECK(fgets(line, sizeof(line), stdin));
	CHECK(pthread_barrier_init(&twice, NULL, 2) == 0);
	mrings();
	allocator();
	channels();
	between_processes();
	handed_over();
	puts("done");
	fflush(stdout);
	while (argc > 1 && fgets(line, sizeof(line), stdin))
		sink++;
	return 0;
}
