/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Shapes in which one thread frees what another allocated: one to one, xmalloc, larson, mstress, eight to one.
 */
#include "shapes.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

static void *allocate(size_t size)
{
	void *block = malloc(size);

	if (!block)
		shape_die("no memory");
	return block;
}

static void start(pthread_t *thread, void *(*run)(void *), void *arg)
{
	if (pthread_create(thread, NULL, run, arg))
		shape_die("no thread");
}

/* ---- a pipe of pointers, one writer and one reader: the same for all, and cheap beside what it carries ------------- */

enum { BURST = 32 }; /* so many pointers are shown at once */

struct pipe {
	uint64_t written __attribute__((aligned(128)));
	uint64_t head, seen_read; /* the writer's own */
	uint64_t read __attribute__((aligned(128)));
	uint64_t tail, seen_written; /* the reader's own */
	uint64_t mask;
	void **slot;
};

static void pipe_make(struct pipe *p, uint64_t entries)
{
	*p = (struct pipe){ .mask = entries - 1, .slot = allocate(entries * sizeof(*p->slot)) };
}

static void pause_a_little(unsigned *tries)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#endif
	if (++*tries % 64 == 0)
		sched_yield();
}

static void pipe_show(struct pipe *p)
{
	__atomic_store_n(&p->written, p->head, __ATOMIC_RELEASE);
}

/* Waits for room, unless the run is over. */
static bool pipe_put(struct pipe *p, void *block, const struct shape_run *run)
{
	unsigned tries = 0;

	while (p->head - p->seen_read > p->mask) {
		p->seen_read = __atomic_load_n(&p->read, __ATOMIC_ACQUIRE);
		if (p->head - p->seen_read <= p->mask)
			break;
		if (__atomic_load_n(&run->stop, __ATOMIC_RELAXED))
			return false;
		pipe_show(p);
		pause_a_little(&tries);
	}
	p->slot[p->head++ & p->mask] = block;
	if (p->head % BURST == 0)
		pipe_show(p);
	return true;
}

/* Pointers that are there. */
static uint64_t pipe_count(struct pipe *p)
{
	if (p->seen_written == p->tail)
		p->seen_written = __atomic_load_n(&p->written, __ATOMIC_ACQUIRE);
	return p->seen_written - p->tail;
}

static void *pipe_take(struct pipe *p)
{
	void *block = p->slot[p->tail++ & p->mask];

	if (p->tail % BURST == 0)
		__atomic_store_n(&p->read, p->tail, __ATOMIC_RELEASE);
	return block;
}

/* ---- one to one --------------------------------------------------------------------------------------------------- */

/* The last pointer of all. */
static char the_end;

static void remote_write(struct shape_worker *w, struct pipe *p)
{
	const size_t bytes = w->run->bytes;
	uint64_t i;

	for (i = 0; !w->run->count || i < w->run->count; i++) {
		void *block = allocate(bytes);

		shape_mark(block, bytes);
		if (!pipe_put(p, block, w->run)) {
			free(block);
			break;
		}
		if (i % BURST == 0 && __atomic_load_n(&w->run->stop, __ATOMIC_RELAXED))
			break;
	}
	__atomic_store_n(&w->run->stop, 0, __ATOMIC_RELAXED); /* the reader still reads: there will be room */
	pipe_put(p, &the_end, w->run);
	pipe_show(p);
}

static void remote_read(struct shape_worker *w, struct pipe *p)
{
	unsigned tries = 0;
	uint64_t n, done;
	void *block;

	for (;;) {
		n = pipe_count(p);
		if (!n) {
			__atomic_store_n(&p->read, p->tail, __ATOMIC_RELEASE);
			pause_a_little(&tries);
			continue;
		}
		for (done = 0; done < n; done++) {
			block = pipe_take(p);
			if (block == &the_end) {
				shape_go_on(w, done);
				return;
			}
			shape_check(w->run, block, w->run->bytes);
			free(block);
		}
		shape_go_on(w, done);
	}
}

static void remote_body(struct shape_worker *w)
{
	if (w->index == 0)
		remote_write(w, w->state);
	else
		remote_read(w, w->state);
}

static void remote(struct shape_run *run)
{
	static struct pipe pipe;

	pipe_make(&pipe, 1024);
	shape_work(run, 2, remote_body, &pipe);
}

/* ---- xmalloc: as many threads allocate batches as free them -------------------------------------------------------- */

struct bundle {
	struct bundle *next;
	void *block[4096];
};

struct market {
	pthread_mutex_t lock;
	pthread_cond_t less, more;
	struct bundle *first;
	unsigned bundles, most, makers;
};

static void xmalloc_make(struct shape_worker *w, struct market *m)
{
	uint64_t made = 0;
	bool over;

	do {
		struct bundle *b = allocate(sizeof(*b));
		size_t i;

		for (i = 0; i < 4096; i++) {
			b->block[i] = allocate(w->run->bytes);
			shape_mark(b->block[i], w->run->bytes);
		}
		made += 4096;
		over = w->run->count ? made >= w->run->count : __atomic_load_n(&w->run->stop, __ATOMIC_RELAXED);
		pthread_mutex_lock(&m->lock);
		while (m->bundles >= m->most)
			pthread_cond_wait(&m->less, &m->lock);
		b->next = m->first;
		m->first = b;
		m->bundles++;
		m->makers -= over;
		if (over)
			pthread_cond_broadcast(&m->more);
		else
			pthread_cond_signal(&m->more);
		pthread_mutex_unlock(&m->lock);
	} while (!over);
}

static void xmalloc_free(struct shape_worker *w, struct market *m)
{
	struct bundle *b;
	size_t i;

	for (;;) {
		pthread_mutex_lock(&m->lock);
		while (!m->first && m->makers)
			pthread_cond_wait(&m->more, &m->lock);
		b = m->first;
		if (b) {
			m->first = b->next;
			m->bundles--;
			pthread_cond_signal(&m->less);
		}
		pthread_mutex_unlock(&m->lock);
		if (!b)
			return;
		for (i = 0; i < 4096; i++) {
			shape_check(w->run, b->block[i], w->run->bytes);
			free(b->block[i]);
		}
		free(b);
		shape_go_on(w, 4096);
	}
}

static void xmalloc_body(struct shape_worker *w)
{
	if (w->index < w->run->threads)
		xmalloc_make(w, w->state);
	else
		xmalloc_free(w, w->state);
}

static void xmalloc(struct shape_run *run)
{
	static struct market m = { .lock = PTHREAD_MUTEX_INITIALIZER,
				   .less = PTHREAD_COND_INITIALIZER,
				   .more = PTHREAD_COND_INITIALIZER };

	m.makers = run->threads;
	m.most = 8 * run->threads;
	shape_work(run, 2 * run->threads, xmalloc_body, &m);
}

/* ---- larson: a thread replaces blocks at random, and leaves them all to its successor ------------------------------ */

enum { LARSON_BLOCKS = 5000, LARSON_LIFE = 50000 };

struct held {
	void *block;
	size_t size;
};

struct life {
	struct shape_worker *w;
	struct held *held;
	bool go_on;
};

static void larson_fill(struct shape_worker *w, struct held *h)
{
	h->size = 8 + shape_below(&w->random, (uint32_t)w->run->bytes - 7);
	h->block = allocate(h->size);
	shape_mark(h->block, h->size);
}

static void larson_empty(struct shape_worker *w, const struct held *h)
{
	shape_check(w->run, h->block, h->size);
	free(h->block);
}

static void *larson_life(void *arg)
{
	struct life *life = arg;
	struct shape_worker *w = life->w;
	unsigned i, k;

	shape_pin(w->run, w->index);
	for (k = 0; k < LARSON_LIFE && life->go_on; k += 1000) {
		for (i = 0; i < 1000; i++) {
			struct held *h = &life->held[shape_below(&w->random, LARSON_BLOCKS)];

			larson_empty(w, h);
			larson_fill(w, h);
		}
		life->go_on = shape_go_on(w, 1000);
	}
	return NULL;
}

static void larson_body(struct shape_worker *w)
{
	struct life life = { w, allocate(LARSON_BLOCKS * sizeof(*life.held)), true };
	pthread_t thread;
	unsigned i;

	for (i = 0; i < LARSON_BLOCKS; i++)
		larson_fill(w, &life.held[i]);
	while (life.go_on) {
		start(&thread, larson_life, &life);
		pthread_join(thread, NULL);
	}
	for (i = 0; i < LARSON_BLOCKS; i++)
		larson_empty(w, &life.held[i]);
	free(life.held);
}

static void larson(struct shape_run *run)
{
	shape_work(run, run->threads, larson_body, NULL);
}

/* ---- mstress: threads are born each round, keep some, free some, and exchange some over common places --------------- */

enum { MSTRESS_ALLOCATIONS = 20000, MSTRESS_KEPT = 1000, MSTRESS_PLACES = 1000 };

struct item {
	uint64_t mark; /* shape_mark's */
	size_t size;
};

struct mstress {
	struct shape_worker *w;
	uint64_t random;
	struct item **place;
};

static struct item *item_make(struct mstress *m)
{
	/* one of a hundred is large */
	const size_t size = shape_size(&m->random, shape_below(&m->random, 100) ? 512 : 65536);
	struct item *x = allocate(size);

	x->size = size;
	shape_mark(x, size);
	return x;
}

static void item_free(const struct mstress *m, struct item *x)
{
	if (x)
		shape_check(m->w->run, x, x->size);
	free(x);
}

static void *mstress_life(void *arg)
{
	struct mstress *m = arg;
	struct item *kept[MSTRESS_KEPT] = { NULL };
	unsigned i, at;

	for (i = 0; i < MSTRESS_ALLOCATIONS; i++) {
		struct item *x = item_make(m);

		at = shape_below(&m->random, MSTRESS_KEPT);
		if (i % 4 == 0)
			x = __atomic_exchange_n(&m->place[shape_below(&m->random, MSTRESS_PLACES)], x,
						__ATOMIC_ACQ_REL);
		item_free(m, kept[at]);
		kept[at] = x;
	}
	for (i = 0; i < MSTRESS_KEPT; i++)
		item_free(m, kept[i]);
	return NULL;
}

static void mstress_body(struct shape_worker *w)
{
	static struct item *place[MSTRESS_PLACES];
	struct mstress lives[SHAPE_THREADS];
	pthread_t threads[SHAPE_THREADS];
	unsigned i;

	do {
		for (i = 0; i < w->run->threads; i++) {
			lives[i] = (struct mstress){ w, shape_random(&w->random) | 1, place };
			start(&threads[i], mstress_life, &lives[i]);
		}
		for (i = 0; i < w->run->threads; i++)
			pthread_join(threads[i], NULL);
	} while (shape_go_on(w, (uint64_t)w->run->threads * MSTRESS_ALLOCATIONS));
	for (i = 0; i < MSTRESS_PLACES; i++)
		item_free(&lives[0], place[i]);
}

static void mstress(struct shape_run *run)
{
	shape_work(run, 1, mstress_body, NULL);
}

/* ---- eight to one: the eight only allocate, the one only frees, and it is late: 18 MB are always out ---------------- */

/* 2048 blocks of 1097 bytes on average (shape_size up to 4096), in each of eight pipes. */
enum { LATE_ENTRIES = 2048 };

static void eight_write(struct shape_worker *w, struct pipe *p)
{
	uint64_t made;

	for (made = 0; !w->run->count || made < w->run->count; made++) {
		const size_t size = shape_size(&w->random, w->run->bytes);
		struct item *x = allocate(size);

		x->size = size;
		shape_mark(x, size);
		((volatile char *)x)[size - 1] = 1;
		if (!pipe_put(p, x, w->run)) {
			free(x);
			break;
		}
	}
	pipe_show(p);
	__atomic_store_n(&w->ops, 1, __ATOMIC_RELEASE); /* that is all; see eight_free */
}

/* Takes from a pipe what is more than `leave`. */
static uint64_t eight_take(struct shape_run *run, struct pipe *p, uint64_t leave)
{
	uint64_t n, done = 0;

	p->seen_written = __atomic_load_n(&p->written, __ATOMIC_ACQUIRE);
	for (n = p->seen_written - p->tail; done + leave < n; done++) {
		struct item *x = pipe_take(p);

		shape_check(run, x, x->size);
		free(x);
	}
	return done;
}

static void eight_free(struct shape_worker *w, struct pipe *pipes)
{
	uint64_t done, n;
	unsigned i, ended, tries = 0;

	do {
		done = ended = 0;
		for (i = 0; i < w->run->threads; i++) {
			ended += __atomic_load_n(&(w - w->index)[i].ops, __ATOMIC_ACQUIRE) != 0;
			n = eight_take(w->run, &pipes[i], LATE_ENTRIES - 8 * BURST);
			done += n;
		}
		shape_go_on(w, done);
		if (!done)
			pause_a_little(&tries);
	} while (ended < w->run->threads);
	for (i = 0; i < w->run->threads; i++)
		eight_take(w->run, &pipes[i], 0);
}

static void eight_body(struct shape_worker *w)
{
	struct pipe *pipes = w->state;

	if (w->index < w->run->threads)
		eight_write(w, &pipes[w->index]);
	else
		eight_free(w, pipes);
}

static void eight(struct shape_run *run)
{
	static struct pipe pipes[SHAPE_THREADS];
	unsigned i;

	for (i = 0; i < run->threads; i++)
		pipe_make(&pipes[i], LATE_ENTRIES);
	shape_work(run, run->threads + 1, eight_body, pipes);
}

const struct shape shapes_between[] = { { "remote", remote },	{ "xmalloc", xmalloc }, { "larson", larson },
					{ "mstress", mstress }, { "eight", eight },	{ NULL, NULL } };
