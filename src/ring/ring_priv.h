/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * What the tests and the layers above need of rings and users must not have.
 */
#ifndef MAAR_RING_PRIV_H
#define MAAR_RING_PRIV_H

#include <maar/ring.h>

#include <stdbool.h>

/* Makes an idle ring begin at any position, so that a test reaches the wrap of the counters at once. Empties it. */
void maar__ring_start_at(struct maar_ring *ring, uint64_t position);

/* Whether what never changes is what init wrote, or a copy of it. */
bool maar__ring_is_whole(const struct maar_ring *ring);

#endif
