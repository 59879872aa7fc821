/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The broadcast ring on the explorer: join against publish, overwrite against read, producers against each other. A
 * message is two words that depend on each other, so that a torn one shows; each has a plain payload written before it
 * is published. In a ring filled in place the elements are plain themselves, so a cell that is given back too early
 * shows as a race.
 */
#include <maar/broadcast.h>

#include "../../src/ring/broadcast_priv.h"
#include "scenarios.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MESSAGES 32			      /* of one execution */
#define BASE	 UINT64_C(0xb5ca000000000000) /* so that no position or lap is mistaken for a message */
#define OTHER	 UINT64_C(0x0000ffff00000000) /* what the second word has besides */
#define EACH	 8			      /* numbers of a producer: its messages are p * EACH + 1, 2, ... */

struct world {
	unsigned flags;
	size_t capacity, consumers;
	uint64_t start;
	unsigned sent; /* messages of each producer */
	struct maar_broadcast *ring;
	struct maar_broadcast_reader reader; /* of the thread that set up; it reads or leaves in a thread */
	uint64_t payload[MESSAGES];
	uint64_t done; /* atomic, acquired: producers that have ended */
};

static void set_up(void *state)
{
	struct world *w = state;

	if (!w->ring)
		w->ring = maar_broadcast_create(w->capacity, 2 * sizeof(uint64_t), w->consumers, w->flags);
	if (!w->ring)
		abort();
	maar__broadcast_start_at(w->ring, w->start);
	memset(w->payload, 0, sizeof(w->payload));
	w->done = 0;
	model_one_at_a_time(maar__broadcast_cell(w->ring, 0), w->capacity * 3 * sizeof(uint64_t));
}

/* ---- producers ---- */

static uint64_t message_of(unsigned producer, unsigned i)
{
	return BASE + producer * EACH + i + 1;
}

static size_t publish(struct world *w, uint64_t message)
{
	const uint64_t element[2] = { message, message ^ OTHER };
	uint64_t *place;

	model_plain_write(&w->payload[message - BASE], message * 3);
	if (!(w->flags & MAAR_BROADCAST_IN_PLACE))
		return maar_broadcast_publish(w->ring, element);
	place = maar_broadcast_reserve(w->ring);
	if (!place)
		return 0;
	model_plain_write(&place[0], element[0]);
	model_plain_write(&place[1], element[1]);
	return maar_broadcast_commit(w->ring);
}

static void send(struct world *w, unsigned producer, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		while (!publish(w, message_of(producer, i)))
			model_yield();
	maar_a_add(&w->done, 1, RELEASE);
}

static void produce_1(void *s)
{
	send(s, 0, ((struct world *)s)->sent);
}

static void produce_2(void *s)
{
	send(s, 1, ((struct world *)s)->sent);
}

static bool over(struct world *w, unsigned producers)
{
	return maar_a_load(&w->done, ACQUIRE) == producers;
}

/* ---- readers ---- */

/* What a reader has seen: of each producer the number to come, 0 before its first. */
struct seen {
	uint64_t next[3];
};

static void check(struct world *w, struct seen *seen, const uint64_t *element, bool gapless)
{
	const uint64_t number = element[0] - BASE;
	uint64_t *next;

	model_assert(number < MESSAGES, "a message that nobody sent: %llx", (unsigned long long)element[0]);
	model_assert(element[1] == (element[0] ^ OTHER), "torn: %llx and %llx", (unsigned long long)element[0],
		     (unsigned long long)element[1]);
	next = &seen->next[(number - 1) / EACH];
	if (gapless && *next)
		model_assert(number == *next, "message %llu instead of %llu", (unsigned long long)number,
			     (unsigned long long)*next);
	else
		model_assert(number >= *next, "messages of one producer out of order");
	*next = number + 1;
	model_assert(model_plain_read(&w->payload[number]) == element[0] * 3, "payload of another time");
}

/* One message by a joined reader: copied out, or in place. */
static bool take(struct world *w, struct maar_broadcast_reader *reader, struct seen *seen)
{
	uint64_t element[2], missed;
	uint64_t *place;

	if (w->flags & MAAR_BROADCAST_IN_PLACE) {
		place = (uint64_t *)(uintptr_t)maar_broadcast_peek(reader);
		if (!place)
			return false;
		element[0] = model_plain_read(&place[0]);
		element[1] = model_plain_read(&place[1]);
		check(w, seen, element, true);
		model_assert(maar_broadcast_release(reader), "evicted by nobody");
		return true;
	}
	if (!maar_broadcast_read(reader, element, &missed)) {
		model_assert(maar_broadcast_joined(reader), "overtaken, though it gates");
		return false;
	}
	model_assert(missed == 0, "a joined reader missed something");
	model_took(element[0], UINT64_MAX);
	model_took(element[1], UINT64_MAX);
	check(w, seen, element, true);
	return true;
}

/* The reader that joined in set-up sees all. */
static void read_all(struct world *w, struct maar_broadcast_reader *reader, unsigned n)
{
	struct seen seen = { { 0 } };

	while (n) {
		if (take(w, reader, &seen))
			n--;
		else
			model_yield();
	}
}

static void set_up_joined(void *state)
{
	struct world *w = state;

	set_up(w);
	if (maar_broadcast_join(w->ring, &w->reader, 0))
		abort();
}

static void read_all_1(void *s)
{
	struct world *w = s;

	read_all(w, &w->reader, w->sent);
}

static void read_all_2(void *s)
{
	struct world *w = s;

	read_all(w, &w->reader, 2 * w->sent);
}

/* Joins while producers run; gapless from its first message on, to the last; or leaves early. */
static void visit(struct world *w, unsigned flags, unsigned producers, unsigned most)
{
	struct maar_broadcast_reader reader;
	struct seen seen = { { 0 } };
	bool end;

	if (maar_broadcast_join(w->ring, &reader, flags)) {
		model_fail("no gate free");
		return;
	}
	do {
		end = over(w, producers);
		while (most && take(w, &reader, &seen))
			most--;
		if (!end)
			model_yield();
	} while (!end && most);
	if (!most && (w->flags & MAAR_BROADCAST_IN_PLACE)) { /* looks at one more, and leaves instead of releasing it */
		uint64_t *place = (uint64_t *)(uintptr_t)maar_broadcast_peek(&reader);

		if (place)
			model_plain_read(&place[0]);
	}
	for (unsigned p = 0; p < producers && most; p++)
		model_assert(!seen.next[p] || seen.next[p] == p * EACH + w->sent + 1, "the last was missed");
	model_assert(maar_broadcast_leave(&reader) == 0, "evicted by nobody");
}

static void visit_1(void *s)
{
	visit(s, 0, 1, MESSAGES);
}

static void visit_old_1(void *s)
{
	visit(s, MAAR_BROADCAST_OLDEST, 1, MESSAGES);
}

static void visit_old_2(void *s)
{
	visit(s, MAAR_BROADCAST_OLDEST, 2, MESSAGES);
}

static void come_and_go(void *s)
{
	visit(s, 0, 1, 1);
	visit(s, MAAR_BROADCAST_OLDEST, 1, 1);
}

/* Watches: whole, in order, and what was seen and missed is all there was. */
/* What lag counts is there: with one producer, a reader can rely on it. */
static void lag_is_there(struct world *w)
{
	struct maar_broadcast_reader reader;
	struct seen seen = { { 0 } };

	if (maar_broadcast_join(w->ring, &reader, MAAR_BROADCAST_OLDEST))
		abort();
	for (unsigned i = 0; i < 4; i++)
		if (maar_broadcast_lag(&reader))
			model_assert(take(w, &reader, &seen), "counted, and not there");
	model_assert(maar_broadcast_leave(&reader) == 0, "evicted by nobody");
}

static void rely_on_lag(void *s)
{
	lag_is_there(s);
}

static void watch(struct world *w, unsigned all)
{
	struct maar_broadcast_reader reader;
	struct seen seen = { { 0 } };
	uint64_t element[2], missed, n = 0;

	if (maar_broadcast_watch(w->ring, &reader, MAAR_BROADCAST_OLDEST))
		abort();
	n = reader.position - w->start;
	while (n < all) {
		const size_t got = maar_broadcast_read(&reader, element, &missed);

		n += missed + got;
		if (got)
			check(w, &seen, element, false);
		else
			model_yield();
	}
	model_assert(n == all, "seen and missed are more than was sent");
}

static void watch_1(void *s)
{
	watch(s, ((struct world *)s)->sent);
}

static void watch_2(void *s)
{
	watch(s, 2 * ((struct world *)s)->sent);
}

/* The newest is never older than before, nor than one known of; and it is there once one was. */
static void ask(void *s)
{
	struct world *w = s;
	uint64_t element[2], position, before = w->start;

	for (unsigned i = 0; i < 3; i++) {
		struct seen seen = { { 0 } }; /* the same message may come again */
		const uint64_t known = maar_broadcast_published(w->ring);

		if (!maar_broadcast_latest(w->ring, element, &position))
			continue;
		model_assert(position - w->start + 1 >= known, "older than what was published before");
		model_assert((int64_t)(position - before) >= 0, "older than the last time");
		model_assert(element[0] == message_of(0, (unsigned)(position - w->start)),
			     "not what was published there");
		check(w, &seen, element, false);
		before = position;
	}
}

/* Both roles in one thread, and a cell for each: no publish finds the ring full, though gates and floor move. */
static void both(struct world *w, unsigned me)
{
	struct maar_broadcast_reader reader;
	struct seen seen = { { 0 } };

	for (unsigned i = 0; i < 2; i++) {
		while (maar_broadcast_join(w->ring, &reader, 0)) /* a gate that came free may be overlooked once */
			model_yield();
		model_assert(publish(w, message_of(me, i)), "full, though there was room at every instant");
		while (take(w, &reader, &seen))
			;
		model_assert(maar_broadcast_leave(&reader) == 0, "evicted by nobody");
	}
}

static void both_1(void *s)
{
	both(s, 0);
}

static void both_2(void *s)
{
	both(s, 1);
}

/* A single producer that dies with a cell filled and the tail not moved, and one that takes over. */
static void die(void *s)
{
	struct world *w = s;
	const uint64_t element[2] = { message_of(0, 0), message_of(0, 0) ^ OTHER };

	model_plain_write(&w->payload[1], element[0] * 3);
	maar__broadcast_fill(w->ring, w->start, element);
	maar_a_add(&w->done, 1, RELEASE);
}

static void take_over(void *s)
{
	struct world *w = s;

	while (!over(w, 1))
		model_yield();
	for (unsigned i = 1; i < w->sent; i++)
		while (!publish(w, message_of(0, i)))
			model_yield();
}

/* A thread that reads and publishes, and one that publishes once: never more than two messages are unread. */
static void publish_and_read(void *s)
{
	struct world *w = s;
	struct seen seen = { { 0 } };

	for (unsigned i = 0; i < 3; i++) {
		model_assert(publish(w, message_of(0, i)), "full, though there was room at every instant");
		while (seen.next[0] != i + 2)
			if (!take(w, &w->reader, &seen))
				model_yield();
	}
}

static void publish_once(void *s)
{
	model_assert(publish(s, message_of(1, 0)), "full, though there was room at every instant");
}

/* A reader that lives is evicted at any moment: what it gets is whole and gapless until it finds out. */
static void read_until_evicted(void *s)
{
	struct world *w = s;
	struct maar_broadcast_reader reader;
	struct seen seen = { { 0 } };
	uint64_t element[2];

	for (unsigned i = 0; i < 2; i++) {
		const int rc = maar_broadcast_join(w->ring, &reader, MAAR_BROADCAST_OLDEST);
		unsigned idle = 0;

		if (rc) {
			model_assert(rc == -ECANCELED || i, "no gate free");
			continue;
		}
		seen.next[0] = 0;
		while (maar_broadcast_joined(&reader) && idle < 3) {
			if (maar_broadcast_read(&reader, element, NULL)) {
				check(w, &seen, element, true);
			} else {
				idle++;
				model_yield();
			}
		}
		(void)maar_broadcast_leave(&reader);
	}
}

static void supervise(void *s)
{
	struct world *w = s;

	for (unsigned i = 0; i < 4; i++) {
		uint64_t lag;
		const uint64_t id = maar_broadcast_slowest(w->ring, &lag);

		model_assert(lag <= w->capacity, "behind by more than a capacity");
		if (id)
			(void)maar_broadcast_evict(w->ring, id);
		model_assert(maar_broadcast_joined_count(w->ring) <= 1, "joined twice");
		model_yield();
	}
}

static void at_rest(void *s)
{
	struct world *w = s;

	model_assert(maar_broadcast_check(w->ring) == 0, "check finds something");
}

/* ---- the table ---- */

#define SCENARIO(label, flags_, capacity_, consumers_, start_, sent_, setup, n, ...)                                   \
	{                                                                                                              \
		.name = label, .threads = n, .set_up = setup, .thread = { __VA_ARGS__ }, .finish = at_rest,            \
		.state = &(struct world)                                                                               \
		{                                                                                                      \
			.flags = flags_, .capacity = capacity_, .consumers = consumers_, .start = start_,              \
			.sent = sent_                                                                                  \
		}                                                                                                      \
	}

#define WRAP32 (UINT64_C(0x100000000) - 2)
#define WRAP64 (UINT64_MAX - 1)
#define MP     MAAR_BROADCAST_MP
#define PLACE  MAAR_BROADCAST_IN_PLACE

const struct model_scenario scenarios_broadcast[] = {
	SCENARIO("broadcast joined", 0, 2, 1, 0, 5, set_up_joined, 2, produce_1, read_all_1),
	SCENARIO("broadcast joined, one cell", 0, 1, 1, WRAP64, 3, set_up_joined, 2, produce_1, read_all_1),
	SCENARIO("broadcast in place", PLACE, 2, 1, WRAP32, 5, set_up_joined, 2, produce_1, read_all_1),
	SCENARIO("broadcast in place, join", PLACE, 2, 2, 0, 6, set_up, 2, produce_1, visit_1),
	SCENARIO("broadcast in place, join the oldest", PLACE, 2, 2, WRAP64, 6, set_up, 2, produce_1, visit_old_1),
	SCENARIO("broadcast in place, come and go", PLACE, 2, 2, WRAP32, 6, set_up_joined, 3, produce_1, come_and_go,
		 read_all_1),
	SCENARIO("broadcast join", 0, 4, 2, 0, 7, set_up, 3, produce_1, visit_1, visit_old_1),
	SCENARIO("broadcast join, one cell", 0, 1, 1, WRAP32, 4, set_up, 2, produce_1, visit_old_1),
	SCENARIO("broadcast watched", 0, 2, 0, WRAP64, 5, set_up, 2, produce_1, watch_1),
	SCENARIO("broadcast watched, one cell", 0, 1, 0, 0, 4, set_up, 2, produce_1, watch_1),
	SCENARIO("broadcast asked", 0, 2, 0, 0, 4, set_up, 3, produce_1, ask, ask),
	SCENARIO("broadcast many", MP, 2, 1, 0, 3, set_up_joined, 3, produce_1, produce_2, read_all_2),
	SCENARIO("broadcast many, join", MP, 2, 1, WRAP64, 4, set_up, 3, produce_1, produce_2, visit_old_2),
	SCENARIO("broadcast many, watched", MP, 2, 0, WRAP32, 3, set_up, 3, produce_1, produce_2, watch_2),
	SCENARIO("broadcast many, watched, one cell", MP, 1, 0, 0, 2, set_up, 3, produce_1, produce_2, watch_2),
	SCENARIO("broadcast relied on", 0, 2, 1, 0, 4, set_up, 2, produce_1, rely_on_lag),
	SCENARIO("broadcast in place, relied on", PLACE, 4, 1, 0, 5, set_up, 2, produce_1, rely_on_lag),
	SCENARIO("broadcast taken over", 0, 2, 1, WRAP32, 3, set_up, 3, die, take_over, rely_on_lag),
	SCENARIO("broadcast evicted", 0, 2, 1, WRAP64, 5, set_up, 3, produce_1, read_until_evicted, supervise),
	SCENARIO("broadcast many, room for two", MP, 2, 1, WRAP32, 3, set_up_joined, 2, publish_and_read, publish_once),
	SCENARIO("broadcast many, both roles", MP, 4, 2, WRAP64, 2, set_up, 2, both_1, both_2),
};

const unsigned n_scenarios_broadcast = sizeof(scenarios_broadcast) / sizeof(scenarios_broadcast[0]);
