/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * fork: the child goes on with the mrings of the parent, each in order, though it has one thread only. Before a fork all
 * locks are taken, in their order, and all lanes stopped, so that no batch is on its way; in the child the lanes of threads
 * that it does not have are left to whoever comes. What those threads had got stays out.
 */
#include "mring_priv.h"

#include "../base/sleep.h"
#include "rcu.h"

#include "../base/unwind.h"

/* How long a fork waits for threads that stay in their lanes: they have lost their processor, or are stopped. */
#define PATIENCE_NS INT64_C(1000000000)
#define LOOK_AFTER  INT64_C(100000)

static bool all_stopped(const struct maar__mring *m)
{
	const struct maar__lane *lane;

	for (lane = m->lanes; lane; lane = lane->next)
		if (!maar_a_load(&lane->revoked, RELAXED))
			return false;
	return true;
}

static void stop(struct maar__mring *m, void *arg)
{
	uint32_t nothing = 0;
	int64_t begun;

	(void)arg;
	if (m->single)
		return;
	pthread_mutex_lock(&m->common_lock);
	pthread_mutex_lock(&m->lock);
	maar__lanes_stop(m);
	if (all_stopped(m))
		return;
	for (begun = maar__now(); !all_stopped(m) && maar__now() - begun < PATIENCE_NS; maar__lanes_stop(m))
		(void)maar__futex_wait(&nothing, 0, maar__now() + LOOK_AFTER, false);
}

static void release(struct maar__mring *m, void *arg)
{
	(void)arg;
	if (m->single)
		return;
	maar__lanes_go_on(m);
	pthread_mutex_unlock(&m->lock);
	pthread_mutex_unlock(&m->common_lock);
}

/* ---- in the child ---- */

/* Lanes that nobody has any more. One whose thread was in the middle, through all the waiting, has lost its content. */
static void inherit_lanes(struct maar__mring *m)
{
	const struct maar__lane *mine = maar__lane_mine(m);
	struct maar__lane *lane;

	for (lane = m->lanes; lane; lane = lane->next) {
		if (lane == mine)
			continue;
		if (!maar_a_load(&lane->revoked, RELAXED))
			maar_a_store(&lane->n, 0, RELAXED);
		maar_a_store(&lane->busy, 0, RELAXED);
		if (!lane->in_thread || lane == m->common)
			continue;
		lane->in_thread = 0;
		lane->next_idle = m->idle;
		m->idle = lane;
	}
}

/*
 * A thread without a lane may have been putting something into the shared ring, and have one of its spare blocks in
 * hand; then the ring is made anew with what is in it. Without memory for that the block is lost, to this child and its own.
 */
static void inherit_ring(struct maar__mring *m)
{
	const size_t batch = ((size_t)m->batch + 2) / 2 * 2, bytes = batch * sizeof(uint32_t) * m->shared->capacity;
	uint32_t *batches = maar__batch_ring_in_order(m->shared) ? NULL : maar__map(bytes);
	size_t n = 0;

	if (!batches)
		return;
	while (maar__mring_take_batch(m, batches + n * batch))
		n++;
	maar__batch_ring_start_at(m->shared, 0);
	for (; n; n--)
		(void)maar__mring_put_batch(m, batches + (n - 1) * batch);
	maar__unmap(batches, bytes);
}

static void inherit(struct maar__mring *m, void *arg)
{
	(void)arg;
	if (m->single)
		return;
	inherit_lanes(m);
	inherit_ring(m);
	if (m->light)
		(void)maar__membarrier_register(); /* the parent has, and a child inherits that; it does no harm */
}

/* ---- the handlers ---- */

static void before_fork(void)
{
	pthread_mutex_lock(&maar__keeper_lock);
	pthread_mutex_lock(&maar__registry_lock);
	pthread_mutex_lock(&maar__lane_key_lock);
	maar__registry_each(stop, NULL);
	maar__rcu_before_fork();
}

static void go_on(void)
{
	maar__registry_each(release, NULL);
	pthread_mutex_unlock(&maar__lane_key_lock);
	pthread_mutex_unlock(&maar__registry_lock);
	pthread_mutex_unlock(&maar__keeper_lock);
}

static void after_fork_in_parent(void)
{
	maar__rcu_after_fork_in_parent();
	go_on();
}

static void after_fork_in_child(void)
{
	maar__rcu_after_fork_in_child();
	maar__thread_id_forget();
	maar__registry_each(inherit, NULL);
	maar__keeper_is_gone();
	go_on();
}

bool maar__fork_is_watched(void)
{
	static bool watched;

	if (!watched)
		watched = maar__at_fork(before_fork, after_fork_in_parent, after_fork_in_child) == 0;
	return watched;
}
