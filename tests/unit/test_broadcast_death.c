/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Broadcast rings in which somebody died inside a call, as the traces that it left in memory; check, which finds them and
 * any damage; dump.
 */
#include "broadcast_modes.h"

/* ---- deaths inside a call, as their traces in memory ---- */

/* Inside join, after the gate was taken: producers find no room, the supervisor finds the gate and evicts. */
START_TEST(dead_joiner)
{
	struct maar_broadcast *ring = new_broadcast(4, 1, 2, makes[_i].flags);
	struct maar_broadcast_reader reader;
	uint64_t id, lag, i;

	for (i = 0; i < 9; i++)
		unit_eq(publish(ring, i), 1);
	maar_a_store(maar__broadcast_gate(ring, 1), (uint64_t)MAAR__GATE_JOINING << 32, RELAXED);
	for (i = 0; publish(ring, i); i++)
		unit_must(i < 4);
	unit_eq(maar_broadcast_check(ring), -EBUSY);
	id = maar_broadcast_slowest(ring, &lag);
	unit_must(id != 0);
	unit_eq(lag, 4);
	unit_eq(maar_broadcast_evict(ring, id), 0);
	unit_eq(maar_broadcast_check(ring), 0);
	unit_eq(publish(ring, 0), 1);
	unit_eq(maar_broadcast_join(ring, &reader, 0), 0);
	maar_broadcast_destroy(ring);
}
END_TEST

/* A single producer after the mark, after some words, and after the lap but before the tail: the next one goes on. */
START_TEST(dead_producer)
{
	struct maar_broadcast *ring = new_broadcast(4, 3, 1, 0);
	struct maar_broadcast_reader reader, watcher;
	uint64_t i;

	unit_eq(maar_broadcast_join(ring, &reader, 0), 0);
	unit_eq(maar_broadcast_watch(ring, &watcher, 0), 0);
	for (i = 0; i < 10; i++) {
		uint64_t *cell = maar__broadcast_cell(ring, i);

		unit_eq(maar__broadcast_tail_sp(ring), i);
		maar_a_store(cell, maar__broadcast_lap(ring, i) - 1, RELAXED);
		maar_a_store(&cell[1], 77, RELAXED);
		must_not_read(&reader);
		must_not_read(&watcher);
		unit_eq(maar_broadcast_check(ring), -EBUSY);
		unit_eq(publish(ring, i), 1);
		maar_a_store(&ring->tail, i, RELAXED); /* as if it had died before moving the tail */
		unit_eq(maar_broadcast_check(ring), -EBUSY);
		must_read(&reader, i, 0);
		unit_eq(maar_broadcast_lag(&reader), 0);
		unit_eq(maar_broadcast_check(ring), -EBUSY);
		must_read(&watcher, i, 0);
	}
	unit_eq(publish(ring, i), 1);
	must_read(&reader, i, 0);
	must_read(&watcher, i, 0);
	unit_eq(maar_broadcast_check(ring), 0);
	maar_broadcast_destroy(ring);
}
END_TEST

/* One of many between claim and fill: readers stop there; the others go on for a lap, then get 0; torn is nothing. */
START_TEST(dead_among_many)
{
	struct maar_broadcast *ring = new_broadcast(4, 3, 1, MAAR_BROADCAST_MP);
	struct maar_broadcast_reader watcher;
	uint64_t element[3], position, i;

	unit_eq(maar_broadcast_watch(ring, &watcher, 0), 0);
	for (i = 0; i < 6; i++) {
		unit_eq(publish(ring, i), 1);
		must_read(&watcher, i, 0);
	}
	unit_must(maar__broadcast_room(ring, 6, 1, MAAR__BROADCAST_BULK) >= 1);
	maar_a_store(&ring->tail, 7, RELAXED); /* position 6 is claimed */
	unit_eq(maar_broadcast_check(ring), -EBUSY);
	unit_eq(maar_broadcast_latest(ring, element, &position), 1);
	unit_eq(position, 5);
	for (i = 7; i < 10; i++) {
		unit_eq(publish(ring, i), 1);
		must_not_read(&watcher);
		unit_eq(maar_broadcast_latest(ring, element, &position), 1);
		unit_eq(position, i);
	}
	unit_eq(publish(ring, 10), 0);
	unit_eq(maar_broadcast_publish_burst(ring, element, 1), 0);
	unit_eq(maar_broadcast_check(ring), -EBUSY);
	fill(element, 6, 3); /* it was only asleep */
	maar__broadcast_fill(ring, 6, element);
	unit_eq(maar_broadcast_check(ring), 0);
	for (i = 6; i < 10; i++)
		must_read(&watcher, i, 0);
	unit_eq(publish(ring, 10), 1);
	must_read(&watcher, 10, 0);
	maar_broadcast_destroy(ring);
}
END_TEST

/* ---- check and dump ---- */

/* Each damage, planted in a sound ring, and what check says. */
START_TEST(check_finds)
{
	static const struct {
		const char *what;
		size_t offset; /* of a 32-bit word */
		uint32_t flip;
	} damages[] = {
		{ "layout", offsetof(struct maar_broadcast, layout), 2 },
		{ "flags", offsetof(struct maar_broadcast, flags), 1u << 9 },
		{ "capacity", offsetof(struct maar_broadcast, capacity), 1 },
		{ "mask", offsetof(struct maar_broadcast, mask), 1 },
		{ "element", offsetof(struct maar_broadcast, element), 3 },
		{ "consumers", offsetof(struct maar_broadcast, consumers), 1u << 20 },
		{ "cells", offsetof(struct maar_broadcast, cells), 8 },
		{ "tail", offsetof(struct maar_broadcast, tail), 64 },
		{ "floor", offsetof(struct maar_broadcast, floor), 64 },
		{ "a gate's state", sizeof(struct maar_broadcast) + 4, 1 },
		{ "a gate's position", sizeof(struct maar_broadcast), 64 },
		{ "a lap", sizeof(struct maar_broadcast) + 2 * MAAR_APART, 128 },
	};
	struct maar_broadcast *ring = new_broadcast(8, 1, 2, makes[_i].flags);
	struct maar_broadcast_reader reader;
	size_t i, k;

	unit_eq(maar_broadcast_join(ring, &reader, 0), 0);
	for (i = 0; i < 5; i++)
		unit_eq(publish(ring, i), 1);
	for (k = 0; k < COUNT_OF(damages); k++) {
		uint32_t *word = (uint32_t *)((uintptr_t)ring + damages[k].offset);

		unit_eq(maar_broadcast_check(ring), 0);
		*word ^= damages[k].flip;
		ck_assert_msg(maar_broadcast_check(ring) == -EBADMSG, "not found: %s", damages[k].what);
		*word ^= damages[k].flip;
	}
	unit_eq(maar_broadcast_check(NULL), -EINVAL);
	ring->magic ^= 1;
	unit_eq(maar_broadcast_check(ring), -EINVAL);
	ring->magic ^= 1;
	maar_broadcast_destroy(ring);
}
END_TEST

START_TEST(dump)
{
	static const char *const made[] = { "one producer, elements of 24 bytes\n",
					    "many producers, elements of 24 bytes\n",
					    "one producer, elements of 24 bytes, filled in place\n" };
	struct maar_broadcast *ring = new_broadcast(16, 3, 4, makes[_i].flags);
	struct maar_broadcast_reader reader;
	struct unit_text text;
	char *said;
	uint64_t i;

	unit_eq(maar_broadcast_join(ring, &reader, 0), 0);
	for (i = 0; i < 12; i++)
		unit_eq(publish(ring, i), 1);
	must_read(&reader, 0, 0);
	maar_a_store(maar__broadcast_gate(ring, 3), (uint64_t)MAAR__GATE_JOINING << 32, RELAXED);
	unit_text_open(&text);
	unit_eq(maar_broadcast_dump(ring, text.to), 0);
	said = unit_text_close(&text);
	unit_assert_contains(said, made[_i]);
	unit_assert_contains(said, "capacity 16, published 12, joined 2 of 4\n");
	unit_assert_contains(said, "tail 12, floor 0\n");
	unit_assert_contains(said, "reader 0x1 at gate 0, behind by 11\n");
	unit_assert_contains(said, "reader 0x4 at gate 3, joining\n");
	unit_assert_contains(said, "[4] 0x");
	unit_assert_contains(said, "[11] 0x");
	ck_assert_ptr_null(strstr(said, "[3]"));
	ck_assert_ptr_null(strstr(said, "[12]"));
	free(said);
	maar_a_store(maar__broadcast_cell(ring, 11), maar__broadcast_lap(ring, 11) - 1, RELAXED);
	unit_text_open(&text);
	unit_eq(maar_broadcast_dump(ring, text.to), 0);
	said = unit_text_close(&text);
	unit_assert_contains(said, "[11] (being written)\n");
	free(said);
	maar_broadcast_destroy(ring);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("broadcast death");
	TCase *deaths = unit_tcase(suite, "deaths"), *debug = unit_tcase(suite, "debug");

	tcase_add_loop_test(deaths, dead_joiner, 0, MAKES);
	tcase_add_test(deaths, dead_producer);
	tcase_add_test(deaths, dead_among_many);
	tcase_add_loop_test(debug, check_finds, 0, MAKES);
	tcase_add_loop_test(debug, dump, 0, MAKES);
	return suite;
}
