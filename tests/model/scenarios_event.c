/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The event count by itself (<maar/event.h>): tokens that threads wait for, some with time-outs; what came before a close;
 * a descriptor that one thread makes, another arms, a third makes readable.
 */
#include <maar/wait.h>

#include "scenarios.h"

#include <errno.h>
#include <stdlib.h>

struct state {
	struct maar_ring *ring;
	struct maar_wait *wait; /* its first event is the one under test */
	uint64_t tokens;	/* atomic: what waiters wait for */
	uint64_t plain;		/* not atomic: what a close hands over */
};

static struct maar_event *event_of(void *state)
{
	return &((struct state *)state)->wait->not_empty;
}

static void set_up(void *state)
{
	struct state *s = state;

	if (!s->wait) {
		s->ring = maar_ring_create(1, MAAR_RING_SPSC);
		s->wait = aligned_alloc(MAAR_APART, sizeof(*s->wait));
	}
	if (!s->wait || maar_wait_init(s->wait, sizeof(*s->wait), s->ring, MAAR_WAIT_NO_SPIN))
		abort();
	s->tokens = 0;
	s->plain = 0;
}

/* ---- tokens ---- */

static bool take_token(struct state *s)
{
	for (;;) {
		const uint64_t n = maar_a_load(&s->tokens, RELAXED);

		if (n == 0)
			return false;
		if (maar_a_cas(&s->tokens, n, n - 1, RELAXED))
			return true;
	}
}

static void give_one(void *state)
{
	(void)maar_a_add(&((struct state *)state)->tokens, 1, RELAXED);
	maar_event_notify_one(event_of(state));
}

static void give_two(void *state)
{
	(void)maar_a_add(&((struct state *)state)->tokens, 2, RELAXED);
	maar_event_notify_many(event_of(state), 2);
}

static void give_one_each(void *state)
{
	give_one(state);
	give_one(state);
}

static void wants_one(void *state)
{
	const int rc = maar_event_until(event_of(state), MAAR_FOREVER, take_token(state));

	model_assert(rc == 0, "an error that nobody made: %d", rc);
}

static void wants_two(void *state)
{
	wants_one(state);
	wants_one(state);
}

/* Gives up a few times first. */
static void impatient(void *state)
{
	for (unsigned i = 0; i < 2; i++) {
		const int rc = maar_event_until(event_of(state), 1, take_token(state));

		if (rc == 0)
			return;
		model_assert(rc == -ETIMEDOUT, "an error that nobody made: %d", rc);
	}
	wants_one(state);
}

static void none_left(void *state)
{
	model_assert(((struct state *)state)->tokens == 0, "a token is left");
}

/* ---- what comes before a close ---- */

static void hand_over(void *state)
{
	struct state *s = state;

	model_plain_write(&s->plain, 7);
	maar_wait_close(s->wait);
}

static void told_by_waiting(void *state)
{
	struct state *s = state;
	const int rc = maar_event_until(event_of(state), MAAR_FOREVER, false);

	model_assert(rc == -EPIPE, "waited for nothing: %d", rc);
	model_assert(model_plain_read(&s->plain) == 7, "closed, and what came before is not there");
}

static void told_by_asking(void *state)
{
	struct state *s = state;

	if (maar_event_closed(event_of(state)))
		model_assert(model_plain_read(&s->plain) == 7, "closed, and what came before is not there");
}

static void told_by_enqueueing(void *state)
{
	struct state *s = state;

	if (maar_wait_closed(s->wait))
		model_assert(model_plain_read(&s->plain) == 7, "closed, and what came before is not there");
}

/* ---- descriptors ---- */

static void make(void *state)
{
	use_descriptor(maar_event_fd(event_of(state)));
}

static void poll_for_one(void *state)
{
	make(state);
	maar_event_disarm(event_of(state)); /* so that it is unreadable to begin with */
	while (!take_token(state)) {
		model_assert(maar_event_arm(event_of(state)) == 0, "not armed");
		if (maar_a_load(&((struct state *)state)->tokens, RELAXED))
			maar_event_fire(event_of(state));
		sleep_until_readable();
		maar_event_disarm(event_of(state));
	}
}

static void poll_for_close(void *state)
{
	int rc;

	make(state);
	maar_event_disarm(event_of(state));
	rc = maar_event_arm(event_of(state));
	model_assert(rc == 0 || rc == -EPIPE, "not armed: %d", rc);
	sleep_until_readable();
	model_assert(maar_event_closed(event_of(state)), "readable, and not closed");
}

static void arm_if_made(void *state)
{
	const int rc = maar_event_arm(event_of(state));

	model_assert(rc == 0 || rc == -EINVAL, "not armed: %d", rc);
}

static void notify_only(void *state)
{
	maar_event_notify_one(event_of(state));
}

static void fire_only(void *state)
{
	maar_event_fire(event_of(state));
}

static void disarm_only(void *state)
{
	maar_event_disarm(event_of(state));
}

static void close_only(void *state)
{
	maar_event_close(event_of(state));
}

/* ---- the table ---- */

#define EVENT(label, finish_, n, ...)                                                                                  \
	{                                                                                                              \
		.name = label, .threads = n, .set_up = set_up, .thread = { __VA_ARGS__ }, .finish = finish_,           \
		.state = &(struct state)                                                                               \
		{                                                                                                      \
			.ring = NULL                                                                                   \
		}                                                                                                      \
	}

const struct model_scenario scenarios_event[] = {
	EVENT("event, one waiter", none_left, 2, wants_two, give_one_each),
	EVENT("event, two waiters", none_left, 3, wants_one, wants_one, give_two),
	EVENT("event, two notifiers", none_left, 4, wants_one, wants_one, give_one, give_one),
	EVENT("event, two and a half", none_left, 4, wants_two, wants_one, give_one_each, give_one),
	EVENT("event, time-outs", none_left, 3, impatient, wants_one, give_one_each),
	EVENT("event, time-outs, two notifiers", none_left, 4, impatient, wants_one, give_one, give_one),
	EVENT("event, closed while waited for", NULL, 2, hand_over, told_by_waiting),
	EVENT("event, closed and asked", NULL, 3, hand_over, told_by_asking, told_by_enqueueing),
	EVENT("descriptor, polled", none_left, 2, poll_for_one, give_one),
	EVENT("descriptor, closed", NULL, 2, poll_for_close, close_only),
	EVENT("descriptor, made by two", NULL, 2, make, make),
	EVENT("descriptor, armed by another", NULL, 3, make, arm_if_made, notify_only),
	EVENT("descriptor, used by others", NULL, 3, make, fire_only, disarm_only),
};

const unsigned n_scenarios_event = sizeof(scenarios_event) / sizeof(scenarios_event[0]);
