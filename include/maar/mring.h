/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * maar_mring: a multiple ring buffer. A number of fixed-size slots, which may grow, that any thread takes and any thread
 * gives back. A slot has an address and a 32-bit handle, each found from the other in constant time; handles fit rings and
 * shared memory. Message pools and object pools are made of it.
 *
 *     slab 0 | slot 0 | slot 1 | ... | slab 1 | slot k | ... | no memory yet ...  each `stride` bytes apart, aligned
 *
 *     thread A's lane [s s s s . . . .]  --batch-->  shared ring of batches, by value  --batch-->  [s s . . . .] lane B
 *                      get/put here                  | 124 handles | 124 handles | ...
 *
 * Each thread that calls has a lane of its own, a small stack of free slots, used without a locked instruction. A full
 * lane copies a batch of handles into one cell of the shared ring; an empty one copies a batch out. Freed slots
 * themselves are never written, so their cache lines stay where they are. Slots never used before are not touched.
 * What lies in the lanes of threads that idle, or have ended, counts as free: a get that finds nothing else takes it out.
 *
 * Who may call what at the same time: get, put, bulk, flush, conversions, observers: any thread, freely.
 * create: alone. destroy: alone, after every other call has returned; threads that used the mring may live on.
 * Not from signal handlers that interrupt get or put.
 * After fork the child goes on with a copy of each mring: lanes of threads that it does not have are for whoever comes,
 * and slots that those threads had got, or were getting, stay out; who knows them may put them. fork waits, with a bound,
 * for threads that are inside their lanes; what lies in a lane whose thread stays there longer, stopped, is lost to the
 * child. Not from within maar_mring_each.
 *
 * Progress: get and put in a lane are wait-free. A get that fetches a batch and a put that hands one over are lock-free:
 * one compare-and-swap for all of it, and three. A thread stopped inside a get or put (some 5 ns long, 100 with a batch)
 * stalls nobody, but hides its lane: a get that needs that pauses, yields a bounded number of times, and returns none.
 * A thread's first call allocates its lane and takes a mutex; flush, thread exit, statistics, shrink, and a get that finds
 * all else empty take it too, the last for as long as it takes from others' lanes (a membarrier system call,
 * microseconds); a thread whose lane is being taken from meanwhile works on a lane common to all such, under a mutex. So
 * does one whose first call finds no memory.
 * Order: what a thread did with a slot before putting it happens before what the thread that gets it next does.
 *
 * Growth: addresses for the most slots are reserved at create; a get that finds nothing makes memory for one more slab, and
 * only then takes from others' lanes. shrink, on call or on idle, gives slabs back that are free as a whole.
 *
 * "None" is the answer of a get only if each slot was out at some instant of the call, or hidden as above.
 */
#ifndef MAAR_MRING_H
#define MAAR_MRING_H
#define MAAR_BITS_OK 1

#include <stdio.h>

#include <maar/bits/atomic.h>
#include <maar/bits/cc.h>
#include <maar/track.h>

MAAR_BEGIN_DECLS

/* A handle is a slot's number, 0 to slots - 1. */
#define MAAR_NO_HANDLE UINT32_MAX

/* The most slots of one mring, and the most bytes of one slot. Beyond them is a mistake in a size computation. */
#define MAAR_MRING_MAX_SLOTS	  (UINT32_C(1) << 31)
#define MAAR_MRING_MAX_SLOT_BYTES (UINT32_C(1) << 30)

/* Handles that one batch carries: what fits 512 bytes beside the cell's lap and count. */
#define MAAR_MRING_BATCH 124

/* The part that inline calls read; constant while the mring lives. The rest stands behind it, in src/mring. */
struct maar_mring {
	unsigned char *slab; /* slot 0 */
	uint64_t stride;     /* bytes from a slot to the next */
	uint64_t inverse;    /* of the odd part of stride, modulo 2^64: turns a division into a multiplication */
	uint64_t most;	     /* slots << shift */
	uint64_t low;	     /* (1 << shift) - 1: bits of an offset that a slot's has not */
	uint32_t shift;	     /* stride = odd part << shift */
	uint32_t slots;	     /* handles there are: 0 .. slots - 1 */
	uint64_t key;	     /* says where a thread's table has its lane; of this mring alone, and never 0 */
	uint32_t magic;
	uint32_t narrow;  /* 1: slots * odd part <= 2^32 */
	uint64_t redzone; /* bytes at a slot's end that are not its holder's: <maar/track.h>; else 0 */
	uint64_t reserved[1];
};

/* How an mring is made; zero means the default. */
struct maar_mring_options {
	size_t align;	     /* bytes, a power of two, of each slot; default and least: 64, at most 1 MiB */
	uint32_t lane_slots; /* most slots in one lane, 2 to 248, made even; default slots / 32 within that */
	uint32_t no_lanes;   /* 1: every get and put goes to the shared ring */
	size_t max_slots;    /* hard limit; 0: as many as fit max_bytes, or else as at the beginning */
	size_t max_bytes;    /* the same, in bytes of slots; 0: none of its own */
	size_t soft_slots;   /* when there come to be more: `pressure` is called, once for each time; 0: never */
	size_t soft_bytes;   /* the same, in bytes of slots */
	/* Called by the thread whose get, bulk get or create it was, without locks: it may get, put and shrink */
	void (*pressure)(struct maar_mring *mring, void *arg);
	void *pressure_arg;
	size_t slab_bytes; /* by which it grows and shrinks, made whole pages of whole slots; 0: 1/64 of the most, within
			      64 KiB to 2 MiB */
	uint32_t idle_ms;  /* shrink when no batch has moved for so long; 0: never. Takes a thread, one a process */
	uint32_t single_thread; /* 1: one thread at a time uses it: no locked instruction, no other threads' lanes */
	uint32_t track;		/* MAAR_TRACK_* of <maar/track.h>, or-ed; default: what the environment asks for */
	/*
	 * 1: slots lie in huge pages. If the system has as many set aside as the most slots need (vm.nr_hugepages), those;
	 * else it is asked for them (MADV_HUGEPAGE), and gives them as it likes. Stats say which. Slabs are whole huge pages.
	 */
	uint32_t huge_pages;
	/*
	 * 1 + the NUMA node that slots' pages come from, as long as it has some; 0: that of whoever touches a page first.
	 * Needs libnuma.so.1 at run time, which is looked for then. Other memory of the mring lies where it may.
	 */
	uint32_t numa_node;
	uint32_t reserved0;   /* must be 0 */
	uint64_t reserved[2]; /* must be 0 */
};

/* What slots lie in. */
enum maar_mring_pages {
	MAAR_MRING_PAGES,	  /* pages of the usual size */
	MAAR_MRING_PAGES_ADVISED, /* the system was asked for huge ones: AnonHugePages in /proc/self/smaps says what it gave */
	MAAR_MRING_PAGES_HUGE,	/* huge ones that were set aside for all slots */
	MAAR_MRING_PAGES_GIVEN, /* the caller's memory: init */
};

/* Read one after another: exact when no other call runs, within their bounds else. In slots, but for lanes and slabs. */
struct maar_mring_stats {
	uint32_t slots;	     /* that there are now */
	uint32_t in_use;     /* got and not put */
	uint32_t in_lanes;   /* free, in a thread's lane */
	uint32_t in_shared;  /* free, in the shared ring or never used */
	uint32_t high_water; /* most slots in use or in lanes, as seen each time a lane fetched a batch */
	uint32_t lanes;	     /* lanes there are: threads that use the mring, plus lanes waiting for a new thread */
	uint32_t lane_slots; /* most slots that one lane holds; 0: no lanes */
	uint32_t batch;	     /* slots that move at once between a lane and the shared ring */
	uint32_t max_slots;  /* that there may be */
	uint32_t slab_slots; /* of a slab */
	uint64_t grown;	     /* slabs added after create */
	uint64_t shrunk;     /* slabs whose memory was given back */
	uint32_t pages;	     /* enum maar_mring_pages */
	uint32_t reserved0;
	uint64_t reserved[1];
};

struct maar_mring_lane_stats {
	uint32_t cached;    /* free slots in this lane */
	uint32_t in_thread; /* 1: a living thread's; 0: waiting for a thread */
	uint64_t fetched;   /* times it took up to a batch from the shared ring, or of slots never used */
	uint64_t handed;    /* batches given to the shared ring */
	uint64_t robbed;    /* slots that other threads took out of it, finding none elsewhere */
	uint64_t reserved[1];
};

/* ---- life cycle ---- */

/*
 * Makes an mring of `slots` slots of at least `slot_bytes` bytes, all free, all zero; exactly so many, or, if it may grow,
 * so many rounded up to whole slabs. `options` may be NULL. Costs five mappings, of which pages are touched when first
 * used. Returns NULL with errno set:
 *   EINVAL     slots or slot_bytes is 0, align is no power of two or too large, lane_slots out of range, an option beside
 *              one that it excludes, limits below slots, a soft limit without pressure, unknown bits in track,
 *              reserved not 0
 *   EOVERFLOW  slots or slot_bytes is beyond its limit, or their product does not fit the address space
 *   ENOMEM     no memory        EAGAIN  no mutex or thread left
 *   ENOTSUP    a NUMA node, without libnuma or NUMA here; EINVAL if there is no such node, EPERM if a sandbox forbids it
 */
MAAR_API MAAR_NODISCARD struct maar_mring *maar_mring_create(size_t slots, size_t slot_bytes,
							     const struct maar_mring_options *options);

/*
 * The same in memory of the caller's: exactly `slots` slots, which neither grows nor shrinks. Options about limits, slabs,
 * idle_ms, huge_pages and numa_node are refused: that memory is as it is. It lies in mem, at its beginning or not: *mring is
 * set. Threads' lanes, and what tracking needs, come from the system all the same; destroy gives those back, and afterwards
 * mem is the caller's. Memory of this process alone: <maar/shared_mring.h> is for several. Cost: writes all bytes.
 *
 * bytes: how many init needs; 0 where it would refuse the rest. init returns 0, or a negative errno as create: -EINVAL also if
 * mem is NULL or not aligned to MAAR_APART (128 bytes), -ENOSPC if bytes is less than maar_mring_bytes says. mem may have been
 * written to then.
 */
MAAR_API size_t maar_mring_bytes(size_t slots, size_t slot_bytes, const struct maar_mring_options *options);
MAAR_API MAAR_NODISCARD int maar_mring_init(struct maar_mring **mring, void *mem, size_t bytes, size_t slots,
					    size_t slot_bytes, const struct maar_mring_options *options);

/*
 * Ends an mring. Returns 0 (also for NULL), -EINVAL if `mring` is none (one destroyed before is gone: do not
 * pass it), or -EBUSY, with nothing changed, while slots are out. Waits for threads that are exiting at this moment (a liburcu grace period): not inside an RCU read side.
 */
MAAR_API int maar_mring_destroy(struct maar_mring *mring);

/* ---- one slot ---- */

/*
 * Takes a free slot, of any content. Returns NULL if there is none, or if `mring` is NULL. Cost: no locked instruction;
 * once a batch, one compare-and-swap, 512 bytes copied, and the first line of each of its slots asked for; when free slots
 * are in other threads' lanes only, a mutex and a membarrier for half of what one of those holds.
 */
MAAR_INLINE void *maar_mring_get(struct maar_mring *mring);

/*
 * Gives a slot back. Returns 0, or, with nothing changed,
 *   -EINVAL    mring or slot is NULL, or slot is not the start of a slot of this mring
 *   -EALREADY  there is no room for so many free slots: some slot was put twice. A single double put goes unnoticed
 *              here, but with MAAR_TRACK_CHECKED or more; the message pool's reference count catches it while the slot
 *              is free, and so does a debug build of the library, which stops and names both putters
 */
MAAR_INLINE int maar_mring_put(struct maar_mring *mring, void *slot);

/* ---- many ---- */

/* Takes n slots, or none: returns n or 0. A failing call may take and give back slots; slots[] is unspecified then. */
MAAR_INLINE size_t maar_mring_get_bulk(struct maar_mring *mring, void **slots, size_t n);

/*
 * Gives n slots back. Returns how many it took; the refused ones (see put) are moved to the front of slots[], so that
 * nothing is lost: n - returned pointers stay with the caller.
 */
MAAR_INLINE size_t maar_mring_put_bulk(struct maar_mring *mring, void **slots, size_t n);

/* Gives the calling thread's lane back, with what is in it, before the thread idles. Its next call gets a lane. */
MAAR_API void maar_mring_flush(struct maar_mring *mring);

/*
 * Gives the memory of slabs back to the system all of whose slots are free, also in other threads' lanes, and that of the
 * lanes that no thread has. Returns how many
 * bytes of slots; 0 if there are no such slabs, `mring` is none, or there is no memory for the search (a bit a slot).
 * A get that finds nothing meanwhile waits; so does a put or get for a moment while its lane is searched. Cost: a few ns
 * for each free slot. The slots can be had again: get makes them anew, all zero, as long as the limits allow.
 */
MAAR_API size_t maar_mring_shrink(struct maar_mring *mring);

/* ---- handle and address: any thread, wait-free; `mring` is not checked ---- */

/* The slot of a handle; NULL if there is no such slot. */
MAAR_INLINE void *maar_mring_slot(const struct maar_mring *mring, uint32_t handle);

/* The handle of a slot; MAAR_NO_HANDLE if the pointer is not the start of a slot here. Cost: a multiplication. */
MAAR_INLINE uint32_t maar_mring_handle(const struct maar_mring *mring, const void *slot);

/* ---- observers: any thread ---- */

/* Handles are below this: the most slots that there may be. Those that there are now: maar_mring_stats. */
MAAR_INLINE uint32_t maar_mring_slots(const struct maar_mring *mring);
MAAR_INLINE size_t maar_mring_slot_bytes(const struct maar_mring *mring); /* bytes from one slot to the next */

/* Fills *stats; 0, or -EINVAL. Cost: a walk over the lanes. */
MAAR_API int maar_mring_stats(const struct maar_mring *mring, struct maar_mring_stats *stats);

/* Fills up to n entries, a lane each; returns how many lanes there are (pass NULL and 0 to ask), 0 for no mring. */
MAAR_API size_t maar_mring_lanes(const struct maar_mring *mring, struct maar_mring_lane_stats *lanes, size_t n);

/*
 * Calls `visit` (NULL: no call) with each living mring, in the order of their numbers; returns how many there were. visit
 * may use all calls of this page but destroy, which would wait for it for ever, and should return soon: whoever destroys
 * an mring waits (the walk is an RCU read side). Mrings made meanwhile may be missed.
 */
MAAR_API size_t maar_mring_each(void (*visit)(struct maar_mring *mring, void *arg), void *arg);

/* Writes a description for people. 0, -EINVAL, or -EIO. */
MAAR_API int maar_mring_dump(const struct maar_mring *mring, FILE *to);

MAAR_END_DECLS

#include <maar/bits/mring_impl.h>

#endif
