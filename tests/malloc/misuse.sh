#!/bin/sh
# SPDX-FileCopyrightText: 2026 The maar authors
# SPDX-License-Identifier: MIT
#
# libmaar-malloc-debug.so finds each of the wrong programs of tests/malloc/misuse, and says who allocated the block and what
# was done with it; it accuses none of the right ones, nor real programs, whose output stays the same.
# shellcheck source=tests/meta/common.sh
. "${srcdir:-.}/tests/meta/common.sh"

ours=$builddir/.libs/libmaar-malloc-debug.so misuse=$builddir/tests/malloc/misuse
[ -e "$ours" ] || { echo "SKIP: libmaar-malloc-debug.so is not built (configure --enable-shared)"; exit 77; }
unset MAAR_OPTIONS

# run OPTIONS COMMAND...: what it says on stderr into $said, its status into $rc
run()
{
	options=$1
	shift
	rc=0
	# The shell's own word on a signal is not of interest.
	{ said=$(exec timeout -k 10 300 env LD_PRELOAD="$ours" MAAR_OPTIONS="$options" "$@" 2>&1 >"$tmp/out" </dev/null) || rc=$?; } 2>/dev/null
}

# The same names as libmaar-malloc.so's, and the C library is all it needs.
nm -D --defined-only "$ours" | awk '{ print $3 }' | sort >"$tmp/names"
nm -D --defined-only "$builddir/.libs/libmaar-malloc.so" | awk '{ print $3 }' | sort | diff - "$tmp/names" || fail "other names"
readelf -d "$ours" | grep NEEDED | grep -v 'libc\.so\|ld-linux' && fail "it needs more than the C library"

wrong=0 right=0
"$misuse" >"$tmp/wrong"
while IFS='|' read -r name options expected; do
	run "$options" "$misuse" "$name"
	# shellcheck disable=SC2254 # a pattern
	case $said in
	"maar: "*$expected*) ;;
	*) fail "$name: not found, or not told as '$expected': $rc, $said" ;;
	esac
	[ "$rc" -ne 0 ] || fail "$name: found, and ended with 0"
	wrong=$((wrong + 1))
done <"$tmp/wrong"
[ "$wrong" -ge 30 ] || fail "$wrong wrong programs are less than 30"

"$misuse" proper >"$tmp/right"
while IFS='|' read -r name options; do
	run "$options" "$misuse" "$name"
	case $rc,$options,$said in
	"0,leaks=all"*",maar: leaks: at exit of process "*" nothing points to 0 bytes in 0 blocks;"*) ;;
	"0,"*",") ;;
	*) fail "$name: accused, or wrong: $rc, $said" ;;
	esac
	right=$((right + 1))
done <"$tmp/right"
[ "$right" -ge 15 ] || fail "$right right programs are less than 15"

# Control: without the library nobody finds what only it can find.
if ! "$misuse" write-beyond-after-free 2>/dev/null; then
	fail "a control ends by itself"
fi

# It goes on where it is told to, and tells each misuse once.
run stop=0,guard=0 "$misuse" overflow-then-realloc
case $rc,$said in
0,"maar: misuse: realloc: overflow: "*) ;;
*) fail "stop=0 does not go on: $rc, $said" ;;
esac
case $said in
*"maar: misuse:"*"maar: misuse:"*) fail "stop=0: told twice: $said" ;;
esac
# Leaks are told and change nothing by themselves; they go where the options say, or nowhere.
run '' "$misuse" leak
case $rc,$said in
0,"maar: leaks: "*"300 bytes in 3 blocks"*) ;;
*) fail "leaks are not told, or more than that: $rc, $said" ;;
esac
run leaks=no "$misuse" leak
[ "$rc,$said" = 0, ] || fail "leaks=no: $rc, $said"
run "to=$tmp/leaks" "$misuse" leak
{ [ "$rc,$said" = 0, ] && grep -q 'malloc at taker+' "$tmp/leaks"; } || fail "to=: $rc, $said"
run "leaks=fail" "$misuse" leak
[ "$rc" -eq 23 ] || fail "leaks=fail: $rc"
# The program's streams are flushed, though one of them is another thread's.
run leaks=fail "$misuse" leak-while-reading
[ "$rc,$(cat "$tmp/out")" = 23,written ] || fail "leaks=fail: $rc, and what the program wrote is $(cat "$tmp/out")"
# Who may not look at the program's memory says so, and accuses nobody.
run leaks=fail "$misuse" kept-without-descriptors
case $rc,$said in
0,"maar: leaks: at exit of process "*" blocks are in use; whether anything points to them cannot be told: "*) ;;
*) fail "leaks without descriptors: $rc, $said" ;;
esac

# What malloc has to stand, and C++'s operators; not what counts what is free, or looks for handlers that are held back.
MAAR_TEST_SCALE=1 MAAR_TEST_MALLOC=libmaar-malloc-debug MAAR_TEST_MODULE=$builddir/.libs/libmaar_test_module.so
export MAAR_TEST_SCALE MAAR_TEST_MALLOC MAAR_TEST_MODULE
for name in reallocs usable newer earliest births destructors exits libraries stacks limited limited_little no_maps; do
	run leaks=no,guard=20 "$builddir/tests/malloc/behave" "$name"
	[ "$rc,$said" = 0, ] || fail "$name: $rc, $said"
done
# Each mapping of the guard's own fails: tables, places, pages, in quarantine too.
run leaks=no,guard=300,trace=1,quarantine=100000 "$builddir/tests/malloc/behave" each_map
[ "$rc,$said" = 0, ] || fail "each_map: $rc, $said"
run leaks=fail,trace=1 "$builddir/tests/malloc/operators"
[ "$rc,$said" = 0, ] || fail "operators: $rc, $said"
run leaks=fail,trace=1 "$builddir/tests/malloc/replaced"
[ "$rc,$said" = 0, ] || fail "operators of the program: $rc, $said"

# same COMMAND...: it says what it says without us
same()
{
	"$@" >"$tmp/expected" 2>"$tmp/expected.err" </dev/null
	run leaks=no,guard=20 "$@"
	{ [ "$rc" -eq 0 ] && cmp -s "$tmp/expected" "$tmp/out" && [ "$said" = "$(cat "$tmp/expected.err")" ]; } ||
		fail "$1: accused, or says something else: $rc, $said"
}
cat >"$tmp/commands.sql" <<'END'
create table t(a integer, b text);
with recursive n(i) as (select 1 union all select i + 1 from n where i < 300) insert into t select i * 7919 % 1007, hex(i * i) from n;
create index by_b on t(b);
select count(*), sum(length(b)), max(b) from t;
END
need perl perl-base
need sqlite3 sqlite3
need sort coreutils
need bash bash
same sort --parallel=2 -k2 "$srcdir/src/libmaar.map"
# shellcheck disable=SC2016 # bash's and perl's
same bash -c 'declare -A a; for i in {1..300}; do a[$((i * 79 % 53))]+=x$i; done; echo "${#a[@]} $(echo "${a[7]}" | cat)"'
# shellcheck disable=SC2016 # perl's
same perl -e 'my %h; push @{$h{$_ % 97}}, "v$_" x ($_ % 7) for 1 .. 1000; print join(",", map { scalar @{$h{$_}} } sort keys %h);'
same sqlite3 :memory: ".read $tmp/commands.sql"
finish
