/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * <maar/override.h>: in a file that includes it, malloc and its kind are maar's; a block says so by its usable size, which is
 * 0 for what is not maar's.
 */
#include "common.h"

static void *systems(size_t bytes)
{
	void *block = malloc(bytes);

	if (block)
		memset(block, 0, bytes);
	return block;
}

static void to_system(void *block)
{
	free(block);
}

/* From here on they are maar's. */
#include <maar/override.h>

/* A block of maar's, given back through a pointer to free. */
static void ours(void *block, size_t bytes)
{
	void (*give)(void *) = free;

	unit_must(block && maar_usable_size(block) >= bytes);
	give(block);
}

START_TEST(test_calls)
{
	void *block = NULL, *grown;

	ours(malloc(100), 100);
	ours(calloc(10, 10), 100);
	ours(reallocarray(NULL, 10, 10), 100);
	ours(aligned_alloc(64, 128), 128);
	ours(memalign(4096, 100), 100);
	unit_eq(posix_memalign(&block, 256, 100), 0);
	unit_must((uintptr_t)block % 256 == 0 && malloc_usable_size(block) >= 100);
	grown = realloc(block, 5000);
	ours(grown, 5000);
}
END_TEST

START_TEST(test_strings)
{
	char *whole = strdup("maar"), *part = strndup("maar", 2), *more = strndup("maar", 9), *none = strdup("");

	ck_assert_str_eq(whole, "maar");
	ck_assert_str_eq(part, "ma");
	ck_assert_str_eq(more, "maar");
	ck_assert_str_eq(none, "");
	ours(whole, 5);
	ours(part, 3);
	ours(more, 5);
	ours(none, 1);
}
END_TEST

/* Control: a block of the C library's is told apart. */
START_TEST(test_systems)
{
	void *block = systems(100);

	unit_must(block);
	unit_eq(malloc_usable_size(block), 0);
	to_system(block);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("override");
	TCase *tcase = unit_tcase(suite, "calls");

	tcase_add_test(tcase, test_calls);
	tcase_add_test(tcase, test_strings);
	tcase_add_test(tcase, test_systems);
	return suite;
}
