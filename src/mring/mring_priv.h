/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The inside of an mring: what stands behind struct maar_mring, and the files that share it.
 *     mring.c       get and put: the data's way
 *     slab.c        the memory of the slots
 *     grow.c        more of it, less of it
 *     inner.c       an mring inside another object: the allocator's spans
 *     inbox.c       batches by value from any thread to one lane, and out of it
 *     keeper.c      less of it when nobody uses the mring
 *     lanes.c       lanes pass from thread to thread; to be alone with one, or all
 *     steal.c       get when all else is empty: other threads' lanes
 *     lane.c        which lane is this thread's; thread exit
 *     adopt.c       lanes pass from thread to thread
 *     mring_life.c  create, destroy, statistics
 *     given.c       init in the caller's memory
 *     registry.c    which mrings are alive, for exiting threads (liburcu)
 *     fork.c        what a child goes on with
 *     debug.c       debug builds: who has which slot
 *     track.h       leak tracking, in files of its own
 *
 * Locks, the outer first: maar__keeper_lock, registry, maar__lane_key_lock, m->common_lock, m->set.lock. A lane's `revoked` is written under
 * m->set.lock only. Whoever has entered a lane waits for nobody until it leaves it.
 */
#ifndef MAAR_MRING_PRIV_H
#define MAAR_MRING_PRIV_H

#include <maar/mring.h>

#include "../base/base.h"
#include "../ring/batch_ring_priv.h"

#define MAAR__MRING_MAGIC 0x6d6d7267u /* "mmrg" */

#ifdef MAAR_DEBUG
/* Who had a slot last, so that a double put can name both. */
struct maar__slot_owner {
	uint32_t out;	    /* 1 while got */
	uint32_t thread;    /* kernel thread id of the last get or put */
	const void *caller; /* its return address */
};

/* Who called into the library: each public call notes its return address first. */
extern __thread const void *maar__debug_caller;
#define MAAR__DEBUG_ENTER() (maar__debug_caller = __builtin_return_address(0))
#else
#define MAAR__DEBUG_ENTER() ((void)0)
#endif

/* Of lane.busy: its thread is in the lane. The allocator's use more bits, which hold nobody off. */
#define MAAR__LANE_BUSY 1u

/* Lanes that pass from thread to thread, and whoever wants to be alone with some: an mring's, or the allocator's. */
struct maar__lane_set {
	pthread_mutex_t lock; /* the lists, births, deaths, revocation */
	bool light;	      /* lanes are revoked by membarrier; else SEQ_CST orders both sides */
	struct maar__lane *lanes;
	struct maar__lane *idle;
};

struct maar__mring {
	struct maar_mring front;

	struct maar__track *track;	/* leak tracking; NULL: none */
	uint32_t id;			/* index in the registry and in each thread's table; used again after destroy */
	uint32_t batch;			/* slots that move at once */
	uint32_t lane_slots;		/* most slots in a lane, 2 * batch; 0: no lanes, batch is 1 */
	uint64_t serial;		/* never used again: tells a stale table entry from a good one */
	bool single;			/* one thread at a time: common is its lane, and holds all */
	bool inner;			/* inner.c: stays mapped, in somebody else's addresses */
	uint32_t mapped;		/* inner: slabs from the first on that may be touched */
	struct maar_batch_ring *shared; /* NULL if single */
	const void *pool;		/* the pool that is made of it, for reports; NULL: none */
	unsigned tracking;		/* MAAR_TRACK_* in force */

	/* Caller's memory for what otherwise is mapped: the slots; the ring, or one thread's lane. NULL: none */
	unsigned char *given_slab;
	void *given_rest;
	size_t given_rest_bytes;

	uint32_t pages; /* enum maar_mring_pages */
	size_t page;	/* bytes of those; slabs are whole ones */
	void *mapping;	/* addresses for all slots that there may be, with room for their alignment */
	size_t mapping_bytes;
	uint32_t slab_slots;	/* of one slab; the last has what is left */
	uint32_t slabs;		/* there may be */
	unsigned char *present; /* for each slab: 1 if it has memory. Under lock */
	uint32_t absent;	/* no slab before this one is without. Under lock */
	uint32_t soft;		/* more slots than these are told of */
	void (*pressure)(struct maar_mring *mring, void *arg);
	void *pressure_arg;
	bool pressed;		/* there are more. Under lock */
	uint64_t grown, shrunk; /* slabs. Under lock */

	uint32_t idle_ms; /* the rest is keeper.c's, under its lock */
	int64_t idle_since;
	uint64_t idle_moves;
	struct maar__mring *next_kept;
#ifdef MAAR_DEBUG
	struct maar__slot_owner *owners;
	size_t owners_bytes;
#endif

	struct maar__lane_set set; /* its lock: also for a get that found the mring empty */

	pthread_mutex_t common_lock; /* for threads whose lane is revoked, or that found no memory for one */
	struct maar__lane *common;   /* whoever has common_lock is its thread */
	struct maar__lane *spare;    /* no thread's: what shrinking leaves, less than a batch */

	uint64_t fresh
		__attribute__((aligned(MAAR_APART))); /* slots never used: the first, 32 bits, and their end, 32 */
	uint32_t high_water;
	uint32_t slots_now; /* that there are. Written under lock */
	uint32_t tell;	    /* 1: somebody is to call `pressure`. Written under lock */
};

static inline uint64_t maar__fresh_range(uint32_t first, uint32_t end)
{
	return (uint64_t)end << 32 | first;
}

static inline uint32_t maar__fresh_end(uint64_t fresh)
{
	return (uint32_t)(fresh >> 32);
}

static inline uint32_t maar__fresh_left(uint64_t fresh)
{
	return maar__fresh_end(fresh) - (uint32_t)fresh;
}

/* The first slot that is behind a slab. */
static inline uint32_t maar__slab_end(const struct maar__mring *m, uint32_t slab)
{
	const uint32_t first = slab * m->slab_slots;

	return m->front.slots - first < m->slab_slots ? m->front.slots : first + m->slab_slots;
}

/* Slots in the shared ring, as an estimate that may be too small. */
static inline uint32_t maar__mring_in_ring(const struct maar__mring *m)
{
	return m->shared ? (uint32_t)maar__batch_estimate(m->shared) * m->batch : 0;
}

/* Modulo 2^64, of an odd number: Newton's iteration, which doubles the bits that are right, five at first. */
static inline uint64_t maar__inverse(uint64_t odd)
{
	uint64_t x = 3 * odd ^ 2;
	int bits;

	for (bits = 5; bits < 64; bits *= 2)
		x *= 2 - odd * x;
	return x;
}

/* What handle and address are computed with. */
static inline void maar__mring_measures(struct maar_mring *front, uint64_t stride, uint32_t slots)
{
	front->stride = stride;
	front->slots = slots;
	front->shift = (uint32_t)__builtin_ctzll(stride);
	front->inverse = maar__inverse(stride >> front->shift);
	front->most = (uint64_t)slots << front->shift;
	front->low = (UINT64_C(1) << front->shift) - 1;
	front->narrow = slots * (stride >> front->shift) <= UINT64_C(1) << 32;
}

static inline struct maar__mring *maar__mring_of(const struct maar_mring *front)
{
	return (struct maar__mring *)(uintptr_t)front;
}

#ifdef MAAR_DEBUG
/* debug.c: stops the program, naming who put a free slot first and who again (or got it, and it was handed out again). */
__attribute__((noreturn)) void maar__mring_blame(struct maar__mring *m, uint32_t handle, const char *call);
/* debug.c: notes that a slot is out (1) or free (0); stops the program if it was so already. */
void maar__mring_mark(struct maar__mring *m, uint32_t handle, uint32_t out);
#define MAAR__MARK(m, handle, out) maar__mring_mark((m), (handle), (out))
#else
#define MAAR__MARK(m, handle, out) ((void)0)
#endif

/* ---- lane.c ---- */

/* Bits of an mring's key that are its id, the index in threads' tables; so many mrings live at most. */
#define MAAR__ID_BITS 20

static inline uint64_t maar__key(uint64_t serial, uint32_t id)
{
	return (serial << MAAR__ID_BITS | id) << MAAR__KEY_SHIFT;
}

static inline uint64_t maar__key_serial(uint64_t key)
{
	return key >> (MAAR__ID_BITS + MAAR__KEY_SHIFT);
}

/* Inline calls may use lanes: not where marks or tracks are kept, nor where the barrier is no membarrier. */
#ifdef MAAR_DEBUG
#define MAAR__QUICK(m) ((void)(m), false)
#else
#define MAAR__QUICK(m) (((m)->set.light || (m)->single) && !(m)->track)
#endif

/* This thread's lane, which it gets if it has none; NULL if there is no memory. */
struct maar__lane *maar__lane_attach(struct maar__mring *m);
/* adopt.c: the thread whose lane it was lets go of it, or a new one takes one over (NULL: no memory). */
void maar__lane_retire(struct maar__mring *m, struct maar__lane *lane);
struct maar__lane *maar__lane_adopt(struct maar__mring *m);
struct maar__lane *maar__lane_new(const struct maar__mring *m);

extern pthread_mutex_t maar__lane_key_lock; /* for the fork handlers */

static inline struct maar__lane_entry *maar__lane_entries(struct maar__lane_table *t)
{
	return (struct maar__lane_entry *)(void *)(t + 1);
}

/* This thread's lane if it has one. */
static inline struct maar__lane *maar__lane_mine(const struct maar__mring *m)
{
	struct maar__lane_table *t = MAAR__THREAD_LANES;
	const struct maar__lane_entry *e = maar__lane_entries(t) + ((m->front.key & t->mask) >> MAAR__KEY_SHIFT);

	return maar_likely((e->key | 1) == (m->front.key | 1)) ? e->lane : NULL;
}

/* ---- mring.c ---- */

/* n slots, or none: returns n or 0. */
size_t maar__mring_get_many(struct maar__mring *m, void **slots, size_t n);

/*
 * One, or NULL. A function of its own, so that its caller has no variable whose address it gave away, and can end in
 * maar__track_got by a jump.
 */
__attribute__((noinline)) void *maar__mring_get_one(struct maar__mring *m);

/* Gives slots back, which the caller has marked, until there is no room; returns how many. */
size_t maar__mring_put_many(struct maar__mring *m, void *const *slots, size_t n);

/*
 * What can be had without waiting: from `lane`, which the caller has entered and which is filled again as long as there
 * is something in the shared ring or never used. NULL: the mring has no lanes. Up to n slots.
 */
size_t maar__mring_take(struct maar__mring *m, struct maar__lane *lane, void **slots, size_t n);

/* A batch from the shared ring, or to it: m->batch handles. 0, false: none, no room. */
static inline uint32_t maar__mring_take_batch(const struct maar__mring *m, uint32_t *handles)
{
	enum maar__batch_answer answer;

	return (uint32_t)maar__batch_take(maar__batch_view(m->shared, false), handles, m->batch, false, &answer);
}

/* The ring is larger than all slots need; it may be short of blocks for an instant, when 64 others are in there. */
#define MAAR__PUT_TRIES 1000
static inline bool maar__mring_put_batch(struct maar__mring *m, const uint32_t *handles)
{
	unsigned tries;

	for (tries = 0; tries < MAAR__PUT_TRIES; tries++) {
		if (maar_likely(maar_batch_ring_enqueue(m->shared, handles, m->batch)))
			return true;
		if (maar_batch_ring_count(m->shared) == m->shared->capacity)
			break;
		maar_cpu_relax();
	}
	return false;
}

/* As maar__lane_enter, whichever way lanes of this mring are revoked. */
static inline bool maar__lane_enter_any(const struct maar__mring *m, struct maar__lane *lane)
{
	if (maar_likely(m->set.light))
		return maar__lane_enter(lane);
	maar_a_store(&lane->busy, 1, SEQ_CST);	      /* R:lane.revoked */
	return !maar_a_load(&lane->revoked, SEQ_CST); /* A:lane.revoked */
}

/* ---- lanes.c ---- */

/*
 * How long whoever waits for a thread to leave its lane, or for slots that are being moved, does so: the thread works
 * there for some 100 ns, so pauses cover a running one and yields one that lost its processor.
 */
#ifndef MAAR__BUSY_PAUSES
#define MAAR__BUSY_PAUSES 64
#define MAAR__BUSY_YIELDS 64
#endif

/* A moment in which a thread that is in its lane may leave it. */
void maar__lane_pause(unsigned waited);
bool maar__lane_is_busy(const struct maar__lane_set *set, const struct maar__lane *lane);
/*
 * Under set->lock. stop: makes the caller alone with each lane that nobody stays in, which then is `revoked`; go_on: lets
 * them go. visit: both, around a call for each such lane; it goes on at once after that.
 */
void maar__lanes_stop(struct maar__lane_set *set);
void maar__lanes_go_on(struct maar__lane_set *set);
void maar__lanes_visit(struct maar__lane_set *set, void (*visit)(struct maar__lane *lane, void *arg), void *arg);
/* The same for one lane: false, and nothing changed: its thread stays in it. */
bool maar__lane_revoke(const struct maar__lane_set *set, struct maar__lane *lane);
void maar__lane_restore(struct maar__lane *lane);
/* As stop, but waits up to a second: for a fork. */
void maar__lanes_stop_patiently(struct maar__lane_set *set);

/* A thread gets a lane that none has, or one that make(arg) makes under the mutex (NULL: none); it lets go of it. */
struct maar__lane *maar__lanes_adopt(struct maar__lane_set *set, struct maar__lane *(*make)(void *arg), void *arg);
void maar__lanes_retire(struct maar__lane_set *set, struct maar__lane *lane);

/*
 * In the child of a fork before which all were stopped: those that are neither `mine` nor `common` are nobody's any more.
 * lost: its thread was in the middle of it, through all the waiting.
 */
void maar__lanes_inherit(struct maar__lane_set *set, const struct maar__lane *mine, const struct maar__lane *common,
			 void (*lost)(struct maar__lane *lane));

/* ---- steal.c ---- */

/* As maar__mring_take, for want of anything else: under m->set.lock, not in the lane, which is empty and the caller's. */
size_t maar__mring_scrape(struct maar__mring *m, struct maar__lane *lane, void **slots, size_t n);

/* Changes with each batch that moves. Under m->set.lock. */
uint64_t maar__mring_moves(const struct maar__mring *m);

/* ---- slab.c: under m->set.lock, or alone ---- */

/* Addresses for `most` slots of m->front.stride bytes, none of them with memory; 0 or a negative errno. */
int maar__slab_reserve(struct maar__mring *m, size_t most, size_t align, const struct maar_mring_options *o);
void maar__slab_release(struct maar__mring *m);
/* Memory for n slabs; false with errno, and nothing changed. */
bool maar__slab_ready(struct maar__mring *m, uint32_t first, uint32_t n);
/* Gives back that of one. False: it stays. */
bool maar__slab_return(struct maar__mring *m, uint32_t slab);

/* ---- grow.c: under m->set.lock, or alone ---- */

int maar__mring_begin_with(struct maar__mring *m, size_t slots);
/* True if there are fresh slots now. */
bool maar__mring_grow(struct maar__mring *m);
/* Bytes given back. *moves: by how much that by itself changes what maar__mring_moves says. */
size_t maar__mring_shrink_locked(struct maar__mring *m, uint64_t *moves);
/* Not under m->set.lock: calls what is to be told of a soft limit crossed, if nobody else does. */
void maar__mring_tell(struct maar__mring *m);

/* ---- mring_life.c, for given.c ---- */

/* Slots' stride, lanes and batches, as these options want them; 0 or a negative errno. */
int maar__mring_plan(struct maar__mring *m, size_t slots, size_t slot_bytes, const struct maar_mring_options *o);
/* After that: all else. m is zeroed but for that and what is given. A failure leaves nothing but m's own memory. */
int maar__mring_build(struct maar__mring *m, size_t slots, size_t slot_bytes, const struct maar_mring_options *o);
/* The shared ring's capacity; one thread's lane, in bytes. */
size_t maar__mring_ring_capacity(const struct maar__mring *m);
size_t maar__mring_single_bytes(const struct maar__mring *m);
/* ---- inner.c: an mring inside another object, which has a lock of its own and lets one thread in at a time ---- */

/*
 * Slots of `slot_bytes` (a power of two, whole pages) at addresses that are the caller's: reserved, no memory yet. Each
 * is a slab. No lanes, no registry, and nothing here comes from malloc. In zeroed memory; 0 or a negative errno.
 */
int maar__mring_init_inner(struct maar__mring *m, void *at, size_t slots, size_t slot_bytes);
void maar__mring_end_inner(struct maar__mring *m);
/* A slot, or NULL: no more slots, or no memory. *fresh: all its bytes are zero. */
void *maar__mring_get_inner(struct maar__mring *m, bool *fresh);
void maar__mring_put_inner(struct maar__mring *m, void *slot);
/* Free slots that have memory. */
static inline uint32_t maar__mring_spare_inner(const struct maar__mring *m)
{
	return m->common->n;
}
/* Gives the memory of up to n of those back, the ones that have been free longest; returns how many. */
uint32_t maar__mring_shrink_inner(struct maar__mring *m, uint32_t n);

/* ---- keeper.c ---- */

int maar__keeper_add(struct maar__mring *m); /* 0 or a negative errno */
void maar__keeper_remove(struct maar__mring *m);
/* In a child that has no such thread; the next get that needs m->set.lock makes it anew. */
void maar__keeper_is_gone(void);
void maar__keeper_again(void);
extern pthread_mutex_t maar__keeper_lock; /* for the fork handlers */

/* ---- for src/pool: slots by their handles ---- */

/* Handles that bulk calls pass on at once: a stack array that a signal stack can bear. */
#define MAAR__MRING_CHUNK 64

static inline void *maar__mring_at(const struct maar__mring *m, uint32_t handle)
{
	return m->front.slab + handle * m->front.stride;
}

static inline uint32_t maar__mring_pop(struct maar__mring *m)
{
	struct maar__lane *lane = maar__lane_quick(&m->front);
	void *slot;

	if (!maar_likely(lane && maar__lane_pop(lane, &slot))) {
		slot = maar__mring_get_one(m);
		if (!slot)
			return MAAR_NO_HANDLE;
	}
	return maar_mring_handle(&m->front, slot);
}

/* The caller has marked the slot. False if there is no room: some slot was put twice. */
bool maar__mring_push_slow(struct maar__mring *m, void *slot);
static inline bool maar__mring_push(struct maar__mring *m, uint32_t handle)
{
	struct maar__lane *lane = maar__lane_quick(&m->front);
	void *slot = maar__mring_at(m, handle);

	return maar_likely(lane && maar__lane_push(lane, slot)) || maar__mring_push_slow(m, slot);
}

/* n handles, as numbers in an array of pointers, or none: returns n or 0. */
size_t maar__mring_pop_many(struct maar__mring *m, void **numbers, size_t n);

/* Gives handles back, which the caller has marked, until there is no room; returns how many. n <= MAAR__MRING_CHUNK. */
size_t maar__mring_push_many(struct maar__mring *m, const uint32_t *handles, size_t n);

/* registry.c: 0 or a negative errno; sets id and serial. */
int maar__registry_add(struct maar__mring *m);
/* Afterwards no exiting thread can find the mring, nor is one still at work on it. */
void maar__registry_remove(struct maar__mring *m);
/* Inside an RCU read-side section: the mring, or NULL if it is gone. */
struct maar__mring *maar__registry_find(uint32_t id, uint64_t serial);
/* Inside such a section, or under the registry's lock: each living mring, those with small numbers first. */
void maar__registry_each(void (*visit)(struct maar__mring *m, void *arg), void *arg);
extern pthread_mutex_t maar__registry_lock; /* for the fork handlers */

/* The same under that lock; _if_free: not if somebody has it now. */
void maar__registry_each_locked(void (*visit)(struct maar__mring *m, void *arg), void *arg);
void maar__registry_each_if_free(void (*visit)(struct maar__mring *m, void *arg), void *arg);

/* fork.c: sees to it that forks are watched; under the registry's lock. */
bool maar__fork_is_watched(void);

/* ---- track.c: leak tracking, see track.h; only when m->track. `caller`: whom the public call returns to ---- */

/* The slot is in the caller's hands. Returns it. To be tail-called, so that the chain of frames is the caller's. */
void *maar__track_got(struct maar__mring *m, void *slot, const void *caller);
void maar__track_got_many(struct maar__mring *m, void *const *slots, size_t n, const void *caller);

/*
 * The slot is on its way back. claim: 0, or -EALREADY, told in debug mode and with nothing changed, if it is not out; of
 * two threads that put it at the same instant one is refused. retire: its holder has done with its bytes, and pushes it
 * next. put: both.
 */
int maar__track_claim(struct maar__mring *m, uint32_t handle, const void *caller);
void maar__track_retire(struct maar__mring *m, uint32_t handle);
int maar__track_put(struct maar__mring *m, uint32_t handle, const void *caller);

/* In debug mode tells: a slot was put that is free; what was put is no slot; a message's header was overwritten. */
void maar__track_double(struct maar__mring *m, uint32_t handle, const void *caller);
void maar__track_foreign(struct maar__mring *m, const void *pointer, const void *caller);
void maar__track_broken(struct maar__mring *m, const void *slot, const void *caller);

/*
 * A pool is made of m: the first `head` bytes of each slot are its own, with a word for the slot's state at `word`. Before
 * the first get; m->track may be NULL.
 */
void maar__track_is_pool(struct maar__mring *m, const void *pool, size_t head, size_t word);

/*
 * Slots [first, first + n) have got memory, all zero; or it was given back, and nobody has one of them. Under m->set.lock.
 */
void maar__track_cover(struct maar__mring *m, uint32_t first, uint32_t n);
void maar__track_forget(struct maar__mring *m, uint32_t first, uint32_t n);

#endif
