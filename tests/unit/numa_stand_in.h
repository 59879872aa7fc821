/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * What the stand-in of libnuma was asked for last, and what it is to answer.
 */
#ifndef MAAR_TEST_UNIT_STAND_IN_NUMA_H
#define MAAR_TEST_UNIT_STAND_IN_NUMA_H

#define NUMA_MASK_WORDS (1024 / (8 * sizeof(long)))

struct numa_stand_in {
	int absent; /* 1: the kernel has no NUMA */
	int error;  /* of mbind; 0: none */
	unsigned asked, calls;
	void *address;
	unsigned long bytes;
	int mode;
	unsigned long mask[NUMA_MASK_WORDS], bits;
	unsigned flags;
};
extern struct numa_stand_in numa_stand_in;

/* libnuma's, as far as the library calls it. */
int numa_available(void);
long mbind(void *address, unsigned long bytes, int mode, const unsigned long *mask, unsigned long bits, unsigned flags);

#endif
