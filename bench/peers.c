/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Which adapters are compiled in. A peer is left out when its package is not there (m4/maar_peers.m4), and all are in
 * sanitizer builds: their own data races and their assembly are not ours to report.
 */
#include "peers/peers.h"

const struct bench_peer *const bench_peers[] = {
	&bench_peer_maar_ring,	&bench_peer_maar_pool,
#ifdef PEER_DPDK
	&bench_peer_dpdk_ring,	&bench_peer_dpdk_mempool,
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
	&bench_peer_libc,	NULL,
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
#endif
	{ NULL, NULL },
};
