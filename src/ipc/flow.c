/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Messages as the callers see them: with time-outs and policies, tags and journals, in place or copied; close and
 * drain.
 */
#include "ipc_priv.h"

#include "../base/probe.h"
#include "../base/sleep.h"
#include "../wait/wait_priv.h"

/* ---- waiting ---- */

/* What is tried again and again: 1 done, 0 not yet, or -errno. */
struct attempt {
	int (*run)(struct maar_ipc *ipc, struct attempt *a);
	size_t bytes;			  /* loan */
	uint32_t handle, priority;	  /* loan gives, publish takes */
	uint64_t word;			  /* publish */
	struct maar_ipc_message *message; /* take */
};

/* ns of a sleep before which the system has refused the barrier that it had granted at attach: so late is a wake-up then. */
#define UNSURE_NS 1000000

/* As maar_event_until. A look that decides comes after a barrier, where it needs one. */
static int wait_once(struct maar_ipc *ipc, struct maar_event *event, struct attempt *a, int64_t left, int *got)
{
	struct maar_waiting w;
	int rc = maar_waiting_begin(&w, event, left);

	while (rc == 0) {
		if (ipc->pair && maar__waiting_is_announced(&w) && !maar__pair_barrier(ipc)) {
			const int64_t soon = maar_event_deadline(UNSURE_NS);

			w.deadline = w.deadline < 0 || soon < w.deadline ? soon : w.deadline;
		}
		*got = a->run(ipc, a);
		if (*got)
			break;
		rc = maar_waiting_again(&w);
	}
	maar_waiting_end(&w);
	return rc;
}

/*
 * The participants of whom the one waited for may be one of the dead: so the sleep has slices, and the dead are looked
 * for after each.
 */
static int wait_for(struct maar_ipc *ipc, struct maar_event *event, struct attempt *a, int64_t deadline)
{
	for (;;) {
		int64_t left = ipc->slice;
		int got = 0, rc;

		if (deadline >= 0) {
			const int64_t now = maar__now();

			left = deadline - now < left ? deadline - now : left;
			left = left < 0 ? 0 : left;
		}
		rc = wait_once(ipc, event, a, left, &got);
		if (got)
			return got;
		if (rc == -EPIPE) /* its attempt would have said so, if somebody had closed it */
			return maar__ipc_broken(ipc);
		rc = maar_ipc_recover(ipc);
		if (rc < 0)
			return rc;
		if (deadline >= 0 && maar__now() >= deadline)
			return a->run(ipc, a);
	}
}

static int attempt(struct maar_ipc *ipc, struct maar_event *event, struct attempt *a, int64_t timeout_ns)
{
	int got = a->run(ipc, a);

	if (maar_likely(got) || timeout_ns == 0)
		return got;
	if (ipc->pair) {
		maar__pair_pause(ipc, event);
		got = a->run(ipc, a);
		maar__pair_paused(ipc);
		if (got)
			return got;
	}
	return wait_for(ipc, event, a, maar_event_deadline(timeout_ns));
}

/* ---- producers ---- */

static int may_produce(struct maar_ipc *ipc)
{
	const int rc = maar__ipc_refused(ipc, MAAR_IPC_PRODUCER);

	if (maar_unlikely(rc))
		return rc;
	return maar_unlikely(maar__ipc_is_closed(ipc)) ? -EPIPE : 0;
}

static int run_loan(struct maar_ipc *ipc, struct attempt *a)
{
	uint32_t tries = 0;
	int got = may_produce(ipc);

	if (maar_unlikely(got))
		return got;
	for (;;) {
		got = maar__ipc_try_loan(ipc, a->bytes, &a->handle);
		if (maar_likely(got) || ipc->when_full != MAAR_IPC_OVERWRITE || tries++ >= ipc->slots)
			return got;
		got = maar__ipc_overwrite(ipc, 0, true);
		if (got <= 0)
			return got;
	}
}

static int run_publish(struct maar_ipc *ipc, struct attempt *a)
{
	uint32_t tries = 0;
	int got = may_produce(ipc);

	if (maar_unlikely(got))
		return got;
	for (;;) {
		got = maar__ipc_try_publish(ipc, a->handle, a->word, a->priority);
		if (maar_likely(got) || ipc->when_full != MAAR_IPC_OVERWRITE || tries++ >= ipc->slots)
			return got;
		got = maar__ipc_overwrite(ipc, a->priority, false);
		if (got < 0)
			return got;
	}
}

/* By the policy: what is refused by DROP_NEWEST is counted, and not waited for. */
static int produce(struct maar_ipc *ipc, struct attempt *a, int64_t timeout_ns)
{
	const bool drops = ipc->when_full == MAAR_IPC_DROP_NEWEST;
	const int got = attempt(ipc, &ipc->events->not_full, a, drops ? 0 : timeout_ns);

	if (maar_unlikely(got == 0 && drops)) {
		MAAR__PROBE(ipc_drop, ipc, ipc->me, 0);
		(void)maar_a_add(&maar__ipc_entry(ipc, ipc->me)->dropped_newest, 1, RELAXED);
	}
	return got;
}

int maar_ipc_loan(struct maar_ipc *ipc, size_t bytes, void **payload, int64_t timeout_ns)
{
	struct attempt a = { .run = run_loan, .bytes = bytes };
	int got = may_produce(ipc);

	if (maar_unlikely(got || !payload))
		return got ? got : -EINVAL;
	got = produce(ipc, &a, timeout_ns);
	if (maar_likely(got > 0))
		*payload = maar__ipc_payload(ipc, a.handle);
	return got;
}

/* What is to be resolved if this one dies before publish returns. Of the two records, not the one that counts now. */
static struct maar__ipc_journal *begin_journal(struct maar_ipc *ipc, uint32_t handle, uint64_t word, uint64_t sequence)
{
	struct maar__ipc_journal *j;

	if (++ipc->turn == 0)
		ipc->turn = 2; /* even after odd, and a mark is not 0 */
	j = &maar__ipc_entry(ipc, ipc->me)->journal[ipc->turn % 2];
	maar_a_store(&j->mark, 0, RELAXED);
	maar_a_compiler_barrier();
	maar_a_store(&j->sequence, sequence, RELAXED);
	maar_a_store(&j->loan, word, RELAXED);
	maar_a_compiler_barrier();
	maar_a_store(&j->mark, (uint64_t)ipc->turn << 32 | handle, RELAXED);
	maar_a_compiler_barrier();
	return j;
}

/* Nothing came of it: the other record counts again, so it is not the one that is written next. */
static void take_back_journal(struct maar_ipc *ipc, struct maar__ipc_journal *j, uint32_t turn_before)
{
	maar_a_store(&j->mark, 0, RELAXED);
	maar_a_compiler_barrier();
	ipc->turn = turn_before;
}

static void write_header(void *payload, uint64_t word, size_t bytes, const struct maar_ipc_tags *tags)
{
	struct maar__ipc_slot *const s = maar__ipc_slot(payload);

	maar_a_store(&s->length, bytes, RELAXED);
	maar_a_store(&s->sequence, tags->sequence, RELAXED);
	maar_a_store(&s->loan, word, RELAXED);
	maar_a_store(&s->type, tags->type, RELAXED);
	maar_a_store(&s->flags, 0, RELAXED);
	maar_a_store(&s->priority, tags->priority, RELAXED);
	maar_a_store(&s->deliveries, 0, RELAXED);
	maar_a_compiler_barrier();
}

static int check_tags(const struct maar_ipc *ipc, const struct maar_ipc_tags *tags)
{
	if (tags->priority >= ipc->priorities || tags->journal > 2 || tags->reserved0 || tags->reserved[0] ||
	    (tags->mark && tags->journal != 2) || (tags->journal && !ipc->key))
		return -EINVAL;
	return 0;
}

int maar_ipc_publish(struct maar_ipc *ipc, void *payload, size_t bytes, const struct maar_ipc_tags *tags,
		     int64_t timeout_ns)
{
	static const struct maar_ipc_tags none;
	const struct maar_ipc_tags *const t = tags ? tags : &none;
	struct maar__ipc_journal *j = NULL;
	struct attempt a = { .run = run_publish, .priority = t->priority };
	uint32_t turn;
	int got = may_produce(ipc);

	if (maar_likely(got == 0))
		got = check_tags(ipc, t);
	if (maar_likely(got == 0))
		got = maar__ipc_find(ipc, payload, &a.handle, &a.word);
	if (maar_unlikely(got))
		return got;
	if (maar_unlikely(bytes > ipc->classes[maar__ipc_class_of(ipc, a.handle)].bytes))
		return -EMSGSIZE;
	if (ipc->pair)
		maar__pair_describe(ipc, bytes, t);
	else
		write_header(payload, a.word, bytes, t);
	turn = ipc->turn;
	if (t->journal)
		j = begin_journal(ipc, a.handle, a.word, t->journal == 2 ? t->mark : t->sequence);
	got = produce(ipc, &a, timeout_ns);
	if (maar_unlikely(got <= 0) && j)
		take_back_journal(ipc, j, turn);
	return got;
}

int maar_ipc_send(struct maar_ipc *ipc, const void *data, size_t bytes, const struct maar_ipc_tags *tags,
		  int64_t timeout_ns)
{
	int64_t deadline = timeout_ns;
	void *payload;
	int got = may_produce(ipc);

	if (maar_unlikely(got == 0 && ((!data && bytes) || (tags && check_tags(ipc, tags)))))
		got = -EINVAL;
	if (maar_unlikely(got))
		return got;
	if (timeout_ns > 0)
		deadline = maar_event_deadline(timeout_ns);
	got = maar_ipc_loan(ipc, bytes, &payload, timeout_ns);
	if (maar_unlikely(got <= 0))
		return got;
	if (bytes)
		maar_n_copy(payload, data, bytes);
	if (timeout_ns > 0) {
		timeout_ns = deadline - maar__now();
		timeout_ns = timeout_ns < 0 ? 0 : timeout_ns;
	}
	got = maar_ipc_publish(ipc, payload, bytes, tags, timeout_ns);
	if (maar_unlikely(got <= 0))
		(void)maar_ipc_discard(ipc, payload);
	return got;
}

/* ---- consumers ---- */

static int run_take(struct maar_ipc *ipc, struct attempt *a)
{
	int got = maar__ipc_refused(ipc, MAAR_IPC_CONSUMER);

	if (maar_unlikely(got))
		return got;
	got = maar__ipc_try_take(ipc, a->message);
	if (maar_likely(got) || !maar__ipc_is_closed(ipc))
		return got;
	/* What came before close is seen by now; and what a dead one had taken comes before the end. */
	got = maar_ipc_recover(ipc);
	if (got >= 0)
		got = maar__ipc_try_take(ipc, a->message);
	return got ? got : -EPIPE;
}

int maar_ipc_take(struct maar_ipc *ipc, struct maar_ipc_message *message, int64_t timeout_ns)
{
	struct attempt a = { .run = run_take, .message = message };
	const int rc = maar__ipc_refused(ipc, MAAR_IPC_CONSUMER);

	if (maar_unlikely(rc || !message))
		return rc ? rc : -EINVAL;
	return attempt(ipc, &ipc->events->not_empty, &a, timeout_ns);
}

ssize_t maar_ipc_take_burst(struct maar_ipc *ipc, struct maar_ipc_message *messages, size_t n, int64_t timeout_ns)
{
	size_t k = 1;
	int got;

	if (!messages || !n)
		return -EINVAL;
	got = maar_ipc_take(ipc, messages, timeout_ns);
	if (got <= 0)
		return got;
	while (k < n && maar__ipc_try_take(ipc, &messages[k]) > 0)
		k++;
	return (ssize_t)k;
}

int maar_ipc_release_burst(struct maar_ipc *ipc, const struct maar_ipc_message *messages, size_t n)
{
	int first = 0;
	size_t i;

	if (!messages)
		return -EINVAL;
	for (i = 0; i < n; i++) {
		const int rc = maar_ipc_release(ipc, &messages[i]);

		first = first ? first : rc;
	}
	return first;
}

int maar_ipc_receive(struct maar_ipc *ipc, void *data, size_t room, struct maar_ipc_message *message,
		     int64_t timeout_ns)
{
	struct maar_ipc_message m;
	int got = maar__ipc_refused(ipc, MAAR_IPC_CONSUMER);

	if (maar_unlikely(got || !data))
		return got ? got : -EINVAL;
	if (room < maar_ipc_most_bytes(ipc))
		return -EMSGSIZE;
	got = maar_ipc_take(ipc, &m, timeout_ns);
	if (got <= 0)
		return got;
	maar_n_copy(data, m.payload, (size_t)m.bytes);
	if (maar_unlikely(maar_ipc_release(ipc, &m) == -EALREADY)) /* evicted: it may have changed meanwhile */
		return -ECANCELED;
	m.payload = NULL;
	if (message)
		*message = m;
	return 1;
}

/* ---- the end ---- */

int maar_ipc_close(struct maar_ipc *ipc)
{
	const int rc = maar__ipc_refused(ipc, 0);

	if (rc)
		return rc;
	maar_a_store(&ipc->at->closed, 1, RELEASE); /* R:ipc.closed */
	/* If this one is killed here, sleepers find it after their slice. */
	maar__event_close_shared(&ipc->events->not_empty);
	maar__event_close_shared(&ipc->events->not_full);
	maar__ipc_ring_armed(ipc);
	return 0;
}

int maar_ipc_closed(const struct maar_ipc *ipc)
{
	return !ipc || !ipc->me || maar__ipc_is_closed(ipc);
}

ssize_t maar_ipc_drain(struct maar_ipc *ipc, maar_ipc_message_fn *each, void *arg)
{
	int got = maar__ipc_refused(ipc, MAAR_IPC_CONSUMER);
	struct maar_ipc_message m;
	ssize_t n = 0, most;

	if (got)
		return got;
	/* All that were there, and no more than as many again, so that it ends where producers go on. */
	most = (ssize_t)ipc->slots * 2;
	while (n < most && (got = maar_ipc_take(ipc, &m, 0)) > 0) {
		if (each)
			each(&m, arg);
		got = maar_ipc_release(ipc, &m);
		if (got)
			return got;
		n++;
	}
	return got < 0 && got != -EPIPE ? got : n;
}
