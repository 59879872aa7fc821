/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The other side of ipc_send: ipc_recv NAME N receives N records, and says how many and their sum. It waits for a queue that
 * nobody has made yet, and for each record as long as it takes.
 */
#include "ipc_record.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct maar_ipc *attach(const char *name)
{
	const struct maar_ipc_who who = { .roles = MAAR_IPC_CONSUMER };
	struct maar_ipc *queue;

	while (!(queue = maar_ipc_open(name, &who)) && errno == ENOENT)
		usleep(1000); /* no half-made queue is ever to be seen: it is there, or it is not */
	return queue;
}

int main(int argc, char **argv)
{
	struct maar_ipc *queue;
	unsigned long n, got = 0, again = 0;
	uint64_t sum = 0;
	int rc = 1;

	if (argc != 3) {
		fprintf(stderr, "usage: ipc_recv NAME N\n");
		return 64;
	}
	n = strtoul(argv[2], NULL, 10);
	queue = attach(argv[1]);
	if (!queue) {
		perror(argv[1]);
		return 1;
	}
	while (got < n) {
		struct maar_ipc_message m;
		const struct record *r;

		rc = maar_ipc_take(queue, &m, MAAR_FOREVER);
		if (rc != 1)
			break;
		r = m.payload; /* read where it lies, until release */
		if (m.bytes != sizeof(*r) || r->square != r->number * r->number)
			abort();
		sum += r->number;
		got++;
		/* Another receiver died of it, perhaps after it had done what the message asks for. */
		again += (m.flags & MAAR_IPC_REDELIVERED) != 0;
		rc = maar_ipc_release(queue, &m);
		if (rc)
			break;
		rc = 1;
	}
	if (rc != 1)
		fprintf(stderr, "%s: %s\n", argv[1], strerror(-rc)); /* EPIPE: closed and empty */
	printf("%lu received, sum %llu, %lu once more\n", got, (unsigned long long)sum, again);
	if (maar_ipc_detach(queue))
		abort();
	return got < n;
}
