/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * What the machine can do at best, as contestants of its own: the cost of single instructions, the round trip of one
 * cache line and of two, and how fast lines that one core writes are read by another. No queue can be faster; how near
 * ours are is worth more than any comparison.
 */
#include "peers.h"

/* ---- single instructions ----------------------------------------------------------------------------------------- */

static void *word_open(const struct bench_contestant *me, const struct bench_case *c, unsigned which)
{
	void *word = aligned_alloc(BENCH_APART, BENCH_APART);

	(void)me;
	(void)c;
	(void)which;
	if (!word)
		perror("limits");
	else
		memset(word, 0, BENCH_APART);
	return word;
}

static int word_close(void *subject)
{
	free(subject);
	return 0;
}

/* The instruction, as ThreadSanitizer knows no builtin for it. */
#if defined(__x86_64__)
#define FULL_FENCE "mfence"
#elif defined(__aarch64__)
#define FULL_FENCE "dmb ish"
#endif

/* Does `op` as often as it can, on a word that no other thread touches; the loop itself is a row too. */
#define OP_LOOP(id, op)                                                                                                \
	static void id##_self(struct bench_worker *w)                                                                  \
	{                                                                                                              \
		uint64_t *const word = w->handle[0];                                                                   \
		uint64_t n = 0;                                                                                        \
                                                                                                                       \
		while (n != w->limit && !(n % BENCH_CHUNK == 0 && bench_flag(&w->run->stop))) {                        \
			op;                                                                                            \
			n++;                                                                                           \
			__asm__ __volatile__("" : : "r"(word), "r"(n) : "memory");                                     \
		}                                                                                                      \
		w->done = n;                                                                                           \
		bench_report(w, n);                                                                                    \
	}

OP_LOOP(nothing, (void)word)
OP_LOOP(store, __atomic_store_n(word, __atomic_load_n(word, __ATOMIC_RELAXED) + 1, __ATOMIC_RELAXED))
OP_LOOP(add, __atomic_fetch_add(word, 1, __ATOMIC_SEQ_CST))
OP_LOOP(exchange, __atomic_exchange_n(word, n, __ATOMIC_SEQ_CST))
OP_LOOP(cas, (void)maar_a_cas(word, __atomic_load_n(word, __ATOMIC_RELAXED), n, SEQ_CST))
#ifdef FULL_FENCE
OP_LOOP(fence, __asm__ __volatile__(FULL_FENCE : : : "memory"))
#endif
OP_LOOP(relax, maar_cpu_relax())
OP_LOOP(stamps, (void)(bench_ticks() - bench_ticks()))
OP_LOOP(yield, sched_yield())
#if MAAR_HAVE_CAS2
OP_LOOP(cas2, (void)maar_a_cas2(word, __atomic_load_n(word, __ATOMIC_RELAXED),
				__atomic_load_n(word + 1, __ATOMIC_RELAXED), n, n + 1, SEQ_CST))
#endif

/* ---- a line there and back --------------------------------------------------------------------------------------- */

/* One direction: the last value sent. */
struct mailbox {
	uint64_t value;
};

/* A thread's view of it. */
struct mailbox_handle {
	struct mailbox *box;
	uint64_t seen;
};

enum { ONE_LINE = 1, TWO_LINES = 2 };

static void *mailbox_open(const struct bench_contestant *me, const struct bench_case *c, unsigned which)
{
	static char lines[2][BENCH_APART] __attribute__((aligned(BENCH_APART)));

	(void)c;
	return me->param == ONE_LINE ? lines[0] + which * sizeof(struct mailbox) : lines[which];
}

static int mailbox_close(void *subject)
{
	(void)subject;
	return 0;
}

static void *mailbox_enter(void *subject, int puts, int takes)
{
	struct mailbox_handle *h = aligned_alloc(BENCH_APART, BENCH_APART);

	(void)puts;
	(void)takes;
	if (h) {
		h->box = subject;
		h->seen = 0; /* no value is 0 */
	}
	return h;
}

BENCH_INLINE size_t mailbox_put(void *handle, uint64_t value)
{
	__atomic_store_n(&((struct mailbox_handle *)handle)->box->value, value, __ATOMIC_RELEASE);
	return 1;
}

BENCH_INLINE size_t mailbox_take(void *handle, uint64_t *value)
{
	struct mailbox_handle *h = handle;

	*value = __atomic_load_n(&h->box->value, __ATOMIC_ACQUIRE);
	if (*value == h->seen)
		return 0;
	h->seen = *value;
	return 1;
}

BENCH_ROUND_TRIP(mailbox, mailbox_put, mailbox_take)

/* ---- lines from core to core ------------------------------------------------------------------------------------- */

/* Words of a line. */
#define LINE 8

struct stream {
	uint64_t filled __attribute__((aligned(BENCH_APART)));
	uint64_t taken __attribute__((aligned(BENCH_APART)));
	uint64_t capacity, chunk; /* words; of a hand-over */
	uint64_t words[] __attribute__((aligned(BENCH_APART)));
};

static void *stream_open(const struct bench_contestant *me, const struct bench_case *c, unsigned which)
{
	const size_t bytes = sizeof(struct stream) + c->capacity * sizeof(uint64_t);
	struct stream *s = aligned_alloc(BENCH_APART, (bytes + BENCH_APART - 1) / BENCH_APART * BENCH_APART);

	(void)which;
	if (!s) {
		perror("limits");
		return NULL;
	}
	memset(s, 0, bytes);
	s->capacity = c->capacity;
	s->chunk = (uint64_t)me->param * LINE;
	return s;
}

static void stream_produce(struct bench_worker *w)
{
	struct stream *const s = w->handle[0];
	const uint64_t first = w->next, end = w->limit == UINT64_MAX ? UINT64_MAX : first + w->limit;
	uint64_t seq = first, at = __atomic_load_n(&s->filled, __ATOMIC_RELAXED), i, n, failed = 0;
	unsigned tries = 0;

	while (seq != end && !bench_flag(&w->run->stop)) {
		uint64_t *const to = s->words + (at & (s->capacity - 1));

		n = end - seq < s->chunk ? end - seq : s->chunk;
		if (n > s->capacity - (at & (s->capacity - 1)))
			n = s->capacity - (at & (s->capacity - 1));
		if (at + n - __atomic_load_n(&s->taken, __ATOMIC_ACQUIRE) > s->capacity) {
			failed++;
			bench_wait(w, &tries);
			continue;
		}
		tries = 0;
		for (i = 0; i < n; i++)
			to[i] = seq + i;
		seq += n;
		at += n;
		__atomic_store_n(&s->filled, at, __ATOMIC_RELEASE);
	}
	w->next = seq;
	w->failed = failed;
	bench_producer_ends(w, first);
}

static void stream_consume(struct bench_worker *w)
{
	struct stream *const s = w->handle[0];
	uint64_t at = __atomic_load_n(&s->taken, __ATOMIC_RELAXED), n, i, sum = 0, failed = 0;
	const uint64_t first = at;
	unsigned tries = 0, dry = 0;

	for (;;) {
		const uint64_t *const from = s->words + (at & (s->capacity - 1));

		n = __atomic_load_n(&s->filled, __ATOMIC_ACQUIRE) - at;
		n = n < s->chunk ? n : s->chunk;
		if (n > s->capacity - (at & (s->capacity - 1)))
			n = s->capacity - (at & (s->capacity - 1));
		for (i = 0; i < n; i++)
			sum += from[i];
		at += n;
		if (n) {
			__atomic_store_n(&s->taken, at, __ATOMIC_RELEASE);
			bench_report(w, at - first);
			tries = dry = 0;
			if (bench_flag(&w->run->abandon))
				break;
			continue;
		}
		failed++;
		if (bench_consumer_idle(w, &tries, &dry))
			break;
	}
	w->done = at - first;
	w->failed = failed;
	w->count += w->done;
	w->sum += sum;
	bench_report(w, w->done);
}

/* ---- rows -------------------------------------------------------------------------------------------------------- */

#define OP(name, id)                                                                                                   \
	{                                                                                                              \
		name, BENCH_MACHINE, NULL, BENCH_LIMIT_OPS, BENCH_FIFO, 0, 0, word_open, word_close, NULL, NULL,       \
			BENCH_LOOPS_SELF(id##_self)                                                                    \
	}
#define TRIP(name, lines)                                                                                              \
	{                                                                                                              \
		name, BENCH_MACHINE, NULL, BENCH_SPSC | BENCH_ANY_TO_ANY, BENCH_FIFO, 0, lines, mailbox_open,          \
			mailbox_close, mailbox_enter, free, BENCH_LOOPS_ROUND_TRIP(mailbox)                            \
	}
#define STREAM(name, lines)                                                                                            \
	{                                                                                                              \
		name, BENCH_MACHINE, NULL, BENCH_LIMIT_LINES, BENCH_FIFO, 0, lines, stream_open, word_close, NULL,     \
			NULL, BENCH_LOOPS_ONE_WAY(stream_produce, stream_consume)                                      \
	}

static const struct bench_contestant rows[] = {
	OP("the loop alone", nothing),
	OP("load, add, store", store),
	OP("atomic add", add),
	OP("atomic exchange", exchange),
	OP("compare-and-swap", cas),
#if MAAR_HAVE_CAS2
	OP("compare-and-swap of 16 bytes", cas2),
#endif
#ifdef FULL_FENCE
	OP("full fence", fence),
#endif
	OP("pause", relax),
	OP("two time stamps", stamps),
	OP("sched_yield", yield),
	TRIP("one line", ONE_LINE),
	TRIP("two lines", TWO_LINES),
	STREAM("hand-over of 1 line", 1),
	STREAM("hand-over of 16 lines", 16),
	STREAM("hand-over of 64 lines", 64),
};

const struct bench_peer bench_peer_limits = BENCH_ROWS(rows);
