/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * There and back when whoever waits sleeps: two words, and the kernel's futex on each, with nothing around it. What any
 * call that sleeps and wakes is held against.
 */
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "peers.h"

/* So long at most does a thread sleep before it looks whether its run was abandoned: far longer than any wake-up. */
#define LOOK_NS 100000000L

/* One direction. */
struct mailbox {
	uint64_t value __attribute__((aligned(BENCH_APART)));
	uint32_t turn; /* one more for each value: what waiters sleep on */
};

struct mailbox_handle {
	struct mailbox *box;
	uint32_t seen;
};

static void *mailbox_open(const struct bench_contestant *me, const struct bench_case *c, unsigned which)
{
	static struct mailbox box[2];

	(void)me;
	(void)c;
	return &box[which];
}

static int mailbox_close(void *subject)
{
	(void)subject;
	return 0;
}

static void *mailbox_enter(void *subject, int puts, int takes)
{
	struct mailbox_handle *h = aligned_alloc(BENCH_APART, BENCH_APART);

	(void)puts;
	(void)takes;
	if (h) {
		h->box = subject;
		h->seen = 0;
	}
	return h;
}

BENCH_INLINE size_t mailbox_put(void *handle, uint64_t value)
{
	struct mailbox *box = ((struct mailbox_handle *)handle)->box;

	__atomic_store_n(&box->value, value, __ATOMIC_RELAXED);
	__atomic_store_n(&box->turn, __atomic_load_n(&box->turn, __ATOMIC_RELAXED) + 1, __ATOMIC_RELEASE);
	syscall(SYS_futex, &box->turn, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
	return 1;
}

/* Sleeps at once if there is nothing: the wake-up is what is measured. */
BENCH_INLINE size_t mailbox_take(void *handle, uint64_t *value)
{
	static const struct timespec look = { 0, LOOK_NS };
	struct mailbox_handle *h = handle;
	uint32_t turn = __atomic_load_n(&h->box->turn, __ATOMIC_ACQUIRE);

	if (turn == h->seen) {
		syscall(SYS_futex, &h->box->turn, FUTEX_WAIT_PRIVATE, h->seen, &look, NULL, 0);
		turn = __atomic_load_n(&h->box->turn, __ATOMIC_ACQUIRE);
	}
	if (turn == h->seen)
		return 0;
	h->seen = turn;
	*value = __atomic_load_n(&h->box->value, __ATOMIC_RELAXED);
	return 1;
}

BENCH_ROUND_TRIP(mailbox, mailbox_put, mailbox_take)

static const struct bench_contestant rows[] = {
	{ "raw futex", BENCH_MACHINE, NULL, BENCH_ASLEEP, BENCH_FIFO, 0, 0, mailbox_open, mailbox_close, mailbox_enter,
	  free, BENCH_LOOPS_ROUND_TRIP(mailbox) },
};

const struct bench_peer bench_peer_futex = BENCH_ROWS(rows);
