/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The mring between processes (src/mring/shared*, src/ring/owned_ring.h) on the explorer. Two slots in a ring of two cells,
 * each thread a participant with a view of its own; a slot's payload is plain, so whoever has it without its last holder
 * having given it away races. "No ring", which the code says of memory that makes no sense, may never be said here: that
 * is what the argument for its loops comes to.
 */
#include "../../src/mring/shared_priv.h"

#include "scenarios.h"

#include <errno.h>
#include <stdlib.h>

#define SLOTS 2
#define LAST  (UINT64_C(1) << 33) /* 2^32 rounds of two cells: where a cell's lap begins again */

static unsigned char memory[1 << 14] __attribute__((aligned(4096)));
static struct maar_shared_mring *of[MODEL_THREADS];

static struct {
	uint64_t payload[SLOTS];
	uint64_t letter; /* atomic: a handle + 1 */
	void *slot;
	uint64_t done;
} world;

static const struct maar_shared_mring_options few = { .participants = MODEL_THREADS };

static void begin_at(uint64_t position)
{
	if (!of[0]) {
		if (maar_shared_mring_init(memory, sizeof(memory), SLOTS, 64, &few))
			abort();
		for (unsigned i = 0; i < MODEL_THREADS; i++)
			of[i] = maar_shared_mring_attach(memory, sizeof(memory));
		if (!of[MODEL_THREADS - 1])
			abort();
	}
	maar__shared_start_at(of[0], position);
	for (unsigned i = 0; i < SLOTS; i++)
		model_plain_write(&world.payload[i], 100);
	maar_a_store(&world.letter, 0, RELAXED);
	maar_a_store(&world.done, 0, RELAXED);
}

static void begin(void *state)
{
	(void)state;
	begin_at(0);
}

static void begin_before_wrap(void *state)
{
	(void)state;
	begin_at(LAST - 3);
}

/* Has the slot: nobody else has. */
static void use(unsigned me, const void *slot)
{
	const uint32_t handle = maar_shared_mring_handle(of[me], slot);

	model_assert(handle < SLOTS, "no slot");
	model_assert(model_plain_read(&world.payload[handle]) >= 100, "payload of another time");
	model_plain_write(&world.payload[handle], 100 + me);
}

/* ---- get and put ---- */

static void rounds(unsigned me, bool always)
{
	for (unsigned i = 0; i < 3; i++) {
		uint32_t handle = 0;
		void *slot;
		int got;

		while ((got = maar__owned_take(&of[me]->owned, MAAR__SHARED_FREE, MAAR__SHARED_OUT, of[me]->me,
					       &handle)) == 0) {
			model_assert(!always, "none, though there was one at every instant");
			model_yield();
		}
		model_assert(got == 1, "no ring");
		slot = maar_shared_mring_slot(of[me], handle);
		use(me, slot);
		model_assert(maar_shared_mring_put(of[me], slot) == 0, "refused what it has");
	}
}

static void round_0(void *s)
{
	(void)s;
	rounds(0, false);
}

static void round_1(void *s)
{
	(void)s;
	rounds(1, false);
}

static void round_2(void *s)
{
	(void)s;
	rounds(2, false);
}

static void always_0(void *s)
{
	(void)s;
	rounds(0, true);
}

static void always_1(void *s)
{
	(void)s;
	rounds(1, true);
}

/* At the end both are free, each once. */
static void both_free(void *s)
{
	struct maar_shared_mring_stats stats;
	void *slot[SLOTS + 1];

	(void)s;
	model_assert(maar_shared_mring_stats(of[0], &stats) == 0 && stats.free == SLOTS, "not all are free");
	for (unsigned i = 0; i < SLOTS; i++) {
		slot[i] = maar_shared_mring_get(of[0]);
		model_assert(slot[i], "a slot is lost");
		use(0, slot[i]);
	}
	model_assert(slot[0] != slot[1] && !maar_shared_mring_get(of[0]), "a slot is doubled");
}

/* ---- the same slot put, or passed and put, by two threads of a participant: one of them does it ---- */

static void begin_with_one(void *s)
{
	begin(s);
	world.slot = maar_shared_mring_get(of[0]);
}

static void put_it(void *s)
{
	const int rc = maar_shared_mring_put(of[0], world.slot);

	(void)s;
	model_assert(rc == 0 || rc == -EALREADY || rc == -EPERM, "another answer: %d", rc);
	maar_a_add(&world.done, rc == 0, RELAXED);
}

static void pass_it(void *s)
{
	const uint32_t handle = maar_shared_mring_pass(of[0], world.slot);

	(void)s;
	if (handle == MAAR_NO_HANDLE)
		return;
	maar_a_add(&world.done, 1, RELAXED);
	maar_a_store(&world.letter, (uint64_t)handle + 1, RELAXED);
}

static void put_once(void *s)
{
	const uint64_t letter = maar_a_load(&world.letter, RELAXED);

	model_assert(maar_a_load(&world.done, RELAXED) == 1, "put twice, or not at all");
	if (letter)
		model_assert(maar_shared_mring_put(of[1], maar_shared_mring_accept(of[1], (uint32_t)letter - 1)) == 0,
			     "not put");
	both_free(s);
}

/* ---- passed on ---- */

static void send(unsigned me, void *slot)
{
	const uint32_t handle = maar_shared_mring_pass(of[me], slot);

	model_assert(handle != MAAR_NO_HANDLE, "not passed on");
	maar_a_store(&world.letter, (uint64_t)handle + 1, RELAXED); /* what the letter says, the word must order */
}

static void *receive(unsigned me)
{
	uint64_t letter;
	void *slot;

	while (!(letter = maar_a_load(&world.letter, RELAXED)) ||
	       !(slot = maar_shared_mring_accept(of[me], (uint32_t)letter - 1)))
		model_yield();
	return slot;
}

static void sender(void *s)
{
	void *slot = maar_shared_mring_get(of[0]);

	(void)s;
	use(0, slot);
	send(0, slot);
}

static void receiver(void *s)
{
	void *slot = receive(2);

	(void)s;
	use(2, slot);
	model_assert(maar_shared_mring_put(of[2], slot) == 0, "refused what it has");
	maar_a_add(&world.done, 1, RELAXED);
}

static void goes_between_or_ends(void *s)
{
	(void)s;
	for (;;) {
		const uint64_t letter = maar_a_load(&world.letter, RELAXED);
		void *slot = letter ? maar_shared_mring_accept(of[1], (uint32_t)letter - 1) : NULL;

		if (slot) {
			use(1, slot);
			send(1, slot);
			return;
		}
		if (maar_a_load(&world.done, RELAXED))
			return;
		model_yield();
	}
}

/* ---- made by one, attached by another ---- */

static unsigned char fresh[1 << 13] __attribute__((aligned(4096)));
static struct maar_shared_mring *late;

static void begin_empty(void *s)
{
	(void)s;
	if (late)
		(void)maar_shared_mring_detach(late);
	late = NULL;
	maar_a_store(&((struct maar__shared_header *)(void *)fresh)->ready, 0, RELAXED);
}

static void make(void *s)
{
	(void)s;
	model_assert(maar_shared_mring_init(fresh, sizeof(fresh), 1, 64, &few) == 0, "not made");
}

static void attach(void *s)
{
	void *slot;

	(void)s;
	while (!(late = maar_shared_mring_attach(fresh, sizeof(fresh)))) {
		model_assert(errno == EAGAIN || errno == EBADMSG, "another error: %d", errno);
		model_yield();
	}
	slot = maar_shared_mring_get(late);
	model_assert(slot, "its slot is missing");
	model_assert(maar_shared_mring_put(late, slot) == 0, "refused what it has");
}

#define SHARED(name_, begin_, finish_, n, ...)                                                                         \
	{                                                                                                              \
		.name = "shared, " name_, .threads = n, .set_up = begin_, .thread = { __VA_ARGS__ }, .finish = finish_ \
	}

const struct model_scenario scenarios_shared[] = {
	SHARED("rounds", begin, both_free, 3, round_0, round_1, round_2),
	SHARED("rounds over the wrap", begin_before_wrap, both_free, 3, round_0, round_1, round_2),
	SHARED("one for each", begin_before_wrap, both_free, 2, always_0, always_1),
	SHARED("put by two", begin_with_one, put_once, 3, put_it, put_it, round_1),
	SHARED("put and passed", begin_with_one, put_once, 2, put_it, pass_it),
	SHARED("passed on", begin, both_free, 3, sender, goes_between_or_ends, receiver),
	SHARED("made and attached", begin_empty, NULL, 2, make, attach),
};

const unsigned n_scenarios_shared = sizeof(scenarios_shared) / sizeof(scenarios_shared[0]);
