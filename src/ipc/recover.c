/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * What the dead have left, put right by one participant at a time.
 *
 * The right to it is a word, | acquisitions 20 | generation 32 | number 12 |, number 0: nobody. Whoever is dead loses
 * it to the next, by a compare-and-swap from the word that was found; the count makes each acquisition another word, so
 * that one which was found long ago cannot be mistaken for a later one's. Only with the right a dead one's number may
 * become anybody's again, so no recoverer, however long it was stopped, meets slots of a living one under the number of
 * a dead one.
 *
 * All that is done is done again, to the same end, by who comes after a recoverer that was killed: first the journal is
 * resolved, while the words are as the dead one left them, and the phase says that it is; then each slot is moved by
 * one put, which leaves it under the number of the recoverer if that is killed in it; then the journal is empty, and
 * then the number is free.
 */
#include "ipc_priv.h"

#include "../base/probe.h"

#define NUMBER_BITS	 12
#define GENERATION_BITS	 32
#define NUMBER(word)	 ((uint32_t)((word) & ((1u << NUMBER_BITS) - 1)))
#define GENERATION(word) ((word) >> NUMBER_BITS & UINT32_MAX)

/* ---- the right to recover ---- */

static uint64_t next_word(uint64_t last, uint32_t number, uint64_t generation)
{
	const uint64_t count = (last >> (NUMBER_BITS + GENERATION_BITS)) + 1;

	return count << (NUMBER_BITS + GENERATION_BITS) | (generation & UINT32_MAX) << NUMBER_BITS | number;
}

/* Whether who has the right is gone: 1, 0, or -EBADMSG. As maar__ipc_seize. */
static int is_gone(struct maar_ipc *ipc, uint64_t word, uint32_t number, uint64_t generation, bool heir)
{
	const uint32_t holder = NUMBER(word);
	uint64_t state;

	if (holder > ipc->max_participants)
		return maar__ipc_broken(ipc);
	/*
	 * Its predecessor's: also of one who left the number free, and was killed before it gave the right back. Else another
	 * thread of this one is at it.
	 */
	if (holder == number)
		return heir || GENERATION(word) != (generation & UINT32_MAX);
	state = maar_a_load(&maar__ipc_entry(ipc, holder)->state, RELAXED); /* of the time of `word`, or later */
	/* One who has the right keeps its number, or the number that it inherits, until it has given the right back. */
	if (maar__ipc_generation(state) != GENERATION(word) || maar__ipc_phase(state) == MAAR__IPC_NOBODY)
		return 1;
	return maar__ipc_alive(ipc, holder) == 0;
}

int maar__ipc_seize(struct maar_ipc *ipc, uint32_t number, uint64_t generation, bool heir, uint64_t *held)
{
	const uint64_t word = maar_a_load(&ipc->at->recoverer, ACQUIRE); /* A:ipc.recoverer */

	if (NUMBER(word)) {
		const int gone = is_gone(ipc, word, number, generation, heir);

		if (gone <= 0)
			return gone;
	}
	*held = next_word(word, number, generation);
	/* Released too: whoever finds an heir to have the right finds it alive. */
	return maar_a_cas(&ipc->at->recoverer, word, *held, RELEASE); /* R:ipc.recoverer */
}

void maar__ipc_give_back(struct maar_ipc *ipc, uint64_t held)
{
	/* It can only fail if somebody wrote over the word. */
	(void)maar_a_cas(&ipc->at->recoverer, held, held & ~(uint64_t)((1u << NUMBER_BITS) - 1),
			 RELEASE); /* R:ipc.recoverer */
}

/* ---- the journal ---- */

static struct maar__ipc_slot *header_of(struct maar_ipc *ipc, uint32_t handle)
{
	return maar__ipc_slot(maar__ipc_payload(ipc, handle));
}

/* The ring that a word says its slot is in; -1 if it says otherwise, or there is no such ring. */
static int ring_of(const struct maar_ipc *ipc, uint64_t word)
{
	const unsigned state = maar__own_state(word);

	if (state < MAAR__IPC_QUEUED || state >= MAAR__IPC_QUEUED + MAAR__IPC_RINGS ||
	    !ipc->rings[state - MAAR__IPC_QUEUED].own)
		return -1;
	return (int)(state - MAAR__IPC_QUEUED);
}

/*
 * Whether what was journaled came into its queue. It did not if the word is still the loan's; nor if it is that of this
 * number's put, for this loan, and the cell has it not.
 */
static bool was_delivered(struct maar_ipc *ipc, uint32_t number, uint32_t handle, uint64_t loan)
{
	const struct maar__ipc_slot *s;
	uint64_t word;
	int r;

	if (ipc->pair)
		return maar__pair_is_published(ipc, loan);
	word = maar_a_load(&ipc->own[handle], RELAXED); /* the dead one's, or another's by now */
	if (word == loan)
		return false;
	r = ring_of(ipc, word);
	if (r < 0 || maar__own_participant(word) != number || maar__ipc_in_ring(&ipc->rings[r], handle, word))
		return true;
	if (maar_a_load(&ipc->own[handle], RELAXED) != word)
		return true; /* taken, and its cell used again, between the two looks */
	s = header_of(ipc, handle);
	return maar_a_load(&s->loan, RELAXED) != loan || maar_a_load(&s->flags, RELAXED) != 0;
}

int maar__ipc_resolve(struct maar_ipc *ipc, uint32_t number)
{
	struct maar__ipc_participant *p = maar__ipc_entry(ipc, number);
	const struct maar__ipc_journal *j = NULL;
	uint64_t mark = 0;
	uint32_t i, handle;

	for (i = 0; i < 2; i++) {
		const uint64_t m = maar_a_load(&p->journal[i].mark, RELAXED);

		if (m && (!j || (int32_t)((uint32_t)(m >> 32) - (uint32_t)(mark >> 32)) > 0)) {
			j = &p->journal[i];
			mark = m;
		}
	}
	if (!j)
		return 0; /* as it was, before this one or by it */
	handle = (uint32_t)mark;
	if (handle >= ipc->slots)
		return maar__ipc_broken(ipc);
	maar_a_store(&p->sequence, maar_a_load(&j->sequence, RELAXED), RELAXED);
	maar_a_store(&p->outcome,
		     was_delivered(ipc, number, handle, maar_a_load(&j->loan, RELAXED)) ? MAAR__IPC_DELIVERED
											: MAAR__IPC_LOST,
		     RELAXED);
	maar_a_compiler_barrier();
	return 0;
}

void maar__ipc_clear_journal(struct maar__ipc_participant *p)
{
	maar_a_store(&p->journal[0].mark, 0, RELAXED);
	maar_a_store(&p->journal[1].mark, 0, RELAXED);
	maar_a_compiler_barrier();
}

/* ---- slots ---- */

static int put_in_ring(struct maar_ipc *ipc, uint32_t r, uint32_t handle, uint64_t word, uint32_t me)
{
	return maar__owned_put(&ipc->rings[r], handle, word, MAAR__IPC_QUEUED + r, me);
}

static int put_free(struct maar_ipc *ipc, uint32_t handle, uint64_t word, uint32_t me)
{
	return maar__owned_put(&ipc->free[maar__ipc_class_of(ipc, handle)], handle, word, MAAR__IPC_FREE, me);
}

/*
 * A message that a dead one had taken. What is to be kept of its first life is written before its word changes, and
 * `flags` last: a word of a queue whose cell has it not is then told from one that was being published for the first
 * time.
 */
static int mend_read(struct maar_ipc *ipc, uint32_t handle, uint64_t word, uint32_t me)
{
	struct maar__ipc_slot *const s = header_of(ipc, handle);
	const uint32_t priority = maar_a_load(&s->priority, RELAXED);
	const uint32_t died = maar_a_load(&s->deliveries, RELAXED) + 1;
	uint32_t flags = maar_a_load(&s->flags, RELAXED), r = priority;

	if (priority >= ipc->priorities)
		return -EBADMSG;
	if (ipc->when_dead == MAAR_IPC_DROP && !(flags & MAAR_IPC_DEAD_LETTER)) {
		(void)maar_a_add(&ipc->at->dropped_dead, 1, RELAXED);
		return put_free(ipc, handle, word, me);
	}
	if (!flags)
		maar_a_store(&s->first, maar__ipc_position(&ipc->rings[priority], word) & MAAR__OWN_POSITION, RELAXED);
	maar_a_store(&s->deliveries, died, RELAXED);
	flags |= MAAR_IPC_REDELIVERED;
	if (ipc->when_dead == MAAR_IPC_TO_DEAD_LETTERS || (ipc->most_deliveries && died >= ipc->most_deliveries))
		flags |= MAAR_IPC_DEAD_LETTER;
	maar_a_compiler_barrier();
	maar_a_store(&s->flags, flags, RELAXED);
	maar_a_compiler_barrier();
	if (flags & MAAR_IPC_DEAD_LETTER)
		r = MAAR__IPC_DEAD_RING;
	(void)maar_a_add(&ipc->at->redelivered, 1, RELAXED);
	return put_in_ring(ipc, r, handle, word, me);
}

/* A word that says "in this ring", of which the cell has it not: its putter was killed before it came in. */
static int mend_queued(struct maar_ipc *ipc, int r, uint32_t handle, uint64_t word, uint32_t me)
{
	const uint32_t flags = maar_a_load(&header_of(ipc, handle)->flags, RELAXED);

	if (flags & MAAR_IPC_REDELIVERED)
		return put_in_ring(ipc, (uint32_t)r, handle, word, me);
	return put_free(ipc, handle, word, me); /* it was not published */
}

/* 0; -EALREADY: the word has changed meanwhile; -EBADMSG */
static int mend_word(struct maar_ipc *ipc, uint32_t handle, uint64_t word, uint32_t me)
{
	const int r = ring_of(ipc, word);
	const struct maar__owned *o;

	if (r < 0 && maar__own_state(word) != MAAR__IPC_FREE) {
		if (maar__own_state(word) == MAAR__IPC_OUT)
			return put_free(ipc, handle, word, me);
		return maar__own_state(word) == MAAR__IPC_READ ? mend_read(ipc, handle, word, me) : -EBADMSG;
	}
	o = r < 0 ? &ipc->free[maar__ipc_class_of(ipc, handle)] : &ipc->rings[r];
	if (maar__ipc_in_ring(o, handle, word))
		return 0;
	/*
	 * Or somebody took it and its cell was used again, since the word was read: then it is not the dead one's.
	 * Whoever filled the cell knew that, and told with it.
	 */
	if (maar_a_load(&ipc->own[handle], RELAXED) != word)
		return -EALREADY;
	return r < 0 ? put_free(ipc, handle, word, me) : mend_queued(ipc, r, handle, word, me);
}

static int mend_slots(struct maar_ipc *ipc, uint32_t number, uint32_t me)
{
	uint32_t handle;

	for (handle = 0; handle < ipc->slots; handle++) {
		const uint64_t word = maar_a_load(&ipc->own[handle], RELAXED);
		int rc;

		if (maar__own_participant(word) != number)
			continue;
		rc = mend_word(ipc, handle, word, me);
		if (rc && rc != -EALREADY)
			return maar__ipc_broken(ipc);
	}
	return 0;
}

static int mend(struct maar_ipc *ipc, uint32_t number, uint32_t me)
{
	struct maar__ipc_participant *const p = maar__ipc_entry(ipc, number);
	uint64_t state = maar_a_load(&p->state, RELAXED);
	int rc;

	if (maar__ipc_phase(state) == MAAR__IPC_LIVE) {
		rc = maar__ipc_resolve(ipc, number);
		if (rc)
			return rc;
		state = maar__ipc_state(maar__ipc_generation(state), 0, MAAR__IPC_WAKE);
		maar_a_store(&p->state, state, RELAXED);
		maar_a_compiler_barrier();
	} else if (maar__ipc_phase(state) != MAAR__IPC_WAKE) {
		return maar__ipc_broken(ipc);
	}
	rc = ipc->pair ? maar__pair_mend(ipc, number) : mend_slots(ipc, number, me);
	if (rc)
		return rc;
	maar__ipc_clear_journal(p);
	maar__ipc_unwatch(ipc, number);
	(void)maar_a_add(&ipc->at->recovered, 1, RELAXED);
	maar_a_store(&p->state, maar__ipc_state(maar__ipc_generation(state), 0, MAAR__IPC_NOBODY),
		     RELEASE); /* R:ipc.state */
	return 0;
}

int maar__ipc_mend(struct maar_ipc *ipc, uint32_t number, uint32_t me)
{
	int rc;

	MAAR__PROBE(ipc_recover_begin, ipc, number, me);
	rc = mend(ipc, number, me);
	MAAR__PROBE(ipc_recover_end, ipc, number, rc);
	return rc;
}

/* ---- the call ---- */

/* The same state before and after somebody said that nobody is this number: then it was that one who died. */
static bool is_dead(struct maar_ipc *ipc, uint32_t number)
{
	const struct maar__ipc_participant *p = maar__ipc_entry(ipc, number);
	const uint64_t state = maar_a_load(&p->state, ACQUIRE); /* A:ipc.state */

	return maar__ipc_phase(state) != MAAR__IPC_NOBODY && maar__ipc_alive(ipc, number) == 0 &&
	       maar_a_load(&p->state, RELAXED) == state;
}

/* With the right. */
static int recover_all(struct maar_ipc *ipc)
{
	uint32_t i;
	int n = 0;

	for (i = 1; i <= ipc->max_participants; i++) {
		if (i == ipc->me || !is_dead(ipc, i))
			continue;
		if (maar__ipc_mend(ipc, i, ipc->me))
			return -EBADMSG;
		n++;
	}
	return n;
}

static bool any_dead(struct maar_ipc *ipc)
{
	uint32_t i;

	for (i = 1; i <= ipc->max_participants; i++)
		if (i != ipc->me && is_dead(ipc, i))
			return true;
	return false;
}

int maar_ipc_recover(struct maar_ipc *ipc)
{
	uint64_t held;
	int rc = maar__ipc_refused(ipc, 0), n;

	if (rc)
		return rc;
	if (!any_dead(ipc)) {
		/* Who became the heir of one, and was killed before it had told, has left nobody dead. */
		maar__ipc_ring_forgotten(ipc);
		return 0;
	}
	rc = maar__ipc_seize(ipc, ipc->me, maar__ipc_generation(ipc->state), false, &held);
	if (rc <= 0)
		return rc;
	n = recover_all(ipc);
	maar__ipc_give_back(ipc, held);
	/* What the dead had been woken for, somebody else has to look at. */
	maar__ipc_tell_all(ipc);
	return n;
}
