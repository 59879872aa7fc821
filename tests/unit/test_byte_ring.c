/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The calls of a byte ring, in one thread: every call at every level, with every number of bytes, in every form, around
 * every wrap of the positions.
 */
#include "byte_rings.h"

/* What n is tried with at a level: from nothing to beyond the capacity, and absurd. */
static size_t n_of(unsigned i, size_t capacity, size_t level)
{
	const size_t room = capacity - level;
	const size_t n[] = { 0,
			     1,
			     2,
			     3,
			     capacity / 2,
			     capacity - 1,
			     capacity,
			     capacity + 1,
			     capacity + 2,
			     room,
			     room + 1,
			     room ? room - 1 : 0,
			     level,
			     level + 1,
			     level ? level - 1 : 0 };

	return i < COUNT_OF(n) ? n[i] : SIZE_MAX;
}
#define NUMBERS 16

/* Levels to begin at. */
static size_t level_of(unsigned i, size_t capacity)
{
	const size_t level[] = { 0, 1, capacity / 2, capacity - 1, capacity };

	return level[i];
}
#define LEVELS 5

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* What one case is about. */
struct scene {
	struct maar_byte_ring *ring;
	size_t capacity;
	uint64_t start;
	size_t level;
	size_t n;
};

/* Runs a test with every level, number and start of a form. */
static void each_scene(const struct form *form, void (*test)(const struct scene *s))
{
	struct scene s = { .ring = byte_ring_of(form) };
	unsigned start, level, n;

	s.capacity = maar_byte_ring_capacity(s.ring);
	for (start = 0; start < STARTS; start++) {
		s.start = start_of(start, s.capacity);
		for (level = 0; level < LEVELS; level++) {
			s.level = level_of(level, s.capacity);
			for (n = 0; n < NUMBERS; n++) {
				s.n = n_of(n, s.capacity, s.level);
				byte_ring_set(s.ring, s.start, s.level);
				test(&s);
			}
		}
	}
	maar_byte_ring_destroy(s.ring);
}

/* ---- by copy ---- */

static void puts_some(const struct scene *s)
{
	const size_t fits = least(s->n, s->capacity - s->level);

	unit_eq(maar_byte_ring_put(s->ring, stream_at(s->level), s->n), fits);
	check_drains(s->ring, 0, s->level + fits);
}

static void puts_all(const struct scene *s)
{
	const size_t fits = s->n <= s->capacity - s->level ? s->n : 0;

	unit_eq(maar_byte_ring_put_all(s->ring, stream_at(s->level), s->n), fits);
	check_drains(s->ring, 0, s->level + fits);
}

/* Behind what was taken nothing may be written. */
static void gets(const struct scene *s, size_t (*get)(struct maar_byte_ring *, void *, size_t), size_t there)
{
	static uint8_t bytes[STREAM_PIECE + 1], before[STREAM_PIECE + 1];

	memset(bytes, 0xa5, s->capacity + 1);
	memcpy(before, bytes, s->capacity + 1);
	unit_eq(get(s->ring, bytes, s->n), there);
	unit_eq(memcmp(bytes, stream_at(0), there), 0);
	unit_eq(memcmp(bytes + there, before + there, s->capacity + 1 - there), 0);
	check_drains(s->ring, there, s->level - there);
}

static void gets_some(const struct scene *s)
{
	gets(s, maar_byte_ring_get, least(s->n, s->level));
}

static void gets_all(const struct scene *s)
{
	gets(s, maar_byte_ring_get_all, s->n <= s->level ? s->n : 0);
}

static void skips(const struct scene *s)
{
	const size_t there = least(s->n, s->level);

	unit_eq(maar_byte_ring_skip(s->ring, s->n), there);
	check_drains(s->ring, there, s->level - there);
}

static void peeks(const struct scene *s)
{
	static uint8_t bytes[STREAM_PIECE + 1];
	const size_t offsets[] = { 0, 1, s->level / 2, s->level ? s->level - 1 : 0, s->level, s->level + 1, SIZE_MAX };
	size_t i;

	for (i = 0; i < COUNT_OF(offsets); i++) {
		const size_t behind = offsets[i] < s->level ? s->level - offsets[i] : 0, there = least(s->n, behind);

		bytes[there] = 0x5a;
		unit_eq(maar_byte_ring_peek(s->ring, offsets[i], bytes, s->n), there);
		unit_eq(memcmp(bytes, stream_at(offsets[i]), there), 0);
		unit_eq(bytes[there], 0x5a);
	}
	check_drains(s->ring, 0, s->level);
}

static void drains(const struct scene *s)
{
	unit_eq(maar_byte_ring_drain(s->ring), s->level);
	check_count(s->ring, 0);
	unit_eq(maar_byte_ring_drain(s->ring), 0);
}

/* ---- in place ---- */

static size_t total(const struct iovec spans[2])
{
	return spans[0].iov_len + spans[1].iov_len;
}

/* Two pieces only at the end of the data, never in a mirrored ring; and inside the data. */
static void check_pieces(const struct scene *s, const struct iovec spans[2], uint64_t position)
{
	const struct maar_byte_ring *ring = s->ring;
	const size_t at = (size_t)(position & (s->capacity - 1)), n = total(spans);
	uint8_t *data = (uint8_t *)((uintptr_t)ring + (uintptr_t)ring->data_at);

	ck_assert_ptr_eq(spans[0].iov_base, data + at);
	if (maar_byte_ring_flags(ring) & MAAR_BYTE_RING_MIRROR)
		unit_eq(spans[1].iov_len, 0);
	else
		unit_eq(spans[0].iov_len, least(n, s->capacity - at));
	if (spans[1].iov_len)
		ck_assert_ptr_eq(spans[1].iov_base, data);
}

/* The same bytes through spans as through get; they stay until they are skipped. */
static void read_in_place(const struct scene *s)
{
	const size_t there = least(s->n, s->level);
	struct iovec spans[2], again[2];

	unit_eq(maar_byte_ring_read_spans(s->ring, spans, s->n), there);
	unit_eq(total(spans), there);
	check_pieces(s, spans, s->start);
	if (there) {
		unit_eq(memcmp(spans[0].iov_base, stream_at(0), spans[0].iov_len), 0);
		unit_eq(memcmp(spans[1].iov_base, stream_at(spans[0].iov_len), spans[1].iov_len), 0);
	}
	unit_eq(maar_byte_ring_read_spans(s->ring, again, s->n), there);
	unit_eq(memcmp(spans, again, sizeof(spans)), 0);
	check_count(s->ring, s->level);
	unit_eq(maar_byte_ring_skip(s->ring, there), there);
	check_drains(s->ring, there, s->level - there);
}

static void fill(const struct iovec spans[2], uint64_t from, size_t n)
{
	const size_t first = least(n, spans[0].iov_len);

	memcpy(spans[0].iov_base, stream_at(from), first);
	memcpy(spans[1].iov_base, stream_at(from + first), n - first);
}

/* All of an offer is committed, in one go or two; nothing is there before. */
static void write_in_place(const struct scene *s)
{
	const size_t fits = least(s->n, s->capacity - s->level), first = fits / 3;
	struct iovec spans[2];

	unit_eq(maar_byte_ring_write_spans(s->ring, spans, s->n), fits);
	unit_eq(total(spans), fits);
	check_pieces(s, spans, s->start + s->level);
	fill(spans, s->level, fits);
	check_count(s->ring, s->level);
	unit_eq(maar_byte_ring_commit(s->ring, first), first);
	check_count(s->ring, s->level + first);
	unit_eq(maar_byte_ring_commit(s->ring, fits - first), fits - first);
	check_drains(s->ring, 0, s->level + fits);
}

/* More than was offered, or what was offered before something else: refused, and nothing has changed. */
static void commit_refused(const struct scene *s)
{
	const size_t fits = least(s->n, s->capacity - s->level);
	size_t put = 0;
	struct iovec spans[2];

	unit_eq(maar_byte_ring_commit(s->ring, 1), 0); /* nothing was offered */
	unit_eq(maar_byte_ring_write_spans(s->ring, spans, s->n), fits);
	unit_eq(maar_byte_ring_commit(s->ring, fits + 1), 0);
	unit_eq(maar_byte_ring_commit(s->ring, SIZE_MAX), 0);
	check_count(s->ring, s->level);
	fill(spans, s->level, fits);
	unit_eq(maar_byte_ring_commit(s->ring, fits), fits);
	unit_eq(maar_byte_ring_commit(s->ring, 1), 0); /* it is used up */
	unit_eq(maar_byte_ring_commit(s->ring, 0), 0);
	check_count(s->ring, s->level + fits);

	/* a smaller offer ends a larger one, a put ends any, one that puts nothing ends none */
	byte_ring_set(s->ring, s->start, s->level);
	unit_eq(maar_byte_ring_write_spans(s->ring, spans, s->n), fits);
	if (fits > 1) {
		unit_eq(maar_byte_ring_write_spans(s->ring, spans, 1), 1);
		unit_eq(maar_byte_ring_commit(s->ring, 2), 0);
	}
	unit_eq(maar_byte_ring_write_spans(s->ring, spans, s->n), fits);
	unit_eq(maar_byte_ring_write_spans(s->ring, spans, 0), 0);
	unit_eq(maar_byte_ring_commit(s->ring, 1), 0);
	unit_eq(maar_byte_ring_write_spans(s->ring, spans, s->n), fits);
	unit_eq(maar_byte_ring_put(s->ring, NULL, 0), 0);
	unit_eq(maar_byte_ring_put_all(s->ring, stream_at(s->level), s->capacity + 1), 0);
	put = maar_byte_ring_put(s->ring, stream_at(s->level), 1);
	if (put)
		unit_eq(maar_byte_ring_commit(s->ring, 1), 0);
	check_drains(s->ring, 0, s->level + put);
}

/* Skipping less than was shown leaves the rest; putting goes on meanwhile. */
static void turns(const struct scene *s)
{
	uint64_t in = s->level, out = 0;
	struct iovec spans[2];
	size_t round;

	for (round = 0; round < 8; round++) {
		const size_t there = maar_byte_ring_read_spans(s->ring, spans, SIZE_MAX), take = (there + 1) / 2;

		unit_eq(there, in - out);
		unit_eq(maar_byte_ring_skip(s->ring, take), take);
		out += take;
		unit_eq(maar_byte_ring_put(s->ring, stream_at(in), s->n),
			least(s->n, s->capacity - (size_t)(in - out)));
		in = out + maar_byte_ring_count(s->ring);
		check_count(s->ring, (size_t)(in - out));
	}
	check_drains(s->ring, out, (size_t)(in - out));
}

/* ---- around and around, by every pair of calls ---- */

/* A producer's way of moving up to n bytes of the stream from `from` on into the ring; returns how many. */
static size_t put_plain(struct maar_byte_ring *ring, uint64_t from, size_t n)
{
	return maar_byte_ring_put(ring, stream_at(from), n);
}

static size_t put_whole(struct maar_byte_ring *ring, uint64_t from, size_t n)
{
	return maar_byte_ring_put_all(ring, stream_at(from), n);
}

static size_t put_spans(struct maar_byte_ring *ring, uint64_t from, size_t n)
{
	struct iovec spans[2];

	n = maar_byte_ring_write_spans(ring, spans, n);
	fill(spans, from, n);
	return maar_byte_ring_commit(ring, n);
}

/* A consumer's; the bytes are checked. */
static size_t take_plain(struct maar_byte_ring *ring, uint64_t from, size_t n)
{
	static uint8_t bytes[STREAM_PIECE];

	n = maar_byte_ring_get(ring, bytes, n);
	unit_eq(memcmp(bytes, stream_at(from), n), 0);
	return n;
}

static size_t take_whole(struct maar_byte_ring *ring, uint64_t from, size_t n)
{
	static uint8_t bytes[STREAM_PIECE];

	n = maar_byte_ring_get_all(ring, bytes, n);
	unit_eq(memcmp(bytes, stream_at(from), n), 0);
	return n;
}

static size_t take_spans(struct maar_byte_ring *ring, uint64_t from, size_t n)
{
	struct iovec spans[2];

	n = maar_byte_ring_read_spans(ring, spans, n);
	unit_eq(memcmp(spans[0].iov_base, stream_at(from), spans[0].iov_len), 0);
	unit_eq(memcmp(spans[1].iov_base, stream_at(from + spans[0].iov_len), spans[1].iov_len), 0);
	return maar_byte_ring_skip(ring, n);
}

static size_t take_peek(struct maar_byte_ring *ring, uint64_t from, size_t n)
{
	static uint8_t bytes[STREAM_PIECE];
	const size_t half = n / 2, first = maar_byte_ring_peek(ring, 0, bytes, half);

	n = first + maar_byte_ring_peek(ring, first, bytes + first, n - half);
	unit_eq(memcmp(bytes, stream_at(from), n), 0);
	return maar_byte_ring_skip(ring, n);
}

typedef size_t mover(struct maar_byte_ring *ring, uint64_t from, size_t n);

static mover *const ways_in[] = { put_plain, put_whole, put_spans };
static mover *const ways_out[] = { take_plain, take_whole, take_spans, take_peek };

/* Random pieces, four times around the data and over the wrap. */
static void pass_over(struct maar_byte_ring *ring, mover *put, mover *take, struct unit_rng *rng)
{
	const size_t capacity = maar_byte_ring_capacity(ring);
	uint64_t in = 0, out = 0;

	while (out < 4 * capacity) {
		const size_t used = (size_t)(in - out);
		size_t n = 1 + (size_t)unit_random_below(rng, capacity), moved;

		moved = put(ring, in, n);
		unit_eq(moved, n <= capacity - used ? n : put == put_whole ? 0 : capacity - used);
		in += moved;
		n = 1 + (size_t)unit_random_below(rng, capacity);
		moved = take(ring, out, n);
		unit_eq(moved, n <= in - out ? n : take == take_whole ? 0 : in - out);
		out += moved;
		check_count(ring, (size_t)(in - out));
	}
}

START_TEST(wraps)
{
	struct maar_byte_ring *ring = byte_ring_of(&forms[_i]);
	struct unit_rng rng = unit_rng(7);
	size_t put, take;
	unsigned start;

	for (start = 0; start < STARTS; start++) {
		for (put = 0; put < COUNT_OF(ways_in); put++) {
			for (take = 0; take < COUNT_OF(ways_out); take++) {
				maar__byte_ring_start_at(ring, start_of(start, maar_byte_ring_capacity(ring)));
				pass_over(ring, ways_in[put], ways_out[take], &rng);
			}
		}
	}
	maar_byte_ring_destroy(ring);
}
END_TEST

/* ---- the mirror ---- */

/* What is written behind the end of the data is at its beginning, and the other way round. */
START_TEST(mirror_shows_the_same)
{
	struct maar_byte_ring *ring = maar_byte_ring_create(1, MAAR_BYTE_RING_MIRROR);
	struct iovec spans[2];
	size_t capacity, at;
	uint8_t *data;

	ck_assert_ptr_nonnull(ring);
	capacity = maar_byte_ring_capacity(ring);
	for (at = 0; at < capacity; at += 509) {
		maar__byte_ring_start_at(ring, at);
		unit_eq(maar_byte_ring_write_spans(ring, spans, SIZE_MAX), capacity);
		unit_eq(spans[0].iov_len, capacity);
		data = spans[0].iov_base;
		memcpy(data, stream_at(at), capacity);
		unit_eq(memcmp(data - at, data + capacity - at, at), 0);
		unit_eq(maar_byte_ring_commit(ring, capacity), capacity);
		check_drains(ring, at, capacity);
	}
	maar_byte_ring_destroy(ring);
}
END_TEST

/* ---- no ring at all ---- */

START_TEST(null_ring)
{
	struct iovec spans[2] = { { &spans, 1 }, { &spans, 1 } };
	uint8_t byte = 7;

	unit_eq(maar_byte_ring_put(NULL, &byte, 1), 0);
	unit_eq(maar_byte_ring_put_all(NULL, &byte, 1), 0);
	unit_eq(maar_byte_ring_write_spans(NULL, spans, 1), 0);
	unit_eq(total(spans), 0);
	unit_eq(maar_byte_ring_commit(NULL, 1), 0);
	unit_eq(maar_byte_ring_get(NULL, &byte, 1), 0);
	unit_eq(maar_byte_ring_get_all(NULL, &byte, 1), 0);
	unit_eq(maar_byte_ring_peek(NULL, 0, &byte, 1), 0);
	unit_eq(maar_byte_ring_skip(NULL, 1), 0);
	unit_eq(maar_byte_ring_drain(NULL), 0);
	spans[0].iov_len = 1;
	unit_eq(maar_byte_ring_read_spans(NULL, spans, 1), 0);
	unit_eq(total(spans), 0);
	unit_eq(maar_byte_ring_read_from(NULL, 0, 1), -ENOBUFS);
	unit_eq(maar_byte_ring_write_to(NULL, 1, 1), 0);
	unit_eq(maar_byte_ring_capacity(NULL), 0);
	unit_eq(maar_byte_ring_flags(NULL), 0);
	unit_eq(maar_byte_ring_count(NULL), 0);
	unit_eq(maar_byte_ring_free_count(NULL), 0);
	unit_eq(maar_byte_ring_empty(NULL), 1);
	unit_eq(maar_byte_ring_full(NULL), 1);
	unit_eq(maar_byte_ring_check(NULL), -EINVAL);
	maar_byte_ring_reset(NULL);
	unit_eq(byte, 7);
}
END_TEST

/* ---- the suite ---- */

#define SCENE_TEST(name)                                                                                               \
	START_TEST(test_##name)                                                                                        \
	{                                                                                                              \
		each_scene(&forms[_i], name);                                                                          \
	}                                                                                                              \
	END_TEST

SCENE_TEST(puts_some)
SCENE_TEST(puts_all)
SCENE_TEST(gets_some)
SCENE_TEST(gets_all)
SCENE_TEST(skips)
SCENE_TEST(peeks)
SCENE_TEST(drains)
SCENE_TEST(read_in_place)
SCENE_TEST(write_in_place)
SCENE_TEST(commit_refused)
SCENE_TEST(turns)

Suite *unit_suite(void)
{
	Suite *suite = suite_create("byte ring");
	TCase *copies = unit_tcase(suite, "copies"), *spans = unit_tcase(suite, "spans");
	TCase *wrap = unit_tcase(suite, "wrap");

	tcase_add_loop_test(copies, test_puts_some, 0, FORMS);
	tcase_add_loop_test(copies, test_puts_all, 0, FORMS);
	tcase_add_loop_test(copies, test_gets_some, 0, FORMS);
	tcase_add_loop_test(copies, test_gets_all, 0, FORMS);
	tcase_add_loop_test(copies, test_skips, 0, FORMS);
	tcase_add_loop_test(copies, test_peeks, 0, FORMS);
	tcase_add_loop_test(copies, test_drains, 0, FORMS);
	tcase_add_test(copies, null_ring);
	tcase_add_loop_test(spans, test_read_in_place, 0, FORMS);
	tcase_add_loop_test(spans, test_write_in_place, 0, FORMS);
	tcase_add_loop_test(spans, test_commit_refused, 0, FORMS);
	tcase_add_loop_test(spans, test_turns, 0, FORMS);
	tcase_add_test(spans, mirror_shows_the_same);
	tcase_add_loop_test(wrap, wraps, 0, FORMS);
	return suite;
}
