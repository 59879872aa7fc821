/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * maar_wait: waiting for a word ring (<maar/ring.h>). Producers wait for room, consumers for values, each spinning for a
 * while and then asleep, with a time-out; the ring can be closed, and drained; consumers may sleep in poll or epoll
 * instead. As long as both sides are busy no call enters the system. Rings of other kinds are waited for with
 * <maar/event.h>, of which this is two events and the ring's place.
 *
 *     ring  <- its distance in bytes -  struct maar_wait   | line 0  what never changes
 *                                                          | not_empty: an event; consumers wait, producers notify
 *                                                          | not_full:  an event; producers wait, consumers notify
 * There is no pointer inside, so it works in shared memory if it lies in the same mapping as the ring.
 *
 * Who may call what at the same time, by the ring's mode (free = any number of threads, one = at most one):
 *                                        | MPMC | MPSC | SPMC | SPSC |
 *     enqueue*                           | free | free | one  | one  |
 *     dequeue*, drain                    | free | one  | free | one  |
 *     close, closed, fd, arm, disarm     | free | free | free | free |
 *     init, destroy                      | alone, in every mode
 * Every producer and consumer of a ring that anyone waits for uses these calls. (One that uses the ring's own calls
 * notifies by itself: maar_event_notify_many(&wait->not_empty, n) after enqueueing, &wait->not_full after freeing.)
 * Signal handlers: calls with time-out 0, under the ring's rules; close. After fork: as the ring; the descriptor stays the
 * parent's. A waiter killed in its sleep stalls nobody; a thread killed between moving values and notifying may leave
 * others asleep until the next call of its side.
 *
 * Progress: with time-out 0 as the ring's call, and lock-free where that is wait-free; otherwise blocking: an enqueue
 * waits for consumers, a dequeue for producers, and neither for anything else. Sleepers are woken one for each value. Who
 * finds the value first takes it: there is no order among waiters. No call is a cancellation point.
 * Producers asleep are woken when the ring has fallen to half its capacity, and then as many as there is room for: a
 * wake-up costs a hundred enqueues. So a consumer that leaves a ring more than half full for good also leaves producers
 * asleep; MAAR_WAIT_PROMPT wakes them at every entry freed.
 * Order: as the ring's. Close: what came before maar_wait_close happens before a call returns -EPIPE.
 */
#ifndef MAAR_WAIT_H
#define MAAR_WAIT_H
#define MAAR_BITS_OK 1

#include <sys/types.h>

#include <maar/event.h>
#include <maar/ring.h>

MAAR_BEGIN_DECLS

/* How it is made: flags of init and create, or-ed. */
enum maar_wait_flag {
	MAAR_WAIT_SHARED = MAAR_EVENT_SHARED,	/* between processes: no descriptor */
	MAAR_WAIT_NO_SPIN = MAAR_EVENT_NO_SPIN, /* sleep at once */
	MAAR_WAIT_PROMPT = 1u << 8,		/* producers are woken for every entry that gets free, not at half */
};

/* Changes with every change of the struct below or of struct maar_event. */
#define MAAR_WAIT_LAYOUT 1u

/* The events may be used with the calls of <maar/event.h>; the other fields are nobody's business. */
struct maar_wait {
	uint32_t magic;	 /* MAAR__WAIT_MAGIC while it lives: a stray pointer is refused */
	uint32_t layout; /* MAAR_WAIT_LAYOUT */
	uint32_t flags;	 /* enum maar_wait_flag */
	uint32_t owns;	 /* 1 if create took the memory */
	int64_t ring_at; /* where the ring is, in bytes from here: the same in every process that maps both as one */
	uint64_t low;	 /* producers are woken when no more entries than this are left in the ring */
	uint64_t reserved[4];
	struct maar_event not_empty;
	struct maar_event not_full;
} __attribute__((aligned(MAAR_APART)));

/* ---- life cycle ---- */

/* Bytes that init needs. Any thread, any time. */
MAAR_API size_t maar_wait_bytes(void);

/*
 * Makes waiting for `ring`, which must live as long, in the caller's memory (aligned to MAAR_APART = 128 bytes). The ring
 * may hold values. What was in the memory is overwritten. Returns 0, or
 *   -EINVAL  mem is NULL or misaligned, ring is NULL or no ring, or flags has unknown bits
 *   -ENOSPC  bytes is less than maar_wait_bytes()
 *   -EPROTO  the caller was compiled with headers of another layout than the library's
 */
#define maar_wait_init(mem, bytes, ring, flags) maar_wait_init_layout((mem), (bytes), (ring), (flags), MAAR_WAIT_LAYOUT)
MAAR_API MAAR_NODISCARD int maar_wait_init_layout(void *mem, size_t bytes, struct maar_ring *ring, unsigned flags,
						  unsigned layout);

/*
 * Ends it; no other call may be running or follow. Closes the descriptor, gives back what create took, and leaves the ring
 * and what is in it alone. NULL is ignored. (A copy of its bytes is no wait: it has the descriptor of the first.)
 */
MAAR_API void maar_wait_destroy(struct maar_wait *wait);

/* init in memory of the library's. NULL with errno set: EINVAL as init, or ENOMEM. */
MAAR_API MAAR_MALLOC_LIKE struct maar_wait *maar_wait_create(struct maar_ring *ring, unsigned flags);

/*
 * ---- values ----
 *
 * timeout_ns: nanoseconds to wait at least before giving up; 0 tries once; MAAR_FOREVER (or any negative number). Returns
 *   n > 0       values moved
 *   -ETIMEDOUT  nothing moved in that time: the ring was full, or empty, at a look after it
 *   -EPIPE      nothing moved: the ring is closed (enqueue); closed, and empty at a look after that (dequeue)
 *   -EINVAL     wait or the array is NULL, or n is 0, or a value does not fit a HANDLE ring
 * A signal does not end a wait. Cost when there is no need to wait: the ring's call and one read-modify-write on a line
 * that the caller's side shares; if somebody of the other side sleeps, also a system call.
 */

/* Puts one value; takes one. Return 1 or an error. */
MAAR_INLINE ssize_t maar_wait_enqueue(struct maar_wait *wait, uint64_t value, int64_t timeout_ns);
MAAR_INLINE ssize_t maar_wait_dequeue(struct maar_wait *wait, uint64_t *value, int64_t timeout_ns);

/* The same for pointers. A NULL pointer is a value like any other here. */
MAAR_INLINE ssize_t maar_wait_enqueue_ptr(struct maar_wait *wait, const void *pointer, int64_t timeout_ns);
MAAR_INLINE ssize_t maar_wait_dequeue_ptr(struct maar_wait *wait, void **pointer, int64_t timeout_ns);

/* Waits for the first and moves as many as there are then, up to n: 1 to n, or an error. One notify for all of them. */
MAAR_INLINE ssize_t maar_wait_enqueue_burst(struct maar_wait *wait, const uint64_t *values, size_t n,
					    int64_t timeout_ns);
MAAR_INLINE ssize_t maar_wait_dequeue_burst(struct maar_wait *wait, uint64_t *values, size_t n, int64_t timeout_ns);

/* What these do if the first look fails, or wakes somebody. */
MAAR_API MAAR_COLD ssize_t maar__wait_put(struct maar_wait *wait, const uint64_t *values, size_t n, int64_t timeout_ns);
MAAR_API MAAR_COLD ssize_t maar__wait_take(struct maar_wait *wait, uint64_t *values, size_t n, int64_t timeout_ns);
MAAR_API MAAR_COLD void maar__wait_room(struct maar_wait *wait);

/* ---- close ---- */

/*
 * No more values. Wakes everyone. From its return on every enqueue returns -EPIPE; dequeues go on until the ring is empty,
 * and then return -EPIPE. Closing twice is closing once; NULL is ignored.
 *   An enqueue that returned before close was called is taken by a consumer before any consumer gets -EPIPE. (With
 *   MAAR_RING_TICKET, unless it lies behind cells that another producer has claimed and not filled.)
 *   An enqueue that runs at the same time as close either fails, having put nothing, or succeeds; then its value is in the
 *   ring, but the consumers may have looked for the last time. Nothing is lost: when the last producer has ended, drain
 *   takes what is left (as does maar_ring_destroy_each).
 */
MAAR_API void maar_wait_close(struct maar_wait *wait);

/* 1 if it is closed (or NULL). */
MAAR_INLINE int maar_wait_closed(const struct maar_wait *wait);

/* maar_ring_drain, and wakes producers. A consumer's call. Returns how many values it took; 0 if wait is NULL. */
MAAR_API size_t maar_wait_drain(struct maar_wait *wait, maar_ring_value_fn *each, void *arg);

/*
 * ---- a descriptor for poll and epoll ----
 *
 * One for all consumers, made by the first call of maar_wait_fd. The contract: after arm it is readable as long as the ring
 * is not empty or is closed (once the call that made it so has returned), until the next disarm. It may be readable
 * without reason. So:
 *     for (;;) {
 *         while (maar_wait_dequeue(wait, &value, 0) > 0)
 *             ...
 *         if (!maar_wait_arm(wait))
 *             epoll_wait(...);     readable: go on
 *         maar_wait_disarm(wait);
 *     }
 * Unless armed, it costs producers no system call; armed, it costs one of them one.
 */

/* The descriptor, which stays the library's to close, or -EINVAL, -ENOTSUP, -EMFILE, -ENFILE, -ENOMEM as maar_event_fd. */
MAAR_API int maar_wait_fd(struct maar_wait *wait);

/* 0: armed, and the ring was empty; 1: the ring is not empty or is closed, and the descriptor readable; -EINVAL: no descriptor. */
MAAR_API int maar_wait_arm(struct maar_wait *wait);

/* Makes the descriptor unreadable until the next arm. */
MAAR_API void maar_wait_disarm(struct maar_wait *wait);

/* ---- observers: any thread, wait-free ---- */

MAAR_INLINE struct maar_ring *maar_wait_ring(const struct maar_wait *wait); /* the ring, or NULL if wait is NULL */
MAAR_INLINE unsigned maar_wait_flags(const struct maar_wait *wait);	    /* as given at creation */

MAAR_END_DECLS

#include <maar/bits/wait_impl.h>

#endif
