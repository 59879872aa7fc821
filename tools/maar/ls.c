/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * maar ls: which queues there are. Changes nothing.
 */
#include "tool.h"

#include <fnmatch.h>
#include <inttypes.h>
#include <stdio.h>

struct ls {
	const char *pattern;
	bool long_form;
};

static error_t parse_ls(int key, char *arg, struct argp_state *state)
{
	struct ls *ls = state->input;

	switch (key) {
	case 'l':
		ls->long_form = true;
		return 0;
	case ARGP_KEY_ARG:
		if (state->arg_num > 0)
			argp_usage(state);
		ls->pattern = arg;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void print_entry(const struct entry *e, bool long_form)
{
	const bool left = e->about.flags & MAAR_IPC_LEFTOVER;
	char users[32] = "-";

	if (!long_form) {
		if (!left)
			puts(shown(e->name));
		return;
	}
	if (e->about.error == 0 && !left)
		(void)snprintf(users, sizeof(users), "%" PRIu32 "/%" PRIu32, e->about.alive, e->about.participants);
	printf("%-32s %10s %9s  %s\n", shown(e->name), bytes_text(e->about.bytes), users,
	       left ? "left by a process that is dead" : meaning(e->about.error));
}

int run_ls(const struct tool *tool, int argc, char **argv)
{
	static const struct argp_option options[] = {
		{ "long", 'l', NULL, 0, "Size, participants alive and at most, state; leftovers too", 0 },
		{ 0 },
	};
	static const struct argp argp = {
		options, parse_ls, "[PATTERN]", "Lists the queues, or those whose names match the shell's PATTERN.",
		NULL,	 NULL,	   NULL
	};
	struct ls ls = { NULL, false };
	json_t *list = NULL;
	struct entries all;
	size_t i;
	int rc;

	argp_parse(&argp, argc, argv, 0, NULL, &ls);
	rc = entries_read(&all);
	if (rc) {
		entries_end(&all);
		return fail("cannot list the queues", NULL, rc);
	}
	if (tool->json)
		list = json_array();
	else if (ls.long_form)
		printf("%-32s %10s %9s  %s\n", "NAME", "SIZE", "ALIVE", "STATE");
	for (i = 0; i < all.n; i++) {
		if (ls.pattern && fnmatch(ls.pattern, all.entry[i].name, 0) != 0)
			continue;
		if (tool->json)
			(void)json_array_append_new(list, entry_json(&all.entry[i]));
		else
			print_entry(&all.entry[i], ls.long_form);
	}
	entries_end(&all);
	return tool->json ? print_json(list) : STATUS_OK;
}
