/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * One call, stopped for a while at each of its points in turn, and how much the others get done meanwhile: for test_stall.
 */
#include "../unit/common.h"
#include "stall.h"

#include "../../src/base/sleep.h"

#include <semaphore.h>
#include <time.h>

/* Seconds after which the others are taken to be stalled for good: they need milliseconds. */
#define PATIENCE 100

/* Further points are skipped, one in so many of those passed. */
#define SPREAD 16

struct other {
	struct stall *s;
	pthread_t thread;
	unsigned id;
	uint64_t done
		__attribute__((aligned(128))); /* written by it alone; its own line, for it is counted all the time */
};

struct stall {
	const struct stall_case *c;
	void *world;
	unsigned others, point;
	uint64_t operations; /* of each; 0: measured */
	unsigned phase;	     /* odd: they work; even: they wait, and have said so */
	unsigned finished;   /* others that have done theirs */
	unsigned gone;	     /* 1: the others may end */
	bool reached;	     /* the victim stands at the point; else it has returned */
	sem_t settled, idle, prepared, call, stands, resume;
};

static struct stall *now; /* for the hook */

static void need(sem_t *sem)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += PATIENCE;
	while (sem_timedwait(sem, &until))
		if (errno != EINTR)
			ck_abort_msg("%s, stopped at point %u: the others do not go on", now->c->name, now->point);
}

static void stop_here(void)
{
	now->reached = true;
	sem_post(&now->stands);
	while (sem_wait(&now->resume))
		;
}

static void *victim(void *arg)
{
	struct stall *s = arg;

	maar__fuzz_calm = 1;
	s->c->ready(s->world);
	sem_post(&s->prepared);
	while (sem_wait(&s->call))
		;
	maar__fuzz_left = s->point + 1;
	s->c->call(s->world);
	s->point = maar__fuzz_left ? (unsigned)(s->point + 1 - maar__fuzz_left) : s->point;
	maar__fuzz_left = 0;
	if (!s->reached)
		sem_post(&s->stands);
	s->c->after(s->world);
	return NULL;
}

static void next_phase(struct stall *s)
{
	__atomic_fetch_add(&s->phase, 1, __ATOMIC_ACQ_REL);
}

static void *other(void *arg)
{
	struct other *me = arg;
	struct stall *s = me->s;
	bool finished = false;
	unsigned said = 0;

	maar__fuzz_calm = 1;
	s->c->settle(s->world, me->id);
	sem_post(&s->settled);
	while (!__atomic_load_n(&s->gone, __ATOMIC_ACQUIRE)) {
		const unsigned phase = __atomic_load_n(&s->phase, __ATOMIC_ACQUIRE);

		if (phase % 2 == 0) {
			if (phase != said)
				sem_post(&s->idle);
			said = phase;
			pace_yield();
			continue;
		}
		if (s->c->work(s->world, me->id))
			__atomic_store_n(&me->done, me->done + 1, __ATOMIC_RELAXED);
		else
			pace_yield();
		/* Who has done all goes on for those who need it. */
		if (!finished && s->operations && me->done >= s->operations) {
			finished = true;
			if (__atomic_add_fetch(&s->finished, 1, __ATOMIC_ACQ_REL) == s->others)
				next_phase(s);
		}
	}
	s->c->leave(s->world, me->id);
	return NULL;
}

static void all_idle(struct stall *s)
{
	unsigned i;

	for (i = 0; i < s->others; i++)
		need(&s->idle);
}

static uint64_t done_by(const struct other *others, unsigned n)
{
	uint64_t sum = 0;
	unsigned i;

	for (i = 0; i < n; i++)
		sum += __atomic_load_n(&others[i].done, __ATOMIC_RELAXED);
	return sum;
}

/* What the others do in a window. */
static double measure(struct stall *s, const struct other *others, int64_t window_ns)
{
	const struct timespec window = { window_ns / 1000000000, window_ns % 1000000000 };
	int64_t from;
	uint64_t before;
	double rate;

	next_phase(s);
	from = maar__now();
	before = done_by(others, s->others);
	nanosleep(&window, NULL);
	rate = (double)(done_by(others, s->others) - before) / (double)(maar__now() - from);
	next_phase(s);
	all_idle(s);
	return rate;
}

static void start(struct stall *s, struct other *others, pthread_t *the_victim)
{
	unsigned i;

	s->world = s->c->make(s->c, s->others);
	for (i = 0; i < s->others; i++) {
		others[i] = (struct other){ .s = s, .id = i };
		others[i].thread = unit_thread(other, &others[i]);
	}
	for (i = 0; i < s->others; i++)
		need(&s->settled);
	*the_victim = unit_thread(victim, s);
	need(&s->prepared);
}

static void finish(struct stall *s, struct other *others, pthread_t the_victim)
{
	unsigned i;

	sem_post(&s->resume);
	unit_join(the_victim);
	__atomic_store_n(&s->gone, 1, __ATOMIC_RELEASE);
	for (i = 0; i < s->others; i++)
		unit_join(others[i].thread);
	s->c->end(s->world);
}

/* The call from the beginning, up to point k; false if it has fewer, and *points says how many. */
static bool stop_at(const struct stall_case *c, unsigned others_count, unsigned k, uint64_t operations,
		    int64_t window_ns, double *ratio, unsigned *points)
{
	struct stall s = { .c = c, .others = others_count, .point = k, .operations = operations };
	struct other others[STALL_MOST_OTHERS];
	double undisturbed = 0;
	pthread_t the_victim;
	sem_t *const sems[] = { &s.settled, &s.idle, &s.prepared, &s.call, &s.stands, &s.resume };
	size_t i;

	for (i = 0; i < COUNT_OF(sems); i++)
		sem_init(sems[i], 0, 0);
	now = &s;
	maar__fuzz_stop = stop_here;
	start(&s, others, &the_victim);
	if (window_ns)
		undisturbed = measure(&s, others, window_ns);
	sem_post(&s.call);
	need(&s.stands);
	if (s.reached && window_ns) {
		*ratio = measure(&s, others, window_ns) / undisturbed;
	} else if (s.reached) {
		next_phase(&s);
		all_idle(&s);
		if (c->judge)
			c->judge(s.world);
	}
	finish(&s, others, the_victim);
	*points = s.point;
	for (i = 0; i < COUNT_OF(sems); i++)
		sem_destroy(sems[i]);
	return s.reached;
}

void stall_sweep(const struct stall_case *c, unsigned others, uint64_t operations, int64_t window_ns, unsigned dense,
		 struct stall_found *found)
{
	unsigned points, k;
	double ratio = 1, sum = 0;

	*found = (struct stall_found){ .least = 1e9 };
	stop_at(c, others, 1u << 30, operations, 0, &ratio, &found->points);
	for (k = 0; stop_at(c, others, k, operations, window_ns, &ratio, &points);
	     k += k < dense || k + dense >= found->points ? 1 : 1 + (k - dense) / SPREAD) {
		found->stops++;
		sum += ratio;
		if (ratio < found->least) {
			found->least = ratio;
			found->worst = k;
		}
	}
	found->ratio = found->stops ? sum / found->stops : 0;
	ck_assert_msg(found->stops > 0, "%s: no point to stop at", c->name);
}
