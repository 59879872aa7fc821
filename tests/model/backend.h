/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The atomics layer of <maar/bits/atomic.h> on the explorer: -DMAAR_ATOMIC_BACKEND='"tests/model/backend.h"'.
 */
#ifndef MAAR_TESTS_MODEL_BACKEND_H
#define MAAR_TESTS_MODEL_BACKEND_H

#include "explorer.h"

#include <pthread.h>
#include <sched.h>

/* Whatever the processor has: the explorer can, and waiting loops give way. */
#undef MAAR_HAVE_CAS2
#define MAAR_HAVE_CAS2	 1
#define maar_cpu_relax() model_yield()

/* Nothing reorders a thread's accesses here, but loads may read old values, which is the same. */
#define maar_a_compiler_barrier() ((void)0)

#define pthread_mutex_lock(mutex)   model_mutex_lock(mutex)
#define pthread_mutex_unlock(mutex) model_mutex_unlock(mutex)
#define sched_yield()		    model_yield()

/* Each of the scenario's threads has a table of lanes of its own: scenarios_mring.c. */
struct maar__lane_table;
struct maar__lane_table *model_thread_lanes(void);
#define MAAR__THREAD_LANES model_thread_lanes()

#define MODEL_SITE(kind, memory_order, text)                                                                           \
	__extension__({                                                                                                \
		static struct model_site model_here = { __FILE__, __LINE__, kind, MODEL_##memory_order, text, NULL };  \
		&model_here;                                                                                           \
	})

#define maar_a_load(p, order)	  ((__typeof__(*(p) + 0))model_load(MODEL_SITE(MODEL_LOAD, order, #p), (p), sizeof(*(p))))
#define maar_a_store(p, v, order) model_store(MODEL_SITE(MODEL_STORE, order, #p), (p), sizeof(*(p)), (uint64_t)(v))
#define maar_a_add(p, v, order)                                                                                        \
	((__typeof__(*(p) + 0))model_add(MODEL_SITE(MODEL_ADD, order, #p), (p), sizeof(*(p)), (uint64_t)(v)))
#define maar_a_cas(p, old, new_, order)                                                                                \
	model_cas(MODEL_SITE(MODEL_CAS, order, #p), (p), sizeof(*(p)), (uint64_t)(old), (uint64_t)(new_))
#define maar_a_cas2(p, old0, old1, new0, new1, order)                                                                  \
	model_cas2(MODEL_SITE(MODEL_CAS2, order, #p), (p), (old0), (old1), (new0), (new1))

#define maar_n_load(p)		     (model_reads((p), sizeof(*(p))), *(p))
#define maar_n_store(p, v)	     (model_writes((p), sizeof(*(p))), (void)(*(p) = (v)))
#define maar_n_copy(dst, src, bytes) model_copy((dst), (src), (bytes))

#endif
