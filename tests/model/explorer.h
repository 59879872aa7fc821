/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * An explorer of C11 executions: runs a scenario of a few threads many times in one process, each time with another
 * interleaving, and lets every atomic load read any store that the memory model allows, not just the newest.
 *
 *     scenario threads (fibers)  ->  maar's own source, whose accesses are model_*()  ->  histories of stores per location
 *
 * What it models: a load may read any store not older than one that happens before the load, or that somebody read in an
 * event that happens before it; release stores carry their thread's vector clock, acquire loads join it; read-modify-writes
 * read the newest store and continue release sequences; a failing compare-and-swap is a load, relaxed, as in
 * <maar/bits/atomic.h>. SEQ_CST: besides that, a load may not read anything older than the newest store that a SEQ_CST
 * access executed before has stored or read there. Memory that is not atomic is checked byte by byte for accesses that
 * nothing orders.
 *
 * What it leaves out. All approximations are on one side: it never invents an execution that C11 forbids, and may miss some
 * that C11 allows:
 *   - each location's modification order, and the one order of all SEQ_CST accesses, are the order of execution;
 *   - no load reads a store executed later (load buffering); what that could break, model_took() checks instead;
 *   - only the last MODEL_HISTORY stores of a location can be read, and after OPERATIONS_FREE only the newest;
 *   - a strong compare-and-swap is never taken for a weak one;
 *   - the futex is the kernel's: see model_futex_wait.
 *
 * Half of the executions draw a thread at random at each access, the other half go by priorities: the first runs until it
 * waits, ends, or meets one of one to three points at which it comes to be the last. (Burckhardt, Kothari, Musuvathi and
 * Nagarakatte 2010 show why few such points find most faults.) The seed decides which, and all else.
 *
 * Every place in the source that names an order can be weakened at run time, which is how the mutation test shows that the
 * scenarios would notice.
 */
#ifndef MAAR_TESTS_MODEL_EXPLORER_H
#define MAAR_TESTS_MODEL_EXPLORER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MODEL_THREADS 4 /* besides the one that sets up and finishes */
#define MODEL_HISTORY 4 /* stores of a location that loads can still read: 3 to 4 found every bug known to us */

enum model_order { MODEL_RELAXED, MODEL_ACQUIRE, MODEL_RELEASE, MODEL_ACQ_REL, MODEL_SEQ_CST };

enum model_op { MODEL_LOAD, MODEL_STORE, MODEL_CAS, MODEL_ADD, MODEL_CAS2 };

/* A place in the source that names a memory order. A header's place is one, however many sources include it. */
struct model_place {
	char file[256]; /* with ".." resolved */
	int line;
	enum model_op op;
	enum model_order order;
	const char *text;  /* of the address: tells accesses of one line apart */
	uint64_t hits;	   /* how often it was executed */
	uint64_t marks[8]; /* for whoever runs scenarios: one bit for each */
	struct model_place *next;
};

/* One compiled copy of a place. */
struct model_site {
	const char *file;
	int line;
	enum model_op op;
	enum model_order order;
	const char *text;
	struct model_place *place; /* NULL until it is executed */
};

struct model_scenario {
	const char *name;
	unsigned threads;
	void (*set_up)(void *state);
	void (*thread[MODEL_THREADS])(void *state);
	void (*finish)(void *state); /* after all threads, which happen before it; may be NULL */
	void *state;
};

/* What went wrong: the first line of a failing execution, or NULL. */
struct model_result {
	uint64_t executions;
	uint64_t seed;	      /* of the failing execution: model_run with this seed and one execution shows it again */
	const char *failure;  /* static storage until the next run; NULL if none */
	const char *schedule; /* how the failing execution's threads were scheduled; static storage */
};

/* Runs up to `executions` executions, the i-th with seed + i; stops at the first failure. */
struct model_result model_run(const struct model_scenario *scenario, uint64_t seed, uint64_t executions);

/* From now on each access is told to standard output, one a line. */
void model_trace(bool on);

/* All places executed so far. */
struct model_place *model_places(void);

/* From now on this place's order counts as `order`; NULL: none is weakened. */
void model_weaken(const struct model_place *place, enum model_order order);

/* Inside a scenario: */
void model_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
#define model_assert(condition, ...) ((condition) ? (void)0 : model_fail(__VA_ARGS__))
void model_yield(void);			   /* another thread's turn: in every waiting loop (maar_cpu_relax is one) */
uint64_t model_plain_read(uint64_t *cell); /* plain accesses: conflicting ones that nothing orders are a race */
void model_plain_write(uint64_t *cell, uint64_t value);

/* 0 .. below - 1, from the execution's seed. Inline, since the explorer draws a number or two for each access. */
extern uint64_t model_random_state;
static inline unsigned model_random(unsigned below)
{
	/* splitmix64 (Steele, Lea, Flood 2014): any seed will do, also 0, 1, 2, ... */
	uint64_t z = model_random_state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return (unsigned)(((z ^ z >> 31) >> 32) * below >> 32);
}

/*
 * This thread has taken the unique value out of the structure under test: its read of the atomic word that held the value
 * (in the bits of `mask`) must happen before any later store to that word, or a weaker machine could have read the later
 * one.
 */
void model_took(uint64_t value, uint64_t mask);

/*
 * From now on in this execution, each store to these bytes must happen after the one before, and not just be executed
 * later: another machine might keep the wrong one. Read-modify-writes are exempt.
 */
void model_one_at_a_time(const void *address, size_t bytes);

/*
 * Sleeping on a word, which may be half of a 64-bit one. wait: sleeps until a wake if the word reads as `expected`, and answers whether it slept; the read is
 * as good as SEQ_CST, and comes after what went before any earlier wake on the word (they share a lock in the kernel). In
 * some executions it also returns for no reason, as futexes do. wake: wakes up to n sleepers of the word, any; those
 * learn nothing by it but that they are awake. An execution in which all threads sleep that have not ended has failed.
 */
bool model_futex_wait(const uint32_t *word, uint32_t expected);
unsigned model_futex_wake(const uint32_t *word, unsigned n);

/*
 * A memory barrier in all threads at once, as by the system call: from now on this thread reads no store older than the
 * newest one there is, and no other thread reads one older than the newest that this thread knows of. Nothing happens
 * before anything else by it, so that plain accesses still need an order of their own.
 */
void model_membarrier(void);

/* pthread_mutex_lock and unlock, of a mutex made by pthread_mutex_init (lock.c). */
int model_mutex_lock(void *mutex);
int model_mutex_unlock(void *mutex);

/* The atomics layer, from backend.h: */
uint64_t model_load(struct model_site *site, const void *address, size_t bytes);
void model_store(struct model_site *site, void *address, size_t bytes, uint64_t value);
bool model_cas(struct model_site *site, void *address, size_t bytes, uint64_t old_value, uint64_t new_value);
uint64_t model_add(struct model_site *site, void *address, size_t bytes, uint64_t value);
bool model_cas2(struct model_site *site, void *address, uint64_t old0, uint64_t old1, uint64_t new0, uint64_t new1);

/* Plain memory, before it is read or written; model_copy is memcpy with both. */
void model_reads(const void *from, size_t bytes);
void model_writes(void *to, size_t bytes);
void model_copy(void *to, const void *from, size_t bytes);

#endif
