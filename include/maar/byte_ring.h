/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * maar_byte_ring: a stream of bytes from one thread to another. One producer, one consumer, exact capacity, no locks.
 * Bytes are copied in and out (put, get), looked at (peek), dropped (skip), written and read in place (spans), or moved
 * between the ring and a descriptor without a copy in between (read_from, write_to). Message boundaries are not kept:
 * whoever wants records puts lengths into the stream, and puts and gets them all or nothing.
 *
 *     line 0  what never changes: capacity       data, capacity bytes                    only if mirrored: the
 *     line 2  tail, the producer's side     ->  +---------------------------------------+ same bytes once more
 *     line 4  head, the consumer's side         | free |  bytes to be read  |   free    |- - - - - - - - - - -
 *                                               +---------------------------------------+
 *                                                      ^ head               ^ tail
 * Position p (64 bits, free running) lives at p % capacity. Memory full of zero bytes behind the first line is an empty
 * ring. At the end of the data a piece wraps, so a span may come in two parts. A mirrored ring (MAAR_BYTE_RING_MIRROR)
 * has its data mapped twice, back to back, so that every span is one piece.
 *
 * Who may call what at the same time:
 *     put*, write_spans, commit, read_from                 one thread at a time: the producer
 *     get*, peek, skip, drain, read_spans, write_to        one thread at a time: the consumer
 *     capacity, flags, count, free_count, empty, full, dump    any thread, any time
 *     init, destroy, reset, check                          alone
 * Threads may take turns at a side if something orders the turns (a mutex, a join).
 * Signal handlers: a call may interrupt any call of the other side, and no call of its own.
 * After fork: the child has a ring of its own (a copy), unless the memory is shared; that of a mirrored ring is: parent
 * and child then have one ring between them, one of them on each side, and each destroys it for itself.
 * A thread that dies inside a call leaves the ring in order: the call put or took all its bytes or none. If none, what
 * read_from had read from its descriptor is lost, and what write_to had written is still there to be written.
 * A NULL ring answers as one that is full and empty (MAAR_DEBUG stops the program); that any other pointer is a living
 * ring is checked by destroy, check and dump only.
 *
 * Progress: every call is wait-free (a bounded number of steps, and the copy), but for the counts, which look again
 * when the consumer moved meanwhile (lock-free), and read_from and write_to, which wait as their descriptor does.
 * Order: what a producer did before it put or committed bytes happens before what a consumer does after it got, peeked
 * at or was shown them. What a consumer did with bytes before it skipped them happens before they are overwritten.
 * "As many as there are", "as many as fit" and refusals are exact: there was an instant during the call when it was so.
 *
 * Both sides publish with every call. The consumer of a word ring may gain by publishing its head once in a while; here
 * a call moves many bytes, so there is little to gain, and a ring that is to hold N bytes holds N, not N less a slack.
 * Each side remembers the other's position, and looks at the other's line only when what it remembers is not enough.
 *
 * Where it comes from: doc/lineage.md; why it is right: doc/memory-model.md. No call allocates, blocks or enters the
 * system, but for create, destroy, dump, read_from and write_to.
 */
#ifndef MAAR_BYTE_RING_H
#define MAAR_BYTE_RING_H
#define MAAR_BITS_OK 1

#include <stdio.h>
#include <sys/types.h>
#include <sys/uio.h>

#include <maar/bits/atomic.h>
#include <maar/bits/cc.h>

MAAR_BEGIN_DECLS

/* How a ring is made: flags of init and create, or-ed. */
enum maar_byte_ring_flag {
	MAAR_BYTE_RING_MIRROR = 1u << 0, /* create only: the data is mapped twice, every span is one piece */
};

/* The largest capacity: 32 GiB. Beyond it is a mistake in a size computation. */
#define MAAR_BYTE_RING_MAX_CAPACITY (UINT64_C(1) << 35)

/* Changes with every change of the struct below; init refuses a caller that was compiled with another one. */
#define MAAR_BYTE_RING_LAYOUT 1u

/* Public so that the compiler can inline; the fields are nobody's business but of <maar/bits/byte_ring_impl.h>. */
struct maar_byte_ring {
	/* Written by init, read by all: the line stays shared in every core's cache. */
	uint32_t magic;	   /* MAAR__BYTE_RING_MAGIC while the ring lives: a stray pointer is refused */
	uint32_t layout;   /* MAAR_BYTE_RING_LAYOUT */
	uint32_t flags;	   /* enum maar_byte_ring_flag */
	uint32_t owns;	   /* not 0: create took the memory; a mark of where, so that a copy gives nothing back */
	uint64_t capacity; /* bytes, a power of two */
	uint64_t mask;	   /* capacity - 1 */
	uint64_t data_at;  /* bytes from this struct to the data: no pointer, so the memory can be shared */
	uint64_t reach;	   /* bytes from there on that are mapped: capacity, or twice that if mirrored */
	uint64_t reserved[2];

	/* Written by the producer. A line of its own, two lines apart from its neighbours (MAAR_APART). */
	uint64_t tail __attribute__((aligned(MAAR_APART))); /* next position to fill */
	uint64_t head_seen; /* a past value of head: spares reading the consumer's line */
	uint64_t offered;   /* bytes shown by write_spans and not committed yet: no more may be */
	uint64_t reserved_p[5];

	/* Written by the consumer. */
	uint64_t head __attribute__((aligned(MAAR_APART))); /* next position to read */
	uint64_t tail_seen; /* a past value of tail: spares reading the producer's line */
	uint64_t reserved_c[14];
} __attribute__((aligned(MAAR_APART)));

/* ---- life cycle ---- */

/*
 * Bytes of memory that init needs for at least `capacity` bytes of data (rounded up to a power of two), or 0 if capacity
 * is 0 or beyond MAAR_BYTE_RING_MAX_CAPACITY or the size does not fit size_t. Any thread, any time.
 */
MAAR_API size_t maar_byte_ring_bytes(size_t capacity);

/*
 * Makes an empty ring in the caller's memory (aligned to MAAR_APART = 128 bytes, `bytes` long; all of it may be shared
 * between processes). Cost: writes 384 bytes; the data is left as it is. Returns 0, or
 *   -EINVAL     mem is NULL or misaligned, capacity is 0, or flags is not 0 (MIRROR needs create)
 *   -EOVERFLOW  capacity is beyond MAAR_BYTE_RING_MAX_CAPACITY, or its bytes do not fit size_t
 *   -ENOSPC     bytes is less than maar_byte_ring_bytes(capacity)
 *   -EPROTO     the caller was compiled with headers of another layout than the library's
 */
#define maar_byte_ring_init(mem, bytes, capacity, flags)                                                               \
	maar_byte_ring_init_layout((mem), (bytes), (capacity), (flags), MAAR_BYTE_RING_LAYOUT)
MAAR_API MAAR_NODISCARD int maar_byte_ring_init_layout(void *mem, size_t bytes, size_t capacity, unsigned flags,
						       unsigned layout);

/*
 * init in memory of the library's, straight from the system: costs one mmap, and pages are touched as they are used.
 * With MAAR_BYTE_RING_MIRROR the capacity is rounded up to a power of two that is a multiple of the page size, and the
 * memory is that of a memfd (its descriptor is closed again), mapped shared: see above on fork. Costs six system calls
 * and address space for twice the data. A system that is out of memory when a page is first touched may send SIGBUS.
 * Returns NULL with errno set: EINVAL (capacity is 0, an unknown flag), EOVERFLOW as init, ENOMEM; and with MIRROR what
 * memfd_create and mmap say (EMFILE, ENFILE, ENOSYS), or EFBIG (RLIMIT_FSIZE is less than the ring).
 */
MAAR_API MAAR_MALLOC_LIKE struct maar_byte_ring *maar_byte_ring_create(size_t capacity, unsigned flags);

/*
 * Ends a ring; no other call may be running or follow. Bytes left are forgotten. Gives back what create took; a
 * copy of the ring's bytes elsewhere is a ring of its own, for which nothing was taken (of a mirrored ring's it is none).
 * NULL is ignored.
 */
MAAR_API void maar_byte_ring_destroy(struct maar_byte_ring *ring);

/* Empties a ring and starts its positions at 0, as after init. Alone: no other call may be running. */
MAAR_API void maar_byte_ring_reset(struct maar_byte_ring *ring);

/* ---- the producer: bytes in by copy ---- */

/*
 * Puts the first bytes of `bytes`, as many as fit, at most n. Returns how many, 0 to n; 0 if the ring is full or n is 0
 * (then `bytes` may be NULL). The consumer sees all of them at once. If it puts any, it ends an offer of write_spans.
 * Cost: the copy, in two pieces at the end of the data.
 */
MAAR_INLINE size_t maar_byte_ring_put(struct maar_byte_ring *ring, const void *bytes, size_t n);

/*
 * The same, all or nothing: returns n, or 0 if fewer than n bytes are free (always so for n > capacity). A constant n
 * compiles to a move instead of a call of memcpy.
 */
MAAR_INLINE size_t maar_byte_ring_put_all(struct maar_byte_ring *ring, const void *bytes, size_t n);

/* ---- the producer: bytes in without a copy ---- */

/*
 * Shows the free bytes behind the tail, as many as there are, at most `most`: spans[0], then spans[1], whose iov_len is
 * 0 if one piece is enough (always, if mirrored). Returns the sum of both lengths; 0 if the ring is full or most is 0.
 * Nothing is in the ring until commit; a put of a byte or more, a read_from or the next write_spans ends the offer.
 * SIZE_MAX asks for all, and looks at the consumer's line each time; less looks there only when it must.
 */
MAAR_INLINE size_t maar_byte_ring_write_spans(struct maar_byte_ring *ring, struct iovec spans[2], size_t most);

/*
 * Puts the first n bytes of those that the last write_spans showed, less those committed since. Returns n; or 0 if
 * fewer are left of the offer: then nothing has changed, and MAAR_DEBUG stops the program.
 */
MAAR_INLINE size_t maar_byte_ring_commit(struct maar_byte_ring *ring, size_t n);

/*
 * readv(2) from a descriptor straight into the free bytes, at most `most` of them; one call, so it may move fewer, and
 * may block, as the descriptor says. Ends an offer of write_spans. A cancellation point. errno stays as it is.
 * Returns the bytes moved, 0 at end of file, or
 *   -ENOBUFS   the ring is full; nothing was read
 *   -EINVAL    most is 0 (which would be taken for the end of file)
 *   -EAGAIN    the descriptor is non-blocking and has nothing
 *   -EINTR     a signal came first: call again
 *   -errno     whatever else readv says
 */
MAAR_API ssize_t maar_byte_ring_read_from(struct maar_byte_ring *ring, int fd, size_t most);

/* ---- the consumer: bytes out by copy ---- */

/*
 * Takes the oldest bytes into `bytes`, as many as there are, at most n. Returns how many, 0 to n; 0 if the ring is empty
 * or n is 0 (then `bytes` may be NULL). What is behind them in `bytes` is left alone.
 */
MAAR_INLINE size_t maar_byte_ring_get(struct maar_byte_ring *ring, void *bytes, size_t n);

/* The same, all or nothing: returns n, or 0 if fewer than n bytes are there. */
MAAR_INLINE size_t maar_byte_ring_get_all(struct maar_byte_ring *ring, void *bytes, size_t n);

/*
 * Copies bytes and leaves them in the ring: from `offset` bytes behind the oldest on, as many as there are, at most n.
 * Returns how many, 0 to n; 0 if there are no more than `offset`.
 */
MAAR_INLINE size_t maar_byte_ring_peek(struct maar_byte_ring *ring, size_t offset, void *bytes, size_t n);

/*
 * Drops the oldest bytes, as many as there are, at most n. Returns how many. It is what ends the use of bytes seen by
 * read_spans or peek.
 */
MAAR_INLINE size_t maar_byte_ring_skip(struct maar_byte_ring *ring, size_t n);

/* Drops all that is there. Returns how many bytes that was. */
MAAR_API size_t maar_byte_ring_drain(struct maar_byte_ring *ring);

/* ---- the consumer: bytes out without a copy ---- */

/*
 * Shows the oldest bytes, as many as there are, at most `most`: spans[0], then spans[1], whose iov_len is 0 if one piece
 * is enough (always, if mirrored). Returns the sum of both lengths; 0 if the ring is empty or most is 0. They stay in
 * the ring, and the consumer may change them, until skip. SIZE_MAX as in write_spans.
 */
MAAR_INLINE size_t maar_byte_ring_read_spans(struct maar_byte_ring *ring, struct iovec spans[2], size_t most);

/*
 * writev(2) of the oldest bytes to a descriptor, at most `most`, and skips those that were written; one call, so it may
 * move fewer, and may block, as the descriptor says. A cancellation point. errno stays as it is.
 * Returns the bytes moved, 0 if the ring is empty or most is 0, or
 *   -EAGAIN    the descriptor is non-blocking and takes nothing
 *   -EINTR     a signal came first: call again
 *   -EPIPE     nobody reads the other end any more; the signal SIGPIPE comes too, unless the program ignores it
 *   -errno     whatever else writev says
 */
MAAR_API ssize_t maar_byte_ring_write_to(struct maar_byte_ring *ring, int fd, size_t most);

/*
 * ---- observers: any thread; the counts are lock-free (they look again when the consumer moved meanwhile) ----
 *
 * True at some instant during the call. So a producer can rely on at least free_count bytes of room, and a consumer on
 * at least count bytes.
 */

MAAR_INLINE size_t maar_byte_ring_capacity(const struct maar_byte_ring *ring);	 /* bytes; at least as asked */
MAAR_INLINE unsigned maar_byte_ring_flags(const struct maar_byte_ring *ring);	 /* as given at creation */
MAAR_INLINE size_t maar_byte_ring_count(const struct maar_byte_ring *ring);	 /* bytes to be read, 0 to capacity */
MAAR_INLINE size_t maar_byte_ring_free_count(const struct maar_byte_ring *ring); /* capacity - count */
MAAR_INLINE int maar_byte_ring_empty(const struct maar_byte_ring *ring);	 /* 1 if count is 0 */
MAAR_INLINE int maar_byte_ring_full(const struct maar_byte_ring *ring);		 /* 1 if free_count is 0 */

/*
 * Writes a description for people to `to`: form, capacity, count, positions. Returns 0, -EINVAL if `ring` is no ring or
 * `to` is NULL, or -EIO. The bytes are not shown: they are the two sides' alone (a consumer can peek at them).
 */
MAAR_API int maar_byte_ring_dump(const struct maar_byte_ring *ring, FILE *to);

/*
 * Whether a ring at rest is sound: for tests, and for memory that came from elsewhere (a file, another process). Alone.
 * Returns 0, -EINVAL (no ring, or a ring destroyed), -EPROTO (another layout), or -EBADMSG (its fields contradict each
 * other, so that no call may be trusted with it). That `data_at` + `reach` bytes are mapped is not checked.
 */
MAAR_API int maar_byte_ring_check(const struct maar_byte_ring *ring);

MAAR_END_DECLS

#include <maar/bits/byte_ring_impl.h>

#endif
