/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * maar_batch_ring: a bounded first-in first-out queue of batches of 32-bit handles, by value, between any number of
 * producers and consumers. A batch is 1 to `batch` handles, put in one piece by one compare-and-swap; consumers take
 * all of the oldest batch, or part of it, or several. Strict FIFO, handle by handle, and no locks. One block of memory
 * without a pointer inside; zeroed cells are empty. For slots that move between threads by the dozen, and for whoever
 * has many small values at once.
 *
 *     lock-free (default)                                 MAAR_BATCH_RING_TICKET
 *     cells   | lap, block, n | lap, block, n | ...       cells | lap, n | handles ... | lap, n | handles ... | ...
 *     blocks  | handles ... | handles ... |     ...
 *     spares  | block | block | ... 64 of them            head: | position, 48 bits | handles taken of it, 16 bits |
 *
 * Lock-free: every cell has a block, also while it is empty, and the ring has 64 blocks more, the spares. A producer
 * takes a spare, fills it, and swaps it for the block of the next empty cell, by one compare-and-swap: that is the
 * publication, and the block that comes out is the spare that it puts back. So nobody allocates blocks, consumers give
 * none back, and what a producer has not published nobody waits for. TICKET: a compare-and-swap on tail claims a cell,
 * plain stores fill it where it lies.
 *
 * Who may call what at the same time:
 *     enqueue*                            free: any number of threads
 *     dequeue*, drain                     free
 *     count, handles, empty, dump, ...    free
 *     init, destroy, check                alone
 * Signal handlers: a call may interrupt any call, also one of its own side; with TICKET a handler that waits for the
 * value that the interrupted call is putting waits for ever.
 * After fork: the child has a ring of its own (a copy), unless the memory is shared.
 * A thread that dies inside an enqueue, or is not forked along, leaves the ring in order. Lock-free: it takes at most its
 * own spare with it; check tells how that stands. TICKET: it may leave a cell claimed for ever. One that dies in a
 * dequeue leaves nothing behind.
 * A NULL ring answers as one that is full and empty (MAAR_DEBUG stops the program); that any other pointer is a living
 * ring is checked by destroy, check and dump only.
 *
 * Progress:
 *     enqueue, lock-free    lock-free: a thread stopped or killed at any instruction stalls nobody
 *     enqueue, TICKET       a producer stopped between claiming its cell and filling it hides this batch and all behind
 *                           it from consumers; other producers go on until the ring is full
 *     dequeue               lock-free in either: a stopped consumer stalls nobody
 *     observers             wait-free; count is lock-free
 *
 * Capacity: an enqueue of one batch is never refused while fewer than `capacity` batches are in the ring, a batch of
 * which some handles are left counting as one, and, lock-free, fewer than MAAR_BATCH_RING_SPARES = 64 other producers
 * are inside an enqueue: stopped there, dead there, or running. Beyond that it answers 0 until one comes out.
 *
 * Order: what a thread did before enqueueing a handle happens before what another does after dequeueing it. "Full" and
 * "empty" are exact: there was an instant during the call when it was so; but with TICKET "empty" may mean "the next
 * cell is claimed and not filled".
 *
 * A position has 48 bits: a thread stopped inside a call while exactly k * 2^48 batches pass (k > 0; at 10^8 batches a
 * second a month) takes the head or a cell for that of its own time.
 *
 * Where its ideas come from: doc/lineage.md; why it is right: doc/memory-model.md. No call allocates, blocks or enters
 * the system, but for create, destroy, dump and check.
 */
#ifndef MAAR_BATCH_RING_H
#define MAAR_BATCH_RING_H
#define MAAR_BITS_OK 1

#include <stdio.h>

#include <maar/bits/cc.h>

MAAR_BEGIN_DECLS

/* How a batch ring is made: flags of init and create, or-ed. 0 is lock-free. */
enum maar_batch_ring_flag {
	MAAR_BATCH_RING_TICKET = 1u << 0, /* producers take tickets: cheaper, not lock-free (see Progress) */
};

/* The most handles of a batch: what 8 bits of a cell count. */
#define MAAR_BATCH_RING_MAX_BATCH 256

/* The largest capacity, in batches. Beyond it is a mistake in a size computation. */
#define MAAR_BATCH_RING_MAX_CAPACITY (UINT64_C(1) << 32)

/* Spare blocks of a lock-free ring: as many producers can be inside an enqueue at once, or have died there. */
#define MAAR_BATCH_RING_SPARES 64

/* Changes with every change of struct maar_batch_ring; init refuses a caller that was compiled with another one. */
#define MAAR_BATCH_RING_LAYOUT 1u

/* Public so that its size is known to who places it in memory of theirs; the fields are the library's business. */
struct maar_batch_ring {
	/* Written by init, read by all: the line stays shared in every core's cache. */
	uint32_t magic;	   /* a mark while the ring lives: a stray pointer is refused */
	uint32_t layout;   /* MAAR_BATCH_RING_LAYOUT */
	uint32_t flags;	   /* enum maar_batch_ring_flag */
	uint32_t owns;	   /* not 0: create took the memory; a mark of where, so that a copy gives nothing back */
	uint64_t capacity; /* batches, a power of two; the ring has as many cells */
	uint64_t mask;	   /* of a position within the cells: positions count in 1/65536 of a batch */
	uint64_t stride;   /* bytes of a block; TICKET: of a cell */
	uint64_t blocks;   /* bytes from this struct to the first block; TICKET: to the first cell's handles */
	uint32_t batch;	   /* the most handles of one batch */
	uint32_t reserved_k[3];

	/* Written by producers. A line of its own, two lines apart from its neighbours (MAAR_APART). */
	uint64_t tail
		__attribute__((aligned(MAAR_APART))); /* next position to fill; lock-free: a hint, which may lag */
	uint64_t head_seen;			      /* a past value of head: spares reading the consumers' line */
	uint64_t reserved_p[6];

	/* Written by consumers, read by producers in need of room. */
	uint64_t head __attribute__((aligned(MAAR_APART))); /* next batch to take from, and handles taken of it */
	uint64_t reserved_c[15];
} __attribute__((aligned(MAAR_APART)));

/* Called with each handle left in a ring. */
typedef void maar_batch_ring_handle_fn(uint32_t handle, void *arg);

/* ---- life cycle ---- */

/*
 * Bytes that init needs for at least `capacity` batches (rounded up to a power of two) of up to `batch` handles, or 0 if
 * init would refuse them. Lock-free: a line for each of capacity cells and 64 spares, and the lines of as many batches.
 * Any thread, any time.
 */
MAAR_API size_t maar_batch_ring_bytes(size_t capacity, size_t batch, unsigned flags);

/*
 * Makes an empty ring in the caller's memory (aligned to MAAR_APART = 128 bytes, `bytes` long; all of it may be shared
 * between processes that trust each other). What was in the memory is overwritten. Cost: writes all bytes.
 * Returns 0, or
 *   -EINVAL     mem is NULL or misaligned, capacity or batch is 0, or flags has unknown bits
 *   -EOVERFLOW  capacity is beyond MAAR_BATCH_RING_MAX_CAPACITY, batch beyond MAAR_BATCH_RING_MAX_BATCH, or the bytes do
 *               not fit size_t
 *   -ENOSPC     bytes is less than maar_batch_ring_bytes(capacity, batch, flags)
 *   -EPROTO     the caller was compiled with headers of another layout than the library's
 */
#define maar_batch_ring_init(mem, bytes, capacity, batch, flags)                                                       \
	maar_batch_ring_init_layout((mem), (bytes), (capacity), (batch), (flags), MAAR_BATCH_RING_LAYOUT)
MAAR_API MAAR_NODISCARD int maar_batch_ring_init_layout(void *mem, size_t bytes, size_t capacity, size_t batch,
							unsigned flags, unsigned layout);

/*
 * init in memory of the library's, straight from the system: costs one mmap, and pages are touched as they are used.
 * Returns NULL with errno set: EINVAL or EOVERFLOW as init, or ENOMEM.
 */
MAAR_API MAAR_MALLOC_LIKE struct maar_batch_ring *maar_batch_ring_create(size_t capacity, size_t batch, unsigned flags);

/*
 * Ends a ring; no other call may be running or follow. Handles left are forgotten, or handed to `each` (may be NULL)
 * with `arg`, oldest first, up to a cell that a TICKET producer claimed and died before filling. Gives back what create
 * took; a copy of the ring's bytes elsewhere is a ring of its own, for which nothing was taken. NULL is ignored, and
 * so is what is no ring (MAAR_DEBUG stops the program).
 */
MAAR_API void maar_batch_ring_destroy(struct maar_batch_ring *ring);
MAAR_API void maar_batch_ring_destroy_each(struct maar_batch_ring *ring, maar_batch_ring_handle_fn *each, void *arg);

/* ---- one batch ---- */

/*
 * Puts one batch of n handles, all or nothing: its handles are next to each other in the ring, and no consumer sees one
 * of them before all are in. Returns n, or 0 if the ring is full or (see Capacity) out of spares, n is 0, or n is more
 * than a batch (MAAR_DEBUG stops the program).
 * Cost, lock-free: two compare-and-swaps and the block's lines; TICKET: one, and the cell's lines. Short batches take
 * up as much of the ring as full ones.
 */
MAAR_API size_t maar_batch_ring_enqueue(struct maar_batch_ring *ring, const uint32_t *handles, size_t n);

/*
 * Takes what is left of the oldest batch, up to `room` handles, in order. Returns how many, at least 1; or 0 if the ring
 * is empty, or room is 0. Whoever takes with room for a whole batch gets batches as they were put, unless others take
 * with less. Entries of handles[] beyond the count returned are unspecified.
 * Cost: the cell, the block's lines, one compare-and-swap.
 */
MAAR_API size_t maar_batch_ring_dequeue(struct maar_batch_ring *ring, uint32_t *handles, size_t room);

/* ---- any number of handles ---- */

/*
 * Puts n handles as one batch after another, each full but for the last. Returns how many went in, 0 to n: a multiple of
 * the batch, or n. Other producers' batches may come between them, not within. As enqueue otherwise.
 */
MAAR_API size_t maar_batch_ring_enqueue_burst(struct maar_batch_ring *ring, const uint32_t *handles, size_t n);

/*
 * Takes the oldest handles, up to `room`, across batches, until there is no more room or the ring is empty. Returns how
 * many. They were next to each other in the ring: it costs one compare-and-swap in all. It is repeated if another
 * consumer comes first, so where many consumers meet ask for a few batches at a time.
 */
MAAR_API size_t maar_batch_ring_dequeue_burst(struct maar_batch_ring *ring, uint32_t *handles, size_t room);

/*
 * Takes everything, oldest first, and hands each handle to `each` (NULL: forgets them). A consumer's call. Ends when it
 * finds the ring empty, or has taken as many handles as a full ring has beyond what was there, as producers may go on.
 * Returns how many.
 */
MAAR_API size_t maar_batch_ring_drain(struct maar_batch_ring *ring, maar_batch_ring_handle_fn *each, void *arg);

/* ---- observers: any thread. A NULL ring answers as one that is full and empty, of capacity 0 ---- */

/* The most batches, a power of two; the most handles of one; the flags of creation. They never change. */
MAAR_API size_t maar_batch_ring_capacity(const struct maar_batch_ring *ring);
MAAR_API size_t maar_batch_ring_batch(const struct maar_batch_ring *ring);
MAAR_API unsigned maar_batch_ring_flags(const struct maar_batch_ring *ring);

/*
 * Batches in the ring, those in part taken included, and with TICKET those claimed and not filled: 0 to capacity. True
 * at some instant during the call, by what is published; lock-free, as it looks again when consumers moved meanwhile.
 */
MAAR_API size_t maar_batch_ring_count(const struct maar_batch_ring *ring);

/*
 * Handles in the ring: exact while nothing moves, else between 0 and capacity * batch. Costs a look at each cell in use;
 * wait-free.
 */
MAAR_API size_t maar_batch_ring_handles(const struct maar_batch_ring *ring);

/* 1 if a dequeue would find nothing; 1 if `capacity` batches are in. Else 0. */
MAAR_API int maar_batch_ring_empty(const struct maar_batch_ring *ring);
MAAR_API int maar_batch_ring_full(const struct maar_batch_ring *ring);

/* ---- debug ---- */

/*
 * Writes a description for people to `to`: kind, positions, counts, spares, and the first batches. Returns 0, -EINVAL if
 * `ring` is no ring or `to` NULL, or -EIO. Takes nothing out; batches that move meanwhile may show old.
 */
MAAR_API int maar_batch_ring_dump(const struct maar_batch_ring *ring, FILE *to);

/*
 * Validates a ring at rest (nobody calls meanwhile): its geometry, its positions, every cell, and that each block is
 * somewhere once. Returns 0, or
 *   -EINVAL      no living ring
 *   -EBADMSG     fields or cells contradict each other: something wrote over the ring
 *   -EOWNERDEAD  all in order, but a producer died inside an enqueue: it took a spare with it, or (TICKET) left a cell
 *                claimed for ever
 *   -ENOMEM      no memory for a bit for each block
 * Cost: reads all cells.
 */
MAAR_API int maar_batch_ring_check(const struct maar_batch_ring *ring);

MAAR_END_DECLS

#endif
