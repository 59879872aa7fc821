/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The loops of processes that exchange messages, and what a message is: words, each the value and its own number more, all
 * written by who sends it and all read by who receives it, so that nobody saves the copy by not looking at the bytes.
 *
 * Calls may wait inside: a take for BENCH_LOOK_NS at most, a put for as long as others take. So a consumer does not find
 * out by many looks that nothing comes any more: producers add up how many they have sent, and consumers what they have got.
 */
#ifndef BENCH_LOOP_IPC_H
#define BENCH_LOOP_IPC_H

#include "loop.h"

/* So long at most does a take wait: far longer than any wake-up. */
#define BENCH_LOOK_NS INT64_C(20000000)

/* What a message is whose bytes have changed: no producer's value. */
#define BENCH_SPOILT UINT64_MAX

BENCH_INLINE void bench_message_write(void *message, size_t bytes, uint64_t value)
{
	uint64_t *const word = (uint64_t *)message;
	size_t i;

	for (i = 0; i < bytes / sizeof(*word); i++)
		word[i] = value + i;
}

BENCH_INLINE uint64_t bench_message_read(const void *message, size_t bytes)
{
	const uint64_t *const word = (const uint64_t *)message;
	const uint64_t value = word[0];
	uint64_t wrong = 0;
	size_t i;

	for (i = 1; i < bytes / sizeof(*word); i++)
		wrong |= (word[i] - i) ^ value;
	return wrong ? BENCH_SPOILT : value;
}

/* True when all producers have ended and all consumers together have what they sent. *told: what this one has added. */
BENCH_INLINE int bench_ipc_all(struct bench_worker *w, uint64_t n, uint64_t *told)
{
	uint64_t all;

	if (maar_likely(__atomic_load_n(&w->run->running, __ATOMIC_ACQUIRE) != 0))
		return 0;
	all = __atomic_add_fetch(&w->run->received, n - *told, __ATOMIC_RELAXED);
	*told = n;
	return all >= __atomic_load_n(&w->run->sent, __ATOMIC_RELAXED);
}

BENCH_INLINE void bench_ipc_consume(struct bench_worker *w, bench_take_fn *take)
{
	void *const q = w->handle[0];
	uint64_t n = 0, sum = 0, failed = 0, told = 0, value;
	unsigned tries = 0, dry = 0;

	while (!bench_flag(&w->run->abandon)) {
		if (take(q, &value)) {
			bench_check(w, value, &sum);
			tries = dry = 0;
			if (++n % BENCH_CHUNK == 0)
				bench_report(w, n);
			if (!bench_ipc_all(w, n, &told))
				continue;
			w->end_ns = bench_now();
			break;
		}
		failed++;
		bench_report(w, n);
		/* the last message came before this look, at about the time when its sender ended */
		w->end_ns = __atomic_load_n(&w->run->ended_ns, __ATOMIC_RELAXED);
		if (bench_ipc_all(w, n, &told))
			break;
		dry += !__atomic_load_n(&w->run->running, __ATOMIC_ACQUIRE);
		if (dry > BENCH_DRY) /* messages are lost */
			break;
		bench_wait(w, &tries);
	}
	bench_consumer_ends(w, n, sum, failed);
}

#define BENCH_IPC(id, put, take)                                                                                       \
	BENCH_ROUND_TRIP(id, put, take)                                                                                \
	static void id##_produce(struct bench_worker *w)                                                               \
	{                                                                                                              \
		bench_produce(w, put);                                                                                 \
	}                                                                                                              \
	static void id##_consume(struct bench_worker *w)                                                               \
	{                                                                                                              \
		bench_ipc_consume(w, take);                                                                            \
	}

#define BENCH_LOOPS_IPC(id)                                                                                            \
	{                                                                                                              \
		id##_produce, id##_consume, NULL, NULL, NULL, NULL, NULL, NULL, NULL, id##_ping, id##_pong, NULL,      \
			NULL, NULL, NULL, NULL                                                                         \
	}

#endif
