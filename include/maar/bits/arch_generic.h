/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Any other processor: no instruction of its own, and no 16-byte compare-and-swap, so no lock-free many-producer ring
 * of 64-bit words (creation answers -ENOTSUP and names MAAR_RING_TICKET). Must pass all tests on x86-64 too
 * (-DMAAR_ARCH_GENERIC).
 */
#ifndef MAAR_BITS_ARCH_GENERIC_H
#define MAAR_BITS_ARCH_GENERIC_H
#ifndef MAAR_BITS_OK
#error "include a header of <maar/...>, not of <maar/bits/...>"
#endif

#define MAAR_HAVE_CAS2 0

MAAR_LOCAL void maar_cpu_relax(void)
{
	__asm__ __volatile__("" ::: "memory");
}

MAAR_LOCAL void maar__prefetch_write(const void *p)
{
	__builtin_prefetch(p, 1);
}

MAAR_LOCAL int maar__cas2(void *p, uint64_t old0, uint64_t old1, uint64_t new0, uint64_t new1, int order)
{
	(void)p, (void)old0, (void)old1, (void)new0, (void)new1, (void)order;
	return 0; /* never reached: no ring that would call it can be created */
}

#endif
