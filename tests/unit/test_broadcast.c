/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The moves of <maar/broadcast.h>: publish, read, gaps, latest, bulk, burst, in place, the wrap of the positions. Life
 * cycle, joining, errors: test_broadcast_life.c. Threads: test_broadcast_threads.c.
 */
#include "broadcast_modes.h"

#define MOST 64 /* the largest of capacities[] */

/* ---- joined: everything, in order; full and empty ---- */

/* Two readers, one of which gates: publishes until full, and a little more after each step of the slow one. */
static void gated_round(const struct make *make, size_t capacity, size_t words, uint64_t start)
{
	struct maar_broadcast *ring = new_broadcast(capacity, words, 3, make->flags);
	struct maar_broadcast_reader fast, slow;
	uint64_t in = 0, out = 0, i;

	maar__broadcast_start_at(ring, start);
	unit_eq(maar_broadcast_join(ring, &fast, 0), 0);
	unit_eq(maar_broadcast_join(ring, &slow, MAAR_BROADCAST_OLDEST), 0);
	must_not_read(&fast);
	must_not_read(&slow);
	while (in < 3 * capacity + 5) {
		while (in - out < capacity) {
			unit_eq(maar_broadcast_lag(&slow), in - out);
			unit_eq(publish(ring, in), 1);
			must_read(&fast, in, 0);
			in++;
			unit_eq(maar_broadcast_published(ring), in);
		}
		must_not_read(&fast);
		unit_eq(publish(ring, in), 0);
		unit_eq(publish(ring, in), 0);
		for (i = 0; i < capacity / 2 + 1; i++)
			must_read(&slow, out + i, 0);
		out += i;
		unit_eq(maar_broadcast_check(ring), 0);
	}
	for (; out < in; out++)
		must_read(&slow, out, 0);
	must_not_read(&slow);
	unit_eq(maar_broadcast_lost(&slow), 0);
	maar_broadcast_destroy(ring);
}

/* The positions at which 32-bit and 64-bit counts turn over, and a few before them. */
static void each_start(const struct make *make, size_t capacity, size_t words,
		       void (*test)(const struct make *, size_t, size_t, uint64_t))
{
	size_t before;

	test(make, capacity, words, 0);
	for (before = 0; before <= 3 * capacity; before += capacity > 8 ? 31 : 1) {
		test(make, capacity, words, (UINT64_C(1) << 31) - before);
		test(make, capacity, words, (UINT64_C(1) << 32) - before);
		test(make, capacity, words, (UINT64_C(1) << 63) - before);
		test(make, capacity, words, 0 - (uint64_t)before);
	}
}

START_TEST(gated)
{
	size_t k, w;

	for (k = 0; k < COUNT_OF(capacities); k++)
		for (w = 0; w < COUNT_OF(words_of); w++)
			each_start(&makes[_i], capacities[k], words_of[w], gated_round);
}
END_TEST

/* Nobody has joined: nothing is ever full, in a ring with gates as in one without. */
START_TEST(nobody_gates)
{
	size_t k, i;

	for (k = 0; k < COUNT_OF(capacities); k++) {
		struct maar_broadcast *ring = new_broadcast(capacities[k], 3, 2, makes[_i].flags);
		struct maar_broadcast_reader reader;

		for (i = 0; i < 5 * capacities[k]; i++)
			unit_eq(publish(ring, i), 1);
		unit_eq(maar_broadcast_join(ring, &reader, 0), 0);
		must_not_read(&reader);
		unit_eq(publish(ring, i), 1);
		must_read(&reader, i, 0);
		unit_eq(maar_broadcast_leave(&reader), 0);
		for (i = 0; i < 5 * capacities[k]; i++)
			unit_eq(publish(ring, i), 1);
		unit_eq(maar_broadcast_check(ring), 0);
		maar_broadcast_destroy(ring);
	}
}
END_TEST

/* ---- watching: gaps ---- */

/* A watcher that reads after `step` messages each time: what it has got and missed is all that was published. */
static void watched_round(const struct make *make, size_t capacity, size_t step, uint64_t start)
{
	const uint64_t margin = capacity < 4 ? 1 : capacity / 4;
	struct maar_broadcast *ring = new_broadcast(capacity, 3, 0, make->flags);
	struct maar_broadcast_reader oldest, newest;
	uint64_t in = 0, element[3], missed, got, lost = 0, a = 0, b = 0, expected;

	maar__broadcast_start_at(ring, start);
	unit_eq(maar_broadcast_watch(ring, &oldest, 0), 0);
	unit_eq(maar_broadcast_watch(ring, &newest, MAAR_BROADCAST_NEWEST), 0);
	while (in < 4 * capacity + 2 * step) {
		size_t i;

		for (i = 0; i < step; i++)
			unit_eq(publish(ring, in++), 1);
		unit_eq(maar_broadcast_lag(&oldest), in - a);
		/* The oldest that is left lies a capacity back; the reader goes on a margin above it. */
		expected = in - a > capacity ? in - capacity + margin - a : 0;
		if (a + expected == in) { /* one cell: its margin leaves nothing */
			got = maar_broadcast_read(&oldest, element, &missed);
			unit_eq(got, 0);
			unit_eq(missed, expected);
		} else {
			must_read(&oldest, a + expected, expected);
			a++;
		}
		a += expected;
		lost += expected;
		unit_eq(maar_broadcast_lost(&oldest), lost);
		while (a < in)
			must_read(&oldest, a++, 0);
		must_not_read(&oldest);

		expected = in - b > capacity ? in - 1 - b : 0;
		must_read(&newest, b + expected, expected);
		b += expected + 1;
		while (b < in)
			must_read(&newest, b++, 0);
		must_not_read(&newest);
	}
	maar_broadcast_destroy(ring);
}

START_TEST(watched)
{
	size_t k, step, before;

	if (!makes[_i].watched)
		return;
	for (k = 0; k < COUNT_OF(capacities); k++) {
		for (step = 1; step <= 3 * capacities[k]; step += capacities[k] > 8 ? 11 : 1) {
			watched_round(&makes[_i], capacities[k], step, 0);
			for (before = 0; before <= 3; before++) {
				watched_round(&makes[_i], capacities[k], step, (UINT64_C(1) << 31) - before);
				watched_round(&makes[_i], capacities[k], step, (UINT64_C(1) << 32) - before);
				watched_round(&makes[_i], capacities[k], step, (UINT64_C(1) << 63) - before);
				watched_round(&makes[_i], capacities[k], step, 0 - (uint64_t)before);
			}
		}
	}
}
END_TEST

/* A watcher that begins with the oldest: all there ever were, or the last three quarters. */
START_TEST(watches_the_past)
{
	size_t k;
	uint64_t n;

	if (!makes[_i].watched)
		return;
	for (k = 0; k < COUNT_OF(capacities); k++) {
		const size_t capacity = capacities[k], kept = capacity - (capacity < 4 ? 1 : capacity / 4);

		for (n = 0; n <= 3 * capacity; n++) {
			struct maar_broadcast *ring = new_broadcast(capacity, 1, 0, makes[_i].flags);
			struct maar_broadcast_reader reader;
			uint64_t i;

			maar__broadcast_start_at(ring, 0 - (uint64_t)capacity);
			for (i = 0; i < n; i++)
				unit_eq(publish(ring, i), 1);
			unit_eq(maar_broadcast_watch(ring, &reader, MAAR_BROADCAST_OLDEST), 0);
			for (i = n < kept ? 0 : n - kept; i < n; i++)
				must_read(&reader, i, 0);
			must_not_read(&reader);
			maar_broadcast_destroy(ring);
		}
	}
}
END_TEST

/* A watcher in a ring that a joined reader gates misses nothing as long as it keeps within a capacity. */
START_TEST(watches_beside_a_reader)
{
	struct maar_broadcast *ring;
	struct maar_broadcast_reader joined, watcher;
	uint64_t i;

	if (!makes[_i].watched)
		return;
	ring = new_broadcast(8, 3, 1, makes[_i].flags);
	unit_eq(maar_broadcast_join(ring, &joined, 0), 0);
	unit_eq(maar_broadcast_watch(ring, &watcher, 0), 0);
	for (i = 0; i < 8; i++)
		unit_eq(publish(ring, i), 1);
	unit_eq(publish(ring, 8), 0);
	for (i = 0; i < 8; i++)
		must_read(&watcher, i, 0);
	must_not_read(&watcher);
	for (i = 0; i < 8; i++)
		must_read(&joined, i, 0);
	for (; i < 20; i++) {
		unit_eq(publish(ring, i), 1);
		must_read(&joined, i, 0);
	}
	must_read(&watcher, 14, 6);
	maar_broadcast_destroy(ring);
}
END_TEST

START_TEST(latest)
{
	size_t k;

	for (k = 0; k < COUNT_OF(capacities); k++) {
		struct maar_broadcast *ring = new_broadcast(capacities[k], 7, 1, makes[_i].flags);
		const uint64_t start = 0 - (uint64_t)capacities[k] - 1;
		uint64_t element[MOST_WORDS], position, i;

		maar__broadcast_start_at(ring, start);
		unit_eq(maar_broadcast_latest(ring, element, &position), 0);
		for (i = 0; i < 3 * capacities[k]; i++) {
			unit_eq(publish(ring, i), 1);
			if (!makes[_i].watched) {
				unit_eq(maar_broadcast_latest(ring, element, &position), 0);
				continue;
			}
			unit_eq(maar_broadcast_latest(ring, element, &position), 1);
			unit_must(is(element, i, 7));
			unit_eq(position, start + i);
			unit_eq(maar_broadcast_latest(ring, element, NULL), 1);
		}
		maar_broadcast_destroy(ring);
	}
}
END_TEST

/* ---- many ---- */

/* At a level of `level` unread messages, n more: in bulk and in a burst, read back by bursts of every size. */
static void many_at(const struct make *make, size_t capacity, size_t level, size_t n, bool bulk)
{
	const size_t room = capacity - level, words = 3, fits = n <= room ? n : bulk ? 0 : room;
	struct maar_broadcast *ring = new_broadcast(capacity, words, 1, make->flags);
	struct maar_broadcast_reader reader;
	uint64_t elements[(MOST + 3) * 3], missed;
	size_t i, k, size;

	maar__broadcast_start_at(ring, 0 - (uint64_t)capacity);
	unit_eq(maar_broadcast_join(ring, &reader, 0), 0);
	for (i = 0; i < level; i++)
		unit_eq(publish(ring, i), 1);
	for (i = 0; i < n; i++)
		fill(&elements[i * words], level + i, words);
	unit_eq((bulk ? maar_broadcast_publish_bulk : maar_broadcast_publish_burst)(ring, elements, n), fits);
	unit_eq(maar_broadcast_lag(&reader), level + fits);
	size = n ? n : 1;
	for (i = 0; i < level + fits; i += k) {
		elements[size * words] = 77;
		k = maar_broadcast_read_burst(&reader, elements, size, &missed);
		unit_eq(missed, 0);
		unit_eq(k, level + fits - i < size ? level + fits - i : size);
		unit_eq(elements[size * words], 77);
		for (size_t j = 0; j < k; j++)
			unit_must(is(&elements[j * words], i + j, words));
	}
	unit_eq(maar_broadcast_read_burst(&reader, elements, size, NULL), 0);
	maar_broadcast_destroy(ring);
}

START_TEST(many)
{
	static const size_t sizes[] = { 1, 2, 4, 8 };
	size_t k, level, n;

	for (k = 0; k < COUNT_OF(sizes); k++)
		for (level = 0; level <= sizes[k]; level++)
			for (n = 0; n <= sizes[k] + 2; n++) {
				many_at(&makes[_i], sizes[k], level, n, true);
				many_at(&makes[_i], sizes[k], level, n, false);
			}
	many_at(&makes[_i], MOST, 1, MOST - 1, true);
	many_at(&makes[_i], MOST, 1, MOST, true);
	many_at(&makes[_i], MOST, 1, MOST + 1, false);
}
END_TEST

/* n = 0, and n so large that a sum with it would overflow. */
START_TEST(absurd_n)
{
	static const size_t absurd[] = { SIZE_MAX, SIZE_MAX / 2 + 1, SIZE_MAX / 8 + 1 };
	struct maar_broadcast *ring = new_broadcast(4, 1, 1, makes[_i].flags);
	struct maar_broadcast_reader reader;
	uint64_t elements[4] = { 1, 2, 3, 4 }, missed = 7;
	size_t i;

	unit_eq(maar_broadcast_join(ring, &reader, 0), 0);
	unit_eq(maar_broadcast_publish_bulk(ring, elements, 0), 0);
	unit_eq(maar_broadcast_publish_burst(ring, elements, 0), 0);
	for (i = 0; i < COUNT_OF(absurd); i++) {
		unit_eq(maar_broadcast_publish_bulk(ring, elements, absurd[i]), 0);
		/* only as many as fit are looked at, so there need not be so much of the array */
		unit_eq(maar_broadcast_publish_burst(ring, elements, absurd[i]), 4);
		unit_eq(maar_broadcast_read_burst(&reader, elements, 0, &missed), 0);
		unit_eq(missed, 0);
		unit_eq(maar_broadcast_read_burst(&reader, elements, absurd[i], &missed), 4);
		unit_eq(elements[3], 4);
	}
	maar_broadcast_destroy(ring);
}
END_TEST

/* A burst ends before a gap; the next call tells it. */
START_TEST(burst_with_gaps)
{
	struct maar_broadcast *ring;
	struct maar_broadcast_reader reader;
	uint64_t elements[32], missed, next = 0, in = 0;
	struct unit_rng rng = unit_rng(3);
	size_t k, i, round;

	if (!makes[_i].watched)
		return;
	ring = new_broadcast(16, 1, 0, makes[_i].flags);
	unit_eq(maar_broadcast_watch(ring, &reader, 0), 0);
	for (round = 0; round < 3000; round++) {
		for (i = (size_t)unit_random_below(&rng, 40); i > 0; i--)
			unit_eq(publish(ring, in++), 1);
		k = maar_broadcast_read_burst(&reader, elements, (size_t)unit_random_below(&rng, 33), &missed);
		next += missed;
		for (i = 0; i < k; i++)
			unit_must(is(&elements[i], next + i, 1));
		next += k;
		unit_eq(maar_broadcast_lag(&reader), in - next);
	}
	maar_broadcast_destroy(ring);
}
END_TEST

/* ---- in place ---- */

START_TEST(in_place)
{
	struct maar_broadcast *ring = new_broadcast(4, 7, 2, MAAR_BROADCAST_IN_PLACE);
	struct maar_broadcast_reader reader;
	const void *seen;
	uint64_t i;
	void *place;

	unit_eq(maar_broadcast_join(ring, &reader, 0), 0);
	unit_eq(maar_broadcast_commit(ring), 0);
	for (i = 0; i < 20; i++) {
		ck_assert_ptr_null(maar_broadcast_peek(&reader));
		unit_eq(maar_broadcast_release(&reader), 0);
		place = maar_broadcast_reserve(ring);
		ck_assert_ptr_nonnull(place);
		ck_assert_ptr_eq(maar_broadcast_reserve(ring), place);
		unit_eq((uintptr_t)place % sizeof(uint64_t), 0);
		fill(place, i, 7);
		ck_assert_ptr_null(maar_broadcast_peek(&reader));
		must_not_read(&reader);
		unit_eq(maar_broadcast_commit(ring), 1);
		unit_eq(maar_broadcast_commit(ring), 0);
		seen = maar_broadcast_peek(&reader);
		ck_assert_ptr_eq(seen, place);
		ck_assert_ptr_eq(maar_broadcast_peek(&reader), place);
		unit_must(is(seen, i, 7));
		unit_eq(maar_broadcast_release(&reader), 1);
	}
	/* full: nothing to reserve; what was reserved may be left, and publish takes its place */
	for (; i < 24; i++)
		unit_eq(publish(ring, i), 1);
	ck_assert_ptr_null(maar_broadcast_reserve(ring));
	unit_eq(maar_broadcast_commit(ring), 0);
	must_read(&reader, 20, 0);
	ck_assert_ptr_nonnull(maar_broadcast_reserve(ring));
	unit_eq(maar_broadcast_check(ring), -EBUSY);
	unit_eq(publish(ring, 24), 1);
	unit_eq(maar_broadcast_commit(ring), 0);
	for (i = 21; i < 25; i++)
		must_read(&reader, i, 0);
	unit_eq(maar_broadcast_check(ring), 0);
	maar_broadcast_destroy(ring);
}
END_TEST

/* peek and release work in every make; reserve and commit in one only. */
START_TEST(peek)
{
	struct maar_broadcast *ring = new_broadcast(2, 3, 1, makes[_i].flags);
	struct maar_broadcast_reader reader, watcher;
	uint64_t i;

	unit_eq(maar_broadcast_join(ring, &reader, 0), 0);
	for (i = 0; i < 10; i++) {
		unit_eq(publish(ring, i), 1);
		unit_must(is(maar_broadcast_peek(&reader), i, 3));
		unit_eq(maar_broadcast_lag(&reader), 1);
		unit_eq(maar_broadcast_release(&reader), 1);
		unit_eq(maar_broadcast_release(&reader), 0);
	}
	if (makes[_i].watched) {
		ck_assert_ptr_null(maar_broadcast_reserve(ring));
		unit_eq(maar_broadcast_commit(ring), 0);
		unit_eq(maar_broadcast_watch(ring, &watcher, 0), 0);
		unit_eq(publish(ring, i), 1);
		ck_assert_ptr_null(maar_broadcast_peek(&watcher)); /* it would not stay */
		unit_eq(maar_broadcast_release(&watcher), 0);
		must_read(&watcher, i, 0);
	}
	maar_broadcast_destroy(ring);
}
END_TEST

/* ---- the suite; threads: test_broadcast_threads.c ---- */

Suite *unit_suite(void)
{
	Suite *suite = suite_create("broadcast");
	TCase *joined = unit_tcase(suite, "joined"), *watching = unit_tcase(suite, "watching");
	TCase *more = unit_tcase(suite, "many"), *place = unit_tcase(suite, "in place");

	tcase_add_loop_test(joined, gated, 0, MAKES);
	tcase_add_loop_test(joined, nobody_gates, 0, MAKES);
	tcase_add_loop_test(watching, watched, 0, MAKES);
	tcase_add_loop_test(watching, watches_the_past, 0, MAKES);
	tcase_add_loop_test(watching, watches_beside_a_reader, 0, MAKES);
	tcase_add_loop_test(watching, latest, 0, MAKES);
	tcase_add_loop_test(more, many, 0, MAKES);
	tcase_add_loop_test(more, absurd_n, 0, MAKES);
	tcase_add_loop_test(more, burst_with_gaps, 0, MAKES);
	tcase_add_test(place, in_place);
	tcase_add_loop_test(place, peek, 0, MAKES);
	return suite;
}
