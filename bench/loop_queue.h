/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The loops of threads on a queue (bench/loop.h includes this): one way, one way and timed, there and back.
 */
#ifndef BENCH_LOOP_QUEUE_H
#define BENCH_LOOP_QUEUE_H

#ifndef BENCH_LOOP_H
#error "include bench/loop.h"
#endif

/* ---- one way: producers and consumers ---------------------------------------------------------------------------- */

BENCH_INLINE uint64_t bench_tag(const struct bench_worker *w)
{
	return (uint64_t)w->index << w->seq_bits;
}

/* 0 + 1 + ... + n - 1, modulo 2^64. */
BENCH_INLINE uint64_t bench_triangle(uint64_t n)
{
	return n & 1 ? (n - 1) / 2 * n : n / 2 * (n - 1);
}

/* The sum of the sequence numbers below n, as they stand in values, where they wrap. */
BENCH_INLINE uint64_t bench_sum_below(uint64_t n, const struct bench_worker *w)
{
	return (n >> w->seq_bits) * bench_triangle(w->seq_mask + 1) + bench_triangle(n & w->seq_mask);
}

BENCH_INLINE void bench_producer_ends(struct bench_worker *w, uint64_t first)
{
	const uint64_t n = w->next - first;

	w->done = n;
	w->count += n;
	w->sum += bench_tag(w) * n + bench_sum_below(w->next, w) - bench_sum_below(first, w);
	bench_report(w, n);
	__atomic_store_n(&w->run->ended_ns, bench_now(), __ATOMIC_RELAXED);
	__atomic_fetch_add(&w->run->sent, n, __ATOMIC_RELAXED);
	__atomic_fetch_sub(&w->run->running, 1, __ATOMIC_RELEASE);
}

BENCH_INLINE void bench_produce(struct bench_worker *w, bench_put_fn *put)
{
	void *const q = w->handle[0];
	const uint64_t tag = bench_tag(w), mask = w->seq_mask, first = w->next;
	const uint64_t end = w->limit == UINT64_MAX ? UINT64_MAX : first + w->limit;
	uint64_t seq = first, failed = 0;
	unsigned tries = 0;

	while (seq != end && !bench_flag(&w->run->stop)) {
		const uint64_t chunk = end - seq < BENCH_CHUNK ? end : seq + BENCH_CHUNK;

		while (seq != chunk) {
			if (put(q, tag | (seq & mask))) {
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
	const uint64_t tag = bench_tag(w), mask = w->seq_mask, first = w->next;
	const uint64_t end = w->limit == UINT64_MAX ? UINT64_MAX : first + w->limit;
	uint64_t seq = first, failed = 0, values[BENCH_MAX_BATCH];
	unsigned tries = 0;
	size_t i, k, want;

	while (seq != end && !bench_flag(&w->run->stop)) {
		for (i = 0; i < batch; i++)
			values[i] = tag | ((seq + i) & mask);
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
	const uint64_t from = value >> w->seq_bits, seq = value & w->seq_mask;

	if (maar_unlikely(from >= w->run->producers || ((w->last[from] - seq) & w->seq_mask) < BENCH_SEQ_OLD))
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

BENCH_INLINE void bench_consumer_ends(struct bench_worker *w, uint64_t taken, uint64_t sum, uint64_t failed)
{
	w->done = taken;
	w->failed = failed;
	w->count += taken;
	w->sum += sum;
	bench_report(w, taken);
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
	bench_consumer_ends(w, n, sum, failed);
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
	bench_consumer_ends(w, n, sum, failed);
}

/* ---- one way, each call between two time stamps ------------------------------------------------------------------ */

/* Only what succeeded is timed: a call that finds the ring full is the harness's cue to wait, and is counted apart. */
BENCH_INLINE void bench_produce_timed(struct bench_worker *w, bench_put_fn *put)
{
	void *const q = w->handle[0];
	const uint64_t tag = bench_tag(w), mask = w->seq_mask, first = w->next;
	const uint64_t end = w->limit == UINT64_MAX ? UINT64_MAX : first + w->limit;
	uint64_t seq = first, failed = 0, before;
	unsigned tries = 0;

	while (seq != end && !bench_flag(&w->run->stop)) {
		before = bench_ticks();
		if (put(q, tag | (seq & mask))) {
			bench_time(w->timing, before, bench_ticks());
			seq++;
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

BENCH_INLINE void bench_consume_timed(struct bench_worker *w, bench_take_fn *take)
{
	void *const q = w->handle[0];
	uint64_t n = 0, sum = 0, failed = 0, value, before;
	unsigned tries = 0, dry = 0;

	for (;;) {
		before = bench_ticks();
		if (take(q, &value)) {
			bench_time_take(w->timing, before, bench_ticks());
			bench_check(w, value, &sum);
			tries = dry = 0;
			n++;
			bench_report(w, n);
			if (bench_flag(&w->run->abandon))
				break;
			continue;
		}
		failed++;
		if (bench_consumer_idle(w, &tries, &dry))
			break;
	}
	bench_consumer_ends(w, n, sum, failed);
}

/* ---- there and back ---------------------------------------------------------------------------------------------- */

/* One thread, enqueue and dequeue in turn: the cost of the calls themselves. */
BENCH_INLINE void bench_self(struct bench_worker *w, bench_put_fn *put, bench_take_fn *take)
{
	void *const q = w->handle[0];
	const uint64_t mask = w->seq_mask;
	uint64_t seq = w->next, n = 0, value;

	while (n != w->limit && !(n % BENCH_CHUNK == 0 && bench_flag(&w->run->stop))) {
		if (!put(q, seq & mask) || !take(q, &value)) {
			w->failed++; /* an otherwise empty ring that refuses, or a value that is not there */
			if (bench_flag(&w->run->stop))
				break;
			continue;
		}
		w->disorder += value != (seq & mask);
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
		there = bench_call(w, put, take, seq & w->seq_mask, &value);
		if (!there)
			break;
		w->disorder += value != (seq & w->seq_mask);
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

#endif
