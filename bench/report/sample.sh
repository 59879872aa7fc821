# SPDX-FileCopyrightText: 2026 The maar authors
# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# For the tests of make report, to be sourced: sample DIRECTORY writes what the benchmarks write there, in seconds: few cases,
# hundreds of messages. The figures mean nothing; all that a page can hold is among them, contestants that do wrong included.

sample()
{
	bench=${builddir:-.}/bench
	[ -x "$bench/bench_ring" ] || { echo "bench/ was not built: jansson is missing (Debian: libjansson-dev)"; exit 77; }
	few="--append --rounds=2 --count=200 --limit=300 --distance=any --quiet --output=$1/bench.json"
	# shellcheck disable=SC2086 # words
	{
		"$bench/bench_ring" $few -f 'limit/ops,spsc/1p1c/1024,mpmc/1p1c/1024/unpinned,self/mpmc,lat/spsc/1p1c' \
			-k 'maar_ring spsc lap8*,maar_ring mpmc ticket lap8,rte_ring*,moodycamel*,load*' &&
			"$bench/bench_slot" $few -f slot/64/64 &&
			"$bench/bench_pool" $few -f pair/64 &&
			"$bench/bench_arena" $few -f fill/100 &&
			"$bench/bench_malloc" $few -f 'pair/64,larson/1,small/rss' -k maar,mimalloc,glibc &&
			"$bench/bench_ipc" $few -f 'stream/64,attach/256' -k 'maar_ipc*,pipe,bare lines' &&
			"$bench/bench_ladder" --rounds=2 --count=200 --limit=300 --quiet --output="$1/ladder.json" -k brk,maar,glibc,mring
	} >"$1/sample.log" 2>&1 || { cat "$1/sample.log"; echo "the benchmarks failed: see above"; exit 1; }
	# Ends with 1, as they do wrong; the one that hangs is left out, for it takes its limit.
	"$bench/bench_control" --append --rounds=2 --count=2000 --limit=300 --distance=any --quiet --output="$1/bench.json" \
		-f control/1p1c -k right,loses,dies,unopened >"$1/sample.log" 2>&1
	[ $? -eq 1 ] || { cat "$1/sample.log"; echo "control: nobody did wrong"; exit 1; }
}
