/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Leak tracking of messages: see pool_track.h.
 */
#include "pool_track.h"

#include "pool_priv.h"

#include <errno.h>

__thread const void *maar__pool_caller __attribute__((tls_model("initial-exec")));

static int drop(struct maar__mring *m, struct maar_msg *msg, uint32_t handle, const void *caller)
{
	if (maar_unlikely(maar__mring_at(m, handle) != (void *)msg || maar_mring_handle(&m->front, msg) != handle)) {
		maar__track_broken(m, msg, caller);
		return -EINVAL;
	}
	if (maar__msg_alone(msg)) {
		/* Whose it is, the track decides, before the count says that it is free. */
		if (maar__track_claim(m, handle, caller))
			return -EALREADY;
		maar_a_store(&msg->refs, 0, RELAXED);
		return 1;
	}
	if (maar_a_load(&msg->refs, RELAXED)) {
		const int last = maar__msg_drop_one_of_several(msg);

		if (last == 0)
			return 0;
		if (last > 0) /* no holder but this one is left to put it */
			return maar__track_claim(m, handle, caller) ? -EALREADY : 1;
	}
	maar__track_double(m, handle, caller);
	return -EALREADY;
}

int maar__pool_drop_tracked(struct maar__mring *m, struct maar_msg *msg, uint32_t handle, const void *caller)
{
	const int last = drop(m, msg, handle, caller);

#ifdef MAAR_DEBUG
	if (last == -EALREADY)
		maar__mring_blame(m, handle, "maar_pool_put");
#endif
	if (last > 0)
		MAAR__MARK(m, handle, 0);
	return last;
}

int maar_pool_report(const struct maar_pool *pool, FILE *to, unsigned flags)
{
	return pool ? maar_mring_report(maar_pool_mring((struct maar_pool *)(uintptr_t)pool), to, flags) : -EINVAL;
}

int maar_pool_check(struct maar_pool *pool)
{
	return pool ? maar_mring_check(maar_pool_mring(pool)) : -EINVAL;
}
