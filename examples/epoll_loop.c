/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * An epoll loop fed by a channel: a thread works and sends results, while the loop also listens to a pipe (any descriptor).
 * The channel's descriptor costs the worker a system call only when the loop is about to sleep, never for each message.
 */
#include <errno.h>
#include <maar.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#define RESULTS 10000

static struct maar_channel *results;
static int bell[2]; /* a pipe */

static void *work(void *unused)
{
	int i;

	for (i = 0; i < RESULTS; i++) {
		if (maar_channel_send_bytes(results, &i, sizeof(i)) != 1)
			abort();
		if (i % 1000 == 0 && write(bell[1], "x", 1) != 1)
			abort();
	}
	maar_channel_close(results);
	close(bell[1]);
	return unused;
}

static void watch(int epoll, int fd)
{
	struct epoll_event e = { .events = EPOLLIN, .data = { .fd = fd } };

	if (fd < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e))
		abort();
}

int main(void)
{
	struct epoll_event ready[2];
	int epoll = epoll_create1(EPOLL_CLOEXEC), rings = 0, got = 0, value, n, i;
	pthread_t worker;
	ssize_t rc;
	char byte;

	results = maar_channel_create(128, sizeof(int), NULL);
	if (epoll < 0 || !results || pipe(bell))
		return 1;
	watch(epoll, bell[0]);
	watch(epoll, maar_channel_fd(results));
	if (pthread_create(&worker, NULL, work, NULL))
		return 1;
	do {
		maar_channel_arm(results); /* if there is something by now, the descriptor says so */
		do
			n = epoll_wait(epoll, ready, 2, -1);
		while (n < 0 && errno == EINTR);
		maar_channel_disarm(results);
		for (i = 0; i < n; i++)
			if (ready[i].data.fd == bell[0] && read(bell[0], &byte, 1) == 1)
				rings++;
		while ((rc = maar_channel_recv_bytes(results, &value, sizeof(value), 0)) >= 0)
			got += value == got;
	} while (rc != -EPIPE);
	while (read(bell[0], &byte, 1) == 1)
		rings++;
	pthread_join(worker, NULL);
	printf("%d results in order, %d rings of the bell\n", got, rings);
	return maar_channel_destroy(results) != 0;
}
