/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Slots as AddressSanitizer and valgrind see them: memory of their own, allocated by get and freed by put.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1 /* flockfile */
#endif
#include "track.h"

#include <inttypes.h>

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

static void explain_all(void *address)
{
	maar__registry_each_if_free(explain, address);
}

/* ---- slots ---- */

/* The redzone that a pool of valgrind's has also before each block is a message's header, which AddressSanitizer never lost. */
static void show_head(const struct maar__track *t, void *slot)
{
	if (t->head && (t->tools & MAAR__TOOL_VALGRIND))
		maar__tools_reveal(MAAR__TOOL_VALGRIND, slot, t->head);
}

void maar__tools_hide_slots(struct maar__track *t, uint32_t first, uint32_t n)
{
	const size_t stride = (size_t)t->m->front.stride;
	uint32_t i;

	for (i = first; i < first + n; i++)
		maar__tools_hide(t->tools, (unsigned char *)maar__mring_at(t->m, i) + t->head, stride - t->head);
}

MAAR_STATIC_ASSERT(MAAR_TRACK_REDZONE <= MAAR__TOOLS_BEFORE, "all that valgrind hides before the first slot");

/* With a header before each block the redzone is that. */
static bool hides_before(const struct maar__track *t, const void *slot)
{
	return t->head == 0 && slot == t->m->front.slab;
}

void maar__tools_begin(struct maar__track *t)
{
	if (!t->tools)
		return;
	maar__tools_on_error(t->tools, explain_all);
	maar__tools_pool(t->tools, t, MAAR_TRACK_REDZONE);
	maar__tools_hide_slots(t, 0, t->m->front.slots);
}

void maar__tools_end(struct maar__track *t)
{
	struct maar__tools_before before;

	if (hides_before(t, t->m->front.slab))
		maar__tools_keep(t->tools, t->m->front.slab, &before);
	maar__tools_pool_end(t->tools, t);
	if (hides_before(t, t->m->front.slab))
		maar__tools_restore(t->tools, t->m->front.slab, &before);
	maar__tools_reveal(t->tools, t->m->front.slab, (size_t)(t->m->front.slots * t->m->front.stride));
}

void maar__tools_got(struct maar__track *t, void *slot)
{
	struct maar__tools_before before;

	if (hides_before(t, slot))
		maar__tools_keep(t->tools, slot, &before);
	maar__tools_pool_got(t->tools, t, (unsigned char *)slot + t->head, t->used - t->head);
	if (hides_before(t, slot))
		maar__tools_restore(t->tools, slot, &before);
	show_head(t, slot);
}

void maar__tools_put(struct maar__track *t, void *slot)
{
	struct maar__tools_before before;

	if (hides_before(t, slot))
		maar__tools_keep(t->tools, slot, &before);
	maar__tools_pool_put(t->tools, t, (unsigned char *)slot + t->head, t->used - t->head);
	if (hides_before(t, slot))
		maar__tools_restore(t->tools, slot, &before);
	show_head(t, slot);
}
