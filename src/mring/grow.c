/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * An mring grows, by a slab when a get finds nothing else, and shrinks, by the slabs all of whose slots are free. Both
 * under its mutex, so that a get that finds nothing meanwhile waits for the end of it. Slots come into circulation through
 * m->fresh, the range of those never used since their slab is there.
 */
#include "mring_priv.h"

#include "../base/probe.h"

#include <errno.h>

/* ---- growth ---- */

static void note_size(struct maar__mring *m, uint32_t slots)
{
	maar_a_store(&m->slots_now, slots, RELAXED);
	if (slots <= m->soft) {
		m->pressed = false;
	} else if (!m->pressed) {
		m->pressed = true;
		maar_a_store(&m->tell, 1, RELAXED);
	}
}

static void add_slabs(struct maar__mring *m, uint32_t first, uint32_t n)
{
	const uint32_t from = first * m->slab_slots, to = maar__slab_end(m, first + n - 1);

	note_size(m, m->slots_now + (to - from));
	/* Nobody else stores to an empty range. */
	maar_a_store(&m->fresh, maar__fresh_range(from, to), RELEASE); /* R:mring.fresh */
}

int maar__mring_begin_with(struct maar__mring *m, size_t slots)
{
	const uint32_t n = (uint32_t)((slots - 1) / m->slab_slots + 1);

	if (!maar__slab_ready(m, 0, n))
		return -errno;
	add_slabs(m, 0, n);
	m->absent = n;
	return 0;
}

bool maar__mring_grow(struct maar__mring *m)
{
	if (maar__fresh_left(maar_a_load(&m->fresh, RELAXED)))
		return true; /* somebody else was first */
	while (m->absent < m->slabs && m->present[m->absent])
		m->absent++;
	if (m->absent == m->slabs || !maar__slab_ready(m, m->absent, 1))
		return false;
	add_slabs(m, m->absent, 1);
	m->grown++;
	MAAR__PROBE(mring_grow, m, m->pool, m->slots_now);
	return true;
}

void maar__mring_tell(struct maar__mring *m)
{
	bool due;

	pthread_mutex_lock(&m->set.lock);
	due = m->tell;
	maar_a_store(&m->tell, 0, RELAXED);
	pthread_mutex_unlock(&m->set.lock);
	if (due)
		m->pressure(&m->front, m->pressure_arg);
}

/* ---- shrinking ---- */

/* The free slots that were collected: a bit for each, and their number in each slab. */
struct free_slots {
	unsigned char *bits;
	uint32_t *in_slab;
	size_t bits_bytes, in_slab_bytes;
	uint64_t moves; /* by how much maar__mring_moves changes through this */
};

static bool make(struct free_slots *f, const struct maar__mring *m)
{
	f->bits_bytes = ((size_t)m->front.slots + 7) / 8;
	f->in_slab_bytes = m->slabs * sizeof(f->in_slab[0]);
	f->bits = maar__map(f->bits_bytes);
	f->in_slab = maar__map(f->in_slab_bytes);
	return f->bits && f->in_slab;
}

static void drop(struct free_slots *f)
{
	maar__unmap(f->bits, f->bits_bytes);
	maar__unmap(f->in_slab, f->in_slab_bytes);
}

static void add(struct free_slots *f, const struct maar__mring *m, uint32_t handle)
{
	if (f->bits[handle / 8] >> handle % 8 & 1)
		return; /* it was put twice; now once is enough */
	f->bits[handle / 8] |= (unsigned char)(1 << handle % 8);
	f->in_slab[handle / m->slab_slots]++;
}

static bool has(const struct free_slots *f, uint32_t handle)
{
	return f->bits[handle / 8] >> handle % 8 & 1;
}

/* What this lane holds; the caller is alone with it. */
struct emptying {
	struct free_slots *f;
	struct maar__mring *m;
};

static void empty_lane(struct maar__lane *lane, void *arg)
{
	const struct emptying *to = arg;
	const struct maar__mring *m = to->m;
	uint32_t n;

	for (n = maar_a_load(&lane->n, RELAXED); n; n--)
		add(to->f, m, maar_mring_handle(&m->front, maar_n_load(&maar__lane_slots(lane)[n - 1])));
	maar_a_store(&lane->n, 0, RELAXED);
}

static void collect(struct maar__mring *m, struct free_slots *f)
{
	struct emptying to = { f, m };
	uint32_t handles[MAAR_MRING_BATCH + 2] __attribute__((aligned(8)));
	uint64_t fresh;
	uint32_t i;

	if (m->single)
		empty_lane(m->common, &to);
	else
		maar__lanes_visit(&m->set, empty_lane, &to);
	while (m->shared && maar__mring_take_batch(m, handles)) {
		f->moves += MAAR__BATCH_UNITS;
		for (i = 0; i < m->batch; i++)
			add(f, m, handles[i]);
	}
	do
		fresh = maar_a_load(&m->fresh, RELAXED);
	while (maar__fresh_left(fresh) &&
	       !maar_a_cas(&m->fresh, fresh, maar__fresh_range(maar__fresh_end(fresh), maar__fresh_end(fresh)),
			   RELAXED));
	for (i = (uint32_t)fresh; i < maar__fresh_end(fresh); i++)
		add(f, m, i);
}

/* Bytes of the slabs that went. */
static size_t return_slabs(struct maar__mring *m, const struct free_slots *f)
{
	uint32_t slab, gone = 0;

	for (slab = 0; slab < m->slabs; slab++) {
		const uint32_t slots = maar__slab_end(m, slab) - slab * m->slab_slots;

		if (!m->present[slab] || f->in_slab[slab] < slots || !maar__slab_return(m, slab))
			continue;
		gone += slots;
		m->shrunk++;
		if (slab < m->absent)
			m->absent = slab;
	}
	note_size(m, m->slots_now - gone);
	if (gone)
		MAAR__PROBE(mring_shrink, m, m->pool, m->slots_now);
	return (size_t)gone * m->front.stride;
}

/* To the shared ring, the lowest first; the last few, less than a batch, to the lane that no thread has. */
static void give_back(struct maar__mring *m, struct free_slots *f)
{
	uint32_t handles[MAAR_MRING_BATCH + 2] __attribute__((aligned(8)));
	struct maar__lane *rest = m->single ? m->common : m->spare;
	uint32_t slab, h, i, n = 0;

	for (slab = 0; slab < m->slabs; slab++) {
		for (h = slab * m->slab_slots; m->present[slab] && h < maar__slab_end(m, slab); h++) {
			if (!has(f, h))
				continue;
			handles[n++] = h;
			if (n < m->batch)
				continue;
			n = 0;
			if (!m->single) {
				if (maar__mring_put_batch(m, handles)) /* room: they came from here */
					f->moves += MAAR__BATCH_UNITS;
				continue;
			}
			for (i = m->batch; i--;)
				maar__lane_slots(rest)[rest->n++] = maar__mring_at(m, handles[i]);
		}
	}
	if (!n)
		return;
	h = maar_a_load(&rest->n, RELAXED);
	for (i = n; i--; h++)
		maar_n_store(&maar__lane_slots(rest)[h], maar__mring_at(m, handles[i]));
	maar_a_store(&rest->n, h, RELAXED);
}

/* Frees the empty lanes that no thread has: threads that are born make new ones. */
static void drop_idle_lanes(struct maar__mring *m, struct free_slots *f)
{
	struct maar__lane **at = &m->set.lanes, *lane;

	m->set.idle = NULL;
	while ((lane = *at) != NULL) {
		const bool idle = !lane->in_thread && lane != m->common && lane != m->spare;

		if (idle && maar_a_load(&lane->n, RELAXED) == 0) {
			*at = lane->next;
			f->moves -= maar_a_load(&lane->fetched, RELAXED) + maar_a_load(&lane->handed, RELAXED);
			maar__free(lane);
			continue;
		}
		if (idle) {
			lane->next_idle = m->set.idle;
			m->set.idle = lane;
		}
		at = &lane->next;
	}
}

size_t maar__mring_shrink_locked(struct maar__mring *m, uint64_t *moves)
{
	struct free_slots f = { NULL, NULL, 0, 0, 0 };
	size_t bytes = 0;

	if (make(&f, m)) {
		collect(m, &f);
		bytes = return_slabs(m, &f);
		give_back(m, &f);
		drop_idle_lanes(m, &f);
	}
	drop(&f);
	*moves = f.moves;
	return bytes;
}

size_t maar_mring_shrink(struct maar_mring *mring)
{
	struct maar__mring *m = maar__mring_of(mring);
	uint64_t moves;
	size_t bytes;

	if (!mring || mring->magic != MAAR__MRING_MAGIC)
		return 0;
	pthread_mutex_lock(&m->set.lock);
	bytes = maar__mring_shrink_locked(m, &moves);
	pthread_mutex_unlock(&m->set.lock);
	return bytes;
}
