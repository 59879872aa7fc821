/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Shapes in which each thread frees what it allocated: pairs, batches, churn, replacing at random, a stack.
 */
#include "shapes.h"

#include <stdlib.h>

static void *allocate(size_t size)
{
	void *block = malloc(size);

	if (!block)
		shape_die("no memory");
	return block;
}

/* Nothing between but one write: also what instructions are counted in. */
static void pair_body(struct shape_worker *w)
{
	const size_t bytes = w->run->bytes;
	unsigned i;

	do {
		for (i = 0; i < 1000; i++) {
			char *block = malloc(bytes);

			*(volatile char *)block = 1;
			free(block);
		}
	} while (shape_go_on(w, 1000));
}

static void pair(struct shape_run *run)
{
	shape_work(run, run->threads, pair_body, NULL);
}

static void batch_body(struct shape_worker *w)
{
	const size_t bytes = w->run->bytes;
	const unsigned n = w->run->batch;
	unsigned i, k;
	void **block = allocate(n * sizeof(*block));

	do {
		for (k = 0; k < 32; k++) {
			for (i = 0; i < n; i++) {
				block[i] = allocate(bytes);
				shape_mark(block[i], bytes);
			}
			for (i = 0; i < n; i++) {
				shape_check(w->run, block[i], bytes);
				free(block[i]);
			}
		}
	} while (shape_go_on(w, 32u * n));
	free(block);
}

static void batch(struct shape_run *run)
{
	shape_work(run, run->threads, batch_body, NULL);
}

/* ---- blocks of many sizes ----------------------------------------------------------------------------------------- */

struct held {
	void *block;
	size_t size;
};

static void put_in(struct shape_worker *w, struct held *h)
{
	h->size = shape_size(&w->random, w->run->bytes);
	h->block = allocate(h->size);
	shape_mark(h->block, h->size);
}

static void take_out(struct shape_worker *w, const struct held *h)
{
	shape_check(w->run, h->block, h->size);
	free(h->block);
}

/* Thousands are allocated, then all freed: in the order of their allocation, the next time backwards, and so on. */
static void churn_body(struct shape_worker *w)
{
	enum { BLOCKS = 5000 };
	struct held *held = allocate(BLOCKS * sizeof(*held));
	unsigned i, turn = 0;

	do {
		for (i = 0; i < BLOCKS; i++)
			put_in(w, &held[i]);
		for (i = 0; i < BLOCKS; i++)
			take_out(w, &held[turn % 2 ? BLOCKS - 1 - i : i]);
		turn++;
	} while (shape_go_on(w, BLOCKS));
	free(held);
}

static void churn(struct shape_run *run)
{
	shape_work(run, run->threads, churn_body, NULL);
}

/* Of many blocks one at random is freed, and another of another size comes into its place. */
static void replace_body(struct shape_worker *w)
{
	enum { BLOCKS = 10000 };
	struct held *held = allocate(BLOCKS * sizeof(*held));
	unsigned i;

	for (i = 0; i < BLOCKS; i++)
		put_in(w, &held[i]);
	do {
		for (i = 0; i < 1000; i++) {
			struct held *h = &held[shape_below(&w->random, BLOCKS)];

			take_out(w, h);
			put_in(w, h);
		}
	} while (shape_go_on(w, 1000));
	for (i = 0; i < BLOCKS; i++)
		take_out(w, &held[i]);
	free(held);
}

static void replace(struct shape_run *run)
{
	shape_work(run, run->threads, replace_body, NULL);
}

/* The ladder's: a thousand of one size, and back in the opposite order, which is the only one that brk has. */
static void stack_body(struct shape_worker *w)
{
	enum { BLOCKS = 1000 };
	static void *block[BLOCKS];
	unsigned i;

	do {
		for (i = 0; i < BLOCKS; i++) {
			block[i] = allocate(w->run->bytes);
			shape_mark(block[i], i);
		}
		while (i--) {
			shape_check(w->run, block[i], i);
			free(block[i]);
		}
	} while (shape_go_on(w, BLOCKS));
}

static void stack(struct shape_run *run)
{
	shape_work(run, 1, stack_body, NULL);
}

const struct shape shapes_same[] = { { "pair", pair },	     { "batch", batch }, { "churn", churn },
				     { "replace", replace }, { "stack", stack }, { NULL, NULL } };
