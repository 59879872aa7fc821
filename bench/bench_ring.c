/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * bench_ring: maar_ring in every mode beside the queues of others.
 *
 * Threads are written 4p1c: four producers, one consumer. "self": one thread enqueues and dequeues in turn, the cost of
 * the calls. "rtt": two threads send one value there and back over two rings, the time that a message takes.
 */
#include "harness.h"

#define ONE_WAY(name, title, set, p, c, capacity)                                                                      \
	{                                                                                                              \
		name, title, set, BENCH_MOPS, BENCH_PRODUCE, BENCH_CONSUME, p, c, 1, capacity, 0, 0                    \
	}
#define BULK(name, title, set, p, c, batch, capacity)                                                                  \
	{                                                                                                              \
		name, title, set, BENCH_MOPS, BENCH_PRODUCE_N, BENCH_CONSUME_N, p, c, batch, capacity, 0, 0            \
	}
#define SELF(name, title, set)                                                                                         \
	{                                                                                                              \
		name, title, set, BENCH_NS, BENCH_SELF, BENCH_NOBODY, 1, 0, 1, 1024, 0, 0                              \
	}
#define ROUND_TRIP(name, title, set)                                                                                   \
	{                                                                                                              \
		name, title, set, BENCH_NS, BENCH_PING, BENCH_PONG, 1, 1, 1, 1024, 0, 0                                \
	}

static const struct bench_case cases[] = {
	ONE_WAY("spsc/1p1c/1024", "1 producer, 1 consumer, one by one, 1024 entries", BENCH_SPSC, 1, 1, 1024),
	ONE_WAY("spsc/1p1c/65536", "1 producer, 1 consumer, one by one, 65536 entries", BENCH_SPSC, 1, 1, 65536),
	BULK("spsc/bulk8/1024", "1 producer, 1 consumer, bursts of 8, 1024 entries", BENCH_SPSC, 1, 1, 8, 1024),
	BULK("spsc/bulk8/65536", "1 producer, 1 consumer, bursts of 8, 65536 entries", BENCH_SPSC, 1, 1, 8, 65536),
	BULK("spsc/bulk32/1024", "1 producer, 1 consumer, bursts of 32, 1024 entries", BENCH_SPSC, 1, 1, 32, 1024),
	BULK("spsc/bulk32/65536", "1 producer, 1 consumer, bursts of 32, 65536 entries", BENCH_SPSC, 1, 1, 32, 65536),
	ONE_WAY("mpmc/1p1c/1024", "queues for many, used by 1 and 1, 1024 entries", BENCH_MPMC, 1, 1, 1024),
	ONE_WAY("mpmc/1p1c/65536", "queues for many, used by 1 and 1, 65536 entries", BENCH_MPMC, 1, 1, 65536),
	ONE_WAY("mpmc/2p2c/1024", "2 producers, 2 consumers, 1024 entries", BENCH_MPMC, 2, 2, 1024),
	ONE_WAY("mpmc/2p2c/65536", "2 producers, 2 consumers, 65536 entries", BENCH_MPMC, 2, 2, 65536),
	ONE_WAY("mpmc/4p4c/1024", "4 producers, 4 consumers, 1024 entries", BENCH_MPMC, 4, 4, 1024),
	ONE_WAY("mpmc/4p4c/65536", "4 producers, 4 consumers, 65536 entries", BENCH_MPMC, 4, 4, 65536),
	ONE_WAY("mpmc/8p8c/1024", "8 producers, 8 consumers, 1024 entries", BENCH_MPMC, 8, 8, 1024),
	ONE_WAY("mpmc/8p8c/65536", "8 producers, 8 consumers, 65536 entries", BENCH_MPMC, 8, 8, 65536),
	BULK("mpmc/bulk32/1p1c", "queues for many, used by 1 and 1, bursts of 32, 1024 entries", BENCH_MPMC, 1, 1, 32,
	     1024),
	BULK("mpmc/bulk32/4p4c", "4 producers, 4 consumers, bursts of 32, 1024 entries", BENCH_MPMC, 4, 4, 32, 1024),
	ONE_WAY("mpsc/4p1c/1024", "4 producers, 1 consumer, 1024 entries", BENCH_MPSC, 4, 1, 1024),
	ONE_WAY("mpsc/4p1c/65536", "4 producers, 1 consumer, 65536 entries", BENCH_MPSC, 4, 1, 65536),
	ONE_WAY("spmc/1p4c/1024", "1 producer, 4 consumers, 1024 entries", BENCH_SPMC, 1, 4, 1024),
	ONE_WAY("spmc/1p4c/65536", "1 producer, 4 consumers, 65536 entries", BENCH_SPMC, 1, 4, 65536),
	SELF("self/spsc", "one thread, enqueue and dequeue, each pair", BENCH_SPSC),
	SELF("self/mpmc", "one thread, enqueue and dequeue, each pair, queues for many", BENCH_MPMC),
	ROUND_TRIP("rtt/spsc", "there and back over two queues", BENCH_SPSC),
	ROUND_TRIP("rtt/mpmc", "there and back over two queues for many", BENCH_MPMC),
};

int main(int argc, char **argv)
{
	static const struct bench_program program = {
		.name = "bench_ring",
		.doc = "Measures maar_ring beside the queues of DPDK, Concurrency Kit, boost and moodycamel.",
		.cases = cases,
		.n_cases = sizeof(cases) / sizeof(*cases),
		.peers = bench_peers,
		.missing = bench_missing_peers,
	};

	return bench_main(&program, argc, argv);
}
