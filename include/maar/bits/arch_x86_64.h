/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * x86-64. Every processor since 2006 has cmpxchg16b; gcc would call libatomic for the builtin, which may take a lock.
 */
#ifndef MAAR_BITS_ARCH_X86_64_H
#define MAAR_BITS_ARCH_X86_64_H
#ifndef MAAR_BITS_OK
#error "include a header of <maar/...>, not of <maar/bits/...>"
#endif

#define MAAR_HAVE_CAS2 1

MAAR_LOCAL void maar_cpu_relax(void)
{
	__asm__ __volatile__("pause");
}

MAAR_LOCAL void maar__prefetch_write(const void *p)
{
	__asm__ __volatile__("prefetchw %0" : : "m"(*(const char *)p)); /* a no-op on the first x86-64 ones */
}

MAAR_LOCAL int maar__cas2(void *p, uint64_t old0, uint64_t old1, uint64_t new0, uint64_t new1, int order)
{
	char done;

	MAAR__TSAN_BEFORE(p, order); /* for the processor, a locked instruction is a full barrier */
	__asm__ __volatile__("lock cmpxchg16b %1"
			     : "=@ccz"(done), "+m"(*(char(*)[16])p), "+a"(old0), "+d"(old1)
			     : "b"(new0), "c"(new1)
			     : "memory");
	MAAR__TSAN_AFTER(p, order);
	return done;
}

#endif
