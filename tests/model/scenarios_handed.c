/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Handed-over queues (src/ipc/handed_flow.c) on the explorer: one direction, of one or two slots, between two threads that have the
 * memory of both sides. No word is written by two. A wake-up that is lost leaves all asleep; payloads are plain, so a slot that
 * comes back too early races. The pair of sockets is a word of the kernel's, from which a sleeper learns nothing but that it is awake.
 */
#include "../../src/ipc/handed_priv.h"

#include "../../src/base/sleep.h"
#include "scenarios.h"

#include <string.h>

#define MOST_SLOTS 2
#define MESSAGES   3

static struct {
	struct maar__handed_side sides[2];
	struct maar__handed_cell cells[MOST_SLOTS];
	uint32_t returns[MOST_SLOTS];
	unsigned char slots[MOST_SLOTS * 64];
} memory;

/* A sends, B takes. */
static struct maar_handed a, b;
static uint32_t free_slots[MOST_SLOTS];
static uint8_t states[MOST_SLOTS], held[MOST_SLOTS];
static uint64_t had;

/* ---- the kernel's: bytes that wait, at A's end and at B's ---- */

static uint32_t bytes_at[2];

static uint32_t *end_of(const struct maar__handed_waiter *w)
{
	return &bytes_at[w == &b.in.message];
}

void maar__handed_wake(struct maar__handed_waiter *waiter)
{
	uint32_t *other = &bytes_at[waiter != &b.in.message];

	maar_a_store(other, 1, SEQ_CST);
	(void)model_futex_wake(other, 1);
}

static void sleep_at(uint32_t *bytes)
{
	while (!maar_a_load(bytes, SEQ_CST))
		(void)model_futex_wait(bytes, 0);
}

int maar__handed_sleep(struct maar_handed *handed, struct maar__handed_waiter *waiter, int64_t deadline)
{
	(void)handed, (void)deadline;
	sleep_at(end_of(waiter));
	maar_a_store(end_of(waiter), 0, RELAXED);
	return 1;
}

bool maar__handed_there(const struct maar_handed *handed, struct maar__handed_waiter *waiter)
{
	(void)handed;
	if (waiter)
		maar_a_store(end_of(waiter), 0, RELAXED);
	return true;
}

void maar__handed_hang_up(const struct maar_handed *handed)
{
	(void)handed;
	model_fail("the peer is said to lie");
}

/* ---- both sides ---- */

static void erase(void)
{
	unsigned i;

	for (i = 0; i < 2; i++) {
		maar_a_store(&memory.sides[i].tail, 0, RELAXED);
		maar_a_store(&memory.sides[i].released, 0, RELAXED);
		maar_a_store(&memory.sides[i].wants_message, 0, RELAXED);
		maar_a_store(&memory.sides[i].wants_slot, 0, RELAXED);
		maar_a_store(&bytes_at[i], 0, RELAXED);
	}
	maar_a_store(&a.gone, 0, RELAXED);
	maar_a_store(&b.gone, 0, RELAXED);
	maar_a_store(&a.broken, 0, RELAXED);
	maar_a_store(&b.broken, 0, RELAXED);
	maar_a_store(&had, 0, RELAXED);
}

static void begin_with(uint32_t slots)
{
	struct maar__handed_shape shape = { .most = 8, .slots = slots, .peer_slots = slots, .stride = 64 };
	uint32_t i;

	memset(&a, 0, sizeof(a));
	memset(&b, 0, sizeof(b));
	a.shape = b.peer_shape = shape;
	a.mine = &memory.sides[0];
	b.theirs = a.mine;
	b.mine = &memory.sides[1];
	a.theirs = b.mine;
	a.out.cells = memory.cells;
	b.in.cells = memory.cells;
	a.out.slots = memory.slots;
	b.in.slots = memory.slots;
	b.in.returns = memory.returns;
	a.out.returns = memory.returns;
	a.out.free = free_slots;
	a.out.states = states;
	b.in.held = held;
	a.out.n_free = slots;
	a.out.slot.wants = &a.mine->wants_slot;
	a.out.slot.word = &a.theirs->released;
	a.out.slot.wanted = &a.theirs->wants_message;
	b.in.message.wants = &b.mine->wants_message;
	b.in.message.word = &b.theirs->tail;
	b.in.message.wanted = &b.theirs->wants_slot;
	a.out.slot.spin.flags = b.in.message.spin.flags = MAAR_EVENT_NO_SPIN;
	for (i = 0; i < slots; i++) {
		free_slots[i] = i;
		states[i] = MAAR__HANDED_FREE;
		held[i] = 0;
	}
	erase();
}

static void begin_one(void *s)
{
	(void)s;
	begin_with(1);
}

static void begin_two(void *s)
{
	(void)s;
	begin_with(2);
}

static void begin_armed(void *s)
{
	begin_two(s);
	b.event.fd = maar__eventfd();
}

/* ---- moves ---- */

static bool send(uint64_t value, int64_t timeout_ns)
{
	const struct maar_ipc_tags tags = { .sequence = value, .type = 7 };
	const int got = maar_handed_send(&a, &value, sizeof(value), &tags, timeout_ns);

	model_assert(got == 1 || (got == 0 && !timeout_ns), "not sent: %d", got);
	return got == 1;
}

/* 1, 0 or -EPIPE; in place, or copied. */
static int receive(uint64_t value, bool copied, int64_t timeout_ns)
{
	struct maar_ipc_message m;
	uint64_t there = 0;
	int got;

	if (copied) {
		got = maar_handed_receive(&b, &there, sizeof(there), &m, timeout_ns);
	} else {
		got = maar_handed_take(&b, &m, timeout_ns);
		if (got == 1)
			maar_n_copy(&there, m.payload, sizeof(there));
		if (got == 1)
			model_assert(maar_handed_release(&b, &m) == 0, "not released");
	}
	model_assert(got == 1 || got == -EPIPE || (got == 0 && !timeout_ns), "another answer: %d", got);
	if (got != 1)
		return got;
	model_assert(there == value && m.sequence == value && m.type == 7 && m.bytes == 8, "another message");
	maar_a_add(&had, 1, RELAXED);
	return 1;
}

static void sends(void *s)
{
	uint64_t n;

	(void)s;
	for (n = 1; n <= MESSAGES; n++)
		while (!send(n, 0))
			model_yield();
}

static void receives(void *s)
{
	uint64_t n;

	(void)s;
	for (n = 1; n <= MESSAGES; n++)
		while (!receive(n, n % 2, 0))
			model_yield();
}

static void sends_asleep(void *s)
{
	uint64_t n;

	(void)s;
	for (n = 1; n <= MESSAGES; n++)
		send(n, MAAR_FOREVER);
}

static void receives_asleep(void *s)
{
	uint64_t n;

	(void)s;
	for (n = 1; n <= MESSAGES; n++)
		(void)receive(n, n % 2, MAAR_FOREVER);
}

/* Two at a time: when it sleeps for the second it has one in hand, which is all the other could have. */
static void receives_by_two(void *s)
{
	struct maar_ipc_message m[2];
	unsigned i;

	(void)s;
	for (i = 0; i < 2; i++)
		model_assert(maar_handed_take(&b, &m[i], MAAR_FOREVER) == 1, "no message");
	for (i = 2; i-- > 0;) {
		model_assert(m[i].sequence == i + 1, "another message");
		model_assert(maar_handed_release(&b, &m[i]) == 0, "not released");
	}
	maar_a_add(&had, 2, RELAXED);
	(void)receive(3, true, MAAR_FOREVER);
}

static void sends_and_closes(void *s)
{
	(void)s;
	send(1, MAAR_FOREVER);
	send(2, MAAR_FOREVER);
	model_assert(maar_handed_close(&a) == 0, "not closed");
	maar_a_add(&had, 1, RELAXED);
}

static void receives_to_the_end(void *s)
{
	uint64_t n = 1;

	(void)s;
	while (receive(n, false, MAAR_FOREVER) == 1)
		n++;
	model_assert(n == 3, "the end was told before the last message");
}

/* As an event loop does. */
static void receives_armed(void *s)
{
	uint64_t n = 1;

	(void)s;
	for (;;) {
		while (n <= MESSAGES && receive(n, false, 0) == 1)
			n++;
		if (n > MESSAGES)
			return;
		if (maar_handed_arm(&b) == 0)
			sleep_at(end_of(&b.in.message));
		model_assert(maar_handed_disarm(&b) == 0, "not disarmed");
	}
}

static void all_had(void *s)
{
	(void)s;
	model_assert(maar_a_load(&had, RELAXED) == MESSAGES, "a message is missing");
	model_assert(a.out.tail == b.in.released, "a slot is missing");
	model_assert(!maar_a_load(&memory.sides[1].wants_message, RELAXED), "somebody still wants a message");
}

#define HANDED(name_, begin_, ...)                                                                                     \
	{                                                                                                              \
		.name = "handed, " name_, .threads = 2, .set_up = begin_, .thread = { __VA_ARGS__ }, .finish = all_had \
	}

const struct model_scenario scenarios_handed[] = {
	HANDED("one slot", begin_one, sends, receives),
	HANDED("two slots", begin_two, sends, receives),
	HANDED("one slot, asleep", begin_one, sends_asleep, receives_asleep),
	HANDED("two slots, asleep", begin_two, sends_asleep, receives_asleep),
	HANDED("by two, asleep", begin_two, sends_asleep, receives_by_two),
	HANDED("closed", begin_one, sends_and_closes, receives_to_the_end),
	HANDED("armed", begin_armed, sends_asleep, receives_armed),
};

const unsigned n_scenarios_handed = sizeof(scenarios_handed) / sizeof(scenarios_handed[0]);
