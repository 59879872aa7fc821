/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The benchmark harness: measures contestants (maar's rings and pools, and their peers) in cases (a shape of threads
 * doing one thing) side by side, and never believes a figure whose result was wrong.
 *
 *     case  "mpmc/4p4c/1024"                                          one run, in a process of its own
 *       round 1:  A B C      each contestant                      +-------------------------------------------+
 *       round 2:  B C A      runs once a round, so that           | open -> threads enter -> warm-up (barrier)|
 *       round 3:  C A B      a noisy minute hits all alike        |   -> measured phase (barrier) -> verify   |
 *          ...                                                    +-------------------------------------------+
 *       median, min, max, MAD of the rounds                       killed if it does not end: "stalled"
 *
 * A contestant is a row of struct bench_contestant in an adapter file (bench/peers/), which instantiates the loops of
 * bench/loop.h, so that its calls are inlined into loops of its own. A case is a row of struct bench_case in a
 * benchmark (bench_ring.c, bench_pool.c), whose main calls bench_main. Everything else is the harness.
 *
 * Rules that hold for all: operations are counted by successes; failed ones (full, empty, none free) apart; the wait
 * between retries is the harness's and the same for everybody; every run is checked for count, sum, and, of those who
 * claim it, order; a time limit ends a run whose contestant has collapsed, and its rate up to then is reported.
 * Durations of calls are taken in cases of their own ("lat/..."), since the time stamps cost more than most calls.
 *
 * Between all runs of several threads it is measured how far apart the processors are, and the figures are of runs
 * in which that was the same (bench/distance.c).
 *
 * A contestant may be a whole program instead (struct bench_program, `run`): a malloc that is preloaded is (bench_malloc.c).
 *
 * The machine's own limits (bench/peers/limits.c) are contestants like others, so they are measured in the same rounds.
 *
 * This header is C and C++: adapters are written in both.
 */
#ifndef BENCH_HARNESS_H
#define BENCH_HARNESS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Threads of one run: 8 producers and 8 consumers, doubled once for who wants more. */
#define BENCH_MAX_THREADS 32

/* Words of one thread stand this far apart (lines are fetched in pairs on x86). */
#define BENCH_APART 128

/* Largest batch of the bulk loops; the batches instantiated are 8 and 32 (see bench/loop.h). */
#define BENCH_MAX_BATCH 32

/* Entries of a pool under test: rte_mempool's array caches (512 * 1.5 each) of 8 threads fit in it. */
#define BENCH_POOL_SLOTS 8191

/* ---- what takes part in what ------------------------------------------------------------------------------------- */

/* A contestant takes part in a case that shares a bit with it and whose loops it has. */
enum bench_set {
	BENCH_SPSC = 1 << 0,
	BENCH_MPSC = 1 << 1,
	BENCH_SPMC = 1 << 2,
	BENCH_MPMC = 1 << 3,
	BENCH_POOL = 1 << 4,	  /* get and put in one thread */
	BENCH_CROSS = 1 << 5,	  /* A gets, B puts; the carrier between them is the same for all */
	BENCH_EXCHANGE = 1 << 6,  /* pool and queue together, any number of threads */
	BENCH_EXCHANGE1 = 1 << 7, /* the same, one producer and one consumer */
	BENCH_SLOTS = 1 << 8,	  /* messages that lie in the ring itself, or come through it, 1 producer, 1 consumer */
	BENCH_LIMIT_OPS = 1 << 9, /* what one instruction costs */
	BENCH_LIMIT_LINES = 1 << 10, /* how fast lines go from one core to another */
	BENCH_ASLEEP = 1 << 11,	     /* there and back, whoever waits sleeps */
	BENCH_ARENA = 1 << 12,	     /* memory that ends all at once */
	BENCH_MALLOC = 1 << 13,	     /* a program on a malloc that is preloaded (bench/shapes) */
	BENCH_LADDER = 1 << 14,	     /* the same, and what is no malloc beside it */

	/* between processes; what some cannot carry, messages of 16 KiB, is a bit of its own */
	BENCH_IPC_STREAM = 1 << 17,
	BENCH_IPC_STREAM_LARGE = 1 << 18,
	BENCH_IPC_MANY = 1 << 19, /* several producers and consumers */
	BENCH_IPC_BUSY = 1 << 20, /* there and back, nobody sleeps */
	BENCH_IPC_BUSY_LARGE = 1 << 21,
	BENCH_IPC_ASLEEP = 1 << 22, /* there and back, whoever waits sleeps */
	BENCH_IPC_ASLEEP_LARGE = 1 << 23,
	BENCH_IPC_ATTACH = 1 << 24,
	BENCH_IPC_RECOVER = 1 << 25,
	BENCH_IPC_DEATH = 1 << 26,

	BENCH_HANDLES = 1 << 16, /* no case has this: the contestant carries values of 32 bits, not of 64 */

	/* Queues of many producers and consumers may play every role; they join the cases of the lesser shapes. */
	BENCH_ANY_TO_ANY = BENCH_MPMC | BENCH_MPSC | BENCH_SPMC,
};

/* What a thread does; bench/loop.h has the bodies. */
enum bench_role {
	BENCH_PRODUCE,	 /* enqueue one by one */
	BENCH_CONSUME,	 /* dequeue one by one */
	BENCH_PRODUCE_N, /* in bursts of the case's batch: as many as fit */
	BENCH_CONSUME_N,
	BENCH_PRODUCE_ALL, /* in bulks of it: all or nothing */
	BENCH_CONSUME_ALL,
	BENCH_PRODUCE_TIMED, /* one by one, each call between two time stamps */
	BENCH_CONSUME_TIMED,
	BENCH_SELF,    /* enqueue and dequeue in turn, alone */
	BENCH_PING,    /* into ring 0, wait for the answer from ring 1 */
	BENCH_PONG,    /* from ring 0 to ring 1 */
	BENCH_PAIR,    /* get and put in turn, alone */
	BENCH_PAIR_N,  /* get a batch, put a batch */
	BENCH_SEND,    /* get a message, fill it, enqueue it */
	BENCH_RECEIVE, /* dequeue a message, read it, put it */
	BENCH_FILL,    /* take objects of mixed sizes from an arena, then end them all */
	BENCH_ROLES,
	BENCH_NOBODY = BENCH_ROLES,
};

enum bench_unit {
	BENCH_MOPS, /* million values or messages each second: more is better */
	BENCH_NS,   /* nanoseconds for each: less is better */
	/* what a program says of itself; of these, too, less is better */
	BENCH_MB,      /* million bytes of memory */
	BENCH_PERCENT, /* of what was asked for */
	BENCH_INSTRUCTIONS,
	BENCH_UNITS,
};

/* Whether threads are bound to processors. */
enum bench_pin {
	BENCH_PIN_AUTO, /* a processor each, when there are enough of them */
	BENCH_PIN_YES,
	BENCH_PIN_NO,
};

enum bench_order {
	BENCH_FIFO,		 /* strict */
	BENCH_FIFO_PER_PRODUCER, /* values of different producers may overtake each other */
};

struct bench_case {
	const char *name;  /* "mpmc/4p4c/1024", what -f matches */
	const char *title; /* for people */
	unsigned set;	   /* enum bench_set */
	enum bench_unit unit;
	enum bench_role first, second; /* roles; second may be BENCH_NOBODY */
	unsigned firsts, seconds;      /* threads of each */
	unsigned batch;		       /* 1, 8 or 32 */
	size_t capacity;	       /* entries of each ring */
	size_t bytes;		       /* of each pool object; 0: no pool */
	size_t touch; /* bytes of it that are written and read; a multiple of 8, at least 8, or, in BENCH_PAIR_N, 0 */
	enum bench_pin pin; /* unless the command line says otherwise */
	unsigned load;	    /* busy processes beside it, on top of those that the command line asks for */
	int processes;	    /* 1: each thread is a process of its own */
};

/* ---- one thread of a run ----------------------------------------------------------------------------------------- */

/* Shared by the threads of a run. What is written while they run has lines of its own. */
struct bench_run {
	unsigned producers;					/* threads of the first role */
	uint32_t stop __attribute__((aligned(BENCH_APART)));	/* time is up: producers end, consumers drain */
	uint32_t abandon;					/* the limit has passed: everybody ends at once */
	uint32_t running __attribute__((aligned(BENCH_APART))); /* producers that have not ended */
	uint64_t sent, received, ended_ns;			/* by those that have ended: see loop_ipc.h */
	uint64_t pad[12];
};

struct bench_timing; /* bench/timing.h */

struct bench_worker {
	struct bench_run *run;
	struct bench_timing *timing; /* of the timed roles */
	void *handle[2];	     /* what enter gave for subject 0 and, in ping-pong, subject 1 */
	uint64_t *progress;	     /* successes so far, where the parent process sees them */
	unsigned index;		     /* number among those of its role */
	unsigned batch;
	unsigned relax;	 /* pauses of one retry */
	unsigned pauses; /* retries that pause before one that yields the processor */
	size_t bytes, touch;
	unsigned seq_bits; /* of a value; above them is the producer's number */
	uint64_t seq_mask;
	uint64_t limit; /* messages this phase; UINT64_MAX: until stop */

	/* counted in each phase */
	uint64_t done;	 /* successes */
	uint64_t failed; /* calls that found the ring full or empty, or the pool without a free slot */
	uint64_t end_ns; /* when a consumer had its last success; 0: when the loop returned */

	/* counted over the run, for verification */
	uint64_t next;	     /* sequence number of the next value, from 1 */
	uint64_t count, sum; /* values sent or received */
	uint64_t disorder;   /* values that came out of their producer's order, or that nobody sent */
	uint64_t corrupt;    /* messages whose bytes were not those sent */
	uint64_t refused;    /* objects that the pool would not take back */
	uint64_t calls;	     /* system calls of the phase, plus 1; 0: not counted */
	uint64_t last[BENCH_MAX_THREADS];
} __attribute__((aligned(BENCH_APART)));

typedef void bench_loop_fn(struct bench_worker *w);

#define BENCH_MACHINE "machine"

struct bench_options;
struct bench_outcome;
struct json_t;

/* ---- a contestant ------------------------------------------------------------------------------------------------ */

struct bench_contestant {
	const char *name;
	const char *peer; /* the project: "maar", "DPDK", ...; BENCH_MACHINE: no queue, but what the machine can do */
	const char *note; /* what a reader has to know, or NULL */
	unsigned set;	  /* enum bench_set */
	enum bench_order order;
	size_t max_capacity; /* 0: any */
	unsigned param;	     /* the adapter's own: a mode */

	/* Makes subject `which` (1 only in ping-pong); NULL with a word on stderr if that is not possible. */
	void *(*open)(const struct bench_contestant *me, const struct bench_case *c, unsigned which);
	/* 0, or the number of objects that are missing from it. Called when all threads have left. */
	int (*close)(void *subject);
	/* Once in each thread, before it starts and after it ends; NULL: the handle is the subject. puts and takes say
	 * what the thread is going to do. */
	void *(*enter)(void *subject, int puts, int takes);
	void (*leave)(void *handle);

	bench_loop_fn *loop[BENCH_ROLES];
};

/* The rows of one adapter. */
struct bench_peer {
	const struct bench_contestant *contestant;
	size_t n;
};
#define BENCH_ROWS(rows)                                                                                               \
	{                                                                                                              \
		(rows), sizeof(rows) / sizeof(*(rows))                                                                 \
	}

struct bench_missing {
	const char *name;
	const char *package; /* Debian's; NULL: left out of a sanitizer build */
};

/* Those compiled in, and those that are not for want of their package (peers.c); ended by NULL. */
extern const struct bench_peer *const bench_peers[];
extern const struct bench_missing bench_missing_peers[];

/* ---- what is aimed at -------------------------------------------------------------------------------------------- */

/* The figures of a result. All but the first belong to timed roles. */
enum bench_figure {
	BENCH_VALUE,   /* in the case's unit */
	BENCH_PUT_P50, /* nanoseconds that a successful call took */
	BENCH_PUT_P99,
	BENCH_PUT_P999,
	BENCH_TAKE_P50,
	BENCH_TAKE_P99,
	BENCH_TAKE_P999,
	BENCH_STALLED_PERCENT, /* of the time, in gaps of 100 us or more in which no consumer took anything */
	BENCH_LONGEST_GAP,     /* of those, in microseconds */
	BENCH_PEAK_MB,	       /* of memory that was there, in million bytes: of programs */
	BENCH_CALLS,	       /* system calls for a million messages, where they are counted */
	BENCH_FIGURES,
};

enum bench_aim {
	BENCH_AT_LEAST_TIMES, /* the best of those it is held against */
	BENCH_AT_MOST_TIMES,
	BENCH_AT_MOST, /* a figure by itself */
};

/* Patterns are lists for fnmatch, parted by commas. A missed target is printed, and is no error. */
struct bench_target {
	const char *cases, *ours;
	const char *against; /* contestants; NULL: all peers that are FIFO here */
	enum bench_figure figure;
	enum bench_aim aim;
	double bound;
	int quiet; /* only if nothing else runs beside it (load) */
};

/* ---- a benchmark program ----------------------------------------------------------------------------------------- */

struct bench_program {
	const char *name; /* "bench_ring" */
	const char *doc;  /* one sentence for --help */
	const struct bench_case *cases;
	size_t n_cases;
	const struct bench_peer *const *peers; /* ended by NULL */
	const struct bench_missing *missing;   /* ended by a NULL name */
	const struct bench_target *targets;    /* may be NULL */
	size_t n_targets;
	/* Runs a contestant once, instead of the harness: those are programs (bench_program_outcome). NULL: the harness does. */
	void (*run)(const struct bench_contestant *who, const struct bench_case *c, const struct bench_options *o,
		    struct bench_outcome *outcome);
	/* What all cases together say, printed, and written beside `output` (NULL: nowhere) and into the JSON; NULL: nothing. */
	void (*summary)(struct json_t *program, const char *output);
};

/*
 * Measures as the command line says, prints tables, writes JSON. Exit status: 0; 1 if a result was wrong or a run
 * crashed or could not be set up; 2 if the results could not be written; 3 if no case and contestant match; 64 for a
 * command line that is none.
 */
int bench_main(const struct bench_program *program, int argc, char **argv);

#ifdef __cplusplus
}
#endif

#endif
