/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * maar_ring: a bounded first-in first-out queue of 64-bit words or 32-bit handles between threads. One to many
 * producers, one to many consumers, strict FIFO, no locks. One block of memory without a pointer inside; zeroed cells
 * are empty. Values go in singly, in bulk (all or nothing) or in a burst (as many as fit). Flags given at creation
 * choose who may call and how the cells look; every call works on every kind.
 *
 *     line 0  what never changes: capacity, flags        cells, by kind
 *     line 2  tail, the producers' side                  | lap | word | lap | word |  ...   16 bytes: words (default)
 *     line 4  a single consumer's own side         ->    | lap, handle | lap, handle | ...   8 bytes: MAAR_RING_HANDLE
 *     line 6  head: how far cells are free               | word | word | word |  ...         8 bytes: MAAR_RING_SPAN
 *
 * Position p (64 bits, free running) lives in cell p % cells. Lap cells carry a number that tells for which round they
 * were filled: data and "valid" travel between cores in one cache line, and only producers write cells. SPAN (one
 * producer, one consumer) has no laps; its consumer looks at tail: fewer bytes, best for bursts of 16 and more.
 *
 * Who may call what at the same time, by the mode chosen at creation (free = any number of threads, one = at most one):
 *                                   | MPMC | MPSC | SPMC | SPSC |
 *     enqueue*                      | free | free | one  | one  |
 *     dequeue*, drain               | free | one  | free | one  |
 *     peek, release                 |  -   | one  |  -   | one  |     the thread that dequeues
 *     enqueue_overwrite             | free |  -   | one  |  -   |     with MAAR_RING_OVERWRITE
 *     count, empty, dump, ...       | free | free | free | free |
 *     init, destroy, check          | alone, in every mode
 *     (dump of a SPAN ring: while nothing is dequeued, or the entries are read beside the producer's writes)
 * Signal handlers: a call (but create, destroy, dump) may interrupt any of the other side; on a free side also one of
 * its own (with MAAR_RING_TICKET a handler that waits for the interrupted call's value waits for ever).
 * After fork: the child has a ring of its own (a copy), unless the memory is shared.
 * A thread that dies inside a call, or is not forked along, leaves the ring in order, but for two producers: TICKET may
 * leave cells claimed for ever; a single one may leave values that count does not show: as many as it had filled in
 * that call may be lost, its own or the next producer's (check tells: -EOWNERDEAD). What a dead consumer had taken is
 * lost with it.
 * A NULL ring answers as one that is full and empty (MAAR_DEBUG stops the program; assume wants a ring); that any other
 * pointer is a living ring is checked by destroy, check and dump only, by a mark that destroy erases.
 *
 * Progress:
 *     one producer, one consumer    wait-free: a bounded number of steps for each value
 *     many producers (default)      lock-free: a thread stopped or killed at any instruction stalls nobody
 *     many producers, TICKET flag   a producer stopped between claiming cells and filling them hides its cells and
 *                                   all behind them from consumers; other producers go on until the ring is full
 *     many consumers                lock-free in either mode: a stopped consumer stalls nobody
 *
 * Capacity: an enqueue is never refused while fewer than `capacity` values are in the ring. A single consumer tells
 * producers only now and then how far it is (every capacity / 16 values, and when it finds the ring empty), because
 * each telling moves a cache line between cores. Such a ring has twice the cells and may hold up to capacity / 16 - 1
 * values more. With MAAR_RING_EXACT, with many consumers, and up to capacity 16, it holds at most `capacity`. (A single
 * producer of many consumers has twice the cells too, so that what it fills is far from what they read.)
 *
 * Order: what a thread did before enqueueing a value happens before what another does after dequeueing it. What a
 * consumer did with a cell happens before a producer fills it again. "Full" (in rings that hold at most `capacity`) and
 * "empty" are exact: there was an instant during the call when it was so; but with TICKET "empty" may mean "the next
 * cell is claimed and not filled".
 *
 * A cell of a HANDLE ring knows its round by 32 bits: a thread stopped inside a call while exactly k * 2^32 rounds pass
 * (k > 0; with 1024 cells an hour at 10^9 values a second) takes a cell for that of its own round. Words: 2^64 values,
 * 584 years.
 *
 * The lap cell is Vyukov's bounded queue made one-way; where it comes from: doc/lineage.md; why it is right:
 * doc/memory-model.md. No call allocates, blocks or enters the system, but for create, destroy and dump.
 */
#ifndef MAAR_RING_H
#define MAAR_RING_H
#define MAAR_BITS_OK 1

#include <stdio.h>

#include <maar/bits/atomic.h>
#include <maar/bits/cc.h>

MAAR_BEGIN_DECLS

/* How a ring is made: flags of init and create, or-ed. 0 is MPMC, lock-free, of words. */
enum maar_ring_flag {
	MAAR_RING_SP = 1u << 0,	       /* a single producer at a time */
	MAAR_RING_SC = 1u << 1,	       /* a single consumer at a time */
	MAAR_RING_TICKET = 1u << 2,    /* many producers take tickets: faster in bulk, not lock-free (see Progress) */
	MAAR_RING_HANDLE = 1u << 3,    /* values below 2^32 in cells of 8 bytes: half the memory traffic */
	MAAR_RING_SPAN = 1u << 4,      /* SPSC only: a dense array of words, for bursts */
	MAAR_RING_EXACT = 1u << 5,     /* a single consumer tells each dequeue: at most `capacity` values, and cells */
	MAAR_RING_OVERWRITE = 1u << 6, /* many consumers only: allows enqueue_overwrite, which takes the oldest out */

	MAAR_RING_MPMC = 0,
	MAAR_RING_MPSC = MAAR_RING_SC,
	MAAR_RING_SPMC = MAAR_RING_SP,
	MAAR_RING_SPSC = MAAR_RING_SP | MAAR_RING_SC,
};

/* The largest capacity, in entries: up to 64 GiB of cells. Beyond it is a mistake in a size computation. */
#define MAAR_RING_MAX_CAPACITY (UINT64_C(1) << 31)

/* Changes with every change of the structs below; init refuses a caller that was compiled with another one. */
#define MAAR_RING_LAYOUT 3u

/*
 * The default cell. 16 bytes because both words change in one compare-and-swap when many producers share the ring.
 * A HANDLE cell is one uint64_t, lap << 32 | handle; a SPAN cell one uint64_t, the word.
 */
struct maar_ring_cell {
	uint64_t lap;  /* (position | mask) + 1 of the value in `word`; anything older: empty for the coming position */
	uint64_t word; /* the value */
} __attribute__((aligned(16)));

/* Public so that the compiler can inline; the fields are nobody's business but of <maar/bits/ring_*.h>. */
struct maar_ring {
	/* Written by init, read by all: the line stays shared in every core's cache. */
	uint32_t magic;	   /* MAAR__RING_MAGIC while the ring lives: a stray pointer is refused */
	uint32_t layout;   /* MAAR_RING_LAYOUT */
	uint32_t flags;	   /* enum maar_ring_flag */
	uint32_t owns;	   /* not 0: create took the memory; a mark of where, so that a copy gives nothing back */
	uint64_t capacity; /* entries promised, a power of two */
	uint64_t limit;	   /* entries that may be in: capacity, and what a single consumer may not have told yet */
	uint64_t mask;	   /* cells - 1 */
	uint64_t tell;	   /* a single consumer tells its position when one of these bits of it changes */
	uint32_t shift;	   /* log2(cells): a HANDLE cell's lap is position >> shift, plus 1 */
	uint32_t reserved_k;
	uint64_t reserved;

	/* Written by producers. A line of its own, two lines apart from its neighbours (MAAR_APART). */
	uint64_t tail __attribute__((aligned(MAAR_APART))); /* next position to fill; may lag if lock-free */
	uint64_t head_seen; /* a past value of head: spares reading the consumers' line */
	uint64_t reserved_p[6];

	/* Written by a single consumer, and read by observers; many consumers have only head. */
	uint64_t taken __attribute__((aligned(MAAR_APART))); /* next position to take */
	uint64_t tail_seen; /* SPAN: a past value of tail: spares reading the producer's line */
	uint64_t reserved_s[6];

	/* Written by consumers, read by producers in need of room. */
	uint64_t head __attribute__((aligned(MAAR_APART))); /* cells before it are free; many consumers: next to take */
	uint64_t reserved_c[15];
} __attribute__((aligned(MAAR_APART)));

/* Called with each value left in a ring. */
typedef void maar_ring_value_fn(uint64_t value, void *arg);

/* ---- life cycle ---- */

/*
 * Bytes that init needs for at least `capacity` entries (rounded up to a power of two) with these flags, or 0 where
 * init would say -EINVAL or -EOVERFLOW of them. Any thread, any time.
 */
MAAR_API size_t maar_ring_bytes(size_t capacity, unsigned flags);

/*
 * Makes an empty ring in the caller's memory (aligned to MAAR_APART = 128 bytes, `bytes` long; all of it may be shared
 * between processes), at its beginning: (struct maar_ring *)mem. What was in the memory is overwritten, so the caller is
 * alone with it. Cost: writes all bytes.
 * Returns 0, or
 *   -EINVAL     mem is NULL or misaligned, capacity is 0, or flags has unknown bits or bits that exclude each other:
 *               TICKET with SP; SPAN without SPSC or with HANDLE; OVERWRITE with SC
 *   -EOVERFLOW  capacity is beyond MAAR_RING_MAX_CAPACITY, or its bytes do not fit size_t
 *   -ENOSPC     bytes is less than maar_ring_bytes(capacity, flags)
 *   -ENOTSUP    lock-free many-producer mode of words on a processor without a 16-byte compare-and-swap: use
 *               MAAR_RING_HANDLE or MAAR_RING_TICKET
 *   -EPROTO     the caller was compiled with headers of another layout than the library's
 */
#define maar_ring_init(mem, bytes, capacity, flags)                                                                    \
	maar_ring_init_layout((mem), (bytes), (capacity), (flags), MAAR_RING_LAYOUT)
MAAR_API MAAR_NODISCARD int maar_ring_init_layout(void *mem, size_t bytes, size_t capacity, unsigned flags,
						  unsigned layout);

/*
 * Ends a ring; no other call may be running or follow. Values left are forgotten, or handed to `each` (may be NULL)
 * with `arg`, oldest first, up to a cell that a TICKET producer claimed and died before filling. Gives back what create
 * took; a copy of the ring's bytes elsewhere is a ring of its own, for which nothing was taken. NULL is ignored.
 */
MAAR_API void maar_ring_destroy(struct maar_ring *ring);
MAAR_API void maar_ring_destroy_each(struct maar_ring *ring, maar_ring_value_fn *each, void *arg);

/*
 * init in memory of the library's, straight from the system: costs one mmap, and pages are touched as cells are used.
 * Returns NULL with errno set: EINVAL, EOVERFLOW, ENOTSUP or EPROTO as init, or ENOMEM.
 */
#define maar_ring_create(capacity, flags) maar_ring_create_layout((capacity), (flags), MAAR_RING_LAYOUT)
MAAR_API MAAR_MALLOC_LIKE struct maar_ring *maar_ring_create_layout(size_t capacity, unsigned flags, unsigned layout);

/*
 * Tells the compiler that this ring was created with exactly these flags, so that the call it is passed to is compiled
 * for that kind alone: maar_ring_enqueue(maar_ring_assume(ring, MAAR_RING_SPSC | MAAR_RING_HANDLE), value). Returns
 * ring. NULL, and flags that are not the ring's, break the program (MAAR_DEBUG stops it).
 */
MAAR_INLINE struct maar_ring *maar_ring_assume(struct maar_ring *ring, unsigned flags);

/* ---- one value ---- */

/*
 * Puts one value at the tail. Returns 1, or 0 if the ring is full, or HANDLE and the value not below 2^32 (nothing
 * changed; MAAR_DEBUG stops the program in the second case).
 * Cost: one cell line; with many producers also one compare-and-swap (TICKET) or two (lock-free).
 */
MAAR_INLINE size_t maar_ring_enqueue(struct maar_ring *ring, uint64_t value);

/*
 * Takes the oldest value into *value. Returns 1, or 0 if the ring is empty (*value is unspecified).
 * Cost: one cell line; with many consumers also one compare-and-swap.
 */
MAAR_INLINE size_t maar_ring_dequeue(struct maar_ring *ring, uint64_t *value);

/* The same for pointers. Enqueueing NULL is refused (returns 0): dequeue_ptr returns NULL when the ring is empty. */
MAAR_INLINE size_t maar_ring_enqueue_ptr(struct maar_ring *ring, const void *pointer);
MAAR_INLINE void *maar_ring_dequeue_ptr(struct maar_ring *ring);

/* ---- many values: bulk is all or nothing, burst as many as fit ---- */

/*
 * Puts n values, in order. Bulk returns n, or 0 if fewer than n entries are free (always so for n > capacity). Burst
 * returns how many went in, 0 to n. n = 0 returns 0. Consumers may see the first of them before the last is in. On a
 * HANDLE ring one value beyond 32 bits makes either refuse them all (unless it comes after as many as the ring holds).
 * Bulk with n > 1 needs a single producer or TICKET: a lock-free ring with many producers cannot claim n cells at once,
 * and returns 0 (maar_ring_has_enqueue_bulk tells; MAAR_DEBUG stops the program). Burst works in every mode; there,
 * values of other producers may come between.
 */
MAAR_INLINE size_t maar_ring_enqueue_bulk(struct maar_ring *ring, const uint64_t *values, size_t n);
MAAR_INLINE size_t maar_ring_enqueue_burst(struct maar_ring *ring, const uint64_t *values, size_t n);

/*
 * Takes the oldest values, in order. Bulk returns n, or 0 if fewer than n are there; burst returns how many it took, 0
 * to n. They were next to each other in the ring. Entries of values[] beyond the count returned are unspecified.
 * Cost with many consumers: one compare-and-swap a call.
 */
MAAR_INLINE size_t maar_ring_dequeue_bulk(struct maar_ring *ring, uint64_t *values, size_t n);
MAAR_INLINE size_t maar_ring_dequeue_burst(struct maar_ring *ring, uint64_t *values, size_t n);

/*
 * Bursts of pointers: pass any array of pointers, cast to void **. A NULL entry ends an enqueue burst (MAAR_DEBUG stops
 * the program), so an enqueue reads all n entries even if few fit.
 */
MAAR_INLINE size_t maar_ring_enqueue_burst_ptr(struct maar_ring *ring, void *const *pointers, size_t n);
MAAR_INLINE size_t maar_ring_dequeue_burst_ptr(struct maar_ring *ring, void **pointers, size_t n);

/* True if enqueue_bulk with n > 1 can succeed on this ring. */
MAAR_INLINE int maar_ring_has_enqueue_bulk(const struct maar_ring *ring);

/* ---- in place: a single consumer looks first and takes later ---- */

/*
 * Copies up to n of the oldest values without taking them. Returns how many, 0 if the ring is empty, or has many
 * consumers (MAAR_DEBUG stops the program).
 */
MAAR_INLINE size_t maar_ring_peek(struct maar_ring *ring, uint64_t *values, size_t n);

/*
 * Takes the n oldest values, which a peek has shown. Returns n, or 0 (nothing changed) if they are not all there
 * (MAAR_DEBUG stops the program). Cost: looks at n cells; SPAN: none.
 */
MAAR_INLINE size_t maar_ring_release(struct maar_ring *ring, size_t n);

/* ---- overwriting the oldest ---- */

/*
 * Puts one value; as long as the ring is full, takes the oldest value out and hands it to `evicted` (NULL: forgets it)
 * with `arg`. One at most, unless other producers take the room so made; perhaps one that need not have gone, if a
 * consumer makes room at the same time. Returns 1, or 0 if the ring was not made with MAAR_RING_OVERWRITE, refuses the
 * value, or (TICKET) was full with the oldest cell claimed and not filled. It is a producer's call and a consumer's.
 * Lock-free as the ring is; `evicted` runs in the calling thread. (The library must be a debug build to stop misuse.)
 */
MAAR_API size_t maar_ring_enqueue_overwrite(struct maar_ring *ring, uint64_t value, maar_ring_value_fn *evicted,
					    void *arg);

/* ---- the side said in the call: the same operations with the test of the mode compiled out ---- */

/*
 * Legal where they match the ring's mode, and where the caller promises more than the mode asks: _sp on a ring of many
 * producers while no other producer is inside a call (and the others' calls happened before), _sc likewise;
 * enqueue_overwrite is of both sides. Bulk_sp works on a lock-free ring too. The other way round (_mp on an SP ring, _mc
 * on an SC ring) is refused: returns 0, and MAAR_DEBUG stops the program.
 */
MAAR_INLINE size_t maar_ring_enqueue_sp(struct maar_ring *ring, uint64_t value);
MAAR_INLINE size_t maar_ring_enqueue_mp(struct maar_ring *ring, uint64_t value);
MAAR_INLINE size_t maar_ring_dequeue_sc(struct maar_ring *ring, uint64_t *value);
MAAR_INLINE size_t maar_ring_dequeue_mc(struct maar_ring *ring, uint64_t *value);
MAAR_INLINE size_t maar_ring_enqueue_bulk_sp(struct maar_ring *ring, const uint64_t *values, size_t n);
MAAR_INLINE size_t maar_ring_enqueue_bulk_mp(struct maar_ring *ring, const uint64_t *values, size_t n);
MAAR_INLINE size_t maar_ring_dequeue_bulk_sc(struct maar_ring *ring, uint64_t *values, size_t n);
MAAR_INLINE size_t maar_ring_dequeue_bulk_mc(struct maar_ring *ring, uint64_t *values, size_t n);
MAAR_INLINE size_t maar_ring_enqueue_burst_sp(struct maar_ring *ring, const uint64_t *values, size_t n);
MAAR_INLINE size_t maar_ring_enqueue_burst_mp(struct maar_ring *ring, const uint64_t *values, size_t n);
MAAR_INLINE size_t maar_ring_dequeue_burst_sc(struct maar_ring *ring, uint64_t *values, size_t n);
MAAR_INLINE size_t maar_ring_dequeue_burst_mc(struct maar_ring *ring, uint64_t *values, size_t n);

/*
 * Takes everything, oldest first, and hands each value to `each` (NULL: forgets them). A consumer's call. Ends when it
 * finds the ring empty, or has taken a capacity beyond what was there, as producers may go on. Returns how many.
 */
MAAR_API size_t maar_ring_drain(struct maar_ring *ring, maar_ring_value_fn *each, void *arg);

/*
 * ---- observers: any thread; wait-free, but lock-free what counts (it looks again when consumers moved meanwhile) ----
 *
 * True at some instant during the call, but for two things of calls in progress: what a single producer has filled, count
 * does not show yet; what a single consumer has taken, count shows no more, but free_count not before producers have it.
 * So a single producer can rely on at least free_count entries, and a single consumer (but with TICKET) on count.
 */

MAAR_INLINE size_t maar_ring_capacity(const struct maar_ring *ring);   /* entries; a power of two, at least as asked */
MAAR_INLINE unsigned maar_ring_flags(const struct maar_ring *ring);    /* as given at creation */
MAAR_INLINE size_t maar_ring_count(const struct maar_ring *ring);      /* entries claimed or filled */
MAAR_INLINE size_t maar_ring_free_count(const struct maar_ring *ring); /* at most capacity - count: they fit */
MAAR_INLINE int maar_ring_empty(const struct maar_ring *ring);	       /* 1 if a dequeue would find nothing */
MAAR_INLINE int maar_ring_full(const struct maar_ring *ring);	       /* 1 if free_count is 0 */

/*
 * Writes a description for people to `to`: mode, capacity, positions, and the first entries. Returns 0, -EINVAL if
 * `ring` is no ring or `to` is NULL, -EBADMSG if its first line is overwritten, or -EIO. Entries that move meanwhile may
 * show old.
 */
MAAR_API int maar_ring_dump(const struct maar_ring *ring, FILE *to);

/*
 * Validates a ring at rest (nobody calls meanwhile): its geometry, its positions, the lap of every cell. Returns 0, or
 *   -EINVAL      no living ring
 *   -EBADMSG     fields or cells contradict each other: something wrote over the ring
 *   -EOWNERDEAD  all in order, but a producer died inside a call: TICKET, and left cells claimed and not filled; or the
 *                single one, and left values that count does not show
 * Cost: reads all cells.
 */
MAAR_API int maar_ring_check(const struct maar_ring *ring);

MAAR_END_DECLS

#include <maar/bits/ring_impl.h>

#endif
