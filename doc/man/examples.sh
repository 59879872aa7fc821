#!/bin/sh
# SPDX-FileCopyrightText: 2026 The maar authors
# SPDX-License-Identifier: MIT
#
# Every complete program in the man pages compiles without a warning against the library just built, and runs. A page
# of a family without one fails. Wants $srcdir, $builddir (absolute, from make) and $CC.
set -eu
: "${srcdir:?} ${builddir:?} ${CC:=cc}"

here=$srcdir/doc/man
work=$(mktemp -d "$builddir/man-examples.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# What configure chose, sanitizers for one: the program has to match the library.
setting() { sed -n "s/^$1 = //p" "$builddir/Makefile" | head -n 1; }
cflags="$(setting CFLAGS) $(setting PTHREAD_CFLAGS) -Wall -Wextra -Werror"
ldflags=$(setting LDFLAGS)
# Not by libtool, which takes five times as long as the compiler.
library="$builddir/.libs/libmaar.so -Wl,-rpath,$builddir/.libs"
[ -e "$builddir/.libs/libmaar.so" ] ||
	library="$builddir/.libs/libmaar.a $(sed -n "s/^dependency_libs='\(.*\)'/\1/p" "$builddir/libmaar.la")"

# A stalled machine is slow, a program that waits for ever is wrong: a limit far beyond what any example needs.
limit=300
failed=0
ran=0
wrong()
{
	echo "$*"
	failed=1
}

awk -v to="$work" -f "$here/examples.awk" "$here"/*.[37] >"$work/programs"
for page in "$here"/*.[37]; do
	[ -e "$work/${page##*/}-1.c" ] || wrong "${page##*/}: no complete program in it"
done
while read -r program; do
	binary=${program%.c}
	name=${binary##*/}
	# shellcheck disable=SC2086 # CC and the flags are lists of words
	if ! $CC $cflags -I"$srcdir/include" -I"$builddir/include" -o "$binary" "$program" $library $ldflags; then
		wrong "$name: an example does not compile"
		continue
	fi
	rc=0
	timeout "$limit" "$binary" >"$binary.out" 2>&1 </dev/null || rc=$?
	[ "$rc" = 0 ] || wrong "$name: an example exits with $rc: $(head -n 1 "$program"): $(cat "$binary.out")"
	ran=$((ran + 1))
done <"$work/programs"
echo "$ran examples ran"
exit "$failed"
