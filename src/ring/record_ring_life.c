/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The life of a record ring: size, init, create, destroy; and who looks at it: observers, dump, check.
 */
#include "record_ring_priv.h"

#include "../base/life.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define KNOWN_FLAGS ((unsigned)MAAR_RECORD_RING_SP)

/* Two grains: the least of which half, a whole grain, always fits. */
#define LEAST_CAPACITY (2 * MAAR_RECORD_GRAIN)

/* Records that a dump shows: a screenful. */
#define DUMP_RECORDS 16

/* ---- life cycle ---- */

struct measures {
	size_t capacity; /* bytes of data */
	size_t data_at;	 /* bytes before it: the struct and the words */
	size_t bytes;	 /* in all; 0 if it cannot be */
};

static struct measures measure(size_t asked)
{
	struct measures m = { 0, 0, 0 };

	if (asked == 0 || (uint64_t)asked > MAAR_RECORD_RING_MAX_CAPACITY)
		return m;
	m.capacity = (size_t)maar__pow2_at_least(asked < LEAST_CAPACITY ? LEAST_CAPACITY : asked);
	/* Below what was asked where size_t is too small for the power of two. */
	if (m.capacity < asked || !maar__mul(m.capacity / MAAR_RECORD_GRAIN, sizeof(uint64_t), &m.data_at) ||
	    !maar__round_up(m.data_at, MAAR_APART, &m.data_at) ||
	    !maar__add(m.data_at, sizeof(struct maar_record_ring), &m.data_at) ||
	    !maar__add(m.data_at, m.capacity, &m.bytes))
		m.bytes = 0;
	return m;
}

size_t maar_record_ring_bytes(size_t capacity)
{
	return measure(capacity).bytes;
}

static int check_request(size_t capacity, unsigned flags, unsigned layout)
{
	if (layout != MAAR_RECORD_RING_LAYOUT)
		return -EPROTO;
	if (capacity == 0 || (flags & ~KNOWN_FLAGS))
		return -EINVAL;
	return maar_record_ring_bytes(capacity) ? 0 : -EOVERFLOW;
}

void maar__record_ring_start_at(struct maar_record_ring *ring, uint64_t position)
{
	uint64_t i;

	for (i = 0; i <= ring->mask; i++)
		maar_a_store(maar__record_word_at(ring, i), MAAR__RECORD_NONE, RELAXED);
	maar_a_store(&ring->tail, position, RELAXED);
	maar_a_store(&ring->head_seen, position, RELAXED);
	maar_a_store(&ring->head, position, RELAXED);
}

/* In memory whose words are zero, which is an empty ring already but for its first lines. */
static void set_up(struct maar_record_ring *ring, const struct measures *m, unsigned flags)
{
	ring->layout = MAAR_RECORD_RING_LAYOUT;
	ring->flags = flags;
	ring->capacity = m->capacity;
	ring->mask = m->capacity / MAAR_RECORD_GRAIN - 1;
	ring->data_at = m->data_at;
	ring->magic = MAAR__RECORD_MAGIC;
}

int maar_record_ring_init_layout(void *mem, size_t bytes, size_t capacity, unsigned flags, unsigned layout)
{
	const struct measures m = measure(capacity);
	int rc = check_request(capacity, flags, layout);

	if (!rc)
		rc = maar__unfit(mem, bytes, m.bytes);
	if (rc)
		return rc;
	memset(mem, 0, m.data_at);
	set_up(mem, &m, flags);
	return 0;
}

struct maar_record_ring *maar_record_ring_create(size_t capacity, unsigned flags)
{
	const int rc = check_request(capacity, flags, MAAR_RECORD_RING_LAYOUT);
	const struct measures m = measure(capacity);
	struct maar_record_ring *ring = maar__refused(rc) ? NULL : maar__map(m.bytes);

	if (!ring)
		return NULL;
	set_up(ring, &m, flags);
	ring->owns = maar__owner(ring);
	return ring;
}

/* Hands over what was committed, past reservations that never were, and past room claimed without a word. */
static void each_left(const struct maar_record_ring *r, maar_record_each_fn *each, void *arg)
{
	const uint64_t tail = maar_a_load(&r->tail, RELAXED); /* alone with the ring, as destroy is */
	uint64_t at = maar_a_load(&r->head, RELAXED);

	while ((int64_t)(tail - at) > 0) {
		const uint64_t word = maar_a_load(maar__record_word_at(r, at), RELAXED);
		const enum maar__record_state state = maar__record_state(r, at, word);
		const uint64_t length = maar__record_length(r, word);

		if (state == MAAR__RECORD_COMMITTED)
			each(maar__record_data_at(r, at), (size_t)length, arg);
		/* Words of this lap stand only where something begins, so the next of them is the next record. */
		at += state == MAAR__RECORD_NONE ? 1 : maar__record_grains(length);
	}
}

void maar_record_ring_destroy_each(struct maar_record_ring *ring, maar_record_each_fn *each, void *arg)
{
	if (!ring)
		return;
	MAAR_DEBUG_CHECK(ring->magic == MAAR__RECORD_MAGIC, "not a record ring, or one destroyed before");
	if (ring->magic != MAAR__RECORD_MAGIC)
		return;
	if (each)
		each_left(ring, each, arg);
	ring->magic = 0;
	if (ring->owns == maar__owner(ring))
		maar__unmap(ring, maar_record_ring_bytes((size_t)ring->capacity));
}

void maar_record_ring_destroy(struct maar_record_ring *ring)
{
	maar_record_ring_destroy_each(ring, NULL, NULL);
}

/* ---- observers ---- */

size_t maar_record_ring_capacity(const struct maar_record_ring *ring)
{
	MAAR_DEBUG_CHECK(ring, "NULL ring");
	return ring ? (size_t)ring->capacity : 0;
}

size_t maar_record_ring_max(const struct maar_record_ring *ring)
{
	return maar_record_ring_capacity(ring) / 2;
}

unsigned maar_record_ring_flags(const struct maar_record_ring *ring)
{
	MAAR_DEBUG_CHECK(ring, "NULL ring");
	return ring ? ring->flags : 0;
}

size_t maar_record_ring_used_bytes(const struct maar_record_ring *ring)
{
	uint64_t head, tail;

	MAAR_DEBUG_CHECK(ring, "NULL ring");
	if (!ring)
		return 0;
	do { /* until head stood still meanwhile: then all belongs to one instant */
		head = maar_a_load(&ring->head, ACQUIRE); /* A:record.head */
		tail = maar_a_load(&ring->tail, ACQUIRE); /* A:record.tail */
	} while (maar_a_load(&ring->head, RELAXED) != head);
	return (size_t)((tail - head) * MAAR_RECORD_GRAIN);
}

size_t maar_record_ring_free_bytes(const struct maar_record_ring *ring)
{
	return maar_record_ring_capacity(ring) - maar_record_ring_used_bytes(ring);
}

uint64_t maar_record_ring_padding_bytes(const struct maar_record_ring *ring)
{
	MAAR_DEBUG_CHECK(ring, "NULL ring");
	return ring ? maar_a_load(&ring->padding, RELAXED) : 0;
}

size_t maar_record_ring_count(const struct maar_record_ring *ring)
{
	uint64_t at, tail;
	size_t n = 0;

	MAAR_DEBUG_CHECK(ring, "NULL ring");
	if (!ring)
		return 0;
	at = maar_a_load(&ring->head, RELAXED);
	tail = maar_a_load(&ring->tail, RELAXED);
	while ((int64_t)(tail - at) > 0) {
		const uint64_t word = maar_a_load(maar__record_word_at(ring, at), RELAXED);
		const enum maar__record_state state = maar__record_state(ring, at, word);

		if (state == MAAR__RECORD_NONE) /* claimed a moment ago, or passed a moment ago */
			break;
		n += state == MAAR__RECORD_COMMITTED;
		at += maar__record_grains(maar__record_length(ring, word));
	}
	return n;
}

int maar_record_ring_empty(const struct maar_record_ring *ring)
{
	uint64_t at, word;

	MAAR_DEBUG_CHECK(ring, "NULL ring");
	if (!ring)
		return 1;
again:
	at = maar_a_load(&ring->head, ACQUIRE); /* A:record.head */
	for (;;) {
		enum maar__record_state state;

		word = maar_a_load(maar__record_word_at(ring, at), RELAXED); /* hands nothing out */
		state = maar__record_state(ring, at, word);
		if (state == MAAR__RECORD_COMMITTED)
			return 0;
		if (!maar__record_is_skipped(state))
			break;
		at += maar__record_grains(maar__record_length(ring, word));
	}
	if (maar__record_is_later(ring, at, word)) /* the consumer has passed it meanwhile */
		goto again;
	return 1;
}

int maar_record_ring_full(const struct maar_record_ring *ring, size_t length)
{
	MAAR_DEBUG_CHECK(ring, "NULL ring");
	if (!ring || length > ring->capacity / 2)
		return 1;
	for (;;) {
		const uint64_t tail = maar_a_load(&ring->tail, ACQUIRE); /* A:record.tail */
		const uint64_t head = maar_a_load(&ring->head, RELAXED); /* not older than that claimer's */
		const uint64_t grains = maar__record_grains(length);
		const int64_t used = (int64_t)(tail - head);

		if (used >= 0) /* else tail was stale */
			return (uint64_t)used + maar__record_pad(ring, tail, grains) + grains > ring->mask + 1;
	}
}

/* ---- debug ---- */

static const char *name_of(enum maar__record_state state)
{
	static const char *const names[] = { "claimed", "reserved", "committed", "discarded", "padding" };

	return (unsigned)state < sizeof(names) / sizeof(names[0]) ? names[state] : "?";
}

int maar_record_ring_dump(const struct maar_record_ring *ring, FILE *to)
{
	uint64_t at, tail;
	size_t used;
	unsigned shown;

	if (!ring || !to || ring->magic != MAAR__RECORD_MAGIC)
		return -EINVAL;
	used = maar_record_ring_used_bytes(ring);
	at = maar_a_load(&ring->head, RELAXED); /* a dump relies on nothing it reads */
	tail = maar_a_load(&ring->tail, RELAXED);
	fprintf(to, "record ring %p: %s, one consumer\n", (const void *)ring,
		ring->flags & MAAR_RECORD_RING_SP ? "one producer" : "many producers");
	fprintf(to, "  capacity %" PRIu64 " bytes, used %zu, free %zu, longest record %zu\n", ring->capacity, used,
		(size_t)ring->capacity - used, maar_record_ring_max(ring));
	fprintf(to, "  head %" PRIu64 ", tail %" PRIu64 " (in grains of %d bytes)\n", at, tail, MAAR_RECORD_GRAIN);
	fprintf(to, "  records waiting %zu, taken %" PRIu64 ", discarded %" PRIu64 "; padding %" PRIu64 " bytes\n",
		maar_record_ring_count(ring), maar_a_load(&ring->taken, RELAXED),
		maar_a_load(&ring->discarded, RELAXED), maar_a_load(&ring->padding, RELAXED));
	for (shown = 0; shown < DUMP_RECORDS && (int64_t)(tail - at) > 0; shown++) {
		const uint64_t word = maar_a_load(maar__record_word_at(ring, at), RELAXED);
		const enum maar__record_state state = maar__record_state(ring, at, word);

		if (state == MAAR__RECORD_NONE) {
			fprintf(to, "  [%" PRIu64 "] %s\n", at, name_of(state));
			break; /* without a word there is no telling where the next begins */
		}
		fprintf(to, "  [%" PRIu64 "] %s, %" PRIu64 " bytes\n", at, name_of(state),
			maar__record_length(ring, word));
		at += maar__record_grains(maar__record_length(ring, word));
	}
	if ((int64_t)(tail - at) > 0)
		fprintf(to, "  ... and more, up to the tail\n");
	return ferror(to) ? -EIO : 0;
}

/* Whether the grains of [from, to) hold no word of their lap. */
static bool says_nothing(const struct maar_record_ring *r, uint64_t from, uint64_t to)
{
	uint64_t at;

	for (at = from; at != to; at++) {
		const uint64_t word = maar_a_load(maar__record_word_at(r, at), RELAXED);

		if (maar__record_state(r, at, word) != MAAR__RECORD_NONE || maar__record_is_later(r, at, word))
			return false;
	}
	return true;
}

int maar_record_ring_check(const struct maar_record_ring *ring)
{
	struct measures m;
	uint64_t at, tail;

	if (!ring || ring->magic != MAAR__RECORD_MAGIC)
		return -EINVAL;
	m = measure((size_t)ring->capacity);
	if (ring->layout != MAAR_RECORD_RING_LAYOUT || (ring->flags & ~KNOWN_FLAGS) || !m.bytes ||
	    m.capacity != ring->capacity || m.data_at != ring->data_at ||
	    ring->mask != m.capacity / MAAR_RECORD_GRAIN - 1)
		return -EBADMSG;
	at = maar_a_load(&ring->head, RELAXED); /* at rest */
	tail = maar_a_load(&ring->tail, RELAXED);
	if (tail - at > ring->mask + 1 || !says_nothing(ring, tail, at + ring->mask + 1))
		return -EBADMSG;
	while (at != tail) {
		const uint64_t word = maar_a_load(maar__record_word_at(ring, at), RELAXED);
		const enum maar__record_state state = maar__record_state(ring, at, word);
		const uint64_t length = maar__record_length(ring, word), grains = maar__record_grains(length);

		if (state == MAAR__RECORD_NONE || state > MAAR__RECORD_PADDING || length > ring->capacity / 2 ||
		    grains > tail - at || maar__record_pad(ring, at, grains) ||
		    (state == MAAR__RECORD_PADDING && length % MAAR_RECORD_GRAIN) ||
		    !says_nothing(ring, at + 1, at + grains))
			return -EBADMSG;
		at += grains;
	}
	return 0;
}
