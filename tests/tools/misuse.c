/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * A program that uses messages, slots and blocks rightly or wrongly, for the scripts that run it under a tool and read what the
 * tool says. misuse HOW: right, read-after-put, write-after-put, overflow, slot-after-put, slot-overflow,
 * never-got, leak, neighbour (right); arena-right, arena-overflow, arena-text-overflow, arena-after-reset,
 * arena-after-rollback; block-right, block-after-free, block-write-after-free, block-overflow, block-large-overflow,
 * block-underflow, block-twice, block-leak, block-after-realloc, block-after-a-while, and the same as malloc-..., by the C
 * library's names; heap-right, heap-after-free, heap-after-destroy, heap-overflow. Ends with 0 if nobody stops it.
 */
#include <maar/alloc.h>
#include <maar/arena.h>
#include <maar/pool.h>

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define BYTES 100

/* Each in a function of its own, whose name is to stand in the tool's report, and which does all of its work itself. */
#if defined(__has_attribute) && !defined(__clang__)
#define APART __attribute__((noipa))
#else
#define APART __attribute__((noinline))
#endif

static struct maar_pool *pool;
static struct maar_mring *mring;
static volatile unsigned char sink;

APART struct maar_msg *taker(void);
APART void putter(struct maar_msg *m);
APART void *slot_taker(void);
APART void slot_putter(void *slot);
APART void reader(const volatile unsigned char *at);
APART void writer(volatile unsigned char *at);

struct maar_msg *taker(void)
{
	struct maar_msg *m = maar_pool_get(pool);

	sink++;
	return m;
}

void putter(struct maar_msg *m)
{
	maar_pool_put(pool, m);
	sink++;
}

void *slot_taker(void)
{
	void *slot = maar_mring_get(mring);

	sink++;
	return slot;
}

void slot_putter(void *slot)
{
	maar_mring_put(mring, slot);
	sink++;
}

void reader(const volatile unsigned char *at)
{
	sink = *at;
}

void writer(volatile unsigned char *at)
{
	*at = 1;
	sink++;
}

static int right(void)
{
	struct maar_msg *m[8];
	unsigned i, round;

	for (round = 0; round < 100; round++) {
		for (i = 0; i < 8; i++) {
			m[i] = taker();
			memset(maar_msg_data(m[i]), (int)i, BYTES);
		}
		for (i = 0; i < 8; i++)
			putter(m[i]);
		if (maar_pool_get_bulk(pool, m, 8) != 8)
			return 1;
		for (i = 0; i < 8; i++)
			memset(maar_msg_data(m[i]), (int)i, BYTES);
		if (maar_pool_put_bulk(pool, m, 8) != 8)
			return 1;
		slot_putter(memset(slot_taker(), 1, BYTES));
	}
	return maar_pool_destroy(pool) || maar_mring_destroy(mring);
}

/* The page before an mring's first slot is not the mring's, whatever is done with that slot. */
static int neighbour(void)
{
	enum { SLOTS = 8, TRIES = 100 };
	const size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE);
	unsigned char *first, *page;
	void *slots[SLOTS];
	struct maar_mring *m;
	unsigned i;

	for (i = 0; i < TRIES; i++) {
		page = mmap(NULL, page_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		m = maar_mring_create(SLOTS, BYTES, NULL); /* valgrind maps upwards, in the first hole */
		if (!m)
			return 1;
		first = maar_mring_slot(m, 0);
		if (page == first - page_bytes)
			break;
	}
	if (i == TRIES || maar_mring_get_bulk(m, slots, SLOTS) != SLOTS)
		return 1;
	writer(first - 1);
	if (maar_mring_put_bulk(m, slots, SLOTS) != SLOTS)
		return 1;
	writer(first - 1);
	if (maar_mring_destroy(m))
		return 1;
	writer(first - 1);
	return 0;
}

/* One arena, used rightly, or wrongly at its end. */
static int arena(const char *how)
{
	struct maar_arena *a = maar_arena_create(NULL), *child;
	struct maar_arena_mark mark;
	unsigned char *block = NULL, *text = NULL;
	unsigned round, i;

	for (round = 0; round < 3; round++) {
		if (maar_arena_reset(a))
			return 1;
		for (i = 0; i < 3000; i++) {
			block = maar_arena_alloc(a, BYTES);
			text = maar_arena_nalloc(a, i % 40 + 1);
			memset(block, 1, BYTES);
			memset(text, 2, i % 40 + 1);
		}
		if (!maar_arena_calloc(a, 30, 1000) || maar_arena_free(a, block) == 0 || !maar_arena_strdup(a, "text"))
			return 1;
		block = maar_arena_realloc(a, maar_arena_memdup(a, block, BYTES), BYTES, 2 * BYTES);
		block = maar_arena_realloc(a, memset(block, 3, 2 * BYTES), 2 * BYTES, BYTES);
		child = maar_arena_create_child(a, NULL);
		memset(maar_arena_alloc(child, 50000), 4, 50000);
		if (round == 1 && maar_arena_destroy(child))
			return 1;
	}
	if (!strcmp(how, "arena-overflow"))
		writer(block + BYTES);
	else if (!strcmp(how, "arena-text-overflow"))
		writer(text + 2999 % 40 + 1);
	if (maar_arena_save(a, &mark))
		return 1;
	text = maar_arena_alloc(a, BYTES);
	memset(text, 1, BYTES);
	if (maar_arena_rollback(a, mark))
		return 1;
	if (!strcmp(how, "arena-after-rollback"))
		reader(text);
	if (maar_arena_reset(a))
		return 1;
	if (!strcmp(how, "arena-after-reset"))
		reader(block + 17);
	return maar_arena_check(a) || maar_arena_destroy(a);
}

/* ---- blocks, by two families of names ---- */

static void *(*get)(size_t bytes);
static void *(*get_zeroed)(size_t n, size_t bytes);
static void *(*resize)(void *block, size_t bytes);
static void (*put)(void *block);

APART unsigned char *block_taker(size_t bytes);
APART void block_putter(void *block);
APART void block_loser(void);

unsigned char *block_taker(size_t bytes)
{
	unsigned char *block = get(bytes);

	sink++;
	return block;
}

void block_putter(void *block)
{
	put(block);
	sink++;
}

void block_loser(void)
{
	memset(block_taker(BYTES), 1, BYTES);
}

static int is_zero(const unsigned char *at, size_t bytes)
{
	while (bytes && !at[bytes - 1])
		bytes--;
	return !bytes;
}

/* All sizes, each byte of them, and what is freed comes again. */
static int blocks_right(void)
{
	unsigned char *kept[8] = { NULL };
	size_t i, bytes;

	for (i = 0; i < 1200; i++) { /* more than wait */
		bytes = i * 7919 % 5000;
		put(kept[i % 8]);
		kept[i % 8] = memset(block_taker(bytes), 1, bytes);
		kept[i % 8] = resize(kept[i % 8], bytes + 1);
		kept[i % 8][bytes] = 2;
		if (i % 10 == 0) {
			unsigned char *zero = get_zeroed(i, 3);

			if (!is_zero(zero, 3 * i))
				return 1;
			put(zero);
		}
	}
	for (i = 0; i < 8; i++)
		put(kept[i]);
	for (bytes = 1 << 20; bytes < 8 << 20; bytes *= 2) {
		kept[0] = memset(get(bytes), 1, bytes);
		kept[0] = resize(kept[0], 2 * bytes);
		memset(kept[0] + bytes, 2, bytes);
		put(kept[0]);
	}
	put(NULL);
	return 0;
}

static int blocks(const char *how)
{
	unsigned char *block = block_taker(BYTES), *last;
	size_t i;

	memset(block, 1, BYTES);
	if (!strcmp(how, "overflow"))
		writer(block + BYTES);
	else if (!strcmp(how, "underflow"))
		writer(block_taker(BYTES) - 1);
	else if (!strcmp(how, "large-overflow"))
		writer(block_taker(5 << 20) + (5 << 20));
	else if (!strcmp(how, "after-realloc")) {
		last = block;
		block = resize(block, BYTES - 1);
		reader(last + 17);
	}
	block_putter(block);
	if (!strcmp(how, "after-a-while"))
		for (i = 0; i < 100; i++)
			put(block_taker(BYTES));
	if (!strcmp(how, "after-free") || !strcmp(how, "after-a-while"))
		reader(block + 17);
	else if (!strcmp(how, "write-after-free"))
		writer(block + 17);
	else if (!strcmp(how, "twice"))
		block_putter(block);
	else if (!strcmp(how, "leak"))
		block_loser();
	return strcmp(how, "right") ? 0 : blocks_right();
}

static int heap(const char *how)
{
	struct maar_heap *h = maar_heap_create(MAAR_HEAP_COUNTED);
	unsigned char *block = NULL;
	size_t i;

	for (i = 0; i < 1000; i++) {
		block = maar_heap_malloc(h, i);
		memset(block, 1, i);
		if (i % 3)
			maar_free(block);
	}
	if (maar_heap_blocks(h, NULL, NULL) != 334)
		return 1;
	if (!strcmp(how, "after-free"))
		maar_free(block);
	if (!strcmp(how, "overflow"))
		writer(block + 999);
	if (strcmp(how, "after-free"))
		maar_heap_destroy(h);
	if (strncmp(how, "after", 5) == 0)
		reader(block + 17);
	return 0;
}

static int which_blocks(const char *how)
{
	get = maar_malloc;
	get_zeroed = maar_calloc;
	resize = maar_realloc;
	put = maar_free;
	if (!strncmp(how, "heap-", 5))
		return heap(how + 5);
	if (!strncmp(how, "block-", 6))
		return blocks(how + 6);
	get = malloc;
	get_zeroed = calloc;
	resize = realloc;
	put = free;
	return blocks(how + 7);
}

/* In main itself: reports name it. */
static inline __attribute__((always_inline)) int use(const char *how)
{
	struct maar_msg *m;
	unsigned char *bytes, *slot;

	if (!strncmp(how, "arena", 5))
		return arena(how);
	if (!strcmp(how, "neighbour"))
		return neighbour();
	if (!strncmp(how, "block-", 6) || !strncmp(how, "malloc-", 7) || !strncmp(how, "heap-", 5))
		return which_blocks(how);
	pool = maar_pool_create(100, BYTES, NULL);
	mring = maar_mring_create(100, BYTES, NULL);
	if (!pool || !mring)
		return 1;
	if (!strcmp(how, "right"))
		return right();
	m = taker();
	slot = slot_taker();
	bytes = maar_msg_data(m);
	memset(bytes, 1, BYTES);
	memset(slot, 1, BYTES);
	if (!strcmp(how, "overflow"))
		writer(bytes + BYTES);
	else if (!strcmp(how, "slot-overflow"))
		writer(slot + BYTES);
	else if (!strcmp(how, "never-got"))
		reader(slot + maar_mring_slot_bytes(mring));
	else if (!strcmp(how, "leak"))
		return 0;
	putter(m);
	slot_putter(slot);
	if (!strcmp(how, "read-after-put"))
		reader(bytes + 17);
	else if (!strcmp(how, "write-after-put"))
		writer(bytes + 17);
	else if (!strcmp(how, "slot-after-put"))
		reader(slot + 17);
	return 0;
}

/* One use after the other, until one ends as it should not. */
int main(int argc, char **argv)
{
	int rc = 0;

	for (int i = 1; i < argc && !rc; i++)
		rc = use(argv[i]);
	return rc;
}
