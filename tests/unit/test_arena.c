/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * <maar/arena.h>: blocks of every kind, the source, limits, what is kept, statistics.
 */
#include "arenas.h"

#include "../../src/base/tools.h"

#include <maar/alloc.h>

#include <stdalign.h>
#include <wchar.h>

static const struct maar_arena_options usual;

static struct maar_arena *new_arena(void)
{
	struct maar_arena *a = maar_arena_create(NULL);

	ck_assert_ptr_nonnull(a);
	return a;
}

static bool aligned(const void *at, size_t to)
{
	return (uintptr_t)at % to == 0;
}

static void *block(struct maar_arena *a, size_t bytes)
{
	void *at = maar_arena_alloc(a, bytes);

	unit_must(at);
	return at;
}

static void not_to_be_had(const void *at, int why)
{
	unit_must(!at);
	unit_eq(errno, why);
	errno = 0;
}

/* ---- create ---- */

static void refused(struct maar_arena_options o, int why)
{
	errno = 0;
	not_to_be_had(maar_arena_create(&o), why);
}

START_TEST(create_refuses)
{
	struct book b = { 0 };

	refused((struct maar_arena_options){ .align = 3 }, EINVAL);
	refused((struct maar_arena_options){ .align = 2 * MAAR_ARENA_MAX_ALIGN }, EINVAL);
	refused((struct maar_arena_options){ .flags = 2 }, EINVAL);
	refused((struct maar_arena_options){ .first_bytes = SIZE_MAX }, EINVAL);
	refused((struct maar_arena_options){ .chunk_bytes = SIZE_MAX }, EINVAL);
	refused((struct maar_arena_options){ .reserved = { 1 } }, EINVAL);
	refused((struct maar_arena_options){ .reserved = { 0, 1 } }, EINVAL);
	refused((struct maar_arena_options){ .source = { book_allocate, NULL, &b } }, EINVAL);
	refused((struct maar_arena_options){ .source = { NULL, book_release, &b } }, EINVAL);
	refused((struct maar_arena_options){ .flags = MAAR_ARENA_MALLOC,
					     .source = { book_allocate, book_release, &b } },
		EINVAL);
	refused((struct maar_arena_options){ .limit_bytes = 4095 }, ENOMEM);
	b.most_bytes = 1;
	refused((struct maar_arena_options){ .source = { book_allocate, book_release, &b } }, ENOMEM);
	book_closed(&b);
}
END_TEST

START_TEST(create_and_destroy)
{
	const struct maar_arena_options tiny = { .first_bytes = 1, .chunk_bytes = 1, .flags = MAAR_ARENA_MALLOC };
	struct maar_arena *a = new_arena();

	unit_eq(arena_stats(a).held_bytes, 4096);
	unit_eq(arena_stats(a).limit_bytes, SIZE_MAX);
	unit_eq(maar_arena_destroy(a), 0);
	unit_eq(maar_arena_destroy(NULL), 0);

	/* The first chunk has some room, however small it was to be. */
	a = maar_arena_create(&tiny);
	ck_assert_ptr_nonnull(a);
	memset(block(a, 200), 1, 200);
	unit_eq(arena_stats(a).chunks, 1);
	memset(block(a, 5000), 1, 5000);
	unit_eq(maar_arena_destroy(a), 0);
}
END_TEST

/* ---- blocks ---- */

START_TEST(alloc_aligns)
{
	const uint32_t align = UINT32_C(1) << _i;
	struct book b;
	struct maar_arena *a = book_arena(&b, (struct maar_arena_options){ .align = align });
	unsigned i;

	for (i = 0; i < 3000; i++) {
		const size_t bytes = i % 97;
		unsigned char *at = block(a, bytes);

		unit_must(aligned(at, align));
		memset(at, 0xff, bytes);
		at = maar_arena_nalloc(a, 1 + i % 7);
		unit_must(at);
		memset(at, 0xff, 1 + i % 7);
		if (i % 100 == 0)
			unit_eq(maar_arena_check(a), 0);
	}
	unit_eq(maar_arena_destroy(a), 0);
	book_closed(&b);
}
END_TEST

/* Blocks keep their bytes while others are taken: no two overlap. */
START_TEST(blocks_are_apart)
{
	enum { BLOCKS = 5000 };
	static unsigned char *at[BLOCKS];
	static size_t bytes[BLOCKS];
	struct unit_rng rng = unit_rng((uint64_t)_i);
	struct maar_arena *a = new_arena();
	unsigned round;
	size_t i, k;

	for (round = 0; round < 3; round++) {
		for (i = 0; i < BLOCKS; i++) {
			const unsigned kind = (unsigned)unit_random_below(&rng, 20);

			bytes[i] = unit_random_below(&rng, kind == 0 ? 40000 : kind < 5 ? 2000 : 100);
			at[i] = kind % 3 == 0 ? maar_arena_nalloc(a, bytes[i])
				: kind == 7   ? maar_arena_memalign(a, 512, bytes[i])
					      : maar_arena_alloc(a, bytes[i]);
			unit_must(at[i]);
			memset(at[i], (int)(i % 251), bytes[i]);
		}
		for (i = 0; i < BLOCKS; i++)
			for (k = 0; k < bytes[i]; k++)
				unit_eq(at[i][k], i % 251);
		unit_eq(maar_arena_check(a), 0);
		unit_eq(maar_arena_reset(a), 0);
	}
	unit_eq(maar_arena_destroy(a), 0);
}
END_TEST

START_TEST(nalloc_packs)
{
	struct maar_arena *a = new_arena();
	unsigned char *one = maar_arena_nalloc(a, 3), *two = maar_arena_nalloc(a, 5), *up = block(a, 1);

	unit_must(one && two);
	unit_must(two + 5 == one);
	unit_must(block(a, 16) == up + 16); /* and takes nothing from those that are aligned */
	unit_must(maar_arena_nalloc(a, 0) != two);
	unit_eq(maar_arena_destroy(a), 0);
}
END_TEST

START_TEST(no_bytes)
{
	struct maar_arena *a = new_arena();
	unsigned char *one = block(a, 0), *two = block(a, 0), *three = maar_arena_nalloc(a, 0);

	unit_must(one != two && three && three != one);
	unit_must(maar_arena_calloc(a, 0, 8) && maar_arena_array(a, 5, 0) && maar_arena_memdup(a, NULL, 0));
	unit_eq(maar_arena_check(a), 0);
	unit_eq(maar_arena_destroy(a), 0);
}
END_TEST

START_TEST(absurd_sizes)
{
	static const size_t sizes[] = { SIZE_MAX,     SIZE_MAX - 1,	SIZE_MAX - 15,	     SIZE_MAX - 16,
					SIZE_MAX / 2, SIZE_MAX / 2 + 1, SIZE_MAX / 2 - 4096, (size_t)PTRDIFF_MAX - 64 };
	struct book b;
	struct maar_arena *a = book_arena(&b, usual);
	const struct maar_arena_stats before = arena_stats(a);
	char *small = block(a, 1);
	uint64_t n = 0;
	size_t i;

	b.most_bytes = 1 << 20;
	for (i = 0; i < COUNT_OF(sizes); i++, n += 8) {
		not_to_be_had(maar_arena_alloc(a, sizes[i]), ENOMEM);
		not_to_be_had(maar_arena_nalloc(a, sizes[i]), ENOMEM);
		not_to_be_had(maar_arena_memalign(a, 64, sizes[i]), ENOMEM);
		not_to_be_had(maar_arena_memalign(a, (size_t)1 << (8 * sizeof(size_t) - 1), 1), ENOMEM);
		not_to_be_had(maar_arena_array(a, 1, sizes[i]), ENOMEM);
		not_to_be_had(maar_arena_array(a, sizes[i], 3), ENOMEM);
		not_to_be_had(maar_arena_calloc(a, sizes[i] / 2, sizes[i]), ENOMEM);
		not_to_be_had(maar_arena_realloc(a, small, 1, sizes[i]), ENOMEM);
	}
	unit_eq(arena_stats(a).refused, n);
	unit_eq(arena_stats(a).held_bytes, before.held_bytes);
	unit_must(block(a, 1) == small + 16); /* nothing was taken */
	unit_eq(maar_arena_destroy(a), 0);
	book_closed(&b);
}
END_TEST

START_TEST(no_arena)
{
	struct maar_arena_mark mark = { NULL, 0 };
	struct maar_arena_stats s;
	char one = 1;

	errno = 0;
	not_to_be_had(maar_arena_alloc(NULL, 1), EINVAL);
	not_to_be_had(maar_arena_nalloc(NULL, 1), EINVAL);
	not_to_be_had(maar_arena_array(NULL, 1, 1), EINVAL);
	not_to_be_had(maar_arena_calloc(NULL, 1, 1), EINVAL);
	not_to_be_had(maar_arena_memalign(NULL, 8, 1), EINVAL);
	not_to_be_had(maar_arena_realloc(NULL, &one, 1, 2), EINVAL);
	not_to_be_had(maar_arena_strdup(NULL, ""), EINVAL);
	not_to_be_had(maar_arena_strndup(NULL, "", 1), EINVAL);
	not_to_be_had(maar_arena_memdup(NULL, "", 1), EINVAL);
	not_to_be_had(maar_arena_printf(NULL, "%d", 1), EINVAL);
	not_to_be_had(maar_arena_create_child(NULL, NULL), EINVAL);
	not_to_be_had(maar_arena_cleanup_add(NULL, free, NULL), EINVAL);
	not_to_be_had(maar_arena_cleanup_fd(NULL, 0), EINVAL);
	unit_eq(maar_arena_free(NULL, &one), -EINVAL);
	unit_eq(maar_arena_reset(NULL), -EINVAL);
	unit_eq(maar_arena_trim(NULL, 0), 0);
	unit_eq(maar_arena_cleanup_cancel(NULL, NULL), -EINVAL);
	unit_eq(maar_arena_cleanup_run(NULL, NULL), -EINVAL);
	unit_eq(maar_arena_save(NULL, &mark), -EINVAL);
	unit_eq(maar_arena_rollback(NULL, mark), -EINVAL);
	unit_eq(maar_arena_stats(NULL, &s), -EINVAL);
	unit_eq(maar_arena_dump(NULL, stdout), -EINVAL);
	unit_eq(maar_arena_check(NULL), -EINVAL);
}
END_TEST

/* Of memory that was used before. */
struct search {
	const void *at;
	bool found;
};

static bool is_there(const struct maar_alloc_area *area, void *arg)
{
	struct search *search = arg;

	search->found = search->found || (uintptr_t)search->at - (uintptr_t)area->at < area->bytes;
	return true;
}

/* Of maar's allocator, unless malloc is asked for, or watched. */
START_TEST(default_source)
{
	struct maar_arena_options o = { .flags = MAAR_ARENA_MALLOC };
	unsigned i;

	for (i = 0; i < 2; i++) {
		struct maar_arena *a = maar_arena_create(i ? &o : NULL);
		struct search small = { maar_arena_alloc(a, 100), false },
			      large = { maar_arena_alloc(a, 5 << 20), false };

		ck_assert_ptr_nonnull(small.at);
		ck_assert_ptr_nonnull(large.at);
		maar_heap_walk(NULL, is_there, &small);
		maar_heap_walk(NULL, is_there, &large);
		unit_eq(small.found, i == 0 && !maar__tools());
		unit_eq(large.found, small.found);
		maar_arena_destroy(a);
	}
}
END_TEST

START_TEST(calloc_clears)
{
	struct maar_arena *a = new_arena();
	unsigned char *at;
	unsigned round, i;
	size_t k;

	for (round = 0; round < 3; round++) {
		for (i = 0; i < 100; i++) {
			memset(block(a, 100), 0xee, 100);
			at = maar_arena_calloc(a, i, 100);
			unit_must(at && aligned(at, 16));
			for (k = 0; k < i * 100; k++)
				unit_eq(at[k], 0);
			memset(at, 0xdd, i * 100);
		}
		unit_eq(maar_arena_reset(a), 0);
	}
	unit_eq(maar_arena_destroy(a), 0);
}
END_TEST

START_TEST(memalign)
{
	static const size_t wrong[] = { 0, 3, 24, SIZE_MAX };
	struct book b;
	struct maar_arena *a = book_arena(&b, (struct maar_arena_options){ .align = 8 });
	size_t align, bytes, i;

	for (align = 1; align <= 1 << 18; align *= 2)
		for (bytes = 0; bytes < 40000; bytes = 3 * bytes + 1) {
			unsigned char *at = maar_arena_memalign(a, align, bytes);

			unit_must(at && aligned(at, align) && aligned(at, 8));
			memset(at, 1, bytes);
			unit_eq(maar_arena_check(a), 0);
		}
	for (i = 0; i < COUNT_OF(wrong); i++)
		not_to_be_had(maar_arena_memalign(a, wrong[i], 8), EINVAL);
	unit_eq(maar_arena_destroy(a), 0);
	book_closed(&b);
}
END_TEST

/* ---- large blocks ---- */

START_TEST(large_blocks)
{
	struct book b;
	struct maar_arena *a = book_arena(&b, (struct maar_arena_options){ .large_bytes = 5000 });
	struct maar_arena *other = new_arena();
	unsigned char *large[10], *small = block(a, 100), *text = maar_arena_nalloc(a, 9);
	unsigned i;

	for (i = 0; i < 10; i++) {
		large[i] = maar_arena_memalign(a, (size_t)1 << (i + 4), 5001 + i);
		unit_must(large[i] && aligned(large[i], (size_t)1 << (i + 4)));
		memset(large[i], (int)i, 5001 + i);
	}
	unit_eq(arena_stats(a).large, 10);
	unit_must(arena_stats(a).large_bytes > 50000);
	unit_eq(b.pieces, 11);
	unit_eq(maar_arena_free(a, small), -EINVAL);
	unit_eq(maar_arena_free(a, text), -EINVAL);
	unit_eq(maar_arena_free(a, NULL), -EINVAL);
	unit_eq(maar_arena_free(other, large[3]), -EINVAL);
	unit_eq(maar_arena_free(a, large[3] + 16), -EINVAL);
	/* From the middle, the newest, the oldest. */
	unit_eq(maar_arena_free(a, large[3]), 0);
	unit_eq(b.pieces, 10);
	unit_eq(maar_arena_free(a, large[9]), 0);
	unit_eq(maar_arena_free(a, large[0]), 0);
	unit_eq(arena_stats(a).large, 7);
	for (i = 0; i < 5001; i++)
		unit_eq(large[4][i], 4);
	unit_eq(maar_arena_reset(a), 0);
	unit_eq(b.pieces, 1);
	unit_eq(arena_stats(a).large, 0);

	/* Freed while it is the only one; what was large is no more. */
	large[0] = block(a, 6000);
	unit_eq(maar_arena_free(a, large[0]), 0);
	unit_eq(arena_stats(a).large_bytes, 0);
	unit_eq(maar_arena_destroy(a), 0);
	unit_eq(maar_arena_destroy(other), 0);
	book_closed(&b);
}
END_TEST

/* A server that frees each of many large blocks at once: all the same price, in whatever order. */
START_TEST(many_large_blocks)
{
	enum { BLOCKS = 2000 };
	static void *large[BLOCKS];
	struct book b;
	struct maar_arena *a = book_arena(&b, (struct maar_arena_options){ .large_bytes = 8 });
	struct unit_rng rng = unit_rng(7);
	size_t i, k;
	void *swap;

	do
		swap = block(a, 600);
	while (arena_stats(a).large == 0); /* the current chunk is full */
	unit_eq(maar_arena_free(a, swap), 0);
	for (i = 0; i < BLOCKS; i++)
		large[i] = block(a, 600);
	for (i = BLOCKS; i-- > 1;) {
		k = unit_random_below(&rng, i + 1);
		swap = large[i];
		large[i] = large[k];
		large[k] = swap;
	}
	for (i = 0; i < BLOCKS; i++)
		unit_eq(maar_arena_free(a, large[i]), 0);
	unit_eq(arena_stats(a).large, 0);
	unit_eq(maar_arena_destroy(a), 0);
	book_closed(&b);
}
END_TEST

/* ---- realloc ---- */

static void filled(const unsigned char *at, size_t bytes)
{
	size_t i;

	for (i = 0; i < bytes; i++)
		unit_eq(at[i], i % 253);
}

static void fill(unsigned char *at, size_t from, size_t to)
{
	for (; from < to; from++)
		at[from] = (unsigned char)(from % 253);
}

START_TEST(realloc_in_place)
{
	struct maar_arena *a = new_arena();
	unsigned char *at = maar_arena_realloc(a, NULL, 0, 10), *now, *next;

	unit_must(at);
	fill(at, 0, 10);
	now = maar_arena_realloc(a, at, 10, 1000);
	unit_must(now == at);
	filled(at, 10);
	fill(at, 10, 1000);
	unit_must(maar_arena_realloc(a, at, 1000, 30) == at);
	next = block(a, 1);
	unit_must(next == at + 32); /* what it gave back is used */
	filled(at, 30);
	unit_must(maar_arena_realloc(a, at, 30, 20) == at); /* not the last: it keeps its room */
	now = maar_arena_realloc(a, at, 20, 40);
	unit_must(now > next);
	filled(now, 20);
	/* Beyond the chunk it moves. */
	at = maar_arena_realloc(a, now, 40, 3000);
	unit_must(at == now);
	fill(at, 0, 3000);
	now = maar_arena_realloc(a, at, 3000, 9000);
	unit_must(now != at);
	filled(now, 3000);
	unit_eq(maar_arena_check(a), 0);
	/* A block without alignment moves as it grows. */
	at = maar_arena_nalloc(a, 5);
	unit_must(at);
	fill(at, 0, 5);
	unit_must(maar_arena_realloc(a, at, 5, 4) == at);
	now = maar_arena_realloc(a, at, 4, 100);
	unit_must(now != at && aligned(now, 16));
	filled(now, 4);
	unit_eq(maar_arena_destroy(a), 0);
}
END_TEST

START_TEST(realloc_large)
{
	struct book b;
	struct maar_arena *a = book_arena(&b, usual);
	unsigned char *at = maar_arena_alloc(a, 20000);

	unit_must(at);
	fill(at, 0, 20000);
	at = maar_arena_realloc(a, at, 20000, 100000);
	unit_must(at);
	filled(at, 20000);
	unit_eq(arena_stats(a).large, 1); /* the old one has gone back */
	unit_eq(b.pieces, 2);
	unit_must(maar_arena_realloc(a, at, 100000, 10) == at);
	b.most_bytes = 1000;
	not_to_be_had(maar_arena_realloc(a, at, 100000, 200000), ENOMEM);
	filled(at, 20000);
	unit_eq(maar_arena_free(a, at), 0);
	unit_eq(maar_arena_destroy(a), 0);
	book_closed(&b);
}
END_TEST

/* ---- text ---- */

static char *by_list(struct maar_arena *a, const char *format, ...) __attribute__((format(printf, 2, 3)));

static char *by_list(struct maar_arena *a, const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = maar_arena_vprintf(a, format, args);
	va_end(args);
	return text;
}

START_TEST(texts)
{
	const wchar_t no_text[] = { 0xd800, 0 };
	const char *no_format = NULL;
	struct maar_arena *a = new_arena();
	char *one = maar_arena_strdup(a, "one"), *two = maar_arena_strndup(a, "twofold", 3), *long_one;
	const int numbers[2] = { 4, 5 };
	int *copy;

	ck_assert_str_eq(one, "one");
	ck_assert_str_eq(two, "two");
	unit_must(two + 4 == one); /* packed */
	ck_assert_str_eq(maar_arena_strndup(a, "short", 100), "short");
	ck_assert_str_eq(maar_arena_strndup(a, "none", 0), "");
	ck_assert_str_eq(maar_arena_strdup(a, ""), "");
	copy = maar_arena_memdup(a, numbers, sizeof(numbers));
	unit_must(aligned(copy, alignof(int)) && copy[0] == 4 && copy[1] == 5);
	ck_assert_str_eq(maar_arena_printf(a, "%s-%d", "x", 7), "x-7");
	ck_assert_str_eq(by_list(a, "%c%5d", 'y', 8), "y    8");
	/* At the edge of what is formatted once, and beyond a chunk. */
	for (int n = 250; n < 262; n++) {
		long_one = maar_arena_printf(a, "%*d", n, 3);
		unit_eq(strlen(long_one), n);
		unit_must(long_one[n - 1] == '3' && long_one[0] == ' ');
	}
	long_one = by_list(a, "%70000d", 3);
	unit_eq(strlen(long_one), 70000);
	errno = 0;
	not_to_be_had(maar_arena_strdup(a, NULL), EINVAL);
	not_to_be_had(maar_arena_strndup(a, NULL, 1), EINVAL);
	not_to_be_had(maar_arena_memdup(a, NULL, 1), EINVAL);
	not_to_be_had(maar_arena_printf(a, no_format, 1), EINVAL);
	not_to_be_had(maar_arena_printf(a, "%ls", no_text), EILSEQ);
	unit_eq(maar_arena_destroy(a), 0);
}
END_TEST

/* ---- what is kept ---- */

/* As often as one likes: no call of the source after the first round, and no chunk more. */
START_TEST(reset_keeps)
{
	struct book b;
	struct maar_arena *a = book_arena(&b, usual);
	struct maar_arena_stats first = { 0 }, s;
	unsigned char *begin = NULL;
	size_t calls = 0;
	unsigned round, i;

	for (round = 0; round < 20; round++) {
		for (i = 0; i < 5000; i++) {
			unsigned char *at = i % 3 ? maar_arena_alloc(a, 1 + i % 300) : maar_arena_nalloc(a, 1 + i % 50);

			unit_must(at);
			if (i == 0 && round == 0)
				begin = at;
			unit_must(i || at == begin); /* the same place each time */
		}
		s = arena_stats(a);
		if (round == 0) {
			first = s;
			calls = b.calls;
		}
		unit_eq(b.calls, calls);
		unit_eq(s.chunks, first.chunks);
		unit_eq(s.used_bytes, first.used_bytes);
		unit_eq(s.kept, 0);
		unit_eq(maar_arena_reset(a), 0);
		s = arena_stats(a);
		unit_eq(s.kept, s.chunks - 1);
		unit_eq(s.used_bytes, 0);
		unit_eq(s.held_bytes, first.held_bytes);
	}
	unit_eq(maar_arena_trim(a, SIZE_MAX), 0);
	unit_eq(maar_arena_trim(a, 100000), first.held_bytes - arena_stats(a).held_bytes);
	unit_must(arena_stats(a).held_bytes <= 100000);
	unit_must(maar_arena_trim(a, 0) > 0);
	unit_eq(arena_stats(a).held_bytes, 4096);
	unit_eq(b.pieces, 1);
	unit_eq(maar_arena_destroy(a), 0);
	book_closed(&b);
}
END_TEST

/* Chunks grow from 4 KiB to 64, also after everything was given back. */
START_TEST(chunks_grow)
{
	static const size_t sizes[] = { 4096, 8192, 16384, 32768, 65536, 65536, 65536 };
	struct book b;
	struct maar_arena *a = book_arena(&b, usual);
	size_t held, n;
	unsigned round;

	for (round = 0; round < 2; round++) {
		for (n = 0, held = 0; n < COUNT_OF(sizes); n++) {
			held += sizes[n];
			while (arena_stats(a).chunks == n)
				(void)block(a, 1000);
			unit_eq(b.bytes, held);
			while (arena_stats(a).chunks == n + 1 && n + 1 < COUNT_OF(sizes))
				(void)block(a, 1000);
		}
		unit_eq(maar_arena_reset(a), 0);
		(void)maar_arena_trim(a, 0);
	}
	unit_eq(maar_arena_destroy(a), 0);
}
END_TEST

START_TEST(keep_bytes)
{
	struct book b;
	struct maar_arena *a = book_arena(&b, (struct maar_arena_options){ .keep_bytes = 150000 });
	unsigned i;

	for (i = 0; i < 1000; i++)
		(void)block(a, 1000);
	unit_must(b.bytes > 1000000);
	unit_eq(maar_arena_reset(a), 0);
	unit_must(b.bytes <= 150000 && b.bytes > 50000);
	unit_eq(arena_stats(a).held_bytes, b.bytes);
	unit_must(arena_stats(a).most_bytes > 1000000);
	unit_eq(maar_arena_destroy(a), 0);
	book_closed(&b);
}
END_TEST

/* A kept chunk that is too small for a block stays for the next ones. */
START_TEST(kept_and_too_small)
{
	struct book b;
	struct maar_arena *a = book_arena(&b, (struct maar_arena_options){ .large_bytes = 30000 });
	struct maar_arena_stats s;
	unsigned i;

	for (i = 0; i < 12; i++)
		(void)block(a, 1000);
	unit_eq(arena_stats(a).chunks, 3); /* of 4, 8 and 16 KiB */
	unit_eq(maar_arena_reset(a), 0);
	memset(block(a, 20000), 1, 20000);
	s = arena_stats(a);
	unit_eq(s.chunks, 4);
	unit_eq(s.kept, 2);
	for (i = 0; i < 25; i++)
		memset(block(a, 1000), 2, 1000);
	unit_eq(arena_stats(a).chunks, 4);
	unit_eq(maar_arena_destroy(a), 0);
	book_closed(&b);
}
END_TEST

/* ---- limits ---- */

START_TEST(limit)
{
	struct book b;
	struct maar_arena *a = book_arena(&b, (struct maar_arena_options){ .limit_bytes = 50000 });
	struct maar_arena *child;
	void *large;
	size_t n;

	errno = 0;
	for (n = 0; maar_arena_alloc(a, 100); n++)
		unit_must(b.bytes <= 50000);
	unit_eq(errno, ENOMEM);
	unit_must(n * 112 > 40000); /* chunks shrank to what was left */
	unit_must(maar_arena_nalloc(a, 1000) == NULL);
	unit_eq(arena_stats(a).limit_bytes, 50000);
	unit_eq(arena_stats(a).refused, 2);
	unit_eq(maar_arena_reset(a), 0);
	unit_must(maar_arena_trim(a, 0) > 0);

	/* Children count. */
	child = maar_arena_create_child(a, NULL);
	ck_assert_ptr_nonnull(child);
	large = maar_arena_alloc(child, 35000);
	unit_must(large);
	not_to_be_had(maar_arena_alloc(a, 20000), ENOMEM);
	not_to_be_had(maar_arena_alloc(child, 20000), ENOMEM);
	unit_eq(arena_stats(a).refused, 4);
	unit_eq(arena_stats(child).refused, 1);
	unit_eq(maar_arena_free(child, large), 0);
	unit_must(maar_arena_alloc(a, 20000) != NULL);
	unit_eq(maar_arena_destroy(a), 0);
	book_closed(&b);
}
END_TEST

START_TEST(limit_of_a_child)
{
	struct book b;
	struct maar_arena *a = book_arena(&b, usual), *child;
	size_t n, i;

	for (i = 0; i < 200; i++)
		(void)block(a, 1000);
	unit_eq(maar_arena_reset(a), 0);
	child = maar_arena_create_child(a, &(struct maar_arena_options){ .limit_bytes = 20000 });
	ck_assert_ptr_nonnull(child);
	for (n = 0; maar_arena_alloc(child, 100); n++)
		;
	unit_must(n > 60 && arena_stats(child).held_bytes <= 20000);
	errno = 0;
	not_to_be_had(maar_arena_create_child(a, &(struct maar_arena_options){ .limit_bytes = 1000 }), ENOMEM);
	not_to_be_had(maar_arena_create_child(a, &(struct maar_arena_options){ .flags = 1 }), EINVAL);
	not_to_be_had(maar_arena_create_child(a, &(struct maar_arena_options){ .align = 7 }), EINVAL);
	not_to_be_had(maar_arena_create_child(a, &(struct maar_arena_options){ .source = { .release = book_release } }),
		      EINVAL);
	unit_eq(maar_arena_destroy(a), 0);
	book_closed(&b);
}
END_TEST

/* ---- statistics ---- */

START_TEST(stats_and_dump)
{
	struct maar_arena *a = maar_arena_create(&(struct maar_arena_options){ .limit_bytes = 1 << 20 });
	struct maar_arena *child = maar_arena_create_child(a, NULL);
	struct unit_text text;
	struct maar_arena_stats s;
	FILE *full;
	char *said;

	ck_assert_ptr_nonnull(child);
	(void)block(a, 100);
	unit_must(maar_arena_nalloc(a, 10) != NULL);
	(void)block(a, 20000);
	unit_must(maar_arena_cleanup_add(child, free, NULL) != NULL);
	s = arena_stats(a);
	unit_eq(s.held_bytes, s.most_bytes);
	unit_eq(s.used_bytes, 112 + 10);
	unit_eq(s.held_bytes, 4096 + 4096 + s.large_bytes);
	unit_eq(s.children, 1);
	unit_eq(s.cleanups, 0);
	unit_eq(arena_stats(child).cleanups, 1);
	unit_text_open(&text);
	unit_eq(maar_arena_dump(a, text.to), 0);
	said = unit_text_close(&text);
	unit_assert_contains(said, "arena");
	unit_assert_contains(said, "limit 1048576");
	unit_assert_contains(said, "122 used in 1 chunks");
	unit_assert_contains(said, "1 large blocks");
	unit_assert_contains(said, "0 handlers, 1 children");
	unit_assert_contains(said, "\n  arena");
	unit_assert_contains(said, "1 handlers, 0 children");
	free(said);
	unit_eq(maar_arena_dump(a, NULL), -EINVAL);
	unit_eq(maar_arena_stats(a, NULL), -EINVAL);
	full = unit_full_file();
	unit_eq(maar_arena_dump(a, full), -EIO);
	fclose(full);
	unit_eq(maar_arena_destroy(a), 0);
}
END_TEST

/* A write beyond a large block's beginning, or over what the inline calls see, is noticed. */
START_TEST(check_notices)
{
	struct maar_arena *a = new_arena(), *child = maar_arena_create_child(a, NULL);
	unsigned char *large = block(a, 100000), saved[64], *at = a->at;

	ck_assert_ptr_nonnull(child);
	unit_eq(maar_arena_check(a), 0);
	memcpy(saved, large - sizeof(saved), sizeof(saved));
	memset(large - sizeof(saved), 0, sizeof(saved));
	unit_eq(maar_arena_check(a), -EBADMSG);
	memcpy(large - sizeof(saved), saved, sizeof(saved));
	unit_eq(maar_arena_check(a), 0);
	a->at = at + 1;
	unit_eq(maar_arena_check(a), -EBADMSG);
	a->at = a->end + 16;
	unit_eq(maar_arena_check(a), -EBADMSG);
	a->at = at;
	child->at++;
	unit_eq(maar_arena_check(a), -EBADMSG);
	child->at--;
	unit_eq(maar_arena_destroy(a), 0);
}
END_TEST

/* What inline calls end in, called where they would not have come so far. */
START_TEST(outlined)
{
	struct maar_arena *a = new_arena();
	unsigned char *one = maar__arena_alloc(a, 10), *two = maar_arena_alloc(a, 10), *text = maar__arena_nalloc(a, 3);

	unit_must(one && two == one + 16);
	unit_must(text && maar_arena_nalloc(a, 3) == text - 3);
	errno = 0;
	not_to_be_had(maar__arena_alloc(NULL, 1), EINVAL);
	not_to_be_had(maar__arena_nalloc(NULL, 1), EINVAL);
	unit_eq(maar_arena_destroy(a), 0);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("arena");
	TCase *tcase = unit_tcase(suite, "create");

	tcase_add_test(tcase, create_refuses);
	tcase_add_test(tcase, create_and_destroy);
	tcase = unit_tcase(suite, "blocks");
	tcase_add_loop_test(tcase, alloc_aligns, 0, 13);
	tcase_add_loop_test(tcase, blocks_are_apart, 0, 3);
	tcase_add_test(tcase, nalloc_packs);
	tcase_add_test(tcase, no_bytes);
	tcase_add_test(tcase, absurd_sizes);
	tcase_add_test(tcase, no_arena);
	tcase_add_test(tcase, default_source);
	tcase_add_test(tcase, calloc_clears);
	tcase_add_test(tcase, memalign);
	tcase_add_test(tcase, large_blocks);
	tcase_add_test(tcase, many_large_blocks);
	tcase_add_test(tcase, realloc_in_place);
	tcase_add_test(tcase, realloc_large);
	tcase_add_test(tcase, texts);
	tcase = unit_tcase(suite, "memory");
	tcase_add_test(tcase, reset_keeps);
	tcase_add_test(tcase, chunks_grow);
	tcase_add_test(tcase, keep_bytes);
	tcase_add_test(tcase, kept_and_too_small);
	tcase_add_test(tcase, limit);
	tcase_add_test(tcase, limit_of_a_child);
	tcase = unit_tcase(suite, "observers");
	tcase_add_test(tcase, stats_and_dump);
	tcase_add_test(tcase, check_notices);
	tcase_add_test(tcase, outlined);
	return suite;
}
