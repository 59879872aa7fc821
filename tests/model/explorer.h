/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * An explorer of C11 executions: runs a scenario of a few threads many times in one process, each time with another
 * interleaving, and lets every atomic load read any store that the memory model allows, not just the newest.
 *
 *     scenario threads (fibers)  ->  maar's own source, whose atomics are model_*()  ->  histories of stores per location
 *
 * What it models: modification order is the order of execution; a load may read any store not older than one that happens
 * before the load, or that somebody read in an event that happens before it; release stores carry their thread's vector clock,
 * acquire loads join it; read-modify-writes read the newest store and continue release sequences; a failing
 * compare-and-swap is a load. The last MODEL_HISTORY stores of a location can be read. What it does not: a load that reads a
 * store executed later (load buffering); what that could break is checked through model_took() instead. No SEQ_CST yet: no
 * code under test uses it, and naming it does not compile.
 *
 * Every place that names an order is a site; a site's order can be weakened at run time, which is how the mutation test
 * shows that the scenarios would notice.
 */
#ifndef MAAR_TESTS_MODEL_EXPLORER_H
#define MAAR_TESTS_MODEL_EXPLORER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MODEL_THREADS 4 /* besides the one that sets up and finishes */
#define MODEL_HISTORY 6 /* stores of a location that loads can still read: 3 to 4 found every bug known to us */

enum model_order { MODEL_RELAXED, MODEL_ACQUIRE, MODEL_RELEASE, MODEL_ACQ_REL };

enum model_op { MODEL_LOAD, MODEL_STORE, MODEL_CAS, MODEL_ADD, MODEL_CAS2 };

/* A place in the source that names a memory order. */
struct model_site {
	const char *file;
	int line;
	enum model_op op;
	enum model_order order;
	struct model_site *next; /* all sites that were executed */
	bool known;
};

struct model_scenario {
	const char *name;
	unsigned threads;
	void (*set_up)(void *state);
	void (*thread[MODEL_THREADS])(void *state);
	void (*finish)(void *state); /* after all threads, which happen before it */
	void *state;
};

/* What went wrong: the first line of a failing execution, or NULL. */
struct model_result {
	uint64_t executions;
	uint64_t seed;	     /* of the failing execution: model_run with this seed and one execution shows it again */
	const char *failure; /* static storage until the next run; NULL if none */
};

/* Runs up to `executions` executions, the i-th with seed + i; stops at the first failure. */
struct model_result model_run(const struct model_scenario *scenario, uint64_t seed, uint64_t executions);

/* All sites executed so far. */
struct model_site *model_sites(void);

/* From now on this site's order counts as `order`; NULL: none is weakened. */
void model_weaken(const struct model_site *site, enum model_order order);

/* Inside a scenario: */
void model_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
#define model_assert(condition, ...) ((condition) ? (void)0 : model_fail(__VA_ARGS__))
void model_yield(void);			   /* another thread's turn: in every waiting loop */
unsigned model_random(unsigned below);	   /* 0 .. below - 1, from the execution's seed */
uint64_t model_plain_read(uint64_t *cell); /* plain accesses: unordered conflicting ones are a race */
void model_plain_write(uint64_t *cell, uint64_t value);

/*
 * This thread has taken the unique value out of the structure under test: its read of the atomic word that held the value
 * must happen before any later store to that word, or a weaker machine could have read the later one.
 */
void model_took(uint64_t value);

/* The atomics layer, from backend.h: */
uint64_t model_load(struct model_site *site, const void *address, size_t bytes);
void model_store(struct model_site *site, void *address, size_t bytes, uint64_t value);
bool model_cas(struct model_site *site, void *address, size_t bytes, uint64_t old_value, uint64_t new_value);
uint64_t model_add(struct model_site *site, void *address, size_t bytes, uint64_t value);
bool model_cas2(struct model_site *site, void *address, uint64_t old0, uint64_t old1, uint64_t new0, uint64_t new1);

#endif
