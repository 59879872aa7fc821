/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The life of a broadcast ring, its readers' coming, going and eviction, and every refusal. Deaths inside a call, check
 * and dump: test_broadcast_death.c.
 */
#include "broadcast_modes.h"

#include <sys/mman.h>
#include <unistd.h>

/* ---- sizes, init, create ---- */

START_TEST(bytes_needed)
{
	const size_t header = sizeof(struct maar_broadcast);

	unit_eq(maar_broadcast_bytes(1, 8, 0), header + 16);
	unit_eq(maar_broadcast_bytes(3, 8, 0), header + 4 * 16);
	unit_eq(maar_broadcast_bytes(1000, 56, 5), header + (size_t)1024 * 64 + (size_t)5 * 128);
	unit_eq(maar_broadcast_bytes(1, MAAR_BROADCAST_MAX_ELEMENT, 0), header + 8 + 65536);
	unit_eq(maar_broadcast_bytes(1, 8, MAAR_BROADCAST_MAX_CONSUMERS), header + 16 + (size_t)1024 * 128);
#if SIZE_MAX > UINT32_MAX
	unit_eq(maar_broadcast_bytes(MAAR_BROADCAST_MAX_CAPACITY, MAAR_BROADCAST_MAX_ELEMENT, 0),
		header + ((size_t)1 << 30) * 65544);
#else
	unit_eq(maar_broadcast_bytes(MAAR_BROADCAST_MAX_CAPACITY, 8, 0), 0);
#endif
	unit_eq(maar_broadcast_bytes(0, 8, 0), 0);
	unit_eq(maar_broadcast_bytes(8, 0, 0), 0);
	unit_eq(maar_broadcast_bytes(8, 7, 0), 0);
	unit_eq(maar_broadcast_bytes((size_t)MAAR_BROADCAST_MAX_CAPACITY + 1, 8, 0), 0);
	unit_eq(maar_broadcast_bytes(SIZE_MAX, 8, 0), 0);
	unit_eq(maar_broadcast_bytes(8, MAAR_BROADCAST_MAX_ELEMENT + 8, 0), 0);
	unit_eq(maar_broadcast_bytes(8, SIZE_MAX - 7, 0), 0);
	unit_eq(maar_broadcast_bytes(8, 8, MAAR_BROADCAST_MAX_CONSUMERS + 1), 0);
	unit_eq(maar_broadcast_bytes(8, 8, SIZE_MAX), 0);
}
END_TEST

/* Publishes and reads a few laps. */
static void use(struct maar_broadcast *ring)
{
	struct maar_broadcast_reader reader;
	const bool joins = maar_broadcast_consumers(ring) > 0;
	uint64_t i;

	if (joins)
		unit_eq(maar_broadcast_join(ring, &reader, 0), 0);
	else
		unit_eq(maar_broadcast_watch(ring, &reader, 0), 0);
	for (i = 0; i < 3 * maar_broadcast_capacity(ring) + 1; i++) {
		unit_eq(publish(ring, i), 1);
		must_read(&reader, i, 0);
	}
	unit_eq(maar_broadcast_leave(&reader), 0);
	unit_eq(maar_broadcast_check(ring), 0);
}

/* In exactly the bytes asked for, twice in the same memory; a byte copy is a ring of its own. */
START_TEST(init_in_place)
{
	static const size_t asked[] = { 1, 2, 3, 8, 1000 };
	size_t k, w, consumers;

	for (k = 0; k < COUNT_OF(asked); k++)
		for (w = 0; w < COUNT_OF(words_of); w++)
			for (consumers = makes[_i].watched ? 0 : 1; consumers <= 2; consumers++) {
				const size_t element = words_of[w] * 8;
				struct unit_place place =
					unit_place(maar_broadcast_bytes(asked[k], element, consumers));
				struct unit_place other =
					unit_place(maar_broadcast_bytes(asked[k], element, consumers));
				struct maar_broadcast *ring = (void *)place.memory, *copy = (void *)other.memory;
				int round;

				for (round = 0; round < 2; round++) {
					unit_eq(maar_broadcast_init(ring, place.bytes, asked[k], element, consumers,
								    makes[_i].flags),
						0);
					unit_must(maar_broadcast_capacity(ring) >= asked[k]);
					unit_must(maar_broadcast_capacity(ring) < 2 * asked[k]);
					unit_eq(maar_broadcast_element(ring), element);
					unit_eq(maar_broadcast_consumers(ring), consumers);
					unit_eq(maar_broadcast_flags(ring), makes[_i].flags);
					unit_eq(maar_broadcast_published(ring), 0);
					use(ring);
				}
				memcpy(copy, ring, place.bytes);
				memset(ring, 0xff, place.bytes);
				use(copy);
				maar_broadcast_destroy(copy);
				maar_broadcast_destroy(copy); /* a ring no more: nothing happens */
				unit_place_end(&place);
				unit_place_end(&other);
			}
}
END_TEST

static const struct {
	const char *what;
	size_t capacity, element, consumers;
	unsigned flags;
	int error;
} refusals[] = {
	{ "capacity 0", 0, 8, 1, 0, EINVAL },
	{ "element 0", 8, 0, 1, 0, EINVAL },
	{ "element of 4 bytes", 8, 4, 1, 0, EINVAL },
	{ "element of 12 bytes", 8, 12, 1, 0, EINVAL },
	{ "unknown flag", 8, 8, 1, 1u << 2, EINVAL },
	{ "unknown flag", 8, 8, 1, 1u << 31, EINVAL },
	{ "many producers in place", 8, 8, 1, MAAR_BROADCAST_MP | MAAR_BROADCAST_IN_PLACE, EINVAL },
	{ "in place for nobody", 8, 8, 0, MAAR_BROADCAST_IN_PLACE, EINVAL },
	{ "capacity", (size_t)MAAR_BROADCAST_MAX_CAPACITY + 1, 8, 1, 0, EOVERFLOW },
	{ "capacity", SIZE_MAX, 8, 1, 0, EOVERFLOW },
	{ "element", 8, MAAR_BROADCAST_MAX_ELEMENT + 8, 1, 0, EOVERFLOW },
	{ "element", 8, SIZE_MAX - 7, 1, 0, EOVERFLOW },
	{ "consumers", 8, 8, MAAR_BROADCAST_MAX_CONSUMERS + 1, 0, EOVERFLOW },
	{ "consumers", 8, 8, SIZE_MAX, 0, EOVERFLOW },
#if SIZE_MAX == UINT32_MAX
	{ "bytes", MAAR_BROADCAST_MAX_CAPACITY, 8, 1, 0, EOVERFLOW },
#endif
};

START_TEST(refused)
{
	struct unit_place place = unit_place(maar_broadcast_bytes(8, 8, 1));

	errno = 0;
	unit_eq(maar_broadcast_init(place.memory, place.bytes, refusals[_i].capacity, refusals[_i].element,
				    refusals[_i].consumers, refusals[_i].flags),
		-refusals[_i].error);
	ck_assert_msg(maar_broadcast_create(refusals[_i].capacity, refusals[_i].element, refusals[_i].consumers,
					    refusals[_i].flags) == NULL,
		      "created: %s", refusals[_i].what);
	unit_eq(errno, refusals[_i].error);
	unit_place_untouched(&place);
	unit_place_end(&place);
}
END_TEST

START_TEST(init_refused)
{
	struct unit_place place = unit_place(maar_broadcast_bytes(8, 8, 1));
	const size_t bytes = place.bytes;
	size_t off;

	unit_eq(maar_broadcast_init(NULL, bytes, 8, 8, 1, 0), -EINVAL);
	for (off = 1; off < MAAR_APART; off++)
		unit_eq(maar_broadcast_init(place.memory + off, bytes, 8, 8, 1, 0), -EINVAL);
	unit_eq(maar_broadcast_init(place.memory, bytes - 1, 8, 8, 1, 0), -ENOSPC);
	unit_eq(maar_broadcast_init(place.memory, 0, 8, 8, 1, 0), -ENOSPC);
	unit_eq(maar_broadcast_init(place.memory, bytes, 8, 8, 2, 0), -ENOSPC);
	unit_eq(maar_broadcast_init(place.memory, bytes, 8, 24, 1, 0), -ENOSPC);
	unit_eq(maar_broadcast_init_layout(place.memory, bytes, 8, 8, 1, 0, MAAR_BROADCAST_LAYOUT + 1), -EPROTO);
	unit_eq(maar_broadcast_init_layout(place.memory, bytes, 8, 8, 1, 0, 0), -EPROTO);
	unit_place_untouched(&place);
	unit_eq(maar_broadcast_init_layout(place.memory, bytes, 8, 8, 1, 0, MAAR_BROADCAST_LAYOUT), 0);
	unit_place_end(&place);
}
END_TEST

/* The largest rings until the system has no more addresses. */
START_TEST(create_without_memory)
{
	struct maar_broadcast *rings[16];
	const size_t most = SIZE_MAX > UINT32_MAX ? MAAR_BROADCAST_MAX_CAPACITY : (size_t)1 << 14;
	size_t n = 0;

	errno = 0; /* 64 TiB each */
	while (n < COUNT_OF(rings) &&
	       (rings[n] = maar_broadcast_create(most, MAAR_BROADCAST_MAX_ELEMENT, 0, 0)) != NULL)
		n++;
	ck_assert_uint_lt(n, COUNT_OF(rings));
	unit_eq(errno, ENOMEM);
	while (n)
		maar_broadcast_destroy(rings[--n]);
}
END_TEST

/* ---- coming and going ---- */

START_TEST(gates)
{
	struct maar_broadcast *ring = new_broadcast(4, 1, 3, makes[_i].flags);
	struct maar_broadcast_reader readers[3], one_more;
	uint64_t ids[3], lag, round, i;

	for (round = 0; round < 3; round++) {
		unit_eq(maar_broadcast_slowest(ring, &lag), 0);
		unit_eq(lag, 0);
		for (i = 0; i < 3; i++) {
			unit_eq(maar_broadcast_joined_count(ring), i);
			unit_eq(maar_broadcast_join(ring, &readers[i], 0), 0);
			unit_eq(maar_broadcast_joined(&readers[i]), 1);
			ids[i] = maar_broadcast_id(&readers[i]);
			unit_must(ids[i] != 0 && (i == 0 || ids[i] != ids[i - 1]));
		}
		unit_eq(maar_broadcast_join(ring, &one_more, 0), -ENOSPC);
		unit_eq(maar_broadcast_leave(&readers[1]), 0);
		unit_eq(maar_broadcast_joined(&readers[1]), 0);
		unit_eq(maar_broadcast_id(&readers[1]), 0);
		unit_eq(maar_broadcast_leave(&readers[1]), -EINVAL);
		unit_eq(maar_broadcast_join(ring, &readers[1], 0), 0);
		unit_must(maar_broadcast_id(&readers[1]) != ids[1]); /* the same gate under another name */
		unit_eq(maar_broadcast_evict(ring, ids[1]), -ENOENT);
		unit_eq(publish(ring, 1), 1);
		unit_eq(publish(ring, 2), 1);
		must_read(&readers[0], 1, 0);
		must_read(&readers[1], 1, 0);
		must_read(&readers[1], 2, 0);
		unit_eq(maar_broadcast_slowest(ring, &lag), ids[2]);
		unit_eq(lag, 2);
		unit_eq(maar_broadcast_slowest(ring, NULL), ids[2]);
		unit_eq(maar_broadcast_check(ring), 0);
		for (i = 0; i < 3; i++)
			unit_eq(maar_broadcast_leave(&readers[i]), 0);
	}
	maar_broadcast_destroy(ring);
}
END_TEST

/* A late joiner: what comes; or with OLDEST at least three quarters of a capacity, and never what was overwritten. */
START_TEST(late_joiner)
{
	size_t k;
	uint64_t n, i;

	for (k = 0; k < COUNT_OF(capacities); k++) {
		const size_t capacity = capacities[k], kept = capacity - (capacity < 4 ? 1 : capacity / 4);

		for (n = 0; n <= 3 * capacity; n++) {
			struct maar_broadcast *ring = new_broadcast(capacity, 3, 2, makes[_i].flags);
			struct maar_broadcast_reader late, old;
			uint64_t first;

			maar__broadcast_start_at(ring, (UINT64_C(1) << 32) - capacity);
			for (i = 0; i < n; i++)
				unit_eq(publish(ring, i), 1);
			unit_eq(maar_broadcast_join(ring, &late, 0), 0);
			must_not_read(&late);
			unit_eq(maar_broadcast_join(ring, &old, MAAR_BROADCAST_OLDEST), 0);
			first = n - maar_broadcast_lag(&old);
			unit_must(n - first >= (n < kept ? n : kept));
			unit_must(n - first <= capacity);
			/* From now on nothing of it is overwritten. */
			for (i = n; i - first < capacity; i++)
				unit_eq(publish(ring, i), 1);
			unit_eq(publish(ring, i), 0);
			for (; first < i; first++)
				must_read(&old, first, 0);
			for (first = n; first < i; first++)
				must_read(&late, first, 0);
			maar_broadcast_destroy(ring);
		}
	}
}
END_TEST

START_TEST(join_refused)
{
	struct maar_broadcast *ring = new_broadcast(4, 1, 1, makes[_i].flags);
	struct maar_broadcast_reader reader = { .ring = NULL };
	struct unit_place place = unit_place(maar_broadcast_bytes(4, 8, 1));

	unit_eq(maar_broadcast_join(NULL, &reader, 0), -EINVAL);
	unit_eq(maar_broadcast_join(ring, NULL, 0), -EINVAL);
	unit_eq(maar_broadcast_join((void *)place.memory, &reader, 0), -EINVAL);
	unit_eq(maar_broadcast_join(ring, &reader, MAAR_BROADCAST_NEWEST), -EINVAL);
	unit_eq(maar_broadcast_join(ring, &reader, 1u << 2), -EINVAL);
	unit_eq(maar_broadcast_watch(NULL, &reader, 0), -EINVAL);
	unit_eq(maar_broadcast_watch(ring, NULL, 0), -EINVAL);
	unit_eq(maar_broadcast_watch((void *)place.memory, &reader, 0), -EINVAL);
	unit_eq(maar_broadcast_watch(ring, &reader, 1u << 2), -EINVAL);
	if (!makes[_i].watched)
		unit_eq(maar_broadcast_watch(ring, &reader, 0), -ENOTSUP);
	unit_eq(maar_broadcast_leave(NULL), -EINVAL);
	unit_eq(maar_broadcast_leave(&reader), -EINVAL);
	unit_eq(maar_broadcast_joined_count(ring), 0);
	maar_broadcast_destroy(ring);
	if (makes[_i].watched) {
		ring = new_broadcast(4, 1, 0, makes[_i].flags);
		unit_eq(maar_broadcast_join(ring, &reader, 0), -ENOSPC);
		unit_eq(maar_broadcast_watch(ring, &reader, 0), 0);
		unit_eq(maar_broadcast_id(&reader), 0);
		unit_eq(maar_broadcast_leave(&reader), 0);
		unit_eq(maar_broadcast_leave(&reader), -EINVAL);
		maar_broadcast_destroy(ring);
	}
	unit_place_end(&place);
}
END_TEST

/* ---- eviction ---- */

START_TEST(evict)
{
	struct maar_broadcast *ring = new_broadcast(4, 3, 2, makes[_i].flags);
	struct maar_broadcast_reader dead, next;
	uint64_t element[3], missed, id, i;
	int how, k;

	/* how the one evicted finds out: read before or after it was overtaken, peek, release, burst, leave */
	for (how = 0; how < 6; how++) {
		unit_eq(maar_broadcast_join(ring, &dead, 0), 0);
		id = maar_broadcast_id(&dead);
		for (i = 0; i < 4; i++)
			unit_eq(publish(ring, i), 1);
		unit_eq(publish(ring, i), 0);
		if (how == 3)
			ck_assert_ptr_nonnull(maar_broadcast_peek(&dead));
		unit_eq(maar_broadcast_slowest(ring, NULL), id);
		unit_eq(maar_broadcast_evict(ring, id), 0);
		unit_eq(maar_broadcast_evict(ring, id), -ENOENT);
		unit_eq(maar_broadcast_joined_count(ring), 0);
		/* Its gate is another one's now, at the same position: it must not be moved. */
		unit_eq(maar_broadcast_join(ring, &next, MAAR_BROADCAST_OLDEST), 0);
		unit_eq(next.index, dead.index);
		for (k = 0; how != 0 && how != 3 && k < 6; k++) {
			unit_eq(maar_broadcast_read(&next, element, NULL), 1);
			unit_eq(publish(ring, i++), 1);
		}
		if (how == 2)
			ck_assert_ptr_null(maar_broadcast_peek(&dead));
		else if (how == 3)
			unit_eq(maar_broadcast_release(&dead), 0);
		else if (how == 4)
			unit_eq(maar_broadcast_read_burst(&dead, element, 1, &missed), 0);
		else if (how != 5)
			unit_eq(maar_broadcast_read(&dead, element, &missed), 0);
		if (how != 5) {
			unit_eq(maar_broadcast_joined(&dead), 0);
			unit_eq(maar_broadcast_id(&dead), 0);
			unit_eq(maar_broadcast_read(&dead, element, NULL), 0);
			ck_assert_ptr_null(maar_broadcast_peek(&dead));
			unit_eq(maar_broadcast_release(&dead), 0);
		}
		unit_eq(maar_broadcast_leave(&dead), -ECANCELED);
		unit_eq(maar_broadcast_leave(&dead), -EINVAL);
		unit_eq(maar_broadcast_leave(&next), 0);
		unit_eq(maar_broadcast_check(ring), 0);
	}
	maar_broadcast_destroy(ring);
}
END_TEST

START_TEST(evict_refused)
{
	struct maar_broadcast *ring = new_broadcast(4, 1, 2, makes[_i].flags);
	struct unit_place place = unit_place(maar_broadcast_bytes(4, 8, 1));

	unit_eq(maar_broadcast_evict(NULL, 1), -EINVAL);
	unit_eq(maar_broadcast_evict((void *)place.memory, 1), -EINVAL);
	unit_eq(maar_broadcast_evict(ring, 0), -EINVAL);
	unit_eq(maar_broadcast_evict(ring, 3), -EINVAL);
	unit_eq(maar_broadcast_evict(ring, UINT64_MAX), -EINVAL);
	unit_eq(maar_broadcast_evict(ring, 1), -ENOENT);
	unit_eq(maar_broadcast_evict(ring, UINT64_C(5) << 32 | 2), -ENOENT);
	maar_broadcast_destroy(ring);
	unit_place_end(&place);
}
END_TEST

START_TEST(dump_refused)
{
	struct maar_broadcast *ring = new_broadcast(1, 1, 0, 0);
	struct unit_place place = unit_place(maar_broadcast_bytes(1, 8, 0));
	FILE *full = unit_full_file();

	unit_eq(maar_broadcast_dump(NULL, stderr), -EINVAL);
	unit_eq(maar_broadcast_dump(ring, NULL), -EINVAL);
	unit_eq(maar_broadcast_dump((void *)place.memory, stderr), -EINVAL);
	unit_eq(maar_broadcast_dump(ring, full), -EIO);
	fclose(full);
	maar_broadcast_destroy(ring);
	unit_place_end(&place);
}
END_TEST

/* ---- no ring, no reader; read access only ---- */

START_TEST(null)
{
	struct maar_broadcast_reader none = { .ring = NULL };
	struct maar_broadcast_reader *const no_readers[] = { NULL, &none };
	uint64_t element = 7, number = 7;
	size_t i;

	maar_broadcast_destroy(NULL);
	unit_eq(maar_broadcast_publish(NULL, &element), 0);
	unit_eq(maar_broadcast_publish_bulk(NULL, &element, 1), 0);
	unit_eq(maar_broadcast_publish_burst(NULL, &element, 1), 0);
	ck_assert_ptr_null(maar_broadcast_reserve(NULL));
	unit_eq(maar_broadcast_commit(NULL), 0);
	unit_eq(maar_broadcast_latest(NULL, &element, &number), 0);
	unit_eq(maar_broadcast_slowest(NULL, NULL), 0);
	unit_eq(maar_broadcast_joined_count(NULL), 0);
	unit_eq(maar_broadcast_capacity(NULL), 0);
	unit_eq(maar_broadcast_element(NULL), 0);
	unit_eq(maar_broadcast_consumers(NULL), 0);
	unit_eq(maar_broadcast_flags(NULL), 0);
	unit_eq(maar_broadcast_published(NULL), 0);
	for (i = 0; i < 2; i++) {
		number = 7;
		unit_eq(maar_broadcast_read(no_readers[i], &element, &number), 0);
		unit_eq(number, 0);
		unit_eq(maar_broadcast_read_burst(no_readers[i], &element, 1, NULL), 0);
		ck_assert_ptr_null(maar_broadcast_peek(no_readers[i]));
		unit_eq(maar_broadcast_release(no_readers[i]), 0);
		unit_eq(maar_broadcast_lag(no_readers[i]), 0);
		unit_eq(maar_broadcast_lost(no_readers[i]), 0);
		unit_eq(maar_broadcast_joined(no_readers[i]), 0);
		unit_eq(maar_broadcast_id(no_readers[i]), 0);
	}
	unit_eq(element, 7);
}
END_TEST

/* A watcher in a mapping that it cannot write to. */
START_TEST(read_only)
{
	const size_t bytes = maar_broadcast_bytes(8, 24, 1);
	const int fd = memfd_create("broadcast", 0);
	struct maar_broadcast_reader watcher, joined;
	struct maar_broadcast *ring;
	const struct maar_broadcast *seen;
	uint64_t element[3], i;

	unit_must(fd >= 0);
	unit_eq(ftruncate(fd, (off_t)bytes), 0);
	ring = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	seen = mmap(NULL, bytes, PROT_READ, MAP_SHARED, fd, 0);
	unit_must((void *)ring != MAP_FAILED && (const void *)seen != MAP_FAILED);
	unit_eq(maar_broadcast_init(ring, bytes, 8, 24, 1, 0), 0);
	unit_eq(maar_broadcast_watch(seen, &watcher, 0), 0);
	unit_eq(maar_broadcast_join(ring, &joined, 0), 0);
	for (i = 0; i < 30; i++) {
		unit_eq(publish(ring, i), 1);
		must_read(&watcher, i, 0);
		must_read(&joined, i, 0);
		unit_eq(maar_broadcast_latest(seen, element, NULL), 1);
	}
	unit_eq(maar_broadcast_published(seen), 30);
	unit_eq(maar_broadcast_check(seen), 0);
	unit_eq(maar_broadcast_leave(&watcher), 0);
	munmap((void *)(uintptr_t)seen, bytes);
	munmap(ring, bytes);
	close(fd);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("broadcast life");
	TCase *init = unit_tcase(suite, "init"), *readers = unit_tcase(suite, "readers");

	tcase_add_test(init, bytes_needed);
	tcase_add_loop_test(init, init_in_place, 0, MAKES);
	tcase_add_loop_test(init, refused, 0, (int)COUNT_OF(refusals));
	tcase_add_test(init, init_refused);
	tcase_add_test(init, create_without_memory);
	tcase_add_test(init, dump_refused);
	tcase_add_loop_test(readers, gates, 0, MAKES);
	tcase_add_loop_test(readers, late_joiner, 0, MAKES);
	tcase_add_loop_test(readers, join_refused, 0, MAKES);
	tcase_add_loop_test(readers, evict, 0, MAKES);
	tcase_add_loop_test(readers, evict_refused, 0, MAKES);
	tcase_add_test(readers, read_only);
	tcase_add_test(readers, null);
	return suite;
}
