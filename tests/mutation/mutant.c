/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * What each mutant is put through, under ThreadSanitizer: short scenarios in which every promise of order is used to
 * pass plain data, so that a missing order is a data race. Threads run one at a time, and at every atomic access of the
 * library the turn may go to another; turns are handed on by relaxed accesses only, which order nothing. So a few
 * thousand steps reach interleavings that free-running threads hardly ever meet, and the race is seen whatever the
 * clock.
 *
 * It cannot see orders that only keep a thread from reading an old value without a race: those need an explorer of the
 * C11 memory model. survivors.txt lists them.
 *
 * Ends with 0, or 66 from ThreadSanitizer, or 1 and a word.
 */
#include <maar/mring.h>
#include <maar/pool.h>
#include <maar/ring.h>

#include "../../src/mring/mring_priv.h"
#include "../../src/ring/batch_ring_priv.h"
#include "../../src/ring/ring_priv.h"
#include "mutant.h"

#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static uint64_t seed;

__attribute__((noreturn)) void die(const char *what)
{
	fprintf(stderr, "mutant: %s (MAAR_SEED=%" PRIu64 ")\n", what, seed);
	_exit(1);
}

void must(bool ok, const char *what)
{
	if (!ok)
		die(what);
}

uint64_t random_from(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return *state >> 33;
}

/* ---- one at a time ---- */

/* One access in so many gives the turn away. */
#define SWITCH_ONE_IN 3

/*
 * Yields after which a thread takes the turn unasked: whoever has it sleeps in a lock that this one holds, or has lost
 * its processor. Taking it too early costs nothing but purity.
 */
#define PATIENCE 200

static unsigned turn;	 /* number of the thread that runs */
static unsigned running; /* bit mask */
static __thread int me = -1;
__thread uint64_t dice;

__thread void (*at_point)(void);

static void hand_on(bool leaving)
{
	const unsigned mask = __atomic_load_n(&running, __ATOMIC_RELAXED);
	unsigned next = (unsigned)random_from(&dice) % MOST_THREADS, tries = 0;

	while (mask && !(mask & 1u << next))
		next = (next + 1) % MOST_THREADS;
	__atomic_store_n(&turn, next, __ATOMIC_RELAXED);
	while (!leaving && __atomic_load_n(&turn, __ATOMIC_RELAXED) != (unsigned)me) {
		sched_yield();
		if (++tries == PATIENCE)
			__atomic_store_n(&turn, (unsigned)me, __ATOMIC_RELAXED);
	}
}

void mutant_point(void)
{
	if (at_point)
		at_point();
	if (me >= 0 && random_from(&dice) % SWITCH_ONE_IN == 0)
		hand_on(false);
}

void give_way(void)
{
	hand_on(false);
}

unsigned stage;

void go_to(unsigned next)
{
	__atomic_store_n(&stage, next, __ATOMIC_RELAXED);
}

void wait_for(unsigned wanted)
{
	while (__atomic_load_n(&stage, __ATOMIC_RELAXED) < wanted)
		sched_yield();
}

struct job {
	void (*run)(void *arg, unsigned id);
	void *arg;
	unsigned id;
};

static void *begin(void *arg)
{
	const struct job *job = arg;

	me = (int)job->id;
	dice = seed * MOST_THREADS + job->id;
	random_from(&dice);
	hand_on(false);
	job->run(job->arg, job->id);
	__atomic_fetch_and(&running, ~(1u << job->id), __ATOMIC_RELAXED);
	me = -1; /* the library's own exit hooks run freely */
	hand_on(true);
	return NULL;
}

void by_turns(unsigned n, void (*run)(void *arg, unsigned id), void *arg)
{
	struct job jobs[MOST_THREADS];
	pthread_t threads[MOST_THREADS];
	unsigned i;

	running = (1u << n) - 1;
	for (i = 0; i < n; i++) {
		jobs[i] = (struct job){ run, arg, i };
		must(pthread_create(&threads[i], NULL, begin, &jobs[i]) == 0, "pthread_create");
	}
	for (i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
}

/* ---- queues: word rings and batch rings alike ---- */

#define VALUES 60 /* from each producer */

struct queue {
	void *ring;
	size_t (*put)(void *ring, const uint64_t *values, size_t n); /* all or nothing */
	size_t (*take)(void *ring, uint64_t *value);
	size_t capacity;
	unsigned producers, consumers;
	size_t bulk;  /* values put at once by producer 0; the others put one */
	bool ordered; /* consumers take by turns, so that each knows which value it is going to get */

	/* Plain data, ordered by nothing but the ring. */
	uint64_t payload[MOST_THREADS * VALUES]; /* by value: written before the put, read and written after the take */
	uint64_t note[MOST_THREADS *
		      VALUES]; /* by place in the queue: written before the take, read by who fills again */

	/* Relaxed. */
	unsigned put_by[MOST_THREADS];
	unsigned taken;
};

#define PAYLOAD(v) ((v)*2654435761u + 1)
#define USED	   UINT64_C(~0)

static unsigned total_put(const struct queue *q)
{
	unsigned i, n = 0;

	for (i = 0; i < q->producers; i++)
		n += __atomic_load_n(&q->put_by[i], __ATOMIC_RELAXED);
	return n;
}

/*
 * At least `before` values were in when this put began, n went in: so the consumers have been through before + n -
 * capacity places, and what they did before the takes happened before this.
 */
static void check_notes(const struct queue *q, unsigned before, size_t n)
{
	const size_t filled = before + n;

	if ((q->consumers == 1 || q->ordered) && filled > q->capacity)
		must(q->note[filled - q->capacity - 1] == filled - q->capacity, "a note of a consumer is missing");
}

static void produce(struct queue *q, unsigned id)
{
	const size_t bulk = id == 0 ? q->bulk : 1;
	uint64_t values[8];
	unsigned sent = 0;
	size_t i;

	while (sent < VALUES) {
		const unsigned before = total_put(q);

		for (i = 0; i < bulk; i++) {
			values[i] = id * VALUES + sent + i;
			q->payload[values[i]] = PAYLOAD(values[i]);
		}
		if (q->put(q->ring, values, bulk)) {
			check_notes(q, before, bulk);
			sent += (unsigned)bulk;
			__atomic_store_n(&q->put_by[id], sent, __ATOMIC_RELAXED);
		} else {
			give_way();
		}
	}
}

static void consume(struct queue *q, unsigned id)
{
	const unsigned total = q->producers * VALUES;
	unsigned place;

	while ((place = __atomic_load_n(&q->taken, __ATOMIC_RELAXED)) < total) {
		uint64_t value;

		if (q->ordered && place % q->consumers != id) {
			give_way();
			continue;
		}
		if (q->consumers == 1 || q->ordered)
			q->note[place] = place + 1;
		if (!q->take(q->ring, &value)) {
			give_way();
			continue;
		}
		must(value < total && q->payload[value] == PAYLOAD(value), "a payload is not what was sent");
		q->payload[value] = USED;
		__atomic_fetch_add(&q->taken, 1, __ATOMIC_RELAXED);
	}
}

static void run_queue(void *arg, unsigned id)
{
	struct queue *q = arg;

	if (id < q->producers)
		produce(q, id);
	else
		consume(q, id - q->producers);
}

/* ---- word rings ---- */

static size_t ring_put(void *ring, const uint64_t *values, size_t n)
{
	return n == 1 ? maar_ring_enqueue(ring, values[0]) : maar_ring_enqueue_bulk(ring, values, n);
}

static size_t ring_take(void *ring, uint64_t *value)
{
	return maar_ring_dequeue(ring, value);
}

static void rings(void)
{
	static const unsigned modes[] = { MAAR_RING_SPSC, MAAR_RING_SPMC,
					  MAAR_RING_MPSC, MAAR_RING_MPSC | MAAR_RING_TICKET,
					  MAAR_RING_MPMC, MAAR_RING_TICKET };
	static const size_t capacities[] = { 1, 2, 4 };
	size_t mode, c;
	unsigned variant;

	for (mode = 0; mode < COUNT_OF(modes); mode++) {
		for (c = 0; c < COUNT_OF(capacities); c++) {
			for (variant = 0; variant < 2; variant++) {
				struct queue q = {
					.put = ring_put, .take = ring_take, .capacity = capacities[c], .bulk = 1
				};
				struct maar_ring *ring = maar_ring_create(q.capacity, modes[mode]);

				must(ring != NULL, "maar_ring_create");
				maar__ring_start_at(ring, (UINT64_C(1) << 32) - VALUES);
				q.ring = ring;
				q.producers = modes[mode] & MAAR_RING_SP ? 1 : 2;
				q.consumers = modes[mode] & MAAR_RING_SC ? 1 : 2;
				q.ordered = q.consumers > 1 && variant;
				if (maar_ring_has_enqueue_bulk(ring) && q.capacity > 1 && variant)
					q.bulk = 2;
				by_turns(q.producers + q.consumers, run_queue, &q);
				maar_ring_destroy(ring);
			}
		}
	}
}

/* ---- batch rings ---- */

static size_t batch_put(void *ring, const uint64_t *values, size_t n)
{
	const uint32_t pair[2] __attribute__((aligned(8))) = { (uint32_t)values[0], 0 };

	(void)n;
	return maar__batch_put_full(ring, pair);
}

static size_t batch_take(void *ring, uint64_t *value)
{
	uint32_t pair[2] __attribute__((aligned(8)));

	if (maar__batch_take_full(ring, pair) != MAAR__BATCH_TAKEN)
		return 0;
	*value = pair[0];
	return 1;
}

static void batch_rings(void)
{
	unsigned producers, variant;
	size_t capacity;

	for (producers = 1; producers <= 2; producers++) {
		for (capacity = 1; capacity <= 4; capacity *= 2) {
			for (variant = 0; variant < 3; variant++) {
				struct queue q = {
					.put = batch_put, .take = batch_take, .capacity = capacity, .bulk = 1
				};

				q.ring = maar_batch_ring_create(capacity, 2, MAAR_BATCH_RING_TICKET);
				must(q.ring != NULL, "maar_batch_ring_create");
				q.producers = producers;
				q.consumers = variant ? 2 : 1;
				q.ordered = variant == 2;
				by_turns(q.producers + q.consumers, run_queue, &q);
				maar_batch_ring_destroy(q.ring);
			}
		}
	}
}

/* ---- slots: whoever has one writes to it by plain writes ---- */

#define SLOTS 12
#define TURNS 120

static void use_slots(void *arg, unsigned id)
{
	struct maar_mring *mring = arg;
	uint64_t *held[3];
	unsigned i;

	for (i = 0; i < TURNS; i++) {
		const size_t n = 1 + random_from(&dice) % COUNT_OF(held);
		size_t k;

		if (!maar_mring_get_bulk(mring, (void **)held, n)) {
			give_way();
			continue;
		}
		for (k = 0; k < n; k++)
			*held[k] = id;
		mutant_point();
		for (k = 0; k < n; k++)
			must(*held[k] == id, "a slot is in two hands");
		must(maar_mring_put_bulk(mring, (void **)held, n) == n, "a put was refused");
		if (random_from(&dice) % 16 == 0)
			maar_mring_flush(mring);
	}
}

static void mrings(void)
{
	static const struct maar_mring_options options[] = { { .no_lanes = 1 },
							     { .lane_slots = 2 },
							     { .lane_slots = 4 } };
	size_t i;

	for (i = 0; i < COUNT_OF(options); i++) {
		struct maar_mring *mring = maar_mring_create(SLOTS, sizeof(uint64_t), &options[i]);

		must(mring != NULL, "maar_mring_create");
		by_turns(3, use_slots, mring);
		by_turns(3, use_slots, mring); /* these adopt the lanes of the dead */
		must(maar_mring_destroy(mring) == 0, "a slot is missing");
	}
}

/* ---- messages with several holders ---- */

#define SHARES 150

struct share {
	struct maar_pool *pool;
	struct maar_msg *msg;	   /* of this round; published relaxed, after a join-free hand-over by `round` */
	struct maar_ring *ring[2]; /* to each of the other holders */
};

static uint64_t *body(const struct maar_msg *msg)
{
	return maar_msg_data(msg);
}

/*
 * Thread 0 makes a message and shares it; all three read it and let go. A pool of one message: the next get is of the
 * same slot, and thread 0 writes to it again.
 */
static void share(void *arg, unsigned id)
{
	struct share *s = arg;
	unsigned i, k;

	for (i = 0; i < SHARES; i++) {
		struct maar_msg *msg;

		if (id == 0) {
			while (!(msg = maar_pool_get(s->pool)))
				give_way();
			*body(msg) = i;
			for (k = 0; k < COUNT_OF(s->ring); k++)
				must(maar_ring_enqueue_ptr(s->ring[k], maar_msg_retain(msg)),
				     "a ring with room is full");
		} else {
			while (!(msg = maar_ring_dequeue_ptr(s->ring[id - 1])))
				give_way();
		}
		must(*body(msg) == i, "a shared message changed");
		must(maar_msg_release(msg) == 0, "a release was refused");
	}
}

static void pools(void)
{
	struct share s = { .pool = maar_pool_create(1, sizeof(uint64_t), NULL) };
	size_t i;

	must(s.pool != NULL, "maar_pool_create");
	for (i = 0; i < COUNT_OF(s.ring); i++)
		must((s.ring[i] = maar_ring_create(2, MAAR_RING_SPSC)) != NULL, "maar_ring_create");
	by_turns(1 + COUNT_OF(s.ring), share, &s);
	for (i = 0; i < COUNT_OF(s.ring); i++)
		maar_ring_destroy(s.ring[i]);
	must(maar_pool_destroy(s.pool) == 0, "a message is missing");
}

/* ---- the registry: a thread that exits while the table of mrings changes ---- */

/* One more than the registry's first table holds (src/mring/registry.c): the last one makes a larger table. */
#define MANY 513

/* Accesses of a create whose registry grows: the number of slots, the fresh ones, then the table is stored, then the entry. */
#define BEFORE_ENTRY 4

/* DONE_WITH_IT is no relaxed store: who destroys the mring has it after its user. */
enum { IN_USE = 0, DONE_WITH_IT, MAY_EXIT, HAS_LOOKED };
static __thread unsigned points;

/* Of a key that is younger than the library's, and runs after its hook, which has used both table and entry by then. */
static void hook_has_looked(void *arg)
{
	(void)arg;
	go_to(HAS_LOOKED);
}

static pthread_key_t after_hook;

static void make_key(void)
{
	must(pthread_key_create(&after_hook, hook_has_looked) == 0, "pthread_key_create");
}

static void table_is_stored(void)
{
	if (++points == BEFORE_ENTRY) {
		go_to(MAY_EXIT);
		wait_for(HAS_LOOKED);
	}
}

static void *user(void *arg)
{
	struct maar_mring *mring = arg;
	void *slot = maar_mring_get(mring);

	static pthread_once_t once = PTHREAD_ONCE_INIT;

	must(slot && maar_mring_put(mring, slot) == 0, "get and put");
	pthread_once(&once, make_key); /* the library has its own since the get */
	pthread_setspecific(after_hook, mring);
	/* Who destroys it has this before it. */
	__atomic_store_n(&stage, DONE_WITH_IT, __ATOMIC_RELEASE);
	wait_for(MAY_EXIT);
	return NULL; /* and the exit hook looks the mring up by its number */
}

static struct maar_mring *small_mring(void)
{
	static const struct maar_mring_options options = { .lane_slots = 2 };
	struct maar_mring *mring = maar_mring_create(4, sizeof(uint64_t), &options);

	must(mring != NULL, "maar_mring_create");
	return mring;
}

static pthread_t use(struct maar_mring *mring)
{
	pthread_t thread;

	stage = IN_USE;
	must(pthread_create(&thread, NULL, user, mring) == 0, "pthread_create");
	while (__atomic_load_n(&stage, __ATOMIC_ACQUIRE) != DONE_WITH_IT)
		sched_yield();
	return thread;
}

/* A thread looks up its mring in a table that was stored a moment ago. First in main: the table grows once. */
static void registry_grows(void)
{
	static struct maar_mring *made[MANY];
	pthread_t thread;
	unsigned i;

	for (i = 0; i < MANY - 1; i++)
		made[i] = small_mring();
	thread = use(made[0]);
	points = 0;
	at_point = table_is_stored;
	made[i] = small_mring();
	at_point = NULL;
	must(points >= BEFORE_ENTRY, "the table did not grow");
	pthread_join(thread, NULL);
	for (i = 0; i < MANY; i++)
		must(maar_mring_destroy(made[i]) == 0, "destroy");
}

/* A thread looks its mring up that is gone, and finds another under the same number. */
static void registry_uses_again(void)
{
	struct maar_mring *mring = small_mring();
	pthread_t thread = use(mring);

	must(maar_mring_destroy(mring) == 0, "destroy");
	mring = small_mring();
	go_to(MAY_EXIT);
	pthread_join(thread, NULL);
	must(maar_mring_destroy(mring) == 0, "destroy");
}

int main(void)
{
	const char *given = getenv("MAAR_SEED");

	seed = given ? strtoull(given, NULL, 0) : 1;
	alloc_first_calls();
	registry_grows();
	registry_uses_again();
	rings();
	batch_rings();
	mrings();
	pools();
	allocs();
	return 0;
}
