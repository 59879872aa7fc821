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
#include <stdlib.h>

#include "malloc_priv.h"

#if __SIZEOF_SIZE_T__ != 8
#error "these are the names where size_t is unsigned long"
#endif

/* const std::nothrow_t &, which is only handed on */
typedef const void *nothrow_t;

/* The operator that this library has replaced. */
static void *next(const char *operator)
{
	void *found = dlsym(RTLD_NEXT, operator);

	if (!found)
		abort(); /* who calls this without a C++ run-time? */
	lend();
	return found;
}

/* Four forms of new: "name" is _Znwm or _Znam. */
#define OPERATORS_NEW(name, FAMILY)                                                                                    \
	MAAR_MALLOC_CALL void *name(size_t bytes);                                                                     \
	void *name(size_t bytes)                                                                                       \
	{                                                                                                              \
		void *block = get(HERE(FAMILY), bytes);                                                                \
		void *(*slow)(size_t);                                                                                 \
                                                                                                                       \
		if (maar_likely(block))                                                                                \
			return block;                                                                                  \
		*(void **)&slow = next(#name);                                                                         \
		return slow(bytes);                                                                                    \
	}                                                                                                              \
	MAAR_MALLOC_CALL void *name##RKSt9nothrow_t(size_t bytes, nothrow_t nothrow);                                  \
	void *name##RKSt9nothrow_t(size_t bytes, nothrow_t nothrow)                                                    \
	{                                                                                                              \
		void *block = get(HERE(FAMILY), bytes);                                                                \
		void *(*slow)(size_t, nothrow_t);                                                                      \
                                                                                                                       \
		if (maar_likely(block))                                                                                \
			return block;                                                                                  \
		*(void **)&slow = next(#name "RKSt9nothrow_t");                                                        \
		return slow(bytes, nothrow);                                                                           \
	}                                                                                                              \
	MAAR_MALLOC_CALL void *name##St11align_val_t(size_t bytes, size_t align);                                      \
	void *name##St11align_val_t(size_t bytes, size_t align)                                                        \
	{                                                                                                              \
		void *block = get_aligned(HERE(FAMILY), align, bytes);                                                 \
		void *(*slow)(size_t, size_t);                                                                         \
                                                                                                                       \
		if (maar_likely(block))                                                                                \
			return block;                                                                                  \
		*(void **)&slow = next(#name "St11align_val_t");                                                       \
		return slow(bytes, align);                                                                             \
	}                                                                                                              \
	MAAR_MALLOC_CALL void *name##St11align_val_tRKSt9nothrow_t(size_t bytes, size_t align, nothrow_t nothrow);     \
	void *name##St11align_val_tRKSt9nothrow_t(size_t bytes, size_t align, nothrow_t nothrow)                       \
	{                                                                                                              \
		void *block = get_aligned(HERE(FAMILY), align, bytes);                                                 \
		void *(*slow)(size_t, size_t, nothrow_t);                                                              \
                                                                                                                       \
		if (maar_likely(block))                                                                                \
			return block;                                                                                  \
		*(void **)&slow = next(#name "St11align_val_tRKSt9nothrow_t");                                         \
		return slow(bytes, align, nothrow);                                                                    \
	}

/* Six forms of delete, all the same: "name" is _ZdlPv or _ZdaPv. */
#define OPERATORS_DELETE(name, FAMILY)                                                                                 \
	MAAR_MALLOC_CALL void name(void *block);                                                                       \
	void name(void *block)                                                                                         \
	{                                                                                                              \
		put_aligned(HERE(FAMILY), block, MAAR__UNTOLD, 0);                                                     \
	}                                                                                                              \
	MAAR_MALLOC_CALL void name##RKSt9nothrow_t(void *block, nothrow_t nothrow);                                    \
	void name##RKSt9nothrow_t(void *block, nothrow_t nothrow)                                                      \
	{                                                                                                              \
		(void)nothrow;                                                                                         \
		put_aligned(HERE(FAMILY), block, MAAR__UNTOLD, 0);                                                     \
	}                                                                                                              \
	MAAR_MALLOC_CALL void name##m(void *block, size_t bytes);                                                      \
	void name##m(void *block, size_t bytes)                                                                        \
	{                                                                                                              \
		put_aligned(HERE(FAMILY), block, bytes, 0);                                                            \
	}                                                                                                              \
	MAAR_MALLOC_CALL void name##St11align_val_t(void *block, size_t align);                                        \
	void name##St11align_val_t(void *block, size_t align)                                                          \
	{                                                                                                              \
		put_aligned(HERE(FAMILY), block, MAAR__UNTOLD, align);                                                 \
	}                                                                                                              \
	MAAR_MALLOC_CALL void name##mSt11align_val_t(void *block, size_t bytes, size_t align);                         \
	void name##mSt11align_val_t(void *block, size_t bytes, size_t align)                                           \
	{                                                                                                              \
		put_aligned(HERE(FAMILY), block, bytes, align);                                                        \
	}                                                                                                              \
	MAAR_MALLOC_CALL void name##St11align_val_tRKSt9nothrow_t(void *block, size_t align, nothrow_t nothrow);       \
	void name##St11align_val_tRKSt9nothrow_t(void *block, size_t align, nothrow_t nothrow)                         \
	{                                                                                                              \
		(void)nothrow;                                                                                         \
		put_aligned(HERE(FAMILY), block, MAAR__UNTOLD, align);                                                 \
	}

OPERATORS_NEW(_Znwm, NEW)
OPERATORS_NEW(_Znam, ARRAY)
OPERATORS_DELETE(_ZdlPv, NEW)
OPERATORS_DELETE(_ZdaPv, ARRAY)
