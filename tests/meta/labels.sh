#!/bin/sh
# SPDX-FileCopyrightText: 2026 The maar authors
# SPDX-License-Identifier: MIT
#
# The labels of the synchronizing accesses, in include/ and src/:
#   each R:name has an A:name, and the other way round
#   each is argued in doc/memory-model.md, and what is argued there is in the code
#   each access with an order stronger than RELAXED carries one: R: what releases, A: what acquires
# shellcheck source=tests/meta/common.sh
. "${srcdir:-.}/tests/meta/common.sh"

# Says what is wrong in the tree $1; fails if something is.
check_labels()
{
	model=$1/doc/memory-model.md
	find "$1/include" "$1/src" -name '*.[ch]' | sort >"$tmp/files"
	# shellcheck disable=SC2046 # a list of files
	set -- $(cat "$tmp/files")

	# "name" is what the prose of the rules calls any label.
	labels='[RA]:[a-z][a-z0-9_.]*[a-z0-9_]'
	{
		grep -hoE "\\b$labels" "$@" | grep -v ':name$' | sort -u >"$tmp/code"
		grep -hoE "\\b$labels" "$model" | grep -v ':name$' | sort -u >"$tmp/doc"
		# A heading argues for both sides of every name in it.
		grep '^#' "$model" | grep -oE '[a-z_]+\.[a-z_]+' | sed 's/.*/R:&\nA:&/' >"$tmp/headings"
		sort -u "$tmp/doc" "$tmp/headings" >"$tmp/argued"
		sed -e 's/^A:/+:/' -e 's/^R:/A:/' -e 's/^+:/R:/' "$tmp/code" | sort >"$tmp/mates"
		comm -13 "$tmp/code" "$tmp/mates" | sed 's/$/ is missing: its mate stands alone/'
		comm -23 "$tmp/code" "$tmp/argued" | sed 's/$/ is not argued in doc\/memory-model.md/'
		comm -13 "$tmp/code" "$tmp/doc" | sed 's/$/ is argued in doc\/memory-model.md, but not in the code/'
		# An access may span lines, and the comment may stand behind its end: up to two lines on.
		awk '
			function verdict(kind)
			{
				if (statement !~ kind ":[a-z]")
					print at ": an access with order " order " without a label " kind ":"
			}
			function judge()
			{
				if (!open)
					return
				if (order ~ /RELEASE|ACQ_REL|SEQ_CST/ && call != "load")
					verdict("R")
				if (order == "ACQUIRE" || order == "ACQ_REL" || (order == "SEQ_CST" && call != "store"))
					verdict("A")
				open = 0
			}
			FNR == 1 { judge() }
			/maar_a_[a-z0-9]+\(/ && !/#define/ {
				judge()
				match($0, /maar_a_[a-z0-9]+\(/)
				call = substr($0, RSTART + 7, RLENGTH - 8)
				statement = ""
				order = ""
				open = 1
				lines = 0
				at = FILENAME ":" FNR
			}
			open {
				statement = statement $0
				if (order == "" && match($0, /RELAXED|ACQUIRE|RELEASE|ACQ_REL|SEQ_CST/))
					order = substr($0, RSTART, RLENGTH)
				if (order == "RELAXED")
					open = 0
				else if (++lines > 2 || /\*\//)
					judge()
			}
			END { judge() }' "$@"
	} >"$tmp/wrong"
	[ -s "$tmp/code" ] || echo "no label at all" >>"$tmp/wrong"
	cat "$tmp/wrong"
	[ ! -s "$tmp/wrong" ]
}

check_labels "$srcdir" || fail "labels and doc/memory-model.md disagree"

# Controls: each kind of fault is found. plant FILE TEXT WHAT: on a copy of the tree with TEXT at the end of FILE.
plant()
{
	rm -rf "$tmp/tree"
	mkdir -p "$tmp/tree/doc"
	cp -r "$srcdir/include" "$srcdir/src" "$tmp/tree/"
	cp "$srcdir/doc/memory-model.md" "$tmp/tree/doc/"
	chmod -R u+w "$tmp/tree"
	echo "$2" >>"$tmp/tree/$1"
	must_fail "$3" check_labels "$tmp/tree"
}
plant src/ring/ring.c '/* R:planted.alone */' 'A:planted.alone is missing'
plant src/ring/ring.c '/* A:planted.unargued R:planted.unargued */' 'R:planted.unargued is not argued'
plant doc/memory-model.md 'R:planted.stale' 'R:planted.stale is argued'
plant src/ring/ring.c 'int planted(int *p) { return maar_a_load(p, ACQUIRE); }' 'without a label A:'
plant include/maar/ring.h 'static void planted(int *p) { maar_a_store(p, 1, RELEASE); }' 'without a label R:'
finish
