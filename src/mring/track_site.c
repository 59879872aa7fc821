/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Places and back traces, each kept once, for as long as the mring lives: a table that is only ever added to. Sites come
 * from an array mapped at create, so that no get allocates.
 */
#include "track.h"

#include <errno.h>

struct wanted {
	const uint64_t *frames;
	unsigned n;
};

/* FNV-1a by words, with the high half folded in: the low bits of addresses are alike. */
static uint64_t hash_of(const uint64_t *frames, unsigned n)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	unsigned i;

	for (i = 0; i < n; i++) {
		hash = (hash ^ frames[i]) * UINT64_C(0x100000001b3);
		hash ^= hash >> 32;
	}
	return hash;
}

/* Relaxed: the table publishes to those who find a site in it, which ThreadSanitizer cannot see. */
static int is_wanted(maar__rcu_node *node, const void *arg)
{
	const struct maar__site *s = maar__rcu_entry(node, struct maar__site, node);
	const struct wanted *w = arg;
	unsigned i;

	if (maar_a_load(&s->frames, RELAXED) != w->n)
		return 0;
	for (i = 0; i < w->n; i++)
		if (maar_a_load(&s->frame[i], RELAXED) != w->frames[i])
			return 0;
	return 1;
}

int maar__sites_create(struct maar__track *t)
{
	t->sites = maar__map(MAAR__SITES * sizeof(t->sites[0]));
	if (!t->sites)
		return -errno;
	t->next_site = 1;
	if (maar__fault(MAAR__FAULT_ALLOC))
		return -ENOMEM;
	t->table = maar__rcu_table_new(MAAR__SITE_BUCKETS);
	return t->table ? 0 : -ENOMEM;
}

void maar__sites_destroy(struct maar__track *t)
{
	maar__rcu_table_free(t->table);
	maar__unmap(t->sites, MAAR__SITES * sizeof(t->sites[0]));
}

static struct maar__site *new_site(struct maar__track *t, const struct wanted *w)
{
	struct maar__site *s;
	uint32_t number;
	unsigned i;

	do {
		number = maar_a_load(&t->next_site, RELAXED);
		if (number >= MAAR__SITES)
			return NULL;
	} while (!maar_a_cas(&t->next_site, number, number + 1, RELAXED));
	s = &t->sites[number];
	for (i = 0; i < w->n; i++)
		maar_a_store(&s->frame[i], w->frames[i], RELAXED);
	maar_a_store(&s->frames, w->n, RELAXED);
	return s;
}

uint32_t maar__site_find(struct maar__track *t, const uint64_t *frames, unsigned n)
{
	const struct wanted w = { frames, n };
	const uint64_t hash = hash_of(frames, n);
	maar__rcu_node *node;
	struct maar__site *s;

	maar__rcu_read_lock();
	node = maar__rcu_table_find(t->table, (unsigned long)hash, is_wanted, &w);
	if (maar_unlikely(!node)) {
		s = new_site(t, &w);
		/* Two threads that come from the same new place: one of the two is left unused. */
		node = s ? maar__rcu_table_add(t->table, (unsigned long)hash, is_wanted, &w, &s->node) : NULL;
	}
	maar__rcu_read_unlock();
	return node ? (uint32_t)(maar__rcu_entry(node, struct maar__site, node) - t->sites) : 0;
}
