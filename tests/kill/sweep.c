/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Every point of one call from one state, judged by what the mode promises.
 */
#include "kill.h"

#include <maar/ring.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* More points than any call has: the victim goes round in circles by itself. */
#define MOST_POINTS 20000

struct sweep {
	const struct kill_stepper *stepper;
	struct kill_stage *stage;
	const struct kill_case *c;
	struct kill_found *found;
	bool may_put, may_take;		  /* the others, while the victim is alive */
	size_t held;			  /* what the victim has out */
	struct kill_others first, others; /* as it was in the beginning; going on */
	char error[KILL_ERROR];
};

static void fail(struct sweep *s, unsigned k, const char *format, ...) __attribute__((format(printf, 3, 4)));
static void fail(struct sweep *s, unsigned k, const char *format, ...)
{
	const struct kill_case *c = s->c;
	char *to = s->found->error;
	const size_t bytes = sizeof(s->found->error);
	va_list args;
	int n;

	if (to[0])
		return;
	n = snprintf(to, bytes,
		     "%s, capacity %zu, %zu in from position %#llx, %s stopped %s at point %u: ", c->mode->name,
		     c->capacity, c->filled, (unsigned long long)c->start, c->call->name, s->stepper->name, k);
	if (n < 0 || (size_t)n >= bytes)
		return;
	va_start(args, format);
	vsnprintf(to + n, bytes - (size_t)n, format, args);
	va_end(args);
}

static enum kill_promise promised(const struct sweep *s)
{
	return s->c->call->side == KILL_PUT ? s->c->mode->put : s->c->mode->take;
}

/* ---- what death at this point would leave, on copies ---- */

/* Whether somebody else may be on the victim's side once it is dead. */
static bool has_heir(const struct sweep *s)
{
	return s->may_put || s->c->call->side == KILL_TAKE;
}

static enum kill_verdict inherited(const struct kill_others *from, bool heir, bool fill_first, char *error)
{
	static unsigned char queue[KILL_QUEUE_BYTES] __attribute__((aligned(128)));
	static struct kill_others o;

	error[0] = '\0';
	memcpy(queue, from->queue, sizeof(queue));
	kill_others_copy(&o, from, queue, error);
	return kill_others_inherit(&o, heir, fill_first);
}

/* Where it is alone on its side nobody may be stalled as yet, and its successor will be. */
static bool is_deadly(const struct sweep *s, bool stalls)
{
	const enum kill_promise promise = promised(s);

	return stalls || (promise == KILL_HOLDS && s->held > 0) ||
	       (promise == KILL_LENDS && has_heir(s) && s->held == s->c->capacity);
}

/*
 * Where the victim was the only producer, its death must leave consumers what was in; what its successor would find is
 * only counted (heirs), since the ring's header promises it nothing. A consumer may be succeeded at any time.
 */
static void judge_death(struct sweep *s, unsigned k, bool stalls)
{
	const enum kill_promise promise = promised(s);
	const bool deadly = is_deadly(s, stalls);
	char error[KILL_ERROR];
	bool dead = false;
	int order;

	for (order = 0; order < 2; order++) {
		if (inherited(&s->first, has_heir(s), order, error) == KILL_FREE)
			continue;
		dead = true;
		if (!deadly && promise != KILL_BLOCKS)
			fail(s, k, "and killed there: %s", error[0] ? error : "nobody can move a value");
	}
	if (deadly && !dead)
		fail(s, k, "it stalls the others, yet its death does not");
	s->found->dead += dead;
	if (has_heir(s) || (inherited(&s->first, true, false, error) == KILL_FREE &&
			    inherited(&s->first, true, true, error) == KILL_FREE))
		return;
	s->found->heirs++;
	if (s->c->mode->heirs)
		fail(s, k, "and killed there, its successor finds: %s", error[0] ? error : "nobody can move a value");
}

/* ---- the victim stands ---- */

/* Must a victim that stands where the stage shows it stall the others? */
static bool must_stall(struct sweep *s, size_t *visible)
{
	static unsigned char copy[KILL_QUEUE_BYTES] __attribute__((aligned(128)));
	const struct kill_mode *mode = s->c->mode;

	switch (promised(s)) {
	case KILL_HIDES:
		/* A lone producer (_sp) hides only its own: nobody puts behind it, so nobody misses anything. */
		if (!s->may_put)
			return false;
		memcpy(copy, s->stage->queue, sizeof(copy));
		*visible = kill_others_visible(s->c, copy);
		return *visible < mode->queue->count(s->stage->queue);
	case KILL_HOLDS:
		*visible = s->c->capacity - s->held;
		return s->may_take && s->held > 0;
	case KILL_LENDS:
		*visible = s->c->filled;
		return s->may_put && s->may_take && s->held == s->c->capacity;
	case KILL_LOCKS:
		return mode->queue->locked(s->stage->queue);
	case KILL_STALLS_NOBODY:
	case KILL_BLOCKS:
		break;
	}
	return false;
}

/* The others go on; returns whether they were stalled. */
static bool stand(struct sweep *s, unsigned k, bool must, size_t visible)
{
	const enum kill_promise promise = promised(s);
	const enum kill_verdict verdict = kill_others_go_on(&s->others, s->may_put, s->may_take);
	const bool stalls = verdict == KILL_STUCK || (verdict == KILL_NO_RETURN && promise == KILL_LOCKS);

	if (verdict == KILL_WRONG || (verdict == KILL_NO_RETURN && !stalls))
		fail(s, k, "%s", s->error);
	else if (stalls && !must && promise != KILL_BLOCKS)
		fail(s, k, "the others cannot move a value");
	else if (must && !stalls)
		fail(s, k, "the others go on past a cell that is %s",
		     promise == KILL_LOCKS ? "locked" : "claimed and not filled");
	else if (stalls && (promise == KILL_HIDES || promise == KILL_HOLDS) && s->others.drained != visible)
		fail(s, k, "%u values came out, and %zu should have, up to the one claimed", s->others.drained,
		     visible);
	else if (stalls && promise == KILL_HIDES && s->c->mode->queue->count(s->others.queue) < s->c->capacity)
		fail(s, k, "the others were refused at %zu values", s->c->mode->queue->count(s->others.queue));
	if (stalls) {
		s->error[0] = '\0';
		s->found->last_blocked = k;
		if (s->found->blocked++ == 0)
			s->found->first_blocked = k;
	}
	return stalls;
}

static void resumed(struct sweep *s, unsigned k, bool stalls)
{
	/* It is to find all kinds of things when it goes on. */
	if (s->may_put && !stalls)
		kill_others_leave(&s->others, k % 3 == 0 ? 0 : k % 3 == 1 ? 1 : s->c->most);
	s->others.lent = 0;
	if (!s->stepper->finish(s->stage))
		fail(s, k, "the victim does not return");
	else if (kill_others_settle(&s->others, s->stage) != KILL_FREE)
		fail(s, k, "and resumed: %s", s->error);
}

static void killed(struct sweep *s, unsigned k, bool stalls)
{
	s->stepper->kill(s->stage);
	if (!is_deadly(s, stalls) && kill_others_inherit(&s->others, has_heir(s), k % 2) != KILL_FREE)
		fail(s, k, "and killed: %s", s->error);
}

/* ---- the sweep ---- */

static bool begin(struct sweep *s)
{
	struct kill_stage *stage = s->stage;
	const struct kill_case *c = s->c;
	const bool producer = c->call->side == KILL_PUT;
	uint64_t i;

	memset(stage->values, 0, sizeof(stage->values));
	for (i = 0; producer && i < c->call->n; i++)
		stage->values[i] = KILL_VALUE(KILL_VICTIM, i);
	stage->call = c->call;
	stage->result = 0;
	s->may_put = !(producer && (c->call->alone || (c->mode->like & MAAR_RING_SP)));
	s->may_take = producer || !(c->call->alone || (c->mode->like & MAAR_RING_SC));
	return kill_others_begin(&s->first, c, stage->queue, s->error);
}

/* Undisturbed, it must have done what the state allows. */
static void judge_undisturbed(struct sweep *s, unsigned k)
{
	if (!s->stage->ended)
		fail(s, k, "the victim did not survive");
	else if (s->stage->result != kill_undisturbed(s->c))
		fail(s, k, "left alone, it returned %zu instead of %zu", s->stage->result, kill_undisturbed(s->c));
	kill_others_copy(&s->others, &s->first, s->stage->queue, s->error);
	if (kill_others_settle(&s->others, s->stage) != KILL_FREE)
		fail(s, k, "left alone: %s", s->error);
}

void kill_sweep(const struct kill_stepper *stepper, struct kill_stage *stage, const struct kill_case *c, bool kills,
		struct kill_found *found)
{
	static struct sweep sweep;
	struct sweep *s = &sweep;
	unsigned k;

	memset(found, 0, sizeof(*found));
	s->stepper = stepper;
	s->stage = stage;
	s->c = c;
	s->found = found;
	s->error[0] = '\0';
	if (!begin(s)) {
		fail(s, 0, "cannot begin: %s", s->error);
		return;
	}
	stepper->begin(stage);
	for (k = 0; k < MOST_POINTS && stepper->at(stage, k); k++) {
		size_t visible = 0;
		bool must, stalls;

		s->held = c->mode->queue->held ? c->mode->queue->held(stage->queue) : 0;
		must = must_stall(s, &visible);
		s->first.lent = promised(s) == KILL_LENDS ? (uint32_t)s->held : 0;
		judge_death(s, k, must);
		kill_others_copy(&s->others, &s->first, s->stage->queue, s->error);
		stalls = stand(s, k, must, visible);
		if (kills)
			killed(s, k, stalls);
		else
			resumed(s, k, stalls);
		if (found->error[0])
			break;
	}
	found->points = k;
	s->first.lent = 0;
	if (found->error[0])
		stepper->kill(stage);
	else
		judge_undisturbed(s, k);
}
