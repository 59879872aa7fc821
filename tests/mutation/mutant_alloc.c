/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The allocator's scenarios. Its blocks are mappings of its own, which ThreadSanitizer does not take for allocations: what
 * it says of them, and of slabs and lanes, is about plain accesses that no order of the library's keeps apart.
 */
#include <maar/alloc.h>
#include <maar/ring.h>

#include "../../src/alloc/alloc_priv.h"
#include "../../src/base/tools.h"
#include "mutant.h"

#include <sched.h>
#include <string.h>

static pthread_t start(void *(*run)(void *arg), void *arg)
{
	pthread_t thread;

	must(pthread_create(&thread, NULL, run, arg) == 0, "pthread_create");
	return thread;
}

static void *get(size_t bytes)
{
	void *block = maar_malloc(bytes);

	must(block != NULL, "maar_malloc");
	return block;
}

/* ---- the first calls of all ---- */

enum { NOBODY_HAS_CALLED = 0, ONE_HAS_CALLED };

static void *calls_first(void *arg)
{
	(void)arg;
	maar_free(get(64));
	go_to(ONE_HAS_CALLED);
	return NULL;
}

/* Finds all made, and has waited for no lock of who made it. */
static void *calls_later(void *arg)
{
	wait_for(ONE_HAS_CALLED);
	return calls_first(arg);
}

void alloc_first_calls(void)
{
	void *(*const runs[])(void *arg) = { calls_later, calls_first, calls_later, calls_first };
	pthread_t threads[COUNT_OF(runs)];
	size_t i;

	stage = NOBODY_HAS_CALLED;
	for (i = 0; i < COUNT_OF(runs); i++)
		threads[i] = start(runs[i], NULL);
	for (i = 0; i < COUNT_OF(runs); i++)
		pthread_join(threads[i], NULL);
}

/* ---- a lane, from its thread to one that stops it, and back ---- */

#define BYTES 1024 /* blocks of no other scenario */

enum { WORKS = 0, HAS_WORKED, HAS_STOPPED };

/* The first and the last of these take no lock: a pop and a push on the slab's list. */
static void *works_twice(void *arg)
{
	void *block = get(BYTES), *other = get(BYTES);

	(void)arg;
	maar_free(other);
	go_to(HAS_WORKED);
	wait_for(HAS_STOPPED);
	other = get(BYTES);
	maar_free(other);
	maar_free(block);
	return NULL;
}

static void *stops_with_stats(void *arg)
{
	struct maar_alloc_stats stats;

	(void)arg;
	maar_free(get(64));
	wait_for(HAS_WORKED);
	must(maar_alloc_stats(&stats) == 0 && stats.blocks >= 1, "a block is missing in the statistics");
	go_to(HAS_STOPPED);
	return NULL;
}

static void *stops_with_trim(void *arg)
{
	(void)arg;
	maar_free(get(64));
	wait_for(HAS_WORKED);
	(void)maar_alloc_trim();
	go_to(HAS_STOPPED);
	return NULL;
}

static void lane_is_stopped(void *(*stops)(void *arg))
{
	pthread_t threads[2];

	stage = WORKS;
	threads[0] = start(works_twice, NULL);
	threads[1] = start(stops, NULL);
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
}

/*
 * ---- a thread that comes back to its lane at the moment at which it is given back ----
 *
 * It is alone with the lane by what it sees on its way back (step_in) only if it goes on with the lane in the same call, instead
 * of entering it again. So it does where a tool watches: one free gives back several blocks that have waited, a mapping,
 * for which it steps out of the common lane, and then a small one. No tool watches here: the allocator is told that valgrind
 * does, whose requests do nothing elsewhere.
 */

#define MAPPING	 (2 * MAAR__SPAN_MOST)
#define TOO_MUCH ((size_t)40 << 20) /* beyond what may wait (src/alloc/watch.c): all that does goes */

enum { NO_LANE_YET = 0, HAS_LANE, IN_LANE, STEPPED_OUT, IS_WALKED, HAS_LOOKED };

static void *small_block; /* of the thread that steps out; for the other to know its slab by */
static unsigned looks;

/*
 * Where it is, by the lane's busy: set, and clear when it has stepped out; set again before both of step_in's looks, the first of which
 * finds the lane revoked, and the second not any more.
 */
static void between_looks(void)
{
	const struct maar__lane *lane = &maar__alloc_common->head;
	const bool busy = __atomic_load_n(&lane->busy, __ATOMIC_RELAXED) & MAAR__LANE_BUSY;

	switch (__atomic_load_n(&stage, __ATOMIC_RELAXED)) {
	case HAS_LANE:
		if (busy)
			go_to(IN_LANE);
		break;
	case IN_LANE:
		if (!busy) {
			go_to(STEPPED_OUT);
			wait_for(IS_WALKED);
		}
		break;
	case IS_WALKED:
		if (busy && ++looks == 2) {
			go_to(HAS_LOOKED);
			while (__atomic_load_n(&lane->revoked, __ATOMIC_RELAXED))
				sched_yield();
		}
		break;
	default:
		break;
	}
}

static void *steps_out(void *arg)
{
	void *mapping, *block, *other, *too_much;

	(void)arg;
	wait_for(HAS_LANE);
	mapping = get(MAPPING);
	block = get(BYTES);
	other = get(BYTES); /* its slab is in use throughout */
	too_much = get(TOO_MUCH);
	__atomic_store_n(&small_block, block, __ATOMIC_RELAXED);
	maar_free(mapping);
	maar_free(block);
	looks = 0;
	at_point = between_looks;
	maar_free(too_much);
	at_point = NULL;
	must(__atomic_load_n(&stage, __ATOMIC_RELAXED) == HAS_LOOKED, "nobody came back to a lane that was revoked");
	maar_free(other);
	return NULL;
}

static bool waits_in_walk(const struct maar_alloc_area *area, void *arg)
{
	const uintptr_t at = (uintptr_t)__atomic_load_n(&small_block, __ATOMIC_RELAXED) - (uintptr_t)area->at;

	(void)arg;
	if (area->lane && at < area->bytes) {
		go_to(IS_WALKED);
		wait_for(HAS_LOOKED);
	}
	return true;
}

/* With a lane of its own, from before: it does not want the common one's lock, which the other has. */
static void *walks(void *arg)
{
	(void)arg;
	maar_free(get(64));
	maar_a_store(&maar__alloc_tools, MAAR__TOOL_VALGRIND, RELAXED);
	go_to(HAS_LANE);
	wait_for(STEPPED_OUT);
	(void)maar_heap_walk(NULL, waits_in_walk, NULL);
	return NULL;
}

static void lane_is_given_back(void)
{
	pthread_t threads[2];

	stage = NO_LANE_YET;
	threads[0] = start(steps_out, NULL);
	threads[1] = start(walks, NULL);
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	maar_a_store(&maar__alloc_tools, 0, RELAXED);
}

/* ---- a lane that was made a moment ago, and a thread that looks into others' inboxes ---- */

#define LARGE  ((size_t)32 << 10) /* few to a slab: each of which begins with a look at some lanes */
#define LARGES 64

enum { NO_LANE = 0, READY, LANE_IS_MADE, HAS_SEEN_IT };

static void *makes_lane(void *arg)
{
	struct maar_heap *heap;

	(void)arg;
	maar_free(get(64));
	wait_for(READY);
	heap = maar_heap_create(0);
	must(heap != NULL, "maar_heap_create");
	go_to(LANE_IS_MADE);
	wait_for(HAS_SEEN_IT);
	maar_heap_destroy(heap);
	return NULL;
}

static void *looks_at_all(void *arg)
{
	void *blocks[LARGES];
	size_t i;

	(void)arg;
	maar_free(get(64));
	go_to(READY);
	wait_for(LANE_IS_MADE);
	for (i = 0; i < LARGES; i++)
		blocks[i] = get(LARGE);
	go_to(HAS_SEEN_IT);
	maar_free_batch(blocks, LARGES);
	return NULL;
}

static void lane_is_made(void)
{
	const uint32_t lanes = maar__alloc_lanes();
	pthread_t threads[2];

	stage = NO_LANE;
	threads[0] = start(makes_lane, NULL);
	threads[1] = start(looks_at_all, NULL);
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	must(maar__alloc_lanes() > lanes, "no lane was made");
}

/* ---- traffic: blocks that one thread allocates and another frees, while a third stops them ---- */

#define BLOCKS	    150
#define STOP_ONE_IN 8 /* turns of the third thread, all lanes are stopped */

struct traffic {
	struct maar_ring *ring;
	unsigned freed; /* relaxed */
};

static void send(struct traffic *t)
{
	static const size_t sizes[] = { 16, 200, BYTES, LARGE };
	unsigned i;

	for (i = 0; i < BLOCKS; i++) {
		const size_t bytes = sizes[random_from(&dice) % COUNT_OF(sizes)];
		uint64_t *block = get(bytes);

		/* Both ends: whoever had this block before wrote to them, and so will who gets it next. */
		block[0] = i;
		block[bytes / sizeof(*block) - 1] = i;
		while (!maar_ring_enqueue_ptr(t->ring, block))
			give_way();
	}
}

static void receive(struct traffic *t)
{
	unsigned i;

	for (i = 0; i < BLOCKS; i++) {
		uint64_t *block;

		while (!(block = maar_ring_dequeue_ptr(t->ring)))
			give_way();
		must(block[0] == i, "a block is not what was sent");
		block[0] = ~(uint64_t)i;
		maar_free(block);
		__atomic_store_n(&t->freed, i + 1, __ATOMIC_RELAXED);
	}
}

static void stop(struct traffic *t)
{
	struct maar_alloc_stats stats;

	while (__atomic_load_n(&t->freed, __ATOMIC_RELAXED) < BLOCKS) {
		give_way();
		switch (random_from(&dice) % STOP_ONE_IN) {
		case 0:
			(void)maar_alloc_trim();
			break;
		case 1:
			must(maar_alloc_stats(&stats) == 0, "maar_alloc_stats");
			break;
		default:
			maar_free(get(BYTES));
		}
	}
}

static void run_traffic(void *arg, unsigned id)
{
	static void (*const runs[])(struct traffic * t) = { send, receive, stop };

	runs[id](arg);
}

static void traffics(void)
{
	struct traffic t = { .ring = maar_ring_create(8, MAAR_RING_SPSC) };
	unsigned generation;

	must(t.ring != NULL, "maar_ring_create");
	for (generation = 0; generation < 2; generation++) { /* the second adopts the lanes of the first */
		t.freed = 0;
		by_turns(3, run_traffic, &t);
	}
	maar_ring_destroy(t.ring);
}

/* ---- counted blocks ---- */

#define SHARES 60

struct shares {
	struct maar_heap *heap;
	struct maar_ring *ring[2]; /* to each of the other holders */
};

/*
 * Thread 0 makes a block and shares it, all three read it and let go, each at its own time. The last one writes to it, for
 * that links it into the heap's inbox, where thread 0 finds it and writes to it again.
 */
static void share(void *arg, unsigned id)
{
	struct shares *s = arg;
	unsigned i, k;

	for (i = 0; i < SHARES; i++) {
		uint64_t *block;

		if (id == 0) {
			block = maar_heap_malloc(s->heap, BYTES);
			must(block != NULL, "maar_heap_malloc");
			*block = i;
			for (k = 0; k < COUNT_OF(s->ring); k++) {
				(void)maar_retain(block);
				while (!maar_ring_enqueue_ptr(s->ring[k], block))
					give_way();
			}
		} else {
			while (!(block = maar_ring_dequeue_ptr(s->ring[id - 1])))
				give_way();
		}
		must(*block == i, "a counted block changed");
		maar_release(block);
	}
}

static void counted(void)
{
	struct shares s = { .heap = maar_heap_create(MAAR_HEAP_COUNTED) };
	size_t i;

	must(s.heap != NULL, "maar_heap_create");
	for (i = 0; i < COUNT_OF(s.ring); i++)
		must((s.ring[i] = maar_ring_create(2, MAAR_RING_SPSC)) != NULL, "maar_ring_create");
	by_turns(1 + COUNT_OF(s.ring), share, &s);
	for (i = 0; i < COUNT_OF(s.ring); i++)
		maar_ring_destroy(s.ring[i]);
	must(maar_heap_blocks(s.heap, NULL, NULL) == 0, "a counted block is left");
	maar_heap_destroy(s.heap);
}

void allocs(void)
{
	lane_is_made();
	lane_is_stopped(stops_with_stats);
	lane_is_stopped(stops_with_trim);
	traffics();
	counted();
	lane_is_given_back(); /* last: blocks are watched here, and none is left */
}
