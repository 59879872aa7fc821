/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * How a malloc has to behave, as one program that knows nothing of maar: it passes with the C library's own malloc, so that
 * the tests themselves are right, and must with libmaar-malloc.so preloaded (behave.sh).
 *
 *     behave NAME    0: as it should be; 1, and a line on stderr: not so; 77: not with this malloc
 *
 * MAAR_TEST_MALLOC: how the name of the file begins whose malloc it has to be. MAAR_TEST_SCALE: percent of the counts.
 */
#ifndef MAAR_TEST_BEHAVE_H
#define MAAR_TEST_BEHAVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct behaviour {
	const char *name;
	void (*run)(void);
};
/* Ended by a row without a name. One whose name begins with a dot is another one's part, in a process of its own. */
extern const struct behaviour behave_calls[], behave_life[], behave_limits[], behave_signals[];

/* Ends the program, if something is not so. */
void behave_fail(const char *file, int line, const char *what) __attribute__((noreturn));
#define must(cond)                                                                                                     \
	do {                                                                                                           \
		if (!(cond))                                                                                           \
			behave_fail(__FILE__, __LINE__, #cond);                                                        \
	} while (0)

/* So many, scaled, at least 1. */
unsigned behave_count(unsigned n);

/* True if malloc is maar's. */
bool behave_is_maar(void);

uint32_t behave_random(uint64_t *state);

/* A child that ends well; within two minutes. */
void behave_child_ended(int pid);

/* Fills a block with a pattern of its own, and looks whether it is there. */
void behave_fill(void *block, size_t bytes, unsigned seed);
bool behave_filled(const void *block, size_t bytes, unsigned seed);

/* Calls that the compiler must not take for what it knows of malloc. */
void *behave_hide(void *block);

#endif
