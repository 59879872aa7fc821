/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Messages from A over maar-bridge and nats-server to B, while servers, bridges, producer and consumer are killed (SIGKILL)
 * at random and started anew: none is missing, none comes twice, every slot is back on both sides.
 *
 *     MAAR_BRIDGE_MESSAGES, MAAR_BRIDGE_KILLS   how many (2,000 and 3; or with MAAR_PROOF=1, 20,000 and 24, and the same
 *                                               with a cluster of three servers, three replicas of each message)
 */
#include "world.h"

#include <signal.h>
#include <sys/wait.h>

#define QUEUE "jobs.q_1"
#define SLOTS 256
#define LONG  14400 /* seconds */

static struct world single, cluster;

static void setup(void)
{
	world_begin(&single, 1);
}

static void teardown(void)
{
	world_end(&single);
}

static void setup_cluster(void)
{
	world_begin(&cluster, 3);
}

static void teardown_cluster(void)
{
	world_end(&cluster);
}

static uint64_t number(const char *name, uint64_t usual, uint64_t proof)
{
	const char *const given = getenv(name);

	if (given)
		return strtoull(given, NULL, 10);
	return getenv("MAAR_PROOF") ? proof : usual;
}

enum victim { SERVER, EXPORTER, IMPORTER, PRODUCER, CONSUMER, VICTIMS };

struct campaign {
	struct world *w;
	struct bridge bridges[2];
	pid_t producer, consumer;
	struct arrivals *a;
	struct unit_rng rng;
	unsigned killed[VICTIMS];
};

static void kill_process(pid_t pid)
{
	unit_eq(kill(pid, SIGKILL), 0);
	unit_eq(waitpid(pid, NULL, 0), pid);
}

static void kill_one(struct campaign *c, enum victim victim)
{
	const unsigned node = (unsigned)unit_random_below(&c->rng, c->w->n_servers);

	c->killed[victim]++;
	switch (victim) {
	case SERVER:
		server_kill(c->w, node);
		server_start(c->w, node);
		break;
	case EXPORTER:
	case IMPORTER:
		kill_process(c->bridges[victim == IMPORTER].pid);
		bridge_start(c->w, &c->bridges[victim == IMPORTER]);
		break;
	case PRODUCER:
		kill_process(c->producer); /* or it was done, and not waited for */
		c->producer = producer_start(c->w, QUEUE, c->a->n);
		break;
	default:
		kill_process(c->consumer);
		c->consumer = consumer_start(c->w, QUEUE, c->a);
		break;
	}
}

static void wait_for(const struct campaign *c, uint64_t received)
{
	while (maar_a_load(&c->a->received, RELAXED) < received)
		nap(1000000);
}

static void begin(struct campaign *c, struct world *w, uint64_t n)
{
	enum side side;

	memset(c, 0, sizeof(*c));
	c->w = w;
	c->rng = unit_rng(1);
	c->a = arrivals_make(n);
	servers_start(w);
	queue_make(w, SIDE_A, QUEUE, SLOTS, 1);
	queue_make(w, SIDE_B, QUEUE, SLOTS, 1);
	for (side = SIDE_A; side <= SIDE_B; side++) {
		c->bridges[side] = (struct bridge){ .side = side,
						    .queue = QUEUE,
						    .options = { "--ack-wait", "1", "--answer", "1" } };
		bridge_start(w, &c->bridges[side]);
	}
	c->consumer = consumer_start(w, QUEUE, c->a);
	c->producer = producer_start(w, QUEUE, n);
}

/* Everybody ends by itself, and all is as it must be. */
static void end(struct campaign *c)
{
	const struct arrivals *const a = c->a;
	uint64_t i, missing = 0, spoilt = 0;
	int status;

	unit_eq(waitpid(c->producer, &status, 0), c->producer);
	unit_eq(status, 0);
	bridge_end(&c->bridges[SIDE_A]);
	nap(INT64_C(1500000000)); /* what was not acknowledged comes again, and is to be dropped */
	bridge_end(&c->bridges[SIDE_B]);
	unit_note("%lld published again, %lld found by %lld looks, %lld dropped at import",
		  bridge_count(c->w, &c->bridges[SIDE_A], "again"), bridge_count(c->w, &c->bridges[SIDE_A], "found"),
		  bridge_count(c->w, &c->bridges[SIDE_A], "looks_back"),
		  bridge_count(c->w, &c->bridges[SIDE_B], "twice"));
	maar_a_store(&c->a->stop, 1, RELAXED);
	unit_eq(waitpid(c->consumer, &status, 0), c->consumer);
	unit_eq(status, 0);
	for (i = 0; i < a->n; i++) {
		missing += a->of[i].times == 0;
		spoilt += a->of[i].spoilt;
	}
	unit_note(
		"%llu messages: %llu missing, %llu twice; killed: %u servers, %u exporters, %u importers, %u producers, "
		"%u consumers",
		(unsigned long long)a->n, (unsigned long long)missing, (unsigned long long)a->twice, c->killed[SERVER],
		c->killed[EXPORTER], c->killed[IMPORTER], c->killed[PRODUCER], c->killed[CONSUMER]);
	unit_eq(missing, 0);
	unit_eq(spoilt, 0);
	unit_eq(a->twice, 0);
	unit_eq(a->foreign, 0);
	queue_is_whole(c->w, SIDE_A, QUEUE);
	queue_is_whole(c->w, SIDE_B, QUEUE);
	servers_end(c->w);
	arrivals_end(c->a);
}

static void campaign(struct world *w, uint64_t n, uint64_t kills)
{
	struct campaign c;
	uint64_t k;

	begin(&c, w, n);
	for (k = 1; k <= kills; k++) {
		/* A server, an exporter and an importer in any case; then whoever. */
		const enum victim victim =
			k <= 3 ? (enum victim)(k - 1) : (enum victim)unit_random_below(&c.rng, VICTIMS);

		wait_for(&c, n * k / (kills + 1));
		nap((int64_t)unit_random_below(&c.rng, 5000000));
		kill_one(&c, victim);
	}
	wait_for(&c, n);
	end(&c);
}

START_TEST(killed_at_random)
{
	campaign(&single, number("MAAR_BRIDGE_MESSAGES", 2000, 20000), number("MAAR_BRIDGE_KILLS", 3, 24));
}
END_TEST

START_TEST(killed_in_a_cluster)
{
	campaign(&cluster, number("MAAR_BRIDGE_MESSAGES", 2000, 20000), number("MAAR_BRIDGE_KILLS", 3, 24));
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("bridge, kills");
	TCase *one = unit_tcase(suite, "single"), *three;

	world_need();
	/* A million messages and 500 kills take half an hour on a quiet machine, in a cluster two. */
	tcase_set_timeout(one, LONG);
	tcase_add_unchecked_fixture(one, setup, teardown);
	tcase_add_test(one, killed_at_random);
	if (!getenv("MAAR_PROOF"))
		return suite;
	three = unit_tcase(suite, "cluster");
	tcase_set_timeout(three, LONG);
	tcase_add_unchecked_fixture(three, setup_cluster, teardown_cluster);
	tcase_add_test(three, killed_in_a_cluster);
	return suite;
}
