/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * A participant of a queue between processes is killed at each access to shared memory of each of its calls, from each
 * number of queued messages; alone, and with whoever recovers it killed at each access of that. The others go on, round
 * the rings; then what the dead left is recovered, and all is counted: each message that was published is there, none
 * twice without its flag, each slot is back in one place, and the journal says what became of the last publish.
 *
 * Killing is leaving the call by longjmp: all that a process leaves behind when it is killed lies in the shared memory.
 */
#include "ipcs.h"

#include "../../src/ipc/ipc_priv.h"

#include <setjmp.h>

#define SLOTS 4
#define MOST  256 /* numbers of messages */
#define KEY   9

enum { VICTIM, SECOND, OTHER, PEOPLE };

static unsigned char memory[1 << 14] __attribute__((aligned(4096))), saved[sizeof(memory)];
static size_t bytes;
static struct ipc_lives lives, saved_lives;
static struct maar_ipc *of[PEOPLE], saved_of[PEOPLE];

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

static void send_one(int who, bool must)
{
	const uint64_t n = next_number++;
	const struct maar_ipc_tags tags = { .sequence = n };
	int rc;

	unit_must(n < MOST);
	rc = maar_ipc_send(of[who], &n, sizeof(n), &tags, 0);
	unit_must(rc == 1 || (!must && rc == 0));
	known[n].sent = rc == 1;
}

static void had(const struct maar_ipc_message *m)
{
	uint64_t n;

	unit_eq(m->bytes, sizeof(n));
	memcpy(&n, m->payload, sizeof(n));
	unit_must(n < next_number && m->sequence == n);
	known[n].plain += m->flags == 0;
	known[n].flagged += m->flags != 0;
}

/* ---- the victims' calls ---- */

enum call { LOAN, PUBLISH, JOURNALED, DISCARD, TAKE, RELEASE, SEND, DETACH, ATTACH, HEIR, CLOSE, CALLS };
static const char *const names[] = {
	"loan",	  "publish", "publish, journaled",	     "discard", "take", "release", "send",
	"detach", "attach",  "attach in a dead one's place", "close"
};

static struct {
	void *payload;
	uint64_t number;
	struct maar_ipc_message message;
	struct maar_ipc *fresh; /* attached for this call; what it leaves of its own is not given back */
	uint32_t dies;		/* number */
} hand;

/* Before the call. False: it cannot be from here. */
static bool prepare(enum call call)
{
	const struct maar_ipc_life life = ipc_life(&lives);

	memset(&hand, 0, sizeof(hand));
	hand.dies = of[VICTIM]->me;
	switch (call) {
	case PUBLISH:
	case JOURNALED:
	case DISCARD:
		if (maar_ipc_loan(of[VICTIM], 8, &hand.payload, 0) != 1)
			return false;
		hand.number = next_number++;
		memcpy(hand.payload, &hand.number, sizeof(hand.number));
		return true;
	case RELEASE:
		if (maar_ipc_take(of[VICTIM], &hand.message, 0) != 1)
			return false;
		had(&hand.message);
		return true;
	case HEIR: /* its predecessor dies with a loan and a message */
		if (maar_ipc_loan(of[VICTIM], 8, &hand.payload, 0) != 1 ||
		    maar_ipc_take(of[VICTIM], &hand.message, 0) != 1)
			return false;
		had(&hand.message);
		lives.alive[of[VICTIM]->me] = false;
		return true;
	case DETACH:
		hand.fresh = maar_ipc_attach(memory, bytes, NULL, &life);
		hand.dies = maar_ipc_participant(hand.fresh);
		return hand.fresh != NULL;
	case ATTACH:
		hand.dies = PEOPLE + 1;
		return true;
	default:
		return true;
	}
}

static void run(enum call call)
{
	const struct maar_ipc_who who = { .roles = MAAR_IPC_PRODUCER | MAAR_IPC_CONSUMER,
					  .key = call == HEIR ? KEY : 0 };
	const struct maar_ipc_tags tags = { .sequence = hand.number, .journal = call == JOURNALED };
	const struct maar_ipc_life life = ipc_life(&lives);
	int rc = 0;

	switch (call) {
	case LOAN:
		rc = maar_ipc_loan(of[VICTIM], 8, &hand.payload, 0);
		break;
	case PUBLISH:
	case JOURNALED:
		rc = maar_ipc_publish(of[VICTIM], hand.payload, sizeof(hand.number), &tags, 0);
		known[hand.number].sent = rc == 1;
		break;
	case DISCARD:
		rc = maar_ipc_discard(of[VICTIM], hand.payload);
		break;
	case TAKE:
		rc = maar_ipc_take(of[VICTIM], &hand.message, 0);
		if (rc == 1)
			had(&hand.message);
		break;
	case RELEASE:
		rc = maar_ipc_release(of[VICTIM], &hand.message);
		break;
	case SEND:
		send_one(VICTIM, false);
		break;
	case DETACH:
		rc = maar_ipc_detach(hand.fresh);
		break;
	case CLOSE:
		rc = maar_ipc_close(of[VICTIM]);
		break;
	default:
		hand.fresh = maar_ipc_attach(memory, bytes, &who, &life);
		rc = hand.fresh ? 1 : -errno;
	}
	unit_must(rc >= 0);
}

/* ---- the others ---- */

/* Everything out of the queue. */
static void take_all(int who)
{
	struct maar_ipc_message m;

	while (maar_ipc_take(of[who], &m, 0) == 1 || maar_ipc_take_dead(of[who], &m) == 1) {
		had(&m);
		unit_eq(maar_ipc_release(of[who], &m), 0);
	}
}

/* Round the rings, with as many slots as there are for sure: the dead have two at most, or one each. */
static void go_on(void)
{
	const uint64_t cells = of[OTHER]->rings[0].ring.mask + 1;

	if (maar_ipc_closed(of[OTHER]))
		return;
	for (uint64_t i = 0; i < cells; i++) {
		take_all(OTHER);
		send_one(OTHER, true);
		send_one(OTHER, true);
	}
	take_all(OTHER);
}

/* ---- what must be so at the end: NULL, or what is not ---- */

static const char *what_is_wrong(bool journaled, uint64_t number)
{
	struct maar_ipc_stats s;
	struct maar_ipc_past past;

	take_all(OTHER);
	unit_eq(maar_ipc_stats(of[OTHER], &s), 0);
	if (s.free != SLOTS)
		return "a slot is not back";
	if (maar_ipc_check(of[OTHER]))
		return "a slot is not where its word says";
	for (uint64_t n = 0; n < next_number; n++) {
		if (known[n].plain > 1)
			return "a message came twice without a flag";
		if (known[n].sent && known[n].plain + known[n].flagged == 0)
			return "a message is lost";
	}
	if (journaled) {
		const struct maar_ipc_who who = { .key = KEY };
		const struct maar_ipc_life life = ipc_life(&lives);
		struct maar_ipc *next = maar_ipc_attach(memory, bytes, &who, &life);
		const bool told = next && maar_ipc_past(next, &past) == 0 && past.sequence == number;
		const bool came = known[number].plain + known[number].flagged != 0;

		if (!next || maar_ipc_detach(next))
			return "no successor";
		if (told ? past.delivered != came : came)
			return "the journal is wrong";
	}
	return NULL;
}

/* ---- a case ---- */

static void set_up(const struct maar_ipc_options *o)
{
	const struct maar_ipc_life life = ipc_life(&lives);
	const struct maar_ipc_who who = { .roles = MAAR_IPC_PRODUCER | MAAR_IPC_CONSUMER, .key = KEY };

	memset(&lives, 0, sizeof(lives));
	bytes = (size_t)maar_ipc_bytes(o);
	unit_must(bytes && bytes <= sizeof(memory));
	unit_eq(maar_ipc_init(memory, bytes, o), 0);
	for (int i = 0; i < PEOPLE; i++) {
		of[i] = maar_ipc_attach(memory, bytes, i == VICTIM ? &who : NULL, &life);
		unit_must(of[i] != NULL);
		saved_of[i] = *of[i];
	}
	memcpy(saved, memory, bytes);
	saved_lives = lives;
}

static void begin(unsigned queued)
{
	memcpy(memory, saved, bytes);
	lives = saved_lives;
	for (int i = 0; i < PEOPLE; i++)
		*of[i] = saved_of[i];
	memset(known, 0, sizeof(known));
	next_number = 0;
	/* Off the first round, so that a cell has another's handle. */
	for (unsigned i = 0; i < 5; i++) {
		send_one(OTHER, true);
		take_all(OTHER);
	}
	for (unsigned i = 0; i < queued; i++)
		send_one(OTHER, true);
}

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

/* One that ended gives back what it has; then it dies too, so that this is seen. */
static void leave(enum call call)
{
	if ((call == TAKE || call == RELEASE) && hand.message.payload)
		(void)maar_ipc_release(of[VICTIM], &hand.message);
	lives.alive[hand.dies] = false;
}

static unsigned long cases;

/* The victim dies at point k (it may end before), whoever recovers at point j. Returns whether both died. */
static bool one(enum call call, unsigned queued, unsigned long k, unsigned long j, bool recovers, const char **wrong)
{
	bool died;

	*wrong = NULL;
	begin(queued);
	if (!prepare(call))
		return false;
	died = dies_at(k, victims_call, call);
	if (died)
		lives.alive[hand.dies] = false;
	else
		leave(call);
	go_on();
	if (recovers && j) {
		const bool second = dies_at(j, recover_by, SECOND);

		lives.alive[of[SECOND]->me] = false;
		died = died && second;
		go_on();
	}
	if (recovers)
		recover_by(OTHER);
	cases++;
	*wrong = what_is_wrong(call == JOURNALED, hand.number);
	return died;
}

static void must_be_right(enum call call, unsigned queued, unsigned long k, unsigned long j, const char *wrong)
{
	ck_assert_msg(!wrong, "%s with %u queued, killed at point %lu, whoever recovers at %lu: %s", names[call],
		      queued, k, j, wrong);
}

static const struct maar_ipc_options options[] = {
	{ .classes = { { .bytes = 8, .slots = SLOTS } }, .n_classes = 1, .participants = PEOPLE + 2 },
	{ .classes = { { .bytes = 8, .slots = SLOTS } }, .n_classes = 1, .participants = PEOPLE + 2, .depth = { 2 } },
	{ .classes = { { .bytes = 8, .slots = SLOTS } },
	  .n_classes = 1,
	  .participants = PEOPLE + 2,
	  .when_full = MAAR_IPC_OVERWRITE },
	{ .classes = { { .bytes = 8, .slots = SLOTS } },
	  .n_classes = 1,
	  .participants = PEOPLE + 2,
	  .when_dead = MAAR_IPC_TO_DEAD_LETTERS },
};

static unsigned most_queued(unsigned option)
{
	return options[option].depth[0] ? options[option].depth[0] : SLOTS;
}

START_TEST(killed_alone)
{
	const char *wrong;

	set_up(&options[_i]);
	cases = 0;
	for (enum call call = 0; call < CALLS; call++)
		for (unsigned queued = 0; queued <= most_queued((unsigned)_i); queued++) {
			unsigned long k = 1;

			/* To overwrite is to lose what was sent. */
			if (options[_i].when_full == MAAR_IPC_OVERWRITE && queued == SLOTS)
				continue;
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

	set_up(&options[_i]);
	cases = 0;
	for (enum call call = 0; call < CALLS; call++)
		for (unsigned queued = 0; queued <= most_queued((unsigned)_i); queued += 1 + (queued == 1)) {
			unsigned long k, j;

			if (options[_i].when_full == MAAR_IPC_OVERWRITE && queued == SLOTS)
				continue;

			for (k = 1, j = 2; j > 1; k++) {
				for (j = 1; one(call, queued, k, j, true, &wrong); j++)
					must_be_right(call, queued, k, j, wrong);
				must_be_right(call, queued, k, j, wrong);
			}
		}
	unit_note("%lu cases", cases);
	unit_must(cases > 9000);
}
END_TEST

/* Without recovery it is seen that something is missing; and the count sees what is planted. */
START_TEST(controls)
{
	const char *wrong;
	unsigned seen = 0;

	set_up(&options[0]);
	for (unsigned long k = 1; one(PUBLISH, 1, k, 0, false, &wrong); k++)
		seen += wrong != NULL;
	unit_must(seen > 3);
	unit_must(!one(TAKE, 2, 1000, 0, true, &wrong) && !wrong);
	known[0].plain++;
	unit_must(what_is_wrong(false, 0) != NULL);
	known[0].plain = known[0].flagged = 0;
	unit_must(what_is_wrong(false, 0) != NULL);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("ipc, point by point");
	TCase *tcase = unit_tcase(suite, "points");

	tcase_add_loop_test(tcase, killed_alone, 0, COUNT_OF(options));
	tcase_add_loop_test(tcase, killed_and_its_recoverer, 0, COUNT_OF(options));
	tcase_add_test(tcase, controls);
	return suite;
}
