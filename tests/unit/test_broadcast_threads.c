/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Broadcast rings under threads: joined readers that stay, joined readers that come and go, watchers that are
 * overtaken, and threads that ask for the newest, beside one to four producers. Every message is whole; a joined reader
 * misses none from its first on; what a watcher has got and missed adds up.
 */
#include "broadcast_modes.h"


#define WORDS 5 /* of an element: which message, and four that depend on it */

/* Messages of a run, by all producers. ThreadSanitizer makes each several times as slow. */
#define MESSAGES (UNIT_SANITIZED ? 48000u : 120000u)

/* A message is numbered by its producer, above, and by how many that has sent before. */
#define PRODUCER_SHIFT 40
#define PRODUCERS_MOST 4

struct run {
	const char *name;
	unsigned flags;
	size_t capacity;
	unsigned producers, stayers, visitors, watchers, askers;
};

static const struct run runs[] = {
	{ "one to one", 0, 64, 1, 1, 0, 0, 0 },
	{ "one to one, one cell", 0, 1, 1, 1, 0, 0, 0 },
	{ "one to four", 0, 16, 1, 4, 0, 0, 0 },
	{ "one to all kinds", 0, 16, 1, 2, 2, 2, 1 },
	{ "one to visitors", 0, 8, 1, 0, 4, 1, 0 },
	{ "one to watchers", 0, 64, 1, 0, 0, 4, 2 },
	{ "one to a watcher, two cells", 0, 2, 1, 0, 0, 1, 1 },
	{ "in place, to visitors", MAAR_BROADCAST_IN_PLACE, 8, 1, 0, 4, 0, 0 },
	{ "in place, to all kinds", MAAR_BROADCAST_IN_PLACE, 4, 1, 1, 3, 0, 0 },
	{ "four to two", MAAR_BROADCAST_MP, 32, 4, 2, 0, 0, 0 },
	{ "three to all kinds", MAAR_BROADCAST_MP, 16, 3, 1, 2, 1, 1 },
	{ "four to watchers", MAAR_BROADCAST_MP, 64, 4, 0, 0, 3, 1 },
	{ "two to visitors, two cells", MAAR_BROADCAST_MP, 2, 2, 0, 3, 1, 0 },
};

struct shared {
	const struct run *run;
	struct maar_broadcast *ring;
	uint64_t each; /* messages of a producer */
	unsigned producing;
	unsigned waiting; /* readers that are not ready yet: nobody publishes before */
	uint64_t gaps, visits;
};

struct role {
	struct shared *shared;
	unsigned number;
};

static void fill_message(uint64_t *element, uint64_t number)
{
	size_t i;

	element[0] = number;
	for (i = 1; i < WORDS; i++)
		element[i] = word_of(number, i);
}

/* Whole, and in its producer's order; `next` has one entry a producer, ~0 before its first. Returns 1. */
static int check_message(const uint64_t *element, uint64_t *next, bool gapless)
{
	const uint64_t number = element[0], producer = number >> PRODUCER_SHIFT;
	const uint64_t count = number & ((UINT64_C(1) << PRODUCER_SHIFT) - 1);
	size_t i;

	unit_must(producer < PRODUCERS_MOST);
	for (i = 1; i < WORDS; i++)
		unit_eq(element[i], word_of(number, i));
	if (next[producer] != UINT64_MAX) {
		if (gapless)
			unit_eq(count, next[producer]);
		else
			unit_must(count >= next[producer]);
	}
	next[producer] = count + 1;
	return 1;
}

static void ready(struct shared *s)
{
	__atomic_fetch_sub(&s->waiting, 1, __ATOMIC_RELEASE);
}

static bool over(struct shared *s)
{
	return __atomic_load_n(&s->producing, __ATOMIC_ACQUIRE) == 0;
}

/* ---- producers ---- */

static size_t publish_some(struct shared *s, struct unit_rng *rng, uint64_t number, uint64_t left)
{
	uint64_t elements[4][WORDS], *place, n = 1 + unit_random_below(rng, 4), i;

	if (n > left)
		n = left;
	if (s->run->flags & MAAR_BROADCAST_IN_PLACE) {
		place = maar_broadcast_reserve(s->ring);
		if (!place)
			return 0;
		fill_message(place, number);
		return maar_broadcast_commit(s->ring);
	}
	for (i = 0; i < n; i++)
		fill_message(elements[i], number + i);
	switch (unit_random_below(rng, 3)) {
	case 0:
		return maar_broadcast_publish(s->ring, elements[0]);
	case 1:
		return maar_broadcast_publish_bulk(s->ring, elements, n <= s->run->capacity ? (size_t)n : 1);
	default:
		return maar_broadcast_publish_burst(s->ring, elements, (size_t)n);
	}
}

static void *produce(void *arg)
{
	const struct role *role = arg;
	struct shared *s = role->shared;
	const uint64_t base = (uint64_t)role->number << PRODUCER_SHIFT;
	struct unit_rng rng = unit_rng(role->number);
	uint64_t sent = 0;

	while (__atomic_load_n(&s->waiting, __ATOMIC_ACQUIRE))
		pace_yield();
	while (sent < s->each) {
		const size_t n = publish_some(s, &rng, base + sent, s->each - sent);

		sent += n;
		if (n == 0 || unit_random_below(&rng, 200) == 0)
			pace_yield();
	}
	__atomic_fetch_sub(&s->producing, 1, __ATOMIC_RELEASE);
	return NULL;
}

/* ---- joined ---- */

/* One step of a joined reader, by one of its calls; returns how many messages it was. */
static size_t read_some(struct shared *s, struct maar_broadcast_reader *reader, struct unit_rng *rng, uint64_t *next)
{
	uint64_t elements[5][WORDS], missed;
	const uint64_t *seen;
	size_t n, i;

	switch (unit_random_below(rng, 3)) {
	case 0:
		seen = maar_broadcast_peek(reader);
		if (!seen)
			return 0;
		check_message(seen, next, true);
		unit_eq(maar_broadcast_release(reader), 1);
		return 1;
	case 1:
		n = maar_broadcast_read(reader, elements, &missed);
		break;
	default:
		n = maar_broadcast_read_burst(reader, elements, 5, &missed);
		break;
	}
	unit_eq(missed, 0);
	for (i = 0; i < n; i++)
		check_message(elements[i], next, true);
	unit_must(maar_broadcast_joined(reader));
	unit_must(maar_broadcast_lag(reader) <= s->run->capacity);
	return n;
}

/* From before the first message to the last: misses none. */
static void *stay(void *arg)
{
	const struct role *role = arg;
	struct shared *s = role->shared;
	struct unit_rng rng = unit_rng(100 + role->number);
	uint64_t next[PRODUCERS_MOST] = { 0 }, left = s->each * s->run->producers;
	struct maar_broadcast_reader reader;

	unit_eq(maar_broadcast_join(s->ring, &reader, 0), 0);
	ready(s);
	while (left) {
		const size_t n = read_some(s, &reader, &rng, next);

		left -= n;
		if (n == 0)
			pace_yield();
	}
	unit_eq(read_some(s, &reader, &rng, next), 0);
	unit_eq(maar_broadcast_leave(&reader), 0);
	return NULL;
}

/* Comes and goes; from its first message on misses none. */
static void *visit(void *arg)
{
	const struct role *role = arg;
	struct shared *s = role->shared;
	struct unit_rng rng = unit_rng(200 + role->number);

	ready(s);
	while (!over(s)) {
		uint64_t next[PRODUCERS_MOST] = { UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX };
		const uint64_t stay_for = unit_random_below(&rng, 40);
		struct maar_broadcast_reader reader;
		uint64_t got = 0;
		unsigned idle = 0;

		unit_eq(maar_broadcast_join(s->ring, &reader, role->number % 2 ? MAAR_BROADCAST_OLDEST : 0), 0);
		while (got < stay_for && idle < 20) {
			const size_t n = read_some(s, &reader, &rng, next);

			got += n;
			idle = n ? 0 : idle + 1;
			if (n == 0)
				pace_yield();
		}
		unit_eq(maar_broadcast_leave(&reader), 0);
		__atomic_fetch_add(&s->visits, 1, __ATOMIC_RELAXED);
		if (unit_random_below(&rng, 4) == 0)
			pace_yield();
	}
	return NULL;
}

/* ---- watching ---- */

static void *watch(void *arg)
{
	const struct role *role = arg;
	struct shared *s = role->shared;
	const uint64_t all = s->each * s->run->producers;
	struct unit_rng rng = unit_rng(300 + role->number);
	uint64_t next[PRODUCERS_MOST] = { 0 }, seen = 0, lost = 0;
	struct maar_broadcast_reader reader;

	unit_eq(maar_broadcast_watch(s->ring, &reader, role->number % 2 ? MAAR_BROADCAST_NEWEST : 0), 0);
	ready(s);
	while (seen + lost < all) {
		uint64_t elements[5][WORDS], missed;
		const size_t n =
			maar_broadcast_read_burst(&reader, elements, 1 + (size_t)unit_random_below(&rng, 5), &missed);
		size_t i;

		for (i = 0; i < n; i++)
			check_message(elements[i], next, false);
		seen += n;
		lost += missed;
		if (n == 0 || unit_random_below(&rng, 100) == 0)
			pace_yield();
	}
	unit_eq(seen + lost, all);
	unit_eq(maar_broadcast_lost(&reader), lost);
	unit_eq(maar_broadcast_leave(&reader), 0);
	__atomic_fetch_add(&s->gaps, lost, __ATOMIC_RELAXED);
	return NULL;
}

/* The newest: whole, and with one producer never older than before. */
static void *ask(void *arg)
{
	const struct role *role = arg;
	struct shared *s = role->shared;
	uint64_t element[WORDS], position, last = 0, next[PRODUCERS_MOST];
	bool end;

	ready(s);
	do {
		end = over(s);
		if (maar_broadcast_latest(s->ring, element, &position)) {
			memset(next, 0, sizeof(next));
			check_message(element, next, false);
			if (s->run->producers == 1) {
				unit_must(position >= last);
				unit_eq(element[0], position);
			}
			last = position;
		}
		pace_yield();
	} while (!end);
	/* All is quiet: the newest is the last. */
	unit_eq(maar_broadcast_latest(s->ring, element, &position), 1);
	unit_eq(position, s->each * s->run->producers - 1);
	return NULL;
}

/* ---- the runs ---- */

START_TEST(threads)
{
	const struct run *run = &runs[_i];
	const unsigned readers = run->stayers + run->visitors + run->watchers + run->askers;
	struct shared s = { .run = run,
			    .ring = new_broadcast(run->capacity, WORDS, run->stayers + run->visitors, run->flags),
			    .each = MESSAGES / run->producers,
			    .producing = run->producers,
			    .waiting = readers };
	const struct {
		void *(*body)(void *);
		unsigned n;
	} kinds[] = { { produce, run->producers },
		      { stay, run->stayers },
		      { visit, run->visitors },
		      { watch, run->watchers },
		      { ask, run->askers } };
	struct role roles[16];
	pthread_t thread[16];
	unsigned n = 0, i;
	size_t k;

	for (k = 0; k < COUNT_OF(kinds); k++)
		for (i = 0; i < kinds[k].n; i++, n++) {
			roles[n] = (struct role){ &s, i };
			thread[n] = unit_thread(kinds[k].body, &roles[n]);
		}
	while (n)
		unit_join(thread[--n]);
	unit_eq(maar_broadcast_published(s.ring), s.each * run->producers);
	unit_eq(maar_broadcast_joined_count(s.ring), 0);
	unit_eq(maar_broadcast_check(s.ring), 0);
	unit_note("%s: %u messages, %u missed by watchers, %u visits", run->name, (unsigned)(s.each * run->producers),
		  (unsigned)s.gaps, (unsigned)s.visits);
	maar_broadcast_destroy(s.ring);
}
END_TEST

/* ---- a supervisor evicts readers that live, at any moment: nothing torn, producers go on, gates stay sound ---- */

static void *be_evicted(void *arg)
{
	const struct role *role = arg;
	struct shared *s = role->shared;
	uint64_t element[WORDS], missed;

	ready(s);
	while (!over(s)) {
		uint64_t next[PRODUCERS_MOST] = { UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX };
		struct maar_broadcast_reader reader;
		unsigned i;

		if (maar_broadcast_join(s->ring, &reader, MAAR_BROADCAST_OLDEST))
			continue; /* evicted before it had begun */
		for (i = 0; i < 100 && maar_broadcast_joined(&reader); i++)
			if (maar_broadcast_read(&reader, element, &missed))
				check_message(element, next, true);
			else if (maar_broadcast_joined(&reader))
				pace_yield();
		if (maar_broadcast_leave(&reader))
			__atomic_fetch_add(&s->visits, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

static void *supervise(void *arg)
{
	const struct role *role = arg;
	struct shared *s = role->shared;
	unsigned long evicted = 0;

	ready(s);
	while (!over(s)) {
		const uint64_t id = maar_broadcast_slowest(s->ring, NULL);

		if (id && maar_broadcast_evict(s->ring, id) == 0)
			evicted++;
		pace_yield();
	}
	unit_note("%lu evicted", evicted);
	return NULL;
}

static const struct run supervised[] = {
	{ "one, supervised", 0, 8, 1, 0, 3, 0, 0 },
	{ "two, supervised", MAAR_BROADCAST_MP, 4, 2, 0, 3, 0, 0 },
};

START_TEST(evictions)
{
	const struct run *run = &supervised[_i];
	struct shared s = { .run = run,
			    .ring = new_broadcast(run->capacity, WORDS, run->visitors, run->flags),
			    .each = MESSAGES / 2 / run->producers,
			    .producing = run->producers,
			    .waiting = run->visitors + 1 };
	struct role roles[8];
	pthread_t thread[8];
	unsigned n = 0;

	for (n = 0; n < run->producers + run->visitors + 1; n++) {
		roles[n] = (struct role){ &s, n };
		thread[n] = unit_thread(n < run->producers		     ? produce
					: n < run->producers + run->visitors ? be_evicted
									     : supervise,
					&roles[n]);
	}
	while (n)
		unit_join(thread[--n]);
	unit_eq(maar_broadcast_published(s.ring), s.each * run->producers);
	unit_eq(maar_broadcast_joined_count(s.ring), 0);
	unit_eq(maar_broadcast_check(s.ring), 0);
	unit_note("%s: %u found themselves evicted", run->name, (unsigned)s.visits);
	maar_broadcast_destroy(s.ring);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("broadcast threads");
	TCase *tcase = unit_tcase(suite, "threads");

	tcase_add_loop_test(tcase, threads, 0, (int)COUNT_OF(runs));
	tcase_add_loop_test(tcase, evictions, 0, (int)COUNT_OF(supervised));
	return suite;
}
