/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * libmaar-malloc.so: the C library's allocation calls, on maar's allocator. To be preloaded, or linked before the C library.
 * libmaar-malloc-debug.so: the same (MAAR_MALLOC_DEBUG), with the guard between the two (malloc_priv.h).
 * What glibc's manual says of a call holds, but where it leaves a choice or is lenient; libmaar-malloc(7) lists those.
 * operators.c has C++'s.
 */
#include <maar/alloc.h>
#include <maar/version.h>

#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "malloc_priv.h"

MAAR_MALLOC_CALL void *malloc(size_t bytes)
{
	return get(HERE(MALLOC), bytes);
}

MAAR_MALLOC_CALL void *calloc(size_t n, size_t bytes)
{
	return get_zeroed(HERE(MALLOC), n, bytes);
}

MAAR_MALLOC_CALL void *realloc(void *block, size_t bytes)
{
	return resize(HERE(MALLOC), block, bytes);
}

MAAR_MALLOC_CALL void *reallocarray(void *block, size_t n, size_t bytes)
{
	return resize_array(HERE(MALLOC), block, n, bytes);
}

MAAR_MALLOC_CALL void free(void *block)
{
	put(HERE(MALLOC), block);
}

/* C23's. */
MAAR_MALLOC_CALL void free_sized(void *block, size_t bytes);
void free_sized(void *block, size_t bytes)
{
	put_sized(HERE(MALLOC), block, bytes);
}

MAAR_MALLOC_CALL void free_aligned_sized(void *block, size_t align, size_t bytes);
void free_aligned_sized(void *block, size_t align, size_t bytes)
{
	put_aligned(HERE(MALLOC), block, bytes, align);
}

/* No header has it since 2017; programs older than that do. */
MAAR_MALLOC_CALL void cfree(void *block);
void cfree(void *block)
{
	put(HERE(MALLOC), block);
}

MAAR_MALLOC_CALL void *aligned_alloc(size_t align, size_t bytes)
{
	return get_aligned(HERE(MALLOC), align, bytes);
}

/* Any alignment: glibc takes the next power of two. */
ALWAYS void *get_any_aligned(const struct maar__call *call, size_t align, size_t bytes)
{
	size_t power = 16;

	if (align > SIZE_MAX / 2 + 1) {
		errno = EINVAL;
		return NULL;
	}
	while (power < align)
		power *= 2;
	return get_aligned(call, power, bytes);
}

static size_t page_bytes(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

ALWAYS void *get_pages(const struct maar__call *call, size_t bytes)
{
	const size_t page = page_bytes();

	if (bytes > SIZE_MAX - page) {
		errno = ENOMEM;
		return NULL;
	}
	return get_aligned(call, page, bytes ? (bytes + page - 1) / page * page : page);
}

MAAR_MALLOC_CALL void *memalign(size_t align, size_t bytes)
{
	return get_any_aligned(HERE(MALLOC), align, bytes);
}

MAAR_MALLOC_CALL int posix_memalign(void **block, size_t align, size_t bytes)
{
	return get_posix(HERE(MALLOC), block, align, bytes);
}

MAAR_MALLOC_CALL void *valloc(size_t bytes)
{
	return get_aligned(HERE(MALLOC), page_bytes(), bytes);
}

MAAR_MALLOC_CALL void *pvalloc(size_t bytes)
{
	return get_pages(HERE(MALLOC), bytes);
}

MAAR_MALLOC_CALL size_t malloc_usable_size(void *block)
{
	return usable(HERE(MALLOC), block);
}

/* ---- what glibc's own code, and some programs, call by these names -------------------------------------------------- */

#define SAME_AS(type, name, call, args, ...)                                                                           \
	MAAR_MALLOC_CALL type name args;                                                                               \
	type name args                                                                                                 \
	{                                                                                                              \
		return call(HERE(MALLOC), __VA_ARGS__);                                                                \
	}
SAME_AS(void *, __libc_malloc, get, (size_t bytes), bytes)
SAME_AS(void *, __libc_calloc, get_zeroed, (size_t n, size_t bytes), n, bytes)
SAME_AS(void *, __libc_realloc, resize, (void *block, size_t bytes), block, bytes)
SAME_AS(void, __libc_free, put, (void *block), block)
SAME_AS(void, __libc_cfree, put, (void *block), block)
SAME_AS(void *, __libc_memalign, get_any_aligned, (size_t align, size_t bytes), align, bytes)
SAME_AS(void *, __libc_valloc, get_aligned, (size_t bytes), page_bytes(), bytes)
SAME_AS(void *, __libc_pvalloc, get_pages, (size_t bytes), bytes)
SAME_AS(int, __posix_memalign, get_posix, (void **block, size_t align, size_t bytes), block, align, bytes)

/* ---- about memory as a whole ---------------------------------------------------------------------------------------- */

/* What is left at the top is not ours to choose: nothing is. */
MAAR_MALLOC_CALL int malloc_trim(size_t pad)
{
	(void)pad;
	return maar_alloc_trim() != 0;
}

/* Every option is glibc's own (arenas, thresholds), and none has a meaning here: accepted, as programs stop otherwise. */
MAAR_MALLOC_CALL int mallopt(int option, int value)
{
	(void)option;
	(void)value;
	return 1;
}

MAAR_MALLOC_CALL struct mallinfo2 mallinfo2(void)
{
	struct mallinfo2 info = { 0 };
	struct maar_alloc_stats s;

	if (maar_alloc_stats(&s))
		return info;
	info.arena = s.spans + s.free_spans;
	info.hblkhd = s.mappings;
	info.uordblks = s.block_bytes - s.mappings;
	info.fordblks = info.arena > info.uordblks ? info.arena - info.uordblks : 0;
	info.keepcost = s.free_spans;
	return info;
}

static int clipped(size_t n)
{
	return n < INT32_MAX ? (int)n : INT32_MAX;
}

MAAR_MALLOC_CALL struct mallinfo mallinfo(void)
{
	const struct mallinfo2 wide = mallinfo2();

	return (struct mallinfo){ .arena = clipped(wide.arena),
				  .hblkhd = clipped(wide.hblkhd),
				  .uordblks = clipped(wide.uordblks),
				  .fordblks = clipped(wide.fordblks),
				  .keepcost = clipped(wide.keepcost) };
}

MAAR_MALLOC_CALL void malloc_stats(void)
{
	(void)maar_alloc_report(stderr, MAAR_ALLOC_TEXT);
}

/* glibc's is XML, of arenas: of this one there is one. */
MAAR_MALLOC_CALL int malloc_info(int options, FILE *to)
{
	struct maar_alloc_stats s;

	if (options) {
		errno = EINVAL;
		return -1;
	}
	if (maar_alloc_stats(&s))
		memset(&s, 0, sizeof(s));
	fprintf(to,
		"<malloc version=\"maar " MAAR_VERSION "\">\n<total type=\"used\" count=\"%llu\" size=\"%llu\"/>\n"
		"<total type=\"mmap\" size=\"%llu\"/>\n<system type=\"current\" size=\"%llu\"/>\n</malloc>\n",
		(unsigned long long)s.blocks, (unsigned long long)s.block_bytes, (unsigned long long)s.mappings,
		(unsigned long long)s.committed);
	return ferror(to) ? -1 : 0;
}

/* ---- a word on stderr, when asked for -------------------------------------------------------------------------------- */

static __attribute__((constructor)) void say_so(void)
{
	const char *verbose = getenv("MAAR_VERBOSE");
	char line[512];
	Dl_info where;
	int n;

	if (!verbose || strcmp(verbose, "1") != 0)
		return;
	n = snprintf(line, sizeof(line), "maar: malloc of maar %s is in place in process %ld: %.400s\n", MAAR_VERSION,
		     (long)getpid(), dladdr((void *)(uintptr_t)say_so, &where) ? where.dli_fname : "?");
	if (n > 0 && write(STDERR_FILENO, line, (size_t)n) < 0)
		return; /* stderr is closed: nobody listens */
}
