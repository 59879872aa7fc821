/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * What every unit test program shares: a main (common.c) that runs the program's suite, random numbers from a seed that
 * is printed, threads, a scratch file for dumps, and the size of this process.
 */
#ifndef MAAR_TEST_UNIT_COMMON_H
#define MAAR_TEST_UNIT_COMMON_H

#include <check.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../pace.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* ---- the program ---- */

/*
 * Seconds that one test may take. Tests take milliseconds; the limit is for a virtual machine that stalls for minutes
 * and for a debugging session, so that nothing fails for want of time but a test that really hangs.
 */
#define UNIT_TIMEOUT 300.0

/* Each program defines this; main is in common.c. */
Suite *unit_suite(void);

/* A new test case of the suite, with the time-out. */
TCase *unit_tcase(Suite *suite, const char *name);

/* A comment line of TAP: "# ..."; use it for what a reader of the log wants to know. */
void unit_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* ---- checks that cost nothing when they pass; check's own write to a pipe each time: too much for a loop ---- */

#define unit_must(cond)                                                                                                \
	do {                                                                                                           \
		if (!(cond))                                                                                           \
			ck_abort_msg("not so: %s", #cond);                                                             \
	} while (0)

/* Two integers of any type. */
#define unit_eq(got, want)                                                                                             \
	do {                                                                                                           \
		const long long got_ = (long long)(got), want_ = (long long)(want);                                    \
		if (got_ != want_)                                                                                     \
			ck_abort_msg("%s is %lld (%#llx) instead of %lld (%#llx)", #got, got_,                         \
				     (unsigned long long)got_, want_, (unsigned long long)want_);                      \
	} while (0)

/* ---- random numbers ---- */

struct unit_rng {
	uint64_t state;
};

/* Numbers that depend on the program's seed (MAAR_SEED, or the time) and on `stream` only. */
struct unit_rng unit_rng(uint64_t stream);
uint64_t unit_random(struct unit_rng *rng);
/* 0 to below - 1 */
uint64_t unit_random_below(struct unit_rng *rng, uint64_t below);

/* ---- threads ---- */

pthread_t unit_thread(void *(*run)(void *), void *arg);
void unit_join(pthread_t thread);
/* A thread's whole life. */
void unit_in_thread(void *(*run)(void *), void *arg);

/* ---- memory for an init ---- */

/*
 * So many bytes, aligned to MAAR_APART, and some behind them that nobody may touch. Not zero: init must not depend on what
 * was there.
 */
struct unit_place {
	unsigned char *memory;
	size_t bytes;
};
struct unit_place unit_place(size_t bytes);
/* That nobody has written into it: a refused init touches nothing. */
void unit_place_untouched(const struct unit_place *place);
/* That nobody has written behind it; gives the memory back. */
void unit_place_end(struct unit_place *place);

/* ---- dumps ---- */

/* A stream into memory; unit_text ends it and returns what was written, to be freed. */
struct unit_text {
	FILE *to;
	char *text;
	size_t length;
};
void unit_text_open(struct unit_text *text);
char *unit_text_close(struct unit_text *text);
/* Opens a stream on which every write fails. */
FILE *unit_full_file(void);

#define unit_assert_contains(text, part)                                                                               \
	ck_assert_msg(strstr((text), (part)) != NULL, "\"%s\" is not in:\n%s", (part), (text))

/* ---- the size of this process, for tests that nothing stays behind ---- */

/* Whether a sanitizer is at work, which maps memory of its own as it goes. */
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define UNIT_SANITIZED true
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
#define UNIT_SANITIZED true
#endif
#endif
#ifdef UNIT_SANITIZED
#define UNIT_HAS_SANITIZER 1 /* for the preprocessor */
#else
#define UNIT_SANITIZED false
#endif

struct unit_size {
	size_t mapped; /* bytes of address space */
	size_t heap; /* bytes of malloc that are not free; a sanitizer's own malloc is not seen, but it reports leaks */
	size_t fds;
};

struct unit_size unit_size(void);
/* That `rounds` repetitions since `before` have not left something behind in each of them. */
void unit_assert_steady(const char *what, const struct unit_size *before, size_t rounds);

#endif
