/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * A broadcast between processes: a producer, a lossless reader, a lossy one, killed at each instruction of their calls, from
 * each number of messages that a survivor has yet to read, as ipc_calls.c does it for queues. Of the survivors, a lossless
 * one must have had all once and in order, and a lossy one what it had and what it was told it missed, which is all.
 */
#ifdef __x86_64__

#include "ipc_victim.h"

#include "../../src/ipc/ipc_priv.h"

#define SLOTS	8
#define MOST	512 /* numbers of messages */
#define VICTIMS (MOST - 1)
#define KEY	9
#define STRIDE	7 /* as in ipc_calls.c */

enum { PRODUCER, LOSSLESS, LOSSY, PEOPLE };

enum call { SEND, JOURNALED, LOAN_PUBLISH, RECEIVE, TAKE_RELEASE, LOSSY_RECEIVE, LOSSY_TAKE_RELEASE, CALLS };
static const char *const names[] = { "send",	      "send, journaled", "loan, publish",	"receive",
				     "take, release", "lossy, receive",	 "lossy, take, release" };

#define CAST                                                                                                           \
	.classes = { { .bytes = 8, .slots = SLOTS } }, .n_classes = 1, .participants = 5, .kind = MAAR_IPC_BROADCAST
static const struct maar_ipc_options forms[] = { { CAST }, { CAST, .depth = { 5 } } };

unsigned ipc_casts(void)
{
	return CALLS * (unsigned)COUNT_OF(forms);
}

const char *ipc_cast_name(unsigned which)
{
	static char name[128];

	snprintf(name, sizeof(name), "broadcast: %s (depth %s)", names[which % CALLS],
		 which / CALLS ? "below the slots" : "as the slots");
	return name;
}

static unsigned char *memory, *saved;
static size_t bytes;
static struct maar_ipc *of[PEOPLE], saved_of[PEOPLE];

/* ---- the ledger ---- */

struct ledger {
	bool sent[MOST];
	unsigned char had[MOST]; /* by the lossless survivor */
	uint64_t next, place, lossy_place, lossy_had;
	const char *wrong; /* the first */
};
static struct ledger ledger, saved_ledger;

static void wrong(const char *what)
{
	if (!ledger.wrong)
		ledger.wrong = what;
}

static void send_one(bool must)
{
	const uint64_t n = ledger.next++;
	const int rc = maar_ipc_send(of[PRODUCER], &n, sizeof(n), NULL, 0);

	unit_must(n < VICTIMS);
	ledger.sent[n] = rc == 1;
	if (rc < 0 || (must && rc != 1))
		wrong(rc ? "a survivor's send fails" : "a survivor finds no room");
}

static void had(unsigned who, const struct maar_ipc_message *m)
{
	uint64_t *const place = who == LOSSY ? &ledger.lossy_place : &ledger.place;
	uint64_t n;

	memcpy(&n, m->payload, sizeof(n));
	if (m->bytes != sizeof(n) || m->flags || (n >= ledger.next && n != VICTIMS))
		return wrong("a message is not what was sent");
	if (m->id.position != *place + m->missed || (who == LOSSLESS && m->missed))
		wrong("messages are out of order, or missed untold");
	*place = m->id.position + 1;
	if (who == LOSSLESS)
		ledger.had[n]++;
	else
		ledger.lossy_had++;
}

static void read_all(unsigned who)
{
	struct maar_ipc_message m;
	int rc;

	while ((rc = maar_ipc_take(of[who], &m, 0)) == 1) {
		had(who, &m);
		if (maar_ipc_release(of[who], &m))
			wrong("a survivor's release fails");
	}
	if (rc)
		wrong("a survivor's take fails");
}

/* Round the log. A lossless victim may hold it, and nobody else. */
static void go_on(bool must)
{
	const uint64_t cells = of[PRODUCER]->rings[0].ring.mask + 1;

	for (uint64_t i = 0; i <= cells && !ledger.wrong; i++) {
		read_all(LOSSLESS);
		if (i % 5 == 0)
			read_all(LOSSY);
		send_one(must);
	}
	read_all(LOSSLESS);
	read_all(LOSSY);
}

/* ---- the victim's side ---- */

static struct maar_ipc *victims;
static const uint64_t victims_number = VICTIMS;
static bool has_history; /* there is something for a reader to read */

static bool is_reader(int call)
{
	return call >= RECEIVE;
}

static bool may_hold(int call)
{
	return call == RECEIVE || call == TAKE_RELEASE;
}

static bool attach_victim(int call)
{
	const struct maar_ipc_who producer = { .roles = MAAR_IPC_PRODUCER, .key = KEY };
	const struct maar_ipc_who reader = { .roles = MAAR_IPC_CONSUMER,
					     .reading = (may_hold(call) ? 0u : (uint32_t)MAAR_IPC_LOSSY) |
							(has_history ? (uint32_t)MAAR_IPC_HISTORY : 0) };

	victims = maar_ipc_attach(memory, bytes, is_reader(call) ? &reader : &producer, NULL);
	if (victims)
		victims->slice = MAAR_FOREVER;
	return victims != NULL;
}

static void make_call(int call)
{
	const struct maar_ipc_tags tags = { .sequence = VICTIMS, .journal = call == JOURNALED };
	struct maar_ipc_message m;
	uint64_t *payload;
	int rc;

	switch ((enum call)call) {
	case LOAN_PUBLISH:
		rc = maar_ipc_loan(victims, sizeof(*payload), (void **)&payload, 0);
		if (rc == 1) {
			*payload = VICTIMS;
			rc = maar_ipc_publish(victims, payload, sizeof(*payload), &tags, 0);
		}
		break;
	case RECEIVE:
	case LOSSY_RECEIVE:
		rc = maar_ipc_receive(victims, ipc_board->data, sizeof(ipc_board->data), NULL, 0);
		ipc_board->had = ipc_board->data[0];
		break;
	case TAKE_RELEASE:
	case LOSSY_TAKE_RELEASE:
		rc = maar_ipc_take(victims, &m, 0);
		if (rc == 1) {
			memcpy(&ipc_board->had, m.payload, sizeof(ipc_board->had));
			__atomic_signal_fence(__ATOMIC_SEQ_CST);
			rc = maar_ipc_release(victims, &m) ? -1 : 1;
		}
		break;
	default:
		rc = maar_ipc_send(victims, &victims_number, sizeof(victims_number), &tags, 0);
	}
	ipc_board->result = rc;
}

/* ---- a state ---- */

static void set_up(const struct maar_ipc_options *o, unsigned queued)
{
	static const struct maar_ipc_who who[PEOPLE] = {
		[PRODUCER] = { .roles = MAAR_IPC_PRODUCER },
		[LOSSLESS] = { .roles = MAAR_IPC_CONSUMER },
		[LOSSY] = { .roles = MAAR_IPC_CONSUMER, .reading = MAAR_IPC_LOSSY },
	};

	bytes = (size_t)maar_ipc_bytes(o);
	unit_must(bytes);
	memory = ipc_memory(bytes);
	saved = malloc(bytes);
	unit_must(saved != NULL);
	unit_eq(maar_ipc_init(memory, bytes, o), 0);
	memset(&ledger, 0, sizeof(ledger));
	for (unsigned i = 0; i < PEOPLE; i++) {
		of[i] = maar_ipc_attach(memory, bytes, &who[i], NULL);
		unit_must(of[i] != NULL);
		of[i]->slice = MAAR_FOREVER; /* nobody looks for the dead by itself */
	}
	for (unsigned i = 0; i < 3 * SLOTS + 3; i++) { /* off the first round */
		send_one(true);
		read_all(LOSSLESS);
		read_all(LOSSY);
	}
	for (unsigned i = 0; i < queued; i++)
		send_one(true);
	has_history = queued != 0;
	unit_must(!ledger.wrong);
	memcpy(saved, memory, bytes);
	for (unsigned i = 0; i < PEOPLE; i++)
		saved_of[i] = *of[i];
	saved_ledger = ledger;
}

static void tear_down(void)
{
	munmap(memory, bytes);
	free(saved);
}

static void restore(void)
{
	memcpy(memory, saved, bytes);
	for (unsigned i = 0; i < PEOPLE; i++)
		*of[i] = saved_of[i];
	ledger = saved_ledger;
}

/* ---- judgement ---- */

static void judge_journal(bool ended)
{
	const struct maar_ipc_who who = { .key = KEY };
	struct maar_ipc *next = maar_ipc_attach(memory, bytes, &who, NULL);
	struct maar_ipc_past past;
	bool told;

	if (!next)
		return wrong("no successor");
	told = maar_ipc_past(next, &past) == 0 && past.sequence == VICTIMS;
	if (told ? past.delivered != ledger.had[VICTIMS] : ledger.had[VICTIMS])
		wrong("the journal is wrong");
	if (ended && ipc_board->result == 1 && !told)
		wrong("the journal has forgotten");
	if (maar_ipc_detach(next))
		wrong("a successor's detach fails");
}

static void judge_call(enum call call, bool ended)
{
	if (ipc_board->had != IPC_NOTHING && ipc_board->had >= VICTIMS)
		wrong("the victim had what was not sent");
	if (!ended)
		return;
	if (ipc_board->result < 0)
		wrong("the call fails");
	if (is_reader((int)call) ? (ipc_board->had != IPC_NOTHING) != (ipc_board->result == 1)
				 : ledger.had[VICTIMS] != (ipc_board->result == 1))
		wrong("the call's answer is wrong");
}

/* The victim is dead, and recovered. */
static const char *judge(enum call call, bool ended)
{
	struct maar_ipc_stats s;

	go_on(true);
	if (maar_ipc_stats(of[PRODUCER], &s) || s.free + s.queued != SLOTS || s.slots != SLOTS)
		wrong("a slot is not back");
	if (s.participants != PEOPLE || s.dead || maar_ipc_readers(of[PRODUCER], NULL, 0) != 2)
		wrong("a number is not free");
	if (maar_ipc_check(of[PRODUCER]))
		wrong("a slot is not where its word says, or a place is wrong");
	if (ledger.place != s.published[0] || ledger.lossy_had + maar_ipc_missed(of[LOSSY]) != s.published[0])
		wrong("what a survivor had, and missed, is not all");
	for (uint64_t n = 0; n < MOST; n++)
		if (ledger.had[n] > 1 || (ledger.sent[n] && !ledger.had[n]))
			wrong(ledger.had[n] ? "a message came twice" : "a message is lost");
	judge_call(call, ended);
	if (call == JOURNALED)
		judge_journal(ended);
	return ledger.wrong;
}

/* ---- points ---- */

static void start(enum call call)
{
	restore();
	ipc_victim_start(IPC_SHARES_ALL, attach_victim, make_call, (int)call);
}

/* What its process has, and would be gone with it, were it not in this one's memory. */
static void kill_victim(void)
{
	ipc_victim_kill();
	unit_eq(munmap(victims, (sizeof(*victims) + 4095) & ~(size_t)4095), 0);
}

/* How many instructions it has, from here. */
static unsigned record(enum call call)
{
	unsigned n;

	start(call);
	n = ipc_victim_record(NULL);
	kill_victim();
	return n;
}

enum way { AT_ONCE, AFTER_A_CYCLE, GOES_ON, WAYS };

/* At point k, in one of three ways; false: the call ended before. */
static bool one(enum call call, unsigned k, enum way way, struct ipc_swept *swept)
{
	const bool must = !may_hold((int)call);
	bool ended;

	start(call);
	ended = !ipc_victim_go(k);
	swept->kills++;
	if (way != AT_ONCE) {
		swept->pairs++;
		go_on(must);
		if (maar_ipc_recover(of[PRODUCER]) != 0)
			wrong("one that is stopped is taken for dead");
	}
	if (way == GOES_ON) {
		swept->finished++;
		ipc_victim_finish();
	}
	kill_victim();
	if (way != AFTER_A_CYCLE)
		go_on(must);
	if (maar_ipc_recover(of[PRODUCER]) != 1)
		wrong("one that is dead is not found");
	(void)judge(call, ended || way == GOES_ON);
	return !ended;
}

static void sweep(enum call call, unsigned queued, unsigned from, unsigned stride, struct ipc_swept *swept)
{
	const bool all = ipc_kill_all();
	const unsigned points = record(call);
	unsigned k;

	swept->instructions += points;
	for (k = from; k <= points; k += stride)
		for (enum way way = 0; way < WAYS; way++) {
			if (all ? way == GOES_ON && k % 3 : way != (k / stride + queued) % WAYS)
				continue;
			unit_eq(one(call, k, way, swept), k < points);
			if (ledger.wrong)
				ck_abort_msg("broadcast, %s with %u not read, at instruction %u, %s: %s", names[call],
					     queued, k,
					     way == AT_ONCE   ? "killed"
					     : way == GOES_ON ? "stopped, and let go on"
							      : "stopped, then killed",
					     ledger.wrong);
		}
}

void ipc_sweep_casts(unsigned which, struct ipc_swept *swept)
{
	const struct maar_ipc_options *const o = &forms[which / CALLS];
	const unsigned most = o->depth[0] ? o->depth[0] : SLOTS;
	const unsigned levels[] = { 0, 1, most / 2, most - 1, most };
	const enum call call = (enum call)(which % CALLS);
	const unsigned stride = ipc_kill_all() ? 1 : STRIDE;

	for (unsigned i = 0; i < COUNT_OF(levels); i++) {
		set_up(o, levels[i]);
		sweep(call, levels[i], (which + i) % stride, stride, swept);
		tear_down();
	}
}

/* ---- controls ---- */

/* The victim's entry is freed, and what it had is not put right. */
static unsigned found(enum call call)
{
	const unsigned points = record(call);
	unsigned n = 0, k;

	for (k = 0; k <= points; k += 3) {
		bool ended;

		start(call);
		ended = !ipc_victim_go(k);
		kill_victim();
		maar__ipc_entry(of[0], PEOPLE + 1)->state = 0;
		n += judge(call, ended) != NULL;
	}
	return n;
}

void ipc_cast_controls(void)
{
	struct ipc_swept swept = { 0 };

	set_up(&forms[0], SLOTS / 2);
	unit_must(found(LOAN_PUBLISH) > 3);
	unit_must(found(TAKE_RELEASE) > 3); /* its gate stays */
	/* The account sees what is planted. */
	(void)record(SEND);
	unit_must(one(SEND, 10, AT_ONCE, &swept) && !ledger.wrong);
	ledger.sent[VICTIMS - 1] = true;
	unit_must(judge(SEND, false) != NULL);
	unit_must(one(SEND, 10, AT_ONCE, &swept) && !ledger.wrong);
	ledger.had[1]++;
	unit_must(judge(SEND, false) != NULL);
	unit_must(one(SEND, 10, AT_ONCE, &swept) && !ledger.wrong);
	ledger.lossy_had++;
	unit_must(judge(SEND, false) != NULL);
	/* A survivor that holds nobody any more is overtaken, and the account sees it. */
	restore();
	maar__ipc_entry(of[0], of[LOSSLESS]->me)->gate = 0;
	go_on(false);
	unit_must(ledger.wrong != NULL);
	tear_down();
}

#else

/* A file of nothing is no C. */
typedef int ipc_without_casts;

#endif
