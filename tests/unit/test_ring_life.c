/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The life of a ring: sizes, init in the caller's memory, create, refusals, drain, destroy, dump.
 */
#include "ring_modes.h"

#include <maar/version.h>

#include <sys/mman.h>
#include <unistd.h>

#define BEYOND ((size_t)MAAR_RING_MAX_CAPACITY + 1)

/* ---- sizes ---- */

START_TEST(bytes_needed)
{
	const size_t header = sizeof(struct maar_ring), cell = sizeof(struct maar_ring_cell), small = sizeof(uint64_t);

	unit_eq(maar_ring_bytes(1, MAAR_RING_MPMC), header + cell);
	unit_eq(maar_ring_bytes(2, MAAR_RING_MPMC), header + 2 * cell);
	unit_eq(maar_ring_bytes(3, MAAR_RING_MPMC), header + 4 * cell);
	unit_eq(maar_ring_bytes(1000, MAAR_RING_SPMC), header + 2048 * cell);
	unit_eq(maar_ring_bytes(1000, MAAR_RING_SPMC | MAAR_RING_EXACT), header + 1024 * cell);
	unit_eq(maar_ring_bytes(16, MAAR_RING_SPMC), header + 16 * cell);
	/* a single consumer, unless exact or small, has twice the cells */
	unit_eq(maar_ring_bytes(16, MAAR_RING_SPSC), header + 16 * cell);
	unit_eq(maar_ring_bytes(17, MAAR_RING_SPSC), header + 64 * cell);
	unit_eq(maar_ring_bytes(17, MAAR_RING_SPSC | MAAR_RING_EXACT), header + 32 * cell);
	/* half the size */
	unit_eq(maar_ring_bytes(1000, MAAR_RING_HANDLE), header + 1024 * small);
	unit_eq(maar_ring_bytes(1000, MAAR_RING_HANDLE | MAAR_RING_MPSC), header + 2048 * small);
	unit_eq(maar_ring_bytes(1000, MAAR_RING_SPAN | MAAR_RING_SPSC), header + 2048 * small);
#if SIZE_MAX > UINT32_MAX
	unit_eq(maar_ring_bytes(MAAR_RING_MAX_CAPACITY, 0), header + (size_t)MAAR_RING_MAX_CAPACITY * cell);
	unit_eq(maar_ring_bytes(MAAR_RING_MAX_CAPACITY, MAAR_RING_SC),
		header + (size_t)MAAR_RING_MAX_CAPACITY * 2 * cell);
	unit_eq(maar_ring_bytes(MAAR_RING_MAX_CAPACITY / 2 + 1, 0), header + (size_t)MAAR_RING_MAX_CAPACITY * cell);
#else
	unit_eq(maar_ring_bytes(MAAR_RING_MAX_CAPACITY, 0), 0);
#endif
	unit_eq(maar_ring_bytes(0, 0), 0);
	unit_eq(maar_ring_bytes(BEYOND, 0), 0);
	unit_eq(maar_ring_bytes(SIZE_MAX, 0), 0);
	unit_eq(maar_ring_bytes(SIZE_MAX / 16, 0), 0);
	unit_eq(maar_ring_bytes(8, 1u << 7), 0);
	unit_eq(maar_ring_bytes(8, MAAR_RING_SPAN), 0);
}
END_TEST

/* ---- init ---- */

/* A round of use: full, empty, order. */
static void use(struct maar_ring *ring, size_t capacity)
{
	uint64_t value;
	size_t i, n;

	unit_eq(maar_ring_capacity(ring), capacity);
	unit_eq(maar_ring_dequeue(ring, &value), 0);
	for (n = 0; n < capacity; n++)
		unit_eq(maar_ring_enqueue(ring, n + 1), 1);
	while (n < ring->limit && maar_ring_enqueue(ring, n + 1))
		n++;
	unit_eq(maar_ring_enqueue(ring, 0), 0);
	for (i = 0; i < n; i++) {
		unit_eq(maar_ring_dequeue(ring, &value), 1);
		unit_eq(value, i + 1);
	}
	unit_eq(maar_ring_dequeue(ring, &value), 0);
}

/* In exactly the bytes asked for; again in the same memory; and destroy leaves the memory to its owner. */
START_TEST(init_in_place)
{
	static const size_t asked[][2] = { { 1, 1 }, { 2, 2 }, { 3, 4 }, { 8, 8 }, { 64, 64 }, { 1000, 1024 } };
	const unsigned flags = modes[_i].flags;
	size_t k;

	for (k = 0; k < COUNT_OF(asked); k++) {
		struct unit_place place = unit_place(maar_ring_bytes(asked[k][0], flags));
		struct maar_ring *ring = (void *)place.memory;

		unit_eq(maar_ring_init(ring, place.bytes, asked[k][0], flags), 0);
		unit_eq(maar_ring_flags(ring), flags);
		use(ring, asked[k][1]);
		unit_eq(maar_ring_enqueue(ring, 7), 1);
		unit_eq(maar_ring_init(ring, place.bytes, asked[k][0], flags), 0);
		unit_eq(maar_ring_empty(ring), 1);
		use(ring, asked[k][1]);
		maar_ring_destroy(ring);
		unit_place_end(&place);
	}
}
END_TEST

/* Each refusal of init, of create with the same request, and what init says. */
static const struct {
	const char *what;
	size_t capacity;
	unsigned flags;
	int error;
} refusals[] = {
	{ "capacity 0", 0, MAAR_RING_SPSC, EINVAL },
	{ "unknown flag", 8, 1u << 7, EINVAL },
	{ "unknown flag", 8, MAAR_RING_SPSC | 1u << 31, EINVAL },
	{ "SP and TICKET", 8, MAAR_RING_SP | MAAR_RING_TICKET, EINVAL },
	{ "SPSC and TICKET", 8, MAAR_RING_SPSC | MAAR_RING_TICKET, EINVAL },
	{ "a span of many producers", 8, MAAR_RING_SPAN | MAAR_RING_SC, EINVAL },
	{ "a span of many consumers", 8, MAAR_RING_SPAN | MAAR_RING_SP, EINVAL },
	{ "a span of handles", 8, MAAR_RING_SPAN | MAAR_RING_SPSC | MAAR_RING_HANDLE, EINVAL },
	{ "overwriting beside a single consumer", 8, MAAR_RING_OVERWRITE | MAAR_RING_SC, EINVAL },
	{ "overwriting beside a single consumer", 8, MAAR_RING_OVERWRITE | MAAR_RING_SPSC, EINVAL },
	{ "beyond the most", BEYOND, MAAR_RING_SPSC, EOVERFLOW },
	{ "absurd", SIZE_MAX, MAAR_RING_SPSC, EOVERFLOW },
	{ "bytes overflow to a small number", SIZE_MAX / 16 + 2, MAAR_RING_SPSC, EOVERFLOW },
#if !MAAR_HAVE_CAS2
	{ "lock-free without an instruction for it", 8, MAAR_RING_MPMC, ENOTSUP },
	{ "lock-free without an instruction for it", 8, MAAR_RING_MPSC, ENOTSUP },
#endif
};

START_TEST(refused)
{
	struct unit_place place = unit_place(maar_ring_bytes(8, MAAR_RING_SPSC));

	errno = 0;
	unit_eq(maar_ring_init(place.memory, place.bytes, refusals[_i].capacity, refusals[_i].flags),
		-refusals[_i].error);
	ck_assert_msg(maar_ring_create(refusals[_i].capacity, refusals[_i].flags) == NULL, "created: %s",
		      refusals[_i].what);
	unit_eq(errno, refusals[_i].error);
	unit_place_untouched(&place);
	unit_place_end(&place);
}
END_TEST

/* Refusals that only init has: they are about the memory and the caller. */
START_TEST(init_refused)
{
	struct unit_place place = unit_place(maar_ring_bytes(8, MAAR_RING_SPSC));
	const size_t bytes = place.bytes;
	size_t off;

	unit_eq(maar_ring_init(NULL, bytes, 8, MAAR_RING_SPSC), -EINVAL);
	for (off = 1; off < MAAR_APART; off++)
		unit_eq(maar_ring_init(place.memory + off, bytes, 8, MAAR_RING_SPSC), -EINVAL);
	unit_eq(maar_ring_init(place.memory, bytes - 1, 8, MAAR_RING_SPSC), -ENOSPC);
	unit_eq(maar_ring_init(place.memory, 0, 8, MAAR_RING_SPSC), -ENOSPC);
	unit_eq(maar_ring_init(place.memory, bytes, 9, MAAR_RING_SPSC), -ENOSPC);
	unit_eq(maar_ring_init(place.memory, bytes, MAAR_RING_MAX_CAPACITY, MAAR_RING_SPSC), -ENOSPC);
	unit_eq(maar_ring_init_layout(place.memory, bytes, 8, MAAR_RING_SPSC, MAAR_RING_LAYOUT + 1), -EPROTO);
	unit_eq(maar_ring_init_layout(place.memory, bytes, 8, MAAR_RING_SPSC, MAAR_RING_LAYOUT - 1), -EPROTO);
	unit_eq(maar_ring_init_layout(place.memory, bytes, 8, MAAR_RING_SPSC, 0), -EPROTO);
	errno = 0;
	ck_assert_msg(maar_ring_create_layout(8, MAAR_RING_SPSC, MAAR_RING_LAYOUT - 1) == NULL, "created");
	unit_eq(errno, EPROTO);
	unit_place_untouched(&place);
	unit_eq(maar_ring_init_layout(place.memory, bytes, 8, MAAR_RING_SPSC, MAAR_RING_LAYOUT), 0);
	maar_ring_destroy((void *)place.memory);
	unit_place_end(&place);
}
END_TEST

/* The largest ring until the system has no more: it grants memory that is not touched, but addresses come to an end. */
START_TEST(create_without_memory)
{
	struct maar_ring *rings[8192 + 1];
	const size_t most = maar_ring_bytes(MAAR_RING_MAX_CAPACITY, 0) ? MAAR_RING_MAX_CAPACITY : (size_t)1 << 26;
	size_t n = 0;

	/* 32 GiB each, so this is 256 TiB: the addresses of 48 bits. (With 32-bit addresses: 1 GiB each.) */
	errno = 0;
	while (n < COUNT_OF(rings) && (rings[n] = maar_ring_create(most, MAAR_RING_SPMC)) != NULL)
		n++;
	ck_assert_uint_lt(n, COUNT_OF(rings));
	unit_eq(errno, ENOMEM);
	while (n)
		maar_ring_destroy(rings[--n]);
}
END_TEST

/* ---- memory ---- */

/* Zeroed memory is an empty ring: create leaves the cells to be touched when used. */
START_TEST(create_touches_no_cell)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE), capacity = (size_t)1 << 20;
	const size_t bytes = maar_ring_bytes(capacity, modes[_i].flags), pages = bytes / page;
	struct maar_ring *ring = maar_ring_create(capacity, modes[_i].flags);
	unsigned char *resident = malloc(pages + 1);
	size_t i, there = 0;

	ck_assert_ptr_nonnull(ring);
	ck_assert_ptr_nonnull(resident);
	unit_eq(mincore(ring, bytes, resident), 0);
	for (i = 0; i < pages; i++)
		there += resident[i] & 1;
	/* The first lines were written; they may lie in one huge page, which is 2 MiB of 8 or more. */
	ck_assert_uint_le(there, ((size_t)2 << 20) / page);
	ck_assert_uint_ge(there, 1);
	free(resident);
	use(ring, capacity);
	maar_ring_destroy(ring);
}
END_TEST

/* No pointers inside: a byte copy, half full and half way around, is a ring of its own. */
START_TEST(moves_to_another_address)
{
	struct unit_place here = unit_place(maar_ring_bytes(8, MAAR_RING_SPSC)),
			  there = unit_place(maar_ring_bytes(8, MAAR_RING_SPSC));
	struct maar_ring *ring = (void *)here.memory, *copy = (void *)there.memory;
	uint64_t value, i;

	unit_eq(maar_ring_init(ring, here.bytes, 8, modes[_i].flags), 0);
	for (i = 0; i < 6; i++)
		unit_eq(maar_ring_enqueue(ring, i), 1);
	for (i = 0; i < 3; i++)
		unit_eq(maar_ring_dequeue(ring, &value), 1);
	for (i = 6; i < 10; i++)
		unit_eq(maar_ring_enqueue(ring, i), 1);
	memcpy(copy, ring, here.bytes);
	memset(ring, 0xff, here.bytes);
	unit_eq(maar_ring_count(copy), 7);
	unit_eq(maar_ring_check(copy), 0);
	unit_eq(maar_ring_enqueue(copy, 10), 1);
	unit_eq(maar_ring_enqueue(copy, 11), 0);
	for (i = 3; i < 11; i++) {
		unit_eq(maar_ring_dequeue(copy, &value), 1);
		unit_eq(value, i);
	}
	use(copy, 8);
	maar_ring_destroy(copy);
	unit_place_end(&here);
	unit_place_end(&there);
}
END_TEST

/* ---- drain and destroy ---- */

struct seen {
	uint64_t values[16];
	size_t n;
};

static void note_value(uint64_t value, void *arg)
{
	struct seen *seen = arg;

	ck_assert_uint_lt(seen->n, COUNT_OF(seen->values));
	seen->values[seen->n++] = value;
}

/* A ring of 8 that holds 3 to 9: its cells have gone round. */
static struct maar_ring *seven_values(unsigned flags)
{
	struct maar_ring *ring = maar_ring_create(8, flags);
	uint64_t value, i;

	ck_assert_ptr_nonnull(ring);
	for (i = 0; i < 10; i++) {
		unit_eq(maar_ring_enqueue(ring, i), 1);
		if (i < 3)
			unit_eq(maar_ring_dequeue(ring, &value), 1);
	}
	return ring;
}

static void check_seven(const struct seen *seen)
{
	size_t i;

	unit_eq(seen->n, 7);
	for (i = 0; i < 7; i++)
		unit_eq(seen->values[i], i + 3);
}

START_TEST(drain)
{
	struct maar_ring *ring = seven_values(modes[_i].flags);
	struct seen seen = { .n = 0 };

	unit_eq(maar_ring_drain(ring, note_value, &seen), 7);
	check_seven(&seen);
	unit_eq(maar_ring_empty(ring), 1);
	unit_eq(maar_ring_drain(ring, note_value, &seen), 0);
	unit_eq(seen.n, 7);
	use(ring, 8);
	unit_eq(maar_ring_enqueue(ring, 1), 1);
	unit_eq(maar_ring_drain(ring, NULL, NULL), 1);
	maar_ring_destroy(ring);
}
END_TEST

/* Puts each value back in, as a producer would that is never done. */
static void feed(uint64_t value, void *arg)
{
	unit_eq(maar_ring_enqueue(arg, value), 1);
}

/* A drain ends though values keep coming: what was there, and at most one capacity more. */
START_TEST(drain_ends)
{
	struct maar_ring *ring = seven_values(modes[_i].flags);
	size_t n = maar_ring_drain(ring, feed, ring);

	ck_assert_uint_ge(n, 7);
	ck_assert_uint_le(n, 7 + 8);
	unit_eq(maar_ring_count(ring), 7);
	maar_ring_destroy(ring);
}
END_TEST

START_TEST(destroy_each)
{
	struct seen seen = { .n = 0 };
	struct unit_place place = unit_place(maar_ring_bytes(8, MAAR_RING_SPSC));

	maar_ring_destroy_each(seven_values(modes[_i].flags), note_value, &seen);
	check_seven(&seen);
	maar_ring_destroy_each(seven_values(modes[_i].flags), NULL, NULL);
	maar_ring_destroy(seven_values(modes[_i].flags));

	/* in the caller's memory: destroyed again, it is no ring any more, and nothing happens */
	unit_eq(maar_ring_init(place.memory, place.bytes, 8, modes[_i].flags), 0);
	unit_eq(maar_ring_enqueue((void *)place.memory, 5), 1);
	seen.n = 0;
	maar_ring_destroy_each((void *)place.memory, note_value, &seen);
	maar_ring_destroy_each((void *)place.memory, note_value, &seen);
	unit_eq(seen.n, 1);
	unit_eq(seen.values[0], 5);
	unit_place_end(&place);
}
END_TEST

START_TEST(destroy_null)
{
	struct seen seen = { .n = 0 };

	maar_ring_destroy(NULL);
	maar_ring_destroy_each(NULL, note_value, &seen);
	unit_eq(seen.n, 0);
}
END_TEST

/* ---- dump ---- */

START_TEST(dump)
{
	const unsigned flags = modes[_i].flags;
	struct maar_ring *ring = seven_values(modes[_i].flags);
	struct unit_text text;
	char *said;

	unit_text_open(&text);
	unit_eq(maar_ring_dump(ring, text.to), 0);
	said = unit_text_close(&text);
	unit_assert_contains(said, flags & MAAR_RING_SP ? "one producer, " : "many producers, ");
	unit_assert_contains(said, flags & MAAR_RING_SC ? "one consumer, " : "many consumers, ");
	unit_assert_contains(said, flags & MAAR_RING_TICKET ? ", ticket, "
				   : flags & MAAR_RING_SP   ? ", wait-free producer, "
							    : ", lock-free, ");
	unit_assert_contains(said, flags & MAAR_RING_HANDLE ? ", handles"
				   : flags & MAAR_RING_SPAN ? ", words in a span\n"
							    : ", words");
	ck_assert((strstr(said, "may overwrite\n") != NULL) == !!(flags & MAAR_RING_OVERWRITE));
	unit_assert_contains(said, "capacity 8 (at most 8), count 7, free 1\n");
	unit_assert_contains(said, "next to take 3, to fill 10; free before 11\n");
	unit_assert_contains(said, "[3] 0x0000000000000003\n");
	unit_assert_contains(said, "[9] 0x0000000000000009\n");
	ck_assert_msg(strstr(said, "[10]") == NULL && strstr(said, "more") == NULL, "more than is there:\n%s", said);
	free(said);
	unit_eq(maar_ring_count(ring), 7); /* takes nothing out */
	maar_ring_destroy(ring);
}
END_TEST

START_TEST(dump_shows_some)
{
	struct maar_ring *ring = maar_ring_create(64, MAAR_RING_SPSC);
	struct unit_text text;
	char *said;
	uint64_t i;

	ck_assert_ptr_nonnull(ring);
	for (i = 0; i < 64; i++)
		unit_eq(maar_ring_enqueue(ring, i), 1);
	unit_text_open(&text);
	unit_eq(maar_ring_dump(ring, text.to), 0);
	said = unit_text_close(&text);
	unit_assert_contains(said, "[15] 0x000000000000000f\n  ... and 48 more\n");
	free(said);
	maar_ring_destroy(ring);
}
END_TEST

START_TEST(dump_refused)
{
	struct unit_place place = unit_place(maar_ring_bytes(1, MAAR_RING_SPSC));
	struct maar_ring *ring = maar_ring_create(1, MAAR_RING_SPSC);
	FILE *full = unit_full_file();

	ck_assert_ptr_nonnull(ring);
	unit_eq(maar_ring_dump(NULL, stderr), -EINVAL);
	unit_eq(maar_ring_dump(ring, NULL), -EINVAL);
	unit_eq(maar_ring_dump((void *)place.memory, stderr), -EINVAL); /* no ring */
	unit_eq(maar_ring_init(place.memory, place.bytes, 1, MAAR_RING_SPSC), 0);
	maar_ring_destroy((void *)place.memory);
	unit_eq(maar_ring_dump((void *)place.memory, stderr), -EINVAL); /* a ring no more */
	unit_eq(maar_ring_dump(ring, full), -EIO);
	ring->mask = UINT64_MAX >> 8; /* overwritten by something: its cells may be anywhere */
	unit_eq(maar_ring_dump(ring, stderr), -EBADMSG);
	ring->mask = 0;
	fclose(full);
	maar_ring_destroy(ring);
	unit_place_end(&place);
}
END_TEST

/* ---- no ring at all ---- */

START_TEST(null_ring)
{
	uint64_t value = 7;
	void *pointer = &value;

	unit_eq(maar_ring_enqueue(NULL, 1), 0);
	unit_eq(maar_ring_enqueue_sp(NULL, 1), 0);
	unit_eq(maar_ring_enqueue_mp(NULL, 1), 0);
	unit_eq(maar_ring_enqueue_burst(NULL, &value, 1), 0);
	unit_eq(maar_ring_enqueue_ptr(NULL, &value), 0);
	unit_eq(maar_ring_enqueue_burst_ptr(NULL, &pointer, 1), 0);
	unit_eq(maar_ring_dequeue(NULL, &value), 0);
	unit_eq(maar_ring_dequeue_sc(NULL, &value), 0);
	unit_eq(maar_ring_dequeue_mc(NULL, &value), 0);
	unit_eq(maar_ring_dequeue_bulk(NULL, &value, 1), 0);
	ck_assert_ptr_null(maar_ring_dequeue_ptr(NULL));
	unit_eq(maar_ring_drain(NULL, NULL, NULL), 0);
	unit_eq(maar_ring_capacity(NULL), 0);
	unit_eq(maar_ring_flags(NULL), 0);
	unit_eq(maar_ring_count(NULL), 0);
	unit_eq(maar_ring_free_count(NULL), 0);
	unit_eq(maar_ring_empty(NULL), 1);
	unit_eq(maar_ring_full(NULL), 1);
	unit_eq(maar_ring_has_enqueue_bulk(NULL), 0);
	unit_eq(maar_ring_peek(NULL, &value, 1), 0);
	unit_eq(maar_ring_release(NULL, 1), 0);
	unit_eq(maar_ring_enqueue_overwrite(NULL, 1, NULL, NULL), 0);
	unit_eq(maar_ring_check(NULL), -EINVAL);
	unit_eq(value, 7);
}
END_TEST

START_TEST(version)
{
	ck_assert_str_eq(maar_version(), MAAR_VERSION);
}
END_TEST

/* ---- the suite ---- */

Suite *unit_suite(void)
{
	Suite *suite = suite_create("ring life");
	TCase *init = unit_tcase(suite, "init"), *memory = unit_tcase(suite, "memory");
	TCase *end = unit_tcase(suite, "end"), *dumps = unit_tcase(suite, "dump");

	tcase_add_test(init, bytes_needed);
	tcase_add_loop_test(init, init_in_place, 0, MODES);
	tcase_add_loop_test(init, refused, 0, (int)COUNT_OF(refusals));
	tcase_add_test(init, init_refused);
	tcase_add_test(init, create_without_memory);
	tcase_add_loop_test(memory, create_touches_no_cell, 0, MODES);
	tcase_add_loop_test(memory, moves_to_another_address, 0, MODES);
	tcase_add_loop_test(end, drain, 0, MODES);
	tcase_add_loop_test(end, drain_ends, 0, MODES);
	tcase_add_loop_test(end, destroy_each, 0, MODES);
	tcase_add_test(end, destroy_null);
	tcase_add_loop_test(dumps, dump, 0, MODES);
	tcase_add_test(dumps, dump_shows_some);
	tcase_add_test(dumps, dump_refused);
	tcase_add_test(init, null_ring);
	tcase_add_test(init, version);
	return suite;
}
