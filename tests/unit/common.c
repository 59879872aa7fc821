/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The main of every unit test program, and its helpers.
 */
#include "common.h"

#define MAAR_BITS_OK 1
#include <maar/bits/cc.h>

#include <dirent.h>
#include <inttypes.h>
#include <malloc.h>
#include <stdarg.h>
#include <time.h>
#include <unistd.h>

static uint64_t seed;

/* ---- the program ---- */

TCase *unit_tcase(Suite *suite, const char *name)
{
	TCase *tcase = tcase_create(name);

	tcase_set_timeout(tcase, UNIT_TIMEOUT);
	suite_add_tcase(suite, tcase);
	return tcase;
}

void unit_note(const char *format, ...)
{
	va_list args;

	/* One write for each line: test processes share the parent's output. */
	va_start(args, format);
	fputs("# ", stdout);
	vprintf(format, args);
	putchar('\n');
	fflush(stdout);
	va_end(args);
}

int main(void)
{
	const char *given = getenv("MAAR_SEED");
	SRunner *runner;
	int failed;

	/* Not buffered across a fork, or the children would print it again. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	seed = given ? strtoull(given, NULL, 0) : (uint64_t)time(NULL);
	unit_note("seed %" PRIu64 " (MAAR_SEED=%" PRIu64 " repeats this run)", seed, seed);
	runner = srunner_create(unit_suite());
	srunner_set_fork_status(runner, CK_FORK);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* ---- random numbers: splitmix64, whose every seed is a good one ---- */

struct unit_rng unit_rng(uint64_t stream)
{
	struct unit_rng rng = { seed };

	rng.state = unit_random(&rng) + stream;
	return rng;
}

uint64_t unit_random(struct unit_rng *rng)
{
	uint64_t z = rng->state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

uint64_t unit_random_below(struct unit_rng *rng, uint64_t below)
{
	return unit_random(rng) % below; /* the bias is of no consequence for small numbers */
}

/* ---- threads ---- */

pthread_t unit_thread(void *(*run)(void *), void *arg)
{
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, run, arg), 0);
	return thread;
}

void unit_join(pthread_t thread)
{
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
}

void unit_in_thread(void *(*run)(void *), void *arg)
{
	unit_join(unit_thread(run, arg));
}

/* ---- dumps ---- */

void unit_text_open(struct unit_text *text)
{
	text->to = open_memstream(&text->text, &text->length);
	ck_assert_ptr_nonnull(text->to);
}

char *unit_text_close(struct unit_text *text)
{
	ck_assert_int_eq(fclose(text->to), 0);
	return text->text;
}

FILE *unit_full_file(void)
{
	FILE *full = fopen("/dev/full", "w");

	ck_assert_ptr_nonnull(full);
	setvbuf(full, NULL, _IONBF, 0); /* or the error would show only at fclose */
	return full;
}

/* ---- memory for an init ---- */

#define GUARD	   64 /* bytes behind a place */
#define GUARD_BYTE 0x5c

struct unit_place unit_place(size_t bytes)
{
	struct unit_place place = { .bytes = bytes };
	void *memory;

	unit_eq(posix_memalign(&memory, MAAR_APART, bytes + GUARD), 0);
	place.memory = memset(memory, GUARD_BYTE, bytes + GUARD);
	return place;
}

void unit_place_untouched(const struct unit_place *place)
{
	size_t i;

	for (i = 0; i < place->bytes; i++)
		unit_eq(place->memory[i], GUARD_BYTE);
}

void unit_place_end(struct unit_place *place)
{
	size_t i;

	for (i = 0; i < GUARD; i++)
		unit_eq(place->memory[place->bytes + i], GUARD_BYTE);
	free(place->memory);
}

/* ---- the size of this process ---- */

static size_t count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	size_t n = 0;

	ck_assert_ptr_nonnull(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

struct unit_size unit_size(void)
{
	struct unit_size size;
	unsigned long pages;
	FILE *statm = fopen("/proc/self/statm", "r");

	ck_assert_ptr_nonnull(statm);
	ck_assert_int_eq(fscanf(statm, "%lu", &pages), 1);
	fclose(statm);
	size.mapped = pages * (size_t)sysconf(_SC_PAGESIZE);
	size.heap = mallinfo2().uordblks;
	size.fds = count_fds();
	return size;
}

void unit_assert_steady(const char *what, const struct unit_size *before, size_t rounds)
{
	const struct unit_size after = unit_size();
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);

	/*
	 * The least that a leak costs is a page, or a block of 128 bytes, in each round. Half of it is allowed, for the
	 * C library keeps stacks and arenas of threads that have ended. A sanitizer maps memory of its own as it goes, and the
	 * one for addresses finds leaks itself.
	 */
	ck_assert_msg(UNIT_SANITIZED || after.mapped < before->mapped + rounds * page / 2,
		      "%s: mappings grew from %zu to %zu bytes in %zu rounds", what, before->mapped, after.mapped,
		      rounds);
	ck_assert_msg(after.heap < before->heap + rounds * 64, "%s: the heap grew from %zu to %zu bytes in %zu rounds",
		      what, before->heap, after.heap, rounds);
	ck_assert_msg(after.fds == before->fds, "%s: descriptors went from %zu to %zu", what, before->fds, after.fds);
}
