/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The records of all blocks that are in use or in quarantine: hash tables by address, each under a lock of its own. Nothing of
 * the guard's lies in the program's blocks, so that a record can be believed, and any pointer can be asked about.
 */
#include "guard.h"

#include <string.h>

#define SHARDS	      16
#define FIRST_ENTRIES 256 /* 16 KiB */

/* Blocks with pages of their own: the system has some 65,000 mappings for a process, of which each takes two. */
#define PAGED_MOST   (8192 / SHARDS) /* in use and in quarantine */
#define PAGED_QUEUED (2048 / SHARDS) /* in quarantine */

/* Addresses that these may hold in quarantine. They have no memory any more. */
#define PAGED_BYTES (((size_t)4 << 30) / SHARDS)

struct queue {
	unsigned char *first, *last;
	size_t n, bytes;
};

struct maar__guard_shard {
	pthread_mutex_t lock;
	struct maar__guard_block *table;
	size_t entries,
		used; /* a power of two; half of them used at most, or 7 of 8 where there is no memory for more */
	size_t paged;
	struct queue queue[2]; /* quarantine: of blocks of the allocator's; of those with pages */
} __attribute__((aligned(MAAR_APART)));

static struct maar__guard_shard shards[SHARDS] = { [0 ... SHARDS - 1] = { .lock = PTHREAD_MUTEX_INITIALIZER } };

/* This thread has all locks, and passes by. */
static __thread bool have_all __attribute__((tls_model("initial-exec")));

/* 2^64 / golden ratio spreads addresses; the upper bits choose the shard, the middle the entry. */
static uint64_t hash_of(const void *at)
{
	return (uint64_t)(uintptr_t)at * UINT64_C(0x9e3779b97f4a7c15);
}

static size_t home(const struct maar__guard_shard *s, const void *at)
{
	return (size_t)(hash_of(at) >> 24) & (s->entries - 1);
}

/* ---- locks ---- */

void maar__guard_lock_shard(struct maar__guard_shard *s, sigset_t *before)
{
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, before);
	if (!have_all)
		pthread_mutex_lock(&s->lock);
}

bool maar__guard_trylock_shard(struct maar__guard_shard *s)
{
	return have_all || pthread_mutex_trylock(&s->lock) == 0;
}

void maar__guard_unlock_shard(struct maar__guard_shard *s)
{
	if (!have_all)
		pthread_mutex_unlock(&s->lock);
}

struct maar__guard_shard *maar__guard_lock(const void *at, sigset_t *before)
{
	struct maar__guard_shard *s = &shards[hash_of(at) >> 60 & (SHARDS - 1)];

	maar__guard_lock_shard(s, before);
	return s;
}

void maar__guard_unlock(struct maar__guard_shard *s, const sigset_t *before)
{
	maar__guard_unlock_shard(s);
	pthread_sigmask(SIG_SETMASK, before, NULL);
}

void maar__guard_lock_all(sigset_t *before)
{
	sigset_t all;
	unsigned i;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, before);
	for (i = 0; i < SHARDS; i++)
		pthread_mutex_lock(&shards[i].lock);
	have_all = true;
}

void maar__guard_unlock_all(const sigset_t *before)
{
	unsigned i;

	have_all = false;
	for (i = SHARDS; i-- > 0;)
		pthread_mutex_unlock(&shards[i].lock);
	pthread_sigmask(SIG_SETMASK, before, NULL);
}

struct maar__guard_shard *maar__guard_next(struct maar__guard_shard *s)
{
	if (!s)
		return &shards[0];
	return s + 1 < shards + SHARDS ? s + 1 : NULL;
}

struct maar__guard_block *maar__guard_records(struct maar__guard_shard *s, size_t *slots)
{
	*slots = s->entries;
	return s->table;
}

/* ---- the table ---- */

struct maar__guard_block *maar__guard_find(struct maar__guard_shard *s, const void *at)
{
	size_t i;

	if (!s->entries)
		return NULL;
	for (i = home(s, at); s->table[i].at; i = (i + 1) & (s->entries - 1))
		if (s->table[i].at == at)
			return &s->table[i];
	return NULL;
}

static void put_in(struct maar__guard_shard *s, const struct maar__guard_block *block)
{
	size_t i = home(s, block->at);

	while (s->table[i].at)
		i = (i + 1) & (s->entries - 1);
	s->table[i] = *block;
}

static bool make_room(struct maar__guard_shard *s)
{
	struct maar__guard_block *old = s->table, *larger;
	const size_t n = s->entries, to = n ? 2 * n : FIRST_ENTRIES;
	size_t i;

	if (s->used < n / 2)
		return true;
	larger = maar__map(to * sizeof(*larger));
	if (!larger)
		return s->used < n - n / 8;
	s->table = larger;
	s->entries = to;
	for (i = 0; i < n; i++)
		if (old[i].at)
			put_in(s, &old[i]);
	maar__unmap(old, n * sizeof(*old));
	return true;
}

bool maar__guard_add(struct maar__guard_shard *s, const struct maar__guard_block *block)
{
	if ((block->paged && s->paged >= PAGED_MOST) || !make_room(s))
		return false;
	put_in(s, block);
	s->used++;
	s->paged += block->paged;
	return true;
}

/* Those behind it that would not be found any more move up. */
static void take_out(struct maar__guard_shard *s, const struct maar__guard_block *block)
{
	size_t hole = (size_t)(block - s->table), i = hole;

	s->paged -= block->paged;
	for (;;) {
		i = (i + 1) & (s->entries - 1);
		if (!s->table[i].at)
			break;
		if (((i - home(s, s->table[i].at)) & (s->entries - 1)) >= ((i - hole) & (s->entries - 1))) {
			s->table[hole] = s->table[i];
			hole = i;
		}
	}
	s->table[hole].at = NULL;
	s->used--;
}

/* ---- quarantine ---- */

void maar__guard_retire(struct maar__guard_shard *s, struct maar__guard_block *block)
{
	struct queue *q = &s->queue[block->paged];

	block->freed = true;
	block->next = NULL;
	if (q->last)
		maar__guard_find(s, q->last)->next = block->at;
	else
		q->first = block->at;
	q->last = block->at;
	q->n++;
	q->bytes += block->raw_bytes;
}

static bool is_over(const struct queue *q, bool paged)
{
	if (!paged)
		return q->bytes > maar__guard.quarantine / SHARDS;
	return q->n > PAGED_QUEUED || q->bytes > PAGED_BYTES;
}

bool maar__guard_evict(struct maar__guard_shard *s, bool all, struct maar__guard_block *block)
{
	unsigned paged;

	for (paged = 0; paged < 2; paged++) {
		struct queue *q = &s->queue[paged];
		struct maar__guard_block *oldest;

		if (!q->first || (!all && !is_over(q, paged)))
			continue;
		oldest = maar__guard_find(s, q->first);
		*block = *oldest;
		q->first = oldest->next;
		if (!q->first)
			q->last = NULL;
		q->n--;
		q->bytes -= oldest->raw_bytes;
		take_out(s, oldest);
		return true;
	}
	return false;
}
