/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * mrings that grow and shrink: limits, what is told of them, where the memory goes, and that no slot is lost meanwhile.
 */
#include "slots.h"

#include "faults.h"

#include "../../src/mring/mring_priv.h"

#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define SLOT  4096
#define SLAB  16 /* slots */
#define SLABS 8
#define MOST  (SLAB * SLABS)

/* Of pages, so that slabs are whatever number of slots the test wants. */
static struct maar_mring_options growing(void)
{
	struct maar_mring_options o = { .max_slots = MOST, .align = (size_t)sysconf(_SC_PAGESIZE) };

	o.slab_bytes = SLAB * (o.align > SLOT ? o.align : SLOT);
	return o;
}

static const struct maar_mring_options forms[] = {
	{ .lane_slots = 0 }, { .no_lanes = 1 }, { .lane_slots = 2 }, { .lane_slots = 10 }, { .single_thread = 1 },
};
#define FORMS ((int)COUNT_OF(forms))

static struct maar_mring_options form(int i)
{
	struct maar_mring_options o = growing();

	o.lane_slots = forms[i].lane_slots;
	o.no_lanes = forms[i].no_lanes;
	o.single_thread = forms[i].single_thread;
	return o;
}

static struct maar_mring_stats stats_of(const struct maar_mring *mring)
{
	struct maar_mring_stats s;

	unit_eq(maar_mring_stats(mring, &s), 0);
	unit_eq(s.in_use + s.in_lanes + s.in_shared, s.slots);
	return s;
}

static size_t resident(const struct maar_mring *mring)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE), bytes = MOST * maar_mring_slot_bytes(mring);
	unsigned char *pages = malloc(bytes / page);
	size_t n = 0, i;

	ck_assert_ptr_nonnull(pages);
	unit_eq(mincore(maar_mring_slot(mring, 0), bytes, pages), 0);
	for (i = 0; i < bytes / page; i++)
		n += pages[i] & 1;
	free(pages);
	return n * page;
}

/* As slots_finish, for one that may have fewer slots at present than it may have. */
static void slots_finish_grown(struct maar_mring *mring)
{
	unit_eq(stats_of(mring).in_use, 0);
	slots_check_all_there(mring);
	slots_finish(mring);
}

/* ---- growth ---- */

/* From each number of slots to the limit, one by one or at once; no more; all of them stay the same on the way. */
START_TEST(grows_to_the_limit)
{
	const struct maar_mring_options o = form(_i);
	void *slots[MOST + 1];
	size_t begin, n, i;

	for (begin = 1; begin <= MOST; begin += 7) {
		struct maar_mring *mring = slots_create(begin, SLOT, &o);

		unit_eq(stats_of(mring).slots, (begin + SLAB - 1) / SLAB * SLAB);
		unit_eq(stats_of(mring).max_slots, MOST);
		unit_eq(stats_of(mring).slab_slots, SLAB);
		unit_eq(maar_mring_slots(mring), MOST);
		for (n = 0; (slots[n] = maar_mring_get(mring)) != NULL; n++) {
			*(size_t *)slots[n] = n;
			unit_eq(stats_of(mring).in_use, n + 1);
		}
		unit_eq(n, MOST);
		for (i = 0; i < n; i++)
			unit_eq(*(size_t *)slots[i], i);
		unit_eq(stats_of(mring).slots, MOST);
		unit_eq(stats_of(mring).grown, SLABS - (begin + SLAB - 1) / SLAB);
		unit_eq(maar_mring_put_bulk(mring, slots, n), n);
		unit_eq(maar_mring_get_bulk(mring, slots, n + 1), 0);
		slots_finish(mring);

		mring = slots_create(begin, SLOT, &o);
		unit_eq(maar_mring_get_bulk(mring, slots, MOST + 1), 0);
		unit_eq(maar_mring_get_bulk(mring, slots, MOST), MOST);
		unit_eq(maar_mring_get_bulk(mring, slots, 1), 0);
		slots_put_all(mring, slots, MOST);
		slots_finish(mring);
	}
}
END_TEST

/* Both limits, whichever is first; and addresses for far more than there is memory cost nothing. */
START_TEST(limits)
{
	struct maar_mring_options o = growing();
	struct maar_mring *mring;

	o.max_bytes = 20 * o.align;
	mring = slots_create(1, 1, &o);
	unit_eq(maar_mring_slots(mring), 20);
	slots_check_all_there(mring);
	unit_eq(maar_mring_destroy(mring), 0);
	o.max_slots = 0;
	o.max_bytes = 30 * o.align + o.align - 1;
	mring = slots_create(1, 1, &o);
	unit_eq(maar_mring_slots(mring), 30);
	slots_check_all_there(mring);
	unit_eq(maar_mring_destroy(mring), 0);
#if SIZE_MAX > UINT32_MAX
	o.max_bytes = (size_t)1 << 36; /* 64 GiB */
	mring = slots_create(1, (size_t)1 << 20, &o);
	unit_eq(maar_mring_slots(mring), 1 << 16);
	unit_must(maar_mring_put(mring, maar_mring_get(mring)) == 0);
	unit_eq(maar_mring_destroy(mring), 0);
	o.max_bytes = SIZE_MAX;
	o.max_slots = 1000;
	mring = slots_create(1, 64, &o);
	unit_eq(maar_mring_slots(mring), 1000);
	unit_eq(maar_mring_destroy(mring), 0);
#endif
}
END_TEST

/* ---- being told ---- */

struct told {
	struct maar_mring *mring;
	unsigned times;
	void *extra;
};

/* Without a lock: it may use the mring itself, also so that it grows. */
static void note(struct maar_mring *mring, void *arg)
{
	struct told *t = arg;

	t->times++;
	if (t->mring) {
		ck_assert_ptr_eq(mring, t->mring);
		unit_must(maar_mring_put(mring, maar_mring_get(mring)) == 0);
	}
}

/* Once for each time that the limit is crossed. */
START_TEST(told_once)
{
	struct maar_mring_options o = form(_i);
	struct told told = { NULL, 0, NULL };
	struct maar_mring *mring;
	void *slots[MOST];
	unsigned round;

	o.pressure = note;
	o.pressure_arg = &told;
	o.soft_slots = 3 * SLAB;
	o.soft_bytes = 5 * SLAB * o.align; /* later than the other */
	mring = slots_create(SLAB, SLOT, &o);
	told.mring = mring;
	for (round = 1; round <= 3; round++) {
		unit_eq(maar_mring_get_bulk(mring, slots, 3 * SLAB), 3 * SLAB);
		unit_eq(told.times, round - 1);
		slots[3 * SLAB] = maar_mring_get(mring);
		ck_assert_ptr_nonnull(slots[3 * SLAB]);
		unit_eq(told.times, round);
		unit_eq(maar_mring_get_bulk(mring, slots + 3 * SLAB + 1, MOST - 3 * SLAB - 2), MOST - 3 * SLAB - 2);
		unit_eq(told.times, round);
		slots_put_all(mring, slots, MOST - 1);
		unit_must(maar_mring_shrink(mring) > 0);
	}
	unit_eq(told.times, 3);
	slots_finish_grown(mring);
	told = (struct told){ NULL, 0, NULL };
	o.soft_slots = 0;
	mring = slots_create(MOST, SLOT, &o); /* at once beyond it */
	unit_eq(told.times, 1);
	slots_finish(mring);
}
END_TEST

/* ---- shrinking ---- */

/* Only slabs without a slot in use go; their slots come again, zeroed; the others keep what they have. */
START_TEST(shrinks_by_slabs)
{
	const struct maar_mring_options o = form(_i);
	struct maar_mring *mring = slots_create(1, SLOT, &o);
	const size_t bytes = maar_mring_slot_bytes(mring);
	struct unit_rng rng = unit_rng((uint64_t)_i);
	void *slots[MOST];
	unsigned round;
	size_t n, i;

	unit_eq(maar_mring_shrink(mring), SLAB * bytes);
	unit_eq(maar_mring_shrink(mring), 0);
	unit_eq(stats_of(mring).slots, 0);
	for (round = 0; round < 50; round++) {
		bool used[SLABS] = { false };
		size_t empty = 0, there;

		n = slots_take_all(mring, slots);
		unit_eq(n, MOST);
		for (i = 0; i < n; i++)
			memset(slots[i], 1, SLOT);
		/* a few stay out */
		for (i = 0; i < n; i++) {
			const size_t k = i + unit_random_below(&rng, n - i);
			void *swap = slots[i];

			slots[i] = slots[k];
			slots[k] = swap;
		}
		n = unit_random_below(&rng, 6);
		slots_put_all(mring, slots + n, MOST - n);
		for (i = 0; i < n; i++)
			used[maar_mring_handle(mring, slots[i]) / SLAB] = true;
		for (i = 0; i < SLABS; i++)
			empty += !used[i];
		unit_eq(maar_mring_shrink(mring), empty * SLAB * bytes);
		there = stats_of(mring).slots;
		unit_eq(there, (SLABS - empty) * SLAB);
		unit_eq(stats_of(mring).in_use, n);
		unit_must(resident(mring) <= there * bytes);
		unit_eq(maar_mring_shrink(mring), 0);
		for (i = 0; i < n; i++)
			unit_eq(*(unsigned char *)slots[i], 1);
		slots_put_all(mring, slots, n);
	}
	slots_check_all_there(mring);
	unit_must(maar_mring_shrink(mring) > 0);
	n = maar_mring_get_bulk(mring, slots, MOST);
	unit_eq(n, MOST);
	for (i = 0; i < n; i++)
		unit_eq(*(unsigned char *)slots[i], 0);
	slots_put_all(mring, slots, n);
	slots_finish(mring);
	unit_eq(maar_mring_shrink(NULL), 0);
}
END_TEST

/* An mring that was not made to grow shrinks, too, and comes back to its size, odd as it may be. */
START_TEST(fixed_ones_shrink)
{
	static const size_t counts[] = { 1, 100, 129, 5000 };
	size_t k;

	for (k = 0; k < COUNT_OF(counts); k++) {
		struct maar_mring *mring = slots_create(counts[k], 192, NULL);

		slots_check_all_there(mring);
		unit_eq(maar_mring_shrink(mring), counts[k] * 192);
		unit_eq(stats_of(mring).slots, 0);
		slots_finish_grown(mring);
	}
}
END_TEST

/* What lies in idle threads' lanes is free. */
static void *take_some(void *mring)
{
	void *slots[3];

	unit_eq(maar_mring_get_bulk(mring, slots, 3), 3);
	unit_eq(maar_mring_put_bulk(mring, slots, 3), 3);
	return NULL;
}

struct holder {
	struct maar_mring *mring;
	unsigned ready, leave;
};

static void *hold_in_lane(void *arg)
{
	struct holder *h = arg;

	take_some(h->mring);
	__atomic_store_n(&h->ready, 1, __ATOMIC_RELEASE);
	while (!__atomic_load_n(&h->leave, __ATOMIC_ACQUIRE))
		pace_yield();
	take_some(h->mring);
	return NULL;
}

START_TEST(lanes_are_searched)
{
	struct maar_mring_options o = growing();
	struct holder h = { NULL, 0, 0 };
	pthread_t thread;

	o.lane_slots = 20;
	if (_i)
		setenv("MAAR_NO_MEMBARRIER", "1", 1);
	h.mring = slots_create(MOST, SLOT, &o);
	unit_in_thread(take_some, h.mring);
	thread = unit_thread(hold_in_lane, &h);
	while (!__atomic_load_n(&h.ready, __ATOMIC_ACQUIRE))
		pace_yield();
	unit_eq(maar_mring_shrink(h.mring), MOST * maar_mring_slot_bytes(h.mring));
	__atomic_store_n(&h.leave, 1, __ATOMIC_RELEASE);
	unit_join(thread);
	slots_finish_grown(h.mring);
}
END_TEST

/* ---- everything at once ---- */

#define MOVES 3000

static void *churn(void *arg)
{
	struct maar_mring *mring = arg;
	struct unit_rng rng = unit_rng((uintptr_t)&rng);
	uint64_t *held[40];
	const uint64_t mark = (uintptr_t)&rng;
	size_t n = 0, i;

	for (i = 0; i < MOVES; i++) {
		if (unit_random_below(&rng, 2) && n < COUNT_OF(held)) {
			held[n] = maar_mring_get(mring);
			if (held[n])
				*held[n++] = mark;
		} else if (n) {
			const size_t k = unit_random_below(&rng, n);

			unit_eq(*held[k], mark);
			unit_eq(maar_mring_put(mring, held[k]), 0);
			held[k] = held[--n];
		}
		if (unit_random_below(&rng, 500) == 0)
			maar_mring_flush(mring);
	}
	while (n) {
		unit_eq(*held[--n], mark);
		unit_eq(maar_mring_put(mring, held[n]), 0);
	}
	return NULL;
}

struct shrinker {
	struct maar_mring *mring;
	unsigned leave;
};

static void *shrink_on_and_on(void *arg)
{
	struct shrinker *s = arg;

	while (!__atomic_load_n(&s->leave, __ATOMIC_ACQUIRE)) {
		maar_mring_shrink(s->mring);
		pace_yield();
	}
	return NULL;
}

/* More wanted than there may be, births and deaths, and shrinking all the time: nothing is lost, nothing is there twice. */
START_TEST(grow_and_shrink_among_threads)
{
	struct maar_mring_options o = form(_i % 4);
	struct shrinker s = { NULL, 0 };
	pthread_t threads[4], other;
	unsigned round;
	size_t i;

	if (_i >= 4)
		setenv("MAAR_NO_MEMBARRIER", "1", 1);
	s.mring = slots_create(SLAB, SLOT, &o);
	other = unit_thread(shrink_on_and_on, &s);
	for (round = 0; round < 5; round++) {
		for (i = 0; i < COUNT_OF(threads); i++)
			threads[i] = unit_thread(churn, s.mring);
		for (i = 0; i < COUNT_OF(threads); i++)
			unit_join(threads[i]);
	}
	__atomic_store_n(&s.leave, 1, __ATOMIC_RELEASE);
	unit_join(other);
	slots_finish_grown(s.mring);
}
END_TEST

/* ---- on idle ---- */

static void wait_for_slots(const struct maar_mring *mring, uint32_t slots)
{
	const struct timespec a_little = { 0, 1000 * 1000 };
	unsigned i;

	for (i = 0; i < 30000 && stats_of(mring).slots != slots; i++)
		nanosleep(&a_little, NULL);
	unit_eq(stats_of(mring).slots, slots);
}

START_TEST(shrinks_on_idle)
{
	struct maar_mring_options o = form(_i);
	struct maar_mring *first, *second;
	unsigned round;

	o.idle_ms = 5;
	for (round = 0; round < 3; round++) {
		first = slots_create(SLAB, SLOT, &o);
		second = slots_create(SLAB, SLOT, &o);
		slots_check_all_there(first);
		slots_check_all_there(second);
		wait_for_slots(first, 0);
		slots_check_all_there(first);
		wait_for_slots(first, 0);
		wait_for_slots(second, 0);
		unit_eq(maar_mring_destroy(second), 0);
		slots_check_all_there(first);
		wait_for_slots(first, 0);
		unit_eq(maar_mring_destroy(first), 0);
	}
}
END_TEST

/* What was out when the rest was given back, and goes no further than into its thread's lane, is idle too. */
START_TEST(put_after_shrink)
{
	struct maar_mring_options o = form(_i);
	struct maar_mring *mring;
	void *slot;

	o.idle_ms = 5;
	mring = slots_create(SLAB, SLOT, &o);
	slots_check_all_there(mring);
	slot = maar_mring_get(mring);
	ck_assert_ptr_nonnull(slot);
	wait_for_slots(mring, SLAB);
	unit_eq(maar_mring_put(mring, slot), 0);
	wait_for_slots(mring, 0);
	unit_eq(maar_mring_destroy(mring), 0);
}
END_TEST

/* Nothing more to give back, and slots left that are no batch: then the thread that shrinks does no more than look. */
START_TEST(rests)
{
	struct maar_mring_options o = growing();
	const struct timespec a_little = { 0, 1000 * 1000 };
	const struct maar__mring *m;
	struct maar_mring *mring;
	void *slot;
	unsigned i;

	o.idle_ms = 2;
	o.lane_slots = 8; /* batches of 4, of the 15 that are left */
	mring = slots_create(SLAB, SLOT, &o);
	m = maar__mring_of(mring);
	slots_check_all_there(mring);
	slot = maar_mring_get(mring);
	ck_assert_ptr_nonnull(slot);
	wait_for_slots(mring, SLAB);
	ck_assert_uint_gt(maar_a_load(&m->spare->n, RELAXED), 0);
	for (i = 0; i < 30; i++) {
		nanosleep(&a_little, NULL);
		pthread_mutex_lock(&maar__keeper_lock);
		unit_must(m->idle_since < 0);
		pthread_mutex_unlock(&maar__keeper_lock);
	}
	unit_eq(maar_mring_put(mring, slot), 0);
	wait_for_slots(mring, 0);
	unit_eq(maar_mring_destroy(mring), 0);
}
END_TEST

#define MANY_SLABS 512 /* of a page: so many take the system a millisecond */

/* Whether the thread that shrinks is at it: the first of many slabs has gone. */
static bool has_begun(struct maar_mring *mring)
{
#ifdef MAAR__TSAN_BUILD
	(void)mring; /* that may not be looked at without the lock */
	nanosleep(&(struct timespec){ 0, 5200 * 1000 }, NULL);
	return true;
#else
	return !*(volatile unsigned char *)&maar__mring_of(mring)->present[0];
#endif
}

/* What is put while the rest is given back, and into no lane, is idle too. */
START_TEST(put_amid_shrink)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE), slots = page / 64 * MANY_SLABS, in_slab = page / 64;
	const struct maar_mring_options o = { .max_slots = slots, .slab_bytes = page, .no_lanes = 1, .idle_ms = 5 };
	struct maar_mring *mring = slots_create(1, 64, &o);
	void **all = calloc(slots, sizeof(*all));
	unsigned round;
	size_t n, held;

	ck_assert_ptr_nonnull(all);
	for (round = 0; round < 5; round++) {
		unit_eq(slots_take_all(mring, all), slots);
		for (n = 0, held = 0; n < slots; n++) {
			if (maar_mring_handle(mring, all[n]) >= slots - in_slab)
				all[held++] = all[n];
			else
				unit_eq(maar_mring_put(mring, all[n]), 0);
		}
		unit_eq(held, in_slab);
		while (!has_begun(mring))
			sched_yield();
		slots_put_all(mring, all, held);
		wait_for_slots(mring, 0);
	}
	free(all);
	unit_eq(maar_mring_destroy(mring), 0);
}
END_TEST

/* ---- no memory ---- */

/* Whatever call fails, growing and shrinking lose nothing. */
static int life(void *arg)
{
	struct maar_mring_options o = form(*(int *)arg);
	struct maar_mring *mring;
	void *slots[MOST];
	size_t n, round;
	bool poor = false;

	o.idle_ms = o.single_thread ? 0 : 10000;
	mring = maar_mring_create(1, SLOT, &o);
	if (!mring)
		return -errno;
	for (round = 0; round < 2; round++) {
		n = slots_take_all(mring, slots);
		poor |= n < MOST;
		unit_eq(stats_of(mring).in_use, n);
		slots_put_all(mring, slots, n);
		maar_mring_shrink(mring);
		unit_eq(stats_of(mring).in_use, 0);
	}
	unit_eq(maar_mring_destroy(mring), 0);
	return poor ? -ENOMEM : 0;
}

START_TEST(every_failure)
{
	int i = _i;

	FAULTS_RUN(life, &i, FAULTS_REFUSES | FAULTS_WORKS);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("mring growth");
	TCase *grow = unit_tcase(suite, "grow"), *shrink = unit_tcase(suite, "shrink");
	TCase *threads = unit_tcase(suite, "threads"), *idle = unit_tcase(suite, "idle");

	tcase_add_loop_test(grow, grows_to_the_limit, 0, FORMS);
	tcase_add_test(grow, limits);
	tcase_add_loop_test(grow, told_once, 0, FORMS);
	tcase_add_loop_test(shrink, shrinks_by_slabs, 0, FORMS);
	tcase_add_test(shrink, fixed_ones_shrink);
	tcase_add_loop_test(shrink, lanes_are_searched, 0, 2);
	tcase_add_loop_test(threads, grow_and_shrink_among_threads, 0, 8);
	tcase_add_loop_test(idle, shrinks_on_idle, 0, 4);
	tcase_add_loop_test(idle, put_after_shrink, 0, 4);
	tcase_add_test(idle, rests);
	tcase_add_test(idle, put_amid_shrink);
	tcase_add_loop_test(grow, every_failure, 0, FORMS);
	return suite;
}
