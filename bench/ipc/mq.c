/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The system's message queues: POSIX's and System V's. Whoever waits is interrupted by a timer, as in stream.c. How large
 * a message may be, and how many, the system says: what is asked for is as much as it allows.
 */
#include <errno.h>
#include <mqueue.h>
#include <signal.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/time.h>
#include <unistd.h>

#include "ipc.h"

enum { POSIX, SYSV };

struct queue {
	mqd_t mq;
	int id;
	size_t message;
};

struct handle {
	mqd_t mq;
	int id;
	size_t message;
	struct {
		long type; /* as msgsnd wants it */
		uint64_t words[BENCH_IPC_MOST / sizeof(uint64_t)];
	} copy;
};

/* The most messages that a queue of this user may hold: what is asked for, or less. */
static mqd_t posix_queue(size_t messages, size_t bytes)
{
	char name[64];
	mqd_t mq = (mqd_t)-1;

	snprintf(name, sizeof(name), "/maar-bench-%ld", (long)getpid());
	for (; mq == (mqd_t)-1 && messages > 0; messages /= 2) {
		struct mq_attr attr = { .mq_maxmsg = (long)messages, .mq_msgsize = (long)bytes };

		mq = mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &attr);
		if (mq != (mqd_t)-1)
			mq_unlink(name);
	}
	return mq;
}

static void *queue_open(const struct bench_contestant *me, const struct bench_case *c, unsigned which)
{
	struct queue *q = calloc(1, sizeof(*q));

	(void)which;
	if (!q)
		return NULL;
	*q = (struct queue){ (mqd_t)-1, -1, c->bytes };
	if (me->param == POSIX)
		q->mq = posix_queue(c->capacity, c->bytes);
	else
		q->id = msgget(IPC_PRIVATE, 0600);
	if (q->mq != (mqd_t)-1 || q->id >= 0)
		return q;
	perror(me->name);
	return NULL;
}

static int queue_close(void *subject)
{
	struct queue *q = subject;

	if (q->mq != (mqd_t)-1)
		mq_close(q->mq);
	if (q->id >= 0)
		msgctl(q->id, IPC_RMID, NULL);
	free(q);
	return 0;
}

static void nothing(int number)
{
	(void)number;
}

static void *queue_enter(void *subject, int puts, int takes)
{
	const struct sigaction action = { .sa_handler = nothing };
	const struct timeval look = { 0, BENCH_LOOK_NS / 1000 };
	const struct itimerval timer = { look, look };
	const struct queue *q = subject;
	struct handle *h = calloc(1, sizeof(*h));

	(void)puts;
	if (!h)
		return NULL;
	h->mq = q->mq;
	h->id = q->id;
	h->message = q->message;
	h->copy.type = 1;
	if (takes) {
		sigaction(SIGALRM, &action, NULL);
		setitimer(ITIMER_REAL, &timer, NULL);
	}
	return h;
}

/* 1; 0: interrupted. What else goes wrong would go wrong for ever. */
BENCH_INLINE size_t outcome(long rc)
{
	if (rc < 0 && errno != EINTR)
		_exit(1);
	return rc >= 0;
}

BENCH_INLINE size_t posix_put(void *handle, uint64_t value)
{
	struct handle *h = handle;

	bench_message_write(h->copy.words, h->message, value);
	return outcome(mq_send(h->mq, (const char *)h->copy.words, h->message, 0));
}

BENCH_INLINE size_t posix_take(void *handle, uint64_t *value)
{
	struct handle *h = handle;

	if (!outcome(mq_receive(h->mq, (char *)h->copy.words, h->message, NULL)))
		return 0;
	*value = bench_message_read(h->copy.words, h->message);
	return 1;
}

BENCH_INLINE size_t sysv_put(void *handle, uint64_t value)
{
	struct handle *h = handle;

	bench_message_write(h->copy.words, h->message, value);
	return outcome(msgsnd(h->id, &h->copy, h->message, 0));
}

BENCH_INLINE size_t sysv_take(void *handle, uint64_t *value)
{
	struct handle *h = handle;

	if (!outcome(msgrcv(h->id, &h->copy, h->message, 0, 0)))
		return 0;
	*value = bench_message_read(h->copy.words, h->message);
	return 1;
}

BENCH_IPC(posix, posix_put, posix_take)
BENCH_IPC(sysv, sysv_put, sysv_take)

#define ROW(name, how, id)                                                                                             \
	{                                                                                                              \
		name, "Linux", NULL, BENCH_IPC_STREAMS | BENCH_IPC_SLEEPS, BENCH_FIFO, 0, how, queue_open,             \
			queue_close, queue_enter, free, BENCH_LOOPS_IPC(id)                                            \
	}

static struct bench_contestant rows[] = {
	ROW("POSIX mq", POSIX, posix),
	ROW("System V msg", SYSV, sysv),
};

struct bench_peer bench_peer_ipc_mq = BENCH_ROWS(rows);

/* Whether messages of the largest size can be sent here at all. */
static int can_be_large(unsigned how)
{
	static char large[sizeof(long) + BENCH_IPC_MOST];
	int can, id;

	if (how == POSIX) {
		const mqd_t mq = posix_queue(1, BENCH_IPC_MOST);

		can = mq != (mqd_t)-1;
		if (can)
			mq_close(mq);
		return can;
	}
	id = msgget(IPC_PRIVATE, 0600);
	*(long *)(void *)large = 1;
	can = id >= 0 && msgsnd(id, large, BENCH_IPC_MOST, IPC_NOWAIT) == 0;
	if (id >= 0)
		msgctl(id, IPC_RMID, NULL);
	return can;
}

const char *bench_ipc_mq_limits(void)
{
	static char text[200];
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (can_be_large(rows[i].param))
			continue;
		rows[i].set &= ~(unsigned)BENCH_IPC_LARGE;
		rows[i].note = rows[i].param == POSIX ? "no 16 KiB here: fs.mqueue.msgsize_max"
						      : "no 16 KiB here: kernel.msgmax";
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s", *text ? ", " : "", rows[i].name);
	}
	return *text ? text : NULL;
}
