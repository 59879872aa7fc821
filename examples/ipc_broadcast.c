/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * One process publishes quotes, others read them all: a recorder, which may lose none and whom the publisher waits for; a
 * display, which shows what it can and is told what it missed; and a recorder that is killed, for whom nobody waits.
 */
#include <maar/ipc_broadcast.h>
#include <maar/ipc_names.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define NAME   "quotes"
#define QUOTES 20000

struct quote {
	uint64_t number, price;
};

/* To the end of the broadcast: how many. */
static uint64_t read_quotes(struct maar_ipc *in)
{
	struct maar_ipc_message m;
	uint64_t had = 0;
	int rc;

	while ((rc = maar_ipc_take(in, &m, MAAR_FOREVER)) == 1) {
		const struct quote *q = m.payload; /* read where it lies, whole until release */

		if (m.bytes != sizeof(*q) || q->price != q->number * 3)
			abort();
		had++;
		if (maar_ipc_release(in, &m))
			abort();
	}
	if (rc != -EPIPE) /* closed, and all read */
		abort();
	return had;
}

static pid_t start_reader(const char *what, uint32_t reading)
{
	const struct maar_ipc_who who = { .roles = MAAR_IPC_CONSUMER, .reading = reading };
	struct maar_ipc *in;
	const pid_t pid = fork();

	if (pid)
		return pid;
	in = maar_ipc_open(NAME, &who);
	if (!in)
		abort();
	printf("%s: %llu of %d\n", what, (unsigned long long)(read_quotes(in) + maar_ipc_missed(in)), QUOTES);
	fflush(stdout);
	_exit(maar_ipc_detach(in) ? 1 : 0);
}

int main(void)
{
	const struct maar_ipc_options options = { .classes = { { .bytes = sizeof(struct quote), .slots = 256 } },
						  .n_classes = 1,
						  .kind = MAAR_IPC_BROADCAST };
	const struct maar_ipc_who who = { .roles = MAAR_IPC_PRODUCER };
	struct maar_ipc *out = maar_ipc_create(NAME, &options, &who, 0);
	pid_t victim;
	int status;

	if (!out) {
		perror(NAME);
		return 1;
	}
	start_reader("recorded", MAAR_IPC_HISTORY);
	start_reader("shown or missed", MAAR_IPC_HISTORY | MAAR_IPC_LOSSY);
	victim = start_reader("killed", MAAR_IPC_HISTORY);
	while (maar_ipc_readers(out, NULL, 0) < 3) /* so that each begins with the first */
		usleep(1000);
	for (uint64_t n = 0; n < QUOTES; n++) {
		const struct quote q = { n, n * 3 };

		if (n == QUOTES / 2)
			kill(victim, SIGKILL); /* wherever it is */
		if (maar_ipc_send(out, &q, sizeof(q), NULL, MAAR_FOREVER) != 1)
			abort();
	}
	(void)maar_ipc_close(out);
	while (wait(&status) > 0)
		if (status && !WIFSIGNALED(status))
			return 1;
	(void)maar_ipc_recover(out);
	return maar_ipc_unlink(NAME, 0) || maar_ipc_detach(out);
}
