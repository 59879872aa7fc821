/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The stress of mrings and pools. Whoever has a slot writes a stamp into it, by plain writes, and wipes it before
 * giving the slot back; so a slot in two hands has a stamp where none may be, or a stamp that does not hold together,
 * and is a race for ThreadSanitizer. A shared message is read by several holders; none knows that it is the last, so
 * its stamp stays, marked.
 */
#include "slots_run.h"

#include <maar/ring.h>

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define MOST	     8 /* slots in one call */
#define MOST_HOLDERS 3 /* of a shared message */
#define SHARED	     (UINT64_C(1) << 32)

struct stamp {
	uint64_t owner; /* 1 + the number of the place, | SHARED; 0: free */
	uint64_t number;
	uint64_t check; /* of both, and of where it stands */
};

struct slots_job {
	const struct slots_case *c;
	void *from;
	struct verdict *verdict;
	struct start_line line;
	struct maar_ring *inbox[STRESS_SIDE]; /* of each place; one thread at a time takes */
};

/* One of the places that threads follow one another in. */
struct place {
	struct slots_job *job;
	unsigned id;
	uint64_t random;
	uint64_t got; /* slots taken here in all */
};

/* ---- stamps ---- */

static uint64_t check_of(const struct slots_job *job, const struct stamp *s)
{
	return stress_mix(s->owner ^ stress_mix(s->number) ^ (uintptr_t)s ^ job->c->seed);
}

static void write_stamp(struct place *me, struct stamp *s, uint64_t flags)
{
	s->owner = (me->id + 1) | flags;
	s->number = stress_random(&me->random);
	s->check = check_of(me->job, s);
}

/* A slot fresh from get. */
static void claim(struct place *me, void *slot, uint64_t flags)
{
	struct stamp *s = me->job->c->calls->bytes(slot);

	if (s->owner && !(s->owner & SHARED))
		stress_fail(me->job->verdict, "a slot was got that place %" PRIu64 " holds", s->owner - 1);
	write_stamp(me, s, flags);
	me->got++;
}

static struct stamp *verify(struct place *me, void *slot)
{
	struct stamp *s = me->job->c->calls->bytes(slot);

	if (s->check != check_of(me->job, s))
		stress_fail(me->job->verdict, "a message changed on its way: owner 0x%" PRIx64 ", number 0x%" PRIx64,
			    s->owner, s->number);
	return s;
}

/* ---- moves ---- */

static void send(struct place *me, void *slot)
{
	struct maar_ring *inbox = me->job->inbox[stress_below(&me->random, me->job->c->threads)];

	if (!maar_ring_enqueue_ptr(inbox, slot))
		stress_fail(me->job->verdict, "an inbox with room for every message is full");
}

static void put_one(struct place *me, void *slot)
{
	const int rc = me->job->c->calls->put(me->job->from, slot);

	if (rc)
		stress_fail(me->job->verdict, "put: %s", strerror(-rc));
}

static void put_many(struct place *me, void **slots, size_t n)
{
	const size_t taken = me->job->c->calls->put_bulk(me->job->from, slots, n);

	if (taken != n)
		stress_fail(me->job->verdict, "put_bulk took %zu of %zu", taken, n);
}

static void wipe(struct place *me, void *slot)
{
	((struct stamp *)me->job->c->calls->bytes(slot))->owner = 0;
}

/* Slots from own inbox: shared ones are let go, some of the others passed on, the rest given back. */
static void receive(struct place *me)
{
	void *slots[MOST], *back[MOST];
	const size_t n =
		maar_ring_dequeue_burst_ptr(me->job->inbox[me->id], slots, 1 + stress_below(&me->random, MOST));
	size_t i, k = 0;

	for (i = 0; i < n; i++) {
		struct stamp *s = verify(me, slots[i]);

		if (s->owner & SHARED) {
			put_one(me, slots[i]);
		} else if (stress_below(&me->random, 4) == 0) {
			write_stamp(me, s, 0);
			send(me, slots[i]);
		} else {
			wipe(me, slots[i]);
			back[k++] = slots[i];
		}
	}
	if (k == 1)
		put_one(me, back[0]);
	else if (k)
		put_many(me, back, k);
}

static bool get_and_send(struct place *me)
{
	void *slot = me->job->c->calls->get(me->job->from);

	if (slot) {
		claim(me, slot, 0);
		send(me, slot);
	}
	return slot != NULL;
}

static bool get_and_put(struct place *me)
{
	void *slot = me->job->c->calls->get(me->job->from);

	if (slot) {
		claim(me, slot, 0);
		verify(me, slot);
		wipe(me, slot);
		put_one(me, slot);
	}
	return slot != NULL;
}

/* Several at once: half of them are sent, half given back. */
static bool get_bulk(struct place *me)
{
	void *slots[MOST];
	const size_t n = 1 + stress_below(&me->random, MOST);
	const size_t got = me->job->c->calls->get_bulk(me->job->from, slots, n);
	size_t i;

	if (got != 0 && got != n)
		stress_fail(me->job->verdict, "get_bulk of %zu gave %zu", n, got);
	for (i = 0; i < got; i++)
		claim(me, slots[i], 0);
	for (i = 0; i < got / 2; i++)
		send(me, slots[i]);
	for (; i < got; i++)
		wipe(me, slots[i]);
	put_many(me, slots + got / 2, got - got / 2);
	return got != 0;
}

/* One message to several holders. */
static bool get_and_share(struct place *me)
{
	const struct slot_calls *calls = me->job->c->calls;
	uint64_t holders = 2 + stress_below(&me->random, MOST_HOLDERS - 1);
	void *slot;

	if (!calls->retain)
		return get_and_send(me);
	slot = calls->get(me->job->from);
	if (!slot)
		return false;
	claim(me, slot, SHARED);
	for (; holders > 1; holders--) {
		calls->retain(slot);
		send(me, slot);
	}
	send(me, slot);
	return true;
}

static void *live(void *arg)
{
	static bool (*const moves[])(struct place * me) = { get_and_send, get_and_share, get_bulk, get_and_put };
	struct place *me = arg;
	uint64_t i, fruitless = 0;

	for (i = 0; i < me->job->c->moves && !stress_failed(me->job->verdict); i++) {
		const uint64_t dice = stress_below(&me->random, 2 * COUNT_OF(moves));

		if (dice < COUNT_OF(moves) && moves[dice](me)) {
			fruitless = 0;
			continue;
		}
		receive(me);
		/* What is missing is with others: let them run. */
		if (dice < COUNT_OF(moves))
			stress_pause(me->job->c->threads, ++fruitless);
	}
	return NULL;
}

/* Births and deaths: threads that follow one another. */
static void *generations(void *arg)
{
	struct place *me = arg;
	unsigned g;

	stress_start(&me->job->line);
	for (g = 0; g < me->job->c->generations && !stress_failed(me->job->verdict); g++) {
		pthread_t thread;

		if (!stress_thread(me->job->verdict, &thread, live, me))
			break;
		pthread_join(thread, NULL);
	}
	return NULL;
}

/* ---- the end ---- */

static void expect_stats(struct slots_job *job, uint32_t in_use, const char *when)
{
	struct maar_mring_stats s;

	if (job->c->calls->stats(job->from, &s))
		stress_fail(job->verdict, "no statistics");
	else if (s.in_use != in_use || s.in_use + s.in_lanes + s.in_shared != s.slots || s.high_water > s.max_slots)
		stress_fail(job->verdict,
			    "%s: %" PRIu32 " in use, %" PRIu32 " in lanes, %" PRIu32 " shared of %" PRIu32, when,
			    s.in_use, s.in_lanes, s.in_shared, s.slots);
	else if (s.lanes > job->c->threads + 1)
		stress_fail(job->verdict, "%s: %" PRIu32 " lanes for %u threads: those of the dead are not used again",
			    when, s.lanes, job->c->threads + 1);
}

/* Every slot can be got, once. */
static void census(struct slots_job *job)
{
	struct place me = { job, 0, job->c->seed, 0 };
	void **slots = calloc(job->c->slots + 1, sizeof(*slots));
	uint32_t n = 0;

	if (!slots)
		abort();
	while (n <= job->c->slots && (slots[n] = job->c->calls->get(job->from)) != NULL)
		claim(&me, slots[n++], 0);
	if (n != job->c->slots && !stress_failed(job->verdict))
		stress_fail(job->verdict, "%" PRIu32 " of %" PRIu32 " slots can be got at the end", n, job->c->slots);
	if (!stress_failed(job->verdict)) {
		expect_stats(job, n, "all out");
		put_many(&me, slots, n);
		expect_stats(job, 0, "all back");
	}
	free(slots);
}

static void drain(struct slots_job *job)
{
	unsigned i;

	for (i = 0; i < job->c->threads; i++) {
		struct place me = { job, i, job->c->seed, 0 };
		void *slot;

		while (!stress_failed(job->verdict) && (slot = maar_ring_dequeue_ptr(job->inbox[i])) != NULL) {
			if (!(verify(&me, slot)->owner & SHARED))
				wipe(&me, slot);
			put_one(&me, slot);
		}
	}
}

uint64_t slots_run(const struct slots_case *c, void *from, struct verdict *verdict)
{
	uint64_t got = 0;
	struct slots_job job = { .c = c, .from = from, .verdict = verdict, .line = { .parties = c->threads } };
	const unsigned mode = MAAR_HAVE_CAS2 ? MAAR_RING_MPSC : MAAR_RING_MPSC | MAAR_RING_TICKET;
	struct place places[STRESS_SIDE];
	pthread_t threads[STRESS_SIDE];
	unsigned i;

	for (i = 0; i < c->threads; i++) {
		places[i] = (struct place){ &job, i, c->seed + i, 0 };
		job.inbox[i] = maar_ring_create((size_t)c->slots * MOST_HOLDERS, mode);
		if (!job.inbox[i])
			abort();
	}
	for (i = 0; i < c->threads; i++)
		if (!stress_thread(verdict, &threads[i], generations, &places[i]))
			abort();
	for (i = 0; i < c->threads; i++) {
		pthread_join(threads[i], NULL);
		got += places[i].got;
	}
	drain(&job);
	if (!stress_failed(verdict))
		expect_stats(&job, 0, "when all threads have ended");
	if (!stress_failed(verdict))
		census(&job);
	for (i = 0; i < c->threads; i++)
		maar_ring_destroy(job.inbox[i]);
	return got;
}
