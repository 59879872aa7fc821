/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * exchange: the command line.
 */
#include "exchange.h"

#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <maar/ring.h>
#include <maar/version.h>

const char *argp_program_version = "exchange, an example of maar " MAAR_VERSION;

/* Beyond these is a mistake in typing, not a wish. They bound memory, and rings: as many as producers * consumers. */
#define MOST_THREADS 256
#define MOST_RECORD  ((uint64_t)16 << 20)

static const char about[] =
	"Lets threads exchange real bytes as pooled messages, and proves that what went in came out.\n"
	"\v"
	"Producer threads read the files, cut them into records at line ends, and copy each record once into a message "
	"from a pool. Consumer threads receive the messages through a ring, count lines and bytes, add up a checksum, "
	"and give the messages back. At the end both sides must agree and no message may be out; otherwise the exit "
	"status is 1. Directories are read with -r; `-' or no FILE is standard input, which one producer reads alone.\n"
	"\n"
	"Examples:\n"
	"  exchange access.log                     two producers, two consumers\n"
	"  exchange -r /usr/share/doc              all the files in a directory\n"
	"  zcat big.gz | exchange -c 4             one producer feeds four consumers\n"
	"  exchange -r --ring=ticket -p 4 /usr/lib another kind of ring\n"
	"  exchange --slots=1 -p 8 -c 8 FILE       16 threads, one message: it ends\n"
	"  exchange -r --verify --limit=1G /usr    read all twice and compare\n"
	"  exchange -r --table /usr/include        several configurations, a row each\n"
	"\n"
	"Numbers take the suffixes K, M and G (2^10, 2^20, 2^30). KIND is one of:\n"
	"  mpmc    one ring that all share, lock-free (the default)\n"
	"  ticket  one ring that all share: faster in bursts, not lock-free\n"
	"  mpsc    a ring for each consumer\n"
	"  spmc    a ring for each producer\n"
	"  spsc    a ring for each pair of them";

const struct ring_kind ring_kinds[] = {
	{ "mpmc", "one lock-free MPMC ring", MAAR_RING_MPMC, false, false },
	{ "ticket", "one ticket MPMC ring", MAAR_RING_TICKET, false, false },
	{ "mpsc", "MPSC rings, one for each consumer", MAAR_RING_MPSC, false, true },
	{ "spmc", "SPMC rings, one for each producer", MAAR_RING_SPMC, true, false },
	{ "spsc", "SPSC rings, one for each pair", MAAR_RING_SPSC, true, true },
	{ NULL, NULL, 0, false, false },
};

static const struct {
	const char *name;
	enum sabotage what;
} sabotages[] = {
	{ "drop", SABOTAGE_DROP },	 { "twice", SABOTAGE_TWICE },
	{ "corrupt", SABOTAGE_CORRUPT }, { "double-put", SABOTAGE_DOUBLE_PUT },
	{ "leak", SABOTAGE_LEAK },
};

enum key {
	KEY_SLOTS = 256,
	KEY_RECORD,
	KEY_RING,
	KEY_ENTRIES,
	KEY_BURST,
	KEY_LIMIT,
	KEY_AT_LEAST,
	KEY_VERIFY,
	KEY_STRICT,
	KEY_TABLE,
	KEY_SABOTAGE,
};

static const struct argp_option option_list[] = {
	{ "producers", 'p', "N", 0, "Threads that read and send (1 to 256; default 2)", 1 },
	{ "consumers", 'c', "N", 0, "Threads that receive and count (1 to 256; default 2)", 1 },
	{ "slots", KEY_SLOTS, "N", 0, "Messages in the pool (default 1024)", 1 },
	{ "record", KEY_RECORD, "BYTES", 0, "Longest record; longer lines are cut (1 to 16M; default 2048)", 1 },
	{ "ring", KEY_RING, "KIND", 0, "How many rings, and of which kind (see below; default mpmc)", 1 },
	{ "rings", KEY_RING, "KIND", OPTION_ALIAS | OPTION_HIDDEN, NULL, 1 },
	{ "entries", KEY_ENTRIES, "N", 0,
	  "Entries of each ring, rounded up to a power of two (default: half of --slots, so that both the ring and the "
	  "pool hold producers back at times)",
	  1 },
	{ "burst", KEY_BURST, "N", 0, "Messages that move at once through a ring (1 to 256; default 32)", 1 },
	{ "recursive", 'r', NULL, 0, "Read the regular files in directories", 2 },
	{ "limit", KEY_LIMIT, "BYTES", 0, "Read no more than this of all files, and of each pipe", 2 },
	{ "at-least", KEY_AT_LEAST, "BYTES", 0, "Go round again through the files until this much is read", 2 },
	{ "strict", KEY_STRICT, NULL, 0, "Fail if any file cannot be read (default: only if none can)", 2 },
	{ "verify", KEY_VERIFY, NULL, 0, "Read all files again, by one thread without messages, and compare", 3 },
	{ "table", KEY_TABLE, NULL, 0,
	  "Run several configurations, one after the other, and print a table of them; files only", 3 },
	{ "quiet", 'q', NULL, 0, "Print nothing unless something does not match", 3 },
	/* For tests: breaks one message on purpose, so that the end check can be seen to fail. */
	{ "sabotage", KEY_SABOTAGE, "HOW", OPTION_HIDDEN, NULL, 4 },
	{ 0 },
};

const struct ring_kind *ring_kind_named(const char *name)
{
	const struct ring_kind *kind;

	for (kind = ring_kinds; kind->name; kind++)
		if (strcmp(kind->name, name) == 0)
			return kind;
	return NULL;
}

static uint64_t number(struct argp_state *state, const char *option, const char *text, uint64_t least, uint64_t most)
{
	static const char suffixes[] = "KMG";
	const char *suffix;
	unsigned shift = 0;
	uint64_t value;
	char *end;

	errno = 0;
	value = strtoull(text, &end, 10);
	suffix = *end ? strchr(suffixes, *end) : NULL;
	if (suffix) {
		shift = 10 * (unsigned)(suffix - suffixes + 1);
		end++;
	}
	/* strtoull takes leading blanks and a sign; we take digits only. */
	if (*text < '0' || *text > '9' || *end)
		argp_error(state, "%s=%s: is no number: give digits, and K, M or G behind them if you like", option,
			   text);
	if (errno || value > UINT64_MAX >> shift || value << shift > most || value << shift < least)
		argp_error(state, "%s=%s: is out of range: give a number from %llu to %llu", option, text,
			   (unsigned long long)least, (unsigned long long)most);
	return value << shift;
}

static void take_path(struct options *o, char *path, struct argp_state *state)
{
	o->paths = reallocarray(o->paths, o->n_paths + 1, sizeof(*o->paths));
	if (!o->paths)
		argp_failure(state, EXIT_FAILURE, ENOMEM, "the list of files");
	o->paths[o->n_paths++] = path;
}

static void check_together(struct options *o, struct argp_state *state)
{
	static char standard_input[] = "-";
	size_t i, inputs = 0;

	if (o->n_paths == 0)
		take_path(o, standard_input, state);
	for (i = 0; i < o->n_paths; i++)
		inputs += strcmp(o->paths[i], "-") == 0;
	if (inputs > 1)
		argp_error(state, "`-' is given %zu times: standard input can be read once", inputs);
	if (inputs && o->table)
		argp_error(state, "--table reads its input several times: give files instead of standard input");
	if (inputs && o->n_paths == 1 && o->at_least)
		argp_error(state, "--at-least reads its input again: give files instead of standard input");
	if (o->at_least > o->limit)
		argp_error(state, "--at-least asks for more than --limit allows: raise the limit");
	if (o->sabotage == SABOTAGE_LEAK && o->slots < 2)
		argp_error(state, "--sabotage=leak needs a second message to go on with: give --slots=2 or more");
	if (o->entries == 0)
		o->entries = o->slots < 2 ? 1 : o->slots / 2;
	if (o->entries > MAAR_RING_MAX_CAPACITY)
		o->entries = MAAR_RING_MAX_CAPACITY;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;
	size_t i;

	switch (key) {
	case 'p':
		o->producers = (unsigned)number(state, "--producers", arg, 1, MOST_THREADS);
		return 0;
	case 'c':
		o->consumers = (unsigned)number(state, "--consumers", arg, 1, MOST_THREADS);
		return 0;
	case 'r':
		o->recursive = true;
		return 0;
	case 'q':
		o->quiet = true;
		return 0;
	case KEY_SLOTS:
		o->slots = (size_t)number(state, "--slots", arg, 1, MAAR_MRING_MAX_SLOTS);
		return 0;
	case KEY_RECORD:
		o->record = (size_t)number(state, "--record", arg, 1, MOST_RECORD);
		return 0;
	case KEY_RING:
		o->kind = ring_kind_named(arg);
		if (!o->kind)
			argp_error(state, "--ring=%s: no such kind: give mpmc, ticket, mpsc, spmc or spsc", arg);
		return 0;
	case KEY_ENTRIES:
		o->entries = (size_t)number(state, "--entries", arg, 1, MAAR_RING_MAX_CAPACITY);
		return 0;
	case KEY_BURST:
		o->burst = (size_t)number(state, "--burst", arg, 1, MOST_BURST);
		return 0;
	case KEY_LIMIT:
		o->limit = number(state, "--limit", arg, 1, UINT64_MAX);
		return 0;
	case KEY_AT_LEAST:
		o->at_least = number(state, "--at-least", arg, 1, UINT64_MAX);
		return 0;
	case KEY_VERIFY:
		o->verify = true;
		return 0;
	case KEY_STRICT:
		o->strict = true;
		return 0;
	case KEY_TABLE:
		o->table = true;
		return 0;
	case KEY_SABOTAGE:
		for (i = 0; i < sizeof(sabotages) / sizeof(sabotages[0]); i++)
			if (strcmp(arg, sabotages[i].name) == 0)
				o->sabotage = sabotages[i].what;
		if (!o->sabotage)
			argp_error(state, "--sabotage=%s: give drop, twice, corrupt, double-put or leak", arg);
		return 0;
	case ARGP_KEY_ARG:
		take_path(o, arg, state);
		return 0;
	case ARGP_KEY_END:
		check_together(o, state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

void options_parse(struct options *o, int argc, char **argv)
{
	static const struct argp argp = {
		.options = option_list, .parser = parse, .args_doc = "[FILE...]", .doc = about
	};

	*o = (struct options){
		.producers = 2,
		.consumers = 2,
		.slots = 1024,
		.record = 2048,
		.burst = 32,
		.kind = &ring_kinds[0],
		.limit = UINT64_MAX,
	};
	argp_parse(&argp, argc, argv, 0, NULL, o);
}
