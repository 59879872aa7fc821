/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * How long to spin before sleeping: learned for each event from its past waits, within the bounds of wait_priv.h.
 * What is shared here is hints: a lost update makes a later wait spin a little longer or shorter.
 */
#include "wait_priv.h"

#include "../base/sleep.h"

/* maar_cpu_relax calls in a pause of MAAR__LOOK_NS, plus 1; 0: not measured yet; 1: there is one processor only. */
static uint32_t pause_plus_1;

/* Calls measured at once, and how often: 10 to 20 us each, once in a process. The shortest was disturbed least. */
#define RELAXES 256
#define TRIES	3

static uint32_t measure(void)
{
	int64_t best = INT64_MAX;
	unsigned i, k;

	if (maar__processors() == 1)
		return 1;
	for (k = 0; k < TRIES; k++) {
		const int64_t begin = maar__now();
		int64_t took;

		for (i = 0; i < RELAXES; i++)
			maar_cpu_relax();
		took = maar__now() - begin;
		if (took < best)
			best = took;
	}
	if (best < RELAXES) /* a nanosecond each: the processor has no such instruction */
		best = RELAXES;
	return (uint32_t)(MAAR__LOOK_NS * RELAXES / best) + 2;
}

static uint32_t pause_known(void)
{
	uint32_t n = maar_a_load(&pause_plus_1, RELAXED);

	if (maar_unlikely(n == 0)) {
		n = measure(); /* several threads may: all find about the same */
		maar_a_store(&pause_plus_1, n, RELAXED);
	}
	return n;
}

void maar__spin_pause(uint32_t n)
{
	const uint32_t most = maar_a_load(&pause_plus_1, RELAXED) - 1;
	uint32_t i;

	for (i = 0; i < most && i <= n; i++)
		maar_cpu_relax();
}

/* 0: nothing yet; more than the most: another process has written there what it liked. */
static uint32_t learned(const struct maar_event *event)
{
	const uint32_t looks = maar_a_load(&event->spin, RELAXED);

	return looks == 0 || looks > MAAR__LOOKS_MOST ? MAAR__LOOKS_MOST : looks;
}

uint32_t maar__spin_most(struct maar_event *event, int64_t timeout_ns)
{
	uint32_t most, waits;

	if ((event->flags & MAAR_EVENT_NO_SPIN) || pause_known() == 1)
		return 0;
	waits = maar_a_load(&event->waits, RELAXED) + 1;
	maar_a_store(&event->waits, waits, RELAXED);
	most = waits % MAAR__PROBE_EVERY == 0 ? MAAR__LOOKS_MOST : learned(event);
	if (timeout_ns >= 0 && timeout_ns / MAAR__LOOK_NS < most)
		most = (uint32_t)(timeout_ns / MAAR__LOOK_NS);
	return most;
}

static void set(struct maar_event *event, uint32_t old, uint32_t looks)
{
	if (looks < MAAR__LOOKS_LEAST)
		looks = MAAR__LOOKS_LEAST;
	if (looks != old)
		maar_a_store(&event->spin, looks, RELAXED);
}

/*
 * How often spinning helps is what is learned, not after how many looks: where both sides are busy nearly all waits are
 * short, but one in a thousand takes as long as an interrupt, and to sleep through that costs both sides a system call.
 * A quarter of the way up, an eighth down: with every second wait a hit the limit stays at two thirds.
 */
void maar__spin_hit(struct maar_event *event)
{
	const uint32_t old = learned(event);

	set(event, old, old + (MAAR__LOOKS_MOST - old + 3) / 4);
}

void maar__spin_miss(struct maar_event *event)
{
	const uint32_t old = learned(event);

	set(event, old, old - (old + 7) / 8);
}
