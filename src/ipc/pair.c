/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * A queue of one producer and one consumer. Whose a slot is, the counts say: a message is published by one store of `tail`, had by
 * one of `taken`, given back by one of `released`, each by the one process whose word it is. What that process knows of its own
 * word is in its own memory; of the other's it reads the word only when what it has seen of it is used up. So a kill
 * leaves what was stored up to some point, and there is nothing half done but what the consumer had: from `released` up to
 * `taken`, those excepted whose cells say that they are released.
 */
#include "ipc_priv.h"

#include "../base/base.h"
#include "../wait/wait_priv.h"

static struct maar__pair_cell *cell_at(const struct maar_ipc *ipc, uint64_t position)
{
	return &ipc->cells[position & (ipc->slots - 1)];
}

static unsigned char *payload_at(const struct maar_ipc *ipc, uint64_t position)
{
	return ipc->classes[0].payloads + (position & (ipc->slots - 1)) * ipc->classes[0].stride;
}

/* The words as somebody else than their writers sees them; false: they cannot be so. */
static bool look(const struct maar_ipc *ipc, uint64_t *tail, uint64_t *taken, uint64_t *released)
{
	const struct maar__ipc_pair *const p = ipc->pair;

	*released = maar_a_load(&p->released, RELAXED);
	*taken = maar_a_load(&p->taken, RELAXED);
	*tail = maar_a_load(&p->tail, RELAXED);
	return *tail - *released <= ipc->slots && *taken - *released <= *tail - *released;
}

int maar__pair_may(const struct maar_ipc *ipc)
{
	if (!ipc->pair)
		return 0;
	if (ipc->roles == (MAAR_IPC_PRODUCER | MAAR_IPC_CONSUMER))
		return -EINVAL;
	return ipc->light && ipc->roles == MAAR_IPC_CONSUMER && !maar__membarrier_shared() ? -ENOTSUP : 0;
}

int maar__pair_begin(struct maar_ipc *ipc)
{
	struct maar__pair_side *const s = &ipc->side;

	memset(s, 0, sizeof(*s));
	if (ipc->me > MAAR__PAIR_CONSUMER)
		return 0;
	s->light = ipc->light;
	if (s->light && ipc->me == MAAR__PAIR_PRODUCER && !maar__membarrier_shared_register())
		s->light = false; /* it does what is right without */
	/* The other may be at work; but an old word of its is no older than what this one's predecessor had seen. */
	s->released = maar_a_load(&ipc->pair->released, ACQUIRE); /* A:pair.released */
	s->taken = s->released;
	s->tail = maar_a_load(&ipc->pair->tail, RELAXED);
	if (s->tail - s->released > ipc->slots)
		return maar__ipc_broken(ipc);
	if (ipc->me == MAAR__PAIR_PRODUCER)
		return 0;
	s->tail = s->taken; /* it looks when it takes */
	s->told = s->released - 1;
	return maar_a_load(&ipc->pair->taken, RELAXED) == s->taken ? 0 : maar__ipc_broken(ipc);
}

/* ---- the producer ---- */

int maar__pair_try_loan(struct maar_ipc *ipc, size_t bytes, uint32_t *handle)
{
	struct maar__pair_side *const s = &ipc->side;

	if (maar_unlikely(s->loaned))
		return -EBUSY;
	if (maar_unlikely(bytes > ipc->classes[0].bytes))
		return -EMSGSIZE;
	if (maar_unlikely(s->tail - s->released == ipc->slots)) {
		const uint64_t released = maar_a_load(&ipc->pair->released, ACQUIRE); /* A:pair.released */

		if (maar_unlikely(s->tail - released > ipc->slots))
			return maar__ipc_broken(ipc);
		s->released = released;
		if (s->tail - released == ipc->slots)
			return 0;
	}
	s->loaned = true;
	maar_a_store(&ipc->pair->loans, 1, RELAXED);
	*handle = (uint32_t)s->tail & (ipc->slots - 1);
	return 1;
}

int maar__pair_find(const struct maar_ipc *ipc, const void *payload, uint32_t *handle, uint64_t *word)
{
	const struct maar__ipc_slots *const c = &ipc->classes[0];
	const uint64_t from = (uintptr_t)payload - (uintptr_t)c->payloads;

	*word = ipc->side.tail;
	*handle = (uint32_t)*word & (ipc->slots - 1);
	if (maar_likely(from == *handle * c->stride))
		return ipc->side.loaned ? 0 : -EALREADY;
	return from >= c->n * c->stride || from % c->stride ? -EINVAL : -EALREADY;
}

void maar__pair_describe(struct maar_ipc *ipc, size_t bytes, const struct maar_ipc_tags *tags)
{
	struct maar__pair_cell *const c = cell_at(ipc, ipc->side.tail);

	maar_a_store(&c->length, bytes, RELAXED);
	maar_a_store(&c->sequence, tags->sequence, RELAXED);
	maar_a_store(&c->type, tags->type, RELAXED);
	maar_a_store(&c->deliveries, 0, RELAXED);
}

/*
 * The load may come before the store of `tail` has been seen: the consumer's barrier, between its announcement and its last
 * look, is there for that. It does not wait for the message's lines, where the read-modify-write does.
 */
static void tell_message(struct maar_ipc *ipc)
{
	uint64_t word = MAAR__EVENT_WAITERS;

	maar_a_compiler_barrier();
	if (maar_likely(ipc->side.light))
		word = maar_a_load(&ipc->events->not_empty.word, RELAXED);
	if (maar_unlikely(word & (MAAR__EVENT_WAITERS | MAAR__EVENT_ARMED)))
		maar__ipc_tell_messages(ipc, 1);
}

int maar__pair_publish(struct maar_ipc *ipc)
{
	struct maar__pair_side *const s = &ipc->side;

	if (maar_unlikely(!s->loaned))
		return -EALREADY;
	s->loaned = false;
	maar_a_store(&ipc->pair->loans, 0, RELAXED);
	maar_a_store(&ipc->pair->tail, ++s->tail, RELEASE); /* R:pair.tail */
	tell_message(ipc);
	return 1;
}

int maar__pair_discard(struct maar_ipc *ipc)
{
	ipc->side.loaned = false;
	maar_a_store(&ipc->pair->loans, 0, RELAXED);
	return 0;
}

bool maar__pair_is_published(const struct maar_ipc *ipc, uint64_t position)
{
	return (int64_t)(maar_a_load(&ipc->pair->tail, RELAXED) - position) > 0;
}

/* ---- the consumer ---- */

/*
 * The producer, if it sleeps for a slot, is woken when half are free, or when there is nothing to take. Asked each quarter of the
 * slots, and before "empty" is said: a read-modify-write for each slot would cost as much as all else. False: it is left
 * asleep, for there is something to take now.
 */
static bool tell_room(struct maar_ipc *ipc)
{
	const struct maar__pair_side *const s = &ipc->side;
	uint64_t tail;

	if (!(maar_a_add(&ipc->events->not_full.word, 0, RELEASE) & MAAR__EVENT_WAITERS)) /* R:event.word */
		return true;
	tail = maar_a_load(&ipc->pair->tail, RELAXED);
	if (tail != s->taken && tail - s->released > ipc->slots / 2)
		return false;
	(void)maar__event_wake_shared(&ipc->events->not_full, SIZE_MAX);
	return true;
}

static void give_back(struct maar_ipc *ipc, uint64_t released)
{
	struct maar__pair_side *const s = &ipc->side;
	const uint64_t quarter = ipc->slots > 4 ? ipc->slots / 4 : 1, before = s->released;

	s->released = released;
	maar_a_store(&ipc->pair->released, released, RELEASE); /* R:pair.released */
	if (maar_unlikely((before ^ released) >= quarter))
		(void)tell_room(ipc); /* else at the next quarter, or at "empty" */
}

/* What is released already, of a consumer that died before it had released what is older, is passed by. */
static void pass(struct maar_ipc *ipc)
{
	struct maar__pair_side *const s = &ipc->side;
	const uint64_t at = s->taken++;

	maar_a_store(&ipc->pair->taken, s->taken, RELAXED);
	if (at == s->released)
		give_back(ipc, s->taken);
	else
		s->n_beyond++;
}

/* Whether the next message is there: 1, 0 or -EBADMSG. */
static int is_next(struct maar_ipc *ipc)
{
	struct maar__pair_side *const s = &ipc->side;

	if (s->taken == s->tail) {
		const uint64_t tail = maar_a_load(&ipc->pair->tail, ACQUIRE); /* A:pair.tail */

		if (maar_unlikely(tail - s->taken > ipc->slots - (s->taken - s->released)))
			return maar__ipc_broken(ipc);
		s->tail = tail;
	}
	return s->taken != s->tail;
}

int maar__pair_try_take(struct maar_ipc *ipc, struct maar_ipc_message *m)
{
	struct maar__pair_side *const s = &ipc->side;
	struct maar__pair_cell *c;
	uint64_t at;
	int there;

	while ((there = is_next(ipc)) > 0 &&
	       maar_unlikely(maar_a_load(&cell_at(ipc, s->taken)->released, RELAXED) == s->taken + 1))
		pass(ipc);
	if (maar_unlikely(there <= 0)) {
		if (there == 0 && s->told != s->released && tell_room(ipc))
			s->told = s->released;
		return there;
	}
	at = s->taken++;
	c = cell_at(ipc, at);
	/* From here on it comes again, flagged, if this one dies: so before the caller has it. */
	maar_a_store(&ipc->pair->taken, s->taken, RELAXED);
	maar_a_compiler_barrier();
	m->slot = (uint32_t)at & (ipc->slots - 1);
	m->payload = payload_at(ipc, at);
	m->bytes = maar_a_load(&c->length, RELAXED);
	m->sequence = maar_a_load(&c->sequence, RELAXED);
	m->type = maar_a_load(&c->type, RELAXED);
	m->deliveries = maar_a_load(&c->deliveries, RELAXED);
	m->flags = m->deliveries ? MAAR_IPC_REDELIVERED : 0;
	m->priority = 0;
	m->id = (struct maar_ipc_id){ .segment = { ipc->uuid[0], ipc->uuid[1] }, .position = at & MAAR__OWN_POSITION };
	m->reserved0 = 0;
	m->reserved = at + 1;
	m->missed = 0;
	return maar_likely(m->bytes <= ipc->classes[0].bytes) ? 1 : maar__ipc_broken(ipc);
}

int maar__pair_release(struct maar_ipc *ipc, const struct maar_ipc_message *m)
{
	struct maar__pair_side *const s = &ipc->side;
	uint64_t at = m->reserved - 1;

	if (maar_unlikely(at - s->released >= s->taken - s->released || m->slot != (at & (ipc->slots - 1))))
		return -EALREADY;
	if (maar_unlikely(at != s->released)) {
		uint64_t *const word = &cell_at(ipc, at)->released;

		if (maar_a_load(word, RELAXED) == at + 1)
			return -EALREADY;
		maar_a_store(word, at + 1, RELAXED);
		s->n_beyond++;
		return 0;
	}
	for (at++; maar_unlikely(s->n_beyond && maar_a_load(&cell_at(ipc, at)->released, RELAXED) == at + 1); at++)
		s->n_beyond--;
	give_back(ipc, at);
	return 0;
}

/* ---- waiting ---- */

/*
 * Who finds nothing and looks again at once takes the line of the other's count away from it with each look, message by
 * message: half of what two processes can pass to each other. If it waits for a moment there are several, for one transfer. But who waits
 * for an answer loses that moment. So it is tried, once in so many waits, and kept up as long as there is more than one.
 */
#define STREAM_LOOKS 4	/* of MAAR__LOOK_NS each: two to four messages */
#define STREAM_PROBE 16 /* waits: a few percent of the moment for each */

void maar__pair_pause(struct maar_ipc *ipc, struct maar_event *event)
{
	struct maar__pair_side *const s = &ipc->side;
	uint32_t i;

	if (!s->streams && ++s->waits % STREAM_PROBE)
		return;
	s->streams = maar__spin_most(event, MAAR_FOREVER) >= STREAM_LOOKS;
	for (i = 0; i < STREAM_LOOKS && s->streams; i++)
		maar__spin_pause(MAAR__LOOKS_MOST);
}

void maar__pair_paused(struct maar_ipc *ipc)
{
	struct maar__pair_side *const s = &ipc->side;

	if (ipc->me == MAAR__PAIR_CONSUMER)
		s->streams = s->streams && s->tail != s->taken;
	else
		s->streams = s->streams && s->tail - s->released < ipc->slots - 1;
}

bool maar__pair_barrier(const struct maar_ipc *ipc)
{
	return ipc->me != MAAR__PAIR_CONSUMER || !ipc->side.light || maar__membarrier_shared();
}

bool maar__pair_has_slots(const struct maar_ipc *ipc)
{
	return ipc->side.loaned || (ipc->me == MAAR__PAIR_CONSUMER && ipc->side.taken != ipc->side.released);
}

/* ---- the dead, and observers ---- */

/*
 * What a dead consumer had comes again, or is dropped. Done again by who comes after a recoverer that died: then some have a
 * delivery more than there were, or one drop was counted twice.
 */
static int mend_consumer(struct maar_ipc *ipc)
{
	struct maar__ipc_pair *const p = ipc->pair;
	uint64_t tail, taken, released, at;

	if (!look(ipc, &tail, &taken, &released))
		return maar__ipc_broken(ipc);
	for (at = released; at != taken; at++) {
		struct maar__pair_cell *const c = cell_at(ipc, at);

		if (maar_a_load(&c->released, RELAXED) == at + 1)
			continue;
		if (ipc->when_dead == MAAR_IPC_DROP) {
			(void)maar_a_add(&ipc->at->dropped_dead, 1, RELAXED);
			maar_a_store(&c->released, at + 1, RELAXED);
			continue;
		}
		maar_a_store(&c->deliveries, maar_a_load(&c->deliveries, RELAXED) + 1, RELAXED);
		(void)maar_a_add(&ipc->at->redelivered, 1, RELAXED);
	}
	maar_a_compiler_barrier();
	while (released != taken && maar_a_load(&cell_at(ipc, released)->released, RELAXED) == released + 1)
		released++;
	maar_a_store(&p->released, released, RELEASE); /* R:pair.released */
	maar_a_compiler_barrier();
	maar_a_store(&p->taken, released, RELAXED);
	maar_a_compiler_barrier();
	return 0;
}

int maar__pair_mend(struct maar_ipc *ipc, uint32_t number)
{
	if (number == MAAR__PAIR_CONSUMER)
		return mend_consumer(ipc);
	if (number == MAAR__PAIR_PRODUCER) /* what it had is beyond `tail`, and so is free */
		maar_a_store(&ipc->pair->loans, 0, RELAXED);
	return 0;
}

int maar__pair_any(const struct maar_ipc *ipc)
{
	/* The consumer's own look, or, of observers, one that may be old. */
	const uint64_t taken = maar_a_load(&ipc->pair->taken, RELAXED);

	return maar_a_load(&ipc->pair->tail, RELAXED) != taken;
}

void maar__pair_count(const struct maar_ipc *ipc, struct maar_ipc_stats *s)
{
	uint64_t tail, taken, released, at;
	bool seen = look(ipc, &tail, &taken, &released);

	/* Not at one instant: who is at work meanwhile may have moved them past one another. */
	if (!seen)
		seen = look(ipc, &tail, &taken, &released);
	if (!seen) {
		taken = taken - released <= ipc->slots ? taken : released;
		tail = tail - taken <= ipc->slots ? tail : taken;
	}
	s->published[0] = tail;
	s->taken[0] = taken;
	s->loaned = maar_a_load(&ipc->pair->loans, RELAXED) != 0;
	s->queued = (uint32_t)(tail - taken);
	s->read = (uint32_t)(taken - released);
	for (at = released; at != tail; at++) {
		if (maar_a_load(&cell_at(ipc, at)->released, RELAXED) != at + 1)
			continue;
		if (at - released < taken - released)
			s->read--;
		else
			s->queued--; /* of a dead one: it is passed by */
	}
	at = (uint64_t)s->loaned + s->queued + s->read;
	s->free = at < ipc->slots ? ipc->slots - (uint32_t)at : 0;
}

int maar__pair_check(const struct maar_ipc *ipc)
{
	const uint64_t loans = maar_a_load(&ipc->pair->loans, RELAXED);
	uint64_t tail, taken, released;

	return look(ipc, &tail, &taken, &released) && loans <= ipc->slots - (tail - released) && loans <= 1 ? 0
													    : -EBADMSG;
}

int maar__pair_peek(const struct maar_ipc *seen, uint64_t position, struct maar_ipc_message *m)
{
	const struct maar__ipc_slots *const slots = &seen->classes[0];
	const struct maar__pair_cell *const c = cell_at(seen, position);
	const uint32_t slot = (uint32_t)position & (seen->slots - 1);
	uint64_t tail, taken, released;

	if (!look(seen, &tail, &taken, &released) || position - taken >= tail - taken)
		return 0;
	*m = (struct maar_ipc_message){ .payload = payload_at(seen, position),
					.bytes = maar_a_load(&c->length, RELAXED),
					.sequence = maar_a_load(&c->sequence, RELAXED),
					.type = maar_a_load(&c->type, RELAXED),
					.deliveries = maar_a_load(&c->deliveries, RELAXED),
					.slot = slot };
	m->flags = m->deliveries ? MAAR_IPC_REDELIVERED : 0;
	return m->bytes > slots->bytes ? -EBADMSG : 1;
}
