/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * A caller that dies inside a call: before each access to shared memory of each call, in each mode, the call is left for
 * ever (MAAR_POINT jumps out of it), and others take over. They must find what <maar/ring.h> promises under "A thread that
 * dies": nothing stuck, nothing lost but what the dead one held, and maar_ring_check content.
 */
#include <setjmp.h>
#include <stdint.h>

static jmp_buf death;
static uint64_t points_left; /* 0: immortal */

static void point(void)
{
	if (points_left && --points_left == 0)
		longjmp(death, 1);
}
#define MAAR_POINT(address) ((void)(address), point())

#include "ring_modes.h"

/* Setjmp in every test: what is in a register there need not survive, and need not. clang has no such warning. */
#ifndef __clang__
#pragma GCC diagnostic ignored "-Wclobbered"
#endif

/* ---- what the victim calls ---- */

#define MANY   3
#define VICTIM 1000000 /* its values begin here */
#define AFTER  2000000 /* and those of the survivors here */

static const uint64_t victims[MANY] = { VICTIM, VICTIM + 1, VICTIM + 2 };
static uint64_t taken_by_victim[64];

static void call_enqueue(struct maar_ring *ring)
{
	(void)maar_ring_enqueue(ring, VICTIM);
}

static void call_enqueue_burst(struct maar_ring *ring)
{
	(void)maar_ring_enqueue_burst(ring, victims, MANY);
}

static void call_enqueue_bulk(struct maar_ring *ring)
{
	(void)maar_ring_enqueue_bulk(ring, victims, MANY);
}

static void call_enqueue_sp(struct maar_ring *ring)
{
	(void)maar_ring_enqueue_burst_sp(ring, victims, MANY);
}

static void call_dequeue(struct maar_ring *ring)
{
	(void)maar_ring_dequeue(ring, taken_by_victim);
}

static void call_dequeue_burst(struct maar_ring *ring)
{
	(void)maar_ring_dequeue_burst(ring, taken_by_victim, COUNT_OF(taken_by_victim));
}

static void call_dequeue_bulk(struct maar_ring *ring)
{
	(void)maar_ring_dequeue_bulk(ring, taken_by_victim, MANY);
}

static void call_dequeue_sc(struct maar_ring *ring)
{
	(void)maar_ring_dequeue_burst_sc(ring, taken_by_victim, MANY);
}

static void call_release(struct maar_ring *ring)
{
	(void)maar_ring_release(ring, maar_ring_peek(ring, taken_by_victim, COUNT_OF(taken_by_victim)));
}

static const struct victim {
	const char *name;
	void (*call)(struct maar_ring *ring);
	bool puts;
	size_t most; /* values that it may take with it */
} calls[] = {
	{ "enqueue", call_enqueue, true, 0 },
	{ "enqueue_burst", call_enqueue_burst, true, 0 },
	{ "enqueue_bulk", call_enqueue_bulk, true, 0 },
	{ "enqueue_burst_sp", call_enqueue_sp, true, 0 },
	{ "dequeue", call_dequeue, false, 1 },
	{ "dequeue_burst", call_dequeue_burst, false, COUNT_OF(taken_by_victim) },
	{ "dequeue_bulk", call_dequeue_bulk, false, MANY },
	{ "dequeue_burst_sc", call_dequeue_sc, false, MANY },
	{ "peek and release", call_release, false, COUNT_OF(taken_by_victim) },
};

/* One death: of whom, where, and in what ring. */
struct death_of {
	const struct mode *mode;
	const struct victim *victim;
	size_t capacity, level;
	uint64_t point;
};

#define death_eq(got, want)                                                                                            \
	do {                                                                                                           \
		const uint64_t got_ = (got), want_ = (want);                                                           \
		if (got_ != want_)                                                                                     \
			ck_abort_msg("%s, capacity %zu, %zu in, died in %s at access %llu: %s is %llu instead of "     \
				     "%llu",                                                                           \
				     d->mode->name, d->capacity, d->level, d->victim->name,                            \
				     (unsigned long long)d->point, #got, (unsigned long long)got_,                     \
				     (unsigned long long)want_);                                                       \
	} while (0)

/* Runs the victim's call up to its point; false if it came back alive. */
static bool dies(const struct death_of *d, struct maar_ring *ring)
{
	points_left = d->point;
	if (setjmp(death))
		return true;
	d->victim->call(ring);
	points_left = 0;
	return false;
}

/* A dead producer of a ticket ring may hide what is behind it, for ever. */
static bool may_hide(const struct death_of *d)
{
	return d->victim->puts && (d->mode->flags & MAAR_RING_TICKET);
}

/* What a dead producer leaves on a side for one: as many values as it had filled may be lost, its own or the next one's. */
static bool may_lose(const struct death_of *d)
{
	return d->victim->puts && (d->mode->flags & MAAR_RING_SP);
}

static void check_answer(const struct death_of *d, const struct maar_ring *ring)
{
	const int rc = maar_ring_check(ring);

	if (rc != -EOWNERDEAD || (!may_hide(d) && !may_lose(d)))
		death_eq(-rc, 0);
}

/* The survivors take what was there: the values before the victim's less those it took, then some of its own. */
static void drain_after(const struct death_of *d, struct maar_ring *ring)
{
	uint64_t value, next = UINT64_MAX, own = VICTIM;

	while (maar_ring_dequeue(ring, &value)) {
		if (value < VICTIM) {
			if (next == UINT64_MAX) {
				death_eq(value <= d->victim->most, 1);
				next = value;
			}
			death_eq(own, VICTIM);
			death_eq(value, next);
			next++;
		} else {
			death_eq(value, own);
			own++;
		}
	}
	if (d->level > d->victim->most)
		death_eq(next, d->level);
	death_eq(own == VICTIM || d->victim->puts, 1);
}

/* And then it is a ring like any other: a capacity of values in, and out again. */
static void use_after(const struct death_of *d, struct maar_ring *ring)
{
	uint64_t i, value;
	unsigned round;

	for (round = 0; round < 3; round++) {
		death_eq(maar_ring_empty(ring), 1);
		death_eq(maar_ring_free_count(ring), d->capacity);
		for (i = 0; i < d->capacity; i++)
			death_eq(maar_ring_enqueue(ring, AFTER + i), 1);
		death_eq(maar_ring_count(ring), d->capacity);
		for (i = 0; i < d->capacity; i++) {
			death_eq(maar_ring_dequeue(ring, &value), 1);
			death_eq(value, AFTER + i);
		}
		death_eq(maar_ring_dequeue(ring, &value), 0);
		death_eq(-maar_ring_check(ring), 0);
	}
}

/* The producers go on before the consumers: all that was in, and theirs behind it. */
static void put_after(const struct death_of *d, struct maar_ring *ring)
{
	const size_t room = maar_ring_free_count(ring);
	uint64_t value, last = 0, i, in = 0, out = 0;

	for (i = 0; i < room; i++)
		in += d->mode->flags & MAAR_RING_SP || i % 2
			      ? maar_ring_enqueue(ring, AFTER + i)
			      : maar_ring_enqueue_burst_sp(ring, &(uint64_t){ AFTER + i }, 1);
	death_eq(in, room);
	while (maar_ring_dequeue(ring, &value)) {
		death_eq(out == 0 || value > last, 1);
		last = value;
		out += value >= AFTER;
	}
	death_eq(out, room);
}

static bool one_death(const struct death_of *d, bool drained)
{
	struct maar_ring *ring = maar_ring_create(d->capacity, d->mode->flags);
	uint64_t i, value;
	bool died;

	ck_assert_ptr_nonnull(ring);
	maar__ring_start_at(ring, 0 - (uint64_t)d->capacity);
	for (i = 0; i < d->capacity + 1; i++) { /* once round, and the consumer past a telling */
		death_eq(maar_ring_enqueue(ring, i), 1);
		death_eq(maar_ring_dequeue(ring, &value), 1);
	}
	for (i = 0; i < d->level; i++)
		death_eq(maar_ring_enqueue(ring, i), 1);
	died = dies(d, ring);
	if (died) {
		check_answer(d, ring);
		if (may_hide(d)) {
			while (maar_ring_dequeue(ring, &value))
				;
			check_answer(d, ring);
		} else if (drained) {
			drain_after(d, ring);
			for (i = 0; i < MANY && may_lose(d); i++) {
				death_eq(maar_ring_enqueue(ring, AFTER), 1);
				while (maar_ring_dequeue(ring, &value))
					;
			}
			use_after(d, ring);
		} else {
			put_after(d, ring);
			use_after(d, ring);
		}
	}
	maar_ring_destroy(ring);
	return died;
}

START_TEST(deaths)
{
	static const size_t capacities[] = { 1, 2, 8, 32 };
	struct death_of d = { .mode = &modes[_i] };
	size_t c, v, n = 0;

	for (c = 0; c < COUNT_OF(capacities); c++) {
		d.capacity = capacities[c];
		for (v = 0; v < COUNT_OF(calls); v++) {
			d.victim = &calls[v];
			for (d.level = 0; d.level <= d.capacity; d.level++) {
				for (d.point = 1; one_death(&d, true); d.point++)
					n += one_death(&d, false);
			}
		}
	}
	unit_must(n > 100);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("ring death");

	tcase_add_loop_test(unit_tcase(suite, "death"), deaths, 0, MODES);
	return suite;
}
