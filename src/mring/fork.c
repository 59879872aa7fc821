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

static void stop(struct maar__mring *m, void *arg)
{
	(void)arg;
	if (m->single)
		return;
	pthread_mutex_lock(&m->common_lock);
	pthread_mutex_lock(&m->set.lock);
	maar__lanes_stop_patiently(&m->set);
}

static void release(struct maar__mring *m, void *arg)
{
	(void)arg;
	if (m->single)
		return;
	maar__lanes_go_on(&m->set);
	pthread_mutex_unlock(&m->set.lock);
	pthread_mutex_unlock(&m->common_lock);
}

/* ---- in the child ---- */

/* A lane whose thread was in the middle, through all the waiting, has lost its content. */
static void lost(struct maar__lane *lane)
{
	maar_a_store(&lane->n, 0, RELAXED);
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
	maar__lanes_inherit(&m->set, maar__lane_mine(m), m->common, lost);
	inherit_ring(m);
	if (m->set.light)
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
