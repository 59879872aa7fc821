/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Handed-over queues: the messages' way out, in, and waiting for either. A word of the peer's is loaded once, and may be anything.
 */
#include "handed_priv.h"

#include "../base/sleep.h"
#include "../wait/wait_priv.h"

/* One in so many looks of a caller that never waits asks the system whether the peer is there: 0.3 us in some 5. */
#define IDLE_LOOKS 256

static bool is_set(const uint32_t *flag)
{
	return maar_a_load(flag, RELAXED) != 0;
}

static int refused(const struct maar_handed *h)
{
	if (maar_unlikely(!h))
		return -EINVAL;
	if (maar_unlikely(h->socket.fd < 0))
		return -ECHILD;
	return maar_unlikely(is_set(&h->broken)) ? -EBADMSG : 0;
}

/* The peer has written what cannot be. */
static int broken(struct maar_handed *h)
{
	maar_a_store(&h->broken, 1, RELAXED);
	maar__handed_hang_up(h);
	return -EBADMSG;
}

/* What it means for who finds nothing that the peer is gone. */
static int how_gone(const struct maar_handed *h)
{
	return maar_a_load(&h->theirs->tail, RELAXED) & MAAR__HANDED_CLOSED ? -EPIPE : -ECONNRESET;
}

/* ---- waiting ---- */

/* Wakes the peer's waiter, if it waits and was not woken for this wait. After what it waits for was stored, SEQ_CST. */
static void notify(struct maar__handed_waiter *w)
{
	const uint64_t wanted = maar_a_load(w->wanted, SEQ_CST); /* A:handed.wants */

	if (maar_likely(!wanted || wanted == w->woken))
		return;
	w->woken = wanted;
	maar_a_store(&w->wakes, w->wakes + 1, RELAXED);
	maar__handed_wake(w);
}

/* True if the word is another one by now. */
static bool spin(struct maar__handed_waiter *w, uint64_t known, int64_t timeout_ns)
{
	const uint32_t most = maar__spin_most(&w->spin, timeout_ns);
	uint32_t looks;

	for (looks = 0; looks < most; looks++) {
		if (maar_a_load(w->word, RELAXED) != known) {
			maar__spin_hit(&w->spin);
			return true;
		}
		maar__spin_pause(looks);
	}
	return false;
}

/* From now on the peer's next notify wakes; true if the word was another one before that. */
static bool announce(struct maar__handed_waiter *w, uint64_t known)
{
	maar_a_store(w->wants, ++w->number, SEQ_CST);  /* R:handed.wants */
	return maar_a_load(w->word, SEQ_CST) != known; /* A:handed.tail A:handed.released */
}

/* Until the word may be another one than `known`, or the deadline. Notes that the peer is gone. */
static void await(struct maar_handed *h, struct maar__handed_waiter *w, uint64_t known, int64_t deadline)
{
	if (!announce(w, known)) {
		if (maar__handed_sleep(h, w, deadline) < 0)
			maar_a_store(&h->gone, 1, RELAXED);
		maar__spin_miss(&w->spin);
	}
	maar_a_store(w->wants, 0, RELAXED);
}

/* A look with time-out 0 has found nothing. */
static void note_idle(struct maar_handed *h, struct maar__handed_waiter *w)
{
	if (++w->idle % IDLE_LOOKS == 0 && !maar__handed_there(h, NULL))
		maar_a_store(&h->gone, 1, RELAXED);
}

/* What is tried again and again: 1 done, 0 not yet, or -errno. `known` is the word that said so. */
struct attempt {
	int (*run)(struct maar_handed *h, struct attempt *a);
	struct maar_ipc_message *message; /* take */
	uint32_t slot;			  /* loan */
	uint64_t known;
};

static int wait_for(struct maar_handed *h, struct maar__handed_waiter *w, struct attempt *a, int64_t timeout_ns)
{
	const int64_t deadline = maar_event_deadline(timeout_ns);
	bool spun = spin(w, a->known, timeout_ns), late = false;
	int got;

	for (;;) {
		/* Who is gone published before that: so first whether it is, then the look. */
		const bool gone = is_set(&h->gone);

		got = a->run(h, a);
		if (got || gone || late)
			return got || !gone ? got : how_gone(h);
		if (!spun)
			await(h, w, a->known, deadline);
		spun = false;
		late = deadline >= 0 && maar__now() >= deadline;
	}
}

static int attempt(struct maar_handed *h, struct maar__handed_waiter *w, struct attempt *a, int64_t timeout_ns)
{
	const bool gone = is_set(&h->gone);
	const int got = a->run(h, a);

	if (maar_likely(got)) {
		w->idle = 0;
		return got;
	}
	if (gone)
		return how_gone(h);
	if (timeout_ns == 0) {
		note_idle(h, w);
		return 0;
	}
	return wait_for(h, w, a, timeout_ns);
}

/* ---- out ---- */

static int may_send(struct maar_handed *h)
{
	const int rc = refused(h);

	if (maar_unlikely(rc))
		return rc;
	if (maar_unlikely(h->out.closed))
		return -EPIPE;
	return maar_unlikely(is_set(&h->gone)) ? how_gone(h) : 0;
}

/* What the peer has given back since the last time. It has no more than it was given, so the walk ends. */
static int collect(struct maar_handed *h, uint64_t released)
{
	struct maar__handed_out *o = &h->out;
	const uint32_t slots = h->shape.slots;
	uint64_t n = released - o->returned;

	if (n > slots - o->n_free - o->n_loaned)
		return broken(h);
	for (; n; n--) {
		const uint32_t slot = maar_a_load(&o->returns[o->returned & (slots - 1)], RELAXED);

		if (slot >= slots || o->states[slot] != MAAR__HANDED_AWAY)
			return broken(h);
		o->states[slot] = MAAR__HANDED_FREE;
		o->free[o->n_free++] = slot;
		o->returned++;
	}
	return 0;
}

static int run_loan(struct maar_handed *h, struct attempt *a)
{
	struct maar__handed_out *o = &h->out;

	if (maar_unlikely(!o->n_free)) {
		const uint64_t released = maar_a_load(&h->theirs->released, ACQUIRE); /* A:handed.released */
		const int rc = collect(h, released);

		if (rc)
			return rc;
		a->known = released;
	}
	if (maar_unlikely(!o->n_free))
		return maar_unlikely(is_set(&h->broken)) ? -EBADMSG : 0;
	a->slot = o->free[--o->n_free];
	o->n_loaned++;
	o->states[a->slot] = MAAR__HANDED_LOANED;
	return 1;
}

int maar_handed_loan(struct maar_handed *handed, size_t bytes, void **payload, int64_t timeout_ns)
{
	struct attempt a = { .run = run_loan };
	int got = may_send(handed);

	if (maar_unlikely(got || !payload))
		return got ? got : -EINVAL;
	if (maar_unlikely(bytes > handed->shape.most))
		return -EMSGSIZE;
	got = attempt(handed, &handed->out.slot, &a, timeout_ns);
	if (maar_likely(got > 0))
		*payload = handed->out.slots + (size_t)a.slot * (size_t)handed->shape.stride;
	return got;
}

/* The slot of a loan; UINT32_MAX: it is none. */
static uint32_t loan_of(const struct maar_handed *h, const void *payload)
{
	const uint64_t from = (uint64_t)((uintptr_t)payload - (uintptr_t)h->out.slots);
	const uint64_t slot = from / h->shape.stride;

	if ((uintptr_t)payload < (uintptr_t)h->out.slots || slot >= h->shape.slots || from % h->shape.stride ||
	    h->out.states[slot] != MAAR__HANDED_LOANED)
		return UINT32_MAX;
	return (uint32_t)slot;
}

static bool are_tags(const struct maar_ipc_tags *tags)
{
	return !tags || !(tags->priority || tags->journal || tags->reserved0 || tags->mark || tags->reserved[0]);
}

int maar_handed_publish(struct maar_handed *handed, void *payload, size_t bytes, const struct maar_ipc_tags *tags)
{
	struct maar__handed_cell *cell;
	const int rc = may_send(handed);
	struct maar__handed_out *o;
	uint32_t slot;

	if (maar_unlikely(rc || !are_tags(tags)))
		return rc ? rc : -EINVAL;
	slot = loan_of(handed, payload);
	if (maar_unlikely(slot == UINT32_MAX))
		return -EALREADY;
	if (maar_unlikely(bytes > handed->shape.most))
		return -EMSGSIZE;
	o = &handed->out;
	/* As many cells as slots, and this slot is not in one: so the oldest cell's slot has come back, after it was read. */
	cell = &o->cells[o->tail & (handed->shape.slots - 1)];
	maar_a_store(&cell->length, bytes, RELAXED);
	maar_a_store(&cell->sequence, tags ? tags->sequence : 0, RELAXED);
	maar_a_store(&cell->slot, slot, RELAXED);
	maar_a_store(&cell->type, tags ? tags->type : 0, RELAXED);
	o->states[slot] = MAAR__HANDED_AWAY;
	o->n_loaned--;
	maar_a_store(&handed->mine->tail, ++o->tail, SEQ_CST); /* R:handed.tail */
	notify(&o->slot);
	return 1;
}

int maar_handed_discard(struct maar_handed *handed, void *payload)
{
	struct maar__handed_out *o;
	uint32_t slot;

	if (!handed)
		return -EINVAL;
	if (handed->socket.fd < 0)
		return -ECHILD;
	slot = loan_of(handed, payload);
	if (slot == UINT32_MAX)
		return -EALREADY;
	o = &handed->out;
	o->states[slot] = MAAR__HANDED_FREE;
	o->n_loaned--;
	o->free[o->n_free++] = slot;
	return 0;
}

int maar_handed_send(struct maar_handed *handed, const void *data, size_t bytes, const struct maar_ipc_tags *tags,
		     int64_t timeout_ns)
{
	void *payload;
	int got = may_send(handed);

	if (maar_unlikely(got == 0 && ((!data && bytes) || !are_tags(tags))))
		got = -EINVAL;
	if (maar_unlikely(got))
		return got;
	got = maar_handed_loan(handed, bytes, &payload, timeout_ns);
	if (maar_unlikely(got <= 0))
		return got;
	if (bytes)
		maar_n_copy(payload, data, bytes);
	got = maar_handed_publish(handed, payload, bytes, tags);
	if (maar_unlikely(got <= 0))
		(void)maar_handed_discard(handed, payload);
	return got;
}

int maar_handed_close(struct maar_handed *handed)
{
	struct maar__handed_out *o;

	if (!handed)
		return -EINVAL;
	if (handed->socket.fd < 0)
		return -ECHILD;
	o = &handed->out;
	if (!o->closed) {
		o->closed = true;
		maar_a_store(&handed->mine->tail, o->tail | MAAR__HANDED_CLOSED, SEQ_CST); /* R:handed.tail */
		notify(&o->slot);
	}
	return 0;
}

/* ---- in ---- */

/*
 * Tells a producer that sleeps for want of slots. A wake-up costs a hundred messages, so not for each slot: when the peer's memory is
 * half empty; or when this side has found nothing to take, and may be about to sleep itself.
 */
static void tell_of_slots(struct maar_handed *h, bool idle)
{
	struct maar__handed_in *in = &h->in;
	const uint64_t arrived = maar_a_load(&h->theirs->tail, RELAXED) & ~MAAR__HANDED_CLOSED;

	if (idle || arrived - in->released <= h->peer_shape.slots / 2)
		notify(&in->message);
}

/* What the cell says, checked: 1, or -EBADMSG. */
static int read_cell(struct maar_handed *h, struct maar_ipc_message *m)
{
	struct maar__handed_in *in = &h->in;
	const struct maar__handed_cell *cell = &in->cells[in->head & (h->peer_shape.slots - 1)];
	const uint64_t bytes = maar_a_load(&cell->length, RELAXED);
	const uint32_t slot = maar_a_load(&cell->slot, RELAXED);

	if (slot >= h->peer_shape.slots || in->held[slot] || bytes > h->peer_shape.most)
		return broken(h);
	*m = (struct maar_ipc_message){
		/* It is const; the type is that of queues whose memory is not. */
		.payload = (void *)(uintptr_t)(in->slots + (size_t)slot * (size_t)h->peer_shape.stride),
		.bytes = bytes,
		.id = { .position = in->head },
		.sequence = maar_a_load(&cell->sequence, RELAXED),
		.type = maar_a_load(&cell->type, RELAXED),
		.slot = slot,
	};
	in->held[slot] = 1;
	maar_a_store(&in->head, in->head + 1, RELAXED);
	return 1;
}

static int run_take(struct maar_handed *h, struct attempt *a)
{
	struct maar__handed_in *in = &h->in;
	const uint64_t word = maar_a_load(&h->theirs->tail, ACQUIRE); /* A:handed.tail */
	const uint64_t tail = word & ~MAAR__HANDED_CLOSED, seen = in->seen & ~MAAR__HANDED_CLOSED;

	/* It never goes back, and the peer has no more slots than these. */
	if (maar_unlikely(tail - seen > h->peer_shape.slots || tail - in->released > h->peer_shape.slots ||
			  (in->seen & ~word & MAAR__HANDED_CLOSED)))
		return broken(h);
	in->seen = a->known = word;
	if (maar_likely(tail != in->head))
		return read_cell(h, a->message);
	if (word & MAAR__HANDED_CLOSED)
		return -EPIPE;
	if (maar_unlikely(is_set(&h->broken)))
		return -EBADMSG;
	tell_of_slots(h, true);
	return 0;
}

int maar_handed_take(struct maar_handed *handed, struct maar_ipc_message *message, int64_t timeout_ns)
{
	struct attempt a = { .run = run_take, .message = message };
	const int rc = refused(handed);

	if (maar_unlikely(rc || !message))
		return rc ? rc : -EINVAL;
	return attempt(handed, &handed->in.message, &a, timeout_ns);
}

int maar_handed_release(struct maar_handed *handed, const struct maar_ipc_message *message)
{
	struct maar__handed_in *in;

	if (maar_unlikely(!handed || !message))
		return -EINVAL;
	if (maar_unlikely(handed->socket.fd < 0))
		return -ECHILD;
	in = &handed->in;
	if (maar_unlikely(message->slot >= handed->peer_shape.slots || !in->held[message->slot]))
		return -EALREADY;
	in->held[message->slot] = 0;
	maar_a_store(&in->returns[in->released & (handed->peer_shape.slots - 1)], message->slot, RELAXED);
	in->released++;
	maar_a_store(&handed->mine->released, in->released, SEQ_CST); /* R:handed.released */
	tell_of_slots(handed, false);
	return maar_unlikely(is_set(&handed->broken)) ? -EBADMSG : 0;
}

int maar_handed_receive(struct maar_handed *handed, void *data, size_t room, struct maar_ipc_message *message,
			int64_t timeout_ns)
{
	struct maar_ipc_message m;
	int got = refused(handed);

	if (maar_unlikely(got || !data))
		return got ? got : -EINVAL;
	if (maar_unlikely(room < handed->peer_shape.most))
		return -EMSGSIZE;
	got = maar_handed_take(handed, &m, timeout_ns);
	if (maar_unlikely(got <= 0))
		return got;
	if (m.bytes)
		maar_n_copy(data, m.payload, (size_t)m.bytes);
	(void)maar_handed_release(handed, &m);
	m.payload = NULL;
	if (message)
		*message = m;
	return 1;
}

ssize_t maar_handed_drain(struct maar_handed *handed, maar_ipc_message_fn *each, void *arg)
{
	struct maar_ipc_message m;
	ssize_t n = 0;
	int got = refused(handed);

	if (got)
		return got;
	while (n < (ssize_t)handed->peer_shape.slots && (got = maar_handed_take(handed, &m, 0)) > 0) {
		if (each)
			each(&m, arg);
		(void)maar_handed_release(handed, &m);
		n++;
	}
	return n || got == -EPIPE ? n : got;
}

/* ---- the descriptor ---- */

int maar_handed_arm(struct maar_handed *handed)
{
	struct maar__handed_waiter *w;
	const int rc = refused(handed);

	if (rc || handed->event.fd < 0)
		return rc ? rc : -EINVAL;
	w = &handed->in.message;
	tell_of_slots(handed, true);
	if (!announce(w, handed->in.head) && !is_set(&handed->gone))
		return 0;
	maar_a_store(w->wants, 0, RELAXED);
	maar__eventfd_set(handed->event.fd);
	return 1;
}

int maar_handed_disarm(struct maar_handed *handed)
{
	struct maar__handed_waiter *w;
	const int rc = refused(handed);

	if (rc || handed->event.fd < 0)
		return rc ? rc : -EINVAL;
	w = &handed->in.message;
	maar_a_store(w->wants, 0, RELAXED);
	maar__eventfd_clear(handed->event.fd);
	if (!maar__handed_there(handed, w))
		maar_a_store(&handed->gone, 1, RELAXED);
	return 0;
}
