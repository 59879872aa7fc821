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

#if defined(__SANITIZE_THREAD__)
#define MAAR__TSAN_BUILD 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define MAAR__TSAN_BUILD 1
#endif
#endif

#if defined(MAAR__TSAN_BUILD) && (!defined(__clang__) || defined(__GCC_HAVE_SYNC_COMPARE_AND_SWAP_16))
/* ThreadSanitizer sees the builtin, with its order, and not the assembly. */
#define maar__cas2(p, old0, old1, new0, new1, order)                                                                   \
	__extension__({                                                                                                \
		unsigned __int128 maar__old = (unsigned __int128)(old1) << 64 | (old0);                                \
		unsigned __int128 maar__new = (unsigned __int128)(new1) << 64 | (new0);                                \
		__atomic_compare_exchange_n((unsigned __int128 *)(void *)(p), &maar__old, maar__new, 0, order,         \
					    __ATOMIC_RELAXED);                                                         \
	})
#else
#ifdef MAAR__TSAN_BUILD /* clang without -mcx16 would call libatomic, unseen too: say what the assembly does */
MAAR_BEGIN_DECLS
void __tsan_acquire(void *address);
void __tsan_release(void *address);
MAAR_END_DECLS
#define MAAR__TSAN_SAY(what, address) __tsan_##what(address)
#else
#define MAAR__TSAN_SAY(what, address) ((void)0)
#endif

MAAR_LOCAL int maar__cas2(void *p, uint64_t old0, uint64_t old1, uint64_t new0, uint64_t new1, int order)
{
	char done;

	(void)order; /* a locked instruction is a full barrier */
	MAAR__TSAN_SAY(release, p);
	__asm__ __volatile__("lock cmpxchg16b %1"
			     : "=@ccz"(done), "+m"(*(char(*)[16])p), "+a"(old0), "+d"(old1)
			     : "b"(new0), "c"(new1)
			     : "memory");
	MAAR__TSAN_SAY(acquire, p);
	return done;
}
#undef MAAR__TSAN_SAY
#endif

#endif
