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
WEAK void __asan_set_error_report_callback(void (*fn)(const char *text));
WEAK void *__asan_get_report_address(void);
WEAK void __asan_report_load1(void *at);

#ifdef WITH_VALGRIND
/* Of valgrind's tools only memcheck is told: this request means nothing to others, which are to see the program as it is. */
static bool is_memcheck(void)
{
	unsigned char byte = 0, bits;

	return RUNNING_ON_VALGRIND && VALGRIND_GET_VBITS(&byte, &bits, sizeof(byte)) == 1;
}
#endif

unsigned maar__tools(void)
{
	static const char *const yes_no[] = { "0", "1" };
	unsigned tools = 0;

	if (__asan_poison_memory_region && __asan_unpoison_memory_region)
		tools |= MAAR__TOOL_ASAN;
#ifdef WITH_VALGRIND
	if (is_memcheck())
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

void maar__tools_reveal(unsigned tools, void *from, size_t bytes)
{
	if (tools & MAAR__TOOL_ASAN)
		__asan_unpoison_memory_region(from, bytes);
#ifdef WITH_VALGRIND
	if (tools & MAAR__TOOL_VALGRIND)
		VALGRIND_MAKE_MEM_DEFINED(from, bytes);
#endif
}

__attribute__((no_sanitize("address"), noinline)) uint64_t maar__tools_peek(unsigned tools, const uint64_t *at)
{
	uint64_t value;

	(void)tools;
#ifdef WITH_VALGRIND
	if (tools & MAAR__TOOL_VALGRIND)
		VALGRIND_MAKE_MEM_DEFINED(at, sizeof(*at));
#endif
	value = *(const volatile uint64_t *)at;
#ifdef WITH_VALGRIND
	if (tools & MAAR__TOOL_VALGRIND)
		VALGRIND_MAKE_MEM_NOACCESS(at, sizeof(*at));
#endif
	return value;
}

__attribute__((no_sanitize("address"), noinline)) void maar__tools_poke(unsigned tools, uint64_t *at, uint64_t value)
{
	(void)tools;
#ifdef WITH_VALGRIND
	if (tools & MAAR__TOOL_VALGRIND)
		VALGRIND_MAKE_MEM_UNDEFINED(at, sizeof(*at));
#endif
	*(volatile uint64_t *)at = value;
#ifdef WITH_VALGRIND
	if (tools & MAAR__TOOL_VALGRIND)
		VALGRIND_MAKE_MEM_NOACCESS(at, sizeof(*at));
#endif
}

void maar__tools_block(unsigned tools, void *at, size_t bytes, bool zeroed)
{
	(void)zeroed;
	if (tools & MAAR__TOOL_ASAN)
		__asan_unpoison_memory_region(at, bytes);
#ifdef WITH_VALGRIND
	if (tools & MAAR__TOOL_VALGRIND)
		VALGRIND_MALLOCLIKE_BLOCK(at, bytes, 0, zeroed);
#endif
}

void maar__tools_block_end(unsigned tools, void *at, bool again)
{
	if (again && (tools & MAAR__TOOL_ASAN) && __asan_report_load1)
		__asan_report_load1(at); /* of all that it can be told, the nearest */
#ifdef WITH_VALGRIND
	if (tools & MAAR__TOOL_VALGRIND)
		VALGRIND_FREELIKE_BLOCK(at, 0);
#endif
}

void maar__tools_pool(unsigned tools, void *pool, size_t redzone)
{
	(void)pool;
	(void)redzone;
	(void)tools;
#ifdef WITH_VALGRIND
	if (tools & MAAR__TOOL_VALGRIND)
		VALGRIND_CREATE_MEMPOOL(pool, redzone, 0);
#endif
}

void maar__tools_pool_end(unsigned tools, void *pool)
{
	(void)pool;
	(void)tools;
#ifdef WITH_VALGRIND
	if (tools & MAAR__TOOL_VALGRIND)
		VALGRIND_DESTROY_MEMPOOL(pool);
#endif
}

void maar__tools_pool_got(unsigned tools, void *pool, void *at, size_t bytes)
{
	(void)pool;
	if (tools & MAAR__TOOL_ASAN)
		__asan_unpoison_memory_region(at, bytes);
#ifdef WITH_VALGRIND
	if ((tools & MAAR__TOOL_VALGRIND) && bytes)
		VALGRIND_MEMPOOL_ALLOC(pool, at, bytes);
#endif
}

void maar__tools_pool_put(unsigned tools, void *pool, void *at, size_t bytes)
{
	(void)pool;
	if (tools & MAAR__TOOL_ASAN)
		__asan_poison_memory_region(at, bytes);
#ifdef WITH_VALGRIND
	if ((tools & MAAR__TOOL_VALGRIND) && bytes)
		VALGRIND_MEMPOOL_FREE(pool, at);
#endif
}

#ifdef WITH_VALGRIND
/* Not an access: a number to valgrind. */
static uintptr_t before_at(const void *slot, size_t i)
{
	return (uintptr_t)slot - MAAR__TOOLS_BEFORE + i;
}
#endif

void maar__tools_keep(unsigned tools, const void *slot, struct maar__tools_before *before)
{
	(void)tools;
	(void)slot;
	(void)before;
#ifdef WITH_VALGRIND
	if (tools & MAAR__TOOL_VALGRIND)
		for (size_t i = 0; i < MAAR__TOOLS_BEFORE; i++)
			before->shown[i] = VALGRIND_GET_VBITS(before_at(slot, i), &before->bits[i], 1) == 1;
#endif
}

void maar__tools_restore(unsigned tools, const void *slot, const struct maar__tools_before *before)
{
	(void)tools;
	(void)slot;
	(void)before;
#ifdef WITH_VALGRIND
	if (tools & MAAR__TOOL_VALGRIND)
		for (size_t i = 0; i < MAAR__TOOLS_BEFORE; i++) {
			if (!before->shown[i])
				continue;
			VALGRIND_MAKE_MEM_UNDEFINED(before_at(slot, i), 1);
			(void)VALGRIND_SET_VBITS(before_at(slot, i), &before->bits[i], 1);
		}
#endif
}

static void (*explain_error)(void *address);

static void on_error(const char *text)
{
	(void)text;
	explain_error(__asan_get_report_address());
}

void maar__tools_on_error(unsigned tools, void (*explain)(void *address))
{
	if (!(tools & MAAR__TOOL_ASAN) || !__asan_set_error_report_callback || !__asan_get_report_address)
		return;
	explain_error = explain;
	__asan_set_error_report_callback(on_error);
}
