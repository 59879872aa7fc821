/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * A consumer is armed, and another participant is killed at each access to shared memory of what should make its
 * descriptor readable: a send, a close, a recovery, an attach in a dead one's place; or of its own arm and disarm;
 * and whoever recovers is killed at each access of that. At the end, if there is something, the consumer has been
 * told; and from then on one message costs one ring, and the next none.
 *
 * Killing is leaving the call by longjmp: all that a process leaves behind when it is killed lies in the shared
 * memory.
 */
#include "ipcs.h"

#include "../../src/ipc/ipc_priv.h"

#include <maar/ipc_watch.h>

#include <poll.h>
#include <setjmp.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define SLOTS 4
#define KEY   9

enum { VICTIM, SECOND, OTHER, WATCHER, PEOPLE };

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

/* ---- bells ---- */

static int fds[64];
static unsigned rings;

static int open_bell(void *arg, uint32_t i, uint32_t life)
{
	(void)arg, (void)life;
	return fds[i];
}

/* The system call has two sides as well. */
static int ring_bell(void *arg, uint32_t i, uint32_t life)
{
	(void)arg, (void)life;
	shared_point();
	rings++;
	unit_eq(eventfd_write(fds[i], 1), 0);
	shared_point();
	return 0;
}

static void close_bell(void *arg, uint32_t i, uint32_t life)
{
	(void)arg, (void)i, (void)life;
	shared_point();
}

/* No end is told: what recovery tells has to do. */
static int no_end(void *arg, uint32_t i)
{
	(void)arg, (void)i;
	return -ENOSYS;
}

static const struct maar_ipc_bells bells = { open_bell, ring_bell, close_bell, no_end, NULL };

static bool told(int who)
{
	struct pollfd about = { .fd = maar_ipc_fd(of[who]), .events = POLLIN };

	return poll(&about, 1, 0) == 1;
}

/* ---- what is killed ---- */

enum call { SEND, CLOSE, ARM, ARM_SOMETHING, DISARM, RECOVER, HEIR, DETACH, CALLS };
static const char *const names[] = {
	"send", "close", "arm", "arm, not empty", "disarm", "recover", "attach in a dead one's place", "detach"
};

static struct maar_ipc *fresh; /* attached for this call; what it leaves of its own is not given back */
static uint32_t dies;

static void send_one(int who)
{
	unit_eq(maar_ipc_send(of[who], "x", 1, NULL, 0), 1);
}

/* Before the call: the watcher is armed, and the queue is empty. */
static void prepare(enum call call)
{
	struct maar_ipc_message m;

	dies = of[VICTIM]->me;
	if (call == RECOVER) {
		send_one(OTHER);
		unit_eq(maar_ipc_take(of[SECOND], &m, 0), 1);
		lives.alive[of[SECOND]->me] = false;
	}
	if (call == DISARM || call == DETACH)
		unit_eq(maar_ipc_arm(of[VICTIM]), 0);
	if (call == HEIR) {
		send_one(OTHER);
		unit_eq(maar_ipc_take(of[VICTIM], &m, 0), 1);
		lives.alive[dies] = false;
	}
	unit_eq(maar_ipc_disarm(of[WATCHER]), 0);
	unit_eq(maar_ipc_arm(of[WATCHER]), 0);
	if (call == ARM_SOMETHING)
		send_one(OTHER);
	unit_eq(told(WATCHER), call == ARM_SOMETHING);
}

static void run(int call)
{
	const struct maar_ipc_who who = { .roles = MAAR_IPC_PRODUCER | MAAR_IPC_CONSUMER, .key = KEY };
	const struct maar_ipc_life life = ipc_life(&lives);

	switch ((enum call)call) {
	case SEND:
		send_one(VICTIM);
		break;
	case CLOSE:
		unit_eq(maar_ipc_close(of[VICTIM]), 0);
		break;
	case ARM:
		unit_eq(maar_ipc_arm(of[VICTIM]), 0);
		break;
	case ARM_SOMETHING:
		unit_eq(maar_ipc_arm(of[VICTIM]), 1);
		break;
	case DISARM:
		unit_eq(maar_ipc_disarm(of[VICTIM]), 0);
		break;
	case RECOVER:
		unit_eq(maar_ipc_recover(of[VICTIM]), 1);
		break;
	case DETACH: /* but for what is this process's own, as the set, which is used again */
		maar__ipc_unwatch(of[VICTIM], of[VICTIM]->me);
		break;
	default:
		fresh = maar_ipc_attach(memory, bytes, &who, &life);
		unit_must(fresh);
		unit_eq(maar_ipc_set_bells(fresh, &bells), 0);
	}
}

static void recover_by(int who)
{
	unit_must(maar_ipc_recover(of[who]) >= 0);
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

/* ---- a case ---- */

static void set_up(void)
{
	const struct maar_ipc_options options = { .classes = { { .bytes = 8, .slots = SLOTS } },
						  .n_classes = 1,
						  .participants = PEOPLE + 1 };
	const struct maar_ipc_who who = { .roles = MAAR_IPC_PRODUCER | MAAR_IPC_CONSUMER, .key = KEY };
	const struct maar_ipc_life life = ipc_life(&lives);
	int i;

	bytes = (size_t)maar_ipc_bytes(&options);
	unit_must(bytes && bytes <= sizeof(memory));
	unit_eq(maar_ipc_init(memory, bytes, &options), 0);
	for (i = 0; i < PEOPLE; i++) {
		of[i] = maar_ipc_attach(memory, bytes, i == VICTIM ? &who : NULL, &life);
		unit_must(of[i]);
		unit_eq(maar_ipc_set_bells(of[i], &bells), 0);
		fds[of[i]->me] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
		if (i == VICTIM || i == WATCHER)
			unit_must(maar_ipc_fd(of[i]) >= 0);
		saved_of[i] = *of[i];
	}
	memcpy(saved, memory, bytes);
	saved_lives = lives;
}

static void begin(void)
{
	eventfd_t count;
	int i;

	memcpy(memory, saved, bytes);
	lives = saved_lives;
	for (i = 0; i < PEOPLE; i++) {
		*of[i] = saved_of[i];
		(void)eventfd_read(fds[of[i]->me], &count);
	}
}

/* NULL, or what is not as it must be. */
static const char *what_is_wrong(void)
{
	struct maar_ipc_message m;
	const bool closed = maar_ipc_closed(of[OTHER]);
	bool something = closed;
	unsigned before;

	while (maar_ipc_take(of[OTHER], &m, 0) == 1) {
		something = true;
		unit_eq(maar_ipc_release(of[OTHER], &m), 0);
	}
	if (something && !told(WATCHER))
		return "the consumer sleeps, though there was something";
	if (maar_ipc_check(of[OTHER]))
		return "a slot is not where its word says";
	if (closed)
		return NULL;
	unit_eq(maar_ipc_disarm(of[WATCHER]), 0);
	unit_eq(maar_ipc_arm(of[WATCHER]), 0);
	before = rings;
	send_one(OTHER);
	if (!told(WATCHER) || rings != before + 1)
		return "the next message rings another number of bells";
	send_one(OTHER);
	return rings == before + 1 ? NULL : "a message costs a ring though nobody is armed";
}

static unsigned long cases;

/* The victim dies at point k (it may end before), whoever recovers at point j (0: does not). Whether both died. */
static bool one(enum call call, unsigned long k, unsigned long j, bool recovers, const char **wrong)
{
	bool died;

	begin();
	prepare(call);
	died = dies_at(k, run, call);
	if (died || call == ARM || call == ARM_SOMETHING || call == HEIR)
		lives.alive[dies] = false; /* it ended, and is still armed or there, and dies of something else */
	if (j) {
		const bool second = dies_at(j, recover_by, call == RECOVER ? OTHER : SECOND);

		lives.alive[of[call == RECOVER ? OTHER : SECOND]->me] = false;
		died = died && second;
		if (call == RECOVER) { /* nobody else is left: the watcher does it */
			unit_must(maar_ipc_recover(of[WATCHER]) >= 0);
			lives.alive[of[OTHER]->me] = true; /* as one that comes again */
			maar_a_store(&maar__ipc_entry(of[OTHER], of[OTHER]->me)->state, of[OTHER]->state, RELAXED);
		}
	}
	if (recovers)
		recover_by(OTHER);
	cases++;
	*wrong = what_is_wrong();
	return died;
}

static void must_be_right(enum call call, unsigned long k, unsigned long j, const char *wrong)
{
	ck_assert_msg(!wrong, "%s, killed at point %lu, whoever recovers at %lu: %s", names[call], k, j, wrong);
}

START_TEST(killed_alone)
{
	const char *wrong;
	enum call call;

	set_up();
	for (call = 0; call < CALLS; call++) {
		unsigned long k = 1;

		while (one(call, k, 0, true, &wrong)) {
			must_be_right(call, k, 0, wrong);
			k++;
		}
		must_be_right(call, k, 0, wrong);
		unit_note("%s: %lu points", names[call], k - 1);
		unit_must(k > 1);
	}
	unit_must(cases > 100);
}
END_TEST

START_TEST(killed_and_its_recoverer)
{
	const char *wrong;
	enum call call;
	unsigned long k, j;

	set_up();
	for (call = 0; call < CALLS; call++)
		for (k = 1, j = 2; j > 1; k++) {
			for (j = 1; one(call, k, j, true, &wrong); j++)
				must_be_right(call, k, j, wrong);
			must_be_right(call, k, j, wrong);
		}
	unit_note("%lu cases", cases);
	unit_must(cases > 2000);
}
END_TEST

/* Without recovery some kills of a send are seen, but few: from the message's cell on to the ring. */
START_TEST(control)
{
	const char *wrong;
	unsigned seen = 0;
	unsigned long k;

	set_up();
	for (k = 1; one(SEND, k, 0, false, &wrong); k++)
		seen += wrong && strstr(wrong, "sleeps");
	unit_must(seen >= 3 && seen < k / 2);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("ipc_watch, point by point");
	TCase *tcase = unit_tcase(suite, "points");

	tcase_add_test(tcase, killed_alone);
	tcase_add_test(tcase, killed_and_its_recoverer);
	tcase_add_test(tcase, control);
	return suite;
}
