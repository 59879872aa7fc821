/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Slots as AddressSanitizer and valgrind see them: memory of their own, allocated by get and freed by put. Neither need be
 * there when the library is built: AddressSanitizer's functions are found when the program brings them, and valgrind is asked
 * by instructions that mean nothing elsewhere (present if its header was there at the build).
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1 /* flockfile */
#endif
#include "track.h"

#include <inttypes.h>

#if defined(__has_include)
#if __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>
#define WITH_VALGRIND 1
#endif
#endif

#define WEAK __attribute__((weak))
WEAK void __asan_poison_memory_region(const volatile void *from, size_t bytes);
WEAK void __asan_unpoison_memory_region(const volatile void *from, size_t bytes);
WEAK void __asan_set_error_report_callback(void (*fn)(const char *text));
WEAK void *__asan_get_report_address(void);

/* ---- what AddressSanitizer's report leaves out: who had the slot ---- */

static void explain(struct maar__mring *m, void *address)
{
	const uintptr_t at = (uintptr_t)address, from = (uintptr_t)m->front.slab;
	const struct maar__track *t = m->track;
	const struct maar__track_record *r;
	struct maar__track_event got, put;
	uint32_t slot;

	if (!t || !t->records || at < from || at - from >= m->front.slots * m->front.stride)
		return;
	slot = (uint32_t)((at - from) / m->front.stride);
	r = &t->records[slot];
	got = maar__track_event(&r->got);
	put = maar__track_event(&r->put);
	flockfile(stderr);
	fprintf(stderr, "maar: %p is byte %" PRIdPTR " of slot %" PRIu32 " of %s %p, which is %s\n", address,
		(intptr_t)((at - from) % m->front.stride) - (intptr_t)t->head, slot, m->pool ? "pool" : "mring",
		m->pool ? m->pool : (const void *)m,
		maar_a_load(&r->state, RELAXED) & 1 ? "out: beyond its end" : "free: used after put");
	if (got.caller)
		maar__print_event(stderr, t, "taken", &got);
	if (put.caller)
		maar__print_event(stderr, t, "put", &put);
	fflush(stderr);
	funlockfile(stderr);
}

static void on_error(const char *text)
{
	(void)text;
	maar__registry_each_if_free(explain, __asan_get_report_address());
}

/* ---- slots ---- */

#ifdef WITH_VALGRIND
/* The redzone that a pool of valgrind's has also before each block is a message's header. */
static void show_head(const struct maar__track *t, void *slot)
{
	if (t->head)
		VALGRIND_MAKE_MEM_DEFINED(slot, t->head);
}
#endif

void maar__tools_hide_slots(struct maar__track *t, uint32_t first, uint32_t n)
{
	const size_t stride = (size_t)t->m->front.stride;
	uint32_t i;

	for (i = first; i < first + n; i++)
		maar__tools_hide(t->tools, (unsigned char *)maar__mring_at(t->m, i) + t->head, stride - t->head);
}

void maar__tools_begin(struct maar__track *t)
{
	if (!t->tools)
		return;
	if ((t->tools & MAAR__TOOL_ASAN) && __asan_set_error_report_callback && __asan_get_report_address)
		__asan_set_error_report_callback(on_error);
#ifdef WITH_VALGRIND
	if (t->tools & MAAR__TOOL_VALGRIND)
		VALGRIND_CREATE_MEMPOOL(t, MAAR_TRACK_REDZONE, 0);
#endif
	maar__tools_hide_slots(t, 0, t->m->front.slots);
}

void maar__tools_end(struct maar__track *t)
{
	const size_t bytes = (size_t)(t->m->front.slots * t->m->front.stride);

	if (t->tools & MAAR__TOOL_ASAN)
		__asan_unpoison_memory_region(t->m->front.slab, bytes);
#ifdef WITH_VALGRIND
	if (t->tools & MAAR__TOOL_VALGRIND) {
		VALGRIND_DESTROY_MEMPOOL(t);
		VALGRIND_MAKE_MEM_DEFINED(t->m->front.slab, bytes);
	}
#endif
}

void maar__tools_got(struct maar__track *t, void *slot)
{
	unsigned char *from = (unsigned char *)slot + t->head;

	if (t->tools & MAAR__TOOL_ASAN)
		__asan_unpoison_memory_region(from, t->used - t->head);
#ifdef WITH_VALGRIND
	if ((t->tools & MAAR__TOOL_VALGRIND) && t->used > t->head) {
		VALGRIND_MEMPOOL_ALLOC(t, from, t->used - t->head);
		show_head(t, slot);
	}
#endif
}

void maar__tools_put(struct maar__track *t, void *slot)
{
	unsigned char *from = (unsigned char *)slot + t->head;

	if (t->tools & MAAR__TOOL_ASAN)
		__asan_poison_memory_region(from, t->used - t->head);
#ifdef WITH_VALGRIND
	if ((t->tools & MAAR__TOOL_VALGRIND) && t->used > t->head) {
		VALGRIND_MEMPOOL_FREE(t, from);
		show_head(t, slot);
	}
#endif
}
