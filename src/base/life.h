/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * What the lives of all objects have in common, in both forms: init in the caller's memory, create in the library's.
 */
#ifndef MAAR_LIFE_H
#define MAAR_LIFE_H

#include "base.h"

#include <errno.h>

/* Whether an object of `needed` bytes can be made in the caller's memory: 0, -EINVAL or -ENOSPC, as every init says. */
static inline int maar__unfit(const void *mem, size_t bytes, size_t needed)
{
	if (!mem || (uintptr_t)mem % MAAR_APART)
		return -EINVAL;
	return bytes < needed ? -ENOSPC : 0;
}

/* Whether a create has to return NULL: errno says why. `rc` is 0 or a negative errno. */
static inline bool maar__refused(int rc)
{
	if (rc)
		errno = -rc;
	return rc != 0;
}

/*
 * What create leaves in an object's field `owns`, and destroy compares, so that a byte copy, which is an object of its own,
 * gives back nothing: a mark of the address (2^64 / golden ratio spreads it), never 0. The copy lies elsewhere, and one
 * address in 2^31 has the same mark.
 */
static inline uint32_t maar__owner(const void *object)
{
	return (uint32_t)((uint64_t)(uintptr_t)object * UINT64_C(0x9e3779b97f4a7c15) >> 32) | 1;
}

#endif
