/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Rings and event counts as small as can be, each with one fault that shipped in a ring of others or suggests itself, and
 * each without. The explorer has to find every fault, and none where there is none.
 */
#define MAAR_BITS_OK 1
#include <maar/bits/atomic.h>

#include "controls.h"

#include <string.h>

#define CELLS 2

enum fault {
	NONE,
	RELEASE_WEAKENED,   /* the position that publishes a value is stored relaxed */
	PUBLISHED_FIRST,    /* ... and before the value is written */
	FULL_OFF_BY_ONE,    /* a full ring takes one more */
	READ_AFTER_RELEASE, /* the cell is given back, then read (ck_ring until 2026, in effect) */
	LET_GO_RELAXED,	    /* the cell, read before, is given back by a relaxed store */
	HEAD_RELAXED,	    /* own head read and moved relaxed: the other's tail may be older (DPDK 2018 to 2025) */
	WAIT_RELAXED,	    /* the wait for the predecessor's tail orders nothing (DPDK's relaxed tail wait) */
	NO_RECHECK,	    /* sleeps without another look after it said that it would */
	NO_STORE_LOAD,	    /* publishes and looks for sleepers without an order between the two */
	CLOSE_IN_SILENCE,   /* close wakes nobody */
};

/* Positions: next is taken by whoever works on it, done is for the other side. */
struct side {
	uint64_t next, done;
};

struct faulty {
	enum fault fault;
	bool atomic_cells; /* values are relaxed atomics, so a read that comes too late is no race */
	struct side put, take;
	uint64_t cells[CELLS];
	uint64_t last; /* value taken */
	uint64_t data, closed;
	uint32_t sleepers, epoch;
};

static bool has(const struct faulty *f, enum fault fault)
{
	return f->fault == fault;
}

static void clear(void *state)
{
	struct faulty *f = state;

	memset(&f->put, 0, sizeof(*f) - offsetof(struct faulty, put));
}

/* ---- one producer, one consumer ---- */

static void publish(struct faulty *f, uint64_t position)
{
	if (has(f, RELEASE_WEAKENED))
		maar_a_store(&f->put.done, position, RELAXED);
	else
		maar_a_store(&f->put.done, position, RELEASE);
}

static bool put(struct faulty *f, uint64_t value)
{
	const uint64_t position = maar_a_load(&f->put.done, RELAXED);
	const uint64_t used = position - maar_a_load(&f->take.done, ACQUIRE);

	if (used >= CELLS + (has(f, FULL_OFF_BY_ONE) ? 1 : 0))
		return false;
	if (has(f, PUBLISHED_FIRST))
		publish(f, position + 1);
	if (f->atomic_cells)
		maar_a_store(&f->cells[position % CELLS], value, RELAXED);
	else
		maar_n_store(&f->cells[position % CELLS], value);
	if (!has(f, PUBLISHED_FIRST))
		publish(f, position + 1);
	return true;
}

static bool take(struct faulty *f, uint64_t *value)
{
	const uint64_t position = maar_a_load(&f->take.done, RELAXED);

	if (maar_a_load(&f->put.done, ACQUIRE) == position)
		return false;
	if (has(f, READ_AFTER_RELEASE))
		maar_a_store(&f->take.done, position + 1, RELEASE);
	*value = f->atomic_cells ? maar_a_load(&f->cells[position % CELLS], RELAXED)
				 : maar_n_load(&f->cells[position % CELLS]);
	model_took(*value, UINT64_MAX);
	if (has(f, LET_GO_RELAXED))
		maar_a_store(&f->take.done, position + 1, RELAXED);
	else if (!has(f, READ_AFTER_RELEASE))
		maar_a_store(&f->take.done, position + 1, RELEASE);
	return true;
}

/* Unlike any position: model_took looks for them. */
#define FIRST UINT64_C(101)
#define LAST  UINT64_C(104)

static void producer(void *state)
{
	for (uint64_t i = FIRST; i <= LAST; i++)
		while (!put(state, i))
			model_yield();
}

static void consumer(void *state)
{
	uint64_t value = 0;

	for (uint64_t i = FIRST; i <= LAST; i++) {
		while (!take(state, &value))
			model_yield();
		model_assert(value == i, "took %d instead of %d", (int)value, (int)i);
	}
}

/* ---- many of both, each side with a head and a tail ---- */

/* Moves a side's `next` by one if the other side, `ahead` positions further, leaves something; its old value. */
static bool claim(struct faulty *f, struct side *mine, const struct side *other, uint64_t ahead, uint64_t *position)
{
	uint64_t left;
	bool moved;

	do {
		*position =
			has(f, HEAD_RELAXED) ? maar_a_load(&mine->next, RELAXED) : maar_a_load(&mine->next, ACQUIRE);
		left = maar_a_load(&other->done, ACQUIRE) + ahead - *position;
		if (left == 0)
			return false;
		moved = has(f, HEAD_RELAXED) ? maar_a_cas(&mine->next, *position, *position + 1, RELAXED)
					     : maar_a_cas(&mine->next, *position, *position + 1, RELEASE);
	} while (!moved);
	model_assert(left <= CELLS, "moved on with a count of %d, of %d", (int)left, CELLS);
	return true;
}

/* Those before us first, then us. */
static void finish_in_order(struct faulty *f, struct side *mine, uint64_t position)
{
	while ((has(f, WAIT_RELAXED) ? maar_a_load(&mine->done, RELAXED) : maar_a_load(&mine->done, ACQUIRE)) !=
	       position)
		maar_cpu_relax();
	maar_a_store(&mine->done, position + 1, RELEASE);
}

static bool put_many(struct faulty *f, uint64_t value)
{
	uint64_t position;

	if (!claim(f, &f->put, &f->take, CELLS, &position))
		return false;
	maar_n_store(&f->cells[position % CELLS], value);
	finish_in_order(f, &f->put, position);
	return true;
}

static bool take_many(struct faulty *f, uint64_t *value)
{
	uint64_t position;

	if (!claim(f, &f->take, &f->put, 0, &position))
		return false;
	*value = maar_n_load(&f->cells[position % CELLS]);
	finish_in_order(f, &f->take, position);
	return true;
}

static void both_roles(void *state)
{
	uint64_t value;

	for (uint64_t i = 1; i <= 2; i++) {
		put_many(state, i);
		take_many(state, &value);
	}
}

static void put_4(void *state)
{
	for (uint64_t i = 1; i <= 4; i++)
		while (!put_many(state, i))
			model_yield();
}

static void take_2(void *state)
{
	uint64_t value = 0, last = 0;

	for (unsigned i = 0; i < 2; i++) {
		while (!take_many(state, &value))
			model_yield();
		model_assert(value > last, "took %d after %d", (int)value, (int)last);
		last = value;
	}
}

/* ---- an event count: sleep until there is data ---- */

static void wake_sleepers(struct faulty *f)
{
	if (!(has(f, NO_STORE_LOAD) ? maar_a_load(&f->sleepers, ACQUIRE) : maar_a_load(&f->sleepers, SEQ_CST)))
		return;
	(void)maar_a_add(&f->epoch, 1, RELEASE);
	(void)model_futex_wake(&f->epoch, UINT32_MAX);
}

static void give(void *state)
{
	struct faulty *f = state;

	if (has(f, NO_STORE_LOAD))
		maar_a_store(&f->data, 1, RELEASE);
	else
		maar_a_store(&f->data, 1, SEQ_CST);
	wake_sleepers(f);
}

static void close_it(void *state)
{
	struct faulty *f = state;

	maar_a_store(&f->closed, 1, SEQ_CST);
	if (!has(f, CLOSE_IN_SILENCE))
		wake_sleepers(f);
}

static bool there(struct faulty *f)
{
	return maar_a_load(&f->data, SEQ_CST) || maar_a_load(&f->closed, SEQ_CST);
}

static void wait_for_it(void *state)
{
	struct faulty *f = state;
	uint32_t epoch;

	while (!there(f)) {
		(void)maar_a_add(&f->sleepers, 1, SEQ_CST);
		epoch = maar_a_load(&f->epoch, ACQUIRE);
		if (has(f, NO_RECHECK) || !there(f))
			(void)model_futex_wait(&f->epoch, epoch);
		(void)maar_a_add(&f->sleepers, (uint32_t)-1, RELAXED);
	}
}

/* ---- the table ---- */

#define ONE(label, fault_, atomic_, n, ...)                                                                            \
	{                                                                                                              \
		.name = label, .threads = n, .set_up = clear, .thread = { __VA_ARGS__ }, .state = &(struct faulty)     \
		{                                                                                                      \
			.fault = fault_, .atomic_cells = atomic_                                                       \
		}                                                                                                      \
	}
#define CONTROL(label, fault, n, ...)                                                                                  \
	{                                                                                                              \
		ONE(label, fault, false, n, __VA_ARGS__), ONE(label, NONE, false, n, __VA_ARGS__)                      \
	}
#define CONTROL_ATOMIC(label, fault, n, ...)                                                                           \
	{                                                                                                              \
		ONE(label, fault, true, n, __VA_ARGS__), ONE(label, NONE, true, n, __VA_ARGS__)                        \
	}

const struct control controls[] = {
	CONTROL("release weakened", RELEASE_WEAKENED, 2, producer, consumer),
	CONTROL_ATOMIC("release weakened, atomic cells", RELEASE_WEAKENED, 2, producer, consumer),
	CONTROL("published before written", PUBLISHED_FIRST, 2, producer, consumer),
	CONTROL("full off by one", FULL_OFF_BY_ONE, 2, producer, consumer),
	CONTROL("cell read after release", READ_AFTER_RELEASE, 2, producer, consumer),
	CONTROL("let go relaxed", LET_GO_RELAXED, 2, producer, consumer),
	CONTROL_ATOMIC("let go relaxed, atomic cells", LET_GO_RELAXED, 2, producer, consumer),
	CONTROL("head order of 2018", HEAD_RELAXED, 2, both_roles, both_roles),
	CONTROL("relaxed tail wait", WAIT_RELAXED, 3, put_4, take_2, take_2),
	CONTROL("no re-check before sleep", NO_RECHECK, 2, wait_for_it, give),
	CONTROL("no store-load order in notify", NO_STORE_LOAD, 2, wait_for_it, give),
	CONTROL("two sleepers, no store-load order", NO_STORE_LOAD, 3, wait_for_it, wait_for_it, give),
	CONTROL("close against wait, in silence", CLOSE_IN_SILENCE, 3, wait_for_it, wait_for_it, close_it),
};

const unsigned n_controls = sizeof(controls) / sizeof(controls[0]);
