/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Leak tracking for the explorer's mrings and pools: none of them has it.
 */
#include "explorer.h"

#include "src/mring/track.h"
#include "src/pool/pool_priv.h"
#include "src/pool/pool_track.h"

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
	(void)m;
	(void)flags;
	(void)slot_bytes;
	return 0;
}

void maar__track_destroy(struct maar__mring *m)
{
	(void)m;
}

void maar__track_is_pool(struct maar__mring *m, const void *pool, size_t head, size_t word)
{
	(void)m;
	(void)pool;
	(void)head;
	(void)word;
}

/* ---- what only tracked ones call ---- */

static void wrong(void)
{
	model_assert(false, "nothing is tracked here");
}

void *maar__track_got(struct maar__mring *m, void *slot, const void *caller)
{
	(void)m;
	(void)caller;
	wrong();
	return slot;
}

void maar__track_got_many(struct maar__mring *m, void *const *slots, size_t n, const void *caller)
{
	(void)m;
	(void)slots;
	(void)n;
	(void)caller;
	wrong();
}

int maar__track_put(struct maar__mring *m, uint32_t handle, const void *caller)
{
	(void)m;
	(void)handle;
	(void)caller;
	wrong();
	return 0;
}

void maar__track_retire(struct maar__mring *m, uint32_t handle)
{
	(void)m;
	(void)handle;
	wrong();
}

void maar__track_foreign(struct maar__mring *m, const void *pointer, const void *caller)
{
	(void)m;
	(void)pointer;
	(void)caller;
	wrong();
}

void maar__track_forget(struct maar__mring *m, uint32_t first, uint32_t n)
{
	(void)m;
	(void)first;
	(void)n;
	wrong();
}

void maar__report_at_destroy(const struct maar__mring *m)
{
	(void)m;
	wrong();
}

int maar__pool_drop_tracked(struct maar__mring *m, struct maar_msg *msg, uint32_t handle, const void *caller)
{
	(void)m;
	(void)msg;
	(void)handle;
	(void)caller;
	wrong();
	return 0;
}
