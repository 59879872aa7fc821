/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * A fault told so that a person can follow it: every operation with its thread, its place in that thread's log, and its
 * stamps, counted from the first stamp of the history.
 */
#include "check_priv.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Values that prove a false "empty": enough to see how, in a screenful. */
#define MOST_WITNESSES 5

const char *history_fault_name(enum history_fault fault)
{
	static const char *const names[HISTORY_FAULTS] = {
		[HISTORY_FINE] = "fine",
		[HISTORY_BAD_LOG] = "not a history",
		[HISTORY_FRESH] = "fresh",
		[HISTORY_REPEAT] = "repeat",
		[HISTORY_LOST] = "lost",
		[HISTORY_ORDER] = "order",
		[HISTORY_FALSE_EMPTY] = "false empty",
		[HISTORY_FALSE_FULL] = "false full",
		[HISTORY_OVER_CAPACITY] = "over capacity",
	};

	return names[fault];
}

__attribute__((format(printf, 2, 3))) static void add(struct history_report *r, const char *format, ...)
{
	const size_t used = strlen(r->text);
	va_list args;

	va_start(args, format);
	vsnprintf(r->text + used, sizeof(r->text) - used, format, args);
	va_end(args);
}

static uint64_t origin(const struct checker *c)
{
	uint64_t first = NEVER;
	unsigned t;

	for (t = 0; t < c->threads; t++)
		if (c->logs[t].count && c->logs[t].events[0].start < first)
			first = c->logs[t].events[0].start;
	return first;
}

static void add_event(struct checker *c, struct place p)
{
	const struct history_event *e = event_at(c, p);
	const uint64_t zero = origin(c);

	if (e->ok)
		add(c->report, "%s 0x%" PRIx64, e->op == HISTORY_PUT ? "put" : "take", e->value);
	else
		add(c->report, "\"%s\" (%" PRIu64 " wanted)", e->op == HISTORY_PUT ? "full" : "empty", e->value);
	add(c->report, " [thread %" PRIu32 ", event %" PRIu32, p.thread, p.index);
	if (e->at)
		add(c->report, " (of the call that began with event %" PRIu32 ")", p.index - e->at);
	add(c->report, ", %" PRIu64 " to %" PRIu64 "]", e->start - zero, e->end - zero);
}

static void add_element(struct checker *c, const struct element *x)
{
	add_event(c, x->put);
	add(c->report, ", ");
	if (x->take_end == NEVER)
		add(c->report, "never taken");
	else
		add_event(c, x->take);
}

/* False if there is a fault already. */
static bool begin(struct checker *c, enum history_fault fault)
{
	if (c->report->fault != HISTORY_FINE)
		return false;
	c->report->fault = fault;
	add(c->report, "%s: ", history_fault_name(fault));
	return true;
}

static void end(struct checker *c)
{
	if (c->spec->skew)
		add(c->report, "; clocks may differ by %" PRIu64, c->spec->skew);
}

void tell_event(struct checker *c, enum history_fault fault, struct place at, const char *what)
{
	if (!begin(c, fault))
		return;
	add_event(c, at);
	add(c->report, ": %s", what);
	end(c);
}

void tell_element(struct checker *c, enum history_fault fault, const struct element *x, const char *what)
{
	if (!begin(c, fault))
		return;
	add_element(c, x);
	add(c->report, ": %s", what);
	end(c);
}

void tell_twice(struct checker *c, const struct element *x, struct place again, const char *what)
{
	if (!begin(c, event_at(c, again)->op == HISTORY_PUT ? HISTORY_BAD_LOG : HISTORY_REPEAT))
		return;
	add_element(c, x);
	add(c->report, ", and again ");
	add_event(c, again);
	add(c->report, ": %s", what);
	end(c);
}

void tell_order(struct checker *c, const struct element *x, const struct element *y)
{
	if (!begin(c, HISTORY_ORDER))
		return;
	add(c->report, "the first of these was put before the second, and the second taken before the first: ");
	add_element(c, x);
	add(c->report, "; ");
	add_element(c, y);
	end(c);
}

/*
 * Of the values that must be found just before `time` (a set: that are in then), the one that is taken last; NULL if there
 * is none.
 */
static const struct element *witness(const struct checker *c, uint64_t time)
{
	const struct element *best = NULL;
	size_t i;

	for (i = 0; i < c->count; i++) {
		const struct element *x = &c->elements[i];

		if ((c->spec->set ? x->put_end : x->shown) < time && x->take_start > time &&
		    (!best || x->take_start > best->take_start))
			best = x;
	}
	return best;
}

void tell_empty(struct checker *c, const struct answer *a)
{
	const struct history_event *e = event_at(c, a->place);
	uint64_t time = widened_start(c, e);
	const uint64_t last = widened_end(c, e);
	unsigned shown;

	if (!begin(c, HISTORY_FALSE_EMPTY))
		return;
	add_event(c, a->place);
	add(c->report, ", and all the while %" PRIu64 " at least were there, one after another: ", a->extreme);
	for (shown = 0; time <= last; shown++) {
		const struct element *x = witness(c, time);

		if (!x)
			break;
		if (shown == MOST_WITNESSES) {
			add(c->report, "; and so on");
			break;
		}
		add(c->report, shown ? "; " : "");
		add_element(c, x);
		time = x->take_start;
	}
	end(c);
}

void tell_full(struct checker *c, const struct answer *a)
{
	if (!begin(c, HISTORY_FALSE_FULL))
		return;
	add_event(c, a->place);
	add(c->report,
	    ", and at no instant meanwhile can more than %" PRIu64 " have been inside, counting every put begun and "
	    "every take not ended; the capacity is %" PRIu64,
	    a->extreme, c->spec->capacity);
	end(c);
}

void tell_over(struct checker *c, const struct element *x, uint64_t inside)
{
	if (!begin(c, HISTORY_OVER_CAPACITY))
		return;
	add(c->report,
	    "at the end of the put of the value below %" PRIu64
	    " were inside, put and not begun to be taken; the capacity "
	    "is %" PRIu64 " with a slack of %" PRIu64 ": ",
	    inside, c->spec->capacity, c->spec->slack);
	add_element(c, x);
	end(c);
}
