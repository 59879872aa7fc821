/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * bench_pool: maar_mring and maar_pool beside rte_mempool and malloc.
 *
 * "pair": one thread gets and puts. "cross": thread A gets, thread B puts, the objects go through the same ring
 * whatever the pool. "exchange": the main job, messages got, filled, passed through a queue, read and put back.
 */
#include "harness.h"

/* Bytes written and read of an object when the pool is what is measured: its first word. */
#define WORD 8

#define PAIR(name, title, role, batch, bytes)                                                                          \
	{                                                                                                              \
		name, title, BENCH_POOL, BENCH_NS, role, BENCH_NOBODY, 1, 0, batch, 1024, bytes, WORD                  \
	}
#define CROSS(name, title, bytes)                                                                                      \
	{                                                                                                              \
		name, title, BENCH_CROSS, BENCH_MOPS, BENCH_SEND, BENCH_RECEIVE, 1, 1, 1, 1024, bytes, WORD            \
	}
#define EXCHANGE(name, title, set, threads, bytes)                                                                     \
	{                                                                                                              \
		name, title, set, BENCH_MOPS, BENCH_SEND, BENCH_RECEIVE, threads, threads, 1, 1024, bytes, bytes       \
	}

static const struct bench_case cases[] = {
	PAIR("pair/64", "one thread, get and put, 64 bytes", BENCH_PAIR, 1, 64),
	PAIR("pair/2048", "one thread, get and put, 2048 bytes", BENCH_PAIR, 1, 2048),
	PAIR("bulk32/64", "one thread, get 32 and put 32, each object, 64 bytes", BENCH_PAIR_N, 32, 64),
	PAIR("bulk32/2048", "one thread, get 32 and put 32, each object, 2048 bytes", BENCH_PAIR_N, 32, 2048),
	CROSS("cross/64", "A gets, B puts, 64 bytes", 64),
	CROSS("cross/256", "A gets, B puts, 256 bytes", 256),
	CROSS("cross/2048", "A gets, B puts, 2048 bytes", 2048),
	EXCHANGE("exchange/1p1c", "pool and queue, messages of 256 bytes, 1 producer, 1 consumer", BENCH_EXCHANGE1, 1,
		 256),
	EXCHANGE("exchange/2p2c", "pool and queue, messages of 256 bytes, 2 producers, 2 consumers", BENCH_EXCHANGE, 2,
		 256),
	EXCHANGE("exchange/4p4c", "pool and queue, messages of 256 bytes, 4 producers, 4 consumers", BENCH_EXCHANGE, 4,
		 256),
};

int main(int argc, char **argv)
{
	static const struct bench_program program = {
		.name = "bench_pool",
		.doc = "Measures maar_mring and maar_pool, alone and with maar_ring, beside rte_mempool and malloc.",
		.cases = cases,
		.n_cases = sizeof(cases) / sizeof(*cases),
		.peers = bench_peers,
		.missing = bench_missing_peers,
	};

	return bench_main(&program, argc, argv);
}
