/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Messages and clones on the explorer: holders that read and let go while others end the message, clone, detach, or are
 * told that they are alone and write. Below is a stand-in of the mring: a word with a bit for each free slot, which hands
 * a slot over as the real one does and spoils its bytes when it is put. So whoever reads too late races, and so does the
 * end of a message with what came before it.
 */
#include "../../src/pool/pool_priv.h"
#include "scenarios.h"

#include <stdlib.h>
#include <string.h>

#define SLOTS	   6
#define SLOT_BYTES 128 /* a header and a line of bytes */

/* ---- the stand-in ---- */

static struct maar__mring stand_in;
static uint64_t free_slots; /* bit h: slot h is free */
static unsigned char slab[SLOTS * SLOT_BYTES] __attribute__((aligned(MAAR_APART)));

static uint32_t get_one(void)
{
	for (;;) {
		const uint64_t now = maar_a_load(&free_slots, ACQUIRE);

		if (!now)
			return MAAR_NO_HANDLE;
		if (maar_a_cas(&free_slots, now, now & (now - 1), ACQ_REL))
			return (uint32_t)__builtin_ctzll(now);
	}
}

static void put_one(uint32_t handle)
{
	unsigned char *bytes = (unsigned char *)maar__mring_at(&stand_in, handle) + sizeof(struct maar_msg);
	uint64_t now;

	model_writes(bytes, SLOT_BYTES - sizeof(struct maar_msg));
	memset(bytes, 0x5e, SLOT_BYTES - sizeof(struct maar_msg));
	do {
		now = maar_a_load(&free_slots, ACQUIRE);
		model_assert(!(now >> handle & 1), "slot %u was put twice", (unsigned)handle);
	} while (!maar_a_cas(&free_slots, now, now | UINT64_C(1) << handle, ACQ_REL));
}

/* The linker sends here (--wrap) what the pool passes on; what is not for the stand-in goes its way. */
void *__real_maar__mring_get_one(struct maar__mring *m);
size_t __real_maar__mring_get_many(struct maar__mring *m, void **slots, size_t n);
bool __real_maar__mring_push_slow(struct maar__mring *m, void *slot);
size_t __real_maar__mring_pop_many(struct maar__mring *m, void **numbers, size_t n);
size_t __real_maar__mring_push_many(struct maar__mring *m, const uint32_t *handles, size_t n);
void *__wrap_maar__mring_get_one(struct maar__mring *m);
size_t __wrap_maar__mring_get_many(struct maar__mring *m, void **slots, size_t n);
bool __wrap_maar__mring_push_slow(struct maar__mring *m, void *slot);
size_t __wrap_maar__mring_pop_many(struct maar__mring *m, void **numbers, size_t n);
size_t __wrap_maar__mring_push_many(struct maar__mring *m, const uint32_t *handles, size_t n);

size_t __wrap_maar__mring_get_many(struct maar__mring *m, void **slots, size_t n)
{
	uint32_t handle;

	if (m != &stand_in)
		return __real_maar__mring_get_many(m, slots, n);
	model_assert(n == 1, "one is asked for");
	handle = get_one();
	if (handle == MAAR_NO_HANDLE)
		return 0;
	*slots = maar__mring_at(m, handle);
	return 1;
}

void *__wrap_maar__mring_get_one(struct maar__mring *m)
{
	void *slot;

	if (m != &stand_in)
		return __real_maar__mring_get_one(m);
	return __wrap_maar__mring_get_many(m, &slot, 1) ? slot : NULL;
}

bool __wrap_maar__mring_push_slow(struct maar__mring *m, void *slot)
{
	if (m == channel_mring())
		return channel_slot_back(maar_mring_handle(&m->front, slot));
	if (m != &stand_in)
		return __real_maar__mring_push_slow(m, slot);
	put_one(maar_mring_handle(&m->front, slot));
	return true;
}

size_t __wrap_maar__mring_pop_many(struct maar__mring *m, void **numbers, size_t n)
{
	if (m != &stand_in)
		return __real_maar__mring_pop_many(m, numbers, n);
	for (size_t i = 0; i < n; i++)
		numbers[i] = (void *)(uintptr_t)get_one();
	return n;
}

size_t __wrap_maar__mring_push_many(struct maar__mring *m, const uint32_t *handles, size_t n)
{
	if (m != &stand_in)
		return __real_maar__mring_push_many(m, handles, n);
	for (size_t i = 0; i < n; i++)
		put_one(handles[i]);
	return n;
}

/* ---- the world ---- */

#define VALUE UINT64_C(0x5eed5eed5eed)

static struct maar_pool pool;

static struct {
	struct maar_msg *hand[MODEL_THREADS]; /* a reference of each thread's */
	struct maar_msg *message;	      /* the one whose bytes all read */
	uint64_t *bytes;
	uint64_t beside; /* plain, beside the pool: read by holders, written by the destructor */
	unsigned ended;
} world;

static void end(struct maar_msg *msg, void *arg)
{
	(void)arg;
	if (msg != world.message)
		return;
	model_plain_write(&world.beside, 1);
	world.ended++;
}

static struct maar_msg *get(void)
{
	struct maar_msg *m = maar_pool_get(&pool);

	if (!m)
		abort();
	return m;
}

static void begin(void)
{
	stand_in.front.slab = slab;
	maar__mring_measures(&stand_in.front, SLOT_BYTES, SLOTS);
	stand_in.front.key = maar__key(3, 0); /* which no thread has a lane for, so that all goes the slow way, above */
	pool = (struct maar_pool){ .mring = &stand_in.front };
	pool.fresh.room = SLOT_BYTES - sizeof(struct maar_msg);
	pool.fresh.own = sizeof(struct maar_msg);
	pool.fresh.pool = &pool;
	pool.fresh.destructor = end;
	memset(slab, 0, sizeof(slab));
	memset(&world, 0, sizeof(world));
	maar_a_store(&free_slots, (UINT64_C(1) << SLOTS) - 1, RELAXED);
	world.message = get();
	world.bytes = maar_msg_put(world.message, sizeof(uint64_t));
	model_plain_write(world.bytes, VALUE);
	for (size_t i = 0; i < sizeof(slab); i += SLOT_BYTES)
		maar_a_store(&((struct maar_msg *)(void *)(slab + i))->refs,
			     (void *)(slab + i) == (void *)world.message, RELAXED);
}

/* The message itself for all three. */
static void hold_same(void *state)
{
	(void)state;
	begin();
	for (unsigned i = 0; i < 3; i++)
		world.hand[i] = world.message;
	maar_msg_retain(world.message);
	maar_msg_retain(world.message);
}

/* Two holders; the third hand is empty. */
static void hold_two(void *state)
{
	(void)state;
	begin();
	world.hand[0] = world.hand[1] = maar_msg_retain(world.message);
}

/* The message, and two clones. */
static void hold_clones(void *state)
{
	(void)state;
	begin();
	world.hand[0] = world.message;
	world.hand[1] = maar_msg_clone(&pool, world.message);
	world.hand[2] = maar_msg_clone(&pool, world.hand[1]);
}

/* Two clones, the message nobody's but theirs. */
static void hold_clones_only(void *state)
{
	hold_clones(state);
	world.hand[0] = world.hand[2];
	(void)maar_msg_release(world.message);
}

/* A chain whose second is the message: one has the chain, one its end. */
static void hold_chain(void *state)
{
	(void)state;
	begin();
	world.hand[0] = get();
	model_assert(maar_msg_chain(world.hand[0], world.message) == 0, "no chain");
	world.hand[1] = maar_msg_retain(world.message);
}

/* All ended once, all slots back. */
static void finish(void *state)
{
	(void)state;
	model_assert(world.ended == 1, "the message ended %u times", world.ended);
	model_assert(maar_a_load(&free_slots, RELAXED) == (UINT64_C(1) << SLOTS) - 1, "a slot has not come back");
}

/* ---- threads ---- */

static void look(struct maar_msg *m)
{
	while (maar_msg_next(m))
		m = maar_msg_next(m);
	model_assert(model_plain_read((uint64_t *)maar_msg_data(m)) == VALUE, "other bytes");
	model_assert(model_plain_read(&world.beside) == 0, "held, and ended");
}

static void read_and_release(unsigned hand)
{
	look(world.hand[hand]);
	model_assert(maar_msg_release(world.hand[hand]) == 0, "not released");
}

static void release_0(void *state)
{
	(void)state;
	read_and_release(0);
}

static void release_1(void *state)
{
	(void)state;
	read_and_release(1);
}

static void release_2(void *state)
{
	(void)state;
	read_and_release(2);
}

/* In the other way: many at once. */
static void release_bulk(void *state)
{
	(void)state;
	look(world.hand[1]);
	model_assert(maar_msg_release_bulk(&world.hand[1], 1) == 1, "not released");
}

static void clone_and_release(void *state)
{
	struct maar_msg *mine = maar_msg_clone(&pool, world.hand[1]);

	(void)state;
	model_assert(mine != NULL, "no message for a clone");
	read_and_release(1);
	look(mine);
	model_assert(maar_msg_release(mine) == 0, "not released");
}

static void detach_and_release(void *state)
{
	(void)state;
	look(world.hand[1]);
	model_assert(maar_msg_detach(world.hand[1]) == 0, "not detached");
	model_assert(maar_msg_release(world.hand[1]) == 0, "not released");
}

/* Writes if it is told that it may. */
static void write_if_alone(void *state)
{
	struct maar_msg *m = world.hand[0];

	(void)state;
	if (!maar_msg_is_shared(m))
		model_plain_write((uint64_t *)maar_msg_data(m), 0);
	model_assert(maar_msg_release(m) == 0, "not released");
}

/* ---- the scenarios ---- */

const struct model_scenario scenarios_pool[] = {
	{ "message, two holders", 2, hold_two, { release_0, release_1 }, finish, NULL },
	{ "message, three holders", 3, hold_same, { release_0, release_1, release_2 }, finish, NULL },
	{ "message, released in bulk", 2, hold_two, { release_0, release_bulk }, finish, NULL },
	{ "message, written by the last", 2, hold_two, { write_if_alone, release_1 }, finish, NULL },
	{ "message, clones", 3, hold_clones, { release_0, release_1, release_2 }, finish, NULL },
	{ "message, cloned meanwhile", 3, hold_clones, { release_0, clone_and_release, release_2 }, finish, NULL },
	{ "message, clones written by the last", 2, hold_clones_only, { write_if_alone, release_1 }, finish, NULL },
	{ "message, detached", 2, hold_clones_only, { release_0, detach_and_release }, finish, NULL },
	{ "message, detached and written", 2, hold_clones_only, { write_if_alone, detach_and_release }, finish, NULL },
	{ "message, chain and its end", 2, hold_chain, { release_0, release_1 }, finish, NULL },
};
const unsigned n_scenarios_pool = sizeof(scenarios_pool) / sizeof(scenarios_pool[0]);
