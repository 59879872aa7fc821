/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Every allocation, mapping and lock of the library fails once, in turn; and nothing stays behind, be it after failures
 * or after a thousand lives.
 */
#include "faults.h"
#include "slots.h"

#include <maar/batch_ring.h>
#include <maar/byte_ring.h>
#include <maar/pool.h>
#include <maar/queue.h>
#include <maar/record_ring.h>
#include <maar/ring.h>
#include <maar/slot_ring.h>
#include <maar/wait.h>

#include <sched.h>

#define LIVES 1000

/* ---- ring ---- */

static int ring_life(void *arg)
{
	struct maar_ring *ring = maar_ring_create(1000, MAAR_RING_SPSC);
	uint64_t value = 0;

	(void)arg;
	if (!ring)
		return -errno;
	unit_eq(maar_ring_enqueue(ring, 5), 1);
	unit_eq(maar_ring_dequeue(ring, &value), 1);
	unit_eq(value, 5);
	maar_ring_destroy(ring);
	return 0;
}

static int record_ring_life(void *arg)
{
	struct maar_record_ring *ring = maar_record_ring_create(1000, 0);

	(void)arg;
	if (!ring)
		return -errno;
	unit_eq(maar_record_ring_enqueue(ring, "abc", 4), 1);
	maar_record_ring_destroy(ring);
	return 0;
}

/* Its check wants memory too. */
static int batch_ring_life(void *arg)
{
	struct maar_batch_ring *ring = maar_batch_ring_create(1000, 32, 0);
	const uint32_t handles[2] = { 1, 2 };
	int rc;

	(void)arg;
	if (!ring)
		return -errno;
	unit_eq(maar_batch_ring_enqueue(ring, handles, 2), 2);
	rc = maar_batch_ring_check(ring);
	maar_batch_ring_destroy(ring);
	return rc;
}

static int slot_ring_life(void *arg)
{
	struct maar_slot_ring *ring = maar_slot_ring_create(1000, 24, arg ? *(unsigned *)arg : MAAR_SLOT_RING_MPMC);
	char element[24] = "x";

	if (!ring)
		return -errno;
	unit_eq(maar_slot_ring_enqueue(ring, element), 1);
	maar_slot_ring_destroy(ring);
	return 0;
}

START_TEST(ring)
{
	unsigned spsc = MAAR_SLOT_RING_SPSC;

	unit_eq(FAULTS_RUN(slot_ring_life, NULL, FAULTS_REFUSES), 1);
	unit_eq(FAULTS_RUN(slot_ring_life, &spsc, FAULTS_REFUSES), 1);
	unit_eq(FAULTS_RUN(batch_ring_life, NULL, FAULTS_REFUSES), 2);
	unit_eq(FAULTS_RUN(record_ring_life, NULL, FAULTS_REFUSES), 1);
	unit_eq(FAULTS_RUN(ring_life, NULL, FAULTS_REFUSES), 1);
}
END_TEST

/* ---- byte ring ---- */

static int byte_ring_life(void *arg)
{
	const unsigned *flags = arg;
	struct maar_byte_ring *r = maar_byte_ring_create(1000, flags ? *flags : 0);
	char text[4];

	if (!r)
		return -errno;
	unit_eq(maar_byte_ring_put(r, "abc", 4), 4);
	unit_eq(maar_byte_ring_get(r, text, sizeof(text)), 4);
	ck_assert_str_eq(text, "abc");
	maar_byte_ring_destroy(r);
	return 0;
}

static unsigned mirror = MAAR_BYTE_RING_MIRROR;

START_TEST(byte_ring)
{
	unit_eq(FAULTS_RUN(byte_ring_life, NULL, FAULTS_REFUSES), 1);
	/* the file, its length, the addresses, both mappings */
	unit_eq(FAULTS_RUN(byte_ring_life, &mirror, FAULTS_REFUSES), 5);
}
END_TEST

/* ---- waiting ---- */

static int wait_life(void *arg)
{
	struct maar_ring *r = maar_ring_create(4, MAAR_RING_SPSC);
	struct maar_wait *w = r ? maar_wait_create(r, 0) : NULL;
	int fd = r ? -ENOMEM : -errno;

	(void)arg;
	if (w) {
		fd = maar_wait_fd(w);
		unit_eq(maar_wait_enqueue(w, 5, 0), 1); /* with or without a descriptor */
		maar_wait_destroy(w);
	}
	maar_ring_destroy(r);
	return fd < 0 ? fd : 0;
}

START_TEST(wait)
{
	unit_eq(FAULTS_RUN(wait_life, NULL, FAULTS_REFUSES), 3);
}
END_TEST

/* ---- mring ---- */

static int mring_made(void *arg)
{
	struct maar_mring *mring = maar_mring_create(1000, 64, arg);

	if (!mring)
		return -errno;
	unit_eq(maar_mring_destroy(mring), 0);
	return 0;
}

START_TEST(mring_create)
{
	const struct maar_mring_options no_lanes = { .no_lanes = 1 };

	/*
	 * the mring, its slots' addresses, what is there of them, and memory for them; its ring, two locks; two lanes that are no
	 * thread's; once, the fork handlers and the registry's table
	 */
	unit_eq(FAULTS_RUN(mring_made, NULL, FAULTS_REFUSES), 11);
	unit_eq(FAULTS_RUN(mring_made, (void *)(uintptr_t)&no_lanes, FAULTS_REFUSES), 7);
}
END_TEST

/* If create succeeds, all else does: a thread without memory for a lane gets every slot through the common one. */
static void *check_all_there(void *mring)
{
	slots_check_all_there(mring);
	return NULL;
}

static int mring_used_by_thread(void *arg)
{
	struct maar_mring *mring = maar_mring_create(300, 64, NULL);

	(void)arg;
	if (!mring)
		return -errno;
	unit_in_thread(check_all_there, mring);
	slots_finish(mring); /* and by this thread, after it */
	return 0;
}

START_TEST(mring_without_lane)
{
	FAULTS_RUN(mring_used_by_thread, NULL, FAULTS_REFUSES | FAULTS_WORKS);
}
END_TEST

/* A queue on an mring that is there already. */
static int queue_life(void *arg)
{
	struct maar_queue *q = maar_queue_create(arg, 0, 0);
	uint64_t i, value;

	if (!q)
		return -errno;
	for (i = 0; i < 100; i++)
		unit_eq(maar_queue_enqueue(q, i), 1);
	for (i = 0; i < 100; i++)
		unit_must(maar_queue_dequeue(q, &value) == 1 && value == i);
	maar_queue_destroy(q);
	return 0;
}

START_TEST(queue)
{
	struct maar_mring *mring = maar_mring_create(40, 128, NULL);

	ck_assert_ptr_nonnull(mring);
	unit_eq(FAULTS_RUN(queue_life, mring, FAULTS_REFUSES), 1);
	slots_finish(mring);
}
END_TEST

/*
 * One get in a thread that never called before, and nothing else: its table, the exit key, its lane. With two gets the
 * second would succeed in what the first failed at, and the later points would never be the ones to fail.
 */
struct first {
	struct maar_mring *mring;
	void *slots[8];
	size_t n;
};

static void *get_once(void *arg)
{
	struct first *first = arg;

	unit_must(first->n < COUNT_OF(first->slots));
	first->slots[first->n] = maar_mring_get(first->mring);
	unit_must(first->slots[first->n] != NULL);
	first->n++;
	return NULL;
}

static int first_get_of_thread(void *first)
{
	unit_in_thread(get_once, first);
	return 0;
}

START_TEST(first_get)
{
	struct first first = { .mring = slots_create(300, 64, NULL) };

	unit_eq(faults_sweep("first_get", first_get_of_thread, &first, FAULTS_WORKS), 3);
	unit_eq(first.n, 4);
	slots_check_stats(first.mring, 4);
	unit_eq(slots_check_stats(first.mring, 4).lanes, 1); /* only the fourth thread had one */
	slots_put_all(first.mring, first.slots, first.n);
	slots_finish(first.mring);
}
END_TEST

/* Threads that never find memory for a lane, several at once, all through the common lane and its lock. */
static void *work_without_memory(void *mring)
{
	void *held[4];
	size_t n = 0;
	int i;

	for (i = 0; i < 5000; i++) {
		maar__fault_arm(
			1); /* the next fault point, which may be another thread's: then this one gets its lane */
		if (n < COUNT_OF(held) && (held[n] = maar_mring_get(mring)) != NULL) {
			*(uint64_t *)held[n] = (uintptr_t)held;
			n++;
		} else if (n) {
			unit_eq(*(uint64_t *)held[n - 1], (uintptr_t)held);
			*(uint64_t *)held[n - 1] = 0;
			unit_eq(maar_mring_put(mring, held[--n]), 0);
		}
		maar_mring_flush(mring);
	}
	while (n)
		unit_eq(maar_mring_put(mring, held[--n]), 0);
	return NULL;
}

START_TEST(common_lane)
{
	struct maar_mring *mring = slots_create(300, 64, NULL);
	pthread_t thread[3];
	size_t i;

	for (i = 0; i < COUNT_OF(thread); i++)
		thread[i] = unit_thread(work_without_memory, mring);
	for (i = 0; i < COUNT_OF(thread); i++)
		unit_join(thread[i]);
	maar__fault_arm(0);
	slots_finish(mring);
}
END_TEST

/* ---- pool ---- */

static int pool_life(void *arg)
{
	struct maar_pool *pool = maar_pool_create(300, 100, NULL);
	struct maar_msg *m;

	(void)arg;
	if (!pool)
		return -errno;
	m = maar_pool_get(pool);
	ck_assert_ptr_nonnull(m);
	unit_eq(maar_msg_append(m, "abc", 4), 0);
	unit_eq(maar_msg_release(m), 0);
	unit_eq(maar_pool_destroy(pool), 0);
	return 0;
}

START_TEST(pool)
{
	FAULTS_RUN(pool_life, NULL, FAULTS_REFUSES | FAULTS_WORKS);
}
END_TEST

/* ---- tables that grow ---- */

/* The registry's first table has 512 entries, the second 1024. */
START_TEST(registry_grows)
{
	enum { FIRST = 512, SECOND = 1024 };
	static struct maar_mring *mrings[SECOND];
	const struct maar_mring_options options = { .lane_slots = 2 };
	uint64_t points;
	size_t i;

	for (i = 0; i < SECOND; i++) {
		if (i == FIRST) {
			points = FAULTS_RUN(mring_made, NULL, FAULTS_REFUSES);
			unit_eq(points, 10); /* one of them is the table's growth: see below */
			unit_eq(faults_sweep("grown", mring_made, NULL, FAULTS_REFUSES), points - 1);
		}
		mrings[i] = slots_create(2, 64, &options);
	}
	unit_eq(FAULTS_RUN(mring_made, NULL, FAULTS_REFUSES), 10);
	for (i = 0; i < SECOND; i++)
		slots_check_all_there(mrings[i]); /* this thread's table grows with them */
	for (i = 0; i < SECOND; i++)
		slots_finish(mrings[i]);
}
END_TEST

/* A thread's first table has 16 entries; it grows to 32 and 64, and what cannot grow goes through the common lane. */
#define MRINGS 40

static void *touch_all(void *arg)
{
	struct maar_mring **mrings = arg;
	size_t i;

	for (i = 0; i < MRINGS; i += 3)
		slots_check_all_there(mrings[i]);
	for (i = 0; i < MRINGS; i++)
		slots_check_all_there(mrings[i]);
	return NULL;
}

static int thread_touches_all(void *mrings)
{
	unit_in_thread(touch_all, mrings);
	return 0;
}

START_TEST(thread_table_grows)
{
	const struct maar_mring_options options = { .lane_slots = 2 };
	struct maar_mring *mrings[MRINGS];
	size_t i;

	for (i = 0; i < MRINGS; i++)
		mrings[i] = slots_create(8, 64, &options);
	/* all that a thread needs where others left their lanes: its table, thrice */
	unit_eq(thread_touches_all(mrings), 0);
	unit_eq(FAULTS_RUN(thread_touches_all, mrings, FAULTS_WORKS), 3);
	for (i = 0; i < MRINGS; i++) {
		struct maar_mring_stats s = slots_check_stats(mrings[i], 0);

		unit_eq(s.lanes, 1); /* all those threads, one after the other, had the same lane */
		slots_finish(mrings[i]);
	}
}
END_TEST

/* ---- a thousand lives ---- */

/* Runs a scenario a thousand times without a fault, after a few times for caches to fill. */
static void live(const char *name, faults_scenario *scenario, void *arg)
{
	struct unit_size before;
	int i;

	for (i = 0; i < LIVES / 10; i++)
		unit_eq(scenario(arg), 0);
	before = unit_size();
	for (i = 0; i < LIVES; i++)
		unit_eq(scenario(arg), 0);
	unit_assert_steady(name, &before, LIVES);
}

START_TEST(thousand_lives)
{
	static const struct {
		const char *name;
		faults_scenario *scenario;
		void *arg;
	} lives[] = {
		{ "ring", ring_life, NULL },
		{ "record ring", record_ring_life, NULL },
		{ "batch ring", batch_ring_life, NULL },
		{ "byte ring", byte_ring_life, NULL },
		{ "mirrored byte ring", byte_ring_life, &mirror },
		{ "slot ring", slot_ring_life, NULL },
		{ "mring", mring_made, NULL },
		{ "pool", pool_life, NULL },
		{ "mring and thread", mring_used_by_thread, NULL },
	};

	live(lives[_i].name, lives[_i].scenario, lives[_i].arg);
}
END_TEST

START_TEST(thousand_threads)
{
	const struct maar_mring_options options = { .lane_slots = 2 };
	struct maar_mring *mrings[MRINGS];
	size_t i;

	for (i = 0; i < MRINGS; i++)
		mrings[i] = slots_create(8, 64, &options);
	live("threads", thread_touches_all, mrings);
	for (i = 0; i < MRINGS; i++) {
		unit_eq(slots_check_stats(mrings[i], 0).lanes, 1);
		slots_finish(mrings[i]);
	}
}
END_TEST

/* The runner itself: it must see a leak, and an error that went unnoticed. (These tests have to fail.) */
static int leaks(void *arg)
{
	void *block = maar__map(1);

	(void)arg;
	return block ? 0 : -ENOMEM;
}

static int swallows(void *arg)
{
	(void)arg;
	maar__unmap(maar__map(1), 1);
	return 0;
}

START_TEST(runner_sees_leak)
{
	FAULTS_RUN(leaks, NULL, FAULTS_REFUSES);
}
END_TEST

START_TEST(runner_sees_swallowed_error)
{
	FAULTS_RUN(swallows, NULL, FAULTS_REFUSES);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("faults");
	TCase *faults = unit_tcase(suite, "each fails once"), *tables = unit_tcase(suite, "tables");
	TCase *lives = unit_tcase(suite, "lives"), *runner = unit_tcase(suite, "the runner");

	tcase_add_test(faults, ring);
	tcase_add_test(faults, byte_ring);
	tcase_add_test(faults, wait);
	tcase_add_test(faults, mring_create);
	tcase_add_test(faults, queue);
	tcase_add_test(faults, mring_without_lane);
	tcase_add_test(faults, first_get);
	tcase_add_test(faults, common_lane);
	tcase_add_test(faults, pool);
	tcase_add_test(tables, registry_grows);
	tcase_add_test(tables, thread_table_grows);
	tcase_add_loop_test(lives, thousand_lives, 0, 9);
	tcase_add_test(lives, thousand_threads);
	if (!UNIT_SANITIZED) /* else it does not look at mappings */
		tcase_add_exit_test(runner, runner_sees_leak, 1);
	tcase_add_exit_test(runner, runner_sees_swallowed_error, 1);
	return suite;
}
