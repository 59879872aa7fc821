#!/bin/sh
# SPDX-FileCopyrightText: 2026 The maar authors
# SPDX-License-Identifier: MIT
#
# gdb's printers of rings, mrings and pools, and who holds which slot: on a program that stands still, and on its core, from which
# the same is to be read, and the same as the library says itself. gdb finds the file with the printers as it does when
# that is installed.
# shellcheck source=tests/trace/common.sh
. "${srcdir:-.}/tests/trace/common.sh"
need gdb gdb
unset MAAR_OPTIONS DEBUGINFOD_URLS

program still libmaar.la || { echo "still.c does not build"; exit 1; }
library=$(readlink -f "$builddir/.libs/libmaar.so.0") ||
	{ echo "SKIP: the shared library is not built (configure --enable-shared)"; exit 77; }
mkdir -p "$tmp/auto-load$(dirname "$library")"
cp "$srcdir/tools/gdb/maar-gdb.py" "$tmp/auto-load$library-gdb.py"

cat >"$tmp/print" <<'END'
set print elements 0
echo ---- begin\n
print *mpmc
print *spsc
print *handles
print *ticket
print *span
print *elements
print *ticket_elements
print *free_elements
print *bytes
print *channel
print *pool
print *mring
print *tracked
maar-holders tracked
echo ---- end\n
END

# debug WHERE COMMAND...: gdb, whose output of print is in $tmp/WHERE.
debug()
{
	where=$1
	shift
	timeout 600 gdb -nx -batch -iex 'set auto-load safe-path /' -iex "set auto-load scripts-directory $tmp/auto-load" "$@" \
		>"$tmp/all" 2>&1 </dev/null || fail "$where: gdb fails: $(cat "$tmp/all")"
	sed '1,/^---- begin/d; /^---- end/,$d' "$tmp/all" >"$tmp/$where"
	[ -s "$tmp/$where" ] || fail "$where: gdb prints nothing: $(cat "$tmp/all")"
}

debug live -ex 'break stands_still' -ex "run $tmp/report" -x "$tmp/print" -ex "gcore $tmp/core" -ex kill "$tmp/still"
[ -s "$tmp/core" ] || fail "there is no core: $(cat "$tmp/all")"
debug core -x "$tmp/print" "$tmp/still" "$tmp/core"
diff "$tmp/live" "$tmp/core" || fail "the core shows something else"

says() { grep -qF -e "$1" "$tmp/live" || fail "gdb does not say '$1'"; }
says '= ring: many producers, many consumers, lock-free, words; capacity 8, 3 in it, next to take 10, to fill 13 = {'
says '= ring: one producer, one consumer, wait-free producer, words; capacity 8, 3 in it, next to take 10, to fill 13 = {'
says '= ring: many producers, one consumer, lock-free, handles; capacity 8, 3 in it, next to take 10, to fill 13 = {'
says '= ring: many producers, many consumers, ticket, words; capacity 8, 3 in it, next to take 10, to fill 13 = {'
says '= ring: one producer, one consumer, wait-free producer, words in a span; capacity 8, 3 in it, next to take 10, to fill 13 = {'
[ "$(grep -cF '{[10] = 0x10a, [11] = 0x10b, [12] = 0x10c}' "$tmp/live")" -eq 5 ] ||
	fail "gdb shows other values than those that are in the rings"

says '= slot ring: one producer, one consumer, cells in order; capacity 8 of 4 bytes, 3 in it, next to take 10, to fill 13 = {'
says '= slot ring: many producers, many consumers, ticket; capacity 8 of 4 bytes, 3 in it, next to take 10, to fill 13 = {'
[ "$(grep -cF '{[10] = 61 62 63 0a, [11] = 61 62 63 0b, [12] = 61 62 63 0c}' "$tmp/live")" -eq 2 ] || fail "gdb shows other elements"
says '= slot ring: many producers, many consumers, lock-free; capacity 8 of 4 bytes, 3 in it = {'
grep -q '{\[slot [0-9]*\] = 61 62 63 0a, \[slot [0-9]*\] = 61 62 63 0b, \[slot [0-9]*\] = 61 62 63 0c}' "$tmp/live" ||
	fail "gdb shows other elements of a lock-free ring"
says '= byte ring: capacity 4096, 5 in it, next to read 0, to fill 5 = {[0] = 68 65 6c 6c 6f}'
says '= channel: blocks when full; lost 0 unsent, 0 unreceived; waited 0 times for room, 0 for messages; 0 receivers asleep = {'
says '{[level 0] = 3 messages in it, room for 4; 0 senders asleep}'

# What the library counts, of the pool of 1000 messages and of the mring: "out shared in-lanes never-used".
awk '/^  in use / { gsub(/[^0-9 ]/, ""); out = $1; shared = $3; lanes = $4 }
	/^  never used / { gsub(/,/, ""); print out, shared - $3, lanes, $3 }' "$tmp/report" >"$tmp/theirs"
sed -n 's/.*: 10[0-9]* slots of .*; \([0-9]*\) out, free: \([0-9]*\) shared, \([0-9]*\) in lanes, \([0-9]*\) never used.*/\1 \2 \3 \4/p' \
	"$tmp/live" >"$tmp/ours"
[ "$(wc -l <"$tmp/ours")" -eq 2 ] || fail "gdb does not count"
diff "$tmp/theirs" "$tmp/ours" || fail "gdb counts otherwise than the library: $(cat "$tmp/report")"

# Who holds the three messages, by thread and place.
says '3 slots out'
thread=$(sed -n 's/.*(thread \([0-9]*\))$/\1/p' "$tmp/report" | head -n 1)
[ "$(grep -c "thread $thread, .* from holder_of_two (still.c:" "$tmp/live")" -eq 2 ] || fail "gdb does not say who holds two"
[ "$(grep -c "thread $thread, .* from holder_of_one (still.c:" "$tmp/live")" -eq 1 ] || fail "gdb does not say who holds one"
[ "$failures" -eq 0 ] || cat "$tmp/live" "$tmp/report"
finish
