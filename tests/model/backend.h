/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The atomics layer of <maar/bits/atomic.h> on the explorer: -DMAAR_ATOMIC_BACKEND='"tests/model/backend.h"'.
 */
#ifndef MAAR_TESTS_MODEL_BACKEND_H
#define MAAR_TESTS_MODEL_BACKEND_H

#include "explorer.h"

#define MODEL_SITE(kind, memory_order)                                                                                 \
	__extension__({                                                                                                \
		static struct model_site model_here = { __FILE__, __LINE__, kind, MODEL_##memory_order, NULL, false }; \
		&model_here;                                                                                           \
	})

#define maar_a_load(p, order)	  ((__typeof__(*(p) + 0))model_load(MODEL_SITE(MODEL_LOAD, order), (p), sizeof(*(p))))
#define maar_a_store(p, v, order) model_store(MODEL_SITE(MODEL_STORE, order), (p), sizeof(*(p)), (uint64_t)(v))
#define maar_a_add(p, v, order)                                                                                        \
	((__typeof__(*(p) + 0))model_add(MODEL_SITE(MODEL_ADD, order), (p), sizeof(*(p)), (uint64_t)(v)))
#define maar_a_cas(p, old, new_, order)                                                                                \
	model_cas(MODEL_SITE(MODEL_CAS, order), (p), sizeof(*(p)), (uint64_t)(old), (uint64_t)(new_))
#define maar_a_cas2(p, old0, old1, new0, new1, order)                                                                  \
	model_cas2(MODEL_SITE(MODEL_CAS2, order), (p), (old0), (old1), (new0), (new1))

#endif
