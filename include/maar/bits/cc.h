/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * What every public header needs from the compiler: visibility, inlining, attributes, the cache line.
 */
#ifndef MAAR_BITS_CC_H
#define MAAR_BITS_CC_H
#ifndef MAAR_BITS_OK
#error "include a header of <maar/...>, not of <maar/bits/...>"
#endif

#include <stddef.h>
#include <stdint.h>

#if !defined(__GNUC__)
#error "maar needs gcc or clang (for the __atomic builtins)"
#endif

#ifdef __cplusplus
#define MAAR_BEGIN_DECLS	       extern "C" {
#define MAAR_END_DECLS		       }
#define MAAR_STATIC_ASSERT(cond, text) static_assert(cond, text)
#else
#define MAAR_BEGIN_DECLS
#define MAAR_END_DECLS
#define MAAR_STATIC_ASSERT(cond, text) _Static_assert(cond, text)
#endif

/* A function of the library: exported whatever -fvisibility says. */
#define MAAR_API __attribute__((visibility("default")))

/*
 * One source, two bindings.
 *   MAAR_INLINE  a public call whose body a header carries. Users get a static inline function; the library compiles
 *                the same text once with MAAR_INLINE defined as an exported function (the *_abi.c files), so FFI,
 *                dlsym and debuggers find every call. A user who defines MAAR_NO_INLINE before the include gets the
 *                prototypes only and calls the library.
 *                Always inline: what is constant at a call (maar_ring_assume, n = 1) folds in the caller's own copy
 *                only, and the compiler decides by the size before folding.
 *   MAAR_LOCAL   a helper of such a body: never exported.
 */
#if defined(MAAR_NO_INLINE)
#define MAAR_INLINE MAAR_API
#else
#define MAAR__BODIES 1
#ifndef MAAR_INLINE
#define MAAR_INLINE static inline __attribute__((always_inline, unused))
#endif
#endif
#define MAAR_LOCAL static inline __attribute__((always_inline, unused))

#define MAAR_MALLOC_LIKE __attribute__((malloc, warn_unused_result))
#define MAAR_NODISCARD	 __attribute__((warn_unused_result))
/* A format in the second argument, and what it is filled with behind it; or a va_list. */
#define MAAR_PRINTF_LIKE  __attribute__((format(printf, 2, 3), warn_unused_result))
#define MAAR_VPRINTF_LIKE __attribute__((format(printf, 2, 0), warn_unused_result))
#define MAAR_COLD	  __attribute__((cold, noinline))
#define maar_likely(x)	  __builtin_expect(!!(x), 1)
#define maar_unlikely(x)  __builtin_expect(!!(x), 0)

/*
 * 64 bytes is the coherence unit of x86-64 and of nearly every aarch64 core. Fields that different threads write stand
 * MAAR_APART (two lines) apart: x86's spatial prefetcher fetches lines in pairs, and some aarch64 cores have 128-byte
 * lines. Both are part of the layout of shared structs, hence numbers and never asked of the machine at run time.
 */
#define MAAR_CACHE_LINE 64
#define MAAR_APART	128

/* Misuse is answered by a return value; a program compiled with MAAR_DEBUG is stopped and told instead. */
MAAR_BEGIN_DECLS
MAAR_API __attribute__((noreturn, cold)) void maar__debug_fail(const char *call, const char *what);
MAAR_END_DECLS
/* _AS is for helpers, which name the public call that they work for. */
#ifdef MAAR_DEBUG
#define MAAR_DEBUG_CHECK_AS(call, cond, what) ((cond) ? (void)0 : maar__debug_fail((call), (what)))
#else
#define MAAR_DEBUG_CHECK_AS(call, cond, what) ((void)(call))
#endif
#define MAAR_DEBUG_CHECK(cond, what) MAAR_DEBUG_CHECK_AS(__func__, cond, what)

#endif
