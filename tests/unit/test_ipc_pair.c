/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * MAAR_IPC_PAIR: what it has, what it refuses, and what is left of it by a kill. The producer, or the consumer, is killed at each access to
 * shared memory of each of its calls, from each number of messages, and whoever recovers it at each access of that; the
 * other goes on. Then somebody takes the dead one's place, and all is counted: each message that was published is
 * there, none twice without its flag, each slot can be had again, and the journal says what became of the last publish.
 *
 * Killing is leaving the call by longjmp: all that a process leaves behind when it is killed lies in the shared memory.
 */
#include "ipcs.h"

#include "../../src/ipc/ipc_priv.h"

#include <setjmp.h>
#include <stdlib.h>

#define SLOTS 4
#define MOST  64 /* numbers of messages */
#define KEY   9

enum { PRODUCER, CONSUMER, SECOND, THIRD, PEOPLE };

static unsigned char memory[1 << 13] __attribute__((aligned(4096))), saved[sizeof(memory)];
static size_t bytes;
static struct ipc_lives lives, saved_lives;
static struct maar_ipc *of[PEOPLE], saved_of[PEOPLE];

static const struct maar_ipc_options pair = { .classes = { { .bytes = 8, .slots = SLOTS } },
					      .n_classes = 1,
					      .participants = PEOPLE + 1,
					      .event_flags = MAAR_EVENT_NO_SPIN,
					      .kind = MAAR_IPC_PAIR };

static const uint32_t role_of[PEOPLE] = { MAAR_IPC_PRODUCER, MAAR_IPC_CONSUMER };

static struct maar_ipc *attach(uint32_t roles, uint64_t key)
{
	const struct maar_ipc_who who = { .roles = roles, .key = key };
	const struct maar_ipc_life life = ipc_life(&lives);

	return maar_ipc_attach(memory, bytes, &who, &life);
}

static void set_up(const struct maar_ipc_options *o)
{
	memset(&lives, 0, sizeof(lives));
	bytes = (size_t)maar_ipc_bytes(o);
	unit_must(bytes && bytes <= sizeof(memory));
	memset(memory, 0x5a, sizeof(memory));
	unit_eq(maar_ipc_init(memory, bytes, o), 0);
	for (int i = 0; i < PEOPLE; i++) {
		of[i] = attach(role_of[i], i == PRODUCER ? KEY : 0);
		unit_must(of[i] != NULL);
		unit_eq(maar_ipc_participant(of[i]), (uint32_t)i + 1);
		saved_of[i] = *of[i];
	}
	memcpy(saved, memory, bytes);
	saved_lives = lives;
}

static void tear_down(void)
{
	for (int i = 0; i < PEOPLE; i++)
		unit_eq(maar_ipc_detach(of[i]), 0);
}

/* ---- points ---- */

static unsigned long points_left; /* 0: none is waited for */
static jmp_buf death;

void shared_point(void)
{
	if (points_left && --points_left == 0)
		longjmp(death, 1);
}

/* ---- what is known of the messages ---- */

static struct {
	bool sent;	  /* publish said so */
	unsigned plain;	  /* had without a flag */
	unsigned flagged; /* with */
} known[MOST];
static uint64_t next_number;
static unsigned here; /* people at the end */

static int send_by(struct maar_ipc *q)
{
	const uint64_t n = next_number++;
	const struct maar_ipc_tags tags = { .sequence = n, .type = (uint32_t)n * 3 };
	int rc;

	unit_must(n < MOST);
	rc = maar_ipc_send(q, &n, sizeof(n), &tags, 0);
	unit_must(rc >= 0);
	known[n].sent = rc == 1;
	return rc;
}

static void had(const struct maar_ipc_message *m)
{
	uint64_t n;

	unit_eq(m->bytes, sizeof(n));
	memcpy(&n, m->payload, sizeof(n));
	unit_must(n < next_number && m->sequence == n && m->type == (uint32_t)n * 3);
	unit_eq(m->deliveries != 0, m->flags == MAAR_IPC_REDELIVERED);
	known[n].plain += m->flags == 0;
	known[n].flagged += m->flags != 0;
}

static unsigned take_all(struct maar_ipc *q)
{
	struct maar_ipc_message m;
	unsigned n = 0;

	while (maar_ipc_take(q, &m, 0) == 1) {
		had(&m);
		unit_eq(maar_ipc_release(q, &m), 0);
		n++;
	}
	return n;
}

static void begin(unsigned queued)
{
	memcpy(memory, saved, bytes);
	lives = saved_lives;
	for (int i = 0; i < PEOPLE; i++)
		*of[i] = saved_of[i];
	memset(known, 0, sizeof(known));
	next_number = 0;
	here = PEOPLE;
	/* Off the first round. */
	for (unsigned i = 0; i < 5; i++) {
		unit_eq(send_by(of[PRODUCER]), 1);
		unit_eq(take_all(of[CONSUMER]), 1);
	}
	for (unsigned i = 0; i < queued; i++)
		unit_eq(send_by(of[PRODUCER]), 1);
}

/* ---- the victims' calls ---- */

enum call {
	LOAN,
	PUBLISH,
	JOURNALED,
	DISCARD,
	SEND,
	CLOSE,
	LEAVE,
	HEIR,
	TAKE,
	RELEASE,
	RELEASE_LATER,
	RELEASE_FIRST,
	TAKE_OVER, /* of the heir of one that has released the second of three */
	LEAVE_CONSUMER,
	HEIR_CONSUMER,
	CALLS
};
static const char *const names[] = { "loan",
				     "publish",
				     "publish, journaled",
				     "discard",
				     "send",
				     "close",
				     "detach",
				     "attach in a dead producer's place",
				     "take",
				     "release",
				     "release of a later one",
				     "release of the first, a later one being released",
				     "take what another has half released",
				     "detach, consumer",
				     "attach in a dead consumer's place" };

static struct {
	void *payload;
	uint64_t number;
	struct maar_ipc_message m[3];
	struct maar_ipc *fresh; /* attached for this call; what it leaves of its own is not given back */
} hand;

static int victim_of(enum call call)
{
	return call < TAKE ? PRODUCER : CONSUMER;
}

static bool take_some(unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		if (maar_ipc_take(of[CONSUMER], &hand.m[i], 0) != 1)
			return false;
		had(&hand.m[i]);
	}
	return true;
}

static void dies(int who)
{
	lives.alive[who + 1] = false;
}

/* Before the call. False: it cannot be from here. */
static bool prepare(enum call call)
{
	memset(&hand, 0, sizeof(hand));
	switch (call) {
	case LEAVE:
	case LEAVE_CONSUMER: /* which gives its memory back: that of a copy */
		hand.fresh =
			mmap(NULL, sizeof(*hand.fresh), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		unit_must(hand.fresh != MAP_FAILED);
		*hand.fresh = *of[victim_of(call)];
		return true;
	case PUBLISH:
	case JOURNALED:
	case DISCARD:
	case HEIR:
		if (maar_ipc_loan(of[PRODUCER], 8, &hand.payload, 0) != 1)
			return false;
		hand.number = next_number++;
		memcpy(hand.payload, &hand.number, sizeof(hand.number));
		if (call == HEIR)
			dies(PRODUCER);
		return true;
	case RELEASE:
		return take_some(1);
	case RELEASE_LATER:
		return take_some(2);
	case RELEASE_FIRST:
	case HEIR_CONSUMER:
	case TAKE_OVER:
		if (!take_some(3))
			return false;
		unit_eq(maar_ipc_release(of[CONSUMER], &hand.m[1]), 0);
		if (call == RELEASE_FIRST)
			return true;
		dies(CONSUMER);
		if (call == HEIR_CONSUMER)
			return true;
		unit_eq(maar_ipc_recover(of[SECOND]), 1);
		hand.fresh = attach(MAAR_IPC_CONSUMER, 0);
		unit_must(hand.fresh != NULL);
		if (maar_ipc_take(hand.fresh, &hand.m[0], 0) == 1)
			had(&hand.m[0]);
		return true;
	default:
		return true;
	}
}

static void run(enum call call)
{
	const struct maar_ipc_tags tags = { .sequence = hand.number,
					    .type = (uint32_t)hand.number * 3,
					    .journal = call == JOURNALED };
	int rc = 0;

	switch (call) {
	case LOAN:
		rc = maar_ipc_loan(of[PRODUCER], 8, &hand.payload, 0);
		break;
	case PUBLISH:
	case JOURNALED:
		rc = maar_ipc_publish(of[PRODUCER], hand.payload, sizeof(hand.number), &tags, 0);
		known[hand.number].sent = rc == 1;
		break;
	case DISCARD:
		rc = maar_ipc_discard(of[PRODUCER], hand.payload);
		break;
	case SEND:
		(void)send_by(of[PRODUCER]);
		break;
	case CLOSE:
		rc = maar_ipc_close(of[PRODUCER]);
		break;
	case LEAVE:
	case LEAVE_CONSUMER:
		rc = maar_ipc_detach(hand.fresh);
		break;
	case TAKE:
	case TAKE_OVER:
		rc = maar_ipc_take(call == TAKE ? of[CONSUMER] : hand.fresh, &hand.m[1], 0);
		if (rc == 1)
			had(&hand.m[1]);
		break;
	case RELEASE:
	case RELEASE_FIRST:
		rc = maar_ipc_release(of[CONSUMER], &hand.m[0]);
		break;
	case RELEASE_LATER:
		rc = maar_ipc_release(of[CONSUMER], &hand.m[1]);
		break;
	default:
		hand.fresh = attach(role_of[victim_of(call)], call == HEIR ? KEY : 0);
		rc = hand.fresh ? 1 : -errno;
	}
	unit_must(rc >= 0);
}

/* ---- the other goes on, by whom a dead one is no hindrance ---- */

static void go_on(enum call call)
{
	if (victim_of(call) == PRODUCER)
		(void)take_all(of[CONSUMER]);
	else
		while (send_by(of[PRODUCER]) == 1)
			;
}

/* ---- what must be so at the end: NULL, or what is not ---- */

static const char *what_is_wrong(enum call call)
{
	const bool drops = of[THIRD]->when_dead == MAAR_IPC_DROP;
	const int dead = victim_of(call), lives_on = 1 - dead;
	struct maar_ipc *next = attach(role_of[dead], dead == PRODUCER ? KEY : 0), *who[2];
	struct maar_ipc_past past;
	struct maar_ipc_stats s;
	uint64_t missing = 0;

	if (!next)
		return "no successor";
	who[dead] = next;
	who[lives_on] = of[lives_on];
	(void)take_all(who[CONSUMER]);
	for (unsigned i = 0; i < SLOTS && call != CLOSE; i++)
		if (send_by(who[PRODUCER]) != 1)
			return "a slot is not back";
	if (call != CLOSE && send_by(who[PRODUCER]) != 0)
		return "there are more slots than there are";
	(void)take_all(who[CONSUMER]);
	unit_eq(maar_ipc_stats(of[THIRD], &s), 0);
	if (s.free != SLOTS || s.published[0] != s.taken[0] || s.participants != here || s.dead)
		return "it does not look free";
	if (maar_ipc_check(of[THIRD]))
		return "the counts are wrong";
	for (uint64_t n = 0; n < next_number; n++) {
		if (known[n].plain > 1)
			return "a message came twice without a flag";
		missing += known[n].sent && known[n].plain + known[n].flagged == 0;
		if (drops && known[n].flagged)
			return "one comes again that was to be dropped";
	}
	if (missing > (drops ? s.dropped_dead : 0))
		return "a message is lost";
	if (call == JOURNALED) {
		const bool told = maar_ipc_past(next, &past) == 0 && past.sequence == hand.number;
		const bool came = known[hand.number].plain + known[hand.number].flagged != 0;

		if (told ? past.delivered != came : came)
			return "the journal is wrong";
	}
	return maar_ipc_detach(next) ? "its successor cannot leave" : NULL;
}

/* ---- a case ---- */

static unsigned long cases;

/* Runs what may die at its k-th point; false: it ended before. */
static bool dies_at(unsigned long k, void (*what)(int), int arg)
{
	if (setjmp(death) == 0) {
		points_left = k;
		what(arg);
		points_left = 0;
		return false;
	}
	return true;
}

static void victims_call(int call)
{
	run((enum call)call);
}

static void recover_by(int who)
{
	unit_must(maar_ipc_recover(of[who]) >= 0);
}

/* The victim dies at point k, or after the call; whoever recovers at point j, unless j is 0. Whether both died. */
static bool one(enum call call, unsigned queued, unsigned long k, unsigned long j, bool recovers, const char **wrong)
{
	bool died;

	*wrong = NULL;
	begin(queued);
	if (!prepare(call))
		return false;
	died = dies_at(k, victims_call, call);
	dies(victim_of(call));
	go_on(call);
	if (recovers && j) {
		const bool second = dies_at(j, recover_by, SECOND);

		dies(SECOND);
		died = died && second;
		go_on(call);
		here--;
	}
	if (recovers)
		recover_by(THIRD);
	cases++;
	*wrong = what_is_wrong(call);
	return died;
}

static void must_be_right(enum call call, unsigned queued, unsigned long k, unsigned long j, const char *wrong)
{
	ck_assert_msg(!wrong, "%s with %u queued, killed at point %lu, whoever recovers at %lu: %s", names[call],
		      queued, k, j, wrong);
}

static const struct maar_ipc_options *policy(int which)
{
	static struct maar_ipc_options o;

	o = pair;
	o.when_dead = which ? MAAR_IPC_DROP : MAAR_IPC_REDELIVER;
	return &o;
}

START_TEST(killed_alone)
{
	const char *wrong;

	set_up(policy(_i));
	cases = 0;
	for (enum call call = 0; call < CALLS; call++)
		for (unsigned queued = 0; queued <= SLOTS; queued++) {
			unsigned long k = 1;

			while (one(call, queued, k, 0, true, &wrong)) {
				must_be_right(call, queued, k, 0, wrong);
				k++;
			}
			must_be_right(call, queued, k, 0, wrong);
		}
	unit_note("%lu cases", cases);
	unit_must(cases > 500);
}
END_TEST

START_TEST(killed_and_its_recoverer)
{
	const char *wrong;

	set_up(policy(_i));
	cases = 0;
	for (enum call call = 0; call < CALLS; call++)
		for (unsigned queued = 0; queued <= SLOTS; queued += 1 + (queued == 1)) {
			unsigned long k, j;

			for (k = 1, j = 2; j > 1; k++) {
				for (j = 1; one(call, queued, k, j, true, &wrong); j++)
					must_be_right(call, queued, k, j, wrong);
				must_be_right(call, queued, k, j, wrong);
			}
		}
	unit_note("%lu cases", cases);
	unit_must(cases > 4000);
}
END_TEST

/* Without recovery it is seen that something is missing; and the count sees what is planted. */
START_TEST(controls)
{
	const char *wrong;
	unsigned seen = 0;

	set_up(&pair);
	/* Who has forgotten what a dead consumer had: as though it had been released. */
	for (unsigned long k = 1; k < 12; k++) {
		begin(2);
		unit_must(prepare(TAKE));
		(void)dies_at(k, victims_call, TAKE);
		dies(CONSUMER);
		of[THIRD]->pair->released = of[THIRD]->pair->taken;
		recover_by(THIRD);
		seen += what_is_wrong(TAKE) != NULL;
	}
	unit_must(seen > 0);
	(void)one(RELEASE, 2, 1000, 0, true, &wrong);
	unit_must(!wrong);
	known[0].plain++;
	unit_must(what_is_wrong(RELEASE) != NULL);
}
END_TEST

/* ---- the contract ---- */

static int refused(struct maar_ipc_options o)
{
	unit_eq(maar_ipc_bytes(&o), 0);
	return maar_ipc_init(memory, sizeof(memory), &o);
}

START_TEST(made)
{
	struct maar_ipc_options o = pair;

	o.kind = MAAR_IPC_PAIR + 1;
	unit_eq(refused(o), -EINVAL);
	o = pair;
	o.reserved0 = 1;
	unit_eq(refused(o), -EINVAL);
	o = pair;
	o.classes[0].slots = 3;
	unit_eq(refused(o), -EINVAL);
	o = pair;
	o.n_classes = 2;
	o.classes[1] = (struct maar_ipc_class){ .bytes = 16, .slots = 4 };
	unit_eq(refused(o), -EINVAL);
	o = pair;
	o.priorities = 2;
	unit_eq(refused(o), -EINVAL);
	o = pair;
	o.depth[0] = 2;
	unit_eq(refused(o), -EINVAL);
	o = pair;
	o.participants = 1;
	unit_eq(refused(o), -EINVAL);
	o = pair;
	o.when_full = MAAR_IPC_OVERWRITE;
	unit_eq(refused(o), -EINVAL);
	o = pair;
	o.when_dead = MAAR_IPC_TO_DEAD_LETTERS;
	unit_eq(refused(o), -EINVAL);
	o = pair;
	o.most_deliveries = 1;
	unit_eq(refused(o), -EINVAL);
}
END_TEST

START_TEST(who_attaches)
{
	const struct maar_ipc_life life = ipc_life(&lives);
	struct maar_ipc *q;

	set_up(&pair);
	unit_must(!maar_ipc_attach(memory, bytes, NULL, &life) && errno == EINVAL);
	unit_must(!attach(MAAR_IPC_PRODUCER, 0) && errno == EUSERS);
	unit_must(!attach(MAAR_IPC_CONSUMER, 0) && errno == EUSERS);
	/* A key is one role's. */
	unit_eq(maar_ipc_detach(of[PRODUCER]), 0);
	unit_eq(maar_ipc_detach(of[CONSUMER]), 0);
	unit_must(!attach(MAAR_IPC_CONSUMER, KEY) && errno == EUSERS);
	unit_must(!attach(0, KEY) && errno == EUSERS);
	unit_must(!attach(MAAR_IPC_PRODUCER, 0) && errno == EUSERS);
	unit_eq(maar_ipc_forget(of[SECOND], KEY), 0);
	of[PRODUCER] = attach(MAAR_IPC_PRODUCER, 0);
	of[CONSUMER] = attach(MAAR_IPC_CONSUMER, KEY);
	unit_must(of[PRODUCER] && of[CONSUMER]);
	unit_eq(maar_ipc_participant(of[PRODUCER]), 1);
	unit_eq(maar_ipc_participant(of[CONSUMER]), 2);
	/* Others look, as many as there are numbers. */
	q = attach(0, 0);
	unit_must(q && maar_ipc_participant(q) == PEOPLE + 1);
	unit_must(!attach(0, 0) && errno == EUSERS);
	unit_eq(maar_ipc_detach(q), 0);
	tear_down();
}
END_TEST

START_TEST(one_loan)
{
	struct maar_ipc_message m;
	void *payload, *other;
	uint64_t n = 7;

	set_up(&pair);
	unit_eq(maar_ipc_loan(of[PRODUCER], 9, &payload, 0), -EMSGSIZE);
	unit_eq(maar_ipc_loan(of[CONSUMER], 8, &payload, 0), -EPERM);
	unit_eq(maar_ipc_loan(of[PRODUCER], 8, &payload, 0), 1);
	unit_eq(maar_ipc_loan(of[PRODUCER], 8, &other, 0), -EBUSY);
	unit_eq(maar_ipc_send(of[PRODUCER], &n, 8, NULL, 0), -EBUSY);
	unit_eq(maar_ipc_detach(of[PRODUCER]), -EBUSY);
	unit_eq(maar_ipc_publish(of[PRODUCER], &n, 8, NULL, 0), -EINVAL);
	unit_eq(maar_ipc_publish(of[PRODUCER], (char *)payload + 1, 8, NULL, 0), -EINVAL);
	unit_eq(maar_ipc_publish(of[PRODUCER], (char *)payload + 64, 8, NULL, 0), -EALREADY);
	unit_eq(maar_ipc_publish(of[PRODUCER], payload, 9, NULL, 0), -EMSGSIZE);
	unit_eq(maar_ipc_discard(of[PRODUCER], payload), 0);
	unit_eq(maar_ipc_discard(of[PRODUCER], payload), -EALREADY);
	unit_eq(maar_ipc_publish(of[PRODUCER], payload, 8, NULL, 0), -EALREADY);
	unit_eq(maar_ipc_loan(of[PRODUCER], 8, &payload, 0), 1);
	memcpy(payload, &n, 8);
	unit_eq(maar_ipc_publish(of[PRODUCER], payload, 8, NULL, 0), 1);
	unit_eq(maar_ipc_take_dead(of[CONSUMER], &m), 0);
	unit_eq(maar_ipc_take(of[CONSUMER], &m, 0), 1);
	unit_must(m.payload == payload && m.bytes == 8 && m.id.position == 0 && m.id.ring == 0 && !m.flags);
	unit_must(memcmp(m.id.segment, of[CONSUMER]->uuid, 16) == 0);
	unit_eq(maar_ipc_detach(of[CONSUMER]), -EBUSY);
	unit_eq(maar_ipc_release(of[CONSUMER], &m), 0);
	unit_eq(maar_ipc_release(of[CONSUMER], &m), -EALREADY);
	unit_eq(maar_ipc_take(of[CONSUMER], &m, 0), 0);
	tear_down();
}
END_TEST

/* Taken in order, given back in each order there is; all the while what is lent is nobody's. */
START_TEST(released_in_any_order)
{
	static const unsigned char orders[][SLOTS] = { { 0, 1, 2, 3 }, { 3, 2, 1, 0 }, { 1, 0, 3, 2 },
						       { 2, 0, 3, 1 }, { 1, 2, 3, 0 }, { 0, 3, 1, 2 } };
	struct maar_ipc_message m[SLOTS];
	struct maar_ipc_stats s;

	set_up(&pair);
	memset(known, 0, sizeof(known));
	next_number = 0;
	for (unsigned o = 0; o < COUNT_OF(orders); o++) {
		for (unsigned i = 0; i < SLOTS; i++)
			unit_eq(send_by(of[PRODUCER]), 1);
		unit_eq(maar_ipc_take_burst(of[CONSUMER], m, SLOTS, 0), (int)SLOTS);
		for (unsigned i = 0; i < SLOTS; i++) {
			unsigned back = 0, at = 0;

			unit_eq(maar_ipc_release(of[CONSUMER], &m[orders[o][i]]), 0);
			unit_eq(maar_ipc_release(of[CONSUMER], &m[orders[o][i]]), -EALREADY);
			/* All that are back from the oldest on. */
			for (unsigned k = 0; k <= i; k++)
				back |= 1u << orders[o][k];
			while (back & 1u << at)
				at++;
			unit_eq(of[SECOND]->pair->released, o * SLOTS + at);
			unit_eq(maar_ipc_stats(of[SECOND], &s), 0);
			unit_eq(s.read, SLOTS - 1 - i);
			unit_eq(s.free, i + 1);
			unit_eq(maar_ipc_check(of[SECOND]), 0);
		}
	}
	tear_down();
}
END_TEST

START_TEST(full_and_dropped)
{
	struct maar_ipc_options o = pair;
	struct maar_ipc_message m;
	struct maar_ipc_stats s;

	set_up(&pair);
	memset(known, 0, sizeof(known));
	next_number = 0;
	for (unsigned i = 0; i < SLOTS; i++)
		unit_eq(send_by(of[PRODUCER]), 1);
	unit_eq(send_by(of[PRODUCER]), 0);
	unit_eq(maar_ipc_take(of[CONSUMER], &m, 0), 1);
	unit_eq(send_by(of[PRODUCER]), 0);
	unit_eq(maar_ipc_release(of[CONSUMER], &m), 0);
	unit_eq(send_by(of[PRODUCER]), 1);
	unit_eq(maar_ipc_drain(of[CONSUMER], NULL, NULL), SLOTS);
	tear_down();

	o.when_full = MAAR_IPC_DROP_NEWEST;
	set_up(&o);
	next_number = 0;
	for (unsigned i = 0; i < SLOTS; i++)
		unit_eq(send_by(of[PRODUCER]), 1);
	unit_eq(maar_ipc_send(of[PRODUCER], "x", 1, NULL, MAAR_FOREVER), 0);
	unit_eq(maar_ipc_stats(of[SECOND], &s), 0);
	unit_must(s.dropped_newest == 1 && s.queued == SLOTS && s.published[0] == SLOTS && s.taken[0] == 0);
	unit_eq(maar_ipc_close(of[PRODUCER]), 0);
	unit_eq(maar_ipc_send(of[PRODUCER], "x", 1, NULL, 0), -EPIPE);
	unit_eq(take_all(of[CONSUMER]), SLOTS);
	unit_eq(maar_ipc_take(of[CONSUMER], &m, MAAR_FOREVER), -EPIPE);
	tear_down();
}
END_TEST

/* What a dead one had comes first, in its order, with its names; what it had released in between does not. */
START_TEST(delivered_again)
{
	struct maar_ipc_message m[3], again;
	char text[4096];
	FILE *to;

	set_up(&pair);
	memset(known, 0, sizeof(known));
	next_number = 0;
	for (unsigned i = 0; i < SLOTS; i++)
		unit_eq(send_by(of[PRODUCER]), 1);
	unit_eq(maar_ipc_take_burst(of[CONSUMER], m, 3, 0), 3);
	unit_eq(maar_ipc_release(of[CONSUMER], &m[1]), 0);
	dies(CONSUMER);
	unit_eq(maar_ipc_recover(of[SECOND]), 1);
	to = fmemopen(text, sizeof(text), "w");
	unit_must(to && maar_ipc_dump(of[SECOND], to) == 0 && fclose(to) == 0);
	unit_must(strstr(text, "of one producer and one consumer") && strstr(text, "queued 3"));
	of[CONSUMER] = attach(MAAR_IPC_CONSUMER, 0);
	unit_must(of[CONSUMER] != NULL);
	for (unsigned i = 0; i < 3; i += 2) {
		unit_eq(maar_ipc_take(of[CONSUMER], &again, 0), 1);
		unit_must(again.flags == MAAR_IPC_REDELIVERED && again.deliveries == 1 && again.sequence == i);
		unit_must(memcmp(&again.id, &m[i].id, sizeof(again.id)) == 0);
		unit_eq(maar_ipc_release(of[CONSUMER], &again), 0);
	}
	unit_eq(maar_ipc_take(of[CONSUMER], &again, 0), 1);
	unit_must(!again.flags && again.sequence == 3);
	unit_eq(maar_ipc_release(of[CONSUMER], &again), 0);
	tear_down();
}
END_TEST

/* What no kill leaves is an error to all, and not looked up by. */
START_TEST(broken)
{
	struct maar_ipc_message m;
	void *payload;

	set_up(&pair);
	for (unsigned which = 0; which < 4; which++) {
		begin(which < 3);
		switch (which) {
		case 0: /* more than there can be */
			of[SECOND]->pair->tail += SLOTS + 1;
			break;
		case 1: /* back before what was seen */
			of[SECOND]->pair->tail -= 2;
			break;
		case 2:
			unit_eq(take_all(of[CONSUMER]), 1);
			for (unsigned i = 0; i < SLOTS; i++)
				unit_eq(send_by(of[PRODUCER]), 1);
			of[SECOND]->cells[of[CONSUMER]->side.taken % SLOTS].length = 9;
			break;
		default:
			for (unsigned i = 0; i < SLOTS - 1; i++)
				unit_eq(send_by(of[PRODUCER]), 1);
			unit_eq(send_by(of[PRODUCER]), 1);
			of[SECOND]->pair->released += SLOTS + 1;
			unit_eq(maar_ipc_loan(of[PRODUCER], 8, &payload, 0), -EBADMSG);
		}
		unit_eq(maar_ipc_take(of[CONSUMER], &m, 0), -EBADMSG);
		unit_eq(maar_ipc_loan(of[PRODUCER], 8, &payload, MAAR_FOREVER), -EBADMSG);
		unit_eq(maar_ipc_check(of[SECOND]), -EBADMSG);
	}
	begin(2);
	unit_eq(maar_ipc_take(of[CONSUMER], &m, 0), 1);
	dies(CONSUMER);
	of[SECOND]->pair->taken += SLOTS;
	unit_eq(maar_ipc_recover(of[SECOND]), -EBADMSG);
	unit_must(!attach(MAAR_IPC_CONSUMER, 0) && errno == EBADMSG);
	begin(0);
	unit_eq(maar_ipc_detach(of[CONSUMER]), 0);
	of[SECOND]->pair->taken++;
	unit_must(!attach(MAAR_IPC_CONSUMER, 0) && errno == EBADMSG);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("ipc, a pair");
	TCase *tcase = unit_tcase(suite, "contract");

	tcase_add_test(tcase, made);
	tcase_add_test(tcase, who_attaches);
	tcase_add_test(tcase, one_loan);
	tcase_add_test(tcase, released_in_any_order);
	tcase_add_test(tcase, full_and_dropped);
	tcase_add_test(tcase, delivered_again);
	tcase_add_test(tcase, broken);
	tcase = unit_tcase(suite, "points");
	tcase_add_loop_test(tcase, killed_alone, 0, 2);
	tcase_add_loop_test(tcase, killed_and_its_recoverer, 0, 2);
	tcase_add_test(tcase, controls);
	return suite;
}
