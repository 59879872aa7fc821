/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The atomics layer of the mutation build (MAAR_ATOMIC_BACKEND). Two things differ from <maar/bits/atomic.h>: each access is
 * a point at which another thread may be made to go on (mutant_point, in mutant.c); and the order WEAKENED, which the
 * mutation script writes in place of another, is relaxed.
 */
#ifndef MAAR_TEST_MUTATION_BACKEND_H
#define MAAR_TEST_MUTATION_BACKEND_H

void mutant_point(void);

#define __ATOMIC_WEAKENED __ATOMIC_RELAXED

#define maar_a_load(p, order)	  (mutant_point(), __atomic_load_n((p), __ATOMIC_##order))
#define maar_a_store(p, v, order) (mutant_point(), __atomic_store_n((p), (v), __ATOMIC_##order))
#define maar_a_add(p, v, order)	  (mutant_point(), __atomic_fetch_add((p), (v), __ATOMIC_##order))
#define maar_a_cas(p, old, new_, order)                                                                                \
	(mutant_point(), __extension__({                                                                               \
		 __typeof__(*(p)) mutant_expected = (old);                                                             \
		 __atomic_compare_exchange_n((p), &mutant_expected, (new_), 0, __ATOMIC_##order, __ATOMIC_RELAXED);    \
	 }))
#define maar_a_cas2(p, old0, old1, new0, new1, order)                                                                  \
	(mutant_point(), maar__cas2((p), (old0), (old1), (new0), (new1), __ATOMIC_##order))

#endif
