/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Fuzz target: every call of a channel, in one thread, of any policy, levels and mode, against a queue of numbers for each
 * level, and counters. What would wait is given a nanosecond.
 */
#include "fuzz.h"

#include <maar/channel.h>

#include "../../src/channel/channel_priv.h"

#include <errno.h>
#include <string.h>

#define MOST_LEVELS   4
#define MOST_CAPACITY 16 /* up to which a single receiver has nothing untold */
#define MOST_HANDS    24
#define MOST	      10 /* messages of one call */
#define MOMENT	      1	 /* ns */

struct level {
	uint64_t in[MOST_CAPACITY]; /* the oldest first */
	size_t n;
	size_t passed; /* single receives since it last gave one, while it had some */
};

static struct maar_channel *channel;
static struct maar_channel_options options;
static struct maar_channel_stats want;
static struct level levels[MOST_LEVELS];
static struct maar_msg *hands[MOST_HANDS];
static size_t in_hands, pool_free, capacity;
static uint64_t numbers;
static int closed;

static uint64_t number_of(const struct maar_msg *msg)
{
	uint64_t number;

	fuzz_must(maar_msg_length(msg) == sizeof(number));
	memcpy(&number, maar_msg_data(msg), sizeof(number));
	return number;
}

/* ---- the model ---- */

static size_t count(void)
{
	size_t i, n = 0;

	for (i = 0; i < options.levels; i++)
		n += levels[i].n;
	return n;
}

static uint64_t shift(struct level *l)
{
	const uint64_t first = l->in[0];

	memmove(l->in, l->in + 1, --l->n * sizeof(l->in[0]));
	return first;
}

/* Puts one: 1, 0 if it is dropped, -1 if there is no room and the policy waits. */
static int model_put(struct level *l, uint64_t number, uint32_t full)
{
	if (l->n == capacity && full == MAAR_CHANNEL_BLOCK)
		return -1;
	if (l->n == capacity && full == MAAR_CHANNEL_DROP) {
		want.dropped++;
		pool_free++;
		return 0;
	}
	if (l->n == capacity) {
		(void)shift(l);
		want.evicted++;
		pool_free++;
	}
	l->in[l->n++] = number;
	want.sent++;
	return 1;
}

/* One came out: the oldest of a level, the most urgent unless there is a weight. */
static void model_took(uint64_t number, int alone)
{
	size_t i, from = options.levels;

	for (i = options.levels; i-- && from == options.levels;)
		if (levels[i].n && (!options.weight || levels[i].in[0] == number))
			from = i;
	fuzz_must(from < options.levels && shift(&levels[from]) == number);
	want.received++;
	for (i = 0; i < options.levels && alone; i++)
		levels[i].passed = i == from || !levels[i].n ? 0 : levels[i].passed + 1;
	levels[from].passed = 0;
	for (i = 0; i < options.levels && options.weight; i++)
		fuzz_must(levels[i].passed <= (options.weight + 1) * options.levels);
}

/* Whether a message is to be had for a reserve; if so it is in hand. Else what reserve says. */
static int model_reserves(void)
{
	size_t i;

	if (closed)
		return -EPIPE;
	if (!pool_free && options.full == MAAR_CHANNEL_OVERWRITE) {
		for (i = 0; i < options.levels && !levels[i].n; i++)
			;
		if (i < options.levels) {
			(void)shift(&levels[i]);
			want.evicted++;
			pool_free++;
		}
	}
	if (pool_free) {
		pool_free--;
		return 1;
	}
	if (options.full == MAAR_CHANNEL_BLOCK) {
		want.starved++;
		return -ETIMEDOUT;
	}
	want.dropped++;
	return 0;
}

/* ---- calls ---- */

static void take_in_hand(struct maar_msg *msg)
{
	const uint64_t number = ++numbers;

	fuzz_must(maar_msg_set_length(msg, sizeof(number)) == 0);
	memcpy(maar_msg_data(msg), &number, sizeof(number));
	hands[in_hands++] = msg;
}

static void reserve(void)
{
	struct maar_msg *msg;
	int rc;

	if (in_hands == MOST_HANDS)
		return;
	rc = model_reserves();
	fuzz_must(maar_channel_reserve(channel, &msg) == rc);
	if (rc == 1)
		take_in_hand(msg);
}

static void give_back(unsigned way)
{
	struct maar_msg *msg;

	if (!in_hands)
		return;
	msg = hands[--in_hands];
	fuzz_must((way % 2 ? maar_channel_abort(channel, msg) : maar_channel_release(channel, msg)) == 0);
	pool_free++;
}

/* The last in hand, by one of the calls that send one. */
static void send_one(unsigned way, unsigned priority)
{
	struct maar_msg *msg;
	uint32_t full = options.full;
	int rc, expected;

	if (!in_hands)
		return;
	msg = hands[in_hands - 1];
	if (way % 4 > 1)
		priority = 0;
	if (way % 4 == 1 || way % 4 == 2)
		full = MAAR_CHANNEL_BLOCK;
	expected = closed ? -EPIPE : model_put(&levels[priority], number_of(msg), full);
	if (expected == -1) {
		expected = -ETIMEDOUT;
		want.blocked += way % 4 != 2; /* which waits for nothing */
	}
	if (way % 4 == 0)
		rc = maar_channel_send_priority(channel, msg, priority);
	else if (way % 4 == 1)
		rc = maar_channel_send_within(channel, msg, priority, MOMENT);
	else if (way % 4 == 2)
		rc = maar_channel_try_send(channel, msg);
	else
		rc = maar_channel_commit(channel, msg, sizeof(uint64_t));
	fuzz_must(rc == expected);
	in_hands -= rc >= 0;
}

static void send_many(size_t n, unsigned priority)
{
	ssize_t expected = 0;
	size_t i, gone = 0;

	n = n < in_hands ? n : in_hands;
	if (!n)
		return;
	for (i = 0; i < n && !closed; i++) {
		const int rc = model_put(&levels[priority], number_of(hands[i]), options.full);

		if (rc < 0)
			break;
		expected += rc;
		gone++;
	}
	if (closed)
		expected = -EPIPE;
	else if (gone < n)
		want.blocked++;
	if (!closed && !gone)
		expected = -ETIMEDOUT;
	fuzz_must(maar_channel_send_many(channel, hands, n, priority) == expected);
	in_hands -= gone;
	memmove(hands, hands + gone, in_hands * sizeof(hands[0]));
}

static void send_bytes(void)
{
	const uint64_t number = numbers + 1;
	int expected = model_reserves();

	if (expected == 1) {
		numbers++;
		expected = model_put(&levels[0], number, options.full);
		if (expected < 0) {
			expected = -ETIMEDOUT;
			want.blocked++;
			pool_free++;
		}
	}
	fuzz_must(maar_channel_send_bytes(channel, &number, sizeof(number)) == expected);
}

/* Those received stay in hand as long as there is room for them there, and are as good as new. */
static void received(struct maar_msg *msg, int alone)
{
	model_took(number_of(msg), alone);
	if (in_hands < MOST_HANDS) {
		take_in_hand(msg);
		return;
	}
	fuzz_must(maar_channel_release(channel, msg) == 0);
	pool_free++;
}

static int nothing_there(void)
{
	return closed ? -EPIPE : -ETIMEDOUT;
}

static void recv_one(unsigned way)
{
	const size_t there = count();
	struct maar_msg *msg;
	const int rc = way % 3 == 0   ? maar_channel_try_recv(channel, &msg)
		       : way % 3 == 1 ? maar_channel_recv(channel, &msg, MOMENT)
				      : maar_channel_recv(channel, &msg, there || closed ? MAAR_FOREVER : 0);

	fuzz_must(rc == (there ? 1 : nothing_there()));
	if (rc == 1)
		received(msg, 1);
}

static void recv_many(size_t n)
{
	struct maar_msg *msgs[MOST + 1];
	const size_t there = count();
	ssize_t i, k;

	if (!n)
		return;
	k = maar_channel_recv_many(channel, msgs, n, MOMENT);
	fuzz_must(k == (!there ? nothing_there() : (ssize_t)(there < n ? there : n)));
	for (i = 0; i < k; i++)
		received(msgs[i], k == 1);
}

static void recv_bytes(size_t room)
{
	unsigned char bytes[16] = { 0 };
	const size_t there = count();
	uint64_t number = 0;
	size_t i = options.levels;
	ssize_t k;

	room = options.weight ? sizeof(number) : room % (sizeof(bytes) + 1);
	k = maar_channel_recv_bytes(channel, bytes, room, 0);
	fuzz_must(k == (there ? (ssize_t)sizeof(number) : nothing_there()));
	if (!there)
		return;
	memcpy(&number, bytes, sizeof(number));
	/* What did not fit is lost. */
	while (room < sizeof(number) && i--)
		if (levels[i].n) {
			fuzz_must(memcmp(&levels[i].in[0], bytes, room) == 0);
			number = levels[i].in[0];
			break;
		}
	model_took(number, 1);
	pool_free++;
}

static void drained(struct maar_msg *msg, void *unused)
{
	(void)unused;
	model_took(number_of(msg), 0);
	fuzz_must(maar_msg_release(msg) == 0);
	pool_free++;
}

static void drain(void)
{
	const size_t there = count();

	fuzz_must(maar_channel_drain(channel, drained, NULL) == there && !count());
}

static void refused(void)
{
#ifndef MAAR_DEBUG /* which stops whoever asks for this */
	struct maar_msg *msg = in_hands ? hands[0] : NULL;

	fuzz_must(maar_channel_send_priority(channel, msg, options.levels) == -EINVAL);
	fuzz_must(maar_channel_send(channel, NULL) == -EINVAL && maar_channel_recv(channel, NULL, 0) == -EINVAL);
	fuzz_must(maar_channel_recv_many(channel, &msg, 0, 0) == -EINVAL);
	fuzz_must(maar_channel_send_many(channel, hands, 0, 0) == -EINVAL);
	fuzz_must(!in_hands || maar_channel_commit(channel, hands[0], 1u << 20) == -EMSGSIZE);
#endif
	fuzz_must(maar_channel_send_bytes(channel, hands, 1u << 20) == -EMSGSIZE);
}

static void check(void)
{
	struct maar_channel_stats s;

	want.count = count();
	fuzz_must(maar_channel_stats(channel, &s) == 0 && memcmp(&s, &want, sizeof(s)) == 0);
	fuzz_must(maar_channel_count(channel) == want.count && maar_channel_empty(channel) == (want.count == 0));
	fuzz_must(maar_channel_closed(channel) == closed);
}

static void step(struct fuzz_input *in)
{
	const unsigned op = fuzz_byte(in), way = op / 16;
	const size_t n = fuzz_below(in, MOST + 1);

	switch (op % 16) {
	case 0:
	case 1:
	case 2:
		reserve();
		break;
	case 3:
		give_back(way);
		break;
	case 4:
	case 5:
	case 6:
		send_one(way, (unsigned)(n % options.levels));
		break;
	case 7:
	case 8:
		send_many(n, way % options.levels);
		break;
	case 9:
		send_bytes();
		break;
	case 10:
	case 11:
		recv_one(way);
		break;
	case 12:
		recv_many(n);
		break;
	case 13:
		recv_bytes(way + n);
		break;
	case 14:
		refused();
		break;
	case 15: /* rarely */
		if (way == 0) {
			drain();
		} else if (way == 1) {
			maar_channel_close(channel);
			closed = 1;
		}
		break;
	}
	check();
}

static void begin(struct fuzz_input *in)
{
	static const uint32_t flags[] = { MAAR_CHANNEL_MPMC,   MAAR_CHANNEL_SPSC,
					  MAAR_CHANNEL_MPSC,   MAAR_CHANNEL_SPMC,
					  MAAR_CHANNEL_TICKET, MAAR_CHANNEL_TICKET | MAAR_CHANNEL_MPSC };
	unsigned bits;

	memset(&want, 0, sizeof(want));
	memset(levels, 0, sizeof(levels));
	memset(&options, 0, sizeof(options));
	in_hands = 0;
	closed = 0;
	numbers = fuzz_word(in, 2);
	options.flags = flags[fuzz_byte(in) % (sizeof(flags) / sizeof(flags[0]))];
	options.full = fuzz_byte(in) % 3;
	if (options.full == MAAR_CHANNEL_OVERWRITE)
		options.flags &= ~(uint32_t)MAAR_CHANNEL_SC;
	options.flags |= MAAR_CHANNEL_NO_SPIN;
	options.timeout_ns = MOMENT;
	options.levels = 1 + fuzz_byte(in) % MOST_LEVELS;
	options.weight = options.levels > 1 ? fuzz_byte(in) % 4 : 0;
	options.messages = pool_free = 1 + fuzz_below(in, 3 * MOST_CAPACITY);
	channel = maar_channel_create(1 + fuzz_below(in, MOST_CAPACITY), sizeof(uint64_t), &options);
	fuzz_must(channel != NULL);
	capacity = maar_channel_capacity(channel);
	fuzz_must(capacity <= MOST_CAPACITY && maar_channel_levels(channel) == options.levels);
	/* Before the wrap of 8 * k bits of the positions. */
	bits = 8 * (fuzz_byte(in) % 8);
	if (bits)
		maar__channel_start_at(channel, (UINT64_C(1) << bits) - fuzz_byte(in));
	fuzz_must(maar_channel_stats(channel, &want) == 0);
	fuzz_must(want.sent == 0 || bits);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };

	begin(&in);
	while (fuzz_more(&in))
		step(&in);
	if (in_hands) { /* destroyed in two steps, then */
		fuzz_must(maar_channel_destroy_each(channel, drained, NULL) == -EBUSY);
		closed = 1;
	}
	while (in_hands)
		give_back((unsigned)in_hands);
	fuzz_must(maar_channel_destroy_each(channel, drained, NULL) == 0 && !count());
	return 0;
}
