# SPDX-FileCopyrightText: 2026 The maar authors
# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# What the scripts of this directory share: tests/tools/misuse.c, built and run, and what is to be read in the report.
# shellcheck source=tests/meta/common.sh
. "${srcdir:-.}/tests/meta/common.sh"

# build FLAG...: $tmp/misuse, linked with the plain library; only the program is built with the flags.
build()
{
	# shellcheck disable=SC2086 # words
	"$builddir/libtool" --silent --tag=CC --mode=link $CC -g -O1 "$@" -I"$srcdir/include" -I"$builddir/include" \
		"$srcdir/tests/tools/misuse.c" "$builddir/libmaar.la" -export-dynamic -o "$tmp/misuse"
}

# run_it STATUS HOW COMMAND...: runs misuse HOW under the command; it has to end with 0, or with another (STATUS "bad").
run_it()
{
	want=$1 how=$2
	shift 2
	rc=0
	"$builddir/libtool" --silent --mode=execute "$@" "$tmp/misuse" "$how" >"$tmp/said" 2>&1 || rc=$?
	case $want in
	0) [ "$rc" -eq 0 ] || fail "$how: ends with $rc: $(cat "$tmp/said")" ;;
	bad) [ "$rc" -ne 0 ] || fail "$how: nobody noticed: $(cat "$tmp/said")" ;;
	esac
}

# says PATTERN...: the patterns stand in the report, in this order, each on a later line than the one before.
says()
{
	at=1
	for pattern in "$@"; do
		line=$(tail -n "+$at" "$tmp/said" | grep -nE -m 1 -- "$pattern" | cut -d: -f1)
		[ -n "$line" ] || { fail "$how: '$pattern' is not said, or not there: $(cat "$tmp/said")"; return; }
		at=$((at + line))
	done
}
