/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * membarrier: a memory barrier in every running thread of the process, or of all processes that have registered for that, paid
 * for by the one that asks.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1 /* syscall */
#endif
#include "base.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

/* <linux/membarrier.h> is younger than some systems that have the rest. */
#define GLOBAL_EXPEDITED	   (1 << 1)
#define REGISTER_GLOBAL_EXPEDITED  (1 << 2)
#define PRIVATE_EXPEDITED	   (1 << 3)
#define REGISTER_PRIVATE_EXPEDITED (1 << 4)

static long call(int command)
{
#ifdef SYS_membarrier
	const int saved = errno;
	const long rc = syscall(SYS_membarrier, command, 0, 0);

	errno = saved;
	return rc;
#else
	(void)command;
	return -1;
#endif
}

bool maar__membarrier_register(void)
{
	return !getenv("MAAR_NO_MEMBARRIER") && call(REGISTER_PRIVATE_EXPEDITED) == 0;
}

bool maar__membarrier(void)
{
	return call(PRIVATE_EXPEDITED) == 0;
}

bool maar__membarrier_shared_register(void)
{
	return !getenv("MAAR_NO_MEMBARRIER") && call(REGISTER_GLOBAL_EXPEDITED) == 0;
}

bool maar__membarrier_shared_wanted(void)
{
	return !getenv("MAAR_NO_MEMBARRIER") && maar__membarrier_shared();
}

bool maar__membarrier_shared(void)
{
	return call(GLOBAL_EXPEDITED) == 0;
}
