/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Debug builds: who has which slot, so that a double put is always caught and both putters are named.
 */
#include "mring_priv.h"

#ifdef MAAR_DEBUG

#include <inttypes.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

__thread const void *maar__debug_caller;

void maar__mring_blame(struct maar__mring *m, uint32_t handle, const char *call)
{
	const struct maar__slot_owner *owner = &m->owners[handle];
	const uint32_t thread = maar_a_load(&owner->thread, RELAXED);
	const bool out = maar_a_load(&owner->out, RELAXED);
	char text[256];

	if (!thread)
		snprintf(text, sizeof(text), "slot %" PRIu32 " is free: nobody ever got it", handle);
	else
		snprintf(text, sizeof(text),
			 "slot %" PRIu32 " is %s already: %s by thread %" PRIu32
			 " from %p, and %s again by thread %" PRIu32 " from %p",
			 handle, out ? "out" : "free", out ? "got" : "put", thread,
			 maar_a_load(&owner->caller, RELAXED), out ? "handed out" : "put",
			 (uint32_t)syscall(SYS_gettid), maar__debug_caller);
	maar__debug_fail(call, text);
}

void maar__mring_mark(struct maar__mring *m, uint32_t handle, uint32_t out)
{
	struct maar__slot_owner *owner = &m->owners[handle];

	/* Relaxed: the slot's way through lanes and batches orders its holders; the mark only counts them. */
	if (!maar_a_cas(&owner->out, !out, out, RELAXED))
		maar__mring_blame(m, handle, out ? "maar_mring_get" : "maar_mring_put");
	maar_a_store(&owner->thread, (uint32_t)syscall(SYS_gettid), RELAXED);
	maar_a_store(&owner->caller, maar__debug_caller, RELAXED);
}
#else

typedef int maar__debug_has_nothing_here; /* ISO C forbids an empty file */

#endif
