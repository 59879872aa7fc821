/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The classes of block sizes: 16 to 128 bytes by 16, then eight to each doubling up to 1 MiB. A block is at most an eighth
 * larger than what was asked for, above 128 bytes. One more class, for blocks that have a span of 2 MiB each.
 */
#ifndef MAAR_ALLOC_CLASS_H
#define MAAR_ALLOC_CLASS_H

#include <stddef.h>
#include <stdint.h>

#define MAAR__CLASSES	  113
#define MAAR__CLASS_WHOLE 112		    /* a block is a whole span of the largest kind */
#define MAAR__CLASS_MOST  ((size_t)1 << 20) /* the largest size with a class by computation */
#define MAAR__WHOLE_MOST  ((size_t)2 << 20) /* beyond that blocks are mappings of their own */

/*
 * A lane finds the slab of a size by its bin: one for each 16 bytes up to here, so that small sizes need no class (several bins
 * are of one class), then one for each class.
 */
#define MAAR__CLASS_QUICK 1024
#define MAAR__QUICK_LAST  31 /* the class of so many bytes */
#define MAAR__QUICK_BINS  (MAAR__CLASS_QUICK / 16 + 1)
#define MAAR__BINS	  (MAAR__QUICK_BINS + MAAR__CLASSES - 1 - MAAR__QUICK_LAST)

/* 129 <= bytes <= MAAR__CLASS_MOST */
static inline unsigned maar__class_by_bits(size_t bytes)
{
	const size_t last = bytes - 1;
	const unsigned top = 63 - (unsigned)__builtin_clzll(last);

	return 8 * (top - 6) + (unsigned)(last >> (top - 3) & 7);
}

/* The class of blocks of at least so many bytes, at most MAAR__WHOLE_MOST. */
static inline unsigned maar__class_of(size_t bytes)
{
	if (bytes <= 128)
		return bytes ? (unsigned)(bytes - 1) / 16 : 0;
	return bytes <= MAAR__CLASS_MOST ? maar__class_by_bits(bytes) : MAAR__CLASS_WHOLE;
}

static inline size_t maar__class_bytes(unsigned class)
{
	if (class < 8)
		return 16 * (size_t)(class + 1);
	return class < MAAR__CLASS_WHOLE ? (size_t)(class % 8 + 9) << (class / 8 + 3) : MAAR__WHOLE_MOST;
}

/* Of a class above MAAR__QUICK_LAST, by its bytes: up to MAAR__CLASS_MOST. */
static inline size_t maar__bin_by_bits(size_t bytes)
{
	return MAAR__QUICK_BINS - 1 - MAAR__QUICK_LAST + (size_t)maar__class_by_bits(bytes);
}

/* The last of a class's bins. */
static inline size_t maar__bin_of(unsigned class)
{
	return class <= MAAR__QUICK_LAST ? maar__class_bytes(class) / 16
					 : MAAR__QUICK_BINS - 1 - MAAR__QUICK_LAST + class;
}

/* The first. */
static inline size_t maar__bin_first(unsigned class)
{
	return class ? maar__bin_of(class - 1) + 1 : 0;
}

#endif
