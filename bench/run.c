/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * One run: a child process opens the contestant, starts its threads, lets them warm up and then do what is measured,
 * and checks what came out. A process of its own for each run, so that a contestant that crashes or never ends costs
 * one figure and not the benchmark, and so that none inherits another's heap.
 */
#include "internal.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
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

/*
 * Retries before a yield: so many that they never yield while the other side runs, where each thread has a processor;
 * where not, about the time after which the other side is more likely to be waiting for this one's processor. A retry
 * is 8 pauses: with one, whoever finds a ring empty looks at the cell that is being filled so often that most
 * contestants run at half the speed.
 */
#define PAUSES_OWN_CPU 10000
#define PAUSES_SHARED  8

/* Gaps that a consumer can write down: 6.5 s of them, one after the other. Memory that is not needed is not touched. */
#define MAX_GAPS 65536

/* How long threads may take to see that a run is abandoned before the process is ended under them. */
#define GRACE_MS 1000

/* What setting up and tearing down may take at most, generously: the machine may stall. */
#define SETUP_MS 120000

struct progress {
	uint64_t done __attribute__((aligned(BENCH_APART)));
};

/* What the child tells its parent. */
struct shared {
	struct bench_outcome outcome;
	uint32_t told;	     /* the outcome is complete */
	uint64_t started_ns; /* of the phase that runs */
	struct progress progress[BENCH_MAX_THREADS];
};

/* The threads of a run and what their main thread needs to lead them. */
struct team {
	const struct bench_contestant *contestant;
	const struct bench_case *c;
	const struct bench_options *o;
	struct bench_setting setting;
	struct shared *shared;
	void *subject[2];
	unsigned n, subjects;
	struct bench_run run;
	uint32_t ready __attribute__((aligned(BENCH_APART)));
	uint32_t finished;
	uint32_t cannot;				   /* threads that could not enter */
	uint64_t abandoned;				   /* when the measured phase was, in ticks; 0: never */
	uint32_t go __attribute__((aligned(BENCH_APART))); /* number of the phase that runs */
	struct member {
		struct bench_worker w;
		struct team *team;
		enum bench_role role;
		pthread_t thread;
		uint64_t start_ns;
	} member[BENCH_MAX_THREADS];
};

enum { PHASE_WARM = 1, PHASE_MEASURED, PHASES };

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
	s.pauses = s.retry == BENCH_RETRY_YIELD ? PAUSES_SHARED : PAUSES_OWN_CPU;
	s.load = o->load + c->load;
	return s;
}

static __attribute__((format(printf, 3, 4))) void say(struct bench_outcome *out, enum bench_status status,
						      const char *format, ...)
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

/* ---- threads ----------------------------------------------------------------------------------------------------- */

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
static uint64_t phase_limit(const struct team *t, uint32_t phase)
{
	const uint64_t batch = t->c->batch, n = phase == PHASE_WARM ? t->o->count / 10 + 1 : t->o->count;

	return t->o->count ? (n + batch - 1) / batch * batch : UINT64_MAX;
}

/*
 * The start barrier: everybody says it is ready and waits for the phase's number. False: there will be no such phase,
 * because the one before was abandoned.
 */
static bool await_phase(struct team *t, uint32_t phase)
{
	unsigned tries = 0;

	__atomic_fetch_add(&t->ready, 1, __ATOMIC_RELEASE);
	while (__atomic_load_n(&t->go, __ATOMIC_ACQUIRE) != phase) {
		if (bench_flag(&t->run.abandon))
			return false;
		if (++tries % PAUSES_OWN_CPU)
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
	struct member *m = arg;
	struct team *t = m->team;
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
	for (phase = PHASE_WARM; phase < PHASES; phase++) {
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

static bool start_threads(struct team *t)
{
	const struct bench_case *c = t->c;
	unsigned i;

	t->n = c->firsts + c->seconds;
	t->run.producers = c->firsts;
	for (i = 0; i < t->n; i++) {
		struct member *m = &t->member[i];
		const bool first = i < c->firsts;
		pthread_attr_t attr;
		cpu_set_t cpus;
		int rc;

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
		if (bench_is_timed(c) && !m->w.timing) {
			say(&t->shared->outcome, BENCH_CANNOT, "no memory for time stamps");
			return false;
		}
		pthread_attr_init(&attr);
		if (t->setting.pinned) {
			CPU_ZERO(&cpus);
			CPU_SET((size_t)t->o->cpus[i % t->o->n_cpus], &cpus);
			pthread_attr_setaffinity_np(&attr, sizeof(cpus), &cpus);
		}
		rc = pthread_create(&m->thread, &attr, member_main, m);
		pthread_attr_destroy(&attr);
		if (rc) {
			say(&t->shared->outcome, BENCH_CANNOT, "no thread: %s", strerror(rc));
			return false;
		}
	}
	return true;
}

/* ---- phases ------------------------------------------------------------------------------------------------------ */

static bool wait_count(const uint32_t *count, uint32_t n, uint64_t deadline_ns)
{
	while (__atomic_load_n(count, __ATOMIC_ACQUIRE) < n) {
		if (bench_now() > deadline_ns)
			return false;
		sleep_ms(1);
	}
	return true;
}

/* Threads whose successes count: those that take out, where some put in and others take out. */
static bool counts(const struct bench_case *c, const struct member *m)
{
	return m->role == (c->second == BENCH_NOBODY || c->second == BENCH_PONG ? c->first : c->second);
}

static void partial(struct team *t, uint64_t ns)
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
static bool lead_phase(struct team *t, uint32_t phase, bool *gone)
{
	const uint64_t ms = phase == PHASE_WARM ? t->o->warmup_ms : t->o->time_ms;
	uint64_t start, limit;
	unsigned i;

	*gone = wait_count(&t->ready, t->n * phase, bench_now() + SETUP_MS * UINT64_C(1000000));
	if (!*gone || __atomic_load_n(&t->cannot, __ATOMIC_RELAXED))
		return false;
	for (i = 0; i < t->n; i++)
		__atomic_store_n(&t->shared->progress[i].done, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&t->run.stop, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&t->run.running, t->c->firsts, __ATOMIC_RELAXED);
	t->shared->started_ns = start = bench_now();
	limit = start + t->o->limit_ms * 1000000;
	__atomic_store_n(&t->go, phase, __ATOMIC_RELEASE);
	if (!t->o->count) {
		sleep_ms(ms);
		__atomic_store_n(&t->run.stop, 1, __ATOMIC_RELAXED);
	}
	if (wait_count(&t->finished, t->n * phase, limit))
		return true;
	partial(t, bench_now() - start);
	t->abandoned = phase == PHASE_MEASURED ? bench_ticks() : 0;
	__atomic_store_n(&t->run.abandon, 1, __ATOMIC_RELAXED);
	__atomic_store_n(&t->run.stop, 1, __ATOMIC_RELAXED);
	*gone = wait_count(&t->finished, t->n * phase, bench_now() + GRACE_MS * UINT64_C(1000000));
	return false;
}

/* ---- verification ------------------------------------------------------------------------------------------------ */

/* What must hold of every value whether or not the run came to its end. */
static void verify_each(struct team *t)
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
		say(out, BENCH_WRONG, "%llu messages whose bytes changed", (unsigned long long)corrupt);
	if (disorder)
		say(out, BENCH_WRONG, "%llu values out of order, twice, or never sent", (unsigned long long)disorder);
	if (refused)
		say(out, BENCH_WRONG, "%llu objects that the pool refused", (unsigned long long)refused);
}

/* What must hold at the end: what went in came out. */
static void verify_all(struct team *t)
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
		say(out, BENCH_WRONG, "%llu values went in and %llu came out", (unsigned long long)sent,
		    (unsigned long long)received);
	if (sum)
		say(out, BENCH_WRONG, "the values that came out are not those that went in");
	for (i = 0; i < t->subjects; i++) {
		rc = t->contestant->close(t->subject[i]);
		if (rc)
			say(out, BENCH_WRONG, "%d objects are missing from the pool at the end", rc);
	}
}

static void figure(const struct bench_case *c, struct bench_outcome *out)
{
	double *value = &out->figure[BENCH_VALUE];

	if (out->done == 0)
		say(out, BENCH_STALLED, "nothing moved");
	if (c->unit == BENCH_MOPS)
		*value = out->ns ? (double)out->done * 1e3 / (double)out->ns : 0;
	else
		*value = (double)out->ns / (double)(out->done ? out->done : 1);
}

/* How long calls took, and how long nothing came out. All threads have ended. */
static void timed_figures(struct team *t)
{
	static const double percents[] = { 50, 99, 99.9 };
	static uint64_t puts[BENCH_STEPS], takes[BENCH_STEPS];
	const struct bench_timing *consumers[BENCH_MAX_THREADS];
	double *f = t->shared->outcome.figure;
	struct bench_stall stall;
	unsigned i, n = 0;
	size_t k;

	for (i = 0; i < t->n; i++) {
		const struct member *m = &t->member[i];
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
static void measure(struct team *t)
{
	struct bench_outcome *out = &t->shared->outcome;
	uint64_t start = UINT64_MAX, end = 0;
	unsigned i;

	out->done = out->failed = 0;
	for (i = 0; i < t->n; i++) {
		const struct member *m = &t->member[i];

		start = m->start_ns < start ? m->start_ns : start;
		out->failed += m->w.failed;
		if (counts(t->c, m)) {
			end = m->w.end_ns > end ? m->w.end_ns : end;
			out->done += m->w.done;
		}
	}
	out->ns = end > start ? end - start : 0;
}

/* ---- the child --------------------------------------------------------------------------------------------------- */

static bool open_subjects(struct team *t)
{
	unsigned i;

	t->subjects = t->c->second == BENCH_PONG ? 2 : 1;
	for (i = 0; i < t->subjects; i++) {
		t->subject[i] = t->contestant->open(t->contestant, t->c, i);
		if (!t->subject[i]) {
			say(&t->shared->outcome, BENCH_CANNOT, "could not be opened");
			return false;
		}
	}
	return true;
}

static void child(struct team *t)
{
	struct bench_outcome *out = &t->shared->outcome;
	bool gone = true;
	uint32_t phase;
	unsigned i;

	if (!open_subjects(t) || !start_threads(t))
		return;
	for (phase = PHASE_WARM; phase < PHASES; phase++)
		if (!lead_phase(t, phase, &gone))
			break;
	if (__atomic_load_n(&t->cannot, __ATOMIC_RELAXED)) {
		say(out, BENCH_CANNOT, "a thread could not take part");
		return;
	}
	if (phase < PHASES)
		say(out, BENCH_STALLED, "did not end within %llu ms", (unsigned long long)t->o->limit_ms);
	if (!gone) { /* threads are inside the contestant's calls, and stay there: nothing of theirs may be read */
		figure(t->c, out);
		return;
	}
	for (i = 0; i < t->n; i++)
		pthread_join(t->member[i].thread, NULL);
	verify_each(t);
	if (phase == PHASES) {
		verify_all(t);
		measure(t);
	}
	if (bench_is_timed(t->c) && (phase == PHASES || t->abandoned))
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
	struct shared *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status, f;
	pid_t pid;

	memset(outcome, 0, sizeof(*outcome));
	for (f = BENCH_VALUE + 1; f < BENCH_FIGURES; f++)
		outcome->figure[f] = -1; /* none */
	if (shared == MAP_FAILED) {
		say(outcome, BENCH_CANNOT, "mmap: %s", strerror(errno));
		return;
	}
	shared->outcome = *outcome;
	if (bench_is_timed(c))
		(void)bench_tick_ns(); /* once for all the children */
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		static struct team team;

		team.contestant = contestant;
		team.c = c;
		team.o = o;
		team.setting = bench_setting(c, o);
		team.shared = shared;
		child(&team);
		__atomic_store_n(&shared->told, 1, __ATOMIC_RELEASE);
		_exit(0); /* without destructors: threads may still be inside */
	}
	status = pid > 0 ? reap(pid, 2 * (SETUP_MS + o->limit_ms + GRACE_MS)) : 0;
	if (pid < 0)
		say(outcome, BENCH_CANNOT, "fork: %s", strerror(errno));
	else if (__atomic_load_n(&shared->told, __ATOMIC_ACQUIRE))
		*outcome = shared->outcome;
	else if (WIFSIGNALED(status))
		say(outcome, BENCH_CRASHED, "killed by signal %d", WTERMSIG(status));
	else
		say(outcome, BENCH_CRASHED, "exited with status %d", WEXITSTATUS(status));
	munmap(shared, sizeof(*shared));
}
