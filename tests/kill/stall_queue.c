/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The calls of queues (maar/queue.h), most of all those that come to the end of a chunk. A value is {who sent it, the how-manieth
 * of that one's}; whoever consumes wants each sender's in order and without a gap. What the header promises: a producer
 * that stands stalls no other, but may hide from the consumer what is behind it; a consumer that stands stalls nobody.
 */
#include "../unit/common.h"
#include "stall.h"

#include <maar/queue.h>

#define CELLS	4 /* of a chunk: every fourth value comes to its end */
#define SLOT	(sizeof(struct maar_queue_chunk) + CELLS * sizeof(struct maar_queue_cell))
#define SLOTS	8192
#define LIMIT	64   /* values, where there is one: fewer than the others want */
#define NUMBERS 3000 /* of one sender's values, at most: what all may send fits into the slots */
#define MANY	6    /* values of a burst: two chunks, or three */
#define SOME	3    /* in it when the victim comes: one more, and the chunk is full */
#define VICTIM	STALL_MOST_OTHERS
#define SENDERS (VICTIM + 2) /* the others, the victim, and whoever made it */
#define MAKER	(VICTIM + 1)

/* How it is made, and who stands: MAAR_QUEUE_* and these. */
#define LIMITED	    (1 << 16)
#define CONSUMES    (1 << 17) /* the victim is the consumer, and all others produce */
#define FLAGS(kind) ((unsigned)(kind)&0xffff)

struct world {
	const struct stall_case *c;
	struct maar_mring *mring;
	struct maar_queue *queue;
	uint32_t sent[SENDERS], received[SENDERS]; /* sent: by each, its own; received: by the consumer of the time */
	uint32_t of_victim;			   /* values that its call sends */
	uint64_t values[MANY];			   /* the victim's */
	size_t n;				   /* of them, that it took */
	unsigned turn;				   /* the consumer's */
};

static uint64_t value_of(unsigned sender, uint32_t number)
{
	return (uint64_t)(sender + 1) << 32 | number;
}

static void tick_off(uint64_t value, void *world)
{
	struct world *w = world;
	const uint64_t sender = (value >> 32) - 1;

	unit_must(sender < SENDERS);
	unit_eq((uint32_t)value, w->received[sender]);
	w->received[sender]++;
}

static void send_some(struct world *w, unsigned sender, uint32_t n)
{
	while (n--)
		unit_eq(maar_queue_enqueue(w->queue, value_of(sender, w->sent[sender]++)), 1);
}

/* ---- life ---- */

static void *make(const struct stall_case *c, unsigned others)
{
	struct world *w = calloc(1, sizeof(*w));

	(void)others;
	unit_must(w != NULL);
	w->c = c;
	w->mring = maar_mring_create(SLOTS, SLOT, NULL);
	unit_must(w->mring != NULL);
	w->queue = maar_queue_create(w->mring, c->kind & LIMITED ? LIMIT : 0, FLAGS(c->kind));
	unit_must(w->queue != NULL);
	send_some(w, MAKER, SOME);
	return w;
}

/* All that was sent has come, and each slot is back. */
static void end(void *world)
{
	struct world *w = world;
	unsigned i;

	(void)maar_queue_drain(w->queue, tick_off, w);
	for (i = 0; i < SENDERS; i++)
		unit_eq(w->received[i], w->sent[i]);
	unit_eq(maar_queue_check(w->queue), 0);
	maar_queue_destroy(w->queue);
	unit_eq(maar_mring_destroy(w->mring), 0);
	free(w);
}

/*
 * Whoever consumes next, while the victim stands, finds nothing that was not sent, and no gap. A consumer that stands has
 * taken what it returns: it is asked then.
 */
static void judge(void *world)
{
	struct world *w = world;

	if (!(w->c->kind & CONSUMES))
		(void)maar_queue_drain(w->queue, tick_off, w);
}

/* ---- the others ---- */

/* A lane of the mring, for which a thread's first call takes the mutex that the victim may stand in. */
static void settle(void *world, unsigned id)
{
	struct world *w = world;
	void *slot = maar_mring_get(w->mring);

	(void)id;
	unit_must(slot != NULL);
	unit_eq(maar_mring_put(w->mring, slot), 0);
}

static void leave(void *world, unsigned id)
{
	(void)world;
	(void)id;
}

/* By one, by two, by three. */
static bool produce(struct world *w, unsigned id)
{
	uint64_t values[3];
	const uint32_t n = 1 + w->sent[id] % (uint32_t)COUNT_OF(values);
	uint32_t i;
	size_t k;

	if (w->sent[id] + n > NUMBERS)
		return true;
	for (i = 0; i < n; i++)
		values[i] = value_of(id, w->sent[id] + i);
	k = n == 1 ? maar_queue_enqueue(w->queue, values[0]) : maar_queue_enqueue_burst(w->queue, values, n);
	w->sent[id] += (uint32_t)k;
	/* Full is an answer; that it comes where it may is test_queue's. */
	unit_must(k == n || w->c->kind & LIMITED);
	return true;
}

/* It may find nothing: what is behind a producer that stands is hidden. */
static bool consume(struct world *w)
{
	uint64_t values[MANY];
	size_t n, i;

	n = w->turn++ % 2 ? maar_queue_dequeue(w->queue, values) : maar_queue_dequeue_burst(w->queue, values, MANY);
	for (i = 0; i < n; i++)
		tick_off(values[i], w);
	return true;
}

/* Where there is one producer, who stands, there is nobody else to produce. */
static bool work(void *world, unsigned id)
{
	struct world *w = world;

	if (w->c->kind & CONSUMES)
		return w->c->kind & MAAR_QUEUE_SP && id ? true : produce(w, id);
	if (id == 0)
		return consume(w);
	return w->c->kind & MAAR_QUEUE_SP ? true : produce(w, id);
}

/* ---- the victim ---- */

static void ready_one(void *world)
{
	((struct world *)world)->of_victim = 1;
}

static void ready_many(void *world)
{
	((struct world *)world)->of_victim = MANY;
}

static void ready_nothing(void *world)
{
	((struct world *)world)->of_victim = 0;
}

static void call_enqueue(void *world)
{
	struct world *w = world;

	w->sent[VICTIM] = (uint32_t)maar_queue_enqueue(w->queue, value_of(VICTIM, 0));
}

static void call_enqueue_burst(void *world)
{
	struct world *w = world;
	uint64_t values[MANY];
	uint32_t i;

	for (i = 0; i < MANY; i++)
		values[i] = value_of(VICTIM, i);
	w->sent[VICTIM] = (uint32_t)maar_queue_enqueue_burst(w->queue, values, MANY);
}

static void call_trim(void *world)
{
	struct world *w = world;

	unit_must(maar_queue_trim(w->queue) <= 1);
}

static void call_dequeue(void *world)
{
	struct world *w = world;

	w->n = maar_queue_dequeue(w->queue, w->values);
}

static void call_dequeue_burst(void *world)
{
	struct world *w = world;

	w->n = maar_queue_dequeue_burst(w->queue, w->values, MANY);
}

static void call_peek_release(void *world)
{
	struct world *w = world;

	w->n = maar_queue_peek(w->queue, w->values, MANY);
	unit_eq(maar_queue_release(w->queue, w->n), w->n);
}

static void call_drain(void *world)
{
	struct world *w = world;

	(void)maar_queue_drain(w->queue, tick_off, w);
}

static void after(void *world)
{
	struct world *w = world;
	size_t i;

	unit_must(w->sent[VICTIM] == w->of_victim || w->c->kind & LIMITED);
	for (i = 0; i < w->n; i++)
		tick_off(w->values[i], w);
}

#define CASE(title, sort, ready_, call_)                                                                               \
	{                                                                                                              \
		.name = title, .kind = sort, .make = make, .settle = settle, .work = work, .leave = leave,             \
		.ready = ready_, .call = call_, .after = after, .judge = judge, .end = end                             \
	}

const struct stall_case stall_queue_cases[] = {
	CASE("queue enqueue", 0, ready_one, call_enqueue),
	CASE("queue enqueue, limited", LIMITED, ready_one, call_enqueue),
	CASE("queue enqueue_burst", 0, ready_many, call_enqueue_burst),
	CASE("queue enqueue_burst, limited", LIMITED, ready_many, call_enqueue_burst),
	CASE("queue trim", 0, ready_nothing, call_trim),
	CASE("queue dequeue", CONSUMES, ready_nothing, call_dequeue),
	CASE("queue dequeue, limited", CONSUMES | LIMITED, ready_nothing, call_dequeue),
	CASE("queue dequeue_burst", CONSUMES, ready_nothing, call_dequeue_burst),
	CASE("queue peek, release", CONSUMES, ready_nothing, call_peek_release),
	CASE("queue drain", CONSUMES, ready_nothing, call_drain),
	CASE("queue SPSC enqueue", MAAR_QUEUE_SP, ready_one, call_enqueue),
	CASE("queue SPSC enqueue_burst", MAAR_QUEUE_SP, ready_many, call_enqueue_burst),
	CASE("queue SPSC dequeue_burst", MAAR_QUEUE_SP | CONSUMES, ready_nothing, call_dequeue_burst),
};
const unsigned stall_queue_count = COUNT_OF(stall_queue_cases);
