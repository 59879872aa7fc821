/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Memory back to the system: what lies in lanes goes to the slabs, empty slabs become free spans, and the memory of spans that
 * have been free for long goes. By calls that are slow anyway, on demand, and by a thread that is started when much is free
 * and ends when there is nothing left to do.
 */
#include "alloc_priv.h"

#include "../base/options.h"
#include "../base/sleep.h"

#include <errno.h>

#define NS_PER_MS INT64_C(1000000)

/* How long free spans keep their memory, in ms: what a program is about to use again is not given away. */
#define DECAY_MS 1000

/* How much may be free before there is a thread for it; and how long that stays without work. */
#define THREAD_ABOVE ((size_t)16 << 20)
#define STAY_NS	     (INT64_C(10000) * NS_PER_MS)

uint32_t maar__alloc_wants;
pthread_mutex_t maar__trim_lock = PTHREAD_MUTEX_INITIALIZER; /* of what follows */

static bool running;
static uint32_t options_read, no_thread;
static int64_t decay_ns = DECAY_MS * NS_PER_MS;
static int64_t purged_at;
static uint32_t never; /* a futex that nobody wakes */

static void (*pressure)(size_t bytes, void *arg);
static void *pressure_arg;

/* ---- what the environment says ---- */

static void read_options(void)
{
	static const char *const yes_no[] = { "0", "1" };

	if (!maar__options_known() || !maar_a_cas(&options_read, 0, 1, RELAXED))
		return;
	decay_ns = (int64_t)(maar__option_number(MAAR__OPTION_DECAY, DECAY_MS) % 1000000000) * NS_PER_MS;
	maar_a_store(&no_thread, !maar__option_choice(MAAR__OPTION_IDLE, yes_no, 2, 1) || !decay_ns, RELAXED);
	if (maar__option(MAAR__OPTION_LIMIT))
		maar__space_limit(maar__option_number(MAAR__OPTION_LIMIT, UINT64_MAX), UINT64_MAX);
}

void maar__alloc_after_birth(void)
{
	if (maar_unlikely(!maar_a_load(&options_read, RELAXED)))
		read_options();
	maar__alloc_watch_forks();
}

/* For a program that allocated before there were any. */
static __attribute__((constructor)) void read_options_late(void)
{
	if (maar__alloc_has_begun() && !maar_a_load(&options_read, RELAXED))
		read_options();
}

/* ---- lanes ---- */

/* All lanes that nobody is at work in, twice: what goes from one to another arrives in the first round. */
static void empty_lanes(bool only_parked)
{
	struct maar__lane *lane;
	unsigned round;

	maar__alloc_lock(&maar__alloc_set.lock);
	maar__lanes_stop(&maar__alloc_set);
	for (round = 0; round < 2; round++) {
		for (lane = maar__alloc_set.lanes; lane; lane = lane->next) {
			struct maar__alloc_lane *l = (struct maar__alloc_lane *)(void *)lane;

			if (!maar_a_load(&lane->revoked, RELAXED) || (only_parked && !l->parked))
				continue;
			maar__alloc_drain(l);
			if (round == 1)
				maar__slab_sweep(l);
		}
	}
	maar__lanes_go_on(&maar__alloc_set);
	maar__alloc_unlock(&maar__alloc_set.lock);
}

/* Marks the lanes whose threads have not been here since the last time; false: there is none with something to give. */
static bool find_parked(void)
{
	struct maar__lane *lane;
	bool any = false;

	maar__alloc_lock(&maar__alloc_set.lock);
	for (lane = maar__alloc_set.lanes; lane; lane = lane->next) {
		struct maar__alloc_lane *l = (struct maar__alloc_lane *)(void *)lane;
		const uint64_t slow = maar_a_load(&l->slow, RELAXED);
		uint32_t handle;

		if (slow != l->seen) {
			l->parked = 0;
			l->seen = slow;
			continue;
		}
		any |= !l->parked || maar__inbox_first(&l->inbox, &handle) || maar_a_load(&l->inbox.spill, RELAXED);
		l->parked = 1;
	}
	maar__alloc_unlock(&maar__alloc_set.lock);
	return any;
}

size_t maar_alloc_trim(void)
{
	struct maar__alloc_visit v;
	size_t bytes;

	if (!maar__alloc_has_begun() || !maar__alloc_begin(&v))
		return 0;
	if (v.common) { /* then there is a lock that must not be had here */
		maar__alloc_end(&v);
		empty_lanes(false);
		maar__heaps_trim();
		return maar__space_purge(true);
	}
	maar__alloc_step_out(&v);
	maar__heaps_trim();
	empty_lanes(false);
	bytes = maar__space_purge(true);
	maar__alloc_step_in(&v);
	maar__alloc_end(&v);
	return bytes;
}

/* ---- limits ---- */

int maar_alloc_limit(size_t hard, size_t soft, void (*call)(size_t bytes, void *arg), void *arg)
{
	if (soft && !call)
		return -EINVAL;
	maar__alloc_lock(&maar__trim_lock);
	maar_a_store(&options_read, 1, RELAXED);
	pressure = call;
	pressure_arg = arg;
	maar__alloc_unlock(&maar__trim_lock);
	maar__space_limit(hard ? hard : UINT64_MAX, soft ? soft : UINT64_MAX);
	return 0;
}

static bool tell(void)
{
	void (*call)(size_t bytes, void *arg);
	void *arg;

	maar__alloc_lock(&maar__trim_lock);
	call = pressure;
	arg = pressure_arg;
	maar__alloc_unlock(&maar__trim_lock);
	if (call)
		call((size_t)maar__space_charged(), arg);
	return call != NULL;
}

bool maar__alloc_reclaim(unsigned tries)
{
	if (tries == 0)
		return maar__space_purge(true) || maar_alloc_trim() || tell();
	return tries == 1 && (maar_alloc_trim() || tell());
}

/* ---- the thread ---- */

static void *keep(void *arg)
{
	int64_t worked = maar__now();

	(void)arg;
	maar__alloc_lock(&maar__trim_lock);
	while (maar__now() - worked < STAY_NS) {
		size_t bytes;

		maar__alloc_unlock(&maar__trim_lock);
		(void)maar__futex_wait(&never, 0, maar__now() + decay_ns / 2, false);
		if (find_parked())
			empty_lanes(true);
		bytes = maar__space_purge(false);
		maar__alloc_lock(&maar__trim_lock);
		purged_at = maar__now();
		if (bytes || maar__space_free() > THREAD_ABOVE)
			worked = purged_at;
	}
	running = false;
	maar__alloc_unlock(&maar__trim_lock);
	return NULL;
}

static void start(void)
{
	pthread_t thread;
	bool mine;

	maar__alloc_lock(&maar__trim_lock);
	mine = !running && !maar_a_load(&no_thread, RELAXED);
	running |= mine;
	maar__alloc_unlock(&maar__trim_lock);
	if (!mine)
		return;
	if (maar__thread_start(&thread, keep, NULL) == 0) {
		pthread_detach(thread);
		return;
	}
	maar__alloc_lock(&maar__trim_lock);
	running = false;
	maar__alloc_unlock(&maar__trim_lock);
}

void maar__trim_thread_is_gone(void)
{
	running = false;
}

/* Without the thread: by whoever frees. */
static void purge_sometimes(void)
{
	const int64_t now = maar__now_coarse();
	bool due;

	if (pthread_mutex_trylock(&maar__trim_lock))
		return;
	due = decay_ns && now - purged_at >= decay_ns;
	if (due)
		purged_at = now;
	pthread_mutex_unlock(&maar__trim_lock);
	if (due)
		(void)maar__space_purge(false);
}

void maar__alloc_do_wants(void)
{
	uint32_t wants;

	do
		wants = maar_a_load(&maar__alloc_wants, RELAXED);
	while (!maar_a_cas(&maar__alloc_wants, wants, 0, RELAXED));
	if (wants & MAAR__WANT_TELL)
		(void)tell();
	if (wants & MAAR__WANT_PURGE)
		purge_sometimes();
	if (wants & MAAR__WANT_THREAD && maar__space_free() > THREAD_ABOVE)
		start();
}
