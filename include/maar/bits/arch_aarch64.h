/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * aarch64, ARMv8.0: the pair of exclusives that every such core has.
 */
#ifndef MAAR_BITS_ARCH_AARCH64_H
#define MAAR_BITS_ARCH_AARCH64_H
#ifndef MAAR_BITS_OK
#error "include a header of <maar/...>, not of <maar/bits/...>"
#endif

#define MAAR_HAVE_CAS2 1

MAAR_LOCAL void maar_cpu_relax(void)
{
	__asm__ __volatile__("isb" ::: "memory"); /* yield is a no-op on most cores; isb waits some 10 ns */
}

MAAR_LOCAL void maar__prefetch_write(const void *p)
{
	__builtin_prefetch(p, 1);
}

/* May fail though the pair was equal (a torn read, seen only beside another writer): every caller loops. */
MAAR_LOCAL int maar__cas2(void *p, uint64_t old0, uint64_t old1, uint64_t new0, uint64_t new1, int order)
{
	uint64_t seen0, seen1;
	uint32_t failed;
	int done;

	MAAR__TSAN_BEFORE(p, order); /* for the processor, ldaxp + stlxp acquire and release whatever was asked */
	__asm__ __volatile__("1:	ldaxp	%0, %1, %4\n"
			     "	cmp	%0, %5\n"
			     "	ccmp	%1, %6, #0, eq\n"
			     "	b.ne	2f\n"
			     "	stlxp	%w2, %7, %8, %4\n"
			     "	cbnz	%w2, 1b\n"
			     "	cmp	xzr, xzr\n"
			     "2:	cset	%w3, eq"
			     : "=&r"(seen0), "=&r"(seen1), "=&r"(failed), "=&r"(done), "+Q"(*(char(*)[16])p)
			     : "r"(old0), "r"(old1), "r"(new0), "r"(new1)
			     : "cc", "memory");
	MAAR__TSAN_AFTER(p, order);
	return done;
}

#endif
