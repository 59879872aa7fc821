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

int maar__registry_add(struct maar__mring *m)
{
	struct table *old, *grown = NULL;
	uint32_t id = 0;

	pthread_mutex_lock(&lock);
	old = table;
	while (old && id < old->n && old->of[id])
		id++;
	if (!old || id == old->n) {
		grown = larger(old);
		if (!grown) {
			pthread_mutex_unlock(&lock);
			return -ENOMEM;
		}
		maar_a_store(&table, grown, RELEASE); /* R:registry.table */
	}
	m->id = id;
	m->serial = ++last_serial;
	maar_a_store(&table->of[id], m, RELEASE); /* R:registry.entry */
	pthread_mutex_unlock(&lock);
	if (grown && old) {
		maar__rcu_synchronize();
		maar__free(old);
	}
	return 0;
}

void maar__registry_remove(struct maar__mring *m)
{
	pthread_mutex_lock(&lock);
	maar_a_store(&table->of[m->id], NULL, RELAXED);
	pthread_mutex_unlock(&lock);
	maar__rcu_synchronize();
}

struct maar__mring *maar__registry_find(uint32_t id, uint64_t serial)
{
	struct table *t = maar_a_load(&table, ACQUIRE);					  /* A:registry.table */
	struct maar__mring *m = t && id < t->n ? maar_a_load(&t->of[id], ACQUIRE) : NULL; /* A:registry.entry */

	return m && m->serial == serial ? m : NULL;
}
