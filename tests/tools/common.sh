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
		"$srcdir/tests/tools/misuse.c" "$builddir/libmaar.la" -no-install -export-dynamic -o "$tmp/misuse"
}

# run_it STATUS HOW COMMAND...: runs misuse HOW under the command; it has to end with 0, or with another (STATUS "bad"). HOW may be
# several words, where one misuse does not end the program: starting a tool takes longer than what it looks at.
run_it()
{
	want=$1 how=$2
	shift 2
	rc=0
	# shellcheck disable=SC2086 # words
	"$@" "$tmp/misuse" $how >"$tmp/said" 2>&1 || rc=$?
	case $want in
	0) [ "$rc" -eq 0 ] || fail "$how: ends with $rc: $(cat "$tmp/said")" ;;
	bad) [ "$rc" -ne 0 ] || fail "$how: nobody noticed: $(cat "$tmp/said")" ;;
	esac
}

# says PATTERN...: the patterns stand in the report, in this order, each on a later line than the one before.
says()
{
	# shellcheck disable=SC2016 # awk's own
	awk 'BEGIN {
		for (i = 1; i < ARGC; i++) {
			do
				more = (getline line <"/dev/stdin")
			while (more > 0 && line !~ ARGV[i])
			if (more <= 0) {
				print ARGV[i]
				exit 1
			}
		}
	}' "$@" <"$tmp/said" >"$tmp/absent" ||
		fail "$how: '$(cat "$tmp/absent")' is not said, or not there: $(cat "$tmp/said")"
}
