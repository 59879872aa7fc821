/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Export: what is taken from the queue is published, and stays in hand until the server has acknowledged it. Killed at any
 * point, what was in hand is delivered again to the next, under the same identities; the server drops those that it
 * remembers, and those that lie in the stream still are found by looking back.
 *
 * Where to look back from: a message that was published is at a place after all those that were acknowledged before it
 * was. So after the earliest such place, of all messages in hand, lies whatever may have landed unheard. It is kept in
 * the marks, and moves on only when the oldest in hand is released: and not before all that a predecessor had in hand
 * is past, which lies in the queue behind what was there at attach.
 */
#include "bridge.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BURST	  64
#define RETRY	  INT64_C(100000000)  /* ns after which what the server has refused is offered again */
#define STOP_WAIT INT64_C(5000000000) /* for what is in hand, when it is asked to end */
#define LOOK	  INT64_C(20000000)   /* for answers that do not come */

enum state { FREE = 0, UNSENT, SENT };

struct hand {
	struct maar_ipc_message m;
	struct engine_place before; /* all that was acknowledged when it was taken */
	uint64_t cookie;
	int64_t when;	  /* it was sent, or may be sent again */
	uint8_t state;	  /* enum state */
	bool old;	  /* redelivered: a predecessor may have published it, anywhere */
	bool again;	  /* it may have been published before */
	bool unsure;	  /* and is to be looked for first */
	bool busy;	  /* being published: its payload is read */
	bool done, twice; /* acknowledged meanwhile, at */
	struct engine_place place;
};

struct landed {
	struct engine_id id;
	struct engine_place place;
};

struct export
{
	struct job *job;
	pthread_mutex_t lock; /* of all below that acked writes */
	pthread_cond_t changed;
	struct hand *hands;
	uint64_t window, first, next; /* cookies: of the oldest in hand, of the next */
	uint64_t scan;		      /* none before it is unsent */
	uint64_t in_hand, unsent, unsure, old;
	struct engine_place highest; /* that was acknowledged */
	bool refused;		     /* the server took something not, and has taken nothing since */
	char why[ENGINE_WHY];

	uint64_t link;
	int64_t doubted;
	bool settled;			      /* all that a predecessor had in hand is past */
	uint64_t behind[MAAR_IPC_PRIORITIES]; /* positions from which on is what came after attach */
	struct landed *landed;		      /* sorted: what a look back has found, up to `seen` */
	size_t n_landed, room;
	bool no_memory;
	struct engine_place seen;
};

static struct hand *hand_of(struct export *e, uint64_t cookie)
{
	return &e->hands[cookie % e->window];
}

/* ---- what the server says: under the lock ---- */

static struct engine_id id_of(const struct maar_ipc_message *m)
{
	const struct engine_id id = { { m->id.segment[0], m->id.segment[1] }, m->id.position, m->id.ring };

	return id;
}

static void set_state(struct export *e, struct hand *h, enum state state)
{
	e->unsent -= h->state == UNSENT;
	e->unsent += state == UNSENT;
	if (state == UNSENT && h->cookie < e->scan)
		e->scan = h->cookie;
	h->state = (uint8_t)state;
}

static void set_unsure(struct export *e, struct hand *h, bool unsure)
{
	e->unsure -= h->unsure;
	e->unsure += unsure;
	h->unsure = unsure;
}

/* It is in the stream: its slot is free, and so are the hands at the front that have nothing more in them. */
static void let_go(struct export *e, struct hand *h, struct engine_place place, bool twice)
{
	struct marks *const marks = e->job->marks;

	if (engine_after(place, e->highest))
		e->highest = place;
	marks_count(marks, MARKS_MESSAGES, 1);
	marks_count(marks, MARKS_BYTES, (int64_t)h->m.bytes);
	marks_count(marks, MARKS_TWICE, twice);
	marks_count(marks, MARKS_HANDS, -1);
	bridge_at("landed");
	set_state(e, h, FREE);
	set_unsure(e, h, false);
	e->old -= h->old;
	e->in_hand--;
	(void)maar_ipc_release(e->job->ipc, &h->m);
	bridge_at("released");
	while (e->first != e->next && hand_of(e, e->first)->state == FREE)
		e->first++;
	if (e->settled && !e->old)
		marks_set_floor(marks, e->first == e->next ? e->highest : hand_of(e, e->first)->before);
}

static void acked(void *arg, uint64_t cookie, int result, struct engine_place place, bool twice, const char *why)
{
	struct export *const e = arg;
	struct hand *const h = hand_of(e, cookie);

	pthread_mutex_lock(&e->lock);
	if (h->state != FREE && h->cookie == cookie) {
		if (result == 0) {
			e->refused = false;
			if (h->busy) { /* an answer to what was sent before; its slot is still being read */
				h->done = true;
				h->twice = twice;
				h->place = place;
			} else {
				let_go(e, h, place, twice);
			}
		} else if (h->state == SENT) {
			marks_count(e->job->marks, MARKS_REFUSED, 1);
			e->refused = true;
			(void)snprintf(e->why, sizeof(e->why), "%s", why);
			set_state(e, h, UNSENT);
			h->when = bridge_now() + RETRY;
		}
		/* Who waits for room is woken for many, as a switch of threads costs more than a message. */
		if (result || !e->in_hand || e->next - e->first <= e->window - (e->window + 3) / 4)
			pthread_cond_signal(&e->changed);
	}
	pthread_mutex_unlock(&e->lock);
}

/* ---- looking back ---- */

static int compare(const void *a, const void *b)
{
	return memcmp(&((const struct landed *)a)->id, &((const struct landed *)b)->id, sizeof(struct engine_id));
}

static void landed(void *arg, const struct engine_id *id, struct engine_place place)
{
	struct export *const e = arg;

	if (e->n_landed == e->room) {
		const size_t room = e->room ? 2 * e->room : 1024;
		struct landed *more = reallocarray(e->landed, room, sizeof(*more));

		if (!more) {
			e->no_memory = true;
			return;
		}
		e->landed = more;
		e->room = room;
	}
	memset(&e->landed[e->n_landed], 0, sizeof(*e->landed));
	e->landed[e->n_landed].id.segment[0] = id->segment[0];
	e->landed[e->n_landed].id.segment[1] = id->segment[1];
	e->landed[e->n_landed].id.position = id->position;
	e->landed[e->n_landed].id.ring = id->ring;
	e->landed[e->n_landed++].place = place;
	if (engine_after(place, e->seen))
		e->seen = place;
}

static const struct landed *find(const struct export *e, const struct hand *h)
{
	struct landed key;
	const struct engine_id id = id_of(&h->m);

	memset(&key, 0, sizeof(key));
	key.id.segment[0] = id.segment[0];
	key.id.segment[1] = id.segment[1];
	key.id.position = id.position;
	key.id.ring = id.ring;
	return e->n_landed ? bsearch(&key, e->landed, e->n_landed, sizeof(key), compare) : NULL;
}

/* Of which nobody knows whether they landed, now it is known. 0, -EAGAIN, -ENOMEM */
static int look_back(struct export *e)
{
	const struct engine_place floor = marks_floor(e->job->marks);
	const struct landed *found;
	ssize_t n = 0;
	uint64_t c;

	if (engine_after(floor, e->seen)) {
		e->n_landed = 0;
		e->seen = floor;
	}
	if (!bridge_without("look")) {
		n = e->job->class->read_back(e->job->engine, e->seen, landed, e);
		if (e->no_memory)
			return -ENOMEM;
		if (n < 0)
			return (int)n;
		marks_count(e->job->marks, MARKS_LOOKS, 1);
	}
	if (n)
		qsort(e->landed, e->n_landed, sizeof(*e->landed), compare);
	pthread_mutex_lock(&e->lock);
	for (c = e->first; c != e->next; c++) {
		struct hand *const h = hand_of(e, c);

		if (h->state != UNSENT || !h->unsure)
			continue;
		set_unsure(e, h, false);
		found = find(e, h);
		if (found) {
			marks_count(e->job->marks, MARKS_FOUND, 1);
			let_go(e, h, found->place, true);
		}
	}
	pthread_mutex_unlock(&e->lock);
	return 0;
}

/* A link was lost, or an answer did not come: what was sent is unsent, and perhaps in the stream. */
static void doubt(struct export *e, bool all)
{
	const int64_t now = bridge_now();
	uint64_t c;

	pthread_mutex_lock(&e->lock);
	for (c = e->first; c != e->next; c++) {
		struct hand *const h = hand_of(e, c);

		if (h->state != SENT || (!all && now - h->when < (int64_t)e->job->config.answer_ns))
			continue;
		set_state(e, h, UNSENT);
		set_unsure(e, h, true);
		h->again = true;
		h->when = 0;
	}
	pthread_mutex_unlock(&e->lock);
}

/* ---- publishing ---- */

/* Publishes it, if it is unsent, and its time: 1; 0: it is not; -EAGAIN: no more now. */
static int send_one(struct export *e, struct hand *h, int64_t now)
{
	struct engine_message m;
	bool due;
	int rc;

	pthread_mutex_lock(&e->lock);
	due = h->state == UNSENT && h->when <= now && !h->unsure;
	if (due) {
		set_state(e, h, SENT);
		h->when = now;
		h->busy = true;
	} else if (h->state == UNSENT && h->cookie < e->scan) {
		e->scan = h->cookie;
	}
	pthread_mutex_unlock(&e->lock);
	if (!due)
		return 0;
	m = (struct engine_message){
		.id = id_of(&h->m),
		.sequence = h->m.sequence,
		.type = h->m.type,
		.priority = h->m.priority,
		.flags = h->again ? ENGINE_AGAIN : 0,
		.payload = h->m.payload,
		.bytes = (size_t)h->m.bytes,
	};
	if (h->again)
		marks_count(e->job->marks, MARKS_AGAIN, 1);
	rc = e->job->class->publish(e->job->engine, &m, h->cookie);
	bridge_at("sent");
	pthread_mutex_lock(&e->lock);
	h->busy = false;
	if (h->done) {
		let_go(e, h, h->place, h->twice);
	} else if (rc && h->state == SENT) {
		/* Nothing says that it went out; nor that it did not. */
		set_state(e, h, UNSENT);
		set_unsure(e, h, rc != -EMSGSIZE);
		h->again = true;
		h->when = now + RETRY;
		e->refused = true;
		(void)snprintf(e->why, sizeof(e->why), "%s",
			       rc == -EMSGSIZE ? "a message is longer than the server takes"
					       : "the link takes no more");
	}
	pthread_mutex_unlock(&e->lock);
	return rc ? -EAGAIN : 1;
}

/* What is in hand and not sent, in its order; false: it is not its time yet. */
static bool send_unsent(struct export *e)
{
	const int64_t now = bridge_now();
	uint64_t c, next;
	bool all;

	pthread_mutex_lock(&e->lock);
	next = e->next;
	c = e->scan > e->first ? e->scan : e->first;
	e->scan = next; /* whatever is unsent from now on makes it less */
	pthread_mutex_unlock(&e->lock);
	for (; c != next; c++)
		if (send_one(e, hand_of(e, c), now) < 0)
			break;
	pthread_mutex_lock(&e->lock);
	if (c < e->scan)
		e->scan = c;
	all = e->unsent == 0;
	pthread_mutex_unlock(&e->lock);
	return all;
}

/* ---- taking ---- */

/* Under the lock. */
static void hold(struct export *e, const struct maar_ipc_message *m)
{
	struct hand *const h = hand_of(e, e->next);

	memset(h, 0, sizeof(*h));
	h->m = *m;
	h->cookie = e->next;
	h->before = e->highest;
	set_state(e, h, UNSENT);
	h->old = h->again = (m->flags & MAAR_IPC_REDELIVERED) != 0;
	e->old += h->old;
	set_unsure(e, h, h->again);
	e->next++;
	e->in_hand++;
}

/* Whether all that lay in the queue at attach is past; `m` was just taken, NULL: nothing was there. */
static void settle(struct export *e, const struct maar_ipc_message *m)
{
	uint32_t p;

	if (e->settled)
		return;
	if (m && !(m->flags & MAAR_IPC_REDELIVERED) && m->id.position >= e->behind[m->priority])
		e->behind[m->priority] = 0;
	for (p = 0; m && p < MAAR_IPC_PRIORITIES; p++)
		if (e->behind[p])
			return;
	pthread_mutex_lock(&e->lock);
	e->settled = true;
	pthread_mutex_unlock(&e->lock);
}

/* Takes what there is room for: how many, or -errno. */
static ssize_t take(struct export *e)
{
	struct maar_ipc_message burst[BURST];
	uint64_t room;
	ssize_t n, i;

	pthread_mutex_lock(&e->lock);
	room = e->window - (e->next - e->first);
	pthread_mutex_unlock(&e->lock);
	n = maar_ipc_take_burst(e->job->ipc, burst, room < BURST ? room : BURST, JOB_TICK);
	if (n == 0)
		settle(e, NULL);
	if (n > 0)
		bridge_at("taken");
	if (n <= 0)
		return n;
	pthread_mutex_lock(&e->lock);
	for (i = 0; i < n; i++)
		hold(e, &burst[i]);
	pthread_mutex_unlock(&e->lock);
	marks_count(e->job->marks, MARKS_HANDS, n);
	for (i = 0; i < n; i++)
		settle(e, &burst[i]);
	return n;
}

/* ---- the thread ---- */

static void wait_for_change(struct export *e)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += 10000000; /* 10 ms: links, answers and retries are looked at so often */
	if (until.tv_nsec >= 1000000000) {
		until.tv_nsec -= 1000000000;
		until.tv_sec++;
	}
	pthread_mutex_lock(&e->lock);
	if (e->in_hand)
		(void)pthread_cond_timedwait(&e->changed, &e->lock, &until);
	pthread_mutex_unlock(&e->lock);
}

static void new_link(struct export *e)
{
	const uint64_t most = e->job->class->most_bytes(e->job->engine);

	marks_count(e->job->marks, MARKS_LINKS, 1);
	if (most && most < maar_ipc_most_bytes(e->job->ipc))
		job_log(e->job,
			"messages may have %" PRIu64 " bytes, and the server takes %" PRIu64
			": a longer one would stay in hand",
			maar_ipc_most_bytes(e->job->ipc), most);
}

static void tell_refusal(struct export *e)
{
	char why[ENGINE_WHY];
	bool refused;

	pthread_mutex_lock(&e->lock);
	refused = e->refused;
	memcpy(why, e->why, sizeof(why));
	pthread_mutex_unlock(&e->lock);
	job_say(e->job, refused ? "refused" : "working", refused ? why : "");
}

/* Everything in hand is on its way: 1; 0: not yet; -errno */
static int send_all(struct export *e)
{
	const uint64_t link = job_link(e->job);
	bool unsure, unsent;
	int rc;

	if (!link)
		return 0;
	if (link != e->link) {
		doubt(e, true);
		e->link = link;
		new_link(e);
	} else if (bridge_now() - e->doubted > LOOK) {
		doubt(e, false);
		e->doubted = bridge_now();
	}
	pthread_mutex_lock(&e->lock);
	unsure = e->unsure != 0;
	pthread_mutex_unlock(&e->lock);
	if (unsure) {
		rc = look_back(e);
		if (rc == -ENOMEM)
			return rc;
		if (rc)
			return 0;
	}
	pthread_mutex_lock(&e->lock);
	unsent = e->unsent != 0;
	pthread_mutex_unlock(&e->lock);
	rc = !unsent || send_unsent(e);
	tell_refusal(e);
	return rc;
}

/* Until it is to stop, or the queue has ended: 0, -EPIPE, -errno. */
static int work(struct export *e)
{
	int64_t last = bridge_now();
	bool full, closed = false;

	for (;;) {
		const int rc = send_all(e);
		ssize_t n = 0;

		if (rc < 0)
			return rc;
		pthread_mutex_lock(&e->lock);
		full = e->next - e->first == e->window;
		closed = closed && e->in_hand;
		pthread_mutex_unlock(&e->lock);
		if (job_stopped(e->job)) {
			if (!e->in_hand || bridge_now() - last > STOP_WAIT)
				return 0;
			wait_for_change(e);
			continue;
		}
		last = bridge_now();
		if (rc == 0 || full || closed) {
			wait_for_change(e);
			continue;
		}
		n = take(e);
		if (n == -EPIPE) {
			if (!e->in_hand)
				return -EPIPE;
			closed = true;
		} else if (n < 0) {
			return (int)n;
		}
	}
}

static int begin(struct export *e, struct job *job)
{
	struct maar_ipc_stats stats;
	pthread_condattr_t monotonic;
	int rc;

	memset(e, 0, sizeof(*e));
	e->job = job;
	e->window = job->config.window;
	e->highest = e->seen = marks_floor(job->marks);
	rc = maar_ipc_stats(job->ipc, &stats);
	if (rc)
		return rc;
	memcpy(e->behind, stats.published, sizeof(e->behind));
	e->hands = calloc(e->window, sizeof(*e->hands));
	if (!e->hands)
		return -ENOMEM;
	pthread_mutex_init(&e->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&e->changed, &monotonic);
	pthread_condattr_destroy(&monotonic);
	return 0;
}

int export_run(struct job *job)
{
	struct export e;
	int rc = begin(&e, job);

	if (rc)
		return rc;
	rc = job_connect(job, acked, &e);
	if (rc == 0) {
		rc = work(&e);
		job->class->close(job->engine);
		job->engine = NULL;
	}
	pthread_cond_destroy(&e.changed);
	pthread_mutex_destroy(&e.lock);
	free(e.landed);
	free(e.hands);
	return rc;
}
