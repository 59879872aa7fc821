/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The exported functions that inline calls end in: maar__*. Programs that were compiled with a header hold references to
 * them, so each is called here by its name, and held to what the headers say of it, also where the inline call in front
 * of it would not have come so far. (maar__debug_fail stops the program: test_debug.c.)
 */
#include "waits.h"

#include "../../src/queue/queue_priv.h"

#include <maar/mring.h>
#include <maar/queue.h>
#include <maar/slot_ring.h>

/* ---- events ---- */

/* Takes up to n of those announced out of the word, and enters the system once for them; for nobody it does neither. */
START_TEST(event_wake)
{
	static const struct {
		unsigned there;
		size_t n;
		unsigned left;
	} cases[] = { { 3, 1, 2 }, { 3, 3, 0 }, { 3, 4, 0 }, { 1, SIZE_MAX, 0 }, { 3, 0, 3 }, { 0, 1, 0 } };
	unsigned i, k;

	for (i = 0; i < COUNT_OF(cases); i++) {
		struct maar_event e;
		const uint64_t calls = maar__sleep_calls();
		uint64_t keys[3] = { 0 };
		bool woken;

		unit_eq(maar_event_init(&e, 0), 0);
		for (k = 0; k < cases[i].there; k++)
			keys[k] = maar_event_prepare(&e);
		woken = cases[i].there && cases[i].n;
		maar__event_wake(&e, cases[i].n);
		unit_eq(maar__sleep_calls() - calls, woken);
		unit_eq(epoch_of(&e), woken);
		/* None of them slept, so nobody of those counted does: the count is cleared. */
		unit_eq(asleep_on(&e), woken ? 0 : cases[i].left);
		for (k = 0; k < cases[i].there; k++)
			maar_event_cancel(&e, keys[k]);
		unit_eq(asleep_on(&e), 0);
		maar_event_destroy(&e);
	}
}
END_TEST

/* ---- mrings ---- */

/* Where a bulk goes that is not for the lane: all or none, and the strangers in front. */
START_TEST(mring_bulks)
{
	struct maar_mring *mring = maar_mring_create(9, 64, NULL);
	void *slots[10], *stranger = &mring;

	ck_assert_ptr_nonnull(mring);
	unit_eq(maar__mring_get_bulk_slow(mring, slots, 0), 0);
	unit_eq(maar__mring_get_bulk_slow(mring, slots, 10), 0);
	unit_eq(maar__mring_get_bulk_slow(mring, slots, 9), 9);
	unit_eq(maar__mring_get_bulk_slow(mring, slots, 1), 0);
	slots[9] = stranger;
	unit_eq(maar__mring_put_bulk_slow(mring, slots + 4, 6), 5);
	ck_assert_ptr_eq(slots[4], stranger);
	unit_eq(maar__mring_put_bulk_slow(mring, slots, 4), 4);
	unit_eq(maar__mring_put_bulk_slow(mring, slots, 0), 0);
	unit_eq(maar_mring_destroy(mring), 0);
}
END_TEST

/* ---- waits ---- */

START_TEST(wait_put_and_take)
{
	struct maar_ring *ring = maar_ring_create(4, MAAR_RING_MPMC | MAAR_RING_HANDLE);
	struct maar_wait *wait = maar_wait_create(ring, MAAR_WAIT_NO_SPIN);
	const uint64_t values[6] = { 1, 2, 3, 4, 5, 6 }, large = UINT64_C(1) << 32;
	uint64_t got[6];

	ck_assert_ptr_nonnull(wait);
	unit_eq(maar__wait_put(NULL, values, 1, 0), -EINVAL);
	unit_eq(maar__wait_put(wait, NULL, 1, 0), -EINVAL);
	unit_eq(maar__wait_put(wait, values, 0, 0), -EINVAL);
	unit_eq(maar__wait_put(wait, &large, 1, MAAR_FOREVER), -EINVAL);
	unit_eq(maar__wait_take(NULL, got, 1, 0), -EINVAL);
	unit_eq(maar__wait_take(wait, NULL, 1, 0), -EINVAL);
	unit_eq(maar__wait_take(wait, got, 0, 0), -EINVAL);

	/* The inline call has had its look: without time there is no other. */
	unit_eq(maar__wait_take(wait, got, 1, 0), -ETIMEDOUT);
	unit_eq(maar__wait_take(wait, got, 1, 1000), -ETIMEDOUT);
	unit_eq(maar__wait_put(wait, values, 6, MAAR_FOREVER), 4);
	unit_eq(maar__wait_put(wait, values, 1, 0), -ETIMEDOUT);
	unit_eq(maar__wait_put(wait, values, 1, 1000), -ETIMEDOUT);
	unit_eq(maar__wait_take(wait, got, 3, MAAR_FOREVER), 3);
	unit_eq(maar__wait_put(wait, values + 4, 1, MAAR_FOREVER), 1);

	/* Closed: nothing goes in any more, and what is in comes out. */
	maar_wait_close(wait);
	unit_eq(maar__wait_put(wait, values, 1, MAAR_FOREVER), -EPIPE);
	unit_eq(maar__wait_take(wait, got + 3, 3, MAAR_FOREVER), 2);
	unit_eq(maar__wait_take(wait, got, 1, MAAR_FOREVER), -EPIPE);
	unit_eq(memcmp(got, values, 5 * sizeof(*got)), 0);
	maar_wait_destroy(wait);
	maar_ring_destroy(ring);
}
END_TEST

/* Wakes producers when half of the ring is free, and not before. */
START_TEST(wait_room)
{
	struct maar_ring *ring = maar_ring_create(8, 0);
	struct maar_wait *wait = maar_wait_create(ring, 0);
	uint64_t key, value, n;

	ck_assert_ptr_nonnull(wait);
	for (n = 8; n; n--)
		unit_eq(maar_ring_enqueue_sp(ring, n), 1);
	key = maar_event_prepare(&wait->not_full);
	for (n = 8; n > 4; n--) {
		const uint64_t calls = maar__sleep_calls();

		maar__wait_room(wait);
		unit_eq(maar__sleep_calls(), calls);
		unit_eq(asleep_on(&wait->not_full), 1);
		unit_eq(maar_ring_dequeue(ring, &value), 1);
	}
	maar__wait_room(wait);
	unit_eq(asleep_on(&wait->not_full), 0);
	unit_eq(maar_event_wait(&wait->not_full, key, MAAR_FOREVER), 0);
	maar_wait_destroy(wait);
	maar_ring_destroy(ring);
}
END_TEST

/* ---- queues ---- */

/* A queue with two values to a chunk, in an mring of `slots`. */
static struct maar_queue *small_queue(struct maar_queue *q, size_t slots, size_t limit, unsigned flags)
{
	struct maar_mring *mring = maar_mring_create(slots, 256, NULL);

	ck_assert_ptr_nonnull(mring);
	unit_eq(maar__queue_init_cells(q, mring, limit, flags, 2), 0);
	return q;
}

static void end_queue(struct maar_queue *q)
{
	struct maar_mring *mring = maar_queue_mring(q);

	unit_eq(maar_queue_check(q), 0);
	maar_queue_destroy(q);
	unit_eq(maar_mring_destroy(mring), 0);
}

START_TEST(queue_grow_and_advance)
{
	const unsigned flags = _i ? MAAR_QUEUE_SP : 0;
	static struct maar_queue queue;
	struct maar_queue *q = small_queue(&queue, 8, 0, flags);
	uint64_t p, t, value;

	/* The chunk is not full: whoever thought so looked at something old, and looks again. */
	p = q->tail;
	t = q->tail_chunk;
	unit_eq(maar__queue_grow(q, p, t), 1);
	unit_eq(maar_queue_chunks(q), 2); /* the chunk and its spare */
	unit_eq(maar__queue_advance(q), 0);

	unit_eq(maar_queue_enqueue(q, 1), 1);
	unit_eq(maar_queue_enqueue(q, 2), 1);
	p = q->tail;
	unit_eq(maar__queue_advance(q), 0);
	unit_eq(maar__queue_grow(q, p, t), 1);
	unit_must(q->tail_chunk != t);
	unit_eq(maar_queue_chunks(q), 2); /* the spare is in use now */
	if (!flags) {			  /* by another, too late: its chunk is not added */
		const uint64_t grown = q->tail_chunk;

		unit_eq(maar__queue_grow(q, p, t), 1);
		unit_eq(q->tail_chunk, grown);
	}
	unit_eq(maar_queue_enqueue(q, 3), 1);

	/* The consumer has read the first chunk. */
	unit_eq(maar_queue_dequeue(q, &value), 1);
	unit_eq(maar_queue_dequeue(q, &value), 1);
	unit_eq(maar__queue_advance(q), 1);
	unit_eq(maar__queue_advance(q), 0);
	unit_eq(maar_queue_dequeue(q, &value), 1);
	unit_eq(value, 3);
	unit_eq(maar_queue_empty(q), 1);
	end_queue(q);
}
END_TEST

/* No room: of the limit; of the mring. */
START_TEST(queue_cannot_grow)
{
	static struct maar_queue queue;
	struct maar_queue *q = small_queue(&queue, 8, 1, _i ? MAAR_QUEUE_SP : 0);
	uint64_t tail_chunk, n;

	for (n = 0; maar_queue_enqueue(q, n); n++)
		;
	tail_chunk = q->tail_chunk;
	unit_eq(n, 2 * maar_queue_limit_chunks(q));
	unit_eq(maar__queue_grow(q, q->tail, tail_chunk), 0);
	unit_eq(q->tail_chunk, tail_chunk);
	end_queue(q);

	q = small_queue(&queue, 2, 0, _i ? MAAR_QUEUE_SP : 0);
	for (n = 0; maar_queue_enqueue(q, n); n++)
		;
	tail_chunk = q->tail_chunk;
	unit_eq(n, 4);
	unit_eq(maar__queue_grow(q, q->tail, tail_chunk), 0);
	unit_eq(q->tail_chunk, tail_chunk);
	end_queue(q);
}
END_TEST

/* ---- slot rings, lock-free ---- */

START_TEST(slot_ring_moves)
{
	struct maar_slot_ring *ring = maar_slot_ring_create(4, 24, _i ? MAAR_SLOT_RING_MPSC : MAAR_SLOT_RING_MPMC);
	void *slots[4];
	unsigned i, round;

	ck_assert_ptr_nonnull(ring);
	unit_must(!maar__slot_ring_peek(ring));
	for (round = 0; round < 3; round++) {
		for (i = 0; i < 4; i++) {
			slots[i] = maar__slot_ring_reserve(ring);
			ck_assert_ptr_nonnull(slots[i]);
			memset(slots[i], (int)(16 * round + i), 24);
		}
		unit_must(!maar__slot_ring_reserve(ring));
		unit_must(!maar__slot_ring_peek(ring));

		/* Passed on filled, in another order than reserved: they come in that order. Passed on free: it does not. */
		for (i = 4; i-- > 1;)
			maar__slot_ring_pass(ring, maar__slot_number(maar__slot_view(ring), slots[i]), 1);
		maar__slot_ring_pass(ring, maar__slot_number(maar__slot_view(ring), slots[0]), 0);
		unit_eq(maar_slot_ring_count(ring), 3);
		for (i = 4; i-- > 1;) {
			unsigned char *slot = maar__slot_ring_peek(ring);

			unit_must((void *)slot == slots[i]);
			unit_eq(slot[23], 16 * round + i);
			maar__slot_ring_pass(ring, maar__slot_number(maar__slot_view(ring), slot), 0);
		}
		unit_must(!maar__slot_ring_peek(ring));
	}
	unit_eq(maar_slot_ring_check(ring), 0);
	maar_slot_ring_destroy(ring);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("outlined");
	TCase *tcase = unit_tcase(suite, "outlined");

	tcase_add_test(tcase, event_wake);
	tcase_add_test(tcase, mring_bulks);
	tcase_add_test(tcase, wait_put_and_take);
	tcase_add_test(tcase, wait_room);
	tcase_add_loop_test(tcase, queue_grow_and_advance, 0, 2);
	tcase_add_loop_test(tcase, queue_cannot_grow, 0, 2);
	tcase_add_loop_test(tcase, slot_ring_moves, 0, 2);
	return suite;
}
