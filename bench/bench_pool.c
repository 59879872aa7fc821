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

#define PAIR(name_, title_, role, batch_, bytes_, touch_)                                                              \
	{                                                                                                              \
		.name = name_, .title = title_, .set = BENCH_POOL, .unit = BENCH_NS, .first = role,                    \
		.second = BENCH_NOBODY, .firsts = 1, .batch = batch_, .capacity = 1024, .bytes = bytes_,               \
		.touch = touch_                                                                                        \
	}
#define EXCHANGE(name_, title_, set_, threads, bytes_, touch_)                                                         \
	{                                                                                                              \
		.name = name_, .title = title_, .set = set_, .unit = BENCH_MOPS, .first = BENCH_SEND,                  \
		.second = BENCH_RECEIVE, .firsts = threads, .seconds = threads, .batch = 1, .capacity = 1024,          \
		.bytes = bytes_, .touch = touch_                                                                       \
	}

static const struct bench_case cases[] = {
	PAIR("pair/64", "one thread, get and put, 64 bytes", BENCH_PAIR, 1, 64, WORD),
	PAIR("pair/2048", "one thread, get and put, 2048 bytes", BENCH_PAIR, 1, 2048, WORD),
	PAIR("bulk32/64", "one thread, get 32 and put 32, each object, 64 bytes", BENCH_PAIR_N, 32, 64, WORD),
	PAIR("bulk32/2048", "one thread, get 32 and put 32, each object, 2048 bytes", BENCH_PAIR_N, 32, 2048, WORD),
	PAIR("bulk32/64/bare", "one thread, get 32 and put 32 untouched, each object, 64 bytes", BENCH_PAIR_N, 32, 64,
	     0),
	PAIR("bulk32/2048/bare", "one thread, get 32 and put 32 untouched, each object, 2048 bytes", BENCH_PAIR_N, 32,
	     2048, 0),
	EXCHANGE("cross/64", "A gets, B puts, 64 bytes", BENCH_CROSS, 1, 64, WORD),
	EXCHANGE("cross/256", "A gets, B puts, 256 bytes", BENCH_CROSS, 1, 256, WORD),
	EXCHANGE("cross/2048", "A gets, B puts, 2048 bytes", BENCH_CROSS, 1, 2048, WORD),
	EXCHANGE("exchange/1p1c", "pool and queue, messages of 256 bytes, 1 producer, 1 consumer", BENCH_EXCHANGE1, 1,
		 256, 256),
	EXCHANGE("exchange/2p2c", "pool and queue, messages of 256 bytes, 2 producers, 2 consumers", BENCH_EXCHANGE, 2,
		 256, 256),
	EXCHANGE("exchange/4p4c", "pool and queue, messages of 256 bytes, 4 producers, 4 consumers", BENCH_EXCHANGE, 4,
		 256, 256),
	EXCHANGE("exchange/8p8c", "pool and queue, messages of 256 bytes, 8 producers, 8 consumers", BENCH_EXCHANGE, 8,
		 256, 256),
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
