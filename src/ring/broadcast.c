/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The life of a broadcast ring, its readers' coming and going, dump and check. The moves are in
 * <maar/bits/broadcast_impl.h>.
 */
#include "broadcast_priv.h"

#include "../base/life.h"

#include <errno.h>
#include <inttypes.h>

#define KNOWN_FLAGS (MAAR_BROADCAST_MP | MAAR_BROADCAST_IN_PLACE)

/* Messages that a dump shows: with the readers, about a screenful. */
#define DUMP_MESSAGES 8

/* ---- life cycle ---- */

static int size_of(size_t capacity, size_t element, size_t consumers, size_t *bytes)
{
	size_t gates;

	if (capacity == 0 || element == 0 || element % sizeof(uint64_t))
		return -EINVAL;
	if (capacity > MAAR_BROADCAST_MAX_CAPACITY || element > MAAR_BROADCAST_MAX_ELEMENT ||
	    consumers > MAAR_BROADCAST_MAX_CONSUMERS)
		return -EOVERFLOW;
	if (!maar__mul((size_t)maar__pow2_at_least(capacity), sizeof(uint64_t) + element, bytes) ||
	    !maar__mul(consumers, MAAR_APART, &gates) || !maar__add(*bytes, gates, bytes) ||
	    !maar__add(*bytes, sizeof(struct maar_broadcast), bytes))
		return -EOVERFLOW;
	return 0;
}

size_t maar_broadcast_bytes(size_t capacity, size_t element, size_t consumers)
{
	size_t bytes;

	return size_of(capacity, element, consumers, &bytes) ? 0 : bytes;
}

static int check_request(size_t capacity, size_t element, size_t consumers, unsigned flags, size_t *bytes)
{
	if ((flags & ~KNOWN_FLAGS) ||
	    ((flags & MAAR_BROADCAST_IN_PLACE) && ((flags & MAAR_BROADCAST_MP) || consumers == 0)))
		return -EINVAL;
	return size_of(capacity, element, consumers, bytes);
}

void maar__broadcast_start_at(struct maar_broadcast *ring, uint64_t position)
{
	uint64_t i;

	for (i = 0; i < ring->capacity; i++)
		maar_a_store(maar__broadcast_cell(ring, position + i),
			     maar__broadcast_lap(ring, position + i) - 2 * ring->capacity, RELAXED);
	for (i = 0; i < ring->consumers; i++)
		maar_a_store(maar__broadcast_gate(ring, (uint32_t)i), 0, RELAXED);
	ring->first = position;
	maar_a_store(&ring->tail, position, RELAXED);
	maar_a_store(&ring->floor, (uint32_t)position, RELAXED);
}

/* In zeroed memory, which is an empty ring already but for its first line. */
static void set_up(struct maar_broadcast *ring, size_t capacity, size_t element, size_t consumers, unsigned flags)
{
	ring->layout = MAAR_BROADCAST_LAYOUT;
	ring->flags = flags;
	ring->capacity = maar__pow2_at_least(capacity);
	ring->mask = ring->capacity - 1;
	ring->element = (uint32_t)element;
	ring->consumers = (uint32_t)consumers;
	ring->cells = sizeof(*ring) + (uint64_t)consumers * MAAR_APART;
	ring->magic = MAAR__BROADCAST_MAGIC;
}

int maar_broadcast_init_layout(void *mem, size_t bytes, size_t capacity, size_t element, size_t consumers,
			       unsigned flags, unsigned layout)
{
	size_t needed;
	int rc =
		layout == MAAR_BROADCAST_LAYOUT ? check_request(capacity, element, consumers, flags, &needed) : -EPROTO;

	if (!rc)
		rc = maar__unfit(mem, bytes, needed);
	if (rc)
		return rc;
	memset(mem, 0, needed);
	set_up(mem, capacity, element, consumers, flags);
	return 0;
}

struct maar_broadcast *maar_broadcast_create(size_t capacity, size_t element, size_t consumers, unsigned flags)
{
	size_t bytes;
	const int rc = check_request(capacity, element, consumers, flags, &bytes);
	struct maar_broadcast *ring = maar__refused(rc) ? NULL : maar__map(bytes);

	if (!ring)
		return NULL;
	set_up(ring, capacity, element, consumers, flags);
	ring->owns = maar__owner(ring);
	return ring;
}

void maar_broadcast_destroy(struct maar_broadcast *ring)
{
	if (!ring)
		return;
	MAAR_DEBUG_CHECK(ring->magic == MAAR__BROADCAST_MAGIC, "not a broadcast ring, or one destroyed before");
	if (ring->magic != MAAR__BROADCAST_MAGIC)
		return;
	ring->magic = 0;
	if (ring->owns == maar__owner(ring))
		maar__unmap(ring, maar_broadcast_bytes((size_t)ring->capacity, ring->element, ring->consumers));
}

/* ---- readers ---- */

static bool is_ring(const struct maar_broadcast *ring)
{
	return ring && ring->magic == MAAR__BROADCAST_MAGIC;
}

/* A gate's word in the next state: the membership is counted when it ends. */
static uint64_t gate_with(uint64_t gate, unsigned state, uint64_t position)
{
	const uint64_t count = (gate >> 34) + (state == MAAR__GATE_FREE);

	return count << 34 | (uint64_t)state << 32 | (uint32_t)position;
}

/* Takes a free gate, so that producers see it and leave the floor alone; its word into *gate. -1: none is free. */
static int64_t take_gate(struct maar_broadcast *ring, uint64_t *gate)
{
	uint32_t i;

	for (i = 0; i < ring->consumers; i++) {
		const uint64_t old = maar_a_load(maar__broadcast_gate(ring, i), RELAXED);

		if (maar__broadcast_gate_state(old) != MAAR__GATE_FREE)
			continue;
		*gate = gate_with(old, MAAR__GATE_JOINING, 0);
		if (maar_a_cas(maar__broadcast_gate(ring, i), old, *gate, RELAXED))
			return i;
	}
	return -1;
}

int maar_broadcast_join(struct maar_broadcast *ring, struct maar_broadcast_reader *reader, unsigned flags)
{
	uint64_t gate, floor, position, settled;
	int64_t index;

	if (!is_ring(ring) || !reader || (flags & ~(unsigned)MAAR_BROADCAST_OLDEST))
		return -EINVAL;
	index = take_gate(ring, &gate);
	if (index < 0)
		return -ENOSPC;
	/*
	 * Every raise of the floor that comes after this addition sees the gate; every one before it shows in the
	 * number. What is at or above that floor stays, until the gate lets go of it.
	 */
	floor = maar_a_add(&ring->floor, UINT64_C(1) << 32, ACQ_REL); /* R:broadcast.floor A:broadcast.floor */
	position = maar_a_load(&ring->tail, RELAXED);		      /* the floor brings a tail that is not below it */
	if (flags & MAAR_BROADCAST_OLDEST)
		position -= (uint64_t)maar__broadcast_above(position, floor);
	settled = gate_with(gate, MAAR__GATE_JOINED, position);
	if (!maar_a_cas(maar__broadcast_gate(ring, (uint32_t)index), gate, settled, RELAXED))
		return -ECANCELED;
	*reader = (struct maar_broadcast_reader){ .ring = ring,
						  .position = position,
						  .gate = settled,
						  .index = (uint32_t)index,
						  .state = MAAR__BROADCAST_JOINED,
						  .flags = flags };
	return 0;
}

int maar_broadcast_watch(const struct maar_broadcast *ring, struct maar_broadcast_reader *reader, unsigned flags)
{
	uint64_t tail, back;

	if (!is_ring(ring) || !reader || (flags & ~(unsigned)(MAAR_BROADCAST_OLDEST | MAAR_BROADCAST_NEWEST)))
		return -EINVAL;
	if (ring->flags & MAAR_BROADCAST_IN_PLACE)
		return -ENOTSUP;
	tail = maar_a_load(&ring->tail, RELAXED); /* the cells tell what is in them */
	back = ring->capacity - maar__broadcast_margin(ring);
	if (back > tail - ring->first)
		back = tail - ring->first;
	/* A watcher's calls only read; the pointer is shared with readers that join. */
	*reader = (struct maar_broadcast_reader){ .ring = (struct maar_broadcast *)(uintptr_t)ring,
						  .position = flags & MAAR_BROADCAST_OLDEST ? tail - back : tail,
						  .state = MAAR__BROADCAST_WATCHING,
						  .flags = flags };
	return 0;
}

int maar_broadcast_leave(struct maar_broadcast_reader *reader)
{
	int rc = 0;

	if (!reader || !reader->ring)
		return -EINVAL;
	if (reader->state == MAAR__BROADCAST_EVICTED)
		rc = -ECANCELED;
	else if (reader->state == MAAR__BROADCAST_JOINED &&
		 !maar_a_cas(maar__broadcast_gate(reader->ring, reader->index), reader->gate,
			     gate_with(reader->gate, MAAR__GATE_FREE, 0), RELEASE)) /* R:broadcast.gate */
		rc = -ECANCELED;
	reader->ring = NULL;
	reader->state = MAAR__BROADCAST_ENDED;
	return rc;
}

/* A membership's name: how many there were at this gate before, and the gate's index + 1. */
static uint64_t name_of(uint64_t gate, uint32_t index)
{
	return (gate >> 34) << 32 | (index + 1);
}

uint64_t maar_broadcast_id(const struct maar_broadcast_reader *reader)
{
	return reader && reader->state == MAAR__BROADCAST_JOINED ? name_of(reader->gate, reader->index) : 0;
}

uint64_t maar_broadcast_slowest(const struct maar_broadcast *ring, uint64_t *lag)
{
	uint64_t name = 0, tail;
	int64_t most = -1;
	uint32_t i;

	if (lag)
		*lag = 0;
	if (!is_ring(ring))
		return 0;
	tail = maar_a_load(&ring->tail, RELAXED);
	for (i = 0; i < ring->consumers; i++) {
		const uint64_t gate = maar_a_load(maar__broadcast_gate(ring, i), RELAXED);
		const unsigned state = maar__broadcast_gate_state(gate);
		int64_t behind;

		if (state == MAAR__GATE_FREE)
			continue;
		/* One that is joining holds the floor where it is. */
		behind = maar__broadcast_above(tail,
					       state == MAAR__GATE_JOINED ? gate : maar_a_load(&ring->floor, RELAXED));
		if (behind < 0) /* it moved on since the look at the tail */
			behind = 0;
		if (behind > (int64_t)ring->capacity) /* the tail did, since an older look at the gate */
			behind = (int64_t)ring->capacity;
		if (behind > most) {
			most = behind;
			name = name_of(gate, i);
		}
	}
	if (lag && most > 0)
		*lag = (uint64_t)most;
	return name;
}

int maar_broadcast_evict(struct maar_broadcast *ring, uint64_t id)
{
	const uint32_t index = (uint32_t)id - 1;
	int tries;

	if (!is_ring(ring) || index >= ring->consumers)
		return -EINVAL;
	for (tries = 0; tries < MAAR__BROADCAST_TRIES; tries++) {
		const uint64_t gate = maar_a_load(maar__broadcast_gate(ring, index), RELAXED);

		if (maar__broadcast_gate_state(gate) == MAAR__GATE_FREE || name_of(gate, index) != id)
			return -ENOENT;
		/* relaxed: what the reader has released, it has released itself; the rest it validates */
		if (maar_a_cas(maar__broadcast_gate(ring, index), gate, gate_with(gate, MAAR__GATE_FREE, 0), RELAXED))
			return 0;
	}
	return -EBUSY;
}

size_t maar_broadcast_joined_count(const struct maar_broadcast *ring)
{
	size_t n = 0;
	uint32_t i;

	if (!is_ring(ring))
		return 0;
	for (i = 0; i < ring->consumers; i++)
		n += maar__broadcast_gate_state(maar_a_load(maar__broadcast_gate(ring, i), RELAXED)) != MAAR__GATE_FREE;
	return n;
}

/* ---- dump and check: they rely on nothing they read ---- */

static void dump_gates(const struct maar_broadcast *ring, uint64_t tail, FILE *to)
{
	uint32_t i;

	for (i = 0; i < ring->consumers; i++) {
		const uint64_t gate = maar_a_load(maar__broadcast_gate(ring, i), RELAXED);

		if (maar__broadcast_gate_state(gate) == MAAR__GATE_JOINED)
			fprintf(to, "  reader 0x%" PRIx64 " at gate %" PRIu32 ", behind by %" PRId64 "\n",
				name_of(gate, i), i, maar__broadcast_above(tail, gate));
		else if (maar__broadcast_gate_state(gate) != MAAR__GATE_FREE)
			fprintf(to, "  reader 0x%" PRIx64 " at gate %" PRIu32 ", joining\n", name_of(gate, i), i);
	}
}

int maar_broadcast_dump(const struct maar_broadcast *ring, FILE *to)
{
	uint64_t tail, position, shown;

	if (!to || !is_ring(ring))
		return -EINVAL;
	tail = maar_a_load(&ring->tail, RELAXED);
	fprintf(to, "broadcast ring %p: %s, elements of %" PRIu32 " bytes%s\n", (const void *)ring,
		ring->flags & MAAR_BROADCAST_MP ? "many producers" : "one producer", ring->element,
		ring->flags & MAAR_BROADCAST_IN_PLACE ? ", filled in place" : "");
	fprintf(to, "  capacity %" PRIu64 ", published %" PRIu64 ", joined %zu of %" PRIu32 "\n", ring->capacity,
		tail - ring->first, maar_broadcast_joined_count(ring), ring->consumers);
	fprintf(to, "  tail %" PRIu64 ", floor %" PRIu64 "\n", tail,
		tail - (uint64_t)maar__broadcast_above(tail, maar_a_load(&ring->floor, RELAXED)));
	dump_gates(ring, tail, to);
	shown = tail - ring->first < ring->capacity ? tail - ring->first : ring->capacity;
	if (shown > DUMP_MESSAGES)
		shown = DUMP_MESSAGES;
	for (position = tail - shown; position != tail; position++) {
		const uint64_t *cell = maar__broadcast_cell(ring, position);

		if (maar_a_load(cell, RELAXED) == maar__broadcast_lap(ring, position))
			fprintf(to, "  [%" PRIu64 "] 0x%016" PRIx64 "%s\n", position, maar_a_load(cell + 1, RELAXED),
				ring->element > sizeof(uint64_t) ? " ..." : "");
		else
			fprintf(to, "  [%" PRIu64 "] (being written)\n", position);
	}
	return ferror(to) ? -EIO : 0;
}

static int check_make(const struct maar_broadcast *ring)
{
	size_t bytes;

	if (ring->layout != MAAR_BROADCAST_LAYOUT || !maar__is_pow2(ring->capacity) ||
	    ring->mask != ring->capacity - 1 || ring->capacity > MAAR_BROADCAST_MAX_CAPACITY ||
	    check_request((size_t)ring->capacity, ring->element, ring->consumers, ring->flags, &bytes) ||
	    ring->cells != sizeof(*ring) + (uint64_t)ring->consumers * MAAR_APART)
		return -EBADMSG;
	return 0;
}

static int check_gates(const struct maar_broadcast *ring, uint64_t tail)
{
	const uint64_t floor = maar_a_load(&ring->floor, RELAXED);
	const int64_t used = maar__broadcast_above(tail, floor);
	uint32_t i;
	int rc = 0;

	if (ring->consumers && (used < 0 || used > (int64_t)ring->capacity))
		return -EBADMSG;
	for (i = 0; i < ring->consumers; i++) {
		const uint64_t gate = maar_a_load(maar__broadcast_gate(ring, i), RELAXED);

		switch (maar__broadcast_gate_state(gate)) {
		case MAAR__GATE_FREE:
			break;
		case MAAR__GATE_JOINING:
			rc = -EBUSY;
			break;
		case MAAR__GATE_JOINED:
			/* one above: read already, and its single producer has not moved the tail yet */
			if (maar__broadcast_above(tail, gate) == -1 && !(ring->flags & MAAR_BROADCAST_MP))
				rc = -EBUSY;
			else if (maar__broadcast_above(tail, gate) < 0 || maar__broadcast_above(gate, floor) < 0)
				return -EBADMSG;
			break;
		default:
			return -EBADMSG;
		}
	}
	return rc;
}

/* Each cell holds the last position before the tail that falls on it, whole. */
static int check_cells(const struct maar_broadcast *ring, uint64_t tail)
{
	uint64_t i;
	int rc = 0;

	for (i = 0; i < ring->capacity; i++) {
		const uint64_t filled = maar__broadcast_lap(ring, tail + i);
		const uint64_t lap = maar_a_load(maar__broadcast_cell(ring, tail + i), RELAXED);

		if (lap == filled - 2 * ring->capacity)
			continue;
		/* One producer: at the tail, begun or already whole. Many: claimed a lap ago, and not filled. */
		if (ring->flags & MAAR_BROADCAST_MP
			    ? lap == filled - 2 * ring->capacity - 1 || lap == filled - 4 * ring->capacity
			    : i == 0 && (lap == filled - 1 || lap == filled))
			rc = -EBUSY;
		else
			return -EBADMSG;
	}
	return rc;
}

int maar_broadcast_check(const struct maar_broadcast *ring)
{
	uint64_t tail;
	int gates, cells;

	if (!is_ring(ring))
		return -EINVAL;
	if (check_make(ring))
		return -EBADMSG;
	tail = maar_a_load(&ring->tail, RELAXED);
	gates = check_gates(ring, tail);
	cells = check_cells(ring, tail);
	if (gates == -EBADMSG || cells == -EBADMSG)
		return -EBADMSG;
	return gates ? gates : cells;
}
