/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Moves of slots, by their owner words: free -> loan -> queued -> read -> free. Each is a take from one lock-free ring
 * or a put to another, which src/ring/owned_ring.h says what a kill leaves of; here stands what is in the slot at that
 * time.
 */
#include "ipc_priv.h"

#include "../base/probe.h"
#include "../wait/wait_priv.h"

/* ---- who waits is told ---- */

void maar__ipc_tell_messages(struct maar_ipc *ipc, size_t n)
{
	/* As maar_event_notify_many. */
	const uint64_t word = maar_a_add(&ipc->events->not_empty.word, 0, RELEASE); /* R:event.word */

	if (maar_unlikely(word & (MAAR__EVENT_WAITERS | MAAR__EVENT_ARMED)) &&
	    maar__event_wake_shared(&ipc->events->not_empty, n))
		maar__ipc_ring_armed(ipc);
}

uint64_t maar__ipc_count(const struct maar__owned *o)
{
	const uint64_t head = maar_a_load(&o->ring.ring->head, RELAXED);
	const int64_t n = (int64_t)(maar_a_load(&o->ring.ring->tail, RELAXED) - head);

	return n < 0 ? 0 : (uint64_t)n;
}

static bool nothing_queued(const struct maar_ipc *ipc)
{
	uint32_t p;

	for (p = 0; p < ipc->priorities; p++)
		if (maar__ipc_count(&ipc->rings[p]))
			return false;
	return true;
}

static bool sleeps_for_room(struct maar_ipc *ipc)
{
	return (maar_a_add(&ipc->events->not_full.word, 0, RELEASE) & MAAR__EVENT_WAITERS) != 0; /* R:event.word */
}

/*
 * Who sleeps for want of a slot is woken when half of them are free, so that it is woken for many; or when nothing is
 * queued, for then nobody is going to make more free. They may wait for different things, so all are.
 */
void maar__ipc_tell_room(struct maar_ipc *ipc, uint32_t class)
{
	if (maar_likely(!sleeps_for_room(ipc)))
		return;
	if (ipc->depth_below_all || maar__ipc_count(&ipc->free[class]) >= ipc->classes[class].n / 2 ||
	    nothing_queued(ipc))
		(void)maar__event_wake_shared(&ipc->events->not_full, SIZE_MAX);
}

void maar__ipc_tell_all(struct maar_ipc *ipc)
{
	/* It is not asked who sleeps: one that was killed may have counted sleepers out, and not have woken them. */
	(void)maar_a_add(&ipc->events->not_full.word, 0, RELEASE); /* R:event.word */
	(void)maar__event_wake_shared(&ipc->events->not_full, SIZE_MAX);
	(void)maar_a_add(&ipc->events->not_empty.word, 0, RELEASE); /* R:event.word */
	(void)maar__event_wake_shared(&ipc->events->not_empty, SIZE_MAX);
	maar__ipc_ring_armed(ipc);
}

/* ---- free slots ---- */

int maar__ipc_try_loan(struct maar_ipc *ipc, size_t bytes, uint32_t *handle)
{
	bool fits = false;
	uint32_t c;

	if (ipc->pair)
		return maar__pair_try_loan(ipc, bytes, handle);
	for (c = 0; c < ipc->n_classes; c++) {
		int got;

		if (ipc->classes[c].bytes < bytes)
			continue;
		fits = true;
		got = maar__owned_take(&ipc->free[c], MAAR__IPC_FREE, MAAR__IPC_OUT, ipc->me, handle);
		if (maar_likely(got > 0))
			return 1;
		if (maar_unlikely(got < 0))
			return maar__ipc_broken(ipc);
	}
	return fits ? 0 : -EMSGSIZE;
}

int maar__ipc_put_free(struct maar_ipc *ipc, uint32_t handle, uint64_t word)
{
	const uint32_t class = maar__ipc_class_of(ipc, handle);
	const int rc = maar__owned_put(&ipc->free[class], handle, word, MAAR__IPC_FREE, ipc->me);

	if (maar_unlikely(rc))
		return rc == -EALREADY ? rc : maar__ipc_broken(ipc);
	maar__ipc_tell_room(ipc, class);
	return 0;
}

/* The handle of a payload, by what its header says, which is checked; MAAR_NO_HANDLE. */
static uint32_t handle_of(const struct maar_ipc *ipc, const void *payload)
{
	const unsigned char *const from = ipc->classes[0].payloads;
	const struct maar__ipc_slots *const last = &ipc->classes[ipc->n_classes - 1];
	uint32_t handle;

	if ((uintptr_t)payload < (uintptr_t)from || (uintptr_t)payload % MAAR_CACHE_LINE ||
	    (uintptr_t)payload - (uintptr_t)from >= (uintptr_t)(last->payloads - from) + last->n * last->stride)
		return UINT32_MAX;
	handle = maar_a_load(&((const struct maar__ipc_slot *)payload - 1)->handle, RELAXED);
	return handle < ipc->slots && maar__ipc_payload(ipc, handle) == payload ? handle : UINT32_MAX;
}

int maar__ipc_find(const struct maar_ipc *ipc, const void *payload, uint32_t *handle, uint64_t *word)
{
	if (ipc->pair)
		return maar__pair_find(ipc, payload, handle, word);
	*handle = handle_of(ipc, payload);
	if (maar_unlikely(*handle == UINT32_MAX))
		return -EINVAL;
	*word = maar_a_load(&ipc->own[*handle], RELAXED);
	return maar__own_state(*word) == MAAR__IPC_OUT && maar__own_participant(*word) == ipc->me ? 0 : -EALREADY;
}

int maar_ipc_discard(struct maar_ipc *ipc, void *payload)
{
	uint32_t handle;
	uint64_t word;
	int rc = maar__ipc_refused(ipc, MAAR_IPC_PRODUCER);

	if (rc == 0)
		rc = maar__ipc_find(ipc, payload, &handle, &word);
	if (rc == 0 && ipc->pair)
		return maar__pair_discard(ipc);
	return rc ? rc : maar__ipc_put_free(ipc, handle, word);
}

/* ---- messages ---- */

int maar__ipc_try_publish(struct maar_ipc *ipc, uint32_t handle, uint64_t word, uint32_t priority)
{
	struct maar__owned ring;
	int rc;

	if (ipc->pair)
		return maar__pair_publish(ipc);
	ring = ipc->rings[priority];
	ring.limit = ipc->depth[priority];
	rc = maar__owned_put(&ring, handle, word, MAAR__IPC_QUEUED + priority, ipc->me);
	if (maar_likely(rc == 0)) {
		maar__ipc_tell_messages(ipc, 1);
		return 1;
	}
	if (rc == -EAGAIN)
		return 0;
	return rc == -EALREADY ? rc : maar__ipc_broken(ipc);
}

/* What the header of a slot says that this participant has taken from ring r; -EBADMSG. */
static int describe(struct maar_ipc *ipc, uint32_t r, uint32_t handle, struct maar_ipc_message *m)
{
	const struct maar__ipc_slots *const slots = &ipc->classes[maar__ipc_class_of(ipc, handle)];
	unsigned char *const payload = slots->payloads + (handle - slots->first) * slots->stride;
	const struct maar__ipc_slot *const s = maar__ipc_slot(payload);
	const uint64_t word = maar_a_load(&ipc->own[handle], RELAXED);

	m->payload = payload;
	m->bytes = maar_a_load(&s->length, RELAXED);
	m->sequence = maar_a_load(&s->sequence, RELAXED);
	m->type = maar_a_load(&s->type, RELAXED);
	m->priority = maar_a_load(&s->priority, RELAXED);
	m->flags = maar_a_load(&s->flags, RELAXED);
	m->deliveries = maar_a_load(&s->deliveries, RELAXED);
	m->slot = handle;
	m->reserved0 = 0;
	m->reserved[0] = word;
	m->reserved[1] = 0;
	m->id.segment[0] = ipc->uuid[0];
	m->id.segment[1] = ipc->uuid[1];
	m->id.ring = m->priority;
	m->id.reserved0 = 0;
	/* Its name is where it was published first, which until it has to be kept is where it lay. */
	if (maar_unlikely(m->flags))
		m->id.position = maar_a_load(&s->first, RELAXED);
	else
		m->id.position = maar__ipc_position(&ipc->rings[r], word) & MAAR__OWN_POSITION;
	if (maar_unlikely(m->bytes > slots->bytes || m->priority >= ipc->priorities ||
			  (m->flags & ~(uint32_t)(MAAR_IPC_REDELIVERED | MAAR_IPC_DEAD_LETTER))))
		return maar__ipc_broken(ipc);
	return 1;
}

static int take_from(struct maar_ipc *ipc, uint32_t r, struct maar_ipc_message *m)
{
	uint32_t handle;
	const int got = maar__owned_take(&ipc->rings[r], MAAR__IPC_QUEUED + r, MAAR__IPC_READ, ipc->me, &handle);

	if (maar_likely(got > 0))
		return describe(ipc, r, handle, m);
	return got == 0 ? 0 : maar__ipc_broken(ipc);
}

/*
 * The last message was taken, and perhaps is kept for long: who sleeps for want of a slot shall not wait for its release if
 * there are some.
 */
static void tell_last_taken(struct maar_ipc *ipc)
{
	uint32_t c;

	if (maar_likely(!(maar_a_load(&ipc->events->not_full.word, RELAXED) & MAAR__EVENT_WAITERS)) ||
	    !nothing_queued(ipc))
		return;
	for (c = 0; c < ipc->n_classes; c++)
		if (maar__ipc_count(&ipc->free[c]))
			return maar__ipc_tell_room(ipc, c);
}

int maar__ipc_try_take(struct maar_ipc *ipc, struct maar_ipc_message *m)
{
	uint32_t p = ipc->priorities;

	if (ipc->pair)
		return maar__pair_try_take(ipc, m);
	while (p-- > 0) {
		const int got = take_from(ipc, p, m);

		if (got) {
			if (got > 0 && ipc->depth[p] < ipc->slots)
				maar__ipc_tell_room(ipc, 0);
			else if (got > 0)
				tell_last_taken(ipc);
			return got;
		}
	}
	return 0;
}

int maar_ipc_take_dead(struct maar_ipc *ipc, struct maar_ipc_message *message)
{
	int rc = maar__ipc_refused(ipc, MAAR_IPC_CONSUMER);

	if (rc == 0 && !message)
		rc = -EINVAL;
	if (rc || ipc->pair)
		return rc;
	return take_from(ipc, MAAR__IPC_DEAD_RING, message);
}

int maar_ipc_release(struct maar_ipc *ipc, const struct maar_ipc_message *message)
{
	uint64_t word;
	const int rc = maar__ipc_refused(ipc, MAAR_IPC_CONSUMER);

	if (maar_unlikely(rc))
		return rc;
	if (maar_unlikely(!message || message->slot >= ipc->slots))
		return -EINVAL;
	if (ipc->pair)
		return maar__pair_release(ipc, message);
	word = maar_a_load(&ipc->own[message->slot], RELAXED);
	/* Of this taking, not of another message that came into this one's hands in the same slot. */
	if (maar_unlikely(maar__own_state(word) != MAAR__IPC_READ || maar__own_participant(word) != ipc->me ||
			  word != message->reserved[0]))
		return -EALREADY;
	return maar__ipc_put_free(ipc, message->slot, word);
}

/*
 * Counted before it is taken out: whoever is killed in between has counted one too many, and none that was dropped goes
 * uncounted.
 */
int maar__ipc_overwrite(struct maar_ipc *ipc, uint32_t priority, bool any)
{
	uint64_t *const dropped = &maar__ipc_entry(ipc, ipc->me)->dropped_oldest;
	uint32_t p = any ? 0 : priority, handle = 0;
	int got = 0;

	(void)maar_a_add(dropped, 1, RELAXED);
	for (; got == 0 && p < ipc->priorities && (any || p == priority); p++)
		got = maar__owned_take(&ipc->rings[p], MAAR__IPC_QUEUED + p, MAAR__IPC_OUT, ipc->me, &handle);
	if (got > 0) {
		MAAR__PROBE(ipc_drop, ipc, ipc->me, 1);
		return maar__ipc_put_free(ipc, handle, maar_a_load(&ipc->own[handle], RELAXED)) ? -EBADMSG : 1;
	}
	(void)maar_a_add(dropped, (uint64_t)-1, RELAXED);
	return got == 0 ? 0 : maar__ipc_broken(ipc);
}
