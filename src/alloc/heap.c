/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * First-class heaps: a lane of its own with a lock before it. Frees by any thread go one by one, linked, to the lane's inbox,
 * never by value, so that nothing of a heap is on its way when it is destroyed: then its spans go as they are.
 */
#include "alloc_priv.h"

#include <errno.h>

struct maar_heap {
	struct maar__alloc_lane *lane;
	unsigned flags;
	size_t head;	      /* bytes before each block */
	pthread_mutex_t lock; /* unless it is of one thread */
	struct maar_heap *next, *prev;
};

/* What stands before a counted block. */
struct head {
	uint64_t count;
	uint64_t reserved;
};
#define HEAD_BYTES 16
MAAR_STATIC_ASSERT(sizeof(struct head) == HEAD_BYTES, "blocks stay aligned");

pthread_mutex_t maar__heaps_lock = PTHREAD_MUTEX_INITIALIZER; /* the list, lanes that wait; before any heap's */
static struct maar_heap *heaps;
static struct maar__lane *waiting; /* lanes of heaps that are gone */
static uint32_t heaps_now;

size_t maar__heap_head(const struct maar_heap *heap)
{
	return heap ? heap->head : 0;
}

static void lock(struct maar_heap *heap)
{
	if (!(heap->flags & MAAR_HEAP_ONE_THREAD))
		maar__alloc_lock(&heap->lock);
}

static void unlock(struct maar_heap *heap)
{
	if (!(heap->flags & MAAR_HEAP_ONE_THREAD))
		maar__alloc_unlock(&heap->lock);
}

/* ---- life ---- */

static struct maar__alloc_lane *lane_for_heap(void)
{
	struct maar__lane *lane = waiting;

	if (lane) {
		waiting = lane->next_idle;
		return (struct maar__alloc_lane *)(void *)lane;
	}
	maar__alloc_lock(&maar__alloc_set.lock);
	lane = (struct maar__lane *)(void *)maar__alloc_lane_make(MAAR__LANE_HEAP);
	maar__alloc_unlock(&maar__alloc_set.lock);
	return (struct maar__alloc_lane *)(void *)lane;
}

struct maar_heap *maar_heap_create(unsigned flags)
{
	struct maar_heap *heap;
	int rc;

	if (flags & ~(MAAR_HEAP_ONE_THREAD | MAAR_HEAP_COUNTED)) {
		errno = EINVAL;
		return NULL;
	}
	heap = maar_calloc(1, sizeof(*heap));
	if (!heap)
		return NULL;
	heap->flags = flags;
	heap->head = flags & MAAR_HEAP_COUNTED ? HEAD_BYTES : 0;
	rc = maar__lock_init(&heap->lock);
	if (rc) {
		maar_free(heap);
		errno = ENOMEM;
		return NULL;
	}
	maar__alloc_lock(&maar__heaps_lock);
	heap->lane = lane_for_heap();
	if (heap->lane) {
		heap->lane->heap = heap;
		heap->next = heaps;
		if (heaps)
			heaps->prev = heap;
		heaps = heap;
		heaps_now++;
	}
	maar__alloc_unlock(&maar__heaps_lock);
	if (heap->lane)
		return heap;
	pthread_mutex_destroy(&heap->lock);
	maar_free(heap);
	errno = ENOMEM;
	return NULL;
}

static bool drop_span(struct maar__slab *slab, uint32_t lane, void *arg)
{
	const struct maar_heap *heap = arg;

	if (lane != heap->lane->id)
		return true;
	if (maar_unlikely(maar__watched()))
		maar__watch_span_ends(slab);
	maar__span_put(slab);
	return true;
}

void maar_heap_destroy(struct maar_heap *heap)
{
	struct maar__alloc_lane *lane;

	if (!heap)
		return;
	if (maar_unlikely(maar__watched()))
		maar__watch_heap_ends(heap);
	lane = heap->lane;
	maar__alloc_lock(&maar__heaps_lock);
	maar__spans_each(drop_span, heap);
	maar__big_drop(heap);
	maar__slab_none(lane);
	memset(lane->partial, 0, sizeof(lane->partial));
	maar_a_store(&lane->inbox.spill, NULL, RELAXED);
	lane->heap = NULL;
	if (heap->prev)
		heap->prev->next = heap->next;
	else
		heaps = heap->next;
	if (heap->next)
		heap->next->prev = heap->prev;
	lane->head.next_idle = waiting;
	waiting = &lane->head;
	heaps_now--;
	maar__alloc_unlock(&maar__heaps_lock);
	pthread_mutex_destroy(&heap->lock);
	maar_free(heap);
}

/* ---- blocks ---- */

static size_t room_of(struct maar_heap *heap, const void *block)
{
	size_t room;

	lock(heap);
	room = maar__alloc_room(block);
	unlock(heap);
	return room;
}

static void *heap_get(struct maar_heap *heap, size_t bytes, size_t align, bool zero)
{
	struct maar__alloc_visit v = { .lane = heap->lane };
	bool is_zero = false, last = false;
	unsigned tries = 0;
	unsigned char *block;
	size_t all;

	if (bytes > PTRDIFF_MAX || !maar__add(bytes, heap->head + maar__watch_more(), &all)) {
		errno = ENOMEM;
		return NULL;
	}
	for (;;) {
		lock(heap);
		block = maar__alloc_in(&v, all, align, last, &is_zero);
		unlock(heap);
		maar__alloc_after();
		if (block || last)
			break;
		last = !maar__alloc_reclaim(tries++);
	}
	if (!block) {
		errno = ENOMEM;
		return NULL;
	}
	if (zero && !is_zero)
		memset(block, 0, all);
	if (heap->head)
		*(struct head *)(void *)block = (struct head){ 1, 0 };
	block += heap->head;
	if (maar_unlikely(maar__watched()))
		maar__watch_got(block, room_of(heap, block), bytes, zero);
	return block;
}

void *maar_heap_malloc(struct maar_heap *heap, size_t bytes)
{
	return heap_get(heap, bytes, 1, false);
}

void *maar_heap_calloc(struct maar_heap *heap, size_t n, size_t bytes)
{
	size_t all;

	if (!maar__mul(n, bytes, &all)) {
		errno = ENOMEM;
		return NULL;
	}
	return heap_get(heap, all, 1, true);
}

void *maar_heap_memalign(struct maar_heap *heap, size_t align, size_t bytes)
{
	if (!align)
		align = 1;
	if (!maar__is_pow2(align) || (heap->head && align > HEAD_BYTES)) {
		errno = EINVAL;
		return NULL;
	}
	return heap_get(heap, bytes, align, false);
}

void *maar_heap_realloc(struct maar_heap *heap, void *block, size_t bytes)
{
	size_t had;
	void *moved;

	if (!block)
		return maar_heap_malloc(heap, bytes);
	if (bytes == 0) {
		maar_free(block);
		return NULL;
	}
	had = maar_usable_size(block);
	if (maar_heap_of(block) != heap) {
		errno = EINVAL;
		return NULL;
	}
	if (bytes <= had && (bytes >= had / 2 || had <= 128) && !maar__watched())
		return block;
	moved = maar_heap_malloc(heap, bytes);
	if (!moved)
		return NULL;
	if (heap->head)
		((struct head *)moved)[-1].count = maar_a_load(&((struct head *)block)[-1].count, RELAXED);
	memcpy(moved, block, had < bytes ? had : bytes);
	maar_free(block);
	return moved;
}

/* A free of a heap's block, of the range: linked into its inbox. False: it is no heap's. */
bool maar__heap_free(void *block, uint32_t entry)
{
	struct maar__alloc_lane *owner = maar__alloc_lane(MAAR__UNIT_OWNER(entry));

	if (owner->kind != MAAR__LANE_HEAP)
		return false;
	if (owner->heap) {
		block = (unsigned char *)block - owner->heap->head;
		maar__inbox_spill(&owner->inbox, block, block);
	}
	return true;
}

struct maar_heap *maar_heap_of(const void *block)
{
	const uint64_t unit = maar__unit_of(block);
	const struct maar__alloc_lane *owner;

	if (!block || !maar__alloc_has_begun())
		return NULL;
	if (!maar__in_range(unit))
		return maar__big_heap(block);
	owner = maar__alloc_lane(MAAR__UNIT_OWNER(maar__unit_entry(unit)));
	return owner ? owner->heap : NULL;
}

void *maar_retain(void *block)
{
	(void)maar_a_add(&((struct head *)block)[-1].count, 1, RELAXED);
	return block;
}

void maar_release(void *block)
{
	if (!block || maar_a_add(&((struct head *)block)[-1].count, UINT64_MAX, RELEASE) != 1) /* R:alloc.count */
		return;
	(void)maar_a_load(&((struct head *)block)[-1].count, ACQUIRE); /* A:alloc.count */
	maar_free(block);
}

/* ---- all of them ---- */

uint32_t maar__heaps(void)
{
	return maar_a_load(&heaps_now, RELAXED);
}

/* What lies in them free goes, unless somebody is at work there. */
void maar__heaps_trim(void)
{
	struct maar_heap *heap;

	maar__alloc_lock(&maar__heaps_lock);
	for (heap = heaps; heap; heap = heap->next) {
		if (heap->flags & MAAR_HEAP_ONE_THREAD || pthread_mutex_trylock(&heap->lock))
			continue;
		maar__alloc_drain(heap->lane);
		maar__slab_sweep(heap->lane);
		pthread_mutex_unlock(&heap->lock);
	}
	maar__alloc_unlock(&maar__heaps_lock);
}

void maar__heaps_lock_all(void)
{
	struct maar_heap *heap;

	pthread_mutex_lock(&maar__heaps_lock);
	for (heap = heaps; heap; heap = heap->next)
		lock(heap);
}

void maar__heaps_unlock_all(void)
{
	struct maar_heap *heap;

	for (heap = heaps; heap; heap = heap->next)
		unlock(heap);
	pthread_mutex_unlock(&maar__heaps_lock);
}

/* Blocks of a slab that are in use: those that are not in its list and were handed out once. */
struct blocks {
	bool (*visit)(void *block, size_t bytes, void *arg);
	void *arg;
	const struct maar_heap *heap;
	size_t n;
	bool end;
	bool freed; /* those too that wait (watch.c) */
};

/* True: go on. */
static bool visit_block(struct blocks *b, unsigned char *block, size_t bytes)
{
	if (maar_unlikely(maar__watched()) && !b->freed) {
		bytes = maar__watch_bytes(block, bytes);
		if (bytes == SIZE_MAX)
			return true;
	}
	b->n++;
	return !b->visit || b->visit(block, bytes, b->arg);
}

/* A bit for each block of 16 bytes of the largest slab of the smallest kind; larger spans have larger blocks. */
#define MOST_BLOCKS 4096

static bool in_slab(struct maar__slab *slab, uint32_t lane, void *arg)
{
	struct blocks *b = arg;
	unsigned char is_free[MOST_BLOCKS / 8] = { 0 };
	const void *at;
	uint32_t i;

	if (lane != b->heap->lane->id)
		return true;
	for (at = slab->free; at; at = *(void *const *)at) {
		i = (uint32_t)((const unsigned char *)at - slab->base) / slab->bytes;
		is_free[i / 8] = (unsigned char)(is_free[i / 8] | 1u << i % 8);
	}
	for (i = 0; i < slab->bump / slab->bytes && !b->end; i++) {
		if (is_free[i / 8] >> i % 8 & 1)
			continue;
		b->end = !visit_block(b, slab->base + (size_t)i * slab->bytes + b->heap->head,
				      slab->bytes - b->heap->head);
	}
	return !b->end;
}

static bool in_mapping(void *at, size_t bytes, struct maar_heap *heap, void *arg)
{
	struct blocks *b = arg;

	if (heap != b->heap)
		return true;
	return visit_block(b, (unsigned char *)at + heap->head, bytes - heap->head);
}

size_t maar__heap_each(struct maar_heap *heap, bool (*visit)(void *block, size_t bytes, void *arg), void *arg,
		       bool freed)
{
	struct blocks b = { visit, arg, heap, 0, false, freed };

	lock(heap);
	maar__alloc_drain_spill(heap->lane);
	maar__spans_each(in_slab, &b);
	if (!b.end)
		(void)maar__big_each(in_mapping, &b);
	unlock(heap);
	return b.n;
}

size_t maar_heap_blocks(struct maar_heap *heap, bool (*visit)(void *block, size_t bytes, void *arg), void *arg)
{
	return heap ? maar__heap_each(heap, visit, arg, false) : 0;
}
