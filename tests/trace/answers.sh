#!/bin/sh
# SPDX-FileCopyrightText: 2026 The maar authors
# SPDX-License-Identifier: MIT
#
# The questions that maar-tracing(7) names, asked of a program that passes every probe: through gdb's probe points; and by
# bpftrace, where it is installed and the kernel allows it. Who waits and for how long, where slots and blocks come from, what
# was lost, how long recovery took.
# shellcheck source=tests/trace/common.sh
. "${srcdir:-.}/tests/trace/common.sh"
need gdb gdb
unset MAAR_OPTIONS DEBUGINFOD_URLS

program scene libmaar.la || { echo "scene.c does not build"; exit 1; }
library=$builddir/.libs/libmaar.so.0
[ -e "$library" ] || { echo "SKIP: the shared library is not built (configure --enable-shared)"; exit 77; }

# total PATTERN: the sum of the totals in lines of $tmp/answers that match; "none" without such a line.
total()
{
	awk -v pattern="$1" '
		$0 !~ pattern { next }
		{ seen = 1 }
		match($0, /total [0-9]+/) { sum += substr($0, RSTART + 6, RLENGTH - 6); next }
		match($0, /\]?: [0-9]+$/) { number = substr($0, RSTART, RLENGTH); gsub(/[^0-9]/, "", number); sum += number }
		END { print seen ? sum : "none" }' "$tmp/answers"
}

exactly() { [ "$(total "$1")" = "$2" ] || fail "$way: '$1': $(total "$1"), $2 expected"; }
least()
{
	sum=$(total "$1")
	if [ "$sum" = none ] || [ "$sum" -lt "$2" ]; then
		fail "$way: '$1': $sum, at least $2 expected"
	fi
}

# ---- gdb ----

# Beside the answers: how often each probe of the list was passed.
listed | sed 's/[(),]/ /g' | awk '{ printf "probes[\"%s\"] = %d\n", $1, NF - 1 }' >"$tmp/names"
{
	echo 'import collections'
	echo 'probes, passed = {}, collections.Counter()'
	cat "$tmp/names"
	echo 'for name, n in probes.items():'
	echo '    at_probe(name, n, lambda name, args: passed.update([name]))'
	echo 'gdb.events.exited.connect(lambda event: print(*("passed %s: %d" % (p, passed[p]) for p in probes), sep=chr(10)))'
} >"$tmp/count.py"
way=gdb
timeout 600 gdb -nx -batch -x "$srcdir/tools/gdb/maar-trace.py" -x "$tmp/count.py" \
	-ex 'maar-trace blocks refills alloc drops recovery' -ex run "$tmp/scene" >"$tmp/answers" 2>&1 </dev/null ||
	fail "gdb fails"
grep -q '^done$' "$tmp/answers" || fail "gdb: the program did not come to its end"
for probe in $(listed | sed 's/(.*//'); do
	least "^passed $probe:" 1
done
nap=20000
least 'total.*consumer_waits' $nap
least 'total.*producer_waits' $nap
least 'total.*maar_handed_receive' $nap
exactly 'mring_refill:.*taker_of_slots' 56
exactly 'mring_steal of a living thread:.*taker_of_slots' 4
exactly 'mring_steal of no thread:.*taker_of_slots' 4
least 'total.*thief_of_blocks' 1
exactly 'alloc_map$' 16777216
exactly 'channel_drop: 0x' 6
exactly 'channel_evict: 0x' 6
exactly 'ipc_drop, unsent:' 6
least 'ipc_drop, sent before:' 6
least 'participant 2, by 1: 0' 0
[ "$failures" -eq 0 ] || cat "$tmp/answers"
exactly planted none # the control of total

# ---- bpftrace ----

cp -L "$library" "$tmp/libmaar.so.0"
library=$tmp/libmaar.so.0
allowed()
{
	command -v bpftrace >/dev/null &&
		timeout 120 bpftrace -e "usdt:$library:maar:event_close { exit(); } BEGIN { exit(); }" >"$tmp/tried" 2>&1
}

# An entry of a map on one line.
entries()
{
	awk '
		/^@/ && /\]: |^@[a-z_]*: / { print; next }
		/^@/ { entry = $0; more = 1; next }
		more && /^\]: / { print entry " " $0; more = 0; next }
		more { sub(/^ +/, ""); entry = entry " " $0; next }
		{ print }' "$@"
}

# wait_for FILE WORD: for two minutes at least.
wait_for()
{
	tries=0
	until grep -q "$2" "$1"; do
		[ $((tries += 1)) -le 1200 ] || return 1
		sleep 0.1
	done
}

if allowed; then
	echo "asked through gdb's probe points, and by bpftrace"
	way=bpftrace
	# A copy of the library: a probe is a breakpoint in the file, for every process that has it; valgrind dies of those.
	mkfifo "$tmp/in"
	timeout 600 env LD_PRELOAD="$library" "$tmp/scene" stay <"$tmp/in" >"$tmp/out" 2>&1 &
	exec 9>"$tmp/in"
	tracers=''
	for script in "$srcdir"/tools/trace/*.bt; do
		timeout -s INT 600 bpftrace -B line "$script" "$library" >"$tmp/$(basename "$script").out" 2>"$tmp/$(basename "$script").err" 9>&- &
		tracers="$tracers $!"
	done
	for script in "$srcdir"/tools/trace/*.bt; do
		wait_for "$tmp/$(basename "$script").out" Tracing || fail "$script does not begin"
	done
	echo go >&9
	wait_for "$tmp/out" "^done" || fail "the program did not come to its end: $(cat "$tmp/out")"
	for tracer in $tracers; do
		kill -INT "$tracer"
		wait "$tracer" || fail "bpftrace fails: $(cat "$tmp"/*.err)"
	done
	exec 9>&-
	wait
	entries "$tmp"/*.bt.out >"$tmp/answers"
	least '^@microseconds.consumer,' $nap
	least '^@microseconds.producer,' $nap
	least '^@microseconds.scene,' $nap
	exactly '^@slots.refill, taker,' 56
	exactly '^@slots.steal, of a living thread, taker,' 4
	exactly '^@slots.steal, of no thread, taker,' 4
	least '^@blocks_stolen.thief' 1
	exactly '^@bytes_mapped' 16777216
	exactly '^@lost.channel, unsent' 6
	exactly '^@lost.channel, unreceived' 6
	exactly '^@lost.between processes, unsent' 6
	least '^@lost.between processes, unreceived' 6
	grep -q 'participant 2, by 1: [0-9]* us, 0' "$tmp/answers" || fail "bpftrace: no recovery"
	[ "$failures" -eq 0 ] || cat "$tmp/answers" "$tmp"/*.err
else
	echo "asked through gdb's probe points only: $(tail -n 1 "$tmp/tried" 2>/dev/null || echo 'there is no bpftrace (Debian: bpftrace)')"
fi
finish
