/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The life of an mring: create, destroy, statistics, dump.
 */
#include "track.h"

#include <errno.h>
#include <inttypes.h>

#define LEAST_ALIGN MAAR_CACHE_LINE /* two slots on one line would make their users fight for it */
#define MOST_ALIGN  ((size_t)1 << 20)

/* Below this many slots lanes would hold so few that batches moved all the time: no lanes unless asked for. */
#define LEAST_SLOTS_FOR_LANES 128

/* By default a lane holds at most 1/32 of the slots, so that few have to be taken out of others' lanes. */
#define DEFAULT_LANE_SHARE 32

/* What excludes each other, whatever the sizes. */
static int check_options(const struct maar_mring_options *o)
{
	size_t i;

	if (o->align && (!maar__is_pow2(o->align) || o->align > MOST_ALIGN))
		return -EINVAL;
	if (o->no_lanes > 1 || o->single_thread > 1 ||
	    (o->single_thread && (o->no_lanes || o->lane_slots || o->idle_ms)))
		return -EINVAL;
	if (o->lane_slots && (o->lane_slots < 2 || o->lane_slots > 2 * MAAR_MRING_BATCH || o->no_lanes))
		return -EINVAL;
	if (o->huge_pages > 1)
		return -EINVAL;
	if (((o->soft_slots || o->soft_bytes) && !o->pressure) || o->reserved0)
		return -EINVAL;
	for (i = 0; i < sizeof(o->reserved) / sizeof(o->reserved[0]); i++)
		if (o->reserved[i])
			return -EINVAL;
	return 0;
}

/* The most slots; 0 if the limits are less than what it is to begin with. */
static size_t choose_most(size_t slots, size_t stride, const struct maar_mring_options *o)
{
	size_t most = o->max_slots;

	if (o->max_bytes && (!most || o->max_bytes / stride < most))
		most = o->max_bytes / stride;
	if (most > MAAR_MRING_MAX_SLOTS && o->max_slots <= MAAR_MRING_MAX_SLOTS)
		most = MAAR_MRING_MAX_SLOTS; /* bytes for more than handles can name */
	if (!most)
		most = slots;
	return most < slots ? 0 : most;
}

static void choose_soft(struct maar__mring *m, const struct maar_mring_options *o)
{
	m->soft = UINT32_MAX;
	if (o->soft_slots && o->soft_slots < m->soft)
		m->soft = (uint32_t)o->soft_slots;
	if (o->soft_bytes && o->soft_bytes / m->front.stride < m->soft)
		m->soft = (uint32_t)(o->soft_bytes / m->front.stride);
	m->pressure = o->pressure;
	m->pressure_arg = o->pressure_arg;
}

static void choose_lanes(struct maar__mring *m, size_t slots, const struct maar_mring_options *o)
{
	uint32_t lane = o->lane_slots;

	m->single = o->single_thread;
	if (m->single) {
		m->batch = MAAR_MRING_BATCH;
		m->lane_slots = m->front.slots;
		return;
	}
	if (!lane && !o->no_lanes && slots >= LEAST_SLOTS_FOR_LANES)
		lane = slots / DEFAULT_LANE_SHARE > 2 * MAAR_MRING_BATCH ? 2 * MAAR_MRING_BATCH
									 : (uint32_t)slots / DEFAULT_LANE_SHARE;
	if (lane > 2 * MAAR_MRING_BATCH)
		lane = 2 * MAAR_MRING_BATCH;
	m->batch = lane ? lane / 2 : 1;
	m->lane_slots = lane ? 2 * m->batch : 0;
	m->set.light = lane && maar__membarrier_register();
}

#ifdef MAAR_DEBUG
static int map_owners(struct maar__mring *m)
{
	if (!maar__mul(m->front.slots, sizeof(m->owners[0]), &m->owners_bytes))
		return -EOVERFLOW;
	m->owners = maar__map(m->owners_bytes);
	return m->owners ? 0 : -errno;
}
#else
static int map_owners(struct maar__mring *m)
{
	(void)m;
	return 0;
}
#endif

/* The lane of an mring that knows one thread only is as large as the mring: a mapping, touched as it is used. */
size_t maar__mring_single_bytes(const struct maar__mring *m)
{
	return sizeof(struct maar__lane) + (size_t)m->lane_slots * sizeof(void *);
}

size_t maar__mring_ring_capacity(const struct maar__mring *m)
{
	return m->front.slots / m->batch + 1;
}

static int make_ring(struct maar__mring *m)
{
	int rc;

	if (!m->given_rest) {
		m->shared = maar_batch_ring_create(maar__mring_ring_capacity(m), m->batch, 0);
		return m->shared ? 0 : -errno;
	}
	rc = maar_batch_ring_init(m->given_rest, m->given_rest_bytes, maar__mring_ring_capacity(m), m->batch, 0);
	if (rc == 0)
		m->shared = m->given_rest;
	return rc;
}

static int make_lanes(struct maar__mring *m)
{
	int rc;

	if (m->single) {
		m->common = m->given_rest ? memset(m->given_rest, 0, m->given_rest_bytes)
					  : maar__map(maar__mring_single_bytes(m));
		if (!m->common)
			return -errno;
		m->common->limit = m->lane_slots;
		return 0;
	}
	rc = make_ring(m);
	if (rc)
		return rc;
	if (!m->lane_slots)
		return 0;
	m->common = maar__lane_new(m);
	m->spare = maar__lane_new(m);
	if (!m->common || !m->spare)
		return -ENOMEM;
	m->common->in_thread = 1; /* of whoever has common_lock */
	m->common->next = m->spare;
	m->set.lanes = m->common;
	return 0;
}

/* Frees whatever there is of an mring, in any state of construction; the registry knows nothing of it any more. */
static void take_down(struct maar__mring *m)
{
	maar__track_destroy(m);
	if (m->single) {
		if (!m->given_rest)
			maar__unmap(m->common, maar__mring_single_bytes(m));
	} else if (!m->set.lanes) {
		maar__free(m->common);
		maar__free(m->spare);
	}
	while (m->set.lanes) {
		struct maar__lane *lane = m->set.lanes;

		m->set.lanes = lane->next;
		maar__free(lane);
	}
	maar_batch_ring_destroy(m->shared);
	maar__slab_release(m);
#ifdef MAAR_DEBUG
	maar__unmap(m->owners, m->owners_bytes);
#endif
	m->front.magic = 0;
	if (!m->given_slab)
		maar__free(m);
}

static size_t align_of(const struct maar_mring_options *o)
{
	return o->align > LEAST_ALIGN ? o->align : LEAST_ALIGN;
}

int maar__mring_plan(struct maar__mring *m, size_t slots, size_t slot_bytes, const struct maar_mring_options *o)
{
	size_t stride;
	int rc = check_options(o);
	unsigned tracking;

	if (rc == 0 && (slots == 0 || slot_bytes == 0))
		rc = -EINVAL;
	if (rc == 0 && (slots > MAAR_MRING_MAX_SLOTS || slot_bytes > MAAR_MRING_MAX_SLOT_BYTES))
		rc = -EOVERFLOW;
	if (rc)
		return rc;
	tracking = maar__track_wanted(o->track, &rc);
	if (rc)
		return rc;
	if (!maar__round_up(maar__track_slot_bytes(tracking, slot_bytes), align_of(o), &stride))
		return -EOVERFLOW;
	m->front.stride = stride;
	m->front.slots = (uint32_t)slots;
	choose_lanes(m, slots, o);
	return 0;
}

/* The parts of an mring that has its memory for slots. */
static int build_parts(struct maar__mring *m, size_t slots, size_t slot_bytes, const struct maar_mring_options *o)
{
	int rc;
	const unsigned tracking = maar__track_wanted(o->track, &rc);

	choose_soft(m, o);
	choose_lanes(m, slots, o);
	if (rc == 0)
		rc = map_owners(m);
	if (rc == 0)
		rc = make_lanes(m);
	if (rc == 0)
		rc = maar__mring_begin_with(m, slots);
	if (rc == 0)
		rc = maar__lock_init(&m->set.lock);
	if (rc == 0)
		rc = maar__lock_init(&m->common_lock);
	if (rc == 0)
		rc = maar__track_create(m, tracking, slot_bytes);
	return rc;
}

static int build(struct maar__mring *m, size_t slots, size_t slot_bytes, const struct maar_mring_options *o)
{
	const size_t most = choose_most(slots, (size_t)m->front.stride, o);
	int rc;

	if (most > MAAR_MRING_MAX_SLOTS)
		return -EOVERFLOW;
	if (!most)
		return -EINVAL;
	rc = maar__slab_reserve(m, most, align_of(o), o);
	if (rc == 0)
		rc = build_parts(m, slots, slot_bytes, o);
	if (rc)
		return rc;
	m->front.magic = MAAR__MRING_MAGIC;
	m->idle_ms = o->idle_ms;
	rc = maar__registry_add(m);
	if (rc == 0 && m->idle_ms) {
		rc = maar__keeper_add(m);
		if (rc)
			maar__registry_remove(m);
	}
	return rc;
}

int maar__mring_build(struct maar__mring *m, size_t slots, size_t slot_bytes, const struct maar_mring_options *o)
{
	const int rc = build(m, slots, slot_bytes, o);

	if (rc)
		take_down(m);
	else if (m->tell)
		maar__mring_tell(m);
	return rc;
}

struct maar_mring *maar_mring_create(size_t slots, size_t slot_bytes, const struct maar_mring_options *options)
{
	static const struct maar_mring_options defaults;
	const struct maar_mring_options *o = options ? options : &defaults;
	struct maar__mring *m, planned = { .batch = 0 };
	int rc = maar__mring_plan(&planned, slots, slot_bytes, o);

	if (rc == 0) {
		m = maar__alloc(sizeof(*m));
		if (!m)
			return NULL;
		m->front.stride = planned.front.stride;
		rc = maar__mring_build(m, slots, slot_bytes, o);
	}
	if (rc) {
		errno = -rc;
		return NULL;
	}
	return &m->front;
}

int maar_mring_destroy(struct maar_mring *mring)
{
	struct maar__mring *m = maar__mring_of(mring);
	struct maar_mring_stats stats;

	if (!mring)
		return 0;
	MAAR_DEBUG_CHECK(mring->magic == MAAR__MRING_MAGIC, "not an mring, or one destroyed before");
	if (maar_mring_stats(mring, &stats))
		return -EINVAL;
	if (stats.in_use) {
		if (m->tracking & MAAR_TRACK_AT_DESTROY)
			maar__report_at_destroy(m);
		return -EBUSY;
	}
	if (m->idle_ms)
		maar__keeper_remove(m);
	maar__registry_remove(m);
	pthread_mutex_destroy(&m->set.lock);
	pthread_mutex_destroy(&m->common_lock);
	take_down(m);
	return 0;
}

int maar_mring_stats(const struct maar_mring *mring, struct maar_mring_stats *stats)
{
	struct maar__mring *m = maar__mring_of(mring);
	const struct maar__lane *lane;
	uint64_t in_shared;

	if (!mring || !stats || mring->magic != MAAR__MRING_MAGIC)
		return -EINVAL;
	memset(stats, 0, sizeof(*stats));
	stats->max_slots = mring->slots;
	stats->slab_slots = m->slab_slots;
	stats->lane_slots = m->single ? 0 : m->lane_slots;
	stats->batch = m->batch;
	stats->pages = m->pages;
	pthread_mutex_lock(&m->set.lock);
	stats->slots = m->slots_now;
	stats->grown = m->grown;
	stats->shrunk = m->shrunk;
	if (m->single)
		stats->in_lanes = maar_a_load(&m->common->n, RELAXED);
	for (lane = m->set.lanes; lane; lane = lane->next) {
		stats->in_lanes += maar_a_load(&lane->n, RELAXED);
		stats->lanes += lane != m->common && lane != m->spare;
	}
	in_shared = (m->shared ? maar_batch_ring_handles(m->shared) : 0) +
		    maar__fresh_left(maar_a_load(&m->fresh, RELAXED));
	pthread_mutex_unlock(&m->set.lock);
	/* While others work the parts were read at different moments: keep every number within its bounds. */
	stats->in_shared = in_shared > stats->slots ? stats->slots : (uint32_t)in_shared;
	if (stats->in_lanes > stats->slots - stats->in_shared)
		stats->in_lanes = stats->slots - stats->in_shared;
	stats->in_use = stats->slots - stats->in_shared - stats->in_lanes;
	stats->high_water = maar_a_load(&m->high_water, RELAXED);
	return 0;
}

size_t maar_mring_lanes(const struct maar_mring *mring, struct maar_mring_lane_stats *lanes, size_t n)
{
	struct maar__mring *m = maar__mring_of(mring);
	const struct maar__lane *lane;
	size_t i = 0;

	if (!mring || mring->magic != MAAR__MRING_MAGIC)
		return 0;
	pthread_mutex_lock(&m->set.lock);
	for (lane = m->set.lanes; lane; lane = lane->next) {
		if (lane == m->common || lane == m->spare)
			continue;
		if (lanes && i < n) {
			memset(&lanes[i], 0, sizeof(lanes[i]));
			lanes[i].cached = maar_a_load(&lane->n, RELAXED);
			lanes[i].in_thread = lane->in_thread;
			lanes[i].fetched = maar_a_load(&lane->fetched, RELAXED);
			lanes[i].handed = maar_a_load(&lane->handed, RELAXED);
			lanes[i].robbed = lane->robbed;
		}
		i++;
	}
	pthread_mutex_unlock(&m->set.lock);
	return i;
}

static const char *pages_text(uint32_t pages)
{
	static const char *const text[] = { [MAAR_MRING_PAGES] = "pages of the usual size",
					    [MAAR_MRING_PAGES_ADVISED] = "huge pages as the system likes",
					    [MAAR_MRING_PAGES_HUGE] = "huge pages set aside",
					    [MAAR_MRING_PAGES_GIVEN] = "the caller's memory" };

	return text[pages];
}

int maar_mring_dump(const struct maar_mring *mring, FILE *to)
{
	const struct maar__mring *m = maar__mring_of(mring);
	struct maar_mring_stats s;

	if (!to || maar_mring_stats(mring, &s))
		return -EINVAL;
	fprintf(to, "mring %p: %" PRIu32 " slots of %" PRIu64 " bytes\n", (const void *)mring, s.slots, mring->stride);
	fprintf(to, "  at most %" PRIu32 ", %" PRIu32 " a slab, %" PRIu64 " slabs added, %" PRIu64 " given back\n",
		s.max_slots, s.slab_slots, s.grown, s.shrunk);
	fprintf(to,
		"  in use %" PRIu32 ", free %" PRIu32 " (shared %" PRIu32 ", in lanes %" PRIu32 "), high water %" PRIu32
		"\n",
		s.in_use, s.in_shared + s.in_lanes, s.in_shared, s.in_lanes, s.high_water);
	fprintf(to, "  never used %" PRIu32 ", lanes %" PRIu32 " of %" PRIu32 " slots, batches of %" PRIu32 "\n",
		maar__fresh_left(maar_a_load(&m->fresh, RELAXED)), s.lanes, s.lane_slots, s.batch);
	fprintf(to, "  in %s\n", pages_text(s.pages));
	return ferror(to) ? -EIO : 0;
}
