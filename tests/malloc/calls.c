/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * What each call of the malloc family returns, for every kind of argument.
 */
#include "behave.h"

#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HUGE_BYTES ((size_t)PTRDIFF_MAX)

static bool aligned(const void *block, size_t to)
{
	return (uintptr_t)block % to == 0;
}

/* All sizes up to some KiB, then more coarsely up to 64 MiB: aligned, whole, and apart from each other. */
static void sizes(void)
{
	size_t size;

	for (size = 0; size <= 64u << 20; size += size < 4096 ? 1 : size / 7 + 1) {
		unsigned char *a = behave_hide(malloc(size)), *b = behave_hide(malloc(size));

		must(a && b && a != b);
		must(aligned(a, 16) && aligned(b, 16));
		must(malloc_usable_size(a) >= size && malloc_usable_size(b) >= size);
		must(a + malloc_usable_size(a) <= b || b + malloc_usable_size(b) <= a);
		if (size) {
			a[0] = a[size - 1] = 1;
			b[0] = b[size - 1] = 2;
			must(a[0] == 1 && a[size - 1] == 1);
		}
		free(a);
		free(b);
	}
	must(malloc_usable_size(NULL) == 0);
	free(NULL);
}

static void refuses(void *block)
{
	must(behave_hide(block) == NULL);
	must(errno == ENOMEM);
	errno = 0;
}

/* Sizes that no machine has, and products that overflow. */
static void overflow(void)
{
	static const size_t large[] = { (size_t)1 << 47,       ((size_t)1 << 47) - 1,
					((size_t)1 << 47) + 1, (size_t)1 << 48,
					(size_t)1 << 62,       HUGE_BYTES,
					HUGE_BYTES + 1,	       SIZE_MAX,
					SIZE_MAX - 15,	       SIZE_MAX - 4095,
					SIZE_MAX - 65535 };
	static const size_t root = (size_t)1 << 33;
	void *block, *kept = malloc(100);
	size_t i;

	must(kept);
	behave_fill(kept, 100, 1);
	errno = 0;
	for (i = 0; i < sizeof(large) / sizeof(*large); i++) {
		const size_t n = *(volatile const size_t *)&large[i];

		refuses(malloc(n));
		refuses(calloc(n, 1));
		refuses(calloc(1, n));
		refuses(realloc(behave_hide(kept), n));
		refuses(reallocarray(behave_hide(kept), n, 1));
		refuses(memalign(64, n));
		refuses(aligned_alloc(4096, n));
		refuses(valloc(n));
		refuses(pvalloc(n));
		block = kept;
		must(posix_memalign(&block, 64, n) == ENOMEM);
		must(block == kept);
	}
	refuses(calloc(*(volatile const size_t *)&root, root));
	refuses(calloc(*(volatile const size_t *)&large[7] / 2, 3));
	refuses(reallocarray(behave_hide(kept), *(volatile const size_t *)&root, root));
	must(behave_filled(kept, 100, 1));
	free(kept);
}

/* Zero, whatever was in the memory before. */
static void zeroes(void)
{
	size_t size, i;
	int round;

	for (round = 0; round < 4; round++)
		for (size = 1; size < 3u << 20; size = size * 3 / 2 + 1) {
			unsigned char *block = calloc(round % 2 ? size : 1, round % 2 ? 1 : size);

			must(block);
			for (i = 0; i < size; i++)
				must(block[i] == 0);
			memset(block, 0xa5, malloc_usable_size(block));
			free(block);
		}
	must((free(behave_hide(calloc(0, 10))), true));
}

/* Every power of two, with sizes below, at and above it. */
static void alignments(void)
{
	size_t align, k;

	for (align = 1; align <= 16u << 20; align *= 2)
		for (k = 0; k < 6; k++) {
			const size_t size = k == 0   ? 0
					    : k == 1 ? 1
					    : k == 2 ? align - 1
					    : k == 3 ? align
					    : k == 4 ? align + 1
						     : 100;
			unsigned char *block = memalign(align, size), *other = aligned_alloc(align, size);
			void *third = NULL;

			must(block && aligned(block, align) && malloc_usable_size(block) >= size);
			must(other && aligned(other, align));
			if (align % sizeof(void *) == 0)
				must(posix_memalign(&third, align, size) == 0 && third && aligned(third, align));
			else
				must(posix_memalign(&third, align, size) == EINVAL && !third);
			behave_fill(block, size < 9999 ? size : 9999, 3);
			block = realloc(block, size + 1000); /* keeps the content, not the alignment */
			must(block && behave_filled(block, size < 9999 ? size : 9999, 3));
			free(block);
			free(other);
			free(third);
		}
	must(posix_memalign(&(void *){ NULL }, 24, 8) == EINVAL);
	must(posix_memalign(&(void *){ NULL }, 0, 8) == EINVAL);
	{
		const size_t page = (size_t)sysconf(_SC_PAGESIZE);
		void *v = valloc(10), *p = pvalloc(10), *q = pvalloc(page + 1), *m = memalign(48, 100);

		must(v && aligned(v, page) && p && aligned(p, page) && malloc_usable_size(p) >= page);
		must(q && malloc_usable_size(q) >= 2 * page);
		must(m && aligned(m, 64)); /* glibc takes the next power of two */
		free(v);
		free(p);
		free(q);
		free(m);
	}
}

/* ---- realloc against a model ---- */

static void reallocs(void)
{
	enum { SLOTS = 64 };
	static struct {
		unsigned char *block;
		size_t size;
		unsigned seed;
	} slot[SLOTS];
	unsigned i, n = behave_count(60000);
	uint64_t random = 42;

	for (i = 0; i < n; i++) {
		const unsigned at = behave_random(&random) % SLOTS;
		const size_t most = behave_random(&random) % 40 ? 3000 : 3u << 20;
		const size_t size = behave_random(&random) % most + 1,
			     kept = slot[at].size < size ? slot[at].size : size;
		unsigned char *block = slot[at].block;

		if (behave_random(&random) % 8 == 0) {
			must(!block || behave_filled(block, slot[at].size, slot[at].seed));
			free(block);
			slot[at].block = NULL;
			slot[at].size = 0;
			continue;
		}
		block = behave_random(&random) % 2 ? realloc(block, size) : reallocarray(block, 1, size);
		must(block && behave_filled(block, kept, slot[at].seed));
		must(malloc_usable_size(block) >= size);
		slot[at].seed = i;
		slot[at].block = block;
		slot[at].size = size;
		behave_fill(block, size, i);
	}
	for (i = 0; i < SLOTS; i++) {
		must(!slot[i].block || behave_filled(slot[i].block, slot[i].size, slot[i].seed));
		must(realloc(slot[i].block, 0) == NULL || !slot[i].block); /* frees; of NULL, it is a malloc */
	}
}

/* All of a block that usable_size names may be used, and stays through a realloc within it. */
static void usable(void)
{
	size_t size;

	for (size = 1; size < 1u << 20; size = size * 5 / 4 + 1) {
		unsigned char *block = malloc(size);
		const size_t all = malloc_usable_size(behave_hide(block));

		must(block && all >= size);
		behave_fill(behave_hide(block), all, 9);
		block = realloc(block, all);
		must(block && behave_filled(block, all, 9));
		free(block);
	}
}

/* ---- about memory as a whole ---- */

static void wholes(void)
{
	static void *block[1000];
	struct mallinfo2 before = mallinfo2(), with;
	struct mallinfo old;
	char *text = NULL;
	size_t length = 0, i;
	FILE *to;

	must(mallopt(M_MMAP_THRESHOLD, 1 << 20) == 1);
	must(mallopt(M_ARENA_MAX, 2) == 1);
	for (i = 0; i < 1000; i++) {
		block[i] = malloc(4000);
		must(block[i]);
		memset(block[i], 1, 4000);
	}
	with = mallinfo2();
	must(with.uordblks + with.hblkhd >= before.uordblks + before.hblkhd + 3900000);
	old = mallinfo();
	must((size_t)old.uordblks + (size_t)old.hblkhd >= 3900000);
	for (i = 0; i < 1000; i++)
		free(block[i]);
	with = mallinfo2();
	must(with.uordblks + with.hblkhd < before.uordblks + before.hblkhd + 1000000);
	(void)malloc_trim(0);
	to = open_memstream(&text, &length);
	must(to && malloc_info(0, to) == 0 && fclose(to) == 0);
	must(length && !strncmp(text, "<malloc version=", 16) && strstr(text, "</malloc>"));
	free(text);
	must(malloc_info(1, stderr) != 0);
	malloc_stats(); /* to stderr, which behave.sh reads */
}

/* errno is the caller's: a free that works leaves it alone. */
static void errnos(void)
{
	size_t size;

	for (size = 1; size < 8u << 20; size = size * 3 + 1) {
		void *block = behave_hide(malloc(size));

		errno = 12345;
		free(block);
		must(errno == 12345);
	}
}

/* The calls that this program was not linked with, since the C library at hand need not have them. */
static void newer(void)
{
	void (*sized)(void *, size_t), (*aligned_sized)(void *, size_t, size_t), (*old)(void *);

	*(void **)&sized = dlsym(RTLD_DEFAULT, "free_sized");
	*(void **)&aligned_sized = dlsym(RTLD_DEFAULT, "free_aligned_sized");
	*(void **)&old = dlsym(RTLD_DEFAULT, "cfree");
	if (behave_is_maar())
		must(sized && aligned_sized && old);
	if (sized)
		sized(malloc(100), 100);
	if (aligned_sized)
		aligned_sized(aligned_alloc(64, 128), 64, 128);
	if (old && behave_is_maar())
		old(malloc(100));
}

const struct behaviour behave_calls[] = { { "sizes", sizes },	    { "overflow", overflow },
					  { "zeroes", zeroes },	    { "alignments", alignments },
					  { "reallocs", reallocs }, { "usable", usable },
					  { "wholes", wholes },	    { "errnos", errnos },
					  { "newer", newer },	    { NULL, NULL } };
