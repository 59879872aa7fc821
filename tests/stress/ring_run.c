/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The ring stress, one case. A value is {producer, sequence}. Each has an entry in a table that no atomic touches: its
 * producer writes a stamp there before the enqueue, its consumer checks it and writes TAKEN over it after the dequeue.
 * So a value that comes twice, or before its producer was done with it, is seen natively by its stamp and under
 * ThreadSanitizer as a race; what never came still has its stamp at the end.
 *
 * Nothing here orders the threads but the ring: counters between them are relaxed, except for the one that says that a
 * producer has finished, by which consumers know that an empty ring will stay so.
 */
#include "ring_run.h"

#include <inttypes.h>
#include <stdlib.h>
#include <sys/mman.h>

/* A value: producer in the upper bits, sequence below; 32 bits in all, which rings of handles can carry. */
#define SEQUENCE_BITS 28
#define SEQUENCE_MASK ((UINT64_C(1) << SEQUENCE_BITS) - 1)

/* Most values in one call. */
#define MOST 32

#define TAKEN UINT64_C(0x7a6b656e7a6b656e)

struct ring_job {
	const struct ring_case *c;
	struct maar_ring *ring;
	struct verdict *verdict;
	struct start_line line;
	uint64_t *stamps; /* [producer][sequence], plain */
	unsigned finished;
	unsigned threads;
};

struct actor {
	struct ring_job *job;
	unsigned id;
	uint64_t taken; /* consumers: how many */
};

static uint64_t stamp_of(const struct ring_case *c, uint64_t value)
{
	return stress_mix(value ^ c->seed) | 1; /* odd: TAKEN is even */
}

static uint64_t *stamp_at(const struct ring_job *job, uint64_t producer, uint64_t sequence)
{
	return &job->stamps[producer * job->c->messages + sequence];
}

/* The style of the next call, and how many values it is to move. */
static enum ring_style next_call(const struct ring_case *c, uint64_t *random, uint64_t *n)
{
	enum ring_style style = c->style;
	const uint64_t most = c->capacity < MOST ? c->capacity : MOST;

	if (style == STYLE_MIXED)
		style = (enum ring_style)stress_below(random, STYLE_MIXED);
	*n = style == STYLE_SINGLE ? 1 : 1 + stress_below(random, most);
	return style;
}

/* False when the run has failed. */
static bool wait_turn(struct ring_job *job, uint64_t *tries, const char *what)
{
	if (stress_failed(job->verdict))
		return false;
	if (job->c->stuck && *tries == job->c->stuck) {
		stress_fail(job->verdict, "stuck: %s for ever", what);
		return false;
	}
	stress_pause(job->threads, ++*tries);
	return true;
}

/* ---- producers ---- */

static size_t put(struct ring_job *job, uint64_t *random, uint64_t *values, uint64_t first, unsigned id, uint64_t *want)
{
	const struct ring_case *c = job->c;
	const enum ring_style style = next_call(c, random, want);
	uint64_t i;

	if (*want > c->messages - first)
		*want = c->messages - first;
	if (style == STYLE_BULK && !maar_ring_has_enqueue_bulk(job->ring))
		*want = 1;
	for (i = 0; i < *want; i++) {
		values[i] = (uint64_t)id << SEQUENCE_BITS | (first + i);
		*stamp_at(job, id, first + i) = stamp_of(c, values[i]);
	}
	switch (style) {
	case STYLE_SINGLE:
		return c->calls->put_one(job->ring, values[0]);
	case STYLE_BULK:
		i = c->calls->put_bulk(job->ring, values, *want);
		if (i && i != *want)
			stress_fail(job->verdict, "a bulk of %" PRIu64 " put %" PRIu64, *want, i);
		return i;
	default:
		return c->calls->put_burst(job->ring, values, *want);
	}
}

static void *produce(void *arg)
{
	struct actor *me = arg;
	struct ring_job *job = me->job;
	uint64_t random = job->c->seed + me->id, values[MOST], next = 0, tries = 0;

	stress_start(&job->line);
	while (next < job->c->messages) {
		uint64_t want;
		const size_t n = put(job, &random, values, next, me->id, &want);

		if (n > want)
			stress_fail(job->verdict, "%zu put of %" PRIu64, n, want);
		if (n)
			tries = 0;
		else if (!wait_turn(job, &tries, "full"))
			break;
		next += n;
	}
	__atomic_fetch_add(&job->finished, 1, __ATOMIC_RELEASE);
	return NULL;
}

/* ---- consumers ---- */

static size_t take(struct ring_job *job, uint64_t *random, uint64_t *values, bool last)
{
	const struct ring_calls *calls = job->c->calls;
	uint64_t want;
	enum ring_style style = next_call(job->c, random, &want);
	size_t n;

	/* A bulk finds nothing where fewer are left. */
	if (last)
		style = STYLE_BURST;
	switch (style) {
	case STYLE_SINGLE:
		want = 1;
		n = calls->take_one(job->ring, values);
		break;
	case STYLE_BULK:
		n = calls->take_bulk(job->ring, values, want);
		if (n && n != want)
			stress_fail(job->verdict, "a bulk of %" PRIu64 " took %zu", want, n);
		break;
	default:
		n = calls->take_burst(job->ring, values, want);
		break;
	}
	if (n > want) {
		stress_fail(job->verdict, "%zu taken of %" PRIu64, n, want);
		n = 0;
	}
	return n;
}

/* `next[p]`: the least sequence that may come from producer p. */
static void judge(struct ring_job *job, uint64_t value, uint64_t *next)
{
	const struct ring_case *c = job->c;
	const uint64_t producer = value >> SEQUENCE_BITS, sequence = value & SEQUENCE_MASK;
	uint64_t *stamp;

	if (producer >= c->producers || sequence >= c->messages) {
		stress_fail(job->verdict, "garbage 0x%" PRIx64, value);
		return;
	}
	stamp = stamp_at(job, producer, sequence);
	if (*stamp == TAKEN)
		stress_fail(job->verdict, "producer %" PRIu64 "'s %" PRIu64 " came twice", producer, sequence);
	else if (*stamp != stamp_of(c, value))
		stress_fail(job->verdict, "producer %" PRIu64 "'s %" PRIu64 " came before it was sent", producer,
			    sequence);
	else if (sequence < next[producer])
		stress_fail(job->verdict, "producer %" PRIu64 "'s %" PRIu64 " came after its %" PRIu64, producer,
			    sequence, next[producer] - 1);
	*stamp = TAKEN;
	next[producer] = sequence + 1;
}

static void *consume(void *arg)
{
	struct actor *me = arg;
	struct ring_job *job = me->job;
	uint64_t random = ~(job->c->seed + me->id), values[MOST], next[STRESS_SIDE] = { 0 }, tries = 0;

	stress_start(&job->line);
	for (;;) {
		const bool last = __atomic_load_n(&job->finished, __ATOMIC_ACQUIRE) == job->c->producers;
		const size_t n = take(job, &random, values, last);
		size_t i;

		for (i = 0; i < n; i++)
			judge(job, values[i], next);
		me->taken += n;
		if (n)
			tries = 0;
		else if (last || !wait_turn(job, &tries, "empty"))
			return NULL;
	}
}

/* ---- observers ---- */

static void *watch(void *arg)
{
	struct actor *me = arg;
	struct ring_job *job = me->job;
	const size_t capacity = maar_ring_capacity(job->ring), limit = (size_t)job->ring->limit;

	stress_start(&job->line);
	while (__atomic_load_n(&job->finished, __ATOMIC_RELAXED) < job->c->producers) {
		if (maar_ring_count(job->ring) > limit || maar_ring_free_count(job->ring) > capacity)
			stress_fail(job->verdict, "an observer counted more than may be in");
		(void)maar_ring_empty(job->ring);
		(void)maar_ring_full(job->ring);
		stress_pause(job->threads, 0);
	}
	return NULL;
}

/* ---- one case ---- */

static void judge_all(struct ring_job *job, const struct actor *consumers)
{
	const struct ring_case *c = job->c;
	const uint64_t total = c->messages * c->producers;
	uint64_t taken = 0, lost = 0, first = 0, i;

	for (i = 0; i < c->consumers; i++)
		taken += consumers[i].taken;
	for (i = 0; i < total; i++)
		if (job->stamps[i] != TAKEN && !lost++)
			first = i;
	if (lost)
		stress_fail(job->verdict,
			    "%" PRIu64 " of %" PRIu64 " lost, the first is producer %" PRIu64 "'s %" PRIu64, lost,
			    total, first / c->messages, first % c->messages);
	if (taken != total)
		stress_fail(job->verdict, "%" PRIu64 " taken of %" PRIu64, taken, total);
	if (maar_ring_count(job->ring) || !maar_ring_empty(job->ring))
		stress_fail(job->verdict, "the ring is not empty at the end");
}

static void run_threads(struct ring_job *job)
{
	const struct ring_case *c = job->c;
	struct actor actors[2 * STRESS_SIDE + 1];
	pthread_t threads[2 * STRESS_SIDE + 1];
	unsigned i, made;

	for (i = 0; i < job->threads; i++)
		actors[i] = (struct actor){ job, i, 0 };
	for (made = 0; made < job->threads; made++) {
		void *(*run)(void *) = made < c->producers		    ? produce
				       : made < c->producers + c->consumers ? consume
									    : watch;

		if (!stress_thread(job->verdict, &threads[made], run, &actors[made]))
			abort(); /* those made wait for this one: the machine is out of threads */
	}
	for (i = 0; i < made; i++)
		pthread_join(threads[i], NULL);
	if (!stress_failed(job->verdict))
		judge_all(job, actors + c->producers);
}

void ring_run(const struct ring_case *c, struct verdict *verdict)
{
	const size_t bytes = c->messages * c->producers * sizeof(uint64_t);
	struct ring_job job = { .c = c, .verdict = verdict, .threads = c->producers + c->consumers + c->watched };

	job.line.parties = job.threads;
	job.ring = maar_ring_create(c->capacity, c->mode->flags);
	/* Zeroed, and given back to the system whole: a case has up to a hundred megabytes of stamps. */
	job.stamps = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (!job.ring || job.stamps == MAP_FAILED) {
		stress_fail(verdict, "no memory for a case");
	} else {
		maar__ring_start_at(job.ring, c->start);
		run_threads(&job);
	}
	if (job.stamps != MAP_FAILED)
		munmap(job.stamps, bytes);
	maar_ring_destroy(job.ring);
}
