/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The bodies of <maar/broadcast.h>. A cell is 64-bit words: the lap, then the element. Three moves carry everything:
 * fill writes a cell, copy takes it out and looks whether it was overtaken, raise moves the floor up to the gates. The
 * pairs R:.../A:... are argued in doc/memory-model.md.
 */
#ifndef MAAR_BITS_BROADCAST_IMPL_H
#define MAAR_BITS_BROADCAST_IMPL_H
#ifndef MAAR_BITS_OK
#error "include a header of <maar/...>, not of <maar/bits/...>"
#endif

#include <string.h>

#define MAAR__BROADCAST_MAGIC 0x6d626364u /* "mbcd" */

MAAR_STATIC_ASSERT(offsetof(struct maar_broadcast, tail) == 128, "layout 1");
MAAR_STATIC_ASSERT(sizeof(struct maar_broadcast) == 256, "layout 1: the gates follow at once");
MAAR_STATIC_ASSERT(sizeof(uint64_t) * 8 == 64 && sizeof(struct maar_broadcast_reader) <= 64, "a line");

/*
 * How often a loop tries that can fail only because others got on meanwhile. No honest contention comes near; it ends
 * the loops over memory that another process scribbles on.
 */
#define MAAR__BROADCAST_TRIES 1024

/* How often a watcher that was overtaken tries again in one call: its caller may have something better to do. */
#define MAAR__BROADCAST_CHASES 8

/* What a reader is. Zeroed memory is no reader. */
enum maar__broadcast_state {
	MAAR__BROADCAST_ENDED,
	MAAR__BROADCAST_WATCHING,
	MAAR__BROADCAST_JOINED,
	MAAR__BROADCAST_EVICTED,
};

/*
 * A gate: low half the low half of the next position to read; high half a count of its changes of state, whose last two
 * bits are the state. A count of memberships is what keeps a reader that was evicted off the gate of the next one.
 */
enum maar__broadcast_gate_state {
	MAAR__GATE_FREE = 0,
	MAAR__GATE_JOINING = 1, /* taken, its position not known yet: the floor must not move */
	MAAR__GATE_JOINED = 2,
};

/* How many messages a publish wants in: all or nothing, or as many as fit. */
enum maar__broadcast_how { MAAR__BROADCAST_BULK, MAAR__BROADCAST_BURST };

MAAR_LOCAL uint64_t *maar__broadcast_gate(const struct maar_broadcast *r, uint32_t index)
{
	return (uint64_t *)((uintptr_t)(r + 1) + (uintptr_t)index * MAAR_APART);
}

MAAR_LOCAL unsigned maar__broadcast_gate_state(uint64_t gate)
{
	return (unsigned)(gate >> 32) & 3;
}

/* The word at the beginning of a cell is its lap, the element follows. */
MAAR_LOCAL uint64_t *maar__broadcast_cell(const struct maar_broadcast *r, uint64_t position)
{
	return (uint64_t *)((uintptr_t)r + (uintptr_t)r->cells +
			    (uintptr_t)(position & r->mask) * (sizeof(uint64_t) + r->element));
}

/* The lap of a filled cell; one less while it is being written. Zeroed memory is filled with what comes before 0. */
MAAR_LOCAL uint64_t maar__broadcast_lap(const struct maar_broadcast *r, uint64_t position)
{
	return ((position | r->mask) + 1) * 2;
}

/* How far a is above b, of positions of which only the low halves are known. */
MAAR_LOCAL int64_t maar__broadcast_above(uint64_t a, uint64_t b)
{
	return (int32_t)(uint32_t)(a - b);
}

/* A quarter: what raising the floor takes at a time, and how far above the oldest a watcher goes on. */
MAAR_LOCAL uint64_t maar__broadcast_margin(const struct maar_broadcast *r)
{
	return r->capacity < 4 ? 1 : r->capacity / 4;
}

MAAR_LOCAL int maar__broadcast_is_null(const struct maar_broadcast *r)
{
	MAAR_DEBUG_CHECK_AS("maar_broadcast", r, "NULL ring");
	return maar_unlikely(!r) ? 1 : 0;
}

MAAR_LOCAL int maar__broadcast_is_no_reader(const struct maar_broadcast_reader *reader)
{
	MAAR_DEBUG_CHECK_AS("maar_broadcast", reader && reader->ring,
			    "not a reader: NULL, or neither joined nor watching");
	return maar_unlikely(!reader || !reader->ring) ? 1 : 0;
}

/* ---- producers ---- */

/* Fills the cell of a position that this thread alone may fill. */
MAAR_LOCAL void maar__broadcast_fill(struct maar_broadcast *r, uint64_t position, const void *element)
{
	uint64_t *cell = maar__broadcast_cell(r, position);
	const uint64_t filled = maar__broadcast_lap(r, position);
	size_t i;

	maar_a_store(cell, filled - 1, RELAXED);
	if (r->flags & MAAR_BROADCAST_IN_PLACE) {
		maar_n_copy(cell + 1, element, r->element);
	} else {
		for (i = 0; i < r->element / sizeof(uint64_t); i++) {
			uint64_t word;

			memcpy(&word, (const char *)element + i * sizeof(word), sizeof(word));
			maar_a_store(&cell[1 + i], word, RELEASE); /* R:broadcast.word */
		}
	}
	maar_a_store(cell, filled, RELEASE); /* R:broadcast.cell */
}

/*
 * One look at the gates: how far the floor may rise, of at most `most`. 0 while a gate's position is not known.
 * The floor never falls, and never passes a gate.
 */
MAAR_LOCAL int64_t maar__broadcast_rise(const struct maar_broadcast *r, uint64_t floor, int64_t most)
{
	uint32_t i;

	for (i = 0; i < r->consumers && most > 0; i++) {
		const uint64_t gate = maar_a_load(maar__broadcast_gate(r, i), ACQUIRE); /* A:broadcast.gate */
		const unsigned state = maar__broadcast_gate_state(gate);
		int64_t above;

		if (state == MAAR__GATE_FREE)
			continue;
		above = state == MAAR__GATE_JOINED ? maar__broadcast_above(gate, floor) : 0;
		if (above < most)
			most = above;
	}
	return most < 0 ? 0 : most;
}

/*
 * Cells free for the positions from `tail` on, n wanted (at most a capacity). If the floor does not leave that many, it
 * is raised: by what is wanted and a quarter of a capacity more, not by all there is, so that a late joiner finds
 * something. Negative when `tail` is stale: the caller's compare-and-swap is going to fail.
 */
MAAR_LOCAL int64_t maar__broadcast_room(struct maar_broadcast *r, uint64_t tail, uint64_t n,
					enum maar__broadcast_how how)
{
	const int64_t capacity = (int64_t)r->capacity;
	int tries;

	if (r->consumers == 0)
		return capacity;
	for (tries = 0; tries < MAAR__BROADCAST_TRIES; tries++) {
		const uint64_t floor = maar_a_load(&r->floor, ACQUIRE); /* A:broadcast.floor */
		const int64_t used = maar__broadcast_above(tail, floor);
		int64_t rise = used + (int64_t)n - capacity;
		uint64_t higher;

		if (used < 0 || maar_likely(rise <= 0))
			return used < 0 ? used : capacity - used;
		rise += (int64_t)maar__broadcast_margin(r);
		rise = maar__broadcast_rise(r, floor, rise < used ? rise : used);
		if (rise == 0 || (how == MAAR__BROADCAST_BULK && capacity - used + rise < (int64_t)n))
			return capacity - used; /* the past is not given up for what cannot be had */
		higher = ((floor >> 32) + 1) << 32 | (uint32_t)(floor + (uint64_t)rise);
		if (maar_a_cas(&r->floor, floor, higher, RELEASE)) /* R:broadcast.floor */
			return capacity - used + rise;
		/* another producer raised it, or somebody joined: look again */
	}
	return 0;
}

/* The next position of a single producer. One that died between filling a cell and moving the tail is helped here. */
MAAR_LOCAL uint64_t maar__broadcast_tail_sp(struct maar_broadcast *r)
{
	uint64_t tail = maar_a_load(&r->tail, RELAXED);

	if (maar_unlikely(maar_a_load(maar__broadcast_cell(r, tail), RELAXED) == maar__broadcast_lap(r, tail))) {
		tail++;
		maar_a_store(&r->tail, tail, RELEASE); /* R:broadcast.tail */
	}
	return tail;
}

MAAR_LOCAL size_t maar__broadcast_put_sp(struct maar_broadcast *r, const void *elements, size_t n,
					 enum maar__broadcast_how how)
{
	uint64_t tail = maar__broadcast_tail_sp(r);
	const int64_t room = maar__broadcast_room(r, tail, n, how);
	size_t i;

	if (maar_unlikely(room < (int64_t)n)) {
		if (how == MAAR__BROADCAST_BULK || room <= 0)
			return 0;
		n = (size_t)room;
	}
	for (i = 0; i < n; i++) {
		maar__broadcast_fill(r, tail++, (const char *)elements + i * r->element);
		maar_a_store(&r->tail, tail, RELEASE); /* R:broadcast.tail */
	}
	return n;
}

/*
 * Of the n cells from `tail` on, how many hold the lap before: at others a producer is still at work, a lap behind.
 * Negative when `tail` is stale.
 */
MAAR_LOCAL int64_t maar__broadcast_whole(const struct maar_broadcast *r, uint64_t tail, int64_t n)
{
	int64_t i;

	for (i = 0; i < n; i++) {
		const uint64_t position = tail + (uint64_t)i;
		const uint64_t lap = maar_a_load(maar__broadcast_cell(r, position), ACQUIRE); /* A:broadcast.cell */
		const int64_t ahead = (int64_t)(lap - (maar__broadcast_lap(r, position) - 2 * r->capacity));

		if (ahead > 0)
			return -1;
		if (ahead < 0)
			break;
	}
	return i;
}

/* Many producers: one compare-and-swap claims k positions whose cells are whole and free, plain stores fill them. */
MAAR_LOCAL size_t maar__broadcast_put_mp(struct maar_broadcast *r, const void *elements, size_t n,
					 enum maar__broadcast_how how)
{
	int tries;
	size_t i;

	for (tries = 0; tries < MAAR__BROADCAST_TRIES; tries++) {
		const uint64_t tail = maar_a_load(&r->tail, ACQUIRE); /* A:broadcast.tail */
		int64_t k = maar__broadcast_room(r, tail, n, how);

		if (maar_likely(k > 0))
			k = maar__broadcast_whole(r, tail, k < (int64_t)n ? k : (int64_t)n);
		if (maar_unlikely(k < 0))
			continue; /* the tail was stale */
		if (k == 0 || (how == MAAR__BROADCAST_BULK && k < (int64_t)n))
			return 0;
		if (!maar_a_cas(&r->tail, tail, tail + (uint64_t)k, RELEASE)) /* R:broadcast.tail */
			continue;
		for (i = 0; i < (size_t)k; i++)
			maar__broadcast_fill(r, tail + i, (const char *)elements + i * r->element);
		return (size_t)k;
	}
	return 0;
}

MAAR_LOCAL size_t maar__broadcast_put(struct maar_broadcast *r, const void *elements, size_t n,
				      enum maar__broadcast_how how)
{
	if (maar__broadcast_is_null(r) || maar_unlikely(n == 0))
		return 0;
	if (maar_unlikely(n > r->capacity)) {
		if (how == MAAR__BROADCAST_BULK)
			return 0;
		n = (size_t)r->capacity;
	}
	if (r->flags & MAAR_BROADCAST_MP)
		return maar__broadcast_put_mp(r, elements, n, how);
	return maar__broadcast_put_sp(r, elements, n, how);
}

/* ---- readers ---- */

/*
 * Copies the element of a position out. 1: done. 0: it is not there yet. -1: overtaken; *newer is then a position of
 * the same cell that is filled, or being filled, now.
 */
MAAR_LOCAL int maar__broadcast_copy(const struct maar_broadcast *r, uint64_t position, void *element, uint64_t *newer)
{
	const uint64_t *cell = maar__broadcast_cell(r, position);
	const uint64_t filled = maar__broadcast_lap(r, position);
	uint64_t lap = maar_a_load(cell, ACQUIRE); /* A:broadcast.cell */
	size_t i;

	if (lap == filled) {
		if (r->flags & MAAR_BROADCAST_IN_PLACE) {
			maar_n_copy(element, cell + 1, r->element);
		} else {
			for (i = 0; i < r->element / sizeof(uint64_t); i++) {
				const uint64_t word = maar_a_load(&cell[1 + i], ACQUIRE); /* A:broadcast.word */

				memcpy((char *)element + i * sizeof(word), &word, sizeof(word));
			}
		}
		lap = maar_a_load(cell, RELAXED);
		if (maar_likely(lap == filled))
			return 1;
	}
	if ((int64_t)(lap - filled) < 0)
		return 0;
	*newer = position + (lap - filled + 1) / 2;
	return -1;
}

/* Where a watcher that was overtaken goes on, at least one further. `newer` and the tail are known to be reached. */
MAAR_LOCAL uint64_t maar__broadcast_after_gap(const struct maar_broadcast *r, uint64_t position, uint64_t newer,
					      unsigned flags)
{
	uint64_t top = maar_a_load(&r->tail, RELAXED), next; /* relaxed: the cells tell what is in them */

	if ((int64_t)(newer - top) > 0)
		top = newer;
	next = flags & MAAR_BROADCAST_NEWEST ? top - 1 : top - r->capacity + maar__broadcast_margin(r);
	return (int64_t)(next - position) > 0 ? next : position + 1;
}

/* Moves the gate past k messages. 0 if the reader has been evicted. */
MAAR_LOCAL int maar__broadcast_move_gate(struct maar_broadcast_reader *reader, size_t k)
{
	const uint64_t position = reader->position + k;
	const uint64_t gate = (reader->gate >> 32) << 32 | (uint32_t)position;

	if (maar_unlikely(!maar_a_cas(maar__broadcast_gate(reader->ring, reader->index), reader->gate, gate,
				      RELEASE))) { /* R:broadcast.gate */
		reader->state = MAAR__BROADCAST_EVICTED;
		return 0;
	}
	reader->gate = gate;
	reader->position = position;
	return 1;
}

MAAR_LOCAL size_t maar__broadcast_take(struct maar_broadcast_reader *reader, void *elements, size_t n, uint64_t *missed)
{
	const struct maar_broadcast *r;
	unsigned chases = 0;
	uint64_t newer = 0, gap = 0;
	size_t k = 0;

	if (missed)
		*missed = 0;
	if (maar__broadcast_is_no_reader(reader) || reader->state == MAAR__BROADCAST_EVICTED)
		return 0;
	r = reader->ring;
	while (k < n) {
		const int got =
			maar__broadcast_copy(r, reader->position + k, (char *)elements + k * r->element, &newer);

		if (maar_likely(got > 0)) {
			k++;
			continue;
		}
		if (got == 0 || k > 0)
			break; /* a gap behind the first is the next call's */
		if (maar_unlikely(reader->state == MAAR__BROADCAST_JOINED)) {
			reader->state = MAAR__BROADCAST_EVICTED; /* or nobody could have overtaken it */
			return 0;
		}
		newer = maar__broadcast_after_gap(r, reader->position, newer, reader->flags);
		gap += newer - reader->position;
		reader->position = newer;
		if (++chases == MAAR__BROADCAST_CHASES)
			break;
	}
	if (reader->state == MAAR__BROADCAST_JOINED)
		return k && maar__broadcast_move_gate(reader, k) ? k : 0;
	reader->position += k;
	reader->lost += gap;
	if (missed)
		*missed = gap;
	return k;
}

#ifdef MAAR__BODIES

/* ---- publish ---- */

MAAR_INLINE size_t maar_broadcast_publish(struct maar_broadcast *ring, const void *element)
{
	return maar__broadcast_put(ring, element, 1, MAAR__BROADCAST_BULK);
}

MAAR_INLINE size_t maar_broadcast_publish_bulk(struct maar_broadcast *ring, const void *elements, size_t n)
{
	return maar__broadcast_put(ring, elements, n, MAAR__BROADCAST_BULK);
}

MAAR_INLINE size_t maar_broadcast_publish_burst(struct maar_broadcast *ring, const void *elements, size_t n)
{
	return maar__broadcast_put(ring, elements, n, MAAR__BROADCAST_BURST);
}

MAAR_INLINE void *maar_broadcast_reserve(struct maar_broadcast *ring)
{
	uint64_t tail, *cell;

	if (maar__broadcast_is_null(ring))
		return NULL;
	MAAR_DEBUG_CHECK(ring->flags & MAAR_BROADCAST_IN_PLACE, "not a ring with MAAR_BROADCAST_IN_PLACE");
	if (!(ring->flags & MAAR_BROADCAST_IN_PLACE))
		return NULL;
	tail = maar__broadcast_tail_sp(ring);
	if (maar__broadcast_room(ring, tail, 1, MAAR__BROADCAST_BULK) < 1)
		return NULL;
	cell = maar__broadcast_cell(ring, tail);
	maar_a_store(cell, maar__broadcast_lap(ring, tail) - 1, RELAXED);
	return cell + 1;
}

MAAR_INLINE size_t maar_broadcast_commit(struct maar_broadcast *ring)
{
	uint64_t tail, *cell, filled;

	if (maar__broadcast_is_null(ring))
		return 0;
	tail = maar_a_load(&ring->tail, RELAXED);
	cell = maar__broadcast_cell(ring, tail);
	filled = maar__broadcast_lap(ring, tail);
	if (maar_unlikely(!(ring->flags & MAAR_BROADCAST_IN_PLACE) || maar_a_load(cell, RELAXED) != filled - 1)) {
		MAAR_DEBUG_CHECK(0, "commit of what was not reserved");
		return 0;
	}
	maar_a_store(cell, filled, RELEASE);	      /* R:broadcast.cell */
	maar_a_store(&ring->tail, tail + 1, RELEASE); /* R:broadcast.tail */
	return 1;
}

/* ---- read ---- */

MAAR_INLINE size_t maar_broadcast_read(struct maar_broadcast_reader *reader, void *element, uint64_t *missed)
{
	return maar__broadcast_take(reader, element, 1, missed);
}

MAAR_INLINE size_t maar_broadcast_read_burst(struct maar_broadcast_reader *reader, void *elements, size_t n,
					     uint64_t *missed)
{
	return maar__broadcast_take(reader, elements, n, missed);
}

MAAR_INLINE size_t maar_broadcast_latest(const struct maar_broadcast *ring, void *element, uint64_t *position)
{
	int tries;

	if (maar__broadcast_is_null(ring) || (ring->flags & MAAR_BROADCAST_IN_PLACE))
		return 0;
	for (tries = 0; tries < MAAR__BROADCAST_CHASES; tries++) {
		const uint64_t tail = maar_a_load(&ring->tail, ACQUIRE); /* A:broadcast.tail */
		uint64_t back, newer;
		int got = 0;

		/* With many producers the last cells may be claimed and not filled. */
		for (back = 1; got == 0 && back <= ring->capacity; back++) {
			if ((int64_t)(tail - back - ring->first) < 0)
				return 0;
			got = maar__broadcast_copy(ring, tail - back, element, &newer);
		}
		if (got > 0) {
			if (position)
				*position = tail - back + 1;
			return 1;
		}
	}
	return 0;
}

MAAR_INLINE const void *maar_broadcast_peek(struct maar_broadcast_reader *reader)
{
	const uint64_t *cell;
	int64_t ahead;

	if (maar__broadcast_is_no_reader(reader) || reader->state != MAAR__BROADCAST_JOINED)
		return NULL;
	cell = maar__broadcast_cell(reader->ring, reader->position);
	ahead = (int64_t)(maar_a_load(cell, ACQUIRE) - /* A:broadcast.cell */
			  maar__broadcast_lap(reader->ring, reader->position));
	if (maar_unlikely(ahead > 0))
		reader->state = MAAR__BROADCAST_EVICTED; /* or nobody could have overtaken it */
	return maar_likely(ahead == 0) ? cell + 1 : NULL;
}

MAAR_INLINE size_t maar_broadcast_release(struct maar_broadcast_reader *reader)
{
	return maar_broadcast_peek(reader) && maar__broadcast_move_gate(reader, 1) ? 1 : 0;
}

/* ---- observers ---- */

MAAR_INLINE size_t maar_broadcast_capacity(const struct maar_broadcast *ring)
{
	return maar__broadcast_is_null(ring) ? 0 : (size_t)ring->capacity;
}

MAAR_INLINE size_t maar_broadcast_element(const struct maar_broadcast *ring)
{
	return maar__broadcast_is_null(ring) ? 0 : ring->element;
}

MAAR_INLINE size_t maar_broadcast_consumers(const struct maar_broadcast *ring)
{
	return maar__broadcast_is_null(ring) ? 0 : ring->consumers;
}

MAAR_INLINE unsigned maar_broadcast_flags(const struct maar_broadcast *ring)
{
	return maar__broadcast_is_null(ring) ? 0 : ring->flags;
}

MAAR_INLINE uint64_t maar_broadcast_published(const struct maar_broadcast *ring)
{
	/* relaxed: a number; whoever reads the messages looks at their cells */
	return maar__broadcast_is_null(ring) ? 0 : maar_a_load(&ring->tail, RELAXED) - ring->first;
}

MAAR_INLINE uint64_t maar_broadcast_lag(const struct maar_broadcast_reader *reader)
{
	int64_t lag;

	if (maar__broadcast_is_no_reader(reader))
		return 0;
	lag = (int64_t)(maar_a_load(&reader->ring->tail, ACQUIRE) - reader->position); /* A:broadcast.tail */
	return lag < 0 ? 0 : (uint64_t)lag; /* read before its producer has moved the tail */
}

MAAR_INLINE uint64_t maar_broadcast_lost(const struct maar_broadcast_reader *reader)
{
	return reader ? reader->lost : 0;
}

MAAR_INLINE int maar_broadcast_joined(const struct maar_broadcast_reader *reader)
{
	return reader && reader->state == MAAR__BROADCAST_JOINED;
}

#endif
#endif
