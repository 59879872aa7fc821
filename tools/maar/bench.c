/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * maar bench: what this machine allows, and maar's rings, pools and queues beside that. The harness is that of the project's
 * own benchmarks (bench/), with nobody else's work among the contestants.
 */
#include "bench/ipc/ipc.h"
#include "bench/peers/peers.h"

#include "tool.h"

#define QUEUE(name_, title_, set_, unit_, first_, second_, capacity_, bytes_, processes_)                              \
	{                                                                                                              \
		.name = name_, .title = title_, .set = set_, .unit = unit_, .first = first_, .second = second_,        \
		.firsts = 1, .seconds = 1, .batch = 1, .capacity = capacity_, .bytes = bytes_, .touch = bytes_,        \
		.processes = processes_                                                                                \
	}
#define ALONE(name_, title_, set_, first_, capacity_, bytes_)                                                          \
	{                                                                                                              \
		.name = name_, .title = title_, .set = set_, .unit = BENCH_NS, .first = first_,                        \
		.second = BENCH_NOBODY, .firsts = 1, .batch = 1, .capacity = capacity_, .bytes = bytes_, .touch = 8    \
	}

static const struct bench_case cases[] = {
	ALONE("limit/operations", "what single instructions cost", BENCH_LIMIT_OPS, BENCH_SELF, 1, 8),
	QUEUE("limit/lines", "words, as fast as lines go from core to core", BENCH_LIMIT_LINES, BENCH_MOPS,
	      BENCH_PRODUCE, BENCH_CONSUME, 4096, 0, 0),
	QUEUE("ring/one-way", "threads, a ring of 1024 words", BENCH_SPSC, BENCH_MOPS, BENCH_PRODUCE, BENCH_CONSUME,
	      1024, 0, 0),
	QUEUE("ring/there-and-back", "threads, two rings of words", BENCH_SPSC, BENCH_NS, BENCH_PING, BENCH_PONG, 64, 0,
	      0),
	QUEUE("ring/asleep", "threads, there and back, whoever waits sleeps", BENCH_ASLEEP, BENCH_NS, BENCH_PING,
	      BENCH_PONG, 64, 0, 0),
	ALONE("pool/pair", "get and put in turn, 64 bytes", BENCH_POOL, BENCH_PAIR, BENCH_POOL_SLOTS, 64),
	QUEUE("queue/one-way", "processes, a queue of messages of 64 bytes", BENCH_IPC_STREAM, BENCH_MOPS,
	      BENCH_PRODUCE, BENCH_CONSUME, 1024, 64, 1),
	QUEUE("queue/16-KiB", "processes, a queue of messages of 16 KiB", BENCH_IPC_STREAM_LARGE, BENCH_MOPS,
	      BENCH_PRODUCE, BENCH_CONSUME, 64, 16384, 1),
	QUEUE("queue/there-and-back", "processes, two queues, 64 bytes", BENCH_IPC_BUSY, BENCH_NS, BENCH_PING,
	      BENCH_PONG, 64, 64, 1),
	QUEUE("queue/asleep", "processes, there and back, whoever waits sleeps", BENCH_IPC_ASLEEP, BENCH_NS, BENCH_PING,
	      BENCH_PONG, 64, 64, 1),
	ALONE("queue/attach", "attaching to a queue of 256 slots", BENCH_IPC_ATTACH, BENCH_SELF, 256, 1024),
	ALONE("queue/recover", "recovering a killed process, 4096 slots", BENCH_IPC_RECOVER, BENCH_SELF, 4096, 64),
};

int run_bench(const struct tool *tool, int argc, char **argv)
{
	static const struct bench_peer *const own[] = {
		&bench_peer_limits,    &bench_peer_futex,     &bench_peer_maar_ring,
		&bench_peer_maar_wait, &bench_peer_maar_pool, &bench_peer_ipc_limits,
		&bench_peer_ipc_maar,  &bench_peer_ipc_life,  NULL
	};
	static const struct bench_missing none[] = { { NULL, NULL } };
	const struct bench_program program = {
		.name = "maar bench",
		.doc = "Measures what this machine allows, and maar's rings, pools and queues beside that.",
		.cases = cases,
		.n_cases = sizeof(cases) / sizeof(*cases),
		.peers = own,
		.missing = none,
	};
	int rc;

	(void)tool;
	rc = bench_main(&program, argc, argv);
	return rc == 0 ? STATUS_OK : STATUS_WRONG;
}
