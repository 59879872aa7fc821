/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The explorer's picture of memory: words of 8 bytes, each with what is known of atomic accesses to it (memory.c) and of
 * plain ones (plain.c), as of the present execution.
 */
#ifndef MAAR_TESTS_MODEL_MEMORY_H
#define MAAR_TESTS_MODEL_MEMORY_H

#include "explorer.h"

#define CLOCKS (MODEL_THREADS + 1) /* 0 is the thread that sets up and finishes */

/* at[t]: what thread t did up to then happens before. */
struct clock {
	uint32_t at[CLOCKS];
};

struct store {
	uint64_t value;
	uint32_t thread;
	uint32_t stamp;		/* the storing thread's clock */
	uint32_t seen[CLOCKS];	/* each thread's clock when it first read this store; 0: never */
	uint32_t taken;		/* bit mask of threads: model_took, that read counts */
	struct clock published; /* what an acquire load of this store joins */
	struct clock whole;	/* the storing thread's clock, whatever the order: for model_took */
};

/* An atomic object. */
struct location {
	const void *address;
	uint32_t
		stores; /* ever; the newest is history[(stores - 1) % MODEL_HISTORY]; 0: not accessed in this execution */
	uint32_t bytes;
	uint32_t strong;      /* the oldest store that a SEQ_CST load may read, counted as in `stores` */
	bool overwritten;     /* by a plain store since the last atomic access */
	struct clock looked;  /* each thread's last access */
	struct clock written; /* each thread's last store */
	struct clock wakers;  /* what happens before a sleeper's look: model_futex_wait */
	struct store history[MODEL_HISTORY];
};

/* A byte of plain memory, or 8 of them. */
struct shadow {
	uint32_t writer, written;
	uint32_t read[CLOCKS];
};

struct plain {
	bool split; /* one shadow for each byte; until then shadow[0] is for all */
	struct shadow shadow[8];
};

struct word {
	uintptr_t base;	     /* its address */
	uint64_t generation; /* the execution that this entry belongs to */
	struct plain *plain; /* NULL: no plain access so far */
	struct location at[2];
};

extern struct clock model_clocks[CLOCKS];

/* ---- memory.c ---- */

void memory_reset(void);
void memory_full(const char *what, unsigned most) __attribute__((noreturn));
struct word *memory_word(uintptr_t address);

/* The atomic object at an address, for an access by `thread`. */
struct location *memory_location(const void *address, size_t bytes, unsigned thread, bool writes);

/* The words accessed in this execution: 0 .. n - 1. */
unsigned memory_words(void);
struct word *memory_nth_word(unsigned i);

static inline struct store *memory_newest(struct location *l)
{
	return &l->history[(l->stores - 1) % MODEL_HISTORY];
}

static inline void memory_join(struct clock *to, const struct clock *from)
{
	for (unsigned i = 0; i < CLOCKS; i++)
		if (from->at[i] > to->at[i])
			to->at[i] = from->at[i];
}

/* ---- plain.c ---- */

void plain_reset(void);

/* An atomic access to bytes of a word that was accessed plainly too: a race, unless ordered. */
void plain_meets_atomic(const struct word *word, unsigned from, size_t bytes, unsigned thread, bool writes);

#endif
