/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * There is no pointer in a ring, so its bytes copied elsewhere are a ring of its own, with the same in it. If create made
 * the first, destroying the copy must not give back memory that it does not lie in.
 */
#include "common.h"

#include <maar/batch_ring.h>
#include <maar/broadcast.h>
#include <maar/byte_ring.h>
#include <maar/record_ring.h>
#include <maar/ring.h>
#include <maar/slot_ring.h>

#include <sys/mman.h>
#include <unistd.h>

/* What is in all of them. */
static const uint64_t word = UINT64_C(0x123456789);
static const uint32_t handle = 77;

/* The last is the body of `take`: whether it finds what `put_with` put. */
#define KIND(kind, bytes_of, create_with, put_with, ...)                                                               \
	static void *kind##_new(void)                                                                                  \
	{                                                                                                              \
		struct maar_##kind *ring = create_with;                                                                \
                                                                                                                       \
		ck_assert_ptr_nonnull(ring);                                                                           \
		unit_eq(put_with, 1);                                                                                  \
		return ring;                                                                                           \
	}                                                                                                              \
	static size_t kind##_size(void)                                                                                \
	{                                                                                                              \
		return bytes_of;                                                                                       \
	}                                                                                                              \
	static int kind##_ok(const void *ring)                                                                         \
	{                                                                                                              \
		return maar_##kind##_check(ring);                                                                      \
	}                                                                                                              \
	static bool kind##_take(void *memory)                                                                          \
	{                                                                                                              \
		struct maar_##kind *ring = memory;                                                                     \
                                                                                                                       \
		__VA_ARGS__                                                                                            \
	}                                                                                                              \
	static void kind##_end(void *ring)                                                                             \
	{                                                                                                              \
		maar_##kind##_destroy(ring);                                                                           \
	}

/* clang-format off */
KIND(ring, maar_ring_bytes(8, MAAR_RING_TICKET), maar_ring_create(8, MAAR_RING_TICKET), maar_ring_enqueue(ring, word),
	uint64_t got = 0;
	return maar_ring_dequeue(ring, &got) == 1 && got == word;)
KIND(slot_ring, maar_slot_ring_bytes(8, 8, 0), maar_slot_ring_create(8, 8, 0), maar_slot_ring_enqueue(ring, &word),
	uint64_t got = 0;
	return maar_slot_ring_dequeue(ring, &got) == 1 && got == word;)
KIND(batch_ring, maar_batch_ring_bytes(8, 4, 0), maar_batch_ring_create(8, 4, 0), maar_batch_ring_enqueue(ring, &handle, 1),
	uint32_t got[4] = { 0 };
	return maar_batch_ring_dequeue(ring, got, 4) == 1 && got[0] == handle;)
KIND(record_ring, maar_record_ring_bytes(64), maar_record_ring_create(64, 0), maar_record_ring_enqueue(ring, &word, 8),
	uint64_t got = 0;
	return maar_record_ring_dequeue(ring, &got, 8, NULL) == 1 && got == word;)
KIND(byte_ring, maar_byte_ring_bytes(64), maar_byte_ring_create(64, 0), maar_byte_ring_put_all(ring, &word, 8) == 8,
	uint64_t got = 0;
	return maar_byte_ring_get(ring, &got, 8) == 8 && got == word;)
KIND(broadcast, maar_broadcast_bytes(8, 8, 1), maar_broadcast_create(8, 8, 1, 0), maar_broadcast_publish(ring, &word),
	uint64_t got = 0;
	uint64_t position;
	return maar_broadcast_latest(ring, &got, &position) == 1 && got == word;)

#define ROW(kind) { kind##_size, kind##_new, kind##_ok, kind##_take, kind##_end }
/* clang-format on */

static const struct {
	size_t (*size)(void);
	void *(*create)(void); /* with something in it */
	int (*check)(const void *ring);
	bool (*take)(void *ring); /* that it was there */
	void (*destroy)(void *ring);
} kinds[] = { ROW(ring), ROW(slot_ring), ROW(batch_ring), ROW(record_ring), ROW(byte_ring), ROW(broadcast) };

static bool is_mapped(void *ring)
{
	return msync(ring, (size_t)sysconf(_SC_PAGESIZE), MS_ASYNC) == 0;
}

START_TEST(bytes)
{
	const size_t n = kinds[_i].size();
	struct unit_place first = unit_place(n), second = unit_place(n);
	void *ring = kinds[_i].create();

	memcpy(first.memory, ring, n);
	memcpy(second.memory, first.memory, n);
	unit_eq(kinds[_i].check(first.memory), 0);
	unit_must(kinds[_i].take(first.memory));
	kinds[_i].destroy(first.memory);
	unit_eq(kinds[_i].check(first.memory), -EINVAL);
	unit_must(is_mapped(ring));

	unit_eq(kinds[_i].check(ring), 0);
	unit_must(kinds[_i].take(ring));
	kinds[_i].destroy(ring);
	unit_must(!is_mapped(ring));

	unit_eq(kinds[_i].check(second.memory), 0);
	unit_must(kinds[_i].take(second.memory));
	kinds[_i].destroy(second.memory);
	unit_place_end(&first);
	unit_place_end(&second);
}
END_TEST

/* The same where the copy is page-aligned, as what create makes is: then giving back the wrong memory would succeed. */
START_TEST(pages)
{
	const size_t n = kinds[_i].size();
	void *ring = kinds[_i].create();
	void *copy = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	unit_must(copy != MAP_FAILED);
	memcpy(copy, ring, n);
	kinds[_i].destroy(copy);
	unit_must(is_mapped(copy));
	unit_must(is_mapped(ring));
	unit_eq(munmap(copy, n), 0);
	unit_must(kinds[_i].take(ring));
	kinds[_i].destroy(ring);
	unit_must(!is_mapped(ring));
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("copies");
	TCase *tcase = unit_tcase(suite, "copies");

	tcase_add_loop_test(tcase, bytes, 0, COUNT_OF(kinds));
	tcase_add_loop_test(tcase, pages, 0, COUNT_OF(kinds));
	return suite;
}
