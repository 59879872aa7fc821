/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The bodies of <maar/queue.h>. A producer touches a chunk only where it owns a position, or before it has handed the
 * chunk over; the consumer gives a chunk away only when each of its positions has been filled and the next chunk is
 * linked to it. So nobody can be late in a slot that is no longer the queue's. doc/memory-model.md has the argument.
 *
 * Words are plain memory, ordered by the lap beside them; laps are plain when a chunk is prepared, by its sole owner.
 */
#ifndef MAAR_BITS_QUEUE_IMPL_H
#define MAAR_BITS_QUEUE_IMPL_H
#ifndef MAAR_BITS_OK
#error "include a header of <maar/...>, not of <maar/bits/...>"
#endif

#define MAAR__QUEUE_MAGIC 0x6d717565u /* "mque" */

MAAR_STATIC_ASSERT(sizeof(struct maar_queue_chunk) == 16, "layout 1");
MAAR_STATIC_ASSERT(offsetof(struct maar_queue, tail) == 128, "layout 1");
MAAR_STATIC_ASSERT(offsetof(struct maar_queue, taken) == 256, "layout 1");
MAAR_STATIC_ASSERT(offsetof(struct maar_queue, spare) == 384, "layout 1");
MAAR_STATIC_ASSERT(sizeof(struct maar_queue) == 512, "layout 1");

MAAR_BEGIN_DECLS
/*
 * Adds a chunk for position p behind the chunk t, if these are the tail and the last chunk. 0: there is no room; 1:
 * look again, whoever added it.
 */
MAAR_API size_t maar__queue_grow(struct maar_queue *queue, uint64_t p, uint64_t t);

/* The consumer's: goes on to the next chunk and lets go of the one it has read. 0: there is no next chunk yet. */
MAAR_API size_t maar__queue_advance(struct maar_queue *queue);
MAAR_END_DECLS

/* One test that predicts perfectly; a NULL queue answers as one that is full and empty. */
MAAR_LOCAL int maar__queue_is_null(const struct maar_queue *q)
{
	MAAR_DEBUG_CHECK_AS("maar_queue", q, "NULL queue");
	return maar_unlikely(!q) ? 1 : 0;
}

MAAR_LOCAL struct maar_queue_chunk *maar__queue_chunk(const struct maar_queue *q, uint64_t handle)
{
	return (struct maar_queue_chunk *)(uintptr_t)(q->slab + handle * q->stride);
}

MAAR_LOCAL struct maar_queue_cell *maar__queue_cells(struct maar_queue_chunk *chunk)
{
	return (struct maar_queue_cell *)(uintptr_t)(chunk + 1);
}

/* The first position of the chunk that a position is in; of tail_chunk and head_chunk, what is not the handle. */
MAAR_LOCAL uint64_t maar__queue_base(const struct maar_queue *q, uint64_t position)
{
	return position & ~q->mask;
}

/* The position k behind p, where p + k - 1 is in p's chunk. */
MAAR_LOCAL uint64_t maar__queue_behind(const struct maar_queue *q, uint64_t p, uint64_t k)
{
	return (p & q->mask) + k == q->cells ? (p | q->mask) + 1 : p + k;
}

/* Values between two positions. */
MAAR_LOCAL uint64_t maar__queue_between(const struct maar_queue *q, uint64_t from, uint64_t to)
{
	return ((maar__queue_base(q, to) - maar__queue_base(q, from)) >> q->shift) * q->cells + (to & q->mask) -
	       (from & q->mask);
}

/* Cells from p to the end of its chunk, at most n. */
MAAR_LOCAL size_t maar__queue_room(const struct maar_queue *q, uint64_t p, size_t n)
{
	const uint64_t room = q->cells - (p & q->mask);

	return room < n ? (size_t)room : n;
}

/* Claims up to n cells of one chunk: how many; 0: there is no room. The first is position *p of the chunk *chunk. */
MAAR_LOCAL size_t maar__queue_claim(struct maar_queue *q, size_t n, uint64_t *p, struct maar_queue_chunk **chunk)
{
	uint64_t t;
	size_t k;

	for (;;) {
		*p = maar_a_load(&q->tail, ACQUIRE);	  /* A:queue.tail */
		t = maar_a_load(&q->tail_chunk, ACQUIRE); /* A:queue.tail_chunk */
		if (maar_unlikely(maar__queue_base(q, *p ^ t))) {
			if (!maar__queue_grow(q, *p, t))
				return 0;
			continue;
		}
		k = maar__queue_room(q, *p, n);
		if (maar_likely(maar_a_cas(&q->tail, *p, maar__queue_behind(q, *p, k), RELEASE))) /* R:queue.tail */
			break;
	}
	*chunk = maar__queue_chunk(q, t & q->mask);
	return k;
}

MAAR_LOCAL size_t maar__queue_claim_sp(struct maar_queue *q, size_t n, uint64_t *p, struct maar_queue_chunk **chunk)
{
	uint64_t t = maar_a_load(&q->tail_chunk, RELAXED);
	size_t k;

	*p = maar_a_load(&q->tail, RELAXED);
	if (maar_unlikely(maar__queue_base(q, *p ^ t))) {
		if (!maar__queue_grow(q, *p, t))
			return 0;
		t = maar_a_load(&q->tail_chunk, RELAXED);
	}
	k = maar__queue_room(q, *p, n);
	maar_a_store(&q->tail, maar__queue_behind(q, *p, k), RELEASE); /* R:queue.tail */
	*chunk = maar__queue_chunk(q, t & q->mask);
	return k;
}

MAAR_LOCAL size_t maar__queue_put(struct maar_queue *q, const uint64_t *values, size_t n)
{
	struct maar_queue_chunk *chunk;
	struct maar_queue_cell *cell;
	size_t done = 0, k, i;
	uint64_t p;

	if (maar__queue_is_null(q))
		return 0;
	while (done < n) {
		if (q->flags & MAAR_QUEUE_SP)
			k = maar__queue_claim_sp(q, n - done, &p, &chunk);
		else
			k = maar__queue_claim(q, n - done, &p, &chunk);
		if (maar_unlikely(k == 0))
			break;
		cell = maar__queue_cells(chunk) + (p & q->mask);
		for (i = 0; i < k; i++, cell++) {
			maar_n_store(&cell->word, values[done + i]);
			maar_a_store(&cell->lap, p + i + 1, RELEASE); /* R:queue.cell */
		}
		done += k;
	}
	return done;
}

/* Up to n values of one chunk from position p on: how many are filled. values may be NULL. */
MAAR_LOCAL size_t maar__queue_read(const struct maar_queue *q, struct maar_queue_chunk *chunk, uint64_t p,
				   uint64_t *values, size_t n)
{
	struct maar_queue_cell *cell = maar__queue_cells(chunk) + (p & q->mask);
	size_t i;

	n = maar__queue_room(q, p, n);
	for (i = 0; i < n; i++, cell++) {
		if (maar_a_load(&cell->lap, ACQUIRE) != p + i + 1) /* A:queue.cell */
			break;
		if (values)
			values[i] = maar_n_load(&cell->word);
	}
	return i;
}

MAAR_LOCAL size_t maar__queue_get(struct maar_queue *q, uint64_t *values, size_t n)
{
	size_t done = 0, k;
	uint64_t p;

	if (maar__queue_is_null(q))
		return 0;
	p = maar_a_load(&q->taken, RELAXED);
	while (done < n) {
		if (maar_unlikely(maar__queue_base(q, p ^ maar_a_load(&q->head_chunk, RELAXED))) &&
		    !maar__queue_advance(q))
			break;
		k = maar__queue_read(q, q->chunk, p, values ? values + done : NULL, n - done);
		if (k == 0)
			break;
		p = maar__queue_behind(q, p, k);
		maar_a_store(&q->taken, p, RELEASE); /* R:queue.taken */
		done += k;
	}
	return done;
}

/* As get, but all stays. */
MAAR_LOCAL size_t maar__queue_look(const struct maar_queue *q, uint64_t *values, size_t n)
{
	struct maar_queue_chunk *chunk = q->chunk;
	uint64_t p = maar_a_load(&q->taken, RELAXED), next;
	uint64_t base = maar__queue_base(q, maar_a_load(&q->head_chunk, RELAXED));
	size_t done = 0, k;

	while (done < n) {
		if (maar__queue_base(q, p) != base) {
			next = maar_a_load(&chunk->next, ACQUIRE); /* A:queue.next */
			if (!next)
				break;
			chunk = maar__queue_chunk(q, next - 1);
			base = maar__queue_base(q, p);
		}
		k = maar__queue_read(q, chunk, p, values ? values + done : NULL, n - done);
		if (k == 0)
			break;
		p = maar__queue_behind(q, p, k);
		done += k;
	}
	return done;
}

#ifdef MAAR__BODIES

/* ---- producers ---- */

MAAR_INLINE size_t maar_queue_enqueue(struct maar_queue *queue, uint64_t value)
{
	return maar__queue_put(queue, &value, 1);
}

MAAR_INLINE size_t maar_queue_enqueue_burst(struct maar_queue *queue, const uint64_t *values, size_t n)
{
	return maar__queue_put(queue, values, n);
}

MAAR_INLINE size_t maar_queue_enqueue_ptr(struct maar_queue *queue, const void *pointer)
{
	MAAR_DEBUG_CHECK(pointer, "NULL enqueued as a pointer");
	return maar_likely(pointer != NULL) ? maar_queue_enqueue(queue, (uint64_t)(uintptr_t)pointer) : 0;
}

/* ---- the consumer ---- */

MAAR_INLINE size_t maar_queue_dequeue(struct maar_queue *queue, uint64_t *value)
{
	return maar__queue_get(queue, value, 1);
}

MAAR_INLINE size_t maar_queue_dequeue_burst(struct maar_queue *queue, uint64_t *values, size_t n)
{
	return maar__queue_get(queue, values, n);
}

MAAR_INLINE void *maar_queue_dequeue_ptr(struct maar_queue *queue)
{
	uint64_t word;

	return maar__queue_get(queue, &word, 1) ? (void *)(uintptr_t)word : NULL;
}

MAAR_INLINE size_t maar_queue_peek(const struct maar_queue *queue, uint64_t *values, size_t n)
{
	return maar__queue_is_null(queue) ? 0 : maar__queue_look(queue, values, n);
}

MAAR_INLINE size_t maar_queue_release(struct maar_queue *queue, size_t n)
{
	size_t there;

	if (maar__queue_is_null(queue))
		return 0;
	there = maar__queue_look(queue, NULL, n);
	MAAR_DEBUG_CHECK(there == n, "released more values than there are");
	return there == n ? maar__queue_get(queue, NULL, n) : 0;
}

/* ---- observers ---- */

MAAR_INLINE unsigned maar_queue_flags(const struct maar_queue *queue)
{
	return maar__queue_is_null(queue) ? 0 : queue->flags;
}

MAAR_INLINE struct maar_mring *maar_queue_mring(const struct maar_queue *queue)
{
	return maar__queue_is_null(queue) ? NULL : queue->mring;
}

MAAR_INLINE size_t maar_queue_limit(const struct maar_queue *queue)
{
	return maar__queue_is_null(queue) ? 0 : (size_t)queue->limit;
}

MAAR_INLINE size_t maar_queue_limit_chunks(const struct maar_queue *queue)
{
	return maar__queue_is_null(queue) ? 0 : (size_t)(queue->span >> queue->shift);
}

MAAR_INLINE size_t maar_queue_chunk_values(const struct maar_queue *queue)
{
	return maar__queue_is_null(queue) ? 0 : (size_t)queue->cells;
}

MAAR_INLINE size_t maar_queue_count(const struct maar_queue *queue)
{
	uint64_t taken, tail;

	if (maar__queue_is_null(queue))
		return 0;
	do { /* until the consumer stood still meanwhile: then both belong to one instant */
		taken = maar_a_load(&queue->taken, ACQUIRE); /* A:queue.taken */
		tail = maar_a_load(&queue->tail, ACQUIRE);   /* A:queue.tail */
	} while (maar_unlikely(maar_a_load(&queue->taken, RELAXED) != taken));
	return (size_t)maar__queue_between(queue, taken, tail);
}

MAAR_INLINE int maar_queue_empty(const struct maar_queue *queue)
{
	return maar_queue_count(queue) == 0;
}

MAAR_INLINE size_t maar_queue_chunks(const struct maar_queue *queue)
{
	uint64_t first, last;
	int64_t between;

	if (maar__queue_is_null(queue))
		return 0;
	first = maar_a_load(&queue->head_chunk, RELAXED);
	last = maar_a_load(&queue->tail_chunk, RELAXED);
	between = (int64_t)(maar__queue_base(queue, last) - maar__queue_base(queue, first));
	if (between < 0) /* they were read at different moments */
		between = 0;
	return (size_t)(((uint64_t)between >> queue->shift) + 1 + (maar_a_load(&queue->spare, RELAXED) != 0));
}

#endif
#endif
