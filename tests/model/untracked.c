/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Leak tracking on the explorer: there is none. What is asked for when an mring is made says no; the rest is called by nobody.
 */
#include "../../src/mring/track.h"
#include "../../src/pool/pool_priv.h"
#include "../../src/pool/pool_track.h"

#include <stdlib.h>

__thread const void *maar__pool_caller __attribute__((tls_model("initial-exec")));

unsigned maar__track_wanted(uint32_t asked, int *rc)
{
	(void)asked;
	*rc = 0;
	return 0;
}

size_t maar__track_slot_bytes(unsigned flags, size_t slot_bytes)
{
	(void)flags;
	return slot_bytes;
}

int maar__track_create(struct maar__mring *m, unsigned flags, size_t slot_bytes)
{
	(void)m, (void)flags, (void)slot_bytes;
	return 0;
}

void maar__track_destroy(struct maar__mring *m)
{
	(void)m;
}

void maar__track_is_pool(struct maar__mring *m, const void *pool, size_t head, size_t word)
{
	(void)m, (void)pool, (void)head, (void)word;
}

void *maar__track_got(struct maar__mring *m, void *slot, const void *caller)
{
	(void)m, (void)slot, (void)caller;
	abort();
}

void maar__track_got_many(struct maar__mring *m, void *const *slots, size_t n, const void *caller)
{
	(void)m, (void)slots, (void)n, (void)caller;
	abort();
}

int maar__track_put(struct maar__mring *m, uint32_t handle, const void *caller)
{
	(void)m, (void)handle, (void)caller;
	abort();
}

void maar__track_retire(struct maar__mring *m, uint32_t handle)
{
	(void)m, (void)handle;
	abort();
}

void maar__track_foreign(struct maar__mring *m, const void *pointer, const void *caller)
{
	(void)m, (void)pointer, (void)caller;
	abort();
}

void maar__report_at_destroy(const struct maar__mring *m)
{
	(void)m;
	abort();
}

int maar__pool_drop_tracked(struct maar__mring *m, struct maar_msg *msg, uint32_t handle, const void *caller)
{
	(void)m, (void)msg, (void)handle, (void)caller;
	abort();
}
