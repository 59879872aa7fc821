/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * What threads do in a run, as templates in C: each loop takes the contestant's calls as constant arguments and is
 * always inlined, so the compiler sees one loop with the contestant's own code in it, and no call through a pointer.
 * An adapter instantiates them with the macros at the end. The same text for every contestant, in C and in C++.
 *
 * A value is its producer's number and a sequence number from 1: unique, never 0, and ordered within its producer.
 */
#ifndef BENCH_LOOP_H
#define BENCH_LOOP_H

#include <sched.h>
#include <string.h>
#include <time.h>

#include <maar/ring.h>

#include "harness.h"

#define BENCH_INLINE static inline __attribute__((always_inline, unused))

/* Sequence numbers have 48 bits: at 1 G/s, three days. */
#define BENCH_SEQ_BITS 48
#define BENCH_SEQ_MASK ((UINT64_C(1) << BENCH_SEQ_BITS) - 1)

/* Ends a pong: no producer's value. */
#define BENCH_FAREWELL UINT64_MAX

/* Successes between two looks at the stop flag and two reports of progress: their cost is then below 1 %. */
#define BENCH_CHUNK 64

/* A consumer that finds nothing this often in a row after the last producer has ended believes it. */
#define BENCH_DRY 64

/* The contestant's calls, as the loops want them. Counts are of values: 0 means full or empty. */
typedef size_t bench_put_fn(void *handle, uint64_t value);
typedef size_t bench_take_fn(void *handle, uint64_t *value);
typedef size_t bench_put_n_fn(void *handle, const uint64_t *values, size_t n);
typedef size_t bench_take_n_fn(void *handle, uint64_t *values, size_t n);
typedef void *bench_get_fn(void *handle, size_t bytes); /* NULL: none free */
typedef int bench_give_fn(void *handle, void *object);	/* 0, or refused */
typedef size_t bench_get_n_fn(void *handle, void **objects, size_t n, size_t bytes);
typedef size_t bench_give_n_fn(void *handle, void **objects, size_t n);
typedef void *bench_data_fn(void *object); /* the bytes of an object, 8-aligned */

BENCH_INLINE uint64_t bench_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

BENCH_INLINE int bench_flag(const uint32_t *flag)
{
	return __atomic_load_n(flag, __ATOMIC_RELAXED) != 0;
}

BENCH_INLINE void bench_report(struct bench_worker *w, uint64_t done)
{
	__atomic_store_n(w->progress, done, __ATOMIC_RELAXED);
}

/* The wait between retries, the same for everybody: `pauses` pauses, then give the processor away once. */
BENCH_INLINE void bench_wait(const struct bench_worker *w, unsigned *tries)
{
	if (++*tries % w->pauses)
		maar_cpu_relax();
	else
		sched_yield();
}

/* ---- one way: producers and consumers ---------------------------------------------------------------------------- */

BENCH_INLINE void bench_producer_ends(struct bench_worker *w, uint64_t first)
{
	const uint64_t n = w->next - first;

	w->done = n;
	w->count += n;
	/* n values tag + first, tag + first + 1, ...: the sum modulo 2^64 */
	w->sum += ((uint64_t)w->index << BENCH_SEQ_BITS) * n + first * n + (n & 1 ? (n - 1) / 2 * n : n / 2 * (n - 1));
	bench_report(w, n);
	__atomic_fetch_sub(&w->run->running, 1, __ATOMIC_RELEASE);
}

BENCH_INLINE void bench_produce(struct bench_worker *w, bench_put_fn *put)
{
	void *const q = w->handle[0];
	const uint64_t tag = (uint64_t)w->index << BENCH_SEQ_BITS, first = w->next;
	const uint64_t end = w->limit == UINT64_MAX ? UINT64_MAX : first + w->limit;
	uint64_t seq = first, failed = 0;
	unsigned tries = 0;

	while (seq != end && !bench_flag(&w->run->stop)) {
		const uint64_t chunk = end - seq < BENCH_CHUNK ? end : seq + BENCH_CHUNK;

		while (seq != chunk) {
			if (put(q, tag | seq)) {
				seq++;
				tries = 0;
				continue;
			}
			failed++;
			if (bench_flag(&w->run->stop))
				goto out;
			bench_wait(w, &tries);
		}
	}
out:
	w->next = seq;
	w->failed = failed;
	bench_producer_ends(w, first);
}

/* `batch` is a constant here, as it is in programs that care. A limit is a multiple of it. */
BENCH_INLINE void bench_produce_n(struct bench_worker *w, bench_put_n_fn *put_n, const size_t batch)
{
	void *const q = w->handle[0];
	const uint64_t tag = (uint64_t)w->index << BENCH_SEQ_BITS, first = w->next;
	const uint64_t end = w->limit == UINT64_MAX ? UINT64_MAX : first + w->limit;
	uint64_t seq = first, failed = 0, values[BENCH_MAX_BATCH];
	unsigned tries = 0;
	size_t i, k, want;

	while (seq != end && !bench_flag(&w->run->stop)) {
		for (i = 0; i < batch; i++)
			values[i] = tag | (seq + i);
		/* after a partial burst the last one may be short of a batch */
		want = end - seq < batch ? (size_t)(end - seq) : batch;
		k = want == batch ? put_n(q, values, batch) : put_n(q, values, want);
		seq += k;
		if (k) {
			tries = 0;
		} else {
			failed++;
			bench_wait(w, &tries);
		}
	}
	w->next = seq;
	w->failed = failed;
	bench_producer_ends(w, first);
}

/* Takes one value into account. */
BENCH_INLINE void bench_check(struct bench_worker *w, uint64_t value, uint64_t *sum)
{
	const uint64_t from = value >> BENCH_SEQ_BITS, seq = value & BENCH_SEQ_MASK;

	if (maar_unlikely(from >= w->run->producers || seq <= w->last[from]))
		w->disorder++;
	else
		w->last[from] = seq;
	*sum += value;
}

/*
 * What a consumer does when it has found nothing: true if it should end. The time of the first look that found nothing
 * after the last producer had ended is when its work ended.
 */
BENCH_INLINE int bench_consumer_idle(struct bench_worker *w, unsigned *tries, unsigned *dry)
{
	if (bench_flag(&w->run->abandon))
		return 1;
	if (!__atomic_load_n(&w->run->running, __ATOMIC_ACQUIRE)) {
		if (!*dry)
			w->end_ns = bench_now();
		if (++*dry > BENCH_DRY)
			return 1;
	}
	bench_wait(w, tries);
	return 0;
}

BENCH_INLINE void bench_consume(struct bench_worker *w, bench_take_fn *take)
{
	void *const q = w->handle[0];
	uint64_t n = 0, sum = 0, failed = 0, value;
	unsigned tries = 0, dry = 0;

	for (;;) {
		if (take(q, &value)) {
			bench_check(w, value, &sum);
			tries = dry = 0;
			if (++n % BENCH_CHUNK == 0) {
				bench_report(w, n);
				if (bench_flag(&w->run->abandon))
					break;
			}
			continue;
		}
		failed++;
		bench_report(w, n);
		if (bench_consumer_idle(w, &tries, &dry))
			break;
	}
	w->done = n;
	w->failed = failed;
	w->count += n;
	w->sum += sum;
	bench_report(w, n);
}

BENCH_INLINE void bench_consume_n(struct bench_worker *w, bench_take_n_fn *take_n, const size_t batch)
{
	void *const q = w->handle[0];
	uint64_t n = 0, sum = 0, failed = 0, values[BENCH_MAX_BATCH];
	unsigned tries = 0, dry = 0;
	size_t i, k;

	for (;;) {
		k = take_n(q, values, batch);
		for (i = 0; i < k; i++)
			bench_check(w, values[i], &sum);
		n += k;
		if (k) {
			tries = dry = 0;
			bench_report(w, n);
			if (bench_flag(&w->run->abandon))
				break;
			continue;
		}
		failed++;
		bench_report(w, n);
		if (bench_consumer_idle(w, &tries, &dry))
			break;
	}
	w->done = n;
	w->failed = failed;
	w->count += n;
	w->sum += sum;
	bench_report(w, n);
}

/* ---- there and back ---------------------------------------------------------------------------------------------- */

/* One thread, enqueue and dequeue in turn: the cost of the calls themselves. */
BENCH_INLINE void bench_self(struct bench_worker *w, bench_put_fn *put, bench_take_fn *take)
{
	void *const q = w->handle[0];
	uint64_t seq = w->next, n = 0, value;

	while (n != w->limit && !(n % BENCH_CHUNK == 0 && bench_flag(&w->run->stop))) {
		if (!put(q, seq) || !take(q, &value)) {
			w->failed++; /* an otherwise empty ring that refuses, or a value that is not there */
			if (bench_flag(&w->run->stop))
				break;
			continue;
		}
		w->disorder += value != seq;
		seq++;
		n++;
	}
	w->next = seq;
	w->done = n;
	bench_report(w, n);
}

/* Puts into ring `to`, waits for what comes from ring `from`. False: abandoned. */
BENCH_INLINE int bench_call(struct bench_worker *w, bench_put_fn *put, bench_take_fn *take, uint64_t value,
			    uint64_t *answer)
{
	unsigned tries = 0;

	while (!put(w->handle[0], value)) {
		w->failed++;
		bench_wait(w, &tries);
		if (bench_flag(&w->run->abandon))
			return 0;
	}
	for (tries = 0; !take(w->handle[1], answer); bench_wait(w, &tries)) {
		w->failed++;
		if (bench_flag(&w->run->abandon))
			return 0;
	}
	return 1;
}

BENCH_INLINE void bench_ping(struct bench_worker *w, bench_put_fn *put, bench_take_fn *take)
{
	uint64_t seq = w->next, n = 0, value = 0;
	int there = 1;

	while (n != w->limit && !bench_flag(&w->run->stop)) {
		there = bench_call(w, put, take, seq, &value);
		if (!there)
			break;
		w->disorder += value != seq;
		seq++;
		if (++n % BENCH_CHUNK == 0)
			bench_report(w, n);
	}
	w->end_ns = bench_now();
	w->next = seq;
	w->done = n;
	bench_report(w, n);
	if (there && bench_call(w, put, take, BENCH_FAREWELL, &value))
		w->disorder += value != BENCH_FAREWELL;
}

BENCH_INLINE void bench_pong(struct bench_worker *w, bench_put_fn *put, bench_take_fn *take)
{
	uint64_t value = 0;
	unsigned tries;

	while (value != BENCH_FAREWELL) {
		for (tries = 0; !take(w->handle[0], &value); bench_wait(w, &tries))
			if (bench_flag(&w->run->abandon))
				return;
		for (tries = 0; !put(w->handle[1], value); bench_wait(w, &tries))
			if (bench_flag(&w->run->abandon))
				return;
	}
}

/* ---- pools ------------------------------------------------------------------------------------------------------- */

/* Each object gets its number written into it, and is read again before it goes back: an object that two hold shows. */
BENCH_INLINE void bench_pair(struct bench_worker *w, bench_get_fn *get, bench_give_fn *give, bench_data_fn *data)
{
	void *const p = w->handle[0];
	uint64_t n = 0;

	while (n != w->limit && !(n % BENCH_CHUNK == 0 && bench_flag(&w->run->stop))) {
		void *object = get(p, w->bytes);
		volatile uint64_t *word;

		if (!object) {
			w->failed++;
			if (bench_flag(&w->run->stop))
				break;
			continue;
		}
		word = (uint64_t *)data(object);
		*word = n;
		w->corrupt += *word != n;
		w->refused += give(p, object) != 0;
		n++;
	}
	w->done = n;
	bench_report(w, n);
}

BENCH_INLINE void bench_pair_n(struct bench_worker *w, bench_get_n_fn *get_n, bench_give_n_fn *give_n,
			       bench_data_fn *data, const size_t batch)
{
	void *const p = w->handle[0];
	void *objects[BENCH_MAX_BATCH];
	uint64_t n = 0;
	size_t i;

	while (n < w->limit && !bench_flag(&w->run->stop)) {
		if (!get_n(p, objects, batch, w->bytes)) {
			w->failed++;
			continue;
		}
		for (i = 0; i < batch; i++)
			*(uint64_t *)data(objects[i]) = n + i;
		for (i = 0; i < batch; i++)
			w->corrupt += *(uint64_t *)data(objects[i]) != n + i;
		w->refused += batch - give_n(p, objects, batch);
		n += batch;
	}
	w->done = n;
	bench_report(w, n);
}

/* The bytes of a message: its value, then words that follow from it. */
BENCH_INLINE void bench_fill(uint64_t *words, size_t n, uint64_t value)
{
	size_t i;

	for (i = 0; i < n; i++)
		words[i] = value + i;
}

BENCH_INLINE int bench_differs(const uint64_t *words, size_t n, uint64_t value)
{
	uint64_t differ = 0;
	size_t i;

	for (i = 0; i < n; i++)
		differ |= words[i] ^ (value + i);
	return differ != 0;
}

BENCH_INLINE void bench_send(struct bench_worker *w, bench_get_fn *get, bench_data_fn *data, bench_give_fn *give,
			     bench_put_fn *put)
{
	void *const h = w->handle[0];
	const uint64_t tag = (uint64_t)w->index << BENCH_SEQ_BITS, first = w->next;
	const uint64_t end = w->limit == UINT64_MAX ? UINT64_MAX : first + w->limit;
	uint64_t seq = first, failed = 0;
	unsigned tries = 0;

	while (seq != end && !((seq - first) % BENCH_CHUNK == 0 && bench_flag(&w->run->stop))) {
		void *message = get(h, w->bytes);

		if (!message) {
			failed++;
			if (bench_flag(&w->run->stop))
				break;
			bench_wait(w, &tries);
			continue;
		}
		bench_fill((uint64_t *)data(message), w->touch / 8, tag | seq);
		for (tries = 0; !put(h, (uint64_t)(uintptr_t)message); bench_wait(w, &tries)) {
			failed++;
			if (bench_flag(&w->run->stop)) {
				w->refused += give(h, message) != 0;
				goto out;
			}
		}
		seq++;
	}
out:
	w->next = seq;
	w->failed = failed;
	bench_producer_ends(w, first);
}

BENCH_INLINE void bench_receive(struct bench_worker *w, bench_take_fn *take, bench_data_fn *data, bench_give_fn *give)
{
	void *const h = w->handle[0];
	uint64_t n = 0, sum = 0, failed = 0, message;
	unsigned tries = 0, dry = 0;

	for (;;) {
		if (take(h, &message)) {
			const uint64_t *words = (const uint64_t *)data((void *)(uintptr_t)message);
			const uint64_t value = words[0];

			bench_check(w, value, &sum);
			w->corrupt += bench_differs(words, w->touch / 8, value);
			w->refused += give(h, (void *)(uintptr_t)message) != 0;
			tries = dry = 0;
			if (++n % BENCH_CHUNK == 0) {
				bench_report(w, n);
				if (bench_flag(&w->run->abandon))
					break;
			}
			continue;
		}
		failed++;
		bench_report(w, n);
		if (bench_consumer_idle(w, &tries, &dry))
			break;
	}
	w->done = n;
	w->failed = failed;
	w->count += n;
	w->sum += sum;
	bench_report(w, n);
}

/* ---- instantiation ----------------------------------------------------------------------------------------------- */

/* Loops called id_produce, ... of a contestant's calls; BENCH_LOOPS_... lists them in the order of enum bench_role. */
#define BENCH_QUEUE(id, put, take)                                                                                     \
	static void id##_produce(struct bench_worker *w)                                                               \
	{                                                                                                              \
		bench_produce(w, put);                                                                                 \
	}                                                                                                              \
	static void id##_consume(struct bench_worker *w)                                                               \
	{                                                                                                              \
		bench_consume(w, take);                                                                                \
	}                                                                                                              \
	static void id##_self(struct bench_worker *w)                                                                  \
	{                                                                                                              \
		bench_self(w, put, take);                                                                              \
	}                                                                                                              \
	static void id##_ping(struct bench_worker *w)                                                                  \
	{                                                                                                              \
		bench_ping(w, put, take);                                                                              \
	}                                                                                                              \
	static void id##_pong(struct bench_worker *w)                                                                  \
	{                                                                                                              \
		bench_pong(w, put, take);                                                                              \
	}

#define BENCH_QUEUE_BULK(id, put_n, take_n)                                                                            \
	static void id##_produce_n(struct bench_worker *w)                                                             \
	{                                                                                                              \
		if (w->batch == 8)                                                                                     \
			bench_produce_n(w, put_n, 8);                                                                  \
		else                                                                                                   \
			bench_produce_n(w, put_n, 32);                                                                 \
	}                                                                                                              \
	static void id##_consume_n(struct bench_worker *w)                                                             \
	{                                                                                                              \
		if (w->batch == 8)                                                                                     \
			bench_consume_n(w, take_n, 8);                                                                 \
		else                                                                                                   \
			bench_consume_n(w, take_n, 32);                                                                \
	}

#define BENCH_POOL_LOOPS(id, get, give, get_n, give_n, data)                                                           \
	static void id##_pair(struct bench_worker *w)                                                                  \
	{                                                                                                              \
		bench_pair(w, get, give, data);                                                                        \
	}                                                                                                              \
	static void id##_pair_n(struct bench_worker *w)                                                                \
	{                                                                                                              \
		bench_pair_n(w, get_n, give_n, data, 32);                                                              \
	}

#define BENCH_EXCHANGE_LOOPS(id, get, data, give, put, take)                                                           \
	static void id##_send(struct bench_worker *w)                                                                  \
	{                                                                                                              \
		bench_send(w, get, data, give, put);                                                                   \
	}                                                                                                              \
	static void id##_receive(struct bench_worker *w)                                                               \
	{                                                                                                              \
		bench_receive(w, take, data, give);                                                                    \
	}

#define BENCH_LOOPS_QUEUE(id)                                                                                          \
	{                                                                                                              \
		id##_produce, id##_consume, NULL, NULL, id##_self, id##_ping, id##_pong, NULL, NULL, NULL, NULL        \
	}
#define BENCH_LOOPS_QUEUE_BULK(id)                                                                                     \
	{                                                                                                              \
		id##_produce, id##_consume, id##_produce_n, id##_consume_n, id##_self, id##_ping, id##_pong, NULL,     \
			NULL, NULL, NULL                                                                               \
	}
#define BENCH_LOOPS_EXCHANGE(id)                                                                                       \
	{                                                                                                              \
		NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, id##_send, id##_receive                          \
	}
#define BENCH_LOOPS_POOL(id)                                                                                           \
	{                                                                                                              \
		NULL, NULL, NULL, NULL, NULL, NULL, NULL, id##_pair, id##_pair_n, id##_send, id##_receive              \
	}

#endif
