/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Controls of the history checker on whole runs: a good ring that now and then tells a lie, at random moments among many
 * threads, must be caught each time and for what it is; and a well-known queue whose "empty" is not exact must be told from
 * those whose is.
 */
#include "../unit/common.h"
#include "clock.h"
#include "run.h"

#include <maar/batch_ring.h>
#include <maar/slot_ring.h>

#include <inttypes.h>
#include <sched.h>

/* Values of a run; a lie every 50,000 calls of a thread, or every 100,000. */
#define VALUES	 300000
#define LEAST	 30000
#define OFTEN	 often
#define SELDOM	 (2 * OFTEN)
#define ATTEMPTS 10

/* Of the other kinds: a tenth, and lies ten times as often. */
#define KIND_VALUES (VALUES / 10)
static uint64_t often;

/* Handles of a batch of the kind "batches of 8". */
#define BATCH 8

static uint64_t skew;

/* What the liars are built on: the ring that most can be done with, unless it is to be another kind. */
static const struct history_queue *good;

static const struct history_queue *honest(void)
{
	return good ? good : &history_rings[history_ring_count - 1];
}

static const struct history_queue *kind_of(const char *name)
{
	unsigned i;

	for (i = 0; i < history_kind_count; i++)
		if (!strcmp(history_kinds[i].name, name))
			return &history_kinds[i];
	ck_abort_msg("no kind \"%s\"", name);
}

/* True at every `period`-th call of a thread. */
static bool turn(uint64_t period)
{
	static __thread uint64_t calls;

	return ++calls % period == 0;
}

static size_t honest_put(const struct history_queue *kind, void *queue, enum history_style style, unsigned way,
			 const uint64_t *values, size_t n)
{
	return honest()->put(kind, queue, style, way, values, n);
}

static size_t honest_take(const struct history_queue *kind, void *queue, enum history_style style, unsigned way,
			  uint64_t *values, size_t n)
{
	return honest()->take(kind, queue, style, way, values, n);
}

/* ---- lies of a put ---- */

static size_t put_full(const struct history_queue *kind, void *queue, enum history_style style, unsigned way,
		       const uint64_t *values, size_t n)
{
	return turn(OFTEN) ? 0 : honest_put(kind, queue, style, way, values, n);
}

/* A burst that ends one value early. */
static size_t put_short(const struct history_queue *kind, void *queue, enum history_style style, unsigned way,
			const uint64_t *values, size_t n)
{
	const bool lie = style == HISTORY_BURST && n > 1 && turn(OFTEN / 20);

	return honest_put(kind, queue, style, way, values, n - lie);
}

static size_t put_nowhere(const struct history_queue *kind, void *queue, enum history_style style, unsigned way,
			  const uint64_t *values, size_t n)
{
	return turn(SELDOM) ? n : honest_put(kind, queue, style, way, values, n);
}

static size_t put_turned(const struct history_queue *kind, void *queue, enum history_style style, unsigned way,
			 const uint64_t *values, size_t n)
{
	if (style == HISTORY_BURST && n == 2 && turn(OFTEN / 1000)) {
		const uint64_t turned[2] = { values[1], values[0] };

		/* If only one went in, that was another one: lost, or fresh. */
		if (honest_put(kind, queue, style, way, turned, 1) == 0)
			return 0;
		while (!honest_put(kind, queue, style, way, turned + 1, 1))
			pace_yield();
		return 2;
	}
	return honest_put(kind, queue, style, way, values, n);
}

/* ---- lies of a take ---- */

static size_t take_empty(const struct history_queue *kind, void *queue, enum history_style style, unsigned way,
			 uint64_t *values, size_t n)
{
	return turn(OFTEN) ? 0 : honest_take(kind, queue, style, way, values, n);
}

static size_t take_short(const struct history_queue *kind, void *queue, enum history_style style, unsigned way,
			 uint64_t *values, size_t n)
{
	const bool lie = style == HISTORY_BURST && n > 1 && turn(OFTEN / 20);

	return honest_take(kind, queue, style, way, values, n - lie);
}

/* Takes two, and hands the second out first. */
static size_t take_swapped(const struct history_queue *kind, void *queue, enum history_style style, unsigned way,
			   uint64_t *values, size_t n)
{
	static __thread uint64_t held;
	static __thread bool holds;

	if (holds) {
		values[0] = held;
		holds = false;
		return 1;
	}
	if (style == HISTORY_ONE && turn(SELDOM) && honest_take(kind, queue, style, way, &held, 1)) {
		if (honest_take(kind, queue, style, way, values, 1))
			holds = true;
		else
			values[0] = held;
		return 1;
	}
	return honest_take(kind, queue, style, way, values, n);
}

static size_t take_twice(const struct history_queue *kind, void *queue, enum history_style style, unsigned way,
			 uint64_t *values, size_t n)
{
	static __thread uint64_t last;
	size_t got;

	if (last && turn(SELDOM)) {
		values[0] = last;
		return style == HISTORY_ONE || n == 1;
	}
	got = honest_take(kind, queue, style, way, values, n);
	if (got)
		last = values[got - 1];
	return got;
}

static size_t take_changed(const struct history_queue *kind, void *queue, enum history_style style, unsigned way,
			   uint64_t *values, size_t n)
{
	const size_t got = honest_take(kind, queue, style, way, values, n);

	if (got && turn(SELDOM))
		values[got - 1] ^= UINT64_C(1) << 40; /* a value that was torn */
	return got;
}

/* ---- the runs ---- */

static uint64_t slack_half(size_t capacity)
{
	return capacity / 2;
}

static uint64_t slack_less(size_t capacity)
{
	return capacity / 2 - 1;
}

static const struct control {
	const char *name;
	enum history_fault fault;
	enum history_style style;
	enum history_lean lean;
	uint64_t claimed;
	uint64_t (*slack)(size_t capacity);
	size_t (*put)(const struct history_queue *kind, void *queue, enum history_style style, unsigned way,
		      const uint64_t *values, size_t n);
	size_t (*take)(const struct history_queue *kind, void *queue, enum history_style style, unsigned way,
		       uint64_t *values, size_t n);
} controls[] = {
	{ "an honest ring", HISTORY_FINE, HISTORY_MIXED, LEAN_NONE, 0, NULL, honest_put, honest_take },
	{ "\"empty\" once in 50,000", HISTORY_FALSE_EMPTY, HISTORY_ONE, LEAN_FULL, 0, NULL, honest_put, take_empty },
	{ "\"full\" once in 50,000", HISTORY_FALSE_FULL, HISTORY_ONE, LEAN_EMPTY, 0, NULL, put_full, honest_take },
	{ "a pair swapped once in 100,000", HISTORY_ORDER, HISTORY_ONE, LEAN_FULL, 0, NULL, honest_put, take_swapped },
	{ "a pair of one call swapped", HISTORY_ORDER, HISTORY_BURST, LEAN_EMPTY, 0, NULL, put_turned, honest_take },
	{ "a burst in that ends early", HISTORY_FALSE_FULL, HISTORY_MIXED, LEAN_EMPTY, 0, NULL, put_short,
	  honest_take },
	{ "a burst out that ends early", HISTORY_FALSE_EMPTY, HISTORY_MIXED, LEAN_FULL, 0, NULL, honest_put,
	  take_short },
	{ "a value lost", HISTORY_LOST, HISTORY_ONE, LEAN_NONE, 0, NULL, put_nowhere, honest_take },
	{ "a value doubled", HISTORY_REPEAT, HISTORY_ONE, LEAN_NONE, 0, NULL, honest_put, take_twice },
	{ "a value changed", HISTORY_FRESH, HISTORY_ONE, LEAN_NONE, 0, NULL, honest_put, take_changed },
	{ "room for 64, sold as 48", HISTORY_OVER_CAPACITY, HISTORY_ONE, LEAN_FULL, 48, NULL, honest_put, honest_take },
	{ "room for 64, sold as 80", HISTORY_FALSE_FULL, HISTORY_ONE, LEAN_FULL, 80, NULL, honest_put, honest_take },
	{ "room for 64, sold as 32 and 32 of slack", HISTORY_FINE, HISTORY_ONE, LEAN_FULL, 32, slack_half, honest_put,
	  honest_take },
	{ "room for 64, sold as 31 and 31 of slack", HISTORY_OVER_CAPACITY, HISTORY_ONE, LEAN_FULL, 31, slack_less,
	  honest_put, honest_take },
};

/*
 * Runs until something is found; the moments are random, so once may not be enough. `words`: what the run itself is to say,
 * instead of the checker; NULL: nothing.
 */
static void run_until_found(const struct history_case *planned, enum history_fault fault, const char *words,
			    const char *name)
{
	struct history_report report;
	struct history_sum sum = { 0 };
	unsigned attempt;

	for (attempt = 1; attempt <= ATTEMPTS; attempt++) {
		struct verdict v = { .lock = PTHREAD_MUTEX_INITIALIZER };
		struct unit_rng rng = unit_rng(attempt);
		struct history_case c = *planned;

		c.seed = unit_random(&rng);
		history_run(&c, skew, &v, &report, &sum);
		if (v.failed && words) {
			ck_assert_msg(strstr(v.text, words), "%s: %s", name, v.text);
			unit_note("%s: %s (run %u)", name, v.text, attempt);
			return;
		}
		ck_assert_msg(!v.failed, "%s: %s", name, v.text);
		if (report.fault != HISTORY_FINE || (fault == HISTORY_FINE && !words))
			break;
	}
	ck_assert_msg(!words, "%s: nothing was found", name);
	ck_assert_msg(report.fault == fault, "%s: %s instead of %s: %s", name, history_fault_name(report.fault),
		      history_fault_name(fault), report.text);
	unit_note("%s: %s (run %u, %" PRIu64 " operations)", name, fault == HISTORY_FINE ? "fine" : report.text,
		  attempt, history_sum_operations(&sum));
}

START_TEST(lie_is_caught)
{
	const struct control *control = &controls[_i];
	struct history_queue queue = *honest();
	const struct history_case c = {
		.queue = &queue,
		.producers = 2,
		.consumers = 2,
		.capacity = 64,
		.claimed = control->claimed,
		.style = control->style,
		.lean = control->lean,
		.messages = stress_scaled(VALUES, LEAST) / 2,
	};

	often = stress_scaled(VALUES, LEAST) / 6;
	queue.slack = control->slack;
	queue.put = control->put;
	queue.take = control->take;
	run_until_found(&c, control->fault, NULL, control->name);
}
END_TEST

/* ---- the other kinds ---- */

/* Batches: what is left of one is taken for all there is. */
static size_t take_one_batch(const struct history_queue *kind, void *queue, enum history_style style, unsigned way,
			     uint64_t *values, size_t n)
{
	uint32_t handles[BATCH];
	size_t i, k;

	if (style != HISTORY_BURST)
		return honest_take(kind, queue, style, way, values, n);
	k = maar_batch_ring_dequeue(queue, handles, n < BATCH ? n : BATCH);
	for (i = 0; i < k; i++)
		values[i] = handles[i];
	return k;
}

/* A slot is looked at for a long time now and then. No lie, but others are refused for it. */
static size_t take_slowly(const struct history_queue *kind, void *queue, enum history_style style, unsigned way,
			  uint64_t *values, size_t n)
{
	unsigned turns = way % 64 ? 0 : 20;
	void *slot = maar_slot_ring_peek(queue);

	(void)kind;
	(void)style;
	(void)n;
	if (!slot)
		return 0;
	memcpy(values, slot, sizeof(*values));
	while (turns--)
		sched_yield();
	return maar_slot_ring_release(queue, slot);
}

/* A reader who loses a message, and says nothing of it. */
static size_t take_not(const struct history_queue *kind, void *queue, enum history_style style, unsigned way,
		       uint64_t *values, size_t n)
{
	if (turn(SELDOM / 10))
		honest_take(kind, queue, HISTORY_ONE, 0, values, 1);
	return honest_take(kind, queue, style, way, values, n);
}

/* A gap that is counted wrong. */
static size_t take_miscounted(const struct history_queue *kind, void *queue, enum history_style style, unsigned way,
			      uint64_t *values, size_t n)
{
	history_missed(turn(7));
	return honest_take(kind, queue, style, way, values, n);
}

static size_t take_older(const struct history_queue *kind, void *queue, enum history_style style, unsigned way,
			 uint64_t *values, size_t n)
{
	const size_t got = honest_take(kind, queue, style, way, values, n);

	if (got > 1 && turn(SELDOM / 1000)) {
		const uint64_t first = values[0];

		values[0] = values[1];
		values[1] = first;
	}
	return got;
}

static size_t take_nothing(const struct history_queue *kind, void *queue, enum history_style style, unsigned way,
			   uint64_t *values, size_t n)
{
	/* Not in the end (a burst), when nothing means that there is no more to come. */
	return style == HISTORY_ONE && turn(SELDOM / 100) ? 0 : honest_take(kind, queue, style, way, values, n);
}

static const struct kind_control {
	const char *name, *kind;
	enum history_fault fault;
	const char *words; /* of the run, instead */
	unsigned producers, consumers;
	size_t capacity;
	uint64_t claimed;
	enum history_style style;
	enum history_lean lean;
	bool denies_holding, denies_slack;
	size_t (*put)(const struct history_queue *kind, void *queue, enum history_style style, unsigned way,
		      const uint64_t *values, size_t n);
	size_t (*take)(const struct history_queue *kind, void *queue, enum history_style style, unsigned way,
		       uint64_t *values, size_t n);
} kind_controls[] = {
	{ "a slot held for long", "slots MPMC ticket", HISTORY_FINE, NULL, 2, 2, 8, 0, HISTORY_ONE, LEAN_NONE,
	  .put = honest_put, .take = take_slowly },
	{ "a slot held for long, and \"full\" said to be exact", "slots MPMC ticket", HISTORY_FALSE_FULL, NULL, 2, 2, 8,
	  0, HISTORY_ONE, LEAN_NONE, .denies_holding = true, .put = honest_put, .take = take_slowly },
	{ "slots: \"full\" now and then", "slots MPMC ticket", HISTORY_FALSE_FULL, NULL, 2, 2, 64, 0, HISTORY_ONE,
	  LEAN_EMPTY, .put = put_full, .take = honest_take },
	{ "slots: a value changed", "slots MPMC", HISTORY_FRESH, NULL, 2, 2, 64, 0, HISTORY_ONE, LEAN_NONE,
	  .put = honest_put, .take = take_changed },
	{ "batches: one taken for all", "batches of 8", HISTORY_FALSE_EMPTY, NULL, 2, 2, 64, 0, HISTORY_MIXED,
	  LEAN_FULL, .put = honest_put, .take = take_one_batch },
	{ "batches of 8, sold as of one", "batches of 8", HISTORY_OVER_CAPACITY, NULL, 2, 2, 64, 0, HISTORY_BULK,
	  LEAN_FULL, .denies_slack = true, .put = honest_put, .take = honest_take },
	{ "records: room for 64, sold as 80", "records of 1 grain", HISTORY_FALSE_FULL, NULL, 2, 1, 64, 80, HISTORY_ONE,
	  LEAN_FULL, .put = honest_put, .take = honest_take },
	{ "records: one lost", "records", HISTORY_LOST, NULL, 2, 1, 64, 0, HISTORY_ONE, LEAN_NONE, .put = put_nowhere,
	  .take = honest_take },
	{ "a queue without a limit: \"full\"", "queue MP", HISTORY_FALSE_FULL, NULL, 2, 1, 64, 0, HISTORY_ONE,
	  LEAN_NONE, .put = put_full, .take = honest_take },
	{ "a reader that skips", "broadcast MP, joined", HISTORY_LOST, NULL, 2, 2, 64, 0, HISTORY_MIXED, LEAN_NONE,
	  .put = honest_put, .take = take_not },
	{ "a reader that doubles", "broadcast, joined", HISTORY_REPEAT, NULL, 1, 2, 64, 0, HISTORY_ONE, LEAN_NONE,
	  .put = honest_put, .take = take_twice },
	{ "a reader that waits for nothing", "broadcast, joined", HISTORY_FALSE_FULL, NULL, 1, 1, 64, 0, HISTORY_ONE,
	  LEAN_EMPTY, .put = put_full, .take = honest_take },
	{ "a watcher that miscounts", "broadcast MP, watched", HISTORY_FINE, "missed do not make", 2, 2, 64, 0,
	  HISTORY_MIXED, LEAN_NONE, .put = honest_put, .take = take_miscounted },
	{ "a watcher that goes back", "broadcast MP, watched", HISTORY_ORDER, NULL, 2, 2, 1024, 0, HISTORY_BURST,
	  LEAN_EMPTY, .put = honest_put, .take = take_older },
	{ "a watcher that sees nothing", "broadcast, watched", HISTORY_FALSE_EMPTY, NULL, 1, 2, 1024, 0, HISTORY_ONE,
	  LEAN_NONE, .put = honest_put, .take = take_nothing },
};

START_TEST(kind_is_caught)
{
	const struct kind_control *control = &kind_controls[_i];
	struct history_queue queue = *kind_of(control->kind);
	const struct history_case c = {
		.queue = &queue,
		.producers = control->producers,
		.consumers = control->consumers,
		.capacity = control->capacity,
		.claimed = control->claimed,
		.style = control->style,
		.lean = control->lean,
		.messages = stress_scaled(KIND_VALUES, LEAST / 3) / control->producers,
	};

	good = kind_of(control->kind);
	often = stress_scaled(KIND_VALUES, LEAST / 3) / 6;
	queue.put = control->put;
	queue.take = control->take;
	queue.holds &= !control->denies_holding;
	queue.slack = control->denies_slack ? NULL : queue.slack;
	run_until_found(&c, control->fault, control->words, control->name);
}
END_TEST

/* ---- Vyukov's bounded queue: a put that stops between claim and publication hides all that is behind it ---- */

struct vyukov_cell {
	uint64_t sequence, value;
};

struct vyukov {
	uint64_t mask, tail, head;
	struct vyukov_cell *cells;
};

static void *vyukov_make(const struct history_queue *kind, size_t capacity, uint64_t start)
{
	struct vyukov *q = malloc(sizeof(*q));
	uint64_t i;

	(void)kind;
	(void)start;
	*q = (struct vyukov){ .mask = capacity - 1, .cells = calloc(capacity, sizeof(*q->cells)) };
	for (i = 0; i < capacity; i++)
		q->cells[i].sequence = i;
	return q;
}

static void vyukov_end(void *queue)
{
	struct vyukov *q = queue;

	free(q->cells);
	free(q);
}

/* Claims the next position at *at; NULL if its cell is not at `ahead` of it yet. */
static struct vyukov_cell *vyukov_claim(struct vyukov *q, uint64_t *at, uint64_t ahead, uint64_t *position)
{
	*position = __atomic_load_n(at, __ATOMIC_RELAXED);
	for (;;) {
		struct vyukov_cell *cell = &q->cells[*position & q->mask];
		const uint64_t sequence = __atomic_load_n(&cell->sequence, __ATOMIC_ACQUIRE);
		const int64_t lead = (int64_t)(sequence - (*position + ahead));

		if (lead < 0)
			return NULL;
		if (lead > 0)
			*position = __atomic_load_n(at, __ATOMIC_RELAXED);
		else if (__atomic_compare_exchange_n(at, position, *position + 1, true, __ATOMIC_RELAXED,
						     __ATOMIC_RELAXED))
			return cell;
	}
}

static size_t vyukov_put(const struct history_queue *kind, void *queue, enum history_style style, unsigned way,
			 const uint64_t *values, size_t n)
{
	struct vyukov *q = queue;
	uint64_t position;
	struct vyukov_cell *cell = vyukov_claim(q, &q->tail, 0, &position);

	(void)kind;
	(void)style;
	(void)n;
	if (!cell)
		return 0;
	if (way % 256 == 0)
		sched_yield(); /* what the scheduler does anyway, more seldom */
	cell->value = values[0];
	__atomic_store_n(&cell->sequence, position + 1, __ATOMIC_RELEASE);
	return 1;
}

static size_t vyukov_take(const struct history_queue *kind, void *queue, enum history_style style, unsigned way,
			  uint64_t *values, size_t n)
{
	struct vyukov *q = queue;
	uint64_t position;
	struct vyukov_cell *cell = vyukov_claim(q, &q->head, 1, &position);

	(void)kind;
	(void)style;
	(void)way;
	(void)n;
	if (!cell)
		return 0;
	values[0] = cell->value;
	__atomic_store_n(&cell->sequence, position + q->mask + 1, __ATOMIC_RELEASE);
	return 1;
}

/* Larger than a run has values: its "full" is not exact either, and has to stay out of this. */
#define VYUKOV_CAPACITY (1u << 20)

START_TEST(vyukov_hides)
{
	struct history_queue queue = {
		.name = "Vyukov's queue",
		.hides = _i != 0,
		.make = vyukov_make,
		.end = vyukov_end,
		.put = vyukov_put,
		.take = vyukov_take,
	};
	const struct history_case c = {
		.queue = &queue,
		.producers = 2,
		.consumers = 2,
		.capacity = VYUKOV_CAPACITY,
		.style = HISTORY_ONE,
		.lean = LEAN_EMPTY,
		.messages = stress_scaled(VALUES, LEAST) / 2,
	};

	run_until_found(&c, _i ? HISTORY_FINE : HISTORY_FALSE_EMPTY, NULL,
			_i ? "Vyukov's queue, allowed to hide" : "Vyukov's queue, said to be exact");
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("history controls");
	TCase *tcase = unit_tcase(suite, "history controls");

	skew = history_clock_choose();
	tcase_set_timeout(tcase, UNIT_TIMEOUT * stress_patience());
	tcase_add_loop_test(tcase, lie_is_caught, 0, (int)COUNT_OF(controls));
	tcase_add_loop_test(tcase, kind_is_caught, 0, (int)COUNT_OF(kind_controls));
	tcase_add_loop_test(tcase, vyukov_hides, 0, 2);
	return suite;
}
