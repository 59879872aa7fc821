/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Values, their payload, and what is demanded of them.
 */
#define MAAR_BITS_OK 1
#include <maar/bits/atomic.h>

#include "world.h"

#include <string.h>

void world_clear(struct world *w)
{
	memset(w->put, 0, sizeof(w->put));
	memset(w->taken, 0, sizeof(w->taken));
	memset(w->last, 0, sizeof(w->last));
	memset(w->signals, 0, sizeof(w->signals));
}

uint64_t world_value(const struct world *w, unsigned producer, unsigned i)
{
	return w->base + (uint64_t)producer * WORLD_STRETCH + i + 1;
}

uint64_t world_number(const struct world *w, uint64_t value)
{
	model_assert(value > w->base && value - w->base < WORLD_VALUES, "a value that nobody put: %llx",
		     (unsigned long long)value);
	return value - w->base;
}

void world_putting(struct world *w, uint64_t value)
{
	model_plain_write(&w->payload[world_number(w, value)], value * 3);
	w->put[world_number(w, value)] = 1;
}

void world_took(struct world *w, unsigned consumer, uint64_t value)
{
	const uint64_t n = world_number(w, value);
	uint64_t *last = &w->last[consumer][(n - 1) / WORLD_STRETCH];

	model_took(value, w->base == WORLD_HANDLES ? UINT32_MAX : UINT64_MAX);
	model_assert(w->put[n], "value %llu came out before it went in", (unsigned long long)n);
	model_assert(!w->taken[n], "value %llu came out twice", (unsigned long long)n);
	w->taken[n] = 1;
	model_assert(*last < n, "values of one producer out of order");
	*last = n;
	model_assert(model_plain_read(&w->payload[n]) == value * 3, "payload of another time");
}

void world_all_taken(const struct world *w)
{
	for (unsigned n = 0; n < WORLD_VALUES; n++)
		model_assert(w->put[n] == w->taken[n], "value %u is lost", n);
}

void world_signal(struct world *w, unsigned which, uint64_t value)
{
	maar_a_store(&w->signals[which], value, RELEASE);
}

void world_await(struct world *w, unsigned which, uint64_t value)
{
	while (maar_a_load(&w->signals[which], ACQUIRE) < value)
		model_yield();
}
