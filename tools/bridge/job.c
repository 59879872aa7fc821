/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The life of a job: it attaches to its queue, takes its marks, connects, works, and gives all back.
 */
#include "bridge.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Keys of the participants' journals: one exporter and one importer of a queue at a time. ("maar-brE", "maar-brI") */
#define KEY_EXPORT UINT64_C(0x4572622d7261616d)
#define KEY_IMPORT UINT64_C(0x4972622d7261616d)

#define AGAIN INT64_C(1000000000) /* ns after which a patient job looks for its queue again, or begins again */

int64_t bridge_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

void bridge_pause(int64_t ns)
{
	const struct timespec time = { .tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000 };

	(void)nanosleep(&time, NULL);
}

#ifdef MAAR_BRIDGE_CONTROLS
bool bridge_without(const char *part)
{
	const char *const parts = getenv("MAAR_BRIDGE_WITHOUT");

	return parts && strstr(parts, part);
}

void bridge_at(const char *point)
{
	static uint32_t times;
	const char *const die = getenv("MAAR_BRIDGE_DIE");
	const size_t n = strlen(point);

	if (die && strncmp(die, point, n) == 0 && die[n] == ' ' &&
	    maar_a_add(&times, 1, RELAXED) + 1 == (uint32_t)atoi(die + n + 1))
		(void)kill(getpid(), SIGKILL);
}
#endif

void job_log(struct job *job, const char *text, ...)
{
	char line[512];
	va_list args;

	va_start(args, text);
	(void)vsnprintf(line, sizeof(line), text, args);
	va_end(args);
	fprintf(stderr, "maar-bridge: %s of %s: %s\n", job->config.exports ? "export" : "import", job->config.queue,
		line);
}

/* Once for each time that it becomes another. */
static void say_why(struct job *job, const char *why)
{
	if (strcmp(job->said, why) == 0)
		return;
	(void)snprintf(job->said, sizeof(job->said), "%s", why);
	if (*why)
		job_log(job, "%s", why);
	if (job->marks)
		marks_tell(job->marks, NULL, NULL, why);
}

void job_say(struct job *job, const char *state, const char *why)
{
	marks_say(job->marks, state);
	say_why(job, why);
}

bool job_stopped(struct job *job)
{
	return maar_a_load(&job->stop, RELAXED) != 0;
}

bool job_ended(struct job *job)
{
	return maar_a_load(&job->ended, RELAXED) != 0;
}

uint64_t job_link(struct job *job)
{
	char why[ENGINE_WHY] = "";
	const uint64_t link = job->class->link(job->engine, why);

	if (!link) {
		job_say(job, "no link", why);
		bridge_pause(JOB_TICK);
	}
	return link;
}

/* ---- begin and end ---- */

static void say_policy(struct job *job)
{
	struct maar_ipc_stats stats;

	if (job->config.exports && maar_ipc_stats(job->ipc, &stats) == 0 && stats.dead_letters)
		job_log(job, "there are %u dead letters, which are not exported", stats.dead_letters);
}

static int attach(struct job *job)
{
	const struct maar_ipc_who who = { .roles = job->config.exports ? MAAR_IPC_CONSUMER : MAAR_IPC_PRODUCER,
					  .key = job->config.exports ? KEY_EXPORT : KEY_IMPORT };
	const char *why;
	int rc;

	job->ipc = job->config.create ? maar_ipc_create(job->config.queue, NULL, &who, 0)
				      : maar_ipc_open(job->config.queue, &who);
	if (job->ipc)
		return 0;
	why = errno == EBUSY	? "another bridge is at work on it"
	      : errno == ENOENT ? "there is no such queue"
				: strerror(errno);
	rc = -errno;
	say_why(job, why);
	return rc;
}

int job_connect(struct job *job, engine_acked_fn *acked, void *arg)
{
	const struct config *const c = &job->config;
	const struct engine_options options = {
		.url = c->url,
		.user = c->user,
		.password = c->password,
		.token = c->token,
		.credentials = c->credentials,
		.tls_ca = c->tls_ca,
		.tls_cert = c->tls_cert,
		.tls_key = c->tls_key,
		.tls_host = c->tls_host,
		.queue = c->queue,
		.host = c->host,
		.consumer = c->consumer,
		.from = c->from,
		.dedup_ns = c->dedup_ns,
		.ack_wait_ns = c->ack_wait_ns,
		.most_messages = c->most_messages,
		.most_bytes = c->most_bytes,
		.replicas = (uint32_t)c->replicas,
		.window = (uint32_t)c->window,
		.exports = c->exports,
		.tls = c->tls,
		.memory = c->memory,
		.keep = c->keep,
	};
	char why[ENGINE_WHY] = "", subject[MAPPING_SUBJECT], url[160];

	(void)mapping_subject(subject, c->exports ? c->host : c->from, c->queue);
	mapping_url_shown(url, sizeof(url), c->url);
	marks_tell(job->marks, subject, url, "");
	job->engine = job->class->connect(&options, acked, arg, why);
	if (job->engine)
		return 0;
	say_why(job, why);
	return -EINVAL;
}

static void end(struct job *job)
{
	if (job->marks)
		marks_say(job->marks, "ended");
	marks_close(job->marks);
	job->marks = NULL;
	/* Where something is in hand it stays so: the next one to recover, or to attach with this key, sees to it. */
	if (maar_ipc_detach(job->ipc) == -EBUSY)
		job_log(job, "what was not acknowledged is delivered again to the next");
	job->ipc = NULL;
}

static int once(struct job *job)
{
	int rc = attach(job);

	if (rc)
		return rc;
	rc = marks_open(&job->marks, job->config.state, job->config.queue, job->config.exports);
	if (rc) {
		say_why(job, rc == -EBUSY ? "another bridge has its marks" : strerror(-rc));
	} else {
		say_policy(job);
		rc = job->config.exports ? export_run(job) : import_run(job);
		if (rc && rc != -EPIPE)
			say_why(job, rc == -EBADMSG ? "the queue is broken" : strerror(-rc));
	}
	end(job);
	return rc;
}

static void *run(void *arg)
{
	struct job *job = arg;
	int rc = once(job);

	while (rc && job->config.patient && !job_stopped(job)) {
		const int64_t until = bridge_now() + AGAIN;

		while (bridge_now() < until && !job_stopped(job))
			bridge_pause(JOB_TICK);
		if (!job_stopped(job))
			rc = once(job);
	}
	job->result = rc;
	maar_a_store(&job->ended, 1, RELEASE);
	return NULL;
}

struct job *job_start(const struct config *config)
{
	struct job *job = calloc(1, sizeof(*job));

	if (!job)
		return NULL;
	if (!config_copy(&job->config, config)) {
		free(job);
		return NULL;
	}
	job->class = engine_for(job->config.url);
	if (pthread_create(&job->thread, NULL, run, job)) {
		config_end(&job->config);
		free(job);
		return NULL;
	}
	return job;
}

void job_stop(struct job *job)
{
	maar_a_store(&job->stop, 1, RELAXED);
}

int job_join(struct job *job)
{
	int rc;

	pthread_join(job->thread, NULL);
	rc = job->result;
	config_end(&job->config);
	free(job);
	return rc;
}
