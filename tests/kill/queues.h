/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Controls: queues in which a stopped thread stalls others, or worse. The sweep must say where.
 *     vyukov    Dmitry Vyukov's bounded queue: between claim and release of a cell, either side stalls the other
 *     spinlock  a lock around everything
 *     careless  Vyukov's with the claim by a load and a store: nobody stalls, and values are lost and doubled
 */
#ifndef MAAR_TEST_KILL_QUEUES_H
#define MAAR_TEST_KILL_QUEUES_H

#include <maar/ring.h>

#define KILL_CONTROL_MOST 8 /* capacity */

struct kill_control {
	uint64_t capacity; /* a power of two */
	uint64_t lock;
	uint64_t tail, head;
	struct {
		uint64_t turn, value; /* turn: position if vacant for it, position + 1 if filled */
	} cells[KILL_CONTROL_MOST];
};

static inline size_t kill_claimed(uint64_t *counter, uint64_t position, int careless)
{
	if (!careless)
		return maar_a_cas(counter, position, position + 1, RELAXED);
	maar_a_store(counter, position + 1, RELAXED);
	return 1;
}

static inline size_t kill_put(struct kill_control *q, uint64_t value, int careless)
{
	for (;;) {
		const uint64_t tail = maar_a_load(&q->tail, RELAXED);
		const uint64_t i = tail & (q->capacity - 1);
		const uint64_t turn = maar_a_load(&q->cells[i].turn, ACQUIRE);

		if ((int64_t)(turn - tail) < 0)
			return 0;
		if (turn == tail && kill_claimed(&q->tail, tail, careless)) {
			maar_a_store(&q->cells[i].value, value, RELAXED);
			maar_a_store(&q->cells[i].turn, tail + 1, RELEASE);
			return 1;
		}
	}
}

static inline size_t kill_take(struct kill_control *q, uint64_t *value, int careless)
{
	for (;;) {
		const uint64_t head = maar_a_load(&q->head, RELAXED);
		const uint64_t i = head & (q->capacity - 1);
		const uint64_t turn = maar_a_load(&q->cells[i].turn, ACQUIRE);

		if ((int64_t)(turn - (head + 1)) < 0)
			return 0;
		if (turn == head + 1 && kill_claimed(&q->head, head, careless)) {
			*value = maar_a_load(&q->cells[i].value, RELAXED);
			maar_a_store(&q->cells[i].turn, head + q->capacity, RELEASE);
			return 1;
		}
	}
}

static inline size_t kill_vyukov_put(void *queue, uint64_t value)
{
	return kill_put(queue, value, 0);
}

static inline size_t kill_vyukov_take(void *queue, uint64_t *value)
{
	return kill_take(queue, value, 0);
}

static inline size_t kill_careless_put(void *queue, uint64_t value)
{
	return kill_put(queue, value, 1);
}

static inline size_t kill_careless_take(void *queue, uint64_t *value)
{
	return kill_take(queue, value, 1);
}

static inline size_t kill_spinlock_put(void *queue, uint64_t value)
{
	struct kill_control *q = queue;
	size_t done = 0;

	while (!maar_a_cas(&q->lock, 0, 1, ACQUIRE))
		maar_cpu_relax();
	if (q->tail - q->head < q->capacity) {
		maar_a_store(&q->cells[q->tail % q->capacity].value, value, RELAXED);
		maar_a_store(&q->tail, q->tail + 1, RELAXED);
		done = 1;
	}
	maar_a_store(&q->lock, 0, RELEASE);
	return done;
}

static inline size_t kill_spinlock_take(void *queue, uint64_t *value)
{
	struct kill_control *q = queue;
	size_t done = 0;

	while (!maar_a_cas(&q->lock, 0, 1, ACQUIRE))
		maar_cpu_relax();
	if (q->tail != q->head) {
		*value = maar_a_load(&q->cells[q->head % q->capacity].value, RELAXED);
		maar_a_store(&q->head, q->head + 1, RELAXED);
		done = 1;
	}
	maar_a_store(&q->lock, 0, RELEASE);
	return done;
}

#endif
