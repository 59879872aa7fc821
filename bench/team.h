/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The threads of a run, or its processes: what run.c, which leads them, and members.c, which is them, share.
 */
#ifndef BENCH_TEAM_H
#define BENCH_TEAM_H

#include <pthread.h>
#include <sys/types.h>

#include "internal.h"

/*
 * Retries before a yield: so many that they never yield while the other side runs, where each thread has a processor;
 * where not, about the time after which the other side is more likely to be waiting for this one's processor. A retry
 * is 8 pauses: with one, whoever finds a ring empty looks at the cell that is being filled so often that most
 * contestants run at half the speed.
 */
#define BENCH_PAUSES_OWN_CPU 10000
#define BENCH_PAUSES_SHARED  8

struct bench_progress {
	uint64_t done __attribute__((aligned(BENCH_APART)));
};

/* What the child tells its parent. */
struct bench_shared {
	struct bench_outcome outcome;
	uint32_t told;	     /* the outcome is complete */
	uint64_t started_ns; /* of the phase that runs */
	struct bench_progress progress[BENCH_MAX_THREADS];
};

/* The threads of a run, or processes, and what their leader needs: in memory that all of them share. */
struct bench_team {
	const struct bench_contestant *contestant;
	const struct bench_case *c;
	const struct bench_options *o;
	struct bench_setting setting;
	struct bench_shared *shared;
	void *subject[2];
	unsigned n, subjects;
	struct bench_run run;
	uint32_t ready __attribute__((aligned(BENCH_APART)));
	uint32_t finished;
	uint32_t cannot;				   /* threads that could not enter */
	uint64_t abandoned;				   /* when the measured phase was, in ticks; 0: never */
	uint32_t go __attribute__((aligned(BENCH_APART))); /* number of the phase that runs */
	struct bench_member {
		struct bench_worker w;
		struct bench_team *team;
		enum bench_role role;
		pthread_t thread;
		pid_t pid; /* where each is a process */
		uint64_t start_ns;
	} member[BENCH_MAX_THREADS];
};

enum { BENCH_PHASE_WARM = 1, BENCH_PHASE_MEASURED, BENCH_PHASES };

/* Notes what went wrong, unless something worse is noted already. */
__attribute__((format(printf, 3, 4))) void bench_say(struct bench_outcome *out, enum bench_status status,
						     const char *format, ...);

/* Starts all members; false: the outcome says why. They wait for t->go. */
bool bench_team_start(struct bench_team *t);

/* Of processes: whether one has ended otherwise than well. */
bool bench_team_broken(const struct bench_team *t);

/* Waits for all of them to end, or, of processes, ends them at once. */
void bench_team_join(struct bench_team *t);
void bench_team_kill(struct bench_team *t);

#endif
