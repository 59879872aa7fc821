/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The life of a batch ring: size, init, create, destroy; and who looks at it as a whole: dump, check.
 */
#include "batch_ring_priv.h"

#include "../base/life.h"

#include <inttypes.h>

#define KNOWN_FLAGS ((unsigned)MAAR_BATCH_RING_TICKET)

/* Batches that a dump shows: a screenful. */
#define DUMP_BATCHES 16

/* ---- life cycle ---- */

struct measures {
	uint64_t capacity; /* a power of two */
	size_t stride;	   /* of a block, or of a cell with its handles */
	size_t blocks;	   /* bytes to the first */
	size_t bytes;	   /* in all; 0 if it cannot be */
};

static struct measures measure(size_t asked, size_t batch, bool ticket)
{
	struct measures m = { 0, 0, sizeof(struct maar_batch_ring), 0 };
	const size_t handles = (batch + batch % 2) * sizeof(uint32_t);
	size_t number, cells = 0;

	if ((uint64_t)asked > MAAR_BATCH_RING_MAX_CAPACITY || batch > MAAR_BATCH_RING_MAX_BATCH)
		return m;
	m.capacity = maar__pow2_at_least(asked);
	m.stride = handles + (ticket ? MAAR__BATCH_CELL_HEAD : 0);
	(void)maar__round_up(m.stride, MAAR_CACHE_LINE, &m.stride); /* at most a page */
	if (m.capacity > SIZE_MAX - MAAR_BATCH_RING_SPARES)
		return m;
	number = (size_t)m.capacity + (ticket ? 0 : MAAR_BATCH_RING_SPARES);
	if (ticket)
		m.blocks += MAAR__BATCH_CELL_HEAD;
	else if (!maar__mul((size_t)m.capacity, MAAR_CACHE_LINE, &cells) ||
		 !maar__round_up(cells, MAAR_APART, &cells) || !maar__add(cells, MAAR__BATCH_SPARE_BYTES, &cells) ||
		 !maar__add(m.blocks, cells, &m.blocks))
		return m;
	if (!maar__mul(number, m.stride, &m.bytes) || !maar__add(m.bytes, m.blocks, &m.bytes))
		m.bytes = 0;
	else if (ticket)
		m.bytes -= MAAR__BATCH_CELL_HEAD;
	return m;
}

static int check_request(size_t capacity, size_t batch, unsigned flags, unsigned layout)
{
	if (layout != MAAR_BATCH_RING_LAYOUT)
		return -EPROTO;
	if (capacity == 0 || batch == 0 || (flags & ~KNOWN_FLAGS))
		return -EINVAL;
	return measure(capacity, batch, flags & MAAR_BATCH_RING_TICKET).bytes ? 0 : -EOVERFLOW;
}

size_t maar_batch_ring_bytes(size_t capacity, size_t batch, unsigned flags)
{
	if (check_request(capacity, batch, flags, MAAR_BATCH_RING_LAYOUT))
		return 0;
	return measure(capacity, batch, flags & MAAR_BATCH_RING_TICKET).bytes;
}

/* In zeroed memory, which is an empty ring already but for its first line. */
static void set_up(struct maar_batch_ring *ring, const struct measures *m, size_t batch, unsigned flags)
{
	ring->layout = MAAR_BATCH_RING_LAYOUT;
	ring->flags = flags;
	ring->capacity = m->capacity;
	ring->mask = (m->capacity << MAAR__BATCH_SHIFT) - 1;
	ring->stride = m->stride;
	ring->blocks = m->blocks;
	ring->batch = (uint32_t)batch;
	ring->magic = MAAR__BATCH_MAGIC;
}

void maar__batch_ring_set_up(struct maar_batch_ring *ring, size_t capacity, size_t batch, unsigned flags)
{
	const struct measures m = measure(capacity, batch, flags & MAAR_BATCH_RING_TICKET);

	set_up(ring, &m, batch, flags);
}

int maar_batch_ring_init_layout(void *mem, size_t bytes, size_t capacity, size_t batch, unsigned flags, unsigned layout)
{
	const struct measures m = measure(capacity, batch, flags & MAAR_BATCH_RING_TICKET);
	int rc = check_request(capacity, batch, flags, layout);

	if (!rc)
		rc = maar__unfit(mem, bytes, m.bytes);
	if (rc)
		return rc;
	memset(mem, 0, m.bytes);
	set_up(mem, &m, batch, flags);
	return 0;
}

struct maar_batch_ring *maar_batch_ring_create(size_t capacity, size_t batch, unsigned flags)
{
	const int rc = check_request(capacity, batch, flags, MAAR_BATCH_RING_LAYOUT);
	const struct measures m = measure(capacity, batch, flags & MAAR_BATCH_RING_TICKET);
	struct maar_batch_ring *ring = maar__refused(rc) ? NULL : maar__map(m.bytes);

	if (!ring)
		return NULL;
	set_up(ring, &m, batch, flags);
	ring->owns = maar__owner(ring);
	return ring;
}

void maar_batch_ring_destroy_each(struct maar_batch_ring *ring, maar_batch_ring_handle_fn *each, void *arg)
{
	if (!ring)
		return;
	MAAR_DEBUG_CHECK(ring->magic == MAAR__BATCH_MAGIC, "not a batch ring, or one destroyed before");
	if (ring->magic != MAAR__BATCH_MAGIC)
		return;
	if (each)
		maar_batch_ring_drain(ring, each, arg);
	ring->magic = 0;
	if (ring->owns == maar__owner(ring))
		maar__unmap(ring, maar_batch_ring_bytes((size_t)ring->capacity, ring->batch, ring->flags));
}

void maar_batch_ring_destroy(struct maar_batch_ring *ring)
{
	maar_batch_ring_destroy_each(ring, NULL, NULL);
}

/* ---- alone with the ring ---- */

static struct maar__batch_view view(const struct maar_batch_ring *ring)
{
	return maar__batch_view(ring, ring->flags & MAAR_BATCH_RING_TICKET);
}

void maar__batch_ring_start_at(struct maar_batch_ring *ring, uint64_t position)
{
	const struct maar__batch_view v = view(ring);
	uint64_t i;

	position <<= MAAR__BATCH_SHIFT;
	for (i = 0; i < ring->capacity; i++) {
		const uint64_t at = position + (i << MAAR__BATCH_SHIFT);

		maar_a_store(maar__batch_cell(v, at), maar__batch_lap(v, at) - v.mask - 1, RELAXED);
	}
	for (i = 0; !v.ticket && i < MAAR_BATCH_RING_SPARES; i++)
		maar_a_store(&maar__batch_spare(ring, i)->word, 0, RELAXED);
	maar_a_store(&ring->tail, position, RELAXED);
	maar_a_store(&ring->head_seen, position, RELAXED);
	maar_a_store(&ring->head, position, RELAXED);
}

/* Spares that are in nobody's hand. */
static unsigned spares(const struct maar_batch_ring *ring)
{
	unsigned n = 0, i;

	for (i = 0; i < MAAR_BATCH_RING_SPARES; i++)
		n += !(maar_a_load(&maar__batch_spare(ring, i)->word, RELAXED) & MAAR__BATCH_IN_HAND);
	return n;
}

int maar_batch_ring_dump(const struct maar_batch_ring *ring, FILE *to)
{
	struct maar__batch_view v;
	uint64_t head, position;
	size_t count, shown;

	if (!ring || !to || ring->magic != MAAR__BATCH_MAGIC)
		return -EINVAL;
	v = view(ring);
	count = maar_batch_ring_count(ring);
	head = maar_a_load(&ring->head, RELAXED);
	fprintf(to, "batch ring %p: %s, capacity %" PRIu64 " batches of %" PRIu32 " handles\n", (const void *)ring,
		v.ticket ? "ticket" : "lock-free", ring->capacity, ring->batch);
	fprintf(to,
		"  count %zu, handles %zu; next to take %" PRIu64 " (%u handles of it taken), to fill %" PRIu64 "\n",
		count, maar_batch_ring_handles(ring), head >> MAAR__BATCH_SHIFT, (unsigned)(head % MAAR__BATCH_UNITS),
		maar_a_load(&ring->tail, RELAXED) >> MAAR__BATCH_SHIFT);
	if (!v.ticket)
		fprintf(to, "  spares %u of %d\n", spares(ring), MAAR_BATCH_RING_SPARES);
	position = head - head % MAAR__BATCH_UNITS;
	for (shown = 0; shown < count && shown < DUMP_BATCHES; shown++, position += MAAR__BATCH_UNITS) {
		const uint64_t stamp = maar_a_load(maar__batch_cell(v, position), RELAXED);
		const uint64_t *words = maar__batch_words(v, maar__batch_block(v, position, stamp));
		uint32_t first;

		if (maar__batch_ahead(v, position, stamp)) {
			fprintf(to, "  [%" PRIu64 "] (not filled)\n", position >> MAAR__BATCH_SHIFT);
			continue;
		}
		maar__batch_copy(&first, words, 0, 1);
		fprintf(to, "  [%" PRIu64 "] %" PRIu32 " handles: 0x%08" PRIx32 " ...\n", position >> MAAR__BATCH_SHIFT,
			maar__batch_size(stamp), first);
	}
	if (count > shown)
		fprintf(to, "  ... and %zu more\n", count - shown);
	return ferror(to) ? -EIO : 0;
}

/* ---- validation ---- */

static bool geometry_is_whole(const struct maar_batch_ring *ring)
{
	struct measures m;

	if (check_request((size_t)ring->capacity, ring->batch, ring->flags, ring->layout))
		return false;
	m = measure((size_t)ring->capacity, ring->batch, ring->flags & MAAR_BATCH_RING_TICKET);
	return m.capacity == ring->capacity && ring->mask == (m.capacity << MAAR__BATCH_SHIFT) - 1 &&
	       ring->stride == m.stride && ring->blocks == m.blocks;
}

/* Marks a block as found; false if there is no such block, or it was found before. */
static bool find(unsigned char *found, uint64_t blocks, uint64_t block)
{
	if (block >= blocks || (found[block / 8] >> block % 8 & 1))
		return false;
	found[block / 8] = (unsigned char)(found[block / 8] | 1u << block % 8);
	return true;
}

/* Cells from the next to take on: filled up to the tail, then vacant, each for its own position. 0 or an error. */
static int check_cells(struct maar__batch_view v, uint64_t head, uint64_t tail, unsigned char *found)
{
	const struct maar_batch_ring *ring = v.ring;
	const uint64_t taken = head % MAAR__BATCH_UNITS;
	uint64_t i, at = head - taken;
	bool claimed = false;

	for (i = 0; i < ring->capacity; i++, at += MAAR__BATCH_UNITS) {
		const uint64_t stamp = maar_a_load(maar__batch_cell(v, at), RELAXED);
		const int64_t ahead = maar__batch_ahead(v, at, stamp);
		const bool filled = (int64_t)(tail - at) > 0;

		if (ahead == 0 && maar__batch_size(stamp) > ring->batch)
			return -EBADMSG;
		if (i == 0 && taken && (ahead != 0 || taken >= maar__batch_size(stamp)))
			return -EBADMSG;
		if (v.ticket ? (stamp & v.mask) >> MAAR__BATCH_SIZE_BITS != 0
			     : !find(found, ring->capacity + MAAR_BATCH_RING_SPARES, maar__batch_block(v, at, stamp)))
			return -EBADMSG;
		if (ahead == (filled ? 0 : maar__batch_vacant(v)))
			continue;
		if (!filled || !v.ticket || ahead != maar__batch_vacant(v))
			return -EBADMSG;
		claimed = true;
	}
	return claimed ? -EOWNERDEAD : 0;
}

static int check_spares(const struct maar_batch_ring *ring, unsigned char *found)
{
	bool lost = false;
	uint64_t i;

	for (i = 0; i < MAAR_BATCH_RING_SPARES; i++) {
		const uint64_t word = maar_a_load(&maar__batch_spare(ring, i)->word, RELAXED);
		const uint64_t block = ((word % MAAR__BATCH_VERSION) >> 1) ^ (ring->capacity + i);

		if (word & MAAR__BATCH_IN_HAND)
			lost = true; /* and so is a block, we do not know which */
		else if (!find(found, ring->capacity + MAAR_BATCH_RING_SPARES, block))
			return -EBADMSG;
	}
	return lost ? -EOWNERDEAD : 0;
}

int maar_batch_ring_check(const struct maar_batch_ring *ring)
{
	struct maar__batch_view v;
	unsigned char *found = NULL;
	uint64_t head, tail;
	int rc;

	if (!ring || (uintptr_t)ring % MAAR_APART || ring->magic != MAAR__BATCH_MAGIC)
		return -EINVAL;
	if (!geometry_is_whole(ring))
		return -EBADMSG;
	v = view(ring);
	head = maar_a_load(&ring->head, RELAXED);
	tail = maar_a_load(&ring->tail, RELAXED);
	if (tail % MAAR__BATCH_UNITS)
		return -EBADMSG;
	/* Lock-free the tail may lag: what counts is what is filled. */
	if (!v.ticket)
		tail = head - head % MAAR__BATCH_UNITS + (maar_batch_ring_count(ring) << MAAR__BATCH_SHIFT);
	if (tail - (head - head % MAAR__BATCH_UNITS) > v.mask + 1)
		return -EBADMSG;
	if (!v.ticket) {
		found = maar__alloc((size_t)(ring->capacity + MAAR_BATCH_RING_SPARES + 7) / 8);
		if (!found)
			return -ENOMEM;
	}
	rc = check_cells(v, head, tail, found);
	if (rc == 0 && !v.ticket)
		rc = check_spares(ring, found);
	maar__free(found);
	return rc;
}
