/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Memory that is not atomic: for each byte who wrote it last and when each thread last read it, so that an access that
 * nothing orders after a conflicting one is found whatever the interleaving. A word may be atomic at one time and plain at
 * another, as long as the times are ordered. Bytes are told apart only in words that are accessed in part.
 */
#include "fiber.h"
#include "memory.h"

#include <string.h>

#define PLAINS 512 /* words */

static struct plain plains[PLAINS];
static unsigned n_plains;

void plain_reset(void)
{
	n_plains = 0;
}

static struct plain *plain(struct word *w)
{
	if (!w->plain) {
		if (n_plains == PLAINS)
			memory_full("words of plain memory", PLAINS);
		w->plain = &plains[n_plains++];
		w->plain->split = false;
		memset(&w->plain->shadow[0], 0, sizeof(w->plain->shadow[0]));
	}
	return w->plain;
}

static void check(const struct shadow *s, const struct clock *now, bool writes, const char *what)
{
	if (s->written > now->at[s->writer])
		model_fail("race: %s is not ordered after a plain write", what);
	for (unsigned t = 0; writes && t < CLOCKS; t++)
		if (s->read[t] > now->at[t])
			model_fail("race: %s is not ordered after a plain read", what);
}

/* The atomic objects that share bytes with a plain access. */
static void meet_atomics(struct word *w, unsigned from, size_t bytes, const struct clock *now, bool writes)
{
	for (unsigned i = 0; i < 2; i++) {
		struct location *l = &w->at[i];
		const struct clock *theirs = writes ? &l->looked : &l->written;

		if (!l->stores || from + bytes <= i * 4 || from >= i * 4 + l->bytes)
			continue;
		for (unsigned t = 0; t < CLOCKS; t++)
			if (theirs->at[t] > now->at[t])
				model_fail("race: a plain %s is not ordered after an atomic %s",
					   writes ? "write" : "read", writes ? "access" : "write");
		l->overwritten |= writes;
	}
}

static void access_word(uintptr_t address, size_t bytes, unsigned thread, bool writes)
{
	struct word *w = memory_word(address);
	struct plain *p = plain(w);
	const struct clock *now = &model_clocks[thread];
	unsigned first = address & 7, n = (unsigned)bytes;

	if (bytes < 8 && !p->split) {
		for (unsigned i = 1; i < 8; i++)
			p->shadow[i] = p->shadow[0];
		p->split = true;
	} else if (!p->split) {
		first = 0;
		n = 1;
	}
	for (struct shadow *s = &p->shadow[first]; s < &p->shadow[first + n]; s++) {
		check(s, now, writes, writes ? "a plain write" : "a plain read");
		if (writes) {
			s->writer = thread;
			s->written = now->at[thread];
		} else {
			s->read[thread] = now->at[thread];
		}
	}
	meet_atomics(w, address & 7, bytes, now, writes);
}

static void access_all(uintptr_t address, size_t bytes, unsigned thread, bool writes)
{
	while (bytes) {
		const size_t to_end = 8 - (address & 7), n = bytes < to_end ? bytes : to_end;

		access_word(address, n, thread, writes);
		address += n;
		bytes -= n;
	}
}

void plain_meets_atomic(const struct word *word, unsigned from, size_t bytes, unsigned thread, bool writes)
{
	const struct plain *p = word->plain;
	const unsigned first = p->split ? from : 0, n = p->split ? (unsigned)bytes : 1;

	for (unsigned i = first; i < first + n; i++)
		check(&p->shadow[i], &model_clocks[thread], writes, "an atomic access");
}

/* Outside the threads nothing can be out of order: see alone() in explorer.c. */
static void access_by_thread(uintptr_t address, size_t bytes, bool writes)
{
	const unsigned thread = fiber_current();

	if (!thread)
		return;
	model_clocks[thread].at[thread]++; /* its own instant: a release before it does not publish it */
	access_all(address, bytes, thread, writes);
}

void model_reads(const void *from, size_t bytes)
{
	access_by_thread((uintptr_t)from, bytes, false);
}

void model_writes(void *to, size_t bytes)
{
	access_by_thread((uintptr_t)to, bytes, true);
}

void model_copy(void *to, const void *from, size_t bytes)
{
	if (!bytes)
		return;
	model_reads(from, bytes);
	model_writes(to, bytes);
	memcpy(to, from, bytes);
}

uint64_t model_plain_read(uint64_t *cell)
{
	model_reads(cell, sizeof(*cell));
	return *cell;
}

void model_plain_write(uint64_t *cell, uint64_t value)
{
	model_writes(cell, sizeof(*cell));
	*cell = value;
}
