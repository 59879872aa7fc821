/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The event count: waiting, waking, closing, and the descriptor. <maar/event.h> has the picture, doc/memory-model.md the
 * argument that no wake-up is lost.
 *
 * Who keeps the number of waiters:
 *     prepare   + 1
 *     wake      - n, epoch + 1, and then wakes n sleepers. Whoever has prepared and does not sleep yet finds another epoch.
 *     cancel    - 1 if the epoch is that of prepare: then nobody has taken the caller's count away. Otherwise somebody took
 *               one, perhaps another thread's, and the number may be too high. Whoever was woken does not cancel.
 * So it is never less than there are sleepers that no wake is on its way to. Being too high costs one system call, which
 * finds that nobody sleeps and clears it.
 */
#include "wait_priv.h"

#include "../base/probe.h"
#include "../base/sleep.h"

#include <errno.h>

#define KNOWN_FLAGS (MAAR_EVENT_SHARED | MAAR_EVENT_NO_SPIN)

/* Far more than there are threads, far less than the field holds: a number that drifted up to here is cleared. */
#define MANY_WAITERS (1u << 20)

static uint32_t epoch_of(uint64_t word)
{
	return (uint32_t)(word / MAAR__EVENT_EPOCH);
}

/* The half of the word that holds the epoch, for the kernel to look at. */
static uint32_t *epoch_at(struct maar_event *event)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return (uint32_t *)(void *)&event->word + 1;
#else
	return (uint32_t *)(void *)&event->word;
#endif
}

static bool is_shared(const struct maar_event *event)
{
	return (event->flags & MAAR_EVENT_SHARED) != 0;
}

/* ---- life cycle ---- */

int maar_event_init_layout(struct maar_event *event, unsigned flags, unsigned layout)
{
	if (layout != MAAR_EVENT_LAYOUT)
		return -EPROTO;
	if (!event || (uintptr_t)event % MAAR_APART || (flags & ~KNOWN_FLAGS))
		return -EINVAL;
	*event = (struct maar_event){ .flags = flags };
	return 0;
}

void maar_event_destroy(struct maar_event *event)
{
	if (event && event->number) {
		maar__close(event->number - 1);
		event->number = 0;
	}
}

/* ---- notify ---- */

/* Makes the descriptor readable. Its number was stored before anyone armed. */
static void set_descriptor(struct maar_event *event)
{
	maar__eventfd_set(maar_a_load(&event->number, RELAXED) - 1);
}

/* Whether it took `armed`: of a shared event it is the caller who has to tell then. */
static bool wake(struct maar_event *event, size_t n, bool shared)
{
	const bool all =
		shared && n == SIZE_MAX; /* also who was counted out by one that was killed before it woke it */
	uint32_t taken, woken;
	uint64_t word, next;

	for (;;) {
		const uint32_t there = (uint32_t)((word = maar_a_load(&event->word, RELAXED)) & MAAR__EVENT_WAITERS);

		taken = there > MANY_WAITERS || n > there ? there : (uint32_t)n;
		if (!taken && !all && !(word & MAAR__EVENT_ARMED))
			return false; /* others have woken them meanwhile */
		next = (word - taken + MAAR__EVENT_EPOCH) & ~MAAR__EVENT_ARMED;
		if (maar_a_cas(&event->word, word, next, ACQUIRE)) /* A:event.armed */
			break;
	}
	if (taken || all) {
		woken = maar__futex_wake(epoch_at(event), all ? UINT32_MAX : taken, shared);
		MAAR__PROBE(event_wake, event, n, woken);
		/* Fewer sleepers than that: nobody sleeps now; and if the word is still the same, nobody will who is counted in it. */
		if (woken < taken && (next & MAAR__EVENT_WAITERS))
			(void)maar_a_cas(&event->word, next, next & ~MAAR__EVENT_WAITERS, RELAXED);
	}
	if ((word & MAAR__EVENT_ARMED) && !shared)
		set_descriptor(event);
	return (word & MAAR__EVENT_ARMED) != 0;
}

void maar__event_wake(struct maar_event *event, size_t n)
{
	(void)wake(event, n, is_shared(event));
}

bool maar__event_wake_shared(struct maar_event *event, size_t n)
{
	return wake(event, n, true);
}

static void close_event(struct maar_event *event, bool shared)
{
	uint64_t word, next;

	do {
		word = maar_a_load(&event->word, RELAXED);
		next = (word + MAAR__EVENT_EPOCH) & ~(MAAR__EVENT_WAITERS | MAAR__EVENT_ARMED);
		next |= MAAR__EVENT_CLOSED;
	} while (!maar_a_cas(&event->word, word, next, ACQ_REL)); /* R:event.closed A:event.armed */
	MAAR__PROBE(event_close, event);
	if ((word & MAAR__EVENT_WAITERS) || shared)
		maar__futex_wake(epoch_at(event), UINT32_MAX, shared);
	if ((word & MAAR__EVENT_ARMED) && !shared)
		set_descriptor(event);
}

void maar_event_close(struct maar_event *event)
{
	MAAR_DEBUG_CHECK(event, "NULL event");
	if (event)
		close_event(event, is_shared(event));
}

void maar__event_close_shared(struct maar_event *event)
{
	close_event(event, true);
}

/* ---- wait, step by step ---- */

uint64_t maar_event_prepare(struct maar_event *event)
{
	MAAR_DEBUG_CHECK(event, "NULL event");
	if (!event)
		return 0;
	/* The waiter's half of the pair: a read-modify-write as well, so one of the two sees the other. */
	return maar_a_add(&event->word, 1, ACQUIRE) + 1; /* A:event.word */
}

void maar_event_cancel(struct maar_event *event, uint64_t key)
{
	uint64_t word;

	if (!event)
		return;
	do {
		word = maar_a_load(&event->word, RELAXED);
		if (epoch_of(word) != epoch_of(key) || !(word & MAAR__EVENT_WAITERS))
			return;
	} while (!maar_a_cas(&event->word, word, word - 1, RELAXED));
}

int maar_event_wait(struct maar_event *event, uint64_t key, int64_t deadline)
{
	int rc = -EPIPE;

	MAAR_DEBUG_CHECK(event, "NULL event");
	if (!event)
		return -EINVAL;
	if (!(key & MAAR__EVENT_CLOSED)) {
		MAAR__PROBE(event_block, event, deadline);
		rc = maar__futex_wait(epoch_at(event), epoch_of(key), deadline, is_shared(event));
		MAAR__PROBE(event_unblock, event, rc);
	}
	/*
	 * Who was woken leaves its count: the wake may have been on its way to one who sleeps since before, whose count it took
	 * (the kernel promises no order), and who must now be found by this one.
	 */
	if (rc)
		maar_event_cancel(event, key);
	return rc;
}

int64_t maar_event_deadline(int64_t timeout_ns)
{
	int64_t deadline;

	if (timeout_ns < 0)
		return MAAR_FOREVER;
	return __builtin_add_overflow(maar__now(), timeout_ns, &deadline) ? INT64_MAX : deadline;
}

/* ---- wait, as a loop ---- */

enum {
	BEGUN,	   /* the caller takes its first look */
	SPINNING,  /* it looked, with more looks to spend */
	ANNOUNCED, /* it looks after prepare */
	WOKEN,	   /* it looks after a sleep */
	EXPIRED,   /* it takes its last look, time being up */
	CLOSED,	   /* it takes its last look, the event being closed */
};

int maar_waiting_begin(struct maar_waiting *waiting, struct maar_event *event, int64_t timeout_ns)
{
	MAAR_DEBUG_CHECK(event, "NULL event");
	*waiting = (struct maar_waiting){ .event = event, .deadline = timeout_ns, .state = BEGUN };
	return event ? 0 : -EINVAL;
}

/* After the first look. */
static int start(struct maar_waiting *w)
{
	const int64_t timeout_ns = w->deadline;

	if (maar_event_closed(w->event)) {
		w->state = CLOSED;
		return 0;
	}
	if (timeout_ns == 0)
		return -ETIMEDOUT;
	w->deadline = maar_event_deadline(timeout_ns);
	w->most = maar__spin_most(w->event, timeout_ns);
	w->state = SPINNING;
	return 1;
}

static void announce(struct maar_waiting *w)
{
	w->key = maar_event_prepare(w->event);
	w->state = ANNOUNCED;
	if (w->key & MAAR__EVENT_CLOSED) {
		maar_event_cancel(w->event, w->key);
		w->state = CLOSED;
	}
}

int maar_waiting_again(struct maar_waiting *w)
{
	int rc;

	switch (w->state) {
	case BEGUN:
		rc = start(w);
		if (rc <= 0)
			return rc;
		/* fall through */
	case SPINNING:
		if (w->looks < w->most) {
			maar__spin_pause(w->looks++);
			return 0;
		}
		/* fall through */
	case WOKEN:
		announce(w);
		return 0;
	case ANNOUNCED:
		w->slept = 1;
		rc = maar_event_wait(w->event, w->key, w->deadline);
		w->state = rc == -ETIMEDOUT ? EXPIRED : WOKEN;
		return 0;
	case EXPIRED:
		return -ETIMEDOUT;
	default:
		return -EPIPE;
	}
}

bool maar__waiting_is_announced(const struct maar_waiting *w)
{
	return w->state == ANNOUNCED;
}

void maar_waiting_end(struct maar_waiting *w)
{
	if (!w->event)
		return;
	if (w->state == ANNOUNCED)
		maar_event_cancel(w->event, w->key);
	if (w->slept)
		maar__spin_miss(w->event);
	else if (w->looks && (w->state == SPINNING || w->state == ANNOUNCED))
		maar__spin_hit(w->event);
}

/* ---- the descriptor ---- */

int maar_event_fd(struct maar_event *event)
{
	int32_t number;
	int fd;

	if (!event)
		return -EINVAL;
	if (is_shared(event))
		return -ENOTSUP;
	number = maar_a_load(&event->number, ACQUIRE); /* A:event.number */
	if (number)
		return number - 1;
	fd = maar__eventfd();
	if (fd < 0)
		return fd;
	if (maar_a_cas(&event->number, 0, fd + 1, RELEASE)) /* R:event.number */
		return fd;
	maar__close(fd);				 /* another thread was first */
	return maar_a_load(&event->number, ACQUIRE) - 1; /* A:event.number */
}

bool maar__event_arm_shared(struct maar_event *event)
{
	uint64_t word;

	do {
		word = maar_a_load(&event->word, RELAXED);
		/* As prepare: a read-modify-write before the caller's second look; also if the bit is there already. */
	} while (!maar_a_cas(&event->word, word, word | MAAR__EVENT_ARMED, ACQ_REL)); /* R:event.armed A:event.word */
	return !(word & MAAR__EVENT_CLOSED);
}

int maar_event_arm(struct maar_event *event)
{
	if (!event || !maar_a_load(&event->number, ACQUIRE)) /* A:event.number */
		return -EINVAL;
	if (maar__event_arm_shared(event))
		return 0;
	maar_event_fire(event);
	return -EPIPE;
}

static void take_back_arm(struct maar_event *event)
{
	uint64_t word;

	do
		word = maar_a_load(&event->word, RELAXED);
	while ((word & MAAR__EVENT_ARMED) && !maar_a_cas(&event->word, word, word & ~MAAR__EVENT_ARMED, RELAXED));
}

/* By itself, also if a notifier has taken the bit: that one may not have come to making it readable yet. */
void maar_event_fire(struct maar_event *event)
{
	MAAR_DEBUG_CHECK(event, "NULL event");
	if (!event || !maar_a_load(&event->number, ACQUIRE)) /* A:event.number */
		return;
	take_back_arm(event);
	set_descriptor(event);
}

void maar_event_disarm(struct maar_event *event)
{
	const int32_t number = event ? maar_a_load(&event->number, ACQUIRE) : 0; /* A:event.number */

	if (!number)
		return;
	take_back_arm(event);
	maar__eventfd_clear(number - 1);
}
