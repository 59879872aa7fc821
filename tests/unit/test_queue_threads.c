/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Queues between threads: each producer's values come out in its order, none is lost, none comes twice, and what lies
 * behind a value is visible with it.
 */
#include "slots.h"

#include <maar/queue.h>

#include "../../src/queue/queue_priv.h"

#define PRODUCERS 8

/* Values of one run, over all producers; with 33 runs millions. */
#ifdef STRESS_FUZZ
#define VALUES 8000
#elif defined(MAAR_NO_INLINE) /* the same code, called otherwise */
#define VALUES 20000
#else
#define VALUES (UNIT_SANITIZED ? 16000 : 80000)
#endif

/* Producer in the upper half, its count in the lower one. */
static uint64_t value_of(unsigned producer, uint64_t i)
{
	return (uint64_t)(producer + 1) << 40 | i;
}

struct run {
	struct maar_queue *queue;
	unsigned producers;
	size_t burst_in, burst_out; /* 1: the single calls */
	uint64_t each;		    /* values of a producer */
};

struct producer {
	const struct run *run;
	unsigned number;
	uint64_t *payload; /* plain memory, one for each value */
};

static void *produce(void *arg)
{
	const struct producer *p = arg;
	const struct run *run = p->run;
	uint64_t words[64], i = 0, k, n;

	while (i < run->each) {
		n = run->each - i < run->burst_in ? run->each - i : run->burst_in;
		for (k = 0; k < n; k++) {
			words[k] = value_of(p->number, i + k);
			p->payload[i + k] = ~words[k];
		}
		k = run->burst_in == 1 ? maar_queue_enqueue(run->queue, words[0])
				       : maar_queue_enqueue_burst(run->queue, words, (size_t)n);
		if (!k)
			pace_yield();
		i += k;
	}
	return NULL;
}

static size_t take(const struct run *run, uint64_t *words, uint64_t round)
{
	size_t n;

	if (run->burst_out == 1)
		return maar_queue_dequeue(run->queue, words);
	if (round % 8)
		return maar_queue_dequeue_burst(run->queue, words, run->burst_out);
	n = maar_queue_peek(run->queue, words, run->burst_out);
	unit_eq(maar_queue_release(run->queue, n), n);
	return n;
}

static void pass(struct run *run)
{
	struct producer producers[PRODUCERS];
	uint64_t next[PRODUCERS] = { 0 }, words[64], left, round = 0;
	pthread_t threads[PRODUCERS];
	size_t n, i;
	unsigned p;

	run->each = VALUES / run->producers;
	for (p = 0; p < run->producers; p++) {
		producers[p] = (struct producer){ run, p, calloc(run->each, sizeof(uint64_t)) };
		ck_assert_ptr_nonnull(producers[p].payload);
		threads[p] = unit_thread(produce, &producers[p]);
	}
	for (left = run->each * run->producers; left; left -= n) {
		n = take(run, words, round++);
		if (!n)
			pace_yield();
		if (round % 1024 == 0)
			maar_queue_trim(run->queue);
		for (i = 0; i < n; i++) {
			p = (unsigned)(words[i] >> 40) - 1;
			unit_must(p < run->producers);
			unit_eq(words[i], value_of(p, next[p]));
			unit_eq(producers[p].payload[next[p]], ~words[i]);
			next[p]++;
		}
	}
	for (p = 0; p < run->producers; p++) {
		unit_join(threads[p]);
		free(producers[p].payload);
	}
	unit_eq(maar_queue_dequeue(run->queue, words), 0);
	unit_eq(maar_queue_check(run->queue), 0);
	unit_must(maar_queue_empty(run->queue));
}

static void pass_through(struct maar_mring *mring, size_t limit, unsigned flags, unsigned producers, size_t in,
			 size_t out)
{
	struct run run = { .producers = producers, .burst_in = in, .burst_out = out };

	run.queue = maar_queue_create(mring, limit, flags);
	ck_assert_ptr_nonnull(run.queue);
	/* 16 chunks before the positions wrap */
	maar__queue_start_at(run.queue, (UINT64_MAX >> run.queue->shift) - 16, 0);
	pass(&run);
	maar_queue_destroy(run.queue);
}

/* Little chunks, so that they come and go all the time; few slots, so that producers are refused too. */
static const struct {
	size_t slots, slot_bytes, limit;
} memories[] = {
	{ 4, 80, 0 }, { 2000, 80, 0 }, { 64, 80, 1 }, { 64, 80, 33 }, { 300, 4096, 1000 },
};
#define MEMORIES ((int)COUNT_OF(memories))

static const struct maar_mring_options ways[] = { { .no_lanes = 1 }, { .lane_slots = 2 } };

static struct maar_mring *mring_of(int memory)
{
	return slots_create(memories[memory].slots, memories[memory].slot_bytes, &ways[memory % 2]);
}

START_TEST(one_producer)
{
	struct maar_mring *mring = mring_of(_i);

	pass_through(mring, memories[_i].limit, MAAR_QUEUE_SPSC, 1, 1, 1);
	pass_through(mring, memories[_i].limit, MAAR_QUEUE_SPSC, 1, 64, 17);
	pass_through(mring, memories[_i].limit, MAAR_QUEUE_MPSC, 1, 5, 64);
	slots_finish(mring);
}
END_TEST

START_TEST(many_producers)
{
	struct maar_mring *mring = mring_of(_i);

	pass_through(mring, memories[_i].limit, MAAR_QUEUE_MPSC, 2, 1, 1);
	pass_through(mring, memories[_i].limit, MAAR_QUEUE_MPSC, 3, 3, 64);
	pass_through(mring, memories[_i].limit, MAAR_QUEUE_MPSC, 8, 64, 1);
	slots_finish(mring);
}
END_TEST

/* ---- several queues, one mring ---- */

static void *pass_one(void *arg)
{
	pass(arg);
	return NULL;
}

START_TEST(queues_share_an_mring)
{
	enum { QUEUES = 3 };
	struct maar_mring *mring = slots_create(100, 80, &ways[_i]);
	struct run runs[QUEUES];
	pthread_t threads[QUEUES];
	size_t q;

	for (q = 0; q < QUEUES; q++) {
		runs[q] = (struct run){ .producers = 2, .burst_in = 1 + q, .burst_out = 4 };
		runs[q].queue = maar_queue_create(mring, 0, MAAR_QUEUE_MPSC);
		ck_assert_ptr_nonnull(runs[q].queue);
	}
	for (q = 0; q < QUEUES; q++)
		threads[q] = unit_thread(pass_one, &runs[q]);
	for (q = 0; q < QUEUES; q++) {
		unit_join(threads[q]);
		maar_queue_destroy(runs[q].queue);
	}
	slots_finish(mring);
}
END_TEST

/* ---- observers ---- */

static int stop;

static void *watch(void *arg)
{
	const struct run *run = arg;
	const size_t most = maar_queue_limit_chunks(run->queue) * maar_queue_chunk_values(run->queue);
	FILE *nowhere = fopen("/dev/null", "w");

	ck_assert_ptr_nonnull(nowhere);
	while (!maar_a_load(&stop, RELAXED)) {
		const size_t count = maar_queue_count(run->queue);

		unit_must(count <= most);
		unit_must(maar_queue_chunks(run->queue) >= 1);
		(void)maar_queue_empty(run->queue);
		unit_eq(maar_queue_dump(run->queue, nowhere), 0);
		pace_yield();
	}
	fclose(nowhere);
	return NULL;
}

START_TEST(watched)
{
	struct maar_mring *mring = slots_create(64, 80, NULL);
	struct run run = { .producers = 2, .burst_in = 2, .burst_out = 3 };
	pthread_t thread;

	run.queue = maar_queue_create(mring, 9, MAAR_QUEUE_MPSC);
	ck_assert_ptr_nonnull(run.queue);
	maar_a_store(&stop, 0, RELAXED);
	thread = unit_thread(watch, &run);
	pass(&run);
	maar_a_store(&stop, 1, RELAXED);
	unit_join(thread);
	maar_queue_destroy(run.queue);
	slots_finish(mring);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("queue, threads");
	TCase *threads = unit_tcase(suite, "threads");

	tcase_add_loop_test(threads, one_producer, 0, MEMORIES);
	tcase_add_loop_test(threads, many_producers, 0, MEMORIES);
	tcase_add_loop_test(threads, queues_share_an_mring, 0, (int)COUNT_OF(ways));
	tcase_add_test(threads, watched);
	return suite;
}
