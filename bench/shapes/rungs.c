/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * malloc_rungs: the rungs of the ladder that are no malloc (bench_ladder): the system call below all of them, and maar's
 * pool and mring, which give blocks of one size, and its arena, which takes all back at once. Each does what the shape "stack"
 * does with malloc.
 */
#include "shapes.h"

#include <maar/arena.h>
#include <maar/mring.h>
#include <maar/pool.h>

#include <stdlib.h>
#include <unistd.h>

enum { BLOCKS = 1000 };
static void *block[BLOCKS];

/* The system moves the end of the heap: up for each block, and down again. Nothing else in here allocates meanwhile. */
static void brk_body(struct shape_worker *w)
{
	const intptr_t bytes = (intptr_t)w->run->bytes;
	unsigned i;

	do {
		for (i = 0; i < BLOCKS; i++) {
			block[i] = sbrk(bytes);
			if (block[i] == (void *)-1)
				shape_die("no memory");
			shape_mark(block[i], i);
		}
		while (i--) {
			shape_check(w->run, block[i], i);
			if (sbrk(-bytes) == (void *)-1)
				shape_die("brk goes up only");
		}
	} while (shape_go_on(w, BLOCKS));
}

static void by_brk(struct shape_run *run)
{
	shape_work(run, 1, brk_body, NULL);
}

static void mring_body(struct shape_worker *w)
{
	struct maar_mring *mring = w->state;
	unsigned i;

	do {
		for (i = 0; i < BLOCKS; i++) {
			block[i] = maar_mring_get(mring);
			if (!block[i])
				shape_die("no slot");
			shape_mark(block[i], i);
		}
		while (i--) {
			shape_check(w->run, block[i], i);
			maar_mring_put(mring, block[i]);
		}
	} while (shape_go_on(w, BLOCKS));
}

static void by_mring(struct shape_run *run)
{
	struct maar_mring *mring = maar_mring_create(2 * BLOCKS, run->bytes, NULL);

	if (!mring)
		shape_die("no mring");
	shape_work(run, 1, mring_body, mring);
	if (maar_mring_destroy(mring))
		shape_die("slots are missing");
}

static void pool_body(struct shape_worker *w)
{
	struct maar_pool *pool = w->state;
	unsigned i;

	do {
		for (i = 0; i < BLOCKS; i++) {
			struct maar_msg *msg = maar_pool_get(pool);

			if (!msg)
				shape_die("no message");
			block[i] = msg;
			shape_mark(maar_msg_data(msg), i);
		}
		while (i--) {
			struct maar_msg *msg = block[i];

			shape_check(w->run, maar_msg_data(msg), i);
			maar_msg_release(msg);
		}
	} while (shape_go_on(w, BLOCKS));
}

static void by_pool(struct shape_run *run)
{
	struct maar_pool *pool = maar_pool_create(2 * BLOCKS, run->bytes, NULL);

	if (!pool)
		shape_die("no pool");
	shape_work(run, 1, pool_body, pool);
	if (maar_pool_destroy(pool))
		shape_die("messages are missing");
}

static void arena_body(struct shape_worker *w)
{
	struct maar_arena *arena = w->state;
	unsigned i;

	do {
		for (i = 0; i < BLOCKS; i++) {
			block[i] = maar_arena_alloc(arena, w->run->bytes);
			if (!block[i])
				shape_die("no memory");
			shape_mark(block[i], i);
		}
		while (i--)
			shape_check(w->run, block[i], i);
		maar_arena_reset(arena);
	} while (shape_go_on(w, BLOCKS));
}

static void by_arena(struct shape_run *run)
{
	struct maar_arena *arena = maar_arena_create(NULL);

	if (!arena)
		shape_die("no arena");
	shape_work(run, 1, arena_body, arena);
	maar_arena_destroy(arena);
}

int main(int argc, char **argv)
{
	static const struct shape rungs[] = {
		{ "brk", by_brk }, { "mring", by_mring }, { "pool", by_pool }, { "arena", by_arena }, { NULL, NULL }
	};
	static const struct shape *const tables[] = { rungs };

	return shape_main(argc, argv, tables, 1);
}
