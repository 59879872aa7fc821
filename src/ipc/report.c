/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * A queue between processes, looked at: statistics, a description for people, and whether each slot is where it must
 * be.
 */
#include "peek.h"

#include "../wait/wait_priv.h"

#include <inttypes.h>

uint64_t maar_ipc_most_bytes(const struct maar_ipc *ipc)
{
	return ipc && ipc->me ? ipc->classes[ipc->n_classes - 1].bytes : 0;
}

uint32_t maar_ipc_participant(const struct maar_ipc *ipc)
{
	return ipc ? ipc->me : 0;
}

/* ---- statistics ---- */

static void count_word(const struct maar_ipc *ipc, uint64_t word, struct maar_ipc_stats *s)
{
	const unsigned state = maar__own_state(word);
	const uint32_t participant = maar__own_participant(word);

	if (participant > ipc->max_participants || (participant == 0 && state != MAAR__IPC_FREE))
		s->broken++;
	else if (state == MAAR__IPC_FREE)
		s->free++;
	else if (state == MAAR__IPC_OUT)
		s->loaned++;
	else if (state == MAAR__IPC_READ)
		s->read++;
	else if (state >= MAAR__IPC_QUEUED && state < MAAR__IPC_QUEUED + ipc->priorities)
		s->queued++;
	else if (state == MAAR__IPC_QUEUED + MAAR__IPC_DEAD_RING)
		s->dead_letters++;
	else
		s->broken++;
}

static void count_words(const struct maar_ipc *ipc, struct maar_ipc_stats *s, struct maar__ipc_hands *hands)
{
	uint32_t i;

	if (hands)
		memset(hands, 0, (ipc->max_participants + 1) * sizeof(*hands));
	if (ipc->pair) {
		maar__pair_count(ipc, s);
		if (hands) {
			hands[MAAR__PAIR_PRODUCER].loaned = s->loaned;
			hands[MAAR__PAIR_CONSUMER].read = s->read;
		}
		return;
	}
	for (i = 0; i < ipc->slots; i++) {
		const uint64_t word = maar_a_load(&ipc->own[i], RELAXED);
		const uint32_t participant = maar__own_participant(word);

		count_word(ipc, word, s);
		if (!hands || participant > ipc->max_participants)
			continue;
		hands[participant].loaned += maar__own_state(word) == MAAR__IPC_OUT;
		hands[participant].read += maar__own_state(word) == MAAR__IPC_READ;
	}
}

void maar__ipc_peek_stats(const struct maar_ipc *ipc, struct maar_ipc_stats *stats, struct maar__ipc_hands *hands)
{
	uint32_t i;

	memset(stats, 0, sizeof(*stats));
	for (i = 0; i < ipc->priorities && !ipc->pair; i++) {
		stats->published[i] = maar_a_load(&ipc->rings[i].ring.ring->tail, RELAXED);
		stats->taken[i] = maar_a_load(&ipc->rings[i].ring.ring->head, RELAXED);
	}
	stats->slots = ipc->slots;
	stats->max_participants = ipc->max_participants;
	count_words(ipc, stats, hands);
	for (i = 1; i <= ipc->max_participants; i++) {
		const struct maar__ipc_participant *p = maar__ipc_entry(ipc, i);

		stats->dropped_newest += maar_a_load(&p->dropped_newest, RELAXED);
		stats->dropped_oldest += maar_a_load(&p->dropped_oldest, RELAXED);
		stats->participants += maar__ipc_phase(maar_a_load(&p->state, RELAXED)) != MAAR__IPC_NOBODY;
	}
	stats->dropped_dead = maar_a_load(&ipc->at->dropped_dead, RELAXED);
	stats->recovered = maar_a_load(&ipc->at->recovered, RELAXED);
	stats->redelivered = maar_a_load(&ipc->at->redelivered, RELAXED);
	stats->closed = maar_a_load(&ipc->at->closed, RELAXED) != 0;
	stats->marked_broken = maar_a_load(&ipc->at->broken, RELAXED) != 0;
}

int maar_ipc_stats(const struct maar_ipc *ipc, struct maar_ipc_stats *stats)
{
	struct maar__ipc_entry_seen entry;
	uint32_t i;

	if (!ipc || !stats)
		return -EINVAL;
	if (!ipc->me)
		return -ECHILD;
	maar__ipc_peek_stats(ipc, stats, NULL);
	for (i = 1; i <= ipc->max_participants; i++)
		if (maar__ipc_peek_entry(ipc, i, &entry))
			stats->dead += maar__ipc_alive((struct maar_ipc *)(uintptr_t)ipc, i) == 0;
	return 0;
}

/* ---- for who is no participant ---- */

int maar__ipc_peek(const void *mem, size_t bytes, struct maar_ipc *seen)
{
	unsigned char start[MAAR__IPC_HEADER_BYTES];
	struct maar__ipc_header h;
	int rc;

	if (!mem || (uintptr_t)mem % MAAR_APART)
		return -EINVAL;
	if (bytes < sizeof(start))
		return -EBADMSG;
	maar_n_copy(start, mem, sizeof(start));
	rc = maar__ipc_check(start, sizeof(start), bytes, &h);
	if (rc)
		return rc;
	memset(seen, 0, sizeof(*seen));
	maar__ipc_look(seen, (void *)(uintptr_t)mem, &h);
	return 0;
}

bool maar__ipc_peek_entry(const struct maar_ipc *seen, uint32_t number, struct maar__ipc_entry_seen *entry)
{
	const struct maar__ipc_participant *p = maar__ipc_entry(seen, number);
	const uint64_t state = maar_a_load(&p->state, RELAXED);

	entry->key = maar_a_load(&p->key, RELAXED);
	entry->roles = (uint32_t)(state >> 16) & 0xffff;
	entry->phase = maar__ipc_phase(state);
	return entry->phase != MAAR__IPC_NOBODY;
}

void maar__ipc_peek_sleepers(const struct maar_ipc *seen, uint32_t *consumers, uint32_t *producers)
{
	*consumers = (uint32_t)(maar_a_load(&seen->events->not_empty.word, RELAXED) & MAAR__EVENT_WAITERS);
	*producers = (uint32_t)(maar_a_load(&seen->events->not_full.word, RELAXED) & MAAR__EVENT_WAITERS);
}

int maar__ipc_peek_message(const struct maar_ipc *seen, uint32_t priority, uint64_t position,
			   struct maar_ipc_message *m)
{
	const struct maar__owned *const o = &seen->rings[priority];
	const struct maar__ipc_slots *slots;
	const struct maar__ipc_slot *s;
	uint64_t handle, own;

	if (seen->pair)
		return maar__pair_peek(seen, position, m);
	if (maar__ring_look(o->ring, position, &handle) != 0)
		return 0;
	if (!maar__owned_is_handle(o, handle))
		return -EBADMSG;
	own = maar_a_load(&seen->own[handle], RELAXED);
	if (own != maar__own_word(MAAR__IPC_QUEUED + priority, maar__own_participant(own), position))
		return 0;
	slots = &seen->classes[maar__ipc_class_of(seen, (uint32_t)handle)];
	s = maar__ipc_slot(maar__ipc_payload(seen, (uint32_t)handle));
	*m = (struct maar_ipc_message){ .payload = maar__ipc_payload(seen, (uint32_t)handle),
					.bytes = maar_a_load(&s->length, RELAXED),
					.sequence = maar_a_load(&s->sequence, RELAXED),
					.type = maar_a_load(&s->type, RELAXED),
					.priority = priority,
					.flags = maar_a_load(&s->flags, RELAXED),
					.deliveries = maar_a_load(&s->deliveries, RELAXED),
					.slot = (uint32_t)handle };
	return m->bytes > slots->bytes ? -EBADMSG : 1;
}

/* ---- for people ---- */

/* What one participant has, of what all have. */
static struct maar__ipc_hands hands_of(const struct maar_ipc *ipc, uint32_t number, const struct maar_ipc_stats *all)
{
	struct maar__ipc_hands h = { 0 };
	uint32_t i;

	for (i = 0; i < ipc->slots && !ipc->pair; i++) {
		const uint64_t word = maar_a_load(&ipc->own[i], RELAXED);

		if (maar__own_participant(word) != number)
			continue;
		h.loaned += maar__own_state(word) == MAAR__IPC_OUT;
		h.read += maar__own_state(word) == MAAR__IPC_READ;
	}
	if (ipc->pair && number == MAAR__PAIR_PRODUCER)
		h.loaned = all->loaned;
	if (ipc->pair && number == MAAR__PAIR_CONSUMER)
		h.read = all->read;
	return h;
}

static void dump_participant(const struct maar_ipc *ipc, uint32_t number, uint64_t state,
			     const struct maar_ipc_stats *all, FILE *to)
{
	const struct maar__ipc_participant *p = maar__ipc_entry(ipc, number);
	const int alive = maar__ipc_alive((struct maar_ipc *)(uintptr_t)ipc, number);
	const uint32_t roles = (uint32_t)(state >> 16) & 0xffff;
	const struct maar__ipc_hands h = hands_of(ipc, number, all);

	fprintf(to, "  participant %" PRIu32 "%s:%s%s, %s, loans %" PRIu32 ", taken %" PRIu32 "\n", number,
		number == ipc->me ? " (this one)" : "", roles & MAAR_IPC_PRODUCER ? " producer" : "",
		roles & MAAR_IPC_CONSUMER ? " consumer" : "",
		alive == 0  ? "dead, not recovered"
		: alive > 0 ? "alive"
			    : "alive for all one can tell",
		h.loaned, h.read);
	if (maar_a_load(&p->key, RELAXED))
		fprintf(to, "    key %#" PRIx64 "\n", maar_a_load(&p->key, RELAXED));
}

int maar_ipc_dump(const struct maar_ipc *ipc, FILE *to)
{
	struct maar_ipc_stats s;
	uint32_t i;
	int rc = to ? maar_ipc_stats(ipc, &s) : -EINVAL;

	if (rc)
		return rc;
	fprintf(to, "queue between processes %016" PRIx64 "%016" PRIx64 ": %" PRIu32 " slots%s%s%s\n", ipc->uuid[0],
		ipc->uuid[1], s.slots, ipc->pair ? ", of one producer and one consumer" : "",
		s.closed ? ", closed" : "", s.marked_broken ? ", BROKEN" : "");
	for (i = 0; i < ipc->n_classes; i++)
		fprintf(to, "  class %" PRIu32 ": %" PRIu32 " slots of %" PRIu64 " bytes, free about %" PRIu64 "\n", i,
			ipc->classes[i].n, ipc->classes[i].bytes, ipc->pair ? s.free : maar__ipc_count(&ipc->free[i]));
	for (i = 0; i < ipc->priorities; i++)
		fprintf(to, "  priority %" PRIu32 ": published %" PRIu64 ", taken %" PRIu64 ", at most %" PRIu64 "\n",
			i, s.published[i], s.taken[i], ipc->depth[i]);
	fprintf(to,
		"  free %" PRIu32 ", loaned %" PRIu32 ", queued %" PRIu32 ", taken %" PRIu32 ", dead letters %" PRIu32
		", broken %" PRIu32 "\n",
		s.free, s.loaned, s.queued, s.read, s.dead_letters, s.broken);
	fprintf(to,
		"  dropped: newest %" PRIu64 ", oldest %" PRIu64 ", of the dead %" PRIu64 "; recovered %" PRIu64
		", redelivered %" PRIu64 "\n",
		s.dropped_newest, s.dropped_oldest, s.dropped_dead, s.recovered, s.redelivered);
	fprintf(to, "  participants %" PRIu32 " of %" PRIu32 ", dead %" PRIu32 "\n", s.participants, s.max_participants,
		s.dead);
	for (i = 1; i <= ipc->max_participants; i++) {
		const uint64_t state = maar_a_load(&maar__ipc_entry(ipc, i)->state, RELAXED);

		if (maar__ipc_phase(state) != MAAR__IPC_NOBODY)
			dump_participant(ipc, i, state, &s, to);
	}
	return ferror(to) ? -EIO : 0;
}

/* ---- validation ---- */

/* Positions from head to tail have slots of this ring, each by its word; how many; -1: not so. */
static int64_t check_ring(const struct maar__owned *o, unsigned in)
{
	uint64_t at = maar_a_load(&o->ring.ring->head, RELAXED), word;
	int64_t n = 0;

	for (; maar__ring_look(o->ring, at, &word) == 0; at++) {
		uint64_t own;

		if (!maar__owned_is_handle(o, word))
			return -1;
		own = maar_a_load(&o->own[word], RELAXED);
		if (own == maar__own_word(in, maar__own_participant(own), at))
			n++;
		else if (n)
			return -1; /* one that was taken is at head only, of one who was killed there */
		if ((uint64_t)n > o->handles)
			return -1;
	}
	return n;
}

int maar_ipc_check(const struct maar_ipc *ipc)
{
	struct maar_ipc_stats s;
	int64_t in_free = 0, in_queues = 0, n;
	uint32_t i;
	const int rc = maar_ipc_stats(ipc, &s);

	if (rc)
		return rc;
	if (ipc->pair)
		return s.marked_broken ? -EBADMSG : maar__pair_check(ipc);
	for (i = 0; i < ipc->n_classes; i++) {
		n = check_ring(&ipc->free[i], MAAR__IPC_FREE);
		if (n < 0)
			return -EBADMSG;
		in_free += n;
	}
	for (i = 0; i < ipc->priorities; i++) {
		n = check_ring(&ipc->rings[i], MAAR__IPC_QUEUED + i);
		if (n < 0)
			return -EBADMSG;
		in_queues += n;
	}
	n = check_ring(&ipc->rings[MAAR__IPC_DEAD_RING], MAAR__IPC_QUEUED + MAAR__IPC_DEAD_RING);
	return s.broken || s.marked_broken || in_free != s.free || in_queues != s.queued || n != s.dead_letters
		       ? -EBADMSG
		       : 0;
}
