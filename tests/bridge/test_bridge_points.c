/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * maar-bridge killed at each of the points between its steps; and after outages longer than the server's memory; over NATS,
 * and over Redis. All messages come, none comes twice. Controls: a bridge that does without one of the parts of the promise, where some do.
 */
#include "world.h"

#include <signal.h>
#include <sys/wait.h>

#define MESSAGES 40
#define SLOTS	 64

static struct world w;

static void set_up_nats(void)
{
	world_begin(&w, WORLD_NATS, 1);
}

static void set_up_redis(void)
{
	world_begin(&w, WORLD_REDIS, 1);
}

static void teardown(void)
{
	world_end(&w);
}

/* A case: which side dies where, and what is left out; both sides begin, one dies and begins again. */
struct one {
	const char *queue;
	enum side side;	     /* that dies */
	const char *die;     /* where, and which time */
	const char *without; /* that side, before and after */
	bool doubles;	     /* then some come twice */
	struct bridge bridges[2];
	struct arrivals *arrivals;
};

static struct one points[] = {
	{ .queue = "p.loaned", .side = SIDE_B, .die = "loaned 5" },
	{ .queue = "p.intended", .side = SIDE_B, .die = "intended 5" },
	{ .queue = "p.published", .side = SIDE_B, .die = "published 5" },
	{ .queue = "p.seen", .side = SIDE_B, .die = "seen 5" },
	{ .queue = "p.acked", .side = SIDE_B, .die = "acked 5" },
	{ .queue = "p.taken", .side = SIDE_A, .die = "taken 1" },
	{ .queue = "p.sent", .side = SIDE_A, .die = "sent 5" },
	{ .queue = "p.landed", .side = SIDE_A, .die = "landed 5" },
	{ .queue = "p.released", .side = SIDE_A, .die = "released 5" },
	{ .queue = "c.journal", .side = SIDE_B, .die = "published 5", .without = "journal", .doubles = true },
	{ .queue = "c.marks", .side = SIDE_B, .die = "seen 5", .without = "marks", .doubles = true },
};

static void start_side(struct one *o, enum side side, bool dies)
{
	struct bridge *const b = &o->bridges[side];

	*b = (struct bridge){ .side = side,
			      .queue = o->queue,
			      .die = dies ? o->die : NULL,
			      .without = side == o->side ? o->without : NULL,
			      .options = { "--ack-wait", "0.5", "--answer", "1" } };
	bridge_start(&w, b);
}

static void must_be_killed(struct bridge *b)
{
	const int status = bridge_wait(b);

	ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "%s: ends with %#x, and was to die", b->queue,
		      status);
}

static void judge(const struct one *o)
{
	uint64_t i;

	for (i = 0; i < o->arrivals->n; i++)
		ck_assert_msg(o->arrivals->of[i].times && !o->arrivals->of[i].spoilt, "%s: message %llu", o->queue,
			      (unsigned long long)i);
	unit_eq(o->arrivals->foreign, 0);
	unit_note("%s: %llu came twice", o->queue, (unsigned long long)o->arrivals->twice);
	ck_assert_msg((o->arrivals->twice != 0) == o->doubles, "%s: %llu came twice", o->queue,
		      (unsigned long long)o->arrivals->twice);
}

START_TEST(killed_at_each_point)
{
	struct one *o;

	servers_start(&w);
	for (o = points; o < points + COUNT_OF(points); o++) {
		o->arrivals = arrivals_make(MESSAGES);
		queue_make(&w, SIDE_A, o->queue, SLOTS, 1);
		queue_make(&w, SIDE_B, o->queue, SLOTS, 1);
		send_some(&w, o->queue, 0, MESSAGES);
		start_side(o, SIDE_A, o->side == SIDE_A);
		start_side(o, SIDE_B, o->side == SIDE_B);
	}
	for (o = points; o < points + COUNT_OF(points); o++) {
		must_be_killed(&o->bridges[o->side]);
		start_side(o, o->side, false);
	}
	for (o = points; o < points + COUNT_OF(points); o++)
		receive_all(&w, o->queue, o->arrivals, o == points ? INT64_C(1500000000) : 0);
	for (o = points; o < points + COUNT_OF(points); o++) {
		bridge_end(&o->bridges[SIDE_A]);
		bridge_end(&o->bridges[SIDE_B]);
		receive_all(&w, o->queue, o->arrivals, 0);
		judge(o);
		queue_is_whole(&w, SIDE_A, o->queue);
		queue_is_whole(&w, SIDE_B, o->queue);
		arrivals_end(o->arrivals);
	}
	servers_end(&w);
}
END_TEST

/* ---- an outage longer than the server remembers ---- */

/* The exporter dies with messages that have landed in its hands, and is back when the server has forgotten them. */
struct outage {
	const char *queue;
	bool consumed; /* the importer is there all the time: what landed is gone from the stream by then */
	const char *export_without, *import_without;
	bool found, dropped, doubles; /* by looking back; by the importer's marks; not at all */
	struct bridge bridges[2];
	struct arrivals *arrivals;
};

static struct outage outages[] = {
	{ .queue = "o.looks", .found = true },
	{ .queue = "o.consumed", .consumed = true, .dropped = true },
	{ .queue = "c.blind", .export_without = "look", .dropped = true },
	{ .queue = "c.careless", .export_without = "look", .import_without = "marks", .doubles = true },
};

static void start_outage_side(struct outage *o, enum side side, bool dies)
{
	o->bridges[side] = (struct bridge){ .side = side,
					    .queue = o->queue,
					    .die = dies ? "landed 3" : NULL,
					    .without = side == SIDE_A ? o->export_without : o->import_without,
					    .options = { "--dedup-window", "2", "--answer", "1", "--ack-wait", "60" } };
	bridge_start(&w, &o->bridges[side]);
}

START_TEST(outage_beyond_the_window)
{
	struct outage *o;

	servers_start(&w);
	for (o = outages; o < outages + COUNT_OF(outages); o++) {
		o->arrivals = arrivals_make(MESSAGES);
		queue_make(&w, SIDE_A, o->queue, SLOTS, 1);
		queue_make(&w, SIDE_B, o->queue, SLOTS, 1);
		send_some(&w, o->queue, 0, MESSAGES / 2);
		if (o->consumed)
			start_outage_side(o, SIDE_B, false);
		start_outage_side(o, SIDE_A, true);
	}
	for (o = outages; o < outages + COUNT_OF(outages); o++)
		must_be_killed(&o->bridges[SIDE_A]);
	nap(INT64_C(5000000000));
	for (o = outages; o < outages + COUNT_OF(outages); o++) {
		send_some(&w, o->queue, MESSAGES / 2, MESSAGES);
		start_outage_side(o, SIDE_A, false);
	}
	for (o = outages; o < outages + COUNT_OF(outages); o++)
		if (!o->consumed) {
			/* What landed is to be in the stream when it is looked for. */
			while (bridge_count(&w, &o->bridges[SIDE_A], "messages") < MESSAGES)
				nap(50000000);
			start_outage_side(o, SIDE_B, false);
		}
	for (o = outages; o < outages + COUNT_OF(outages); o++) {
		long long twice;

		receive_all(&w, o->queue, o->arrivals, o == outages ? INT64_C(500000000) : 0);
		bridge_end(&o->bridges[SIDE_A]);
		receive_all(&w, o->queue, o->arrivals, INT64_C(100000000));
		bridge_end(&o->bridges[SIDE_B]);
		receive_all(&w, o->queue, o->arrivals, 0);
		twice = bridge_count(&w, &o->bridges[SIDE_B], "twice");
		unit_note("%s: %lld found, %lld dropped, %llu came twice", o->queue,
			  bridge_count(&w, &o->bridges[SIDE_A], "found"), twice,
			  (unsigned long long)o->arrivals->twice);
		unit_eq(bridge_count(&w, &o->bridges[SIDE_A], "found") > 0, o->found);
		unit_eq(twice > 0, o->dropped);
		unit_eq(o->arrivals->twice > 0, o->doubles);
		queue_is_whole(&w, SIDE_A, o->queue);
		queue_is_whole(&w, SIDE_B, o->queue);
		arrivals_end(o->arrivals);
	}
	servers_end(&w);
}
END_TEST

/* The server is away for so long, and nobody else is: all is as it was, without help. */
START_TEST(server_away)
{
	struct bridge out = { .side = SIDE_A, .queue = "away", .options = { "--dedup-window", "2", "--answer", "1" } };
	struct bridge in = { .side = SIDE_B, .queue = "away", .options = { "--ack-wait", "1" } };
	struct arrivals *a = arrivals_make(400);

	servers_start(&w);
	queue_make(&w, SIDE_A, "away", 512, 1);
	queue_make(&w, SIDE_B, "away", 16, 1);
	bridge_start(&w, &out);
	bridge_start(&w, &in);
	send_some(&w, "away", 0, 200); /* B is full, and the rest in the stream, or on its way there */
	server_kill(&w, 0);
	send_some(&w, "away", 200, 400);
	nap(INT64_C(5000000000));
	server_start(&w, 0);
	receive_all(&w, "away", a, INT64_C(1200000000));
	bridge_end(&out);
	bridge_end(&in);
	unit_eq(a->twice, 0);
	unit_eq(a->foreign, 0);
	queue_is_whole(&w, SIDE_A, "away");
	queue_is_whole(&w, SIDE_B, "away");
	arrivals_end(a);
	servers_end(&w);
}
END_TEST

/* Tags go with a message; a priority that the other queue has not becomes its highest. */
START_TEST(fewer_priorities)
{
	struct bridge out = { .side = SIDE_A, .queue = "tags" }, in = { .side = SIDE_B, .queue = "tags" };
	struct maar_ipc_message m;
	struct maar_ipc *from, *to;
	uint32_t p, seen = 0;

	servers_start(&w);
	queue_make(&w, SIDE_A, "tags", 16, 3);
	queue_make(&w, SIDE_B, "tags", 16, 2);
	from = queue_open(&w, SIDE_A, "tags", MAAR_IPC_PRODUCER, 0);
	for (p = 0; p < 3; p++) {
		const struct maar_ipc_tags tags = { .priority = p, .type = 70 + p, .sequence = UINT64_MAX - p };

		unit_eq(maar_ipc_send(from, &p, p, &tags, 0), 1); /* none, one, two bytes */
	}
	unit_eq(maar_ipc_detach(from), 0);
	bridge_start(&w, &out);
	bridge_start(&w, &in);
	to = queue_open(&w, SIDE_B, "tags", MAAR_IPC_CONSUMER, 0);
	for (p = 0; p < 3; p++) {
		uint32_t which;

		unit_eq(maar_ipc_take(to, &m, MAAR_FOREVER), 1);
		which = m.type - 70;
		unit_must(which < 3 && m.sequence == UINT64_MAX - which && m.bytes == which);
		unit_eq(m.priority, which < 1 ? which : 1);
		unit_eq(m.flags, 0);
		seen |= 1u << which;
		unit_eq(maar_ipc_release(to, &m), 0);
	}
	unit_eq(seen, 7);
	unit_eq(maar_ipc_detach(to), 0);
	bridge_end(&out);
	bridge_end(&in);
	queue_is_whole(&w, SIDE_A, "tags");
	queue_is_whole(&w, SIDE_B, "tags");
	servers_end(&w);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("bridge, points");
	TCase *nats = unit_tcase(suite, "nats"), *redis = unit_tcase(suite, "redis");

	world_need(WORLD_NATS);
	world_need(WORLD_REDIS);
	tcase_add_unchecked_fixture(nats, set_up_nats, teardown);
	tcase_add_test(nats, killed_at_each_point);
	tcase_add_test(nats, outage_beyond_the_window);
	tcase_add_test(nats, server_away);
	tcase_add_test(nats, fewer_priorities);
	tcase_add_unchecked_fixture(redis, set_up_redis, teardown);
	tcase_add_test(redis, killed_at_each_point);
	tcase_add_test(redis, fewer_priorities);
	if (getenv("MAAR_PROOF")) { /* five seconds each */
		tcase_add_test(redis, outage_beyond_the_window);
		tcase_add_test(redis, server_away);
	}
	return suite;
}
