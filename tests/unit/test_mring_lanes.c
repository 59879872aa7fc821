/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The lanes of an mring: which thread has one, what it holds, and what becomes of it when the thread flushes, exits, or
 * outlives the mring.
 */
#include "slots.h"

#include "../../src/mring/mring_priv.h"
#include "../../src/mring/rcu.h"

#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* A thread that does what it is told, one order at a time, so that several threads' steps come in a fixed order. */
struct worker {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	void (*order)(void *arg); /* NULL: none; the worker clears it when it has done it */
	void *arg;
	bool quit;
};

static void *worker_life(void *arg)
{
	struct worker *w = arg;

	pthread_mutex_lock(&w->lock);
	while (!w->quit) {
		if (w->order) {
			w->order(w->arg);
			w->order = NULL;
			pthread_cond_broadcast(&w->changed);
		} else {
			pthread_cond_wait(&w->changed, &w->lock);
		}
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

static void worker_start(struct worker *w)
{
	memset(w, 0, sizeof(*w));
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->changed, NULL);
	w->thread = unit_thread(worker_life, w);
}

/* Returns when the worker has done it. */
static void worker_do(struct worker *w, void (*order)(void *), void *arg)
{
	pthread_mutex_lock(&w->lock);
	w->order = order;
	w->arg = arg;
	pthread_cond_broadcast(&w->changed);
	while (w->order)
		pthread_cond_wait(&w->changed, &w->lock);
	pthread_mutex_unlock(&w->lock);
}

static void worker_end(struct worker *w)
{
	pthread_mutex_lock(&w->lock);
	w->quit = true;
	pthread_cond_broadcast(&w->changed);
	pthread_mutex_unlock(&w->lock);
	unit_join(w->thread);
	pthread_cond_destroy(&w->changed);
	pthread_mutex_destroy(&w->lock);
}

/* One get and one put: enough to have a lane with something in it. */
static void touch(void *mring)
{
	void *slot = maar_mring_get(mring);

	ck_assert_ptr_nonnull(slot);
	unit_eq(maar_mring_put(mring, slot), 0);
}

static void *touch_thread(void *mring)
{
	touch(mring);
	return NULL;
}

static void flush(void *mring)
{
	maar_mring_flush(mring);
}

static void check_all_there(void *mring)
{
	slots_check_all_there(mring);
}

/* Lanes there are, and how many of them are a living thread's. */
static void check_lanes(const struct maar_mring *mring, size_t lanes, size_t in_threads)
{
	struct maar_mring_lane_stats each[64];
	size_t i, n = maar_mring_lanes(mring, each, COUNT_OF(each)), living = 0;

	unit_eq(n, lanes);
	for (i = 0; i < n; i++)
		living += each[i].in_thread;
	unit_eq(living, in_threads);
	unit_eq(maar_mring_lanes(mring, NULL, 0), lanes);
}

/* ---- how large a lane is ---- */

static const struct {
	size_t slots;
	struct maar_mring_options options;
	uint32_t lane_slots, batch;
} sizes[] = {
	{ 1, { .align = 0 }, 0, 1 },
	{ 127, { .align = 0 }, 0, 1 },
	{ 128, { .align = 0 }, 4, 2 },
	{ 1000, { .align = 0 }, 30, 15 }, /* 1000 / 32 = 31: two batches of 15 */
	{ 7936, { .align = 0 }, 248, 124 },
	{ 100000, { .align = 0 }, 248, 124 },
	{ 100000, { .no_lanes = 1 }, 0, 1 },
	{ 5, { .lane_slots = 2 }, 2, 1 },
	{ 5, { .lane_slots = 7 }, 6, 3 },
	{ 5, { .lane_slots = 248 }, 248, 124 },
	{ 1000, { .lane_slots = 100 }, 100, 50 },
};

START_TEST(lane_sizes)
{
	struct maar_mring *mring = slots_create(sizes[_i].slots, 64, &sizes[_i].options);
	struct maar_mring_stats s = slots_check_stats(mring, 0);

	unit_eq(s.lane_slots, sizes[_i].lane_slots);
	unit_eq(s.batch, sizes[_i].batch);
	unit_eq(s.lanes, 0);
	touch(mring);
	s = slots_check_stats(mring, 0);
	unit_eq(s.lanes, sizes[_i].lane_slots != 0);
	unit_must(s.in_lanes <= sizes[_i].lane_slots);
	slots_finish(mring);
}
END_TEST

/* ---- what a lane does ---- */

/* Batches of 4: when one is fetched, when one is handed over, and what the numbers say at each step. */
START_TEST(figures)
{
	const struct maar_mring_options options = { .lane_slots = 8 };
	struct maar_mring *mring = slots_create(100, 64, &options);
	struct maar_mring_lane_stats lane = { .cached = 99 };
	struct maar_mring_stats s;
	void *slots[9];
	uint32_t i;

	for (i = 0; i < 9; i++) {
		slots[i] = maar_mring_get(mring);
		s = slots_check_stats(mring, i + 1);
		unit_eq(maar_mring_lanes(mring, &lane, 1), 1);
		unit_eq(lane.fetched, i / 4 + 1);
		unit_eq(lane.handed, 0);
		unit_eq(lane.cached, 3 - i % 4);
		unit_eq(lane.in_thread, 1);
		unit_eq(s.in_lanes, lane.cached);
		unit_eq(s.high_water, (i / 4 + 1) * 4);
	}
	for (i = 0; i < 9; i++) {
		unit_eq(maar_mring_put(mring, slots[i]), 0);
		s = slots_check_stats(mring, 9 - i - 1);
		unit_eq(maar_mring_lanes(mring, &lane, 1), 1);
		/* 3 are there already; the ninth in it hands the older four over, and so does the thirteenth */
		unit_eq(lane.handed, i < 5 ? 0 : i < 9 ? 1 : 2);
		unit_eq(lane.cached, i < 5 ? 3 + i + 1 : 3 + i + 1 - 4);
	}
	unit_eq(lane.fetched, 3);
	unit_eq(s.high_water, 12);
	unit_eq(maar_mring_lanes(mring, &lane, 0), 1); /* writes none */
	slots_finish(mring);
}
END_TEST

/*
 * With N slots and T threads that idle, each with some in its lane, the N-th get succeeds, and no more. T = 1 .. 64, and then
 * the same without membarrier; by eights under a sanitizer, where a thread costs ten times as much.
 */
#define MOST   64
#define STRIDE (UNIT_SANITIZED ? 8 : 1)
START_TEST(nothing_is_stranded)
{
	static struct worker w[MOST];
	const unsigned which = (unsigned)_i * STRIDE + STRIDE - 1;
	const struct maar_mring_options options = { .lane_slots = 2 + 2 * (which % 9) };
	const size_t threads = which % MOST + 1, slots_each = 1 + options.lane_slots;
	struct maar_mring_stats s;
	struct maar_mring *mring;
	void **slots = calloc(threads * slots_each, sizeof(*slots));
	size_t i;

	ck_assert_ptr_nonnull(slots);
	if (which >= MOST)
		setenv("MAAR_NO_MEMBARRIER", "1", 1);
	mring = slots_create(threads * slots_each, 64, &options);
	for (i = 0; i < threads; i++)
		worker_start(&w[i]);
	for (i = 0; i < threads; i++)
		worker_do(&w[i], touch, mring);
	s = slots_check_stats(mring, 0);
	unit_must(s.in_lanes >= (threads > 1 ? threads : 1));
	unit_eq(slots_take_all(mring, slots), threads * slots_each);
	unit_eq(slots_check_stats(mring, (uint32_t)(threads * slots_each)).in_lanes, 0);
	slots_put_all(mring, slots, threads * slots_each);
	/* again in bulk, and by one of the others */
	unit_eq(maar_mring_get_bulk(mring, slots, threads * slots_each), threads * slots_each);
	slots_put_all(mring, slots, threads * slots_each);
	worker_do(&w[threads - 1], check_all_there, mring);
	for (i = 0; i < threads; i++)
		worker_end(&w[i]);
	slots_finish(mring);
	free(slots);
}
END_TEST

/* A thief's own figures, and the robbed one's. */
START_TEST(robbed_is_counted)
{
	const struct maar_mring_options options = { .lane_slots = 8 };
	struct maar_mring *mring = slots_create(8, 64, &options);
	struct maar_mring_lane_stats lanes[2];
	struct worker w;
	void *slot;

	worker_start(&w);
	worker_do(&w, check_all_there, mring); /* all eight are in its lane */
	unit_eq(slots_check_stats(mring, 0).in_lanes, 8);
	slot = maar_mring_get(mring); /* half of them, and one of those goes out */
	ck_assert_ptr_nonnull(slot);
	unit_eq(maar_mring_lanes(mring, lanes, 2), 2);
	unit_eq(lanes[0].cached, 3); /* ours is the newest */
	unit_eq(lanes[0].robbed, 0);
	unit_eq(lanes[1].cached, 4);
	unit_eq(lanes[1].robbed, 4);
	unit_eq(maar_mring_put(mring, slot), 0);
	worker_do(&w, check_all_there, mring);
	worker_end(&w);
	slots_finish(mring);
}
END_TEST

START_TEST(flush_gives_back)
{
	struct maar_mring *mring = slots_create(1000, 64, NULL), *none = slots_create(10, 64, NULL);
	struct worker w;

	maar_mring_flush(mring); /* no lane yet */
	touch(mring);
	check_lanes(mring, 1, 1);
	maar_mring_flush(mring);
	check_lanes(mring, 1, 0);
	maar_mring_flush(mring);
	check_lanes(mring, 1, 0);
	worker_start(&w);
	worker_do(&w, check_all_there, mring); /* adopts the lane */
	check_lanes(mring, 1, 1);
	touch(mring); /* a lane of our own again */
	check_lanes(mring, 2, 2);
	worker_do(&w, flush, mring);
	check_lanes(mring, 2, 1);
	slots_check_all_there(mring);
	worker_end(&w);
	touch(none);
	maar_mring_flush(none);
	slots_finish(none);
	slots_finish(mring);
}
END_TEST

/* Lanes that nobody has are given back by shrink with what they hold; others stay. */
START_TEST(shrink_frees_idle_lanes)
{
	struct maar_mring_options options = { .lane_slots = 20, .track = _i ? MAAR_TRACK_CHECKED : 0 };
	struct maar_mring *mring = slots_create(1000, 64, &options);
	struct worker w[3];
	size_t i, round;

	for (round = 0; round < 3; round++) {
		for (i = 0; i < COUNT_OF(w); i++) {
			worker_start(&w[i]);
			worker_do(&w[i], touch, mring);
		}
		check_lanes(mring, 3, 3);
		(void)maar_mring_shrink(mring);
		check_lanes(mring, 3, 3);
		worker_do(&w[0], touch, mring); /* its lane is as good as new */
		worker_end(&w[0]);
		worker_do(&w[1], flush, mring);
		check_lanes(mring, 3, 1);
		(void)maar_mring_shrink(mring);
		check_lanes(mring, 1, 1);
		worker_do(&w[1], touch, mring); /* a new one */
		check_lanes(mring, 2, 2);
		slots_check_all_there(mring);
		maar_mring_flush(mring);
		worker_end(&w[1]);
		worker_end(&w[2]);
		check_lanes(mring, 3, 0);
		slots_check_stats(mring, 0);
		(void)maar_mring_shrink(mring);
		check_lanes(mring, 0, 0);
		slots_check_all_there(mring); /* made anew */
		maar_mring_flush(mring);
		check_lanes(mring, 1, 0);
	}
	slots_finish(mring);
}
END_TEST

/* What inline get and put pass on, called as they would: with a lane and without, whatever is in it. */
START_TEST(passed_on)
{
	struct maar_mring *mring = slots_create(300, 64, NULL);
	void *slots[301];
	size_t n;

	ck_assert_ptr_nonnull(maar__thread_lanes); /* also of a thread that has none */
	for (n = 0; (slots[n] = maar__mring_get_slow(mring)) != NULL; n++)
		slots_check_stats(mring, (uint32_t)n + 1);
	unit_eq(n, 300);
	while (n)
		unit_eq(maar__mring_put_slow(mring, slots[--n]), 0);
	slots_check_stats(mring, 0);
	slots_finish(mring);
}
END_TEST

/* ---- thread exit ---- */

/* An exiting thread's lane goes to the idle ones, where all can get its slots, and the next thread takes it over. */
START_TEST(exit_gives_back)
{
	struct maar_mring *mring = slots_create(1000, 64, NULL);
	int i;

	for (i = 0; i < 100; i++) {
		unit_in_thread(touch_thread, mring);
		check_lanes(mring, 1, 0);
		unit_must(slots_check_stats(mring, 0).in_lanes > 0);
	}
	slots_finish(mring); /* this thread adopts it too, if it is no longer empty */
}
END_TEST

/* Several threads at once leave several lanes; a thread with a lane of its own gets at all of them. */
START_TEST(idle_lanes_are_in_sight)
{
	struct maar_mring *mring = slots_create(1000, 64, NULL);
	struct worker w[8];
	size_t i;

	touch(mring);
	for (i = 0; i < COUNT_OF(w); i++) {
		worker_start(&w[i]);
		worker_do(&w[i], touch, mring);
		check_lanes(mring, i + 2, i + 2);
	}
	for (i = 0; i < COUNT_OF(w); i++) {
		worker_end(&w[i]);
		check_lanes(mring, 9, 8 - i);
	}
	slots_check_all_there(mring);
	check_lanes(mring, 9, 1);
	/* nine threads to come make no tenth lane */
	maar_mring_flush(mring);
	for (i = 0; i < COUNT_OF(w); i++) {
		worker_start(&w[i]);
		worker_do(&w[i], touch, mring);
	}
	touch(mring);
	check_lanes(mring, 9, 9);
	for (i = 0; i < COUNT_OF(w); i++)
		worker_end(&w[i]);
	slots_finish(mring);
}
END_TEST

static pthread_key_t late_key;

/* Runs at thread exit, before or after maar's own hook, and uses the mring once more. */
static void late_touch(void *mring)
{
	touch(mring);
}

static void *exit_with_late_touch(void *mring)
{
	unit_eq(pthread_setspecific(late_key, mring), 0);
	touch(mring);
	return NULL;
}

/* _i = 0: the user's key is older than maar's, 1: younger. Destructors run in either order. */
START_TEST(use_in_thread_exit)
{
	struct maar_mring *mring = slots_create(1000, 64, NULL);
	int round;

	if (_i == 1) {
		touch(mring); /* maar makes its key at the first lane */
		maar_mring_flush(mring);
	}
	unit_eq(pthread_key_create(&late_key, late_touch), 0);
	for (round = 0; round < 20; round++)
		unit_in_thread(exit_with_late_touch, mring);
	check_lanes(mring, 1, 0);
	unit_eq(pthread_key_delete(late_key), 0);
	slots_finish(mring);
}
END_TEST

/* ---- threads that outlive an mring ---- */

/* The worker keeps a stale entry for the dead mring; a new one with the same id must not be taken for it. */
START_TEST(mring_dies_under_thread)
{
	struct maar_mring *mring, *other = slots_create(1000, 64, NULL);
	struct worker w;
	int round;

	worker_start(&w);
	for (round = 0; round < 50; round++) {
		mring = slots_create(1000, 64, NULL); /* the id of the one before */
		worker_do(&w, touch, mring);
		check_lanes(mring, 1, 1);
		if (round % 2) {
			touch(mring);
			check_lanes(mring, 2, 2);
		}
		unit_eq(maar_mring_destroy(mring), 0);
		worker_do(&w, touch, other);
	}
	/* one that the worker never used, made and destroyed after its last: exit must leave it alone */
	mring = slots_create(1000, 64, NULL);
	worker_end(&w);
	check_lanes(mring, 0, 0);
	slots_finish(mring);
	slots_finish(other);
}
END_TEST

/* Flush of an mring whose id belonged to another when this thread got its lane. */
START_TEST(flush_after_reuse)
{
	struct maar_mring *mring = slots_create(1000, 64, NULL);

	touch(mring);
	unit_eq(maar_mring_destroy(mring), 0);
	mring = slots_create(1000, 64, NULL);
	maar_mring_flush(mring);
	check_lanes(mring, 0, 0);
	touch(mring);
	check_lanes(mring, 1, 1);
	slots_finish(mring);
}
END_TEST

/* Threads exit at the moment when the mring that they used is destroyed: the exit hook must not meet freed memory. */
static unsigned touched, go;

static void *touch_and_exit(void *mring)
{
	touch(mring);
	__atomic_fetch_add(&touched, 1, __ATOMIC_RELEASE);
	while (!__atomic_load_n(&go, __ATOMIC_ACQUIRE))
		pace_yield();
	return NULL;
}

START_TEST(exit_during_destroy)
{
	pthread_t thread[3];
	size_t i;
	int round;

	for (round = 0; round < 200; round++) {
		struct maar_mring *mring = slots_create(1000, 64, NULL), *stays = slots_create(1000, 64, NULL);

		touched = go = 0;
		for (i = 0; i < COUNT_OF(thread); i++)
			thread[i] = unit_thread(touch_and_exit, mring);
		while (__atomic_load_n(&touched, __ATOMIC_ACQUIRE) < COUNT_OF(thread))
			pace_yield();
		__atomic_store_n(&go, 1, __ATOMIC_RELEASE);
		if (round % 2)
			pace_yield();
		unit_eq(maar_mring_destroy(mring), 0);
		for (i = 0; i < COUNT_OF(thread); i++)
			unit_join(thread[i]);
		slots_finish(stays);
	}
}
END_TEST

/* The same, with the window held open: a thread inside the hook's read-side section must be waited for. */
struct reader {
	struct maar__mring *mring;
	unsigned inside, destroying, destroyed;
};

static void *read_side(void *arg)
{
	const struct timespec long_enough = { 0,
					      50 * 1000 * 1000 }; /* for a destroy that waits for nobody to be done */
	struct reader *r = arg;
	const uint64_t serial = r->mring->serial;
	struct maar__mring *found;

	maar__rcu_read_lock();
	found = maar__registry_find(r->mring->id, serial);
	unit_must(found == r->mring);
	__atomic_store_n(&r->inside, 1, __ATOMIC_RELEASE);
	while (!__atomic_load_n(&r->destroying, __ATOMIC_ACQUIRE))
		pace_yield();
	nanosleep(&long_enough, NULL);
	unit_eq(__atomic_load_n(&r->destroyed, __ATOMIC_ACQUIRE), 0);
	unit_must(found->serial == serial); /* still there, though no longer to be found by others */
	maar__rcu_read_unlock();
	return NULL;
}

START_TEST(destroy_waits_for_readers)
{
	struct maar_mring *mring = slots_create(1000, 64, NULL);
	struct reader r = { .mring = maar__mring_of(mring) };
	pthread_t thread = unit_thread(read_side, &r);

	while (!__atomic_load_n(&r.inside, __ATOMIC_ACQUIRE))
		pace_yield();
	__atomic_store_n(&r.destroying, 1, __ATOMIC_RELEASE);
	unit_eq(maar_mring_destroy(mring), 0);
	__atomic_store_n(&r.destroyed, 1, __ATOMIC_RELEASE);
	unit_join(thread);
}
END_TEST

/* A fork while a thread is on the read side, which the child does not have: the child's own mrings come and go all the same. */
struct sleeper {
	unsigned inside, leave;
};

static void *sleep_on_read_side(void *arg)
{
	struct sleeper *s = arg;

	maar__rcu_read_lock();
	__atomic_store_n(&s->inside, 1, __ATOMIC_RELEASE);
	while (!__atomic_load_n(&s->leave, __ATOMIC_ACQUIRE))
		pace_yield();
	maar__rcu_read_unlock();
	return NULL;
}

START_TEST(fork_beside_a_reader)
{
	struct maar_mring *mine = slots_create(1000, 64, NULL);
	struct sleeper s = { 0, 0 };
	pthread_t thread = unit_thread(sleep_on_read_side, &s);
	int status = -1;
	pid_t child;

	while (!__atomic_load_n(&s.inside, __ATOMIC_ACQUIRE))
		pace_yield();
	child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0) {
		struct maar_mring *own = maar_mring_create(1000, 64, NULL);
		void *slot = own ? maar_mring_get(own) : NULL;

		_exit(!slot || maar_mring_put(own, slot) || maar_mring_destroy(own));
	}
	unit_eq(waitpid(child, &status, 0), child);
	unit_eq(status, 0);
	__atomic_store_n(&s.leave, 1, __ATOMIC_RELEASE);
	unit_join(thread);
	unit_eq(maar_mring_destroy(mine), 0);
}
END_TEST

/* ---- slots between threads ---- */

#define MOVES 20000

struct mover {
	struct maar_mring *mring;
	uint64_t stream;
};

/* Holds up to 60 slots at a time, each marked as its own; a slot that two threads hold shows, and to TSan as a race. */
static void *move(void *arg)
{
	const struct mover *mover = arg;
	struct unit_rng rng = unit_rng(mover->stream);
	uint64_t *held[60];
	size_t n = 0, i;
	int step;

	for (step = 0; step < MOVES; step++) {
		const size_t many = 1 + (size_t)unit_random_below(&rng, 8);

		if (unit_random_below(&rng, 2) && n + many <= COUNT_OF(held)) {
			if (many == 1) {
				held[n] = maar_mring_get(mover->mring);
				i = n + (held[n] != NULL);
			} else {
				i = n + maar_mring_get_bulk(mover->mring, (void **)(held + n), many);
			}
			for (; n < i; n++)
				*held[n] = mover->stream;
		} else if (n) {
			unit_eq(*held[n - 1], mover->stream);
			*held[n - 1] = 0;
			unit_eq(maar_mring_put(mover->mring, held[--n]), 0);
		}
		if (step % 1000 == 999)
			maar_mring_flush(mover->mring);
	}
	while (n) {
		unit_eq(*held[n - 1], mover->stream);
		unit_eq(maar_mring_put(mover->mring, held[--n]), 0);
	}
	return NULL;
}

static const struct maar_mring_options crowds[] = {
	{ .no_lanes = 1 }, { .lane_slots = 2 }, { .lane_slots = 9 }, { .lane_slots = 248 }
};

/* Four threads that want 240 slots of 150: often there is none. At the end nothing is lost, nothing is there twice. */
START_TEST(crowd)
{
	const struct maar_mring_options *options = &crowds[_i % COUNT_OF(crowds)];
	struct maar_mring *mring;
	struct mover movers[4];
	pthread_t thread[4];
	struct maar_mring_stats s;
	size_t i;

	if (_i >= (int)COUNT_OF(crowds))
		setenv("MAAR_NO_MEMBARRIER", "1", 1);
	mring = slots_create(150, 64, options);
	for (i = 0; i < COUNT_OF(thread); i++) {
		movers[i] = (struct mover){ mring, i + 1 };
		thread[i] = unit_thread(move, &movers[i]);
	}
	for (i = 0; i < 1000; i++) { /* observers run along, and stay within bounds */
		unit_eq(maar_mring_stats(mring, &s), 0);
		unit_must(s.in_use + s.in_lanes + s.in_shared == s.slots);
		maar_mring_lanes(mring, NULL, 0);
		pace_yield();
	}
	for (i = 0; i < COUNT_OF(thread); i++)
		unit_join(thread[i]);
	check_lanes(mring, options->no_lanes ? 0 : slots_check_stats(mring, 0).lanes, 0);
	unit_must(slots_check_stats(mring, 0).lanes <= COUNT_OF(thread));
	slots_finish(mring);
}
END_TEST

/* One thread gets, another puts: slots flow back through the shared ring, far more than there are. */
static void get_one(void *arg)
{
	void **box = arg;

	box[1] = maar_mring_get(box[0]);
	ck_assert_ptr_nonnull(box[1]);
}

START_TEST(one_gets_another_puts)
{
	struct maar_mring *mring = slots_create(128, 64, NULL);
	struct worker w;
	int i;

	worker_start(&w);
	for (i = 0; i < 1000; i++) {
		void *box[2] = { mring, NULL };

		worker_do(&w, get_one, box);
		slots_check_stats(mring, 1);
		unit_eq(maar_mring_put(mring, box[1]), 0);
	}
	worker_end(&w);
	check_lanes(mring, 2, 1);
	slots_finish(mring);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("mring lanes");
	TCase *lane = unit_tcase(suite, "lane"), *end = unit_tcase(suite, "thread exit");
	TCase *stale = unit_tcase(suite, "mring dies"), *between = unit_tcase(suite, "between threads");

	tcase_add_loop_test(lane, lane_sizes, 0, (int)COUNT_OF(sizes));
	tcase_add_test(lane, figures);
	tcase_add_loop_test(lane, nothing_is_stranded, 0, 2 * MOST / STRIDE);
	tcase_add_test(lane, robbed_is_counted);
	tcase_add_test(lane, flush_gives_back);
	tcase_add_loop_test(lane, shrink_frees_idle_lanes, 0, 2);
	tcase_add_test(lane, passed_on);
	tcase_add_test(end, exit_gives_back);
	tcase_add_test(end, idle_lanes_are_in_sight);
	tcase_add_loop_test(end, use_in_thread_exit, 0, 2);
	tcase_add_test(stale, mring_dies_under_thread);
	tcase_add_test(stale, flush_after_reuse);
	tcase_add_test(stale, exit_during_destroy);
	tcase_add_test(stale, destroy_waits_for_readers);
	tcase_add_test(stale, fork_beside_a_reader);
	tcase_add_loop_test(between, crowd, 0, 2 * (int)COUNT_OF(crowds));
	tcase_add_test(between, one_gets_another_puts);
	return suite;
}
