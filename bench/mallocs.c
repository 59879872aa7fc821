/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Which mallocs there are, and how a shape is run on one. ld.so goes on without a library that it does not find: so each
 * is asked first whose malloc it got.
 */
#include "mallocs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef BENCH_NO_PEERS
/* In a sanitizer build malloc is the sanitizer's, which cannot be replaced: one row, which shows that the shapes are right. */
const struct mallocs mallocs[] = { { "glibc", "the sanitizer", NULL, "", NULL } };
#else
const struct mallocs mallocs[] = {
	{ "maar", "maar", BENCH_MAAR_MALLOC, "libmaar-malloc", "libmaar-malloc" },
	{ "mimalloc", "mimalloc", "libmimalloc.so.2", "libmimalloc", "libmimalloc2.0" },
	{ "jemalloc", "jemalloc", "libjemalloc.so.2", "libjemalloc", "libjemalloc2" },
	{ "tcmalloc", "gperftools", "libtcmalloc_minimal.so.4", "libtcmalloc", "libtcmalloc-minimal4" },
	{ "tbbmalloc", "oneTBB", "libtbbmalloc_proxy.so.2", "libtbbmalloc", "libtbbmalloc2" },
	{ "glibc", "glibc", NULL, "libc.so", NULL },
};
#endif
const unsigned mallocs_n = sizeof(mallocs) / sizeof(*mallocs);

const char *mallocs_program(void)
{
	return BENCH_BUILD "/bench/malloc_shapes";
}

static bool is_here(const struct mallocs *m)
{
	const char *argv[] = { mallocs_program(), "small", NULL };
	char text[4096];
	json_t *said;
	const char *at, *file;
	bool here;

	if (bench_program_run(argv, m->preload, 60000, text, sizeof(text)))
		return false;
	at = strrchr(text, '{');
	said = at ? json_loads(at, JSON_DISABLE_EOF_CHECK, NULL) : NULL;
	file = json_string_value(json_object_get(said, "malloc")) ?: "";
	file = strrchr(file, '/') ? strrchr(file, '/') + 1 : file;
	here = !strncmp(file, m->file, strlen(m->file));
	json_decref(said);
	return here;
}

size_t mallocs_find(struct bench_contestant *rows, struct bench_missing *missing, unsigned set)
{
	size_t n = 0, gone = 0;
	unsigned i;

	for (i = 0; i < mallocs_n; i++) {
		if (is_here(&mallocs[i]))
			rows[n++] = (struct bench_contestant){
				.name = mallocs[i].name, .peer = mallocs[i].peer, .set = set, .param = i
			};
		else
			missing[gone++] = (struct bench_missing){ mallocs[i].name, mallocs[i].package };
	}
#ifdef BENCH_NO_PEERS
	missing[gone++] = (struct bench_missing){ "all mallocs but the sanitizer's", NULL };
#endif
	missing[gone] = (struct bench_missing){ NULL, NULL };
	return n;
}

void mallocs_run(const char *program, const struct bench_contestant *me, const struct bench_case *c,
		 const struct bench_options *o, struct bench_outcome *outcome)
{
	const struct bench_setting s = bench_setting(c, o);
	char word[7][48], pin[8 * BENCH_MAX_CPUS] = "pin=";
	const char *argv[10];
	size_t at = strlen(pin);
	unsigned i, n = 0;

	snprintf(word[n++], sizeof(word[0]), "%.*s", (int)strcspn(c->name, "/"), c->name);
	snprintf(word[n++], sizeof(word[0]), "threads=%u", c->firsts);
	snprintf(word[n++], sizeof(word[0]), "bytes=%zu", c->bytes);
	snprintf(word[n++], sizeof(word[0]), "batch=%u", c->batch);
	snprintf(word[n++], sizeof(word[0]), "time=%llu", (unsigned long long)o->time_ms);
	snprintf(word[n++], sizeof(word[0]), "warm=%llu", (unsigned long long)o->warmup_ms);
	if (o->count)
		snprintf(word[n++], sizeof(word[0]), "count=%llu", (unsigned long long)o->count);
	argv[0] = program;
	for (i = 0; i < n; i++)
		argv[1 + i] = word[i];
	if (s.pinned) {
		for (i = 0; i < o->n_cpus; i++)
			at += (size_t)snprintf(pin + at, sizeof(pin) - at, "%d,", o->cpus[i]);
		argv[1 + n++] = pin;
	}
	argv[1 + n] = NULL;
	bench_program_outcome(argv, me->param < mallocs_n ? mallocs[me->param].preload : NULL, c, o, outcome);
}
