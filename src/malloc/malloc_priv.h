/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * What malloc.c and operators.c share: how a call is exported (src/libmaar-malloc.map lists them all), and what it ends in: the
 * allocator, or, in libmaar-malloc-debug.so (MAAR_MALLOC_DEBUG), the guard before it. All of it is inlined there, so that the
 * guard sees the program's call, and the allocator is one jump away where there is no guard.
 */
#ifndef MAAR_MALLOC_PRIV_H
#define MAAR_MALLOC_PRIV_H

#include <maar/alloc.h>

#include <errno.h>

#include "../alloc/quick.h"
#include "guard.h"

#define MAAR_MALLOC_CALL __attribute__((visibility("default")))

/* The call of this function, which is exported. */
#ifdef MAAR_MALLOC_DEBUG
#define HERE(which)                                                                                                    \
	(&(const struct maar__call){ __func__, __builtin_return_address(0), __builtin_frame_address(0),                \
				     MAAR__FAMILY_##which })
#else
/* Nobody reads it, and to have a frame costs. */
#define HERE(which) (&(const struct maar__call){ __func__, NULL, NULL, MAAR__FAMILY_##which })
#endif

#define ALWAYS static inline __attribute__((always_inline, unused))

#ifdef MAAR_MALLOC_DEBUG

ALWAYS void *get(const struct maar__call *call, size_t bytes)
{
	return maar__guard_get(call, bytes, 1, false);
}

ALWAYS void *get_zeroed(const struct maar__call *call, size_t n, size_t bytes)
{
	size_t all;

	return maar__guard_get(call, maar__mul(n, bytes, &all) ? all : SIZE_MAX, 1, true);
}

ALWAYS void *get_aligned(const struct maar__call *call, size_t align, size_t bytes)
{
	if (!align)
		align = 1;
	if (!maar__is_pow2(align)) {
		errno = EINVAL;
		return NULL;
	}
	return maar__guard_get(call, bytes, align, false);
}

ALWAYS int get_posix(const struct maar__call *call, void **block, size_t align, size_t bytes)
{
	const int saved = errno;
	void *got;

	if (!maar__is_pow2(align) || align % sizeof(void *))
		return EINVAL;
	got = maar__guard_get(call, bytes, align, false);
	errno = saved;
	if (!got)
		return ENOMEM;
	*block = got;
	return 0;
}

ALWAYS void *resize(const struct maar__call *call, void *block, size_t bytes)
{
	return maar__guard_resize(call, block, bytes);
}

ALWAYS void *resize_array(const struct maar__call *call, void *block, size_t n, size_t bytes)
{
	size_t all;

	return maar__guard_resize(call, block, maar__mul(n, bytes, &all) ? all : SIZE_MAX);
}

ALWAYS void put(const struct maar__call *call, void *block)
{
	maar__guard_put(call, block, MAAR__UNTOLD, MAAR__UNTOLD);
}

ALWAYS void put_sized(const struct maar__call *call, void *block, size_t bytes)
{
	maar__guard_put(call, block, bytes, MAAR__UNTOLD);
}

/* bytes: MAAR__UNTOLD, where the call does not say. */
ALWAYS void put_aligned(const struct maar__call *call, void *block, size_t bytes, size_t align)
{
	maar__guard_put(call, block, bytes, align);
}

ALWAYS size_t usable(const struct maar__call *call, const void *block)
{
	return maar__guard_usable(call, block);
}

/* What C++'s run-time got on behalf of an operator. align: MAAR__UNTOLD, where the call does not say. */
ALWAYS void *own(const struct maar__call *call, void *block, size_t bytes, size_t align)
{
	if (block)
		maar__guard_own(call, block, bytes, align);
	return block;
}

#else

ALWAYS void *get(const struct maar__call *call, size_t bytes)
{
	(void)call;
	return maar__malloc_quick(bytes);
}

ALWAYS void *get_zeroed(const struct maar__call *call, size_t n, size_t bytes)
{
	(void)call;
	return maar_calloc(n, bytes);
}

ALWAYS void *get_aligned(const struct maar__call *call, size_t align, size_t bytes)
{
	(void)call;
	return maar_memalign(align, bytes);
}

ALWAYS int get_posix(const struct maar__call *call, void **block, size_t align, size_t bytes)
{
	(void)call;
	return maar_posix_memalign(block, align, bytes);
}

ALWAYS void *resize(const struct maar__call *call, void *block, size_t bytes)
{
	(void)call;
	return maar_realloc(block, bytes);
}

ALWAYS void *resize_array(const struct maar__call *call, void *block, size_t n, size_t bytes)
{
	(void)call;
	return maar_reallocarray(block, n, bytes);
}

ALWAYS void put(const struct maar__call *call, void *block)
{
	(void)call;
	maar__free_quick(block);
}

ALWAYS void put_sized(const struct maar__call *call, void *block, size_t bytes)
{
	(void)bytes;
	put(call, block);
}

ALWAYS void put_aligned(const struct maar__call *call, void *block, size_t bytes, size_t align)
{
	(void)align;
	put_sized(call, block, bytes);
}

ALWAYS size_t usable(const struct maar__call *call, const void *block)
{
	(void)call;
	return maar_usable_size(block);
}

ALWAYS void *own(const struct maar__call *call, void *block, size_t bytes, size_t align)
{
	(void)call;
	(void)bytes;
	(void)align;
	return block;
}

#endif

#endif
