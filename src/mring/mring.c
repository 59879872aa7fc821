/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The data's way through an mring: this thread's lane, then the shared ring of batches, then slots never used before;
 * the rest of the way is in steal.c. The first step is inline, in <maar/bits/mring_impl.h>. Life cycle and statistics are
 * in mring_life.c.
 */
#include "mring_priv.h"

#include "../base/probe.h"

#include <errno.h>

/* How often a thread looks whether a thief has left its lane, before it goes by the common one: about a microsecond. */
#ifndef MAAR__REVOKED_LOOKS
#define MAAR__REVOKED_LOOKS 32
#endif

/* ---- batches ---- */

static void note_high_water(struct maar__mring *m)
{
	const uint32_t now = maar_a_load(&m->slots_now, RELAXED);
	const uint32_t outside = now - maar__fresh_left(maar_a_load(&m->fresh, RELAXED)) - maar__mring_in_ring(m);
	uint32_t seen = maar_a_load(&m->high_water, RELAXED);

	while ((int32_t)(outside - seen) > 0 && outside <= now && !maar_a_cas(&m->high_water, seen, outside, RELAXED))
		seen = maar_a_load(&m->high_water, RELAXED);
}

/* Up to a batch of slots that nobody had since their slab is there. */
static uint32_t fetch_fresh(struct maar__mring *m, uint32_t *handles)
{
	uint64_t fresh;
	uint32_t n, i;

	do {
		fresh = maar_a_load(&m->fresh, RELAXED);
		n = maar__fresh_left(fresh);
		if (n == 0)
			return 0;
		if (n > m->batch)
			n = m->batch;
	} while (!maar_a_cas(&m->fresh, fresh, fresh + n, ACQUIRE)); /* A:mring.fresh */
	for (i = 0; i < n; i++)
		handles[i] = (uint32_t)fresh + n - 1 - i; /* a stack: the lowest comes out first */
	return n;
}

/*
 * Whoever gets a slot writes to it, and its line is in the cache of the thread that put it: asked for a batch at once, the
 * lines come many at a time, in the order in which they are handed out; written to one after another they would be waited
 * for one by one.
 */
static void prefetch(void *const *slots, uint32_t n)
{
	for (; n; n--)
		maar__prefetch_write(maar_n_load(&slots[n - 1]));
}

/* 1 to batch slots, or 0 if there are none in the shared ring or never used. */
static uint32_t fetch(struct maar__mring *m, void **slots)
{
	/* A batch is copied in whole pairs. */
	uint32_t handles[MAAR_MRING_BATCH + 2] __attribute__((aligned(8)));
	uint32_t n = m->shared ? maar__mring_take_batch(m, handles) : 0, i;
	const bool used = n != 0;

	if (!n)
		n = fetch_fresh(m, handles);
	for (i = 0; i < n; i++)
		maar_n_store(&slots[i], maar__mring_at(m, handles[i]));
	if (used)
		prefetch(slots, n);
	if (n)
		note_high_water(m);
	return n;
}

/* Hands a batch of slots over to the shared ring. False: no room, some slot was put twice. */
static bool hand_over(struct maar__mring *m, void *const *slots)
{
	uint32_t handles[MAAR_MRING_BATCH + 2] __attribute__((aligned(8)));
	uint32_t i;

	for (i = 0; i < m->batch; i++)
		handles[i] = maar_mring_handle(&m->front, maar_n_load(&slots[i]));
	return maar__mring_put_batch(m, handles);
}

/* ---- through a lane that was entered (NULL: the mring has none, and batches of one) ---- */

size_t maar__mring_take(struct maar__mring *m, struct maar__lane *lane, void **slots, size_t n)
{
	size_t got = 0;

	if (!lane) {
		while (got < n && fetch(m, slots + got))
			got++;
		return got;
	}
	for (;;) {
		uint32_t have = maar_a_load(&lane->n, RELAXED);
		const uint32_t some = n - got < have ? (uint32_t)(n - got) : have;

		have -= some;
		maar_n_copy(slots + got, maar__lane_slots(lane) + have, some * sizeof(*slots));
		maar_a_store(&lane->n, have, RELAXED);
		got += some;
		if (got == n)
			return n;
		have = fetch(m, maar__lane_slots(lane));
		if (!have)
			return got;
		maar_a_store(&lane->n, have, RELAXED);
		maar_a_store(&lane->fetched, lane->fetched + 1, RELAXED);
		MAAR__PROBE(mring_refill, m, m->pool, have);
	}
}

/* Room in a full lane: the older half goes, for what was used last is still in this core's cache. */
static bool lane_spill(struct maar__mring *m, struct maar__lane *lane)
{
	void **slots = maar__lane_slots(lane);
	const uint32_t left = m->lane_slots - m->batch;

	if (m->single || !hand_over(m, slots))
		return false;
	maar_n_copy(slots, slots + m->batch, left * sizeof(*slots));
	maar_a_store(&lane->n, left, RELAXED);
	maar_a_store(&lane->handed, lane->handed + 1, RELAXED);
	MAAR__PROBE(mring_spill, m, m->pool, m->batch);
	return true;
}

/* Until there is no room for one; returns how many. */
static size_t lane_give(struct maar__mring *m, struct maar__lane *lane, void *const *slots, size_t n)
{
	size_t put = 0;

	if (!lane) {
		while (put < n && hand_over(m, slots + put))
			put++;
		return put;
	}
	while (put < n) {
		const uint32_t have = maar_a_load(&lane->n, RELAXED), room = m->lane_slots - have;
		const uint32_t some = n - put < room ? (uint32_t)(n - put) : room;

		if (maar_unlikely(!some)) {
			if (!lane_spill(m, lane))
				break;
			continue;
		}
		maar_n_copy(maar__lane_slots(lane) + have, slots + put, some * sizeof(*slots));
		maar_a_store(&lane->n, have + some, RELAXED);
		put += some;
	}
	return put;
}

/* ---- which lane ---- */

static bool enter(struct maar__mring *m, struct maar__lane *lane)
{
	unsigned looks;

	for (looks = 0; !maar__lane_enter_any(m, lane); looks++) {
		maar__lane_leave(lane);
		if (looks == MAAR__REVOKED_LOOKS)
			return false;
		maar_cpu_relax();
	}
	return true;
}

/*
 * Enters the calling thread's lane for one operation. *locked: it is the common one, under its lock, for want of memory
 * or because somebody is in this thread's. NULL: the mring has no lanes. The caller ends with end().
 */
static struct maar__lane *begin(struct maar__mring *m, struct maar__lane *mine, bool *locked)
{
	*locked = false;
	if (m->lane_slots == 0)
		return NULL;
	if (maar_likely(mine && enter(m, mine)))
		return mine;
	pthread_mutex_lock(&m->common_lock);
	*locked = true;
	while (!enter(m, m->common)) {
		/* Who revokes lanes has this lock until it is done. */
		pthread_mutex_lock(&m->set.lock);
		pthread_mutex_unlock(&m->set.lock);
	}
	return m->common;
}

static void leave(struct maar__lane *lane)
{
	if (lane)
		maar__lane_leave(lane);
}

static void end(struct maar__mring *m, bool locked)
{
	if (maar_unlikely(locked))
		pthread_mutex_unlock(&m->common_lock);
}

/* For want of anything else, with the mutex. Not in the lane, which is empty. */
static MAAR_COLD size_t scrape(struct maar__mring *m, struct maar__lane *lane, void **slots, size_t n)
{
	size_t got;

	pthread_mutex_lock(&m->set.lock);
	got = maar__mring_scrape(m, lane, slots, n);
	pthread_mutex_unlock(&m->set.lock);
	if (got < n)
		MAAR__PROBE(mring_empty, m, m->pool, n, got);
	if (m->idle_ms)
		maar__keeper_again();
	return got;
}

/* With the calling thread's lane, or NULL for the common one. */
static size_t get_through(struct maar__mring *m, struct maar__lane *mine, void **slots, size_t n)
{
	bool locked;
	struct maar__lane *lane = begin(m, mine, &locked);
	size_t got = maar__mring_take(m, lane, slots, n), back;

	leave(lane);
	if (maar_unlikely(got < n))
		got += scrape(m, lane, slots + got, n - got);
	end(m, locked);
	if (maar_unlikely(maar_a_load(&m->tell, RELAXED)))
		maar__mring_tell(m);
	if (maar_likely(got == n) || !got)
		return got;
	lane = begin(m, mine, &locked);
	back = lane_give(m, lane, slots, got); /* room: it came from here */
	(void)back;
	leave(lane);
	end(m, locked);
	return 0;
}

static size_t put_through(struct maar__mring *m, struct maar__lane *mine, void *const *slots, size_t n)
{
	bool locked;
	struct maar__lane *lane = begin(m, mine, &locked);
	const size_t put = lane_give(m, lane, slots, n);

	leave(lane);
	end(m, locked);
	return put;
}

static size_t get_any(struct maar__mring *m, void **slots, size_t n)
{
	const size_t got = get_through(m, m->lane_slots ? maar__lane_attach(m) : NULL, slots, n);

#ifdef MAAR_DEBUG
	for (size_t i = 0; i < got; i++)
		MAAR__MARK(m, maar_mring_handle(&m->front, slots[i]), 1);
#endif
	return got;
}

/*
 * The lane of a tracked mring's thread, which inline calls pass by, for one slot at a time; NULL: the long way. In a debug
 * build that has marks to make.
 */
static inline struct maar__lane *tracked_lane(const struct maar__mring *m, size_t n)
{
#ifdef MAAR_DEBUG
	(void)m, (void)n;
	return NULL;
#else
	return m->track && n == 1 && (m->set.light || m->single) ? maar__lane_mine(m) : NULL;
#endif
}

size_t maar__mring_get_many(struct maar__mring *m, void **slots, size_t n)
{
	struct maar__lane *lane = tracked_lane(m, n);

	if (lane && maar__lane_pop(lane, slots))
		return 1;
	return get_any(m, slots, n);
}

void *maar__mring_get_one(struct maar__mring *m)
{
	void *slot;

	return maar__mring_get_many(m, &slot, 1) ? slot : NULL;
}

size_t maar__mring_put_many(struct maar__mring *m, void *const *slots, size_t n)
{
	struct maar__lane *lane = tracked_lane(m, n);

	if (lane && maar__lane_push(lane, slots[0]))
		return 1;
	return put_through(m, m->lane_slots ? maar__lane_attach(m) : NULL, slots, n);
}

/* ---- the calls ---- */

void *maar__mring_get_slow(struct maar_mring *mring)
{
	struct maar__mring *m = maar__mring_of(mring);
	void *slot;

	MAAR__DEBUG_ENTER();
	slot = maar__mring_get_one(m);
	if (maar_unlikely(!slot))
		return NULL;
	return maar_unlikely(m->track) ? maar__track_got(m, slot, __builtin_return_address(0)) : slot;
}

bool maar__mring_push_slow(struct maar__mring *m, void *slot)
{
	return maar__mring_put_many(m, &slot, 1) == 1;
}

int maar__mring_put_slow(struct maar_mring *mring, void *slot)
{
	struct maar__mring *m = maar__mring_of(mring);
	const uint32_t handle = mring ? maar_mring_handle(mring, slot) : MAAR_NO_HANDLE;

	MAAR__DEBUG_ENTER();
	if (maar_unlikely(handle == MAAR_NO_HANDLE)) {
		if (mring && slot && m->track)
			maar__track_foreign(m, slot, __builtin_return_address(0));
		return -EINVAL;
	}
	MAAR__MARK(m, handle, 0);
	if (maar_unlikely(m->track) && maar__track_put(m, handle, __builtin_return_address(0)))
		return -EALREADY;
	return maar__mring_push_slow(m, slot) ? 0 : -EALREADY;
}

size_t maar__mring_get_bulk_slow(struct maar_mring *mring, void **slots, size_t n)
{
	struct maar__mring *m = maar__mring_of(mring);

	MAAR__DEBUG_ENTER();
	if (maar_unlikely(n > mring->slots))
		return 0;
	n = maar__mring_get_many(m, slots, n);
	if (maar_unlikely(m->track))
		maar__track_got_many(m, slots, n, __builtin_return_address(0));
	return n;
}

/* Whether a slot may be put, which one that is tracked is with this. */
static bool may_put(struct maar__mring *m, void *slot, const void *caller)
{
	const uint32_t handle = maar_mring_handle(&m->front, slot);

	MAAR_DEBUG_CHECK_AS("maar_mring_put_bulk", handle != MAAR_NO_HANDLE, "not the start of a slot of this mring");
	if (handle == MAAR_NO_HANDLE) {
		if (slot && m->track)
			maar__track_foreign(m, slot, caller);
		return false;
	}
	if (!m->track)
		return true; /* a debug build has stopped before, at the first that is none */
	MAAR__MARK(m, handle, 0);
	return maar__track_put(m, handle, caller) == 0;
}

/* One after another, when some are none, or tracked: the refused stay in front. Returns how many are refused. */
static MAAR_COLD size_t sort_out(struct maar__mring *m, void **slots, size_t n, const void *caller)
{
	size_t i = 0, good = 0, refused = 0;
	void *some[MAAR__MRING_CHUNK];

	while (i < n) {
		size_t put;

		for (good = 0; i < n && good < MAAR__MRING_CHUNK; i++) {
			if (may_put(m, slots[i], caller))
				some[good++] = slots[i];
			else
				slots[refused++] = slots[i];
		}
		for (put = maar__mring_put_many(m, some, good); put < good; put++)
			slots[refused++] = some[put];
	}
	return refused;
}

size_t maar__mring_put_bulk_slow(struct maar_mring *mring, void **slots, size_t n)
{
	struct maar__mring *m = maar__mring_of(mring);
	size_t i;

	MAAR__DEBUG_ENTER();
	if (maar_unlikely(m->track || maar__slots_any_strange_wide(mring, slots, n)))
		return n - sort_out(m, slots, n, __builtin_return_address(0));
#ifdef MAAR_DEBUG
	for (i = 0; i < n; i++)
		MAAR__MARK(m, maar_mring_handle(mring, slots[i]), 0);
#endif
	i = maar__mring_put_many(m, slots, n);
	if (maar_unlikely(i < n))
		memmove(slots, slots + i, (n - i) * sizeof(*slots));
	return i;
}

/* ---- for src/pool ---- */

size_t maar__mring_pop_many(struct maar__mring *m, void **numbers, size_t n)
{
	const size_t got = maar_unlikely(m->track) ? maar__mring_get_many(m, numbers, n)
						   : /* the pool's are tracked there */
				   maar_mring_get_bulk(&m->front, numbers, n);
	size_t i;

	for (i = 0; i < got; i++)
		numbers[i] = (void *)(uintptr_t)maar_mring_handle(&m->front, numbers[i]);
	return got;
}

size_t maar__mring_push_many(struct maar__mring *m, const uint32_t *handles, size_t n)
{
	void *slots[MAAR__MRING_CHUNK];
	size_t i;

	for (i = 0; i < n; i++)
		slots[i] = maar__mring_at(m, handles[i]);
	return maar__mring_put_many(m, slots, n);
}
