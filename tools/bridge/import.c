/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Import: what is fetched is published into the queue, and then acknowledged. Each comes once, whatever is killed: which
 * identities came is in the marks, and which one was just coming is told by the journal of the queue:
 *
 *     intent (marks) -> journal and publish (queue) -> seen (marks) -> ack (server)
 *
 * Killed before the publish has taken effect: the server delivers it again, and it is not seen. After: the journal says so
 * to the successor, which writes "seen" then, if it is not there; the server delivers it again, and it is dropped.
 */
#include "bridge.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BATCH	256		 /* messages that are fetched at once, at most */
#define NO_ROOM INT64_C(2000000) /* ns after which a full queue is looked at again */
#define TOO_LONG                                                                                                       \
	INT64_C(30000000000) /* ns after which one that does not fit comes again: perhaps the queue is another then */

struct import {
	struct job *job;
	uint64_t link, most_bytes;
	uint32_t priorities; /* no more than so many has the queue */
	uint64_t too_long;   /* since the link was made */
};

/* ---- into the queue ---- */

/* A slot, and the message published in it. 1; 0: it is to stop; -EPIPE, -EBADMSG. Back-pressure is here: it waits. */
static int put(struct import *i, const struct engine_message *m)
{
	struct maar_ipc *const ipc = i->job->ipc;
	struct maar_ipc_tags tags = { .type = m->type, .sequence = m->sequence, .journal = 2 };
	void *payload;
	int got;

	tags.priority = m->priority < i->priorities ? m->priority : i->priorities - 1;
	while ((got = maar_ipc_loan(ipc, m->bytes, &payload, JOB_TICK)) == 0) {
		if (job_stopped(i->job))
			return 0;
		bridge_pause(NO_ROOM); /* where the queue's policy is not to wait */
	}
	if (got < 0)
		return got;
	if (m->bytes)
		memcpy(payload, m->payload, m->bytes);
	bridge_at("loaned");
	tags.mark = marks_intend(i->job->marks, &m->id);
	bridge_at("intended");
	for (;;) {
		got = maar_ipc_publish(ipc, payload, m->bytes, &tags, JOB_TICK);
		if (got == -EINVAL && tags.priority > 0) {
			i->priorities = tags.priority--; /* it has no such */
			continue;
		}
		if (got != 0 || job_stopped(i->job))
			break;
		bridge_pause(NO_ROOM);
	}
	if (got <= 0)
		(void)maar_ipc_discard(ipc, payload);
	return got;
}

/* What becomes of one: 1: it is done with; 0: it is to come again; -errno: the import ends. */
static int bring(struct import *i, const struct engine_message *m)
{
	struct marks *const marks = i->job->marks;
	const int seen = bridge_without("marks") ? 0 : marks_seen(marks, &m->id);
	int got;

	if (seen == 1) {
		marks_count(marks, MARKS_TWICE, 1);
		return 1;
	}
	if (seen < 0)
		marks_count(marks, MARKS_AGAIN, 1);
	got = put(i, m);
	if (got <= 0)
		return got;
	bridge_at("published");
	marks_see(marks, &m->id);
	bridge_at("seen");
	marks_count(marks, MARKS_MESSAGES, 1);
	marks_count(marks, MARKS_BYTES, (int64_t)m->bytes);
	return 1;
}

static void refuse(struct import *i, struct engine_message *m)
{
	char why[ENGINE_WHY];

	(void)snprintf(why, sizeof(why),
		       "a message has %zu bytes, and the queue's slots %" PRIu64 ": it stays in the stream", m->bytes,
		       i->most_bytes);
	job_say(i->job, "refused", why);
	marks_count(i->job->marks, MARKS_REFUSED, 1);
	i->too_long++;
	i->job->class->nack(i->job->engine, m, TOO_LONG);
}

static int bring_all(struct import *i, struct engine_message *messages, size_t n)
{
	const struct engine_class *const class = i->job->class;
	size_t k;
	int rc = 1;

	marks_count(i->job->marks, MARKS_HANDS, (int64_t)n);
	for (k = 0; k < n; k++) {
		if (rc > 0 && messages[k].bytes > i->most_bytes) {
			refuse(i, &messages[k]);
		} else {
			if (rc > 0)
				rc = bring(i, &messages[k]);
			if (rc > 0) {
				class->ack(i->job->engine, &messages[k]);
				bridge_at("acked");
			} else {
				class->nack(i->job->engine, &messages[k], 0);
			}
		}
		marks_count(i->job->marks, MARKS_HANDS, -1);
	}
	return rc < 0 ? rc : 0;
}

/* ---- the thread ---- */

/* How many the queue has room for; -errno. */
static int room(struct import *i)
{
	struct maar_ipc_stats stats;
	uint64_t n = i->job->config.window;
	int rc;

	rc = maar_ipc_stats(i->job->ipc, &stats);
	if (rc)
		return rc;
	if (stats.free < n)
		n = stats.free;
	return n < BATCH ? (int)n : BATCH;
}

static int work(struct import *i)
{
	struct engine_message messages[BATCH];

	while (!job_stopped(i->job)) {
		const uint64_t link = job_link(i->job);
		ssize_t n;
		int rc;

		if (!link)
			continue;
		if (link != i->link) {
			i->link = link;
			i->too_long = 0;
			marks_count(i->job->marks, MARKS_LINKS, 1);
		}
		if (!i->too_long)
			job_say(i->job, "working", "");
		if (maar_ipc_closed(i->job->ipc))
			return -EPIPE;
		rc = room(i);
		if (rc < 0)
			return rc;
		if (rc == 0) {
			(void)maar_ipc_recover(i->job->ipc);
			bridge_pause(NO_ROOM);
			continue;
		}
		n = i->job->class->fetch(i->job->engine, messages, (size_t)rc, JOB_TICK);
		if (n > 0)
			rc = bring_all(i, messages, (size_t)n);
		else
			rc = 0;
		if (rc)
			return rc;
	}
	return 0;
}

static void never_acked(void *arg, uint64_t cookie, int result, struct engine_place place, bool twice, const char *why)
{
	(void)arg, (void)cookie, (void)result, (void)place, (void)twice, (void)why;
}

int import_run(struct job *job)
{
	struct import i = { .job = job,
			    .priorities = MAAR_IPC_PRIORITIES,
			    .most_bytes = maar_ipc_most_bytes(job->ipc) };
	struct maar_ipc_past past;
	int rc;

	rc = maar_ipc_past(job->ipc, &past);
	if (rc == 0 && !bridge_without("journal") && marks_resolve(job->marks, past.sequence, past.delivered != 0))
		job_log(job, "a message that was just coming had come");
	rc = job_connect(job, never_acked, NULL);
	if (rc)
		return rc;
	rc = work(&i);
	job->class->close(job->engine);
	job->engine = NULL;
	return rc;
}
