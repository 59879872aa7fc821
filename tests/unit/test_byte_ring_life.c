/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The life of a byte ring: sizes, init in the caller's memory, create in both forms, refusals, fork, reset, destroy,
 * check, dump.
 */
#include "byte_rings.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define MOST   MAAR_BYTE_RING_MAX_CAPACITY
#define HEADER sizeof(struct maar_byte_ring)

/* ---- sizes ---- */

START_TEST(bytes_needed)
{
	unit_eq(maar_byte_ring_bytes(1), HEADER + 1);
	unit_eq(maar_byte_ring_bytes(2), HEADER + 2);
	unit_eq(maar_byte_ring_bytes(3), HEADER + 4);
	unit_eq(maar_byte_ring_bytes(1000), HEADER + 1024);
	unit_eq(maar_byte_ring_bytes(0), 0);
	unit_eq(maar_byte_ring_bytes(SIZE_MAX), 0);
	unit_eq(maar_byte_ring_bytes(SIZE_MAX / 2 + 2), 0);
#if SIZE_MAX > UINT32_MAX
	unit_eq(maar_byte_ring_bytes(MOST), HEADER + MOST);
	unit_eq(maar_byte_ring_bytes(MOST / 2 + 1), HEADER + MOST);
	unit_eq(maar_byte_ring_bytes(MOST + 1), 0);
#endif
}
END_TEST

/* ---- init ---- */

/* A round of use: full, empty, order. */
static void use(struct maar_byte_ring *ring, size_t capacity)
{
	check_count(ring, 0);
	unit_eq(maar_byte_ring_capacity(ring), capacity);
	unit_eq(maar_byte_ring_put_all(ring, stream_at(9), capacity), capacity);
	unit_eq(maar_byte_ring_put(ring, stream_at(0), 1), 0);
	check_drains(ring, 9, capacity);
}

/* In exactly the bytes asked for; again in the same memory; and destroy leaves the memory to its owner. */
START_TEST(init_in_place)
{
	static const size_t asked[] = { 1, 2, 3, 8, 64, 1000 };
	size_t k;

	for (k = 0; k < COUNT_OF(asked); k++) {
		struct unit_place place = unit_place(maar_byte_ring_bytes(asked[k]));
		struct maar_byte_ring *ring = (void *)place.memory;
		const size_t capacity = place.bytes - HEADER;

		unit_eq(maar_byte_ring_init(ring, place.bytes, asked[k], 0), 0);
		unit_eq(maar_byte_ring_flags(ring), 0);
		use(ring, capacity);
		unit_eq(maar_byte_ring_put(ring, "x", 1), 1);
		unit_eq(maar_byte_ring_init(ring, place.bytes, asked[k], 0), 0);
		use(ring, capacity);
		maar_byte_ring_destroy(ring);
		unit_eq(maar_byte_ring_check(ring), -EINVAL);
		maar_byte_ring_destroy(ring); /* no ring any more: nothing happens */
		unit_place_end(&place);
	}
}
END_TEST

/* Refusals that init and create share. */
static const struct {
	const char *what;
	size_t capacity;
	unsigned flags;
	int error;
} refusals[] = {
	{ "capacity 0", 0, 0, EINVAL },
	{ "unknown flag", 8, 1u << 1, EINVAL },
	{ "unknown flag", 8, 1u << 31, EINVAL },
	{ "absurd", SIZE_MAX, 0, EOVERFLOW },
	{ "rounded up beyond size_t", SIZE_MAX / 2 + 2, 0, EOVERFLOW },
#if SIZE_MAX > UINT32_MAX
	{ "beyond the most", MOST + 1, 0, EOVERFLOW },
#endif
};

START_TEST(refused)
{
	struct unit_place place = unit_place(maar_byte_ring_bytes(8));
	size_t i;

	unit_eq(maar_byte_ring_init(place.memory, place.bytes, refusals[_i].capacity, refusals[_i].flags),
		-refusals[_i].error);
	for (i = 0; i < 2; i++) {
		errno = 0;
		ck_assert_msg(maar_byte_ring_create(refusals[_i].capacity, refusals[_i].flags | (unsigned)i) == NULL,
			      "created: %s", refusals[_i].what);
		unit_eq(errno, refusals[_i].error);
	}
	unit_place_untouched(&place);
	unit_place_end(&place);
}
END_TEST

/* Refusals that only init has: they are about the memory and the caller. */
START_TEST(init_refused)
{
	struct unit_place place = unit_place(maar_byte_ring_bytes(8));
	const size_t bytes = place.bytes;
	size_t off;

	unit_eq(maar_byte_ring_init(NULL, bytes, 8, 0), -EINVAL);
	for (off = 1; off < MAAR_APART; off++)
		unit_eq(maar_byte_ring_init(place.memory + off, bytes, 8, 0), -EINVAL);
	unit_eq(maar_byte_ring_init(place.memory, bytes, 8, MAAR_BYTE_RING_MIRROR), -EINVAL);
	unit_eq(maar_byte_ring_init(place.memory, bytes - 1, 8, 0), -ENOSPC);
	unit_eq(maar_byte_ring_init(place.memory, 0, 8, 0), -ENOSPC);
	unit_eq(maar_byte_ring_init(place.memory, bytes, 9, 0), -ENOSPC);
	unit_eq(maar_byte_ring_init_layout(place.memory, bytes, 8, 0, MAAR_BYTE_RING_LAYOUT + 1), -EPROTO);
	unit_eq(maar_byte_ring_init_layout(place.memory, bytes, 8, 0, 0), -EPROTO);
	unit_place_untouched(&place);
	unit_eq(maar_byte_ring_init_layout(place.memory, bytes, 8, 0, MAAR_BYTE_RING_LAYOUT), 0);
	maar_byte_ring_destroy((void *)place.memory);
	unit_place_end(&place);
}
END_TEST

/* No pointers inside: a byte copy, half full and half way around, is a ring of its own. */
START_TEST(moves_to_another_address)
{
	struct unit_place here = unit_place(maar_byte_ring_bytes(8)), there = unit_place(maar_byte_ring_bytes(8));
	struct maar_byte_ring *ring = (void *)here.memory, *copy = (void *)there.memory;

	unit_eq(maar_byte_ring_init(ring, here.bytes, 8, 0), 0);
	unit_eq(maar_byte_ring_put(ring, stream_at(0), 6), 6);
	unit_eq(maar_byte_ring_skip(ring, 3), 3);
	unit_eq(maar_byte_ring_put(ring, stream_at(6), 4), 4);
	memcpy(copy, ring, here.bytes);
	memset(ring, 0xff, here.bytes);
	check_drains(copy, 3, 7);
	use(copy, 8);
	maar_byte_ring_destroy(copy);
	unit_place_end(&here);
	unit_place_end(&there);
}
END_TEST

/* ---- create ---- */

/* What was asked, rounded up: to a power of two, and to a page if mirrored. Pages are touched only as they are used. */
START_TEST(create_rounds_up)
{
	static const size_t asked[] = { 1, 2, 3, 64, 1000, 4097, 65537, 1000000 };
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t k;

	for (k = 0; k < COUNT_OF(asked); k++) {
		struct maar_byte_ring *plain = maar_byte_ring_create(asked[k], 0);
		struct maar_byte_ring *mirrored = maar_byte_ring_create(asked[k], MAAR_BYTE_RING_MIRROR);
		size_t capacity = 1;

		ck_assert_ptr_nonnull(plain);
		ck_assert_ptr_nonnull(mirrored);
		while (capacity < asked[k])
			capacity *= 2;
		unit_eq(maar_byte_ring_capacity(plain), capacity);
		unit_eq(maar_byte_ring_capacity(mirrored), capacity < page ? page : capacity);
		unit_eq(maar_byte_ring_flags(plain), 0);
		unit_eq(maar_byte_ring_flags(mirrored), MAAR_BYTE_RING_MIRROR);
		check_count(plain, 0);
		check_count(mirrored, 0);
		maar_byte_ring_destroy(plain);
		maar_byte_ring_destroy(mirrored);
	}
}
END_TEST

/* Resident pages of `bytes` bytes from a page on. */
static size_t resident(void *from, size_t bytes)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE), pages = (bytes + page - 1) / page;
	unsigned char *is = malloc(pages);
	size_t i, n = 0;

	ck_assert_ptr_nonnull(is);
	unit_eq(mincore(from, bytes, is), 0);
	for (i = 0; i < pages; i++)
		n += is[i] & 1;
	free(is);
	return n;
}

START_TEST(create_touches_little)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE), capacity = (size_t)1 << 24;
	struct maar_byte_ring *ring = maar_byte_ring_create(capacity, (unsigned)_i);

	ck_assert_ptr_nonnull(ring);
	/* The first line was written; it may lie in one huge page, which is 2 MiB of the 16. */
	ck_assert_uint_le(resident(ring, capacity), ((size_t)2 << 20) / page);
	ck_assert_uint_ge(resident(ring, capacity), 1);
	maar_byte_ring_destroy(ring);
}
END_TEST

/* The largest ring until the system has no more: it grants memory that is not touched, but addresses come to an end. */
START_TEST(create_without_memory)
{
	struct maar_byte_ring *rings[8192 + 1];
	const size_t most = sizeof(size_t) > 4 ? (size_t)MOST : (size_t)1 << 29;
	size_t n = 0;

	errno = 0;
	while (n < COUNT_OF(rings) && (rings[n] = maar_byte_ring_create(most, (unsigned)_i)) != NULL)
		n++;
	ck_assert_uint_lt(n, COUNT_OF(rings));
	unit_eq(errno, ENOMEM);
	while (n)
		maar_byte_ring_destroy(rings[--n]);
}
END_TEST

/* Under a limit of the process a mirrored ring is refused, and no signal comes; a plain one knows no such limit. */
static void create_under(int resource, rlim_t most, int error)
{
	struct rlimit before, lower;
	struct maar_byte_ring *mirrored, *plain;
	int reason;

	unit_eq(getrlimit(resource, &before), 0);
	lower = before;
	lower.rlim_cur = most;
	unit_eq(setrlimit(resource, &lower), 0);
	errno = 0;
	mirrored = maar_byte_ring_create(65536, MAAR_BYTE_RING_MIRROR);
	reason = errno;
	plain = maar_byte_ring_create(65536, 0);
	unit_eq(setrlimit(resource, &before), 0); /* before a check that fails writes to a file */
	ck_assert_ptr_null(mirrored);
	unit_eq(reason, error);
	ck_assert_ptr_nonnull(plain);
	maar_byte_ring_destroy(plain);
}

START_TEST(create_under_limits)
{
	create_under(RLIMIT_FSIZE, 65536, EFBIG);
	create_under(RLIMIT_NOFILE, 0, EMFILE);
}
END_TEST

/* ---- fork ---- */

/* How long to wait for the other process: by counts, each a turn given away. */
static void get_from_other(struct maar_byte_ring *ring, uint64_t from, size_t n)
{
	uint8_t bytes[64];
	uint64_t at = from;

	while (at < from + n) {
		const size_t k = maar_byte_ring_get(ring, bytes, sizeof(bytes));

		if (k == 0)
			pace_yield();
		unit_eq(memcmp(bytes, stream_at(at), k), 0);
		at += k;
	}
}

#define THROUGH_FORK 200000

/* A mirrored ring is one ring for parent and child, one on each side; each destroys it for itself. */
START_TEST(mirrored_is_shared_after_fork)
{
	struct maar_byte_ring *ring = maar_byte_ring_create(1, MAAR_BYTE_RING_MIRROR);
	size_t in = 0;
	int status;
	pid_t child;

	ck_assert_ptr_nonnull(ring);
	stream_at(0);
	child = fork();
	unit_must(child >= 0);
	if (child == 0) {
		get_from_other(ring, 0, THROUGH_FORK);
		maar_byte_ring_destroy(ring);
		_exit(0);
	}
	while (in < THROUGH_FORK) {
		const size_t left = THROUGH_FORK - in;
		const size_t k = maar_byte_ring_put(ring, stream_at(in), left < 1000 ? left : 1000);

		if (k == 0)
			pace_yield();
		in += k;
	}
	unit_eq(waitpid(child, &status, 0), child);
	unit_eq(status, 0);
	use(ring, maar_byte_ring_capacity(ring)); /* which the child's destroy did not end */
	maar_byte_ring_destroy(ring);
}
END_TEST

/* A plain ring is two rings after fork. */
START_TEST(plain_is_copied_at_fork)
{
	struct maar_byte_ring *ring = maar_byte_ring_create(64, 0);
	int status;
	pid_t child;

	ck_assert_ptr_nonnull(ring);
	unit_eq(maar_byte_ring_put(ring, stream_at(0), 10), 10);
	child = fork();
	unit_must(child >= 0);
	if (child == 0) {
		check_drains(ring, 0, 10);
		maar_byte_ring_destroy(ring);
		_exit(0);
	}
	unit_eq(waitpid(child, &status, 0), child);
	unit_eq(status, 0);
	check_drains(ring, 0, 10);
	maar_byte_ring_destroy(ring);
}
END_TEST

/* ---- reset and destroy ---- */

START_TEST(reset)
{
	struct maar_byte_ring *ring = byte_ring_of(&forms[_i]);
	const size_t capacity = maar_byte_ring_capacity(ring);
	struct iovec spans[2];

	byte_ring_set(ring, UINT64_MAX - 1, capacity);
	unit_eq(maar_byte_ring_skip(ring, 1), 1);
	unit_eq(maar_byte_ring_write_spans(ring, spans, 1), 1);
	maar_byte_ring_reset(ring);
	unit_eq(maar_byte_ring_commit(ring, 1), 0);
	use(ring, capacity);
	unit_eq(ring->tail, capacity); /* it began at 0 */
	maar_byte_ring_destroy(ring);
}
END_TEST

START_TEST(destroy_null)
{
	maar_byte_ring_destroy(NULL);
}
END_TEST

/* ---- check ---- */

/* A ring of 8 whose fields all differ: 5 bytes in it, 2 more offered. */
static void prepare(struct unit_place *place)
{
	struct maar_byte_ring *ring = (void *)place->memory;
	struct iovec spans[2];
	uint8_t byte;

	unit_eq(maar_byte_ring_init(ring, place->bytes, 8, 0), 0);
	maar__byte_ring_start_at(ring, 100);
	unit_eq(maar_byte_ring_put(ring, stream_at(0), 3), 3);
	unit_eq(maar_byte_ring_get(ring, &byte, 1), 1);
	unit_eq(maar_byte_ring_put(ring, stream_at(0), 3), 3);
	unit_eq(maar_byte_ring_write_spans(ring, spans, 2), 2);
	unit_eq(maar_byte_ring_check(ring), 0);
}

/* Each field with each bit turned: found, unless the field is still within what it may be. */
START_TEST(check_finds)
{
	static const struct {
		const char *name;
		size_t at, bytes;
		uint64_t least, most; /* what is sound, relative to what stands there */
	} fields[] = {
#define FIELD(name, least, most)                                                                                       \
	{ #name, offsetof(struct maar_byte_ring, name), sizeof(((struct maar_byte_ring *)0)->name), (uint64_t)(least), \
	  (uint64_t)(most) }
		FIELD(magic, 0, 0), FIELD(layout, 0, 0), FIELD(flags, 0, 0), FIELD(owns, 0, UINT64_MAX),
		FIELD(capacity, 0, 0), FIELD(mask, 0, 0), FIELD(data_at, 0, 0), FIELD(reach, 0, 0),
		/* at tail 106, head_seen 100, offered 2, head 101, tail_seen 103, by prepare */
		FIELD(tail, -3, 0),	 /* not before tail_seen; no room for the offer behind it */
		FIELD(head_seen, 0, 1),	 /* no room for the offer before it; not behind head */
		FIELD(offered, -2, 0),	 /* it is all the room there is */
		FIELD(head, -1, 2),	 /* from head_seen to tail_seen */
		FIELD(tail_seen, -2, 3), /* from head to tail */
	};
	struct unit_place place = unit_place(maar_byte_ring_bytes(8));
	struct maar_byte_ring *ring = (void *)place.memory;
	uint32_t owns;
	size_t bit;

	for (bit = 0; bit < 8 * fields[_i].bytes; bit++) {
		uint64_t was = 0, is = 0;
		bool sound;

		prepare(&place);
		memcpy(&was, place.memory + fields[_i].at, fields[_i].bytes);
		place.memory[fields[_i].at + bit / 8] ^= (unsigned char)(1u << bit % 8);
		memcpy(&is, place.memory + fields[_i].at, fields[_i].bytes);
		sound = is - was - fields[_i].least <= fields[_i].most - fields[_i].least;
		ck_assert_msg((maar_byte_ring_check(ring) == 0) == sound, "%s, bit %zu: %d", fields[_i].name, bit,
			      maar_byte_ring_check(ring));
	}
	prepare(&place);
	ring->magic = 0;
	unit_eq(maar_byte_ring_check(ring), -EINVAL);
	prepare(&place);
	ring->layout++;
	unit_eq(maar_byte_ring_check(ring), -EPROTO);
	prepare(&place);
	ring->mask++;
	unit_eq(maar_byte_ring_check(ring), -EBADMSG);
	unit_place_end(&place);
	ring = maar_byte_ring_create(8, MAAR_BYTE_RING_MIRROR);
	ck_assert_ptr_nonnull(ring);
	owns = ring->owns;
	ring->owns = 0; /* memory of the caller's is never mirrored */
	unit_eq(maar_byte_ring_check(ring), -EBADMSG);
	ring->owns = owns;
	unit_eq(maar_byte_ring_check(ring), 0);
	maar_byte_ring_destroy(ring);
}
END_TEST
#define FIELDS 13

/* ---- dump ---- */

START_TEST(dump)
{
	struct maar_byte_ring *ring = maar_byte_ring_create(8, _i ? MAAR_BYTE_RING_MIRROR : 0);
	struct unit_text text;
	char *said, counts[100];

	ck_assert_ptr_nonnull(ring);
	byte_ring_set(ring, 3, 7);
	unit_text_open(&text);
	unit_eq(maar_byte_ring_dump(ring, text.to), 0);
	said = unit_text_close(&text);
	unit_assert_contains(said, _i ? "one producer, one consumer, mirrored\n" : "one producer, one consumer\n");
	snprintf(counts, sizeof(counts), "capacity %zu, count 7, free %zu\n", maar_byte_ring_capacity(ring),
		 maar_byte_ring_capacity(ring) - 7);
	unit_assert_contains(said, counts);
	unit_assert_contains(said, "head 3, tail 10\n");
	free(said);
	check_drains(ring, 0, 7); /* takes nothing out */
	maar_byte_ring_destroy(ring);
}
END_TEST

START_TEST(dump_refused)
{
	struct unit_place place = unit_place(maar_byte_ring_bytes(1));
	struct maar_byte_ring *ring = maar_byte_ring_create(1, 0);
	FILE *full = unit_full_file();

	ck_assert_ptr_nonnull(ring);
	unit_eq(maar_byte_ring_dump(NULL, stderr), -EINVAL);
	unit_eq(maar_byte_ring_dump(ring, NULL), -EINVAL);
	unit_eq(maar_byte_ring_dump((void *)place.memory, stderr), -EINVAL); /* no ring */
	unit_eq(maar_byte_ring_dump(ring, full), -EIO);
	fclose(full);
	maar_byte_ring_destroy(ring);
	unit_place_end(&place);
}
END_TEST

/* ---- the suite ---- */

Suite *unit_suite(void)
{
	Suite *suite = suite_create("byte ring life");
	TCase *init = unit_tcase(suite, "init"), *create = unit_tcase(suite, "create");
	TCase *forks = unit_tcase(suite, "fork"), *end = unit_tcase(suite, "end"), *rest = unit_tcase(suite, "rest");

	tcase_add_test(init, bytes_needed);
	tcase_add_test(init, init_in_place);
	tcase_add_loop_test(init, refused, 0, (int)COUNT_OF(refusals));
	tcase_add_test(init, init_refused);
	tcase_add_test(init, moves_to_another_address);
	tcase_add_test(create, create_rounds_up);
	tcase_add_loop_test(create, create_touches_little, 0, 2);
	tcase_add_loop_test(create, create_without_memory, 0, 2);
	tcase_add_test(create, create_under_limits);
	tcase_add_test(forks, mirrored_is_shared_after_fork);
	tcase_add_test(forks, plain_is_copied_at_fork);
	tcase_add_loop_test(end, reset, 0, FORMS);
	tcase_add_test(end, destroy_null);
	tcase_add_loop_test(rest, check_finds, 0, FIELDS);
	tcase_add_loop_test(rest, dump, 0, 2);
	tcase_add_test(rest, dump_refused);
	return suite;
}
