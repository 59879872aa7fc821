/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * maar-bridge [OPTION...] COMMAND ...: carries queues between processes to other machines, and from them.
 */
#include "bridge.h"

#include <errno.h>
#include <maar/version.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <poll.h>
#include <unistd.h>

const char *argp_program_version = "maar-bridge " MAAR_VERSION;

struct line {
	bool json, dry;
	const char *command;
	const char *file;  /* run -c */
	const char *queue; /* status */
	char name[48];
	int argc;
	char **argv;
	struct configs configs; /* what is to run */
};

/* ---- jobs ---- */

struct jobs {
	struct job **job;
	size_t n;
	int status;
};

/* Takes out the i-th, which has ended or is asked to. */
static void join(struct jobs *jobs, size_t i)
{
	struct job *job = jobs->job[i];
	const bool exports = job->config.exports;
	const int rc = job_join(job);

	if (rc && !(rc == -EPIPE && exports))
		jobs->status = STATUS_WRONG;
	jobs->job[i] = jobs->job[--jobs->n];
}

static bool start(struct jobs *jobs, const struct config *config)
{
	struct job **more = reallocarray(jobs->job, jobs->n + 1, sizeof(struct job *));

	if (!more)
		return false;
	jobs->job = more;
	jobs->job[jobs->n] = job_start(config);
	if (!jobs->job[jobs->n])
		return false;
	jobs->n++;
	return true;
}

static void stop_all(struct jobs *jobs)
{
	size_t i;

	for (i = 0; i < jobs->n; i++)
		job_stop(jobs->job[i]);
	while (jobs->n)
		join(jobs, 0);
}

static bool is_wanted(const struct configs *wanted, const struct job *job)
{
	size_t i;

	for (i = 0; i < wanted->n; i++)
		if (config_same(&wanted->config[i], &job->config))
			return true;
	return false;
}

static bool is_running(const struct jobs *jobs, const struct config *config)
{
	size_t i;

	for (i = 0; i < jobs->n; i++)
		if (config_same(config, &jobs->job[i]->config))
			return true;
	return false;
}

/* What is not wanted any more ends, what is as it was goes on, what is new begins. */
static void change(struct jobs *jobs, const struct configs *wanted)
{
	size_t i;

	for (i = 0; i < jobs->n; i++)
		if (!is_wanted(wanted, jobs->job[i]))
			job_stop(jobs->job[i]);
	for (i = jobs->n; i-- > 0;)
		if (job_stopped(jobs->job[i]))
			join(jobs, i);
	for (i = 0; i < wanted->n; i++)
		if (!is_running(jobs, &wanted->config[i]) && !start(jobs, &wanted->config[i]))
			(void)fail("cannot begin with", wanted->config[i].queue, strerror(ENOMEM));
}

/* A file that is wrong changes nothing. */
static void reload(struct jobs *jobs, const char *file)
{
	struct configs wanted;
	char why[ENGINE_WHY];

	notify("RELOADING=1");
	if (configs_read(&wanted, file, why))
		(void)fail(file, NULL, why);
	else
		change(jobs, &wanted);
	configs_end(&wanted);
	notify("READY=1");
}

/* Until a signal says so, or all have ended. */
static int run_jobs(const struct line *line)
{
	struct jobs jobs = { NULL, 0, STATUS_OK };
	struct signalfd_siginfo about;
	struct pollfd signals = { .events = POLLIN };
	sigset_t set;
	size_t i;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	signals.fd = signalfd(-1, &set, SFD_CLOEXEC);
	if (signals.fd < 0)
		return fail("signalfd", NULL, strerror(errno));
	change(&jobs, &line->configs);
	notify("READY=1");
	while (jobs.n) {
		if (poll(&signals, 1, 50) > 0 && read(signals.fd, &about, sizeof(about)) == (ssize_t)sizeof(about)) {
			if (about.ssi_signo != SIGHUP || !line->file)
				break;
			reload(&jobs, line->file);
		}
		for (i = jobs.n; i-- > 0;)
			if (job_ended(jobs.job[i]))
				join(&jobs, i);
	}
	notify("STOPPING=1");
	stop_all(&jobs);
	free(jobs.job);
	close(signals.fd);
	return jobs.status;
}

/* ---- commands ---- */

static int go(const struct line *line)
{
	if (line->dry)
		return config_show(line->configs.config, line->configs.n, line->json);
	return run_jobs(line);
}

static int run_one(struct line *line)
{
	static struct config config;
	char why[ENGINE_WHY];
	int status;

	config_begin(&config);
	config.exports = strcmp(line->command, "export") == 0;
	argp_parse(&config_argp, line->argc, line->argv, 0, NULL, &config);
	if (!config_check(&config, why)) {
		(void)fail(why, NULL, NULL);
		config_end(&config);
		return STATUS_USAGE;
	}
	line->configs.config = &config;
	line->configs.n = 1;
	status = go(line);
	config_end(&config);
	return status;
}

static error_t parse_run(int key, char *arg, struct argp_state *state)
{
	struct line *line = state->input;

	switch (key) {
	case 'c':
		line->file = arg;
		return 0;
	case ARGP_KEY_ARG:
		argp_usage(state);
		return 0;
	case ARGP_KEY_END:
		if (!line->file)
			argp_error(state, "a configuration file is wanted: -c FILE");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int run_many(struct line *line)
{
	static const struct argp_option options[] = { { "config", 'c', "FILE", 0, "Queues, and how, in JSON", 0 },
						      { 0 } };
	static const struct argp argp = { .options = options,
					  .parser = parse_run,
					  .doc = "Carries all queues that a file names; SIGHUP: reads it again." };
	char why[ENGINE_WHY];
	int status = STATUS_USAGE;

	argp_parse(&argp, line->argc, line->argv, 0, NULL, line);
	if (configs_read(&line->configs, line->file, why))
		(void)fail(line->file, NULL, why);
	else
		status = go(line);
	configs_end(&line->configs);
	return status;
}

static error_t parse_status(int key, char *arg, struct argp_state *state)
{
	struct line *line = state->input;

	switch (key) {
	case 'S':
		line->file = arg;
		return 0;
	case ARGP_KEY_ARG:
		if (line->queue)
			argp_usage(state);
		line->queue = arg;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int run_status(struct line *line)
{
	static const struct argp_option options[] = { { "state", 'S', "DIR", 0, "Where the marks are", 0 }, { 0 } };
	static const struct argp argp = { .options = options,
					  .parser = parse_status,
					  .args_doc = "[QUEUE]",
					  .doc = "Says what this user's bridges do, and have done." };

	argp_parse(&argp, line->argc, line->argv, 0, NULL, line);
	return status_show(line->file, line->queue, line->json);
}

static const struct {
	const char *name;
	int (*run)(struct line *line);
	const char *what;
} commands[] = {
	{ "export", run_one, "publish what comes into a queue" },
	{ "import", run_one, "bring what was published into a queue" },
	{ "run", run_many, "carry all queues that a configuration file names" },
	{ "status", run_status, "say what the bridges do" },
};
#define N_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static int (*command_of(const char *name))(struct line *)
{
	size_t i;

	for (i = 0; i < N_COMMANDS; i++)
		if (strcmp(commands[i].name, name) == 0)
			return commands[i].run;
	return NULL;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct line *line = state->input;

	switch (key) {
	case 'd':
		if (*arg != '/')
			argp_error(state, "%s: a directory's absolute path is wanted", arg);
		if (setenv("MAAR_DIR", arg, 1))
			argp_failure(state, STATUS_WRONG, errno, "%s", arg);
		return 0;
	case 'j':
		line->json = true;
		return 0;
	case 'n':
		line->dry = true;
		return 0;
	case ARGP_KEY_ARG:
		if (!command_of(arg))
			argp_error(state, "%s: no such command", arg);
		line->command = arg;
		line->argc = state->argc - state->next + 1;
		line->argv = state->argv + state->next - 1;
		(void)snprintf(line->name, sizeof(line->name), "maar-bridge %s", arg);
		line->argv[0] = line->name;
		state->next = state->argc;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_usage(state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* The commands stand below the options. */
static char *help(int key, const char *text, void *input)
{
	char *list = NULL;
	size_t bytes, i;
	FILE *to;

	(void)input;
	if (key != ARGP_KEY_HELP_POST_DOC)
		return (char *)(uintptr_t)text;
	to = open_memstream(&list, &bytes);
	if (!to)
		return (char *)(uintptr_t)text;
	fprintf(to, "Commands:\n");
	for (i = 0; i < N_COMMANDS; i++)
		fprintf(to, "  %-10s %s\n", commands[i].name, commands[i].what);
	fprintf(to, "\nmaar-bridge COMMAND --help says more.");
	fclose(to);
	return list;
}

int main(int argc, char **argv)
{
	static const struct argp_option options[] = {
		{ "dir", 'd', "DIR", 0, "Queues are in DIR (instead of $MAAR_DIR, or /dev/shm/maar-UID)", 0 },
		{ "json", 'j', NULL, 0, "Write JSON (status, --dry-run)", 0 },
		{ "dry-run", 'n', NULL, 0, "Say what would be done, and whether the queues are there; do nothing", 0 },
		{ 0 },
	};
	static const struct argp argp = { options,
					  parse,
					  "COMMAND [ARGUMENT...]",
					  "Carries queues between processes to other machines, and from them.\v",
					  NULL,
					  help,
					  NULL };
	struct line line;
	int status;

	memset(&line, 0, sizeof(line));
	argp_err_exit_status = STATUS_USAGE;
	if (argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &line))
		return STATUS_USAGE;
	status = command_of(line.command)(&line);
	return status;
}
