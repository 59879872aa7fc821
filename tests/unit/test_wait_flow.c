/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Blocking transfers by many threads through rings so small that both sides sleep: nothing lost, in order, to the end;
 * closed in mid-stream; by epoll.
 */
#include "waits.h"

#include <sys/epoll.h>
#include <unistd.h>

/* ---- many threads ---- */

struct flow {
	struct both b;
	unsigned producers, consumers, burst;
	uint64_t each;	     /* values that a producer sends */
	uint64_t until_pipe; /* or: until it is told that the ring is closed */
	uint32_t next;	     /* producer */
	uint64_t sent, taken, sum_sent, sum_taken;
};

static uint64_t value_of(unsigned producer, uint64_t i)
{
	return ((uint64_t)(producer + 1) << 40) + i;
}

/* Every so often a pause, so that the other side runs dry, or full, and sleeps. */
static void dawdle(struct unit_rng *rng)
{
	const uint64_t dice = unit_random_below(rng, 64);

	if (dice == 0)
		usleep(50);
	else if (dice < 8)
		pace_yield();
}

static void *produce(void *arg)
{
	struct flow *f = arg;
	const unsigned me = maar_a_add(&f->next, 1, RELAXED);
	struct unit_rng rng = unit_rng(me);
	uint64_t sent = 0, sum = 0;

	while (f->until_pipe || sent < f->each) {
		uint64_t values[8], left = f->until_pipe ? 8 : f->each - sent;
		const size_t n = left < f->burst ? left : f->burst;
		ssize_t k;
		size_t i;

		for (i = 0; i < n; i++)
			values[i] = value_of(me, sent + i);
		k = maar_wait_enqueue_burst(f->b.wait, values, n, MAAR_FOREVER);
		if (k == -EPIPE && f->until_pipe)
			break;
		unit_must(k > 0 && (size_t)k <= n);
		for (i = 0; i < (size_t)k; i++)
			sum += values[i];
		sent += (uint64_t)k;
		dawdle(&rng);
	}
	maar_a_add(&f->sent, sent, RELAXED);
	maar_a_add(&f->sum_sent, sum, RELAXED);
	return NULL;
}

static void *consume(void *arg)
{
	struct flow *f = arg;
	struct unit_rng rng = unit_rng(1000 + maar_a_add(&f->next, 1, RELAXED));
	uint64_t last[17] = { 0 }, taken = 0, sum = 0; /* of each producer, counted from 1 */

	for (;;) {
		uint64_t values[8];
		const ssize_t k = maar_wait_dequeue_burst(f->b.wait, values, f->burst, MAAR_FOREVER);
		ssize_t i;

		if (k == -EPIPE)
			break;
		unit_must(k > 0 && k <= (ssize_t)f->burst);
		for (i = 0; i < k; i++) {
			const uint64_t producer = values[i] >> 40;

			unit_must(producer && producer <= f->producers + f->consumers);
			unit_must(values[i] > last[producer]); /* first in, first out */
			last[producer] = values[i];
			sum += values[i];
		}
		taken += (uint64_t)k;
		dawdle(&rng);
	}
	maar_a_add(&f->taken, taken, RELAXED);
	maar_a_add(&f->sum_taken, sum, RELAXED);
	return NULL;
}

/* Runs it; the ring is closed when all producers are done, or after `close_after` yields. */
static void run_flow(struct flow *f, unsigned close_after)
{
	pthread_t producers[8], consumers[8];
	uint64_t left, sum = 0;
	unsigned i;

	for (i = 0; i < f->producers; i++)
		producers[i] = unit_thread(produce, f);
	for (i = 0; i < f->consumers; i++)
		consumers[i] = unit_thread(consume, f);
	if (f->until_pipe) {
		for (i = 0; i < close_after; i++)
			pace_yield();
		maar_wait_close(f->b.wait);
	}
	for (i = 0; i < f->producers; i++)
		unit_join(producers[i]);
	maar_wait_close(f->b.wait);
	for (i = 0; i < f->consumers; i++)
		unit_join(consumers[i]);
	left = maar_wait_drain(f->b.wait, add, &sum);
	if (!f->until_pipe)
		unit_eq(left, 0); /* closed after the last had returned: all were delivered */
	unit_eq(f->sent, f->taken + left);
	unit_eq(f->sum_sent, f->sum_taken + sum);
}

static const struct {
	unsigned mode, producers, consumers;
} shapes[] = {
	{ MAAR_RING_SPSC, 1, 1 },   { MAAR_RING_SPSC | MAAR_RING_SPAN, 1, 1 },
	{ MAAR_RING_MPSC, 3, 1 },   { MAAR_RING_SPMC, 1, 3 },
	{ MAAR_RING_MPMC, 3, 3 },   { MAAR_RING_TICKET, 3, 3 },
	{ MAAR_RING_TICKET, 4, 2 }, { MAAR_RING_TICKET | MAAR_RING_SC, 4, 1 },
};

START_TEST(flows)
{
	static const size_t capacities[] = { 1, 2, 64 };
	const uint64_t total = UNIT_SANITIZED ? 900 : 3600;
	uint64_t calls = maar__sleep_calls(), values = 0;
	unsigned s, c, v;

	for (s = 0; s < COUNT_OF(shapes); s++)
		for (c = 0; c < COUNT_OF(capacities); c++)
			for (v = 0; v < 4; v++) {
				struct flow f = {
					.b = make(capacities[c], shapes[s].mode,
						  (v % 2 ? MAAR_WAIT_NO_SPIN : 0) | (v == 3 ? MAAR_WAIT_PROMPT : 0)),
					.producers = shapes[s].producers,
					.consumers = shapes[s].consumers,
					.burst = v < 2 ? 1 : 3,
					.each = total / shapes[s].producers,
				};

				run_flow(&f, 0);
				unit_eq(f.sent, f.each * f.producers);
				values += f.sent;
				unmake(&f.b);
			}
	calls = maar__sleep_calls() - calls;
	unit_note("%d values, %d system calls for sleeping and waking", (int)values, (int)calls);
	unit_must(calls > values / 100); /* or hardly anybody slept */
}
END_TEST

/* Many waiters for one value at a time. */
START_TEST(crowded)
{
	struct flow f = { .b = make(1, MAAR_RING_MPMC, MAAR_WAIT_NO_SPIN), .producers = 8, .consumers = 8, .burst = 1 };

	f.each = UNIT_SANITIZED ? 300 : 2000;
	run_flow(&f, 0);
	unmake(&f.b);
}
END_TEST

/* There and back through rings of one: each value is waited for. */
static void *echo(void *arg)
{
	struct both *b = arg;
	uint64_t value;

	while (maar_wait_dequeue(b[0].wait, &value, MAAR_FOREVER) > 0)
		unit_eq(maar_wait_enqueue(b[1].wait, value + 1, MAAR_FOREVER), 1);
	return NULL;
}

START_TEST(ping_pong)
{
	const unsigned rounds = UNIT_SANITIZED ? 2000 : 20000;
	unsigned i, k;

	for (k = 0; k < 2; k++) {
		struct both b[2] = { make(1, MAAR_RING_SPSC, k ? MAAR_WAIT_NO_SPIN : 0),
				     make(1, MAAR_RING_SPSC, k ? MAAR_WAIT_NO_SPIN : 0) };
		const pthread_t thread = unit_thread(echo, b);

		for (i = 0; i < rounds; i++) {
			uint64_t value = 0;

			unit_eq(maar_wait_enqueue(b[0].wait, i, MAAR_FOREVER), 1);
			unit_eq(maar_wait_dequeue(b[1].wait, &value, MAAR_FOREVER), 1);
			unit_eq(value, i + 1);
		}
		maar_wait_close(b[0].wait);
		unit_join(thread);
		unmake(&b[0]);
		unmake(&b[1]);
	}
}
END_TEST

/* ---- close in mid-stream: nothing lost, nobody left asleep ---- */

START_TEST(close_against_all)
{
	const unsigned rounds = UNIT_SANITIZED ? 70 : 700;
	unsigned round;

	for (round = 0; round < rounds; round++) {
		const unsigned s = round % COUNT_OF(shapes);
		struct flow f = {
			.b = make(1 + round % 3, shapes[s].mode, round % 2 ? MAAR_WAIT_NO_SPIN : 0),
			.producers = shapes[s].producers,
			.consumers = shapes[s].consumers,
			.burst = 1 + round % 2,
			.until_pipe = 1,
		};

		run_flow(&f, round % 50);
		unmake(&f.b);
	}
}
END_TEST

/* ---- the descriptor, under epoll ---- */

struct polled {
	struct flow flow;
	int epoll;
};

static void *consume_by_epoll(void *arg)
{
	struct polled *p = arg;
	struct maar_wait *wait = p->flow.b.wait;
	uint64_t taken = 0, sum = 0;

	for (;;) {
		struct epoll_event event;
		uint64_t value;
		ssize_t rc;

		while ((rc = maar_wait_dequeue(wait, &value, 0)) > 0) {
			taken++;
			sum += value;
		}
		if (rc == -EPIPE)
			break;
		unit_eq(rc, -ETIMEDOUT);
		rc = maar_wait_arm(wait);
		unit_must(rc == 0 || rc == 1);
		while (epoll_wait(p->epoll, &event, 1, rc ? 0 : -1) != 1)
			unit_must(rc == 0 && errno == EINTR); /* said to be readable, it is */
		maar_wait_disarm(wait);
	}
	p->flow.taken = taken;
	p->flow.sum_taken = sum;
	return NULL;
}

START_TEST(epolled)
{
	const uint64_t each = UNIT_SANITIZED ? 2000 : 20000;
	struct epoll_event event = { .events = EPOLLIN };
	unsigned round, i;

	for (round = 0; round < 4; round++) {
		struct polled p = { .flow = { .b = make(round % 2 ? 64 : 1, MAAR_RING_MPSC, 0) } };
		pthread_t threads[2], consumer;

		p.flow.burst = 1;
		p.flow.each = each / (round % 2 ? 1 : 8);
		p.epoll = epoll_create1(0);
		unit_must(p.epoll >= 0);
		unit_must(maar_wait_fd(p.flow.b.wait) >= 0);
		unit_eq(epoll_ctl(p.epoll, EPOLL_CTL_ADD, maar_wait_fd(p.flow.b.wait), &event), 0);
		consumer = unit_thread(consume_by_epoll, &p);
		for (i = 0; i < COUNT_OF(threads); i++)
			threads[i] = unit_thread(produce, &p.flow);
		for (i = 0; i < COUNT_OF(threads); i++)
			unit_join(threads[i]);
		maar_wait_close(p.flow.b.wait);
		unit_join(consumer);
		unit_eq(p.flow.taken, p.flow.sent);
		unit_eq(p.flow.sum_taken, p.flow.sum_sent);
		close(p.epoll);
		unmake(&p.flow.b);
	}
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("wait flow");
	TCase *tcase = unit_tcase(suite, "wait flow");

	tcase_add_test(tcase, flows);
	tcase_add_test(tcase, crowded);
	tcase_add_test(tcase, ping_pong);
	tcase_add_test(tcase, close_against_all);
	tcase_add_test(tcase, epolled);
	return suite;
}
