/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Which adapters are compiled in. A peer is left out when its package is not there (m4/maar_peers.m4), and all are in
 * sanitizer builds: their own data races and their assembly are not ours to report. libatomic-queue-dev is left out for
 * good: its queue loses the order of each producer's own values when threads outnumber processors.
 */
#include "peers/peers.h"

const struct bench_peer *const bench_peers[] = {
	&bench_peer_maar_ring,
	&bench_peer_maar_batch_ring,
	&bench_peer_maar_pool,
	&bench_peer_maar_slot_ring,
	&bench_peer_maar_wait,
	&bench_peer_maar_channel,
	&bench_peer_maar_arena,
#ifdef PEER_DPDK
	&bench_peer_dpdk_ring,
	&bench_peer_dpdk_mempool,
#endif
#ifdef PEER_CK
	&bench_peer_ck,
#endif
#ifdef PEER_BOOST
	&bench_peer_boost,
#endif
#ifdef PEER_MOODYCAMEL
	&bench_peer_moodycamel,
#endif
#ifdef PEER_READERWRITER
	&bench_peer_readerwriter,
#endif
#ifdef PEER_XENIUM
	&bench_peer_xenium,
#endif
#ifdef PEER_CDS
	&bench_peer_cds,
#endif
#ifdef PEER_TBB
	&bench_peer_tbb,
#endif
#ifdef PEER_APR
	&bench_peer_apr,
#endif
#ifdef PEER_URCU
	&bench_peer_urcu,
#endif
	&bench_peer_libc,
	&bench_peer_libc_arena,
	&bench_peer_pmr,
	&bench_peer_x_ring_shape,
	&bench_peer_limits,
	&bench_peer_futex,
	NULL,
};

const struct bench_missing bench_missing_peers[] = {
#ifdef BENCH_NO_PEERS
	{ "all peers but the C library", NULL },
#else
#ifndef PEER_DPDK
	{ "DPDK rte_ring, rte_mempool", "libdpdk-dev" },
#endif
#ifndef PEER_CK
	{ "ck_ring", "libck-dev" },
#endif
#ifndef PEER_BOOST
	{ "boost.lockfree", "libboost-dev" },
#endif
#ifndef PEER_MOODYCAMEL
	{ "moodycamel::ConcurrentQueue", "libconcurrentqueue-dev" },
#endif
#ifndef PEER_READERWRITER
	{ "moodycamel::ReaderWriterQueue", "libreaderwriterqueue-dev" },
#endif
#ifndef PEER_XENIUM
	{ "xenium::vyukov_bounded_queue", "libxenium-dev" },
#endif
#ifndef PEER_CDS
	{ "libcds VyukovMPMCCycleQueue", "libcds-dev" },
#endif
#ifndef PEER_TBB
	{ "tbb::concurrent_bounded_queue", "libtbb-dev" },
#endif
#ifndef PEER_APR
	{ "APR pools", "libapr1-dev" },
#endif
#ifndef PEER_URCU
	{ "liburcu wfcqueue", "liburcu-dev" },
#endif
#endif
	{ NULL, NULL },
};
