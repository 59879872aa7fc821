/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * maar [OPTION...] COMMAND ...: looks at queues between processes, joins them to pipelines, and mends them.
 */
#include "tool.h"

#include <errno.h>
#include <maar/version.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct command commands[] = {
	{ "ls", run_ls, "list the queues" },
	{ "inspect", run_inspect, "show what is in a queue, and who uses it" },
	{ "top", run_top, "watch queues: rates, depth, who sleeps, who is dead" },
	{ "send", run_send, "send lines or records from stdin" },
	{ "recv", run_recv, "receive messages, and write them to stdout" },
	{ "recover", run_recover, "put right what dead participants have left" },
	{ "rm", run_rm, "remove queues" },
	{ "doctor", run_doctor, "find what is wrong, and say how to mend it" },
	{ "bench", run_bench, "measure this machine's limits, and maar beside them" },
};

#define N_COMMANDS (sizeof(commands) / sizeof(commands[0]))

const char *argp_program_version = "maar " MAAR_VERSION;

struct line {
	struct tool tool;
	const struct command *command;
	char name[32]; /* of the command, for its usage */
	int argc;
	char **argv;
};

static const struct command *find(const char *name)
{
	size_t i;

	for (i = 0; i < N_COMMANDS; i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
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
		line->tool.json = true;
		return 0;
	case ARGP_KEY_ARG:
		line->command = find(arg);
		if (!line->command)
			argp_error(state, "%s: no such command", arg);
		/* What follows is the command's. */
		line->argc = state->argc - state->next + 1;
		line->argv = state->argv + state->next - 1;
		(void)snprintf(line->name, sizeof(line->name), "maar %s", line->command->name);
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
	fprintf(to, "\nmaar COMMAND --help says more.");
	fclose(to);
	return list;
}

int main(int argc, char **argv)
{
	static const struct argp_option options[] = {
		{ "dir", 'd', "DIR", 0, "Queues are in DIR (instead of $MAAR_DIR, or /dev/shm/maar-UID)", 0 },
		{ "json", 'j', NULL, 0, "Write JSON", 0 },
		{ 0 },
	};
	static const struct argp argp = {
		options,
		parse,
		"COMMAND [ARGUMENT...]",
		"Looks at queues between processes, joins them to pipelines, and mends them.\v",
		NULL,
		help,
		NULL
	};
	struct line line;

	memset(&line, 0, sizeof(line));
	argp_err_exit_status = STATUS_USAGE;
	if (argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &line))
		return STATUS_USAGE;
	return line.command->run(&line.tool, line.argc, line.argv);
}
