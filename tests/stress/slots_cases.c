/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Mrings and pools as tables of calls, and the cases they are put through.
 */
#include "slots_run.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* ---- an mring ---- */

static void *slot_get(void *from)
{
	return maar_mring_get(from);
}

static size_t slot_get_bulk(void *from, void **slots, size_t n)
{
	return maar_mring_get_bulk(from, slots, n);
}

static int slot_put(void *from, void *slot)
{
	return maar_mring_put(from, slot);
}

static size_t slot_put_bulk(void *from, void **slots, size_t n)
{
	return maar_mring_put_bulk(from, slots, n);
}

static void *slot_bytes(void *slot)
{
	return slot;
}

static int slot_stats(const void *from, struct maar_mring_stats *stats)
{
	return maar_mring_stats(from, stats);
}

const struct slot_calls mring_calls = { "mring",       slot_get,   slot_get_bulk, slot_put,
					slot_put_bulk, slot_bytes, NULL,	  slot_stats };

/* ---- a pool ---- */

static void *msg_get(void *from)
{
	struct maar_msg *msg = maar_pool_get(from);

	return msg && msg->refs == 1 && maar_msg_length(msg) == 0 ? msg : NULL;
}

static size_t msg_get_bulk(void *from, void **slots, size_t n)
{
	return maar_pool_get_bulk(from, (struct maar_msg **)slots, n);
}

static int msg_put(void *from, void *slot)
{
	struct maar_msg *msg = slot;

	/* The two ways to let go, by turns that depend on the message only. */
	return msg->handle % 2 ? maar_msg_release(msg) : maar_pool_put(from, msg);
}

static size_t msg_put_bulk(void *from, void **slots, size_t n)
{
	return maar_pool_put_bulk(from, (struct maar_msg **)slots, n);
}

static void *msg_bytes(void *slot)
{
	return maar_msg_data(slot);
}

static void msg_retain(void *slot)
{
	(void)maar_msg_retain(slot);
}

static int msg_stats(const void *from, struct maar_mring_stats *stats)
{
	return maar_pool_stats(from, stats);
}

const struct slot_calls pool_calls = { "pool",	     msg_get,	msg_get_bulk, msg_put,
				       msg_put_bulk, msg_bytes, msg_retain,   msg_stats };

/* ---- made for a case ---- */

struct shrinker {
	struct maar_mring *mring;
	uint64_t bytes; /* given back in all */
	unsigned stop;
};

static void *shrink_over_and_over(void *arg)
{
	/* A mutex is not fair: whoever takes it again at once leaves none to those who wait for it. */
	const struct timespec others = { .tv_nsec = 200000 };
	struct shrinker *s = arg;

	while (!__atomic_load_n(&s->stop, __ATOMIC_RELAXED)) {
		s->bytes += maar_mring_shrink(s->mring);
		nanosleep(&others, NULL);
	}
	return NULL;
}

/* A slab is a page, so that even the small ones have several. */
#define SLAB 4096

struct slots_seen slots_seen;

static void see(const struct maar_mring *mring)
{
	struct maar_mring_lane_stats lanes[2 * STRESS_SIDE + 2];
	const size_t n = maar_mring_lanes(mring, lanes, COUNT_OF(lanes));
	struct maar_mring_stats s;
	size_t i;

	for (i = 0; i < n && i < COUNT_OF(lanes); i++)
		slots_seen.robbed += lanes[i].robbed;
	if (maar_mring_stats(mring, &s))
		return;
	slots_seen.grown += s.grown;
	slots_seen.shrunk += s.shrunk;
}

uint64_t slots_run_mring(const struct slots_case *c, struct verdict *verdict)
{
	const struct maar_mring_options options = { .lane_slots = c->lane_slots,
						    .no_lanes = c->no_lanes,
						    .max_slots = c->shrinks ? c->slots : 0,
						    .slab_bytes = SLAB };
	struct maar_mring *mring = maar_mring_create(c->shrinks ? 1 : c->slots, SLOT_BYTES, &options);
	struct shrinker shrinker = { mring, 0, 0 };
	pthread_t thread;
	bool shrinking;
	uint64_t got;
	int rc;

	if (!mring) {
		stress_fail(verdict, "maar_mring_create: %s", strerror(errno));
		return 0;
	}
	shrinking = c->shrinks && stress_thread(verdict, &thread, shrink_over_and_over, &shrinker);
	got = slots_run(c, mring, verdict);
	__atomic_store_n(&shrinker.stop, 1, __ATOMIC_RELAXED);
	if (shrinking)
		pthread_join(thread, NULL);
	see(mring);
	rc = maar_mring_destroy(mring);
	if (rc)
		stress_fail(verdict, "maar_mring_destroy: %s", strerror(-rc));
	return got;
}

uint64_t slots_run_pool(const struct slots_case *c, struct verdict *verdict)
{
	const struct maar_pool_options options = { .lane_slots = c->lane_slots, .no_lanes = c->no_lanes };
	struct maar_pool *pool = maar_pool_create(c->slots, SLOT_BYTES, &options);
	uint64_t got;
	int rc;

	if (!pool) {
		stress_fail(verdict, "maar_pool_create: %s", strerror(errno));
		return 0;
	}
	got = slots_run(c, pool, verdict);
	rc = maar_pool_destroy(pool);
	if (rc)
		stress_fail(verdict, "maar_pool_destroy: %s", strerror(-rc));
	return got;
}

/* ---- the cases ---- */

static const uint32_t slot_counts[] = { 1, 3, 16, 130, 1000, 5000 };

/* Lanes: the default, none, the smallest, an odd one, the largest. */
static const struct {
	uint32_t lane_slots, no_lanes;
} lanes[] = { { 0, 0 }, { 0, 1 }, { 2, 0 }, { 7, 0 }, { 2 * MAAR_MRING_BATCH, 0 } };

static const unsigned generations[] = { 1, 6, 40 };

enum factor { SLOTS, LANES, THREADS, GENERATIONS, SHRINKS, FACTORS };

static const unsigned levels[FACTORS] = {
	[SLOTS] = COUNT_OF(slot_counts),
	[LANES] = COUNT_OF(lanes),
	[THREADS] = STRESS_SIDE,
	[GENERATIONS] = COUNT_OF(generations),
	[SHRINKS] = 2,
};

struct plan {
	bool pool;
	struct verdict *verdict;
	uint64_t moves_each; /* of one case */
	uint64_t random, got;
};

static void count_case(const unsigned *level, void *arg)
{
	(void)level;
	(void)arg;
}

static void run_case(const unsigned *level, void *arg)
{
	struct plan *plan = arg;
	struct verdict *v = plan->verdict;
	struct slots_case c = {
		.calls = plan->pool ? &pool_calls : &mring_calls,
		.slots = slot_counts[level[SLOTS]],
		.lane_slots = lanes[level[LANES]].lane_slots,
		.no_lanes = lanes[level[LANES]].no_lanes,
		.shrinks = level[SHRINKS] && !plan->pool,
		.threads = level[THREADS] + 1,
		.generations = generations[level[GENERATIONS]],
		.seed = stress_random(&plan->random),
	};
	char text[sizeof(v->text)];

	if (stress_failed(v))
		return;
	c.moves = plan->moves_each / (c.threads * c.generations) + 1;
	plan->got += (plan->pool ? slots_run_pool : slots_run_mring)(&c, v);
	if (stress_failed(v)) {
		snprintf(text, sizeof(text),
			 "%s of %" PRIu32 " slots, lane_slots %" PRIu32 ", no_lanes %" PRIu32
			 "%s, %u threads, %u generations: %.110s",
			 c.calls->name, c.slots, c.lane_slots, c.no_lanes, c.shrinks ? ", shrinking" : "", c.threads,
			 c.generations, v->text);
		memcpy(v->text, text, sizeof(text));
	}
}

uint64_t slots_run_all(bool pool, uint64_t moves, uint64_t seed, struct verdict *verdict, unsigned *cases)
{
	struct plan plan = { .pool = pool, .verdict = verdict, .random = seed };

	plan.moves_each = moves / pairwise(levels, FACTORS, seed, count_case, &plan) + 1;
	*cases = pairwise(levels, FACTORS, seed, run_case, &plan);
	return plan.got;
}
