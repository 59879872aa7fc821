/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The k-th-failure runner. A scenario makes something, uses it and takes it down. It is run with the first fault point
 * failing, then with the second, and so on until a run passes all of them: so each allocation, mapping and lock on its
 * way has failed once, with everything before it done. A fault point is a call of maar__fault() in src/base; the
 * program must be linked with a library that has them (libmaar_test.a or libmaar_debug.a).
 *
 *     static int scenario(void *arg)                 0: did its work; -errno: refused, and left nothing behind
 *     FAULTS_RUN(scenario, arg, FAULTS_REFUSES);
 *
 * Nothing may stay behind: a leak sanitizer sees it at exit, and the runner repeats the sweep and watches the size of
 * the process.
 */
#ifndef MAAR_TEST_UNIT_FAULTS_H
#define MAAR_TEST_UNIT_FAULTS_H

#include "common.h"

#ifndef MAAR_FAULTS
#error "compile with -DMAAR_FAULTS, as the library that you link is"
#endif
#include "../../src/base/base.h"

/* What the documentation says about a failure in this scenario; or-ed if it depends on the point. */
enum faults_answer {
	FAULTS_REFUSES = 1, /* the call returns an error, and nothing has happened */
	FAULTS_WORKS = 2,   /* the work is done all the same, in some slower way */
};

typedef int faults_scenario(void *arg);

/* More points than any scenario has: a scenario that tries again for ever ends here. */
#define FAULTS_MOST 10000

/*
 * Sweeps before the size of the process is noted, for caches to fill; and after it, enough for a leak to show. Under a
 * sanitizer only descriptors are counted, and exactly.
 */
#define FAULTS_WARM_UP (UNIT_SANITIZED ? 1 : 10)
#define FAULTS_REPEAT  (UNIT_SANITIZED ? 4 : 100)

/* One sweep; returns how many points there are. */
static inline uint64_t faults_sweep(const char *name, faults_scenario *scenario, void *arg, unsigned answers)
{
	uint64_t k;

	for (k = 1; k <= FAULTS_MOST; k++) {
		bool fired;
		int rc;

		maar__fault_arm(k);
		rc = scenario(arg);
		fired = maar__fault_passed() >= k;
		maar__fault_arm(0);
		if (!fired) {
			ck_assert_msg(rc == 0, "%s: %s without any fault", name, strerror(-rc));
			return k - 1;
		}
		if (rc == 0)
			ck_assert_msg(answers & FAULTS_WORKS, "%s: fault %d went unnoticed", name, (int)k);
		else
			ck_assert_msg((answers & FAULTS_REFUSES) && (rc == -ENOMEM || rc == -EAGAIN),
				      "%s: fault %d: %s", name, (int)k, strerror(-rc));
	}
	ck_abort_msg("%s: passes fault points without end", name);
}

/* The whole run; returns how many points the first sweep had, and notes it in the log. */
static inline uint64_t faults_run(const char *name, faults_scenario *scenario, void *arg, unsigned answers)
{
	const uint64_t points = faults_sweep(name, scenario, arg, answers);
	struct unit_size before;
	unsigned i;

	unit_note("%s: %d fault points", name, (int)points);
	ck_assert_msg(points > 0, "%s: no fault points: nothing was tested", name);
	for (i = 0; i < FAULTS_WARM_UP; i++)
		faults_sweep(name, scenario, arg, answers);
	before = unit_size();
	for (i = 0; i < FAULTS_REPEAT; i++)
		faults_sweep(name, scenario, arg, answers);
	unit_assert_steady(name, &before, FAULTS_REPEAT);
	return points;
}

#define FAULTS_RUN(scenario, arg, answers) faults_run(#scenario, (scenario), (arg), (answers))

#endif
