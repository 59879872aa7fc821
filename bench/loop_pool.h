/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The loops of threads on a pool, and of messages that go through pool and queue (bench/loop.h includes this).
 */
#ifndef BENCH_LOOP_POOL_H
#define BENCH_LOOP_POOL_H

#ifndef BENCH_LOOP_H
#error "include bench/loop.h"
#endif

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

/* The same in bulk; with nothing to touch it is the pool's own time, which the loops over the objects exceed. */
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
		if (w->touch) {
			for (i = 0; i < batch; i++)
				*(uint64_t *)data(objects[i]) = n + i;
			for (i = 0; i < batch; i++)
				w->corrupt += *(uint64_t *)data(objects[i]) != n + i;
		} else {
			__asm__ __volatile__("" : : "r"(objects) : "memory"); /* or get and put are folded */
		}
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
	const uint64_t tag = bench_tag(w), first = w->next;
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
	bench_consumer_ends(w, n, sum, failed);
}

#endif
