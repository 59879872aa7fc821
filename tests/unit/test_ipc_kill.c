/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * <maar/ipc.h> among processes. One that was exec'ed sends to one that forked it. Then producers and consumers are
 * killed (SIGKILL) at random times and started anew, more than a thousand times, some while another is stopped (SIGSTOP),
 * and some that are stopped themselves: of queues, a pair, and broadcasts. The others must go on after each. At the end all
 * messages are accounted for: what publish said was sent is there, nothing came twice without its flag, no reader of a
 * broadcast had a gap of which it was not told, each slot is back. And the same with stops alone: nobody is taken for
 * dead, and nothing is delivered again. MAAR_KILLS: how many kills, and stops, instead.
 */
#include "ipc_crew.h"

#include "shared_maps.h"

#include <sys/wait.h>
#include <time.h>

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

#define STOP_EACH 16 /* before one of so many kills another is stopped, and goes on, or is killed so */

static const struct crew_kind crews[] = {
	{ MAAR_IPC_QUEUE, 1, 1 }, { MAAR_IPC_QUEUE, 2, 2 }, { MAAR_IPC_QUEUE, 4, 1 },	  { MAAR_IPC_QUEUE, 1, 4 },
	{ MAAR_IPC_QUEUE, 4, 4 }, { MAAR_IPC_PAIR, 1, 1 },  { MAAR_IPC_BROADCAST, 1, 3 }, { MAAR_IPC_BROADCAST, 3, 4 },
};

/* Of each crew, so that there are at least as many as are wanted. */
static unsigned events_of_a_crew(void)
{
	const char *number = getenv("MAAR_KILLS");
	const unsigned all = number ? (unsigned)strtoul(number, NULL, 10) : UNIT_SANITIZED ? 240 : 1200;

	return (all + COUNT_OF(crews) - 1) / COUNT_OF(crews);
}

static void nap(uint64_t ns)
{
	const struct timespec t = { .tv_nsec = (long)ns };

	(void)nanosleep(&t, NULL);
}

/* One that may be killed, and stopped: not `other`. */
static unsigned draw(const struct crew *c, struct unit_rng *rng, unsigned other)
{
	unsigned which;

	do
		which = (unsigned)unit_random_below(rng, c->workers);
	while (which == other || crew_is_recorder(c, which));
	return which;
}

#define NOBODY CREW_MOST

static void kill_and_replace(struct crew *c, unsigned which, bool recovers)
{
	crew_kill(c, which);
	if (recovers)
		unit_must(maar_ipc_recover(c->ipc) >= 0);
	crew_start(c, which);
}

/*
 * One is stopped; another is killed meanwhile, and what it left waits for the first only if that was recovering: of a
 * dead lossless reader that is all room there is.
 */
static void kill_beside_a_stopped(struct crew *c, struct unit_rng *rng, unsigned which)
{
	const unsigned stopped = draw(c, rng, which);

	crew_stop(c, stopped);
	if (crew_goes_on_without(c, stopped))
		crew_must_go_on(c, 10);
	kill_and_replace(c, which, true);
	if (crew_goes_on_without(c, stopped) && !crew_is_lossless(c, which))
		crew_must_go_on(c, 1);
	if (unit_random_below(rng, 2))
		kill_and_replace(c, stopped, true);
	else
		crew_continue(c, stopped);
}

static void end(struct crew *c, struct maar_ipc_stats *s)
{
	const char *wrong = crew_end(c, s);

	ck_assert_msg(!wrong, "%s (kind %u, %u producers, %u consumers; line and answer %#llx)", wrong, c->kind.kind,
		      c->kind.producers, c->kind.consumers, (unsigned long long)c->board->fault);
	crew_free(c);
}

START_TEST(killed)
{
	const unsigned kills = events_of_a_crew();
	struct unit_rng rng = unit_rng((uint64_t)_i);
	unsigned k, beside = 0;
	struct maar_ipc_stats s;
	struct crew c;

	crew_begin(&c, crews[_i], kills);
	for (k = 0; k < kills; k++) {
		const unsigned which = draw(&c, &rng, NOBODY);

		nap(unit_random_below(&rng, 300000));
		if (unit_random_below(&rng, STOP_EACH) == 0) {
			kill_beside_a_stopped(&c, &rng, which);
			beside++;
		} else {
			kill_and_replace(&c, which, k % 2);
		}
		/* Of a broadcast, so many that no dead reader holds anybody any more when somebody is stopped. */
		crew_must_go_on(&c, crews[_i].kind == MAAR_IPC_BROADCAST ? 2 * CREW_SLOTS : 1);
	}
	end(&c, &s);
	unit_note("kind %u: %u kills, %u beside a stopped one, %llu recovered, %llu redelivered", crews[_i].kind, kills,
		  beside, (unsigned long long)s.recovered, (unsigned long long)s.redelivered);
}
END_TEST

/* Whoever is stopped is alive, however often the others look. */
START_TEST(stopped)
{
	const unsigned stops = events_of_a_crew();
	struct unit_rng rng = unit_rng(100 + (uint64_t)_i);
	struct maar_ipc_stats s;
	struct crew c;

	crew_begin(&c, crews[_i], stops);
	for (unsigned k = 0; k < stops; k++) {
		const unsigned which = draw(&c, &rng, NOBODY);

		nap(unit_random_below(&rng, 300000));
		crew_stop(&c, which);
		if (crew_goes_on_without(&c, which))
			crew_must_go_on(&c, 10);
		unit_eq(maar_ipc_recover(c.ipc), 0);
		crew_continue(&c, which);
		crew_must_go_on(&c, 1);
	}
	end(&c, &s);
	unit_eq(s.recovered + s.redelivered, 0);
	unit_note("kind %u: %u stops", crews[_i].kind, stops);
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
