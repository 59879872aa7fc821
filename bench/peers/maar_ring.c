/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * maar_ring in every mode and layout, a row of the table each. A name says the mode, the cells (lap16: words; lap8:
 * handles; span: words without laps) and, at its end, how the calls know: nothing: they look at the ring's flags;
 * sp/sc: by their names; assume: by maar_ring_assume.
 */
#include "peers.h"

static void *ring_open(const struct bench_contestant *me, const struct bench_case *c, unsigned which)
{
	struct maar_ring *ring = maar_ring_create(c->capacity, me->param);

	(void)which;
	if (!ring)
		perror("maar_ring_create");
	return ring;
}

static int ring_close(void *subject)
{
	maar_ring_destroy(subject);
	return 0;
}

/* The flags, so that a row is a line. Cells of 16 bytes are the default. */
enum {
	SPSC = MAAR_RING_SPSC,
	MPSC = MAAR_RING_MPSC,
	SPMC = MAAR_RING_SPMC,
	MPMC = MAAR_RING_MPMC,
	LAP8 = MAAR_RING_HANDLE,
	SPAN = MAAR_RING_SPAN,
	EXACT = MAAR_RING_EXACT,
	TICKET = MAAR_RING_TICKET,
};

/* clang-format off */
/*
 * X(id, name, set, flags, how the ring is seen, suffix of the producers' calls, of the consumers', BURST or ALL)
 * ALL has bulks beside bursts: not many producers without tickets.
 */
#define RINGS(X) \
	X(s16,  "maar_ring spsc lap16",             BENCH_SPSC, SPSC, AS_IT_IS, , , ALL) \
	X(s16e, "maar_ring spsc lap16 sp/sc",       BENCH_SPSC, SPSC, AS_IT_IS, _sp, _sc, ALL) \
	X(s16a, "maar_ring spsc lap16 assume",      BENCH_SPSC, SPSC, ASSUMED, , , ALL) \
	X(s16x, "maar_ring spsc lap16 exact assume", BENCH_SPSC, SPSC | EXACT, ASSUMED, , , ALL) \
	X(s8,   "maar_ring spsc lap8",              BENCH_SPSC, SPSC | LAP8, AS_IT_IS, , , ALL) \
	X(s8a,  "maar_ring spsc lap8 assume",       BENCH_SPSC, SPSC | LAP8, ASSUMED, , , ALL) \
	X(sp,   "maar_ring spsc span",              BENCH_SPSC, SPSC | SPAN, AS_IT_IS, , , ALL) \
	X(spa,  "maar_ring spsc span assume",       BENCH_SPSC, SPSC | SPAN, ASSUMED, , , ALL) \
	X(mps,  "maar_ring mpsc lap16",             BENCH_MPSC, MPSC, AS_IT_IS, , , BURST) \
	X(mpsa, "maar_ring mpsc lap8 assume",       BENCH_MPSC, MPSC | LAP8, ASSUMED, , , BURST) \
	X(mpt,  "maar_ring mpsc ticket lap16",      BENCH_MPSC, MPSC | TICKET, AS_IT_IS, , , ALL) \
	X(mpta, "maar_ring mpsc ticket lap8 assume", BENCH_MPSC, MPSC | TICKET | LAP8, ASSUMED, , , ALL) \
	X(spm,  "maar_ring spmc lap16",             BENCH_SPMC, SPMC, AS_IT_IS, , , ALL) \
	X(spma, "maar_ring spmc lap8 assume",       BENCH_SPMC, SPMC | LAP8, ASSUMED, , , ALL) \
	X(m16,  "maar_ring mpmc lap16",             BENCH_MPMC, MPMC, AS_IT_IS, , , BURST) \
	X(m16a, "maar_ring mpmc lap16 assume",      BENCH_ANY_TO_ANY, MPMC, ASSUMED, , , BURST) \
	X(m8a,  "maar_ring mpmc lap8 assume",       BENCH_MPMC, MPMC | LAP8, ASSUMED, , , BURST) \
	X(t16a, "maar_ring mpmc ticket lap16 assume", BENCH_MPMC, TICKET, ASSUMED, , , ALL) \
	X(t8,   "maar_ring mpmc ticket lap8",       BENCH_MPMC, TICKET | LAP8, AS_IT_IS, , , ALL) \
	X(t8a,  "maar_ring mpmc ticket lap8 assume", BENCH_ANY_TO_ANY, TICKET | LAP8, ASSUMED, , , ALL)
/* clang-format on */

#define AS_IT_IS(q, flags) ((struct maar_ring *)(q))
#define ASSUMED(q, flags)  maar_ring_assume((struct maar_ring *)(q), (flags))

#define LOOPS_BURST(id, flags, see, put, take)                                                                         \
	BENCH_INLINE size_t id##_put(void *q, uint64_t value)                                                          \
	{                                                                                                              \
		return maar_ring_enqueue##put(see(q, flags), value);                                                   \
	}                                                                                                              \
	BENCH_INLINE size_t id##_take(void *q, uint64_t *value)                                                        \
	{                                                                                                              \
		return maar_ring_dequeue##take(see(q, flags), value);                                                  \
	}                                                                                                              \
	BENCH_INLINE size_t id##_put_n(void *q, const uint64_t *values, size_t n)                                      \
	{                                                                                                              \
		return maar_ring_enqueue_burst##put(see(q, flags), values, n);                                         \
	}                                                                                                              \
	BENCH_INLINE size_t id##_take_n(void *q, uint64_t *values, size_t n)                                           \
	{                                                                                                              \
		return maar_ring_dequeue_burst##take(see(q, flags), values, n);                                        \
	}                                                                                                              \
	BENCH_QUEUE(id, id##_put, id##_take)                                                                           \
	BENCH_QUEUE_BULK(id, id##_put_n, id##_take_n)

#define LOOPS_ALL(id, flags, see, put, take)                                                                           \
	LOOPS_BURST(id, flags, see, put, take)                                                                         \
	BENCH_INLINE size_t id##_put_all(void *q, const uint64_t *values, size_t n)                                    \
	{                                                                                                              \
		return maar_ring_enqueue_bulk##put(see(q, flags), values, n);                                          \
	}                                                                                                              \
	BENCH_INLINE size_t id##_take_all(void *q, uint64_t *values, size_t n)                                         \
	{                                                                                                              \
		return maar_ring_dequeue_bulk##take(see(q, flags), values, n);                                         \
	}                                                                                                              \
	BENCH_QUEUE_BULK(id##_all, id##_put_all, id##_take_all)

#define LOOPS(id, name, set, flags, see, put, take, many) LOOPS_##many(id, flags, see, put, take)
RINGS(LOOPS)

#define ROW(id, name, set, flags, see, put, take, many)                                                                \
	{ name,	      "maar", NULL,  (set) | ((flags)&MAAR_RING_HANDLE ? BENCH_HANDLES : 0),                           \
	  BENCH_FIFO, 0,      flags, ring_open,                                                                        \
	  ring_close, NULL,   NULL,  BENCH_LOOPS_QUEUE_##many(id) },

static const struct bench_contestant rows[] = { RINGS(ROW) };

const struct bench_peer bench_peer_maar_ring = BENCH_ROWS(rows);
