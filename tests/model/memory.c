/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The table of words that an execution touches.
 */
#include "memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct clock model_clocks[CLOCKS];

struct word memory_words[MEMORY_WORDS];
unsigned memory_n_words;
struct memory_entry memory_table[MEMORY_ENTRIES];
uint64_t memory_generation;

void memory_reset(void)
{
	memory_generation++;
	memory_n_words = 0;
	memset(model_clocks, 0, sizeof(model_clocks));
	plain_reset();
}

void memory_full(const char *what, unsigned most)
{
	fprintf(stderr, "explorer: a scenario needs more than %u %s\n", most, what);
	abort();
}

struct word *memory_find(uintptr_t base)
{
	size_t i = memory_hash(base);
	struct memory_entry *e;
	struct word *w;

	for (;; i = (i + 1) & (MEMORY_ENTRIES - 1)) {
		e = &memory_table[i];
		if (e->generation != memory_generation)
			break;
		if (e->word->base == base)
			return e->word;
	}
	if (memory_n_words == MEMORY_WORDS)
		memory_full("words", MEMORY_WORDS);
	w = &memory_words[memory_n_words++];
	w->base = base;
	w->plain = NULL;
	w->at[0].stores = w->at[1].stores = 0;
	e->generation = memory_generation;
	e->word = w;
	return w;
}

uint64_t memory_read(const void *address, size_t bytes)
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

void memory_write(void *address, size_t bytes, uint64_t value)
{
	const uint8_t value8 = (uint8_t)value;
	const uint16_t value16 = (uint16_t)value;
	const uint32_t value32 = (uint32_t)value;

	switch (bytes) {
	case 1:
		memcpy(address, &value8, sizeof(value8));
		break;
	case 2:
		memcpy(address, &value16, sizeof(value16));
		break;
	case 4:
		memcpy(address, &value32, sizeof(value32));
		break;
	default:
		memcpy(address, &value, sizeof(value));
	}
}

/* One store, by thread 0 at time 0: before everything. A plain store in its place was found in order by plain.c. */
static void begin_history(struct location *l)
{
	struct store *s = &l->history[0];

	memset(s, 0, sizeof(*s));
	s->value = memory_read(l->address, l->bytes);
	l->stores = 1;
	l->strong = 1;
	l->overwritten = false;
	memset(l->floor, 0, sizeof(l->floor));
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
