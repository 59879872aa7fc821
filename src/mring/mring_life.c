/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The life of an mring: create, destroy, statistics, dump.
 */
#include "mring_priv.h"

#include <errno.h>
#include <inttypes.h>

#define LEAST_ALIGN MAAR_CACHE_LINE /* two slots on one line would make their users fight for it */
#define MOST_ALIGN  ((size_t)1 << 20)

/* Below this many slots lanes would hold so few that batches moved all the time: no lanes unless asked for. */
#define LEAST_SLOTS_FOR_LANES 128

/* By default a lane holds at most 1/32 of the slots, so that few have to be taken out of others' lanes. */
#define DEFAULT_LANE_SHARE 32

static int check_options(const struct maar_mring_options *o)
{
	size_t i;

	if (o->align && (!maar__is_pow2(o->align) || o->align > MOST_ALIGN))
		return -EINVAL;
	if (o->lane_slots && (o->lane_slots < 2 || o->lane_slots > 2 * MAAR_MRING_BATCH || o->no_lanes))
		return -EINVAL;
	if (o->no_lanes > 1)
		return -EINVAL;
	for (i = 0; i < sizeof(o->reserved) / sizeof(o->reserved[0]); i++)
		if (o->reserved[i])
			return -EINVAL;
	return 0;
}

static void choose_lanes(struct maar__mring *m, const struct maar_mring_options *o)
{
	uint32_t lane = o->lane_slots;

	if (!lane && !o->no_lanes && m->front.slots >= LEAST_SLOTS_FOR_LANES)
		lane = m->front.slots / DEFAULT_LANE_SHARE;
	if (lane > 2 * MAAR_MRING_BATCH)
		lane = 2 * MAAR_MRING_BATCH;
	m->batch = lane ? lane / 2 : 1;
	m->lane_slots = lane ? 2 * m->batch : 0;
}

/* Modulo 2^64, of an odd number: Newton's iteration, which doubles the bits that are right, five at first. */
static uint64_t inverse_of(uint64_t odd)
{
	uint64_t x = 3 * odd ^ 2;
	int bits;

	for (bits = 5; bits < 64; bits *= 2)
		x *= 2 - odd * x;
	return x;
}

static int map_slab(struct maar__mring *m, size_t slots, size_t slot_bytes, size_t align)
{
	size_t stride, bytes, skew;

	if (!maar__round_up(slot_bytes, align, &stride) || !maar__mul(slots, stride, &bytes) ||
	    !maar__add(bytes, align, &m->mapping_bytes) || m->mapping_bytes > PTRDIFF_MAX)
		return -EOVERFLOW;
	m->mapping = maar__map(m->mapping_bytes);
	if (!m->mapping)
		return -errno;
	skew = (align - (uintptr_t)m->mapping % align) % align;
	m->front.slab = (unsigned char *)m->mapping + skew;
	m->front.stride = stride;
	m->front.shift = (uint32_t)__builtin_ctzll(stride);
	m->front.inverse = inverse_of(stride >> m->front.shift);
	m->front.slots = (uint32_t)slots;
	return 0;
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

/* Frees whatever there is of an mring, in any state of construction; the registry knows nothing of it any more. */
static void take_down(struct maar__mring *m)
{
	while (m->lanes) {
		struct maar__lane *lane = m->lanes;

		m->lanes = lane->next;
		maar__free(lane);
	}
	maar_batch_ring_destroy(m->shared);
	maar__unmap(m->mapping, m->mapping_bytes);
#ifdef MAAR_DEBUG
	maar__unmap(m->owners, m->owners_bytes);
#endif
	m->front.magic = 0;
	maar__free(m);
}

static int build(struct maar__mring *m, size_t slots, size_t slot_bytes, const struct maar_mring_options *o)
{
	int rc = map_slab(m, slots, slot_bytes, o->align > LEAST_ALIGN ? o->align : LEAST_ALIGN);

	if (rc)
		return rc;
	choose_lanes(m, o);
	m->light = m->lane_slots && maar__membarrier_register();
	rc = map_owners(m);
	if (rc)
		return rc;
	m->shared = maar_batch_ring_create(slots / m->batch + 1, m->batch, MAAR_BATCH_RING_TICKET);
	if (!m->shared)
		return -errno;
	if (m->lane_slots) {
		m->common = maar__lane_new(m);
		if (!m->common)
			return -ENOMEM;
		m->common->in_thread = 1; /* of whoever has common_lock */
		m->lanes = m->common;
	}
	rc = maar__lock_init(&m->lock);
	if (rc)
		return rc;
	rc = maar__lock_init(&m->common_lock);
	if (rc)
		return rc;
	m->front.magic = MAAR__MRING_MAGIC;
	return maar__registry_add(m);
}

struct maar_mring *maar_mring_create(size_t slots, size_t slot_bytes, const struct maar_mring_options *options)
{
	static const struct maar_mring_options defaults;
	const struct maar_mring_options *o = options ? options : &defaults;
	struct maar__mring *m;
	int rc = check_options(o);

	if (rc == 0 && (slots == 0 || slot_bytes == 0))
		rc = -EINVAL;
	if (rc == 0 && (slots > MAAR_MRING_MAX_SLOTS || slot_bytes > MAAR_MRING_MAX_SLOT_BYTES))
		rc = -EOVERFLOW;
	if (rc) {
		errno = -rc;
		return NULL;
	}
	m = maar__alloc(sizeof(*m));
	if (!m)
		return NULL;
	rc = build(m, slots, slot_bytes, o);
	if (rc) {
		take_down(m);
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
	if (stats.in_use)
		return -EBUSY;
	maar__registry_remove(m);
	pthread_mutex_destroy(&m->lock);
	pthread_mutex_destroy(&m->common_lock);
	take_down(m);
	return 0;
}

int maar_mring_stats(const struct maar_mring *mring, struct maar_mring_stats *stats)
{
	struct maar__mring *m = maar__mring_of(mring);
	const struct maar__lane *lane;
	uint32_t fresh, used_once_free;
	uint64_t in_shared;

	if (!mring || !stats || mring->magic != MAAR__MRING_MAGIC)
		return -EINVAL;
	memset(stats, 0, sizeof(*stats));
	stats->slots = mring->slots;
	stats->lane_slots = m->lane_slots;
	stats->batch = m->batch;
	pthread_mutex_lock(&m->lock);
	for (lane = m->lanes; lane; lane = lane->next) {
		stats->in_lanes += maar_a_load(&lane->n, RELAXED);
		stats->lanes += lane != m->common;
	}
	used_once_free = (uint32_t)maar__batch_estimate(m->shared) * m->batch;
	fresh = maar_a_load(&m->fresh, RELAXED);
	pthread_mutex_unlock(&m->lock);
	/* While others work the parts were read at different moments: keep every number within its bounds. */
	in_shared = (uint64_t)used_once_free + (mring->slots - fresh);
	stats->in_shared = in_shared > mring->slots ? mring->slots : (uint32_t)in_shared;
	if (stats->in_lanes > mring->slots - stats->in_shared)
		stats->in_lanes = mring->slots - stats->in_shared;
	stats->in_use = mring->slots - stats->in_shared - stats->in_lanes;
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
	pthread_mutex_lock(&m->lock);
	for (lane = m->lanes; lane; lane = lane->next) {
		if (lane == m->common)
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
	pthread_mutex_unlock(&m->lock);
	return i;
}

int maar_mring_dump(const struct maar_mring *mring, FILE *to)
{
	const struct maar__mring *m = maar__mring_of(mring);
	struct maar_mring_stats s;

	if (!to || maar_mring_stats(mring, &s))
		return -EINVAL;
	fprintf(to, "mring %p: %" PRIu32 " slots of %" PRIu64 " bytes\n", (const void *)mring, s.slots, mring->stride);
	fprintf(to,
		"  in use %" PRIu32 ", free %" PRIu32 " (shared %" PRIu32 ", in lanes %" PRIu32 "), high water %" PRIu32
		"\n",
		s.in_use, s.in_shared + s.in_lanes, s.in_shared, s.in_lanes, s.high_water);
	fprintf(to, "  never used %" PRIu32 ", lanes %" PRIu32 " of %" PRIu32 " slots, batches of %" PRIu32 "\n",
		s.slots - maar_a_load(&m->fresh, RELAXED), s.lanes, s.lane_slots, s.batch);
	return ferror(to) ? -EIO : 0;
}
