/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * How far apart the processors are, and which runs count because of it. What one thread hands to another costs five
 * times as much between two cores as between two hyperthreads of one, which share its cache. Which of the two a virtual
 * machine's processors are is up to the host, and changes within seconds. A median over both says nothing of either.
 * So the distance is measured between all runs, and figures are made of runs of one kind.
 *
 *     probe      86    86   351   349   352   348    87    86    86     ns there and back
 *     run           A     B     B     A     A     B     B     A         rounds 1 to 4 of contestants A and B
 *                 near    ?    far   far   far   far    ?   near        two far runs of each; the others are left out
 */
#include "internal.h"

#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "timing.h"

/*
 * A probe is this many short runs of so many trips each: 0.2 ms in all when near, 1.5 ms when far. A run is so short
 * that few are interrupted, and so long that reading the clock does not show in it.
 */
#define RUNS  64
#define TRIPS 32

/* Runs that come first and do not count: the other thread is still starting, the line still cold. */
#define COLD_RUNS 4

/* Of fewer runs nothing is said. */
#define LEAST_RUNS 16

/* What a probe may take at most, when other work has the processors; a processor may be gone for 100 ms. */
#define PATIENCE_NS 200000000

/* After this its process is ended whatever it does. */
#define LIMIT_S 60

/* Tries between two looks at the clock. */
#define TRIES 4096

/* The last value on the line: nobody answers it. */
#define OVER UINT64_MAX

/* Distances of which none is more than this many times another are one kind, wherever the border is: on a machine whose
 * processors stay where they are at about 200 ns, noise must not part the rounds. */
#define ONE_KIND 2

/* ---- the probe --------------------------------------------------------------------------------------------------- */

struct line {
	uint64_t value __attribute__((aligned(BENCH_APART)));
	uint64_t pad[BENCH_APART / sizeof(uint64_t) - 1];
};

/* Answers each odd value with the next. */
static void *answer(void *arg)
{
	struct line *line = arg;
	uint64_t value, expected = 1;

	for (;;) {
		while ((value = __atomic_load_n(&line->value, __ATOMIC_ACQUIRE)) != expected)
			if (value == OVER)
				return NULL;
		__atomic_store_n(&line->value, expected + 1, __ATOMIC_RELEASE);
		expected += 2;
	}
}

/* One short run. False: the deadline passed before its end. */
static bool there_and_back(struct line *line, uint64_t *value, uint64_t deadline_ns)
{
	unsigned trip, tries;

	for (trip = 0; trip < TRIPS; trip++) {
		__atomic_store_n(&line->value, *value, __ATOMIC_RELEASE);
		for (tries = 1; __atomic_load_n(&line->value, __ATOMIC_ACQUIRE) != *value + 1; tries++)
			if (tries % TRIES == 0 && bench_now() > deadline_ns)
				return false;
		*value += 2;
	}
	return true;
}

static bool bind_to(int cpu, pthread_attr_t *attr)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((size_t)cpu, &set);
	return attr ? !pthread_attr_setaffinity_np(attr, sizeof(set), &set) : !sched_setaffinity(0, sizeof(set), &set);
}

static int by_value(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The lower quartile of the runs: what interrupts a run makes it longer, and nothing makes it shorter. */
static double probe(int cpu, int other_cpu)
{
	static struct line line;
	const uint64_t deadline_ns = bench_now() + PATIENCE_NS;
	uint64_t value = 1, start;
	double runs[RUNS];
	unsigned i, n = 0;
	pthread_attr_t attr;
	pthread_t thread;

	pthread_attr_init(&attr);
	if (!bind_to(cpu, NULL) || !bind_to(other_cpu, &attr) || pthread_create(&thread, &attr, answer, &line))
		return 0;
	for (i = 0; i < COLD_RUNS + RUNS; i++) {
		start = bench_now();
		if (start > deadline_ns || !there_and_back(&line, &value, deadline_ns))
			break;
		if (i >= COLD_RUNS)
			runs[n++] = (double)(bench_now() - start) / TRIPS;
	}
	__atomic_store_n(&line.value, OVER, __ATOMIC_RELEASE);
	pthread_join(thread, NULL);
	if (n < LEAST_RUNS)
		return 0;
	qsort(runs, n, sizeof(*runs), by_value);
	return runs[n / 4];
}

/* In a process of its own, as each run is: the caller stays as it is, bound to nothing and without other threads. */
double bench_probe(const struct bench_options *o)
{
	double *told, ns = 0;
	pid_t pid;

	if (o->n_cpus < 2 || o->cpus[0] == o->cpus[1])
		return 0;
	told = mmap(NULL, sizeof(*told), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (told == MAP_FAILED)
		return 0;
	fflush(NULL);
	bench_load_pause(true);
	pid = fork();
	if (pid == 0) {
		alarm(LIMIT_S);
		*told = probe(o->cpus[0], o->cpus[1]);
		_exit(0);
	}
	if (pid > 0 && waitpid(pid, NULL, 0) == pid)
		ns = *told;
	bench_load_pause(false);
	munmap(told, sizeof(*told));
	return ns;
}

/* ---- which runs count -------------------------------------------------------------------------------------------- */

const char *bench_distance_name(enum bench_distance distance)
{
	static const char *const name[BENCH_DISTANCES] = { "unknown", "near", "far" };

	return name[distance];
}

const char *bench_wish_name(enum bench_wish wish)
{
	static const char *const name[BENCH_WISHES] = { "most", "any", "near", "far" };

	return name[wish];
}

bool bench_has_distance(const struct bench_case *c)
{
	return c->firsts + c->seconds > 1;
}

/* Below which distance runs are near; false: no probe said anything. */
static bool find_border(const struct bench_result *r, size_t n, unsigned rounds, double *border)
{
	double min = 0, max = 0;
	unsigned i, end;
	size_t k;

	for (k = 0; k < n; k++)
		for (i = 0; i < rounds; i++)
			for (end = 0; end < 2; end++) {
				const double ns = r[k].probes[i].ns[end];

				if (!(ns > 0))
					continue;
				min = min > 0 && min < ns ? min : ns;
				max = max > ns ? max : ns;
			}
	*border = BENCH_NEAR_NS;
	if (max <= ONE_KIND * min)
		*border = min + max < 2 * BENCH_NEAR_NS ? 2 * max : 0;
	return max > 0;
}

/* A run at whose ends the processors were not equally far apart is neither near nor far. */
static enum bench_distance kind(const struct bench_probe *p, double border)
{
	if (!(p->ns[0] > 0 && p->ns[1] > 0) || (p->ns[0] < border) != (p->ns[1] < border))
		return BENCH_UNKNOWN;
	return p->ns[0] < border ? BENCH_NEAR : BENCH_FAR;
}

/* Says of each run what it is, and counts them. */
static void tag(struct bench_result *r, size_t n, double border, struct bench_choice *c)
{
	unsigned of[BENCH_DISTANCES], i, d;
	size_t k;

	for (k = 0; k < n; k++) {
		memset(of, 0, sizeof(of));
		for (i = 0; i < c->rounds; i++) {
			r[k].probes[i].distance = kind(&r[k].probes[i], border);
			of[r[k].probes[i].distance]++;
		}
		for (d = 0; d < BENCH_DISTANCES; d++) {
			c->runs[d] += of[d];
			c->least[d] = k == 0 || of[d] < c->least[d] ? of[d] : c->least[d];
		}
	}
}

/* Near or far: that of which those have more who have the least of it; in a tie that with more runs, or far, as are
 * cores of their own. Runs of which one knows nothing are the last choice. */
static enum bench_distance more_of(const struct bench_choice *c)
{
	if (c->least[BENCH_NEAR] != c->least[BENCH_FAR])
		return c->least[BENCH_NEAR] > c->least[BENCH_FAR] ? BENCH_NEAR : BENCH_FAR;
	if (c->runs[BENCH_NEAR] > c->runs[BENCH_FAR])
		return BENCH_NEAR;
	return c->runs[BENCH_FAR] ? BENCH_FAR : BENCH_UNKNOWN;
}

struct bench_choice bench_choose(struct bench_result *r, size_t n, unsigned rounds, unsigned enough,
				 enum bench_wish wish)
{
	struct bench_choice c = { .all = wish == BENCH_WISH_ANY, .rounds = rounds, .enough = enough };
	double border;
	const bool told = find_border(r, n, rounds, &border);
	unsigned i, d;
	size_t k;

	tag(r, n, border, &c);
	c.distance = more_of(&c);
	/* where nothing can be told there is nothing to wish for */
	if (told && (wish == BENCH_WISH_NEAR || wish == BENCH_WISH_FAR))
		c.distance = wish == BENCH_WISH_NEAR ? BENCH_NEAR : BENCH_FAR;
	for (d = 0; d < BENCH_DISTANCES; d++)
		c.mixed = c.mixed || (c.all && d != c.distance && c.runs[d]);
	for (k = 0; k < n; k++)
		for (i = 0; i < rounds; i++) {
			struct bench_probe *p = &r[k].probes[i];

			p->counts = c.all || p->distance == c.distance;
			c.counted += p->counts;
		}
	if (c.all || !told)
		c.done = rounds >= enough;
	else
		c.done = rounds >= 2 * enough || (c.distance && c.least[c.distance] >= enough);
	return c;
}

/* ---- for people -------------------------------------------------------------------------------------------------- */

/* The median of the probes of a kind of runs; 0: there are none. */
static double kind_ns(const struct bench_result *r, size_t n, unsigned rounds, enum bench_distance distance)
{
	double *all = malloc((2 * n * rounds + 1) * sizeof(*all)), median;
	size_t k, values = 0;
	unsigned i;

	if (!all)
		abort(); /* some kilobytes */
	for (k = 0; k < n; k++)
		for (i = 0; i < rounds; i++) {
			const struct bench_probe *p = &r[k].probes[i];

			if (p->distance != distance || !(p->ns[0] > 0 && p->ns[1] > 0))
				continue;
			all[values++] = p->ns[0];
			all[values++] = p->ns[1];
		}
	median = values ? bench_stats(all, values).median : 0;
	free(all);
	return median;
}

double bench_choice_ns(const struct bench_choice *c, const struct bench_result *r, size_t n)
{
	return c->mixed || c->distance == BENCH_UNKNOWN ? 0 : kind_ns(r, n, c->rounds, c->distance);
}

static __attribute__((format(printf, 3, 4))) void add(char *text, size_t bytes, const char *format, ...)
{
	const size_t at = strlen(text);
	va_list ap;

	va_start(ap, format);
	vsnprintf(text + at, bytes - at, format, ap);
	va_end(ap);
}

void bench_choice_text(const struct bench_choice *c, const struct bench_result *r, size_t n, char *text, size_t bytes)
{
	static const enum bench_distance order[BENCH_DISTANCES] = { BENCH_NEAR, BENCH_FAR, BENCH_UNKNOWN };
	const char *before = c->mixed ? "processors not always equally far apart: " : "; left out: ";
	unsigned i;

	*text = '\0';
	if (!c->mixed && !c->counted)
		add(text, bytes, "processors never %s: no figures", bench_distance_name(c->distance));
	else if (!c->mixed && c->distance == BENCH_UNKNOWN)
		add(text, bytes, "not known how far apart the processors were");
	else if (!c->mixed)
		add(text, bytes, "processors %.0f ns apart (%s)", bench_choice_ns(c, r, n),
		    bench_distance_name(c->distance));
	if (!c->all && c->counted && c->least[c->distance] < c->enough)
		add(text, bytes, ", only %u of %u runs of some", c->least[c->distance], c->enough);
	for (i = 0; i < BENCH_DISTANCES; i++) {
		const enum bench_distance d = order[i];

		if (!c->runs[d] || (!c->mixed && (c->all || d == c->distance)))
			continue;
		add(text, bytes, "%s%u %s ", before, c->runs[d], c->runs[d] == 1 ? "run" : "runs");
		if (d == BENCH_UNKNOWN)
			add(text, bytes, "in which they moved, or that is not known");
		else
			add(text, bytes, "%s at %.0f ns", bench_distance_name(d), kind_ns(r, n, c->rounds, d));
		before = ", ";
	}
}
