/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * What the tests need of queues and users must not have.
 */
#ifndef MAAR_QUEUE_PRIV_H
#define MAAR_QUEUE_PRIV_H

#include <maar/queue.h>

/* init with `most` cells in a chunk, or as many as the slots have room for if that is fewer. No least number. */
int maar__queue_init_cells(struct maar_queue *queue, struct maar_mring *mring, size_t limit, unsigned flags,
			   size_t most);

/* Makes a queue that nobody has used begin at a place of a chunk, so that a test reaches the wrap at once. */
void maar__queue_start_at(struct maar_queue *queue, uint64_t chunk_number, uint64_t place);

#endif
