/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * A participant of a shared mring is stopped, or killed, at each access to shared memory of each of its calls, from each
 * number of free slots; alone, and with a second one killed at each access of its own meanwhile. The others go on for some
 * rounds of the ring: get gives what is free, put is taken. Whoever was stopped ends its call well. At the end each slot is
 * had once, or is one dead participant's as its word says, in a way from which it can be recovered: of a killed putter the
 * word says "free at p", and cell p has another handle.
 *
 * Killing is leaving the call by longjmp: all that a process leaves behind when it is killed lies in the shared memory.
 */
#include "common.h"

#include "../../src/mring/shared_priv.h"

#include <setjmp.h>

#define SLOTS  4
#define ROUNDS 3 /* of the ring, by the others */

enum { VICTIM, SECOND, OTHER, KEEPER, PEOPLE };

static unsigned char memory[1 << 14] __attribute__((aligned(4096)));
static struct maar_shared_mring *of[PEOPLE];

/* ---- points ---- */

static unsigned long points_left; /* 0: none is waited for */
static void (*at_point)(void);

void shared_point(void)
{
	if (points_left && --points_left == 0)
		at_point();
}

/* ---- the victims' calls ---- */

enum call { GET, PUT, PASS, ACCEPT, CALLS };

struct victim {
	enum call call;
	void *slot;	 /* what it has, or is to accept */
	uint32_t handle; /* of what was passed on */
	bool ended;
};
static struct victim victims[2];

/* Before the call: puts one in its hand, or on the way to it. False: there is none left for that. */
static bool prepare(int who, enum call call)
{
	struct victim *v = &victims[who];

	*v = (struct victim){ .call = call, .handle = MAAR_NO_HANDLE };
	if (call == GET)
		return true;
	v->slot = maar_shared_mring_get(of[who]);
	if (v->slot && call == ACCEPT)
		v->handle = maar_shared_mring_pass(of[who], v->slot);
	return v->slot != NULL;
}

static void run(int who)
{
	struct victim *v = &victims[who];

	switch (v->call) {
	case GET:
		v->slot = maar_shared_mring_get(of[who]);
		break;
	case PUT:
		unit_eq(maar_shared_mring_put(of[who], v->slot), 0);
		v->slot = NULL;
		break;
	case PASS:
		v->handle = maar_shared_mring_pass(of[who], v->slot);
		unit_must(v->handle != MAAR_NO_HANDLE);
		break;
	default:
		unit_must(maar_shared_mring_accept(of[who], v->handle) == v->slot);
	}
	v->ended = true;
}

/* Ended, it has this; it gives it back. */
static void give_back(int who)
{
	struct victim *v = &victims[who];

	if (v->call == PASS)
		unit_must(maar_shared_mring_accept(of[who], v->handle) == v->slot);
	if (v->slot)
		unit_eq(maar_shared_mring_put(of[who], v->slot), 0);
}

/* ---- the others ---- */

static unsigned sure; /* slots that are free, whatever became of the victims' */

static void others(void)
{
	const uint64_t cells = of[OTHER]->owned.ring.mask + 1;

	points_left = 0;
	for (uint64_t i = 0; i < ROUNDS * cells; i++) {
		void *slots[SLOTS];
		unsigned n = 0;

		while (n < SLOTS && (slots[n] = maar_shared_mring_get(of[OTHER])) != NULL)
			n++;
		unit_must(n >= sure && n <= sure + 2);
		while (n)
			unit_eq(maar_shared_mring_put(of[OTHER], slots[--n]), 0);
	}
}

/* ---- what is left ---- */

/* A word that names a dead participant, of a slot that is not to be had. */
static void check_lost(uint32_t handle, const bool *dead)
{
	const struct maar__owned *o = &of[OTHER]->owned;
	const uint64_t word = o->own[handle];
	const int who = (int)maar__own_participant(word) - 1;
	uint64_t in_cell;

	unit_must((who == VICTIM || who == SECOND) && dead[who]);
	if (maar__own_state(word) == MAAR__SHARED_FREE)
		unit_must(maar__ring_look(o->ring, word & MAAR__OWN_POSITION, &in_cell) != 0 || in_cell != handle);
	else
		unit_must(maar__own_state(word) == MAAR__SHARED_OUT || maar__own_state(word) == MAAR__SHARED_PASSED);
}

static void check_all(void *const *kept, unsigned n_kept, const bool *dead)
{
	bool seen[SLOTS] = { false };
	unsigned lost = 0;
	void *slot;

	for (unsigned i = 0; i < n_kept; i++)
		unit_eq(maar_shared_mring_put(of[KEEPER], kept[i]), 0);
	while ((slot = maar_shared_mring_get(of[OTHER])) != NULL) {
		const uint32_t handle = maar_shared_mring_handle(of[OTHER], slot);

		unit_must(handle < SLOTS && !seen[handle]);
		seen[handle] = true;
	}
	for (uint32_t h = 0; h < SLOTS; h++) {
		if (seen[h])
			continue;
		check_lost(h, dead);
		lost++;
	}
	unit_must(lost <= (unsigned)dead[VICTIM] + dead[SECOND]);
}

/* ---- the sweep ---- */

static jmp_buf killed[2];
static unsigned second_at;
static bool second_reached;

static void kill_first(void)
{
	others();
	longjmp(killed[VICTIM], 1);
}

static void kill_second(void)
{
	second_reached = true;
	longjmp(killed[SECOND], 1);
}

/* At the first one's point: the second makes its call up to its own. */
static void second_and_others(void)
{
	points_left = second_at;
	at_point = kill_second;
	if (!setjmp(killed[SECOND]))
		run(SECOND);
	points_left = 0;
	others();
}

enum fate { STOPPED, KILLED, STOPPED_BESIDE_ANOTHER };

/* One try; false: the call was over before point k. */
static bool stop_at(unsigned k, enum fate fate, enum call call, enum call second, unsigned out, uint64_t start)
{
	static void (*const what[])(void) = { others, kill_first, second_and_others };
	void *kept[SLOTS];
	bool dead[2] = { false, false };
	bool ready;

	maar__shared_start_at(of[OTHER], start);
	for (unsigned i = 0; i < out; i++)
		kept[i] = maar_shared_mring_get(of[KEEPER]);
	ready = prepare(VICTIM, call);
	if (fate == STOPPED_BESIDE_ANOTHER)
		ready = prepare(SECOND, second) && ready;
	if (!ready)
		return false;
	sure = SLOTS - out;
	sure -= sure > 0;
	sure -= sure > 0 && fate == STOPPED_BESIDE_ANOTHER;
	second_reached = false;
	at_point = what[fate];
	points_left = k + 1;
	if (!setjmp(killed[VICTIM]))
		run(VICTIM);
	else
		dead[VICTIM] = true;
	if (points_left) {
		points_left = 0;
		return false;
	}
	if (!dead[VICTIM])
		give_back(VICTIM);
	if (fate == STOPPED_BESIDE_ANOTHER) {
		dead[SECOND] = second_reached;
		if (!second_reached)
			give_back(SECOND);
	}
	check_all(kept, out, dead);
	return true;
}

static const uint64_t starts[] = { 0, (UINT64_C(1) << 34) - 2, (UINT64_C(1) << 48) - 2, UINT64_MAX - 2 };

static void begin(void)
{
	const struct maar_shared_mring_options o = { .participants = PEOPLE };

	unit_eq(maar_shared_mring_init(memory, sizeof(memory), SLOTS, 64, &o), 0);
	for (int i = 0; i < PEOPLE; i++) {
		of[i] = maar_shared_mring_attach(memory, sizeof(memory));
		ck_assert_ptr_nonnull(of[i]);
	}
	unit_eq(of[0]->owned.ring.mask + 1, SLOTS);
}

static void end(void)
{
	maar__shared_start_at(of[0], 0);
	for (int i = 0; i < PEOPLE; i++)
		unit_eq(maar_shared_mring_detach(of[i]), 0);
}

START_TEST(alone)
{
	unsigned points = 0;

	begin();
	for (enum call call = 0; call < CALLS; call++)
		for (size_t s = 0; s < COUNT_OF(starts); s++)
			for (unsigned out = 0; out <= SLOTS; out++) {
				unsigned k;

				for (k = 0; stop_at(k, (enum fate)_i, call, GET, out, starts[s]); k++)
					;
				points += k;
				unit_must(k > 0 || (out == SLOTS && call != GET));
			}
	unit_note("%u points, %s", points, _i == STOPPED ? "stopped at" : "killed at");
	end();
}
END_TEST

START_TEST(in_pairs)
{
	const enum call call = (enum call)(_i / CALLS), second = (enum call)(_i % CALLS);
	unsigned pairs = 0;

	begin();
	for (size_t s = 0; s < COUNT_OF(starts); s++)
		for (unsigned out = 0; out <= SLOTS; out++)
			for (second_at = 1, second_reached = true; second_reached; second_at++) {
				unsigned k;
				bool reached = false;

				for (k = 0; stop_at(k, STOPPED_BESIDE_ANOTHER, call, second, out, starts[s]); k++)
					reached |= second_reached;
				pairs += k;
				second_reached = reached;
			}
	unit_must(pairs > 0);
	unit_note("%u pairs", pairs);
	end();
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("shared mring, point by point");
	TCase *tc = unit_tcase(suite, "points");

	tcase_add_loop_test(tc, alone, STOPPED, KILLED + 1);
	tcase_add_loop_test(tc, in_pairs, 0, CALLS * CALLS);
	return suite;
}
