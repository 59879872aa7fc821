/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Fibers on <ucontext.h> to begin with, and on _setjmp/_longjmp from then on: those do not enter the system, which
 * swapcontext does twice a switch. For the same reason a fiber whose thread has ended serves the next execution.
 */
/* Fibers jump between stacks, which a fortified longjmp forbids. Here, since CPPFLAGS stand behind a target's own flags. */
#undef _FORTIFY_SOURCE

#include "fiber.h"

#include <setjmp.h>
#include <stdio.h>
#include <ucontext.h>

#define STACK_BYTES (64 * 1024) /* the code under test has no recursion and no large arrays */

/* By priorities, a thread that takes so many steps on end waits for another in a loop without model_yield. */
#define PATIENCE 200

enum state { READY, SLEEPING, ENDED };

struct fiber {
	enum state state;
	bool born; /* `where` can be jumped to */
	const void *sleeps_on;
	int priority;
	jmp_buf where;
	ucontext_t birth;
	char stack[STACK_BYTES] __attribute__((aligned(64)));
};

static struct fiber fibers[MODEL_THREADS];
static const struct model_scenario *running;
static jmp_buf home;
unsigned fiber_running;
static unsigned living; /* not ended */
static unsigned ready;	/* neither ended nor asleep */

static bool by_priority;
static unsigned calm;	      /* at random: a fiber goes on with probability calm / 16 */
static int lowest;	      /* by priorities: the lowest so far */
static unsigned steps, spell; /* of the execution; since the last switch */
static unsigned changes, change_at[3];

const char *fiber_schedule(void)
{
	static char text[80];

	if (!by_priority)
		snprintf(text, sizeof(text), "at random, going on with probability %u/16", calm);
	else
		snprintf(text, sizeof(text), "by priorities, with %u changes", changes);
	return text;
}

static void body(void)
{
	const unsigned me = fiber_running;

	for (;;) {
		running->thread[me - 1](running->state);
		fibers[me - 1].state = ENDED;
		living--;
		ready--;
		if (!_setjmp(fibers[me - 1].where))
			_longjmp(home, 1);
	}
}

static void go(unsigned next)
{
	struct fiber *f = &fibers[next - 1];

	fiber_running = next;
	spell = 0;
	if (f->born)
		_longjmp(f->where, 1);
	f->born = true;
	getcontext(&f->birth);
	f->birth.uc_stack.ss_sp = f->stack;
	f->birth.uc_stack.ss_size = sizeof(f->stack);
	f->birth.uc_link = NULL;
	makecontext(&f->birth, body, 0);
	setcontext(&f->birth);
}

/* Somebody ready, if possible not `except` (0: none excepted). At least one is ready. */
static unsigned pick(unsigned except)
{
	const bool without = except && fibers[except - 1].state == READY;
	unsigned k, best = 0;

	if (ready == (without ? 1u : 0u))
		return except;
	k = by_priority ? 0 : model_random(ready - (without ? 1 : 0));
	for (unsigned t = 1; t <= running->threads; t++) {
		if (fibers[t - 1].state != READY)
			continue;
		if (!by_priority) {
			if (t != except && k-- == 0)
				return t;
		} else if (!best || fibers[t - 1].priority > fibers[best - 1].priority) {
			best = t;
		}
	}
	return best;
}

static void switch_to(unsigned next)
{
	if (next != fiber_running && !_setjmp(fibers[fiber_running - 1].where))
		go(next);
}

static void step_back(void)
{
	if (by_priority)
		fibers[fiber_running - 1].priority = --lowest;
	spell = 0;
	switch_to(pick(fiber_running));
}

void fiber_point(void)
{
	if (!fiber_running)
		return;
	if (!by_priority) {
		if (model_random(16) >= calm)
			switch_to(pick(fiber_running));
		return;
	}
	steps++;
	if (++spell > PATIENCE) {
		step_back();
		return;
	}
	for (unsigned i = 0; i < changes; i++)
		if (steps == change_at[i]) {
			step_back();
			return;
		}
}

void model_yield(void)
{
	if (fiber_running)
		step_back();
}

void fiber_sleep(const void *what)
{
	struct fiber *f = &fibers[fiber_running - 1];

	f->state = SLEEPING;
	f->sleeps_on = what;
	if (--ready == 0)
		model_fail("all threads that have not ended sleep: a wake-up is lost");
	switch_to(pick(fiber_running));
}

unsigned fiber_wake(const void *what, unsigned n)
{
	unsigned woken, first, best;

	for (woken = 0; woken < n; woken++) {
		first = model_random(running->threads);
		best = 0;
		for (unsigned i = 0; i < running->threads && !best; i++) {
			const unsigned t = (first + i) % running->threads + 1;

			if (fibers[t - 1].state == SLEEPING && fibers[t - 1].sleeps_on == what)
				best = t;
		}
		if (!best)
			break;
		fibers[best - 1].state = READY;
		ready++;
	}
	if (woken && by_priority && fiber_running)
		switch_to(pick(0));
	return woken;
}

void fiber_abandon(void)
{
	if (!fiber_running)
		return;
	/* Whoever is in the middle of something begins anew. */
	for (unsigned t = 0; t < running->threads; t++)
		if (fibers[t].state != ENDED)
			fibers[t].born = false;
	living = 0;
	_longjmp(home, 1);
}

static void draw_schedule(void)
{
	static const unsigned calms[] = { 2, 8, 12, 15 };
	unsigned length;

	calm = calms[model_random(sizeof(calms) / sizeof(calms[0]))];
	if (!by_priority)
		return;
	lowest = 0;
	steps = 0;
	changes = 1 + model_random(3);
	length = 8u << model_random(5); /* how long the execution is, nobody knows beforehand */
	for (unsigned i = 0; i < changes; i++)
		change_at[i] = 1 + model_random(length);
	for (unsigned t = 0; t < running->threads; t++)
		fibers[t].priority = (int)(1 + model_random(1u << 20)); /* ties go to the first: rare, and no harm */
}

void fiber_run(const struct model_scenario *scenario, bool priorities)
{
	running = scenario;
	by_priority = priorities;
	living = ready = scenario->threads;
	for (unsigned t = 0; t < scenario->threads; t++)
		fibers[t].state = READY;
	draw_schedule();
	(void)_setjmp(home); /* fibers that end come back here */
	if (living && !ready) {
		fiber_running = 0;
		model_fail("all threads that have not ended sleep: a wake-up is lost");
		for (unsigned t = 0; t < running->threads; t++)
			if (fibers[t].state != ENDED)
				fibers[t].born = false;
	} else if (living) {
		go(pick(0));
	}
	fiber_running = 0;
}
