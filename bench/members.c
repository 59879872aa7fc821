/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The members of a run: each enters the contestant, waits for a phase, does its part, and leaves. Threads of one process,
 * or, where the case says so, processes that share the team's memory and what the contestant shares.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "team.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "loop.h"
#include "timing.h"

/* Gaps that a consumer can write down: 6.5 s of them, one after the other. Memory that is not needed is not touched. */
#define MAX_GAPS 65536

static bool puts_into(enum bench_role role, unsigned which)
{
	switch (role) {
	case BENCH_CONSUME:
	case BENCH_CONSUME_N:
	case BENCH_CONSUME_ALL:
	case BENCH_CONSUME_TIMED:
		return false;
	case BENCH_PING:
		return which == 0;
	case BENCH_PONG:
		return which == 1;
	default: /* in an exchange both sides use the pool */
		return true;
	}
}

static bool takes_from(enum bench_role role, unsigned which)
{
	switch (role) {
	case BENCH_PRODUCE:
	case BENCH_PRODUCE_N:
	case BENCH_PRODUCE_ALL:
	case BENCH_PRODUCE_TIMED:
	case BENCH_SEND:
		return false;
	case BENCH_PING:
		return which == 1;
	case BENCH_PONG:
		return which == 0;
	default:
		return true;
	}
}

/* Messages of one thread in a phase. */
static uint64_t phase_limit(const struct bench_team *t, uint32_t phase)
{
	const uint64_t batch = t->c->batch, n = phase == BENCH_PHASE_WARM ? t->o->count / 10 + 1 : t->o->count;

	return t->o->count ? (n + batch - 1) / batch * batch : UINT64_MAX;
}

/*
 * The start barrier: everybody says it is ready and waits for the phase's number. False: there will be no such phase,
 * because the one before was abandoned.
 */
static bool await_phase(struct bench_team *t, uint32_t phase)
{
	unsigned tries = 0;

	__atomic_fetch_add(&t->ready, 1, __ATOMIC_RELEASE);
	while (__atomic_load_n(&t->go, __ATOMIC_ACQUIRE) != phase) {
		if (bench_flag(&t->run.abandon))
			return false;
		if (++tries % BENCH_PAUSES_OWN_CPU)
			maar_cpu_relax();
		else
			sched_yield();
	}
	return true;
}

static void clear_timing(struct bench_timing *timing)
{
	memset(timing->steps, 0, sizeof(timing->steps));
	timing->first = timing->last = timing->gaps_lost = 0;
	timing->n_gaps = 0;
}

/* Of a thread, for the life of the process; NULL: no memory. */
static struct bench_timing *new_timing(void)
{
	struct bench_timing *timing =
		aligned_alloc(BENCH_APART, (sizeof(*timing) + BENCH_APART - 1) / BENCH_APART * BENCH_APART);

	if (!timing)
		return NULL;
	timing->max_gaps = MAX_GAPS;
	timing->gaps = calloc(MAX_GAPS, sizeof(*timing->gaps));
	timing->gap_ticks = (uint64_t)(BENCH_STALL_NS / bench_tick_ns());
	clear_timing(timing);
	return timing->gaps ? timing : NULL;
}

static void *member_main(void *arg)
{
	struct bench_member *m = arg;
	struct bench_team *t = m->team;
	struct bench_worker *w = &m->w;
	const struct bench_contestant *k = t->contestant;
	uint32_t phase;
	unsigned i;

	for (i = 0; i < t->subjects; i++) {
		w->handle[i] = t->subject[i];
		if (k->enter)
			w->handle[i] = k->enter(t->subject[i], puts_into(m->role, i), takes_from(m->role, i));
		if (!w->handle[i])
			__atomic_fetch_add(&t->cannot, 1, __ATOMIC_RELAXED);
	}
	for (phase = BENCH_PHASE_WARM; phase < BENCH_PHASES; phase++) {
		w->limit = phase_limit(t, phase);
		if (!await_phase(t, phase))
			break;
		w->done = w->failed = w->end_ns = 0;
		if (w->timing)
			clear_timing(w->timing);
		m->start_ns = bench_now();
		k->loop[m->role](w);
		if (!w->end_ns)
			w->end_ns = bench_now();
		__atomic_fetch_add(&t->finished, 1, __ATOMIC_RELEASE);
	}
	for (i = 0; i < t->subjects; i++)
		if (k->leave && w->handle[i])
			k->leave(w->handle[i]);
	return NULL;
}

/* Where member i runs. */
static void processor_of(const struct bench_team *t, unsigned i, cpu_set_t *cpus)
{
	CPU_ZERO(cpus);
	CPU_SET((size_t)t->o->cpus[i % t->o->n_cpus], cpus);
}

static int start_thread(struct bench_team *t, struct bench_member *m, unsigned i)
{
	pthread_attr_t attr;
	cpu_set_t cpus;
	int rc;

	pthread_attr_init(&attr);
	if (t->setting.pinned) {
		processor_of(t, i, &cpus);
		pthread_attr_setaffinity_np(&attr, sizeof(cpus), &cpus);
	}
	rc = pthread_create(&m->thread, &attr, member_main, m);
	pthread_attr_destroy(&attr);
	return rc;
}

/* None outlives its leader. */
static int start_process(struct bench_team *t, struct bench_member *m, unsigned i)
{
	const pid_t pid = fork();
	cpu_set_t cpus;

	if (pid) { /* the child must not write here: the team is in memory that both share */
		m->pid = pid;
		return pid < 0 ? errno : 0;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (t->setting.pinned) {
		processor_of(t, i, &cpus);
		sched_setaffinity(0, sizeof(cpus), &cpus);
	}
	member_main(m);
	_exit(0);
}

static bool prepare(struct bench_team *t, struct bench_member *m, unsigned i)
{
	const struct bench_case *c = t->c;
	const bool first = i < c->firsts;

	m->team = t;
	m->role = first ? c->first : c->second;
	m->w.run = &t->run;
	m->w.progress = &t->shared->progress[i].done;
	m->w.index = first ? i : i - c->firsts;
	m->w.batch = c->batch;
	m->w.relax = t->setting.relax;
	m->w.pauses = t->setting.pauses;
	m->w.seq_bits = t->contestant->set & BENCH_HANDLES ? BENCH_SEQ_BITS_HANDLE : BENCH_SEQ_BITS;
	m->w.seq_mask = (UINT64_C(1) << m->w.seq_bits) - 1;
	m->w.timing = bench_is_timed(c) ? new_timing() : NULL;
	m->w.bytes = c->bytes;
	m->w.touch = c->touch;
	m->w.next = 1;
	return !bench_is_timed(c) || m->w.timing;
}

bool bench_team_start(struct bench_team *t)
{
	const struct bench_case *c = t->c;
	unsigned i;

	t->n = c->firsts + c->seconds;
	t->run.producers = c->firsts;
	for (i = 0; i < t->n; i++) {
		struct bench_member *m = &t->member[i];
		int rc;

		if (!prepare(t, m, i)) {
			bench_say(&t->shared->outcome, BENCH_CANNOT, "no memory for time stamps");
			return false;
		}
		rc = c->processes ? start_process(t, m, i) : start_thread(t, m, i);
		if (rc) {
			bench_say(&t->shared->outcome, BENCH_CANNOT, "no %s: %s", c->processes ? "process" : "thread",
				  strerror(rc));
			return false;
		}
	}
	return true;
}

bool bench_team_broken(const struct bench_team *t)
{
	unsigned i;

	for (i = 0; i < t->n && t->c->processes; i++) {
		siginfo_t end = { .si_pid = 0 };

		if (waitid(P_PID, (id_t)t->member[i].pid, &end, WEXITED | WNOHANG | WNOWAIT) == 0 && end.si_pid &&
		    (end.si_code != CLD_EXITED || end.si_status))
			return true;
	}
	return false;
}

/* How one ended, if not well. */
static void tell(struct bench_team *t, const struct bench_member *m, int status)
{
	if (status)
		bench_say(&t->shared->outcome, BENCH_CRASHED, "process %u ended with %s %d", m->w.index,
			  WIFSIGNALED(status) ? "signal" : "status",
			  WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
}

void bench_team_join(struct bench_team *t)
{
	unsigned i;

	for (i = 0; i < t->n; i++) {
		int status = 0;

		if (!t->c->processes)
			pthread_join(t->member[i].thread, NULL);
		else if (waitpid(t->member[i].pid, &status, 0) == t->member[i].pid)
			tell(t, &t->member[i], status);
	}
}

void bench_team_kill(struct bench_team *t)
{
	unsigned i;

	for (i = 0; i < t->n; i++) {
		struct bench_member *m = &t->member[i];
		int status = 0;

		if (m->pid <= 0)
			continue; /* it was not started */
		/* one that has ended by itself says what it died of */
		if (waitpid(m->pid, &status, WNOHANG) == m->pid) {
			tell(t, m, status);
			continue;
		}
		kill(m->pid, SIGKILL);
		waitpid(m->pid, &status, 0);
	}
}
