/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Sequences of every call of the batch ring, in both forms, from any position, against a list of sizes.
 */
#include <maar/batch_ring.h>

#include "../../src/ring/batch_ring_priv.h"
#include "fuzz.h"

#define MOST_BATCHES 16
#define MOST_HANDLES 9 /* odd and small, so that parts and wraps come often */

/* Handles count up; of batches only what is left of each matters. */
struct model {
	struct maar_batch_ring *ring;
	size_t capacity, batch;
	size_t left[MOST_BATCHES], n;
	uint32_t put, taken;
};

static size_t handles(const struct model *m)
{
	return m->put - m->taken;
}

static void book(struct model *m, size_t n)
{
	m->left[m->n++] = n;
	m->put += (uint32_t)n;
}

static void unbook(struct model *m, size_t n)
{
	m->taken += (uint32_t)n;
	while (n) {
		const size_t k = n < m->left[0] ? n : m->left[0];

		n -= k;
		m->left[0] -= k;
		if (m->left[0] == 0) {
			m->n--;
			memmove(m->left, m->left + 1, m->n * sizeof(m->left[0]));
		}
	}
}

static void each(uint32_t handle, void *arg)
{
	struct model *m = arg;

	fuzz_must(m->n != 0 && handle == m->taken);
	unbook(m, 1);
}

static void do_put(struct model *m, struct fuzz_input *in)
{
	uint32_t values[(MOST_BATCHES + 2) * MOST_HANDLES];
	const size_t most = sizeof(values) / sizeof(values[0]);
	const bool burst = fuzz_below(in, 2);
	size_t n = fuzz_below(in, burst ? most : m->batch + 2), done = 0, i;

#ifdef MAAR_DEBUG /* stops the program */
	if (!burst && n > m->batch)
		n = m->batch;
#endif
	for (i = 0; i < most; i++)
		values[i] = m->put + (uint32_t)i;
	if (!burst) {
		const bool fits = n >= 1 && n <= m->batch && m->n < m->capacity;

		fuzz_must(maar_batch_ring_enqueue(m->ring, values, n) == (fits ? n : 0));
		if (fits)
			book(m, n);
		return;
	}
	while (done < n && m->n < m->capacity) {
		const size_t k = n - done < m->batch ? n - done : m->batch;

		book(m, k);
		done += k;
	}
	fuzz_must(maar_batch_ring_enqueue_burst(m->ring, values, n) == done);
}

static void do_take(struct model *m, struct fuzz_input *in)
{
	uint32_t values[(MOST_BATCHES + 1) * MOST_HANDLES];
	const bool burst = fuzz_below(in, 2);
	const size_t room = fuzz_below(in, burst ? sizeof(values) / sizeof(values[0]) : m->batch + 2);
	size_t want = burst ? handles(m) : m->n ? m->left[0] : 0, got, i;

	want = want < room ? want : room;
	got = burst ? maar_batch_ring_dequeue_burst(m->ring, values, room)
		    : maar_batch_ring_dequeue(m->ring, values, room);
	fuzz_must(got == want);
	for (i = 0; i < got; i++)
		fuzz_must(values[i] == m->taken + i);
	unbook(m, got);
}

static void look(const struct model *m)
{
	fuzz_must(maar_batch_ring_count(m->ring) == m->n);
	fuzz_must(maar_batch_ring_handles(m->ring) == handles(m));
	fuzz_must(maar_batch_ring_empty(m->ring) == (m->n == 0));
	fuzz_must(maar_batch_ring_full(m->ring) == (m->n == m->capacity));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	struct model m = { .capacity = (size_t)1 << fuzz_below(&in, 5), .batch = fuzz_below(&in, MOST_HANDLES) + 1 };
	const unsigned flags = fuzz_below(&in, 2) ? MAAR_BATCH_RING_TICKET : 0;
	const uint64_t start = 0 - fuzz_word(&in, 1);

	m.ring = maar_batch_ring_create(m.capacity, m.batch, flags);
	fuzz_must(m.ring != NULL);
	maar__batch_ring_start_at(m.ring, start);
	while (fuzz_more(&in)) {
		switch (fuzz_below(&in, 8)) {
		case 0:
			look(&m);
			break;
		case 1:
			fuzz_must(maar_batch_ring_check(m.ring) == 0);
			break;
		case 2:
			if (fuzz_below(&in, 8) == 0) {
				const size_t all = handles(&m);

				fuzz_must(maar_batch_ring_drain(m.ring, each, &m) == all && m.n == 0);
			}
			break;
		case 3: /* a late store by a producer that stopped */
			if (!flags)
				m.ring->tail -= fuzz_below(&in, 2 * MOST_BATCHES) * MAAR__BATCH_UNITS;
			break;
		case 4:
		case 5:
			do_put(&m, &in);
			break;
		default:
			do_take(&m, &in);
		}
	}
	look(&m);
	fuzz_must(maar_batch_ring_check(m.ring) == 0);
	maar_batch_ring_destroy_each(m.ring, each, &m);
	fuzz_must(m.n == 0);
	return 0;
}
