/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * One run: a child process opens the contestant, starts its threads, lets them warm up and then do what is measured,
 * and checks what came out. A process of its own for each run, so that a contestant that crashes or never ends costs
 * one figure and not the benchmark, and so that none inherits another's heap.
 */
#include "team.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "loop.h"
#include "timing.h"

/* How long threads may take to see that a run is abandoned before the process is ended under them. */
#define GRACE_MS 1000

/* What setting up and tearing down may take at most, generously: the machine may stall. */
#define SETUP_MS 120000

const char *bench_status_name(enum bench_status status)
{
	static const char *const name[] = { "ok", "stalled", "cannot", "crashed", "WRONG" };

	return name[status];
}

const char *bench_retry_name(enum bench_retry retry)
{
	static const char *const name[] = { "auto", "spin", "pause", "pause8", "yield" };

	return name[retry];
}

bool bench_is_timed(const struct bench_case *c)
{
	return c->second == BENCH_CONSUME_TIMED;
}

struct bench_setting bench_setting(const struct bench_case *c, const struct bench_options *o)
{
	static const unsigned relax[BENCH_RETRIES] = { 8, 0, 1, 8, 8 };
	const bool own = c->firsts + c->seconds <= o->n_cpus;
	const enum bench_pin pin = o->pin_said ? o->pin : c->pin;
	struct bench_setting s;

	s.pinned = pin == BENCH_PIN_YES || (pin == BENCH_PIN_AUTO && own);
	s.retry = o->retry;
	if (s.retry == BENCH_RETRY_AUTO)
		s.retry = !own ? BENCH_RETRY_YIELD : c->first == BENCH_PING ? BENCH_RETRY_PAUSE : BENCH_RETRY_PAUSE8;
	s.relax = relax[s.retry];
	s.pauses = s.retry == BENCH_RETRY_YIELD ? BENCH_PAUSES_SHARED : BENCH_PAUSES_OWN_CPU;
	s.load = o->load + c->load;
	return s;
}

void bench_say(struct bench_outcome *out, enum bench_status status, const char *format, ...)
{
	va_list ap;

	if (out->status >= status)
		return;
	out->status = status;
	va_start(ap, format);
	vsnprintf(out->text, sizeof(out->text), format, ap);
	va_end(ap);
}

static void sleep_ms(uint64_t ms)
{
	const struct timespec t = { (time_t)(ms / 1000), (long)(ms % 1000) * 1000000 };

	nanosleep(&t, NULL);
}

/* ---- phases ------------------------------------------------------------------------------------------------------ */

static bool wait_count(const struct bench_team *t, const uint32_t *count, uint32_t n, uint64_t deadline_ns)
{
	while (__atomic_load_n(count, __ATOMIC_ACQUIRE) < n) {
		if (bench_now() > deadline_ns || bench_team_broken(t))
			return false;
		sleep_ms(1);
	}
	return true;
}

/* Threads whose successes count: those that take out, where some put in and others take out. */
static bool counts(const struct bench_case *c, const struct bench_member *m)
{
	return m->role == (c->second == BENCH_NOBODY || c->second == BENCH_PONG ? c->first : c->second);
}

static void partial(struct bench_team *t, uint64_t ns)
{
	struct bench_outcome *out = &t->shared->outcome;
	unsigned i;

	out->done = 0;
	for (i = 0; i < t->n; i++)
		if (counts(t->c, &t->member[i]))
			out->done += __atomic_load_n(&t->shared->progress[i].done, __ATOMIC_RELAXED);
	out->ns = ns;
	out->failed = 0;
}

/* Leads the threads through one phase. False: it stalled, and *gone says whether the threads ended all the same. */
static bool lead_phase(struct bench_team *t, uint32_t phase, bool *gone)
{
	const uint64_t ms = phase == BENCH_PHASE_WARM ? t->o->warmup_ms : t->o->time_ms;
	uint64_t start, limit;
	unsigned i;

	*gone = wait_count(t, &t->ready, t->n * phase, bench_now() + SETUP_MS * UINT64_C(1000000));
	if (!*gone || __atomic_load_n(&t->cannot, __ATOMIC_RELAXED))
		return false;
	for (i = 0; i < t->n; i++)
		__atomic_store_n(&t->shared->progress[i].done, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&t->run.stop, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&t->run.running, t->c->firsts, __ATOMIC_RELAXED);
	__atomic_store_n(&t->run.sent, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&t->run.received, 0, __ATOMIC_RELAXED);
	t->shared->started_ns = start = bench_now();
	limit = start + t->o->limit_ms * 1000000;
	__atomic_store_n(&t->go, phase, __ATOMIC_RELEASE);
	if (!t->o->count) {
		sleep_ms(ms);
		__atomic_store_n(&t->run.stop, 1, __ATOMIC_RELAXED);
	}
	if (wait_count(t, &t->finished, t->n * phase, limit))
		return true;
	partial(t, bench_now() - start);
	t->abandoned = phase == BENCH_PHASE_MEASURED ? bench_ticks() : 0;
	__atomic_store_n(&t->run.abandon, 1, __ATOMIC_RELAXED);
	__atomic_store_n(&t->run.stop, 1, __ATOMIC_RELAXED);
	*gone = wait_count(t, &t->finished, t->n * phase, bench_now() + GRACE_MS * UINT64_C(1000000));
	return false;
}

/* ---- verification ------------------------------------------------------------------------------------------------ */

/* What must hold of every value whether or not the run came to its end. */
static void verify_each(struct bench_team *t)
{
	struct bench_outcome *out = &t->shared->outcome;
	uint64_t disorder = 0, corrupt = 0, refused = 0;
	unsigned i;

	for (i = 0; i < t->n; i++) {
		disorder += t->member[i].w.disorder;
		corrupt += t->member[i].w.corrupt;
		refused += t->member[i].w.refused;
	}
	if (corrupt)
		bench_say(out, BENCH_WRONG, "%llu messages whose bytes changed", (unsigned long long)corrupt);
	if (disorder)
		bench_say(out, BENCH_WRONG, "%llu values out of order, twice, or never sent",
			  (unsigned long long)disorder);
	if (refused)
		bench_say(out, BENCH_WRONG, "%llu objects that the pool refused", (unsigned long long)refused);
}

/* What must hold at the end: what went in came out. */
static void verify_all(struct bench_team *t)
{
	struct bench_outcome *out = &t->shared->outcome;
	const bool one_way = t->c->second != BENCH_NOBODY && t->c->second != BENCH_PONG;
	uint64_t sent = 0, received = 0, sum = 0;
	unsigned i;
	int rc;

	for (i = 0; i < t->n && one_way; i++) {
		const struct bench_worker *w = &t->member[i].w;

		if (counts(t->c, &t->member[i])) {
			received += w->count;
			sum -= w->sum;
		} else {
			sent += w->count;
			sum += w->sum;
		}
	}
	if (sent != received)
		bench_say(out, BENCH_WRONG, "%llu values went in and %llu came out", (unsigned long long)sent,
			  (unsigned long long)received);
	if (sum)
		bench_say(out, BENCH_WRONG, "the values that came out are not those that went in");
	for (i = 0; i < t->subjects; i++) {
		rc = t->contestant->close(t->subject[i]);
		if (rc)
			bench_say(out, BENCH_WRONG, "%d objects are missing from the pool at the end", rc);
	}
}

static void figure(const struct bench_case *c, struct bench_outcome *out)
{
	double *value = &out->figure[BENCH_VALUE];

	if (out->done == 0)
		bench_say(out, BENCH_STALLED, "nothing moved");
	if (c->unit == BENCH_MOPS)
		*value = out->ns ? (double)out->done * 1e3 / (double)out->ns : 0;
	else
		*value = (double)out->ns / (double)(out->done ? out->done : 1);
}

/* How long calls took, and how long nothing came out. All threads have ended. */
static void timed_figures(struct bench_team *t)
{
	static const double percents[] = { 50, 99, 99.9 };
	static uint64_t puts[BENCH_STEPS], takes[BENCH_STEPS];
	const struct bench_timing *consumers[BENCH_MAX_THREADS];
	double *f = t->shared->outcome.figure;
	struct bench_stall stall;
	unsigned i, n = 0;
	size_t k;

	for (i = 0; i < t->n; i++) {
		const struct bench_member *m = &t->member[i];
		uint64_t *const sum = counts(t->c, m) ? takes : puts;

		for (k = 0; k < BENCH_STEPS; k++)
			sum[k] += m->w.timing->steps[k];
		if (counts(t->c, m))
			consumers[n++] = m->w.timing;
	}
	for (i = 0; i < 3; i++) {
		f[BENCH_PUT_P50 + i] = bench_percentile(puts, percents[i]) * bench_tick_ns();
		f[BENCH_TAKE_P50 + i] = bench_percentile(takes, percents[i]) * bench_tick_ns();
	}
	stall = bench_stall(consumers, n, t->abandoned);
	f[BENCH_STALLED_PERCENT] = stall.percent;
	f[BENCH_LONGEST_GAP] = stall.longest_ticks * bench_tick_ns() / 1e3;
}

/* The measured phase: successes and time, from the first start to the last end. */
static void measure(struct bench_team *t)
{
	struct bench_outcome *out = &t->shared->outcome;
	uint64_t start = UINT64_MAX, end = 0, calls = 0;
	bool counted = true;
	unsigned i;

	out->done = out->failed = 0;
	for (i = 0; i < t->n; i++) {
		const struct bench_member *m = &t->member[i];

		calls += m->w.calls ? m->w.calls - 1 : 0;
		counted = counted && m->w.calls;
		start = m->start_ns < start ? m->start_ns : start;
		out->failed += m->w.failed;
		if (counts(t->c, m)) {
			end = m->w.end_ns > end ? m->w.end_ns : end;
			out->done += m->w.done;
		}
	}
	out->ns = end > start ? end - start : 0;
	if (counted && out->done)
		out->figure[BENCH_CALLS] = (double)calls * 1e6 / (double)out->done;
}

/* ---- the child --------------------------------------------------------------------------------------------------- */

static bool open_subjects(struct bench_team *t)
{
	unsigned i;

	t->subjects = t->c->second == BENCH_PONG ? 2 : 1;
	for (i = 0; i < t->subjects; i++) {
		t->subject[i] = t->contestant->open(t->contestant, t->c, i);
		if (!t->subject[i]) {
			bench_say(&t->shared->outcome, BENCH_CANNOT, "could not be opened");
			return false;
		}
	}
	return true;
}

/* Those that do not end by themselves; what the contestant has outside their memory goes as well. */
static void end_processes(struct bench_team *t)
{
	unsigned i;

	bench_team_kill(t);
	for (i = 0; i < t->subjects; i++)
		(void)t->contestant->close(t->subject[i]);
}

static void child(struct bench_team *t)
{
	struct bench_outcome *out = &t->shared->outcome;
	bool gone = true;
	uint32_t phase;

	if (!open_subjects(t) || !bench_team_start(t))
		return;
	for (phase = BENCH_PHASE_WARM; phase < BENCH_PHASES; phase++)
		if (!lead_phase(t, phase, &gone))
			break;
	if (__atomic_load_n(&t->cannot, __ATOMIC_RELAXED)) {
		bench_say(out, BENCH_CANNOT, "a thread could not take part");
		if (t->c->processes)
			end_processes(t);
		return;
	}
	if (phase < BENCH_PHASES)
		bench_say(out, BENCH_STALLED, "did not end within %llu ms", (unsigned long long)t->o->limit_ms);
	if (!gone) { /* threads are inside the contestant's calls, and stay there: nothing of theirs may be read */
		figure(t->c, out);
		if (t->c->processes)
			end_processes(t);
		return;
	}
	bench_team_join(t);
	verify_each(t);
	if (phase == BENCH_PHASES) {
		verify_all(t);
		measure(t);
	} else if (t->c->processes) {
		end_processes(t);
	}
	if (bench_is_timed(t->c) && (phase == BENCH_PHASES || t->abandoned))
		timed_figures(t);
	figure(t->c, out);
}

/* Waits for the child, and kills it when it is past all reason. Returns its wait status. */
static int reap(pid_t pid, uint64_t patience_ms)
{
	const uint64_t deadline = bench_now() + patience_ms * 1000000;
	uint64_t nap = 1;
	int status = 0;

	while (waitpid(pid, &status, WNOHANG) != pid) {
		if (bench_now() > deadline) {
			kill(pid, SIGKILL);
			waitpid(pid, &status, 0);
			break;
		}
		sleep_ms(nap);
		nap = nap < 4 ? nap + 1 : nap;
	}
	return status;
}

void bench_run(const struct bench_contestant *contestant, const struct bench_case *c, const struct bench_options *o,
	       struct bench_outcome *outcome)
{
	struct ground {
		struct bench_shared shared;
		struct bench_team team;
	} *ground = mmap(NULL, sizeof(*ground), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct bench_shared *shared = &ground->shared;
	struct bench_team *team = &ground->team;
	int status, f;
	pid_t pid;

	memset(outcome, 0, sizeof(*outcome));
	for (f = BENCH_VALUE + 1; f < BENCH_FIGURES; f++)
		outcome->figure[f] = -1; /* none */
	if (ground == MAP_FAILED) {
		bench_say(outcome, BENCH_CANNOT, "mmap: %s", strerror(errno));
		return;
	}
	shared->outcome = *outcome;
	if (bench_is_timed(c))
		(void)bench_tick_ns(); /* once for all the children */
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		team->contestant = contestant;
		team->c = c;
		team->o = o;
		team->setting = bench_setting(c, o);
		team->shared = shared;
		child(team);
		__atomic_store_n(&shared->told, 1, __ATOMIC_RELEASE);
		_exit(0); /* without destructors: threads may still be inside */
	}
	status = pid > 0 ? reap(pid, 2 * (SETUP_MS + o->limit_ms + GRACE_MS)) : 0;
	if (pid < 0)
		bench_say(outcome, BENCH_CANNOT, "fork: %s", strerror(errno));
	else if (__atomic_load_n(&shared->told, __ATOMIC_ACQUIRE))
		*outcome = shared->outcome;
	else if (WIFSIGNALED(status))
		bench_say(outcome, BENCH_CRASHED, "killed by signal %d", WTERMSIG(status));
	else
		bench_say(outcome, BENCH_CRASHED, "exited with status %d", WEXITSTATUS(status));
	munmap(ground, sizeof(*ground));
}
