/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Every mode of a ring, and every family of calls that may be used on it, as tables to loop over.
 */
#ifndef MAAR_TEST_UNIT_RING_MODES_H
#define MAAR_TEST_UNIT_RING_MODES_H

#include "common.h"

#include <maar/ring.h>

#include "../../src/ring/ring_priv.h"

struct mode {
	const char *name;
	unsigned flags;
};

static const struct mode modes[] = {
	{ "SPSC", MAAR_RING_SPSC },
	{ "SPSC exact", MAAR_RING_SPSC | MAAR_RING_EXACT },
	{ "SPSC handles", MAAR_RING_SPSC | MAAR_RING_HANDLE },
	{ "SPSC handles exact", MAAR_RING_SPSC | MAAR_RING_HANDLE | MAAR_RING_EXACT },
	{ "SPSC span", MAAR_RING_SPSC | MAAR_RING_SPAN },
	{ "SPSC span exact", MAAR_RING_SPSC | MAAR_RING_SPAN | MAAR_RING_EXACT },
	{ "SPMC", MAAR_RING_SPMC },
	{ "SPMC handles", MAAR_RING_SPMC | MAAR_RING_HANDLE },
	{ "MPSC ticket", MAAR_RING_MPSC | MAAR_RING_TICKET },
	{ "MPSC ticket exact", MAAR_RING_MPSC | MAAR_RING_TICKET | MAAR_RING_EXACT },
	{ "MPSC ticket handles", MAAR_RING_MPSC | MAAR_RING_TICKET | MAAR_RING_HANDLE },
	{ "MPMC ticket", MAAR_RING_MPMC | MAAR_RING_TICKET },
	{ "MPMC ticket handles overwrite", MAAR_RING_TICKET | MAAR_RING_HANDLE | MAAR_RING_OVERWRITE },
	{ "MPSC lock-free handles", MAAR_RING_MPSC | MAAR_RING_HANDLE },
	{ "MPMC lock-free handles", MAAR_RING_MPMC | MAAR_RING_HANDLE },
#if MAAR_HAVE_CAS2
	{ "MPSC lock-free", MAAR_RING_MPSC },
	{ "MPSC lock-free exact", MAAR_RING_MPSC | MAAR_RING_EXACT },
	{ "MPMC lock-free", MAAR_RING_MPMC },
	{ "MPMC lock-free overwrite", MAAR_RING_MPMC | MAAR_RING_OVERWRITE },
#endif
};
#define MODES ((int)COUNT_OF(modes))

/* What a ring of this mode can carry. */
static inline uint64_t mode_values(const struct mode *mode)
{
	return mode->flags & MAAR_RING_HANDLE ? UINT32_MAX : UINT64_MAX;
}

/* The most that a ring of this mode and capacity may hold: see "Capacity" in <maar/ring.h>. */
static inline size_t mode_limit(const struct mode *mode, size_t capacity)
{
	const bool lazy = (mode->flags & MAAR_RING_SC) && !(mode->flags & MAAR_RING_EXACT) && capacity > 16;

	return lazy ? capacity + capacity / 16 - 1 : capacity;
}

/* A producer's calls, by the side they name. */
struct puts {
	const char *name;
	size_t (*one)(struct maar_ring *ring, uint64_t value);
	size_t (*bulk)(struct maar_ring *ring, const uint64_t *values, size_t n);
	size_t (*burst)(struct maar_ring *ring, const uint64_t *values, size_t n);
};

static const struct puts puts_any = { "enqueue", maar_ring_enqueue, maar_ring_enqueue_bulk, maar_ring_enqueue_burst };
static const struct puts puts_sp = { "enqueue_sp", maar_ring_enqueue_sp, maar_ring_enqueue_bulk_sp,
				     maar_ring_enqueue_burst_sp };
static const struct puts puts_mp = { "enqueue_mp", maar_ring_enqueue_mp, maar_ring_enqueue_bulk_mp,
				     maar_ring_enqueue_burst_mp };
static const struct puts *const all_puts[] = { &puts_any, &puts_sp, &puts_mp };

/* A consumer's. */
struct takes {
	const char *name;
	size_t (*one)(struct maar_ring *ring, uint64_t *value);
	size_t (*bulk)(struct maar_ring *ring, uint64_t *values, size_t n);
	size_t (*burst)(struct maar_ring *ring, uint64_t *values, size_t n);
};

static const struct takes takes_any = { "dequeue", maar_ring_dequeue, maar_ring_dequeue_bulk, maar_ring_dequeue_burst };
static const struct takes takes_sc = { "dequeue_sc", maar_ring_dequeue_sc, maar_ring_dequeue_bulk_sc,
				       maar_ring_dequeue_burst_sc };
static const struct takes takes_mc = { "dequeue_mc", maar_ring_dequeue_mc, maar_ring_dequeue_bulk_mc,
				       maar_ring_dequeue_burst_mc };
static const struct takes *const all_takes[] = { &takes_any, &takes_sc, &takes_mc };

/* May these calls be used on a ring of this mode? _sp and _sc always may, by one thread. */
static inline bool puts_legal(const struct mode *mode, const struct puts *puts)
{
	return puts != &puts_mp || !(mode->flags & MAAR_RING_SP);
}

static inline bool takes_legal(const struct mode *mode, const struct takes *takes)
{
	return takes != &takes_mc || !(mode->flags & MAAR_RING_SC);
}

/* Can these calls put more than one value at once, all or nothing? */
static inline bool puts_in_bulk(const struct mode *mode, const struct puts *puts)
{
	return puts == &puts_sp || (mode->flags & (MAAR_RING_SP | MAAR_RING_TICKET));
}

/* One legal choice of mode and calls, for messages. */
struct combo {
	const struct mode *mode;
	const struct puts *puts;
	const struct takes *takes;
	char name[64];
};

/* Calls `test` with each legal choice of calls in a mode. */
static inline void each_combo(const struct mode *mode, void (*test)(const struct combo *combo))
{
	size_t p, t;

	for (p = 0; p < COUNT_OF(all_puts); p++) {
		for (t = 0; t < COUNT_OF(all_takes); t++) {
			struct combo combo = { mode, all_puts[p], all_takes[t], "" };

			if (!puts_legal(mode, combo.puts) || !takes_legal(mode, combo.takes))
				continue;
			snprintf(combo.name, sizeof(combo.name), "%s, %s, %s", mode->name, combo.puts->name,
				 combo.takes->name);
			test(&combo);
		}
	}
}

/* unit_eq with the choice of calls in the message; `c` is the combo in scope. */
#define check_eq(got, want)                                                                                            \
	do {                                                                                                           \
		const uint64_t got_ = (got), want_ = (want);                                                           \
		if (got_ != want_)                                                                                     \
			ck_abort_msg("%s: %s is %llu instead of %llu", c->name, #got, (unsigned long long)got_,        \
				     (unsigned long long)want_);                                                       \
	} while (0)

/* Every observer, on an idle ring that must hold `count` values. */
static inline void check_level(const struct combo *c, const struct maar_ring *ring, size_t count)
{
	const size_t capacity = maar_ring_capacity(ring);

	check_eq(maar_ring_count(ring), count);
	check_eq(maar_ring_free_count(ring), count < capacity ? capacity - count : 0);
	check_eq(maar_ring_empty(ring), count == 0);
	check_eq(maar_ring_full(ring), count >= capacity);
}

#endif
