/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * What blocks of the allocator travel by, on the explorer: the spill of an inbox (src/mring/inbox.c; its ring is in
 * scenarios_batch.c, the lanes in scenarios_mring.c), the lists of the side region (src/alloc/side.c). Whoever has a block
 * writes to it, plainly.
 */
#include "../../src/alloc/alloc_priv.h"

#include "scenarios.h"

#include <stdlib.h>
#include <string.h>

/* ---- spill ---- */

#define BLOCKS 6

struct block {
	void *link; /* as the allocator's: the first word */
	uint64_t payload;
};

struct state {
	struct maar__inbox box;
	struct block blocks[BLOCKS];
	uint64_t seen[BLOCKS];
};

static void set_up(void *arg)
{
	struct state *s = arg;
	unsigned i;

	if (!s->box.ring)
		s->box.ring = maar_batch_ring_create(2, 4, MAAR_BATCH_RING_TICKET);
	if (!s->box.ring)
		abort();
	maar__batch_ring_start_at(s->box.ring, 0);
	maar_a_store(&s->box.spill, NULL, RELAXED);
	for (i = 0; i < BLOCKS; i++)
		s->seen[i] = 0;
}

/* Blocks [first, first + n), as one chain. */
static void spill(struct state *s, unsigned first, unsigned n)
{
	unsigned i;

	for (i = first; i < first + n; i++) {
		model_plain_write(&s->blocks[i].payload, 100 + i);
		if (i + 1 < first + n)
			maar_n_store(&s->blocks[i].link, (void *)&s->blocks[i + 1]);
	}
	maar__inbox_spill(&s->box, &s->blocks[first], &s->blocks[first + n - 1]);
}

static void spill_two(void *s)
{
	spill(s, 0, 2);
}

static void spill_one_and_one(void *s)
{
	spill(s, 2, 1);
	spill(s, 3, 1);
}

static unsigned take(struct state *s)
{
	struct block *b = maar__inbox_take_spill(&s->box);
	unsigned n;

	for (n = 0; b; n++) {
		const size_t i = (size_t)(b - s->blocks);

		model_assert(i < BLOCKS && !s->seen[i], "a block that nobody sent, or twice");
		model_assert(model_plain_read(&b->payload) == 100 + i, "payload of another time");
		model_plain_write(&b->payload, 0);
		s->seen[i] = 1;
		b = (struct block *)maar_n_load(&b->link);
	}
	return n;
}

static void take_four(void *s)
{
	unsigned n = 0;

	while (n < 4) {
		n += take(s);
		model_yield();
	}
}

/* A batch by value, looked at before it is taken. */
static void give(void *arg)
{
	struct state *s = arg;
	const uint32_t batch[2] = { 7, 0 };

	while (!maar__inbox_give(&s->box, batch, 2))
		model_yield();
}

static void look_and_take(void *arg)
{
	struct state *s = arg;
	uint32_t batch[MAAR__INBOX_BATCH + 2] __attribute__((aligned(8))), first = 0;

	while (!maar__inbox_first(&s->box, &first))
		model_yield();
	model_assert(first == 7 || first == 0, "a handle that nobody gave");
	while (maar__inbox_take(&s->box, batch) != 2)
		model_yield();
	model_assert(batch[0] == 7 && batch[1] == 0, "another batch");
}

/* ---- side ---- */

struct maar__space maar__space;

#define REGION 64 /* bytes: two blocks, so that one that gets lost is missed */

static unsigned char region[REGION] __attribute__((aligned(1 << MAAR__UNIT_SHIFT)));
static uint32_t units[2];

static void set_up_side(void *arg)
{
	(void)arg;
	maar__space.base = region;
	maar__space.units = 1;
	maar__space.unit = units;
	maar__side_forget();
	maar__side_begin(region, REGION);
}

static void side_rounds(unsigned me)
{
	unsigned i;

	for (i = 0; i < 3; i++) {
		uint64_t *block = maar__side_get(16, 1);

		model_assert(block != NULL, "no block, though there is room");
		model_plain_write(block, me);
		model_assert(model_plain_read(block) == me, "a block in two hands");
		maar__side_put(block);
	}
}

static void side_1(void *s)
{
	(void)s;
	side_rounds(1);
}

static void side_2(void *s)
{
	(void)s;
	side_rounds(2);
}

static struct state state;

const struct model_scenario scenarios_alloc[] = {
	{ .name = "inbox, spill against take",
	  .threads = 3,
	  .set_up = set_up,
	  .thread = { spill_two, spill_one_and_one, take_four },
	  .state = &state },
	{ .name = "inbox, look and take",
	  .threads = 2,
	  .set_up = set_up,
	  .thread = { give, look_and_take },
	  .state = &state },
	{ .name = "side, get and put", .threads = 2, .set_up = set_up_side, .thread = { side_1, side_2 } },
};

const unsigned n_scenarios_alloc = sizeof(scenarios_alloc) / sizeof(scenarios_alloc[0]);
