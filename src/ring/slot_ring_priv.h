/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * What the tests need of slot rings and users must not have.
 */
#ifndef MAAR_SLOT_RING_PRIV_H
#define MAAR_SLOT_RING_PRIV_H

#include <maar/slot_ring.h>

/* Makes an idle ring begin at any position, so that a test reaches the wrap of the counters at once. Empties it. */
void maar__slot_ring_start_at(struct maar_slot_ring *ring, uint64_t position);

#endif
