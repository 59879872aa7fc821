/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * maar_slot_ring: a bounded first-in first-out queue between threads, of elements of one size from 1 byte to 1 MiB that
 * lie in the ring and are filled and read there. A producer reserves a slot, fills it, commits it; a consumer peeks at
 * the oldest slot, reads it, releases it. Nothing is copied, unless by the copying calls enqueue and dequeue. One block
 * of memory without a pointer inside; zeroed cells are empty. Flags given at creation choose who may call; every call
 * works on every kind, but for what the table below says.
 *
 *     line 0  what never changes: capacity, element size, flags          cells
 *     line 2  tail, the producers' side                  ->     | element       | lap | element       | lap | ...
 *     line 4  a single consumer's own side                     up to the stride, 8 B
 *     line 6  head
 *
 * Three kinds. Position p (64 bits, free running) lives in cell p % cells, whose lap tells for which round it is and
 * how far: free, reserved, filled, taken.
 *     SPSC (SP | SC)  cells in order; laps are written by the producer only; the consumer tells its position lazily
 *     TICKET          cells in order of reservation; laps go both ways
 *     neither         lock-free: cells are slots in no order, whose numbers go round through two rings of handles
 *                     behind line 7, one of free slots and one of filled ones. Order is the order of commits.
 *
 * Who may call what at the same time (free = any number of threads, one = at most one; MPMC, MPSC and SPMC are the same
 * with TICKET and without):
 *                                           | MPMC | MPSC | SPMC | SPSC |
 *     reserve*, enqueue*                    | free | free | one  | one  |
 *     commit*                               | free | free | one  | one  |  the producer; TICKET: any thread
 *     abort                                 | free | free | free | one  |  not with TICKET
 *     peek*, dequeue*, drain                | free | one  | free | one  |
 *     release*                              | free | free | free | one  |  any thread, but for SPSC
 *     unpeek                                |  -   |  -   |  -   | one  |
 *     count, empty, dump, ...               | free | free | free | free |
 *     init, destroy, check                  | alone, in every mode
 * Signal handlers and fork: as in <maar/ring.h>; a slot that is out belongs to the thread that has it.
 * A NULL ring answers as one that is full and empty (MAAR_DEBUG stops the program).
 *
 * Progress, and what a thread holds back that stops, or dies, with a slot:
 *     SPSC        every call wait-free. Whoever takes over from a dead producer aborts its reservations, from a dead
 *                 consumer unpeeks what it looked at: abort and unpeek with NULL.
 *     lock-free   nobody holds back anybody: slots are committed and released in any order. A dead thread's slot is
 *                 lost, nothing else. Calls of a single producer, and peeks of a single
 *                 consumer, are wait-free.
 *     TICKET      a cell reserved and not committed hides itself and ALL BEHIND IT from consumers; a cell peeked at and
 *                 not released stops producers when they come round to it, a capacity later. Others go on until then. A
 *                 dead thread's cell therefore stops the ring for good. Commits and releases may come in any order.
 *
 * When to use what. SPSC wherever it fits. TICKET for many threads that do little between reserve and commit. Lock-free
 * where threads may be preempted or die. If slots are to travel through several rings, or to be kept for long, use an
 * mring (<maar/mring.h>, with its lanes) and rings of its handles: this ring's slots go round in this ring alone.
 *
 * Capacity: a reserve is never refused while fewer than `capacity` slots are in use: reserved, filled or looked at.
 * (With TICKET it may be refused for a slot looked at a round ago.) A single consumer of an SPSC ring tells its
 * position every capacity / 16 releases and when it finds the ring empty; such a ring has twice the cells and may hold
 * up to capacity / 16 - 1 elements more. With MAAR_SLOT_RING_EXACT, and up to capacity 16, it holds at most `capacity`.
 *
 * Order: what a thread did before a commit happens before what another does after it peeks at that element. What a
 * consumer did with a slot before its release happens before the next reserve of it. "Full" and "empty" never
 * contradict what happened before the call; TICKET's exceptions are said above.
 *
 * Size of a cell and alignment of elements: see maar_slot_ring_bytes. Where the ideas come from: doc/lineage.md; why
 * the orders suffice: doc/memory-model.md. No call allocates, blocks or enters the system, but for create, destroy,
 * dump.
 */
#ifndef MAAR_SLOT_RING_H
#define MAAR_SLOT_RING_H
#define MAAR_BITS_OK 1

#include <stdio.h>

#include <maar/bits/atomic.h>
#include <maar/bits/cc.h>
#include <maar/ring.h>

MAAR_BEGIN_DECLS

/* How a slot ring is made: flags of init and create, or-ed; values as of enum maar_ring_flag. 0 is MPMC, lock-free. */
enum maar_slot_ring_flag {
	MAAR_SLOT_RING_SP = 1u << 0,	 /* a single producer at a time */
	MAAR_SLOT_RING_SC = 1u << 1,	 /* a single consumer at a time */
	MAAR_SLOT_RING_TICKET = 1u << 2, /* many on a side: cells in order of reservation (see Progress) */
	MAAR_SLOT_RING_EXACT = 1u << 5,	 /* SPSC only: the consumer tells each release: at most `capacity`, ever */
	MAAR_SLOT_RING_LINE = 1u << 7,	 /* elements begin at a cache line; see maar_slot_ring_bytes */

	MAAR_SLOT_RING_MPMC = 0,
	MAAR_SLOT_RING_MPSC = MAAR_SLOT_RING_SC,
	MAAR_SLOT_RING_SPMC = MAAR_SLOT_RING_SP,
	MAAR_SLOT_RING_SPSC = MAAR_SLOT_RING_SP | MAAR_SLOT_RING_SC,
};

/*
 * The largest capacity, in elements, as of a maar_ring; and the largest element, in bytes: offsets in a cell keep to 32
 * bits, and with larger ones the ring's own cost is nothing.
 */
#define MAAR_SLOT_RING_MAX_CAPACITY MAAR_RING_MAX_CAPACITY
#define MAAR_SLOT_RING_MAX_ELEMENT  ((size_t)1 << 20)

/* Changes with every change of the struct below; init refuses a caller that was compiled with another one. */
#define MAAR_SLOT_RING_LAYOUT 2u

/* Public so that the compiler can inline; the fields are nobody's business but of <maar/bits/slot_ring_*.h>. */
struct maar_slot_ring {
	/* Written by init, read by all: the lines stay shared in every core's cache. */
	uint32_t magic;	   /* MAAR__SLOT_RING_MAGIC while the ring lives: a stray pointer is refused */
	uint32_t layout;   /* MAAR_SLOT_RING_LAYOUT */
	uint32_t flags;	   /* enum maar_slot_ring_flag */
	uint32_t owns;	   /* not 0: create took the memory; a mark of where, so that a copy gives nothing back */
	uint64_t capacity; /* elements promised, a power of two */
	uint64_t limit;	   /* elements that may be in: capacity, and what a single consumer may not have told yet */
	uint64_t mask;	   /* cells - 1 */
	uint64_t tell;	   /* SPSC: the consumer tells its position when one of these bits of it changes */
	uint32_t element;  /* bytes of an element */
	uint32_t stride;   /* bytes from one cell to the next */
	uint32_t shift;	   /* stride is an odd number << shift, and */
	uint32_t reserved_k;
	uint64_t inverse;   /* this the odd number's inverse modulo 2^64: from a slot's address to its number */
	uint64_t slots_at;  /* bytes from here to the first element */
	uint64_t filled_at; /* lock-free: bytes from here to the ring of filled slots; free ones: at ring + 1 */
	uint64_t reserved[3];

	/* Written by producers. A line of its own, two lines apart from its neighbours (MAAR_APART). */
	uint64_t tail __attribute__((aligned(MAAR_APART))); /* SPSC: next to commit; TICKET: next to reserve */
	uint64_t next;					    /* SPSC: next position to reserve */
	uint64_t head_seen; /* SPSC: a past value of head: spares reading the consumer's line */
	uint64_t fresh;	    /* lock-free: slots from this one on were never used */
	uint64_t reserved_p[4];

	/* Written by a single consumer (SPSC), and read by observers. */
	uint64_t taken __attribute__((aligned(MAAR_APART))); /* next position to release */
	uint64_t peeked;				     /* next position to peek at */
	uint64_t reserved_s[6];

	/* Written by consumers. SPSC: cells before it are free; TICKET: next position to peek at. */
	uint64_t head __attribute__((aligned(MAAR_APART)));
	uint64_t reserved_c[15];
} __attribute__((aligned(MAAR_APART)));

/* A run of n slots, `stride` bytes from one to the next. */
struct maar_slot_span {
	void *first;
	size_t stride;
	size_t n;
};

/* Called with each element left in a ring; it may read and change it until it returns. */
typedef void maar_slot_ring_fn(void *slot, void *arg);

/* ---- life cycle ---- */

/*
 * Bytes that init needs for at least `capacity` elements (rounded up to a power of two) of `element` bytes with these
 * flags, or 0 if init would refuse them or the size does not fit size_t. Any thread, any time.
 *
 * A cell is the element and behind it, in the last 8 bytes, the lap: 16, 32 or 64 bytes for elements of up to 8, 24 or
 * 56, which are aligned to as many. A larger cell is a multiple of 8 bytes, with the element aligned to 8: packed cells
 * are fewer lines. With MAAR_SLOT_RING_LINE every cell is a multiple of 64, and every element aligned to it. The lap is
 * last because a waiting consumer reads it again and again, and a producer fills an element from its front.
 */
MAAR_API size_t maar_slot_ring_bytes(size_t capacity, size_t element, unsigned flags);

/*
 * Makes an empty ring in the caller's memory (aligned to MAAR_APART = 128 bytes, `bytes` long; all of it may be shared
 * between processes). What was in the memory is overwritten. Cost: writes all bytes.
 * Returns 0, or
 *   -EINVAL     mem is NULL or misaligned, capacity or element is 0, or flags has unknown bits or bits that exclude
 *               each other: TICKET with SPSC; EXACT without SPSC
 *   -EOVERFLOW  capacity is beyond MAAR_SLOT_RING_MAX_CAPACITY, element beyond MAAR_SLOT_RING_MAX_ELEMENT, or the bytes
 *               do not fit size_t
 *   -ENOSPC     bytes is less than maar_slot_ring_bytes(capacity, element, flags)
 *   -EPROTO     the caller was compiled with headers of another layout than the library's
 */
#define maar_slot_ring_init(mem, bytes, capacity, element, flags)                                                      \
	maar_slot_ring_init_layout((mem), (bytes), (capacity), (element), (flags), MAAR_SLOT_RING_LAYOUT)
MAAR_API MAAR_NODISCARD int maar_slot_ring_init_layout(void *mem, size_t bytes, size_t capacity, size_t element,
						       unsigned flags, unsigned layout);

/*
 * init in memory of the library's, straight from the system: costs one mmap, and pages are touched as cells are used.
 * Returns NULL with errno set: EINVAL, EOVERFLOW or EPROTO as init, or ENOMEM.
 */
#define maar_slot_ring_create(capacity, element, flags)                                                                \
	maar_slot_ring_create_layout((capacity), (element), (flags), MAAR_SLOT_RING_LAYOUT)
MAAR_API MAAR_MALLOC_LIKE struct maar_slot_ring *maar_slot_ring_create_layout(size_t capacity, size_t element,
									      unsigned flags, unsigned layout);

/*
 * Ends a ring; no other call may be running or follow. Elements left are forgotten, or handed to `each` (may be NULL)
 * with `arg`, oldest first: those that a single consumer of an SPSC ring looked at too; with TICKET up to a cell
 * reserved and not committed. Gives back what create took; a copy of the ring's bytes elsewhere is a ring of its own, for
 * which nothing was taken. NULL is ignored.
 */
MAAR_API void maar_slot_ring_destroy(struct maar_slot_ring *ring);
MAAR_API void maar_slot_ring_destroy_each(struct maar_slot_ring *ring, maar_slot_ring_fn *each, void *arg);

/*
 * Tells the compiler that this ring was created with exactly these flags and element size, so that the call it is
 * passed to is compiled for that kind alone, and copies for that size. Returns ring. What is not so breaks the program
 * (MAAR_DEBUG stops it).
 */
MAAR_INLINE struct maar_slot_ring *maar_slot_ring_assume(struct maar_slot_ring *ring, size_t element, unsigned flags);

/* ---- one element, in place ---- */

/*
 * The next free slot, for the caller to fill and commit, or NULL if the ring is full. Its bytes are unspecified.
 * Several may be out at once. Cost: SPSC none but the slot's line; TICKET one compare-and-swap; lock-free one, or none
 * if SP.
 */
MAAR_INLINE void *maar_slot_ring_reserve(struct maar_slot_ring *ring);

/*
 * Hands a reserved slot to consumers. SPSC: slots are committed in the order reserved. Returns 1, or 0 (nothing
 * changed; MAAR_DEBUG stops the program) if `slot` is no slot of this ring's, is not reserved (committed before), or
 * (SPSC) not the next. Any thread may commit what another has reserved, but in a ring of one producer without TICKET.
 * Cost: one store; lock-free two compare-and-swaps, or none if SP.
 */
MAAR_INLINE size_t maar_slot_ring_commit(struct maar_slot_ring *ring, void *slot);

/*
 * Gives a reserved slot back unused. SPSC: and all reserved after it. Returns 1, or 0 (nothing changed; MAAR_DEBUG
 * stops the program) as commit, and with TICKET: a place in the line cannot be left; commit an element that says
 * "nothing". SPSC: NULL gives back all, as whoever takes over from a dead producer must, and returns 1.
 */
MAAR_INLINE size_t maar_slot_ring_abort(struct maar_slot_ring *ring, void *slot);

/*
 * The oldest element that no consumer has got yet, for the caller to read (and change) in place and release, or NULL if
 * there is none. Each call gives another one; several may be out at once. Cost: as reserve.
 */
MAAR_INLINE void *maar_slot_ring_peek(struct maar_slot_ring *ring);

/*
 * Frees a slot got by peek for producers. SPSC: in the order peeked. Returns 1, or 0 (nothing changed; MAAR_DEBUG stops
 * the program) if `slot` is no slot of this ring's, not peeked at (released before), or (SPSC) not the next. Cost: one
 * store; lock-free two compare-and-swaps.
 */
MAAR_INLINE size_t maar_slot_ring_release(struct maar_slot_ring *ring, void *slot);

/*
 * SPSC only: the element at `slot` and all peeked at after it come again by peek; NULL: all that are out. Returns 1, or
 * 0 (nothing changed; MAAR_DEBUG stops the program) as release, and in other modes.
 */
MAAR_INLINE size_t maar_slot_ring_unpeek(struct maar_slot_ring *ring, void *slot);

/* ---- many, in place ---- */

/*
 * Reserve or peek at up to n slots at once, next to each other: at most two runs, for the cells end somewhere.
 * Lock-free rings have no neighbours and give two at most, runs of one. Returns how many, 0 to n; unused runs have n
 * = 0. Cost: as for one, and TICKET looks at each cell.
 */
MAAR_INLINE size_t maar_slot_ring_reserve_many(struct maar_slot_ring *ring, struct maar_slot_span runs[2], size_t n);
MAAR_INLINE size_t maar_slot_ring_peek_many(struct maar_slot_ring *ring, struct maar_slot_span runs[2], size_t n);

/* The i-th slot of two runs, or NULL beyond them. */
MAAR_INLINE void *maar_slot_span_at(const struct maar_slot_span runs[2], size_t i);

/*
 * Commit or release the first n slots of two runs. Returns how many: n, or fewer if one was refused (as by commit and
 * release; MAAR_DEBUG stops the program) or the runs have not as many.
 */
MAAR_INLINE size_t maar_slot_ring_commit_many(struct maar_slot_ring *ring, const struct maar_slot_span runs[2],
					      size_t n);
MAAR_INLINE size_t maar_slot_ring_release_many(struct maar_slot_ring *ring, const struct maar_slot_span runs[2],
					       size_t n);

/* ---- copying ---- */

/*
 * Copies an element in, or the oldest out. Returns 1, or 0 if the ring is full or empty, or (SPSC) while slots of this
 * side are out (MAAR_DEBUG stops the program). Cost: reserve and commit, or peek and release, and the copy.
 */
MAAR_INLINE size_t maar_slot_ring_enqueue(struct maar_slot_ring *ring, const void *element);
MAAR_INLINE size_t maar_slot_ring_dequeue(struct maar_slot_ring *ring, void *element);

/*
 * The same with n elements, packed in an array. Bulk is all or nothing: returns n, or 0 if they do not fit or are not
 * there. Burst returns how many it moved, 0 to n. n = 0 returns 0. Bulk with n > 1 needs SPSC or TICKET, for a
 * lock-free ring moves one at a time: there it returns 0 (maar_slot_ring_has_bulk tells; MAAR_DEBUG stops the program).
 */
MAAR_INLINE size_t maar_slot_ring_enqueue_bulk(struct maar_slot_ring *ring, const void *elements, size_t n);
MAAR_INLINE size_t maar_slot_ring_enqueue_burst(struct maar_slot_ring *ring, const void *elements, size_t n);
MAAR_INLINE size_t maar_slot_ring_dequeue_bulk(struct maar_slot_ring *ring, void *elements, size_t n);
MAAR_INLINE size_t maar_slot_ring_dequeue_burst(struct maar_slot_ring *ring, void *elements, size_t n);

/* True if bulk calls with n > 1 can succeed on this ring. */
MAAR_INLINE int maar_slot_ring_has_bulk(const struct maar_slot_ring *ring);

/*
 * Takes everything, oldest first, and hands each element to `each` (NULL: forgets them). A consumer's call. Ends when
 * it finds the ring empty, or has taken a capacity beyond what was there. Returns how many; 0 in an SPSC ring whose
 * consumer has slots out (MAAR_DEBUG stops the program).
 */
MAAR_API size_t maar_slot_ring_drain(struct maar_slot_ring *ring, maar_slot_ring_fn *each, void *arg);

/* ---- observers: any thread; wait-free, but lock-free what counts: it looks again when consumers moved ---- */

MAAR_INLINE size_t maar_slot_ring_capacity(const struct maar_slot_ring *ring); /* elements; a power of two */
MAAR_INLINE size_t maar_slot_ring_element(const struct maar_slot_ring *ring);  /* bytes of one, as given at creation */
MAAR_INLINE size_t maar_slot_ring_stride(const struct maar_slot_ring *ring);   /* bytes from one cell to the next */
MAAR_INLINE unsigned maar_slot_ring_flags(const struct maar_slot_ring *ring);  /* as given at creation */

/*
 * How many elements are in, at some instant during the call. SPSC: committed and not released. Lock-free: committed and
 * not peeked at. TICKET: positions reserved and not peeked at. A single consumer can peek at so many (but with TICKET,
 * and SPSC less those it has out).
 */
MAAR_INLINE size_t maar_slot_ring_count(const struct maar_slot_ring *ring);

/* 1 if a peek would find nothing. Cost: one cell line. */
MAAR_INLINE int maar_slot_ring_empty(const struct maar_slot_ring *ring);

/* 1 if a reserve would be refused. SPSC: if the count is the capacity or more. */
MAAR_INLINE int maar_slot_ring_full(const struct maar_slot_ring *ring);

/*
 * Writes a description for people to `to`: mode, sizes, positions, and the first bytes of the first elements. Returns
 * 0, -EINVAL if `ring` is no slot ring or `to` is NULL, -EBADMSG if its first lines are overwritten, or -EIO. Wants a
 * ring at rest, since it reads elements that others may write.
 */
MAAR_API int maar_slot_ring_dump(const struct maar_slot_ring *ring, FILE *to);

/*
 * Validates a ring at rest (nobody calls meanwhile): its geometry, its positions, every lap. Returns 0, or
 *   -EINVAL      no living slot ring
 *   -EBADMSG     fields or cells contradict each other: something wrote over the ring
 *   -EOWNERDEAD  all in order, but slots are out: reserved and not committed, or peeked at and not released
 * Cost: reads all laps.
 */
MAAR_API int maar_slot_ring_check(const struct maar_slot_ring *ring);

MAAR_END_DECLS

#include <maar/bits/slot_ring_impl.h>

#endif
