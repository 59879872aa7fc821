/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * bench_slot: messages of some bytes from one thread to another, each written, passed and read in full, by rings that
 * hold the messages themselves, and by a pool whose slots go through a ring of words.
 */
#include "harness.h"

#define SLOTS(name_, title_, bytes_, slots)                                                                            \
	{                                                                                                              \
		.name = name_, .title = title_, .set = BENCH_SLOTS, .unit = BENCH_MOPS, .first = BENCH_SEND,           \
		.second = BENCH_RECEIVE, .firsts = 1, .seconds = 1, .batch = 1, .capacity = slots, .bytes = bytes_,    \
		.touch = bytes_                                                                                        \
	}

static const struct bench_case cases[] = {
	SLOTS("slot/64/64", "messages of 64 bytes, 64 slots", 64, 64),
	SLOTS("slot/64/1024", "messages of 64 bytes, 1024 slots", 64, 1024),
	SLOTS("slot/128/64", "messages of 128 bytes, 64 slots", 128, 64),
	SLOTS("slot/128/1024", "messages of 128 bytes, 1024 slots", 128, 1024),
	SLOTS("slot/512/64", "messages of 512 bytes, 64 slots", 512, 64),
	SLOTS("slot/512/1024", "messages of 512 bytes, 1024 slots", 512, 1024),
};

/* Against the copies of the usual shape, which has to write and read each message twice. */
static const struct bench_target targets[] = {
	{ "slot/64/*,slot/512/64", "maar_slot_ring spsc", "x_ring shape*", BENCH_VALUE, BENCH_AT_LEAST_TIMES, 2, 0 },
	{ "slot/512/1024", "maar_slot_ring spsc", "x_ring shape*", BENCH_VALUE, BENCH_AT_LEAST_TIMES, 1.5, 0 },
};

int main(int argc, char **argv)
{
	static const struct bench_program program = {
		.name = "bench_slot",
		.doc = "Measures rings that carry whole messages from one thread to another.",
		.cases = cases,
		.n_cases = sizeof(cases) / sizeof(*cases),
		.peers = bench_peers,
		.missing = bench_missing_peers,
		.targets = targets,
		.n_targets = sizeof(targets) / sizeof(*targets),
	};

	return bench_main(&program, argc, argv);
}
