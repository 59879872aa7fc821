/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * fork while threads get and put: each child has every slot that nobody held, with lanes, without, growing, shrinking.
 */
#include "slots.h"

#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* ThreadSanitizer stops a child of several threads that starts one: there the child is alone, and has no keeper. */
#ifdef MAAR__TSAN_BUILD
#define THREADS_IN_CHILD 0
#else
#define THREADS_IN_CHILD 1
#endif

#define THREADS 4
#define HELD	30 /* by each thread at most */
#define SLOTS	400

struct crew {
	struct maar_mring *mring;
	unsigned stop, going;
};

static void *hammer(void *arg)
{
	struct crew *crew = arg;
	struct unit_rng rng = unit_rng((uintptr_t)&rng);
	void *held[HELD];
	size_t n = 0;

	/* It has its lane from now on: that is malloc's, and AddressSanitizer's malloc has locks, which a fork copies as they are. */
	unit_eq(maar_mring_put(crew->mring, maar_mring_get(crew->mring)), 0);
	__atomic_fetch_add(&crew->going, 1, __ATOMIC_RELAXED);
	while (!__atomic_load_n(&crew->stop, __ATOMIC_RELAXED)) {
		const size_t some = 1 + unit_random_below(&rng, 5);

		if (unit_random_below(&rng, 2) && n + some <= HELD)
			n += maar_mring_get_bulk(crew->mring, held + n, some);
		else if (n)
			unit_eq(maar_mring_put(crew->mring, held[--n]), 0);
		if (unit_random_below(&rng, 300) == 0)
			maar_mring_flush(crew->mring);
	}
	unit_eq(maar_mring_put_bulk(crew->mring, held, n), n);
	return NULL;
}

static void *take_and_put_all(void *arg)
{
	struct maar_mring *mring = arg;
	static void *slots[SLOTS];
	const size_t n = slots_take_all(mring, slots);

	slots_put_all(mring, slots, n);
	return (void *)n;
}

/* In the child: nothing that the test framework would do at exit. */
static int child(struct maar_mring *mring)
{
	struct maar_mring_stats s;
	pthread_t thread;
	void *n;

	/* All that no thread of the parent holds can be had; those are few. */
	if (maar_mring_stats(mring, &s) || s.in_use > THREADS * HELD)
		return 1;
	if ((size_t)take_and_put_all(mring) != SLOTS - s.in_use)
		return 2;
	if (THREADS_IN_CHILD) {
		if (pthread_create(&thread, NULL, take_and_put_all, mring) || pthread_join(thread, &n))
			return 3;
		if ((size_t)n != SLOTS - s.in_use)
			return 4;
	}
	maar_mring_shrink(mring);
	if ((size_t)take_and_put_all(mring) != SLOTS - s.in_use)
		return 5;
	/* and a life of its own */
	mring = maar_mring_create(SLOTS, 64, NULL);
	if (!mring || (size_t)take_and_put_all(mring) != SLOTS || maar_mring_destroy(mring))
		return 6;
	return 0;
}

static void check_child(struct maar_mring *mring)
{
	const pid_t pid = fork();
	int status = -1;

	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		_exit(child(mring));
	unit_eq(waitpid(pid, &status, 0), pid);
	unit_eq(status, 0);
}

static const struct maar_mring_options forms[] = {
	{ .lane_slots = 16 },
	{ .no_lanes = 1 },
	{ .lane_slots = 0 },
	{ .lane_slots = 6, .max_slots = SLOTS, .slab_bytes = 4096, .idle_ms = THREADS_IN_CHILD },
};

/* _i: a form; from 4 on without membarrier. */
START_TEST(forks_amid_threads)
{
	const struct maar_mring_options *o = &forms[_i % 4];
	struct crew crew = { NULL, 0, 0 };
	pthread_t thread[THREADS];
	size_t i, round;

	if (_i >= 4)
		setenv("MAAR_NO_MEMBARRIER", "1", 1);
	crew.mring = slots_create(o->max_slots ? 1 : SLOTS, 64, o);
	for (i = 0; i < THREADS; i++)
		thread[i] = unit_thread(hammer, &crew);
	while (__atomic_load_n(&crew.going, __ATOMIC_RELAXED) < THREADS)
		pace_yield();
	for (round = 0; round < (_i == 0 ? 200 : 10); round++) {
		if (round % 2)
			unit_eq(maar_mring_put(crew.mring, maar_mring_get(crew.mring)),
				0); /* with a lane, and without */
		else
			maar_mring_flush(crew.mring);
		check_child(crew.mring);
	}
	__atomic_store_n(&crew.stop, 1, __ATOMIC_RELAXED);
	for (i = 0; i < THREADS; i++)
		unit_join(thread[i]);
	slots_check_all_there(crew.mring);
	unit_eq(maar_mring_destroy(crew.mring), 0);
}
END_TEST

/* A child of a child, and so on, each of which leaves something in its lane. */
START_TEST(generations)
{
	struct maar_mring *mring = slots_create(SLOTS, 64, &forms[0]);
	int depth, status = 0;

	for (depth = 0; depth < 10; depth++) {
		pid_t pid;

		unit_eq((size_t)take_and_put_all(mring), SLOTS);
		pid = fork();
		ck_assert_int_ge(pid, 0);
		if (pid == 0)
			continue;
		unit_eq(waitpid(pid, &status, 0), pid);
		break;
	}
	status |= (size_t)take_and_put_all(mring) != SLOTS || maar_mring_destroy(mring);
	if (depth)
		_exit(status != 0);
	unit_eq(status, 0);
}
END_TEST

/* The thread that shrinks idle mrings is the parent's; the child makes its own when it uses one. */
START_TEST(keeper_of_the_child)
{
	const struct maar_mring_options o = { .max_slots = SLOTS, .slab_bytes = 4096, .idle_ms = 2 };
	struct maar_mring *mring = slots_create(1, 64, &o);
	const pid_t pid = fork();
	int status = -1;

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		const struct timespec a_little = { 0, 1000 * 1000 };
		struct maar_mring_stats s = { .slots = 1 };
		unsigned i;

		if ((size_t)take_and_put_all(mring) != SLOTS)
			_exit(1);
		for (i = 0; i < 30000 && s.slots; i++) {
			nanosleep(&a_little, NULL);
			maar_mring_stats(mring, &s);
		}
		_exit(s.slots ? 2 : maar_mring_destroy(mring) ? 3 : 0);
	}
	unit_eq(waitpid(pid, &status, 0), pid);
	unit_eq(status, 0);
	slots_check_all_there(mring);
	unit_eq(maar_mring_destroy(mring), 0);
}
END_TEST

/* ---- the walk ---- */

struct seen {
	struct maar_mring *those[8];
	size_t n;
};

static void see(struct maar_mring *mring, void *arg)
{
	struct seen *seen = arg;

	unit_must(seen->n < COUNT_OF(seen->those));
	seen->those[seen->n++] = mring;
	unit_eq(maar_mring_put(mring, maar_mring_get(mring)), 0);
}

START_TEST(each)
{
	struct maar_mring *mrings[5];
	struct seen seen = { .n = 0 };
	size_t i;

	unit_eq(maar_mring_each(NULL, NULL), 0);
	for (i = 0; i < COUNT_OF(mrings); i++)
		mrings[i] = slots_create(SLOTS, 64, NULL);
	unit_eq(maar_mring_destroy(mrings[1]), 0);
	unit_eq(maar_mring_each(NULL, NULL), 4);
	unit_eq(maar_mring_each(see, &seen), 4);
	unit_eq(seen.n, 4);
	ck_assert_ptr_eq(seen.those[0], mrings[0]);
	ck_assert_ptr_eq(seen.those[1], mrings[2]);
	ck_assert_ptr_eq(seen.those[3], mrings[4]);
	for (i = 0; i < COUNT_OF(mrings); i++)
		if (i != 1)
			unit_eq(maar_mring_destroy(mrings[i]), 0);
	unit_eq(maar_mring_each(see, &seen), 0);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("mring fork");
	TCase *tcase = unit_tcase(suite, "fork");

	tcase_add_loop_test(tcase, forks_amid_threads, 0, 8);
	tcase_add_test(tcase, generations);
	if (THREADS_IN_CHILD)
		tcase_add_test(tcase, keeper_of_the_child);
	tcase_add_test(tcase, each);
	return suite;
}
