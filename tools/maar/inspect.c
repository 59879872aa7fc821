/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * maar inspect: what is in a queue, and who uses it. Changes nothing.
 */
#include "look.h"
#include "tool.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_BYTES 48 /* of a payload that are shown */

struct inspect {
	const char *name;
	uint64_t messages; /* to be shown, of each priority */
};

static error_t parse_inspect(int key, char *arg, struct argp_state *state)
{
	struct inspect *in = state->input;

	switch (key) {
	case 'm':
		in->messages = parse_number(state, arg, "messages");
		return 0;
	default:
		return parse_name(key, arg, state);
	}
}

/* ---- who ---- */

/*
 * What there is to know of a participant: who it is stands in the file, in which anybody of this user may have written
 * anything; whether it lives, the system says.
 */
struct participant {
	uint32_t number;
	bool attached; /* by the entry */
	int alive;
	struct maar__ipc_entry_seen entry;
	struct maar__process who;
	bool reads; /* a broadcast */
	struct maar_ipc_reader reader;
};

static bool look_at(struct look *look, uint32_t i, struct participant *p)
{
	memset(p, 0, sizeof(*p));
	p->number = i;
	p->attached = maar__ipc_peek_entry(&look->seen, i, &p->entry);
	p->alive = look_alive(look, i);
	p->reads = maar__ipc_cast_peek(&look->seen, i, &p->reader);
	if (maar__ipc_live_who(&look->live, i, &p->who))
		memset(&p->who, 0, sizeof(p->who));
	return p->attached || p->alive != 0;
}

static const char *roles_text(uint32_t roles)
{
	static const char *const text[] = { "looks on", "producer", "consumer", "producer and consumer" };

	return text[roles & (MAAR_IPC_PRODUCER | MAAR_IPC_CONSUMER)];
}

static const char *life_text(const struct participant *p)
{
	if (p->alive > 0)
		return p->attached ? "alive" : "alive, attaching or leaving";
	return p->alive < 0 ? "perhaps alive" : "DEAD, not recovered";
}

static const char *reading_text(const struct participant *p)
{
	return p->reader.reading & MAAR_IPC_LOSSY ? "lossy" : "lossless";
}

static void participants_text(struct look *look)
{
	struct participant p;
	uint32_t i;

	printf("participants  %" PRIu32 " alive, %" PRIu32 " dead, of %" PRIu32 " at most\n", look->alive,
	       look->stats.dead, look->stats.max_participants);
	for (i = 1; i <= look->seen.max_participants; i++) {
		if (!look_at(look, i, &p))
			continue;
		printf("  %-4" PRIu32 " process %-10" PRIu64 " %s, %s; loans %" PRIu32 ", taken %" PRIu32, p.number,
		       p.who.pid, life_text(&p), roles_text(p.entry.roles), look->hands[i].loaned, look->hands[i].read);
		if (p.entry.key)
			printf("; key %#" PRIx64, p.entry.key);
		if (p.reads)
			printf("; reads %s, %" PRIu64 " behind%s", reading_text(&p), p.reader.lag,
			       p.reader.pins ? ", has one out" : "");
		putchar('\n');
	}
}

static json_t *participants_json(struct look *look)
{
	json_t *list = json_array();
	struct participant p;
	uint32_t i;

	for (i = 1; i <= look->seen.max_participants; i++)
		if (look_at(look, i, &p))
			(void)json_array_append_new(
				list,
				json_pack("{s:I, s:I, s:b, s:b, s:b, s:b, s:I, s:I, s:I, s:s?, s:I}", "number",
					  (json_int_t)p.number, "pid", (json_int_t)p.who.pid, "alive", p.alive != 0,
					  "sure", p.alive >= 0, "producer", (p.entry.roles & MAAR_IPC_PRODUCER) != 0,
					  "consumer", (p.entry.roles & MAAR_IPC_CONSUMER) != 0, "loans",
					  (json_int_t)look->hands[i].loaned, "taken", (json_int_t)look->hands[i].read,
					  "key", (json_int_t)p.entry.key, "reads", p.reads ? reading_text(&p) : NULL,
					  "behind", (json_int_t)(p.reads ? p.reader.lag : 0)));
	return list;
}

/* ---- what ---- */

/* The first bytes of a payload as text of printable ASCII. */
static const char *payload_text(const struct maar_ipc_message *m)
{
	static char text[4 * MOST_BYTES + 4];
	unsigned char bytes[MOST_BYTES];
	const size_t n = m->bytes < MOST_BYTES ? (size_t)m->bytes : MOST_BYTES;
	size_t i, at = 0;

	if (n)
		maar_n_copy(bytes, m->payload, n);
	for (i = 0; i < n; i++) {
		const bool plain = bytes[i] >= ' ' && bytes[i] <= '~' && bytes[i] != '\\' && bytes[i] != '"';

		at += (size_t)snprintf(text + at, sizeof(text) - at, plain ? "%c" : "\\x%02x", bytes[i]);
	}
	(void)snprintf(text + at, sizeof(text) - at, "%s", m->bytes > n ? "..." : "");
	return text;
}

typedef void message_fn(const struct maar_ipc_message *m, uint64_t position, void *arg);

/* The oldest messages of a priority that are still there when they are looked at. */
static void each_message(const struct look *look, uint32_t priority, uint64_t most, message_fn *each, void *arg)
{
	const uint64_t head = look->stats.taken[priority];
	uint64_t n = look->stats.published[priority] - head, i;
	struct maar_ipc_message m;

	if (n > look->seen.slots)
		n = look->seen.slots; /* what stands there is nonsense, or moved on between two looks */
	for (i = 0; i < n && i < most; i++)
		if (maar__ipc_peek_message(&look->seen, priority, head + i, &m) > 0)
			each(&m, head + i, arg);
}

static void message_text(const struct maar_ipc_message *m, uint64_t position, void *arg)
{
	(void)arg;
	printf("  %" PRIu64 ": slot %" PRIu32 ", %" PRIu64 " bytes, type %" PRIu32 ", sequence %" PRIu64, position,
	       m->slot, m->bytes, m->type, m->sequence);
	if (m->flags & MAAR_IPC_REDELIVERED)
		printf(", delivered %" PRIu32 " times before", m->deliveries);
	printf("  \"%s\"\n", payload_text(m));
}

static void message_json(const struct maar_ipc_message *m, uint64_t position, void *arg)
{
	(void)json_array_append_new(arg, json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:b, s:I, s:s}", "position",
						   (json_int_t)position, "priority", (json_int_t)m->priority, "slot",
						   (json_int_t)m->slot, "bytes", (json_int_t)m->bytes, "type",
						   (json_int_t)m->type, "sequence", (json_int_t)m->sequence,
						   "redelivered", (m->flags & MAAR_IPC_REDELIVERED) != 0, "deliveries",
						   (json_int_t)m->deliveries, "text", payload_text(m)));
}

static void slots_text(const struct look *look)
{
	const struct maar_ipc_stats *s = &look->stats;
	uint32_t i;

	for (i = 0; i < look->seen.n_classes; i++)
		printf("class %-7" PRIu32 " %" PRIu32 " slots of %" PRIu64 " bytes\n", i, look->seen.classes[i].n,
		       look->seen.classes[i].bytes);
	printf("slots         %" PRIu32 ": free %" PRIu32 ", lent %" PRIu32 ", queued %" PRIu32 ", taken %" PRIu32
	       ", dead letters %" PRIu32,
	       s->slots, s->free, s->loaned, s->queued, s->read, s->dead_letters);
	if (s->broken)
		printf(", NONSENSE %" PRIu32, s->broken);
	printf("\ndropped       newest %" PRIu64 ", oldest %" PRIu64 ", of the dead %" PRIu64 "; recovered %" PRIu64
	       ", redelivered %" PRIu64 "\n",
	       s->dropped_newest, s->dropped_oldest, s->dropped_dead, s->recovered, s->redelivered);
	printf("asleep        consumers %" PRIu32 ", producers %" PRIu32 "\n", look->consumers_asleep,
	       look->producers_asleep);
}

static int inspect_text(struct look *look, const struct inspect *in)
{
	uint32_t i;

	printf("%s: %s%s%s%s\n", shown(in->name), bytes_text(look->live.file.bytes),
	       look->seen.broadcast ? ", broadcast" : "", *look_state(look) ? ", " : "", look_state(look));
	slots_text(look);
	participants_text(look);
	for (i = look->seen.priorities; i-- > 0;) {
		printf("priority %-4" PRIu32 " published %" PRIu64 ", taken %" PRIu64 ", at most %" PRIu64 "\n", i,
		       look->stats.published[i], look->stats.taken[i], look->seen.depth[i]);
		each_message(look, i, in->messages, message_text, NULL);
	}
	return fflush(stdout) || ferror(stdout) ? STATUS_WRONG : STATUS_OK;
}

static json_t *slots_json(const struct look *look)
{
	const struct maar_ipc_stats *s = &look->stats;

	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "all", (json_int_t)s->slots, "free",
			 (json_int_t)s->free, "lent", (json_int_t)s->loaned, "queued", (json_int_t)s->queued, "taken",
			 (json_int_t)s->read, "dead_letters", (json_int_t)s->dead_letters, "nonsense",
			 (json_int_t)s->broken);
}

static int inspect_json(struct look *look, const struct inspect *in)
{
	const struct maar_ipc_stats *s = &look->stats;
	json_t *priorities = json_array(), *messages = json_array();
	uint32_t i;

	for (i = 0; i < look->seen.priorities; i++) {
		(void)json_array_append_new(
			priorities, json_pack("{s:I, s:I, s:I}", "published", (json_int_t)s->published[i], "taken",
					      (json_int_t)s->taken[i], "most", (json_int_t)look->seen.depth[i]));
		each_message(look, i, in->messages, message_json, messages);
	}
	return print_json(
		json_pack("{s:s, s:I, s:b, s:b, s:b, s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:o}", "name",
			  shown(in->name), "bytes", (json_int_t)look->live.file.bytes, "broadcast",
			  look->seen.broadcast != 0, "closed", s->closed != 0, "broken", s->marked_broken != 0, "slots",
			  slots_json(look), "dropped", (json_int_t)look_dropped(look), "recovered",
			  (json_int_t)s->recovered, "redelivered", (json_int_t)s->redelivered, "consumers_asleep",
			  (json_int_t)look->consumers_asleep, "producers_asleep", (json_int_t)look->producers_asleep,
			  "dead", (json_int_t)s->dead, "most_participants", (json_int_t)s->max_participants,
			  "participants", participants_json(look), "priorities", priorities, "messages", messages));
}

int run_inspect(const struct tool *tool, int argc, char **argv)
{
	static const struct argp_option options[] = {
		{ "messages", 'm', "N", 0, "Show the N oldest messages of each priority, which stay where they are",
		  0 },
		{ 0 },
	};
	static const struct argp argp = {
		.options = options,
		.parser = parse_inspect,
		.args_doc = "NAME",
		.doc = "Shows what is in a queue, and who uses it. Changes nothing, and is no "
		       "participant."
	};
	struct inspect in = { NULL, 0 };
	struct look *look = malloc(sizeof(*look));
	int rc;

	argp_parse(&argp, argc, argv, 0, NULL, &in);
	rc = look ? look_open(look, in.name) : -ENOMEM;
	if (rc) {
		free(look);
		return fail("cannot open", in.name, rc);
	}
	look_take(look);
	rc = tool->json ? inspect_json(look, &in) : inspect_text(look, &in);
	look_close(look);
	free(look);
	return rc;
}
