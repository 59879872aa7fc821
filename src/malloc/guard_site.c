/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Where calls come from: back traces, each kept once, for as long as the program runs. The unwinder may allocate the first time
 * that it is called, and cannot run before the C library is up: until this library's constructor has run, and while a thread
 * is in the unwinder already, a site is the caller alone.
 */
#include "guard.h"

#include "../base/unwind.h"

/* By the hash of a trace; a lock for each part of the buckets, so that threads seldom meet. */
#define PARTS	16
#define BUCKETS 4096 /* of a part */

static struct {
	pthread_mutex_t lock;
	uint32_t *bucket; /* sites, linked by their `next` */
} __attribute__((aligned(MAAR_APART))) parts[PARTS] = { [0 ... PARTS - 1] = { .lock = PTHREAD_MUTEX_INITIALIZER } };

static pthread_mutex_t sites_lock = PTHREAD_MUTEX_INITIALIZER; /* of these two; inside a part's */
static struct maar__guard_site *sites;
static uint32_t sites_made = 1;

static __thread bool tracing __attribute__((tls_model("initial-exec")));
static __thread bool forking __attribute__((tls_model("initial-exec")));

static void lock(pthread_mutex_t *which)
{
	if (!forking)
		pthread_mutex_lock(which);
}

static void unlock(pthread_mutex_t *which)
{
	if (!forking)
		pthread_mutex_unlock(which);
}

static struct maar__guard_site *new_site(uint32_t *number)
{
	struct maar__guard_site *s = NULL;

	lock(&sites_lock);
	if (!sites)
		sites = maar__map_sparse(MAAR__GUARD_SITES * sizeof(*sites));
	if (sites && sites_made < MAAR__GUARD_SITES) {
		*number = sites_made++;
		s = &sites[*number];
	}
	unlock(&sites_lock);
	return s;
}

static bool is_same(const struct maar__guard_site *s, const char *name, const uint64_t *frames, unsigned n)
{
	unsigned i;

	if (s->name != name || s->frames != n)
		return false;
	for (i = 0; i < n && s->frame[i] == frames[i]; i++)
		;
	return i == n;
}

/* Under the part's lock. */
static uint32_t find(uint32_t *bucket, const char *name, const uint64_t *frames, unsigned n)
{
	struct maar__guard_site *s;
	uint32_t number;
	unsigned i;

	for (number = *bucket; number; number = sites[number].next)
		if (is_same(&sites[number], name, frames, n))
			return number;
	s = new_site(&number);
	if (!s)
		return 0;
	s->name = name;
	s->frames = n;
	for (i = 0; i < n; i++)
		s->frame[i] = frames[i];
	s->next = *bucket;
	*bucket = number;
	return number;
}

uint32_t maar__guard_site(const struct maar__trace *trace)
{
	uint64_t hash = (uintptr_t)trace->name;
	uint32_t number = 0;
	unsigned i, part;

	for (i = 0; i < trace->n; i++) {
		hash = (hash ^ trace->frame[i]) * UINT64_C(0x9e3779b97f4a7c15);
		hash ^= hash >> 29;
	}
	part = hash % PARTS;
	lock(&parts[part].lock);
	if (!parts[part].bucket)
		parts[part].bucket = maar__map(BUCKETS * sizeof(uint32_t));
	if (parts[part].bucket)
		number = find(&parts[part].bucket[hash / PARTS % BUCKETS], trace->name, trace->frame, trace->n);
	unlock(&parts[part].lock);
	return number;
}

void maar__guard_trace(struct maar__trace *trace, const struct maar__call *call)
{
	trace->name = call->name;
	trace->n = 1;
	trace->frame[0] = (uintptr_t)call->caller;
	if (maar__guard.trace < 2 || tracing || maar__guard_recall(trace, call))
		return;
	tracing = true;
	/* No chain of frame pointers: to look for the stack's end may take a lock of the caller's. */
	if (!maar__guard_walk(trace, call))
		trace->n = maar__unwind(call->caller, NULL, trace->frame, maar__guard.trace);
	tracing = false;
}

const struct maar__guard_site *maar__guard_site_at(uint32_t number)
{
	return number ? &sites[number] : NULL;
}

void maar__guard_sites_lock(void)
{
	unsigned i;

	for (i = 0; i < PARTS; i++)
		pthread_mutex_lock(&parts[i].lock);
	pthread_mutex_lock(&sites_lock);
	forking = true;
}

void maar__guard_sites_unlock(void)
{
	unsigned i;

	forking = false;
	pthread_mutex_unlock(&sites_lock);
	for (i = PARTS; i-- > 0;)
		pthread_mutex_unlock(&parts[i].lock);
}
