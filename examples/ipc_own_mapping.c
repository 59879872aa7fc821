/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * A queue inside memory that a program has mapped for itself and shares with its children, beside what else is in there: no
 * name, no file, no descriptor. The parent hands out work; each child works off what it gets; one of them is killed in the
 * middle, and what it had in hand is done by another.
 */
#include <maar/ipc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define JOBS	 1000
#define CHILDREN 3

/* The program's own memory: the queue is one part of it. */
struct shared {
	uint64_t done[JOBS]; /* how often */
	uint32_t stuck;	     /* the child that is about to be killed has a job in hand */
	_Alignas(MAAR_APART) unsigned char queue[1 << 20];
};

static int work(struct shared *shared, int child)
{
	struct maar_ipc *queue = maar_ipc_attach(shared->queue, sizeof(shared->queue), NULL, NULL);
	struct maar_ipc_message m;

	if (!queue)
		return 1;
	while (maar_ipc_take(queue, &m, MAAR_FOREVER) == 1) { /* until it is closed and empty */
		if (child == 0) {
			__atomic_store_n(&shared->stuck, 1, __ATOMIC_RELEASE);
			pause(); /* never comes back */
		}
		__atomic_fetch_add(&shared->done[*(const uint64_t *)m.payload], 1, __ATOMIC_RELAXED);
		if (maar_ipc_release(queue, &m))
			return 1;
	}
	return maar_ipc_detach(queue) != 0;
}

static pid_t start(struct shared *shared, int child)
{
	const pid_t pid = fork();

	if (pid == 0)
		_exit(work(shared, child)); /* a child attaches for itself */
	return pid;
}

int main(void)
{
	const struct maar_ipc_options options = { .classes = { { .bytes = 8, .slots = 64 } }, .n_classes = 1 };
	struct shared *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct maar_ipc *queue;
	pid_t child[CHILDREN];
	uint64_t i, k, once = 0;
	int status, failed = 0;

	if (shared == MAP_FAILED || maar_ipc_bytes(&options) > sizeof(shared->queue) ||
	    maar_ipc_init(shared->queue, sizeof(shared->queue), &options))
		return 1;
	queue = maar_ipc_attach(shared->queue, sizeof(shared->queue), NULL, NULL);
	if (!queue)
		return 1;
	child[0] = start(shared, 0);
	for (i = 0; i < JOBS; i++) {
		if (maar_ipc_send(queue, &i, sizeof(i), NULL, MAAR_FOREVER) != 1)
			return 1;
		if (i == 0) { /* it is the first child's, which keeps it; the others do the rest */
			while (!__atomic_load_n(&shared->stuck, __ATOMIC_ACQUIRE))
				usleep(1000);
			for (k = 1; k < CHILDREN; k++)
				child[k] = start(shared, (int)k);
		}
		if (i == JOBS / 2) { /* whoever sleeps for 100 ms finds that, or whoever is told to look */
			kill(child[0], SIGKILL);
			waitpid(child[0], &status, 0);
			failed |= maar_ipc_recover(queue) < 0;
		}
	}
	maar_ipc_close(queue);
	for (k = 1; k < CHILDREN; k++)
		failed |= waitpid(child[k], &status, 0) != child[k] || status != 0;
	for (i = 0; i < JOBS; i++)
		once += shared->done[i] == 1;
	printf("%d jobs, %llu done once\n", JOBS, (unsigned long long)once);
	return failed || once != JOBS || maar_ipc_detach(queue) != 0;
}
