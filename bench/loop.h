/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * What threads do in a run, as templates in C: each loop takes the contestant's calls as constant arguments and is
 * always inlined, so the compiler sees one loop with the contestant's own code in it, and no call through a pointer.
 * An adapter instantiates them with the macros at the end. The same text for every contestant, in C and in C++.
 *
 * A value is its producer's number and a sequence number from 1: unique, never 0, and ordered within its producer. A
 * contestant that carries handles gets values of 32 bits, whose sequence numbers wrap.
 *
 * loop_queue.h: producers, consumers, there and back. loop_pool.h: objects. Below: what both need, and how an adapter
 * makes loops of its calls.
 */
#ifndef BENCH_LOOP_H
#define BENCH_LOOP_H

#include <sched.h>
#include <string.h>
#include <time.h>

#include <maar/ring.h>

#include "harness.h"
#include "timing.h"

/*
 * Sequence numbers have 48 bits: at 1 G/s, three days. In the 32 bits of a handle there are 27, beside those of the
 * producer's number, and they wrap.
 */
#define BENCH_SEQ_BITS	      48
#define BENCH_SEQ_BITS_HANDLE 27

/*
 * A number is old, and so the value out of order or there twice, if it lies this little behind the last one: more than
 * the largest ring and all threads hold, less than what a consumer may miss while others work, seen from the other end.
 */
#define BENCH_SEQ_OLD (UINT64_C(1) << 24)

/* Ends a pong: no value of the first producer's, and 32 bits like a handle. */
#define BENCH_FAREWELL UINT64_C(0xffffffff)

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

BENCH_INLINE int bench_flag(const uint32_t *flag)
{
	return __atomic_load_n(flag, __ATOMIC_RELAXED) != 0;
}

BENCH_INLINE void bench_report(struct bench_worker *w, uint64_t done)
{
	__atomic_store_n(w->progress, done, __ATOMIC_RELAXED);
}

/* The wait between retries, the same for everybody: `pauses` retries that pause, then give the processor away once. */
BENCH_INLINE void bench_wait(const struct bench_worker *w, unsigned *tries)
{
	unsigned i;

	if (++*tries % w->pauses == 0)
		sched_yield();
	else
		for (i = 0; i < w->relax; i++)
			maar_cpu_relax();
}

#include "loop_queue.h"

#include "loop_pool.h"

#include "loop_arena.h"

/* ---- instantiation ----------------------------------------------------------------------------------------------- */

/* Loops called id_produce, ... of a contestant's calls; BENCH_LOOPS_... lists them in the order of enum bench_role. */
#define BENCH_ROUND_TRIP(id, put, take)                                                                                \
	static void id##_ping(struct bench_worker *w)                                                                  \
	{                                                                                                              \
		bench_ping(w, put, take);                                                                              \
	}                                                                                                              \
	static void id##_pong(struct bench_worker *w)                                                                  \
	{                                                                                                              \
		bench_pong(w, put, take);                                                                              \
	}

#define BENCH_QUEUE(id, put, take)                                                                                     \
	BENCH_ROUND_TRIP(id, put, take)                                                                                \
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
	static void id##_produce_timed(struct bench_worker *w)                                                         \
	{                                                                                                              \
		bench_produce_timed(w, put);                                                                           \
	}                                                                                                              \
	static void id##_consume_timed(struct bench_worker *w)                                                         \
	{                                                                                                              \
		bench_consume_timed(w, take);                                                                          \
	}

/* Bursts; and with other calls, under another id, bulks: all or nothing. */
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

/* QUEUE: calls for one value. BURST: also bursts. ALL: also bulks, whose loops are called id##_all_produce_n, ... */
#define BENCH_LOOPS_QUEUE(id)                                                                                          \
	{                                                                                                              \
		id##_produce, id##_consume, NULL, NULL, NULL, NULL, id##_produce_timed, id##_consume_timed, id##_self, \
			id##_ping, id##_pong, NULL, NULL, NULL, NULL                                                   \
	}
#define BENCH_LOOPS_QUEUE_BURST(id)                                                                                    \
	{                                                                                                              \
		id##_produce, id##_consume, id##_produce_n, id##_consume_n, NULL, NULL, id##_produce_timed,            \
			id##_consume_timed, id##_self, id##_ping, id##_pong, NULL, NULL, NULL, NULL                    \
	}
#define BENCH_LOOPS_QUEUE_ALL(id)                                                                                      \
	{                                                                                                              \
		id##_produce, id##_consume, id##_produce_n, id##_consume_n, id##_all_produce_n, id##_all_consume_n,    \
			id##_produce_timed, id##_consume_timed, id##_self, id##_ping, id##_pong, NULL, NULL, NULL,     \
			NULL                                                                                           \
	}
/* Bursts alone, for what takes batches and nothing else. */
#define BENCH_LOOPS_BURST(id)                                                                                          \
	{                                                                                                              \
		NULL, NULL, id##_produce_n, id##_consume_n, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,      \
			NULL, NULL                                                                                     \
	}
#define BENCH_LOOPS_EXCHANGE(id)                                                                                       \
	{                                                                                                              \
		NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, id##_send, id##_receive  \
	}
#define BENCH_LOOPS_POOL(id)                                                                                           \
	{                                                                                                              \
		NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, id##_pair, id##_pair_n, id##_send,   \
			id##_receive                                                                                   \
	}

#define BENCH_LOOPS_FILL(id)                                                                                           \
	{                                                                                                              \
		NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, id##_fill    \
	}

/* Loops that an adapter wrote itself, in the order of the roles. */
#define BENCH_LOOPS_SELF(self)                                                                                         \
	{                                                                                                              \
		NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, self, NULL, NULL, NULL, NULL, NULL, NULL               \
	}
#define BENCH_LOOPS_ONE_WAY(produce, consume)                                                                          \
	{                                                                                                              \
		produce, consume, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL         \
	}
#define BENCH_LOOPS_ROUND_TRIP(id)                                                                                     \
	{                                                                                                              \
		NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, id##_ping, id##_pong, NULL, NULL, NULL, NULL     \
	}

#endif
