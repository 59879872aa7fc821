/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Three stages, each a thread: numbers are made, squared, and summed up. The messages pass from stage to stage without
 * being copied. The channels are short and the last stage is slow, so the stages before it wait: back-pressure. The end
 * goes the same way: who has no more to send closes, and who finds its channel closed and empty goes on to close the next.
 */
#include <maar.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#define NUMBERS 20000

static struct maar_pool *pool;
static struct maar_channel *made, *squared;

static void *make(void *unused)
{
	struct maar_msg *m;
	uint64_t i;

	for (i = 1; i <= NUMBERS; i++) {
		if (maar_channel_reserve(made, &m) != 1)
			abort();
		*(uint64_t *)maar_msg_data(m) = i;
		if (maar_channel_commit(made, m, sizeof(i)) != 1)
			abort();
	}
	maar_channel_close(made);
	return unused;
}

static void *square(void *unused)
{
	struct maar_msg *m;

	while (maar_channel_recv(made, &m, MAAR_FOREVER) == 1) {
		uint64_t *number = maar_msg_data(m);

		*number *= *number;
		if (maar_channel_send(squared, m) != 1)
			abort();
	}
	maar_channel_close(squared);
	return unused;
}

int main(void)
{
	struct maar_channel_options options = { .flags = MAAR_CHANNEL_SPSC };
	struct maar_channel_stats stats[2];
	struct maar_msg *m;
	pthread_t maker, squarer;
	uint64_t sum = 0, seen = 0;

	options.pool = pool = maar_pool_create(64, sizeof(uint64_t), NULL);
	made = maar_channel_create(8, 0, &options);
	squared = maar_channel_create(8, 0, &options);
	if (!made || !squared || pthread_create(&maker, NULL, make, NULL) ||
	    pthread_create(&squarer, NULL, square, NULL))
		return 1;
	while (maar_channel_recv(squared, &m, MAAR_FOREVER) == 1) {
		if (seen++ % 64 == 0)
			sched_yield(); /* slow */
		sum += *(uint64_t *)maar_msg_data(m);
		maar_channel_release(squared, m);
	}
	pthread_join(maker, NULL);
	pthread_join(squarer, NULL);
	maar_channel_stats(made, &stats[0]);
	maar_channel_stats(squared, &stats[1]);
	printf("sum of %llu squares: %llu\n", (unsigned long long)seen, (unsigned long long)sum);
	fprintf(stderr, "stages waited for room: %llu and %llu times\n", (unsigned long long)stats[0].blocked,
		(unsigned long long)stats[1].blocked);
	return maar_channel_destroy(made) || maar_channel_destroy(squared) || maar_pool_destroy(pool);
}
