/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * bench_arena: maar_arena beside std::pmr::monotonic_buffer_resource, APR's pools, and malloc with free. Objects of mixed
 * sizes are taken, then ended all at once; nanoseconds for each object, its share of the end included.
 */
#include "harness.h"

#define FILL(name_, title_, objects)                                                                                   \
	{                                                                                                              \
		.name = name_, .title = title_, .set = BENCH_ARENA, .unit = BENCH_NS, .first = BENCH_FILL,             \
		.second = BENCH_NOBODY, .firsts = 1, .batch = 1, .capacity = objects                                   \
	}

static const struct bench_case cases[] = {
	FILL("fill/100", "100 objects of 8 to 2048 bytes, then all ended", 100),
	FILL("fill/2000", "2,000 objects of 8 to 2048 bytes, then all ended", 2000),
	FILL("fill/20000", "20,000 objects of 8 to 2048 bytes, then all ended", 20000),
};

static const struct bench_target targets[] = {
	{ "fill/100,fill/20000", "maar_arena", NULL, BENCH_VALUE, BENCH_AT_MOST_TIMES, 1.0, 0 },
};

int main(int argc, char **argv)
{
	static const struct bench_program program = {
		.name = "bench_arena",
		.doc = "Measures maar_arena beside std::pmr::monotonic_buffer_resource, APR pools and malloc.",
		.cases = cases,
		.n_cases = sizeof(cases) / sizeof(*cases),
		.peers = bench_peers,
		.missing = bench_missing_peers,
		.targets = targets,
		.n_targets = sizeof(targets) / sizeof(*targets),
	};

	return bench_main(&program, argc, argv);
}
