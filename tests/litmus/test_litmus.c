/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Litmus tests of the wake-up, on this machine's processor: two threads in lock step, each with one half of a notify
 * against a wait, on fresh instances by the hundred thousand. A stream of messages does not do: there the next message
 * wakes whoever slept through the last one, and eight kinds of stress missed what these find in a second.
 *
 *     thread 0   condition = 1; notify            lost: thread 1 did not see the condition, and
 *     thread 1   announce; look                         nobody noticed thread 1
 *
 * Controls, which have to be found: plain stores and loads that the processor reorders (else the threads were not close
 * enough for anything to be seen), a notify that only loads, a waiter that only stores, and one that does not look again.
 */
#include "../unit/common.h"

#include <maar/wait.h>

#include "../../src/base/sleep.h"

#include <sched.h>
#include <unistd.h>

/* Instances between two meetings of the threads: a megabyte and a half of them. */
#define BATCH 1024

/* One try. Rings of capacity 1, each with its wait, as create would make them. */
struct instance {
	struct maar_wait wait;
	union {
		struct maar_ring ring;
		char room[sizeof(struct maar_ring) + MAAR_APART];
	} u;
	uint32_t condition __attribute__((aligned(MAAR_APART)));
	uint32_t other __attribute__((aligned(MAAR_APART)));
	uint32_t saw[2]; /* what each thread found; read after both are done */
} __attribute__((aligned(MAAR_APART)));

struct test {
	const char *name;
	void (*set_up)(struct instance *in);
	void (*thread[2])(struct instance *in);
	bool (*lost)(const struct instance *in);
};

/* ---- the halves ---- */

static uint32_t look(const uint32_t *p)
{
	return maar_a_load(p, RELAXED);
}

static bool unnoticed(const struct maar_event *e)
{
	return e->word >> 32 == 0; /* the epoch of a wake */
}

static void set_up_plain(struct instance *in)
{
	in->condition = in->other = 0;
	in->saw[0] = in->saw[1] = 0;
	in->wait.not_empty.word = in->wait.not_full.word = 0;
}

/* Event: any condition. */
static void notifies(struct instance *in)
{
	maar_a_store(&in->condition, 1, RELAXED);
	maar_event_notify_one(&in->wait.not_empty);
}

static void announces(struct instance *in)
{
	(void)maar_event_prepare(&in->wait.not_empty);
	in->saw[1] = look(&in->condition);
}

static void arms(struct instance *in)
{
	(void)maar_event_arm(&in->wait.not_empty);
	in->saw[1] = look(&in->condition);
}

static void closes(struct instance *in)
{
	maar_a_store(&in->condition, 1, RELAXED);
	maar_event_close(&in->wait.not_empty);
}

/* Whoever finds it closed does not sleep. */
static void announces_unless_closed(struct instance *in)
{
	const uint64_t key = maar_event_prepare(&in->wait.not_empty);

	in->saw[1] = (key & MAAR__EVENT_CLOSED) ? look(&in->condition) : 1;
}

static bool lost_event(const struct instance *in)
{
	return !in->saw[1] && unnoticed(&in->wait.not_empty);
}

static bool lost_closed(const struct instance *in)
{
	return !in->saw[1];
}

/* Rings: a value against an empty one, room against a full one. */
static void set_up_empty(struct instance *in)
{
	set_up_plain(in);
	if (maar_ring_init(&in->u, sizeof(in->u), 1, MAAR_RING_TICKET) ||
	    maar_wait_init(&in->wait, sizeof(in->wait), &in->u.ring, 0))
		abort();
}

static void set_up_full(struct instance *in)
{
	set_up_empty(in);
	maar_ring_enqueue(&in->u.ring, 1);
}

static void enqueues(struct instance *in)
{
	in->saw[0] = maar_wait_enqueue(&in->wait, 2, 0) == 1;
}

static void wants_value(struct instance *in)
{
	uint64_t value;

	(void)maar_event_prepare(&in->wait.not_empty);
	in->saw[1] = (uint32_t)maar_ring_dequeue(&in->u.ring, &value);
}

static void dequeues(struct instance *in)
{
	uint64_t value;

	in->saw[0] = maar_wait_dequeue(&in->wait, &value, 0) == 1;
}

static void wants_room(struct instance *in)
{
	(void)maar_event_prepare(&in->wait.not_full);
	in->saw[1] = (uint32_t)maar_ring_enqueue(&in->u.ring, 3);
}

static bool lost_value(const struct instance *in)
{
	return !in->saw[0] || (!in->saw[1] && unnoticed(&in->wait.not_empty));
}

static bool lost_room(const struct instance *in)
{
	return !in->saw[0] || (!in->saw[1] && unnoticed(&in->wait.not_full));
}

static const struct test ours[] = {
	{ "notify against wait", set_up_plain, { notifies, announces }, lost_event },
	{ "notify against arm", set_up_plain, { notifies, arms }, lost_event },
	{ "close against wait", set_up_plain, { closes, announces_unless_closed }, lost_closed },
	{ "enqueue against dequeue", set_up_empty, { enqueues, wants_value }, lost_value },
	{ "dequeue against enqueue", set_up_full, { dequeues, wants_room }, lost_room },
};

/* ---- the faulty halves ---- */

static void stores_and_looks_0(struct instance *in)
{
	maar_a_store(&in->condition, 1, RELAXED);
	in->saw[0] = look(&in->other);
}

static void stores_and_looks_1(struct instance *in)
{
	maar_a_store(&in->other, 1, RELAXED);
	in->saw[1] = look(&in->condition);
}

static bool both_blind(const struct instance *in)
{
	return !in->saw[0] && !in->saw[1];
}

static void notifies_by_a_load(struct instance *in)
{
	maar_a_store(&in->condition, 1, RELEASE);
	if (maar_a_load(&in->wait.not_empty.word, ACQUIRE) & MAAR__EVENT_WAITERS)
		maar__event_wake(&in->wait.not_empty, 1);
}

static void announces_by_a_store(struct instance *in)
{
	maar_a_store(&in->wait.not_empty.word, 1, RELEASE);
	in->saw[1] = look(&in->condition);
}

static void looks_and_announces(struct instance *in)
{
	volatile unsigned open;

	in->saw[1] = look(&in->condition);
	for (open = 20; open; open--)
		; /* holds the window open: this fault is in the order of the program, not of the processor */
	(void)maar_event_prepare(&in->wait.not_empty);
}

static const struct test controls[] = {
	{ "store and load, plain", set_up_plain, { stores_and_looks_0, stores_and_looks_1 }, both_blind },
	{ "notify that only loads", set_up_plain, { notifies_by_a_load, announces }, lost_event },
	{ "waiter that only stores", set_up_plain, { notifies, announces_by_a_store }, lost_event },
	{ "waiter that does not look again", set_up_plain, { notifies, looks_and_announces }, lost_event },
};

/* ---- lock step ---- */

static struct instance instances[BATCH];
static struct maar_event descriptor; /* one for all instances that are armed: what counts is the bit */

/* How far each thread is: steps it has begun. Read by the other one only. */
static struct {
	uint64_t steps __attribute__((aligned(MAAR_APART)));
} progress[2];

/* Every other batch is of `control`, if there is one, so that it is known whether anything could have been seen. */
struct run {
	const struct test *test, *control;
	uint64_t batches;	  /* at least */
	uint64_t most;		  /* at most */
	uint64_t wanted;	  /* findings of the control, or of the test if there is none */
	uint64_t found[2], tries; /* of the test, of the control */
	uint32_t stop;
	pthread_barrier_t meeting;
};

static const struct test *test_of(const struct run *run, uint64_t batch)
{
	return run->control && batch % 2 ? run->control : run->test;
}

/*
 * Waits for the other thread's n-th step, as closely as can be; if it does not run now, by giving it the processor. That may
 * happen *yields times; false: it did so once too often.
 */
static bool wait_for(const uint64_t *steps, uint64_t n, unsigned *yields)
{
	unsigned tries = 0;

	while (maar_a_load(steps, ACQUIRE) < n)
		if (++tries % 4096 == 0) {
			if ((*yields)-- == 0)
				return false;
			sched_yield();
		}
	return true;
}

/*
 * Each thread takes the lines that the other one's half begins with, so that those stores have to wait while the loads
 * behind them find what they need: where a processor reorders, it does it now. Nothing is changed.
 */
static void take_lines(struct instance *in, unsigned me)
{
	if (me == 0) {
		(void)maar_a_cas(&in->wait.not_empty.word, 0, 0, RELAXED);
		(void)maar_a_cas(&in->wait.not_full.word, 0, 0, RELAXED);
		(void)maar_a_cas(&in->other, 0, 0, RELAXED);
	} else {
		(void)maar_a_cas(&in->condition, 0, 0, RELAXED);
	}
}

/* Lock step as long as both threads run; the rest of a batch in which one of them does not is done as it comes. */
static void one_batch(const struct test *test, unsigned me, uint64_t begin, struct unit_rng *rng)
{
	unsigned i, yields = 1000; /* to begin with: the other one is on its way */
	bool in_step = true;
	uint64_t dice = 0;

	for (i = 0; i < BATCH; i++) {
		volatile unsigned delay;

		if (i % 16 == 0)
			dice = unit_random(rng);
		if (in_step) {
			take_lines(&instances[i], me);
			maar_a_store(&progress[me].steps, begin + i + 1, RELEASE);
			in_step = wait_for(&progress[!me].steps, begin + i + 1, &yields);
			if (i == 0)
				yields = 20; /* an interruption or two */
			if (!in_step)
				maar_a_store(&progress[me].steps, begin + BATCH, RELEASE);
			for (delay = dice % 8; delay; delay--)
				;
			dice /= 8;
		}
		test->thread[me](&instances[i]);
	}
}

/* Each on a processor of its own: woken by the other, a thread tends to be put beside it. */
static void settle(unsigned me)
{
	cpu_set_t all, mine;
	int cpu, n = 0;

	if (sched_getaffinity(0, sizeof(all), &all) || CPU_COUNT(&all) < 2)
		return;
	for (cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &all) && n++ == (int)me) {
			CPU_ZERO(&mine);
			CPU_SET(cpu, &mine);
			sched_setaffinity(0, sizeof(mine), &mine);
			return;
		}
}

static void *in_step(void *arg)
{
	struct run *run = arg;
	struct unit_rng rng = unit_rng(3);
	uint64_t b;

	settle(1);
	for (b = 0;; b++) {
		pthread_barrier_wait(&run->meeting);
		if (look(&run->stop))
			return NULL;
		one_batch(test_of(run, b), 1, b * BATCH, &rng);
		pthread_barrier_wait(&run->meeting);
	}
}

static void run_test(struct run *run)
{
	struct unit_rng rng = unit_rng(2);
	pthread_t other;
	uint64_t b;
	unsigned i;

	unit_eq(pthread_barrier_init(&run->meeting, NULL, 2), 0);
	progress[0].steps = progress[1].steps = 0;
	other = unit_thread(in_step, run);
	settle(0);
	for (b = 0; b < run->most && (b < run->batches || run->found[run->control ? 1 : 0] < run->wanted); b++) {
		const struct test *test = test_of(run, b);

		for (i = 0; i < BATCH; i++) {
			test->set_up(&instances[i]);
			instances[i].wait.not_empty.number = descriptor.number;
		}
		pthread_barrier_wait(&run->meeting);
		one_batch(test, 0, b * BATCH, &rng);
		pthread_barrier_wait(&run->meeting);
		for (i = 0; i < BATCH; i++)
			run->found[test != run->test] += test->lost(&instances[i]);
		run->tries += test == run->test ? BATCH : 0;
	}
	maar_a_store(&run->stop, 1, RELAXED);
	pthread_barrier_wait(&run->meeting);
	unit_join(other);
	pthread_barrier_destroy(&run->meeting);
	unit_note("%s: lost %d of %d", run->test->name, (int)run->found[0], (int)run->tries);
	if (run->control)
		unit_note("    meanwhile, %s: %d", run->control->name, (int)run->found[1]);
}

/* Plain stores and loads are seen reordered within a few batches when two processors are free; the rest is patience. */
#define PATIENCE 1000000

static bool one_processor(void)
{
	cpu_set_t set;

	return !sched_getaffinity(0, sizeof(set), &set) && CPU_COUNT(&set) == 1;
}

START_TEST(ours_lose_nothing)
{
	struct run run = { .test = &ours[_i], .batches = 600, .most = PATIENCE, .control = &controls[0], .wanted = 5 };

	/* A sanitizer puts so much between two accesses that the processor has nothing left to reorder. */
	if (UNIT_SANITIZED || one_processor())
		run.most = UNIT_SANITIZED ? 20 : 600;
	unit_must(maar_event_fd(&descriptor) >= 0);
	run_test(&run);
	unit_eq(run.found[0], 0);
	unit_must(run.most < PATIENCE || run.found[1] > 0);
	maar_event_destroy(&descriptor);
}
END_TEST

START_TEST(controls_are_found)
{
	struct run run = { .test = &controls[_i], .most = PATIENCE, .wanted = 1 };

	if (one_processor()) {
		unit_note("%s: one processor, so nothing can be seen", run.test->name);
		return;
	}
	run_test(&run);
	unit_must(run.found[0] > 0);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("litmus");
	TCase *tcase = unit_tcase(suite, "ours");

	tcase_add_loop_test(tcase, ours_lose_nothing, 0, (int)COUNT_OF(ours));
	if (!UNIT_SANITIZED) {
		tcase = unit_tcase(suite, "controls");
		tcase_add_loop_test(tcase, controls_are_found, 0, (int)COUNT_OF(controls));
	}
	return suite;
}
