/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * One process sends records to another by the name of a queue: ipc_send NAME FIRST N sends N of them, numbered from FIRST on.
 * ipc_recv is the other one; either may be started first, and several of each may run. Kill any of them with kill -9, at any
 * moment: the others go on, and what the dead one had received but not worked off comes to another, flagged.
 */
#include "ipc_record.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
	const struct maar_ipc_options options = {
		.classes = { { .bytes = sizeof(struct record), .slots = 256 } },
		.n_classes = 1,
	};
	const struct maar_ipc_who who = { .roles = MAAR_IPC_PRODUCER };
	struct maar_ipc *queue;
	unsigned long first, n, i;
	int rc = 1;

	if (argc != 4) {
		fprintf(stderr, "usage: ipc_send NAME FIRST N\n");
		return 64;
	}
	first = strtoul(argv[2], NULL, 10);
	n = strtoul(argv[3], NULL, 10);
	queue = maar_ipc_create(argv[1], &options, &who, 0); /* made if there is none */
	if (!queue) {
		perror(argv[1]);
		return 1;
	}
	for (i = 0; i < n && rc == 1; i++) {
		const struct maar_ipc_tags tags = { .sequence = first + i };
		void *slot;

		/* Written where it lies: nothing is copied. MAAR_FOREVER: waits while all slots are in use. */
		rc = maar_ipc_loan(queue, sizeof(struct record), &slot, MAAR_FOREVER);
		if (rc != 1)
			break;
		((struct record *)slot)->number = first + i;
		((struct record *)slot)->square = (uint64_t)(first + i) * (first + i);
		rc = maar_ipc_publish(queue, slot, sizeof(struct record), &tags, MAAR_FOREVER);
	}
	if (rc != 1 && n)
		fprintf(stderr, "%s: %s\n", argv[1], strerror(-rc)); /* EPIPE: the queue was closed */
	else
		printf("%lu sent\n", i);
	if (maar_ipc_detach(queue)) /* the queue and what is in it stay */
		abort();
	return rc != 1 && n;
}
