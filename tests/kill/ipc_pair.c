/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The calls of a pair's producer and consumer: each is killed at each instruction of each, from each number of messages. At one point of
 * three at once; at one after the other one, who sees that it lives, has done all that can be done without it; and at one it is let go
 * on after that. Then somebody who only looks recovers, another comes in the dead one's place, and all is counted.
 */
#ifdef __x86_64__

#include "ipc_victim.h"

#include "../../src/ipc/ipc_priv.h"

#define SLOTS  8
#define MOST   64 /* numbers of messages; the last is the victim's */
#define VICTIM (MOST - 1)
#define KEY    9
#define STRIDE 7 /* as in ipc_calls.c */

enum call { SEND, JOURNALED, LOAN_PUBLISH, RECEIVE, TAKE_RELEASE, TAKE_TWO, CALLS };
static const char *const names[] = { "send",	"send, journaled", "loan, publish",
				     "receive", "take, release",   "take two, release the second first" };

static const struct maar_ipc_options options = {
	.classes = { { .bytes = 8, .slots = SLOTS } }, .n_classes = 1, .participants = 4, .kind = MAAR_IPC_PAIR
};

unsigned ipc_pair_calls(void)
{
	return CALLS;
}

const char *ipc_pair_name(unsigned which)
{
	return names[which];
}

static unsigned char *memory, *saved;
static size_t bytes;
/* The other side of the victim's, and who looks on. */
static struct maar_ipc *other, *third, saved_other, saved_third;
static bool consumes;

/* ---- the ledger ---- */

struct ledger {
	bool sent[MOST];	   /* publish said so */
	unsigned char plain[MOST]; /* had without a flag, by the survivors */
	unsigned char flagged[MOST];
	uint64_t next;	   /* number */
	const char *wrong; /* the first */
};
static struct ledger ledger, saved_ledger;

static void wrong(const char *what)
{
	if (!ledger.wrong)
		ledger.wrong = what;
}

static int send_by(struct maar_ipc *q)
{
	const uint64_t n = ledger.next++;
	const struct maar_ipc_tags tags = { .sequence = n };
	const int rc = maar_ipc_send(q, &n, sizeof(n), &tags, 0);

	unit_must(n < VICTIM);
	ledger.sent[n] = rc == 1;
	if (rc < 0)
		wrong("a survivor's send fails");
	return rc;
}

static void take_all(struct maar_ipc *q)
{
	struct maar_ipc_message m;
	uint64_t n;
	int rc;

	while ((rc = maar_ipc_take(q, &m, 0)) == 1) {
		memcpy(&n, m.payload, sizeof(n));
		if (m.bytes != sizeof(n) || m.sequence != n || (n >= ledger.next && n != VICTIM)) {
			wrong("a message is not what was sent");
			return;
		}
		if (m.flags)
			ledger.flagged[n]++;
		else
			ledger.plain[n]++;
		if (maar_ipc_release(q, &m))
			wrong("a survivor's release fails");
	}
	if (rc)
		wrong("a survivor's take fails");
}

static void go_on(void)
{
	if (!consumes)
		return take_all(other);
	while (send_by(other) == 1)
		;
}

/* ---- the victim's side ---- */

static struct maar_ipc *victims;
static const uint64_t victims_number = VICTIM;

static struct maar_ipc *attach(uint32_t roles, uint64_t key)
{
	return maar_ipc_attach(memory, bytes, &(struct maar_ipc_who){ .roles = roles, .key = key }, NULL);
}

static uint32_t victims_role(void)
{
	return consumes ? MAAR_IPC_CONSUMER : MAAR_IPC_PRODUCER;
}

static bool attach_victim(int call)
{
	(void)call;
	victims = attach(victims_role(), KEY);
	return victims != NULL;
}

static void take_two(void)
{
	struct maar_ipc_message m[2];
	int rc = maar_ipc_take(victims, &m[0], 0);

	if (rc == 1)
		memcpy(&ipc_board->had, m[0].payload, sizeof(ipc_board->had));
	if (rc == 1 && maar_ipc_take(victims, &m[1], 0) == 1) {
		memcpy(&ipc_board->data[0], m[1].payload, sizeof(ipc_board->data[0]));
		rc = maar_ipc_release(victims, &m[1]) ? -1 : 1;
	}
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	if (rc == 1)
		rc = maar_ipc_release(victims, &m[0]) ? -1 : 1;
	ipc_board->result = rc;
}

static void make_call(int call)
{
	const struct maar_ipc_tags tags = { .sequence = VICTIM, .journal = call == JOURNALED };
	struct maar_ipc_message m;
	uint64_t *payload;
	int rc;

	switch ((enum call)call) {
	case TAKE_TWO:
		return take_two();
	case LOAN_PUBLISH:
		rc = maar_ipc_loan(victims, sizeof(*payload), (void **)&payload, 0);
		if (rc == 1) {
			*payload = VICTIM;
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

/* ---- a state ---- */

/* So many messages, off the first round; and nobody has the victim's role. */
static void set_up(enum call call, unsigned queued)
{
	struct maar_ipc *first;

	consumes = call >= RECEIVE;
	bytes = (size_t)maar_ipc_bytes(&options);
	memory = ipc_memory(bytes);
	saved = malloc(bytes);
	unit_must(saved != NULL);
	unit_eq(maar_ipc_init(memory, bytes, &options), 0);
	first = attach(victims_role(), 0);
	other = attach(MAAR_IPC_PRODUCER + MAAR_IPC_CONSUMER - victims_role(), 0);
	third = attach(0, 0);
	unit_must(first && other && third);
	memset(&ledger, 0, sizeof(ledger));
	for (unsigned i = 0; i < SLOTS + 3; i++) {
		unit_eq(send_by(consumes ? other : first), 1);
		take_all(consumes ? first : other);
	}
	for (unsigned i = 0; i < queued; i++)
		unit_eq(send_by(consumes ? other : first), 1);
	unit_eq(maar_ipc_detach(first), 0);
	unit_must(!ledger.wrong);
	memcpy(saved, memory, bytes);
	saved_other = *other;
	saved_third = *third;
	saved_ledger = ledger;
}

static void restore(void)
{
	memcpy(memory, saved, bytes);
	*other = saved_other;
	*third = saved_third;
	ledger = saved_ledger;
}

static void tear_down(void)
{
	restore();
	unit_eq(maar_ipc_detach(other), 0);
	unit_eq(maar_ipc_detach(third), 0);
	munmap(memory, bytes);
	free(saved);
}

/* ---- judgement ---- */

static void judge_journal(const struct maar_ipc *next, bool ended)
{
	const bool came = ledger.plain[VICTIM] + ledger.flagged[VICTIM] != 0;
	struct maar_ipc_past past;
	const bool told = maar_ipc_past(next, &past) == 0 && past.sequence == VICTIM;

	if (told ? past.delivered != came : came)
		wrong("the journal is wrong");
	if (ended && ipc_board->result == 1 && !told)
		wrong("the journal has forgotten");
}

static void judge_messages(enum call call, bool ended)
{
	unsigned flagged = 0;

	for (uint64_t n = 0; n < MOST; n++) {
		const bool victim_had = consumes && (ipc_board->data[0] == n || ipc_board->had == n);

		if (ledger.plain[n] > 1 || (ledger.plain[n] && victim_had))
			wrong("a message came twice without a flag");
		if (ledger.sent[n] && !ledger.plain[n] && !ledger.flagged[n] && !victim_had)
			wrong("a message is lost");
		flagged += ledger.flagged[n];
	}
	if (flagged > (!consumes || ended ? 0 : call == TAKE_TWO ? 2 : 1))
		wrong("a message is flagged that nobody had");
	if (ended && !consumes && ledger.plain[VICTIM] != (ipc_board->result == 1))
		wrong("the call's answer is wrong");
	if (ended && ipc_board->result < 0)
		wrong("the call fails");
}

/* The victim is dead, and recovered. */
static const char *judge(enum call call, bool ended)
{
	struct maar_ipc *next = attach(victims_role(), KEY), *producer, *consumer;
	struct maar_ipc_stats s;

	if (!next)
		return "nobody can take its place";
	producer = consumes ? other : next;
	consumer = consumes ? next : other;
	take_all(consumer);
	for (unsigned i = 0; i < SLOTS; i++)
		if (send_by(producer) != 1)
			wrong("a slot is not back");
	if (send_by(producer) != 0)
		wrong("there are more slots than there are");
	take_all(consumer);
	if (maar_ipc_stats(third, &s) || s.free != SLOTS || s.participants != 3 || s.dead)
		wrong("it does not look free");
	if (maar_ipc_check(third))
		wrong("the counts are wrong");
	judge_messages(call, ended);
	if (call == JOURNALED)
		judge_journal(next, ended);
	if (maar_ipc_detach(next))
		wrong("its successor cannot leave");
	return ledger.wrong;
}

/* ---- points ---- */

static void kill_victim(void)
{
	ipc_victim_kill();
	unit_eq(munmap(victims, (sizeof(*victims) + 4095) & ~(size_t)4095), 0);
}

static void start(enum call call)
{
	restore();
	ipc_victim_start(IPC_SHARES_ALL, attach_victim, make_call, (int)call);
}

static unsigned record(enum call call)
{
	unsigned n;

	start(call);
	n = ipc_victim_record(NULL);
	kill_victim();
	return n;
}

enum way { AT_ONCE, AFTER_THE_OTHER, GOES_ON, WAYS };

/* At point k, in one of three ways; false: the call ended before. */
static bool one(enum call call, unsigned k, enum way way, struct ipc_swept *swept)
{
	bool ended;

	start(call);
	ended = !ipc_victim_go(k);
	swept->kills++;
	if (way != AT_ONCE) {
		swept->pairs++;
		go_on();
		if (maar_ipc_recover(third) != 0)
			wrong("one that is stopped is taken for dead");
	}
	if (way == GOES_ON) {
		swept->finished++;
		ipc_victim_finish();
	}
	kill_victim();
	go_on();
	if (maar_ipc_recover(third) != 1)
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
			ck_assert_msg(!ledger.wrong, "%s with %u queued, at instruction %u, %s: %s", names[call],
				      queued, k,
				      way == AT_ONCE   ? "killed"
				      : way == GOES_ON ? "stopped, and let go on"
						       : "stopped, then killed",
				      ledger.wrong);
		}
}

void ipc_sweep_pair(unsigned which, struct ipc_swept *swept)
{
	static const unsigned levels[] = { 0, 1, SLOTS / 2, SLOTS - 1, SLOTS };
	const unsigned stride = ipc_kill_all() ? 1 : STRIDE;

	for (unsigned i = 0; i < COUNT_OF(levels); i++) {
		set_up((enum call)which, levels[i]);
		sweep((enum call)which, levels[i], (which + i) % stride, stride, swept);
		tear_down();
	}
}

/* ---- controls: a recovery that forgets what the dead one had, and accounts of what was not sent ---- */

void ipc_pair_controls(void)
{
	struct ipc_swept swept = { 0 };
	unsigned points, k, n = 0;

	set_up(TAKE_RELEASE, SLOTS / 2);
	points = record(TAKE_RELEASE);
	for (k = 0; k <= points; k += 3) {
		bool ended;

		start(TAKE_RELEASE);
		ended = !ipc_victim_go(k);
		kill_victim();
		third->pair->released = third->pair->taken;
		unit_eq(maar_ipc_recover(third), 1);
		n += judge(TAKE_RELEASE, ended) != NULL;
	}
	unit_must(n > 3);
	(void)record(TAKE_RELEASE);
	unit_must(one(TAKE_RELEASE, 10, AT_ONCE, &swept) && !ledger.wrong);
	ledger.sent[VICTIM - 1] = true;
	unit_must(judge(TAKE_RELEASE, false) != NULL);
	tear_down();
}

#else

/* A file of nothing is no C. */
typedef int ipc_without_pairs;

#endif
