/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * What the tests need of broadcast rings and users must not have.
 */
#ifndef MAAR_BROADCAST_PRIV_H
#define MAAR_BROADCAST_PRIV_H

#include <maar/broadcast.h>

/* Makes an idle ring without readers begin at any position, so that a test reaches the wrap of the counters at once. */
void maar__broadcast_start_at(struct maar_broadcast *ring, uint64_t position);

#endif
