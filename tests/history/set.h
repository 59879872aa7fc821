/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Mrings and pools as sets under the history checker: threads that are born and die take slots and give them back, more than
 * there are, while another gives memory back. A slot's stay in the set is a value: whoever puts the slot thinks up a new
 * one and leaves it in a table beside the set, and whoever gets the slot takes that value. A slot in two hands is a value
 * taken twice.
 */
#ifndef MAAR_TEST_HISTORY_SET_H
#define MAAR_TEST_HISTORY_SET_H

#include "../stress/slots_run.h"
#include "history.h"
#include "run.h"

struct history_set {
	const char *name;
	bool pool;
	bool shrinks;	     /* begins with one slab, grows, and is shrunk over and over */
	uint32_t lane_slots; /* as in struct maar_mring_options */
	uint32_t no_lanes, track;
	/* NULL: those of the stress. Controls have liars. */
	const struct slot_calls *calls;
};

struct history_set_case {
	const struct history_set *set;
	uint32_t slots;
	unsigned threads;     /* alive at a time, 1 to STRESS_SIDE */
	unsigned generations; /* threads that follow one another in each place */
	uint64_t operations;  /* calls, of each thread in its life */
	uint64_t seed;
};

/*
 * How long a call must go on beside another for what it had hidden to be out of that one's sight, in stamps: half of what a
 * get takes at least that waits for it (steal.c).
 */
uint64_t history_set_patience(void);

void history_set_run(const struct history_set_case *c, uint64_t skew, uint64_t patience, struct verdict *verdict,
		     struct history_report *report, struct history_sum *sum);

/* Cases until so many operations are checked: slots, threads and generations in every pair. *excused: see the report. */
void history_set_run_all(const struct history_set *set, uint64_t operations, uint64_t skew, uint64_t seed,
			 struct verdict *verdict, struct history_sum *sum, uint64_t *excused);

#endif
