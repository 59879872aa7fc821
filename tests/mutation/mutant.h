/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * What the scenarios of the mutation build share: see mutant.c.
 */
#ifndef MAAR_TEST_MUTATION_MUTANT_H
#define MAAR_TEST_MUTATION_MUTANT_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

__attribute__((noreturn)) void die(const char *what);
void must(bool ok, const char *what);
uint64_t random_from(uint64_t *state);

/* ---- one at a time: an interleaving by the dice ---- */

#define MOST_THREADS 4

/* Runs a function in n threads, by turns. */
void by_turns(unsigned n, void (*run)(void *arg, unsigned id), void *arg);
extern __thread uint64_t dice;
/* For loops that wait for others. */
void give_way(void);

/* ---- one certain interleaving, of threads that by_turns has not started ---- */

/* Called before each access of this thread. */
extern __thread void (*at_point)(void);

/* How far a scenario is; by relaxed accesses: what one thread learns from another by it orders nothing. */
extern unsigned stage;
void go_to(unsigned next);
void wait_for(unsigned wanted);

/* ---- mutant_alloc.c ---- */

/* Before anything else that allocates by maar_malloc. */
void alloc_first_calls(void);
void allocs(void);

#endif
