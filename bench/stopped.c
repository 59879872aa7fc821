/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Eight processes get and put on a shared mring, one of them stopped by SIGSTOP, against seven alone: what the seven do of
 * it. Each round measures seven, eight, eight, seven, so that what the machine does slowly falls on both, and has a ratio of
 * its own; the median of the ratios counts, its target is 0.8. The stopped one is stopped wherever it happens to be, another
 * place each time: bench/stopped [ROUNDS]
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <maar/shared_mring.h>

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PROCESSES 8
#define SLOTS	  4096
#define BYTES	  64
#define HOLD	  4 /* slots that one has at once */
#define ROUNDS	  15
#define MOST	  101
#define SLICE_NS  250000000L /* some 10 turns of each of 8 processes on two processors */
#define TARGET	  0.8

struct board {
	struct {
		uint64_t pairs __attribute__((aligned(MAAR_APART)));
	} of[PROCESSES];
	uint32_t go __attribute__((aligned(MAAR_APART)));
};

static void *map(size_t bytes)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	return memory;
}

static void work(struct board *board, int number, void *memory, size_t bytes)
{
	struct maar_shared_mring *mring = maar_shared_mring_attach(memory, bytes);
	void *slots[HOLD];
	uint64_t pairs = 0;
	size_t i;

	if (!mring)
		_exit(1);
	for (;;) {
		for (i = 0; i < HOLD; i++) {
			slots[i] = maar_shared_mring_get(mring);
			if (!slots[i])
				_exit(2);
			*(volatile uint64_t *)slots[i] = pairs + i;
		}
		for (i = 0; i < HOLD; i++)
			if (*(volatile uint64_t *)slots[i] != pairs + i || maar_shared_mring_put(mring, slots[i]))
				_exit(3);
		pairs += HOLD;
		maar_a_store(&board->of[number].pairs, pairs, RELAXED);
	}
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* Million pairs a second of `n` processes, the last of which is stopped if `stopped`; negative: one went wrong. */
static double measure(int n, int stopped)
{
	const size_t bytes = maar_shared_mring_bytes(SLOTS, BYTES, NULL);
	const struct timespec slice = { .tv_nsec = SLICE_NS }, start = { .tv_nsec = SLICE_NS / 8 };
	struct board *board = map(sizeof(*board));
	void *memory = map(bytes);
	uint64_t before = 0, after = 0;
	double begin, end, result;
	pid_t pids[PROCESSES];
	int i, status, wrong = 0;

	if (maar_shared_mring_init(memory, bytes, SLOTS, BYTES, NULL))
		exit(1);
	for (i = 0; i < n; i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			work(board, i, memory, bytes);
	}
	nanosleep(&start, NULL);
	if (stopped) {
		kill(pids[n - 1], SIGSTOP);
		waitpid(pids[n - 1], &status, WUNTRACED);
		wrong |= !WIFSTOPPED(status);
	}
	for (i = 0; i < PROCESSES - 1; i++)
		before += maar_a_load(&board->of[i].pairs, RELAXED);
	begin = now();
	nanosleep(&slice, NULL);
	for (i = 0; i < PROCESSES - 1; i++)
		after += maar_a_load(&board->of[i].pairs, RELAXED);
	end = now();
	for (i = 0; i < n; i++) {
		kill(pids[i], SIGKILL);
		wrong |= waitpid(pids[i], &status, 0) != pids[i] || !WIFSIGNALED(status);
	}
	munmap(memory, bytes);
	munmap(board, sizeof(*board));
	result = (double)(after - before) / (end - begin) * 1e3;
	return wrong ? -1 : result;
}

static int by_value(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Both, there and back; false: something went wrong. */
static bool measure_both(double *seven, double *eight)
{
	const double first = measure(PROCESSES - 1, 0), second = measure(PROCESSES, 1);
	const double third = measure(PROCESSES, 1), fourth = measure(PROCESSES - 1, 0);

	*seven = (first + fourth) / 2;
	*eight = (second + third) / 2;
	return first > 0 && second > 0 && third > 0 && fourth > 0;
}

static double median(double *values, int n)
{
	qsort(values, (size_t)n, sizeof(values[0]), by_value);
	return values[n / 2];
}

int main(int argc, char **argv)
{
	const int rounds = argc > 1 ? atoi(argv[1]) : ROUNDS;
	double seven[MOST], eight[MOST], ratio[MOST], middle;
	int i;

	if (rounds < 1 || rounds > MOST) {
		fprintf(stderr, "usage: stopped [ROUNDS], 1 to %d; default %d, a second each\n", MOST, ROUNDS);
		return 64;
	}
	for (i = 0; i < rounds; i++) {
		if (!measure_both(&seven[i], &eight[i])) {
			fprintf(stderr, "stopped: a process ended, got a wrong slot, or nothing was done\n");
			return 1;
		}
		ratio[i] = eight[i] / seven[i];
	}
	middle = median(ratio, rounds);
	printf("shared mring, get and put, million pairs a second, medians of %d (least-most):\n", rounds);
	printf("  7 processes                    %6.2f", median(seven, rounds));
	printf(" (%.2f-%.2f)\n", seven[0], seven[rounds - 1]);
	printf("  7 of 8, the other is stopped   %6.2f", median(eight, rounds));
	printf(" (%.2f-%.2f)\n", eight[0], eight[rounds - 1]);
	printf("  ratio within a round           %6.2f (%.2f-%.2f), target >= %.1f: %s\n", middle, ratio[0],
	       ratio[rounds - 1], TARGET, middle >= TARGET ? "met" : "MISSED");
	return 0;
}
