/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * A program as a contestant: started, read, and ended when it does not end. What it measured it says itself, in one line.
 */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "timing.h"

/* What a program may take beyond its limit, generously: the machine may stall, and some run under valgrind. */
#define PATIENCE_MS 120000

static void become(const char *const *argv, const char *preload, int out)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (preload ? setenv("LD_PRELOAD", preload, 1) : unsetenv("LD_PRELOAD"))
		_exit(126);
	if (dup2(out, STDOUT_FILENO) < 0 || dup2(out, STDERR_FILENO) < 0)
		_exit(126);
	execvp(argv[0], (char *const *)(uintptr_t)argv);
	_exit(127);
}

/* Until the end of what it prints. The end of the text is kept, where there is more than fits. */
static void read_all(int from, uint64_t deadline_ns, char *text, size_t bytes)
{
	size_t n = 0;

	for (;;) {
		struct pollfd ready = { .fd = from, .events = POLLIN };
		const int64_t left = (int64_t)(deadline_ns - bench_now()) / 1000000;
		ssize_t got;

		if (left <= 0 || (poll(&ready, 1, (int)left) < 0 && errno != EINTR))
			break;
		if (!ready.revents)
			continue;
		if (n > bytes / 2) {
			memmove(text, text + n / 2, n - n / 2);
			n -= n / 2;
		}
		got = read(from, text + n, bytes - 1 - n);
		if (got <= 0 && errno != EINTR)
			break;
		if (got == 0)
			break;
		n += got > 0 ? (size_t)got : 0;
	}
	text[n] = '\0';
}

int bench_program_run(const char *const *argv, const char *preload, uint64_t patience_ms, char *text, size_t bytes)
{
	const uint64_t deadline = bench_now() + patience_ms * 1000000;
	int pipes[2], status = 0;
	pid_t pid;

	text[0] = '\0';
	if (pipe2(pipes, O_CLOEXEC))
		return -1;
	fflush(NULL);
	pid = fork();
	if (pid == 0)
		become(argv, preload, pipes[1]);
	close(pipes[1]);
	if (pid > 0) {
		read_all(pipes[0], deadline, text, bytes);
		if (bench_now() > deadline)
			kill(pid, SIGKILL);
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
	}
	close(pipes[0]);
	return pid < 0 ? -1 : status;
}

/* The object of the last line that has one; NULL: there is none. */
static json_t *last_object(const char *text)
{
	const char *at = strrchr(text, '{');

	return at ? json_loads(at, JSON_DISABLE_EOF_CHECK, NULL) : NULL;
}

static void fail(struct bench_outcome *outcome, enum bench_status status, const char *what, const char *more)
{
	outcome->status = status;
	snprintf(outcome->text, sizeof(outcome->text), "%s%.150s", what, more);
}

void bench_program_outcome(const char *const *argv, const char *preload, const struct bench_case *c,
			   const struct bench_options *o, struct bench_outcome *outcome)
{
	char text[8192];
	json_t *said, *peak;
	int status, f;

	memset(outcome, 0, sizeof(*outcome));
	for (f = 0; f < BENCH_FIGURES; f++)
		outcome->figure[f] = -1;
	status = bench_program_run(argv, preload, o->limit_ms + PATIENCE_MS, text, sizeof(text));
	said = last_object(text);
	text[strcspn(text, "\n")] = '\0';
	if (status && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		fail(outcome, BENCH_STALLED, "did not end", "");
	else if (status && WIFSIGNALED(status))
		fail(outcome, BENCH_CRASHED, strsignal(WTERMSIG(status)), "");
	else if (json_object_get(said, "wrong"))
		fail(outcome, BENCH_WRONG, "", json_string_value(json_object_get(said, "wrong")) ?: "?");
	else if (status || !said)
		fail(outcome, BENCH_CANNOT, "it says: ", text);
	else {
		outcome->done = (uint64_t)json_integer_value(json_object_get(said, "ops"));
		outcome->ns = (uint64_t)json_integer_value(json_object_get(said, "ns"));
		peak = json_object_get(said, "peak_kb");
		if (peak)
			outcome->figure[BENCH_PEAK_MB] = (double)json_integer_value(peak) * 1.024e-3;
		if (c->unit == BENCH_NS && outcome->done)
			outcome->figure[BENCH_VALUE] = (double)outcome->ns / (double)outcome->done;
		else if (c->unit != BENCH_NS)
			outcome->figure[BENCH_VALUE] = json_number_value(json_object_get(said, "value"));
		else
			fail(outcome, BENCH_STALLED, "nothing was done", "");
	}
	json_decref(said);
}
