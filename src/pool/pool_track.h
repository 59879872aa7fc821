/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Leak tracking of messages: an mring's (src/mring/track.h), which the reference count has to agree with.
 */
#ifndef MAAR_POOL_TRACK_H
#define MAAR_POOL_TRACK_H

#include <maar/pool.h>

#include "../mring/mring_priv.h"

/*
 * Drops a reference to a message of a tracked pool. 1: it was the last, the slot is the caller's to put back; 0: others
 * hold it; -EALREADY or -EINVAL, told in debug mode and with nothing changed: it is free, or its header is damaged. Of
 * two threads that put the last reference at the same instant one is refused.
 */
int maar__pool_drop_tracked(struct maar__mring *m, struct maar_msg *msg, uint32_t handle, const void *caller);

#endif
