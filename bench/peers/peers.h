/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The adapters, one file each, and what several of them share: messages from malloc, and the ring that carries objects
 * from A to B when pools are compared.
 */
#ifndef BENCH_PEERS_H
#define BENCH_PEERS_H

#include <stdio.h>
#include <stdlib.h>

#include "bench/loop.h"

MAAR_BEGIN_DECLS
extern const struct bench_peer bench_peer_maar_ring;
extern const struct bench_peer bench_peer_maar_batch_ring;
extern const struct bench_peer bench_peer_maar_pool;
extern const struct bench_peer bench_peer_maar_slot_ring;
extern const struct bench_peer bench_peer_maar_wait;
extern const struct bench_peer bench_peer_maar_arena;
extern const struct bench_peer bench_peer_apr;
extern const struct bench_peer bench_peer_pmr;
extern const struct bench_peer bench_peer_libc_arena;
extern const struct bench_peer bench_peer_maar_channel;
extern const struct bench_peer bench_peer_dpdk_ring;
extern const struct bench_peer bench_peer_dpdk_mempool;
extern const struct bench_peer bench_peer_ck;
extern const struct bench_peer bench_peer_boost;
extern const struct bench_peer bench_peer_moodycamel;
extern const struct bench_peer bench_peer_readerwriter;
extern const struct bench_peer bench_peer_xenium;
extern const struct bench_peer bench_peer_cds;
extern const struct bench_peer bench_peer_tbb;
extern const struct bench_peer bench_peer_urcu;
extern const struct bench_peer bench_peer_libc;
extern const struct bench_peer bench_peer_x_ring_shape;
extern const struct bench_peer bench_peer_limits;
extern const struct bench_peer bench_peer_futex;
MAAR_END_DECLS

/* ---- messages from malloc ---------------------------------------------------------------------------------------- */

BENCH_INLINE void *bench_malloc(void *handle, size_t bytes)
{
	void *object = malloc(bytes);

	(void)handle;
	__asm__ __volatile__("" : "+r"(object)); /* or the compiler takes malloc and free away together */
	return object;
}

BENCH_INLINE int bench_free(void *handle, void *object)
{
	(void)handle;
	free(object);
	return 0;
}

/* Where the object is its bytes. */
BENCH_INLINE void *bench_bytes(void *object)
{
	return object;
}

/* ---- the carrier ------------------------------------------------------------------------------------------------- */

/* Begins the subject of every pool adapter, so that all send their objects through the same calls. */
struct bench_carrier {
	struct maar_ring *ring;
};

/* False, with a word on stderr, if there is no memory. */
BENCH_INLINE int bench_carrier_open(struct bench_carrier *carrier, const struct bench_case *c, unsigned flags)
{
	carrier->ring = maar_ring_create(c->capacity, flags);
	if (!carrier->ring)
		perror("maar_ring_create");
	return carrier->ring != NULL;
}

BENCH_INLINE size_t bench_carrier_put(void *handle, uint64_t value)
{
	return maar_ring_enqueue_sp(((struct bench_carrier *)handle)->ring, value);
}

BENCH_INLINE size_t bench_carrier_take(void *handle, uint64_t *value)
{
	return maar_ring_dequeue_sc(((struct bench_carrier *)handle)->ring, value);
}

#endif
