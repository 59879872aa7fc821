/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * bench_ipc: messages between two processes, and between four, by maar_ipc and by what Debian packages for that, beside
 * what the machine allows. Then what attaching and the death of a process cost.
 */
#include <stdio.h>

#include "ipc/ipc.h"

#define STREAM(name_, title_, set_, bytes_, capacity_)                                                                 \
	{                                                                                                              \
		.name = name_, .title = title_, .set = set_, .unit = BENCH_MOPS, .first = BENCH_PRODUCE,               \
		.second = BENCH_CONSUME, .firsts = 1, .seconds = 1, .batch = 1, .capacity = capacity_,                 \
		.bytes = bytes_, .touch = bytes_, .processes = 1                                                       \
	}
#define TRIP(name_, title_, set_, bytes_)                                                                              \
	{                                                                                                              \
		.name = name_, .title = title_, .set = set_, .unit = BENCH_NS, .first = BENCH_PING,                    \
		.second = BENCH_PONG, .firsts = 1, .seconds = 1, .batch = 1, .capacity = 64, .bytes = bytes_,          \
		.touch = bytes_, .processes = 1                                                                        \
	}
#define ALONE(name_, title_, set_, bytes_, capacity_)                                                                  \
	{                                                                                                              \
		.name = name_, .title = title_, .set = set_, .unit = BENCH_NS, .first = BENCH_SELF,                    \
		.second = BENCH_NOBODY, .firsts = 1, .batch = 1, .capacity = capacity_, .bytes = bytes_,               \
		.touch = bytes_                                                                                        \
	}

static const struct bench_case cases[] = {
	TRIP("rtt/busy/64", "there and back, nobody sleeps, 64 bytes", BENCH_IPC_BUSY, 64),
	TRIP("rtt/busy/1024", "the same, 1024 bytes", BENCH_IPC_BUSY, 1024),
	TRIP("rtt/busy/16384", "the same, 16384 bytes", BENCH_IPC_BUSY_LARGE, 16384),
	TRIP("rtt/asleep/64", "there and back, whoever waits sleeps, 64 bytes", BENCH_IPC_ASLEEP, 64),
	TRIP("rtt/asleep/1024", "the same, 1024 bytes", BENCH_IPC_ASLEEP, 1024),
	TRIP("rtt/asleep/16384", "the same, 16384 bytes", BENCH_IPC_ASLEEP_LARGE, 16384),
	STREAM("stream/64", "one process sends, one receives, 64 bytes", BENCH_IPC_STREAM, 64, 1024),
	STREAM("stream/1024", "the same, 1024 bytes", BENCH_IPC_STREAM, 1024, 512),
	STREAM("stream/16384", "the same, 16384 bytes", BENCH_IPC_STREAM_LARGE, 16384, 64),
	{ .name = "many/64",
	  .title = "two processes send, two receive, 64 bytes",
	  .set = BENCH_IPC_MANY,
	  .unit = BENCH_MOPS,
	  .first = BENCH_PRODUCE,
	  .second = BENCH_CONSUME,
	  .firsts = 2,
	  .seconds = 2,
	  .batch = 1,
	  .capacity = 1024,
	  .bytes = 64,
	  .touch = 64,
	  .processes = 1 },
	ALONE("attach/256", "attaching to a queue of 256 slots of 1024 bytes", BENCH_IPC_ATTACH, 1024, 256),
	ALONE("recover/4096", "recovering a killed process, 4096 slots", BENCH_IPC_RECOVER, 64, 4096),
	ALONE("death/256", "from a kill until what the dead had is there again", BENCH_IPC_DEATH, 1024, 256),
};

#define TIMES(cases_, ours_, aim_, bound_, against_)                                                                   \
	{                                                                                                              \
		.cases = cases_, .ours = ours_, .against = against_, .figure = BENCH_VALUE, .aim = aim_,               \
		.bound = bound_                                                                                        \
	}
#define AT_MOST(cases_, ours_, figure_, bound_)                                                                        \
	{                                                                                                              \
		.cases = cases_, .ours = ours_, .figure = figure_, .aim = BENCH_AT_MOST, .bound = bound_               \
	}

static const struct bench_target targets[] = {
	TIMES("stream/64", "maar_ipc??pair", BENCH_AT_LEAST_TIMES, 3, "boost*"),
	TIMES("stream/64", "maar_ipc??pair", BENCH_AT_LEAST_TIMES, 25, "iceoryx*"),
	TIMES("stream/64,many/64", "maar_ipc??polled", BENCH_AT_LEAST_TIMES, 2, "rte_ring mp/mc"),
	TIMES("many/64", "maar_ipc??polled", BENCH_AT_LEAST_TIMES, 1, "boost*"),
	TIMES("rtt/busy/64", "maar_ipc??pair,maar_ipc??pair??polled", BENCH_AT_MOST_TIMES, 2, "cache line*"),
	TIMES("rtt/asleep/64", "maar_ipc??asleep", BENCH_AT_MOST_TIMES, 1.25, "raw futex"),
	TIMES("rtt/asleep/*", "maar_ipc??asleep", BENCH_AT_MOST_TIMES, 1, "boost*"),
	AT_MOST("stream/64", "maar_ipc,maar_ipc??pair,maar_ipc??copied,maar_ipc??pair??copied", BENCH_CALLS, 100),
	AT_MOST("attach/*", "*", BENCH_VALUE, 200e3),
	AT_MOST("recover/*", "*", BENCH_VALUE, 100e3),
	AT_MOST("death/*", "*pidfd", BENCH_VALUE, 5e6),
	AT_MOST("death/*", "*asleep*", BENCH_VALUE, 105e6),
};

static const struct bench_peer *const peers[] = {
	&bench_peer_ipc_maar,
	&bench_peer_ipc_life,
	&bench_peer_ipc_limits,
#ifndef BENCH_NO_PEERS
#ifdef PEER_BOOST_IPC
	&bench_peer_ipc_boost,
#endif
#ifdef PEER_DPDK
	&bench_peer_ipc_rte,
#endif
	&bench_peer_ipc_stream,
	&bench_peer_ipc_mq,
#ifdef PEER_ZMQ
	&bench_peer_ipc_zmq,
#endif
#ifdef PEER_NNG
	&bench_peer_ipc_nng,
#endif
#ifdef PEER_ICEORYX
	&bench_peer_ipc_iceoryx,
#endif
#endif
	NULL,
};

static const struct bench_missing missing[] = {
#ifdef BENCH_NO_PEERS
	{ "all peers", NULL },
#else
#ifndef PEER_BOOST_IPC
	{ "boost.interprocess", "libboost-dev" },
#endif
#ifndef PEER_DPDK
	{ "DPDK rte_ring", "libdpdk-dev" },
#endif
#ifndef PEER_ZMQ
	{ "ZeroMQ", "libzmq3-dev" },
#endif
#ifndef PEER_NNG
	{ "nng", "libnng-dev" },
#endif
#ifndef PEER_ICEORYX
	{ "iceoryx", "libiceoryx-binding-c-dev, iceoryx" },
#endif
#endif
	{ NULL, NULL },
};

int main(int argc, char **argv)
{
	const struct bench_program program = {
		.name = "bench_ipc",
		.doc = "Measures maar_ipc beside what other projects and the system carry between processes.",
		.cases = cases,
		.n_cases = sizeof(cases) / sizeof(*cases),
		.peers = peers,
		.missing = missing,
		.targets = targets,
		.n_targets = sizeof(targets) / sizeof(*targets),
	};

#ifndef BENCH_NO_PEERS
	(void)bench_ipc_mq_limits();
#endif
	return bench_main(&program, argc, argv);
}
