/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The wrong programs that touch what they may not, and those that lose what they have.
 */
#include "misuse.h"

#include <malloc.h>
#include <string.h>
#include <unistd.h>

#define BYTES 100

APART void lose(void);
APART void lose_ring(void);
APART void overflow_of_calloc(void);
APART void overflow_of_aligned(void);
APART void overflow_of_memalign(void);
APART void overflow_of_strdup(void);

/* ---- too far ---- */

static void overflow(void)
{
	unsigned char *p = taker(BYTES);

	writer(p + BYTES, 'x');
	putter(p);
}

static void overflow_by_a_jump(void)
{
	unsigned char *p = taker(BYTES);

	writer(p + BYTES + 24, 'x');
	putter(p);
}

static void overflow_of_text(void)
{
	char *p = (char *)taker(5);

	memcpy(hide(p), "maars", 6);
	putter(p);
}

void overflow_of_calloc(void)
{
	unsigned char *p = hide(calloc(10, 10));

	writer(p + BYTES, 'x');
	putter(p);
}

static void overflow_of_nothing(void)
{
	unsigned char *p = taker(0);

	writer(p, 'x');
	putter(p);
}

void overflow_of_aligned(void)
{
	unsigned char *p = hide(aligned_alloc(256, 512));

	writer(p + 512, 'x');
	putter(p);
}

void overflow_of_memalign(void)
{
	void *p;

	must(posix_memalign(&p, 4096, BYTES) == 0);
	writer((unsigned char *)hide(p) + BYTES, 'x');
	putter(p);
}

void overflow_of_strdup(void)
{
	char *p = hide(strdup("text"));

	writer((unsigned char *)p + 5, 'x');
	putter(p);
}

static void overflow_then_realloc(void)
{
	unsigned char *p = taker(BYTES);

	writer(p + BYTES, 'x');
	putter(resizer(p, BYTES + 1));
}

static unsigned char *kept;

static void overflow_of_what_stays(void)
{
	kept = taker(BYTES);
	writer(kept + BYTES, 'x');
}

static void underflow(void)
{
	unsigned char *p = taker(BYTES);

	writer(p - 1, 'x');
	putter(p);
}

static void overflow_of_usable(void)
{
	unsigned char *p = taker(BYTES);

	writer(p + malloc_usable_size(p), 'x');
	putter(p);
}

static void read_beyond(void)
{
	reader(taker(64) + 64);
}

static void write_beyond_large(void)
{
	writer(taker(1 << 20) + (1 << 20), 'x');
}

static void read_before(void)
{
	reader(taker(64) - 4096);
}

/* ---- too late ---- */

static void write_after_free(void)
{
	unsigned char *p = taker(BYTES);

	putter(p);
	writer(p + 17, 'x');
}

static void write_after_free_later(void)
{
	unsigned char *p = taker(BYTES);

	putter(p);
	writer(p + 17, 'x');
	free_others();
	_exit(0);
}

static void write_after_realloc(void)
{
	unsigned char *p = taker(BYTES);

	kept = resizer(p, BYTES - 1);
	writer(p, 'x');
}

static void write_beyond_after_free(void)
{
	unsigned char *p = taker(BYTES);

	putter(p);
	writer(p + BYTES + 3, 'x');
}

static void read_after_free(void)
{
	unsigned char *p = taker(BYTES);

	putter(p);
	reader(p + 17);
}

static void write_after_free_of_large(void)
{
	unsigned char *p = taker(1 << 20);

	putter(p);
	writer(p + 500000, 'x');
}

/* ---- never ---- */

/* Calls that leave no pointer of theirs on the stack. */
static APART void sweep(void)
{
	volatile unsigned char stack[4096];

	memset((void *)(uintptr_t)stack, 0, sizeof(stack));
	sink = stack[7];
}

void lose(void)
{
	int i;

	for (i = 0; i < 3; i++)
		memset(taker(BYTES), i, BYTES);
}

static void leak(void)
{
	lose();
	sweep();
}

void lose_ring(void)
{
	void **a = (void **)(void *)taker(sizeof(void *)), **b = (void **)(void *)taker(sizeof(void *));

	*a = b;
	*b = a;
}

static void leak_of_ring(void)
{
	lose_ring();
	sweep();
}

static APART void lose_large(void)
{
	memset(taker(1 << 20), 1, 1 << 20);
}

static void leak_of_large(void)
{
	lose_large();
	sweep();
}

#define BEHIND                                                                                                         \
	": overflow: bytes behind the block were written to: *byte 0 behind its end was written: 0x78*allocated by *"
#define LATE                                                                                                           \
	"use after free: a freed block was written to: *byte 17 of it was written: 0x78*at taker+*freed by *at putter+"
#define TOUCHED "memory access: "

const struct program wrong_uses[] = {
	{ "overflow", overflow, "", "free" BEHIND "malloc at taker+*now *putter+" },
	{ "overflow-paged", overflow, "guard=1", "free" BEHIND "malloc at taker+" },
	{ "overflow-by-a-jump", overflow_by_a_jump, "guard=0", "overflow: *byte 24 behind its end*at taker+" },
	{ "overflow-of-text", overflow_of_text, "", "overflow: *byte 0 behind its end was written: 0*at taker+" },
	{ "overflow-of-calloc", overflow_of_calloc, "", "free" BEHIND "calloc at overflow_of_calloc+" },
	{ "overflow-of-nothing", overflow_of_nothing, "", "free" BEHIND "malloc at taker+" },
	{ "overflow-of-aligned", overflow_of_aligned, "guard=0",
	  "free" BEHIND "aligned_alloc at overflow_of_aligned+" },
	{ "overflow-of-memalign", overflow_of_memalign, "", "free" BEHIND "posix_memalign at overflow_of_memalign+" },
	{ "overflow-of-strdup", overflow_of_strdup, "", "free" BEHIND "malloc at *strdup+*from overflow_of_strdup+" },
	{ "overflow-then-realloc", overflow_then_realloc, "", "realloc" BEHIND "malloc at taker+*now *resizer+" },
	{ "overflow-of-what-stays", overflow_of_what_stays, "", "found late" BEHIND "malloc at taker+" },
	{ "overflow-of-usable", overflow_of_usable, "", "free" BEHIND "malloc at taker+" },
	{ "underflow", underflow, "guard=0", "underflow: *byte 1 before it was written: 0x78*at taker+" },
	{ "read-beyond", read_beyond, "guard=1", TOUCHED "overflow: *byte 64 *at taker+*now *reader+" },
	{ "read-before", read_before, "guard=1", TOUCHED "underflow: *byte 4096 before it*at taker+*now *reader+" },
	{ "write-beyond-large", write_beyond_large, "", TOUCHED "overflow: *byte 1048576 *at taker+*now *writer+" },
	{ "write-after-free", write_after_free, "guard=0", LATE },
	{ "write-after-free-later", write_after_free_later, "guard=0,quarantine=100000", LATE },
	{ "write-after-realloc", write_after_realloc, "guard=0",
	  "use after free: *byte 0 of it*at taker+*realloc at resizer+" },
	{ "write-beyond-after-free", write_beyond_after_free, "guard=0",
	  "overflow: *byte 3 behind*at taker+*at putter+" },
	{ "read-after-free", read_after_free, "guard=1",
	  TOUCHED "use after free: *byte 17 *at taker+*at putter+*now *reader+" },
	{ "write-after-free-of-large", write_after_free_of_large, "",
	  TOUCHED "use after free: *byte 500000 *at taker+*writer+" },
	{ "leak", leak, "leaks=fail",
	  "leaks: *nothing points to 300 bytes in 3 blocks*  300 bytes in 3 blocks *at taker+*lose+" },
	{ "leak-paged", leak, "leaks=fail,guard=1",
	  "leaks: *nothing points to 300 bytes in 3 blocks*300 bytes in 3 *at taker+" },
	{ "leak-of-ring", leak_of_ring, "leaks=fail",
	  "leaks: *nothing points to 16 bytes in 2 blocks*at taker+*lose_ring+" },
	{ "leak-of-large", leak_of_large, "leaks=fail",
	  "leaks: *nothing points to 1048576 bytes in 1 blocks*at taker+" },
	{ NULL, NULL, NULL, NULL },
};
