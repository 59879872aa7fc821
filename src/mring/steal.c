/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Where a get goes when its lane, the shared ring and the slots never used are empty: to other threads' lanes. One thread
 * at a time, under the mring's mutex; a lane's own thread needs no locked instruction, for the thief makes it known by
 * membarrier that it comes (see struct maar__lane, and lane.busy in doc/memory-model.md).
 */
#include "mring_priv.h"

#include "../base/probe.h"

/*
 * How long a thief looks at the shared ring before it revokes a living thread's lane: about as long as the theft costs
 * both. A thread that puts at full speed has then handed a batch over, and only lanes that stand still are robbed.
 */
#ifndef MAAR__THIEF_PAUSES
#define MAAR__THIEF_PAUSES 64
#endif

/* ---- one lane ---- */

/*
 * Takes the older half of what a lane holds, rounded up, into an empty lane of the caller's. Half, because two threads at
 * the end of the supply would otherwise take turns in robbing each other of all; what the other used last stays with it.
 * An idle thread's lane is empty after eight thefts.
 */
static bool rob(struct maar__mring *m, struct maar__lane *from, struct maar__lane *to)
{
	void **slots = maar__lane_slots(from);
	uint32_t have, some;

	if (!maar__lane_revoke(&m->set, from))
		return false;
	have = maar_a_load(&from->n, RELAXED);
	some = have - have / 2;
	if (some) {
		(void)maar__lane_enter_any(m, to); /* nobody else revokes now */
		maar_n_copy(maar__lane_slots(to), slots, some * sizeof(*slots));
		maar_a_store(&to->n, some, RELAXED);
		maar__lane_leave(to);
		maar_n_copy(slots, slots + some, (have - some) * sizeof(*slots));
		maar_a_store(&from->n, have - some, RELAXED);
		from->robbed += some;
		MAAR__PROBE(mring_steal, m, m->pool, some, from->in_thread);
	}
	maar__lane_restore(from);
	return some != 0;
}

/* ---- all lanes ---- */

/* A lane that seems to hold something; `of_thread`: one that a living thread may be at work in. */
static struct maar__lane *find(const struct maar__mring *m, const struct maar__lane *but, bool of_thread)
{
	struct maar__lane *lane;

	for (lane = m->set.lanes; lane; lane = lane->next)
		if (lane != but && lane->in_thread == of_thread && maar_a_load(&lane->n, RELAXED))
			return lane;
	return NULL;
}

/* From each lane in turn until one gives something. */
static bool rob_any(struct maar__mring *m, struct maar__lane *to)
{
	unsigned of_thread;

	for (of_thread = 0; of_thread < 2; of_thread++) {
		struct maar__lane *from = find(m, to, of_thread);

		for (; from; from = from->next)
			if (from != to && from->in_thread == of_thread && maar_a_load(&from->n, RELAXED) &&
			    rob(m, from, to))
				return true;
	}
	return false;
}

/* Batches that have moved so far; *busy if some thread is in its lane, and may be moving one. */
static uint64_t moves(const struct maar__mring *m, const struct maar__lane *but, bool *busy)
{
	const struct maar__lane *lane;
	uint64_t sum = 0;

	*busy = false;
	for (lane = m->set.lanes; lane; lane = lane->next) {
		if (lane == but)
			continue;
		*busy |= maar__lane_is_busy(&m->set, lane);
		sum += maar_a_load(&lane->fetched, RELAXED) + maar_a_load(&lane->handed, RELAXED);
	}
	return sum;
}

uint64_t maar__mring_moves(const struct maar__mring *m)
{
	uint64_t sum;
	bool busy;

	sum = moves(m, NULL, &busy);
	if (m->shared)
		sum += maar_a_load(&m->shared->head, RELAXED) + maar_a_load(&m->shared->tail, RELAXED);
	return sum;
}

/*
 * "None" is the answer when a look at the shared ring and a look at all lanes have found nothing, while no batch moved from
 * the one to the others: then each slot was out at some instant of the call.
 */
size_t maar__mring_scrape(struct maar__mring *m, struct maar__lane *lane, void **slots, size_t n)
{
	unsigned waited = 0, patience = 0;
	uint64_t before, after = 0;
	size_t got = 0;
	bool busy;

	for (;;) {
		before = lane ? moves(m, lane, &busy) : 0;
		if (lane)
			(void)maar__lane_enter_any(m, lane);
		got += maar__mring_take(m, lane, slots + got, n - got);
		if (lane)
			maar__lane_leave(lane);
		if (got == n)
			return n;
		if (maar__mring_grow(m))
			continue;
		if (!lane || m->single)
			return got;
		if (patience < MAAR__THIEF_PAUSES && !find(m, lane, false) && find(m, lane, true)) {
			patience++;
			maar_cpu_relax();
			continue;
		}
		if (rob_any(m, lane))
			continue;
		after = moves(m, lane, &busy);
		if ((before == after && !busy) || waited == MAAR__BUSY_PAUSES + MAAR__BUSY_YIELDS)
			return got;
		maar__lane_pause(waited++);
	}
}
