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

pthread_mutex_t maar__registry_lock = PTHREAD_MUTEX_INITIALIZER;
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
	struct table *old;
	uint32_t id = 0;

	pthread_mutex_lock(&maar__registry_lock);
	old = table;
	while (old && id < old->n && old->of[id])
		id++;
	if (!old || id == old->n) {
		struct table *grown = id < 1u << MAAR__ID_BITS && maar__fork_is_watched() ? larger(old) : NULL;

		if (!grown) {
			pthread_mutex_unlock(&maar__registry_lock);
			return -ENOMEM;
		}
		grown->retired = old;
		maar_a_store(&table, grown, RELEASE); /* R:registry.table */
	}
	m->id = id;
	m->serial = ++last_serial;
	m->front.key = maar__key(m->serial, id);
	maar_a_store(&table->of[id], m, RELEASE); /* R:registry.entry */
	pthread_mutex_unlock(&maar__registry_lock);
	return 0;
}

void maar__registry_remove(struct maar__mring *m)
{
	struct table *retired;

	pthread_mutex_lock(&maar__registry_lock);
	maar_a_store(&table->of[m->id], NULL, RELAXED);
	retired = table->retired;
	table->retired = NULL;
	pthread_mutex_unlock(&maar__registry_lock);
	maar__rcu_synchronize();
	while (retired) {
		struct table *next = retired->retired;

		maar__free(retired);
		retired = next;
	}
}

static const struct table *published(void)
{
	return maar_a_load(&table, ACQUIRE); /* A:registry.table */
}

static struct maar__mring *mring_in(const struct table *t, uint32_t id)
{
	return t && id < t->n ? maar_a_load(&t->of[id], ACQUIRE) : NULL; /* A:registry.entry */
}

struct maar__mring *maar__registry_find(uint32_t id, uint64_t serial)
{
	struct maar__mring *m = mring_in(published(), id);

	return m && m->serial == serial ? m : NULL;
}

void maar__registry_each(void (*visit)(struct maar__mring *m, void *arg), void *arg)
{
	const struct table *t = published();
	uint32_t id;

	for (id = 0; t && id < t->n; id++) {
		struct maar__mring *m = mring_in(t, id);

		if (m)
			visit(m, arg);
	}
}

struct each {
	void (*visit)(struct maar_mring *mring, void *arg);
	void *arg;
	size_t n;
};

static void visit_one(struct maar__mring *m, void *arg)
{
	struct each *e = arg;

	e->n++;
	if (e->visit)
		e->visit(&m->front, e->arg);
}

size_t maar_mring_each(void (*visit)(struct maar_mring *mring, void *arg), void *arg)
{
	struct each e = { visit, arg, 0 };

	maar__rcu_read_lock();
	maar__registry_each(visit_one, &e);
	maar__rcu_read_unlock();
	return e.n;
}

void maar__registry_each_locked(void (*visit)(struct maar__mring *m, void *arg), void *arg)
{
	pthread_mutex_lock(&maar__registry_lock);
	maar__registry_each(visit, arg);
	pthread_mutex_unlock(&maar__registry_lock);
}

void maar__registry_each_if_free(void (*visit)(struct maar__mring *m, void *arg), void *arg)
{
	if (pthread_mutex_trylock(&maar__registry_lock))
		return;
	maar__registry_each(visit, arg);
	pthread_mutex_unlock(&maar__registry_lock);
}
