/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The inside of an mring between processes, and the files that share it.
 *     shared.c        get, put, pass, accept: the data's way
 *     shared_life.c   layout, init, attach, detach, statistics
 *     ../ring/owned_ring.h   how a slot comes into the ring and out of it
 */
#ifndef MAAR_SHARED_PRIV_H
#define MAAR_SHARED_PRIV_H

#include <maar/shared_mring.h>

#include "../base/base.h"
#include "../ring/owned_ring.h"
#include "mring_priv.h"

/* States of an owner word. 0 is none, so that zeroed memory is no mring. */
enum maar__shared_state {
	MAAR__SHARED_FREE = 1,	 /* in the ring at this position; or its putter was stopped before it was. Who put it */
	MAAR__SHARED_OUT = 2,	 /* this participant's. The position at which it was taken */
	MAAR__SHARED_PASSED = 3, /* nobody's. Who passed it on, and the same position */
};

/*
 * At the beginning of the memory. Written by init; every word is what follows from slots, stride, align and participants,
 * and the sum is of all of them. What the IPC queues add goes into words that are reserved, or behind the slots.
 */
struct maar__shared_header {
	uint64_t magic;
	uint32_t layout;
	uint32_t participants;
	uint64_t bytes; /* of the whole */
	uint64_t stride;
	uint32_t slots;
	uint32_t align;
	uint64_t participants_at, ring_at, owners_at, slots_at; /* from the beginning */
	uint64_t ring_bytes;
	uint64_t reserved[6];
	uint64_t sum;
	uint64_t ready __attribute__((aligned(MAAR_APART))); /* MAAR__SHARED_READY when all else is written */
} __attribute__((aligned(MAAR_APART)));

#define MAAR__SHARED_MAGIC  UINT64_C(0x676e69726d72616d) /* "marmring", little endian */
#define MAAR__SHARED_READY  UINT64_C(0x7964616572206e61)
#define MAAR__SHARED_MAKING UINT64_C(0x676e696b616d206e)
#define MAAR__SHARED_LAYOUT 1u

/* A participant's word: how often it was taken, 32 bits, and the pid, 0 while it is nobody's. */
#define MAAR__SHARED_PID UINT64_C(0xffffffff)

/* Private to the process. */
struct maar_shared_mring {
	struct maar__owned owned;
	struct maar_mring measures; /* what handle and address are computed with; not an mring */
	uint64_t *participants;
	uint32_t me; /* from 1 */
	uint32_t max_participants;
	pid_t pid; /* who attached; a child forked since has another */
};

/*
 * The fewest cells of the ring of free handles: its cells know 2^32 rounds apart, which of a few cells would pass in minutes.
 */
#ifndef MAAR__SHARED_LEAST_CELLS
#define MAAR__SHARED_LEAST_CELLS 1024
#endif

/* shared_life.c, for tests of the wraps: all free, in the order of their handles, from any position on. Alone. */
void maar__shared_start_at(struct maar_shared_mring *mring, uint64_t position);

#endif
