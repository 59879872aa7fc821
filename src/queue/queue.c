/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * A queue's chunks: where they come from, how they are added and let go; its life; what looks at it at rest. The moves
 * of values are in <maar/bits/queue_impl.h>.
 */
#include "queue_priv.h"

#include "../base/life.h"
#include "../mring/mring_priv.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

/* ---- chunks ---- */

/*
 * Makes a slot a chunk for positions from `base` on, whatever was in it: each cell's lap is its position, which differs
 * from the lap that says "filled". Its sole owner does this, so plainly.
 */
static void prepare(const struct maar_queue *q, uint64_t handle, uint64_t base)
{
	struct maar_queue_cell *cell = maar__queue_cells(maar__queue_chunk(q, handle));
	uint64_t i;

	for (i = 0; i < q->cells; i++)
		maar_n_store(&cell[i].lap, base + i);
}

/* The spare's handle, or MAAR_NO_HANDLE. Its cells need not be prepared again: their laps are of other chunks. */
static uint32_t take_spare(struct maar_queue *q)
{
	const uint64_t spare = maar_a_load(&q->spare, RELAXED);

	if (spare && maar_a_cas(&q->spare, spare, 0, ACQUIRE)) /* A:queue.spare */
		return (uint32_t)(spare - 1);
	return MAAR_NO_HANDLE;
}

/* A chunk that nobody uses: it becomes the spare, or goes back if there is one. */
static void let_go(struct maar_queue *q, uint64_t handle)
{
	if (maar_a_load(&q->spare, RELAXED) == 0 && maar_a_cas(&q->spare, 0, handle + 1, RELEASE)) /* R:queue.spare */
		return;
	(void)maar_mring_put(q->mring, maar__queue_chunk(q, handle));
}

/* A chunk ready to be filled from position p on; MAAR_NO_HANDLE: none is to be had, or t is no longer the last. */
static uint32_t fresh_chunk(struct maar_queue *q, uint64_t p, uint64_t t)
{
	uint32_t handle = take_spare(q);
	void *slot;

	if (handle == MAAR_NO_HANDLE) {
		slot = maar_mring_get(q->mring);
		if (!slot)
			return MAAR_NO_HANDLE;
		if (maar_a_load(&q->tail_chunk, RELAXED) != t) { /* another was faster: spare the work */
			(void)maar_mring_put(q->mring, slot);
			return MAAR_NO_HANDLE;
		}
		handle = maar_mring_handle(q->mring, slot);
		prepare(q, handle, p);
	}
	maar_n_store(&maar__queue_chunk(q, handle)->next, 0);
	return handle;
}

/* The room that the limit leaves is used up. `taken` may be newer than p, hence signed. */
static bool at_limit(const struct maar_queue *q, uint64_t p)
{
	return q->span && (int64_t)(p - maar__queue_base(q, maar_a_load(&q->taken, RELAXED))) >= (int64_t)q->span;
}

size_t maar__queue_grow(struct maar_queue *q, uint64_t p, uint64_t t)
{
	uint32_t handle;

	if (p - maar__queue_base(q, t) != q->mask + 1)
		return 1; /* one of the two was stale */
	if (at_limit(q, p))
		return 0;
	handle = fresh_chunk(q, p, t);
	if (handle == MAAR_NO_HANDLE)
		return maar_a_load(&q->tail_chunk, RELAXED) != t;
	if (q->flags & MAAR_QUEUE_SP) {
		maar_a_store(&q->tail_chunk, p | handle, RELAXED);
	} else if (!maar_a_cas(&q->tail_chunk, t, p | handle, RELEASE)) { /* R:queue.tail_chunk */
		let_go(q, handle);
		return 1;
	}
	/* The consumer cannot leave the old chunk before this, and nobody else may do it. */
	maar_a_store(&maar__queue_chunk(q, t & q->mask)->next, (uint64_t)handle + 1, RELEASE); /* R:queue.next */
	return 1;
}

size_t maar__queue_advance(struct maar_queue *q)
{
	const uint64_t old = maar_a_load(&q->head_chunk, RELAXED);
	const uint64_t next = maar_a_load(&q->chunk->next, ACQUIRE); /* A:queue.next */

	if (!next)
		return 0;
	q->chunk = maar__queue_chunk(q, next - 1);
	maar_a_store(&q->head_chunk, (maar__queue_base(q, old) + q->mask + 1) | (next - 1), RELAXED);
	let_go(q, old & q->mask);
	return 1;
}

size_t maar_queue_trim(struct maar_queue *queue)
{
	uint32_t handle;

	MAAR_DEBUG_CHECK(queue && queue->magic == MAAR__QUEUE_MAGIC, "not a queue");
	if (!queue || queue->magic != MAAR__QUEUE_MAGIC)
		return 0;
	handle = take_spare(queue);
	if (handle == MAAR_NO_HANDLE)
		return 0;
	(void)maar_mring_put(queue->mring, maar__queue_chunk(queue, handle));
	return 1;
}

/* ---- life ---- */

size_t maar_queue_bytes(void)
{
	return sizeof(struct maar_queue);
}

static uint64_t cells_in(const struct maar_mring *mring)
{
	const size_t bytes = maar_mring_slot_bytes(mring) - (size_t)mring->redzone;

	return (bytes - sizeof(struct maar_queue_chunk)) / sizeof(struct maar_queue_cell);
}

static int check_request(const struct maar_mring *mring, unsigned flags, unsigned layout)
{
	if (layout != MAAR_QUEUE_LAYOUT)
		return -EPROTO;
	if (!mring || mring->magic != MAAR__MRING_MAGIC || (flags & ~(unsigned)MAAR_QUEUE_SP))
		return -EINVAL;
	return cells_in(mring) < MAAR_QUEUE_LEAST_CELLS ? -EINVAL : 0;
}

/*
 * Chunks so that `limit` values always fit: the first may be read but for one value, the others are full. No more than
 * the mring has.
 */
static uint64_t chunks_for(const struct maar_queue *q, uint64_t limit)
{
	const uint64_t chunks = (limit - 1) / q->cells + ((limit - 1) % q->cells != 0) + 1;
	const uint64_t slots = maar_mring_slots(q->mring);

	return chunks < slots ? chunks : slots;
}

/* What does not change. */
static void set_up(struct maar_queue *q, struct maar_mring *mring, size_t limit, unsigned flags, size_t most_cells)
{
	uint64_t numbers = maar_mring_slots(mring);

	memset(q, 0, sizeof(*q));
	q->layout = MAAR_QUEUE_LAYOUT;
	q->flags = flags;
	q->mring = mring;
	q->slab = mring->slab;
	q->stride = maar_mring_slot_bytes(mring);
	q->cells = cells_in(mring) < most_cells ? cells_in(mring) : most_cells;
	if (numbers < q->cells)
		numbers = q->cells;
	q->mask = maar__pow2_at_least(numbers) - 1; /* both a place in a chunk and a handle fit in it */
	q->shift = (uint32_t)__builtin_ctzll(q->mask + 1);
	q->limit = limit;
	q->span = limit ? chunks_for(q, limit) << q->shift : 0;
	q->magic = MAAR__QUEUE_MAGIC;
}

void maar__queue_start_at(struct maar_queue *q, uint64_t chunk_number, uint64_t place)
{
	const uint64_t base = chunk_number << q->shift, handle = maar_a_load(&q->head_chunk, RELAXED) & q->mask;
	const uint64_t spare = maar_a_load(&q->spare, RELAXED);

	prepare(q, handle, base);
	if (spare)
		prepare(q, spare - 1, base);
	maar_a_store(&q->tail, base + place, RELAXED);
	maar_a_store(&q->taken, base + place, RELAXED);
	maar_a_store(&q->tail_chunk, base | handle, RELAXED);
	maar_a_store(&q->head_chunk, base | handle, RELAXED);
}

int maar__queue_init_cells(struct maar_queue *q, struct maar_mring *mring, size_t limit, unsigned flags, size_t most)
{
	void *const first = maar_mring_get(mring), *const spare = first ? maar_mring_get(mring) : NULL;

	if (!spare) {
		if (first)
			(void)maar_mring_put(mring, first);
		return -ENOBUFS;
	}
	set_up(q, mring, limit, flags, most);
	q->chunk = first;
	maar_n_store(&q->chunk->next, 0);
	maar_a_store(&q->head_chunk, maar_mring_handle(mring, first), RELAXED);
	maar_a_store(&q->spare, (uint64_t)maar_mring_handle(mring, spare) + 1, RELAXED);
	maar__queue_start_at(q, 0, 0);
	return 0;
}

int maar_queue_init_layout(void *mem, size_t bytes, struct maar_mring *mring, size_t limit, unsigned flags,
			   unsigned layout)
{
	int rc = check_request(mring, flags, layout);

	if (!rc)
		rc = maar__unfit(mem, bytes, maar_queue_bytes());
	return rc ? rc : maar__queue_init_cells(mem, mring, limit, flags, SIZE_MAX);
}

struct maar_queue *maar_queue_create_layout(struct maar_mring *mring, size_t limit, unsigned flags, unsigned layout)
{
	int rc = check_request(mring, flags, layout);
	struct maar_queue *q = maar__refused(rc) ? NULL : maar__alloc(sizeof(*q));

	if (!q)
		return NULL;
	rc = maar__queue_init_cells(q, mring, limit, flags, SIZE_MAX);
	if (rc) {
		maar__free(q);
		errno = -rc;
		return NULL;
	}
	q->owns = 1;
	return q;
}

size_t maar_queue_drain(struct maar_queue *queue, maar_queue_value_fn *each, void *arg)
{
	const size_t most = maar_queue_count(queue);
	uint64_t value;
	size_t n = 0;

	while (n < most && maar_queue_dequeue(queue, &value)) {
		if (each)
			each(value, arg);
		n++;
	}
	return n;
}

/* Hands over what is filled in a chunk from `from` to its end. */
static void hand_over(const struct maar_queue *q, struct maar_queue_chunk *chunk, uint64_t from,
		      maar_queue_value_fn *each, void *arg)
{
	uint64_t p, value;

	for (p = from; (p & q->mask) < q->cells; p++) {
		if (maar__queue_read(q, chunk, p, &value, 1))
			each(value, arg);
		if ((p & q->mask) == q->mask)
			break; /* the next would be of another chunk */
	}
}

void maar_queue_destroy_each(struct maar_queue *queue, maar_queue_value_fn *each, void *arg)
{
	uint64_t taken, base, next;
	struct maar_queue_chunk *chunk;

	if (!queue)
		return;
	MAAR_DEBUG_CHECK(queue->magic == MAAR__QUEUE_MAGIC, "not a queue, or one destroyed before");
	if (queue->magic != MAAR__QUEUE_MAGIC)
		return;
	taken = maar_a_load(&queue->taken, RELAXED); /* alone: whatever made it so has ordered these */
	base = maar__queue_base(queue, maar_a_load(&queue->head_chunk, RELAXED));
	for (chunk = queue->chunk; chunk; base += queue->mask + 1) {
		if (each && (int64_t)(taken - base) <= (int64_t)queue->mask)
			hand_over(queue, chunk, maar__queue_base(queue, taken) == base ? taken : base, each, arg);
		next = maar_a_load(&chunk->next, RELAXED);
		(void)maar_mring_put(queue->mring, chunk);
		chunk = next ? maar__queue_chunk(queue, next - 1) : NULL;
	}
	maar_queue_trim(queue);
	queue->magic = 0;
	if (queue->owns)
		maar__free(queue);
}

void maar_queue_destroy(struct maar_queue *queue)
{
	maar_queue_destroy_each(queue, NULL, NULL);
}

/* ---- for people ---- */

int maar_queue_dump(const struct maar_queue *queue, FILE *to)
{
	size_t count;

	if (!queue || !to || queue->magic != MAAR__QUEUE_MAGIC)
		return -EINVAL;
	count = maar_queue_count(queue);
	fprintf(to, "queue %p: %s, one consumer, in slots of mring %p\n", (const void *)queue,
		queue->flags & MAAR_QUEUE_SP ? "one producer" : "many producers", (const void *)queue->mring);
	if (queue->limit)
		fprintf(to, "  room for %" PRIu64 " values, at most %zu chunks of %" PRIu64 "\n", queue->limit,
			maar_queue_limit_chunks(queue), queue->cells);
	else
		fprintf(to, "  no limit, chunks of %" PRIu64 " values\n", queue->cells);
	fprintf(to, "  count %zu, %zu chunks, %s spare\n", count, maar_queue_chunks(queue),
		maar_a_load(&queue->spare, RELAXED) ? "one" : "no");
	fprintf(to, "  next to take 0x%" PRIx64 ", to fill 0x%" PRIx64 "\n", maar_a_load(&queue->taken, RELAXED),
		maar_a_load(&queue->tail, RELAXED));
	return ferror(to) ? -EIO : 0;
}

/* ---- validation ---- */

static bool shape_is_whole(const struct maar_queue *q)
{
	const uint64_t cells = q->cells, slots = q->mring ? maar_mring_slots(q->mring) : 0;

	if (!slots || q->mring->magic != MAAR__MRING_MAGIC || q->layout != MAAR_QUEUE_LAYOUT || q->owns > 1 ||
	    (q->flags & ~(unsigned)MAAR_QUEUE_SP) || cells == 0 || cells > cells_in(q->mring))
		return false;
	return q->slab == q->mring->slab && q->stride == q->mring->stride &&
	       q->mask == maar__pow2_at_least(slots > cells ? slots : cells) - 1 &&
	       q->mask + 1 == UINT64_C(1) << q->shift &&
	       q->span == (q->limit ? chunks_for(q, q->limit) << q->shift : 0);
}

/* A position is in its chunk, or the chunk lags behind it by one. */
static bool chunk_fits(const struct maar_queue *q, uint64_t position, uint64_t chunk)
{
	const uint64_t behind = maar__queue_base(q, position) - maar__queue_base(q, chunk);

	return (position & q->mask) < q->cells && (chunk & q->mask) < maar_mring_slots(q->mring) &&
	       (behind == 0 || (behind == q->mask + 1 && (position & q->mask) == 0));
}

/* Walks the chain from the first chunk, where `taken` is, to the last: every cell between taken and tail is filled. */
static int check_chain(const struct maar_queue *q, uint64_t taken, uint64_t tail)
{
	const uint64_t last = maar_a_load(&q->tail_chunk, RELAXED), spare = maar_a_load(&q->spare, RELAXED);
	uint64_t chunk = maar_a_load(&q->head_chunk, RELAXED), next, p, value;
	bool claimed = false;

	for (;;) {
		const uint64_t base = maar__queue_base(q, chunk);
		struct maar_queue_chunk *c = maar__queue_chunk(q, chunk & q->mask);

		if (spare && spare - 1 == (chunk & q->mask))
			return -EBADMSG; /* in use and not */
		for (p = base; p < base + q->cells; p++) {
			const bool filled = maar__queue_read(q, c, p, &value, 1) == 1;

			if ((int64_t)(p - taken) < 0)
				continue;
			if ((int64_t)(p - tail) >= 0 && filled)
				return -EBADMSG;
			claimed |= (int64_t)(p - tail) < 0 && !filled;
		}
		next = maar_a_load(&c->next, RELAXED);
		if (chunk == last)
			return next ? -EBADMSG : claimed ? -EOWNERDEAD : 0;
		if (base == maar__queue_base(q, last) || next > maar_mring_slots(q->mring))
			return -EBADMSG;
		if (!next)
			return -EOWNERDEAD; /* its producer died before it linked the chunk that it had added */
		chunk = (base + q->mask + 1) | (next - 1);
	}
}

int maar_queue_check(const struct maar_queue *queue)
{
	uint64_t taken, tail;

	if (!queue || (uintptr_t)queue % MAAR_APART || queue->magic != MAAR__QUEUE_MAGIC)
		return -EINVAL;
	if (!shape_is_whole(queue))
		return -EBADMSG;
	taken = maar_a_load(&queue->taken, RELAXED); /* at rest: whatever made it rest has ordered these */
	tail = maar_a_load(&queue->tail, RELAXED);
	if ((int64_t)(tail - taken) < 0 || !chunk_fits(queue, tail, maar_a_load(&queue->tail_chunk, RELAXED)) ||
	    !chunk_fits(queue, taken, maar_a_load(&queue->head_chunk, RELAXED)) ||
	    queue->chunk != maar__queue_chunk(queue, maar_a_load(&queue->head_chunk, RELAXED) & queue->mask) ||
	    maar_a_load(&queue->spare, RELAXED) > maar_mring_slots(queue->mring))
		return -EBADMSG;
	return check_chain(queue, taken, tail);
}
