/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Controls: rings and mrings with one known fault each. The stress has to catch every one of them, or its "none lost"
 * is worth nothing. A fault's race window is held open by a yield now and then, so that two processors are not needed.
 */
#include "../unit/common.h"
#include "ring_run.h"
#include "slots_run.h"

#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define MESSAGES 200000
#define ATTEMPTS 10

/* A faulty ring that hangs is caught too: after this many yields in a row without a value. */
#define STUCK 300000

/* ---- faulty rings: the moves of ring_impl.h, one value at a time, with one thing wrong ---- */

static void hold_open(uint64_t position)
{
	if (stress_mix(position) % 16 == 0)
		sched_yield();
}

static uint64_t load(const uint64_t *p)
{
	return __atomic_load_n(p, __ATOMIC_ACQUIRE);
}

static void store(uint64_t *p, uint64_t v)
{
	__atomic_store_n(p, v, __ATOMIC_RELEASE);
}

static bool has_room(const struct maar_ring *r, uint64_t tail, uint64_t capacity)
{
	return (int64_t)(tail - load(&r->head)) < (int64_t)capacity;
}

static void fill(struct maar_ring *r, uint64_t tail, uint64_t value)
{
	struct maar_ring_cell *cell = maar__ring_cell(maar__ring_view(r), tail);

	store(&cell->word, value);
	store(&cell->lap, maar__ring_lap(maar__ring_view(r), tail));
}

static size_t put_published_first(struct maar_ring *r, uint64_t value)
{
	const uint64_t tail = load(&r->tail);
	struct maar_ring_cell *cell = maar__ring_cell(maar__ring_view(r), tail);

	if (!has_room(r, tail, r->capacity))
		return 0;
	store(&cell->lap, maar__ring_lap(maar__ring_view(r), tail));
	hold_open(tail);
	store(&cell->word, value);
	store(&r->tail, tail + 1);
	return 1;
}

static size_t put_one_too_many(struct maar_ring *r, uint64_t value)
{
	const uint64_t tail = load(&r->tail);

	if (!has_room(r, tail, r->capacity + 1))
		return 0;
	fill(r, tail, value);
	store(&r->tail, tail + 1);
	return 1;
}

static size_t put_claimed_by_store(struct maar_ring *r, uint64_t value)
{
	const uint64_t tail = load(&r->tail);

	if (!has_room(r, tail, r->capacity))
		return 0;
	hold_open(tail);
	store(&r->tail, tail + 1);
	fill(r, tail, value);
	return 1;
}

static size_t put_losing(struct maar_ring *r, uint64_t value)
{
	return (value + 1) % 10007 == 0 ? 1 : maar_ring_enqueue(r, value);
}

static size_t put_changing(struct maar_ring *r, uint64_t value)
{
	return maar_ring_enqueue(r, (value + 1) % 10007 ? value : value + 2);
}

/* Holds every 10007th value back for a turn or more. */
static size_t put_late(struct maar_ring *r, uint64_t value)
{
	static __thread uint64_t held;
	static __thread bool holds;

	if (!holds && (value + 2) % 10007 == 0) {
		held = value;
		holds = true;
		return 1;
	}
	if (!maar_ring_enqueue(r, value))
		return 0;
	if (holds && maar_ring_enqueue(r, held))
		holds = false;
	return 1;
}

static size_t take_without_claim(struct maar_ring *r, uint64_t *value)
{
	const uint64_t head = load(&r->head);
	const struct maar_ring_cell *cell = maar__ring_cell(maar__ring_view(r), head);

	if (load(&cell->lap) != maar__ring_lap(maar__ring_view(r), head))
		return 0;
	*value = load(&cell->word);
	hold_open(head);
	store(&r->head, head + 1);
	return 1;
}

static size_t take_freed_first(struct maar_ring *r, uint64_t *value)
{
	const uint64_t head = load(&r->head);
	const struct maar_ring_cell *cell = maar__ring_cell(maar__ring_view(r), head);

	if (load(&cell->lap) != maar__ring_lap(maar__ring_view(r), head))
		return 0;
	store(&r->head, head + 1);
	hold_open(head);
	*value = load(&cell->word);
	return 1;
}

static size_t take_twice(struct maar_ring *r, uint64_t *value)
{
	static __thread uint64_t taken, last;

	if (taken && taken % 10007 == 0) {
		taken++;
		*value = last;
		return 1;
	}
	if (!maar_ring_dequeue(r, value))
		return 0;
	taken++;
	last = *value;
	return 1;
}

struct ring_fault {
	const char *name;
	unsigned flags; /* of the mode it is planted in */
	unsigned producers, consumers;
	size_t (*put)(struct maar_ring *r, uint64_t value);
	size_t (*take)(struct maar_ring *r, uint64_t *value);
};

static const struct ring_fault ring_faults[] = {
	{ "published before written", MAAR_RING_SPSC, 1, 1, put_published_first, maar_ring_dequeue },
	{ "one entry too many", MAAR_RING_SPSC, 1, 1, put_one_too_many, maar_ring_dequeue },
	{ "freed before read", MAAR_RING_SPSC, 1, 1, maar_ring_enqueue, take_freed_first },
	{ "claimed by a store", MAAR_RING_TICKET, 3, 2, put_claimed_by_store, maar_ring_dequeue },
	{ "taken by a store", MAAR_RING_TICKET, 2, 3, maar_ring_enqueue, take_without_claim },
	{ "one in 10007 lost", MAAR_RING_SPSC, 1, 1, put_losing, maar_ring_dequeue },
	{ "one in 10007 changed", MAAR_RING_SPSC, 1, 1, put_changing, maar_ring_dequeue },
	{ "one in 10007 late", MAAR_RING_SPSC, 1, 1, put_late, maar_ring_dequeue },
	{ "one in 10007 twice", MAAR_RING_SPSC, 1, 1, maar_ring_enqueue, take_twice },
};

/* With STYLE_SINGLE these are never called. */
static size_t no_put(struct maar_ring *r, const uint64_t *values, size_t n)
{
	(void)r, (void)values, (void)n;
	abort();
}

/* ---- seen by its stamps, or by ThreadSanitizer ---- */

/* How ThreadSanitizer ends a program that it has found wrong (tests/Makemodule.am, and its own default). */
#define TSAN_STATUS 66

/* Seconds for a fault to show, when milliseconds are usual; a faulty ring may also hang before a check sees it. */
#define HANGS_AFTER 120

static const char *planted; /* name of the fault */

static void noticed(const struct verdict *v)
{
	unit_note("%s: caught: %s", planted, v->text);
	_exit(1);
}

/* True if a program that ended in this way has noticed its fault; says how. */
static bool says_so(int status)
{
	if (WIFEXITED(status) && WEXITSTATUS(status) == TSAN_STATUS)
		unit_note("%s: caught by ThreadSanitizer", planted);
	else if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
		unit_note("%s: caught: it hangs", planted);
#ifdef MAAR_DEBUG
	else if (WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT)
		unit_note("%s: caught by the debug build of the library", planted);
#endif
	else
		return WIFEXITED(status) && WEXITSTATUS(status) == 1;
	return true;
}

/*
 * Runs `attempt` with growing numbers until it fills in the verdict, in a process of its own: under ThreadSanitizer
 * many of these faults are data races, which end it. Its report is no news here, and goes nowhere.
 */
static void must_be_caught(const char *name, void (*attempt)(struct verdict *v, uint64_t number))
{
	pid_t child;
	int status;

	planted = name;
	child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0) {
		struct verdict v = { .lock = PTHREAD_MUTEX_INITIALIZER, .at_once = noticed };
		uint64_t number;

		if (!freopen("/dev/null", "w", stderr))
			_exit(2);
		alarm(HANGS_AFTER);
		for (number = 0; number < ATTEMPTS; number++)
			attempt(&v, number);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_msg(says_so(status), "%s: not noticed (wait status 0x%x)", name, (unsigned)status);
}

static int chosen; /* of the table */

static void try_ring_fault(struct verdict *v, uint64_t number)
{
	const struct ring_fault *f = &ring_faults[chosen];
	const struct ring_mode mode = { f->name, f->flags, { 0 } };
	const struct ring_calls calls = {
		f->name, f->put, no_put, no_put, f->take, maar_ring_dequeue_bulk, maar_ring_dequeue_burst
	};
	struct unit_rng rng = unit_rng((uint64_t)chosen + number * COUNT_OF(ring_faults));
	const struct ring_case c = {
		.mode = &mode,
		.calls = &calls,
		.producers = f->producers,
		.consumers = f->consumers,
		.capacity = 8,
		.style = STYLE_SINGLE,
		.messages = MESSAGES / f->producers,
		.seed = unit_random(&rng),
		.stuck = STUCK,
	};

	ring_run(&c, v);
}

START_TEST(ring_fault_is_caught)
{
	chosen = _i;
	must_be_caught(ring_faults[_i].name, try_ring_fault);
}
END_TEST

/* ---- faulty exactness ---- */

/* The checkers of "full", on rings that hold one value more than they claim. */
static const struct ring_mode plain_mode = { "plain", MAAR_RING_SPSC, { 0 } };

static void try_push_pop(struct verdict *v, uint64_t number)
{
	(void)number;
	ring_run_push_pop(&plain_mode, 1, 1, 0, 1, v);
}

static void try_observers(struct verdict *v, uint64_t number)
{
	(void)number;
	ring_run_observers(&plain_mode, MESSAGES, 0, 1, v);
}

START_TEST(push_pop_can_fail)
{
	must_be_caught("a full ring under push and pop", try_push_pop);
}
END_TEST

START_TEST(observers_can_fail)
{
	must_be_caught("a ring that is full half of the time", try_observers);
}
END_TEST

/* ---- faulty mrings ---- */

static void *get_one_twice(void *from)
{
	static __thread uint64_t got;
	static __thread void *last;

	if (++got % 1009 == 0 && last)
		return last;
	return last = maar_mring_get(from);
}

static int put_dropping(void *from, void *slot)
{
	static __thread uint64_t put;

	return ++put % 1009 == 0 ? 0 : maar_mring_put(from, slot);
}

/* Still writes into what it has given back. */
static int put_and_write(void *from, void *slot)
{
	static __thread uint64_t put;
	const int rc = maar_mring_put(from, slot);

	if (++put % 101 == 0)
		memset(slot, 0x5a, SLOT_BYTES);
	return rc;
}

struct slot_fault {
	const char *name;
	void *(*get)(void *from);
	int (*put)(void *from, void *slot);
};

static const struct slot_fault slot_faults[] = {
	{ "one slot in two hands", get_one_twice, NULL },
	{ "a slot lost", NULL, put_dropping },
	{ "written after put", NULL, put_and_write },
};

static void try_slot_fault(struct verdict *v, uint64_t number)
{
	const struct slot_fault *f = &slot_faults[chosen];
	struct slot_calls calls = mring_calls;
	struct unit_rng rng = unit_rng((uint64_t)chosen + number * COUNT_OF(slot_faults));
	const struct slots_case c = {
		.calls = &calls,
		.slots = 200,
		.threads = 3,
		.generations = 2,
		.moves = MESSAGES / 10,
		.seed = unit_random(&rng),
	};
	struct maar_mring *mring = maar_mring_create(c.slots, SLOT_BYTES, NULL);

	if (!mring)
		abort();
	if (f->get)
		calls.get = f->get;
	if (f->put)
		calls.put = f->put;
	slots_run(&c, mring, v);
	(void)maar_mring_destroy(mring); /* refused: the fault has lost count; the process ends anyway */
}

START_TEST(slot_fault_is_caught)
{
	chosen = _i;
	must_be_caught(slot_faults[_i].name, try_slot_fault);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("controls");
	TCase *tcase = unit_tcase(suite, "controls");

	tcase_add_loop_test(tcase, ring_fault_is_caught, 0, (int)COUNT_OF(ring_faults));
	tcase_add_loop_test(tcase, slot_fault_is_caught, 0, (int)COUNT_OF(slot_faults));
	tcase_add_test(tcase, push_pop_can_fail);
	tcase_add_test(tcase, observers_can_fail);
	return suite;
}
