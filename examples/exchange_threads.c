/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * exchange: the threads. Producers take messages from the pool, fill them and send them through the ring; consumers
 * receive them, count what is in them, and give them back.
 *
 * Why it cannot stop for ever, however few messages there are and however many threads:
 *   - Who waits for a free message holds none: a producer sends what it has gathered before it waits (message_for), and
 *     its lane is empty, for a get looks there first. Before a read that may block it sends and gives its lane back.
 *   - Who waits for room in a ring holds messages, but then a ring is full, so consumers have work and will make room.
 *   - Free messages that no waiting producer sees lie in the lanes of others: of producers that run or wait for room
 *     (above), of threads that have ended (the pool finds those), or of consumers. A consumer with work goes on to use
 *     its own; one without work gives its lane back (maar_mring_flush) before it idles. So when all producers wait for
 *     a message, the messages under way reach consumers, these run dry, and each free message comes into sight.
 * lane_slots is chosen so that this is the rare case: see make_pool.
 */
#include "exchange.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <maar/pool.h>
#include <maar/ring.h>

/* How often the progress line changes. */
#define PROGRESS_NS 250000000L

/* Waiting: try again at once, then let others run, then sleep, longer each time, up to a millisecond. */
#define TRIES_AT_ONCE  16
#define TRIES_YIELDING 64
#define FIRST_NAP_NS   20000L
#define LONGEST_NAP_NS 1000000L

struct exchange;

/* The messages' user area: where its bytes come from. */
struct where {
	uint64_t unit, offset;
};

struct worker {
	_Alignas(MAAR_APART) struct exchange *x; /* what one worker writes, no other one's line holds */
	pthread_t thread;
	unsigned number;
	struct tally seen;
	uint64_t refused;
	atomic_uint_fast64_t messages; /* so far; the progress line reads it */
	atomic_uint_fast64_t bytes;
};

struct exchange {
	const struct options *o;
	struct inputs *in;
	struct maar_pool *pool;
	struct maar_ring **rings; /* rows * columns */
	size_t rows, columns;
	struct worker *workers; /* producers, then consumers */
	atomic_size_t next_unit;
	atomic_uint producing; /* producers that may still send */
	atomic_bool sabotaged;
	pthread_mutex_t lock;
	pthread_cond_t ended;
	unsigned running; /* threads, under the lock */
};

/* ---- waiting ----------------------------------------------------------------------------------------------------- */

struct waiting {
	unsigned tries;
	long nap;
};

/* True once before the first yield: the moment to give back what one does not need. */
static bool about_to_idle(const struct waiting *w)
{
	return w->tries == TRIES_AT_ONCE;
}

static void wait_a_little(struct waiting *w)
{
	struct timespec nap = { 0, 0 };

	w->tries++;
	if (w->tries <= TRIES_AT_ONCE)
		return;
	if (w->tries <= TRIES_AT_ONCE + TRIES_YIELDING) {
		sched_yield();
		return;
	}
	w->nap = w->nap ? w->nap * 2 : FIRST_NAP_NS;
	if (w->nap > LONGEST_NAP_NS)
		w->nap = LONGEST_NAP_NS;
	nap.tv_nsec = w->nap;
	nanosleep(&nap, NULL);
}

/* ---- producers --------------------------------------------------------------------------------------------------- */

/* Messages filled and not sent yet. */
struct outbox {
	struct exchange *x;
	struct maar_ring **rings; /* this producer's row */
	size_t next;		  /* the ring whose turn it is */
	struct maar_msg *messages[MOST_BURST];
	size_t n;
};

static void send_all(struct outbox *out)
{
	const size_t columns = out->x->columns;
	struct waiting w = { 0 };
	size_t sent = 0, full = 0;

	while (sent < out->n) {
		const size_t n = maar_ring_enqueue_burst_ptr(out->rings[out->next], (void **)out->messages + sent,
							     out->n - sent);

		sent += n;
		out->next = (out->next + 1) % columns;
		full = n ? 0 : full + 1;
		if (n)
			w = (struct waiting){ 0 };
		else if (full % columns == 0)
			wait_a_little(&w);
	}
	out->n = 0;
}

static struct maar_msg *message_for(struct outbox *out)
{
	struct maar_msg *m = maar_pool_get(out->x->pool);
	struct waiting w = { 0 };

	if (m)
		return m;
	send_all(out);
	while (!(m = maar_pool_get(out->x->pool)))
		wait_a_little(&w);
	return m;
}

/* One unit of the input, as messages. What went in is counted here from the source, before and apart from the copy. */
static void produce_unit(struct worker *me, struct outbox *out, struct reader *r, size_t number)
{
	struct exchange *x = me->x;
	struct unit *u = &x->in->units[number];
	struct record record;

	if (!reader_open(r, x->in, u))
		return;
	for (;;) {
		struct maar_msg *m;
		struct where *where;

		while (!reader_ready(r)) {
			if (u->stream) {
				send_all(out);
				maar_mring_flush(maar_pool_mring(x->pool));
			}
			reader_fill(r, x->in, u);
		}
		if (!reader_cut(r, &record))
			break;
		u->in.records++;
		u->in.sum += record_hash(number, record.offset, record.data, record.bytes);

		m = message_for(out);
		if (maar_msg_append(m, record.data, record.bytes)) { /* never: the pool's messages hold a record */
			me->refused++;
			(void)maar_msg_release(m);
			continue;
		}
		where = maar_msg_user(m);
		where->unit = number;
		where->offset = record.offset;
		out->messages[out->n++] = m;
		if (out->n == x->o->burst)
			send_all(out);
	}
	u->in.bytes = r->bytes;
	u->in.lines = r->lines;
	tally_add(&me->seen, &u->in);
	reader_close(r);
}

static void ended(struct exchange *x)
{
	pthread_mutex_lock(&x->lock);
	x->running--;
	pthread_cond_signal(&x->ended);
	pthread_mutex_unlock(&x->lock);
}

static void *produce(void *arg)
{
	struct worker *me = arg;
	struct exchange *x = me->x;
	struct reader reader;
	struct outbox out = { .x = x, .rings = x->rings, .next = me->number % x->columns };
	size_t number;

	if (x->rows > 1)
		out.rings += me->number * x->columns;
	if (reader_init(&reader, x->o->record)) {
		/* Others may have memory. If none has, units are left over, and exchange_run says so. */
		fprintf(stderr, "exchange: no memory for a producer's buffer: lower --record or --producers\n");
	} else {
		while ((number = atomic_fetch_add(&x->next_unit, 1)) < x->in->n)
			produce_unit(me, &out, &reader, number);
		send_all(&out);
	}
	reader_free(&reader);
	atomic_fetch_sub_explicit(&x->producing, 1, memory_order_release); /* behind it: nothing more will be sent */
	ended(x);
	return NULL;
}

/* ---- consumers --------------------------------------------------------------------------------------------------- */

/* The sum of all that is known about a message, taken from the message alone. */
static void count(struct worker *me, const struct maar_msg *m)
{
	const void *data = maar_msg_data(m);
	const size_t bytes = maar_msg_length(m);
	const struct where *where = maar_msg_user(m);

	me->seen.records++;
	me->seen.bytes += bytes;
	me->seen.lines += newlines(data, bytes);
	me->seen.sum += record_hash(where->unit, where->offset, data, bytes);
}

/* Does to the first of n messages what --sabotage asks; returns how many are left to be treated well, at the front. */
static size_t spoil(struct worker *me, struct maar_msg **messages, size_t n)
{
	struct exchange *x = me->x;
	struct maar_msg *m = messages[0];

	if (atomic_exchange(&x->sabotaged, true))
		return n;
	switch (x->o->sabotage) {
	case SABOTAGE_CORRUPT:
		*(unsigned char *)maar_msg_data(m) ^= 0x10;
		return n;
	case SABOTAGE_TWICE:
		count(me, m);
		return n;
	case SABOTAGE_DOUBLE_PUT:
		count(me, m);
		me->refused += maar_pool_put(x->pool, m) != 0;
		me->refused += maar_pool_put(x->pool, m) != 0;
		break;
	case SABOTAGE_DROP:
		me->refused += maar_pool_put(x->pool, m) != 0;
		break;
	case SABOTAGE_LEAK:
		count(me, m);
		break;
	case SABOTAGE_NONE:
		return n;
	}
	memmove(messages, messages + 1, (n - 1) * sizeof(messages[0]));
	return n - 1;
}

static void consume_some(struct worker *me, struct maar_msg **messages, size_t n)
{
	size_t i;

	if (me->x->o->sabotage)
		n = spoil(me, messages, n);
	for (i = 0; i < n; i++)
		count(me, messages[i]);
	me->refused += n - maar_pool_put_bulk(me->x->pool, messages, n);
	atomic_store_explicit(&me->messages, me->seen.records, memory_order_relaxed);
	atomic_store_explicit(&me->bytes, me->seen.bytes, memory_order_relaxed);
}

/* Looks once into each of this consumer's rings, beginning with *next. */
static size_t receive(const struct exchange *x, unsigned column, size_t *next, struct maar_msg **messages)
{
	size_t row, n = 0;

	for (row = 0; row < x->rows && n == 0; row++) {
		n = maar_ring_dequeue_burst_ptr(x->rings[*next * x->columns + column], (void **)messages, x->o->burst);
		*next = (*next + 1) % x->rows;
	}
	return n;
}

static void *consume(void *arg)
{
	struct worker *me = arg;
	struct exchange *x = me->x;
	const unsigned column = x->columns > 1 ? me->number : 0;
	struct maar_msg *messages[MOST_BURST];
	struct waiting w = { 0 };
	size_t next = me->number % x->rows;

	for (;;) {
		/* Read before the rings are: if no producer was left then, an empty ring stays empty. */
		const bool last = atomic_load_explicit(&x->producing, memory_order_acquire) == 0;
		const size_t n = receive(x, column, &next, messages);

		if (n) {
			consume_some(me, messages, n);
			w = (struct waiting){ 0 };
			continue;
		}
		if (last)
			break;
		if (about_to_idle(&w))
			maar_mring_flush(maar_pool_mring(x->pool));
		wait_a_little(&w);
	}
	ended(x);
	return NULL;
}

/* ---- the progress line ------------------------------------------------------------------------------------------- */

static void show_progress(const struct exchange *x)
{
	uint64_t messages = 0, bytes = 0;
	struct maar_mring_stats pool;
	char part[32] = "";
	unsigned i;

	for (i = 0; i < x->o->consumers; i++) {
		messages += atomic_load_explicit(&x->workers[x->o->producers + i].messages, memory_order_relaxed);
		bytes += atomic_load_explicit(&x->workers[x->o->producers + i].bytes, memory_order_relaxed);
	}
	if (!x->in->streams && x->in->bytes)
		snprintf(part, sizeof(part), " of %.0f (%.0f %%)", (double)x->in->bytes / 1e6,
			 100.0 * (double)bytes / (double)x->in->bytes);
	(void)maar_pool_stats(x->pool, &pool);
	fprintf(stderr, "\r\033[K%llu messages, %.0f MB%s, %u of %u messages in use", (unsigned long long)messages,
		(double)bytes / 1e6, part, pool.in_use, pool.slots);
}

/* Waits for all threads to end; on a terminal, shows how far they are. */
static void wait_for_all(struct exchange *x)
{
	const bool show = !x->o->quiet && isatty(STDERR_FILENO);
	struct timespec until;

	pthread_mutex_lock(&x->lock);
	while (x->running) {
		if (!show) {
			pthread_cond_wait(&x->ended, &x->lock);
			continue;
		}
		clock_gettime(CLOCK_REALTIME, &until); /* a condition's clock; a step of it shifts one line, no more */
		until.tv_nsec += PROGRESS_NS;
		until.tv_sec += until.tv_nsec / 1000000000L;
		until.tv_nsec %= 1000000000L;
		if (pthread_cond_timedwait(&x->ended, &x->lock, &until) == ETIMEDOUT)
			show_progress(x);
	}
	pthread_mutex_unlock(&x->lock);
	if (show)
		fprintf(stderr, "\r\033[K");
}

/* ---- making and ending ------------------------------------------------------------------------------------------- */

/*
 * All lanes together may hold a quarter of the messages, so that a producer seldom finds none while many are free. If
 * that leaves a lane less than two, there are no lanes, and each get and put goes to the shared ring.
 */
static int make_pool(struct exchange *x)
{
	const size_t fair = x->o->slots / 4 / (x->o->producers + x->o->consumers);
	struct maar_pool_options options = { .user_bytes = sizeof(struct where) };
	int error;

	if (fair < 2)
		options.no_lanes = 1;
	else
		options.lane_slots = (uint32_t)(fair < 2 * MAAR_MRING_BATCH ? fair : 2 * MAAR_MRING_BATCH);
	x->pool = maar_pool_create(x->o->slots, x->o->record, &options);
	if (x->pool)
		return 0;
	error = errno;
	fprintf(stderr, "exchange: no pool of %zu messages of %zu bytes: %s: lower --slots or --record\n", x->o->slots,
		x->o->record, strerror(error));
	return -error;
}

static int make_rings(struct exchange *x)
{
	const struct ring_kind *kind = x->o->kind;
	size_t i;

	x->rows = kind->each_producer ? x->o->producers : 1;
	x->columns = kind->each_consumer ? x->o->consumers : 1;
	x->rings = calloc(x->rows * x->columns, sizeof(*x->rings));
	for (i = 0; x->rings && i < x->rows * x->columns; i++) {
		x->rings[i] = maar_ring_create(x->o->entries, kind->flags);
		if (!x->rings[i])
			break;
	}
	if (x->rings && i == x->rows * x->columns)
		return 0;
	fprintf(stderr, "exchange: no %zu rings of %zu entries: %s: lower --entries\n", x->rows * x->columns,
		x->o->entries, strerror(errno));
	return -ENOMEM;
}

static int start(struct exchange *x, unsigned i, void *(*body)(void *))
{
	int rc;

	pthread_mutex_lock(&x->lock);
	rc = pthread_create(&x->workers[i].thread, NULL, body, &x->workers[i]);
	x->running += rc == 0;
	pthread_mutex_unlock(&x->lock);
	return rc;
}

/* Starts everybody and waits for everybody. Consumers first: a producer without consumers would wait for ever. */
static int run_threads(struct exchange *x)
{
	const unsigned producers = x->o->producers, all = producers + x->o->consumers;
	unsigned started_p = 0, started_c = 0, i;
	int rc = 0;

	while (rc == 0 && started_c < x->o->consumers)
		started_c += (rc = start(x, producers + started_c, consume)) == 0;
	while (rc == 0 && started_p < producers)
		started_p += (rc = start(x, started_p, produce)) == 0;
	if (rc) {
		fprintf(stderr, "exchange: cannot start thread %u of %u: %s: lower --producers or --consumers\n",
			started_c + started_p + 1, all, strerror(rc));
		atomic_store(&x->next_unit, x->in->n); /* those that run stop at their next unit */
		atomic_fetch_sub(&x->producing, producers - started_p);
	}
	wait_for_all(x);
	for (i = 0; i < started_p; i++)
		pthread_join(x->workers[i].thread, NULL);
	for (i = 0; i < started_c; i++)
		pthread_join(x->workers[producers + i].thread, NULL);
	return -rc;
}

static int make_workers(struct exchange *x, struct result *r)
{
	const unsigned producers = x->o->producers, all = producers + x->o->consumers;
	unsigned i;

	r->produced = calloc(all, sizeof(*r->produced));
	x->workers = aligned_alloc(MAAR_APART, all * sizeof(*x->workers));
	if (!r->produced || !x->workers) {
		fprintf(stderr, "exchange: no memory\n");
		return -ENOMEM;
	}
	r->consumed = r->produced + producers;
	memset(x->workers, 0, all * sizeof(*x->workers));
	for (i = 0; i < all; i++) {
		x->workers[i].x = x;
		x->workers[i].number = i < producers ? i : i - producers;
	}
	return 0;
}

/* Adds up what the threads found. */
static void collect(const struct exchange *x, struct result *r)
{
	const unsigned producers = x->o->producers;
	size_t i;

	for (i = 0; i < producers + x->o->consumers; i++) {
		const struct worker *w = &x->workers[i];

		tally_add(i < producers ? &r->in : &r->out, &w->seen);
		r->produced[i] = w->seen.records;
		r->refused += w->refused;
	}
	r->rings = x->rows * x->columns;
	r->ring_entries = maar_ring_capacity(x->rings[0]);
	for (i = 0; i < r->rings; i++)
		r->left_in_rings += maar_ring_count(x->rings[i]);
	r->sabotaged = atomic_load(&x->sabotaged);
	r->unreadable = atomic_load(&x->in->unreadable);
	(void)maar_pool_stats(x->pool, &r->pool);
}

double seconds_since(const struct timespec *from)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - from->tv_sec) + (double)(now.tv_nsec - from->tv_nsec) / 1e9;
}

/* Runs one exchange into *r. 0, or a negative errno after a message, if it could not be set up. */
int exchange_run(const struct options *o, struct inputs *in, struct result *r)
{
	struct exchange x = {
		.o = o,
		.in = in,
		.producing = o->producers,
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.ended = PTHREAD_COND_INITIALIZER,
	};
	struct timespec begin;
	size_t i;
	int rc;

	memset(r, 0, sizeof(*r));
	atomic_store(&in->unreadable, 0);
	rc = make_workers(&x, r);
	if (rc == 0)
		rc = make_pool(&x);
	if (rc == 0)
		rc = make_rings(&x);
	if (rc == 0) {
		clock_gettime(CLOCK_MONOTONIC, &begin);
		rc = run_threads(&x);
		r->seconds = seconds_since(&begin);
		collect(&x, r);
		if (rc == 0 && atomic_load(&x.next_unit) < in->n)
			rc = -ENOMEM;
	}
	for (i = 0; x.rings && i < x.rows * x.columns; i++)
		maar_ring_destroy(x.rings[i]);
	free(x.rings);
	r->destroyed = maar_pool_destroy(x.pool);
	free(x.workers);
	return rc;
}

void result_free(struct result *r)
{
	free(r->produced);
}
