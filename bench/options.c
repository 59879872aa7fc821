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
#define DEFAULT_TIME_MS 50
#define DEFAULT_WARM_MS 10
#define DEFAULT_LIMIT_S 1

/* Beyond these a number is a slip of the finger. */
#define MAX_ROUNDS 1000
#define MAX_MS	   3600000
#define MAX_COUNT  (UINT64_C(1) << 40)

enum {
	KEY_CPUS = 256,
};

static const struct argp_option option[] = {
	{ "rounds", 'n', "N", 0, "measure each contestant N times, taking turns (5); the table shows medians", 1 },
	{ "time", 't', "MS", 0, "let each run go on for MS milliseconds (50)", 1 },
	{ "warmup", 'w', "MS", 0, "and before that, unmeasured, for MS milliseconds (10)", 1 },
	{ "count", 'c', "N", 0, "instead of a time: N messages from each producer, N/10 to warm up", 1 },
	{ "limit", 'l', "SECONDS", 0,
	  "end a run that has not ended after SECONDS (1) and call it stalled; its figure is its rate up to then", 1 },
	{ "pin", 'p', "HOW", 0,
	  "yes: bind thread i to processor i; no: leave it to the system; auto (default): bind when there is a "
	  "processor for every thread",
	  2 },
	{ "cpus", KEY_CPUS, "LIST", 0, "processors to use, as in 0,2,4 (default: all this process may use)", 2 },
	{ "cases", 'f', "GLOBS", 0, "only cases that match, as in 'mpmc/*,self/*'", 3 },
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
	if (!strcmp(text, "auto"))
		o->pin = BENCH_PIN_AUTO;
	else if (!strcmp(text, "yes"))
		o->pin = BENCH_PIN_YES;
	else if (!strcmp(text, "no"))
		o->pin = BENCH_PIN_NO;
	else
		argp_error(state, "--pin: '%s' is none of yes, no, auto", text);
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

void bench_options_parse(const struct bench_program *program, int argc, char **argv, struct bench_options *o)
{
	static const char guide[] =
		"\vEach case is a number of threads doing one thing, as `mpmc/4p4c/1024': 4 producers and 4 consumers "
		"on a queue of 1024 entries. Every contestant that can do it is measured in turn, N rounds long, "
		"each time in a process of its own, and what comes out is checked against what went in.\n\n"
		"The table gives median, smallest and largest of the rounds, the failed calls (full, empty) for each "
		"that succeeded, and how many times faster each of maar's own is than each peer: [1] 2.00 says that "
		"row [1] is twice as fast as this row.\n\n"
		"Examples:\n"
		"  --list                           what there is\n"
		"  -f 'spsc/*' -n 11 -t 100         one family, more carefully\n"
		"  -f 'mpmc/8p8c/*' -k 'maar*,ck*'  two contestants\n"
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
	snprintf(doc, sizeof(doc), "%s%s", program->doc, guide);
	argp_parse(&argp, argc, argv, 0, NULL, o);
}

bool bench_matches(const char *patterns, const char *name)
{
	char *copy, *rest, *word;
	bool found = false;

	if (!patterns)
		return true;
	copy = rest = strdup(patterns);
	while (copy && !found && (word = strsep(&rest, ",")) != NULL)
		found = fnmatch(word, name, 0) == 0;
	free(copy);
	return found;
}
