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

/* A table of one entry that is nobody's, so that no call need ask whether the thread has a table. */
static const struct {
	struct maar__lane_table table;
	struct maar__lane_entry none;
} no_lanes;
#define NO_LANES ((struct maar__lane_table *)(uintptr_t)&no_lanes.table)

__thread struct maar__lane_table *maar__thread_lanes __attribute__((tls_model("initial-exec"))) = NO_LANES;

pthread_mutex_t maar__lane_key_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_key_t exit_key;
static bool have_key;

static void at_thread_exit(void *arg)
{
	struct maar__lane_table *t = arg;
	struct maar__lane_entry *e = maar__lane_entries(t);
	uint32_t id;

	for (id = 0; id <= t->mask >> MAAR__KEY_SHIFT; id++) {
		struct maar__mring *m;

		if (!e[id].key)
			continue;
		maar__rcu_read_lock();
		m = maar__registry_find(id, maar__key_serial(e[id].key));
		if (m)
			maar__lane_retire(m, e[id].lane);
		maar__rcu_read_unlock();
	}
	/* A destructor of another key that runs later and calls maar makes a new table, and we are called again. */
	maar__thread_lanes = NO_LANES;
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

static size_t entries_of(const struct maar__lane_table *t)
{
	return (size_t)(t->mask >> MAAR__KEY_SHIFT) + 1;
}

/* This thread's entry for an mring id, growing the table if need be; NULL without memory. */
static struct maar__lane_entry *entry(uint32_t id)
{
	struct maar__lane_table *old = maar__thread_lanes, *t;
	size_t n = old == NO_LANES ? FIRST_ENTRIES : entries_of(old);

	if (old != NO_LANES && id < entries_of(old))
		return maar__lane_entries(old) + id;
	while (n <= id)
		n *= 2;
	t = maar__alloc(sizeof(*t) + n * sizeof(struct maar__lane_entry));
	if (!t)
		return NULL;
	t->mask = (n - 1) << MAAR__KEY_SHIFT;
	if (old != NO_LANES)
		memcpy(maar__lane_entries(t), maar__lane_entries(old),
		       entries_of(old) * sizeof(struct maar__lane_entry));
	if (!exit_is_watched() || pthread_setspecific(exit_key, t)) {
		maar__free(t);
		return NULL;
	}
	maar__thread_lanes = t;
	if (old != NO_LANES)
		maar__free(old);
	return maar__lane_entries(t) + id;
}

struct maar__lane *maar__lane_attach(struct maar__mring *m)
{
	struct maar__lane *lane = maar__lane_mine(m);
	struct maar__lane_entry *e;

	if (maar_likely(lane))
		return lane;
	e = entry(m->id);
	if (!e)
		return NULL;
	lane = maar__lane_adopt(m);
	if (lane) {
		e->lane = lane;
		e->key = MAAR__QUICK(m) ? m->front.key : m->front.key + 1;
	}
	return lane;
}

void maar_mring_flush(struct maar_mring *mring)
{
	struct maar__mring *m = maar__mring_of(mring);
	struct maar__lane *lane = mring ? maar__lane_mine(m) : NULL;

	if (!lane)
		return;
	maar__lane_entries(maar__thread_lanes)[m->id].key = 0;
	maar__lane_retire(m, lane);
}
