/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The bodies of <maar/byte_ring.h>. A producer asks for room, fills, publishes; a consumer asks what there is, reads,
 * releases. The data is plain memory: the two pairs of positions order it (doc/memory-model.md). What only one side
 * touches (head_seen, offered; tail_seen) is plain too, so that ThreadSanitizer sees two threads on one side.
 */
#ifndef MAAR_BITS_BYTE_RING_IMPL_H
#define MAAR_BITS_BYTE_RING_IMPL_H
#ifndef MAAR_BITS_OK
#error "include a header of <maar/...>, not of <maar/bits/...>"
#endif

#include <string.h>

#define MAAR__BYTE_RING_MAGIC 0x6d627974u /* "mbyt" */

MAAR_STATIC_ASSERT(offsetof(struct maar_byte_ring, tail) == 128, "layout 1");
MAAR_STATIC_ASSERT(offsetof(struct maar_byte_ring, head) == 256, "layout 1");
MAAR_STATIC_ASSERT(sizeof(struct maar_byte_ring) == 384, "layout 1: the data of a plain ring follows at once");

/* One test that predicts perfectly; a NULL ring answers as one that is full and empty. */
MAAR_LOCAL int maar__byte_ring_is_null(const struct maar_byte_ring *r)
{
	MAAR_DEBUG_CHECK_AS("maar_byte_ring", r, "NULL ring");
	return maar_unlikely(!r) ? 1 : 0;
}

MAAR_LOCAL unsigned char *maar__byte_ring_data(const struct maar_byte_ring *r)
{
	return (unsigned char *)((uintptr_t)r + (uintptr_t)r->data_at);
}

/* The producer's: bytes free behind its tail, at most `most`; asks the consumer's line only if it must. */
MAAR_LOCAL size_t maar__byte_ring_room(struct maar_byte_ring *r, uint64_t tail, size_t most)
{
	uint64_t room = r->capacity - (tail - r->head_seen);

	if (room < most) {
		r->head_seen = maar_a_load(&r->head, ACQUIRE); /* A:byte_ring.head */
		room = r->capacity - (tail - r->head_seen);
	}
	return room < most ? (size_t)room : most;
}

/* The consumer's: bytes there behind its head, at most `most`; asks the producer's line only if it must. */
MAAR_LOCAL size_t maar__byte_ring_there(struct maar_byte_ring *r, uint64_t head, size_t most)
{
	uint64_t there = r->tail_seen - head;

	if (there < most) {
		r->tail_seen = maar_a_load(&r->tail, ACQUIRE); /* A:byte_ring.tail */
		there = r->tail_seen - head;
	}
	return there < most ? (size_t)there : most;
}

/* n bytes filled from tail on are the consumer's now. */
MAAR_LOCAL void maar__byte_ring_publish(struct maar_byte_ring *r, uint64_t tail, size_t n)
{
	maar_a_store(&r->tail, tail + n, RELEASE); /* R:byte_ring.tail */
}

/* n bytes read from head on are the producer's again. */
MAAR_LOCAL void maar__byte_ring_release(struct maar_byte_ring *r, uint64_t head, size_t n)
{
	maar_a_store(&r->head, head + n, RELEASE); /* R:byte_ring.head */
}

/*
 * Both copies cut at the end of the data, in a mirrored ring too: so each byte is always touched at one address, and
 * neither the compiler nor ThreadSanitizer can take two addresses of one byte for two bytes.
 */
MAAR_LOCAL void maar__byte_ring_copy_in(struct maar_byte_ring *r, uint64_t tail, const void *bytes, size_t n)
{
	unsigned char *data = maar__byte_ring_data(r);
	const size_t at = (size_t)(tail & r->mask), end = (size_t)r->capacity - at;

	if (maar_likely(n <= end)) {
		maar_n_copy(data + at, bytes, n);
	} else {
		maar_n_copy(data + at, bytes, end);
		maar_n_copy(data, (const unsigned char *)bytes + end, n - end);
	}
}

MAAR_LOCAL void maar__byte_ring_copy_out(const struct maar_byte_ring *r, uint64_t head, void *bytes, size_t n)
{
	const unsigned char *data = maar__byte_ring_data(r);
	const size_t at = (size_t)(head & r->mask), end = (size_t)r->capacity - at;

	if (maar_likely(n <= end)) {
		maar_n_copy(bytes, data + at, n);
	} else {
		maar_n_copy(bytes, data + at, end);
		maar_n_copy((unsigned char *)bytes + end, data, n - end);
	}
}

/* n bytes from a position on as one piece or two; a mirrored ring reaches far enough for one. */
MAAR_LOCAL void maar__byte_ring_show(const struct maar_byte_ring *r, uint64_t position, size_t n, struct iovec spans[2])
{
	unsigned char *data = maar__byte_ring_data(r);
	const size_t at = (size_t)(position & r->mask), end = (size_t)r->reach - at;

	spans[0].iov_base = data + at;
	spans[0].iov_len = n <= end ? n : end;
	spans[1].iov_base = data;
	spans[1].iov_len = n - spans[0].iov_len;
}

#ifdef MAAR__BODIES

/* ---- the producer ---- */

MAAR_INLINE size_t maar_byte_ring_put(struct maar_byte_ring *ring, const void *bytes, size_t n)
{
	uint64_t tail;

	if (maar__byte_ring_is_null(ring))
		return 0;
	tail = maar_a_load(&ring->tail, RELAXED);
	n = maar__byte_ring_room(ring, tail, n);
	if (maar_unlikely(n == 0)) /* a producer that waits must not write to the line that the consumer reads */
		return 0;
	maar__byte_ring_copy_in(ring, tail, bytes, n);
	ring->offered = 0;
	maar__byte_ring_publish(ring, tail, n);
	return n;
}

MAAR_INLINE size_t maar_byte_ring_put_all(struct maar_byte_ring *ring, const void *bytes, size_t n)
{
	uint64_t tail;

	if (maar__byte_ring_is_null(ring))
		return 0;
	tail = maar_a_load(&ring->tail, RELAXED);
	if (maar_unlikely(maar__byte_ring_room(ring, tail, n) < n || n == 0))
		return 0;
	maar__byte_ring_copy_in(ring, tail, bytes, n);
	ring->offered = 0;
	maar__byte_ring_publish(ring, tail, n);
	return n;
}

MAAR_INLINE size_t maar_byte_ring_write_spans(struct maar_byte_ring *ring, struct iovec spans[2], size_t most)
{
	uint64_t tail;
	size_t n;

	if (maar__byte_ring_is_null(ring)) {
		memset(spans, 0, 2 * sizeof(*spans));
		return 0;
	}
	tail = maar_a_load(&ring->tail, RELAXED);
	n = maar__byte_ring_room(ring, tail, most);
	maar__byte_ring_show(ring, tail, n, spans);
	ring->offered = n;
	return n;
}

MAAR_INLINE size_t maar_byte_ring_commit(struct maar_byte_ring *ring, size_t n)
{
	if (maar__byte_ring_is_null(ring))
		return 0;
	MAAR_DEBUG_CHECK(n <= ring->offered, "more bytes than write_spans offered");
	if (maar_unlikely(n > ring->offered))
		return 0;
	ring->offered -= n;
	maar__byte_ring_publish(ring, maar_a_load(&ring->tail, RELAXED), n);
	return n;
}

/* ---- the consumer ---- */

MAAR_INLINE size_t maar_byte_ring_get(struct maar_byte_ring *ring, void *bytes, size_t n)
{
	uint64_t head;

	if (maar__byte_ring_is_null(ring))
		return 0;
	head = maar_a_load(&ring->head, RELAXED);
	n = maar__byte_ring_there(ring, head, n);
	if (maar_unlikely(n == 0)) /* as in put */
		return 0;
	maar__byte_ring_copy_out(ring, head, bytes, n);
	maar__byte_ring_release(ring, head, n);
	return n;
}

MAAR_INLINE size_t maar_byte_ring_get_all(struct maar_byte_ring *ring, void *bytes, size_t n)
{
	uint64_t head;

	if (maar__byte_ring_is_null(ring))
		return 0;
	head = maar_a_load(&ring->head, RELAXED);
	if (maar_unlikely(maar__byte_ring_there(ring, head, n) < n || n == 0))
		return 0;
	maar__byte_ring_copy_out(ring, head, bytes, n);
	maar__byte_ring_release(ring, head, n);
	return n;
}

MAAR_INLINE size_t maar_byte_ring_peek(struct maar_byte_ring *ring, size_t offset, void *bytes, size_t n)
{
	uint64_t head;
	size_t there;

	if (maar__byte_ring_is_null(ring))
		return 0;
	head = maar_a_load(&ring->head, RELAXED);
	there = maar__byte_ring_there(ring, head, n > SIZE_MAX - offset ? SIZE_MAX : offset + n);
	if (there <= offset)
		return 0;
	n = there - offset;
	maar__byte_ring_copy_out(ring, head + offset, bytes, n);
	return n;
}

MAAR_INLINE size_t maar_byte_ring_skip(struct maar_byte_ring *ring, size_t n)
{
	uint64_t head;

	if (maar__byte_ring_is_null(ring))
		return 0;
	head = maar_a_load(&ring->head, RELAXED);
	n = maar__byte_ring_there(ring, head, n);
	if (n)
		maar__byte_ring_release(ring, head, n);
	return n;
}

MAAR_INLINE size_t maar_byte_ring_read_spans(struct maar_byte_ring *ring, struct iovec spans[2], size_t most)
{
	uint64_t head;
	size_t n;

	if (maar__byte_ring_is_null(ring)) {
		memset(spans, 0, 2 * sizeof(*spans));
		return 0;
	}
	head = maar_a_load(&ring->head, RELAXED);
	n = maar__byte_ring_there(ring, head, most);
	maar__byte_ring_show(ring, head, n, spans);
	return n;
}

/* ---- observers ---- */

MAAR_INLINE size_t maar_byte_ring_capacity(const struct maar_byte_ring *ring)
{
	return maar__byte_ring_is_null(ring) ? 0 : (size_t)ring->capacity;
}

MAAR_INLINE unsigned maar_byte_ring_flags(const struct maar_byte_ring *ring)
{
	return maar__byte_ring_is_null(ring) ? 0 : ring->flags;
}

MAAR_INLINE size_t maar_byte_ring_count(const struct maar_byte_ring *ring)
{
	uint64_t head, tail;

	if (maar__byte_ring_is_null(ring))
		return 0;
	do { /* until head stood still meanwhile: then both belong to one instant */
		head = maar_a_load(&ring->head, ACQUIRE); /* A:byte_ring.head */
		tail = maar_a_load(&ring->tail, ACQUIRE); /* A:byte_ring.tail */
	} while (maar_unlikely(maar_a_load(&ring->head, RELAXED) != head));
	return (size_t)(tail - head);
}

MAAR_INLINE size_t maar_byte_ring_free_count(const struct maar_byte_ring *ring)
{
	return maar_byte_ring_capacity(ring) - maar_byte_ring_count(ring);
}

MAAR_INLINE int maar_byte_ring_empty(const struct maar_byte_ring *ring)
{
	return maar_byte_ring_count(ring) == 0;
}

MAAR_INLINE int maar_byte_ring_full(const struct maar_byte_ring *ring)
{
	return maar_byte_ring_count(ring) == maar_byte_ring_capacity(ring);
}

#endif
#endif
