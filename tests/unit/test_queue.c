/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The calls of a queue, in one thread: each call, each refusal, growth and its end, the spare, limits, around every
 * wrap of the positions. Threads: test_queue_threads.c.
 */
#include "slots.h"

#include <maar/queue.h>

#include "../../src/queue/queue_priv.h"

#include <unistd.h>

static const unsigned kinds[] = { MAAR_QUEUE_MPSC, MAAR_QUEUE_SPSC };
#define KINDS ((int)COUNT_OF(kinds))

/* The smallest slot that will do: the mring makes two lines of it, and so 7 cells. */
#define LEAST_BYTES (16 + 4 * 16)
#define CELLS	    7

static uint64_t value_of(uint64_t i)
{
	return i * UINT64_C(0x9e3779b97f4a7c15) ^ UINT64_C(0x5eed);
}

static struct maar_queue *queue_on(struct maar_mring *mring, size_t limit, unsigned flags)
{
	struct maar_queue *queue = maar_queue_create(mring, limit, flags);

	ck_assert_ptr_nonnull(queue);
	return queue;
}

static uint32_t in_use(const struct maar_mring *mring)
{
	struct maar_mring_stats stats;

	unit_eq(maar_mring_stats(mring, &stats), 0);
	return stats.in_use;
}

/* Every observer, on an idle queue alone on its mring that must hold `count` values. */
static void check_count(const struct maar_queue *queue, size_t count)
{
	unit_eq(maar_queue_count(queue), count);
	unit_eq(maar_queue_empty(queue), count == 0);
	unit_eq(maar_queue_chunks(queue), in_use(maar_queue_mring(queue)));
	unit_eq(maar_queue_check(queue), 0);
}

static void put(struct maar_queue *queue, uint64_t from, size_t n)
{
	for (size_t i = 0; i < n; i++)
		unit_eq(maar_queue_enqueue(queue, value_of(from + i)), 1);
}

static void take(struct maar_queue *queue, uint64_t from, size_t n)
{
	uint64_t value;

	for (size_t i = 0; i < n; i++) {
		unit_eq(maar_queue_dequeue(queue, &value), 1);
		unit_eq(value, value_of(from + i));
	}
}

/* The queue is empty; ends it and the mring, of which no slot may be missing. */
static void finish(struct maar_queue *queue)
{
	struct maar_mring *mring = maar_queue_mring(queue);
	uint64_t value;

	unit_eq(maar_queue_dequeue(queue, &value), 0);
	unit_eq(maar_queue_check(queue), 0);
	maar_queue_destroy(queue);
	slots_finish(mring);
}

/* ---- values ---- */

/* One in, one out; many in, many out; for slots of every size, in bursts of every size. */
START_TEST(in_and_out)
{
	static const size_t slot_bytes[] = { LEAST_BYTES, 128, 192, 1000, 4096, 65536 };
	static const size_t bursts[] = { 1, 2, 3, 4, 5, 7, 8, 63, 64, 255, 256, 1000 };
	uint64_t words[1000], got[1000];
	size_t s, b, i, n;

	for (s = 0; s < COUNT_OF(slot_bytes); s++) {
		struct maar_mring *mring = slots_create(600, slot_bytes[s], NULL);
		struct maar_queue *queue = queue_on(mring, 0, kinds[_i]);
		uint64_t in = 0, out = 0;

		unit_eq(maar_queue_chunk_values(queue), (maar_mring_slot_bytes(mring) - 16) / 16);
		unit_eq(maar_queue_flags(queue), kinds[_i]);
		unit_eq(maar_queue_limit(queue), 0);
		unit_eq(maar_queue_limit_chunks(queue), 0);
		ck_assert_ptr_eq(maar_queue_mring(queue), mring);
		check_count(queue, 0);
		for (b = 0; b < COUNT_OF(bursts); b++) {
			for (i = 0; i < bursts[b]; i++)
				words[i] = value_of(in + i);
			unit_eq(maar_queue_enqueue_burst(queue, words, bursts[b]), bursts[b]);
			in += bursts[b];
			check_count(queue, (size_t)(in - out));
			put(queue, in, 1);
			in++;
			unit_eq(maar_queue_peek(queue, got, 1000), (in - out) < 1000 ? in - out : 1000);
			for (i = 0; i < 1000 && i < in - out; i++)
				unit_eq(got[i], value_of(out + i));
			n = maar_queue_dequeue_burst(queue, got, bursts[b] / 2);
			unit_eq(n, bursts[b] / 2);
			for (i = 0; i < n; i++)
				unit_eq(got[i], value_of(out + i));
			out += n;
			check_count(queue, (size_t)(in - out));
		}
		unit_eq(maar_queue_enqueue_burst(queue, words, 0), 0);
		unit_eq(maar_queue_dequeue_burst(queue, got, 0), 0);
		unit_eq(maar_queue_peek(queue, got, 0), 0);
		unit_eq(maar_queue_release(queue, 0), 0);
		take(queue, out, (size_t)(in - out));
		check_count(queue, 0);
		unit_eq(maar_queue_dequeue_burst(queue, got, 10), 0);
		unit_eq(maar_queue_peek(queue, got, 10), 0);
		finish(queue);
	}
}
END_TEST

START_TEST(pointers)
{
	struct maar_queue *queue = queue_on(slots_create(10, LEAST_BYTES, NULL), 0, kinds[_i]);
	int objects[20], i;

	unit_eq(maar_queue_enqueue_ptr(queue, NULL), 0);
	ck_assert_ptr_null(maar_queue_dequeue_ptr(queue));
	for (i = 0; i < 20; i++)
		unit_eq(maar_queue_enqueue_ptr(queue, &objects[i]), 1);
	for (i = 0; i < 20; i++)
		ck_assert_ptr_eq(maar_queue_dequeue_ptr(queue), &objects[i]);
	ck_assert_ptr_null(maar_queue_dequeue_ptr(queue));
	finish(queue);
}
END_TEST

/* Of what is shown any number can be released, and not one more. */
START_TEST(peek_and_release)
{
	struct maar_queue *queue = queue_on(slots_create(100, LEAST_BYTES, NULL), 0, kinds[_i]);
	uint64_t in = 0, out = 0, words[64];
	size_t level, n, i;

	for (level = 0; level < 20; level++) {
		for (n = 0; n <= level + 2; n++) {
			put(queue, in, level);
			in += level;
			unit_eq(maar_queue_peek(queue, words, n), n < level ? n : level);
			for (i = 0; i < n && i < level; i++)
				unit_eq(words[i], value_of(out + i));
			unit_eq(maar_queue_release(queue, level + 1), 0);
			check_count(queue, level);
			unit_eq(maar_queue_release(queue, n), n <= level ? n : 0);
			out += n <= level ? n : 0;
			check_count(queue, (size_t)(in - out));
			unit_eq(maar_queue_release(queue, (size_t)(in - out)), in - out);
			out = in;
			check_count(queue, 0);
		}
	}
	unit_eq(maar_queue_release(queue, SIZE_MAX), 0);
	finish(queue);
}
END_TEST

/* ---- positions ---- */

/* Around where 31, 32 and 64 bits of a position end, at every place of a chunk, at every length up to three chunks. */
START_TEST(wraps)
{
	static const unsigned bits[] = { 0, 31, 32, 63, 64 };
	size_t w, before, place, level, i;

	for (w = 0; w < COUNT_OF(bits); w++) {
		for (before = 0; before < 3; before++) {
			for (place = 0; place < CELLS; place++) {
				struct maar_mring *mring = slots_create(16, LEAST_BYTES, NULL);
				struct maar_queue *queue = queue_on(mring, 0, kinds[_i]);
				const uint64_t wrap = bits[w] < 64 ? UINT64_C(1) << bits[w] : 0;
				const uint64_t chunk = (wrap ? wrap : UINT64_MAX) >> 4; /* s is 4 */
				uint64_t in = 0, out = 0;

				/* chunk 2^60 - 1 is the last */
				maar__queue_start_at(queue, chunk + (wrap ? 0 : 1) - before, place);
				for (level = 0; level < 12; level++) {
					put(queue, in, level);
					in += level;
					check_count(queue, (size_t)(in - out));
					take(queue, out, level / 2);
					out += level / 2;
					check_count(queue, (size_t)(in - out));
				}
				for (i = 0; i < 50; i++) {
					put(queue, in++, 1);
					take(queue, out++, 1);
				}
				check_count(queue, (size_t)(in - out));
				take(queue, out, (size_t)(in - out));
				finish(queue);
			}
		}
	}
}
END_TEST

/* ---- memory ---- */

/* Thousands of chunks, full of old data, and back: no slot is missing, and the mring serves others again. */
START_TEST(grows_and_shrinks)
{
	enum { SLOTS = 5000, FREE = 100 };
	struct maar_mring *mring = slots_create(SLOTS, LEAST_BYTES, NULL);
	struct maar_queue *queue;
	uint64_t in, i;
	void *slots[SLOTS];
	size_t n;

	/* old data that looks like filled cells of one of the chunks to come, whichever slot that will be */
	n = slots_take_all(mring, slots);
	for (i = 0; i < n; i++)
		for (size_t k = 0; k < CELLS; k++)
			((uint64_t *)slots[i])[2 * (k + 1)] = (UINT64_C(100) << 13) + k + 1;
	slots_put_all(mring, slots, n);

	queue = queue_on(mring, 0, kinds[_i]);
	for (unsigned round = 0; round < 3; round++) {
		const size_t chunks = SLOTS - FREE;

		for (in = 0; in < chunks * CELLS; in++) {
			unit_eq(maar_queue_enqueue(queue, value_of(in)), 1);
			if (in == 100 * CELLS) /* that chunk has been begun */
				check_count(queue, (size_t)in + 1);
		}
		check_count(queue, chunks * CELLS);
		/* one more at most: chunks may be filled from a place in the middle, and there was a spare */
		unit_must(in_use(mring) >= chunks && in_use(mring) <= chunks + 1);
		take(queue, 0, chunks * CELLS);
		unit_eq(in_use(mring), 2);
		check_count(queue, 0);
	}
	/* the queue emptied once more and the spare given back: it has one slot */
	unit_eq(maar_queue_trim(queue), 1);
	unit_eq(maar_queue_trim(queue), 0);
	unit_eq(in_use(mring), 1);
	check_count(queue, 0);
	put(queue, 0, 9);
	take(queue, 0, 9);
	check_count(queue, 0);
	unit_eq(in_use(mring), 2);
	finish(queue);
}
END_TEST

/* A queue whose length goes up and down by less than a chunk takes nothing from the mring, and gives nothing. */
START_TEST(spare_rule)
{
	const struct maar_mring_options no_lanes = { .no_lanes = 1 };
	struct maar_mring *mring = slots_create(8, LEAST_BYTES, &no_lanes);
	struct maar_queue *queue = queue_on(mring, 0, kinds[_i]);
	void *others[8];
	size_t i;

	unit_eq(slots_take_all(mring, others), 6); /* so what it took, it would not get */
	for (size_t level = 1; level <= CELLS; level++) {
		uint64_t in = level, out = 0;

		put(queue, 0, level);
		for (i = 0; i < 1000; i++) {
			take(queue, out++, 1);
			put(queue, in++, 1);
			unit_eq(in_use(mring), 8);
			unit_eq(maar_queue_chunks(queue), 2);
		}
		take(queue, out, level);
	}
	slots_put_all(mring, others, 6);
	finish(queue);
}
END_TEST

/* The mring runs out: refused, nothing lost, and goes on when there is room again. */
START_TEST(mring_runs_out)
{
	enum { SLOTS = 7 };
	struct maar_mring *mring = slots_create(SLOTS, LEAST_BYTES, NULL);
	struct maar_queue *queue = queue_on(mring, 0, kinds[_i]);
	uint64_t words[SLOTS * CELLS + 5], value, in = 0, out = 0;
	void *others[SLOTS];
	size_t i, n;

	for (unsigned round = 0; round < 20; round++) {
		for (i = 0; i < COUNT_OF(words); i++)
			words[i] = value_of(in + i);
		i = maar_queue_enqueue_burst(queue, words, COUNT_OF(words));
		in += i;
		unit_must(in - out > (SLOTS - 1) * CELLS - CELLS && in - out <= SLOTS * CELLS);
		unit_eq(maar_queue_enqueue(queue, 1), 0);
		unit_eq(maar_queue_enqueue_burst(queue, words, 3), 0);
		unit_eq(in_use(mring), SLOTS);
		check_count(queue, (size_t)(in - out));
		/* one chunk read to its end, and one value of the next: the first is the spare */
		take(queue, out, CELLS + 1);
		out += CELLS + 1;
		put(queue, in++, 1);
		take(queue, out, round % CELLS);
		out += round % CELLS;
	}
	take(queue, out, (size_t)(in - out));
	unit_eq(maar_queue_dequeue(queue, &value), 0);
	/* what it does not need, others get; and it always has room for a value */
	n = slots_take_all(mring, others);
	unit_eq(n, SLOTS - 2);
	for (i = 0; i < 100; i++) {
		put(queue, i, 1);
		take(queue, i, 1);
	}
	slots_put_all(mring, others, n);
	finish(queue);
}
END_TEST

/* The limit holds: so many always fit, wherever the first chunk stands, and no more than whole chunks. */
START_TEST(limit_holds)
{
	static const size_t limits[] = { 1, 2, 3, 6, 7, 8, 9, 14, 15, 16, 17, 40 };
	size_t l, skip, n;

	for (l = 0; l < COUNT_OF(limits); l++) {
		const size_t chunks = (limits[l] - 1 + CELLS - 1) / CELLS + 1;
		struct maar_mring *mring = slots_create(100, LEAST_BYTES, NULL);
		struct maar_queue *queue = queue_on(mring, limits[l], kinds[_i]);
		uint64_t in = 0, out = 0;

		unit_eq(maar_queue_limit(queue), limits[l]);
		unit_eq(maar_queue_limit_chunks(queue), chunks);
		for (skip = 0; skip < 30; skip++) {
			for (n = 0; maar_queue_enqueue(queue, value_of(in)); n++)
				in++;
			unit_must(in - out >= limits[l] && in - out <= chunks * CELLS);
			unit_must(in_use(mring) <= chunks + 2);
			check_count(queue, (size_t)(in - out));
			unit_eq(maar_queue_enqueue(queue, 0), 0);
			take(queue, out, (size_t)(in - out));
			out = in;
			n = skip % 9 < limits[l] ? skip % 9 : limits[l];
			put(queue, in, n);
			take(queue, out, n);
			in += n;
			out = in;
		}
		finish(queue);
	}
}
END_TEST

/* A limit that the mring cannot hold, or that nothing could, is the mring's. */
START_TEST(limit_beyond_the_mring)
{
	static const size_t limits[] = { 1000, (size_t)UINT32_MAX, SIZE_MAX / 2, SIZE_MAX };
	size_t l, n;

	for (l = 0; l < COUNT_OF(limits); l++) {
		struct maar_mring *mring = slots_create(5, LEAST_BYTES, NULL);
		struct maar_queue *queue = queue_on(mring, limits[l], kinds[_i]);

		unit_eq(maar_queue_limit(queue), limits[l]);
		unit_eq(maar_queue_limit_chunks(queue), 5);
		for (n = 0; maar_queue_enqueue(queue, value_of(n)); n++)
			;
		unit_eq(n, 5 * CELLS);
		take(queue, 0, n);
		finish(queue);
	}
}
END_TEST

/* Several queues on one mring; each always has room for a value. */
START_TEST(share_an_mring)
{
	enum { QUEUES = 5, SLOTS = 30 };
	struct maar_mring *mring = slots_create(SLOTS, LEAST_BYTES, NULL);
	struct maar_queue *queues[QUEUES];
	uint64_t in[QUEUES] = { 0 }, out[QUEUES] = { 0 };
	struct unit_rng rng = unit_rng((uint64_t)_i);
	size_t q, n, held, step;

	for (q = 0; q < QUEUES; q++)
		queues[q] = queue_on(mring, 0, kinds[_i]);
	for (step = 0; step < 20000; step++) {
		q = (size_t)unit_random_below(&rng, QUEUES);
		for (n = (size_t)unit_random_below(&rng, step % 1000 ? 5 : 200); n; n--) {
			if (!maar_queue_enqueue(queues[q], value_of(in[q] + q)))
				break;
			in[q]++;
		}
		unit_must(in[q] != out[q] || n == 0); /* an empty queue takes at least one */
		q = (size_t)unit_random_below(&rng, QUEUES);
		n = (size_t)unit_random_below(&rng, 8);
		if (n > in[q] - out[q])
			n = (size_t)(in[q] - out[q]);
		take(queues[q], out[q] + q, n);
		out[q] += n;
		for (held = 0, q = 0; q < QUEUES && step % 100 == 0; q++) {
			held += maar_queue_chunks(queues[q]);
			unit_eq(maar_queue_check(queues[q]), 0);
		}
		if (step % 100 == 0)
			unit_eq(held, in_use(mring));
	}
	for (q = 0; q < QUEUES; q++)
		maar_queue_destroy(queues[q]);
	slots_finish(mring);
}
END_TEST

/* ---- draining ---- */

struct seen {
	uint64_t next;
	size_t n;
};

static void see(uint64_t value, void *arg)
{
	struct seen *seen = arg;

	unit_eq(value, value_of(seen->next++));
	seen->n++;
}

START_TEST(drains)
{
	struct maar_queue *queue = queue_on(slots_create(20, LEAST_BYTES, NULL), 0, kinds[_i]);
	struct seen seen = { 0, 0 };
	size_t n;

	for (n = 0; n < 30; n++) {
		put(queue, seen.next, n);
		seen.n = 0;
		unit_eq(maar_queue_drain(queue, see, &seen), n);
		unit_eq(seen.n, n);
		check_count(queue, 0);
		put(queue, 0, n);
		unit_eq(maar_queue_drain(queue, NULL, NULL), n);
		check_count(queue, 0);
	}
	finish(queue);
}
END_TEST

/* Destroyed with values in it, at every level, with some taken: all are handed over, and every slot comes back. */
START_TEST(destroyed_with_values)
{
	size_t level, taken;

	for (level = 0; level < 24; level++) {
		for (taken = 0; taken <= level; taken++) {
			struct maar_mring *mring = slots_create(8, LEAST_BYTES, NULL);
			struct maar_queue *queue = queue_on(mring, 0, kinds[_i]);
			struct seen seen = { taken, 0 };

			put(queue, 0, level);
			take(queue, 0, taken);
			maar_queue_destroy_each(queue, see, &seen);
			unit_eq(seen.n, level - taken);
			slots_finish(mring);
		}
	}
	for (level = 0; level < 24; level++) {
		struct maar_mring *mring = slots_create(8, LEAST_BYTES, NULL);
		struct maar_queue *queue = queue_on(mring, 0, kinds[_i]);

		put(queue, 0, level);
		maar_queue_destroy(queue);
		slots_finish(mring);
	}
}
END_TEST

/* ---- life ---- */

START_TEST(in_own_memory)
{
	static unsigned char memory[2 * sizeof(struct maar_queue)] __attribute__((aligned(MAAR_APART)));
	struct maar_mring *mring = slots_create(4, 4096, NULL);
	struct maar_queue *queue = (void *)memory;

	memset(memory, 0xa5, sizeof(memory));
	unit_eq(maar_queue_bytes(), sizeof(struct maar_queue));
	unit_eq(maar_queue_init(memory, maar_queue_bytes(), mring, 0, kinds[_i]), 0);
	unit_eq(memory[maar_queue_bytes()], 0xa5);
	put(queue, 0, 300);
	take(queue, 0, 300);
	check_count(queue, 0);
	maar_queue_destroy(queue);
	maar_queue_destroy(NULL);
	maar_queue_destroy_each(NULL, see, NULL);
	unit_eq(maar_queue_check(queue), -EINVAL);
	unit_eq(maar_queue_dump(queue, stderr), -EINVAL);
	unit_eq(maar_queue_trim(queue), 0);
	maar_queue_destroy(queue);
	slots_finish(mring);
}
END_TEST

START_TEST(refusals)
{
	static unsigned char memory[2 * sizeof(struct maar_queue)] __attribute__((aligned(MAAR_APART)));
	struct maar_mring *mring = slots_create(4, LEAST_BYTES, NULL), *small = slots_create(4, 64, NULL);
	struct maar_mring none = { .slots = 4 };
	const size_t bytes = maar_queue_bytes();
	void *slots[4];
	const struct {
		void *mem;
		size_t bytes;
		struct maar_mring *mring;
		unsigned flags, layout;
		int rc, create; /* what create says: where it differs, memory is the matter */
	} cases[] = {
		{ NULL, bytes, mring, 0, MAAR_QUEUE_LAYOUT, -EINVAL, 0 },
		{ memory + 64, bytes, mring, 0, MAAR_QUEUE_LAYOUT, -EINVAL, 0 },
		{ memory, bytes - 1, mring, 0, MAAR_QUEUE_LAYOUT, -ENOSPC, 0 },
		{ memory, 0, mring, 0, MAAR_QUEUE_LAYOUT, -ENOSPC, 0 },
		{ memory, bytes, NULL, 0, MAAR_QUEUE_LAYOUT, -EINVAL, -EINVAL },
		{ memory, bytes, &none, 0, MAAR_QUEUE_LAYOUT, -EINVAL, -EINVAL },
		{ memory, bytes, small, 0, MAAR_QUEUE_LAYOUT, -EINVAL, -EINVAL }, /* 3 cells */
		{ memory, bytes, mring, 2, MAAR_QUEUE_LAYOUT, -EINVAL, -EINVAL },
		{ memory, bytes, mring, 1u << 31, MAAR_QUEUE_LAYOUT, -EINVAL, -EINVAL },
		{ memory, bytes, mring, 0, MAAR_QUEUE_LAYOUT + 1, -EPROTO, -EPROTO },
		{ memory, bytes, mring, 0, 0, -EPROTO, -EPROTO },
	};
	struct maar_queue *queue;
	size_t i;

	for (i = 0; i < COUNT_OF(cases); i++) {
		unit_eq(maar_queue_init_layout(cases[i].mem, cases[i].bytes, cases[i].mring, 0, cases[i].flags,
					       cases[i].layout),
			cases[i].rc);
		errno = 0;
		queue = maar_queue_create_layout(cases[i].mring, 0, cases[i].flags, cases[i].layout);
		unit_eq(-errno, cases[i].create);
		unit_eq(queue != NULL, cases[i].create == 0);
		maar_queue_destroy(queue);
	}
	/* no slot, one slot, two */
	unit_eq(slots_take_all(mring, slots), 4);
	unit_eq(maar_queue_init(memory, bytes, mring, 0, 0), -ENOBUFS);
	unit_eq(maar_mring_put(mring, slots[0]), 0);
	unit_eq(maar_queue_init(memory, bytes, mring, 0, 0), -ENOBUFS);
	ck_assert_ptr_null(maar_queue_create(mring, 0, 0));
	unit_eq(errno, ENOBUFS);
	unit_eq(in_use(mring), 3);
	unit_eq(maar_mring_put(mring, slots[1]), 0);
	unit_eq(maar_queue_init(memory, bytes, mring, 0, 0), 0);
	maar_queue_destroy((void *)memory);
	slots_put_all(mring, slots + 2, 2);
	slots_finish(mring);
	slots_finish(small);
}
END_TEST

START_TEST(null_queue)
{
	uint64_t word = 7;

	unit_eq(maar_queue_enqueue(NULL, 1), 0);
	unit_eq(maar_queue_dequeue(NULL, &word), 0);
	unit_eq(maar_queue_enqueue_ptr(NULL, &word), 0);
	ck_assert_ptr_null(maar_queue_dequeue_ptr(NULL));
	unit_eq(maar_queue_enqueue_burst(NULL, &word, 1), 0);
	unit_eq(maar_queue_dequeue_burst(NULL, &word, 1), 0);
	unit_eq(maar_queue_peek(NULL, &word, 1), 0);
	unit_eq(maar_queue_release(NULL, 1), 0);
	unit_eq(maar_queue_drain(NULL, see, NULL), 0);
	unit_eq(maar_queue_trim(NULL), 0);
	unit_eq(maar_queue_flags(NULL), 0);
	ck_assert_ptr_null(maar_queue_mring(NULL));
	unit_eq(maar_queue_limit(NULL), 0);
	unit_eq(maar_queue_limit_chunks(NULL), 0);
	unit_eq(maar_queue_chunk_values(NULL), 0);
	unit_eq(maar_queue_count(NULL), 0);
	unit_eq(maar_queue_chunks(NULL), 0);
	unit_eq(maar_queue_empty(NULL), 1);
	unit_eq(maar_queue_dump(NULL, stderr), -EINVAL);
	unit_eq(maar_queue_check(NULL), -EINVAL);
	unit_eq(word, 7);
}
END_TEST

/* ---- looking ---- */

START_TEST(dumps)
{
	struct maar_mring *mring = slots_create(20, LEAST_BYTES, NULL);
	struct maar_queue *queue = queue_on(mring, 30, kinds[_i]), *other = queue_on(mring, 0, kinds[_i]);
	FILE *full = unit_full_file();
	struct unit_text text;
	char *said;

	put(queue, 0, 11);
	unit_text_open(&text);
	unit_eq(maar_queue_dump(queue, text.to), 0);
	unit_eq(maar_queue_dump(other, text.to), 0);
	said = unit_text_close(&text);
	unit_assert_contains(said, kinds[_i] & MAAR_QUEUE_SP ? "one producer, one consumer" : "many producers, one c");
	unit_assert_contains(said, "room for 30 values, at most 6 chunks of 7\n");
	unit_assert_contains(said, "count 11, 2 chunks, no spare\n");
	unit_assert_contains(said, "next to take 0x0, to fill 0x24\n");
	unit_assert_contains(said, "no limit, chunks of 7 values\n");
	unit_assert_contains(said, "count 0, 2 chunks, one spare\n");
	free(said);
	unit_eq(maar_queue_dump(queue, NULL), -EINVAL);
	unit_eq(maar_queue_dump(queue, full), -EIO);
	fclose(full);
	maar_queue_destroy(other);
	take(queue, 0, 11);
	finish(queue);
}
END_TEST

/* Each field spoilt is found, in a queue of three chunks, from the middle of the first to the middle of the last. */
START_TEST(check_finds)
{
	struct maar_mring *mring = slots_create(20, LEAST_BYTES, NULL);
	struct maar_queue *q = queue_on(mring, 100, kinds[_i]);
	struct maar_queue_chunk *second;
	struct maar_queue_cell *cell;
	uint64_t *words[16];
	size_t i, n = 0;

	put(q, 0, 17);
	take(q, 0, 1);
	unit_eq(maar_queue_check(q), 0);
	second = maar_mring_slot(mring, (uint32_t)q->chunk->next - 1);
	cell = (void *)(second + 1);
	words[n++] = &q->stride;
	words[n++] = &q->cells;
	words[n++] = &q->mask;
	words[n++] = &q->limit;
	words[n++] = &q->span;
	words[n++] = &q->tail;
	words[n++] = &q->tail_chunk;
	words[n++] = &q->taken;
	words[n++] = &q->head_chunk;
	words[n++] = &second->next;
	for (i = 0; i < n; i++) {
		const uint64_t old = *words[i];
		static const uint64_t wrong[] = { 1, 1 << 6, 1 << 10, UINT64_C(1) << 40, UINT64_C(1) << 63 };

		for (size_t k = 0; k < COUNT_OF(wrong); k++) {
			*words[i] = old ^ wrong[k];
			/* a limit a little larger, or one value more or fewer, may be in order, or look like a death */
			if (words[i] == &q->limit || words[i] == &q->taken)
				continue;
			unit_must(maar_queue_check(q) != 0);
		}
		*words[i] = old;
		unit_eq(maar_queue_check(q), 0);
	}
	q->spare = 1000;
	unit_eq(maar_queue_check(q), -EBADMSG);
	q->spare = (q->head_chunk & q->mask) + 1;
	unit_eq(maar_queue_check(q), -EBADMSG);
	q->spare = 0;
	/* a cell that a producer claimed and never filled; a chunk that it never linked */
	cell[2].lap--;
	unit_eq(maar_queue_check(q), -EOWNERDEAD);
	cell[2].lap++;
	i = (size_t)second->next;
	second->next = 0;
	unit_eq(maar_queue_check(q), -EOWNERDEAD);
	second->next = i;
	/* filled, and not claimed */
	q->tail--;
	unit_eq(maar_queue_check(q), -EBADMSG);
	q->tail++;
	q->magic++;
	unit_eq(maar_queue_check(q), -EINVAL);
	q->magic--;
	unit_eq(maar_queue_check((void *)((char *)q + 8)), -EINVAL);
	take(q, 1, 16);
	finish(q);
}
END_TEST

/* A cell claimed and never filled: what is before it comes out, what is behind is handed over at the end. */
START_TEST(after_a_death)
{
	struct maar_mring *mring = slots_create(20, LEAST_BYTES, NULL);
	struct maar_queue *q = queue_on(mring, 0, kinds[_i]);
	struct seen seen = { 10, 0 };
	uint64_t value;

	put(q, 0, 9);
	q->tail++; /* value 9, the third place of the second chunk: claimed */
	put(q, 10, 5);
	take(q, 0, 9);
	unit_eq(maar_queue_dequeue(q, &value), 0);
	unit_eq(maar_queue_peek(q, &value, 1), 0);
	unit_eq(maar_queue_drain(q, NULL, NULL), 0);
	unit_eq(maar_queue_empty(q), 0);
	unit_eq(maar_queue_count(q), 6);
	unit_eq(maar_queue_check(q), -EOWNERDEAD);
	maar_queue_destroy_each(q, see, &seen);
	unit_eq(seen.n, 5);
	slots_finish(mring);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("queue");
	TCase *values = unit_tcase(suite, "values"), *memory = unit_tcase(suite, "memory");
	TCase *life = unit_tcase(suite, "life"), *looking = unit_tcase(suite, "looking");

	tcase_add_loop_test(values, in_and_out, 0, KINDS);
	tcase_add_loop_test(values, pointers, 0, KINDS);
	tcase_add_loop_test(values, peek_and_release, 0, KINDS);
	tcase_add_loop_test(values, wraps, 0, KINDS);
	tcase_add_loop_test(values, drains, 0, KINDS);
	tcase_add_loop_test(memory, grows_and_shrinks, 0, KINDS);
	tcase_add_loop_test(memory, spare_rule, 0, KINDS);
	tcase_add_loop_test(memory, mring_runs_out, 0, KINDS);
	tcase_add_loop_test(memory, limit_holds, 0, KINDS);
	tcase_add_loop_test(memory, limit_beyond_the_mring, 0, KINDS);
	tcase_add_loop_test(memory, share_an_mring, 0, KINDS);
	tcase_add_loop_test(life, destroyed_with_values, 0, KINDS);
	tcase_add_loop_test(life, in_own_memory, 0, KINDS);
	tcase_add_test(life, refusals);
	tcase_add_test(life, null_queue);
	tcase_add_loop_test(looking, dumps, 0, KINDS);
	tcase_add_loop_test(looking, check_finds, 0, KINDS);
	tcase_add_loop_test(looking, after_a_death, 0, KINDS);
	return suite;
}
