/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * A stand-in of libnuma, which records what it is asked for: the library under test looks for libnuma.so.1, and finds this
 * one, because the test is linked with it. No memory is bound to anything.
 */
#include "numa_stand_in.h"

#include <errno.h>
#include <string.h>

struct numa_stand_in numa_stand_in;

int numa_available(void)
{
	numa_stand_in.asked++;
	return numa_stand_in.absent ? -1 : 0;
}

long mbind(void *address, unsigned long bytes, int mode, const unsigned long *mask, unsigned long bits, unsigned flags)
{
	struct numa_stand_in *s = &numa_stand_in;

	s->calls++;
	s->address = address;
	s->bytes = bytes;
	s->mode = mode;
	s->bits = bits;
	s->flags = flags;
	memcpy(s->mask, mask, sizeof(s->mask));
	errno = s->error;
	return s->error ? -1 : 0;
}
