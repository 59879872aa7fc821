/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The inside of an mring: what stands behind struct maar_mring, and the files that share it.
 *     mring.c       get and put: the data's way
 *     mring_life.c  create, destroy, statistics
 *     lane.c        which lane is this thread's; thread exit
 *     registry.c    which mrings are alive, for exiting threads (liburcu)
 *     debug.c       debug builds: who has which slot
 *     track.h       leak tracking, in files of its own
 */
#ifndef MAAR_MRING_PRIV_H
#define MAAR_MRING_PRIV_H

#include <maar/mring.h>

#include "../base/base.h"
#include "../ring/batch_ring_priv.h"

#define MAAR__MRING_MAGIC 0x6d6d7267u /* "mmrg" */

/*
 * A stack of free handles. The owner thread alone pushes and pops; others read the counters. Lanes are never freed
 * before their mring, so lists of them need no protection.
 */
struct maar__lane {
	uint32_t n;		      /* handles on the stack; written by the owner, read by statistics */
	uint32_t in_thread;	      /* under the mring's lock */
	uint64_t fetched;	      /* batches from the shared ring */
	uint64_t handed;	      /* batches to it */
	struct maar__lane *next;      /* all lanes of the mring */
	struct maar__lane *next_idle; /* lanes without a thread; under the mring's lock */
	uint64_t pad[3];	      /* the stack begins on a line of its own */
	uint32_t handles[] __attribute__((aligned(8)));
};

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

struct maar__mring {
	struct maar_mring front;

	uint32_t id;	     /* index in the registry and in each thread's table; used again after destroy */
	uint32_t batch;	     /* handles that move at once */
	uint32_t lane_slots; /* most handles in a lane, 2 * batch; 0: no lanes, batch is 1 */
	uint64_t serial;     /* never used again: tells a stale table entry from a good one */
	struct maar__track *track; /* leak tracking; NULL: none */
	struct maar_batch_ring *shared;
	const void *pool;  /* the pool that is made of it, for reports; NULL: none */
	unsigned tracking; /* MAAR_TRACK_* in force */
	void *mapping; /* the slab with room for its alignment */
	size_t mapping_bytes;
#ifdef MAAR_DEBUG
	struct maar__slot_owner *owners;
	size_t owners_bytes;
#endif

	pthread_mutex_t lock; /* lists of lanes; thread births and deaths only, and a get that found the mring empty */
	struct maar__lane *lanes;
	struct maar__lane *idle;
	uint32_t idle_lanes; /* length of idle; read without the lock as a hint */

	pthread_mutex_t common_lock; /* for threads that found no memory for a lane */
	struct maar__lane *common;

	uint32_t fresh __attribute__((aligned(MAAR_APART))); /* slots from this number on were never used */
	uint32_t high_water;
};

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

/* lane.c: this thread's lane, or NULL if the mring has none or there is no memory. */
struct maar__lane *maar__lane_attach(struct maar__mring *m);
void maar__lane_release_mine(struct maar__mring *m);
struct maar__lane *maar__lane_new(const struct maar__mring *m);

extern pthread_mutex_t maar__lane_key_lock; /* for the fork handlers */

struct maar__lane_entry {
	uint64_t serial; /* of the mring that `lane` belongs to; 0: none */
	struct maar__lane *lane;
};

struct maar__thread_lanes {
	uint32_t n; /* entries of `of`, indexed by mring id */
	struct maar__lane_entry of[];
};

/* One pointer a thread, in the static TLS block: one instruction to reach, and small enough for dlopen. */
extern __thread struct maar__thread_lanes *maar__thread_lanes __attribute__((tls_model("initial-exec")));

static inline struct maar__lane *maar__lane_mine(const struct maar__mring *m)
{
	const struct maar__thread_lanes *t = maar__thread_lanes;

	if (maar_likely(t && m->id < t->n && t->of[m->id].serial == m->serial))
		return t->of[m->id].lane;
	return NULL;
}

/* mring.c: a handle by way of the shared ring; MAAR_NO_HANDLE, or false, as maar_mring_get and put answer. */
uint32_t maar__mring_pop_slow(struct maar__mring *m);
bool maar__mring_push_slow(struct maar__mring *m, uint32_t handle);

/* Handles that bulk calls pass on at once: a stack array that a signal stack can bear. */
#define MAAR__MRING_CHUNK 64

/* n handles, as numbers in an array of pointers, or none: returns n or 0. */
size_t maar__mring_pop_many(struct maar__mring *m, void **numbers, size_t n);

/* Gives handles back, which the caller has marked, until there is no room; returns how many. */
size_t maar__mring_push_many(struct maar__mring *m, const uint32_t *handles, size_t n);

/* The hot half of get: a handle from this thread's lane. */
static inline uint32_t maar__mring_pop(struct maar__mring *m)
{
	struct maar__lane *lane = maar__lane_mine(m);
	uint32_t handle, n;

	if (maar_likely(lane && (n = maar_a_load(&lane->n, RELAXED)) > 0)) {
		handle = lane->handles[n - 1];
		maar_a_store(&lane->n, n - 1, RELAXED);
	} else {
		handle = maar__mring_pop_slow(m);
		if (maar_unlikely(handle == MAAR_NO_HANDLE))
			return handle;
	}
	MAAR__MARK(m, handle, 1);
	return handle;
}

/* The hot half of put; the caller has marked the slot. False if there is no room: some slot was put twice. */
static inline bool maar__mring_push(struct maar__mring *m, uint32_t handle)
{
	struct maar__lane *lane = maar__lane_mine(m);
	uint32_t n;

	if (maar_likely(lane && (n = maar_a_load(&lane->n, RELAXED)) < m->lane_slots)) {
		lane->handles[n] = handle;
		maar_a_store(&lane->n, n + 1, RELAXED);
		return true;
	}
	return maar__mring_push_slow(m, handle);
}

static inline void *maar__mring_at(const struct maar__mring *m, uint32_t handle)
{
	return m->front.slab + handle * m->front.stride;
}

/* registry.c: 0 or a negative errno; sets id and serial. */
int maar__registry_add(struct maar__mring *m);
/* Afterwards no exiting thread can find the mring, nor is one still at work on it. */
void maar__registry_remove(struct maar__mring *m);
/* Inside an RCU read-side section: the mring, or NULL if it is gone. */
struct maar__mring *maar__registry_find(uint32_t id, uint64_t serial);
/* Calls fn for every living mring, under the registry's mutex; _if_free: not if somebody has that now. */
void maar__registry_each(void (*fn)(struct maar__mring *m, void *arg), void *arg);
void maar__registry_each_if_free(void (*fn)(struct maar__mring *m, void *arg), void *arg);

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

#endif
