/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * maar top: queues watched: rates, depth, who sleeps and for what, who is dead. Changes nothing. How long somebody was blocked
 * stands nowhere; so it is looked at a hundred times a second who sleeps.
 */
#include "look.h"
#include "tool.h"

#include <errno.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SECOND	  INT64_C(1000000000)
#define SAMPLE_NS (SECOND / 100)
#define LEAST_NS  (SECOND / 20) /* of an interval */

struct top {
	const char *pattern;
	int64_t interval;
	uint64_t count; /* tables; 0: until it is ended */
	bool ansi;
};

/* A queue that is watched; the figures are of the last interval. */
struct watch {
	char name[MAAR_IPC_NAME_BYTES + 1];
	struct look look;
	int64_t at; /* when it was looked at last */
	uint64_t published, taken, dropped;
	double in, out, drops;
	uint32_t samples, full, empty; /* looks; those in which a producer, a consumer slept */
	bool there;
	struct watch *next;
};

static error_t parse_top(int key, char *arg, struct argp_state *state)
{
	struct top *top = state->input;

	switch (key) {
	case 'i':
		top->interval = parse_seconds(state, arg);
		if (top->interval < LEAST_NS)
			argp_error(state, "%s: too short an interval", arg);
		return 0;
	case 'n':
		top->count = parse_number(state, arg, "tables");
		return 0;
	case '1':
		top->count = 1;
		return 0;
	case ARGP_KEY_ARG:
		if (state->arg_num > 0)
			argp_usage(state);
		top->pattern = arg;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * SECOND + t.tv_nsec;
}

/* ---- which are watched ---- */

static struct watch *find(struct watch *list, const char *name)
{
	while (list && strcmp(list->name, name) != 0)
		list = list->next;
	return list;
}

static void remember(struct watch *w, int64_t at)
{
	w->at = at;
	w->published = look_published(&w->look);
	w->taken = look_taken(&w->look);
	w->dropped = look_dropped(&w->look);
}

/* In its place by name; NULL: no memory, or it cannot be opened, which ls says. */
static struct watch *add(struct watch **list, const char *name)
{
	struct watch *w = calloc(1, sizeof(*w));

	if (!w || look_open(&w->look, name)) {
		free(w);
		return NULL;
	}
	(void)snprintf(w->name, sizeof(w->name), "%.*s", MAAR_IPC_NAME_BYTES, name);
	look_take(&w->look);
	remember(w, now());
	while (*list && strcmp((*list)->name, name) < 0)
		list = &(*list)->next;
	w->next = *list;
	*list = w;
	return w;
}

static void remove_one(struct watch **at)
{
	struct watch *w = *at;

	*at = w->next;
	look_close(&w->look);
	free(w);
}

/* A name may have been given to another queue meanwhile. */
static void drop_gone(struct watch **list, int dir)
{
	while (*list)
		if ((*list)->there && maar__ipc_file_named(&(*list)->look.live.file.held, dir, (*list)->name))
			list = &(*list)->next;
		else
			remove_one(list);
}

static int refresh(struct watch **list, const struct top *top)
{
	struct entries all;
	struct watch *w;
	size_t i;
	int rc = entries_read(&all), dir = rc ? rc : maar__ipc_dir_open(false);

	for (w = *list; w; w = w->next)
		w->there = false;
	for (i = 0; rc == 0 && i < all.n; i++) {
		const char *name = all.entry[i].name;

		if (all.entry[i].about.error || (all.entry[i].about.flags & MAAR_IPC_LEFTOVER) ||
		    (top->pattern && fnmatch(top->pattern, name, 0) != 0))
			continue;
		w = find(*list, name);
		if (!w)
			w = add(list, name);
		if (w)
			w->there = true;
	}
	entries_end(&all);
	if (dir >= 0) {
		drop_gone(list, dir);
		close(dir);
	} else if (dir == -ENOENT) {
		while (*list)
			remove_one(list);
	}
	return rc;
}

/* ---- looking ---- */

static void sample(struct watch *list)
{
	struct watch *w;

	for (w = list; w; w = w->next) {
		uint32_t consumers, producers;

		maar__ipc_peek_sleepers(&w->look.seen, &consumers, &producers);
		w->samples++;
		w->empty += consumers != 0;
		w->full += producers != 0;
	}
}

static void sleep_until(struct watch *list, int64_t end)
{
	for (;;) {
		const int64_t left = end - now();
		struct timespec nap = { 0, left < SAMPLE_NS ? left : SAMPLE_NS };

		if (left <= 0)
			return;
		(void)nanosleep(&nap, NULL);
		sample(list);
	}
}

/* Numbers that go back are nonsense that somebody has written. */
static double rate(uint64_t before, uint64_t after, int64_t ns)
{
	return ns > 0 && after >= before ? (double)(after - before) * (double)SECOND / (double)ns : 0;
}

static void measure(struct watch *list)
{
	struct watch *w;

	for (w = list; w; w = w->next) {
		const int64_t at = now();

		look_take(&w->look);
		w->in = rate(w->published, look_published(&w->look), at - w->at);
		w->out = rate(w->taken, look_taken(&w->look), at - w->at);
		w->drops = rate(w->dropped, look_dropped(&w->look), at - w->at);
		remember(w, at);
	}
}

/* ---- showing ---- */

static double percent(uint32_t of, uint32_t all)
{
	return all ? 100.0 * of / all : 0;
}

static void print_table(const struct watch *list, const struct top *top)
{
	const char *const end = top->ansi ? "\033[K\n" : "\n";
	const struct watch *w;

	if (top->ansi)
		fputs("\033[H", stdout);
	printf("%-24s %15s %10s %10s %8s %5s %4s %5s %6s  %s%s", "NAME", "QUEUED/SLOTS", "IN/s", "OUT/s", "DROP/s",
	       "ALIVE", "DEAD", "FULL%", "EMPTY%", "STATE", end);
	for (w = list; w; w = w->next) {
		char depth[32], lag[40] = "";

		if (w->look.seen.broadcast)
			(void)snprintf(lag, sizeof(lag), "%sbroadcast, %" PRIu64 " behind",
				       *look_state(&w->look) ? ", " : "", look_lag(&w->look));
		(void)snprintf(depth, sizeof(depth), "%" PRIu32 "/%" PRIu32, w->look.stats.queued, w->look.stats.slots);
		printf("%-24s %15s %10.0f %10.0f %8.0f %5" PRIu32 " %4" PRIu32 " %5.0f %6.0f  %s%s%s", shown(w->name),
		       depth, w->in, w->out, w->drops, w->look.alive, w->look.stats.dead, percent(w->full, w->samples),
		       percent(w->empty, w->samples), look_state(&w->look), lag, end);
	}
	fputs(top->ansi ? "\033[J" : "\n", stdout);
}

static json_t *table_json(const struct watch *list)
{
	json_t *all = json_array();
	const struct watch *w;

	for (w = list; w; w = w->next)
		(void)json_array_append_new(
			all, json_pack("{s:s, s:I, s:I, s:f, s:f, s:f, s:I, s:I, s:f, s:f, s:b, s:b, s:b, s:I}", "name",
				       shown(w->name), "queued", (json_int_t)w->look.stats.queued, "slots",
				       (json_int_t)w->look.stats.slots, "in", w->in, "out", w->out, "dropped", w->drops,
				       "alive", (json_int_t)w->look.alive, "dead", (json_int_t)w->look.stats.dead,
				       "full_percent", percent(w->full, w->samples), "empty_percent",
				       percent(w->empty, w->samples), "closed", w->look.stats.closed != 0, "broken",
				       w->look.stats.marked_broken != 0, "broadcast", w->look.seen.broadcast != 0,
				       "behind", (json_int_t)look_lag(&w->look)));
	return all;
}

static int show(struct watch *list, const struct top *top, const struct tool *tool)
{
	struct watch *w;

	if (tool->json && print_json(table_json(list)) != STATUS_OK)
		return STATUS_WRONG;
	if (!tool->json)
		print_table(list, top);
	for (w = list; w; w = w->next)
		w->samples = w->full = w->empty = 0;
	return fflush(stdout) || ferror(stdout) ? STATUS_WRONG : STATUS_OK;
}

int run_top(const struct tool *tool, int argc, char **argv)
{
	static const struct argp_option options[] = {
		{ "interval", 'i', "SECONDS", 0, "Look so often (1)", 0 },
		{ "count", 'n', "N", 0, "End after N tables", 0 },
		{ "once", '1', NULL, 0, "The same as --count=1", 0 },
		{ 0 },
	};
	static const struct argp argp = {
		.options = options,
		.parser = parse_top,
		.args_doc = "[PATTERN]",
		.doc = "Watches the queues, or those whose names match the shell's PATTERN: messages a second in and "
		       "out, how many are queued, participants alive and dead, and of how many looks a producer slept "
		       "for want of room (FULL%), a consumer for want of messages (EMPTY%). Changes nothing."
	};
	struct top top = { .interval = SECOND };
	struct watch *list = NULL;
	int rc = STATUS_OK, error = 0;
	uint64_t n;

	argp_parse(&argp, argc, argv, 0, NULL, &top);
	top.ansi = !tool->json && isatty(STDOUT_FILENO);
	if (top.ansi)
		fputs("\033[2J", stdout);
	for (n = 0; rc == STATUS_OK && (!top.count || n < top.count); n++) {
		error = refresh(&list, &top);
		if (error)
			break;
		sleep_until(list, now() + top.interval);
		measure(list);
		rc = show(list, &top, tool);
	}
	while (list)
		remove_one(&list);
	return error ? fail("cannot list the queues", NULL, error) : rc;
}
