/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * <maar/shared_mring.h> among processes: some forked, some that were exec'ed and have mapped the memory at addresses of
 * their own. All get, put and pass on; now and then one is stopped, and the others must go on meanwhile; some are killed.
 * A slot has its holder's stamp in it, which nobody else may touch: so one in two hands shows. At the end each slot is there,
 * or its word says which of the killed has it.
 */
#include "common.h"

#include "shared_maps.h"

#include "../../src/mring/shared_priv.h"

#include <signal.h>
#include <sys/wait.h>

#define SLOTS	  192
#define PROCESSES 8  /* even ones forked, odd ones exec'ed */
#define MAIL	  64 /* boxes */
#define HOLD	  8  /* slots that one has at the most */
#define STOPS	  24
#define KILLS	  4   /* the last of the processes */
#define MEANWHILE 200 /* moves of each of the others, while one is stopped, or after one was killed */

/* What the processes have in common beside the mring. */
struct board {
	uint64_t stop;		   /* 1: give everything back and leave */
	uint64_t faults;	   /* a slot in two hands, or a wrong answer */
	uint64_t moves[PROCESSES]; /* of each, so far */
	uint64_t mail[MAIL];	   /* 1 + the handle of a slot that was passed on; 0: an empty box */
};

/* What stands in a slot: who has it, and what it wrote there. */
struct stamp {
	uint64_t holder; /* 0: nobody */
	uint64_t text[7];
};

/* ---- one of the processes ---- */

struct worker {
	struct board *board;
	struct maar_shared_mring *mring;
	struct unit_rng rng;
	uint64_t me; /* 1 + number */
	uint64_t moves;
	struct stamp *held[HOLD];
	size_t n;
};

static void must(struct worker *w, bool so)
{
	if (!so)
		maar_a_add(&w->board->faults, 1, RELAXED);
}

static void sign(struct worker *w, struct stamp *s)
{
	must(w, s && maar_a_load(&s->holder, RELAXED) == 0);
	maar_a_store(&s->holder, w->me, RELAXED);
	for (size_t i = 0; i < COUNT_OF(s->text); i++)
		s->text[i] = w->me * 1000 + i;
	w->held[w->n++] = s;
}

/* One of those it has, with the stamp of nobody again. */
static struct stamp *let_go(struct worker *w)
{
	const size_t which = (size_t)unit_random_below(&w->rng, w->n);
	struct stamp *s = w->held[which];

	w->held[which] = w->held[--w->n];
	must(w, maar_a_load(&s->holder, RELAXED) == w->me);
	for (size_t i = 0; i < COUNT_OF(s->text); i++)
		must(w, s->text[i] == w->me * 1000 + i);
	maar_a_store(&s->holder, 0, RELAXED);
	return s;
}

static void send(struct worker *w)
{
	uint64_t *box = &w->board->mail[unit_random_below(&w->rng, MAIL)];
	struct stamp *s = let_go(w);
	const uint32_t handle = maar_shared_mring_pass(w->mring, s);

	must(w, handle < SLOTS);
	if (maar_a_cas(box, 0, (uint64_t)handle + 1, RELAXED))
		return;
	must(w, maar_shared_mring_accept(w->mring, handle) == s); /* the box is full: back again */
	sign(w, s);
}

static void receive(struct worker *w)
{
	uint64_t *box = &w->board->mail[unit_random_below(&w->rng, MAIL)];
	const uint64_t letter = maar_a_load(box, RELAXED);

	if (letter && maar_a_cas(box, letter, 0, RELAXED))
		sign(w, maar_shared_mring_accept(w->mring, (uint32_t)letter - 1));
}

static void move(struct worker *w)
{
	struct stamp *s;

	switch (unit_random_below(&w->rng, 8)) {
	case 0:
		if (w->n)
			send(w);
		break;
	case 1:
		if (w->n < HOLD)
			receive(w);
		break;
	case 2:
	case 3:
	case 4:
		s = w->n < HOLD ? maar_shared_mring_get(w->mring) : NULL;
		if (s)
			sign(w, s);
		break;
	default:
		if (w->n)
			must(w, maar_shared_mring_put(w->mring, let_go(w)) == 0);
	}
	maar_a_store(&w->board->moves[w->me - 1], ++w->moves, RELAXED);
}

static int work(unsigned number, struct board *board, void *memory, size_t bytes)
{
	struct worker w = { .board = board, .me = number + 1, .rng = unit_rng(number) };

	w.mring = maar_shared_mring_attach(memory, bytes);
	if (!w.mring)
		return 2;
	while (!maar_a_load(&board->stop, RELAXED))
		move(&w);
	while (w.n)
		must(&w, maar_shared_mring_put(w.mring, let_go(&w)) == 0);
	return maar_shared_mring_detach(w.mring) ? 3 : 0;
}

/* The program that was exec'ed: "number board-fd mring-fd bytes seed" in its environment. */
#define ORDERS "MAAR_TEST_SHARED_ORDERS"
static void exec_worker(const char *orders)
{
	unsigned number;
	size_t bytes;
	int fds[2];

	if (sscanf(orders, "%u %d %d %zu", &number, &fds[0], &fds[1], &bytes) != 4)
		_exit(4);
	/* Another address, also where addresses are not drawn at random. */
	(void)shared_map(fds[0], (size_t)(number + 1) << 16);
	_exit(work(number, shared_map(fds[0], sizeof(struct board)), shared_map(fds[1], bytes), bytes));
}

/* ---- the test ---- */

struct shared {
	int fds[2];
	struct board *board;
	void *memory;
	size_t bytes;
	struct maar_shared_mring *mring;
	pid_t pids[PROCESSES]; /* 0: killed */
};

static void start(struct shared *s, unsigned number)
{
	char orders[100];

	snprintf(orders, sizeof(orders), "%u %d %d %zu", number, s->fds[0], s->fds[1], s->bytes);
	s->pids[number] = fork();
	unit_must(s->pids[number] >= 0);
	if (s->pids[number])
		return;
	if (number % 2 == 0)
		_exit(work(number, s->board, s->memory, s->bytes));
	setenv(ORDERS, orders, 1);
	execl("/proc/self/exe", "test_shared_processes", (char *)NULL);
	_exit(5);
}

static uint64_t moves_of(const struct shared *s, unsigned number)
{
	return maar_a_load(&s->board->moves[number], RELAXED);
}

/* That each that is alive, but `but`, makes so many moves. One that ended by itself would be waited for in vain. */
static void others_go_on(const struct shared *s, unsigned but)
{
	uint64_t before[PROCESSES];
	unsigned i;

	for (i = 0; i < PROCESSES; i++)
		before[i] = moves_of(s, i);
	for (i = 0; i < PROCESSES; i++)
		while (i != but && s->pids[i] && moves_of(s, i) < before[i] + MEANWHILE) {
			unit_eq(waitpid(s->pids[i], NULL, WNOHANG), 0);
			pace_yield();
		}
}

static void wait_until_stopped(pid_t pid)
{
	int status;

	unit_eq(waitpid(pid, &status, WUNTRACED), pid);
	unit_must(WIFSTOPPED(status));
}

static void stop_one(const struct shared *s, unsigned which)
{
	uint64_t moves;

	unit_eq(kill(s->pids[which], SIGSTOP), 0);
	wait_until_stopped(s->pids[which]);
	moves = moves_of(s, which);
	others_go_on(s, which);
	unit_eq(moves_of(s, which), moves);
	unit_eq(kill(s->pids[which], SIGCONT), 0);
}

static void kill_one(struct shared *s, unsigned which)
{
	int status;

	unit_eq(kill(s->pids[which], SIGKILL), 0);
	unit_eq(waitpid(s->pids[which], &status, 0), s->pids[which]);
	unit_must(WIFSIGNALED(status));
	s->pids[which] = 0;
	others_go_on(s, which);
}

/* What is not to be had any more, those that are dead have: each a few, as its word says. */
static void account(struct shared *s)
{
	unsigned char seen[SLOTS] = { 0 };
	unsigned lost[PROCESSES + 2] = { 0 }, n = 0, passed = 0;
	const struct stamp *slot;

	for (unsigned i = 0; i < MAIL; i++)
		if (s->board->mail[i])
			unit_eq(maar_shared_mring_put(
					s->mring, maar_shared_mring_accept(s->mring, (uint32_t)s->board->mail[i] - 1)),
				0);
	while ((slot = maar_shared_mring_get(s->mring)) != NULL) {
		const uint32_t handle = maar_shared_mring_handle(s->mring, slot);

		unit_eq(slot->holder, 0);
		unit_must(!seen[handle]);
		seen[handle] = 1;
		n++;
	}
	for (uint32_t h = 0; h < SLOTS; h++) {
		const uint64_t word = s->mring->owned.own[h];
		const unsigned who = maar__own_participant(word);

		if (seen[h])
			continue;
		n++;
		/* Nobody's: one that is dead had passed it on and not mailed it, or had it from the mail and not accepted it. */
		if (maar__own_state(word) == MAAR__SHARED_PASSED) {
			passed++;
			continue;
		}
		ck_assert_msg(who > 1 && who <= PROCESSES + 1 && maar_shared_mring_holder(s->mring, h) != 0,
			      "slot %u is lost: state %u, participant %u", (unsigned)h, maar__own_state(word), who);
		lost[who]++;
	}
	unit_eq(n, SLOTS);
	unit_must(passed <= KILLS);
	for (unsigned i = 0; i < COUNT_OF(lost); i++)
		unit_must(lost[i] <= HOLD + 1); /* it may have had no room for one that it was getting: none, then */
	for (uint32_t h = 0; h < SLOTS; h++)
		if (seen[h])
			unit_eq(maar_shared_mring_put(s->mring, maar_shared_mring_slot(s->mring, h)), 0);
}

START_TEST(stopped_and_killed)
{
	struct shared s = { .bytes = maar_shared_mring_bytes(SLOTS, sizeof(struct stamp), NULL) };
	struct unit_rng rng = unit_rng(1000);
	struct maar_shared_mring_stats stats;
	int status;

	s.fds[0] = shared_file((size_t)(PROCESSES + 1) << 16);
	s.fds[1] = shared_file(s.bytes);
	s.board = shared_map(s.fds[0], sizeof(struct board));
	s.memory = shared_map(s.fds[1], s.bytes);
	unit_eq(maar_shared_mring_init(s.memory, s.bytes, SLOTS, sizeof(struct stamp), NULL), 0);
	s.mring = maar_shared_mring_attach(s.memory, s.bytes);
	ck_assert_ptr_nonnull(s.mring);
	for (unsigned i = 0; i < PROCESSES; i++)
		start(&s, i);
	others_go_on(&s, PROCESSES);
	for (unsigned i = 0; i < STOPS; i++)
		stop_one(&s, (unsigned)unit_random_below(&rng, PROCESSES));
	for (unsigned i = 1; i <= KILLS; i++)
		kill_one(&s, PROCESSES - i);
	maar_a_store(&s.board->stop, 1, RELAXED);
	for (unsigned i = 0; i < PROCESSES; i++) {
		if (!s.pids[i])
			continue;
		unit_eq(waitpid(s.pids[i], &status, 0), s.pids[i]);
		unit_eq(status, 0);
	}
	unit_eq(s.board->faults, 0);
	account(&s);
	unit_eq(maar_shared_mring_stats(s.mring, &stats), 0);
	unit_note("of %d slots, %u are with the %d killed: %u out, %u passed on", SLOTS,
		  (unsigned)(stats.out + stats.passed), KILLS, (unsigned)stats.out, (unsigned)stats.passed);
	unit_eq(stats.participants, KILLS + 1);
	unit_eq(stats.mine, 0);
	unit_eq(maar_shared_mring_detach(s.mring), 0);
	munmap(s.memory, s.bytes);
	munmap(s.board, sizeof(struct board));
	close(s.fds[0]);
	close(s.fds[1]);
}
END_TEST

Suite *unit_suite(void)
{
	const char *orders = getenv(ORDERS);
	Suite *suite;

	if (orders)
		exec_worker(orders);
	suite = suite_create("shared mring among processes");
	tcase_add_test(unit_tcase(suite, "processes"), stopped_and_killed);
	return suite;
}
