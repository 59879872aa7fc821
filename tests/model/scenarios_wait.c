/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Waiting for a ring (<maar/wait.h> on <maar/event.h>): a wake-up that is lost leaves all threads asleep, which the
 * explorer takes for a failure. Rings have one or two cells, so that both sides sleep.
 */
#include <maar/wait.h>

#include "../../src/ring/ring_priv.h"
#include "scenarios.h"
#include "world.h"

#include <errno.h>
#include <stdlib.h>

/* A world's object: flags are the ring's, those of the wait come with the scenario's set-up. */
struct waited {
	struct maar_ring *ring;
	struct maar_wait *wait;
};

static struct maar_wait *wait_of(const void *state)
{
	return ((const struct waited *)((const struct world *)state)->object)->wait;
}

static void set_up(struct world *w, unsigned wait_flags)
{
	struct waited *object = w->object;

	if (!object) {
		w->object = object = calloc(1, sizeof(*object));
		if (!object)
			abort();
		object->ring = maar_ring_create(w->capacity, w->flags);
		object->wait = aligned_alloc(MAAR_APART, sizeof(*object->wait));
	}
	world_clear(w);
	maar__ring_start_at(object->ring, w->start);
	if (maar_wait_init(object->wait, sizeof(*object->wait), object->ring, wait_flags))
		abort();
}

static void set_up_wait(void *state)
{
	set_up(state, MAAR_WAIT_NO_SPIN);
}

static void set_up_prompt(void *state)
{
	set_up(state, MAAR_WAIT_NO_SPIN | MAAR_WAIT_PROMPT);
}

static void set_up_spinning(void *state)
{
	set_up(state, 0);
}

static void set_up_descriptor(void *state)
{
	set_up(state, MAAR_WAIT_NO_SPIN);
	model_assert(maar_wait_fd(wait_of(state)) >= 0, "no descriptor");
	maar_wait_disarm(wait_of(state));
}

static void put_n(struct world *w, unsigned producer, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		world_putting(w, world_value(w, producer, i));
		model_assert(maar_wait_enqueue(wait_of(w), world_value(w, producer, i), MAAR_FOREVER) == 1,
			     "not put, though nothing is closed");
	}
}

static void take_n(struct world *w, unsigned consumer, unsigned n)
{
	uint64_t value;

	for (unsigned i = 0; i < n; i++) {
		model_assert(maar_wait_dequeue(wait_of(w), &value, MAAR_FOREVER) == 1,
			     "not taken, though nothing is closed");
		world_took(w, consumer, value);
	}
}

static void put_3(void *s)
{
	put_n(s, 0, 3);
}

static void put_1(void *s)
{
	put_n(s, 0, 1);
}

static void put_1_too(void *s)
{
	put_n(s, 1, 1);
}

static void take_3(void *s)
{
	take_n(s, 1, 3);
}

static void take_2(void *s)
{
	take_n(s, 1, 2);
}

static void take_1(void *s)
{
	take_n(s, 1, 1);
}

static void take_1_too(void *s)
{
	take_n(s, 2, 1);
}

static void put_burst(void *s)
{
	struct world *w = s;
	uint64_t values[2];

	for (unsigned i = 0; i < 2; i++)
		world_putting(w, values[i] = world_value(w, 0, i));
	for (size_t done = 0; done < 2;) {
		const ssize_t k = maar_wait_enqueue_burst(wait_of(w), values + done, 2 - done, MAAR_FOREVER);

		model_assert(k > 0, "not put, though nothing is closed");
		done += (size_t)k;
	}
}

/* ---- close against wait ---- */

static void put_and_close(void *s)
{
	put_n(s, 0, 2);
	maar_wait_close(wait_of(s));
}

static void take_until_closed(struct world *w, unsigned consumer)
{
	uint64_t value;
	ssize_t rc;

	while ((rc = maar_wait_dequeue(wait_of(w), &value, MAAR_FOREVER)) == 1)
		world_took(w, consumer, value);
	model_assert(rc == -EPIPE, "an error that nobody made: %d", (int)rc);
}

static void take_until_closed_1(void *s)
{
	take_until_closed(s, 1);
}

static void take_until_closed_2(void *s)
{
	take_until_closed(s, 2);
}

/* A producer that sleeps for room is refused by a close; what it did put can be taken. */
static void put_until_closed(void *s)
{
	struct world *w = s;
	ssize_t rc = 1;

	for (unsigned i = 0; rc == 1; i++) {
		model_assert(i < 4, "room for more than there is");
		world_putting(w, world_value(w, 0, i));
		rc = maar_wait_enqueue(wait_of(w), world_value(w, 0, i), MAAR_FOREVER);
		w->put[world_number(w, world_value(w, 0, i))] = rc == 1;
	}
	model_assert(rc == -EPIPE, "an error that nobody made: %d", (int)rc);
}

static void close_only(void *s)
{
	maar_wait_close(wait_of(s));
}

static void forget(uint64_t value, void *arg)
{
	world_took(arg, 0, value);
}

static void drain_all(void *state)
{
	(void)maar_wait_drain(wait_of(state), forget, state);
	world_all_taken(state);
}

static void all_taken(void *state)
{
	world_all_taken(state);
	model_assert(maar_ring_empty(maar_wait_ring(wait_of(state))), "the ring should be empty");
}

/* ---- the descriptor ---- */

static void take_2_by_descriptor(void *s)
{
	struct world *w = s;
	uint64_t value;

	for (unsigned left = 2; left;) {
		if (maar_wait_dequeue(wait_of(w), &value, 0) == 1) {
			world_took(w, 1, value);
			left--;
		} else if (maar_wait_arm(wait_of(w)) == 0) {
			sleep_until_readable();
			maar_wait_disarm(wait_of(w));
		} else {
			maar_wait_disarm(wait_of(w));
		}
	}
}

static void put_burst_for_descriptor(void *s)
{
	put_n(s, 0, 2);
}

static void wait_by_descriptor(void *s)
{
	if (maar_wait_arm(wait_of(s)) == 0)
		sleep_until_readable();
	model_assert(maar_wait_closed(wait_of(s)), "readable, and not closed");
}

/* ---- the table ---- */

#define WAIT(label, flags_, capacity_, setup, finish_, n, ...)                                                         \
	{                                                                                                              \
		.name = label, .threads = n, .set_up = setup, .thread = { __VA_ARGS__ }, .finish = finish_,            \
		.state = &(struct world)                                                                               \
		{                                                                                                      \
			.flags = flags_, .capacity = capacity_, .start = UINT64_MAX - 1, .base = WORLD_WORDS           \
		}                                                                                                      \
	}

#define SPSC   MAAR_RING_SPSC
#define MPMC   MAAR_RING_MPMC
#define TICKET MAAR_RING_TICKET

const struct model_scenario scenarios_wait[] = {
	WAIT("wait, one cell", SPSC, 1, set_up_wait, all_taken, 2, put_3, take_3),
	WAIT("wait, two cells", SPSC, 2, set_up_wait, all_taken, 2, put_3, take_3),
	WAIT("wait, prompt", SPSC, 2, set_up_prompt, all_taken, 2, put_3, take_3),
	WAIT("wait, spinning first", SPSC, 1, set_up_spinning, all_taken, 2, put_3, take_3),
	WAIT("wait, two producers", MPMC, 1, set_up_wait, all_taken, 3, put_1, put_1_too, take_2),
	WAIT("wait, two consumers", MPMC, 1, set_up_wait, all_taken, 3, put_burst, take_1, take_1_too),
	WAIT("wait, a burst for two", MPMC, 2, set_up_wait, all_taken, 3, put_burst, take_1, take_1_too),
	WAIT("wait, two and two", MPMC, 1, set_up_wait, all_taken, 4, put_1, put_1_too, take_1, take_1_too),
	WAIT("wait, two and two, ticket", MPMC | TICKET, 2, set_up_wait, all_taken, 4, put_1, put_1_too, take_1,
	     take_1_too),
	WAIT("close against wait", SPSC, 2, set_up_wait, all_taken, 2, put_and_close, take_until_closed_1),
	WAIT("close against two", MPMC, 1, set_up_wait, all_taken, 3, put_and_close, take_until_closed_1,
	     take_until_closed_2),
	WAIT("close against a producer", SPSC, 2, set_up_wait, drain_all, 2, put_until_closed, close_only),
	WAIT("descriptor", SPSC, 2, set_up_descriptor, all_taken, 2, put_burst_for_descriptor, take_2_by_descriptor),
	WAIT("descriptor and sleeper", MPMC, 2, set_up_descriptor, all_taken, 3, put_3, take_2_by_descriptor,
	     take_1_too),
	WAIT("close against descriptor", SPSC, 2, set_up_descriptor, NULL, 2, close_only, wait_by_descriptor),
};

const unsigned n_scenarios_wait = sizeof(scenarios_wait) / sizeof(scenarios_wait[0]);
