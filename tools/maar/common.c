/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * What the commands share: errors, JSON, names in order.
 */
#include "tool.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *meaning(int error)
{
	switch (abs(error)) {
	case 0:
		return "sound";
	case EBADMSG:
		return "no queue, or written over, or cut short";
	case EPROTO:
		return "made by a library of another layout, or for another machine";
	case ENOTSUP:
		return "needs a feature that this library has not";
	case EUSERS:
		return "all participants' numbers are taken";
	case EPERM:
		return "belongs to another user, or is open to others, or is no file";
	case ELOOP:
		return "a link";
	default:
		return strerror(abs(error));
	}
}

error_t parse_name(int key, char *arg, struct argp_state *state)
{
	const char **name = state->input;

	switch (key) {
	case ARGP_KEY_ARG:
		if (*name)
			argp_usage(state);
		*name = arg;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_usage(state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

int64_t parse_seconds(struct argp_state *state, const char *text)
{
	char *end;
	const double seconds = strtod(text, &end);

	if (end == text || *end || !(seconds >= 0) || seconds > 1e9)
		argp_error(state, "%s: no time in seconds", text);
	return (int64_t)(seconds * 1e9);
}

uint64_t parse_number(struct argp_state *state, const char *text, const char *of)
{
	char *end;
	uint64_t n;

	errno = 0;
	n = strtoull(text, &end, 10);
	if (end == text || *end || errno || *text == '-' || n == 0)
		argp_error(state, "%s: no number of %s", text, of);
	return n;
}

int fail(const char *what, const char *about, int error)
{
	fprintf(stderr, "maar: %s%s%s: %s\n", what, about ? " " : "", about ? shown(about) : "", meaning(error));
	return STATUS_WRONG;
}

int print_json(json_t *value)
{
	const bool good = value && json_dumpf(value, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII) == 0 &&
			  putchar('\n') != EOF && fflush(stdout) == 0;

	if (!good)
		fprintf(stderr, "maar: cannot write: %s\n", value ? strerror(errno) : strerror(ENOMEM));
	json_decref(value);
	return good ? STATUS_OK : STATUS_WRONG;
}

const char *shown(const char *name)
{
	static char text[256];
	size_t i;

	for (i = 0; name[i] && i < sizeof(text) - 1; i++)
		text[i] = (char)(name[i] >= ' ' && name[i] <= '~' ? name[i] : '?');
	text[i] = 0;
	return text;
}

const char *bytes_text(uint64_t bytes)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	static char text[4][32];
	static unsigned turn;
	double n = (double)bytes;
	unsigned unit = 0;

	while (n >= 1024) {
		n /= 1024;
		unit++;
	}
	turn = (turn + 1) % 4;
	(void)snprintf(text[turn], sizeof(text[turn]), unit ? "%.1f %s" : "%.0f %s", n, units[unit]);
	return text[turn];
}

/* ---- names in order ---- */

static void add(const struct maar_ipc_entry *about, void *arg)
{
	struct entries *e = arg;
	struct entry *more;

	if (e->n == e->room) {
		const size_t room = e->room ? 2 * e->room : 64;

		more = reallocarray(e->entry, room, sizeof(*more));
		if (!more) {
			e->no_memory = true;
			return;
		}
		e->entry = more;
		e->room = room;
	}
	e->entry[e->n].about = *about;
	(void)snprintf(e->entry[e->n].name, sizeof(e->entry[e->n].name), "%s", about->name);
	e->n++;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct entry *)a)->name, ((const struct entry *)b)->name);
}

int entries_read(struct entries *entries)
{
	ssize_t n;

	memset(entries, 0, sizeof(*entries));
	n = maar_ipc_list(add, entries);
	if (n < 0)
		return (int)n;
	if (entries->no_memory)
		return -ENOMEM;
	if (entries->n)
		qsort(entries->entry, entries->n, sizeof(*entries->entry), by_name);
	return 0;
}

void entries_end(struct entries *entries)
{
	free(entries->entry);
	entries->entry = NULL;
	entries->n = 0;
}

json_t *entry_json(const struct entry *e)
{
	return json_pack("{s:s, s:I, s:I, s:I, s:I, s:s, s:b}", "name", shown(e->name), "bytes",
			 (json_int_t)e->about.bytes, "reserved", (json_int_t)e->about.reserved_for, "participants",
			 (json_int_t)e->about.participants, "alive", (json_int_t)e->about.alive, "state",
			 meaning(e->about.error), "leftover", (e->about.flags & MAAR_IPC_LEFTOVER) != 0);
}
