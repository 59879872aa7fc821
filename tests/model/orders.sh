#!/bin/sh
# SPDX-FileCopyrightText: 2026 The maar authors
# SPDX-License-Identifier: MIT
#
# Every access in the library that names a memory order is run by the explorer, which weakens it and demands that a scenario
# notices (test_model); or by tests/mutation, which does the same otherwise; or is relaxed and stands in unreached.txt with
# a reason. Prints what the scenarios do not reach.
# shellcheck source=tests/meta/common.sh
. "${srcdir:-.}/tests/meta/common.sh"

program=$builddir/tests/model/test_model
[ -x "$program" ] || { echo "no $program: make check builds it"; exit 1; }

# file, line, access, order, address; paths as from the top of the tree
MAAR_MODEL_PLACES=1 "$program" | sed -E 's,^.*(include/maar/|src/|tests/),\1,' | tr -d ' ' >"$tmp/reached" ||
	fail "$program cannot list what it reaches"
[ -s "$tmp/reached" ] || fail "the scenarios reach nothing"

# Says what is wrong with the tree $1; fails if something is.
check_orders()
{
	(cd "$1" && awk -f "$srcdir/tests/model/orders.awk" include/maar/*.h include/maar/bits/*.h src/*/*.[ch]) >"$tmp/all"
	(cd "$1" && sh "$srcdir/tests/mutation/mutate.sh" --list) >"$tmp/mutants"
	awk -F '\t' -v tree="$1" '
		function trim(text)
		{
			gsub(/^[ \t]+|[ \t]+$/, "", text)
			return text
		}
		FILENAME ~ /reached$/ {
			reached[$1, $2, $3, $4, $5] = 1
			next
		}
		FILENAME ~ /mutants$/ {
			mutated[$1, $6, $4] = 1
			next
		}
		FILENAME ~ /unreached.txt$/ {
			if (/^#/ || !/[^ \t]/)
				next
			split($0, part, "|")
			what = trim(part[2])
			gsub(/[ \t]/, "", what)
			excused[trim(part[1]), what] = trim(part[3])
			next
		}
		{
			run = 0
			for (line = $2; line <= $3; line++) {
				if (($1, line, $4, $5, $6) in reached)
					run = 1
				if (($1, line, $5) in mutated)
					run = run ? run : 2
			}
			if (run == 1)
				next
			all = $1 SUBSEP "*"
			one = $1 SUBSEP $4 "(" $6 "," $5 ")"
			used[all] = used[one] = 1
			text = $1 ":" $2 ": " $4 "(" $6 ", " $5 ")"
			if (!(all in excused) && !(one in excused))
				print text " is reached by no scenario of tests/model, and not in unreached.txt"
			else if ($5 != "RELAXED" && run != 2)
				print text " is weakened by nobody: tests/model does not reach it, tests/mutation does not list it"
			else
				print "# not reached: " text ": " (all in excused ? excused[all] : excused[one])
		}
		END {
			for (entry in excused)
				if (!(entry in used)) {
					split(entry, part, SUBSEP)
					print "unreached.txt: " part[1] " | " part[2] ": there is no such access, or it is reached"
				}
		}' "$tmp/reached" "$tmp/mutants" "$1/tests/model/unreached.txt" "$tmp/all" | sort >"$tmp/said"
	cat "$tmp/said"
	[ -s "$tmp/all" ] && ! grep -qv '^# ' "$tmp/said"
}

tree=$(cd "$srcdir" && pwd)
srcdir=$tree
check_orders "$tree" || fail "orders without a check"
grep -c . "$tmp/all" | sed 's/$/ accesses name an order/'

# Controls: each kind of fault is found. plant FILE TEXT WHAT: on a copy of the tree with TEXT at the end of FILE.
plant()
{
	rm -rf "$tmp/tree"
	mkdir -p "$tmp/tree/tests/model" "$tmp/tree/tests/mutation"
	cp -r "$tree/include" "$tree/src" "$tmp/tree/"
	cp "$tree/tests/model/unreached.txt" "$tmp/tree/tests/model/"
	chmod -R u+w "$tmp/tree"
	echo "$2" >>"$tmp/tree/$1"
	must_fail "$3" check_orders "$tmp/tree"
}
plant src/ring/ring.c 'int planted(int *p) { return maar_a_load(p, RELAXED); }' 'load(p, RELAXED) is reached by no scenario'
plant src/base/fault.c 'int planted(int *p) { return maar_a_load(p, ACQUIRE); }' 'load(p, ACQUIRE) is weakened by nobody'
plant tests/model/unreached.txt 'src/ring/ring.c | load(p, RELAXED) | planted' 'load(p,RELAXED): there is no such access'
finish
