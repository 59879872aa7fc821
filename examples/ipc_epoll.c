/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * An epoll loop that serves a socket and a queue between processes. A child takes a message, and is killed while it
 * has it: the death wakes the loop, and the message is delivered again. Then two children work: each sends by the
 * queue and says good-bye by the socket. The queue costs them a system call only when the loop is about to sleep.
 */
#include <errno.h>
#include <maar.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define NAME	"example-epoll"
#define RESULTS 5000

static void work(int end)
{
	struct maar_ipc *q = maar_ipc_open(NAME, NULL); /* a child attaches for itself */
	int i;

	for (i = 1; i <= RESULTS; i++)
		if (!q || maar_ipc_send(q, &i, sizeof(i), NULL, MAAR_FOREVER) != 1)
			abort();
	if (write(end, "bye", 3) != 3 || maar_ipc_detach(q))
		abort();
}

static void take_and_wait(int end)
{
	struct maar_ipc *q = maar_ipc_open(NAME, NULL);
	struct maar_ipc_message m;

	if (!q || maar_ipc_take(q, &m, MAAR_FOREVER) != 1 || write(end, "got", 3) != 3)
		abort();
	pause();
}

static pid_t child(void body(int end), int end)
{
	const pid_t pid = fork();

	if (pid)
		return pid;
	body(end);
	_exit(0);
}

static void watch(int epoll, int fd)
{
	struct epoll_event e = { .events = EPOLLIN, .data = { .fd = fd } };

	if (fd < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e))
		abort();
}

int main(void)
{
	int epoll = epoll_create1(EPOLL_CLOEXEC), ends[2], got = 0, again = 0, byes = 0, n = 0, armed;
	struct maar_ipc *q = maar_ipc_create(NAME, NULL, NULL, MAAR_IPC_EXCLUSIVE);
	struct maar_ipc_message m;
	struct epoll_event ready;
	pid_t victim;
	char word[3];

	if (!q || epoll < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		return 1;
	watch(epoll, ends[0]);
	watch(epoll, maar_ipc_fd(q));
	victim = child(take_and_wait, ends[1]);
	if (victim < 0 || maar_ipc_send(q, &n, sizeof(n), NULL, 0) != 1 || read(ends[0], word, sizeof(word)) != 3)
		return 1;
	while (got < 2 * RESULTS + 1 || byes < 2) {
		armed = maar_ipc_arm(q); /* 1: there is something, and the descriptor says so */
		if (armed == 0 && again == 0)
			kill(victim, SIGKILL);
		do
			n = epoll_wait(epoll, &ready, 1, -1);
		while (n < 0 && errno == EINTR);
		if (armed < 0 || maar_ipc_disarm(q)) /* recovers whoever has died */
			return 1;
		for (; maar_ipc_take(q, &m, 0) == 1; got++) {
			maar_ipc_release(q, &m);
			if (m.flags == MAAR_IPC_REDELIVERED && again++ == 0) {
				child(work, ends[1]);
				child(work, ends[1]);
			}
		}
		byes += n == 1 && ready.data.fd == ends[0] && read(ends[0], word, sizeof(word)) == 3;
	}
	while (wait(NULL) > 0)
		;
	printf("%d messages, %d of them again, %d good-byes\n", got, again, byes);
	return maar_ipc_unlink(NAME, 0) || maar_ipc_detach(q);
}
