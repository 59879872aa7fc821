/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * A set of lanes, each of one thread at a time, that works in it without a locked instruction: how they pass from thread
 * to thread, and how another thread makes itself alone with one, or with all. The thread stores `busy`, looks at `revoked`,
 * works, and clears `busy`; whoever revokes, under the set's mutex, stores `revoked`, has membarrier make that known,
 * and waits for `busy` to end. The mring's lanes and the allocator's are such sets.
 */
#include "mring_priv.h"

#include "../base/sleep.h"

#include <sched.h>

/* How long a fork waits for threads that stay in their lanes: they have lost their processor, or are stopped. */
#define PATIENCE_NS INT64_C(1000000000)
#define LOOK_AFTER  INT64_C(100000)

/*
 * A thread works in a lane for some 100 ns, so pauses cover a running one and yields one that lost its processor.
 */
void maar__lane_pause(unsigned waited)
{
	if (waited < MAAR__BUSY_PAUSES)
		maar_cpu_relax();
	else
		sched_yield();
}

/* ---- one lane ---- */

bool maar__lane_is_busy(const struct maar__lane_set *set, const struct maar__lane *lane)
{
	if (set->light)
		return maar_a_load(&lane->busy, ACQUIRE) & MAAR__LANE_BUSY; /* A:lane.busy */
	return maar_a_load(&lane->busy, SEQ_CST) & MAAR__LANE_BUSY;	    /* A:lane.busy A:lane.revoked */
}

void maar__lane_restore(struct maar__lane *lane)
{
	maar_a_store(&lane->revoked, 0, RELEASE); /* R:lane.revoked */
}

/* False: its thread is stopped in it. */
static bool wait_until_left(const struct maar__lane_set *set, const struct maar__lane *lane)
{
	unsigned waited;

	for (waited = 0; maar__lane_is_busy(set, lane); waited++) {
		if (waited == MAAR__BUSY_PAUSES + MAAR__BUSY_YIELDS)
			return false;
		maar__lane_pause(waited);
	}
	return true;
}

/* Makes the caller, who has the set's mutex, alone with the lane. False, and nothing changed: its thread is stopped in it. */
bool maar__lane_revoke(const struct maar__lane_set *set, struct maar__lane *lane)
{
	if (set->light)
		maar_a_store(&lane->revoked, 1, RELAXED);
	else
		maar_a_store(&lane->revoked, 1, SEQ_CST); /* R:lane.busy */
	/* A lane without a thread cannot get one while the mutex is held. */
	if ((!set->light || !lane->in_thread || maar__membarrier()) && wait_until_left(set, lane))
		return true;
	maar__lane_restore(lane);
	return false;
}

/* ---- to be alone with all lanes ---- */

/* False: not made known. */
static bool revoke_all(struct maar__lane_set *set)
{
	struct maar__lane *lane;

	for (lane = set->lanes; lane; lane = lane->next) {
		if (set->light)
			maar_a_store(&lane->revoked, 1, RELAXED);
		else
			maar_a_store(&lane->revoked, 1, SEQ_CST); /* R:lane.busy */
	}
	return !set->light || maar__membarrier();
}

/* All lanes that nobody is in for longer than the wait; one membarrier for all. The others are as before. */
void maar__lanes_stop(struct maar__lane_set *set)
{
	const bool seen = revoke_all(set);
	struct maar__lane *lane;

	for (lane = set->lanes; lane; lane = lane->next)
		if (!(seen || !lane->in_thread) || !wait_until_left(set, lane))
			maar__lane_restore(lane);
}

void maar__lanes_go_on(struct maar__lane_set *set)
{
	struct maar__lane *lane;

	for (lane = set->lanes; lane; lane = lane->next)
		if (maar_a_load(&lane->revoked, RELAXED))
			maar__lane_restore(lane);
}

/*
 * Unlike stop, which gives a lane up at once, this leaves `revoked` standing while it waits: a thread that loses its processor in
 * its lane comes back, leaves, and does not enter again.
 */
void maar__lanes_stop_patiently(struct maar__lane_set *set)
{
	const int64_t end = maar__now() + PATIENCE_NS;
	struct maar__lane *lane;
	uint32_t nothing = 0;
	bool seen;

	seen = revoke_all(set);
	for (lane = set->lanes; lane; lane = lane->next) {
		bool left = (seen || !lane->in_thread) && wait_until_left(set, lane);

		while (!left && seen && maar__now() < end) {
			(void)maar__futex_wait(&nothing, 0, maar__now() + LOOK_AFTER, false);
			left = wait_until_left(set, lane);
		}
		if (!left)
			maar__lane_restore(lane);
	}
}

void maar__lanes_visit(struct maar__lane_set *set, void (*visit)(struct maar__lane *lane, void *arg), void *arg)
{
	struct maar__lane *lane;

	maar__lanes_stop(set);
	for (lane = set->lanes; lane; lane = lane->next) {
		if (!maar_a_load(&lane->revoked, RELAXED))
			continue;
		visit(lane, arg);
		maar__lane_restore(lane);
	}
}

/* ---- from thread to thread ---- */

struct maar__lane *maar__lanes_adopt(struct maar__lane_set *set, struct maar__lane *(*make)(void *arg), void *arg)
{
	struct maar__lane *lane;

	pthread_mutex_lock(&set->lock);
	lane = set->idle;
	if (lane) {
		set->idle = lane->next_idle;
	} else {
		lane = make(arg);
		if (lane) {
			lane->next = set->lanes;
			set->lanes = lane;
		}
	}
	if (lane)
		lane->in_thread = 1;
	pthread_mutex_unlock(&set->lock);
	return lane;
}

void maar__lanes_retire(struct maar__lane_set *set, struct maar__lane *lane)
{
	pthread_mutex_lock(&set->lock);
	lane->in_thread = 0;
	lane->next_idle = set->idle;
	set->idle = lane;
	pthread_mutex_unlock(&set->lock);
}

void maar__lanes_inherit(struct maar__lane_set *set, const struct maar__lane *mine, const struct maar__lane *common,
			 void (*lost)(struct maar__lane *lane))
{
	struct maar__lane *lane;

	for (lane = set->lanes; lane; lane = lane->next) {
		if (lane == mine)
			continue;
		if (!maar_a_load(&lane->revoked, RELAXED))
			lost(lane);
		maar_a_store(&lane->busy, 0, RELAXED);
		if (!lane->in_thread || lane == common)
			continue;
		lane->in_thread = 0;
		lane->next_idle = set->idle;
		set->idle = lane;
	}
}
