/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The makes of broadcast rings to loop over, and elements whose every word tells which message it belongs to.
 */
#ifndef MAAR_TEST_UNIT_BROADCAST_MODES_H
#define MAAR_TEST_UNIT_BROADCAST_MODES_H

#include "common.h"

#include <maar/broadcast.h>

#include "../../src/ring/broadcast_priv.h"

struct make {
	const char *name;
	unsigned flags;
	bool watched; /* may be watched, and made for 0 consumers */
};

static const struct make makes[] = {
	{ "one producer", 0, true },
	{ "many producers", MAAR_BROADCAST_MP, true },
	{ "in place", MAAR_BROADCAST_IN_PLACE, false },
};
#define MAKES ((int)COUNT_OF(makes))

/* The largest element that the tests use, in words; one word, within a line, a line less its lap, beyond a line. */
#define MOST_WORDS 16
static const size_t words_of[] = { 1, 3, 7, MOST_WORDS };

/* Capacities that show every off-by-one, and one large enough for bulks. */
static const size_t capacities[] = { 1, 2, 4, 8, 64 };

static inline uint64_t word_of(uint64_t number, size_t i)
{
	return (number + 1) * UINT64_C(0x9e3779b97f4a7c15) + i * UINT64_C(0xd1342543de82ef95);
}

static inline void fill(void *element, uint64_t number, size_t words)
{
	size_t i;

	for (i = 0; i < words; i++) {
		const uint64_t word = word_of(number, i);

		memcpy((char *)element + i * sizeof(word), &word, sizeof(word));
	}
}

/* Whether the element is message `number`, whole. */
static inline bool is(const void *element, uint64_t number, size_t words)
{
	uint64_t want[MOST_WORDS];

	fill(want, number, words);
	return memcmp(element, want, words * sizeof(want[0])) == 0;
}

static inline struct maar_broadcast *new_broadcast(size_t capacity, size_t words, size_t consumers, unsigned flags)
{
	struct maar_broadcast *ring = maar_broadcast_create(capacity, words * sizeof(uint64_t), consumers, flags);

	ck_assert_ptr_nonnull(ring);
	return ring;
}

static inline size_t publish(struct maar_broadcast *ring, uint64_t number)
{
	char element[MOST_WORDS * 8 + 1];

	/* not aligned: any address will do */
	fill(element + 1, number, maar_broadcast_element(ring) / 8);
	return maar_broadcast_publish(ring, element + 1);
}

/* The next message must be `number`, after `gap` missed. */
#define must_read(reader, number, gap)                                                                                 \
	do {                                                                                                           \
		uint64_t element_[MOST_WORDS], missed_ = ~UINT64_C(0);                                                 \
		unit_eq(maar_broadcast_read((reader), element_, &missed_), 1);                                         \
		unit_must(is(element_, (number), maar_broadcast_element((reader)->ring) / 8));                         \
		unit_eq(missed_, (gap));                                                                               \
	} while (0)

/* There must be nothing new. */
#define must_not_read(reader)                                                                                          \
	do {                                                                                                           \
		uint64_t element_[MOST_WORDS], missed_ = ~UINT64_C(0);                                                 \
		unit_eq(maar_broadcast_read((reader), element_, &missed_), 0);                                         \
		unit_eq(missed_, 0);                                                                                   \
	} while (0)

#endif
