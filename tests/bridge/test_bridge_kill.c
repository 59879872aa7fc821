/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Messages from A over maar-bridge and nats-server or redis-server to B, while servers, bridges, producer and consumer are
 * killed (SIGKILL) at random and started anew: none is missing, none comes twice, every slot is back on both sides.
 *
 *     MAAR_BRIDGE_MESSAGES, MAAR_BRIDGE_KILLS   how many (2,000 and 3; or with MAAR_PROOF=1, 20,000 and 24, and the same
 *                                               with a cluster of three servers, three replicas of each message)
 *     CK_RUN_CASE                               only that: single, cluster, redis
 *     MAAR_BRIDGE_STATE                         a directory: all of it is kept there, and goes on there when this program was
 *                                               interrupted, which kills all who are in it at once
 */
#include "world.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#define QUEUE "jobs.q_1"
#define SLOTS 256
#define HOUR  3600 /* seconds */

#define NOTHING_MS 300000 /* without a message, before those that have not come are missing */

static struct world single, cluster, redis;
static bool goes_on; /* a world that was kept */

static void set_up(struct world *w, enum world_engine engine, unsigned servers, const char *name)
{
	const char *const state = getenv("MAAR_BRIDGE_STATE");
	char kept[400];

	goes_on = false;
	if (!state) {
		world_begin(w, engine, servers);
		return;
	}
	(void)snprintf(kept, sizeof(kept), "%s/%s", state, name);
	goes_on = world_keep(w, engine, servers, kept);
}

static void set_up_single(void)
{
	set_up(&single, WORLD_NATS, 1, "single");
}

static void end_single(void)
{
	world_end(&single);
}

static void set_up_cluster(void)
{
	set_up(&cluster, WORLD_NATS, 3, "cluster");
}

static void end_cluster(void)
{
	world_end(&cluster);
}

static void set_up_redis(void)
{
	set_up(&redis, WORLD_REDIS, 1, "redis");
}

static void end_redis(void)
{
	world_end(&redis);
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
};

static void kill_process(pid_t pid)
{
	unit_eq(kill(pid, SIGKILL), 0);
	unit_eq(waitpid(pid, NULL, 0), pid);
}

static void kill_one(struct campaign *c, enum victim victim)
{
	const unsigned node = (unsigned)unit_random_below(&c->rng, c->w->n_servers);

	c->a->killed[victim]++;
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

static void wait_for(const struct campaign *c, uint64_t wanted)
{
	uint64_t received, before = 0;
	unsigned i = 0;

	while ((received = maar_a_load(&c->a->received, RELAXED)) < wanted && i++ < NOTHING_MS) {
		if (received != before)
			i = 0;
		before = received;
		nap(1000000);
	}
}

static void begin(struct campaign *c, struct world *w, uint64_t n)
{
	enum side side;

	memset(c, 0, sizeof(*c));
	c->w = w;
	if (*w->kept) /* not to go on beside the next */
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	c->a = *w->kept ? arrivals_keep(w, n) : arrivals_make(n);
	c->rng = unit_rng(1 + c->a->kills);
	maar_a_store(&c->a->stop, 0, RELAXED);
	servers_start(w);
	if (goes_on) {
		unit_note("goes on after %llu kills", (unsigned long long)c->a->kills);
	} else {
		queue_make(w, SIDE_A, QUEUE, SLOTS, 1);
		queue_make(w, SIDE_B, QUEUE, SLOTS, 1);
		if (*w->kept)
			world_is_begun(w);
	}
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
		(unsigned long long)a->n, (unsigned long long)missing, (unsigned long long)a->twice,
		(unsigned)a->killed[SERVER], (unsigned)a->killed[EXPORTER], (unsigned)a->killed[IMPORTER],
		(unsigned)a->killed[PRODUCER], (unsigned)a->killed[CONSUMER]);
	unit_eq(missing, 0);
	unit_eq(spoilt, 0);
	unit_eq(a->twice, 0);
	unit_eq(a->foreign, 0);
	queue_is_whole(c->w, SIDE_A, QUEUE);
	queue_is_whole(c->w, SIDE_B, QUEUE);
	servers_end(c->w);
	if (*c->w->kept)
		world_is_done(c->w);
	arrivals_end(c->a);
}

static void campaign(struct world *w)
{
	const uint64_t n = number("MAAR_BRIDGE_MESSAGES", 2000, 20000), kills = number("MAAR_BRIDGE_KILLS", 3, 24);
	struct campaign c;

	begin(&c, w, n);
	while (c.a->kills < kills) {
		const uint64_t k = ++c.a->kills;
		/* A server, an exporter and an importer in any case; then whoever. */
		const enum victim victim =
			k <= 3 ? (enum victim)(k - 1) : (enum victim)unit_random_below(&c.rng, VICTIMS);

		wait_for(&c, n * k / (kills + 1));
		nap((int64_t)unit_random_below(&c.rng, 5000000));
		kill_one(&c, victim);
		if (k % 10 == 0)
			unit_note("%llu of %llu messages, %llu of %llu kills",
				  (unsigned long long)maar_a_load(&c.a->received, RELAXED), (unsigned long long)n,
				  (unsigned long long)k, (unsigned long long)kills);
	}
	wait_for(&c, n);
	end(&c);
}

START_TEST(killed_at_random)
{
	campaign(&single);
}
END_TEST

START_TEST(killed_in_a_cluster)
{
	campaign(&cluster);
}
END_TEST

START_TEST(killed_over_redis)
{
	campaign(&redis);
}
END_TEST

static void add(Suite *suite, const char *name, SFun begins, SFun ends, const TTest *test)
{
	TCase *const c = unit_tcase(suite, name);

	/* A million messages and 500 kills take half an hour on a quiet machine, in a cluster two. */
	tcase_set_timeout(c, getenv("MAAR_BRIDGE_STATE") ? 48 * HOUR : 4 * HOUR);
	tcase_add_unchecked_fixture(c, begins, ends);
	tcase_add_test(c, test);
}

Suite *unit_suite(void)
{
	Suite *const suite = suite_create("bridge, kills");

	world_need(WORLD_NATS);
	world_need(WORLD_REDIS);
	add(suite, "single", set_up_single, end_single, killed_at_random);
	add(suite, "redis", set_up_redis, end_redis, killed_over_redis);
	if (getenv("MAAR_PROOF"))
		add(suite, "cluster", set_up_cluster, end_cluster, killed_in_a_cluster);
	return suite;
}
