/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The moves of the record ring: claim, hand over, find, pass. Life cycle and observers: record_ring_life.c. The pairs
 * R:.../A:... are argued in doc/memory-model.md.
 *
 * Not inline: doc/design.md says what that costs.
 */
#include "record_ring_priv.h"

#include "../base/base.h"

#include <errno.h>

/* ---- producers ---- */

/* Whether `claim` grains fit at `tail`; asks the consumer's line only if the remembered head does not leave them. */
enum room { ROOM, NO_ROOM, STALE };

static enum room room_for(struct maar_record_ring *r, uint64_t tail, uint64_t claim)
{
	uint64_t head = maar_a_load(&r->head_seen, ACQUIRE); /* A:record.head_seen */
	int64_t used = (int64_t)(tail - head);

	if (used < 0 || (uint64_t)used + claim > r->mask + 1) {
		head = maar_a_load(&r->head, ACQUIRE);	    /* A:record.head */
		maar_a_store(&r->head_seen, head, RELEASE); /* R:record.head_seen */
		used = (int64_t)(tail - head);
		if (used < 0) /* the consumer is past it: others have claimed more meanwhile */
			return STALE;
	}
	return (uint64_t)used + claim > r->mask + 1 ? NO_ROOM : ROOM;
}

/* Claims `grains` grains in one piece into *position, and padding before them where needed. False: no room. */
static bool claim(struct maar_record_ring *r, uint64_t grains, uint64_t *position)
{
	uint64_t tail, pad;

	for (;;) {
		enum room room;

		tail = maar_a_load(&r->tail, ACQUIRE); /* A:record.tail */
		pad = maar__record_pad(r, tail, grains);
		room = room_for(r, tail, pad + grains);
		if (room == NO_ROOM)
			return false;
		if (room == STALE)
			continue;
		if (r->flags & MAAR_RECORD_RING_SP) {
			maar_a_store(&r->tail, tail + pad + grains, RELEASE); /* R:record.tail */
			break;
		}
		if (maar_a_cas(&r->tail, tail, tail + pad + grains, RELEASE)) /* R:record.tail */
			break;
	}
	if (pad) {
		const uint64_t word = maar__record_word(r, tail, pad * MAAR_RECORD_GRAIN, MAAR__RECORD_PADDING);

		maar_a_store(maar__record_word_at(r, tail), word, RELEASE); /* R:record.word */
	}
	*position = tail + pad;
	return true;
}

void *maar_record_ring_reserve(struct maar_record_ring *ring, size_t length)
{
	uint64_t position, word;

	MAAR_DEBUG_CHECK(ring, "NULL ring");
	if (!ring || length > ring->capacity / 2 || !claim(ring, maar__record_grains(length), &position))
		return NULL;
	/* Relaxed: of use to this thread and those it hands the record to; the consumer only sees that it has to wait. */
	word = maar__record_word(ring, position, length, MAAR__RECORD_BUSY);
	maar_a_store(maar__record_word_at(ring, position), word, RELAXED);
	return maar__record_data_at(ring, position);
}

/* The word of a reserved record, or NULL if `record` is none: then *why says so. */
static uint64_t *reserved_word(const struct maar_record_ring *r, const void *record, const char **why)
{
	const uintptr_t offset = (uintptr_t)record - (uintptr_t)maar__record_data_at(r, 0);
	uint64_t *word;

	*why = "this record is not in this ring";
	if (offset >= r->capacity)
		return NULL;
	*why = "this is not the beginning of a record";
	if (offset % MAAR_RECORD_GRAIN)
		return NULL;
	*why = "this record is not reserved: never, or committed or discarded before";
	word = maar__record_word_at(r, offset / MAAR_RECORD_GRAIN);
	return (maar_a_load(word, RELAXED) & MAAR__RECORD_STATE_MASK) == MAAR__RECORD_BUSY ? word : NULL;
}

#define WHOLE SIZE_MAX /* no length: as reserved */

/* From BUSY to `state`, with the first `length` bytes. */
static int hand_over(const char *call, struct maar_record_ring *r, void *record, size_t length,
		     enum maar__record_state state)
{
	const char *why = "NULL ring";
	uint64_t *at = r ? reserved_word(r, record, &why) : NULL;
	uint64_t word, reserved;

	MAAR_DEBUG_CHECK_AS(call, at, why);
	if (!at)
		return 0;
	word = maar_a_load(at, RELAXED);
	reserved = maar__record_length(r, word);
	if (length == WHOLE)
		length = (size_t)reserved;
	MAAR_DEBUG_CHECK_AS(call, length <= reserved, "longer than what was reserved");
	if (length > reserved)
		return 0;
	if (maar__record_grains(length) < maar__record_grains(reserved)) {
		const uint64_t grains = maar__record_grains(length), rest = maar__record_grains(reserved) - grains;
		const uint64_t lap = word - (reserved << MAAR__RECORD_LENGTH_SHIFT) - MAAR__RECORD_BUSY;
		const uint64_t padding =
			lap | (rest * MAAR_RECORD_GRAIN) << MAAR__RECORD_LENGTH_SHIFT | MAAR__RECORD_PADDING;

		/* Relaxed: who gets here has come by the record's own word. A record never crosses the end. */
		maar_a_store(at + grains, padding, RELAXED);
	}
	word -= (reserved - length) << MAAR__RECORD_LENGTH_SHIFT;
	word += (uint64_t)state - MAAR__RECORD_BUSY;
	maar_a_store(at, word, RELEASE); /* R:record.word */
	return 1;
}

int maar_record_ring_commit(struct maar_record_ring *ring, void *record)
{
	return hand_over(__func__, ring, record, WHOLE, MAAR__RECORD_COMMITTED);
}

int maar_record_ring_commit_short(struct maar_record_ring *ring, void *record, size_t length)
{
	if (length == WHOLE) /* longer than any: refused with the words for that */
		length--;
	return hand_over(__func__, ring, record, length, MAAR__RECORD_COMMITTED);
}

int maar_record_ring_discard(struct maar_record_ring *ring, void *record)
{
	return hand_over(__func__, ring, record, WHOLE, MAAR__RECORD_DISCARDED);
}

int maar_record_ring_enqueue(struct maar_record_ring *ring, const void *bytes, size_t length)
{
	void *record;

	MAAR_DEBUG_CHECK(bytes || !length, "NULL bytes");
	if (!bytes && length)
		return 0;
	record = maar_record_ring_reserve(ring, length);
	if (!record)
		return 0;
	if (length)
		maar_n_copy(record, bytes, length);
	return maar_record_ring_commit(ring, record);
}

int maar_record_ring_enqueue_v(struct maar_record_ring *ring, const struct iovec *pieces, size_t n)
{
	size_t length = 0, i;
	char *record, *to;

	MAAR_DEBUG_CHECK(pieces || !n, "NULL pieces");
	if (!pieces && n)
		return 0;
	for (i = 0; i < n; i++) {
		MAAR_DEBUG_CHECK(pieces[i].iov_base || !pieces[i].iov_len, "NULL piece");
		if ((!pieces[i].iov_base && pieces[i].iov_len) || !maar__add(length, pieces[i].iov_len, &length))
			return 0;
	}
	record = maar_record_ring_reserve(ring, length);
	if (!record)
		return 0;
	for (i = 0, to = record; i < n; i++) {
		if (pieces[i].iov_len)
			maar_n_copy(to, pieces[i].iov_base, pieces[i].iov_len);
		to += pieces[i].iov_len;
	}
	return maar_record_ring_commit(ring, record);
}

int maar_record_ring_enqueue_with(struct maar_record_ring *ring, size_t length, maar_record_copy_fn *copy, void *arg)
{
	void *record;
	size_t filled;

	MAAR_DEBUG_CHECK(copy, "NULL hook");
	record = copy ? maar_record_ring_reserve(ring, length) : NULL;
	if (!record)
		return 0;
	filled = copy(record, length, arg);
	if (filled <= length)
		return maar_record_ring_commit_short(ring, record, filled);
	MAAR_DEBUG_CHECK(filled == MAAR_RECORD_DISCARD, "the hook says more than it was given");
	(void)maar_record_ring_discard(ring, record);
	return 0;
}

/* ---- the consumer ---- */

/* A walk from head on: what was passed is published at its end, at once. */
struct walk {
	uint64_t at;
	uint64_t padding, taken, discarded; /* bytes; records */
};

static struct walk begin(const struct maar_record_ring *r)
{
	/* Relaxed: the consumer's own. */
	return (struct walk){ maar_a_load(&r->head, RELAXED), 0, 0, 0 };
}

/*
 * Walks to the next committed record; false if there is none. Ends: what lies a capacity further on is of another lap
 * than it would have to be.
 */
static bool find(const struct maar_record_ring *r, struct walk *w, size_t *length)
{
	for (;;) {
		const uint64_t word = maar_a_load(maar__record_word_at(r, w->at), ACQUIRE); /* A:record.word */
		const enum maar__record_state state = maar__record_state(r, w->at, word);

		*length = (size_t)maar__record_length(r, word);
		if (state == MAAR__RECORD_COMMITTED)
			return true;
		if (!maar__record_is_skipped(state))
			return false;
		if (state == MAAR__RECORD_PADDING)
			w->padding += *length;
		else
			w->discarded++;
		w->at += maar__record_grains(*length);
	}
}

static void pass(struct walk *w, size_t length)
{
	w->taken++;
	w->at += maar__record_grains(length);
}

/* Adds to a count that observers read and the consumer alone writes. */
static void count(uint64_t *total, uint64_t more)
{
	if (more)
		maar_a_store(total, maar_a_load(total, RELAXED) + more, RELAXED);
}

/* Gives producers the room of all that was passed, and begins anew from there. */
static void publish(struct maar_record_ring *r, struct walk *w)
{
	if (w->at == maar_a_load(&r->head, RELAXED))
		return;
	count(&r->padding, w->padding);
	count(&r->taken, w->taken);
	count(&r->discarded, w->discarded);
	maar_a_store(&r->head, w->at, RELEASE); /* R:record.head */
	*w = (struct walk){ w->at, 0, 0, 0 };
}

const void *maar_record_ring_peek(struct maar_record_ring *ring, size_t *length)
{
	struct walk w;
	size_t found;
	bool there;

	MAAR_DEBUG_CHECK(ring, "NULL ring");
	if (!ring)
		return NULL;
	w = begin(ring);
	there = find(ring, &w, &found);
	publish(ring, &w);
	if (!there)
		return NULL;
	if (length)
		*length = found;
	return maar__record_data_at(ring, w.at);
}

size_t maar_record_ring_peek_many(struct maar_record_ring *ring, struct maar_record *records, size_t n)
{
	struct walk w;
	size_t k, length;

	MAAR_DEBUG_CHECK(ring, "NULL ring");
	if (!ring)
		return 0;
	w = begin(ring);
	for (k = 0; k < n; k++) {
		const bool there = find(ring, &w, &length);

		if (k == 0)
			publish(ring, &w);
		if (!there)
			break;
		records[k] = (struct maar_record){ maar__record_data_at(ring, w.at), length };
		pass(&w, length);
	}
	return k;
}

size_t maar_record_ring_release_many(struct maar_record_ring *ring, size_t k)
{
	struct walk w;
	size_t length, n;

	MAAR_DEBUG_CHECK(ring, "NULL ring");
	if (!ring)
		return 0;
	w = begin(ring);
	for (n = 0; n < k && find(ring, &w, &length); n++)
		pass(&w, length);
	publish(ring, &w);
	return n;
}

int maar_record_ring_release(struct maar_record_ring *ring)
{
	return (int)maar_record_ring_release_many(ring, 1);
}

int maar_record_ring_dequeue(struct maar_record_ring *ring, void *to, size_t room, size_t *length)
{
	const void *record;
	size_t found = 0;

	record = maar_record_ring_peek(ring, &found);
	if (length)
		*length = found;
	if (!record)
		return 0;
	MAAR_DEBUG_CHECK(to || !room, "NULL to copy to");
	if (found > room || (!to && found))
		return -EMSGSIZE;
	if (found)
		maar_n_copy(to, record, found);
	return maar_record_ring_release(ring);
}

int maar_record_ring_dequeue_with(struct maar_record_ring *ring, maar_record_each_fn *each, void *arg)
{
	size_t length;
	const void *record = maar_record_ring_peek(ring, &length);

	if (!record)
		return 0;
	if (each)
		each(record, length, arg);
	return maar_record_ring_release(ring);
}

size_t maar_record_ring_drain(struct maar_record_ring *ring, maar_record_each_fn *each, void *arg)
{
	uint64_t end;
	size_t n = 0;

	MAAR_DEBUG_CHECK(ring, "NULL ring");
	if (!ring)
		return 0;
	/* Relaxed: a tail not older than any claim that this call can be expected to know of. Producers may be running. */
	end = maar_a_load(&ring->tail, RELAXED);
	while ((int64_t)(end - maar_a_load(&ring->head, RELAXED)) > 0 && maar_record_ring_dequeue_with(ring, each, arg))
		n++;
	return n;
}
