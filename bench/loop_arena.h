/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The loop of a thread with an arena: as many objects as the case's capacity, then all of them ended at once (bench/loop.h
 * includes this).
 */
#ifndef BENCH_LOOP_ARENA_H
#define BENCH_LOOP_ARENA_H

#ifndef BENCH_LOOP_H
#error "include bench/loop.h"
#endif

/* Different sizes before they come again, enough for no branch predictor to know them. */
#define BENCH_SIZES 4096

typedef void *bench_alloc_fn(void *handle, size_t bytes);
typedef void bench_end_fn(void *handle); /* of all objects */

/* 70 % 8 to 128 bytes, 28 % to 512, 2 % to 2 KiB: small structures and texts, as a request has them. */
BENCH_INLINE void bench_mix(uint16_t *sizes)
{
	uint32_t x = 12345, i;

	for (i = 0; i < BENCH_SIZES; i++) {
		uint32_t kind, r;

		x = x * 1664525 + 1013904223;
		kind = (x >> 16) % 100;
		x = x * 1664525 + 1013904223;
		r = x >> 16;
		sizes[i] = (uint16_t)(kind < 70 ? 8 + r % 121 : kind < 98 ? 129 + r % 384 : 513 + r % 1536);
	}
}

/* Each object's first word is written; sixteen of each filling are read at its end. */
BENCH_INLINE void bench_fill_arena(struct bench_worker *w, size_t objects, bench_alloc_fn *alloc, bench_end_fn *end)
{
	static uint16_t sizes[BENCH_SIZES];
	void *const h = w->handle[0];
	const size_t step = objects / 16;
	uint64_t n = 0, value = 0;
	uint64_t *kept[16 + 1];
	size_t i, k;

	bench_mix(sizes);
	while (n < w->limit && !bench_flag(&w->run->stop)) {
		for (k = 0; k * step < objects; k++) {
			const size_t last = (k + 1) * step < objects ? (k + 1) * step : objects;

			for (i = k * step; i < last; i++) {
				uint64_t *object = (uint64_t *)alloc(h, sizes[value % BENCH_SIZES]);

				if (!object) {
					w->failed++;
					return;
				}
				*object = value++;
				if (i == k * step)
					kept[k] = object;
			}
		}
		for (i = 0; i < k; i++)
			w->corrupt += *kept[i] != value - objects + i * step;
		end(h);
		n += objects;
		bench_report(w, n);
	}
	w->done = n;
}

#define BENCH_FILL_LOOP(id, objects_of, alloc, end)                                                                    \
	static void id##_fill(struct bench_worker *w)                                                                  \
	{                                                                                                              \
		bench_fill_arena(w, objects_of(w->handle[0]), alloc, end);                                             \
	}

#endif
