/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * ck_ring of Concurrency Kit, which holds one entry less than its size and has no bulk calls.
 */
#include <ck_ring.h>

#include "peers.h"

struct subject {
	ck_ring_t ring __attribute__((aligned(BENCH_APART)));
	ck_ring_buffer_t buffer[] __attribute__((aligned(BENCH_APART)));
};

static void *subject_open(const struct bench_contestant *me, const struct bench_case *c, unsigned which)
{
	struct subject *s = NULL;
	const size_t bytes = sizeof(*s) + c->capacity * sizeof(s->buffer[0]);

	(void)me;
	(void)which;
	s = aligned_alloc(BENCH_APART, (bytes + BENCH_APART - 1) / BENCH_APART * BENCH_APART);
	if (!s) {
		perror("ck_ring");
		return NULL;
	}
	memset(s, 0, bytes);
	ck_ring_init(&s->ring, (unsigned)c->capacity);
	return s;
}

static int subject_close(void *subject)
{
	free(subject);
	return 0;
}

#define CALLS(id)                                                                                                      \
	BENCH_INLINE size_t id##_put(void *h, uint64_t value)                                                          \
	{                                                                                                              \
		struct subject *s = h;                                                                                 \
                                                                                                                       \
		return ck_ring_enqueue_##id(&s->ring, s->buffer, (void *)(uintptr_t)value);                            \
	}                                                                                                              \
	BENCH_INLINE size_t id##_take(void *h, uint64_t *value)                                                        \
	{                                                                                                              \
		struct subject *s = h;                                                                                 \
		void *entry;                                                                                           \
                                                                                                                       \
		if (!ck_ring_dequeue_##id(&s->ring, s->buffer, &entry))                                                \
			return 0;                                                                                      \
		*value = (uintptr_t)entry;                                                                             \
		return 1;                                                                                              \
	}                                                                                                              \
	BENCH_QUEUE(id, id##_put, id##_take)

CALLS(spsc)
CALLS(mpsc)
CALLS(spmc)
CALLS(mpmc)
BENCH_EXCHANGE_LOOPS(spsc, bench_malloc, bench_bytes, bench_free, spsc_put, spsc_take)
BENCH_EXCHANGE_LOOPS(mpmc, bench_malloc, bench_bytes, bench_free, mpmc_put, mpmc_take)

#define ROW(name, set, loops)                                                                                          \
	{                                                                                                              \
		name, "Concurrency Kit", NULL, set, BENCH_FIFO, 0, 0, subject_open, subject_close, NULL, NULL, loops   \
	}

static const struct bench_contestant rows[] = {
	ROW("ck_ring spsc", BENCH_SPSC, BENCH_LOOPS_QUEUE(spsc)),
	ROW("ck_ring mpsc", BENCH_MPSC, BENCH_LOOPS_QUEUE(mpsc)),
	ROW("ck_ring spmc", BENCH_SPMC, BENCH_LOOPS_QUEUE(spmc)),
	ROW("ck_ring mpmc", BENCH_MPMC, BENCH_LOOPS_QUEUE(mpmc)),
	ROW("malloc + ck_ring spsc", BENCH_EXCHANGE1, BENCH_LOOPS_EXCHANGE(spsc)),
	ROW("malloc + ck_ring mpmc", BENCH_EXCHANGE1 | BENCH_EXCHANGE, BENCH_LOOPS_EXCHANGE(mpmc)),
};

const struct bench_peer bench_peer_ck = BENCH_ROWS(rows);
