/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * One case of a set: each place has a log, which the threads that follow one another there continue.
 */
#include "set.h"

#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../pace.h"
#include "clock.h"

/* Slots in one call, and in one thread's hands at a time. */
#define MOST	 8
#define MOST_OUT 64

/* Looks with a yield of a get that waits for a thread to leave its lane. */
#define YIELDS 64

/* A slab is a page, so that even small sets have several; there are shrinks between so many yields. */
#define SLAB	      4096
#define SHRINK_YIELDS 20

struct job {
	const struct history_set_case *c;
	const struct slot_calls *calls;
	struct maar_mring *mring; /* in any case */
	void *from;		  /* what the calls work on: the mring, or the pool that has it */
	uint64_t *stays;	  /* for each slot, the value that it came back as; relaxed, for liars hand out twice */
	struct verdict *verdict;
	struct start_line line;
	unsigned ended; /* places */
};

struct place_of {
	struct job *job;
	struct history_log log;
	uint64_t random, next; /* the next new value, less one */
	void *out[MOST_OUT];
	unsigned held, most; /* of out */
};

/* ---- the log ---- */

static struct history_event *note(struct place_of *me, uint64_t start, enum history_op op, bool ok, uint64_t value,
				  size_t at)
{
	struct history_log *log = &me->log;

	if (log->count == log->room) {
		stress_fail(me->job->verdict, "more was logged than asked for");
		log->count--;
	}
	log->events[log->count] = (struct history_event){ start, start, value, (uint32_t)at, (uint16_t)op, ok };
	return &log->events[log->count++];
}

static uint32_t number_of(const struct job *job, const void *slot)
{
	return job->c->set->pool ? ((const struct maar_msg *)slot)->handle : maar_mring_handle(job->mring, slot);
}

static uint64_t *stay_of(struct place_of *me, const void *slot)
{
	const uint32_t number = number_of(me->job, slot);

	if (number >= me->job->c->slots) {
		stress_fail(me->job->verdict, "what was got is no slot");
		return &me->job->stays[0];
	}
	return &me->job->stays[number];
}

/* ---- calls ---- */

/* All or nothing. */
static void get(struct place_of *me, size_t n)
{
	const struct slot_calls *calls = me->job->calls;
	void **slots = me->out + me->held;
	const uint64_t start = history_begin();
	size_t got = n == 1 ? (slots[0] = calls->get(me->job->from)) != NULL : calls->get_bulk(me->job->from, slots, n);
	const uint64_t end = history_end();
	size_t i;

	if (got && got != n)
		stress_fail(me->job->verdict, "get_bulk of %zu gave %zu", n, got);
	for (i = 0; i < got; i++)
		note(me, start, HISTORY_TAKE, true, __atomic_load_n(stay_of(me, slots[i]), __ATOMIC_RELAXED), i)->end =
			end;
	if (!got)
		note(me, start, HISTORY_TAKE, false, n, 0)->end = end;
	me->held += (unsigned)got;
}

/* The last n that are held. */
static void put(struct place_of *me, size_t n)
{
	const struct slot_calls *calls = me->job->calls;
	void **slots = me->out + me->held - n;
	struct history_event *first = me->log.events + me->log.count;
	uint64_t end;
	size_t i, put;

	for (i = 0; i < n; i++) {
		const uint64_t value = ++me->next;

		__atomic_store_n(stay_of(me, slots[i]), value, __ATOMIC_RELAXED);
		note(me, 0, HISTORY_PUT, true, value, i);
	}
	first->start = history_begin();
	put = n == 1 ? calls->put(me->job->from, slots[0]) == 0 : calls->put_bulk(me->job->from, slots, n);
	end = history_end();
	for (i = 0; i < n; i++) {
		first[i].start = first->start;
		first[i].end = end;
	}
	if (put != n)
		stress_fail(me->job->verdict, "%zu of %zu slots could be put", put, n);
	me->held -= (unsigned)n;
}

/* ---- threads ---- */

/* What a lane holds now is for others to take, while its thread does nothing, or for whoever gets the lane. */
static void idle(struct place_of *me)
{
	unsigned turns = (unsigned)stress_below(&me->random, 4);

	while (me->held)
		put(me, me->held < MOST ? me->held : MOST);
	if (turns == 0)
		maar_mring_flush(me->job->mring);
	while (turns--)
		pace_yield();
}

static void *live(void *arg)
{
	struct place_of *me = arg;
	uint64_t i;

	for (i = 0; i < me->job->c->operations && !stress_failed(me->job->verdict); i++) {
		const uint64_t dice = stress_random(&me->random);
		const size_t n = dice >> 32 & 15 ? 1 : 2 + (dice >> 16) % (MOST - 1);

		if (dice % 512 == 0)
			idle(me);
		else if (dice & 1 && me->held + n <= me->most)
			get(me, n);
		else if (me->held)
			put(me, n < me->held ? n : me->held);
	}
	while (me->held)
		put(me, me->held < MOST ? me->held : MOST);
	return NULL;
}

static void *generations(void *arg)
{
	struct place_of *me = arg;
	unsigned g;

	stress_start(&me->job->line);
	for (g = 0; g < me->job->c->generations && !stress_failed(me->job->verdict); g++) {
		pthread_t thread;

		if (!stress_thread(me->job->verdict, &thread, live, me))
			break;
		pthread_join(thread, NULL);
	}
	__atomic_fetch_add(&me->job->ended, 1, __ATOMIC_RELAXED);
	return NULL;
}

static void *shrink_over_and_over(void *arg)
{
	struct job *job = arg;
	unsigned i;

	while (__atomic_load_n(&job->ended, __ATOMIC_RELAXED) < job->c->threads) {
		(void)maar_mring_shrink(job->mring);
		for (i = 0; i < SHRINK_YIELDS; i++)
			pace_yield();
	}
	return NULL;
}

/* ---- one case ---- */

static bool make(struct job *job)
{
	const struct history_set *set = job->c->set;
	const struct maar_mring_options mring = { .lane_slots = set->lane_slots,
						  .no_lanes = set->no_lanes,
						  .track = set->track,
						  .max_slots = set->shrinks ? job->c->slots : 0,
						  .slab_bytes = SLAB };
	const struct maar_pool_options pool = { .lane_slots = set->lane_slots,
						.no_lanes = set->no_lanes,
						.track = set->track };

	job->stays = calloc(job->c->slots, sizeof(*job->stays));
	if (set->pool) {
		job->from = maar_pool_create(job->c->slots, SLOT_BYTES, &pool);
		job->mring = job->from ? maar_pool_mring(job->from) : NULL;
	} else {
		job->from = job->mring = maar_mring_create(set->shrinks ? 1 : job->c->slots, SLOT_BYTES, &mring);
	}
	job->calls = set->calls ? set->calls : set->pool ? &pool_calls : &mring_calls;
	return job->stays && job->from;
}

/* Logs: one a place, and one of the caller, who has put every slot before anything began and gets them all in the end. */
static bool prepare(struct job *job, struct place_of *places)
{
	const struct history_set_case *c = job->c;
	unsigned i;
	uint32_t s;

	for (i = 0; i <= c->threads; i++) {
		const bool caller = i == c->threads;

		places[i] = (struct place_of){ .job = job,
					       .random = c->seed + i,
					       .next = (uint64_t)(i + 1) << 40,
					       .most = (unsigned)(2 * c->slots / c->threads + 1) };
		if (places[i].most > MOST_OUT)
			places[i].most = MOST_OUT;
		places[i].log.room =
			caller ? 2 * (size_t)c->slots + 1 : c->generations * (MOST * (size_t)c->operations + MOST_OUT);
		places[i].log.events = malloc(places[i].log.room * sizeof(*places[i].log.events));
		if (!places[i].log.events)
			return false;
	}
	if (!make(job))
		return false;
	for (s = 0; s < c->slots; s++)
		note(&places[c->threads], 0, HISTORY_PUT, true, job->stays[s] = ++places[c->threads].next, 0);
	return true;
}

/* Takes every slot that there is, and the answer "none"; the last go back unlogged. */
static void empty(struct job *job, struct place_of *me)
{
	void **all = malloc((job->c->slots + 1) * sizeof(*all));
	uint32_t n = 0;

	if (!all)
		abort();
	do {
		get(me, 1);
		all[n] = me->out[0];
		n += me->held;
	} while (me->held-- && n <= job->c->slots && !stress_failed(job->verdict));
	me->held = 0;
	for (; n; n--)
		if (job->calls->put(job->from, all[n - 1]))
			stress_fail(job->verdict, "a slot cannot be put");
	free(all);
}

static void run_threads(struct job *job, struct place_of *places)
{
	pthread_t threads[STRESS_SIDE], shrinker;
	const bool shrinks = job->c->set->shrinks && stress_thread(job->verdict, &shrinker, shrink_over_and_over, job);
	unsigned i;

	for (i = 0; i < job->c->threads; i++)
		if (!stress_thread(job->verdict, &threads[i], generations, &places[i]))
			abort(); /* those made wait for this one: the machine is out of threads */
	for (i = 0; i < job->c->threads; i++)
		pthread_join(threads[i], NULL);
	if (shrinks)
		pthread_join(shrinker, NULL);
	if (!stress_failed(job->verdict))
		empty(job, &places[job->c->threads]);
}

static void judge(const struct job *job, const struct place_of *places, uint64_t skew, uint64_t patience,
		  struct history_report *report, struct history_sum *sum)
{
	const struct history_spec spec = {
		.capacity = job->c->slots, .drained = true, .set = true, .stalled = patience, .skew = skew
	};
	struct history_log logs[STRESS_SIDE + 1];
	const uint64_t began = history_clock_monotonic();
	unsigned i;

	for (i = 0; i <= job->c->threads; i++)
		logs[i] = places[i].log;
	history_check(logs, job->c->threads + 1, &spec, report);
	sum->checking += (double)(history_clock_monotonic() - began) * 1e-9;
	sum->cases++;
	sum->puts += report->puts;
	sum->takes += report->takes;
	sum->empties += report->empties;
}

void history_set_run(const struct history_set_case *c, uint64_t skew, uint64_t patience, struct verdict *verdict,
		     struct history_report *report, struct history_sum *sum)
{
	struct job job = { .c = c, .verdict = verdict, .line = { .parties = c->threads } };
	struct place_of places[STRESS_SIDE + 1];
	unsigned i;
	int rc;

	memset(report, 0, sizeof(*report));
	memset(places, 0, sizeof(places));
	if (!prepare(&job, places))
		stress_fail(verdict, "no memory for a case");
	else
		run_threads(&job, places);
	if (!stress_failed(verdict))
		judge(&job, places, skew, patience, report, sum);
	rc = c->set->pool ? maar_pool_destroy(job.from) : maar_mring_destroy(job.from);
	if (rc && report->fault == HISTORY_FINE && !stress_failed(verdict))
		stress_fail(verdict, "destroy: %s", strerror(-rc));
	for (i = 0; i <= c->threads; i++)
		free(places[i].log.events);
	free(job.stays);
}

uint64_t history_set_patience(void)
{
	uint64_t least = UINT64_MAX;
	unsigned round, i;

	for (round = 0; round < 50; round++) {
		const uint64_t start = history_begin();
		uint64_t took;

		for (i = 0; i < YIELDS; i++)
			sched_yield();
		took = history_end() - start;
		least = took < least ? took : least;
	}
	return least / 2;
}

/* ---- many cases ---- */

static const uint32_t slot_counts[] = { 1, 3, 16, 130, 1000 };
static const unsigned thread_counts[] = { 2, 3, 8 }, generation_counts[] = { 1, 5, 40 };

enum factor { SLOTS, THREADS, GENERATIONS, FACTORS };

/* Calls of one case, at most: 8 values each, in 32 bytes, were all of them bulk. */
#define MOST_CALLS 400000

struct plan {
	const struct history_set *set;
	struct verdict *verdict;
	struct history_sum *sum;
	uint64_t skew, patience, random, operations, excused;
};

static void count_case(const unsigned *level, void *arg)
{
	(void)level;
	(void)arg;
}

static void run_case(const unsigned *level, void *arg)
{
	struct plan *plan = arg;
	struct history_report report;
	struct history_set_case c = {
		.set = plan->set,
		.slots = slot_counts[level[SLOTS]],
		.threads = thread_counts[level[THREADS]],
		.generations = generation_counts[level[GENERATIONS]],
		.seed = stress_random(&plan->random),
	};

	if (stress_failed(plan->verdict))
		return;
	c.operations = plan->operations / (c.threads * c.generations) + 1;
	history_set_run(&c, plan->skew, plan->patience, plan->verdict, &report, plan->sum);
	plan->excused += report.excused;
	if (report.fault == HISTORY_FINE)
		return;
	printf("# %s\n", report.text);
	fflush(stdout);
	stress_fail(plan->verdict, "%s of %" PRIu32 " slots, %u threads, %u generations: %.130s", c.set->name, c.slots,
		    c.threads, c.generations, report.text);
}

void history_set_run_all(const struct history_set *set, uint64_t operations, uint64_t skew, uint64_t seed,
			 struct verdict *verdict, struct history_sum *sum, uint64_t *excused)
{
	static const unsigned levels[FACTORS] = { COUNT_OF(slot_counts), COUNT_OF(thread_counts),
						  COUNT_OF(generation_counts) };
	struct plan plan = { .set = set,
			     .verdict = verdict,
			     .sum = sum,
			     .skew = skew,
			     .patience = history_set_patience(),
			     .random = seed };

	while (history_sum_operations(sum) < operations && !stress_failed(verdict)) {
		const uint64_t round = stress_random(&plan.random);
		const unsigned cases = pairwise(levels, FACTORS, round, count_case, NULL);

		plan.operations = (operations - history_sum_operations(sum)) / cases + 1;
		if (plan.operations > MOST_CALLS)
			plan.operations = MOST_CALLS;
		pairwise(levels, FACTORS, round, run_case, &plan);
	}
	*excused = plan.excused;
}
