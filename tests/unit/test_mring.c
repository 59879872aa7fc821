/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * <maar/mring.h> as one thread sees it: every call, every refusal. Lanes and threads: test_mring_lanes.c.
 */
#include "slots.h"

#include <sys/mman.h>
#include <unistd.h>

/* Ways to run an mring, each of which must hand out every slot to a thread that is alone. */
static const struct maar_mring_options ways[] = {
	{ .lane_slots = 0 }, { .no_lanes = 1 },	    { .lane_slots = 2 },   { .lane_slots = 3 },
	{ .lane_slots = 7 }, { .lane_slots = 247 }, { .lane_slots = 248 }, { .single_thread = 1 },
};
#define WAYS ((int)COUNT_OF(ways))

/* Around the batch sizes and the least number for lanes. */
static const size_t counts[] = { 1, 2, 3, 5, 123, 124, 125, 127, 128, 129, 1000, 4096 };

/* ---- get and put ---- */

/* Exactly N slots, zero at first, apart from each other; again after they were put, in the order of getting and not. */
START_TEST(every_slot_once)
{
	const size_t bytes = 100;
	size_t k, i, n;

	for (k = 0; k < COUNT_OF(counts); k++) {
		struct maar_mring *mring = slots_create(counts[k], bytes, &ways[_i]);
		void **slots = calloc(counts[k], sizeof(*slots));
		static const unsigned char zero[100];

		ck_assert_ptr_nonnull(slots);
		unit_eq(maar_mring_slots(mring), counts[k]);
		unit_must(maar_mring_slot_bytes(mring) >= bytes);
		n = slots_take_all(mring, slots);
		unit_eq(n, counts[k]);
		for (i = 0; i < n; i++) {
			unit_eq(memcmp(slots[i], zero, bytes), 0);
			memset(slots[i], (int)i, bytes);
		}
		for (i = 0; i < n; i++) {
			const unsigned char *slot = slots[i];

			unit_must(slot[0] == (unsigned char)i && slot[bytes - 1] == (unsigned char)i);
		}
		slots_check_stats(mring, (uint32_t)n);
		slots_put_all(mring, slots, n);
		slots_check_stats(mring, 0);
		n = slots_take_all(mring, slots);
		unit_eq(n, counts[k]);
		for (i = 0; i < n; i++)
			unit_eq(maar_mring_put(mring, slots[i]), 0);
		slots_finish(mring);
		free(slots);
	}
}
END_TEST

/* Random gets and puts, singly and in bulk, against a list of what is out. */
START_TEST(random_moves)
{
	enum { SLOTS = 500, STEPS = 20000, MOST = 300 };
	struct maar_mring *mring = slots_create(SLOTS, 64, &ways[_i]);
	struct unit_rng rng = unit_rng((uint64_t)_i);
	void *out[SLOTS + MOST];
	size_t n = 0, step, many, i, k;

	for (step = 0; step < STEPS; step++) {
		many = (size_t)unit_random_below(&rng, unit_random_below(&rng, 8) ? 8 : MOST);
		switch (unit_random_below(&rng, 4)) {
		case 0:
			out[n] = maar_mring_get(mring);
			unit_eq(out[n] != NULL, n < SLOTS);
			n += n < SLOTS;
			break;
		case 1:
			k = maar_mring_get_bulk(mring, out + n, many);
			unit_eq(k, many <= SLOTS - n ? many : 0);
			n += k;
			break;
		case 2:
			if (n == 0)
				break;
			i = (size_t)unit_random_below(&rng, n);
			unit_eq(maar_mring_put(mring, out[i]), 0);
			out[i] = out[--n];
			break;
		case 3:
			many = many < n ? many : n;
			unit_eq(maar_mring_put_bulk(mring, out + n - many, many), many);
			n -= many;
			break;
		}
		/* Who owns a slot writes in it: a slot handed out twice would show. */
		for (i = 0; i < n && step % 50 == 0; i++)
			*(size_t *)out[i] = i;
		for (i = 0; i < n && step % 50 == 0; i++)
			unit_eq(*(size_t *)out[i], i);
		slots_check_stats(mring, (uint32_t)n);
	}
	unit_eq(maar_mring_put_bulk(mring, out, n), n);
	slots_finish(mring);
}
END_TEST

/* ---- refusals ---- */

/* What is no slot's start: at every offset inside, before, behind, elsewhere. `mring` has one slot out. */
static void check_strangers(struct maar_mring *mring, struct maar_mring *other)
{
	unsigned char *first = maar_mring_slot(mring, 0);
	const size_t stride = maar_mring_slot_bytes(mring), slots = maar_mring_slots(mring);
	void *const foreign = maar_mring_get(other);
	int local = 0;
	void *strangers[] = { first - 1,
			      first - stride,
			      first + slots * stride,
			      first + slots * stride - 1,
			      first + slots * stride + stride,
			      first + stride / 2,
			      foreign,
			      &local,
			      mring,
			      (void *)1,
			      (void *)UINTPTR_MAX };
	void *bulk[COUNT_OF(strangers)];
	size_t i;

	for (i = 0; i < COUNT_OF(strangers); i++) {
		unit_eq(maar_mring_handle(mring, strangers[i]), MAAR_NO_HANDLE);
		unit_eq(maar_mring_put(mring, strangers[i]), -EINVAL);
	}
	for (i = 1; i < stride; i++) {
		unit_eq(maar_mring_handle(mring, first + i), MAAR_NO_HANDLE);
		unit_eq(maar_mring_put(mring, first + i), -EINVAL);
	}
	unit_eq(maar_mring_handle(mring, NULL), MAAR_NO_HANDLE);
	unit_eq(maar_mring_put(mring, NULL), -EINVAL);
	unit_eq(maar_mring_put(NULL, first), -EINVAL);
	memcpy(bulk, strangers, sizeof(bulk));
	unit_eq(maar_mring_put_bulk(mring, bulk, COUNT_OF(bulk)), 0);
	unit_eq(memcmp(bulk, strangers, sizeof(bulk)), 0);
	unit_eq(maar_mring_put(other, foreign), 0);
}

START_TEST(strangers_refused)
{
	static const size_t sizes[] = { 1, 64, 65, 192, 1000 };
	size_t k;

	for (k = 0; k < COUNT_OF(sizes); k++) {
		struct maar_mring *mring = slots_create(5, sizes[k], &ways[_i]),
				  *other = slots_create(5, sizes[k], NULL);
		void *mine = maar_mring_get(mring);

		check_strangers(mring, other);
		slots_check_stats(mring, 1);
		unit_eq(maar_mring_put(mring, mine), 0);
		slots_finish(mring);
		slots_finish(other);
	}
}
END_TEST

/*
 * One stranger among good ones, at each place: it alone is refused, and stands in front. Four slots are looked at at once,
 * so 7 are a group and a rest; where slots * odd part would be beyond 2^32 (`narrow` is 0) each one by itself.
 */
START_TEST(stranger_in_bulk)
{
	static const size_t sizes[] = { 64, 192, 1000, 4096 };
	enum { N = 7 };
	size_t i, k, at;

	for (k = 0; k < COUNT_OF(sizes) * 2; k++) {
		struct maar_mring *mring = slots_create(13, sizes[k / 2], &ways[_i]);
		/* As numbers: most of them are outside of everything. */
		const uintptr_t first = (uintptr_t)maar_mring_slot(mring, 0), stride = maar_mring_slot_bytes(mring);
		const uintptr_t strangers[] = { 0,
						first + 1,
						first + 32,
						first + stride / 2,
						first + stride + 8,
						first - 1,
						first - stride,
						first + 13 * stride,
						first + 14 * stride,
						first + (stride << 31),
						first + (stride << 32),
						first + ((uintptr_t)1 << 63) };

		unit_eq(mring->narrow, 1);
		mring->narrow = !(k % 2);
		for (at = 0; at < N * COUNT_OF(strangers); at++) {
			void *slots[N], *bad = (void *)strangers[at / N], *good;

			unit_eq(maar_mring_get_bulk(mring, slots, N), N);
			good = slots[at % N];
			slots[at % N] = bad;
			unit_eq(maar_mring_put_bulk(mring, slots, N), N - 1);
			ck_assert_ptr_eq(slots[0], bad);
			unit_eq(maar_mring_put(mring, good), 0);
		}
		for (i = 0; i < 2; i++) {
			void *slots[13];

			unit_eq(maar_mring_get_bulk(mring, slots, 13), 13);
			unit_eq(maar_mring_put_bulk(mring, slots, 13), 13);
		}
		slots_finish(mring);
	}
}
END_TEST

START_TEST(null_refused)
{
	struct maar_mring *mring = slots_create(5, 64, &ways[_i]);
	struct maar_mring_stats stats;
	void *slots[5];

	ck_assert_ptr_null(maar_mring_get(NULL));
	unit_eq(maar_mring_get_bulk(NULL, slots, 1), 0);
	unit_eq(maar_mring_get_bulk(mring, NULL, 1), 0);
	unit_eq(maar_mring_put_bulk(NULL, slots, 1), 0);
	unit_eq(maar_mring_put_bulk(mring, NULL, 1), 0);
	maar_mring_flush(NULL);
	unit_eq(maar_mring_stats(NULL, &stats), -EINVAL);
	unit_eq(maar_mring_stats(mring, NULL), -EINVAL);
	unit_eq(maar_mring_lanes(NULL, NULL, 0), 0);
	slots_finish(mring);
}
END_TEST

/* Putting what is free already goes unnoticed, but not for ever: there comes an end to the room. */
START_TEST(too_many_puts)
{
	struct maar_mring *mring = slots_create(8, 64, &ways[_i]);
	void *slot = maar_mring_get(mring);
	int rc = 0, n;

	/* The shared ring and a lane, each rounded up: far fewer than this. */
	for (n = 0; n < 10000 && rc == 0; n++)
		rc = maar_mring_put(mring, slot);
	unit_eq(rc, -EALREADY);
	unit_eq(maar_mring_put(mring, slot), -EALREADY);
	unit_eq(maar_mring_put_bulk(mring, &slot, 1), 0);
	unit_eq(maar_mring_destroy(mring), 0);
}
END_TEST

/* ---- bulk ---- */

START_TEST(bulk_all_or_nothing)
{
	enum { SLOTS = 300 };
	struct maar_mring *mring = slots_create(SLOTS, 64, &ways[_i]);
	void *held[SLOTS], *slots[SLOTS + 1];
	size_t out, n;

	unit_eq(maar_mring_get_bulk(mring, slots, 0), 0);
	unit_eq(maar_mring_put_bulk(mring, slots, 0), 0);
	for (out = 0; out < SLOTS; out += 37) {
		const size_t left = SLOTS - out;

		unit_eq(maar_mring_get_bulk(mring, held, out), out);
		slots_check_stats(mring, (uint32_t)out);
		unit_eq(maar_mring_get_bulk(mring, slots, left + 1), 0);
		unit_eq(maar_mring_get_bulk(mring, slots, SLOTS + 1), 0);
		unit_eq(maar_mring_get_bulk(mring, slots, SIZE_MAX), 0);
		slots_check_stats(mring, (uint32_t)out);
		unit_eq(maar_mring_get_bulk(mring, slots, left), left);
		slots_check_stats(mring, SLOTS);
		unit_eq(maar_mring_get_bulk(mring, slots + left, 1), 0);
		unit_eq(maar_mring_put_bulk(mring, slots, left), left);
		unit_eq(maar_mring_put_bulk(mring, held, out), out);
	}
	for (n = 1; n <= SLOTS; n++) {
		unit_eq(maar_mring_get_bulk(mring, slots, n), n);
		unit_eq(maar_mring_put_bulk(mring, slots, n), n);
	}
	slots_finish(mring);
}
END_TEST

/* Refused ones come to the front in their order; the others are taken. */
START_TEST(bulk_keeps_the_refused)
{
	struct maar_mring *mring = slots_create(10, 64, &ways[_i]);
	int stranger;
	void *slots[8], *odd;

	unit_eq(maar_mring_get_bulk(mring, slots, 4), 4);
	odd = (char *)slots[3] + 1;
	slots[7] = NULL;
	slots[6] = slots[3];
	slots[5] = odd;
	slots[4] = slots[2];
	slots[3] = slots[1];
	slots[2] = &stranger;
	slots[1] = slots[0];
	slots[0] = NULL;
	unit_eq(maar_mring_put_bulk(mring, slots, 8), 4);
	ck_assert_ptr_null(slots[0]);
	ck_assert_ptr_eq(slots[1], &stranger);
	ck_assert_ptr_eq(slots[2], odd);
	ck_assert_ptr_null(slots[3]);
	slots_finish(mring);
}
END_TEST

/* ---- create ---- */

static const struct {
	const char *what;
	size_t slots, bytes;
	struct maar_mring_options options;
	int error;
} refusals[] = {
	{ "no slots", 0, 64, { .align = 0 }, EINVAL },
	{ "no bytes", 8, 0, { .align = 0 }, EINVAL },
	{ "align no power of two", 8, 64, { .align = 65 }, EINVAL },
	{ "align no power of two", 8, 64, { .align = 3 }, EINVAL },
	{ "align too large", 8, 64, { .align = (size_t)2 << 20 }, EINVAL },
	{ "align absurd", 8, 64, { .align = SIZE_MAX }, EINVAL },
	{ "a lane of one", 1000, 64, { .lane_slots = 1 }, EINVAL },
	{ "a lane too large", 1000, 64, { .lane_slots = 249 }, EINVAL },
	{ "a lane absurdly large", 1000, 64, { .lane_slots = UINT32_MAX }, EINVAL },
	{ "lanes and no lanes", 1000, 64, { .lane_slots = 8, .no_lanes = 1 }, EINVAL },
	{ "no_lanes is no flag word", 1000, 64, { .no_lanes = 2 }, EINVAL },
	{ "reserved 0", 8, 64, { .reserved = { 1 } }, EINVAL },
	{ "numa_node", 8, 64, { .numa_node = 1025 }, EINVAL },
	{ "single_thread is no flag word", 8, 64, { .single_thread = 2 }, EINVAL },
	{ "lanes for a single thread", 8, 64, { .single_thread = 1, .lane_slots = 8 }, EINVAL },
	{ "a single thread without lanes", 8, 64, { .single_thread = 1, .no_lanes = 1 }, EINVAL },
	{ "a single thread and another", 8, 64, { .single_thread = 1, .idle_ms = 1 }, EINVAL },
	{ "begins beyond its limit", 8, 64, { .max_slots = 7 }, EINVAL },
	{ "begins beyond its limit in bytes", 8, 64, { .max_bytes = 8 * 64 - 1 }, EINVAL },
	{ "begins beyond one of two limits", 8, 64, { .max_slots = 8, .max_bytes = 8 * 64 - 1 }, EINVAL },
	{ "nobody to tell", 8, 64, { .soft_slots = 1 }, EINVAL },
	{ "nobody to tell of bytes", 8, 64, { .soft_bytes = 1 }, EINVAL },
	{ "too many at most", 8, 64, { .max_slots = (size_t)MAAR_MRING_MAX_SLOTS + 1 }, EOVERFLOW },
	{ "too many slots", (size_t)MAAR_MRING_MAX_SLOTS + 1, 64, { .align = 0 }, EOVERFLOW },
	{ "absurdly many slots", SIZE_MAX, 64, { .align = 0 }, EOVERFLOW },
	{ "too large a slot", 8, (size_t)MAAR_MRING_MAX_SLOT_BYTES + 1, { .align = 0 }, EOVERFLOW },
	{ "an absurdly large slot", 8, SIZE_MAX, { .align = 0 }, EOVERFLOW },
	{ "both absurd", SIZE_MAX, SIZE_MAX, { .align = 0 }, EOVERFLOW },
#if SIZE_MAX > UINT32_MAX
	/* 2^61 bytes: a size that the address space does not have, though it is a size_t */
	{ "no memory", MAAR_MRING_MAX_SLOTS, MAAR_MRING_MAX_SLOT_BYTES, { .align = 0 }, ENOMEM },
#else
	{ "product beyond size_t", MAAR_MRING_MAX_SLOTS, MAAR_MRING_MAX_SLOT_BYTES, { .align = 0 }, EOVERFLOW },
	{ "product 0 in size_t", (size_t)1 << 26, 64, { .align = 0 }, EOVERFLOW },
#endif
};

START_TEST(create_refused)
{
	errno = 0;
	ck_assert_msg(maar_mring_create(refusals[_i].slots, refusals[_i].bytes, &refusals[_i].options) == NULL,
		      "created: %s", refusals[_i].what);
	ck_assert_msg(errno == refusals[_i].error, "%s: errno is %s", refusals[_i].what, strerror(errno));
}
END_TEST

START_TEST(alignment)
{
	static const size_t aligns[][2] = { { 0, 64 },
					    { 1, 64 },
					    { 8, 64 },
					    { 64, 64 },
					    { 128, 128 },
					    { 4096, 4096 },
					    { (size_t)1 << 20, (size_t)1 << 20 } };
	static const size_t sizes[] = { 1, 64, 100, 5000 };
	size_t k, s, i;

	for (k = 0; k < COUNT_OF(aligns); k++) {
		for (s = 0; s < COUNT_OF(sizes); s++) {
			const struct maar_mring_options options = { .align = aligns[k][0] };
			struct maar_mring *mring = slots_create(3, sizes[s], &options);
			const size_t align = aligns[k][1], stride = (sizes[s] + align - 1) / align * align;

			unit_eq(maar_mring_slot_bytes(mring), stride);
			for (i = 0; i < 3; i++) {
				char *slot = maar_mring_slot(mring, (uint32_t)i);

				unit_eq((uintptr_t)slot % align, 0);
				unit_eq(slot - (char *)maar_mring_slot(mring, 0), i * stride);
				slot[0] = slot[sizes[s] - 1] = 1; /* there is memory */
			}
			ck_assert_ptr_null(maar_mring_slot(mring, 3));
			ck_assert_ptr_null(maar_mring_slot(mring, MAAR_NO_HANDLE));
			slots_finish(mring);
		}
	}
}
END_TEST

/* ---- handle and address ---- */

/* Modulo 2^64: odd^(2^62 - 1), since the group of odd numbers has exponent 2^62. */
static uint64_t inverse(uint64_t odd)
{
	uint64_t power = 1;
	int bit;

	for (bit = 0; bit < 62; bit++, odd *= odd)
		power *= odd;
	return power;
}

/* Both ways for a made-up slab: only arithmetic, so that sizes which no test machine has can be tried. */
static void check_arithmetic(uint64_t stride, uint32_t slots, uint32_t handle)
{
	const uint32_t shift = (uint32_t)__builtin_ctzll(stride);
	const struct maar_mring mring = {
		.slab = (unsigned char *)(uintptr_t)(UINT64_C(1) << 32),
		.stride = stride,
		.inverse = inverse(stride >> shift),
		.most = (uint64_t)slots << shift,
		.low = (UINT64_C(1) << shift) - 1,
		.shift = shift,
		.slots = slots,
	};
	const uintptr_t address = (uintptr_t)mring.slab + handle * stride;

	unit_must((uintptr_t)maar_mring_slot(&mring, handle) == address);
	unit_eq(maar_mring_handle(&mring, (void *)address), handle);
	unit_eq(maar_mring_handle(&mring, (void *)(address + 1)), MAAR_NO_HANDLE);
	unit_eq(maar_mring_handle(&mring, (void *)(address - 1)), MAAR_NO_HANDLE);
	unit_eq(maar_mring_handle(&mring, (void *)(address + stride - 1)), MAAR_NO_HANDLE);
	unit_eq(maar_mring_handle(&mring, (void *)(address + stride / 2)), MAAR_NO_HANDLE);
}

START_TEST(handle_arithmetic)
{
#if SIZE_MAX > UINT32_MAX
	static const uint64_t strides[] = {
		64, 128, 192, 320, 1088, 4096 + 64, (1 << 20) - 64, (1 << 30) - 64, 1 << 30
	};
	struct unit_rng rng = unit_rng(2);
	const uint32_t slots = MAAR_MRING_MAX_SLOTS;
	size_t k, i;

	for (k = 0; k < COUNT_OF(strides); k++) {
		check_arithmetic(strides[k], slots, 0);
		check_arithmetic(strides[k], slots, slots - 1);
		check_arithmetic(strides[k], 1, 0);
	}
	for (i = 0; i < 200000; i++) {
		const uint64_t stride = 64 * (1 + unit_random_below(&rng, UINT64_C(1) << unit_random_below(&rng, 25)));
		const uint32_t some = 1 + (uint32_t)unit_random_below(&rng, slots);

		check_arithmetic(stride <= MAAR_MRING_MAX_SLOT_BYTES ? stride : MAAR_MRING_MAX_SLOT_BYTES, some,
				 (uint32_t)unit_random_below(&rng, some));
	}
#else
	check_arithmetic(192, 1000, 999);
#endif
}
END_TEST

/* ---- memory ---- */

static size_t resident_pages(const void *memory, size_t bytes)
{
	const size_t pages = bytes / (size_t)sysconf(_SC_PAGESIZE);
	unsigned char *resident = malloc(pages);
	size_t n = 0, i;

	ck_assert_ptr_nonnull(resident);
	unit_eq(mincore((void *)(uintptr_t)memory, bytes, resident), 0);
	for (i = 0; i < pages; i++)
		n += resident[i] & 1;
	free(resident);
	return n;
}

/* Neither create nor get nor put touches a slot; the user's first write does. */
START_TEST(slots_stay_untouched)
{
	enum { SLOTS = 4096 };
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct maar_mring_options options = ways[_i];
	struct maar_mring *mring;
	char *first;

	options.align = page;
	mring = slots_create(SLOTS, page, &options);
	first = maar_mring_slot(mring, 0);
	unit_eq(resident_pages(first, SLOTS * page), 0);
	slots_check_all_there(mring);
	unit_eq(resident_pages(first, SLOTS * page), 0);
	first[0] = 1;
	unit_must(resident_pages(first, SLOTS * page) > 0); /* mincore does tell */
	slots_finish(mring);
}
END_TEST

/* ---- observers and the end ---- */

/* Without lanes every number is exact at every moment. */
START_TEST(stats_without_lanes)
{
	const struct maar_mring_options options = { .no_lanes = 1 };
	struct maar_mring *mring = slots_create(20, 64, &options);
	struct maar_mring_stats s;
	void *slots[20];
	uint32_t i;

	s = slots_check_stats(mring, 0);
	unit_eq(s.lanes, 0);
	unit_eq(s.lane_slots, 0);
	unit_eq(s.batch, 1);
	unit_eq(s.high_water, 0);
	for (i = 0; i < 15; i++) {
		slots[i] = maar_mring_get(mring);
		s = slots_check_stats(mring, i + 1);
		unit_eq(s.high_water, i + 1);
		unit_eq(s.in_shared, 20 - i - 1);
	}
	slots_put_all(mring, slots, 15);
	s = slots_check_stats(mring, 0);
	unit_eq(s.high_water, 15);
	unit_eq(s.in_lanes, 0);
	unit_eq(maar_mring_lanes(mring, NULL, 0), 0);
	slots_finish(mring);
}
END_TEST

START_TEST(dump)
{
	struct maar_mring *mring = slots_create(20, 100, NULL);
	void *slot = maar_mring_get(mring);
	FILE *full = unit_full_file();
	struct unit_text text;
	char *said;

	unit_text_open(&text);
	unit_eq(maar_mring_dump(mring, text.to), 0);
	said = unit_text_close(&text);
	unit_assert_contains(said, "20 slots of 128 bytes\n  at most 20, 20 a slab, 0 slabs added, 0 given back\n");
	unit_assert_contains(said, "in use 1, free 19 (shared 19, in lanes 0), high water 1\n");
	unit_assert_contains(said, "never used 19");
	free(said);
	unit_eq(maar_mring_dump(NULL, stderr), -EINVAL);
	unit_eq(maar_mring_dump(mring, NULL), -EINVAL);
	unit_eq(maar_mring_dump(mring, full), -EIO);
	fclose(full);
	unit_eq(maar_mring_put(mring, slot), 0);
	slots_finish(mring);
}
END_TEST

START_TEST(destroy_while_out)
{
	struct maar_mring *mring = slots_create(200, 64, &ways[_i]);
	void *slot = maar_mring_get(mring);

	memset(slot, 0x77, 64);
	unit_eq(maar_mring_destroy(mring), -EBUSY);
	unit_eq(maar_mring_destroy(mring), -EBUSY);
	slots_check_stats(mring, 1);
	unit_eq(((unsigned char *)slot)[63], 0x77);
	unit_eq(maar_mring_put(mring, slot), 0);
	slots_finish(mring);
}
END_TEST

START_TEST(destroy_none)
{
	static uint64_t nothing[64];
	struct maar_mring_stats stats;

	unit_eq(maar_mring_destroy(NULL), 0);
	unit_eq(maar_mring_destroy((void *)nothing), -EINVAL);
	unit_eq(maar_mring_stats((void *)nothing, &stats), -EINVAL);
	unit_eq(maar_mring_lanes((void *)nothing, NULL, 0), 0);
	unit_eq(maar_mring_dump((void *)nothing, stderr), -EINVAL);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("mring");
	TCase *moves = unit_tcase(suite, "get and put"), *refused = unit_tcase(suite, "refusals");
	TCase *create = unit_tcase(suite, "create"), *rest = unit_tcase(suite, "observers and end");

	tcase_add_loop_test(moves, every_slot_once, 0, WAYS);
	tcase_add_loop_test(moves, random_moves, 0, WAYS);
	tcase_add_loop_test(moves, bulk_all_or_nothing, 0, WAYS);
	tcase_add_loop_test(moves, bulk_keeps_the_refused, 0, WAYS);
	tcase_add_loop_test(refused, strangers_refused, 0, WAYS);
	tcase_add_loop_test(refused, stranger_in_bulk, 0, WAYS);
	tcase_add_loop_test(refused, null_refused, 0, WAYS);
	tcase_add_loop_test(refused, too_many_puts, 0, WAYS);
	tcase_add_loop_test(create, create_refused, 0, (int)COUNT_OF(refusals));
	tcase_add_test(create, alignment);
	tcase_add_test(create, handle_arithmetic);
	tcase_add_loop_test(create, slots_stay_untouched, 0, WAYS);
	tcase_add_test(rest, stats_without_lanes);
	tcase_add_test(rest, dump);
	tcase_add_loop_test(rest, destroy_while_out, 0, WAYS);
	tcase_add_test(rest, destroy_none);
	return suite;
}
