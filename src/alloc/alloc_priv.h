/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The inside of the allocator, and the files that share it.
 *     class.h    sizes and classes
 *     quick.h    malloc and free: the way of a block whose thread has all it needs
 *     alloc.c    where that way branches
 *     refill.c   what malloc does when the list is empty
 *     remote.c   what free does with another lane's block
 *     slab.c     a span as a slab of blocks: birth, full, partial, empty
 *     space.c    the range of addresses, spans, limits, return to the system
 *     big.c      blocks with a mapping of their own
 *     side.c     blocks for signal handlers that interrupt the allocator
 *     lane.c     which lane is this thread's; birth, exit, the common lane
 *     sized.c    the calls with sizes and alignments: calloc, realloc, aligned
 *     heap.c     first-class heaps
 *     watch.c    AddressSanitizer and valgrind
 *     trim.c     other threads' lanes emptied; the thread that does it when nobody calls
 *     report.c   statistics, walks
 *     fork.c     what a child goes on with
 * Spans are slots of inner mrings, lanes are a maar__lane_set, blocks travel through inboxes: src/mring.
 *
 * Locks, the outer first: the first call's, a heap's, common_lock, the set's, the space's, the mappings'. Whoever has entered a lane takes
 * the last two only, whose holders wait for nobody.
 */
#ifndef MAAR_ALLOC_PRIV_H
#define MAAR_ALLOC_PRIV_H

#include <maar/alloc.h>

#include "../mring/inbox.h"
#include "../mring/mring_priv.h"
#include "class.h"

#include <signal.h>

/* ---- spans and the table of units (space.c) ---- */

#define MAAR__UNIT_SHIFT 16 /* a unit is 64 KiB, the smallest span */
#define MAAR__UNIT	 ((size_t)1 << MAAR__UNIT_SHIFT)
#define MAAR__KINDS	 4 /* of spans: 64 KiB, 256 KiB, 1 MiB, 2 MiB */
#define MAAR__SPAN_MOST	 ((size_t)2 << 20)

static inline size_t maar__span_bytes(unsigned kind)
{
	return kind < 3 ? MAAR__UNIT << 2 * kind : MAAR__SPAN_MOST;
}

/* The entry of a unit: {lane, 16 bits | units from the span's first to this, 8 | class, 8}; 0: nobody's. */
#define MAAR__OWNER_SHIFT	16
#define MAAR__UNIT_OWNER(entry) ((entry) >> MAAR__OWNER_SHIFT)
#define MAAR__UNIT_BACK(entry)	((entry) >> 8 & 0xff)
#define MAAR__UNIT_CLASS(entry) ((entry)&0xff)
#define MAAR__CLASS_SIDE	254 /* in the side region (side.c), whose owner is 0 */

/*
 * A span of blocks of one class. Its lane's alone; what frees of other threads' need stands in the table of units. Blocks that malloc
 * takes out of the list are not counted: it takes from the current slab only, and how many of that one's are in use matters to
 * slow calls, which count its list. Before another becomes current, its list and its untouched bytes are used up.
 */
struct maar__slab {
	void *free;	/* blocks, linked by their first words */
	int32_t until;	/* frees before one that has more to do; that one makes it negative */
	uint32_t bump;	/* bytes of the span that were handed out once */
	uint32_t end;	/* where they end: whole blocks */
	uint32_t bytes; /* of a block */
	uint8_t class;
	uint8_t kind;
	uint8_t zero;  /* what lies beyond bump is zero */
	uint8_t state; /* MAAR__SLAB_... */
	unsigned char *base;
	struct maar__slab *next, *prev; /* others of the lane's that have free blocks */
	uint64_t reserved;
};
MAAR_STATIC_ASSERT(sizeof(struct maar__slab) == 64 || sizeof(void *) == 4, "one line");

/* The slab that malloc takes from: no free has more to do, but the count ends some day. */
#define MAAR__SLAB_CURRENT 0
#define MAAR__UNTIL_NEVER  INT32_MAX
/* In the list of those with free blocks: `until` is the number in use, less one. */
#define MAAR__SLAB_LISTED 1
/* All are in use, and nothing points to it: the first free has more to do. */
#define MAAR__SLAB_FULL	 2
#define MAAR__UNTIL_ONCE 0

/* Blocks that are neither in the list nor untouched. */
uint32_t maar__slab_used(const struct maar__slab *slab);

/* Where the range and its tables are; written once, by atomics where a thread may look before its first call has seen to that.
 * Each lane has a copy, in the line that free reads. */
struct maar__space {
	unsigned char *base; /* of the range */
	uint64_t units;	     /* there are; 0: no range yet */
	uint32_t *unit;
	struct maar__slab *slab; /* of the span that begins with a unit */
} __attribute__((aligned(MAAR_APART)));
extern struct maar__space maar__space __attribute__((visibility("hidden")));

static inline uint64_t maar__unit_of(const void *block)
{
	return ((uint64_t)(uintptr_t)block - (uint64_t)(uintptr_t)maar_a_load(&maar__space.base, RELAXED)) >>
	       MAAR__UNIT_SHIFT;
}

static inline bool maar__in_range(uint64_t unit)
{
	return unit < maar_a_load(&maar__space.units, RELAXED);
}

static inline uint32_t maar__unit_entry(uint64_t unit)
{
	return maar_a_load(&maar__space.unit[unit], RELAXED);
}

static inline struct maar__slab *maar__slab_of(uint64_t unit, uint32_t entry)
{
	return &maar__space.slab[unit - MAAR__UNIT_BACK(entry)];
}

/* Handles count 16 bytes; a window is what 32 bits of them reach. */
#define MAAR__HANDLE_SHIFT 4
#define MAAR__WINDOW_SHIFT 36

/* ---- lanes ---- */

/* Blocks of one class that came by value, from others or of others: taken before anything else. */
struct maar__magazine {
	unsigned char *window; /* what the handles count from */
	uint32_t n;
	uint32_t handles[MAAR__INBOX_BATCH];
	uint32_t reserved;
};

/* Blocks of one class that this lane's thread has freed and another lane owns. */
struct maar__batch {
	uint32_t n, most;
	uint32_t handles[MAAR__INBOX_BATCH]; /* the first is the key, once it is sent */
	uint32_t reserved[2];
};
#define MAAR__OPEN 64 /* batches that a lane fills at a time: a power of two */

struct maar__alloc_lane {
	struct maar__lane head; /* busy: see below; n and what follows is for the mring's lanes */
	/* All that free reads, in one line: maar__space's, which do not change once there is a lane, and whose it is. */
	unsigned char *base;
	uint64_t units; /* 0: every block goes the long way */
	uint32_t *unit;
	struct maar__slab *slab;
	uint32_t owner; /* id, where the table of units has it */
	uint32_t id;
	uint32_t kind;		/* MAAR__LANE_... */
	struct maar_heap *heap; /* that it is part of */
	/* The slab that malloc takes from, of each class, by its bins (class.h). */
	struct maar__slab *bin[MAAR__BINS] __attribute__((aligned(MAAR_CACHE_LINE)));
	struct maar__slab *partial[MAAR__CLASSES];
	uint32_t steal_at;     /* whose inbox to look into next */
	uint64_t slow;	       /* times malloc had to look further, or free to send something: signs of life */
	uint64_t seen;	       /* what trim.c saw of it last; */
	uint32_t parked;       /* 1: that was the same twice. Both under the set's lock */
	uint64_t stolen, sent; /* batches */
	struct maar__inbox inbox;
	uint32_t opened;		    /* keys that are not 0 */
	uint8_t opened_last[MAAR__CLASSES]; /* where in `open` the last batch of each class was begun */
	uint32_t key[MAAR__OPEN]; /* of `open`: {owner, window, class} as an entry has {owner, back, class}; 0: none */
	struct maar__batch open[MAAR__OPEN];
	struct maar__magazine magazine[MAAR__CLASSES];
};

#define MAAR__LANE_THREAD 0
#define MAAR__LANE_COMMON 1 /* for threads without one, under common_lock */
#define MAAR__LANE_HEAP	  2
#define MAAR__LANE_NONE	  3 /* of a thread that never called */
#define MAAR__LANE_GONE	  4 /* of one that has given its lane back, and goes by the common one */

/* More bits of head.busy: the thread is in the allocator, but not in its lane. */
#define MAAR__LANE_INSIDE 2u

/* This thread's lane, never NULL. One pointer in the static TLS block. */
extern __thread struct maar__alloc_lane *maar__alloc_mine
	__attribute__((tls_model("initial-exec"), visibility("hidden")));

extern pthread_mutex_t maar__alloc_begin_lock; /* of the first call of all; before all others */
extern struct maar__lane_set maar__alloc_set;
#define MAAR__LANES_MOST 65535
struct maar__alloc_lane *maar__alloc_lane(uint32_t id); /* NULL: there is none */
uint32_t maar__alloc_lanes(void);			/* the highest id */

/* All threads without a lane of their own. */
extern pthread_mutex_t maar__alloc_common_lock;
extern struct maar__alloc_lane *maar__alloc_common;

/*
 * The calling thread's lane, or a lane for it, entered; ends with maar__alloc_end. False: the call comes from a signal
 * handler that has interrupted the allocator (or there is no memory for the allocator to begin with: *lane is NULL).
 */
struct maar__alloc_visit {
	struct maar__alloc_lane *lane;
	bool common;
	sigset_t before;
};
bool maar__alloc_begin(struct maar__alloc_visit *visit);
void maar__alloc_end(struct maar__alloc_visit *visit);
/* Not in a lane, but still in the allocator, between the two: for what takes locks or long; and back. */
void maar__alloc_step_out(struct maar__alloc_visit *visit);
void maar__alloc_step_in(struct maar__alloc_visit *visit);

/* False: leave *was in head.busy again (maar__lane_back), and go the long way. */
static inline bool maar__alloc_enter(struct maar__alloc_lane *lane, uint32_t *was)
{
	*was = maar_a_load(&lane->head.busy, RELAXED);
	maar_a_store(&lane->head.busy, MAAR__LANE_BUSY, RELAXED);
	maar_a_compiler_barrier();
	return maar_likely(!(*was | maar_a_load(&lane->head.revoked, ACQUIRE))); /* A:lane.revoked */
}

static inline void maar__alloc_back(struct maar__alloc_lane *lane, uint32_t was)
{
	maar_a_store(&lane->head.busy, was, RELEASE); /* R:lane.busy */
}

/* A new lane, mapped, with an id of its own; NULL: no memory, or too many. Under the set's lock. */
struct maar__alloc_lane *maar__alloc_lane_make(uint32_t kind);

/* ---- space.c ---- */

/* Once, before anything else; 0 or a negative errno. Again after a failure. */
int maar__space_begin(void);
extern pthread_mutex_t maar__space_lock;
/* A span, with its units marked as the lane's and of that class; NULL with no memory, or the limit reached. */
struct maar__slab *maar__span_get(struct maar__alloc_lane *lane, unsigned class);
void maar__span_put(struct maar__slab *slab);
/* Which kind of span a class has, and how many blocks are in it. */
unsigned maar__span_kind(unsigned class);
/* Bytes against the limits, of spans that have memory and of mappings; false: the limit. */
bool maar__space_charge(size_t bytes);
void maar__space_discharge(size_t bytes);
/* Gives back the memory of free spans: of all (keep 0), or of those that were free all the time since the last call. */
size_t maar__space_purge(bool all);
/* Calls visit for each span that is a slab, until it says false. */
void maar__spans_each(bool (*visit)(struct maar__slab *slab, uint32_t lane, void *arg), void *arg);
void maar__space_limit(uint64_t hard, uint64_t soft);
uint64_t maar__space_charged(void);
size_t maar__space_free(void); /* bytes of free spans that have memory; an estimate */
uint64_t maar__space_returned(void);
uint64_t maar__space_reserved(void);

/* ---- slab.c: with the lane entered ---- */

/* The slab that malloc takes from; if there is none, one without blocks. */
static inline struct maar__slab *maar__slab_current(const struct maar__alloc_lane *lane, unsigned class)
{
	return lane->bin[maar__bin_of(class)];
}

/* A block of the current slab's list or untouched bytes; NULL: there is none. *zero: its bytes are zero. */
void *maar__slab_take(struct maar__slab *slab, bool *zero);
/* Another slab is to be current, with free blocks: one of the lane's. False: it has none. */
bool maar__slab_next(struct maar__alloc_lane *lane, unsigned class);
/* The same, from a new span. False: no memory. */
bool maar__slab_new(struct maar__alloc_lane *lane, unsigned class);
/* The rest of a free that brought slab->until below 0. */
void maar__slab_freed(struct maar__alloc_lane *lane, struct maar__slab *slab);
/* All slabs of the lane that are empty go, the current ones too. */
void maar__slab_sweep(struct maar__alloc_lane *lane);
/* It has none. */
void maar__slab_none(struct maar__alloc_lane *lane);

static inline void maar__slab_push(struct maar__alloc_lane *lane, struct maar__slab *slab, void *block)
{
	*(void **)block = slab->free;
	slab->free = block;
	if (maar_unlikely(--slab->until < 0))
		maar__slab_freed(lane, slab);
}

/* ---- alloc.c, refill.c, remote.c: with the lane entered ---- */

/* A block of the class; NULL: no memory. */
void *maar__alloc_take(struct maar__alloc_lane *lane, unsigned class, bool *zero);
void *maar__alloc_refill(struct maar__alloc_lane *lane, unsigned class, bool *zero);
/* One of those that this thread has freed of others', and not sent yet; NULL: there is none. */
void *maar__alloc_reuse(struct maar__alloc_lane *lane, unsigned class);
/* Where a block came from that was not in the slab's list, as probe alloc_refill says. */
enum { MAAR__FROM_OWN_INBOX, MAAR__FROM_OWN_BATCHES, MAAR__FROM_OWN_SLABS, MAAR__FROM_OTHERS };
/* A block of the range, whosever it is. */
void maar__alloc_give(struct maar__alloc_lane *lane, void *block);
void maar__alloc_send(struct maar__alloc_lane *lane, void *block, uint32_t entry);
/* One, or all, open batches go to their owners. */
void maar__batch_flush(struct maar__alloc_lane *lane, unsigned i);
void maar__batch_flush_all(struct maar__alloc_lane *lane);
/* What waits in the inbox, and what the magazines hold, goes to the slabs, or to its owners. */
void maar__alloc_drain(struct maar__alloc_lane *lane);
/* The blocks of the spill: those that a handler freed too. */
void maar__alloc_drain_spill(struct maar__alloc_lane *lane);

/* Signs of life. */
static inline void maar__alloc_count_slow(struct maar__alloc_lane *lane)
{
	maar_a_store(&lane->slow, lane->slow + 1, RELAXED);
}

/* Blocks that magazine_pop asks the system's caches for ahead of time: others wrote to them last, and who gets one will. */
#define MAAR__MAGAZINE_AHEAD 4

static inline void *maar__magazine_pop(struct maar__magazine *m)
{
	const uint32_t n = --m->n;

	if (maar_likely(n >= MAAR__MAGAZINE_AHEAD))
		__builtin_prefetch(m->window + ((uint64_t)m->handles[n - MAAR__MAGAZINE_AHEAD] << MAAR__HANDLE_SHIFT),
				   1);
	return m->window + ((uint64_t)m->handles[n] << MAAR__HANDLE_SHIFT);
}

static inline unsigned char *maar__window(uint32_t window)
{
	return maar__space.base + ((uint64_t)window << MAAR__WINDOW_SHIFT);
}

/* ---- locks: a thread that forks has them all, and passes by (fork.c) ---- */

extern const unsigned char *maar__alloc_forker; /* an address of the thread */

static inline const unsigned char *maar__alloc_me(void)
{
	return (const unsigned char *)&maar__alloc_mine;
}

static inline bool maar__alloc_is_forking(void)
{
	return maar_unlikely(maar_a_load(&maar__alloc_forker, RELAXED) == maar__alloc_me());
}

static inline void maar__alloc_lock(pthread_mutex_t *lock)
{
	if (!maar__alloc_is_forking())
		pthread_mutex_lock(lock);
}

static inline void maar__alloc_unlock(pthread_mutex_t *lock)
{
	if (!maar__alloc_is_forking())
		pthread_mutex_unlock(lock);
}

void maar__alloc_watch_forks(void);

/* ---- whole calls, for all sizes ---- */

bool maar__alloc_has_begun(void);
/*
 * A block, with a lane (a heap's: under its lock), without any way out if there is none. last: a mapping is better than
 * nothing, though the block be small.
 */
void *maar__alloc_in(struct maar__alloc_visit *visit, size_t bytes, size_t align, bool last, bool *zero);

/* align: a power of two. NULL with errno = ENOMEM. */
void *maar__alloc_any(size_t bytes, size_t align, bool zero);
void maar__alloc_free_slow(void *block);

/* Bytes from the block on that are the block's, by the table of units or of mappings; 0: it is none. In the allocator. */
size_t maar__alloc_room(const void *block);

/* ---- watch.c: where a tool watches the program ---- */

extern unsigned maar__alloc_tools
	__attribute__((visibility("hidden"))); /* enum maar__tools; set before the first block */

static inline unsigned maar__watched(void)
{
	return maar_a_load(&maar__alloc_tools, RELAXED);
}

/* Before the first block of all; again at will. */
void maar__watch_begin(void);

/* What a block has more, then. */
static inline size_t maar__watch_more(void)
{
	return maar_unlikely(maar__watched()) ? 16 : 0;
}

/* All of these only if it is watched; room: maar__alloc_room(block). */
void maar__watch_got(void *block, size_t room, size_t bytes, bool zeroed);
/* What was asked for; SIZE_MAX: it is freed. */
size_t maar__watch_bytes(const void *block, size_t room);
/* Under the common lock: hides it and lets it wait. False: it was freed already, which is told. */
bool maar__watch_freed(void *block, size_t room);
/* Under the common lock: one that has waited long enough, for the allocator; NULL: there is none. */
void *maar__watch_next(void);
/* Before its memory goes; each of its spans, which is hidden until somebody gets it. */
void maar__watch_heap_ends(struct maar_heap *heap);
void maar__watch_span_ends(const struct maar__slab *slab);
void maar__watch_span_begins(const struct maar__slab *slab);

/* ---- side.c: any time ---- */

void *maar__side_get(size_t bytes, size_t align);
void maar__side_put(void *block);
size_t maar__side_usable(const void *block);
void maar__side_begin(unsigned char *at, size_t bytes);
#ifdef MAAR_ATOMIC_BACKEND
void maar__side_forget(void);
#endif

/* ---- big.c ---- */

extern pthread_mutex_t maar__big_lock;
void *maar__big_get(size_t bytes, size_t align, struct maar_heap *heap);
/* False: there is no such mapping. */
bool maar__big_put(void *block);
size_t maar__big_usable(const void *block); /* 0: none */
void *maar__big_resize(void *block, size_t bytes);
struct maar_heap *maar__big_heap(const void *block);
/* Calls visit for each, until it says false; returns how many it saw. Under the lock. */
size_t maar__big_each(bool (*visit)(void *at, size_t bytes, struct maar_heap *heap, void *arg), void *arg);
void maar__big_drop(const struct maar_heap *heap);

/* ---- heap.c ---- */

size_t maar__heap_head(const struct maar_heap *heap); /* bytes before each block; NULL: 0 */
bool maar__heap_free(void *block, uint32_t entry);
/* As maar_heap_blocks; freed: with those that are freed and wait (watch.c). */
size_t maar__heap_each(struct maar_heap *heap, bool (*visit)(void *block, size_t bytes, void *arg), void *arg,
		       bool freed);
uint32_t maar__heaps(void);
void maar__heaps_trim(void);
void maar__heaps_lock_all(void);
void maar__heaps_unlock_all(void);

/* ---- trim.c ---- */

/* What is to be done by whoever comes out of the allocator next, without locks. */
#define MAAR__WANT_TELL	  1u
#define MAAR__WANT_PURGE  2u
#define MAAR__WANT_THREAD 4u
extern uint32_t maar__alloc_wants __attribute__((visibility("hidden")));
void maar__alloc_do_wants(void);

static inline void maar__alloc_want(uint32_t what)
{
	uint32_t now;

	do
		now = maar_a_load(&maar__alloc_wants, RELAXED);
	while ((now | what) != now && !maar_a_cas(&maar__alloc_wants, now, now | what, RELAXED));
}

/* At the end of a call that may have found such a thing, without locks and not in a lane. */
static inline void maar__alloc_after(void)
{
	if (maar_unlikely(maar_a_load(&maar__alloc_wants, RELAXED)) && !maar__alloc_is_forking())
		maar__alloc_do_wants();
}

/* A thread has got its lane: what is read and registered then, which may allocate. */
void maar__alloc_after_birth(void);
/* There was no memory: gives back what is free, asks the program; false: nothing to be had. tries: 0, 1, ... */
bool maar__alloc_reclaim(unsigned tries);
extern pthread_mutex_t maar__trim_lock;
void maar__trim_thread_is_gone(void);

#endif
