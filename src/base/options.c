/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * MAAR_OPTIONS: see options.h.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1 /* secure_getenv, environ */
#endif
#include "options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* More than all keys with a long path; what is beyond is not read. */
#define MOST_TEXT 4096

static const char *const names[MAAR__OPTIONS] = {
	[MAAR__OPTION_TRACK] = "track",		  [MAAR__OPTION_CHECKED] = "checked", [MAAR__OPTION_DEBUG] = "debug",
	[MAAR__OPTION_REPORT] = "report",	  [MAAR__OPTION_FORMAT] = "format",   [MAAR__OPTION_TO] = "to",
	[MAAR__OPTION_UNWIND] = "unwind",	  [MAAR__OPTION_TOOLS] = "tools",     [MAAR__OPTION_LIMIT] = "limit",
	[MAAR__OPTION_DECAY] = "decay",		  [MAAR__OPTION_IDLE] = "idle",	      [MAAR__OPTION_GUARD] = "guard",
	[MAAR__OPTION_QUARANTINE] = "quarantine", [MAAR__OPTION_TRACE] = "trace",     [MAAR__OPTION_STOP] = "stop",
	[MAAR__OPTION_LEAKS] = "leaks",
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static char text[MOST_TEXT]; /* a copy: the program may change its environment */
static const char *values[MAAR__OPTIONS];
static uint32_t told[MAAR__OPTIONS]; /* 1: its value was told to be wrong */

static void take(char *word)
{
	char *value = strchr(word, '=');
	unsigned key;

	if (!*word)
		return;
	if (value)
		*value++ = 0;
	for (key = 0; key < MAAR__OPTIONS; key++)
		if (!strcmp(word, names[key]))
			break;
	if (key < MAAR__OPTIONS && value) {
		values[key] = value;
		return;
	}
	fprintf(stderr, "maar: MAAR_OPTIONS: '%s' is %s\n", word, value ? "no key of this library" : "no key=value");
}

static void read_all(void)
{
	const char *from = secure_getenv("MAAR_OPTIONS");
	char *word = text, *end;

	memset(values, 0, sizeof(values));
	memset(told, 0, sizeof(told));
	text[0] = 0;
	if (!from)
		return;
	if (strlen(from) >= sizeof(text)) {
		fprintf(stderr, "maar: MAAR_OPTIONS is longer than %d bytes, and not read\n", MOST_TEXT - 1);
		return;
	}
	memcpy(text, from, strlen(from) + 1);
	while ((end = strchr(word, ',')) != NULL) {
		*end = 0;
		take(word);
		word = end + 1;
	}
	take(word);
}

bool maar__options_known(void)
{
	return environ != NULL;
}

const char *maar__option(enum maar__option key)
{
	if (maar_unlikely(!maar__options_known()))
		return NULL;
	pthread_once(&once, read_all);
	return values[key];
}

unsigned maar__option_choice(enum maar__option key, const char *const *words, unsigned n, unsigned otherwise)
{
	const char *value = maar__option(key);
	unsigned i;

	if (!value)
		return otherwise;
	for (i = 0; i < n; i++)
		if (!strcmp(value, words[i]))
			return i;
	if (maar_a_cas(&told[key], 0, 1, RELAXED)) {
		fprintf(stderr, "maar: MAAR_OPTIONS: %s=%s is none of", names[key], value);
		for (i = 0; i < n; i++)
			fprintf(stderr, " %s", words[i]);
		fputc('\n', stderr);
	}
	return otherwise;
}

uint64_t maar__option_number(enum maar__option key, uint64_t otherwise)
{
	const char *value = maar__option(key);
	char *end = NULL;
	const int saved = errno;
	unsigned long long n;
	bool is_number;

	errno = 0;
	n = value ? strtoull(value, &end, 10) : 0;
	/* strtoull takes signs, spaces, and the largest for what is larger. */
	is_number = value && *value >= '0' && *value <= '9' && !*end && !errno;
	errno = saved;
	if (value && !is_number) {
		maar__option_wrong(key, "a number");
		return otherwise;
	}
	return value ? (uint64_t)n : otherwise;
}

void maar__option_wrong(enum maar__option key, const char *what)
{
	if (maar_a_cas(&told[key], 0, 1, RELAXED))
		fprintf(stderr, "maar: MAAR_OPTIONS: %s=%s is not %s\n", names[key], maar__option(key), what);
}

#ifdef MAAR_FAULTS
void maar__options_forget(void)
{
	const pthread_once_t again = PTHREAD_ONCE_INIT;

	once = again;
}
#endif
