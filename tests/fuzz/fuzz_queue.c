/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Fuzz target: every call of two queues on one mring, in one thread, against two counters: value i of a queue is
 * value_of(i), and it holds those from `out` to `in`. What the queues have room for follows from a model of their
 * chunks.
 */
#include "fuzz.h"

#include <maar/queue.h>

#include "../../src/queue/queue_priv.h"

#include <stdint.h>

#define QUEUES	   2
#define MOST	   40 /* values of one call */
#define MOST_SLOTS 40

/* The queue as a number of chunks: `filled` places of the last, `read` places of the first. */
struct model {
	struct maar_queue *queue;
	uint64_t in, out;
	uint64_t first, last; /* numbers of chunks */
	size_t read, filled;
	int spare;
};

static struct maar_mring *mring;
static size_t slots_free, cells;
static struct model models[QUEUES];
static void *others[MOST_SLOTS]; /* slots that somebody else has */
static size_t n_others;

static uint64_t value_of(uint64_t i)
{
	return i * UINT64_C(0x9e3779b97f4a7c15) + 1;
}

static uint64_t used(const struct model *m)
{
	return m->in - m->out;
}

/* Whether one value more goes in; if so, it has. */
static int model_puts(struct model *m)
{
	const size_t limit = maar_queue_limit_chunks(m->queue);
	/* the first chunk that has something to be read, or will have */
	const uint64_t head = m->read == cells ? m->first + 1 : m->first;

	if (m->filled == cells) {
		if (limit && m->last + 1 - head >= limit)
			return 0;
		if (!m->spare && !slots_free)
			return 0;
		if (m->spare)
			m->spare = 0;
		else
			slots_free--;
		m->last++;
		m->filled = 0;
	}
	m->filled++;
	m->in++;
	return 1;
}

/* As if a dequeue were called: it goes on to the next chunk, then takes a value if there is one. */
static int model_takes(struct model *m)
{
	if (m->read == cells && m->first != m->last) {
		m->first++;
		m->read = 0;
		if (m->spare)
			slots_free++;
		m->spare = 1;
	}
	if (!used(m))
		return 0;
	m->read++;
	m->out++;
	return 1;
}

static void put(struct model *m, size_t n)
{
	uint64_t words[MOST];
	size_t fits = 0, i;

	for (i = 0; i < n; i++)
		words[i] = value_of(m->in + i);
	while (fits < n && model_puts(m))
		fits++;
	fuzz_must(maar_queue_enqueue_burst(m->queue, words, n) == fits);
}

static void put_one(struct model *m)
{
	const uint64_t value = value_of(m->in);

	fuzz_must(maar_queue_enqueue(m->queue, value) == (size_t)model_puts(m));
}

static void put_pointer(struct model *m)
{
	const uint64_t value = value_of(m->in);
	const void *pointer = (const void *)(uintptr_t)value;

	if (pointer && (uint64_t)(uintptr_t)pointer == value)
		fuzz_must(maar_queue_enqueue_ptr(m->queue, pointer) == (size_t)model_puts(m));
}

static void compare(const struct model *m, const uint64_t *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		fuzz_must(words[i] == value_of(m->out + i));
}

static void take(struct model *m, size_t n)
{
	uint64_t words[MOST + 1] = { 0 };
	const struct model before = *m;
	size_t there = 0;

	while (there < n && model_takes(m))
		there++;
	words[there] = 0x5a;
	fuzz_must(maar_queue_dequeue_burst(m->queue, words, n) == there);
	fuzz_must(words[there] == 0x5a);
	compare(&before, words, there);
}

static void take_one(struct model *m)
{
	const uint64_t value = value_of(m->out);
	uint64_t word;

	if (model_takes(m))
		fuzz_must(maar_queue_dequeue(m->queue, &word) == 1 && word == value);
	else
		fuzz_must(maar_queue_dequeue(m->queue, &word) == 0);
}

static void peek(struct model *m, size_t n, size_t release)
{
	const size_t there = used(m) < n ? (size_t)used(m) : n;
	uint64_t words[MOST];
	size_t i;

	fuzz_must(maar_queue_peek(m->queue, words, n) == there);
	compare(m, words, there);
#ifdef MAAR_DEBUG /* which stops a program that releases more than there is */
	release = release < used(m) ? release : (size_t)used(m);
#endif
	fuzz_must(maar_queue_release(m->queue, release) == (release <= used(m) ? release : 0));
	if (release <= used(m))
		for (i = 0; i < release; i++)
			model_takes(m);
}

static void see(uint64_t value, void *arg)
{
	struct model *m = arg;

	fuzz_must(value == value_of(m->out));
	fuzz_must(model_takes(m));
}

/* Somebody else takes slots of the mring (n is even), or puts some back. */
static void disturb(size_t n)
{
	size_t i;

	for (i = 0; i <= n / 2 && n % 2 == 0; i++) {
		void *slot = maar_mring_get(mring);

		fuzz_must((slot != NULL) == (slots_free != 0));
		if (!slot)
			break;
		slots_free--;
		others[n_others++] = slot;
	}
	for (i = 0; i <= n / 2 && n % 2 == 1 && n_others; i++) {
		fuzz_must(maar_mring_put(mring, others[--n_others]) == 0);
		slots_free++;
	}
}

static void check(const struct model *m)
{
	const uint64_t chunks = m->last - m->first + 1 + (m->spare != 0);
	struct maar_mring_stats stats;

	fuzz_must(maar_queue_count(m->queue) == used(m));
	fuzz_must(maar_queue_empty(m->queue) == (used(m) == 0));
	fuzz_must(maar_queue_chunks(m->queue) == chunks);
	fuzz_must(maar_queue_check(m->queue) == 0);
	fuzz_must(maar_mring_stats(mring, &stats) == 0 && stats.slots - stats.in_use == slots_free);
}

static void step(struct fuzz_input *in)
{
	const unsigned op = fuzz_byte(in);
	struct model *m = &models[op / 128];
	const size_t n = fuzz_below(in, MOST + 1);

	switch (op % 16) {
	case 0:
	case 1:
	case 2:
		put(m, n);
		break;
	case 3:
	case 4:
		put_one(m);
		break;
	case 5:
		put_pointer(m);
		break;
	case 6:
	case 7:
	case 8:
		take(m, n);
		break;
	case 9:
	case 10:
		take_one(m);
		break;
	case 11:
	case 12:
		peek(m, n, fuzz_below(in, MOST + 1));
		break;
	case 13:
		fuzz_must(maar_queue_trim(m->queue) == (size_t)m->spare);
		slots_free += (size_t)m->spare;
		m->spare = 0;
		break;
	case 14:
		disturb(n);
		break;
	case 15: /* rarely: all out */
		if (n % 8 == 0) {
			const uint64_t there = used(m);

			fuzz_must(maar_queue_drain(m->queue, see, m) == there);
		}
		break;
	}
	check(m);
}

static void begin(struct model *m, struct fuzz_input *in)
{
	const size_t limit = fuzz_byte(in) % 4 ? 0 : fuzz_below(in, 100);
	const unsigned flags = fuzz_byte(in) % 2 ? MAAR_QUEUE_SPSC : MAAR_QUEUE_MPSC;

	*m = (struct model){ .queue = maar_queue_create(mring, limit, flags), .spare = 1 };
	fuzz_must(m->queue != NULL);
	cells = maar_queue_chunk_values(m->queue);
	/* up to 255 chunks before the wrap of 8 * k bits of the positions */
	maar__queue_start_at(m->queue, ((UINT64_C(1) << 8 * (fuzz_byte(in) % 8)) >> m->queue->shift) - fuzz_byte(in),
			     m->read = m->filled = fuzz_below(in, cells));
	m->first = m->last = 1000;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const size_t sizes[] = { 80, 128, 200, 400 };
	struct fuzz_input in = { data, size };
	const struct maar_mring_options no_lanes = { .no_lanes = 1 };
	size_t q;

	slots_free = 2 * QUEUES + fuzz_below(&in, MOST_SLOTS - 2 * QUEUES + 1);
	mring = maar_mring_create(slots_free, sizes[fuzz_byte(&in) % 4], &no_lanes);
	fuzz_must(mring != NULL);
	for (q = 0; q < QUEUES; q++)
		begin(&models[q], &in);
	slots_free -= 2 * QUEUES;
	while (fuzz_more(&in))
		step(&in);
	for (q = 0; q < QUEUES; q++) {
		maar_queue_destroy_each(models[q].queue, see, &models[q]);
		fuzz_must(used(&models[q]) == 0);
	}
	disturb(2 * MOST_SLOTS + 1);
	fuzz_must(maar_mring_destroy(mring) == 0);
	return 0;
}
