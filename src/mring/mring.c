/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The data's way through an mring: this thread's lane, then the shared ring of batches, then slots never used before,
 * then lanes that no thread uses. Its life cycle and statistics are in mring_life.c.
 */
#include "mring_priv.h"

#include <errno.h>
#include <sched.h>

/*
 * How long a get waits for a put that stopped in the middle of handing a batch over, before it answers "none": the
 * copying takes some 50 ns, so pauses cover a running thread and yields one that lost its processor.
 */
#define HIDDEN_PAUSES 64
#define HIDDEN_YIELDS 32

/* ---- where a lane's handles come from ---- */

static void note_high_water(struct maar__mring *m)
{
	const uint32_t outside = maar_a_load(&m->fresh, RELAXED) - (uint32_t)maar__batch_estimate(m->shared) * m->batch;
	uint32_t seen = maar_a_load(&m->high_water, RELAXED);

	while ((int32_t)(outside - seen) > 0 && outside <= m->front.slots &&
	       !maar_a_cas(&m->high_water, seen, outside, RELAXED))
		seen = maar_a_load(&m->high_water, RELAXED);
}

/* Up to a batch of slots that nobody ever had. */
static uint32_t fetch_fresh(struct maar__mring *m, uint32_t *handles)
{
	uint32_t first, n, i;

	do {
		first = maar_a_load(&m->fresh, RELAXED);
		n = m->front.slots - first;
		if (n == 0)
			return 0;
		if (n > m->batch)
			n = m->batch;
	} while (!maar_a_cas(&m->fresh, first, first + n, RELAXED));
	for (i = 0; i < n; i++)
		handles[i] = first + n - 1 - i; /* a stack: the lowest comes out first */
	return n;
}

static uint32_t fetch_from(const struct maar__mring *m, struct maar__lane *lane, uint32_t *handles)
{
	const uint32_t left = maar_a_load(&lane->n, RELAXED);
	const uint32_t n = left < m->batch ? left : m->batch;

	memcpy(handles, lane->handles + left - n, n * sizeof(*handles));
	maar_a_store(&lane->n, left - n, RELAXED);
	return n;
}

/* Up to a batch from a lane that no thread calls its own. */
static uint32_t fetch_idle(struct maar__mring *m, uint32_t *handles)
{
	struct maar__lane *lane;
	uint32_t n = 0;

	if (maar_a_load(&m->idle_lanes, RELAXED)) {
		pthread_mutex_lock(&m->lock);
		for (lane = m->idle; lane && n == 0; lane = lane->next_idle)
			n = fetch_from(m, lane, handles);
		pthread_mutex_unlock(&m->lock);
	}
	/* The try-lock fails in a thread that works through the common lane itself (which is empty then), or beside one. */
	if (n == 0 && m->common && maar_a_load(&m->common->n, RELAXED) && !pthread_mutex_trylock(&m->common_lock)) {
		n = fetch_from(m, m->common, handles);
		pthread_mutex_unlock(&m->common_lock);
	}
	return n;
}

/* 1 to batch handles, or 0 if none are to be had. `handles` has room for batch + 1. */
static uint32_t fetch(struct maar__mring *m, uint32_t *handles)
{
	unsigned waited = 0, empty = 0;

	for (;;) {
		const enum maar__batch_answer answer = maar__batch_take_full(m->shared, handles);
		uint32_t n = m->batch;

		if (answer != MAAR__BATCH_TAKEN) {
			n = fetch_fresh(m, handles);
			if (n == 0)
				n = fetch_idle(m, handles);
		}
		if (n) {
			note_high_water(m);
			return n;
		}
		if (answer == MAAR__BATCH_EMPTY) {
			/* Twice: somebody may have put a slot while somebody else took the last fresh one. */
			if (++empty == 2)
				return 0;
		} else if (waited == HIDDEN_PAUSES + HIDDEN_YIELDS) {
			return 0;
		} else if (waited++ < HIDDEN_PAUSES) {
			maar_cpu_relax();
		} else {
			sched_yield();
		}
	}
}

/* ---- through a lane (NULL: the mring has none, and batches of one) ---- */

/* Room in a full lane: the older half goes, for what was used last is still in this core's cache. */
static bool lane_spill(struct maar__mring *m, struct maar__lane *lane)
{
	const uint32_t left = m->lane_slots - m->batch;

	if (!maar__batch_put_full(m->shared, lane->handles))
		return false;
	memmove(lane->handles, lane->handles + m->batch, left * sizeof(lane->handles[0]));
	maar_a_store(&lane->n, left, RELAXED);
	maar_a_store(&lane->handed, lane->handed + 1, RELAXED);
	return true;
}

/* Puts handles until there is no room for one; returns how many. The lane's count is kept in a register meanwhile. */
static size_t lane_put(struct maar__mring *m, struct maar__lane *lane, const uint32_t *handles, size_t n)
{
	uint32_t have;
	size_t i;

	if (!lane) {
		for (i = 0; i < n; i++) {
			const uint32_t pair[2] __attribute__((aligned(8))) = { handles[i], 0 };

			if (!maar__batch_put_full(m->shared, pair))
				break;
		}
		return i;
	}
	have = maar_a_load(&lane->n, RELAXED);
	for (i = 0; i < n; i++) {
		if (maar_unlikely(have == m->lane_slots)) {
			if (!lane_spill(m, lane))
				break;
			have = maar_a_load(&lane->n, RELAXED);
		}
		lane->handles[have++] = handles[i];
		if (have == m->lane_slots || i + 1 == n)
			maar_a_store(&lane->n, have, RELAXED);
	}
	return i;
}

/*
 * n handles, or none. They come in the caller's array of pointers, as numbers, and become what the caller wants there:
 * an array of their own would have to be as long as n.
 */
static size_t lane_get(struct maar__mring *m, struct maar__lane *lane, void **numbers, size_t n)
{
	uint32_t batch[MAAR_MRING_BATCH + 2] __attribute__((aligned(8)));
	size_t got = 0;

	while (got < n) {
		uint32_t have = lane ? maar_a_load(&lane->n, RELAXED) : 0;
		uint32_t *from = lane ? lane->handles : batch;

		if (have == 0) {
			have = fetch(m, from);
			if (have == 0)
				break;
			if (lane)
				maar_a_store(&lane->fetched, lane->fetched + 1, RELAXED);
		}
		while (have && got < n)
			numbers[got++] = (void *)(uintptr_t)from[--have];
		if (lane)
			maar_a_store(&lane->n, have, RELAXED);
	}
	if (got == n)
		return n;
	while (got) {
		const uint32_t handle = (uint32_t)(uintptr_t)numbers[--got];

		(void)lane_put(m, lane, &handle, 1); /* room: it came from here */
	}
	return 0;
}

/* ---- which lane ---- */

/*
 * The calling thread's lane for one operation. *locked: it is the common one, under its lock, for want of memory; the
 * caller ends with done().
 */
static struct maar__lane *lane_for(struct maar__mring *m, bool *locked)
{
	struct maar__lane *lane = maar__lane_mine(m);

	*locked = false;
	if (maar_likely(lane) || m->lane_slots == 0)
		return lane;
	lane = maar__lane_attach(m);
	if (lane)
		return lane;
	pthread_mutex_lock(&m->common_lock);
	*locked = true;
	return m->common;
}

static void done(struct maar__mring *m, bool locked)
{
	if (maar_unlikely(locked))
		pthread_mutex_unlock(&m->common_lock);
}

size_t maar__mring_pop_many(struct maar__mring *m, void **numbers, size_t n)
{
	bool locked;
	struct maar__lane *lane = lane_for(m, &locked);
	const size_t got = lane_get(m, lane, numbers, n);

	done(m, locked);
#ifdef MAAR_DEBUG
	for (size_t i = 0; i < got; i++)
		MAAR__MARK(m, (uint32_t)(uintptr_t)numbers[i], 1);
#endif
	return got;
}

size_t maar__mring_push_many(struct maar__mring *m, const uint32_t *handles, size_t n)
{
	bool locked;
	struct maar__lane *lane = lane_for(m, &locked);
	const size_t put = lane_put(m, lane, handles, n);

	done(m, locked);
	return put;
}

uint32_t maar__mring_pop_slow(struct maar__mring *m)
{
	bool locked;
	struct maar__lane *lane = lane_for(m, &locked);
	void *number;
	const size_t got = lane_get(m, lane, &number, 1);

	done(m, locked);
	return got ? (uint32_t)(uintptr_t)number : MAAR_NO_HANDLE;
}

bool maar__mring_push_slow(struct maar__mring *m, uint32_t handle)
{
	bool locked;
	struct maar__lane *lane = lane_for(m, &locked);
	const bool ok = lane_put(m, lane, &handle, 1) == 1;

	done(m, locked);
	return ok;
}

/* ---- the calls ---- */

void *maar_mring_get(struct maar_mring *mring)
{
	struct maar__mring *m = maar__mring_of(mring);
	uint32_t handle;

	MAAR__DEBUG_ENTER();
	MAAR_DEBUG_CHECK(mring, "NULL mring");
	if (maar_unlikely(!mring))
		return NULL;
	handle = maar__mring_pop(m);
	if (maar_unlikely(handle == MAAR_NO_HANDLE))
		return NULL;
	if (maar_unlikely(m->track))
		return maar__track_got(m, maar__mring_at(m, handle), __builtin_return_address(0));
	return maar__mring_at(m, handle);
}

int maar_mring_put(struct maar_mring *mring, void *slot)
{
	struct maar__mring *m = maar__mring_of(mring);
	uint32_t handle;

	MAAR__DEBUG_ENTER();
	MAAR_DEBUG_CHECK(mring && slot, "NULL mring or slot");
	if (maar_unlikely(!mring || !slot))
		return -EINVAL;
	handle = maar_mring_handle(mring, slot);
	MAAR_DEBUG_CHECK(handle != MAAR_NO_HANDLE, "not the start of a slot of this mring");
	if (maar_unlikely(handle == MAAR_NO_HANDLE)) {
		if (m->track)
			maar__track_foreign(m, slot, __builtin_return_address(0));
		return -EINVAL;
	}
	MAAR__MARK(m, handle, 0);
	if (maar_unlikely(m->track) && maar__track_put(m, handle, __builtin_return_address(0)))
		return -EALREADY;
	return maar_likely(maar__mring_push(m, handle)) ? 0 : -EALREADY;
}

size_t maar_mring_get_bulk(struct maar_mring *mring, void **slots, size_t n)
{
	struct maar__mring *m = maar__mring_of(mring);
	size_t i, got;

	MAAR__DEBUG_ENTER();
	MAAR_DEBUG_CHECK(mring && (slots || !n), "NULL mring or array");
	if (!mring || !slots || n > mring->slots)
		return 0;
	got = maar__mring_pop_many(m, slots, n);
	for (i = 0; i < got; i++)
		slots[i] = maar__mring_at(m, (uint32_t)(uintptr_t)slots[i]);
	if (maar_unlikely(m->track))
		maar__track_got_many(m, slots, got, __builtin_return_address(0));
	return got;
}

size_t maar_mring_put_bulk(struct maar_mring *mring, void **slots, size_t n)
{
	struct maar__mring *m = maar__mring_of(mring);
	uint32_t handles[MAAR__MRING_CHUNK];
	size_t i = 0, refused = 0;

	MAAR__DEBUG_ENTER();
	MAAR_DEBUG_CHECK(mring && (slots || !n), "NULL mring or array");
	if (!mring || !slots)
		return 0;
	while (i < n) {
		size_t good = 0, put;

		for (; i < n && good < MAAR__MRING_CHUNK; i++) {
			handles[good] = slots[i] ? maar_mring_handle(mring, slots[i]) : MAAR_NO_HANDLE;
			MAAR_DEBUG_CHECK(handles[good] != MAAR_NO_HANDLE, "not the start of a slot of this mring");
			if (maar_unlikely(handles[good] == MAAR_NO_HANDLE)) {
				if (m->track && slots[i])
					maar__track_foreign(m, slots[i], __builtin_return_address(0));
				slots[refused++] = slots[i];
				continue;
			}
			MAAR__MARK(m, handles[good], 0);
			if (maar_unlikely(m->track) && maar__track_put(m, handles[good], __builtin_return_address(0))) {
				slots[refused++] = slots[i];
				continue;
			}
			good++;
		}
		for (put = maar__mring_push_many(m, handles, good); maar_unlikely(put < good); put++)
			slots[refused++] = maar__mring_at(m, handles[put]);
	}
	return n - refused;
}

void maar_mring_flush(struct maar_mring *mring)
{
	if (mring)
		maar__lane_release_mine(maar__mring_of(mring));
}
