/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * fork: before it, all locks are taken, in their order, and all lanes stopped, so that the child finds the allocator whole; in
 * the child the lanes of threads that it does not have are for whoever comes. The forking thread's own lane goes on, and it
 * passes by the locks that it has, for handlers of others run meanwhile and may allocate.
 */
#include "alloc_priv.h"

const unsigned char *maar__alloc_forker;
static bool have_all; /* the locks; else the first call's only, for there is nothing yet */

static void before_fork(void)
{
	if (maar__alloc_has_begun() && maar__alloc_mine->kind == MAAR__LANE_NONE)
		maar_free(maar_malloc(1)); /* not in the middle of it */
	pthread_mutex_lock(&maar__alloc_begin_lock);
	have_all = maar__alloc_has_begun();
	if (!have_all) {
		maar_a_store(&maar__alloc_forker, maar__alloc_me(), RELAXED);
		return;
	}
	maar__heaps_lock_all();
	pthread_mutex_lock(&maar__alloc_common_lock);
	pthread_mutex_lock(&maar__trim_lock);
	pthread_mutex_lock(&maar__alloc_set.lock);
	maar__lanes_stop_patiently(&maar__alloc_set);
	if (maar__alloc_mine->kind == MAAR__LANE_THREAD)
		maar__lane_restore(&maar__alloc_mine->head);
	maar__lane_restore(&maar__alloc_common->head);
	pthread_mutex_lock(&maar__space_lock);
	pthread_mutex_lock(&maar__big_lock);
	maar_a_store(&maar__alloc_forker, maar__alloc_me(), RELAXED);
}

static void go_on(void)
{
	maar_a_store(&maar__alloc_forker, NULL, RELAXED);
	if (!have_all) {
		pthread_mutex_unlock(&maar__alloc_begin_lock);
		return;
	}
	pthread_mutex_unlock(&maar__big_lock);
	pthread_mutex_unlock(&maar__space_lock);
	maar__lanes_go_on(&maar__alloc_set);
	pthread_mutex_unlock(&maar__alloc_set.lock);
	pthread_mutex_unlock(&maar__trim_lock);
	pthread_mutex_unlock(&maar__alloc_common_lock);
	maar__heaps_unlock_all();
	pthread_mutex_unlock(&maar__alloc_begin_lock);
}

/* Its thread was stopped in the middle: what it was about to do may be half done. Nothing of it is used any more. */
static void lost(struct maar__lane *lane)
{
	struct maar__alloc_lane *l = (struct maar__alloc_lane *)(void *)lane;
	unsigned i;

	maar__slab_none(l);
	memset(l->partial, 0, sizeof(l->partial));
	for (i = 0; i < MAAR__CLASSES; i++)
		l->magazine[i].n = 0;
	memset(l->key, 0, sizeof(l->key));
	l->opened = 0;
}

static void after_fork_in_child(void)
{
	uint32_t id;

	if (!have_all) {
		go_on();
		return;
	}
	/* These two are not revoked, and not lost. */
	maar_a_store(&maar__alloc_common->head.revoked, 1, RELAXED);
	maar__lanes_inherit(&maar__alloc_set, &maar__alloc_mine->head, &maar__alloc_common->head, lost);
	for (id = 1; id <= maar__alloc_lanes(); id++)
		maar__inbox_inherit(&maar__alloc_lane(id)->inbox);
	maar__trim_thread_is_gone();
	if (maar__alloc_set.light)
		(void)maar__membarrier_register();
	go_on();
}

static void watch(void)
{
	(void)maar__at_fork(before_fork, go_on, after_fork_in_child);
}

/* As early as can be: handlers that are registered later run before ours, and may allocate. */
static uint32_t watched;
__attribute__((constructor)) void maar__alloc_watch_forks(void)
{
	if (maar_unlikely(!maar_a_load(&watched, RELAXED)) && maar_a_cas(&watched, 0, 1, RELAXED))
		watch();
}
