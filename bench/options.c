/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The command line of every benchmark program.
 */
#include "internal.h"

#include <argp.h>
#include <errno.h>
#include <fnmatch.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_ROUNDS	5
#define DEFAULT_TIME_MS 40
#define DEFAULT_WARM_MS 8
#define DEFAULT_LIMIT_S 1

/* Beyond these a number is a slip of the finger. */
#define MAX_ROUNDS 1000
#define MAX_MS	   3600000
#define MAX_COUNT  (UINT64_C(1) << 40)

/* --quick: a look, not a measurement. */
#define QUICK_ROUNDS   3
#define QUICK_TIME_MS  15
#define QUICK_WARM_MS  3
#define QUICK_LIMIT_MS 200

enum {
	KEY_CPUS = 256,
	KEY_DISTANCE,
	KEY_LOAD,
	KEY_ONLY,
	KEY_QUICK,
	KEY_RETRY,
};

static const struct argp_option option[] = {
	{ "rounds", 'n', "N", 0, "measure each contestant N times, taking turns (5); the table shows medians", 1 },
	{ "time", 't', "MS", 0, "let each run go on for MS milliseconds (40)", 1 },
	{ "warmup", 'w', "MS", 0, "and before that, unmeasured, for MS milliseconds (8)", 1 },
	{ "count", 'c', "N", 0, "instead of a time: N messages from each producer, N/10 to warm up", 1 },
	{ "quick", KEY_QUICK, NULL, 0, "a look, not a measurement: 3 rounds of 15 ms; what follows it changes that",
	  1 },
	{ "limit", 'l', "SECONDS", 0,
	  "end a run that has not ended after SECONDS (1) and call it stalled; its figure is its rate up to then", 1 },
	{ "pin", 'p', "HOW", 0,
	  "in all cases, yes: bind thread i to processor i; no: leave it to the system; auto: bind when there is a "
	  "processor for every thread (default: as the case says, and auto where it says nothing)",
	  2 },
	{ "retry", KEY_RETRY, "HOW", 0,
	  "what a thread does before it tries again: spin (nothing), pause, pause8 (8 of them), yield (8 tries with 8 "
	  "pauses each, then the processor to another), auto (default): pause8 when there is a processor for every "
	  "thread, pause for round trips, else yield",
	  2 },
	{ "load", KEY_LOAD, "N", 0, "N busy processes beside it all the time (0)", 2 },
	{ "cpus", KEY_CPUS, "LIST", 0, "processors to use, as in 0,2,4 (default: all this process may use)", 2 },
	{ "distance", KEY_DISTANCE, "WHICH", 0,
	  "in cases with several threads, the runs that count: near (a line goes there and back between two processors "
	  "in less than 200 ns), far, most (default): that of which everybody has N first, any: all; see below",
	  2 },
	{ "cases", 'f', "GLOBS", 0, "only cases that match, as in 'mpmc/*,self/*'", 3 },
	{ "only", KEY_ONLY, "PATTERN", 0, "only cases with this in their names, as in 8p8c, or 'bulk*65536,rtt'", 3 },
	{ "contestants", 'k', "GLOBS", 0, "only contestants that match, as in 'maar*,rte_ring sp/sc'", 3 },
	{ "list", 'L', NULL, 0, "print the cases, who takes part in each, and who is missing; measure nothing", 3 },
	{ "output", 'o', "FILE", 0, "write all results to FILE, as JSON", 4 },
	{ "append", 'a', NULL, 0, "add to FILE, as a further program, instead of replacing it", 4 },
	{ "quiet", 'q', NULL, 0, "no progress line (there is none either when stderr is no terminal)", 4 },
	{ 0 },
};

static uint64_t number(struct argp_state *state, const char *what, const char *text, uint64_t min, uint64_t max)
{
	char *end;
	unsigned long long n;

	errno = 0;
	n = strtoull(text, &end, 10);
	if (errno || *end || end == text || *text == '-' || n < min || n > max)
		argp_error(state, "%s: '%s' is not a number from %llu to %llu", what, text, (unsigned long long)min,
			   (unsigned long long)max);
	return n;
}

static void parse_cpus(struct argp_state *state, const char *text, struct bench_options *o)
{
	char *copy = strdup(text), *rest = copy, *word;

	o->n_cpus = 0;
	while (copy && (word = strsep(&rest, ",")) != NULL && o->n_cpus < BENCH_MAX_CPUS)
		o->cpus[o->n_cpus++] = (int)number(state, "--cpus", word, 0, BENCH_MAX_CPUS - 1);
	free(copy);
}

static void parse_pin(struct argp_state *state, const char *text, struct bench_options *o)
{
	o->pin_said = true;
	if (!strcmp(text, "auto"))
		o->pin = BENCH_PIN_AUTO;
	else if (!strcmp(text, "yes"))
		o->pin = BENCH_PIN_YES;
	else if (!strcmp(text, "no"))
		o->pin = BENCH_PIN_NO;
	else
		argp_error(state, "--pin: '%s' is none of yes, no, auto", text);
}

static void parse_retry(struct argp_state *state, const char *text, struct bench_options *o)
{
	unsigned i;

	for (i = 0; i < BENCH_RETRIES; i++)
		if (!strcmp(text, bench_retry_name((enum bench_retry)i))) {
			o->retry = (enum bench_retry)i;
			return;
		}
	argp_error(state, "--retry: '%s' is none of auto, spin, pause, pause8, yield", text);
}

static void parse_distance(struct argp_state *state, const char *text, struct bench_options *o)
{
	unsigned i;

	for (i = 0; i < BENCH_WISHES; i++)
		if (!strcmp(text, bench_wish_name((enum bench_wish)i))) {
			o->distance = (enum bench_wish)i;
			return;
		}
	argp_error(state, "--distance: '%s' is none of most, any, near, far", text);
}

static void be_quick(struct bench_options *o)
{
	o->rounds = QUICK_ROUNDS;
	o->time_ms = QUICK_TIME_MS;
	o->warmup_ms = QUICK_WARM_MS;
	o->limit_ms = QUICK_LIMIT_MS;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct bench_options *o = state->input;

	switch (key) {
	case 'n':
		o->rounds = (unsigned)number(state, "--rounds", arg, 1, MAX_ROUNDS);
		break;
	case 't':
		o->time_ms = number(state, "--time", arg, 1, MAX_MS);
		break;
	case 'w':
		o->warmup_ms = number(state, "--warmup", arg, 0, MAX_MS);
		break;
	case 'c':
		o->count = number(state, "--count", arg, 1, MAX_COUNT);
		break;
	case 'l':
		o->limit_ms = number(state, "--limit", arg, 1, MAX_MS / 1000) * 1000;
		break;
	case 'p':
		parse_pin(state, arg, o);
		break;
	case KEY_CPUS:
		parse_cpus(state, arg, o);
		break;
	case KEY_DISTANCE:
		parse_distance(state, arg, o);
		break;
	case KEY_RETRY:
		parse_retry(state, arg, o);
		break;
	case KEY_LOAD:
		o->load = (unsigned)number(state, "--load", arg, 0, BENCH_MAX_LOAD / 2);
		break;
	case KEY_QUICK:
		be_quick(o);
		break;
	case KEY_ONLY:
		o->only = arg;
		break;
	case 'f':
		o->cases = arg;
		break;
	case 'k':
		o->contestants = arg;
		break;
	case 'o':
		o->output = arg;
		break;
	case 'a':
		o->append = true;
		break;
	case 'L':
		o->list = true;
		break;
	case 'q':
		o->quiet = true;
		break;
	case ARGP_KEY_END:
		if (o->append && !o->output)
			argp_error(state, "--append needs --output=FILE");
		if (!o->count && o->limit_ms <= o->time_ms)
			argp_error(state, "--limit must be longer than --time");
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

/* All processors this process may use. */
static void default_cpus(struct bench_options *o)
{
	cpu_set_t set;
	int cpu;

	if (sched_getaffinity(0, sizeof(set), &set))
		CPU_ZERO(&set);
	for (cpu = 0; cpu < BENCH_MAX_CPUS && cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &set))
			o->cpus[o->n_cpus++] = cpu;
	if (!o->n_cpus)
		o->cpus[o->n_cpus++] = 0;
}

/* The words of the command line behind the first, for the record. */
static char *all_words(int argc, char **argv)
{
	size_t bytes = 1;
	char *words;
	int i;

	for (i = 1; i < argc; i++)
		bytes += strlen(argv[i]) + 1;
	words = calloc(bytes, 1);
	for (i = 1; words && i < argc; i++) {
		strcat(words, argv[i]);
		if (i + 1 < argc)
			strcat(words, " ");
	}
	return words;
}

void bench_options_parse(const struct bench_program *program, int argc, char **argv, struct bench_options *o)
{
	static const char guide[] =
		"\vEach case is a number of threads doing one thing, as `mpmc/4p4c/1024': 4 producers and 4 consumers "
		"on a queue of 1024 entries. Every contestant that can do it is measured in turn, N rounds long, "
		"each time in a process of its own, and what comes out is checked against what went in.\n\n"
		"The table gives median, smallest and largest of the rounds, the failed calls (full, empty) for each "
		"that succeeded, and how many times better each row is than the best peer, which a star marks. Peers "
		"that are no FIFO in that case and the machine's own limits are beside it, not in it. A row of maar's "
		"that has a target says what it is held against, the ratio, its range over the rounds, and whether it "
		"is met, near or far. Cases of `lat/' time each call: nanoseconds that 50, 99 and 99.9 % of the successful ones "
		"took, and the share of time in which nobody took anything for 100 us or more.\n\n"
		"What threads hand to each other takes as long as a cache line takes from one processor to the other: "
		"on hyperthreads of one core, which share its cache, a fifth of what it takes between two cores. Which "
		"they are, /sys/devices/system/cpu/cpu0/topology/thread_siblings_list says of a real machine; a virtual "
		"machine's processors are moved about by its host while it runs, and no file says so. So it is measured "
		"between all runs of a case with several threads: the time of one line there and back between the first "
		"two processors used (--cpus). Runs are near (less than 200 ns), far, or unknown (one processor, or it "
		"changed meanwhile), and rounds go on until everybody has N of one kind, 2 N rounds at most. The "
		"figures are of that kind alone; the line above a table says which, and how many runs were left out. "
		"The JSON has them all, and the figures of both kinds. Wrong results count wherever they happen.\n\n"
		"Examples:\n"
		"  --list                           what there is\n"
		"  --quick --only=8p8c              a look at one shape\n"
		"  -f 'spsc/*' -n 11 -t 100         one family, more carefully\n"
		"  -f 'mpmc/8p8c/*' -k 'maar*,ck*'  two contestants\n"
		"  --distance=near --only=1p1c      where processors share a cache\n"
		"  --load=1 --only=mpmc             while another process computes\n"
		"  -o bench.json                    all of it, kept\n\n"
		"Exit status: 0; 1 when a contestant lost, duplicated, reordered or changed messages, crashed, or "
		"could not be set up; 2 when the results could not be written; 3 when no case and contestant match; 64 "
		"for a wrong command line.";
	char doc[sizeof(guide) + 256];
	const struct argp argp = { option, parse, NULL, doc, NULL, NULL, NULL };

	memset(o, 0, sizeof(*o));
	o->rounds = DEFAULT_ROUNDS;
	o->time_ms = DEFAULT_TIME_MS;
	o->warmup_ms = DEFAULT_WARM_MS;
	o->limit_ms = DEFAULT_LIMIT_S * 1000;
	default_cpus(o);
	o->words = all_words(argc, argv);
	snprintf(doc, sizeof(doc), "%s%s", program->doc, guide);
	argp_parse(&argp, argc, argv, 0, NULL, o);
}

/* True if a name matches one of the patterns between commas, each put into `form` first. */
static bool matches(const char *patterns, const char *form, const char *name)
{
	char *copy, *rest, *word, *pattern;
	bool found = false;

	if (!patterns)
		return true;
	copy = rest = strdup(patterns);
	while (copy && !found && (word = strsep(&rest, ",")) != NULL) {
		if (asprintf(&pattern, form, word) < 0)
			break;
		found = fnmatch(pattern, name, 0) == 0;
		free(pattern);
	}
	free(copy);
	return found;
}

bool bench_matches(const char *patterns, const char *name)
{
	return matches(patterns, "%s", name);
}

bool bench_matches_part(const char *patterns, const char *name)
{
	return matches(patterns, "*%s*", name);
}
