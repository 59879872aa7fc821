/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The lock-free ring of handles (MPMC, MAAR_RING_HANDLE) with an owner word for each handle, between processes: what
 * says whose a handle is, is its word, and the ring says in which order they are had. So a process that is killed or
 * stopped between any two instructions neither holds up the others nor leaves a handle of which nobody knows whose it
 * is.
 *
 *     own[handle]  | state 4 bits | participant 12 bits | position 48 bits |
 *
 * put, of a handle whose word is `from`, to the empty cell at position t:
 *     1. own: from -> {state to, me, t}      from here on no other thread may put it
 *     2. cell t: empty -> {lap, handle}      it is in the ring. If somebody else filled the cell: 1 again, for another t
 *     3. tail: t -> t + 1                    anybody who finds cell t filled does it
 * take, of the handle in the cell at head h:
 *     1. own: {state from, anyone, h} -> {state to, me, h}     it is taken. If the word is another, it was taken already
 *     2. head: h -> h + 1                                      anybody who finds it taken does it
 *
 * Killed before put's 2: the word names the dead, and a position whose cell has not this handle: not in the ring.
 * Killed after a step 1 of take: the word says who has it. Killed elsewhere: it is as if it had been killed before or
 * after.
 *
 * The geometry is the caller's private copy, and what is read from the ring is checked before it is used: memory that
 * anybody has written anything to is answered by -EBADMSG, by no access outside the ring and the words, and by no loop
 * without end as long as nobody goes on writing. The arguments: doc/memory-model.md, "Owner words".
 */
#ifndef MAAR_OWNED_RING_H
#define MAAR_OWNED_RING_H

#include "ring_priv.h"

#include <errno.h>

#define MAAR__OWN_POSITION_BITS	   48
#define MAAR__OWN_PARTICIPANT_BITS 12
#define MAAR__OWN_POSITION	   ((UINT64_C(1) << MAAR__OWN_POSITION_BITS) - 1)
/* Of the position of a word that a take with a floor leaves: so it is no word of another ring's same position. */
#define MAAR__OWN_FROM_BELOW  (UINT64_C(1) << (MAAR__OWN_POSITION_BITS - 1))
#define MAAR__OWN_PARTICIPANT ((UINT64_C(1) << MAAR__OWN_PARTICIPANT_BITS) - 1)

struct maar__owned {
	struct maar__ring_view ring;
	uint64_t *own;		 /* of handle 0, also where that is none of these */
	uint32_t first, handles; /* that there are: first .. first + handles - 1 */
	uint64_t limit;		 /* that may be in the ring: no more than it has cells */
};

static inline uint64_t maar__own_word(unsigned state, unsigned participant, uint64_t position)
{
	return (uint64_t)state << (MAAR__OWN_POSITION_BITS + MAAR__OWN_PARTICIPANT_BITS) |
	       (uint64_t)participant << MAAR__OWN_POSITION_BITS | (position & MAAR__OWN_POSITION);
}

static inline unsigned maar__own_state(uint64_t word)
{
	return (unsigned)(word >> (MAAR__OWN_POSITION_BITS + MAAR__OWN_PARTICIPANT_BITS));
}

static inline unsigned maar__own_participant(uint64_t word)
{
	return (unsigned)(word >> MAAR__OWN_POSITION_BITS & MAAR__OWN_PARTICIPANT);
}

static inline bool maar__owned_is_handle(const struct maar__owned *o, uint64_t word)
{
	return word - o->first < o->handles;
}

/*
 * Takes the oldest handle whose word is in state `from`, for `me`, in state `to`. 1, 0 if there is none, or -EBADMSG. With a
 * floor: 0 too if the oldest is not below the position that the low half of that word says. It is loaded after head: so
 * however long this one is stopped between the two, no head seems to be below that is not.
 *
 * Whoever comes round finds that head has moved: its own step 2 moved it, or failed because it had moved; or the cell
 * was filled for a later position, by somebody who knew that head had moved and published that with the cell. If it has
 * not, this is no ring.
 */
static inline __attribute__((always_inline)) int maar__owned_take_below(const struct maar__owned *o,
									const uint64_t *floor, unsigned from,
									unsigned to, unsigned me, uint32_t *handle)
{
	struct maar_ring *const r = o->ring.ring;
	const uint64_t mark = floor ? MAAR__OWN_FROM_BELOW : 0;
	uint64_t last = 0;
	bool again = false;

	for (;; again = true) {
		const uint64_t head = maar_a_load(&r->head, ACQUIRE); /* A:ring.head */
		bool taken = false;
		uint64_t word, own;
		int64_t ahead;

		if (maar_unlikely(again && head == last))
			return -EBADMSG;
		last = head;
		ahead = maar__ring_look(o->ring, head, &word);
		if (ahead < 0)
			return 0;
		if (ahead > 0)
			continue; /* head was stale */
		if (floor && (int32_t)((uint32_t)maar_a_load(floor, ACQUIRE) - (uint32_t)head) <= 0) /* A:owned.floor */
			return 0;
		if (maar_unlikely(!maar__owned_is_handle(o, word)))
			return -EBADMSG;
		own = maar_a_load(&o->own[word], ACQUIRE); /* A:owned.own */
		if (maar_likely(own == maar__own_word(from, maar__own_participant(own), head))) {
			taken = maar_a_cas(&o->own[word], own, maar__own_word(to, me, head ^ mark),
					   RELEASE); /* R:owned.own */
			if (maar_unlikely(!taken))   /* lost: what the winner knew, so that "none" is right */
				(void)maar_a_load(&o->own[word], ACQUIRE); /* A:owned.own */
		}
		(void)maar_a_cas(&r->head, head, head + 1, RELEASE); /* R:ring.head */
		if (maar_likely(taken)) {
			*handle = (uint32_t)word;
			return 1;
		}
	}
}

static inline int maar__owned_take(const struct maar__owned *o, unsigned from, unsigned to, unsigned me,
				   uint32_t *handle)
{
	return maar__owned_take_below(o, NULL, from, to, me, handle);
}

/*
 * Moves head on if what lies there was taken, of words that say `in` while they are in the ring: one who took it and
 * was killed before it moved head would leave a ring that is full to who only puts.
 */
static inline bool maar__owned_help_head(const struct maar__owned *o, unsigned in)
{
	struct maar_ring *const r = o->ring.ring;
	const uint64_t head =
		maar_a_load(&r->head, RELAXED); /* the compare-and-swap below hands on what the last one knew */
	uint64_t word, own;

	if (maar__ring_look(o->ring, head, &word) != 0 || !maar__owned_is_handle(o, word))
		return false;
	own = maar_a_load(&o->own[word], RELAXED); /* the tail has told what is in the cells before it */
	if (own == maar__own_word(in, maar__own_participant(own), head))
		return false;
	(void)maar_a_cas(&r->head, head, head + 1, RELEASE); /* R:ring.head */
	return true;
}

/*
 * Whether a handle is in the ring whose word says `in`: 1, 0, or -EBADMSG. All are seen that were put before something
 * that the caller has acquired, and have not been taken; so no order is needed here but that of the cells. A head that
 * is stale or was left behind is passed by looking on.
 */
static inline int maar__owned_any(const struct maar__owned *o, unsigned in)
{
	uint64_t last = 0;
	bool again = false;

	for (;; again = true) {
		uint64_t at = maar_a_load(&o->ring.ring->head, RELAXED), n, word, own;

		/* A whole round without an empty cell has shown cells of later rounds, and with them a later head. */
		if (maar_unlikely(again && at == last))
			return -EBADMSG;
		last = at;
		for (n = 0; n <= o->ring.mask; n++, at++) {
			const int64_t ahead = maar__ring_look(o->ring, at, &word);

			if (ahead < 0)
				return 0;
			if (ahead > 0)
				continue; /* taken, and filled again */
			if (maar_unlikely(!maar__owned_is_handle(o, word)))
				return -EBADMSG;
			own = maar_a_load(&o->own[word], RELAXED);
			if (own == maar__own_word(in, maar__own_participant(own), at))
				return 1;
		}
	}
}

/*
 * Puts a handle whose word is `from`, as the caller has read it, into state `to`. 0; -EALREADY, if the word has
 * changed: another thread has put it; -EAGAIN, if `limit` are in the ring; or -EBADMSG. After the last two the word is
 * as before.
 *
 * Tail stays where it is at most three times: where it is found behind head, and where the cell is lost to another, after
 * either of which the cell is found filled. The fourth time, this is no ring. Where head had to be helped, tail stays too, and
 * as often as there are more in the ring than `limit` (what others put with a larger one); but head has moved.
 */
static inline int maar__owned_put(const struct maar__owned *o, uint32_t handle, uint64_t from, unsigned to, unsigned me)
{
	struct maar_ring *const r = o->ring.ring;
	uint64_t last = 0, now = from;
	unsigned same = 0;
	bool again = false, full = false;

	for (;; again = true) {
		const uint64_t tail = maar_a_load(&r->tail, ACQUIRE); /* A:ring.tail */
		uint64_t old;
		int64_t ahead, room;

		same = again && tail == last ? same + 1 : 0;
		if (maar_unlikely(same > 3))
			break;
		last = tail;
		ahead = maar__ring_look(o->ring, tail, &old);
		if (ahead == 0) { /* whoever filled it has not moved the tail yet: help */
			(void)maar_a_cas(&r->tail, tail, tail + 1, RELEASE); /* R:ring.tail */
			continue;
		}
		if (ahead != maar__ring_vacant(o->ring))
			continue; /* the tail was stale */
		room = maar__ring_room_of(o->ring, tail, 1, o->limit);
		if (maar_unlikely(room < 0))
			continue; /* the tail was stale */
		if (maar_unlikely(room == 0)) {
			if (maar__owned_help_head(o, to)) {
				last = tail - 1; /* that was no standstill */
				continue;
			}
			full = true;
			break;
		}
		maar__ring_fetch_ahead(o->ring, tail);
		if (maar_unlikely(!maar_a_cas(&o->own[handle], now, maar__own_word(to, me, tail), RELAXED)))
			return -EALREADY;
		now = maar__own_word(to, me, tail);
		if (maar__ring_claim(o->ring, tail, old, handle)) {
			(void)maar_a_cas(&r->tail, tail, tail + 1, RELEASE); /* R:ring.tail */
			return 0;
		}
	}
	/* No room, if another thread has put it meanwhile; else there are as many as may be, or what cannot be. */
	if (!maar_a_cas(&o->own[handle], now, from, RELAXED))
		return -EALREADY;
	return full ? -EAGAIN : -EBADMSG;
}

#endif
