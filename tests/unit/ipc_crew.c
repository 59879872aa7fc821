/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * What the workers of a crew do, by the segment's kind, and how their messages are accounted for.
 */
#include "ipc_crew.h"

#include <maar/ipc_broadcast.h>

#include "../../src/ipc/ipc_priv.h"

#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

static void fault(struct crew_board *b, unsigned line, long answer)
{
	if (maar_a_add(&b->faults, 1, RELAXED) == 0)
		maar_a_store(&b->fault, (uint64_t)line << 32 | (uint32_t)answer, RELAXED);
}

/* ---- producers ---- */

/* A number that nobody has; false: there is none so far. */
static bool next_number(struct crew_board *b, uint64_t *n)
{
	if (maar_a_load(&b->next, RELAXED) >= maar_a_load(&b->quota, RELAXED))
		return false;
	*n = maar_a_add(&b->next, 1, RELAXED);
	return true;
}

static void produce(struct crew_board *b, struct maar_ipc *q, struct unit_rng *rng)
{
	while (!maar_a_load(&b->stop, RELAXED)) {
		uint64_t *payload, n;
		int rc;

		if (!next_number(b, &n)) {
			sched_yield();
			continue;
		}
		rc = maar_ipc_loan(q, 64, (void **)&payload, MAAR_FOREVER);
		if (rc != 1)
			return fault(b, __LINE__, rc);
		for (unsigned i = 0; i < 8; i++)
			payload[i] = n + i;
		if (unit_random_below(rng, 64) == 0) { /* changed its mind */
			rc = maar_ipc_discard(q, payload);
			if (rc)
				return fault(b, __LINE__, rc);
			maar_a_store(&b->sent[n], CREW_DISCARDED, RELAXED);
			continue;
		}
		rc = maar_ipc_publish(q, payload, 64, NULL, MAAR_FOREVER);
		if (rc != 1)
			return fault(b, __LINE__, rc);
		maar_a_store(&b->sent[n], 1, RELAXED);
	}
}

/* ---- consumers ---- */

/* Whether the message is whole, and its number. */
static bool is_whole(struct crew_board *b, const struct maar_ipc_message *m, uint64_t *n)
{
	const uint64_t *payload = m->payload;

	*n = payload[0];
	for (unsigned i = 0; i < 8; i++)
		if (*n < CREW_NUMBERS && payload[i] == *n + i && m->bytes == 64)
			continue;
		else
			return fault(b, __LINE__, (long)i), false;
	return true;
}

static void record(struct crew_board *b, const struct maar_ipc_message *m, uint64_t *last)
{
	uint64_t n;

	if (!is_whole(b, m, &n))
		return;
	if (last && !(m->flags & MAAR_IPC_REDELIVERED)) { /* one producer at a time, and one consumer: numbers grow */
		if (n < *last)
			return fault(b, __LINE__, (long)(*last - n));
		*last = n + 1;
	}
	(void)maar_a_add(m->flags & MAAR_IPC_REDELIVERED ? &b->flagged[n] : &b->plain[n], 1, RELAXED);
	(void)maar_a_add(&b->taken, 1, RELAXED);
}

static void consume(struct crew_board *b, struct maar_ipc *q, struct unit_rng *rng, bool in_order)
{
	struct maar_ipc_message m[4];
	uint64_t last = 0;

	while (maar_a_load(&b->stop, RELAXED) < 2) {
		const ssize_t n = maar_ipc_take_burst(q, m, 1 + unit_random_below(rng, 4), CREW_SLICE);
		int rc;

		if (n < 0)
			return fault(b, __LINE__, (long)n);
		for (ssize_t i = 0; i < n; i++)
			record(b, &m[i], in_order ? &last : NULL);
		rc = n > 0 ? maar_ipc_release_burst(q, m, (size_t)n) : 0;
		if (rc)
			return fault(b, __LINE__, rc);
	}
}

/* Whether a reader's message is the one after those that it has had and those that it is told it has missed. */
static bool follows(const struct maar_ipc_message *m, uint64_t next)
{
	return m->id.position == next + m->missed;
}

/* A broadcast's: each message from its first on, or it says how many it has missed. */
static void read_all(struct crew_board *b, struct maar_ipc *q, bool records)
{
	struct maar_ipc_message m;
	bool began = false;
	uint64_t next = 0;

	for (;;) {
		const bool last = maar_a_load(&b->stop, RELAXED) == 2;
		const int got = maar_ipc_take(q, &m, last ? 0 : CREW_SLICE);
		uint64_t n;
		int rc;

		if (got == 0 && last)
			return;
		if (got == 0)
			continue;
		if (got < 0)
			return fault(b, __LINE__, got);
		if (began && !follows(&m, next))
			return fault(b, __LINE__, (long)(m.id.position - next));
		if (m.flags)
			return fault(b, __LINE__, m.flags);
		began = true;
		next = m.id.position + 1;
		if (records)
			record(b, &m, NULL);
		else if (!is_whole(b, &m, &n))
			return;
		rc = maar_ipc_release(q, &m);
		if (rc)
			return fault(b, __LINE__, rc);
	}
}

/* ---- workers ---- */

bool crew_is_recorder(const struct crew *c, unsigned which)
{
	return c->kind.kind == MAAR_IPC_BROADCAST && which == c->kind.producers;
}

static bool is_lossy(const struct crew *c, unsigned which)
{
	return c->kind.kind == MAAR_IPC_BROADCAST && which >= c->kind.producers && (which - c->kind.producers) % 2;
}

bool crew_is_lossless(const struct crew *c, unsigned which)
{
	return c->kind.kind == MAAR_IPC_BROADCAST && which >= c->kind.producers && !is_lossy(c, which);
}

bool crew_goes_on_without(const struct crew *c, unsigned which)
{
	if (c->kind.kind == MAAR_IPC_BROADCAST && which >= c->kind.producers)
		return is_lossy(c, which);
	return c->kind.producers > 1 && (c->kind.consumers > 1 || c->kind.kind == MAAR_IPC_BROADCAST);
}

/* Of a queue each may do all, and so have what the other side has. */
static uint32_t roles_of(const struct crew *c, unsigned which)
{
	if (c->kind.kind == MAAR_IPC_QUEUE)
		return MAAR_IPC_PRODUCER | MAAR_IPC_CONSUMER;
	return which < c->kind.producers ? MAAR_IPC_PRODUCER : MAAR_IPC_CONSUMER;
}

static void work(const struct crew *c, unsigned which, uint64_t stream)
{
	struct maar_ipc_who who = { .roles = roles_of(c, which), .slice_ns = CREW_SLICE };
	struct unit_rng rng = unit_rng(stream);
	struct maar_ipc *q;

	if (is_lossy(c, which))
		who.reading = MAAR_IPC_LOSSY | (stream % 2 ? MAAR_IPC_HISTORY : 0);
	/* All numbers may be with the dead, and those in the hands of another who attaches. */
	while (!(q = maar_ipc_attach(c->memory, c->bytes, &who, NULL)) && errno == EUSERS)
		sched_yield();
	if (q && crew_is_recorder(c, which))
		maar_a_store(&c->board->records, 1, RELEASE);
	if (!q)
		fault(c->board, __LINE__, errno);
	else if (which < c->kind.producers)
		produce(c->board, q, &rng);
	else if (c->kind.kind == MAAR_IPC_BROADCAST)
		read_all(c->board, q, crew_is_recorder(c, which));
	else
		consume(c->board, q, &rng, c->kind.kind == MAAR_IPC_PAIR);
	_exit(q ? maar_ipc_detach(q) : 1);
}

void crew_start(struct crew *c, unsigned which)
{
	static uint64_t stream = 100;

	stream++;
	c->pids[which] = fork();
	unit_must(c->pids[which] >= 0);
	if (c->pids[which] == 0)
		work(c, which, stream);
}

void crew_must_go_on(struct crew *c, uint64_t more)
{
	const uint64_t before = maar_a_load(&c->board->taken, RELAXED);
	const struct timespec nap = { .tv_nsec = 20000 };

	maar_a_add(&c->board->quota, CREW_QUOTA, RELAXED);
	while (maar_a_load(&c->board->taken, RELAXED) < before + more) {
		/* A worker that has found a fault has left, and perhaps nobody goes on. */
		ck_assert_msg(maar_a_load(&c->board->faults, RELAXED) == 0, "a wrong answer (line and answer %#llx)",
			      (unsigned long long)maar_a_load(&c->board->fault, RELAXED));
		(void)nanosleep(&nap, NULL);
	}
}

void crew_stop(struct crew *c, unsigned which)
{
	int status;

	unit_eq(kill(c->pids[which], SIGSTOP), 0);
	unit_eq(waitpid(c->pids[which], &status, WUNTRACED), c->pids[which]);
	unit_must(WIFSTOPPED(status));
}

void crew_continue(struct crew *c, unsigned which)
{
	unit_eq(kill(c->pids[which], SIGCONT), 0);
}

void crew_kill(struct crew *c, unsigned which)
{
	int status;

	unit_eq(kill(c->pids[which], SIGKILL), 0);
	unit_eq(waitpid(c->pids[which], &status, 0), c->pids[which]);
	unit_must(WIFSIGNALED(status));
}

/* ---- the whole ---- */

static void start_recorder(struct crew *c, unsigned which)
{
	crew_start(c, which);
	while (!maar_a_load(&c->board->records, ACQUIRE)) {
		ck_assert_msg(maar_a_load(&c->board->faults, RELAXED) == 0, "the recorder did not attach");
		sched_yield();
	}
}

void crew_begin(struct crew *c, struct crew_kind kind, unsigned events)
{
	const struct maar_ipc_options o = { .classes = { { .bytes = 64,
							   .slots = kind.kind == MAAR_IPC_PAIR ? 64 : CREW_SLOTS } },
					    .n_classes = 1,
					    .participants = kind.kind == MAAR_IPC_PAIR ? 0 : 24,
					    .kind = kind.kind };
	const struct maar_ipc_who who = { .slice_ns = CREW_SLICE };

	ck_assert_msg((events + 1) * 3 * (uint64_t)CREW_QUOTA + CREW_MOST < CREW_NUMBERS,
		      "MAAR_KILLS is too much: in rounds, then");
	c->kind = kind;
	c->workers = kind.producers + kind.consumers;
	c->board = ipc_memory(sizeof(*c->board));
	c->bytes = (size_t)maar_ipc_bytes(&o);
	c->memory = ipc_memory(c->bytes);
	unit_eq(maar_ipc_init(c->memory, c->bytes, &o), 0);
	c->ipc = maar_ipc_attach(c->memory, c->bytes, &who, NULL);
	unit_must(c->ipc != NULL);
	maar_a_store(&c->board->quota, CREW_QUOTA, RELAXED);
	for (unsigned i = c->workers; i-- > 0;) /* consumers first */
		if (crew_is_recorder(c, i))
			start_recorder(c, i);
		else
			crew_start(c, i);
}

/* NULL, or what is wrong. Of a broadcast, messages stay as history. */
static const char *account(const struct crew *c)
{
	const struct crew_board *b = c->board;
	struct maar_ipc_stats s;

	if (b->faults)
		return "a wrong answer";
	unit_eq(maar_ipc_stats(c->ipc, &s), 0);
	if (s.free + (c->kind.kind == MAAR_IPC_BROADCAST ? s.queued : 0) != s.slots)
		return "a slot is not back";
	if (maar_ipc_check(c->ipc))
		return "a slot is not where its word says";
	for (uint64_t n = 0; n < CREW_NUMBERS && n < b->next; n++) {
		if (b->plain[n] > 1)
			return "a message came twice without a flag";
		if (b->sent[n] == 1 && !b->plain[n] && !b->flagged[n])
			return "a message is lost";
		if (b->sent[n] == CREW_DISCARDED && (b->plain[n] || b->flagged[n]))
			return "a message that was not sent has come";
	}
	return NULL;
}

static void controls(const struct crew *c)
{
	const struct maar_ipc_who who = { .roles = MAAR_IPC_PRODUCER };
	struct maar_ipc *q = maar_ipc_attach(c->memory, c->bytes, &who, NULL);
	const struct maar_ipc_message gap = { .id = { .position = 8 }, .missed = 2 };
	struct crew_board *b = c->board;
	uint64_t n = 0;
	void *payload;

	unit_must(q != NULL);
	unit_must(follows(&gap, 6) && !follows(&gap, 5) && !follows(&gap, 7));
	while (b->sent[n] != 1 || b->plain[n] != 1) {
		n++;
		unit_must(n < b->next);
	}
	b->plain[n] = 2;
	unit_must(account(c) != NULL);
	b->plain[n] = 0;
	unit_must(account(c) != NULL || b->flagged[n]);
	b->plain[n] = 1;
	b->sent[n] = CREW_DISCARDED;
	unit_must(account(c) != NULL);
	b->sent[n] = 1;
	unit_eq(maar_ipc_loan(q, 64, &payload, 0), 1);
	unit_must(account(c) != NULL);
	unit_eq(maar_ipc_discard(q, payload), 0);
	unit_must(account(c) == NULL);
	unit_eq(maar_ipc_detach(q), 0);
}

static void wait_for(const struct crew *c, unsigned from, unsigned to)
{
	int status;

	for (unsigned i = from; i < to; i++) {
		unit_eq(waitpid(c->pids[i], &status, 0), c->pids[i]);
		ck_assert_msg(status == 0, "a worker ended with %d (line and answer %#llx)", status,
			      (unsigned long long)c->board->fault);
	}
}

/* What no consumer has taken; of a broadcast, its recorder has. */
static void drain_rest(struct crew *c)
{
	const struct maar_ipc_who who = { .roles = MAAR_IPC_CONSUMER };
	struct maar_ipc *q;
	struct maar_ipc_message m;

	if (c->kind.kind == MAAR_IPC_BROADCAST)
		return;
	q = maar_ipc_attach(c->memory, c->bytes, &who, NULL);
	unit_must(q != NULL);
	while (maar_ipc_take(q, &m, 0) == 1) {
		record(c->board, &m, NULL);
		unit_eq(maar_ipc_release(q, &m), 0);
	}
	unit_eq(maar_ipc_detach(q), 0);
}

const char *crew_end(struct crew *c, struct maar_ipc_stats *stats)
{
	const char *wrong;

	maar_a_store(&c->board->stop, 1, RELAXED);
	wait_for(c, 0, c->kind.producers);
	unit_must(maar_ipc_recover(c->ipc) >= 0); /* a publish that was killed is done now, or undone */
	maar_a_store(&c->board->stop, 2, RELAXED);
	wait_for(c, c->kind.producers, c->workers);
	unit_must(maar_ipc_recover(c->ipc) >= 0);
	drain_rest(c);
	wrong = account(c);
	if (wrong)
		return wrong;
	unit_eq(maar_ipc_stats(c->ipc, stats), 0);
	controls(c);
	return NULL;
}

void crew_free(struct crew *c)
{
	unit_eq(maar_ipc_detach(c->ipc), 0);
	munmap(c->memory, c->bytes);
	munmap(c->board, sizeof(*c->board));
}
