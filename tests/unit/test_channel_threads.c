/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Channels, sets and topics between threads: none lost, none twice, in order, every slot back; senders and receivers that
 * sleep, close against both, sets that channels join and leave meanwhile, subscribers that come and go.
 */
#include "channels.h"

#include <maar/select.h>
#include <maar/topic.h>

#include <poll.h>
#include <unistd.h>

#define MOST  4
#define EACH  (UNIT_SANITIZED ? 1000u : 8000u)
#define TOTAL (MOST * EACH)

/* ---- many to many: each message once, in each sender's order ---- */

struct crowd {
	struct maar_channel *c;
	struct maar_select *set;		   /* or receivers wait for it */
	unsigned senders, receivers, levels, most; /* most: that one has in hand */
	uint64_t sent[MOST], got[MOST];		   /* by each thread */
	uint8_t seen[TOTAL];			   /* atomic adds: how often each message came */
};

struct member {
	struct crowd *crowd;
	unsigned number;
	struct unit_rng rng;
};

static void saw(struct crowd *w, uint64_t number)
{
	unit_must(number < TOTAL);
	unit_eq(__atomic_fetch_add(&w->seen[number], 1, __ATOMIC_RELAXED), 0);
}

/* One to 70 at a time, in all the ways that there are. */
static void *sends(void *arg)
{
	struct member *me = arg;
	struct crowd *w = me->crowd;
	struct maar_msg *many[70];
	unsigned i = 0;

	while (i < EACH) {
		size_t n = unit_random_below(&me->rng, 3) ? 1 : 1 + unit_random_below(&me->rng, w->most), k;
		const unsigned priority = (unsigned)unit_random_below(&me->rng, w->levels);
		ssize_t rc;

		if (n > EACH - i)
			n = EACH - i;
		for (k = 0; k < n; k++)
			many[k] = numbered(w->c, me->number * EACH + i + k);
		if (n > 1) {
			rc = maar_channel_send_many(w->c, many, n, priority);
			unit_eq(rc, n);
		} else if (unit_random_below(&me->rng, 2)) {
			unit_eq(maar_channel_send_priority(w->c, many[0], priority), 1);
		} else {
			while (maar_channel_send_within(w->c, many[0], priority, 0) != 1)
				pace_yield();
		}
		i += (unsigned)n;
		if (unit_random_below(&me->rng, 50) == 0)
			pace_yield();
	}
	__atomic_fetch_add(&w->sent[me->number], EACH, __ATOMIC_RELAXED);
	return NULL;
}

static ssize_t receive(struct crowd *w, struct member *me, struct maar_msg **many, size_t n)
{
	struct maar_selected ready;

	if (!w->set)
		return unit_random_below(&me->rng, 2) ? maar_channel_recv_many(w->c, many, n, MAAR_FOREVER)
						      : maar_channel_recv(w->c, many, MAAR_FOREVER);
	for (;;) {
		const ssize_t rc = maar_channel_recv_many(w->c, many, n, 0);

		if (rc != -ETIMEDOUT)
			return rc;
		unit_eq(maar_select_wait(w->set, &ready, 1, MAAR_FOREVER), 1);
		unit_must(ready.channel == w->c);
	}
}

static void *receives(void *arg)
{
	struct member *me = arg;
	struct crowd *w = me->crowd;
	uint64_t last[MOST][MAAR_CHANNEL_MAX_LEVELS];
	struct maar_msg *many[70];
	ssize_t n, i;

	memset(last, 0, sizeof(last));
	while ((n = receive(w, me, many, 1 + unit_random_below(&me->rng, w->most))) > 0)
		for (i = 0; i < n; i++) {
			const uint64_t number = *number_of(many[i]), sender = number / EACH;

			saw(w, number);
			unit_must(w->levels > 1 || number + 1 > last[sender][0]);
			last[sender][0] = number + 1;
			unit_eq(maar_channel_release(w->c, many[i]), 0);
			w->got[me->number]++;
		}
	unit_eq(n, -EPIPE);
	return NULL;
}

static void run_crowd(struct maar_channel_options options, size_t capacity, unsigned senders, unsigned receivers,
		      unsigned most, bool by_set, uint64_t stream)
{
	struct crowd *w = calloc(1, sizeof(*w));
	struct member member[2 * MOST];
	pthread_t thread[2 * MOST];
	struct maar_channel_stats s;
	uint64_t got = 0;
	unsigned i;

	ck_assert_ptr_nonnull(w);
	w->c = channel_of(capacity, 8, options);
	w->levels = options.levels ? options.levels : 1;
	w->most = most;
	w->senders = senders;
	w->receivers = receivers;
	maar__channel_start_at(w->c, UINT32_MAX - 100);
	s = stats_of(w->c);
	got -= s.received;
	if (by_set) {
		w->set = maar_select_create(1, 0);
		unit_eq(maar_select_add(w->set, w->c, NULL), 0);
	}
	for (i = 0; i < senders + receivers; i++) {
		member[i] = (struct member){ w, i < senders ? i : i - senders, unit_rng(stream * 16 + i) };
		thread[i] = unit_thread(i < senders ? sends : receives, &member[i]);
	}
	for (i = 0; i < senders; i++)
		unit_join(thread[i]);
	maar_channel_close(w->c);
	for (; i < senders + receivers; i++)
		unit_join(thread[i]);
	s = stats_of(w->c);
	unit_eq(s.received + got, senders * EACH);
	unit_eq(s.count, 0);
	for (got = 0, i = 0; i < receivers; i++)
		got += w->got[i];
	unit_eq(got, senders * EACH);
	for (i = 0; i < senders * EACH; i++)
		unit_eq(w->seen[i], 1);
	maar_select_destroy(w->set);
	unit_eq(in_use(maar_channel_pool(w->c)), 0);
	unit_eq(maar_channel_destroy(w->c), 0);
	free(w);
}

START_TEST(crowds)
{
	static const size_t capacities[] = { 1, 4, 64, 1024 };
	static const struct {
		unsigned flags, senders, receivers;
	} kinds[] = {
		{ MAAR_CHANNEL_MPMC, 4, 4 },
		{ MAAR_CHANNEL_MPMC | MAAR_CHANNEL_NO_SPIN, 2, 2 },
		{ MAAR_CHANNEL_TICKET, 3, 3 },
		{ MAAR_CHANNEL_MPSC, 4, 1 },
		{ MAAR_CHANNEL_MPSC | MAAR_CHANNEL_TICKET | MAAR_CHANNEL_PROMPT, 2, 1 },
		{ MAAR_CHANNEL_SPMC, 1, 3 },
		{ MAAR_CHANNEL_SPSC, 1, 1 },
		{ MAAR_CHANNEL_SPSC | MAAR_CHANNEL_NO_SPIN, 1, 1 },
	};
	unsigned k;

	for (k = 0; k < COUNT_OF(kinds); k++) {
		const struct maar_channel_options options = {
			.flags = kinds[k].flags,
			.levels = k % 3 ? 1 : 3,
			.weight = k % 3 ? 0 : 2,
			.messages = 8192,
		};

		run_crowd(options, capacities[(unsigned)_i], kinds[k].senders, kinds[k].receivers, 70,
			  (k + (unsigned)_i) % 2, (uint64_t)_i * 16 + k);
	}
}
END_TEST

/* A pool too small for all: senders wait for messages to come back. */
START_TEST(dry_pool)
{
	run_crowd((struct maar_channel_options){ .messages = 6 }, 64, 3, 2, 1, false, 1000);
}
END_TEST

/* ---- what is dropped and evicted is counted: nothing else is missing ---- */

struct lossy {
	struct maar_channel *c;
	uint64_t dropped, got;
};

static void *sends_what_it_can(void *arg)
{
	struct lossy *l = arg;
	uint64_t dropped = 0;
	unsigned i;

	for (i = 0; i < EACH; i++) {
		const int rc = maar_channel_send_bytes(l->c, &i, sizeof(i));

		unit_must(rc == 0 || rc == 1);
		dropped += rc == 0;
	}
	__atomic_fetch_add(&l->dropped, dropped, __ATOMIC_RELAXED);
	return NULL;
}

static void *receives_what_comes(void *arg)
{
	struct lossy *l = arg;
	unsigned value;
	uint64_t got = 0;

	while (maar_channel_recv_bytes(l->c, &value, sizeof(value), MAAR_FOREVER) == sizeof(value))
		got++;
	__atomic_fetch_add(&l->got, got, __ATOMIC_RELAXED);
	return NULL;
}

START_TEST(losses)
{
	const struct maar_channel_options options = {
		.full = _i % 2 ? MAAR_CHANNEL_OVERWRITE : MAAR_CHANNEL_DROP,
		.flags = _i / 2 ? MAAR_CHANNEL_TICKET : 0,
		.messages = 100,
	};
	struct lossy l = { .c = channel_of(16, 8, options) };
	struct maar_channel_stats s;
	pthread_t thread[6];
	unsigned i;

	for (i = 0; i < 6; i++)
		thread[i] = unit_thread(i < 3 ? sends_what_it_can : receives_what_comes, &l);
	for (i = 0; i < 3; i++)
		unit_join(thread[i]);
	maar_channel_close(l.c);
	for (; i < 6; i++)
		unit_join(thread[i]);
	s = stats_of(l.c);
	unit_eq(s.dropped, l.dropped);
	unit_eq(s.received, l.got);
	unit_eq(s.sent, 3 * (uint64_t)EACH - l.dropped);
	unit_eq(s.sent, s.received + s.evicted);
	unit_eq(in_use(maar_channel_pool(l.c)), 0);
	unit_eq(maar_channel_destroy(l.c), 0);
}
END_TEST

/* ---- close wakes whoever sleeps: receivers, senders, reservers, sets ---- */

struct sleepers {
	struct maar_channel *empty, *full, *dry;
	struct maar_select *set;
};

static void *sleeps_to_receive(void *arg)
{
	struct maar_msg *m;

	unit_eq(maar_channel_recv(((struct sleepers *)arg)->empty, &m, MAAR_FOREVER), -EPIPE);
	return NULL;
}

static void *sleeps_to_send(void *arg)
{
	struct maar_channel *c = ((struct sleepers *)arg)->full;
	struct maar_msg *m = maar_pool_get(maar_channel_pool(c)); /* perhaps it is closed already */

	unit_eq(maar_channel_send(c, m), -EPIPE);
	unit_eq(maar_channel_abort(c, m), 0);
	return NULL;
}

static void *sleeps_to_reserve(void *arg)
{
	struct maar_msg *m;

	unit_eq(maar_channel_reserve(((struct sleepers *)arg)->dry, &m), -EPIPE);
	return NULL;
}

static void *sleeps_to_select(void *arg)
{
	struct sleepers *s = arg;
	struct maar_selected ready;

	unit_eq(maar_select_wait(s->set, &ready, 1, MAAR_FOREVER), 1);
	unit_must(ready.channel == s->empty);
	return NULL;
}

START_TEST(close_wakes)
{
	static void *(*const run[])(void *) = { sleeps_to_receive, sleeps_to_send, sleeps_to_reserve,
						sleeps_to_select };
	unsigned round, i;

	for (round = 0; round < 50; round++) {
		struct sleepers s = { maar_channel_create(1, 8, NULL), maar_channel_create(1, 8, NULL),
				      channel_of(1, 8, (struct maar_channel_options){ .messages = 1 }),
				      maar_select_create(1, 0) };
		struct maar_msg *last = numbered(s.dry, 0);
		pthread_t thread[8];

		send_number(s.full, 0, 0);
		unit_eq(maar_select_add(s.set, s.empty, NULL), 0);
		for (i = 0; i < 8; i++)
			thread[i] = unit_thread(run[i % 4], &s);
		while (round % 2 && (stats_of(s.empty).receivers_asleep < 2 || stats_of(s.full).senders_asleep < 2))
			pace_yield();
		maar_channel_close(s.empty);
		maar_channel_close(s.full);
		maar_channel_close(s.dry);
		for (i = 0; i < 8; i++)
			unit_join(thread[i]);
		unit_eq(recv_number(s.full), 0);
		unit_eq(maar_channel_abort(s.dry, last), 0);
		maar_select_destroy(s.set);
		unit_eq(maar_channel_destroy(s.empty), 0);
		unit_eq(maar_channel_destroy(s.full), 0);
		unit_eq(maar_channel_destroy(s.dry), 0);
	}
}
END_TEST

/* A receiver that stops above half leaves no sender asleep for good; PROMPT or not. */
static void *sends_one(void *channel)
{
	send_number(channel, 1, 0);
	return NULL;
}

START_TEST(room_above_half)
{
	unsigned prompt;

	for (prompt = 0; prompt < 2; prompt++) {
		struct maar_channel *c =
			channel_of(8, 8, (struct maar_channel_options){ .flags = prompt ? MAAR_CHANNEL_PROMPT : 0 });
		pthread_t thread;
		unsigned i;

		for (i = 0; i < 8; i++)
			send_number(c, 1, 0);
		thread = unit_thread(sends_one, c);
		while (stats_of(c).senders_asleep == 0)
			pace_yield();
		unit_eq(recv_number(c), 1);
		unit_join(thread);
		unit_eq(maar_channel_destroy(c), 0);
	}
}
END_TEST

/* ---- one thread waits for channels and a descriptor; channels join and leave meanwhile ---- */

struct mixed {
	struct maar_channel *c[3];
	int pipe[2];
};

static void *feeds(void *arg)
{
	struct mixed *x = arg;
	unsigned i;

	for (i = 0; i < EACH; i++) {
		if (i % 4 == 3)
			unit_eq(write(x->pipe[1], "x", 1), 1);
		else
			send_number(x->c[i % 4], i, 0);
		if (i % 64 == 0)
			pace_yield();
	}
	for (i = 0; i < 3; i++)
		maar_channel_close(x->c[i]);
	close(x->pipe[1]);
	return NULL;
}

START_TEST(mixed_set)
{
	struct mixed x;
	struct maar_select *set = maar_select_create(4, 0);
	struct maar_selected ready[4];
	unsigned i, left = 4, got = 0, rounds = 0;
	pthread_t thread;

	unit_eq(pipe(x.pipe), 0);
	for (i = 0; i < 3; i++) {
		x.c[i] = maar_channel_create(4, 8, NULL);
		unit_eq(maar_select_add(set, x.c[i], NULL), 0);
	}
	unit_eq(maar_select_add_fd(set, x.pipe[0], POLLIN, NULL), 0);
	thread = unit_thread(feeds, &x);
	while (left) {
		const ssize_t n = maar_select_wait(set, ready, 4, MAAR_FOREVER);
		ssize_t k;

		unit_must(n > 0);
		for (k = 0; k < n; k++) {
			struct maar_channel *c = ready[k].channel;
			struct maar_msg *m;
			char byte;

			if (!c && read(ready[k].fd, &byte, 1) == 1) {
				got++;
			} else if (!c) {
				unit_eq(maar_select_remove_fd(set, ready[k].fd), 0);
				left--;
			} else if (maar_channel_try_recv(c, &m) == 1) {
				unit_eq(maar_channel_release(c, m), 0);
				got++;
			} else if (maar_channel_closed(c) && maar_channel_empty(c)) {
				unit_eq(maar_select_remove(set, c), 0);
				left--;
			}
			/* Out and in again, while its sender goes on. */
			if (c && left == 4 && rounds++ % 16 == 0) {
				unit_eq(maar_select_remove(set, c), 0);
				unit_eq(maar_select_add(set, c, NULL), 0);
			}
		}
	}
	unit_join(thread);
	unit_eq(got, EACH);
	maar_select_destroy(set);
	for (i = 0; i < 3; i++)
		unit_eq(maar_channel_destroy(x.c[i]), 0);
	close(x.pipe[0]);
}
END_TEST

/* ---- a topic: who is subscribed from before to after gets all, in each publisher's order; others come and go ---- */

struct forum {
	struct maar_pool *pool;
	struct maar_topic *topic;
	struct maar_channel *all[2];
	uint64_t ended;
};

static void *publishes(void *arg)
{
	struct member *me = arg;
	struct forum *f = (struct forum *)(void *)me->crowd;
	unsigned i;

	for (i = 0; i < EACH / 4; i++) {
		struct maar_msg *m;

		while (!(m = maar_pool_get(f->pool)))
			pace_yield();
		*number_of(m) = me->number;
		number_of(m)[1] = i;
		unit_must(maar_topic_publish(f->topic, m) >= 2);
	}
	return NULL;
}

static void *listens(void *channel)
{
	uint64_t next[2] = { 0 };
	struct maar_msg *m;

	while (maar_channel_recv(channel, &m, MAAR_FOREVER) == 1) {
		unit_eq(number_of(m)[1], next[*number_of(m)]);
		next[*number_of(m)]++;
		unit_eq(maar_msg_release(m), 0);
	}
	unit_eq(next[0], EACH / 4);
	unit_eq(next[1], EACH / 4);
	return NULL;
}

static void *comes_and_goes(void *arg)
{
	struct forum *f = arg;

	while (!__atomic_load_n(&f->ended, __ATOMIC_RELAXED)) {
		struct maar_channel *c = channel_of(
			4, 0, (struct maar_channel_options){ .pool = f->pool, .full = MAAR_CHANNEL_OVERWRITE });
		struct maar_msg *m;
		uint64_t next[2] = { 0 };
		unsigned i;

		unit_eq(maar_topic_subscribe(f->topic, c), 0);
		for (i = 0; i < 20 && maar_channel_recv(c, &m, MS) == 1; i++) {
			unit_must(number_of(m)[1] >= next[*number_of(m)]);
			next[*number_of(m)] = number_of(m)[1] + 1;
			unit_eq(maar_msg_release(m), 0);
		}
		unit_eq(maar_topic_unsubscribe(f->topic, c), 0);
		unit_eq(maar_channel_destroy(c), 0);
	}
	return NULL;
}

START_TEST(topic)
{
	struct forum f = { .pool = maar_pool_create(100, 2 * sizeof(uint64_t), NULL) };
	struct member member[2];
	pthread_t thread[6];
	unsigned i;

	f.topic = maar_topic_create(f.pool, 4);
	for (i = 0; i < 2; i++) {
		f.all[i] = channel_of(i ? 1 : 16, 0,
				      (struct maar_channel_options){ .pool = f.pool, .flags = MAAR_CHANNEL_MPSC });
		unit_eq(maar_topic_subscribe(f.topic, f.all[i]), 0);
	}
	for (i = 0; i < 2; i++) {
		member[i] = (struct member){ (struct crowd *)(void *)&f, i, { 0 } };
		thread[i] = unit_thread(publishes, &member[i]);
		thread[2 + i] = unit_thread(listens, f.all[i]);
		thread[4 + i] = unit_thread(comes_and_goes, &f);
	}
	unit_join(thread[0]);
	unit_join(thread[1]);
	__atomic_store_n(&f.ended, 1, __ATOMIC_RELAXED);
	unit_join(thread[4]);
	unit_join(thread[5]);
	maar_topic_close(f.topic);
	unit_join(thread[2]);
	unit_join(thread[3]);
	maar_topic_destroy(f.topic);
	for (i = 0; i < 2; i++)
		unit_eq(maar_channel_destroy(f.all[i]), 0);
	unit_eq(in_use(f.pool), 0);
	unit_eq(maar_pool_destroy(f.pool), 0);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("channel threads");
	TCase *tcase = unit_tcase(suite, "channel threads");

	tcase_add_loop_test(tcase, crowds, 0, 4);
	tcase_add_test(tcase, dry_pool);
	tcase_add_loop_test(tcase, losses, 0, 4);
	tcase_add_test(tcase, close_wakes);
	tcase_add_test(tcase, room_above_half);
	tcase_add_test(tcase, mixed_set);
	tcase_add_test(tcase, topic);
	return suite;
}
