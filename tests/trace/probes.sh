#!/bin/sh
# SPDX-FileCopyrightText: 2026 The maar authors
# SPDX-License-Identifier: MIT
#
# The probes that src/base/probe.h lists are those that maar-tracing(7) documents, and those that stand in the library, each with
# as many arguments; libmaar-malloc.so has the allocator's. A probe is one nop, and no inline call has one.
# shellcheck source=tests/trace/common.sh
. "${srcdir:-.}/tests/trace/common.sh"
need readelf binutils
need objdump binutils

# "name place arguments", one a line, of all probes in a file.
probes_in()
{
	readelf -n "$1" | awk '
		$1 == "Provider:" { ours = ($2 == "maar") }
		ours && $1 == "Name:" { name = $2 }
		ours && $1 == "Location:" { place = $2; sub(/^0x0*/, "", place); sub(/,$/, "", place) }
		ours && $1 == "Arguments:" { print name, place, gsub(/@/, "@") }' # values may have blanks
}

# "name arguments", one a line, without those that stand twice.
counted() { awk '{ print $1, $3 }' | sort -u; }

# compare LIST FILE: what readelf finds in the file is what the list says.
compare()
{
	sed 's/(/ /; s/)$//' "$1" | awk '{ print $1, NF - 1 }' | sort >"$tmp/wanted"
	probes_in "$2" | counted >"$tmp/found"
	diff "$tmp/wanted" "$tmp/found" >"$tmp/differ" && return
	echo "$2 has not the probes that are listed: $(grep '^[<>]' "$tmp/differ" | tr '\n' ' ')"
	return 1
}

# Of $tmp/found, by lines "place instruction".
probes_that_are_no_nop()
{
	awk 'NR == FNR { at[$2] = $1; next }
		($1 in at) && $2 == "nop" { delete at[$1] }
		END { for (i in at) print at[i], i }' "$tmp/found" "$1"
}

listed >"$tmp/list"
[ "$(wc -l <"$tmp/list")" -ge 20 ] || fail "control: the list of src/base/probe.h is not read"
[ "$(sed 's/(.*//' "$tmp/list" | uniq | wc -l)" -eq "$(wc -l <"$tmp/list")" ] || fail "a probe is listed twice"

# The page: .It Fn name "argument" "argument"
sed -n 's/^\.It Fn //p' "$srcdir/doc/man/maar-tracing.7" | sed 's/"//g' | awk '{
	line = $1 "("
	for (i = 2; i <= NF; i++)
		line = line (i > 2 ? ", " : "") $i
	print line ")"
}' | sort >"$tmp/page"
diff "$tmp/list" "$tmp/page" >"$tmp/differ" || fail "maar-tracing(7) and src/base/probe.h differ: $(cat "$tmp/differ")"

library=$builddir/.libs/libmaar.so
if [ ! -e "$library" ]; then
	library=$builddir/.libs/libmaar.a
fi
compare "$tmp/list" "$library" || fail "the library and the list differ"

# Each stands where the compiler put one nop.
if [ "$library" = "$builddir/.libs/libmaar.so" ]; then
	objdump -d --no-show-raw-insn "$library" | awk '$1 ~ /^[0-9a-f]*:$/ { sub(/:$/, "", $1); print $1, $2 }' >"$tmp/code"
	probes_in "$library" >"$tmp/found"
	probes_that_are_no_nop "$tmp/code" >"$tmp/odd"
	[ ! -s "$tmp/odd" ] || fail "these probes are not a nop: $(head "$tmp/odd")"
	sed 's/ nop$/ xchg/' "$tmp/code" >"$tmp/planted"
	[ "$(probes_that_are_no_nop "$tmp/planted" | wc -l)" -ge 20 ] || fail "control: probes that are no nop are not found"
fi

# The malloc has what it needs of them: no other, and none in code that was left out.
malloc=$builddir/.libs/libmaar-malloc.so
if [ -e "$malloc" ]; then
	grep -E '^alloc_|^mring_(grow|refill)' "$tmp/list" >"$tmp/malloc"
	probes_in "$malloc" | grep ' 0* ' >"$tmp/odd" && fail "$malloc has probes in no place: $(cat "$tmp/odd")"
	probes_in "$malloc" | awk '{ print $1 }' | sort -u >"$tmp/found"
	sed 's/(.*//' "$tmp/list" | comm -13 - "$tmp/found" >"$tmp/odd"
	[ ! -s "$tmp/odd" ] || fail "$malloc has probes that are not listed: $(cat "$tmp/odd")"
	sed 's/(.*//' "$tmp/malloc" | grep '^alloc_' | comm -23 - "$tmp/found" >"$tmp/odd"
	[ ! -s "$tmp/odd" ] || fail "$malloc lacks: $(cat "$tmp/odd")"
fi

# None on a way that inline calls go: a header that programs include has none.
grep -rlE 'sys/sdt\.h|MAAR__PROBE' "$srcdir/include" && fail "a public header has probes"

# Controls: a probe that is listed and absent, one that is there and not listed, another number of arguments.
sed 1d "$tmp/list" >"$tmp/planted"
must_fail "> $(sed -n '1s/(.*//p' "$tmp/list")" compare "$tmp/planted" "$library"
{ cat "$tmp/list"; echo 'planted_probe(mring)'; } >"$tmp/planted"
must_fail '< planted_probe 1' compare "$tmp/planted" "$library"
sed '1s/)$/, planted)/' "$tmp/list" >"$tmp/planted"
must_fail "$(sed -n '1s/(.*//p' "$tmp/list")" compare "$tmp/planted" "$library"
finish
