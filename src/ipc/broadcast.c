/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Broadcast between processes, the producers' side: where slots come from when nobody takes.
 */
#include "ipc_priv.h"

#include "../base/sleep.h"
#include "../wait/wait_priv.h"

/*
 * The floor is raised by a sixteenth of the depth at a time, so that the gates, which their readers write with each message,
 * are looked at that seldom; and no further, since who joins begins there.
 */
#define RAISES_OF_A_DEPTH 16

/* Times that others were faster, beside one for each slot: so it ends over memory that is scribbled on. */
#define MORE_TRIES 64

static uint32_t tries_of(const struct maar_ipc *ipc)
{
	return ipc->slots + MORE_TRIES;
}

/* ---- the floor ---- */

static bool is_below(uint64_t position, uint64_t floor)
{
	return (int32_t)((uint32_t)floor - (uint32_t)position) > 0;
}

/* No higher than the least gate; false: somebody is just joining. */
static bool look_at_gates(const struct maar_ipc *ipc, uint64_t *least)
{
	const uint64_t to = maar_a_load(&ipc->at->gates_to, RELAXED); /* the floor has told */
	uint32_t i;

	for (i = 1; i <= to && i <= ipc->max_participants; i++) {
		const uint64_t gate = maar_a_load(&maar__ipc_entry(ipc, i)->gate, ACQUIRE); /* A:ipc.gate */
		uint64_t position;

		if (maar__ipc_gate_kind(gate) == MAAR__IPC_JOINING)
			return false;
		if (maar__ipc_gate_kind(gate) != MAAR__IPC_JOINED)
			continue;
		position = maar__ipc_position(&ipc->rings[0], gate);
		if ((int64_t)(position - *least) < 0)
			*least = position;
	}
	return true;
}

/* 1: the oldest message may be below the floor now; 0: it may not, or there is none. */
static int raise_floor(struct maar_ipc *ipc)
{
	const struct maar_ring *const log = ipc->rings[0].ring.ring;
	const uint64_t floor = maar_a_load(&ipc->at->floor, ACQUIRE); /* A:owned.floor */
	const uint64_t head = maar_a_load(&log->head, RELAXED);	      /* no older than what the caller has seen */
	const int64_t there = (int64_t)(maar_a_load(&log->tail, RELAXED) - head);
	const uint64_t step = ipc->depth[0] / RAISES_OF_A_DEPTH + 1;
	uint64_t least;

	if (there <= 0)
		return 0;
	if (is_below(head, floor))
		return 1;
	least = head + ((uint64_t)there < step ? (uint64_t)there : step);
	if (!look_at_gates(ipc, &least) || !is_below((uint32_t)floor, least))
		return 0;
	/* If it fails, somebody has raised it, or joined. */
	(void)maar_a_cas(&ipc->at->floor, floor, ((floor >> 32) + 1) << 32 | (uint32_t)least,
			 RELEASE); /* R:owned.floor */
	return 1;
}

/* Takes the oldest message out: 1, its slot is this one's; 0: there is none that may be; -EBADMSG. */
static int expire(struct maar_ipc *ipc, uint32_t *handle)
{
	uint32_t tries;

	for (tries = tries_of(ipc); tries; tries--) {
		const int got = maar__owned_take_below(&ipc->rings[0], &ipc->at->floor, MAAR__IPC_QUEUED, MAAR__IPC_OUT,
						       ipc->me, handle);

		if (got)
			return got > 0 ? 1 : maar__ipc_broken(ipc);
		if (!raise_floor(ipc))
			return 0;
	}
	return 0;
}

/*
 * It is full, and perhaps by a dead one's gate, of whom nobody would hear where none waits: looks for the dead once in a
 * slice. Whether there was one.
 */
static bool look_for_the_dead(struct maar_ipc *ipc)
{
	uint64_t now;

	if (ipc->slice < 0)
		return false;
	now = (uint64_t)maar__now();
	if (now - maar_a_load(&ipc->reading.looked, RELAXED) < (uint64_t)ipc->slice)
		return false;
	maar_a_store(&ipc->reading.looked, now, RELAXED);
	return maar_ipc_recover(ipc) > 0;
}

/* ---- pins ---- */

/*
 * Whether a lossy reader looks at a slot that has just become this one's. The word's last change was this one's own, of
 * the same release sequence as all before it: so a pin that came before is seen; and the reader of one that comes later
 * finds the word changed.
 */
static bool is_pinned(const struct maar_ipc *ipc, uint32_t handle)
{
	uint64_t to;
	uint32_t i;

	(void)maar_a_load(&ipc->own[handle], ACQUIRE); /* A:ipc.pin */
	to = maar_a_load(&ipc->at->pins_to, RELAXED);
	for (i = 1; i <= to && i <= ipc->max_participants; i++)
		if (maar_a_load(&maar__ipc_entry(ipc, i)->pin, ACQUIRE) == handle + UINT64_C(1)) /* A:ipc.unpin */
			return true;
	return false;
}

/* ---- loan ---- */

static int give_back(struct maar_ipc *ipc, uint32_t handle)
{
	return maar__ipc_put_free(ipc, handle, maar_a_load(&ipc->own[handle], RELAXED)) ? -EBADMSG : 0;
}

/*
 * A pinned one goes to the end of its ring. That is room for nobody, so nobody is told, least of all this one, if it is about to
 * sleep: unless it has been let go meanwhile, when perhaps others had looked for it in vain.
 */
static int put_aside(struct maar_ipc *ipc, uint32_t handle)
{
	const uint32_t class = maar__ipc_class_of(ipc, handle);
	const uint64_t word = maar_a_load(&ipc->own[handle], RELAXED);

	if (maar__owned_put(&ipc->free[class], handle, word, MAAR__IPC_FREE, ipc->me))
		return maar__ipc_broken(ipc);
	if (!is_pinned(ipc, handle))
		maar__ipc_cast_tell_room(ipc);
	return 0;
}

/* Of a class, a slot that nobody looks at. */
static int loan_of(struct maar_ipc *ipc, uint32_t class, uint32_t *handle)
{
	uint32_t tries;

	for (tries = ipc->classes[class].n; tries; tries--) {
		const int got = maar__owned_take(&ipc->free[class], MAAR__IPC_FREE, MAAR__IPC_OUT, ipc->me, handle);

		if (got <= 0)
			return got ? maar__ipc_broken(ipc) : 0;
		if (maar_likely(!is_pinned(ipc, *handle)))
			return 1;
		if (put_aside(ipc, *handle))
			return -EBADMSG;
	}
	return 0;
}

static int loan_free(struct maar_ipc *ipc, uint64_t bytes, uint32_t *handle)
{
	bool fits = false;
	uint32_t c;

	for (c = 0; c < ipc->n_classes; c++) {
		int got;

		if (ipc->classes[c].bytes < bytes)
			continue;
		fits = true;
		got = loan_of(ipc, c, handle);
		if (got)
			return got;
	}
	return fits ? 0 : -EMSGSIZE;
}

/* Once all slots are history, the oldest message's slot is lent as it comes out of the log. */
int maar__ipc_cast_loan(struct maar_ipc *ipc, uint64_t bytes, uint32_t *handle)
{
	uint32_t tries;

	for (tries = tries_of(ipc); tries; tries--) {
		int got = loan_free(ipc, bytes, handle);

		if (got)
			return got;
		got = expire(ipc, handle);
		if (got == 0 && look_for_the_dead(ipc))
			continue;
		if (got <= 0)
			return got;
		if (maar_unlikely(is_pinned(ipc, *handle)))
			got = put_aside(ipc, *handle);
		else if (maar_likely(ipc->classes[maar__ipc_class_of(ipc, *handle)].bytes >= bytes))
			return 1;
		else
			got = give_back(ipc, *handle);
		if (got)
			return -EBADMSG;
	}
	return 0;
}

/* ---- publish ---- */

void maar__ipc_cast_tell_room(struct maar_ipc *ipc)
{
	if (maar_a_add(&ipc->events->not_full.word, 0, RELEASE) & MAAR__EVENT_WAITERS) /* R:event.word */
		(void)maar__event_wake_shared(&ipc->events->not_full, SIZE_MAX);
}

/* Room in the log for one more: 1; 0: full; -EBADMSG. */
static int make_room(struct maar_ipc *ipc)
{
	uint32_t handle;
	int got;

	do
		got = expire(ipc, &handle);
	while (got == 0 && look_for_the_dead(ipc));
	if (got > 0 && give_back(ipc, handle))
		return -EBADMSG;
	return got;
}

static void tell_published(struct maar_ipc *ipc)
{
	maar__ipc_tell_messages(ipc, SIZE_MAX);
	/* The message's slot may be lent again, and perhaps somebody has waited for just that. */
	if (maar_unlikely(maar_a_load(&ipc->events->not_full.word, RELAXED) & MAAR__EVENT_WAITERS))
		maar__ipc_cast_tell_room(ipc);
}

int maar__ipc_cast_publish(struct maar_ipc *ipc, uint32_t handle, uint64_t word)
{
	struct maar__owned log = ipc->rings[0];
	uint32_t tries;
	bool full = false; /* exactly: the count of what is there may be an old one */

	log.limit = ipc->depth[0];
	for (tries = tries_of(ipc); tries; tries--) {
		int rc = 1;

		if (full || maar__ipc_count(&log) >= log.limit) {
			rc = make_room(ipc);
			if (rc < 0 || (rc == 0 && full))
				return rc;
		}
		rc = maar__owned_put(&log, handle, word, MAAR__IPC_QUEUED, ipc->me);
		if (maar_likely(rc == 0)) {
			tell_published(ipc);
			return 1;
		}
		if (rc != -EAGAIN)
			return rc == -EALREADY ? rc : maar__ipc_broken(ipc);
		full = true;
	}
	return 0;
}
