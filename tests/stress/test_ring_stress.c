/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Rings under stress: every mode, 1 to 8 threads on each free side, tiny and deep, at every wrap; and that "full" and
 * "empty" are exact. Built twice, the second time with random delays at every atomic access.
 */
#include "../unit/common.h"
#include "ring_run.h"

#include <inttypes.h>

/* Messages of each mode in a native build: thirteen modes make more than 20 million. */
#define MESSAGES 1600000
#define LEAST	 20000

/* Rounds of push and pop, of each number of threads. */
#define ROUNDS	     60000
#define LEAST_ROUNDS 2000

/* Looks of an observer: they cost nothing, and a lie of theirs needs two threads to move within some 50 ns. */
#define LOOKS	    3000000
#define LEAST_LOOKS 20000

/* Just before 2^64: the position wraps within any number of rounds. */
#define NEAR_WRAP (UINT64_C(0) - 1000)

static void judge(const struct verdict *v)
{
	ck_assert_msg(!v->failed, "%s", v->text);
}

/* Lock-free producers of words need a 16-byte compare-and-swap; elsewhere it is enough, and is tested, that creation says so. */
static bool exists(const struct ring_mode *mode)
{
	const bool lock_free_producers = !(mode->flags & (MAAR_RING_SP | MAAR_RING_TICKET | MAAR_RING_HANDLE));
	const bool is = ring_mode_exists(mode);

	ck_assert_msg(is || (lock_free_producers && !MAAR_HAVE_CAS2), "%s: refused", mode->name);
	if (!is)
		unit_note("%s: not on this processor, and refused as documented", mode->name);
	return is;
}

START_TEST(passes_everything)
{
	const struct ring_mode *mode = &ring_modes[_i];
	struct verdict v = { .lock = PTHREAD_MUTEX_INITIALIZER };
	struct unit_rng rng = unit_rng((uint64_t)_i);
	uint64_t passed;
	unsigned cases;

	if (!exists(mode))
		return;
	passed = ring_run_mode(mode, stress_scaled(MESSAGES, LEAST), unit_random(&rng), &v, &cases);
	judge(&v);
	unit_note("%s: %" PRIu64 " messages in %u cases, none lost, doubled or out of order", mode->name, passed,
		  cases);
}
END_TEST

START_TEST(push_pop)
{
	const struct ring_mode *mode = &ring_modes[_i];
	const bool one_side = mode->flags & (MAAR_RING_SP | MAAR_RING_SC);
	unsigned threads;

	if (!exists(mode))
		return;
	for (threads = 1; threads <= (one_side ? 1 : STRESS_SIDE); threads *= 2) {
		struct verdict v = { .lock = PTHREAD_MUTEX_INITIALIZER };

		ring_run_push_pop(mode, threads, stress_scaled(ROUNDS, LEAST_ROUNDS), NEAR_WRAP, 0, &v);
		judge(&v);
	}
}
END_TEST

START_TEST(observers_do_not_lie)
{
	const struct ring_mode *mode = &ring_modes[_i];
	struct verdict v = { .lock = PTHREAD_MUTEX_INITIALIZER };

	if (!exists(mode))
		return;
	ring_run_observers(mode, stress_scaled(LOOKS, LEAST_LOOKS), NEAR_WRAP, 0, &v);
	judge(&v);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("ring stress");
	TCase *tcase = unit_tcase(suite, "ring stress");

	tcase_set_timeout(tcase, UNIT_TIMEOUT * stress_patience());
	tcase_add_loop_test(tcase, passes_everything, 0, RING_MODES);
	tcase_add_loop_test(tcase, push_pop, 0, RING_MODES);
	tcase_add_loop_test(tcase, observers_do_not_lie, 0, RING_MODES);
	return suite;
}
