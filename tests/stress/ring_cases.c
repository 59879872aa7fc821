/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The modes of a ring as a table, and the cases that each is put through.
 */
#include "ring_run.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct ring_calls ring_calls_any = {
	"any",
	maar_ring_enqueue,
	maar_ring_enqueue_bulk,
	maar_ring_enqueue_burst,
	maar_ring_dequeue,
	maar_ring_dequeue_bulk,
	maar_ring_dequeue_burst,
};

/* The calls that say their side: p is sp or mp, c is sc or mc. */
#define SIDED(p, c)                                                                                                    \
	{                                                                                                              \
#p " " #c, maar_ring_enqueue_##p, maar_ring_enqueue_bulk_##p, maar_ring_enqueue_burst_##p,             \
			maar_ring_dequeue_##c, maar_ring_dequeue_bulk_##c, maar_ring_dequeue_burst_##c                 \
	}

const struct ring_mode ring_modes[RING_MODES] = {
	{ "SPSC", MAAR_RING_SPSC, SIDED(sp, sc) },
	{ "SPSC handles", MAAR_RING_SPSC | MAAR_RING_HANDLE, SIDED(sp, sc) },
	{ "SPSC handles exact", MAAR_RING_SPSC | MAAR_RING_HANDLE | MAAR_RING_EXACT, SIDED(sp, sc) },
	{ "SPSC span", MAAR_RING_SPSC | MAAR_RING_SPAN, SIDED(sp, sc) },
	{ "SPMC", MAAR_RING_SPMC, SIDED(sp, mc) },
	{ "SPMC handles", MAAR_RING_SPMC | MAAR_RING_HANDLE, SIDED(sp, mc) },
	{ "MPSC lock-free", MAAR_RING_MPSC, SIDED(mp, sc) },
	{ "MPSC lock-free handles", MAAR_RING_MPSC | MAAR_RING_HANDLE, SIDED(mp, sc) },
	{ "MPSC ticket", MAAR_RING_MPSC | MAAR_RING_TICKET, SIDED(mp, sc) },
	{ "MPMC lock-free", MAAR_RING_MPMC, SIDED(mp, mc) },
	{ "MPMC lock-free handles", MAAR_RING_MPMC | MAAR_RING_HANDLE, SIDED(mp, mc) },
	{ "MPMC ticket", MAAR_RING_MPMC | MAAR_RING_TICKET, SIDED(mp, mc) },
	{ "MPMC ticket handles", MAAR_RING_MPMC | MAAR_RING_TICKET | MAAR_RING_HANDLE, SIDED(mp, mc) },
};

bool ring_mode_exists(const struct ring_mode *mode)
{
	struct maar_ring *ring = maar_ring_create(1, mode->flags);
	const bool refused = !ring && errno == ENOTSUP;

	maar_ring_destroy(ring);
	return !refused;
}

/* ---- the cases of a mode ---- */

static const size_t capacities[] = { 1, 2, 8, 64, 1024 };

/* Just before these the ring begins: nothing wraps, the sign of 32 bits, 32 bits, 64 bits (0 - k), 2^32 laps. */
static const uint64_t edges[] = { 0, UINT64_C(1) << 31, UINT64_C(1) << 32, 0, 0 };
#define EDGE_NOTHING 0
#define EDGE_LAPS    4

/*
 * Messages of a case by capacity, as weights. A ring of one or two entries makes two processors hand the turn back and
 * forth, often through the scheduler: 10 to 100 times slower than a deep one, and every message is a wrap.
 */
static const uint64_t weights[COUNT_OF(capacities)] = { 1, 1, 4, 16, 16 };

enum factor { PRODUCERS, CONSUMERS, CAPACITY, START, STYLE, CALLS, WATCHED, FACTORS };

struct plan {
	const struct ring_mode *mode;
	struct verdict *verdict;
	uint64_t messages, weight, passed;
	uint64_t random;
	unsigned first_capacity, first_start; /* what level 0 of these factors is */
};

static void weigh(const unsigned *level, void *arg)
{
	struct plan *plan = arg;

	plan->weight += weights[plan->first_capacity + level[CAPACITY]];
}

static void describe(const struct ring_case *c, struct verdict *v)
{
	char text[sizeof(v->text)];

	snprintf(text, sizeof(text),
		 "%s, %u producers, %u consumers, capacity %zu, start 0x%" PRIx64 ", style %d, calls %s: %.90s",
		 c->mode->name, c->producers, c->consumers, c->capacity, c->start, (int)c->style, c->calls->name,
		 v->text);
	snprintf(v->text, sizeof(v->text), "%s", text);
}

static uint64_t cells_of(const struct ring_case *c)
{
	const bool small = c->mode->flags & (MAAR_RING_HANDLE | MAAR_RING_SPAN);

	return (maar_ring_bytes(c->capacity, c->mode->flags) - sizeof(struct maar_ring)) / (small ? 8 : 16);
}

static void run_case(const unsigned *level, void *arg)
{
	struct plan *plan = arg;
	const unsigned capacity = plan->first_capacity + level[CAPACITY], start = plan->first_start + level[START];
	struct ring_case c = {
		.mode = plan->mode,
		.calls = level[CALLS] ? &plan->mode->sided : &ring_calls_any,
		.producers = level[PRODUCERS] + 1,
		.consumers = level[CONSUMERS] + 1,
		.capacity = capacities[capacity],
		.style = (enum ring_style)level[STYLE],
		.watched = level[WATCHED],
		.seed = stress_random(&plan->random),
	};
	const uint64_t total = plan->messages * weights[capacity] / plan->weight + 1;

	if (stress_failed(plan->verdict))
		return;
	c.messages = total / c.producers + 1;
	if (start == EDGE_LAPS)
		c.start = cells_of(&c) << 32;
	else
		c.start = edges[start];
	if (start != EDGE_NOTHING) /* begins before the edge, by half of the messages at most */
		c.start -= 1 + stress_below(&plan->random, c.messages / 2 + 1);
	ring_run(&c, plan->verdict);
	if (stress_failed(plan->verdict))
		describe(&c, plan->verdict);
	plan->passed += c.messages * c.producers;
}

/* What is covered: every pair of levels; or, for each start and capacity, every pair of the other factors' levels. */
static unsigned cover(struct plan *plan, const unsigned levels[FACTORS], pairwise_fn *each, uint64_t seed)
{
	unsigned fixed[FACTORS], cases = 0;

	if (!getenv("MAAR_STRESS_WHOLE")) {
		plan->first_capacity = plan->first_start = 0;
		return pairwise(levels, FACTORS, seed, each, plan);
	}
	memcpy(fixed, levels, sizeof(fixed));
	fixed[CAPACITY] = fixed[START] = 1;
	for (plan->first_capacity = 0; plan->first_capacity < levels[CAPACITY]; plan->first_capacity++)
		for (plan->first_start = 0; plan->first_start < levels[START]; plan->first_start++)
			cases += pairwise(fixed, FACTORS, seed + cases, each, plan);
	return cases;
}

uint64_t ring_run_mode(const struct ring_mode *mode, uint64_t messages, uint64_t seed, struct verdict *verdict,
		       unsigned *cases)
{
	const unsigned levels[FACTORS] = {
		[PRODUCERS] = mode->flags & MAAR_RING_SP ? 1 : STRESS_SIDE,
		[CONSUMERS] = mode->flags & MAAR_RING_SC ? 1 : STRESS_SIDE,
		[CAPACITY] = COUNT_OF(capacities),
		[START] = COUNT_OF(edges),
		[STYLE] = RING_STYLES,
		[CALLS] = 2,
		[WATCHED] = 2,
	};
	struct plan plan = { .mode = mode, .verdict = verdict, .messages = messages, .random = seed };

	cover(&plan, levels, weigh, seed);
	*cases = cover(&plan, levels, run_case, seed);
	return plan.passed;
}

/* ---- exactness ---- */

struct exact_job {
	struct maar_ring *ring;
	struct verdict *verdict;
	struct start_line line;
	uint64_t rounds;
	bool may_hide; /* "empty" may mean "claimed and not filled" */
	unsigned finished;
};

static void *push_pop(void *arg)
{
	struct exact_job *job = arg;
	uint64_t round, value, tries;

	stress_start(&job->line);
	for (round = 0; round < job->rounds && !stress_failed(job->verdict); round++) {
		if (!maar_ring_enqueue(job->ring, round))
			stress_fail(job->verdict, "full, though another thread at most is inside for each other entry");
		for (tries = 0; !maar_ring_dequeue(job->ring, &value); stress_pause(job->line.parties, ++tries)) {
			if (!job->may_hide)
				stress_fail(job->verdict, "empty, though this thread has put a value in");
			if (stress_failed(job->verdict))
				break;
		}
	}
	return NULL;
}

/* Goes on until the observers have seen enough. */
static void *pass_one(void *arg)
{
	struct exact_job *job = arg;
	uint64_t round, value;

#ifdef STRESS_FUZZ
	maar__fuzz_calm = 1;
#endif
	stress_start(&job->line);
	for (round = 0; !__atomic_load_n(&job->finished, __ATOMIC_RELAXED); round++) {
		bool ok = maar_ring_enqueue(job->ring, round);

		/* Now and then, so that observers on the same processor see each state, and each change in mid-look. */
		if (stress_mix(round) % 64 == 0)
			pace_yield();
		ok = ok && maar_ring_dequeue(job->ring, &value);
		if (stress_mix(round) % 63 == 0)
			pace_yield();
		if (!ok)
			stress_fail(job->verdict, "one thread alone found its ring full or empty");
	}
	return NULL;
}

/* Looks `rounds` times; `lie` is what may never be seen. */
static void *observe(struct exact_job *job, int (*lie)(const struct maar_ring *ring), const char *what)
{
	uint64_t round;

	stress_start(&job->line);
	for (round = 0; round < job->rounds; round++) {
		if (lie(job->ring))
			stress_fail(job->verdict, "%s", what);
		if (round % 64 == 0)
			pace_yield();
	}
	__atomic_store_n(&job->finished, 1, __ATOMIC_RELAXED);
	return NULL;
}

static void *never_full(void *arg)
{
	return observe(arg, maar_ring_full, "full, with one value at most in it");
}

static void *never_empty(void *arg)
{
	return observe(arg, maar_ring_empty, "empty, with one value at least in it");
}

/* Runs threads on a ring that holds `values` to begin with: the first of `runs` in all but the last thread. */
static void run_exact(const struct ring_mode *mode, size_t capacity, uint64_t values, uint64_t start, unsigned threads,
		      void *(*const runs[2])(void *), struct exact_job *job)
{
	pthread_t thread[STRESS_SIDE];
	unsigned i;

	job->ring = maar_ring_create(capacity, mode->flags);
	if (!job->ring) {
		stress_fail(job->verdict, "no ring");
		return;
	}
	maar__ring_start_at(job->ring, start);
	while (values--)
		if (!maar_ring_enqueue(job->ring, values))
			stress_fail(job->verdict, "a new ring is full");
	job->line.parties = threads;
	for (i = 0; i < threads; i++)
		if (!stress_thread(job->verdict, &thread[i], runs[i == threads - 1], job))
			abort();
	for (i = 0; i < threads; i++)
		pthread_join(thread[i], NULL);
	maar_ring_destroy(job->ring);
}

void ring_run_push_pop(const struct ring_mode *mode, unsigned threads, uint64_t rounds, uint64_t start, uint64_t extra,
		       struct verdict *verdict)
{
	struct exact_job job = { .verdict = verdict,
				 .rounds = rounds,
				 .may_hide = threads > 1 && mode->flags & MAAR_RING_TICKET };
	void *(*const runs[2])(void *) = { push_pop, push_pop };

	run_exact(mode, threads, extra, start, threads, runs, &job);
}

void ring_run_observers(const struct ring_mode *mode, uint64_t rounds, uint64_t start, uint64_t extra,
			struct verdict *verdict)
{
	struct exact_job full = { .verdict = verdict, .rounds = rounds }, empty = full;
	void *(*const see_full[2])(void *) = { never_full, pass_one };
	void *(*const see_empty[2])(void *) = { never_empty, pass_one };

	run_exact(mode, 2, extra, start, 2, see_full, &full);
	run_exact(mode, 2, 1, start, 2, see_empty, &empty);
}
