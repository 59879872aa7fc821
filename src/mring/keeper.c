/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * One thread a process shrinks mrings that are idle, if they were made so (idle_ms). It is started for the first of them
 * and ended with the last, has all signals blocked, and never allocates: the shrinking maps its memory.
 */
#include "mring_priv.h"

#include "../base/sleep.h"

#define NS_PER_MS 1000000

pthread_mutex_t maar__keeper_lock = PTHREAD_MUTEX_INITIALIZER; /* before all other locks */
static struct maar__mring *kept;
static pthread_t thread;
static uint32_t running;     /* 1: there is the thread. Written under the lock */
static uintptr_t generation; /* of the thread: one that is not of this generation ends */
static uint32_t change;	     /* a futex; counts what the thread has to know */

/*
 * Whether a thread has put slots into its lane since the lanes were emptied, which moves no batch. Shrinking itself leaves the
 * last few in no thread's. Under the set's lock.
 */
static bool lanes_hold_any(const struct maar__mring *m)
{
	const struct maar__lane *lane;

	for (lane = m->set.lanes; lane; lane = lane->next)
		if (lane != m->spare && maar_a_load(&lane->n, RELAXED))
			return true;
	return false;
}

/* Shrinks an mring of which no batch has moved since long enough; when to look again. */
static int64_t look_after(struct maar__mring *m, int64_t now)
{
	const int64_t long_enough = (int64_t)m->idle_ms * NS_PER_MS;
	uint64_t moves, own;

	pthread_mutex_lock(&m->set.lock);
	moves = maar__mring_moves(m) + m->grown;
	if (moves != m->idle_moves || (m->idle_since < 0 && lanes_hold_any(m))) {
		m->idle_moves = moves;
		m->idle_since = now;
	} else if (m->idle_since >= 0 && now - m->idle_since >= long_enough) {
		maar__mring_shrink_locked(m, &own);
		/* Not those that others have made meanwhile. Should the ring's tail, a hint, say otherwise, it is shrunk once more. */
		m->idle_moves = moves + own;
		m->idle_since = -1; /* until something moves, or somebody puts what was out */
	}
	pthread_mutex_unlock(&m->set.lock);
	return (m->idle_since < 0 ? now : m->idle_since) + long_enough;
}

static void *keep(void *arg)
{
	const uintptr_t mine = (uintptr_t)arg;

	pthread_mutex_lock(&maar__keeper_lock);
	while (generation == mine) {
		const uint32_t seen = maar_a_load(&change, RELAXED);
		const int64_t now = maar__now();
		int64_t next = INT64_MAX;
		struct maar__mring *m;

		for (m = kept; m; m = m->next_kept) {
			const int64_t then = look_after(m, now);

			next = then < next ? then : next;
		}
		pthread_mutex_unlock(&maar__keeper_lock);
		(void)maar__futex_wait(&change, seen, next, false);
		pthread_mutex_lock(&maar__keeper_lock);
	}
	pthread_mutex_unlock(&maar__keeper_lock);
	return NULL;
}

static void tell_thread(void)
{
	(void)maar_a_add(&change, 1, RELAXED);
	(void)maar__futex_wake(&change, 1, false);
}

static int start(void)
{
	const int rc = maar__thread_start(&thread, keep, (void *)++generation);

	maar_a_store(&running, rc == 0, RELAXED);
	return rc;
}

int maar__keeper_add(struct maar__mring *m)
{
	int rc = 0;

	pthread_mutex_lock(&maar__keeper_lock);
	m->idle_since = maar__now();
	m->next_kept = kept;
	kept = m;
	if (running) {
		tell_thread();
	} else {
		rc = start();
		if (rc)
			kept = m->next_kept;
	}
	pthread_mutex_unlock(&maar__keeper_lock);
	return rc;
}

void maar__keeper_remove(struct maar__mring *m)
{
	struct maar__mring **at;
	pthread_t ended;
	bool last;

	pthread_mutex_lock(&maar__keeper_lock);
	for (at = &kept; *at != m; at = &(*at)->next_kept)
		;
	*at = m->next_kept;
	last = !kept && running;
	if (last) {
		maar_a_store(&running, 0, RELAXED);
		generation++;
	}
	ended = thread;
	tell_thread();
	pthread_mutex_unlock(&maar__keeper_lock);
	if (last)
		pthread_join(ended, NULL);
}

void maar__keeper_is_gone(void)
{
	maar_a_store(&running, 0, RELAXED);
}

void maar__keeper_again(void)
{
	if (maar_likely(maar_a_load(&running, RELAXED)))
		return;
	pthread_mutex_lock(&maar__keeper_lock);
	if (kept && !running)
		(void)start(); /* if not now, then the next time */
	pthread_mutex_unlock(&maar__keeper_lock);
}
