/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Get and put of mrings and pools, on each way that they go: in the lane, with a batch from the shared ring or to it, with
 * slots never used, with another's lane robbed, with growth. Whoever holds a slot writes a stamp into it.
 */
#include "../unit/common.h"
#include "stall.h"

#include "../../src/mring/mring_priv.h"
#include <maar/pool.h>

#define LANE	   8  /* slots: batches of 4 */
#define MANY	   12 /* got and put by the others at once: batches go both ways */
#define FEW	   2 /* held by the others where nothing is left but what they have: they put them and get them again */
#define SLOTS	   600
#define SCARCE	   64
#define SLAB_BYTES 4096
#define BULK	   32

enum kind { PLENTY, FRESH, NO_LANES, ROBBERY, GROWTH, POOL };

struct world {
	const struct stall_case *c;
	struct maar_mring *m;
	struct maar_pool *pool;
	void *held[STALL_MOST_OTHERS][MANY];
	void *mine[SLOTS + BULK]; /* the victim's */
	unsigned n, bulk;
};

static void *get(const struct world *w)
{
	return w->pool ? (void *)maar_pool_get(w->pool) : maar_mring_get(w->m);
}

static void put(const struct world *w, void *slot)
{
	unit_eq(w->pool ? maar_pool_put(w->pool, slot) : maar_mring_put(w->m, slot), 0);
}

static uint64_t *stamp(const struct world *w, void *slot)
{
	return w->pool ? maar_msg_data(slot) : slot;
}

static void *get_stamped(const struct world *w, uint64_t owner)
{
	void *slot = get(w);

	unit_must(slot != NULL);
	unit_must(*stamp(w, slot) == 0); /* nobody else's */
	*stamp(w, slot) = owner;
	return slot;
}

static void put_stamped(const struct world *w, void *slot, uint64_t owner)
{
	unit_must(*stamp(w, slot) == owner);
	*stamp(w, slot) = 0;
	put(w, slot);
}

static void *make(const struct stall_case *c, unsigned others)
{
	const bool scarce = c->kind == ROBBERY || c->kind == GROWTH;
	const struct maar_mring_options o = { .lane_slots = c->kind == NO_LANES ? 0 : LANE,
					      .no_lanes = c->kind == NO_LANES,
					      .max_slots = c->kind == GROWTH ? 4 * SCARCE : 0,
					      .slab_bytes = SLAB_BYTES };
	const struct maar_pool_options p = { .lane_slots = LANE };
	struct world *w = calloc(1, sizeof(*w));
	unsigned n;

	(void)others;
	unit_must(w != NULL);
	w->c = c;
	if (c->kind == POOL)
		w->pool = maar_pool_create(SLOTS, 64, &p);
	else
		w->m = maar_mring_create(scarce ? SCARCE : SLOTS, 64, &o);
	unit_must(w->pool || w->m);
	if (scarce || c->kind == FRESH)
		return w;
	/* Each was used: the shared ring has them, but for some in this thread's lane. */
	for (n = 0; n < SLOTS; n++)
		w->mine[n] = get(w);
	while (n--)
		put(w, w->mine[n]);
	return w;
}

static void end(void *world)
{
	struct world *w = world;

	unit_eq(w->pool ? maar_pool_destroy(w->pool) : maar_mring_destroy(w->m), 0); /* nothing is out */
	free(w);
}

/* ---- the others ---- */

static void settle(void *world, unsigned id)
{
	struct world *w = world;

	w->held[id][0] = get_stamped(w, id + 1);
	put_stamped(w, w->held[id][0], id + 1);
}

static bool work(void *world, unsigned id)
{
	struct world *w = world;
	unsigned i;

	for (i = 0; i < MANY; i++)
		w->held[id][i] = get_stamped(w, id + 1);
	while (i--)
		put_stamped(w, w->held[id][i], id + 1);
	return true;
}

static void leave(void *world, unsigned id)
{
	(void)world;
	(void)id;
}

/* Holds some, and has some in its lane. */
static void settle_scarce(void *world, unsigned id)
{
	struct world *w = world;
	unsigned i;

	for (i = 0; i < 2 * FEW; i++)
		w->held[id][i] = get_stamped(w, id + 1);
	while (i-- > FEW)
		put_stamped(w, w->held[id][i], id + 1);
}

static bool work_scarce(void *world, unsigned id)
{
	struct world *w = world;
	unsigned i;

	for (i = 0; i < FEW; i++)
		put_stamped(w, w->held[id][i], id + 1);
	while (i--)
		w->held[id][i] = get_stamped(w, id + 1);
	return true;
}

static void leave_scarce(void *world, unsigned id)
{
	struct world *w = world;
	unsigned i;

	for (i = 0; i < FEW; i++)
		put_stamped(w, w->held[id][i], id + 1);
}

/* ---- the victim ---- */

#define VICTIM 99

static const struct maar__mring *mring_of(const struct world *w)
{
	return maar__mring_of(w->pool ? maar_pool_mring(w->pool) : w->m);
}

static uint32_t in_lane(const struct world *w)
{
	const struct maar__lane *lane = maar__lane_mine(mring_of(w));

	return lane ? lane->n : 0;
}

static void take(struct world *w)
{
	w->mine[w->n++] = get_stamped(w, VICTIM);
}

static void give(struct world *w)
{
	put_stamped(w, w->mine[--w->n], VICTIM);
}

static void ready_with_lane(void *world)
{
	take(world);
}

static void ready_with_two(void *world)
{
	take(world);
	take(world);
}

static void ready_with_none(void *world)
{
	(void)world;
}

/* Its lane is empty, and what is used next is shared. */
static void ready_empty(void *world)
{
	do
		take(world);
	while (in_lane(world));
}

static void ready_full(void *world)
{
	while (((struct world *)world)->n < 3 * LANE)
		take(world);
	while (in_lane(world) < LANE)
		give(world);
}

/* Nothing is left but what others have. */
static void ready_last(void *world)
{
	const struct maar__mring *m = mring_of(world);

	do
		take(world);
	while (in_lane(world) || maar__fresh_left(m->fresh) || maar_batch_ring_count(m->shared));
}

static void call_get(void *world)
{
	take(world);
}

static void call_put(void *world)
{
	give(world);
}

static void call_get_bulk(void *world)
{
	struct world *w = world;
	unsigned i;

	unit_eq(maar_mring_get_bulk(w->m, w->mine + w->n, BULK), BULK);
	for (i = 0; i < BULK; i++)
		*stamp(w, w->mine[w->n++]) = VICTIM;
}

static void ready_bulk(void *world)
{
	while (((struct world *)world)->n < BULK)
		take(world);
}

static void call_put_bulk(void *world)
{
	struct world *w = world;
	unsigned i;

	for (i = 0; i < BULK; i++)
		*stamp(w, w->mine[i]) = 0;
	unit_eq(maar_mring_put_bulk(w->m, w->mine, BULK), BULK);
	w->n -= BULK;
}

static void after(void *world)
{
	while (((struct world *)world)->n)
		give(world);
}

#define CASE(title, sort, ready_, call_)                                                                               \
	{                                                                                                              \
		.name = title, .kind = sort, .make = make, .settle = settle, .work = work, .leave = leave,             \
		.ready = ready_, .call = call_, .after = after, .end = end                                             \
	}
#define SCARCE_CASE(title, sort, ready_, call_)                                                                        \
	{                                                                                                              \
		.name = title, .kind = sort, .make = make, .settle = settle_scarce, .work = work_scarce,               \
		.leave = leave_scarce, .ready = ready_, .call = call_, .after = after, .end = end                      \
	}

const struct stall_case stall_slot_cases[] = {
	CASE("get, in the lane", PLENTY, ready_with_lane, call_get),
	CASE("put, in the lane", PLENTY, ready_with_two, call_put),
	CASE("get, with a batch from the shared ring", PLENTY, ready_empty, call_get),
	CASE("get, with slots never used", FRESH, ready_empty, call_get),
	CASE("put, with a batch to the shared ring", PLENTY, ready_full, call_put),
	CASE("get, a thread's first call", PLENTY, ready_with_none, call_get),
	CASE("get of 32", PLENTY, ready_with_lane, call_get_bulk),
	CASE("put of 32", PLENTY, ready_bulk, call_put_bulk),
	CASE("get, without lanes", NO_LANES, ready_with_lane, call_get),
	CASE("put, without lanes", NO_LANES, ready_with_two, call_put),
	SCARCE_CASE("get, from another's lane", ROBBERY, ready_last, call_get),
	SCARCE_CASE("get, with growth", GROWTH, ready_last, call_get),
	CASE("pool get, with a batch", POOL, ready_empty, call_get),
	CASE("pool put, with a batch", POOL, ready_full, call_put),
};
const unsigned stall_slot_count = COUNT_OF(stall_slot_cases);
