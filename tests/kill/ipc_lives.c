/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * attach, detach and recover, in memory that the test mapped: thousands of instructions, of which few change anything
 * that another can see. After each that does, a copy of the segment, in which the victim is dead, is recovered and
 * judged; and at one instruction of so many the victim is killed in earnest, alone, or after the others' whole cycle.
 */
#ifdef __x86_64__

#include "ipc_account.h"
#include "ipc_victim.h"

#include <sys/wait.h>
#include <unistd.h>

#define SLOTS	   8
#define PEOPLE	   5 /* at most at the same time */
#define KEY	   9 /* of the dead one */
#define NEW_KEY	   10
#define JOURNAL	   7 /* sequence of its last publish */
#define BOTH	   ((uint32_t)(MAAR_IPC_PRODUCER | MAAR_IPC_CONSUMER))
#define ONE_OF	   50  /* kills with MAAR_KILL_ALL */
#define ONE_OF_FEW 401 /* in make check */
#define AT_LEAST   12  /* kills of one call */

static const struct maar_ipc_options options = { .classes = { { .bytes = 8, .slots = SLOTS } },
						 .n_classes = 1,
						 .participants = PEOPLE };

static unsigned char *memory, *saved, *copy, *seen;
static size_t bytes;
static struct maar_ipc *of, saved_of; /* the survivor */
static struct maar_ipc *victims;

/* ---- what the victim does ---- */

static bool attached(int unused)
{
	(void)unused;
	victims = maar_ipc_attach(memory, bytes, NULL, NULL);
	return victims != NULL;
}

static void attach_with(uint64_t key)
{
	const struct maar_ipc_who who = { .roles = BOTH, .key = key };

	victims = maar_ipc_attach(memory, bytes, &who, NULL);
	ipc_board->result = victims ? 1 : -errno;
}

static void attach(int unused)
{
	(void)unused;
	attach_with(0);
}

static void attach_new_key(int unused)
{
	(void)unused;
	attach_with(NEW_KEY);
}

static void attach_heir(int unused)
{
	(void)unused;
	attach_with(KEY);
}

static void detach(int unused)
{
	(void)unused;
	ipc_board->result = maar_ipc_detach(victims) ? -1 : 1;
}

static void recover(int unused)
{
	(void)unused;
	ipc_board->result = maar_ipc_recover(victims);
}

static const struct life_call {
	const char *name;
	bool (*prepare)(int);
	void (*call)(int);
	bool dead; /* somebody is, with a loan, a message, and a journal */
	int result;
} calls[] = {
	{ "attach", NULL, attach, false, 1 },
	{ "attach with a new key", NULL, attach_new_key, false, 1 },
	{ "attach in a dead one's place", NULL, attach_heir, true, 1 },
	{ "detach", attached, detach, false, 1 },
	{ "recover", attached, recover, true, 1 },
	{ "recover, nobody dead", attached, recover, false, 0 },
};

unsigned ipc_life_calls(void)
{
	return COUNT_OF(calls);
}

const char *ipc_life_name(unsigned call)
{
	return calls[call].name;
}

/* ---- the first state ---- */

static void send_number(struct maar_ipc *q, uint64_t n)
{
	const struct maar_ipc_tags tags = { .sequence = n };

	unit_eq(maar_ipc_send(q, &n, sizeof(n), &tags, 0), 1);
}

/* A process that is dead: with a loan, message 0, and the journal of 3. */
static void leave_dead_one(void)
{
	const pid_t pid = fork();
	int status;

	unit_must(pid >= 0);
	if (pid == 0) {
		const struct maar_ipc_who who = { .roles = BOTH, .key = KEY };
		const struct maar_ipc_tags tags = { .sequence = JOURNAL, .journal = 1 };
		struct maar_ipc *q = maar_ipc_attach(memory, bytes, &who, NULL);
		const uint64_t three = 3;
		struct maar_ipc_message m;
		void *payload;

		_exit(!q || maar_ipc_loan(q, 8, &payload, 0) != 1 || maar_ipc_take(q, &m, 0) != 1 ||
		      maar_ipc_send(q, &three, sizeof(three), &tags, 0) != 1);
	}
	unit_eq(waitpid(pid, &status, 0), pid);
	unit_eq(status, 0);
}

#define QUEUED 4 /* messages 0 to 3 are in the queue, or with the dead one */

static void set_up(bool dead)
{
	bytes = (size_t)maar_ipc_bytes(&options);
	unit_must(bytes);
	memory = ipc_memory(bytes);
	copy = ipc_memory(bytes);
	saved = malloc(bytes);
	seen = malloc(bytes);
	unit_must(saved && seen);
	unit_eq(maar_ipc_init(memory, bytes, &options), 0);
	of = maar_ipc_attach(memory, bytes, NULL, NULL);
	unit_must(of != NULL);
	for (uint64_t n = 0; n < 3; n++)
		send_number(of, n);
	if (dead)
		leave_dead_one();
	else
		send_number(of, 3);
	memcpy(saved, memory, bytes);
	saved_of = *of;
}

static void restore(void)
{
	memcpy(memory, saved, bytes);
	*of = saved_of;
}

static void tear_down(void)
{
	free(saved);
	free(seen);
	munmap(memory, bytes);
	munmap(copy, bytes);
}

/* ---- judgement: by somebody who attaches anew ---- */

static const char *judge_past(void *mem, bool dead)
{
	const struct maar_ipc_who who = { .key = KEY }, other = { .key = NEW_KEY };
	struct maar_ipc *next = maar_ipc_attach(mem, bytes, &who, NULL);
	struct maar_ipc_past past;
	const char *wrong = NULL;

	if (!next)
		return "no successor";
	if (dead && (maar_ipc_past(next, &past) || past.sequence != JOURNAL || !past.delivered))
		wrong = "the journal is wrong";
	if (!dead && maar_ipc_past(next, &past) != -ENOENT)
		wrong = "the journal is made up";
	if (maar_ipc_detach(next))
		wrong = "a successor's detach fails";
	next = maar_ipc_attach(mem, bytes, &other, NULL);
	if (!next || maar_ipc_detach(next))
		wrong = "no other key";
	return wrong;
}

/* A segment in which the victim is dead; what the account says goes on from what was had before. */
static const char *judge(void *mem, bool dead, struct ipc_account *a)
{
	struct maar_ipc *q = maar_ipc_attach(mem, bytes, NULL, NULL);
	struct maar_ipc_stats s;
	const char *wrong;

	if (!q)
		return "no attach";
	wrong = maar_ipc_recover(q) < 0 ? "recover fails" : ipc_go_round(q, a);
	if (!wrong && (maar_ipc_stats(q, &s) || s.free != SLOTS || s.broken || s.marked_broken))
		wrong = "a slot is not back";
	if (!wrong && (s.dead || s.participants != 2))
		wrong = "a number is not free";
	if (!wrong && maar_ipc_check(q))
		wrong = "a slot is not where its word says";
	if (!wrong && maar_ipc_detach(q))
		wrong = "detach fails";
	if (!wrong)
		wrong = judge_past(mem, dead);
	return wrong ? wrong : ipc_judge_messages(a, dead);
}

/* ---- copies ---- */

static struct ipc_swept *swept;
static const struct life_call *now;
static uint64_t is_alive, is_dead; /* the victim's identity, and one of nobody's */

static void kill_in_copy(void)
{
	struct maar__ipc_header *h = (void *)copy;
	struct maar__ipc_participant *p = (void *)(copy + h->participants_at);

	for (unsigned i = 0; i < PEOPLE; i++)
		if (p[i].identity == is_alive)
			p[i].identity = is_dead;
}

static void look_for_change(unsigned k)
{
	struct ipc_account a = { .next = QUEUED };
	const char *wrong;

	if (memcmp(memory, seen, bytes) == 0)
		return;
	memcpy(seen, memory, bytes);
	memcpy(copy, memory, bytes);
	kill_in_copy();
	swept->copies++;
	wrong = judge(copy, now->dead, &a);
	ck_assert_msg(!wrong, "%s, dead after instruction %u, in a copy: %s", now->name, k, wrong);
}

/* What the victim's entry says of it: as it itself would write. */
static void know_identity(void)
{
	struct maar__ipc_participant *p = maar__ipc_entry(of, 1);
	char path[64], text[1024], *at;
	FILE *stat;

	snprintf(path, sizeof(path), "/proc/%ld/stat", (long)ipc_victim_pid());
	stat = fopen(path, "r");
	unit_must(stat && fgets(text, sizeof(text), stat));
	fclose(stat);
	at = strrchr(text, ')');
	for (unsigned field = 2; field < 22; field++)
		at = strchr(at + 1, ' ');
	is_alive = (uint64_t)strtoull(at, NULL, 10) << 22 | (uint64_t)ipc_victim_pid();
	is_dead = is_alive - (UINT64_C(1) << 22);
	/* As this process is in its own. */
	unit_eq(p->identity & ((1u << 22) - 1), getpid());
}

/* ---- kills ---- */

static void kill_victim(void)
{
	ipc_victim_kill();
	if (victims)
		(void)munmap(victims, (sizeof(*victims) + 4095) & ~(size_t)4095);
}

static void start(void)
{
	restore();
	victims = NULL;
	ipc_victim_start(IPC_SHARES_ALL, now->prepare, now->call, 0);
}

static void kill_at(unsigned k, bool cycle, bool ends)
{
	struct ipc_account a = { .next = QUEUED };
	const char *wrong = NULL;

	start();
	(void)ipc_victim_go(k);
	swept->kills++;
	if (cycle) {
		swept->pairs++;
		wrong = ipc_go_round(of, &a);
		if (!wrong && maar_ipc_recover(of) < 0)
			wrong = "recover fails";
	}
	if (ends) {
		swept->finished++;
		ipc_victim_finish();
		if (!wrong && (ipc_board->result < 0 || ipc_board->result > now->result))
			wrong = "the call fails";
	}
	kill_victim();
	if (!wrong)
		wrong = judge(memory, now->dead, &a);
	ck_assert_msg(!wrong, "%s, killed at instruction %u%s%s: %s", now->name, k, cycle ? ", after a cycle" : "",
		      ends ? ", at its end" : "", wrong);
}

void ipc_sweep_life(unsigned call, struct ipc_swept *out)
{
	unsigned stride = ipc_kill_all() ? ONE_OF : ONE_OF_FEW, points, k, turn = 0;

	now = &calls[call];
	swept = out;
	set_up(now->dead);
	start();
	know_identity();
	memcpy(seen, memory, bytes);
	points = ipc_victim_record(look_for_change);
	look_for_change(points);
	unit_eq(ipc_board->result, now->result);
	kill_victim();
	swept->instructions += points;
	if (stride > points / AT_LEAST)
		stride = points / AT_LEAST;
	for (k = call * stride / (unsigned)COUNT_OF(calls); k < points; k += stride, turn++) {
		if (ipc_kill_all() || turn % 3 == 0)
			kill_at(k, false, false);
		if (ipc_kill_all() || turn % 3 == 1)
			kill_at(k, true, false);
		if (ipc_kill_all() || turn % 3 == 2)
			kill_at(k, true, true);
	}
	tear_down();
}

void ipc_life_controls(void)
{
	struct ipc_account more = { .next = QUEUED + 1 }, same = { .next = QUEUED };
	struct maar__ipc_participant *p;
	struct maar__ipc_header *h;

	set_up(true);
	h = (void *)copy;
	memcpy(copy, memory, bytes);
	unit_must(judge(copy, true, &same) == NULL);
	memcpy(copy, memory, bytes);
	unit_must(judge(copy, true, &more) != NULL);
	/* One who gave a dead one's number away without putting right what it left. */
	memcpy(copy, memory, bytes);
	p = (void *)(copy + h->participants_at);
	p[1].state = maar__ipc_state(maar__ipc_generation(p[1].state), 0, MAAR__IPC_NOBODY);
	same = (struct ipc_account){ .next = QUEUED };
	unit_must(judge(copy, true, &same) != NULL);
	tear_down();
}

#else

/* A file of nothing is no C. */
typedef int ipc_without_lives;

#endif
