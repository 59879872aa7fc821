/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * A descriptor for a consumer. `armed` stands twice: in the word of the event that every publish looks at, for all,
 * and in each participant's entry, for that one.
 *
 *     arm      entry: armed; event: armed (a compare-and-swap); looks
 *     publish  fills the cell; event + 0 (a pair's: a load); if armed: takes that, and for each entry that is armed: rings; entry: not
 *              armed
 *
 * So one that is not armed costs a publish nothing, and one that is costs it one ring. The entry is cleared after the
 * ring: whoever is killed between the two, or before, has left an entry armed, and everybody who recovers rings
 * those. Each arm makes the entry another word (a turn), so who rings late clears no later arm: unless it has slept
 * for exactly 2^31 of them.
 */
#include "ipc_priv.h"
#include "names_priv.h"

#include "../base/probe.h"
#include "../base/sleep.h"
#include "../wait/wait_priv.h"

#define ARMED	  UINT64_C(1)
#define TURN_BITS 31
#define MOST_KEYS 16u /* that are told at once; who is left stays readable */

/* The others' ends that a set has: by number, from 1 on. */
struct peer {
	struct maar__ipc_held end; /* -1: there is none */
	uint64_t generation;	   /* whose, plus 1; 0: nobody's */
};

struct maar__ipc_watch {
	struct maar__ipc_held set; /* what the caller waits on: the bell, key 0, and ends, key: number */
	int bell;
	uint32_t n;
	struct peer peers[];
};

static uint64_t watch_word(const struct maar_ipc *ipc, uint64_t armed)
{
	return maar__ipc_generation(ipc->state) << 32 | ((uint64_t)ipc->turns & ((UINT64_C(1) << TURN_BITS) - 1)) << 1 |
	       armed;
}

static uint32_t life_of(uint64_t word)
{
	return (uint32_t)(word >> 32);
}

static uint64_t *watch_of(const struct maar_ipc *ipc, uint32_t number)
{
	return &maar__ipc_entry(ipc, number)->watch;
}

/* ---- telling ---- */

void maar__ipc_ring_armed(const struct maar_ipc *ipc)
{
	const struct maar_ipc_bells *const bells = &ipc->bells;
	bool again = false;
	uint32_t i;

	for (i = 1; i <= ipc->max_participants; i++) {
		const uint64_t word = maar_a_load(watch_of(ipc, i), RELAXED);

		if (maar_likely(!(word & ARMED)))
			continue;
		if (maar_unlikely(!bells->ring || bells->ring(bells->arg, i, life_of(word)) < 0))
			again = true;
		else
			(void)maar_a_cas(watch_of(ipc, i), word, word & ~ARMED, RELAXED);
	}
	if (maar_unlikely(again)) /* with the next message, by whoever can */
		(void)maar__event_arm_shared(&ipc->events->not_empty);
}

int maar__ipc_broken(const struct maar_ipc *ipc)
{
	MAAR__PROBE(ipc_broken, ipc);
	maar_a_store(&ipc->at->broken, 1, RELAXED);
	maar__ipc_ring_armed(ipc);
	return -EBADMSG;
}

/* For this number: 1 not empty, or closed; 0; or -EBADMSG. */
static int something(const struct maar_ipc *ipc, uint32_t number)
{
	uint32_t p;

	if (maar__ipc_is_closed(ipc))
		return 1;
	if (ipc->broadcast)
		return maar__ipc_cast_any(ipc, number);
	if (ipc->pair)
		return maar__pair_any(ipc);
	for (p = 0; p < ipc->priorities; p++) {
		const int any = maar__owned_any(&ipc->rings[p], MAAR__IPC_QUEUED + p);

		if (any)
			return any > 0 ? 1 : maar__ipc_broken(ipc);
	}
	return 0;
}

/* What an armed one waits for is there, and nobody is known to be about to ring. */
void maar__ipc_ring_forgotten(const struct maar_ipc *ipc)
{
	uint32_t i;

	for (i = 1; i <= ipc->max_participants; i++)
		if ((maar_a_load(watch_of(ipc, i), RELAXED) & ARMED) && something(ipc, i) > 0)
			return maar__ipc_ring_armed(ipc);
}

void maar__ipc_unwatch(struct maar_ipc *ipc, uint32_t number)
{
	const struct maar_ipc_bells *const bells = &ipc->bells;
	const uint64_t word = maar_a_load(watch_of(ipc, number), RELAXED);

	if (maar_likely(!word))
		return;
	if (bells->close)
		bells->close(bells->arg, number, life_of(word));
	/* Without bells it cannot be removed: whoever has some does it, as the word says whose it was. */
	maar_a_store(watch_of(ipc, number), bells->ring ? 0 : word & ~ARMED, RELAXED);
	maar_a_compiler_barrier();
}

int maar_ipc_set_bells(struct maar_ipc *ipc, const struct maar_ipc_bells *bells)
{
	if (!ipc || !bells || !bells->open || !bells->ring)
		return -EINVAL;
	if (!ipc->me)
		return -ECHILD;
	if (ipc->bells.ring)
		return -EBUSY;
	ipc->bells = *bells;
	maar__ipc_unwatch(ipc, ipc->me); /* of one who died, and was recovered by one without bells */
	/* Who is armed learns that there is one more whose end is to be watched for; and if this one has recovered its
	   predecessor when it attached, that there may be messages again. */
	maar__ipc_tell_messages(ipc, 0);
	maar__ipc_ring_armed(ipc);
	return 0;
}

/* ---- the ends of the others ---- */

static void forget_peer(struct maar__ipc_watch *w, uint32_t i)
{
	struct peer *const p = &w->peers[i];

	if (p->end.fd >= 0) {
		maar__fd_set_drop(w->set.fd, p->end.fd);
		maar__ipc_held_close(&p->end);
	}
	p->generation = 0;
}

/* Of one that has come. Whether it is dead already. */
static bool watch_peer(struct maar_ipc *ipc, uint32_t i, uint64_t generation)
{
	struct maar__ipc_watch *const w = ipc->watch;
	struct peer *const p = &w->peers[i];
	int fd;

	if (ipc->bells.death)
		fd = ipc->bells.death(ipc->bells.arg, i);
	else
		fd = maar__ipc_death(ipc, i);
	if (fd == -ESRCH)
		return true;
	if (fd == -EMFILE || fd == -ENFILE || fd == -ENOMEM)
		return false; /* perhaps at the next arm */
	if (fd < 0) {
		p->generation = generation + 1; /* nobody can tell, now or later */
		return false;
	}
	if (maar__ipc_held_adopt(&p->end, fd)) {
		maar__close(fd);
		return false;
	}
	p->generation = generation + 1;
	if (maar__fd_set_add(w->set.fd, fd, i))
		forget_peer(w, i);
	return false;
}

/* Whose ends are to be told from now on; whether anybody is dead. */
static bool look_at_peers(struct maar_ipc *ipc)
{
	struct maar__ipc_watch *const w = ipc->watch;
	bool dead = false;
	uint32_t i;

	for (i = 1; i <= w->n; i++) {
		/* Whoever stored it before it added 0 to the event's word is seen; whoever did so later rings. */
		const uint64_t state = maar_a_load(&maar__ipc_entry(ipc, i)->state, RELAXED);
		const bool there = maar__ipc_phase(state) != MAAR__IPC_NOBODY && i != ipc->me;
		const uint64_t generation = maar__ipc_generation(state);

		if (w->peers[i].generation && (!there || w->peers[i].generation != generation + 1))
			forget_peer(w, i);
		if (there && !w->peers[i].generation)
			dead |= watch_peer(ipc, i, generation);
	}
	return dead;
}

/* ---- the descriptor ---- */

static void free_watch(struct maar__ipc_watch *w)
{
	uint32_t i;

	for (i = 1; i <= w->n; i++)
		forget_peer(w, i);
	maar__ipc_held_close(&w->set);
	maar__free(w);
}

void maar__ipc_unwatch_own(struct maar_ipc *ipc)
{
	if (ipc->watch)
		free_watch(ipc->watch);
	ipc->watch = NULL;
}

static int make_watch(struct maar_ipc *ipc, struct maar__ipc_watch *w)
{
	const struct maar_ipc_bells *const bells = &ipc->bells;
	uint32_t i;
	int rc, set;

	w->set.fd = -1;
	w->n = ipc->max_participants;
	for (i = 0; i <= w->n; i++)
		w->peers[i].end.fd = -1;
	ipc->turns++;
	/* Before there is a bell: so that it is removed if this one is killed. */
	maar_a_store(watch_of(ipc, ipc->me), watch_word(ipc, 0), RELAXED);
	maar_a_compiler_barrier();
	w->bell = bells->open(bells->arg, ipc->me, (uint32_t)maar__ipc_generation(ipc->state));
	if (w->bell < 0)
		return w->bell;
	if (!maar__is_nonblocking(w->bell))
		return -EINVAL;
	set = maar__fd_set();
	if (set < 0)
		return set;
	rc = maar__ipc_held_adopt(&w->set, set);
	if (rc) {
		maar__close(set);
		return rc;
	}
	return maar__fd_set_add(set, w->bell, 0);
}

static int may_watch(const struct maar_ipc *ipc)
{
	const int rc = maar__ipc_refused(ipc, MAAR_IPC_CONSUMER);

	return rc ? rc : ipc->watch ? 0 : -EINVAL;
}

int maar_ipc_fd(struct maar_ipc *ipc)
{
	struct maar__ipc_watch *w;
	int rc = maar__ipc_refused(ipc, MAAR_IPC_CONSUMER);

	if (rc)
		return rc;
	if (ipc->watch)
		return ipc->watch->set.fd;
	if (!ipc->bells.ring)
		return -ENOTSUP;
	w = maar__alloc(sizeof(*w) + (ipc->max_participants + (size_t)1) * sizeof(w->peers[0]));
	if (!w)
		return -ENOMEM;
	rc = make_watch(ipc, w);
	if (rc) {
		maar__ipc_unwatch(ipc, ipc->me);
		free_watch(w);
		return rc;
	}
	ipc->watch = w;
	return w->set.fd;
}

/* ---- arm, disarm ---- */

int maar_ipc_arm(struct maar_ipc *ipc)
{
	const struct maar_ipc_bells *bells;
	int rc = may_watch(ipc);

	if (rc)
		return rc;
	bells = &ipc->bells;
	ipc->turns++;
	maar_a_store(watch_of(ipc, ipc->me), watch_word(ipc, ARMED), RELAXED);
	(void)maar__event_arm_shared(&ipc->events->not_empty);
	if (look_at_peers(ipc))
		rc = maar_ipc_recover(ipc);
	if (rc >= 0)
		rc = ipc->pair && !maar__pair_barrier(ipc) ? 1 : something(ipc, ipc->me);
	if (rc <= 0)
		return rc;
	/* By itself, also if a producer has cleared the entry: that one may not have come to ringing yet. */
	maar_a_store(watch_of(ipc, ipc->me), watch_word(ipc, 0), RELAXED);
	rc = bells->ring(bells->arg, ipc->me, (uint32_t)maar__ipc_generation(ipc->state));
	return rc < 0 ? rc : 1;
}

int maar_ipc_disarm(struct maar_ipc *ipc)
{
	uint32_t fired[MOST_KEYS];
	bool dead = false;
	int rc = may_watch(ipc);
	size_t n, i;

	if (rc)
		return rc;
	maar_a_store(watch_of(ipc, ipc->me), watch_word(ipc, 0), RELAXED);
	n = maar__fd_set_fired(ipc->watch->set.fd, fired, MOST_KEYS);
	for (i = 0; i < n; i++) {
		if (fired[i] == 0) {
			maar__fifo_clear(ipc->watch->bell);
		} else {
			forget_peer(ipc->watch, fired[i]);
			dead = true;
		}
	}
	if (dead)
		rc = maar_ipc_recover(ipc);
	return rc < 0 ? rc : 0;
}
