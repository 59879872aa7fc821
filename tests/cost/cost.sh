#!/bin/sh
# SPDX-FileCopyrightText: 2026 The maar authors
# SPDX-License-Identifier: MIT
#
# Instructions of the fast operations, counted by callgrind: each within a bound, and as comments say. A count does not depend on
# what else the machine does. The bounds are what gcc 12 makes of them on x86-64, which stands beside, and a fifth for other
# compilers; for other processors twice as much.
# shellcheck source=tests/meta/common.sh
. "${srcdir:-.}/tests/meta/common.sh"
need valgrind valgrind
need callgrind_annotate valgrind
if ! grep -q '^CFLAGS = .*-O[23]' "$builddir/Makefile"; then
	echo "SKIP: the library is built without -O2, and pool and allocator are in it"
	exit 77
fi

cat >"$tmp/bounds" <<'END'
arena_alloc 13 11
malloc_free 62 52
mring_get_put 55 46
pool_get_put 160 133
ring_dequeue_mpmc 25 21
ring_dequeue_spsc 23 19
ring_dequeue_spsc_handle 24 20
ring_dequeue_ticket 24 20
ring_enqueue_mpmc 48 40
ring_enqueue_spsc 25 21
ring_enqueue_spsc_handle 25 21
ring_enqueue_ticket 35 29
END
times=1
[ "$(uname -m)" = x86_64 ] || times=2

# With the flags that packages are built with.
# shellcheck disable=SC2086 # words
"$builddir/libtool" --silent --tag=CC --mode=link $CC -g -O2 -pthread -I"$srcdir/include" -I"$builddir/include" \
	"$srcdir/tests/cost/cost.c" "$builddir/libmaar.la" -no-install -o "$tmp/cost"
timeout 600 valgrind -q --tool=callgrind --toggle-collect='cost_*' --callgrind-out-file="$tmp/out" "$tmp/cost" >"$tmp/log" 2>&1 || {
	cat "$tmp/log"
	exit 1
}

# "operation instructions" of each, less what the loop takes.
callgrind_annotate --inclusive=yes --threshold=100 --show-percs=no "$tmp/out" |
	sed -n 's/^ *\([0-9,]*\) .*cost\.c:cost_\([a-z_]*\).*/\2 \1/p' | tr -d , | sort -u >"$tmp/all"
awk 'NR == FNR { if ($1 == "nothing") loop = $2; next }
	$1 != "nothing" { print $1, ($2 - loop) / 1000 }' "$tmp/all" "$tmp/all" | sort >"$tmp/counts"
cat "$tmp/counts"

# check BOUNDS: every operation is there, takes something, and no more than it may.
check()
{
	join -a 1 -a 2 -e '?' -o 0,1.2,2.2 "$1" "$tmp/counts" | awk -v times="$times" '
		$2 == "?" || $3 == "?" || $3 < 3 || $3 > $2 * times { print "  " $1 ": " $3 " instructions, at most " $2 * times; bad = 1 }
		END { exit bad }'
}
check "$tmp/bounds" || fail "fast operations have become slower, or are not counted"
sed 's/^\(malloc_free\) [0-9]*/\1 20/' "$tmp/bounds" >"$tmp/planted"
must_fail malloc_free check "$tmp/planted"
sed 1d "$tmp/bounds" >"$tmp/planted"
must_fail arena_alloc check "$tmp/planted"

# says OPERATION FILE PATTERN: what the file says, the number in the pattern, is what it takes, or two more or less.
says()
{
	said=$(sed -n "s/.*$3.*/\\1/p" "$2")
	[ -n "$said" ] || { echo "$2 says nothing of $1"; return 1; }
	awk -v operation="$1" -v said="$said" '$1 == operation && $2 - said <= 2 && said - $2 <= 2 { right = 1 }
		END { exit !right }' "$tmp/counts" || { echo "$2 says $said instructions of $1"; return 1; }
}
if [ "$times" -eq 1 ]; then
	says arena_alloc "$srcdir/include/maar/arena.h" 'are inline, some \([0-9]*\) instructions' || fail "a comment is wrong"
	sed 's/are inline, some [0-9]* /are inline, some 1 /' "$srcdir/include/maar/arena.h" >"$tmp/planted"
	must_fail 'says 1 instructions' says arena_alloc "$tmp/planted" 'are inline, some \([0-9]*\) instructions'
fi
finish
