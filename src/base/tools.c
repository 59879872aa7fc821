/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * AddressSanitizer and valgrind: see tools.h. Neither need be there when the library is built: AddressSanitizer's functions
 * are found when the program brings them, and valgrind is asked by instructions that mean nothing elsewhere (present if its
 * header was there at the build).
 */
#include "tools.h"

#include "options.h"

#if defined(__has_include)
#if __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>
#define WITH_VALGRIND 1
#endif
#endif

#define WEAK __attribute__((weak))
WEAK void __asan_poison_memory_region(const volatile void *from, size_t bytes);
WEAK void __asan_unpoison_memory_region(const volatile void *from, size_t bytes);

unsigned maar__tools(void)
{
	static const char *const yes_no[] = { "0", "1" };
	unsigned tools = 0;

	if (__asan_poison_memory_region && __asan_unpoison_memory_region)
		tools |= MAAR__TOOL_ASAN;
#ifdef WITH_VALGRIND
	if (RUNNING_ON_VALGRIND)
		tools |= MAAR__TOOL_VALGRIND;
#endif
	if (tools && !maar__option_choice(MAAR__OPTION_TOOLS, yes_no, 2, 1))
		tools = 0;
	return tools;
}

void maar__tools_hide(unsigned tools, void *from, size_t bytes)
{
	if (tools & MAAR__TOOL_ASAN)
		__asan_poison_memory_region(from, bytes);
#ifdef WITH_VALGRIND
	if (tools & MAAR__TOOL_VALGRIND)
		VALGRIND_MAKE_MEM_NOACCESS(from, bytes);
#endif
}

void maar__tools_show(unsigned tools, void *from, size_t bytes)
{
	if (tools & MAAR__TOOL_ASAN)
		__asan_unpoison_memory_region(from, bytes);
#ifdef WITH_VALGRIND
	if (tools & MAAR__TOOL_VALGRIND)
		VALGRIND_MAKE_MEM_UNDEFINED(from, bytes);
#endif
}
