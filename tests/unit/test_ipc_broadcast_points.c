/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * As test_ipc_points.c, of a broadcast: a producer or a reader is killed at each access to shared memory of each of its
 * calls, alone, and with whoever recovers it killed at each access of that. The others go on; then the dead are recovered,
 * and all is counted: a lossless survivor has had each message once and in order, a lossy one what it had and what it was
 * told it missed, which is all; each slot is back, no gate is left, and the journal says what became of the last publish.
 */
#include "ipcs.h"

#include "../../src/ipc/ipc_priv.h"

#include <setjmp.h>

#define SLOTS 8
#define MOST  512 /* numbers of messages */
#define KEY   9

enum { PRODUCER, READER, SECOND, OTHER, LOSSLESS, LOSSY, PEOPLE }; /* the first two are the victims */

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

/* ---- what is known ---- */

static struct {
	bool sent;    /* publish said so */
	unsigned had; /* by the lossless survivor */
} known[MOST];
static uint64_t next_number, next_position[PEOPLE], lossy_had;
static const char *wrong; /* the first */

static void is_wrong(const char *what)
{
	if (!wrong)
		wrong = what;
}

static void send_one(bool must)
{
	const uint64_t n = next_number++;
	int rc;

	unit_must(n < MOST);
	rc = maar_ipc_send(of[OTHER], &n, sizeof(n), NULL, 0);
	known[n].sent = rc == 1;
	if (rc < 0 || (must && rc == 0))
		is_wrong(rc ? "a survivor's send fails" : "a survivor finds no room");
}

static void had(unsigned who, const struct maar_ipc_message *m)
{
	uint64_t n;

	memcpy(&n, m->payload, sizeof(n));
	if (m->bytes != sizeof(n) || n >= next_number || m->flags)
		return is_wrong("a message is not what was sent");
	if (m->id.position != next_position[who] + m->missed ||
	    (who != LOSSY && m->missed && of[who]->reading.lossy == 0))
		is_wrong("messages are out of order, or missed untold");
	next_position[who] = m->id.position + 1;
	if (who == LOSSLESS)
		known[n].had++;
	lossy_had += who == LOSSY;
}

static void read_all(unsigned who)
{
	struct maar_ipc_message m;
	int rc;

	while ((rc = maar_ipc_take(of[who], &m, 0)) == 1) {
		had(who, &m);
		if (maar_ipc_release(of[who], &m))
			is_wrong("a survivor's release fails");
	}
	if (rc)
		is_wrong("a survivor's take fails");
}

/* ---- the victims' calls ---- */

enum call { LOAN, PUBLISH, JOURNALED, DISCARD, SEND, EVICT, TAKE, RELEASE, RECEIVE, DETACH, ATTACH, CALLS };
static const char *const names[] = { "loan",	"publish", "publish, journaled",
				     "discard", "send",	   "evict",
				     "take",	"release", "receive",
				     "detach",	"attach" };

static struct {
	void *payload;
	uint64_t number;
	struct maar_ipc_message message;
	struct maar_ipc *fresh;
	uint32_t dies; /* number */
	bool evicted;  /* READER, perhaps */
} hand;
static uint32_t reading; /* of the victims that read */

static struct maar_ipc *attach(const struct maar_ipc_who *who)
{
	const struct maar_ipc_life life = ipc_life(&lives);
	struct maar_ipc *ipc = maar_ipc_attach(memory, bytes, who, &life);

	if (ipc)
		ipc->slice = MAAR_FOREVER; /* nobody looks for the dead by itself */
	return ipc;
}

static const struct maar_ipc_who *reads(uint32_t how)
{
	static struct maar_ipc_who who = { .roles = MAAR_IPC_CONSUMER };

	who.reading = how;
	return &who;
}

/* Before the call. False: it cannot be from here. */
static bool prepare(enum call call)
{
	memset(&hand, 0, sizeof(hand));
	hand.dies = of[call < TAKE ? PRODUCER : READER]->me;
	switch (call) {
	case PUBLISH:
	case JOURNALED:
	case DISCARD:
		if (maar_ipc_loan(of[PRODUCER], 8, &hand.payload, 0) != 1)
			return false;
		hand.number = next_number++;
		memcpy(hand.payload, &hand.number, sizeof(hand.number));
		return true;
	case EVICT:
		hand.evicted = true;
		return reading == 0;
	case RELEASE:
		if (maar_ipc_take(of[READER], &hand.message, 0) != 1)
			return false;
		had(READER, &hand.message);
		return true;
	case DETACH:
		hand.fresh = attach(reads(reading | MAAR_IPC_HISTORY));
		hand.dies = maar_ipc_participant(hand.fresh);
		return hand.fresh != NULL;
	case ATTACH:
		hand.dies = PEOPLE + 1;
		return true;
	default:
		return true;
	}
}

static int run_send(void)
{
	const uint64_t n = next_number++;
	int rc;

	unit_must(n < MOST);
	rc = maar_ipc_send(of[PRODUCER], &n, sizeof(n), NULL, 0);
	known[n].sent = rc == 1;
	return rc;
}

static void run(int call)
{
	const struct maar_ipc_tags tags = { .sequence = hand.number, .journal = call == JOURNALED };
	uint64_t data = UINT64_MAX;
	int rc = 0;

	switch ((enum call)call) {
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
		rc = run_send();
		break;
	case EVICT:
		rc = maar_ipc_evict(of[PRODUCER], maar__ipc_generation(of[READER]->state) << 32 | of[READER]->me);
		break;
	case TAKE:
		rc = maar_ipc_take(of[READER], &hand.message, 0);
		break;
	case RELEASE:
		rc = maar_ipc_release(of[READER], &hand.message);
		break;
	case RECEIVE:
		rc = maar_ipc_receive(of[READER], &data, sizeof(data), NULL, 0);
		unit_must(rc != 1 || data < next_number);
		break;
	case DETACH:
		rc = maar_ipc_detach(hand.fresh);
		break;
	default:
		hand.fresh = attach(reads(reading | MAAR_IPC_HISTORY));
		rc = hand.fresh ? 1 : -errno;
	}
	unit_must(rc >= 0);
}

/* ---- the others ---- */

static bool reader_lives(void)
{
	return lives.alive[of[READER]->me] && hand.dies != of[READER]->me;
}

static void read_on(void)
{
	struct maar_ipc_message m;

	read_all(LOSSLESS);
	if (hand.evicted && reader_lives() && maar__ipc_entry(of[READER], of[READER]->me)->gate == 0) {
		if (maar_ipc_take(of[READER], &m, 0) != -ECANCELED)
			is_wrong("one that was evicted is not told");
	} else if (reader_lives()) {
		read_all(READER);
	}
}

/* Round the log. A dead lossless reader may hold it until it is recovered, and nobody else. */
static void go_on(bool must)
{
	const uint64_t cells = of[OTHER]->rings[0].ring.mask + 1;

	for (uint64_t i = 0; i < cells + 2 && !wrong; i++) {
		read_on();
		if (i % 5 == 0)
			read_all(LOSSY);
		send_one(must);
	}
	read_on();
	read_all(LOSSY);
}

/* ---- what must be so at the end ---- */

static void judge_journal(void)
{
	const struct maar_ipc_who who = { .roles = MAAR_IPC_PRODUCER, .key = KEY };
	struct maar_ipc_past past;
	struct maar_ipc *next = attach(&who);
	const bool told = next && maar_ipc_past(next, &past) == 0 && past.sequence == hand.number;
	const bool came = known[hand.number].had != 0;

	if (!next || maar_ipc_detach(next))
		is_wrong("no successor");
	else if (told ? past.delivered != came : came)
		is_wrong("the journal is wrong");
}

static const char *judge(enum call call)
{
	struct maar_ipc_stats s;

	go_on(true);
	unit_eq(maar_ipc_stats(of[OTHER], &s), 0);
	if (s.free + s.queued != SLOTS)
		is_wrong("a slot is not back");
	if (maar_ipc_check(of[OTHER]))
		is_wrong("a slot is not where its word says, or a place is wrong");
	if (next_position[LOSSLESS] != s.published[0])
		is_wrong("the lossless one has not had all");
	if (lossy_had + maar_ipc_missed(of[LOSSY]) != s.published[0])
		is_wrong("what the lossy one had and missed is not all");
	for (uint64_t n = 0; n < next_number; n++)
		if (known[n].had > 1 || (known[n].sent && !known[n].had))
			is_wrong(known[n].had ? "a message came twice" : "a message is lost");
	if (call == JOURNALED)
		judge_journal();
	return wrong;
}

/* ---- a case ---- */

static void set_up(const struct maar_ipc_options *o, uint32_t how)
{
	const struct maar_ipc_who who[PEOPLE] = { [PRODUCER] = { .roles = MAAR_IPC_PRODUCER, .key = KEY },
						  [READER] = { .roles = MAAR_IPC_CONSUMER, .reading = how },
						  [OTHER] = { .roles = MAAR_IPC_PRODUCER },
						  [LOSSLESS] = { .roles = MAAR_IPC_CONSUMER },
						  [LOSSY] = { .roles = MAAR_IPC_CONSUMER, .reading = MAAR_IPC_LOSSY } };

	reading = how;
	memset(&lives, 0, sizeof(lives));
	bytes = (size_t)maar_ipc_bytes(o);
	unit_must(bytes && bytes <= sizeof(memory));
	unit_eq(maar_ipc_init(memory, bytes, o), 0);
	for (int i = 0; i < PEOPLE; i++) {
		of[i] = attach(&who[i]);
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
	memset(next_position, 0, sizeof(next_position));
	memset(&hand, 0, sizeof(hand));
	next_number = lossy_had = 0;
	wrong = NULL;
	/* Off the first round. */
	for (unsigned i = 0; i < 2 * SLOTS + 3; i++) {
		send_one(true);
		read_all(LOSSLESS);
		read_all(READER);
		read_all(LOSSY);
	}
	for (unsigned i = 0; i < queued; i++)
		send_one(true);
	unit_must(!wrong);
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

static void recover_by(int who)
{
	unit_must(maar_ipc_recover(of[who]) >= 0);
}

static unsigned long cases;

/* The victim dies at point k, or after its call; whoever recovers at point j. Returns whether both died at them. */
static bool one(enum call call, unsigned queued, unsigned long k, unsigned long j, bool recovers)
{
	bool died, must;

	begin(queued);
	if (!prepare(call))
		return false;
	died = dies_at(k, run, (int)call);
	lives.alive[hand.dies] = false;
	must = call < EVICT || (call > EVICT && reading);
	go_on(must);
	if (recovers && j) {
		const bool second = dies_at(j, recover_by, SECOND);

		lives.alive[of[SECOND]->me] = false;
		died = died && second;
		go_on(must);
	}
	if (recovers)
		recover_by(OTHER);
	cases++;
	(void)judge(call);
	return died;
}

static void must_be_right(enum call call, unsigned queued, unsigned long k, unsigned long j)
{
	ck_assert_msg(!wrong, "%s with %u not read, killed at point %lu, whoever recovers at %lu: %s", names[call],
		      queued, k, j, wrong);
}

#define CAST                                                                                                           \
	.classes = { { .bytes = 8, .slots = SLOTS } }, .n_classes = 1, .participants = SLOTS - 1,                      \
	.kind = MAAR_IPC_BROADCAST
static const struct {
	struct maar_ipc_options options;
	uint32_t reading;
} forms[] = {
	{ { CAST }, 0 },
	{ { CAST }, MAAR_IPC_LOSSY },
	{ { CAST, .depth = { 3 } }, 0 },
	{ { CAST, .depth = { 3 } }, MAAR_IPC_LOSSY },
};

/* Nothing to read; one; full but for one; full. */
static unsigned level(unsigned form, unsigned i)
{
	const unsigned most = forms[form].options.depth[0] ? forms[form].options.depth[0] : SLOTS;

	return i < 2 ? i : most - 3 + i;
}

START_TEST(killed_alone)
{
	set_up(&forms[_i].options, forms[_i].reading);
	cases = 0;
	for (enum call call = 0; call < CALLS; call++)
		for (unsigned i = 0; i < 4; i++) {
			const unsigned queued = level((unsigned)_i, i);
			unsigned long k = 1;

			while (one(call, queued, k, 0, true)) {
				must_be_right(call, queued, k, 0);
				k++;
			}
			must_be_right(call, queued, k, 0);
		}
	unit_note("%lu cases", cases);
	unit_must(cases > 500);
}
END_TEST

START_TEST(killed_and_its_recoverer)
{
	set_up(&forms[_i].options, forms[_i].reading);
	cases = 0;
	for (enum call call = 0; call < CALLS; call++)
		for (unsigned i = _i < 2 ? 0 : 3; i < 4; i += 3) {
			const unsigned queued = level((unsigned)_i, i);
			unsigned long k, j;

			for (k = 1, j = 2; j > 1; k++) {
				for (j = 1; one(call, queued, k, j, true); j++)
					must_be_right(call, queued, k, j);
				must_be_right(call, queued, k, j);
			}
		}
	unit_note("%lu cases", cases);
	unit_must(cases > 9000);
}
END_TEST

/* Without recovery something is missing, or held; and the account sees what is planted. */
START_TEST(controls)
{
	unsigned seen = 0;

	set_up(&forms[0].options, 0);
	for (unsigned long k = 1; one(PUBLISH, 1, k, 0, false); k++)
		seen += wrong != NULL;
	unit_must(seen > 3);
	for (enum call call = TAKE; call <= ATTACH; call++) {
		for (seen = 0; one(call, 1, seen + 1, 0, false) && wrong; seen++)
			;
		unit_must(call == ATTACH || call == DETACH || seen > 1);
	}
	unit_must(!one(TAKE, 2, 1000, 0, true) && !wrong);
	known[0].had++;
	unit_must(judge(TAKE) != NULL);
	wrong = NULL;
	known[0].had = 0;
	unit_must(judge(TAKE) != NULL);
	unit_must(!one(TAKE, 2, 1000, 0, true) && !wrong);
	next_position[LOSSLESS]--;
	unit_must(judge(TAKE) != NULL);
	unit_must(!one(TAKE, 2, 1000, 0, true) && !wrong);
	lossy_had--;
	unit_must(judge(TAKE) != NULL);
	/* A lossless reader's gate that is not there: it is overtaken, and told. */
	begin(1);
	maar__ipc_entry(of[LOSSLESS], of[LOSSLESS]->me)->gate = 0;
	go_on(true);
	unit_must(wrong != NULL);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("ipc, broadcast, point by point");
	TCase *tcase = unit_tcase(suite, "points");

	tcase_add_loop_test(tcase, killed_alone, 0, COUNT_OF(forms));
	tcase_add_loop_test(tcase, killed_and_its_recoverer, 0, COUNT_OF(forms));
	tcase_add_test(tcase, controls);
	return suite;
}
