/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The mring (src/mring) on the explorer: lanes whose threads use no locked instruction, and others that take slots out of
 * them. Whoever holds a slot writes to it, plainly; each slot is in one place at the end.
 */
#include "../../src/mring/mring_priv.h"

#include "fiber.h"
#include "scenarios.h"

#include <stdlib.h>
#include <string.h>

#define MOST_SLOTS 8
#define NO_MEMORY  1u /* for lanes: all threads go by the common one */
#define STRONG	   2u /* no membarrier: SEQ_CST on both sides */

struct state {
	unsigned flags, slots, lane_slots;
	unsigned slab; /* slots of a slab; 0: all */
	unsigned held[MODEL_THREADS], in_lane[MODEL_THREADS],
		in_ring;       /* where the slots are at first; the rest is fresh */
	struct maar__mring *m; /* made by the first set-up */
	struct maar__lane *lane[MODEL_THREADS];
	void *hand[MODEL_THREADS + 1][MOST_SLOTS];
	unsigned n[MODEL_THREADS + 1];
	bool out[MOST_SLOTS]; /* the truth: in some hand */
};

bool scenarios_without_membarrier;

static struct state *now; /* whose threads run */

/* ---- what the library needs around it ---- */

static struct {
	struct maar__lane_table table;
	struct maar__lane_entry entry;
} tables[MODEL_THREADS + 1];

struct maar__lane_table *model_thread_lanes(void)
{
	return &tables[fiber_current()].table;
}

struct maar__lane *maar__lane_attach(struct maar__mring *m)
{
	struct maar__lane_entry *e = &tables[fiber_current()].entry;

	if (now->flags & NO_MEMORY)
		return NULL;
	if (!e->key) {
		e->lane = maar__lane_adopt(m);
		e->key = m->set.light ? m->front.key : m->front.key + 1;
	}
	return e->lane;
}

bool maar__membarrier_register(void)
{
	return true;
}

bool maar__membarrier(void)
{
	if (!scenarios_without_membarrier)
		model_membarrier();
	return true;
}

/* Those of pairs between processes. */
bool maar__membarrier_shared_register(void)
{
	return true;
}

bool maar__membarrier_shared_wanted(void)
{
	return true;
}

bool maar__membarrier_shared(void)
{
	if (!scenarios_without_membarrier)
		model_membarrier();
	return true;
}

int maar__registry_add(struct maar__mring *m)
{
	m->serial = 1;
	m->front.key = maar__key(1, 0);
	return 0;
}

void maar__registry_remove(struct maar__mring *m)
{
	(void)m;
}

/* Slots without memory: whoever has one at that moment, or later, races. */
static void touch_slab(struct maar__mring *m, uint32_t slab)
{
	for (uint32_t h = slab * m->slab_slots; h < maar__slab_end(m, slab); h++)
		model_plain_write((uint64_t *)maar__mring_at(m, h), 0);
}

int maar__slab_reserve(struct maar__mring *m, size_t most, size_t align, const struct maar_mring_options *o)
{
	static unsigned char slots[32][MOST_SLOTS * 64] __attribute__((aligned(64)));
	static unsigned char present[32][MOST_SLOTS];
	static unsigned made;

	if (made == 32 || most > MOST_SLOTS || align != 64 || o->slab_bytes)
		abort();
	m->front.slab = slots[made];
	maar__mring_measures(&m->front, m->front.stride, (uint32_t)most);
	m->slab_slots = now->slab ? now->slab : m->front.slots;
	m->slabs = (m->front.slots - 1) / m->slab_slots + 1;
	m->present = present[made++];
	return 0;
}

void maar__slab_release(struct maar__mring *m)
{
	(void)m;
}

bool maar__slab_ready(struct maar__mring *m, uint32_t first, uint32_t n)
{
	for (; n; n--, first++) {
		if (fiber_current())
			touch_slab(m, first);
		m->present[first] = 1;
	}
	return true;
}

bool maar__slab_return(struct maar__mring *m, uint32_t slab)
{
	touch_slab(m, slab);
	m->present[slab] = 0;
	return true;
}

int maar__keeper_add(struct maar__mring *m)
{
	(void)m;
	return 0;
}

void maar__keeper_remove(struct maar__mring *m)
{
	(void)m;
}

void maar__keeper_again(void)
{
}

/* ---- set up ---- */

static void forget_lane(struct maar__lane *lane)
{
	memset(lane, 0, sizeof(*lane));
	lane->limit = now->lane_slots;
	lane->next = now->m->set.lanes;
	lane->in_thread = 1;
	now->m->set.lanes = lane;
}

static void make(struct state *s)
{
	const struct maar_mring_options options = { .lane_slots = s->lane_slots };
	struct maar_mring *mring = maar_mring_create(s->slots, sizeof(uint64_t), &options);

	if (!mring)
		abort();
	s->m = maar__mring_of(mring);
	for (unsigned t = 0; t < MODEL_THREADS; t++)
		s->lane[t] = maar__lane_new(s->m);
}

/* Lanes that the last execution has made. */
static void drop_new_lanes(struct state *s)
{
	struct maar__lane *lane = s->m->set.lanes;

	while (lane) {
		struct maar__lane *next = lane->next;
		bool mine = lane == s->m->common;

		for (unsigned t = 0; t < MODEL_THREADS; t++)
			mine |= lane == s->lane[t];
		mine |= lane == s->m->spare;
		if (!mine)
			maar__free(lane);
		lane = next;
	}
	s->m->set.lanes = s->m->set.idle = NULL;
}

static void place(struct state *s)
{
	uint32_t next = 0, i, handles[MAAR_MRING_BATCH + 2] __attribute__((aligned(8)));

	const bool grows = s->slab && !s->in_ring;
	unsigned placed = 0, end;

	for (unsigned t = 0; t < MODEL_THREADS; t++)
		placed += s->held[t] + s->in_lane[t];
	for (i = 0; i < s->m->slabs; i++)
		s->m->present[i] = !grows || i * s->m->slab_slots < placed;
	for (unsigned t = 0; t < MODEL_THREADS; t++) {
		for (i = 0; i < s->held[t]; i++, next++) {
			s->hand[t + 1][s->n[t + 1]++] = maar__mring_at(s->m, next);
			s->out[next] = true;
		}
		for (i = 0; i < s->in_lane[t]; i++, next++)
			maar__lane_slots(s->lane[t])[s->lane[t]->n++] = maar__mring_at(s->m, next);
	}
	while (next < s->slots && s->in_ring) {
		for (i = 0; i < s->m->batch; i++)
			handles[i] = next++;
		model_assert(maar__mring_put_batch(s->m, handles), "no room");
	}
	/* One that grows begins with the slabs of the slots that were placed. By atomics, as create has done before. */
	for (i = 0; grows && i < s->m->slabs && s->m->present[i]; i++)
		;
	end = grows ? maar__slab_end(s->m, i - 1) : s->slots;
	maar_a_store(&s->m->slots_now, end, RELAXED);
	maar_a_store(&s->m->fresh, maar__fresh_range(next, end), RELAXED);
	maar_a_store(&s->m->tell, 0, RELAXED);
	s->m->absent = s->m->soft = 0;
}

/* Of more slots than none, once until there are none. */
static void told(struct maar_mring *mring, void *arg)
{
	(void)arg;
	model_assert(mring == &now->m->front, "told of another");
}

static void set_up(void *state)
{
	struct state *s = state;

	now = s;
	if (!s->m)
		make(s);
	drop_new_lanes(s);
	memset(&s->m->set.lock, 0, sizeof(s->m->set.lock));
	memset(&s->m->common_lock, 0, sizeof(s->m->common_lock));
	memset(s->hand, 0, sizeof(*s) - offsetof(struct state, hand));
	memset(tables, 0, sizeof(tables));
	s->m->set.light = !(s->flags & STRONG);
	s->m->high_water = 0;
	maar__batch_ring_start_at(s->m->shared, 0);
	s->m->grown = s->m->shrunk = 0;
	s->m->pressed = false;
	s->m->pressure = told;
	forget_lane(s->m->common);
	forget_lane(s->m->spare);
	s->m->spare->in_thread = 0;
	for (unsigned t = 0; t < MODEL_THREADS && !(s->flags & NO_MEMORY); t++) {
		if (!s->in_lane[t] && !s->held[t])
			continue; /* it is to make or adopt one */
		forget_lane(s->lane[t]);
		tables[t + 1].entry.key = s->m->front.key + !s->m->set.light;
		tables[t + 1].entry.lane = s->lane[t];
	}
	place(s);
}

/* ---- what threads do ---- */

static void hold(struct state *s, void *slot)
{
	const unsigned me = fiber_current();
	const uint32_t handle = maar_mring_handle(&s->m->front, slot);

	model_assert(handle < s->slots, "no slot of this mring");
	model_assert(s->m->present[handle / s->m->slab_slots], "slot %u has no memory", handle);
	model_assert(!s->out[handle], "slot %u is in two hands", handle);
	s->out[handle] = true;
	s->hand[me][s->n[me]++] = slot;
	model_plain_write(slot, me);
	model_assert(model_plain_read(slot) == me, "somebody else writes to slot %u", handle);
}

static bool get(void *state)
{
	struct state *s = state;
	void *slot = maar_mring_get(&s->m->front);

	if (slot)
		hold(s, slot);
	return slot != NULL;
}

static void *let_go(struct state *s)
{
	const unsigned me = fiber_current();
	void *slot = s->hand[me][--s->n[me]];

	model_plain_write(slot, me);
	s->out[maar_mring_handle(&s->m->front, slot)] = false;
	return slot;
}

static void put(void *state)
{
	struct state *s = state;

	if (s->n[fiber_current()])
		model_assert(maar_mring_put(&s->m->front, let_go(s)) == 0, "a put is refused");
}

static void get_two(void *state)
{
	get(state);
	get(state);
}

static void get_put_get(void *state)
{
	get(state);
	put(state);
	get(state);
}

static void put_two(void *state)
{
	put(state);
	put(state);
}

static void put_get_put(void *state)
{
	put(state);
	get(state);
	put(state);
}

static void put_three_get(void *state)
{
	put(state);
	put(state);
	put(state);
	get(state);
}

static void get_once(void *state)
{
	get(state);
}

static void bulk(void *state)
{
	struct state *s = state;
	void *slots[2];

	if (maar_mring_get_bulk(&s->m->front, slots, 2)) {
		hold(s, slots[0]);
		hold(s, slots[1]);
		slots[0] = let_go(s);
		slots[1] = let_go(s);
		model_assert(maar_mring_put_bulk(&s->m->front, slots, 2) == 2, "a put is refused");
	}
}

/* A thread's last acts, and its exit. */
static void get_put_exit(void *state)
{
	struct state *s = state;
	struct maar__lane_entry *e = &tables[fiber_current()].entry;

	get(state);
	put(state);
	e->key = 0;
	maar__lane_retire(s->m, e->lane);
}

static void shrink(void *state)
{
	struct state *s = state;

	(void)maar_mring_shrink(&s->m->front);
}

/* As before a fork. */
static void stop(void *state)
{
	struct state *s = state;
	struct maar__lane *lane;

	pthread_mutex_lock(&s->m->common_lock);
	pthread_mutex_lock(&s->m->set.lock);
	maar__lanes_stop(&s->m->set);
	for (lane = s->m->set.lanes; lane; lane = lane->next)
		if (maar_a_load(&lane->revoked, RELAXED))
			model_plain_write((uint64_t *)(void *)maar__lane_slots(lane),
					  (uintptr_t)maar__lane_slots(lane)[0]);
	maar__lanes_go_on(&s->m->set);
	pthread_mutex_unlock(&s->m->set.lock);
	pthread_mutex_unlock(&s->m->common_lock);
}

static void look(void *state)
{
	struct state *s = state;
	struct maar_mring_stats stats;

	maar_mring_stats(&s->m->front, &stats);
	model_assert(stats.in_use + stats.in_lanes + stats.in_shared == stats.slots, "the figures do not add up");
	maar_mring_lanes(&s->m->front, NULL, 0);
}

/* Whoever comes last finds all that nobody holds, though he is a thread without a lane. */
static void all_there(void *state)
{
	struct state *s = state;
	unsigned held = 0;

	for (unsigned t = 1; t <= MODEL_THREADS; t++)
		held += s->n[t];
	while (get(state))
		held++;
	model_assert(held == s->slots, "%u slots are lost", s->slots - held);
}

/* ---- the table ---- */

#define MRING(label, n, flags, slots, lane, ring, held, in_lane, ...)                                                  \
	SLABS(label, n, flags, slots, 0, lane, ring, EACH held, EACH in_lane, __VA_ARGS__)
#define SLABS(label, n, flags_, slots_, slab_, lane_, ring_, held_, in_lane_, ...)                                     \
	{                                                                                                              \
		.name = "mring, " label, .threads = n, .set_up = set_up, .thread = { __VA_ARGS__ },                    \
		.finish = all_there, .state = &(struct state)                                                          \
		{                                                                                                      \
			.flags = flags_, .slots = slots_, .slab = slab_, .lane_slots = lane_, .in_ring = ring_,        \
			.held = held_, .in_lane = in_lane_                                                             \
		}                                                                                                      \
	}
#define EACH(...)                                                                                                      \
	{                                                                                                              \
		__VA_ARGS__                                                                                            \
	}

const struct model_scenario scenarios_mring[] = {
	MRING("hand-over", 2, 0, 3, 2, 0, (3), (0), put_three_get, get_two),
	MRING("hand-over by two", 3, 0, 4, 2, 0, (2, 2), (0), put_get_put, put_get_put, get_two),
	MRING("never used", 3, 0, 3, 2, 0, (0), (0), get_put_get, get_once, look),
	MRING("steal against get", 2, 0, 2, 2, 0, (0), (2), get_two, get_once),
	MRING("steal against get and put", 2, 0, 3, 4, 0, (0), (3), get_put_get, get_two),
	MRING("steal against put", 2, 0, 2, 2, 0, (2), (0), put_two, get_two),
	MRING("steal against steal", 3, 0, 3, 4, 0, (0), (3), get_put_get, get_once, get_once),
	MRING("steal, in bulk", 2, 0, 4, 4, 0, (0), (2, 2), bulk, bulk),
	MRING("steal, SEQ_CST", 2, STRONG, 2, 2, 0, (0), (2), get_put_get, get_once),
	MRING("steal against put, SEQ_CST", 2, STRONG, 2, 2, 0, (2), (0), put_two, get_two),
	MRING("steal, three of them", 3, STRONG, 3, 4, 0, (0), (3), get_put_get, get_once, get_once),
	MRING("adopt against exit", 2, 0, 2, 2, 0, (0), (2), get_put_exit, get_put_get),
	MRING("adopt against exit and steal", 3, 0, 3, 2, 0, (0), (2, 1), get_put_exit, get_two, get_once),
	SLABS("grow", 2, 0, 4, 2, 2, 0, EACH(0), EACH(1), get_two, get_put_get),
	SLABS("shrink against get", 2, 0, 4, 2, 2, 0, EACH(0), EACH(2), get_put_get, shrink),
	SLABS("shrink against get and put", 3, 0, 4, 1, 2, 0, EACH(1), EACH(1), put_get_put, get_two, shrink),
	SLABS("shrink against put, batches", 2, 0, 4, 2, 2, 1, EACH(1), EACH(1), put_get_put, shrink),
	SLABS("shrink, some never used", 2, 0, 4, 2, 2, 0, EACH(0), EACH(1), get_two, shrink),
	SLABS("shrink, half a batch left", 2, 0, 4, 2, 4, 0, EACH(1), EACH(2), put_get_put, shrink),
	MRING("stop against get and put", 3, 0, 3, 2, 0, (1), (2), put_get_put, stop, get_once),
	MRING("stop, SEQ_CST", 2, STRONG, 3, 2, 0, (1), (2), put_get_put, stop),
	SLABS("shrink, SEQ_CST", 2, STRONG, 4, 2, 2, 0, EACH(0), EACH(2), get_put_get, shrink),
	MRING("common lane", 3, NO_MEMORY, 3, 2, 1, (0), (0), get_put_get, get_put_get, look),
};

const unsigned n_scenarios_mring = sizeof(scenarios_mring) / sizeof(scenarios_mring[0]);
