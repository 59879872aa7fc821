/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * iceoryx by its C binding: chunks that are published in place, a subscriber that is polled or waits in a wait set, and a
 * producer that waits for it. Its daemon is started for each run, and ended with it.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* memfd_create */
#endif
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <iceoryx_binding_c/api.h>

#include "ipc.h"

enum { POLLS, WAITS };

#define QUEUE	    256	  /* messages of a subscriber: as many as it may have */
#define PATIENCE_MS 30000 /* for two sides to find each other by the daemon: it looks every 100 ms */

static const char config[] = "[general]\nversion = 1\n[[segment]]\n"
			     "[[segment.mempool]]\nsize = 128\ncount = 2048\n"
			     "[[segment.mempool]]\nsize = 2048\ncount = 1024\n"
			     "[[segment.mempool]]\nsize = 17024\ncount = 1024\n";

struct topic {
	size_t message;
	unsigned which, how;
};

struct handle {
	iox_pub_storage_t pub_memory;
	iox_sub_storage_t sub_memory;
	iox_ws_storage_t ws_memory;
	iox_pub_t pub;
	iox_sub_t sub;
	iox_ws_t ws; /* NULL: polls */
	size_t message;
};

static pid_t daemon_pid; /* in the leader */

static void become_daemon(void)
{
	const int quiet = open("/dev/null", O_RDWR), fd = memfd_create("roudi.toml", 0);
	char path[64];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (fd < 0 || quiet < 0 || write(fd, config, sizeof(config) - 1) != (ssize_t)sizeof(config) - 1)
		_exit(1);
	dup2(quiet, STDOUT_FILENO);
	dup2(quiet, STDERR_FILENO);
	execlp("iox-roudi", "iox-roudi", "-m", "off", "-l", "off", "-c", path, (char *)NULL);
	_exit(127);
}

static void *topic_open(const struct bench_contestant *me, const struct bench_case *c, unsigned which)
{
	struct topic *topic = calloc(1, sizeof(*topic));

	if (!topic)
		return NULL;
	*topic = (struct topic){ c->bytes, which, me->param };
	if (which == 0) {
		daemon_pid = fork();
		if (daemon_pid == 0)
			become_daemon();
	}
	return topic;
}

static int topic_close(void *subject)
{
	struct topic *topic = subject;
	int i;

	if (topic->which == 0 && daemon_pid > 0) {
		kill(daemon_pid, SIGTERM); /* so that it removes its files */
		for (i = 0; i < PATIENCE_MS && waitpid(daemon_pid, NULL, WNOHANG) == 0; i++)
			usleep(1000);
		daemon_pid = 0;
	}
	free(topic);
	return 0;
}

static int subscribe(struct handle *h, const char *name, bool waits)
{
	iox_sub_options_t options;
	int i;

	iox_sub_options_init(&options);
	options.queueCapacity = QUEUE;
	options.queueFullPolicy = QueueFullPolicy_BLOCK_PRODUCER;
	h->sub = iox_sub_init(&h->sub_memory, "maar", "bench", name, &options);
	if (waits) {
		h->ws = iox_ws_init(&h->ws_memory);
		if (iox_ws_attach_subscriber_state(h->ws, h->sub, SubscriberState_HAS_DATA, 0, NULL) !=
		    WaitSetResult_SUCCESS)
			return -1;
	}
	for (i = 0; i < PATIENCE_MS; i++) {
		if (iox_sub_get_subscription_state(h->sub) == SubscribeState_SUBSCRIBED)
			return 0;
		usleep(1000);
	}
	return -1;
}

static int publish(struct handle *h, const char *name)
{
	iox_pub_options_t options;
	int i;

	iox_pub_options_init(&options);
	options.subscriberTooSlowPolicy = ConsumerTooSlowPolicy_WAIT_FOR_CONSUMER;
	h->pub = iox_pub_init(&h->pub_memory, "maar", "bench", name, &options);
	/* a message that is published before is lost */
	for (i = 0; i < PATIENCE_MS; i++) {
		if (iox_pub_has_subscribers(h->pub))
			return 0;
		usleep(1000);
	}
	return -1;
}

static void *topic_enter(void *subject, int puts, int takes)
{
	static int known;
	const struct topic *topic = subject;
	struct handle *h = calloc(1, sizeof(*h));
	char name[64];
	int rc;

	(void)puts;
	if (!h)
		return NULL;
	if (!known) {
		iox_set_loglevel(Iceoryx_LogLevel_Off);
		snprintf(name, sizeof(name), "maar-bench-%ld", (long)getpid());
		iox_runtime_init(name);
		known = 1;
	}
	h->message = topic->message;
	snprintf(name, sizeof(name), "way-%u", topic->which);
	rc = takes ? subscribe(h, name, topic->how == WAITS) : publish(h, name);
	if (rc == 0)
		return h;
	fprintf(stderr, "iceoryx: the two sides do not find each other\n");
	return NULL;
}

static void topic_leave(void *handle)
{
	struct handle *h = handle;

	if (h->ws)
		iox_ws_deinit(h->ws);
	if (h->sub)
		iox_sub_deinit(h->sub);
	if (h->pub)
		iox_pub_deinit(h->pub);
	free(h);
}

BENCH_INLINE size_t chunk_put(void *handle, uint64_t value)
{
	struct handle *h = handle;
	void *chunk;

	if (iox_pub_loan_chunk(h->pub, &chunk, (uint32_t)h->message) != AllocationResult_SUCCESS)
		return 0;
	bench_message_write(chunk, h->message, value);
	iox_pub_publish_chunk(h->pub, chunk);
	return 1;
}

BENCH_INLINE size_t chunk_take(void *handle, uint64_t *value)
{
	static const struct timespec look = { 0, BENCH_LOOK_NS };
	struct handle *h = handle;
	iox_notification_info_t info;
	const void *chunk;
	uint64_t missed;

	if (iox_sub_take_chunk(h->sub, &chunk) != ChunkReceiveResult_SUCCESS) {
		if (!h->ws || iox_ws_timed_wait(h->ws, look, &info, 1, &missed) == 0 ||
		    iox_sub_take_chunk(h->sub, &chunk) != ChunkReceiveResult_SUCCESS)
			return 0;
	}
	*value = bench_message_read(chunk, h->message);
	iox_sub_release_chunk(h->sub, chunk);
	return 1;
}

BENCH_IPC(chunk, chunk_put, chunk_take)

#define ROW(name, set, how)                                                                                            \
	{                                                                                                              \
		name, "iceoryx", NULL, set, BENCH_FIFO, 0, how, topic_open, topic_close, topic_enter, topic_leave,     \
			BENCH_LOOPS_IPC(chunk)                                                                         \
	}

static const struct bench_contestant rows[] = {
	ROW("iceoryx, polled", BENCH_IPC_STREAMS | BENCH_IPC_BUSIES, POLLS),
	ROW("iceoryx, wait set", BENCH_IPC_STREAMS | BENCH_IPC_SLEEPS, WAITS),
};

const struct bench_peer bench_peer_ipc_iceoryx = BENCH_ROWS(rows);
