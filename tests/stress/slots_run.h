/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The stress of mrings and pools: threads that are born and die take slots, write their name into them, pass them
 * through rings, and others give them back. The calls come in as a table, so that the same checker judges broken ones.
 */
#ifndef MAAR_TEST_SLOTS_RUN_H
#define MAAR_TEST_SLOTS_RUN_H

#include "stress.h"

#include <maar/mring.h>
#include <maar/pool.h>

/* How slots come and go; `from` is whatever the calls work on. */
struct slot_calls {
	const char *name;
	void *(*get)(void *from);
	size_t (*get_bulk)(void *from, void **slots, size_t n);
	int (*put)(void *from, void *slot);
	size_t (*put_bulk)(void *from, void **slots, size_t n);
	/* The part of a slot that is the user's, and the bytes of it; the first must be zero in a fresh slot. */
	void *(*bytes)(void *slot);
	/* One more holder; NULL if slots have one holder only. */
	void (*retain)(void *slot);
	int (*stats)(const void *from, struct maar_mring_stats *stats);
};

extern const struct slot_calls mring_calls; /* from: struct maar_mring * */
extern const struct slot_calls pool_calls;  /* from: struct maar_pool * */

/* Bytes of a slot that the stress writes. */
#define SLOT_BYTES 64

struct slots_case {
	const struct slot_calls *calls;
	uint32_t slots;
	uint32_t lane_slots; /* 0: default */
	uint32_t no_lanes;
	bool shrinks;	      /* mrings: begins with one slab of several, and is shrunk over and over */
	unsigned threads;     /* alive at a time, 1 to STRESS_SIDE */
	unsigned generations; /* threads that follow one another in each place */
	uint64_t moves;	      /* that each thread makes in its life */
	uint64_t seed;
};

/* Makes the mring or pool of a case, or says why not. Each returns how many slots its threads got. */
uint64_t slots_run_mring(const struct slots_case *c, struct verdict *verdict);
uint64_t slots_run_pool(const struct slots_case *c, struct verdict *verdict);

/* What the mrings of this program have been through so far, as their statistics said in the end. */
struct slots_seen {
	uint64_t grown, shrunk; /* slabs */
	uint64_t robbed;	/* slots taken out of other threads' lanes, of those lanes that were left */
};
extern struct slots_seen slots_seen;

/* On what is there already, all of it free. */
uint64_t slots_run(const struct slots_case *c, void *from, struct verdict *verdict);

/*
 * All cases of mrings or pools: slots, lanes, threads, generations in every pair; `moves` tries in all. Returns how
 * many slots were got; sets *cases.
 */
uint64_t slots_run_all(bool pool, uint64_t moves, uint64_t seed, struct verdict *verdict, unsigned *cases);

#endif
