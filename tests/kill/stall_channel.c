/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The calls of channels. Each message carries who sent it and the how-manieth of that one's it is; receivers tick them off.
 * The others try, and wait for a moment now and then, so that some of them sleep when the victim is to wake them.
 */
#include "../unit/common.h"
#include "stall.h"

#include <maar/channel.h>

#define CAPACITY 16
#define SOME	 5	    /* messages in it when the victim comes */
#define MANY	 3	    /* of a call */
#define NUMBERS	 (1u << 18) /* of one sender's messages, at most */
#define VICTIM	 STALL_MOST_OTHERS
#define SENDERS	 (VICTIM + 2) /* the others, the victim, and whoever made it */
#define MAKER	 (VICTIM + 1)

/* How long the others wait now and then: 100 us, so that those who sleep for ever show and those who do not are soon done. */
#define MOMENT 100000

/* How a channel is made, and what is in it: MAAR_CHANNEL_* and these. */
#define DROPS	    (1 << 16)
#define OVERWRITES  (1 << 17)
#define FULL	    (1 << 18)
#define EMPTY	    (1 << 19)
#define LEVELS	    (1 << 20)
#define FLAGS(kind) ((uint32_t)(kind)&0xffff)

struct world {
	const struct stall_case *c;
	struct maar_channel *channel;
	unsigned others;
	uint32_t sent[SENDERS]; /* by each; its own */
	unsigned char *seen[SENDERS];
	unsigned received;  /* of all */
	bool waits[VICTIM]; /* the turn of an other to wait */
	struct maar_msg *mine[MANY];
	unsigned n; /* of mine */
};

/* ---- messages ---- */

static struct maar_msg *fill(struct world *w, unsigned sender, struct maar_msg *msg)
{
	const uint32_t what[2] = { sender, w->sent[sender] };

	memcpy(maar_msg_data(msg), what, sizeof(what));
	return msg;
}

static struct maar_msg *fresh(struct world *w, unsigned sender)
{
	struct maar_msg *msg = maar_pool_get(maar_channel_pool(w->channel));

	unit_must(msg != NULL);
	return fill(w, sender, msg);
}

static void tick_off(struct world *w, struct maar_msg *msg)
{
	uint32_t what[2];

	memcpy(what, maar_msg_data(msg), sizeof(what));
	unit_must(what[0] < SENDERS && what[1] < NUMBERS);
	unit_must(__atomic_fetch_add(&w->seen[what[0]][what[1]], 1, __ATOMIC_RELAXED) == 0);
	__atomic_fetch_add(&w->received, 1, __ATOMIC_RELAXED);
	unit_eq(maar_channel_release(w->channel, msg), 0);
}

static void drained(struct maar_msg *msg, void *world)
{
	tick_off(world, msg);
}

/* ---- life ---- */

static void *make(const struct stall_case *c, unsigned others)
{
	const struct maar_channel_options o = { .flags = FLAGS(c->kind),
						.full = c->kind & DROPS	       ? MAAR_CHANNEL_DROP
							: c->kind & OVERWRITES ? MAAR_CHANNEL_OVERWRITE
									       : MAAR_CHANNEL_BLOCK,
						.levels = c->kind & LEVELS ? 2 : 0,
						.messages = 16 * CAPACITY };
	const unsigned in = c->kind & FULL ? CAPACITY : c->kind & EMPTY ? 0 : SOME;
	struct world *w = calloc(1, sizeof(*w));
	unsigned i;

	unit_must(w != NULL);
	w->c = c;
	w->others = others;
	w->channel = maar_channel_create(CAPACITY, 64, &o);
	unit_must(w->channel != NULL);
	for (i = 0; i < SENDERS; i++)
		unit_must((w->seen[i] = calloc(NUMBERS, 1)) != NULL);
	for (i = 0; i < in; i++, w->sent[MAKER]++)
		unit_eq(maar_channel_send(w->channel, fresh(w, MAKER)), 1);
	return w;
}

static uint32_t sent_by_all(const struct world *w)
{
	uint32_t sum = 0;
	unsigned i;

	for (i = 0; i < SENDERS; i++)
		sum += w->sent[i];
	return sum;
}

static void end(void *world)
{
	struct world *w = world;
	struct maar_channel_stats stats;
	unsigned i;

	(void)maar_channel_drain(w->channel, drained, w);
	unit_eq(maar_channel_stats(w->channel, &stats), 0);
	unit_eq(w->received + stats.evicted + stats.dropped, sent_by_all(w));
	unit_eq(stats.count, 0);
	unit_eq(maar_channel_destroy(w->channel), 0); /* each message is back */
	for (i = 0; i < SENDERS; i++)
		free(w->seen[i]);
	free(w);
}

/*
 * While it stands, whoever may receive finds what the others have sent, but for what the victim has taken or evicts; and
 * its own may be among them or not. (The others wait: whoever asks is the single receiver.) It leaves room for a victim that would
 * wait for it, with nobody there to make some.
 */
static void judge(void *world)
{
	struct world *w = world;
	struct maar_channel_stats stats;
	uint32_t of_others;

	(void)maar_channel_drain(w->channel, drained, w);
	unit_eq(maar_channel_stats(w->channel, &stats), 0);
	of_others = sent_by_all(w) - w->sent[VICTIM];
	unit_must(w->received + stats.evicted + stats.dropped + MANY >= of_others);
	unit_must(w->received + stats.evicted + stats.dropped <= of_others + MANY + w->sent[VICTIM]);
}

/* ---- the others ---- */

static void nothing(void *world, unsigned id)
{
	(void)world;
	(void)id;
}

/* A lane of the pool, for which a thread's first call takes the mutex that the victim may stand in. */
static void settle(void *world, unsigned id)
{
	struct world *w = world;

	unit_eq(maar_channel_release(w->channel, fresh(w, id)), 0);
}

static bool send_one(struct world *w, unsigned id)
{
	struct maar_msg *msg;
	int rc;

	if (w->sent[id] == NUMBERS)
		return true;
	msg = fresh(w, id);
	w->waits[id] = !w->waits[id];
	rc = maar_channel_send_within(w->channel, msg, 0, w->waits[id] ? MOMENT : 0);
	w->sent[id] += rc == 1;
	if (rc != 1)
		unit_eq(maar_channel_abort(w->channel, msg), 0);
	return rc == 1;
}

static bool recv_some(struct world *w, unsigned id)
{
	struct maar_msg *msgs[4];
	ssize_t n, i;

	n = maar_channel_recv_many(w->channel, msgs, id % 2 ? 1 : COUNT_OF(msgs), w->sent[id] % 2 ? MOMENT : 0);
	for (i = 0; i < n; i++)
		tick_off(w, msgs[i]);
	return n > 0;
}

/* Everyone does both, or one does the one and the rest the other. */
static bool work(void *world, unsigned id)
{
	struct world *w = world;

	if (w->c->kind & MAAR_CHANNEL_SC)
		return id ? send_one(w, id) : recv_some(w, id);
	/* Where one receiver had most of all that one sender may send, the rest need not wait for more. */
	if (w->c->kind & MAAR_CHANNEL_SP)
		return id ? recv_some(w, id) || __atomic_load_n(&w->sent[0], __ATOMIC_RELAXED) == NUMBERS
			  : send_one(w, id);
	if (w->c->kind & FULL && recv_some(w, id))
		return send_one(w, id);
	return send_one(w, id) ? recv_some(w, id) : (recv_some(w, id), false);
}

/* ---- the victim ---- */

static void ready_to_send(void *world)
{
	struct world *w = world;

	for (w->n = 0; w->n < MANY; w->n++, w->sent[VICTIM]++)
		w->mine[w->n] = fresh(w, VICTIM);
	w->sent[VICTIM] = 0;
}

static void ready_to_recv(void *world)
{
	(void)world;
}

static void sent(struct world *w, int rc)
{
	unit_must(rc == 1 || rc == 0 || rc == -ETIMEDOUT);
	w->sent[VICTIM] = rc >= 0; /* dropped is counted as such */
}

static void call_try_send(void *world)
{
	struct world *w = world;

	sent(w, maar_channel_try_send(w->channel, w->mine[0]));
}

static void call_send(void *world)
{
	struct world *w = world;

	sent(w, maar_channel_send(w->channel, w->mine[0]));
}

static void call_send_within(void *world)
{
	struct world *w = world;

	sent(w, maar_channel_send_within(w->channel, w->mine[0], w->c->kind & LEVELS ? 1 : 0, MOMENT));
}

static void call_send_many(void *world)
{
	struct world *w = world;

	unit_eq(maar_channel_send_many(w->channel, w->mine, MANY, 0), MANY);
	w->sent[VICTIM] = MANY;
}

static void call_reserve(void *world)
{
	struct world *w = world;
	struct maar_msg *msg;

	unit_eq(maar_channel_reserve(w->channel, &msg), 1);
	unit_eq(maar_channel_commit(w->channel, fill(w, VICTIM, msg), 8), 1);
	w->sent[VICTIM] = 1;
}

static void after_send(void *world)
{
	struct world *w = world;

	while (w->n > w->sent[VICTIM])
		unit_eq(maar_channel_abort(w->channel, w->mine[--w->n]), 0);
	w->n = 0;
}

static void after_reserve(void *world)
{
	(void)world;
}

static void call_try_recv(void *world)
{
	struct world *w = world;

	w->n = maar_channel_try_recv(w->channel, w->mine) == 1;
}

static void call_recv(void *world)
{
	struct world *w = world;

	w->n = maar_channel_recv(w->channel, w->mine, MOMENT) == 1;
}

static void call_recv_many(void *world)
{
	struct world *w = world;
	const ssize_t n = maar_channel_recv_many(w->channel, w->mine, MANY, 0);

	w->n = n > 0 ? (unsigned)n : 0;
}

static void after_recv(void *world)
{
	struct world *w = world;

	while (w->n)
		tick_off(w, w->mine[--w->n]);
}

#define CASE(title, sort, ready_, call_, after_)                                                                       \
	{                                                                                                              \
		.name = title, .kind = sort, .make = make, .settle = settle, .work = work, .leave = nothing,           \
		.ready = ready_, .call = call_, .after = after_, .judge = judge, .end = end                            \
	}

const struct stall_case stall_channel_cases[] = {
	CASE("channel try_send", 0, ready_to_send, call_try_send, after_send),
	CASE("channel try_send, empty", EMPTY, ready_to_send, call_try_send, after_send),
	CASE("channel try_send, full", FULL, ready_to_send, call_try_send, after_send),
	CASE("channel send", 0, ready_to_send, call_send, after_send),
	CASE("channel send, dropped", DROPS | FULL, ready_to_send, call_send, after_send),
	CASE("channel send, overwrites", OVERWRITES | FULL, ready_to_send, call_send, after_send),
	CASE("channel send that waits", FULL, ready_to_send, call_send_within, after_send),
	CASE("channel send, urgent", LEVELS, ready_to_send, call_send_within, after_send),
	CASE("channel send_many", 0, ready_to_send, call_send_many, after_send),
	CASE("channel reserve, commit", 0, ready_to_recv, call_reserve, after_reserve),
	CASE("channel try_recv", 0, ready_to_recv, call_try_recv, after_recv),
	CASE("channel try_recv, full", FULL, ready_to_recv, call_try_recv, after_recv),
	CASE("channel try_recv, nothing there", EMPTY, ready_to_recv, call_try_recv, after_recv),
	CASE("channel recv that waits", EMPTY, ready_to_recv, call_recv, after_recv),
	CASE("channel recv_many", 0, ready_to_recv, call_recv_many, after_recv),
	CASE("channel recv, levels", LEVELS, ready_to_recv, call_recv, after_recv),
	CASE("channel MPSC try_send", MAAR_CHANNEL_SC, ready_to_send, call_try_send, after_send),
	CASE("channel MPSC send_many", MAAR_CHANNEL_SC, ready_to_send, call_send_many, after_send),
	CASE("channel SPMC try_recv", MAAR_CHANNEL_SP, ready_to_recv, call_try_recv, after_recv),
	CASE("channel SPMC recv_many", MAAR_CHANNEL_SP, ready_to_recv, call_recv_many, after_recv),
};
const unsigned stall_channel_count = COUNT_OF(stall_channel_cases);
