/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * maar_event: an event count. A thread waits on it until a condition holds (a ring is not empty, has room, whatever the
 * caller can look at), and whoever makes the condition hold notifies it. No wake-up is lost, no lock is held, and
 * nobody enters the system as long as nobody sleeps. With it, a ring of any kind can be waited for: the ring knows
 * nothing of it, and a ring that nobody waits for pays nothing. <maar/wait.h> is the ready-made form for word rings.
 *
 *     line 0  word: | epoch, 32 bits | closed | armed | waiters, 30 bits |        flags, descriptor
 *     line 2  what waiters learned about spinning: for how long, how often
 *
 *     notifier   makes the condition true;  word += 0 (read-modify-write); somebody there?  epoch + 1, waiters - n, wake
 *     waiter     spins on the condition;    waiters + 1 (read-modify-write);  looks again;  sleeps while epoch is the same
 * The two read-modify-writes come one after the other. If the notifier's is first, the waiter's second look sees the
 * condition; if the waiter's is first, the notifier sees the waiter. Memory full of zero bytes is an event.
 *
 * Who may call what at the same time: any thread any call, but init and destroy, which are alone.
 * Signal handlers may call notify_*, fire and closed. After fork the child has an event of its own, unless the memory is
 * shared and the flag says so; its descriptor is still the parent's.
 *
 * Progress:
 *     notify_*, nobody there            wait-free: one read-modify-write
 *     notify_*, fire, close             lock-free, and one system call for each time that somebody is woken
 *     until, wait, waiting_again        blocking: that is what they are for. No call is a cancellation point.
 *     prepare, cancel, arm, disarm      lock-free
 * A waiter that is killed leaves a count behind, which costs one needless system call. A notifier killed inside a call
 * may leave threads asleep that it would have woken: where that may be, a wait has a time-out and looks again.
 * Order: what a notifier did before notify_* happens before what a waiter does after its look that came later.
 *
 * Spinning: a waiter first tries for up to 40 us, about what a sleep costs both sides (15 to 27 us until the sleeper runs,
 * and 12 to 16 us of the waker's time, on the virtual machine where this was measured), pausing 100 ns between looks. How
 * long, each event learns from how often that helped; where it never does it shrinks to 1 us a wait. On a machine with one
 * processor nobody spins.
 * Times are in nanoseconds of CLOCK_MONOTONIC. Where the ideas come from: doc/lineage.md; why it is right:
 * doc/memory-model.md.
 */
#ifndef MAAR_EVENT_H
#define MAAR_EVENT_H
#define MAAR_BITS_OK 1

#include <maar/bits/atomic.h>
#include <maar/bits/cc.h>

MAAR_BEGIN_DECLS

/* How an event is made: flags of init, or-ed. */
enum maar_event_flag {
	MAAR_EVENT_SHARED = 1u << 0,  /* the memory is shared between processes: no descriptor then */
	MAAR_EVENT_NO_SPIN = 1u << 1, /* waiters sleep at once: for long waits, and to spare a busy machine */
};

/* As a time-out or a deadline (any negative number is the same): no end. */
#define MAAR_FOREVER (-1)

/* Changes with every change of the structs below; init refuses a caller that was compiled with another one. */
#define MAAR_EVENT_LAYOUT 1u

/* Public so that the compiler can inline; the fields are nobody's business but of <maar/bits/event_impl.h>. */
struct maar_event {
	/* Read and written by notifiers, and by waiters before they sleep. */
	uint64_t word;	/* epoch, closed, armed, waiters: all in one, so that one read-modify-write shows all */
	uint32_t flags; /* enum maar_event_flag; written by init */
	int32_t number; /* of the descriptor, plus 1; 0: none yet */
	uint64_t reserved[6];

	/* Written by waiters only: two lines away from what every notifier touches. */
	uint32_t spin __attribute__((aligned(MAAR_APART))); /* looks before sleeping, as learned; 0: not learned yet */
	uint32_t waits;					    /* so that every so often one spins to the full */
	uint64_t reserved_w[7];
} __attribute__((aligned(MAAR_APART)));

/* One wait of one thread, on its stack. Private. */
struct maar_waiting {
	struct maar_event *event;
	int64_t deadline; /* of CLOCK_MONOTONIC, once begun; before, the time-out */
	uint64_t key;	  /* of prepare */
	uint32_t state;	  /* how far the wait is */
	uint32_t looks;	  /* spent spinning */
	uint32_t most;	  /* looks to spend */
	uint32_t slept;	  /* 1 if it slept */
};

/* ---- life cycle ---- */

/*
 * Makes an event in the caller's memory, aligned to MAAR_APART. Returns 0, or
 *   -EINVAL  event is NULL or misaligned, or flags has unknown bits
 *   -EPROTO  the caller was compiled with headers of another layout than the library's
 */
#define maar_event_init(event, flags) maar_event_init_layout((event), (flags), MAAR_EVENT_LAYOUT)
MAAR_API MAAR_NODISCARD int maar_event_init_layout(struct maar_event *event, unsigned flags, unsigned layout);

/* Ends an event that nobody waits on or notifies any more; closes its descriptor. NULL is ignored. */
MAAR_API void maar_event_destroy(struct maar_event *event);

/* ---- notify: after the condition was made true ---- */

/*
 * Wakes one waiter, up to n, or all. Waiters that spin see the condition for themselves and are not counted. Wake one if
 * any waiter will do and each takes what it was woken for; wake all if they wait for different things.
 * Cost: one read-modify-write of `word`; a system call only if somebody sleeps or is about to (or a descriptor is armed).
 */
MAAR_INLINE void maar_event_notify_one(struct maar_event *event);
MAAR_INLINE void maar_event_notify_many(struct maar_event *event, size_t n);
MAAR_INLINE void maar_event_notify_all(struct maar_event *event);

/* What notify does if somebody is there. */
MAAR_API MAAR_COLD void maar__event_wake(struct maar_event *event, size_t n);

/* ---- wait ---- */

/*
 * maar_event_until(event, timeout_ns, condition): waits until `condition`, an expression that is evaluated again and
 * again, is not 0. timeout_ns: 0 looks once; MAAR_FOREVER. Returns
 *   0           it was not 0 when it was evaluated last, and so it is always if it was at the first look
 *   -ETIMEDOUT  it was still 0 after timeout_ns
 *   -EPIPE      it was 0 at a look that came after the event had been closed
 *   -EINVAL     event is NULL
 */
#define maar_event_until(event, timeout_ns, condition)                                                                 \
	__extension__({                                                                                                \
		struct maar_waiting maar__waiting;                                                                     \
		int maar__rc = maar_waiting_begin(&maar__waiting, (event), (timeout_ns));                              \
		while (!maar__rc && !(condition))                                                                      \
			maar__rc = maar_waiting_again(&maar__waiting);                                                 \
		maar_waiting_end(&maar__waiting);                                                                      \
		maar__rc;                                                                                              \
	})

/*
 * The same as a loop of one's own: begin; look; if it is not there, again, and look if that returned 0; end in any case.
 * begin returns 0 or -EINVAL (event is NULL); again returns 0, -ETIMEDOUT or -EPIPE, as above. `again` is where the thread
 * pauses and sleeps. The last look always comes after the time ran out, and after the event was seen closed.
 */
MAAR_API int maar_waiting_begin(struct maar_waiting *waiting, struct maar_event *event, int64_t timeout_ns);
MAAR_API int maar_waiting_again(struct maar_waiting *waiting);
MAAR_API void maar_waiting_end(struct maar_waiting *waiting);

/*
 * The steps themselves, without spinning. prepare announces the caller as a waiter and returns a key. Then look; then
 * either cancel (it is there), or wait, which returns at once if there was a notify since prepare:
 *   0           notified, or woken for no reason: look again, and prepare again before the next wait
 *   -ETIMEDOUT  the deadline (of maar_event_deadline) has passed: look once more
 *   -EPIPE      the event was closed before prepare
 *   -EINVAL     event is NULL
 * After cancel or wait the caller is not announced any more.
 */
MAAR_API uint64_t maar_event_prepare(struct maar_event *event);
MAAR_API void maar_event_cancel(struct maar_event *event, uint64_t key);
MAAR_API int maar_event_wait(struct maar_event *event, uint64_t key, int64_t deadline);

/* The time in timeout_ns from now, for maar_event_wait; MAAR_FOREVER if timeout_ns is negative. */
MAAR_API int64_t maar_event_deadline(int64_t timeout_ns);

/* ---- close ---- */

/*
 * For good: every waiter is woken, looks once more and gets -EPIPE, as do those that come later. Whatever was made true
 * before a notify that came before close is seen by that last look. Closing twice is closing once.
 */
MAAR_API void maar_event_close(struct maar_event *event);

/* 1 if the event is closed (or NULL). What came before maar_event_close happens before this answers 1. */
MAAR_INLINE int maar_event_closed(const struct maar_event *event);

/* ---- a descriptor for poll and epoll ---- */

/*
 * The event's descriptor, made by the first call: readable from the first notify after arm until disarm. It belongs to the
 * event, which closes it. Returns it, or
 *   -EINVAL   event is NULL
 *   -ENOTSUP  the event is shared between processes, where a descriptor's number means nothing
 *   -EMFILE, -ENFILE, -ENOMEM  as eventfd(2)
 */
MAAR_API int maar_event_fd(struct maar_event *event);

/*
 * Arm: from now on the next notify makes the descriptor readable. The caller then looks, and calls fire if the condition
 * holds already. So: look until there is nothing; arm; look, and fire if there is; poll; disarm; look ...
 * Returns 0; -EPIPE if the event is closed (the descriptor is readable now); -EINVAL if event is NULL or has no descriptor.
 * Fire makes the descriptor (if there is one) readable, by a system call. Disarm makes it unreadable and takes arm back.
 * Unless armed, notify does not enter the system for the descriptor; once armed, a single notify does, one time.
 */
MAAR_API int maar_event_arm(struct maar_event *event);
MAAR_API void maar_event_fire(struct maar_event *event);
MAAR_API void maar_event_disarm(struct maar_event *event);

MAAR_END_DECLS

#include <maar/bits/event_impl.h>

#endif
