/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * bench_ring: maar_ring in every mode and layout, maar_batch_ring and maar_wait, beside the queues of others.
 *
 * Threads are written 4p1c: four producers, one consumer. "burst": up to 8 or 32 at once; "bulk": all of them or none.
 * "self": one thread enqueues and dequeues in turn, the cost of the calls. "rtt": two threads send one value there and
 * back over two rings, the time that a message takes. "lat": each call between two time stamps. "limit": the machine.
 * Bound to processors if there is one for each thread, but for what ends in /pinned or /unpinned; /loaded: beside one
 * busy process.
 */
#include "harness.h"

#define CASE(name_, title_, set_, unit_, first_, second_, p, c, n, entries, ...)                                       \
	{                                                                                                              \
		.name = name_, .title = title_, .set = set_, .unit = unit_, .first = first_, .second = second_,        \
		.firsts = p, .seconds = c, .batch = n, .capacity = entries, __VA_ARGS__                                \
	}
#define ONE_WAY(name, title, set, p, c, entries, ...)                                                                  \
	CASE(name, title, set, BENCH_MOPS, BENCH_PRODUCE, BENCH_CONSUME, p, c, 1, entries, __VA_ARGS__)
#define BURST(name, title, set, p, c, n, entries)                                                                      \
	CASE(name, title, set, BENCH_MOPS, BENCH_PRODUCE_N, BENCH_CONSUME_N, p, c, n, entries, .load = 0)
#define BULK(name, title, set, p, c, n, entries)                                                                       \
	CASE(name, title, set, BENCH_MOPS, BENCH_PRODUCE_ALL, BENCH_CONSUME_ALL, p, c, n, entries, .load = 0)
#define TIMED(name, title, set, p, c, entries)                                                                         \
	CASE(name, title, set, BENCH_MOPS, BENCH_PRODUCE_TIMED, BENCH_CONSUME_TIMED, p, c, 1, entries, .load = 0)
#define SELF(name, title, set)	     CASE(name, title, set, BENCH_NS, BENCH_SELF, BENCH_NOBODY, 1, 0, 1, 1024, .load = 0)
#define ROUND_TRIP(name, title, set) CASE(name, title, set, BENCH_NS, BENCH_PING, BENCH_PONG, 1, 1, 1, 1024, .load = 0)

#define AUTO	 .pin = BENCH_PIN_AUTO
#define PINNED	 .pin = BENCH_PIN_YES
#define UNPINNED .pin = BENCH_PIN_NO
#define LOADED	 .load = 1

static const struct bench_case cases[] = {
	SELF("limit/ops", "what one instruction costs", BENCH_LIMIT_OPS),
	ONE_WAY("limit/lines/1024", "words in whole lines from core to core, buffer of 1024", BENCH_LIMIT_LINES, 1, 1,
		1024, AUTO),
	ONE_WAY("limit/lines/65536", "words in whole lines from core to core, buffer of 65536", BENCH_LIMIT_LINES, 1, 1,
		65536, AUTO),

	ONE_WAY("spsc/1p1c/1024", "1 producer, 1 consumer, one by one, 1024 entries", BENCH_SPSC, 1, 1, 1024, AUTO),
	ONE_WAY("spsc/1p1c/65536", "1 producer, 1 consumer, one by one, 65536 entries", BENCH_SPSC, 1, 1, 65536, AUTO),
	ONE_WAY("spsc/1p1c/1024/unpinned", "1 producer, 1 consumer, one by one, 1024 entries", BENCH_SPSC, 1, 1, 1024,
		UNPINNED),
	ONE_WAY("spsc/1p1c/65536/unpinned", "1 producer, 1 consumer, one by one, 65536 entries", BENCH_SPSC, 1, 1,
		65536, UNPINNED),
	BURST("spsc/burst8/1024", "1 producer, 1 consumer, bursts of 8, 1024 entries", BENCH_SPSC, 1, 1, 8, 1024),
	BURST("spsc/burst8/65536", "1 producer, 1 consumer, bursts of 8, 65536 entries", BENCH_SPSC, 1, 1, 8, 65536),
	BURST("spsc/burst32/1024", "1 producer, 1 consumer, bursts of 32, 1024 entries", BENCH_SPSC, 1, 1, 32, 1024),
	BURST("spsc/burst32/65536", "1 producer, 1 consumer, bursts of 32, 65536 entries", BENCH_SPSC, 1, 1, 32, 65536),
	BULK("spsc/bulk8/1024", "1 producer, 1 consumer, 8 or none, 1024 entries", BENCH_SPSC, 1, 1, 8, 1024),
	BULK("spsc/bulk32/1024", "1 producer, 1 consumer, 32 or none, 1024 entries", BENCH_SPSC, 1, 1, 32, 1024),
	BULK("spsc/bulk32/65536", "1 producer, 1 consumer, 32 or none, 65536 entries", BENCH_SPSC, 1, 1, 32, 65536),

	ONE_WAY("mpmc/1p1c/1024", "queues for many, used by 1 and 1, 1024 entries", BENCH_MPMC, 1, 1, 1024, AUTO),
	ONE_WAY("mpmc/1p1c/65536", "queues for many, used by 1 and 1, 65536 entries", BENCH_MPMC, 1, 1, 65536, AUTO),
	ONE_WAY("mpmc/2p2c/1024", "2 producers, 2 consumers, 1024 entries", BENCH_MPMC, 2, 2, 1024, AUTO),
	ONE_WAY("mpmc/2p2c/65536", "2 producers, 2 consumers, 65536 entries", BENCH_MPMC, 2, 2, 65536, AUTO),
	ONE_WAY("mpmc/4p4c/1024", "4 producers, 4 consumers, 1024 entries", BENCH_MPMC, 4, 4, 1024, AUTO),
	ONE_WAY("mpmc/4p4c/65536", "4 producers, 4 consumers, 65536 entries", BENCH_MPMC, 4, 4, 65536, AUTO),
	ONE_WAY("mpmc/8p8c/1024", "8 producers, 8 consumers, 1024 entries", BENCH_MPMC, 8, 8, 1024, AUTO),
	ONE_WAY("mpmc/8p8c/65536", "8 producers, 8 consumers, 65536 entries", BENCH_MPMC, 8, 8, 65536, AUTO),
	ONE_WAY("mpmc/1p1c/1024/unpinned", "queues for many, used by 1 and 1, 1024 entries", BENCH_MPMC, 1, 1, 1024,
		UNPINNED),
	ONE_WAY("mpmc/2p2c/1024/pinned", "2 producers, 2 consumers, 1024 entries", BENCH_MPMC, 2, 2, 1024, PINNED),
	ONE_WAY("mpmc/4p4c/1024/pinned", "4 producers, 4 consumers, 1024 entries", BENCH_MPMC, 4, 4, 1024, PINNED),
	ONE_WAY("mpmc/8p8c/1024/pinned", "8 producers, 8 consumers, 1024 entries", BENCH_MPMC, 8, 8, 1024, PINNED),
	ONE_WAY("mpmc/4p4c/1024/loaded", "4 producers, 4 consumers, 1024 entries", BENCH_MPMC, 4, 4, 1024, LOADED),
	ONE_WAY("mpmc/8p8c/1024/loaded", "8 producers, 8 consumers, 1024 entries", BENCH_MPMC, 8, 8, 1024, LOADED),
	BURST("mpmc/burst8/1p1c", "queues for many, used by 1 and 1, bursts of 8, 1024 entries", BENCH_MPMC, 1, 1, 8,
	      1024),
	BURST("mpmc/burst8/2p2c", "2 producers, 2 consumers, bursts of 8, 1024 entries", BENCH_MPMC, 2, 2, 8, 1024),
	BURST("mpmc/burst8/4p4c", "4 producers, 4 consumers, bursts of 8, 1024 entries", BENCH_MPMC, 4, 4, 8, 1024),
	BURST("mpmc/burst8/8p8c", "8 producers, 8 consumers, bursts of 8, 1024 entries", BENCH_MPMC, 8, 8, 8, 1024),
	BURST("mpmc/burst32/1p1c", "queues for many, used by 1 and 1, bursts of 32, 1024 entries", BENCH_MPMC, 1, 1, 32,
	      1024),
	BURST("mpmc/burst32/2p2c", "2 producers, 2 consumers, bursts of 32, 1024 entries", BENCH_MPMC, 2, 2, 32, 1024),
	BURST("mpmc/burst32/4p4c", "4 producers, 4 consumers, bursts of 32, 1024 entries", BENCH_MPMC, 4, 4, 32, 1024),
	BURST("mpmc/burst32/8p8c", "8 producers, 8 consumers, bursts of 32, 1024 entries", BENCH_MPMC, 8, 8, 32, 1024),
	BURST("mpmc/burst32/4p4c/65536", "4 producers, 4 consumers, bursts of 32, 65536 entries", BENCH_MPMC, 4, 4, 32,
	      65536),
	BULK("mpmc/bulk8/1p1c", "queues for many, used by 1 and 1, 8 or none, 1024 entries", BENCH_MPMC, 1, 1, 8, 1024),
	BULK("mpmc/bulk8/4p4c", "4 producers, 4 consumers, 8 or none, 1024 entries", BENCH_MPMC, 4, 4, 8, 1024),
	BULK("mpmc/bulk32/1p1c", "queues for many, used by 1 and 1, 32 or none, 1024 entries", BENCH_MPMC, 1, 1, 32,
	     1024),
	BULK("mpmc/bulk32/4p4c", "4 producers, 4 consumers, 32 or none, 1024 entries", BENCH_MPMC, 4, 4, 32, 1024),

	ONE_WAY("mpsc/4p1c/1024", "4 producers, 1 consumer, 1024 entries", BENCH_MPSC, 4, 1, 1024, AUTO),
	ONE_WAY("mpsc/4p1c/65536", "4 producers, 1 consumer, 65536 entries", BENCH_MPSC, 4, 1, 65536, AUTO),
	ONE_WAY("mpsc/4p1c/1024/pinned", "4 producers, 1 consumer, 1024 entries", BENCH_MPSC, 4, 1, 1024, PINNED),
	ONE_WAY("spmc/1p4c/1024", "1 producer, 4 consumers, 1024 entries", BENCH_SPMC, 1, 4, 1024, AUTO),
	ONE_WAY("spmc/1p4c/65536", "1 producer, 4 consumers, 65536 entries", BENCH_SPMC, 1, 4, 65536, AUTO),
	ONE_WAY("spmc/1p4c/1024/pinned", "1 producer, 4 consumers, 1024 entries", BENCH_SPMC, 1, 4, 1024, PINNED),

	SELF("self/spsc", "one thread, enqueue and dequeue, each pair", BENCH_SPSC),
	SELF("self/mpsc", "one thread, enqueue and dequeue, each pair, queues for many producers", BENCH_MPSC),
	SELF("self/spmc", "one thread, enqueue and dequeue, each pair, queues for many consumers", BENCH_SPMC),
	SELF("self/mpmc", "one thread, enqueue and dequeue, each pair, queues for many", BENCH_MPMC),
	ROUND_TRIP("rtt/spsc", "there and back over two queues", BENCH_SPSC),
	ROUND_TRIP("rtt/mpsc", "there and back over two queues for many producers", BENCH_MPSC),
	ROUND_TRIP("rtt/spmc", "there and back over two queues for many consumers", BENCH_SPMC),
	ROUND_TRIP("rtt/mpmc", "there and back over two queues for many", BENCH_MPMC),
	ROUND_TRIP("rtt/asleep", "there and back, whoever waits sleeps", BENCH_ASLEEP),

	TIMED("lat/spsc/1p1c", "1 producer, 1 consumer, 1024 entries", BENCH_SPSC, 1, 1, 1024),
	TIMED("lat/mpmc/1p1c", "queues for many, used by 1 and 1, 1024 entries", BENCH_MPMC, 1, 1, 1024),
	TIMED("lat/mpmc/2p2c", "2 producers, 2 consumers, 1024 entries", BENCH_MPMC, 2, 2, 1024),
	TIMED("lat/mpmc/4p4c", "4 producers, 4 consumers, 1024 entries", BENCH_MPMC, 4, 4, 1024),
	TIMED("lat/mpmc/8p8c", "8 producers, 8 consumers, 1024 entries", BENCH_MPMC, 8, 8, 1024),
	TIMED("lat/mpmc/8p8c/65536", "8 producers, 8 consumers, 65536 entries", BENCH_MPMC, 8, 8, 65536),
	TIMED("lat/mpsc/4p1c", "4 producers, 1 consumer, 1024 entries", BENCH_MPSC, 4, 1, 1024),
	TIMED("lat/spmc/1p4c", "1 producer, 4 consumers, 1024 entries", BENCH_SPMC, 1, 4, 1024),
};

#define VYUKOV	  "xenium vyukov*,libcds Vyukov*"
#define RTE	  "rte_ring*"
#define LOCK_FREE "boost queue*" /* the packaged queues that are lock-free and strict FIFO */
#define FLOOR	  "two lines"

/* A round trip over two rings takes two lines one way each at least. Stall figures are meant for two processors. */
static const struct bench_target targets[] = {
	{ "spsc/1p1c/1024,spsc/1p1c/65536", "maar_ring spsc lap8*", NULL, BENCH_VALUE, BENCH_AT_LEAST_TIMES, 2.5, 0 },
	{ "spsc/burst32/*,spsc/bulk32/*", "maar_ring spsc span*", RTE, BENCH_VALUE, BENCH_AT_LEAST_TIMES, 2, 0 },
	{ "rtt/spsc", "maar_ring spsc lap*", FLOOR, BENCH_VALUE, BENCH_AT_MOST_TIMES, 1.15, 0 },
	{ "self/spsc", "maar_ring spsc* sp/sc,maar_ring spsc* assume", NULL, BENCH_VALUE, BENCH_AT_MOST, 2.5, 0 },
	{ "mpsc/4p1c/1024,spmc/1p4c/1024", "maar_ring mpsc*,maar_ring spmc*", VYUKOV, BENCH_VALUE, BENCH_AT_LEAST_TIMES,
	  1, 0 },
	{ "rtt/mpsc,rtt/spmc", "maar_ring mpsc*,maar_ring spmc*", FLOOR, BENCH_VALUE, BENCH_AT_MOST_TIMES, 1.15, 0 },
	{ "mpmc/?p?c/1024", "maar_ring mpmc ticket lap8*", VYUKOV, BENCH_VALUE, BENCH_AT_LEAST_TIMES, 1, 0 },
	{ "mpmc/?p?c/65536", "maar_ring mpmc ticket lap8*", VYUKOV, BENCH_VALUE, BENCH_AT_LEAST_TIMES, 1.2, 0 },
	{ "lat/mpmc/8p8c", "maar_ring mpmc ticket lap8*", VYUKOV, BENCH_PUT_P999, BENCH_AT_MOST_TIMES, 0.5, 0 },
	{ "mpmc/burst8/*,mpmc/bulk8/*", "maar_ring mpmc ticket*", RTE, BENCH_VALUE, BENCH_AT_LEAST_TIMES, 2, 0 },
	{ "mpmc/burst32/*,mpmc/bulk32/*", "maar_ring mpmc ticket*", RTE, BENCH_VALUE, BENCH_AT_LEAST_TIMES, 1.1, 0 },
	{ "mpmc/?p?c/*", "maar_ring mpmc lap*", LOCK_FREE, BENCH_VALUE, BENCH_AT_LEAST_TIMES, 2, 0 },
	{ "mpmc/4p4c/1024,mpmc/8p8c/1024", "maar_ring mpmc lap*", VYUKOV, BENCH_VALUE, BENCH_AT_LEAST_TIMES, 0.8, 1 },
	{ "mpmc/?p?c/1024/loaded", "maar_ring mpmc lap*", VYUKOV, BENCH_VALUE, BENCH_AT_LEAST_TIMES, 1, 0 },
	{ "lat/mpmc/8p8c", "maar_ring mpmc ticket*", NULL, BENCH_STALLED_PERCENT, BENCH_AT_MOST, 2, 1 },
	{ "lat/mpmc/8p8c", "maar_ring mpmc lap*", NULL, BENCH_STALLED_PERCENT, BENCH_AT_MOST, 3, 1 },
	{ "mpmc/burst32/*", "maar_batch_ring*", RTE, BENCH_VALUE, BENCH_AT_LEAST_TIMES, 1.2, 0 },
	{ "rtt/asleep", "maar_wait*", "raw futex", BENCH_VALUE, BENCH_AT_MOST_TIMES, 1.25, 0 },
	{ "rtt/asleep", "maar_channel*", "raw futex", BENCH_VALUE, BENCH_AT_MOST_TIMES, 1.25, 0 },
};

int main(int argc, char **argv)
{
	static const struct bench_program program = {
		.name = "bench_ring",
		.doc = "Measures maar_ring beside the queues of DPDK, Concurrency Kit, boost, moodycamel, xenium, "
		       "libcds, TBB and liburcu, and beside what the machine can do.",
		.cases = cases,
		.n_cases = sizeof(cases) / sizeof(*cases),
		.peers = bench_peers,
		.missing = bench_missing_peers,
		.targets = targets,
		.n_targets = sizeof(targets) / sizeof(*targets),
	};

	return bench_main(&program, argc, argv);
}
