/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Waiting for a word ring: life cycle, and what happens when the first look fails. The pausing is in event.c.
 */
#include "wait_priv.h"

#include "../base/life.h"

#include <errno.h>
#include <string.h>

#define KNOWN_FLAGS (MAAR_WAIT_SHARED | MAAR_WAIT_NO_SPIN | MAAR_WAIT_PROMPT)
#define EVENT_FLAGS (MAAR_WAIT_SHARED | MAAR_WAIT_NO_SPIN)

/* ---- life cycle ---- */

size_t maar_wait_bytes(void)
{
	return sizeof(struct maar_wait);
}

static int check_request(const struct maar_ring *ring, unsigned flags, unsigned layout)
{
	if (layout != MAAR_WAIT_LAYOUT)
		return -EPROTO;
	if (!ring || (uintptr_t)ring % MAAR_APART || ring->magic != MAAR__RING_MAGIC || (flags & ~KNOWN_FLAGS))
		return -EINVAL;
	return 0;
}

static void set_up(struct maar_wait *wait, const struct maar_ring *ring, unsigned flags)
{
	*wait = (struct maar_wait){
		.layout = MAAR_WAIT_LAYOUT,
		.flags = flags,
		.ring_at = (int64_t)((uintptr_t)ring - (uintptr_t)wait),
		.low = flags & MAAR_WAIT_PROMPT ? ring->capacity - 1 : ring->capacity / 2,
		.not_empty.flags = flags & EVENT_FLAGS,
		.not_full.flags = flags & EVENT_FLAGS,
	};
	wait->magic = MAAR__WAIT_MAGIC;
}

int maar_wait_init_layout(void *mem, size_t bytes, struct maar_ring *ring, unsigned flags, unsigned layout)
{
	int rc = check_request(ring, flags, layout);

	if (!rc)
		rc = maar__unfit(mem, bytes, maar_wait_bytes());
	if (rc)
		return rc;
	set_up(mem, ring, flags);
	return 0;
}

struct maar_wait *maar_wait_create(struct maar_ring *ring, unsigned flags)
{
	const int rc = check_request(ring, flags, MAAR_WAIT_LAYOUT);
	struct maar_wait *wait = maar__refused(rc) ? NULL : maar__alloc(maar_wait_bytes());

	if (!wait)
		return NULL;
	set_up(wait, ring, flags);
	wait->owns = 1;
	return wait;
}

void maar_wait_destroy(struct maar_wait *wait)
{
	if (!wait)
		return;
	MAAR_DEBUG_CHECK(wait->magic == MAAR__WAIT_MAGIC, "not a wait, or one destroyed before");
	if (wait->magic != MAAR__WAIT_MAGIC)
		return;
	maar_event_destroy(&wait->not_empty);
	maar_event_destroy(&wait->not_full);
	wait->magic = 0;
	if (wait->owns)
		maar__free(wait);
}

/* ---- values ---- */

void maar__wait_room(struct maar_wait *wait)
{
	const struct maar_ring *ring = maar__wait_ring(wait);
	const size_t count = maar_ring_count(ring);

	if (count <= wait->low)
		maar__event_wake(&wait->not_full, (size_t)ring->capacity - count);
}

ssize_t maar__wait_put(struct maar_wait *wait, const uint64_t *values, size_t n, int64_t timeout_ns)
{
	struct maar_waiting waiting;
	size_t k = 0;
	int rc;

	if (!wait || !values || !n)
		return -EINVAL;
	if ((maar__wait_ring(wait)->flags & MAAR_RING_HANDLE) && !maar__ring_are_handles(values, n))
		return -EINVAL; /* else it would wait for ever */
	(void)maar_waiting_begin(&waiting, &wait->not_full, timeout_ns);
	do {
		rc = maar_wait_closed(wait) ? -EPIPE : maar_waiting_again(&waiting);
		/* Closed meanwhile: not even a try. */
		if (!rc && !maar_wait_closed(wait))
			k = maar_ring_enqueue_burst(maar__wait_ring(wait), values, n);
	} while (!rc && !k);
	maar_waiting_end(&waiting);
	if (!k)
		return rc;
	maar__event_notify(&wait->not_empty, k);
	return (ssize_t)k;
}

/*
 * A TICKET producer may have notified for cells behind one that another had not filled yet: in vain. Whoever is woken when
 * that one is filled and finds more behind it therefore wakes the next.
 */
static void pass_on(struct maar_wait *wait)
{
	const struct maar_ring *ring = maar__wait_ring(wait);

	if (!(ring->flags & MAAR_RING_TICKET))
		return;
	/* First the word, then the ring: a notify that came before, in vain, has its cell filled for us to see. */
	if ((maar_a_add(&wait->not_empty.word, 0, ACQUIRE) & MAAR__EVENT_WAITERS) && /* A:event.word */
	    !maar_ring_empty(ring))
		maar__event_wake(&wait->not_empty, 1);
}

ssize_t maar__wait_take(struct maar_wait *wait, uint64_t *values, size_t n, int64_t timeout_ns)
{
	struct maar_waiting waiting;
	size_t k = 0;
	int rc;

	if (!wait || !values || !n)
		return -EINVAL;
	(void)maar_waiting_begin(&waiting, &wait->not_empty, timeout_ns);
	do {
		rc = maar_waiting_again(&waiting);
		if (!rc)
			k = maar_ring_dequeue_burst(maar__wait_ring(wait), values, n);
	} while (!rc && !k);
	maar_waiting_end(&waiting);
	if (!k)
		return rc;
	maar__wait_freed(wait);
	pass_on(wait);
	return (ssize_t)k;
}

/* ---- close ---- */

void maar_wait_close(struct maar_wait *wait)
{
	if (!wait)
		return;
	/* Consumers' side first: it is what enqueues look at, so that nobody starts to wait for room that may not come. */
	maar_event_close(&wait->not_empty);
	maar_event_close(&wait->not_full);
}

size_t maar_wait_drain(struct maar_wait *wait, maar_ring_value_fn *each, void *arg)
{
	size_t n;

	if (!wait)
		return 0;
	n = maar_ring_drain(maar__wait_ring(wait), each, arg);
	maar__wait_freed(wait);
	return n;
}

/* ---- the descriptor ---- */

int maar_wait_fd(struct maar_wait *wait)
{
	return maar_event_fd(wait ? &wait->not_empty : NULL);
}

int maar_wait_arm(struct maar_wait *wait)
{
	const int rc = maar_event_arm(wait ? &wait->not_empty : NULL);

	if (rc == -EPIPE)
		return 1;
	if (rc || maar_ring_empty(maar__wait_ring(wait)))
		return rc;
	maar_event_fire(&wait->not_empty);
	return 1;
}

void maar_wait_disarm(struct maar_wait *wait)
{
	maar_event_disarm(wait ? &wait->not_empty : NULL);
}
