/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Broadcast between processes on the explorer. Four slots, of which the third participant has two on loan, so that two go
 * round. Payloads are plain: a message that is read while its slot is written races. Dying is as in scenarios_ipc.c.
 */
#include "../../src/ipc/ipc_priv.h"

#include "scenarios.h"

#include <errno.h>
#include <stdlib.h>

#define SLOTS  4
#define PEOPLE 3
#define SENT   3 /* messages, by all producers */

/* Two: of a lossless and of a lossy reader, each made once. */
struct segment {
	unsigned char memory[1 << 13] __attribute__((aligned(4096)));
	unsigned char saved[1 << 13];
	struct maar_ipc saved_of[PEOPLE];
	bool made;
};
static struct segment segments[2];
static size_t bytes;
static struct maar_ipc of[PEOPLE];

static struct {
	uint64_t alive[PEOPLE + 1];
	uint64_t payload[SLOTS];
} world;

static int take_life(void *arg, uint32_t i)
{
	(void)arg;
	return maar_a_cas(&world.alive[i], 0, 1, ACQ_REL) ? 0 : -EBUSY;
}

static void drop_life(void *arg, uint32_t i)
{
	(void)arg;
	maar_a_store(&world.alive[i], 0, RELEASE);
}

static int is_alive(void *arg, uint32_t i)
{
	(void)arg;
	return (int)maar_a_load(&world.alive[i], ACQUIRE);
}

static const struct maar_ipc_life life = { .take = take_life, .drop = drop_life, .alive = is_alive };

/* ---- a segment: 0 produces, 1 reads, 2 has two loans and does either ---- */

static void make(struct segment *g, uint32_t reading)
{
	static const struct maar_ipc_options options = { .classes = { { .bytes = 8, .slots = SLOTS } },
							 .n_classes = 1,
							 .participants = PEOPLE,
							 .event_flags = MAAR_EVENT_NO_SPIN,
							 .kind = MAAR_IPC_BROADCAST };
	void *loan;

	bytes = (size_t)maar_ipc_bytes(&options);
	if (bytes > sizeof(g->memory) || maar_ipc_init(g->memory, bytes, &options))
		abort();
	for (unsigned i = 0; i < PEOPLE; i++) {
		const struct maar_ipc_who who = { .roles = i == 1 ? MAAR_IPC_CONSUMER : MAAR_IPC_PRODUCER,
						  .reading = i == 1 ? reading : 0 };
		struct maar_ipc *ipc;

		maar_a_store(&world.alive[i + 1], 0, RELAXED);
		ipc = maar_ipc_attach(g->memory, bytes, &who, &life);
		if (!ipc)
			abort();
		of[i] = *ipc;
		of[i].slice = MAAR_FOREVER; /* a lost wake-up shall not be made up for by a look at the dead */
	}
	for (unsigned i = 0; i < 2; i++)
		if (maar_ipc_loan(&of[2], 8, &loan, 0) != 1)
			abort();
	memcpy(g->saved, g->memory, bytes);
	memcpy(g->saved_of, of, sizeof(of));
	g->made = true;
}

static void begin_with(uint32_t reading)
{
	struct segment *const g = &segments[reading != 0];

	if (!g->made)
		make(g, reading);
	/* Word by word: the explorer knows of stores. */
	for (size_t i = 0; i < bytes / 8; i++) {
		uint64_t word;

		memcpy(&word, g->saved + i * 8, 8);
		if (maar_a_load((uint64_t *)(void *)g->memory + i, RELAXED) != word)
			maar_a_store((uint64_t *)(void *)g->memory + i, word, RELAXED);
	}
	memcpy(of, g->saved_of, sizeof(of));
	for (unsigned i = 1; i <= PEOPLE; i++)
		maar_a_store(&world.alive[i], 1, RELAXED);
	for (unsigned i = 0; i < SLOTS; i++)
		model_plain_write(&world.payload[i], 0);
}

static void begin_lossless(void *s)
{
	(void)s;
	begin_with(0);
}

static void begin_lossy(void *s)
{
	(void)s;
	begin_with(MAAR_IPC_LOSSY);
}

/* ---- what they do ---- */

static unsigned slot_of(const void *payload)
{
	const uint32_t handle = maar_a_load(&maar__ipc_slot((void *)(uintptr_t)payload)->handle, RELAXED);

	model_assert(handle < SLOTS, "no slot");
	return handle;
}

static void send(unsigned who, uint64_t n, int64_t timeout)
{
	void *payload;
	int got;

	while ((got = maar_ipc_loan(&of[who], 8, &payload, timeout)) == 0)
		model_yield();
	model_assert(got == 1, "no loan: %d", got);
	model_plain_write(&world.payload[slot_of(payload)], n);
	got = maar_ipc_publish(&of[who], payload, 8, NULL, timeout);
	model_assert(got == 1, "not published: %d", got);
}

static void sends(void *s)
{
	(void)s;
	for (uint64_t n = 1; n <= SENT; n++)
		send(0, n, 0);
}

static void sends_asleep(void *s)
{
	(void)s;
	for (uint64_t n = 1; n <= SENT; n++)
		send(0, n, MAAR_FOREVER);
}

static void sends_two(void *s)
{
	(void)s;
	send(0, 7, 0);
	send(0, 7, 0);
}

static void sends_one(void *s)
{
	(void)s;
	send(2, 7, 0);
}

static void sends_two_more(void *s)
{
	(void)s;
	send(2, 7, 0);
	send(2, 7, 0);
}

/* The next message, and what it says: in one producer's hands its position and one. */
static uint64_t read_next(unsigned who, int64_t timeout)
{
	struct maar_ipc_message m;
	uint64_t n;
	int got;

	while ((got = maar_ipc_take(&of[who], &m, timeout)) == 0)
		model_yield();
	model_assert(got == 1, "not taken: %d", got);
	n = model_plain_read(&world.payload[slot_of(m.payload)]);
	model_assert(n == 7 || n == m.id.position + 1, "another message");
	model_assert(maar_ipc_release(&of[who], &m) == 0, "not released");
	return m.id.position;
}

static void reads_all(void *s)
{
	(void)s;
	for (uint64_t n = 0; n < SENT; n++)
		model_assert(read_next(1, 0) == n, "a lossless reader has missed one");
}

/* Of two producers, one of which may take out what the other has let go. */
static void reads_four(void *s)
{
	(void)s;
	for (uint64_t n = 0; n < 4; n++)
		model_assert(read_next(1, 0) == n, "a lossless reader has missed one");
}

/* Whom it held up is told. */
static void leaves(void *s)
{
	(void)s;
	maar__ipc_cast_leave(&of[1]);
}

static void reads_asleep(void *s)
{
	(void)s;
	for (uint64_t n = 0; n < SENT; n++)
		model_assert(read_next(1, MAAR_FOREVER) == n, "a lossless reader has missed one");
}

static void reads_lossy(void *s)
{
	uint64_t had = 0;

	(void)s;
	while (had + maar_ipc_missed(&of[1]) < SENT)
		had += read_next(1, 0) < SENT;
}

/* One that joins while the others are at it: all from its place on. */
static void joins(void *s)
{
	(void)s;
	of[2].roles = MAAR_IPC_CONSUMER;
	maar__ipc_cast_join(&of[2], MAAR_IPC_HISTORY);
	model_assert(of[2].reading.place <= SENT, "joined where nothing is");
	while (of[2].reading.place < SENT)
		(void)read_next(2, 0);
	maar__ipc_cast_leave(&of[2]);
}

/* It has nothing to read when it has joined, so its end of joining is all that a producer may be waiting for. */
static void joins_asleep(void *s)
{
	(void)s;
	of[2].roles = MAAR_IPC_CONSUMER;
	maar__ipc_cast_join(&of[2], 0);
	while (of[2].reading.place < SENT)
		(void)read_next(2, MAAR_FOREVER);
}

static void dies_reading(void *s)
{
	struct maar_ipc_message m;
	int got;

	(void)s;
	while ((got = maar_ipc_take(&of[1], &m, 0)) == 0)
		model_yield();
	model_assert(got == 1, "not taken: %d", got);
	(void)model_plain_read(&world.payload[slot_of(m.payload)]);
	maar_a_store(&world.alive[2], 0, SEQ_CST);
}

static void recovers(void *s)
{
	int got;

	(void)s;
	while ((got = maar_ipc_recover(&of[2])) == 0)
		model_yield();
	model_assert(got == 1, "not recovered: %d", got);
}

static void evicts(void *s)
{
	(void)s;
	model_assert(maar_ipc_evict(&of[2], maar__ipc_generation(of[1].state) << 32 | of[1].me) == 0, "not evicted");
}

/* What it has it may not look at, as that may change; and asleep it hears of it. */
static void reads_until_evicted(void *s)
{
	struct maar_ipc_message m;
	int got;

	(void)s;
	while ((got = maar_ipc_take(&of[1], &m, MAAR_FOREVER)) == 1)
		(void)maar_ipc_release(&of[1], &m);
	model_assert(got == -ECANCELED, "evicted, and not told: %d", got);
}

static void whole(void *s)
{
	(void)s;
	model_assert(maar_ipc_check(&of[0]) == 0, "not as it must be");
}

#define CAST(name_, begin_, n, ...)                                                                                    \
	{                                                                                                              \
		.name = "ipc, cast, " name_, .threads = n, .set_up = begin_, .thread = { __VA_ARGS__ },                \
		.finish = whole                                                                                        \
	}

const struct model_scenario scenarios_ipc_cast[] = {
	CAST("lossless", begin_lossless, 2, sends, reads_all),
	CAST("two producers", begin_lossless, 3, sends_two, sends_one, reads_all),
	CAST("two producers, one lets go", begin_lossless, 3, sends_two, sends_two_more, reads_four),
	CAST("joins", begin_lossless, 3, sends, reads_all, joins),
	CAST("asleep", begin_lossless, 2, sends_asleep, reads_asleep),
	CAST("asleep, the reader leaves", begin_lossless, 2, sends_asleep, leaves),
	CAST("asleep, somebody joins", begin_lossy, 2, sends_asleep, joins_asleep),
	CAST("lossy", begin_lossy, 2, sends, reads_lossy),
	CAST("lossy, two producers", begin_lossy, 3, sends_two, sends_one, reads_lossy),
	CAST("dead, lossless", begin_lossless, 3, sends, dies_reading, recovers),
	CAST("dead, lossy", begin_lossy, 3, sends, dies_reading, recovers),
	CAST("evicted", begin_lossless, 3, sends, reads_until_evicted, evicts),
};

const unsigned n_scenarios_ipc_cast = sizeof(scenarios_ipc_cast) / sizeof(scenarios_ipc_cast[0]);
