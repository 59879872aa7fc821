/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The calls that messages go by: a participant is killed at each instruction of each, from each number of messages. At
 * one point of three at once; at one after the others, who see that it lives, have gone round the rings; and at one it
 * is let go on after that. Then a survivor recovers, and all is counted.
 */
#ifdef __x86_64__

#include "ipc_victim.h"

#include "../../src/ipc/ipc_priv.h"

#define SLOTS	    8
#define MOST	    512 /* numbers of messages */
#define VICTIMS	    (MOST - 1)
#define KEY	    9
#define MOST_PEOPLE 3
#define STRIDE	    7 /* one point of so many in make check; prime, so that no pattern of the code hides behind it */

enum call { SEND, JOURNALED, LOAN_PUBLISH, RECEIVE, TAKE_RELEASE, CALLS };
static const char *const names[] = { "send", "send, journaled", "loan, publish", "receive", "take, release" };

static const struct form {
	const char *name;
	unsigned people; /* beside the victim */
	bool starved;	 /* somebody has all free slots */
	struct maar_ipc_options options;
} forms[] = {
	{ "one class, one priority, a producer and a consumer",
	  1,
	  false,
	  { .classes = { { .bytes = 8, .slots = SLOTS } }, .n_classes = 1, .participants = 4 } },
	{ "two classes, two priorities, four participants that produce and consume",
	  3,
	  false,
	  { .classes = { { .bytes = 8, .slots = SLOTS / 2 }, { .bytes = 16, .slots = SLOTS / 2 } },
	    .n_classes = 2,
	    .priorities = 2,
	    .depth = { 6, 0 },
	    .participants = 6 } },
	{ "no slot is free",
	  2,
	  true,
	  { .classes = { { .bytes = 8, .slots = SLOTS } }, .n_classes = 1, .participants = 4 } },
};

unsigned ipc_calls(void)
{
	return CALLS * (unsigned)COUNT_OF(forms);
}

const char *ipc_call_name(unsigned which)
{
	static char name[128];

	snprintf(name, sizeof(name), "%s (%s)", names[which % CALLS], forms[which / CALLS].name);
	return name;
}

static const struct form *form;
static unsigned char *memory, *saved;
static size_t bytes;
static struct maar_ipc *of[MOST_PEOPLE], saved_of[MOST_PEOPLE];

/* ---- the ledger ---- */

struct ledger {
	bool sent[MOST];	   /* publish said so */
	unsigned char plain[MOST]; /* had without a flag, by the survivors */
	unsigned char flagged[MOST];
	uint64_t next;	    /* number */
	uint64_t order[2];  /* by priority: the next that may come, of the survivors' */
	void *loans[SLOTS]; /* of the last of the people, where it is starved */
	unsigned n_loans;
	const char *wrong; /* the first */
};
static struct ledger ledger, saved_ledger;

static void wrong(const char *what)
{
	if (!ledger.wrong)
		ledger.wrong = what;
}

static void send_one(unsigned who, uint32_t priority, bool must)
{
	const uint64_t n = ledger.next++;
	const struct maar_ipc_tags tags = { .sequence = n, .priority = priority };
	const int rc = maar_ipc_send(of[who], &n, sizeof(n), &tags, 0);

	unit_must(n < VICTIMS);
	ledger.sent[n] = rc == 1;
	if (rc < 0 || (must && rc != 1))
		wrong(rc ? "a survivor's send fails" : "a survivor finds no slot");
}

static void had(const struct maar_ipc_message *m)
{
	uint64_t n;

	memcpy(&n, m->payload, sizeof(n));
	if (m->bytes != sizeof(n) || m->sequence != n || (n >= ledger.next && n != VICTIMS)) {
		wrong("a message is not what was sent");
		return;
	}
	if (m->flags)
		ledger.flagged[n]++;
	else
		ledger.plain[n]++;
	if (m->flags || n == VICTIMS)
		return;
	if (n < ledger.order[m->priority])
		wrong("messages are out of order");
	ledger.order[m->priority] = n + 1;
}

static void take_all(unsigned who)
{
	struct maar_ipc_message m;
	int rc;

	while ((rc = maar_ipc_take(of[who], &m, 0)) == 1) {
		had(&m);
		if (maar_ipc_release(of[who], &m))
			wrong("a survivor's release fails");
	}
	if (rc)
		wrong("a survivor's take fails");
}

/* Round the rings. The victim has a slot at most. */
static void go_on(void)
{
	const uint64_t cells = of[0]->rings[0].ring.mask + 1;
	const bool must = ledger.n_loans + 1 < SLOTS;

	for (uint64_t i = 0; i <= cells && !ledger.wrong; i++) {
		take_all((unsigned)i % form->people);
		send_one((unsigned)(i + 1) % form->people, 0, must);
		if (form->options.priorities > 1)
			send_one(0, 1, must);
	}
	take_all(0);
}

/* ---- the victim's side ---- */

static struct maar_ipc *victims;
static const uint64_t victims_number = VICTIMS;

static bool attach_victim(int call)
{
	(void)call;
	victims = maar_ipc_attach(memory, bytes, &(struct maar_ipc_who){ .roles = 3, .key = KEY }, NULL);
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
		rc = maar_ipc_receive(victims, ipc_board->data, sizeof(ipc_board->data), NULL, 0);
		break;
	case TAKE_RELEASE:
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

static bool consumes(enum call call)
{
	return call == RECEIVE || call == TAKE_RELEASE;
}

/* ---- a state ---- */

static void set_up(const struct form *f)
{
	form = f;
	bytes = (size_t)maar_ipc_bytes(&f->options);
	unit_must(bytes);
	memory = ipc_memory(bytes);
	saved = malloc(bytes);
	unit_must(saved != NULL);
	unit_eq(maar_ipc_init(memory, bytes, &f->options), 0);
	for (unsigned i = 0; i < f->people; i++) {
		of[i] = maar_ipc_attach(memory, bytes, NULL, NULL);
		unit_must(of[i] != NULL);
	}
	memset(&ledger, 0, sizeof(ledger));
	/* Off the first round, so that a cell has another's handle, and of several priorities. */
	for (unsigned i = 0; i < 3 * SLOTS + 3; i++) {
		send_one(i % f->people, i % 3 == 2 && f->options.priorities > 1, true);
		if (i % 2)
			take_all(i / 2 % f->people);
	}
	take_all(0);
}

static void tear_down(void)
{
	munmap(memory, bytes);
	free(saved);
}

/* So many queued: the first state, kept. Whose words they have differs, and where there are priorities so do these. */
static void fill(unsigned queued)
{
	for (unsigned i = 0; i < queued; i++)
		send_one(i % form->people, i >= 6 && form->options.priorities > 1, true);
	while (form->starved && maar_ipc_loan(of[form->people - 1], 8, &ledger.loans[ledger.n_loans], 0) == 1)
		ledger.n_loans++;
	unit_must(!ledger.wrong);
	memcpy(saved, memory, bytes);
	for (unsigned i = 0; i < form->people; i++)
		saved_of[i] = *of[i];
	saved_ledger = ledger;
}

static void restore(void)
{
	memcpy(memory, saved, bytes);
	for (unsigned i = 0; i < form->people; i++)
		*of[i] = saved_of[i];
	ledger = saved_ledger;
}

static void empty(void)
{
	restore();
	take_all(0);
	while (ledger.n_loans)
		unit_eq(maar_ipc_discard(of[form->people - 1], ledger.loans[--ledger.n_loans]), 0);
	unit_must(!ledger.wrong);
}

/* ---- judgement ---- */

static void judge_journal(bool ended)
{
	const struct maar_ipc_who who = { .key = KEY };
	struct maar_ipc *next = maar_ipc_attach(memory, bytes, &who, NULL);
	const bool came = ledger.plain[VICTIMS] + ledger.flagged[VICTIMS] != 0;
	struct maar_ipc_past past;
	bool told;

	if (!next) {
		wrong("no successor");
		return;
	}
	told = maar_ipc_past(next, &past) == 0 && past.sequence == VICTIMS;
	if (told ? past.delivered != came : came)
		wrong("the journal is wrong");
	if (ended && ipc_board->result == 1 && !told)
		wrong("the journal has forgotten");
	if (maar_ipc_detach(next))
		wrong("a successor's detach fails");
}

static void judge_messages(enum call call, bool ended)
{
	const uint64_t victim_had = call == RECEIVE ? ipc_board->data[0] : ipc_board->had;
	unsigned flagged = 0;

	for (uint64_t n = 0; n < MOST; n++) {
		if (ledger.plain[n] > 1 || (ledger.plain[n] && victim_had == n))
			wrong("a message came twice without a flag");
		if (ledger.sent[n] && !ledger.plain[n] && !ledger.flagged[n] && victim_had != n)
			wrong("a message is lost");
		flagged += ledger.flagged[n];
	}
	if (flagged > (consumes(call) && !ended))
		wrong("a message is flagged that nobody had");
	if (ended && !consumes(call) && ledger.plain[VICTIMS] != (ipc_board->result == 1))
		wrong("the call's answer is wrong");
	if (ended && consumes(call) && (victim_had != IPC_NOTHING) != (ipc_board->result == 1))
		wrong("the call's answer is wrong");
	if (ended && ipc_board->result < 0)
		wrong("the call fails");
}

/* The victim is dead, and recovered. */
static const char *judge(enum call call, bool ended)
{
	struct maar_ipc_stats s;

	take_all(0);
	while (ledger.n_loans)
		if (maar_ipc_discard(of[form->people - 1], ledger.loans[--ledger.n_loans]))
			wrong("a survivor's discard fails");
	go_on();
	if (maar_ipc_stats(of[0], &s) || s.free != SLOTS || s.slots != SLOTS)
		wrong("a slot is not back");
	if (s.participants != form->people || s.dead)
		wrong("a number is not free");
	if (maar_ipc_check(of[0]))
		wrong("a slot is not where its word says");
	judge_messages(call, ended);
	if (call == JOURNALED)
		judge_journal(ended);
	return ledger.wrong;
}

/* ---- points ---- */

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

	restore();
	ipc_victim_start(IPC_SHARES_ALL, attach_victim, make_call, (int)call);
	n = ipc_victim_record(NULL);
	kill_victim();
	return n;
}

enum way { AT_ONCE, AFTER_A_CYCLE, GOES_ON, WAYS };

/* At point k, in one of three ways; false: the call ended before. */
static bool one(enum call call, unsigned k, enum way way, struct ipc_swept *swept)
{
	bool ended;

	restore();
	ipc_victim_start(IPC_SHARES_ALL, attach_victim, make_call, (int)call);
	ended = !ipc_victim_go(k);
	swept->kills++;
	if (way != AT_ONCE) {
		swept->pairs++;
		go_on();
		if (maar_ipc_recover(of[0]) != 0)
			wrong("one that is stopped is taken for dead");
	}
	if (way == GOES_ON) {
		swept->finished++;
		ipc_victim_finish();
	}
	kill_victim();
	if (way != AFTER_A_CYCLE)
		go_on();
	if (maar_ipc_recover(of[0]) != 1)
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
			/* All alone and in pairs; of those that go on, which leave nothing by themselves, a third. */
			if (all ? way == GOES_ON && k % 3 : way != (k / stride + queued) % WAYS)
				continue;
			unit_eq(one(call, k, way, swept), k < points);
			if (ledger.wrong)
				ck_abort_msg("%s with %u queued (%s), at instruction %u, %s: %s", names[call], queued,
					     form->name, k,
					     way == AT_ONCE   ? "killed"
					     : way == GOES_ON ? "stopped, and let go on"
							      : "stopped, then killed",
					     ledger.wrong);
		}
}

void ipc_sweep_calls(unsigned which, struct ipc_swept *swept)
{
	static const unsigned levels[] = { 0, 1, SLOTS / 2, SLOTS - 1, SLOTS };
	const enum call call = (enum call)(which % CALLS);
	const unsigned stride = ipc_kill_all() ? 1 : STRIDE;

	set_up(&forms[which / CALLS]);
	for (unsigned i = 0; i < COUNT_OF(levels); i++) {
		fill(levels[i]);
		sweep(call, levels[i], (which + i) % stride, stride, swept);
		empty();
	}
	tear_down();
}

/* ---- controls ---- */

/* Where the victim is not recovered; and where what it had is dropped, though it should come again. */
static unsigned found(enum call call, bool recovers)
{
	const unsigned points = record(call);
	unsigned n = 0, k;
	bool ended;

	for (k = 0; k <= points; k += 3) {
		restore();
		ipc_victim_start(IPC_SHARES_ALL, attach_victim, make_call, (int)call);
		ended = !ipc_victim_go(k);
		kill_victim();
		if (recovers)
			unit_eq(maar_ipc_recover(of[0]), 1);
		else
			maar__ipc_entry(of[0], form->people + 1)->state = 0;
		n += judge(call, ended) != NULL;
	}
	return n;
}

/* One that is only stopped is taken for dead: its start is made another one's. */
static unsigned found_in_the_living(enum call call)
{
	const unsigned points = record(call);
	unsigned n = 0, k;

	for (k = 0; k <= points; k += 3) {
		struct maar__ipc_participant *p = maar__ipc_entry(of[0], form->people + 1);
		uint64_t identity;

		restore();
		ipc_victim_start(IPC_SHARES_ALL, attach_victim, make_call, (int)call);
		(void)ipc_victim_go(k);
		identity = p->identity;
		p->identity = identity - (UINT64_C(1) << 22);
		unit_eq(maar_ipc_recover(of[0]), 1);
		p->identity = identity;
		go_on();
		ipc_victim_finish();
		kill_victim();
		n += judge(call, true) != NULL;
	}
	return n;
}

void ipc_sweep_controls(void)
{
	static struct form drops;
	struct ipc_swept swept = { 0 };

	drops = forms[0];
	drops.options.when_dead = MAAR_IPC_DROP;
	set_up(&drops);
	fill(SLOTS / 2);
	unit_must(found(TAKE_RELEASE, true) > 3);
	tear_down();

	set_up(&forms[0]);
	fill(SLOTS / 2);
	unit_must(found(LOAN_PUBLISH, false) > 3);
	unit_must(found(TAKE_RELEASE, false) > 3);
	unit_must(found_in_the_living(TAKE_RELEASE) > 3);
	/* The account sees what is planted. */
	(void)record(SEND);
	unit_must(one(SEND, 10, AT_ONCE, &swept) && !ledger.wrong);
	ledger.sent[VICTIMS - 1] = true;
	unit_must(judge(SEND, false) != NULL);
	unit_must(one(SEND, 10, AT_ONCE, &swept) && !ledger.wrong);
	ledger.plain[VICTIMS - 1] = 2;
	unit_must(judge(SEND, false) != NULL);
	unit_must(one(SEND, 10, AT_ONCE, &swept) && !ledger.wrong);
	ledger.flagged[1]++;
	unit_must(judge(SEND, false) != NULL);
	tear_down();
}

#else

/* A file of nothing is no C. */
typedef int ipc_without_calls;

#endif
