/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The atomics layer of the mutation build (MAAR_ATOMIC_BACKEND). Three things differ from <maar/bits/atomic.h>:
 *   - each access is a point at which another thread may be made to go on (mutant_point, in mutant.c);
 *   - the order WEAKENED, which the mutation script writes in place of another, is relaxed;
 *   - the words of ring cells, relaxed atomics for the sake of consumers that lose a race, are plain accesses while
 *     mutant_plain says that there is one consumer: then ThreadSanitizer sees whether anything orders them.
 */
#ifndef MAAR_TEST_MUTATION_BACKEND_H
#define MAAR_TEST_MUTATION_BACKEND_H

void mutant_point(void);
extern int mutant_plain;

#define __ATOMIC_WEAKENED __ATOMIC_RELAXED

/* The text of the access tells what it touches. */
#define MUTANT_PLAIN(text)                                                                                             \
	(mutant_plain && (__builtin_strcmp(text, "&cell->word") == 0 || __builtin_strcmp(text, "&cell->pairs[i]") == 0))

#define MUTANT_LOAD_RELAXED(p, text)  (MUTANT_PLAIN(text) ? *(p) : __atomic_load_n((p), __ATOMIC_RELAXED))
#define MUTANT_LOAD_WEAKENED(p, text) __atomic_load_n((p), __ATOMIC_RELAXED)
#define MUTANT_LOAD_ACQUIRE(p, text)  __atomic_load_n((p), __ATOMIC_ACQUIRE)
#define MUTANT_LOAD_SEQ_CST(p, text)  __atomic_load_n((p), __ATOMIC_SEQ_CST)

#define MUTANT_STORE_RELAXED(p, v, text)                                                                               \
	(MUTANT_PLAIN(text) ? (void)(*(p) = (v)) : __atomic_store_n((p), (v), __ATOMIC_RELAXED))
#define MUTANT_STORE_WEAKENED(p, v, text) __atomic_store_n((p), (v), __ATOMIC_RELAXED)
#define MUTANT_STORE_RELEASE(p, v, text)  __atomic_store_n((p), (v), __ATOMIC_RELEASE)
#define MUTANT_STORE_SEQ_CST(p, v, text)  __atomic_store_n((p), (v), __ATOMIC_SEQ_CST)

#define maar_a_load(p, order)	  (mutant_point(), MUTANT_LOAD_##order(p, #p))
#define maar_a_store(p, v, order) (mutant_point(), MUTANT_STORE_##order(p, v, #p))
#define maar_a_add(p, v, order)	  (mutant_point(), __atomic_fetch_add((p), (v), __ATOMIC_##order))
#define maar_a_cas(p, old, new_, order)                                                                                \
	(mutant_point(), __extension__({                                                                               \
		 __typeof__(*(p)) mutant_expected = (old);                                                             \
		 __atomic_compare_exchange_n((p), &mutant_expected, (new_), 0, __ATOMIC_##order, __ATOMIC_RELAXED);    \
	 }))
#define maar_a_cas2(p, old0, old1, new0, new1, order)                                                                  \
	(mutant_point(), maar__cas2((p), (old0), (old1), (new0), (new1), __ATOMIC_##order))

#endif
