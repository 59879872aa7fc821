/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Blocks for signal handlers that have interrupted the allocator: from a region of their own, without locks, so that
 * nothing of what was interrupted is touched. Powers of two from a bump offset, given back to a list for each size, whose
 * head counts its changes. In front of a block 16 bytes say where it begins.
 */
#include "alloc_priv.h"

#define LEAST_SHIFT 5  /* 32 bytes, half of it the head */
#define MOST_SHIFT  20 /* a handler that wants more gets none */
#define HEAD_BYTES  16

struct head {
	uint32_t start; /* of the block, in 16 bytes from the region's begin */
	uint32_t shift; /* its size */
	uint64_t reserved;
};
MAAR_STATIC_ASSERT(sizeof(struct head) == HEAD_BYTES, "what stands in front");

static unsigned char *region;
static uint64_t region_bytes;
static uint64_t bump;		       /* bytes handed out once */
static uint64_t lists[MOST_SHIFT + 1]; /* {changes, 32 | start + 1, 32}; 0 in the lower half: empty */

void maar__side_begin(unsigned char *at, size_t bytes)
{
	region = at;
	region_bytes = bytes;
}

#ifdef MAAR_ATOMIC_BACKEND
/* For the explorer: as at the beginning. */
void maar__side_forget(void)
{
	unsigned i;

	for (i = 0; i <= MOST_SHIFT; i++)
		maar_a_store(&lists[i], 0, RELAXED);
	maar_a_store(&bump, 0, RELAXED);
}
#endif

static uint32_t *link_of(uint32_t start)
{
	return (uint32_t *)(void *)(region + ((uint64_t)start << 4));
}

static uint64_t changed(uint64_t head, uint32_t to)
{
	return ((head >> 32) + 1) << 32 | to;
}

/* The start of a block that was given back, plus 1, or 0. */
static uint32_t pop(unsigned shift)
{
	uint64_t head;
	uint32_t next;

	do {
		head = maar_a_load(&lists[shift], ACQUIRE); /* A:side.list */
		if (!(uint32_t)head)
			return 0;
		/* If it is somebody's by now this is any number, and the list has changed. */
		next = maar_a_load(link_of((uint32_t)head - 1), RELAXED);
		/* The same head is the same push, which the load has synchronised with already: it counts the changes. */
	} while (!maar_a_cas(&lists[shift], head, changed(head, next), RELAXED));
	return (uint32_t)head;
}

static uint32_t fresh(unsigned shift)
{
	const uint64_t bytes = UINT64_C(1) << shift;
	uint64_t at, unit;

	do {
		at = maar_a_load(&bump, RELAXED);
		if (!region || bytes > region_bytes - at)
			return 0;
	} while (!maar_a_cas(&bump, at, at + bytes, RELAXED));
	for (unit = maar__unit_of(region + at); unit <= maar__unit_of(region + at + bytes - 1); unit++)
		maar_a_store(&maar__space.unit[unit], MAAR__CLASS_SIDE, RELAXED);
	return (uint32_t)(at >> 4) + 1;
}

void *maar__side_get(size_t bytes, size_t align)
{
	const size_t slack = align > HEAD_BYTES ? align : 0;
	struct head *head;
	unsigned char *block;
	unsigned shift;
	uint32_t start;

	if (bytes > (size_t)1 << MOST_SHIFT || align > (size_t)1 << MOST_SHIFT)
		return NULL;
	for (shift = LEAST_SHIFT; shift <= MOST_SHIFT; shift++)
		if (bytes + slack + HEAD_BYTES <= (size_t)1 << shift)
			break;
	if (shift > MOST_SHIFT)
		return NULL;
	start = pop(shift);
	if (!start)
		start = fresh(shift);
	if (!start)
		return NULL;
	block = region + ((uint64_t)(start - 1) << 4) + HEAD_BYTES;
	if (slack)
		block += (align - (uintptr_t)block % align) % align;
	head = (struct head *)(void *)(block - HEAD_BYTES);
	head->start = start - 1;
	head->shift = shift;
	return block;
}

static struct head *head_of(const void *block)
{
	return (struct head *)((uintptr_t)block - HEAD_BYTES);
}

void maar__side_put(void *block)
{
	const struct head h = *head_of(block);
	uint64_t head;

	do {
		head = maar_a_load(&lists[h.shift], RELAXED);
		maar_a_store(link_of(h.start), (uint32_t)head, RELAXED);
	} while (!maar_a_cas(&lists[h.shift], head, changed(head, h.start + 1), RELEASE)); /* R:side.list */
}

size_t maar__side_usable(const void *block)
{
	const struct head *h = head_of(block);
	const unsigned char *end = region + ((uint64_t)h->start << 4) + ((size_t)1 << h->shift);

	return (size_t)(end - (const unsigned char *)block);
}
