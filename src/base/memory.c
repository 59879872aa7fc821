/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Memory and locks from the system, each behind a fault point.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* memfd_create, mremap */
#endif
#include "base.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

void *maar__map(size_t bytes)
{
	void *memory;

	if (maar__fault(MAAR__FAULT_MAP)) {
		errno = ENOMEM;
		return NULL;
	}
	memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory != MAP_FAILED)
		return memory;
	errno = ENOMEM; /* EAGAIN it says where mlockall is in force: no memory either */
	return NULL;
}

void *maar__map_own(size_t bytes)
{
	void *memory = maar__map(bytes);
	int reason = ENOMEM;

	if (memory && !maar__fault(MAAR__FAULT_MAP)) {
		if (madvise(memory, bytes, MADV_WIPEONFORK) == 0)
			return memory;
		reason = ENOTSUP;
	}
	if (memory)
		maar__unmap(memory, bytes);
	errno = reason;
	return NULL;
}

void maar__unmap(void *memory, size_t bytes)
{
	if (memory)
		munmap(memory, bytes);
}

void *maar__reserve(size_t bytes)
{
	void *memory;

	if (maar__fault(MAAR__FAULT_MAP)) {
		errno = ENOMEM;
		return NULL;
	}
	memory = mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	return memory == MAP_FAILED ? NULL : memory;
}

bool maar__ready(void *at, size_t bytes)
{
	if (maar__fault(MAAR__FAULT_MAP)) {
		errno = ENOMEM;
		return false;
	}
	return mprotect(at, bytes, PROT_READ | PROT_WRITE) == 0;
}

bool maar__unready(void *at, size_t bytes)
{
	if (maar__fault(MAAR__FAULT_MAP)) {
		errno = ENOMEM;
		return false;
	}
	/* No new mapping in its place: if that failed, there would be a hole for others to map into. */
	return madvise(at, bytes, MADV_DONTNEED) == 0 && mprotect(at, bytes, PROT_NONE) == 0;
}

void *maar__map_sparse(size_t bytes)
{
	void *memory;

	if (maar__fault(MAAR__FAULT_MAP)) {
		errno = ENOMEM;
		return NULL;
	}
	memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (memory != MAP_FAILED)
		return memory;
	errno = ENOMEM;
	return NULL;
}

bool maar__discard(void *at, size_t bytes)
{
	if (maar__fault(MAAR__FAULT_MAP)) {
		errno = ENOMEM;
		return false;
	}
	return madvise(at, bytes, MADV_DONTNEED) == 0;
}

void *maar__remap(void *memory, size_t bytes, size_t new_bytes)
{
	void *moved;

	if (maar__fault(MAAR__FAULT_MAP)) {
		errno = ENOMEM;
		return NULL;
	}
	moved = mremap(memory, bytes, new_bytes, MREMAP_MAYMOVE);
	if (moved != MAP_FAILED)
		return moved;
	errno = ENOMEM;
	return NULL;
}

uint64_t maar__address_limit(void)
{
	struct rlimit most;

	return getrlimit(RLIMIT_AS, &most) || most.rlim_cur == RLIM_INFINITY ? UINT64_MAX : most.rlim_cur;
}

size_t maar__page(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

/* The memory behind a mirrored mapping: an anonymous file of `bytes` zeros; -1 with errno. */
static int mirror_file(size_t bytes)
{
	struct rlimit most;
	int fd, rc;

	/* A file beyond the limit would cost the program a SIGXFSZ. */
	if (getrlimit(RLIMIT_FSIZE, &most) == 0 && most.rlim_cur != RLIM_INFINITY && most.rlim_cur < bytes) {
		errno = EFBIG;
		return -1;
	}
	if (maar__fault(MAAR__FAULT_MAP)) {
		errno = ENOMEM;
		return -1;
	}
	fd = memfd_create("maar", MFD_CLOEXEC);
	if (fd < 0)
		return -1;
	if (maar__fault(MAAR__FAULT_MAP)) {
		errno = ENOMEM;
		rc = -1;
	} else {
		do
			rc = ftruncate(fd, (off_t)bytes);
		while (rc && errno == EINTR);
	}
	if (rc) {
		const int reason = errno;

		close(fd);
		errno = reason;
		return -1;
	}
	return fd;
}

/* A mapping behind a fault point; NULL with errno. `at` with MAP_FIXED is mapped over. */
static void *map_file(void *at, size_t bytes, int prot, int flags, int fd, size_t from)
{
	void *memory;

	if (maar__fault(MAAR__FAULT_MAP)) {
		errno = ENOMEM;
		return NULL;
	}
	memory = mmap(at, bytes, prot, flags, fd, (off_t)from);
	return memory == MAP_FAILED ? NULL : memory;
}

void *maar__map_mirrored(size_t once, size_t twice)
{
	const size_t file = once + twice, bytes = file + twice;
	const int both = PROT_READ | PROT_WRITE, over = MAP_SHARED | MAP_FIXED;
	unsigned char *memory;
	int fd, reason;

	fd = mirror_file(file);
	if (fd < 0)
		return NULL;
	/* Addresses that nobody else gets; no access, so that the system does not count them as memory. */
	memory = map_file(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory &&
	    (!map_file(memory, file, both, over, fd, 0) || !map_file(memory + file, twice, both, over, fd, once))) {
		reason = errno;
		maar__unmap(memory, bytes);
		errno = reason;
		memory = NULL;
	}
	reason = errno;
	close(fd); /* the mappings keep the memory */
	errno = reason;
	return memory;
}

/*
 * Memory for all of the file, or -errno. Signals wait: one that comes would undo it and make it begin again, and one a millisecond
 * would make that for ever. SIGXFSZ, which comes to the thread that asks for too long a file, is taken back.
 */
int maar__file_reserve(int fd, uint64_t bytes)
{
	const struct timespec at_once = { 0, 0 };
	sigset_t all, before, pending, too_long;
	int rc;

	if (maar__fault(MAAR__FAULT_FD))
		return -ENOMEM;
	sigfillset(&all);
	sigemptyset(&too_long);
	sigaddset(&too_long, SIGXFSZ);
	sigemptyset(&pending);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	(void)sigpending(&pending);
	do
		rc = posix_fallocate(fd, 0, (off_t)bytes);
	while (rc == EINTR);
	if (rc == EFBIG && !sigismember(&pending, SIGXFSZ))
		while (sigtimedwait(&too_long, NULL, &at_once) < 0 && errno == EINTR)
			;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return -rc;
}

void *maar__map_shared(int fd, size_t bytes, bool writable)
{
	void *memory = map_file(NULL, bytes, writable ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, fd, 0);

	if (!memory || madvise(memory, bytes, MADV_DONTFORK) == 0)
		return memory;
	maar__unmap(memory, bytes);
	errno = ENOMEM;
	return NULL;
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

void *maar__malloc(size_t bytes)
{
	void *block = maar__fault(MAAR__FAULT_ALLOC) ? NULL : malloc(bytes);

	if (!block)
		errno = ENOMEM;
	return block;
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

int maar__thread_start(pthread_t *thread, void *(*body)(void *), void *arg)
{
	sigset_t all, before;
	int rc;

	if (maar__fault(MAAR__FAULT_LOCK))
		return -EAGAIN;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(thread, NULL, body, arg);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return -rc;
}

int maar__at_fork(void (*before)(void), void (*in_parent)(void), void (*in_child)(void))
{
	if (maar__fault(MAAR__FAULT_LOCK))
		return -ENOMEM;
	return -pthread_atfork(before, in_parent, in_child);
}
