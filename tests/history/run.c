/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * One case: producers and consumers, each with a log of its own, and what is left taken out at the end. Nothing orders the
 * threads but the queue, until a producer says that it has finished.
 */
#include "run.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "clock.h"

/* Most values in one call. */
#define MOST 32

/* The longest time that a slow side loses between two calls, in turns of an empty loop; some 300 ns. */
#define LONGEST_SPIN 400

/* Values in one history: with the answers at most 1.6 * 10^6 operations, and 200 MB. */
#define MOST_VALUES 400000

/* Values that one put may drop: one, but for other producers that take each place it makes. 68 were seen on a busy machine. */
#define MOST_DROPPED 4096

/* Answers that a thread may log before its first value. */
#define FIRST_ANSWERS 16

struct job {
	const struct history_case *c;
	void *queue;
	struct verdict *verdict;
	struct start_line line;
	unsigned finished;
};

struct actor {
	struct job *job;
	void *side; /* what it calls with: the queue, or its own reader */
	uint64_t taken, missed;
	struct history_log log;
	size_t answers; /* that may still be logged: one more for each call that moved something */
	uint64_t unlogged;
	uint64_t random;
	unsigned id;
	unsigned spin; /* between two calls, for the next so many calls */
	unsigned spin_calls;
};

/* ---- values: unique, and far apart, so that one that is torn or made up is found out ---- */

static uint64_t value_of(const struct history_case *c, uint64_t number)
{
	/* Both are one-to-one. */
	return c->queue->small_values ? (uint32_t)number * UINT32_C(0x9e3779b1) : stress_mix(number + c->seed);
}

/* ---- logs ---- */

static bool log_make(struct history_log *log, size_t room)
{
	/* Zeroed when first touched: the consumers' logs have room for more than they get. */
	log->events = mmap(NULL, room * sizeof(*log->events), PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	log->count = 0;
	log->room = room;
	return log->events != MAP_FAILED;
}

static void log_end(struct history_log *log)
{
	if (log->events && log->events != MAP_FAILED)
		munmap(log->events, log->room * sizeof(*log->events));
}

/* What the adapters say of the call they are in, besides what it returns. */
static __thread struct {
	uint64_t dropped[MOST_DROPPED];
	size_t drops;
	bool says_nothing;
	uint64_t missed;
} remarks;

void history_dropped(uint64_t value)
{
	if (remarks.drops < MOST_DROPPED)
		remarks.dropped[remarks.drops] = value;
	remarks.drops++;
}

void history_says_nothing(void)
{
	remarks.says_nothing = true;
}

void history_missed(uint64_t values)
{
	remarks.missed += values;
}

struct call {
	enum history_op op;
	uint64_t start, end;
	uint64_t values[MOST];
	size_t want;
	bool bulk;	  /* all or nothing */
	bool one_refuses; /* a bulk that found no room says that there was none for one */
	uint32_t events;
};

static void add(struct history_log *log, struct call *call, enum history_op op, bool ok, uint64_t value)
{
	log->events[log->count++] = (struct history_event){
		call->start, call->end, value, call->events++, (uint16_t)op, ok,
	};
}

/* Is the last event of a log one that a call like this one has made, and alone? */
static bool is_refused(const struct history_event *last, const struct call *call)
{
	return last->op == call->op && !last->ok && last->at == 0;
}

/* Writes down a call that moved n values. */
static void record(struct actor *me, struct call *call, size_t n)
{
	struct history_log *log = &me->log;
	const size_t drops = remarks.drops;
	const bool says_nothing = remarks.says_nothing;
	size_t i;

	me->missed += remarks.missed;
	remarks.missed = remarks.drops = 0;
	remarks.says_nothing = false;
	if (n > call->want || (call->bulk && n && n != call->want) || drops > MOST_DROPPED ||
	    log->count + 2 * (n + drops) > log->room) {
		stress_fail(me->job->verdict, "a call that wanted %zu%s said %zu, and dropped %zu", call->want,
			    call->bulk ? ", all or nothing," : "", n, drops);
		return;
	}
	if (drops)
		add(log, call, HISTORY_PUT, false, 0);
	for (i = 0; i < drops; i++)
		add(log, call, HISTORY_TAKE, true, remarks.dropped[i]);
	for (i = 0; i < n; i++)
		add(log, call, call->op, true, call->values[i]);
	me->answers += n != 0;
	if (n == call->want || says_nothing)
		return;
	if (!me->answers && !me->job->c->queue->refused_hides) {
		me->unlogged++;
		return;
	}
	/* Where even a refused put explains something, each is logged; those in a row are one that took longer. */
	if (!me->answers && n == 0 && log->count && is_refused(&log->events[log->count - 1], call)) {
		log->events[log->count - 1].end = call->end;
		me->unlogged++;
		return;
	}
	me->answers -= me->answers != 0;
	/* A burst says that there was no room for one more, or not one more was there. */
	add(log, call, call->op, false, call->bulk && !call->one_refuses ? call->want : 1);
}

/* ---- threads ---- */

/* The style of the next call, and how many values it is to move. */
static enum history_style next_call(struct actor *me, size_t *n)
{
	const struct history_case *c = me->job->c;
	const uint64_t most = c->capacity < MOST ? c->capacity : MOST;
	enum history_style style = c->style;

	if (style == HISTORY_MIXED)
		style = (enum history_style)stress_below(&me->random, HISTORY_MIXED);
	*n = style == HISTORY_ONE ? 1 : 1 + stress_below(&me->random, most);
	return style;
}

/* Between two calls: nothing, or for some hundred calls a little while. */
static void dawdle(struct actor *me, bool slow)
{
	unsigned turn;

	if (!me->spin_calls--) {
		me->spin_calls = (unsigned)stress_below(&me->random, 256);
		me->spin = 0;
		if (slow ? stress_below(&me->random, 4) : !stress_below(&me->random, 4))
			me->spin = (unsigned)stress_below(&me->random, LONGEST_SPIN);
	}
	for (turn = me->spin; turn; turn--)
		__asm__ __volatile__("" ::: "memory");
}

/* One call with the values from number `next` on. Returns how many it put. */
static size_t put_some(struct actor *me, uint64_t next)
{
	struct job *job = me->job;
	const struct history_case *c = job->c;
	struct call call = { .op = HISTORY_PUT, .one_refuses = c->queue->one_refuses };
	enum history_style style = next_call(me, &call.want);
	const unsigned way = (unsigned)stress_below(&me->random, 1u << 16);
	size_t n, i;

	if (call.want > c->messages - next)
		call.want = c->messages - next;
	if (style == HISTORY_BULK && !c->queue->bulk_puts)
		style = HISTORY_BURST;
	if (style == HISTORY_BULK && c->queue->bulk_most && call.want > c->queue->bulk_most)
		call.want = c->queue->bulk_most;
	call.bulk = style != HISTORY_BURST;
	for (i = 0; i < call.want; i++)
		call.values[i] = value_of(c, me->id * c->messages + next + i);
	call.start = history_begin();
	n = c->queue->put(c->queue, job->queue, style, way, call.values, call.want);
	call.end = history_end();
	record(me, &call, n);
	return n;
}

static void *produce(void *arg)
{
	struct actor *me = arg;
	struct job *job = me->job;
	uint64_t next = 0, tries = 0;

	stress_start(&job->line);
	while (next < job->c->messages && !stress_failed(job->verdict)) {
		const size_t n = put_some(me, next);

		next += n;
		tries = n ? 0 : tries + 1;
		if (!n)
			stress_pause(job->line.parties, tries);
		dawdle(me, job->c->lean == LEAN_EMPTY);
	}
	__atomic_fetch_add(&job->finished, 1, __ATOMIC_RELEASE);
	return NULL;
}

/* One call. Returns how many values it took. */
static size_t take_some(struct actor *me, bool last)
{
	struct job *job = me->job;
	const struct history_case *c = job->c;
	struct call call = { .op = HISTORY_TAKE };
	enum history_style style = next_call(me, &call.want);
	const unsigned way = (unsigned)stress_below(&me->random, 1u << 16);
	size_t n;

	/* A bulk finds nothing where fewer are left. */
	if (last || (style == HISTORY_BULK && c->queue->single_takes))
		style = HISTORY_BURST;
	call.bulk = style != HISTORY_BURST;
	call.start = history_begin();
	n = c->queue->take(c->queue, me->side, style, way, call.values, call.want);
	call.end = history_end();
	record(me, &call, n);
	me->taken += n;
	return n;
}

static void *consume(void *arg)
{
	struct actor *me = arg;
	struct job *job = me->job;
	uint64_t tries = 0;

	stress_start(&job->line);
	while (!stress_failed(job->verdict)) {
		const bool last = __atomic_load_n(&job->finished, __ATOMIC_ACQUIRE) == job->c->producers;
		const size_t n = take_some(me, last);

		if (!n && last)
			break;
		tries = n ? 0 : tries + 1;
		if (!n)
			stress_pause(job->line.parties, tries);
		dawdle(me, job->c->lean == LEAN_FULL);
	}
	return NULL;
}

/* ---- one case ---- */

/* All but the last actor are threads; the last is the caller, who empties the queue when they have ended. */
static void run_threads(struct job *job, struct actor *actors)
{
	pthread_t threads[2 * STRESS_SIDE];
	const unsigned count = job->line.parties;
	unsigned i;

	for (i = 0; i < count; i++)
		if (!stress_thread(job->verdict, &threads[i], i < job->c->producers ? produce : consume, &actors[i]))
			abort(); /* those made wait for this one: the machine is out of threads */
	for (i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
	while (!stress_failed(job->verdict) && !job->c->queue->broadcasts && take_some(&actors[count], true))
		;
}

static double seconds(void)
{
	return (double)history_clock_monotonic() * 1e-9;
}

static void check_logs(const struct history_log *logs, unsigned count, const struct history_spec *spec,
		       struct history_report *report, struct history_sum *sum)
{
	const double began = seconds();

	history_check(logs, count, spec, report);
	sum->checking += seconds() - began;
	sum->puts += report->puts;
	sum->takes += report->takes;
	sum->fulls += report->fulls;
	sum->empties += report->empties;
}

/*
 * Each consumer with all producers is a queue of its own. "Full" is said for the slowest of them, so it can be judged only
 * where there is one; a watcher has no room that could be full, and what it has not got it has missed.
 */
static void check_sides(const struct history_case *c, struct history_spec spec, const struct actor *actors,
			struct verdict *verdict, struct history_report *report, struct history_sum *sum)
{
	struct history_log logs[STRESS_SIDE + 1];
	const uint64_t all = c->messages * c->producers;
	unsigned i;

	spec.may_lose = c->queue->watches;
	if (c->queue->watches) {
		spec.slack = HISTORY_UNBOUNDED;
		spec.capacity = c->producers == 1 ? HISTORY_UNBOUNDED : 0;
	} else if (c->consumers > 1) {
		spec.slack += spec.capacity;
		spec.capacity = 0;
	}
	for (i = 0; i < c->producers; i++)
		logs[i] = actors[i].log;
	for (; i < c->producers + c->consumers && report->fault == HISTORY_FINE; i++) {
		logs[c->producers] = actors[i].log;
		check_logs(logs, c->producers + 1, &spec, report, sum);
		if (report->fault == HISTORY_FINE && actors[i].taken + actors[i].missed != all)
			stress_fail(verdict, "%" PRIu64 " got and %" PRIu64 " missed do not make %" PRIu64,
				    actors[i].taken, actors[i].missed, all);
	}
}

static void check(const struct history_case *c, uint64_t skew, const struct actor *actors, unsigned count,
		  struct verdict *verdict, struct history_report *report, struct history_sum *sum)
{
	const struct history_queue *q = c->queue;
	const struct history_spec spec = {
		.capacity = c->claimed	  ? c->claimed
			    : q->capacity ? q->capacity(c->capacity)
					  : c->capacity,
		.slack = q->slack ? q->slack(c->capacity) : 0,
		.hides = q->hides,
		.refused_hides = q->refused_hides,
		.holds = q->holds,
		.drained = true,
		.skew = skew,
	};
	struct history_log logs[2 * STRESS_SIDE + 1];
	unsigned i;

	for (i = 0; i < count; i++) {
		logs[i] = actors[i].log;
		sum->unlogged += actors[i].unlogged;
	}
	sum->cases++;
	if (q->broadcasts)
		check_sides(c, spec, actors, verdict, report, sum);
	else
		check_logs(logs, count, &spec, report, sum);
}

static bool make_sides(struct job *job, struct actor *actors, unsigned count)
{
	const struct history_queue *q = job->c->queue;
	unsigned i;

	for (i = 0; i < count; i++) {
		const bool own = q->broadcasts && i >= job->c->producers && i + 1 < count;

		actors[i].side = own ? q->side(job->queue) : job->queue;
		if (!actors[i].side)
			return false;
	}
	return true;
}

static void end_sides(const struct job *job, const struct actor *actors, unsigned count)
{
	const struct history_queue *q = job->c->queue;
	unsigned i;

	for (i = job->c->producers; q->broadcasts && i + 1 < count; i++)
		if (actors[i].side)
			q->leave(actors[i].side);
}

static bool prepare(struct job *job, struct actor *actors, unsigned count)
{
	const struct history_case *c = job->c;
	const size_t total = c->messages * c->producers;
	unsigned i;

	for (i = 0; i < count; i++) {
		struct actor *a = &actors[i];

		*a = (struct actor){ .job = job, .id = i, .random = c->seed + i, .answers = FIRST_ANSWERS };
		/*
		 * For each value an answer. A producer may drop any value. And a faulty queue may hand values out twice, before
		 * the run fails. Only what is used becomes memory.
		 */
		if (!log_make(&a->log, 4 * total + FIRST_ANSWERS + 2 * MOST))
			return false;
	}
	job->queue = c->queue->make(c->queue, c->capacity, c->start);
	return job->queue && make_sides(job, actors, count);
}

void history_run(const struct history_case *c, uint64_t skew, struct verdict *verdict, struct history_report *report,
		 struct history_sum *sum)
{
	struct job job = { .c = c, .verdict = verdict, .line = { .parties = c->producers + c->consumers } };
	const unsigned count = job.line.parties + 1;
	struct actor actors[2 * STRESS_SIDE + 1];
	unsigned i;

	memset(report, 0, sizeof(*report));
	memset(actors, 0, sizeof(actors));
	if (!prepare(&job, actors, count))
		stress_fail(verdict, "no memory for a case");
	else
		run_threads(&job, actors);
	if (!stress_failed(verdict))
		check(c, skew, actors, count, verdict, report, sum);
	for (i = 0; i < count; i++)
		log_end(&actors[i].log);
	if (job.queue) {
		end_sides(&job, actors, count);
		c->queue->end(job.queue);
	}
}

/* ---- many cases ---- */

static const struct shape {
	unsigned producers, consumers;
} shapes[] = { { 1, 1 }, { 1, 3 }, { 3, 1 }, { 2, 2 }, { 4, 4 } };

static const size_t capacities[] = { 1, 2, 8, 64, 1024 };

/*
 * Values of a case by capacity, as weights. A ring of one or two entries makes two processors hand the turn back and
 * forth, often through the scheduler: 10 to 100 times slower than a deep one, and every value is a wrap.
 */
static const uint64_t weights[COUNT_OF(capacities)] = { 1, 1, 4, 16, 16 };

/* Just before these the queue begins: nothing wraps, the sign of 32 bits, 32 bits, 64 bits (0 - k), laps of 32 bits. */
static const uint64_t edges[] = { 0, UINT64_C(1) << 31, UINT64_C(1) << 32, 0, 0 };
#define EDGE_NOTHING 0
#define EDGE_LAPS    4

enum factor { SHAPE, CAPACITY, START, STYLE, LEAN, FACTORS };

struct plan {
	const struct history_queue *queue;
	struct verdict *verdict;
	struct history_sum *sum;
	uint64_t skew, operations, random;
	uint64_t weight;			  /* of all cases of one round */
	uint64_t values;			  /* of all cases of one round */
	unsigned shape[COUNT_OF(shapes)], shapes; /* those that the queue allows */
};

static void weigh(const unsigned *level, void *arg)
{
	struct plan *plan = arg;

	plan->weight += weights[level[CAPACITY]];
}

static void describe(struct plan *plan, const struct history_case *c, const struct history_report *report)
{
	static const char *const styles[] = { "single", "bulk", "burst", "mixed" };

	/* The report is longer than a verdict; it goes ahead on lines of its own. */
	printf("# %s\n", report->text);
	fflush(stdout);
	stress_fail(plan->verdict,
		    "%s: %u producers, %u consumers, capacity %zu, start 0x%" PRIx64 ", %s, lean %d, %" PRIu64
		    " values of each: %.90s",
		    c->queue->name, c->producers, c->consumers, c->capacity, c->start, styles[c->style], (int)c->lean,
		    c->messages, report->text);
}

static void run_case(const unsigned *level, void *arg)
{
	struct plan *plan = arg;
	const struct shape *shape = &shapes[plan->shape[level[SHAPE]]];
	uint64_t values = plan->values * weights[level[CAPACITY]] / plan->weight + 1;
	struct history_report report;
	struct history_case c = {
		.queue = plan->queue,
		.producers = shape->producers,
		.consumers = shape->consumers,
		.capacity = capacities[level[CAPACITY]],
		.style = (enum history_style)level[STYLE],
		.lean = (enum history_lean)level[LEAN],
		.seed = stress_random(&plan->random),
	};

	if (stress_failed(plan->verdict))
		return;
	if (values > MOST_VALUES)
		values = MOST_VALUES;
	c.messages = values / c.producers + 1;
	c.start = edges[level[START]];
	if (level[START] == EDGE_LAPS)
		c.start = 2 * (uint64_t)c.capacity << 32; /* with so many cells, or half as many */
	if (level[START] != EDGE_NOTHING)
		c.start -= 1 + stress_below(&plan->random, values / 2 + 1);
	history_run(&c, plan->skew, plan->verdict, &report, plan->sum);
	if (report.fault != HISTORY_FINE)
		describe(plan, &c, &report);
}

void history_run_all(const struct history_queue *queue, uint64_t operations, uint64_t skew, uint64_t seed,
		     struct verdict *verdict, struct history_sum *sum)
{
	struct plan plan = { .queue = queue, .verdict = verdict, .sum = sum, .skew = skew, .random = seed };
	unsigned levels[FACTORS] = {
		[CAPACITY] = COUNT_OF(capacities),
		[START] = COUNT_OF(edges),
		[STYLE] = HISTORY_STYLES,
		[LEAN] = HISTORY_LEANS,
	};
	unsigned i;

	for (i = 0; i < COUNT_OF(shapes); i++)
		if ((!queue->one_producer || shapes[i].producers == 1) &&
		    (!queue->one_consumer || shapes[i].consumers == 1))
			plan.shape[plan.shapes++] = i;
	levels[SHAPE] = plan.shapes;
	while (history_sum_operations(sum) < operations && !stress_failed(verdict)) {
		const uint64_t round = stress_random(&plan.random);

		/* A value is a put, a take, and up to two answers. */
		plan.values = (operations - history_sum_operations(sum)) / 3 + 1;
		plan.weight = 0;
		pairwise(levels, FACTORS, round, weigh, &plan);
		pairwise(levels, FACTORS, round, run_case, &plan);
	}
}
