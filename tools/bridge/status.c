/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * What the bridges of this user do, and have done, as their marks say it.
 */
#include "bridge.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *const counts[MARKS_COUNTS] = {
	[MARKS_LINKS] = "links",      [MARKS_MESSAGES] = "messages", [MARKS_BYTES] = "bytes",
	[MARKS_TWICE] = "twice",      [MARKS_AGAIN] = "again",	     [MARKS_REFUSED] = "refused",
	[MARKS_LOOKS] = "looks_back", [MARKS_FOUND] = "found",	     [MARKS_HANDS] = "in_hand",
};

int fail(const char *what, const char *about, const char *why)
{
	fprintf(stderr, "maar-bridge: %s%s%s%s%s\n", what, about ? " " : "", about ? about : "", why ? ": " : "",
		why ? why : "");
	return STATUS_WRONG;
}

int print_json(json_t *value)
{
	const bool good = value && json_dumpf(value, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII) == 0 &&
			  putchar('\n') != EOF && fflush(stdout) == 0;

	if (!good)
		(void)fail("cannot write", NULL, value ? strerror(errno) : strerror(ENOMEM));
	json_decref(value);
	return good ? STATUS_OK : STATUS_WRONG;
}

struct shown {
	const char *queue; /* NULL: all */
	json_t *list;	   /* NULL: for people */
	bool no_memory;
	size_t n;
};

static const char *state_of(const struct marks_report *r)
{
	return r->alive ? r->state : "not running";
}

static void to_list(struct shown *s, const struct marks_report *r)
{
	json_t *one = json_pack("{s:s, s:s, s:s, s:b, s:I, s:s, s:s, s:s, s:I, s:I}", "queue", r->queue, "direction",
				r->exports ? "export" : "import", "state", state_of(r), "running", (int)r->alive, "pid",
				(json_int_t)r->pid, "subject", r->subject, "server", r->server, "why", r->why,
				"floor_high", (json_int_t)r->floor.high, "floor", (json_int_t)r->floor.low);
	unsigned i;

	for (i = 0; one && i < MARKS_COUNTS; i++)
		if (json_object_set_new(one, counts[i], json_integer((json_int_t)r->counts[i])))
			s->no_memory = true;
	if (!one || json_array_append_new(s->list, one))
		s->no_memory = true;
}

static void show(const struct marks_report *r, void *arg)
{
	struct shown *s = arg;
	unsigned i;

	if (s->queue && strcmp(s->queue, r->queue) != 0)
		return;
	s->n++;
	if (s->list)
		return to_list(s, r);
	printf("%s of %s: %s", r->exports ? "export" : "import", r->queue, state_of(r));
	if (r->alive)
		printf(", process %" PRId64, r->pid);
	printf("\n  %s at %s\n ", r->subject, r->server);
	for (i = 0; i < MARKS_COUNTS; i++)
		printf(" %s %" PRIu64 "%s", counts[i], r->counts[i], i + 1 < MARKS_COUNTS ? "," : "\n");
	if (r->why[0])
		printf("  %s\n", r->why);
}

int status_show(const char *directory, const char *queue, bool json)
{
	struct shown s = { .queue = queue, .list = json ? json_array() : NULL };
	ssize_t n;

	if (json && !s.list)
		return fail("status", NULL, strerror(ENOMEM));
	n = marks_list(directory, show, &s);
	if (n < 0 || s.no_memory) {
		json_decref(s.list);
		return fail("status", NULL, n < 0 ? strerror((int)-n) : strerror(ENOMEM));
	}
	if (json && print_json(json_pack("{s:o}", "bridges", s.list)) != STATUS_OK)
		return STATUS_WRONG;
	if (queue && !s.n)
		return fail("there is no bridge of", queue, NULL);
	return STATUS_OK;
}
