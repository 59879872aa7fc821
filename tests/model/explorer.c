/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The memory model: locations, histories, vector clocks, races. The fibers and their scheduling are in fiber.c.
 */
#include "explorer.h"
#include "fiber.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define CLOCKS	  (MODEL_THREADS + 1) /* 0 is the thread that sets up and finishes */
#define LOCATIONS 512		      /* power of two; a scenario touches a few dozen words */
#define PLAINS	  64

/* After so many atomic operations loads read the newest store only, and after so many more the execution is stuck. */
#define OPERATIONS_FREE 2000
#define OPERATIONS_MOST 40000

struct clock {
	uint32_t at[CLOCKS];
};

struct store {
	uint64_t value;
	uint32_t thread;
	uint32_t stamp;		/* the storing thread's clock */
	uint32_t seen[CLOCKS];	/* each thread's clock when it first read this store; 0: never */
	bool taken[CLOCKS];	/* model_took: that read counts */
	struct clock published; /* what an acquire load of this store joins */
	struct clock whole;	/* the storing thread's clock, whatever the order: for model_took */
};

struct location {
	const void *address;
	uint64_t generation; /* the execution that this entry belongs to */
	uint32_t stores;     /* ever; the newest is history[(stores - 1) % MODEL_HISTORY] */
	struct store history[MODEL_HISTORY];
};

struct plain {
	uint64_t *cell;
	uint32_t writer, written;
	uint32_t read[CLOCKS];
};

static struct location locations[LOCATIONS];
static struct plain plains[PLAINS];
static unsigned n_plains;
static uint64_t generation;
static struct clock clocks[CLOCKS];
static uint64_t operations;
static uint64_t random_state;
static unsigned eagerness; /* of 8 loads, how many read the newest store; chosen anew for each execution */

static struct model_site *sites;
static const struct model_site *weakened;
static enum model_order weakened_to;

static char failure[512];

/* ---- small things ---- */

static uint64_t next_random(void)
{
	/* splitmix64 (Steele, Lea, Flood 2014): any seed will do, also 0, 1, 2, ... */
	uint64_t z = random_state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

unsigned model_random(unsigned below)
{
	return (unsigned)((next_random() >> 32) * below >> 32);
}

void model_fail(const char *format, ...)
{
	va_list args;

	if (!failure[0]) {
		va_start(args, format);
		vsnprintf(failure, sizeof(failure), format, args);
		va_end(args);
	}
	fiber_abandon(); /* does not return when called in a scenario's thread */
}

static void join(struct clock *to, const struct clock *from)
{
	for (unsigned i = 0; i < CLOCKS; i++)
		if (from->at[i] > to->at[i])
			to->at[i] = from->at[i];
}

struct model_site *model_sites(void)
{
	return sites;
}

void model_weaken(const struct model_site *site, enum model_order order)
{
	weakened = site;
	weakened_to = order;
}

static enum model_order order_of(struct model_site *site)
{
	if (!site->known) {
		site->known = true;
		site->next = sites;
		sites = site;
	}
	return site == weakened ? weakened_to : site->order;
}

static bool acquires(enum model_order order)
{
	return order == MODEL_ACQUIRE || order == MODEL_ACQ_REL;
}

static bool releases(enum model_order order)
{
	return order == MODEL_RELEASE || order == MODEL_ACQ_REL;
}

/* ---- locations and their histories ---- */

static uint64_t raw_read(const void *address, size_t bytes)
{
	uint64_t value64 = 0;
	uint32_t value32;

	if (bytes == sizeof(value32)) {
		memcpy(&value32, address, sizeof(value32));
		return value32;
	}
	memcpy(&value64, address, sizeof(value64));
	return value64;
}

/* Memory itself always holds the newest value, so that code outside the layer sees a sane object. */
static void raw_write(void *address, size_t bytes, uint64_t value)
{
	const uint32_t value32 = (uint32_t)value;

	if (bytes == sizeof(value32))
		memcpy(address, &value32, sizeof(value32));
	else
		memcpy(address, &value, sizeof(value));
}

static struct store *newest(struct location *l)
{
	return &l->history[(l->stores - 1) % MODEL_HISTORY];
}

static struct location *location(const void *address, size_t bytes)
{
	size_t i = ((uintptr_t)address >> 2) * UINT64_C(0x9e3779b97f4a7c15) >> 48 & (LOCATIONS - 1);
	struct location *l;

	for (;; i = (i + 1) & (LOCATIONS - 1)) {
		l = &locations[i];
		if (l->generation != generation)
			break;
		if (l->address == address)
			return l;
	}
	l->generation = generation;
	l->address = address;
	l->stores = 1;
	memset(&l->history[0], 0, sizeof(l->history[0])); /* stored by thread 0 at time 0: before everything */
	l->history[0].value = raw_read(address, bytes);
	return l;
}

static bool ordered_before(const struct store *s, const struct clock *now)
{
	if (s->stamp <= now->at[s->thread])
		return true;
	for (unsigned t = 0; t < CLOCKS; t++)
		if (s->seen[t] && s->seen[t] <= now->at[t])
			return true;
	return false;
}

/* A store that a load of this thread may read now. */
static struct store *readable(struct location *l, unsigned thread)
{
	const uint32_t kept = l->stores < MODEL_HISTORY ? l->stores : MODEL_HISTORY;
	uint32_t back; /* how many steps behind the newest the oldest readable store is */

	if (operations > OPERATIONS_FREE || model_random(8) < eagerness)
		return newest(l);
	for (back = 0; back + 1 < kept; back++)
		if (ordered_before(&l->history[(l->stores - 1 - back) % MODEL_HISTORY], &clocks[thread]))
			break;
	return &l->history[(l->stores - 1 - model_random(back + 1)) % MODEL_HISTORY];
}

static void note_read(struct store *s, unsigned thread)
{
	if (!s->seen[thread])
		s->seen[thread] = clocks[thread].at[thread];
}

/* A taken read of the newest store must happen before the store that comes now. */
static void check_taken(struct location *l, unsigned thread)
{
	const struct store *s = newest(l);

	for (unsigned t = 0; t < CLOCKS; t++)
		if (s->taken[t] && s->seen[t] > clocks[thread].at[t])
			model_fail("a word is stored again, and its reader's read does not happen before it");
}

static struct store *append(struct location *l, unsigned thread, uint64_t value, const struct clock *inherited,
			    bool release)
{
	struct store *s;

	check_taken(l, thread);
	l->stores++;
	s = newest(l);
	memset(s, 0, sizeof(*s));
	s->value = value;
	s->thread = thread;
	s->stamp = clocks[thread].at[thread];
	s->whole = clocks[thread];
	if (inherited)
		s->published = *inherited;
	if (release)
		join(&s->published, &clocks[thread]);
	return s;
}

/* Every atomic operation begins here: perhaps another thread goes first. */
static unsigned step(void)
{
	unsigned thread;

	if (++operations > OPERATIONS_MOST)
		model_fail("stuck: no end after %u operations", OPERATIONS_MOST);
	fiber_point();
	thread = fiber_current();
	clocks[thread].at[thread]++;
	return thread;
}

/* ---- the atomics layer ---- */

uint64_t model_load(struct model_site *site, const void *address, size_t bytes)
{
	const enum model_order order = order_of(site);
	const unsigned thread = step();
	struct store *s = readable(location(address, bytes), thread);

	note_read(s, thread);
	if (acquires(order))
		join(&clocks[thread], &s->published);
	return s->value;
}

void model_store(struct model_site *site, void *address, size_t bytes, uint64_t value)
{
	const enum model_order order = order_of(site);
	const unsigned thread = step();

	append(location(address, bytes), thread, value, NULL, releases(order));
	raw_write(address, bytes, value);
}

static void modify(struct location *l, unsigned thread, enum model_order order, void *address, size_t bytes,
		   uint64_t value)
{
	struct store *s = newest(l);
	const struct clock inherited = s->published;

	note_read(s, thread);
	if (acquires(order))
		join(&clocks[thread], &inherited);
	append(l, thread, value, &inherited, releases(order));
	raw_write(address, bytes, value);
}

bool model_cas(struct model_site *site, void *address, size_t bytes, uint64_t old_value, uint64_t new_value)
{
	const enum model_order order = order_of(site);
	const unsigned thread = step();
	struct location *l = location(address, bytes);
	struct store *s = readable(l, thread);

	if (s->value == old_value)
		s = newest(l);
	if (s->value != old_value) {
		note_read(s, thread);
		return false;
	}
	modify(l, thread, order, address, bytes, new_value);
	return true;
}

uint64_t model_add(struct model_site *site, void *address, size_t bytes, uint64_t value)
{
	const enum model_order order = order_of(site);
	const unsigned thread = step();
	struct location *l = location(address, bytes);
	const uint64_t found = newest(l)->value;

	modify(l, thread, order, address, bytes, bytes == sizeof(uint32_t) ? (uint32_t)(found + value) : found + value);
	return found;
}

bool model_cas2(struct model_site *site, void *address, uint64_t old0, uint64_t old1, uint64_t new0, uint64_t new1)
{
	const enum model_order order = order_of(site);
	const unsigned thread = step();
	uint64_t *words = address;
	struct location *l0 = location(&words[0], sizeof(words[0])), *l1 = location(&words[1], sizeof(words[1]));

	if (newest(l0)->value != old0 || newest(l1)->value != old1)
		return false;
	modify(l0, thread, order, &words[0], sizeof(words[0]), new0);
	modify(l1, thread, order, &words[1], sizeof(words[1]), new1);
	return true;
}

/* ---- what is not atomic ---- */

static struct plain *plain(uint64_t *cell)
{
	for (unsigned i = 0; i < n_plains; i++)
		if (plains[i].cell == cell)
			return &plains[i];
	if (n_plains == PLAINS)
		model_fail("more than %d plain cells", PLAINS);
	memset(&plains[n_plains], 0, sizeof(plains[0]));
	plains[n_plains].cell = cell;
	return &plains[n_plains++];
}

uint64_t model_plain_read(uint64_t *cell)
{
	struct plain *p = plain(cell);
	const unsigned thread = fiber_current();

	clocks[thread].at[thread]++;
	if (p->written > clocks[thread].at[p->writer])
		model_fail("race: a plain read is not ordered after the write");
	p->read[thread] = clocks[thread].at[thread];
	return *cell;
}

void model_plain_write(uint64_t *cell, uint64_t value)
{
	struct plain *p = plain(cell);
	const unsigned thread = fiber_current();

	clocks[thread].at[thread]++;
	if (p->written > clocks[thread].at[p->writer])
		model_fail("race: a plain write is not ordered after another");
	for (unsigned t = 0; t < CLOCKS; t++)
		if (p->read[t] > clocks[thread].at[t])
			model_fail("race: a plain write is not ordered after a read");
	p->writer = thread;
	p->written = clocks[thread].at[thread];
	*cell = value;
}

void model_took(uint64_t value)
{
	const unsigned thread = fiber_current();

	for (unsigned i = 0; i < LOCATIONS; i++) {
		struct location *l = &locations[i];
		const uint32_t kept = l->stores < MODEL_HISTORY ? l->stores : MODEL_HISTORY;

		if (l->generation != generation)
			continue;
		for (uint32_t back = 0; back < kept; back++) {
			struct store *s = &l->history[(l->stores - 1 - back) % MODEL_HISTORY];
			const struct store *later = &l->history[(l->stores - back) % MODEL_HISTORY];

			if (s->value != value || !s->seen[thread])
				continue;
			s->taken[thread] = true;
			if (back && s->seen[thread] > later->whole.at[thread])
				model_fail("a word was stored again before its reader let go of it");
			return;
		}
	}
}

/* ---- runs ---- */

static void run_once(const struct model_scenario *scenario, uint64_t seed)
{
	generation++;
	n_plains = 0;
	operations = 0;
	random_state = seed * UINT64_C(0xd1342543de82ef95) + 1;
	memset(clocks, 0, sizeof(clocks));
	eagerness = model_random(8);
	scenario->set_up(scenario->state);
	for (unsigned t = 0; t < scenario->threads; t++)
		clocks[t + 1] = clocks[0]; /* set-up happens before all threads */
	fiber_run(scenario);
	if (failure[0])
		return;
	for (unsigned t = 0; t < scenario->threads; t++)
		join(&clocks[0], &clocks[t + 1]);
	if (scenario->finish)
		scenario->finish(scenario->state);
}

struct model_result model_run(const struct model_scenario *scenario, uint64_t seed, uint64_t executions)
{
	struct model_result result = { 0, 0, NULL };

	failure[0] = '\0';
	for (uint64_t i = 0; i < executions; i++) {
		run_once(scenario, seed + i);
		result.executions++;
		if (failure[0]) {
			result.seed = seed + i;
			result.failure = failure;
			break;
		}
	}
	return result;
}
