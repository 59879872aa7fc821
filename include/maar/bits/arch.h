/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * What each processor does its own way, and nothing else:
 *   maar_cpu_relax()   tells the core that it is in a wait loop
 *   maar__prefetch_write() a line that is going to be written; waits for nothing, and no address does harm
 *   maar__cas2()       compare-and-swap of two adjacent words, if MAAR_HAVE_CAS2
 * Everything else is the compiler's __atomic builtins. A new processor is one file like arch_aarch64.h.
 */
#ifndef MAAR_BITS_ARCH_H
#define MAAR_BITS_ARCH_H
#ifndef MAAR_BITS_OK
#error "include a header of <maar/...>, not of <maar/bits/...>"
#endif

#include <maar/bits/cc.h>

/*
 * ThreadSanitizer does not see assembly, so maar__cas2 tells it what its order means. The 16-byte builtin is no way round:
 * clang without -mcx16 calls libatomic for it, and gcc's libtsan imitates it by two 8-byte stores under a lock of its own,
 * so that another thread may load the new lap beside the old word. A release that turns out to have failed orders more
 * than it should; ThreadSanitizer then sees less, never too much.
 */
#if defined(__SANITIZE_THREAD__)
#define MAAR__TSAN_BUILD 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define MAAR__TSAN_BUILD 1
#endif
#endif
#ifdef MAAR__TSAN_BUILD
MAAR_BEGIN_DECLS
void __tsan_acquire(void *address);
void __tsan_release(void *address);
MAAR_END_DECLS
#define MAAR__TSAN_BEFORE(p, order)                                                                                    \
	((order) == __ATOMIC_RELAXED || (order) == __ATOMIC_ACQUIRE ? (void)0 : __tsan_release(p))
#define MAAR__TSAN_AFTER(p, order)                                                                                     \
	((order) == __ATOMIC_RELAXED || (order) == __ATOMIC_RELEASE ? (void)0 : __tsan_acquire(p))
#else
#define MAAR__TSAN_BEFORE(p, order) ((void)(order))
#define MAAR__TSAN_AFTER(p, order)  ((void)(order))
#endif

#if defined(MAAR_ARCH_GENERIC)
#include <maar/bits/arch_generic.h>
#elif defined(__x86_64__) && !defined(__ILP32__)
#include <maar/bits/arch_x86_64.h>
#elif defined(__aarch64__)
#include <maar/bits/arch_aarch64.h>
#else
#include <maar/bits/arch_generic.h>
#endif

#endif
