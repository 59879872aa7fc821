/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * What the environment says: MAAR_OPTIONS=key=value,key=value. Read once, when first asked for. A key that no part of the
 * library knows and a value that its part does not understand are told on stderr, once, and change nothing else.
 * A program that runs with more rights than its caller (set-user-ID) does not listen to it.
 */
#ifndef MAAR_OPTIONS_H
#define MAAR_OPTIONS_H

#include "base.h"

/* Each part adds its keys here and their names in options.c. */
enum maar__option {
	MAAR__OPTION_TRACK,	 /* counters, site, trace: src/mring/track.h */
	MAAR__OPTION_CHECKED,	 /* 0, 1 */
	MAAR__OPTION_DEBUG,	 /* 0, 1, stop */
	MAAR__OPTION_REPORT,	 /* none, destroy, exit, both */
	MAAR__OPTION_FORMAT,	 /* text, json */
	MAAR__OPTION_TO,	 /* a file that reports are added to */
	MAAR__OPTION_UNWIND,	 /* auto, full */
	MAAR__OPTION_TOOLS,	 /* 0, 1: tell AddressSanitizer and valgrind of slots */
	MAAR__OPTION_LIMIT,	 /* bytes: src/alloc/trim.c */
	MAAR__OPTION_DECAY,	 /* ms */
	MAAR__OPTION_IDLE,	 /* 0, 1 */
	MAAR__OPTION_GUARD,	 /* one block in so many: src/malloc/guard.h */
	MAAR__OPTION_QUARANTINE, /* bytes */
	MAAR__OPTION_TRACE,	 /* return addresses */
	MAAR__OPTION_STOP,	 /* 0, 1 */
	MAAR__OPTION_LEAKS,	 /* no, lost, all, fail */
	MAAR__OPTIONS
};

/* False: too early, before the C library knows the environment (in a preinit array): nothing is named yet. */
bool maar__options_known(void);

/* The value, for as long as the program runs; NULL if the environment does not name the key. Any thread. */
const char *maar__option(enum maar__option key);

/* Which of n words the value is; `otherwise` if the key is not named, or if it is none of them (told once). */
unsigned maar__option_choice(enum maar__option key, const char *const *words, unsigned n, unsigned otherwise);

/* The value as a number; `otherwise` if the key is not named, or its value is none (told once). */
uint64_t maar__option_number(enum maar__option key, uint64_t otherwise);

/* Tells that the value is not `what`: once for each key. */
void maar__option_wrong(enum maar__option key, const char *what);

#ifdef MAAR_FAULTS
/* Reads the environment anew when next asked. Alone. */
void maar__options_forget(void);
#endif

#endif
