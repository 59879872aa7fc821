/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The table of living mrings. A thread that exits finds in it the mrings whose lanes it has to give back, while any
 * other thread may destroy one of them: readers are inside an RCU read-side section, destroy waits for them. Writers
 * hold a mutex, replace the table by a larger copy when it is full, and free the old one after a grace period.
 */
#include "mring_priv.h"

#include "rcu.h"

#include <errno.h>

/* Entries that the first table has: a page of pointers. */
#define FIRST_ENTRIES 512

struct table {
	uint32_t n;
	struct table *retired; /* replaced earlier, and perhaps still read */
	struct maar__mring *of[];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct table *table;
static uint64_t last_serial;

#ifdef MAAR__TSAN
char maar__rcu_token;
#endif

static struct table *larger(const struct table *old)
{
	const uint32_t n = old ? 2 * old->n : FIRST_ENTRIES;
	struct table *new_table = maar__alloc(sizeof(*new_table) + n * sizeof(new_table->of[0]));

	if (!new_table)
		return NULL;
	new_table->n = n;
	if (old)
		memcpy(new_table->of, old->of, old->n * sizeof(old->of[0]));
	return new_table;
}

/* Around a fork of a program with threads: our locks and liburcu's are free in the child, and its dead readers forgotten. */
static void before_fork(void)
{
	pthread_mutex_lock(&lock);
	pthread_mutex_lock(&maar__lane_key_lock);
	maar__rcu_before_fork();
}

static void after_fork_in_parent(void)
{
	maar__rcu_after_fork_in_parent();
	pthread_mutex_unlock(&maar__lane_key_lock);
	pthread_mutex_unlock(&lock);
}

static void after_fork_in_child(void)
{
	maar__rcu_after_fork_in_child();
	pthread_mutex_unlock(&maar__lane_key_lock);
	pthread_mutex_unlock(&lock);
}

/* Under the lock. */
static bool fork_is_watched(void)
{
	static bool watched;

	if (!watched)
		watched = maar__at_fork(before_fork, after_fork_in_parent, after_fork_in_child) == 0;
	return watched;
}

int maar__registry_add(struct maar__mring *m)
{
	struct table *old;
	uint32_t id = 0;

	pthread_mutex_lock(&lock);
	old = table;
	while (old && id < old->n && old->of[id])
		id++;
	if (!old || id == old->n) {
		struct table *grown = id < 1u << MAAR__ID_BITS && fork_is_watched() ? larger(old) : NULL;

		if (!grown) {
			pthread_mutex_unlock(&lock);
			return -ENOMEM;
		}
		grown->retired = old;
		maar_a_store(&table, grown, RELEASE); /* R:registry.table */
	}
	m->id = id;
	m->serial = ++last_serial;
	m->front.key = m->serial << MAAR__ID_BITS | id;
	maar_a_store(&table->of[id], m, RELEASE); /* R:registry.entry */
	pthread_mutex_unlock(&lock);
	return 0;
}

void maar__registry_remove(struct maar__mring *m)
{
	struct table *retired;

	pthread_mutex_lock(&lock);
	maar_a_store(&table->of[m->id], NULL, RELAXED);
	retired = table->retired;
	table->retired = NULL;
	pthread_mutex_unlock(&lock);
	maar__rcu_synchronize();
	while (retired) {
		struct table *next = retired->retired;

		maar__free(retired);
		retired = next;
	}
}

struct maar__mring *maar__registry_find(uint32_t id, uint64_t serial)
{
	struct table *t = maar_a_load(&table, ACQUIRE);					  /* A:registry.table */
	struct maar__mring *m = t && id < t->n ? maar_a_load(&t->of[id], ACQUIRE) : NULL; /* A:registry.entry */

	return m && m->serial == serial ? m : NULL;
}
