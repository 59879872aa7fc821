/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Waiting for word rings, <maar/wait.h>: every call and answer, half-full wake-ups, closing, the descriptor, and no system
 * call while nobody sleeps. Transfers by many threads: test_wait_flow.c.
 */
#include "waits.h"

#include <linux/seccomp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- life ---- */

START_TEST(life)
{
	static char memory[2048] __attribute__((aligned(MAAR_APART)));
	struct maar_ring *ring = maar_ring_create(8, 0);
	const size_t bytes = maar_wait_bytes();
	struct maar_wait *wait = (struct maar_wait *)(void *)memory;
	uint64_t value = 0;

	unit_eq(bytes, sizeof(struct maar_wait));
	unit_eq(maar_wait_init(NULL, bytes, ring, 0), -EINVAL);
	unit_eq(maar_wait_init(memory + 64, bytes, ring, 0), -EINVAL);
	unit_eq(maar_wait_init(memory, bytes, NULL, 0), -EINVAL);
	unit_eq(maar_wait_init(memory, bytes, (struct maar_ring *)(void *)(memory + 1024), 0), -EINVAL);
	unit_eq(maar_wait_init(memory, bytes, ring, 4), -EINVAL);
	unit_eq(maar_wait_init(memory, bytes - 1, ring, 0), -ENOSPC);
	unit_eq(maar_wait_init_layout(memory, bytes, ring, 0, MAAR_WAIT_LAYOUT + 1), -EPROTO);

	memset(memory, 0xa5, sizeof(memory));
	unit_eq(maar_wait_init(memory, sizeof(memory), ring, MAAR_WAIT_SHARED | MAAR_WAIT_PROMPT), 0);
	unit_must(maar_wait_ring(wait) == ring);
	unit_eq(maar_wait_flags(wait), MAAR_WAIT_SHARED | MAAR_WAIT_PROMPT);
	unit_eq(maar_wait_closed(wait), 0);
	unit_eq(maar_wait_enqueue(wait, 7, MAAR_FOREVER), 1);
	unit_eq(maar_wait_dequeue(wait, &value, MAAR_FOREVER), 1);
	unit_eq(value, 7);
	unit_eq(maar_wait_fd(wait), -ENOTSUP);
	maar_wait_destroy(wait);

	errno = 0;
	unit_must(!maar_wait_create(NULL, 0));
	unit_eq(errno, EINVAL);
	errno = 0;
	unit_must(!maar_wait_create(ring, 1u << 20));
	unit_eq(errno, EINVAL);
	wait = maar_wait_create(ring, MAAR_WAIT_NO_SPIN);
	ck_assert_ptr_nonnull(wait);
	unit_eq(maar_wait_flags(wait), MAAR_WAIT_NO_SPIN);
	maar_wait_destroy(wait);
	maar_wait_destroy(NULL);
	maar_ring_destroy(ring);
}
END_TEST

START_TEST(null)
{
	struct both b = make(4, 0, 0);
	uint64_t value = 1;
	void *pointer = &value;

	unit_eq(maar_wait_enqueue(NULL, 1, 0), -EINVAL);
	unit_eq(maar_wait_dequeue(NULL, &value, 0), -EINVAL);
	unit_eq(maar_wait_enqueue_ptr(NULL, &value, 0), -EINVAL);
	unit_eq(maar_wait_dequeue_ptr(NULL, &pointer, 0), -EINVAL);
	unit_eq(maar_wait_enqueue_burst(NULL, &value, 1, 0), -EINVAL);
	unit_eq(maar_wait_dequeue_burst(NULL, &value, 1, 0), -EINVAL);
	unit_eq(maar_wait_dequeue(b.wait, NULL, MAAR_FOREVER), -EINVAL);
	unit_eq(maar_wait_dequeue_ptr(b.wait, NULL, MAAR_FOREVER), -EINVAL);
	unit_eq(maar_wait_enqueue_burst(b.wait, NULL, 1, MAAR_FOREVER), -EINVAL);
	unit_eq(maar_wait_enqueue_burst(b.wait, &value, 0, MAAR_FOREVER), -EINVAL);
	unit_eq(maar_wait_dequeue_burst(b.wait, NULL, 1, MAAR_FOREVER), -EINVAL);
	unit_eq(maar_wait_dequeue_burst(b.wait, &value, 0, MAAR_FOREVER), -EINVAL);
	unit_eq(maar_wait_closed(NULL), 1);
	unmake(&b);
	b = make(4, MAAR_RING_HANDLE, 0);
	unit_eq(maar_wait_enqueue(b.wait, UINT64_C(1) << 32, MAAR_FOREVER), -EINVAL);
	unit_eq(maar_wait_drain(NULL, NULL, NULL), 0);
	unit_eq(maar_wait_fd(NULL), -EINVAL);
	unit_eq(maar_wait_arm(NULL), -EINVAL);
	unit_eq(maar_wait_flags(NULL), 0);
	unit_must(!maar_wait_ring(NULL));
	maar_wait_close(NULL);
	maar_wait_disarm(NULL);
	unmake(&b);
}
END_TEST

/* ---- one thread: full, empty, time, close ---- */

START_TEST(alone)
{
	static const size_t capacities[] = { 1, 2, 8, 64 };
	static const unsigned modes[] = { MAAR_RING_MPMC, MAAR_RING_MPSC | MAAR_RING_EXACT, MAAR_RING_SPMC,
					  MAAR_RING_SPSC | MAAR_RING_SPAN | MAAR_RING_EXACT, MAAR_RING_TICKET };
	size_t i, k;

	for (i = 0; i < COUNT_OF(capacities) * COUNT_OF(modes); i++) {
		const size_t n = capacities[i % COUNT_OF(capacities)];
		struct both b = make(n, modes[i / COUNT_OF(capacities)], i % 2 ? MAAR_WAIT_PROMPT : 0);
		uint64_t values[65], value, sum = 0;
		int64_t begin = maar__now();
		void *pointer = NULL;

		/* Empty. */
		unit_eq(maar_wait_dequeue(b.wait, &value, 0), -ETIMEDOUT);
		unit_eq(maar_wait_dequeue(b.wait, &value, MS), -ETIMEDOUT);
		unit_must(maar__now() - begin >= MS);
		for (k = 0; k < 65; k++)
			values[k] = k + 1;
		/* As many as fit; full. */
		unit_eq(maar_wait_enqueue_burst(b.wait, values, 65, MAAR_FOREVER), n);
		begin = maar__now();
		unit_eq(maar_wait_enqueue(b.wait, 5, 0), -ETIMEDOUT);
		unit_eq(maar_wait_enqueue(b.wait, 5, MS), -ETIMEDOUT);
		unit_eq(maar_wait_enqueue_burst(b.wait, values, 3, 50000), -ETIMEDOUT);
		unit_must(maar__now() - begin >= MS + 50000);
		/* As many as there are, in order. */
		unit_eq(maar_wait_dequeue(b.wait, &value, MAAR_FOREVER), 1);
		unit_eq(value, 1);
		if (n > 1)
			unit_eq(maar_wait_dequeue_burst(b.wait, values, 65, MAAR_FOREVER), n - 1);
		for (k = 1; k < n; k++)
			unit_eq(values[k - 1], k + 1);
		/* Pointers, NULL among them. */
		unit_eq(maar_wait_enqueue_ptr(b.wait, &value, 0), 1);
		unit_eq(maar_wait_dequeue_ptr(b.wait, &pointer, 0), 1);
		unit_must(pointer == &value);
		unit_eq(maar_wait_enqueue_ptr(b.wait, NULL, 0), 1);
		unit_eq(maar_wait_dequeue_ptr(b.wait, &pointer, 0), 1);
		unit_must(pointer == NULL);
		unit_eq(maar_wait_dequeue_ptr(b.wait, &pointer, 0), -ETIMEDOUT);

		/* Closed: nothing in, the rest out, then no more; twice is once. */
		unit_eq(maar_wait_enqueue(b.wait, 9, MAAR_FOREVER), 1);
		maar_wait_close(b.wait);
		maar_wait_close(b.wait);
		unit_eq(maar_wait_closed(b.wait), 1);
		unit_eq(maar_wait_enqueue(b.wait, 5, 0), -EPIPE);
		unit_eq(maar_wait_enqueue(b.wait, 5, MAAR_FOREVER), -EPIPE);
		unit_eq(maar_wait_dequeue(b.wait, &value, MAAR_FOREVER), 1);
		unit_eq(value, 9);
		unit_eq(maar_wait_dequeue(b.wait, &value, 0), -EPIPE);
		unit_eq(maar_wait_dequeue(b.wait, &value, MAAR_FOREVER), -EPIPE);
		unit_eq(maar_wait_dequeue_burst(b.wait, values, 3, MS), -EPIPE);
		/* One that got in with the closing is for drain. */
		unit_eq(maar_ring_enqueue(b.ring, 11), 1);
		unit_eq(maar_wait_drain(b.wait, add, &sum), 1);
		unit_eq(sum, 11);
		unit_eq(maar_wait_drain(b.wait, NULL, NULL), 0);
		unmake(&b);
	}
}
END_TEST

/* ---- close wakes who sleeps ---- */

static void *is_told(void *arg)
{
	uint64_t value;

	unit_eq(maar_wait_dequeue((struct maar_wait *)arg, &value, MAAR_FOREVER), -EPIPE);
	return NULL;
}

static void *is_told_too(void *arg)
{
	unit_eq(maar_wait_enqueue((struct maar_wait *)arg, 2, MAAR_FOREVER), -EPIPE);
	return NULL;
}

START_TEST(close_wakes_sleepers)
{
	unsigned round, i;

	for (round = 0; round < 50; round++) {
		struct both empty = make(1, 0, 0), full = make(1, 0, 0);
		pthread_t threads[8];
		uint64_t value = 0;

		unit_eq(maar_wait_enqueue(full.wait, 1, 0), 1);
		for (i = 0; i < COUNT_OF(threads); i++)
			threads[i] = i % 2 ? unit_thread(is_told, empty.wait) : unit_thread(is_told_too, full.wait);
		while (asleep_on(&empty.wait->not_empty) < 4 || asleep_on(&full.wait->not_full) < 4)
			pace_yield();
		maar_wait_close(empty.wait);
		maar_wait_close(full.wait);
		for (i = 0; i < COUNT_OF(threads); i++)
			unit_join(threads[i]);
		/* None of the sleeping producers put anything, and what was there is there. */
		unit_eq(maar_wait_dequeue(full.wait, &value, MAAR_FOREVER), 1);
		unit_eq(value, 1);
		unit_eq(maar_wait_dequeue(full.wait, &value, MAAR_FOREVER), -EPIPE);
		unmake(&empty);
		unmake(&full);
	}
}
END_TEST

/* ---- a TICKET ring: woken in vain for a value behind a claimed cell, a consumer gets it all the same ---- */

static void *takes_one(void *arg)
{
	uint64_t value = 0;

	unit_eq(maar_wait_dequeue((struct maar_wait *)arg, &value, MAAR_FOREVER), 1);
	return NULL;
}

START_TEST(behind_a_claim)
{
	unsigned round, i;

	for (round = 0; round < 100; round++) {
		struct both b = make(8, MAAR_RING_TICKET, round % 2 ? MAAR_WAIT_NO_SPIN : 0);
		const uint64_t position =
			maar_a_add(&b.ring->tail, 1, RELAXED); /* claimed by a producer that stops here */
		pthread_t threads[3];

		for (i = 0; i < COUNT_OF(threads); i++)
			threads[i] = unit_thread(takes_one, b.wait);
		while (asleep_on(&b.wait->not_empty) < COUNT_OF(threads))
			pace_yield();
		for (i = 1; i < COUNT_OF(threads); i++)
			unit_eq(maar_wait_enqueue(b.wait, i, 0), 1);
		while (round % 4 && asleep_on(&b.wait->not_empty) < COUNT_OF(threads))
			pace_yield();				       /* all asleep again */
		maar__ring_fill(maar__ring_view(b.ring), position, 0); /* it goes on */
		maar_event_notify_one(&b.wait->not_empty);
		for (i = 0; i < COUNT_OF(threads); i++)
			unit_join(threads[i]);
		unit_must(maar_ring_empty(b.ring));
		unmake(&b);
	}
}
END_TEST

/* ---- producers are woken at half, or promptly ---- */

static void *puts_one(void *arg)
{
	unit_eq(maar_wait_enqueue((struct maar_wait *)arg, 100, MAAR_FOREVER), 1);
	return NULL;
}

START_TEST(half)
{
	unsigned prompt, i, k;

	for (prompt = 0; prompt < 2; prompt++) {
		struct both b = make(8, 0, MAAR_WAIT_NO_SPIN | (prompt ? MAAR_WAIT_PROMPT : 0));
		uint64_t calls = maar__sleep_calls(), value;
		pthread_t threads[3];

		for (i = 0; i < 8; i++)
			unit_eq(maar_wait_enqueue(b.wait, i, 0), 1);
		for (i = 0; i < COUNT_OF(threads); i++)
			threads[i] = unit_thread(puts_one, b.wait);
		while (asleep_on(&b.wait->not_full) < COUNT_OF(threads) ||
		       maar__sleep_calls() < calls + COUNT_OF(threads))
			pace_yield();
		calls = maar__sleep_calls();
		for (i = 0; i < (prompt ? 0 : 3); i++) {
			unit_eq(maar_wait_dequeue(b.wait, &value, 0), 1);
			unit_eq(maar__sleep_calls(), calls);
			unit_eq(asleep_on(&b.wait->not_full), COUNT_OF(threads));
		}
		/* At half all three, as there is room, by one call; promptly one. */
		unit_eq(maar_wait_dequeue(b.wait, &value, 0), 1);
		unit_must(maar__sleep_calls() > calls);
		if (!prompt)
			unit_eq(asleep_on(&b.wait->not_full), 0);
		for (k = 0; k < 10; k++)
			pace_yield();
		while (maar_wait_dequeue(b.wait, &value, 0) > 0)
			;
		for (i = 0; i < COUNT_OF(threads); i++)
			unit_join(threads[i]);
		unmake(&b);
	}
}
END_TEST

/* ---- the descriptor: the steps; under epoll: test_wait_flow.c ---- */

START_TEST(arming)
{
	struct both b = make(4, 0, 0);
	uint64_t calls, value;

	unit_eq(maar_wait_arm(b.wait), -EINVAL);
	unit_must(maar_wait_fd(b.wait) >= 0);
	unit_eq(maar_wait_fd(b.wait), maar_wait_fd(b.wait));
	/* Unarmed, an enqueue enters nothing; armed, the first one does. */
	calls = maar__sleep_calls();
	unit_eq(maar_wait_enqueue(b.wait, 1, 0), 1);
	unit_eq(maar__sleep_calls(), calls);
	unit_eq(maar_wait_arm(b.wait), 1);
	maar_wait_disarm(b.wait);
	unit_eq(maar_wait_dequeue(b.wait, &value, 0), 1);
	unit_eq(maar_wait_arm(b.wait), 0);
	calls = maar__sleep_calls();
	unit_eq(maar_wait_enqueue(b.wait, 1, 0), 1);
	unit_eq(maar_wait_enqueue(b.wait, 2, 0), 1);
	unit_eq(maar__sleep_calls(), calls + 1);
	maar_wait_disarm(b.wait);
	maar_wait_close(b.wait);
	unit_eq(maar_wait_arm(b.wait), 1);
	unmake(&b);
}
END_TEST

/* ---- no system call while nobody sleeps: seen by the kernel, which kills a thread that makes one ---- */

static void busy(struct both *b, unsigned rounds)
{
	uint64_t values[4] = { 1, 2, 3, 4 };
	unsigned i;

	for (i = 0; i < rounds; i++)
		if (maar_wait_enqueue(b->wait, i, MAAR_FOREVER) != 1 ||
		    maar_wait_enqueue_burst(b->wait, values, 4, MS) != 4 ||
		    maar_wait_dequeue(b->wait, values, MAAR_FOREVER) != 1 ||
		    maar_wait_dequeue_burst(b->wait, values, 4, MS) != 4 ||
		    maar_wait_dequeue(b->wait, values, 0) != -ETIMEDOUT)
			*(volatile int *)NULL = 0;
}

/* The status of a child that may from then on only read, write and exit, and that moves values, or also wakes. */
static int strict_child(bool wakes)
{
	struct both b = make(8, 0, 0);
	uint32_t word = 0;
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	unit_must(pid >= 0);
	if (pid == 0) {
		if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT))
			_exit(2);
		busy(&b, 100000);
		if (wakes)
			maar__futex_wake(&word, 1, false);
		syscall(SYS_exit, 0);
	}
	while (waitpid(pid, &status, 0) < 0)
		unit_eq(errno, EINTR);
	unmake(&b);
	return status;
}

START_TEST(no_system_call)
{
	struct both b = make(8, 0, 0);
	const uint64_t calls = maar__sleep_calls();
	int status;

	busy(&b, 1000);
	unit_eq(maar__sleep_calls(), calls);
	unmake(&b);
	if (UNIT_SANITIZED)
		return; /* a sanitizer enters the system when it likes */
	status = strict_child(true);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 2) {
		unit_note("no seccomp on this system: counted only");
		return;
	}
	unit_must(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL); /* the control */
	unit_eq(strict_child(false), 0);
}
END_TEST

/* ---- between processes: ring and wait in one shared mapping ---- */

START_TEST(processes)
{
	const size_t ring_bytes = (maar_ring_bytes(2, MAAR_RING_SPSC) + MAAR_APART - 1) / MAAR_APART * MAAR_APART;
	const size_t bytes = ring_bytes + maar_wait_bytes();
	char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct maar_ring *ring = (struct maar_ring *)(void *)memory;
	struct maar_wait *wait = (struct maar_wait *)(void *)(memory + ring_bytes);
	uint64_t value = 0, next = 0;
	int status;
	pid_t pid;

	unit_must(memory != MAP_FAILED);
	unit_eq(maar_ring_init(memory, ring_bytes, 2, MAAR_RING_SPSC), 0);
	unit_eq(maar_wait_init(wait, maar_wait_bytes(), ring, MAAR_WAIT_SHARED | MAAR_WAIT_NO_SPIN), 0);
	pid = fork();
	unit_must(pid >= 0);
	if (pid == 0) {
		for (value = 0; value < 5000; value++)
			if (maar_wait_enqueue(wait, value, MAAR_FOREVER) != 1)
				_exit(1);
		maar_wait_close(wait);
		_exit(0);
	}
	while (maar_wait_dequeue(wait, &value, MAAR_FOREVER) > 0)
		unit_eq(value, next++);
	unit_eq(next, 5000);
	while (waitpid(pid, &status, 0) < 0)
		unit_eq(errno, EINTR);
	unit_eq(status, 0);
	maar_wait_destroy(wait);
	munmap(memory, bytes);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("wait");
	TCase *tcase = unit_tcase(suite, "wait");

	tcase_add_test(tcase, life);
	tcase_add_test(tcase, null);
	tcase_add_test(tcase, alone);
	tcase_add_test(tcase, close_wakes_sleepers);
	tcase_add_test(tcase, behind_a_claim);
	tcase_add_test(tcase, half);
	tcase_add_test(tcase, arming);
	tcase_add_test(tcase, no_system_call);
	tcase_add_test(tcase, processes);
	return suite;
}
