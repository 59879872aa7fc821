/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Memory and locks from the system, each behind a fault point.
 */
#include "base.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

void *maar__map(size_t bytes)
{
	void *memory;

	if (maar__fault(MAAR__FAULT_MAP)) {
		errno = ENOMEM;
		return NULL;
	}
	memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return memory == MAP_FAILED ? NULL : memory;
}

void maar__unmap(void *memory, size_t bytes)
{
	if (memory)
		munmap(memory, bytes);
}

void *maar__alloc(size_t bytes)
{
	void *block = NULL;

	if (maar__fault(MAAR__FAULT_ALLOC) || posix_memalign(&block, MAAR_APART, bytes)) {
		errno = ENOMEM;
		return NULL;
	}
	return memset(block, 0, bytes);
}

void maar__free(void *block)
{
	free(block);
}

int maar__lock_init(pthread_mutex_t *lock)
{
	if (maar__fault(MAAR__FAULT_LOCK))
		return -EAGAIN;
	return -pthread_mutex_init(lock, NULL);
}

int maar__key_create(pthread_key_t *key, void (*at_exit)(void *))
{
	if (maar__fault(MAAR__FAULT_LOCK))
		return -EAGAIN;
	return -pthread_key_create(key, at_exit);
}

int maar__at_fork(void (*before)(void), void (*in_parent)(void), void (*in_child)(void))
{
	if (maar__fault(MAAR__FAULT_LOCK))
		return -ENOMEM;
	return -pthread_atfork(before, in_parent, in_child);
}
