/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * What the tests of queues between processes share: segments, and lives that the test ends.
 */
#ifndef MAAR_TEST_UNIT_IPCS_H
#define MAAR_TEST_UNIT_IPCS_H

#include "common.h"

#include <maar/ipc.h>

#include <sys/mman.h>

/* Shared with children, zeroed. */
static inline void *ipc_memory(size_t bytes)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		abort();
	return memory;
}

/* Of one process, in which participants die when the test says so. */
struct ipc_lives {
	bool alive[64];
	bool unknown; /* nobody can tell */
	unsigned ends;
};

static inline int ipc_take_life(void *arg, uint32_t i)
{
	struct ipc_lives *l = arg;

	if (l->alive[i])
		return -EBUSY;
	l->alive[i] = true;
	return 0;
}

static inline void ipc_drop_life(void *arg, uint32_t i)
{
	((struct ipc_lives *)arg)->alive[i] = false;
}

static inline int ipc_is_alive(void *arg, uint32_t i)
{
	const struct ipc_lives *l = arg;

	return l->unknown ? -EIO : l->alive[i];
}

static inline void ipc_end_life(void *arg)
{
	((struct ipc_lives *)arg)->ends++;
}

static inline struct maar_ipc_life ipc_life(struct ipc_lives *lives)
{
	const struct maar_ipc_life life = {
		.take = ipc_take_life, .drop = ipc_drop_life, .alive = ipc_is_alive, .end = ipc_end_life, .arg = lives
	};

	return life;
}

#endif
