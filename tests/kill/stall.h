/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The stop test for what cannot lie in a stage (kill.h): mrings, pools, channels and queues, whose memory is mapped and whose lanes
 * belong to threads. The victim is a thread, and its points are atomic accesses of the library built with hooks
 * (tests/stress/fuzz_point.h). It is stopped at each of one call in turn, from a world made anew; the others, threads as
 * well, must do what they have to do meanwhile; then it goes on, and nothing may be missing.
 *
 *     stall.c           one call at all its points
 *     stall_slots.c     calls of mrings and pools
 *     stall_channel.c   calls of channels
 *     stall_queue.c     calls of queues
 *     test_stall.c      all of it as tests; measures instead if asked to
 */
#ifndef MAAR_TEST_STALL_H
#define MAAR_TEST_STALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STALL_MOST_OTHERS 7

struct stall_case {
	const char *name;
	int kind;
	void *(*make)(const struct stall_case *c, unsigned others);
	/* Others: once before the victim is there, and over and over; false: nothing could be done. And at the end. */
	void (*settle)(void *world, unsigned id);
	bool (*work)(void *world, unsigned id);
	void (*leave)(void *world, unsigned id);
	/* The victim: before the call, the call, after it. */
	void (*ready)(void *world);
	void (*call)(void *world);
	void (*after)(void *world);
	/* The victim stands, the others wait: judges what it would leave if it were killed. NULL: nothing. */
	void (*judge)(void *world);
	/* Nobody is there any more. */
	void (*end)(void *world);
};

extern const struct stall_case stall_slot_cases[], stall_channel_cases[], stall_queue_cases[];
extern const unsigned stall_slot_count, stall_channel_count, stall_queue_count;

/* What was found. */
struct stall_found {
	unsigned points; /* that the call has */
	unsigned stops;	 /* that it was stopped at */
	double ratio;	 /* measured: what the others did meanwhile, to as long with the victim asleep outside */
	double least;	 /* the same, at the worst point */
	unsigned worst;	 /* ... which is this */
};

/*
 * Stops the call at its points: at the first and the last `dense` of them, and between them further and further apart. At
 * each, `others` threads do `operations` each, or as many as they can in window_ns. A call of theirs that does not return
 * ends the program with a word.
 */
void stall_sweep(const struct stall_case *c, unsigned others, uint64_t operations, int64_t window_ns, unsigned dense,
		 struct stall_found *found);

#endif
