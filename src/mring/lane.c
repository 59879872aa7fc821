/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Which lane is this thread's. A thread keeps a table of its lanes, indexed by mring id; an entry counts only if its
 * serial is the mring's, so entries of destroyed mrings need no cleaning up. At thread exit each lane goes, with the
 * slots in it, to the idle lanes of its mring, where the next new thread, or a get that finds nothing else, takes it.
 */
#include "mring_priv.h"

#include "rcu.h"

/* Entries that a thread's first table has. */
#define FIRST_ENTRIES 16

__thread struct maar__thread_lanes *maar__thread_lanes __attribute__((tls_model("initial-exec")));

pthread_mutex_t maar__lane_key_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_key_t exit_key;
static bool have_key;

static void give_back(struct maar__mring *m, struct maar__lane *lane)
{
	pthread_mutex_lock(&m->lock);
	lane->in_thread = 0;
	lane->next_idle = m->idle;
	m->idle = lane;
	maar_a_store(&m->idle_lanes, m->idle_lanes + 1, RELAXED);
	pthread_mutex_unlock(&m->lock);
}

static void at_thread_exit(void *arg)
{
	struct maar__thread_lanes *t = arg;
	uint32_t id;

	for (id = 0; id < t->n; id++) {
		struct maar__mring *m;

		if (!t->of[id].serial)
			continue;
		maar__rcu_read_lock();
		m = maar__registry_find(id, t->of[id].serial);
		if (m)
			give_back(m, t->of[id].lane);
		maar__rcu_read_unlock();
	}
	/* A destructor of another key that runs later and calls maar makes a new table, and we are called again. */
	maar__thread_lanes = NULL;
	maar__free(t);
}

/* False if there is no key left: the thread then goes without lanes, for they would never be given back. */
static bool exit_is_watched(void)
{
	bool ok;

	pthread_mutex_lock(&maar__lane_key_lock);
	if (!have_key)
		have_key = maar__key_create(&exit_key, at_thread_exit) == 0;
	ok = have_key;
	pthread_mutex_unlock(&maar__lane_key_lock);
	return ok;
}

/* This thread's entry for an mring id, growing the table if need be; NULL without memory. */
static struct maar__lane_entry *entry(uint32_t id)
{
	struct maar__thread_lanes *old = maar__thread_lanes, *t;
	uint32_t n = old ? old->n : FIRST_ENTRIES;

	if (old && id < old->n)
		return &old->of[id];
	while (n <= id)
		n *= 2;
	t = maar__alloc(sizeof(*t) + n * sizeof(t->of[0]));
	if (!t)
		return NULL;
	t->n = n;
	if (old)
		memcpy(t->of, old->of, old->n * sizeof(old->of[0]));
	if (!exit_is_watched() || pthread_setspecific(exit_key, t)) {
		maar__free(t);
		return NULL;
	}
	maar__thread_lanes = t;
	maar__free(old);
	return &t->of[id];
}

struct maar__lane *maar__lane_new(const struct maar__mring *m)
{
	/* An odd batch is copied in whole pairs, so one handle more than lane_slots may be read or written. */
	return maar__alloc(sizeof(struct maar__lane) + ((size_t)m->lane_slots + 2) * sizeof(uint32_t));
}

struct maar__lane *maar__lane_attach(struct maar__mring *m)
{
	struct maar__lane_entry *e = entry(m->id);
	struct maar__lane *lane;

	if (!e)
		return NULL;
	pthread_mutex_lock(&m->lock);
	lane = m->idle;
	if (lane) {
		m->idle = lane->next_idle;
		maar_a_store(&m->idle_lanes, m->idle_lanes - 1, RELAXED);
	} else {
		lane = maar__lane_new(m);
		if (lane) {
			lane->next = m->lanes;
			m->lanes = lane;
		}
	}
	if (lane)
		lane->in_thread = 1;
	pthread_mutex_unlock(&m->lock);
	if (lane) {
		e->serial = m->serial;
		e->lane = lane;
	}
	return lane;
}

void maar__lane_release_mine(struct maar__mring *m)
{
	struct maar__lane *lane = maar__lane_mine(m);

	if (!lane)
		return;
	maar__thread_lanes->of[m->id].serial = 0;
	give_back(m, lane);
}
