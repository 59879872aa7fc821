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

#endif
