/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Fibers on <ucontext.h> to begin with, and on _setjmp/_longjmp from then on: those do not enter the system, which
 * swapcontext does twice a switch.
 */
/* Fibers jump between stacks, which a fortified longjmp forbids. Here, since CPPFLAGS stand behind a target's own flags. */
#undef _FORTIFY_SOURCE

#include "fiber.h"

#include <setjmp.h>
#include <ucontext.h>

#define STACK_BYTES (64 * 1024) /* the code under test has no recursion and no large arrays */

enum state { UNBORN, READY, ENDED };

struct fiber {
	enum state state;
	jmp_buf where;
	ucontext_t birth;
	char stack[STACK_BYTES] __attribute__((aligned(64)));
};

static struct fiber fibers[MODEL_THREADS];
static const struct model_scenario *running;
static jmp_buf home;
static unsigned current; /* 0: not in a fiber */
static unsigned living;
static unsigned calm; /* a fiber goes on with probability calm / 16 */

unsigned fiber_current(void)
{
	return current;
}

static void body(void)
{
	const unsigned me = current;

	running->thread[me - 1](running->state);
	fibers[me - 1].state = ENDED;
	living--;
	_longjmp(home, 1);
}

static void go(unsigned next)
{
	struct fiber *f = &fibers[next - 1];

	current = next;
	if (f->state == READY)
		_longjmp(f->where, 1);
	f->state = READY;
	getcontext(&f->birth);
	f->birth.uc_stack.ss_sp = f->stack;
	f->birth.uc_stack.ss_size = sizeof(f->stack);
	f->birth.uc_link = NULL;
	makecontext(&f->birth, body, 0);
	setcontext(&f->birth);
}

/* The k-th living fiber but `except`, 0 for none excepted. */
static unsigned pick(unsigned except)
{
	unsigned others = living - (except ? 1 : 0);
	unsigned k, t;

	if (others == 0)
		return except;
	k = model_random(others);
	for (t = 1; t <= running->threads; t++)
		if (fibers[t - 1].state != ENDED && t != except && k-- == 0)
			return t;
	return except;
}

static void switch_to(unsigned next)
{
	if (next != current && !_setjmp(fibers[current - 1].where))
		go(next);
}

void fiber_point(void)
{
	if (current && model_random(16) >= calm)
		switch_to(pick(current));
}

void model_yield(void)
{
	if (current)
		switch_to(pick(current));
}

void fiber_abandon(void)
{
	if (current) {
		living = 0;
		_longjmp(home, 1);
	}
}

void fiber_run(const struct model_scenario *scenario)
{
	static const unsigned calms[] = { 2, 8, 12, 15 };

	running = scenario;
	living = scenario->threads;
	calm = calms[model_random(sizeof(calms) / sizeof(calms[0]))];
	for (unsigned t = 0; t < scenario->threads; t++)
		fibers[t].state = UNBORN;
	(void)_setjmp(home); /* fibers that end come back here */
	if (living)
		go(pick(0));
	current = 0;
}
