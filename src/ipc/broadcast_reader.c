/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Broadcast between processes, the readers' side: joining and leaving, a reader's own place, evicting.
 */
#include "ipc_priv.h"

#include "../wait/wait_priv.h"

/* Looks of a lossy reader at messages that are gone when it has found them. */
#define MOST_LOOKS 64

static uint64_t *gate_of(const struct maar_ipc *ipc, uint32_t number)
{
	return &maar__ipc_entry(ipc, number)->gate;
}

static uint64_t gate_at(const struct maar_ipc *ipc, unsigned kind, uint64_t position)
{
	return maar__ipc_gate_word(maar__ipc_generation(ipc->state), kind, position);
}

/* ---- joining ---- */

int maar__ipc_cast_may(const struct maar_ipc *ipc, uint32_t reading)
{
	if (!ipc->broadcast)
		return reading ? -EINVAL : 0;
	if ((ipc->roles & MAAR_IPC_CONSUMER) && ipc->when_full == MAAR_IPC_OVERWRITE && !(reading & MAAR_IPC_LOSSY))
		return -EPERM;
	return 0;
}

/* Numbers are looked at from 1 to the highest that ever was one to look at. */
static void raise_to(uint64_t *highest, uint32_t number)
{
	uint64_t now;

	do
		now = maar_a_load(highest, RELAXED);
	while (now < number && !maar_a_cas(highest, now, number, RELAXED));
}

/*
 * After the addition whoever raises the floor finds JOINING, or fails, as it had loaded the floor before: so no floor is
 * above what this one joins at.
 */
static void join(struct maar_ipc *ipc, uint32_t reading)
{
	struct maar__ipc_reading *const r = &ipc->reading;
	const struct maar_ring *const log = ipc->rings[0].ring.ring;
	uint64_t floor, tail;

	raise_to(&ipc->at->gates_to, ipc->me);
	maar_a_store(gate_of(ipc, ipc->me), gate_at(ipc, MAAR__IPC_JOINING, 0), RELAXED);
	floor = maar_a_add(&ipc->at->floor, UINT64_C(1) << 32, ACQ_REL); /* R:owned.floor A:owned.floor */
	tail = maar_a_load(&log->tail, RELAXED);			 /* not below the floor, which has told */
	r->place = reading & MAAR_IPC_HISTORY ? tail - (uint32_t)((uint32_t)tail - (uint32_t)floor) : tail;
	r->gate = gate_at(ipc, MAAR__IPC_JOINED, r->place);
	maar_a_store(gate_of(ipc, ipc->me), r->gate, RELAXED); /* it has read nothing that others could write over */
	/* Who found this one joining may be asleep for it; and this one, with nothing to read, would never release anything. */
	maar__ipc_cast_tell_room(ipc);
}

void maar__ipc_cast_join(struct maar_ipc *ipc, uint32_t reading)
{
	struct maar__ipc_reading *const r = &ipc->reading;
	const struct maar_ring *const log = ipc->rings[0].ring.ring;

	if (!ipc->broadcast || !(ipc->roles & MAAR_IPC_CONSUMER))
		return;
	r->lossy = reading & MAAR_IPC_LOSSY;
	if (!r->lossy) {
		join(ipc, reading);
		return;
	}
	raise_to(&ipc->at->pins_to, ipc->me);
	r->place = maar_a_load(reading & MAAR_IPC_HISTORY ? &log->head : &log->tail, RELAXED);
	r->gate = gate_at(ipc, MAAR__IPC_LOSSY_AT, r->place);
	maar_a_store(gate_of(ipc, ipc->me), r->gate, RELAXED);
}

void maar__ipc_cast_end(struct maar_ipc *ipc, uint32_t number)
{
	if (!ipc->broadcast)
		return;
	maar_a_store(&maar__ipc_entry(ipc, number)->pin, 0, RELEASE); /* R:ipc.unpin */
	maar_a_store(gate_of(ipc, number), 0, RELEASE);		      /* R:ipc.gate */
}

void maar__ipc_cast_leave(struct maar_ipc *ipc)
{
	if (!ipc->reading.gate)
		return;
	maar__ipc_cast_end(ipc, ipc->me);
	ipc->reading.gate = 0;
	maar__ipc_cast_tell_room(ipc);
}

/* ---- take ---- */

static bool is_evicted(const struct maar_ipc *ipc)
{
	return maar_a_load(gate_of(ipc, ipc->me), RELAXED) != ipc->reading.gate;
}

/* What the cell of this one's place has: as maar__ring_look; -EBADMSG out of range: *bad. */
static int64_t look(struct maar_ipc *ipc, uint64_t *handle, bool *bad)
{
	const int64_t ahead = maar__ring_look(ipc->rings[0].ring, ipc->reading.place, handle);

	*bad = ahead == 0 && !maar__owned_is_handle(&ipc->rings[0], *handle);
	return ahead;
}

static bool is_here(const struct maar_ipc *ipc, uint64_t word)
{
	return word == maar__own_word(MAAR__IPC_QUEUED, maar__own_participant(word), ipc->reading.place);
}

static int show(struct maar_ipc *ipc, uint32_t handle, uint64_t word, struct maar_ipc_message *m)
{
	struct maar__ipc_reading *const r = &ipc->reading;
	const int got = maar__ipc_describe(ipc, 0, handle, word, m);

	if (maar_unlikely(got < 0))
		return got;
	m->missed = r->gap;
	r->gap = 0;
	r->slot = handle;
	r->out = true;
	return 1;
}

static int take_joined(struct maar_ipc *ipc, struct maar_ipc_message *m)
{
	uint64_t handle, word = 0;
	bool bad;
	const int64_t ahead = look(ipc, &handle, &bad);

	if (maar_likely(ahead == 0 && !bad)) {
		word = maar_a_load(&ipc->own[handle], ACQUIRE); /* A:owned.own */
		if (maar_likely(is_here(ipc, word)))
			return maar_unlikely(is_evicted(ipc)) ? -ECANCELED : show(ipc, (uint32_t)handle, word, m);
	}
	if (maar_unlikely(is_evicted(ipc)))
		return -ECANCELED;
	return ahead < 0 ? 0 : maar__ipc_broken(ipc);
}

static void pin(struct maar_ipc *ipc, uint64_t value)
{
	maar_a_store(&maar__ipc_entry(ipc, ipc->me)->pin, value, RELEASE); /* R:ipc.unpin */
}

/* If none but pinned slots were left: a hint, as a producer looks again after its slice. */
static void unpin(struct maar_ipc *ipc)
{
	pin(ipc, 0);
	if (maar_unlikely(maar_a_load(&ipc->events->not_full.word, RELAXED) & MAAR__EVENT_WAITERS))
		maar__ipc_cast_tell_room(ipc);
}

/* Where this one is now, for who looks. */
static void show_place(struct maar_ipc *ipc)
{
	ipc->reading.gate = gate_at(ipc, MAAR__IPC_LOSSY_AT, ipc->reading.place);
	maar_a_store(gate_of(ipc, ipc->me), ipc->reading.gate, RELAXED);
}

/*
 * What was at this one's place is gone: on to the oldest; and, if that was gone too when it was looked at, a quarter of what
 * there is further, and a half, and three quarters.
 */
static void fall_behind(struct maar_ipc *ipc, unsigned looks)
{
	struct maar__ipc_reading *const r = &ipc->reading;
	const uint64_t head = maar_a_load(&ipc->rings[0].ring.ring->head, RELAXED);
	const uint64_t there = maar__ipc_count(&ipc->rings[0]);
	uint64_t to = head + (looks > 3 ? 3 : looks) * (there / 4);

	if ((int64_t)(to - r->place) <= 0)
		to = r->place + 1; /* the oldest is taken, and head not moved yet */
	(void)maar_a_add(&maar__ipc_entry(ipc, ipc->me)->dropped_oldest, to - r->place, RELAXED);
	r->missed += to - r->place;
	r->gap += to - r->place;
	r->place = to;
	show_place(ipc);
}

static int take_lossy(struct maar_ipc *ipc, struct maar_ipc_message *m)
{
	unsigned looks;

	for (looks = 0; looks < MOST_LOOKS; looks++) {
		uint64_t handle, word;
		bool bad;
		const int64_t ahead = look(ipc, &handle, &bad);

		if (ahead < 0)
			return 0;
		if (maar_unlikely(bad))
			return maar__ipc_broken(ipc);
		if (maar_likely(ahead == 0)) {
			pin(ipc, handle + 1);
			word = maar_a_add(&ipc->own[handle], 0, RELEASE); /* R:ipc.pin */
			if (maar_likely(is_here(ipc, word)))
				return show(ipc, (uint32_t)handle, word, m);
			unpin(ipc); /* whoever has found it pinned meanwhile has not taken it */
		}
		fall_behind(ipc, looks);
	}
	return 0;
}

int maar__ipc_cast_take(struct maar_ipc *ipc, struct maar_ipc_message *m)
{
	if (maar_unlikely(ipc->reading.out))
		return -EBUSY;
	return ipc->reading.lossy ? take_lossy(ipc, m) : take_joined(ipc, m);
}

/* ---- release ---- */

static int release_joined(struct maar_ipc *ipc)
{
	struct maar__ipc_reading *const r = &ipc->reading;
	const uint64_t next = gate_at(ipc, MAAR__IPC_JOINED, r->place + 1);
	uint64_t word, lag;

	if (maar_unlikely(!maar_a_cas(gate_of(ipc, ipc->me), r->gate, next, RELEASE))) /* R:ipc.gate */
		return -EALREADY;
	r->gate = next;
	r->place++;
	word = maar_a_add(&ipc->events->not_full.word, 0, RELEASE); /* R:event.word */
	if (maar_likely(!(word & MAAR__EVENT_WAITERS)))
		return 0;
	/* Producers sleep until they are woken for many; the slowest reader comes to that last. */
	lag = maar_a_load(&ipc->rings[0].ring.ring->tail, RELAXED) - r->place;
	if ((int64_t)lag <= (int64_t)(ipc->depth[0] / 2))
		(void)maar__event_wake_shared(&ipc->events->not_full, SIZE_MAX);
	return 0;
}

static void release_lossy(struct maar_ipc *ipc)
{
	ipc->reading.place++;
	show_place(ipc);
	unpin(ipc);
}

int maar__ipc_cast_release(struct maar_ipc *ipc, const struct maar_ipc_message *m)
{
	struct maar__ipc_reading *const r = &ipc->reading;

	if (maar_unlikely(!r->out || m->slot != r->slot ||
			  (m->reserved & MAAR__OWN_POSITION) != (r->place & MAAR__OWN_POSITION)))
		return -EALREADY;
	r->out = false;
	if (!r->lossy)
		return release_joined(ipc);
	release_lossy(ipc);
	return 0;
}

/* ---- observers ---- */

int maar__ipc_cast_any(const struct maar_ipc *ipc, uint32_t number)
{
	const uint64_t gate = maar_a_load(gate_of(ipc, number), RELAXED);
	const unsigned kind = maar__ipc_gate_kind(gate);
	uint64_t handle;

	if (kind == MAAR__IPC_NO_GATE)
		return number == ipc->me; /* it was evicted */
	if (kind == MAAR__IPC_JOINING)
		return 0;
	return maar__ring_look(ipc->rings[0].ring, maar__ipc_position(&ipc->rings[0], gate), &handle) >= 0;
}

bool maar__ipc_cast_peek(const struct maar_ipc *ipc, uint32_t number, struct maar_ipc_reader *reader)
{
	const struct maar__ipc_participant *const p = maar__ipc_entry(ipc, number);
	const uint64_t state = maar_a_load(&p->state, RELAXED), gate = maar_a_load(&p->gate, RELAXED);
	const unsigned kind = maar__ipc_gate_kind(gate);
	int64_t lag;

	if (!ipc->broadcast || kind == MAAR__IPC_NO_GATE)
		return false;
	memset(reader, 0, sizeof(*reader));
	reader->id = maar__ipc_generation(state) << 32 | number;
	reader->number = number;
	reader->reading = kind == MAAR__IPC_LOSSY_AT ? MAAR_IPC_LOSSY : 0;
	reader->pins = maar_a_load(&p->pin, RELAXED) != 0;
	reader->position = maar__ipc_position(&ipc->rings[0], gate);
	lag = (int64_t)(maar_a_load(&ipc->rings[0].ring.ring->tail, RELAXED) - reader->position);
	reader->lag = kind == MAAR__IPC_JOINING || lag < 0 ? 0 : (uint64_t)lag;
	return true;
}

ssize_t maar_ipc_readers(const struct maar_ipc *ipc, struct maar_ipc_reader *readers, size_t n)
{
	struct maar_ipc_reader reader;
	ssize_t there = 0;
	uint32_t i;

	if (!ipc || (!readers && n))
		return -EINVAL;
	if (!ipc->me)
		return -ECHILD;
	for (i = 1; i <= ipc->max_participants; i++) {
		if (!maar__ipc_cast_peek(ipc, i, &reader))
			continue;
		if ((size_t)there < n)
			readers[there] = reader;
		there++;
	}
	return there;
}

uint64_t maar_ipc_missed(const struct maar_ipc *ipc)
{
	return ipc && ipc->me ? ipc->reading.missed : 0;
}

/* Times that the reader may have moved on between a look and the change. */
#define EVICT_TRIES 64

int maar_ipc_evict(struct maar_ipc *ipc, uint64_t id)
{
	const uint32_t number = (uint32_t)id;
	const int rc = maar__ipc_refused(ipc, 0);
	unsigned tries;

	if (rc)
		return rc;
	if (!ipc->broadcast || number == 0 || number > ipc->max_participants)
		return -EINVAL;
	for (tries = 0; tries < EVICT_TRIES; tries++) {
		const uint64_t gate = maar_a_load(gate_of(ipc, number), RELAXED);
		const uint64_t his = maar__ipc_gate_word(id >> 32, MAAR__IPC_JOINED, gate);

		if (maar__ipc_generation(maar_a_load(&maar__ipc_entry(ipc, number)->state, RELAXED)) != id >> 32 ||
		    gate != his)
			return -ENOENT;
		if (!maar_a_cas(gate_of(ipc, number), gate, 0, RELAXED))
			continue;
		maar__ipc_cast_tell_room(ipc);
		maar__ipc_tell_messages(ipc, SIZE_MAX); /* it may be asleep */
		return 0;
	}
	return -EBUSY;
}

bool maar__ipc_cast_is_right(const struct maar_ipc *ipc)
{
	const struct maar_ring *const log = ipc->rings[0].ring.ring;
	const uint64_t tail = maar_a_load(&log->tail, RELAXED), floor = maar_a_load(&ipc->at->floor, RELAXED);
	uint64_t handle;
	uint32_t i;

	if ((uint32_t)((uint32_t)tail - (uint32_t)floor) > ipc->slots)
		return false;
	for (i = 1; i <= ipc->max_participants; i++) {
		const struct maar__ipc_participant *const p = maar__ipc_entry(ipc, i);
		const uint64_t gate = maar_a_load(&p->gate, RELAXED);
		const uint64_t position = maar__ipc_position(&ipc->rings[0], gate);
		const unsigned kind = maar__ipc_gate_kind(gate);

		if (maar_a_load(&p->pin, RELAXED) > ipc->slots)
			return false;
		if (kind == MAAR__IPC_NO_GATE || kind == MAAR__IPC_JOINING)
			continue; /* no position */
		/* Tail may be one behind the cells: of a producer that was killed there, whose message was read since. */
		if ((int64_t)(tail + (maar__ring_look(ipc->rings[0].ring, tail, &handle) == 0) - position) < 0)
			return false;
		if (kind == MAAR__IPC_JOINED && (int32_t)((uint32_t)position - (uint32_t)floor) < 0)
			return false;
	}
	return true;
}
