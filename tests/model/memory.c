/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The table of words that an execution touches.
 */
#include "memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS 1024 /* power of two; a scenario touches a few dozen */

struct clock model_clocks[CLOCKS];

static struct word words[WORDS];
static uint16_t used[WORDS];
static unsigned n_used;
static uint64_t generation;

void memory_reset(void)
{
	generation++;
	n_used = 0;
	memset(model_clocks, 0, sizeof(model_clocks));
	plain_reset();
}

void memory_full(const char *what, unsigned most)
{
	fprintf(stderr, "explorer: a scenario needs more than %u %s\n", most, what);
	abort();
}

unsigned memory_words(void)
{
	return n_used;
}

struct word *memory_nth_word(unsigned i)
{
	return &words[used[i]];
}

struct word *memory_word(uintptr_t address)
{
	const uintptr_t base = address & ~(uintptr_t)7;
	size_t i = (base >> 3) * UINT64_C(0x9e3779b97f4a7c15) >> 40 & (WORDS - 1);
	struct word *w;

	for (;; i = (i + 1) & (WORDS - 1)) {
		w = &words[i];
		if (w->generation != generation)
			break;
		if (w->base == base)
			return w;
	}
	if (n_used == WORDS / 2)
		memory_full("words", WORDS / 2);
	used[n_used++] = (uint16_t)i;
	w->base = base;
	w->generation = generation;
	w->plain = NULL;
	w->at[0].stores = w->at[1].stores = 0;
	return w;
}

static uint64_t raw_read(const void *address, size_t bytes)
{
	uint8_t value8;
	uint16_t value16;
	uint32_t value32;
	uint64_t value64;

	switch (bytes) {
	case 1:
		memcpy(&value8, address, sizeof(value8));
		return value8;
	case 2:
		memcpy(&value16, address, sizeof(value16));
		return value16;
	case 4:
		memcpy(&value32, address, sizeof(value32));
		return value32;
	default:
		memcpy(&value64, address, sizeof(value64));
		return value64;
	}
}

/* One store, by thread 0 at time 0: before everything. A plain store in its place was found in order by plain.c. */
static void begin_history(struct location *l)
{
	struct store *s = &l->history[0];

	memset(s, 0, sizeof(*s));
	s->value = raw_read(l->address, l->bytes);
	l->stores = 1;
	l->strong = 1;
	l->overwritten = false;
}

struct location *memory_location(const void *address, size_t bytes, unsigned thread, bool writes)
{
	struct word *w = memory_word((uintptr_t)address);
	struct location *l = &w->at[(uintptr_t)address >> 2 & 1];

	if (!l->stores) {
		l->address = address;
		l->bytes = (uint32_t)bytes;
		memset(&l->looked, 0, sizeof(l->looked));
		memset(&l->written, 0, sizeof(l->written));
		memset(&l->wakers, 0, sizeof(l->wakers));
		begin_history(l);
	} else if (l->bytes != bytes || l->address != address) {
		model_fail("atomic objects overlap, or two share 4 bytes");
	}
	if (w->plain) {
		plain_meets_atomic(w, (uintptr_t)address & 7, bytes, thread, writes);
		if (l->overwritten)
			begin_history(l);
	}
	l->looked.at[thread] = model_clocks[thread].at[thread];
	if (writes)
		l->written.at[thread] = model_clocks[thread].at[thread];
	return l;
}
