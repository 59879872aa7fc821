/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * A program that uses messages and slots rightly or wrongly, for the scripts that run it under a tool and read what the
 * tool says. misuse HOW: right, read-after-put, write-after-put, overflow, slot-after-put, slot-overflow,
 * never-got, leak, arena-right, arena-overflow, arena-text-overflow, arena-after-reset, arena-after-rollback. Ends with 0 if nobody stops it.
 */
#include <maar/arena.h>
#include <maar/pool.h>

#include <string.h>

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

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "";
	struct maar_msg *m;
	unsigned char *bytes, *slot;

	if (!strncmp(how, "arena", 5))
		return arena(how);
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
