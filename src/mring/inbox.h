/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * What any thread sends back to a lane: batches of handles, copied by value into the cells of a batch ring, so that what
 * was freed is not touched; and, when that is full, blocks linked through their first words, with one compare-and-swap for
 * a chain of any length. A sender never waits, and is never refused. The lane's thread takes batches out, and so may any
 * thread that has too little; chains are for the lane's.
 */
#ifndef MAAR_INBOX_H
#define MAAR_INBOX_H

#include "../ring/batch_ring_priv.h"

/* Batches that wait at most; 128 moved xmalloc by 15 % against 32, more did not. */
#define MAAR__INBOX_BATCHES 128
/* Handles of a batch. */
#define MAAR__INBOX_BATCH 124

struct maar__inbox {
	struct maar_batch_ring *ring;
	unsigned char *spill; /* blocks, the newest first, each with the address of the next in its first word */
} __attribute__((aligned(MAAR_APART)));

/* Bytes of zeroed memory, aligned to MAAR_APART, that the ring takes, which touches those that it fills. */
size_t maar__inbox_bytes(void);
void maar__inbox_init(struct maar__inbox *box, void *memory);

/* Any thread: n handles, at most a batch. False: it is full. */
static inline bool maar__inbox_give(struct maar__inbox *box, const uint32_t *handles, size_t n)
{
	return maar__batch_put_ticket(maar__batch_view(box->ring, true), handles, n);
}

/* Any thread: blocks from `first` on, linked, the last of them `last`, whose link this sets. */
void maar__inbox_spill(struct maar__inbox *box, void *first, void *last);

/* Any thread: a batch; returns its handles, at most MAAR__INBOX_BATCH, or 0: none, or the oldest is still being put in. */
static inline size_t maar__inbox_take(struct maar__inbox *box, uint32_t *handles)
{
	enum maar__batch_answer answer;

	return maar__batch_take(maar__batch_view(box->ring, true), handles, MAAR__INBOX_BATCH, false, &answer);
}

/* Any thread: the first handle of the oldest batch, if there is one; a hint. */
static inline bool maar__inbox_first(const struct maar__inbox *box, uint32_t *handle)
{
	return maar__batch_first(maar__batch_view(box->ring, true), handle);
}

/* All spilt blocks, or NULL. */
void *maar__inbox_take_spill(struct maar__inbox *box);

/* In the child of a fork, alone: what a sender had begun is not there. */
void maar__inbox_inherit(struct maar__inbox *box);

#endif
