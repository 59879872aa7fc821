/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * maar ls, maar inspect: which queues there are, and what is in one. Both map for reading only, and change nothing.
 */
#include "tool.h"

#include "../../src/ipc/names_priv.h"

#include <errno.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- ls ---- */

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
	       left ? "left by a maker that is dead" : meaning(e->about.error));
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

/* ---- inspect ---- */

/*
 * What there is to know of a participant: who it is stands in the file, in which anybody of this user may have written
 * anything; whether it lives, the system says.
 */
struct participant {
	uint32_t number;
	struct maar__process who;
	int alive;
};

static bool look_at(struct maar__ipc_live *live, uint32_t i, struct participant *p)
{
	memset(p, 0, sizeof(*p));
	p->number = i;
	p->alive = maar__ipc_live_alive(live, i);
	if (maar__ipc_live_who(live, i, &p->who))
		memset(&p->who, 0, sizeof(p->who));
	return p->alive != 0;
}

static int inspect_json(struct maar__ipc_live *live, const char *name)
{
	json_t *list = json_array();
	struct participant p;
	uint32_t i;

	for (i = 1; i <= live->file.participants; i++)
		if (look_at(live, i, &p))
			(void)json_array_append_new(list,
						    json_pack("{s:I, s:I, s:b}", "number", (json_int_t)p.number, "pid",
							      (json_int_t)p.who.pid, "sure", p.alive == 1));
	return print_json(json_pack("{s:s, s:I, s:I, s:o}", "name", shown(name), "bytes", (json_int_t)live->file.bytes,
				    "most_participants", (json_int_t)live->file.participants, "participants", list));
}

static int inspect_text(struct maar__ipc_live *live, const char *name)
{
	struct participant p;
	uint32_t i, n = 0;

	printf("%s: %s\n", shown(name), bytes_text(live->file.bytes));
	for (i = 1; i <= live->file.participants; i++) {
		if (!look_at(live, i, &p))
			continue;
		n++;
		printf("participant %" PRIu32 ": process %" PRIu64 "%s\n", p.number, p.who.pid,
		       p.alive == 1 ? "" : ", perhaps alive");
	}
	printf("%" PRIu32 " of %" PRIu32 " participants\n", n, live->file.participants);
	return STATUS_OK;
}

int run_inspect(const struct tool *tool, int argc, char **argv)
{
	static const struct argp argp = { NULL,	  parse_name,
					  "NAME", "Shows who uses a queue. Changes nothing, and is no participant.",
					  NULL,	  NULL,
					  NULL };
	struct maar__ipc_live live;
	const char *name = NULL;
	int dir, rc;

	argp_parse(&argp, argc, argv, 0, NULL, &name);
	if (!maar__ipc_name_ok(name))
		return fail("cannot open", name, EINVAL);
	memset(&live, 0, sizeof(live));
	pthread_mutex_init(&live.lock, NULL);
	dir = maar__ipc_dir_open(false);
	rc = dir < 0 ? dir : maar__ipc_file_open(&live.file, dir, name, false);
	if (dir >= 0)
		close(dir);
	if (rc)
		return fail("cannot open", name, rc);
	rc = tool->json ? inspect_json(&live, name) : inspect_text(&live, name);
	maar__ipc_file_close(&live.file);
	return rc;
}
