/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Work for a process that is not trusted: a parser, say, of what came from outside. The parent sends it lines and gets back how many
 * words each has, all through memory that each side alone can write. One line kills the worker: the parent finds that at once, and starts
 * another.
 */
#include <maar.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define LINE 256 /* bytes, at most */

/* The worker's whole life. */
static void work(int fd)
{
	const struct maar_handed_options options = { .bytes = sizeof(int), .slots = 16 };
	struct maar_handed *parent = maar_handed_join(fd, &options, MAAR_FOREVER);
	char line[LINE];
	struct maar_ipc_message m;

	/* A copy, which does not change while it is looked at. */
	while (parent && maar_handed_receive(parent, line, sizeof(line), &m, MAAR_FOREVER) == 1) {
		int words = 0;
		uint64_t i;

		if (m.bytes == 4 && memcmp(line, "evil", 4) == 0)
			raise(SIGKILL);
		for (i = 0; i < m.bytes; i++)
			words += line[i] != ' ' && (i == 0 || line[i - 1] == ' ');
		if (maar_handed_send(parent, &words, sizeof(words), NULL, MAAR_FOREVER) != 1)
			break;
	}
	_exit(maar_handed_leave(parent) != 0);
}

/* Starts a worker and joins it; NULL: it could not. */
static struct maar_handed *start(void)
{
	const struct maar_handed_options options = { .bytes = LINE, .slots = 16 };
	int ends[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		return NULL;
	fflush(stdout); /* or what is in it is the child's, too */
	pid = fork();
	if (pid == 0) {
		close(ends[0]);
		work(ends[1]); /* a real one would give up its rights first */
	}
	close(ends[1]); /* or its death would not be seen */
	return pid < 0 ? NULL : maar_handed_join(ends[0], &options, MAAR_FOREVER);
}

int main(void)
{
	static const char *const lines[] = { "one", "two words", "evil", "the next has three", "" };
	struct maar_handed *worker = start();
	unsigned i;
	int failed;

	for (i = 0; i < sizeof(lines) / sizeof(lines[0]) && worker; i++) {
		int words, rc;

		rc = maar_handed_send(worker, lines[i], strlen(lines[i]), NULL, MAAR_FOREVER);
		if (rc == 1)
			rc = maar_handed_receive(worker, &words, sizeof(words), NULL, MAAR_FOREVER);
		if (rc == 1) {
			printf("\"%s\": %d\n", lines[i], words);
			continue;
		}
		printf("\"%s\": %s\n", lines[i], strerror(-rc));
		maar_handed_leave(worker);
		worker = start();
	}
	failed = worker == NULL || maar_handed_leave(worker);
	while (wait(NULL) > 0)
		;
	return failed;
}
