/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Programs that use malloc wrongly, and rightly, each a function of one program: misuse.c and uses.c have the wrong ones, proper.c
 * the right.
 */
#ifndef MAAR_TESTS_MALLOC_MISUSE_H
#define MAAR_TESTS_MALLOC_MISUSE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* In a function of its own, whose name is to stand in the report. */
#if defined(__has_attribute) && !defined(__clang__)
#define APART __attribute__((noipa))
#else
#define APART __attribute__((noinline))
#endif

#define must(cond)                                                                                                     \
	do {                                                                                                           \
		if (!(cond)) {                                                                                         \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #cond);                             \
			_Exit(3);                                                                                      \
		}                                                                                                      \
	} while (0)

struct program {
	const char *name;
	void (*run)(void);
	const char *options;  /* MAAR_OPTIONS */
	const char *expected; /* what its report has to say, a pattern of the shell's */
};
extern const struct program wrong_uses[], wrong_edges[], told_edges[], proper[], proper_edges[];

/* The same pointer, of which the compiler knows nothing. */
static inline void *hide(void *pointer)
{
	__asm__ volatile("" : "+r"(pointer) : : "memory");
	return pointer;
}

/* Those who are to be named. */
extern volatile unsigned char sink;
APART unsigned char *taker(size_t bytes);
APART void putter(void *block);
APART unsigned char *resizer(void *block, size_t bytes);
APART void writer(unsigned char *at, unsigned char value);
APART void reader(const unsigned char *at);
APART void *new_taker(const char *name, size_t bytes);
APART void new_putter(const char *name, void *block);
/* So much that what was freed before is out of a small quarantine. */
void free_others(void);

/* A call of C++, or of C23, by its name in the library. */
void *by_name(const char *name);

#endif
