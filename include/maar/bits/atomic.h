/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The one layer through which maar touches shared memory.
 *
 * Every access names its memory order as a literal token (RELAXED, ACQUIRE, RELEASE, ACQ_REL, SEQ_CST) and passes
 * through MAAR_POINT first. So one source builds as the plain library, under ThreadSanitizer, with random delays at
 * every access (-DMAAR_POINT=...), and on another machine altogether (-DMAAR_ATOMIC_BACKEND='"file.h"', which must
 * define the macros of this file). There are no stand-alone fences: ThreadSanitizer cannot see them.
 *
 * Labels: an access that publishes carries R:name in a comment, the access that consumes what it published A:name;
 * tests/meta/labels.sh refuses a label without its mate, and doc/memory-model.md argues each pair.
 */
#ifndef MAAR_BITS_ATOMIC_H
#define MAAR_BITS_ATOMIC_H
#ifndef MAAR_BITS_OK
#error "include a header of <maar/...>, not of <maar/bits/...>"
#endif

#include <maar/bits/arch.h>
#include <maar/bits/cc.h>

#ifndef MAAR_POINT
#define MAAR_POINT(address) ((void)0)
#endif

#ifdef MAAR_ATOMIC_BACKEND
#include MAAR_ATOMIC_BACKEND
#else

#define maar_a_load(p, order)	  (MAAR_POINT(p), __atomic_load_n((p), __ATOMIC_##order))
#define maar_a_store(p, v, order) (MAAR_POINT(p), __atomic_store_n((p), (v), __ATOMIC_##order))
#define maar_a_add(p, v, order)	  (MAAR_POINT(p), __atomic_fetch_add((p), (v), __ATOMIC_##order))

/*
 * True if *p was `old` and is now `new_`. The value found on failure is not handed back: on x86 writing it back costs
 * a multi-producer ring 15 to 30 % (DPDK's measurement, see doc/lineage.md), and every caller here reloads anyway.
 */
#define maar_a_cas(p, old, new_, order)                                                                                \
	(MAAR_POINT(p), __extension__({                                                                                \
		 __typeof__(*(p)) maar__expected = (old);                                                              \
		 __atomic_compare_exchange_n((p), &maar__expected, (new_), 0, __ATOMIC_##order, __ATOMIC_RELAXED);     \
	 }))

/* The same on two adjacent 64-bit words, 16-byte aligned; only where MAAR_HAVE_CAS2. */
#define maar_a_cas2(p, old0, old1, new0, new1, order)                                                                  \
	(MAAR_POINT(p), maar__cas2((p), (old0), (old1), (new0), (new1), __ATOMIC_##order))

#endif

/*
 * Keeps the compiler from moving accesses across, and does nothing at run time: for the one side of a pair whose other
 * side calls membarrier (src/base/barrier.c).
 */
#ifndef maar_a_compiler_barrier
#define maar_a_compiler_barrier() __atomic_signal_fence(__ATOMIC_SEQ_CST)
#endif

/*
 * Shared memory that is not atomic: some pair R:/A: keeps its writer and its readers apart. These are plain C; they tell
 * the explorer of tests/model where to look for accesses that nothing orders, so payload that one thread writes and another
 * reads goes through them. *p has 1, 2, 4 or 8 bytes, dst and src any alignment; memory of one thread may be named too.
 * A back end may define its own.
 */
#ifndef maar_n_load
#define maar_n_load(p)		     (MAAR_POINT(p), *(p))
#define maar_n_store(p, v)	     (MAAR_POINT(p), (void)(*(p) = (v)))
#define maar_n_copy(dst, src, bytes) (MAAR_POINT(dst), (void)__builtin_memcpy((dst), (src), (bytes)))
#endif

#endif
