/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The proof of the history checker: small histories whose verdict is known, and random ones against a search through
 * every order of their operations.
 */
#include "../unit/common.h"
#include "../stress/stress.h"
#include "clock.h"
#include "search.h"

#include <inttypes.h>

/* ---- histories made by hand ---- */

#define EVENT(start, end, value, at, op, ok)                                                                           \
	{                                                                                                              \
		start, end, value, at, op, ok                                                                          \
	}
#define P(start, end, value)	 EVENT(start, end, value, 0, HISTORY_PUT, 1)
#define T(start, end, value)	 EVENT(start, end, value, 0, HISTORY_TAKE, 1)
#define EMPTY(start, end)	 EVENT(start, end, 1, 0, HISTORY_TAKE, 0)
#define FULL(start, end)	 EVENT(start, end, 1, 0, HISTORY_PUT, 0)
#define EMPTY_OF(start, end, n)	 EVENT(start, end, n, 0, HISTORY_TAKE, 0)
#define FULL_OF(start, end, n)	 EVENT(start, end, n, 0, HISTORY_PUT, 0)
#define P_AT(start, end, v, at)	 EVENT(start, end, v, at, HISTORY_PUT, 1)
#define T_AT(start, end, v, at)	 EVENT(start, end, v, at, HISTORY_TAKE, 1)
#define EMPTY_AT(start, end, at) EVENT(start, end, 1, at, HISTORY_TAKE, 0)
#define FULL_AT(start, end, at)	 EVENT(start, end, 1, at, HISTORY_PUT, 0)

#define ANY_SIZE .capacity = HISTORY_UNBOUNDED

static const struct known {
	const char *name;
	struct history_spec spec;
	enum history_fault fault;
	struct history_event events[3][6];
} known[] = {
	{ "nothing", { .capacity = 1, .drained = true }, HISTORY_FINE, { { { 0 } } } },
	{ "in and out", { .capacity = 1, .drained = true }, HISTORY_FINE, { { P(1, 2, 7), T(3, 4, 7) } } },
	{ "taken while it is put", { ANY_SIZE }, HISTORY_FINE, { { P(1, 9, 7) }, { T(2, 3, 7) } } },
	{ "never put", { ANY_SIZE }, HISTORY_FRESH, { { P(1, 2, 7) }, { T(3, 4, 8) } } },
	{ "taken before it is put", { ANY_SIZE }, HISTORY_FRESH, { { P(5, 6, 7) }, { T(3, 4, 7) } } },
	{ "touching is at the same time", { ANY_SIZE }, HISTORY_FINE, { { P(4, 6, 7) }, { T(3, 4, 7) } } },
	{ "twice", { ANY_SIZE }, HISTORY_REPEAT, { { P(1, 2, 7) }, { T(3, 4, 7) }, { T(3, 4, 7) } } },
	{ "put twice", { ANY_SIZE }, HISTORY_BAD_LOG, { { P(1, 2, 7) }, { P(3, 4, 7) } } },
	{ "ends before it starts", { ANY_SIZE }, HISTORY_BAD_LOG, { { P(3, 2, 7) } } },
	{ "a clock that runs backwards", { ANY_SIZE }, HISTORY_BAD_LOG, { { P(5, 6, 7), P(3, 7, 8) } } },
	{ "left in", { ANY_SIZE }, HISTORY_FINE, { { P(1, 2, 7) } } },
	{ "lost", { ANY_SIZE, .drained = true }, HISTORY_LOST, { { P(1, 2, 7) } } },
	{ "lost, as it may be",
	  { ANY_SIZE, .drained = true, .may_lose = true },
	  HISTORY_FINE,
	  { { P(1, 2, 7), P(3, 4, 8) }, { T(5, 6, 8), EMPTY(7, 8) } } },
	{ "overtaken", { ANY_SIZE }, HISTORY_ORDER, { { P(1, 2, 7), P(3, 4, 8) }, { T(5, 6, 8), T(7, 8, 7) } } },
	{ "overtaken by one that is left",
	  { ANY_SIZE },
	  HISTORY_ORDER,
	  { { P(1, 2, 7), P(3, 4, 8) }, { T(5, 6, 8) } } },
	{ "either first: puts at the same time",
	  { ANY_SIZE },
	  HISTORY_FINE,
	  { { P(1, 3, 7) }, { P(3, 4, 8) }, { T(5, 6, 8), T(7, 8, 7) } } },
	{ "either first: takes at the same time",
	  { ANY_SIZE },
	  HISTORY_FINE,
	  { { P(1, 2, 7), P(3, 4, 8) }, { T(5, 7, 8) }, { T(7, 8, 7) } } },
	{ "clocks that differ",
	  { ANY_SIZE, .skew = 1 },
	  HISTORY_FINE,
	  { { P(1, 2, 7) }, { P(4, 5, 8) }, { T(6, 7, 8), T(9, 10, 7) } } },
	{ "clocks that differ less",
	  { ANY_SIZE, .skew = 1 },
	  HISTORY_ORDER,
	  { { P(1, 2, 7) }, { P(5, 6, 8) }, { T(7, 8, 8), T(11, 12, 7) } } },
	{ "order in one put call",
	  { ANY_SIZE },
	  HISTORY_ORDER,
	  { { P_AT(1, 2, 7, 0), P_AT(1, 2, 8, 1) }, { T(5, 6, 8), T(7, 8, 7) } } },
	{ "order in one take call",
	  { ANY_SIZE },
	  HISTORY_ORDER,
	  { { P(1, 2, 7), P(3, 4, 8) }, { T_AT(5, 6, 8, 0), T_AT(5, 6, 7, 1) } } },
	{ "order in one call each",
	  { ANY_SIZE },
	  HISTORY_ORDER,
	  { { P_AT(1, 2, 7, 0), P_AT(1, 2, 8, 1) }, { T_AT(5, 6, 8, 0), T_AT(5, 6, 7, 1) } } },
	{ "in order in one call each",
	  { ANY_SIZE },
	  HISTORY_FINE,
	  { { P_AT(1, 2, 7, 0), P_AT(1, 2, 8, 1) }, { T_AT(5, 6, 7, 0), T_AT(5, 6, 8, 1) } } },
	{ "empty", { ANY_SIZE }, HISTORY_FINE, { { P(3, 4, 7), T(5, 6, 7), EMPTY(7, 8) }, { EMPTY(1, 2) } } },
	{ "not empty", { ANY_SIZE }, HISTORY_FALSE_EMPTY, { { P(1, 2, 7) }, { EMPTY(3, 4), T(5, 6, 7) } } },
	{ "empty before the put ends", { ANY_SIZE }, HISTORY_FINE, { { P(1, 3, 7) }, { EMPTY(3, 4), T(5, 6, 7) } } },
	{ "empty as the take begins", { ANY_SIZE }, HISTORY_FINE, { { P(1, 2, 7) }, { EMPTY(3, 5) }, { T(5, 6, 7) } } },
	{ "one after another is there",
	  { ANY_SIZE },
	  HISTORY_FALSE_EMPTY,
	  { { P(1, 2, 7), P(4, 5, 8) }, { T(6, 7, 7), T(9, 10, 8) }, { EMPTY(3, 8) } } },
	{ "one after another, touching",
	  { ANY_SIZE },
	  HISTORY_FINE,
	  { { P(1, 2, 7), P(4, 6, 8) }, { T(6, 7, 7), T(9, 10, 8) }, { EMPTY(3, 8) } } },
	{ "fewer than wanted", { ANY_SIZE }, HISTORY_FINE, { { P(1, 2, 7), P(3, 4, 8) }, { EMPTY_OF(5, 6, 3) } } },
	{ "as many as wanted",
	  { ANY_SIZE },
	  HISTORY_FALSE_EMPTY,
	  { { P(1, 2, 7), P(3, 4, 8) }, { EMPTY_OF(5, 6, 2) } } },
	{ "a burst that ended too soon",
	  { ANY_SIZE },
	  HISTORY_FALSE_EMPTY,
	  { { P(1, 2, 7), P(3, 4, 8) }, { T_AT(5, 6, 7, 0), EMPTY_AT(5, 6, 1) } } },
	{ "a burst that took all",
	  { ANY_SIZE },
	  HISTORY_FINE,
	  { { P(1, 2, 7), P(3, 4, 8) }, { T_AT(5, 6, 7, 0), T_AT(5, 6, 8, 1), EMPTY_AT(5, 6, 2) } } },
	{ "behind a put that goes on",
	  { ANY_SIZE, .hides = true },
	  HISTORY_FINE,
	  { { P(1, 9, 7) }, { P(2, 3, 8) }, { EMPTY(4, 5) } } },
	{ "behind it, yet said to be exact",
	  { ANY_SIZE },
	  HISTORY_FALSE_EMPTY,
	  { { P(1, 9, 7) }, { P(2, 3, 8) }, { EMPTY(4, 5) } } },
	{ "behind a put that goes on, and is refused",
	  { .capacity = 1, .hides = true, .refused_hides = true },
	  HISTORY_FINE,
	  { { FULL(1, 9) }, { P(2, 3, 8) }, { EMPTY(4, 5) } } },
	{ "behind it, and it was to hide nothing",
	  { .capacity = 1, .hides = true },
	  HISTORY_FALSE_EMPTY,
	  { { FULL(1, 9) }, { P(2, 3, 8) }, { EMPTY(4, 5) } } },
	{ "before a put that goes on",
	  { ANY_SIZE, .hides = true },
	  HISTORY_FALSE_EMPTY,
	  { { P(4, 9, 7) }, { P(2, 3, 8) }, { EMPTY(5, 6) } } },
	{ "behind a put that is over",
	  { ANY_SIZE, .hides = true },
	  HISTORY_FALSE_EMPTY,
	  { { P(1, 4, 7) }, { P(2, 3, 8) }, { EMPTY(5, 6) } } },
	{ "full behind a take that goes on",
	  { .capacity = 2, .holds = true },
	  HISTORY_FINE,
	  { { P(1, 2, 7), P(3, 4, 8) }, { T(5, 12, 7) }, { T(6, 7, 8), FULL(8, 9) } } },
	{ "behind it, yet said to be exact",
	  { .capacity = 2 },
	  HISTORY_FALSE_FULL,
	  { { P(1, 2, 7), P(3, 4, 8) }, { T(5, 12, 7) }, { T(6, 7, 8), FULL(8, 9) } } },
	{ "before a take that goes on",
	  { .capacity = 2, .holds = true },
	  HISTORY_FALSE_FULL,
	  { { P(1, 2, 7), P(3, 4, 8) }, { T(7, 12, 8) }, { T(5, 6, 7), FULL(8, 9) } } },
	{ "behind a take that is over",
	  { .capacity = 2, .holds = true },
	  HISTORY_FALSE_FULL,
	  { { P(1, 2, 7), P(3, 4, 8) }, { T(5, 8, 7) }, { T(6, 7, 8), FULL(9, 10) } } },
	{ "full", { .capacity = 1 }, HISTORY_FINE, { { P(1, 2, 7) }, { FULL(3, 4) } } },
	{ "not full", { .capacity = 2 }, HISTORY_FALSE_FULL, { { P(1, 2, 7) }, { FULL(3, 4) } } },
	{ "full as a put begins", { .capacity = 2 }, HISTORY_FINE, { { P(1, 2, 7) }, { P(4, 9, 8) }, { FULL(3, 4) } } },
	{ "full as a take ends", { .capacity = 1 }, HISTORY_FINE, { { P(1, 2, 7) }, { FULL(4, 5) }, { T(3, 4, 7) } } },
	{ "not full after a take",
	  { .capacity = 1 },
	  HISTORY_FALSE_FULL,
	  { { P(1, 2, 7) }, { FULL(5, 6) }, { T(3, 4, 7) } } },
	{ "never two at once",
	  { .capacity = 2 },
	  HISTORY_FALSE_FULL,
	  { { P(1, 2, 7), T(4, 5, 7) }, { P(6, 7, 8) }, { FULL(3, 8) } } },
	{ "no room for so many",
	  { .capacity = 4 },
	  HISTORY_FINE,
	  { { P(1, 2, 7), P(3, 4, 8) }, { FULL_OF(5, 6, 3) } } },
	{ "room for so many",
	  { .capacity = 4 },
	  HISTORY_FALSE_FULL,
	  { { P(1, 2, 7), P(3, 4, 8) }, { FULL_OF(5, 6, 2) } } },
	{ "more than there ever is room for", { .capacity = 4 }, HISTORY_FINE, { { FULL_OF(5, 6, 5) } } },
	{ "a burst that filled it",
	  { .capacity = 2 },
	  HISTORY_FINE,
	  { { P_AT(1, 2, 7, 0), P_AT(1, 2, 8, 1), FULL_AT(1, 2, 2) } } },
	{ "a burst that stopped early",
	  { .capacity = 2 },
	  HISTORY_FALSE_FULL,
	  { { P_AT(1, 2, 7, 0), FULL_AT(1, 2, 1) } } },
	{ "one too many",
	  { .capacity = 1 },
	  HISTORY_OVER_CAPACITY,
	  { { P(1, 2, 7), P(3, 4, 8) }, { T(5, 6, 7), T(7, 8, 8) } } },
	{ "as many as slack allows",
	  { .capacity = 1, .slack = 1 },
	  HISTORY_FINE,
	  { { P(1, 2, 7), P(3, 4, 8), FULL(4, 5) }, { T(5, 6, 7) } } },
	{ "more than slack allows",
	  { .capacity = 1, .slack = 1 },
	  HISTORY_OVER_CAPACITY,
	  { { P(1, 2, 7), P(3, 4, 8), P(5, 6, 9) } } },
	{ "slack is no excuse for full",
	  { .capacity = 2, .slack = 1 },
	  HISTORY_FALSE_FULL,
	  { { P(1, 2, 7), FULL(3, 4) } } },
	{ "a taker may have been early",
	  { .capacity = 1 },
	  HISTORY_FINE,
	  { { P(1, 2, 7), P(3, 4, 8) }, { T(4, 6, 7), T(7, 8, 8) } } },
	{ "an overwriting put",
	  { .capacity = 1 },
	  HISTORY_FINE,
	  { { P(1, 2, 7), FULL_OF(3, 4, 0), T_AT(3, 4, 7, 1), P_AT(3, 4, 8, 2) } } },
	{ "an overwriting put of a ring with room",
	  { .capacity = 2 },
	  HISTORY_FALSE_FULL,
	  { { P(1, 2, 7), FULL_OF(3, 4, 0), T_AT(3, 4, 7, 1), P_AT(3, 4, 8, 2) } } },
	{ "a set has no order",
	  { .capacity = 2, .set = true, .stalled = 9 },
	  HISTORY_FINE,
	  { { P(1, 2, 7), P(3, 4, 8) }, { T(5, 6, 8), T(7, 8, 7) } } },
	{ "a set's value, twice",
	  { .capacity = 2, .set = true, .stalled = 9 },
	  HISTORY_REPEAT,
	  { { P(1, 2, 7) }, { T(3, 4, 7) }, { T(5, 6, 7) } } },
	{ "a set, and one was there all the while",
	  { .capacity = 2, .set = true, .stalled = 9 },
	  HISTORY_FALSE_EMPTY,
	  { { P(1, 2, 7) }, { EMPTY(3, 5) }, { T(6, 7, 7) } } },
	{ "a set, and each was out for a while",
	  { .capacity = 2, .set = true, .stalled = 9 },
	  HISTORY_FINE,
	  { { P(1, 2, 7), P(4, 5, 8) }, { T(6, 7, 7), T(9, 10, 8) }, { EMPTY(3, 8) } } },
	{ "a set with as many as wanted",
	  { .capacity = 3, .set = true, .stalled = 9 },
	  HISTORY_FALSE_EMPTY,
	  { { P(1, 2, 7), P(3, 4, 8), P(4, 5, 9) }, { T(7, 8, 7) }, { EMPTY_OF(6, 9, 2) } } },
	{ "a set with one less",
	  { .capacity = 3, .set = true, .stalled = 9 },
	  HISTORY_FINE,
	  { { P(1, 2, 7), P(3, 4, 8), P(4, 5, 9) }, { T(7, 8, 7) }, { EMPTY_OF(6, 9, 3) } } },
	{ "a set beside a long call",
	  { .capacity = 2, .set = true, .stalled = 9 },
	  HISTORY_FINE,
	  { { P(1, 2, 7) }, { EMPTY(3, 20) }, { P(4, 13, 8) } } },
	{ "a set beside one not so long",
	  { .capacity = 2, .set = true, .stalled = 9 },
	  HISTORY_FALSE_EMPTY,
	  { { P(1, 2, 7) }, { EMPTY(3, 20) }, { P(4, 12, 8) } } },
	{ "a set after a long call",
	  { .capacity = 2, .set = true, .stalled = 9 },
	  HISTORY_FALSE_EMPTY,
	  { { P(1, 2, 7) }, { EMPTY(23, 40) }, { P(4, 22, 8), P(50, 70, 9) } } },
	{ "a set beside a refused bulk",
	  { .capacity = 2, .set = true, .stalled = 9 },
	  HISTORY_FINE,
	  { { P(1, 2, 7) }, { EMPTY(4, 6) }, { EMPTY_OF(3, 5, 2) } } },
	{ "a set's values that never come back",
	  { .capacity = 2, .set = true, .drained = true },
	  HISTORY_LOST,
	  { { P(1, 2, 7) } } },
	{ "one that drops the wrong value",
	  { .capacity = 2 },
	  HISTORY_ORDER,
	  { { P(1, 2, 7), P(3, 4, 8), FULL_OF(5, 6, 0), T_AT(5, 6, 8, 1), P_AT(5, 6, 9, 2) }, { T(7, 8, 7) } } },
};

/* In the tables an event of no length at time 0 is the end. */
static size_t length_of(const struct history_event *events)
{
	size_t n = 0;

	while (n < 6 && events[n].end)
		n++;
	return n;
}

START_TEST(known_verdicts)
{
	const struct known *k;

	for (k = known; k < known + COUNT_OF(known); k++) {
		struct history_event events[3][6];
		struct history_log logs[3];
		struct history_report report;
		unsigned t;

		memcpy(events, k->events, sizeof(events));
		for (t = 0; t < 3; t++)
			logs[t] = (struct history_log){ events[t], length_of(events[t]), 6 };
		history_check(logs, 3, &k->spec, &report);
		if (report.fault != k->fault)
			ck_abort_msg("%s: %s instead of %s: %s", k->name, history_fault_name(report.fault),
				     history_fault_name(k->fault), report.text);
	}
}
END_TEST

/* The words are for people: each operation with its thread, its event and its stamps from the first one on. */
START_TEST(names_the_operations)
{
	struct history_event put[] = { P(1000, 1002, 0x7), P(1003, 1004, 0x8) };
	struct history_event take[] = { T(1005, 1006, 0x8), T(1007, 1008, 0x7) };
	const struct history_log logs[] = { { put, 2, 2 }, { take, 2, 2 } };
	const struct history_spec spec = { ANY_SIZE };
	struct history_report report;

	history_check(logs, 2, &spec, &report);
	unit_assert_contains(report.text, "order: ");
	unit_assert_contains(report.text, "put 0x7 [thread 0, event 0, 0 to 2], take 0x7 [thread 1, event 1, 7 to 8]");
	unit_assert_contains(report.text, "put 0x8 [thread 0, event 1, 3 to 4], take 0x8 [thread 1, event 0, 5 to 6]");
}
END_TEST

/* ---- against the search ---- */

/* Histories of each kind; a few microseconds each. */
#define HISTORIES 60000
#define LEAST	  3000

static const struct search_kind kinds[] = {
	{ "unbounded", .bounded = false },
	{ "bounded", .bounded = true },
	{ "bounded, many at once", .bounded = true, .many = true },
	{ "bounded, with slack", .bounded = true, .many = true, .slack = true },
	{ "hiding", .bounded = false, .hides = true },
	{ "hiding, bounded, many at once", .bounded = true, .many = true, .hides = true },
	{ "holding, bounded", .bounded = true, .holds = true },
	{ "hiding and holding, bounded, many at once", .bounded = true, .many = true, .hides = true, .holds = true },
};

static void print_history(const struct search_history *h, char *text, size_t size)
{
	size_t used = 0;
	unsigned t, i;

	for (t = 0; t < SEARCH_THREADS; t++) {
		for (i = 0; i < h->logs[t].count && used < size; i++) {
			const struct history_event *e = &h->events[t][i];

			used += (size_t)snprintf(text + used, size - used,
						 "\n  thread %u: %" PRIu64 " to %" PRIu64 ", %s%s %" PRIu64
						 ", at %" PRIu32,
						 t, e->start, e->end, e->op == HISTORY_PUT ? "put" : "take",
						 e->ok ? "" : " refused,", e->value, e->at);
		}
	}
}

START_TEST(agrees_with_search)
{
	const struct search_kind *kind = &kinds[_i];
	const bool exact = !kind->bounded && !kind->hides;
	const uint64_t histories = stress_scaled(HISTORIES, LEAST);
	struct unit_rng rng = unit_rng((uint64_t)_i);
	uint64_t n, wrong = 0, passed = 0, by[HISTORY_FAULTS] = { 0 };

	for (n = 0; n < histories; n++) {
		struct history_report report;
		struct history_spec spec;
		struct search_history h;
		char text[2000] = "";
		bool explained;

		search_make(&h, &spec, kind, &rng.state);
		explained = search_explains(&h, &spec);
		history_check(h.logs, SEARCH_THREADS, &spec, &report);
		by[report.fault]++;
		wrong += !explained;
		if (explained == (report.fault == HISTORY_FINE))
			continue;
		passed += !explained;
		if (!explained && !exact)
			continue;
		print_history(&h, text, sizeof(text));
		ck_abort_msg("%s: the search says %s, the checker: %s%s (capacity %" PRIu64 ", slack %" PRIu64 ")%s",
			     kind->name, explained ? "right" : "wrong", history_fault_name(report.fault), report.text,
			     spec.capacity, spec.slack, text);
	}
	unit_note("%s: %" PRIu64 " histories, %" PRIu64 " wrong ones, of which the checker passed %" PRIu64, kind->name,
		  histories, wrong, passed);
	/* Enough of either sort to mean something. */
	ck_assert_msg(wrong > histories / 10 && wrong < histories * 9 / 10, "%" PRIu64 " wrong ones", wrong);
	/* What it may pass are histories whose bounds contradict only when order is looked at as well. */
	ck_assert_msg(passed <= wrong / 10, "the checker passed %" PRIu64 " of %" PRIu64 " wrong ones", passed, wrong);
	unit_must(by[HISTORY_FRESH] && by[HISTORY_REPEAT] && by[HISTORY_ORDER] && by[HISTORY_FALSE_EMPTY]);
	unit_must(!kind->bounded || by[HISTORY_FALSE_FULL]);
}
END_TEST

/* ---- the clock ---- */

#define STAMPS 100000

static void *later(void *arg)
{
	uint64_t *last = arg, n;

	for (n = 0; n < STAMPS; n++) {
		const uint64_t start = history_begin(), end = history_end();

		unit_must(start >= *last && end >= start);
		*last = end;
	}
	return NULL;
}

/* Each thread begins after the last has ended, on whatever core. */
START_TEST(clock_never_runs_backwards)
{
	const uint64_t skew = history_clock_choose();
	uint64_t last = 0, n;

	for (n = 0; n < 10; n++) {
		last = last > skew ? last - skew : 0;
		unit_in_thread(later, &last);
	}
	unit_note("stamps: %s, which differs by %" PRIu64 " between cores", history_clock_name(), skew);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("history checker");
	TCase *tcase = unit_tcase(suite, "history checker");

	tcase_set_timeout(tcase, UNIT_TIMEOUT * stress_patience());
	tcase_add_test(tcase, known_verdicts);
	tcase_add_test(tcase, names_the_operations);
	tcase_add_loop_test(tcase, agrees_with_search, 0, (int)COUNT_OF(kinds));
	tcase_add_test(tcase, clock_never_runs_backwards);
	return suite;
}
