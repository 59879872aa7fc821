/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Blocks as AddressSanitizer and valgrind see them, where one of them watches the program. No thread gets a lane then, so that
 * every call takes the long way, which is the one place where they are told: the short way costs nothing for it. A block has
 * 16 bytes more, the last 8 of which say how many were asked for; what is freed is hidden, and stays so for a while before it
 * is anybody else's. All of this under the common lane's lock.
 */
#include "alloc_priv.h"

#include "../base/options.h"
#include "../base/tools.h"

/* What waits: so many blocks at most, of so many bytes together. */
#define WAIT_BLOCKS 1024
#define WAIT_BYTES  ((size_t)32 << 20)

/* In the last word of a block: it is freed. */
#define FREED (UINT64_C(1) << 63)

#if defined(__SANITIZE_ADDRESS__)
#define IS_WATCHED_ITSELF 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define IS_WATCHED_ITSELF 1
#endif
#endif

unsigned maar__alloc_tools;

static void *waiting[WAIT_BLOCKS]; /* a ring, oldest first */
static size_t first, n;
static size_t bytes_waiting;

void maar__watch_begin(void)
{
	unsigned tools = maar__tools();

#ifdef IS_WATCHED_ITSELF
	/* A library that is itself built to be watched is under test: as it is, with lanes, unless it is asked for. */
	if (!maar__option(MAAR__OPTION_TOOLS))
		tools = 0;
#endif
	maar_a_store(&maar__alloc_tools, tools, RELAXED);
}

static uint64_t *word_of(const void *block, size_t room)
{
	return (uint64_t *)((uintptr_t)block + room - sizeof(uint64_t));
}

void maar__watch_got(void *block, size_t room, size_t bytes, bool zeroed)
{
	const unsigned tools = maar__watched();
	unsigned char *at = block;

	maar__tools_block(tools, at, bytes, zeroed);
	maar__tools_hide(tools, at + bytes, room - bytes);
	maar__tools_poke(tools, word_of(block, room), bytes);
}

size_t maar__watch_bytes(const void *block, size_t room)
{
	const uint64_t bytes = maar__tools_peek(maar__watched(), word_of(block, room));

	return bytes & FREED ? SIZE_MAX : (size_t)bytes;
}

bool maar__watch_freed(void *block, size_t room)
{
	const unsigned tools = maar__watched();
	const size_t bytes = maar__watch_bytes(block, room);

	maar__tools_block_end(tools, block, bytes == SIZE_MAX);
	if (bytes == SIZE_MAX)
		return false;
	maar__tools_poke(tools, word_of(block, room), bytes | FREED);
	maar__tools_hide(tools, block, room);
	waiting[(first + n++) % WAIT_BLOCKS] = block;
	bytes_waiting += room;
	return true;
}

void *maar__watch_next(void)
{
	void *block = waiting[first % WAIT_BLOCKS];
	size_t room;

	if (n < WAIT_BLOCKS && bytes_waiting <= WAIT_BYTES)
		return NULL;
	first++;
	n--;
	room = maar__alloc_room(block);
	bytes_waiting -= room;
	maar__tools_reveal(maar__watched(), block, room);
	return block;
}

/* ---- a heap goes at once ---- */

static bool forget(void *block, size_t room, void *arg)
{
	(void)arg;
	if (maar__watch_bytes(block, room) != SIZE_MAX)
		maar__tools_block_end(maar__watched(), block, false);
	maar__tools_reveal(maar__watched(), block, room);
	return true;
}

static void forget_waiting(const struct maar_heap *heap)
{
	const size_t end = first + n;
	size_t to = first, at;

	for (at = first; at != end; at++) {
		void *block = waiting[at % WAIT_BLOCKS];

		if (maar_heap_of(block) == heap) {
			bytes_waiting -= maar__alloc_room(block);
			maar__tools_reveal(maar__watched(), block, maar__alloc_room(block));
		} else {
			waiting[to++ % WAIT_BLOCKS] = block;
		}
	}
	n = to - first;
}

void maar__watch_span_ends(const struct maar__slab *slab)
{
	maar__tools_hide(maar__watched(), slab->base, maar__span_bytes(slab->kind));
}

void maar__watch_span_begins(const struct maar__slab *slab)
{
	maar__tools_reveal(maar__watched(), slab->base, maar__span_bytes(slab->kind));
}

void maar__watch_heap_ends(struct maar_heap *heap)
{
	struct maar__alloc_visit v;

	(void)maar__heap_each(heap, forget, NULL, true);
	if (!maar__alloc_begin(&v))
		return;
	forget_waiting(heap);
	maar__alloc_end(&v);
}
