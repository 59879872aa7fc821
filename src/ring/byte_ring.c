/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The life of a byte ring, its moves from and to descriptors, and what looks at it at rest. The other moves are in
 * <maar/bits/byte_ring_impl.h>.
 */
#include "byte_ring_priv.h"

#include "../base/life.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>

/*
 * The data of a ring that is asked for: the capacity rounded up to a power of two, and to a page if mirrored. 0 if it,
 * or the memory around it, is too large.
 */
static size_t data_bytes(uint64_t capacity, bool mirrored)
{
	const uint64_t page = mirrored ? maar__page() : 1;
	size_t bytes;

	if (capacity == 0 || capacity > MAAR_BYTE_RING_MAX_CAPACITY)
		return 0;
	capacity = maar__pow2_at_least(capacity < page ? page : capacity);
	if (capacity != (size_t)capacity || !maar__mul((size_t)capacity, mirrored ? 2 : 1, &bytes) ||
	    !maar__add(bytes, mirrored ? (size_t)page : sizeof(struct maar_byte_ring), &bytes))
		return 0;
	return (size_t)capacity;
}

size_t maar_byte_ring_bytes(size_t capacity)
{
	const size_t data = data_bytes(capacity, false);

	return data ? data + sizeof(struct maar_byte_ring) : 0;
}

static int check_request(size_t capacity, unsigned flags, unsigned known_flags)
{
	if (capacity == 0 || (flags & ~known_flags))
		return -EINVAL;
	return data_bytes(capacity, flags & MAAR_BYTE_RING_MIRROR) ? 0 : -EOVERFLOW;
}

void maar__byte_ring_start_at(struct maar_byte_ring *ring, uint64_t position)
{
	maar_a_store(&ring->tail, position, RELAXED);
	maar_a_store(&ring->head, position, RELAXED);
	ring->head_seen = position;
	ring->tail_seen = position;
	ring->offered = 0;
}

/* In memory whose first lines are zero. */
static void set_up(struct maar_byte_ring *ring, size_t capacity, unsigned flags)
{
	const bool mirrored = flags & MAAR_BYTE_RING_MIRROR;

	ring->layout = MAAR_BYTE_RING_LAYOUT;
	ring->flags = flags;
	ring->capacity = data_bytes(capacity, mirrored);
	ring->mask = ring->capacity - 1;
	ring->data_at = mirrored ? maar__page() : sizeof(*ring);
	ring->reach = mirrored ? 2 * ring->capacity : ring->capacity;
	ring->magic = MAAR__BYTE_RING_MAGIC;
}

int maar_byte_ring_init_layout(void *mem, size_t bytes, size_t capacity, unsigned flags, unsigned layout)
{
	int rc = layout == MAAR_BYTE_RING_LAYOUT ? check_request(capacity, flags, 0) : -EPROTO;

	if (!rc)
		rc = maar__unfit(mem, bytes, maar_byte_ring_bytes(capacity));
	if (rc)
		return rc;
	memset(mem, 0, sizeof(struct maar_byte_ring));
	set_up(mem, capacity, flags);
	return 0;
}

struct maar_byte_ring *maar_byte_ring_create(size_t capacity, unsigned flags)
{
	const int rc = check_request(capacity, flags, MAAR_BYTE_RING_MIRROR);
	struct maar_byte_ring *ring;

	if (maar__refused(rc))
		return NULL;
	if (flags & MAAR_BYTE_RING_MIRROR)
		ring = maar__map_mirrored(maar__page(), data_bytes(capacity, true));
	else
		ring = maar__map(maar_byte_ring_bytes(capacity));
	if (!ring)
		return NULL;
	set_up(ring, capacity, flags);
	ring->owns = maar__owner(ring);
	return ring;
}

void maar_byte_ring_destroy(struct maar_byte_ring *ring)
{
	if (!ring)
		return;
	MAAR_DEBUG_CHECK(ring->magic == MAAR__BYTE_RING_MAGIC, "not a byte ring, or one destroyed before");
	if (ring->magic != MAAR__BYTE_RING_MAGIC)
		return;
	if (ring->owns ==
	    maar__owner(ring)) /* a process on the other side of a fork may have it too: nothing is written */
		maar__unmap(ring, (size_t)(ring->data_at + ring->reach));
	else
		ring->magic = 0;
}

void maar_byte_ring_reset(struct maar_byte_ring *ring)
{
	if (!maar__byte_ring_is_null(ring))
		maar__byte_ring_start_at(ring, 0);
}

size_t maar_byte_ring_drain(struct maar_byte_ring *ring)
{
	return maar_byte_ring_skip(ring, SIZE_MAX);
}

/* ---- descriptors ---- */

ssize_t maar_byte_ring_read_from(struct maar_byte_ring *ring, int fd, size_t most)
{
	const int kept = errno;
	struct iovec spans[2];
	ssize_t moved;

	if (most == 0)
		return -EINVAL;
	if (maar_byte_ring_write_spans(ring, spans, most < SSIZE_MAX ? most : SSIZE_MAX) == 0)
		return -ENOBUFS;
	moved = readv(fd, spans, spans[1].iov_len ? 2 : 1);
	if (moved < 0) {
		moved = -errno;
		errno = kept;
	} else {
		maar_byte_ring_commit(ring, (size_t)moved);
	}
	ring->offered = 0;
	return moved;
}

ssize_t maar_byte_ring_write_to(struct maar_byte_ring *ring, int fd, size_t most)
{
	const int kept = errno;
	struct iovec spans[2];
	ssize_t moved;

	if (maar_byte_ring_read_spans(ring, spans, most < SSIZE_MAX ? most : SSIZE_MAX) == 0)
		return 0;
	moved = writev(fd, spans, spans[1].iov_len ? 2 : 1);
	if (moved < 0) {
		moved = -errno;
		errno = kept;
	} else {
		maar_byte_ring_skip(ring, (size_t)moved);
	}
	return moved;
}

/* ---- at rest ---- */

static bool sound_shape(const struct maar_byte_ring *ring)
{
	const bool mirrored = ring->flags & MAAR_BYTE_RING_MIRROR;

	if ((ring->flags & ~(unsigned)MAAR_BYTE_RING_MIRROR) || (mirrored && !ring->owns))
		return false;
	if (!maar__is_pow2(ring->capacity) || ring->capacity > MAAR_BYTE_RING_MAX_CAPACITY ||
	    ring->mask != ring->capacity - 1)
		return false;
	return ring->reach == (mirrored ? 2 * ring->capacity : ring->capacity) &&
	       ring->data_at == (mirrored ? maar__page() : sizeof(*ring));
}

int maar_byte_ring_check(const struct maar_byte_ring *ring)
{
	uint64_t head, tail, used;

	if (!ring || ring->magic != MAAR__BYTE_RING_MAGIC)
		return -EINVAL;
	if (ring->layout != MAAR_BYTE_RING_LAYOUT)
		return -EPROTO;
	head = maar_a_load(&ring->head, RELAXED); /* at rest: whatever made it rest has ordered these */
	tail = maar_a_load(&ring->tail, RELAXED);
	used = tail - head;
	if (!sound_shape(ring) || used > ring->capacity)
		return -EBADMSG;
	/* What a side remembers is old, never new; and not so old that it could not have let its own side come here. */
	if (head - ring->head_seen > ring->capacity - used || ring->tail_seen - head > used)
		return -EBADMSG;
	return ring->offered > ring->capacity - (tail - ring->head_seen) ? -EBADMSG : 0;
}

int maar_byte_ring_dump(const struct maar_byte_ring *ring, FILE *to)
{
	uint64_t head, tail;
	size_t count;

	if (!ring || !to || ring->magic != MAAR__BYTE_RING_MAGIC)
		return -EINVAL;
	count = maar_byte_ring_count(ring);
	head = maar_a_load(&ring->head, RELAXED); /* a dump relies on nothing it reads */
	tail = maar_a_load(&ring->tail, RELAXED);
	fprintf(to, "byte ring %p: one producer, one consumer%s\n", (const void *)ring,
		ring->flags & MAAR_BYTE_RING_MIRROR ? ", mirrored" : "");
	fprintf(to, "  capacity %" PRIu64 ", count %zu, free %" PRIu64 "\n", ring->capacity, count,
		ring->capacity - count);
	fprintf(to, "  head %" PRIu64 ", tail %" PRIu64 "\n", head, tail);
	return ferror(to) ? -EIO : 0;
}
