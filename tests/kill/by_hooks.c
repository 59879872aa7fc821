/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Stops at atomic accesses, on any processor: the victim is a fiber (a context of its own in the same thread, since
 * nothing else runs while the others do), which its n-th MAAR_POINT leaves. Between two accesses to shared memory
 * nothing happens that another thread could see, so these are all the points that there are, but for plain copies.
 */
#include "point.h"

#include "kill.h"

#include <string.h>
#include <ucontext.h>

#define STACK_BYTES 65536

/* A victim that is resumed alone has nobody to wait for. */
#define ACCESSES_TO_END 10000

static struct kill_stage the_stage, first;
static char stack[STACK_BYTES] __attribute__((aligned(16)));
static ucontext_t tester, victim;
static bool hangs;

static void leave(void)
{
	swapcontext(&victim, &tester);
}

static void leave_for_good(void)
{
	hangs = true;
	swapcontext(&victim, &tester);
}

static void life(void)
{
	the_stage.result = the_stage.call->run(the_stage.queue, the_stage.values);
	the_stage.ended = 1;
	swapcontext(&victim, &tester);
}

static struct kill_stage *hooks_open(const char **why)
{
	*why = NULL;
	return &the_stage;
}

static void hooks_begin(struct kill_stage *stage)
{
	stage->ended = 0;
	first = *stage;
}

static bool hooks_at(struct kill_stage *stage, unsigned k)
{
	*stage = first;
	kill_points_left = (unsigned long)k + 1;
	kill_at_point = leave;
	if (getcontext(&victim))
		return false;
	victim.uc_stack.ss_sp = stack;
	victim.uc_stack.ss_size = sizeof(stack);
	victim.uc_link = NULL;
	makecontext(&victim, life, 0);
	return swapcontext(&tester, &victim) == 0 && !stage->ended;
}

static bool hooks_finish(struct kill_stage *stage)
{
	hangs = false;
	kill_points_left = ACCESSES_TO_END;
	kill_at_point = leave_for_good;
	return swapcontext(&tester, &victim) == 0 && !hangs && stage->ended;
}

/* Nobody ever goes back to it. */
static void hooks_forget(struct kill_stage *stage)
{
	(void)stage;
}

const struct kill_stepper kill_by_hooks = { "by hooks",	  "atomic accesses", true,     &kill_calls_hooked,
					    hooks_open,	  hooks_begin,	     hooks_at, hooks_finish,
					    hooks_forget, hooks_forget };
