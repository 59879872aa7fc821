/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The allocator, one thread: every call, its errors, sizes and alignments from one end to the other, content, heaps, limits,
 * statistics, walks, memory back to the system, what the environment says.
 */
#include <maar/alloc.h>

#include "child.h"
#include "common.h"
#include "faults.h"

#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#define KIB ((size_t)1 << 10)
#define MIB ((size_t)1 << 20)

static size_t resident(void)
{
	unsigned long pages = 0, all;
	FILE *f = fopen("/proc/self/statm", "r");

	unit_must(f && fscanf(f, "%lu %lu", &all, &pages) == 2);
	fclose(f);
	return pages * (size_t)sysconf(_SC_PAGESIZE);
}

/* Fills a block, and says whether it is still so. */
static void fill(void *block, size_t bytes, unsigned char with)
{
	memset(block, with, bytes);
}

static bool is_filled(const void *block, size_t bytes, unsigned char with)
{
	const unsigned char *b = block;
	size_t i;

	for (i = 0; i < bytes; i++)
		if (b[i] != with)
			return false;
	return true;
}

/*
 * A tool watches (MAAR_OPTIONS=tools=1 in a library that is built with AddressSanitizer): a block has exactly the bytes that were
 * asked for, costs 16 more, and waits for a while when it is freed, in which it counts as in use.
 */
static bool is_watched(void)
{
	void *block = maar_malloc(1);
	const bool exactly = maar_usable_size(block) == 1;

	maar_free(block);
	return exactly;
}

/* Sizes round each power of two, up to 64 MiB. */
static size_t next_size(size_t *at)
{
	static const int around[] = { -1, 0, 1 };
	const size_t i = (*at)++;

	return ((size_t)1 << i / 3 % 27) + (size_t)around[i % 3];
}

START_TEST(every_size)
{
	const bool watched = is_watched();
	size_t at = 0, bytes;
	void *block;

	while (at < 3 * 27) {
		bytes = next_size(&at);
		block = maar_malloc(bytes);
		unit_must(block && (uintptr_t)block % 16 == 0);
		unit_eq(maar_usable_size(block), watched ? bytes : maar_good_size(bytes));
		unit_must(maar_usable_size(block) >= bytes);
		fill(block, bytes < 4 * MIB ? bytes : 4 * MIB, 0x5a);
		if (maar_usable_size(block))
			((unsigned char *)block)[maar_usable_size(block) - 1] = 1;
		maar_free_sized(block, bytes);
	}
}
END_TEST

START_TEST(good_sizes)
{
	size_t bytes, good, last = 0;

	unit_eq(maar_good_size(0), 16);
	for (bytes = 1; bytes <= 2 * MIB; bytes += bytes < 40000 ? 1 : 977) {
		good = maar_good_size(bytes);
		unit_must(good >= bytes && good >= last && good % 16 == 0);
		unit_must(bytes > MIB || bytes <= 128 || good - bytes <= bytes / 8);
		unit_eq(maar_good_size(good), good);
		last = good;
	}
	unit_eq(maar_good_size(SIZE_MAX), SIZE_MAX);
}
END_TEST

START_TEST(aligned)
{
	static const size_t sizes[] = { 0, 1, 15, 16, 100, 1000, 4096, 5000, 70000, 300000, 2 * MIB, 3 * MIB };
	size_t align, i;
	void *block;

	for (align = 1; align <= 8 * MIB; align *= 2)
		for (i = 0; i < COUNT_OF(sizes); i++) {
			block = maar_aligned_alloc(align, sizes[i]);
			unit_must(block && (uintptr_t)block % align == 0 && maar_usable_size(block) >= sizes[i]);
			fill(block, sizes[i], 1);
			maar_free(block);
		}
	errno = 0;
	unit_must(!maar_aligned_alloc(3, 1) && errno == EINVAL);
	errno = 0;
	unit_must(!maar_aligned_alloc(0, 1) && errno == EINVAL);
	block = maar_memalign(0, 1);
	unit_must(block);
	maar_free(block);
	errno = 0;
	unit_must(!maar_memalign(6, 1) && errno == EINVAL);
	errno = 5;
	unit_eq(maar_posix_memalign(&block, 2, 1), EINVAL);
	unit_eq(maar_posix_memalign(&block, 24, 1), EINVAL);
	unit_eq(maar_posix_memalign(&block, 64, SIZE_MAX - 64), ENOMEM);
	unit_eq(maar_posix_memalign(&block, 4096, 100), 0);
	unit_must((uintptr_t)block % 4096 == 0 && errno == 5);
	maar_free(block);
}
END_TEST

START_TEST(too_much)
{
	static const size_t sizes[] = { SIZE_MAX,    SIZE_MAX - 4096, (size_t)PTRDIFF_MAX + 1,
					PTRDIFF_MAX, (size_t)1 << 47, (size_t)1 << 56 };
	char *block = maar_malloc(100);
	size_t i;

	for (i = 0; i < COUNT_OF(sizes); i++) {
		errno = 0;
		unit_must(!maar_malloc(sizes[i]) && errno == ENOMEM);
		errno = 0;
		unit_must(!maar_calloc(1, sizes[i]) && errno == ENOMEM);
		errno = 0;
		unit_must(!maar_realloc(block, sizes[i]) && errno == ENOMEM);
		errno = 0;
		unit_must(!maar_aligned_alloc(8 * MIB, sizes[i]) && errno == ENOMEM);
	}
	errno = 0;
	unit_must(!maar_calloc(SIZE_MAX / 2, 3) && errno == ENOMEM);
	errno = 0;
	unit_must(!maar_reallocarray(block, SIZE_MAX / 2, 3) && errno == ENOMEM);
	maar_free(block);
}
END_TEST

START_TEST(zeroed)
{
	static const size_t sizes[] = { 1, 16, 100, 1000, 3000, 10000, 100000, 600000, 2 * MIB, 3 * MIB };
	unsigned round;
	size_t i;
	void *block;

	for (round = 0; round < 3; round++)
		for (i = 0; i < COUNT_OF(sizes); i++) {
			block = maar_calloc(1, sizes[i]);
			unit_must(block && is_filled(block, sizes[i], 0));
			fill(block, sizes[i], 0xff);
			maar_free(block);
		}
	block = maar_calloc(0, 5);
	unit_must(block);
	maar_free(block);
}
END_TEST

/* Against a model: blocks with a length and a fill each. */
#define MODEL_BLOCKS 300
#define MODEL_MOVES  15000
START_TEST(realloc_keeps_content)
{
	struct unit_rng rng = unit_rng(1);
	static struct {
		unsigned char *at;
		size_t bytes;
		unsigned char with;
	} b[MODEL_BLOCKS];
	unsigned move;

	for (move = 0; move < MODEL_MOVES; move++) {
		const size_t i = unit_random_below(&rng, MODEL_BLOCKS);
		size_t bytes = unit_random(&rng) >> (46 + unit_random_below(&rng, 17));

		if (move % 1000 == 0)
			bytes = 3 * MIB + bytes % MIB;
		if (bytes > 6 * MIB)
			bytes %= 100000;
		if (b[i].at && unit_random_below(&rng, 3) == 0) {
			unit_must(is_filled(b[i].at, b[i].bytes, b[i].with));
			maar_free(b[i].at);
			b[i].at = NULL;
			b[i].bytes = 0;
			continue;
		}
		bytes = bytes ? bytes : 1;
		b[i].at = unit_random_below(&rng, 2) ? maar_realloc(b[i].at, bytes)
						     : maar_reallocarray(b[i].at, 1, bytes);
		unit_must(b[i].at);
		unit_must(is_filled(b[i].at, b[i].bytes < bytes ? b[i].bytes : bytes, b[i].with));
		b[i].bytes = bytes;
		b[i].with = (unsigned char)move;
		fill(b[i].at, bytes, b[i].with);
	}
	for (move = 0; move < MODEL_BLOCKS; move++) {
		unit_must(!b[move].at || is_filled(b[move].at, b[move].bytes, b[move].with));
		maar_free(b[move].at);
	}
	unit_must(!maar_realloc(maar_malloc(10), 0));
}
END_TEST

START_TEST(not_ours)
{
	char here;
	char *theirs = malloc(100);

	maar_free(NULL);
	unit_eq(maar_usable_size(NULL), 0);
	unit_eq(maar_usable_size(&here), 0);
	unit_eq(maar_usable_size(theirs), 0);
	unit_must(!maar_heap_of(&here) && !maar_heap_of(NULL));
	errno = 0;
	unit_must(!maar_realloc(theirs, 200) && errno == EINVAL);
	maar_free(theirs);
	free(theirs);
}
END_TEST

START_TEST(batches)
{
	static void *blocks[5000];
	size_t i, bytes;

	for (bytes = 1; bytes < 3 * MIB; bytes = bytes * 3 + 1) {
		const size_t n = bytes > 10000 ? 7 : COUNT_OF(blocks);

		unit_eq(maar_malloc_batch(bytes, blocks, n), n);
		for (i = 0; i < n; i++)
			fill(blocks[i], bytes < 100 ? bytes : 100, (unsigned char)i);
		for (i = 0; i < n; i++)
			unit_must(is_filled(blocks[i], bytes < 100 ? bytes : 100, (unsigned char)i));
		blocks[n / 2] = (maar_free(blocks[n / 2]), NULL);
		maar_free_batch(blocks, n);
	}
	unit_eq(maar_malloc_batch(10, blocks, 0), 0);
	maar_free_batch(NULL, 0);
	errno = 0;
	unit_eq(maar_malloc_batch(SIZE_MAX, blocks, 3), 0);
	unit_eq(errno, ENOMEM);
}
END_TEST

/* ---- heaps ---- */

struct seen {
	size_t n, bytes;
	size_t most;
};

static bool see_block(void *block, size_t bytes, void *arg)
{
	struct seen *s = arg;

	unit_must(block && maar_usable_size(block) == bytes);
	s->n++;
	s->bytes += bytes;
	return !s->most || s->n < s->most;
}

static bool see_area(const struct maar_alloc_area *area, void *arg)
{
	struct seen *s = arg;

	s->n += area->used;
	s->bytes += area->bytes;
	return true;
}

START_TEST(heaps)
{
	static const unsigned flags[] = { 0, MAAR_HEAP_ONE_THREAD };
	const bool watched = is_watched();
	unsigned f, i, round;

	for (f = 0; f < COUNT_OF(flags); f++)
		for (round = 0; round < 3; round++) {
			struct maar_heap *heap = maar_heap_create(flags[f]);
			struct seen s = { 0, 0, 0 };
			unsigned char *blocks[1000], *b;

			unit_must(heap);
			for (i = 0; i < COUNT_OF(blocks); i++) {
				blocks[i] = maar_heap_malloc(heap, i * 7);
				unit_must(blocks[i] && maar_heap_of(blocks[i]) == heap);
				fill(blocks[i], i * 7, (unsigned char)i);
			}
			for (i = 0; i < COUNT_OF(blocks); i += 2) {
				unit_must(is_filled(blocks[i], i * 7, (unsigned char)i));
				maar_free(blocks[i]);
			}
			unit_eq(maar_heap_blocks(heap, see_block, &s), 500);
			unit_eq(s.n, 500);
			b = maar_heap_calloc(heap, 3, MIB);
			unit_must(b && is_filled(b, 3 * MIB, 0) && maar_heap_of(b) == heap);
			unit_eq(maar_heap_blocks(heap, NULL, NULL), 501);
			s = (struct seen){ 0, 0, 10 };
			maar_heap_blocks(heap, see_block, &s);
			unit_eq(s.n, 10);
			s = (struct seen){ 0, 0, 0 };
			unit_must(maar_heap_walk(heap, see_area, &s) > 0);
			unit_must(watched ? s.n >= 501 && s.n <= 1001 : s.n == 501);
			b = maar_heap_realloc(heap, NULL, 100);
			fill(b, 100, 9);
			b = maar_heap_realloc(heap, b, 100000);
			unit_must(b && is_filled(b, 100, 9) && maar_heap_of(b) == heap);
			unit_must(!maar_heap_realloc(heap, b, 0));
			b = maar_heap_memalign(heap, 4096, 100);
			unit_must(b && (uintptr_t)b % 4096 == 0);
			b = maar_malloc(10);
			errno = 0;
			unit_must(!maar_heap_realloc(heap, b, 20) && errno == EINVAL && !maar_heap_of(b));
			maar_free(b);
			errno = 0;
			unit_must(!maar_heap_calloc(heap, SIZE_MAX, 2) && errno == ENOMEM);
			errno = 0;
			unit_must(!maar_heap_malloc(heap, SIZE_MAX) && errno == ENOMEM);
			errno = 0;
			unit_must(!maar_heap_memalign(heap, 3, 2) && errno == EINVAL);
			maar_heap_destroy(heap);
		}
	maar_heap_destroy(NULL);
	unit_eq(maar_heap_blocks(NULL, NULL, NULL), 0);
	errno = 0;
	unit_must(!maar_heap_create(64) && errno == EINVAL);
}
END_TEST

START_TEST(counted)
{
	struct maar_heap *heap = maar_heap_create(MAAR_HEAP_COUNTED);
	static const size_t sizes[] = { 1, 100, 4000, 100000, 3 * MIB };
	size_t i;

	for (i = 0; i < COUNT_OF(sizes); i++) {
		unsigned char *b = maar_heap_malloc(heap, sizes[i]);

		unit_must(b && (uintptr_t)b % 16 == 0 && maar_usable_size(b) >= sizes[i]);
		fill(b, maar_usable_size(b), 3);
		unit_must(maar_retain(b) == b);
		maar_release(b);
		unit_eq(maar_heap_blocks(heap, NULL, NULL), 1);
		errno = 0;
		unit_must(!maar_realloc(b, 5) && errno == EINVAL);
		(void)maar_retain(b);
		b = maar_heap_realloc(heap, b, 2 * sizes[i] + 100);
		unit_must(is_filled(b, sizes[i], 3));
		maar_release(b);
		unit_eq(maar_heap_blocks(heap, NULL, NULL), 1);
		maar_release(b);
		unit_eq(maar_heap_blocks(heap, NULL, NULL), 0);
	}
	maar_release(NULL);
	errno = 0;
	unit_must(!maar_heap_memalign(heap, 64, 5) && errno == EINVAL);
	maar_release(maar_heap_memalign(heap, 16, 5));
	maar_heap_destroy(heap);
}
END_TEST

/* ---- memory: back to the system, limits ---- */

static void *many[400000];

START_TEST(trim)
{
	size_t before, full, i;

	memset(many, 0, sizeof(many));
	before = resident();
	for (i = 0; i < 100000; i++)
		fill(many[i] = maar_malloc(512), 512, 1);
	full = resident();
	for (i = 0; i < 100000; i++)
		maar_free(many[i]);
	unit_must(maar_alloc_trim() > 40 * MIB || UNIT_SANITIZED);
	unit_note("resident: %zu MiB full, %zu MiB after", (full - before) / MIB, (resident() - before) / MIB);
	unit_must(UNIT_SANITIZED || (full - before > 40 * MIB && resident() < before + 4 * MIB));
	unit_eq(maar_alloc_trim(), 0);
}
END_TEST

/* With the thread; a child, for the thread is to be seen to come and to be needed by nobody else. */
static unsigned threads_now(void)
{
	unsigned n = 0;
	char line[200];
	FILE *f = fopen("/proc/self/status", "r");

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "Threads: %u", &n) == 1)
			break;
	if (f)
		fclose(f);
	return n;
}

static void idle_memory(void)
{
	size_t before = resident(), i, tries;

	for (i = 0; i < 20000; i++) /* 10 MB: no thread for that */
		fill(many[i] = maar_malloc(512), 512, 1);
	for (i = 0; i < 20000; i++)
		maar_free(many[i]);
	if (threads_now() != 1)
		_exit(2);
	for (i = 0; i < COUNT_OF(many); i++)
		fill(many[i] = maar_malloc(512), 512, 1);
	for (i = 0; i < COUNT_OF(many); i++)
		maar_free(many[i]);
	if (threads_now() != 2)
		_exit(3);
	for (tries = 0; tries < 3000 && resident() > before + 20 * MIB; tries++)
		usleep(20000);
	if (resident() > before + 20 * MIB)
		_exit(4);
}

START_TEST(idle)
{
	static struct child said;

	if (UNIT_SANITIZED)
		return; /* which starts threads, and touches memory, of its own: tested without */
	child_must_end(idle_memory, &said);
}
END_TEST

static unsigned pressed;
static void *ballast;

static void on_pressure(size_t bytes, void *arg)
{
	unit_must(bytes > 0 && arg == &pressed);
	pressed++;
	maar_free(ballast);
	ballast = NULL;
}

static size_t fill_up(void)
{
	size_t n = 0;

	while (n < COUNT_OF(many) && (many[n] = maar_malloc(1000)) != NULL)
		n++;
	return n;
}

START_TEST(limits)
{
	const bool watched = is_watched();
	struct maar_alloc_stats s;
	size_t n, i;

	unit_eq(maar_alloc_limit(0, 1, NULL, NULL), -EINVAL);
	maar_alloc_trim();
	unit_eq(maar_alloc_stats(&s), 0);
	unit_eq(maar_alloc_limit((size_t)s.committed + 32 * MIB, 0, NULL, NULL), 0);
	errno = 0;
	n = fill_up();
	unit_must(errno == ENOMEM && n > 30000 && n < 34000);
	errno = 0;
	unit_must(!maar_malloc(100 * MIB) && errno == ENOMEM);
	for (i = 0; i < n; i++)
		maar_free(many[i]);
	unit_must((ballast = maar_malloc(20 * MIB)) != NULL); /* of what was free */
	unit_eq(maar_alloc_limit((size_t)s.committed + 32 * MIB, (size_t)s.committed + 28 * MIB, on_pressure, &pressed),
		0);
	n = fill_up();
	/* The ballast, if it waits, is of no use yet. */
	unit_must(n > (watched ? 9000 : 30000) && n < 34000 && !ballast && pressed >= (watched ? 1 : 2));
	for (i = 0; i < n; i++)
		maar_free(many[i]);
	unit_eq(maar_alloc_limit(0, 0, NULL, NULL), 0);
	n = fill_up();
	unit_eq(n, COUNT_OF(many));
	for (i = 0; i < n; i++)
		maar_free(many[i]);
	maar_alloc_trim();
}
END_TEST

START_TEST(statistics)
{
	const bool watched = is_watched();
	const size_t mapping = 5 * MIB + (watched ? (size_t)sysconf(_SC_PAGESIZE) : 0);
	struct maar_alloc_stats before, now;
	struct unit_text text;
	struct seen all = { 0, 0, 0 };
	char *said;
	size_t i;

	unit_eq(maar_alloc_stats(NULL), -EINVAL);
	maar_alloc_trim();
	unit_eq(maar_alloc_stats(&before), 0);
	for (i = 0; i < 1000; i++)
		many[i] = maar_malloc(1000);
	many[1000] = maar_malloc(5 * MIB);
	unit_eq(maar_alloc_stats(&now), 0);
	unit_eq(now.blocks - before.blocks, 1001);
	unit_eq(now.block_bytes - before.block_bytes, 1000 * 1024 + mapping);
	unit_eq(now.mappings - before.mappings, mapping);
	unit_must(now.committed >= now.spans + now.mappings && now.reserved >= 128 * MIB);
	unit_must(watched ? now.in_thread == 0 : now.in_thread >= 1);
	maar_heap_walk(NULL, see_area, &all);
	unit_eq(all.n, now.blocks);
	unit_text_open(&text);
	unit_eq(maar_alloc_report(text.to, MAAR_ALLOC_TEXT), 0);
	said = unit_text_close(&text);
	unit_assert_contains(said, "1024 bytes: 1000 blocks");
	free(said);
	unit_text_open(&text);
	unit_eq(maar_alloc_report(text.to, MAAR_ALLOC_JSON), 0);
	said = unit_text_close(&text);
	unit_assert_contains(said, "{\"bytes\": 1024, \"blocks\": 1000, ");
	free(said);
	unit_eq(maar_alloc_report(NULL, MAAR_ALLOC_TEXT), -EINVAL);
	unit_eq(maar_alloc_report(stdout, 7), -EINVAL);
	for (i = 0; i <= 1000; i++)
		maar_free(many[i]);
	unit_eq(maar_alloc_stats(&now), 0);
	unit_must(watched ? now.blocks >= before.blocks : now.blocks == before.blocks);
}
END_TEST

/* ---- children: what the environment says, little address space ---- */

static void limited_child(void)
{
	size_t n = fill_up();

	if (n < 1000 || n > 20000)
		_exit(5);
}

START_TEST(environment)
{
	static const char *const wrong[] = { "soon", "-1", "+5", " 7", "7s", "", "99999999999999999999" };
	static struct child said;
	char text[100], says[100];
	size_t i;

	for (i = 0; i < COUNT_OF(wrong); i++) {
		snprintf(text, sizeof(text), "limit=10000000,decay=%s,idle=0,alas=1", wrong[i]);
		snprintf(says, sizeof(says), "decay=%s is not a number", wrong[i]);
		setenv("MAAR_OPTIONS", text, 1);
		child_must_end(limited_child, &said);
		unsetenv("MAAR_OPTIONS");
		unit_eq(child_count(&said, says), 1);
		unit_eq(child_count(&said, "'alas' is no key"), 1);
	}
}
END_TEST

static void narrow_child(void)
{
	const struct rlimit narrow = { 1200 * MIB, 1200 * MIB };
	size_t i;

	if (setrlimit(RLIMIT_AS, &narrow))
		_exit(6);
	for (i = 0; i < 20000; i++)
		if (!(many[i] = maar_malloc(i)))
			_exit(7);
	for (i = 0; i < 20000; i++)
		maar_free(many[i]);
	while (maar_malloc(50000))
		;
	if (errno != ENOMEM)
		_exit(8);
}

START_TEST(little_address_space)
{
	static struct child said;

	if (!UNIT_SANITIZED) /* which needs terabytes */
		child_must_end(narrow_child, &said);
}
END_TEST

/* ---- faults ---- */

static int fault_scenario(void *arg)
{
	static const size_t sizes[] = { 10, 3000, 50000, 500000, 3 * MIB };
	struct maar_heap *heap = maar_heap_create(0);
	void *block[COUNT_OF(sizes)] = { NULL };
	bool all = true;
	size_t i;

	(void)arg;
	for (i = 0; i < COUNT_OF(sizes); i++) {
		block[i] = heap ? maar_heap_malloc(heap, sizes[i]) : maar_malloc(sizes[i]);
		all &= block[i] != NULL;
		if (block[i])
			fill(block[i], 10, 1);
	}
	if (block[4]) {
		void *larger = maar_realloc(block[4], 8 * MIB);

		all &= larger != NULL;
		block[4] = larger ? larger : block[4];
	}
	for (i = 0; i < COUNT_OF(sizes); i++)
		maar_free(block[i]);
	maar_heap_destroy(heap);
	all &= heap != NULL;
	maar_alloc_trim();
	return all ? 0 : -ENOMEM;
}

START_TEST(faults)
{
	FAULTS_RUN(fault_scenario, NULL, FAULTS_REFUSES | FAULTS_WORKS);
}
END_TEST

/* The first call of all, with each of its mappings refused. */
static void first_call(void)
{
	uint64_t k;
	void *block;

	for (k = 1; k < 100; k++) {
		maar__fault_arm(k);
		block = maar_malloc(100);
		maar__fault_arm(0);
		if (block) {
			maar_free(block);
			continue;
		}
		if (errno != ENOMEM)
			_exit(9);
		block = maar_malloc(100);
		if (!block)
			_exit(10);
		maar_free(block);
	}
}

START_TEST(first_faults)
{
	static struct child said;
	unsigned k;

	for (k = 0; k < 1; k++)
		child_must_end(first_call, &said);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("alloc");
	TCase *t = unit_tcase(suite, "alone");

	/* first: children begin with an allocator that nobody has used */
	tcase_add_test(t, first_faults);
	tcase_add_test(t, environment);
	tcase_add_test(t, little_address_space);
	tcase_add_test(t, idle);
	tcase_add_test(t, every_size);
	tcase_add_test(t, good_sizes);
	tcase_add_test(t, aligned);
	tcase_add_test(t, too_much);
	tcase_add_test(t, zeroed);
	tcase_add_test(t, realloc_keeps_content);
	tcase_add_test(t, not_ours);
	tcase_add_test(t, batches);
	tcase_add_test(t, heaps);
	tcase_add_test(t, counted);
	tcase_add_test(t, trim);
	tcase_add_test(t, limits);
	tcase_add_test(t, statistics);
	tcase_add_test(t, faults);
	return suite;
}
