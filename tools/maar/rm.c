/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * maar rm, which removes queues that nobody uses, and maar recover, which puts right what the dead left in one.
 */
#include "tool.h"

#include <errno.h>
#include <stdio.h>

struct rm {
	bool force, leftovers;
	char **names;
	unsigned n;
};

static error_t parse_rm(int key, char *arg, struct argp_state *state)
{
	struct rm *rm = state->input;

	(void)arg;
	switch (key) {
	case 'f':
		rm->force = true;
		return 0;
	case 'L':
		rm->leftovers = true;
		return 0;
	case ARGP_KEY_ARGS:
		rm->names = state->argv + state->next;
		rm->n = (unsigned)(state->argc - state->next);
		return 0;
	case ARGP_KEY_END:
		if (rm->n == 0 && !rm->leftovers)
			argp_usage(state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

int run_rm(const struct tool *tool, int argc, char **argv)
{
	static const struct argp_option options[] = {
		{ "force", 'f', NULL, 0, "Also if living processes use it: they go on, others make a new one", 0 },
		{ "leftovers", 'L', NULL, 0, "What processes have left that are dead", 0 },
		{ 0 },
	};
	static const struct argp argp = {
		options,   parse_rm,
		"NAME...", "Removes queues, and the messages in them, if no living process uses them.",
		NULL,	   NULL,
		NULL
	};
	struct rm rm = { false, false, NULL, 0 };
	int status = STATUS_OK;
	ssize_t left;
	unsigned i;

	argp_parse(&argp, argc, argv, 0, NULL, &rm);
	for (i = 0; i < rm.n; i++) {
		const int rc = maar_ipc_unlink(rm.names[i], rm.force ? 0 : MAAR_IPC_UNUSED);

		if (rc == -EBUSY)
			fprintf(stderr, "maar: %s is in use: %s\n", shown(rm.names[i]),
				rm.force ? "somebody else is removing it" : "--force removes its name all the same");
		else if (rc)
			(void)fail("cannot remove", rm.names[i], rc);
		if (rc)
			status = STATUS_WRONG;
	}
	left = rm.leftovers ? maar_ipc_clean() : 0;
	if (left < 0)
		status = fail("cannot remove leftovers", NULL, (int)left);
	else if (rm.leftovers && !tool->json)
		printf("%zd removed\n", left);
	return status;
}

int run_recover(const struct tool *tool, int argc, char **argv)
{
	static const struct argp argp = {
		NULL,	parse_name,
		"NAME", "Gives back what dead participants of a queue had, as its living ones do sooner or later.",
		NULL,	NULL,
		NULL
	};
	const char *name = NULL;
	struct maar_ipc *ipc;
	int n;

	argp_parse(&argp, argc, argv, 0, NULL, &name);
	ipc = maar_ipc_open(name, &(struct maar_ipc_who){ .roles = 0 });
	if (!ipc)
		return fail("cannot open", name, errno);
	n = maar_ipc_recover(ipc);
	(void)maar_ipc_detach(ipc);
	if (n < 0)
		return fail("cannot recover", name, n);
	if (tool->json)
		return print_json(json_pack("{s:i}", "recovered", n));
	printf("%d recovered\n", n);
	return STATUS_OK;
}
