/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The stop test: a victim is stopped at each point of one call, the others go on over the same queue, and then the
 * victim is resumed, or killed. Who does what:
 *
 *     calls.c      the calls that a victim makes, as a table            (calls_hooked.c: the same with hooks)
 *     by_ptrace.c  points are instructions: the victim is a process, traced, the stage is memory shared with it
 *     by_hooks.c   points are atomic accesses: the victim is a fiber that its n-th MAAR_POINT leaves
 *     others.c     what the others do meanwhile, and the ledger of all values
 *     kinds.h      slot, batch, record and broadcast rings as queues of single values   (kinds.c: for the others)
 *     queues.h     faulty queues, as controls
 *     sweep.c      every point of one call from one state, judged
 *     cases.c      every mode, call and state; the tables of what the headers promise
 *     test_kill.c  all of it as tests; cross.c: the same where there is no test library
 */
#ifndef MAAR_TEST_KILL_H
#define MAAR_TEST_KILL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KILL_COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* ---- the stage: what the victim and the others share ---- */

#define KILL_QUEUE_BYTES 16384 /* of the largest queue: a lock-free batch ring has 64 blocks to spare */
#define KILL_MOST_VALUES 8     /* of one call */
#define KILL_EVICTED	 3     /* values[KILL_EVICTED]: how many an overwriting call evicted; they follow */

struct kill_call;

struct kill_stage {
	unsigned char queue[KILL_QUEUE_BYTES] __attribute__((aligned(128)));
	uint64_t values[KILL_MOST_VALUES]; /* the call's array, either way */
	size_t result;			   /* what the call returned */
	uint32_t ended;			   /* 1 from the call's return on */
	const struct kill_call *call;	   /* what the victim is to do next */
};

/* ---- the victim's calls ---- */

enum kill_side { KILL_PUT, KILL_TAKE };

struct kill_call {
	const char *name;
	enum kill_side side;
	bool bulk;     /* all or nothing */
	bool alone;    /* the caller promises that nobody else is on its side (_sp, _sc) */
	bool many;     /* refused where the mode has one thread on this side (_mp, _mc) */
	bool single;   /* refused where the mode has many threads on this side */
	bool pointers; /* moves what another does, for pointers */
	bool evicts;   /* refused where the mode does not overwrite */
	bool batch;    /* its values together have the room of one */
	bool in_place; /* refused where the mode is not made for it */
	size_t n;
	size_t (*run)(void *queue, uint64_t *values);
};

/* Each table ends with a call without a name. Its first call does nothing, to measure what surrounds a call. */
enum kill_table {
	KILL_RING_CALLS,
	KILL_SLOT_CALLS,
	KILL_BATCH_CALLS,
	KILL_RECORD_CALLS,
	KILL_BROADCAST_CALLS,
	KILL_VYUKOV_CALLS,
	KILL_SPINLOCK_CALLS,
	KILL_CARELESS_CALLS,
	KILL_TABLES
};
struct kill_calls {
	bool in_library; /* the library's own code has points, too */
	const struct kill_call *of[KILL_TABLES];
};
extern const struct kill_calls kill_calls_plain, kill_calls_hooked;

/* ---- how a victim is stopped ---- */

struct kill_stepper {
	const char *name;
	const char *points; /* what a point is, in the plural */
	bool cheap;	    /* few points */
	const struct kill_calls *calls;
	/* A stage, or NULL if this way of stopping is not to be had here; *why says so. */
	struct kill_stage *(*open)(const char **why);
	/* The stage is prepared: the victim is to make stage->call from there. */
	void (*begin)(struct kill_stage *stage);
	/*
	 * The victim stands at point k, with the stage as it is when nobody else did anything. False: it returned from
	 * the call before. Called for k = 0, 1, 2 ... until false.
	 */
	bool (*at)(struct kill_stage *stage, unsigned k);
	/* Resumed; false if it does not end. */
	bool (*finish)(struct kill_stage *stage);
	/* Killed where it stands. `at` may be called again, and starts another victim. */
	void (*kill)(struct kill_stage *stage);
	void (*close)(struct kill_stage *stage);
};
extern const struct kill_stepper kill_by_hooks;
#ifdef __x86_64__
extern const struct kill_stepper kill_by_ptrace;
#endif

/* ---- queues, as the others use them ---- */

struct kill_queue {
	/* In the stage's memory; the positions begin at `start`. */
	void (*init)(void *queue, size_t capacity, unsigned flags, uint64_t start);
	size_t (*put)(void *queue, const uint64_t *values, size_t n); /* as many as fit */
	size_t (*take)(void *queue, uint64_t *values, size_t n);
	size_t (*count)(const void *queue); /* claimed or filled */
	bool (*locked)(const void *queue);  /* NULL: there is no lock */
	/*
	 * What a thread between two halves of a call (reserve and commit, peek and release) has out: KILL_LENDS: how many;
	 * KILL_HOLDS: from the oldest on. NULL: there is no such thing.
	 */
	size_t (*held)(const void *queue);
	/* Called by whoever takes a side over from one who died alone there; NULL: nothing is asked. */
	void (*succeed)(void *queue, enum kill_side side);
};
extern const struct kill_queue kill_slots, kill_batches, kill_records, kill_broadcast;
extern const struct kill_queue kill_ring, kill_vyukov, kill_spinlock, kill_careless;

/* ---- what is promised ---- */

enum kill_promise {
	KILL_STALLS_NOBODY,
	KILL_HIDES, /* where a cell is claimed and not filled, consumers find nothing from there on; nowhere else */
	KILL_HOLDS, /* what it has out stops producers that come round to it, a capacity later; nothing else does */
	KILL_LENDS, /* what it has out is missing, one for one; it stalls others only if it is all there is */
	KILL_LOCKS, /* a control: where the lock is held, nobody's call returns */
	KILL_BLOCKS /* a control: somewhere, and the sweep says where */
};

struct kill_mode {
	const char *name;
	const struct kill_queue *queue;
	unsigned flags;		     /* of the ring */
	enum kill_promise put, take; /* a thread stopped, or killed, in it ... */
	bool variant;		     /* its moves are those of other modes: fewer states by ptrace */
	enum kill_table calls;
	/*
	 * The flags of a ring that behaves alike: who is alone (SP, SC), a single consumer that tells each dequeue (EXACT),
	 * enqueues in bulk though there are many producers (TICKET).
	 */
	unsigned like;
	bool in_library; /* its moves are not inline: no points by hooks, unless the library has them */
	bool in_place;	 /* made for in_place calls */
	bool heirs;	 /* death of a producer that was alone leaves its successor everything in order, too */
	size_t least;	 /* capacity; 0: 1 */
};

/* One call from one state. */
struct kill_case {
	const struct kill_mode *mode;
	const struct kill_call *call;
	size_t capacity, most; /* promised; that may be in */
	size_t filled;
	uint64_t start;	     /* position of the oldest value */
	unsigned operations; /* by the others, at each point */
};

/* ---- the others, and the ledger of all values ---- */

enum kill_who { KILL_OTHERS, KILL_VICTIM };

#define KILL_MOST_SENT 16384

/* Values stay below 2^32, which rings of handles can carry, and are never 0, which would be a null pointer. */
#define KILL_VALUE(who, number) ((uint64_t)((who) + 1) << 24 | ((number) + 1))

enum kill_verdict {
	KILL_FREE,
	KILL_STUCK,	/* full and empty at once: nobody can move a value */
	KILL_NO_RETURN, /* a call made KILL_ACCESSES accesses to shared memory and has not returned */
	KILL_WRONG	/* something is wrong with the values: see error */
};

/* A call of a few values needs less than 100. */
#define KILL_ACCESSES 10000

#define KILL_ERROR 256

/* The others are one thread that plays several: nothing else runs meanwhile, so every run is the same. */
struct kill_others {
	const struct kill_case *c;
	void *queue;
	char *error;	  /* KILL_ERROR bytes; what was wrong first */
	uint32_t sent;	  /* by the others, what was in at the beginning included */
	uint32_t drained; /* by the others */
	uint32_t next[2]; /* by producer: the least number that the others may still receive */
	uint32_t calls;	  /* since the victim stands */
	uint32_t moving;  /* of them, those that moved a value */
	uint32_t lent;	  /* KILL_LENDS: so much less fits, while the victim has it */
	/* How often each value was received; beyond `sent`, zero. */
	unsigned char seen_of_victim[KILL_MOST_VALUES], seen[KILL_MOST_SENT];
};

/* The queue of a case in its first state. False: it cannot be made. */
bool kill_others_begin(struct kill_others *o, const struct kill_case *c, void *queue, char *error);
/* Makes the ledger like `from`, over another copy of its queue. */
void kill_others_copy(struct kill_others *o, const struct kill_others *from, void *queue, char *error);
/* What can be drained from this copy of the queue; SIZE_MAX if a call does not return. */
size_t kill_others_visible(const struct kill_case *c, void *copy);

/* The victim stands: go on until c->operations are done and both answers were seen, with the sides that are free. */
enum kill_verdict kill_others_go_on(struct kill_others *o, bool may_put, bool may_take);
/* Puts values until `n` are in, or it is full. */
void kill_others_leave(struct kill_others *o, size_t n);
/* The victim has returned from its call: what it did is accounted for, and the queue has to be as good as new. */
enum kill_verdict kill_others_settle(struct kill_others *o, const struct kill_stage *stage);
/* The victim is dead: the same, but that what it held may be missing. `heir`: somebody may take its side over. */
enum kill_verdict kill_others_inherit(struct kill_others *o, bool heir, bool fill_first);

/* ---- sweeps ---- */

/* What a sweep found; `error` is empty if all was as promised. */
struct kill_found {
	unsigned points;
	unsigned blocked, first_blocked, last_blocked;
	unsigned dead;	/* points at which death leaves the queue unusable */
	unsigned heirs; /* points at which death of a thread that was alone on its side does so for its successor */
	char error[KILL_ERROR + 256];
};

/*
 * Every point of a case. The victim is stopped there, the others go on, it is resumed, and all is judged; what death
 * there would leave is judged on a copy. With `kills` it is killed there in earnest.
 */
void kill_sweep(const struct kill_stepper *stepper, struct kill_stage *stage, const struct kill_case *c, bool kills,
		struct kill_found *found);

/* ---- cases ---- */

extern const struct kill_mode kill_modes[], kill_controls[];
extern const int kill_modes_count;

/* Whether a mode has such a call. */
bool kill_is_for(const struct kill_call *call, const struct kill_mode *mode);

typedef void kill_visit_fn(const struct kill_case *c, void *arg);

/* How many states to call a call in: points are ten times as many by ptrace as by hooks. */
enum kill_extent {
	KILL_ALL,  /* every level of every capacity */
	KILL_MOST, /* what differs in its answer, or may in its instructions */
	KILL_FEW,  /* it does all it is asked for; nothing */
	KILL_ONE,  /* it does all it is asked for */
	KILL_NONE
};

/* Visits the states to call `call` in; none if it is not for this mode. */
void kill_each_state(const struct kill_mode *mode, const struct kill_call *call, enum kill_extent extent,
		     unsigned operations, kill_visit_fn *visit, void *arg);
/* What the call returns if nobody disturbs it. */
size_t kill_undisturbed(const struct kill_case *c);

/* ---- all of it ---- */

struct kill_run {
	const struct kill_stepper *stepper;
	struct kill_stage *stage;
	unsigned operations;
	bool kills;
	bool all; /* every call in every state */
	void (*note)(const char *format, ...) __attribute__((format(printf, 1, 2)));
	char error[KILL_ERROR + 384]; /* the first; empty if there is none */
};

/* Every call of a mode in every state; `kills`: the calls that name no side in few. Notes what was found. */
void kill_run_mode(struct kill_run *run, const struct kill_mode *mode);
/* The faulty queues, and good ones of which too much is said: the sweep must find what is wrong with each. */
void kill_run_controls(struct kill_run *run);

#endif
