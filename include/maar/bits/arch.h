/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * What each processor does its own way, and nothing else:
 *   maar_cpu_relax()   tells the core that it is in a wait loop
 *   maar__cas2()       compare-and-swap of two adjacent words, if MAAR_HAVE_CAS2
 * Everything else is the compiler's __atomic builtins. A new processor is one file like arch_aarch64.h.
 */
#ifndef MAAR_BITS_ARCH_H
#define MAAR_BITS_ARCH_H
#ifndef MAAR_BITS_OK
#error "include a header of <maar/...>, not of <maar/bits/...>"
#endif

#include <maar/bits/cc.h>

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
