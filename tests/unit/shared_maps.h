/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Memory for a shared mring: an anonymous file, mapped more than once.
 */
#ifndef MAAR_TEST_UNIT_SHARED_MAPS_H
#define MAAR_TEST_UNIT_SHARED_MAPS_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* memfd_create */
#endif

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <maar/shared_mring.h>

/* A file of zeros, to be closed. Aborts if there is none: the tests' system has memfds. */
static inline int shared_file(size_t bytes)
{
	const int fd = memfd_create("maar-test", 0);

	if (fd < 0 || ftruncate(fd, (off_t)bytes))
		abort();
	return fd;
}

/* All of it, at an address where nothing else is mapped. */
static inline void *shared_map(int fd, size_t bytes)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (memory == MAP_FAILED)
		abort();
	return memory;
}

#endif
