#!/bin/sh
# SPDX-FileCopyrightText: 2026 The maar authors
# SPDX-License-Identifier: MIT
#
# Every contestant that was found runs in every case it takes part in, for a count of messages that is over at once, and
# comes out right. bench/test_bench looks at the rest: results as JSON, statistics, and contestants that do wrong.
set -u
dir=${builddir:-.}/bench
if ! test -x "$dir/bench_ring"; then
	echo "bench/ was not built: jansson is missing (Debian package libjansson-dev)"
	exit 77
fi
for program in bench_ring bench_slot bench_pool bench_arena; do
	# one round, as there are a thousand rows (test_bench sees them take turns); a limit for a machine that stalls;
	# queues that collapse when threads outnumber processors still have to end; no second round where the machine
	# changed in the first
	"$dir/$program" --rounds=1 --distance=any --count=400 --limit=300 --quiet || exit 1
done
# Control: a malloc that gives blocks out that overlap is found out.
if test -e "$dir/../.libs/libmaar-malloc.so"; then
	tmp=$(mktemp -d)
	trap 'rm -rf "$tmp"' EXIT
	cat >"$tmp/overlaps.c" <<'END'
#include <stddef.h>
static char memory[1 << 26];
static size_t at;
void *malloc(size_t bytes) { void *block = memory + at; at = (at + bytes / 2 + 15) / 16 * 16 % ((1 << 26) - (1 << 20)); return block; }
void free(void *block) { (void)block; }
END
	# shellcheck disable=SC2086 # words
	${CC:-cc} ${CFLAGS-} -fno-builtin -shared -fPIC "$tmp/overlaps.c" -o "$tmp/overlaps.so" || exit 1
	LD_PRELOAD=$tmp/overlaps.so "$dir/malloc_shapes" churn count=1000 bytes=1024 | grep -q '"wrong"' || {
		echo "the shapes are blind: blocks overlap, and none of them minds"
		exit 1
	}
fi
# Each of these rows is a program of its own, so these are ours and the C library's; a rung of the ladder each.
shapes='pair/64,batch/64,remote/64,xmalloc/2,larson/2,mstress/2,replace/2,churn/2,eight/1,start/*,small/*,loss/*'
# A sanitizer's malloc keeps what was freed, and there is no library of ours to preload then.
test ! -e "$dir/../.libs/libmaar-malloc.so" || shapes="$shapes,idle/*"
"$dir/bench_malloc" --rounds=1 --distance=any --count=400 --limit=300 --quiet -k maar,glibc -f "$shapes" || exit 1
"$dir/bench_ladder" --rounds=1 --count=400 --limit=300 --quiet -k brk,maar,glibc,pool,mring
