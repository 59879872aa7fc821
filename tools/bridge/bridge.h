/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * maar-bridge: what its files share. A job is one queue in one direction: a thread, a link to a server, marks.
 *     main.c     command line, signals            config.c   options and the configuration file
 *     job.c      the life of a job                export.c, import.c   what its thread does
 *     mapping.c  names on the wire                marks.c    what outlives a kill
 *     engine.h   what an engine does              engine_nats.c
 *     status.c   what is shown                    notify.c   what systemd is told
 */
#ifndef MAAR_BRIDGE_H
#define MAAR_BRIDGE_H

#include "engine.h"
#include "mapping.h"
#include "marks.h"

#include <maar/ipc_names.h>

#include <argp.h>
#include <jansson.h>
#include <pthread.h>

enum status {
	STATUS_OK = 0,
	STATUS_WRONG = 1, /* something is wrong; it said what */
	STATUS_USAGE = 2, /* the command line is wrong */
};

/* ---- config.c ---- */

/* A job as it was asked for. Strings are its own; NULL: not said. */
struct config {
	char *queue, *url, *host, *user, *password, *token, *credentials;
	char *tls_ca, *tls_cert, *tls_key, *tls_host, *consumer, *from, *state;
	uint64_t dedup_ns, ack_wait_ns, answer_ns, most_messages, most_bytes, replicas, window;
	bool exports, create, tls, memory, keep;
	bool patient; /* waits for a queue that is not there, and begins again after an error */
};

/* With all defaults; strings NULL. */
void config_begin(struct config *c);
void config_end(struct config *c);
bool config_copy(struct config *to, const struct config *from);
bool config_same(const struct config *a, const struct config *b);

/* The options of export and import, for argp: `input` is a struct config. */
extern const struct argp config_argp;

/* Whether all is said, and right; else `why`. Fills in the host. */
bool config_check(struct config *c, char why[ENGINE_WHY]);

struct configs {
	struct config *config;
	size_t n;
};
/* The file's jobs, each checked. 0, or -errno and `why`. End in any case. */
int configs_read(struct configs *all, const char *path, char why[ENGINE_WHY]);
void configs_end(struct configs *all);

/* What would be done: for people, or for programs. */
int config_show(const struct config *config, size_t n, bool json);

/* ---- job.c ---- */

struct job {
	struct config config;
	const struct engine_class *class;
	pthread_t thread;
	uint32_t stop;	/* asked to end; by any thread */
	uint32_t ended; /* the thread is about to end */
	int result;	/* 0, or -errno: why it ended; the thread's until then */
	/* the thread's: */
	struct maar_ipc *ipc;
	struct marks *marks;
	struct engine *engine;
	char said[ENGINE_WHY]; /* the last line of the log that said why not */
};

/* Starts it; NULL: no memory, no thread. The config is copied. */
struct job *job_start(const struct config *config);
void job_stop(struct job *job); /* asks it to */
int job_join(struct job *job);	/* waits for it, and frees it: its result */
bool job_ended(struct job *job);
bool job_stopped(struct job *job); /* is asked to end */

bool job_ended(struct job *job);
bool job_stopped(struct job *job); /* is asked to end */

/* For the thread: its engine begins to connect. 0, or -EINVAL: it said why. */
int job_connect(struct job *job, engine_acked_fn *acked, void *arg);
/* The number of the link, or 0 after some time without one. Says once what is missing. */
uint64_t job_link(struct job *job);
/* What it does, in a word or two, and what is wrong ("": nothing), which is also logged, once. */
void job_say(struct job *job, const char *state, const char *why);
void job_log(struct job *job, const char *text, ...) __attribute__((format(printf, 2, 3)));
void bridge_pause(int64_t ns);
int64_t bridge_now(void); /* CLOCK_MONOTONIC, ns */

#define JOB_TICK                                                                                                       \
	INT64_C(50000000) /* ns after which a waiting thread looks whether it is to stop, or its link is another */

/* Work until the job is to stop (0), its queue is closed and, of an export, empty (-EPIPE), or -errno. */
int export_run(struct job *job);
int import_run(struct job *job);

#ifdef MAAR_BRIDGE_CONTROLS
/* Parts of the promise that the tests' controls leave out, named by the environment's MAAR_BRIDGE_WITHOUT. */
bool bridge_without(const char *part);
/* Dies here, by SIGKILL, when MAAR_BRIDGE_DIE says "POINT N": the Nth time. */
void bridge_at(const char *point);
#else
#define bridge_without(part) false
#define bridge_at(point)     ((void)0)
#endif

/* ---- status.c, notify.c ---- */

int status_show(const char *directory, const char *queue, bool json); /* queue NULL: all */
int fail(const char *what, const char *about, const char *why);	      /* STATUS_WRONG */
int print_json(json_t *value);

/* Tells the service manager, if there is one ($NOTIFY_SOCKET). */
void notify(const char *state);

#endif
