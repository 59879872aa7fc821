/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * What the two files of the record ring share, and what the tests need of it and users must not have.
 *
 * The word of a record that begins at position p (in grains):
 *
 *     bits 63 ..                          .. 8 + k   7 + k .. 3            2 .. 0
 *     lap: p with its k lowest bits cleared, << 8    length in bytes       state        k = log2(grains)
 *
 * A length is at most capacity / 2 = 2^(k + 4), so it ends below the lap. The lap loses the 8 highest bits of p: the same
 * word comes back after 2^56 grains = 2^61 bytes (at 10^10 bytes a second: 7 years), and would deceive only if no
 * record had begun on its grain in all that time.
 */
#ifndef MAAR_RECORD_RING_PRIV_H
#define MAAR_RECORD_RING_PRIV_H

#include <maar/record_ring.h>

#include <stdbool.h>

#define MAAR__RECORD_MAGIC 0x6d726563u /* "mrec" */

MAAR_STATIC_ASSERT(MAAR_RECORD_GRAIN == 32, "five bits of a length are within a grain");
MAAR_STATIC_ASSERT(offsetof(struct maar_record_ring, tail) == 128, "layout 1");
MAAR_STATIC_ASSERT(offsetof(struct maar_record_ring, head) == 256, "layout 1");
MAAR_STATIC_ASSERT(sizeof(struct maar_record_ring) == 384, "layout 1: the words follow at once");

/* A BUSY word is always one of the present lap: the consumer does not pass it, and nobody writes over it. */
enum maar__record_state {
	MAAR__RECORD_NONE,	/* 0, so that zeroed memory says so: nothing begins here */
	MAAR__RECORD_BUSY,	/* reserved */
	MAAR__RECORD_COMMITTED, /* the consumer may have it */
	MAAR__RECORD_DISCARDED, /* the consumer passes it */
	MAAR__RECORD_PADDING,	/* the same, and no record ever was here */
};
#define MAAR__RECORD_STATE_MASK	  7u
#define MAAR__RECORD_LENGTH_SHIFT 3
#define MAAR__RECORD_LAP_SHIFT	  8 /* 3 of the state, 5 of a length within a grain */

static inline uint64_t *maar__record_word_at(const struct maar_record_ring *r, uint64_t position)
{
	return (uint64_t *)(uintptr_t)(r + 1) + (position & r->mask);
}

static inline char *maar__record_data_at(const struct maar_record_ring *r, uint64_t position)
{
	return (char *)(uintptr_t)r + r->data_at + (position & r->mask) * MAAR_RECORD_GRAIN;
}

/* Grains that a length takes; for lengths up to the largest capacity. */
static inline uint64_t maar__record_grains(uint64_t length)
{
	return length ? (length + MAAR_RECORD_GRAIN - 1) / MAAR_RECORD_GRAIN : 1;
}

static inline uint64_t maar__record_lap(const struct maar_record_ring *r, uint64_t position)
{
	return (position & ~r->mask) << MAAR__RECORD_LAP_SHIFT;
}

static inline uint64_t maar__record_word(const struct maar_record_ring *r, uint64_t position, uint64_t length,
					 enum maar__record_state state)
{
	return maar__record_lap(r, position) | length << MAAR__RECORD_LENGTH_SHIFT | state;
}

/* What a word found at a position says of it: its state, or NONE if it is of another lap. */
static inline enum maar__record_state maar__record_state(const struct maar_record_ring *r, uint64_t position,
							 uint64_t word)
{
	if (word - maar__record_lap(r, position) >= (r->mask + 1) << MAAR__RECORD_LAP_SHIFT)
		return MAAR__RECORD_NONE;
	return (enum maar__record_state)(word & MAAR__RECORD_STATE_MASK);
}

/* The length in a word: below the lap. */
static inline uint64_t maar__record_length(const struct maar_record_ring *r, uint64_t word)
{
	const uint64_t below = ((r->mask + 1) << MAAR__RECORD_LAP_SHIFT) - 1;

	return (word & below) >> MAAR__RECORD_LENGTH_SHIFT;
}

/* Whether a word found at a position is of a later lap: the reader's position was stale. */
static inline bool maar__record_is_later(const struct maar_record_ring *r, uint64_t position, uint64_t word)
{
	const uint64_t unit = (r->mask + 1) << MAAR__RECORD_LAP_SHIFT;

	return (word & MAAR__RECORD_STATE_MASK) != MAAR__RECORD_NONE &&
	       (int64_t)(word - maar__record_lap(r, position)) >= (int64_t)unit;
}

/* True of a record's or padding's word that the consumer passes without looking at what is there. */
static inline bool maar__record_is_skipped(enum maar__record_state state)
{
	return state == MAAR__RECORD_DISCARDED || state == MAAR__RECORD_PADDING;
}

/*
 * Grains of padding that a record of `grains` needs before it at a position: none, or up to the end of the data. Never as
 * many as the record's own, so both together are below the capacity if the record is at most half of it.
 */
static inline uint64_t maar__record_pad(const struct maar_record_ring *r, uint64_t position, uint64_t grains)
{
	const uint64_t to_end = r->mask + 1 - (position & r->mask);

	return grains > to_end ? to_end : 0;
}

/* Makes an idle ring begin at any position (in grains), so that a test reaches wraps at once. Empties it. */
void maar__record_ring_start_at(struct maar_record_ring *ring, uint64_t position);

#endif
