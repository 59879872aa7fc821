/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * maar_broadcast: a ring in which every reader sees every message. Messages are elements of one size, copied in and
 * out. One producer, or many. A reader that has joined holds the producers back: it loses nothing. A reader that only
 * watches holds nobody back: when it is too slow it is told how many messages it missed, and never gets a torn one.
 * Both kinds may read one ring at the same time. One block of memory without a pointer inside; a watcher needs read
 * access only.
 *
 *     line 0  what never changes: capacity, element   gates, two lines each     cells, capacity of them
 *     line 2  tail: where the next message goes        +--------+--------+--    +-----+---------+-----+---------+--
 *             floor: no joined reader is below it      | gate 0 | gate 1 | ..   | lap | element | lap | element | ..
 *                                                      +--------+--------+--    +-----+---------+-----+---------+--
 * Position p (64 bits, free running) lies in cell p % capacity, and is there when the cell's lap equals 2 * ((p |
 * (capacity - 1)) + 1); one less says that it is being written. A joined reader has a gate, a word that says what it
 * reads next. Producers may fill position p as long as p < floor + capacity; when that leaves no room they look at the
 * gates and raise the floor. Memory full of zero bytes, with line 0 filled in, is an empty ring.
 *
 * Who may call what at the same time (free = any number of threads, one = at most one):
 *     publish*                           one; free with MAAR_BROADCAST_MP
 *     reserve, commit                    one
 *     read*, peek, release, leave        one for each reader: a reader belongs to one thread at a time
 *     join, watch, latest, evict, observers, dump    free
 *     init, destroy, check               alone
 * Signal handlers: a handler may read with a reader of its own, and call latest and the observers, anywhere; it may not
 * publish when it may have interrupted a publish (or join), but that it may with MP: if the ring is full by what it
 * interrupted, it gets 0. After fork: the child has a ring and readers of its own (copies), unless the memory is
 * shared; then each reader must be used by one of the two only. A NULL ring, or a reader that is none, answers as full
 * and empty (MAAR_DEBUG stops the program); that any other pointer is a living ring is checked by join, watch, destroy,
 * dump and check.
 *
 * Progress:
 *     publish, one producer     wait-free; 0 if a joined reader is a capacity behind. A thread that dies inside leaves
 *                               the ring in order: the next producer goes on, and nothing is torn, lost or doubled
 *     publish, MP               lock-free. A producer stopped between claiming a cell and filling it holds back readers
 *                               at that cell, and from one lap later on all producers (they get 0); if it dies there,
 *                               so does the ring
 *     read, one element         wait-free
 *     join, leave, watch        wait-free. A thread stopped inside join may hold producers back, as a joined reader may
 *     a joined reader stopped   after one lap producers get 0, until it goes on, leaves, or is evicted
 *     a watcher stopped         stalls nobody
 * Every loop of every call is bounded, also over memory that another process scribbles on.
 * Order: what a thread did before publishing a message happens before what others do after reading it. What a joined
 * reader did before it released a message happens before a producer fills that cell again.
 *
 * Gating is the Disruptor's idea, copying out with a second look the seqlock's; see doc/lineage.md. Why it is right:
 * doc/memory-model.md. No call allocates, blocks or enters the system, but for create, destroy and dump.
 */
#ifndef MAAR_BROADCAST_H
#define MAAR_BROADCAST_H
#define MAAR_BITS_OK 1

#include <stdio.h>

#include <maar/bits/atomic.h>
#include <maar/bits/cc.h>

MAAR_BEGIN_DECLS

/* How a ring is made: flags of init and create, or-ed. 0 is one producer, readers of both kinds. */
enum maar_broadcast_flag {
	MAAR_BROADCAST_MP = 1u << 0,	   /* many producers at a time (see Progress) */
	MAAR_BROADCAST_IN_PLACE = 1u << 1, /* reserve and commit: elements are plain memory, so nobody may watch */
};

/* How a reader begins, and goes on: flags of join and watch, or-ed. 0: with the next message published. */
enum maar_broadcast_reader_flag {
	MAAR_BROADCAST_OLDEST = 1u << 0, /* begin with the oldest message that can be had, not the next to come */
	MAAR_BROADCAST_NEWEST = 1u << 1, /* watch: after a gap go on with the newest, not the oldest that is safe */
};

/* The most cells: positions are compared in 32 bits where they share a word with a count of changes. */
#define MAAR_BROADCAST_MAX_CAPACITY (UINT64_C(1) << 30)
/* The largest element, in bytes. Beyond it a ring of references to buffers is the better tool. */
#define MAAR_BROADCAST_MAX_ELEMENT 65536u
/* The most gates: raising the floor looks at each, two lines apart. */
#define MAAR_BROADCAST_MAX_CONSUMERS 1024u

/* Changes with every change of the structs below; init refuses a caller that was compiled with another one. */
#define MAAR_BROADCAST_LAYOUT 1u

/* Public so that the compiler can inline; the fields are nobody's business but of <maar/bits/broadcast_impl.h>. */
struct maar_broadcast {
	/* Written by init, read by all: the line stays shared in every core's cache. */
	uint32_t magic;	    /* MAAR__BROADCAST_MAGIC while the ring lives: a stray pointer is refused */
	uint32_t layout;    /* MAAR_BROADCAST_LAYOUT */
	uint32_t flags;	    /* enum maar_broadcast_flag */
	uint32_t owns;	    /* not 0: create took the memory; a mark of where, so that a copy gives nothing back */
	uint64_t capacity;  /* cells, a power of two */
	uint64_t mask;	    /* capacity - 1 */
	uint64_t first;	    /* the position of the first message ever: what is below never was */
	uint32_t element;   /* bytes, a multiple of 8 */
	uint32_t consumers; /* gates */
	uint64_t cells;	    /* bytes from here to cell 0 */
	uint64_t reserved[7];

	/* Written by producers (floor: also by join). Two lines apart from its neighbours (MAAR_APART). */
	uint64_t tail __attribute__((aligned(MAAR_APART))); /* next position to claim or fill */
	uint64_t floor; /* low half: low half of a position below which no joined reader is; high half: changes of it */
	uint64_t reserved_p[14];
} __attribute__((aligned(MAAR_APART)));

/* A reader: the caller's own memory; join or watch fills it in. It may be moved, but not used under two names. */
struct maar_broadcast_reader {
	struct maar_broadcast *ring; /* NULL: not reading */
	uint64_t position;	     /* of the next message */
	uint64_t lost;		     /* messages missed so far */
	uint64_t gate;		     /* what its gate holds, while it has joined */
	uint32_t index;		     /* of its gate */
	uint32_t state;		     /* enum maar__broadcast_state of <maar/bits/broadcast_impl.h> */
	uint32_t flags;		     /* enum maar_broadcast_reader_flag */
	uint32_t reserved[5];
};

/* ---- life cycle ---- */

/*
 * Bytes that init needs for at least `capacity` cells (rounded up to a power of two) of `element` bytes each and
 * `consumers` gates, or 0 if init would refuse them. Any thread, any time. A cell is 8 bytes more than its element: 8,
 * 24, 56 and 120 pack best into cache lines.
 */
MAAR_API size_t maar_broadcast_bytes(size_t capacity, size_t element, size_t consumers);

/*
 * Makes an empty ring in the caller's memory (aligned to MAAR_APART = 128 bytes, `bytes` long; all of it may be shared
 * between processes). At most `consumers` readers can have joined at a time; with 0 nobody can, and producers never
 * wait. What was in the memory is overwritten: all of it is written once. Returns 0, or
 *   -EINVAL     mem is NULL or misaligned; capacity is 0; element is 0 or no multiple of 8; flags has unknown bits, or
 *               IN_PLACE together with MP or with 0 consumers
 *   -EOVERFLOW  capacity, element or consumers is beyond MAAR_BROADCAST_MAX_*, or the bytes do not fit size_t
 *   -ENOSPC     bytes is less than maar_broadcast_bytes(capacity, element, consumers)
 *   -EPROTO     the caller was compiled with headers of another layout than the library's
 */
#define maar_broadcast_init(mem, bytes, capacity, element, consumers, flags)                                           \
	maar_broadcast_init_layout((mem), (bytes), (capacity), (element), (consumers), (flags), MAAR_BROADCAST_LAYOUT)
MAAR_API MAAR_NODISCARD int maar_broadcast_init_layout(void *mem, size_t bytes, size_t capacity, size_t element,
						       size_t consumers, unsigned flags, unsigned layout);

/*
 * init in memory of the library's, straight from the system: costs one mmap, and pages are touched as cells are used.
 * Returns NULL with errno set: EINVAL or EOVERFLOW as init, or ENOMEM.
 */
MAAR_API MAAR_MALLOC_LIKE struct maar_broadcast *maar_broadcast_create(size_t capacity, size_t element,
								       size_t consumers, unsigned flags);

/*
 * Ends a ring; no other call may be running or follow, of its readers neither. Gives back what create took; a copy of the
 * ring's bytes elsewhere is a ring of its own, for which nothing was taken. NULL is ignored.
 */
MAAR_API void maar_broadcast_destroy(struct maar_broadcast *ring);

/* ---- readers ---- */

/*
 * Joins: from now on producers wait for this reader, and it sees every message from where it begins: the next one
 * published, or with MAAR_BROADCAST_OLDEST the oldest that is still protected, which while nobody gates is at least
 * three quarters of a capacity back (all there ever were, if fewer). Fills in *reader. Any thread, while producers run.
 * Returns 0, or
 *   -EINVAL     ring or reader is NULL, ring is no ring, or flags has other bits than MAAR_BROADCAST_OLDEST
 *   -ENOSPC     no gate was found free (one that comes free meanwhile may be overlooked), or there is none at all
 *   -ECANCELED  evicted before it had begun
 * Cost: one look at each gate before the free one, two compare-and-swaps and an addition.
 */
MAAR_API MAAR_NODISCARD int maar_broadcast_join(struct maar_broadcast *ring, struct maar_broadcast_reader *reader,
						unsigned flags);

/*
 * Watches: reads without being waited for, and without writing to the ring. Begins with the next message published, or
 * with MAAR_BROADCAST_OLDEST three quarters of a capacity back (or with the first ever). Any thread, any number.
 * Returns 0, or
 *   -EINVAL   ring or reader is NULL, ring is no ring, or flags has unknown bits
 *   -ENOTSUP  a ring with MAAR_BROADCAST_IN_PLACE
 */
MAAR_API MAAR_NODISCARD int maar_broadcast_watch(const struct maar_broadcast *ring,
						 struct maar_broadcast_reader *reader, unsigned flags);

/*
 * Ends a reader of either kind; a joined one gates nobody any more. The thread that uses the reader.
 * Returns 0, -EINVAL if it is NULL or not reading, or -ECANCELED if it had been evicted (it has ended all the same).
 */
MAAR_API int maar_broadcast_leave(struct maar_broadcast_reader *reader);

/*
 * Names a joined reader for evict: never 0, and never the name of another one to come (but after 2^30 joins at one
 * gate); 0 if it is not joined. And that of the joined reader farthest behind, with what it has yet to read in *lag
 * (may be NULL), or 0 if nobody has joined.
 */
MAAR_API uint64_t maar_broadcast_id(const struct maar_broadcast_reader *reader);
MAAR_API uint64_t maar_broadcast_slowest(const struct maar_broadcast *ring, uint64_t *lag);

/*
 * Removes the joined reader with this name, one that has died or must not gate any longer. Any thread. If it lives, its
 * calls answer 0 from now on (maar_broadcast_joined tells), and what maar_broadcast_read copied is whole or not given
 * at all; but what it peeks at may change under its eyes, and in a ring with MAAR_BROADCAST_IN_PLACE what it copies
 * too: there evict the dead only. Returns 0, -EINVAL if ring is NULL or no ring, or id names no gate, -ENOENT if that
 * reader has left or was evicted, or -EBUSY if it moves on so fast that there is no need to.
 */
MAAR_API int maar_broadcast_evict(struct maar_broadcast *ring, uint64_t id);

/* ---- one message ---- */

/*
 * Publishes one element (`element` bytes as at creation, any alignment). Returns 1; or 0, and nothing has happened, if
 * a joined reader is a capacity behind, or, with MP, if a producer is stopped in the cell since a lap ago. Cost: the
 * element's lines; with MP one compare-and-swap. Every quarter of a capacity, if the ring has gates, a look at each of
 * them and a compare-and-swap.
 */
MAAR_INLINE size_t maar_broadcast_publish(struct maar_broadcast *ring, const void *element);

/*
 * Reads the next message into *element (as many bytes as an element has). Returns 1, or 0 if there is nothing new:
 * *element is unspecified then. *missed (may be NULL) is how many messages went by unread right before it, also when 0
 * is returned; 0 for a joined reader. What it has got and what it has missed add up to all that was published. After a
 * gap a watcher goes on a quarter of a capacity above the oldest (so that it is not overtaken at once), or with
 * MAAR_BROADCAST_NEWEST with the newest message. Cost: the element's lines; joined, one compare-and-swap on the own
 * gate.
 */
MAAR_INLINE size_t maar_broadcast_read(struct maar_broadcast_reader *reader, void *element, uint64_t *missed);

/*
 * The newest message, without a reader: into *element, its position into *position (may be NULL; it is another one when
 * the message is). Returns 1; or 0 if there is none yet, or, in a ring so small and a producer so fast that each try
 * was overtaken, none could be had whole (four cells or more make that rare; in one cell a producer stopped inside
 * hides it), or with MAAR_BROADCAST_IN_PLACE. Any thread, read access suffices. A thread never sees an older one after
 * a newer one, but for MP while claimed cells are unfilled.
 */
MAAR_INLINE size_t maar_broadcast_latest(const struct maar_broadcast *ring, void *element, uint64_t *position);

/* ---- many: bulk is all or nothing, burst as many as fit ---- */

/*
 * Publishes n elements, one behind the other in memory, in order. Bulk returns n, or 0 if there is no room for n
 * (always so for n > capacity). Burst returns how many went in, 0 to n, at most a capacity. n = 0 returns 0. Readers
 * may see the first before the last is in. With MP they stay together.
 */
MAAR_INLINE size_t maar_broadcast_publish_bulk(struct maar_broadcast *ring, const void *elements, size_t n);
MAAR_INLINE size_t maar_broadcast_publish_burst(struct maar_broadcast *ring, const void *elements, size_t n);

/*
 * Reads up to n messages that follow each other. Returns how many, 0 to n; *missed (may be NULL) as with read, before
 * the first. A gap behind the first ends the burst, and the next call tells it. Elements beyond the count are
 * unspecified. Joined: one compare-and-swap for all; cells are free for producers when it returns.
 */
MAAR_INLINE size_t maar_broadcast_read_burst(struct maar_broadcast_reader *reader, void *elements, size_t n,
					     uint64_t *missed);

/* ---- in place, without copying; elements are aligned to 8 bytes ---- */

/*
 * The place of the next message, to be filled in and committed; NULL if there is no room, or the ring was made without
 * MAAR_BROADCAST_IN_PLACE (MAAR_DEBUG stops the program). Again before commit: the same place. It may be left
 * uncommitted.
 */
MAAR_INLINE void *maar_broadcast_reserve(struct maar_broadcast *ring);

/* Publishes what was reserved. Returns 1, or 0 if nothing was (MAAR_DEBUG stops the program). */
MAAR_INLINE size_t maar_broadcast_commit(struct maar_broadcast *ring);

/* Where the next message lies, or NULL if there is none, or if the reader is not joined. It stays until release. */
MAAR_INLINE const void *maar_broadcast_peek(struct maar_broadcast_reader *reader);

/* Done with what peek showed. Returns 1; or 0 if there was nothing to release, or the reader has been evicted: then
 * what peek showed may have changed while it was looked at. */
MAAR_INLINE size_t maar_broadcast_release(struct maar_broadcast_reader *reader);

/* ---- observers: any thread unless about a reader; wait-free; true at some instant during the call ---- */

MAAR_INLINE size_t maar_broadcast_capacity(const struct maar_broadcast *ring);	  /* cells; at least as asked */
MAAR_INLINE size_t maar_broadcast_element(const struct maar_broadcast *ring);	  /* bytes, as given at creation */
MAAR_INLINE size_t maar_broadcast_consumers(const struct maar_broadcast *ring);	  /* gates, as given at creation */
MAAR_INLINE unsigned maar_broadcast_flags(const struct maar_broadcast *ring);	  /* as given at creation */
MAAR_INLINE uint64_t maar_broadcast_published(const struct maar_broadcast *ring); /* messages so far; MP: claimed */
MAAR_API size_t maar_broadcast_joined_count(const struct maar_broadcast *ring);	  /* gates that are taken */

/* Of a reader, by the thread that uses it: messages it has yet to read or to miss (one producer: at least so many are
 * there); missed so far; 1 if it has joined, 0 for a watcher, one that was evicted (as far as its calls have noticed),
 * and one that does not read. */
MAAR_INLINE uint64_t maar_broadcast_lag(const struct maar_broadcast_reader *reader);
MAAR_INLINE uint64_t maar_broadcast_lost(const struct maar_broadcast_reader *reader);
MAAR_INLINE int maar_broadcast_joined(const struct maar_broadcast_reader *reader);

/* ---- debug ---- */

/*
 * Writes a description for people to `to`: make, positions, who has joined, the newest messages' first words. Returns
 * 0, -EINVAL if `ring` is no ring or `to` is NULL, or -EIO.
 */
MAAR_API int maar_broadcast_dump(const struct maar_broadcast *ring, FILE *to);

/*
 * Checks a ring at rest (nobody inside a call). Returns 0; -EINVAL if it is no ring; -EBUSY if a cell is claimed and
 * not filled, or a gate taken and not settled: somebody is inside a call, or died there; -EBADMSG if it is damaged.
 */
MAAR_API int maar_broadcast_check(const struct maar_broadcast *ring);

MAAR_END_DECLS

#include <maar/bits/broadcast_impl.h>

#endif
