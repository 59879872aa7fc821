/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * C++'s operators new and delete, in every form that C++17 has, under their names in the ABI: in C, as a library that is
 * preloaded into every program must not bring C++'s run-time along.
 *
 * What is to be done when there is no memory - ask the new handler, try again, throw bad_alloc, and catch what the handler
 * throws where nothing may be thrown - is that run-time's business. A program that calls an operator has it: the next
 * definition of the same operator is its, and ends up in malloc again.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>

#include "malloc_priv.h"

#if __SIZEOF_SIZE_T__ != 8
#error "these are the names where size_t is unsigned long"
#endif

/* const std::nothrow_t &, which is only handed on */
typedef const void *nothrow_t;

/* The operator that this library has replaced; NULL: there is no C++ run-time that we know of. */
static void *next(const char *operator)
{
	return dlsym(RTLD_NEXT, operator);
}

/* The same of who is about to have no memory. */
static void *next_of_new(const char *operator)
{
	void *found = next(operator);

	if (!found)
		abort(); /* who calls this without a C++ run-time? */
	return found;
}

/*
 * A program may bring some operators of its own. By the standard the others end in those then: an array's in a single
 * object's, the sized and the nothrow forms in the plain ones. The run-time's do, so that ours give way to them.
 */
enum { UNTRIED, OURS, PROGRAMS };
static uint32_t plain_ones; /* one of these; whoever asks finds the same, so that a race costs a look-up */

static bool ask_whose(void)
{
	static const char *const roots[] = {
		"_Znwm", "_Znam", "_ZdlPv", "_ZdaPv", "_ZnwmSt11align_val_t", "_ZdlPvSt11align_val_t"
	};
	const int saved = errno;
	uint32_t whose = OURS;
	Dl_info ours, found;
	size_t i;

	for (i = 0; dladdr(&plain_ones, &ours) && i < sizeof(roots) / sizeof(*roots); i++) {
		void *at = dlsym(RTLD_DEFAULT, roots[i]);

		/* Of the run-time: who loads this library late has that as the first. It is nobody's own. */
		if (at && at != next(roots[i]) && dladdr(at, &found) && found.dli_fbase != ours.dli_fbase)
			whose = PROGRAMS;
	}
	maar_a_store(&plain_ones, whose, RELAXED);
	errno = saved;
	return whose == PROGRAMS;
}

static inline bool gives_way(void)
{
	const uint32_t whose = maar_a_load(&plain_ones, RELAXED);

	return maar_unlikely(whose != OURS) && (whose == PROGRAMS || ask_whose());
}

/* One form of new: "got" is the block, "align" what the call says of it. What is no root may have to give way. */
#define OPERATOR_NEW(name, FAMILY, is_root, params, args, got, align)                                                  \
	MAAR_MALLOC_CALL void *name params;                                                                            \
	void *name params                                                                                              \
	{                                                                                                              \
		const struct maar__call *here = HERE(FAMILY);                                                          \
		void *(*slow)params = NULL;                                                                            \
		void *block;                                                                                           \
                                                                                                                       \
		if (!(is_root) && gives_way() && (*(void **)&slow = next(#name)) != NULL)                              \
			return slow args;                                                                              \
		block = got;                                                                                           \
		if (maar_likely(block))                                                                                \
			return block;                                                                                  \
		*(void **)&slow = next_of_new(#name);                                                                  \
		return own(here, slow args, bytes, align);                                                             \
	}

/* Four forms: "name" is _Znwm or _Znam. */
#define OPERATORS_NEW(name, FAMILY, is_root)                                                                           \
	OPERATOR_NEW(name, FAMILY, is_root, (size_t bytes), (bytes), get(here, bytes), MAAR__UNTOLD)                   \
	OPERATOR_NEW(name##RKSt9nothrow_t, FAMILY, false, (size_t bytes, nothrow_t nothrow), (bytes, nothrow),         \
		     get(here, bytes), MAAR__UNTOLD)                                                                   \
	OPERATOR_NEW(name##St11align_val_t, FAMILY, is_root, (size_t bytes, size_t align), (bytes, align),             \
		     get_aligned(here, align, bytes), align)                                                           \
	OPERATOR_NEW(name##St11align_val_tRKSt9nothrow_t, FAMILY, false,                                               \
		     (size_t bytes, size_t align, nothrow_t nothrow), (bytes, align, nothrow),                         \
		     get_aligned(here, align, bytes), align)

/* One form of delete. */
#define OPERATOR_DELETE(name, FAMILY, is_root, params, args, bytes, align)                                             \
	MAAR_MALLOC_CALL void name params;                                                                             \
	void name params                                                                                               \
	{                                                                                                              \
		void(*theirs) params;                                                                                  \
                                                                                                                       \
		if (!(is_root) && gives_way() && (*(void **)&theirs = next(#name)) != NULL)                            \
			theirs args;                                                                                   \
		else                                                                                                   \
			put_aligned(HERE(FAMILY), block, bytes, align);                                                \
	}

/* Six forms: "name" is _ZdlPv or _ZdaPv. */
#define OPERATORS_DELETE(name, FAMILY, is_root)                                                                        \
	OPERATOR_DELETE(name, FAMILY, is_root, (void *block), (block), MAAR__UNTOLD, 0)                                \
	OPERATOR_DELETE(name##RKSt9nothrow_t, FAMILY, false, (void *block, nothrow_t nothrow), (block, nothrow),       \
			MAAR__UNTOLD, 0)                                                                               \
	OPERATOR_DELETE(name##m, FAMILY, false, (void *block, size_t bytes), (block, bytes), bytes, 0)                 \
	OPERATOR_DELETE(name##St11align_val_t, FAMILY, is_root, (void *block, size_t align), (block, align),           \
			MAAR__UNTOLD, align)                                                                           \
	OPERATOR_DELETE(name##mSt11align_val_t, FAMILY, false, (void *block, size_t bytes, size_t align),              \
			(block, bytes, align), bytes, align)                                                           \
	OPERATOR_DELETE(name##St11align_val_tRKSt9nothrow_t, FAMILY, false,                                            \
			(void *block, size_t align, nothrow_t nothrow), (block, align, nothrow), MAAR__UNTOLD, align)

OPERATORS_NEW(_Znwm, NEW, true)
OPERATORS_NEW(_Znam, ARRAY, false)
OPERATORS_DELETE(_ZdlPv, NEW, true)
OPERATORS_DELETE(_ZdaPv, ARRAY, false)
