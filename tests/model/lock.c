/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Mutexes on the explorer: a word that is 1 while somebody has the lock.
 */
#define MAAR_BITS_OK 1
#include <maar/bits/atomic.h>

int model_mutex_lock(void *mutex)
{
	uint32_t *word = mutex;

	while (!maar_a_cas(word, 0, 1, ACQUIRE))
		model_yield();
	return 0;
}

int model_mutex_unlock(void *mutex)
{
	uint32_t *word = mutex;

	maar_a_store(word, 0, RELEASE);
	return 0;
}
