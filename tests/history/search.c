/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Depth first through all orders. A state is: which events are done, and what is in the queue; states that led nowhere are
 * remembered. Where a queue hides what is claimed (spec->hides), a put is two steps: claim the next entry, fill it. Where it
 * holds what is taken (spec->holds), a take is two: claim the oldest entry, give it back; entries go in their order.
 */
#include "search.h"

#include <string.h>

#include "../stress/stress.h"

/* ---- the search ---- */

struct op {
	const struct history_event *e;
	unsigned before;      /* set of the operations that must be done first */
	unsigned call_before; /* of these, the earlier ones of the same call */
};

/* Events are numbers below 8 in 4 bits each, so that a state fits a word. */
struct state {
	unsigned claimed, done; /* sets; claimed contains done */
	unsigned length;
	unsigned char queue[SEARCH_EVENTS]; /* the put of each value inside, oldest first; of holds, those taken too */
};

#define REMEMBERED 4096 /* a power of two; a memory that forgets only makes the search longer */

struct search {
	const struct history_spec *spec;
	struct op ops[SEARCH_EVENTS];
	unsigned count;
	uint64_t hopeless[REMEMBERED];
};

static uint64_t key_of(const struct state *s)
{
	uint64_t key = 0;
	unsigned i;

	for (i = 0; i < s->length; i++)
		key = key << 4 | (s->queue[i] + 1u);
	return key << 16 | s->claimed << 8 | s->done; /* taken puts are done, so 8 entries of 4 bits are enough */
}

static bool explains(struct search *f, const struct state *s);

/* Is there a take of the value of this put among a set of operations? */
static bool has_take(const struct search *f, unsigned set, unsigned put)
{
	unsigned i;

	for (i = 0; i < f->count; i++) {
		const struct history_event *e = f->ops[i].e;

		if ((set >> i & 1) && e->op == HISTORY_TAKE && e->ok && e->value == f->ops[put].e->value)
			return true;
	}
	return false;
}

/* The place of the oldest value that is not taken: with spec->holds some are, and are still in the queue. */
static unsigned oldest(const struct search *f, const struct state *s)
{
	unsigned n = 0;

	while (f->spec->holds && n < s->length && has_take(f, s->claimed, s->queue[n]))
		n++;
	return n;
}

/* How many values a take finds: those ahead of the first that is claimed and not filled. */
static unsigned findable(const struct search *f, const struct state *s)
{
	const unsigned first = oldest(f, s);
	unsigned n = first;

	while (n < s->length && (s->done >> s->queue[n] & 1))
		n++;
	return n - first;
}

static bool try_put(struct search *f, const struct state *s, unsigned i)
{
	const uint64_t limit = f->spec->capacity + f->spec->slack;
	struct state next = *s;

	if (!(s->claimed >> i & 1)) {
		if (limit >= f->spec->capacity && s->length >= limit)
			return false;
		next.queue[next.length++] = (unsigned char)i;
		next.claimed |= 1u << i;
		if (f->spec->hides)
			return explains(f, &next);
	}
	next.done |= 1u << i;
	return explains(f, &next);
}

static bool try_take(struct search *f, const struct state *s, unsigned i)
{
	struct state next = *s;

	if (!(s->claimed >> i & 1)) {
		const unsigned first = oldest(f, s);

		if (!findable(f, s) || f->ops[s->queue[first]].e->value != f->ops[i].e->value)
			return false;
		next.claimed |= 1u << i;
		if (f->spec->holds)
			return explains(f, &next);
	}
	next.done |= 1u << i;
	/* What is given back behind one that is out stays. */
	while (!f->spec->holds || (next.length && has_take(f, next.done, next.queue[0]))) {
		memmove(next.queue, next.queue + 1, --next.length);
		if (!f->spec->holds)
			break;
	}
	return explains(f, &next);
}

static bool try_answer(struct search *f, const struct state *s, unsigned i)
{
	const struct history_event *e = f->ops[i].e;
	struct state next = *s;

	if (e->op == HISTORY_TAKE ? findable(f, s) >= e->value
				  : e->value <= f->spec->capacity && s->length <= f->spec->capacity - e->value)
		return false;
	next.claimed |= 1u << i;
	next.done |= 1u << i;
	return explains(f, &next);
}

/* May the operation take its next step? */
static bool is_free(const struct search *f, const struct state *s, unsigned i)
{
	const struct op *op = &f->ops[i];

	if (s->done >> i & 1)
		return false;
	/* A call claims its entries in order, and fills them, or gives them back, in order. */
	if (op->e->ok && (op->e->op == HISTORY_PUT ? f->spec->hides : f->spec->holds)) {
		const unsigned passed = s->claimed >> i & 1 ? s->done : s->claimed;

		return !(op->before & ~op->call_before & ~s->done) && !(op->call_before & ~passed);
	}
	return !(op->before & ~s->done);
}

static bool explains(struct search *f, const struct state *s)
{
	const uint64_t key = key_of(s) + 1;
	uint64_t *memory = &f->hopeless[stress_mix(key) % REMEMBERED];
	unsigned i;

	if (s->done == (1u << f->count) - 1)
		return true;
	if (*memory == key)
		return false;
	for (i = 0; i < f->count; i++) {
		if (!is_free(f, s, i))
			continue;
		if (!f->ops[i].e->ok		     ? try_answer(f, s, i)
		    : f->ops[i].e->op == HISTORY_PUT ? try_put(f, s, i)
						     : try_take(f, s, i))
			return true;
	}
	*memory = key;
	return false;
}

bool search_explains(const struct search_history *h, const struct history_spec *spec)
{
	struct search f = { .spec = spec };
	const struct state nothing = { 0, 0, 0, { 0 } };
	unsigned t, i, j;

	for (t = 0; t < SEARCH_THREADS; t++) {
		for (j = 0; j < h->logs[t].count; j++) {
			struct op *op = &f.ops[f.count];

			op->e = &h->events[t][j];
			for (i = 0; i < op->e->at; i++)
				op->call_before |= 1u << (f.count - 1 - i);
			f.count++;
		}
	}
	for (i = 0; i < f.count; i++) {
		f.ops[i].before = f.ops[i].call_before;
		for (j = 0; j < f.count; j++)
			if (f.ops[j].e->end < f.ops[i].e->start)
				f.ops[i].before |= 1u << j;
	}
	return explains(&f, &nothing);
}

/* ---- histories ---- */

/* Stamps are below this: few, so that there are ties. */
#define TIMES 14

/* A call before it is given stamps and an answer. */
struct call {
	uint64_t start, end, instant;
	unsigned thread, first, count; /* its events */
	bool done;
};

/* A queue that does what it should. */
struct model {
	uint64_t values[SEARCH_EVENTS];
	size_t length;
	uint64_t next;
};

static void answer(struct history_event *e, uint64_t wanted)
{
	e->ok = 0;
	e->value = wanted;
}

/* Carries out one call: its events get values, or the first becomes the answer and the others are dropped. */
static unsigned carry_out(struct model *m, struct history_event *e, unsigned count, const struct history_spec *spec)
{
	unsigned i;

	if (e->op == HISTORY_PUT ? m->length + count > spec->capacity : m->length < count) {
		answer(e, count);
		return 1;
	}
	for (i = 0; i < count; i++) {
		e[i].ok = 1;
		if (e->op == HISTORY_PUT) {
			m->values[m->length++] = e[i].value = ++m->next;
		} else {
			e[i].value = m->values[0];
			memmove(m->values, m->values + 1, --m->length * sizeof(m->values[0]));
		}
	}
	return count;
}

/* Calls of one thread, in stamps one after the other. Returns how many calls are made. */
static unsigned plan_thread(struct search_history *h, unsigned t, unsigned events, const struct search_kind *kind,
			    struct call *calls, uint64_t *random)
{
	uint64_t time = stress_below(random, TIMES / 2);
	unsigned n = 0, at = 0, i;

	while (at < events) {
		struct call *call = &calls[n++];
		const unsigned op = stress_below(random, 100) < 55 ? HISTORY_PUT : HISTORY_TAKE;

		call->thread = t;
		call->first = at;
		call->count = kind->many && events - at > 1 && stress_below(random, 2) ? 2 : 1;
		call->start = time + stress_below(random, 3);
		call->end = call->start + stress_below(random, 7);
		call->instant = call->start + stress_below(random, call->end - call->start + 1);
		call->done = false;
		time = call->end + stress_below(random, 2);
		for (i = 0; i < call->count; i++)
			h->events[t][at + i] = (struct history_event){ call->start, call->end, 0, i, (uint16_t)op, 0 };
		at += call->count;
	}
	return n;
}

static void carry_out_all(struct search_history *h, const struct history_spec *spec, struct call *calls, unsigned n)
{
	struct model m = { { 0 }, 0, 0 };
	unsigned done, i;

	for (done = 0; done < n; done++) {
		struct call *next = NULL;

		for (i = 0; i < n; i++)
			if (!calls[i].done && (!next || calls[i].instant < next->instant))
				next = &calls[i];
		next->done = true;
		next->count = carry_out(&m, &h->events[next->thread][next->first], next->count, spec);
	}
}

/* Closes the gaps that calls which moved nothing have left. */
static void pack(struct search_history *h, const struct call *calls, unsigned n)
{
	unsigned i, j;

	for (i = 0; i < SEARCH_THREADS; i++)
		h->logs[i] = (struct history_log){ h->events[i], 0, SEARCH_EVENTS };
	for (i = 0; i < n; i++) {
		struct history_log *log = &h->logs[calls[i].thread];

		for (j = 0; j < calls[i].count; j++)
			log->events[log->count++] = log->events[calls[i].first + j];
	}
}

/* One event that is not a put, at random; NULL if there is none after a few tries. */
static struct history_event *some_event(struct search_history *h, uint64_t *random,
					bool (*fits)(struct history_event *))
{
	unsigned try;

	for (try = 0; try < 20; try++) {
		const struct history_log *log = &h->logs[stress_below(random, SEARCH_THREADS)];
		struct history_event *e;

		if (!log->count)
			continue;
		e = &log->events[stress_below(random, log->count)];
		if (fits(e))
			return e;
	}
	return NULL;
}

static bool is_taken(struct history_event *e)
{
	return e->op == HISTORY_TAKE && e->ok;
}

static bool is_answer(struct history_event *e)
{
	return !e->ok;
}

static bool is_single(struct history_event *e)
{
	return e->at == 0;
}

static void lie(struct search_history *h, const struct search_kind *kind, uint64_t *random)
{
	struct history_event *a = some_event(h, random, is_taken), *b = some_event(h, random, is_taken), *c;
	uint64_t value;

	switch (stress_below(random, 6)) {
	case 0: /* two values swapped */
		if (a && b) {
			value = a->value;
			a->value = b->value;
			b->value = value;
		}
		break;
	case 1: /* another value */
		if (a)
			a->value = 1 + stress_below(random, SEARCH_EVENTS);
		break;
	case 2: /* "empty" instead of a value */
		if (a && !a->at && (!kind->many || a->end > a->start))
			answer(a, 1);
		break;
	case 3: /* "empty" or "full" instead of any answer */
		c = some_event(h, random, is_single);
		if (c && (c->op == HISTORY_TAKE || kind->bounded))
			answer(c, 1);
		break;
	case 4: /* a value instead of "empty" */
		c = some_event(h, random, is_answer);
		if (c && c->op == HISTORY_TAKE && a) {
			c->ok = 1;
			c->value = a->value;
			answer(a, 1);
		}
		break;
	default: /* a call that took less long */
		c = some_event(h, random, is_single);
		if (c && !kind->many)
			c->start = c->end - (c->end - c->start) / 2;
		break;
	}
}

void search_make(struct search_history *h, struct history_spec *spec, const struct search_kind *kind, uint64_t *random)
{
	struct call calls[SEARCH_EVENTS];
	const unsigned threads = 1 + (unsigned)stress_below(random, SEARCH_THREADS);
	unsigned t, left = 2 + (unsigned)stress_below(random, SEARCH_EVENTS - 1), n = 0;

	memset(h, 0, sizeof(*h));
	*spec = (struct history_spec){ .capacity = HISTORY_UNBOUNDED, .hides = kind->hides, .holds = kind->holds };
	if (kind->bounded)
		spec->capacity = 1 + stress_below(random, 3);
	if (kind->slack)
		spec->slack = stress_below(random, 2);
	for (t = 0; t < threads; t++) {
		const unsigned share = left / (threads - t);

		n += plan_thread(h, t, share, kind, calls + n, random);
		left -= share;
	}
	carry_out_all(h, spec, calls, n);
	pack(h, calls, n);
	for (t = (unsigned)stress_below(random, 4); t; t--)
		lie(h, kind, random);
}
