/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Participants: who becomes one, under which number, with whose journal; and who of them is alive.
 *
 * A number is taken in two steps: first somebody is alive as it, which the kernel or a word says of one process at a
 * time; then its entry says so. Whoever becomes alive as a number whose entry is not free is a dead one's heir: with
 * the right to recover it puts right what that one left, and then the number is as free as any.
 */
#include "ipc_priv.h"

#include "../base/life.h"
#include "../base/process.h"
#include "../base/sleep.h"
#include "../wait/wait_priv.h"

#include <unistd.h>

/* ---- who is alive, by pid and start ---- */

#define PID_BITS 22 /* the kernel's limit of pids */

static uint64_t identity_of(const struct maar__process *p)
{
	return p->start << PID_BITS | p->pid;
}

static struct maar__process process_of(const struct maar_ipc *ipc, uint64_t identity)
{
	const struct maar__process p = { .pid = identity & ((1u << PID_BITS) - 1),
					 .start = identity >> PID_BITS,
					 .pid_space = ipc->pid_space,
					 .time_space = ipc->time_space };

	return p;
}

static int process_is_alive(const struct maar_ipc *ipc, uint64_t identity)
{
	const struct maar__process p = process_of(ipc, identity);

	return identity ? maar__process_alive(&p) : 0;
}

int maar__ipc_death(struct maar_ipc *ipc, uint32_t number)
{
	/* Where it is older than the entry that the caller has seen, it is a dead one's, or 0; and the newcomer tells. */
	const uint64_t identity = maar_a_load(&maar__ipc_entry(ipc, number)->identity, RELAXED);
	const struct maar__process p = process_of(ipc, identity);

	if (ipc->life.take)
		return -ENOTSUP;
	return identity ? maar__process_fd(&p) : -ESRCH;
}

int maar__ipc_alive(struct maar_ipc *ipc, uint32_t number)
{
	const struct maar__ipc_participant *p = maar__ipc_entry(ipc, number);

	if (ipc->life.take)
		return ipc->life.alive(ipc->life.arg, number);
	return process_is_alive(ipc, maar_a_load(&p->identity, ACQUIRE)); /* A:ipc.identity */
}

static int become(struct maar_ipc *ipc, uint32_t number, uint64_t identity)
{
	struct maar__ipc_participant *p = maar__ipc_entry(ipc, number);
	uint64_t other;

	if (ipc->life.take)
		return ipc->life.take(ipc->life.arg, number);
	other = maar_a_load(&p->identity, RELAXED);
	if (process_is_alive(ipc, other) != 0)
		return -EBUSY;
	/* Somebody may have come and left since the load: what that one left is to be seen. */
	return maar_a_cas(&p->identity, other, identity, ACQUIRE) ? 0 : -EBUSY; /* A:ipc.identity */
}

static void leave(struct maar_ipc *ipc, uint32_t number)
{
	if (ipc->life.take)
		ipc->life.drop(ipc->life.arg, number);
	else
		maar_a_store(&maar__ipc_entry(ipc, number)->identity, 0, RELEASE); /* R:ipc.identity */
}

/* ---- a number ---- */

/* What a dead one left under the number that the caller is alive as now. 0, -EBUSY: another is recovering; -EBADMSG */
static int inherit(struct maar_ipc *ipc, uint32_t number, uint64_t state)
{
	uint64_t held;
	int rc = maar__ipc_seize(ipc, number, maar__ipc_generation(state), true, &held);

	if (rc <= 0)
		return rc ? rc : -EBUSY;
	/* Another may have done it before; what that one did the right has told. */
	if (maar__ipc_phase(maar_a_load(&maar__ipc_entry(ipc, number)->state, RELAXED)) == MAAR__IPC_NOBODY)
		rc = 0;
	else
		rc = maar__ipc_mend(ipc, number, number);
	maar__ipc_give_back(ipc, held);
	if (rc == 0) /* as at the end of maar_ipc_recover: whoever finds nobody dead now has nothing more to tell */
		maar__ipc_tell_all(ipc);
	return rc;
}

/* 0: it is this one's now, which has this key (0: none); OTHER_KEY; -EBUSY: it is not to be had; or why nothing is. */
#define OTHER_KEY 1
static int try_number(struct maar_ipc *ipc, uint32_t number, uint64_t identity, uint64_t key)
{
	struct maar__ipc_participant *const p = maar__ipc_entry(ipc, number);
	uint64_t state;
	int rc = become(ipc, number, identity);

	if (rc)
		return rc;
	state = maar_a_load(&p->state, ACQUIRE); /* A:ipc.state */
	if (maar__ipc_phase(state) != MAAR__IPC_NOBODY) {
		rc = inherit(ipc, number, state);
		state = maar_a_load(&p->state, RELAXED);
	}
	if (rc == 0 && maar_a_load(&p->key, RELAXED) != key)
		rc = OTHER_KEY;
	if (rc == 0) {
		/* Whoever is killed here leaves a free number. */
		maar__ipc_clear_journal(p);
		ipc->state = maar__ipc_state(maar__ipc_generation(state) + 1, ipc->roles, MAAR__IPC_LIVE);
		maar_a_store(&p->state, ipc->state, RELEASE); /* R:ipc.state */
		ipc->me = number;
		return 0;
	}
	leave(ipc, number);
	return rc;
}

static void give_up(struct maar_ipc *ipc)
{
	maar_a_store(&maar__ipc_entry(ipc, ipc->me)->state,
		     maar__ipc_state(maar__ipc_generation(ipc->state), 0, MAAR__IPC_NOBODY), RELAXED);
	maar_a_compiler_barrier();
	leave(ipc, ipc->me); /* as detach */
	ipc->me = 0;
}

/* Of a pair, the role is the number: so that nobody else has it at the same time, and its heir is who has it next. */
static bool may_be(const struct maar_ipc *ipc, uint32_t number)
{
	if (!ipc->pair)
		return true;
	if (ipc->roles)
		return number == (ipc->roles & MAAR_IPC_PRODUCER ? MAAR__PAIR_PRODUCER : MAAR__PAIR_CONSUMER);
	return number > MAAR__PAIR_CONSUMER;
}

/* First numbers that are free, then those of the dead; all without a key. */
static int any_number(struct maar_ipc *ipc, uint64_t identity)
{
	uint32_t round, i;

	for (round = 0; round < 2; round++) {
		for (i = 1; i <= ipc->max_participants; i++) {
			const uint64_t state = maar_a_load(&maar__ipc_entry(ipc, i)->state, RELAXED);
			int rc;

			if ((maar__ipc_phase(state) == MAAR__IPC_NOBODY) != (round == 0) || !may_be(ipc, i))
				continue;
			if (round == 0 && maar_a_load(&maar__ipc_entry(ipc, i)->key, RELAXED))
				continue;
			rc = try_number(ipc, i, identity, 0);
			if (rc != -EBUSY && rc != OTHER_KEY)
				return rc;
		}
	}
	return -EUSERS;
}

/* ---- a key ---- */

/* Times that somebody who has the right to recover is waited for, a millisecond each. */
#ifndef MAAR__IPC_CLAIM_TRIES
#define MAAR__IPC_CLAIM_TRIES 1000
#endif

static uint32_t number_of(const struct maar_ipc *ipc, uint64_t key)
{
	uint32_t i;

	for (i = 1; i <= ipc->max_participants; i++)
		if (maar_a_load(&maar__ipc_entry(ipc, i)->key, RELAXED) == key)
			return i;
	return 0;
}

/* The entry of this key: 0 it is this one's now; -EBUSY; -ENOENT: there is none; -EUSERS: another role's, `as_any` apart. */
static int by_key(struct maar_ipc *ipc, uint64_t identity, bool as_any)
{
	const uint32_t number = number_of(ipc, ipc->key);
	const struct maar__ipc_participant *p;
	uint64_t outcome;
	int rc;

	if (number && !as_any && !may_be(ipc, number))
		return -EUSERS;
	rc = number ? try_number(ipc, number, identity, ipc->key) : OTHER_KEY;
	if (rc)
		return rc == OTHER_KEY ? -ENOENT : rc; /* or it was forgotten meanwhile */
	p = maar__ipc_entry(ipc, number);
	outcome = maar_a_load(&p->outcome, RELAXED);
	if (outcome != MAAR__IPC_NONE) {
		ipc->has_past = 1;
		ipc->past.sequence = maar_a_load(&p->sequence, RELAXED);
		ipc->past.delivered = outcome == MAAR__IPC_DELIVERED;
	}
	return 0;
}

/*
 * A key that no entry has becomes this one's. Only with the right to recover, which one has at a time: so no two entries
 * get the same. 0; -ENOENT: some entry has it by now; -EBUSY: somebody has the right; -EBADMSG.
 */
static int claim_key(struct maar_ipc *ipc)
{
	struct maar__ipc_participant *const p = maar__ipc_entry(ipc, ipc->me);
	uint64_t held;
	int rc = maar__ipc_seize(ipc, ipc->me, maar__ipc_generation(ipc->state), false, &held);

	if (rc <= 0)
		return rc ? rc : -EBUSY;
	rc = number_of(ipc, ipc->key) ? -ENOENT : 0;
	if (rc == 0) {
		maar_a_store(&p->outcome, MAAR__IPC_NONE, RELAXED);
		maar_a_compiler_barrier();
		maar_a_store(&p->key, ipc->key, RELAXED);
	}
	maar__ipc_give_back(ipc, held);
	return rc;
}

static int find_number(struct maar_ipc *ipc, uint64_t identity)
{
	unsigned tries = 0;
	int rc;

	if (!ipc->key)
		return any_number(ipc, identity);
	for (;;) {
		rc = by_key(ipc, identity, false);
		if (rc != -ENOENT)
			return rc;
		rc = any_number(ipc, identity);
		if (rc)
			return rc;
		while ((rc = claim_key(ipc)) == -EBUSY && ++tries < MAAR__IPC_CLAIM_TRIES)
			(void)maar__poll(NULL, 0, maar__now() + 1000000);
		if (rc == 0)
			return 0;
		give_up(ipc);
		if (rc != -ENOENT || ++tries >= MAAR__IPC_CLAIM_TRIES)
			return rc == -ENOENT ? -EBUSY : rc;
	}
}

/* ---- attach ---- */

int maar__ipc_check_who(const struct maar_ipc_who *who)
{
	size_t i;

	if (!who)
		return 0;
	for (i = 0; i < sizeof(who->reserved) / sizeof(who->reserved[0]); i++)
		if (who->reserved[i])
			return -EINVAL;
	if ((who->roles & ~(uint32_t)(MAAR_IPC_PRODUCER | MAAR_IPC_CONSUMER)) || who->slice_ns < 0 ||
	    (who->reading & ~(uint32_t)(MAAR_IPC_LOSSY | MAAR_IPC_HISTORY)) ||
	    (who->reading && !(who->roles & MAAR_IPC_CONSUMER)))
		return -EINVAL;
	return 0;
}

/* Whether the rings' own headers are those that init made. */
static bool ring_is_right(const struct maar__owned *o)
{
	struct maar_ring ring;

	memset(&ring, 0, sizeof(ring));
	maar_n_copy(&ring, o->ring.ring, offsetof(struct maar_ring, tail));
	return ring.magic == MAAR__RING_MAGIC && ring.flags == o->ring.flags && ring.mask == o->ring.mask &&
	       ring.shift == o->ring.shift && maar__ring_is_whole(&ring);
}

static bool rings_are_right(const struct maar_ipc *ipc)
{
	uint32_t i;

	for (i = 0; i < ipc->n_classes; i++)
		if (ipc->free[i].own && !ring_is_right(&ipc->free[i]))
			return false;
	for (i = 0; i < MAAR__IPC_RINGS; i++)
		if (ipc->rings[i].own && !ring_is_right(&ipc->rings[i]))
			return false;
	return true;
}

/* Copies the header, checks it, and looks at the rest with it. */
static int look(struct maar_ipc *ipc, void *mem, size_t bytes)
{
	const struct maar__ipc_header *at = mem;
	struct maar__ipc_header copy, h;
	int rc;

	if (!mem || (uintptr_t)mem % MAAR_APART)
		return -EINVAL;
	if (bytes < sizeof(h))
		return -ENOSPC;
	memset(&copy, 0, sizeof(copy));
	copy.ready = maar_a_load(&at->ready, ACQUIRE); /* A:ipc.ready */
	if (copy.ready == MAAR__IPC_READY)	       /* else it may be being written */
		maar_n_copy(&copy, at, offsetof(struct maar__ipc_header, ready));
	rc = maar__ipc_check(&copy, sizeof(copy), bytes, &h);
	if (rc)
		return rc;
	if ((uintptr_t)mem % h.align)
		return -EINVAL;
	maar__ipc_look(ipc, mem, &h);
	return rings_are_right(ipc) && maar_a_load(&at->broken, RELAXED) == 0 ? 0 : -EBADMSG;
}

/* Where the segment's pids mean something, this one's identity. */
static int identify(const struct maar_ipc *ipc, uint64_t *identity)
{
	struct maar__process me;
	int rc;

	if (ipc->life.take)
		return 0;
	rc = maar__process_self(&me);
	if (rc)
		return rc;
	if (me.pid_space != ipc->pid_space || me.time_space != ipc->time_space)
		return -ENOTSUP;
	*identity = identity_of(&me);
	return 0;
}

static int attach(struct maar_ipc *ipc, void *mem, size_t bytes, const struct maar_ipc_who *who)
{
	uint64_t identity = 0;
	int rc;

	ipc->roles = who ? who->roles : MAAR_IPC_PRODUCER | MAAR_IPC_CONSUMER;
	ipc->key = who ? who->key : 0;
	ipc->slice = who && who->slice_ns ? who->slice_ns : MAAR_IPC_SLICE;
	rc = look(ipc, mem, bytes);
	if (rc == 0)
		rc = maar__pair_may(ipc);
	if (rc == 0)
		rc = maar__ipc_cast_may(ipc, who ? who->reading : 0);
	if (rc == 0)
		rc = identify(ipc, &identity);
	if (rc == 0)
		rc = find_number(ipc, identity);
	if (rc == 0)
		maar__ipc_cast_join(ipc, who ? who->reading : 0);
	if (rc == 0 && ipc->pair) {
		rc = maar__pair_begin(ipc);
		if (rc)
			give_up(ipc);
	}
	return rc;
}

static size_t private_bytes(void)
{
	const size_t page = maar__page();

	return (sizeof(struct maar_ipc) + page - 1) & ~(page - 1);
}

struct maar_ipc *maar_ipc_attach(void *mem, size_t bytes, const struct maar_ipc_who *who,
				 const struct maar_ipc_life *life)
{
	struct maar_ipc *ipc = NULL;
	int rc = maar__ipc_check_who(who);

	if (life && (!life->take || !life->drop || !life->alive))
		rc = -EINVAL;
	if (rc == 0) {
		ipc = maar__map_own(private_bytes());
		rc = ipc ? 0 : -errno;
	}
	if (rc == 0) {
		if (life)
			ipc->life = *life;
		rc = attach(ipc, mem, bytes, who);
	}
	if (rc == 0)
		return ipc;
	if (ipc)
		maar__unmap(ipc, private_bytes());
	if (life && life->end)
		life->end(life->arg);
	errno = -rc;
	return NULL;
}

/* ---- detach ---- */

static bool has_slots(const struct maar_ipc *ipc)
{
	uint32_t i;

	if (ipc->pair)
		return maar__pair_has_slots(ipc);
	for (i = 0; i < ipc->slots; i++) {
		const uint64_t word = maar_a_load(&ipc->own[i], RELAXED);

		if (maar__own_participant(word) == ipc->me &&
		    (maar__own_state(word) == MAAR__IPC_OUT || maar__own_state(word) == MAAR__IPC_READ))
			return true;
	}
	return false;
}

int maar_ipc_detach(struct maar_ipc *ipc)
{
	struct maar__ipc_participant *p;
	struct maar_ipc_life life;

	if (!ipc)
		return 0;
	if (!ipc->me) { /* a forked child's */
		maar__unmap(ipc, private_bytes());
		return 0;
	}
	life = ipc->life;
	if (maar_a_load(&ipc->at->broken, RELAXED) == 0) {
		if (has_slots(ipc) || ipc->reading.out)
			return -EBUSY;
		p = maar__ipc_entry(ipc, ipc->me);
		maar__ipc_unwatch(ipc, ipc->me);
		maar__ipc_cast_leave(ipc);
		(void)maar__ipc_resolve(ipc, ipc->me);
		/* As of one who died without a slot, in case this one does; whoever does it again finds the same. */
		maar_a_store(&p->state, maar__ipc_state(maar__ipc_generation(ipc->state), 0, MAAR__IPC_WAKE),
			     RELEASE); /* R:ipc.state */
		maar_a_compiler_barrier();
		maar__ipc_clear_journal(p);
		/* To be found by who finds that nobody is this number. */
		maar_a_store(&p->state, maar__ipc_state(maar__ipc_generation(ipc->state), 0, MAAR__IPC_NOBODY),
			     RELAXED);
		maar_a_compiler_barrier();
	}
	maar__ipc_unwatch_own(ipc);
	leave(ipc, ipc->me);
	maar__unmap(ipc, private_bytes());
	if (life.end)
		life.end(life.arg);
	return 0;
}

/* ---- journals ---- */

int maar_ipc_past(const struct maar_ipc *ipc, struct maar_ipc_past *past)
{
	const int rc = maar__ipc_refused(ipc, 0);

	if (rc || !past)
		return rc ? rc : -EINVAL;
	if (!ipc->has_past)
		return -ENOENT;
	*past = ipc->past;
	return 0;
}

int maar_ipc_forget(struct maar_ipc *ipc, uint64_t key)
{
	struct maar_ipc as;
	uint64_t identity = 0;
	const int refused = maar__ipc_refused(ipc, 0);
	int rc;

	if (refused || !key)
		return refused ? refused : -EINVAL;
	/* As whoever attaches with it and detaches at once, leaving no key. */
	as = *ipc;
	as.me = 0;
	as.key = key;
	as.roles = 0;
	rc = identify(&as, &identity);
	if (rc == 0)
		rc = by_key(&as, identity, true);
	if (rc)
		return rc;
	maar_a_store(&maar__ipc_entry(&as, as.me)->outcome, MAAR__IPC_NONE, RELAXED);
	maar_a_compiler_barrier();
	maar_a_store(&maar__ipc_entry(&as, as.me)->key, 0, RELAXED);
	maar_a_compiler_barrier();
	maar_a_store(&maar__ipc_entry(&as, as.me)->state,
		     maar__ipc_state(maar__ipc_generation(as.state), 0, MAAR__IPC_NOBODY), RELAXED);
	maar_a_compiler_barrier();
	leave(&as, as.me);
	return 0;
}
