/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * maar_malloc: a general allocator by size classes. malloc and free of a thread that frees what it allocated are a pop and a
 * push on a list, without a locked instruction; a block that another thread frees is not touched, its handle goes home
 * in a batch, by value. Memory that is free goes back to the system by itself. First-class heaps, limits, statistics.
 *
 *     1 TiB of addresses: [64 KiB spans ...........][256 KiB ...][1 MiB ...][2 MiB ...]    larger blocks: mappings
 *     a span is a slab:   [block|block|block|block|..untouched..]    of one class, of one thread's lane, no headers
 *     a table of units:   4 bytes for each 64 KiB: {lane, offset, class}, all that free needs to know
 *
 *     thread A's lane: slabs, magazines  <--[ inbox: 123 handles | 123 handles | ... ]--  open batches  <--  thread B frees
 *
 * Sizes: 16 to 128 bytes by 16, then eight to a doubling: at most an eighth above what was asked for. Beyond 2 MiB a mapping
 * of its own, in whole pages. Every block is aligned to 16 bytes; of 0 bytes one gets a block of 16.
 *
 * Who may call what at the same time: everything from any thread, except where a heap's call says otherwise. malloc, calloc,
 * realloc, free and their kind, and usable_size, also from a signal handler, even one that has interrupted them: blocks up
 * to half a MiB then come from a region of 64 MiB of their own (larger: none), and what is freed there is put aside.
 * After fork the child goes on with all blocks. Threads come and go; a lane of one that ended, with what is in it, is the
 * next one's.
 * Progress: malloc and free within the thread's slabs are wait-free. A free of another's block is lock-free, one
 * compare-and-swap for a batch of up to 123. A thread's first call, a new span (a short mutex), blocks beyond 2 MiB,
 * trim, statistics and fork take mutexes. A thread stopped within a free holds back at most the batches behind its own in
 * one other lane's inbox.
 * Order: what a thread did with a block before it freed it happens before what the next does that gets it.
 *
 * Bad input: a pointer that is no block of this allocator is ignored by free (a debug build stops), and usable_size says 0.
 * A block freed twice is not noticed here. In a program built with AddressSanitizer, or under valgrind's memcheck, the tool is
 * told of each block, and of a heap's, with its exact size: it finds that, an overflow, and a use after free (also of a heap
 * that is gone); 1,024 freed blocks wait before they are used again, threads take turns, and realloc moves always. Whole
 * programs: libmaar-malloc-debug(7).
 *
 * From the environment, MAAR_OPTIONS=key=value,...:
 *   limit=BYTES   as maar_alloc_limit    decay=MS  how long free memory stays, default 1000; 0: until trim
 *   idle=0        never start the thread that gives memory back when nobody calls
 *   tools=0       no word to AddressSanitizer and valgrind; 1: also in a library that was built with the former itself
 * Origin of the algorithm: doc/design.md, "The allocator"; whose ideas: doc/lineage.md.
 */
#ifndef MAAR_ALLOC_H
#define MAAR_ALLOC_H
#define MAAR_BITS_OK 1

#include <stdbool.h>
#include <stdio.h>

#include <maar/bits/cc.h>

MAAR_BEGIN_DECLS

/* The largest request that can succeed. */
#define MAAR_ALLOC_MOST ((size_t)PTRDIFF_MAX)

/* ---- blocks; all that return a pointer return NULL with errno = ENOMEM for want of memory, or at the hard limit ---- */

/* A block of at least so many bytes, of any content. */
MAAR_API MAAR_MALLOC_LIKE void *maar_malloc(size_t bytes);

/* n * bytes zero bytes. Memory that is fresh from the system is not written. ENOMEM too if the product overflows. */
MAAR_API MAAR_MALLOC_LIKE void *maar_calloc(size_t n, size_t bytes);

/*
 * The block with another size, at the same place or another; the content stays, as far as it fits. NULL: as malloc. 0 bytes:
 * frees the block and returns NULL. If it returns NULL otherwise the block is as it was. Stays in place if the size is
 * right, or between half and all of it. EINVAL: not a block, or one of a counted heap.
 */
MAAR_API MAAR_NODISCARD void *maar_realloc(void *block, size_t bytes);

/* realloc to n * bytes. ENOMEM, and nothing changed, if that overflows. */
MAAR_API MAAR_NODISCARD void *maar_reallocarray(void *block, size_t n, size_t bytes);

/* Gives a block back, of any of these calls or of a heap. NULL: nothing. Leaves errno alone. */
MAAR_API void maar_free(void *block);

/* The same; `bytes` is what was asked for, or what good_size or usable_size says of it. Not needed, and not checked. */
MAAR_API void maar_free_sized(void *block, size_t bytes);

/* At a multiple of `align`, a power of two, else EINVAL. memalign takes 0 for 1, as the C library's does. */
MAAR_API MAAR_MALLOC_LIKE void *maar_aligned_alloc(size_t align, size_t bytes);
MAAR_API MAAR_MALLOC_LIKE void *maar_memalign(size_t align, size_t bytes);

/* 0 and *block, EINVAL if align is no power of two or no multiple of a pointer's size, ENOMEM. Leaves errno alone. */
MAAR_API MAAR_NODISCARD int maar_posix_memalign(void **block, size_t align, size_t bytes);

/* Bytes of the block, all of which may be used; 0 for NULL and what is none. */
MAAR_API size_t maar_usable_size(const void *block);

/* What maar_usable_size will say of a block of so many bytes. Pure. */
MAAR_API size_t maar_good_size(size_t bytes);

/* ---- many of one size ---- */

/* Up to n blocks; returns how many, fewer (with errno = ENOMEM) only for want of memory. */
MAAR_API size_t maar_malloc_batch(size_t bytes, void **blocks, size_t n);
/* Gives n blocks back, of any size; NULLs among them are passed over. */
MAAR_API void maar_free_batch(void *const *blocks, size_t n);

/* ---- heaps: blocks that go together ---- */

struct maar_heap;

#define MAAR_HEAP_ONE_THREAD 1u /* one thread at a time allocates: no lock */
#define MAAR_HEAP_COUNTED    2u /* each block has a count of references, 1 at first: maar_retain, maar_release */

/*
 * A heap of its own slabs. Blocks of it are freed one by one, by any thread, with maar_free (counted: maar_release), or all
 * at once with the heap. Returns NULL with errno: EINVAL unknown flags; ENOMEM no memory, or more than 65,000 heaps and
 * threads at a time.
 */
MAAR_API MAAR_NODISCARD struct maar_heap *maar_heap_create(unsigned flags);

/*
 * Ends a heap with all blocks that it still has; nobody may use, or be freeing, one of them. Cost: a look at each span in use
 * in the program. NULL: nothing.
 */
MAAR_API void maar_heap_destroy(struct maar_heap *heap);

/* As those above. Not from signal handlers. heap_realloc: of this heap's block, or NULL. In a counted heap align <= 16. */
MAAR_API MAAR_MALLOC_LIKE void *maar_heap_malloc(struct maar_heap *heap, size_t bytes);
MAAR_API MAAR_MALLOC_LIKE void *maar_heap_calloc(struct maar_heap *heap, size_t n, size_t bytes);
MAAR_API MAAR_NODISCARD void *maar_heap_realloc(struct maar_heap *heap, void *block, size_t bytes);
MAAR_API MAAR_MALLOC_LIKE void *maar_heap_memalign(struct maar_heap *heap, size_t align, size_t bytes);

/* The heap that a block is of; NULL: of none. */
MAAR_API struct maar_heap *maar_heap_of(const void *block);

/*
 * A block of a counted heap: one more reference; returns the block. One reference less; the last one frees the block.
 * retain: whoever has a reference. What all holders did with the block happens before it is somebody else's.
 */
MAAR_API void *maar_retain(void *block);
MAAR_API void maar_release(void *block);

/* ---- memory back to the system ---- */

/*
 * Gives back all memory that nobody needs, now: what lies in other threads' lanes too, unless a thread is at work in its
 * lane at this moment. Returns bytes. Cost: a membarrier, a look at each lane, and the system's work.
 */
MAAR_API size_t maar_alloc_trim(void);

/*
 * The most bytes of spans and mappings: 0 for none. malloc beyond the hard limit first gives back what is free, then
 * calls `pressure`, tries again, and returns NULL with ENOMEM. pressure is called also, once for each time, when there
 * come to be more than `soft`; by the thread whose call it was, without locks: it may call everything here. It may be NULL.
 * Returns 0, or -EINVAL: a soft limit without pressure.
 */
MAAR_API int maar_alloc_limit(size_t hard, size_t soft, void (*pressure)(size_t bytes, void *arg), void *arg);

/* ---- statistics: exact as a whole when no other thread calls ---- */

struct maar_alloc_stats {
	uint64_t reserved;    /* bytes of addresses */
	uint64_t committed;   /* bytes of spans that have memory, and of mappings: what the limits count */
	uint64_t spans;	      /* bytes of spans that are slabs */
	uint64_t free_spans;  /* bytes of spans that have memory and are free */
	uint64_t mappings;    /* bytes of blocks beyond 2 MiB */
	uint64_t blocks;      /* blocks in use or on their way home, mappings included */
	uint64_t block_bytes; /* of those */
	uint64_t returned;    /* bytes given back to the system so far, without mappings */
	uint32_t lanes;	      /* there are; */
	uint32_t in_thread;   /* that have a thread; */
	uint32_t heaps;	      /* that are a heap's */
	uint32_t reserved0;
	uint64_t stolen; /* batches that a thread took out of another's inbox */
	uint64_t sent;	 /* batches that went home */
	uint64_t reserved1[4];
};

/*
 * Fills *stats; 0, or -EINVAL. Stops each thread's calls for a moment: cost: a membarrier, and of each lane in turn a walk over the
 * free blocks of the slab it takes from, in each class (malloc and free count nothing): 4,096 of them at most.
 */
MAAR_API int maar_alloc_stats(struct maar_alloc_stats *stats);

#define MAAR_ALLOC_TEXT 0
#define MAAR_ALLOC_JSON 1
/* Writes them, and a line for each class in use, for people or as one JSON object. 0, -EINVAL, or -EIO. */
MAAR_API int maar_alloc_report(FILE *to, int format);

/* A slab or a mapping, as a walk sees it. */
struct maar_alloc_area {
	const struct maar_heap *heap; /* that it is of; NULL: none */
	void *at;
	size_t bytes;
	size_t block_bytes; /* of each */
	uint32_t blocks;    /* that it can have */
	uint32_t used;	    /* in use, or on their way home */
	uint32_t lane;	    /* number of the lane; 0: a mapping */
	uint32_t reserved0;
};

/*
 * Calls visit for each slab and mapping, of all heaps (NULL) or of one, until it returns false; returns how many it saw.
 * visit runs under locks: it may not allocate or free.
 */
MAAR_API size_t maar_heap_walk(const struct maar_heap *heap,
			       bool (*visit)(const struct maar_alloc_area *area, void *arg), void *arg);

/* Calls visit for each block in use of a heap, likewise; no other thread may allocate or free in it meanwhile. */
MAAR_API size_t maar_heap_blocks(struct maar_heap *heap, bool (*visit)(void *block, size_t bytes, void *arg),
				 void *arg);

MAAR_END_DECLS

#endif
