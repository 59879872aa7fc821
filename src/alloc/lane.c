/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Which lane is this thread's. It gets one with its first call, an ended thread's or a new one, and gives it back, with all
 * that is in it, when it ends; calls that come later still, and threads for which there is none, go by a common lane under
 * a lock. So do all threads where the system has no membarrier, for then no lane could be taken away, and where a tool
 * watches (watch.c).
 */
#include "alloc_priv.h"

#include <errno.h>
#include <signal.h>

/* How often a thread looks whether somebody has left its lane, before it goes by the common one: about a microsecond. */
#define REVOKED_LOOKS 32

/* Lanes that are nobody's: revoked for ever, so that each call with them takes the long way. */
static struct nobody {
	struct maar__lane head;
	unsigned char *base;
	uint64_t units;
	uint32_t *unit;
	struct maar__slab *slab;
	uint32_t owner, id, kind;
} __attribute__((aligned(MAAR_APART))) nobody[2] = {
	{ .head = { .revoked = 1 }, .id = UINT32_MAX, .kind = MAAR__LANE_NONE },
	{ .head = { .revoked = 1 }, .id = UINT32_MAX, .kind = MAAR__LANE_GONE },
};
MAAR_STATIC_ASSERT(offsetof(struct nobody, kind) == offsetof(struct maar__alloc_lane, kind), "the beginning of a lane");
#define NONE ((struct maar__alloc_lane *)(void *)&nobody[0])
#define GONE ((struct maar__alloc_lane *)(void *)&nobody[1])

__thread struct maar__alloc_lane *maar__alloc_mine __attribute__((tls_model("initial-exec"))) = NONE;

struct maar__lane_set maar__alloc_set = { .lock = PTHREAD_MUTEX_INITIALIZER };
pthread_mutex_t maar__alloc_common_lock = PTHREAD_MUTEX_INITIALIZER;
struct maar__alloc_lane *maar__alloc_common;

pthread_mutex_t maar__alloc_begin_lock = PTHREAD_MUTEX_INITIALIZER;
static uint32_t begun; /* 1: there is all that any call needs */
static pthread_key_t exit_key;
static bool have_key;

/* ---- the table of lanes, by their ids; entries stay for ever ---- */

static struct maar__alloc_lane **lanes; /* of MAAR__LANES_MOST + 1 */
static uint32_t lanes_made;

struct maar__alloc_lane *maar__alloc_lane(uint32_t id)
{
	return id <= MAAR__LANES_MOST ? maar_a_load(&lanes[id], ACQUIRE) : NULL; /* A:alloc.lane */
}

uint32_t maar__alloc_lanes(void)
{
	return maar_a_load(&lanes_made, RELAXED);
}

static size_t lane_bytes(void)
{
	return (sizeof(struct maar__alloc_lane) + MAAR_APART - 1) / MAAR_APART * MAAR_APART;
}

/*
 * Where in its page a lane begins. Each call stores to its first word, which is not to be taken for another page's word that the
 * call after it loads (SLAB_AT of space.c): an entry of the table of units, of which low ones are in use.
 */
#define LANE_AT 2560
MAAR_STATIC_ASSERT(LANE_AT % MAAR_APART == 0, "a lane's alignment");

struct maar__alloc_lane *maar__alloc_lane_make(uint32_t kind)
{
	struct maar__alloc_lane *lane;
	const uint32_t id = lanes_made + 1;
	unsigned char *at;

	if (id > MAAR__LANES_MOST)
		return NULL;
	at = maar__map_sparse(LANE_AT + lane_bytes() + maar__inbox_bytes());
	if (!at)
		return NULL;
	lane = (struct maar__alloc_lane *)(void *)(at + LANE_AT);
	lane->base = maar__space.base;
	lane->units = maar__space.units;
	lane->unit = maar__space.unit;
	lane->slab = maar__space.slab;
	lane->owner = id << MAAR__OWNER_SHIFT;
	lane->id = id;
	lane->kind = kind;
	maar__inbox_init(&lane->inbox, (unsigned char *)lane + lane_bytes());
	maar__slab_none(lane);
	maar_a_store(&lanes[id], lane, RELEASE); /* R:alloc.lane */
	maar_a_store(&lanes_made, id, RELAXED);
	return lane;
}

static struct maar__lane *make(void *arg)
{
	struct maar__alloc_lane *lane = maar__alloc_lane_make(MAAR__LANE_THREAD);

	(void)arg;
	return lane ? &lane->head : NULL;
}

/* ---- birth and exit ---- */

static void retire(struct maar__alloc_lane *lane)
{
	maar__lanes_retire(&maar__alloc_set, &lane->head);
}

static void at_thread_exit(void *arg)
{
	struct maar__alloc_lane *lane = arg;
	struct maar__alloc_visit v;
	sigset_t all, before;

	if (maar__alloc_begin(&v)) {
		maar__batch_flush_all(v.lane);
		maar__alloc_end(&v);
	}
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	maar__alloc_mine = GONE;
	retire(lane);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* What the first call of all makes. Signals are blocked. */
static int begin(void)
{
	int rc = 0;

	maar__alloc_lock(&maar__alloc_begin_lock);
	if (!begun) {
		if (!lanes)
			lanes = maar__map_sparse((MAAR__LANES_MOST + 1) * sizeof(lanes[0]));
		rc = lanes ? 0 : -ENOMEM;
		if (!rc && !maar__space.units)
			rc = maar__space_begin();
		if (!rc && !maar__alloc_common) {
			pthread_mutex_lock(&maar__alloc_set.lock);
			maar__alloc_common = maar__alloc_lane_make(MAAR__LANE_COMMON);
			if (maar__alloc_common) {
				maar__alloc_common->head.in_thread = 1; /* of whoever has the lock */
				maar__alloc_set.lanes = &maar__alloc_common->head;
			}
			pthread_mutex_unlock(&maar__alloc_set.lock);
			rc = maar__alloc_common ? 0 : -ENOMEM;
		}
		if (!rc) {
			maar__alloc_set.light = maar__membarrier_register();
			have_key = have_key || maar__key_create(&exit_key, at_thread_exit) == 0;
			maar_a_store(&begun, 1, RELEASE); /* R:alloc.begun */
		}
	}
	maar__alloc_unlock(&maar__alloc_begin_lock);
	return rc;
}

bool maar__alloc_has_begun(void)
{
	return maar_a_load(&begun, ACQUIRE); /* A:alloc.begun */
}

/* This thread's first call. Its lane, or GONE; NULL: no memory to begin with. */
static struct maar__alloc_lane *attach(void)
{
	struct maar__alloc_lane *lane = NULL;
	sigset_t all, before;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	if (!maar__alloc_has_begun())
		maar__watch_begin();
	rc = maar__alloc_has_begun() ? 0 : begin();
	if (!rc && have_key && maar__alloc_set.light && !maar__watched())
		lane = (struct maar__alloc_lane *)(void *)maar__lanes_adopt(&maar__alloc_set, make, NULL);
	if (lane) {
		maar__alloc_mine = lane;
		/* May allocate, if the key is beyond the first 32: that goes by the lane. */
		if (pthread_setspecific(exit_key, lane)) {
			maar__alloc_mine = GONE;
			retire(lane);
			lane = NULL;
		}
	}
	if (!rc && !lane)
		maar__alloc_mine = lane = GONE;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!rc)
		maar__alloc_after_birth();
	return lane;
}

/* ---- one call ---- */

static void enter_common(struct maar__alloc_visit *v)
{
	sigset_t all;
	uint32_t was;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &v->before); /* no handler may want the lock that we have */
	maar__alloc_lock(&maar__alloc_common_lock);
	v->common = true;
	v->lane = maar__alloc_common;
	while (!maar__alloc_enter(v->lane, &was)) {
		maar__alloc_back(v->lane, 0);
		/* Who revokes lanes has this lock until it is done. */
		maar__alloc_lock(&maar__alloc_set.lock);
		maar__alloc_unlock(&maar__alloc_set.lock);
	}
}

bool maar__alloc_begin(struct maar__alloc_visit *v)
{
	struct maar__alloc_lane *lane = maar__alloc_mine;
	unsigned looks;
	uint32_t was;

	v->common = false;
	if (maar_unlikely(lane->kind == MAAR__LANE_NONE))
		lane = attach();
	v->lane = lane;
	if (!lane)
		return false;
	for (looks = 0; lane->kind == MAAR__LANE_THREAD && looks < REVOKED_LOOKS; looks++) {
		if (maar_likely(maar__alloc_enter(lane, &was)))
			return true;
		maar__alloc_back(lane, was);
		if (was)
			return false;
		maar_cpu_relax();
	}
	enter_common(v);
	return true;
}

void maar__alloc_end(struct maar__alloc_visit *v)
{
	maar__alloc_back(v->lane, 0);
	if (v->common) {
		maar__alloc_unlock(&maar__alloc_common_lock);
		pthread_sigmask(SIG_SETMASK, &v->before, NULL);
	}
}

void maar__alloc_step_out(struct maar__alloc_visit *v)
{
	maar__alloc_back(v->lane, v->common ? 0 : MAAR__LANE_INSIDE);
}

void maar__alloc_step_in(struct maar__alloc_visit *v)
{
	uint32_t was;

	for (;;) {
		(void)maar__alloc_enter(v->lane, &was);
		if (!maar_a_load(&v->lane->head.revoked, ACQUIRE)) /* A:lane.revoked */
			return;
		maar__alloc_step_out(v);
		maar__alloc_lock(&maar__alloc_set.lock);
		maar__alloc_unlock(&maar__alloc_set.lock);
	}
}
