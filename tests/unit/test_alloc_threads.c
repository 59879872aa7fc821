/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The allocator among threads: blocks that others free, threads that come and go, lanes emptied by others meanwhile, forks,
 * signal handlers that allocate while their thread does. Each block's content is its owner's until it is freed.
 */
#include <maar/alloc.h>

#include "../../src/base/base.h"
#include "child.h"
#include "common.h"

#include <signal.h>
#include <sys/time.h>

#define KIB ((size_t)1 << 10)

/* ---- blocks that say what they are ---- */

struct mark {
	size_t bytes;
	uint64_t seal;
};

static uint64_t seal_of(const void *block, size_t bytes)
{
	return (uint64_t)(uintptr_t)block * UINT64_C(0x9e3779b97f4a7c15) ^ bytes;
}

static void seal(void *block, size_t bytes)
{
	const struct mark m = { bytes, seal_of(block, bytes) };

	((unsigned char *)block)[bytes - 1] = (unsigned char)bytes;
	memcpy(block, &m, sizeof(m));
	if (bytes > sizeof(m) && bytes < 1000)
		memset((unsigned char *)block + sizeof(m), (int)(unsigned char)bytes, bytes - sizeof(m));
}

static void check_and_free(void *block)
{
	struct mark m;

	memcpy(&m, block, sizeof(m));
	unit_must(m.seal == seal_of(block, m.bytes));
	unit_must(m.bytes <= sizeof(m) || ((unsigned char *)block)[m.bytes - 1] == (unsigned char)m.bytes);
	memset(block, 0xdd, m.bytes < 64 ? m.bytes : 64);
	maar_free(block);
}

static size_t some_size(struct unit_rng *rng)
{
	const uint64_t kind = unit_random_below(rng, 1000);
	size_t bytes = sizeof(struct mark) + unit_random_below(rng, kind < 900 ? 500 : 20000);

	if (kind == 999)
		bytes = 300 * KIB + unit_random_below(rng, 3000 * KIB);
	return bytes;
}

/* ---- everybody frees what anybody allocated ---- */

#define SLOTS	2000
#define THREADS 4
#define MOVES	(UNIT_SANITIZED ? 8000 : 30000)

static void *slots[SLOTS];

/* What lay in a slot, and something else in its place. */
static void *swap(unsigned i, void *block)
{
	void *was;

	do
		was = maar_a_load(&slots[i], RELAXED);
	while (!maar_a_cas(&slots[i], was, block, ACQ_REL));
	return was;
}

static void *mix(void *arg)
{
	struct unit_rng rng = unit_rng((uint64_t)(uintptr_t)arg);
	unsigned move;

	for (move = 0; move < MOVES; move++) {
		const size_t bytes = some_size(&rng);
		void *block = unit_random_below(&rng, 4) ? maar_malloc(bytes) : maar_calloc(1, bytes), *was;

		unit_must(block && maar_usable_size(block) >= bytes);
		seal(block, bytes);
		was = swap((unsigned)unit_random_below(&rng, SLOTS), block);
		if (was)
			check_and_free(was);
	}
	return NULL;
}

static void empty_slots(void)
{
	unsigned i;

	for (i = 0; i < SLOTS; i++) {
		void *was = swap(i, NULL);

		if (was)
			check_and_free(was);
	}
}

static void assert_nothing_left(const struct maar_alloc_stats *before)
{
	struct maar_alloc_stats now;

	maar_alloc_trim();
	unit_eq(maar_alloc_stats(&now), 0);
	unit_eq(now.blocks, before->blocks);
	unit_eq(now.block_bytes, before->block_bytes);
}

START_TEST(mixed)
{
	struct maar_alloc_stats before;
	pthread_t threads[THREADS];
	unsigned i;

	maar_alloc_trim();
	unit_eq(maar_alloc_stats(&before), 0);
	for (i = 0; i < THREADS; i++)
		threads[i] = unit_thread(mix, (void *)(uintptr_t)(i + 1));
	for (i = 0; i < THREADS; i++)
		unit_join(threads[i]);
	empty_slots();
	assert_nothing_left(&before);
}
END_TEST

/* ---- one allocates, another frees ---- */

#define PASS 100000
#define BELT 1024

static struct {
	void *blocks[BELT];
	uint64_t put __attribute__((aligned(MAAR_APART)));
	uint64_t taken __attribute__((aligned(MAAR_APART)));
} belt;

static void *produce(void *arg)
{
	const size_t bytes = *(const size_t *)arg;
	uint64_t i;

	for (i = 0; i < PASS; i++) {
		void *block = maar_malloc(bytes);

		unit_must(block);
		seal(block, bytes);
		while (i - maar_a_load(&belt.taken, ACQUIRE) == BELT)
			pace_yield();
		belt.blocks[i % BELT] = block;
		maar_a_store(&belt.put, i + 1, RELEASE);
	}
	return NULL;
}

static void *consume(void *arg)
{
	uint64_t i;

	(void)arg;
	for (i = 0; i < PASS; i++) {
		while (maar_a_load(&belt.put, ACQUIRE) == i)
			pace_yield();
		check_and_free(belt.blocks[i % BELT]);
		maar_a_store(&belt.taken, i + 1, RELEASE);
	}
	return NULL;
}

START_TEST(one_way)
{
	static const size_t sizes[] = { 16, 64, 2000, 40000 };
	struct maar_alloc_stats before, now;
	unsigned i;

	maar_alloc_trim();
	unit_eq(maar_alloc_stats(&before), 0);
	for (i = 0; i < COUNT_OF(sizes); i++) {
		pthread_t a, b;

		memset(&belt, 0, sizeof(belt));
		a = unit_thread(produce, (void *)(uintptr_t)&sizes[i]);
		b = unit_thread(consume, NULL);
		unit_join(a);
		unit_join(b);
	}
	unit_eq(maar_alloc_stats(&now), 0);
	unit_note("%d batches sent, %d stolen", (int)(now.sent - before.sent), (int)(now.stolen - before.stolen));
	unit_must(now.sent > before.sent);
	assert_nothing_left(&before);
}
END_TEST

/* ---- births and deaths, with blocks in flight, and others that empty the lanes ---- */

#define LIVES 250

static void *short_life(void *arg)
{
	struct unit_rng rng = unit_rng((uint64_t)(uintptr_t)arg);
	unsigned i;

	for (i = 0; i < 20; i++) {
		const size_t bytes = sizeof(struct mark) + unit_random_below(&rng, 2000);
		void *block = maar_malloc(bytes), *was;

		unit_must(block);
		seal(block, bytes);
		was = swap((unsigned)unit_random_below(&rng, SLOTS), block);
		if (was)
			check_and_free(was);
	}
	return NULL;
}

static uint32_t stop;

static void *trimmer(void *arg)
{
	struct maar_alloc_stats s;

	(void)arg;
	while (!maar_a_load(&stop, RELAXED)) {
		maar_alloc_trim();
		unit_eq(maar_alloc_stats(&s), 0);
		pace_yield();
	}
	return NULL;
}

START_TEST(births_and_deaths)
{
	struct maar_alloc_stats before, now;
	pthread_t threads[4], trims;
	unsigned i, k;

	maar_alloc_trim();
	unit_eq(maar_alloc_stats(&before), 0);
	maar_a_store(&stop, 0, RELAXED);
	trims = unit_thread(trimmer, NULL);
	for (i = 0; i < LIVES; i++) {
		for (k = 0; k < 4; k++)
			threads[k] = unit_thread(short_life, (void *)(uintptr_t)(100 + 4 * i + k));
		for (k = 0; k < 4; k++)
			unit_join(threads[k]);
	}
	maar_a_store(&stop, 1, RELAXED);
	unit_join(trims);
	empty_slots();
	unit_eq(maar_alloc_stats(&now), 0);
	unit_note("%u lanes for %u threads", now.lanes, 4 * LIVES);
	unit_must(now.lanes < 100);
	assert_nothing_left(&before);
}
END_TEST

START_TEST(emptied_meanwhile)
{
	struct maar_alloc_stats before;
	pthread_t threads[2], trims;
	unsigned i;

	maar_alloc_trim();
	unit_eq(maar_alloc_stats(&before), 0);
	maar_a_store(&stop, 0, RELAXED);
	trims = unit_thread(trimmer, NULL);
	for (i = 0; i < 2; i++)
		threads[i] = unit_thread(mix, (void *)(uintptr_t)(50 + i));
	for (i = 0; i < 2; i++)
		unit_join(threads[i]);
	maar_a_store(&stop, 1, RELAXED);
	unit_join(trims);
	empty_slots();
	assert_nothing_left(&before);
}
END_TEST

/* ---- heaps among threads ---- */

static struct maar_heap *shared_heap;

static void *in_heap(void *arg)
{
	struct unit_rng rng = unit_rng((uint64_t)(uintptr_t)arg);
	unsigned i;

	for (i = 0; i < MOVES / 5; i++) {
		const size_t bytes = some_size(&rng);
		void *block = maar_heap_malloc(shared_heap, bytes), *was;

		unit_must(block);
		seal(block, bytes);
		was = swap((unsigned)unit_random_below(&rng, SLOTS), block);
		if (was)
			check_and_free(was);
	}
	return NULL;
}

START_TEST(shared_heaps)
{
	struct maar_alloc_stats before;
	pthread_t threads[THREADS];
	unsigned i;

	maar_alloc_trim();
	unit_eq(maar_alloc_stats(&before), 0);
	shared_heap = maar_heap_create(0);
	for (i = 0; i < THREADS; i++)
		threads[i] = unit_thread(in_heap, (void *)(uintptr_t)(i + 1));
	for (i = 0; i < THREADS; i++)
		unit_join(threads[i]);
	memset(slots, 0, sizeof(slots)); /* all that is left goes with the heap */
	maar_heap_destroy(shared_heap);
	assert_nothing_left(&before);
}
END_TEST

static void *release_one(void *arg)
{
	maar_release(arg);
	return NULL;
}

START_TEST(counted_among_threads)
{
	unsigned round;

	shared_heap = maar_heap_create(MAAR_HEAP_COUNTED);
	for (round = 0; round < 300; round++) {
		void *block = maar_retain(maar_heap_malloc(shared_heap, 100));
		pthread_t t = unit_thread(release_one, block);

		maar_release(block);
		unit_join(t);
		unit_eq(maar_heap_blocks(shared_heap, NULL, NULL), 0);
	}
	maar_heap_destroy(shared_heap);
}
END_TEST

/* ---- forks ---- */

#define FORKS (UNIT_SANITIZED ? 12 : 40)

static void *mix_on(void *arg)
{
	struct unit_rng rng = unit_rng((uint64_t)(uintptr_t)arg);

	while (!maar_a_load(&stop, RELAXED)) {
		const size_t bytes = some_size(&rng);
		void *block = maar_malloc(bytes), *was;

		unit_must(block);
		seal(block, bytes);
		was = swap((unsigned)unit_random_below(&rng, SLOTS), block);
		if (was)
			check_and_free(was);
	}
	return NULL;
}

/* The child frees what others allocated, allocates, starts a thread that does, and ends. */
static void in_child(unsigned round)
{
	struct unit_rng rng = unit_rng(round);
	pthread_t t;
	unsigned i;

	for (i = 0; i < 300; i++) {
		const size_t bytes = some_size(&rng);
		void *block = maar_malloc(bytes);

		if (!block)
			_exit(11);
		seal(block, bytes);
		check_and_free(block);
		block = slots[i];
		slots[i] = NULL;
		if (block)
			check_and_free(block);
	}
	if (!UNIT_SANITIZED && round % 16 == 0) {
		if (pthread_create(&t, NULL, short_life, (void *)(uintptr_t)round))
			_exit(12); /* ThreadSanitizer stops a child that starts one */
		pthread_join(t, NULL);
		maar_alloc_trim();
	}
	_exit(0);
}

START_TEST(forks)
{
	pthread_t threads[THREADS];
	unsigned i;
	int status;

	maar_a_store(&stop, 0, RELAXED);
	for (i = 0; i < THREADS; i++)
		threads[i] = unit_thread(mix_on, (void *)(uintptr_t)(i + 1));
	for (i = 0; i < FORKS; i++) {
		pid_t pid = fork();

		unit_must(pid >= 0);
		if (!pid)
			in_child(i);
		while (waitpid(pid, &status, 0) < 0)
			unit_eq(errno, EINTR);
		unit_eq(status, 0);
	}
	maar_a_store(&stop, 1, RELAXED);
	for (i = 0; i < THREADS; i++)
		unit_join(threads[i]);
	empty_slots();
}
END_TEST

/* ---- handlers ---- */

static void *from_handler[64];
static uint32_t handled;

static void on_signal(int number)
{
	const uint32_t i = handled % 64;
	const int saved = errno;
	void *block;

	(void)number;
	if (from_handler[i]) {
		check_and_free(from_handler[i]);
		from_handler[i] = NULL;
	}
	block = maar_malloc(17 + handled % 3000);
	if (block) {
		seal(block, 17 + handled % 3000);
		from_handler[i] = block;
	}
	block = maar_aligned_alloc(256, 100);
	unit_must(!block || ((uintptr_t)block % 256 == 0 && maar_usable_size(block) >= 100));
	maar_free(block);
	handled++;
	errno = saved;
}

START_TEST(handlers)
{
	const struct itimerval often = { { 0, 50 }, { 0, 50 } }, off = { { 0, 0 }, { 0, 0 } };
	struct sigaction act, before;
	unsigned i;

	memset(&act, 0, sizeof(act));
	act.sa_handler = on_signal;
	act.sa_flags = SA_RESTART;
	unit_eq(sigaction(SIGALRM, &act, &before), 0);
	unit_eq(setitimer(ITIMER_REAL, &often, NULL), 0);
	(void)mix((void *)(uintptr_t)7);
	for (i = 0; maar_a_load(&handled, RELAXED) < 300; i++)
		(void)short_life((void *)(uintptr_t)i);
	unit_eq(setitimer(ITIMER_REAL, &off, NULL), 0);
	unit_eq(sigaction(SIGALRM, &before, NULL), 0);
	unit_note("%u signals", handled);
	for (i = 0; i < 64; i++)
		if (from_handler[i])
			check_and_free(from_handler[i]);
	empty_slots();
}
END_TEST

/* ---- without membarrier, all go by one lane ---- */

static void no_membarrier(void)
{
	pthread_t threads[2];
	unsigned i;

	for (i = 0; i < 2; i++)
		threads[i] = unit_thread(short_life, (void *)(uintptr_t)i);
	for (i = 0; i < 2; i++)
		unit_join(threads[i]);
	empty_slots();
	if (maar_alloc_trim() == 0)
		_exit(13);
	if (fork() == 0)
		in_child(1);
	(void)wait(NULL);
}

START_TEST(without_membarrier)
{
	static struct child said;

	setenv("MAAR_NO_MEMBARRIER", "1", 1);
	child_must_end(no_membarrier, &said);
	unsetenv("MAAR_NO_MEMBARRIER");
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("alloc threads");
	TCase *t = unit_tcase(suite, "threads");

	tcase_add_test(t, without_membarrier); /* first: a child with an allocator that nobody has used */
	tcase_add_test(t, mixed);
	tcase_add_test(t, one_way);
	tcase_add_test(t, births_and_deaths);
	tcase_add_test(t, emptied_meanwhile);
	tcase_add_test(t, shared_heaps);
	tcase_add_test(t, counted_among_threads);
	tcase_add_test(t, forks);
	tcase_add_test(t, handlers);
	return suite;
}
