/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * maar_queue: a first-in first-out queue of 64-bit words that grows and shrinks: one or many producers, one consumer,
 * strict FIFO, no locks. Its memory is slots of the caller's mring, which several queues may share; it takes one when
 * the last is full, and gives one back when it has been read. One spare is kept, so that a queue whose length goes up
 * and down takes and gives nothing. At most as many values as asked for, or as the mring has room for.
 *
 *     struct maar_queue                    slots of the mring, a chunk each
 *     | constants |                        +------+-----------+-----------+--       --+
 *     | tail, and the last chunk       ->  | next | lap, word | lap, word |    ...    |  <- being filled
 *     | taken, and the first chunk  -.     +------+-----------+-----------+--       --+
 *     | spare chunk                   '->  | next | lap, word | lap, word |    ...    |  <- being read
 *
 * Position (64 bits): number of the chunk << s | place in the chunk, 0 to cells - 1; s is constant, and large enough
 * that a handle fits in the lower bits too. The cell of position p is filled when its lap is p + 1. A chunk holds
 * (slot bytes - 16) / 16 cells.
 *
 * Who may call what at the same time (free = any number of threads, one = at most one at a time):
 *                                   | MPSC | SPSC |
 *     enqueue*                      | free | one  |
 *     dequeue*, peek, release, drain| one  | one  |
 *     trim                          | free | free |
 *     count, empty, dump, ...       | free | free |
 *     init, destroy, check          | alone       |
 * Not from signal handlers: the mring's calls may not interrupt each other. After fork the child must leave alone a
 * queue that several threads of the parent were using, as its mring. Not for shared memory: it holds addresses.
 * A NULL queue answers as one that is full and empty (MAAR_DEBUG stops the program); that any other pointer is a
 * living queue is checked by destroy, check, dump and trim only.
 *
 * Progress, but for the mring's get and put, of which there is at most one for each chunk and producer:
 *     one producer      wait-free
 *     many producers    lock-free among themselves: a stopped producer stalls no other. By ticket towards the
 *                       consumer: one stopped between claiming a cell and filling it, or while it adds a chunk, hides
 *                       what is behind it. The others go on, as far as limit and mring have room
 *     consumer          wait-free; one that is stopped stalls nobody (but the memory is not given back)
 * A thread that dies inside a call: a producer of many may leave a cell claimed, and what is behind it hidden, for
 * ever; a single one also may. If it dies while it adds a chunk, the slots behind stay out of the mring for good.
 *
 * Memory: a queue holds two slots from init to destroy (one after trim), so that it has room for one value more when
 * it is empty, whatever other queues take; but while the mring has no slot, one of the two may be with a producer that
 * is just adding a chunk, and others are refused. With a limit it holds at most maar_queue_limit_chunks + 2, and one
 * more for each producer that is inside a call.
 *
 * Order: what a thread did before it enqueued a value happens before what the consumer does after dequeueing it.
 * Values of one producer come out in the order in which it enqueued them; over all producers there is one order, that
 * of the positions. "Full" by limit is exact: there was an instant during the call when it was so. "Empty" may mean
 * "the next cell is claimed and not filled", or "the next chunk is being added": also by a producer that then finds no
 * room in it. "None to be had" of the mring is what the mring says.
 *
 * Positions come round after 2^(64 - s) chunks: a thread stopped inside a call while exactly so many pass takes a place
 * for another. With slots of 4 KiB and 2^16 of them that is 2^56 values, two years at 10^9 a second.
 *
 * After ZeroMQ's ypipe and the array queues; where it comes from: doc/lineage.md; why it is right: doc/memory-model.md.
 */
#ifndef MAAR_QUEUE_H
#define MAAR_QUEUE_H
#define MAAR_BITS_OK 1

#include <stdio.h>

#include <maar/bits/atomic.h>
#include <maar/bits/cc.h>
#include <maar/mring.h>

MAAR_BEGIN_DECLS

/* How a queue is made: flags of init and create, or-ed. There is always one consumer. */
enum maar_queue_flag {
	MAAR_QUEUE_SP = 1u << 0, /* a single producer at a time */

	MAAR_QUEUE_MPSC = 0,
	MAAR_QUEUE_SPSC = MAAR_QUEUE_SP,
};

/* The fewest cells of a chunk: with fewer, the slots would be more header and hand-over than values. */
#define MAAR_QUEUE_LEAST_CELLS 4u

/* Changes with every change of the structs below; init refuses a caller that was compiled with another one. */
#define MAAR_QUEUE_LAYOUT 1u

struct maar_queue_cell {
	uint64_t lap;  /* position + 1 of the value in `word`; anything else: not filled */
	uint64_t word; /* the value */
} __attribute__((aligned(16)));

/* What a slot begins with; the cells follow. */
struct maar_queue_chunk {
	uint64_t next;	   /* handle + 1 of the chunk behind this one; 0: none yet */
	uint64_t reserved; /* so that the cells are aligned to their size */
};

/* Public so that the compiler can inline; the fields are nobody's business but of <maar/bits/queue_impl.h>. */
struct maar_queue {
	/* Written by init, read by all: the lines stay shared in every core's cache. */
	uint32_t magic;		  /* MAAR__QUEUE_MAGIC while the queue lives */
	uint32_t layout;	  /* MAAR_QUEUE_LAYOUT */
	uint32_t flags;		  /* enum maar_queue_flag */
	uint32_t owns;		  /* 1 if create took this struct's memory, so that destroy gives it back */
	struct maar_mring *mring; /* where chunks come from */
	unsigned char *slab;	  /* the mring's, so that its line need not be read */
	uint64_t stride;	  /* the mring's */
	uint64_t cells;		  /* of a chunk */
	uint64_t mask;		  /* 2^s - 1: the part of a position that is the place in the chunk */
	uint32_t shift;		  /* s */
	uint32_t reserved0;
	uint64_t limit; /* values that always fit, as asked for; 0: as many as the mring has room for */
	uint64_t span;	/* positions from the first chunk that may be in use; 0: no limit */
	uint64_t reserved[6];

	/* Written by producers. A line of its own, two lines apart from its neighbours (MAAR_APART). */
	uint64_t tail __attribute__((aligned(MAAR_APART))); /* next position to claim */
	uint64_t tail_chunk; /* the last chunk: its first position | its handle; may lag behind the tail by one chunk */
	uint64_t reserved_p[6];

	/* Written by the consumer; read by observers, and by a producer that adds a chunk to a queue with a limit. */
	uint64_t taken __attribute__((aligned(MAAR_APART))); /* next position to take */
	uint64_t
		head_chunk; /* the first chunk, as tail_chunk; behind `taken` by one when that has been read to its end */
	struct maar_queue_chunk *chunk; /* its address: spares a multiplication for each value */
	uint64_t reserved_c[5];

	/* Written by whoever takes or leaves a spare: once in a chunk. */
	uint64_t spare __attribute__((aligned(MAAR_APART))); /* handle + 1 of a chunk that nobody uses; 0: none */
	uint64_t reserved_s[15];
} __attribute__((aligned(MAAR_APART)));

/* Called with each value that a call hands over. */
typedef void maar_queue_value_fn(uint64_t value, void *arg);

/* ---- life cycle ---- */

/* Bytes that init needs. The same for every queue: the values lie in the mring. Any thread, any time. */
MAAR_API size_t maar_queue_bytes(void);

/*
 * Makes an empty queue in the caller's memory (aligned to MAAR_APART = 128 bytes, `bytes` long), whose values will lie
 * in slots of `mring`. `limit`: how many values always fit as far as the mring has slots; 0: no limit but the mring's.
 * It is rounded up to whole chunks: see maar_queue_limit_chunks. The mring must outlive the queue, and may serve other
 * queues and other purposes. Cost: two slots taken from the mring and written.
 * Returns 0, or
 *   -EINVAL  mem is NULL or misaligned, mring is NULL or none, its slots have no room for 4 cells (80 bytes), or flags
 *            has unknown bits
 *   -ENOSPC  bytes is less than maar_queue_bytes()
 *   -ENOBUFS the mring does not have two slots to be had
 *   -EPROTO  the caller was compiled with headers of another layout than the library's
 */
#define maar_queue_init(mem, bytes, mring, limit, flags)                                                               \
	maar_queue_init_layout((mem), (bytes), (mring), (limit), (flags), MAAR_QUEUE_LAYOUT)
MAAR_API MAAR_NODISCARD int maar_queue_init_layout(void *mem, size_t bytes, struct maar_mring *mring, size_t limit,
						   unsigned flags, unsigned layout);

/*
 * init in memory of the library's. Returns NULL with errno set: EINVAL, ENOBUFS or EPROTO as init, or ENOMEM.
 */
#define maar_queue_create(mring, limit, flags) maar_queue_create_layout((mring), (limit), (flags), MAAR_QUEUE_LAYOUT)
MAAR_API MAAR_MALLOC_LIKE struct maar_queue *maar_queue_create_layout(struct maar_mring *mring, size_t limit,
								      unsigned flags, unsigned layout);

/*
 * Ends a queue and gives its slots back to the mring; no other call may be running or follow. Values left are
 * forgotten, or handed to `each` (may be NULL) with `arg`, oldest first, without those that a producer claimed and died
 * before filling. Gives back what create took. NULL is ignored. (A copy of its bytes is no queue: it has the slots of the
 * first.)
 */
MAAR_API void maar_queue_destroy(struct maar_queue *queue);
MAAR_API void maar_queue_destroy_each(struct maar_queue *queue, maar_queue_value_fn *each, void *arg);

/* ---- one value ---- */

/*
 * Puts one value at the tail. Returns 1, or 0 with nothing changed if limit or mring have no room for another chunk.
 * Cost: one cell line; with many producers also one compare-and-swap; once a chunk a spare, or a slot that is written.
 */
MAAR_INLINE size_t maar_queue_enqueue(struct maar_queue *queue, uint64_t value);

/*
 * Takes the oldest value into *value. Returns 1, or 0 if the queue is empty (*value is unspecified).
 * Cost: one cell line; once a chunk, the old one is left as the spare or given back.
 */
MAAR_INLINE size_t maar_queue_dequeue(struct maar_queue *queue, uint64_t *value);

/* The same for pointers. Enqueueing NULL is refused (returns 0): dequeue_ptr returns NULL when the queue is empty. */
MAAR_INLINE size_t maar_queue_enqueue_ptr(struct maar_queue *queue, const void *pointer);
MAAR_INLINE void *maar_queue_dequeue_ptr(struct maar_queue *queue);

/* ---- many values: as many as there is room for, as many as there are ---- */

/*
 * Puts up to n values, in order; returns how many went in, 0 to n: fewer than n only if limit or mring have no room.
 * Values of other producers may come between two chunks, and nowhere else. n = 0 returns 0.
 * Cost: with many producers one compare-and-swap for all that goes into one chunk.
 */
MAAR_INLINE size_t maar_queue_enqueue_burst(struct maar_queue *queue, const uint64_t *values, size_t n);

/* Takes up to n of the oldest values, in order; returns how many. Those of values[] behind them are unspecified. */
MAAR_INLINE size_t maar_queue_dequeue_burst(struct maar_queue *queue, uint64_t *values, size_t n);

/* ---- in place: the consumer looks first and takes later ---- */

/* Copies up to n of the oldest values without taking them. Returns how many. */
MAAR_INLINE size_t maar_queue_peek(const struct maar_queue *queue, uint64_t *values, size_t n);

/* Takes the n oldest values, which a peek has shown. Returns n, or 0 (nothing changed) if they are not all there. */
MAAR_INLINE size_t maar_queue_release(struct maar_queue *queue, size_t n);

/*
 * A consumer's call: takes what is in the queue when it begins, oldest first, and hands each value to `each` (NULL:
 * forgets them). Ends before a cell that is claimed and not filled. Returns how many.
 */
MAAR_API size_t maar_queue_drain(struct maar_queue *queue, maar_queue_value_fn *each, void *arg);

/*
 * Gives the spare slot back to the mring, if there is one; returns how many, 1 or 0. Any thread. The queue will have a
 * spare again when a chunk has been read. Until then it depends on the mring for its next chunk.
 */
MAAR_API size_t maar_queue_trim(struct maar_queue *queue);

/* ---- observers: any thread; wait-free, but for count and empty, which look again when the consumer moved ---- */

MAAR_INLINE unsigned maar_queue_flags(const struct maar_queue *queue);		 /* as given at creation */
MAAR_INLINE struct maar_mring *maar_queue_mring(const struct maar_queue *queue); /* as given at creation */
MAAR_INLINE size_t maar_queue_limit(const struct maar_queue *queue);		 /* as given at creation; 0: none */

/* Most chunks that hold values at a time: values come to at most this times chunk_values. 0: no limit. */
MAAR_INLINE size_t maar_queue_limit_chunks(const struct maar_queue *queue);

MAAR_INLINE size_t maar_queue_chunk_values(const struct maar_queue *queue); /* values that one slot holds */
MAAR_INLINE size_t maar_queue_count(const struct maar_queue *queue);	    /* values claimed or filled */
MAAR_INLINE int maar_queue_empty(const struct maar_queue *queue);	    /* 1 if count is 0 */

/* Slots that the queue holds, the spare too: exact at rest, else what was so at moments during the call. */
MAAR_INLINE size_t maar_queue_chunks(const struct maar_queue *queue);

/* Writes a description for people to `to`: kind, limit, positions, chunks. Returns 0, -EINVAL if `queue` is no queue or
 * `to` is NULL, or -EIO. Values are not shown: the memory of a queue in use is the consumer's to look at. */
MAAR_API int maar_queue_dump(const struct maar_queue *queue, FILE *to);

/*
 * Validates a queue at rest (nobody calls meanwhile): its fields, its chain of chunks, every cell. Returns 0, or
 *   -EINVAL      no living queue
 *   -EBADMSG     fields or chunks contradict each other: something wrote over the queue or its slots
 *   -EOWNERDEAD  all in order, but a producer died in the middle of a call (see above)
 * Cost: reads all chunks.
 */
MAAR_API int maar_queue_check(const struct maar_queue *queue);

MAAR_END_DECLS

#include <maar/bits/queue_impl.h>

#endif
