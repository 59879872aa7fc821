/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The mallocs that are measured: libraries to be preloaded, looked for when the benchmark starts.
 */
#ifndef BENCH_MALLOCS_H
#define BENCH_MALLOCS_H

#include "internal.h"

#define MALLOCS_MOST 16

struct mallocs {
	const char *name, *peer;
	const char *preload; /* NULL: none */
	const char *file;    /* how the name of the file begins that then has malloc */
	const char *package; /* Debian's; NULL: nobody can install it */
};

extern const struct mallocs mallocs[];
extern const unsigned mallocs_n;

/* bench/malloc_shapes of the build directory. */
const char *mallocs_program(void);

/*
 * Fills rows with those that are here: malloc_shapes was started, and said whose malloc it has. The others go to missing,
 * which is ended by a NULL name. Returns how many rows there are; each one's param is its place in mallocs.
 */
size_t mallocs_find(struct bench_contestant *rows, struct bench_missing *missing, unsigned set);

/* Runs the shape of a case (its name up to the slash) in a program. */
void mallocs_run(const char *program, const struct bench_contestant *me, const struct bench_case *c,
		 const struct bench_options *o, struct bench_outcome *outcome);

#endif
