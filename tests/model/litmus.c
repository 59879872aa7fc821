/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The explorer against the letter of C11: outcomes that it must show, and outcomes that it must never show. The shapes are
 * the usual ones, under their usual names: store buffering (SB), message passing (MP), independent reads of independent
 * writes (IRIW), coherence (Co..).
 */
#define MAAR_BITS_OK 1
#include <maar/bits/atomic.h>

#include "controls.h"

#include <string.h>

struct shared {
	uint64_t x, y;
	uint32_t word;
	uint64_t got[4];
	uint64_t plain;
	unsigned char bytes[8];
};

static struct shared shared;

static void clear(void *state)
{
	(void)state;
	memset(&shared, 0, sizeof(shared));
}

static void outcome_0_0(void *state)
{
	(void)state;
	model_assert(shared.got[0] || shared.got[1], "both read 0");
}

static void outcome_1_0(void *state)
{
	(void)state;
	model_assert(!(shared.got[0] == 1 && shared.got[1] == 0), "the first read 1, the second 0");
}

static void outcome_1_0_1_0(void *state)
{
	(void)state;
	model_assert(shared.got[0] != 1 || shared.got[1] || shared.got[2] != 1 || shared.got[3],
		     "the two readers disagree on the order");
}

/* A thread of one to three accesses. */
#define THREAD(name, ...)                                                                                              \
	static void name(void *state)                                                                                  \
	{                                                                                                              \
		(void)state;                                                                                           \
		__VA_ARGS__;                                                                                           \
	}
#define STORE(field, value, order) maar_a_store(&shared.field, value, order)
#define LOAD(n, field, order)	   shared.got[n] = maar_a_load(&shared.field, order)
#define ADD(field, value, order)   (void)maar_a_add(&shared.field, value, order)

/* Store buffering: each stores one and reads the other. */
THREAD(sb_x_sc_y_sc, STORE(x, 1, SEQ_CST); LOAD(0, y, SEQ_CST))
THREAD(sb_y_sc_x_sc, STORE(y, 1, SEQ_CST); LOAD(1, x, SEQ_CST))
THREAD(sb_y_sc_x_acquire, STORE(y, 1, SEQ_CST); LOAD(1, x, ACQUIRE))
THREAD(sb_y_release_x_sc, STORE(y, 1, RELEASE); LOAD(1, x, SEQ_CST))
THREAD(sb_x_add_y_sc, ADD(x, 1, SEQ_CST); LOAD(0, y, SEQ_CST))
THREAD(sb_y_add_x_sc, ADD(y, 1, SEQ_CST); LOAD(1, x, SEQ_CST))
THREAD(sb_y_add_acq_rel_x_sc, ADD(y, 1, ACQ_REL); LOAD(1, x, SEQ_CST))
THREAD(sb_y_add_x_acquire, ADD(y, 1, SEQ_CST); LOAD(1, x, ACQUIRE))
THREAD(sb_x_sc_y_add, STORE(x, 1, SEQ_CST); shared.got[0] = maar_a_add(&shared.y, 0, SEQ_CST))
THREAD(sb_y_sc_x_add, STORE(y, 1, SEQ_CST); shared.got[1] = maar_a_add(&shared.x, 0, SEQ_CST))
/* A SEQ_CST read-modify-write of a third word is no fence for the accesses around it. */
THREAD(sb_x_fence_y, STORE(x, 1, RELAXED); ADD(word, 1, SEQ_CST); LOAD(0, y, RELAXED))
THREAD(sb_y_fence_x, STORE(y, 1, RELAXED); ADD(got[2], 1, SEQ_CST); LOAD(1, x, RELAXED))

/* A membarrier in one of the two. */
THREAD(sb_x_light_y, STORE(x, 1, RELAXED); LOAD(0, y, RELAXED))
THREAD(sb_y_heavy_x, STORE(y, 1, RELAXED); model_membarrier(); LOAD(1, x, RELAXED))
THREAD(sb_y_light_x, STORE(y, 1, RELAXED); LOAD(1, x, RELAXED))
THREAD(sb_y_late_x, model_membarrier(); STORE(y, 1, RELAXED); LOAD(1, x, RELAXED))

/* Message passing. */
THREAD(mp_put, STORE(x, 1, RELAXED); STORE(y, 1, RELEASE))
THREAD(mp_put_relaxed, STORE(x, 1, RELAXED); STORE(y, 1, RELAXED))
THREAD(mp_put_sc, STORE(x, 1, RELAXED); STORE(y, 1, SEQ_CST))
THREAD(mp_get, LOAD(0, y, ACQUIRE); LOAD(1, x, RELAXED))
THREAD(mp_get_sc, LOAD(0, y, SEQ_CST); LOAD(1, x, RELAXED))
THREAD(mp_get_relaxed, LOAD(0, y, RELAXED); LOAD(1, x, RELAXED))
/* y: 0, 1 released, 2 or 3 by another: is what 1 published still there? */
THREAD(mp_add, ADD(y, 2, RELAXED))
THREAD(mp_overwrite, STORE(y, 3, RELAXED))
THREAD(mp_get_3, shared.got[0] = maar_a_load(&shared.y, ACQUIRE) == 3; LOAD(1, x, RELAXED))

/* Coherence: two reads of one word do not go back. */
THREAD(co_write, STORE(x, 1, RELAXED))
THREAD(co_read, LOAD(0, x, RELAXED); LOAD(1, x, RELAXED))

/* Independent reads of independent writes. */
THREAD(iriw_x, STORE(x, 1, SEQ_CST))
THREAD(iriw_y, STORE(y, 1, SEQ_CST))
THREAD(iriw_x_release, STORE(x, 1, RELEASE))
THREAD(iriw_y_release, STORE(y, 1, RELEASE))
THREAD(iriw_xy, LOAD(0, x, SEQ_CST); LOAD(1, y, SEQ_CST))
THREAD(iriw_yx, LOAD(2, y, SEQ_CST); LOAD(3, x, SEQ_CST))
THREAD(iriw_yx_acquire, LOAD(2, y, ACQUIRE); LOAD(3, x, ACQUIRE))

/* Plain memory: races, and what is none. */
THREAD(plain_put, maar_n_store(&shared.plain, 7); STORE(y, 1, RELEASE))
THREAD(plain_put_heavy, maar_n_store(&shared.plain, 7); model_membarrier(); STORE(y, 1, RELAXED))
THREAD(plain_put_relaxed, maar_n_store(&shared.plain, 7); STORE(y, 1, RELAXED))
THREAD(plain_get, if (maar_a_load(&shared.y, ACQUIRE)) model_assert(maar_n_load(&shared.plain) == 7, "an old value"))
THREAD(bytes_low, memset(shared.got, 1, sizeof(shared.got)); maar_n_copy(shared.bytes, shared.got, 3))
THREAD(bytes_high, maar_n_copy(shared.bytes + 3, shared.bytes + 6, 1); maar_n_store(&shared.bytes[5], 1))
THREAD(bytes_across, maar_n_copy(shared.bytes + 2, shared.bytes + 6, 2))
THREAD(plain_atomic, STORE(plain, 8, RELAXED))
THREAD(
	plain_reuse, if (maar_a_load(&shared.y, ACQUIRE)) {
		model_assert(maar_a_load(&shared.plain, RELAXED) == 7, "an old value");
		STORE(plain, 9, RELAXED);
		maar_n_store(&shared.plain, 10);
		model_assert(maar_a_load(&shared.plain, RELAXED) == 10, "an old value");
	})

/* One store after another, as model_one_at_a_time wants it. */
#define TURN(order) model_one_at_a_time(&shared.x, sizeof(shared.x)), STORE(x, 1, RELAXED), STORE(y, 1, order)
THREAD(turn_first, TURN(RELEASE))
THREAD(turn_first_relaxed, TURN(RELAXED))
THREAD(turn_second, if (maar_a_load(&shared.y, ACQUIRE)) STORE(x, 2, RELAXED))

/* Sleeping. */
THREAD(sleep_until_1, while (!maar_a_load(&shared.word, ACQUIRE)) model_futex_wait(&shared.word, 0))
THREAD(sleep_once, model_futex_wait(&shared.word, 0))
THREAD(wake_1, STORE(word, 1, RELEASE); model_futex_wake(&shared.word, 1))
THREAD(wake_too_early, model_futex_wake(&shared.word, 1); STORE(word, 1, RELEASE))

#define NEVER(label, finish_, n, ...)                                                                                  \
	{                                                                                                              \
		{ label, n, clear, { __VA_ARGS__ }, finish_, NULL }, false                                             \
	}
#define SEEN(label, finish_, n, ...)                                                                                   \
	{                                                                                                              \
		{ label, n, clear, { __VA_ARGS__ }, finish_, NULL }, true                                              \
	}

const struct litmus litmus_tests[] = {
	NEVER("SB, all SEQ_CST", outcome_0_0, 2, sb_x_sc_y_sc, sb_y_sc_x_sc),
	SEEN("SB, one load ACQUIRE", outcome_0_0, 2, sb_x_sc_y_sc, sb_y_sc_x_acquire),
	SEEN("SB, one store RELEASE", outcome_0_0, 2, sb_x_sc_y_sc, sb_y_release_x_sc),
	NEVER("SB, adds and loads", outcome_0_0, 2, sb_x_add_y_sc, sb_y_add_x_sc),
	SEEN("SB, one add ACQ_REL", outcome_0_0, 2, sb_x_add_y_sc, sb_y_add_acq_rel_x_sc),
	SEEN("SB, adds, one load ACQUIRE", outcome_0_0, 2, sb_x_add_y_sc, sb_y_add_x_acquire),
	NEVER("SB, stores and adds", outcome_0_0, 2, sb_x_sc_y_add, sb_y_sc_x_add),
	SEEN("SB, relaxed around SEQ_CST adds", outcome_0_0, 2, sb_x_fence_y, sb_y_fence_x),
	SEEN("SB, relaxed", outcome_0_0, 2, sb_x_light_y, sb_y_light_x),
	NEVER("SB, membarrier in one", outcome_0_0, 2, sb_x_light_y, sb_y_heavy_x),
	SEEN("SB, membarrier too early", outcome_0_0, 2, sb_x_light_y, sb_y_late_x),
	SEEN("plain MP, RELAXED, membarrier", NULL, 2, plain_put_heavy, plain_get),
	NEVER("MP", outcome_1_0, 2, mp_put, mp_get),
	NEVER("MP, SEQ_CST", outcome_1_0, 2, mp_put_sc, mp_get_sc),
	SEEN("MP, store RELAXED", outcome_1_0, 2, mp_put_relaxed, mp_get),
	SEEN("MP, load RELAXED", outcome_1_0, 2, mp_put, mp_get_relaxed),
	NEVER("MP through an add", outcome_1_0, 3, mp_put, mp_add, mp_get_3),
	SEEN("MP through a store of another", outcome_1_0, 3, mp_put, mp_overwrite, mp_get_3),
	NEVER("CoRR", outcome_1_0, 2, co_write, co_read),
	NEVER("IRIW, SEQ_CST", outcome_1_0_1_0, 4, iriw_x, iriw_y, iriw_xy, iriw_yx),
	SEEN("IRIW, one reader ACQUIRE", outcome_1_0_1_0, 4, iriw_x, iriw_y, iriw_xy, iriw_yx_acquire),
	NEVER("IRIW, SEQ_CST readers, RELEASE writers", outcome_1_0_1_0, 4, iriw_x_release, iriw_y_release, iriw_xy,
	      iriw_yx),
	NEVER("plain MP", NULL, 2, plain_put, plain_get),
	SEEN("plain MP, RELAXED", NULL, 2, plain_put_relaxed, plain_get),
	NEVER("plain bytes of one word", NULL, 2, bytes_low, bytes_high),
	SEEN("plain bytes that meet", NULL, 2, bytes_high, bytes_across),
	SEEN("plain against atomic", NULL, 2, plain_put, plain_atomic),
	NEVER("plain and atomic in turn", NULL, 2, plain_put, plain_reuse),
	NEVER("one at a time", NULL, 2, turn_first, turn_second),
	SEEN("one at a time, RELAXED", NULL, 2, turn_first_relaxed, turn_second),
	NEVER("sleep and wake", NULL, 2, sleep_until_1, wake_1),
	SEEN("one wake for two", NULL, 3, sleep_until_1, sleep_until_1, wake_1),
	SEEN("woken before the word changes", NULL, 2, sleep_until_1, wake_too_early),
	SEEN("nobody wakes", NULL, 1, sleep_once),
};

const unsigned n_litmus_tests = sizeof(litmus_tests) / sizeof(litmus_tests[0]);
