/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Channels, sets, topics and their seats on the explorer, with a pool whose mring is a stand-in: messages whose handle is
 * the world's value, and a word with a bit for each that came back. Capacities of one and two, so that both sides sleep; a
 * wake-up that is lost leaves all threads asleep, which the explorer takes for a failure.
 */
#include <maar/select.h>
#include <maar/topic.h>

#include "../../src/channel/channel_priv.h"
#include "../../src/pool/pool_priv.h"
#include "scenarios.h"
#include "world.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- the stand-in ---- */

static struct maar__mring slots;
static struct maar_pool pool;
static struct maar_msg msgs[WORLD_VALUES];
static uint64_t released; /* atomic: bit n: message n came back */

static void reset_pool(void)
{
	/* Handles begin at WORLD_HANDLES: so does the slab, as it were. */
	slots.front.slab = (unsigned char *)((uintptr_t)msgs - (uintptr_t)(WORLD_HANDLES * sizeof(msgs[0])));
	maar__mring_measures(&slots.front, sizeof(msgs[0]), (uint32_t)WORLD_HANDLES + WORLD_VALUES);
	slots.front.key = maar__key(4, 1); /* which no thread has a lane for */
	slots.front.magic = MAAR__MRING_MAGIC;
	pool.mring = &slots.front;
	released = 0;
	memset(msgs, 0, sizeof(msgs));
	for (uint32_t n = 0; n < WORLD_VALUES; n++) {
		msgs[n].pool = &pool;
		msgs[n].handle = (uint32_t)WORLD_HANDLES + n;
		msgs[n].refs = 1;
	}
}

static struct maar_msg *msg_of(uint64_t value)
{
	return &msgs[value - WORLD_HANDLES];
}

const struct maar__mring *channel_mring(void)
{
	return &slots;
}

bool channel_slot_back(uint32_t handle)
{
	const uint64_t bit = UINT64_C(1) << (handle - WORLD_HANDLES);

	model_assert(!(maar_a_add(&released, bit, ACQ_REL) & bit), "released twice: %u",
		     (unsigned)(handle - WORLD_HANDLES));
	return true;
}

/* ---- the world ---- */

struct channels {
	struct maar_channel *c, *d;
	struct maar_select *set;
	struct maar_topic *topic;
	struct maar__seat seat;
	uint64_t plain[2]; /* what a seat holds; what a close hands over */
	ssize_t published;
};

static struct channels *of(void *state)
{
	return ((struct world *)state)->object;
}

/* PROMPT: without it, senders look by themselves once in a while, and hide a wake-up that was lost. */
static struct maar_channel *make(const struct world *w, unsigned full, unsigned levels, unsigned weight)
{
	struct maar_channel_options options = {
		.flags = w->flags | MAAR_CHANNEL_NO_SPIN | MAAR_CHANNEL_PROMPT,
		.full = full,
		.levels = levels,
		.weight = weight,
		.pool = &pool,
	};

	return maar_channel_create(w->capacity, 0, &options);
}

static void reset(struct maar_channel *c, uint64_t start)
{
	uint32_t i;

	maar__channel_start_at(c, start);
	memset(&c->set, 0, sizeof(c->set));
	c->dropped = c->evicted = c->blocked = c->topics = c->turn = 0;
	if (maar_event_init(&c->not_empty, MAAR_EVENT_NO_SPIN))
		abort();
	for (i = 0; i < c->levels; i++)
		if (maar_event_init(&c->level[i].not_full, MAAR_EVENT_NO_SPIN))
			abort();
}

static void set_up_as(struct world *w, unsigned full, unsigned levels, unsigned weight)
{
	struct channels *o = w->object;

	reset_pool();
	world_clear(w);
	if (!o) {
		w->object = o = calloc(1, sizeof(*o));
		o->c = make(w, full, levels, weight);
		o->d = make(w, full, levels, weight);
		o->set = maar_select_create(1, MAAR_SELECT_NO_SPIN);
		o->topic = maar_topic_create(&pool, 1);
		if (!o->c || !o->d || !o->set || !o->topic)
			abort();
	}
	reset(o->c, w->start);
	reset(o->d, w->start);
	memset(&o->seat, 0, sizeof(o->seat));
}

static void set_up(void *s)
{
	set_up_as(s, MAAR_CHANNEL_BLOCK, 1, 0);
}

static void set_up_levels(void *s)
{
	set_up_as(s, MAAR_CHANNEL_BLOCK, 2, 1);
}

static void set_up_drop(void *s)
{
	set_up_as(s, MAAR_CHANNEL_DROP, 1, 0);
}

static void set_up_overwrite(void *s)
{
	set_up_as(s, MAAR_CHANNEL_OVERWRITE, 1, 0);
}

/* ---- send and receive ---- */

static void send_n(struct world *w, unsigned sender, unsigned n, unsigned levels)
{
	for (unsigned i = 0; i < n; i++) {
		const uint64_t value = world_value(w, sender, i);

		world_putting(w, value);
		model_assert(maar_channel_send_priority(of(w)->c, msg_of(value), i % levels) >= 0, "not sent");
	}
}

static void take(struct world *w, unsigned receiver, struct maar_msg *msg)
{
	world_took(w, receiver, WORLD_HANDLES + (uint64_t)(msg - msgs));
}

static void recv_n(struct world *w, unsigned receiver, unsigned n)
{
	struct maar_msg *msg;

	for (unsigned i = 0; i < n; i++) {
		model_assert(maar_channel_recv(of(w)->c, &msg, MAAR_FOREVER) == 1, "not received");
		take(w, receiver, msg);
	}
}

static void recv_until_closed(struct world *w, unsigned receiver)
{
	struct maar_msg *msg;
	int rc;

	while ((rc = maar_channel_recv(of(w)->c, &msg, MAAR_FOREVER)) == 1)
		take(w, receiver, msg);
	model_assert(rc == -EPIPE, "an error that nobody made: %d", rc);
}

static void send_1(void *s)
{
	send_n(s, 0, 1, 1);
}

static void send_1_too(void *s)
{
	send_n(s, 1, 1, 1);
}

static void send_2(void *s)
{
	send_n(s, 0, 2, 1);
}

static void send_3(void *s)
{
	send_n(s, 0, 3, 1);
}

/* Priorities 0 and 1: they may overtake each other, so they are two senders to the world. */
static void send_on_levels(void *s)
{
	struct world *w = s;

	for (unsigned i = 0; i < 2; i++) {
		world_putting(w, world_value(w, i, 0));
		model_assert(maar_channel_send_priority(of(w)->c, msg_of(world_value(w, i, 0)), i) == 1, "not sent");
	}
}

static void send_and_close(void *s)
{
	send_n(s, 0, 2, 1);
	maar_channel_close(of(s)->c);
}

static void close_it(void *s)
{
	maar_channel_close(of(s)->c);
}

/* A sender that waits for room is refused by a close; what it did send can be received. */
static void send_until_closed(void *s)
{
	struct world *w = s;
	int rc = 1;

	for (unsigned i = 0; rc == 1; i++) {
		const uint64_t value = world_value(w, 0, i);

		model_assert(i < 4, "room for more than there is");
		world_putting(w, value);
		rc = maar_channel_send(of(w)->c, msg_of(value));
		w->put[world_number(w, value)] = rc == 1;
	}
	model_assert(rc == -EPIPE, "an error that nobody made: %d", rc);
}

static void recv_1(void *s)
{
	recv_n(s, 1, 1);
}

static void recv_1_too(void *s)
{
	recv_n(s, 2, 1);
}

static void recv_2(void *s)
{
	recv_n(s, 1, 2);
}

static void recv_3(void *s)
{
	recv_n(s, 1, 3);
}

static void recv_to_the_end(void *s)
{
	recv_until_closed(s, 1);
}

static void recv_to_the_end_too(void *s)
{
	recv_until_closed(s, 2);
}

/* ---- at the end ---- */

static void all_received(void *s)
{
	struct maar_channel_stats stats;

	world_all_taken(s);
	model_assert(maar_channel_stats(of(s)->c, &stats) == 0 && stats.count == 0, "something is left");
}

static void drained(struct maar_msg *msg, void *s)
{
	take(s, 0, msg);
}

static void drain_all(void *s)
{
	(void)maar_channel_drain(of(s)->c, drained, s);
	world_all_taken(s);
}

/* What was not received was given back, and counted. */
static void received_or_released(void *s)
{
	struct world *w = s;
	const uint64_t back = maar_a_load(&released, RELAXED);
	struct maar_channel_stats stats;
	unsigned lost = 0;

	(void)maar_channel_drain(of(s)->c, drained, s);
	for (unsigned n = 0; n < WORLD_VALUES; n++) {
		model_assert(w->put[n] == w->taken[n] + (back >> n & 1), "message %u is lost, or there twice", n);
		lost += back >> n & 1;
	}
	model_assert(maar_channel_stats(of(s)->c, &stats) == 0 && stats.dropped + stats.evicted == lost,
		     "%u are gone, which is not what was counted", lost);
}

/* ---- sets ---- */

static void join(void *s)
{
	model_assert(maar_select_add(of(s)->set, of(s)->c, NULL) == 0, "it does not join");
}

static void leave(void *s)
{
	model_assert(maar_select_remove(of(s)->set, of(s)->c) == 0, "it does not leave");
}

static void select_n(struct world *w, unsigned n)
{
	struct maar_selected ready;
	struct maar_msg *msg;

	while (n) {
		model_assert(maar_select_wait(of(w)->set, &ready, 1, MAAR_FOREVER) == 1, "nothing selected");
		if (maar_channel_try_recv(ready.channel, &msg) == 1) {
			take(w, 1, msg);
			n--;
		}
	}
}

static void join_select_2(void *s)
{
	join(s);
	select_n(s, 2);
	leave(s);
}

/* Another set each time, and the memory of the first is used otherwise as soon as the channel has left it. */
static void join_leave_join(void *s)
{
	join(s);
	leave(s);
	maar_select_destroy(of(s)->set);
	of(s)->set = maar_select_create(1, MAAR_SELECT_NO_SPIN);
	join(s);
	select_n(s, 1);
	leave(s);
}

static void join_and_see_close(void *s)
{
	struct maar_selected ready;

	join(s);
	model_assert(maar_select_wait(of(s)->set, &ready, 1, MAAR_FOREVER) == 1, "nothing selected");
	model_assert(maar_channel_closed(ready.channel), "ready, and not closed");
	leave(s);
}

/* ---- seats ---- */

/* What sits in it is the sitter's own again, once the seat is free. */
static void sit_down(struct channels *o, uint64_t *what)
{
	if (!maar__seat_take(&o->seat, what))
		return;
	model_yield();
	maar__seat_free(&o->seat);
	model_plain_write(what, 1);
}

static void sit_down_0(void *s)
{
	sit_down(of(s), &of(s)->plain[0]);
}

static void sit_down_1(void *s)
{
	sit_down(of(s), &of(s)->plain[1]);
}

static void use_seat(void *s)
{
	struct channels *o = of(s);

	for (unsigned i = 0; i < 2; i++) {
		uint64_t *what = maar__seat_enter(&o->seat);

		if (what) {
			model_assert(model_plain_read(what) == 0, "used, but free already");
			maar__seat_leave(&o->seat);
		}
		model_yield();
	}
}

/* ---- topics ---- */

static void subscribe_until_closed(void *s)
{
	const int rc = maar_topic_subscribe(of(s)->topic, of(s)->c);

	model_assert(rc == 0 || rc == -EPIPE, "an error that nobody made: %d", rc);
	if (rc)
		return;
	recv_until_closed(s, 1);
	model_assert(maar_topic_unsubscribe(of(s)->topic, of(s)->c) == 0, "not subscribed");
}

static void close_topic(void *s)
{
	model_plain_write(&of(s)->plain[1], 5);
	maar_topic_close(of(s)->topic);
}

static void see_topic_closed(void *s)
{
	if (maar_topic_closed(of(s)->topic))
		model_assert(model_plain_read(&of(s)->plain[1]) == 5, "closed, but not what came before");
}

static void subscribe_late(void *s)
{
	if (maar_topic_subscribe(of(s)->topic, of(s)->c) == -EPIPE)
		model_assert(model_plain_read(&of(s)->plain[1]) == 5, "closed, but not what came before");
}

/* Published before anybody unsubscribes, as the world goes on; each reference is dropped once. */
static void publish_2(void *s)
{
	struct world *w = s;

	for (unsigned i = 0; i < 2; i++) {
		world_putting(w, world_value(w, 0, i));
		model_assert(maar_topic_publish(of(w)->topic, msg_of(world_value(w, 0, i))) == 1, "not published");
	}
}

static void listen_2(void *s)
{
	struct maar_msg *msg;

	for (unsigned i = 0; i < 2; i++) {
		model_assert(maar_channel_recv(of(s)->c, &msg, MAAR_FOREVER) == 1, "not received");
		take(s, 1, msg);
		(void)maar_msg_release(msg);
	}
	model_assert(maar_topic_unsubscribe(of(s)->topic, of(s)->c) == 0, "not subscribed");
}

static void both_back(void *s)
{
	world_all_taken(s);
	model_assert(maar_a_load(&released, RELAXED) == 6, "a message did not come back");
}

static void new_topic(void *s)
{
	set_up(s);
	maar_topic_destroy(of(s)->topic);
	of(s)->topic = maar_topic_create(&pool, 1);
	of(s)->plain[1] = 0;
}

static void new_subscriber(void *s)
{
	new_topic(s);
	model_assert(maar_topic_subscribe(of(s)->topic, of(s)->c) == 0, "not subscribed");
}

static void no_subscriber(void *s)
{
	model_assert(maar_topic_subscribers(of(s)->topic) == 0, "somebody is left");
}

/* ---- one subscriber goes and another comes, to the one seat; a message reaches the one, the other, or nobody ---- */

static void leave_topic(void *s)
{
	struct channels *o = of(s);

	model_assert(maar_topic_unsubscribe(o->topic, o->c) == 0, "not subscribed");
	model_assert(maar_topic_unsubscribe(o->topic, o->c) == -ENOENT, "still subscribed");
	model_plain_write(&o->plain[0], 1); /* the channel is its owner's again, as if destroyed */
}

static void take_over(void *s)
{
	struct channels *o = of(s);
	int rc;

	while ((rc = maar_topic_subscribe(o->topic, o->d)) == -ENOSPC)
		model_yield();
	model_assert(rc == 0, "an error that nobody made: %d", rc);
	model_assert(maar_topic_subscribe(o->topic, o->d) == -EEXIST, "subscribed, and not found");
}

static void publish_1(void *s)
{
	struct world *w = s;

	of(w)->published = maar_topic_publish(of(w)->topic, msg_of(world_value(w, 0, 0)));
}

static void two_subscribers(void *s)
{
	set_up(s);
	maar_topic_destroy(of(s)->topic);
	of(s)->topic = maar_topic_create(&pool, 1);
	of(s)->plain[0] = 0;
	of(s)->published = 0;
	model_assert(maar_topic_subscribe(of(s)->topic, of(s)->c) == 0, "not subscribed");
}

static void taken_over(void *s)
{
	const struct channels *o = of(s);
	const size_t sent = maar_channel_count(o->c) + maar_channel_count(o->d);

	model_assert(maar_topic_subscribers(o->topic) == 1 && maar_a_load(&o->c->topics, RELAXED) == 0 &&
			     maar_a_load(&o->d->topics, RELAXED) == 1,
		     "not one for the other");
	model_assert(o->published == (ssize_t)sent && sent <= 1, "%zu sent, and %zd said", sent, o->published);
	/* So that the topic of the next execution does not find one to let go. */
	model_assert(maar_topic_unsubscribe(o->topic, o->d) == 0, "not subscribed");
}

/* ---- what came before a close ---- */

static void write_and_close(void *s)
{
	model_plain_write(&of(s)->plain[1], 5);
	maar_channel_close(of(s)->c);
}

static void see_closed(void *s)
{
	while (!maar_channel_closed(of(s)->c))
		model_yield();
	model_assert(model_plain_read(&of(s)->plain[1]) == 5, "closed, but not what came before");
}

static void set_up_plain(void *s)
{
	set_up(s);
	of(s)->plain[0] = of(s)->plain[1] = 0;
}

/* ---- the table ---- */

#define CHANNEL(label, flags_, capacity_, setup, finish_, n, ...)                                                      \
	{                                                                                                              \
		.name = label, .threads = n, .set_up = setup, .thread = { __VA_ARGS__ }, .finish = finish_,            \
		.state = &(struct world)                                                                               \
		{                                                                                                      \
			.flags = flags_, .capacity = capacity_, .start = UINT32_MAX - 1, .base = WORLD_HANDLES         \
		}                                                                                                      \
	}

#define SPSC   MAAR_CHANNEL_SPSC
#define MPMC   MAAR_CHANNEL_MPMC
#define TICKET MAAR_CHANNEL_TICKET

const struct model_scenario scenarios_channel[] = {
	CHANNEL("channel", SPSC, 1, set_up, all_received, 2, send_3, recv_3),
	CHANNEL("channel, two and two", MPMC, 1, set_up, all_received, 4, send_1, send_1_too, recv_1, recv_1_too),
	CHANNEL("channel, ticket", TICKET, 2, set_up, all_received, 4, send_1, send_1_too, recv_1, recv_1_too),
	CHANNEL("channel, levels", MPMC, 1, set_up_levels, all_received, 3, send_on_levels, recv_1, recv_1_too),
	CHANNEL("channel, levels, one and one", SPSC, 1, set_up_levels, all_received, 2, send_on_levels, recv_2),
	CHANNEL("channel, drop", MPMC, 1, set_up_drop, received_or_released, 3, send_2, send_1_too, recv_1),
	CHANNEL("channel, overwrite", MPMC, 1, set_up_overwrite, received_or_released, 3, send_2, send_1_too, recv_1),
	CHANNEL("channel, close against wait", MPMC, 1, set_up, all_received, 3, send_and_close, recv_to_the_end,
		recv_to_the_end_too),
	CHANNEL("channel, close against a sender", SPSC, 2, set_up, drain_all, 2, send_until_closed, close_it),
	CHANNEL("channel, what came before a close", SPSC, 1, set_up_plain, NULL, 2, write_and_close, see_closed),
	CHANNEL("select against send", SPSC, 1, set_up, all_received, 2, send_2, join_select_2),
	CHANNEL("select against two senders", MPMC, 2, set_up, all_received, 3, send_1, send_1_too, join_select_2),
	CHANNEL("select, another set", MPMC, 1, set_up, all_received, 2, send_1, join_leave_join),
	CHANNEL("select against close", SPSC, 1, set_up, NULL, 2, close_it, join_and_see_close),
	CHANNEL("seat", SPSC, 1, set_up_plain, NULL, 3, sit_down_0, sit_down_1, use_seat),
	CHANNEL("topic, publish", SPSC, 1, new_subscriber, both_back, 2, publish_2, listen_2),
	CHANNEL("topic, close against subscribe", SPSC, 1, new_topic, no_subscriber, 2, subscribe_until_closed,
		close_topic),
	CHANNEL("topic, one goes and one comes", SPSC, 1, two_subscribers, taken_over, 2, leave_topic, take_over),
	CHANNEL("topic, one goes and one comes against publish", SPSC, 2, two_subscribers, taken_over, 3, leave_topic,
		take_over, publish_1),
	CHANNEL("topic, what came before a close", SPSC, 1, new_topic, NULL, 3, close_topic, see_topic_closed,
		subscribe_late),
};

const unsigned n_scenarios_channel = sizeof(scenarios_channel) / sizeof(scenarios_channel[0]);
