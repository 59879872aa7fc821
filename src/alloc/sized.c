/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The calls beside malloc and free: for any size and alignment, zeroed, resized, many at once; and the long way of those two.
 */
#include "alloc_priv.h"

#include <errno.h>

/* The class whose blocks are at multiples of align: MAAR__CLASSES if there is none. */
static unsigned class_for(size_t bytes, size_t align)
{
	unsigned class;

	if (align > MAAR__SPAN_MOST || bytes > MAAR__WHOLE_MOST)
		return MAAR__CLASSES;
	if (align > 16 && (!maar__round_up(bytes ? bytes : 1, align, &bytes) || bytes > MAAR__WHOLE_MOST))
		return MAAR__CLASSES;
	class = maar__class_of(bytes);
	while (maar__class_bytes(class) & (align - 1))
		class ++; /* ends: each doubling has its power of two */
	return class;
}

void *maar__alloc_in(struct maar__alloc_visit *v, size_t bytes, size_t align, bool last, bool *zero)
{
	const unsigned class = class_for(bytes, align);
	void *block = NULL;

	*zero = false;
	if (class < MAAR__CLASSES)
		block = maar__alloc_take(v->lane, class, zero);
	if (!block && (class == MAAR__CLASSES || bytes > MAAR__UNIT || last)) { /* a span wants, a mapping may not */
		maar__alloc_step_out(v);
		block = maar__big_get(bytes, align, v->lane->heap);
		maar__alloc_step_in(v);
		*zero = true;
	}
	return block;
}

void *maar__alloc_any(size_t bytes, size_t align, bool zero)
{
	const int saved = errno;
	struct maar__alloc_visit v;
	bool is_zero = false, last = false;
	unsigned tries = 0;
	void *block = NULL;
	size_t more = 0;

	while (bytes <= PTRDIFF_MAX) {
		if (maar_unlikely(!maar__alloc_begin(&v))) {
			block = v.lane ? maar__side_get(bytes, align) : NULL;
			break;
		}
		more = maar__watch_more(); /* which is not known before the first call has begun */
		block = maar__alloc_in(&v, bytes + more, align, last, &is_zero);
		maar__alloc_end(&v);
		maar__alloc_after();
		if (maar_likely(block) || last)
			break;
		last = !maar__alloc_reclaim(tries++);
	}
	errno = block ? saved : ENOMEM;
	if (block && zero && !is_zero)
		memset(block, 0, bytes);
	if (block && maar_unlikely(more))
		maar__watch_got(block, maar__alloc_room(block), bytes, zero);
	return block;
}

/* From a handler that has interrupted this lane's thread: nothing that it holds may be waited for. */
static MAAR_COLD void free_aside(struct maar__alloc_lane *lane, void *block)
{
	const uint64_t unit = maar__unit_of(block);
	const uint32_t entry = maar__in_range(unit) ? maar__unit_entry(unit) : 1;

	if (MAAR__UNIT_CLASS(entry) == MAAR__CLASS_SIDE && !MAAR__UNIT_OWNER(entry))
		maar__side_put(block);
	else if (entry)
		maar__inbox_spill(&lane->inbox, block, block);
}

static void put_big(void *block)
{
	if (maar__big_put(block))
		return;
	MAAR_DEBUG_CHECK_AS("maar_free", false, "not a block of this allocator");
}

/* With a lane. */
static void give_back(struct maar__alloc_visit *v, void *block)
{
	if (maar__in_range(maar__unit_of(block))) {
		maar__alloc_give(v->lane, block);
		return;
	}
	maar__alloc_step_out(v);
	put_big(block);
	maar__alloc_step_in(v);
}

/* The same, later. */
static MAAR_COLD void give_back_watched(struct maar__alloc_visit *v, void *block)
{
	const size_t room = maar__alloc_room(block);

	if (!room) {
		give_back(v, block);
		return;
	}
	if (maar__watch_freed(block, room))
		while ((block = maar__watch_next()) != NULL)
			give_back(v, block);
}

void maar__alloc_free_slow(void *block)
{
	const int saved = errno;
	struct maar__alloc_visit v;

	if (!maar__alloc_has_begun())
		return; /* there are no blocks */
	if (!maar__alloc_begin(&v)) {
		if (v.lane)
			free_aside(v.lane, block);
		return;
	}
	maar__alloc_count_slow(v.lane);
	if (maar_unlikely(maar__watched()))
		give_back_watched(&v, block);
	else
		give_back(&v, block);
	maar__alloc_end(&v);
	maar__alloc_after();
	errno = saved;
}

/* ---- the calls ---- */

void *maar_calloc(size_t n, size_t bytes)
{
	size_t all;

	if (!maar__mul(n, bytes, &all)) {
		errno = ENOMEM;
		return NULL;
	}
	return maar__alloc_any(all, 1, true);
}

size_t maar_good_size(size_t bytes)
{
	size_t pages;

	if (bytes <= MAAR__WHOLE_MOST)
		return maar__class_bytes(maar__class_of(bytes));
	return maar__round_up(bytes, maar__page(), &pages) ? pages : bytes;
}

size_t maar__alloc_room(const void *block)
{
	const uint64_t unit = maar__unit_of(block);
	const struct maar__alloc_lane *owner;
	uint32_t entry;

	if (!maar__in_range(unit)) {
		const size_t bytes = maar__big_usable(block);

		return bytes ? bytes - maar__heap_head(maar__big_heap(block)) : 0;
	}
	entry = maar__unit_entry(unit);
	if (MAAR__UNIT_CLASS(entry) == MAAR__CLASS_SIDE && !MAAR__UNIT_OWNER(entry))
		return maar__side_usable(block);
	owner = maar__alloc_lane(MAAR__UNIT_OWNER(entry));
	return owner ? maar__class_bytes(MAAR__UNIT_CLASS(entry)) - maar__heap_head(owner->heap) : 0;
}

/* For a mapping with a lane, as it takes a lock that no handler may find held. */
static size_t room_of_big(const void *block)
{
	struct maar__alloc_visit v;
	size_t bytes;

	if (!maar__alloc_begin(&v))
		return 0;
	maar__alloc_step_out(&v);
	bytes = maar__alloc_room(block);
	maar__alloc_step_in(&v);
	maar__alloc_end(&v);
	return bytes;
}

size_t maar_usable_size(const void *block)
{
	size_t bytes;

	if (!block || !maar__alloc_has_begun())
		return 0;
	bytes = maar__in_range(maar__unit_of(block)) ? maar__alloc_room(block) : room_of_big(block);
	if (maar_unlikely(maar__watched()) && bytes) {
		bytes = maar__watch_bytes(block, bytes);
		return bytes == SIZE_MAX ? 0 : bytes;
	}
	return bytes;
}

static void *move(void *block, size_t had, size_t bytes)
{
	void *moved = maar_malloc(bytes);

	if (!moved)
		return NULL;
	memcpy(moved, block, had < bytes ? had : bytes);
	maar_free(block);
	return moved;
}

static void *resize_big(void *block, size_t bytes)
{
	struct maar__alloc_visit v;
	void *moved;

	if (!maar__alloc_begin(&v))
		return NULL;
	maar__alloc_step_out(&v);
	moved = maar__big_resize(block, bytes);
	maar__alloc_step_in(&v);
	maar__alloc_end(&v);
	return moved;
}

/* A block of 0 bytes; else it is none, which a tool is to hear of. */
static bool is_empty(void *block)
{
	if (!maar__watched())
		return false;
	if (maar__alloc_room(block) && maar__watch_bytes(block, maar__alloc_room(block)) == 0)
		return true;
	maar_free(block);
	return false;
}

void *maar_realloc(void *block, size_t bytes)
{
	void *moved = NULL;
	size_t had;

	if (!block)
		return maar_malloc(bytes);
	if (bytes == 0) {
		maar_free(block);
		return NULL;
	}
	had = maar_usable_size(block);
	if (maar_unlikely((!had && !is_empty(block)) || maar__heap_head(maar_heap_of(block)))) {
		errno = EINVAL;
		return NULL;
	}
	if (bytes <= had && (bytes >= had / 2 || had <= 128) && !maar__watched())
		return block;
	if (bytes > PTRDIFF_MAX) {
		errno = ENOMEM;
		return NULL;
	}
	if (bytes > MAAR__WHOLE_MOST && had > MAAR__WHOLE_MOST && !maar__watched())
		moved = resize_big(block, bytes);
	return moved ? moved : move(block, had, bytes);
}

void *maar_reallocarray(void *block, size_t n, size_t bytes)
{
	size_t all;

	if (!maar__mul(n, bytes, &all)) {
		errno = ENOMEM;
		return NULL;
	}
	return maar_realloc(block, all);
}

void *maar_aligned_alloc(size_t align, size_t bytes)
{
	if (!maar__is_pow2(align)) {
		errno = EINVAL;
		return NULL;
	}
	return maar__alloc_any(bytes, align, false);
}

void *maar_memalign(size_t align, size_t bytes)
{
	return maar_aligned_alloc(align ? align : 1, bytes);
}

int maar_posix_memalign(void **block, size_t align, size_t bytes)
{
	const int saved = errno;
	void *got;

	if (!maar__is_pow2(align) || align % sizeof(void *))
		return EINVAL;
	got = maar__alloc_any(bytes, align, false);
	errno = saved;
	if (!got)
		return ENOMEM;
	*block = got;
	return 0;
}

size_t maar_malloc_batch(size_t bytes, void **blocks, size_t n)
{
	struct maar__alloc_visit v;
	size_t got = 0;
	bool zero;

	if (bytes <= MAAR__CLASS_MOST && !maar__watched() && maar__alloc_begin(&v)) {
		const unsigned class = maar__class_of(bytes);

		while (got < n && (blocks[got] = maar__alloc_take(v.lane, class, &zero)) != NULL)
			got++;
		maar__alloc_end(&v);
	}
	while (got < n && (blocks[got] = maar__alloc_any(bytes, 1, false)) != NULL)
		got++;
	return got;
}

void maar_free_batch(void *const *blocks, size_t n)
{
	struct maar__alloc_visit v;
	size_t i = 0;

	if (maar__alloc_has_begun() && !maar__watched() && maar__alloc_begin(&v)) {
		for (; i < n; i++)
			if (maar__in_range(maar__unit_of(blocks[i])))
				maar__alloc_give(v.lane, blocks[i]);
			else if (blocks[i])
				break;
		maar__alloc_end(&v);
	}
	for (; i < n; i++)
		maar_free(blocks[i]);
}
