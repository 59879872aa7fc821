/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Where the slots of mrings and pools lie: in huge pages, on a NUMA node (as a stand-in of libnuma records), in the
 * caller's memory.
 */
#include "faults.h"
#include "slots.h"

#include "numa_stand_in.h"

#include "../../src/mring/mring_priv.h"

#include <maar/pool.h>

#include <unistd.h>

#define SLOT 192 /* bytes: no power of two */

static struct maar_mring_stats stats_of(const struct maar_mring *mring)
{
	struct maar_mring_stats s;

	unit_eq(maar_mring_stats(mring, &s), 0);
	return s;
}

/* ---- huge pages ---- */

/* Grows, is written, shrinks, grows again: whichever pages there are. */
START_TEST(huge_pages)
{
	const size_t huge = maar__huge_page();
	const size_t slots = huge ? 4 * huge / SLOT : 10000;
	const struct maar_mring_options o = { .huge_pages = 1, .max_slots = slots, .single_thread = _i == 1 };
	struct maar_mring *mring = slots_create(1, SLOT, &o);
	const struct maar__mring *m = maar__mring_of(mring);
	struct maar_mring_stats s = stats_of(mring);
	struct unit_text text;
	char *dump;
	size_t k;

	unit_eq(s.pages == MAAR_MRING_PAGES, huge == 0);
	unit_must(s.pages != MAAR_MRING_PAGES_GIVEN);
	unit_must(huge == 0 || (uintptr_t)maar_mring_slot(mring, 0) % huge == 0);
	unit_must(huge == 0 || (uint64_t)s.slab_slots * SLOT % huge == 0 || s.slab_slots == s.max_slots);
	unit_eq(m->page, huge ? huge : maar__page());
	for (k = 0; k < 3; k++) {
		void **out = calloc(slots, sizeof(*out));

		ck_assert_ptr_nonnull(out);
		unit_eq(slots_take_all(mring, out), slots);
		for (size_t i = 0; i < slots; i++) {
			unit_eq(*(unsigned char *)out[i], 0);
			memset(out[i], 1, SLOT);
		}
		slots_put_all(mring, out, slots);
		free(out);
		unit_eq(maar_mring_shrink(mring), slots * SLOT);
		unit_eq(stats_of(mring).slots, 0);
	}
	unit_text_open(&text);
	unit_eq(maar_mring_dump(mring, text.to), 0);
	dump = unit_text_close(&text);
	unit_assert_contains(dump, s.pages == MAAR_MRING_PAGES		 ? "in pages of the usual size"
				   : s.pages == MAAR_MRING_PAGES_ADVISED ? "in huge pages as the system likes"
									 : "in huge pages set aside");
	free(dump);
	unit_note("huge pages of %zu bytes: %u", huge, (unsigned)s.pages);
	unit_eq(maar_mring_destroy(mring), 0);
}
END_TEST

START_TEST(wrong_options)
{
	const struct maar_mring_options huge = { .huge_pages = 2 }, reserved = { .reserved0 = 1 },
					more = { .reserved = { 0, 1 } }, node = { .numa_node = 1025 };
	const struct maar_pool_options pool[] = {
		{ .huge_pages = 2 }, { .numa_node = 1025 }, { .reserved0 = 1 }, { .reserved = { 1 } }
	};

	errno = 0;
	unit_must(!maar_mring_create(8, SLOT, &huge) && errno == EINVAL);
	errno = 0;
	unit_must(!maar_mring_create(8, SLOT, &reserved) && errno == EINVAL);
	errno = 0;
	unit_must(!maar_mring_create(8, SLOT, &more) && errno == EINVAL);
	errno = 0;
	unit_must(!maar_mring_create(8, SLOT, &node) && errno == EINVAL);
	for (size_t i = 0; i < COUNT_OF(pool); i++) {
		errno = 0;
		unit_must(!maar_pool_create(8, SLOT, &pool[i]) && errno == EINVAL);
	}
}
END_TEST

/* ---- a NUMA node: what libnuma would be asked for ---- */

static void check_asked(const struct maar_mring *mring, unsigned node)
{
	const struct numa_stand_in *s = &numa_stand_in;
	const unsigned char *slot = maar_mring_slot(mring, 0);

	unit_eq(s->mode, 1); /* MPOL_PREFERRED */
	unit_eq(s->flags, 0);
	unit_must(s->bits > 1024);
	for (unsigned i = 0; i < 1024; i++)
		unit_eq(s->mask[i / (8 * sizeof(long))] >> i % (8 * sizeof(long)) & 1, i == node);
	unit_eq((uintptr_t)s->address % (size_t)sysconf(_SC_PAGESIZE), 0);
	unit_must((unsigned char *)s->address <= slot &&
		  (unsigned char *)s->address + s->bytes >=
			  slot + (size_t)maar_mring_slots(mring) * maar_mring_slot_bytes(mring));
}

START_TEST(numa_node)
{
	static const unsigned nodes[] = { 0, 1, 63, 64, 1023 };

	for (size_t i = 0; i < 2 * COUNT_OF(nodes); i++) {
		const unsigned node = nodes[i / 2];
		const struct maar_mring_options o = { .numa_node = node + 1, .huge_pages = i % 2, .max_slots = 5000 };
		const struct maar_pool_options p = { .numa_node = node + 1, .huge_pages = i % 2 };
		struct maar_mring *mring;
		struct maar_pool *pool;
		const unsigned calls = numa_stand_in.calls;

		mring = slots_create(8, SLOT, &o);
		check_asked(mring, node);
		slots_check_all_there(mring);
		unit_eq(maar_mring_destroy(mring), 0);
		pool = maar_pool_create(8, SLOT, &p);
		ck_assert_ptr_nonnull(pool);
		check_asked(maar_pool_mring(pool), node);
		unit_eq(stats_of(maar_pool_mring(pool)).pages != MAAR_MRING_PAGES, i % 2 && maar__huge_page());
		unit_eq(maar_pool_destroy(pool), 0);
		unit_eq(numa_stand_in.calls, calls + 2);
	}
	slots_finish(slots_create(8, SLOT, NULL));
	unit_eq(numa_stand_in.calls, 4 * COUNT_OF(nodes)); /* nobody asks who was not asked */
}
END_TEST

START_TEST(numa_refused)
{
	static const int errors[] = { EINVAL, EPERM, ENOMEM };
	const struct maar_mring_options o = { .numa_node = 3 };
	const struct maar_pool_options p = { .numa_node = 3 };
	struct unit_size before;

	numa_stand_in.absent = 1;
	errno = 0;
	unit_must(!maar_mring_create(8, SLOT, &o) && errno == ENOTSUP);
	errno = 0;
	unit_must(!maar_pool_create(8, SLOT, &p) && errno == ENOTSUP);
	unit_eq(numa_stand_in.calls, 0);
	numa_stand_in.absent = 0;
	for (size_t i = 0; i < COUNT_OF(errors); i++) {
		numa_stand_in.error = errors[i];
		errno = 0;
		unit_must(!maar_mring_create(8, SLOT, &o) && errno == errors[i]);
	}
	numa_stand_in.error = ENOTSUP;
	before = unit_size(); /* after the first times of everything */
	for (size_t i = 0; i < 200; i++)
		unit_must(!maar_mring_create(8, SLOT, &o));
	unit_assert_steady("a node refused", &before, 200);
}
END_TEST

/* ---- the caller's memory ---- */

static const struct maar_mring_options forms[] = {
	{ .lane_slots = 0 },
	{ .no_lanes = 1 },
	{ .lane_slots = 10 },
	{ .single_thread = 1 },
	{ .align = 4096 },
	{ .align = 256, .lane_slots = 4 },
	{ .track = MAAR_TRACK_CHECKED },
};
#define FORMS ((int)COUNT_OF(forms))

START_TEST(given)
{
	static const size_t counts[] = { 1, 2, 127, 128, 1000 };

	for (size_t k = 0; k < COUNT_OF(counts); k++) {
		const size_t slots = counts[k], bytes = maar_mring_bytes(slots, SLOT, &forms[_i]);
		struct unit_place place = unit_place(bytes);
		struct maar_mring *mring = NULL;
		void **out = calloc(slots, sizeof(*out));

		ck_assert_ptr_nonnull(out);
		unit_must(bytes > slots * SLOT);
		unit_eq(maar_mring_init(&mring, place.memory, bytes - 1, slots, SLOT, &forms[_i]), -ENOSPC);
		unit_eq(maar_mring_init(&mring, place.memory + 64, bytes, slots, SLOT, &forms[_i]), -EINVAL);
		unit_eq(maar_mring_init(&mring, NULL, bytes, slots, SLOT, &forms[_i]), -EINVAL);
		unit_eq(maar_mring_init(NULL, place.memory, bytes, slots, SLOT, &forms[_i]), -EINVAL);
		unit_place_untouched(&place);
		unit_eq(maar_mring_init(&mring, place.memory, bytes, slots, SLOT, &forms[_i]), 0);
		unit_eq(stats_of(mring).pages, MAAR_MRING_PAGES_GIVEN);
		unit_must((unsigned char *)mring >= place.memory && (unsigned char *)mring < place.memory + bytes);
		if (forms[_i].align)
			unit_eq((uintptr_t)maar_mring_slot(mring, 0) % forms[_i].align, 0);
		unit_eq(maar_mring_slots(mring), slots);
		unit_eq(slots_take_all(mring, out), slots);
		unit_must(!maar_mring_get(mring));
		for (size_t i = 0; i < slots; i++) {
			unit_eq(*(unsigned char *)out[i], 0);
			memset(out[i], 1, SLOT);
		}
		unit_eq(maar_mring_destroy(mring), -EBUSY);
		slots_put_all(mring, out, slots);
		unit_eq(maar_mring_shrink(mring), 0); /* nothing that could go */
		slots_finish(mring);
		free(out);
		unit_place_end(&place);
	}
}
END_TEST

START_TEST(given_options)
{
	static const struct maar_mring_options wrong[] = {
		{ .max_slots = 100 }, { .max_bytes = 1 << 20 }, { .slab_bytes = 65536 }, { .idle_ms = 1 },
		{ .huge_pages = 1 },  { .numa_node = 1 },	{ .align = 3 },		 { .reserved0 = 1 },
		{ .soft_slots = 1 },  { .soft_bytes = 1 },
	};
	struct unit_place place = unit_place(1 << 20);
	struct maar_mring *mring;

	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		unit_eq(maar_mring_bytes(8, SLOT, &wrong[i]), 0);
		unit_eq(maar_mring_init(&mring, place.memory, place.bytes, 8, SLOT, &wrong[i]), -EINVAL);
	}
	unit_eq(maar_mring_bytes(0, SLOT, NULL), 0);
	unit_eq(maar_mring_bytes(8, 0, NULL), 0);
	unit_eq(maar_mring_init(&mring, place.memory, place.bytes, 0, SLOT, NULL), -EINVAL);
	unit_eq(maar_mring_init(&mring, place.memory, place.bytes, (size_t)MAAR_MRING_MAX_SLOTS + 1, 1, NULL),
		-EOVERFLOW);
	unit_eq(maar_mring_init(&mring, place.memory, place.bytes, 8, (size_t)MAAR_MRING_MAX_SLOT_BYTES + 1, NULL),
		-EOVERFLOW);
	unit_place_untouched(&place);
	unit_place_end(&place);
}
END_TEST

static void *get_and_put(void *arg)
{
	struct maar_mring *mring = arg;
	void *slots[40];

	for (int i = 0; i < 2000; i++) {
		const size_t n = maar_mring_get_bulk(mring, slots, 1 + (size_t)i % 40);

		for (size_t k = 0; k < n; k++)
			*(uintptr_t *)slots[k] = (uintptr_t)&slots;
		for (size_t k = 0; k < n; k++)
			unit_must(*(uintptr_t *)slots[k] == (uintptr_t)&slots);
		unit_eq(maar_mring_put_bulk(mring, slots, n), n);
	}
	return NULL;
}

/* Lanes are born and left as ever; what they held is there when they are gone. */
START_TEST(given_to_threads)
{
	const size_t bytes = maar_mring_bytes(1000, SLOT, NULL);
	struct unit_place place = unit_place(bytes);
	struct maar_mring *mring;
	pthread_t threads[4];

	unit_eq(maar_mring_init(&mring, place.memory, bytes, 1000, SLOT, NULL), 0);
	for (size_t i = 0; i < COUNT_OF(threads); i++)
		threads[i] = unit_thread(get_and_put, mring);
	for (size_t i = 0; i < COUNT_OF(threads); i++)
		unit_join(threads[i]);
	slots_finish(mring);
	unit_place_end(&place);
}
END_TEST

START_TEST(given_pool)
{
	const struct maar_pool_options o = { .headroom = 16, .user_bytes = 24, .track = _i ? MAAR_TRACK_SITE : 0 };
	const struct maar_pool_options wrong[] = { { .huge_pages = 1 }, { .numa_node = 1 }, { .reserved0 = 1 } };
	const size_t bytes = maar_pool_init_bytes(50, 100, &o);
	struct unit_place place = unit_place(bytes);
	struct maar_pool *pool = NULL;
	struct maar_msg *msgs[50];

	unit_eq(maar_pool_init_bytes(0, 100, &o), 0);
	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		unit_eq(maar_pool_init_bytes(50, 100, &wrong[i]), 0);
		unit_eq(maar_pool_init(&pool, place.memory, bytes, 50, 100, &wrong[i]), -EINVAL);
	}
	unit_eq(maar_pool_init(&pool, place.memory, bytes - 1, 50, 100, &o), -ENOSPC);
	unit_eq(maar_pool_init(&pool, place.memory, 1, 50, 100, &o), -ENOSPC);
	unit_eq(maar_pool_init(&pool, place.memory + 64, bytes, 50, 100, &o), -EINVAL);
	unit_eq(maar_pool_init(&pool, NULL, bytes, 50, 100, &o), -EINVAL);
	unit_eq(maar_pool_init(NULL, place.memory, bytes, 50, 100, &o), -EINVAL);
	unit_eq(maar_pool_init(&pool, place.memory, bytes, 0, 100, &o), -EINVAL);
	unit_eq(maar_pool_init(&pool, place.memory, bytes, 50, (size_t)MAAR_MRING_MAX_SLOT_BYTES + 1, &o), -EOVERFLOW);
	unit_place_untouched(&place);
	unit_eq(maar_pool_init(&pool, place.memory, bytes, 50, 100, &o), 0);
	unit_eq(maar_pool_get_bulk(pool, msgs, 50), 50);
	unit_must(!maar_pool_get(pool));
	for (size_t i = 0; i < 50; i++) {
		unit_eq(maar_msg_room(msgs[i]), 116);
		memset(maar_msg_user(msgs[i]), 1, 24);
		memset(maar_msg_put(msgs[i], 100), 1, 100);
	}
	unit_eq(maar_pool_destroy(pool), -EBUSY);
	unit_eq(maar_pool_put_bulk(pool, msgs, 50), 50);
	unit_eq(maar_pool_destroy(pool), 0);
	unit_place_end(&place);
}
END_TEST

/* ---- every k-th failure ---- */

static int use_and_destroy(struct maar_mring *mring)
{
	void *slot = maar_mring_get(mring);

	unit_must(slot);
	unit_eq(maar_mring_put(mring, slot), 0);
	unit_eq(maar_mring_destroy(mring), 0);
	return 0;
}

static int huge_and_on_a_node(void *arg)
{
	const struct maar_mring_options o = { .huge_pages = 1, .numa_node = 1 };
	struct maar_mring *mring = maar_mring_create(200, SLOT, &o);

	(void)arg;
	return mring ? use_and_destroy(mring) : -errno;
}

static int in_given_memory(void *arg)
{
	const struct unit_place *place = arg;
	struct maar_mring *mring;
	const int rc = maar_mring_init(&mring, place->memory, place->bytes, 200, SLOT, NULL);

	return rc ? rc : use_and_destroy(mring);
}

static int pool_in_given_memory(void *arg)
{
	const struct unit_place *place = arg;
	struct maar_pool *pool;
	const int rc = maar_pool_init(&pool, place->memory, place->bytes, 200, 8, NULL);

	if (rc)
		return rc;
	unit_eq(maar_pool_put(pool, maar_pool_get(pool)), 0);
	unit_eq(maar_pool_destroy(pool), 0);
	return 0;
}

START_TEST(every_failure)
{
	struct unit_place place = unit_place(1 << 20);

	FAULTS_RUN(huge_and_on_a_node, NULL, FAULTS_REFUSES | FAULTS_WORKS);
	FAULTS_RUN(in_given_memory, &place, FAULTS_REFUSES | FAULTS_WORKS);
	FAULTS_RUN(pool_in_given_memory, &place, FAULTS_REFUSES | FAULTS_WORKS);
	unit_place_end(&place);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("where the slots lie");
	TCase *tc = unit_tcase(suite, "memory");

	tcase_add_loop_test(tc, huge_pages, 0, 2);
	tcase_add_test(tc, wrong_options);
	tcase_add_test(tc, numa_node);
	tcase_add_test(tc, numa_refused);
	tcase_add_loop_test(tc, given, 0, FORMS);
	tcase_add_test(tc, given_options);
	tcase_add_test(tc, given_to_threads);
	tcase_add_loop_test(tc, given_pool, 0, 2);
	tcase_add_test(tc, every_failure);
	return suite;
}
