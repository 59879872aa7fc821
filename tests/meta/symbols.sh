#!/bin/sh
# SPDX-FileCopyrightText: 2026 The maar authors
# SPDX-License-Identifier: MIT
#
# What the built library exports is what src/libmaar.map lists, and each call of it is declared in a public header with
# a comment, described by a man page, called by a unit test, and listed in the Debian package's symbols. maar__x is no
# call but what an inline one ends in, private to the headers: no page describes it, all else holds for it too.
# shellcheck source=tests/meta/common.sh
. "${srcdir:-.}/tests/meta/common.sh"
need nm binutils

library=$builddir/.libs/libmaar.so
[ -e "$library" ] || { echo "SKIP: the shared library is not built (configure --enable-shared)"; exit 77; }

sed -n 's/^\t*\(maar_[a-z0-9_]*\);$/\1/p' "$srcdir/src/libmaar.map" | sort >"$tmp/map"
nm -D --defined-only "$library" | awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }' | sort >"$tmp/library"

# same LIST LIST WHAT: differences between two sorted lists
same() { diff "$1" "$2" >"$tmp/difference" || fail "$3: $(cat "$tmp/difference")"; }
same "$tmp/map" "$tmp/library" "src/libmaar.map (<) and what the library exports (>)"

sed -n 's/^ \(maar_[a-z0-9_]*\)@MAAR_[0-9.]* .*/\1/p' "$srcdir/debian/libmaar0.symbols" | sort >"$tmp/debian"
same "$tmp/map" "$tmp/debian" "src/libmaar.map (<) and debian/libmaar0.symbols (>)"

# Of headers, the paragraphs that declare a call and have a comment (a heading is none); one declaration may follow on
# lines.
declared()
{
	awk -v RS= '
		{
			text = $0
			gsub(/\/\* ----[^*]*\*\//, "", text)
			if (text !~ /\/\*/)
				next
			while (match(text, /maar_[a-z0-9_]+(\(| __attribute__\(\(tls)/)) {
				name = substr(text, RSTART, RLENGTH)
				text = substr(text, RSTART + RLENGTH)
				sub(/[ (].*/, "", name)
				print name
			}
		}' "$@" | sort -u
}
declared "$srcdir"/include/maar/*.h "$builddir/include/maar/version.h" >"$tmp/declared"
declared "$srcdir"/include/maar/*.h "$srcdir"/include/maar/bits/*.h >"$tmp/declared_in_bits"
sed -nE 's/^\.(Nm|F[no]) (maar_[a-z0-9_]+).*/\2/p' "$srcdir"/doc/man/*.3 2>/dev/null | sort -u >"$tmp/man"
code_of "$srcdir"/tests/unit/*.[ch] 2>/dev/null | grep -oE '\bmaar_[a-z0-9_]+' | sort -u >"$tmp/unit"

grep -v '^maar__' "$tmp/map" >"$tmp/calls"
grep '^maar__' "$tmp/map" >"$tmp/outlined"
[ -s "$tmp/calls" ] || fail "src/libmaar.map exports no call"

# each_in NAMES LIST WHAT: every name is in the list
each_in()
{
	comm -23 "$1" "$2" >"$tmp/absent"
	[ ! -s "$tmp/absent" ] || fail "$3: $(tr '\n' ' ' <"$tmp/absent")"
}
each_in "$tmp/calls" "$tmp/declared" "no public header declares, with a comment,"
each_in "$tmp/calls" "$tmp/man" "no page in doc/man names"
each_in "$tmp/map" "$tmp/unit" "no unit test calls"
each_in "$tmp/outlined" "$tmp/declared_in_bits" "no header of bits or above declares, with a comment,"

# Control: a call that is nowhere is missed.
for names in calls map outlined; do
	echo maar__planted >>"$tmp/$names"
	sort -o "$tmp/$names" "$tmp/$names"
done
aloud() { (failures=0; each_in "$@"; [ "$failures" -eq 0 ]); }
must_fail maar__planted aloud "$tmp/calls" "$tmp/declared" control
must_fail maar__planted aloud "$tmp/calls" "$tmp/man" control
must_fail maar__planted aloud "$tmp/map" "$tmp/unit" control
must_fail maar__planted aloud "$tmp/outlined" "$tmp/declared_in_bits" control
finish
