/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * <maar/ipc.h> among processes. One that was exec'ed sends to one that forked it. Then producers and consumers are
 * killed (SIGKILL) at random times and started anew, more than a thousand times, some while another is stopped (SIGSTOP),
 * and some that are stopped themselves. The others must go on after each. At the end all messages are accounted for:
 * what publish said was sent is there, nothing came twice without its flag, each slot is back. And the same with stops
 * alone: nobody is taken for dead, and nothing is delivered again. MAAR_KILLS: how many kills, and stops, instead.
 */
#include "ipcs.h"

#include "shared_maps.h"

#include "../../src/ipc/ipc_priv.h"

#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#define BOTH (MAAR_IPC_PRODUCER | MAAR_IPC_CONSUMER)

/* ---- one sends, another receives ---- */

#define MESSAGES 200000
#define ORDERS	 "MAAR_TEST_IPC_ORDERS" /* "fd bytes", in the environment of the exec'ed one */

static size_t length_of(uint64_t n)
{
	return 8 + n * 7 % 192;
}

static void exec_sender(const char *orders)
{
	unsigned char data[200];
	struct maar_ipc *q;
	size_t bytes;
	void *memory;
	int fd;

	if (sscanf(orders, "%d %zu", &fd, &bytes) != 2)
		_exit(2);
	(void)shared_map(fd, 4096); /* another address, also where they are not drawn at random */
	memory = shared_map(fd, bytes);
	q = maar_ipc_attach(memory, bytes, &(struct maar_ipc_who){ .roles = MAAR_IPC_PRODUCER }, NULL);
	if (!q)
		_exit(3);
	for (uint64_t n = 0; n < MESSAGES; n++) {
		const struct maar_ipc_tags tags = { .sequence = n, .priority = 0, .type = (uint32_t)n };

		memset(data, (int)(n & 0xff), sizeof(data));
		memcpy(data, &n, sizeof(n));
		if (maar_ipc_send(q, data, length_of(n), &tags, MAAR_FOREVER) != 1)
			_exit(4);
	}
	if (maar_ipc_close(q) || maar_ipc_detach(q))
		_exit(5);
	_exit(0);
}

static void check_message(const unsigned char *data, const struct maar_ipc_message *m, uint64_t n)
{
	unit_eq(m->sequence, n);
	unit_eq(m->type, (uint32_t)n);
	unit_eq(m->flags, 0);
	unit_eq(m->bytes, length_of(n));
	unit_must(memcmp(data, &n, sizeof(n)) == 0);
	for (size_t i = sizeof(n); i < m->bytes; i++)
		unit_must(data[i] == (unsigned char)n);
}

START_TEST(sent_and_received)
{
	const struct maar_ipc_options o = { .classes = { { .bytes = 64, .slots = 64 }, { .bytes = 200, .slots = 64 } },
					    .n_classes = 2 };
	const size_t bytes = (size_t)maar_ipc_bytes(&o);
	const int fd = shared_file(bytes);
	void *memory = shared_map(fd, bytes);
	unsigned char data[200];
	struct maar_ipc_message m;
	struct maar_ipc *q;
	char orders[64];
	int status;
	pid_t pid;

	unit_eq(maar_ipc_init(memory, bytes, &o), 0);
	q = maar_ipc_attach(memory, bytes, &(struct maar_ipc_who){ .roles = MAAR_IPC_CONSUMER }, NULL);
	unit_must(q != NULL);
	snprintf(orders, sizeof(orders), "%d %zu", fd, bytes);
	pid = fork();
	unit_must(pid >= 0);
	if (pid == 0) {
		setenv(ORDERS, orders, 1);
		execl("/proc/self/exe", "test_ipc_kill", (char *)NULL);
		_exit(6);
	}
	for (uint64_t n = 0; n < MESSAGES; n++) {
		if (n % 2) {
			unit_eq(maar_ipc_receive(q, data, sizeof(data), &m, MAAR_FOREVER), 1);
			check_message(data, &m, n);
		} else {
			unit_eq(maar_ipc_take(q, &m, MAAR_FOREVER), 1);
			check_message(m.payload, &m, n);
			unit_eq(maar_ipc_release(q, &m), 0);
		}
	}
	unit_eq(maar_ipc_take(q, &m, MAAR_FOREVER), -EPIPE);
	unit_eq(waitpid(pid, &status, 0), pid);
	unit_eq(status, 0);
	unit_eq(maar_ipc_check(q), 0);
	unit_eq(maar_ipc_detach(q), 0);
	munmap(memory, bytes);
	close(fd);
}
END_TEST

/* ---- killed ---- */

#define SLOTS	  48
#define WORKERS	  8
#define NUMBERS	  (UINT32_C(1) << 23) /* of messages, at most */
#define QUOTA	  800		      /* more of them for each kill and each stop */
#define STOP_EACH 16		      /* before one of so many kills another is stopped, and goes on, or is killed so */
#define SLICE	  1000000	      /* ns: a survivor finds the dead that soon */

struct board {
	uint64_t stop;	/* 1: producers leave; 2: consumers too */
	uint64_t next;	/* number of a message */
	uint64_t quota; /* numbers that may be used so far, so that there are some for each kill */
	uint64_t taken; /* so far, by all */
	uint64_t faults;
	uint64_t fault; /* the first, for the log: line and answer */
	unsigned char sent[NUMBERS], plain[NUMBERS], flagged[NUMBERS];
};

struct world {
	struct board *board;
	void *memory;
	size_t bytes;
	unsigned producers, workers;
	pid_t pids[WORKERS];
};

static void fault(struct board *b, unsigned line, long answer)
{
	if (maar_a_add(&b->faults, 1, RELAXED) == 0)
		maar_a_store(&b->fault, (uint64_t)line << 32 | (uint32_t)answer, RELAXED);
}

static void produce(struct board *b, struct maar_ipc *q, struct unit_rng *rng)
{
	while (!maar_a_load(&b->stop, RELAXED)) {
		uint64_t *payload, n;
		int rc;

		if (maar_a_load(&b->next, RELAXED) >= maar_a_load(&b->quota, RELAXED)) {
			sched_yield();
			continue;
		}
		n = maar_a_add(&b->next, 1, RELAXED);
		rc = maar_ipc_loan(q, 64, (void **)&payload, MAAR_FOREVER);
		if (rc != 1)
			fault(b, __LINE__, rc);
		for (unsigned i = 0; i < 8; i++)
			payload[i] = n + i;
		if (unit_random_below(rng, 64) == 0) { /* changed its mind */
			rc = maar_ipc_discard(q, payload);
			if (rc)
				fault(b, __LINE__, rc);
			continue;
		}
		rc = maar_ipc_publish(q, payload, 64, NULL, MAAR_FOREVER);
		if (rc != 1)
			fault(b, __LINE__, rc);
		maar_a_store(&b->sent[n], 1, RELAXED);
	}
}

static void consume_one(struct board *b, const struct maar_ipc_message *m)
{
	const uint64_t *payload = m->payload;
	const uint64_t n = payload[0];

	for (unsigned i = 0; i < 8; i++)
		if (n >= NUMBERS || payload[i] != n + i || m->bytes != 64)
			return fault(b, __LINE__, (long)i);
	(void)maar_a_add(m->flags & MAAR_IPC_REDELIVERED ? &b->flagged[n] : &b->plain[n], 1, RELAXED);
	(void)maar_a_add(&b->taken, 1, RELAXED);
}

static void consume(struct board *b, struct maar_ipc *q, struct unit_rng *rng)
{
	struct maar_ipc_message m[4];

	while (maar_a_load(&b->stop, RELAXED) < 2) {
		const ssize_t n = maar_ipc_take_burst(q, m, 1 + unit_random_below(rng, 4), SLICE);
		int rc;

		if (n < 0)
			fault(b, __LINE__, (long)n);
		for (ssize_t i = 0; i < n; i++)
			consume_one(b, &m[i]);
		rc = n > 0 ? maar_ipc_release_burst(q, m, (size_t)n) : 0;
		if (rc)
			fault(b, __LINE__, rc);
	}
}

static void work(const struct world *w, unsigned which, uint64_t stream)
{
	const struct maar_ipc_who who = { .roles = BOTH, .slice_ns = SLICE };
	struct unit_rng rng = unit_rng(stream);
	struct maar_ipc *q;

	/* All numbers may be with the dead, and those in the hands of another who attaches. */
	while (!(q = maar_ipc_attach(w->memory, w->bytes, &who, NULL)) && errno == EUSERS)
		sched_yield();
	if (!q)
		fault(w->board, __LINE__, errno);
	else if (which < w->producers)
		produce(w->board, q, &rng);
	else
		consume(w->board, q, &rng);
	_exit(q ? maar_ipc_detach(q) : 1);
}

static void start(struct world *w, unsigned which)
{
	static uint64_t stream = 100;

	stream++;
	w->pids[which] = fork();
	unit_must(w->pids[which] >= 0);
	if (w->pids[which] == 0)
		work(w, which, stream);
}

static void nap(uint64_t ns)
{
	const struct timespec t = { .tv_nsec = (long)ns };

	(void)nanosleep(&t, NULL);
}

/* The others take `more` messages, however long that takes on this machine. */
static void must_go_on(const struct world *w, uint64_t more)
{
	const uint64_t before = maar_a_load(&w->board->taken, RELAXED);

	maar_a_add(&w->board->quota, QUOTA, RELAXED);
	while (maar_a_load(&w->board->taken, RELAXED) < before + more)
		nap(20000);
}

static void stop_one(const struct world *w, unsigned which)
{
	int status;

	unit_eq(kill(w->pids[which], SIGSTOP), 0);
	unit_eq(waitpid(w->pids[which], &status, WUNTRACED), w->pids[which]);
	unit_must(WIFSTOPPED(status));
}

/* Whether messages still move while one of either side is stopped. */
static bool is_many(const struct world *w)
{
	return w->producers > 1 && w->workers - w->producers > 1;
}

static void kill_one(struct world *w, unsigned which)
{
	int status;

	unit_eq(kill(w->pids[which], SIGKILL), 0);
	unit_eq(waitpid(w->pids[which], &status, 0), w->pids[which]);
	unit_must(WIFSIGNALED(status));
}

static void end_all(const struct world *w)
{
	int status;

	maar_a_store(&w->board->stop, 1, RELAXED);
	for (unsigned i = 0; i < w->producers; i++)
		unit_eq(waitpid(w->pids[i], &status, 0), w->pids[i]);
	maar_a_store(&w->board->stop, 2, RELAXED);
	for (unsigned i = w->producers; i < w->workers; i++)
		unit_eq(waitpid(w->pids[i], &status, 0), w->pids[i]);
}

/* NULL, or what is wrong. */
static const char *account(const struct world *w, struct maar_ipc *q)
{
	const struct board *b = w->board;
	struct maar_ipc_stats s;

	if (b->faults)
		return "a wrong answer";
	unit_eq(maar_ipc_stats(q, &s), 0);
	if (s.free != SLOTS)
		return "a slot is not back";
	if (maar_ipc_check(q))
		return "a slot is not where its word says";
	for (uint64_t n = 0; n < NUMBERS && n < b->next; n++) {
		if (b->plain[n] > 1)
			return "a message came twice without a flag";
		if (b->sent[n] && !b->plain[n] && !b->flagged[n])
			return "a message is lost";
	}
	return NULL;
}

static void controls(const struct world *w, struct maar_ipc *q)
{
	struct board *b = w->board;
	uint64_t n = 0;
	void *payload;

	while (!b->sent[n] || b->plain[n] != 1)
		n++;
	b->plain[n] = 2;
	unit_must(account(w, q) != NULL);
	b->plain[n] = 0;
	unit_must(account(w, q) != NULL || b->flagged[n]);
	b->plain[n] = 1;
	unit_eq(maar_ipc_loan(q, 64, &payload, 0), 1);
	unit_must(account(w, q) != NULL);
	unit_eq(maar_ipc_discard(q, payload), 0);
	unit_must(account(w, q) == NULL);
}

static unsigned kills_wanted(void)
{
	const char *number = getenv("MAAR_KILLS");

	return number ? (unsigned)strtoul(number, NULL, 10) : UNIT_SANITIZED ? 240 : 1200;
}

static void drain_rest(const struct world *w, struct maar_ipc *q)
{
	struct maar_ipc_message m;

	unit_must(maar_ipc_recover(q) >= 0);
	while (maar_ipc_take(q, &m, 0) == 1) {
		consume_one(w->board, &m);
		unit_eq(maar_ipc_release(q, &m), 0);
	}
}

static const struct {
	unsigned producers, consumers;
} crews[] = { { 1, 1 }, { 2, 2 }, { 4, 1 }, { 1, 4 }, { 4, 4 } };

/* A crew at work, and this process beside them. */
static struct maar_ipc *begin(struct world *w, unsigned crew, unsigned events)
{
	const struct maar_ipc_options o = { .classes = { { .bytes = 64, .slots = SLOTS } },
					    .n_classes = 1,
					    .participants = 24 };
	const struct maar_ipc_who who = { .roles = BOTH, .slice_ns = SLICE };
	struct maar_ipc *q;

	ck_assert_msg((events + 1) * 2 * (uint64_t)QUOTA + WORKERS < NUMBERS,
		      "MAAR_KILLS is too much: in rounds, then");
	w->producers = crews[crew].producers;
	w->workers = w->producers + crews[crew].consumers;
	w->board = ipc_memory(sizeof(*w->board));
	w->bytes = (size_t)maar_ipc_bytes(&o);
	w->memory = ipc_memory(w->bytes);
	unit_eq(maar_ipc_init(w->memory, w->bytes, &o), 0);
	q = maar_ipc_attach(w->memory, w->bytes, &who, NULL);
	unit_must(q != NULL);
	maar_a_store(&w->board->quota, QUOTA, RELAXED);
	for (unsigned i = 0; i < w->workers; i++)
		start(w, i);
	return q;
}

static struct maar_ipc_stats end(struct world *w, struct maar_ipc *q)
{
	struct maar_ipc_stats s;
	const char *wrong;

	end_all(w);
	drain_rest(w, q);
	wrong = account(w, q);
	ck_assert_msg(!wrong, "%s (%u producers, %u consumers; line and answer %#llx)", wrong, w->producers,
		      w->workers - w->producers, (unsigned long long)w->board->fault);
	unit_eq(maar_ipc_stats(q, &s), 0);
	controls(w, q);
	unit_eq(maar_ipc_detach(q), 0);
	munmap(w->memory, w->bytes);
	munmap(w->board, sizeof(*w->board));
	return s;
}

static void kill_and_replace(struct world *w, struct maar_ipc *q, unsigned which, bool recovers)
{
	kill_one(w, which);
	if (recovers)
		unit_must(maar_ipc_recover(q) >= 0);
	start(w, which);
}

/* One is stopped; another is killed meanwhile, and what it left waits for the first only if that was recovering. */
static void kill_beside_a_stopped(struct world *w, struct maar_ipc *q, struct unit_rng *rng, unsigned which)
{
	const unsigned stopped = (which + 1 + (unsigned)unit_random_below(rng, w->workers - 1)) % w->workers;

	stop_one(w, stopped);
	if (is_many(w))
		must_go_on(w, 10);
	kill_and_replace(w, q, which, true);
	if (is_many(w))
		must_go_on(w, 1);
	if (unit_random_below(rng, 2))
		kill_and_replace(w, q, stopped, true);
	else
		unit_eq(kill(w->pids[stopped], SIGCONT), 0);
}

START_TEST(killed)
{
	const unsigned kills = kills_wanted() / COUNT_OF(crews);
	struct unit_rng rng = unit_rng((uint64_t)_i);
	unsigned k, beside = 0;
	struct maar_ipc_stats s;
	struct maar_ipc *q;
	struct world w;

	q = begin(&w, (unsigned)_i, kills);
	for (k = 0; k < kills; k++) {
		const unsigned which = (unsigned)unit_random_below(&rng, w.workers);

		nap(unit_random_below(&rng, 300000));
		if (unit_random_below(&rng, STOP_EACH) == 0) {
			kill_beside_a_stopped(&w, q, &rng, which);
			beside++;
		} else {
			kill_and_replace(&w, q, which, k % 2);
		}
		must_go_on(&w, 1);
	}
	s = end(&w, q);
	unit_note("%u kills, %u beside a stopped one, %llu recovered, %llu redelivered", kills, beside,
		  (unsigned long long)s.recovered, (unsigned long long)s.redelivered);
}
END_TEST

/* Whoever is stopped is alive, however often the others look. */
START_TEST(stopped)
{
	const unsigned stops = kills_wanted() / COUNT_OF(crews);
	struct unit_rng rng = unit_rng(100 + (uint64_t)_i);
	struct maar_ipc_stats s;
	struct maar_ipc *q;
	struct world w;

	q = begin(&w, (unsigned)_i, stops);
	for (unsigned k = 0; k < stops; k++) {
		const unsigned which = (unsigned)unit_random_below(&rng, w.workers);

		nap(unit_random_below(&rng, 300000));
		stop_one(&w, which);
		if (is_many(&w))
			must_go_on(&w, 10);
		unit_eq(maar_ipc_recover(q), 0);
		unit_eq(kill(w.pids[which], SIGCONT), 0);
		must_go_on(&w, 1);
	}
	s = end(&w, q);
	unit_eq(s.recovered + s.redelivered, 0);
	unit_note("%u stops", stops);
}
END_TEST

Suite *unit_suite(void)
{
	const char *orders = getenv(ORDERS);
	Suite *suite;
	TCase *tcase;

	if (orders)
		exec_sender(orders);
	suite = suite_create("ipc among processes");
	tcase = unit_tcase(suite, "processes");
	tcase_add_test(tcase, sent_and_received);
	tcase_add_loop_test(tcase, killed, 0, COUNT_OF(crews));
	tcase_add_loop_test(tcase, stopped, 0, COUNT_OF(crews));
	return suite;
}
