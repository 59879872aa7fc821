#!/bin/sh
# SPDX-FileCopyrightText: 2026 The maar authors
# SPDX-License-Identifier: MIT
#
# Every contestant that was found runs in a case of each kind it takes part in, for a count of messages that is over at once,
# and comes out right; with MAAR_PROOF=1 (make check-proof) in every case. bench/test_bench looks at the rest: results as JSON, statistics, and contestants that do wrong.
set -u
dir=${builddir:-.}/bench
if ! test -x "$dir/bench_ring"; then
	echo "bench/ was not built: jansson is missing (Debian package libjansson-dev)"
	exit 77
fi
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# contestants PROGRAM CASES: who takes part in these.
contestants()
{
	"$dir/$1" --list -f "$2" | sed -n '/^ /p' | sort -u
}

for program in bench_ring bench_slot bench_pool bench_arena bench_ipc; do
	# what differs in capacity, pinning or the number of threads alone is of one kind
	case ${MAAR_PROOF:+all} in
	all) cases='*' ;;
	*)
		case $program in
		bench_ring)
			cases='limit/*,spsc/1p1c/1024,spsc/burst32/1024,spsc/bulk8/1024,mpmc/2p2c/1024,mpmc/burst8/2p2c'
			cases="$cases,mpmc/bulk32/1p1c,mpsc/4p1c/1024,spmc/1p4c/1024,self/*,rtt/*,lat/spsc/1p1c,lat/mpmc/2p2c"
			;;
		bench_ipc) cases='rtt/busy/64,rtt/asleep/64,stream/64,many/64,attach/*,recover/*,death/*' ;;
		bench_pool) cases='pair/64,bulk32/64,bulk32/64/bare,cross/256,exchange/1p1c,exchange/2p2c' ;;
		*) cases='*' ;;
		esac
		contestants $program '*' >"$tmp/all"
		contestants $program "$cases" >"$tmp/some"
		if ! test -s "$tmp/all" || ! cmp -s "$tmp/all" "$tmp/some"; then
			echo "$program: in none of $cases: $(comm -23 "$tmp/all" "$tmp/some")"
			exit 1
		fi
		;;
	esac
	# one round, as there are hundreds of rows (test_bench sees them take turns); a limit for a machine that stalls;
	# queues that collapse when threads outnumber processors still have to end; no second round where the machine
	# changed in the first
	"$dir/$program" -f "$cases" --rounds=1 --distance=any --count=400 --limit=300 --quiet || exit 1
done
# Control: a malloc that gives blocks out that overlap is found out.
if test -e "$dir/../.libs/libmaar-malloc.so"; then
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
"$dir/bench_ladder" --rounds=1 --count=400 --limit=300 --quiet -k brk,maar,glibc,pool,mring,arena
