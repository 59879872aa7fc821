/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * What all shapes share: the command line, threads, looking at the clock, the line that is printed.
 */
#include "shapes.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void shape_die(const char *what)
{
	/* no stdio: there may be no memory for it */
	if (write(STDERR_FILENO, what, strlen(what)) < 0 || write(STDERR_FILENO, "\n", 1) < 0)
		_exit(4);
	_exit(3);
}

void shape_wrong(struct shape_run *run)
{
	__atomic_fetch_add(&run->wrong, 1, __ATOMIC_RELAXED);
}

/* ---- what the system says ----------------------------------------------------------------------------------------- */

/* A file of /proc, without malloc. */
static void read_file(const char *path, char *text, size_t bytes)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t n = 0;
	ssize_t got;

	if (fd < 0)
		shape_die(path);
	while (n < bytes - 1 && (got = read(fd, text + n, bytes - 1 - n)) > 0)
		n += (size_t)got;
	text[n] = '\0';
	close(fd);
}

static size_t field_kb(const char *path, const char *field)
{
	char text[8192];
	const char *at;

	read_file(path, text, sizeof(text));
	at = strstr(text, field);
	if (!at)
		shape_die(field);
	return strtoul(at + strlen(field), NULL, 10);
}

size_t shape_resident(void)
{
	return field_kb("/proc/self/smaps_rollup", "\nRss:") * 1024;
}

size_t shape_anonymous(void)
{
	return field_kb("/proc/self/smaps_rollup", "\nAnonymous:") * 1024;
}

size_t shape_status_kb(const char *field)
{
	return field_kb("/proc/self/status", field);
}

/* ---- threads ------------------------------------------------------------------------------------------------------ */

void shape_pin(const struct shape_run *run, unsigned i)
{
	cpu_set_t set;

	if (!run->n_cpus)
		return;
	CPU_ZERO(&set);
	CPU_SET((size_t)run->cpus[i % run->n_cpus], &set);
	sched_setaffinity(0, sizeof(set), &set);
}

bool shape_go_on(struct shape_worker *w, uint64_t ops)
{
	uint64_t now;

	__atomic_store_n(&w->ops, w->ops + ops, __ATOMIC_RELAXED);
	if (w->run->count)
		return w->ops < w->run->count;
	if (!w->alone)
		return !__atomic_load_n(&w->run->stop, __ATOMIC_RELAXED);
	now = shape_now();
	if (now < w->warm_end)
		return true;
	if (!w->warmed) {
		w->warmed = true;
		w->ops_warm = w->ops;
		w->warm_at = now;
		w->end = now + w->run->time_ns;
		return true;
	}
	if (now < w->end)
		return true;
	w->run->ops = w->ops - w->ops_warm;
	w->run->ns = now - w->warm_at;
	return false;
}

static void *worker_main(void *arg)
{
	struct shape_worker *w = arg;

	shape_pin(w->run, w->index);
	w->body(w);
	return NULL;
}

static void nap(uint64_t ns)
{
	const struct timespec t = { (time_t)(ns / 1000000000), (long)(ns % 1000000000) };

	nanosleep(&t, NULL);
}

static uint64_t look(const struct shape_worker *w, unsigned n, uint64_t *now)
{
	uint64_t ops = 0;
	unsigned i;

	for (i = 0; i < n; i++)
		ops += __atomic_load_n(&w[i].ops, __ATOMIC_RELAXED);
	*now = shape_now();
	return ops;
}

void shape_work(struct shape_run *run, unsigned n, void (*body)(struct shape_worker *w), void *state)
{
	static struct shape_worker workers[2 * SHAPE_THREADS];
	pthread_t threads[2 * SHAPE_THREADS];
	uint64_t from, to, start = shape_now();
	unsigned i;

	if (n > 2 * SHAPE_THREADS)
		shape_die("too many threads");
	for (i = 0; i < n; i++)
		workers[i] = (struct shape_worker){ .run = run,
						    .index = i,
						    .body = body,
						    .state = state,
						    .random = 0x9e3779b97f4a7c15u * (i + 1),
						    .alone = n == 1,
						    .warm_end = start + run->warm_ns };
	if (n == 1) {
		worker_main(&workers[0]);
		from = start;
		to = shape_now();
	} else {
		for (i = 0; i < n; i++)
			if (pthread_create(&threads[i], NULL, worker_main, &workers[i]))
				shape_die("no thread");
		if (!run->count) {
			nap(run->warm_ns);
			run->ops = look(workers, n, &from);
			nap(run->time_ns);
			run->ops = look(workers, n, &to) - run->ops;
			run->ns = to - from;
			__atomic_store_n(&run->stop, 1, __ATOMIC_RELAXED);
		}
		for (i = 0; i < n; i++)
			pthread_join(threads[i], NULL);
	}
	if (run->count) {
		run->ops = look(workers, n, &to);
		run->ns = to - start;
	}
}

/* ---- the program -------------------------------------------------------------------------------------------------- */

static void parse_cpus(struct shape_run *run, const char *list)
{
	char *end;

	while (*list && run->n_cpus < SHAPE_CPUS) {
		run->cpus[run->n_cpus++] = (int)strtol(list, &end, 10);
		list = *end == ',' ? end + 1 : end;
	}
}

static bool parse(struct shape_run *run, const char *word)
{
	unsigned long long n = 0;

	if (!strncmp(word, "pin=", 4)) {
		parse_cpus(run, word + 4);
		return true;
	}
	if (strchr(word, '='))
		n = strtoull(strchr(word, '=') + 1, NULL, 10);
	if (!strncmp(word, "threads=", 8) && n >= 1 && n <= SHAPE_THREADS)
		run->threads = (unsigned)n;
	else if (!strncmp(word, "bytes=", 6) && n >= 8)
		run->bytes = n;
	else if (!strncmp(word, "batch=", 6) && n >= 1)
		run->batch = (unsigned)n;
	else if (!strncmp(word, "time=", 5) && n >= 1)
		run->time_ns = n * 1000000;
	else if (!strncmp(word, "warm=", 5))
		run->warm_ns = n * 1000000;
	else if (!strncmp(word, "count=", 6))
		run->count = n;
	else
		return false;
	return true;
}

/* The file that has malloc. */
static const char *whose_malloc(void)
{
	Dl_info info;
	void *where = dlsym(RTLD_DEFAULT, "malloc");

	return where && dladdr(where, &info) ? info.dli_fname : "?";
}

int shape_main(int argc, char **argv, const struct shape *const *tables, size_t n_tables)
{
	static struct shape_run run = {
		.threads = 1, .bytes = 64, .batch = 32, .warm_ns = 8000000, .time_ns = 40000000, .value = -1
	};
	const struct shape *s = NULL;
	size_t i;
	int k;

	for (i = 0; i < n_tables && argc > 1 && (!s || !s->name); i++)
		for (s = tables[i]; s->name && strcmp(s->name, argv[1]); s++)
			;
	if (!s || !s->name) {
		fprintf(stderr, "usage: %s SHAPE [KEY=VALUE]...; see bench/shapes/shapes.h\n", argv[0]);
		return 64;
	}
	for (k = 2; k < argc; k++)
		if (!parse(&run, argv[k])) {
			fprintf(stderr, "%s: what is '%s'?\n", argv[0], argv[k]);
			return 64;
		}
	s->run(&run);
	if (run.wrong)
		printf("{\"wrong\": \"%llu blocks did not hold what was written into them\"}\n",
		       (unsigned long long)run.wrong);
	else if (run.value >= 0)
		printf("{\"shape\": \"%s\", \"value\": %.6f, \"peak_kb\": %zu, \"malloc\": \"%s\"}\n", s->name,
		       run.value, shape_status_kb("VmHWM:"), whose_malloc());
	else
		printf("{\"shape\": \"%s\", \"ops\": %llu, \"ns\": %llu, \"peak_kb\": %zu, \"malloc\": \"%s\"}\n",
		       s->name, (unsigned long long)run.ops, (unsigned long long)run.ns, shape_status_kb("VmHWM:"),
		       whose_malloc());
	return 0;
}
