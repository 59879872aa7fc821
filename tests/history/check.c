/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The checker: values are matched by a hash table, then all stamps are visited in order of time by a merge of the logs,
 * each of which is sorted already. O(n) but for the merge, which looks at 2 stamps a thread for each step.
 */
#include "check_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *need(void *memory)
{
	if (!memory) {
		fputs("history: out of memory\n", stderr);
		abort();
	}
	return memory;
}

static bool faulty(const struct checker *c)
{
	return c->report->fault != HISTORY_FINE;
}

/* ---- which take belongs to which put ---- */

struct slot {
	uint64_t value;
	uint64_t element; /* its number + 1; 0: nothing here */
};

struct table {
	struct slot *slots;
	uint64_t mask;
};

static struct slot *find(const struct table *table, uint64_t value)
{
	uint64_t at = value * UINT64_C(0x9e3779b97f4a7c15);

	for (at ^= at >> 32;; at++) {
		struct slot *slot = &table->slots[at & table->mask];

		if (!slot->element || slot->value == value)
			return slot;
	}
}

/* Counts, and sees to it that the log is one: stamps that never run backwards. */
static void look_over(struct checker *c)
{
	struct history_report *r = c->report;
	struct place p;

	for (p.thread = 0; p.thread < c->threads; p.thread++) {
		uint64_t start = 0, end = 0;

		for (p.index = 0; p.index < c->logs[p.thread].count; p.index++) {
			const struct history_event *e = event_at(c, p);

			if (e->end < e->start || e->start < start || e->end < end || (p.index == 0 && e->at))
				tell_event(c, HISTORY_BAD_LOG, p, "its stamps run backwards");
			start = e->start;
			end = e->end;
			r->puts += e->op == HISTORY_PUT && e->ok;
			r->takes += e->op == HISTORY_TAKE && e->ok;
			r->fulls += e->op == HISTORY_PUT && !e->ok;
			r->empties += e->op == HISTORY_TAKE && !e->ok;
		}
	}
}

static void match_put(struct checker *c, const struct table *table, struct place p)
{
	const struct history_event *e = event_at(c, p);
	struct slot *slot = find(table, e->value);

	if (slot->element) {
		tell_twice(c, &c->elements[slot->element - 1], p, "put twice: histories need unique values");
		return;
	}
	slot->value = e->value;
	slot->element = c->count + 1;
	c->which[p.thread][p.index] = (uint32_t)c->count;
	c->elements[c->count++] = (struct element){
		.put_start = widened_start(c, e),
		.put_end = widened_end(c, e),
		.take_start = NEVER,
		.take_end = NEVER,
		.shown = NEVER,
		.put = p,
	};
}

static void match_take(struct checker *c, const struct table *table, struct place p)
{
	const struct history_event *e = event_at(c, p);
	const struct slot *slot = find(table, e->value);
	struct element *x;

	if (!slot->element) {
		tell_event(c, HISTORY_FRESH, p, "took a value that nobody has put");
		return;
	}
	x = &c->elements[slot->element - 1];
	if (x->take_end != NEVER) {
		tell_twice(c, x, p, "taken twice");
		return;
	}
	c->which[p.thread][p.index] = (uint32_t)(slot->element - 1);
	x->take_start = widened_start(c, e);
	x->take_end = widened_end(c, e);
	x->take = p;
	if (x->take_end < x->put_start)
		tell_element(c, HISTORY_FRESH, x, "taken before it was put");
}

static void match_all(struct checker *c, const struct table *table, enum history_op op)
{
	struct place p;

	for (p.thread = 0; p.thread < c->threads; p.thread++) {
		for (p.index = 0; p.index < c->logs[p.thread].count && !faulty(c); p.index++) {
			const struct history_event *e = event_at(c, p);

			if (!e->ok || e->op != op)
				continue;
			if (op == HISTORY_PUT)
				match_put(c, table, p);
			else
				match_take(c, table, p);
		}
	}
}

static void match(struct checker *c)
{
	struct table table = { NULL, 1 };
	size_t i;

	while (table.mask < 2 * c->report->puts)
		table.mask = table.mask * 2 + 1;
	table.slots = need(calloc(table.mask + 1, sizeof(*table.slots)));
	match_all(c, &table, HISTORY_PUT);
	match_all(c, &table, HISTORY_TAKE);
	free(table.slots);
	for (i = 0; i < c->count && c->spec->drained && !c->spec->may_lose && !faulty(c); i++)
		if (c->elements[i].take_end == NEVER)
			tell_element(c, HISTORY_LOST, &c->elements[i], "put, and not there at the end");
}

/* ---- values of one call: they have the same stamps, so their order is judged by their numbers ---- */

static bool same_call(struct place a, struct place b, const struct checker *c)
{
	return a.thread == b.thread && a.index - event_at(c, a)->at == b.index - event_at(c, b)->at;
}

/* x was put before y in one call. Was y taken wholly before x, or ahead of it by one call? */
static void check_put_pair(struct checker *c, const struct element *x, const struct element *y)
{
	if (y->take_end == NEVER)
		return;
	if (y->take_end < x->take_start ||
	    (x->take_end != NEVER && same_call(x->take, y->take, c) && y->take.index < x->take.index))
		tell_order(c, x, y);
}

/* y was taken before x in one call. Was x put wholly before y? */
static void check_take_pair(struct checker *c, const struct element *x, const struct element *y)
{
	if (x->put_end < y->put_start)
		tell_order(c, x, y);
}

/* The values ahead of one in its call. */
struct ahead {
	const struct element *worst; /* puts: the one taken last; takes: the one put last */
	const struct element *last;
};

static void check_put(struct checker *c, struct ahead *ahead, const struct element *x)
{
	if (c->spec->may_lose && x->take_end == NEVER)
		return;
	if (ahead->worst) {
		check_put_pair(c, ahead->worst, x);
		check_put_pair(c, ahead->last, x);
	}
	if (!ahead->worst || x->take_start > ahead->worst->take_start)
		ahead->worst = x;
	ahead->last = x;
}

static void check_take(struct checker *c, struct ahead *ahead, const struct element *x)
{
	if (ahead->worst)
		check_take_pair(c, x, ahead->worst);
	if (!ahead->worst || x->put_start > ahead->worst->put_start)
		ahead->worst = x;
}

static void check_calls(struct checker *c, const struct history_log *log, const uint32_t *which)
{
	struct ahead put = { NULL, NULL }, take = put;
	size_t i;

	for (i = 0; i < log->count && !faulty(c); i++) {
		const struct history_event *e = &log->events[i];

		if (e->at == 0)
			put = take = (struct ahead){ NULL, NULL };
		if (!e->ok)
			continue;
		if (e->op == HISTORY_PUT)
			check_put(c, &put, &c->elements[which[i]]);
		else
			check_take(c, &take, &c->elements[which[i]]);
	}
}

/* ---- the sweep ---- */

/* The starts of one log, or its ends. */
struct stream {
	uint64_t time; /* of the next event; NEVER: no more */
	struct place next;
};

struct showing {
	uint64_t time;
	struct element *element;
};

struct answers {
	struct answer *open;
	size_t count, room;
};

struct sweep {
	struct checker *c;
	struct stream *streams;	      /* starts of each thread, then ends of each: at one time starts come first */
	uint64_t inside_most;	      /* put has started, take has not ended */
	uint64_t inside_least;	      /* put has ended, take has not started */
	uint64_t takable;	      /* those of the latter that a take must find */
	uint64_t limit;		      /* capacity and slack */
	const struct element *latest; /* of those whose put has ended, the one that is taken last */
	struct answers fulls, empties;
	/* spec->hides: values whose put has ended, in order of the time from when on no put that began earlier is going on */
	struct showing *hidden;
	size_t hidden_first, hidden_count;
	uint64_t last_put_end; /* of the puts that have started */
	/* spec->holds: from when on each value whose take has ended is no longer in use, in order of time */
	uint64_t *held;
	size_t held_first, held_count;
	uint64_t last_take_end; /* of the takes that have started */
};

static void open_answer(struct answers *list, struct place place, uint64_t extreme)
{
	if (list->count == list->room) {
		list->room = list->room ? 2 * list->room : 16;
		list->open = need(realloc(list->open, list->room * sizeof(*list->open)));
	}
	list->open[list->count++] = (struct answer){ place, extreme };
}

/* Takes the answer out of the list; it is there. */
static struct answer close_answer(struct answers *list, struct place place)
{
	struct answer a;
	size_t i = 0;

	while (list->open[i].place.thread != place.thread || list->open[i].place.index != place.index)
		i++;
	a = list->open[i];
	list->open[i] = list->open[--list->count];
	return a;
}

/* A take that starts after the end of the put of x must find it, and so must one that is going on. */
static void show(struct sweep *s, struct element *x, uint64_t now)
{
	if (x->take_start > now) {
		x->shown = now;
		s->takable++;
	}
}

static void put_starts(struct sweep *s, const struct element *y)
{
	size_t i;

	if (s->latest && s->latest->take_start > y->take_end && !s->c->spec->set)
		tell_order(s->c, s->latest, y);
	s->inside_most++;
	for (i = 0; i < s->fulls.count; i++)
		if (s->fulls.open[i].extreme < s->inside_most)
			s->fulls.open[i].extreme = s->inside_most;
	if (s->last_put_end < y->put_end)
		s->last_put_end = y->put_end;
}

static void put_ends(struct sweep *s, struct element *x)
{
	if (s->c->spec->may_lose && x->take_end == NEVER)
		return;
	if (!s->latest || x->take_start > s->latest->take_start)
		s->latest = x;
	if (x->take_start <= x->put_end)
		return;
	if (++s->inside_least > s->limit)
		tell_over(s->c, x, s->inside_least);
	if (s->hidden)
		s->hidden[s->hidden_count++] = (struct showing){ s->last_put_end, x };
	else
		show(s, x, x->put_end);
}

/* A set: those that were in when the answer began are counted down as they leave. */
static void leaves_set(struct sweep *s, const struct element *x)
{
	size_t i;

	for (i = 0; i < s->empties.count; i++)
		s->empties.open[i].extreme -=
			x->put_end < widened_start(s->c, event_at(s->c, s->empties.open[i].place));
}

static void take_starts(struct sweep *s, const struct element *x)
{
	size_t i;

	if (s->last_take_end < x->take_end)
		s->last_take_end = x->take_end;
	if (x->take_start > x->put_end)
		s->inside_least--;
	if (s->c->spec->set && x->take_start > x->put_end)
		leaves_set(s, x);
	if (s->c->spec->set || x->shown == NEVER)
		return;
	s->takable--;
	for (i = 0; i < s->empties.count; i++)
		if (s->empties.open[i].extreme > s->takable)
			s->empties.open[i].extreme = s->takable;
}

/* What was taken ahead of it may be out still. */
static void take_ends(struct sweep *s)
{
	if (s->held)
		s->held[s->held_count++] = s->last_take_end;
	else
		s->inside_most--;
}

static void answer_starts(struct sweep *s, const struct history_event *e, struct place p)
{
	if (e->op == HISTORY_PUT && s->c->spec->refused_hides && s->last_put_end < widened_end(s->c, e))
		s->last_put_end = widened_end(s->c, e);
	if (e->op == HISTORY_PUT)
		open_answer(&s->fulls, p, s->inside_most);
	else
		open_answer(&s->empties, p, s->c->spec->set ? s->inside_least : s->takable);
}

/* A set: whether a call of another thread beside this one may have hidden something from it. */
static bool is_excused(const struct checker *c, struct place p)
{
	const struct history_event *e = event_at(c, p);
	const uint64_t start = widened_start(c, e), end = widened_end(c, e);
	unsigned t;

	for (t = 0; t < c->threads; t++) {
		const struct history_log *log = &c->logs[t];
		size_t from = 0, to = log->count;

		/* Ends, as starts, are in order: the first that is not over before this one begins. */
		while (t != p.thread && from < to) {
			const size_t half = from + (to - from) / 2;

			if (widened_end(c, &log->events[half]) < start)
				from = half + 1;
			else
				to = half;
		}
		for (; t != p.thread && from < log->count; from++) {
			const struct history_event *b = &log->events[from];
			const uint64_t began = widened_start(c, b), ended = widened_end(c, b);
			const uint64_t both = (ended < end ? ended : end) - (began > start ? began : start);

			if (began > end)
				break;
			if (both >= c->spec->stalled || (!b->ok && b->value > 1))
				return true;
		}
	}
	return false;
}

static void answer_ends(struct sweep *s, const struct history_event *e, struct place p)
{
	const struct answer a = close_answer(e->op == HISTORY_PUT ? &s->fulls : &s->empties, p);
	const uint64_t capacity = s->c->spec->capacity;

	if (e->op == HISTORY_TAKE) {
		if (a.extreme < e->value)
			return;
		if (s->c->spec->set && is_excused(s->c, p))
			s->c->report->excused++;
		else
			tell_empty(s->c, &a);
	} else if (e->value <= capacity && a.extreme <= capacity - e->value) {
		tell_full(s->c, &a);
	}
}

static void visit(struct sweep *s, struct place p, bool starts)
{
	const struct history_event *e = event_at(s->c, p);
	struct element *x;

	if (!e->ok) {
		if (starts)
			answer_starts(s, e, p);
		else
			answer_ends(s, e, p);
		return;
	}
	x = &s->c->elements[s->c->which[p.thread][p.index]];
	if (e->op == HISTORY_PUT) {
		if (starts)
			put_starts(s, x);
		else
			put_ends(s, x);
	} else if (starts) {
		take_starts(s, x);
	} else {
		take_ends(s);
	}
}

static void set_time(struct sweep *s, unsigned stream)
{
	struct stream *t = &s->streams[stream];
	const struct history_log *log = &s->c->logs[t->next.thread];

	if (t->next.index == log->count)
		t->time = NEVER;
	else if (stream < s->c->threads)
		t->time = widened_start(s->c, &log->events[t->next.index]);
	else
		t->time = widened_end(s->c, &log->events[t->next.index]);
}

/* Visits the earliest stamp; false if there is none. */
static bool step(struct sweep *s)
{
	const unsigned streams = 2 * s->c->threads;
	unsigned i, best = 0;
	struct place p;

	for (i = 1; i < streams; i++)
		if (s->streams[i].time < s->streams[best].time)
			best = i;
	if (s->hidden_first < s->hidden_count && s->hidden[s->hidden_first].time < s->streams[best].time) {
		const struct showing *next = &s->hidden[s->hidden_first++];

		show(s, next->element, next->time);
		return true;
	}
	if (s->held_first < s->held_count && s->held[s->held_first] < s->streams[best].time) {
		s->held_first++;
		s->inside_most--;
		return true;
	}
	if (s->streams[best].time == NEVER)
		return false;
	p = s->streams[best].next;
	s->streams[best].next.index++;
	set_time(s, best);
	visit(s, p, best < s->c->threads);
	return true;
}

static void sweep(struct checker *c)
{
	const uint64_t capacity = c->spec->capacity, slack = c->spec->slack;
	struct sweep s = { .c = c, .limit = capacity + slack < capacity ? UINT64_MAX : capacity + slack };
	unsigned i;

	s.streams = need(calloc(2 * (size_t)c->threads + 1, sizeof(*s.streams)));
	if (c->spec->hides)
		s.hidden = need(malloc((c->count + 1) * sizeof(*s.hidden)));
	if (c->spec->holds)
		s.held = need(malloc((c->count + 1) * sizeof(*s.held)));
	for (i = 0; i < 2 * c->threads; i++) {
		s.streams[i].next.thread = i % c->threads;
		set_time(&s, i);
	}
	while (!faulty(c) && step(&s))
		;
	free(s.hidden);
	free(s.held);
	free(s.fulls.open);
	free(s.empties.open);
	free(s.streams);
}

/* ---- the whole ---- */

enum history_fault history_check(const struct history_log *logs, unsigned threads, const struct history_spec *spec,
				 struct history_report *report)
{
	struct checker c = { .logs = logs, .threads = threads, .spec = spec, .report = report };
	unsigned t;

	memset(report, 0, sizeof(*report));
	look_over(&c);
	c.elements = need(malloc((report->puts + 1) * sizeof(*c.elements)));
	c.which = need(calloc(threads + 1, sizeof(*c.which)));
	for (t = 0; t < threads; t++)
		c.which[t] = need(malloc((logs[t].count + 1) * sizeof(**c.which)));
	if (!faulty(&c))
		match(&c);
	for (t = 0; t < threads && !spec->set && !faulty(&c); t++)
		check_calls(&c, &logs[t], c.which[t]);
	if (!faulty(&c))
		sweep(&c);
	for (t = 0; t < threads; t++)
		free(c.which[t]);
	free(c.which);
	free(c.elements);
	return report->fault;
}
