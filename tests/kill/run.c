/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * All sweeps of a mode (sweep.c: one call, stopped at each of its points), what they come to, and the controls: calls that
 * are wrong on purpose, which a sweep must find.
 */
#include "kill.h"

#include <maar/ring.h>

#include <stdio.h>
#include <string.h>

/* One mode's sweeps: totals, and how long each call is, for the note. */
struct report {
	struct kill_run *run;
	unsigned states, points, blocked, heirs;
	unsigned overhead;	/* points of a call that does nothing */
	unsigned done, refused; /* points of the present call that did all it was asked for; nothing */
	char lengths[1024];
};

static void set_error(struct kill_run *run, const char *call, const char *text)
{
	if (!run->error[0])
		snprintf(run->error, sizeof(run->error), "%s: %s", call, text);
}

/* What a sweep as a whole must show, where each point was as promised. */
static void judge(struct kill_run *run, const struct kill_case *c, const struct kill_found *found)
{
	const size_t moves = kill_undisturbed(c);
	const bool puts = c->call->side == KILL_PUT;
	const enum kill_promise promise = puts ? c->mode->put : c->mode->take;
	const bool alone = c->call->alone || (c->mode->like & (puts ? MAAR_RING_SP : MAAR_RING_SC));
	const bool claims = (promise == KILL_HIDES || promise == KILL_HOLDS) && !alone && moves > 0;
	const bool may_claim = promise == KILL_LENDS && c->call->n >= c->capacity; /* all that there is */

	if (found->points == 0 && moves > 0)
		set_error(run, c->call->name, "no point to stop at");
	if (claims != (found->blocked > 0) && !may_claim)
		set_error(run, c->call->name, claims ? "no point between claim and fill" : "a stop stalls the others");
	if (found->blocked && found->last_blocked - found->first_blocked + 1 != found->blocked)
		set_error(run, c->call->name, "the points that stall others are not in one piece");
}

static void visit(const struct kill_case *c, void *arg)
{
	struct report *report = arg;
	struct kill_run *run = report->run;
	struct kill_found found;
	size_t moves;

	if (run->error[0])
		return;
	kill_sweep(run->stepper, run->stage, c, run->kills, &found);
	if (found.error[0])
		set_error(run, run->kills ? "killed" : "stopped", found.error);
	else
		judge(run, c, &found);
	report->states++;
	report->points += found.points;
	report->blocked += found.blocked;
	report->heirs += found.heirs;
	moves = kill_undisturbed(c);
	if (moves == c->call->n && (!report->done || found.points < report->done))
		report->done = found.points;
	if (moves == 0 && (!report->refused || found.points < report->refused))
		report->refused = found.points;
}

static void note_length(struct report *report, const struct kill_call *call)
{
	const size_t used = strlen(report->lengths);
	const unsigned done = report->done - report->overhead;

	if (report->refused)
		snprintf(report->lengths + used, sizeof(report->lengths) - used, ", %s %u/%u", call->name, done,
			 report->refused - report->overhead);
	else if (report->done)
		snprintf(report->lengths + used, sizeof(report->lengths) - used, ", %s %u", call->name, done);
}

/* A call that does nothing, to learn what surrounds one. */
static unsigned overhead(struct kill_run *run, const struct kill_mode *mode, const struct kill_call *nothing)
{
	const struct kill_case c = { .mode = mode, .call = nothing, .capacity = 8, .most = 8, .operations = 10 };
	struct kill_found found;

	kill_sweep(run->stepper, run->stage, &c, false, &found);
	if (found.error[0])
		set_error(run, nothing->name, found.error);
	return found.points;
}

static bool is_ring(const struct kill_mode *mode)
{
	return mode->queue == &kill_ring;
}

/* How many states; fewer where another call or mode has the same moves, and no more than a quarter minute takes. */
static enum kill_extent extent(const struct kill_run *run, const struct kill_mode *mode, const struct kill_call *call)
{
	const bool twin = call->alone || call->many || call->pointers, cheap = run->stepper->cheap;

	if (run->all && is_ring(mode))
		return run->kills ? KILL_FEW : KILL_ALL;
	/* A victim that is killed in earnest walks all the way from the start again: too far in the longer calls. */
	if (run->all && run->kills)
		return call->n == 1 ? KILL_ONE : KILL_NONE;
	if (run->all)
		return KILL_MOST;
	if (run->kills)
		return twin || (mode->variant && !call->evicts && !cheap) ? KILL_NONE : KILL_ONE;
	if (cheap)
		return twin ? KILL_FEW : KILL_ALL;
	if (mode->variant)
		return twin ? KILL_NONE : KILL_FEW;
	return twin ? KILL_ONE : KILL_MOST;
}

/* The other kinds' calls are longer than a ring's, and their others only see more of the same: a fifth will do. */
static unsigned operations(const struct kill_run *run, const struct kill_mode *mode)
{
	return run->all || is_ring(mode) ? run->operations : run->operations / 5;
}

static bool has_points(const struct kill_run *run, const struct kill_mode *mode)
{
	return !mode->in_library || run->stepper->calls->in_library;
}

void kill_run_mode(struct kill_run *run, const struct kill_mode *mode)
{
	struct report report = { .run = run };
	const struct kill_call *call = run->stepper->calls->of[mode->calls];

	if (!has_points(run, mode)) {
		run->note("%s: no points %s in the library here", mode->name, run->stepper->name);
		return;
	}
	report.overhead = overhead(run, mode, call);
	for (call++; call->name; call++) {
		report.done = report.refused = 0;
		kill_each_state(mode, call, extent(run, mode, call), operations(run, mode), visit, &report);
		note_length(&report, call);
	}
	run->note("%s %s, %s: %u states, %u points, %u of them stall others", mode->name,
		  run->kills ? "killed" : "stopped", run->stepper->name, report.states, report.points, report.blocked);
	if (report.heirs)
		run->note("  at %u of them, death of a producer that was alone would leave its successor in trouble",
			  report.heirs);
	if (!run->kills)
		run->note("  %s (all done/nothing to do): %s", run->stepper->points,
			  report.lengths[0] ? report.lengths + 2 : "");
}

/* ---- controls ---- */

static void control(struct kill_run *run, const struct kill_mode *mode, const struct kill_call *call,
		    struct kill_found *found)
{
	const struct kill_case c = { .mode = mode,
				     .call = call,
				     .capacity = 2,
				     .most = 2,
				     .filled = 1,
				     .start = UINT64_MAX,
				     .operations = run->operations };

	kill_sweep(run->stepper, run->stage, &c, run->kills, found);
	run->note("control, %s, %s: %u points, %u stall others (%u to %u), %u are deadly%s%s", call->name,
		  run->stepper->name, found->points, found->blocked, found->first_blocked, found->last_blocked,
		  found->dead, found->error[0] ? "; " : "", found->error);
}

/* In both calls of a queue that is not lock-free, stops and deaths must show. */
static void must_stall(struct kill_run *run, const struct kill_mode *mode, const struct kill_call *call)
{
	struct kill_found found;

	for (; call->name; call++) {
		control(run, mode, call, &found);
		if (found.error[0])
			set_error(run, call->name, found.error);
		else if (!found.blocked || !found.dead || found.blocked == found.points)
			set_error(run, call->name, "a control was not caught");
	}
}

/* Whether one of the calls of a side shows that something is wrong with a mode. */
static bool is_found(struct kill_run *run, const struct kill_mode *mode, enum kill_side side)
{
	const struct kill_call *call = run->stepper->calls->of[mode->calls];
	struct kill_found found;

	for (call++; call->name; call++) {
		const struct kill_case c = { .mode = mode,
					     .call = call,
					     .capacity = 2,
					     .most = 2,
					     .filled = 1,
					     .start = UINT64_MAX,
					     .operations = run->operations / 10 };

		if (call->side != side || call->alone || !kill_is_for(call, mode))
			continue;
		kill_sweep(run->stepper, run->stage, &c, false, &found);
		if (found.error[0])
			return true;
	}
	return false;
}

/* A mode whose threads may stall others, or be missed, said to be free of that; successors who do not as they should. */
static void must_be_found(struct kill_run *run, const struct kill_mode *mode)
{
#ifndef MAAR_DEBUG
	struct kill_queue queue = *mode->queue;
#endif
	struct kill_mode said = *mode;
	enum kill_side side;

	said.put = said.take = KILL_STALLS_NOBODY;
	for (side = KILL_PUT; side <= KILL_TAKE; side++) {
		const unsigned alone = side == KILL_PUT ? MAAR_RING_SP : 0;

		if ((side == KILL_PUT ? mode->put : mode->take) == KILL_STALLS_NOBODY || (mode->like & alone))
			continue;
		if (!is_found(run, &said, side))
			set_error(run, mode->name, "said to stall nobody, and it was not noticed");
	}
	/* By hooks a reader's gate and its own memory change at one point. */
	if (!mode->queue->succeed || !mode->heirs || (run->stepper->cheap && mode->calls == KILL_BROADCAST_CALLS))
		return;
#ifndef MAAR_DEBUG /* which stops such a successor */
	said.queue = &queue;
	queue.succeed = NULL;
	if (!is_found(run, &said, KILL_PUT) && !is_found(run, &said, KILL_TAKE))
		set_error(run, mode->name, "a successor did nothing, and it was not noticed");
#endif
}

void kill_run_controls(struct kill_run *run)
{
	const struct kill_calls *calls = run->stepper->calls;
	const struct kill_call *call;
	struct kill_found found;
	int mode;

	must_stall(run, &kill_controls[0], calls->of[KILL_VYUKOV_CALLS]);
	must_stall(run, &kill_controls[1], calls->of[KILL_SPINLOCK_CALLS]);
	for (call = calls->of[KILL_CARELESS_CALLS]; call->name && !run->kills; call++) {
		control(run, &kill_controls[2], call, &found);
		if (!found.error[0])
			set_error(run, call->name, "a control was not caught: it loses and doubles values");
	}
	for (mode = 0; mode < kill_modes_count && !run->kills; mode++)
		if (has_points(run, &kill_modes[mode]))
			must_be_found(run, &kill_modes[mode]);
}
