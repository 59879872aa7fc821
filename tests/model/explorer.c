/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The memory model: what a load may read, what it learns by it. Memory itself is in memory.c, plain accesses in plain.c, the
 * fibers and their scheduling in fiber.c.
 */
#include "fiber.h"
#include "memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* After so many atomic operations loads read the newest store only, and after so many more the execution is stuck. */
#define OPERATIONS_FREE 2000
#define OPERATIONS_MOST 40000

static struct clock *const clocks = model_clocks;
static uint64_t operations;
uint64_t model_random_state;
static unsigned eagerness; /* of 8 loads, how many read the newest store; chosen anew for each execution */
static bool wakes_freely;  /* sleepers wake for no reason in this execution */

static struct model_place *places;
static const struct model_place *weakened;
static enum model_order weakened_to;

/* Bytes to be stored one at a time. */
static struct {
	uintptr_t from, to;
} guarded[4];
static unsigned n_guarded;

static char failure[512];
static bool tracing;

/* ---- small things ---- */

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

/* ---- places ---- */

struct model_place *model_places(void)
{
	return places;
}

void model_weaken(const struct model_place *place, enum model_order order)
{
	weakened = place;
	weakened_to = order;
}

/* Copies a path without "x/..", so that a header has one name. */
static void plain_path(char *to, size_t bytes, const char *path)
{
	char *up;

	snprintf(to, bytes, "%s", path);
	while ((up = strstr(to, "/../"))) {
		char *from = up;

		while (from > to && from[-1] != '/')
			from--;
		if (strncmp(from, "..", 2) == 0)
			break; /* only leading ones are left */
		memmove(from, up + 4, strlen(up + 4) + 1);
	}
}

static void find_place(struct model_site *site)
{
	struct model_place *p;
	char file[sizeof(p->file)];

	plain_path(file, sizeof(file), site->file);
	for (p = places; p; p = p->next)
		if (p->line == site->line && p->op == site->op && p->order == site->order &&
		    strcmp(p->file, file) == 0 && strcmp(p->text, site->text) == 0)
			break;
	if (!p) {
		p = calloc(1, sizeof(*p));
		if (!p)
			abort();
		memcpy(p->file, file, sizeof(file));
		p->line = site->line;
		p->op = site->op;
		p->order = site->order;
		p->text = site->text;
		p->next = places;
		places = p;
	}
	site->place = p;
}

static enum model_order order_of(struct model_site *site)
{
	if (!site->place)
		find_place(site);
	site->place->hits++;
	return site->place == weakened ? weakened_to : site->order;
}

static bool acquires(enum model_order order)
{
	return order == MODEL_ACQUIRE || order >= MODEL_ACQ_REL;
}

static bool releases(enum model_order order)
{
	return order >= MODEL_RELEASE;
}

/* ---- stores and loads ---- */

static bool ordered_before(const struct store *s, const struct clock *now)
{
	if (s->stamp <= now->at[s->thread])
		return true;
	for (unsigned t = 0; t < CLOCKS; t++)
		if (s->seen[t] && s->seen[t] <= now->at[t])
			return true;
	return false;
}

/*
 * A store that a load of this thread may read now. `strong` (SEQ_CST): none older than what a SEQ_CST access has stored or
 * read. (C++20, [atomics.order]: of two SEQ_CST accesses of a location, the one coherence-ordered before comes first in the
 * single total order, which here is the order of execution; it contains happens-before, as nothing reads from the future.)
 */
static struct store *readable(struct location *l, unsigned thread, bool strong)
{
	uint32_t kept = l->stores < MODEL_HISTORY ? l->stores : MODEL_HISTORY;
	uint32_t back; /* how many steps behind the newest the oldest readable store is */

	if (l->stores == 1 || operations > OPERATIONS_FREE || model_random(8) < eagerness)
		return memory_newest(l);
	if (strong && l->stores - l->strong + 1 < kept)
		kept = l->stores - l->strong + 1;
	if (l->floor[thread] && l->stores - l->floor[thread] + 1 < kept)
		kept = l->stores - l->floor[thread] + 1;
	for (back = 0; back + 1 < kept; back++)
		if (ordered_before(&l->history[(l->stores - 1 - back) % MODEL_HISTORY], &clocks[thread]))
			break;
	return &l->history[(l->stores - 1 - (back ? model_random(back + 1) : 0)) % MODEL_HISTORY];
}

/* How many stores ago `s` was the newest. */
static uint32_t age(const struct location *l, const struct store *s)
{
	return (l->stores - 1 - (uint32_t)(s - l->history)) % MODEL_HISTORY;
}

static void note_read(struct location *l, struct store *s, unsigned thread, enum model_order order)
{
	if (!s->seen[thread])
		s->seen[thread] = clocks[thread].at[thread];
	if (order == MODEL_SEQ_CST && l->stores - age(l, s) > l->strong)
		l->strong = l->stores - age(l, s);
	if (acquires(order))
		memory_join(&clocks[thread], &s->published);
}

void model_one_at_a_time(const void *address, size_t bytes)
{
	if (n_guarded == sizeof(guarded) / sizeof(guarded[0]))
		model_fail("more ranges to be stored one at a time than %u", n_guarded);
	guarded[n_guarded].from = (uintptr_t)address;
	guarded[n_guarded++].to = (uintptr_t)address + bytes;
}

static void check_guarded(const struct location *l, unsigned thread)
{
	const uintptr_t address = (uintptr_t)l->address;

	for (unsigned i = 0; i < n_guarded; i++)
		for (unsigned t = 0; t < CLOCKS && address >= guarded[i].from && address < guarded[i].to; t++)
			if (t != thread && l->written.at[t] > clocks[thread].at[t])
				model_fail("a word is stored, and the store before does not happen before it");
}

/* A taken read of the newest store must happen before the store that comes now. */
static void check_taken(struct location *l, unsigned thread)
{
	const struct store *s = memory_newest(l);

	for (unsigned t = 0; t < CLOCKS; t++)
		if (s->taken >> t & 1 && s->seen[t] > clocks[thread].at[t])
			model_fail("a word is stored again, and its reader's read does not happen before it");
}

static void append(struct location *l, unsigned thread, uint64_t value, const struct clock *inherited,
		   enum model_order order)
{
	struct store *s;

	check_taken(l, thread);
	l->stores++;
	s = memory_newest(l);
	memset(s, 0, sizeof(*s));
	s->value = value;
	s->thread = thread;
	s->stamp = clocks[thread].at[thread];
	s->whole = clocks[thread];
	if (inherited)
		s->published = *inherited;
	if (releases(order))
		memory_join(&s->published, &clocks[thread]);
	if (order == MODEL_SEQ_CST)
		l->strong = l->stores;
}

/*
 * Set-up happens before all threads, finish after all: nobody to be in order with, and memory holds the newest values. So
 * nothing is noted down there, which is most of the work where an object is large and its threads touch little of it.
 */
static bool alone(void)
{
	return fiber_current() == 0;
}

/* Every atomic operation of a thread begins here: perhaps another thread goes first. */
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

void model_trace(bool on)
{
	tracing = on;
}

/* One access: by whom, where, what it read or wrote, and how many newer stores it did not see. */
static void trace(const struct model_site *site, unsigned thread, const char *what, uint64_t value, uint32_t behind)
{
	static const char *const orders[] = { "relaxed", "acquire", "release", "acq_rel", "seq_cst" };
	const char *name = site ? strrchr(site->place->file, '/') : NULL;

	if (!site)
		printf("# thread %u  %-10s 0x%llx\n", thread, what, (unsigned long long)value);
	else
		printf("# thread %u  %-10s 0x%-16llx %s %s, %s:%d%s\n", thread, what, (unsigned long long)value,
		       site->text, orders[site->order], name ? name + 1 : site->place->file, site->line,
		       behind ? ", not the newest" : "");
}

/* ---- the atomics layer ---- */

uint64_t model_load(struct model_site *site, const void *address, size_t bytes)
{
	const enum model_order order = order_of(site);
	struct location *l;
	struct store *s;
	unsigned thread;

	if (alone())
		return memory_read(address, bytes);
	thread = step();
	l = memory_location(address, bytes, thread, false);
	s = readable(l, thread, order == MODEL_SEQ_CST);
	note_read(l, s, thread, order);
	if (tracing)
		trace(site, thread, "reads", s->value, age(l, s));
	return s->value;
}

void model_store(struct model_site *site, void *address, size_t bytes, uint64_t value)
{
	const enum model_order order = order_of(site);
	struct location *l;
	unsigned thread;

	if (alone()) {
		memory_write(address, bytes, value);
		return;
	}
	thread = step();
	l = memory_location(address, bytes, thread, true);
	if (tracing)
		trace(site, thread, "stores", value, 0);
	check_guarded(l, thread);
	append(l, thread, value, NULL, order);
	memory_write(address, bytes, value);
}

static void modify(struct location *l, unsigned thread, enum model_order order, void *address, size_t bytes,
		   uint64_t value)
{
	struct store *s = memory_newest(l);
	const struct clock inherited = s->published;

	note_read(l, s, thread, order);
	append(l, thread, value, &inherited, order);
	memory_write(address, bytes, value);
}

bool model_cas(struct model_site *site, void *address, size_t bytes, uint64_t old_value, uint64_t new_value)
{
	const enum model_order order = order_of(site);
	struct location *l;
	struct store *s;
	unsigned thread;

	if (alone()) {
		if (memory_read(address, bytes) != old_value)
			return false;
		memory_write(address, bytes, new_value);
		return true;
	}
	thread = step();
	l = memory_location(address, bytes, thread, false);
	s = readable(l, thread, false);
	if (s->value == old_value)
		s = memory_newest(l);
	if (s->value != old_value) {
		note_read(l, s, thread, MODEL_RELAXED);
		if (tracing)
			trace(site, thread, "cas reads", s->value, age(l, s));
		return false;
	}
	if (tracing)
		trace(site, thread, "cas stores", new_value, 0);
	l = memory_location(address, bytes, thread, true);
	modify(l, thread, order, address, bytes, new_value);
	return true;
}

uint64_t model_add(struct model_site *site, void *address, size_t bytes, uint64_t value)
{
	const enum model_order order = order_of(site);
	struct location *l;
	uint64_t found;
	unsigned thread;

	if (alone()) {
		found = memory_read(address, bytes);
		memory_write(address, bytes, found + value);
		return found;
	}
	thread = step();
	l = memory_location(address, bytes, thread, true);
	found = memory_newest(l)->value;
	if (tracing)
		trace(site, thread, "adds to", found, 0);
	modify(l, thread, order, address, bytes, bytes == sizeof(uint32_t) ? (uint32_t)(found + value) : found + value);
	return found;
}

bool model_cas2(struct model_site *site, void *address, uint64_t old0, uint64_t old1, uint64_t new0, uint64_t new1)
{
	const enum model_order order = order_of(site);
	struct location *l0, *l1;
	uint64_t *words = address;
	unsigned thread;

	if (alone()) {
		if (words[0] != old0 || words[1] != old1)
			return false;
		words[0] = new0;
		words[1] = new1;
		return true;
	}
	thread = step();
	l0 = memory_location(&words[0], sizeof(words[0]), thread, false);
	l1 = memory_location(&words[1], sizeof(words[1]), thread, false);
	if (memory_newest(l0)->value != old0 || memory_newest(l1)->value != old1) {
		if (tracing)
			trace(site, thread, "cas2 reads", memory_newest(l0)->value, 0);
		return false;
	}
	if (tracing)
		trace(site, thread, "cas2", new0, 0);
	l0 = memory_location(&words[0], sizeof(words[0]), thread, true);
	l1 = memory_location(&words[1], sizeof(words[1]), thread, true);
	modify(l0, thread, order, &words[0], sizeof(words[0]), new0);
	modify(l1, thread, order, &words[1], sizeof(words[1]), new1);
	return true;
}

/* ---- sleeping ---- */

/* The atomic object that a futex is, or is a half of. */
static struct location *futex(const uint32_t *word, unsigned thread)
{
	struct word *w = memory_word((uintptr_t)word);

	if (w->at[0].stores && w->at[0].bytes == sizeof(uint64_t))
		return memory_location((const void *)w->base, sizeof(uint64_t), thread, false);
	return memory_location(word, sizeof(*word), thread, false);
}

bool model_futex_wait(const uint32_t *word, uint32_t expected)
{
	const unsigned thread = step();
	struct location *l = futex(word, thread);
	struct store *s;
	uint32_t found;

	memory_join(&clocks[thread], &l->wakers);
	s = readable(l, thread, true);
	note_read(l, s, thread, MODEL_RELAXED);
	if (l->bytes == sizeof(uint64_t))
		memcpy(&found, (const char *)&s->value + ((uintptr_t)word & 4), sizeof(found));
	else
		found = (uint32_t)s->value;
	if (found != expected)
		return false;
	if (tracing)
		trace(NULL, thread, "sleeps on", expected, 0);
	if (!(wakes_freely && model_random(2)))
		fiber_sleep(word);
	if (tracing)
		trace(NULL, thread, "wakes, was", expected, 0);
	return true;
}

unsigned model_futex_wake(const uint32_t *word, unsigned n)
{
	const unsigned thread = step();

	if (tracing)
		trace(NULL, thread, "wakes up", n, 0);
	memory_join(&futex(word, thread)->wakers, &clocks[thread]);
	return fiber_wake(word, n);
}

/* ---- membarrier ---- */

static void raise_floor(struct location *l, unsigned thread)
{
	const uint32_t kept = l->stores < MODEL_HISTORY ? l->stores : MODEL_HISTORY;
	uint32_t back = 0;

	while (back + 1 < kept && !ordered_before(&l->history[(l->stores - 1 - back) % MODEL_HISTORY], &clocks[thread]))
		back++;
	for (unsigned t = 0; t < CLOCKS; t++) {
		const uint32_t oldest = t == thread ? l->stores : l->stores - back;

		if (oldest > l->floor[t])
			l->floor[t] = oldest;
	}
}

void model_membarrier(void)
{
	const unsigned thread = step();

	if (tracing)
		trace(NULL, thread, "membarrier", 0, 0);
	for (struct word *w = memory_words; w < memory_words + memory_n_words; w++)
		for (unsigned i = 0; i < 2; i++)
			if (w->at[i].stores)
				raise_floor(&w->at[i], thread);
}

/* ---- what was taken ---- */

/* The store to this location that `thread` took the value from, if it is one: marked. */
static bool took_from(struct location *l, unsigned thread, uint64_t value, uint64_t mask)
{
	const uint32_t kept = l->stores < MODEL_HISTORY ? l->stores : MODEL_HISTORY;

	for (uint32_t back = 0; back < kept; back++) {
		struct store *s = &l->history[(l->stores - 1 - back) % MODEL_HISTORY];
		const struct store *later = &l->history[(l->stores - back) % MODEL_HISTORY];

		if ((s->value & mask) != value || !s->seen[thread])
			continue;
		s->taken |= 1u << thread;
		if (back && s->seen[thread] > later->whole.at[thread])
			model_fail("a word was stored again before its reader let go of it");
		return true;
	}
	return false;
}

void model_took(uint64_t value, uint64_t mask)
{
	const unsigned thread = fiber_current();

	for (struct word *w = memory_words; w < memory_words + memory_n_words; w++)
		if (took_from(&w->at[0], thread, value, mask) || took_from(&w->at[1], thread, value, mask))
			return;
}

/* ---- runs ---- */

static void run_once(const struct model_scenario *scenario, uint64_t seed)
{
	memory_reset();
	n_guarded = 0;
	operations = 0;
	model_random_state = seed * UINT64_C(0xd1342543de82ef95) + 1;
	eagerness = model_random(8);
	wakes_freely = model_random(4) == 0;
	scenario->set_up(scenario->state);
	for (unsigned t = 0; t < scenario->threads; t++)
		clocks[t + 1] = clocks[0]; /* set-up happens before all threads */
	fiber_run(scenario, seed & 1);
	if (failure[0])
		return;
	for (unsigned t = 0; t < scenario->threads; t++)
		memory_join(&clocks[0], &clocks[t + 1]);
	if (scenario->finish)
		scenario->finish(scenario->state);
}

struct model_result model_run(const struct model_scenario *scenario, uint64_t seed, uint64_t executions)
{
	struct model_result result = { 0, 0, NULL, NULL };

	failure[0] = '\0';
	for (uint64_t i = 0; i < executions; i++) {
		run_once(scenario, seed + i);
		result.executions++;
		if (failure[0]) {
			result.seed = seed + i;
			result.failure = failure;
			result.schedule = fiber_schedule();
			break;
		}
	}
	return result;
}
