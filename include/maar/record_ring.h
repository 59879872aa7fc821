/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * maar_record_ring: a bounded first-in first-out queue of records of varying length, from many threads to one.
 * A producer reserves room, fills it in place, and commits or discards it, in any order and by any thread; the consumer
 * reads records in place. Each record is in one piece. One block of memory without a pointer inside.
 *
 *     line 0  what never changes          words, one for 32 bytes of data        data, `capacity` bytes
 *     line 2  tail, the producers' side   +-----+-----+-----+-----+-----+--     +-----+-----+-----+-----+-----+--
 *     line 4  head, the consumer's side   |word0|     |word2|word3|     | ...   |record 0   |rec 2|record 3   | ...
 *                                         +-----+-----+-----+-----+-----+--     +-----+-----+-----+-----+-----+--
 * Space is counted in grains of 32 bytes, by positions of 64 bits that run free. A record begins on a grain; the word
 * of that grain says {lap, length, reserved | committed | discarded | padding}. Words lie apart from the data, so no
 * content can be taken for one, and the lap tells a word of this time round from an old one: nobody clears anything.
 * A record that would cross the end of the data is put at the beginning, with padding before it.
 * Memory full of zero bytes is an empty ring.
 *
 * Who may call what at the same time (free = any number of threads, one = at most one):
 *                                         | default | SP flag
 *     reserve, enqueue*                   | free    | one
 *     commit*, discard (of other records) | free    | free
 *     peek*, release*, dequeue*, drain    | one     | one
 *     observers, dump                     | free    | free
 *     init, destroy, check                | alone
 * There is one consumer, since records are read where they lie; several may take turns under a lock of theirs.
 * Signal handlers: a call may interrupt any call of the other side, and without the SP flag a producer's call may
 * interrupt a producer's call (its record is behind the interrupted one's: do not wait for it).
 * After fork: the child has a ring of its own (a copy), unless the memory is shared.
 *
 * Progress:
 *     reserve                 lock-free: a thread stopped at any instruction stalls no other; with SP wait-free
 *     commit, discard         wait-free
 *     peek, release, dequeue  wait-free: a bounded number of steps for each record, discarded record and padding passed
 * But: records are taken in the order of their reservation. One that is reserved and neither committed nor discarded,
 * because its producer is stopped, slow or dead, holds back all behind it from the consumer; other producers go on
 * until the ring is full. Any thread may discard it in the producer's stead.
 * Order: what a thread did before commit or discard happens before what the consumer does after it has the record, or
 * has passed it; what the consumer did before release happens before a producer's use of that room.
 * "Full" and "empty" are exact (there was an instant during the call when it was so).
 *
 * Why the orders are right: doc/memory-model.md. Why words apart: doc/design.md. No call allocates, blocks or enters the
 * system, but for create, destroy and dump.
 */
#ifndef MAAR_RECORD_RING_H
#define MAAR_RECORD_RING_H
#define MAAR_BITS_OK 1

#include <stdio.h>
#include <sys/uio.h>

#include <maar/bits/atomic.h>
#include <maar/bits/cc.h>

MAAR_BEGIN_DECLS

/* How a ring is made: flags of init and create, or-ed. */
enum maar_record_ring_flag {
	MAAR_RECORD_RING_SP = 1u << 0, /* a single producer at a time reserves: no compare-and-swap */
};

/*
 * Bytes from one possible beginning of a record to the next. Every record is aligned to it, and takes its length rounded
 * up to it, 32 bytes if its length is 0. 32, because with 64 short records waste more than the words cost (below 128
 * bytes of mean length), and with 16 the words take half as much again as the data.
 */
#define MAAR_RECORD_GRAIN 32

/* The largest capacity, in bytes: 32 GiB. Beyond it is a mistake in a size computation. */
#define MAAR_RECORD_RING_MAX_CAPACITY (UINT64_C(1) << 35)

/* Changes with every change of struct maar_record_ring; init refuses a caller that was compiled with another one. */
#define MAAR_RECORD_RING_LAYOUT 1u

/* Public so that its size is known to who places it in memory of theirs; the fields are the library's business. */
struct maar_record_ring {
	/* Written by init, read by all: the line stays shared in every core's cache. */
	uint32_t magic;	   /* a mark while the ring lives: a stray pointer is refused */
	uint32_t layout;   /* MAAR_RECORD_RING_LAYOUT */
	uint32_t flags;	   /* enum maar_record_ring_flag */
	uint32_t owns;	   /* not 0: create took the memory; a mark of where, so that a copy gives nothing back */
	uint64_t capacity; /* bytes of data, a power of two */
	uint64_t mask;	   /* grains - 1 */
	uint64_t data_at;  /* bytes from the beginning of this struct to the data */
	uint64_t reserved[3];

	/* Written by producers. A line of its own, two lines apart from its neighbours (MAAR_APART). */
	uint64_t tail __attribute__((aligned(MAAR_APART))); /* next position to claim, in grains */
	uint64_t head_seen; /* a past value of head: spares reading the consumer's line */
	uint64_t reserved_p[6];

	/* Written by the consumer. */
	uint64_t head __attribute__((aligned(MAAR_APART))); /* next position to pass, in grains */

	/* Written with head, read by observers. */
	uint64_t padding;   /* bytes of padding passed since init */
	uint64_t taken;	    /* records released since init */
	uint64_t discarded; /* records passed since init that their producers had discarded */
	uint64_t reserved_c[12];
} __attribute__((aligned(MAAR_APART)));

/* A record as the consumer sees it. */
struct maar_record {
	const void *data; /* in the ring, aligned to MAAR_RECORD_GRAIN */
	size_t length;	  /* bytes, as committed */
};

/* What a copy hook returns to give its record up. */
#define MAAR_RECORD_DISCARD SIZE_MAX

/*
 * A producer's copy hook: fills up to `length` bytes at `record`, in the ring. Returns how many it filled, at most
 * `length`, or MAAR_RECORD_DISCARD. It may itself enqueue into this ring.
 */
typedef size_t maar_record_copy_fn(void *record, size_t length, void *arg);

/* Called with a record in the ring; it is gone when the call returns. It must not call the consumer's calls. */
typedef void maar_record_each_fn(const void *record, size_t length, void *arg);

/* ---- life cycle ---- */

/*
 * Bytes that init needs for at least `capacity` bytes of data (rounded up to a power of two, 64 at least), or 0 if
 * capacity is 0 or beyond MAAR_RECORD_RING_MAX_CAPACITY or the size does not fit size_t. It is capacity and a quarter,
 * and the struct. Any thread, any time.
 */
MAAR_API size_t maar_record_ring_bytes(size_t capacity);

/*
 * Makes an empty ring in the caller's memory (aligned to MAAR_APART = 128 bytes, `bytes` long; all of it may be shared
 * between processes that trust each other). What was in the memory is overwritten. Cost: writes a quarter of capacity.
 * Returns 0, or
 *   -EINVAL     mem is NULL or misaligned, capacity is 0, or flags has unknown bits
 *   -EOVERFLOW  capacity is beyond MAAR_RECORD_RING_MAX_CAPACITY, or its bytes do not fit size_t
 *   -ENOSPC     bytes is less than maar_record_ring_bytes(capacity)
 *   -EPROTO     the caller was compiled with headers of another layout than the library's
 */
#define maar_record_ring_init(mem, bytes, capacity, flags)                                                             \
	maar_record_ring_init_layout((mem), (bytes), (capacity), (flags), MAAR_RECORD_RING_LAYOUT)
MAAR_API MAAR_NODISCARD int maar_record_ring_init_layout(void *mem, size_t bytes, size_t capacity, unsigned flags,
							 unsigned layout);

/*
 * init in memory of the library's, straight from the system: costs one mmap, and pages are touched as they are used.
 * Returns NULL with errno set: EINVAL or EOVERFLOW as init, or ENOMEM.
 */
MAAR_API MAAR_MALLOC_LIKE struct maar_record_ring *maar_record_ring_create(size_t capacity, unsigned flags);

/*
 * Ends a ring; no other call may be running or follow. Records left are forgotten, or handed to `each` (may be NULL)
 * with `arg`, oldest first: all that were committed, also those behind a reservation that never was. Gives back what
 * create took; a copy of the ring's bytes elsewhere is a ring of its own, for which nothing was taken. NULL is ignored, and
 * so is what is no ring (MAAR_DEBUG stops the program).
 */
MAAR_API void maar_record_ring_destroy(struct maar_record_ring *ring);
MAAR_API void maar_record_ring_destroy_each(struct maar_record_ring *ring, maar_record_each_fn *each, void *arg);

/* ---- producers: one record at once ---- */

/*
 * Puts a record of `length` bytes at the tail, copied from `bytes` (may be NULL if length is 0).
 * Returns 1, or 0 if there is no room (nothing changed; never room if length > maar_record_ring_max). bytes NULL with
 * length > 0 is refused: 0, and MAAR_DEBUG stops the program.
 * Cost: one compare-and-swap (none with SP), the copy, one or two lines of words.
 */
MAAR_API int maar_record_ring_enqueue(struct maar_record_ring *ring, const void *bytes, size_t length);

/*
 * The same, the record being gathered from n pieces, which together make one record. Also 0 if the sum of their lengths
 * does not fit size_t, or if n > 0 and `pieces` is NULL, or a piece is NULL with a length.
 */
MAAR_API int maar_record_ring_enqueue_v(struct maar_record_ring *ring, const struct iovec *pieces, size_t n);

/*
 * Reserves `length` bytes and lets `copy` fill them with `arg`; commits as many as it says. Returns 1, or 0 if there was
 * no room (`copy` was not called), or `copy` gave up or said more than `length` (MAAR_DEBUG stops the program there):
 * then the record is discarded. The rest that `copy` did not fill becomes padding.
 */
MAAR_API int maar_record_ring_enqueue_with(struct maar_record_ring *ring, size_t length, maar_record_copy_fn *copy,
					   void *arg);

/* ---- producers: in place ---- */

/*
 * Reserves `length` bytes at the tail, 0 to maar_record_ring_max(). Returns where to write them, aligned to
 * MAAR_RECORD_GRAIN and never NULL for 0 bytes; or NULL if there is no room. A length up to maar_record_ring_max()
 * always has room in an empty ring; a longer one never has, which is how the two are told apart. The caller must commit
 * or discard the record: until then it holds back the consumer. What the memory holds is unspecified.
 * Cost: one compare-and-swap (none with SP).
 */
MAAR_API void *maar_record_ring_reserve(struct maar_record_ring *ring, size_t length);

/*
 * Hands a reserved record over to the consumer; `record` is what reserve returned. By any thread, if the reservation
 * happens before. _short: only the first `length` bytes of it, 0 to what was reserved; the rest becomes padding.
 * Returns 1, or 0, and nothing changes, if `record` is not in this ring, not the beginning of a record, or not reserved
 * (committed or discarded before), or if length is greater than what was reserved; MAAR_DEBUG stops the program. A
 * pointer kept beyond commit may have become another's reservation: that cannot be told.
 * Cost: one store.
 */
MAAR_API int maar_record_ring_commit(struct maar_record_ring *ring, void *record);
MAAR_API int maar_record_ring_commit_short(struct maar_record_ring *ring, void *record, size_t length);

/* Gives a reserved record up: the consumer passes over it. Who may call it, returns and refusals: as commit. */
MAAR_API int maar_record_ring_discard(struct maar_record_ring *ring, void *record);

/* ---- the consumer: in place ---- */

/*
 * The oldest record, and its length into *length (may be NULL); the record stays, and stays where it is until it is
 * released. NULL if there is none, or the oldest is reserved and not committed. Peeking again gives the same record.
 * Passes discarded records and padding in front, whose room producers then have.
 */
MAAR_API const void *maar_record_ring_peek(struct maar_record_ring *ring, size_t *length);

/* Gives the room of the oldest committed record back to producers. Returns 1, or 0 if peek would return NULL. */
MAAR_API int maar_record_ring_release(struct maar_record_ring *ring);

/*
 * The oldest records, up to n of them, in order, into records[]. Returns how many; 0 as peek's NULL. release_many gives
 * back the room of the oldest k committed records (peeked or not) with one store to head, and returns how many there
 * were, 0 to k.
 */
MAAR_API size_t maar_record_ring_peek_many(struct maar_record_ring *ring, struct maar_record *records, size_t n);
MAAR_API size_t maar_record_ring_release_many(struct maar_record_ring *ring, size_t k);

/* ---- the consumer: by copy, and by hook ---- */

/*
 * Copies the oldest record to `to`, which has `room` bytes, and releases it. *length (may be NULL) becomes its length.
 * Returns 1; 0 if there is none (*length is 0); or -EMSGSIZE if it is longer than `room`: then it stays, nothing is
 * copied, and *length says how much room it wants. `to` may be NULL if room is 0 (else MAAR_DEBUG stops the program, and it
 * counts as no room).
 */
MAAR_API int maar_record_ring_dequeue(struct maar_record_ring *ring, void *to, size_t room, size_t *length);

/* Hands the oldest record to `each` (NULL: to nobody) with `arg`, then releases it. Returns 1, or 0 if there is none. */
MAAR_API int maar_record_ring_dequeue_with(struct maar_record_ring *ring, maar_record_each_fn *each, void *arg);

/*
 * dequeue_with for all that were there when it began, oldest first. Ends at a record that is reserved and not committed.
 * Returns how many.
 */
MAAR_API size_t maar_record_ring_drain(struct maar_record_ring *ring, maar_record_each_fn *each, void *arg);

/* ---- observers: any thread. A NULL ring answers as one that is full and empty, of capacity 0 ---- */

/* Bytes of data, a power of two, at least as asked. Room for words is not part of it. */
MAAR_API size_t maar_record_ring_capacity(const struct maar_record_ring *ring);

/* The longest record, in bytes: capacity / 2, whatever the position. */
MAAR_API size_t maar_record_ring_max(const struct maar_record_ring *ring);

/* As given at creation. */
MAAR_API unsigned maar_record_ring_flags(const struct maar_record_ring *ring);

/*
 * Bytes claimed (records rounded up to the grain, discarded ones and padding not yet passed), and capacity less that.
 * True at some instant during the call; lock-free, as it looks again when the consumer moved meanwhile. How long a
 * record has room can be less than free_bytes: ask maar_record_ring_full.
 */
MAAR_API size_t maar_record_ring_used_bytes(const struct maar_record_ring *ring);
MAAR_API size_t maar_record_ring_free_bytes(const struct maar_record_ring *ring);

/* Records committed and not yet released. Looks at each: costs a load a record. Right while nothing moves, else near. */
MAAR_API size_t maar_record_ring_count(const struct maar_record_ring *ring);

/* Bytes of padding that the consumer has passed since init: what records that did not fit before the end, and short
 * commits, have cost. Not in it: the rounding up of lengths, and discarded records. */
MAAR_API uint64_t maar_record_ring_padding_bytes(const struct maar_record_ring *ring);

/* 1 if a peek would find nothing, else 0. Exact. Lock-free. */
MAAR_API int maar_record_ring_empty(const struct maar_record_ring *ring);

/* 1 if reserving `length` bytes would find no room, else 0. Exact. Lock-free. */
MAAR_API int maar_record_ring_full(const struct maar_record_ring *ring, size_t length);

/* ---- debug ---- */

/*
 * Writes a description for people to `to`: capacity, positions, counts, and the first records, without their contents.
 * Returns 0, -EINVAL if `ring` is no ring or `to` is NULL, or -EIO. Takes nothing out; records that move meanwhile may
 * show old.
 */
MAAR_API int maar_record_ring_dump(const struct maar_record_ring *ring, FILE *to);

/*
 * Whether a ring at rest is in order: no other call may be running; records may be reserved, and a producer or consumer
 * may have died in a call. Returns 0; -EINVAL if `ring` is no ring; -EBADMSG if its words contradict each other or its
 * positions: memory was overwritten, or a producer died between claiming room and saying so, which destroy_each copes
 * with. Cost: reads every word.
 */
MAAR_API int maar_record_ring_check(const struct maar_record_ring *ring);

MAAR_END_DECLS

#endif
