/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Fuzz target: the calls of <maar/alloc.h> by one thread, against an array of what each block holds. A block keeps its
 * content until it is freed, whatever happens to the others, no two overlap, and each is aligned and as large as asked for.
 * At the end as many blocks are in use as at the beginning.
 */
#include "fuzz.h"

#include <maar/alloc.h>

#include <errno.h>
#include <string.h>

#define SLOTS 48
#define MOST  (3u << 20)

static struct block {
	uint8_t *at;
	size_t bytes; /* that were asked for */
	uint8_t seed;
	struct maar_heap *heap; /* that it is of */
} blocks[SLOTS];

static struct maar_heap *heap;

/* Its first and last bytes, and one in 64 KiB between: all of it would take all the time. */
static size_t next_place(size_t i, size_t bytes)
{
	if (i < 64 || i + 64 >= bytes)
		return i + 1;
	return i + 65536 < bytes - 64 ? i + 65536 : bytes - 64;
}

static void fill(struct block *b, uint8_t seed)
{
	size_t i;

	b->seed = seed;
	for (i = 0; i < b->bytes; i = next_place(i, b->bytes))
		b->at[i] = (uint8_t)(seed + i * 13);
}

/* The first n bytes: written places among them. */
static int is_filled(const struct block *b, const uint8_t *at, size_t n)
{
	size_t i;

	for (i = 0; i < b->bytes && i < n; i = next_place(i, b->bytes))
		if (at[i] != (uint8_t)(b->seed + i * 13))
			return 0;
	return 1;
}

static size_t a_size(struct fuzz_input *in)
{
	static const size_t edges[] = { 0, 16, 128, 1024, 4096, 32768, 65536, 262144, 1u << 20, 2u << 20 };
	const unsigned how = fuzz_byte(in);

	if (how < 128)
		return fuzz_byte(in);
	if (how < 200)
		return fuzz_below(in, 5000);
	if (how < 240)
		return edges[fuzz_byte(in) % (sizeof(edges) / sizeof(*edges))] + fuzz_byte(in) % 5;
	return fuzz_below(in, MOST);
}

/* A new block is apart from all others. */
static void came(struct block *b, void *at, size_t bytes, struct maar_heap *of, uint8_t seed)
{
	size_t i;

	fuzz_must(at && (uintptr_t)at % 16 == 0);
	fuzz_must(maar_usable_size(at) >= bytes && maar_heap_of(at) == of);
	b->at = at;
	b->bytes = bytes;
	b->heap = of;
	for (i = 0; i < SLOTS; i++) {
		const struct block *o = &blocks[i];

		if (o != b && o->at)
			fuzz_must(b->at + maar_usable_size(at) <= o->at || o->at + maar_usable_size(o->at) <= b->at);
	}
	fill(b, seed);
}

static void take(struct block *b, struct fuzz_input *in)
{
	const unsigned how = fuzz_byte(in) % 8;
	const size_t bytes = a_size(in), align = (size_t)1 << fuzz_byte(in) % 22;
	struct maar_heap *of = NULL;
	uint8_t *at = NULL;
	void *placed;
	size_t i;

	switch (how) {
	case 0:
		at = maar_calloc(1, bytes);
		for (i = 0; i < bytes; i = next_place(i, bytes))
			fuzz_must(at[i] == 0);
		break;
	case 1:
		at = maar_memalign(align, bytes);
		fuzz_must((uintptr_t)at % align == 0);
		break;
	case 2:
		fuzz_must(maar_posix_memalign(&placed, align, bytes) == (align < sizeof(void *) ? EINVAL : 0));
		at = align < sizeof(void *) ? maar_malloc(bytes) : placed;
		fuzz_must(align < sizeof(void *) || (uintptr_t)at % align == 0);
		break;
	case 3:
		of = heap;
		at = maar_heap_malloc(of, bytes);
		break;
	default:
		at = maar_malloc(bytes);
		fuzz_must(maar_usable_size(at) == maar_good_size(bytes));
	}
	came(b, at, bytes, of, fuzz_byte(in));
}

static void give(struct block *b, struct fuzz_input *in)
{
	void *one = b->at;

	fuzz_must(is_filled(b, b->at, b->bytes));
	switch (fuzz_byte(in) % 3) {
	case 0:
		maar_free_sized(b->at, b->bytes);
		break;
	case 1:
		maar_free_batch(&one, 1);
		break;
	default:
		maar_free(b->at);
	}
	b->at = NULL;
}

static void resize(struct block *b, struct fuzz_input *in)
{
	const size_t bytes = a_size(in) + 1;
	uint8_t *at = b->heap ? maar_heap_realloc(b->heap, b->at, bytes) : maar_realloc(b->at, bytes);
	struct maar_heap *of = b->heap;

	fuzz_must(at && is_filled(b, at, bytes));
	b->at = NULL;
	came(b, at, bytes, of, fuzz_byte(in));
}

/* What must be refused leaves everything as it was. */
static void ask_too_much(struct block *b)
{
	volatile size_t huge = MAAR_ALLOC_MOST;
	void *at;

	errno = 0;
	at = maar_malloc(huge + 1);
	fuzz_must(!at && errno == ENOMEM);
	at = maar_reallocarray(b->at, huge, 4);
	fuzz_must(!at && errno == ENOMEM);
	fuzz_must(is_filled(b, b->at, b->bytes));
}

static void many(struct fuzz_input *in)
{
	void *list[40];
	const size_t n = fuzz_byte(in) % 41, bytes = a_size(in) % 4096;
	size_t i;

	fuzz_must(maar_malloc_batch(bytes, list, n) == n);
	for (i = 0; i < n; i++)
		memset(list[i], (int)i, bytes);
	for (i = 0; i < n; i++)
		fuzz_must(!bytes || (((uint8_t *)list[i])[0] == i && ((uint8_t *)list[i])[bytes - 1] == i));
	maar_free_batch(list, n);
}

/* The heap goes with all that it has. */
static void new_heap(void)
{
	size_t i;

	for (i = 0; i < SLOTS; i++)
		if (blocks[i].at && blocks[i].heap) {
			fuzz_must(is_filled(&blocks[i], blocks[i].at, blocks[i].bytes));
			blocks[i].at = NULL;
		}
	maar_heap_destroy(heap);
	heap = maar_heap_create(0);
	fuzz_must(heap != NULL);
}

static void step(struct fuzz_input *in)
{
	const unsigned op = fuzz_byte(in);
	struct block *b = &blocks[fuzz_byte(in) % SLOTS];

	if (op == 255)
		(void)maar_alloc_trim();
	else if (op == 254)
		new_heap();
	else if (op > 248)
		many(in);
	else if (!b->at)
		take(b, in);
	else if (op % 4 == 0)
		resize(b, in);
	else if (op % 16 == 1)
		ask_too_much(b);
	else
		give(b, in);
}

static uint64_t in_use(void)
{
	struct maar_alloc_stats stats;

	fuzz_must(maar_alloc_stats(&stats) == 0);
	return stats.blocks;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	const uint64_t before = in_use();
	size_t i;

	heap = maar_heap_create(0);
	fuzz_must(heap != NULL);
	while (fuzz_more(&in))
		step(&in);
	for (i = 0; i < SLOTS; i++)
		if (blocks[i].at)
			give(&blocks[i], &in);
	maar_heap_destroy(heap);
	fuzz_must(in_use() == before);
	return 0;
}
