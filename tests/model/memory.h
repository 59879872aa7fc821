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
	uint32_t strong;	/* the oldest store that a SEQ_CST load may read, counted as in `stores` */
	uint32_t floor[CLOCKS]; /* the oldest store that a thread may read, by model_membarrier; 0: any */
	bool overwritten;	/* by a plain store since the last atomic access */
	struct clock looked;	/* each thread's last access */
	struct clock written;	/* each thread's last store */
	struct clock wakers;	/* what happens before a sleeper's look: model_futex_wait */
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
	struct plain *plain; /* NULL: no plain access so far */
	struct location at[2];
};

extern struct clock model_clocks[CLOCKS];

/* ---- memory.c ---- */

void memory_reset(void);
void memory_full(const char *what, unsigned most) __attribute__((noreturn));

/* The words of this execution in the order of their first accesses: next to each other, so that few cache lines do. */
#define MEMORY_WORDS 512 /* a scenario touches a few dozen */
extern struct word memory_words[MEMORY_WORDS];
extern unsigned memory_n_words;

/* From addresses to words; an entry of another execution is a free one. */
#define MEMORY_ENTRIES (2 * MEMORY_WORDS) /* a power of two */
struct memory_entry {
	uint64_t generation; /* the execution that it belongs to */
	struct word *word;
};
extern struct memory_entry memory_table[MEMORY_ENTRIES];
extern uint64_t memory_generation;

static inline size_t memory_hash(uintptr_t base)
{
	return (base >> 3) * UINT64_C(0x9e3779b97f4a7c15) >> 40 & (MEMORY_ENTRIES - 1);
}

/* The word at an address; of memory_find, which looks further and makes it, only the first look is worth inlining. */
struct word *memory_find(uintptr_t base);
static inline struct word *memory_word(uintptr_t address)
{
	const uintptr_t base = address & ~(uintptr_t)7;
	const struct memory_entry *e = &memory_table[memory_hash(base)];

	return e->generation == memory_generation && e->word->base == base ? e->word : memory_find(base);
}

/* Memory itself, which always holds the newest value, so that code outside the layer sees a sane object. */
uint64_t memory_read(const void *address, size_t bytes);
void memory_write(void *address, size_t bytes, uint64_t value);

/* The atomic object at an address, for an access by `thread`. */
struct location *memory_location(const void *address, size_t bytes, unsigned thread, bool writes);

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
