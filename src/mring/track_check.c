/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * What debug mode watches: the poison in free slots, the redzones behind all; and how misuse is told.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1 /* flockfile */
#endif
#include "track.h"

#include "../base/sleep.h"
#include "../base/unwind.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

/* ---- how it is told ---- */

static void begin(struct maar__track *t, const char *what)
{
	const struct maar__mring *m = t->m;

	maar_a_add(&t->faults, 1, RELAXED);
	flockfile(stderr);
	fprintf(stderr, "maar: misuse: %s %p: %s\n", m->pool ? "pool" : "mring", m->pool ? m->pool : (const void *)m,
		what);
}

static void end(const struct maar__track *t)
{
	fflush(stderr);
	funlockfile(stderr);
	if (t->flags & MAAR_TRACK_STOP)
		abort();
}

/* What is known of a slot: who took it, who put it. */
static void history(const struct maar__track *t, uint32_t handle)
{
	const struct maar__track_record *r = &t->records[handle];
	const struct maar__track_event got = maar__track_event(&r->got), put = maar__track_event(&r->put);

	if (!t->records || !got.caller) {
		fputs("  nobody ever took it\n", stderr);
		return;
	}
	maar__print_event(stderr, t, "taken", &got);
	if (put.caller)
		maar__print_event(stderr, t, "put", &put);
}

static void this_call(const char *what, const void *caller)
{
	fprintf(stderr, "  %s by thread %" PRIu32 " at ", what, maar__thread_id());
	maar__print_place(stderr, (uintptr_t)caller);
	fputc('\n', stderr);
}

void maar__track_double(struct maar__mring *m, uint32_t handle, const void *caller)
{
	struct maar__track *t = m->track;
	char text[64];

	if (!(t->flags & MAAR_TRACK_DEBUG))
		return;
	snprintf(text, sizeof(text), "slot %" PRIu32 " is put while it is free", handle);
	begin(t, text);
	this_call("put again", caller);
	history(t, handle);
	end(t);
}

void maar__track_foreign(struct maar__mring *m, const void *pointer, const void *caller)
{
	struct maar__track *t = m->track;
	const uintptr_t offset = (uintptr_t)pointer - (uintptr_t)m->front.slab;
	const uint64_t number = offset / m->front.stride;
	char text[128];

	if (!(t->flags & MAAR_TRACK_DEBUG))
		return;
	if (number < m->front.slots)
		snprintf(text, sizeof(text), "%p is put: no slot, but byte %" PRIuPTR " of slot %" PRIu64, pointer,
			 (uintptr_t)(offset % m->front.stride), number);
	else
		snprintf(text, sizeof(text), "%p is put: no slot of it", pointer);
	begin(t, text);
	this_call("put", caller);
	if (number < m->front.slots)
		history(t, (uint32_t)number);
	end(t);
}

void maar__track_broken(struct maar__mring *m, const void *slot, const void *caller)
{
	struct maar__track *t = m->track;
	const uint32_t handle = maar_mring_handle(&m->front, slot);
	char text[128];

	if (!(t->flags & MAAR_TRACK_DEBUG))
		return;
	snprintf(text, sizeof(text), "the header of the message at %p is overwritten", slot);
	begin(t, text);
	this_call("put", caller);
	if (handle != MAAR_NO_HANDLE)
		history(t, handle);
	end(t);
}

/* ---- poison and redzones ---- */

/* The first of n bytes that is not `byte`; n if there is none. */
static size_t other_than(const unsigned char *bytes, size_t n, unsigned char byte)
{
	size_t i;

	if (n == 0 || (bytes[0] == byte && !memcmp(bytes, bytes + 1, n - 1)))
		return n;
	for (i = 0; bytes[i] == byte; i++)
		;
	return i;
}

static unsigned char *slot_at(const struct maar__track *t, uint32_t handle)
{
	return maar__mring_at(t->m, handle);
}

static size_t redzone_bytes(const struct maar__track *t)
{
	return (size_t)t->m->front.stride - t->used;
}

/* Tells of a redzone that is not whole, and mends it. */
static bool redzone_is_whole(struct maar__track *t, uint32_t handle, const char *when)
{
	unsigned char *redzone = slot_at(t, handle) + t->used;
	const size_t n = redzone_bytes(t), at = other_than(redzone, n, MAAR__REDZONE);
	char text[160];

	if (maar_likely(at == n))
		return true;
	snprintf(text, sizeof(text), "overflow of slot %" PRIu32 ": byte %zu, %zu behind its end, is %#x", handle,
		 (size_t)t->used + at - t->head, at + 1, redzone[at]);
	memset(redzone, MAAR__REDZONE, n);
	begin(t, text);
	fprintf(stderr, "  found %s\n", when);
	history(t, handle);
	end(t);
	return false;
}

static bool poison_is_whole(struct maar__track *t, uint32_t handle, const void *caller)
{
	unsigned char *bytes = slot_at(t, handle) + t->head;
	const size_t n = t->used - t->head, at = other_than(bytes, n, MAAR__POISON);
	char text[160];

	if (maar_likely(at == n))
		return true;
	snprintf(text, sizeof(text), "write after put to slot %" PRIu32 ": byte %zu is %#x instead of %#x", handle, at,
		 bytes[at], MAAR__POISON);
	memset(bytes, MAAR__POISON, n);
	begin(t, text);
	if (caller)
		this_call("found at the get", caller);
	history(t, handle);
	end(t);
	return false;
}

void maar__check_put(struct maar__track *t, uint32_t handle)
{
	(void)redzone_is_whole(t, handle, "at the put");
	memset(slot_at(t, handle) + t->head, MAAR__POISON, t->used - t->head);
}

void maar__check_got(struct maar__track *t, uint32_t handle, const void *caller)
{
	(void)poison_is_whole(t, handle, caller);
	(void)redzone_is_whole(t, handle, "at the get");
}

void maar__check_first(struct maar__track *t, uint32_t handle)
{
	memset(slot_at(t, handle) + t->used, MAAR__REDZONE, redzone_bytes(t));
}

int maar_mring_check(struct maar_mring *mring)
{
	struct maar__track *t;
	uint32_t i;
	int damaged = 0;

	if (!mring || mring->magic != MAAR__MRING_MAGIC)
		return -EINVAL;
	t = maar__mring_of(mring)->track;
	if (!t || !t->poisoned)
		return -ENOTSUP;
	for (i = 0; i < mring->slots; i++) {
		const uint64_t state = maar_a_load(maar__track_word(t, i), RELAXED);
		bool whole = true;

		if (state && !(state & 1))
			whole = poison_is_whole(t, i, NULL);
		if (state && !redzone_is_whole(t, i, "by a check"))
			whole = false;
		damaged += !whole;
	}
	return damaged;
}
